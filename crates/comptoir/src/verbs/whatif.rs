//! `comptoir whatif`

use crate::context::Context;
use crate::exit::Refused;
use crate::print::{self, Table};
use ::products::what_if::{Answer, Verdict};

/// Say what a new offer or a changed rule would do to what customers are worth, and whether it pays
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir whatif points                   what the offer of whatif/points.toml would bring and cost
  comptoir whatif points --output json     the same for a program
  comptoir whatif points --seed 8          with other draws of what is not known

The file says to whom it applies, what it costs, and what it does: measured, or assumed.
What is only pulled forward from later weeks is taken off, and said. Nothing is written.
Exit code 1: it is not told to pay, since its net may be nothing or less.")]
pub(crate) struct Whatif {
    /// The question, a file of whatif/
    question: String,
}

impl Whatif {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let answer = {
            let _asking = context.slow("ask what would change");
            workshop
                .what_if(&self.question, context.global.seed)
                .await?
        };
        if context.json() {
            print::json(&answer)?;
        } else {
            show(&answer)?;
        }
        let net = &answer.net;
        match answer.verdict {
            Verdict::Pays => Ok(()),
            Verdict::DoesNotPay | Verdict::NotTold => Err(Refused(format!(
                "{} is not told to pay: its net lies between {} and {}",
                answer.what_if, net.low_cents, net.high_cents
            ))
            .into()),
        }
    }
}

fn show(answer: &Answer) -> anyhow::Result<()> {
    answer.told.iter().try_for_each(print::line)?;
    let mut table = Table::new([
        "worth now",
        "customers",
        "worth each",
        "brings each",
        "costs each",
        "pays for",
    ]);
    for group in &answer.deciles {
        table.row([
            format!("{} of {}", group.decile, answer.deciles.len()),
            group.customers.to_string(),
            group.clv_mean_cents.to_string(),
            group.kept_mean_cents.to_string(),
            group.cost_mean_cents.to_string(),
            group.pays_for.to_string(),
        ]);
    }
    print::line("")?;
    table.print()
}
