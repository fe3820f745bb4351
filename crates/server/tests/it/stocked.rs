//! A small shop of four sites whose sales are planted: what was sold, what runs out, what is on its way, and what
//! planners changed.

use crate::served::{Served, serving, train, within};
use jiff::civil::{Date, date};
use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A Monday.
pub(crate) const FIRST: Date = date(2024, 1, 1);

/// The last of them is a Tuesday.
const DAYS: i64 = 212;

/// Days ahead that are forecast.
pub(crate) const HORIZON: i64 = 7;

/// Identifier and name.
const PRODUCTS: [(&str, &str); 6] = [
    ("p0", "Black tea"),
    ("p1", "Thé d’été <bio>"),
    ("p2", "Coffee"),
    ("p3", "Cocoa"),
    ("p4", "Mint"),
    ("p5", "Sugar"),
];

const SITES: [(&str, &str); 4] = [
    ("s0", "Lyon"),
    ("s1", "Nantes"),
    ("s2", "Lille"),
    ("s3", "Rennes"),
];

/// Days on which p1 cannot be had at s2.
const EMPTY: [i64; 3] = [200, 201, 202];

pub(crate) fn day(number: i64) -> Date {
    FIRST.saturating_add(jiff::Span::new().days(number))
}

fn is_promoted(number: i64) -> bool {
    number.rem_euclid(14) < 3
}

/// Units sold on a day: none on Sundays, twice as many on Saturdays, half as many again in a promotion.
pub(crate) fn units(product: usize, site: usize, number: i64) -> i64 {
    let usual = 20 + 10 * product as i64 + 6 * site as i64 + (number * 7 + 3) % 5;
    match number.rem_euclid(7) {
        _ if (product, site) == (1, 2) && EMPTY.contains(&number) => 0,
        6 => 0,
        5 => 2 * usual,
        _ if is_promoted(number) => 3 * usual / 2,
        _ => usual,
    }
}

const SOURCES: [(&str, &str, &str); 8] = [
    (
        "sales",
        "currency = \"EUR\"",
        "order_id = { from = \"Order\" }\nline_no = { value = \"0\" }\nsold_at = { from = \"Day\" }\n\
         site_id = { from = \"Site\" }\nproduct_id = { from = \"Ref\" }\nquantity = { from = \"Units\" }\n\
         unit_price_cents = { value = \"2.50\" }",
    ),
    (
        "products",
        "",
        "product_id = { from = \"Ref\" }\nname = { from = \"Name\" }\ncategory = { value = \"drinks\" }",
    ),
    (
        "sites",
        "",
        "site_id = { from = \"Site\" }\nname = { from = \"Name\" }\nkind = { value = \"store\" }",
    ),
    (
        "calendar",
        "",
        "day = { from = \"Day\" }\nsite_id = { value = \"*\" }\nopen = { value = \"true\" }",
    ),
    (
        "promotions",
        "",
        "promotion_id = { from = \"Day\" }\nproduct_id = { value = \"*\" }\nsite_id = { value = \"*\" }\n\
         first_day = { from = \"Day\" }\nlast_day = { from = \"Day\" }",
    ),
    (
        "stock_levels",
        "",
        "product_id = { from = \"Ref\" }\nsite_id = { from = \"Site\" }\nday = { from = \"Day\" }\n\
         on_hand = { from = \"Units\" }",
    ),
    (
        "replenishments",
        "",
        "replenishment_id = { from = \"No\" }\nproduct_id = { from = \"Ref\" }\nsite_id = { from = \"Site\" }\n\
         supplier_id = { from = \"Supplier\" }\nordered_on = { from = \"Ordered\" }\nunits = { from = \"Units\" }\n\
         due_on = { from = \"Due\" }\nreceived_on = { from = \"Received\" }\nreceived_units = { from = \"Arrived\" }",
    ),
    (
        "overrides",
        "",
        "override_id = { from = \"No\" }\nmade_at = { from = \"At\" }\nauthor = { from = \"Who\" }\n\
         product_id = { from = \"Ref\" }\nsite_id = { from = \"Site\" }\nfirst_day = { from = \"First\" }\n\
         last_day = { from = \"Last\" }\nchange = { from = \"Change\" }\nvalue = { from = \"Value\" }\n\
         reason = { from = \"Reason\" }",
    ),
];

fn raw(table: &str) -> String {
    let mut text = String::new();
    let mut line = |parts: &str| text.push_str(&format!("{parts}\n"));
    let open = |number: &i64| number.rem_euclid(7) != 6;
    let planned = 0..DAYS + HORIZON;
    match table {
        "sales" => {
            line("Order,Day,Site,Ref,Units");
            for (p, (product, _)) in PRODUCTS.iter().enumerate() {
                for (s, (site, _)) in SITES.iter().enumerate() {
                    for number in (0..DAYS).filter(|n| units(p, s, *n) > 0) {
                        let (n, at) = (units(p, s, number), day(number));
                        line(&format!("{product}/{site}/{at},{at},{site},{product},{n}"));
                    }
                }
            }
        }
        "products" => {
            line("Ref,Name");
            PRODUCTS
                .iter()
                .for_each(|(id, name)| line(&format!("{id},{name}")));
        }
        "sites" => {
            line("Site,Name");
            SITES
                .iter()
                .for_each(|(id, name)| line(&format!("{id},{name}")));
        }
        "calendar" => {
            line("Day");
            planned.filter(open).for_each(|n| line(&day(n).to_string()));
        }
        "promotions" => {
            line("Day");
            planned
                .filter(|n| is_promoted(*n))
                .for_each(|n| line(&day(n).to_string()));
        }
        "stock_levels" => {
            line("Ref,Site,Day,Units");
            EMPTY
                .iter()
                .for_each(|n| line(&format!("p1,s2,{},0", day(*n))));
            line(&format!("p1,s2,{},90", day(EMPTY[2] + 1)));
            line(&format!("p1,s2,{},95", day(DAYS - 1)));
            line(&format!("p3,s1,{},0", day(DAYS - 1)));
        }
        "replenishments" => {
            line("No,Ref,Site,Supplier,Ordered,Units,Due,Received,Arrived");
            let [ordered, due] = [day(DAYS - 5), day(DAYS + 2)];
            line(&format!("PO-9,p1,s2,Thés du Nord,{ordered},120,{due},,"));
            line(&format!(
                "PO-8,p1,s2,Thés du Nord,{},60,{ordered},{ordered},60",
                day(DAYS - 9)
            ));
        }
        _ => {
            line("No,At,Who,Ref,Site,First,Last,Change,Value,Reason");
            let [first, last] = [day(DAYS + 1), day(DAYS + 3)];
            line(&format!(
                "O-1,2024-07-29 09:30:00,ana,p1,s2,{first},{last},factor,1.3,street festival"
            ));
            line(&format!(
                "O-2,2024-03-01 09:30:00,bob,p1,s2,{},{},more,40,long over",
                day(70),
                day(71)
            ));
        }
    }
    text
}

fn write(folder: &Path) {
    let file = |name: String, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    file(
        "comptoir.toml".to_owned(),
        "name = \"Tea rooms\"\nlake = \"lake\"\nregistry = \"registry.sqlite\"\n",
    );
    let settings = format!(
        "kind = \"demand\"\nowner = \"supply\"\ndeadline_ms = 1000\n\n[settings]\nhorizon = {HORIZON}\nrows_max = 10000\ncoherent = \"summed\"\n"
    );
    file("products/orders.toml".to_owned(), &settings);
    for (table, more, columns) in SOURCES {
        let mut source =
            format!("table = \"{table}\"\nfiles = \"raw/{table}.csv\"\nformat = \"csv\"\n{more}\n");
        write!(
            source,
            "\n[columns]\n{columns}\n\n[contract]\nquarantined_share_max = 0.0\n"
        )
        .unwrap();
        file(format!("sources/{table}.toml"), &source);
        file(format!("raw/{table}.csv"), &raw(table));
    }
}

/// The shop, imported and trained: served once for all tests.
pub(crate) fn stocked() -> &'static Served {
    static SHOP: LazyLock<Served> = LazyLock::new(|| {
        let folder: TempDir = tempfile::tempdir().unwrap();
        write(folder.path());
        within(folder.path(), async |workshop| {
            train(workshop, "2024-07-31T08:00:00Z").await;
        });
        serving(folder)
    });
    &SHOP
}
