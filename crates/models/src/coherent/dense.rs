//! Cholesky factors of small dense matrices.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt;
use faer::{MatMut, MatRef, Par};

/// Lower Cholesky factor of a symmetric positive definite matrix. On one thread, so that rounding is the same on any
/// number of them.
#[derive(Debug, Clone)]
pub(super) struct Cholesky {
    n: usize,
    /// By column; what is above the diagonal is not read.
    lower: Vec<f64>,
}

impl Cholesky {
    /// Of a matrix of which the lower triangle is given by column; `None` where it is not positive definite.
    pub(super) fn of(mut matrix: Vec<f64>, n: usize) -> Option<Self> {
        let scratch =
            llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, Default::default());
        let factored = llt::factor::cholesky_in_place(
            MatMut::from_column_major_slice_mut(&mut matrix, n, n),
            Default::default(),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Default::default(),
        );
        factored.ok().map(|_| Self { n, lower: matrix })
    }

    /// Solves in place of the right side, whose rows are `columns` long.
    pub(super) fn solve(&self, right: &mut [f64], columns: usize) {
        llt::solve::solve_in_place(
            MatRef::from_column_major_slice(&self.lower, self.n, self.n),
            MatMut::from_row_major_slice_mut(right, self.n, columns),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(StackReq::EMPTY)),
        );
    }
}
