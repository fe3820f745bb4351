//! The files read again by other means, and their dirt counted without looking at the truth.

use std::collections::{BTreeMap, BTreeSet};

use simulator::{DirtKind, Generated, RawFile, Shop, generate};

use crate::tiny;

type Counts = BTreeMap<DirtKind, u64>;
type Rows = Vec<Vec<String>>;

fn text(file: &RawFile) -> String {
    if file.path == "raw/customers.csv" {
        file.bytes.iter().map(|byte| char::from(*byte)).collect()
    } else {
        String::from_utf8(file.bytes.clone()).unwrap()
    }
}

fn rows(file: &RawFile) -> Rows {
    let text = text(file);
    if file.path.ends_with(".ndjson") {
        let keys = [
            "id", "ts", "sid", "cust", "what", "ref", "pos", "q", "order",
        ];
        let cell = |value: &serde_json::Value| {
            let number = || value.as_u64().map(|number| number.to_string());
            value
                .as_str()
                .map(str::to_owned)
                .or_else(number)
                .unwrap_or_default()
        };
        return text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|object| keys.iter().map(|key| cell(&object[key])).collect())
            .collect();
    }
    let separator = if file.path == "raw/customers.csv" {
        b';'
    } else {
        b','
    };
    csv::ReaderBuilder::new()
        .delimiter(separator)
        .from_reader(text.as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

fn named<'a>(shop: &'a Generated, start: &str) -> Vec<&'a RawFile> {
    shop.files
        .iter()
        .filter(|file| file.path.starts_with(start))
        .collect()
}

/// What the counter must know of a kind of file.
struct Layout {
    key: &'static [usize],
    id: usize,
    date: Option<usize>,
    iso: bool,
    customer: Option<usize>,
    product: Option<usize>,
    site: Option<usize>,
    price: Option<usize>,
    number: Option<usize>,
}

fn date_kind(date: &str, iso: bool) -> Option<DirtKind> {
    let digits = |text: &str, pattern: &str| {
        text.len() >= pattern.len()
            && text
                .bytes()
                .zip(pattern.bytes())
                .all(|(found, wanted)| match wanted {
                    b'0' => found.is_ascii_digit(),
                    other => found == other,
                })
    };
    let (usual, other) = if iso {
        ("0000-00-00", "00/00/0000")
    } else {
        ("00/00/0000", "0000.00.00")
    };
    if digits(date, other) {
        return Some(DirtKind::DateInAnotherFormat);
    }
    if !digits(date, usual) {
        return Some(DirtKind::UnparseableDate);
    }
    let (year, month) = if iso { (0..4, 5..7) } else { (6..10, 3..5) };
    let number = |at: std::ops::Range<usize>| date[at].parse::<u32>().unwrap();
    if number(month) > 12 {
        Some(DirtKind::UnparseableDate)
    } else if number(year) > 2060 {
        Some(DirtKind::DateInTheFuture)
    } else {
        None
    }
}

/// References of the shop, read from its own files.
struct Known {
    customers: BTreeSet<String>,
    products: BTreeSet<String>,
}

fn clean_id(id: &str) -> String {
    id.trim_matches(|letter: char| letter.is_whitespace() || letter.is_control())
        .to_owned()
}

fn known(shop: &Generated) -> Known {
    let first_column = |path: &str| {
        named(shop, path)
            .iter()
            .flat_map(|file| rows(file))
            .map(|row| clean_id(&row[0]))
            .collect()
    };
    Known {
        customers: first_column("raw/customers.csv"),
        products: first_column("raw/products.csv"),
    }
}

/// Dirt that every kind of file can have.
fn count_general(rows: &Rows, layout: &Layout, known: &Known, counts: &mut Counts) {
    let mut add = |kind| *counts.entry(kind).or_default() += 1;
    let mut seen: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    for row in rows {
        let id = &row[layout.id];
        if id.is_empty() {
            add(DirtKind::MissingId);
        } else {
            if clean_id(id) != *id {
                add(DirtKind::StrayCharacters);
            }
            let key: Vec<String> = layout
                .key
                .iter()
                .map(|column| row[*column].clone())
                .collect();
            let before = seen.entry(key.join("/")).or_default();
            if before.contains(row) {
                add(DirtKind::ExactDuplicate);
            } else if !before.is_empty() {
                add(DirtKind::KeyWithAnotherValue);
            }
            before.insert(row.clone());
        }
        if let Some(kind) = layout
            .date
            .and_then(|column| date_kind(&row[column], layout.iso))
        {
            add(kind);
        }
        if let Some(customer) = layout.customer.map(|column| &row[column])
            && !customer.is_empty()
            && !known.customers.contains(customer)
        {
            add(DirtKind::UnknownCustomer);
        }
        if let Some(product) = layout.product.map(|column| &row[column])
            && !product.is_empty()
            && !known.products.contains(product)
            && product.chars().any(|letter| letter.is_ascii_digit())
        {
            add(DirtKind::UnknownProduct);
        }
        if let Some(site) = layout.site.map(|column| &row[column])
            && !["ORL1", "LYS2", "LIL3"].contains(&site.as_str())
        {
            add(DirtKind::UnknownSite);
        }
        if let Some(number) = layout.number.map(|column| &row[column])
            && number == "NaN"
        {
            add(DirtKind::NotANumber);
        }
        if let Some(price) = layout.price.map(|column| row[column].replace(',', ".")) {
            match price.parse::<f64>().unwrap() {
                value if value < 0.0 => add(DirtKind::NegativePrice),
                value if value > 1e300 => add(DirtKind::OverflowingPrice),
                value if value > 1e8 => add(DirtKind::AbsurdPrice),
                _ => {}
            }
        }
    }
}

fn count_orders(rows: &Rows, order_numbers: &BTreeSet<String>, counts: &mut Counts) {
    let mut add = |kind| *counts.entry(kind).or_default() += 1;
    for row in rows {
        let returned = row[9] == "RETURNED";
        if row[3].is_empty() {
            add(DirtKind::MissingCustomer);
        }
        if row[5] == "0" {
            add(DirtKind::ZeroQuantity);
        }
        if row[8] != "EUR" {
            add(DirtKind::UnknownCurrency);
        }
        if !row[4].is_empty() && !row[4].chars().any(|letter| letter.is_ascii_digit()) {
            add(DirtKind::CodeThatIsNoProduct);
        }
        if returned && row[10].is_empty() {
            add(DirtKind::MissingReturnReference);
        } else if returned && !order_numbers.contains(&row[10]) {
            add(DirtKind::UnknownReturnReference);
        }
    }
}

fn count_others(path: &str, rows: &Rows, counts: &mut Counts) {
    let mut add = |kind| *counts.entry(kind).or_default() += 1;
    let events = ["search", "view", "click", "cart", "purchase"];
    for row in rows {
        if path == "raw/customers.csv" {
            let parts: Vec<&str> = row[3].split('@').collect();
            if parts.len() != 2 || parts[0].is_empty() || !parts[1].contains('.') {
                add(DirtKind::BrokenEmail);
            }
        } else if path == "raw/products.csv" {
            if ["#N/A", "to be sorted", "Kitchne"].contains(&row[2].as_str()) {
                add(DirtKind::WrongCategory);
            }
        } else if path == "raw/stock.csv" {
            if row[3].starts_with('-') {
                add(DirtKind::NegativeStock);
            }
        } else if path.starts_with("raw/events/") && !events.contains(&row[4].as_str()) {
            add(DirtKind::UnknownEventType);
        }
    }
}

fn layout(path: &str) -> Layout {
    let none = Layout {
        key: &[0],
        id: 0,
        date: None,
        iso: true,
        customer: None,
        product: None,
        site: None,
        price: None,
        number: None,
    };
    match path {
        "raw/customers.csv" => Layout {
            date: Some(6),
            iso: false,
            ..none
        },
        "raw/products.csv" => Layout {
            price: Some(7),
            number: Some(7),
            ..none
        },
        "raw/prices.csv" => Layout {
            key: &[0, 1],
            date: Some(1),
            product: Some(0),
            price: Some(2),
            number: Some(2),
            ..none
        },
        "raw/stock.csv" => Layout {
            key: &[0, 1, 2],
            id: 1,
            date: Some(0),
            product: Some(1),
            site: Some(2),
            number: Some(3),
            ..none
        },
        "raw/sites.csv" => none,
        path if path.starts_with("raw/orders/") => Layout {
            key: &[0, 1],
            date: Some(2),
            customer: Some(3),
            product: Some(4),
            price: Some(6),
            number: Some(6),
            ..none
        },
        _ => Layout {
            date: Some(1),
            customer: Some(3),
            product: Some(5),
            number: Some(6),
            ..none
        },
    }
}

fn counted(shop: &Generated) -> BTreeMap<String, Counts> {
    let known = known(shop);
    let order_numbers: BTreeSet<String> = named(shop, "raw/orders/")
        .iter()
        .flat_map(|file| rows(file))
        .map(|row| clean_id(&row[0]))
        .collect();
    let mut all = BTreeMap::new();
    for file in &shop.files {
        let rows = rows(file);
        assert_eq!(rows.len() as u64, file.rows, "{}", file.path);
        let mut counts = Counts::new();
        count_general(&rows, &layout(&file.path), &known, &mut counts);
        if file.path.starts_with("raw/orders/") {
            count_orders(&rows, &order_numbers, &mut counts);
        }
        count_others(&file.path, &rows, &mut counts);
        if !counts.is_empty() {
            all.insert(file.path.clone(), counts);
        }
    }
    all
}

#[test]
fn dirt_counted_in_the_files_equals_the_truth() {
    let dirtier = generate(&Shop {
        seed: 5,
        customers: 900,
        products: 200,
        dirt_rate: 0.05,
        ..Shop::tiny()
    })
    .unwrap();
    for shop in [tiny(), &dirtier] {
        let counted = counted(shop);
        for (path, counts) in &shop.truth.dirt_counts {
            assert_eq!(counted.get(path), Some(counts), "{path}");
        }
        assert_eq!(counted.len(), shop.truth.dirt_counts.len());
    }
}

#[test]
fn every_kind_of_dirt_occurs_in_the_smallest_shop() {
    let mut total: BTreeMap<DirtKind, u64> = BTreeMap::new();
    for counts in tiny().truth.dirt_counts.values() {
        for (kind, count) in counts {
            *total.entry(*kind).or_default() += count;
        }
    }
    assert_eq!(total.len(), 24, "{total:?}");
    assert!(total.values().all(|count| *count >= 2), "{total:?}");
}

#[test]
fn dirty_rows_are_where_the_truth_says() {
    let shop = tiny();
    for dirt in shop
        .truth
        .dirt
        .iter()
        .filter(|dirt| dirt.kind == DirtKind::UnknownCurrency)
    {
        let file = named(shop, &dirt.file)[0];
        let text = text(file);
        let line = text.lines().nth(dirt.line as usize - 1).unwrap();
        assert!(line.contains(",ZZZ,"), "{dirt:?}: {line}");
        assert!(
            line.starts_with(&dirt.key.replace('/', ",")),
            "{dirt:?}: {line}"
        );
    }
}

#[test]
fn a_shop_without_dirt_is_clean() {
    let clean = generate(&Shop {
        dirt_rate: 0.0,
        ..Shop::tiny()
    })
    .unwrap();
    assert!(clean.truth.dirt.is_empty());
    assert_eq!(counted(&clean), BTreeMap::new());
    // The same shop but for the dirt.
    assert_eq!(clean.lines, tiny().lines);
    assert_eq!(clean.truth.customers, tiny().truth.customers);
}

#[test]
fn the_customers_file_is_latin_1_and_not_utf_8() {
    let shop = tiny();
    let file = named(shop, "raw/customers.csv")[0];
    assert!(String::from_utf8(file.bytes.clone()).is_err());
    assert!(text(file).contains("Orléans"));
}
