//! `comptoir audit`

use crate::context::Context;
use crate::exit::Refused;
use crate::print::{self, Table};
use crate::verbs::run::one;
use registry::{AuditLine, VerifyAuditError};

/// Show who put which version in front of customers, and whether that record was tampered with
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir audit                      the last deeds, the last one first
  comptoir audit for-you --last 200
  comptoir audit --verify             is every line what was written there?
  comptoir audit --verify --known 5f0c…    and is the line that was the last one then still there?

Each line carries the SHA-256 of itself and of the line before: whoever changes one must change all
that follow. Keep the last one elsewhere and even that shows.

Exit code 1: a line, a champion, an artefact or a scorecard was changed behind the audit's back.")]
pub(crate) struct Audit {
    /// A data product; all, and API keys, where absent
    product: Option<String>,
    /// How many lines
    #[arg(long, value_name = "N", default_value_t = 50)]
    last: u32,
    /// Compute every line anew and hold champions and versions against what is told of them
    #[arg(long, conflicts_with_all = ["product", "last"])]
    verify: bool,
    /// A SHA-256 that the last line once had
    #[arg(long, value_name = "SHA256", requires = "verify")]
    known: Option<String>,
}

impl Audit {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        if self.verify {
            let known = self.known.as_deref();
            let sound = match workshop.registry.verify_audit(known).await {
                Ok(sound) => sound,
                Err(VerifyAuditError::Store(error)) => return Err(error.into()),
                Err(changed) => return Err(Refused(changed.to_string()).into()),
            };
            if context.json() {
                return print::json(&sound);
            }
            return print::line(match sound.lines {
                0 => "the audit is empty".to_owned(),
                lines => format!(
                    "{lines} lines, each as it was written; the last has {}",
                    sound.head
                ),
            });
        }
        if let Some(product) = &self.product {
            one(&workshop.project, product)?;
        }
        let lines = workshop
            .registry
            .audit(self.product.as_deref(), self.last)
            .await?;
        if context.json() {
            return print::json(&lines);
        }
        if lines.is_empty() {
            return print::line("nothing was done yet");
        }
        let mut table = Table::new(["line", "at", "who", "product", "what"]);
        for line in &lines {
            table.row([
                line.id.to_string(),
                line.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
                line.who.clone(),
                line.product.clone().unwrap_or_else(|| "-".to_owned()),
                told(line),
            ]);
        }
        table.print()
    }
}

/// A deed in words.
fn told(line: &AuditLine) -> String {
    use registry::Act;
    let details = &line.details;
    let text = |key: &str| details[key].as_str().unwrap_or_default();
    match line.act {
        Act::VersionRegistered => format!("version {} registered", details["version"]),
        Act::TrainingEnded => format!("training {}: {}", text("state"), text("reason")),
        Act::AliasMoved => {
            let from = details["from"].as_u64();
            let from = from.map_or_else(|| "nothing".to_owned(), |from| format!("version {from}"));
            let (alias, to) = (text("alias"), &details["to"]);
            let how = text("cause").replace('_', " ");
            format!("{alias}: {from} -> version {to}, {how} ({})", text("why"))
        }
        Act::KeyCreated => format!("key {} of {:?} made", details["key"], text("name")),
        Act::KeyRevoked => format!("key {} of {:?} revoked", details["key"], text("name")),
        Act::TrialShareSet => format!(
            "version {} on trial answers a share of {} of the customers ({})",
            details["version"],
            details["share"],
            text("why")
        ),
    }
}
