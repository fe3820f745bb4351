//! A small shop to rank in, and rule files in a line each.

use decisions::rules::Names;
use decisions::{ItemFacts, Request, RuleSet};
use jiff::civil::{Date, date};
use schema::config::ConfigFile;
use schema::{Cents, ConfigError, ProductId};

pub(crate) const TODAY: Date = date(2026, 6, 15);

pub(crate) fn item(number: usize, category: &str, price_cents: i64) -> ItemFacts {
    ItemFacts {
        name: Some(format!("item {number}")),
        category: Some(category.to_owned()),
        brand: Some(format!("brand {}", number % 3)),
        merchant_id: Some(format!("m{}", number % 4)),
        price_cents: Some(Cents(price_cents)),
        in_stock: Some(true),
        ..ItemFacts::new(ProductId::new(format!("p{number}")).unwrap())
    }
}

/// Six items: 0 to 2 wine, 3 and 4 cheese, 5 bread.
pub(crate) fn six_items() -> Vec<ItemFacts> {
    ["wine", "wine", "wine", "cheese", "cheese", "bread"]
        .iter()
        .enumerate()
        .map(|(n, category)| item(n, category, 100 * (1 + n as i64)))
        .collect()
}

/// One rule, with an example that makes no claim about the rest of it.
pub(crate) fn rule(name: &str, when: &str, then: &str, example: &str) -> String {
    format!(
        "[[rule]]\nname = \"{name}\"\nowner = \"category management\"\nreason = \"because of {name}\"\nwhen = \"{when}\"\n{then}\n\
         [[rule.example]]\n{example}\n\n"
    )
}

pub(crate) fn file(text: &str) -> ConfigFile {
    ConfigFile::new("rules/shop.toml", text)
}

/// What the rules of these tests may name.
pub(crate) const NAMES: Names<'static> = Names {
    products: &["for-you", "value", "promotions"],
    offers: &["promotions"],
    placements: &["for_you", "home", "x", "y"],
};

pub(crate) fn check(files: &[ConfigFile]) -> Result<RuleSet, Vec<ConfigError>> {
    RuleSet::check(files, &NAMES)
}

pub(crate) fn rules(text: &str) -> RuleSet {
    check(&[file(text)]).unwrap_or_else(|e| panic!("{e:?}"))
}

/// The one thing that is wrong with a file.
pub(crate) fn refused(text: &str) -> String {
    match check(&[file(text)]).as_ref().map_err(Vec::as_slice) {
        Err([one]) => one.to_string(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn asked() -> Request<'static> {
    Request::new("for-you", TODAY)
}
