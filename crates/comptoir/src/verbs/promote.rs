//! `comptoir promote` and `comptoir rollback`

use crate::context::Context;
use crate::exit::Refused;
use crate::print;
use crate::verbs::run::one;
use anyhow::bail;
use factory::CHAMPION;
use registry::{AliasChange, PromoteError, Signature};

/// Make a version the champion: the one that answers
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir promote for-you 3    version 3 of `comptoir versions for-you`
  comptoir promote for-you 2 --despite-gate --why \"season is over\"

Exit code 1: the version does not beat its baseline or is worse than the champion beyond its noise.")]
pub(crate) struct Promote {
    /// The data product
    product: String,
    /// The version
    version: u32,
    /// Promote even though the gate says no
    #[arg(long, requires = "why")]
    despite_gate: bool,
    /// Why, for the history
    #[arg(long, default_value = "promoted by hand")]
    why: String,
}

/// Make the champion before the present one answer again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  comptoir rollback for-you --why \"odd answers since this morning\"")]
pub(crate) struct Rollback {
    /// The data product
    product: String,
    /// Why, for the history
    #[arg(long, default_value = "rolled back by hand")]
    why: String,
}

/// Who works at the keyboard, for the history.
fn who() -> String {
    std::env::var("USER").unwrap_or_else(|_| "command line".to_owned())
}

fn told(context: &Context, change: &AliasChange) -> anyhow::Result<()> {
    if context.json() {
        return print::json(change);
    }
    let from = change
        .from
        .map_or_else(|| "no champion".to_owned(), |v| format!("version {v}"));
    print::line(format!(
        "{}: {from} -> version {} ({})",
        change.product, change.to, change.why
    ))
}

impl Promote {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        one(&workshop.project, &self.product)?;
        let current = workshop
            .registry
            .alias(&self.product, CHAMPION)
            .await?
            .map(|a| a.version);
        let who = who();
        let signed = Signature {
            who: &who,
            why: &self.why,
            at: Context::now(),
        };
        let change = if self.despite_gate {
            workshop
                .registry
                .set_alias(&self.product, CHAMPION, self.version, current, signed)
                .await?
        } else {
            match workshop
                .registry
                .promote(&self.product, self.version, current, signed)
                .await
            {
                Err(PromoteError::GateClosed { because, .. }) => {
                    return Err(Refused(because).into());
                }
                other => other?,
            }
        };
        told(context, &change)
    }
}

impl Rollback {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        one(&workshop.project, &self.product)?;
        let Some(current) = workshop.registry.alias(&self.product, CHAMPION).await? else {
            bail!("{} has no champion to roll back", self.product);
        };
        let who = who();
        let signed = Signature {
            who: &who,
            why: &self.why,
            at: Context::now(),
        };
        let change = workshop
            .registry
            .rollback(&self.product, CHAMPION, current.version, signed)
            .await?;
        told(context, &change)
    }
}
