//! Columns that changed around a fall: which value of each a decision met, and the cell that it lies in.

use super::super::Shifted;
use super::super::inputs::{is_number, value_of};
use super::cells::Cell;
use monitoring::inputs::{FeatureProfile, Shape};
use schema::AsOf;
use schema::table::{Column, Table, table};

/// Columns of which the part of a fall is worked out, those that can harm most.
pub(super) const COLUMNS_MAX: usize = 3;

/// Days before a fall's first in which the row that a decision met may lie: a year of purchases and prices.
const ROWS_DAYS: i32 = 364;

/// The first day of rows that decisions may meet.
///
/// - `first`: the first day of decisions.
pub(super) fn rows_from(first: AsOf) -> AsOf {
    first.minus_days(ROWS_DAYS)
}

/// Quantiles between which numbers have their cells.
const BINS: usize = 10;

/// Decisions that cells are learnt from.
const SAMPLE: u64 = 20_000;

/// What stands for a value that is absent from its row. Where there is no row there is no text.
const ABSENT: &str = "?";

/// A column whose value is known of decisions: that of the last row before each, of the customer or of the product that is
/// shown first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    pub(super) table: &'static Table,
    pub(super) column: &'static Column,
    time: &'static str,
}

impl Met {
    /// A column that changed; `None` where decisions do not meet one row of its table at a time, as of stock, which has one
    /// for each site.
    pub(super) fn of(shifted: &Shifted) -> Option<Self> {
        let table = table(&shifted.table)?;
        let met = Self {
            table,
            column: table.column(&shifted.column)?,
            time: table.time.as_deref()?,
        };
        let has_one_row = met.is_of_customers() || table.key.iter().eq(["product_id", met.time]);
        has_one_row.then_some(met)
    }

    /// The column with its table.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.table.name, self.column.name)
    }

    fn is_of_customers(&self) -> bool {
        self.table.column("customer_id").is_some()
    }

    /// A table of a query: the values of the column as texts, each from its row on until the next of the same.
    ///
    /// - `from`: the first day of rows; all from the beginning where absent.
    pub(super) fn table(&self, name: &str, from: Option<AsOf>) -> String {
        let (of, time) = (&self.table.name, self.time);
        let whose = if self.is_of_customers() {
            "customer_id"
        } else {
            "product_id"
        };
        // Of rows of one time the last by their key counts.
        let order = format!("{time}, {}", self.table.key.join(", "));
        let value = value_of(self.column);
        let since = from.map_or_else(String::new, |from| format!(" AND {time} >= DATE '{from}'"));
        format!(
            "{name} AS (
                SELECT {whose} AS whose, {time} AS since,
                    coalesce('=' || CAST({value} AS VARCHAR), '{ABSENT}') AS value,
                    lead({time}) OVER (PARTITION BY {whose} ORDER BY {order}) AS until
                FROM {of} WHERE {whose} IS NOT NULL{since})"
        )
    }

    /// Joins that table to rows of `judged` and their `spans`, which tell from which day on rows may be met.
    pub(super) fn join(&self, name: &str) -> String {
        let of = if self.is_of_customers() {
            "customer_id"
        } else {
            "top"
        };
        format!(
            "LEFT JOIN {name} ON {name}.whose = judged.{of} AND {name}.since <= judged.decided_at
                AND {name}.since >= spans.rows_from AND ({name}.until IS NULL OR {name}.until > judged.decided_at)"
        )
    }
}

/// The cells of a column, as decisions before a fall met it: no row, absent, never met before, and quantiles of numbers or
/// the most frequent values.
pub(super) struct Bins {
    at: usize,
    /// Absent where too few values were met: then all are as if never met.
    profile: Option<FeatureProfile>,
    /// Of numbers, the least and the largest.
    ends: (f64, f64),
}

impl Bins {
    const NO_ROW: usize = 0;
    const ABSENT: usize = 1;
    const NEVER_MET: usize = 2;
    const OWN: usize = 3;

    /// - `at`: the place of the column among those of the cells.
    pub(super) fn of(met: &Met, at: usize, before: &[Cell]) -> Self {
        let all: u64 = before.iter().map(|cell| cell.decisions).sum();
        let each = all.div_ceil(SAMPLE).max(1);
        let values = before.iter().flat_map(|cell| {
            let times = usize::try_from(cell.decisions.div_ceil(each)).unwrap_or(usize::MAX);
            std::iter::repeat_n(cell.met[at].strip_prefix('='), times)
        });
        let mut ends = (f64::INFINITY, f64::NEG_INFINITY);
        let profile = if is_number(met.column) {
            let numbers: Vec<Option<f64>> = values.map(|value| value?.parse().ok()).collect();
            for number in numbers.iter().flatten() {
                ends = (ends.0.min(*number), ends.1.max(*number));
            }
            FeatureProfile::of_numbers(&numbers, BINS)
        } else {
            FeatureProfile::of_categories(&values.collect::<Vec<_>>())
        };
        Self {
            at,
            profile: profile.ok(),
            ends,
        }
    }

    /// How many there are.
    pub(super) fn cells(&self) -> usize {
        let own = self.profile.as_ref().map_or(0, |of| of.shares().len());
        Self::OWN + own
    }

    /// The cell of a decision.
    pub(super) fn cell(&self, of: &Cell) -> usize {
        let Some(value) = of.met[self.at].strip_prefix('=') else {
            return if of.met[self.at] == ABSENT {
                Self::ABSENT
            } else {
                Self::NO_ROW
            };
        };
        let (least, largest) = self.ends;
        let own = match self.profile.as_ref().map(FeatureProfile::shape) {
            Some(Shape::Numbers { edges }) => value
                .parse()
                .ok()
                .filter(|number: &f64| (least..=largest).contains(number))
                .map(|number| edges.partition_point(|edge| *edge < number)),
            Some(Shape::Categories { cells }) => cells.get(value).copied(),
            None => None,
        };
        own.map_or(Self::NEVER_MET, |own| Self::OWN + own)
    }
}
