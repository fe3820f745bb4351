//! An experiment reduced to its sums: they merge, and the raw rows need not be kept.

use super::by_log::ByLog;
use super::error::ExperimentError;
use super::groups::{Groups, Members};
use super::policy::Valued;
use super::ratio::{Measure, Ratio};
use super::settings::Settings;
use super::units::{AskedFor, Reached, Unit, Units};
use crate::outcome::{Outcome, knows_costs};
use features::History;
use measure::effects::{Moments, cuped_slope, ratio_slope};
use schema::AsOf;
use schema::time::DAY_SECONDS;
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
    /// By outcome and arm: the outcome, and the same before the first draw where that explains some of it; and then by
    /// ratio and arm: what is divided and by what, and both before.
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
        let of = |measure: Measure<'_>| match measure {
            Measure::Outcome(outcome) => moments_of(history, settings, &everybody, outcome),
            Measure::Ratio(ratio) => ratio_moments(history, settings, &everybody, ratio),
        };
        let moments = settings.measures().map(of).collect::<Result<_, _>>()?;
        let members = Members::of(history, settings, &units)?;
        let groups = Groups::of(history, settings, &units, members.as_ref())?;
        let policy = Valued::of(history, settings, &units, members.as_ref())?;
        let by_log = ByLog::of(history, settings)?;
        Ok(Self {
            unfinished: units.unfinished(),
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
        of_first.map_or(0, Moments::count)
    }

    /// Customers of all arms whose window is over.
    pub(super) fn customers(&self) -> u64 {
        (0..self.arms.len()).map(|arm| self.finished(arm)).sum()
    }
}

/// Customers whose outcomes are added up.
pub(super) struct Rows<'a> {
    pub(super) members: &'a [&'a Unit<'a>],
    /// Arms there are, whether or not one of the customers is in them.
    pub(super) arms: usize,
}

/// Moments of one outcome by arm.
pub(super) fn moments_of(
    history: &History,
    settings: &Settings,
    of: &Rows<'_>,
    outcome: Outcome,
) -> Result<Vec<Moments>, ExperimentError> {
    let rows = of.by_arm(|unit| row(history, settings, unit, outcome));
    let with = moments(&rows, |row| *row)?;
    let explains = |treated: &Moments| cuped_slope(&[&with[0], treated]).is_some();
    if settings.covariate_days > 0 && with[1..].iter().all(explains) {
        return Ok(with);
    }
    moments(&rows, |[outcome, _]| [*outcome])
}

/// Moments of one ratio by arm.
fn ratio_moments(
    history: &History,
    settings: &Settings,
    of: &Rows<'_>,
    ratio: &Ratio,
) -> Result<Vec<Moments>, ExperimentError> {
    let rows = of.by_arm(|unit| {
        let [divided, before] = row(history, settings, unit, ratio.of);
        let [by, by_before] = row(history, settings, unit, ratio.per);
        [divided, by, before, by_before]
    });
    let with = moments(&rows, |row| *row)?;
    let explains = |treated: &Moments| ratio_slope(&with[0], treated).is_some();
    if settings.covariate_days > 0 && with[1..].iter().all(explains) {
        return Ok(with);
    }
    moments(&rows, |[divided, by, _, _]| [*divided, *by])
}

/// Moments of some columns of the rows of each arm.
fn moments<const N: usize, const M: usize>(
    rows: &[Vec<[f64; N]>],
    columns: impl Fn(&[f64; N]) -> [f64; M],
) -> Result<Vec<Moments>, ExperimentError> {
    let of_arm = |rows: &Vec<[f64; N]>| {
        Moments::of_rows(M, rows.iter().map(&columns)).map_err(ExperimentError::from)
    };
    rows.iter().map(of_arm).collect()
}

impl Rows<'_> {
    /// One row of each customer, weighed, by arm.
    fn by_arm<const N: usize>(&self, row: impl Fn(&Unit<'_>) -> [f64; N]) -> Vec<Vec<[f64; N]>> {
        let of_arm = |arm: usize| {
            let members = self.members.iter().copied();
            let own: Vec<&Unit<'_>> = members.filter(|unit| unit.arm == arm).collect();
            let mut rows: Vec<[f64; N]> = own.iter().map(|unit| row(unit)).collect();
            weigh(&mut rows, &own);
            rows
        };
        (0..self.arms).map(of_arm).collect()
    }
}

/// What came of a customer, and the same before.
pub(super) fn row(
    history: &History,
    settings: &Settings,
    unit: &Unit<'_>,
    outcome: Outcome,
) -> [f64; 2] {
    let windows = unit.windows.iter();
    let after = windows.map(|during| outcome.of(history, unit.customer, during));
    let before = match settings.covariate_days {
        0 => 0.0,
        days => {
            let during = unit.first - i64::from(days) * DAY_SECONDS..unit.first;
            outcome.of(history, unit.customer, &during)
        }
    };
    [after.sum(), before]
}

/// Where probabilities of an arm differ between its customers, each is moved away from the arm's weighted mean by as
/// much as their weight says: the plain mean of the rows is then the weighted mean of the arm, and their plain variance
/// that of the weighted mean.
///
/// # Source
/// Hájek (1971); the variance by linearisation.
fn weigh<const N: usize>(rows: &mut [[f64; N]], units: &[&Unit<'_>]) {
    let all: f64 = units.iter().map(|unit| unit.weight).sum();
    let alike = units.windows(2).all(|two| two[0].weight == two[1].weight);
    if alike || all <= 0.0 {
        return;
    }
    let mean_weight = all / units.len() as f64;
    for column in 0..N {
        let weighted = rows.iter().zip(units).map(|(r, u)| r[column] * u.weight);
        let mean = weighted.sum::<f64>() / all;
        for (row, unit) in rows.iter_mut().zip(units) {
            row[column] = mean + unit.weight / mean_weight * (row[column] - mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(weight: f64) -> Unit<'static> {
        Unit {
            customer: "c",
            arm: 0,
            weight,
            first: 0,
            windows: Vec::new(),
        }
    }

    #[test]
    fn who_was_unlikely_to_be_in_the_arm_stands_for_more_others() {
        let (rare, common) = (unit(9.0), unit(1.0));
        let mut rows = [[10.0, 0.0], [0.0, 1.0]];
        weigh(&mut rows, &[&rare, &common]);
        let mean = (rows[0][0] + rows[1][0]) / 2.0;
        assert!((mean - 9.0).abs() < 1e-12, "{rows:?}");
        let mut alike = [[10.0, 0.0], [0.0, 1.0]];
        weigh(&mut alike, &[&common, &common]);
        assert_eq!(alike, [[10.0, 0.0], [0.0, 1.0]]);
    }
}
