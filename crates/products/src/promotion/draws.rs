//! A trial's draws as they are learnt from: facts, arm, probabilities and what came of it.

use super::facts::{Column, Facts, rows};
use super::settings::{Outcome, Settings};
use features::{Assignment, History};
use models::uplift::{Experiment, ExperimentError, Features, FeaturesError, Observed};
use schema::AsOf;
use schema::time::date_of;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A trial that cannot be learnt from.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// No such trial.
    #[error("table `assignments` has no draw of trial {trial:?} before {as_of}; it holds {held}")]
    NoTrial {
        /// The trial asked for.
        trial: String,
        /// The first day not known.
        as_of: AsOf,
        /// The trials there are.
        held: String,
    },
    /// No such arm.
    #[error("trial {trial:?} has no arm {control:?} to compare with; its arms are {arms}")]
    NoControl {
        /// The trial.
        trial: String,
        /// The arm that should be the control.
        control: String,
        /// The arms there are.
        arms: String,
    },
    /// A cost of something that is no arm.
    #[error("`costs` names {found:?}, which is no arm of trial {trial:?}; its arms are {arms}")]
    NoArm {
        /// The trial.
        trial: String,
        /// The name found.
        found: String,
        /// The arms there are.
        arms: String,
    },
    /// Probabilities that are none.
    #[error("customer {customer:?} of trial {trial:?}: `propensities` is {found}, {allowed}")]
    Propensities {
        /// The trial.
        trial: String,
        /// The customer drawn.
        customer: String,
        /// What was logged.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// An arm against the control.
    #[error("compare arm {arm:?} with the control")]
    Arm {
        /// The arm.
        arm: String,
        /// What is wrong.
        #[source]
        source: ExperimentError,
    },
    /// What is known of the customers.
    #[error("read what is known of the customers drawn")]
    Features(#[from] FeaturesError),
}

/// The draws whose window is over.
#[derive(Debug)]
pub(crate) struct Draws {
    /// Names of the arms, the control first.
    pub(crate) arms: Vec<String>,
    pub(crate) facts: Vec<Facts>,
    pub(crate) arm: Vec<usize>,
    pub(crate) outcome: Vec<f64>,
    /// Rows × arms.
    propensity: Vec<f64>,
    /// Draws that came too late to have an outcome.
    pub(crate) unfinished: usize,
}

impl Draws {
    pub(crate) fn of(history: &History, settings: &Settings) -> Result<Self, TrialError> {
        let all = history.trials().of(&settings.trial);
        let names: BTreeSet<&str> = all.iter().map(|a| &*a.arm).collect();
        let control = settings.control.as_str();
        if all.is_empty() {
            let trials = history.trials().assignments().iter().map(|a| &*a.trial);
            return Err(TrialError::NoTrial {
                trial: settings.trial.clone(),
                as_of: history.as_of(),
                held: listed(trials.collect()),
            });
        }
        if !names.contains(control) {
            return Err(TrialError::NoControl {
                trial: settings.trial.clone(),
                control: control.to_owned(),
                arms: listed(names),
            });
        }
        let strange = |name: &&String| !names.contains(name.as_str());
        if let Some(found) = settings.costs.keys().find(strange) {
            return Err(TrialError::NoArm {
                trial: settings.trial.clone(),
                found: found.clone(),
                arms: listed(names),
            });
        }
        let treated = names.into_iter().filter(|name| *name != control);
        let arms: Vec<String> = std::iter::once(control)
            .chain(treated)
            .map(str::to_owned)
            .collect();
        let mut draws = Self {
            facts: Vec::with_capacity(all.len()),
            arm: Vec::with_capacity(all.len()),
            outcome: Vec::with_capacity(all.len()),
            propensity: Vec::with_capacity(all.len() * arms.len()),
            unfinished: 0,
            arms,
        };
        let window = i64::from(settings.window_days) * DAY_SECONDS;
        let known_until = i64::from(history.as_of().epoch_day()) * DAY_SECONDS;
        // Draws of one campaign log one text of probabilities, or a few.
        let mut read: HashMap<&str, Vec<f64>> = HashMap::new();
        for draw in all {
            if draw.at_seconds + window > known_until {
                draws.unfinished += 1;
                continue;
            }
            let of_arms = match read.get(&*draw.propensities) {
                Some(known) => known,
                None => {
                    let found = probabilities(draw, &draws.arms)?;
                    read.entry(&draw.propensities).or_insert(found)
                }
            };
            draws.propensity.extend(of_arms);
            let arm = draws.arms.iter().position(|name| **name == *draw.arm);
            draws.arm.push(arm.unwrap_or(0));
            let until = draw.at_seconds + window;
            let outcome = outcome(history, draw, until, settings.outcome);
            draws.outcome.push(outcome);
            draws.facts.push(facts_at(history, draw));
        }
        Ok(draws)
    }

    pub(crate) fn rows(&self) -> usize {
        self.arm.len()
    }

    pub(crate) fn propensity(&self, row: usize, arm: usize) -> f64 {
        self.propensity[row * self.arms.len() + arm]
    }

    /// One arm against the control, on some of the rows.
    pub(crate) fn experiment(
        &self,
        arm: usize,
        columns: &[Column],
        of: &[usize],
    ) -> Result<Experiment, TrialError> {
        let compared = |row: &&usize| [0, arm].contains(&self.arm[**row]);
        let of: Vec<usize> = of.iter().filter(compared).copied().collect();
        let observed = Observed {
            features: self.features(columns, &of)?,
            arms: vec![self.arms[0].clone(), self.arms[arm].clone()],
            arm: of
                .iter()
                .map(|row| usize::from(self.arm[*row] == arm))
                .collect(),
            outcome: of.iter().map(|row| self.outcome[*row]).collect(),
            propensity: of
                .iter()
                .flat_map(|row| [self.propensity(*row, 0), self.propensity(*row, arm)])
                .collect(),
        };
        Experiment::new(observed).map_err(|source| TrialError::Arm {
            arm: self.arms[arm].clone(),
            source,
        })
    }

    /// What is known of some rows.
    pub(crate) fn features(
        &self,
        columns: &[Column],
        of: &[usize],
    ) -> Result<Features, FeaturesError> {
        features(columns, of.iter().map(|row| &self.facts[*row]))
    }
}

/// What is known of some customers, as learners read it.
pub(crate) fn features<'a>(
    columns: &[Column],
    customers: impl IntoIterator<Item = &'a Facts>,
) -> Result<Features, FeaturesError> {
    let names = columns.iter().map(Column::name).collect();
    Features::new(names, rows(customers, columns))
}

const DAY_SECONDS: i64 = 86_400;

fn listed(names: BTreeSet<&str>) -> String {
    /// Names in a message.
    const NAMES_MAX: usize = 10;
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<&str> = names.iter().take(NAMES_MAX).copied().collect();
    let rest = names.len() - shown.len();
    let rest = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    format!("{}{rest}", shown.join(", "))
}

/// The logged probability of each arm.
fn probabilities(draw: &Assignment, arms: &[String]) -> Result<Vec<f64>, TrialError> {
    let refused = |allowed: String| TrialError::Propensities {
        trial: draw.trial.to_string(),
        customer: draw.customer.clone(),
        found: draw.propensities.to_string(),
        allowed,
    };
    let logged: BTreeMap<String, f64> = serde_json::from_str(&draw.propensities)
        .map_err(|e| refused(format!("allowed is a JSON object of probabilities: {e}")))?;
    if let Some((arm, found)) = logged.iter().find(|(_, p)| !(**p > 0.0 && **p < 1.0)) {
        return Err(refused(format!(
            "that of {arm:?} is {found}, allowed is above 0 and below 1: who could not have been in another arm says nothing of the difference"
        )));
    }
    let sum: f64 = logged.values().sum();
    if sum > models::uplift::PROPENSITY_SUM_MAX {
        return Err(refused(format!(
            "they add up to {sum}, at most 1 is allowed"
        )));
    }
    let of = |arm: &String| {
        let missing = || refused(format!("the probability of arm {arm:?} is missing"));
        logged.get(arm).copied().ok_or_else(missing)
    };
    arms.iter().map(of).collect()
}

/// What was known of a customer when the arm was drawn.
fn facts_at(history: &History, draw: &Assignment) -> Facts {
    let day = i32::try_from(draw.at_seconds.div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX);
    let lines = history.customer_index(&draw.customer);
    let lines = lines.map_or(&[][..], |c| history.lines_of(c));
    Facts::new(draw.context.as_deref(), lines, AsOf(date_of(day)))
}

/// What came of a draw, from its moment on.
fn outcome(history: &History, draw: &Assignment, until: i64, what: Outcome) -> f64 {
    let during = |at: i64| (draw.at_seconds..until).contains(&at);
    let lines = || {
        let lines = history.customer_index(&draw.customer);
        let lines = lines.map_or(&[][..], |c| history.lines_of(c));
        lines.iter().filter(|line| during(line.at_seconds))
    };
    match what {
        Outcome::Visits => {
            let visits = history.trials().visits_of(&draw.customer);
            f64::from(u8::from(visits.iter().any(|at| during(*at))))
        }
        Outcome::Orders => {
            let bought = lines().filter(|line| !line.is_return);
            let orders: BTreeSet<u32> = bought.map(|line| line.order).collect();
            orders.len() as f64
        }
        Outcome::Revenue => lines().map(|line| line.spend_cents).sum::<i64>() as f64 / 100.0,
    }
}
