//! Sparse matrices.

use thiserror::Error;

/// A sparse matrix by rows: columns ascending within a row, no column twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Csr {
    n_columns: usize,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

/// Why rows are not a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SparseError {
    /// A column lies outside the matrix.
    #[error(
        "place a cell of row {row}: found column {column}, allowed are columns below {n_columns}"
    )]
    ColumnOutside {
        /// Row of the cell.
        row: usize,
        /// The column found.
        column: u32,
        /// Number of columns.
        n_columns: usize,
    },
}

impl Csr {
    /// Rows of (column, value), in any order; values of the same cell are added up.
    ///
    /// # Errors
    /// [`SparseError::ColumnOutside`] when a column is not below `n_columns`.
    pub fn from_rows(
        n_columns: usize,
        rows: impl IntoIterator<Item = Vec<(u32, f32)>>,
    ) -> Result<Self, SparseError> {
        let mut matrix = Self {
            n_columns,
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
        };
        for (row, mut cells) in rows.into_iter().enumerate() {
            if let Some(&(column, _)) = cells.iter().find(|cell| cell.0 as usize >= n_columns) {
                return Err(SparseError::ColumnOutside {
                    row,
                    column,
                    n_columns,
                });
            }
            // Stable: equal columns are summed in the order given, so the rounding is reproducible.
            cells.sort_by_key(|cell| cell.0);
            let start = matrix.columns.len();
            for (column, value) in cells {
                if matrix.columns.len() > start && matrix.columns.last() == Some(&column) {
                    if let Some(last) = matrix.values.last_mut() {
                        *last += value;
                    }
                } else {
                    matrix.columns.push(column);
                    matrix.values.push(value);
                }
            }
            matrix.starts.push(matrix.columns.len());
        }
        Ok(matrix)
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Number of columns.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Number of cells stored.
    #[must_use]
    pub fn n_cells(&self) -> usize {
        self.columns.len()
    }

    /// Columns (ascending) and values of one row.
    ///
    /// # Panics
    /// When `row` is not below [`Csr::n_rows`].
    #[must_use]
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let cells = self.starts[row]..self.starts[row + 1];
        (&self.columns[cells.clone()], &self.values[cells])
    }

    /// One cell; a cell that is not stored is 0.
    #[must_use]
    pub fn cell(&self, row: usize, column: u32) -> f32 {
        let (columns, values) = self.row(row);
        columns.binary_search(&column).map_or(0.0, |at| values[at])
    }

    /// Rows become columns. Time and memory O(cells + rows + columns).
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut starts = vec![0usize; self.n_columns + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for column in 0..self.n_columns {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut columns = vec![0u32; self.columns.len()];
        let mut values = vec![0f32; self.values.len()];
        for row in 0..self.n_rows() {
            let (row_columns, row_values) = self.row(row);
            for (&column, &value) in row_columns.iter().zip(row_values) {
                let at = &mut next[column as usize];
                columns[*at] = row as u32;
                values[*at] = value;
                *at += 1;
            }
        }
        Self {
            n_columns: self.n_rows(),
            starts,
            columns,
            values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Csr, SparseError};

    #[test]
    fn cells_given_twice_are_added_up() {
        let matrix = Csr::from_rows(
            4,
            [vec![(3, 1.0), (0, 2.0), (3, 0.5)], vec![], vec![(3, 1.0)]],
        )
        .unwrap();
        assert_eq!(matrix.row(0), (&[0u32, 3][..], &[2.0f32, 1.5][..]));
        assert_eq!(matrix.row(1).0.len(), 0);
        // The last column of one row and the first of the next are not the same cell.
        assert_eq!(matrix.row(2), (&[3u32][..], &[1.0f32][..]));
        assert_eq!(matrix.cell(0, 3), 1.5);
        assert_eq!(matrix.cell(0, 1), 0.0);
    }

    #[test]
    fn transposing_twice_gives_the_matrix_back() {
        let matrix = Csr::from_rows(3, [vec![(2, 1.0), (0, 2.0)], vec![(1, 3.0)], vec![]]).unwrap();
        let turned = matrix.transposed();
        assert_eq!(
            (turned.n_rows(), turned.n_columns(), turned.cell(2, 0)),
            (3, 3, 1.0)
        );
        assert_eq!(turned.transposed(), matrix);
    }

    #[test]
    fn a_column_outside_is_refused() {
        let found = Csr::from_rows(2, [vec![], vec![(2, 1.0)]]);
        assert_eq!(
            found,
            Err(SparseError::ColumnOutside {
                row: 1,
                column: 2,
                n_columns: 2
            })
        );
    }
}
