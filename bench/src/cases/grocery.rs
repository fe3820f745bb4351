//! The loop of promotions on the simulated grocery, beside the simulator's truth.

use serde_json::Value;

use super::program::{NO_PROGRAM, demonstrated, program};
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::peer::Peer;

/// Seeds of the full size.
const SEEDS: u64 = 20;

/// Share of the oracle's gain that is asked for.
const SHARE_MIN: f64 = 0.85;

/// Seeds whose interval must hold the truth.
const CONTAINED_MIN: usize = 18;

/// Two months of offers under a budget, for each seed.
pub(crate) static GROCERY_PROMOTIONS: Case = Case {
    name: "grocery_promotions",
    what: "a pilot and two months of offers under a budget on simulated groceries: margin gained beside an oracle's with the same money",
    unit: "share of the oracle's gain",
    bar: "≥ .85 over 20 seeds, and the measured 95 % interval holds the truth in ≥ 18",
    run: grocery_promotions,
};

/// What the two months of one seed brought.
struct Brought {
    gained: f64,
    /// An oracle's that knows what is typical for habits.
    foreseeable: f64,
    oracle: f64,
    average: f64,
    likeliest: f64,
    /// Whether the measured interval holds the truth.
    contained: bool,
}

fn grocery_promotions(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let mut seeds = Vec::new();
    let mut closed = 0;
    for seed in 1..=ctx.fewer("COMPTOIR_BENCH_SEEDS", 1, SEEDS) {
        let fewer = ctx.pick(&["--customers", "600"][..], &[]);
        let document = demonstrated(&program, "grocery", seed, fewer, &[0, 1])?;
        match brought(&document) {
            Some(brought) => seeds.push(brought),
            // No version beat its baseline: nothing is given, and nothing gained.
            None => closed += 1,
        }
    }
    let sum = |of: fn(&Brought) -> f64| seeds.iter().map(of).sum::<f64>();
    let all = seeds.len() + closed;
    let shares: f64 = seeds.iter().map(|b| b.gained / b.oracle).sum();
    let share = shares / all as f64;
    let contained = seeds.iter().filter(|b| b.contained).count();
    let whole = all as u64 >= SEEDS;
    let holds = whole && share >= SHARE_MIN && contained >= CONTAINED_MIN;
    Ok(Outcome::Measured(Measured {
        value: share,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("the claim is beside the simulator's truth"),
        split: "month 1 learns, months 2 and 3 are decided for",
        note: format!(
            "{all} seeds; the interval holds the truth in {contained}; in {closed} no version beat its baseline and nothing was given; where something was: gained {:.0}, the oracle {:.0}, one that knows what is typical for habits {:.0}, the best offer on average to as many as the money pays for {:.0}, the same to those who buy most often {:.0}",
            sum(|b| b.gained),
            sum(|b| b.oracle),
            sum(|b| b.foreseeable),
            sum(|b| b.average),
            sum(|b| b.likeliest),
        ),
        child: None,
    }))
}

fn brought(document: &Value) -> Option<Brought> {
    let months = document.pointer("/grocery/months")?.as_array()?;
    let last = months.last()?;
    let number = |of: &Value, path: &str| of.pointer(path).and_then(Value::as_f64);
    let sum = |path: &str| months.iter().filter_map(|month| number(month, path)).sum();
    let (low, high) = (
        number(last, "/measured/measured/low")?,
        number(last, "/measured/measured/high")?,
    );
    let truth = number(last, "/truth")?;
    Some(Brought {
        gained: sum("/gained/margin"),
        average: sum("/rivals/0/margin"),
        likeliest: sum("/rivals/1/margin"),
        foreseeable: sum("/rivals/2/margin"),
        oracle: sum("/rivals/3/margin"),
        contained: (low..=high).contains(&truth),
    })
}
