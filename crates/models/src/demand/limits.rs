//! How much one value, and one series, may weigh in what all series teach.

use super::panel::Panel;

/// Nothing counts more than so many times what is usual.
const TIMES: f64 = 10.0;

/// What is usual is exceeded by the rest of this share.
const USUAL: f64 = 0.95;

/// Bounds of what is learnt from a panel: a slip of the keyboard in one series must not move the forecasts of others.
///
/// A value counts as ten times what is usual in its own series at most, and the weight of a series is bounded by ten
/// times what is usual in the series of the panel. Peaks that come back once in twenty periods are usual.
///
/// # Source
/// Winsorised values: Tukey (1962), section 14; the bound is far beyond what any season reaches, so that it only holds
/// what is no demand.
#[derive(Debug)]
pub(super) struct Limits {
    /// By series, size of a value at most.
    values: Vec<f64>,
    /// Level of a series at most.
    level: f64,
}

impl Limits {
    pub(super) fn new(panel: &Panel) -> Self {
        let of = |series: usize| {
            let values = panel.values(series).iter();
            let sizes = values.filter(|v| !v.is_nan() && **v != 0.0);
            let sizes: Vec<f64> = sizes.map(|v| f64::from(v.abs())).collect();
            // A single sale says nothing of what is usual in its series.
            (sizes.len() > 1).then(|| usual(sizes)).flatten()
        };
        let each: Vec<Option<f64>> = (0..panel.series()).map(of).collect();
        let level = usual(each.iter().flatten().copied().collect());
        let level = level.map_or(f64::INFINITY, |usual| TIMES * usual);
        Self {
            values: each
                .into_iter()
                .map(|usual| usual.map_or(level, |usual| TIMES * usual))
                .collect(),
            level,
        }
    }

    /// What a value of a series counts as.
    pub(super) fn value(&self, series: usize, value: f32) -> f64 {
        let most = self.values[series];
        f64::from(value).clamp(-most, most)
    }

    /// What a level counts as where series are weighed.
    pub(super) fn level(&self, level: f64) -> f64 {
        level.min(self.level)
    }
}

/// What nineteen in twenty sizes do not exceed; of two the lesser, so that no single one says of itself that it is usual.
fn usual(mut sizes: Vec<f64>) -> Option<f64> {
    let at = (USUAL * sizes.len().checked_sub(1)? as f64) as usize;
    let (_, usual, _) = sizes.select_nth_unstable_by(at, f64::total_cmp);
    Some(*usual)
}
