//! `comptoir compare`

use crate::context::Context;
use crate::print::{self, Table};
use crate::verbs::run::one;
use crate::verbs::versions::scorecard;
use anyhow::{Context as _, bail};
use factory::CHAMPION;
use factory::review::{FoundByCustomers, Shadow};
use registry::VersionRecord;
use schema::scorecard::Gate;
use schema::{Estimate, Metric, Scorecard};

/// Compare two versions of a data product: what they were measured to be worth, and what both answer to the same questions
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir compare for-you            the version that waits, else the newest, with the one that answers
  comptoir compare for-you 5 --with 3
  comptoir compare for-you --output json

With `shadow_hours` under [retraining] of the product's file, a version that passes its gate answers the
same questions as the champion first, logged in table shadow_answers and never shown. Then this tells
whether it fails or is late, how often both name the same, and on whom they differ.")]
pub(crate) struct Compare {
    /// The data product
    product: String,
    /// The version; the one that waits where absent, else the newest
    version: Option<u32>,
    /// The version that it is compared with; the one that answers where absent
    #[arg(long, value_name = "VERSION")]
    with: Option<u32>,
}

/// Two versions.
struct Pair {
    version: VersionRecord,
    with: VersionRecord,
}

impl Compare {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let product = one(&workshop.project, &self.product)?;
        let versions = workshop.registry.versions(&self.product).await?;
        let champion = workshop.registry.alias(&self.product, CHAMPION).await?;
        let waits = workshop.waits(&self.product).await?;
        let pair = self.pair(versions, champion.map(|champion| champion.version), waits)?;
        let shadow = workshop.shadow(product.as_ref(), Context::now()).await?;
        let shadow =
            shadow.filter(|of| of.version == pair.version.number && of.shown == pair.with.number);
        if context.json() {
            return print::json(&serde_json::json!({
                "product": self.product, "version": pair.version, "with": pair.with, "shadow": shadow,
            }));
        }
        pair.show()?;
        print::line("")?;
        match &shadow {
            Some(shadow) => show(shadow),
            None => print::line(
                "nothing was asked of both: with shadow_hours under [retraining] of its file, a version that passes its gate answers unseen first",
            ),
        }
    }

    /// The versions that are compared.
    fn pair(
        &self,
        versions: Vec<VersionRecord>,
        champion: Option<u32>,
        waits: Option<u32>,
    ) -> anyhow::Result<Pair> {
        let name = &self.product;
        let numbers: Vec<u32> = versions.iter().map(|version| version.number).collect();
        let with = self
            .with
            .or(champion)
            .with_context(|| format!("{name} has no version that answers; name one with --with"))?;
        let newest = || {
            numbers
                .iter()
                .copied()
                .filter(|number| *number != with)
                .max()
        };
        let version = self
            .version
            .or(waits.filter(|waits| *waits != with))
            .or_else(newest)
            .with_context(|| format!("{name} has one version only, number {with}"))?;
        if version == with {
            bail!("version {version} of {name} cannot be compared with itself");
        }
        let found = |number: u32| {
            let of = versions.iter().find(|of| of.number == number).cloned();
            of.with_context(|| {
                let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                format!(
                    "{name} has no version {number}, allowed is {}",
                    numbers.join(", ")
                )
            })
        };
        Ok(Pair {
            version: found(version)?,
            with: found(with)?,
        })
    }
}

impl Pair {
    /// What both were measured to be worth.
    fn show(&self) -> anyhow::Result<()> {
        let (version, with) = (self.version.number, self.with.number);
        let head = [
            "measure".to_owned(),
            format!("version {version}"),
            format!("version {with}"),
            "baseline of either".to_owned(),
        ];
        let [own, other] = [&self.version, &self.with].map(scorecard);
        let mut table = Table::new(head);
        for metric in own.iter().flat_map(|card| &card.metrics) {
            let twin = other
                .iter()
                .flat_map(|card| &card.metrics)
                .find(|twin| is_same(twin, metric));
            let value = |of: &Estimate| of.to_string();
            let baseline = twin.map_or_else(
                || value(&metric.baseline),
                |twin| format!("{}, {}", value(&metric.baseline), value(&twin.baseline)),
            );
            table.row([
                format!("{} {}", metric.scope, metric.name)
                    .trim()
                    .to_owned(),
                value(&metric.value),
                twin.map_or_else(|| "not measured".to_owned(), |twin| value(&twin.value)),
                baseline,
            ]);
        }
        table.print()?;
        for (number, card) in [(version, &own), (with, &other)] {
            let split = |card: &Scorecard| card.split.clone();
            let of = card
                .as_ref()
                .map_or_else(|| "cannot be read".to_owned(), split);
            print::line(format!("version {number}: {of}"))?;
        }
        let Some(own) = &own else { return Ok(()) };
        match own.gate(other.as_ref()) {
            Gate::Open { because } => print::line(format!(
                "the gate would let version {version} answer in place of version {with}: {because}"
            )),
            Gate::Closed { because } => print::line(format!(
                "the gate would not let version {version} answer in place of version {with}: {because}"
            )),
        }
    }
}

/// Whether two measures tell of the same.
fn is_same(a: &Metric, b: &Metric) -> bool {
    (&a.scope, &a.name) == (&b.scope, &b.name)
}

/// What both answered to the same questions.
fn show(shadow: &Shadow) -> anyhow::Result<()> {
    print::line(shadow.sentence())?;
    if let Some((half, most)) = shadow.took_ms {
        print::line(format!(
            "  time        half of its answers within {half:.2} ms, 99 of 100 within {most:.2} ms"
        ))?;
    }
    print::line(format!("  same first  {} of questions", shadow.first_alike))?;
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
    for (attribute, segments) in &shadow.by {
        for segment in segments {
            let value = if segment.value.is_empty() {
                "not known"
            } else {
                &segment.value
            };
            table.row([
                attribute.told().to_owned(),
                value.to_owned(),
                segment.asked.to_string(),
                segment.first_alike.to_string(),
            ]);
        }
    }
    table.print()
}
