//! Settings of kind `segments`.

use crate::file::Raw;
use models::segments::Params;
use schema::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Days at the end of the history that are held out to measure a version, 14 to 730.
    pub(crate) held_out_days: u32,
    /// Fewest groups tried, from 2.
    pub(crate) segments_min: usize,
    /// Most groups tried, up to 20.
    pub(crate) segments_max: usize,
    /// Resamples on which a number of groups must come back, 2 to 1000.
    pub(crate) bootstraps: usize,
    /// Most rules that describe the groups, 2 to 64.
    pub(crate) rules_max: usize,
    /// Share of customers that the rules should place as the groups do, above 0 up to 1.
    pub(crate) rule_fidelity: f64,
}

impl Default for Settings {
    fn default() -> Self {
        let params = Params::default();
        Self {
            held_out_days: 90,
            segments_min: params.k_min,
            segments_max: params.k_max,
            bootstraps: params.bootstraps,
            rules_max: params.rules_max,
            rule_fidelity: params.rule_fidelity,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self, raw: &Raw) -> Result<(), ConfigError> {
        if !(14..=730).contains(&self.held_out_days) {
            return Err(raw.refuse("held_out_days", self.held_out_days, "14 to 730"));
        }
        if let Err(models::segments::FitError::NotAllowed {
            key,
            found,
            allowed,
        }) = self.params().check()
        {
            let key = match key {
                "k_min" => "segments_min",
                "k_max" => "segments_max",
                other => other,
            };
            return Err(raw.refuse(key, found, allowed));
        }
        Ok(())
    }

    pub(crate) fn params(&self) -> Params {
        Params {
            k_min: self.segments_min,
            k_max: self.segments_max,
            bootstraps: self.bootstraps,
            rules_max: self.rules_max,
            rule_fidelity: self.rule_fidelity,
            ..Params::default()
        }
    }
}
