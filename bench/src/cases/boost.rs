//! Gradient boosting beside LightGBM, on the daily sales of a chain of drugstores.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use jiff::civil::Date;
use models::boost::{BINS_MAX, Labels, Loss, Settings, Table, fit};

use super::columns::{batches, numbers_or_nan, texts};
use super::program::Folder;
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Verdict};
use crate::peer::Peer;

const HELD_OUT_DAYS: i32 = 42;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

pub(crate) static BOOST_VS_LIGHTGBM: Case = Case {
    name: "boost_vs_lightgbm",
    what: "200 trees of 255 leaves learnt from two and a half years of sales of 1,115 drugstores, beside LightGBM",
    unit: "s",
    bar: "root mean squared error on the last 42 days at most 1.01 times LightGBM's, in at most twice its time",
    run: boost_vs_lightgbm,
};

fn boost_vs_lightgbm(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(folder) = ctx.data_file("rossmann") else {
        return Ok(NO_DATA);
    };
    let sales = Sales::read(&folder, ctx.pick(40, 1))?;
    let rounds_max = ctx.pick(20, 200);
    let settings = Settings {
        seed: ctx.seed,
        rounds_max,
        leaves_max: 255,
        ..Settings::default()
    };
    let began = Instant::now();
    let learnt = &sales.values[..sales.learn * COLUMNS];
    let table = Table::new(learnt, COLUMNS, BINS_MAX)?;
    let labels = Labels {
        rows: None,
        target: &sales.target[..sales.learn],
        weight: None,
    };
    let model = fit(&table, labels, None, Loss::Squared, &settings)?;
    let value = began.elapsed().as_secs_f64();
    let predicted = model.predict(&sales.values[sales.learn * COLUMNS..])?;
    let asked = began.elapsed().as_secs_f64() - value;
    let squares = predicted.iter().zip(&sales.target[sales.learn..]);
    let squares: f64 = squares.map(|(one, other)| (one - other).powi(2)).sum();
    let error = (squares / predicted.len() as f64).sqrt();
    let (peer, same) = sales.ask_peer(ctx, rounds_max, value, error)?;
    Ok(Outcome::Measured(Measured {
        value,
        verdict: Verdict::at_full_size(ctx, same),
        peer,
        split: "Rossmann, open days: 2013-01-01 to 2015-06-19 learns, the last 42 days judge",
        note: format!(
            "{} rows of {COLUMNS} columns learnt from; root mean squared error {error:.2} on {} rows, predicted in {asked:.3} s.",
            sales.learn,
            predicted.len()
        ),
        child: None,
    }))
}

const COLUMNS: usize = 14;

/// Days of stores by time, what is known of them, and what was sold.
struct Sales {
    values: Vec<f32>,
    target: Vec<f64>,
    /// Rows before the days held out.
    learn: usize,
}

impl Sales {
    /// Sales of every `every`th store.
    fn read(folder: &Path, every: i64) -> anyhow::Result<Self> {
        let (days, stores) = (
            batches(&folder.join("train_open_days.parquet"))?,
            batches(&folder.join("store.parquet"))?,
        );
        let mut of_store = BTreeMap::new();
        let kind = codes(&stores, "StoreType")?;
        let assortment = codes(&stores, "Assortment")?;
        let names = [
            "CompetitionDistance",
            "CompetitionOpenSinceMonth",
            "CompetitionOpenSinceYear",
            "Promo2",
            "Promo2SinceYear",
        ];
        let known: Vec<Vec<f64>> = names
            .iter()
            .map(|name| numbers_or_nan(&stores, name))
            .collect::<Result<_, _>>()?;
        for (row, store) in numbers_or_nan(&stores, "Store")?.into_iter().enumerate() {
            let mut own = vec![kind[row], assortment[row]];
            own.extend(known.iter().map(|column| column[row]));
            of_store.insert(store as i64, own);
        }
        let columns = ["Store", "DayOfWeek", "Promo", "SchoolHoliday", "Sales"]
            .map(|name| numbers_or_nan(&days, name));
        let [store, weekday, promotion, school, sold] = columns;
        let (store, weekday, promotion, school, sold) =
            (store?, weekday?, promotion?, school?, sold?);
        let holiday = codes(&days, "StateHoliday")?;
        let day = days_since_epoch(&days)?;
        let mut rows: Vec<usize> = (0..day.len())
            .filter(|row| store[*row] as i64 % every == 0)
            .collect();
        rows.sort_by_key(|row| day[*row]);
        let last = rows.last().map_or(0, |row| day[*row]);
        let learn = rows.partition_point(|row| day[*row] <= last - HELD_OUT_DAYS);
        let mut values = Vec::with_capacity(rows.len() * COLUMNS);
        for &row in &rows {
            let date = EPOCH.saturating_add(jiff::Span::new().days(day[row]));
            let own = of_store
                .get(&(store[row] as i64))
                .context("a store that is not in the list")?;
            let of_day = [
                store[row],
                weekday[row],
                promotion[row],
                school[row],
                holiday[row],
                f64::from(date.day()),
                f64::from(date.day_of_year()),
            ];
            values.extend(of_day.iter().chain(own).map(|value| *value as f32));
        }
        Ok(Self {
            values,
            target: rows.iter().map(|row| sold[*row]).collect(),
            learn,
        })
    }

    /// LightGBM on the same rows, and whether we are as good and not much slower.
    fn ask_peer(
        &self,
        ctx: &Ctx,
        rounds: usize,
        seconds: f64,
        error: f64,
    ) -> anyhow::Result<(Peer, bool)> {
        let folder = Folder::new("boost")?;
        let (values, target) = (folder.0.join("values"), folder.0.join("target"));
        let bytes: Vec<u8> = self
            .values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        fs_err::write(&values, bytes)?;
        let bytes: Vec<u8> = self
            .target
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        fs_err::write(&target, bytes)?;
        let [values, target] = [values, target].map(|path| path.display().to_string());
        let numbers = [self.learn, COLUMNS, rounds].map(|number| number.to_string());
        let arguments = [&values, &target, &numbers[0], &numbers[1], &numbers[2]];
        let peer = Peer::ask(ctx, "boost_lightgbm.py", &arguments.map(String::as_str));
        let same = match &peer {
            Peer::Absent(_) => false,
            Peer::Measured(peer) => {
                let theirs: f64 = peer.note.as_deref().unwrap_or_default().parse()?;
                error <= 1.01 * theirs && seconds <= 2.0 * peer.value
            }
        };
        Ok((peer, same))
    }
}

/// The first character of each text, as a number.
fn codes(batches: &[RecordBatch], name: &str) -> anyhow::Result<Vec<f64>> {
    let first = |text: &String| text.bytes().next().map_or(f64::NAN, f64::from);
    Ok(texts(batches, name)?.iter().map(first).collect())
}

fn days_since_epoch(batches: &[RecordBatch]) -> anyhow::Result<Vec<i32>> {
    let mut days = Vec::new();
    for batch in batches {
        let column = batch.column_by_name("Date").context("no column `Date`")?;
        let seconds = cast(column, &DataType::Timestamp(TimeUnit::Second, None))?;
        let seconds = cast(&seconds, &DataType::Int64)?;
        let seconds = seconds.as_primitive::<Int64Type>();
        days.extend(
            seconds
                .values()
                .iter()
                .map(|second| (second / 86_400) as i32),
        );
    }
    Ok(days)
}
