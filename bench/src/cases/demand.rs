//! Forecasts of demand on real series, held out as published comparisons do.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use jiff::civil::date;
use models::demand::{Forecaster, Panel, Settings, Step, pinball};
use serde_json::Value;

use super::columns::{batches, numbers, numbers_or_nan};
use super::program::{Folder, NO_PROGRAM, comptoir, program, ran, shop};
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Size, Verdict};
use crate::child::ChildUse;
use crate::peer::Peer;

/// Daily turnover of drugstores.
pub(crate) static ROSSMANN_DEMAND: Case = Case {
    name: "rossmann_demand",
    what: "daily turnover of 1,115 drugstores, six weeks ahead at once, by `comptoir run` with source files only",
    unit: "weighted absolute percentage error",
    bar: "≤ .086, root mean squared percentage error ≤ .125, 90 % intervals hold 87 to 93 %, of no tenth of the series less than 80 %",
    run: rossmann,
};

/// Weekly sales of departments.
pub(crate) static WALMART_DEMAND: Case = Case {
    name: "walmart_demand",
    what: "weekly sales of 3,331 departments of 45 stores, eight weeks ahead at once, by `comptoir run` with source files only",
    unit: "weighted absolute percentage error",
    bar: "≤ .073, 90 % intervals hold 87 to 93 %, of no tenth of the series less than 80 %",
    run: walmart,
};

/// Monthly sales of car parts.
pub(crate) static CAR_PARTS_DEMAND: Case = Case {
    name: "car_parts_demand",
    what: "monthly sales of car parts, 71 % of them zero: months 46 to 51 from months 1 to 45, series without a missing month",
    unit: "pinball loss at .5, .75, .9 and .95, divided by the mean absolute monthly change",
    bar: "≤ .395, 90 % intervals hold 87 to 93 %, of no tenth of the series less than 80 %",
    run: car_parts,
};

/// Weekly orders of a wholesaler's products.
pub(crate) static WHOLESALER_DEMAND: Case = Case {
    name: "wholesaler_demand",
    what: "weekly units of a gift wholesaler's products, most of which sell nothing in most weeks, eight weeks ahead at once, by `comptoir run` with source files only",
    unit: "weighted quantile loss",
    bar: "below the naive forecast's, 90 % intervals hold 87 to 93 %, of no tenth of the series less than 80 %",
    run: wholesaler,
};

/// Share of the periods that intervals of 90 % must hold of each tenth of the series by size.
const TENTH_MIN: f64 = 0.8;

/// What intervals held of some steps ahead.
struct Ahead {
    first: u64,
    last: u64,
    held: f64,
}

/// What a scorecard says.
struct Told {
    error: f64,
    baseline: f64,
    /// Weighted quantile loss of the version and of the naive forecast.
    quantile_loss: [f64; 2],
    /// By tenth of the series, the least selling first, the share of periods that intervals held; none where there are few
    /// series.
    tenths: Vec<f64>,
    /// By steps ahead, as the scorecard groups them, the same.
    ahead: Vec<Ahead>,
    squared: Option<f64>,
    coverage_error: f64,
    notes: String,
    gate: String,
}

/// Imports one of the example shops and trains its product; a test takes fewer rows.
fn trained(
    ctx: &Ctx,
    program: &Path,
    name: &str,
    (file, fewer): (&str, &str),
) -> anyhow::Result<(Told, ChildUse)> {
    let folder = Folder::new(name)?;
    let shop: PathBuf = shop(program, &folder, name)?;
    if ctx.size == Size::Small {
        let source = shop.join("sources/sales.toml");
        let text = fs_err::read_to_string(&source)?;
        let skip = format!(
            "\n[[skip]]\nwhen = \"{fewer}\"\nreason = \"fewer for the test\"\n\n[contract]"
        );
        fs_err::write(&source, text.replace("\n[contract]", &skip))?;
        // Each of these reads the whole file once more.
        for plan in ["calendar", "promotions"] {
            let _ = fs_err::remove_file(shop.join(format!("sources/{plan}.toml")));
        }
        let product = shop.join("products").join(file);
        let text = fs_err::read_to_string(&product)?;
        let lines = text.lines().filter(|line| !line.starts_with("rows_max"));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        fs_err::write(&product, format!("{text}rows_max = 10000\n"))?;
    }
    ran(program, &shop, &["import", "--quiet"], &[0])?;
    let seed = ctx.seed.to_string();
    let name = file.trim_end_matches(".toml");
    let arguments = ["run", name, "--quiet", "--output", "json", "--seed", &seed];
    let started = std::time::Instant::now();
    let answer = comptoir(program, &shop, &arguments)
        .stdout(Stdio::piped())
        .output()
        .context("start the program")?;
    let seconds = started.elapsed().as_secs_f64();
    let outcomes: Value = serde_json::from_slice(&answer.stdout).context("read its answer")?;
    let outcome = outcomes.get(0).context("it trained nothing")?;
    let metric = |name: &str, of: &str| {
        let metrics = outcome.pointer("/scorecard/metrics")?.as_array()?;
        let metric = metrics.iter().find(|m| m["name"] == name)?;
        metric.pointer(&format!("/{of}/measured/point"))?.as_f64()
    };
    let notes = outcome
        .pointer("/scorecard/notes")
        .and_then(Value::as_array);
    let notes = notes
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .take(4);
    let parts = outcome
        .pointer("/scorecard/parts")
        .and_then(Value::as_array);
    let parts = parts.map_or(&[][..], Vec::as_slice);
    let tenths = parts.iter();
    let tenths = tenths.filter(|part| part["by"] == "tenth of the series");
    let tenths = tenths.filter_map(|part| part["covered"].as_f64());
    let ahead = parts.iter().filter(|part| {
        let by = part["by"].as_str();
        by.is_some_and(|by| by.ends_with(" ahead"))
    });
    let ahead = ahead.filter_map(|part| {
        Some(Ahead {
            first: part["first"].as_u64()?,
            last: part["last"].as_u64()?,
            held: part["covered"].as_f64()?,
        })
    });
    let loss = |of: &str| metric("weighted quantile loss", of).context("no quantile loss");
    let peak = outcome["peak_memory_bytes"].as_u64();
    Ok((
        Told {
            error: metric("weighted absolute error", "value").context("no error")?,
            baseline: metric("weighted absolute error", "baseline").context("no baseline")?,
            quantile_loss: [loss("value")?, loss("baseline")?],
            tenths: tenths.collect(),
            ahead: ahead.collect(),
            squared: metric("root mean squared percentage error", "value"),
            coverage_error: metric("coverage error", "value").context("no coverage")?,
            notes: notes.collect::<Vec<_>>().join("; "),
            gate: outcome["because"].as_str().unwrap_or_default().to_owned(),
        },
        ChildUse {
            status: answer.status,
            seconds,
            peak_memory_bytes: peak,
        },
    ))
}

fn rossmann(ctx: &Ctx) -> anyhow::Result<Outcome> {
    if ctx.size == Size::Small {
        return Ok(Outcome::Skipped(
            "at small size walmart_demand does the same with fewer rows to read",
        ));
    }
    let peer = || Peer::ask(ctx, "demand_lightgbm.py", &["rossmann"]);
    let fewer = ("turnover.toml", "\\\"Store\\\" > 60");
    let holds = |told: &Told| told.error <= 0.086 && told.squared.is_some_and(|s| s <= 0.125);
    by_program(
        ctx,
        "rossmann",
        fewer,
        holds,
        peer,
        "last 42 days, open days with sales",
    )
}

fn walmart(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let peer = || Peer::ask(ctx, "demand_lightgbm.py", &["walmart"]);
    let fewer = ("departments.toml", "\\\"Store\\\" > 2");
    let holds = |told: &Told| told.error <= 0.073;
    by_program(
        ctx,
        "walmart",
        fewer,
        holds,
        peer,
        "last 8 weeks, sales as they are",
    )
}

fn by_program(
    ctx: &Ctx,
    name: &str,
    fewer: (&str, &str),
    holds: impl Fn(&Told) -> bool,
    peer: impl Fn() -> Peer,
    split: &'static str,
) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.data.is_none() {
        return Ok(NO_DATA);
    }
    let (told, used) = trained(ctx, &program, name, fewer)?;
    let squared = told.squared.map_or(String::new(), |squared| {
        format!("root mean squared percentage error {squared:.4}; ")
    });
    Ok(Outcome::Measured(Measured {
        value: told.error,
        verdict: Verdict::at_full_size(ctx, told.covers() && holds(&told)),
        peer: match ctx.size {
            Size::Full => peer(),
            Size::Small => Peer::none("asked at full size"),
        },
        split,
        note: format!(
            "naive {:.4}; {squared}{}; {}; {}; {}; with the training on everything {:.0} s",
            told.baseline,
            told.gate,
            told.notes,
            of_tenths(&told.tenths),
            of_ahead(&told.ahead),
            used.seconds
        ),
        child: Some(used),
    }))
}

fn wholesaler(ctx: &Ctx) -> anyhow::Result<Outcome> {
    if ctx.size == Size::Small {
        return Ok(Outcome::Skipped(
            "at small size walmart_demand does the same with fewer rows to read",
        ));
    }
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.data.is_none() {
        return Ok(NO_DATA);
    }
    let fewer = ("demand.toml", "StockCode > '21'");
    let (told, used) = trained(ctx, &program, "wholesaler", fewer)?;
    let [value, naive] = told.quantile_loss;
    Ok(Outcome::Measured(Measured {
        value,
        verdict: Verdict::at_full_size(ctx, told.covers() && value < naive),
        peer: Peer::none("no script asks one yet"),
        split: "last 8 weeks",
        note: format!(
            "naive {naive:.4}; {}; {}; {}; {}; with the training on everything {:.0} s",
            told.gate,
            told.notes,
            of_tenths(&told.tenths),
            of_ahead(&told.ahead),
            used.seconds
        ),
        child: Some(used),
    }))
}

impl Told {
    /// Whether intervals hold what they promise, of all series and of each tenth of them.
    fn covers(&self) -> bool {
        self.coverage_error <= 0.03 && self.tenths.iter().all(|held| *held >= TENTH_MIN)
    }
}

/// What intervals held of each tenth, in words.
fn of_tenths(held: &[f64]) -> String {
    let each = held.iter().map(|held| format!("{:.0}", 100.0 * held));
    let each: Vec<String> = each.collect();
    match each.is_empty() {
        true => "too few series for tenths".to_owned(),
        false => format!(
            "by tenth of the series, the least selling first, {} %",
            each.join(", ")
        ),
    }
}

/// What intervals held by how far ahead, in words.
fn of_ahead(held: &[Ahead]) -> String {
    let each = held.iter().map(|ahead| {
        let steps = match ahead.first == ahead.last {
            true => ahead.first.to_string(),
            false => format!("{} to {}", ahead.first, ahead.last),
        };
        format!("{steps}: {:.0}", 100.0 * ahead.held)
    });
    let each: Vec<String> = each.collect();
    format!("by steps ahead, {} %", each.join(", "))
}

/// Sums over series of scaled errors: of our expectations, and of forecasting zero.
#[derive(Debug, Default)]
struct Scaled {
    absolute: [f64; 2],
    squared: [f64; 2],
}

impl Scaled {
    /// - `scales`: mean absolute and mean squared change from one month to the next in the past of the series.
    fn add(&mut self, (change, jump): (f64, f64), came: &[f64], said: &[f64]) {
        let n = came.len() as f64;
        for (side, zero) in [false, true].into_iter().enumerate() {
            let errors = came.iter().zip(said);
            let errors: Vec<f64> = errors
                .map(|(came, said)| came - if zero { 0.0 } else { *said })
                .collect();
            let absolute: f64 = errors.iter().map(|error| error.abs()).sum();
            let squares: f64 = errors.iter().map(|error| error * error).sum();
            self.absolute[side] += absolute / n / change;
            self.squared[side] += (squares / n / jump).sqrt();
        }
    }

    /// How forecasting zero compares, and what that says.
    fn told(&self, series: f64) -> String {
        let each = [("MASE", self.absolute), ("RMSSE", self.squared)];
        let side = each.map(|(name, [ours, zero])| {
            let wins = if zero < ours { "wins" } else { "loses" };
            format!(
                "by {name} it {wins}, {:.3} beside {:.3}",
                zero / series,
                ours / series
            )
        });
        let wins = each.iter().any(|(_, [ours, zero])| zero < ours);
        let why = match wins {
            true => {
                ": what most months sell is nothing, so that a score of single months which forgives a missed sale favours it; whoever ordered by it would keep empty shelves"
            }
            false => "",
        };
        format!("forecasting zero: {}{why}", side.join(", "))
    }
}

/// Levels of the quantiles that are judged.
const LEVELS: [f64; 4] = [0.5, 0.75, 0.9, 0.95];

fn car_parts(ctx: &Ctx) -> anyhow::Result<Outcome> {
    const MONTHS: usize = 51;
    const AHEAD: usize = 6;
    let Some(path) = ctx.data_file("expsmooth/carparts_long.parquet") else {
        return Ok(NO_DATA);
    };
    let table = batches(&path)?;
    let (series, month) = (numbers(&table, "series")?, numbers(&table, "t")?);
    let units = numbers_or_nan(&table, "units")?;
    let n = series.iter().fold(0.0f64, |most, s| most.max(*s)) as usize;
    let mut values = vec![f32::NAN; n * MONTHS];
    for ((series, month), units) in series.iter().zip(&month).zip(&units) {
        values[(*series as usize - 1) * MONTHS + *month as usize - 1] = *units as f32;
    }
    let n = ctx.pick(200, n);
    values.truncate(n * MONTHS);
    let first = date(1998, 1, 1);
    let panel = Panel::new(
        Step::Month,
        first,
        (MONTHS, 0),
        values,
        vec![[0, 0]; n],
        Vec::new(),
    )?;
    let known = MONTHS - AHEAD;
    let past = panel.before(known);
    let settings = Settings {
        seed: ctx.seed,
        rows_max: ctx.pick(10_000, 600_000),
        ..Settings::default()
    };
    let forecaster = Forecaster::fit(&past, AHEAD, &settings)?;
    let forecast = forecaster.forecast(&past)?;
    let naive = forecaster.baseline(&past);
    let (mut ours, mut theirs, mut judged) = (0.0, 0.0, 0.0);
    let mut zero = 0.0;
    let mut scaled = Scaled::default();
    // By series, what is forecast of it, and how many of its periods intervals hold.
    let mut each: Vec<(f64, f64)> = Vec::new();
    let mut held_ahead = [0.0; AHEAD];
    for series in 0..n {
        let values = panel.values(series);
        let changes = values[..known]
            .windows(2)
            .map(|w| f64::from((w[1] - w[0]).abs()));
        let change = changes.sum::<f64>() / (known - 1) as f64;
        if values.iter().any(|v| v.is_nan()) || change <= 0.0 {
            continue;
        }
        let scale = change * (AHEAD * LEVELS.len()) as f64;
        let jumps = values[..known].windows(2);
        let jumps = jumps.map(|w| f64::from(w[1] - w[0]).powi(2));
        let jump = jumps.sum::<f64>() / (known - 1) as f64;
        let came: Vec<f64> = values[known..]
            .iter()
            .map(|sold| f64::from(*sold))
            .collect();
        scaled.add((change, jump), &came, forecast.expected(series));
        let mut held = 0.0;
        for ahead in 0..AHEAD {
            let sold = f64::from(values[known + ahead]);
            for level in LEVELS {
                ours += pinball(level, sold, forecast.quantile(series, ahead, level)) / scale;
                theirs += pinball(level, sold, naive.quantile(series, ahead, level)) / scale;
                zero += pinball(level, sold, 0.0) / scale;
            }
            let (low, high) = forecast.interval(series, ahead, 0.9);
            let holds = f64::from(u8::from(low <= sold && sold <= high));
            held += holds;
            held_ahead[ahead] += holds;
        }
        each.push((forecast.expected(series).iter().sum(), held));
        judged += 1.0;
    }
    each.sort_by(|a, b| a.0.total_cmp(&b.0));
    let coverage = |of: &[(f64, f64)]| {
        let held: f64 = of.iter().map(|(_, held)| held).sum();
        held / (of.len() * AHEAD) as f64
    };
    let tenth = |at: usize| coverage(&each[each.len() * at / 10..each.len() * (at + 1) / 10]);
    let tenths: Vec<f64> = (0..10).map(tenth).collect();
    let ahead = (1..).zip(held_ahead).map(|(month, held)| Ahead {
        first: month,
        last: month,
        held: held / judged,
    });
    let ahead: Vec<Ahead> = ahead.collect();
    let (value, coverage) = (ours / judged, coverage(&each));
    let holds = value <= 0.395
        && (0.87..=0.93).contains(&coverage)
        && tenths.iter().all(|held| *held >= TENTH_MIN);
    Ok(Outcome::Measured(Measured {
        value,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: match ctx.size {
            Size::Full => Peer::ask(ctx, "car_parts_lightgbm.py", &[]),
            Size::Small => Peer::none("asked at full size"),
        },
        split: "months 1 to 45 learn, 46 to 51 judge",
        note: format!(
            "{judged} series; by {}; {} {:.4}; zero {:.4}; 90 % intervals hold {:.1} %, {}; {}; {}",
            forecaster.method().name(),
            forecaster.baseline_method().name(),
            theirs / judged,
            zero / judged,
            100.0 * coverage,
            of_tenths(&tenths),
            of_ahead(&ahead),
            scaled.told(judged)
        ),
        child: None,
    }))
}
