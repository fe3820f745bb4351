//! The scorecard: each measure beside its baseline, in words, figures and charts.

mod parts;
mod weights;

use super::estimates::{self, Written};
use super::french;
use super::messages::Say;
use super::page::{self, Tone, figures, words};
use crate::charts::{IntervalChart, Locale, Mark, interval_chart};
use maud::{Markup, html};
use registry::VersionRecord;
use schema::{Direction, Metric, Scorecard};

/// A stored scorecard; none where another program wrote something else.
pub(super) fn of_version(version: &VersionRecord) -> Option<Scorecard> {
    serde_json::from_value(version.scorecard.clone()).ok()
}

/// Whether the difference is beyond the noise: by its own interval where the two were measured on the same units,
/// else where the two intervals do not touch.
fn clear(metric: &Metric) -> bool {
    if let Some((low, high)) = metric.gain.interval() {
        return low > 0.0 || high < 0.0;
    }
    match (metric.value.interval(), metric.baseline.interval()) {
        (Some(ours), Some(theirs)) => ours.0 > theirs.1 || ours.1 < theirs.0,
        (None, _) | (_, None) => false,
    }
}

/// Whether a measure beats its baseline, and by more than the noise.
pub(super) fn verdict(locale: Locale, metric: &Metric) -> Markup {
    let (tone, say) = match (metric.beats_baseline(), clear(metric)) {
        (None, _) => (Tone::Quiet, Say::CannotCompare),
        (Some(true), true) => (Tone::Good, Say::Better),
        (Some(true), false) => (Tone::Warn, Say::BetterWithinNoise),
        (Some(false), false) => (Tone::Quiet, Say::NoDifference),
        (Some(false), true) => (Tone::Bad, Say::Worse),
    };
    page::badge(tone, say.text(locale))
}

fn scope(locale: Locale, metric: &Metric) -> String {
    if metric.scope.is_empty() {
        String::new()
    } else {
        french::placement(locale, &metric.scope)
    }
}

/// The measure in a few words: value, baseline, verdict.
pub(super) fn brief(locale: Locale, metric: &Metric) -> Markup {
    let baseline = match metric.baseline.point() {
        Some(point) => Written::Plain.point(locale, point),
        None => Say::Unknown.text(locale).to_owned(),
    };
    let name = french::told(locale, &metric.baseline_name);
    html! {
        div { (french::marked(locale, &metric.name)) @if !metric.scope.is_empty() { ", " (scope(locale, metric)) } }
        div { (estimates::estimate(locale, &metric.value, Written::Plain)) }
        div.small { (Say::Against.with(locale, &[&baseline, &name])) }
        div { (verdict(locale, metric)) }
    }
}

/// Everything that was measured.
pub(super) fn full(locale: Locale, card: &Scorecard) -> Markup {
    let say = |s: Say| s.text(locale);
    let heads = [
        words(say(Say::Measure)),
        figures(say(Say::ThisVersion)),
        figures(say(Say::Baseline)),
        figures(say(Say::Gain)),
        words(say(Say::Verdict)),
    ];
    let rows: Vec<Vec<Markup>> = card.metrics.iter().map(|m| row(locale, m)).collect();
    html! {
        p { (say(Say::ScorecardLead)) }
        (page::grid(say(Say::Scorecard), &heads, &rows))
        div.figures { @for group in groups(card) { (chart(locale, &group)) } }
        (parts::show(locale, &card.parts))
        @if let Some(of) = &card.weights { (weights::show(locale, of)) }
        details { summary { (say(Say::HowSplit)) }
            p { (french::marked(locale, &card.split)) "." }
            @for note in &card.notes { p { (french::marked(locale, note)) "." } }
        }
    }
}

fn row(locale: Locale, metric: &Metric) -> Vec<Markup> {
    let direction = match metric.better {
        Direction::Higher => Say::HigherIsBetter,
        Direction::Lower => Say::LowerIsBetter,
    };
    vec![
        html! {
            (french::marked(locale, &metric.name)) @if !metric.scope.is_empty() { ", " (scope(locale, metric)) }
            div.small { (french::marked(locale, &metric.unit)) "; " (direction.text(locale)) }
        },
        estimates::estimate(locale, &metric.value, Written::Plain),
        html! { (estimates::estimate(locale, &metric.baseline, Written::Plain)) div.small { (french::marked(locale, &metric.baseline_name)) } },
        estimates::estimate(locale, &metric.gain, Written::Plain),
        verdict(locale, metric),
    ]
}

/// Measures that share a name and a unit share an axis.
fn groups(card: &Scorecard) -> Vec<Vec<&Metric>> {
    let mut groups: Vec<Vec<&Metric>> = Vec::new();
    for metric in &card.metrics {
        let same = |g: &&mut Vec<&Metric>| g[0].name == metric.name && g[0].unit == metric.unit;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(metric),
            None => groups.push(vec![metric]),
        }
    }
    groups
}

fn chart(locale: Locale, group: &[&Metric]) -> Markup {
    let Some(first) = group.first() else {
        return html! {};
    };
    let mut rows = Vec::new();
    for metric in group {
        let of = |what: Say, name: &str| {
            let what = if name.is_empty() {
                what.text(locale).to_owned()
            } else {
                french::told(locale, name).into_owned()
            };
            let scope = scope(locale, metric);
            if scope.is_empty() {
                what
            } else {
                format!("{scope}{}{what}", locale.colon())
            }
        };
        rows.push(estimates::row(
            locale,
            of(Say::ThisVersion, ""),
            &metric.value,
            1.0,
        ));
        rows.push(estimates::row(
            locale,
            of(Say::Baseline, &metric.baseline_name),
            &metric.baseline,
            1.0,
        ));
    }
    // One baseline can be drawn across all rows; several cannot.
    let baseline = match group {
        [only] => only.baseline.point().map(|value| Mark {
            value,
            label: Say::Baseline.text(locale).to_owned(),
        }),
        _ => None,
    };
    let title = french::told(locale, &first.name).into_owned();
    let chart = IntervalChart {
        title: title.clone(),
        unit: String::new(),
        promise: Say::Interval.text(locale).to_owned(),
        rows,
        baseline,
    };
    page::figure(&title, &interval_chart(&chart, locale))
}

/// The first measure of each version that was measured alike, oldest first; nothing where there are not two to compare.
pub(super) fn over_versions(locale: Locale, versions: &[VersionRecord]) -> Option<Markup> {
    let latest = versions.iter().rev().find_map(of_version)?;
    let deciding = latest.metrics.first()?;
    let rows: Vec<_> = versions
        .iter()
        .filter_map(|v| Some((v.number, of_version(v)?)))
        .filter(|(_, card)| card.held_out_days() == latest.held_out_days())
        .filter_map(|(number, card)| {
            let metric = card
                .metrics
                .into_iter()
                .next()
                .filter(|m| m.is_alike(deciding))?;
            let label = format!("{} {number}", Say::Version.text(locale));
            Some(estimates::row(locale, label, &metric.value, 1.0))
        })
        .collect();
    if rows.len() < 2 {
        return None;
    }
    let title = Say::OverVersions.with(locale, &[&french::told(locale, &deciding.name)]);
    let baseline = deciding.baseline.point().map(|value| Mark {
        value,
        label: Say::Baseline.text(locale).to_owned(),
    });
    let promise = Say::Interval.text(locale).to_owned();
    let chart = IntervalChart {
        title: title.clone(),
        unit: String::new(),
        promise,
        rows,
        baseline,
    };
    Some(page::figure(&title, &interval_chart(&chart, locale)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::{Estimate, WhyNot};

    fn metric(value: Estimate, baseline: Estimate, gain: Estimate) -> Metric {
        Metric {
            name: "recall@20".to_owned(),
            scope: String::new(),
            unit: "share".to_owned(),
            better: Direction::Higher,
            role: schema::Role::Decides,
            value,
            baseline,
            baseline_name: "popularity".to_owned(),
            gain,
        }
    }

    fn measured(point: f64, half: f64) -> Estimate {
        Estimate::Measured {
            point,
            low: point - half,
            high: point + half,
            units: 100,
        }
    }

    fn unknown() -> Estimate {
        Estimate::NotMeasurable(WhyNot::NoVariation {
            what: "purchases".to_owned(),
        })
    }

    #[test]
    fn a_lead_within_the_noise_is_not_called_better() {
        let said = |m: &Metric| verdict(Locale::English, m).into_string();
        let clear = metric(measured(0.3, 0.1), measured(0.2, 0.1), measured(0.1, 0.05));
        assert!(said(&clear).contains("better than the baseline"));
        let noise = metric(measured(0.3, 0.01), measured(0.2, 0.01), measured(0.1, 0.2));
        assert!(said(&noise).contains("within the noise"));
        let overlapping = metric(measured(0.3, 0.1), measured(0.2, 0.1), unknown());
        assert!(said(&overlapping).contains("within the noise"));
        let same = metric(measured(0.2, 0.1), measured(0.2, 0.1), measured(0.0, 0.01));
        assert!(said(&same).contains("no clear difference"));
        assert!(
            said(&metric(measured(0.1, 0.01), measured(0.2, 0.01), unknown()))
                .contains("not better")
        );
        assert!(
            said(&metric(unknown(), measured(0.2, 0.1), unknown())).contains("cannot be compared")
        );
    }
}
