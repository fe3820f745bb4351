//! What was learned: one method per placement, over the catalogue as it was.

use super::choose::{self, Chosen, Fitters};
use super::settings::Checked;
use crate::contract::FitError;
use features::{History, SaleLine};
use models::recommend::{
    Complement, ComplementParams, Complements, Decay, Event, Fitter, Interactions, Placement,
    Popularity, PopularityParams,
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
    /// How the pairs of a product are ordered.
    pub(crate) order: PairOrder,
    /// What sells now: the baseline, and the answer where nothing is known.
    pub(crate) popular: Popularity,
    /// Days since 1970-01-01 of the as-of day.
    pub(crate) as_of_days: f64,
}

/// How the complements of a product are ordered. Both take only pairs whose lift is above 1 for sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PairOrder {
    /// By the lower bound of lift: what belongs together most closely, however rare.
    Lift,
    /// By the purchases beyond chance that the lower bound promises: what will be bought along most often.
    Extra,
}

impl PairOrder {
    /// The score of a pair under this order.
    pub(crate) fn score(self, pair: &Complement) -> f32 {
        match self {
            Self::Lift => pair.score,
            Self::Extra => pair.lift_at_least * pair.expected - pair.expected,
        }
    }
}

/// Half-life of the baseline, days: it follows a season and still counts enough sales.
pub(crate) const POPULAR: PopularityParams = PopularityParams {
    decay: Decay::PerDay {
        half_life_days: 14.0,
    },
};

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
        .map(|l| Event {
            item: l.product,
            at_days: l.at_days(),
            weight: 1.0,
        })
        .collect()
}

/// The histories of all customers; with `anonymous`, each sale without a customer is a history of its own.
pub(crate) fn interactions(history: &History, anonymous: bool) -> Result<Interactions, FitError> {
    let known = (0u32..)
        .take(history.customers().len())
        .map(|c| events(history.lines_of(c)));
    let mut lines = if anonymous {
        history.anonymous().to_vec()
    } else {
        Vec::new()
    };
    lines.sort_by_key(|l| (l.order, l.at_seconds, l.product));
    let orders = lines
        .chunk_by(|a, b| a.order == b.order)
        .map(events)
        .collect::<Vec<_>>();
    Interactions::new(history.catalogue().len(), known.chain(orders))
        .map_err(FitError::Interactions)
}

impl Body {
    /// Learns; with the methods and the order of `choices` where there are some, else with what does best on the last
    /// days of the history.
    pub(crate) fn fit(
        history: &History,
        settings: &Checked,
        seed: u64,
        choices: Option<&Self>,
    ) -> Result<Self, FitError> {
        let as_of_days = f64::from(history.as_of().epoch_day());
        let personal = interactions(history, false)?;
        let all = interactions(history, settings.anonymous_baskets)?;
        let popular = Popularity::fit(&all, as_of_days, &POPULAR)?;
        let cut_days = as_of_days - f64::from(settings.held_out_days);
        let earlier = personal.before(cut_days);
        let mut fitters = Fitters {
            earlier: Fitter::new(&earlier, cut_days, seed),
            whole: Fitter::new(&personal, as_of_days, seed),
        };
        let mut chosen = Vec::new();
        for placement in &settings.placements {
            if *placement == Placement::Complementary {
                continue;
            }
            chosen.push(match choices.and_then(|c| c.chosen(*placement)) {
                Some(measured) => Chosen {
                    fitted: fitters.whole.fit(&measured.method)?,
                    method: measured.method.clone(),
                    trials: measured.trials.clone(),
                    ..*measured
                },
                None => choose::choose(
                    *placement,
                    &personal,
                    cut_days,
                    settings,
                    &mut fitters,
                    seed,
                )?,
            });
        }
        drop(fitters);
        let complements = if settings.placements.contains(&Placement::Complementary) {
            let categories = categories(history);
            Some(Complements::fit(
                &all,
                categories.as_deref(),
                &complement_params(settings),
            )?)
        } else {
            None
        };
        let products = history
            .catalogue()
            .products()
            .iter()
            .map(|p| p.id.clone())
            .collect();
        let order = match (&complements, choices) {
            (Some(_), Some(measured)) => measured.order,
            (Some(_), None) => {
                let categories = categories(history);
                choose::order(&all, as_of_days, settings, categories.as_deref())?
            }
            (None, _) => PairOrder::Lift,
        };
        Ok(Self {
            products,
            chosen,
            complements,
            order,
            popular,
            as_of_days,
        })
    }

    /// The complements of a product with their scores, best first.
    pub(crate) fn pairs(&self, item: u32) -> Vec<(Complement, f32)> {
        let found = self
            .complements
            .as_ref()
            .and_then(|c| c.of(item).ok())
            .unwrap_or_default();
        ordered(found, self.order)
    }

    /// The method of a placement.
    pub(crate) fn chosen(&self, placement: Placement) -> Option<&Chosen> {
        self.chosen.iter().find(|c| c.placement == placement)
    }
}

/// Pairs with their scores, best first.
pub(crate) fn ordered(pairs: &[Complement], order: PairOrder) -> Vec<(Complement, f32)> {
    let mut pairs: Vec<(Complement, f32)> = pairs.iter().map(|p| (*p, order.score(p))).collect();
    pairs.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.item.cmp(&b.0.item)));
    pairs
}

/// One number per category and product; `None` where no product has a category.
fn categories(history: &History) -> Option<Vec<u32>> {
    let products = history.catalogue().products();
    products.iter().find(|p| p.category.is_some())?;
    let mut names: Vec<&str> = products
        .iter()
        .filter_map(|p| p.category.as_deref())
        .collect();
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
