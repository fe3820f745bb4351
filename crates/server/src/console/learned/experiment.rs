//! What an experiment changed, outcome by outcome and arm by arm, and whether that is real.

use super::{groups, guardrails, list, number, shown, text};
use crate::charts::Locale;
use crate::console::estimates::{Written, estimate};
use crate::console::format::{Currency, percent};
use crate::console::french;
use crate::console::messages::Say;
use crate::console::page::{self, figures, words};
use maud::{Markup, html};
use schema::Estimate;
use serde_json::Value;

pub(in crate::console) fn show(l: Locale, currency: &Currency, page: &Value) -> Option<Markup> {
    let say = |s: Say| s.text(l);
    let findings = list(page, "findings")?;
    let heads = [
        words(say(Say::MeasuredOutcome)),
        words(say(Say::Arm)),
        figures(say(Say::Customers)),
        figures(say(Say::WithoutIt)),
        figures(say(Say::ItChanges)),
        figures(say(Say::Relative)),
        figures(say(Say::AtAnyTime)),
        figures(say(Say::InAll)),
        words(say(Say::IsReal)),
    ];
    let rows: Vec<_> = findings.iter().map(|f| row(l, currency, f)).collect();
    Some(html! {
        (guardrails::show(l, page))
        (page::grid(say(Say::ItChanges), &heads, &rows))
        (groups::show(l, currency, page))
        @if let Some(lines) = list(page, "told") {
            h3 { (say(Say::HowKnown)) }
            ul { @for line in lines { li { (french::marked(l, line.as_str().unwrap_or_default())) } } }
        }
    })
}

/// Amounts of the shop's currency are written with it.
fn written<'a>(currency: &'a Currency, finding: &Value) -> (Written<'a>, f64) {
    const CENTS: f64 = 100.0;
    match finding.get("money").and_then(Value::as_bool) {
        Some(true) => (Written::Money(currency), CENTS),
        Some(false) | None => (Written::Plain, 1.0),
    }
}

/// An effect with its interval, or the reason why there is none.
fn effect(of: &Value, factor: f64) -> Option<Estimate> {
    let measured = of.get("measured").unwrap_or(of);
    let scaled = |name: &str| Some(factor * number(measured, name)?);
    let found = || {
        Some(Estimate::Measured {
            point: scaled("point")?,
            low: scaled("low")?,
            high: scaled("high")?,
            units: 0,
        })
    };
    found().or_else(|| serde_json::from_value(of.clone()).ok())
}

fn row(l: Locale, currency: &Currency, finding: &Value) -> Vec<Markup> {
    let (way, factor) = written(currency, finding);
    let of = |name: &str, way: Written<'_>, factor: f64| {
        let found = finding.get(name).and_then(|of| effect(of, factor));
        match found {
            Some(found) => estimate(l, &found, way),
            None => shown(l, None, |n| l.number(n)),
        }
    };
    let relative = finding.pointer("/relative/measured");
    let relative = relative.and_then(|size| number(size, "point"));
    vec![
        french::marked(l, text(finding, "unit")),
        html! { (text(finding, "arm")) },
        shown(l, number(finding, "customers"), |n| l.fixed(n, 0)),
        shown(l, number(finding, "control_mean"), |mean| {
            way.point(l, factor * mean)
        }),
        of("effect", way, factor),
        shown(l, relative, |share| percent(l, share)),
        of("always_valid", way, factor),
        if finding.get("ratio").is_some_and(Value::is_object) {
            // Ratios of many customers do not add up.
            html! { "–" }
        } else {
            of("total", way, factor)
        },
        verdict(l, finding),
    ]
}

fn verdict(l: Locale, finding: &Value) -> Markup {
    let measured = finding.pointer("/effect/measured").is_some();
    let real = finding.get("real").and_then(Value::as_bool) == Some(true);
    match (measured, real) {
        (true, true) => page::badge(page::Tone::Good, Say::Real.text(l)),
        (true, false) => page::badge(page::Tone::Quiet, Say::MayBeChance.text(l)),
        (false, _) => page::badge(page::Tone::Warn, Say::Unknown.text(l)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_shown_with_its_interval_and_whether_it_is_real() {
        let of = |real: bool| {
            serde_json::json!({
                "findings": [{
                    "unit": "margin per customer", "money": true, "arm": "mail", "customers": 600, "real": real,
                    "control_mean": 35.2,
                    "effect": { "measured": { "point": 3.0, "low": 2.5, "high": 3.5 } },
                    "always_valid": { "not_measurable": { "no_variation": { "what": "the metric" } } },
                    "relative": { "measured": { "point": 0.085 } },
                    "total": { "point": 1800.0, "low": 1500.0, "high": 2100.0, "anyway": 21120.0 },
                }],
                "told": ["the arms have the sizes asked for (p-value 0.912)"],
            })
        };
        let euro = Currency::One("EUR".to_owned());
        let english = show(Locale::English, &euro, &of(true))
            .unwrap()
            .into_string();
        for part in ["€35.20", "€3.00", "€2.50 to €3.50", "€1,800", "8.5", "real"] {
            assert!(english.contains(part), "{part}: {english}");
        }
        let french = show(Locale::French, &euro, &of(false))
            .unwrap()
            .into_string();
        for part in [
            "marge par client",
            "peut être le hasard",
            "non mesurable",
            "les variantes ont les tailles demandées",
        ] {
            assert!(french.contains(part), "{part}: {french}");
        }
        assert!(show(Locale::English, &euro, &serde_json::json!({})).is_none());
    }
}
