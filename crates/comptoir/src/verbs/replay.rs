//! `comptoir replay`

use crate::context::Context;
use crate::exit::Refused;
use crate::print;
use crate::verbs::run::one;

/// Train a version once more, from the same rows with the same seed, and tell whether the same comes out
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir replay for-you      the version that answers, else the newest
  comptoir replay for-you 3

Tables are read as they were when the version was trained. Nothing is registered, and who answers
stays as it is. The product's file must be the one that it was trained with.

Exit code 1: something else came out. 2: what it was trained with is not there any more.")]
pub(crate) struct Replay {
    /// The data product
    product: String,
    /// The version
    version: Option<u32>,
}

impl Replay {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let product = one(&workshop.project, &self.product)?;
        let found = workshop
            .replay(&product, self.version, &context.progress)
            .await?;
        if context.json() {
            print::json(&found)?;
        } else {
            print::line(format!(
                "{} version {}: trained once more on what was known before {}, seed {}, in {:.1} s",
                found.product, found.version, found.as_of, found.seed, found.seconds
            ))?;
            for input in &found.inputs {
                print::line(format!("  {} at version {}", input.table, input.version))?;
            }
            if found.same_bytes {
                print::line(format!(
                    "  the same {} bytes, SHA-256 {}",
                    found.bytes, found.sha256
                ))?;
            }
            if found.same_scorecard {
                print::line("  measured to be worth the same, figure by figure")?;
            }
        }
        let mut differs = Vec::new();
        if !found.same_bytes {
            differs.push(format!(
                "its bytes have SHA-256 {}, those in the registry {}",
                found.found_sha256, found.sha256
            ));
        }
        if !found.same_scorecard {
            differs.push("it is measured to be worth something else".to_owned());
        }
        if differs.is_empty() {
            return Ok(());
        }
        let (name, version) = (found.product, found.version);
        Err(Refused(format!("{name} version {version}: {}", differs.join("; "))).into())
    }
}
