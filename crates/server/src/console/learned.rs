//! What a version learned, from the figures that its kind gives; a kind that is not known here shows its summary.

mod change;
pub(super) mod experiment;
mod groups;
pub(super) mod guardrails;
mod launch;
mod promoted;
mod promotion;
mod weather;

use super::estimates::{Written, estimate};
use super::format::{Currency, count, percent};
use super::french;
use super::messages::Say;
use super::page::{self, figures, words};
use crate::charts::{
    BarChart, BarRow, Heatmap, LineChart, Locale, Series, bar_chart, heatmap, line_chart,
};
use maud::{Markup, html};
use schema::Estimate;
use serde_json::Value;

pub(super) fn show(
    l: Locale,
    currency: &Currency,
    (name, kind): (&str, &str),
    page: &Value,
    summary: &[String],
) -> Markup {
    let told = match kind {
        "segments" => segments(l, currency, page),
        "value" => value(l, currency, page),
        "recommend" => recommend(l, page),
        "demand" => demand(l, page),
        "promotion" => promotion::show(l, page),
        "launch" => launch::show(l, name, page),
        "experiment" => {
            experiment::show(l, currency, page).or_else(|| change::show(l, currency, page))
        }
        _ => None,
    };
    told.unwrap_or_else(|| html! { ul lang="en" { @for line in summary { li { (line) } } } })
}

pub(super) fn list<'a>(of: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    of.get(name)?.as_array().filter(|a| !a.is_empty())
}

pub(super) fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn number(of: &Value, name: &str) -> Option<f64> {
    of.get(name).and_then(Value::as_f64)
}

pub(super) fn shown(l: Locale, value: Option<f64>, write: impl Fn(f64) -> String) -> Markup {
    match value {
        Some(value) => html! { (write(value)) },
        None => html! { span.unknown { (Say::Unknown.text(l)) } },
    }
}

/// A change of sales with its interval, or why it is not known.
fn change_of_sales(l: Locale, change: Option<&Value>, unknown: &str) -> Markup {
    let figure = |end: &str| change.and_then(|change| number(change, end));
    let (Some(point), Some(low), Some(high)) = (figure("point"), figure("low"), figure("high"))
    else {
        return html! { span.unknown { (unknown) } };
    };
    let told = Estimate::Measured {
        point,
        low,
        high,
        units: 1,
    };
    estimate(l, &told, Written::Percent)
}

fn segments(l: Locale, currency: &Currency, page: &Value) -> Option<Markup> {
    let say = |s: Say| s.text(l);
    let all = list(page, "segments")?;
    let names: Vec<String> = all
        .iter()
        .map(|s| french::segment(l, currency, text(s, "name")))
        .collect();
    let heads = [
        words(say(Say::Segment)),
        figures(say(Say::Customers)),
        figures(say(Say::ShareOfCustomers)),
        figures(say(Say::ShareOfRevenue)),
        figures(say(Say::LastOrderDays)),
        figures(say(Say::MedianOrders)),
        figures(say(Say::MedianSpend)),
    ];
    let row = |(segment, name): (&Value, &String)| {
        vec![
            html! { (name) },
            shown(l, number(segment, "customers"), |n| l.fixed(n, 0)),
            shown(l, number(segment, "customers_share"), |s| percent(l, s)),
            shown(l, number(segment, "revenue_share"), |s| percent(l, s)),
            shown(l, number(segment, "median_recency_days"), |n| l.number(n)),
            shown(l, number(segment, "median_orders"), |n| l.number(n)),
            shown(
                l,
                segment
                    .get("median_spend_cents")
                    .and_then(Value::as_i64)
                    .map(|c| c as f64),
                |c| currency.amount(l, c as i64),
            ),
        ]
    };
    let rows: Vec<_> = all.iter().zip(&names).map(row).collect();
    let bars = all.iter().zip(&names).flat_map(|(segment, name)| {
        let bar = |say: Say, share: &str| BarRow {
            label: say.with(l, &[name]),
            value: number(segment, share).map(|s| 100.0 * s),
            note: String::new(),
        };
        [
            bar(Say::CustomersOfSegment, "customers_share"),
            bar(Say::RevenueOfSegment, "revenue_share"),
        ]
    });
    let title = say(Say::SegmentShares);
    let chart = BarChart {
        title: title.to_owned(),
        unit: "%".to_owned(),
        rows: bars.collect(),
    };
    Some(html! {
        (page::grid(say(Say::Segment), &heads, &rows))
        div.figures {
            (page::figure(title, &bar_chart(&chart, l)))
            @if let Some(moves) = migration(l, page, &names) { (moves) }
        }
        @if let Some(rules) = rules(l, currency, page, &names) { (rules) }
    })
}

/// The rules by the segment that they name.
fn rules(l: Locale, currency: &Currency, page: &Value, names: &[String]) -> Option<Markup> {
    let say = |s: Say| s.text(l);
    let (rules, of) = (list(page, "rules")?, list(page, "rule_segments")?);
    let heads = [
        words(say(Say::Segment)),
        words(say(Say::RulesOfSegment)),
        figures(say(Say::FoundByRules)),
        figures(say(Say::RulesRight)),
    ];
    let told = page.get("fidelity_by_segment");
    let row = |(segment, name): (usize, &String)| {
        let own = rules
            .iter()
            .zip(of)
            .filter(|(_, of)| of.as_u64() == u64::try_from(segment).ok());
        let own = own.map(|(rule, _)| rule.as_str().unwrap_or_default());
        let own = html! {
            ul.plain {
                @for rule in own {
                    @match french::rule(l, currency, rule) {
                        Some(told) => li { (told) },
                        None => li lang="en" { (rule) },
                    }
                }
            }
        };
        let share = |of: &str| number(told?.get(segment)?, of);
        vec![
            html! { (name) },
            own,
            shown(l, share("found_share"), |s| percent(l, s)),
            shown(l, share("right_share"), |s| percent(l, s)),
        ]
    };
    let rows: Vec<_> = names.iter().enumerate().map(row).collect();
    Some(html! {
        h3 { (say(Say::SegmentRules)) }
        @if let Some(share) = number(page, "fidelity") { p { (Say::Fidelity.with(l, &[&percent(l, share)])) } }
        (page::grid(say(Say::SegmentRules), &heads, &rows))
    })
}

fn migration(l: Locale, page: &Value, names: &[String]) -> Option<Markup> {
    let shares = list(page.get("migration")?, "shares")?;
    let mut labels = names.to_vec();
    labels.push(Say::Outside.text(l).to_owned());
    let row = |row: &Value| {
        row.as_array()
            .into_iter()
            .flatten()
            .map(|v| v.as_f64().map(|s| 100.0 * s))
            .collect()
    };
    let title = Say::Migration.text(l);
    let chart = Heatmap {
        title: title.to_owned(),
        unit: "%".to_owned(),
        rows_title: Say::Before.text(l).to_owned(),
        columns_title: Say::After.text(l).to_owned(),
        rows: labels.clone(),
        columns: labels,
        values: shares.iter().map(row).collect(),
    };
    Some(
        html! { div { (page::figure(title, &heatmap(&chart, l))) p.small { (Say::MigrationLead.text(l)) } } },
    )
}

/// Cohorts drawn in one chart: more lines cannot be told apart.
const COHORTS_DRAWN: usize = 5;

/// Cohorts listed.
const COHORTS_LISTED: usize = 24;

fn value(l: Locale, currency: &Currency, page: &Value) -> Option<Markup> {
    let say = |s: Say| s.text(l);
    let chosen = text(page, "chosen");
    let trials = list(page, "trials")?;
    let trials = html! {
        h3 { (say(Say::Candidates)) }
        ul {
            @for trial in trials {
                @let trial = trial.as_str().unwrap_or_default();
                @let kept = trial.strip_prefix(chosen).is_some_and(|rest| rest.starts_with(':'));
                li { (french::marked(l, trial)) @if kept { " " (page::badge(page::Tone::Good, say(Say::Kept))) } }
            }
        }
    };
    let cohorts = list(page, "cohorts")
        .map(|c| c.iter().rev().take(COHORTS_LISTED).collect::<Vec<_>>())
        .unwrap_or_default();
    let heads = [
        words(say(Say::FirstMonth)),
        figures(say(Say::Customers)),
        figures(say(Say::StillCustomers)),
        figures(say(Say::ExpectedPurchases)),
        figures(say(Say::ExpectedValue)),
        figures(say(Say::WithoutValue)),
    ];
    let row = |c: &&Value| {
        vec![
            html! { (month(c, "first_month")) },
            shown(l, number(c, "customers"), |n| l.fixed(n, 0)),
            shown(l, number(c, "expected_alive"), |n| l.fixed(n, 0)),
            shown(l, number(c, "expected_purchases"), |n| l.fixed(n, 0)),
            shown(l, number(c, "expected_value_cents"), |c| {
                currency.amount(l, c as i64)
            }),
            shown(l, number(c, "without_value"), |n| l.fixed(n, 0)),
        ]
    };
    let rows: Vec<_> = cohorts.iter().map(row).collect();
    Some(html! {
        @if !rows.is_empty() {
            h3 { (say(Say::Cohorts)) }
            @if let Some(chart) = cohort_chart(l, page) { (chart) }
            (page::grid(say(Say::Cohorts), &heads, &rows))
        }
        (trials)
        @if let Some(lines) = list(page, "told") {
            h3 { (say(Say::HowFitted)) }
            ul { @for line in lines { li { (french::marked(l, line.as_str().unwrap_or_default())) } } }
        }
    })
}

fn month(of: &Value, name: &str) -> String {
    text(of, name).chars().take(7).collect()
}

/// Share of a few cohorts that bought in each later month.
fn cohort_chart(l: Locale, page: &Value) -> Option<Markup> {
    let all = list(page, "cohorts")?;
    let whole = |c: &Value| -> Vec<Option<f64>> {
        let customers = number(c, "customers").filter(|n| *n > 0.0);
        let months = c
            .get("months")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .skip(1);
        let share = |m: &Value| Some(100.0 * number(m, "buyers")? / customers?);
        months
            .filter(|m| m.get("complete").and_then(Value::as_bool) == Some(true))
            .map(share)
            .collect()
    };
    let long: Vec<(&Value, Vec<Option<f64>>)> = all
        .iter()
        .map(|c| (c, whole(c)))
        .filter(|(_, v)| v.len() > 1)
        .collect();
    let step = long.len().div_ceil(COHORTS_DRAWN).max(1);
    let series: Vec<Series> = long
        .iter()
        .step_by(step)
        .map(|(c, values)| Series {
            label: month(c, "first_month"),
            values: values.clone(),
        })
        .collect();
    let longest = series.iter().map(|s| s.values.len()).max()?;
    let series = series
        .into_iter()
        .map(|s| {
            let missing = longest - s.values.len();
            // What lies in the future is not unknown: the line ends.
            Series {
                values: s
                    .values
                    .into_iter()
                    .chain(std::iter::repeat_n(None, missing))
                    .collect(),
                ..s
            }
        })
        .collect();
    let title = Say::CohortsChart.text(l);
    let chart = LineChart {
        title: title.to_owned(),
        unit: "%".to_owned(),
        labels: (1..=longest).map(|n| n.to_string()).collect(),
        series,
        from_zero: true,
    };
    Some(page::figure(title, &line_chart(&chart, l)))
}

/// How each candidate did, and which forecasts.
fn demand(l: Locale, page: &Value) -> Option<Markup> {
    let say = |s: Say| s.text(l);
    let trials = list(page, "trials")?;
    let heads = [
        words(say(Say::Candidate)),
        figures(say(Say::WeightedQuantileLoss)),
        words(say(Say::Result)),
    ];
    let row = |trial: &Value| {
        let name = text(trial, "method");
        vec![
            html! { (french::told(l, name)) },
            shown(l, number(trial, "weighted_quantile_loss"), |n| {
                l.fixed(n, 4)
            }),
            html! { @if name == text(page, "method") { (page::badge(page::Tone::Good, say(Say::Kept))) } },
        ]
    };
    let rows: Vec<_> = trials.iter().map(row).collect();
    Some(html! {
        h3 { (say(Say::Candidates)) }
        (page::grid(say(Say::Candidates), &heads, &rows))
        (promoted::show(l, page))
        (weather::show(l, page))
    })
}

fn recommend(l: Locale, page: &Value) -> Option<Markup> {
    let say = |s: Say| s.text(l);
    let placements = list(page, "placements")?;
    let heads = [
        words(say(Say::Candidate)),
        figures("NDCG@20"),
        words(say(Say::Result)),
    ];
    let of_trial = |best: Option<f64>, trial: &Value| {
        let result = match trial.get("not_tried").and_then(Value::as_str) {
            Some(why) => html! { (Say::NotTried.with(l, &[""])) (french::marked(l, why)) },
            None if number(trial, "ndcg") == best => page::badge(page::Tone::Good, say(Say::Kept)),
            None => html! {},
        };
        let settings = trial.get("settings").map(settings).unwrap_or_default();
        let name = html! { (text(trial, "method")) @if !settings.is_empty() { div.small lang="en" { (settings) } } };
        vec![
            name,
            shown(l, number(trial, "ndcg"), |n| l.fixed(n, 4)),
            result,
        ]
    };
    Some(html! {
        h3 { (say(Say::Candidates)) }
        @for placement in placements {
            @let name = french::placement(l, text(placement, "placement"));
            @let trials = list(placement, "trials").map(Vec::as_slice).unwrap_or_default();
            @let of_kept = trials.iter().filter(|t| text(t, "method") == text(placement, "method")).filter_map(|t| number(t, "ndcg"));
            @let best = of_kept.reduce(f64::max);
            details open[placements.len() == 1] {
                summary { (name) (l.colon()) (text(placement, "method")) " (" (count(l, trials.len() as u64)) ")" }
                (page::grid(&name, &heads, &trials.iter().map(|t| of_trial(best, t)).collect::<Vec<_>>()))
            }
        }
    })
}

/// Settings of a method in one line: `rank 64, alpha 10`.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only some values are shown in another way"
)]
fn settings(of: &Value) -> String {
    let inner = match of {
        // An enum with settings is written as one name with an object below.
        Value::Object(outer) if outer.len() == 1 => outer
            .values()
            .next()
            .filter(|v| v.is_object())
            .unwrap_or(of),
        other => other,
    };
    let Some(pairs) = inner.as_object() else {
        return String::new();
    };
    let plain = pairs
        .iter()
        .filter(|(_, v)| v.is_number() || v.is_string() || v.is_boolean());
    plain
        .map(|(k, v)| {
            format!(
                "{} {}",
                k.replace('_', " "),
                v.to_string().trim_matches('"')
            )
        })
        .collect::<Vec<_>>()
        .join(", ")
}
