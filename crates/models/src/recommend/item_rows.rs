//! How much one item speaks for another, and the scoring of a history by it.

use std::collections::BTreeMap;

use math::topk::{Scored, top_k};
use serde::{Deserialize, Serialize};

use super::interactions::{Decay, Event};
use super::popularity::Popularity;
use super::{Answer, ScoreError, Source};

/// Weights from every item to every item, dense or cut to the strongest of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum ItemRows {
    Dense {
        n_items: usize,
        cells: Vec<f32>,
    },
    Cut {
        starts: Vec<u32>,
        columns: Vec<u32>,
        values: Vec<f32>,
    },
}

impl ItemRows {
    /// Keeps the `neighbours` largest weights of each row by absolute value, all of them when `None`.
    pub(crate) fn from_dense(n_items: usize, cells: Vec<f32>, neighbours: Option<u32>) -> Self {
        match neighbours {
            None => Self::Dense { n_items, cells },
            Some(kept) if kept as usize >= n_items => Self::Dense { n_items, cells },
            Some(kept) => {
                Self::from_rows(cells.chunks(n_items.max(1)).map(|row| strongest(row, kept)))
            }
        }
    }

    /// Rows of (column ascending, value).
    pub(crate) fn from_rows(rows: impl IntoIterator<Item = Vec<(u32, f32)>>) -> Self {
        let (mut starts, mut columns, mut values) = (vec![0u32], Vec::new(), Vec::new());
        for row in rows {
            for (column, value) in row {
                columns.push(column);
                values.push(value);
            }
            starts.push(columns.len() as u32);
        }
        Self::Cut {
            starts,
            columns,
            values,
        }
    }

    pub(crate) fn add_row(&self, item: u32, weight: f32, scores: &mut [f32]) {
        match self {
            Self::Dense { n_items, cells } => {
                let row = &cells[item as usize * n_items..][..*n_items];
                for (score, cell) in scores.iter_mut().zip(row) {
                    *score += weight * cell;
                }
            }
            Self::Cut {
                starts,
                columns,
                values,
            } => {
                let cells = starts[item as usize] as usize..starts[item as usize + 1] as usize;
                for (&column, value) in columns[cells.clone()].iter().zip(&values[cells]) {
                    scores[column as usize] += weight * value;
                }
            }
        }
    }

    pub(crate) fn cell(&self, from: u32, to: u32) -> f32 {
        match self {
            Self::Dense { n_items, cells } => cells[from as usize * n_items + to as usize],
            Self::Cut {
                starts,
                columns,
                values,
            } => {
                let start = starts[from as usize] as usize;
                let row = &columns[start..starts[from as usize + 1] as usize];
                row.binary_search(&to).map_or(0.0, |at| values[start + at])
            }
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Dense { cells, .. } => cells.len() as u64 * 4,
            Self::Cut {
                starts, columns, ..
            } => starts.len() as u64 * 4 + columns.len() as u64 * 8,
        }
    }
}

/// The `kept` cells of largest absolute value, columns ascending.
pub(crate) fn strongest(row: &[f32], kept: u32) -> Vec<(u32, f32)> {
    let sizes: Vec<f32> = row
        .iter()
        .map(|cell| {
            if *cell == 0.0 {
                f32::NEG_INFINITY
            } else {
                cell.abs()
            }
        })
        .collect();
    let mut cells: Vec<(u32, f32)> = top_k(&sizes, kept as usize, |_| true)
        .iter()
        .map(|s| (s.index, row[s.index as usize]))
        .collect();
    cells.sort_unstable_by_key(|cell| cell.0);
    cells
}

/// How often two items met in the data a model was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// Units (customers or transitions) in which each item takes part as the first of a pair.
    pub(crate) first: Vec<f32>,
    /// The same as the second of a pair.
    pub(crate) second: Vec<f32>,
    /// Units in all.
    pub(crate) units: f64,
    /// Count of the most frequent pairs.
    pub(crate) pairs: ItemRows,
}

/// Pairs remembered per item: a page shows a dozen, and 64 of them cost 512 bytes per item.
pub(crate) const PAIRS_REMEMBERED: u32 = 64;

impl Evidence {
    /// Times the pair met, and the times expected if the two were independent; `None` when the pair was not remembered.
    pub(crate) fn of(&self, from: u32, to: u32) -> Option<(f32, f32)> {
        let times = self.pairs.cell(from, to);
        let expected = f64::from(self.first[from as usize]) * f64::from(self.second[to as usize])
            / self.units.max(1.0);
        (times > 0.0).then_some((times, expected as f32))
    }
}

/// A fitted method that scores an item by what each item of the history says for it.
///
/// `score[j] = Σ_h weight(h) · W[h, j]`, the weight decaying with age: contributions add up by construction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemToItem {
    pub(crate) n_items: usize,
    pub(crate) rows: ItemRows,
    pub(crate) history: Decay,
    pub(crate) evidence: Evidence,
    pub(crate) popular: Popularity,
    /// Whether `W[i, j]` says "j comes after i" (true) or "i and j go together" (false).
    pub(crate) directed: bool,
}

impl ItemToItem {
    /// Number of items of the catalogue.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Bytes the weights take in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.bytes()
    }

    /// Weight from one item to another; 0 where it was cut away.
    ///
    /// # Panics
    /// When an item is not below [`ItemToItem::n_items`].
    #[must_use]
    pub fn weight(&self, from: u32, to: u32) -> f32 {
        self.rows.cell(from, to)
    }

    /// Scores every item for a history; see [`super::AnyFitted::score_into`].
    pub(crate) fn score_into(
        &self,
        history: &[Event],
        as_of_days: f64,
        scores: &mut [f32],
    ) -> Result<Answer, ScoreError> {
        let weights = self.history_weights(history, as_of_days);
        if weights.is_empty() {
            scores.copy_from_slice(self.popular.shares());
            return Ok(Answer::PopularBecauseNothingKnown);
        }
        scores.fill(0.0);
        for (item, weight) in weights {
            self.rows.add_row(item, weight, scores);
        }
        Ok(Answer::Personal)
    }

    /// How much each item of a history counts.
    pub(crate) fn history_weights(&self, history: &[Event], as_of_days: f64) -> Vec<(u32, f32)> {
        self.history.per_item(history, as_of_days, true)
    }

    /// What each item of a history adds to the score of `item`, where it adds something.
    pub(crate) fn parts(
        &self,
        item: u32,
        weights: &[(u32, f32)],
    ) -> impl Iterator<Item = (u32, f32)> {
        weights
            .iter()
            .map(move |&(from, weight)| (from, weight * self.rows.cell(from, item)))
            .filter(|part| part.1 != 0.0)
    }

    /// What each item of the history adds to the score of `item`, largest first.
    pub(crate) fn explain(
        &self,
        item: u32,
        history: &[Event],
        as_of_days: f64,
    ) -> Vec<(Source, f32)> {
        let weights = self.history_weights(history, as_of_days);
        if weights.is_empty() {
            return vec![(Source::Popularity, self.popular.shares()[item as usize])];
        }
        let mut parts: Vec<(Source, f32)> = self
            .parts(item, &weights)
            .map(|(from, part)| (Source::HistoryItem(from), part))
            .collect();
        parts.sort_by(|left, right| right.1.total_cmp(&left.1));
        parts
    }

    /// The `k` items this one speaks for most strongly, itself excluded, best first; only positive weights.
    ///
    /// # Errors
    /// [`ScoreError::UnknownItem`] when the item is not in the catalogue.
    pub fn similar(&self, item: u32, k: usize) -> Result<Vec<Scored>, ScoreError> {
        super::check_item(item, self.n_items)?;
        let mut scores = vec![0.0; self.n_items];
        self.rows.add_row(item, 1.0, &mut scores);
        Ok(top_k(&scores, k, |other| {
            other != item && scores[other as usize] > 0.0
        }))
    }
}

/// Keeps the first items of a list while no category exceeds its share.
///
/// - `ranked`: best first; `category_of[item]`: the item's category.
/// - returns at most `k` entries, at most `per_category_max` of one category, in the order given.
///
/// The cap is hard: a list shorter than `k` is returned rather than one that breaks it.
#[must_use]
pub fn diversified(
    ranked: &[Scored],
    category_of: &[u32],
    per_category_max: usize,
    k: usize,
) -> Vec<Scored> {
    let mut taken: BTreeMap<u32, usize> = BTreeMap::new();
    let mut kept = Vec::with_capacity(k);
    for entry in ranked {
        if kept.len() == k {
            break;
        }
        let category = category_of
            .get(entry.index as usize)
            .copied()
            .unwrap_or(u32::MAX);
        let n = taken.entry(category).or_default();
        if *n < per_category_max {
            *n += 1;
            kept.push(*entry);
        }
    }
    kept
}
