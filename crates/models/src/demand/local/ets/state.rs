//! The recursion of exponential smoothing.

use super::form::{Form, Noise, Season, Trend};
use crate::demand::local::Said;

/// How fast each state follows the values; unitless.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothing {
    /// Share of an error that the level takes, α.
    pub level: f64,
    /// Share of an error that the slope takes, β; 0 in a form without trend.
    pub slope: f64,
    /// Share of an error that the season takes, γ; 0 in a form without season.
    pub season: f64,
    /// Share of the slope that is left a period later, φ; 1 in a form that is not damped.
    pub damping: f64,
}

/// What exponential smoothing remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Level, in the unit of the values.
    pub level: f64,
    /// Slope a period, in the unit of the values; 0 in a form without trend.
    pub slope: f64,
    /// Season, one for each of its periods, that of the first value first; empty in a form without season.
    /// Added ones are in the unit of the values, multiplied ones are factors.
    pub season: Vec<f64>,
}

/// What the errors one period ahead add up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sums {
    /// Squares of the errors: relative ones when noise is multiplicative.
    pub(super) squares: f64,
    /// Logarithms of the forecasts when noise is multiplicative, otherwise 0.
    pub(super) logarithms: f64,
}

/// Divisors are kept this far from zero.
const NEAR_ZERO: f64 = 1e-10;
/// The product of forecasts is turned into a logarithm before it leaves `1/LARGE`–`LARGE`.
const LARGE: f64 = 1e100;

const NO_SEASON: u8 = 0;
const ADDED: u8 = 1;
const MULTIPLIED: u8 = 2;

/// Takes all values in and moves the state behind the last.
///
/// - `state.season`: as long as the season; see [`State::season`].
///
/// # Source
/// Hyndman, Koehler, Ord and Snyder (2008), tables 2.2 and 2.3: noise of either sort leads to the same states.
pub(super) fn pass(form: Form, smoothing: &Smoothing, state: &mut State, values: &[f64]) -> Sums {
    let relative = form.noise == Noise::Multiplicative;
    let trended = form.trend != Trend::None;
    match (relative, trended, form.season) {
        (false, false, Season::None) => run::<false, false, NO_SEASON>(smoothing, state, values),
        (false, false, Season::Additive) => run::<false, false, ADDED>(smoothing, state, values),
        (false, false, Season::Multiplicative) => {
            run::<false, false, MULTIPLIED>(smoothing, state, values)
        }
        (false, true, Season::None) => run::<false, true, NO_SEASON>(smoothing, state, values),
        (false, true, Season::Additive) => run::<false, true, ADDED>(smoothing, state, values),
        (false, true, Season::Multiplicative) => {
            run::<false, true, MULTIPLIED>(smoothing, state, values)
        }
        (true, false, Season::None) => run::<true, false, NO_SEASON>(smoothing, state, values),
        (true, false, Season::Additive) => run::<true, false, ADDED>(smoothing, state, values),
        (true, false, Season::Multiplicative) => {
            run::<true, false, MULTIPLIED>(smoothing, state, values)
        }
        (true, true, Season::None) => run::<true, true, NO_SEASON>(smoothing, state, values),
        (true, true, Season::Additive) => run::<true, true, ADDED>(smoothing, state, values),
        (true, true, Season::Multiplicative) => {
            run::<true, true, MULTIPLIED>(smoothing, state, values)
        }
    }
}

fn run<const RELATIVE: bool, const TREND: bool, const SEASON: u8>(
    smoothing: &Smoothing,
    state: &mut State,
    values: &[f64],
) -> Sums {
    let damping = smoothing.damping;
    // The level is carried a period ahead: each value then waits for three operations of the one before, not five.
    let lift = smoothing.level + damping * smoothing.slope;
    let fade = damping * damping;
    let mut slope = state.slope;
    let mut reached = if TREND {
        state.level + damping * slope
    } else {
        state.level
    };
    let mut errors = Errors::default();
    let mut phase = 0;
    for value in values {
        let season = if SEASON == NO_SEASON {
            0.0
        } else {
            state.season[phase]
        };
        let (expected, without_season) = match SEASON {
            ADDED => (reached + season, value - season),
            MULTIPLIED => (reached * season, value / divisor(season)),
            _ => (reached, *value),
        };
        errors.take::<RELATIVE>(value - expected, expected);
        if SEASON != NO_SEASON {
            let found = if SEASON == ADDED {
                value - reached
            } else {
                value / divisor(reached)
            };
            state.season[phase] = season + smoothing.season * (found - season);
            phase += 1;
            if phase == state.season.len() {
                phase = 0;
            }
        }
        let missed = without_season - reached;
        if TREND {
            reached = (reached + fade * slope) + lift * missed;
            slope = damping * slope + smoothing.slope * missed;
        } else {
            reached += smoothing.level * missed;
        }
    }
    state.level = if TREND {
        reached - damping * slope
    } else {
        reached
    };
    state.slope = slope;
    errors.sums()
}

/// Errors added up.
struct Errors {
    squares: f64,
    logarithms: f64,
    /// Forecasts whose logarithm is not yet in `logarithms`.
    product: f64,
}

impl Default for Errors {
    fn default() -> Self {
        Self {
            squares: 0.0,
            logarithms: 0.0,
            product: 1.0,
        }
    }
}

impl Errors {
    #[inline]
    fn take<const RELATIVE: bool>(&mut self, error: f64, expected: f64) {
        if !RELATIVE {
            self.squares += error * error;
            return;
        }
        let scale = divisor(expected);
        self.squares += (error / scale) * (error / scale);
        self.product *= scale.abs();
        // One logarithm for many periods: it would take longer than all the rest.
        if !(1.0 / LARGE..LARGE).contains(&self.product) {
            self.logarithms += self.product.ln();
            self.product = 1.0;
        }
    }

    fn sums(&self) -> Sums {
        Sums {
            squares: self.squares,
            logarithms: self.logarithms + self.product.ln(),
        }
    }
}

/// A number that can be divided by.
fn divisor(x: f64) -> f64 {
    if x.abs() < NEAR_ZERO {
        NEAR_ZERO.copysign(x)
    } else {
        x
    }
}

/// Means of the `ahead` periods after `taken` values, in their unit.
pub(super) fn means(
    form: Form,
    smoothing: &Smoothing,
    state: &State,
    taken: usize,
    ahead: usize,
) -> Vec<Said> {
    let (mut reached, mut slope) = (state.level, state.slope);
    let step = |period: usize| {
        slope *= smoothing.damping;
        reached += slope;
        let season = || state.season[(taken + period) % state.season.len()];
        let said = match form.season {
            Season::None => reached,
            Season::Additive => reached + season(),
            Season::Multiplicative => reached * season(),
        };
        Said {
            said,
            level: state.level,
            season: said - reached,
        }
    };
    (0..ahead).map(step).collect()
}
