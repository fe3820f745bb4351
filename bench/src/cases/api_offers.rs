//! Offers under load: each promised from the ledger and counted against a cap before it is answered.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::api::{CONNECTIONS, Load, Pace, Server, load, outcome, query, stolen};
use super::program::{Folder, NO_PROGRAM, comptoir, program, ran};
use crate::case::{Case, Ctx, Outcome};
use crate::child::{ChildUse, peak_memory};
use crate::machine::ProcessorTime;

/// Offers for known customers, with the money that they promise.
pub(crate) static API_OFFERS: Case = Case {
    name: "api_offers",
    what: "the offer for a known customer of the simulated grocery over HTTP, its money promised from a ledger, its number capped per customer, each decision synced to the log before it is answered; clients and server share the processors",
    unit: "decisions/s",
    bar: "≥ 3,000/s, and at 3,000/s for two minutes: p99 ≤ 10 ms, promised ≤ budget, every answer in the table",
    run: api_offers,
};

const PATH: &str = "/v1/products/offers/decide";

/// What the ledger may promise for each decision expected, in the shop's currency. Offers reserve 5, and some two fifths
/// of the customers get one: the money ends before the load does.
const BUDGET_PER_DECISION: f64 = 1.0;

/// The ledger and the caps beside the settings that the grocery has. So many offers to one customer are no cap that
/// holds anything back: what is measured is that it is kept.
const PROMISES: &str = "
[settings.ledger]
period = \"month\"
expires_days = 14
most = { amount5 = 5.0, percent10 = 5.0, points = 5.0 }

[settings.caps]
per_customer = 100
days = 28
";

/// The grocery's product with another budget and what it may promise.
fn promising(shop: &Path, budget: f64) -> anyhow::Result<()> {
    let path = shop.join("products/offers.toml");
    let text = fs_err::read_to_string(&path)?;
    let lines = text.lines().map(|line| {
        if line.starts_with("budget =") {
            format!("budget = {budget:.2}")
        } else {
            line.to_owned()
        }
    });
    let text: Vec<String> = lines.collect();
    Ok(fs_err::write(&path, text.join("\n") + "\n" + PROMISES)?)
}

/// Trains the grocery, and puts its version in front where its gate did not: what is measured is how it answers.
fn trained(ctx: &Ctx, program: &Path, folder: &Folder) -> anyhow::Result<std::path::PathBuf> {
    let seed = ctx.seed.to_string();
    let mut arguments = vec!["demo", "--shop", "grocery", "--dir", "shop", "--once"];
    arguments.extend(["--quiet", "--seed", &seed]);
    arguments.extend(ctx.pick(&["--customers", "600"][..], &[]));
    let used = ran(program, &folder.0, &arguments, &[0, 1])?;
    let shop = folder.0.join("shop");
    if used.status.code() != Some(0) {
        let promote = [
            "promote",
            "offers",
            "1",
            "--despite-gate",
            "--why",
            "measured",
        ];
        ran(program, &shop, &promote, &[0])?;
    }
    Ok(shop)
}

/// What the ledger says of the only period that something was promised in.
fn budget(program: &Path, shop: &Path) -> anyhow::Result<Value> {
    let output = comptoir(program, shop, &["budget", "offers", "--output", "json"])
        .stdout(Stdio::piped())
        .output()?;
    ensure!(output.status.success(), "the budget could not be read");
    let told: Value = serde_json::from_slice(&output.stdout)?;
    Ok(told["budgets"][0].clone())
}

/// One figure of the logged decisions.
fn logged(program: &Path, shop: &Path, figure: &str) -> anyhow::Result<i64> {
    let sql =
        format!("SELECT {figure} AS n FROM decisions WHERE product = 'offers' AND position = 1");
    let rows = query(program, shop, &sql)?;
    rows[0]["n"].as_i64().with_context(|| figure.to_owned())
}

fn api_offers(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let folder = Folder::new("offers")?;
    let shop = trained(ctx, &program, &folder)?;
    let per_second = ctx.pick(50.0, 3_000.0);
    let steady_seconds = ctx.pick(2, 120);
    promising(
        &shop,
        BUDGET_PER_DECISION * per_second * steady_seconds as f64,
    )?;
    let known = "SELECT DISTINCT customer_id FROM sales WHERE customer_id IS NOT NULL ORDER BY 1";
    let bodies: Vec<String> = query(&program, &shop, known)?
        .iter()
        .map(|row| serde_json::json!({"customer_id": row["customer_id"]}).to_string())
        .collect();
    ensure!(!bodies.is_empty(), "the shop has no customers");
    let before = logged(&program, &shop, "COUNT(*)")?;

    let server = Server::start(&program, &shop)?;
    let processors = ProcessorTime::now();
    let asks = |pace, seconds| {
        let lasts = Duration::from_secs(seconds);
        load(&server.address, PATH, &bodies, pace, lasts)
    };
    let steady: Load = asks(Pace::Open { per_second }, steady_seconds)?;
    let most = asks(Pace::Closed, ctx.pick(1, 30))?;
    let stolen = stolen(processors);
    let peak_memory_bytes = peak_memory(&server.child);
    let answered = steady.answers() + most.answers();
    let status = server.stop()?;
    ensure!(status.success(), "the server ended with {status}");

    let told = budget(&program, &shop)?;
    let figure = |key: &str| {
        told[key]
            .as_i64()
            .with_context(|| format!("{key} of {told}"))
    };
    let limit = figure("limit_cents")?;
    let promised = figure("reserved_cents")? + figure("spent_cents")? + figure("leased_cents")?;
    let reserved = logged(&program, &shop, "COALESCE(SUM(reserved_cents), 0)")?;
    let offers = logged(&program, &shop, "COUNT(reserved_cents)")?;
    let in_table = logged(&program, &shop, "COUNT(*)")? - before;
    ensure!(
        promised <= limit && reserved == promised,
        "promised {promised}, logged {reserved}, allowed {limit}"
    );
    let p99 = steady.quantile_ms(0.99);
    let holds = most.per_second() >= 3_000.0
        && steady.per_second() >= 0.999 * per_second
        && p99 <= 10.0
        && in_table == i64::try_from(answered)?;
    let note = format!(
        "{CONNECTIONS} connections; {:.0}/s for {:.0} s: p50 {:.1} ms, p99 {p99:.1} ms (by minute {}), longest {:.0} ms; then as fast as answers come: p50 {:.1} ms, p99 {:.1} ms; {stolen}; {offers} offers, promised {:.0} of {:.0}; {answered} answered, {in_table} in the table",
        steady.per_second(),
        steady.seconds,
        steady.quantile_ms(0.5),
        steady.minutes(),
        steady.quantile_ms(1.0),
        most.quantile_ms(0.5),
        most.quantile_ms(0.99),
        promised as f64 / 100.0,
        limit as f64 / 100.0,
    );
    let child = ChildUse {
        seconds: steady.seconds + most.seconds,
        peak_memory_bytes,
        status,
    };
    Ok(outcome(ctx, &most, holds, note, child))
}
