//! Merchants, on their pages and by the API, on a club whose launches and estimates are planted.

use crate::browser::available;
use crate::console::fit;
use crate::served::{Served, get, serving, train, within};
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use std::sync::LazyLock;

const FIRST: Date = date(2024, 1, 1);

/// Launches of each merchant, one a day in turn.
const LAUNCHES: i64 = 40;

/// Launches after the last that is over: one that is open, and two to come. One of these has a tenth of what will be asked
/// for, the other one no estimate.
const OPEN: i64 = 3 * LAUNCHES;
const SHORT: i64 = OPEN + 1;
const UNKNOWN: i64 = OPEN + 2;

/// Each with the factor by which the estimates are too high, and by how much they scatter.
const MERCHANTS: [(&str, f64, f64); 3] =
    [("anna", 1.0, 0.02), ("b/é", 2.0, 0.02), ("carl", 1.0, 0.9)];

/// Units that are asked for, from 40 to 400.
fn sold(number: i64) -> i64 {
    40 + (number * 137 + 11) % 361
}

/// From −1 to 1, in an order of its own.
fn noise(number: i64) -> f64 {
    ((number * 89 + 7) % 201) as f64 / 100.0 - 1.0
}

fn likely(number: i64) -> f64 {
    let (_, factor, spread) = MERCHANTS[(number % 3) as usize];
    (sold(number) as f64 * factor * (spread * noise(number)).exp()).round()
}

fn day(number: i64) -> Date {
    FIRST.saturating_add(jiff::Span::new().days(number))
}

/// Whether all there was sold.
fn is_sold_out(number: i64) -> bool {
    number % 10 == 9
}

fn raw(table: &str) -> String {
    let all = 0..=UNKNOWN;
    let head = match table {
        "launches" => "Launch,Ref,Opens,Closes,Available",
        "estimates" => "Launch,Ref,Who,At,Low,Likely,High",
        "products" => "Ref,Category,Who",
        _ => "Order,At,Ref,Units",
    };
    let is_told = |number: &i64| match table {
        "sales" => *number <= OPEN,
        "estimates" => *number != UNKNOWN,
        _ => true,
    };
    let row = |number: i64| {
        let (merchant, _, _) = MERCHANTS[(number % 3) as usize];
        let (launch, product, opens) = (format!("L{number}"), format!("p{number}"), day(number));
        let (units, likely) = (sold(number), likely(number));
        match table {
            "launches" => {
                let available = match number {
                    SHORT => units / 10,
                    UNKNOWN => 10 * units,
                    _ if is_sold_out(number) => units,
                    _ => 2 * units,
                };
                format!("{launch},{product},{opens} 08:00:00,{opens} 20:00:00,{available}")
            }
            "estimates" => {
                let (low, high) = ((0.8 * likely).round(), (1.25 * likely).round());
                format!(
                    "{launch},{product},{merchant},{} 09:00:00,{low},{likely},{high}",
                    day(number - 9)
                )
            }
            "products" => format!("{product},c{},{merchant}", number % 2),
            _ => format!("o{number},{opens} 09:30:00,{product},{units}"),
        }
    };
    let mut lines = vec![head.to_owned()];
    lines.extend(all.filter(is_told).map(row));
    if table == "sales" {
        // The shop goes on, so that the last launch is known to be over.
        lines.push(format!("later,{} 12:00:00,p0,1", day(3 * LAUNCHES)));
    }
    lines.join("\n") + "\n"
}

const SOURCES: [(&str, &str); 4] = [
    (
        "launches",
        "launch_id = { from = \"Launch\" }\nproduct_id = { from = \"Ref\" }\nopens_at = { from = \"Opens\" }\n\
         closes_at = { from = \"Closes\" }\nprice_cents = { value = \"20.00\" }\ncost_cents = { value = \"10.00\" }\n\
         available_units = { from = \"Available\" }",
    ),
    (
        "estimates",
        "launch_id = { from = \"Launch\" }\nproduct_id = { from = \"Ref\" }\nauthor = { from = \"Who\" }\n\
         made_at = { from = \"At\" }\nlow = { from = \"Low\" }\nlikely = { from = \"Likely\" }\nhigh = { from = \"High\" }",
    ),
    (
        "products",
        "product_id = { from = \"Ref\" }\nname = { from = \"Ref\" }\ncategory = { from = \"Category\" }\n\
         merchant_id = { from = \"Who\" }",
    ),
    (
        "sales",
        "order_id = { from = \"Order\" }\nline_no = { value = \"0\" }\nsold_at = { from = \"At\" }\n\
         product_id = { from = \"Ref\" }\nquantity = { from = \"Units\" }\nunit_price_cents = { value = \"20.00\" }",
    ),
];

/// The club, imported and trained: served once for all tests.
pub(crate) fn club() -> &'static Served {
    static CLUB: LazyLock<Served> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        file(
            "comptoir.toml",
            "name = \"Club\"\nlake = \"lake\"\nregistry = \"registry.sqlite\"\n",
        );
        file(
            "products/launch.toml",
            "kind = \"launch\"\nowner = \"buying\"\n\n[settings]\nheld_out_days = 30\n",
        );
        for (table, columns) in SOURCES {
            let source = format!(
                "table = \"{table}\"\nfiles = \"raw/{table}.csv\"\nformat = \"csv\"\ncurrency = \"EUR\"\n\
                 time_zone = \"UTC\"\ndate_format = \"%Y-%m-%d %H:%M:%S\"\n\n[columns]\n{columns}\n\n[contract]\n\
                 quarantined_share_max = 0.0\n"
            );
            file(&format!("sources/{table}.toml"), &source);
            file(&format!("raw/{table}.csv"), &raw(table));
        }
        within(folder.path(), async |workshop| {
            train(workshop, "2024-05-01T08:00:00Z").await;
        });
        serving(folder)
    });
    &CLUB
}

fn page(path: &str, language: &str) -> String {
    let answer = get(club().address, path, &[("accept-language", language)]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

/// The text of the cells of each row of the table with a caption.
fn rows(html: &str, caption: &str) -> Vec<Vec<String>> {
    let table = html
        .split(&format!("<caption class=\"unseen\">{caption}</caption>"))
        .nth(1)
        .unwrap_or_else(|| panic!("no {caption:?} in {html}"));
    let body = table
        .split("<tbody")
        .nth(1)
        .unwrap()
        .split("</tbody>")
        .next()
        .unwrap();
    let text = |cell: &str| {
        let inner = cell.split_once('>').unwrap().1;
        let parts: Vec<&str> = inner
            .split('<')
            .filter_map(|p| p.rsplit('>').next())
            .collect();
        parts
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let row = |row: &str| -> Vec<String> {
        let row = row.replace("<th ", "<td ");
        row.split("<td ").skip(1).map(text).collect()
    };
    body.split("<tr ").skip(1).map(row).collect()
}

#[test]
fn launches_ahead_are_listed_exceptions_first_with_what_to_order_and_how_intervals_narrowed() {
    let product = page("/products/launch", "en");
    assert!(
        product.contains("href=\"/products/launch/launches\""),
        "{product}"
    );
    let html = page("/products/launch/launches", "en");
    let listed = rows(&html, "Launches open and to come");
    let names: Vec<&str> = listed
        .iter()
        .filter_map(|row| row[0].split_whitespace().nth(1))
        .collect();
    let named = |number: i64| format!("L{number}");
    let expected = [SHORT, UNKNOWN, OPEN].map(named);
    assert_eq!(names, expected, "{listed:?}");
    let [short, unknown, open] = [&listed[0], &listed[1], &listed[2]];
    assert!(short[3].contains("beyond stock"), "{short:?}");
    assert!(!unknown[3].contains("beyond stock"), "{unknown:?}");
    assert!(open[1].contains("open"), "{open:?}");
    for row in &listed {
        assert!(row[3].contains("are enough with"), "{row:?}");
    }
    // All that was sold came in its second hour, as in each launch before.
    let told = format!("{} sold in 4 whole hours", sold(OPEN));
    assert!(open[4].contains(&told), "{open:?}");
    assert!(open[4].contains("expected before"), "{open:?}");
    assert_eq!(html.matches("<svg").count(), 1, "of the open one");
    for row in [short, unknown] {
        assert_eq!(row[4], "–", "{row:?}");
    }
    let french = page("/products/launch/launches", "fr");
    let told = format!("{} vendus en 4 heures entières", sold(OPEN));
    for words in ["Lancements ouverts et à venir", "au-delà du stock", &told] {
        assert!(french.contains(words), "no {words:?} in {french}");
    }
}

#[test]
fn a_kind_that_forecasts_no_launches_has_no_page_of_them() {
    let of_stock = crate::stocked::stocked().address;
    let answer = get(of_stock, "/products/orders/launches", &[]);
    assert_eq!(answer.status, 404);
    assert!(
        answer.body.contains("forecasts no launches"),
        "{}",
        answer.body
    );
}

const ACCENTED: &str = "/products/launch/merchants/b%2F%C3%A9";

#[test]
fn merchants_are_listed_worst_first_and_each_has_a_page() {
    let html = page("/products/launch", "en");
    let listed = rows(&html, "Merchants");
    let names: Vec<&str> = listed.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names.len(), 3, "{listed:?}");
    // His say little, those of the other two what will sell.
    assert_eq!(names[0], "carl", "{listed:?}");
    assert!(html.contains(&format!("href=\"{ACCENTED}\"")), "{html}");
    let of = |name: &str| listed.iter().find(|row| row[0] == name).unwrap();
    let number = |row: &[String], at: usize| -> f64 {
        row[at]
            .trim_end_matches('%')
            .replace('\u{2212}', "-")
            .parse()
            .unwrap()
    };
    let shares: Vec<f64> = listed.iter().map(|row| number(row, 1)).collect();
    assert!(shares.is_sorted(), "{shares:?}");
    // Estimates that are twice what is asked for; half of one in ten launches that sold out is more than that.
    assert!((1.8..2.1).contains(&number(of("b/é"), 2)), "{listed:?}");
    assert!((0.9..1.1).contains(&number(of("anna"), 2)), "{listed:?}");
    assert!(
        number(of("carl"), 3) > 2.0 * number(of("anna"), 3),
        "{listed:?}"
    );
    assert_eq!(number(of("anna"), 5), LAUNCHES as f64);
    let layers = rows(&html, "What each layer of information is worth");
    assert_eq!(layers[0][0], "launches of the category", "{layers:?}");
}

#[test]
fn a_merchants_page_tells_the_record_and_the_last_launches_beside_what_sold() {
    let html = page("/products/launch/merchants/carl", "en");
    let shown = rows(&html, "The last launches");
    // His are 2, 5, …, 119: the latest first.
    let expected: Vec<Vec<String>> = (0..LAUNCHES)
        .rev()
        .map(|turn| {
            let number = 3 * turn + 2;
            let (units, likely) = (sold(number), likely(number));
            let (low, high) = ((0.8 * likely).round(), (1.25 * likely).round());
            let result = match units as f64 {
                units if units > high => "! above high",
                _ if is_sold_out(number) => "– sold out",
                units if units < low => "! below low",
                _ => "✓ within",
            };
            [
                format!("L{number}"),
                format!("p{number}"),
                day(number).to_string(),
                number_of(low),
                number_of(likely),
                number_of(high),
                units.to_string(),
                result.to_owned(),
            ]
            .to_vec()
        })
        .collect();
    assert_eq!(shown, expected);
    let counts = |of: &dyn Fn(&str) -> bool| expected.iter().filter(|row| of(&row[7])).count();
    let held = counts(&|result| result.contains("within"));
    let told = format!(
        "Demand lay between low and high in {held} launches, below in {}, above in {}; of {} that sold out it is not known.",
        counts(&|result| result.contains("below")),
        counts(&|result| result.contains("above")),
        counts(&|result| result.contains("sold out")),
    );
    assert!(html.contains(&told), "no {told:?} in {html}");
    for part in [
        "Part of the score saved",
        "rank 3 of 3",
        "4 of them sold out",
        "Drawn to all merchants",
        "launches held out",
    ] {
        assert!(html.contains(part), "no {part:?} in {html}");
    }
    let french = page(ACCENTED, "fr");
    for part in [
        "Estimations de b/é",
        "Ramené vers tous",
        "Estimation à côté du vendu",
        "dont 4 épuisés",
    ] {
        assert!(french.contains(part), "no {part:?} in {french}");
    }
}

/// A number of units as English writes it.
fn number_of(units: f64) -> String {
    let units = units as i64;
    if units < 1_000 {
        units.to_string()
    } else {
        format!("{},{:03}", units / 1_000, units % 1_000)
    }
}

#[test]
fn who_asks_for_a_merchant_without_a_record_is_told_who_has_one() {
    let answer = get(club().address, "/products/launch/merchants/dora", &[]);
    assert_eq!(answer.status, 404);
    assert!(
        answer.body.contains("anna, b/é, carl") || answer.body.contains("there is one of"),
        "{answer:?}"
    );
    let answer = get(
        crate::stocked::stocked().address,
        "/products/orders/merchants/anna",
        &[],
    );
    assert_eq!(answer.status, 404);
    assert!(
        answer.body.contains("reads no estimates of merchants"),
        "{answer:?}"
    );
}

fn asked(path: &str) -> (u16, Value) {
    let answer = get(club().address, path, &[]);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn the_api_tells_of_merchants_what_their_pages_show() {
    let (status, all) = asked("/v1/products/launch/merchants");
    assert_eq!(status, 200, "{all}");
    assert_eq!(
        (&all["product"], &all["version"]),
        (&"launch".into(), &1.into())
    );
    let records = all["merchants"].as_array().unwrap();
    let listed = rows(&page("/products/launch", "en"), "Merchants");
    let shown: Vec<&str> = listed.iter().map(|row| row[0].as_str()).collect();
    let told: Vec<&str> = records
        .iter()
        .map(|of| of["merchant"].as_str().unwrap())
        .collect();
    assert_eq!(told, shown);
    // Estimates that are twice what is asked for.
    let (status, one) = asked("/v1/products/launch/merchants/b%2F%C3%A9");
    assert_eq!(status, 200, "{one}");
    let record = &one["record"];
    assert!(records.contains(record), "{record}");
    let number = |name: &str| record[name].as_f64().unwrap();
    assert!((1.8..2.1).contains(&number("bias")), "{record}");
    assert!(number("bias_low") < number("bias") && number("bias") < number("bias_high"));
    assert!((0.0..=1.0).contains(&number("drawn")), "{record}");
    // Hers are 1, 4, …, 118: the latest first, with what sold.
    let launches = one["launches"].as_array().unwrap();
    assert_eq!(launches.len(), LAUNCHES as usize);
    for (turn, of) in (0..LAUNCHES).rev().zip(launches) {
        let number = 3 * turn + 1;
        let expected = json!({
            "launch": format!("L{number}"),
            "product_id": format!("p{number}"),
            "opened_at": format!("{}T08:00:00Z", day(number)),
            "low": (0.8 * likely(number)).round(),
            "likely": likely(number),
            "high": (1.25 * likely(number)).round(),
            "sold": sold(number),
            "sold_out": is_sold_out(number),
        });
        assert_eq!(of, &expected);
    }
}

#[test]
fn the_api_names_merchants_where_one_is_not_known_and_kinds_that_read_none() {
    let (status, problem) = asked("/v1/products/launch/merchants/dora");
    let detail = problem["detail"].as_str().unwrap();
    assert!(status == 404 && detail.contains("carl"), "{problem}");
    let of_stock = crate::stocked::stocked().address;
    for path in ["merchants", "merchants/anna"] {
        let answer = get(of_stock, &format!("/v1/products/orders/{path}"), &[]);
        assert_eq!(answer.status, 404);
        assert!(
            answer.body.contains("reads no estimates of merchants"),
            "{answer:?}"
        );
    }
}

#[test]
fn pages_of_merchants_fit_a_telephone() {
    if !available("pages_of_merchants_fit_a_telephone") {
        return;
    }
    let paths = [
        "/products/launch",
        ACCENTED,
        "/products/launch/merchants/carl",
        "/products/launch/launches",
    ];
    let looked = fit(club(), &paths.map(str::to_owned).into());
    let found = looked.found.as_array().unwrap();
    let of = found.iter().find(|p| p["path"] == ACCENTED).unwrap();
    assert_eq!(of["charts"], 1, "{of}");
}
