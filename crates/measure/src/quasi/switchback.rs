//! A change switched on and off for everybody, in blocks of periods that chance drew.

use super::placements::{Placed, each};
use super::{Assumption, QuasiError, Reading, check_finite, detectable, mean, mean_where};
use crate::effects::{Effect, size_with, too_few};
use serde::{Deserialize, Serialize};

/// Periods with and without the change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Switchback<'a> {
    /// The outcome of each period, oldest first.
    pub outcomes: &'a [f64],
    /// Whether each block of periods was drawn to the change.
    pub treated: &'a [bool],
    /// Periods of a block.
    pub block: usize,
    /// Periods left out at the start of every block, whether or not it switches: which ones count must not hang on
    /// the draw.
    pub burn_in: usize,
}

/// What the change did, per period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Switched {
    /// What must be true.
    pub assumption: Assumption,
    /// Mean of the blocks with the change less that of those without.
    pub point: f64,
    /// The same with the interval and the p-value of all draws that might have been.
    pub effect: Effect,
    /// The least p-value that the draws allow.
    pub p_least: f64,
    /// Mean of the blocks without the change.
    pub control_mean: f64,
    /// Blocks with the change.
    pub treated: u64,
    /// Blocks without it.
    pub others: u64,
    /// Standard error clustered by block.
    pub block_error: f64,
    /// Standard error that allows for blocks which resemble those just before them.
    pub serial_error: f64,
    /// What the change still does in the block after it, if the burn-in is too short.
    pub carryover: Effect,
    /// Share of the draws that might have been whose blocks switch as seldom, or as often, as these, the smaller of the
    /// two twice: blocks that were planned switch too regularly.
    pub order_p_value: f64,
    /// The smallest effect that is seen four times of five; absent where none can be.
    pub detectable: Option<f64>,
}

/// Compares blocks of periods with a change and without it.
///
/// P-value and interval are of all draws of as many blocks (randomisation inference): exact where a draw of the blocks
/// was made, whatever the season between them. Whether one was can be doubted by the order of the blocks alone.
///
/// # Errors
/// [`QuasiError`] when blocks and periods do not fit, the burn-in leaves nothing, or an arm has fewer than two blocks.
/// # Source
/// Bojinov, Simchi-Levi, Zhao (2023), "Design and analysis of switchback experiments"; Newey and West (1987) with the
/// lag `4 (n / 100)^(2/9)` of their paper of 1994.
pub fn switchback(experiment: &Switchback<'_>, reading: &Reading) -> Result<Switched, QuasiError> {
    let Switchback {
        outcomes,
        treated,
        block,
        burn_in,
    } = *experiment;
    let (blocks, alpha) = (treated.len(), reading.alpha()?);
    if block == 0 || outcomes.len() != blocks * block {
        let found = outcomes.len();
        return Err(QuasiError::Blocks {
            blocks,
            block,
            found,
        });
    }
    if burn_in >= block {
        return Err(QuasiError::BurnIn { burn_in, block });
    }
    check_finite(outcomes)?;
    let with = treated.iter().filter(|treated| **treated).count();
    if with < 2 || blocks - with < 2 {
        return Err(QuasiError::OneArm {
            treated: with,
            blocks,
        });
    }
    let means: Vec<f64> = outcomes
        .chunks(block)
        .map(|b| mean(&b[burn_in..]))
        .collect();
    let control_mean = mean_where(&means, treated, false);
    let point = mean_where(&means, treated, true) - control_mean;
    let placed = Placed::new(&means, treated, reading);
    let effect = placed.effect(reading.level);
    Ok(Switched {
        assumption: Assumption::DrawnPeriods,
        point,
        control_mean,
        p_least: placed.p_least,
        treated: with as u64,
        others: (blocks - with) as u64,
        block_error: error(&means, treated, 0),
        serial_error: error(&means, treated, lag(blocks)),
        carryover: carryover(&means, treated, reading.level),
        order_p_value: order(treated, reading),
        detectable: effect
            .size()
            .map(|size| detectable(size.standard_error, alpha)),
        effect,
    })
}

/// Whether the blocks switch as often as those of a draw do, two-sided.
fn order(treated: &[bool], reading: &Reading) -> f64 {
    let switches = |on: &[bool]| on.windows(2).filter(|two| two[0] != two[1]).count();
    let observed = switches(treated);
    let (mut seldom, mut often) = (0u64, 0u64);
    let mut on = vec![false; treated.len()];
    let count = each(treated, reading, &mut |placed| {
        on.fill(false);
        placed.iter().for_each(|block| on[*block] = true);
        let found = switches(&on);
        seldom += u64::from(found <= observed);
        often += u64::from(found >= observed);
    });
    (2.0 * seldom.min(often) as f64 / count as f64).min(1.0)
}

/// Blocks that may resemble each other.
fn lag(blocks: usize) -> usize {
    (4.0 * (blocks as f64 / 100.0).powf(2.0 / 9.0)) as usize
}

/// Standard error of the difference of means of the regression on the change, with autocovariances up to a lag.
fn error(means: &[f64], treated: &[bool], lag: usize) -> f64 {
    let n = means.len();
    let (one, other) = (
        mean_where(means, treated, true),
        mean_where(means, treated, false),
    );
    let with = treated.iter().filter(|t| **t).count() as f64;
    // What each block adds to the error of the difference.
    let scores: Vec<f64> = means
        .iter()
        .zip(treated)
        .map(|(value, treated)| match treated {
            true => (value - one) / with,
            false => (other - value) / (n as f64 - with),
        })
        .collect();
    let at = |lag: usize| -> f64 { (lag..n).map(|t| scores[t] * scores[t - lag]).sum() };
    let weighted = |l: usize| 2.0 * (1.0 - l as f64 / (lag + 1) as f64) * at(l);
    let variance = at(0) + (1..=lag).map(weighted).sum::<f64>();
    (variance.max(0.0) * n as f64 / (n as f64 - 2.0)).sqrt()
}

/// The difference that the block before makes, alike in both arms.
fn carryover(means: &[f64], treated: &[bool], level: f64) -> Effect {
    let cell = |now: bool, then: bool| -> Vec<f64> {
        let blocks = (1..means.len()).filter(|b| treated[*b] == now && treated[b - 1] == then);
        blocks.map(|b| means[b]).collect()
    };
    let (mut point, mut variance, mut units) = (0.0, 0.0, 0u64);
    let mut degrees = 0.0;
    for (now, then) in [(false, false), (false, true), (true, false), (true, true)] {
        let values = cell(now, then);
        let n = values.len() as f64;
        if values.len() < 2 {
            let what = "blocks of each arm after each arm";
            return Effect::NotMeasurable(too_few(what, values.len() as u64, 2));
        }
        let middle = mean(&values);
        let squares: f64 = values.iter().map(|v| (v - middle).powi(2)).sum();
        point += if then { 0.5 } else { -0.5 } * middle;
        variance += 0.25 * squares / (n - 1.0) / n;
        degrees += n - 1.0;
        units += values.len() as u64;
    }
    if variance <= 0.0 {
        return Effect::NotMeasurable(crate::effects::no_variation("the outcome of blocks"));
    }
    Effect::Measured(size_with(point, variance.sqrt(), degrees, units, level))
}
