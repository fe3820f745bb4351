//! When a product is trained anew, and who lets a version answer.

use crate::promises::Promises;
use schema::ConfigError;
use schema::config::ConfigFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who lets a version answer that passes its gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Promotes {
    /// The gate alone.
    #[default]
    Gate,
    /// A person: the version becomes challenger and waits for `comptoir promote`.
    Person,
}

/// When a product needs a training, for `comptoir run --needed` and jobs that train what needs it, and who lets a version
/// answer. It always needs one where it has no version yet, or its file has changed since the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retraining {
    /// It needs one once so many days were imported beyond those that it learnt from: 1 to 366.
    pub age_days: u32,
    /// It needs one once as many sales were imported beyond those that it learnt from, as a share of these: above 0, at
    /// most 10; no matter how many where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_sales_share: Option<f64>,
    /// Whether it needs one, however young, when its decisions have become worse than it promises.
    pub on_fall: bool,
    /// Who lets a version answer that passes its gate.
    pub promotes: Promotes,
    /// Hours for which a version that passes its gate answers the same questions as the champion first, logged and never
    /// shown: 1 to 720, and no more than `age_days` has. It answers the shop only if it did not fail by then. None where
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow_hours: Option<u32>,
    /// Answers in the shadow below which a version waits longer: 1 to 1000000.
    pub shadow_answers_min: u32,
    /// Share of the customers whom a version that passes its gate, and its hours in the shadow where there are some,
    /// answers first, drawn by a hash of the customer: 0.01 to 0.5. It answers all only if what its decisions led to is
    /// not worse than the champion's by more than `quality_loss_max` of [promises]. None where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_share: Option<f64>,
    /// Days of decisions, with their outcomes, after which a trial is read, once: 1 to 90.
    pub trial_days: u32,
    /// Hours within which a version that its gate promoted makes room for the one before it, by itself, when it answers
    /// worse than promised and that one did not: 1 to 96; never where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolls_back_within_hours: Option<u32>,
    /// Days within which a version that its gate promoted makes room for the one before it, by itself, when a job reviews
    /// and finds that decisions became worse with it by more than `quality_loss_max` of [promises]: 8 to 366; never where
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolls_back_when_worse_within_days: Option<u32>,
    /// What one training costs, its risk included, in the shop's currency: above 0. It needs one once what that is expected
    /// to gain until the next one by `age_days` is worth more, as its past trainings tell. Never for its gain where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// What a better version is worth; goes with `cost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worth: Option<Worth>,
}

/// What a better version is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    /// The measure of its scorecard by which it is better, one of those of its kind.
    pub measure: String,
    /// Where that is measured, a placement; the first of the scorecard where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// A gain of so much of the measure is worth `money`: above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// Money in each `period_days` of [promises], in the shop's currency: above 0. Where it is absent, what the experiment of
    /// `value` under [promises] measures is taken to come from the version's lead over its baseline, in proportion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<f64>,
}

impl Default for Retraining {
    fn default() -> Self {
        Self {
            age_days: 7,
            new_sales_share: None,
            on_fall: true,
            promotes: Promotes::Gate,
            shadow_hours: None,
            shadow_answers_min: 200,
            trial_share: None,
            trial_days: 14,
            rolls_back_within_hours: None,
            rolls_back_when_worse_within_days: None,
            cost: None,
            worth: None,
        }
    }
}

impl Retraining {
    /// Whether a version that passes its gate is tried beside the champion before it answers all.
    #[must_use]
    pub fn is_tried_first(&self) -> bool {
        self.shadow_hours.is_some() || self.trial_share.is_some()
    }

    /// Whether a version may be taken back by itself.
    #[must_use]
    pub fn rolls_back(&self) -> bool {
        self.rolls_back_within_hours.is_some() || self.rolls_back_when_worse_within_days.is_some()
    }

    /// Refuses a cost that nothing is held against, and a worth of what is not measured.
    ///
    /// - `measures`: those of its kind.
    fn check_gain(
        &self,
        file: &ConfigFile,
        measures: &[&str],
        promises: &Promises,
    ) -> Result<(), ConfigError> {
        let refuse = |key: &str, found: String, allowed: String| {
            Err(file.refuse(&["retraining", key], found, allowed))
        };
        let is_amount = |amount: f64| amount > 0.0 && amount.is_finite();
        let (cost, worth) = match (self.cost, &self.worth) {
            (None, None) => return Ok(()),
            (Some(cost), None) => {
                let allowed = "`worth` beside it, which says what a better version brings";
                return refuse(
                    "cost",
                    format!("{cost} without `worth`"),
                    allowed.to_owned(),
                );
            }
            (None, Some(_)) => {
                let allowed = "`cost` beside it, which says what a training takes";
                return refuse("worth", "no `cost`".to_owned(), allowed.to_owned());
            }
            (Some(cost), Some(worth)) => (cost, worth),
        };
        if !is_amount(cost) {
            return refuse("cost", cost.to_string(), "an amount above 0".to_owned());
        }
        if measures.is_empty() {
            let allowed =
                "no cost: versions of this kind are not measured on days, so that none grows old";
            return refuse("cost", cost.to_string(), allowed.to_owned());
        }
        if !measures.contains(&worth.measure.as_str()) {
            let found = format!("`measure` of {:?}", worth.measure);
            return refuse("worth", found, measures.join(", "));
        }
        let by_experiment = promises.value.is_some();
        match (worth.gain, worth.money) {
            (Some(gain), Some(money)) if is_amount(gain) && is_amount(money) => Ok(()),
            (Some(gain), Some(money)) => {
                let found = format!("`gain` of {gain}, `money` of {money}");
                refuse("worth", found, "both above 0".to_owned())
            }
            (None, None) if by_experiment => Ok(()),
            (None, None) => refuse(
                "worth",
                "neither `gain` and `money` nor `value` under [promises]".to_owned(),
                "`gain` with the `money` that it is worth in a period, or an experiment that measures what it earns"
                    .to_owned(),
            ),
            (Some(_), None) => refuse("worth", "`gain` alone".to_owned(), "`money` beside it".to_owned()),
            (None, Some(_)) => refuse("worth", "`money` alone".to_owned(), "`gain` beside it".to_owned()),
        }
    }

    /// Refuses what is never reached, or always.
    ///
    /// - `measures`: those of its kind that can be told a worth.
    pub(crate) fn check(
        &self,
        file: &ConfigFile,
        measures: &[&str],
        promises: &Promises,
    ) -> Result<(), ConfigError> {
        self.check_gain(file, measures, promises)?;
        const DAYS: std::ops::RangeInclusive<u32> = 1..=366;
        let refuse = |key: &str, found: String, allowed: String| {
            Err(file.refuse(&["retraining", key], found, allowed))
        };
        if !DAYS.contains(&self.age_days) {
            let allowed = format!("{} to {}", DAYS.start(), DAYS.end());
            return refuse("age_days", self.age_days.to_string(), allowed);
        }
        // Records of single minutes are kept for four days.
        const HOURS: std::ops::RangeInclusive<u32> = 1..=96;
        if let Some(hours) = self.rolls_back_within_hours.filter(|h| !HOURS.contains(h)) {
            let allowed = format!("{} to {}", HOURS.start(), HOURS.end());
            return refuse("rolls_back_within_hours", hours.to_string(), allowed);
        }
        // A week of its own days is needed to say that a version is worse.
        const WORSE_DAYS: std::ops::RangeInclusive<u32> = 8..=366;
        if let Some(days) = self.rolls_back_when_worse_within_days {
            let key = "rolls_back_when_worse_within_days";
            if !WORSE_DAYS.contains(&days) {
                let allowed = format!("{} to {}", WORSE_DAYS.start(), WORSE_DAYS.end());
                return refuse(key, days.to_string(), allowed);
            }
            if self.promotes == Promotes::Person {
                let allowed =
                    "no days where `promotes` is \"person\": a person says which version answers";
                return refuse(key, days.to_string(), allowed.to_owned());
            }
        }
        const IN_SHADOW: std::ops::RangeInclusive<u32> = 1..=720;
        let most = IN_SHADOW.end().min(&(24 * self.age_days)).to_owned();
        if let Some(hours) = self.shadow_hours
            && !(*IN_SHADOW.start()..=most).contains(&hours)
        {
            let allowed = format!(
                "{} to {most}: a version that is trained meanwhile begins anew, and one is trained every {} days",
                IN_SHADOW.start(),
                self.age_days
            );
            return refuse("shadow_hours", hours.to_string(), allowed);
        }
        const ANSWERS: std::ops::RangeInclusive<u32> = 1..=1_000_000;
        if !ANSWERS.contains(&self.shadow_answers_min) {
            let allowed = format!("{} to {}", ANSWERS.start(), ANSWERS.end());
            return refuse(
                "shadow_answers_min",
                self.shadow_answers_min.to_string(),
                allowed,
            );
        }
        const TRIAL_DAYS: std::ops::RangeInclusive<u32> = 1..=90;
        if !TRIAL_DAYS.contains(&self.trial_days) {
            let allowed = format!("{} to {}", TRIAL_DAYS.start(), TRIAL_DAYS.end());
            return refuse("trial_days", self.trial_days.to_string(), allowed);
        }
        if let Some(share) = self.trial_share {
            if !(0.01..=0.5).contains(&share) {
                return refuse("trial_share", share.to_string(), "0.01 to 0.5".to_owned());
            }
            if self.promotes == Promotes::Person {
                let allowed =
                    "no share where `promotes` is \"person\": a person says whom a version answers";
                return refuse("trial_share", share.to_string(), allowed.to_owned());
            }
        }
        match self.new_sales_share {
            Some(share) if !(share > 0.0 && share <= 10.0) => {
                let allowed = "above 0, at most 10".to_owned();
                refuse("new_sales_share", share.to_string(), allowed)
            }
            Some(_) | None => Ok(()),
        }
    }
}
