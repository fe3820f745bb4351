//! How products answered within the period that they promise for, from the records that their servers wrote.

use super::ByProduct;
use crate::Workshop;
use jiff::{SignedDuration, Timestamp};
use monitoring::latency::Snapshot;
use registry::{Registry, ServiceRecord, StoreError};
use schema::Probability;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Records are kept as they were written for so many days, then by the hour.
const FOLDED_AFTER_DAYS: i64 = 4;

/// And after so many by the day.
const DAYS_AFTER_DAYS: i64 = 40;

/// Answers of one product within its period and within the one before.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Service {
    /// The last days.
    pub period: Answered,
    /// The days before those.
    pub before: Answered,
    /// Answers that each version gave within the period.
    pub by_version: BTreeMap<u32, u64>,
    /// What happened, in the order in which it did.
    #[serde(skip)]
    pub(super) records: Vec<Slot>,
}

/// Answers of some days.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Answered {
    /// Questions that got an answer.
    pub answered: u64,
    /// Questions that got none.
    pub unanswered: u64,
    /// Answers that the baseline gave in place of the version.
    pub fallbacks: u64,
    /// Half of the answers were there within so many milliseconds; absent where nothing was timed.
    pub p50_ms: Option<f64>,
    /// 99 of 100 were.
    pub p99_ms: Option<f64>,
    /// Of these, how many were timed: single questions are.
    pub timed: u64,
    #[serde(skip)]
    times: Snapshot,
}

/// Answers of some minutes.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) began_at: Timestamp,
    pub(super) answered: u64,
    pub(super) unanswered: u64,
    pub(super) fallbacks: u64,
    pub(super) times: Snapshot,
}

impl Answered {
    fn add(&mut self, slot: &Slot) {
        self.answered += slot.answered;
        self.unanswered += slot.unanswered;
        self.fallbacks += slot.fallbacks;
        self.times.merge(&slot.times);
    }

    fn timed(mut self) -> Self {
        let ms = |q: f64| {
            let time: Option<Duration> = Probability::new(q)
                .ok()
                .and_then(|q| self.times.quantile(q));
            time.map(|time| time.as_secs_f64() * 1000.0)
        };
        (self.p50_ms, self.p99_ms) = (ms(0.5), ms(0.99));
        self.timed = self.times.count();
        self
    }

    /// Share of the answers that the version gave itself; `None` where there was no answer.
    #[must_use]
    pub fn by_version(&self) -> Option<f64> {
        share(self.answered - self.fallbacks, self.answered)
    }

    /// Share of the questions that got an answer; `None` where nothing was asked.
    #[must_use]
    pub fn answered_share(&self) -> Option<f64> {
        share(self.answered, self.answered + self.unanswered)
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn before(now: Timestamp, n: i64) -> Timestamp {
    now.checked_sub(days(n)).unwrap_or(Timestamp::MIN)
}

/// Each product's answers within its period; a product that was not asked is left out.
pub(super) async fn of_products(
    workshop: &Workshop,
    now: Timestamp,
) -> Result<ByProduct<Service>, StoreError> {
    let headers = workshop.project.products.iter().map(|p| p.header());
    let periods: ByProduct<i64> = headers
        .map(|h| (h.name.clone(), i64::from(h.promises.period_days)))
        .collect();
    let longest = periods.values().max().copied().unwrap_or(0);
    let found = workshop
        .registry
        .service(before(now, 2 * longest), now)
        .await?;
    let mut of: ByProduct<Service> = BTreeMap::new();
    for record in found {
        let Some(period) = periods.get(&record.product) else {
            continue;
        };
        let began_at = record.began_at;
        let slot = Slot {
            began_at,
            answered: record.answered,
            unanswered: record.unanswered,
            fallbacks: record.fallbacks,
            times: Snapshot::from_bytes(&record.times).unwrap_or_default(),
        };
        let of = of.entry(record.product).or_default();
        if began_at >= before(now, *period) {
            of.period.add(&slot);
            *of.by_version.entry(record.version).or_default() += record.answered;
            of.records.push(slot);
        } else if began_at >= before(now, 2 * period) {
            of.before.add(&slot);
        }
    }
    for service in of.values_mut() {
        service.period = std::mem::take(&mut service.period).timed();
        service.before = std::mem::take(&mut service.before).timed();
    }
    Ok(of)
}

/// Puts records of an hour in the place of those of minutes once they are old, and of a day in the place of hours:
/// a portfolio that is asked all the time would else leave five million a year.
///
/// # Errors
/// [`StoreError`] when the registry cannot be used; everything is as before then.
pub async fn fold(registry: &Registry, now: Timestamp) -> Result<(), StoreError> {
    const HOUR: i64 = 3600;
    let (hours, of_days) = (
        begin(before(now, FOLDED_AFTER_DAYS), 24 * HOUR),
        begin(before(now, DAYS_AFTER_DAYS), 24 * HOUR),
    );
    registry
        .fold_service(of_days, hours, |records| folded(records, HOUR))
        .await?;
    registry
        .fold_service(Timestamp::UNIX_EPOCH, of_days, |records| {
            folded(records, 24 * HOUR)
        })
        .await
}

/// The beginning of the slot of so many seconds that a moment lies in.
fn begin(at: Timestamp, seconds: i64) -> Timestamp {
    let second = at.as_second().div_euclid(seconds) * seconds;
    Timestamp::from_second(second).unwrap_or(at)
}

/// One record for each product and version in each slot of so many seconds, whichever processes answered.
fn folded(records: Vec<ServiceRecord>, seconds: i64) -> Vec<ServiceRecord> {
    const ALL: &str = "all";
    let mut slots: BTreeMap<(String, Timestamp, u32), (ServiceRecord, Snapshot)> = BTreeMap::new();
    for record in records {
        let began_at = begin(record.began_at, seconds);
        let times = Snapshot::from_bytes(&record.times).unwrap_or_default();
        let key = (record.product.clone(), began_at, record.version);
        if let Some((sum, all)) = slots.get_mut(&key) {
            sum.ended_at = sum.ended_at.max(record.ended_at);
            sum.answered += record.answered;
            sum.unanswered += record.unanswered;
            sum.fallbacks += record.fallbacks;
            all.merge(&times);
        } else {
            let first = ServiceRecord {
                process: ALL.to_owned(),
                began_at,
                ..record
            };
            slots.insert(key, (first, times));
        }
    }
    let stored = slots.into_values().map(|(record, times)| ServiceRecord {
        times: times.to_bytes(),
        ..record
    });
    stored.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(began: i64, process: &str, version: u32, ms: &[u64]) -> ServiceRecord {
        let histogram = monitoring::latency::Histogram::default();
        ms.iter()
            .for_each(|ms| histogram.record(Duration::from_millis(*ms)));
        ServiceRecord {
            product: "offers".to_owned(),
            process: process.to_owned(),
            version,
            began_at: Timestamp::from_second(began).unwrap(),
            ended_at: Timestamp::from_second(began + 300).unwrap(),
            answered: ms.len() as u64,
            unanswered: 1,
            fallbacks: 1,
            times: histogram.snapshot().to_bytes(),
        }
    }

    #[test]
    fn records_of_an_hour_say_together_what_those_of_minutes_said() {
        let records = vec![
            record(3_600, "a", 1, &[1, 2, 3]),
            record(3_900, "b", 1, &[4]),
            record(7_100, "a", 2, &[5]),
            record(7_200, "a", 2, &[6, 7]),
        ];
        let hours = folded(records, 3_600);
        let told: Vec<(i64, u32, u64, u64)> = hours
            .iter()
            .map(|h| (h.began_at.as_second(), h.version, h.answered, h.unanswered))
            .collect();
        assert_eq!(told, [(3_600, 1, 4, 2), (3_600, 2, 1, 1), (7_200, 2, 2, 1)]);
        let times = Snapshot::from_bytes(&hours[0].times).unwrap();
        assert_eq!(times.count(), 4);
        assert_eq!(
            folded(hours.clone(), 3_600),
            hours,
            "a second time nothing changes"
        );
    }
}
