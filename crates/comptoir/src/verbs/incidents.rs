//! `comptoir incidents`

use crate::context::Context;
use crate::print::{self, Table};
use anyhow::bail;
use factory::incidents::{About, Delivery, Incident, Stage, Told};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// List what is wrong, since when, and who was told
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir incidents              those that are open: since when, of which products, who was told
  comptoir incidents --all        those that are over, too
  comptoir incidents --test       a test message to everybody whom [alerts] of comptoir.toml names
  comptoir incidents --output json

A review notes what is wrong as incidents: promises that are broken or whose budget burns too fast,
trainings that failed, imports that were refused. `comptoir review --tell` tells of each once. What
does not arrive is tried again with the next call that tells.

Exit code 2 with --test: somebody did not get the message.")]
pub(crate) struct Incidents {
    /// Those that are over, too
    #[arg(long, conflicts_with = "test")]
    all: bool,
    /// Send a test message to everybody who could be told, and say who got it
    #[arg(long)]
    test: bool,
}

impl Incidents {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        if self.test {
            let tried = {
                let _trying = context.slow("send a test message");
                workshop.try_channels(Context::now()).await
            };
            return tried_out(context, &tried);
        }
        let now = Context::now();
        let since = if self.all { Timestamp::MIN } else { now };
        let mut found = workshop.incidents(since, now).await?;
        if !self.all {
            found.retain(|incident| incident.closed_at.is_none());
        }
        if context.json() {
            return print::json(&serde_json::json!({ "incidents": found }));
        }
        if found.is_empty() {
            return print::line(if self.all {
                "there was no incident yet"
            } else {
                "no incident is open"
            });
        }
        let zone = &workshop.project.time_zone;
        found.iter().try_for_each(|incident| show(incident, zone))
    }
}

/// A moment as the clocks of the shop show it.
fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    zoned.strftime("%Y-%m-%d %H:%M %Z").to_string()
}

fn show(incident: &Incident, zone: &TimeZone) -> anyhow::Result<()> {
    let of = match incident.products.as_slice() {
        [] => incident.cause.clone(),
        names => names.join(", "),
    };
    let since = clock(incident.opened_at, zone);
    let when = match incident.closed_at {
        None => format!("open since {since}"),
        Some(closed_at) => format!("over    {since} to {}", clock(closed_at, zone)),
    };
    print::line(format!("{when}  {of}"))?;
    print::line(format!("  {}", incident.what))?;
    if incident.messages.is_empty() {
        print::line("  nobody is named for it: [alerts] of comptoir.toml")?;
    }
    for message in &incident.messages {
        let about = match message.about {
            About::Opened => "",
            About::Closed => " that it is over",
        };
        let stage = match &message.stage {
            Stage::Told { at } => format!("told{about} at {}", clock(*at, zone)),
            Stage::Failed {
                why,
                attempts,
                again_at,
            } => format!(
                "not told{about} yet (attempts: {attempts}): {why}; again from {}",
                clock(*again_at, zone)
            ),
            Stage::Held { until } => {
                format!("to be told{about}, held back until {}", clock(*until, zone))
            }
            Stage::Waits => format!("to be told{about} by the next review --tell"),
        };
        print::line(format!("  {}: {stage}", message.recipient))?;
    }
    Ok(())
}

/// What came of telling: one line a message.
pub(super) fn deliveries(told: &Told) -> anyhow::Result<()> {
    for delivery in &told.messages {
        let which = delivery.incident.map(|id| format!("incident {id}: "));
        print::line(format!("{}{}", which.unwrap_or_default(), one(delivery)))?;
    }
    if told.held > 0 {
        print::line(format!(
            "{} messages are held back: it is silent",
            told.held
        ))?;
    }
    Ok(())
}

fn one(delivery: &Delivery) -> String {
    match &delivery.error {
        None => format!("{} is told", delivery.recipient),
        Some(error) => format!("{} is not told yet: {error}", delivery.recipient),
    }
}

/// What came of a test; an error where somebody did not get it.
fn tried_out(context: &Context, tried: &[Delivery]) -> anyhow::Result<()> {
    if tried.is_empty() {
        bail!(
            "nobody is named in [alerts] of comptoir.toml; allowed are [[alerts.webhook]], [[alerts.email]] and [[alerts.file]]"
        );
    }
    if context.json() {
        print::json(&serde_json::json!({ "messages": tried }))?;
    } else {
        let mut table = Table::new(["who", "test message"]);
        for delivery in tried {
            let arrived = if delivery.error.is_none() {
                "arrived"
            } else {
                "did not arrive"
            };
            table.row([delivery.recipient.as_str(), arrived]);
        }
        table.print()?;
    }
    let errors = tried
        .iter()
        .filter_map(|delivery| delivery.error.as_deref());
    let errors: Vec<&str> = errors.collect();
    if !errors.is_empty() {
        bail!("{}", errors.join("; "));
    }
    Ok(())
}
