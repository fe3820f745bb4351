//! How trees are boosted.

use serde::{Deserialize, Serialize};

use super::error::FitError;

/// Splits between root and leaf that a tree may have: contributions of a deeper one would lose digits.
pub const DEPTH_MAX: usize = 64;

/// Which way the margin may move when a column grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monotone {
    /// Either way.
    #[default]
    Free,
    /// It never falls.
    Rising,
    /// It never rises.
    Falling,
}

/// How trees are boosted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Seed of the rows and columns drawn.
    pub seed: u64,
    /// Trees at most, 1 to 100,000.
    pub rounds_max: usize,
    /// Rounds without a smaller loss on held-out rows after which learning stops, at least 1.
    pub patience: usize,
    /// Share of each tree that is added, above 0 and at most 1.
    pub learning_rate: f64,
    /// Leaves of a tree at most, 2 to 4,096.
    pub leaves_max: usize,
    /// Splits between root and leaf at most, 1 to [`DEPTH_MAX`].
    pub depth_max: usize,
    /// Rows that a leaf needs, at least 1.
    pub leaf_rows_min: usize,
    /// Second derivatives that a leaf needs in sum, at least 0; with squared loss the sum of its weights.
    pub leaf_hessian_min: f64,
    /// Second derivatives added to each leaf, which pull it towards 0, at least 0.
    pub l2: f64,
    /// How much a split must lessen twice the loss, at least 0.
    pub gain_min: f64,
    /// Share of the rows drawn for each tree, above 0 and at most 1.
    pub rows_share: f64,
    /// Share of the columns drawn for each tree, above 0 and at most 1; at least one column is.
    pub columns_share: f64,
    /// By column; empty where all are free. Where a value is missing no order is kept.
    pub monotone: Vec<Monotone>,
}

impl Default for Settings {
    /// Those of LightGBM, but that a tree has at most [`DEPTH_MAX`] splits above a leaf.
    fn default() -> Self {
        Self {
            seed: 0,
            rounds_max: 100,
            patience: 20,
            learning_rate: 0.1,
            leaves_max: 31,
            depth_max: DEPTH_MAX,
            leaf_rows_min: 20,
            leaf_hessian_min: 1e-3,
            l2: 0.0,
            gain_min: 0.0,
            rows_share: 1.0,
            columns_share: 1.0,
            monotone: Vec::new(),
        }
    }
}

impl Settings {
    /// Refuses what is out of range.
    pub(super) fn check(&self, columns: usize, quantile: bool) -> Result<(), FitError> {
        let share = |value: f64| (value, value > 0.0 && value <= 1.0, "above 0, at most 1");
        let whole = |value: usize, from: usize, to: usize, allowed: &'static str| {
            (value as f64, (from..=to).contains(&value), allowed)
        };
        let not_below_0 = |value: f64| (value, value >= 0.0 && value.is_finite(), "at least 0");
        let rules = [
            (
                "rounds_max",
                whole(self.rounds_max, 1, 100_000, "1 to 100000"),
            ),
            (
                "patience",
                whole(self.patience, 1, usize::MAX, "at least 1"),
            ),
            ("learning_rate", share(self.learning_rate)),
            ("leaves_max", whole(self.leaves_max, 2, 4_096, "2 to 4096")),
            ("depth_max", whole(self.depth_max, 1, DEPTH_MAX, "1 to 64")),
            (
                "leaf_rows_min",
                whole(self.leaf_rows_min, 1, usize::MAX, "at least 1"),
            ),
            ("leaf_hessian_min", not_below_0(self.leaf_hessian_min)),
            ("l2", not_below_0(self.l2)),
            ("gain_min", not_below_0(self.gain_min)),
            ("rows_share", share(self.rows_share)),
            ("columns_share", share(self.columns_share)),
        ];
        for (setting, (found, inside, allowed)) in rules {
            if !inside {
                return Err(FitError::Setting {
                    setting,
                    found,
                    allowed,
                });
            }
        }
        if !self.monotone.is_empty() && self.monotone.len() != columns {
            return Err(FitError::Lengths {
                what: "monotone constraints",
                found: self.monotone.len(),
                needed: columns,
            });
        }
        let bound = |monotone: &Monotone| *monotone != Monotone::Free;
        match self.monotone.iter().position(bound) {
            Some(column) if quantile => Err(FitError::MonotoneQuantile { column }),
            _ => Ok(()),
        }
    }

    /// Which way the margin may move with a column.
    pub(super) fn monotone_of(&self, column: usize) -> Monotone {
        self.monotone.get(column).copied().unwrap_or_default()
    }
}
