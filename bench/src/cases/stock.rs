//! Stock: exact policies beside stockpyl, and proposals for a million products at sites.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use decisions::stock::Demand;
use decisions::stock::policy::{Costs, PolicyError, min_max, newsvendor, reorder_lot};
use decisions::stock::propose::{Limits, Outcome as Told, Placed, Proposals, propose};
use math::random::stream;
use rand_chacha::rand_core::Rng;
use serde::Serialize;

use super::program::Folder;
use super::stock_shop::{Rows, Shop};
use crate::case::{Case, Ctx, Measured, Outcome, Verdict, read_text};
use crate::child::own_peak_memory;
use crate::peer::Peer;

pub(crate) static STOCK_POLICIES: Case = Case {
    name: "stock_policies",
    what: "Newsvendor, (s, S) and (r, Q) of drawn problems, each exact: the largest relative difference of a cost from stockpyl's",
    unit: "relative difference",
    bar: "at most 1e-8 with the same quantities, and 50 times as fast on one thread",
    run: stock_policies,
};

pub(crate) static STOCK_PROPOSALS_MILLION: Case = Case {
    name: "stock_proposals_million",
    what: "Orders of a million products at sites from stored quantiles, with packs, shelf lives, minimum orders, budgets of suppliers and room at sites",
    unit: "s",
    bar: "at most 60 s on two cores and 2 GiB, every limit kept, proved to be within 1e-3 of the best",
    run: stock_proposals_million,
};

/// A problem as both sides solve it.
#[derive(Debug, Clone, Copy, Serialize)]
struct Problem {
    kind: &'static str,
    holding: f64,
    missing: f64,
    ordering: f64,
    mean: f64,
    deviation: f64,
    lead: f64,
}

const KINDS: [&str; 4] = [
    "newsvendor_normal",
    "newsvendor_poisson",
    "min_max",
    "reorder_lot",
];

impl Problem {
    fn drawn(n: usize, seed: u64) -> Vec<Self> {
        let mut random = stream(seed, 0);
        let mut unit = || f64::from(random.next_u32()) / f64::from(u32::MAX);
        (0..n)
            .map(|at| {
                let mean = 0.5 + 40.0 * unit() * unit();
                Self {
                    kind: KINDS[at % KINDS.len()],
                    holding: 0.5 + 2.0 * unit(),
                    missing: 3.0 + 40.0 * unit(),
                    ordering: 1.0 + 100.0 * unit() * unit(),
                    mean,
                    deviation: mean * (0.1 + 0.3 * unit()),
                    lead: 0.5 + 3.0 * unit(),
                }
            })
            .collect()
    }

    /// The two numbers of its policy, and its cost.
    fn solved(&self) -> anyhow::Result<[f64; 3]> {
        let costs = Costs {
            holding: self.holding,
            missing: self.missing,
            ordering: self.ordering,
        };
        let season = |demand: Demand<'_>| -> Result<[f64; 3], PolicyError> {
            let found = newsvendor(&demand, self.holding, self.missing)?;
            Ok([found.quantity, 0.0, found.cost])
        };
        Ok(match self.kind {
            "newsvendor_normal" => season(Demand::normal(self.mean, self.deviation)?)?,
            "newsvendor_poisson" => season(Demand::poisson(self.mean)?)?,
            "min_max" => {
                let demand = Demand::poisson(self.mean)?;
                let found = min_max(&demand, &demand, None, &costs)?;
                [
                    found.reorder_point as f64,
                    found.order_up_to as f64,
                    found.cost,
                ]
            }
            _ => {
                let lead = Demand::poisson(self.mean * self.lead)?;
                let found = reorder_lot(self.mean, &lead, 1, &costs)?;
                [found.reorder_point, found.lot, found.cost]
            }
        })
    }
}

fn stock_policies(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let problems = Problem::drawn(ctx.pick(40, 2000), ctx.seed);
    let started = Instant::now();
    let solved: Vec<[f64; 3]> = problems
        .iter()
        .map(Problem::solved)
        .collect::<Result<_, _>>()?;
    let seconds = started.elapsed().as_secs_f64();
    let folder = Folder::new("stockpyl")?;
    fs_err::write(
        folder.0.join("problems.json"),
        serde_json::to_string(&problems)?,
    )?;
    let peer = Peer::ask(ctx, "stock_stockpyl.py", &[&folder.0.to_string_lossy()]);
    let (value, verdict, note) = match &peer {
        Peer::Absent(_) => (
            0.0,
            Verdict::NotJudged,
            "nothing to compare with".to_owned(),
        ),
        Peer::Measured(measured) => {
            let (gap, others) = compared(&folder.0, &solved)?;
            let times = measured.seconds.unwrap_or(f64::NAN) / seconds;
            let holds = gap <= 1e-8 && others == 0 && times >= 50.0;
            let note = format!("{others} other quantities; {times:.0} times as fast");
            (gap, Verdict::at_full_size(ctx, holds), note)
        }
    };
    Ok(Outcome::Measured(Measured {
        value,
        verdict,
        peer,
        split: "drawn: means of 0.5 to 40, a quarter of the problems each",
        note: format!("{} problems in {seconds:.3} s; {note}", problems.len()),
        child: None,
    }))
}

/// The largest relative difference of a cost, and how many policies have other quantities.
fn compared(folder: &Path, solved: &[[f64; 3]]) -> anyhow::Result<(f64, usize)> {
    let text = read_text(&folder.join("answers.json"))?;
    let answers: Vec<[f64; 3]> = serde_json::from_str(&text).context("read stockpyl's answers")?;
    ensure!(answers.len() == solved.len(), "{} answers", answers.len());
    let (mut gap, mut others) = (0.0_f64, 0);
    for (ours, theirs) in solved.iter().zip(&answers) {
        gap = gap.max((ours[2] / theirs[2] - 1.0).abs());
        let same = |at: usize| (ours[at] - theirs[at]).abs() <= 1e-6 * theirs[at].abs().max(1.0);
        others += usize::from(!(same(0) && same(1)));
    }
    Ok((gap, others))
}

fn stock_proposals_million(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let rows = ctx.pick(20_000, 1_000_000);
    let shop = Shop::drawn(rows, ctx.pick(10, 500), ctx.pick(8, 200), ctx.seed);
    let alone = Rows {
        shop: &shop,
        shared: false,
    };
    let started = Instant::now();
    let free = propose(&alone, &Limits::default())?;
    let alone_seconds = started.elapsed().as_secs_f64();
    let shared = shop.limits(&free);
    drop(free);
    let together = Rows {
        shop: &shop,
        shared: true,
    };
    let started = Instant::now();
    let found = propose(&together, &shared.limits())?;
    let seconds = started.elapsed().as_secs_f64();
    check(&found)?;
    let gap = 1.0 - found.value_cents / found.bound_cents;
    let peak = own_peak_memory();
    let small = peak.is_none_or(|bytes| bytes <= 2 << 30);
    Ok(Outcome::Measured(Measured {
        value: seconds,
        verdict: Verdict::at_full_size(ctx, seconds <= 60.0 && small && gap <= 1e-3),
        peer: Peer::none("no open tool proposes orders under shared limits"),
        split: "drawn: log-normal quantiles, means of .3 to 120, packs of 1 to 24, a fifth perishing, half of unmet demand lost",
        note: format!(
            "{alone_seconds:.1} s without shared limits; gap {gap:.1e}; {}",
            in_words(&found)
        ),
        child: None,
    }))
}

/// Every limit is counted again.
fn check(found: &Proposals) -> anyhow::Result<()> {
    for budget in &found.budgets {
        ensure!(budget.spent <= budget.allowed, "{budget:?}");
    }
    for site in &found.sites {
        ensure!(site.used <= site.allowed, "{site:?}");
    }
    for outcome in &found.outcomes {
        ensure!(matches!(outcome, Told::Proposed(_)), "{outcome:?}");
    }
    Ok(())
}

fn in_words(found: &Proposals) -> String {
    let budgets = found.budgets.iter().filter(|budget| budget.price > 0.0);
    let sites = found.sites.iter().filter(|site| site.price > 0.0);
    let placed = |of: fn(&Placed) -> bool| found.orders.iter().filter(|o| of(&o.placed)).count();
    let units: u64 = found.orders.iter().map(|order| order.units).sum();
    format!(
        "{units} units in {} orders, {} of them raised to their minimum; {} orders left out below it; {} of {} budgets and {} of {} sites bind",
        placed(|p| matches!(p, Placed::AsWanted | Placed::Raised { .. })),
        placed(|p| matches!(p, Placed::Raised { .. })),
        placed(|p| matches!(
            p,
            Placed::BelowMinimum { .. } | Placed::MinimumAboveWhatFits { .. }
        )),
        budgets.count(),
        found.budgets.len(),
        sites.count(),
        found.sites.len(),
    )
}
