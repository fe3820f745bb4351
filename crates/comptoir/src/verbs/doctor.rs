//! `comptoir doctor`

use crate::context::Context;
use crate::exit::Refused;
use crate::print::{self, Table};
use factory::Workshop;

/// Look at everything that must be right for the project to work: files, registry, lake, history, champions
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  comptoir doctor

Exit code 1: something is wrong; each line says what and what to do.")]
pub(crate) struct Doctor {}

/// One thing looked at.
struct Finding {
    what: &'static str,
    good: bool,
    says: String,
}

fn finding(what: &'static str, found: Result<String, String>) -> Finding {
    let good = found.is_ok();
    Finding {
        what,
        good,
        says: found.unwrap_or_else(|e| e),
    }
}

async fn lake(workshop: &Workshop) -> Result<String, String> {
    let told = |e: lake::LakeError| factory::run::one_line(&e);
    let snapshot = workshop.lake.snapshot().await.map_err(told)?;
    // Taking the writer's lock and letting it go proves that the lake can be written.
    drop(workshop.lake.begin().await.map_err(told)?);
    Ok(format!(
        "snapshot {} with {} tables, writable",
        snapshot.version,
        snapshot.tables.len()
    ))
}

async fn history(workshop: &Workshop) -> Result<String, String> {
    let snapshot = workshop
        .lake
        .snapshot()
        .await
        .map_err(|e| factory::run::one_line(&e))?;
    match workshop
        .day_after_last_sale(&snapshot)
        .await
        .map_err(|e| factory::run::one_line(&e))?
    {
        Some(day) => Ok(format!("sales up to the day before {day}")),
        None => Err("no sale yet; run `comptoir import`".to_owned()),
    }
}

async fn champions(workshop: &Workshop) -> Vec<Finding> {
    let mut found = Vec::new();
    for product in &workshop.project.products {
        let name = &product.header().name;
        let says = match workshop.champion(product.as_ref()).await {
            Ok(Some((version, fitted))) => Ok(format!(
                "{name}: version {version}, as of {}, golden vector proved",
                fitted.as_of()
            )),
            Ok(None) => Err(format!(
                "{name}: no champion yet; run `comptoir run {name}`"
            )),
            Err(e) => Err(format!("{name}: {}", factory::run::one_line(&e))),
        };
        found.push(finding("champion", says));
    }
    found
}

impl Doctor {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let mut findings = Vec::new();
        let looking = context.slow("look at the lake and load the champions");
        match context.project() {
            Ok(project) => {
                let says = format!(
                    "{} sources, {} data products",
                    project.sources.len(),
                    project.products.len()
                );
                findings.push(finding("files", Ok(says)));
                match context.workshop().await {
                    Ok(workshop) => {
                        findings.push(finding("registry", Ok(workshop.registry.name().to_owned())));
                        findings.push(finding("lake", lake(&workshop).await));
                        findings.push(finding("history", history(&workshop).await));
                        findings.extend(champions(&workshop).await);
                    }
                    Err(error) => findings.push(finding("open", Err(format!("{error:#}")))),
                }
            }
            Err(error) => findings.push(finding("files", Err(format!("{error:#}")))),
        }
        drop(looking);
        let wrong = findings.iter().filter(|f| !f.good).count();
        if context.json() {
            let list: Vec<_> = findings
                .iter()
                .map(|f| serde_json::json!({ "what": f.what, "good": f.good, "says": f.says }))
                .collect();
            print::json(&list)?;
        } else {
            let mut table = Table::new(["what", "state", "says"]);
            for f in &findings {
                table.row([f.what, if f.good { "good" } else { "WRONG" }, &f.says]);
            }
            table.print()?;
        }
        if wrong > 0 {
            Err(Refused(format!(
                "{wrong} of {} findings need attention",
                findings.len()
            ))
            .into())
        } else {
            Ok(())
        }
    }
}
