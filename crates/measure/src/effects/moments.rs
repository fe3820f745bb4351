//! Count, means and products of deviations: what averages, variances and slopes are made of.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Sufficient statistics of rows of numbers, one row per unit: count, means and sums of products of deviations.
///
/// Which column is what is agreed with the function that reads them: outcome first, then covariates or a denominator.
/// Merging parts gives what pushing all rows gives, in any order, to rounding; nothing is lost to cancellation when
/// the mean is large beside the spread.
/// # Source
/// Welford (1962); merging by Chan, Golub and LeVeque (1979).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Moments {
    count: u64,
    means: Vec<f64>,
    /// Sums of products of deviations from the means, columns × columns, row-major, symmetric.
    products: Vec<f64>,
}

/// Moments as they were written, not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    count: u64,
    means: Vec<f64>,
    products: Vec<f64>,
}

/// Rows or sums that cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum MomentsError {
    /// A row or another part has another number of columns.
    #[error("add {found} columns to moments of {expected}")]
    Columns {
        /// Columns found.
        found: usize,
        /// Columns expected.
        expected: usize,
    },
    /// A value is not a number.
    #[error("add a unit whose column {column} is {value}: every value must be finite")]
    NotFinite {
        /// Column, from 0.
        column: usize,
        /// Value found.
        value: f64,
    },
    /// No rows have these sums.
    #[error(
        "read moments of {count} units: the sums of squares and products of column {column} cannot be those of any rows"
    )]
    Impossible {
        /// Units.
        count: u64,
        /// Column, from 0.
        column: usize,
    },
}

impl TryFrom<Stored> for Moments {
    type Error = MomentsError;

    fn try_from(stored: Stored) -> Result<Self, MomentsError> {
        let Stored {
            count,
            means,
            products,
        } = stored;
        let n = means.len();
        if products.len() != n * n {
            return Err(MomentsError::Columns {
                found: products.len(),
                expected: n * n,
            });
        }
        let read = Self {
            count,
            means,
            products,
        };
        read.check()?;
        Ok(read)
    }
}

impl Moments {
    /// Moments of no units yet, of rows of `columns` values.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            count: 0,
            means: vec![0.0; columns],
            products: vec![0.0; columns * columns],
        }
    }

    /// Moments of one column.
    ///
    /// # Errors
    /// [`MomentsError::NotFinite`].
    pub fn of(values: &[f64]) -> Result<Self, MomentsError> {
        Self::of_rows(1, values.iter().map(|value| [*value]))
    }

    /// Moments of rows of `columns` values.
    ///
    /// # Errors
    /// As [`Moments::push`].
    pub fn of_rows<R: AsRef<[f64]>>(
        columns: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Self, MomentsError> {
        let mut moments = Self::new(columns);
        for row in rows {
            moments.push(row.as_ref())?;
        }
        Ok(moments)
    }

    /// Moments from sums, as a database gives them: per column the sum, and the sums of products of each two columns
    /// (columns × columns, row-major, squares on the diagonal).
    ///
    /// Digits that the sums have cancelled are gone: prefer [`Moments::push`] where the mean is large beside the spread.
    ///
    /// # Errors
    /// [`MomentsError`] when lengths differ, a sum is not finite, or no rows have these sums.
    pub fn from_sums(count: u64, sums: &[f64], products: &[f64]) -> Result<Self, MomentsError> {
        let n = sums.len();
        if products.len() != n * n {
            return Err(MomentsError::Columns {
                found: products.len(),
                expected: n * n,
            });
        }
        let units = count.max(1) as f64;
        let means: Vec<f64> = sums.iter().map(|sum| sum / units).collect();
        // What is smaller than the rounding of the sums is nothing.
        let left = |row: usize, column: usize| {
            let product = products[row * n + column];
            let left = product - sums[row] * means[column];
            let noise = units * f64::EPSILON * product.abs();
            if left.abs() <= noise { 0.0 } else { left }
        };
        let centred = (0..n * n)
            .map(|cell| left((cell / n).max(cell % n), (cell / n).min(cell % n)))
            .collect();
        let moments = Self {
            count,
            means,
            products: centred,
        };
        moments.check()?;
        Ok(moments)
    }

    fn check(&self) -> Result<(), MomentsError> {
        let n = self.columns();
        let cells = self.means.iter().chain(&self.products).enumerate();
        for (cell, value) in cells {
            if !value.is_finite() {
                let column = if cell < n { cell } else { (cell - n) % n };
                return Err(MomentsError::NotFinite {
                    column,
                    value: *value,
                });
            }
        }
        for column in 0..n {
            let impossible = MomentsError::Impossible {
                count: self.count,
                column,
            };
            let own = self.product(column, column);
            let of_nobody = self.count == 0 && self.means[column] != 0.0;
            if own < 0.0 || (self.count < 2 && own != 0.0) || of_nobody {
                return Err(impossible);
            }
            for other in 0..column {
                let (one, two) = (self.product(column, other), self.product(other, column));
                // Cauchy and Schwarz, with room for the rounding of sums.
                let most = (own * self.product(other, other)).sqrt();
                if one != two || one.abs() > most * (1.0 + 1e-6) {
                    return Err(impossible);
                }
            }
        }
        Ok(())
    }

    /// Adds a unit.
    ///
    /// # Errors
    /// [`MomentsError`] when the row has another number of columns or a value is not finite; nothing is added then.
    pub fn push(&mut self, row: &[f64]) -> Result<(), MomentsError> {
        let n = self.columns();
        if row.len() != n {
            return Err(MomentsError::Columns {
                found: row.len(),
                expected: n,
            });
        }
        if let Some(column) = row.iter().position(|value| !value.is_finite()) {
            return Err(MomentsError::NotFinite {
                column,
                value: row[column],
            });
        }
        self.absorb(1, row, None);
        Ok(())
    }

    /// Adds the units of another part.
    ///
    /// # Errors
    /// [`MomentsError::Columns`] when it has another number of columns.
    pub fn merge(&mut self, other: &Self) -> Result<(), MomentsError> {
        if other.columns() != self.columns() {
            return Err(MomentsError::Columns {
                found: other.columns(),
                expected: self.columns(),
            });
        }
        self.absorb(other.count, &other.means, Some(&other.products));
        Ok(())
    }

    fn absorb(&mut self, count: u64, means: &[f64], products: Option<&[f64]>) {
        if count == 0 {
            return;
        }
        let n = self.columns();
        let before = self.count as f64;
        self.count += count;
        let share = count as f64 / self.count as f64;
        for row in 0..n {
            for column in 0..n {
                let gaps = (means[row] - self.means[row]) * (means[column] - self.means[column]);
                let own = products.map_or(0.0, |products| products[row * n + column]);
                self.products[row * n + column] += own + gaps * before * share;
            }
        }
        for (mean, other) in self.means.iter_mut().zip(means) {
            *mean += (other - *mean) * share;
        }
    }

    /// Values per unit.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.means.len()
    }

    /// Units.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean of a column; `None` without units or such a column.
    #[must_use]
    pub fn mean(&self, column: usize) -> Option<f64> {
        self.means.get(column).copied().filter(|_| self.count > 0)
    }

    /// Covariance of two columns (the variance of one with itself), divided by `count - 1`; `None` below two units.
    #[must_use]
    pub fn covariance(&self, one: usize, other: usize) -> Option<f64> {
        let inside = one < self.columns() && other < self.columns();
        (inside && self.count > 1).then(|| self.product(one, other) / (self.count - 1) as f64)
    }

    /// Sum of products of deviations of two columns.
    pub(crate) fn product(&self, one: usize, other: usize) -> f64 {
        self.products[one * self.columns() + other]
    }

    /// All means; zeros without units.
    pub(crate) fn means(&self) -> &[f64] {
        &self.means
    }
}
