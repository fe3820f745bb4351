//! Where lists are shown, and the methods worth comparing for each place.

use serde::{Deserialize, Serialize};

use super::ease::EaseParams;
use super::frequency::FrequencyParams;
use super::ials::{IalsParams, ImplicitCells, Unobserved};
use super::interactions::Decay;
use super::item_knn::{ItemKnnParams, Similarity};
use super::method::{BlendMember, Method, Seen};
use super::next_item::{NextItemParams, TransitionParams};
use super::popularity::{PopularityParams, RecentDemand};

/// Where in the shop a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Under a product: what could be bought instead.
    Similar,
    /// Beside a product or a basket: what goes with it. Answered by [`super::Complements`].
    Complementary,
    /// On the customer's page: what they do not have yet.
    ForYou,
    /// On the customer's page: what they will want again.
    BuyAgain,
    /// For anybody.
    Popular,
}

/// Half-life of popularity in the baseline, days: a fortnight follows a season and still counts enough sales.
const POPULAR_HALF_LIFE_DAYS: f32 = 14.0;

/// Weights kept per item in the candidates: on the UCI set the cut costs .0006 of an NDCG@20 of .121
/// (`bench`, case `uci_new_products`), and a customer's scores read a tenth of the dense rows.
const NEIGHBOURS: u32 = 400;

/// What methods are tried with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Penalty of EASE, above 0.
    pub ease_l2: f64,
    /// Half-life of what a customer bought, where methods for the customer's page count it by the day; days, above 0.
    pub history_half_life_days: f32,
    /// Half-life of what sells now, days, above 0.
    pub demand_half_life_days: f32,
    /// Exponent of what sells now, 0 or more.
    pub demand_exponent: f32,
    /// Length of a factor of iALS, at least 1.
    pub ials_factors: u32,
    /// Penalty of iALS, above 0.
    pub ials_l2: f64,
    /// Weight of a product that a customer has not bought in iALS, above 0.
    pub ials_unobserved_weight: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            ease_l2: 300.0,
            history_half_life_days: 200.0,
            demand_half_life_days: 15.0,
            demand_exponent: 1.0,
            ials_factors: 64,
            ials_l2: 0.003,
            ials_unobserved_weight: 0.1,
        }
    }
}

/// Coordinates of iALS that are solved at once at most.
const BLOCK_MAX: u32 = 64;

/// Methods worth comparing for a placement, as they are tried unless something else is asked for.
#[must_use]
pub fn candidates(placement: Placement, seen: Seen) -> Vec<Method> {
    candidates_with(placement, seen, &Tuning::default())
}

/// Methods worth comparing for a placement, the popularity baseline first; small enough to try them all.
///
/// `seen` says whether a list for the customer may hold what they bought before: where it may, their own frequency is
/// among the methods, and in groceries it is most of what can be known.
/// Empty for [`Placement::Complementary`]: pairs are ranked by [`super::Complements`].
#[must_use]
pub fn candidates_with(placement: Placement, seen: Seen, tuning: &Tuning) -> Vec<Method> {
    let popular = PopularityParams {
        decay: Decay::PerDay {
            half_life_days: POPULAR_HALF_LIFE_DAYS,
        },
    };
    let mut methods = vec![Method::Popularity(popular)];
    match placement {
        Placement::Complementary => methods.clear(),
        Placement::Popular => methods.extend([3.0, 7.0, 30.0, 90.0].map(|half_life_days| {
            Method::Popularity(PopularityParams {
                decay: Decay::PerDay { half_life_days },
            })
        })),
        Placement::BuyAgain => methods.extend(buy_again(popular)),
        Placement::Similar => methods.extend([
            ease(popular, tuning.ease_l2, Decay::None, None),
            knn(popular, COSINE, Decay::None, None),
            knn(popular, RP3_BETA, Decay::None, None),
        ]),
        Placement::ForYou => {
            if seen == Seen::Allowed {
                methods.extend(own_frequency(popular));
            }
            methods.extend(for_you(popular, tuning));
        }
    }
    methods
}

fn buy_again(popular: PopularityParams) -> Vec<Method> {
    let mut methods = Vec::new();
    let histories = [
        Decay::None,
        Decay::PerBasket { kept: 0.97 },
        Decay::PerBasket { kept: 0.9 },
        Decay::PerDay {
            half_life_days: 90.0,
        },
    ];
    for history in histories {
        for waits_for_interval in [false, true] {
            let (prior, prior_purchases) = (popular, 100.0);
            methods.push(Method::Frequency(FrequencyParams {
                history,
                prior_purchases,
                prior,
                waits_for_interval,
            }));
        }
    }
    methods
}

/// The customer's own frequency, with the shop's behind it: baskets of groceries are mostly what was in them before.
fn own_frequency(popular: PopularityParams) -> Vec<Method> {
    let latest_baskets = PopularityParams {
        decay: Decay::PerBasket { kept: 0.6 },
    };
    let histories = [
        Decay::None,
        Decay::PerBasket { kept: 0.97 },
        Decay::PerBasket { kept: 0.9 },
    ];
    let mut methods = Vec::new();
    for history in histories {
        for prior in [popular, latest_baskets] {
            for prior_purchases in [100.0, 200.0] {
                methods.push(Method::Frequency(FrequencyParams {
                    history,
                    prior_purchases,
                    prior,
                    waits_for_interval: false,
                }));
            }
        }
    }
    methods
}

fn for_you(popular: PopularityParams, tuning: &Tuning) -> Vec<Method> {
    let now = Some(RecentDemand {
        half_life_days: tuning.demand_half_life_days,
        exponent: tuning.demand_exponent,
    });
    let season = Decay::PerDay {
        half_life_days: tuning.history_half_life_days,
    };
    let recent = Decay::PerBasket { kept: 0.8 };
    let transitions = |demand| {
        Method::Transitions(TransitionParams {
            window_baskets: 10,
            gap_exponent: 0.8,
            from_exponent: 0.7,
            to_exponent: 0.2,
            history: recent,
            demand,
            neighbours: Some(NEIGHBOURS),
            fallback: popular,
        })
    };
    let next_item = Method::NextItem(NextItemParams {
        l2: 500.0,
        context_kept: 0.8,
        window_baskets: 15,
        to_exponent: 0.15,
        history: recent,
        demand: None,
        neighbours: Some(NEIGHBOURS),
        fallback: popular,
    });
    vec![
        ease(popular, 1000.0, season, now),
        // Those of one penalty together: a `Fitter` solves them once.
        ease(popular, tuning.ease_l2, Decay::None, None),
        ease(popular, tuning.ease_l2, season, now),
        knn(popular, COSINE, season, now),
        knn(popular, RP3_BETA, season, now),
        transitions(None),
        transitions(now),
        Method::Blend(vec![
            BlendMember {
                weight: 1.0,
                method: next_item,
            },
            BlendMember {
                weight: 0.3,
                method: ease(
                    popular,
                    tuning.ease_l2,
                    Decay::PerBasket { kept: 0.97 },
                    None,
                ),
            },
        ]),
        Method::Ials(IalsParams {
            rank: tuning.ials_factors,
            block: tuning.ials_factors.min(BLOCK_MAX),
            epochs: 16,
            cells: ImplicitCells {
                unobserved: Unobserved::EveryCell,
                unobserved_weight: tuning.ials_unobserved_weight,
                observed_weight: 1.0,
                l2: tuning.ials_l2,
                l2_frequency_exponent: 1.0,
            },
            init_scale: 0.1,
            history: Decay::None,
            fallback: popular,
        }),
    ]
}

fn ease(
    fallback: PopularityParams,
    l2: f64,
    history: Decay,
    demand: Option<RecentDemand>,
) -> Method {
    Method::Ease(EaseParams {
        l2,
        history,
        demand,
        neighbours: Some(NEIGHBOURS),
        fallback,
    })
}

const COSINE: Similarity = Similarity::Cosine {
    alpha: 0.5,
    shrink: 10.0,
};

/// Plain steps of the walk; its ends are divided by little more than the root of their count.
const RP3_BETA: Similarity = Similarity::Rp3Beta {
    alpha: 1.0,
    beta: 0.6,
};

fn knn(
    fallback: PopularityParams,
    similarity: Similarity,
    history: Decay,
    demand: Option<RecentDemand>,
) -> Method {
    Method::ItemKnn(ItemKnnParams {
        similarity,
        neighbours: NEIGHBOURS,
        history,
        demand,
        fallback,
    })
}
