//! Whether taking the weather in pays, by what it would have done in the past.

use serde::{Deserialize, Serialize};

use crate::demand::panel::{Panel, Step};

/// Standard errors that must be gained.
const ERRORS: f64 = 1.0;

/// Whether the weather is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeIn {
    /// Where it did better on past periods, beyond one standard error.
    #[default]
    WhereItPays,
    /// Wherever it is known how sales answer to it.
    Always,
}

/// How forecasts that take the weather in did on the windows that methods are compared on, beside those that do not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeatherTrial {
    /// Weighted quantile loss without and with it; absent where it could not be learnt.
    pub quantile_loss: [Option<f64>; 2],
    /// Part of the deviance that it took away.
    pub gain: f64,
    /// Standard error of that part.
    pub error: f64,
    /// Whether it is taken in.
    pub taken_in: bool,
}

/// The part of the Poisson deviance that is gained by other forecasts, with its standard error over weeks.
///
/// - `starts`: first periods of the windows.
/// - `forecasts`: without and with, by window, series × `ahead`.
pub(in crate::demand) fn gained(
    panel: &Panel,
    ahead: usize,
    starts: &[usize],
    forecasts: [&[Vec<f64>]; 2],
) -> (f64, f64) {
    let block = match panel.step() {
        Step::Day => 7,
        Step::Week | Step::Month => 1,
    };
    let mut blocks = std::collections::BTreeMap::<usize, [f64; 2]>::new();
    for (window, from) in starts.iter().enumerate() {
        for series in 0..panel.series() {
            let sold = &panel.values(series)[*from..];
            for h in (0..ahead.min(sold.len())).filter(|h| !sold[*h].is_nan()) {
                let of = blocks.entry((from + h) / block).or_default();
                for (sum, by) in of.iter_mut().zip(forecasts) {
                    *sum += deviance(f64::from(sold[h]), by[window][series * ahead + h]);
                }
            }
        }
    }
    let n = blocks.len() as f64;
    let all: f64 = blocks.values().map(|of| of[0]).sum();
    let gain: f64 = blocks.values().map(|of| of[0] - of[1]).sum();
    let squares: f64 = blocks
        .values()
        .map(|of| (of[0] - of[1] - gain / n).powi(2))
        .sum();
    let all = all.max(f64::MIN_POSITIVE);
    (gain / all, (squares * n / (n - 1.0).max(1.0)).sqrt() / all)
}

/// Whether so much is beyond chance.
pub(in crate::demand) fn pays(trial: &WeatherTrial) -> bool {
    let less = match trial.quantile_loss {
        [Some(without), Some(with)] => with < without,
        [_, _] => false,
    };
    less && trial.gain > ERRORS * trial.error
}

/// How far a forecast of a mean is off, at least 0.
fn deviance(sold: f64, said: f64) -> f64 {
    let (sold, said) = (sold.max(0.0), said.max(1e-3));
    let log = if sold > 0.0 {
        sold * (sold / said).ln()
    } else {
        0.0
    };
    2.0 * (log - (sold - said))
}
