//! A sum of what each column adds.

use math::optimise::inverse_positive_definite;
use serde::{Deserialize, Serialize};

/// Penalties that are compared, per launch.
const PENALTIES: [f64; 9] = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 10.0];

/// Columns that differ less than this tell nothing.
const SPREAD_MIN: f64 = 1e-9;

/// Ridge regression on columns of mean 0 and deviation 1; what is not told counts as the mean.
///
/// # Source
/// Hoerl and Kennard (1970); the penalty by generalised cross-validation, Golub, Heath and Wahba (1979).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Linear {
    constant: f64,
    columns: Vec<Column>,
    /// Degrees of freedom used, the constant among them.
    degrees: f64,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Column {
    mean: f64,
    deviation: f64,
    /// What one deviation more adds.
    slope: f64,
}

impl Column {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let known: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
        let n = known.len().max(1) as f64;
        let mean = known.iter().sum::<f64>() / n;
        let squares: f64 = known.iter().map(|value| (value - mean).powi(2)).sum();
        Self {
            mean,
            deviation: (squares / n).sqrt(),
            slope: 0.0,
        }
    }

    fn standard(&self, value: f64) -> f64 {
        if value.is_nan() || self.deviation < SPREAD_MIN {
            0.0
        } else {
            (value - self.mean) / self.deviation
        }
    }
}

impl Linear {
    /// Learns from rows × `columns` and a target for each row; at least one row.
    pub(super) fn fit(rows: &[f64], columns: usize, target: &[f64]) -> Self {
        let n = target.len() as f64;
        let constant = target.iter().sum::<f64>() / n;
        let column = |at: usize| Column::of(rows.iter().skip(at).step_by(columns).copied());
        let mut learnt = Self {
            constant,
            columns: (0..columns).map(column).collect(),
            degrees: 1.0,
        };
        let standard: Vec<Vec<f64>> = rows
            .chunks_exact(columns)
            .map(|row| learnt.standard(row))
            .collect();
        let (mut square, mut cross, mut left) =
            (vec![0.0; columns * columns], vec![0.0; columns], 0.0);
        for (row, target) in standard.iter().zip(target) {
            let off = target - constant;
            left += off * off;
            for (i, x) in row.iter().enumerate() {
                cross[i] += x * off;
                for (j, y) in row.iter().enumerate() {
                    square[i * columns + j] += x * y;
                }
            }
        }
        let normal = Normal {
            columns,
            square,
            cross,
            left,
            n,
        };
        let tried = PENALTIES
            .iter()
            .filter_map(|penalty| normal.solve(penalty * n));
        let best = tried.min_by(|a, b| a.criterion.total_cmp(&b.criterion));
        // Without any column the constant alone stands beside the penalties.
        let alone = left * n / (n - 1.0).max(1e-9).powi(2);
        if let Some(best) = best.filter(|best| best.criterion < alone) {
            learnt.degrees = 1.0 + best.degrees;
            for (column, slope) in learnt.columns.iter_mut().zip(best.slopes) {
                column.slope = slope;
            }
        }
        learnt
    }

    /// The same of every launch.
    pub(super) fn constant_at(mut self, constant: f64) -> Self {
        self.constant = constant;
        self.columns
            .iter_mut()
            .for_each(|column| column.slope = 0.0);
        self
    }

    /// A row as deviations from the mean.
    pub(super) fn standard(&self, row: &[f64]) -> Vec<f64> {
        let each = self.columns.iter().zip(row);
        each.map(|(column, value)| column.standard(*value))
            .collect()
    }

    /// What a row is forecast.
    pub(super) fn predict(&self, row: &[f64]) -> f64 {
        let each = self.columns.iter().zip(row);
        let adds = each.map(|(column, value)| column.slope * column.standard(*value));
        self.constant + adds.sum::<f64>()
    }

    /// What one deviation more of each column adds.
    pub(super) fn slopes(&self) -> impl Iterator<Item = f64> + '_ {
        self.columns.iter().map(|column| column.slope)
    }

    /// Degrees of freedom used.
    pub(super) fn degrees(&self) -> f64 {
        self.degrees
    }
}

/// Sums that the solution is made of.
struct Normal {
    columns: usize,
    square: Vec<f64>,
    cross: Vec<f64>,
    left: f64,
    n: f64,
}

/// Slopes of one penalty.
struct Solved {
    slopes: Vec<f64>,
    degrees: f64,
    criterion: f64,
}

impl Normal {
    fn solve(&self, penalty: f64) -> Option<Solved> {
        let p = self.columns;
        let mut penalised = self.square.clone();
        (0..p).for_each(|at| penalised[at * p + at] += penalty);
        let inverse = inverse_positive_definite(&penalised, p)?;
        let row = |at: usize| &inverse[at * p..(at + 1) * p];
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let slopes: Vec<f64> = (0..p).map(|at| dot(row(at), &self.cross)).collect();
        let kept: f64 = (0..p).map(|at| penalty * inverse[at * p + at]).sum();
        let degrees = p as f64 - kept;
        let bent = (0..p).map(|at| slopes[at] * dot(&self.square[at * p..(at + 1) * p], &slopes));
        let error = self.left - 2.0 * dot(&slopes, &self.cross) + bent.sum::<f64>();
        let free = self.n - 1.0 - degrees;
        (free > 0.5).then(|| Solved {
            criterion: error.max(0.0) * self.n / (free * free),
            slopes,
            degrees,
        })
    }
}
