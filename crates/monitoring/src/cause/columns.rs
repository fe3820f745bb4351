//! What a change of what is known of decisions explains of a change of a mean, beyond whom they are about and what the
//! model's score says.

use std::collections::BTreeMap;
use std::ops::Range;

use math::optimise::inverse_positive_definite;
use math::tails::normal_upper_quantile;
use serde::{Deserialize, Serialize};

use super::explain::{CauseOptions, NamedPart, Part, explain};
use super::moments::PeriodMoments;
use crate::refusal::{Allowed, Refusal, require};

/// Rows that an estimate of what one cell adds is drawn to nothing by.
const SHRUNK_BY: f64 = 20.0;

/// Of the shift of a column so much must be seen among rows of one period that differ by it alone, else it cannot be told
/// from the period or from another column: two that change in the same rows see half of theirs at most.
const SEEN_MIN: f64 = 0.5;

/// Rows that are alike in all that is known of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike {
    /// Their segment.
    pub segment: String,
    /// Their outcome.
    pub outcome: f64,
    /// What each feature contributed to the model's score.
    pub contributions: Vec<f64>,
    /// The cell that the value of each column lies in.
    pub cells: Vec<usize>,
    /// How many.
    pub rows: u64,
}

/// The relation of [`explain`] in parts that add up to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ByColumns {
    /// Each column's part.
    pub columns: Vec<ColumnPart>,
    /// What is left: outcomes are different within segments at the same score and the same values of all columns.
    pub rest: Part,
}

/// What a column explains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnPart {
    /// Because within segments it has other values.
    Told(Part),
    /// Unknown: within a period hardly any two rows differ by this column alone as the periods do, so that it cannot be
    /// told apart from all else that changed between them or from a column that changed in the same rows. It stays in the
    /// rest.
    NotApart,
}

/// Splits the relation of a change between two periods by columns whose values have changed.
///
/// Beyond the score, an outcome is taken to be the mean of its period and segment and what each column's cell adds. What
/// cells add is learnt within periods and segments alone, of all columns at once, so that nothing that changed for
/// everybody is taken for a column's; each is drawn to nothing by 20 rows. A column's part is what its cells add times how
/// much their shares within segments have changed. Parts and rest add up to the relation.
///
/// Intervals hold what is drawn of both periods, and that what cells add is estimated.
///
/// - `cells`: how many each column has.
///
/// # Errors
/// [`Refusal`] as of [`explain`], and when rows have not a cell of each column.
/// # Source
/// Jann (2008), "The Blinder–Oaxaca decomposition", pooled with an indicator of the period (Fortin, 2008); the drawn
/// estimates and their variance are those of Robinson (1991), "That BLUP is a good thing".
pub fn explain_columns(
    reference: &[Alike],
    now: &[Alike],
    features: &[&str],
    cells: &[usize],
    options: CauseOptions,
) -> Result<ByColumns, Refusal> {
    for (at, rows) in reference.iter().chain(now).enumerate() {
        let (found, needed) = (rows.cells.len(), cells.len());
        let allowed = Allowed::Count(needed as u64);
        require(found == needed, "cells", found, allowed).map_err(|refusal| refusal.at(at))?;
        for (cell, cells) in rows.cells.iter().zip(cells) {
            let allowed = Allowed::CountAtMost((*cells as u64).saturating_sub(1));
            require(cell < cells, "cell", *cell, allowed).map_err(|refusal| refusal.at(at))?;
        }
    }
    let periods = [reference, now];
    Fit::of(periods, cells).parts(periods, features, options)
}

/// What the cells of columns add.
struct Fit {
    /// Where the cells of each column lie among those of all.
    columns: Vec<Range<usize>>,
    /// What each cell adds.
    adds: Vec<f64>,
    /// Variance of an outcome of which all is known.
    variance: f64,
    /// Covariance of what cells add, in units of that variance, row by row.
    covariance: Vec<f64>,
    /// By how much the share of each cell within segments has grown.
    shift: Vec<f64>,
}

/// Sums of the rows of one period and segment.
struct Group {
    rows: f64,
    left: f64,
    /// Rows of each cell.
    cells: Vec<f64>,
}

/// A square matrix with nothing but this on its diagonal, row by row.
fn diagonal(size: usize, value: f64) -> Vec<f64> {
    let mut matrix = vec![0.0; size * size];
    matrix
        .iter_mut()
        .step_by(size + 1)
        .for_each(|cell| *cell = value);
    matrix
}

impl Fit {
    fn of(periods: [&[Alike]; 2], cells: &[usize]) -> Self {
        let mut size = 0;
        let next = |cells: &usize| {
            size += cells;
            size - cells..size
        };
        let columns: Vec<Range<usize>> = cells.iter().map(next).collect();
        let mut groups: [BTreeMap<&str, Group>; 2] = Default::default();
        let (mut normal, mut right) = (diagonal(size, SHRUNK_BY), vec![0.0; size]);
        let (mut squares, mut all) = (0.0, 0.0);
        for (groups, period) in groups.iter_mut().zip(periods) {
            for rows in period {
                let n = rows.rows as f64;
                let left = rows.outcome - rows.contributions.iter().sum::<f64>();
                let places = columns.iter().zip(&rows.cells);
                let places = places.map(|(range, cell)| range.start + cell);
                let group = groups.entry(&rows.segment).or_insert_with(|| Group {
                    rows: 0.0,
                    left: 0.0,
                    cells: vec![0.0; size],
                });
                group.rows += n;
                group.left += n * left;
                squares += n * left * left;
                all += n;
                for one in places.clone() {
                    group.cells[one] += n;
                    right[one] += n * left;
                    for other in places.clone() {
                        normal[one * size + other] += n;
                    }
                }
            }
        }
        // Only what differs within a period and segment counts.
        let mut free = all;
        let groups_of_both = groups.iter().flat_map(BTreeMap::values);
        for group in groups_of_both.filter(|group| group.rows > 0.0) {
            free -= 1.0;
            squares -= group.left * group.left / group.rows;
            for (one, rows) in group.cells.iter().enumerate() {
                right[one] -= rows * group.left / group.rows;
                for (other, others) in group.cells.iter().enumerate() {
                    normal[one * size + other] -= rows * others / group.rows;
                }
            }
        }
        // Where rounding leaves no inverse, nothing is known but what cells are drawn by.
        let inverse = inverse_positive_definite(&normal, size);
        let add = |at: usize| {
            let row = at * size..(at + 1) * size;
            inverse.as_ref().map_or(0.0, |of| dot(&of[row], &right))
        };
        let adds: Vec<f64> = (0..size).map(add).collect();
        let covariance = inverse.unwrap_or_else(|| diagonal(size, 1.0 / SHRUNK_BY));
        Self {
            variance: ((squares - dot(&adds, &right)) / free.max(1.0)).max(0.0),
            shift: shift(&groups, size),
            columns,
            covariance,
            adds,
        }
    }

    /// Variance of the change by some cells, as far as what they add is estimated, in units of that of an outcome.
    fn unsure(&self, cells: Range<usize>) -> f64 {
        let size = self.shift.len();
        let of = |one: usize| {
            let row = one * size;
            let covariance = &self.covariance[row + cells.start..row + cells.end];
            self.shift[one] * dot(covariance, &self.shift[cells.clone()])
        };
        cells.clone().map(of).sum::<f64>().max(0.0)
    }

    /// How much of the shift of a column rows of one period tell: 1 where all of it, 0 where nothing.
    fn seen(&self, cells: Range<usize>) -> f64 {
        let shift = &self.shift[cells.clone()];
        let squares = dot(shift, shift);
        if squares == 0.0 {
            return 1.0;
        }
        1.0 - self.unsure(cells) * SHRUNK_BY / squares
    }

    fn parts(
        mut self,
        periods: [&[Alike]; 2],
        features: &[&str],
        options: CauseOptions,
    ) -> Result<ByColumns, Refusal> {
        let each = self.columns.iter().cloned();
        let apart: Vec<bool> = each.map(|cells| self.seen(cells) >= SEEN_MIN).collect();
        // What is not told is left to the rest; the others are told as what they add beside it.
        for (cells, apart) in self.columns.iter().zip(&apart) {
            if !apart {
                self.adds[cells.clone()].fill(0.0);
                self.shift[cells.clone()].fill(0.0);
            }
        }
        let each = self.columns.iter().map(|_| "column");
        let names: Vec<&str> = features.iter().copied().chain(each).collect();
        let moments = |period: &[Alike]| {
            let mut sums = PeriodMoments::of_features(&names);
            for rows in period {
                let mut of = rows.contributions.clone();
                let each = self.columns.iter().zip(&rows.cells);
                of.extend(each.map(|(range, cell)| self.adds[range.start + cell]));
                sums.push_alike(&rows.segment, rows.outcome, &of, rows.rows)?;
            }
            Ok(sums)
        };
        let cause = explain(&moments(periods[0])?, &moments(periods[1])?, options)?;
        let z = normal_upper_quantile(0.5 * (1.0 - options.level));
        let widened = |part: Part, cells: Range<usize>| {
            let half = 0.5 * (part.high - part.low);
            let half = half.hypot(z * (self.variance * self.unsure(cells)).sqrt());
            Part {
                low: part.change - half,
                high: part.change + half,
                ..part
            }
        };
        let of_columns = cause.inputs_by_feature.iter().skip(features.len());
        let each = self.columns.iter().zip(apart).zip(of_columns);
        let of_column = |((cells, apart), named): ((&Range<usize>, bool), &NamedPart)| {
            if apart {
                ColumnPart::Told(widened(named.part, cells.clone()))
            } else {
                ColumnPart::NotApart
            }
        };
        Ok(ByColumns {
            columns: each.map(of_column).collect(),
            rest: widened(cause.relation, 0..self.adds.len()),
        })
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// By how much the share of each cell has grown within the segments that both periods have.
fn shift(groups: &[BTreeMap<&str, Group>; 2], size: usize) -> Vec<f64> {
    let all = [0, 1].map(|side: usize| groups[side].values().map(|of| of.rows).sum::<f64>());
    let mut shift = vec![0.0; size];
    for (segment, before) in &groups[0] {
        let Some(after) = groups[1].get(segment) else {
            continue;
        };
        if before.rows == 0.0 || after.rows == 0.0 {
            continue;
        }
        let share = 0.5 * (before.rows / all[0] + after.rows / all[1]);
        for ((shift, was), is) in shift.iter_mut().zip(&before.cells).zip(&after.cells) {
            *shift += share * (is / after.rows - was / before.rows);
        }
    }
    shift
}
