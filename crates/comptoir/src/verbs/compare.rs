//! `comptoir compare`

use crate::context::Context;
use crate::print::{self, Table};
use crate::verbs::run::one;
use factory::compare::Comparison;
use factory::review::{FoundByCustomers, Shadow, Trial};
use schema::Estimate;

/// Compare two versions of a data product: what they were measured to be worth, and what both answer to the same questions
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir compare for-you            the version that waits, else the newest, with the one that answers
  comptoir compare for-you 5 --with 3
  comptoir compare for-you --output json

With `shadow_hours` under [retraining] of the product's file, a version that passes its gate answers the
same questions as the champion first, logged in table shadow_answers and never shown. Then this tells
whether it fails or is late, how often both name the same, and on whom they differ. With `trial_share`
it then answers that share of the customers, and this tells what the decisions of both led to.")]
pub(crate) struct Compare {
    /// The data product
    product: String,
    /// The version; the one that waits where absent, else the newest
    version: Option<u32>,
    /// The version that it is compared with; the one that answers where absent
    #[arg(long, value_name = "VERSION")]
    with: Option<u32>,
}

impl Compare {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let product = one(&workshop.project, &self.product)?;
        let found = workshop
            .compare(product.as_ref(), self.version, self.with, Context::now())
            .await?;
        if context.json() {
            return print::json(&found);
        }
        measures(&found)?;
        print::line("")?;
        match (&found.trial, &found.shadow) {
            (Some(trial), _) => show_trial(trial),
            (None, Some(shadow)) => show(shadow),
            (None, None) => print::line(
                "nothing was asked of both: with shadow_hours under [retraining] of its file, a version that passes its gate answers unseen first",
            ),
        }
    }
}

/// What both were measured to be worth.
fn measures(found: &Comparison) -> anyhow::Result<()> {
    let (version, with) = (found.version.number, found.with.number);
    let mut table = Table::new([
        "measure".to_owned(),
        format!("version {version}"),
        format!("version {with}"),
        format!("baseline of {version}"),
        format!("baseline of {with}"),
    ]);
    for (metric, other) in found.measures() {
        let of = |value: Option<&Estimate>| {
            value.map_or_else(|| "not measured".to_owned(), Estimate::to_string)
        };
        let other = other.as_ref();
        table.row([
            format!("{} {}", metric.scope, metric.name)
                .trim()
                .to_owned(),
            of(Some(&metric.value)),
            of(other.map(|other| &other.value)),
            of(Some(&metric.baseline)),
            of(other.map(|other| &other.baseline)),
        ]);
    }
    table.print()?;
    for (number, split) in found.splits() {
        let split = split.unwrap_or_else(|| "its scorecard cannot be read".to_owned());
        print::line(format!("version {number}: {split}"))?;
    }
    let would = if found.may_answer {
        "would"
    } else {
        "would not"
    };
    print::line(format!(
        "the gate {would} let version {version} answer in place of version {with}: {}",
        found.because
    ))
}

/// What the decisions of both led to.
fn show_trial(trial: &Trial) -> anyhow::Result<()> {
    print::line(trial.sentence())?;
    print::line(format!("  good        {} of its decisions", trial.good))?;
    print::line(format!(
        "  beside      {} of the champion's, on {} to {}",
        trial.good_beside, trial.days.0, trial.days.1
    ))?;
    print::line(format!("  difference  {}", trial.lead))
}

/// What both answered to the same questions.
fn show(shadow: &Shadow) -> anyhow::Result<()> {
    print::line(shadow.sentence())?;
    if let Some((half, most)) = shadow.p50_ms.zip(shadow.p99_ms) {
        print::line(format!(
            "  time        half of its answers within {half:.2} ms, 99 of 100 within {most:.2} ms"
        ))?;
    }
    if shadow.first_alike.point().is_some() {
        print::line(format!("  same first  {} of questions", shadow.first_alike))?;
    }
    if let Some(share) = shadow.shown_too {
        print::line(format!(
            "  shown too   {:.1} % of what was shown",
            100.0 * share
        ))?;
    }
    if let Some(scores) = shadow.scores {
        print::line(format!(
            "  scores      correlate {scores:.3} on what both name first"
        ))?;
    }
    if let Some(FoundByCustomers {
        window_days,
        shown,
        unseen,
    }) = &shadow.found
        && shown.point().is_some()
    {
        print::line(format!(
            "  bought      within {window_days} days what was shown: {shown}; what would have been: {unseen}"
        ))?;
    }
    if shadow.by.is_empty() {
        return Ok(());
    }
    print::line("")?;
    let mut table = Table::new(["by", "of", "questions", "same first"]);
    for differs in &shadow.by {
        for segment in &differs.segments {
            let value = if segment.value.is_empty() {
                "not known"
            } else {
                &segment.value
            };
            table.row([
                differs.by.told().to_owned(),
                value.to_owned(),
                segment.asked.to_string(),
                segment.first_alike.to_string(),
            ]);
        }
    }
    table.print()
}
