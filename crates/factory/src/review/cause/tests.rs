//! What is named as the cause of planted falls.

mod saved;

use super::cells::{Cell, Cells};
use super::columns::Met;
use super::*;
use crate::review::{Attribute, ReadBy};
use monitoring::inputs::Aspect;
use products::Judged;
use schema::{Estimate, Weight, WhyNot};

fn day(text: &str) -> AsOf {
    AsOf(text.parse().unwrap())
}

fn unknown() -> Estimate {
    Estimate::NotMeasurable(WhyNot::NoVariation {
        what: String::new(),
    })
}

/// A product whose decisions became worse on a day.
fn fallen(since: &str) -> Measured {
    Measured {
        what: String::new(),
        good: unknown(),
        at_launch: unknown(),
        launch_days: (day("2026-01-01"), day("2026-01-28")),
        allowed: 0.5,
        days: vec![(day("2026-06-20"), 0.2)],
        before: unknown(),
        baseline: unknown(),
        at_positions: None,
        errors: None,
        season: None,
        fell: Some(Fell {
            seen: day("2026-06-01"),
            likely_since: Some(day(since)),
        }),
        pending: 0,
    }
}

/// A column that changed, and what it weighs in `for-you`; used by another product alone where that is nothing.
fn shifted(column: &str, since: &str, weight: f64, share: f64) -> Shifted {
    let used = weight > 0.0;
    Shifted {
        table: "sales".to_owned(),
        column: column.to_owned(),
        aspect: Aspect::Values,
        since: Some(day(since)),
        share,
        new_values: Vec::new(),
        read_by: vec![ReadBy {
            product: if used { "for-you" } else { "value" }.to_owned(),
            version: Some(3),
            weight: Weight::Share { share: weight },
            harm: weight * share,
        }],
    }
}

/// An import of prices that was refused on the day of a fall.
fn refused() -> BTreeMap<String, RefusedSource> {
    let refused = RefusedSource {
        import_id: "i".to_owned(),
        refused_at: "2026-07-20T04:00:00Z".parse().unwrap(),
        source: "price-feed".to_owned(),
        table: "prices".to_owned(),
        reasons: vec!["half of the rows were set aside".to_owned()],
        report: None,
    };
    [(refused.source.clone(), refused)].into()
}

fn told(live: &Measured, inputs: &Inputs, split: Option<Split>) -> Why {
    let of = split.as_ref().map_or(Kinds::Lists, |split| split.of);
    told_of(of, live, inputs, split)
}

fn told_of(of: Kinds, live: &Measured, inputs: &Inputs, split: Option<Split>) -> Why {
    let version = Answers {
        number: 3,
        since: "2026-05-14T04:00:00Z".parse().unwrap(),
        as_of: None,
        at_launch: None,
    };
    let around = Around {
        product: "for-you",
        of,
        reads: &["sales", "prices"],
        version: Some(&version),
        inputs,
        late: None,
        refused: &refused(),
        tables: &Tables::default(),
    };
    why(live, live.fell.unwrap(), split, &around)
}

#[test]
fn what_changed_around_a_fall_is_named_and_what_did_at_another_time_or_for_others_is_not() {
    let inputs = Inputs {
        since: Some(day("2026-04-01")),
        watched: Vec::new(),
        shifted: vec![
            shifted("quantity", "2026-05-19", 0.3, 0.1),
            shifted("unit_price_cents", "2026-05-18", 0.2, 0.9),
            shifted("channel", "2026-04-02", 0.2, 0.9),
            Shifted {
                table: "events".to_owned(),
                ..shifted("type", "2026-05-20", 0.2, 0.9)
            },
        ],
        suspected: Vec::new(),
    };
    let around = told(&fallen("2026-05-20"), &inputs, None);
    assert_eq!(around.most, Most::Source);
    assert!(
        around.sentence.contains("unit_price_cents"),
        "{}",
        around.sentence
    );
    let coincides = &around.coincides;
    assert_eq!(coincides.len(), 3, "{coincides:?}");
    assert_eq!(coincides[0], "version 3 began to answer on 2026-05-14");
    // What changed most is first; a small change of what customers buy is no feed that broke.
    assert!(coincides[1].contains("unit_price_cents"), "{coincides:?}");
    let by_version = told(&fallen("2026-05-14"), &Inputs::default(), None);
    assert_eq!(by_version.most, Most::Version);
    let mut was_bad_before = fallen("2026-05-14");
    was_bad_before.before = Estimate::Measured {
        point: 0.3,
        low: 0.2,
        high: 0.4,
        units: 100,
    };
    let none = told(&was_bad_before, &Inputs::default(), None);
    assert_eq!((none.most, none.coincides.len()), (Most::Unclear, 0));
    let later = told(&fallen("2026-05-30"), &inputs, None);
    assert_eq!((later.most, later.coincides.len()), (Most::Unclear, 0));
    let refused = told(&fallen("2026-07-18"), &inputs, None);
    assert_eq!(
        refused.coincides,
        ["the import of price-feed was refused: half of the rows were set aside"]
    );
}

#[test]
fn of_several_broken_columns_the_one_that_weighs_most_times_what_changed_is_named_first() {
    let inputs = Inputs {
        since: Some(day("2026-04-01")),
        watched: Vec::new(),
        shifted: vec![
            shifted("channel", "2026-05-20", 0.0, 1.0),
            shifted("discount_cents", "2026-05-20", 0.05, 0.95),
            shifted("unit_price_cents", "2026-05-19", 0.4, 0.6),
        ],
        suspected: Vec::new(),
    };
    let why = told(&fallen("2026-05-20"), &inputs, None);
    assert_eq!(why.shared.as_deref(), Some("sales.unit_price_cents"));
    assert!(
        why.sentence.ends_with("; it weighs 40 % in version 3"),
        "{}",
        why.sentence
    );
    let coincides = &why.coincides[1..];
    assert!(coincides[1].contains("discount_cents"), "{coincides:?}");
    // What the version does not use is told last, and as such.
    assert!(
        coincides[2].contains("column channel") && coincides[2].ends_with("does not use it"),
        "{coincides:?}"
    );
}

/// Decisions of a time: by country, category shown first, and share of good ones in tenths.
fn cells(of: &[(&str, &str, u64, u64)]) -> Vec<Cell> {
    let cell = |(country, shown, decisions, tenths): &(&str, &str, u64, u64)| {
        let good = decisions * tenths / 10;
        [(true, good), (false, decisions - good)].map(|(is_good, n)| Cell {
            of: [
                "for_you".to_owned(),
                (*country).to_owned(),
                String::new(),
                String::new(),
            ],
            shown: [(*shown).to_owned(), "6".to_owned()],
            met: Vec::new(),
            good: is_good,
            decisions: n,
        })
    };
    of.iter().flat_map(cell).collect()
}

fn split(before: &[(&str, &str, u64, u64)], after: &[(&str, &str, u64, u64)]) -> Split {
    let live = fallen("2026-05-20");
    let cells = Cells([cells(before), cells(after)]);
    cells.split(&falling(&live, &[])).unwrap().unwrap()
}

#[track_caller]
fn adds_up(split: &Split) {
    let parts = &split.parts;
    let sum = parts.mix.change + parts.inputs.change + parts.relation.change;
    assert!((sum - parts.change.change).abs() < 1e-9, "{parts:?}");
}

const BEFORE: [(&str, &str, u64, u64); 3] = [
    ("FR", "tyres", 1000, 4),
    ("FR", "mats", 1000, 2),
    ("BE", "tyres", 500, 4),
];

#[test]
fn others_who_ask_are_mix_and_named() {
    let after = [
        ("FR", "tyres", 500, 4),
        ("FR", "mats", 500, 2),
        ("BE", "tyres", 250, 4),
        ("DE", "tyres", 1250, 1),
    ];
    let split = split(&BEFORE, &after);
    adds_up(&split);
    assert_eq!(split.by, Attribute::Country);
    let told = told(&fallen("2026-05-20"), &Inputs::default(), Some(split));
    assert_eq!(told.most, Most::Mix, "{}", told.sentence);
    assert!(
        told.sentence.contains("DE is 50 % of them, 0 % before"),
        "{}",
        told.sentence
    );
}

#[test]
fn other_categories_shown_are_what_it_shows() {
    let after = [("FR", "mats", 2000, 2), ("BE", "mats", 500, 2)];
    let split = split(&BEFORE, &after);
    adds_up(&split);
    let told = told(&fallen("2026-06-10"), &Inputs::default(), Some(split));
    assert_eq!(told.most, Most::Shown, "{}", told.sentence);
    assert!(
        told.sentence.contains("category shown first"),
        "{}",
        told.sentence
    );
}

#[test]
fn the_same_shown_to_the_same_with_less_success_is_what_customers_want() {
    let after = [
        ("FR", "tyres", 1000, 1),
        ("FR", "mats", 1000, 1),
        ("BE", "tyres", 500, 1),
    ];
    let split = split(&BEFORE, &after);
    adds_up(&split);
    assert!(split.parts.relation.share.unwrap() > 0.95, "{split:?}");
    let told = told(&fallen("2026-06-10"), &Inputs::default(), Some(split));
    assert_eq!(told.most, Most::Wants, "{}", told.sentence);
}

/// Decisions of a time by the value that they met of each of some columns, and the share of good ones in tenths.
fn met(columns: usize, of: &[(&str, u64, u64)]) -> Vec<Cell> {
    let cell = |(value, decisions, tenths): &(&str, u64, u64)| {
        let met = vec![(*value).to_owned(); columns];
        let alike = cells(&[("FR", "tyres", *decisions, *tenths)]).into_iter();
        alike.map(move |cell| Cell {
            met: met.clone(),
            ..cell
        })
    };
    of.iter().flat_map(cell).collect()
}

/// A fall beside which some columns of `sales` changed.
fn falling<'a>(live: &'a Measured, columns: &[&str]) -> Falling<'a> {
    let met = |column: &&str| Met::of(&shifted(column, "2026-05-20", 0.3, 0.9)).unwrap();
    Falling {
        product: "for-you",
        judged: Judged::Clicked { window_days: 1 },
        fell: live.fell.unwrap(),
        live,
        met: columns.iter().map(met).collect(),
    }
}

/// The split by columns that changed with the fall in the same rows, and what is told of that.
fn by_columns(
    columns: &[&str],
    before: &[(&str, u64, u64)],
    after: &[(&str, u64, u64)],
) -> (Split, Why) {
    let live = fallen("2026-05-20");
    let cells = Cells([before, after].map(|of| met(columns.len(), of)));
    let split = cells.split(&falling(&live, columns)).unwrap().unwrap();
    adds_up(&split);
    let inputs = Inputs {
        since: Some(day("2026-04-01")),
        watched: Vec::new(),
        shifted: columns
            .iter()
            .map(|column| shifted(column, "2026-05-20", 0.3, 0.9))
            .collect(),
        suspected: Vec::new(),
    };
    let why = told(&live, &inputs, Some(split.clone()));
    (split, why)
}

#[test]
fn columns_that_a_feed_leaves_out_of_the_same_rows_are_told_together() {
    let (split, why) = by_columns(
        &["channel", "unit_price_cents"],
        &[("=a", 2000, 5), ("=b", 1000, 5), ("?", 20, 5)],
        &[("=a", 1000, 4), ("?", 1000, 1)],
    );
    let apart: Vec<&ColumnPart> = split.columns.iter().map(|of| &of.part).collect();
    assert_eq!(apart, [&ColumnPart::NotApart; 2]);
    let together = split.together.as_ref().unwrap();
    assert_eq!(together.names, ["sales.channel", "sales.unit_price_cents"]);
    // Half of them miss both, which costs three tenths; all lost a tenth.
    let (part, rest) = (together.part, split.rest);
    assert!(part.low < -0.15 && -0.15 < part.high, "{part:?}");
    assert!(rest.low < -0.1 && -0.1 < rest.high, "{rest:?}");
    let sum = part.change + rest.change;
    assert!(
        (sum - split.parts.relation.change).abs() < 1e-9,
        "{split:?}"
    );
    let told = "; the column together with sales.unit_price_cents explains ";
    assert!(why.sentence.contains(told), "{}", why.sentence);
    let text = serde_json::to_string(&split).unwrap();
    assert_eq!(serde_json::from_str::<Split>(&text).unwrap(), split);
}

#[test]
fn what_a_column_with_values_that_never_were_explains_is_told_beside_what_fell_for_all() {
    let (split, why) = by_columns(
        &["channel"],
        &[("=web", 2000, 5), ("=store", 1000, 5), ("?", 200, 5)],
        &[("=web", 1000, 4), ("=partner", 1000, 1)],
    );
    let ColumnPart::Told(part) = split.columns[0].part else {
        panic!("{split:?}");
    };
    // Half of them meet the new value, which is worth three tenths less; all lost a tenth.
    assert!(part.low < -0.15 && -0.15 < part.high, "{part:?}");
    assert!(split.rest.low < -0.1 && -0.1 < split.rest.high, "{split:?}");
    let sum = part.change + split.rest.change;
    assert!(
        (sum - split.parts.relation.change).abs() < 1e-9,
        "{split:?}"
    );
    assert!(
        why.sentence.contains("; the column explains "),
        "{}",
        why.sentence
    );
    let text = serde_json::to_string(&split).unwrap();
    assert_eq!(serde_json::from_str::<Split>(&text).unwrap(), split);
}

#[test]
fn a_column_that_changed_for_all_at_once_is_named_without_a_share() {
    let prices = ["=10", "=20", "=30", "=40"].map(|price| (price, 500, 5));
    let in_cents = ["=1000", "=2000", "=3000", "=4000"].map(|price| (price, 500, 2));
    let (split, why) = by_columns(&["unit_price_cents"], &prices, &in_cents);
    assert_eq!(split.columns[0].part, ColumnPart::NotApart);
    assert_eq!(split.rest, split.parts.relation);
    assert!(
        !why.sentence.contains("the column explains"),
        "{}",
        why.sentence
    );
}

#[test]
fn what_is_kept_of_a_fall_is_of_the_columns_that_changed_beside_it_and_of_their_tables() {
    let live = fallen("2026-05-20");
    let of = |columns: &[&str], tables: &[(&str, u64)]| {
        let snapshot = lake::Snapshot {
            tables: tables
                .iter()
                .map(|(of, at)| ((*of).to_owned(), *at))
                .collect(),
            ..lake::Snapshot::default()
        };
        falling(&live, columns).made_of(&snapshot)
    };
    let one = of(&["channel"], &[("sales", 1)]);
    assert_eq!(one, of(&["channel"], &[("sales", 1), ("prices", 2)]));
    for other in [
        of(&[], &[("sales", 1)]),
        of(&["quantity"], &[("sales", 1)]),
        of(&["channel", "quantity"], &[("sales", 1)]),
        of(&["channel"], &[("sales", 2)]),
        of(&["channel"], &[("sales", 1), ("products", 0)]),
    ] {
        assert_ne!(one, other);
    }
    // Where no column changed, more sales are no matter.
    assert_eq!(of(&[], &[("sales", 1)]), of(&[], &[("sales", 2)]));
}
