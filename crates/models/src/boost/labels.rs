//! Rows to learn from, with their targets.

use super::error::FitError;
use super::loss::{Loss, SIZE_MAX};

/// Rows of a table with what is to be predicted of them.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// Rows of the table, repeats allowed; `None` for all, in order.
    pub rows: Option<&'a [usize]>,
    /// Target of each of these rows, at most 1e18 in size.
    pub target: &'a [f64],
    /// Weight of each of these rows, above 0 and at most 1e18; `None` for 1 each. A weight of 2 counts as the row twice.
    pub weight: Option<&'a [f64]>,
}

impl Labels<'_> {
    /// Refuses labels that do not fit the table or the loss.
    pub(super) fn check(
        &self,
        table_rows: usize,
        loss: Loss,
        purpose: &'static str,
    ) -> Result<(), FitError> {
        let rows = self.rows.map_or(table_rows, <[usize]>::len);
        if rows == 0 {
            return Err(FitError::NoRows { purpose });
        }
        let lengths = [
            ("targets", self.target.len()),
            ("weights", self.weight.map_or(rows, <[f64]>::len)),
        ];
        for (what, found) in lengths {
            if found != rows {
                let needed = rows;
                return Err(FitError::Lengths {
                    what,
                    found,
                    needed,
                });
            }
        }
        let mut named = self.rows.into_iter().flatten();
        if let Some(&found) = named.find(|row| **row >= table_rows) {
            let rows = table_rows;
            return Err(FitError::UnknownRow { found, rows });
        }
        let (allows, allowed) = loss.targets();
        if let Some(position) = self.target.iter().position(|value| !allows(*value)) {
            return Err(FitError::Target {
                position,
                found: self.target[position],
                loss: loss.name(),
                allowed,
            });
        }
        let weights = self.weight.unwrap_or_default();
        let wrong = |weight: &f64| !(*weight > 0.0 && *weight <= SIZE_MAX);
        match weights.iter().position(wrong) {
            Some(position) => Err(FitError::Weight {
                position,
                found: weights[position],
            }),
            None => Ok(()),
        }
    }

    /// Weight at a position.
    pub(super) fn weight_at(&self, position: usize) -> f64 {
        self.weight.map_or(1.0, |weight| weight[position])
    }

    /// Sum of the weights.
    pub(super) fn weight_sum(&self) -> f64 {
        match self.weight {
            Some(weight) => weight.iter().sum(),
            None => self.target.len() as f64,
        }
    }
}
