//! A whole experiment read from its rows: millions of customers, twenty metrics.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use anyhow::{Context, ensure};
use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch, UInt8Array};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, UInt8Type};
use jiff::civil::date;
use math::random::stream;
use measure::effects::Moments;
use measure::readout::{Arm, Experiment, Method, Metric, read_out};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::properties::WriterProperties;
use rand_chacha::rand_core::Rng;
use schema::AsOf;

use super::program::Folder;
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::child::own_peak_memory;
use crate::peer::Peer;

pub(crate) static READOUT_TEN_MILLION: Case = Case {
    name: "readout_ten_million",
    what: "Ten million customers in three arms, twenty metrics (ten less what was spent before, five ratios), read from Parquet to findings",
    unit: "s",
    bar: "at most 15 s and 2 GiB, every planted effect found and at most one more",
    run: readout_ten_million,
};

const ARMS: [&str; 3] = ["control", "one", "two"];
const N_METRICS: usize = 20;
/// Every fourth metric of arm `two` is higher by so much.
const LIFT: f64 = 1.02;
const PLANTED_EVERY: usize = 4;
/// Customers of a row group.
const GROUP: usize = 1 << 18;
const TUNED_UNITS: f64 = 1_000_000.0;

/// What the columns of a metric are.
fn method(metric: usize) -> Method {
    match metric {
        0..10 => Method::Adjusted,
        10..15 => Method::Ratio,
        _ => Method::Mean,
    }
}

fn is_planted(metric: usize) -> bool {
    metric.is_multiple_of(PLANTED_EVERY)
}

/// The columns that a metric reads: the outcome, and the covariate or denominator beside it.
fn columns(metric: usize) -> Vec<usize> {
    match method(metric) {
        Method::Adjusted | Method::Ratio | Method::AdjustedRatio => {
            vec![1 + metric, 1 + N_METRICS + metric]
        }
        Method::Mean | Method::Clustered => vec![1 + metric],
    }
}

/// Cents that customers spent while the experiment ran, and before it or in how many orders: many spend nothing.
fn drawn(rows: usize, seed: u64, group: u64) -> Vec<ArrayRef> {
    let mut random = stream(seed, group);
    let mut unit = || f64::from(random.next_u32()) / f64::from(u32::MAX);
    let mut arms = Vec::with_capacity(rows);
    let mut outcomes = vec![Vec::new(); N_METRICS];
    let mut beside = vec![Vec::new(); 15];
    for _ in 0..rows {
        let arm = ((unit() * 3.0) as u8).min(2);
        arms.push(arm);
        let likes = unit();
        for metric in 0..N_METRICS {
            let lift = if arm == 2 && is_planted(metric) {
                LIFT
            } else {
                1.0
            };
            let spends = unit() < 0.2 + 0.6 * likes;
            let cents = if spends {
                5_000.0 * likes * (0.2 + 1.6 * unit())
            } else {
                0.0
            };
            outcomes[metric].push((cents * lift).round() as i32);
            match method(metric) {
                Method::Adjusted => {
                    beside[metric].push((5_000.0 * likes * unit()).round() as i32);
                }
                Method::Ratio => beside[metric].push(i32::from(spends)),
                Method::Mean | Method::Clustered | Method::AdjustedRatio => {}
            }
        }
    }
    let mut all: Vec<ArrayRef> = vec![Arc::new(UInt8Array::from(arms))];
    let numbers = outcomes.into_iter().chain(beside);
    all.extend(numbers.map(|column| Arc::new(Int32Array::from(column)) as ArrayRef));
    all
}

/// Draws customers and writes them: one thread draws while the other writes.
fn write(path: &Path, customers: usize, seed: u64) -> anyhow::Result<()> {
    let names = (0..N_METRICS)
        .map(|n| format!("outcome_{n}"))
        .chain((0..15).map(|n| format!("beside_{n}")));
    let mut fields = vec![Field::new("arm", DataType::UInt8, false)];
    fields.extend(names.map(|name| Field::new(name, DataType::Int32, false)));
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(GROUP))
        .build();
    let file = fs_err::File::create(path)?.into_file();
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let (send, receive) = sync_channel(1);
        scope.spawn(move || {
            for (group, first) in (0..customers).step_by(GROUP).enumerate() {
                let rows = GROUP.min(customers - first);
                if send.send(drawn(rows, seed, group as u64)).is_err() {
                    return;
                }
            }
        });
        for columns in receive {
            writer.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
        }
        Ok(())
    })?;
    writer.close()?;
    Ok(())
}

/// What is kept of rows: units of each arm, and per metric and arm its moments.
struct Sums {
    assigned: Vec<u64>,
    measured: Vec<Vec<Moments>>,
}

impl Sums {
    fn nothing() -> Self {
        let of = |metric| vec![Moments::new(columns(metric).len()); ARMS.len()];
        Self {
            assigned: vec![0; ARMS.len()],
            measured: (0..N_METRICS).map(of).collect(),
        }
    }

    fn add(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let arms = batch.column(0).as_primitive::<UInt8Type>().values();
        for arm in arms {
            self.assigned[usize::from(*arm)] += 1;
        }
        for (metric, moments) in self.measured.iter_mut().enumerate() {
            let columns: Vec<&[i32]> = columns(metric)
                .iter()
                .map(|n| &batch.column(*n).as_primitive::<Int32Type>().values()[..])
                .collect();
            let mut row = vec![0.0; columns.len()];
            for (n, arm) in arms.iter().enumerate() {
                for (value, column) in row.iter_mut().zip(&columns) {
                    *value = f64::from(column[n]);
                }
                moments[usize::from(*arm)].push(&row)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> anyhow::Result<()> {
        for (own, more) in self.assigned.iter_mut().zip(&other.assigned) {
            *own += more;
        }
        let others = other.measured.iter().flatten();
        for (own, more) in self.measured.iter_mut().flatten().zip(others) {
            own.merge(more)?;
        }
        Ok(())
    }
}

/// Sums of a file, its row groups shared among all cores and merged in their order.
fn sums(path: &Path) -> anyhow::Result<Sums> {
    let file = fs_err::File::open(path)?.into_file();
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    let groups = metadata.metadata().num_row_groups();
    let next = AtomicUsize::new(0);
    let of_groups = || -> anyhow::Result<Vec<(usize, Sums)>> {
        let mut done = Vec::new();
        loop {
            let group = next.fetch_add(1, Ordering::Relaxed);
            if group >= groups {
                return Ok(done);
            }
            let file = fs_err::File::open(path)?.into_file();
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
                .with_row_groups(vec![group])
                .with_batch_size(8 * 1024)
                .build()?;
            let mut sums = Sums::nothing();
            for batch in reader {
                sums.add(&batch?)?;
            }
            done.push((group, sums));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut parts = Vec::new();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(of_groups)).collect();
        for worker in workers {
            parts.extend(worker.join().expect("reading does not panic")?);
        }
        Ok(())
    })?;
    parts.sort_by_key(|(group, _)| *group);
    let mut all = Sums::nothing();
    for (_, part) in &parts {
        all.merge(part)?;
    }
    Ok(all)
}

fn readout_ten_million(ctx: &Ctx) -> anyhow::Result<Outcome> {
    const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
    let customers = ctx.pick(20_000, 10_000_000);
    let folder = Folder::new("readout")?;
    let path = folder.0.join("customers.parquet");
    let started = Instant::now();
    write(&path, customers, ctx.seed)?;
    let writing = started.elapsed().as_secs_f64();
    let bytes = fs_err::metadata(&path)?.len() as f64;
    let start = AsOf(date(2026, 1, 1));
    let experiment = Experiment {
        start,
        arms: ARMS
            .iter()
            .map(|name| Arm {
                name: (*name).to_owned(),
                share: 1.0 / 3.0,
            })
            .collect(),
        metrics: (0..N_METRICS)
            .map(|n| Metric {
                name: n.to_string(),
                method: method(n),
            })
            .collect(),
        alpha: 0.05,
        tuned_units: TUNED_UNITS,
    };
    let started = Instant::now();
    let found = sums(&path)?;
    let after = AsOf(date(2026, 1, 29));
    let read = read_out(&experiment, after, &found.assigned, &found.measured)?;
    let seconds = started.elapsed().as_secs_f64();

    ensure!(
        found.assigned.iter().sum::<u64>() == customers as u64,
        "{:?} of {customers} customers were read",
        found.assigned
    );
    let (mut planted, mut others, mut held) = (0, 0, 0);
    for finding in &read.findings {
        let metric: usize = finding.metric.parse()?;
        let is_planted = finding.arm == ARMS[2] && is_planted(metric);
        if finding.discovered {
            *(if is_planted {
                &mut planted
            } else {
                &mut others
            }) += 1;
        }
        // The lift is of the outcome; of a ratio too, for it leaves the number of orders as it is.
        let truth = if is_planted { LIFT - 1.0 } else { 0.0 };
        let size = finding.relative.size().context("a relative effect")?;
        held += u32::from(size.low <= truth && truth <= size.high);
    }
    let n_planted = (0..N_METRICS).filter(|m| is_planted(*m)).count();
    let peak = own_peak_memory().context("the peak memory of this process is not known")?;
    let holds = seconds <= 15.0 && peak as f64 <= 2.0 * GIB && planted == n_planted && others <= 1;
    Ok(Outcome::Measured(Measured {
        value: seconds,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none(
            "gbstats reads sums and no rows; its figures are those of readout_vs_gbstats",
        ),
        split: "drawn: four in ten customers spend nothing on a metric; every fourth metric of arm `two` is 2 % higher",
        note: format!(
            "{customers} customers, {:.2} GiB of Parquet, drawn and written in {writing:.0} s; {planted} of {n_planted} planted effects called real, {others} others; {held} of {} intervals of 95 % hold the truth",
            bytes / GIB,
            read.findings.len()
        ),
        child: None,
    }))
}
