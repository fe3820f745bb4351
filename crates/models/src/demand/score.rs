//! How far off forecasts are.

/// Levels of the quantiles that are judged.
pub const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

/// Cost of a quantile that was said, where so much was sold.
///
/// # Source
/// Koenker and Bassett (1978), eq. 1.3.
#[must_use]
pub fn pinball(level: f64, sold: f64, said: f64) -> f64 {
    if sold >= said {
        level * (sold - said)
    } else {
        (1.0 - level) * (said - sold)
    }
}

/// Cost of all quantiles that were said, where so much was sold.
pub(super) fn pinballs(sold: f64, said: [f64; LEVELS.len()]) -> f64 {
    let each = LEVELS.iter().zip(said);
    each.map(|(level, said)| pinball(*level, sold, said)).sum()
}

/// Weighted quantile loss: twice the mean pinball loss over [`LEVELS`], as a share of what was sold. With the median
/// alone it is the weighted absolute percentage error. `None` where nothing was sold.
///
/// - `each`: what was sold in a period, and the quantiles said of it.
#[must_use]
pub fn quantile_loss(each: impl IntoIterator<Item = (f64, [f64; LEVELS.len()])>) -> Option<f64> {
    let (mut loss, mut all) = (0.0, 0.0);
    for (sold, said) in each {
        loss += pinballs(sold, said);
        all += sold.abs();
    }
    (all > 0.0).then(|| 2.0 * loss / (LEVELS.len() as f64 * all))
}
