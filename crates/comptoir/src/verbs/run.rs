//! `comptoir run`

use crate::context::Context;
use crate::exit::Refused;
use crate::print;
use ::products::Product;
use anyhow::bail;
use factory::{Project, RunOptions, RunOutcome, Workshop};
use schema::AsOf;
use std::sync::Arc;

/// Train data products, measure them beside their baselines, and promote those that pass their gate
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir run                              all products, as of the day after the last sale
  comptoir run for-you --as-of 2011-09-01   one product, knowing nothing of that day or later

Exit code 1: a version did not pass its gate (it is registered, the champion stays). 3: refused for memory.")]
pub(crate) struct Run {
    /// Data products; all where absent
    products: Vec<String>,
    /// The first day that must not be known; the day after the last sale where absent
    #[arg(long, value_name = "DATE")]
    as_of: Option<jiff::civil::Date>,
}

/// The products named, or all of them.
pub(crate) fn chosen(project: &Project, names: &[String]) -> anyhow::Result<Vec<Arc<dyn Product>>> {
    if project.products.is_empty() {
        bail!(
            "the project has no data product; add a file to products/ (comptoir products shows the kinds)"
        );
    }
    if names.is_empty() {
        return Ok(project.products.clone());
    }
    names.iter().map(|name| one(project, name)).collect()
}

/// One product by name.
pub(crate) fn one(project: &Project, name: &str) -> anyhow::Result<Arc<dyn Product>> {
    match project.product(name) {
        Some(product) => Ok(Arc::clone(product)),
        None => bail!(
            "there is no data product {name:?}, allowed is {}",
            project.product_names().join(", ")
        ),
    }
}

impl Run {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let products = chosen(&workshop.project, &self.products)?;
        let outcomes = run_all(context, &workshop, &products, self.as_of.map(AsOf)).await?;
        show(context, &outcomes)?;
        gate(&outcomes)
    }
}

/// Runs the products one after the other over one history.
pub(crate) async fn run_all(
    context: &Context,
    workshop: &Workshop,
    products: &[Arc<dyn Product>],
    as_of: Option<AsOf>,
) -> anyhow::Result<Vec<RunOutcome>> {
    context.progress.stage("read the history", 0);
    let (history, inputs) = workshop.history(as_of).await?;
    workshop.recover_runs(Context::now()).await?;
    let mut outcomes = Vec::new();
    for product in products {
        let options = RunOptions {
            as_of,
            seed: context.global.seed,
            now: Context::now(),
        };
        outcomes.push(
            workshop
                .run(product, &history, &inputs, &options, &context.progress)
                .await?,
        );
    }
    Ok(outcomes)
}

/// Prints what came of the runs.
pub(crate) fn show(context: &Context, outcomes: &[RunOutcome]) -> anyhow::Result<()> {
    if context.json() {
        return print::json(&outcomes);
    }
    for outcome in outcomes {
        let state = if outcome.promoted {
            "champion"
        } else {
            "not promoted"
        };
        let seconds = outcome.duration_ms as f64 / 1000.0;
        print::line(format!(
            "{} ({}) version {}: {state}, as of {}, {seconds:.1} s",
            outcome.product, outcome.kind, outcome.version, outcome.as_of
        ))?;
        print::line(format!("  gate: {}", outcome.because))?;
        print::line(format!("  measured: {}", outcome.scorecard.split))?;
        for m in &outcome.scorecard.metrics {
            let scope = if m.scope.is_empty() {
                String::new()
            } else {
                format!("{} ", m.scope)
            };
            print::line(format!(
                "  {scope}{}: {}   {}: {}",
                m.name, m.value, m.baseline_name, m.baseline
            ))?;
        }
        for line in &outcome.scorecard.notes {
            print::line(format!("  - {line}"))?;
        }
        print::line(format!(
            "  the version: trained on everything before {}",
            outcome.as_of
        ))?;
        for line in &outcome.summary {
            print::line(format!("  - {line}"))?;
        }
        print::line("")?;
    }
    Ok(())
}

/// Exit code 1 where a version did not pass.
pub(crate) fn gate(outcomes: &[RunOutcome]) -> anyhow::Result<()> {
    let closed: Vec<_> = outcomes
        .iter()
        .filter(|o| !o.promoted)
        .map(|o| format!("{}: {}", o.product, o.because))
        .collect();
    if closed.is_empty() {
        Ok(())
    } else {
        Err(Refused(closed.join("; ")).into())
    }
}
