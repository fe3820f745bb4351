//! How often columns had each value on each day: one pass over a table for all of its columns, since tables of daily
//! imports lie in many small files.

use super::Days;
use crate::Workshop;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use futures::TryStreamExt;
use lake::{LakeError, Snapshot};
use schema::AsOf;
use schema::table::{Column, ColumnType, Table};
use schema::time::date_of;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Texts of which a column may have so many are categories; of more they are names.
const CATEGORIES_MAX: usize = 200;

/// More texts than this are not kept, whenever they came up.
const TEXTS_MAX: usize = 100_000;

/// How often a column had each value on each day.
pub(super) enum Counted {
    /// Numbers, each rounded to a fiftieth of its logarithm: the order is theirs.
    Numbers(BTreeMap<AsOf, Vec<(Option<i64>, u64)>>),
    /// Categories.
    Categories(BTreeMap<AsOf, Vec<(Option<String>, u64)>>),
}

impl Counted {
    /// The categories that the days which are held against those before have and the ones that a profile is learnt from
    /// have not, the most frequent first; three at most.
    pub(super) fn new_since(&self, days: Days) -> Vec<String> {
        const MOST: usize = 3;
        let Self::Categories(by_day) = self else {
            return Vec::new();
        };
        let names = |from: AsOf, to: AsOf| {
            let all = by_day.range(from..to).flat_map(|(_, values)| values);
            all.filter_map(|(name, n)| Some((name.as_deref()?, *n)))
        };
        let known: HashSet<&str> = names(days.from, days.calibration())
            .map(|(name, _)| name)
            .collect();
        let mut new: BTreeMap<&str, u64> = BTreeMap::new();
        for (name, n) in names(days.look, days.until) {
            if !known.contains(name) {
                *new.entry(name).or_default() += n;
            }
        }
        let mut new: Vec<(&str, u64)> = new.into_iter().collect();
        new.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let most = new.into_iter().take(MOST);
        most.map(|(name, _)| name.to_owned()).collect()
    }
}

/// The rows of one snapshot.
pub(super) struct Rows<'a> {
    pub(super) workshop: &'a Workshop,
    pub(super) snapshot: &'a Snapshot,
}

impl Rows<'_> {
    /// The day of a table's first row.
    pub(super) async fn first_day(&self, table: &Table) -> Result<Option<AsOf>, LakeError> {
        let (name, time) = (&table.name, table.time.as_deref().unwrap_or_default());
        let sql = format!("SELECT CAST(MIN({time}) AS DATE) FROM {name}");
        let batches = self.workshop.lake.query_at(&sql, self.snapshot).await?;
        let first = batches.iter().find(|batch| batch.num_rows() > 0);
        Ok(first.and_then(|batch| {
            let days = batch.column(0).as_primitive::<Date32Type>();
            days.is_valid(0).then(|| AsOf(date_of(days.value(0))))
        }))
    }

    /// How often each of some columns had each value on each day that counts; `None` where a column has too many values
    /// for categories.
    pub(super) async fn counted(
        &self,
        table: &Table,
        columns: &[&Column],
        days: Days,
    ) -> Result<Vec<Option<Counted>>, LakeError> {
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let (name, time) = (&table.name, table.time.as_deref().unwrap_or_default());
        let within =
            |from: AsOf, to: AsOf| format!("({time} >= DATE '{from}' AND {time} < DATE '{to}')");
        let (before, after) = days.year_before();
        let values: Vec<String> = columns.iter().map(|column| value_of(column)).collect();
        let sql = format!(
            "SELECT CAST({time} AS DATE), {} FROM {name} WHERE {} OR {}",
            values.join(", "),
            within(days.from, days.until),
            within(before, after)
        );
        let of = |column: &&Column| Counting::new(is_number(column));
        let mut counting: Vec<Counting> = columns.iter().map(of).collect();
        let learnt_from = days.from.epoch_day()..days.calibration().epoch_day();
        let mut stream = self.workshop.lake.stream_at(&sql, self.snapshot).await?;
        let failed = |error| self.workshop.lake.sql_error(error);
        while let Some(batch) = stream.try_next().await.map_err(failed)? {
            add(&mut counting, &batch, &learnt_from);
        }
        Ok(counting.into_iter().map(Counting::counted).collect())
    }
}

pub(in crate::review) fn is_number(column: &Column) -> bool {
    match column.kind {
        ColumnType::Integer | ColumnType::Cents | ColumnType::Number => true,
        ColumnType::Text | ColumnType::Boolean | ColumnType::Date | ColumnType::Timestamp => false,
    }
}

/// What of a column is counted. The order of numbers is kept; zero lies between what is below and above it.
pub(in crate::review) fn value_of(column: &Column) -> String {
    let of = &column.name;
    if is_number(column) {
        format!(
            "CASE WHEN {of} > 0 THEN CAST(100000 + ROUND(50 * LN({of})) AS BIGINT) \
             WHEN {of} < 0 THEN CAST(-100000 - ROUND(50 * LN(-{of})) AS BIGINT) \
             WHEN {of} = 0 THEN CAST(0 AS BIGINT) END"
        )
    } else {
        format!("CAST({of} AS VARCHAR)")
    }
}

/// Counts of one day: of what is absent, and of each value.
#[derive(Default)]
struct OfDay<V> {
    absent: u64,
    values: HashMap<V, u64>,
}

/// Values of a column, as they are counted.
enum Counting {
    Numbers(HashMap<i32, OfDay<i64>>),
    Texts {
        known: HashMap<String, u32>,
        /// Those of the days that a profile is learnt from.
        learnt: HashSet<u32>,
        days: HashMap<i32, OfDay<u32>>,
    },
    /// Texts that are names.
    Names,
}

/// Adds the rows of a batch, the day first, then each column.
fn add(counting: &mut [Counting], batch: &RecordBatch, learnt_from: &std::ops::Range<i32>) {
    let days = batch.column(0).as_primitive::<Date32Type>();
    for (counting, column) in counting.iter_mut().zip(&batch.columns()[1..]) {
        let known = (0..batch.num_rows()).filter(|row| days.is_valid(*row));
        match counting {
            Counting::Numbers(of) => {
                let values = column.as_primitive::<Int64Type>();
                for row in known {
                    let day = of.entry(days.value(row)).or_default();
                    day.add(values.is_valid(row).then(|| values.value(row)));
                }
            }
            Counting::Texts {
                known: texts,
                learnt,
                days: of,
            } => {
                let Ok(plain) = arrow::compute::cast(column, &DataType::Utf8) else {
                    continue;
                };
                let values = plain.as_string::<i32>();
                for row in known {
                    let day = days.value(row);
                    let id = values
                        .is_valid(row)
                        .then(|| number(texts, values.value(row)));
                    if let Some(id) = id
                        && learnt_from.contains(&day)
                    {
                        learnt.insert(id);
                    }
                    of.entry(day).or_default().add(id);
                }
                if learnt.len() > CATEGORIES_MAX || texts.len() > TEXTS_MAX {
                    *counting = Counting::Names;
                }
            }
            Counting::Names => {}
        }
    }
}

/// The number of a text.
fn number(known: &mut HashMap<String, u32>, text: &str) -> u32 {
    if let Some(id) = known.get(text) {
        return *id;
    }
    let id = u32::try_from(known.len()).unwrap_or(u32::MAX);
    known.insert(text.to_owned(), id);
    id
}

impl<V: std::hash::Hash + Eq> OfDay<V> {
    fn add(&mut self, value: Option<V>) {
        match value {
            None => self.absent += 1,
            Some(value) => *self.values.entry(value).or_default() += 1,
        }
    }

    /// Each value with its count, in their order, what is absent first.
    fn sorted<W: Ord>(self, of: impl Fn(V) -> W) -> Vec<(Option<W>, u64)> {
        let absent = (self.absent > 0).then_some((None, self.absent));
        let values = self
            .values
            .into_iter()
            .map(|(value, n)| (Some(of(value)), n));
        let mut all: Vec<(Option<W>, u64)> = absent.into_iter().chain(values).collect();
        all.sort_unstable();
        all
    }
}

impl Counting {
    fn new(numbers: bool) -> Self {
        if numbers {
            Self::Numbers(HashMap::new())
        } else {
            Self::Texts {
                known: HashMap::new(),
                learnt: HashSet::new(),
                days: HashMap::new(),
            }
        }
    }

    fn counted(self) -> Option<Counted> {
        let day = |day: i32| AsOf(date_of(day));
        match self {
            Self::Numbers(days) => {
                let days = days.into_iter();
                let sorted = days.map(|(at, of)| (day(at), of.sorted(|value| value)));
                Some(Counted::Numbers(sorted.collect()))
            }
            Self::Texts { known, days, .. } => {
                let mut texts = vec![String::new(); known.len()];
                for (text, id) in known {
                    texts[id as usize] = text;
                }
                let days = days.into_iter();
                let sorted =
                    days.map(|(at, of)| (day(at), of.sorted(|id| texts[id as usize].clone())));
                Some(Counted::Categories(sorted.collect()))
            }
            Self::Names => None,
        }
    }
}
