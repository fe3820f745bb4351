//! An experiment reduced to its sums: everything that is told of it is read from them, and the raw rows are not kept.
//!
//! They are those of all its customers at once. Moments of disjoint customers merge ([`Moments::merge`]), but what is cut,
//! weighed or predicted of a customer depends on all others, so that read-outs of parts do not.

use super::by_log::ByLog;
use super::cuts::Cut;
use super::error::ExperimentError;
use super::groups::{Groups, Members};
use super::measuring::{Measuring, Rows};
use super::policy::Valued;
use super::ratio::Measure;
use super::settings::Settings;
use super::units::{AskedFor, Reached, Unit, Units};
use crate::outcome::{Outcome, knows_costs};
use features::History;
use measure::effects::Moments;
use schema::AsOf;
use serde::{Deserialize, Serialize};

/// Customers by arm, and what came of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Names of the arms, the control first.
    pub(super) arms: Vec<String>,
    /// The share of each arm that was asked for; absent where it is not known.
    pub(super) shares: Option<Vec<f64>>,
    /// Customers of each arm, whether or not their window is over.
    pub(super) assigned: Vec<u64>,
    /// Of these, customers whose window is over. Empty in sums that were kept before there were clusters: those that
    /// moments count.
    #[serde(default)]
    finished: Vec<u64>,
    /// Clusters of each arm with a customer whose window is over, where errors count them.
    #[serde(default)]
    pub(super) clusters: Option<Vec<u64>>,
    /// Between which values outcomes were cut.
    #[serde(default)]
    pub(super) cuts: Vec<Cut>,
    /// The first day of a draw or a decision.
    pub(super) start: AsOf,
    /// The first day not known.
    pub(super) as_of: AsOf,
    /// Customers whose window is not over.
    pub(super) unfinished: u64,
    /// Draws of customers who had been drawn before.
    pub(super) repeated: u64,
    /// Customers of a product or of its versions whom both arms answered.
    pub(super) both: u64,
    /// Customers of a trial who were drawn again later, into another arm.
    #[serde(default)]
    pub(super) moved: u64,
    /// What reached the customers of a trial.
    #[serde(default)]
    pub(super) reached: Option<Reached>,
    /// Days with a decision of each arm's customers, on average; absent for a trial.
    pub(super) rounds: Option<Vec<f64>>,
    /// Of versions: the shares of the customers that the one on trial was asked to answer, oldest first.
    #[serde(default)]
    pub(super) asked_for: Vec<AskedFor>,
    /// By outcome and arm: the outcome, and the same before the first draw, or what a regression predicts, where that explains
    /// some of it; and then by ratio and arm: what is divided and by what, and both before. Of clusters these are sums, each
    /// beside the number of customers.
    pub(super) moments: Vec<Vec<Moments>>,
    /// The first outcome by group, where the settings name groups.
    #[serde(default)]
    pub(super) groups: Option<Groups>,
    /// What a rule would have brought, where the settings name one.
    #[serde(default)]
    pub(super) policy: Option<Valued>,
    /// What rules would have brought, where a product is read that drew some of its decisions.
    #[serde(default)]
    pub(super) by_log: Option<ByLog>,
}

impl Sums {
    pub(super) fn of(history: &History, settings: &Settings) -> Result<Self, ExperimentError> {
        if settings.reads(Outcome::Margin) && !knows_costs(history) {
            return Err(ExperimentError::NoGoodsCost);
        }
        let units = Units::of(history, settings)?;
        let all: Vec<&Unit<'_>> = units.finished.iter().collect();
        let everybody = Rows {
            members: &all,
            arms: units.arms.len(),
        };
        let read = Measuring::of(history, settings, &units)?;
        let of = |measure: Measure<'_>| match measure {
            Measure::Outcome(outcome) => read.moments(&everybody, outcome),
            Measure::Ratio(ratio) => read.ratio_moments(&everybody, ratio),
        };
        let moments = settings.measures().map(of).collect::<Result<_, _>>()?;
        let members = Members::of(history, settings, &units)?;
        let groups = Groups::of(&read, &units, members.as_ref())?;
        let policy = Valued::of(&read, &units, members.as_ref())?;
        let by_log = ByLog::of(&read)?;
        let finished = |arm| units.finished.iter().filter(|unit| unit.arm == arm).count() as u64;
        let finished = (0..units.arms.len()).map(finished).collect();
        Ok(Self {
            unfinished: units.unfinished(),
            finished,
            clusters: read
                .clusters
                .as_ref()
                .map(|clusters| clusters.of_arms.clone()),
            cuts: read.cuts.all().to_vec(),
            arms: units.arms,
            shares: units.shares,
            assigned: units.assigned,
            start: units.start,
            as_of: history.as_of(),
            repeated: units.repeated,
            both: units.both,
            moved: units.moved,
            reached: units.reached,
            rounds: units.rounds,
            asked_for: units.asked_for,
            moments,
            groups,
            policy,
            by_log,
        })
    }

    /// Customers of an arm whose window is over.
    pub(super) fn finished(&self, arm: usize) -> u64 {
        let of_first = self.moments.first().and_then(|arms| arms.get(arm));
        let counted = self.finished.get(arm).copied();
        counted.unwrap_or_else(|| of_first.map_or(0, Moments::count))
    }

    /// Customers of all arms whose window is over.
    pub(super) fn customers(&self) -> u64 {
        (0..self.arms.len()).map(|arm| self.finished(arm)).sum()
    }
}
