//! How each product answers, written down every few minutes, so that a review knows it when this process is gone.

use crate::figures::{Counts, NO_VERSION};
use crate::state::AppState;
use factory::review::SLOT_MINUTES;
use jiff::Timestamp;
use registry::ServiceRecord;
use std::collections::BTreeMap;

/// A record that is not closed yet.
struct Open {
    /// The champion then: a record does not reach over its change.
    champion: u32,
    began_at: Timestamp,
    /// What was counted when it began.
    before: Counts,
}

/// Turns the figures of this process into records.
pub(crate) struct Recorder {
    process: String,
    /// By product and version.
    open: BTreeMap<(String, u32), Open>,
    /// Closed, and not written yet.
    closed: Vec<ServiceRecord>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self {
            process: uuid::Uuid::now_v7().simple().to_string(),
            open: BTreeMap::new(),
            closed: Vec::new(),
        }
    }

    /// Closes the records whose time is over or whose champion has changed, and all of them where `last`; then writes
    /// what is closed. Where the registry is away it is kept, and written when it is back.
    pub(crate) async fn look(&mut self, state: &AppState, now: Timestamp, last: bool) {
        for (name, slot) in &state.live.slots {
            let Some(figures) = state.figures.told(slot) else {
                continue;
            };
            let champion = slot.answering().map_or(NO_VERSION, |a| a.version);
            for (version, counts) in figures.by_version() {
                self.close_where_due((name.clone(), version), counts, champion, now, last);
            }
        }
        if self.closed.is_empty() {
            return;
        }
        match state.workshop.registry.add_service(&self.closed).await {
            Ok(()) => self.closed.clear(),
            Err(error) => tracing::warn!(
                error = factory::run::one_line(&error),
                "how products answered is written down later"
            ),
        }
    }

    fn close_where_due(
        &mut self,
        of: (String, u32),
        counts: Counts,
        champion: u32,
        now: Timestamp,
        last: bool,
    ) {
        let slot = |at: Timestamp| at.as_second().div_euclid(60 * i64::from(SLOT_MINUTES));
        let begin = |before| Open {
            champion,
            began_at: now,
            before,
        };
        // What was counted before the first look belongs to the first record.
        let first = || begin(Counts::default());
        let open = self.open.entry(of.clone()).or_insert_with(first);
        let due = last || open.champion != champion || slot(open.began_at) != slot(now);
        if !due {
            return;
        }
        let answered = counts.answered.saturating_sub(open.before.answered);
        let unanswered = counts.unanswered.saturating_sub(open.before.unanswered);
        if answered + unanswered > 0 {
            // An answer counts once it is logged, its fallback a moment before.
            let fallbacks = counts.fallbacks.saturating_sub(open.before.fallbacks);
            let (product, version) = of;
            self.closed.push(ServiceRecord {
                product,
                process: self.process.clone(),
                version,
                began_at: open.began_at,
                ended_at: now.max(open.began_at),
                answered,
                unanswered,
                fallbacks: fallbacks.min(answered),
                times: counts.times.since(&open.before.times).to_bytes(),
            });
        }
        *open = begin(counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitoring::latency::{Histogram, Snapshot};
    use std::time::Duration;

    fn counts(answered: u64, fallbacks: u64, ms: u64) -> Counts {
        let times = Histogram::default();
        (0..answered).for_each(|_| times.record(Duration::from_millis(ms)));
        Counts {
            answered,
            unanswered: 0,
            fallbacks,
            times: times.snapshot(),
        }
    }

    #[test]
    fn what_a_challenger_does_to_its_customers_is_not_written_down_of_the_champion() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let of = |version| ("for-you".to_owned(), version);
        let mut recorder = Recorder::new();
        let mut look = |second, champion, all: [(u32, Counts); 2], last| {
            for (version, counts) in all {
                recorder.close_where_due(of(version), counts, champion, at(second), last);
            }
            let closed = std::mem::take(&mut recorder.closed).into_iter();
            closed
                .map(|record| {
                    let times = Snapshot::from_bytes(&record.times).unwrap();
                    let late = times.count_above(Duration::from_millis(100));
                    let began = record.began_at.as_second();
                    (
                        record.version,
                        began,
                        record.answered,
                        record.fallbacks,
                        late,
                    )
                })
                .collect::<Vec<_>>()
        };
        let none = [];
        assert_eq!(
            look(0, 1, [(1, counts(9, 0, 4)), (2, counts(0, 0, 0))], false),
            none
        );
        assert_eq!(
            look(
                60,
                1,
                [(1, counts(40, 0, 4)), (2, counts(10, 10, 500))],
                false
            ),
            none
        );
        let five = look(
            300,
            1,
            [(1, counts(90, 0, 4)), (2, counts(20, 20, 500))],
            false,
        );
        assert_eq!(five, [(1, 0, 90, 0, 0), (2, 0, 20, 20, 20)]);
        // The challenger becomes the champion: what it answered before that is told apart.
        let changed = look(
            360,
            2,
            [(1, counts(91, 0, 4)), (2, counts(22, 20, 500))],
            false,
        );
        assert_eq!(changed, [(1, 300, 1, 0, 0), (2, 300, 2, 0, 2)]);
        let last = look(
            400,
            2,
            [(1, counts(91, 0, 4)), (2, counts(29, 20, 500))],
            true,
        );
        assert_eq!(last, [(2, 360, 7, 0, 7)]);
    }
}
