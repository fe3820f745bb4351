//! What one more training is expected to gain and what that is worth, beside what it costs.
//!
//! A version grows old: what it gains beside the champion of its time is learnt from the product's own trainings, per day
//! of the champion's age. Of fewer than three of them the trend of live quality says it, where that is measured.

mod past;

use super::{Answers, Live, value};
use crate::Workshop;
use monitoring::ageing::Rate;
use past::Past;
use products::{Header, Worth};
use registry::StoreError;
use schema::estimate::short;
use schema::{AsOf, Metric};
use serde::Serialize;

/// Fewest past trainings that say what one gains.
const TRAININGS_MIN: usize = 3;

/// Fewest days with outcomes that say how live quality goes.
const LIVE_DAYS_MIN: usize = 28;

/// What one more training is expected to gain.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "gain")]
pub enum NextTraining {
    /// It is known.
    Expected(Box<ExpectedGain>),
    /// It is not: the schedule stands.
    Unknown {
        /// Why.
        because: String,
    },
}

/// What one more training is expected to gain until the next one comes by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpectedGain {
    /// The version that answers.
    pub version: u32,
    /// Days that were imported since it learnt.
    pub age_days: i32,
    /// The measure.
    pub measure: String,
    /// Where it is measured; empty for the product as a whole.
    pub scope: String,
    /// By how much a version trained today is expected to be better, and the ends of a 95 % interval; above 0 is better,
    /// whichever way the measure goes.
    pub better_by: [f64; 3],
    /// From what that was learnt.
    pub by: LearntFrom,
    /// The day of the next training by schedule.
    pub until: AsOf,
    /// What it is worth until then, in the shop's currency, with the same interval.
    pub worth: [f64; 3],
    /// What a training costs, in the shop's currency.
    pub cost: f64,
}

/// From what a gain was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum LearntFrom {
    /// From past trainings: each beside the champion of its time.
    Trainings {
        /// How many.
        trainings: usize,
    },
    /// From what decisions led to by the day, since there are too few trainings.
    LiveQuality {
        /// Days.
        days: usize,
    },
}

impl ExpectedGain {
    /// Whether it is worth more than a training costs.
    #[must_use]
    pub fn pays(&self) -> bool {
        self.worth[0] > self.cost
    }

    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let [gain, low, high] = self.better_by.map(short);
        let at = if self.scope.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.scope)
        };
        let by = match self.by {
            LearntFrom::Trainings { trainings } => format!("by {trainings} trainings"),
            LearntFrom::LiveQuality { days } => {
                format!("by {days} days of live quality, for there are too few trainings")
            }
        };
        format!(
            "version {} is {} days old; one more training is expected to gain {gain} of {}{at} ({low} to {high}), {by}, \
             worth {:.2} until {}, and costs {:.2}",
            self.version, self.age_days, self.measure, self.worth[0], self.until, self.cost
        )
    }
}

impl NextTraining {
    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Expected(gain) => gain.sentence(),
            Self::Unknown { because } => {
                format!("what a training would gain is not known, {because}: the schedule stands")
            }
        }
    }
}

/// What a product is known by.
pub(super) struct Known<'a> {
    pub(super) header: &'a Header,
    pub(super) version: Option<&'a Answers>,
    pub(super) live: &'a Live,
    pub(super) value: Option<&'a value::Value>,
    /// The first day of which no sale is known.
    pub(super) data_until: Option<AsOf>,
}

/// What one more training of a product is expected to gain; nothing where its file does not say what one costs.
pub(super) async fn of(
    workshop: &Workshop,
    known: &Known<'_>,
) -> Result<Option<NextTraining>, StoreError> {
    let asks = &known.header.retraining;
    let (Some(cost), Some(worth)) = (asks.cost, &asks.worth) else {
        return Ok(None);
    };
    let past = Past::of(workshop, &known.header.name, worth).await?;
    let expected = known.expected(&past, worth, cost);
    Ok(Some(match expected {
        Ok(gain) => NextTraining::Expected(Box::new(gain)),
        Err(because) => NextTraining::Unknown { because },
    }))
}

impl Known<'_> {
    fn expected(&self, past: &Past, worth: &Worth, cost: f64) -> Result<ExpectedGain, String> {
        let version = self.version.ok_or("no version answers")?;
        let learnt = version.as_of.ok_or("its training is not kept")?;
        let until = self.data_until.ok_or("no sale is known")?;
        if let Some(newest) = past.newest.filter(|newest| *newest > version.number) {
            return Err(format!(
                "version {newest} was trained since and does not answer"
            ));
        }
        let name = &worth.measure;
        let metric = past.metric(version.number);
        let metric = metric.ok_or_else(|| format!("its scorecard has no {name}"))?;
        let age_days = until.epoch_day() - learnt.epoch_day();
        let asks = &self.header.retraining;
        let age_days_max = i32::try_from(asks.age_days).unwrap_or(i32::MAX);
        let (rate, by) = self.rate(past, metric, f64::from(age_days_max))?;
        let per_unit = self.money_per_unit(worth, metric)?;
        let next = learnt.minus_days(-age_days_max);
        let left = f64::from((next.epoch_day() - until.epoch_day()).max(0));
        let periods = left / f64::from(self.header.promises.period_days);
        let better_by = rate.after(f64::from(age_days));
        Ok(ExpectedGain {
            version: version.number,
            age_days,
            measure: name.clone(),
            scope: metric.scope.clone(),
            better_by,
            by,
            until: next,
            worth: better_by.map(|gain| gain * per_unit * periods),
            cost,
        })
    }

    /// Gain per day of age, in the unit of the measure.
    fn rate(
        &self,
        past: &Past,
        metric: &Metric,
        age_days_max: f64,
    ) -> Result<(Rate, LearntFrom), String> {
        let value = metric.value.point();
        let value = value.ok_or_else(|| format!("its {} could not be measured", metric.name))?;
        let trainings = past.steps.len();
        let found = Rate::of_trainings(&past.steps).filter(|_| trainings >= TRAININGS_MIN);
        let by = LearntFrom::Trainings { trainings };
        let live = || {
            let (rate, days) = self.of_live(value)?;
            Some((rate, LearntFrom::LiveQuality { days }))
        };
        let found = found.map(|rate| (rate, by)).or_else(live);
        let (rate, by) = found.ok_or_else(|| {
            format!("{trainings} past trainings can be compared, at least {TRAININGS_MIN} needed")
        })?;
        Ok((rate.drawn_to_nothing(value, age_days_max), by))
    }

    /// What live quality loses a day since the version answers, as the same share of the measure.
    fn of_live(&self, value: f64) -> Option<(Rate, usize)> {
        let Live::Measured(live) = self.live else {
            return None;
        };
        let at_launch = live.at_launch.point().filter(|share| *share > 0.0)?;
        let since = AsOf(self.version?.since.to_zoned(jiff::tz::TimeZone::UTC).date());
        let days: Vec<(f64, f64)> = live
            .days
            .iter()
            .filter(|(day, _)| *day >= since)
            .map(|(day, quality)| (f64::from(day.epoch_day()), *quality))
            .collect();
        if days.len() < LIVE_DAYS_MIN {
            return None;
        }
        let rate = Rate::of_falling(&days)?;
        Some((rate.times(value.abs() / at_launch), days.len()))
    }

    /// Money that a whole unit of the measure is worth in a period.
    fn money_per_unit(&self, worth: &Worth, metric: &Metric) -> Result<f64, String> {
        if let (Some(gain), Some(money)) = (worth.gain, worth.money) {
            return Ok(money / gain);
        }
        let value = self.value.ok_or("no experiment measures what it earns")?;
        let earned = match &value.measured {
            Ok(earned) => earned.point(),
            Err(why) => return Err(format!("what it earns could not be measured: {why}")),
        };
        let earned = earned.filter(|earned| *earned > 0.0);
        let earned = earned.ok_or_else(|| format!("{} shows no earnings", value.experiment))?;
        let (own, naive) = (metric.value.point(), metric.baseline.point());
        let lead = own
            .zip(naive)
            .map(|(own, naive)| metric.better_by(own, naive));
        let lead = lead.filter(|lead| *lead > 0.0);
        let lead = lead.ok_or_else(|| format!("its {} leads no baseline", metric.name))?;
        Ok(earned / lead)
    }
}

#[cfg(test)]
mod tests;
