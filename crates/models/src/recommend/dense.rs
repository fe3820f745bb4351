//! Dense normal equations over items: sums of pairs, inverse, solution.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Accum, MatMut, MatRef, Par};
use math::sparse::Csr;
use rayon::prelude::*;

use super::FitError;
use super::interactions::Interactions;

/// Pieces that the dense kernels cut their work into. A constant, not the number of threads:
/// the rounding follows the pieces, so any number of threads gives the same bytes.
const PIECES: usize = 8;

fn in_pieces() -> Par {
    Par::rayon(PIECES)
}

/// `Xᵀ X`, row-major items × items. Time O(Σ cells of a row squared), each row summed in the order of customers.
pub(crate) fn gram(rows: &Csr) -> Vec<f64> {
    let n = rows.n_columns();
    let by_item = rows.transposed();
    let mut cells = vec![0f64; n * n];
    cells
        .par_chunks_mut(n.max(1))
        .enumerate()
        .for_each(|(item, sums)| {
            let (customers, values) = by_item.row(item);
            for (&customer, &value) in customers.iter().zip(values) {
                let (others, weights) = rows.row(customer as usize);
                let value = f64::from(value);
                for (&other, &weight) in others.iter().zip(weights) {
                    sums[other as usize] += value * f64::from(weight);
                }
            }
        });
    cells
}

/// Baskets of all customers, and where each item occurs.
pub(crate) struct BasketIndex<'a> {
    seen: &'a Interactions,
    /// Basket → events, over all customers.
    starts: Vec<usize>,
    /// Basket → first basket after the last one of its customer.
    customer_ends: Vec<u32>,
    /// Basket → first basket of its customer.
    customer_starts: Vec<u32>,
    /// Item → (basket, event) of each occurrence.
    item_starts: Vec<usize>,
    occurrences: Vec<(u32, u32)>,
    items: Vec<u32>,
    weights: Vec<f32>,
}

impl<'a> BasketIndex<'a> {
    pub(crate) fn new(seen: &'a Interactions) -> Self {
        let (mut starts, mut customer_ends, mut customer_starts) =
            (vec![0usize], Vec::new(), Vec::new());
        let (mut items, mut weights) = (
            Vec::with_capacity(seen.n_events()),
            Vec::with_capacity(seen.n_events()),
        );
        for history in seen.histories() {
            let first = starts.len() as u32 - 1;
            for basket in super::interactions::baskets(history) {
                items.extend(basket.iter().map(|event| event.item));
                weights.extend(basket.iter().map(|event| event.weight));
                starts.push(items.len());
            }
            let end = starts.len() as u32 - 1;
            customer_ends.resize(end as usize, end);
            customer_starts.resize(end as usize, first);
        }
        let mut item_starts = vec![0usize; seen.n_items() + 1];
        for &item in &items {
            item_starts[item as usize + 1] += 1;
        }
        for item in 0..seen.n_items() {
            item_starts[item + 1] += item_starts[item];
        }
        let mut next = item_starts.clone();
        let mut occurrences = vec![(0u32, 0u32); items.len()];
        for basket in 0..starts.len() - 1 {
            for event in starts[basket]..starts[basket + 1] {
                let at = &mut next[items[event] as usize];
                occurrences[*at] = (basket as u32, event as u32);
                *at += 1;
            }
        }
        Self {
            seen,
            starts,
            customer_ends,
            customer_starts,
            item_starts,
            occurrences,
            items,
            weights,
        }
    }

    pub(crate) fn n_items(&self) -> usize {
        self.seen.n_items()
    }

    /// Calls `each(other item, gap in baskets ≥ 1, product of weights)` for what followed each occurrence within `window` baskets.
    pub(crate) fn followers(
        &self,
        item: usize,
        window: u32,
        mut each: impl FnMut(usize, u32, f64),
    ) {
        for &(basket, event) in
            &self.occurrences[self.item_starts[item]..self.item_starts[item + 1]]
        {
            let end = self.customer_ends[basket as usize]
                .min(basket.saturating_add(window).saturating_add(1));
            let weight = f64::from(self.weights[event as usize]);
            for later in basket + 1..end {
                self.basket(later, |other, other_weight| {
                    each(other, later - basket, weight * other_weight)
                });
            }
        }
    }

    /// Calls `each(other item, gap in baskets ≥ 0, baskets left after the later of the two, product of weights)` for what
    /// happened within `window − 1` baskets of each occurrence, before, with or after it.
    pub(crate) fn companions(
        &self,
        item: usize,
        window: u32,
        mut each: impl FnMut(usize, u32, u32, f64),
    ) {
        for &(basket, event) in
            &self.occurrences[self.item_starts[item]..self.item_starts[item + 1]]
        {
            let end = self.customer_ends[basket as usize];
            let last = end.min(basket.saturating_add(window));
            let first =
                self.customer_starts[basket as usize].max((basket + 1).saturating_sub(window));
            let weight = f64::from(self.weights[event as usize]);
            for near in first..last {
                let left = end - 1 - near.max(basket);
                let gap = near.abs_diff(basket);
                self.basket(near, |other, other_weight| {
                    each(other, gap, left, weight * other_weight)
                });
            }
        }
    }

    /// Events within `window` baskets before each occurrence, counted over all occurrences: O(1) for each.
    pub(crate) fn n_predecessors(&self, item: usize, window: u32) -> u64 {
        self.occurrences[self.item_starts[item]..self.item_starts[item + 1]]
            .iter()
            .map(|&(basket, _)| {
                let first =
                    self.customer_starts[basket as usize].max(basket.saturating_sub(window));
                (self.starts[basket as usize] - self.starts[first as usize]) as u64
            })
            .sum()
    }

    fn basket(&self, basket: u32, mut each: impl FnMut(usize, f64)) {
        let events = self.starts[basket as usize]..self.starts[basket as usize + 1];
        for (&item, &weight) in self.items[events.clone()].iter().zip(&self.weights[events]) {
            each(item as usize, f64::from(weight));
        }
    }
}

/// Lower Cholesky factor in place of a symmetric positive definite matrix of `n` rows.
fn factor(matrix: &mut [f64], n: usize) -> Result<(), FitError> {
    let par = in_pieces();
    let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(
        n,
        par,
        Default::default(),
    ));
    llt::factor::cholesky_in_place(
        MatMut::from_column_major_slice_mut(matrix, n, n),
        Default::default(),
        par,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .map(|_| ())
    .map_err(|_| FitError::NotPositiveDefinite)
}

/// Adds `l2` to the diagonal.
pub(crate) fn regularise(matrix: &mut [f64], n: usize, l2: f64) {
    for item in 0..n {
        matrix[item * n + item] += l2;
    }
}

/// Inverse of a symmetric positive definite matrix, row-major: only cells at or below the diagonal of the
/// column-major reading (at or right of it in the row-major one) are written, the rest is left undefined.
pub(crate) fn invert(mut matrix: Vec<f64>, n: usize) -> Result<Vec<f64>, FitError> {
    factor(&mut matrix, n)?;
    let par = in_pieces();
    let mut inverse_factor = vec![0f64; n * n];
    invert_lower_triangular(
        MatMut::from_column_major_slice_mut(&mut inverse_factor, n, n),
        MatRef::from_column_major_slice(&matrix, n, n),
        par,
    );
    let inverse_factor = MatRef::from_column_major_slice(&inverse_factor, n, n);
    triangular::matmul(
        MatMut::from_column_major_slice_mut(&mut matrix, n, n),
        BlockStructure::TriangularLower,
        Accum::Replace,
        inverse_factor.transpose(),
        BlockStructure::TriangularUpper,
        inverse_factor,
        BlockStructure::TriangularLower,
        1.0,
        par,
    );
    Ok(matrix)
}

/// Solves `matrix · X = right` in place of `right`, both row-major of `n` rows and columns; `matrix` symmetric positive definite.
pub(crate) fn solve(mut matrix: Vec<f64>, right: &mut [f64], n: usize) -> Result<(), FitError> {
    factor(&mut matrix, n)?;
    let par = in_pieces();
    let mut memory = MemBuffer::new(llt::solve::solve_in_place_scratch::<f64>(n, n, par));
    llt::solve::solve_in_place(
        MatRef::from_column_major_slice(&matrix, n, n),
        MatMut::from_row_major_slice_mut(right, n, n),
        par,
        MemStack::new(&mut memory),
    );
    Ok(())
}
