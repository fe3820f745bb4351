//! Forecasts that agree with those of categories, regions and all together: what came of it, in words.

use models::coherent::{Hierarchy, LEAVES, LevelLoss};
use models::demand::{Agreement, Forecast};
use schema::estimate::short;

use super::fitted::Body;
use super::series::Series;

/// What a level is called.
fn named(level: &str) -> &str {
    if level == LEAVES { "series" } else { level }
}

/// What was learnt of agreeing.
pub(super) fn summary(agreement: &Agreement, step: &str, ahead: usize) -> Vec<String> {
    let levels = agreement.levels();
    let above: Vec<&str> = levels.iter().map(|of| of.level.as_str()).collect();
    let above: Vec<&str> = above.into_iter().filter(|level| *level != LEAVES).collect();
    let above = above.join(", ");
    let first = match agreement.groups() {
        Some(groups) => format!(
            "forecasts agree with those of {above} by: {}; these are forecast by: {}",
            agreement.method().name(),
            groups.method().name()
        ),
        None => format!(
            "nothing forecasts {above} better than the sums of their series, beyond the noise: forecasts stay as they are"
        ),
    };
    let errors = levels.iter().map(|of| {
        let told = if agreement.changes() {
            [of.own, of.summed, of.agreed].map(short).join(" / ")
        } else {
            [of.own, of.summed].map(short).join(" / ")
        };
        format!("{} {told}", named(&of.level))
    });
    let heads = if agreement.changes() {
        "by themselves / added up / made to agree"
    } else {
        "by themselves / added up"
    };
    let errors = format!(
        "weighted absolute error on the last {} {step}s learnt from, {heads}: {}",
        agreement.windows() * ahead,
        errors.collect::<Vec<_>>().join(", ")
    );
    let ways = agreement.weighings().iter().map(|of| match of.loss {
        Some(loss) => format!("{} {}", of.method.name(), short(loss)),
        None => format!("{} not measurable", of.method.name()),
    });
    let ways = format!(
        "the same of all levels, series counted as much as the others together: {}",
        ways.collect::<Vec<_>>().join(", ")
    );
    vec![first, errors, ways]
}

/// The same for pages.
pub(super) fn page(agreement: &Agreement) -> serde_json::Value {
    serde_json::json!({
        "method": agreement.method().name(),
        "groups": agreement.groups().map(|groups| groups.method().name()),
        "levels": agreement.levels().iter().map(|of| serde_json::json!({
            "level": named(&of.level),
            "nodes": of.nodes,
            "error_by_itself": of.own,
            "error_added_up": of.summed,
            "error_agreed": of.agreed,
        })).collect::<Vec<_>>(),
        "ways": agreement.weighings().iter().map(|of| serde_json::json!({
            "method": of.method.name(),
            "loss": of.loss,
            "why_not": of.why_not,
        })).collect::<Vec<_>>(),
    })
}

/// How far off each level was on the periods after training; nothing where series alone are forecast.
///
/// - `from`: the first of these periods.
/// - `forecasts`: added up, and made to agree.
pub(super) fn by_level(
    body: &Body,
    found: &Series,
    from: usize,
    forecasts: [&Forecast; 2],
) -> Vec<String> {
    let (Some(hierarchy), Some(agreement)) = (found.hierarchy(), &body.agreement) else {
        return Vec::new();
    };
    let panel = &found.panel;
    let Ok(sums) = panel.summed(hierarchy) else {
        return Vec::new();
    };
    let periods = forecasts[0].ahead().min(panel.known() - from);
    let leaves = (0..found.keys.len())
        .flat_map(|series| (from..from + periods).map(move |period| found.sold(series, period)));
    let came: Vec<Option<f64>> = sums.came(from, periods).chain(leaves).collect();
    let sums = forecasts.map(|forecast| summed(hierarchy, forecast, periods));
    let of_level = |(at, level): (usize, &str)| {
        let mut weights = vec![0.0; hierarchy.n_levels()];
        weights[at] = 1.0;
        let loss = LevelLoss::new(hierarchy, weights).ok()?;
        let off = |sums: &Vec<f64>| loss.of(hierarchy, sums, &came, periods).map(short);
        let [summed, agreed] = [off(&sums[0])?, off(&sums[1])?];
        let level = named(level);
        Some(if agreement.changes() {
            format!("{level}: weighted absolute error {summed} added up, {agreed} made to agree")
        } else {
            format!("{level}: weighted absolute error {summed} added up")
        })
    };
    hierarchy
        .level_names()
        .enumerate()
        .filter_map(of_level)
        .collect()
}

/// All nodes × periods.
fn summed(hierarchy: &Hierarchy, forecast: &Forecast, periods: usize) -> Vec<f64> {
    let of = |series: usize| &forecast.expected(series)[..periods];
    let leaves: Vec<f64> = (0..hierarchy.n_leaves()).flat_map(of).copied().collect();
    hierarchy.sum_up(&leaves, periods).unwrap_or_default()
}
