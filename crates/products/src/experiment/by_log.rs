//! What rules would have brought where a data product decided: an arm for everybody, valued by the decisions that chance
//! made, beside what the product chose.

use super::error::ExperimentError;
use super::measuring::{Measuring, Rows};
use super::reading::LEVEL;
use super::settings::Source;
use super::units::{Times, Unit, windows};
use crate::logged::of_possible;
use crate::outcome::Outcome;
use features::{Assignment, Round};
use measure::effects::{Effect, Moments, Scale, apart, cuped, cuped_slope, difference};
use measure::offpolicy::{Logged, PolicyValue, Predicted, evaluate};
use schema::WhyNot;
use schema::time::DAY_SECONDS;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of rules from a product's own log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ByLog {
    /// Customers whose arm chance drew at their first decision, their window over.
    pub(super) drawn: u64,
    /// Customers for whom the product chose then, although chance might have.
    pub(super) chosen: u64,
    /// Customers for whom nothing could be drawn: of them no rule is told.
    pub(super) fixed: u64,
    /// Mean of the first outcome of those for whom the product chose.
    pub(super) chosen_mean: Option<f64>,
    /// By arm that everybody would have got.
    pub(super) rules: Vec<Rule>,
    /// By version that decided, oldest first.
    pub(super) versions: Vec<OfVersion>,
}

/// What one version chose, beside what chance drew at its time: so that what changed with the season is on both sides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OfVersion {
    pub(super) version: u16,
    pub(super) drawn: u64,
    pub(super) chosen: u64,
    /// What its choice adds to an arm by chance, per customer.
    pub(super) adds: Effect,
    /// The same less that of the version before; absent for the first.
    pub(super) more: Option<Effect>,
}

/// One arm for everybody who may be given it, and the control for those who may not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) arm: String,
    /// Whether the log says anything of it, and the value per customer by the first outcome.
    pub(super) value: Valued,
    /// Customers who were drawn into what the rule gives.
    pub(super) as_drawn: u64,
    /// What the product's choice adds to the rule, per customer.
    pub(super) choice_adds: Effect,
}

/// A value, or why there is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Valued {
    Measured(Box<PolicyValue>),
    NotMeasurable(WhyNot),
}

/// A customer whose arm chance drew.
struct Draw<'a> {
    unit: Unit<'a>,
    version: u16,
    arm: &'a str,
    /// The probability of every arm that could have been drawn.
    logged: BTreeMap<String, f64>,
}

impl ByLog {
    /// Reads the first decision about each customer; `None` where a trial is read, or the product drew nobody.
    pub(super) fn of(read: &Measuring<'_>) -> Result<Option<Self>, ExperimentError> {
        let (history, settings) = (read.history, read.settings);
        let (Source::Product(product), Some(outcome)) =
            (settings.source(), settings.outcomes.first())
        else {
            return Ok(None);
        };
        let times = Times::of(history, settings);
        let draws = history.trials().of(product);
        let (mut drawn, mut chosen, mut fixed) = (Vec::new(), Vec::new(), 0);
        let mut chosen_by = Vec::new();
        for (customer, rounds) in history.trials().rounds().of(product) {
            let begin = rounds.partition_point(|round| round.at_seconds < times.start);
            let Some(first) = rounds.get(begin).filter(|first| !first.held_out) else {
                continue;
            };
            if !times.is_over(first.at_seconds) {
                continue;
            }
            let unit = Unit {
                customer,
                arm: 1,
                weight: 1.0,
                first: first.at_seconds,
                windows: windows([first.at_seconds], times.window),
            };
            match draw_on(draws, customer, first).filter(|_| first.open) {
                Some(draw) => drawn.push(Draw {
                    unit,
                    version: first.version,
                    arm: &draw.arm,
                    logged: of_possible(draw)?,
                }),
                None if first.open => {
                    chosen.push(unit);
                    chosen_by.push(first.version);
                }
                None => fixed += 1,
            }
        }
        if drawn.is_empty() {
            return Ok(None);
        }
        let control = control(&drawn);
        let arms: BTreeSet<&str> = drawn.iter().map(|draw| draw.arm).collect();
        let log = Log {
            read,
            outcome: *outcome,
            drawn: &drawn,
            chosen: &chosen,
            chosen_by: &chosen_by,
            control: control.as_deref(),
        };
        let rules = arms.into_iter().map(|arm| log.rule(arm));
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        let brought = chosen.iter().map(|unit| read.row(unit, *outcome)[0]);
        let brought: Vec<f64> = brought.collect();
        Ok(Some(Self {
            drawn: drawn.len() as u64,
            chosen: chosen.len() as u64,
            fixed,
            chosen_mean: Moments::of(&brought)?.mean(0),
            rules,
            versions: log.versions()?,
        }))
    }
}

/// The only arm that every draw could have been: the control may always be given. `None` where several are such.
fn control(drawn: &[Draw<'_>]) -> Option<String> {
    let mut arms: BTreeSet<&String> = drawn.first()?.logged.keys().collect();
    for draw in drawn {
        arms.retain(|arm| draw.logged.contains_key(*arm));
    }
    let mut all = arms.into_iter();
    all.next().filter(|_| all.next().is_none()).cloned()
}

/// The draw of a customer that is their first decision.
fn draw_on<'a>(draws: &'a [Assignment], customer: &str, first: &Round) -> Option<&'a Assignment> {
    let begin = draws.partition_point(|draw| *draw.customer < *customer);
    let end = draws.partition_point(|draw| *draw.customer <= *customer);
    let day = |at: i64| at.div_euclid(DAY_SECONDS);
    let mut own = draws[begin..end].iter();
    own.find(|draw| day(draw.at_seconds) == day(first.at_seconds))
}

/// What is compared.
struct Log<'a> {
    read: &'a Measuring<'a>,
    outcome: Outcome,
    drawn: &'a [Draw<'a>],
    chosen: &'a [Unit<'a>],
    /// The version that chose for each.
    chosen_by: &'a [u16],
    /// The arm that is given where another one may not be, where the log tells it.
    control: Option<&'a str>,
}

impl Log<'_> {
    /// The arm that a rule gives to a customer; `None` where the log does not tell it.
    fn gives<'r>(&'r self, arm: &'r str, draw: &Draw<'_>) -> Option<&'r str> {
        if draw.logged.contains_key(arm) {
            Some(arm)
        } else {
            self.control
        }
    }

    fn rule(&self, arm: &str) -> Result<Rule, ExperimentError> {
        if self
            .drawn
            .iter()
            .any(|draw| self.gives(arm, draw).is_none())
        {
            let why = WhyNot::DoesNotApply {
                because: format!(
                    "not everybody could be given {arm}, and what they would get instead is not logged"
                ),
            };
            return Ok(Rule {
                arm: arm.to_owned(),
                value: Valued::NotMeasurable(why.clone()),
                as_drawn: 0,
                choice_adds: Effect::NotMeasurable(why),
            });
        }
        let drawn_alike = |draw: &&Draw<'_>| Some(draw.arm) == self.gives(arm, draw);
        let alike: Vec<Unit<'_>> = self
            .drawn
            .iter()
            .filter(drawn_alike)
            .map(|draw| Unit {
                arm: 0,
                weight: draw.logged.get(draw.arm).map_or(1.0, |p| 1.0 / p),
                ..draw.unit.clone()
            })
            .collect();
        let choice_adds = self.adds(&alike, self.chosen)?;
        Ok(Rule {
            arm: arm.to_owned(),
            value: self.value(arm)?,
            as_drawn: alike.len() as u64,
            choice_adds,
        })
    }

    /// What some customers brought more than others, who are given as arm 0 and arm 1.
    fn adds<'u>(
        &self,
        others: &'u [Unit<'u>],
        own: impl IntoIterator<Item = &'u Unit<'u>>,
    ) -> Result<Effect, ExperimentError> {
        let members: Vec<&Unit<'_>> = others.iter().chain(own).collect();
        let rows = Rows {
            members: &members,
            arms: 2,
        };
        let moments = self.read.moments(&rows, self.outcome)?;
        let (others, own) = (&moments[0], &moments[1]);
        let adds = if others.columns() == 2 {
            cuped(others, own, Scale::Absolute, LEVEL)
        } else {
            difference(others, own, Scale::Absolute, LEVEL)
        };
        // The level is a probability and both have the same columns.
        Ok(adds.unwrap_or_else(|error| {
            Effect::NotMeasurable(WhyNot::DoesNotApply {
                because: error.to_string(),
            })
        }))
    }

    /// What each version chose, beside what chance drew of it.
    fn versions(&self) -> Result<Vec<OfVersion>, ExperimentError> {
        let all: BTreeSet<u16> = self.drawn.iter().map(|draw| draw.version).collect();
        let mut versions: Vec<OfVersion> = Vec::new();
        for version in all {
            let of_version = self.drawn.iter().filter(|draw| draw.version == version);
            let drawn: Vec<Unit<'_>> = of_version
                .map(|draw| Unit {
                    arm: 0,
                    ..draw.unit.clone()
                })
                .collect();
            let chosen = self.chosen.iter().zip(self.chosen_by);
            let chosen: Vec<Unit<'_>> = chosen
                .filter(|(_, by)| **by == version)
                .map(|(unit, _)| unit.clone())
                .collect();
            let adds = self.adds(&drawn, &chosen)?;
            let before = versions
                .last()
                .map(|before| apart(&adds, &before.adds, LEVEL));
            versions.push(OfVersion {
                version,
                drawn: drawn.len() as u64,
                chosen: chosen.len() as u64,
                // The level is a probability.
                more: before.and_then(Result::ok),
                adds,
            });
        }
        Ok(versions)
    }

    /// The value of a rule by the draws, each half of them predicted by what the other half says of an arm and of the
    /// outcome before.
    fn value(&self, arm: &str) -> Result<Valued, ExperimentError> {
        let rows: Vec<[f64; 2]> = self
            .drawn
            .iter()
            .map(|draw| self.read.row(&draw.unit, self.outcome))
            .collect();
        let mut halves: BTreeMap<(usize, &str), Moments> = BTreeMap::new();
        let mut all = Moments::new(2);
        for (place, (draw, row)) in self.drawn.iter().zip(&rows).enumerate() {
            let half = halves.entry((place % 2, draw.arm));
            half.or_insert_with(|| Moments::new(2)).push(row)?;
            all.push(row)?;
        }
        let predicted = |place: usize, arm: &str| {
            let of = halves.get(&(1 - place % 2, arm)).unwrap_or(&all);
            let slope = cuped_slope(&[of]).unwrap_or(0.0);
            let mean = |column: usize| of.mean(column).unwrap_or(0.0);
            mean(0) + slope * (rows[place][1] - mean(1))
        };
        let (mut taken, mut policy) = (Vec::new(), Vec::new());
        let (mut target, mut propensity) = (Vec::new(), Vec::new());
        for (place, draw) in self.drawn.iter().enumerate() {
            let gives = self.gives(arm, draw).unwrap_or(arm);
            taken.push(predicted(place, draw.arm));
            policy.push(predicted(place, gives));
            target.push(f64::from(u8::from(draw.arm == gives)));
            propensity.push(draw.logged.get(draw.arm).copied().unwrap_or(1.0));
        }
        let reward: Vec<f64> = rows.iter().map(|row| row[0]).collect();
        let logged = Logged {
            reward: &reward,
            propensity: &propensity,
            target: &target,
            predicted: Some(Predicted {
                taken: &taken,
                policy: &policy,
            }),
        };
        Ok(match evaluate(&logged, LEVEL) {
            Ok(value) => Valued::Measured(Box::new(value)),
            // A rule of which the log says nothing is no reason to say nothing of the others.
            Err(error) => Valued::NotMeasurable(WhyNot::DoesNotApply {
                because: error.to_string(),
            }),
        })
    }
}
