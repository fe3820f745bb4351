//! Fifty data products that are watched: why decisions became worse, versions that are swapped under load, the review of
//! a year.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use math::random::stream;
use monitoring::cause::{
    Alike, CauseOptions, ColumnPart, Errors, PeriodMoments, explain, explain_columns, explain_saved,
};
use rand_chacha::ChaCha8Rng;

use super::api::{Load, PATH, Pace, Server, load, query, questions};
use super::monitoring::hits;
use super::program::{Folder, NO_PROGRAM, demonstrated, program, ran, shop};
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Size, Verdict};
use crate::peer::Peer;

/// Planted causes of a fall.
pub(crate) static CAUSE_SPLIT: Case = Case {
    name: "cause_split",
    what: "falls of the share of good decisions with planted mix, inputs and relation, of that what a column explains, and falls of forecasts with planted mix and relation: the share of 95 % intervals that hold their planted part, the worst of the parts and the whole",
    unit: "%",
    bar: "at least 94 %, and parts add up to the fall to 1e-9",
    run: cause_split,
};

/// Another version answers while questions come in.
pub(crate) static SWAP_UNDER_LOAD: Case = Case {
    name: "swap_under_load",
    what: "versions promoted and rolled back, one after the other, while a server answers 1,000 questions a second: failed requests, and answers that name no version",
    unit: "answers",
    bar: "0 failed and 0 without a version, at 1,000/s for five minutes",
    run: swap_under_load,
};

/// A challenger answers unseen while questions come in.
pub(crate) static SHADOW_UNDER_LOAD: Case = Case {
    name: "shadow_under_load",
    what: "a server answers 1,000 questions a second for two minutes, then as long with a challenger in the shadow: the 99th percentile with it over that without",
    unit: "times",
    bar: "at most 1.5, 0 failed requests, and at least 99 % of questions answered in the shadow",
    run: shadow_under_load,
};

/// Segments of a population, and the values of one feature.
const SEGMENTS: [&str; 3] = ["known", "new", "of a partner"];
const VALUES: usize = 4;
/// What each value adds to the share of good decisions, as the model says.
const ADDS: [f64; VALUES] = [0.1, 0.04, 0.0, -0.06];
/// What each value of a column adds that the model does not know; the last is never met before the fall.
const COLUMN: [f64; VALUES] = [0.0, 0.03, -0.02, -0.06];
const DECISIONS: u64 = 20_000;

/// A period of a population.
struct Population {
    /// Share of each segment.
    shares: [f64; 3],
    /// Share of good decisions of each segment, where the feature adds nothing.
    base: [f64; 3],
    /// Share of each value of the feature, by segment.
    values: [[f64; VALUES]; 3],
    /// Share of each value of the column, by segment.
    column: [[f64; VALUES]; 3],
}

/// Before and after a fall, drawn: everything changes a little, one of the three a lot.
fn populations(random: &mut ChaCha8Rng) -> [Population; 2] {
    let mut between = |low: f64, high: f64| between(random, low, high);
    let mut shares = |weights: [f64; 3]| {
        let drawn = weights.map(|weight| weight * between(0.7, 1.3));
        let all: f64 = drawn.iter().sum();
        drawn.map(|share| share / all)
    };
    let (before, after) = (shares([0.6, 0.3, 0.1]), shares([0.5, 0.3, 0.2]));
    let base = [0.36, 0.3, 0.22];
    let fallen = base.map(|share| share - between(-0.01, 0.08));
    let mut values = |weights: [f64; VALUES]| {
        [0, 1, 2].map(|_| {
            let drawn = weights.map(|weight| weight * between(0.8, 1.2));
            let all: f64 = drawn.iter().sum();
            drawn.map(|share| share / all)
        })
    };
    [
        Population {
            shares: before,
            base,
            values: values([1.0; VALUES]),
            column: values([1.0, 1.0, 1.0, 0.0]),
        },
        Population {
            shares: after,
            base: fallen,
            values: values([0.6, 1.0, 1.0, 1.4]),
            column: values([1.0, 1.0, 1.0, 2.0]),
        },
    ]
}

impl Population {
    /// What the feature adds on average in a segment.
    fn score(&self, segment: usize) -> f64 {
        let shares = self.values[segment].iter();
        shares.zip(ADDS).map(|(share, adds)| share * adds).sum()
    }

    /// What the column adds on average in a segment.
    fn met(&self, segment: usize) -> f64 {
        let shares = self.column[segment].iter();
        shares.zip(COLUMN).map(|(share, adds)| share * adds).sum()
    }

    fn mean(&self, segment: usize) -> f64 {
        self.base[segment] + self.score(segment) + self.met(segment)
    }

    /// So many decisions, drawn.
    fn drawn(&self, random: &mut ChaCha8Rng) -> Vec<Alike> {
        let mut alike = Vec::new();
        let mut left = (DECISIONS, 1.0);
        for (segment, name) in SEGMENTS.iter().enumerate() {
            for (value, adds) in ADDS.into_iter().enumerate() {
                for (met, also) in COLUMN.into_iter().enumerate() {
                    let of_segment = self.values[segment][value] * self.column[segment][met];
                    let share = self.shares[segment] * of_segment;
                    let decisions = hits(random, left.0, share / left.1);
                    left = (left.0 - decisions, (left.1 - share).max(f64::MIN_POSITIVE));
                    let good = hits(random, decisions, self.base[segment] + adds + also);
                    let each = [(1.0, good), (0.0, decisions - good)];
                    alike.extend(each.map(|(outcome, rows)| Alike {
                        segment: (*name).to_owned(),
                        outcome,
                        contributions: vec![adds],
                        cells: vec![met],
                        rows,
                    }));
                }
            }
        }
        alike
    }
}

/// Sums of drawn decisions.
fn sums(alike: &[Alike]) -> anyhow::Result<PeriodMoments> {
    let mut sums = PeriodMoments::of_features(&["shown"]);
    for of in alike {
        sums.push_alike(&of.segment, of.outcome, &of.contributions, of.rows)?;
    }
    Ok(sums)
}

/// What was planted: the whole change, of it mix, inputs and relation, and of that what the column explains and the rest.
fn planted([before, after]: &[Population; 2]) -> [f64; 6] {
    let sum = |of: &dyn Fn(usize) -> f64| (0..SEGMENTS.len()).map(of).sum::<f64>();
    let half = |segment: usize| 0.5 * (before.shares[segment] + after.shares[segment]);
    let whole = |of: &Population| sum(&|at| of.shares[at] * of.mean(at));
    let column = sum(&|at| half(at) * (after.met(at) - before.met(at)));
    let rest = sum(&|at| half(at) * (after.base[at] - before.base[at]));
    [
        whole(after) - whole(before),
        sum(&|at| {
            let level = 0.5 * (before.mean(at) + after.mean(at));
            (after.shares[at] - before.shares[at]) * level
        }),
        sum(&|at| half(at) * (after.score(at) - before.score(at))),
        column + rest,
        column,
        rest,
    ]
}

/// Days after launch and days of a fall of forecasts.
const DAYS: [i32; 2] = [28, 14];

/// Forecasts of one period: of each segment what the naive forecast misses in a day, and the share of that which is missed.
struct ForecastOf([(f64, f64); 3]);

impl ForecastOf {
    fn share(&self, at: usize) -> f64 {
        self.0[at].0 / self.0.iter().map(|(naive, _)| naive).sum::<f64>()
    }

    /// So many days, each with an error that all of its forecasts share.
    fn drawn(&self, random: &mut ChaCha8Rng, days: i32) -> Vec<Errors> {
        let mut all = Vec::new();
        for unit in 0..days {
            let shared = noise(random, 0.15);
            for ((naive, lost), segment) in self.0.iter().zip(SEGMENTS) {
                let naive = naive * noise(random, 0.2);
                all.push(Errors {
                    unit,
                    segment: segment.to_owned(),
                    missed: naive * lost * shared * noise(random, 0.1),
                    naive,
                });
            }
        }
        all
    }
}

/// A number between two, each as likely.
fn between(random: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * super::measure::uniform(random)
}

/// A factor that is 1 on average and scatters by so much.
fn noise(random: &mut ChaCha8Rng, by: f64) -> f64 {
    let half = by * 3.0_f64.sqrt();
    1.0 + between(random, -half, half)
}

/// The two periods of a fall of forecasts.
fn forecasts_of(random: &mut ChaCha8Rng) -> [ForecastOf; 2] {
    let before = [20.0, 30.0, 50.0].map(|naive: f64| {
        let lost = between(random, 0.3, 0.9);
        (naive * between(random, 0.7, 1.3), lost)
    });
    let after = before.map(|(naive, lost)| {
        let grown = between(random, 0.6, 1.6);
        (naive * grown, lost * between(random, 1.0, 1.4))
    });
    [ForecastOf(before), ForecastOf(after)]
}

/// Whether the intervals of the whole, mix and relation of a fall of forecasts hold what is planted, and how far the parts
/// are from the whole.
fn of_forecasts(random: &mut ChaCha8Rng) -> anyhow::Result<([bool; 3], f64)> {
    let [before, after] = forecasts_of(random);
    let each = || (0..3).map(|at| (at, before.0[at].1, after.0[at].1));
    let mix: f64 = each()
        .map(|(at, was, is)| (after.share(at) - before.share(at)) * (1.0 - 0.5 * (was + is)))
        .sum();
    let relation: f64 = each()
        .map(|(at, was, is)| 0.5 * (after.share(at) + before.share(at)) * (was - is))
        .sum();
    let drawn = [before.drawn(random, DAYS[0]), after.drawn(random, DAYS[1])];
    let told = explain_saved(&drawn[0], &drawn[1], CauseOptions { level: 0.95 })?;
    let parts = [told.change, told.mix, told.relation];
    let truths = [mix + relation, mix, relation];
    let held = std::array::from_fn(|at| (parts[at].low..=parts[at].high).contains(&truths[at]));
    let apart = told.mix.change + told.relation.change - told.change.change;
    Ok((held, apart.abs()))
}

fn cause_split(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let falls: u64 = ctx.pick(50, 5_000);
    let mut random = stream(ctx.seed, 0);
    let (mut held, mut apart) = ([0_u64; 9], 0.0_f64);
    let mut random_of_forecasts = stream(ctx.seed, 1);
    for _ in 0..falls {
        let of = populations(&mut random);
        let [before, after] = &of;
        let (before, after) = (before.drawn(&mut random), after.drawn(&mut random));
        let options = CauseOptions { level: 0.95 };
        let told = explain(&sums(&before)?, &sums(&after)?, options)?;
        let by = explain_columns(&before, &after, &["shown"], &[VALUES], options)?;
        let ColumnPart::Told(column) = by.columns[0] else {
            bail!("a column that half of the decisions have as before can be told");
        };
        let relation = told.relation;
        let parts = [
            told.change,
            told.mix,
            told.inputs,
            relation,
            column,
            by.rest,
        ];
        for ((held, part), truth) in held.iter_mut().zip(parts).zip(planted(&of)) {
            *held += u64::from((part.low..=part.high).contains(&truth));
        }
        let sum = told.mix.change + told.inputs.change + told.relation.change;
        let of_relation = column.change + by.rest.change;
        apart = apart
            .max((sum - told.change.change).abs())
            .max((of_relation - relation.change).abs());
        let (of_forecasts, apart_there) = of_forecasts(&mut random_of_forecasts)?;
        for (held, holds) in held[6..].iter_mut().zip(of_forecasts) {
            *held += u64::from(holds);
        }
        apart = apart.max(apart_there);
    }
    let shares = held.map(|held| 100.0 * held as f64 / falls as f64);
    let worst = shares.into_iter().fold(f64::INFINITY, f64::min);
    let [
        whole,
        mix,
        inputs,
        relation,
        column,
        rest,
        saved,
        forecast,
        off,
    ] = shares;
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::at_full_size(ctx, worst >= 94.0 && apart <= 1e-9),
        peer: Peer::none("no monitoring package splits a fall into parts with intervals"),
        split: "drawn: three segments, a feature and a column of four values, 20,000 decisions before and after; of forecasts three segments, 28 days before and 14 after",
        note: format!(
            "{falls} falls: the whole {whole:.1} %, mix {mix:.1} %, inputs {inputs:.1} %, relation {relation:.1} %, of that the column {column:.1} % and the rest {rest:.1} %; of as many falls of forecasts the whole {saved:.1} %, mix {forecast:.1} %, relation {off:.1} %; parts differ from the fall by {apart:.0e} at most"
        ),
        child: None,
    }))
}

/// Lets a version answer, whatever its gate says.
fn promote(program: &Path, shop: &Path, version: &str, codes: &[i32]) -> anyhow::Result<()> {
    let why = ["--despite-gate", "--why", "swap", "--quiet"];
    let arguments = [&["promote", "for-you", version], why.as_slice()].concat();
    ran(program, shop, &arguments, codes)?;
    Ok(())
}

/// Promotes one version and then rolls back, again and again, until told to stop; how often the version was changed.
fn swap(program: &Path, shop: &Path, stop: &AtomicBool) -> anyhow::Result<u64> {
    let mut swapped = 0;
    while !stop.load(Ordering::Relaxed) {
        promote(program, shop, "1", &[0])?;
        std::thread::sleep(Duration::from_secs(1));
        ran(program, shop, &["rollback", "for-you", "--quiet"], &[0])?;
        std::thread::sleep(Duration::from_secs(1));
        swapped += 2;
    }
    Ok(swapped)
}

fn swap_under_load(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.size == Size::Full && ctx.data.is_none() {
        return Ok(NO_DATA);
    }
    let folder = Folder::new("swap")?;
    let shop = shop(&program, &folder, ctx.pick("starter", "wholesaler"))?;
    ran(&program, &shop, &["import", "--quiet"], &[0])?;
    for seed in ["1", "2"] {
        ran(
            &program,
            &shop,
            &["run", "for-you", "--quiet", "--seed", seed],
            &[0, 1],
        )?;
    }
    // It answers already where its gate let it.
    promote(&program, &shop, "2", &[0, 2])?;
    let bodies = questions(&program, &shop)?;
    let server = Server::start(&program, &shop)?;
    let lasts = Duration::from_secs(ctx.pick(5, 300));
    let per_second = ctx.pick(50.0, 1_000.0);
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let (asked, swapped) = std::thread::scope(|scope| {
        let swapping = scope.spawn(|| swap(&program, &shop, &stop));
        // A failed request ends the load with its answer.
        let asked = load(
            &server.address,
            PATH,
            &bodies,
            Pace::Open { per_second },
            lasts,
        );
        stop.store(true, Ordering::Relaxed);
        (asked, swapping.join().expect("swapping does not panic"))
    });
    let took = began.elapsed().as_secs_f64();
    let (asked, swapped) = (asked?, swapped?);
    let status = server.stop()?;
    ensure!(status.success(), "the server ended with {status}");
    let by_version = query(
        &program,
        &shop,
        "SELECT version, COUNT(DISTINCT decision_id) AS n FROM decisions GROUP BY version ORDER BY version",
    )?;
    let count = |row: &serde_json::Value| Some((row["version"].as_u64()?, row["n"].as_u64()?));
    let counts: Vec<(u64, u64)> = by_version.iter().filter_map(count).collect();
    let logged: u64 = counts.iter().map(|(_, n)| n).sum();
    let without: u64 = counts.iter().filter(|(v, _)| *v == 0).map(|(_, n)| n).sum();
    let both = counts.iter().filter(|(version, _)| *version > 0).count() == 2;
    ensure!(logged > 0, "nothing was logged");
    let lost = (asked.answers() as u64).abs_diff(logged);
    let told: Vec<String> = counts
        .iter()
        .map(|(v, n)| format!("version {v}: {n}"))
        .collect();
    ran(&program, &shop, &["audit", "--verify"], &[0]).context("the audit is not what it was")?;
    let holds = without + lost == 0 && both && asked.per_second() >= 0.999 * per_second;
    Ok(Outcome::Measured(Measured {
        value: (without + lost) as f64,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("the claim is about the program alone"),
        split: "none",
        note: format!(
            "{} answers in {took:.0} s, {:.0}/s, all with status 200; {swapped} swaps; in the table {}; p50 {:.1} ms, p99 {:.1} ms, longest {:.0} ms; audit intact",
            asked.answers(),
            asked.per_second(),
            told.join(", "),
            asked.quantile_ms(0.5),
            asked.quantile_ms(0.99),
            asked.quantile_ms(1.0),
        ),
        child: None,
    }))
}

fn shadow_under_load(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.size == Size::Full && ctx.data.is_none() {
        return Ok(NO_DATA);
    }
    let folder = Folder::new("shadow")?;
    let shop = shop(&program, &folder, ctx.pick("starter", "wholesaler"))?;
    let file = shop.join("products/for-you.toml");
    let text = fs_err::read_to_string(&file)?;
    let asks = text.replacen(
        "[settings]",
        "[retraining]\nshadow_hours = 24\n\n[settings]",
        1,
    );
    ensure!(asks != text, "the product's file has no settings");
    fs_err::write(&file, asks)?;
    ran(&program, &shop, &["import", "--quiet"], &[0])?;
    let train = |seed| {
        let arguments = ["run", "for-you", "--quiet", "--seed", seed];
        ran(&program, &shop, &arguments, &[0, 1])
    };
    train("1")?;
    // It answers already where its gate let it.
    promote(&program, &shop, "1", &[0, 2])?;
    let bodies = questions(&program, &shop)?;
    let lasts = Duration::from_secs(ctx.pick(3, 120));
    let per_second = ctx.pick(50.0, 1_000.0);
    let answered = || -> anyhow::Result<Load> {
        let server = Server::start(&program, &shop)?;
        let pace = Pace::Open { per_second };
        // A failed request ends the load with its answer.
        let asked = load(&server.address, PATH, &bodies, pace, lasts);
        // What waits for the challenger is answered before the server stops.
        std::thread::sleep(Duration::from_secs(2));
        let status = server.stop()?;
        ensure!(status.success(), "the server ended with {status}");
        asked
    };
    let without = answered()?;
    train("2")?;
    let with = answered()?;
    let rows = query(
        &program,
        &shop,
        "SELECT COUNT(DISTINCT decision_id) AS n FROM shadow_answers",
    )?;
    let unseen = rows.first().and_then(|row| row["n"].as_u64()).unwrap_or(0);
    let held_out = query(
        &program,
        &shop,
        "SELECT COUNT(DISTINCT decision_id) AS n FROM decisions WHERE holdout OR fallback",
    )?;
    let left = held_out.first().and_then(|row| row["n"].as_u64());
    let share = unseen as f64 / with.answers() as f64;
    let p99 = |of: &Load| of.quantile_ms(0.99);
    let times = p99(&with) / p99(&without);
    let kept_up = with.per_second().min(without.per_second()) >= 0.999 * per_second;
    Ok(Outcome::Measured(Measured {
        value: times,
        verdict: Verdict::at_full_size(ctx, times <= 1.5 && share >= 0.99 && kept_up),
        peer: Peer::none("the claim is about the program alone"),
        split: "none",
        note: format!(
            "without: {} answers, p50 {:.1} ms, p99 {:.1} ms; with: {} answers, p50 {:.1} ms, p99 {:.1} ms, all with status 200; {unseen} answered in the shadow, {:.1} %; {} of both loads were of the holdout or a fallback",
            without.answers(),
            without.quantile_ms(0.5),
            p99(&without),
            with.answers(),
            with.quantile_ms(0.5),
            p99(&with),
            100.0 * share,
            left.unwrap_or(0),
        ),
        child: None,
    }))
}

/// A simulated dealer's year, with what goes wrong in it.
pub(crate) static DEALER_INCIDENTS: Case = Case {
    name: "dealer_incidents",
    what: "comptoir demo --shop used-cars: five things that go wrong in a simulated year of 47 data products, reviewed on Mondays: the share of them whose cause was named right when they were first noticed",
    unit: "%",
    bar: "all noticed, at least 90 % named right at first, and at least 19 of 20 quiet products silent, over 20 seeds",
    run: dealer_incidents,
};

/// Seeds that the bar is about.
const SEEDS: u64 = 20;

fn dealer_incidents(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.size == Size::Small {
        return Ok(Outcome::Skipped("a year of 47 products takes minutes"));
    }
    let seeds = ctx.fewer("COMPTOIR_DEALERS", 1, SEEDS);
    let (mut noticed, mut right, mut wrong) = (0_u64, 0_u64, 0_u64);
    let (mut silent, mut others, mut delays) = (0_u64, 0_usize, Vec::new());
    let mut missed = Vec::new();
    let (mut cost, mut unnoticed, mut seconds) = (0.0, 0.0, 0.0);
    for seed in ctx.seed..ctx.seed + seeds {
        let told = year(&program, seed)?;
        seconds += told["seconds"].as_f64().context("how long a year took")?;
        for of in told["incidents"].as_array().context("the incidents")? {
            let is_right = of["right"] == true;
            if of["truth"] == "nothing at all happens" {
                silent += u64::from(is_right);
                continue;
            }
            wrong += 1;
            right += u64::from(is_right);
            if let Some(day) = of["noticed"]["day"].as_u64() {
                noticed += 1;
                delays.push(day - of["from_day"].as_u64().context("the day")?);
            }
            if !is_right {
                let cause = of["noticed"]["cause"].as_str().unwrap_or("not noticed");
                missed.push(format!(
                    "seed {seed}: {} ({cause})",
                    of["truth"].as_str().unwrap_or_default()
                ));
            }
            if let Some(would) = of["unnoticed"].as_f64() {
                cost += of["cost"].as_f64().unwrap_or_default();
                unnoticed += would;
            }
        }
        others += told["others"].as_array().map_or(0, Vec::len);
    }
    delays.sort_unstable();
    let middle = delays.get(delays.len() / 2).copied().unwrap_or_default();
    let share = 100.0 * right as f64 / wrong.max(1) as f64;
    let holds = seeds == SEEDS && noticed == wrong && share >= 90.0 && silent >= 19;
    Ok(Outcome::Measured(Measured {
        value: share,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("no monitoring package goes from decisions to their cause"),
        split: "simulated; each product trained on 52 weeks and watched for 52",
        note: format!(
            "{seeds} of {SEEDS} seeds: {noticed} of {wrong} noticed, after {middle} days in the middle and {} at most, {right} named right; {silent} of {seeds} quiet products silent; {others} incidents that are none of it; where something was done they cost {:.0} % of what they would have unnoticed; {:.0} minutes a year{}",
            delays.last().copied().unwrap_or_default(),
            100.0 * cost / unnoticed,
            seconds / 60.0 / seeds as f64,
            if missed.is_empty() {
                String::new()
            } else {
                format!("; not right: {}", missed.join(", "))
            }
        ),
        child: None,
    }))
}

/// What a demonstration tells of a dealer's year, with the seconds that it took: as it was told before where
/// `COMPTOIR_DEALERS_KEPT` names a folder that has it, for twenty years take hours. What is kept there must be of one
/// program.
fn year(program: &Path, seed: u64) -> anyhow::Result<serde_json::Value> {
    let keeps = std::env::var_os("COMPTOIR_DEALERS_KEPT").map(PathBuf::from);
    let file = keeps.map(|folder| folder.join(format!("dealer-{seed}.json")));
    if let Some(file) = file.as_ref().filter(|file| file.exists()) {
        return Ok(serde_json::from_slice(&fs_err::read(file)?)?);
    }
    let began = Instant::now();
    let mut told = demonstrated(program, "used-cars", seed, &[], &[0])?["used_cars"].take();
    told["seconds"] = began.elapsed().as_secs_f64().into();
    if let Some(file) = file {
        fs_err::write(file, serde_json::to_vec(&told)?)?;
    }
    Ok(told)
}
