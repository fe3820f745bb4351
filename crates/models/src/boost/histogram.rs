//! Sums of derivatives by bin.

use std::ops::{AddAssign, Sub};

/// Codes that a byte tells apart.
const CODES: usize = 256;

/// Derivatives of some rows, summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    /// First derivatives of the loss, each times its weight.
    pub(super) gradient: f64,
    /// Second derivatives, each times its weight.
    pub(super) hessian: f64,
    pub(super) rows: u32,
}

/// First and second derivative of a row, times its weight. Half the memory of double precision, and sums are double.
pub(super) type Pair = [f32; 2];

impl Sums {
    /// Sums over rows, in order.
    pub(super) fn of<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Self {
        let mut sums = Self::default();
        pairs.for_each(|pair| sums.add(*pair));
        sums
    }

    fn add(&mut self, [gradient, hessian]: Pair) {
        self.gradient += f64::from(gradient);
        self.hessian += f64::from(hessian);
        self.rows += 1;
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.hessian += other.hessian;
        self.rows += other.rows;
    }
}

impl Sub for Sums {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
            rows: self.rows - other.rows,
        }
    }
}

/// Rows whose derivatives are summed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Members<'a> {
    /// Every row there is: derivatives by row.
    All(&'a [Pair]),
    /// Some rows, with the derivatives of each of them.
    Of(&'a [u32], &'a [Pair]),
}

/// Sums by code, in the order of the rows; overwrites `bins`, one for each code of the column.
pub(super) fn build(codes: &[u8], members: Members<'_>, bins: &mut [Sums]) {
    // As long as a byte reaches, so that no code has to be checked.
    let mut sums = [Sums::default(); CODES];
    match members {
        Members::All(pairs) => {
            for (code, pair) in codes.iter().zip(pairs) {
                sums[usize::from(*code)].add(*pair);
            }
        }
        Members::Of(rows, pairs) => {
            for (row, pair) in rows.iter().zip(pairs) {
                sums[usize::from(codes[*row as usize])].add(*pair);
            }
        }
    }
    bins.copy_from_slice(&sums[..bins.len()]);
}

/// What is left of the parent's sums without those of one child.
pub(super) fn subtract(parent: &mut [Sums], child: &[Sums]) {
    for (sums, of_child) in parent.iter_mut().zip(child) {
        *sums = *sums - *of_child;
    }
}

/// Where the bins of each column begin in one vector, for the columns drawn for a tree.
#[derive(Debug)]
pub(super) struct Layout {
    widths: Vec<usize>,
}

impl Layout {
    pub(super) fn new(widths: Vec<usize>) -> Self {
        Self { widths }
    }

    /// Empty sums.
    pub(super) fn empty(&self) -> Vec<Sums> {
        vec![Sums::default(); self.widths.iter().sum()]
    }

    /// One slice per column.
    pub(super) fn parts<'a>(&self, mut bins: &'a mut [Sums]) -> Vec<&'a mut [Sums]> {
        let mut parts = Vec::with_capacity(self.widths.len());
        for width in &self.widths {
            let (part, rest) = bins.split_at_mut(*width);
            parts.push(part);
            bins = rest;
        }
        parts
    }
}
