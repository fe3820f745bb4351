//! Days of sales meet what is told of a day: by the shop's clocks, whatever time sales are written in.

use crate::decided::write;
use factory::import::ImportOptions;
use factory::{Project, Workshop};
use lake::LakeOptions;
use schema::progress::Silent;
use schema::time::date_of;
use std::path::Path;

const DEMAND: &str = "kind = \"demand\"\nowner = \"supply\"\n\n[settings]\nhorizon = 7\n";

fn sales(zone: &str) -> String {
    format!(
        "table = \"sales\"\nfiles = \"raw/sales.csv\"\nformat = \"csv\"\ncurrency = \"EUR\"\n{zone}\n[columns]\n\
         order_id = {{ from = \"order\" }}\nline_no = {{ row_number = true }}\nsold_at = {{ from = \"day\" }}\n\
         product_id = {{ from = \"product\" }}\nquantity = {{ from = \"units\" }}\nunit_price_cents = {{ value = \"2.00\" }}\n"
    )
}

const CALENDAR: &str = "table = \"calendar\"\nfiles = \"raw/calendar.csv\"\nformat = \"csv\"\n\n[columns]\n\
    day = { from = \"day\" }\nsite_id = { value = \"*\" }\nopen = { value = \"true\" }\nholiday = { from = \"holiday\" }\n";

async fn shop(folder: &Path, main: &str, zone: &str, rows: &[&str]) -> Workshop {
    let rows: String = rows
        .iter()
        .zip(0..)
        .map(|(day, n)| format!("o{n},{day},A,1\n"))
        .collect();
    write(
        folder,
        &[
            ("comptoir.toml", main),
            ("products/demand.toml", DEMAND),
            ("sources/sales.toml", &sales(zone)),
            ("sources/calendar.toml", CALENDAR),
            ("raw/sales.csv", &format!("order,day,product,units\n{rows}")),
            ("raw/calendar.csv", "day,holiday\n2026-07-14,Bastille Day\n"),
        ],
    );
    let project = Project::open(folder).unwrap();
    let workshop = Workshop::open(project, &LakeOptions::default())
        .await
        .unwrap();
    let options = ImportOptions::at("2026-08-01T00:00:00Z".parse().unwrap());
    let outcome = workshop.import(&options, &Silent).await.unwrap();
    assert!(outcome.gate_open);
    workshop
}

/// Days on which something sold, with units, and the first day that is not known.
async fn days(workshop: &Workshop) -> (Vec<(String, i64)>, String) {
    let shop = workshop.shop().await.unwrap();
    let demand = shop.history.demand();
    let holiday = demand.calendar[0].day;
    assert_eq!(date_of(holiday).to_string(), "2026-07-14");
    let days = demand.sold.iter().flat_map(|of| &of.days);
    let days = days.map(|of| (date_of(of.day).to_string(), of.units));
    (days.collect(), shop.today().to_string())
}

fn told(of: &[(&str, i64)]) -> Vec<(String, i64)> {
    of.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect()
}

const PARIS: &str = "time_zone = \"Europe/Paris\"\n";
const TOKYO: &str = "time_zone = \"Asia/Tokyo\"\n";
const NEW_YORK: &str = "time_zone = \"America/New_York\"\n";

#[tokio::test]
async fn dates_without_an_hour_stay_what_they_are_wherever_the_shop_is() {
    let dates = ["2026-07-13", "2026-07-14", "2026-07-14"];
    let named = |main: &'static str, zone: &'static str| (main, zone);
    for (main, zone) in [
        named("", PARIS),
        named(PARIS, ""),
        named(PARIS, PARIS),
        named("", TOKYO),
        named(TOKYO, ""),
        named("", NEW_YORK),
        named(NEW_YORK, ""),
        named("", ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let workshop = shop(folder.path(), main, zone, &dates).await;
        let (sold, today) = days(&workshop).await;
        let expected = told(&[("2026-07-13", 1), ("2026-07-14", 2)]);
        assert_eq!(sold, expected, "{main}{zone}");
        assert_eq!(today, "2026-07-15", "{main}{zone}");
    }
}

#[tokio::test]
async fn moments_are_of_the_day_that_the_clocks_of_the_shop_show() {
    let moments = [
        "2026-07-13T14:59:59Z",
        "2026-07-13T15:00:00Z",
        "2026-07-13T22:00:00Z",
        "2026-07-14T03:59:59Z",
    ];
    let of = async |main: &'static str| {
        let folder = tempfile::tempdir().unwrap();
        days(&shop(folder.path(), main, "", &moments).await).await
    };
    assert_eq!(
        of(PARIS).await,
        (
            told(&[("2026-07-13", 2), ("2026-07-14", 2)]),
            "2026-07-15".to_owned()
        )
    );
    assert_eq!(
        of(TOKYO).await,
        (
            told(&[("2026-07-13", 1), ("2026-07-14", 3)]),
            "2026-07-15".to_owned()
        )
    );
    assert_eq!(
        of(NEW_YORK).await,
        (told(&[("2026-07-13", 4)]), "2026-07-14".to_owned())
    );
}
