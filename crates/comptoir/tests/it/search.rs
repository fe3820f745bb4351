//! Settings that are searched, in a shop where it is known what is wrong with them.

use crate::documents::documented;
use crate::program::{comptoir, good, json, refused, run, starter};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SOURCES: [(&str, &str); 2] = [
    (
        "sales",
        r#"table = "sales"
files = "raw/sales.csv"
format = "csv"
time_zone = "UTC"
currency = "EUR"

[columns]
order_id = { from = "order" }
line_no = { row_number = true }
sold_at = { from = "date" }
customer_id = { from = "customer" }
product_id = { from = "product" }
site_id = { from = "site" }
quantity = { from = "quantity" }
unit_price_cents = { from = "price" }

[contract]
references = "off"
"#,
    ),
    (
        "prices",
        r#"table = "prices"
files = "raw/prices.csv"
format = "csv"
currency = "EUR"

[columns]
product_id = { from = "article" }
valid_from = { from = "from", format = "%Y-%m-%d" }
price_cents = { from = "price" }

[contract]
references = "off"
"#,
    ),
];

/// Trees that learn by a thousandth of each, and twenty of them: what prices do to demand they never learn.
const SLOW: &str = r#"kind = "demand"
owner = "supply"
description = "Units of each product on each of the next 14 days"

[settings]
horizon = 14

[settings.trees]
learning_rate = 0.001   # too slow
rounds_max = 20

[search.space]
trees.learning_rate = {}
trees.rounds_max = { from = 20, to = 60, scale = "log" }
"#;

const PRODUCTS: usize = 22;
const DAYS: i64 = 300;

/// A shop whose products sell by their prices, which change every three days.
fn shop(folder: &Path) -> PathBuf {
    let shop = starter(folder);
    for (name, text) in SOURCES {
        std::fs::write(shop.join(format!("sources/{name}.toml")), text).unwrap();
    }
    for product in ["for-you", "segments"] {
        std::fs::remove_file(shop.join(format!("products/{product}.toml"))).unwrap();
    }
    std::fs::write(shop.join("products/demand.toml"), SLOW).unwrap();
    let (mut sales, mut prices) = (
        "order,date,customer,product,site,quantity,price\n".to_owned(),
        "article,from,price\n".to_owned(),
    );
    let first = jiff::civil::date(2025, 1, 1);
    for product in 0..PRODUCTS {
        let mut last = 0;
        for day in 0..DAYS {
            let date = first.checked_add(jiff::Span::new().days(day)).unwrap();
            let at = (day / 3 * 7_919 + product as i64 * 104_729) % 3;
            let (price, times) = [(3, 4.0), (5, 2.0), (8, 0.5)][usize::try_from(at).unwrap()];
            if price != last {
                writeln!(prices, "P{product:02},{date},{price}.00").unwrap();
                last = price;
            }
            let noise = (day * 31 + product as i64 * 17) % 5 - 2;
            let sold = (6.0 + (product % 4) as f64) * times + noise as f64;
            writeln!(
                sales,
                "{day}-{product},{date}T10:00:00,C{product},P{product:02},S1,{},{price}.00",
                sold.round().max(1.0)
            )
            .unwrap();
        }
    }
    std::fs::write(shop.join("raw/sales.csv"), sales).unwrap();
    std::fs::write(shop.join("raw/prices.csv"), prices).unwrap();
    good(&shop, &["import", "--quiet"]);
    shop
}

const SEARCH: [&str; 4] = ["search", "demand", "--trials", "4"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SEARCH[..], more].concat()
}

/// Fits that are kept, as a search that fits nothing tells.
fn fits_made(shop: &Path) -> u64 {
    let planned = json(&good(shop, &with(&["--dry-run", "--output", "json"])).out);
    documented("search PRODUCT --dry-run", &planned);
    planned["fits_made"].as_u64().unwrap()
}

fn days(of: &Value, key: &str) -> Vec<String> {
    let days = of.as_array().unwrap().iter();
    days.map(|period| period[key].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_was_planted_is_found_and_written_only_where_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path());
    assert_eq!(fits_made(&shop), 0);
    let told = good(&shop, &with(&["--dry-run"])).out;
    for part in [
        "trees.learning_rate  0.01 to 0.2, log  0.001",
        "trees.rounds_max     20 to 60, log     20",
        "it was never trained",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    assert_eq!(fits_made(&shop), 0, "a dry run fits nothing");

    let found = json(&good(&shop, &with(&["--output", "json"])).out);
    documented("search PRODUCT", &found);
    let file = shop.join("products/demand.toml");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), SLOW);
    assert_eq!(found["surely_better"], true, "{found:#}");
    let rate = found["best"]["settings"]["trees.learning_rate"].as_f64();
    assert!(rate.unwrap() >= 0.01, "{found:#}");
    let gain = &found["gain"]["measured"];
    assert!(
        gain["low"].as_f64().unwrap() > 0.05,
        "a planted gain: {gain}"
    );
    // By hand: 300 days hold 14 periods of 14 with a training before each; 6 to compare on, of the others 4 candidates
    // need 4.
    let (choose, compare) = (&found["choose_on"], &found["compare_on"]);
    assert_eq!(
        (days(choose, "until").len(), days(compare, "from").len()),
        (4, 6)
    );
    let first_compared = days(compare, "from").into_iter().min().unwrap();
    assert!(days(choose, "until").iter().all(|d| *d <= first_compared));
    assert_eq!(days(compare, "until")[0], "2025-10-28");
    let compared = found["compared"].as_array().unwrap().iter();
    let gains = compared.map(|of| {
        let point = |key: &str| of[key]["measured"]["point"].as_f64().unwrap();
        point("as_it_is") - point("best")
    });
    let mean = gains.sum::<f64>() / 6.0;
    assert!((mean - gain["point"].as_f64().unwrap()).abs() < 1e-12);

    let made = fits_made(&shop);
    let most = found["fits_at_most"].as_u64().unwrap();
    assert!((10..=most).contains(&made), "{made} of {most}");
    let ran = good(&shop, &with(&["--write"]));
    let again = format!("{made} of at most {most} fits were already made");
    assert!(ran.err.contains(&again), "{ran:#?}");
    assert!(ran.out.contains("surely better than the file as it is"));
    let written = std::fs::read_to_string(&file).unwrap();
    let expected = format!("learning_rate = {}   # too slow", rate.unwrap());
    assert!(written.contains(&expected), "{written}");
    let elsewhere = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("learning_rate") && !line.starts_with("rounds_max"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(elsewhere(&written), elsewhere(SLOW));
    good(&shop, &["check"]);
    let planned = json(&good(&shop, &with(&["--dry-run", "--output", "json"])).out);
    assert_eq!(planned["space"][0]["as_it_is"].as_f64(), rate);
}

/// A copy of a shop with all that is in it.
fn copy(shop: &Path, to: &Path) -> PathBuf {
    let copied = Command::new("cp").arg("-r").args([shop, to]).status();
    assert!(copied.unwrap().success());
    to.to_owned()
}

#[test]
fn a_search_that_was_killed_goes_on_where_it_was_and_finds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path());
    let killed = copy(&shop, &folder.path().join("killed"));
    let undisturbed = good(&shop, &with(&["--output", "json", "--threads", "2"])).out;

    let mut search = Command::new(comptoir())
        .args(with(&["--output", "json", "--threads", "1"]))
        .current_dir(&killed)
        .env_remove("COMPTOIR_PROJECT")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while fits_made(&killed) < 3 {
        assert!(began.elapsed() < Duration::from_secs(120));
        assert!(search.try_wait().unwrap().is_none(), "killed too late");
    }
    search.kill().unwrap();
    search.wait().unwrap();
    let made = fits_made(&killed);
    let ran = run(&killed, &with(&["--output", "json"]));
    assert_eq!(ran.code, 0, "{ran:#?}");
    let most = json(&ran.out)["fits_at_most"].as_u64().unwrap();
    let told = format!("{made} of at most {most} fits were already made");
    assert!(made >= 3 && ran.err.contains(&told), "{made}: {ran:#?}");
    assert_eq!(ran.out, undisturbed);
}

#[test]
fn time_that_is_over_ends_a_search_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path());
    let over = ["--minutes", "0.0001"];
    refused(
        &shop,
        &with(&over),
        2,
        &["the time was over", "what was made is kept"],
    );
    assert!(fits_made(&shop) <= 1);
    let whole = json(&good(&shop, &with(&["--output", "json"])).out);
    // What is kept takes no time.
    let again = json(&good(&shop, &[&with(&["--output", "json"])[..], &over].concat()).out);
    assert_eq!(again, whole);
    // Five more fits than are kept are never made in so little time.
    let more = ["search", "demand", "--trials", "9", "--output", "json"];
    let ran = run(&shop, &[&more[..], &over].concat());
    if ran.code == 0 {
        let note = json(&ran.out)["notes"][0].as_str().unwrap().to_owned();
        assert!(note.contains("the best so far"), "{note}");
    } else {
        assert!(ran.err.contains("the time was over"), "{ran:#?}");
    }
}

#[test]
fn what_cannot_be_searched_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path());
    let of_value = "there is nothing to be searched of kind value: its parameters";
    refused(&shop, &["search", "value"], 2, &[of_value]);
    refused(
        &shop,
        &["search", "nobody"],
        2,
        &["there is no data product \"nobody\"", "demand"],
    );
    refused(
        &shop,
        &with(&["--as-of", "2025-02-01"]),
        2,
        &["has 31 days, at least 56 needed"],
    );
    refused(
        &shop,
        &["search", "demand", "--trials", "0"],
        2,
        &["1..=1000"],
    );
    refused(
        &shop,
        &with(&["--minutes", "0"]),
        2,
        &["a number above 0, up to 44640"],
    );
    refused(
        &shop,
        &with(&["--memory", "100MiB"]),
        3,
        &["training needs up to", "the budget is 100.0 MiB"],
    );
    assert_eq!(fits_made(&shop), 0);
}

#[test]
fn a_space_that_means_nothing_is_refused_at_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let file = shop.join("products/demand.toml");
    let head = "kind = \"demand\"\nowner = \"supply\"\n\n[search.space]\n";
    let at = |line: &str, expected: &str| {
        std::fs::write(&file, format!("{head}{line}\n")).unwrap();
        let place = format!("products/demand.toml:5: {expected}");
        refused(&shop, &["check"], 1, &[&place]);
    };
    at(
        "trees.depth = {}",
        "`search.space.trees.depth` is unknown, allowed is trees.learning_rate, trees.rounds_max, trees.leaves_max",
    );
    at("horizon = {}", "`search.space.horizon` is unknown");
    at(
        "trees.leaves_max = 7",
        "`search.space.trees.leaves_max` is no table, allowed is { from = 16",
    );
    at(
        "trees.leaves_max = { from = 7, step = 2 }",
        "`search.space.trees.leaves_max` is a table with \"step\", allowed is",
    );
    at(
        "trees.leaves_max = { from = 200, to = 7 }",
        "`search.space.trees.leaves_max.to` is 7, allowed is above `from`, which is 200",
    );
    at(
        "trees.leaves_max = { from = 7.5 }",
        "`search.space.trees.leaves_max.from` is 7.5, allowed is a whole number",
    );
    at(
        "trees.leaves_max = { to = 5000 }",
        "`search.space.trees.leaves_max.to` is 5000, allowed is 2 to 4096",
    );
    at(
        "trees.learning_rate = { from = 0.1, to = \"all\" }",
        "`search.space.trees.learning_rate.to` is \"all\", allowed is a number",
    );
    at(
        "trees.learning_rate = { scale = \"square\" }",
        "`search.space.trees.learning_rate.scale` is \"square\", allowed is \"log\" or \"linear\"",
    );
    at(
        "trees.learning_rate = { from = 0, to = 1 }",
        "`search.space.trees.learning_rate.from` is 0, allowed is above 0, or scale = \"linear\"",
    );
    at(
        "trees.learning_rate = { from = 0, to = 1, scale = \"linear\" }",
        "`search.space.trees.learning_rate.from` is 0, allowed is 0.001 to 1",
    );
    at(
        "trees.l2 = { of = [] }",
        "`search.space.trees.l2.of` is empty, allowed is a list of values",
    );
    at(
        "trees.l2 = { of = [1, 1.0] }",
        "`search.space.trees.l2.of` is 1.0 twice, allowed is each value once",
    );
    at(
        "trees.l2 = { of = [1, true] }",
        "`search.space.trees.l2.of` is true, allowed is numbers",
    );
    at(
        "trees.l2 = { of = [1], from = 1 }",
        "`search.space.trees.l2` is a range and a choice",
    );
    at(
        "trees.l2 = { from = 1 }",
        "`search.space.trees.l2` is a range, allowed is { of = [...] } or {}",
    );
    at(
        "coherent = { of = [\"off\", \"sometimes\"] }",
        "`search.space.coherent.of` is sometimes, allowed is",
    );
    std::fs::write(
        &file,
        format!("{head}coherent = {{}}\n\"trees.l2\" = {{}}\n"),
    )
    .unwrap();
    let ran = good(&shop, &["check"]);
    assert!(ran.out.contains("data product of kind demand"), "{ran:#?}");

    let value = "kind = \"value\"\nowner = \"crm\"\n\n[search.space]\ndraws = {}\n";
    std::fs::write(&file, value).unwrap();
    let says = ["`search.space` is set, allowed is none for kind \"value\""];
    refused(&shop, &["check"], 1, &says);
}
