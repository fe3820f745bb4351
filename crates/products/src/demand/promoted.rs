//! What promotions bring to what is promoted and take from the rest of its category, category by category, in words.

use std::collections::BTreeMap;

use models::demand::{self, Change, Effect, Plan};
use serde::{Deserialize, Serialize};

use super::series::Series;

/// Categories that a summary names.
const NAMED: usize = 5;

/// What promotions of a category did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Promoted {
    pub(crate) category: String,
    /// Periods of series on promotion.
    pub(crate) promoted: u64,
    pub(crate) effect: Effect,
}

/// What promotions of each category did, by name; none where the plan tells no products apart.
pub(super) fn promoted(found: &Series) -> Vec<Promoted> {
    let Some([own, others]) = &found.promoted else {
        return Vec::new();
    };
    let names: BTreeMap<&str, u32> = {
        let named = found.categories.iter().flatten().map(String::as_str);
        let distinct: std::collections::BTreeSet<&str> = named.collect();
        distinct.into_iter().zip(0..).collect()
    };
    let categories: Vec<Option<u32>> = (found.categories.iter())
        .map(|category| category.as_deref().map(|name| names[name]))
        .collect();
    let mut sites: BTreeMap<Option<&str>, u32> = BTreeMap::new();
    let mut site = |name| {
        let next = u32::try_from(sites.len()).unwrap_or(u32::MAX);
        *sites.entry(name).or_insert(next)
    };
    let sites: Vec<u32> = (found.keys.iter())
        .map(|key| site(key.site.as_deref()))
        .collect();
    let plan = Plan {
        categories: &categories,
        sites: &sites,
        own,
        others,
    };
    let names: Vec<&str> = names.into_keys().collect();
    let each = demand::promoted(&found.panel, &plan).into_iter();
    each.map(|of| Promoted {
        category: names[of.category as usize].to_owned(),
        promoted: of.promoted,
        effect: of.effect,
    })
    .collect()
}

fn share(of: &Change) -> String {
    let [point, low, high] = [of.point, of.low, of.high].map(|one| 100.0 * one);
    format!("{point:+.1} % ({low:+.1} to {high:+.1})")
}

/// The largest in words: what most was promoted of first.
pub(super) fn summary(all: &[Promoted], step: &str) -> Vec<String> {
    let mut order: Vec<&Promoted> = all.iter().collect();
    order.sort_by_key(|of| std::cmp::Reverse(of.promoted));
    let more = order.len().saturating_sub(NAMED);
    let told = |of: &&Promoted| match &of.effect {
        Effect::Measured { own, others, net } => format!(
            "promotions of {} over {} {step}s of series: {} for what is promoted, {} for the rest of the category, net {}",
            of.category,
            of.promoted,
            share(own),
            share(others),
            share(net)
        ),
        Effect::TooFew { blocks, needed } => format!(
            "what promotions of {} do is not known: {blocks} blocks of four weeks, at least {needed} needed",
            of.category
        ),
        Effect::NotToldApart => format!(
            "what promotions of {} do is not known: all of it is on promotion at the same time, or never beside the rest",
            of.category
        ),
    };
    let mut lines: Vec<String> = order.iter().take(NAMED).map(told).collect();
    if more > 0 {
        lines.push(format!(
            "promotions of {more} more categories are on the page of the product"
        ));
    }
    lines
}

/// The same for pages.
pub(super) fn page(all: &[Promoted]) -> serde_json::Value {
    let change =
        |of: &Change| serde_json::json!({ "point": of.point, "low": of.low, "high": of.high });
    let told = |of: &Promoted| {
        let [own, others, net] = match &of.effect {
            Effect::Measured { own, others, net } => {
                [own, others, net].map(|one| Some(change(one)))
            }
            Effect::TooFew { .. } | Effect::NotToldApart => [None, None, None],
        };
        serde_json::json!({
            "category": of.category,
            "promoted": of.promoted,
            "own": own,
            "others": others,
            "net": net,
            "why_not": why_not(&of.effect),
        })
    };
    all.iter().map(told).collect()
}

fn why_not(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Measured { .. } => None,
        Effect::TooFew { blocks, needed } => Some(format!(
            "{blocks} blocks of four weeks, at least {needed} needed"
        )),
        Effect::NotToldApart => {
            Some("all of it is on promotion at the same time, or never beside the rest".to_owned())
        }
    }
}
