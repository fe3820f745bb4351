//! Watching products: how often a quiet one alarms.

use math::random::stream;
use monitoring::loss::{
    Baseline, LossDay, LossPromise, LossReference, LossVerdict, LossWatch, Spread,
};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};
use schema::AsOf;
use schema::time::date_of;

use super::measure::{in_parallel, normal, uniform};
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::peer::Peer;

pub(super) const ALPHA: f64 = 0.05;
pub(super) const YEAR: i32 = 365;
pub(super) const REFERENCE_DAYS: i32 = 90;
/// Days after launch that the review holds later ones against, and of products that are judged by the week.
const LAUNCH_DAYS: i32 = 28;
const LAUNCH_PERIODS: i32 = 14;

pub(crate) static QUIET_PRODUCTS: Case = Case {
    name: "quiet_products",
    what: "Products that stay as they were, on the very edge of what is allowed, looked at each day of a year: the share that ever alarms, the worst of five kinds",
    unit: "% of product-years",
    bar: "at most 5 % of 10,000 product-years of each kind",
    run: quiet_products,
};

pub(super) fn hits(random: &mut ChaCha8Rng, n: u64, rate: f64) -> u64 {
    // A share of 0 to 1 is always a distribution.
    Binomial::new(n, rate.clamp(0.0, 1.0)).map_or(0, |draws| draws.sample(random))
}

fn binary(n: i32, count: u64, hits: u64) -> LossDay {
    LossDay {
        day: AsOf(date_of(n)),
        count,
        sum: hits as f64,
        sum_squares: hits as f64,
        season: 1.0,
    }
}

pub(super) fn has_alarmed(watch: &LossWatch) -> bool {
    watch.read().verdict != LossVerdict::Quiet
}

fn given(mean: f64, spread: Spread) -> anyhow::Result<LossWatch> {
    Ok(LossWatch::new(LossPromise {
        baseline: Baseline::Given { mean },
        tolerance: 0.0,
        spread,
        alpha: ALPHA,
    })?)
}

/// A day of a metric with a weekly season and a fate that all its decisions share.
fn seasonal(random: &mut ChaCha8Rng, n: i32, count: u64, days_sd: f64) -> LossDay {
    let season = [1.0, 1.0, 1.0, 1.05, 1.1, 0.9, 0.95][n.rem_euclid(7) as usize];
    let sd = 0.4 * season;
    let of_day = season * (0.25 + days_sd * normal(random));
    let mean = of_day + sd / (count as f64).sqrt() * normal(random);
    let n_of_day = count as f64;
    LossDay {
        day: AsOf(date_of(n)),
        count,
        sum: n_of_day * mean,
        sum_squares: (n_of_day - 1.0) * sd * sd + n_of_day * mean * mean,
        season,
    }
}

/// Days that vary with a reference of the first of them.
///
/// - `told`: whether the weekly season is known before; the review does not tell it.
fn held_against_first(
    random: &mut ChaCha8Rng,
    reference_days: i32,
    told: bool,
    of_day: &dyn Fn(&mut ChaCha8Rng, i32) -> LossDay,
) -> anyhow::Result<LossWatch> {
    let mut day = |n| {
        let day = of_day(random, n);
        LossDay {
            season: if told { day.season } else { 1.0 },
            ..day
        }
    };
    let reference: Vec<LossDay> = (-reference_days..0).map(&mut day).collect();
    let reference = LossReference::measure(&reference)?;
    let mut watch = LossWatch::new(LossPromise::against(&reference, 0.0, ALPHA))?;
    for n in 0..YEAR {
        watch.look(&day(n))?;
    }
    Ok(watch)
}

/// Whether each of five products, quiet for a year, ever alarms: decisions apart, days of a common fate, a measured
/// reference of a quarter with its season, and references of the first days as the review has them.
fn quiet_year(seed: u64, product: u64) -> anyhow::Result<[u32; 5]> {
    let mut random = stream(seed, product);
    let count = [1, 30, 1_000, 40_000][(product % 4) as usize];
    let rate = [0.02, 0.3, 0.8][(product % 3) as usize];
    let mut apart = given(rate, Spread::BoundedDecisions { most: 1.0 })?;
    let mut fated = given(rate, Spread::BoundedDays { most: 1.0 })?;
    for n in 0..YEAR {
        apart.look(&binary(n, count, hits(&mut random, count, rate)))?;
        let fate = if uniform(&mut random) < 0.5 {
            0.75
        } else {
            1.25
        };
        fated.look(&binary(n, count, hits(&mut random, count, rate * fate)))?;
    }
    let count = [50, 1_000, 100_000][(product % 3) as usize];
    let days_sd = [0.0, 0.005, 0.03][(product / 3 % 3) as usize];
    let of_day = |random: &mut ChaCha8Rng, n| seasonal(random, n, count, days_sd);
    let mut held = |days, told| held_against_first(&mut random, days, told, &of_day);
    let measured = held(REFERENCE_DAYS, true)?;
    let (first, periods) = (held(LAUNCH_DAYS, false)?, held(LAUNCH_PERIODS, false)?);
    let all = [&apart, &fated, &measured, &first, &periods];
    Ok(all.map(|watch| u32::from(has_alarmed(watch))))
}

fn quiet_products(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let years: u32 = ctx.pick(100, 10_000);
    let ever = in_parallel(u64::from(years), |product| {
        quiet_year(ctx.seed, product).expect("days drawn here are in order and can be")
    });
    let [apart, fated, measured, first, periods] =
        ever.map(|n| 100.0 * f64::from(n) / f64::from(years));
    let worst = [fated, measured, first, periods]
        .into_iter()
        .fold(apart, f64::max);
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::at_full_size(ctx, worst <= 100.0 * ALPHA),
        peer: Peer::none("no monitoring package bounds how often it is ever wrong"),
        split: "drawn: 1 to 100,000 decisions a day; a given baseline is the truth itself, a measured one is of 90, 28 or 14 days",
        note: format!(
            "{years} years of each kind: independent decisions with a given baseline {apart:.2} %, days of a common fate with a given baseline {fated:.2} %, weekly season and days that vary with a measured baseline and spread {measured:.2} %; the same with the first 28 days as reference and a season that is not told, as the review watches lists, {first:.2} %, with the first 14 {periods:.2} %"
        ),
        child: None,
    }))
}
