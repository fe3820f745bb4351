//! How effects are learnt.

use serde::{Deserialize, Serialize};

use super::error::FitError;

/// How trees are boosted, for every model of a learner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Boosting {
    /// Trees at most; how many are used is found on held-out rows. 1 to 10,000.
    pub rounds_max: usize,
    /// Share of each tree that is added, above 0 and at most 1.
    pub learning_rate: f64,
    /// Leaves of a tree at most, 2 to 4,096.
    pub leaves_max: usize,
    /// Splits between root and leaf at most, in the shallowest trees that are tried, 2 to `depth_max`.
    pub depth_min: usize,
    /// Splits between root and leaf at most, in the deepest trees that are tried, 2 to 16; which are used is found on
    /// held-out rows.
    pub depth_max: usize,
    /// Rows that a leaf needs, at least 1.
    pub leaf_rows_min: usize,
    /// Rows that pull a leaf towards 0, at least 0.
    pub l2_rows: f64,
    /// Values told apart per column at most, 2 to 255.
    pub bins: usize,
    /// Share of the rows drawn for each tree, above 0 and at most 1.
    pub rows_share: f64,
    /// Share of the columns drawn for each tree, above 0 and at most 1.
    pub columns_share: f64,
}

impl Default for Boosting {
    fn default() -> Self {
        Self {
            rounds_max: 512,
            learning_rate: 0.05,
            leaves_max: 8,
            depth_min: 2,
            depth_max: 3,
            leaf_rows_min: 20,
            l2_rows: 1.0,
            bins: 64,
            rows_share: 1.0,
            columns_share: 1.0,
        }
    }
}

/// How effects are learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Seed of folds, half-samples and boosting.
    pub seed: u64,
    /// Parts of the rows, each predicted by models of the others; 2 to 20.
    pub folds: usize,
    /// Refits to half of the rows, from whose spread intervals are made; 2 to 1,000.
    pub refits: usize,
    /// Families of arms of rising depth, as positions of arms: within a family a deeper arm never has the smaller effect.
    pub families: Vec<Vec<usize>>,
    /// How trees are boosted.
    pub boosting: Boosting,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            folds: 5,
            refits: 20,
            families: Vec::new(),
            boosting: Boosting::default(),
        }
    }
}

impl Settings {
    /// Refuses settings out of range.
    ///
    /// - `arms`: how many there are, the control included.
    pub(super) fn check(&self, arms: usize) -> Result<(), FitError> {
        let Boosting {
            rounds_max,
            learning_rate,
            leaves_max,
            depth_min,
            depth_max,
            leaf_rows_min,
            l2_rows,
            bins,
            rows_share,
            columns_share,
        } = self.boosting;
        let share = |value: f64| value > 0.0 && value <= 1.0;
        let whole =
            |value: usize, from: usize, to: usize| (value as f64, (from..=to).contains(&value));
        let within = [
            ("folds", whole(self.folds, 2, 20), "2 to 20"),
            ("refits", whole(self.refits, 2, 1_000), "2 to 1000"),
            ("rounds_max", whole(rounds_max, 1, 10_000), "1 to 10000"),
            (
                "learning_rate",
                (learning_rate, share(learning_rate)),
                "above 0, at most 1",
            ),
            ("leaves_max", whole(leaves_max, 2, 4_096), "2 to 4096"),
            ("depth_max", whole(depth_max, 2, 16), "2 to 16"),
            (
                "depth_min",
                whole(depth_min, 2, depth_max),
                "2 to `depth_max`",
            ),
            (
                "leaf_rows_min",
                whole(leaf_rows_min, 1, usize::MAX),
                "at least 1",
            ),
            (
                "l2_rows",
                (l2_rows, (0.0..1e9).contains(&l2_rows)),
                "0 to 1e9",
            ),
            ("bins", whole(bins, 2, 255), "2 to 255"),
            (
                "rows_share",
                (rows_share, share(rows_share)),
                "above 0, at most 1",
            ),
            (
                "columns_share",
                (columns_share, share(columns_share)),
                "above 0, at most 1",
            ),
        ];
        for (setting, (found, allowed_here), allowed) in within {
            if !allowed_here {
                return Err(FitError::Setting {
                    setting,
                    found,
                    allowed,
                });
            }
        }
        let mut placed = vec![false; arms];
        for &arm in self.families.iter().flatten() {
            if arm == 0 || arm >= arms || std::mem::replace(&mut placed[arm], true) {
                return Err(FitError::Family {
                    found: arm,
                    arms_last: arms - 1,
                });
            }
        }
        Ok(())
    }
}
