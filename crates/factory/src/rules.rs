//! What the rules of a project do on its shop: which never fire, which hold together, and which name what nobody knows.

use crate::Workshop;
use decisions::{Known, OnShop, known_keys};
use products::Shop;
use std::collections::BTreeSet;

/// Customers that rules are counted over at most; of more, evenly spread ones are taken.
const CUSTOMERS_MAX: usize = 100_000;

/// What the rules do on a shop.
#[derive(Debug)]
pub struct RulesOnShop {
    /// For how much of the shop each holds, and which hold together.
    pub seen: OnShop,
    /// Rules and offers whose condition names a key of `context` that no draw has logged, or cannot be read, each in one
    /// line.
    pub wrong: Vec<String>,
}

impl Workshop {
    /// What the rules of the project do on the customers, products and offers that the lake knows now: everybody who
    /// bought or was drawn.
    ///
    /// # Errors
    /// [`features::LoadError`] when there is no sale yet or the lake cannot be read.
    pub async fn rules_on_shop(&self) -> Result<RulesOnShop, features::LoadError> {
        let shop = self.shop().await?;
        let context = shop.context_keys();
        let bought = shop.history.customers().iter();
        let drawn = shop.history.trials().assignments().iter();
        let all: BTreeSet<&str> = bought
            .map(String::as_str)
            .chain(drawn.map(|draw| draw.customer.as_str()))
            .collect();
        let step = all.len().div_ceil(CUSTOMERS_MAX).max(1);
        let facts: Vec<_> = all
            .iter()
            .step_by(step)
            .map(|id| (*id, shop.customer_facts(id)))
            .collect();
        let customers: Vec<Known<'_>> = facts
            .iter()
            .map(|(id, facts)| Known { id, facts })
            .collect();
        let offers = shop.offer_facts();
        Ok(RulesOnShop {
            seen: shop.item_rules.on_shop(&customers, &shop.items, &offers),
            wrong: wrong(&shop, &context),
        })
    }
}

/// Conditions that this shop cannot judge.
fn wrong(shop: &Shop, context: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for rule in shop.item_rules.rules() {
        for key in rule.context_keys().filter(|key| !context.contains(*key)) {
            wrong.push(format!(
                "{}: rule `{}` uses `context.{key}`, which no draw has logged; allowed is {}",
                rule.at(),
                rule.name(),
                known_keys(context)
            ));
        }
    }
    for offer in shop.history.offers().all() {
        let Some(text) = &offer.eligibility else {
            continue;
        };
        if let Err(error) = decisions::Eligibility::new(text, context) {
            wrong.push(format!("table `offers`, offer `{}`: {error}", offer.id));
        }
    }
    wrong
}
