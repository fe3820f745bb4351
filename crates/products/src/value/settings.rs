//! Settings of kind `value`.

use crate::file::Raw;
use schema::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Days at the end of the history that are held out to measure a version, 14 to 730.
    pub(crate) held_out_days: u32,
    /// Days ahead that the value covers, 1 to 3650.
    pub(crate) horizon_days: u32,
    /// Yearly discount rate, -0.5 to 5.
    pub(crate) discount_per_year: f64,
    /// Probability with which an interval holds the truth, 0.5 to 0.99.
    pub(crate) interval: f64,
    /// Futures drawn per customer for the interval of the value, 100 to 100000; more for a wider interval.
    pub(crate) draws: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            held_out_days: 90,
            horizon_days: 365,
            discount_per_year: 0.1,
            interval: 0.8,
            draws: 400,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self, raw: &Raw) -> Result<(), ConfigError> {
        if !(14..=730).contains(&self.held_out_days) {
            return Err(raw.refuse("held_out_days", self.held_out_days, "14 to 730"));
        }
        if !(1..=3650).contains(&self.horizon_days) {
            return Err(raw.refuse("horizon_days", self.horizon_days, "1 to 3650"));
        }
        if !(-0.5..=5.0).contains(&self.discount_per_year) {
            return Err(raw.refuse("discount_per_year", self.discount_per_year, "-0.5 to 5"));
        }
        if !(0.5..=0.99).contains(&self.interval) {
            return Err(raw.refuse("interval", self.interval, "0.5 to 0.99"));
        }
        // Five draws must lie beyond each end of the interval.
        let needed = ((10.0 / (1.0 - self.interval)).ceil() as u32).max(100);
        if !(needed..=100_000).contains(&self.draws) {
            return Err(raw.refuse(
                "draws",
                self.draws,
                format!("{needed} to 100000 for an interval of {}", self.interval),
            ));
        }
        Ok(())
    }
}
