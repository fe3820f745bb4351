//! How old each table is that a product reads is promised and told.

use crate::review::NAME;
use crate::served::{edit, project, trained, within};
use factory::review::{Kept, Promised, Review, State};
use jiff::Timestamp;
use schema::progress::Progress;
use schema::progress::Silent;
use server::charts::Locale;
use std::path::Path;

/// The marketplace is imported on 2025-06-05, by files of products, prices and sales.
fn promises(folder: &Path, product: &str, tables: &str) {
    let file = format!("products/{product}.toml");
    let section = format!("[promises]\ntable_age_days_max = {{ {tables} }}\n\n[settings]");
    edit(folder, &file, "[settings]", &section);
}

fn reviewed(folder: &Path, now: &str) -> (Review, Vec<String>) {
    within(folder, async |workshop| {
        let now: Timestamp = now.parse().unwrap();
        let silent: &dyn Progress = &Silent;
        let review = workshop.review(&[], now, silent).await.unwrap();
        workshop.note_review(&review, now).await.unwrap();
        let incidents = workshop.registry.incidents(now).await.unwrap();
        let open = incidents.into_iter().filter(|of| of.closed_at.is_none());
        let causes = open.map(|of| format!("{} {}", of.cause, of.products.join(" ")));
        let causes = causes.filter(|of| of.starts_with("table_age"));
        (review, causes.collect())
    })
}

fn of_table(review: &Review, product: &str, table: &str) -> Kept {
    let mut products = review.products.iter();
    let product = products.find(|of| of.header.name == product).unwrap();
    let mut standing = product.standing.iter();
    let found = standing.find(|kept| kept.table.as_deref() == Some(table));
    found.unwrap().clone()
}

#[test]
fn a_table_without_a_time_is_as_old_as_the_last_import_that_brought_rows() {
    let folder = trained();
    promises(folder.path(), NAME, "products = 5");
    for (now, state, age, incident) in [
        ("2025-06-05T09:00:00Z", State::Kept, 0.0, false),
        ("2025-06-09T09:00:00Z", State::Kept, 4.0, false),
        ("2025-06-10T09:00:00Z", State::AtRisk, 5.0, false),
        ("2025-06-11T09:00:00Z", State::Broken, 6.0, true),
    ] {
        let (review, causes) = reviewed(folder.path(), now);
        let kept = of_table(&review, NAME, "products");
        assert_eq!(kept.promise, Promised::TableAge);
        assert_eq!((kept.state, kept.measured), (state, Some(age)), "{now}");
        let told = incident.then(|| "table_age/products for-you".to_owned());
        assert_eq!(causes, Vec::from_iter(told), "{now}");
    }
}

#[test]
fn a_table_is_as_old_as_its_last_row_and_days_to_come_make_it_no_younger() {
    let folder = trained();
    promises(folder.path(), NAME, "prices = 30");
    let last = within(folder.path(), async |workshop| {
        use arrow::array::AsArray;
        use arrow::datatypes::Date32Type;
        let sql = "SELECT MAX(CAST(valid_from AS DATE)) FROM prices";
        let found = workshop.lake.query(sql).await.unwrap();
        let day = found[0].column(0).as_primitive::<Date32Type>().value(0);
        schema::time::date_of(day)
    });
    let at = |days: i64| {
        let day = last.checked_add(jiff::Span::new().days(days)).unwrap();
        format!("{day}T12:00:00Z")
    };
    let age = |days: i64| of_table(&reviewed(folder.path(), &at(days)).0, NAME, "prices");
    assert_eq!(age(1).measured, Some(0.0));
    assert_eq!(
        (age(31).measured, age(31).state),
        (Some(30.0), State::AtRisk)
    );
    assert_eq!(
        (age(32).measured, age(32).state),
        (Some(31.0), State::Broken)
    );
    // A year before, what is priced for later days is not there yet.
    let before = age(-300).measured.unwrap();
    assert!(before < 60.0, "{before}");
}

#[test]
fn a_table_that_was_never_imported_breaks_the_promise_of_its_age_and_all_pages_say_so() {
    let folder = trained();
    let file = "kind = \"demand\"\nowner = \"tests\"\n\n[settings]\n";
    std::fs::write(folder.path().join("products/demand.toml"), file).unwrap();
    promises(folder.path(), "demand", "weather = 1");
    let (review, causes) = reviewed(folder.path(), "2025-06-05T09:00:00Z");
    let kept = of_table(&review, "demand", "weather");
    assert_eq!((kept.state, kept.measured), (State::Broken, None));
    assert_eq!(
        kept.sentence(),
        "age of table weather is broken (none of its rows is known)"
    );
    assert_eq!(causes, ["table_age/weather demand"]);
    let product = review.products.iter().find(|of| of.header.name == "demand");
    for (locale, words) in [
        (
            Locale::English,
            ["age of table weather", "none of its rows is known"],
        ),
        (
            Locale::French,
            [
                "âge de la table weather",
                "aucune de ses lignes n’est connue",
            ],
        ),
    ] {
        let page = server::review_of("Teas", &review, product.unwrap(), locale);
        let missing = words.iter().find(|word| !page.contains(**word));
        assert_eq!(missing, None, "{page}");
    }
}

#[test]
fn ages_of_tables_that_a_kind_does_not_read_are_refused() {
    for (product, tables, says) in [
        (
            NAME,
            "price = 1",
            "tables that its kind reads: products, prices, stock_levels",
        ),
        (
            NAME,
            "events = 1",
            "tables that its kind reads: products, prices, stock_levels",
        ),
        (NAME, "sales = 1", "`data_age_days_max`, which is of sales"),
        ("value", "prices = 1", "none: its kind reads sales alone"),
        (NAME, "prices = 0", "1 to 3660"),
    ] {
        let folder = project();
        promises(folder.path(), product, tables);
        let refused = factory::Project::open(folder.path())
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains(says) && refused.contains(&format!("{product}.toml:")),
            "{tables}: {refused}"
        );
    }
}
