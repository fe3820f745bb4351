//! The text for Prometheus: read back by a reader of the format, and refused where it could not be read.

use monitoring::metrics::{Indicator, Kind, Label, Registry, SERIES_MAX, SeriesError};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

type Samples = BTreeMap<(String, Vec<(String, String)>), f64>;

/// Reads the format, strictly: every sample follows the HELP and TYPE lines of its family, no series comes twice.
fn read(text: &str) -> (BTreeMap<String, String>, Samples) {
    let (mut kinds, mut samples) = (BTreeMap::new(), Samples::new());
    let mut helped = BTreeSet::new();
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line ends too"
    );
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(
                helped.insert(rest.split_once(' ').unwrap().0.to_owned()),
                "{line}"
            );
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(
                helped.contains(name) && kinds.insert(name.to_owned(), kind.to_owned()).is_none(),
                "{line}"
            );
        } else {
            let (name, labels, value) = sample(line);
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|s| name.strip_suffix(s))
                .filter(|f| kinds.contains_key(*f));
            assert!(kinds.contains_key(family.unwrap_or(&name)), "{line}");
            assert!(samples.insert((name, labels), value).is_none(), "{line}");
        }
    }
    (kinds, samples)
}

fn sample(line: &str) -> (String, Vec<(String, String)>, f64) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = line.find(|c| !is_name(c)).unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        let mut letters = inner.char_indices();
        let mut start = 0;
        'labels: loop {
            let label = &inner[start..start + inner[start..].find("=\"").unwrap()];
            assert!(label.chars().all(is_name), "{line}");
            let mut value = String::new();
            letters.by_ref().nth(label.len() + 1);
            loop {
                match letters.next().unwrap().1 {
                    '\\' => value.push(match letters.next().unwrap().1 {
                        'n' => '\n',
                        other @ ('\\' | '"') => other,
                        other => panic!("\\{other} in {line}"),
                    }),
                    '"' => break,
                    other => value.push(other),
                }
            }
            labels.push((label.to_owned(), value));
            let (at, next) = letters.next().unwrap();
            start = at + 1;
            match next {
                ',' => {}
                '}' => {
                    rest = &inner[start..];
                    break 'labels;
                }
                other => panic!("{other} in {line}"),
            }
        }
    }
    let value = match rest.strip_prefix(' ').unwrap() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().unwrap_or_else(|e| panic!("{e} in {line}")),
    };
    (name.to_owned(), labels, value)
}

fn labels(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter()
        .map(|(l, v)| ((*l).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn what_is_recorded_is_read_back() {
    let registry = Registry::default();
    let odd = "a \"quoted\" \\ back\nslash, {x=\"y\"} é";
    registry
        .counter(
            Indicator::Decisions,
            &[(Label::Version, "7"), (Label::Product, odd)],
        )
        .unwrap()
        .add(3);
    registry
        .counter(
            Indicator::Decisions,
            &[(Label::Product, odd), (Label::Version, "7")],
        )
        .unwrap()
        .increment();
    registry
        .gauge(Indicator::RequestsInFlight, &[])
        .unwrap()
        .add(2.0);
    registry
        .gauge(Indicator::Drift, &[(Label::Product, "a")])
        .unwrap()
        .set(f64::INFINITY);
    registry
        .gauge(Indicator::Drift, &[(Label::Product, "b")])
        .unwrap()
        .set(0.1);
    let times = registry
        .response_times(
            Indicator::ResponseTime,
            &[(Label::Route, "/v1/decide/{product}")],
        )
        .unwrap();
    for ns in [500_000, 500_001, 20_000_000, 11_000_000_000] {
        times.record(Duration::from_nanos(ns));
    }
    let (kinds, samples) = read(&registry.exposition());
    let value = |name: &str, all: &[(&str, &str)]| samples[&(name.to_owned(), labels(all))];
    assert_eq!(
        value(
            "comptoir_decisions_total",
            &[("product", odd), ("version", "7")]
        ),
        4.0
    );
    assert_eq!(value("comptoir_requests_in_flight", &[]), 2.0);
    assert_eq!(
        value("comptoir_drift_ratio", &[("product", "a")]),
        f64::INFINITY
    );
    assert_eq!(value("comptoir_drift_ratio", &[("product", "b")]), 0.1);
    let route = ("route", "/v1/decide/{product}");
    for (limit, count) in [
        ("0.0005", 1.0),
        ("0.001", 2.0),
        ("0.02", 3.0),
        ("10", 3.0),
        ("+Inf", 4.0),
    ] {
        assert_eq!(
            value("comptoir_response_seconds_bucket", &[route, ("le", limit)]),
            count,
            "{limit}"
        );
    }
    assert_eq!(value("comptoir_response_seconds_count", &[route]), 4.0);
    assert!((value("comptoir_response_seconds_sum", &[route]) - 11.021_000_001).abs() < 1e-9);
    let expected = [
        ("comptoir_decisions_total", "counter"),
        ("comptoir_drift_ratio", "gauge"),
        ("comptoir_requests_in_flight", "gauge"),
        ("comptoir_response_seconds", "histogram"),
    ];
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        expected.map(|(n, k)| (n.to_owned(), k.to_owned()))
    );
}

#[test]
fn what_is_not_known_is_not_told() {
    let registry = Registry::default();
    assert_eq!(registry.exposition(), "");
    let age = registry
        .gauge(Indicator::InputAge, &[(Label::Product, "a")])
        .unwrap();
    assert_eq!((registry.exposition(), age.get()), (String::new(), None));
    age.set(0.0);
    assert!(
        registry
            .exposition()
            .ends_with("comptoir_input_age_seconds{product=\"a\"} 0\n")
    );
    age.forget();
    assert_eq!(registry.exposition(), "");
}

#[test]
fn names_are_unique_and_only_counters_end_in_total() {
    let names: BTreeSet<&str> = Indicator::ALL.iter().map(|i| i.name()).collect();
    assert_eq!(names.len(), Indicator::ALL.len());
    for indicator in Indicator::ALL {
        let name = indicator.name();
        assert!(
            name.starts_with("comptoir_") && indicator.help().ends_with('.'),
            "{name}"
        );
        assert_eq!(
            name.ends_with("_total"),
            indicator.kind() == Kind::Counter,
            "{name}"
        );
        assert!(
            indicator.kind() != Kind::Histogram || name.ends_with("_seconds"),
            "{name}"
        );
        assert!(indicator.labels().is_sorted(), "{name}");
    }
}

#[test]
fn a_series_that_makes_no_sense_is_refused() {
    let registry = Registry::default();
    let error = registry
        .gauge(Indicator::Decisions, &[])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "open `comptoir_decisions_total` as a gauge: it is a counter"
    );
    let error = registry
        .counter(Indicator::Decisions, &[(Label::Route, "x")])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "open `comptoir_decisions_total` with the labels route: allowed are product, version"
    );
    for n in 0..SERIES_MAX {
        registry
            .counter(
                Indicator::DecisionFailures,
                &[(Label::Product, &n.to_string())],
            )
            .unwrap();
    }
    let one_more = registry.counter(Indicator::DecisionFailures, &[(Label::Product, "one more")]);
    assert_eq!(
        one_more.unwrap_err(),
        SeriesError::TooMany {
            indicator: Indicator::DecisionFailures
        }
    );
    registry
        .counter(Indicator::DecisionFailures, &[(Label::Product, "0")])
        .unwrap();
}

#[test]
fn counting_from_many_threads_loses_nothing() {
    let registry = Registry::default();
    let counter = registry
        .counter(Indicator::DecisionFailures, &[(Label::Product, "a")])
        .unwrap();
    let gauge = registry.gauge(Indicator::RequestsInFlight, &[]).unwrap();
    let times = registry
        .response_times(Indicator::DecisionLogTime, &[])
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for n in 0..10_000 {
                    counter.increment();
                    gauge.add(1.0);
                    times.record(Duration::from_micros(n));
                    std::hint::black_box(n);
                }
            });
        }
    });
    let (_, samples) = read(&registry.exposition());
    let value = |name: &str| samples[&(name.to_owned(), Vec::new())];
    assert_eq!(
        (counter.get(), value("comptoir_requests_in_flight")),
        (80_000, 80_000.0)
    );
    assert_eq!(value("comptoir_decision_log_seconds_count"), 80_000.0);
    assert_eq!(times.snapshot().count(), 80_000);
}
