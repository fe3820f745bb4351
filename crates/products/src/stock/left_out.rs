//! Products at sites that nothing is proposed for, and why: they would otherwise only be missing.

use super::plan::Of;
use super::settings::GoalName;
use std::collections::BTreeSet;

/// Products at sites that are named; of more it is told how many there are.
const NAMED: usize = 5;

/// A product at a site.
type Line<'a> = (&'a str, &'a str);

/// What a planner may look for in vain, as the tables of a history tell it, in words.
pub(super) fn left_out(of: &Of<'_>) -> Vec<String> {
    let (demand, supply) = (of.history.demand(), of.history.supply());
    let settings = of.settings;
    let sold: BTreeSet<Line<'_>> = demand
        .sold
        .iter()
        .filter_map(|of| Some((of.product.as_str(), of.site.as_deref()?)))
        .collect();
    let some = supply
        .levels
        .iter()
        .filter(|of| of.days.last().is_some_and(|(_, units)| *units > 0));
    let coming = supply
        .replenishments
        .iter()
        .filter(|of| of.received.is_none());
    let there: BTreeSet<Line<'_>> = some
        .map(|of| (&*of.product, &*of.site))
        .chain(coming.map(|of| (&*of.product, &*of.site)))
        .filter(|line| !sold.contains(line))
        .collect();
    let (sending, idle): (Vec<Line<'_>>, Vec<Line<'_>>) = there
        .iter()
        .copied()
        .partition(|(_, site)| settings.may_send(site));
    let terms = supply.terms.iter();
    let supplied: BTreeSet<Line<'_>> = terms
        .filter_map(|of| Some((of.product.as_deref()?, of.site.as_deref()?)))
        .filter(|line| !sold.contains(line) && !there.contains(line))
        .collect();
    let levels = supply.levels.iter();
    let told: BTreeSet<Line<'_>> = levels.map(|of| (&*of.product, &*of.site)).collect();
    let unknown: Vec<Line<'_>> = sold.difference(&told).copied().collect();
    let nowhere = demand.sold.iter().filter(|of| of.site.is_none());
    let nowhere: Vec<Line<'_>> = nowhere.map(|of| (of.product.as_str(), "")).collect();
    let brings = |(product, site): &Line<'_>| {
        let cost = of.unit_cost(product, of.book.of(product, site));
        let price = of.price(product);
        price.zip(cost).is_some_and(|(price, cost)| price > cost)
    };
    let unpriced: Vec<Line<'_>> = sold.iter().copied().filter(|line| !brings(line)).collect();
    let supplied: Vec<Line<'_>> = supplied.into_iter().collect();
    let mut notes = Vec::new();
    let mut note = |of: &[Line<'_>], why: &str| {
        if !of.is_empty() {
            notes.push(format!("{} {why}: {}", of.len(), named(of)));
        }
    };
    note(
        &idle,
        "products at sites have stock or some on its way and never sold there: without a sale no demand is known, and nothing is proposed",
    );
    note(
        &sending,
        "products at sites have stock and never sold there: they can send it to other sites, and nothing is ordered for them",
    );
    note(
        &supplied,
        "products at sites have terms of supply, no stock and no sale there: nothing is proposed",
    );
    note(
        &unknown,
        "products at sites sell and nothing tells their stock: nothing is ordered",
    );
    note(
        &nowhere,
        "products are sold at no site that is known: nothing is proposed for these sales",
    );
    let categories: BTreeSet<&str> = of
        .history
        .catalogue()
        .products()
        .iter()
        .filter_map(|product| product.category.as_deref())
        .collect();
    let services = settings.services.iter().flatten();
    let nobody: Vec<Line<'_>> = services
        .map(|(class, _)| (class.as_str(), ""))
        .filter(|(class, _)| !categories.contains(class))
        .collect();
    note(&nobody, "categories with a service have no product");
    if settings.goal == GoalName::Cost {
        note(
            &unpriced,
            "products at sites have no price above a cost that is known: nothing is ordered by cost",
        );
    }
    notes
}

fn named(of: &[Line<'_>]) -> String {
    let names = of.iter().take(NAMED).map(|(product, site)| match *site {
        "" => (*product).to_owned(),
        site => format!("{product} at {site}"),
    });
    let names: Vec<String> = names.collect();
    let more = if of.len() > NAMED { " …" } else { "" };
    format!("{}{more}", names.join(", "))
}
