//! The Theta method: a smoothed level beside a line that is learnt anew with each value.

use super::Said;
use super::error::{SeriesError, check};
use super::nelder_mead::{Region, Settings, minimise};
use super::season::{Composition, is_seasonal, shape};

/// Values needed to choose parameters.
const VALUES_MIN: usize = 4;

/// Parameters of the Theta method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Level before the first value, in the unit of the values.
    pub level: f64,
    /// Share of an error that the level takes, α, in 0–1 without 0.
    pub alpha: f64,
    /// How much the curvature is stretched, θ, at least 1: the line weighs 1 − 1/θ.
    pub theta: f64,
}

/// A series fitted by the dynamic Theta method.
#[derive(Debug, Clone, PartialEq)]
pub struct Theta {
    parameters: Parameters,
    /// Level after the last value.
    level: f64,
    /// Line through all values.
    line: Line,
    taken: usize,
    season: Option<(Composition, Vec<f64>)>,
}

/// Bounds of α.
const ALPHA: (f64, f64) = (0.1, 0.99);
/// The first errors depend on the first level alone, and do not count.
const SKIPPED: usize = 3;
/// First guess of θ: the classical method.
const THETA: f64 = 2.0;
/// First step of the simplex, as a share of a parameter; of the mean size of the values for a level of zero.
const STEP: f64 = 0.05;
/// Searches, each with a new simplex where the last ended: a simplex that has grown flat moves again.
const SEARCHES: usize = 2;
/// Done when n times the logarithm of the squares differs by less between the corners.
const TOLERANCE: f64 = 1e-6;
/// Smallest factor of a season that is multiplied.
const FACTOR_MIN: f64 = 0.01;
/// Errors are not told from rounding below this share of the values.
const ROUNDING: f64 = 1e-9;

impl Theta {
    /// The dynamic optimised Theta method, DOTM: level, α and θ that forecast one period ahead best.
    ///
    /// - `values`: at least 4, of one series without gaps, oldest first.
    /// - `season`: periods of a season. One of 4 or more is taken out first, when there are two of them and the
    ///   autocorrelation says so: by division, or by subtraction when a value or a factor is near zero or below.
    ///
    /// Deterministic; time O(n) for each of at most about 2000 steps.
    ///
    /// # Errors
    /// [`SeriesError::TooShort`], [`SeriesError::NotFinite`], and [`SeriesError::NoFit`] for values whose squares
    /// overflow.
    /// # Source
    /// Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016), eq. 11 to 17. Checked against statsforecast 2.1.1
    /// (tests/it/local.rs).
    pub fn fit(values: &[f64], season: usize) -> Result<Self, SeriesError> {
        check(values, VALUES_MIN)?;
        let season = is_seasonal(values, season).then(|| compose(values, season));
        let without: Vec<f64> = match &season {
            Some((composition, shape)) => {
                let each = shape.iter().cycle().zip(values);
                each.map(|(season, value)| composition.remove(*value, *season))
                    .collect()
            }
            None => values.to_vec(),
        };
        let lines = Line::of_all_starts(&without);
        let parameters = if values.iter().all(|value| *value == values[0]) {
            Parameters {
                level: values[0],
                alpha: 0.5,
                theta: 1.0,
            }
        } else {
            best(&without, &lines).ok_or(SeriesError::NoFit)?
        };
        let mut fitted = Self::run(parameters, &without, &lines);
        fitted.season = season;
        Ok(fitted)
    }

    /// The dynamic Theta method with given parameters, for values without season.
    ///
    /// # Errors
    /// [`SeriesError::TooShort`] without values, [`SeriesError::NotFinite`].
    pub fn with(parameters: Parameters, values: &[f64]) -> Result<Self, SeriesError> {
        check(values, 1)?;
        Ok(Self::run(parameters, values, &Line::of_all_starts(values)))
    }

    fn run(parameters: Parameters, values: &[f64], lines: &[Line]) -> Self {
        let (_, level) = pass(parameters, values, lines);
        Self {
            parameters,
            level,
            line: lines.last().copied().unwrap_or_default(),
            taken: values.len(),
            season: None,
        }
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Whether a season was taken out.
    #[must_use]
    pub fn is_seasonal(&self) -> bool {
        self.season.is_some()
    }

    /// Expected values of the next `ahead` periods, in the unit of the values; not clipped.
    #[must_use]
    pub fn forecast(&self, ahead: usize) -> Vec<f64> {
        let said = self.said(ahead).into_iter();
        said.map(|of| of.said).collect()
    }

    pub(super) fn said(&self, ahead: usize) -> Vec<Said> {
        let Parameters { alpha, theta, .. } = self.parameters;
        let (mut level, mut line) = (self.level, self.line);
        let mut kept = (1.0 - alpha).powf(self.taken as f64);
        let mut all = Vec::with_capacity(ahead);
        for taken in self.taken..self.taken + ahead {
            // What is expected is taken in as if it had been seen.
            let value = level + (1.0 - 1.0 / theta) * line.pull(alpha, kept);
            level += alpha * (value - level);
            line = line.after(value, taken);
            kept *= 1.0 - alpha;
            let said = match &self.season {
                Some((composition, shape)) => composition.add(value, shape[taken % shape.len()]),
                None => value,
            };
            all.push(Said {
                said,
                level: self.level,
                season: said - value,
            });
        }
        all
    }
}

/// Line by least squares through the values so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Line {
    mean: f64,
    intercept: f64,
    slope: f64,
}

impl Line {
    /// The line with one value more than the `taken` before; 0 is only for the first.
    fn after(self, value: f64, taken: usize) -> Self {
        let n = taken as f64;
        let mean = self.mean + (value - self.mean) / (n + 1.0);
        let pulled = 6.0 * (value - self.mean) / (n + 1.0);
        let slope = if taken == 0 {
            0.0
        } else {
            ((n - 1.0) * self.slope + pulled) / (n + 2.0)
        };
        Self {
            mean,
            intercept: mean - slope * (n + 2.0) / 2.0,
            slope,
        }
    }

    /// Lines through the first value, the first two, and so on.
    fn of_all_starts(values: &[f64]) -> Vec<Self> {
        let mut line = Self::default();
        let each = values.iter().enumerate().map(|(taken, value)| {
            line = line.after(*value, taken);
            line
        });
        each.collect()
    }

    /// How far a full weight of the line lifts the forecast above the level; `kept` is (1 − α) to the number of values.
    fn pull(self, alpha: f64, kept: f64) -> f64 {
        self.intercept * kept + self.slope * (1.0 - (1.0 - alpha) * kept) / alpha
    }
}

/// Sum of squared errors one period ahead, and the level after the last value.
fn pass(parameters: Parameters, values: &[f64], lines: &[Line]) -> (f64, f64) {
    let Parameters {
        level,
        alpha,
        theta,
    } = parameters;
    let Some(first) = values.first() else {
        return (0.0, level);
    };
    let weight = 1.0 - 1.0 / theta;
    let mut level = level + alpha * (first - level);
    let mut kept = 1.0;
    let mut squares = 0.0;
    for (at, (value, line)) in values.iter().skip(1).zip(lines).enumerate() {
        kept *= 1.0 - alpha;
        if at + 1 >= SKIPPED {
            let error = value - level - weight * line.pull(alpha, kept);
            squares += error * error;
        }
        level += alpha * (value - level);
    }
    (squares, level)
}

/// Parameters of the smallest squared errors; `None` when they overflow.
fn best(values: &[f64], lines: &[Line]) -> Option<Parameters> {
    let n = values.len() as f64;
    let size = values.iter().map(|value| value.abs()).sum::<f64>() / n;
    let floor = (n * (ROUNDING * size).powi(2)).max(f64::MIN_POSITIVE);
    let level = values.first()? / 2.0;
    let step = if level == 0.0 { size } else { level };
    let of = |point: &[f64]| Parameters {
        level: point[0],
        alpha: point[1],
        theta: point[2],
    };
    let mut at = vec![level, 0.5, THETA];
    for _ in 0..SEARCHES {
        let minimum = minimise(
            &mut |point| {
                let (squares, _) = pass(of(point), values, lines);
                n * (squares + floor).ln()
            },
            &Region {
                start: &at,
                step: &[STEP * step, STEP * 0.5, STEP * THETA],
                lower: &[f64::NEG_INFINITY, ALPHA.0, 1.0],
                upper: &[f64::INFINITY, ALPHA.1, f64::INFINITY],
            },
            &Settings {
                iterations_max: 1000,
                tolerance: TOLERANCE,
            },
        );
        if minimum.value.is_infinite() {
            return None;
        }
        at = minimum.at;
    }
    Some(of(&at))
}

/// The season, multiplied where that is possible.
fn compose(values: &[f64], season: usize) -> (Composition, Vec<f64>) {
    if values.iter().all(|value| *value > 0.0) {
        let factors = shape(values, season, Composition::Multiplicative);
        if factors.iter().all(|factor| *factor >= FACTOR_MIN) {
            return (Composition::Multiplicative, factors);
        }
    }
    let added = shape(values, season, Composition::Additive);
    (Composition::Additive, added)
}
