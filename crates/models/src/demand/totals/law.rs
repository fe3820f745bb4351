//! How relative errors of the groups of a level scatter.

use serde::{Deserialize, Serialize};

use super::super::quantiles::{between, kept};
use super::past::Errors;

/// Windows in which a group must be known for its own errors to count.
pub(super) const OWN_MIN: usize = 2;

/// As many windows as the level weighs beside those of a group.
const LEVEL_WINDOWS: f64 = 1.0;

/// Powers of how far ahead a forecast looks by which errors may grow, of 100: sums over many periods may be nearer than
/// over few, by the square root of their number at most.
const POWERS: std::ops::RangeInclusive<i32> = -50..=100;

/// Powers tried are so far apart.
const POWERS_STEP: usize = 5;

/// The interval that is stretched until each window is held by what the others teach, as that of series is: its share and
/// its levels.
const HELD: (f64, [f64; 2]) = (0.9, [0.05, 0.95]);

/// It is not stretched further than this.
const STRETCH_MAX: f64 = 3.0;

/// How errors of the groups of a level are distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Law {
    /// By which power of the periods ahead they grow.
    power: f64,
    /// Median over the groups of the mean square of the errors of one period ahead.
    usual: f64,
    /// Errors over their scatter, rising: as quantiles are kept.
    shape: Vec<f32>,
}

impl Law {
    /// Mean square of the errors of a group.
    ///
    /// - `own`: windows in which it is known, and its own mean square.
    pub(super) fn drawn(&self, own: Option<(usize, f64)>) -> f64 {
        let (windows, own) = own.unwrap_or((0, 0.0));
        drawn(windows, own, self.usual)
    }

    /// The quantile of a level of the relative error.
    pub(super) fn error(&self, square: f64, ahead: usize, level: f64) -> f64 {
        square.sqrt() * (ahead as f64).powf(self.power) * between(&self.shape, level)
    }

    pub(super) fn check(&self) -> f64 {
        let shape = self.shape.iter().zip(1..);
        let shape: f64 = shape.map(|(one, at)| f64::from(*one) / f64::from(at)).sum();
        self.power + 2.0 * self.usual + shape
    }
}

fn drawn(windows: usize, own: f64, usual: f64) -> f64 {
    if windows < OWN_MIN {
        return usual;
    }
    let n = windows as f64;
    (n * own + LEVEL_WINDOWS * usual) / (n + LEVEL_WINDOWS)
}

/// What is learnt of one level by itself.
#[derive(Debug)]
pub(super) struct Learnt {
    power: f64,
    usual: f64,
    windows: usize,
    /// Groups × windows: mean square of the errors of one period ahead; not a number where none is known.
    squares: Vec<f64>,
    /// By window, errors over their scatter as the other windows tell it.
    rest: Vec<Vec<f64>>,
}

impl Learnt {
    /// - `errors`: groups × windows × periods ahead, with the shape of `of`.
    pub(super) fn of(errors: &[f32], of: &Errors) -> Self {
        let power = power(errors, of);
        let squares: Vec<f64> = match of.ahead {
            0 => Vec::new(),
            ahead => errors
                .chunks_exact(ahead)
                .map(|one| square(one, power))
                .collect(),
        };
        let mut learnt = Self {
            power,
            usual: 0.0,
            windows: of.windows,
            squares,
            rest: Vec::new(),
        };
        learnt.usual = learnt.median();
        learnt.rest = learnt.rest_of(errors, of);
        learnt
    }

    pub(super) fn groups(&self) -> usize {
        self.squares.len() / self.windows.max(1)
    }

    /// Groups and windows of which something is known.
    pub(super) fn known(&self) -> usize {
        self.squares.iter().filter(|one| !one.is_nan()).count()
    }

    pub(super) fn rest(&self) -> &[Vec<f64>] {
        &self.rest
    }

    /// Windows in which a group is known.
    pub(super) fn windows(&self, group: usize) -> usize {
        let own = self.own(group).iter();
        own.filter(|one| !one.is_nan()).count()
    }

    /// Mean square of the errors of a group; 0 where none is known.
    pub(super) fn square(&self, group: usize) -> f64 {
        mean(self.own(group).iter().copied()).unwrap_or(0.0)
    }

    /// The law by errors over their scatter, window by window, of this and of other levels; `None` where there is none.
    pub(super) fn law(&self, rest: &[Vec<f64>]) -> Option<Law> {
        Some(Law {
            power: self.power,
            usual: self.usual,
            shape: stretched(rest)?,
        })
    }

    fn own(&self, group: usize) -> &[f64] {
        &self.squares[group * self.windows..][..self.windows]
    }

    fn median(&self) -> f64 {
        let known = (0..self.groups()).filter(|group| self.windows(*group) > 0);
        let mut all: Vec<f64> = known.map(|group| self.square(group)).collect();
        all.sort_unstable_by(f64::total_cmp);
        match all.len() {
            0 => 0.0,
            n => f64::midpoint(all[(n - 1) / 2], all[n / 2]),
        }
    }

    fn rest_of(&self, errors: &[f32], of: &Errors) -> Vec<Vec<f64>> {
        let mut rest = vec![Vec::new(); self.windows];
        for group in 0..self.groups() {
            for (window, rest) in rest.iter_mut().enumerate() {
                let others = self.own(group).iter().enumerate();
                let others = others.filter(|(at, one)| *at != window && !one.is_nan());
                let others = others.map(|(_, one)| *one);
                let own = mean(others.clone()).unwrap_or(0.0);
                let scatter = drawn(others.count(), own, self.usual).sqrt();
                if scatter <= 0.0 {
                    continue;
                }
                let at = (group * self.windows + window) * of.ahead;
                let each = errors[at..at + of.ahead].iter().zip(1..);
                let each = each.filter(|(error, _)| !error.is_nan());
                rest.extend(each.map(|(error, ahead)| {
                    f64::from(*error) / (scatter * f64::from(ahead).powf(self.power))
                }));
            }
        }
        rest
    }
}

/// Quantiles of errors, kept and rising; `None` where there is none.
fn quantiles<'a>(windows: impl Iterator<Item = &'a Vec<f64>>) -> Option<Vec<f32>> {
    let mut all: Vec<f64> = windows.flatten().copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    (!all.is_empty()).then(|| kept(&all))
}

/// Quantiles of errors, stretched about their median until each window is held by what the others teach: groups of a window
/// share what nobody foresaw, so that windows, and not groups, are the independent ones.
fn stretched(windows: &[Vec<f64>]) -> Option<Vec<f32>> {
    let all = quantiles(windows.iter())?;
    let mut stretch = 1.0f64;
    for (at, window) in windows.iter().enumerate() {
        let others = windows.iter().enumerate().filter(|(other, _)| *other != at);
        let needed = quantiles(others.map(|(_, of)| of)).and_then(|of| needed(&of, window));
        stretch = stretch.max(needed.unwrap_or(1.0)).min(STRETCH_MAX);
    }
    let middle = between(&all, 0.5);
    let of = |one: &f32| (middle + stretch * (f64::from(*one) - middle)) as f32;
    Some(all.iter().map(of).collect())
}

/// By what distances from the median have to be multiplied to hold a window; `None` where it tells nothing.
fn needed(quantiles: &[f32], window: &[f64]) -> Option<f64> {
    let (share, tails) = HELD;
    let middle = between(quantiles, 0.5);
    let reach = tails.map(|level| (between(quantiles, level) - middle).abs());
    let times = |error: &f64| {
        let reach = reach[usize::from(*error >= middle)];
        let off = (error - middle).abs();
        if off <= reach { 1.0 } else { off / reach }
    };
    let mut each: Vec<f64> = window.iter().map(times).collect();
    each.sort_unstable_by(f64::total_cmp);
    let at = ((share * each.len() as f64).ceil() as usize).checked_sub(1)?;
    each.get(at).copied()
}

fn mean(of: impl Iterator<Item = f64>) -> Option<f64> {
    let known = of.filter(|one| !one.is_nan());
    let (sum, n) = known.fold((0.0, 0.0), |(sum, n), one| (sum + one, n + 1.0));
    (n > 0.0).then(|| sum / n)
}

/// Mean square of the errors of a window, each brought to one period ahead.
fn square(errors: &[f32], power: f64) -> f64 {
    let each = errors.iter().zip(1..);
    let each =
        each.map(|(error, ahead)| f64::from(*error).powi(2) * f64::from(ahead).powf(-2.0 * power));
    mean(each).unwrap_or(f64::NAN)
}

/// The power under which errors are likeliest, were they normal with a variance of each group: the smallest size of equals.
fn power(errors: &[f32], of: &Errors) -> f64 {
    let ahead = of.ahead;
    let per_group = of.windows * ahead;
    if ahead < 2 || per_group == 0 {
        return 0.0;
    }
    let logs: Vec<f64> = (1..=ahead).map(|one| (one as f64).ln()).collect();
    // Squares by group and period ahead, and how many.
    let sums: Vec<Vec<(f64, f64)>> = errors
        .chunks_exact(per_group)
        .map(|group| {
            let mut sums = vec![(0.0, 0.0); ahead];
            for (at, error) in group.iter().enumerate() {
                if !error.is_nan() {
                    let (sum, n) = &mut sums[at % ahead];
                    *sum += f64::from(*error).powi(2);
                    *n += 1.0;
                }
            }
            sums
        })
        .collect();
    let loss = |power: f64| -> f64 {
        let of_group = |sums: &Vec<(f64, f64)>| {
            let (mut square, mut n, mut growth) = (0.0, 0.0, 0.0);
            for ((sum, count), log) in sums.iter().zip(&logs) {
                square += sum * (-2.0 * power * log).exp();
                n += count;
                growth += count * 2.0 * power * log;
            }
            if square > 0.0 {
                n * (square / n).ln() + growth
            } else {
                0.0
            }
        };
        sums.iter().map(of_group).sum()
    };
    let mut tried: Vec<f64> = POWERS
        .step_by(POWERS_STEP)
        .map(|of| f64::from(of) / 100.0)
        .collect();
    tried.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let mut best = (0.0, f64::INFINITY);
    for power in tried {
        let loss = loss(power);
        if loss < best.1 {
            best = (power, loss);
        }
    }
    best.0
}
