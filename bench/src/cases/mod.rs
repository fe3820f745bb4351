//! The cases. To add one: a `static` in a file here, and its line below.

pub(crate) mod allocate;
pub(crate) mod api;
pub(crate) mod api_offers;
pub(crate) mod boost;
mod boutique;
pub(crate) mod build;
pub(crate) mod censored;
#[path = "../../../crates/comptoir/tests/it/clock.rs"]
mod clock;
pub(crate) mod coherent;
mod columns;
pub(crate) mod demand;
pub(crate) mod demand_million;
pub(crate) mod detection;
pub(crate) mod grocery;
pub(crate) mod jobs;
pub(crate) mod kill_anywhere;
pub(crate) mod launch;
pub(crate) mod local_models;
pub(crate) mod measure;
pub(crate) mod monitoring;
pub(crate) mod monitoring_cost;
pub(crate) mod portfolio;
pub(crate) mod portfolio_review;
pub(crate) mod program;
pub(crate) mod readout;
pub(crate) mod recommend;
mod recommend_data;
pub(crate) mod stock;
mod stock_shop;
pub(crate) mod uplift;
mod uplift_deciles;
mod uplift_econml;
pub(crate) mod value;

use crate::case::Case;

/// Every case, sorted by name.
pub(crate) static CASES: &[&Case] = &[
    &allocate::ALLOCATE_ONE_BUDGET,
    &allocate::ALLOCATE_STREAMED,
    &allocate::ALLOCATE_TEN_BUDGETS,
    &allocate::ALLOCATE_VS_HIGHS,
    &api::API_FOR_YOU,
    &api_offers::API_OFFERS,
    &boost::BOOST_VS_LIGHTGBM,
    &boutique::BOUTIQUE_ORDERS,
    &demand::CAR_PARTS_DEMAND,
    &portfolio::CAUSE_SPLIT,
    &value::CDNOW_BGNBD,
    &value::CDNOW_GAMMA_GAMMA,
    &value::CDNOW_HOLDOUT,
    &value::CDNOW_PARETO_NBD,
    &censored::CENSORED_DEMAND,
    &build::COLD_BUILD,
    &measure::CONFIDENCE_SEQUENCE_AA,
    &portfolio::DEALER_INCIDENTS,
    &uplift_deciles::DECILE_COVERAGE,
    &demand_million::DEMAND_MILLION,
    &program::DEMO_ONCE,
    &detection::DETECTION_DELAY,
    &uplift_econml::DR_VS_ECONML,
    &recommend::EASE_VS_NUMPY,
    &measure::EFFECT_COVERAGE,
    &grocery::GROCERY_PROMOTIONS,
    &measure::HILLSTROM_EFFECTS,
    &uplift::HILLSTROM_MENS_UPLIFT,
    &uplift::HILLSTROM_WOMENS_SPLITS,
    &uplift::HILLSTROM_WOMENS_UPLIFT,
    &recommend::IALS_VS_IMPLICIT,
    &jobs::JOBS_KILLED,
    &jobs::JOBS_TWO_SCHEDULERS,
    &kill_anywhere::KILL_ANYWHERE,
    &launch::LAUNCH_LAYERS,
    &local_models::LOCAL_MODELS_EQUAL,
    &local_models::LOCAL_MODELS_SPEED,
    &monitoring_cost::MONITORING_COST,
    &recommend::MOVIELENS_NEXT_ITEM,
    &measure::OPEN_BANDIT_OFFPOLICY,
    &portfolio_review::PORTFOLIO_DAY,
    &portfolio_review::PORTFOLIO_REVIEW,
    &monitoring::QUIET_PRODUCTS,
    &readout::READOUT_TEN_MILLION,
    &measure::READOUT_VS_GBSTATS,
    &coherent::RECONCILE_HUNDRED_THOUSAND,
    &coherent::RECONCILE_SMALL_TREE,
    &demand::ROSSMANN_DEMAND,
    &portfolio::SHADOW_UNDER_LOAD,
    &stock::STOCK_POLICIES,
    &stock::STOCK_PROPOSALS_MILLION,
    &portfolio::SWAP_UNDER_LOAD,
    &recommend::TAFENG_NEXT_BASKET,
    &program::UCI_IMPORT,
    &recommend::UCI_NEW_PRODUCTS,
    &program::UCI_RUN,
    &value::UCI_VALUE,
    &measure::UPLIFT_METRICS_VS_SKLIFT,
    &value::VALUE_FIT_MILLION,
    &value::VALUE_PLANTED_TRUTH,
    &demand::WALMART_DEMAND,
    &demand::WHOLESALER_DEMAND,
];
