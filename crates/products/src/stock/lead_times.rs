//! How long orders take to arrive: what receipts taught, what suppliers promise, what the settings say.

use super::settings::{LeadTimeUnknown, Settings};
use decisions::stock::lead_time::{self, Receipt};
use features::supply::{Replenishment, Supply, Terms};
use schema::AsOf;
use schema::time::date_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Receipts of its own that the receipts of all suppliers count for.
const POOLED_AS: f64 = 5.0;

/// Longer ones are mistakes.
const DAYS_MAX: i32 = 365;

/// Days that an order takes, each with its probability.
pub(super) type LeadTime = Vec<(u32, f64)>;

/// What says how long an order takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToldBy {
    /// So many receipts of the supplier.
    Receipts(usize),
    /// The terms of supply.
    Terms,
    /// The settings: nothing is known of it.
    Settings,
}

/// How long an order takes, and what says so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) days: LeadTime,
    pub(super) by: ToldBy,
}

/// What receipts taught of each supplier.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LeadTimes {
    /// By supplier that sent something.
    of: BTreeMap<String, Own>,
    /// Where nothing else tells it; `None` where it is then unknown.
    fallback_days: Option<u32>,
}

/// Of one supplier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Own {
    days: LeadTime,
    receipts: usize,
}

impl LeadTimes {
    /// From everything that was ordered before a day. What has not arrived tells that it takes longer.
    pub(super) fn learn(supply: &Supply, as_of: AsOf, settings: &Settings) -> Self {
        let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
        let mut receipts = Vec::new();
        for sent in &supply.replenishments {
            let Some(supplier) = &sent.supplier else {
                continue;
            };
            let days = sent.received.map_or(as_of.epoch_day(), |(on, _)| on) - sent.ordered_on;
            // What is ordered today tells nothing yet.
            if days > DAYS_MAX || sent.ordered_on >= as_of.epoch_day() {
                continue;
            }
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            receipts.push(Receipt {
                supplier: *numbers.entry(supplier).or_insert(next),
                ordered: date_of(sent.ordered_on),
                received: sent.received.map(|(on, _)| date_of(on)),
            });
        }
        let learnt = lead_time::LeadTimes::learn(&receipts, as_of.0, POOLED_AS).ok();
        let of = numbers.into_iter().filter_map(|(supplier, number)| {
            let learnt = learnt.as_ref()?.of(number);
            let lead_time::Basis::Own { received, .. } = learnt.basis else {
                return None;
            };
            let own = Own {
                days: learnt.lead_time.each().filter(|(_, p)| *p > 0.0).collect(),
                receipts: received,
            };
            Some((supplier.to_owned(), own))
        });
        Self {
            of: of.collect(),
            fallback_days: match settings.lead_time_unknown {
                LeadTimeUnknown::Assume => Some(settings.lead_time_days),
                LeadTimeUnknown::Refuse => None,
            },
        }
    }

    /// Of a supplier: its receipts; else what it promises; else what the settings say, where they say it.
    pub(super) fn of(&self, supplier: Option<&str>, terms: Option<&Terms>) -> Option<Told> {
        if let Some(own) = supplier.and_then(|supplier| self.of.get(supplier)) {
            return Some(Told {
                days: own.days.clone(),
                by: ToldBy::Receipts(own.receipts),
            });
        }
        let promised = terms.and_then(|terms| terms.lead_time_days);
        let promised = promised.map(|days| (days, ToldBy::Terms));
        let assumed = || Some((self.fallback_days?, ToldBy::Settings));
        let (days, by) = promised.or_else(assumed)?;
        Some(Told {
            days: vec![(days, 1.0)],
            by,
        })
    }

    /// Days that an order takes that nobody promised a day of: the median of its supplier.
    pub(super) fn usual(&self, sent: &Replenishment) -> Option<u32> {
        let lead = self.of(sent.supplier.as_deref(), None)?;
        let mut below = 0.0;
        let median = lead.days.iter().find(|(_, share)| {
            below += share;
            below >= 0.5
        });
        median.map(|(days, _)| *days)
    }

    /// Suppliers that are known by their receipts, with how many there were.
    pub(super) fn learnt(&self) -> impl Iterator<Item = (&str, usize)> {
        self.of
            .iter()
            .map(|(supplier, own)| (supplier.as_str(), own.receipts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_older_versions_fell_back_to_is_read() {
        let kept = r#"{"of":{},"fallback_days":7}"#;
        let old: LeadTimes = serde_json::from_str(kept).unwrap();
        let told = old.of(None, None).unwrap();
        assert_eq!((told.days, told.by), (vec![(7, 1.0)], ToldBy::Settings));
        let none = LeadTimes {
            fallback_days: None,
            ..old
        };
        assert_eq!(none.of(None, None), None);
    }
}
