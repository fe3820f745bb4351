//! Launches with the logarithm of their demand, that of those which ran out of stock filled in.

use super::censored::Logarithm;
use super::encoder::Encoder;
use super::history::SIGMA_PRIOR;
use super::linear::Linear;
use super::past::Past;

/// Rounds in which what is filled in and what it is expected from follow each other; each lessens what is left by about
/// the share of launches that ran out.
const ROUNDS_MAX: usize = 25;

/// A mean change of the logarithms filled in below which they have settled.
const SETTLED: f64 = 1e-3;

/// Launches of which all are known or filled in.
#[derive(Debug)]
pub(super) struct Completed {
    pub(super) encoder: Encoder,
    /// Rows to learn from.
    pub(super) rows: Vec<f64>,
    pub(super) linear: Linear,
    /// Logarithm of demand, by launch.
    pub(super) target: Vec<f64>,
}

impl Completed {
    /// Fills in the demand of launches that ran out: its mean given that it was more than was sold, as the linear model
    /// expects it.
    ///
    /// # Source
    /// Buckley and James (1979), with normal errors.
    pub(super) fn new(past: &[&Past]) -> Self {
        let known: Vec<Logarithm> = past.iter().map(|past| past.total.into()).collect();
        let mut target: Vec<f64> = known.iter().map(|y| y.value).collect();
        let any = known.iter().any(|y| y.is_least);
        let mut rounds = if any { ROUNDS_MAX } else { 0 };
        loop {
            let encoder = Encoder::fit(past, &target);
            let rows = encoder.rows_to_learn(past, &target);
            let linear = Linear::fit(&rows, encoder.columns(), &target);
            if rounds == 0 {
                return Self {
                    encoder,
                    rows,
                    linear,
                    target,
                };
            }
            let said: Vec<f64> = rows
                .chunks_exact(encoder.columns())
                .map(|row| linear.predict(row))
                .collect();
            let moved = fill(&mut target, &known, &said, linear.degrees());
            rounds = if moved < SETTLED { 0 } else { rounds - 1 };
        }
    }
}

/// Fills in what is not known and says by how much that changed it, in the mean.
fn fill(target: &mut [f64], known: &[Logarithm], said: &[f64], degrees: f64) -> f64 {
    let n = target.len() as f64;
    let mut sigma = spread(target, said, &vec![0.0; target.len()], degrees);
    let mut moved = 0.0;
    // What is filled in spreads as well: twice is enough, for it all happens again in the next round.
    for _ in 0..2 {
        let mut variances = Vec::with_capacity(target.len());
        for ((target, known), said) in target.iter_mut().zip(known).zip(said) {
            let (mean, variance) = known.moments(*said, sigma);
            moved += (mean - *target).abs() / n;
            *target = mean;
            variances.push(variance);
        }
        sigma = spread(target, said, &variances, degrees);
    }
    moved
}

/// Standard deviation of errors, with what is held of it before any launch.
fn spread(target: &[f64], said: &[f64], variances: &[f64], degrees: f64) -> f64 {
    let each = target.iter().zip(said).zip(variances);
    let squares: f64 = each.map(|((y, said), v)| (y - said).powi(2) + v).sum();
    let free = (target.len() as f64 - degrees).max(0.0);
    ((SIGMA_PRIOR * SIGMA_PRIOR + squares) / (1.0 + free)).sqrt()
}
