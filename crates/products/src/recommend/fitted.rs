//! A trained recommender: measured on what was bought after its as-of day.

use super::CARD;
use super::attached::Attached;
use super::body::{Body, PairOrder, interactions};
use super::choose::{LIST, PAIRS, basket_cases, cases, hits, listable, per_case};
use super::settings::{Checked, name};
use crate::artefact::Artefact;
use crate::contract::{Fitted, Serving};
use crate::estimates;
use crate::file::Header;
use crate::shop::Shop;
use features::History;
use measure::ranking::{RankingMetric, RecallOver};
use models::recommend::{AnyFitted, Event, Interactions, Placement, Popularity, Seen};
use schema::{AsOf, Direction, Estimate, HeldOut, Metric, Role, Scorecard, Weights, WhyNot};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Golden inputs: histories, and how many scores of each are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Golden {
    pub(crate) histories: Vec<Vec<Event>>,
    pub(crate) kept: usize,
}

impl Golden {
    /// The best scores of every placement's method on every history, then the best complements.
    pub(crate) fn scores(&self, body: &Body) -> Vec<f64> {
        let mut out = Vec::new();
        for history in &self.histories {
            for chosen in &body.chosen {
                let mut scores = vec![0.0f32; chosen.fitted.n_items()];
                if chosen
                    .fitted
                    .score_into(history, body.as_of_days, &mut scores)
                    .is_err()
                {
                    out.push(-1.0);
                    continue;
                }
                scores.sort_unstable_by(|a, b| b.total_cmp(a));
                out.extend(scores.iter().take(self.kept).map(|s| f64::from(*s)));
            }
            let pairs = history
                .last()
                .map(|last| body.pairs(last.item))
                .unwrap_or_default();
            out.extend(
                pairs
                    .iter()
                    .take(self.kept)
                    .map(|(_, score)| f64::from(*score)),
            );
        }
        out
    }
}

pub(crate) struct FittedRecommend {
    header: Header,
    settings: Checked,
    as_of: AsOf,
    body: Arc<Body>,
}

impl FittedRecommend {
    pub(crate) fn new(header: Header, settings: Checked, as_of: AsOf, body: Body) -> Self {
        Self {
            header,
            settings,
            as_of,
            body: Arc::new(body),
        }
    }

    pub(crate) fn body(&self) -> &Body {
        &self.body
    }

    fn measured(
        &self,
        placement: Placement,
        all: &Interactions,
        popular: &AnyFitted,
        seed: u64,
    ) -> Vec<Metric> {
        let Some(chosen) = self.body.chosen(placement) else {
            return Vec::new();
        };
        let cases = cases(placement, all, self.body.as_of_days, self.settings.seen);
        let seen = listable(placement, self.settings.seen);
        let pair = |metric: RankingMetric| {
            let ours = per_case(&chosen.fitted, &cases, self.body.as_of_days, seen, metric);
            let theirs = per_case(popular, &cases, self.body.as_of_days, seen, metric);
            (ours, theirs)
        };
        // Lists that may repeat what was bought are another question than lists of new products.
        let unit = match (placement, seen) {
            (Placement::ForYou, Seen::Allowed) => "mean over customers, any product",
            (_, _) => "mean over customers",
        };
        let scope = name(placement);
        let metric = |what: String, role, values| Metric {
            role,
            ..metric(&what, scope, unit, values, seed)
        };
        vec![
            metric(
                format!("ndcg@{LIST}"),
                Role::Decides,
                pair(RankingMetric::Ndcg),
            ),
            metric(
                format!("recall@{LIST}"),
                Role::Shown,
                pair(RankingMetric::Recall(RecallOver::Targets)),
            ),
        ]
    }

    fn complements(&self, all: &Interactions, seed: u64) -> Option<Metric> {
        self.body.complements.as_ref()?;
        let best_sold = most_sold(&self.body.popular);
        let cases = basket_cases(all, self.body.as_of_days);
        let ours = hits(&cases, |item| {
            self.body
                .pairs(item)
                .iter()
                .take(PAIRS)
                .map(|(p, _)| p.item)
                .collect()
        });
        let theirs = hits(&cases, |item| {
            best_sold
                .iter()
                .copied()
                .filter(|i| *i != item)
                .take(PAIRS)
                .collect()
        });
        // Shown, not judged: what sells most lies in most baskets anyway, and complements are asked for what does not.
        Some(Metric {
            role: Role::Shown,
            ..metric(
                &format!("hit rate@{PAIRS}"),
                name(Placement::Complementary),
                "mean over baskets",
                (ours, theirs),
                seed,
            )
        })
    }
}

fn most_sold(popular: &Popularity) -> Vec<u32> {
    math::topk::top_k(popular.shares(), PAIRS + 1, |_| true)
        .into_iter()
        .map(|s| s.index)
        .collect()
}

/// A measure that decides, of one value per unit for the version and the baseline.
fn metric(
    what: &str,
    scope: &str,
    unit: &str,
    (ours, theirs): (Vec<f64>, Vec<f64>),
    seed: u64,
) -> Metric {
    let gain: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a - b).collect();
    Metric {
        name: what.to_owned(),
        scope: scope.to_owned(),
        unit: unit.to_owned(),
        better: Direction::Higher,
        role: Role::Decides,
        value: estimates::mean(&ours, seed),
        baseline: estimates::mean(&theirs, seed),
        baseline_name: "most sold lately".to_owned(),
        gain: estimates::mean(&gain, seed),
    }
}

impl Fitted for FittedRecommend {
    fn as_of(&self) -> AsOf {
        self.as_of
    }

    fn evaluate(&self, later: &History, seed: u64) -> Scorecard {
        let days = later.as_of().epoch_day() - self.as_of.epoch_day();
        let held_out = Some(HeldOut {
            from: self.as_of,
            days: u32::try_from(days).unwrap_or(0),
        });
        let split = format!(
            "trained before {}, lists over {} products compared with what was bought in the {days} days after",
            self.as_of,
            self.body.products.len()
        );
        let both = interactions(later, false)
            .and_then(|personal| Ok((personal, interactions(later, true)?)));
        let Ok((personal, all)) = both else {
            let why = WhyNot::DoesNotApply {
                because: "the later history cannot be read".to_owned(),
            };
            let notes = vec![Estimate::NotMeasurable(why).to_string()];
            return Scorecard {
                split,
                held_out,
                metrics: Vec::new(),
                notes,
                parts: Vec::new(),
                weights: None,
            };
        };
        let popular = AnyFitted::Popularity(self.body.popular.clone());
        let mut metrics = Vec::new();
        for placement in &self.settings.placements {
            metrics.extend(self.measured(*placement, &personal, &popular, seed));
            if *placement == Placement::Complementary {
                metrics.extend(self.complements(&all, seed));
            }
        }
        Scorecard {
            split,
            held_out,
            metrics,
            notes: Vec::new(),
            parts: Vec::new(),
            weights: None,
        }
    }

    fn weights(&self) -> Weights {
        let settings = &self.settings;
        let any = |of: fn(&Placement) -> bool| settings.placements.iter().any(of);
        let pairs = any(|placement| *placement == Placement::Complementary);
        // Prices are in no score; rules read them, and whoever is shown a product sees its price.
        let always = [
            "sales.product_id",
            "sales.sold_at",
            "sales.is_return",
            "products.active",
            "prices.price_cents",
            "stock_levels.on_hand",
        ];
        let some = [
            (any(|p| *p != Placement::Popular), "sales.customer_id"),
            (pairs && settings.anonymous_baskets, "sales.order_id"),
            (
                pairs || settings.at_most_per_category.is_some(),
                "products.category",
            ),
        ];
        let some = some.into_iter().filter(|(is_used, _)| *is_used);
        Weights::alike(always.into_iter().chain(some.map(|(_, column)| column)))
    }

    fn summary(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .body
            .chosen
            .iter()
            .map(|c| {
                let ndcg = |n: Option<f64>| {
                    n.map_or_else(|| "not tried".to_owned(), |n| format!("{n:.4}"))
                };
                let kept = c.trials.iter().find(|t| t.method == c.method);
                let best = c
                    .trials
                    .iter()
                    .max_by(|a, b| a.ndcg.unwrap_or(0.0).total_cmp(&b.ndcg.unwrap_or(0.0)));
                let (chosen, tried) = (c.method.name(), c.trials.len());
                let is_best = kept.map(|t| t.ndcg) == best.map(|t| t.ndcg);
                let method = match c.trials.first().map(|t| (t.method.name(), ndcg(t.ndcg))) {
                    Some((first, _)) if first == chosen && tried == 1 => {
                        format!("{chosen}, the only candidate")
                    }
                    Some((first, _)) if first == chosen => {
                        format!(
                            "{chosen} itself, which none of {} others beats beyond the noise",
                            tried - 1
                        )
                    }
                    Some((first, its)) if is_best => {
                        format!("{chosen}, the best of {tried} candidates; {first} {its}")
                    }
                    Some((first, its)) => format!(
                        "{chosen}, the simplest of {tried} candidates within the noise of the best, {} {}; {first} {its}",
                        best.map_or("", |t| t.method.name()),
                        ndcg(best.and_then(|t| t.ndcg)),
                    ),
                    None => chosen.to_owned(),
                };
                format!(
                    "{}: {method} (NDCG@{LIST} {} on {} customers inside the history)",
                    name(c.placement),
                    ndcg(kept.and_then(|t| t.ndcg)),
                    c.customers_compared,
                )
            })
            .collect();
        if self.body.complements.is_some() {
            let order = match self.body.order {
                PairOrder::Lift => "the lower bound of lift",
                PairOrder::Extra => "purchases beyond chance",
            };
            lines.push(format!(
                "complementary: pairs within baskets, substitutes taken off, ordered by {order}"
            ));
        }
        lines
    }

    fn page(&self) -> serde_json::Value {
        let trials: Vec<_> = self
            .body
            .chosen
            .iter()
            .map(|c| {
                serde_json::json!({
                    "placement": name(c.placement),
                    "method": c.method.name(),
                    "trials": c.trials.iter().map(|t| serde_json::json!({
                        "method": t.method.name(), "settings": t.method, "ndcg": t.ndcg,
                        "behind": t.behind, "kept": t.method == c.method, "not_tried": t.not_tried,
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        serde_json::json!({ "products": self.body.products.len(), "placements": trials })
    }

    fn artefact(&self) -> Artefact {
        let n = self.body.products.len() as u32;
        let event = |item: u32, days_ago: f64| Event {
            item: item % n.max(1),
            at_days: self.body.as_of_days - days_ago,
            weight: 1.0,
        };
        // Nobody, one product, and a few of them spread over the catalogue.
        let golden = Golden {
            histories: vec![
                vec![],
                vec![event(n / 2, 3.0)],
                vec![
                    event(n / 7, 40.0),
                    event(n / 3, 20.0),
                    event(2 * (n / 5), 9.0),
                    event(n / 11, 1.0),
                ],
            ],
            kept: 5,
        };
        let scores = golden.scores(&self.body);
        Artefact::new(
            CARD.kind,
            &self.header.name,
            self.as_of,
            self.body.as_ref(),
            &golden,
            scores,
        )
    }

    fn attach(&self, shop: Arc<Shop>) -> Box<dyn Serving> {
        Box::new(Attached::new(
            &self.header,
            &self.settings,
            Arc::clone(&self.body),
            shop,
        ))
    }
}
