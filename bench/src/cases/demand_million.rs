//! Demand of as many series as a large retailer has, within memory and time that were stated before.

use std::time::Instant;

use anyhow::Context;
use jiff::civil::date;
use math::random::stream;
use models::demand::{Forecaster, Panel, Settings, Step};
use rand_chacha::ChaCha8Rng;
use schema::Bytes;

use super::measure::uniform;
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::child::{own_peak_memory, processor_seconds};
use crate::peer::Peer;

/// A million series, two years of weeks.
pub(crate) static DEMAND_MILLION: Case = Case {
    name: "demand_million",
    what: "1,000,000 drawn series of 104 weeks: the method chosen, learnt and forecast four weeks ahead with intervals, in the memory that was stated before",
    unit: "minutes",
    bar: "≤ 45 min and ≤ 8 GiB on two cores, and not above what was stated",
    run: demand_million,
};

const SERIES: usize = 1_000_000;
const WEEKS: usize = 104;
const AHEAD: usize = 4;
const CATEGORIES: usize = 100;
const SITES: usize = 200;
/// Memory that is allowed.
const MEMORY_MAX: u64 = 8 << 30;
const MINUTES_MAX: f64 = 45.0;

/// A count of a Poisson distribution; of a large mean by its normal approximation.
fn poisson(random: &mut ChaCha8Rng, mean: f64) -> f32 {
    if mean > 30.0 {
        let normal: f64 = (0..12).map(|_| uniform(random)).sum::<f64>() - 6.0;
        return (mean + mean.sqrt() * normal).round().max(0.0) as f32;
    }
    let (least, mut product, mut count) = ((-mean).exp(), uniform(random), 0);
    while product > least {
        product *= uniform(random);
        count += 1;
    }
    count as f32
}

/// Weeks of a series: a level, a season of its category and a trend, with more variance than a Poisson count.
fn drawn(seed: u64, at: usize, values: &mut Vec<f32>) {
    let mut random = stream(seed, at as u64);
    let category = at % CATEGORIES;
    let level = (0.5 + 3.5 * uniform(&mut random)).exp() * 0.5;
    let trend = 0.4 * (uniform(&mut random) - 0.5) / WEEKS as f64;
    let depth = 0.1 + 0.4 * (category % 7) as f64 / 7.0;
    let phase = category as f64 / CATEGORIES as f64;
    // One series in five begins later.
    let first = if uniform(&mut random) < 0.2 {
        (uniform(&mut random) * 60.0) as usize
    } else {
        0
    };
    for week in 0..WEEKS {
        if week < first {
            values.push(f32::NAN);
            continue;
        }
        let turn = std::f64::consts::TAU * (week as f64 / 52.0 + phase);
        let noise = 0.6 + 0.8 * uniform(&mut random);
        let mean = level * (1.0 + depth * turn.sin()) * (trend * week as f64).exp() * noise;
        values.push(poisson(&mut random, mean));
    }
}

fn demand_million(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let series = ctx.fewer("COMPTOIR_BENCH_SERIES", 1_000, SERIES as u64) as usize;
    let settings = Settings {
        seed: ctx.seed,
        rows_max: ctx.pick(10_000, Settings::default().rows_max),
        ..Settings::default()
    };
    let stated = settings.memory_needed(series, WEEKS, AHEAD);
    let mut values = Vec::with_capacity(series * WEEKS);
    (0..series).for_each(|at| drawn(ctx.seed, at, &mut values));
    let groups = (0..series).map(|at| [(at % CATEGORIES) as u32, (at / CATEGORIES % SITES) as u32]);
    let panel = Panel::new(
        Step::Week,
        date(2023, 1, 2),
        (WEEKS, AHEAD),
        values,
        groups.collect(),
        Vec::new(),
    )?;
    let (started, before) = (Instant::now(), processor_seconds()?);
    let forecaster = Forecaster::fit(&panel, AHEAD, &settings)?;
    let fitted = started.elapsed().as_secs_f64();
    let forecast = forecaster.forecast(&panel)?;
    let (mut expected, mut wide) = (0.0, 0.0);
    for one in 0..series {
        expected += forecast.expected(one).iter().sum::<f64>();
        let (low, high) = forecast.interval_of_total(one, AHEAD - 1, 0.9);
        wide += high - low;
    }
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    // Beside them it is told how much of the machine was left for it.
    let of_processors = (processor_seconds()? - before) / 60.0;
    let peak = own_peak_memory().context("the peak memory of this process is not known")?;
    let loss = |name: &str| {
        let trials = forecaster.trials().iter();
        let mut of = trials.filter(|trial| trial.method.name() == name);
        of.next().and_then(|trial| trial.quantile_loss)
    };
    let losses = [
        &forecaster.method().name(),
        forecaster.baseline_method().name(),
    ]
    .map(loss);
    let [ours, naive] = losses.map(|loss| loss.unwrap_or(f64::NAN));
    let holds = minutes <= MINUTES_MAX && peak <= MEMORY_MAX.min(stated) && series == SERIES;
    Ok(Outcome::Measured(Measured {
        value: minutes,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("the claim is about size"),
        split: "drawn: levels of .8 to 27 a week, a season of the category, one in five begins later",
        note: format!(
            "{series} series, {} periods; stated before {}, {} rows to learn from; peak {}; {of_processors:.1} min of processors, {:.0} % of two cores were idle or had by others; learnt in {:.1} min by {}, weighted quantile loss {ours:.4}, naive {naive:.4}; forecast {:.2} a series, 90 % intervals {:.2} wide",
            series * WEEKS,
            Bytes(stated),
            settings.rows_max,
            Bytes(peak),
            100.0 * (1.0 - of_processors / (2.0 * minutes)),
            fitted / 60.0,
            forecaster.method().name(),
            expected / series as f64,
            wide / series as f64,
        ),
        child: None,
    }))
}
