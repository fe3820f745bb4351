//! Methods that forecast each series from itself, over a panel.

use rayon::prelude::*;

use super::local::{Apart, Local};
use super::panel::Panel;
use super::recent::mean;

/// Series × `ahead`; 0 while closed, and where it is not wanted. Periods that are not known are filled by the season
/// before, or by the mean.
pub(super) fn forecast(
    method: Local,
    panel: &Panel,
    ahead: usize,
    wanted: &(dyn Fn(usize) -> bool + Sync),
) -> Vec<f64> {
    let known = panel.known();
    let season = panel.step().season();
    let of = |series: usize| {
        if !wanted(series) {
            return vec![0.0; ahead];
        }
        let values = filled(panel.values(series), season);
        let mut said = method.forecast(&values, season, ahead);
        for (period, value) in (known..).zip(&mut said) {
            if !panel.is_open(series, period) {
                *value = 0.0;
            }
        }
        said
    };
    let each: Vec<Vec<f64>> = (0..panel.series()).into_par_iter().map(of).collect();
    each.concat()
}

/// What the forecast of a panel's only series is made of; nothing while closed.
pub(super) fn told_apart(method: Local, panel: &Panel, ahead: usize) -> Vec<Apart> {
    let season = panel.step().season();
    let mut apart = method.told_apart(&filled(panel.values(0), season), season, ahead);
    for (period, of) in (panel.known()..).zip(&mut apart) {
        if !panel.is_open(0, period) {
            *of = Apart::default();
        }
    }
    apart
}

/// A series from its first known period on, without gaps.
pub(super) fn filled(values: &[f32], season: usize) -> Vec<f64> {
    let Some(first) = values.iter().position(|v| !v.is_nan()) else {
        return Vec::new();
    };
    let usual = mean(values).unwrap_or(0.0);
    let mut all: Vec<f64> = Vec::with_capacity(values.len() - first);
    for value in &values[first..] {
        let before = all.len().checked_sub(season).map(|at| all[at]);
        all.push(if value.is_nan() {
            before.unwrap_or(usual)
        } else {
            f64::from(*value)
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn gaps_are_filled_by_the_season_before_and_the_start_is_left_out() {
        let gap = f32::NAN;
        assert_eq!(filled(&[gap, 1.0, 2.0, gap, 4.0], 2), [1.0, 2.0, 1.0, 4.0]);
        assert_eq!(filled(&[1.0, gap, 3.0], 7), [1.0, 2.0, 3.0]);
        assert!(filled(&[gap, gap], 7).is_empty());
    }
}
