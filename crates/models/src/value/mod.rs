//! What a customer is worth: who is still a customer, what they will buy, and for how much.
//!
//! - [`History`]: who bought on which days; [`Summary`]: one customer's past in three numbers.
//! - [`BgNbd`], [`ParetoNbd`], [`SeasonalBgNbd`]: how often, fitted by maximum likelihood; each gives an
//!   [`Outlook`] per customer, with exact predictive probabilities.
//! - [`Amounts`]: how much per order, by [`GammaGamma`] where amounts differ.
//! - [`choose`]: which of the models, by a hold-out inside the history, beside two baselines.
//! - [`worth`]: both together over a horizon, discounted, with an interval; [`cohorts`]: the same by first month.
//! - [`Prospects`]: the same customers as an offer or a rule would change them.

mod amounts;
mod bg_nbd;
mod check;
mod choose;
mod cohort;
mod estimate;
mod gamma_gamma;
mod history;
mod outlook;
mod pareto_nbd;
mod score;
mod seasonal;
mod seasonal_likelihood;
mod shop_calendar;
mod summary;
mod what_if;
mod worth;

pub use amounts::Amounts;
pub use bg_nbd::{BgNbd, BgNbdParameters};
pub use choose::{
    Candidate, Choice, ChooseError, Fitted, HeldOut, Trial, TrialResult, choose, suitable_hold_out,
};
pub use cohort::{Cohort, CohortMonth, cohorts};
pub use estimate::{CUSTOMERS_MIN, Convergence, FitError, Parameter, ParameterInterval};
pub use gamma_gamma::{GammaGamma, GammaGammaParameters, MeanOrder, Spend};
pub use history::{Cut, History, HistoryError};
pub use outlook::{Alive, CountInterval, Leaving, Outlook};
pub use pareto_nbd::{ParetoNbd, ParetoNbdParameters};
pub use score::Score;
pub use seasonal::{HISTORY_DAYS_MIN, SeasonalBgNbd, SeasonalParameters};
pub use shop_calendar::ShopCalendar;
pub use summary::{Summary, SummaryError};
pub use what_if::{Bought, Change, Changed, Prospects, Schedule};
pub use worth::{Question, Value, WhyNoValue, Worth, WorthError, worth};

/// Share of repetitions in which the interval of a parameter holds the truth.
pub const PARAMETER_LEVEL: f64 = 0.95;
