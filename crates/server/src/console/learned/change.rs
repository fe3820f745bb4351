//! What a change did that nobody drew, outcome by outcome, and what that stands on.

use super::{list, number, shown, text};
use crate::charts::{LineChart, Locale, Series, line_chart};
use crate::console::estimates::{Written, estimate};
use crate::console::format::{Currency, percent};
use crate::console::french;
use crate::console::messages::Say;
use crate::console::page::{self, figures, words};
use maud::{Markup, html};
use schema::Estimate;
use serde_json::Value;

pub(super) fn show(l: Locale, currency: &Currency, page: &Value) -> Option<Markup> {
    let say = |s: Say| s.text(l);
    let changes = list(page, "changes")?;
    let heads = [
        words(say(Say::MeasuredOutcome)),
        figures(say(Say::WithoutIt)),
        figures(say(Say::ItChanges)),
        figures(say(Say::Relative)),
        figures(say(Say::SeenFrom)),
        words(say(Say::IsReal)),
    ];
    let rows: Vec<_> = changes.iter().map(|c| row(l, currency, c)).collect();
    let charts = changes.iter().filter_map(|c| chart(l, currency, c));
    Some(html! {
        (page::grid(say(Say::ItChanges), &heads, &rows))
        @for chart in charts { (chart) }
        @if let Some(lines) = list(page, "told") {
            h3 { (say(Say::HowKnown)) }
            ul { @for line in lines { li { (french::marked(l, line.as_str().unwrap_or_default())) } } }
        }
    })
}

/// Amounts of the shop's currency are written with it.
fn written<'a>(currency: &'a Currency, change: &Value) -> (Written<'a>, f64) {
    const CENTS: f64 = 100.0;
    match change.get("money").and_then(Value::as_bool) {
        Some(true) => (Written::Money(currency), CENTS),
        Some(false) | None => (Written::Plain, 1.0),
    }
}

/// An effect with its interval, or the reason why there is none.
fn effect(of: &Value, factor: f64) -> Option<Estimate> {
    let Some(measured) = of.get("measured") else {
        return serde_json::from_value(of.clone()).ok();
    };
    let scaled = |name: &str| Some(factor * number(measured, name)?);
    Some(Estimate::Measured {
        point: scaled("point")?,
        low: scaled("low")?,
        high: scaled("high")?,
        units: 0,
    })
}

fn row(l: Locale, currency: &Currency, change: &Value) -> Vec<Markup> {
    let (way, factor) = written(currency, change);
    let amount = |name: &str| {
        shown(l, number(change, name), |value| {
            way.point(l, factor * value)
        })
    };
    vec![
        french::marked(l, text(change, "unit")),
        amount("anyway"),
        match change.get("effect").and_then(|of| effect(of, factor)) {
            Some(found) => estimate(l, &found, way),
            None => amount("point"),
        },
        shown(l, number(change, "relative"), |share| percent(l, share)),
        amount("detectable"),
        verdict(l, change),
    ]
}

fn verdict(l: Locale, change: &Value) -> Markup {
    let measured = change.pointer("/effect/measured").is_some();
    let real = change.get("real").and_then(Value::as_bool) == Some(true);
    match (measured, number(change, "contradicted"), real) {
        (false, _, _) => page::badge(page::Tone::Warn, Say::Unknown.text(l)),
        (true, Some(_), _) => page::badge(page::Tone::Warn, Say::Contradicted.text(l)),
        (true, None, true) => page::badge(page::Tone::Good, Say::Real.text(l)),
        (true, None, false) => page::badge(page::Tone::Quiet, Say::MayBeChance.text(l)),
    }
}

/// Those changed less what they are held beside, period by period; nothing for a switchback.
fn chart(l: Locale, currency: &Currency, change: &Value) -> Option<Markup> {
    let by = change.get("by")?;
    let steps: Vec<Option<f64>> = match (by.get("differences"), by.get("synthetic")) {
        (Some(of), _) => list(of, "steps")?
            .iter()
            .map(|s| number(s, "point"))
            .collect(),
        (None, Some(of)) => list(of, "gaps")?.iter().map(Value::as_f64).collect(),
        (None, None) => return None,
    };
    let before = change.get("before")?.as_i64()?;
    let title = Say::PeriodByPeriod.with(l, &[&french::told(l, text(change, "unit"))]);
    let unit = match change.get("money").and_then(Value::as_bool) {
        Some(true) => currency.sign().to_owned(),
        Some(false) | None => String::new(),
    };
    // The change lies between -1 and 1.
    let label = |place: i64| {
        if place < before {
            place - before
        } else {
            place - before + 1
        }
    };
    let chart = LineChart {
        title: title.clone(),
        unit,
        labels: (0..)
            .take(steps.len())
            .map(|place| label(place).to_string())
            .collect(),
        series: vec![Series {
            label: Say::ItChanges.text(l).to_owned(),
            values: steps,
        }],
        from_zero: false,
    };
    Some(page::figure(&title, &line_chart(&chart, l)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(real: bool, contradicted: Option<f64>) -> Value {
        serde_json::json!({
            "changes": [{
                "unit": "revenue per site and 7 days", "money": true, "real": real, "contradicted": contradicted,
                "anyway": 2100.0, "relative": 0.03, "detectable": 40.0, "before": 2,
                "effect": { "measured": { "point": 63.0, "low": 50.0, "high": 76.0 } },
                "by": { "synthetic": { "gaps": [-1.0, 1.0, 63.0] } },
            }],
            "told": [
                "this holds if without the change, those changed and the others would have moved alike, and the change did not touch the others",
                "the change at sites a, b adds +63.00 (+50.00 to +76.00) revenue per site and 7 days to 2100: this is real (p-value < 0.001)",
            ],
        })
    }

    #[test]
    fn a_change_is_shown_with_its_interval_its_periods_and_what_it_stands_on() {
        let euro = Currency::One("EUR".to_owned());
        let english = show(Locale::English, &euro, &page(true, None))
            .unwrap()
            .into_string();
        for part in [
            "€2,100",
            "€63.00",
            "€50.00 to €76.00",
            "€40.00",
            "real",
            "<svg",
            "this holds if",
        ] {
            assert!(english.contains(part), "{part}: {english}");
        }
        let french = show(Locale::French, &euro, &page(false, Some(0.01)))
            .unwrap()
            .into_string();
        for part in [
            "chiffre d’affaires par site et 7 jours",
            "contredit",
            "cela vaut si, sans le changement",
            "le changement dans les sites a, b ajoute +63,00",
        ] {
            assert!(french.contains(part), "{part}: {french}");
        }
        assert!(!french.contains("lang=\"en\""), "{french}");
        assert!(show(Locale::English, &euro, &serde_json::json!({})).is_none());
    }
}
