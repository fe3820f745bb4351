//! An experiment as it is planned: one file that design, draw and read-out share.

use super::drawing::DrawingError;
use super::ratio::{Guardrail, Measure, Ratio, check, measures};
use super::settings::CONTROL;
use crate::file::name_of;
use crate::outcome::Outcome;
use jiff::civil::Date;
use measure::design::{ArmShare, Slot};
use schema::ConfigError;
use schema::config::{ConfigFile, fingerprint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Shares of arms may miss their sum of 1 by this much, for the rounding of thirds.
const ROUNDING: f64 = 1e-9;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A customer.
    #[default]
    Customer,
    /// A site: a store or a warehouse that sales name. It can be designed for; `assign` draws customers only.
    Site,
}

impl Unit {
    /// Several of them.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Customer => "customers",
            Self::Site => "sites",
        }
    }
}

/// `experiments/NAME.toml`, as written: an experiment before it starts. `comptoir design` says what it can see,
/// `comptoir assign` draws it, and a data product of kind `experiment` whose `trial` is NAME reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExperimentFile {
    /// Who answers for it: a person or a team.
    pub owner: String,
    /// What it is to find out, in one sentence.
    pub description: String,
    /// What is drawn.
    pub unit: Unit,
    /// Arms and their shares of the units, at least two, each 0.001 or more, 1 together.
    pub arms: BTreeMap<String, f64>,
    /// The arm that is left alone.
    pub control: String,
    /// A query whose first column names the customers that may be drawn; all known customers where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<String>,
    /// The layer that it is drawn in: experiments of one layer exclude each other. A layer of its own where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// Where its part of the layer's units begins, 0 to 1.
    pub from: f64,
    /// Where its part of the layer's units ends, 0 to 1. Raising it adds units and moves none between arms.
    pub to: f64,
    /// Blocks of customers who spent alike before: each is split exactly as the shares say, 1 to 100; 1 for none.
    pub blocks: u32,
    /// Text that decides who gets which arm; the name of the experiment where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// The first day on which an arm reaches anybody: the windows of those drawn before it begin then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub begins: Option<Date>,
    /// What may change, each once; the first decides.
    pub(crate) outcomes: Vec<Outcome>,
    /// Ratios of two outcomes that may change, beside the outcomes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ratio: Vec<Ratio>,
    /// What must not get worse: outcomes and ratios, each read at any time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) guardrail: Vec<Guardrail>,
    /// Days in which it counts, 1 to 365.
    pub window_days: u32,
    /// Days before, whose outcome takes chance out of the effect, 0 to 365; 0 for none.
    pub covariate_days: u32,
    /// Share of wrong discoveries accepted, 0.001 to 0.2.
    pub alpha: f64,
    /// Probability with which an effect of the smallest detectable size is seen, 0.5 to 0.99.
    pub power: f64,
}

impl Default for ExperimentFile {
    fn default() -> Self {
        Self {
            owner: String::new(),
            description: String::new(),
            unit: Unit::Customer,
            arms: BTreeMap::new(),
            control: CONTROL.to_owned(),
            customers: None,
            layer: None,
            from: 0.0,
            to: 1.0,
            blocks: 1,
            salt: None,
            begins: None,
            outcomes: vec![Outcome::Margin],
            ratio: Vec::new(),
            guardrail: Vec::new(),
            window_days: 28,
            covariate_days: 90,
            alpha: 0.05,
            power: 0.8,
        }
    }
}

/// A definition that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    name: String,
    file: ExperimentFile,
}

/// One key of a definition that is not what it was when the first customer was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The key.
    pub key: String,
    /// What it was, as JSON; `null` where it was not given.
    pub was: String,
    /// What it is.
    pub is: String,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` was {} and is {}", self.key, self.was, self.is)
    }
}

impl Definition {
    /// Checks a file; the name of the experiment is that of the file.
    ///
    /// # Errors
    /// [`ConfigError`] at the line of what is wrong, with the value found and what is allowed.
    pub fn check(file: &ConfigFile) -> Result<Self, ConfigError> {
        let name = name_of(file)?;
        let read: ExperimentFile = file.parse()?;
        read.check_texts(file)?;
        read.check_arms(file)?;
        read.check_numbers(file)?;
        Ok(Self { name, file: read })
    }

    /// A definition that was stored when it was drawn.
    #[must_use]
    pub fn stored(name: &str, file: ExperimentFile) -> Self {
        Self {
            name: name.to_owned(),
            file,
        }
    }

    /// The error of an experiment that does not fit beside the others of the project.
    #[must_use]
    pub fn refuse_place(&self, file: &ConfigFile, error: &DrawingError) -> ConfigError {
        let (from, to, layer) = (self.file.from, self.file.to, self.layer());
        let why = std::error::Error::source(error).map(ToString::to_string);
        let found = format!("{from} to {to} of layer {layer:?}");
        let allowed = format!(
            "a part of it, and a salt, that no other experiment has: {}",
            why.unwrap_or_default()
        );
        file.refuse(&["layer"], found, allowed)
    }

    /// Name of the experiment, and of its trial in table `assignments`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was written.
    #[must_use]
    pub fn file(&self) -> &ExperimentFile {
        &self.file
    }

    /// The layer that it is drawn in.
    #[must_use]
    pub fn layer(&self) -> &str {
        self.file.layer.as_deref().unwrap_or(&self.name)
    }

    /// Arms and their shares, the control first.
    pub fn arms(&self) -> impl Iterator<Item = (&str, f64)> {
        let control = self.file.control.as_str();
        let all = || {
            self.file
                .arms
                .iter()
                .map(|(arm, share)| (arm.as_str(), *share))
        };
        let first = all().filter(move |(arm, _)| *arm == control);
        first.chain(all().filter(move |(arm, _)| *arm != control))
    }

    /// Whether one of its outcomes is in table `events`.
    #[must_use]
    pub fn reads_visits(&self) -> bool {
        let mut measures = self.measures();
        measures.any(|measure| measure.reads(Outcome::Visits))
    }

    /// What is measured: outcomes, and then ratios.
    pub(crate) fn measures(&self) -> impl Iterator<Item = Measure<'_>> {
        measures(&self.file.outcomes, &self.file.ratio)
    }

    /// The probability of every arm, as table `assignments` writes it.
    #[must_use]
    pub fn propensities(&self) -> String {
        let quoted = |arm: &str| serde_json::Value::from(arm).to_string();
        let each = self.file.arms.iter();
        let each: Vec<String> = each
            .map(|(arm, share)| format!("{}:{share}", quoted(arm)))
            .collect();
        format!("{{{}}}", each.join(","))
    }

    /// Changes with what was written, but for its owner and what it is said to be for.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let text = serde_json::Value::Object(self.kept()).to_string();
        fingerprint(text.as_bytes())
    }

    /// What differs from the definition that customers were drawn by. Its owner, what it is said to be for and a larger
    /// `to` may: none of them moves anybody.
    #[must_use]
    pub fn changes(&self, drawn: &Self) -> Vec<Change> {
        let (is, was) = (self.kept(), drawn.kept());
        let grown = self.file.to >= drawn.file.to;
        let keys: std::collections::BTreeSet<&String> = is.keys().chain(was.keys()).collect();
        let null = serde_json::Value::Null;
        let of = |map: &serde_json::Map<String, serde_json::Value>, key: &str| {
            map.get(key).unwrap_or(&null).to_string()
        };
        let differ =
            |key: &&String| !(key.as_str() == "to" && grown) && is.get(*key) != was.get(*key);
        keys.into_iter()
            .filter(differ)
            .map(|key| Change {
                key: key.clone(),
                was: of(&was, key),
                is: of(&is, key),
            })
            .collect()
    }

    /// What decides the draw and the reading.
    fn kept(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut all = match serde_json::to_value(&self.file) {
            Ok(serde_json::Value::Object(all)) => all,
            Ok(_) | Err(_) => serde_json::Map::new(),
        };
        all.remove("owner");
        all.remove("description");
        all
    }

    /// Its part of its layer.
    pub(crate) fn slot(&self) -> Slot {
        let salt = self.file.salt.as_deref().unwrap_or(&self.name);
        Slot {
            experiment: self.name.clone(),
            salt: format!("experiment {salt}"),
            from: self.file.from,
            to: self.file.to,
            arms: self
                .arms()
                .map(|(arm, share)| ArmShare {
                    arm: arm.to_owned(),
                    share,
                })
                .collect(),
        }
    }
}

impl ExperimentFile {
    fn check_texts(&self, file: &ConfigFile) -> Result<(), ConfigError> {
        if self.owner.trim().is_empty() {
            return Err(file.refuse(&["owner"], "empty", "the name of a person or a team"));
        }
        let texts = [
            ("layer", &self.layer),
            ("salt", &self.salt),
            ("customers", &self.customers),
        ];
        for (key, text) in texts {
            let Some(text) = text else { continue };
            let one_line = key == "customers" || !text.contains('\n');
            if text.trim().is_empty() || !one_line {
                return Err(file.refuse(&[key], format!("{text:?}"), "one line of text"));
            }
        }
        if self.customers.is_some() && self.unit == Unit::Site {
            return Err(file.refuse(&["customers"], "a query", "none where `unit` is site"));
        }
        Ok(())
    }

    fn check_arms(&self, file: &ConfigFile) -> Result<(), ConfigError> {
        const SHARE_MIN: f64 = 0.001;
        for (arm, share) in &self.arms {
            // As the pattern of table `assignments` has it, and as JSON in its column of probabilities.
            if arm.trim() != arm
                || arm.is_empty()
                || arm.len() > 200
                || arm.contains(['"', '\\'])
                || arm.chars().any(char::is_control)
            {
                let allowed = "a name of at most 200 letters without quotes and spaces at its ends";
                return Err(file.refuse(&["arms"], format!("{arm:?}"), allowed));
            }
            if !(SHARE_MIN..1.0).contains(share) {
                return Err(file.refuse(&["arms", arm], share, "0.001 to below 1"));
            }
        }
        let sum: f64 = self.arms.values().sum();
        if self.arms.len() < 2 || (sum - 1.0).abs() > ROUNDING {
            // An empty sum of numbers is -0.
            let (arms, sum) = (self.arms.len(), sum.abs());
            let found = format!("{arms} arms that add up to {sum}");
            return Err(file.refuse(&["arms"], found, "at least 2 arms that add up to 1"));
        }
        if !self.arms.contains_key(&self.control) {
            let names: Vec<String> = self.arms.keys().map(|arm| format!("{arm:?}")).collect();
            let found = format!("{:?}", self.control);
            return Err(file.refuse(&["control"], found, names.join(", ")));
        }
        Ok(())
    }

    fn check_numbers(&self, file: &ConfigFile) -> Result<(), ConfigError> {
        if !(0.0 <= self.from && self.from < self.to && self.to <= 1.0) {
            let key = if (0.0..1.0).contains(&self.from) {
                "to"
            } else {
                "from"
            };
            let found = format!("from {} to {}", self.from, self.to);
            return Err(file.refuse(&[key], found, "0 <= from < to <= 1"));
        }
        if !(1..=100).contains(&self.blocks) {
            return Err(file.refuse(&["blocks"], self.blocks, "1 to 100"));
        }
        if !(1..=365).contains(&self.window_days) {
            return Err(file.refuse(&["window_days"], self.window_days, "1 to 365"));
        }
        if self.covariate_days > 365 {
            return Err(file.refuse(&["covariate_days"], self.covariate_days, "0 to 365"));
        }
        if !(0.001..=0.2).contains(&self.alpha) {
            return Err(file.refuse(&["alpha"], self.alpha, "0.001 to 0.2"));
        }
        if !(0.5..=0.99).contains(&self.power) {
            return Err(file.refuse(&["power"], self.power, "0.5 to 0.99"));
        }
        if self.outcomes.is_empty() {
            return Err(file.refuse(&["outcomes"], "none", "at least one"));
        }
        for (place, outcome) in self.outcomes.iter().enumerate() {
            if self.outcomes[..place].contains(outcome) {
                return Err(file.refuse(
                    &["outcomes"],
                    format!("{outcome:?} twice"),
                    "each one once",
                ));
            }
            if self.unit == Unit::Site && *outcome == Outcome::Visits {
                let allowed = "any outcome but visits where `unit` is site: events name none";
                return Err(file.refuse(&["outcomes"], "visits", allowed));
            }
        }
        let refuse =
            |path: &[&str], found: String, allowed: &str| file.refuse(path, found, allowed);
        check(&self.outcomes, &self.ratio, &self.guardrail, &refuse)?;
        let of_visits = |ratio: &Ratio| Measure::Ratio(ratio).reads(Outcome::Visits);
        if self.unit == Unit::Site && self.ratio.iter().any(of_visits) {
            let allowed = "no visits where `unit` is site: events name none";
            return Err(file.refuse(&["ratio"], "one of visits", allowed));
        }
        Ok(())
    }
}
