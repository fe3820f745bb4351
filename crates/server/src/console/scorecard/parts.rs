//! How good forecasts were by parts of what was held out: how far ahead they look, how much their series sell, and what
//! these add up to.

use super::super::estimates::{self, Written};
use super::super::format::percent;
use super::super::french;
use super::super::messages::Say;
use super::super::page::{self, figures, words};
use crate::charts::{LineChart, Locale, Series, line_chart};
use maud::{Markup, html};
use schema::Part;

/// A table and a small chart for each way to tell parts apart.
pub(super) fn show(l: Locale, parts: &[Part]) -> Markup {
    html! {
        @for group in parts.chunk_by(|a, b| a.by == b.by) { (of(l, group)) }
    }
}

fn label(l: Locale, part: &Part) -> String {
    if let Some(named) = &part.label {
        french::told(l, named).into_owned()
    } else if part.first == part.last {
        part.first.to_string()
    } else {
        format!("{}–{}", part.first, part.last)
    }
}

fn of(l: Locale, group: &[Part]) -> Markup {
    let say = |s: Say| s.text(l);
    let by = group.first().map_or("", |part| part.by.as_str());
    let by = french::told(l, by);
    let title = Say::AccuracyBy.with(l, &[&by]);
    let heads = [
        words(&by),
        figures(say(Say::AccuracyError)),
        figures(say(Say::Baseline)),
        figures(say(Say::Gain)),
        figures(say(Say::AccuracyCovered)),
        figures(say(Say::AccuracyBaselineCovered)),
        figures(say(Say::AccuracyForecasts)),
    ];
    let row = |part: &Part| {
        let of = |estimate| estimates::estimate(l, estimate, Written::Percent);
        vec![
            html! { (label(l, part)) },
            of(&part.error),
            of(&part.baseline),
            of(&part.gain),
            html! { (percent(l, part.covered)) },
            html! { (percent(l, part.baseline_covered)) },
            html! { (l.fixed(part.forecasts as f64, 0)) },
        ]
    };
    let rows: Vec<_> = group.iter().map(row).collect();
    html! {
        h3 { (title) }
        div.figures { (chart(l, &title, group)) }
        (page::grid(&title, &heads, &rows))
    }
}

/// The error of the version and of the baseline, part by part.
fn chart(l: Locale, title: &str, group: &[Part]) -> Markup {
    let series = |name: Say, of: fn(&Part) -> Option<f64>| Series {
        label: name.text(l).to_owned(),
        values: group
            .iter()
            .map(|part| of(part).map(|share| 100.0 * share))
            .collect(),
    };
    let chart = LineChart {
        title: title.to_owned(),
        unit: "%".to_owned(),
        labels: group.iter().map(|part| label(l, part)).collect(),
        series: vec![
            series(Say::ThisVersion, |part| part.error.point()),
            series(Say::Baseline, |part| part.baseline.point()),
        ],
        from_zero: true,
    };
    page::figure(Say::AccuracyError.text(l), &line_chart(&chart, l))
}
