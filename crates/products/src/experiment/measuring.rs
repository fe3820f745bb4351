//! What came of customers as numbers that arms are compared by: cut where a few would decide, weighed where not all were as
//! likely to be in their arm, beside what was known before, and added up by cluster where customers were drawn as one.

use super::clusters::Clusters;
use super::cuts::Cuts;
use super::error::ExperimentError;
use super::known_before::known_before;
use super::ratio::Ratio;
use super::settings::{Adjust, Settings};
use super::units::{Unit, Units};
use crate::outcome::Outcome;
use features::History;
use measure::effects::{Moments, cross_fitted, cuped_slope, ratio_slope};
use schema::time::DAY_SECONDS;
use std::ops::Range;

/// Parts of the customers whose outcomes are predicted by the other parts.
const FOLDS: usize = 5;

/// How what came of customers is read.
pub(super) struct Measuring<'a> {
    pub(super) history: &'a History,
    pub(super) settings: &'a Settings,
    pub(super) cuts: Cuts,
    /// Who was drawn together; nothing where customers are units.
    pub(super) clusters: Option<Clusters<'a>>,
}

/// Customers whose outcomes are added up.
pub(super) struct Rows<'a> {
    pub(super) members: &'a [&'a Unit<'a>],
    /// Arms there are, whether or not one of the customers is in them.
    pub(super) arms: usize,
}

impl<'a> Measuring<'a> {
    pub(super) fn of(
        history: &'a History,
        settings: &'a Settings,
        units: &Units<'a>,
    ) -> Result<Self, ExperimentError> {
        let mut read = Self {
            history,
            settings,
            cuts: Cuts::default(),
            clusters: Clusters::of(history, settings, units)?,
        };
        read.cuts = Cuts::of(&read, units);
        Ok(read)
    }

    /// What came of a customer, and the same before; both cut.
    pub(super) fn row(&self, unit: &Unit<'_>, outcome: Outcome) -> [f64; 2] {
        self.cuts.cut(outcome, self.uncut(unit, outcome))
    }

    /// The same as it was.
    pub(super) fn uncut(&self, unit: &Unit<'_>, outcome: Outcome) -> [f64; 2] {
        let of = |during: &Range<i64>| outcome.of(self.history, unit.customer, during);
        let after: f64 = unit.windows.iter().map(of).sum();
        let before = match self.settings.covariate_days {
            0 => 0.0,
            days => of(&(unit.first - i64::from(days) * DAY_SECONDS..unit.first)),
        };
        [after, before]
    }

    /// Moments of one outcome by arm.
    pub(super) fn moments(
        &self,
        of: &Rows<'_>,
        outcome: Outcome,
    ) -> Result<Vec<Moments>, ExperimentError> {
        let mut rows = of.by_arm(|unit| self.row(unit, outcome));
        if self.settings.adjust == Adjust::Regression {
            let predicted = self.predicted(of, outcome)?;
            for (row, predicted) in rows.iter_mut().flatten().zip(predicted.iter().flatten()) {
                row[1] = *predicted;
            }
        }
        let adjusts = self.settings.covariate_days > 0;
        if let Some(clusters) = &self.clusters {
            let with =
                clusters.moments(of, &rows, |[outcome, before]| [outcome, 1.0, before, 1.0])?;
            let explains = |treated: &Moments| ratio_slope(&with[0], treated).is_some();
            if adjusts && with[1..].iter().all(explains) {
                return Ok(with);
            }
            return clusters.moments(of, &rows, |[outcome, _]| [outcome, 1.0]);
        }
        let with = moments(&rows, |row| *row)?;
        let explains = |treated: &Moments| cuped_slope(&[&with[0], treated]).is_some();
        if adjusts && with[1..].iter().all(explains) {
            return Ok(with);
        }
        moments(&rows, |[outcome, _]| [*outcome])
    }

    /// What a regression that has not seen a customer says of an outcome, by what was known of them before the first draw.
    fn predicted(&self, of: &Rows<'_>, outcome: Outcome) -> Result<Vec<Vec<f64>>, ExperimentError> {
        let rows = of.by_arm(|unit| {
            let [after, before] = self.row(unit, outcome);
            known_before(self.history, self.settings, unit, outcome, [after, before])
        });
        Ok(cross_fitted(&rows, FOLDS)?)
    }

    /// Moments of one ratio by arm.
    pub(super) fn ratio_moments(
        &self,
        of: &Rows<'_>,
        ratio: &Ratio,
    ) -> Result<Vec<Moments>, ExperimentError> {
        let rows = of.by_arm(|unit| {
            let [divided, before] = self.row(unit, ratio.of);
            let [by, by_before] = self.row(unit, ratio.per);
            [divided, by, before, by_before]
        });
        let adjusts = self.settings.covariate_days > 0;
        let (with, alone) = match &self.clusters {
            None => (moments(&rows, |row| *row)?, None),
            Some(clusters) => (clusters.moments(of, &rows, |row| row)?, Some(clusters)),
        };
        let explains = |treated: &Moments| ratio_slope(&with[0], treated).is_some();
        if adjusts && with[1..].iter().all(explains) {
            return Ok(with);
        }
        match alone {
            None => moments(&rows, |[divided, by, _, _]| [*divided, *by]),
            Some(clusters) => clusters.moments(of, &rows, |[divided, by, _, _]| [divided, by]),
        }
    }
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
    /// The customers of an arm, in the order of their rows.
    pub(super) fn of_arm(&self, arm: usize) -> impl Iterator<Item = &Unit<'_>> {
        let members = self.members.iter().copied();
        members.filter(move |unit| unit.arm == arm)
    }

    /// One row of each customer, weighed, by arm.
    fn by_arm<const N: usize>(&self, row: impl Fn(&Unit<'_>) -> [f64; N]) -> Vec<Vec<[f64; N]>> {
        let of_arm = |arm: usize| {
            let own: Vec<&Unit<'_>> = self.of_arm(arm).collect();
            let mut rows: Vec<[f64; N]> = own.iter().map(|unit| row(unit)).collect();
            weigh(&mut rows, &own);
            rows
        };
        (0..self.arms).map(of_arm).collect()
    }
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
