//! How much each row tells: outcomes of customers from whom much is expected scatter more.

use super::experiment::Experiment;
use super::outcomes::Outcomes;
use super::pool::rise;

/// Rows that a step needs, and steps at most.
const STEP_ROWS: usize = 100;
const STEPS_MAX: usize = 20;

/// Least variance, as a share of the mean one: nobody counts as more than that many times the others.
const FLOOR: f64 = 0.02;

/// The variance of outcomes as a function of what was expected, which rises in steps.
#[derive(Debug, Clone, PartialEq)]
struct Scatter {
    /// Expected outcome up to which each step reaches, rising; the last one goes on.
    ends: Vec<f64>,
    variances: Vec<f64>,
}

impl Scatter {
    /// - `expected`: by models that have not seen the row.
    /// - `outcome`: what came.
    fn of(expected: &[f64], outcome: &[f64]) -> Self {
        let rows = expected.len();
        let steps = (rows / STEP_ROWS).clamp(1, STEPS_MAX);
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by(|one, other| expected[*one].total_cmp(&expected[*other]));
        let square = |row: &usize| (outcome[*row] - expected[*row]).powi(2);
        let mean = order.iter().map(square).sum::<f64>() / rows as f64;
        let (mut ends, mut variances) = (Vec::new(), Vec::new());
        for step in 0..steps {
            let of = &order[step * rows / steps..(step + 1) * rows / steps];
            ends.extend(of.last().map(|row| expected[*row]));
            variances.push(of.iter().map(square).sum::<f64>() / of.len() as f64);
        }
        rise(&mut variances);
        // Where nothing scatters all tell alike.
        let least = if mean > 0.0 { FLOOR * mean } else { 1.0 };
        variances.iter_mut().for_each(|v| *v = v.max(least));
        Self { ends, variances }
    }

    fn variance(&self, expected: f64) -> f64 {
        let step = self.ends.partition_point(|end| *end < expected);
        self.variances[step.min(self.variances.len() - 1)]
    }
}

/// How much the rows tell, 1 on average.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Precision {
    /// By row, of the outcome itself.
    pub(super) of_outcome: Vec<f64>,
    /// By arm, without the control, then row: of the doubly robust score.
    pub(super) of_scores: Vec<Vec<f64>>,
}

impl Precision {
    /// The inverse of the variance: that of a score is `v(μ̂ₐ)/pₐ + v(μ̂₀)/p₀`, with `v` the variance of outcomes of
    /// whom as much is expected. Held-out expectations only, so that no row is weighted by what came of it.
    ///
    /// # Source
    /// Aitken (1935): of all unbiased linear estimators the one weighted so has the least variance.
    pub(super) fn of(experiment: &Experiment, outcomes: &Outcomes) -> Self {
        let rows = 0..experiment.rows();
        let expected = |row: usize, arm: usize| outcomes.held_out[arm][row];
        let own: Vec<f64> = (rows.clone())
            .map(|row| expected(row, experiment.arm()[row]))
            .collect();
        let scatter = Scatter::of(&own, experiment.outcome());
        let variance = |row, arm| scatter.variance(expected(row, arm));
        let score = |row, arm| {
            let of = |arm| variance(row, arm) / experiment.propensity(row, arm);
            of(arm) + of(0)
        };
        let arms = 1..experiment.arms().len();
        Self {
            of_outcome: scaled(rows.clone().map(|row| 1.0 / variance(row, 0))),
            of_scores: arms
                .map(|arm| scaled(rows.clone().map(|row| 1.0 / score(row, arm))))
                .collect(),
        }
    }
}

/// Values over their mean.
fn scaled(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter_mut().for_each(|value| *value /= mean);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_scatter_more_where_more_is_expected() {
        // One step expects 1 and is off by 1, the other expects 10 and is off by 4.
        let expected = [vec![1.0; 100], vec![10.0; 100]].concat();
        let off = |row: usize| if row.is_multiple_of(2) { 1.0 } else { -1.0 };
        let outcome: Vec<f64> = (0..200)
            .map(|row| expected[row] + off(row) * if row < 100 { 1.0 } else { 4.0 })
            .collect();
        let scatter = Scatter::of(&expected, &outcome);
        assert_eq!(scatter.variances, [1.0, 16.0]);
        let of = [0.0, 1.0, 5.0, 10.0, 99.0].map(|at| scatter.variance(at));
        assert_eq!(of, [1.0, 1.0, 16.0, 16.0, 16.0]);
    }

    #[test]
    fn where_nothing_scatters_all_tell_alike() {
        let scatter = Scatter::of(&[4.0; 200], &[4.0; 200]);
        assert_eq!(scatter.variances, [1.0, 1.0]);
    }

    #[test]
    fn whoever_never_scatters_does_not_count_for_everybody() {
        let expected = [vec![0.0; 100], vec![10.0; 100]].concat();
        let outcome: Vec<f64> = (0..200)
            .map(|row| if row < 100 { 0.0 } else { 12.0 })
            .collect();
        let scatter = Scatter::of(&expected, &outcome);
        assert_eq!(scatter.variances, [0.02 * 2.0, 4.0]);
    }
}
