//! What a feature looked like, and how a day of it is counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::refusal::{Allowed, Refusal, require, require_finite};

/// Categories with a cell of their own; rarer ones that the profile knows share the last cell.
const OWN_CELLS: usize = 20;

/// Fewest values of which shares are worth something.
const VALUES_MIN: u64 = 100;

/// A feature as a reference sample had it: shares of its cells and of absent values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureProfile {
    shape: Shape,
    shares: Vec<f64>,
    null_share: f64,
}

/// Which values fall into which cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Numbers: cell `i` holds what is above edge `i - 1` and at most edge `i`.
    Numbers {
        /// Edges, rising.
        edges: Vec<f64>,
    },
    /// Categories: the cell of each that the sample had.
    Categories {
        /// Cells by category.
        cells: BTreeMap<String, usize>,
    },
}

/// A feature's values of a day, counted by cell; counts of parts of a day add up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellCounts {
    /// Values of each cell of the profile.
    pub cells: Vec<u64>,
    /// Values that are absent.
    pub nulls: u64,
    /// Categories that the sample never had.
    pub never_seen: u64,
}

impl FeatureProfile {
    /// Learns a numeric feature: cells between `bins` quantiles of the sample. A value that holds a whole bin, as zero
    /// often does, has a cell of its own.
    ///
    /// # Errors
    /// [`Refusal`] when a value is not finite, there are fewer than 100 values or fewer than 2 bins.
    pub fn of_numbers(sample: &[Option<f64>], bins: usize) -> Result<Self, Refusal> {
        require(bins >= 2, "bins", bins, Allowed::CountAtLeast(2))?;
        let mut values = Vec::with_capacity(sample.len());
        for (at, value) in sample.iter().enumerate() {
            if let Some(value) = value {
                require_finite("sample", *value).map_err(|refusal| refusal.at(at))?;
                values.push(*value);
            }
        }
        enough(values.len())?;
        values.sort_unstable_by(f64::total_cmp);
        let quantile = |bin: usize| values[(values.len() * bin).div_ceil(bins) - 1];
        let mut edges: Vec<f64> = Vec::new();
        for edge in (1..bins).map(quantile) {
            if edges.last() == Some(&edge) {
                // The second quantile on one value: what lies below it is cut off.
                let below = edge.next_down();
                edges.insert(edges.len() - 1, below);
                edges.dedup();
            } else if edges.last().is_none_or(|last| *last < edge) {
                edges.push(edge);
            }
        }
        edges.dedup();
        let mut empty = Self {
            shares: vec![0.0; edges.len() + 1],
            shape: Shape::Numbers { edges },
            null_share: 0.0,
        };
        let counts = empty.count_numbers(sample)?;
        empty.learn(&counts);
        Ok(empty)
    }

    /// Learns a feature of categories: the 20 most frequent have cells of their own.
    ///
    /// # Errors
    /// [`Refusal`] when there are fewer than 100 values.
    pub fn of_categories(sample: &[Option<&str>]) -> Result<Self, Refusal> {
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        for value in sample.iter().flatten() {
            *seen.entry(value).or_default() += 1;
        }
        enough(sample.iter().flatten().count())?;
        let mut by_count: Vec<(&str, u64)> = seen.into_iter().collect();
        by_count.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        let cells: BTreeMap<String, usize> = by_count
            .iter()
            .enumerate()
            .map(|(at, (name, _))| ((*name).to_owned(), at.min(OWN_CELLS)))
            .collect();
        let n = by_count.len().min(OWN_CELLS + 1);
        let mut empty = Self {
            shares: vec![0.0; n],
            shape: Shape::Categories { cells },
            null_share: 0.0,
        };
        let counts = empty.count_categories(sample);
        empty.learn(&counts);
        Ok(empty)
    }

    fn learn(&mut self, counts: &CellCounts) {
        let values: u64 = counts.cells.iter().sum();
        self.shares = counts
            .cells
            .iter()
            .map(|count| *count as f64 / values as f64)
            .collect();
        self.null_share = counts.nulls as f64 / counts.total() as f64;
    }

    /// Counts numbers by the cells of this profile; those of a profile of categories are never seen.
    ///
    /// # Errors
    /// [`Refusal`] when a value is not finite.
    pub fn count_numbers(&self, values: &[Option<f64>]) -> Result<CellCounts, Refusal> {
        let mut counts = self.nothing();
        for (at, value) in values.iter().enumerate() {
            match (value, &self.shape) {
                (None, _) => counts.nulls += 1,
                (Some(value), Shape::Numbers { edges }) => {
                    require_finite("values", *value).map_err(|refusal| refusal.at(at))?;
                    counts.cells[edges.partition_point(|edge| edge < value)] += 1;
                }
                (Some(_), Shape::Categories { .. }) => counts.never_seen += 1,
            }
        }
        Ok(counts)
    }

    /// Counts categories by the cells of this profile; those of a profile of numbers are never seen.
    #[must_use]
    pub fn count_categories(&self, values: &[Option<&str>]) -> CellCounts {
        let mut counts = self.nothing();
        for value in values {
            let cell = match (value, &self.shape) {
                (Some(value), Shape::Categories { cells }) => cells.get(*value),
                (None, _) | (Some(_), Shape::Numbers { .. }) => None,
            };
            match (value, cell) {
                (None, _) => counts.nulls += 1,
                (Some(_), Some(cell)) => counts.cells[*cell] += 1,
                (Some(_), None) => counts.never_seen += 1,
            }
        }
        counts
    }

    fn nothing(&self) -> CellCounts {
        CellCounts {
            cells: vec![0; self.shares.len()],
            nulls: 0,
            never_seen: 0,
        }
    }

    /// Which values fall into which cell.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Shares of the cells among values that are there; they sum to 1.
    #[must_use]
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Share of absent values.
    #[must_use]
    pub fn null_share(&self) -> f64 {
        self.null_share
    }

    /// How far counts are from the profile, 0 to 1: total variation over cells, absent and never-seen values, the share
    /// of values that would have to change to be as they were. `None` without values.
    #[must_use]
    pub fn shift(&self, counts: &CellCounts) -> Option<f64> {
        let total = counts.total();
        if total == 0 {
            return None;
        }
        let share = |count: u64| count as f64 / total as f64;
        let there = 1.0 - self.null_share;
        let cells = self.shares.iter().zip(&counts.cells);
        let apart: f64 = cells
            .map(|(own, count)| (share(*count) - own * there).abs())
            .sum();
        let nulls = (share(counts.nulls) - self.null_share).abs();
        Some(0.5 * (apart + nulls + share(counts.never_seen)))
    }

    /// # Errors
    /// [`Refusal`] when the counts have not the cells of this profile, or no value at all.
    pub(crate) fn check(&self, counts: &CellCounts) -> Result<(), Refusal> {
        let (found, needed) = (counts.cells.len(), self.shares.len());
        let allowed = Allowed::Count(needed as u64);
        require(found == needed, "cells", found, allowed)?;
        let total = counts.total();
        require(total > 0, "counts", total, Allowed::CountAtLeast(1))
    }
}

impl CellCounts {
    /// All values, absent ones included.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.cells.iter().sum::<u64>() + self.nulls + self.never_seen
    }

    /// Adds the counts of another part of the day.
    ///
    /// # Errors
    /// [`Refusal`] when they have other cells.
    pub fn merge(&mut self, other: &Self) -> Result<(), Refusal> {
        let (found, needed) = (other.cells.len(), self.cells.len());
        let allowed = Allowed::Count(needed as u64);
        require(found == needed, "cells", found, allowed)?;
        for (own, more) in self.cells.iter_mut().zip(&other.cells) {
            *own += more;
        }
        self.nulls += other.nulls;
        self.never_seen += other.never_seen;
        Ok(())
    }
}

fn enough(values: usize) -> Result<(), Refusal> {
    let allowed = Allowed::CountAtLeast(VALUES_MIN);
    require(values as u64 >= VALUES_MIN, "sample", values, allowed)
}
