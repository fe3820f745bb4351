//! What would this new offer do to what customers are worth?
//!
//! A question is one file: to whom it applies, what it costs, and what it does, measured or assumed. The answer joins the
//! champion that values customers with the effect, takes off what is only pulled forward and what it costs, and says how
//! sure that is and from where on it pays.

mod answer;
mod books;
mod break_even;
mod check;
mod depth;
mod effect;
mod error;
mod file;
mod measured;
mod simulate;
mod told;

pub use answer::{
    Amount, Answer, Applies, Basis, BreakEven, Clv, Cost, Decile, EffectPart, Pulled, PulledBasis,
    Share, Verdict,
};
pub use check::NamedProduct;
pub use error::WhatIfError;
pub use file::{AssumedFile, CostFile, EffectFile, MeasuredFile, Range, WhatIf, WhatIfFile};
pub use measured::NoEffect;
pub(crate) use measured::{Measured, Normal, arm_among, outcome_among};
pub use simulate::Question;
