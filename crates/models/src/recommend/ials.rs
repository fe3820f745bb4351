//! Matrix factorisation for implicit feedback, solved block by block.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};
use math::random::normals;
use math::sparse::Csr;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ease::customer_rows;
use super::interactions::{Decay, Event, Interactions};
use super::popularity::{Popularity, PopularityParams};
use super::{Answer, FitError, ScoreError, check_decay, check_item, check_positive};

/// What the loss says of a cell nobody touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unobserved {
    /// Every cell, touched or not, is pulled to 0 with weight α₀: `Σ_S c(1−ŷ)² + α₀ Σ_all ŷ²` (Rendle et al. 2021).
    EveryCell,
    /// Only untouched cells are: `Σ_S c(1−ŷ)² + α₀ Σ_not-S ŷ²` (Hu, Koren, Volinsky 2008, at α₀ = 1).
    OnlyUntouched,
}

/// The loss that a factorisation minimises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ImplicitCells {
    /// Which cells are pulled to 0.
    pub unobserved: Unobserved,
    /// Weight α₀ of a cell pulled to 0, above 0.
    pub unobserved_weight: f64,
    /// Weight c of a touched cell, per unit of its value, above 0.
    pub observed_weight: f64,
    /// Penalty λ, above 0.
    pub l2: f64,
    /// Exponent ν: the penalty of a row is `λ (touched cells + α₀ · all cells)^ν`. 0: the same for all; 1: as frequent as the row.
    pub l2_frequency_exponent: f64,
}

/// What a factorisation is fitted with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IalsParams {
    /// Length of a factor, at least 1.
    pub rank: u32,
    /// Coordinates solved at once, 1 to `rank`: 64 to 128 is fastest, `rank` is plain alternating least squares.
    pub block: u32,
    /// Passes over customers and items, at least 1.
    pub epochs: u32,
    /// The loss.
    pub cells: ImplicitCells,
    /// Standard deviation of the first factors is this divided by the root of the rank.
    pub init_scale: f64,
    /// How an old event of the scored history counts.
    pub history: Decay,
    /// What answers for a customer without history.
    pub fallback: PopularityParams,
}

/// Bytes that [`Ials::fit`] needs beside the interactions.
#[must_use]
pub(super) fn memory_needed(
    n_customers: u64,
    n_items: u64,
    n_events: u64,
    params: &IalsParams,
) -> u64 {
    (n_customers + n_items) * u64::from(params.rank) * 4 + n_events * 16
}

/// Item factors, and what is needed to place any customer among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ials {
    rank: usize,
    block: usize,
    cells: ImplicitCells,
    history: Decay,
    item_factors: Vec<f32>,
    item_gram: Vec<f32>,
    popular: Popularity,
    losses: Vec<f64>,
}

/// Sweeps of blocks when a customer is folded in: with one block the first is exact, with several each lowers the same loss.
const FOLD_IN_SWEEPS: usize = 4;

impl Ials {
    /// Factors of items, from histories.
    ///
    /// Deterministic: the same `seed` gives the same bytes on any number of threads.
    /// Time O(epochs · (cells · rank · block + (customers + items) · rank · block²)).
    ///
    /// # Errors
    /// [`FitError`] on parameters without meaning or when nothing was seen.
    /// # Source
    /// Rendle, Krichene, Zhang, Koren (2021), "iALS++: Speeding up Matrix Factorization with Subspace Optimization", and
    /// "Revisiting the Performance of iALS on Item Recommendation Benchmarks" for the loss.
    pub fn fit(
        seen: &Interactions,
        as_of_days: f64,
        params: &IalsParams,
        seed: u64,
    ) -> Result<Self, FitError> {
        check_decay("history decay", &params.history)?;
        let popular = Popularity::fit(seen, as_of_days, &params.fallback)?;
        let rows = customer_rows(seen)?;
        let fitted = factorise(&rows, params, seed, false)?;
        Ok(Self {
            rank: params.rank as usize,
            block: params.block as usize,
            cells: params.cells,
            history: params.history,
            item_gram: gram(&fitted.items, params.rank as usize),
            item_factors: fitted.items,
            popular,
            losses: fitted.losses,
        })
    }

    /// Factors of a customers × items matrix, with the loss after every epoch: what the benchmark compares with `implicit`.
    ///
    /// # Errors
    /// [`FitError`] on parameters without meaning.
    pub fn losses(rows: &Csr, params: &IalsParams, seed: u64) -> Result<Vec<f64>, FitError> {
        Ok(factorise(rows, params, seed, true)?.losses)
    }

    /// Both factors of a customers × items matrix, row-major, without computing any loss.
    ///
    /// # Errors
    /// [`FitError`] on parameters without meaning.
    pub fn factors(
        rows: &Csr,
        params: &IalsParams,
        seed: u64,
    ) -> Result<(Vec<f32>, Vec<f32>), FitError> {
        let fitted = factorise(rows, params, seed, false)?;
        Ok((fitted.customers, fitted.items))
    }

    /// The loss of given factors.
    #[must_use]
    pub fn loss(rows: &Csr, customers: &[f32], items: &[f32], params: &IalsParams) -> f64 {
        loss(rows, &rows.transposed(), customers, items, params)
    }

    /// Number of items of the catalogue.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.item_factors.len() / self.rank
    }

    pub(crate) fn popularity(&self) -> &Popularity {
        &self.popular
    }

    /// Factor of a customer, seen or new, by the same least squares as in training; `None` when the history says nothing.
    ///
    /// Newton steps on blocks from zero: exact when one block holds the whole rank.
    #[must_use]
    pub fn fold_in(&self, history: &[Event], as_of_days: f64) -> Option<Vec<f32>> {
        let weights = self.history.per_item(history, as_of_days, true);
        if weights.is_empty() {
            return None;
        }
        let (columns, values): (Vec<u32>, Vec<f32>) = weights.into_iter().unzip();
        let side = Side {
            cells: &self.cells,
            rank: self.rank,
            block: self.block,
            gram: &self.item_gram,
            fixed: &self.item_factors,
            n_fixed: self.n_items(),
        };
        let mut factor = vec![0f32; self.rank];
        let mut room = Room::new(self.rank, self.block);
        let sweeps = if self.block >= self.rank {
            1
        } else {
            FOLD_IN_SWEEPS
        };
        for _ in 0..sweeps {
            side.improve(&columns, &values, &mut factor, &mut room);
        }
        Some(factor)
    }

    pub(crate) fn score_into(
        &self,
        history: &[Event],
        as_of_days: f64,
        scores: &mut [f32],
    ) -> Answer {
        let Some(factor) = self.fold_in(history, as_of_days) else {
            scores.copy_from_slice(self.popular.shares());
            return Answer::PopularBecauseNothingKnown;
        };
        for (score, item) in scores
            .iter_mut()
            .zip(self.item_factors.chunks_exact(self.rank))
        {
            *score = dot(&factor, item);
        }
        Answer::Personal
    }

    /// Items whose factors point the same way, best first, with their cosine.
    ///
    /// # Errors
    /// [`ScoreError::UnknownItem`] when the item is not in the catalogue.
    pub fn similar(&self, item: u32, k: usize) -> Result<Vec<math::topk::Scored>, ScoreError> {
        check_item(item, self.n_items())?;
        let factor = &self.item_factors[item as usize * self.rank..][..self.rank];
        let scores: Vec<f32> = self
            .item_factors
            .chunks_exact(self.rank)
            .map(|other| {
                dot(factor, other)
                    / (dot(factor, factor) * dot(other, other))
                        .sqrt()
                        .max(f32::MIN_POSITIVE)
            })
            .collect();
        Ok(math::topk::top_k(&scores, k, |other| other != item))
    }
}

struct Factorised {
    customers: Vec<f32>,
    items: Vec<f32>,
    losses: Vec<f64>,
}

fn check(params: &IalsParams) -> Result<(), FitError> {
    let whole = |name, found: u32, most: u32, allowed| {
        if (1..=most).contains(&found) {
            Ok(())
        } else {
            Err(FitError::Parameter {
                name,
                found: f64::from(found),
                allowed,
            })
        }
    };
    whole("rank", params.rank, 16_384, "1 to 16384")?;
    whole("block", params.block, params.rank, "1 to `rank`")?;
    whole("epochs", params.epochs, 1_000, "1 to 1000")?;
    check_positive("unobserved_weight", params.cells.unobserved_weight)?;
    check_positive("observed_weight", params.cells.observed_weight)?;
    check_positive("l2", params.cells.l2)?;
    check_positive("init_scale", params.init_scale)?;
    let found = params.cells.l2_frequency_exponent;
    if !(0.0..=2.0).contains(&found) {
        return Err(FitError::Parameter {
            name: "l2_frequency_exponent",
            found,
            allowed: "0 to 2",
        });
    }
    Ok(())
}

fn factorise(
    rows: &Csr,
    params: &IalsParams,
    seed: u64,
    with_losses: bool,
) -> Result<Factorised, FitError> {
    check(params)?;
    let rank = params.rank as usize;
    let deviation = (params.init_scale / f64::from(params.rank).sqrt()) as f32;
    let columns = rows.transposed();
    let mut customers = normals(seed, 0, rows.n_rows() * rank, deviation);
    let mut items = normals(seed, 1, rows.n_columns() * rank, deviation);
    let mut losses = Vec::new();
    for _ in 0..params.epochs {
        half_step(rows, &mut customers, &items, params);
        half_step(&columns, &mut items, &customers, params);
        if with_losses {
            losses.push(loss(rows, &columns, &customers, &items, params));
        }
    }
    Ok(Factorised {
        customers,
        items,
        losses,
    })
}

/// Improves every row of `solved` given `fixed`.
fn half_step(rows: &Csr, solved: &mut [f32], fixed: &[f32], params: &IalsParams) {
    let rank = params.rank as usize;
    let gram = gram(fixed, rank);
    let side = Side {
        cells: &params.cells,
        rank,
        block: params.block as usize,
        gram: &gram,
        fixed,
        n_fixed: fixed.len() / rank,
    };
    solved.par_chunks_mut(rank).enumerate().for_each_init(
        || Room::new(rank, side.block),
        |room, (row, factor)| {
            let (columns, values) = rows.row(row);
            side.improve(columns, values, factor, room);
        },
    );
}

/// One side of the alternation: everything that is fixed while the factors of the other side move.
struct Side<'a> {
    cells: &'a ImplicitCells,
    rank: usize,
    block: usize,
    gram: &'a [f32],
    fixed: &'a [f32],
    n_fixed: usize,
}

/// Buffers of one thread.
struct Room {
    gathered: Vec<f32>,
    residual: Vec<f32>,
    hessian: Vec<f32>,
    step: Vec<f32>,
    memory: MemBuffer,
}

impl Room {
    fn new(rank: usize, block: usize) -> Self {
        let widest = block.min(rank);
        Self {
            gathered: Vec::new(),
            residual: Vec::new(),
            hessian: vec![0.0; widest * widest],
            step: vec![0.0; widest],
            memory: MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f32>(
                widest,
                Par::Seq,
                Default::default(),
            )),
        }
    }
}

impl ImplicitCells {
    /// (weight of ŷ², weight of −2ŷ) of a touched cell, beside α₀ŷ² that every cell has.
    fn of_value(&self, value: f32) -> (f64, f64) {
        let observed = self.observed_weight * f64::from(value);
        match self.unobserved {
            Unobserved::EveryCell => (observed, observed),
            Unobserved::OnlyUntouched => (observed - self.unobserved_weight, observed),
        }
    }

    fn penalty(&self, n_touched: usize, n_all: usize) -> f64 {
        self.l2
            * (n_touched as f64 + self.unobserved_weight * n_all as f64)
                .powf(self.l2_frequency_exponent)
    }
}

impl Side<'_> {
    /// One Newton step on each block of coordinates of one factor, predictions kept up to date.
    fn improve(&self, columns: &[u32], values: &[f32], factor: &mut [f32], room: &mut Room) {
        let (rank, n) = (self.rank, columns.len());
        let penalty = self.cells.penalty(n, self.n_fixed) as f32;
        let alpha = self.cells.unobserved_weight as f32;
        room.gathered.resize(n * rank, 0.0);
        room.residual.resize(n, 0.0);
        // Rows are scaled by the root of |weight of ŷ²|, so that the curvature is one product of the gathered block with itself.
        let mut sign = 1.0f32;
        for (at, (&column, &value)) in columns.iter().zip(values).enumerate() {
            let (square, linear) = self.cells.of_value(value);
            let root = square.abs().sqrt().max(1e-12) as f32;
            if square < 0.0 {
                sign = -1.0;
            }
            let source = &self.fixed[column as usize * rank..][..rank];
            let row = &mut room.gathered[at * rank..][..rank];
            for (to, from) in row.iter_mut().zip(source) {
                *to = root * from;
            }
            let predicted = dot(row, factor);
            room.residual[at] = square.signum() as f32 * predicted - linear as f32 / root;
        }
        for start in (0..rank).step_by(self.block) {
            let width = self.block.min(rank - start);
            self.step_of_block(start, width, n, (alpha, penalty, sign), factor, room);
        }
    }

    fn step_of_block(
        &self,
        start: usize,
        width: usize,
        n: usize,
        (alpha, penalty, sign): (f32, f32, f32),
        factor: &mut [f32],
        room: &mut Room,
    ) {
        let rank = self.rank;
        let step = &mut room.step[..width];
        for (local, slope) in step.iter_mut().enumerate() {
            let gram_row = &self.gram[(start + local) * rank..][..rank];
            *slope = alpha * dot(gram_row, factor) + penalty * factor[start + local];
        }
        for (row, &residual) in room.gathered.chunks_exact(rank).zip(&room.residual[..n]) {
            for (slope, &cell) in step.iter_mut().zip(&row[start..start + width]) {
                *slope += residual * cell;
            }
        }
        let hessian = &mut room.hessian[..width * width];
        for local in 0..width {
            let from = &self.gram[(start + local) * rank + start..][..width];
            for (cell, &gram) in hessian[local * width..][..width].iter_mut().zip(from) {
                *cell = alpha * gram;
            }
            hessian[local * width + local] += penalty;
        }
        if n > 0 {
            let gathered = MatRef::from_row_major_slice(&room.gathered[..n * rank], n, rank)
                .subcols(start, width);
            triangular::matmul(
                MatMut::from_column_major_slice_mut(hessian, width, width),
                BlockStructure::TriangularLower,
                Accum::Add,
                gathered.transpose(),
                BlockStructure::Rectangular,
                gathered,
                BlockStructure::Rectangular,
                sign,
                Par::Seq,
            );
        }
        let factored = llt::factor::cholesky_in_place(
            MatMut::from_column_major_slice_mut(hessian, width, width),
            Default::default(),
            Par::Seq,
            MemStack::new(&mut room.memory),
            Default::default(),
        );
        // A curvature that is not positive (possible only when touched cells weigh less than untouched ones) gives no step.
        if factored.is_err() {
            return;
        }
        let lower = MatRef::from_column_major_slice(&*hessian, width, width);
        llt::solve::solve_in_place(
            lower,
            MatMut::from_column_major_slice_mut(step, width, 1),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(faer::dyn_stack::StackReq::EMPTY)),
        );
        for (coordinate, &slope) in factor[start..start + width].iter_mut().zip(&*step) {
            *coordinate -= slope;
        }
        if start + width < rank {
            for (row, residual) in room
                .gathered
                .chunks_exact(rank)
                .zip(&mut room.residual[..n])
            {
                *residual -= sign * dot(&row[start..start + width], step);
            }
        }
    }
}

/// Rows of factors that one partial sum covers: fixed, so that rounding does not follow the number of threads.
const GRAM_ROWS: usize = 1024;

/// `FᵀF`, row-major and symmetric, summed over pieces of fixed size in order.
fn gram(factors: &[f32], rank: usize) -> Vec<f32> {
    let parts: Vec<Vec<f32>> = factors
        .par_chunks(GRAM_ROWS * rank)
        .map(|part| {
            let part = MatRef::from_row_major_slice(part, part.len() / rank, rank);
            let mut sum = vec![0f32; rank * rank];
            faer::linalg::matmul::matmul(
                MatMut::from_column_major_slice_mut(&mut sum, rank, rank),
                Accum::Replace,
                part.transpose(),
                part,
                1.0,
                Par::Seq,
            );
            sum
        })
        .collect();
    let mut total = vec![0f64; rank * rank];
    for part in parts {
        for (sum, cell) in total.iter_mut().zip(part) {
            *sum += f64::from(cell);
        }
    }
    total.into_iter().map(|cell| cell as f32).collect()
}

/// Dot product in eight running sums: the compiler turns them into one vector register or two.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (left_eights, right_eights) = (left.chunks_exact(8), right.chunks_exact(8));
    let tail: f32 = left_eights
        .remainder()
        .iter()
        .zip(right_eights.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in left_eights.zip(right_eights) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + tail
}

fn loss(rows: &Csr, columns: &Csr, customers: &[f32], items: &[f32], params: &IalsParams) -> f64 {
    let rank = params.rank as usize;
    let cells = &params.cells;
    let per_row: Vec<f64> = (0..rows.n_rows())
        .into_par_iter()
        .map(|row| {
            let factor = &customers[row * rank..][..rank];
            let (touched, values) = rows.row(row);
            let mut sum = cells.penalty(touched.len(), rows.n_columns()) * square(factor);
            for (&column, &value) in touched.iter().zip(values) {
                let predicted = f64::from(dot(factor, &items[column as usize * rank..][..rank]));
                let (square, linear) = cells.of_value(value);
                // The constant of c(1−ŷ)² is c, the weight of the linear term in both losses.
                sum += square * predicted * predicted - 2.0 * linear * predicted + linear;
            }
            sum
        })
        .collect();
    let of_items: f64 = (0..columns.n_rows())
        .map(|item| {
            cells.penalty(columns.row(item).0.len(), rows.n_rows())
                * square(&items[item * rank..][..rank])
        })
        .sum();
    let (left, right) = (gram(customers, rank), gram(items, rank));
    let everywhere: f64 = left
        .iter()
        .zip(&right)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .sum();
    per_row.iter().sum::<f64>() + of_items + cells.unobserved_weight * everywhere
}

fn square(factor: &[f32]) -> f64 {
    factor.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}
