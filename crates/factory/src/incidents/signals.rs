//! What a review shows that somebody should know.

use crate::review::{Kept, LastRun, Promised, Review, Reviewed, State};
use registry::{RunStatus, Signal};
use std::collections::BTreeSet;

/// Where causes of reviews begin. A review of all products looks at everything below them.
pub(super) const PROMISE: &str = "promise";
pub(super) const RUN: &str = "run";
pub(super) const DATA_AGE: &str = "data_age";

/// What a review shows, and what of it cannot be said.
pub(super) struct Shown {
    pub(super) signals: Vec<Signal>,
    /// Causes that were looked at and of which something is known.
    pub(super) known: BTreeSet<String>,
    /// Causes of which nothing can be said: an incident of theirs is not over for that.
    pub(super) unknown: BTreeSet<String>,
}

/// The last part of a cause.
fn key(promised: Promised) -> &'static str {
    match promised {
        Promised::LatencyP50 => "latency_p50",
        Promised::LatencyP99 => "latency_p99",
        Promised::Answered => "answered",
        Promised::ByVersion => "by_version",
        Promised::VersionAge => "version_age",
        Promised::DataAge => DATA_AGE,
        Promised::Quality => "quality",
    }
}

/// Whether somebody is to be told of a promise: it is broken, or its budget burns too fast. An age that nears its limit
/// is no incident, since it does so before each training.
fn is_told(kept: &Kept) -> bool {
    match kept.state {
        State::Kept | State::Unknown => false,
        State::Broken => true,
        State::AtRisk => match kept.promise {
            Promised::LatencyP50
            | Promised::LatencyP99
            | Promised::Answered
            | Promised::ByVersion => true,
            Promised::VersionAge | Promised::DataAge | Promised::Quality => false,
        },
    }
}

/// Whether a version has learnt all that is known, so that a training would make it no younger.
fn knows_all(review: &Review, product: &Reviewed) -> bool {
    let learnt = product.version.as_ref().and_then(|version| version.as_of);
    let until = review.data_until;
    until.is_some_and(|until| learnt.is_some_and(|learnt| learnt >= until))
}

fn failure(last: Option<&LastRun>) -> Option<&str> {
    match &last?.status {
        RunStatus::Failed { reason } => Some(reason),
        RunStatus::Running | RunStatus::Done | RunStatus::Refused { .. } => None,
    }
}

impl Shown {
    /// What a review shows. What has one reason is one cause: sales that are not imported for all products whose sales
    /// or versions are too old for it, a training that failed for the version that grows old.
    pub(super) fn by(review: &Review) -> Self {
        let mut shown = Self {
            signals: Vec::new(),
            known: BTreeSet::new(),
            unknown: BTreeSet::new(),
        };
        let mut of_data: Vec<(&Reviewed, &Kept)> = Vec::new();
        for product in &review.products {
            shown.product(review, product, &mut of_data);
        }
        shown.data_age(review, &of_data);
        shown
    }

    fn product<'r>(
        &mut self,
        review: &Review,
        product: &'r Reviewed,
        of_data: &mut Vec<(&'r Reviewed, &'r Kept)>,
    ) {
        let name = &product.header.name;
        let run = format!("{RUN}/{name}");
        let mut failed = failure(product.last_run.as_ref())
            .map(|reason| format!("the last training failed: {reason}"));
        let running = matches!(&product.last_run, Some(last) if last.status == RunStatus::Running);
        for kept in &product.standing {
            let cause = if kept.promise == Promised::DataAge {
                DATA_AGE.to_owned()
            } else {
                format!("{PROMISE}/{name}/{}", key(kept.promise))
            };
            if kept.state == State::Unknown {
                self.unknown.insert(cause);
                continue;
            }
            self.known.insert(cause.clone());
            if !is_told(kept) {
                continue;
            }
            let is_version_age = kept.promise == Promised::VersionAge;
            if kept.promise == Promised::DataAge || (is_version_age && knows_all(review, product)) {
                of_data.push((product, kept));
            } else if let (true, Some(failed)) = (is_version_age, &mut failed) {
                *failed += &format!("; {}", kept.sentence());
            } else {
                self.signals.push(signal(cause, name, kept.sentence()));
            }
        }
        if running {
            self.unknown.insert(run);
        } else {
            self.known.insert(run.clone());
            self.signals
                .extend(failed.map(|what| signal(run, name, what)));
        }
    }

    /// One cause for all whose data or versions are too old because no sales come in.
    fn data_age(&mut self, review: &Review, of_data: &[(&Reviewed, &Kept)]) {
        let strictest = of_data
            .iter()
            .filter(|(_, kept)| kept.promise == Promised::DataAge)
            .min_by(|(_, a), (_, b)| {
                a.promised
                    .partial_cmp(&b.promised)
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
        let what = match (strictest, of_data.first()) {
            (Some((_, kept)), _) => kept.sentence(),
            (None, Some((_, kept))) => {
                let until = review.data_until.map(|day| day.to_string());
                format!(
                    "{}; no sale of {} or later is known",
                    kept.sentence(),
                    until.unwrap_or_default()
                )
            }
            (None, None) => return,
        };
        self.known.insert(DATA_AGE.to_owned());
        for (product, _) in of_data {
            self.signals.push(Signal {
                page: "/review".to_owned(),
                ..signal(DATA_AGE.to_owned(), &product.header.name, what.clone())
            });
        }
    }
}

fn signal(cause: String, product: &str, what: String) -> Signal {
    Signal {
        cause,
        product: Some(product.to_owned()),
        what,
        page: format!("/review/{product}"),
    }
}
