//! Seasons of one series: whether there is one, and its shape.

use math::optimise::inverse_positive_definite;
use math::special::normal_quantile;

/// How a season enters the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Composition {
    /// Added: the shape sums to 0 over a season.
    Additive,
    /// Multiplied: the shape has mean 1 over a season.
    Multiplicative,
}

impl Composition {
    /// A value without its season.
    pub(super) fn remove(self, value: f64, season: f64) -> f64 {
        match self {
            Self::Additive => value - season,
            Self::Multiplicative => value / season,
        }
    }

    /// A value with its season.
    pub(super) fn add(self, value: f64, season: f64) -> f64 {
        match self {
            Self::Additive => value + season,
            Self::Multiplicative => value * season,
        }
    }
}

/// One-sided level of the test for a season.
const CONFIDENCE: f64 = 0.95;
/// Shorter seasons are not tested.
const SEASON_MIN: usize = 4;

/// Whether values a season apart are alike: autocorrelation at lag `season` beyond its 95 % limit.
///
/// False with fewer than two seasons, for seasons shorter than 4, and for a constant.
/// # Source
/// Fiorucci et al. (2016), section 4: the limit of Bartlett. The same test as statsforecast's `auto_theta`.
pub(super) fn is_seasonal(values: &[f64], season: usize) -> bool {
    let n = values.len();
    if season < SEASON_MIN || n < 2 * season {
        return false;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let product = |lag: usize| -> f64 {
        let pairs = centred.iter().zip(&centred[lag..]);
        pairs.map(|(now, later)| now * later).sum()
    };
    let variance = product(0);
    let earlier: f64 = (1..season)
        .map(|lag| (product(lag) / variance).powi(2))
        .sum();
    let limit = normal_quantile(CONFIDENCE) * ((1.0 + 2.0 * earlier) / n as f64).sqrt();
    variance > 0.0 && (product(season) / variance).abs() > limit
}

/// Shape of a season by classical decomposition: one number for each of its periods, the first value's first.
///
/// The trend is a centred mean over a season; the shape is the mean of what it leaves, for each period of the season.
/// Needs two seasons or more, and values above zero to be multiplied; otherwise some number is not finite.
pub(super) fn shape(values: &[f64], season: usize, composition: Composition) -> Vec<f64> {
    let half = season / 2;
    let (mut sums, mut counts) = (vec![0.0; season], vec![0.0; season]);
    for at in half..values.len().saturating_sub(half) {
        let whole: f64 = values[at - half..=at + half].iter().sum();
        // An even season is one value longer on both sides: each of the two outer values counts half.
        let outer = if season.is_multiple_of(2) {
            0.5 * (values[at - half] + values[at + half])
        } else {
            0.0
        };
        let trend = (whole - outer) / season as f64;
        sums[at % season] += composition.remove(values[at], trend);
        counts[at % season] += 1.0;
    }
    let means: Vec<f64> = sums
        .iter()
        .zip(&counts)
        .map(|(sum, count)| sum / count)
        .collect();
    let centre = means.iter().sum::<f64>() / season as f64;
    means
        .iter()
        .map(|mean| composition.remove(*mean, centre))
        .collect()
}

/// Season of each value when there are too few to take means: what a line leaves, beside one wave a season long.
///
/// `None` when the values cannot tell the line from the wave.
/// # Source
/// The start of R's `forecast::ets` for fewer than three seasons.
pub(super) fn beside_line(
    values: &[f64],
    season: usize,
    composition: Composition,
) -> Option<Vec<f64>> {
    let mut normal = vec![0.0; 16];
    let mut right = [0.0; 4];
    let middle = values.len() as f64 / 2.0;
    let columns = |at: usize| {
        let turn = std::f64::consts::TAU * (at + 1) as f64 / season as f64;
        [1.0, at as f64 - middle, turn.cos(), turn.sin()]
    };
    for (at, value) in values.iter().enumerate() {
        let row = columns(at);
        for i in 0..4 {
            right[i] += row[i] * value;
            for j in 0..4 {
                normal[4 * i + j] += row[i] * row[j];
            }
        }
    }
    let inverse = inverse_positive_definite(&normal, 4)?;
    let of = |i: usize| -> f64 { (0..4).map(|j| inverse[4 * i + j] * right[j]).sum() };
    let (level, slope) = (of(0), of(1));
    let left = values.iter().enumerate().map(|(at, value)| {
        let line = level + slope * (at as f64 - middle);
        composition.remove(*value, line)
    });
    Some(left.collect())
}

/// Line through values by least squares: its height one period before the first value, and its slope.
pub(super) fn line(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let middle = (n + 1.0) / 2.0;
    let (mut product, mut square) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let from_middle = (at + 1) as f64 - middle;
        product += from_middle * (value - mean);
        square += from_middle * from_middle;
    }
    let slope = if square > 0.0 { product / square } else { 0.0 };
    (mean - slope * middle, slope)
}
