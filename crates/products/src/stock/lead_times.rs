//! How long orders take to arrive: what receipts taught, what suppliers promise, what the settings say.

use super::settings::Settings;
use features::supply::{Replenishment, Supply, Terms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Receipts from which a supplier is known by its own.
const RECEIPTS_MIN: usize = 10;

/// Longer ones are mistakes.
const DAYS_MAX: u32 = 365;

/// Days that orders took, each with its share.
pub(super) type LeadTime = Vec<(u32, f64)>;

/// What receipts taught of each supplier.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LeadTimes {
    /// By supplier: days and how many orders took them.
    of: BTreeMap<String, BTreeMap<u32, u32>>,
    /// Where nothing else tells it.
    fallback_days: u32,
}

impl LeadTimes {
    /// From everything that has arrived.
    pub(super) fn learn(supply: &Supply, settings: &Settings) -> Self {
        let mut of: BTreeMap<String, BTreeMap<u32, u32>> = BTreeMap::new();
        for sent in &supply.replenishments {
            let days = sent
                .received
                .and_then(|(on, _)| u32::try_from(on - sent.ordered_on).ok())
                .filter(|days| *days <= DAYS_MAX);
            if let (Some(supplier), Some(days)) = (&sent.supplier, days) {
                let counts = of.entry(supplier.clone()).or_default();
                *counts.entry(days).or_default() += 1;
            }
        }
        Self {
            of,
            fallback_days: settings.lead_time_days,
        }
    }

    /// Of a supplier: its receipts, where there are enough; else what it promises; else what the settings say.
    pub(super) fn of(&self, supplier: Option<&str>, terms: Option<&Terms>) -> Option<LeadTime> {
        let learnt = supplier.and_then(|supplier| self.of.get(supplier));
        if let Some(counts) = learnt {
            let all: u32 = counts.values().sum();
            if all as usize >= RECEIPTS_MIN {
                let share = |(days, n): (&u32, &u32)| (*days, f64::from(*n) / f64::from(all));
                return Some(counts.iter().map(share).collect());
            }
        }
        let promised = terms.and_then(|terms| terms.lead_time_days);
        Some(vec![(promised.unwrap_or(self.fallback_days), 1.0)])
    }

    /// Days that an order takes that nobody promised a day of: the median of its supplier.
    pub(super) fn usual(&self, sent: &Replenishment) -> Option<u32> {
        let lead = self.of(sent.supplier.as_deref(), None)?;
        let mut below = 0.0;
        let median = lead.iter().find(|(_, share)| {
            below += share;
            below >= 0.5
        });
        median.map(|(days, _)| *days)
    }

    /// Suppliers that are known by their receipts, with how many there were.
    pub(super) fn learnt(&self) -> impl Iterator<Item = (&str, u32)> {
        self.of
            .iter()
            .map(|(supplier, counts)| (supplier.as_str(), counts.values().sum()))
    }
}
