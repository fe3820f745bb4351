//! Every line that the simulator made dirty is set aside for its own reason or accepted for a stated one, and no other
//! line is set aside.

use crate::import_shop::Shop;
use factory::import::{ImportOptions, ImportOutcome};
use simulator::DirtKind;
use std::collections::BTreeMap;

/// What must become of a dirty line.
enum Fate {
    SetAside { rule: &'static str },
    Accepted { because: &'static str },
}

fn fate(table: &str, kind: DirtKind) -> Fate {
    if let Some(because) = kind.accepted_because() {
        return Fate::Accepted { because };
    }
    let rule = match (table, kind) {
        ("customers", DirtKind::DateInAnotherFormat) => {
            return Fate::Accepted {
                because: "the source of the example reads both formats",
            };
        }
        ("sales", DirtKind::ExactDuplicate) => "exact duplicate",
        (_, DirtKind::ExactDuplicate | DirtKind::KeyWithAnotherValue) => "unique key",
        (_, DirtKind::MissingId) => "not null",
        (_, DirtKind::UnknownCustomer | DirtKind::UnknownProduct | DirtKind::UnknownSite) => {
            "reference"
        }
        (_, DirtKind::NegativePrice | DirtKind::AbsurdPrice | DirtKind::NegativeStock) => "range",
        (_, DirtKind::OverflowingPrice | DirtKind::NotANumber) => "type",
        (_, DirtKind::UnparseableDate | DirtKind::DateInAnotherFormat) => "type",
        (_, DirtKind::DateInTheFuture) => "not in the future",
        (_, DirtKind::ZeroQuantity) => "quantity is not zero",
        (_, DirtKind::UnknownCurrency) => "sold in euros",
        (_, DirtKind::CodeThatIsNoProduct) => "skip",
        (_, DirtKind::WrongCategory) => "known department",
        (_, DirtKind::BrokenEmail) => "pattern",
        (_, DirtKind::UnknownEventType) => "allowed values",
        (_, kind) => panic!("{kind:?} has no fate"),
    };
    Fate::SetAside { rule }
}

/// The table that a raw file of the simulator goes to.
fn table(file: &str) -> &'static str {
    match file {
        "raw/customers.csv" => "customers",
        "raw/products.csv" => "products",
        "raw/prices.csv" => "prices",
        "raw/stock.csv" => "stock_levels",
        file if file.starts_with("raw/orders/") => "sales",
        file if file.starts_with("raw/events/") => "events",
        file => panic!("{file}"),
    }
}

/// The marketplace of the examples over a small simulated shop, imported at a day after its last.
async fn imported() -> (Shop, simulator::Truth, ImportOutcome) {
    let generated = simulator::generate(&simulator::Shop {
        dirt_rate: 0.03,
        ..simulator::Shop::tiny()
    })
    .unwrap();
    let shop = Shop::new().await;
    simulator::write(&generated, &shop.path("")).unwrap();
    let examples = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/marketplace/sources"
    );
    for file in std::fs::read_dir(examples).unwrap() {
        let file = file.unwrap();
        let below = format!("sources/{}", file.file_name().to_string_lossy());
        shop.write(&below, std::fs::read(file.path()).unwrap());
    }
    let options = ImportOptions {
        accept_failed_gate: true,
        ..ImportOptions::at("2025-03-01T00:00:00Z".parse().unwrap())
    };
    let outcome = shop.import_with(&options).await.unwrap();
    (shop, generated.truth, outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_aside_is_what_the_simulator_made_dirty_kind_by_kind() {
    let (shop, truth, _) = imported().await;
    let mut set_aside: BTreeMap<(String, u64), (String, String)> = BTreeMap::new();
    for row in shop
        .rows("SELECT file, line_no, rule, reason FROM quarantine")
        .await
    {
        let [file, line, rule, reason] = row.try_into().unwrap();
        set_aside.insert((file, line.parse().unwrap()), (rule, reason));
    }
    // Per table and kind: lines made dirty, lines found with the right fate, and what the others met.
    let mut found: BTreeMap<(&str, DirtKind), (u64, u64, Vec<String>)> = BTreeMap::new();
    for dirt in &truth.dirt {
        let header = u64::from(!dirt.file.ends_with(".ndjson"));
        let met = set_aside.remove(&(dirt.file.clone(), dirt.line - header));
        let met = met.as_ref().map(|(rule, _)| rule.as_str());
        let count = found.entry((table(&dirt.file), dirt.kind)).or_default();
        count.0 += 1;
        match (fate(table(&dirt.file), dirt.kind), met) {
            (Fate::SetAside { rule }, Some(met)) if rule == met => count.1 += 1,
            (Fate::Accepted { because }, None) if !because.is_empty() => count.1 += 1,
            (_, met) => count.2.push(format!("{}:{} {met:?}", dirt.file, dirt.line)),
        }
    }
    let wrong: Vec<_> = found.iter().filter(|(_, n)| n.0 != n.1).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The truth counts the same lines, and every kind occurs.
    let mut counted: BTreeMap<(&str, DirtKind), u64> = BTreeMap::new();
    for (file, kinds) in &truth.dirt_counts {
        for (kind, rows) in kinds {
            *counted.entry((table(file), *kind)).or_default() += rows;
        }
    }
    let found = found.into_iter().map(|(key, n)| (key, n.1));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), counted);
    let kinds: std::collections::BTreeSet<DirtKind> = counted.keys().map(|key| key.1).collect();
    assert_eq!(kinds.len(), 24);
    // What was not made dirty is set aside only because the source skips it.
    set_aside.retain(|_, (_, reason)| reason != "cancelled before it was sent");
    assert!(set_aside.is_empty(), "{set_aside:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_with_stray_characters_are_the_shops_own_and_the_report_counts_them() {
    let (shop, truth, outcome) = imported().await;
    let mut trimmed: BTreeMap<&str, u64> = BTreeMap::new();
    for source in &outcome.sources {
        let report = source.report.as_ref().unwrap();
        trimmed.insert(&source.table, report.trimmed.values().sum());
    }
    let mut stray: BTreeMap<&str, u64> = BTreeMap::new();
    for dirt in &truth.dirt {
        *stray.entry(table(&dirt.file)).or_default() +=
            u64::from(dirt.kind == DirtKind::StrayCharacters);
    }
    for (table, cells) in &stray {
        assert_eq!(trimmed[table], *cells, "{table}");
    }
    assert!(stray["customers"] > 0 && stray["products"] > 0, "{stray:?}");
    for (table, column) in [("customers", "customer_id"), ("products", "product_id")] {
        let untidy = format!("{table} WHERE {column} <> trim({column})");
        assert_eq!(shop.count(&untidy).await, 0, "{table}");
    }
}
