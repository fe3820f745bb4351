//! Who is worth treating: how well scores rank customers by the effect of a treatment.
//!
//! Scores must come from other customers than those they are judged on.

mod calibration;
mod curves;
mod policy;
mod rate;
mod scores;

pub use calibration::{Calibration, CalibrationError, Group, calibration};
pub use curves::{CurvePoint, Top, TopOf, Trial, TrialError, area_under};
pub use policy::{Policies, PolicyError, policy_value};
pub use rate::{RateError, Weighting, rate};
pub use scores::{AipwScores, ScoresError, Units};
