//! How far off forecasts are: quantiles of what was sold, relative to what was forecast, of forecasts alike.

use serde::{Deserialize, Serialize};

use super::quantiles::{between, kept};
use super::score::{LEVELS, pinballs, quantile_loss};

/// Into how many groups forecasts are told apart at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Shape {
    /// By size of the forecast.
    sizes: usize,
    /// By how much the series varies, within each of those.
    restless: usize,
    /// By how far ahead, within each of those.
    far: usize,
}

/// Shapes that are tried: the second where little but the size tells forecasts apart, as of what seldom sells.
const SHAPES: [Shape; 2] = [
    Shape {
        sizes: 10,
        restless: 3,
        far: 3,
    },
    Shape {
        sizes: 30,
        restless: 1,
        far: 1,
    },
];

/// Forecasts that a group needs.
const GROUP_MIN: usize = 150;

/// A forecast is of next to nothing below this share of what is usually sold.
const LEAST: f64 = 0.01;

/// Intervals are stretched so that each window holds this share, as its [`TAILS`] promise.
const HELD: f64 = 0.9;

/// Levels of the interval that is stretched.
const TAILS: (f64, f64) = (0.05, 0.95);

/// Intervals are not stretched further than this.
const STRETCH_MAX: f64 = 3.0;

/// A forecast and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Past {
    /// What was forecast.
    pub(super) forecast: f64,
    /// How much the series varies relative to its level.
    pub(super) deviation: f64,
    /// How much the counts of the series scatter beyond Poisson counts, as a share of the mean squared.
    pub(super) dispersion: f64,
    /// Periods ahead, from 1.
    pub(super) ahead: usize,
    /// What was sold.
    pub(super) sold: f64,
}

/// Quantiles of what is sold relative to what was forecast.
///
/// Forecasts are grouped by size, or by size, by how much their series vary, and by how far ahead they look, whichever
/// forecast windows better that were left out; within a group
/// quantiles are those of past forecasts, with the finite-sample correction of conformal prediction: where future and
/// past forecasts of a group are exchangeable, an interval between two of them holds at least its share.
///
/// A forecast of next to nothing counts as one of a hundredth of what is usually sold where something is: divided by
/// less, what is sold would be beyond all bounds.
///
/// # Source
/// Vovk, Gammerman, Shafer (2005), Mondrian conformal prediction; Lei et al. (2018), split conformal intervals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    sizes: Vec<Size>,
    /// What smaller forecasts count as; versions that were trained without it take them as they are.
    #[serde(default)]
    least: f64,
    /// By what distances from the median are multiplied, at least 1.
    stretch: f64,
    /// Whether more was ever taken back than sold: else no quantile lies below nothing.
    below_nothing: bool,
    /// Whether only whole numbers were sold: then quantiles are.
    whole: bool,
}

/// Forecasts of about one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Size {
    /// Largest forecast among them; the last group has no bound.
    up_to: f64,
    groups: Vec<Restless>,
}

/// Forecasts of series that vary about as much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Restless {
    up_to: f64,
    groups: Vec<Far>,
}

/// Forecasts about as far ahead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Far {
    up_to: usize,
    /// Sold over forecast, rising: as quantiles are kept.
    ratios: Vec<f32>,
}

/// Splits sorted things into about equal groups of enough of them, never between equal keys.
fn parts<T, K: PartialOrd>(sorted: &[T], most: usize, key: impl Fn(&T) -> K) -> Vec<&[T]> {
    let wanted = most.min(sorted.len() / GROUP_MIN).max(1);
    let (mut found, mut from) = (Vec::new(), 0);
    for part in 1..=wanted {
        let mut to = sorted.len() * part / wanted;
        while to > 0 && to < sorted.len() && key(&sorted[to]) <= key(&sorted[to - 1]) {
            to += 1;
        }
        if to > from {
            found.push(&sorted[from..to]);
            from = to;
        }
    }
    found
}

impl Spread {
    /// Learns from forecasts and what came of them; those of nothing tell nothing. `None` where there is none.
    fn fit(mut past: Vec<Past>, shape: Shape) -> Option<Self> {
        past.retain(|p| p.forecast > 0.0);
        if past.is_empty() {
            return None;
        }
        let least = LEAST * usually_sold(&past);
        past.iter_mut()
            .for_each(|p| p.forecast = p.forecast.max(least));
        let below_nothing = past.iter().any(|p| p.sold < 0.0);
        let whole = past.iter().all(|p| p.sold.fract() == 0.0);
        past.sort_unstable_by(|a, b| a.forecast.total_cmp(&b.forecast));
        let sizes = parts(&past, shape.sizes, |p| p.forecast);
        let sizes = sizes.into_iter().map(|size| {
            let up_to = size.last().map_or(0.0, |p| p.forecast);
            let mut alike = size.to_vec();
            alike.sort_unstable_by(|a, b| a.deviation.total_cmp(&b.deviation));
            let groups = parts(&alike, shape.restless, |p| p.deviation).into_iter();
            let groups = groups.map(|of| Restless::fit(of, shape.far)).collect();
            Size { up_to, groups }
        });
        Some(Self {
            sizes: sizes.collect(),
            least,
            stretch: 1.0,
            below_nothing,
            whole,
        })
    }

    /// Learns from windows of forecasts, in the shape of least loss, and stretches intervals until each window is held by
    /// what the others teach. `None` where nothing was forecast.
    ///
    /// All series of a window share what nobody foresaw, so that windows, and not forecasts, are the independent ones.
    pub(super) fn over(windows: &[Vec<Past>]) -> Option<Self> {
        let (shape, _) = best_shape(windows).unwrap_or((SHAPES[0], 0.0));
        let mut all = Self::fit(windows.concat(), shape)?;
        if windows.len() > 1 {
            for (at, window) in windows.iter().enumerate() {
                let others = Self::without(windows, at, shape);
                let needed = others.and_then(|others| others.needed(window));
                all.stretch = all.stretch.max(needed.unwrap_or(1.0)).min(STRETCH_MAX);
            }
        }
        Some(all)
    }

    /// By window and forecast, its quantile loss, each by what the other windows teach, in the shape of least loss; `None`
    /// where nothing was forecast or sold.
    pub(super) fn losses(windows: &[Vec<Past>]) -> Option<Vec<Vec<f64>>> {
        let (shape, _) = best_shape(windows)?;
        let each = windows.iter().enumerate().map(|(at, window)| {
            let spread = Self::without(windows, at, shape)?;
            let loss =
                |past: &Past| pinballs(past.sold, LEVELS.map(|level| spread.quantile(level, past)));
            Some(window.iter().map(loss).collect())
        });
        each.collect()
    }

    /// Learns from all windows but one.
    fn without(windows: &[Vec<Past>], left_out: usize, shape: Shape) -> Option<Self> {
        let others = windows.iter().enumerate().filter(|(at, _)| *at != left_out);
        Self::fit(others.flat_map(|(_, of)| of).copied().collect(), shape)
    }

    /// By what distances from the median have to be multiplied to hold a window; `None` where it tells nothing.
    fn needed(&self, window: &[Past]) -> Option<f64> {
        let told = window.iter().filter(|p| p.forecast > 0.0);
        let mut each: Vec<f64> = told
            .map(|past| {
                let middle = self.bound(0.5, past);
                let tail = if past.sold < middle { TAILS.0 } else { TAILS.1 };
                let reach = (self.bound(tail, past) - middle).abs();
                let off = (past.sold - middle).abs();
                if off <= reach { 1.0 } else { off / reach }
            })
            .collect();
        each.sort_unstable_by(f64::total_cmp);
        let at = ((HELD * each.len() as f64).ceil() as usize).checked_sub(1)?;
        each.get(at).copied()
    }

    /// The quantile of a level, 0 to 1, of what is sold where so much is forecast; a whole number where only whole numbers
    /// were sold.
    pub(super) fn quantile(&self, level: f64, of: &Past) -> f64 {
        let bound = self.bound(level, of);
        if self.whole { bound.round() } else { bound }
    }

    /// The same between whole numbers: ends of intervals that hold no more than they promise. Not below nothing where that
    /// was never sold.
    pub(super) fn bound(&self, level: f64, of: &Past) -> f64 {
        if of.forecast <= 0.0 {
            return 0.0;
        }
        let forecast = of.forecast.max(self.least);
        let size = within(&self.sizes, |size| forecast <= size.up_to);
        let restless = size.and_then(|s| within(&s.groups, |r| of.deviation <= r.up_to));
        let far = restless.and_then(|r| within(&r.groups, |f| of.ahead <= f.up_to));
        let said = far.map_or(forecast, |far| {
            let middle = far.ratio(0.5);
            forecast * (middle + self.stretch * (far.ratio(level) - middle))
        });
        let least = if self.below_nothing { said } else { 0.0 };
        // Adding 0 makes a negative zero a plain one.
        said.max(least) + 0.0
    }
}

/// Weighted quantile loss of windows of forecasts, each by what the others teach, in the shape of least loss; `None` where
/// nothing was forecast or sold.
pub(super) fn loss(windows: &[Vec<Past>]) -> Option<f64> {
    best_shape(windows).map(|(_, loss)| loss)
}

fn best_shape(windows: &[Vec<Past>]) -> Option<(Shape, f64)> {
    let loss = |shape: Shape| {
        let mut told = Vec::new();
        for (at, window) in windows.iter().enumerate() {
            let spread = Spread::without(windows, at, shape)?;
            let quantiles = |past| LEVELS.map(|level| spread.quantile(level, past));
            told.extend(window.iter().map(|past| (past.sold, quantiles(past))));
        }
        Some((shape, quantile_loss(told)?))
    };
    let each = SHAPES.into_iter().filter_map(loss);
    each.min_by(|one, other| one.1.total_cmp(&other.1))
}

/// The first that holds, or the last of all.
fn within<T>(all: &[T], holds: impl Fn(&T) -> bool) -> Option<&T> {
    all.iter().find(|one| holds(one)).or(all.last())
}

impl Restless {
    fn fit(alike: &[Past], far: usize) -> Self {
        // Series of which it is not known how much they vary come last; a bound that is no number could not be kept.
        let last = alike.last().map_or(0.0, |p| p.deviation);
        let up_to = if last.is_finite() { last } else { f64::MAX };
        let mut ahead = alike.to_vec();
        ahead.sort_unstable_by_key(|p| p.ahead);
        let groups = parts(&ahead, far, |p| p.ahead);
        Self {
            up_to,
            groups: groups.into_iter().map(Far::fit).collect(),
        }
    }
}

impl Far {
    fn fit(alike: &[Past]) -> Self {
        Self {
            up_to: alike.last().map_or(0, |p| p.ahead),
            ratios: quantiles(alike),
        }
    }

    fn ratio(&self, level: f64) -> f64 {
        between(&self.ratios, level)
    }
}

/// The median of what was sold where something was; 0 where nothing was.
fn usually_sold(past: &[Past]) -> f64 {
    let sold = past.iter().map(|p| p.sold).filter(|sold| *sold > 0.0);
    let mut sold: Vec<f64> = sold.collect();
    let middle = sold.len() / 2;
    if sold.is_empty() {
        return 0.0;
    }
    *sold.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Quantiles of sold over forecast.
fn quantiles(alike: &[Past]) -> Vec<f32> {
    let mut ratios: Vec<f64> = alike.iter().map(|p| p.sold / p.forecast).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    kept(&ratios)
}

#[cfg(test)]
mod tests {
    use super::{Past, SHAPES, Spread};

    #[test]
    fn series_that_nobody_knows_how_much_they_vary_are_kept() {
        let past = |i: u32| Past {
            forecast: 10.0,
            deviation: if i.is_multiple_of(2) { 0.1 } else { f64::NAN },
            dispersion: 0.0,
            ahead: 1,
            sold: f64::from(5 + i % 10),
        };
        let learnt =
            Spread::fit((0..1_000).map(past).collect(), SHAPES[0]).expect("there are forecasts");
        let kept = serde_json::to_string(&learnt).unwrap();
        assert_eq!(serde_json::from_str::<Spread>(&kept).unwrap(), learnt);
        assert!(learnt.quantile(0.9, &past(1)) > learnt.quantile(0.1, &past(1)));
    }

    #[test]
    fn what_is_sold_of_what_was_hardly_forecast_stays_within_what_is_sold() {
        let past = |i: u32| Past {
            forecast: if i.is_multiple_of(3) { 5.0 } else { 1e-40 },
            deviation: 2.0,
            dispersion: 0.0,
            ahead: 1,
            sold: if i.is_multiple_of(10) { 20.0 } else { 0.0 },
        };
        let past: Vec<Past> = (0..3_000).map(past).collect();
        let learnt = Spread::fit(past.clone(), SHAPES[0]).expect("there are forecasts");
        let kept = serde_json::to_string(&learnt).unwrap();
        assert_eq!(serde_json::from_str::<Spread>(&kept).unwrap(), learnt);
        let of = |at: usize| [0.5, 0.95].map(|level| learnt.quantile(level, &past[at]));
        assert_eq!((of(0), of(1)), ([0.0, 20.0], [0.0, 20.0]));
    }

    #[test]
    fn intervals_hold_their_share_where_series_vary_differently() {
        // Series of deviation 0.1 and 0.8, half each, forecast 100: what is sold is spread evenly around.
        let past: Vec<Past> = (0..4_000)
            .map(|i| {
                let deviation = if i % 2 == 0 { 0.1 } else { 0.8 };
                let spread = f64::from((i * 7_919) % 2_001 - 1_000) / 1_000.0;
                Past {
                    forecast: 100.0,
                    deviation,
                    dispersion: 0.0,
                    ahead: 1 + i as usize % 6,
                    sold: 100.0 * (1.0 + deviation * spread),
                }
            })
            .collect();
        let learnt = Spread::fit(past.clone(), SHAPES[0]).expect("there are forecasts");
        for deviation in [0.1, 0.8] {
            let of = Past {
                deviation,
                ..past[0]
            };
            let (low, high) = (learnt.quantile(0.05, &of), learnt.quantile(0.95, &of));
            let half = 0.9 * deviation * 100.0;
            assert!((low - (100.0 - half)).abs() < 0.08 * half, "{low} {half}");
            assert!((high - (100.0 + half)).abs() < 0.08 * half, "{high} {half}");
        }
    }

    #[test]
    fn a_stretched_interval_does_not_reach_below_nothing_unless_that_was_sold() {
        // What two windows teach is too narrow for the third: intervals are stretched.
        let window = |off: f64, least: f64| -> Vec<Past> {
            let past = |i: i32| Past {
                forecast: 10.0,
                deviation: 0.5,
                dispersion: 0.0,
                ahead: 1,
                sold: (10.0 + off * f64::from(i % 11 - 5)).max(least),
            };
            (0..200).map(past).collect()
        };
        let learnt = |least: f64| {
            let windows = [window(1.0, least), window(1.2, least), window(4.0, least)];
            Spread::over(&windows).expect("there are forecasts")
        };
        let of = window(1.0, 0.0)[0];
        let (gross, net) = (learnt(0.0), learnt(-100.0));
        assert!(gross.stretch > 1.5 && net.stretch > 1.5);
        let low = gross.quantile(0.05, &of);
        assert!(low == 0.0 && low.is_sign_positive(), "{low}");
        assert!(net.quantile(0.05, &of) < 0.0);
    }

    #[test]
    fn a_single_forecast_gives_a_spread_and_none_gives_none() {
        assert!(Spread::fit(Vec::new(), SHAPES[0]).is_none());
        let one = Past {
            forecast: 2.0,
            deviation: f64::NAN,
            dispersion: 0.0,
            ahead: 1,
            sold: 3.0,
        };
        let learnt = Spread::fit(vec![one], SHAPES[0]).expect("there is one");
        assert_eq!(
            learnt.quantile(
                0.5,
                &Past {
                    forecast: 4.0,
                    ..one
                }
            ),
            6.0
        );
        assert_eq!(
            learnt.quantile(
                0.9,
                &Past {
                    forecast: 0.0,
                    ..one
                }
            ),
            0.0
        );
    }
}
