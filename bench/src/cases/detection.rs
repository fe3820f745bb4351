//! Watching products: how soon a drop is seen, beside daily thresholds as others set them.

use math::random::stream;
use monitoring::loss::{LossDay, LossPromise, LossReference, LossWatch};
use rand_chacha::ChaCha8Rng;
use schema::AsOf;
use schema::time::date_of;

use super::measure::{normal, uniform};
use super::monitoring::{ALPHA, REFERENCE_DAYS, YEAR, has_alarmed, hits};
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::peer::Peer;

pub(crate) static DETECTION_DELAY: Case = Case {
    name: "detection_delay",
    what: "Drops of 5, 10 and 20 % of a ranking's gain at 200, 1,000 and 5,000 decisions a day: median days until seen, beside daily thresholds of PSI, KS and mean ± k σ that alarm in as many quiet years as the watch did; and in brackets beside such that alarm in 5 % of them, as it promises at most",
    unit: "medians of 9 later than the best threshold's",
    bar: "0",
    run: detection_delay,
};

/// A ranking's gain: nothing for half of the customers, else by the rank of what they take, as in discounted gain.
const RANKS: usize = 20;
const TAKES: f64 = 0.5;
/// Each rank is taken by this share of those who come to it.
const AT_RANK: f64 = 0.15;
/// How much the share that takes anything varies by the day, in relation to itself.
const DAYS_SD: f64 = 0.02;
const DROPS: [f64; 3] = [0.05, 0.1, 0.2];
const VOLUMES: [u64; 3] = [200, 1_000, 5_000];
const THRESHOLDS: usize = 3;
const NAMES: [&str; THRESHOLDS + 1] = ["ours", "PSI", "KS", "± k σ"];

/// Decisions by gain: none, then by rank from the last.
type Cells = [f64; RANKS + 1];

fn gain(cell: usize) -> f64 {
    match cell {
        0 => 0.0,
        _ => 1.0 / ((RANKS + 2 - cell) as f64).log2(),
    }
}

fn day_of(random: &mut ChaCha8Rng, count: u64, drop: f64) -> Cells {
    let takes = TAKES * (1.0 - drop) * (1.0 + DAYS_SD * normal(random));
    let mut left = hits(random, count, takes);
    let mut cells = [0.0; RANKS + 1];
    cells[0] = (count - left) as f64;
    for rank in 1..=RANKS {
        let taken = if rank == RANKS {
            left
        } else {
            hits(random, left, AT_RANK)
        };
        cells[RANKS + 1 - rank] = taken as f64;
        left -= taken;
    }
    cells
}

fn mean_gain(cells: &Cells) -> f64 {
    let sum: f64 = (0..).zip(cells).map(|(cell, n)| gain(cell) * n).sum();
    sum / cells.iter().sum::<f64>()
}

fn loss_day(n: i32, cells: &Cells) -> LossDay {
    let sum_of = |power: i32| -> f64 {
        let each = (0..).zip(cells);
        each.map(|(cell, n)| (1.0 - gain(cell)).powi(power) * n)
            .sum()
    };
    LossDay {
        day: AsOf(date_of(n)),
        count: cells.iter().sum::<f64>() as u64,
        sum: sum_of(1),
        sum_squares: sum_of(2),
        season: 1.0,
    }
}

/// What the thresholds look at: the days of the reference, pooled.
struct Reference {
    shares: Cells,
    mean: f64,
    sd: f64,
}

impl Reference {
    fn of(days: &[Cells]) -> Self {
        let mut shares = [0.0; RANKS + 1];
        for cells in days {
            for (sum, n) in shares.iter_mut().zip(cells) {
                *sum += n;
            }
        }
        let total: f64 = shares.iter().sum();
        let means: Vec<f64> = days.iter().map(mean_gain).collect();
        let n = means.len() as f64;
        let mean = means.iter().sum::<f64>() / n;
        let squares: f64 = means.iter().map(|m| (m - mean).powi(2)).sum();
        Self {
            shares: shares.map(|sum| sum / total),
            mean,
            sd: (squares / (n - 1.0)).sqrt(),
        }
    }

    /// Population stability index as Evidently has it over ten bins, Kolmogorov–Smirnov distance, and the distance of
    /// the day's mean from that of reference days in their standard deviations, as NannyML has it for chunks.
    fn statistics(&self, cells: &Cells) -> [f64; THRESHOLDS] {
        let total: f64 = cells.iter().sum();
        let (mut psi, mut ks) = (0.0, 0.0f64);
        let (mut own, mut others) = (0.0, 0.0);
        let mut bin = (0.0, 0.0);
        for (cell, (n, share)) in cells.iter().zip(&self.shares).enumerate() {
            own += n / total;
            others += share;
            ks = ks.max((own - others).abs());
            bin = (bin.0 + n / total, bin.1 + share);
            // Nothing taken is a bin, and two ranks are one.
            if cell % 2 == 0 {
                let (now, before) = (bin.0.max(1e-4), bin.1.max(1e-4));
                psi += (now - before) * (now / before).ln();
                bin = (0.0, 0.0);
            }
        }
        [psi, ks, (mean_gain(cells) - self.mean).abs() / self.sd]
    }
}

/// A product with its reference, and a watch of it.
fn product(random: &mut ChaCha8Rng, count: u64) -> anyhow::Result<(Reference, LossWatch)> {
    let days: Vec<Cells> = (0..REFERENCE_DAYS)
        .map(|_| day_of(random, count, 0.0))
        .collect();
    let losses: Vec<LossDay> = (-REFERENCE_DAYS..0)
        .zip(&days)
        .map(|(n, cells)| loss_day(n, cells))
        .collect();
    let measured = LossReference::measure(&losses)?;
    let watch = LossWatch::new(LossPromise::against(&measured, 0.0, ALPHA))?;
    Ok((Reference::of(&days), watch))
}

/// The highest of each statistic in a quiet year, and whether the watch alarmed.
fn quiet_highest(seed: u64, index: u64, count: u64) -> anyhow::Result<([f64; THRESHOLDS], bool)> {
    let mut random = stream(seed, index);
    let (reference, mut watch) = product(&mut random, count)?;
    let mut highest = [0.0f64; THRESHOLDS];
    for n in 0..YEAR {
        let cells = day_of(&mut random, count, 0.0);
        watch.look(&loss_day(n, &cells))?;
        for (highest, now) in highest.iter_mut().zip(reference.statistics(&cells)) {
            *highest = highest.max(now);
        }
    }
    Ok((highest, has_alarmed(&watch)))
}

/// Days until each sees a drop: `None` where it alarmed before; a year and a day where it does not within a year.
fn delays(
    seed: u64,
    index: u64,
    count: u64,
    drop: f64,
    thresholds: &[f64; THRESHOLDS],
) -> anyhow::Result<[Option<i32>; THRESHOLDS + 1]> {
    let mut random = stream(seed, index);
    let (reference, mut watch) = product(&mut random, count)?;
    let changes = 30 + (300.0 * uniform(&mut random)) as i32;
    let mut seen = [None; THRESHOLDS + 1];
    for n in 0..changes + YEAR {
        let cells = day_of(&mut random, count, if n < changes { 0.0 } else { drop });
        watch.look(&loss_day(n, &cells))?;
        let statistics = reference.statistics(&cells);
        let beyond = |at: usize| statistics[at] > thresholds[at];
        let now = [has_alarmed(&watch), beyond(0), beyond(1), beyond(2)];
        for (seen, now) in seen.iter_mut().zip(now) {
            if now && seen.is_none() {
                *seen = Some(n);
            }
        }
        if n >= changes && seen.iter().all(Option::is_some) {
            break;
        }
    }
    Ok(seen.map(|day| {
        let delay = day.unwrap_or(changes + YEAR) - changes + 1;
        (delay >= 1).then_some(delay)
    }))
}

/// What `of` gives for each index, in order, worked on by all cores.
fn each<T: Send>(
    indices: u64,
    of: impl Fn(u64) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let parts: Vec<anyhow::Result<Vec<T>>> = std::thread::scope(|scope| {
        let of = &of;
        let part = |thread: u64| {
            let (from, to) = (indices * thread / threads, indices * (thread + 1) / threads);
            scope.spawn(move || (from..to).map(of).collect())
        };
        let workers: Vec<_> = (0..threads).map(part).collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    let mut all = Vec::new();
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}

/// Thresholds that this share of quiet years passes.
fn tuned(years: &[([f64; THRESHOLDS], bool)], share: f64) -> [f64; THRESHOLDS] {
    std::array::from_fn(|at| {
        let mut highest: Vec<f64> = years.iter().map(|(highest, _)| highest[at]).collect();
        highest.sort_unstable_by(|one, other| other.total_cmp(one));
        highest[(share * highest.len() as f64) as usize]
    })
}

fn medians(delays: &[[Option<i32>; THRESHOLDS + 1]]) -> [i32; THRESHOLDS + 1] {
    std::array::from_fn(|at| {
        let mut known: Vec<i32> = delays.iter().filter_map(|d| d[at]).collect();
        known.sort_unstable();
        known.get(known.len() / 2).copied().unwrap_or(YEAR + 1)
    })
}

fn detection_delay(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let (years, products) = ctx.pick((60, 20), (4_000, 1_000));
    let (mut later, mut later_promised) = (0, 0);
    let mut told = Vec::new();
    for (at, count) in (0u64..).zip(VOLUMES) {
        let seed = ctx.seed + 1_000 * at;
        let quiet = each(years, |index| quiet_highest(seed, index, count))?;
        let ours = quiet.iter().filter(|(_, alarmed)| *alarmed).count() as f64 / years as f64;
        // Once at what the watch itself showed, and once at what it promises at most.
        let (alike, promised) = (tuned(&quiet, ours), tuned(&quiet, ALPHA));
        told.push(format!(
            "{count} decisions a day, {:.2} % of quiet years alarmed ours",
            100.0 * ours
        ));
        for (number, drop) in (1u64..).zip(DROPS) {
            let of = |thresholds: &[f64; THRESHOLDS]| {
                let first = years * number * 10;
                let found = each(products, |index| {
                    delays(seed, first + index, count, drop, thresholds)
                })?;
                anyhow::Ok(medians(&found))
            };
            let (found, found_promised) = (of(&alike)?, of(&promised)?);
            let best = |medians: &[i32]| medians[1..].iter().copied().min().unwrap_or(0);
            later += u32::from(found[0] > best(&found));
            later_promised += u32::from(found_promised[0] > best(&found_promised));
            let each: Vec<String> = NAMES
                .iter()
                .zip(found.iter().zip(found_promised))
                .map(|(name, (days, promised))| match *name {
                    "ours" => format!("ours {days}"),
                    _ => format!("{name} {days} ({promised})"),
                })
                .collect();
            told.push(format!("-{:.0} %: {}", 100.0 * drop, each.join(", ")));
        }
    }
    Ok(Outcome::Measured(Measured {
        value: f64::from(later),
        verdict: Verdict::at_full_size(ctx, later == 0),
        peer: Peer::none(
            "Evidently's and NannyML's thresholds are worked out in the case, tuned to quiet years",
        ),
        split: "drawn: 90 reference days, a drop on a day between the 30th and the 330th; thresholds tuned on 4,000 other quiet years",
        note: format!(
            "median days, in brackets with thresholds that alarm in 5 % of quiet years ({later_promised} later than the best of those); {}",
            told.join("; ")
        ),
        child: None,
    }))
}
