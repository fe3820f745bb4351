//! `comptoir versions`

use crate::context::Context;
use crate::print::{self, Table};
use crate::verbs::run::one;
use factory::CHAMPION;
use registry::VersionRecord;
use schema::Scorecard;

/// Show the versions of a data product with what they were measured to be worth
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir versions for-you                  which version answers, and what each is worth
  comptoir versions for-you --output json    with whole scorecards and the champions until now")]
pub(crate) struct Versions {
    /// The data product
    product: String,
}

impl Versions {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let product = one(&workshop.project, &self.product)?;
        let versions = workshop.registry.versions(&self.product).await?;
        let champion = workshop
            .registry
            .alias(&self.product, CHAMPION)
            .await?
            .map(|a| a.version);
        let waits = workshop.waits(&self.product).await?;
        if context.json() {
            return print::json(&serde_json::json!({
                "product": self.product, "champion": champion, "challenger": waits, "versions": versions,
                "history": workshop.registry.alias_history(&self.product, CHAMPION).await?,
            }));
        }
        table(&versions, champion).print()?;
        match waits {
            Some(version) => {
                let name = &self.product;
                let header = product.header();
                let does = if workshop.on_trial(header).await?.is_some() {
                    format!("answers a share of the customers: comptoir compare {name}")
                } else if header.retraining.shadow_hours.is_some() {
                    format!("answers in the shadow: comptoir compare {name}")
                } else if header.retraining.trial_share.is_some() {
                    format!("is about to answer a share of the customers: comptoir compare {name}")
                } else {
                    format!("waits for a person: comptoir promote {name} {version}")
                };
                print::line(format!("version {version} passed its gate and {does}"))
            }
            None => Ok(()),
        }
    }
}

/// The versions with the measure that decides on each.
pub(crate) fn table(versions: &[VersionRecord], champion: Option<u32>) -> Table {
    let mut table = Table::new([
        "version", "state", "trained", "measure", "value", "baseline",
    ]);
    for v in versions {
        let card = scorecard(v);
        let metric = card.as_ref().and_then(|c| c.metrics.first());
        let state = if champion == Some(v.number) {
            "champion"
        } else {
            ""
        };
        table.row([
            v.number.to_string(),
            state.to_owned(),
            v.created_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            metric.map_or_else(String::new, |m| m.name.clone()),
            metric.map_or_else(String::new, |m| m.value.to_string()),
            metric.map_or_else(String::new, |m| m.baseline.to_string()),
        ]);
    }
    table
}

/// What a version was measured to be worth; `None` where another program has written something else.
pub(crate) fn scorecard(version: &VersionRecord) -> Option<Scorecard> {
    serde_json::from_value(version.scorecard.clone()).ok()
}
