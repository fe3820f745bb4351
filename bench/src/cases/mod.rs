//! The cases. To add one: a `static` in a file here, and its line below.

pub(crate) mod program;
pub(crate) mod recommend;
mod recommend_data;
pub(crate) mod value;

use crate::case::Case;

/// Every case, sorted by name.
pub(crate) static CASES: &[&Case] = &[
    &value::CDNOW_BGNBD,
    &value::CDNOW_GAMMA_GAMMA,
    &value::CDNOW_HOLDOUT,
    &value::CDNOW_PARETO_NBD,
    &program::DEMO_ONCE,
    &recommend::EASE_VS_NUMPY,
    &recommend::IALS_VS_IMPLICIT,
    &recommend::MOVIELENS_NEXT_ITEM,
    &recommend::TAFENG_NEXT_BASKET,
    &program::UCI_IMPORT,
    &recommend::UCI_NEW_PRODUCTS,
    &program::UCI_RUN,
    &value::UCI_VALUE,
    &value::VALUE_FIT_MILLION,
    &value::VALUE_PLANTED_TRUTH,
];
