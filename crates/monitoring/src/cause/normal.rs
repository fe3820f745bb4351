//! Normal equations of a few unknowns that are drawn to nothing.

/// A symmetric positive definite matrix, row by row.
pub(super) struct Normal {
    size: usize,
    cells: Vec<f64>,
}

impl Normal {
    /// Nothing but what unknowns are drawn to nothing by, which is more than nothing.
    pub(super) fn of_size(size: usize, drawn: f64) -> Self {
        let mut cells = vec![0.0; size * size];
        for at in 0..size {
            cells[at * size + at] = drawn;
        }
        Self { size, cells }
    }

    pub(super) fn add(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.size + column] += value;
    }

    /// The unknowns of a right side, by Cholesky's factor.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let n = self.size;
        let mut lower = self.cells.clone();
        for column in 0..n {
            for row in column..n {
                let before: f64 = (0..column)
                    .map(|at| lower[row * n + at] * lower[column * n + at])
                    .sum();
                let left = lower[row * n + column] - before;
                lower[row * n + column] = if row == column {
                    left.max(f64::MIN_POSITIVE).sqrt()
                } else {
                    left / lower[column * n + column]
                };
            }
        }
        let mut found = right.to_vec();
        for row in 0..n {
            let before: f64 = (0..row).map(|at| lower[row * n + at] * found[at]).sum();
            found[row] = (found[row] - before) / lower[row * n + row];
        }
        for row in (0..n).rev() {
            let after: f64 = (row + 1..n).map(|at| lower[at * n + row] * found[at]).sum();
            found[row] = (found[row] - after) / lower[row * n + row];
        }
        found
    }
}
