//! Columns that changed around a fall: which value of each a decision met, and the cell that it lies in.

use super::super::Shifted;
use super::cells::Cell;
use monitoring::inputs::{FeatureProfile, Shape};
use schema::AsOf;
use schema::table::{ColumnType, Table, table};

/// Columns of which the part of a fall is worked out, those that can harm most first.
pub(super) const COLUMNS_MAX: usize = 3;

/// Days before a fall's first in which the row that a decision met may lie: a year of purchases and prices.
const ROWS_DAYS: i32 = 364;

/// Quantiles between which numbers have their cells.
const BINS: usize = 10;

/// Decisions that cells are learnt from.
const SAMPLE: u64 = 20_000;

/// Whose rows of a table a decision meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// The customer's.
    Customer,
    /// Those of the product that is shown first.
    Shown,
}

/// A column whose value is known of decisions: that of the last row before each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Met {
    pub(super) table: String,
    pub(super) column: String,
    whose: Whose,
    time: String,
    /// Whether its rows begin with a day and not at a moment.
    by_day: bool,
    is_number: bool,
    /// What else tells rows of one time apart.
    then_by: Vec<String>,
}

impl Met {
    /// A column that changed, where decisions meet one row of its table at a time: of tables about customers the last of
    /// the customer, of tables about products the last of the product that is shown first. Stock has a row for each site.
    pub(super) fn of(shifted: &Shifted) -> Option<Self> {
        let table: &Table = table(&shifted.table)?;
        let (column, time) = (table.column(&shifted.column)?, table.time.as_ref()?);
        let by_product = table
            .key
            .iter()
            .all(|key| key == "product_id" || key == time);
        let whose = if table.column("customer_id").is_some() {
            Whose::Customer
        } else if by_product && table.key.len() == 2 {
            Whose::Shown
        } else {
            return None;
        };
        let is_number = match column.kind {
            ColumnType::Integer | ColumnType::Cents | ColumnType::Number => true,
            ColumnType::Text | ColumnType::Boolean => false,
            ColumnType::Date | ColumnType::Timestamp => return None,
        };
        let then_by = table.key.iter().filter(|key| *key != time);
        Some(Self {
            table: shifted.table.clone(),
            column: shifted.column.clone(),
            whose,
            by_day: table.column(time)?.kind == ColumnType::Date,
            time: time.clone(),
            is_number,
            then_by: then_by.cloned().collect(),
        })
    }

    /// A table of a query: the values of the column, each from its row on until the next of the same.
    pub(super) fn table(&self, name: &str, first: AsOf) -> String {
        let (of, time) = (&self.table, &self.time);
        let whose = match self.whose {
            Whose::Customer => "customer_id",
            Whose::Shown => "product_id",
        };
        let order: Vec<&str> = std::iter::once(time.as_str())
            .chain(self.then_by.iter().map(String::as_str))
            .collect();
        let since = first.minus_days(ROWS_DAYS);
        let since = match self.by_day {
            true => format!("DATE '{since}'"),
            false => format!("TIMESTAMP '{since}T00:00:00Z'"),
        };
        format!(
            "{name} AS (
                SELECT {whose} AS whose, {time} AS since, {value} AS value,
                    lead({time}) OVER (PARTITION BY {whose} ORDER BY {order}) AS until
                FROM {of} WHERE {whose} IS NOT NULL AND {time} >= {since})",
            value = self.value(),
            order = order.join(", "),
        )
    }

    /// Joins that table to rows of `judged`.
    pub(super) fn join(&self, name: &str) -> String {
        let of = match self.whose {
            Whose::Customer => "customer_id",
            Whose::Shown => "top",
        };
        let at = if self.by_day { "day" } else { "decided_at" };
        format!(
            "LEFT JOIN {name} ON {name}.whose = judged.{of} AND {name}.since <= judged.{at}
                AND ({name}.until IS NULL OR {name}.until > judged.{at})"
        )
    }

    /// The column as a text. Of numbers three digits are enough to lie in a cell, and fewer differ.
    fn value(&self) -> String {
        let column = &self.column;
        if !self.is_number {
            return format!("coalesce('=' || CAST({column} AS VARCHAR), '{ABSENT}')");
        }
        let digits = format!("power(10.0, floor(log10(abs(CAST({column} AS DOUBLE)))) - 2)");
        format!(
            "CASE WHEN {column} IS NULL THEN '{ABSENT}' WHEN {column} = 0 THEN '=0'
                ELSE '=' || CAST(round({column} / {digits}) * {digits} AS VARCHAR) END"
        )
    }
}

/// What stands for a value that is absent from its row. Where there is no row there is no text.
const ABSENT: &str = "?";

/// What a decision met of a column, as cells are told apart.
#[derive(Debug, Clone, PartialEq)]
enum Value<'a> {
    NoRow,
    Absent,
    Number(f64),
    Text(&'a str),
}

/// The cells of a column, as decisions before a fall met it: no row, absent, never met before, and quantiles of numbers or
/// the most frequent values.
pub(super) struct Bins {
    at: usize,
    is_number: bool,
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
        let mut bins = Self {
            at,
            is_number: met.is_number,
            profile: None,
            ends: (f64::INFINITY, f64::NEG_INFINITY),
        };
        let all: u64 = before.iter().map(|cell| cell.decisions).sum();
        let each = all.div_ceil(SAMPLE).max(1);
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        for cell in before {
            let times = usize::try_from(cell.decisions.div_ceil(each)).unwrap_or(usize::MAX);
            match bins.value(cell) {
                Value::NoRow | Value::Absent => {}
                Value::Number(number) => {
                    bins.ends = (bins.ends.0.min(number), bins.ends.1.max(number));
                    numbers.extend(std::iter::repeat_n(Some(number), times));
                }
                Value::Text(text) => texts.extend(std::iter::repeat_n(Some(text), times)),
            }
        }
        bins.profile = match met.is_number {
            true => FeatureProfile::of_numbers(&numbers, BINS).ok(),
            false => FeatureProfile::of_categories(&texts).ok(),
        };
        bins
    }

    fn value<'a>(&self, cell: &'a Cell) -> Value<'a> {
        let text = cell.met[self.at].as_str();
        match text.strip_prefix('=') {
            None if text == ABSENT => Value::Absent,
            None => Value::NoRow,
            Some(text) if self.is_number => text.parse().map_or(Value::Absent, Value::Number),
            Some(text) => Value::Text(text),
        }
    }

    /// How many there are.
    pub(super) fn cells(&self) -> usize {
        Self::OWN
            + self
                .profile
                .as_ref()
                .map_or(0, |profile| profile.shares().len())
    }

    /// The cell of a decision.
    pub(super) fn cell(&self, of: &Cell) -> usize {
        let shape = self.profile.as_ref().map(FeatureProfile::shape);
        match (self.value(of), shape) {
            (Value::NoRow, _) => Self::NO_ROW,
            (Value::Absent, _) => Self::ABSENT,
            (Value::Number(number), Some(Shape::Numbers { edges }))
                if self.ends.0 <= number && number <= self.ends.1 =>
            {
                Self::OWN + edges.partition_point(|edge| *edge < number)
            }
            (Value::Text(text), Some(Shape::Categories { cells })) => cells
                .get(text)
                .map_or(Self::NEVER_MET, |cell| Self::OWN + cell),
            (Value::Number(_) | Value::Text(_), _) => Self::NEVER_MET,
        }
    }
}
