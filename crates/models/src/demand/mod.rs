//! Demand: what will sell in each period to come, of many series at once, with intervals and with what moves it.
//!
//! - [`Panel`]: series of equal periods, with what is known of the periods to come: openings, promotions, prices.
//! - [`local`]: methods that forecast each series from itself: ETS, Theta, STL, Croston SBA, TSB,
//!   ADIDA.
//! - [`Naive`]: what anybody could forecast; what must be beaten.
//! - [`Boosted`]: one model of all series. Trees see a series and a period relative to the level of the series.
//! - [`Forecaster`]: the candidate that did best on the last periods of the history, with quantiles from how far off it
//!   was there, and with a forecast told apart into what drives it.
//! - [`Agreement`]: forecasts of series that agree with forecasts of the groups that they add up to.
//! - [`Answers`]: what the weather does to sales, learnt from the past.
//! - [`Totals`]: how far off sums of forecasts are, group by group.
//!
//! A period in which a series could not sell (closed, out of stock) is not a period of no demand: it is not known. Where
//! the stock ran out at least what was sold was asked for: [`unconstrain`].
//!
//! # Source
//! Makridakis, Spiliotis, Assimakopoulos (2022) for boosted trees over many series, direct by horizon; Vovk, Gammerman,
//! Shafer (2005) for quantiles.

mod agreement;
mod alike;
mod alone;
mod boosted;
mod calendar;
mod candidate;
mod censored;
mod columns;
mod counted;
mod error;
mod examples;
mod forecast;
mod forecaster;
mod held_out;
mod limits;
pub mod local;
mod meaning;
mod method;
mod naive;
mod panel;
mod plans;
mod pooled;
mod promoted;
mod quantiles;
mod recent;
mod scale;
mod score;
mod segments;
mod spread;
mod standing;
mod summed;
mod totals;
mod weather;

pub use agreement::{Agreement, LevelError, Weighing};
pub use boosted::{Boosted, Settings};
pub use censored::unconstrain;
pub use error::{FitError, PanelError};
pub use examples::Examples;
pub use forecast::Forecast;
pub use forecaster::{Forecaster, Trial};
pub use held_out::HeldOut;
pub use meaning::{Driver, Meaning};
pub use method::{Method, Part};
pub use naive::Naive;
pub use panel::{Known, Panel, Role, Step};
pub use promoted::{Change, Effect, Plan, Promoted, promoted};
pub use scale::Scale;
pub use score::{LEVELS, pinball, quantile_loss};
pub use segments::{Segment, Sort};
pub use totals::{Basis, Totals};
pub use weather::{Answer, Answers, FIGURES, Place, TakeIn, Told, Weather, WeatherTrial};
