//! The sources of the examples on the real files; skipped where `COMPTOIR_DATA` is unset.

use crate::import_shop::Shop;
use factory::import::Committed;
use quality::Report;

/// The folder of the real data.
fn data() -> Option<String> {
    let Some(folder) = std::env::var_os("COMPTOIR_DATA") else {
        println!("skipped: COMPTOIR_DATA is unset");
        return None;
    };
    Some(
        std::fs::canonicalize(folder)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
    )
}

async fn example(name: &str, data: &str) -> Shop {
    let shop = Shop::new().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
        .join("sources");
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let below = format!("sources/{}", file.file_name().to_string_lossy());
        let toml = std::fs::read_to_string(file.path()).unwrap();
        shop.write(&below, toml.replace("${COMPTOIR_DATA}", data));
    }
    shop
}

fn rule(report: &Report, name: &str) -> u64 {
    report
        .rules
        .iter()
        .filter(|r| r.rule == name)
        .map(|r| r.rows)
        .sum()
}

/// Counts of the published file, taken with SQL over its rows: 1,044,847 lines, of which 19,165 are cancellations,
/// 235,287 name no customer and 11,812 repeat an earlier line in all eight columns.
#[tokio::test(flavor = "multi_thread")]
async fn two_years_of_invoices_are_imported_with_every_row_accounted_for() {
    let Some(data) = data() else { return };
    let shop = example("wholesaler", &data).await;
    let started = std::time::Instant::now();
    let outcome = shop.import().await.unwrap();
    println!("{outcome}\n{:.1} s", started.elapsed().as_secs_f64());
    assert!(matches!(outcome.committed, Committed::Snapshot { .. }));
    let report = outcome
        .sources
        .iter()
        .find(|s| s.source == "sales")
        .unwrap()
        .report
        .as_ref()
        .unwrap();
    assert_eq!(report.rows_read, 1_044_847);
    assert_eq!(
        report.rows_accepted,
        u64::try_from(shop.count("sales").await).unwrap()
    );
    assert_eq!(
        report.rows_quarantined,
        u64::try_from(shop.count("quarantine WHERE source = 'sales'").await).unwrap()
    );
    assert_eq!(
        rule(report, "reference"),
        0,
        "every line sells a product of the catalogue made of the same lines"
    );
    // The published counts are of all lines; ours are of lines accepted and lines set aside, which add up to them.
    let both = |accepted: &'static str, set_aside: &'static str| {
        let shop = &shop;
        async move {
            let accepted = shop.count(&format!("sales WHERE {accepted}")).await;
            accepted
                + shop
                    .count(&format!(
                        "quarantine WHERE source = 'sales' AND {set_aside}"
                    ))
                    .await
        }
    };
    assert_eq!(
        both("is_return", "\"row\" LIKE '%\"InvoiceNo\":\"C%'").await,
        19_165
    );
    assert_eq!(
        both(
            "customer_id IS NULL",
            "\"row\" LIKE '%\"CustomerID\":null%'"
        )
        .await,
        235_287
    );
    // A line that repeats a skipped or refused one shares its fate, so the rule counts only repeats of accepted lines.
    let repeats = "SELECT count(*) - count(DISTINCT \"row\") FROM quarantine WHERE source = 'sales' AND rule <> 'exact duplicate'";
    let repeats: u64 = shop.rows(repeats).await[0][0].parse().unwrap();
    assert_eq!(rule(report, "exact duplicate") + repeats, 11_812);
    assert!(shop.import().await.unwrap().committed == Committed::NothingNew);
}

#[tokio::test]
async fn the_cdnow_sample_is_read_with_its_aligned_columns() {
    let Some(data) = data() else { return };
    let shop = example("cdnow", &data).await;
    let outcome = shop.import().await.unwrap();
    let report = outcome.sources[0].report.as_ref().unwrap();
    assert_eq!((report.rows_read, report.rows_accepted), (6_919, 6_919));
    let customers = shop
        .rows("SELECT count(DISTINCT customer_id), min(sold_at), sum(quantity) FROM sales")
        .await;
    assert_eq!(
        customers[0][..2],
        ["2357".to_owned(), "1997-01-01T00:00:00Z".to_owned()]
    );
    let first = shop
        .rows("SELECT customer_id, quantity, unit_price_cents FROM sales WHERE line_no = 1")
        .await;
    assert_eq!(first, [["00004", "2", "1467"]]);
}
