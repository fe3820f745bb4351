//! Which method answers in a placement: the one that ranks the last days of the history best.

use super::body::{PairOrder, complement_params, ordered};
use super::settings::{Checked, name};
use crate::contract::{FitError, Size};
use measure::ranking::{Bootstrap, Interval, RankedCustomer, RankingMetric, paired_difference};
use models::recommend::{
    self, AnyFitted, Complements, Event, Fitter, Interactions, Method, Placement, Seen, baskets,
    candidates_with,
};
use rayon::prelude::*;
use schema::Estimate;
use serde::{Deserialize, Serialize};

/// Length of the lists that are compared.
pub(crate) const LIST: usize = 20;

/// Resamples that tell a lead from noise.
const RESAMPLES: u32 = 400;

/// Customers on whom candidates are compared; more would cost time and change no choice.
const CUSTOMERS_COMPARED: usize = 4_000;

/// One candidate and how it ranked the held-out days inside the history.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Trial {
    pub(crate) method: Method,
    /// Mean NDCG; absent where it was not tried.
    pub(crate) ndcg: Option<f64>,
    /// How far the method that ranked best is ahead on the same customers, with its interval; absent where it was not
    /// tried or too few were compared.
    pub(crate) behind: Option<Estimate>,
    /// Why it was not tried.
    pub(crate) not_tried: Option<String>,
}

/// The method of one placement, fitted to the whole history, and what it was chosen among.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Chosen {
    pub(crate) placement: Placement,
    pub(crate) method: Method,
    pub(crate) fitted: AnyFitted,
    pub(crate) trials: Vec<Trial>,
    pub(crate) customers_compared: usize,
}

/// The size of a shop, as the methods count it.
pub(crate) fn size(size: &Size) -> recommend::Size {
    recommend::Size {
        n_customers: size.customers,
        n_items: size.products,
        n_events: size.sales,
    }
}

/// A customer's past and what they went on to buy.
pub(crate) struct Case {
    pub(crate) past: Vec<Event>,
    pub(crate) targets: Vec<u32>,
}

/// What a placement is measured on: pasts before `cut_days` and what was bought from then on.
///
/// for_you: products not bought before (or any, where the shop shows any); buy_again: products bought before;
/// popular: any; similar: new products, seen from the last product alone.
pub(crate) fn cases(
    placement: Placement,
    all: &Interactions,
    cut_days: f64,
    seen: Seen,
) -> Vec<Case> {
    all.histories()
        .filter_map(|history| {
            let split = history.partition_point(|e| e.at_days < cut_days);
            let (past, future) = history.split_at(split);
            if past.is_empty() || future.is_empty() {
                return None;
            }
            let mut held: Vec<u32> = past.iter().map(|e| e.item).collect();
            held.sort_unstable();
            let known = |item: u32| held.binary_search(&item).is_ok();
            let wanted = |item: u32| match placement {
                Placement::ForYou => seen == Seen::Allowed || !known(item),
                Placement::Similar => !known(item),
                Placement::BuyAgain => known(item),
                Placement::Popular | Placement::Complementary => true,
            };
            let mut targets: Vec<u32> = future
                .iter()
                .map(|e| e.item)
                .filter(|i| wanted(*i))
                .collect();
            targets.sort_unstable();
            targets.dedup();
            let past = if placement == Placement::Similar {
                past[past.len() - 1..].to_vec()
            } else {
                past.to_vec()
            };
            (!targets.is_empty()).then_some(Case { past, targets })
        })
        .collect()
}

/// What may be listed in a placement.
pub(crate) fn listable(placement: Placement, seen: Seen) -> Seen {
    match placement {
        Placement::ForYou => seen,
        Placement::Similar => Seen::Excluded,
        Placement::BuyAgain => Seen::Only,
        Placement::Popular | Placement::Complementary => Seen::Allowed,
    }
}

/// NDCG of each case, by lists over the full catalogue.
pub(crate) fn ndcg(fitted: &AnyFitted, cases: &[Case], as_of_days: f64, seen: Seen) -> Vec<f64> {
    per_case(fitted, cases, as_of_days, seen, RankingMetric::Ndcg)
}

/// A metric of each case, by lists over the full catalogue.
pub(crate) fn per_case(
    fitted: &AnyFitted,
    cases: &[Case],
    as_of_days: f64,
    seen: Seen,
    metric: RankingMetric,
) -> Vec<f64> {
    cases
        .par_iter()
        .map_init(
            || vec![0.0f32; fitted.n_items()],
            |scores, case| {
                let ranked = fitted.ranked(&case.past, as_of_days, LIST, seen, |_| true, scores);
                let listed: Vec<u32> = ranked
                    .map(|(_, list)| list.into_iter().map(|s| s.index).collect())
                    .unwrap_or_default();
                metric
                    .of(
                        &RankedCustomer {
                            targets: &case.targets,
                            listed: &listed,
                        },
                        LIST,
                    )
                    .unwrap_or(0.0)
            },
        )
        .collect()
}

/// By how much one method is ahead of another, unit by unit; `None` where there are too few to tell.
fn ahead(one: &[f64], other: &[f64], seed: u64) -> Option<Interval> {
    let bootstrap = Bootstrap {
        resamples: RESAMPLES,
        seed,
        ..Bootstrap::default()
    };
    paired_difference(one, other, &bootstrap).ok()
}

/// Whether the first is ahead of the second by more than the noise; a lead that cannot be told is none.
fn clearly_ahead(one: &[f64], other: &[f64], seed: u64) -> bool {
    ahead(one, other, seed).is_some_and(|lead| lead.low > 0.0)
}

/// The trial that is kept: the best, or one that is simpler and behind it by no more than the noise; of those the
/// simplest, and the better of two as simple. `values` hold the NDCG of each customer, by trial. Writes into each trial
/// how far it is behind the best.
fn kept(trials: &mut [Trial], values: &[Vec<f64>], seed: u64) -> Option<usize> {
    let by_ndcg = |a: &usize, b: &usize| {
        let ndcg = |t: usize| trials[t].ndcg.unwrap_or(0.0);
        // Of equals the first: candidates begin with the baseline.
        ndcg(*a).total_cmp(&ndcg(*b)).then(b.cmp(a))
    };
    let tried: Vec<usize> = (0..trials.len())
        .filter(|t| trials[*t].ndcg.is_some())
        .collect();
    let best = tried.iter().copied().max_by(by_ndcg)?;
    let about_as_good = |t: &usize| !clearly_ahead(&values[best], &values[*t], seed);
    let complexity = |t: usize| trials[t].method.complexity();
    let simpler = |t: &usize| complexity(*t) < complexity(best);
    let rivals = tried.iter().copied().filter(simpler).filter(about_as_good);
    let kept = rivals
        .min_by(|a, b| {
            let simplest = complexity(*a).cmp(&complexity(*b));
            simplest.then_with(|| by_ndcg(b, a))
        })
        .unwrap_or(best);
    for t in tried {
        trials[t].behind = ahead(&values[best], &values[t], seed).map(|lead| Estimate::Measured {
            point: lead.mean,
            low: lead.low,
            high: lead.high,
            units: lead.n_customers as u64,
        });
    }
    Some(kept)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// What the placements of one product learn with: from the history without its last days, and from all of it.
pub(crate) struct Fitters<'a> {
    pub(crate) earlier: Fitter<'a>,
    pub(crate) whole: Fitter<'a>,
}

/// Compares the candidates of a placement on the days from `cut_days` on and fits the best one to the whole history; a
/// simpler one where the best is ahead of it by no more than the noise.
///
/// The days compared lie inside the history: the days that the scorecard is measured on are not seen here.
pub(crate) fn choose(
    placement: Placement,
    all: &Interactions,
    cut_days: f64,
    settings: &Checked,
    fitters: &mut Fitters<'_>,
    seed: u64,
) -> Result<Chosen, FitError> {
    let mut cases = cases(placement, all, cut_days, settings.seen);
    let every = cases.len().div_ceil(CUSTOMERS_COMPARED).max(1);
    cases = cases.into_iter().step_by(every).collect();
    let size = recommend::Size {
        n_customers: all.n_customers() as u64,
        n_items: all.n_items() as u64,
        n_events: all.n_events() as u64,
    };
    let seen = listable(placement, settings.seen);
    let (mut trials, mut values) = (Vec::new(), Vec::new());
    for method in candidates_with(placement, seen, &settings.tuning) {
        let needed = schema::Bytes(method.memory_needed(&size));
        let mut trial = Trial {
            method,
            ndcg: None,
            behind: None,
            not_tried: None,
        };
        let mut of_customers = Vec::new();
        if needed > settings.memory_max {
            trial.not_tried = Some(format!(
                "needs {needed}, memory_max is {}",
                settings.memory_max
            ));
        } else if cases.is_empty() {
            trial.not_tried = Some(format!(
                "nobody bought for {} in the last days of the history",
                name(placement)
            ));
        } else {
            match fitters.earlier.fit(&trial.method) {
                Ok(fitted) => {
                    of_customers = ndcg(&fitted, &cases, cut_days, seen);
                    trial.ndcg = Some(mean(&of_customers));
                }
                Err(why) => trial.not_tried = Some(why.to_string()),
            }
        }
        trials.push(trial);
        values.push(of_customers);
    }
    // The baseline comes first, so it answers where nothing could be compared.
    let kept = kept(&mut trials, &values, seed).unwrap_or(0);
    let Some(kept) = trials.get(kept) else {
        return Err(FitError::TooLittle {
            what: "methods for the placement",
            found: 0,
            needed: 1,
        });
    };
    let method = kept.method.clone();
    let fitted = fitters.whole.fit(&method)?;
    Ok(Chosen {
        placement,
        method,
        fitted,
        trials,
        customers_compared: cases.len(),
    })
}

/// Length of a complement list that is measured.
pub(crate) const PAIRS: usize = 10;

/// Baskets measured; more would only narrow the interval.
const BASKETS_MEASURED: usize = 20_000;

/// Later baskets of two products or more: seen from the first, what else is in it?
pub(crate) fn basket_cases(all: &Interactions, cut_days: f64) -> Vec<Case> {
    let mut cases = Vec::new();
    for history in all.histories() {
        let from = history.partition_point(|e| e.at_days < cut_days);
        for basket in baskets(&history[from..]) {
            let first = basket[0];
            let mut targets: Vec<u32> = basket
                .iter()
                .map(|e| e.item)
                .filter(|i| *i != first.item)
                .collect();
            targets.sort_unstable();
            targets.dedup();
            if !targets.is_empty() {
                cases.push(Case {
                    past: vec![first],
                    targets,
                });
            }
        }
    }
    let every = cases.len().div_ceil(BASKETS_MEASURED).max(1);
    cases.into_iter().step_by(every).collect()
}

/// Whether one of the first products listed is in the rest of the basket, for each basket.
pub(crate) fn hits(cases: &[Case], listed: impl Fn(u32) -> Vec<u32>) -> Vec<f64> {
    let hit = |case: &Case| {
        let listed = listed(case.past[0].item);
        let case = RankedCustomer {
            targets: &case.targets,
            listed: &listed,
        };
        RankingMetric::HitRate.of(&case, PAIRS).unwrap_or(0.0)
    };
    cases.iter().map(hit).collect()
}

/// The order of complements that finds more of the last days' baskets.
pub(crate) fn order(
    all: &Interactions,
    as_of_days: f64,
    settings: &Checked,
    categories: Option<&[u32]>,
) -> Result<PairOrder, FitError> {
    let cut_days = as_of_days - f64::from(settings.held_out_days);
    let earlier = match Complements::fit(
        &all.before(cut_days),
        categories,
        &complement_params(settings),
    ) {
        Ok(earlier) => earlier,
        // Too young a shop to compare: the plain order.
        Err(recommend::FitError::NothingSeen { .. }) => return Ok(PairOrder::Lift),
        Err(other) => return Err(other.into()),
    };
    let cases = basket_cases(all, cut_days);
    let rate = |order: PairOrder| {
        let list = |item: u32| -> Vec<u32> {
            let pairs = ordered(earlier.of(item).unwrap_or_default(), order);
            pairs.iter().take(PAIRS).map(|(p, _)| p.item).collect()
        };
        mean(&hits(&cases, list))
    };
    Ok(if rate(PairOrder::Extra) > rate(PairOrder::Lift) {
        PairOrder::Extra
    } else {
        PairOrder::Lift
    })
}

#[cfg(test)]
mod tests {
    use super::super::body::POPULAR;
    use super::*;
    use models::recommend::{EaseParams, ItemKnnParams, Similarity};

    fn knn() -> Method {
        Method::ItemKnn(ItemKnnParams {
            similarity: Similarity::Cosine {
                alpha: 0.5,
                shrink: 10.0,
            },
            neighbours: 10,
            history: models::recommend::Decay::None,
            demand: None,
            fallback: POPULAR,
        })
    }

    fn ease() -> Method {
        Method::Ease(EaseParams {
            l2: 100.0,
            history: models::recommend::Decay::None,
            demand: None,
            neighbours: None,
            fallback: POPULAR,
        })
    }

    /// The method kept of some, whose NDCG per customer is a common spread and what each adds to every second one.
    fn kept_of(methods: &[(Method, f64)]) -> (Method, Vec<Trial>) {
        let spread = |customer: usize| (customer * 37 % 100) as f64 / 200.0;
        let values: Vec<Vec<f64>> = methods
            .iter()
            .enumerate()
            .map(|(n, (_, lead))| {
                let noise = |c: usize| {
                    if (c / (n + 1)).is_multiple_of(2) {
                        0.05
                    } else {
                        -0.05
                    }
                };
                (0..400).map(|c| spread(c) + noise(c) + lead).collect()
            })
            .collect();
        let mut trials: Vec<Trial> = methods
            .iter()
            .zip(&values)
            .map(|((method, _), values)| Trial {
                method: method.clone(),
                ndcg: Some(mean(values)),
                behind: None,
                not_tried: None,
            })
            .collect();
        let kept = kept(&mut trials, &values, 1).unwrap();
        (trials[kept].method.clone(), trials)
    }

    #[test]
    fn of_methods_within_the_noise_the_simplest_is_kept_and_beyond_it_the_best() {
        let popular = || Method::Popularity(POPULAR);
        let (kept, trials) = kept_of(&[(popular(), 0.0), (ease(), 0.105), (knn(), 0.1)]);
        assert_eq!(kept, knn());
        let behind: Vec<f64> = trials
            .iter()
            .map(|t| t.behind.as_ref().and_then(Estimate::point).unwrap())
            .collect();
        assert!(
            behind[0] > 0.09 && behind[1] == 0.0 && behind[2] > 0.0,
            "{behind:?}"
        );
        let (kept, _) = kept_of(&[(popular(), 0.0), (ease(), 0.15), (knn(), 0.1)]);
        assert_eq!(kept, ease());
        let (kept, _) = kept_of(&[(popular(), 0.0), (ease(), 0.005), (knn(), 0.002)]);
        assert_eq!(kept, popular());
    }
}
