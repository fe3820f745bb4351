//! What experiments that read a trial say of its version, beside what the trial itself says.

use super::shadow::Verdict;
use super::trial::{OnTrial, Trial};
use crate::Workshop;
use crate::compare::scorecard;
use jiff::Timestamp;
use products::experiment::ToldOfVersion;
use registry::{Signature, StoreError};
use schema::time::day_of;
use schema::{AsOf, Estimate, Metric};

/// Days after the last one of a trial within which the experiments that read it are waited for.
const WAITED_DAYS: i32 = 30;

/// What the experiments of a project say of a version on trial.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// A guardrail that one tells to be broken: it ends the trial whatever else is known.
    broken: Option<String>,
    /// Why the version may not answer all, although it passed.
    against: Option<String>,
    /// What is not said yet and waited for.
    missing: Option<String>,
    /// What they say for it.
    told: Vec<String>,
}

impl Heard {
    /// The verdict of a trial, with what experiments say.
    pub(super) fn beside(self, verdict: Verdict) -> Verdict {
        if let Some(because) = self.broken {
            return Verdict::Failed { because };
        }
        let own = match verdict {
            Verdict::Passed { because } => because,
            Verdict::Waits { .. } | Verdict::Failed { .. } => return verdict,
        };
        if let Some(because) = self.against {
            return Verdict::Failed { because };
        }
        if let Some(because) = self.missing {
            return Verdict::Waits { because };
        }
        let all: Vec<String> = std::iter::once(own).chain(self.told).collect();
        Verdict::Passed {
            because: all.join("; "),
        }
    }

    /// Hears one experiment; `told` is nothing where it has not read the version.
    fn hear(&mut self, name: &str, version: u32, told: Option<ToldOfVersion<'_>>, trial: Waited) {
        let guardrail = told.as_ref().and_then(|told| told.guardrail);
        if let Some(guardrail) = guardrail {
            let broken = guardrail_in_words(guardrail);
            let because = format!("{name} tells of a broken guardrail: {broken}");
            self.broken.get_or_insert(because);
            return;
        }
        let told = told.filter(|told| told.as_of.is_some_and(|as_of| as_of > trial.last));
        let Some(told) = told else {
            let because = format!(
                "{name} has not read version {version} as of a day after {}: `comptoir run {name}`",
                trial.last
            );
            let of = if trial.is_late {
                &mut self.against
            } else {
                &mut self.missing
            };
            of.get_or_insert(because);
            return;
        };
        if let Some(sizes) = told.sizes {
            let share = |of: &Estimate| 100.0 * of.point().unwrap_or_default();
            let because = format!(
                "{name} cannot be read: {} has {:.1} % of the customers, asked for were {:.1} %",
                sizes.scope,
                share(&sizes.value),
                share(&sizes.baseline)
            );
            self.against.get_or_insert(because);
        } else if let Some(first) = told.first {
            let gain = match &first.gain {
                Estimate::NotMeasurable(why) => format!(
                    "{name}: what {} changes in {} is not measurable: {why}",
                    first.scope, first.name
                ),
                measured @ (Estimate::Measured { .. } | Estimate::Exact(_)) => format!(
                    "{name}: {} changes {} by {measured}",
                    first.scope, first.name
                ),
            };
            if told.is_worse() {
                self.against.get_or_insert(gain);
            } else {
                self.told.push(gain);
            }
        }
    }
}

/// What of a trial says how long its experiments are waited for.
#[derive(Debug, Clone, Copy)]
struct Waited {
    /// The last day that is compared.
    last: AsOf,
    /// Whether they were waited for long enough.
    is_late: bool,
}

impl Workshop {
    /// What the experiments of this project that compare versions of a product say of the one on trial, by the newest of
    /// their own versions: one whose arms do not have their sizes passes no gate.
    ///
    /// - `known`: the last day whose outcomes are complete.
    pub(super) async fn heard(
        &self,
        product: &str,
        of: OnTrial,
        trial: &Trial,
        known: Option<AsOf>,
    ) -> Result<Heard, StoreError> {
        let (_, last) = trial.days;
        let waited = Waited {
            last,
            is_late: known.is_some_and(|known| known > last.minus_days(-WAITED_DAYS)),
        };
        let mut heard = Heard::default();
        let products = self.project.products.iter();
        for reads in products.filter(|reads| reads.compares_versions_of() == Some(product)) {
            let name = &reads.header().name;
            let record = self.registry.newest_version(name).await?;
            let card = record.as_ref().and_then(scorecard);
            let told = card
                .as_ref()
                .and_then(|card| ToldOfVersion::of(card, of.version));
            heard.hear(name, of.version, told, waited);
        }
        Ok(heard)
    }

    /// Notes in the audit which share of the customers a version on trial is asked to answer, by the product's file.
    pub(super) async fn note_trial_share(
        &self,
        product: &str,
        version: u32,
        share: f64,
        who: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let signed = Signature {
            who,
            why: "`trial_share` of its file",
            at: now,
        };
        let noted = self
            .registry
            .set_trial_share(product, version, share, signed);
        noted.await.map(drop)
    }

    /// The shares of the customers that versions of a product on trial were asked to answer before a day.
    pub(crate) async fn trial_shares(
        &self,
        product: &str,
        as_of: AsOf,
    ) -> Result<Vec<features::TrialShare>, StoreError> {
        let all = self.registry.trial_shares(product).await?;
        let known = all
            .into_iter()
            .filter(|of| day_of(of.since.as_second()) < as_of.epoch_day());
        let known = known.map(|of| features::TrialShare {
            version: of.version,
            share: of.share,
            since_seconds: of.since.as_second(),
        });
        Ok(known.collect())
    }
}

/// What is told of a guardrail that is broken.
fn guardrail_in_words(metric: &Metric) -> String {
    let percent = |share: f64| format!("{:+.1}", 100.0 * share);
    let (low, high) = metric.value.interval().unwrap_or_default();
    format!(
        "{} of {} is {} % ({} to {}), allowed is {}",
        metric.name,
        metric.scope,
        percent(metric.value.point().unwrap_or_default()),
        percent(low),
        percent(high),
        percent(metric.baseline.point().unwrap_or_default())
    )
}
