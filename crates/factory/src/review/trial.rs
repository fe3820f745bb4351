//! A challenger that answers a share of the customers: what its decisions led to, beside those of the champion on the
//! same days.

use super::judged::{count, quoted};
use super::rollback::is_too_many;
use super::shadow::{ShadowError, Verdict};
use super::spread::{OfCustomers, of_customers};
use crate::{CHAMPION, Workshop, is_drawn};
use jiff::Timestamp;
use lake::Snapshot;
use products::{Header, Product};
use registry::{OutcomeDay, StoreError, TRIAL};
use schema::estimate::short;
use schema::time::day_of;
use schema::{AsOf, Estimate, WhyNot};
use serde::Serialize;
use std::collections::BTreeMap;

/// A challenger that answers a share of the customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The challenger.
    pub version: u32,
    /// The champion, who answers the others.
    pub beside: u32,
    /// Share of the customers.
    pub share: f64,
    /// Since when.
    pub since: Timestamp,
    /// The days whose decisions are compared.
    pub days: (AsOf, AsOf),
    /// Of these, days whose outcomes are complete.
    pub complete_days: u32,
    /// Decisions of the challenger, and those of them that the baseline answered because it was late or failed.
    pub decisions: u64,
    /// See `decisions`.
    pub fallbacks: u64,
    /// Share of good decisions of the challenger, with customers as units once all its days are complete, for one makes
    /// several decisions; before, with decisions as units.
    pub good: Estimate,
    /// That of the champion, on the same days.
    pub good_beside: Estimate,
    /// The difference, with its 95 % interval.
    pub lead: Estimate,
    /// How much worse it may be.
    pub may_lose: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

/// A challenger on trial, as the registry has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnTrial {
    /// The challenger.
    pub version: u32,
    /// The champion.
    pub beside: u32,
    /// Since when both answer.
    pub since: Timestamp,
}

/// Whom a challenger on trial answers: always the same ones, online and in batches, and others in each trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    salt: String,
    /// Share of the customers.
    pub share: f64,
}

impl Drawn {
    /// Whether it answers a customer, or whatever else a question is told from others by.
    #[must_use]
    pub fn holds(&self, unit: &str) -> bool {
        is_drawn(&self.salt, unit, self.share)
    }
}

impl OnTrial {
    /// Whom it answers; `None` where the product's file asks for no share.
    #[must_use]
    pub fn drawn(&self, header: &Header) -> Option<Drawn> {
        Some(Drawn {
            salt: format!("trial\n{}\n{}", header.name, self.version),
            share: header.retraining.trial_share?,
        })
    }

    /// The first whole day, and the last that is compared.
    fn days(&self, header: &Header) -> (AsOf, AsOf) {
        let begun = AsOf(schema::time::date_of(day_of(self.since.as_second())));
        let days = i32::try_from(header.retraining.trial_days).unwrap_or(i32::MAX);
        (begun.minus_days(-1), begun.minus_days(-days))
    }

    /// Of these, days whose outcomes are complete.
    ///
    /// - `known`: the last day whose outcomes are.
    fn complete_days(&self, header: &Header, known: Option<AsOf>) -> u32 {
        let (first, _) = self.days(header);
        let complete = known.map_or(0, |known| known.epoch_day() - first.epoch_day() + 1);
        u32::try_from(complete.max(0))
            .unwrap_or(0)
            .min(header.retraining.trial_days)
    }
}

impl Workshop {
    /// Which challenger of a product answers a share of the customers, where one does.
    ///
    /// # Errors
    /// [`StoreError`] when the registry cannot be read.
    pub async fn on_trial(&self, header: &Header) -> Result<Option<OnTrial>, StoreError> {
        if header.retraining.trial_share.is_none() {
            return Ok(None);
        }
        let name = &header.name;
        let Some(trial) = self.registry.alias(name, TRIAL).await? else {
            return Ok(None);
        };
        let waits = self
            .waits(name)
            .await?
            .filter(|waits| *waits == trial.version);
        let champion = self.registry.alias(name, CHAMPION).await?;
        Ok(waits.zip(champion).map(|(version, champion)| OnTrial {
            version,
            beside: champion.version,
            since: trial.since.max(champion.since),
        }))
    }

    /// What the decisions of a challenger on trial led to; `None` where none is.
    ///
    /// # Errors
    /// [`ShadowError`] when lake or registry cannot be read.
    pub async fn trial(&self, product: &dyn Product) -> Result<Option<Trial>, ShadowError> {
        let header = product.header();
        let Some(of) = self.on_trial(header).await? else {
            return Ok(None);
        };
        let snapshot = self.lake.snapshot().await?;
        let (decisions, fallbacks) = self.answered_on_trial(header, of, &snapshot).await?;
        let (outcomes, known) = self.registry.outcomes(&header.name).await?;
        let asks = &header.retraining;
        let days = of.days(header);
        let complete_days = of.complete_days(header, known);
        let of_customers = if complete_days < asks.trial_days {
            BTreeMap::new()
        } else {
            of_customers(self, product, of, days, &snapshot).await?
        };
        let good = |version: u32| {
            let effect = of_customers.get(&version).map(OfCustomers::design_effect);
            good(&outcomes, version, days, effect.unwrap_or(1.0))
        };
        let (good, good_beside) = (good(of.version), good(of.beside));
        let lead = difference(&good, &good_beside);
        let may_lose = good_beside
            .point()
            .map(|of| of * header.promises.quality_loss_max);
        let mut trial = Trial {
            version: of.version,
            beside: of.beside,
            share: asks.trial_share.unwrap_or_default(),
            since: of.since,
            days,
            complete_days,
            decisions,
            fallbacks,
            good,
            good_beside,
            lead,
            may_lose,
            verdict: Verdict::Waits {
                because: String::new(),
            },
        };
        trial.verdict = trial.judged(header);
        let heard = self.heard(&header.name, of, &trial, known).await?;
        trial.verdict = heard.beside(trial.verdict);
        Ok(Some(trial))
    }

    /// Decisions of a challenger on trial, and those that the baseline answered in its place.
    async fn answered_on_trial(
        &self,
        header: &Header,
        of: OnTrial,
        snapshot: &Snapshot,
    ) -> Result<(u64, u64), ShadowError> {
        if !snapshot.tables.contains_key("decisions") {
            return Ok((0, 0));
        }
        let sql = format!(
            "SELECT count(*), coalesce(sum(CASE WHEN fallback THEN 1 ELSE 0 END), 0) FROM decisions
             WHERE product = {} AND version = {} AND position <= 1 AND decided_at >= TIMESTAMP '{}'",
            quoted(&header.name),
            of.version,
            of.since
        );
        let batches = self.lake.query_at(&sql, snapshot).await?;
        let first = batches.first().filter(|batch| batch.num_rows() > 0);
        Ok(first.map_or((0, 0), |batch| (count(batch, 0)(0), count(batch, 1)(0))))
    }
}

/// Share of good decisions of a version on some days, the holdout left out, with the interval that as many independent ones
/// would have.
///
/// - `effect`: how many decisions tell as much as an independent one.
///
/// # Source
/// Korn and Graubard (1998), *Survey Methodology* 24: the interval of a share at its effective sample size.
fn good(
    outcomes: &[OutcomeDay],
    version: u32,
    (first, last): (AsOf, AsOf),
    effect: f64,
) -> Estimate {
    let (judged, good) = outcomes
        .iter()
        .filter(|day| day.version == version && !day.held_out)
        .filter(|day| day.day >= first && day.day <= last)
        .fold((0, 0), |(judged, good), day| {
            (judged + day.judged, good + day.good)
        });
    let independent = (judged as f64 / effect).ceil();
    let hits = good as f64 / judged.max(1) as f64 * independent;
    match Estimate::share(hits, independent as u64, "decisions") {
        Estimate::Measured {
            point, low, high, ..
        } => Estimate::Measured {
            point,
            low,
            high,
            units: judged,
        },
        unknown @ (Estimate::Exact(_) | Estimate::NotMeasurable(_)) => unknown,
    }
}

/// The difference of two shares with its 95 % interval.
///
/// # Source
/// Newcombe (1998), method 10, from the intervals of Wilson.
fn difference(of: &Estimate, from: &Estimate) -> Estimate {
    let parts = |of: &Estimate| of.point().zip(of.interval());
    let (Some((p, (low, high))), Some((q, (from_low, from_high)))) = (parts(of), parts(from))
    else {
        return Estimate::NotMeasurable(WhyNot::TooFew {
            what: "decisions of both versions".to_owned(),
            found: 0,
            needed: 1,
        });
    };
    let units = |of: &Estimate| match of {
        Estimate::Measured { units, .. } => *units,
        Estimate::Exact(_) | Estimate::NotMeasurable(_) => 0,
    };
    Estimate::Measured {
        point: p - q,
        low: p - q - (p - low).hypot(from_high - q),
        high: p - q + (high - p).hypot(q - from_low),
        units: units(of) + units(from),
    }
}

impl Trial {
    fn judged(&self, header: &Header) -> Verdict {
        let allowed = self.decisions as f64 * (1.0 - header.promises.version_share);
        if is_too_many(self.fallbacks, allowed) {
            let because = format!(
                "{} of its {} decisions were the baseline's, {} may be",
                self.fallbacks,
                self.decisions,
                short(allowed)
            );
            return Verdict::Failed { because };
        }
        let wanted = header.retraining.trial_days;
        if self.complete_days < wanted {
            let because = format!(
                "outcomes of {} of {wanted} days are complete",
                self.complete_days
            );
            return Verdict::Waits { because };
        }
        let (Some((low, high)), Some(lead), Some(may_lose)) =
            (self.lead.interval(), self.lead.point(), self.may_lose)
        else {
            let because = "nothing came of its decisions or of the champion's".to_owned();
            return Verdict::Failed { because };
        };
        let points = |of: f64| format!("{:+.2}", 100.0 * of);
        let told = format!(
            "its share of good decisions is {} points from the champion's ({} to {}), on {} to {}; it may lose {:.2}",
            points(lead),
            points(low),
            points(high),
            self.days.0,
            self.days.1,
            100.0 * may_lose
        );
        if low >= -may_lose {
            Verdict::Passed { because: told }
        } else {
            Verdict::Failed {
                because: format!("{told}, and more is not ruled out"),
            }
        }
    }

    /// What there is to say of it, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "version {} answers {} % of the customers beside version {} since {:.0}: {} decisions, {} by the baseline; {}",
            self.version,
            short(100.0 * self.share),
            self.beside,
            self.since,
            self.decisions,
            self.fallbacks,
            self.verdict
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_two_shares_has_the_interval_of_the_paper() {
        // Newcombe (1998), table II, case (a), method 10: 56/70 and 48/80.
        let of = |hits: u32, all: u64| Estimate::share(f64::from(hits), all, "units");
        let found = difference(&of(56, 70), &of(48, 80));
        let (low, high) = found.interval().unwrap();
        assert!((found.point().unwrap() - 0.2).abs() < 1e-12);
        assert!(
            (low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5,
            "{low} {high}"
        );
    }
}
