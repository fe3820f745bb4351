//! The decisions of falls, counted by what is known of them.

use super::super::ByProduct;
use super::super::attribute::{Attribute, joins};
use super::super::judged::{Days, Join, count, quoted};
use super::super::outcomes::OutcomesError;
use super::cells::{Cell, Cells, SHOWN};
use super::columns::{Met, rows_from};
use super::split::Falling;
use crate::Workshop;
use arrow::array::{Array, AsArray};
use arrow::record_batch::RecordBatch;
use lake::Snapshot;
use products::Judged;
use schema::AsOf;

/// The judged decisions of falls, before and after, by product.
pub(super) async fn of_falls(
    workshop: &Workshop,
    snapshot: &Snapshot,
    judged: Judged,
    met: &[Met],
    falls: &[&Falling<'_>],
) -> Result<ByProduct<Cells>, OutcomesError> {
    let sql = sql(judged, met, falls, snapshot);
    let mut cells: ByProduct<Cells> = ByProduct::new();
    for batch in workshop.lake.query_at(&sql, snapshot).await? {
        for (product, after, cell) in rows(&batch, met.len()) {
            let of = cells.entry(product).or_default();
            of.0[usize::from(after)].push(cell);
        }
    }
    cells.values_mut().for_each(Cells::sort);
    Ok(cells)
}

/// The days of all falls, before and after, where they meet as one.
fn days(falls: &[&Falling<'_>]) -> Vec<Days> {
    let of_both = falls
        .iter()
        .flat_map(|fall| [fall.before(), fall.after()])
        .map(|(first, last)| Days {
            from: Some(first),
            to: last.minus_days(-1),
        });
    let mut each: Vec<Days> = of_both.collect();
    each.sort_unstable();
    let mut apart: Vec<Days> = Vec::new();
    for days in each {
        match apart.last_mut() {
            Some(last) if days.from <= Some(last.to) => last.to = last.to.max(days.to),
            _ => apart.push(days),
        }
    }
    apart
}

/// Counts the judged decisions of falls, before and after, by all that is known of them.
fn sql(judged: Judged, met: &[Met], falls: &[&Falling<'_>], snapshot: &Snapshot) -> String {
    let has = |table: &str| snapshot.tables.contains_key(table);
    let names: Vec<&str> = falls.iter().map(|fall| fall.product).collect();
    let join = Join {
        names: &names,
        judged,
        days: &days(falls),
    };
    let spans = falls.iter().flat_map(|fall| {
        let rows = rows_from(fall.before().0);
        let of = |(from, to): (AsOf, AsOf), after: bool| {
            let name = quoted(fall.product);
            format!("({name}, DATE '{from}', DATE '{to}', {after}, DATE '{rows}')")
        };
        [of(fall.before(), false), of(fall.after(), true)]
    });
    let spans: Vec<String> = spans.collect();
    let values: Vec<&str> = Attribute::OF_LISTS.iter().map(|of| of.sql(&has)).collect();
    let shown = if has("products") {
        "coalesce(top_of.category, '')"
    } else {
        "''"
    };
    let from = falls.iter().map(|fall| rows_from(fall.before().0)).min();
    let [mut met_tables, mut met_joins, mut met_values] = [const { String::new() }; 3];
    for (n, met) in met.iter().enumerate() {
        let name = format!("met_{n}");
        met_tables += &format!("{},\n", met.table(&name, from));
        met_joins += &format!("{}\n", met.join(&name));
        met_values += &format!("coalesce({name}.value, '') AS of_{name}, ");
    }
    format!(
        "WITH {tables},
        {met_tables}spans AS (SELECT column1 AS product, column2 AS first_day, column3 AS last_day, column4 AS after,
                column5 AS rows_from
            FROM (VALUES {spans})),
        known AS (SELECT judged.product, spans.after, {values}, {shown} AS shown, CAST(items AS VARCHAR) AS items,
                {met_values}good
            FROM judged JOIN spans ON spans.product = judged.product AND day >= first_day AND day <= last_day
            {known} {top} {met_joins}
            WHERE NOT holdout)
        SELECT *, count(*) FROM known GROUP BY {all}",
        tables = join.tables(),
        spans = spans.join(", "),
        values = values
            .iter()
            .zip(Attribute::OF_LISTS)
            .map(|(sql, of)| format!("{sql} AS of_{}", of as usize))
            .collect::<Vec<_>>()
            .join(", "),
        known = joins(&has),
        top = if has("products") {
            "LEFT JOIN (SELECT product_id, category FROM products) AS top_of ON top_of.product_id = judged.top"
        } else {
            ""
        },
        all = (1..=Attribute::OF_LISTS.len() + SHOWN.len() + met.len() + 3)
            .map(|place| place.to_string())
            .collect::<Vec<_>>()
            .join(", "),
    )
}

/// The text of a column and a row of an answer, of its first columns; empty where nothing is known.
pub(super) fn texts(
    batch: &RecordBatch,
    columns: usize,
) -> impl Fn(usize, usize) -> String + use<> {
    let text = |column: usize| {
        let texts = arrow::compute::cast(batch.column(column), &arrow::datatypes::DataType::Utf8);
        texts.ok()
    };
    let texts: Vec<_> = (0..columns).map(text).collect();
    move |column, row| {
        let of = texts.get(column).and_then(Option::as_ref);
        let of = of.map(|of| of.as_string::<i32>());
        of.filter(|of| of.is_valid(row))
            .map_or_else(String::new, |of| of.value(row).to_owned())
    }
}

/// The rows of an answer: the product, whether they are of the fall, and what is known of them.
///
/// - `met`: how many columns that changed are among it.
fn rows(batch: &RecordBatch, met: usize) -> impl Iterator<Item = (String, bool, Cell)> {
    let at = texts(batch, batch.num_columns());
    let after = batch.column(1).as_boolean().clone();
    let first_shown = 2 + Attribute::OF_LISTS.len();
    let first_met = first_shown + SHOWN.len();
    let good = count(batch, first_met + met);
    let decisions = count(batch, first_met + met + 1);
    (0..batch.num_rows()).map(move |row| {
        let cell = Cell {
            of: std::array::from_fn(|n| at(2 + n, row)),
            shown: std::array::from_fn(|n| at(first_shown + n, row)),
            met: (0..met).map(|n| at(first_met + n, row)).collect(),
            good: good(row) == 1,
            decisions: decisions(row),
        };
        (at(0, row), after.value(row), cell)
    })
}
