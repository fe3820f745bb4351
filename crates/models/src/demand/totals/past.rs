//! Errors of sums of forecasts on windows of the past, relative to what was forecast.

use super::super::error::FitError;
use super::super::held_out::HeldOut;
use super::super::panel::Panel;
use crate::coherent::Hierarchy;

/// By which power of what is forecast of a period its errors grow among the periods of a group: between that of counts,
/// one half, and that of shares, one.
const POWER: f64 = 0.75;

/// What errors of a period are relative to.
///
/// - `usual`: what is forecast of a period of the group on average.
pub(super) fn size(forecast: f64, usual: f64) -> f64 {
    forecast.max(0.0).powf(POWER) * usual.max(0.0).powf(1.0 - POWER)
}

/// The mean of what is forecast where anything is.
pub(super) fn usual(expected: &[f64]) -> f64 {
    let told = expected.iter().filter(|one| **one > 0.0);
    told.clone().sum::<f64>() / told.count().max(1) as f64
}

/// Relative errors of the groups of one level: groups × windows × periods ahead each, not a number where it is not known
/// what was sold or nothing was forecast.
#[derive(Debug)]
pub(super) struct Errors {
    pub(super) windows: usize,
    pub(super) ahead: usize,
    pub(super) single: Vec<f32>,
    /// Of all periods up to one together.
    pub(super) total: Vec<f32>,
    pub(super) below_nothing: bool,
}

impl Errors {
    /// Of every level above the series.
    pub(super) fn all(
        sums: &Panel,
        hierarchy: &Hierarchy,
        windows: &[HeldOut],
    ) -> Result<Vec<Self>, FitError> {
        let leaves = hierarchy.n_leaves();
        let ahead = windows.first().map_or(0, |of| of.expected.len() / leaves);
        if ahead == 0 {
            return Err(FitError::NothingSold);
        }
        let mut expected = Vec::with_capacity(windows.len());
        for window in windows {
            expected.push((window.from, hierarchy.sum_up(&window.expected, ahead)?));
        }
        let levels = 0..hierarchy.n_levels() - 1;
        let of = |level: usize| {
            let nodes = hierarchy.nodes(level);
            let mut found = Self {
                windows: windows.len(),
                ahead,
                single: Vec::with_capacity(nodes.len() * windows.len() * ahead),
                total: Vec::with_capacity(nodes.len() * windows.len() * ahead),
                below_nothing: false,
            };
            for node in nodes {
                for (from, expected) in &expected {
                    found.add(sums, (node, *from), &expected[node * ahead..][..ahead]);
                }
            }
            found
        };
        Ok(levels.map(of).collect())
    }

    /// One window of one group.
    fn add(&mut self, sums: &Panel, (node, from): (usize, usize), expected: &[f64]) {
        let usual = usual(expected);
        let sold = sums.values(node).get(from..).unwrap_or_default();
        let (mut forecast, mut so_far, mut whole) = (0.0, 0.0, true);
        let relative = |error: f64, size: f64| {
            if size > 0.0 {
                (error / size) as f32
            } else {
                f32::NAN
            }
        };
        for (h, expected) in expected.iter().enumerate() {
            let closed = from + h < sums.known() && !sums.is_open(node, from + h);
            let sold = match sold.get(h) {
                Some(_) if closed => 0.0,
                Some(sold) => f64::from(*sold),
                None => f64::NAN,
            };
            self.below_nothing |= sold < 0.0;
            // A period of which it is not known what was sold ends the sums that are known.
            whole &= !sold.is_nan();
            forecast += expected;
            so_far += sold;
            self.single.push(if closed {
                f32::NAN
            } else {
                relative(sold - expected, size(*expected, usual))
            });
            self.total.push(if whole {
                relative(so_far - forecast, forecast)
            } else {
                f32::NAN
            });
        }
    }
}
