//! `comptoir run`

use crate::context::Context;
use crate::exit::{self, Refused};
use crate::print;
use ::products::Product;
use anyhow::bail;
use factory::{Needed, Project, RunError, RunOptions, RunOutcome, Workshop};
use schema::{AsOf, Scorecard};
use std::sync::Arc;

/// Train data products, measure them beside their baselines, and promote those that pass their gate
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir run                              all products, as of the day after the last sale
  comptoir run for-you --as-of 2011-09-01   one product, knowing nothing of that day or later
  comptoir run --needed                     those that need it: see [retraining] in product files

One product's error keeps no other from running; the exit code is the worst.
Exit code 1: a version did not pass its gate (it is registered, the champion stays).
2: a product could not be trained. 3: refused for memory.")]
pub(crate) struct Run {
    /// Data products; all where absent
    products: Vec<String>,
    /// The first day that must not be known; the day after the last sale where absent
    #[arg(long, value_name = "DATE")]
    as_of: Option<jiff::civil::Date>,
    /// Leave out products that need no training: nothing was imported since, or they do not ask for it yet
    #[arg(long, conflicts_with = "as_of")]
    needed: bool,
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
        let (products, left_out) = if self.needed {
            those_that_need_it(context, &workshop, products).await?
        } else {
            (products, Vec::new())
        };
        let tried = if products.is_empty() {
            Vec::new()
        } else {
            run_all(context, &workshop, &products, self.as_of.map(AsOf)).await?
        };
        if context.json() {
            let left_out = left_out.iter().map(|(product, because)| {
                let header = product.header();
                serde_json::json!({ "product": header.name, "kind": header.kind, "not_needed": because })
            });
            print::json(
                &documents(&tried)
                    .into_iter()
                    .chain(left_out)
                    .collect::<Vec<_>>(),
            )?;
        } else {
            for (product, because) in &left_out {
                let header = product.header();
                let (name, kind) = (&header.name, &header.kind);
                print::line(format!("{name} ({kind}): needs no training: {because}"))?;
            }
            show(&tried)?;
        }
        verdict(tried)
    }
}

/// A product that is left out, and why.
type LeftOut = (Arc<dyn Product>, String);

/// The products that need a training, and the others.
async fn those_that_need_it(
    context: &Context,
    workshop: &Workshop,
    products: Vec<Arc<dyn Product>>,
) -> anyhow::Result<(Vec<Arc<dyn Product>>, Vec<LeftOut>)> {
    let (mut needing, mut left_out) = (Vec::new(), Vec::new());
    let progress = context.progress.as_ref();
    let needed = workshop
        .trainings_needed(&products, Context::now(), progress)
        .await?;
    for (product, needed) in products.into_iter().zip(needed) {
        match needed {
            Needed::Yes { because } => {
                progress.note(&format!("{} is trained: {because}", product.header().name));
                needing.push(product);
            }
            Needed::No { because } => left_out.push((product, because)),
        }
    }
    Ok((needing, left_out))
}

/// A product and what came of its run.
pub(crate) struct Tried {
    product: String,
    kind: String,
    pub(crate) outcome: Result<RunOutcome, RunError>,
}

/// Runs the products one after the other over one history; an error of one does not keep the others from running.
pub(crate) async fn run_all(
    context: &Context,
    workshop: &Workshop,
    products: &[Arc<dyn Product>],
    as_of: Option<AsOf>,
) -> anyhow::Result<Vec<Tried>> {
    run_all_at(context, workshop, products, as_of, Context::now()).await
}

/// The same as of a moment, for what is simulated.
pub(crate) async fn run_all_at(
    context: &Context,
    workshop: &Workshop,
    products: &[Arc<dyn Product>],
    as_of: Option<AsOf>,
    now: jiff::Timestamp,
) -> anyhow::Result<Vec<Tried>> {
    let progress = &context.progress;
    let (history, inputs) = workshop.history(as_of, progress.as_ref()).await?;
    for (name, changes) in workshop.changed_experiments().await? {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let changes = changes.join("; ");
        progress.note(&format!(
            "experiment {name} is not read as it was planned when it was drawn: {changes}"
        ));
    }
    workshop.recover_runs(now).await?;
    let mut tried = Vec::new();
    for product in products {
        let options = RunOptions {
            as_of,
            seed: context.global.seed,
            now,
            attempt: context.global.attempt.clone(),
        };
        tried.push(Tried {
            product: product.header().name.clone(),
            kind: product.header().kind.clone(),
            outcome: workshop
                .run(product, &history, &inputs, &options, progress)
                .await,
        });
    }
    progress.end();
    Ok(tried)
}

/// What came of the runs, for a program: of one that failed its product, its kind and the error.
pub(crate) fn documents(tried: &[Tried]) -> Vec<serde_json::Value> {
    let document = |t: &Tried| match &t.outcome {
        Ok(outcome) => serde_json::json!(outcome),
        Err(error) => serde_json::json!({
            "product": t.product, "kind": t.kind, "error": factory::run::one_line(error),
        }),
    };
    tried.iter().map(document).collect()
}

/// Prints what came of the runs.
pub(crate) fn show(tried: &[Tried]) -> anyhow::Result<()> {
    for t in tried {
        match &t.outcome {
            Ok(outcome) => show_one(outcome)?,
            Err(error) => print::line(format!(
                "{} ({}): not trained\n  {}\n",
                t.product,
                t.kind,
                factory::run::one_line(error)
            ))?,
        }
    }
    Ok(())
}

/// Prints what became of the runs and what they learned, without their scorecards.
pub(crate) fn show_short(tried: &[Tried]) -> anyhow::Result<()> {
    for t in tried {
        match &t.outcome {
            Ok(outcome) => {
                show_state(outcome)?;
                show_learned(outcome)?;
            }
            Err(_) => show(std::slice::from_ref(t))?,
        }
    }
    Ok(())
}

fn show_one(outcome: &RunOutcome) -> anyhow::Result<()> {
    show_state(outcome)?;
    show_scorecard(&outcome.scorecard)?;
    print::line(format!(
        "  the version: trained on everything before {}",
        outcome.as_of
    ))?;
    show_learned(outcome)
}

fn show_state(outcome: &RunOutcome) -> anyhow::Result<()> {
    let state = if outcome.promoted {
        "champion"
    } else if outcome.waits_for.is_some() {
        "challenger"
    } else {
        "not promoted"
    };
    let seconds = outcome.duration_ms as f64 / 1000.0;
    print::line(format!(
        "{} ({}) version {}: {state}, as of {}, {seconds:.1} s",
        outcome.product, outcome.kind, outcome.version, outcome.as_of
    ))?;
    print::line(format!("  gate: {}", outcome.because))
}

fn show_learned(outcome: &RunOutcome) -> anyhow::Result<()> {
    for line in &outcome.summary {
        print::line(format!("  - {line}"))?;
    }
    print::line("")
}

/// Prints what a version was measured to be worth, each figure with its interval and beside its baseline.
pub(crate) fn show_scorecard(card: &Scorecard) -> anyhow::Result<()> {
    print::line(format!("  measured: {}", card.split))?;
    for m in &card.metrics {
        let scope = if m.scope.is_empty() {
            String::new()
        } else {
            format!("{} ", m.scope)
        };
        print::line(format!(
            "  {scope}{}: {}   {}: {}   difference: {}",
            m.name, m.value, m.baseline_name, m.baseline, m.gain
        ))?;
    }
    card.notes
        .iter()
        .try_for_each(|line| print::line(format!("  - {line}")))
}

/// The worst exit code of the runs: 1 where a version did not pass, that of its error where there is none.
pub(crate) fn verdict(tried: Vec<Tried>) -> anyhow::Result<()> {
    let mut closed = Vec::new();
    let mut errors = Vec::new();
    for t in tried {
        match t.outcome {
            Ok(outcome) if outcome.promoted || outcome.waits_for.is_some() => {}
            Ok(outcome) => closed.push(format!("{}: {}", outcome.product, outcome.because)),
            Err(error) => errors.push(anyhow::Error::new(error)),
        }
    }
    if !closed.is_empty() {
        errors.push(Refused(closed.join("; ")).into());
    }
    exit::worst(errors)
}
