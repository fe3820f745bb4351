//! What a product promises: how it answers, how old it may be, how good it stays.

use schema::config::ConfigFile;
use schema::{AsOf, ConfigError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The table whose age is a promise of its own.
const SALES: &str = "sales";

/// What a product promises to those who ask it. `comptoir review` tells which promises are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Promises {
    /// Days over which answers are counted, the last ones: 1 to 366.
    pub period_days: u32,
    /// Milliseconds within which half of all answers leave, what it takes to log them included; no promise where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p50_ms: Option<u32>,
    /// Milliseconds within which 99 of 100 answers leave; `deadline_ms` and half of it again where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p99_ms: Option<u32>,
    /// Share of questions that get an answer: above 0, below 1.
    pub answered_share: f64,
    /// Share of answers that the version itself gives, and not its baseline in its place: above 0, below 1.
    pub version_share: f64,
    /// Days since the version learnt last, at most; no promise where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_age_days_max: Option<u32>,
    /// Days since the last sale that was imported, at most; no promise where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_age_days_max: Option<u32>,
    /// Of other tables that its kind reads, days since the last row by the table's own time, or since the last import that
    /// brought rows where it has none, at most: 1 to 3660; no promise where absent.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub table_age_days_max: BTreeMap<String, u32>,
    /// Days until all sales of a day are imported, so that what decisions led to can be told; 0 where they are there on
    /// the day after.
    pub label_delay_days: u16,
    /// Share of its quality at launch that it may lose before that is told: 0 to 1.
    pub quality_loss_max: f64,
    /// The day from which on decisions count as its quality at launch, for when what it is asked has changed for good; its
    /// first decisions where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub quality_since: Option<AsOf>,
    /// What it earns at least; no promise where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<ValuePromise>,
    /// Who is told when a promise is broken and the owner does not act; nobody where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation: Option<String>,
}

/// What a product earns at least, as an experiment measures it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValuePromise {
    /// The data product of kind `experiment` that measures it: the first of its outcomes is money.
    pub experiment: String,
    /// Money per `period_days`, in the shop's currency: above 0.
    pub at_least: f64,
}

impl Default for Promises {
    fn default() -> Self {
        Self {
            period_days: 28,
            latency_p50_ms: None,
            latency_p99_ms: None,
            answered_share: 0.999,
            version_share: 0.99,
            version_age_days_max: None,
            data_age_days_max: None,
            table_age_days_max: BTreeMap::new(),
            label_delay_days: 0,
            quality_loss_max: 0.1,
            quality_since: None,
            value: None,
            escalation: None,
        }
    }
}

impl Promises {
    /// Refuses ages of tables that its kind does not read, and those that no table has.
    ///
    /// - `reads`: tables that its kind reads.
    fn check_tables(&self, file: &ConfigFile, reads: &[&str]) -> Result<(), ConfigError> {
        const DAYS: std::ops::RangeInclusive<u32> = 1..=3660;
        for (table, days) in &self.table_age_days_max {
            let refuse = |found: String, allowed: String| {
                Err(file.refuse(&["promises", "table_age_days_max", table], found, allowed))
            };
            if table == SALES {
                let allowed = "`data_age_days_max`, which is of sales";
                return refuse(format!("table {table:?}"), allowed.to_owned());
            }
            if !reads.contains(&table.as_str()) {
                let others = reads.iter().copied().filter(|of| *of != SALES);
                let others: Vec<&str> = others.collect();
                let allowed = if others.is_empty() {
                    "none: its kind reads sales alone, of which `data_age_days_max` is".to_owned()
                } else {
                    format!("tables that its kind reads: {}", others.join(", "))
                };
                return refuse(format!("table {table:?}"), allowed);
            }
            if !DAYS.contains(days) {
                return refuse(
                    days.to_string(),
                    format!("{} to {}", DAYS.start(), DAYS.end()),
                );
            }
        }
        Ok(())
    }

    /// Refuses what cannot be promised, and what contradicts itself or the deadline.
    ///
    /// - `reads`: tables that its kind reads.
    pub(crate) fn check(
        &self,
        file: &ConfigFile,
        deadline_ms: u64,
        reads: &[&str],
    ) -> Result<(), ConfigError> {
        self.check_tables(file, reads)?;
        const PERIOD_DAYS: std::ops::RangeInclusive<u32> = 1..=366;
        let refuse = |key: &str, found: String, allowed: String| {
            Err(file.refuse(&["promises", key], found, allowed))
        };
        if !PERIOD_DAYS.contains(&self.period_days) {
            return refuse(
                "period_days",
                self.period_days.to_string(),
                format!("{} to {}", PERIOD_DAYS.start(), PERIOD_DAYS.end()),
            );
        }
        for (key, share) in [
            ("answered_share", self.answered_share),
            ("version_share", self.version_share),
        ] {
            if !(share > 0.0 && share < 1.0) {
                let allowed = "above 0 and below 1: what is left to 1 is what may go wrong";
                return refuse(key, share.to_string(), allowed.to_owned());
            }
        }
        if !(0.0..=1.0).contains(&self.quality_loss_max) {
            let found = self.quality_loss_max.to_string();
            return refuse("quality_loss_max", found, "0 to 1".to_owned());
        }
        if let Some(value) = &self.value
            && !(value.at_least > 0.0 && value.at_least.is_finite())
        {
            return refuse(
                "value",
                format!("`at_least` of {}", value.at_least),
                "an amount above 0".to_owned(),
            );
        }
        let of_99 = self.latency_p99(deadline_ms);
        if of_99 < deadline_ms {
            return refuse(
                "latency_p99_ms",
                of_99.to_string(),
                format!(
                    "at least `deadline_ms`, {deadline_ms}: a version may take as long as that"
                ),
            );
        }
        match self.latency_p50_ms {
            Some(half) if half == 0 || u64::from(half) > of_99 => refuse(
                "latency_p50_ms",
                half.to_string(),
                format!("1 to {of_99}, within which 99 of 100 answers leave"),
            ),
            _ => Ok(()),
        }
    }

    /// Milliseconds within which 99 of 100 answers leave.
    #[must_use]
    pub fn latency_p99(&self, deadline_ms: u64) -> u64 {
        self.latency_p99_ms
            .map_or(deadline_ms + deadline_ms / 2, u64::from)
    }
}
