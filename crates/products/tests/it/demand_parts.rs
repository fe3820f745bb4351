//! How good forecasts were by how far ahead they look and by how much their series sell, against sums made by hand.

use crate::demand::{FIRST, HORIZON, asked, history, product, units, whole};
use features::History;
use features::demand::{Demand, Sold, SoldDay};
use products::{Decisions, Recent, Serving, Shop};
use schema::time::epoch_day;
use schema::{Estimate, Part, Scorecard};
use std::sync::Arc;

/// One forecast of one series and day: what sold, what was said, and whether the interval held it.
#[derive(Debug, Clone, Copy)]
struct Said {
    series: usize,
    /// From 1.
    ahead: u32,
    sold: f64,
    said: f64,
    held: bool,
}

/// What was held out is measured, and forecast once more as of its first day by the version and its baseline.
struct Measured {
    card: Scorecard,
    /// Of the version and of the baseline.
    said: [Vec<Said>; 2],
}

fn said(decided: &Decisions, series: usize, from: i32, sold: &dyn Fn(i32) -> f64) -> Vec<Said> {
    let days = decided.actions.iter().filter_map(|action| {
        let day = epoch_day(action.id.parse().ok()?);
        let Some(Estimate::Measured {
            point, low, high, ..
        }) = action.estimate
        else {
            return None;
        };
        let sold = sold(day);
        let [said, low, high] = [point, low, high].map(|cents| cents / 100.0);
        Some(Said {
            series,
            ahead: u32::try_from(day - from + 1).unwrap(),
            sold,
            said,
            held: low <= sold && sold <= high,
        })
    });
    days.collect()
}

/// - `keys`: product, site, and what it sells on a day.
fn measured(
    later: &Arc<History>,
    keys: &[(String, Option<&str>, Box<dyn Fn(i32) -> f64>)],
) -> Measured {
    // Of money answers are told to the cent; of units the ends of intervals are whole.
    let product = product("measure = \"revenue\"");
    let from = product.measured_from(later.as_of());
    let earlier = Arc::new(later.until(from));
    let version = product.fit(&earlier, 1).unwrap();
    let card = version.evaluate(later, 1);
    let rules = decisions::RuleSet::default();
    let shop = Shop::new(earlier, &rules, Arc::new(Recent::default()));
    let serving = version.attach(Arc::new(shop));
    let now = jiff::Timestamp::UNIX_EPOCH;
    let mut both = [Vec::new(), Vec::new()];
    for (series, (product, site, sold)) in keys.iter().enumerate() {
        let asked = asked(product, *site);
        let answers: [Decisions; 2] = {
            let serving: &dyn Serving = serving.as_ref();
            [serving.decide(&asked, now), serving.baseline(&asked, now)]
                .map(|answer| answer.unwrap())
        };
        for (all, decided) in both.iter_mut().zip(&answers) {
            all.extend(said(decided, series, from.epoch_day(), sold));
        }
    }
    Measured { card, said: both }
}

/// Error as a share of what was sold, share of intervals that held, and how many there are.
fn by_hand(all: &[Said], is_in: &dyn Fn(&Said) -> bool) -> (f64, f64, u64) {
    let own: Vec<&Said> = all.iter().filter(|of| is_in(of)).collect();
    let sum = |of: &dyn Fn(&Said) -> f64| own.iter().map(|one| of(one)).sum::<f64>();
    let error = sum(&|of| (of.sold - of.said).abs()) / sum(&|of| of.sold);
    let held = sum(&|of| f64::from(u8::from(of.held))) / own.len() as f64;
    (error, held, own.len() as u64)
}

fn compare(measured: &Measured, part: &Part, is_in: &dyn Fn(&Said) -> bool) {
    let [ours, theirs] = [0, 1].map(|side| by_hand(&measured.said[side], is_in));
    // What rounding to cents leaves: half a cent of twenty sold.
    let near = |found: f64, expected: f64| {
        assert!(
            (found - expected).abs() < 2e-4,
            "{found}, by hand {expected}: {part:?}"
        );
    };
    near(part.error.point().unwrap(), ours.0);
    near(part.baseline.point().unwrap(), theirs.0);
    near(part.gain.point().unwrap(), ours.0 - theirs.0);
    near(part.covered, ours.1);
    near(part.baseline_covered, theirs.1);
    assert_eq!((part.forecasts, theirs.2), (ours.2, ours.2), "{part:?}");
}

#[test]
fn the_error_of_each_step_ahead_is_that_of_the_days_held_out() {
    let later = history(whole());
    let mut keys: Vec<(String, Option<&str>, Box<dyn Fn(i32) -> f64>)> = Vec::new();
    for product in 0..3 {
        for (site, name) in ["s0", "s1"].into_iter().enumerate() {
            let sold = move |day| units(product, site, day, crate::demand::is_promoted(day)) as f64;
            keys.push((format!("p{product}"), Some(name), Box::new(sold)));
        }
    }
    let measured = measured(&later, &keys);
    let parts = &measured.card.parts;
    let told: Vec<(&str, u32, u32)> = parts
        .iter()
        .map(|p| (p.by.as_str(), p.first, p.last))
        .collect();
    // Of six series no tenths are told.
    assert_eq!(
        told,
        [("days ahead", 1, 1), ("days ahead", 2, HORIZON as u32)]
    );
    // The seventh day is a Sunday, on which nothing is open.
    assert_eq!([parts[0].forecasts, parts[1].forecasts], [6, 30]);
    for part in parts {
        compare(&measured, part, &|of| {
            (part.first..=part.last).contains(&of.ahead) && of.ahead < 7
        });
        assert!(
            matches!(part.error, Estimate::Exact(_)),
            "of six series no interval: {part:?}"
        );
    }
    // Together they are what the scorecard says of all: nothing is measured twice or left out.
    let all = by_hand(&measured.said[0], &|of| of.ahead < 7);
    let sold = |part: &Part| {
        let own = measured.said[0]
            .iter()
            .filter(|of| (part.first..=part.last).contains(&of.ahead));
        own.filter(|of| of.ahead < 7).map(|of| of.sold).sum::<f64>()
    };
    let weighed: f64 = parts
        .iter()
        .map(|p| p.error.point().unwrap() * sold(p))
        .sum();
    let sum: f64 = parts.iter().map(sold).sum();
    assert!(
        (weighed / sum - all.0).abs() < 2e-4,
        "{} {}",
        weighed / sum,
        all.0
    );
}

/// What a hundred products sell, one more than another and all of them more on some weekdays.
fn of_hundred(product: i32, day: i32) -> i64 {
    let weekday = (day - FIRST).rem_euclid(7);
    i64::from(3 + product) + i64::from(weekday) + i64::from((day * 13 + product * 5) % 7)
}

#[test]
fn tenths_of_the_series_are_told_the_least_selling_first() {
    const DAYS: i32 = 84;
    let sold = |product: i32| {
        let day = |day| SoldDay {
            day,
            units: of_hundred(product, day),
            spend_cents: 100 * of_hundred(product, day),
            ..SoldDay::default()
        };
        Sold {
            product: format!("p{product:03}"),
            site: None,
            days: (FIRST..FIRST + DAYS).map(day).collect(),
        }
    };
    let demand = Demand {
        sold: (0..100).map(sold).collect(),
        ..Demand::default()
    };
    let later = Arc::new(history(demand).until(schema::AsOf(schema::time::date_of(FIRST + DAYS))));
    let keys: Vec<(String, Option<&str>, Box<dyn Fn(i32) -> f64>)> = (0..100)
        .map(|product| {
            let sold = move |day| of_hundred(product, day) as f64;
            let sold: Box<dyn Fn(i32) -> f64> = Box::new(sold);
            (format!("p{product:03}"), None, sold)
        })
        .collect();
    let measured = measured(&later, &keys);
    let tenths: Vec<&Part> = (measured.card.parts.iter())
        .filter(|part| part.by == "tenth of the series")
        .collect();
    let numbers: Vec<(u32, u32, u64)> = tenths
        .iter()
        .map(|p| (p.first, p.last, p.forecasts))
        .collect();
    let expected: Vec<(u32, u32, u64)> = (1..=10).map(|tenth| (tenth, tenth, 70)).collect();
    assert_eq!(numbers, expected);
    // By what is forecast of each.
    let mean = |series: &usize| {
        let own = measured.said[0].iter().filter(|of| of.series == *series);
        own.map(|of| of.said).sum::<f64>()
    };
    let mut order: Vec<usize> = (0..100).collect();
    order.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
    for (at, part) in tenths.iter().enumerate() {
        let own = &order[10 * at..10 * (at + 1)];
        compare(&measured, part, &|of| own.contains(&of.series));
    }
    // Each step of all hundred has an interval.
    let first = &measured.card.parts[0];
    assert_eq!((first.by.as_str(), first.forecasts), ("days ahead", 100));
    assert!(
        first.error.interval().is_some() && first.gain.interval().is_some(),
        "{first:?}"
    );
    // A scorecard written before parts were kept is read, and one without parts is written as before.
    let mut old = serde_json::to_value(&measured.card).unwrap();
    old.as_object_mut().unwrap().remove("parts").unwrap();
    let old: Scorecard = serde_json::from_value(old).unwrap();
    assert!(old.parts.is_empty());
    assert!(serde_json::to_value(&old).unwrap().get("parts").is_none());
}
