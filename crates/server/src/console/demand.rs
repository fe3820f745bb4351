//! Demand and stock: what each product sold at each site, what it is expected to sell and why, and what is there to be
//! sold.
//!
//! What was sold comes from the shop in memory, which is what the versions that answer look at; stock, goods on the way
//! and changes of planners come from the lake.

mod forecast;
pub(super) mod gathering;
mod goods;
mod history;
mod list;
mod one;
mod openings;
mod outlook;
mod overview;
mod series;
mod supply;
mod totals;

pub(super) use list::{LISTED, choice_of_site, labelled, pager, show as list, todo};
pub(super) use one::show as one;
pub(super) use overview::Overviews;
pub(super) use series::question;
pub(super) use totals::show as totals;

use super::data;
use super::format::encoded;
use super::visit::Visit;
use crate::live::Slot;
use crate::problem::Problem;
use crate::state::AppState;
use lake::Snapshot;
use products::Shop;
use std::collections::BTreeMap;

/// The kind whose forecasts are shown.
pub(super) const FORECASTS: &str = "demand";

/// The data products of a kind.
pub(super) fn of_kind<'a>(
    state: &'a AppState,
    kind: &'static str,
) -> impl Iterator<Item = (&'a str, &'a Slot)> {
    let slots = state.live.slots.iter();
    slots
        .filter(move |(_, slot)| slot.product.header().kind == kind)
        .map(|(name, slot)| (name.as_str(), slot))
}

/// Whether the project has anything to show here.
pub(super) fn is_there(state: &AppState) -> bool {
    of_kind(state, FORECASTS).next().is_some()
}

/// The data product that the address names, or the first that forecasts.
fn chosen<'a>(state: &'a AppState, visit: &Visit) -> Result<(&'a str, &'a Slot), Problem> {
    let mut all = of_kind(state, FORECASTS);
    let Some(wanted) = visit.parameter("product") else {
        let none = || {
            let what = "this project has no data product of kind \"demand\"; `comptoir products` lists the kinds";
            Problem::not_found(what)
        };
        return all.next().ok_or_else(none);
    };
    all.find(|(name, _)| *name == wanted).ok_or_else(|| {
        let names: Vec<&str> = of_kind(state, FORECASTS).map(|(name, _)| name).collect();
        Problem::not_found(format!(
            "there is no data product {wanted:?} of kind \"demand\", allowed is {}",
            names.join(", ")
        ))
    })
}

/// Address of the page of one product, at a site where one is named.
pub(super) fn address(data_product: &str, product: &str, site: Option<&str>) -> String {
    let site = site.map(|site| format!("&site={}", encoded(site)));
    format!(
        "/demand/{}?product={}{}",
        encoded(product),
        encoded(data_product),
        site.unwrap_or_default()
    )
}

/// Address of the list of a data product.
pub(super) fn address_of_list(data_product: &str) -> String {
    format!("/demand?product={}", encoded(data_product))
}

/// What people call a product.
pub(super) fn name_of<'a>(shop: &'a Shop, product: &'a str) -> &'a str {
    let catalogue = shop.history.catalogue();
    let known = catalogue.index_of(product).and_then(|at| catalogue.get(at));
    known.and_then(|p| p.name.as_deref()).unwrap_or(product)
}

/// What people call the sites, of those that have a name.
pub(super) async fn sites(
    state: &AppState,
    snapshot: &Snapshot,
) -> Result<BTreeMap<String, String>, Problem> {
    let sql = "SELECT site_id, name FROM sites WHERE name IS NOT NULL ORDER BY site_id";
    let mut found = BTreeMap::new();
    for batch in data::query(state, snapshot, sql).await? {
        let (ids, names) = (data::texts(&batch, 0)?, data::texts(&batch, 1)?);
        let pairs = ids.iter().flatten().zip(names.iter().flatten());
        found.extend(pairs.map(|(id, name)| (id.to_owned(), name.to_owned())));
    }
    Ok(found)
}
