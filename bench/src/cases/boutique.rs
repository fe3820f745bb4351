//! Orders of the simulated boutiques, beside who knows the true demand.

use anyhow::Context;
use serde_json::Value;

use super::measure::mean;
use super::program::{NO_PROGRAM, demonstrated, program};
use crate::case::{Case, Ctx, Measured, Outcome, Size, Verdict};
use crate::peer::Peer;

/// Chains of the full size.
const SEEDS: u64 = 10;

/// What may be paid more, in percent.
const MORE_MAX: f64 = 5.0;

/// Four weeks of orders, for each chain.
pub(crate) static BOUTIQUE_ORDERS: Case = Case {
    name: "boutique_orders",
    what: "comptoir demo --shop boutique: orders and transfers proposed each morning for four weeks on simulated chains of ten boutiques, their cost (margin lost, stock kept, waste, orders) beside that of one who knows the true demand of every store and moves nothing between them",
    unit: "% more",
    bar: "≤ 5 % on average of ten chains",
    run: boutique_orders,
};

/// What the policies of one chain cost.
struct Cost {
    proposed: f64,
    naive: f64,
    oracle: f64,
}

fn boutique_orders(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.size == Size::Small {
        return Ok(Outcome::Skipped("four weeks of orders take minutes"));
    }
    let costs = (1..=ctx.fewer("COMPTOIR_BENCH_SEEDS", 1, SEEDS))
        .map(|seed| cost(&demonstrated(&program, "boutique", seed, &[], &[0])?))
        .collect::<anyhow::Result<Vec<Cost>>>()?;
    let percent = |of: f64, to: f64| 100.0 * (of / to - 1.0);
    let more: Vec<f64> = costs
        .iter()
        .map(|c| percent(c.proposed, c.oracle))
        .collect();
    let saved: Vec<f64> = costs
        .iter()
        .map(|c| -percent(c.proposed, c.naive))
        .collect();
    let ((more_mean, half), (saved_mean, saved_half)) = (mean(&more), mean(&saved));
    let whole = costs.len() as u64 == SEEDS;
    let listed: Vec<String> = more.iter().map(|of| format!("{of:.1}")).collect();
    Ok(Outcome::Measured(Measured {
        value: more_mean,
        verdict: Verdict::at_full_size(ctx, whole && more_mean <= MORE_MAX),
        peer: Peer::none("the claim is beside the simulator's truth"),
        split: "four weeks after those that were learnt from",
        note: format!(
            "{} chains: {} % more, {more_mean:.1} ± {half:.1} (95 %, Student's t); {saved_mean:.1} ± {saved_half:.1} % less than by the chain's own rule",
            costs.len(),
            listed.join(", "),
        ),
        child: None,
    }))
}

fn cost(document: &Value) -> anyhow::Result<Cost> {
    let of = |policy: usize| {
        let cost = document.pointer(&format!("/boutique/policies/{policy}/cost"));
        cost.and_then(Value::as_f64).context("what a policy costs")
    };
    Ok(Cost {
        proposed: of(0)?,
        naive: of(1)?,
        oracle: of(2)?,
    })
}
