//! Planted falls of forecasts and orders.

use super::super::saved::{Group, Groups};
use super::super::split::Falling;
use super::*;
use products::{Forecasts, Step};

const SOLD: Judged = Judged::Sold(Forecasts {
    step: Step::Day,
    horizon: 14,
    by_site: true,
    in_money: false,
    net_of_returns: false,
});

/// Kinds of judgement, each with how many attributes its decisions have.
const KINDS: [(Judged, usize); 4] = [
    (SOLD, 4),
    (Judged::Launched, 2),
    (Judged::Valued { horizon_days: 28 }, 2),
    (Judged::Lasted { horizon_days: 7 }, 3),
];

/// Of each value of the first attribute what the naive forecast misses, and the share of that which is missed.
type Planted<'a> = &'a [(&'a str, f64, f64)];

/// Twenty days on which that scatters; the last attribute has two values that change nothing.
fn days(first: &str, attributes: usize, planted: Planted<'_>) -> Vec<Group> {
    let days = 0..20;
    let of = |number: i32| {
        let swing = f64::from(number % 5) - 2.0;
        planted.iter().flat_map(move |(value, naive, lost)| {
            ["even", "odd"].map(|last| {
                let mut of = vec![String::new(); attributes];
                of[attributes - 1] = last.to_owned();
                (*value).clone_into(&mut of[0]);
                let naive = naive * (1.0 + 0.05 * swing);
                Group {
                    day: day(first).minus_days(-number),
                    of,
                    decisions: 10,
                    missed: naive * lost * (1.0 + 0.02 * swing * swing),
                    naive,
                }
            })
        })
    };
    days.flat_map(of).collect()
}

fn falling_of(live: &Measured, judged: Judged) -> Falling<'_> {
    Falling {
        judged,
        ..falling(live, &[])
    }
}

fn split_of(
    (judged, attributes): (Judged, usize),
    before: Planted<'_>,
    after: Planted<'_>,
) -> Split {
    let live = fallen("2026-05-20");
    let groups = Groups([
        days("2026-01-01", attributes, before),
        days("2026-05-20", attributes, after),
    ]);
    let split = groups.split(&falling_of(&live, judged)).unwrap().unwrap();
    adds_up(&split);
    let parts = &split.parts;
    for (whole, of) in [
        (parts.mix, &parts.mix_by_segment),
        (parts.relation, &parts.relation_by_segment),
    ] {
        let sum: f64 = of.iter().map(|named| named.part.change).sum();
        assert!((sum - whole.change).abs() < 1e-9, "{parts:?}");
    }
    let text = serde_json::to_string(&split).unwrap();
    assert_eq!(serde_json::from_str::<Split>(&text).unwrap(), split);
    split
}

const USUAL: [(&str, f64, f64); 3] = [
    ("coats", 60.0, 0.5),
    ("shoes", 30.0, 0.5),
    ("hats", 10.0, 0.9),
];

#[test]
fn of_each_kind_more_of_what_is_hard_to_forecast_is_mix_and_named() {
    for kind in KINDS {
        let after = [
            ("coats", 30.0, 0.5),
            ("shoes", 15.0, 0.5),
            ("hats", 55.0, 0.9),
        ];
        let split = split_of(kind, &USUAL, &after);
        assert_eq!(split.by, Attribute::of(kind.0)[0], "{kind:?}");
        let (mix, relation) = (split.parts.mix, split.parts.relation);
        // .45 of all is worth .4 less.
        assert!(
            (mix.change + 0.18).abs() < 0.02 && mix.high < 0.0,
            "{mix:?}"
        );
        assert!(relation.change.abs() < 1e-9, "{relation:?}");
        let why = told(&fallen("2026-06-10"), &Inputs::default(), Some(split));
        assert_eq!(why.most, Most::Mix, "{}", why.sentence);
        let named = ": hats is 55 % of ";
        assert!(why.sentence.contains(named), "{}", why.sentence);
        assert!(why.sentence.ends_with(", 10 % before"), "{}", why.sentence);
    }
}

#[test]
fn of_each_kind_one_value_that_is_forecast_worse_is_relation_and_named() {
    for kind in KINDS {
        let after = [
            ("coats", 60.0, 0.5),
            ("shoes", 30.0, 0.9),
            ("hats", 10.0, 0.9),
        ];
        let split = split_of(kind, &USUAL, &after);
        assert!(split.parts.mix.change.abs() < 1e-9, "{split:?}");
        let why = told(&fallen("2026-06-10"), &Inputs::default(), Some(split));
        assert_eq!(why.most, Most::Wants, "{}", why.sentence);
        let named = "100 % of that in shoes, by ";
        assert!(why.sentence.contains(named), "{}", why.sentence);
    }
}

#[test]
fn of_each_kind_all_that_is_forecast_worse_is_relation_without_a_name() {
    for kind in KINDS {
        let after = [
            ("coats", 60.0, 0.7),
            ("shoes", 30.0, 0.7),
            ("hats", 10.0, 1.1),
        ];
        let split = split_of(kind, &USUAL, &after);
        let why = told(&fallen("2026-06-10"), &Inputs::default(), Some(split));
        assert_eq!(why.most, Most::Wants, "{}", why.sentence);
        assert!(!why.sentence.contains(" of that in "), "{}", why.sentence);
    }
}

#[test]
fn of_each_kind_a_column_that_a_feed_broke_is_named_before_what_is_further_off() {
    let inputs = Inputs {
        since: Some(day("2026-04-01")),
        watched: Vec::new(),
        shifted: vec![shifted("unit_price_cents", "2026-05-19", 0.4, 0.9)],
        suspected: Vec::new(),
    };
    for kind in KINDS {
        let after = USUAL.map(|(value, naive, lost)| (value, naive, lost + 0.2));
        let split = split_of(kind, &USUAL, &after);
        let worse = split.of.worse();
        let why = told(&fallen("2026-05-20"), &inputs, Some(split));
        assert_eq!(why.most, Most::Source, "{}", why.sentence);
        assert_eq!(why.shared.as_deref(), Some("sales.unit_price_cents"));
        let beside = format!("; {worse}, 100 % of the fall (");
        assert!(why.sentence.contains(&beside), "{}", why.sentence);
    }
}

#[test]
fn a_few_days_are_too_few_and_days_on_which_the_naive_forecast_is_right_are_none() {
    let live = fallen("2026-05-20");
    let [mut before, mut after] = ["2026-01-01", "2026-05-20"].map(|first| days(first, 4, &USUAL));
    let split = |before: &[Group], after: &[Group]| {
        let groups = Groups([before.to_vec(), after.to_vec()]);
        groups.split(&falling_of(&live, SOLD)).unwrap()
    };
    let whole = split(&before, &after).unwrap();
    let mut right = before[0].clone();
    right.day = day("2026-01-30");
    (right.missed, right.naive) = (50.0, 0.0);
    before.push(right);
    assert_eq!(split(&before, &after).unwrap(), whole);
    after.retain(|group| group.day < day("2026-05-24"));
    assert_eq!(split(&before, &after), None);

    // Until there are more, what is left is told of forecasts and orders, and nothing of lists.
    let later = fallen("2026-05-30");
    for of in [Kinds::Forecasts, Kinds::Orders] {
        let why = told_of(of, &later, &Inputs::default(), None);
        assert_eq!(
            (why.most, why.sentence.as_str()),
            (
                Most::Wants,
                "nothing that is watched changed: what customers want may have"
            )
        );
    }
    let of_lists = told_of(Kinds::Lists, &later, &Inputs::default(), None);
    assert_eq!(of_lists.most, Most::Unclear);
}
