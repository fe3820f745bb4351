//! What an experiment can see, worked out from the shop's own past before it starts.

use super::definition::{Definition, Unit};
use super::ratio::{Guardrail, Measure, Ratio};
use super::wanted::Wanted;
use crate::outcome::{Outcome, knows_costs};
use features::History;
use measure::design::{Baseline, FalseAlarms, Plan, PlanError, Watch, false_alarms};
use measure::effects::{Moments, linearised};
use measure::sequential::TUNED_UNITS;
use schema::time::DAY_SECONDS;
use schema::{AsOf, Direction, WhyNot};
use serde::Serialize;
use std::ops::Range;

/// Lengths of an experiment that are tried for a wanted effect.
const WINDOWS_DAYS: [u32; 10] = [1, 2, 4, 7, 14, 28, 56, 84, 168, 364];

/// The units that there are for an experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Units {
    /// Known to the shop.
    pub known: u64,
    /// Of these, those that the query of the definition leaves out.
    pub not_asked_for: u64,
    /// Of the rest, those whom the universal holdout has.
    pub held_out: u64,
    /// Of the rest, those outside the experiment's part of its layer.
    pub other_part: u64,
    /// What is left: those who can be drawn, drawn ones included.
    pub available: u64,
    /// Of these, those in experiments of other layers, which draw independently of this one.
    pub shared: Vec<SharedWith>,
}

/// Another experiment that some of the units are in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedWith {
    /// The experiment.
    pub experiment: String,
    /// Its layer.
    pub layer: String,
    /// Units in both.
    pub units: u64,
}

/// What an experiment can see.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Design {
    /// The experiment.
    pub experiment: String,
    /// What is drawn.
    pub unit: Unit,
    /// The first day not known.
    pub as_of: AsOf,
    /// Days in which an outcome counts.
    pub window_days: u32,
    /// Days before, whose outcome takes chance out of the effect.
    pub covariate_days: u32,
    /// Level, two-sided.
    pub alpha: f64,
    /// Probability of seeing the smallest detectable effect.
    pub power: f64,
    /// Who there is.
    pub units: Units,
    /// Of the units, those known before the past window, from whom the figures are taken.
    pub past_units: u64,
    /// The effect asked for.
    pub wanted: Option<Wanted>,
    /// By outcome, and then by ratio.
    pub outcomes: Vec<OutcomeDesign>,
    /// By guardrail, and within by arm but the control.
    pub guardrails: Vec<GuardrailDesign>,
}

/// What can be seen of one guardrail of one arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GuardrailDesign {
    /// The outcome or ratio, as the definition calls it.
    pub outcome: String,
    /// The arm.
    pub arm: String,
    /// Share of the control's mean by which it may get worse.
    pub worse_by: f64,
    /// Units of the arm and of the control together.
    pub units: u64,
    /// Probability that they show it kept, where nothing has changed; `null` where that cannot be said.
    pub kept: Option<f64>,
    /// Units of both together that show it kept with the power planned; `null` where no number would do.
    pub units_needed: Option<u64>,
}

/// What can be seen of one outcome or ratio.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomeDesign {
    /// The outcome; what is divided where it is a ratio.
    pub(crate) outcome: Outcome,
    /// The ratio, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<Ratio>,
    /// Its unit, with the window.
    pub unit: String,
    /// Whether it is an amount in the shop's currency.
    pub money: bool,
    /// Why it cannot be measured at all; `null` where it can.
    pub not_measurable: Option<WhyNot>,
    /// Mean of a unit in the past window; the ratio where it is one.
    pub mean: Option<f64>,
    /// Its standard deviation; that of one unit's part in the ratio where it is one.
    pub deviation: Option<f64>,
    /// Share of the variance that the days before take away.
    pub variance_saved: Option<f64>,
    /// By arm but the control.
    pub arms: Vec<ArmDesign>,
    /// Random splits of the past window that are called real, of the control and the first arm.
    pub false_alarms: Option<FalseAlarms>,
}

/// What can be seen of one arm against the control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmDesign {
    /// The arm.
    pub arm: String,
    /// Units of the arm and of the control together.
    pub units: u64,
    /// Smallest effect that they show, read once.
    pub detectable: Option<f64>,
    /// The same as a share of the mean.
    pub detectable_relative: Option<f64>,
    /// Smallest effect that they show where it is read at any time.
    pub detectable_any_time: Option<f64>,
    /// Units of both together that the wanted effect takes; `null` where none is wanted or no number would do.
    pub units_needed: Option<u64>,
    /// Days that the wanted effect takes with the units there are, the shortest of those tried; `null` where none is
    /// wanted, or the longest past window that there is would not do.
    pub days_needed: Option<u32>,
    /// The longest window that was tried.
    pub days_tried: Option<u32>,
}

/// An experiment that cannot be designed from this history.
#[derive(Debug, thiserror::Error)]
pub enum DesignError {
    /// The history is shorter than the experiment.
    #[error(
        "design {experiment:?} from {found} days of sales: `window_days` asks for {needed}, and a day before to know who there was"
    )]
    TooShort {
        /// The experiment.
        experiment: String,
        /// Days there are.
        found: i32,
        /// Days asked for.
        needed: u32,
    },
    /// Nobody is left.
    #[error(
        "design {experiment:?} without units: of {known} {unit} the query leaves out {not_asked_for}, the holdout has {held_out}, other parts of the layer have {other_part}"
    )]
    NoUnits {
        /// The experiment.
        experiment: String,
        /// What is drawn, in the plural.
        unit: &'static str,
        /// Units known.
        known: u64,
        /// Units that the query leaves out.
        not_asked_for: u64,
        /// Units held out.
        held_out: u64,
        /// Units in other parts of the layer.
        other_part: u64,
    },
    /// The level and the power do not fit.
    #[error("plan the comparison")]
    Plan(#[from] PlanError),
}

/// How an experiment is looked at before it starts.
#[derive(Debug, Clone, Copy)]
pub struct Plans<'a> {
    /// Its definition.
    pub definition: &'a Definition,
    /// The sales; where sites are drawn, with the site in the place of the customer.
    pub history: &'a History,
    /// Random splits to try; 0 for none.
    pub splits: u32,
    /// Seed of the splits.
    pub seed: u64,
    /// The effect wanted.
    pub wanted: Option<Wanted>,
}

impl Plans<'_> {
    /// The first moment of a past window of so many days, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn window_from(&self, days: u32) -> i64 {
        self.until() - i64::from(days) * DAY_SECONDS
    }

    fn until(&self) -> i64 {
        self.history.begins(self.history.as_of())
    }

    /// What the experiment can see with the units there are.
    ///
    /// - `available`: the units that can be drawn, each with the first moment that the shop knew of it, in seconds since
    ///   1970-01-01 UTC; the past window is taken of those it knew before.
    ///
    /// # Errors
    /// [`DesignError`] when the history is too short or nobody is left.
    pub fn design(&self, units: Units, available: &[(String, i64)]) -> Result<Design, DesignError> {
        let file = self.definition.file();
        let experiment = || self.definition.name().to_owned();
        let (found, needed) = (self.history.days(), file.window_days);
        if i64::from(found) <= i64::from(needed) {
            return Err(DesignError::TooShort {
                experiment: experiment(),
                found,
                needed,
            });
        }
        if available.is_empty() {
            return Err(DesignError::NoUnits {
                experiment: experiment(),
                unit: file.unit.plural(),
                known: units.known,
                not_asked_for: units.not_asked_for,
                held_out: units.held_out,
                other_part: units.other_part,
            });
        }
        let of = |measure| self.outcome(measure, available);
        let measures = self.definition.measures();
        let outcomes = measures.map(of).collect::<Result<_, _>>()?;
        let guards = |guardrail| self.guardrail(guardrail, available);
        let guardrails: Vec<Vec<GuardrailDesign>> = file
            .guardrail
            .iter()
            .map(guards)
            .collect::<Result<_, _>>()?;
        Ok(Design {
            experiment: experiment(),
            unit: file.unit,
            as_of: self.history.as_of(),
            window_days: file.window_days,
            covariate_days: file.covariate_days,
            alpha: file.alpha,
            power: file.power,
            past_units: self.past(available, file.window_days).count() as u64,
            units,
            wanted: self.wanted,
            outcomes,
            guardrails: guardrails.concat(),
        })
    }

    /// The units that were known before a past window.
    fn past<'u>(
        &self,
        available: &'u [(String, i64)],
        days: u32,
    ) -> impl Iterator<Item = &'u str> + use<'u> {
        let from = self.window_from(days);
        let known = available.iter().filter(move |(_, since)| *since < from);
        known.map(|(unit, _)| unit.as_str())
    }

    /// What is measured of each unit in a past window, and the same before it; of a ratio each unit's part in it.
    fn rows(
        &self,
        measure: Measure<'_>,
        available: &[(String, i64)],
        days: u32,
    ) -> Result<Vec<[f64; 2]>, WhyNot> {
        let from = self.window_from(days);
        let before = from - i64::from(self.definition.file().covariate_days) * DAY_SECONDS;
        let (during, before): (Range<i64>, Range<i64>) = (from..self.until(), before..from);
        let of = |outcome: Outcome, unit: &str| {
            let of = |window| outcome.of(self.history, unit, window);
            [of(&during), of(&before)]
        };
        let past = self.past(available, days);
        match measure {
            Measure::Outcome(outcome) => Ok(past.map(|unit| of(outcome, unit)).collect()),
            Measure::Ratio(ratio) => {
                let row = |unit: &str| {
                    let [divided, before] = of(ratio.of, unit);
                    let [by, by_before] = of(ratio.per, unit);
                    [divided, by, before, by_before]
                };
                linearised(&past.map(row).collect::<Vec<_>>())
            }
        }
    }

    /// The rows of the past window that is as long as the experiment, and what they say.
    fn past_of(
        &self,
        measure: Measure<'_>,
        available: &[(String, i64)],
    ) -> Result<(Vec<[f64; 2]>, Baseline), WhyNot> {
        let file = self.definition.file();
        if measure.reads(Outcome::Margin) && !knows_costs(self.history) {
            return Err(WhyNot::DoesNotApply {
                because: "table `products` knows the cost of no product".to_owned(),
            });
        }
        let rows = self.rows(measure, available, file.window_days);
        let past = rows.and_then(|rows| {
            let baseline = baseline(&rows)?;
            Ok((rows, baseline))
        });
        past.map_err(|why| match why {
            WhyNot::NoVariation { .. } => WhyNot::NoVariation {
                what: named(measure, file.unit),
            },
            WhyNot::TooFew { .. }
            | WhyNot::HistoryTooShort { .. }
            | WhyNot::DoesNotApply { .. } => why,
        })
    }

    /// What can be seen of a guardrail with each arm.
    fn guardrail(
        &self,
        guardrail: &Guardrail,
        available: &[(String, i64)],
    ) -> Result<Vec<GuardrailDesign>, DesignError> {
        let file = self.definition.file();
        let mut measures = self.definition.measures();
        let measure = measures.find(|measure| measure.code() == guardrail.outcome);
        let past = measure.and_then(|measure| self.past_of(measure, available).ok());
        let better = measure.map_or(Direction::Higher, |measure| measure.better());
        // What must not rise is held against more of the control, what must not fall against less.
        let worse_by = match better {
            Direction::Higher => guardrail.worse_by,
            Direction::Lower => -guardrail.worse_by,
        };
        let shares: Vec<(&str, f64)> = self.definition.arms().collect();
        let control = shares[0].1;
        let of = |(arm, share): &(&str, f64)| -> Result<GuardrailDesign, DesignError> {
            let units = available.len() as f64 * (share + control);
            let plan = Plan::new(
                file.alpha,
                file.power,
                share / (share + control),
                Watch::Always {
                    tuned_units: TUNED_UNITS,
                },
            )?;
            let baseline = past.as_ref().map(|(_, baseline)| baseline);
            Ok(GuardrailDesign {
                outcome: guardrail.outcome.clone(),
                arm: (*arm).to_owned(),
                worse_by: guardrail.worse_by,
                units: units.floor() as u64,
                kept: baseline.and_then(|of| plan.keeps(of, worse_by, units).ok()),
                units_needed: baseline.and_then(|of| plan.units_to_keep(of, worse_by).ok()),
            })
        };
        shares[1..].iter().map(of).collect()
    }

    fn outcome(
        &self,
        measure: Measure<'_>,
        available: &[(String, i64)],
    ) -> Result<OutcomeDesign, DesignError> {
        let file = self.definition.file();
        let (outcome, ratio) = match measure {
            Measure::Outcome(outcome) => (outcome, None),
            Measure::Ratio(ratio) => (ratio.of, Some(ratio.clone())),
        };
        let mut design = OutcomeDesign {
            outcome,
            ratio,
            unit: format!(
                "{} within {} days",
                named(measure, file.unit),
                file.window_days
            ),
            money: measure.is_money(),
            not_measurable: None,
            mean: None,
            deviation: None,
            variance_saved: None,
            arms: Vec::new(),
            false_alarms: None,
        };
        let (rows, baseline) = match self.past_of(measure, available) {
            Ok(past) => past,
            Err(why) => {
                design.not_measurable = Some(why);
                return Ok(design);
            }
        };
        design.mean = Some(baseline.mean);
        design.deviation = Some(baseline.variance.sqrt());
        design.variance_saved = (file.covariate_days > 0).then_some(1.0 - baseline.variance_left);
        let shares: Vec<(&str, f64)> = self.definition.arms().collect();
        let control = shares[0].1;
        for (arm, share) in &shares[1..] {
            let of_both = available.len() as f64 * (share + control);
            let treated = share / (share + control);
            let arm = self.arm(arm, (of_both, treated), measure, &baseline, available)?;
            design.arms.push(arm);
        }
        let treated = shares[1].1 / (shares[1].1 + control);
        design.false_alarms = false_alarms(&rows, treated, file.alpha, self.splits, self.seed);
        Ok(design)
    }

    fn arm(
        &self,
        arm: &str,
        (units, treated): (f64, f64),
        measure: Measure<'_>,
        baseline: &Baseline,
        available: &[(String, i64)],
    ) -> Result<ArmDesign, DesignError> {
        let file = self.definition.file();
        let plan = |watch| Plan::new(file.alpha, file.power, treated, watch);
        let once = plan(Watch::Once)?;
        let always = plan(Watch::Always {
            tuned_units: TUNED_UNITS,
        })?;
        let detectable = once.detectable(baseline, units).ok();
        let mut design = ArmDesign {
            arm: arm.to_owned(),
            units: units.floor() as u64,
            detectable,
            detectable_relative: detectable.and_then(|seen| share_of(seen, baseline.mean)),
            detectable_any_time: always.detectable(baseline, units).ok(),
            units_needed: None,
            days_needed: None,
            days_tried: None,
        };
        let Some(wanted) = self.wanted else {
            return Ok(design);
        };
        design.units_needed = once.units_needed(baseline, wanted.of(baseline.mean)).ok();
        let history = u32::try_from(self.history.days()).unwrap_or(0);
        for days in WINDOWS_DAYS.into_iter().filter(|days| *days < history) {
            design.days_tried = Some(days);
            // Longer windows are taken of units known for longer: what they have is read, how many there are stays.
            let rows = self.rows(measure, available, days);
            let Ok(longer) = rows.and_then(|rows| self::baseline(&rows)) else {
                continue;
            };
            let seen = once.detectable(&longer, units);
            if seen.is_ok_and(|seen| seen <= wanted.of(longer.mean).abs()) {
                design.days_needed = Some(days);
                break;
            }
        }
        Ok(design)
    }
}

fn named(measure: Measure<'_>, unit: Unit) -> String {
    match (measure, unit) {
        (Measure::Outcome(outcome), Unit::Site) => format!("{} per site", outcome.name()),
        (Measure::Outcome(_) | Measure::Ratio(_), _) => measure.unit(),
    }
}

fn share_of(effect: f64, mean: f64) -> Option<f64> {
    (mean != 0.0).then(|| effect / mean.abs())
}

/// Mean, variance and what the days before explain.
fn baseline(rows: &[[f64; 2]]) -> Result<Baseline, WhyNot> {
    let moments = Moments::of_rows(2, rows).map_err(|error| WhyNot::DoesNotApply {
        because: error.to_string(),
    })?;
    Baseline::of(&moments)
}
