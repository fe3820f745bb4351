//! The text format of Prometheus, version 0.0.4.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>, "Text-based format".

use super::series::LIMITS_NS;
use super::{Indicator, Series, Values};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The content type of the answer.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn text(all: &BTreeMap<(Indicator, Values), Series>) -> String {
    let mut text = String::new();
    let mut told = None;
    for ((indicator, values), series) in all {
        let mut samples = String::new();
        samples_of(&mut samples, indicator.name(), values, series);
        if samples.is_empty() {
            continue;
        }
        if told != Some(*indicator) {
            told = Some(*indicator);
            let (name, help, kind) = (
                indicator.name(),
                escaped(indicator.help(), false),
                indicator.kind(),
            );
            line(
                &mut text,
                format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"),
            );
        }
        text.push_str(&samples);
    }
    text
}

fn samples_of(text: &mut String, name: &str, values: &Values, series: &Series) {
    match series {
        Series::Counter(counter) => line(
            text,
            format_args!("{name}{} {}", labels(values, None), counter.get()),
        ),
        Series::Gauge(gauge) => {
            if let Some(value) = gauge.get() {
                line(
                    text,
                    format_args!("{name}{} {}", labels(values, None), number(value)),
                );
            }
        }
        Series::ResponseTimes(times) => {
            let cumulative = times.cumulative();
            let limits = LIMITS_NS
                .iter()
                .map(|ns| seconds(*ns))
                .chain(["+Inf".to_owned()]);
            for (limit, count) in limits.zip(cumulative) {
                line(
                    text,
                    format_args!("{name}_bucket{} {count}", labels(values, Some(&limit))),
                );
            }
            let plain = labels(values, None);
            line(
                text,
                format_args!(
                    "{name}_sum{plain} {}",
                    number(times.snapshot().sum().as_secs_f64())
                ),
            );
            line(
                text,
                format_args!("{name}_count{plain} {}", cumulative[LIMITS_NS.len()]),
            );
        }
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a string does not fail");
}

fn labels(values: &Values, limit: Option<&str>) -> String {
    let limit = limit.map(|le| format!("le=\"{le}\""));
    let all: Vec<String> = values
        .iter()
        .map(|(label, value)| format!("{}=\"{}\"", label.name(), escaped(value, true)))
        .chain(limit)
        .collect();
    if all.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", all.join(","))
    }
}

/// Backslash and line feed are escaped everywhere, the double quote in values of labels.
fn escaped(text: &str, quoted: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if quoted {
        text.replace('"', "\\\"")
    } else {
        text
    }
}

/// Nanoseconds as seconds, exact.
fn seconds(ns: u64) -> String {
    let text = format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        if value > 0.0 {
            "+Inf".into()
        } else {
            "-Inf".into()
        }
    } else {
        value.to_string()
    }
}
