//! What a series sold lately: means, its level, how much it varies.

use super::panel::{Panel, Step};

/// Mean of what is known.
pub(super) fn mean(values: &[f32]) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0usize);
    for value in values.iter().filter(|v| !v.is_nan()) {
        sum += f64::from(*value);
        n += 1;
    }
    (n > 0).then(|| sum / n as f64)
}

/// Mean of what is known, a period counting half as much as one `half` periods later.
pub(super) fn smoothed(values: &[f32], half: usize) -> Option<f64> {
    let kept = 0.5f64.powf(1.0 / half as f64);
    let (mut sum, mut all, mut weight) = (0.0, 0.0, 1.0);
    for value in values.iter().rev() {
        if !value.is_nan() {
            sum += weight * f64::from(*value);
            all += weight;
        }
        weight *= kept;
    }
    (all > 0.0).then(|| sum / all)
}

/// Periods before one, at most so many.
pub(super) fn window(values: &[f32], end: usize, length: usize) -> &[f32] {
    &values[end.saturating_sub(length).min(end)..end]
}

/// The level of a series: its mean in the last periods, with half a unit in one period added, so that it is above 0.
pub(super) fn level(values: &[f32], known: usize, step: Step) -> f64 {
    let over = |length: usize| {
        let known = window(values, known, length).iter().filter(|v| !v.is_nan());
        known.fold((0.0, 0.0), |(sum, n), v| (sum + f64::from(*v), n + 1.0))
    };
    let (sum, n) = match over(step.level()) {
        (sum, n) if sum > 0.0 && n * 4.0 >= step.level() as f64 => (sum, n),
        _ => over(2 * step.year()),
    };
    (sum.max(0.0) + 0.5) / (n + 1.0)
}

/// Standard deviation of a series in the last periods relative to its level; not a number where too little is known.
pub(super) fn deviation(values: &[f32], known: usize, step: Step) -> f64 {
    let recent = window(values, known, step.level());
    let observed = recent.iter().filter(|v| !v.is_nan());
    let (n, Some(mean)) = (observed.clone().count(), mean(recent)) else {
        return f64::NAN;
    };
    if n < 2 {
        return f64::NAN;
    }
    let squares: f64 = observed.map(|v| (f64::from(*v) - mean).powi(2)).sum();
    (squares / (n - 1) as f64).sqrt() / level(values, known, step)
}

/// By series, how much it varies relative to its level as of the end of what is known.
pub(super) fn deviations(panel: &Panel) -> Vec<f64> {
    let of = |series| deviation(panel.values(series), panel.known(), panel.step());
    (0..panel.series()).map(of).collect()
}
