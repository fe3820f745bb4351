//! What was learned: one method per placement, over the catalogue as it was.

use super::choose::{self, Chosen};
use super::settings::Checked;
use crate::contract::FitError;
use features::{History, SaleLine};
use models::recommend::{
    ComplementParams, Complements, Decay, Event, Interactions, Placement, Popularity, PopularityParams,
};
use serde::{Deserialize, Serialize};

/// What was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    /// Products by the index that the methods use.
    pub(crate) products: Vec<String>,
    /// The methods chosen, by placement.
    pub(crate) chosen: Vec<Chosen>,
    /// Directed pairs, where placement `complementary` is trained.
    pub(crate) complements: Option<Complements>,
    /// What sells now: the baseline, and the answer where nothing is known.
    pub(crate) popular: Popularity,
    /// Days since 1970-01-01 of the as-of day.
    pub(crate) as_of_days: f64,
}

/// Half-life of the baseline, days: it follows a season and still counts enough sales.
pub(crate) const POPULAR: PopularityParams = PopularityParams { decay: Decay::PerDay { half_life_days: 14.0 } };

/// How complements are counted.
pub(crate) fn complement_params(settings: &Checked) -> ComplementParams {
    ComplementParams {
        window_days: f64::from(settings.complement_window_days),
        // Two pairs of nobody: a pair seen once or twice says nothing yet.
        prior_pairs: 2.0,
        confidence: 0.95,
        substitute_penalty: 1.0,
        within_category: true,
        kept: 50,
    }
}

/// A customer's purchases as events. Returns say nothing of taste and are left out.
pub(crate) fn events(lines: &[SaleLine]) -> Vec<Event> {
    lines
        .iter()
        .filter(|l| !l.is_return)
        .map(|l| Event { item: l.product, at_days: l.at_days(), weight: 1.0 })
        .collect()
}

/// The histories of all customers; with `anonymous`, each sale without a customer is a history of its own.
pub(crate) fn interactions(history: &History, anonymous: bool) -> Result<Interactions, FitError> {
    let known = (0u32..).take(history.customers().len()).map(|c| events(history.lines_of(c)));
    let mut lines = if anonymous { history.anonymous().to_vec() } else { Vec::new() };
    lines.sort_by_key(|l| (l.order, l.at_seconds, l.product));
    let orders = lines.chunk_by(|a, b| a.order == b.order).map(events).collect::<Vec<_>>();
    Interactions::new(history.catalogue().len(), known.chain(orders)).map_err(FitError::Interactions)
}

impl Body {
    pub(crate) fn fit(history: &History, settings: &Checked, seed: u64) -> Result<Self, FitError> {
        let as_of_days = f64::from(history.as_of().epoch_day());
        let personal = interactions(history, false)?;
        let all = interactions(history, settings.anonymous_baskets)?;
        let popular = Popularity::fit(&all, as_of_days, &POPULAR)?;
        let mut chosen = Vec::new();
        for placement in settings.placements.iter().filter(|p| **p != Placement::Complementary) {
            chosen.push(choose::choose(*placement, history.as_of(), &personal, settings, seed)?);
        }
        let complements = if settings.placements.contains(&Placement::Complementary) {
            let categories = categories(history);
            Some(Complements::fit(&all, categories.as_deref(), &complement_params(settings))?)
        } else {
            None
        };
        let products = history.catalogue().products().iter().map(|p| p.id.clone()).collect();
        Ok(Self { products, chosen, complements, popular, as_of_days })
    }

    /// The method of a placement.
    pub(crate) fn chosen(&self, placement: Placement) -> Option<&Chosen> {
        self.chosen.iter().find(|c| c.placement == placement)
    }
}

/// One number per category and product; `None` where no product has a category.
fn categories(history: &History) -> Option<Vec<u32>> {
    let products = history.catalogue().products();
    products.iter().find(|p| p.category.is_some())?;
    let mut names: Vec<&str> = products.iter().filter_map(|p| p.category.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    let unknown = names.len() as u32;
    // Products without a category get one each, so that none of them is gated by another.
    Some(
        products
            .iter()
            .zip(unknown..)
            .map(|(p, own)| match &p.category {
                Some(c) => names.binary_search(&c.as_str()).map_or(own, |i| i as u32),
                None => own,
            })
            .collect(),
    )
}
