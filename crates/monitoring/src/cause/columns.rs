//! What a change of what is known of decisions explains of a change of a mean, beyond whom they are about and what the
//! model's score says.

use std::collections::BTreeMap;
use std::ops::Range;

use math::optimise::inverse_positive_definite;
use math::tails::normal_upper_quantile;
use serde::{Deserialize, Serialize};

use super::explain::{CauseOptions, Part, explain};
use super::moments::PeriodMoments;
use crate::refusal::{Allowed, Refusal, require};

/// Rows that an estimate of what one cell adds is drawn to nothing by.
const SHRUNK_BY: f64 = 20.0;

/// Of the shift of a column so much must be seen among rows of one period that differ by it alone, else it cannot be told
/// from the period or from another column.
const SEEN_MIN: f64 = 0.5;

/// Where it is asked what is seen of some columns, others may explain what they like: they are drawn to nothing by this
/// part of a row, so that of columns which change in the same rows hardly anything is seen.
const OTHERS_SHRUNK_BY: f64 = 0.02;

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
    /// What columns explain together that are not told apart from each other; its part counts beside those of columns.
    pub together: Option<Together>,
    /// What is left: outcomes are different within segments at the same score and the same values of all columns.
    pub rest: Part,
}

/// Columns that changed in the same rows, and what they explain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Together {
    /// The columns by their place, at least two.
    pub columns: Vec<usize>,
    /// Their part.
    pub part: Part,
}

/// What a column explains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnPart {
    /// Because within segments it has other values.
    Told(Part),
    /// Unknown: within a period hardly any two rows differ by this column alone as the periods do, so that it cannot be
    /// told apart from all else that changed between them, and stays in the rest, or from columns that changed in the same
    /// rows, and is told together with them.
    NotApart,
}

/// Splits the relation of a change between two periods by columns whose values have changed.
///
/// Beyond the score, an outcome is taken to be the mean of its period and segment and what each column's cell adds. What
/// cells add is learnt within periods and segments alone, of all columns at once, so that nothing that changed for
/// everybody is taken for a column's; each is drawn to nothing by 20 rows. A column's part is what its cells add times how
/// much their shares within segments have changed. Columns that changed in the same rows have one part together. Parts and
/// rest add up to the relation.
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
    /// Rows of each two cells, beyond what their shares in each period and segment give, row by row.
    rows: Vec<f64>,
}

/// Sums of the rows of one period and segment.
struct Group {
    rows: f64,
    left: f64,
    /// Rows of each cell.
    cells: Vec<f64>,
}

/// The inverse of rows of each two cells, each cell drawn to nothing by some rows; `None` where rounding leaves none.
fn inverse(rows: &[f64], size: usize, shrunk_by: impl Fn(usize) -> f64) -> Option<Vec<f64>> {
    let mut normal = rows.to_vec();
    for at in 0..size {
        normal[at * size + at] += shrunk_by(at);
    }
    inverse_positive_definite(&normal, size)
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
        let (mut normal, mut right) = (vec![0.0; size * size], vec![0.0; size]);
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
        let solved = inverse(&normal, size, |_| SHRUNK_BY);
        let add = |at: usize| {
            let row = at * size..(at + 1) * size;
            solved.as_ref().map_or(0.0, |of| dot(&of[row], &right))
        };
        let adds: Vec<f64> = (0..size).map(add).collect();
        let unknown = |at: usize| f64::from(u8::from(at.is_multiple_of(size + 1))) / SHRUNK_BY;
        let covariance = solved.unwrap_or_else(|| (0..size * size).map(unknown).collect());
        Self {
            variance: ((squares - dot(&adds, &right)) / free.max(1.0)).max(0.0),
            shift: shift(&groups, size),
            rows: normal,
            columns,
            covariance,
            adds,
        }
    }

    /// The cells of some columns.
    fn cells(&self, columns: &[usize]) -> impl Iterator<Item = usize> + Clone {
        columns.iter().flat_map(|at| self.columns[*at].clone())
    }

    /// Variance of the change by some columns, by the covariance of what cells add.
    fn variance_of(&self, columns: &[usize], covariance: &[f64]) -> f64 {
        let size = self.shift.len();
        let of = |one: usize| {
            let others = self.cells(columns);
            let others = others.map(|other| covariance[one * size + other] * self.shift[other]);
            self.shift[one] * others.sum::<f64>()
        };
        self.cells(columns).map(of).sum::<f64>().max(0.0)
    }

    /// Variance of the change by some columns, as far as what their cells add is estimated, in units of that of an outcome.
    fn unsure(&self, columns: &[usize]) -> f64 {
        self.variance_of(columns, &self.covariance)
    }

    /// How much of the shift of some columns together rows of one period tell, whatever other columns explain: 1 where all
    /// of it, 0 where nothing.
    fn seen(&self, columns: &[usize]) -> f64 {
        let squares: f64 = self.cells(columns).map(|at| self.shift[at].powi(2)).sum();
        if squares == 0.0 {
            return 1.0;
        }
        let theirs: Vec<usize> = self.cells(columns).collect();
        let shrunk_by = |at: usize| {
            if theirs.contains(&at) {
                SHRUNK_BY
            } else {
                OTHERS_SHRUNK_BY
            }
        };
        let covariance = inverse(&self.rows, self.shift.len(), shrunk_by);
        covariance.map_or(0.0, |of| {
            1.0 - self.variance_of(columns, &of) * SHRUNK_BY / squares
        })
    }

    /// Of columns that cannot be told by themselves those that can be told together: all but the ones without which the
    /// others are better seen. None where that leaves fewer than two.
    fn together(&self, mut columns: Vec<usize>) -> Vec<usize> {
        while columns.len() > 1 {
            let seen = self.seen(&columns);
            let without = |at: usize| {
                let mut others = columns.clone();
                others.remove(at);
                (self.seen(&others), others)
            };
            let best = (0..columns.len()).map(without);
            match best.max_by(|(one, _), (other, _)| one.total_cmp(other)) {
                Some((better, others)) if better > seen => columns = others,
                _ if seen >= SEEN_MIN => return columns,
                _ => break,
            }
        }
        Vec::new()
    }

    fn parts(
        mut self,
        periods: [&[Alike]; 2],
        features: &[&str],
        options: CauseOptions,
    ) -> Result<ByColumns, Refusal> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let (apart, others): (Vec<usize>, Vec<usize>) =
            all.iter().partition(|at| self.seen(&[**at]) >= SEEN_MIN);
        let together = self.together(others.clone());
        // What is not told is left to the rest; the others are told as what they add beside it.
        for column in others.iter().filter(|at| !together.contains(at)) {
            let cells = self.columns[*column].clone();
            self.adds[cells.clone()].fill(0.0);
            self.shift[cells].fill(0.0);
        }
        let names = [features, &vec!["column"; apart.len()], &["together"]].concat();
        let moments = |period: &[Alike]| {
            let mut sums = PeriodMoments::of_features(&names);
            for rows in period {
                let adds = |at: &usize| self.adds[self.columns[*at].start + rows.cells[*at]];
                let mut of = rows.contributions.clone();
                of.extend(apart.iter().map(adds));
                of.push(together.iter().map(adds).sum());
                sums.push_alike(&rows.segment, rows.outcome, &of, rows.rows)?;
            }
            Ok(sums)
        };
        let cause = explain(&moments(periods[0])?, &moments(periods[1])?, options)?;
        let z = normal_upper_quantile(0.5 * (1.0 - options.level));
        let widened = |part: Part, columns: &[usize]| {
            let half = 0.5 * (part.high - part.low);
            let half = half.hypot(z * (self.variance * self.unsure(columns)).sqrt());
            Part {
                low: part.change - half,
                high: part.change + half,
                ..part
            }
        };
        // The columns that are told apart, in their order, and after them what others explain together.
        let told = &cause.inputs_by_feature[features.len()..];
        let mut columns = vec![ColumnPart::NotApart; all.len()];
        for (column, named) in apart.iter().zip(told) {
            columns[*column] = ColumnPart::Told(widened(named.part, &[*column]));
        }
        let last = told.last().filter(|_| !together.is_empty());
        Ok(ByColumns {
            columns,
            together: last.map(|named| Together {
                part: widened(named.part, &together),
                columns: together.clone(),
            }),
            rest: widened(cause.relation, &all),
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
