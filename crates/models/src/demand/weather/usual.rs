//! What is usual at a time of the year, and how much of what is unusual stays.

use std::f64::consts::TAU;

use super::FIGURES;
use crate::demand::panel::Panel;

/// Columns that tell what is usual: the mean, and two waves a year.
const WAVES: usize = 5;

/// Days that must be observed before it is known what is usual at every time of the year.
const DAYS_MIN: f64 = 350.0;

/// Periods over which it is known how much of what is unusual stays.
pub(super) const STAYS: usize = 10;

/// What stays is told from this share of what was unusual on.
const STAYS_MIN: f64 = 0.1;

/// Rain of a day above which more changes no more, in millimetres.
const RAIN_MAX: f64 = 20.0;

/// Days in a year.
const YEAR: f64 = 365.2425;

/// What is beyond the usual in every period of one place; not a number where that is not known.
pub(super) type Beyond = Vec<[f64; FIGURES]>;

/// A place with what is usual there.
#[derive(Debug)]
pub(super) struct Unusual {
    /// What is usual in every period, those ahead too; not a number where it cannot be told.
    pub(super) usual: Vec<[f64; FIGURES]>,
    /// Of periods that are known.
    pub(super) beyond: Beyond,
}

/// A figure as it counts; not a number where it is none.
pub(super) fn bounded(figure: usize, value: f64) -> f64 {
    if figure == 1 && value > RAIN_MAX {
        RAIN_MAX
    } else {
        value
    }
}

/// What is usual at each place and what was beyond it, from the periods that a panel knows.
pub(super) fn unusual(panel: &Panel) -> Vec<Unusual> {
    let Some(weather) = panel.weather() else {
        return Vec::new();
    };
    let all = panel.known() + panel.ahead();
    let first = panel.date(0);
    let columns: Vec<[f64; WAVES]> = (0..=all)
        .map(|period| f64::from((panel.date(period) - first).get_days()))
        .collect::<Vec<f64>>()
        .windows(2)
        .map(|ends| waves((ends[0] + ends[1]) / 2.0))
        .collect();
    let days = f64::from((panel.date(panel.known()) - first).get_days()) / panel.known() as f64;
    let of = |place: &super::Place| {
        let mut usual = vec![[f64::NAN; FIGURES]; all];
        let mut beyond = vec![[f64::NAN; FIGURES]; panel.known()];
        for figure in 0..FIGURES {
            let value = |period: usize| {
                let value = place.observed.get(period).map_or(f32::NAN, |of| of[figure]);
                bounded(figure, f64::from(value))
            };
            let observed = (0..panel.known()).filter(|period| !value(*period).is_nan());
            let observed: Vec<usize> = observed.collect();
            if (observed.len() as f64) * days < DAYS_MIN {
                continue;
            }
            let rows = observed
                .iter()
                .map(|period| (&columns[*period], value(*period)));
            let Some(mean) = least_squares(rows) else {
                continue;
            };
            for (usual, columns) in usual.iter_mut().zip(&columns) {
                usual[figure] = mean.iter().zip(columns).map(|(m, c)| m * c).sum();
            }
            for period in observed {
                beyond[period][figure] = value(period) - usual[period][figure];
            }
        }
        Unusual { usual, beyond }
    };
    weather.places.iter().map(of).collect()
}

fn waves(day: f64) -> [f64; WAVES] {
    let turn = TAU * day / YEAR;
    let (sine, cosine) = turn.sin_cos();
    let (twice, double) = (2.0 * turn).sin_cos();
    [1.0, sine, cosine, twice, double]
}

/// Share of what is unusual that is left after 1, 2 and more periods, of both figures.
pub(super) fn stays(places: &[Unusual]) -> [Vec<f64>; FIGURES] {
    let of = |figure: usize| {
        let mut left = Vec::new();
        for lag in 1..=STAYS {
            let (mut together, mut squares) = (0.0, 0.0);
            for place in places {
                let later = place.beyond.iter().skip(lag);
                for (one, later) in place.beyond.iter().zip(later) {
                    let product = one[figure] * later[figure];
                    if !product.is_nan() {
                        together += product;
                        squares += one[figure] * one[figure];
                    }
                }
            }
            let share = together / f64::max(squares, f64::MIN_POSITIVE);
            if share < STAYS_MIN {
                break;
            }
            left.push(share.min(1.0));
        }
        left
    };
    [of(0), of(1)]
}

/// Weights of the columns by least squares; `None` where the rows do not tell them apart.
fn least_squares<'a>(rows: impl Iterator<Item = (&'a [f64; WAVES], f64)>) -> Option<[f64; WAVES]> {
    let mut normal = [[0.0; WAVES]; WAVES];
    let mut right = [0.0; WAVES];
    for (columns, value) in rows {
        for (at, one) in columns.iter().enumerate() {
            right[at] += one * value;
            for (to, other) in columns.iter().enumerate() {
                normal[at][to] += one * other;
            }
        }
    }
    let size = normal[0][0];
    for at in 0..WAVES {
        let pivot = normal[at];
        if pivot[at] <= 1e-6 * size {
            return None;
        }
        for to in at + 1..WAVES {
            let times = normal[to][at] / pivot[at];
            for (left, own) in normal[to].iter_mut().zip(&pivot).skip(at) {
                *left -= times * own;
            }
            right[to] -= times * right[at];
        }
    }
    let mut found = [0.0; WAVES];
    for at in (0..WAVES).rev() {
        let known: f64 = (at + 1..WAVES).map(|to| normal[at][to] * found[to]).sum();
        found[at] = (right[at] - known) / normal[at][at];
    }
    Some(found)
}
