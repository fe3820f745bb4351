//! What is told of one series.

use std::collections::BTreeMap;

use models::demand::{Forecast, Role};
use schema::Estimate;

use super::fitted::Body;
use super::overrides::Added;
use super::series::Series;
use super::settings::Measure;
use crate::answer::Reason;
use crate::reasons::reason;
use features::demand::Override;

/// Share of what is expected from which it is told what agreeing added.
const SEEN: f64 = 1e-3;

/// The action that is all periods together.
pub(super) const TOTAL: &str = "total";

/// What is known of one period of one series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) id: String,
    pub(super) estimate: Estimate,
    pub(super) reasons: Vec<Reason>,
}

/// What was done to what a series was forecast.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// What agreeing with the groups above added, period by period; nothing where forecasts are told as they were.
    pub(super) agreed: Vec<f64>,
    /// What planners changed after it.
    pub(super) added: Vec<Added>,
}

/// A figure as it is told: whole units or cents.
pub(super) fn rounded(body: &Body, value: f64) -> f64 {
    // Adding 0 makes a negative zero a plain one.
    (value * body.scale()).round() + 0.0
}

/// What is forecast of a series: all periods together, then each.
///
/// - `moves`: what was done to it.
pub(super) fn line(
    body: &Body,
    found: &Series,
    forecast: &Forecast,
    moves: &Moves,
    series: usize,
) -> Vec<Told> {
    let added = moves.added.as_slice();
    let (panel, level) = (&found.panel, body.settings.interval);
    let expected = forecast.expected(series);
    let measured = |point: f64, (low, high): (f64, f64)| {
        let point = match body.settings.measure {
            // Half a unit may be expected, although it cannot be sold.
            Measure::Units => point,
            Measure::Revenue => rounded(body, point),
        };
        Estimate::Measured {
            point,
            low: rounded(body, low).min(point),
            high: rounded(body, high).max(point),
            units: 1,
        }
    };
    let lately = lately(body, found, series);
    let seldom = seldom(body, found, series);
    let mut line = Vec::with_capacity(expected.len() + 1);
    if let Some(last) = expected.len().checked_sub(1) {
        let interval = forecast.interval_of_total(series, last, level);
        line.push(Told {
            id: TOTAL.to_owned(),
            estimate: measured(expected.iter().sum(), interval),
            reasons: [lately.clone()]
                .into_iter()
                .chain(seldom.clone())
                .chain(agreed(
                    body,
                    moves.agreed.iter().sum(),
                    expected.iter().sum(),
                ))
                .chain(changes(body, found, added))
                .collect(),
        });
    }
    for (ahead, point) in expected.iter().enumerate() {
        let period = panel.known() + ahead;
        let open = panel.is_open(series, period);
        let estimate = if open {
            measured(*point, forecast.interval(series, ahead, level))
        } else {
            Estimate::Exact(0.0)
        };
        let mut reasons = Vec::new();
        if open {
            reasons.push(lately.clone());
            reasons.extend(seldom.clone());
            if panel.value_of(Role::Promotion, series, period) > Some(0.0) {
                reasons.push(reason("promotion", "a promotion is planned", []));
            }
            if panel.value_of(Role::Holiday, series, period) > Some(0.0) {
                reasons.push(reason("holiday", "a public holiday", []));
            }
            let agreed_by = moves.agreed.get(ahead).copied().unwrap_or(0.0);
            reasons.extend(agreed(body, agreed_by, *point));
            let of_period = added.iter().filter(|one| one.ahead == ahead).copied();
            reasons.extend(changes(body, found, &of_period.collect::<Vec<_>>()));
        } else {
            reasons.push(reason("closed", "closed", []));
        }
        line.push(Told {
            id: panel.date(period).to_string(),
            estimate,
            reasons,
        });
    }
    line
}

/// What agreeing with the levels above added, where it can be seen beside what is expected.
fn agreed(body: &Body, more: f64, expected: f64) -> Option<Reason> {
    let values = [
        ("more", schema::estimate::short(more * body.scale()).into()),
        ("unit", body.unit().into()),
    ];
    (more.abs() > SEEN * expected.abs()).then(|| {
        reason(
            "agreement",
            "changed by {more} {unit} to agree with forecasts of the levels above",
            values,
        )
    })
}

/// What planners changed, change by change.
fn changes(body: &Body, found: &Series, added: &[Added]) -> Vec<Reason> {
    let told = |(at, more): (usize, f64)| {
        let of = &found.overrides.each()[at].of;
        changed_by(of, more * body.scale(), body.unit())
    };
    summed(added).into_iter().map(told).collect()
}

/// Who changed a forecast by how much, and why.
pub(crate) fn changed_by(of: &Override, more: f64, unit: &str) -> Reason {
    let values = [
        ("author", of.author.as_str().into()),
        ("change", of.id.as_str().into()),
        ("more", schema::estimate::short(more).into()),
        ("unit", unit.into()),
        ("why", of.reason.as_deref().unwrap_or_default().into()),
    ];
    match of.reason {
        Some(_) => reason(
            "override",
            "{author} changed it by {more} {unit}: {why}",
            values,
        ),
        None => reason(
            "override_unexplained",
            "{author} changed it by {more} {unit}",
            values,
        ),
    }
}

/// What a change is called among the parts of a figure.
pub(crate) fn change_of(of: &Override) -> String {
    format!("change of {} ({})", of.author, of.id)
}

/// What each change adds in several periods together.
pub(super) fn summed(added: &[Added]) -> BTreeMap<usize, f64> {
    let mut sums = BTreeMap::new();
    for one in added {
        *sums.entry(one.at).or_default() += one.after - one.before;
    }
    sums
}

/// Periods with a sale up to which a series tells next to nothing of itself.
const SELDOM_MAX: usize = 2;

/// That a series sold next to never.
fn seldom(body: &Body, found: &Series, series: usize) -> Option<Reason> {
    let values = found.panel.values(series).iter();
    let known = values.clone().filter(|value| !value.is_nan()).count();
    let sold = values.filter(|value| **value > 0.0).count();
    (sold <= SELDOM_MAX).then(|| {
        reason(
            "hardly_sold",
            "it sold in {sold} of the {periods} {step}s that are known: next to nothing can be told of it",
            [
                ("sold", sold.into()),
                ("periods", known.into()),
                ("step", body.settings.step().name().into()),
            ],
        )
    })
}

/// What a series sold in the last periods known.
fn lately(body: &Body, found: &Series, series: usize) -> Reason {
    let (panel, step) = (&found.panel, body.settings.step());
    let values = panel.values(series);
    let recent = &values[values.len().saturating_sub(step.level())..];
    let known: Vec<f64> = recent
        .iter()
        .filter(|v| !v.is_nan())
        .map(|v| f64::from(*v))
        .collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64 * body.scale();
    reason(
        "lately",
        "{mean} {unit} a {step} in the last {periods} with anything to sell",
        [
            ("mean", schema::estimate::short(mean).into()),
            ("unit", body.unit().into()),
            ("step", step.name().into()),
            ("periods", known.len().into()),
        ],
    )
}
