//! Falls of forecasts and orders in parts: their errors by day and what is known of them.

use super::super::ByProduct;
use super::super::attribute::{Attribute, joins_of_held};
use super::super::judged::{count, quoted};
use super::super::noted::judging;
use super::super::outcomes::{OutcomesError, TIMES_WRONG_MOST};
use super::super::sums::{Judging, Span};
use super::cells::{ALPHA, CLEARLY_MORE};
use super::counted::texts;
use super::split::{Falling, Kinds, Split};
use crate::Workshop;
use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, Float64Type};
use arrow::record_batch::RecordBatch;
use lake::Snapshot;
use monitoring::cause::{Cause, CauseOptions, Errors, NamedPart, explain_saved};
use products::{Judged, Product};
use schema::AsOf;

/// Fewest days of each period of which anything is said.
const DAYS_MIN: usize = 5;

/// One segment is called that in which the relation changed where it has so much of that more than its share of all.
const APART: f64 = 0.2;

/// Decisions of a day that are alike in all that is known of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) day: AsOf,
    /// Values of the attributes, in their order.
    pub(super) of: Vec<String>,
    pub(super) decisions: u64,
    /// What they miss, and what the naive forecast misses; of orders how many were not good, and how many they are.
    pub(super) missed: f64,
    pub(super) naive: f64,
}

/// One product's decisions, before a fall and after it.
#[derive(Debug, Default)]
pub(super) struct Groups(pub(super) [Vec<Group>; 2]);

/// A fall by one attribute.
struct By {
    at: usize,
    attribute: Attribute,
    parts: Cause,
    shares: Vec<(String, f64, f64)>,
}

impl Groups {
    /// The engine gives groups in any order, and sums of the same figures in another order are not the same.
    fn sort(&mut self) {
        let by = |one: &Group, other: &Group| (one.day, &one.of).cmp(&(other.day, &other.of));
        self.0.iter_mut().for_each(|groups| groups.sort_by(by));
    }

    /// The fall in parts; `None` where too few days are known.
    pub(super) fn split(&self, fall: &Falling<'_>) -> Result<Option<Split>, OutcomesError> {
        let judged = fall.judged;
        let sides = [0, 1].map(|side: usize| weighed(&self.0[side], judged));
        let days = |groups: &[Group]| {
            let mut days: Vec<AsOf> = groups.iter().map(|of| of.day).collect();
            days.dedup();
            days.len()
        };
        if sides.iter().any(|groups| days(groups) < DAYS_MIN) {
            return Ok(None);
        }
        let attributes = Attribute::of(judged);
        let varies = |at: &usize| {
            let mut values = sides.iter().flatten().map(|group| &group.of[*at]);
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let mut tried: Vec<usize> = (0..attributes.len()).filter(varies).collect();
        if tried.is_empty() {
            // Nothing is known of them: one segment, and no mix.
            tried.push(0);
        }
        let options = CauseOptions {
            level: 1.0 - ALPHA / tried.len() as f64,
        };
        let mut all = Vec::with_capacity(tried.len());
        for at in tried {
            let [before, after] = [0, 1].map(|side: usize| errors(&sides[side], at));
            let parts = explain_saved(&before, &after, options)?;
            all.push(By {
                at,
                attribute: attributes[at],
                shares: shares(&parts.mix_by_segment, &[before, after]),
                parts,
            });
        }
        let mixes = all.iter().map(|by| (by.attribute, by.parts.mix)).collect();
        let decisions = sides.map(|groups| groups.iter().map(|of| of.decisions).sum());
        let Some(by) = chosen(all) else {
            return Ok(None);
        };
        Ok(Some(Split {
            of: Kinds::of(judged),
            before: fall.before(),
            after: fall.after(),
            decisions: (decisions[0], decisions[1]),
            by: by.attribute,
            columns: Vec::new(),
            together: None,
            rest: by.parts.relation,
            shares: by.shares,
            parts: by.parts,
            mixes,
        }))
    }
}

/// The attribute whose mix explains most, of several that explain about as much the first; where no mix surely explains
/// something the one with a segment in which the relation changed most beyond what its size says.
fn chosen(all: Vec<By>) -> Option<By> {
    let mut best: Option<&By> = None;
    for by in &all {
        let explains_more =
            |best: &By| by.parts.mix.change < CLEARLY_MORE * best.parts.mix.change.min(0.0);
        if best.is_none_or(explains_more) {
            best = Some(by);
        }
    }
    let mut at = best?.at;
    if best.is_some_and(|best| best.parts.mix.high >= 0.0) {
        let beyond = |by: &By| apart(&by.parts, &by.shares).map_or(0.0, |(_, beyond)| beyond);
        let mut most = APART;
        for by in &all {
            if beyond(by) > most {
                (at, most) = (by.at, beyond(by));
            }
        }
    }
    all.into_iter().find(|by| by.at == at)
}

/// The segment in which the relation surely fell and that has most of its fall beyond its share of all; and how much beyond.
fn apart<'a>(parts: &'a Cause, shares: &[(String, f64, f64)]) -> Option<(&'a str, f64)> {
    let whole = parts.relation.change;
    let of = |named: &'a NamedPart| {
        let (_, before, after) = shares.iter().find(|(name, _, _)| *name == named.name)?;
        let beyond = named.part.change / whole - 0.5 * (before + after);
        (whole < 0.0 && named.part.high < 0.0).then_some((named.name.as_str(), beyond))
    };
    let each = parts.relation_by_segment.iter().filter_map(of);
    each.max_by(|one, other| one.1.total_cmp(&other.1))
}

impl Split {
    /// The value of the attribute in which forecasts or orders became worse, and its share of that; absent where all did
    /// alike.
    pub(super) fn apart(&self) -> Option<(&str, f64)> {
        if self.of == Kinds::Lists {
            return None;
        }
        let (name, beyond) = apart(&self.parts, &self.shares)?;
        let mut each = self.parts.relation_by_segment.iter();
        let part = each.find(|named| named.name == name)?.part;
        let share = part.change / self.parts.relation.change;
        (beyond >= APART && share >= 0.5).then_some((name, share))
    }
}

/// The groups of days on which the naive forecast missed something. A day counts by its decisions, and forecasts that are
/// off by more than some times as much as the naive one by that, as the review takes them.
fn weighed(groups: &[Group], judged: Judged) -> Vec<Group> {
    let mut weighed = Vec::with_capacity(groups.len());
    for day in groups.chunk_by(|one, other| one.day == other.day) {
        let missed: f64 = day.iter().map(|of| of.missed).sum();
        let naive: f64 = day.iter().map(|of| of.naive).sum();
        if naive <= 0.0 {
            continue;
        }
        let decisions: u64 = day.iter().map(|of| of.decisions).sum();
        let each = decisions as f64 / naive;
        let cut = if judged.is_of_forecasts() && missed > TIMES_WRONG_MOST * naive {
            TIMES_WRONG_MOST * naive / missed
        } else {
            1.0
        };
        weighed.extend(day.iter().map(|of| Group {
            missed: of.missed * each * cut,
            naive: of.naive * each,
            ..of.clone()
        }));
    }
    weighed
}

fn errors(groups: &[Group], at: usize) -> Vec<Errors> {
    let of = |group: &Group| Errors {
        unit: group.day.epoch_day(),
        segment: group.of[at].clone(),
        missed: group.missed,
        naive: group.naive,
    };
    groups.iter().map(of).collect()
}

/// Shares of the segments, before and after.
fn shares(of: &[NamedPart], sides: &[Vec<Errors>; 2]) -> Vec<(String, f64, f64)> {
    let share = |errors: &[Errors], name: &str| {
        let all: f64 = errors.iter().map(|of| of.naive).sum();
        let own = errors.iter().filter(|of| of.segment == name);
        own.map(|of| of.naive).sum::<f64>() / all
    };
    let each = of.iter().map(|part| {
        let [before, after] = [0, 1].map(|side: usize| share(&sides[side], &part.name));
        (part.name.clone(), before, after)
    });
    each.collect()
}

/// The judged decisions of falls that are judged alike, before and after, by product.
pub(super) async fn of_falls(
    workshop: &Workshop,
    snapshot: &Snapshot,
    judged: Judged,
    falls: &[&Falling<'_>],
) -> Result<ByProduct<Groups>, OutcomesError> {
    let mut groups: ByProduct<Groups> = ByProduct::new();
    let names: Vec<&str> = falls.iter().map(|fall| fall.product).collect();
    let of = |product: &&dyn Product| names.contains(&product.header().name.as_str());
    let all = workshop.project.products.iter();
    let products: Vec<&dyn Product> = all.map(AsRef::as_ref).filter(of).collect();
    let last = falls.iter().map(|fall| fall.after().1).max();
    let Some(last) = last else {
        return Ok(groups);
    };
    let span = Span {
        names: &names,
        from: falls.iter().map(|fall| fall.before().0).min(),
        to: last.minus_days(-1),
    };
    let Some(judging) = judging(workshop, judged, &products, span, snapshot).await? else {
        return Ok(groups);
    };
    let sql = sql(&judging, judged, falls, snapshot);
    for batch in workshop.lake.query_at(&sql, snapshot).await? {
        for (product, after, group) in rows(&batch, Attribute::of(judged).len()) {
            let of = groups.entry(product).or_default();
            of.0[usize::from(after)].push(group);
        }
    }
    groups.values_mut().for_each(Groups::sort);
    Ok(groups)
}

/// Sums the errors of falls, before and after, by day and all that is known of decisions.
fn sql(judging: &Judging, judged: Judged, falls: &[&Falling<'_>], snapshot: &Snapshot) -> String {
    let has = |table: &str| snapshot.tables.contains_key(table);
    let spans = falls.iter().flat_map(|fall| {
        let of = |(from, to): (AsOf, AsOf), after: bool| {
            let name = quoted(fall.product);
            format!("({name}, DATE '{from}', DATE '{to}', {after})")
        };
        [of(fall.before(), false), of(fall.after(), true)]
    });
    let values = Attribute::of(judged).iter().zip(0..);
    let values = values.map(|(of, n)| format!("{} AS of_{n}", of.sql_of_held(judged, &has)));
    let [missed, naive] = &judging.missed;
    format!(
        "{tables},
        spans AS (SELECT column1 AS name, column2 AS first_day, column3 AS last_day, column4 AS after
            FROM (VALUES {spans})),
        of_falls AS (SELECT held.product, spans.after, held.day, {values}, {missed} AS missed, {naive} AS missed_naive
            FROM held JOIN spans ON spans.name = held.product AND held.day >= first_day AND held.day <= last_day
            {joins}
            WHERE NOT held.holdout)
        SELECT {all}, count(*), CAST(sum(missed) AS DOUBLE), CAST(sum(missed_naive) AS DOUBLE) FROM of_falls GROUP BY {all}",
        tables = judging.tables,
        spans = spans.collect::<Vec<_>>().join(", "),
        values = values.collect::<Vec<_>>().join(", "),
        joins = joins_of_held(judged, &has),
        all = grouped(judged),
    )
}

/// What rows are grouped by.
fn grouped(judged: Judged) -> String {
    let values = (0..Attribute::of(judged).len()).map(|n| format!(", of_{n}"));
    format!("product, after, day{}", values.collect::<String>())
}

/// The rows of an answer: the product, whether they are of the fall, and their sums.
fn rows(batch: &RecordBatch, attributes: usize) -> impl Iterator<Item = (String, bool, Group)> {
    let at = texts(batch, 3 + attributes);
    let after = batch.column(1).as_boolean().clone();
    let days = batch.column(2).as_primitive::<Date32Type>().clone();
    let decisions = count(batch, 3 + attributes);
    let [missed, naive] = [4, 5].map(|column| {
        batch
            .column(column + attributes)
            .as_primitive::<Float64Type>()
            .clone()
    });
    (0..batch.num_rows()).map(move |row| {
        let group = Group {
            day: AsOf(schema::time::date_of(days.value(row))),
            of: (0..attributes).map(|n| at(3 + n, row)).collect(),
            decisions: decisions(row),
            missed: missed.value(row),
            naive: naive.value(row),
        };
        (at(0, row), after.value(row), group)
    })
}
