//! Whether the tables that products read are still what they were: column by column, day by day.
//!
//! Each quarter is held against the 24 weeks before it, of which the first half says what a column looks like and the
//! second how far days usually are from that; days of the same quarter one year before count as usual too, where there
//! are any. So what is said of a quarter follows from the lake alone, however often it is asked, and that a column is
//! said to have changed although it has not is rare by [`monitoring::inputs`].

mod count;
mod read_by;

pub(super) use count::{is_number, value_of};
pub use read_by::ReadBy;

use crate::Workshop;
use count::{Counted, Rows};
use lake::{LakeError, Snapshot};
use monitoring::inputs::{Aspect, CellCounts, FeatureDay, FeatureProfile, FeatureWatch};
use monitoring::refusal::Refusal;
use registry::StoreError;
use schema::table::{Column, ColumnType, Table, table};
use schema::{AsOf, Weight};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Among columns that are said to have changed, the share that have not is expected to be at most this.
const ALPHA: f64 = 0.05;

/// Of values that are others or absent, fewer than this share are no news, however sure it is: prices that stay for
/// weeks and change now and then are never quite what they were.
const TOLD_FROM: f64 = 0.1;

/// From this share on a column is suspected before it is sure.
const SUSPECTED_FROM: f64 = 0.5;

/// Days before a quarter that say what a column was like.
const REFERENCE_DAYS: i32 = 168;

/// Fewest such days: a profile and days to rank among need four weeks each.
const REFERENCE_DAYS_MIN: i32 = 56;

/// 52 weeks: the same days of the week one year before.
const YEAR_DAYS: i32 = 364;

/// Values that a profile is learnt from: shares of a hundredth are seen well enough in them.
const SAMPLE: u64 = 20_000;

/// Quantiles between which a profile of numbers has its cells.
const BINS: usize = 10;

/// Name of what is kept in the registry, with the version of how it is worked out.
const KEPT: &str = "inputs/4";

/// Why inputs cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum InputsError {
    /// The lake.
    #[error("read the lake")]
    Lake(#[from] LakeError),
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// Counts that no table can have.
    #[error("watch the inputs")]
    Watch(#[from] Refusal),
}

/// What of the tables that products read has changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Inputs {
    /// The first day that was held against those before; absent where there is none yet.
    pub since: Option<AsOf>,
    /// Columns that are watched, as `table.column`.
    pub watched: Vec<String>,
    /// Those that have changed, first the one whose change can move answers most: how much of a version hangs on it times
    /// how much of it has changed. What no version uses is last.
    pub shifted: Vec<Shifted>,
    /// Those that look as if most of them had changed and of which that is not sure yet: they are named where decisions
    /// became worse at the same time, and told of nowhere else.
    pub suspected: Vec<Shifted>,
}

/// A column that is no longer what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shifted {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// What of it has changed most.
    pub aspect: Aspect,
    /// The day from which on that explains most.
    pub since: Option<AsOf>,
    /// Share of the values of the last seven days that would have to be others for them to be as before.
    pub share: f64,
    /// Of what it never had before, the values that are there most often, three at most; empty where something else of
    /// it has changed most.
    pub new_values: Vec<String>,
    /// Products whose champion uses the column, the one that its change can harm most first.
    pub read_by: Vec<ReadBy>,
}

/// A column, as it was counted: whatever is made of it later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Seen {
    table: String,
    column: String,
    aspect: Aspect,
    /// How far it is from its profile, 0 to 1.
    shift: f64,
    /// Natural logarithm of the e-value against "as it was".
    ln_e_value: f64,
    since: Option<AsOf>,
    new_values: Vec<String>,
}

/// What was counted of all tables: it follows from the lake alone, and is kept for as long as that stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Watched {
    since: Option<AsOf>,
    columns: Vec<String>,
    seen: Vec<Seen>,
}

impl Inputs {
    /// Columns that have changed and that the champion of a product uses, with what they are to it, what can harm it most
    /// first.
    pub fn of_product(&self, product: &str) -> impl Iterator<Item = (&Shifted, &ReadBy)> {
        let mut used: Vec<(&Shifted, &ReadBy)> = self
            .shifted
            .iter()
            .filter_map(|shifted| Some((shifted, shifted.to(product)?)))
            .collect();
        used.sort_by(|(_, a), (_, b)| b.harm.total_cmp(&a.harm));
        used.into_iter()
    }
}

impl Shifted {
    /// What the column is to a product; `None` where its champion does not use it.
    pub(crate) fn to(&self, product: &str) -> Option<&ReadBy> {
        self.read_by.iter().find(|by| by.product == product)
    }

    /// Who uses it, in a few words.
    #[must_use]
    pub fn used_by(&self) -> String {
        if self.read_by.is_empty() {
            return "used by no version that answers".to_owned();
        }
        let each: Vec<String> = self.read_by.iter().map(ReadBy::to_string).collect();
        format!("used by {}", each.join(", "))
    }

    /// In a sentence, with what it is to a version that reads its table.
    #[must_use]
    pub fn sentence_of(&self, product: &str, version: Option<u32>) -> String {
        let (told, number) = (self.sentence(), version.unwrap_or_default());
        match (self.to(product), version) {
            (_, None) => told,
            (None, Some(_)) => format!("{told}; version {number} does not use it"),
            (Some(by), Some(_)) => match &by.weight {
                Weight::Share { .. } => {
                    format!("{told}; it weighs {} in version {number}", by.weight)
                }
                Weight::Beside => format!("{told}; version {number} uses it beside its model"),
                Weight::Unknown { .. } => told,
            },
        }
    }

    /// The column with its table.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }

    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (table, column) = (&self.table, &self.column);
        let what = match self.aspect {
            Aspect::Values => "has other values than before",
            Aspect::Nulls => "is absent more or less often than before",
            Aspect::NeverSeen => "has values that it never had",
        };
        let new = if self.new_values.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.new_values.join(", "))
        };
        let since = self
            .since
            .map_or_else(String::new, |since| format!(", likely since {since}"));
        let share = 100.0 * self.share;
        format!("column {column} of table {table} {what}{new}{since}: {share:.0} % of them")
    }
}

/// Days that a table is watched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Days {
    /// The first day of the reference.
    from: AsOf,
    /// The first day that is held against it.
    look: AsOf,
    /// The first day not known.
    until: AsOf,
}

impl Days {
    /// The days of the quarter that the last known day lies in; `None` where too little is known before them.
    fn of(first: AsOf, until: AsOf) -> Option<Self> {
        let last = until.minus_days(1).0;
        let month = (last.month() - 1) / 3 * 3 + 1;
        let quarter = AsOf(jiff::civil::date(last.year(), month, 1));
        let look = quarter.max(first.minus_days(-REFERENCE_DAYS_MIN));
        (look < until).then(|| Self {
            from: look.minus_days(REFERENCE_DAYS).max(first),
            look,
            until,
        })
    }

    /// Where the days that a profile is learnt from end.
    fn calibration(self) -> AsOf {
        let length = self.look.epoch_day() - self.from.epoch_day();
        self.look.minus_days(length / 2)
    }

    /// The same days one year before.
    fn year_before(self) -> (AsOf, AsOf) {
        (
            self.look.minus_days(YEAR_DAYS),
            self.until.minus_days(YEAR_DAYS),
        )
    }
}

/// Watches the tables that the project's products read, or gives back what is known of the same tables already; and ranks
/// what has changed by what hangs on it in the versions that answer now.
pub(super) async fn watch(
    workshop: &Workshop,
    snapshot: &Snapshot,
    data_until: Option<AsOf>,
) -> Result<Inputs, InputsError> {
    let Some(until) = data_until else {
        return Ok(Inputs::default());
    };
    let readers = read_by::Reader::all(workshop).await?;
    let tables = read_by::tables(&readers, snapshot);
    let versions: Vec<String> = tables
        .iter()
        .map(|table| format!("{table} {}", snapshot.tables[*table]))
        .collect();
    let of = format!("{until} {}", versions.join(", "));
    let kept = workshop.registry.kept(KEPT, &of).await?;
    let kept = kept.and_then(|kept| serde_json::from_str::<Watched>(&kept).ok());
    let watched = match kept {
        Some(watched) => watched,
        None => {
            let found = watch_all(workshop, snapshot, &tables, until).await?;
            let text = serde_json::to_string(&found).unwrap_or_default();
            workshop.registry.keep(KEPT, &of, &text).await?;
            found
        }
    };
    Ok(read_by::ranked(watched, &readers)?)
}

async fn watch_all(
    workshop: &Workshop,
    snapshot: &Snapshot,
    tables: &[&str],
    until: AsOf,
) -> Result<Watched, InputsError> {
    let mut watched = Watched::default();
    for name in tables {
        let (Some(shape), lake) = (table(name), Rows { workshop, snapshot }) else {
            continue;
        };
        let Some(first) = lake.first_day(shape).await? else {
            continue;
        };
        let Some(days) = Days::of(first, until) else {
            continue;
        };
        watched.since = watched.since.min(Some(days.look)).or(Some(days.look));
        let columns: Vec<&Column> = shape
            .columns
            .iter()
            .filter(|column| is_watched(shape, column))
            .collect();
        let counted = lake.counted(shape, &columns, days).await?;
        for (column, counted) in columns.into_iter().zip(counted) {
            let Some(counted) = counted else {
                continue;
            };
            let Some(watch) = watch_of(&counted, days, &format!("{name}.{}", column.name))? else {
                continue;
            };
            watched.columns.push(format!("{name}.{}", column.name));
            let Some(shift) = watch.shift() else {
                continue;
            };
            let aspect = watch.aspect();
            watched.seen.push(Seen {
                table: (*name).to_owned(),
                column: column.name.clone(),
                aspect,
                shift,
                ln_e_value: watch.ln_e_value(),
                since: watch.likely_since(),
                new_values: match aspect {
                    Aspect::NeverSeen => counted.new_since(days),
                    Aspect::Values | Aspect::Nulls => Vec::new(),
                },
            });
        }
    }
    Ok(watched)
}

/// Whether a column has a distribution: names of orders, customers and products have none.
fn is_watched(table: &Table, column: &Column) -> bool {
    let is_name = table.key.contains(&column.name)
        || column.personal
        || column
            .references
            .as_deref()
            .is_some_and(|of| of.starts_with("customers.") || of.starts_with("products."));
    match column.kind {
        ColumnType::Text | ColumnType::Boolean => !is_name,
        ColumnType::Integer | ColumnType::Cents | ColumnType::Number => {
            !table.key.contains(&column.name)
        }
        ColumnType::Date | ColumnType::Timestamp => false,
    }
}

/// A column, watched up to the last known day; `None` where it has too few values or days for that.
fn watch_of(
    counted: &Counted,
    days: Days,
    name: &str,
) -> Result<Option<FeatureWatch>, InputsError> {
    let profile = match counted {
        Counted::Numbers(by_day) => {
            let sample = sample(by_day, days);
            let sample: Vec<Option<f64>> = sample
                .into_iter()
                .map(|value| value.map(|value| value as f64))
                .collect();
            FeatureProfile::of_numbers(&sample, BINS)
        }
        Counted::Categories(by_day) => {
            let sample = sample(by_day, days);
            let sample: Vec<Option<&str>> = sample.iter().map(Option::as_deref).collect();
            FeatureProfile::of_categories(&sample)
        }
    };
    // Fewer than a hundred values say nothing.
    let Ok(profile) = profile else {
        return Ok(None);
    };
    let days_of = |from: AsOf, to: AsOf| -> Result<Vec<FeatureDay>, Refusal> {
        match counted {
            Counted::Numbers(by_day) => by_day
                .range(from..to)
                .map(|(day, values)| {
                    let numbers = values
                        .iter()
                        .map(|(value, n)| (value.map(|v| v as f64), *n));
                    Ok(day_of(*day, of_numbers(&profile, numbers)?))
                })
                .collect(),
            Counted::Categories(by_day) => by_day
                .range(from..to)
                .map(|(day, values)| Ok(day_of(*day, of_categories(&profile, values)?)))
                .collect(),
        }
    };
    let (before, after) = days.year_before();
    let mut usual = days_of(before.min(days.from), after.min(days.from))?;
    usual.extend(days_of(days.calibration(), days.look)?);
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // Fewer than two weeks of days to rank among say nothing either.
    let Ok(mut watch) = FeatureWatch::new(profile.clone(), &usual, seed) else {
        return Ok(None);
    };
    for day in days_of(days.look, days.until)? {
        watch.look(&day)?;
    }
    Ok(Some(watch))
}

/// A day is ranked among others of its kind.
fn day_of(day: AsOf, counts: CellCounts) -> FeatureDay {
    let weekend = day.0.weekday().to_monday_one_offset() >= 6;
    FeatureDay {
        day,
        season: u16::from(weekend),
        counts,
    }
}

fn of_numbers(
    profile: &FeatureProfile,
    values: impl Iterator<Item = (Option<f64>, u64)>,
) -> Result<CellCounts, Refusal> {
    let mut all = profile.count_numbers(&[])?;
    for (value, n) in values {
        add(&mut all, &profile.count_numbers(&[value])?, n);
    }
    Ok(all)
}

fn of_categories(
    profile: &FeatureProfile,
    values: &[(Option<String>, u64)],
) -> Result<CellCounts, Refusal> {
    let mut all = profile.count_categories(&[]);
    for (value, n) in values {
        add(&mut all, &profile.count_categories(&[value.as_deref()]), *n);
    }
    Ok(all)
}

/// Adds one value that was there so many times.
fn add(all: &mut CellCounts, one: &CellCounts, times: u64) {
    for (own, more) in all.cells.iter_mut().zip(&one.cells) {
        *own += more * times;
    }
    all.nulls += one.nulls * times;
    all.never_seen += one.never_seen * times;
}

/// Values of the days that a profile is learnt from, each as often as its share of the sample is.
fn sample<V: Clone + Ord>(by_day: &BTreeMap<AsOf, Vec<(V, u64)>>, days: Days) -> Vec<V> {
    let mut sums: BTreeMap<&V, u64> = BTreeMap::new();
    for (value, n) in by_day
        .range(days.from..days.calibration())
        .flat_map(|(_, values)| values)
    {
        *sums.entry(value).or_default() += n;
    }
    let total: u64 = sums.values().sum();
    let mut sample = Vec::new();
    for (value, n) in sums {
        let times = if total <= SAMPLE {
            n
        } else {
            (u128::from(n) * u128::from(SAMPLE)).div_ceil(u128::from(total)) as u64
        };
        sample.extend((0..times).map(|_| value.clone()));
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> AsOf {
        AsOf(text.parse().unwrap())
    }

    #[test]
    fn a_quarter_is_held_against_the_weeks_before_it_as_far_as_there_are_any() {
        let long = Days::of(day("2024-01-01"), day("2026-11-05")).unwrap();
        assert_eq!(
            (long.look, long.until),
            (day("2026-10-01"), day("2026-11-05"))
        );
        assert_eq!(long.from, day("2026-04-16"));
        assert_eq!(long.calibration(), day("2026-07-09"));
        assert_eq!(long.year_before(), (day("2025-10-02"), day("2025-11-06")));
        let young = Days::of(day("2026-09-20"), day("2026-12-20")).unwrap();
        assert_eq!(
            (young.from, young.look),
            (day("2026-09-20"), day("2026-11-15"))
        );
        assert_eq!(Days::of(day("2026-09-20"), day("2026-11-15")), None);
        // The last known day decides, not the first unknown one.
        let turn = Days::of(day("2024-01-01"), day("2026-10-01")).unwrap();
        assert_eq!(turn.look, day("2026-07-01"));
    }
}
