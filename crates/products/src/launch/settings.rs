//! Settings of kind `launch`.

use crate::file::Raw;
use crate::trees::Trees;
use schema::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Days at the end of the history whose launches measure a version, 7 to 730.
    pub(crate) held_out_days: u32,
    /// Probability with which an interval holds the demand, 0.5 to 0.99.
    pub(crate) interval: f64,
    /// Share of its cost that a unit brings that is left over, where table `launches` does not say it; 0 to 0.99.
    pub(crate) salvage: f64,
    /// How trees grow; as is usual for the kind where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trees: Option<Trees>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            held_out_days: 90,
            interval: 0.8,
            salvage: 0.5,
            trees: None,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self, raw: &Raw) -> Result<(), ConfigError> {
        if !(7..=730).contains(&self.held_out_days) {
            return Err(raw.refuse("held_out_days", self.held_out_days, "7 to 730"));
        }
        if !(0.5..=0.99).contains(&self.interval) {
            return Err(raw.refuse("interval", self.interval, "0.5 to 0.99"));
        }
        if !(0.0..=0.99).contains(&self.salvage) {
            return Err(raw.refuse("salvage", self.salvage, "0 to 0.99"));
        }
        self.trees.unwrap_or_default().check(raw)
    }
}
