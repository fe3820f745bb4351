//! The files of the simulated shops, read as their example projects say.

use crate::program::{good, json, rows, run};
use simulator::{
    Boutique, BoutiqueShop, FlashSales, FlashSalesShop, RawFile, UsedCars, UsedCarsShop, Wrong,
};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A project made from an example shop, with raw files.
fn shop(folder: &Path, name: &str, files: &[RawFile]) -> PathBuf {
    good(folder, &["new", name, "--shop", name]);
    let shop = folder.join(name);
    put(&shop, files);
    shop
}

fn put(shop: &Path, files: &[RawFile]) {
    std::fs::create_dir_all(shop.join("raw")).unwrap();
    for file in files {
        std::fs::write(shop.join(&file.path), &file.bytes).unwrap();
    }
}

/// Imports what is new; no source sets a row aside.
fn import(shop: &Path) {
    let ran = run(shop, &["import", "--output", "json", "--quiet"]);
    let imported = json(&ran.out);
    for source in imported["sources"].as_array().unwrap() {
        let report = &source["report"];
        // Files that have not changed are not read again.
        if report.is_null() {
            continue;
        }
        assert_eq!(
            (&report["rows_quarantined"], &report["rows_accepted"]),
            (&0.into(), &report["rows_read"]),
            "{source}"
        );
    }
    assert_eq!(
        (ran.code, &imported["gate_open"]),
        (0, &true.into()),
        "{ran:?}"
    );
}

/// Rows of each table.
fn counted(shop: &Path, tables: &[&str]) -> Vec<u64> {
    let of = |table: &&str| {
        let sql = format!("SELECT COUNT(*) AS n FROM {table}");
        rows(shop, &sql)[0]["n"].as_u64().unwrap()
    };
    tables.iter().map(of).collect()
}

#[test]
fn a_flash_sales_club_is_imported_whole_and_hour_by_hour() {
    let club = FlashSalesShop::new(&FlashSales::tiny()).unwrap();
    let before = club.before();
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "flash-sales", &before);
    import(&shop);
    let tables = ["customers", "products", "launches", "estimates", "sales"];
    let expected: Vec<u64> = before.iter().map(|file| file.rows).collect();
    assert_eq!(counted(&shop, &tables), expected);
    for hours in [2, 5] {
        let opened = club.open(hours).unwrap();
        put(&shop, std::slice::from_ref(&opened));
        import(&shop);
        // The file of the later hour takes the place of the earlier one.
        assert_eq!(counted(&shop, &["sales"]), [expected[4] + opened.rows]);
    }
    let sql = "SELECT COUNT(*) AS n FROM launches l LEFT JOIN (SELECT s.product_id, COUNT(*) AS units FROM sales s \
               GROUP BY s.product_id) s ON s.product_id = l.product_id \
               WHERE l.opens_at < (SELECT MAX(sold_at) FROM sales) AND s.units IS NULL";
    let unsold = rows(&shop, sql)[0]["n"].as_u64().unwrap();
    assert!(unsold < 10, "{unsold} launches without a sale");
}

#[test]
fn a_chain_of_boutiques_is_imported_whole_and_week_by_week() {
    let chain = BoutiqueShop::new(&Boutique::tiny()).unwrap();
    let before = chain.before();
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "boutique", &before);
    import(&shop);
    let of = |name: &str| -> u64 {
        let files = before
            .iter()
            .filter(|file| file.path.starts_with(&format!("raw/{name}")));
        files.map(|file| file.rows).sum()
    };
    let tables = [
        "customers",
        "products",
        "sites",
        "calendar",
        "weather",
        "promotions",
        "prices",
        "sales",
        "stock_levels",
        "supply_terms",
        "replenishments",
        "overrides",
    ];
    assert_eq!(counted(&shop, &tables), tables.map(of));
    let mut playing = chain.playing();
    let fixed = |name: &str| {
        let file = before
            .iter()
            .find(|file| file.path == format!("raw/{name}.csv"));
        file.unwrap().rows
    };
    for _ in 0..2 {
        for _ in 0..7 {
            let decision = chain.naive(&playing.review());
            playing.step(&decision).unwrap();
        }
        let files = playing.files();
        put(&shop, &files);
        import(&shop);
        let grown = ["sales", "stock_levels", "replenishments", "weather"];
        let expected: Vec<u64> = (0..4).map(|at| fixed(grown[at]) + files[at].rows).collect();
        assert_eq!(counted(&shop, &grown), expected);
    }
    let sql = "SELECT SUM(CASE WHEN is_return THEN 1 ELSE 0 END) AS back, \
               SUM(CASE WHEN customer_id IS NULL THEN 1 ELSE 0 END) AS unknown FROM sales";
    let row = &rows(&shop, sql)[0];
    assert!(
        row["back"].as_u64() > Some(10) && row["unknown"].as_u64() > Some(1_000),
        "{row}"
    );
}

#[test]
fn a_price_feed_in_another_unit_is_named_mended_and_held_against_the_truth() {
    let dealer = |seed| {
        let shop = UsedCarsShop::new(&UsedCars {
            seed,
            ..UsedCars::tiny()
        });
        (seed, shop.unwrap())
    };
    // Where it is the first thing that goes wrong, there are the fewest weeks to play.
    let first = (1..60).map(dealer).find(|(_, shop)| {
        let first = &shop.incidents()[0];
        first.wrong == Wrong::PriceUnit && first.from_day < 75
    });
    let (seed, dealer) = first.unwrap();
    let from_day = dealer.incidents()[0].from_day;
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "used-cars", &[]);
    std::fs::remove_dir_all(shop.join("raw")).unwrap();
    for file in std::fs::read_dir(shop.join("products")).unwrap() {
        let file = file.unwrap().path();
        if !["home-page", "arrivals-to-order"]
            .map(OsStr::new)
            .contains(&file.file_stem().unwrap())
        {
            std::fs::remove_file(file).unwrap();
        }
    }
    let (seed, weeks) = (seed.to_string(), (from_day + 14).div_ceil(7).to_string());
    let demo = [
        "demo",
        "--once",
        "--quiet",
        "--shop",
        "used-cars",
        "--dir",
        "used-cars",
        "--customers",
        "600",
        "--seed",
        &seed,
        "--weeks",
        &weeks,
        "--output",
        "json",
    ];
    let done = json(&good(folder.path(), &demo).out)["used_cars"].clone();
    assert!(done["answers"].as_u64().unwrap() > 2_000, "{done}");
    // Three launches a week are forecast from two weeks before they open.
    let on_mondays = done["on_mondays"].as_u64().unwrap() / u64::from(from_day / 7);
    assert!((3..=9).contains(&on_mondays), "{done}");
    let told = &done["incidents"][0];
    assert_eq!(told["from_day"], from_day, "{told}");
    let noticed = &told["noticed"];
    let after = noticed["day"].as_u64().unwrap() - u64::from(from_day);
    assert!((1..=14).contains(&after), "{told}");
    assert_eq!(
        (&told["right"], &noticed["cause"]),
        (&true.into(), &"input/prices.price_cents".into())
    );
    assert_eq!(told["done"].as_array().unwrap().len(), 1, "{told}");
    assert!(
        told["cost"].as_f64().unwrap() < told["unnoticed"].as_f64().unwrap(),
        "{told}"
    );
    // Whoever plays another shop is told so.
    let other = run(
        folder.path(),
        &["demo", "--once", "--dir", "other", "--weeks", "2"],
    );
    assert!(
        other.code == 2
            && other
                .err
                .contains("--weeks is of --shop used-cars and --shop boutique"),
        "{other:?}"
    );
}
