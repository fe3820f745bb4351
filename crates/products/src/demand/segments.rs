//! What was chosen for sorts of series, in words.

use models::demand::{Forecaster, Segment};
use schema::estimate::short;

/// What forecasts series of one sort, where another method does better for them than that of all; nothing where all series
/// are of one sort.
///
/// - `step`: a period in a word.
pub(crate) fn told(forecaster: &Forecaster, step: &str) -> Vec<String> {
    let segments = forecaster.segments();
    let chosen: Vec<&Segment> = segments.iter().filter(|of| of.is_chosen()).collect();
    let mut lines: Vec<String> = chosen.iter().map(|of| sentence(of, step)).collect();
    if !segments.is_empty() {
        lines.push(format!(
            "series of {} sorts, by how often and how much they sell, were judged by themselves: {} have a method of their own",
            segments.len(),
            chosen.len()
        ));
    }
    lines
}

fn sentence(of: &Segment, step: &str) -> String {
    let level = match of.sort.level {
        (_, Some(below)) => format!(" and less than {} a {step}", short(below)),
        (from, None) if from > 0.0 => format!(" and {} or more a {step}", short(from)),
        (_, None) => String::new(),
    };
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    format!(
        "{} series that sell nothing in {} to {} % of {step}s{level} are forecast by {}: that takes {:.1} % off their quantile loss (standard error {:.1})",
        of.series,
        percent(of.sort.nothing.0),
        percent(of.sort.nothing.1.unwrap_or(1.0)),
        of.method
            .as_ref()
            .map(models::demand::Method::name)
            .unwrap_or_default(),
        100.0 * of.gain,
        100.0 * of.error,
    )
}

/// The same for a page.
pub(super) fn page(forecaster: &Forecaster) -> serde_json::Value {
    let each = forecaster.segments().iter().map(|of| {
        serde_json::json!({
            "nothing_sold": of.sort.nothing,
            "level": of.sort.level,
            "series": of.series,
            "method": of.method.as_ref().map(models::demand::Method::name),
            "gain": of.gain,
            "error": of.error,
            "chosen": of.is_chosen(),
        })
    });
    each.collect()
}
