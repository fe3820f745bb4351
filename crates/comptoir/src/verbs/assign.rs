//! `comptoir assign`

use crate::context::Context;
use crate::print::{self, Table};
use crate::verbs::design::show_units;
use ::products::experiment::{SampleRatio, Unit};
use factory::experiments::{AssignOptions, AssignState, Assigned};
use schema::estimate::short;

/// Draw the customers of an experiment into its arms, by a salted hash
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir assign mail --dry-run    sizes of the arms and how alike they are; nothing is written
  comptoir assign mail              every customer who may be in experiments/mail.toml gets an arm
  comptoir query \"SELECT customer_id FROM assignments WHERE trial = 'mail' AND arm = 'mail'\"
  comptoir import --forget experiments/mail    takes all draws of the experiment back

The same call again changes nothing but for customers who have appeared since: they get their arm then.
Known are the customers of tables customers and sales; `customers` of the definition says which of them.
Customers held out and those in another experiment of the layer are never drawn.
A definition that has changed since the first draw is refused.")]
pub(crate) struct Assign {
    /// The experiment, a file of experiments/
    experiment: String,
    /// Work everything out and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl Assign {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let options = AssignOptions {
            now: Context::now(),
            dry_run: self.dry_run,
        };
        let progress = context.progress.as_ref();
        let assigned = workshop
            .assign(&self.experiment, &options, progress)
            .await?;
        if context.json() {
            return print::json(&assigned);
        }
        show(&assigned)
    }
}

fn show(assigned: &Assigned) -> anyhow::Result<()> {
    let (name, new) = (&assigned.experiment, assigned.new);
    print::line(match &assigned.committed {
        AssignState::Drawn { version } => {
            format!("experiment {name}: {new} customers drawn; the lake is at snapshot {version}")
        }
        AssignState::NothingNew => format!("experiment {name}: everybody was drawn before"),
        AssignState::DryRun => {
            format!("experiment {name}: {new} customers would be drawn; nothing was written")
        }
    })?;
    show_units(&assigned.units, Unit::Customer)?;
    print::line(format!(
        "  drawn since {}; who appears later gets an arm by the next comptoir assign {name}\n",
        assigned.first_drawn_at.strftime("%Y-%m-%d %H:%M UTC")
    ))?;
    let mut table = Table::new(["arm", "share", "customers", "of these new"]);
    for arm in &assigned.arms {
        table.row([
            arm.arm.clone(),
            arm.share.to_string(),
            arm.customers.to_string(),
            arm.new.to_string(),
        ]);
    }
    table.print()?;
    print::line(format!("\n{}\n", sizes(assigned)))?;
    let mut table = Table::new(["known before", "arm", "mean", "of the control", "differ by"]);
    let number = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), short);
    for unlike in &assigned.balance {
        let look = if unlike.look { ": look into it" } else { "" };
        let difference = unlike.difference;
        let told = difference.map(|d| format!("{d:+.3} standard deviations{look}"));
        table.row([
            unlike.covariate.to_owned(),
            unlike.arm.clone(),
            number(unlike.mean),
            number(unlike.control_mean),
            told.unwrap_or_else(|| "does not vary".to_owned()),
        ]);
    }
    table.print()
}

fn sizes(assigned: &Assigned) -> String {
    match &assigned.sample_ratio {
        SampleRatio::Holds { p_value } => {
            format!("the arms have the sizes asked for (p-value {p_value:.3})")
        }
        SampleRatio::Broken {
            p_value,
            arm,
            found,
            expected,
        } => {
            let arm = assigned.arms.get(*arm).map_or("", |arm| &arm.arm);
            format!(
                "the arms do not have the sizes asked for: {arm} has {found} customers, expected {expected:.0} (p-value {p_value:.1e})"
            )
        }
        SampleRatio::NotMeasurable(why) => {
            format!("whether the arms have the sizes asked for is not measurable: {why}")
        }
    }
}
