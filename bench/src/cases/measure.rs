//! Experiments and causal evaluation: published effects, the tools that others use, and known truth.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use math::random::stream;
use math::tails::student_t_upper_quantile;
use measure::effects::{
    Effect, Moments, Scale, Size, UNITS_MIN, cluster_totals, clustered, cuped, difference, ratio,
    regression_adjusted,
};
use measure::offpolicy::{Logged, PolicyValue, Predicted, evaluate};
use measure::ranking::Bootstrap;
use measure::sequential::{
    ConfidenceSequence, EqualRates, SampleRatio, TUNED_UNITS, Tally, sample_ratio,
};
use measure::uplift::{AipwScores, Top, TopOf, Trial, Units, Weighting, policy_value, rate};
use rand_chacha::rand_core::Rng;

use super::columns::{batches, numbers, texts};
use super::program::Folder;
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Verdict};
use crate::peer::Peer;

const HILLSTROM: &str = "hillstrom/hillstrom.parquet";
const LEVEL: f64 = 0.95;

pub(crate) static CONFIDENCE_SEQUENCE_AA: Case = Case {
    name: "confidence_sequence_aa",
    what: "Experiments without an effect, read after each of 5,000 units: the share ever called real, the worst of four outcomes",
    unit: "% of paths",
    bar: "at most 5 % of 10,000 paths",
    run: confidence_sequence_aa,
};

pub(crate) static EFFECT_COVERAGE: Case = Case {
    name: "effect_coverage",
    what: "How often 95 % intervals cover a known effect over 10,000 samples: means, CUPED, regression, ratio, clusters; the one furthest off",
    unit: "% of samples",
    bar: "94 to 96 % for each of the five",
    run: effect_coverage,
};

pub(crate) static HILLSTROM_EFFECTS: Case = Case {
    name: "hillstrom_effects",
    what: "Sizes, rates, spend and effects of Hillstrom's e-mail test: figures that differ from the published in any digit",
    unit: "figures of 20",
    bar: "0",
    run: hillstrom_effects,
};

pub(crate) static OPEN_BANDIT_OFFPOLICY: Case = Case {
    name: "open_bandit_offpolicy",
    what: "Clicks of Thompson sampling estimated from the log of the random policy, two shops, three estimators: intervals that miss what it earned",
    unit: "intervals of 6",
    bar: "0",
    run: open_bandit_offpolicy,
};

pub(crate) static READOUT_VS_GBSTATS: Case = Case {
    name: "readout_vs_gbstats",
    what: "Means, CUPED and ratios, absolute and relative, read once and always, and sample ratios: largest difference to gbstats",
    unit: "largest difference, over 1 + the figure",
    bar: "at most 1e-9",
    run: readout_vs_gbstats,
};

pub(crate) static UPLIFT_METRICS_VS_SKLIFT: Case = Case {
    name: "uplift_metrics_vs_sklift",
    what: "Qini and uplift curves, their coefficients and uplift at k of four scores on Hillstrom's women's e-mail: largest difference to scikit-uplift",
    unit: "largest absolute difference",
    bar: "at most 1e-9",
    run: uplift_metrics_vs_sklift,
};

fn size(effect: &Effect) -> anyhow::Result<Size> {
    effect
        .size()
        .copied()
        .with_context(|| format!("not measurable: {effect:?}"))
}

/// Mean with half its 95 % interval, by Student's t.
pub(super) fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, f64::INFINITY);
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / (n - 1.0) / n).sqrt();
    (mean, error * student_t_upper_quantile(0.025, n - 1.0))
}

/// Uniform in 0..1.
pub(super) fn uniform(random: &mut impl Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Exponential of mean 1.
pub(super) fn exponential(random: &mut impl Rng) -> f64 {
    -(1.0 - uniform(random)).ln()
}

/// Standard normal, by Box and Muller.
pub(super) fn normal(random: &mut impl Rng) -> f64 {
    let radius = (2.0 * exponential(random)).sqrt();
    radius * (std::f64::consts::TAU * uniform(random)).cos()
}

/// The sums of what `of` gives for each index, worked on by all cores; the order of threads changes nothing.
pub(super) fn in_parallel<const N: usize>(
    indices: u64,
    of: impl Fn(u64) -> [u32; N] + Sync,
) -> [u32; N] {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let mut total = [0; N];
    std::thread::scope(|scope| {
        let of = &of;
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut own = [0; N];
                    for index in (thread..indices).step_by(threads as usize) {
                        for (sum, found) in own.iter_mut().zip(of(index)) {
                            *sum += found;
                        }
                    }
                    own
                })
            })
            .collect();
        for worker in workers {
            let own = worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            for (sum, found) in total.iter_mut().zip(own) {
                *sum += found;
            }
        }
    });
    total
}

/// Hillstrom's test by arm: visits, conversions, spend and what was spent before.
struct Hillstrom {
    arm: Vec<String>,
    columns: [Vec<f64>; 4],
}

const ARMS: [&str; 3] = ["Mens E-Mail", "Womens E-Mail", "No E-Mail"];

impl Hillstrom {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let batches = batches(path)?;
        let column = |name| numbers(&batches, name);
        Ok(Self {
            arm: texts(&batches, "segment")?,
            columns: [
                column("visit")?,
                column("conversion")?,
                column("spend")?,
                column("history")?,
            ],
        })
    }

    /// Moments of an arm: the column, and the history as a covariate.
    fn moments(&self, arm: &str, column: usize) -> anyhow::Result<Moments> {
        let rows = (0..self.arm.len()).filter(|row| self.arm[*row] == arm);
        Ok(Moments::of_rows(
            2,
            rows.map(|row| [self.columns[column][row], self.columns[3][row]]),
        )?)
    }
}

fn hillstrom_effects(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(HILLSTROM) else {
        return Ok(NO_DATA);
    };
    let data = Hillstrom::read(&path)?;
    let mut arms = Vec::new();
    for column in 0..3 {
        for arm in ARMS {
            arms.push(data.moments(arm, column)?);
        }
    }
    let of = |column: usize, arm: usize| &arms[column * 3 + arm];
    let mean = |column: usize, arm: usize| of(column, arm).mean(0).unwrap_or(f64::NAN);
    let effect = |column: usize, arm: usize| {
        let found = difference(of(column, 2), of(column, arm), Scale::Absolute, LEVEL)?;
        size(&found)
    };
    let count = |arm: usize| of(0, arm).count().to_string();
    let (mens, womens) = (effect(1, 0)?, effect(1, 1)?);
    let visits = |arm: usize| format!("{:.0}", mean(0, arm) * of(0, arm).count() as f64);
    // Rates in per cent and effects in percentage points, each to the digits that were published.
    let figures = [
        (count(0), "21307"),
        (count(1), "21387"),
        (count(2), "21306"),
        (format!("{:.2}", 100.0 * mean(0, 0)), "18.28"),
        (format!("{:.2}", 100.0 * mean(0, 1)), "15.14"),
        (format!("{:.2}", 100.0 * mean(0, 2)), "10.62"),
        (format!("{:.3}", 100.0 * mean(1, 0)), "1.253"),
        (format!("{:.3}", 100.0 * mean(1, 1)), "0.884"),
        (format!("{:.3}", 100.0 * mean(1, 2)), "0.573"),
        (format!("{:.4}", mean(2, 0)), "1.4226"),
        (format!("{:.4}", mean(2, 1)), "1.0772"),
        (format!("{:.4}", mean(2, 2)), "0.6528"),
        (format!("{:.3}", 100.0 * mens.point), "0.681"),
        (format!("{:.3}", 100.0 * womens.point), "0.311"),
        (format!("{:.1e}", womens.p_value), "1.6e-4"),
        (format!("{:.3}", effect(2, 0)?.point), "0.770"),
        (format!("{:.3}", effect(2, 1)?.point), "0.424"),
        (format!("{:.3}", 100.0 * effect(0, 1)?.point), "4.523"),
        (visits(1), "3238"),
        (visits(2), "2262"),
    ];
    let off: Vec<String> = figures
        .iter()
        .filter(|(found, published)| found != published)
        .map(|(found, published)| format!("{found} for {published}"))
        .collect();
    let spend = effect(2, 0)?;
    let adjusted = size(&cuped(of(2, 2), of(2, 0), Scale::Absolute, LEVEL)?)?;
    let lin = size(&regression_adjusted(of(2, 2), of(2, 0), LEVEL)?)?;
    let relative = size(&difference(of(2, 2), of(2, 0), Scale::Relative, LEVEL)?)?;
    Ok(Outcome::Measured(Measured {
        value: off.len() as f64,
        verdict: Verdict::of(off.is_empty()),
        peer: Peer::none("the published figures are the comparison"),
        split: "Hillstrom, all 64,000 customers",
        note: format!(
            "{}Men's e-mail on spend: {:.4} [{:.4}, {:.4}], {:.0} % [{:.0}, {:.0}]; adjusted for past spend by CUPED {:.4} with {:.4} of the standard error, by regression {:.4} with {:.4}",
            if off.is_empty() {
                String::new()
            } else {
                format!("Off: {}. ", off.join(", "))
            },
            spend.point,
            spend.low,
            spend.high,
            100.0 * relative.point,
            100.0 * relative.low,
            100.0 * relative.high,
            adjusted.point,
            adjusted.standard_error / spend.standard_error,
            lin.point,
            lin.standard_error / spend.standard_error,
        ),
        child: None,
    }))
}

pub(super) fn write_floats<'a>(
    path: &Path,
    columns: impl IntoIterator<Item = &'a Vec<f64>>,
) -> anyhow::Result<()> {
    let bytes: Vec<u8> = columns
        .into_iter()
        .flatten()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    Ok(fs_err::write(path, bytes)?)
}

pub(super) fn read_floats(path: &Path) -> anyhow::Result<Vec<f64>> {
    let bytes = fs_err::read(path)?;
    Ok(bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .collect())
}

fn uplift_metrics_vs_sklift(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(HILLSTROM) else {
        return Ok(NO_DATA);
    };
    let data = Hillstrom::read(&path)?;
    let recency = numbers(&batches(&path)?, "recency")?;
    let every = ctx.pick(20, 1);
    let rows: Vec<usize> = (0..data.arm.len())
        .filter(|row| data.arm[*row] != ARMS[0])
        .step_by(every)
        .collect();
    let column =
        |of: &dyn Fn(usize) -> f64| -> Vec<f64> { rows.iter().map(|row| of(*row)).collect() };
    let outcome = column(&|row| data.columns[0][row]);
    let treated: Vec<bool> = rows.iter().map(|row| data.arm[*row] == ARMS[1]).collect();
    let mut random = stream(ctx.seed, 0);
    let draws: Vec<f64> = rows.iter().map(|_| uniform(&mut random)).collect();
    // Past spend has few ties and recency twelve values; draws have none; the sum has many at its low end.
    let scores = [
        column(&|row| data.columns[3][row]),
        column(&|row| -recency[row]),
        draws,
        column(&|row| (data.columns[3][row] / 50.0).floor().min(12.0) - recency[row]),
    ];
    let started = Instant::now();
    let mut ours = Vec::new();
    for score in &scores {
        ours.extend(uplift_figures(&Trial::new(&outcome, &treated, score)?)?);
    }
    let seconds = started.elapsed().as_secs_f64();
    let folder = Folder::new("sklift")?;
    let (input, output) = (folder.0.join("input.f64"), folder.0.join("output.f64"));
    let as_numbers: Vec<f64> = treated.iter().map(|t| f64::from(u8::from(*t))).collect();
    write_floats(&input, [&outcome, &as_numbers].into_iter().chain(&scores))?;
    let peer = Peer::ask(
        ctx,
        "measure_sklift.py",
        &[
            &input.to_string_lossy(),
            &output.to_string_lossy(),
            &rows.len().to_string(),
            &scores.len().to_string(),
        ],
    );
    let Peer::Measured(theirs) = &peer else {
        return Ok(without(
            &peer,
            "the peer scikit-uplift is needed to compare with: set COMPTOIR_PEERS_PYTHON",
        ));
    };
    let their_seconds = theirs.seconds.unwrap_or(f64::NAN);
    let worst = largest_gap(&ours, &read_floats(&output)?, |_| 1.0)?;
    let ranks = size(&ranking_of(&outcome, &treated, &scores[0], ctx)?)?;
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::of(worst <= 1e-9),
        note: format!(
            "{} figures of {} units; ours {seconds:.3} s, scikit-uplift {their_seconds:.3} s; AUTOC of past spend {:.4} [{:.4}, {:.4}]",
            ours.len(),
            rows.len(),
            ranks.point,
            ranks.low,
            ranks.high,
        ),
        peer,
        split: "Hillstrom, women's e-mail against none, visits",
        child: None,
    }))
}

/// A case that needs its peer: skipped where none was asked for, reported as failed where it was and could not.
pub(super) fn without(peer: &Peer, why: &'static str) -> Outcome {
    match peer {
        Peer::Absent(reason) if !reason.contains("is not set") => Outcome::Measured(Measured {
            value: f64::NAN,
            verdict: Verdict::Fails,
            note: reason.clone(),
            peer: peer.clone(),
            split: "",
            child: None,
        }),
        Peer::Absent(_) | Peer::Measured(_) => Outcome::Skipped(why),
    }
}

/// The figures of bench/peers/measure_sklift.py, in its order.
fn uplift_figures(trial: &Trial<'_>) -> anyhow::Result<Vec<f64>> {
    let mut figures = vec![
        trial.qini_coefficient(true)?,
        trial.qini_coefficient(false)?,
        trial.uplift_coefficient()?,
    ];
    let qini = trial.qini_curve();
    let units = qini.last().map_or(1.0, |end| end.targeted);
    for curve in [&qini, &trial.uplift_curve()] {
        let products = curve
            .iter()
            .map(|point| point.targeted / units * (point.gain / units));
        figures.push(products.sum());
    }
    for top in [
        Top::Share(0.1),
        Top::Share(0.3),
        Top::Units(units as usize / 7),
    ] {
        for of in [TopOf::Everybody, TopOf::EachArm] {
            figures.push(trial.uplift_at(top, of)?);
        }
    }
    figures.push(qini.len() as f64);
    Ok(figures)
}

/// The rank-weighted effect of a score, with the arm's means as predictions.
fn ranking_of(
    outcome: &[f64],
    treated: &[bool],
    score: &[f64],
    ctx: &Ctx,
) -> anyhow::Result<Effect> {
    let share = treated.iter().filter(|treated| **treated).count() as f64 / treated.len() as f64;
    let mean = |arm: bool| {
        let own = || outcome.iter().zip(treated).filter(|(_, t)| **t == arm);
        own().map(|(y, _)| y).sum::<f64>() / own().count().max(1) as f64
    };
    let n = outcome.len();
    let scores = AipwScores::new(&Units {
        outcome,
        treated,
        propensity: &vec![share; n],
        predicted_control: &vec![mean(false); n],
        predicted_treated: &vec![mean(true); n],
    })?;
    let bootstrap = Bootstrap {
        resamples: 200,
        seed: ctx.seed,
        ..Bootstrap::default()
    };
    // The value of treating the better half must be computable wherever the ranking is.
    let mut sorted = score.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let treat: Vec<f64> = score
        .iter()
        .map(|score| f64::from(u8::from(*score > sorted[n / 2])))
        .collect();
    size(&policy_value(&scores, &treat, LEVEL)?.policy)?;
    Ok(rate(score, &scores.effect(), Weighting::Autoc, &bootstrap)?)
}

/// Largest difference of two lists of figures, each over its scale.
pub(super) fn largest_gap(
    ours: &[f64],
    theirs: &[f64],
    scale: fn(f64) -> f64,
) -> anyhow::Result<f64> {
    ensure!(
        ours.len() == theirs.len(),
        "the peer wrote {} figures of {}",
        theirs.len(),
        ours.len()
    );
    let gaps = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| (ours - theirs).abs() / scale(*theirs));
    // What is not a number is as far as can be.
    Ok(gaps.fold(0.0, |most, gap| if gap <= most { most } else { gap }))
}

const GBSTATS_TUNED: f64 = 1_000.0;

fn readout_vs_gbstats(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let experiments = ctx.pick(5, 300);
    let (mut ours, mut sums) = (Vec::new(), Vec::new());
    let mut seconds = 0.0;
    for experiment in 0..experiments {
        let mut random = stream(ctx.seed, experiment);
        let arms = [0.0, 0.1].map(|lift| {
            let units = 30 + random.next_u64() % 3_000;
            let rows = (0..units).map(|_| {
                let x = 1.0 + exponential(&mut random);
                [x * (1.0 + lift) + 2.0 * exponential(&mut random), x]
            });
            rows.collect::<Vec<_>>()
        });
        for arm in &arms {
            let sum = |of: fn(&[f64; 2]) -> f64| arm.iter().map(of).sum::<f64>();
            sums.push(vec![
                arm.len() as f64,
                sum(|row| row[0]),
                sum(|row| row[1]),
                sum(|row| row[0] * row[0]),
                sum(|row| row[1] * row[1]),
                sum(|row| row[0] * row[1]),
            ]);
        }
        let started = Instant::now();
        ours.extend(readout_figures(&arms)?);
        seconds += started.elapsed().as_secs_f64();
    }
    let folder = Folder::new("gbstats")?;
    let (input, output) = (folder.0.join("input.f64"), folder.0.join("output.f64"));
    write_floats(&input, &sums)?;
    let peer = Peer::ask(
        ctx,
        "measure_gbstats.py",
        &[
            &input.to_string_lossy(),
            &output.to_string_lossy(),
            &GBSTATS_TUNED.to_string(),
        ],
    );
    let Peer::Measured(theirs) = &peer else {
        return Ok(without(
            &peer,
            "the peer gbstats is needed to compare with: set COMPTOIR_PEERS_PYTHON",
        ));
    };
    let their_seconds = theirs.seconds.unwrap_or(f64::NAN);
    let worst = largest_gap(&ours, &read_floats(&output)?, |figure| 1.0 + figure.abs())?;
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::of(worst <= 1e-9),
        note: format!(
            "{} figures of {experiments} experiments; ours {seconds:.3} s from rows, gbstats {their_seconds:.3} s from sums. Not compared, since definitions differ: variance of a proportion (gbstats divides by n, here by n - 1), an arm of weight 0 in the sample ratio (gbstats keeps its degree of freedom, here refused), and what cannot be read (gbstats answers 0 with an interval of 0 to 0, here a reason)",
            ours.len()
        ),
        peer,
        split: "drawn: 30 to 3,029 units per arm, skewed outcomes, a correlated covariate",
        child: None,
    }))
}

/// The figures of bench/peers/measure_gbstats.py for one experiment, in its order; arms are read in two parts and merged.
fn readout_figures(arms: &[Vec<[f64; 2]>; 2]) -> anyhow::Result<Vec<f64>> {
    let merged = |rows: &[[f64; 2]]| -> anyhow::Result<Moments> {
        let (left, right) = rows.split_at(rows.len() / 3);
        let mut moments = Moments::of_rows(2, left)?;
        moments.merge(&Moments::of_rows(2, right)?)?;
        Ok(moments)
    };
    let (control, treated) = (merged(&arms[0])?, merged(&arms[1])?);
    let sequence = ConfidenceSequence::tuned_to(GBSTATS_TUNED, 1.0 - LEVEL)?;
    let mut figures = Vec::new();
    for method in [difference, cuped, ratio] {
        for scale in [Scale::Absolute, Scale::Relative] {
            let effect = method(&control, &treated, scale, LEVEL)?;
            let once = size(&effect)?;
            let always = sequence.read(&effect);
            let always = always
                .reading()
                .context("no reading of a measured effect")?;
            figures.extend([
                once.point,
                once.standard_error,
                once.low,
                once.high,
                once.p_value,
                always.low,
                always.high,
                always.p_value,
            ]);
        }
    }
    match sample_ratio(&[control.count(), treated.count()], &[0.5, 0.5])? {
        SampleRatio::Holds { p_value } | SampleRatio::Broken { p_value, .. } => {
            figures.push(p_value);
        }
        SampleRatio::NotMeasurable(why) => anyhow::bail!("sample ratio: {why}"),
    }
    Ok(figures)
}

fn effect_coverage(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let samples = ctx.pick(300, 10_000);
    let methods = ["means", "CUPED", "regression", "ratio", "clusters"];
    let covered = in_parallel(samples, |sample| {
        covered(ctx.seed, sample).map_or([0; 5], |covered| covered.map(u32::from))
    });
    let shares = covered.map(|covered| 100.0 * f64::from(covered) / samples as f64);
    let off = |share: &f64| (share - 95.0).abs();
    let worst = shares
        .iter()
        .copied()
        .max_by(|one, other| off(one).total_cmp(&off(other)))
        .unwrap_or(f64::NAN);
    let said: Vec<String> = methods
        .iter()
        .zip(shares)
        .map(|(method, share)| format!("{method} {share:.2}"))
        .collect();
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::at_full_size(ctx, shares.iter().all(|share| off(share) <= 1.0)),
        peer: Peer::none("the effect is known"),
        split: "drawn: skewed outcomes and effects that grow with the covariate, arms of 300 and 600; ratios of 300 customers an arm; 50 clusters an arm",
        note: format!(
            "{}; the standard error of a share is 0.22 points at 10,000",
            said.join(", ")
        ),
        child: None,
    }))
}

/// Whether each method's interval covers the truth in one sample.
fn covered(seed: u64, sample: u64) -> anyhow::Result<[bool; 5]> {
    let mut random = stream(seed, sample);
    let mut arm = |units: u32, lift: f64| {
        let rows = (0..units).map(|_| {
            let x = exponential(&mut random);
            [x + exponential(&mut random) + lift * x, x]
        });
        Moments::of_rows(2, rows)
    };
    let (control, treated) = (arm(300, 0.0)?, arm(600, 0.3)?);
    let mut orders = |mean: f64| {
        let rows = (0..300).map(|_| {
            let n = 1 + random.next_u64() % 5;
            let sum: f64 = (0..n).map(|_| mean * exponential(&mut random)).sum();
            [sum, n as f64]
        });
        Moments::of_rows(2, rows)
    };
    let (fewer, more) = (orders(10.0)?, orders(11.0)?);
    let mut rows = Vec::new();
    for store in 0..100u64 {
        let level = normal(&mut random);
        for _ in 0..5 + random.next_u64() % 11 {
            rows.push((store, (store % 2) as usize, level + normal(&mut random)));
        }
    }
    let stores = cluster_totals(rows, 2)?;
    let absolute = Scale::Absolute;
    let found = [
        (difference(&control, &treated, absolute, LEVEL)?, 0.3),
        (cuped(&control, &treated, absolute, LEVEL)?, 0.3),
        (regression_adjusted(&control, &treated, LEVEL)?, 0.3),
        (ratio(&fewer, &more, absolute, LEVEL)?, 1.0),
        (clustered(&stores[0], &stores[1], absolute, LEVEL)?, 0.0),
    ];
    Ok(found.map(|(effect, truth)| {
        effect
            .size()
            .is_some_and(|size| size.low <= truth && truth <= size.high)
    }))
}

/// What a unit's outcome is drawn from.
#[derive(Clone, Copy)]
enum Drawn {
    Normal,
    Exponential,
    /// One in ten converts.
    Rare,
}

impl Drawn {
    fn draw(self, random: &mut impl Rng) -> f64 {
        match self {
            Self::Normal => normal(random),
            Self::Exponential => exponential(random),
            Self::Rare => f64::from(u8::from(uniform(random) < 0.1)),
        }
    }
}

fn confidence_sequence_aa(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let (paths, units) = (ctx.pick(200, 10_000), ctx.pick(500, 5_000));
    let sequence = ConfidenceSequence::tuned_to(TUNED_UNITS, 0.05)?;
    let early = ConfidenceSequence::tuned_to(50.0, 0.05)?;
    let wrong = in_parallel(paths, |path| {
        let mut random = stream(ctx.seed, path);
        [
            ever_called_real(&sequence, units, Drawn::Normal, &mut random),
            ever_called_real(&sequence, units, Drawn::Exponential, &mut random),
            ever_called_real(&sequence, units, Drawn::Rare, &mut random),
            ever_called_real(&early, 99, Drawn::Exponential, &mut random),
            bet_ever_won(units, &mut random),
        ]
        .map(u32::from)
    });
    let shares = wrong.map(|wrong| 100.0 * f64::from(wrong) / paths as f64);
    let worst = shares.iter().copied().fold(0.0, f64::max);
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::at_full_size(ctx, worst <= 5.0),
        peer: Peer::none("the truth is known: nothing has an effect"),
        split: "drawn: both arms alike, units in random order",
        note: format!(
            "normal {:.2}, exponential {:.2}, one in ten converts {:.2}, exponential up to 99 units with a sequence tuned to 50 {:.2}; betting on one in ten, in blocks of 50 units, {:.2}",
            shares[0], shares[1], shares[2], shares[3], shares[4]
        ),
        child: None,
    }))
}

/// Whether a sequence, read after every unit, ever calls an effect real that is none.
fn ever_called_real(
    sequence: &ConfidenceSequence,
    units: u32,
    drawn: Drawn,
    random: &mut impl Rng,
) -> bool {
    let mut arms = [Moments::new(1), Moments::new(1)];
    for unit in 1..=units {
        let arm = (random.next_u64() & 1) as usize;
        if arms[arm].push(&[drawn.draw(random)]).is_err() {
            return true;
        }
        if arms[0].count().min(arms[1].count()) < UNITS_MIN {
            continue;
        }
        let of = |arm: usize| -> Option<(f64, f64)> {
            let variance = arms[arm].covariance(0, 0)?;
            Some((arms[arm].mean(0)?, variance / arms[arm].count() as f64))
        };
        let (Some((from, one)), Some((to, other))) = (of(0), of(1)) else {
            continue;
        };
        let half = sequence.half_width((one + other).sqrt(), f64::from(unit));
        if one > 0.0 && other > 0.0 && (to - from).abs() > half {
            return true;
        }
    }
    false
}

/// Whether betting against equal rates of one in ten ever makes twentyfold money.
fn bet_ever_won(units: u32, random: &mut impl Rng) -> bool {
    let mut bets = EqualRates::new();
    for _ in 0..units / 50 {
        let mut blocks = [Tally::default(); 2];
        for _ in 0..50 {
            let block = &mut blocks[(random.next_u64() & 1) as usize];
            block.units += 1;
            block.successes += u64::from(uniform(random) < 0.1);
        }
        if bets.look(blocks[0], blocks[1]).is_err() || bets.ln_e_value() > 20f64.ln() {
            return true;
        }
    }
    false
}

/// Logged decisions of one policy in one shop.
struct Shop {
    item: Vec<usize>,
    position: Vec<usize>,
    click: Vec<f64>,
    propensity: Vec<f64>,
    /// Items that were ever shown.
    items: usize,
}

const POSITIONS: usize = 4;

impl Shop {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let batches = batches(path)?;
        let whole = |name: &str| -> anyhow::Result<Vec<usize>> {
            Ok(numbers(&batches, name)?
                .into_iter()
                .map(|v| v as usize)
                .collect())
        };
        let item = whole("item_id")?;
        let position = whole("position")?;
        ensure!(
            position.iter().all(|position| *position < POSITIONS),
            "a position above {}",
            POSITIONS - 1
        );
        Ok(Self {
            items: item.iter().max().map_or(0, |most| most + 1),
            item,
            position,
            click: numbers(&batches, "click")?,
            propensity: numbers(&batches, "propensity_score")?,
        })
    }

    fn earned(&self) -> f64 {
        self.click.iter().sum::<f64>() / self.click.len().max(1) as f64
    }

    /// How often each item was shown at each position: items × positions.
    fn shown(&self, items: usize) -> Vec<f64> {
        let mut shown = vec![0.0; items * POSITIONS];
        for (item, position) in self.item.iter().zip(&self.position) {
            shown[item * POSITIONS + position] += 1.0;
        }
        shown
    }
}

/// Of all decisions at a position, the share of each item: the policy, averaged over the days of its log.
fn shares(shown: &[f64]) -> Vec<f64> {
    let mut at = [0.0; POSITIONS];
    for (cell, count) in shown.iter().enumerate() {
        at[cell % POSITIONS] += count;
    }
    let share = |(cell, count): (usize, &f64)| count / at[cell % POSITIONS].max(1.0);
    shown.iter().enumerate().map(share).collect()
}

/// The value of a policy (shares of items × positions) from the log of another, with the click rate of each item in the
/// other half of the log as a prediction.
fn off_policy(log: &Shop, policy: &[f64], items: usize) -> anyhow::Result<PolicyValue> {
    let overall = log.earned();
    // Twenty decisions at the overall rate keep an item that was hardly shown near it.
    let rates: Vec<Vec<f64>> = (0..2)
        .map(|half| {
            let (mut clicks, mut shown) = (vec![20.0 * overall; items], vec![20.0; items]);
            for row in (half..log.item.len()).step_by(2) {
                clicks[log.item[row]] += log.click[row];
                shown[log.item[row]] += 1.0;
            }
            clicks
                .iter()
                .zip(&shown)
                .map(|(clicks, shown)| clicks / shown)
                .collect()
        })
        .collect();
    let (mut target, mut taken, mut predicted) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..log.item.len() {
        let (item, position) = (log.item[row], log.position[row]);
        let rates = &rates[1 - row % 2];
        target.push(policy[item * POSITIONS + position]);
        taken.push(rates[item]);
        let of = |item: usize| policy[item * POSITIONS + position] * rates[item];
        predicted.push((0..items).map(of).sum::<f64>());
    }
    Ok(evaluate(
        &Logged {
            reward: &log.click,
            propensity: &log.propensity,
            target: &target,
            predicted: Some(Predicted {
                taken: &taken,
                policy: &predicted,
            }),
        },
        LEVEL,
    )?)
}

fn open_bandit_offpolicy(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(folder) = ctx.data_file("open_bandit") else {
        return Ok(NO_DATA);
    };
    let (mut missed, mut said) = (0, Vec::new());
    for shop in ["men", "women"] {
        let random = Shop::read(&folder.join(format!("random_{shop}.parquet")))?;
        let sampling = Shop::read(&folder.join(format!("bts_{shop}.parquet")))?;
        let items = random.items.max(sampling.items);
        let found = off_policy(&random, &shares(&sampling.shown(items)), items)?;
        let truth = sampling.earned();
        let mut words = Vec::new();
        for (name, effect) in [
            ("IPS", &found.inverse_propensity),
            ("SNIPS", &found.self_normalised),
            ("DR", &found.doubly_robust),
        ] {
            let size = size(effect)?;
            missed += u32::from(truth < size.low || size.high < truth);
            words.push(format!("{name} {}", per_mille(&size)));
        }
        // The other way round, the log shows some items too rarely to say anything of showing all alike.
        let uniform = vec![1.0 / items as f64; items * POSITIONS];
        let back = off_policy(&sampling, &uniform, items);
        let back = match back.as_ref().map(|found| (found, &found.self_normalised)) {
            Ok((found, Effect::Measured(size))) => {
                format!(
                    "SNIPS {} with {:.0} effective decisions",
                    per_mille(size),
                    found.effective_units
                )
            }
            Ok((_, Effect::NotMeasurable(why))) => format!("not measurable, {why}"),
            Err(error) => format!("refused, {error}"),
        };
        said.push(format!(
            "{shop}: {} with {:.0} effective decisions, earned {:.1}; uniform from Thompson sampling's log: {back}, earned {:.1}",
            words.join(", "),
            found.effective_units,
            1e3 * truth,
            1e3 * random.earned(),
        ));
    }
    Ok(Outcome::Measured(Measured {
        value: f64::from(missed),
        verdict: Verdict::of(missed == 0),
        peer: Peer::none("what the policy earned is the comparison"),
        split: "Open Bandit, 10,000 decisions per shop and policy; the policy is its mean over the days of its own log",
        note: format!("Clicks per 1,000. {}", said.join(". ")),
        child: None,
    }))
}

fn per_mille(size: &Size) -> String {
    format!(
        "{:.1} [{:.1}, {:.1}]",
        1e3 * size.point,
        1e3 * size.low,
        1e3 * size.high
    )
}
