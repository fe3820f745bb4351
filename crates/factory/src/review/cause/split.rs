//! The decisions of a fall, counted by what is known of them, and the fall split by that.

use super::super::attribute::{Attribute, joins};
use super::super::judged::{Join, count, quoted};
use super::super::outcomes::OutcomesError;
use super::super::{ByProduct, Fell, Live, Measured};
use crate::Workshop;
use arrow::array::{Array, AsArray};
use arrow::record_batch::RecordBatch;
use lake::Snapshot;
use monitoring::cause::{Cause, CauseOptions, NamedPart, Part, PeriodMoments, explain};
use products::{Judged, Product};
use schema::AsOf;
use serde::Serialize;
use std::collections::BTreeMap;

/// Fewest decisions of each period of which anything is said.
const DECISIONS_MIN: u64 = 50;

/// Chance that any of the intervals of one attribute's split misses; divided among attributes.
const ALPHA: f64 = 0.05;

/// One attribute explains clearly more than another where its mix explains so many times as much.
const CLEARLY_MORE: f64 = 1.25;

/// Decisions that an estimate of one value is drawn to the mean of all by.
const SHRUNK_BY: f64 = 20.0;

/// A fall in parts that add up to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Split {
    /// The days that the fall is held against, the first and the last.
    pub before: (AsOf, AsOf),
    /// The days of the fall.
    pub after: (AsOf, AsOf),
    /// Decisions of both times.
    pub decisions: (u64, u64),
    /// The attribute of whom decisions are about by which the parts below are split: the one whose mix explains most.
    pub by: Attribute,
    /// The parts.
    pub parts: Cause,
    /// Shares of each value of the attribute, before and after.
    pub shares: Vec<(String, f64, f64)>,
    /// What the mix by each attribute explains of the fall.
    pub mixes: Vec<(Attribute, Part)>,
}

/// What is known of what a decision shows.
const SHOWN: [&str; 2] = ["category shown first", "products shown"];

impl Split {
    /// The value of the attribute whose share grew most, with its shares before and after.
    pub(super) fn grown(&self) -> Option<(&str, f64, f64)> {
        let growth = |(_, before, after): &&(String, f64, f64)| after - before;
        let most = self
            .shares
            .iter()
            .max_by(|a, b| growth(a).total_cmp(&growth(b)));
        most.map(|(value, before, after)| (value.as_str(), *before, *after))
    }
}

/// A fall whose cause is looked for.
pub(in crate::review) struct Falling<'a> {
    pub(in crate::review) product: &'a str,
    pub(in crate::review) judged: Judged,
    pub(in crate::review) live: &'a Measured,
    pub(in crate::review) fell: Fell,
}

impl<'a> Falling<'a> {
    /// A product's fall, where its decisions became worse.
    pub(in crate::review) fn of(product: &'a dyn Product, live: &'a Live) -> Option<Self> {
        let Live::Measured(live) = live else {
            return None;
        };
        if !product.judged().is_of_lists() {
            return None;
        }
        Some(Self {
            product: &product.header().name,
            judged: product.judged(),
            live,
            fell: live.fell?,
        })
    }

    fn since(&self) -> AsOf {
        self.fell.likely_since.unwrap_or(self.fell.seen)
    }

    fn after(&self) -> (AsOf, AsOf) {
        let last = self
            .live
            .days
            .last()
            .map_or(self.fell.seen, |(day, _)| *day);
        (self.since(), last)
    }
}

/// The falls of all products in parts.
pub(in crate::review) async fn of_falls(
    workshop: &Workshop,
    snapshot: &Snapshot,
    falls: &[Falling<'_>],
) -> Result<ByProduct<Split>, OutcomesError> {
    let mut alike: BTreeMap<Judged, Vec<&Falling<'_>>> = BTreeMap::new();
    for fall in falls {
        alike.entry(fall.judged).or_default().push(fall);
    }
    let mut splits = BTreeMap::new();
    for (judged, falls) in alike {
        let sql = sql(judged, &falls, snapshot);
        let mut cells: ByProduct<Cells> = BTreeMap::new();
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            for (product, after, cell) in rows(&batch) {
                let of = cells.entry(product).or_default();
                of.0[usize::from(after)].push(cell);
            }
        }
        for fall in falls {
            let Some(cells) = cells.remove(fall.product) else {
                continue;
            };
            if let Some(split) = cells.in_order().split(fall)? {
                splits.insert(fall.product.to_owned(), split);
            }
        }
    }
    Ok(splits)
}

/// Counts the judged decisions of falls, before and after, by all that is known of them.
fn sql(judged: Judged, falls: &[&Falling<'_>], snapshot: &Snapshot) -> String {
    let has = |table: &str| snapshot.tables.contains_key(table);
    let names: Vec<&str> = falls.iter().map(|fall| fall.product).collect();
    let firsts = falls.iter().map(|fall| fall.live.launch_days.0);
    let lasts = falls.iter().map(|fall| fall.after().1);
    let join = Join {
        names: &names,
        judged,
        from: firsts.min(),
        to: lasts
            .max()
            .map_or(AsOf(jiff::civil::Date::MIN), |last| last.minus_days(-1)),
    };
    let spans = falls.iter().flat_map(|fall| {
        let of = |(from, to): (AsOf, AsOf), after: bool| {
            let name = quoted(fall.product);
            format!("({name}, DATE '{from}', DATE '{to}', {after})")
        };
        [of(fall.live.launch_days, false), of(fall.after(), true)]
    });
    let spans: Vec<String> = spans.collect();
    let values: Vec<&str> = Attribute::ALL.iter().map(|of| of.sql(&has)).collect();
    let shown = if has("products") {
        "coalesce(top_of.category, '')"
    } else {
        "''"
    };
    format!(
        "WITH {tables},
        spans AS (SELECT column1 AS product, column2 AS first_day, column3 AS last_day, column4 AS after
            FROM (VALUES {spans})),
        known AS (SELECT judged.product, spans.after, {values}, {shown} AS shown, CAST(items AS VARCHAR) AS items,
                good
            FROM judged JOIN spans ON spans.product = judged.product AND day >= first_day AND day <= last_day
            {known} {top}
            WHERE NOT holdout)
        SELECT *, count(*) FROM known GROUP BY {all}",
        tables = join.tables(
            ", min(shown.decided_at) AS decided_at, max(shown.customer_id) AS customer_id,
             max(shown.placement) AS placement, max(subject_product_id) AS subject,
             max(CASE WHEN position = 1 THEN shown.action END) AS top, max(position) AS items"
        ),
        spans = spans.join(", "),
        values = values
            .iter()
            .zip(Attribute::ALL)
            .map(|(sql, of)| format!("{sql} AS of_{}", of as usize))
            .collect::<Vec<_>>()
            .join(", "),
        known = joins(&has),
        top = if has("products") {
            "LEFT JOIN (SELECT product_id, category FROM products) AS top_of ON top_of.product_id = judged.top"
        } else {
            ""
        },
        all = (1..=Attribute::ALL.len() + SHOWN.len() + 3)
            .map(|place| place.to_string())
            .collect::<Vec<_>>()
            .join(", "),
    )
}

/// Decisions that are alike in all that is known of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) of: [String; Attribute::ALL.len()],
    pub(super) shown: [String; SHOWN.len()],
    pub(super) good: bool,
    pub(super) decisions: u64,
}

/// The rows of an answer: the product, whether they are of the fall, and what is known of them.
fn rows(batch: &RecordBatch) -> impl Iterator<Item = (String, bool, Cell)> {
    let text = |column: usize| {
        let texts = arrow::compute::cast(batch.column(column), &arrow::datatypes::DataType::Utf8);
        texts.ok()
    };
    let texts: Vec<_> = (0..batch.num_columns()).map(text).collect();
    let at = move |column: usize, row: usize| {
        let of = texts.get(column).and_then(Option::as_ref);
        let of = of.map(|of| of.as_string::<i32>());
        of.filter(|of| of.is_valid(row))
            .map_or_else(String::new, |of| of.value(row).to_owned())
    };
    let after = batch.column(1).as_boolean().clone();
    let first_shown = 2 + Attribute::ALL.len();
    let good = count(batch, first_shown + SHOWN.len());
    let decisions = count(batch, first_shown + SHOWN.len() + 1);
    (0..batch.num_rows()).map(move |row| {
        let cell = Cell {
            of: std::array::from_fn(|n| at(2 + n, row)),
            shown: std::array::from_fn(|n| at(first_shown + n, row)),
            good: good(row) == 1,
            decisions: decisions(row),
        };
        (at(0, row), after.value(row), cell)
    })
}

/// One product's decisions, before a fall and after it.
#[derive(Debug, Default)]
pub(super) struct Cells(pub(super) [Vec<Cell>; 2]);

impl Cells {
    /// Sorted: the engine gives groups in any order, and sums of the same figures in another order are not the same.
    fn in_order(mut self) -> Self {
        self.0.iter_mut().for_each(|cells| cells.sort_unstable());
        self
    }

    fn decisions(&self) -> (u64, u64) {
        let of = |cells: &[Cell]| cells.iter().map(|cell| cell.decisions).sum();
        (of(&self.0[0]), of(&self.0[1]))
    }

    /// The fall in parts; `None` where too few decisions are known.
    pub(super) fn split(&self, fall: &Falling<'_>) -> Result<Option<Split>, OutcomesError> {
        let decisions = self.decisions();
        if decisions.0.min(decisions.1) < DECISIONS_MIN {
            return Ok(None);
        }
        let effects = effects(&self.0[0]);
        let known: Vec<(usize, Attribute)> = Attribute::ALL
            .into_iter()
            .enumerate()
            .filter(|(n, _)| self.varies(*n))
            .collect();
        // Where nothing is known of whom it is about, there is one segment and no mix.
        let tried = if known.is_empty() {
            vec![(0, Attribute::Placement)]
        } else {
            known
        };
        let options = CauseOptions {
            level: 1.0 - ALPHA / tried.len() as f64,
        };
        let mut best: Option<(usize, Attribute, Cause)> = None;
        let mut mixes = Vec::new();
        for (n, attribute) in tried {
            let [before, after] = [0, 1].map(|side| moments(&self.0[side], n, &effects));
            let parts = explain(&before?, &after?, options)?;
            mixes.push((attribute, parts.mix));
            // Of several that explain about as much the first stays, whatever noise there is.
            let explains_more = |(_, _, so_far): &(_, _, Cause)| {
                parts.mix.change < CLEARLY_MORE * so_far.mix.change.min(0.0)
            };
            if best.as_ref().is_none_or(explains_more) {
                best = Some((n, attribute, parts));
            }
        }
        Ok(best.map(|(n, by, parts)| Split {
            before: fall.live.launch_days,
            after: fall.after(),
            decisions,
            by,
            shares: self.shares(n, &parts.mix_by_segment),
            parts,
            mixes,
        }))
    }

    /// Whether an attribute has more than one value.
    fn varies(&self, n: usize) -> bool {
        let mut values = self.0.iter().flatten().map(|cell| &cell.of[n]);
        let first = values.next();
        values.any(|value| Some(value) != first)
    }

    /// Shares of the values of an attribute, before and after.
    fn shares(&self, n: usize, of: &[NamedPart]) -> Vec<(String, f64, f64)> {
        let all = self.decisions();
        let share = |side: usize, all: u64, value: &str| {
            let of = self.0[side].iter().filter(|cell| cell.of[n] == value);
            of.map(|cell| cell.decisions).sum::<u64>() as f64 / all as f64
        };
        of.iter()
            .map(|part| {
                let value = part.name.clone();
                let (before, after) = (share(0, all.0, &value), share(1, all.1, &value));
                (value, before, after)
            })
            .collect()
    }
}

/// What each value of what is shown adds to the share of good decisions, before the fall: an additive model, each value's
/// drawn to nothing where few decisions say it, fitted one after the other until nothing moves.
fn effects(before: &[Cell]) -> [BTreeMap<String, f64>; SHOWN.len()] {
    const ROUNDS: usize = 20;
    let all: f64 = before.iter().map(|cell| cell.decisions as f64).sum();
    let good = before.iter().filter(|cell| cell.good);
    let mean = good.map(|cell| cell.decisions as f64).sum::<f64>() / all.max(1.0);
    let mut effects: [BTreeMap<String, f64>; SHOWN.len()] = Default::default();
    for _ in 0..ROUNDS {
        for n in 0..SHOWN.len() {
            let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
            for cell in before {
                let others: f64 = (0..SHOWN.len())
                    .filter(|other| *other != n)
                    .map(|other| effect(&effects[other], &cell.shown[other]))
                    .sum();
                let left = f64::from(u8::from(cell.good)) - mean - others;
                let (sum, count) = sums.entry(cell.shown[n].clone()).or_default();
                *sum += left * cell.decisions as f64;
                *count += cell.decisions as f64;
            }
            let drawn = sums.into_iter();
            effects[n] = drawn
                .map(|(value, (sum, count))| (value, sum / (count + SHRUNK_BY)))
                .collect();
        }
    }
    effects
}

/// What a value adds; nothing where it was never shown before.
fn effect(effects: &BTreeMap<String, f64>, value: &str) -> f64 {
    effects.get(value).copied().unwrap_or(0.0)
}

/// Sums of one period by the values of an attribute.
fn moments(
    cells: &[Cell],
    n: usize,
    effects: &[BTreeMap<String, f64>; SHOWN.len()],
) -> Result<PeriodMoments, OutcomesError> {
    let mut sums = PeriodMoments::of_features(&SHOWN);
    for cell in cells {
        let of: Vec<f64> = effects
            .iter()
            .zip(&cell.shown)
            .map(|(effects, value)| effect(effects, value))
            .collect();
        let good = f64::from(u8::from(cell.good));
        sums.push_alike(&cell.of[n], good, &of, cell.decisions)?;
    }
    Ok(sums)
}
