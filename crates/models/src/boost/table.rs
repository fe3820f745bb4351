//! Columns told apart by quantile bins.

use rayon::prelude::*;

use super::error::TableError;

/// Bins of values that a column has at most; one more code is kept for missing values.
pub const BINS_MAX: usize = 255;

/// Code of a missing value; bins of values follow from 1.
pub(super) const MISSING: u8 = 0;

/// A table to learn from, binned once for every model that learns from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    rows: usize,
    columns: Vec<Column>,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    /// Rising; bin `c` (from 1) holds values up to `cuts[c - 1]` that are in no bin before, the last all others.
    cuts: Vec<f32>,
    /// By row.
    pub(super) codes: Vec<u8>,
}

impl Table {
    /// Bins a matrix.
    ///
    /// - `values`: rows × `columns`, row after row, finite; not a number where missing.
    /// - `bins`: values told apart per column at most, 2 to [`BINS_MAX`].
    ///
    /// Where a column has no more distinct values than bins, each has its own; else a value that fills a bin has its
    /// own, and the others share bins of about as many rows each. Cuts lie halfway between neighbours.
    ///
    /// # Errors
    /// [`TableError`] when values do not fill rows, bins are out of range, or a value is infinite.
    pub fn new(values: &[f32], columns: usize, bins: usize) -> Result<Self, TableError> {
        if columns == 0 || values.is_empty() || !values.len().is_multiple_of(columns) {
            return Err(TableError::Shape {
                values: values.len(),
                columns,
            });
        }
        if !(2..=BINS_MAX).contains(&bins) {
            return Err(TableError::Bins {
                found: bins,
                most: BINS_MAX,
            });
        }
        let (rows, most) = (values.len() / columns, u32::MAX as usize);
        if rows > most {
            return Err(TableError::Rows { found: rows, most });
        }
        if let Some(at) = values.iter().position(|value| value.is_infinite()) {
            return Err(TableError::Infinite {
                column: at % columns,
                row: at / columns,
                found: values[at],
            });
        }
        let of = |column: usize| {
            let own = || values.iter().skip(column).step_by(columns).copied();
            let cuts = cuts(own().filter(|value| !value.is_nan()).collect(), bins);
            let codes = own().map(|value| code(&cuts, value)).collect();
            Column { cuts, codes }
        };
        let columns = (0..columns).into_par_iter().map(of).collect();
        Ok(Self { rows, columns })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn column(&self, column: usize) -> &Column {
        &self.columns[column]
    }
}

impl Column {
    /// Number of codes, that of missing values with them.
    pub(super) fn width(&self) -> usize {
        self.cuts.len() + 2
    }

    /// The largest value whose code is at most `code`.
    pub(super) fn threshold(&self, code: u8) -> f32 {
        let cut = usize::from(code).checked_sub(1);
        let cut = cut.and_then(|at| self.cuts.get(at));
        cut.copied().unwrap_or(f32::MAX)
    }
}

fn code(cuts: &[f32], value: f32) -> u8 {
    if value.is_nan() {
        MISSING
    } else {
        // At most 254 cuts: the sum fits.
        1 + cuts.partition_point(|cut| *cut < value) as u8
    }
}

/// Cuts between bins of values.
fn cuts(mut present: Vec<f32>, bins: usize) -> Vec<f32> {
    present.sort_unstable_by(f32::total_cmp);
    let runs: Vec<(f32, usize)> = present
        .chunk_by(|one, other| one == other)
        .map(|run| (run[0], run.len()))
        .collect();
    let neighbours = runs.windows(2);
    if runs.len() <= bins {
        return neighbours
            .map(|pair| between(pair[0].0, pair[1].0))
            .collect();
    }
    let fills = present.len().div_ceil(bins);
    let (mut rest_rows, mut rest_bins) = (present.len(), bins);
    for (_, rows) in &runs {
        if *rows >= fills {
            rest_rows -= rows;
            rest_bins -= 1;
        }
    }
    let enough = |rows: usize, bins: usize| rows as f64 / bins.max(1) as f64;
    let mut share = enough(rest_rows, rest_bins);
    let (mut cuts, mut open) = (Vec::with_capacity(bins - 1), 0);
    for pair in neighbours {
        let ((value, rows), (next, next_rows)) = (pair[0], pair[1]);
        open += rows;
        let alone = rows >= fills;
        if !alone {
            rest_rows -= rows;
        }
        let full = alone
            || open as f64 >= share
            || (next_rows >= fills && open as f64 >= f64::max(1.0, 0.5 * share));
        if full && cuts.len() + 1 < bins {
            cuts.push(between(value, next));
            open = 0;
            if !alone {
                rest_bins = rest_bins.saturating_sub(1);
                share = enough(rest_rows, rest_bins);
            }
        }
    }
    cuts
}

/// A cut that holds the lower value and not the higher.
fn between(low: f32, high: f32) -> f32 {
    let middle = (0.5 * (f64::from(low) + f64::from(high))) as f32;
    if middle >= high || middle < low {
        low
    } else {
        middle
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, between, cuts};

    #[test]
    fn cuts_part_all_values_where_there_are_few_and_quantiles_where_there_are_many() {
        assert_eq!(cuts(vec![3.0, 1.0, 2.0, 1.0], 8), [1.5, 2.5]);
        assert!(cuts(vec![], 8).is_empty());
        let many: Vec<f32> = (0..1_000).map(|value| value as f32).collect();
        let found = cuts(many, 10);
        assert_eq!(found.len(), 9);
        for (at, cut) in found.iter().enumerate() {
            assert!((cut - 100.0 * (at + 1) as f32).abs() <= 1.0, "{found:?}");
        }
    }

    #[test]
    fn a_value_that_fills_a_bin_has_its_own() {
        let mut values: Vec<f32> = (0..1_000).map(|value| value as f32).collect();
        values.extend(vec![500.0; 1_000]);
        let found = cuts(values, 10);
        assert!(
            found.contains(&499.5) && found.contains(&500.5),
            "{found:?}"
        );
        assert!(found.len() >= 8, "{found:?}");
    }

    #[test]
    fn a_cut_holds_the_lower_of_two_neighbours_only() {
        let low = 1.0_f32;
        for high in [low.next_up(), 2.0, f32::MAX] {
            let cut = between(low, high);
            assert!(low <= cut && cut < high, "{low} {cut} {high}");
        }
        assert_eq!(between(-f32::MAX, f32::MAX), 0.0);
    }

    #[test]
    fn codes_follow_cuts_and_missing_values_have_their_own() {
        let table = Table::new(&[1.0, f32::NAN, 3.0, 2.0], 1, 255).expect("a table");
        assert_eq!(table.column(0).codes, [1, 0, 3, 2]);
        assert_eq!(table.column(0).width(), 4);
        assert_eq!(table.column(0).threshold(1), 1.5);
        assert_eq!(table.column(0).threshold(3), f32::MAX);
    }
}
