//! `comptoir products`

use crate::context::Context;
use crate::print::{self, Table};
use crate::verbs::{run, versions};
use ::products::{Card, KINDS};
use anyhow::bail;
use factory::CHAMPION;

/// Show the data products of the project, or one kind or product in full
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir products              products of the project, and the kinds there are
  comptoir products recommend    a kind: its question, outputs and an example file
  comptoir products for-you      a product: its card, scorecard with intervals, versions")]
pub(crate) struct Products {
    /// A product or a kind
    name: Option<String>,
}

impl Products {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match &self.name {
            None => all(context).await,
            Some(name) => match ::products::kind(name) {
                Some(kind) => card(context, kind.card()),
                None => one(context, name).await,
            },
        }
    }
}

async fn all(context: &Context) -> anyhow::Result<()> {
    let workshop = context.workshop_if_any().await?;
    let mut rows = Vec::new();
    if let Some(workshop) = &workshop {
        for product in &workshop.project.products {
            let champion = workshop
                .registry
                .alias(&product.header().name, CHAMPION)
                .await?;
            rows.push((product.header().clone(), champion.map(|c| c.version)));
        }
    }
    if context.json() {
        let list: Vec<_> = rows
            .iter()
            .map(|(h, champion)| serde_json::json!({ "product": h, "champion": champion }))
            .collect();
        let kinds: Vec<_> = KINDS.iter().map(|k| k.card()).collect();
        return print::json(&serde_json::json!({ "products": list, "kinds": kinds }));
    }
    if workshop.is_some() {
        let mut table = Table::new(["product", "kind", "champion", "owner", "description"]);
        for (h, champion) in &rows {
            let champion = champion.map_or_else(|| "none".to_owned(), |v| format!("version {v}"));
            table.row([
                h.name.clone(),
                h.kind.clone(),
                champion,
                h.owner.clone(),
                h.description.clone(),
            ]);
        }
        table.print()?;
        print::line("")?;
    }
    let mut table = Table::new(["kind", "question"]);
    for kind in KINDS {
        table.row([kind.card().kind, kind.card().question]);
    }
    table.print()
}

fn card(context: &Context, card: &Card) -> anyhow::Result<()> {
    if context.json() {
        return print::json(card);
    }
    print::line(format!("{}: {}\n", card.kind, card.question))?;
    judged(card)?;
    print::line("")?;
    let mut table = Table::new(["answers with", "unit", "meaning"]);
    for o in card.outputs {
        table.row([o.name, o.unit, o.meaning]);
    }
    table.print()?;
    print::line("\nmethod")?;
    for source in card.sources {
        print::line(format!("  {source}"))?;
    }
    print::line(format!("\nexample file\n\n{}", card.example))
}

/// By what products of a kind are judged.
fn judged(card: &Card) -> anyhow::Result<()> {
    print::line(format!("judged by  {}", card.criterion))?;
    print::line(format!("must beat  {}", card.baseline))?;
    print::line(format!("reads      {}", card.reads.join(", ")))?;
    if !card.placements.is_empty() {
        print::line(format!("placements {}", card.placements.join(", ")))?;
    }
    Ok(())
}

async fn one(context: &Context, name: &str) -> anyhow::Result<()> {
    let workshop = context.workshop().await?;
    let Some(product) = workshop.project.product(name) else {
        let kinds: Vec<_> = KINDS.iter().map(|k| k.card().kind).collect();
        bail!(
            "there is no data product or kind {name:?}, allowed is {} (products), {} (kinds)",
            workshop.project.product_names().join(", "),
            kinds.join(", ")
        );
    };
    let header = product.header();
    let champion = workshop
        .registry
        .alias(name, CHAMPION)
        .await?
        .map(|a| a.version);
    let versions = workshop.registry.versions(name).await?;
    let answering = versions.iter().find(|v| Some(v.number) == champion);
    let card = ::products::kind(&header.kind).map(|k| k.card());
    if context.json() {
        return print::json(&serde_json::json!({
            "product": header, "card": card, "champion": champion,
            "scorecard": answering.map(|v| &v.scorecard), "versions": versions,
        }));
    }
    print::line(format!("{}: {}", header.name, header.description))?;
    print::line(format!(
        "kind {}, owner {}, deadline {} ms\n",
        header.kind, header.owner, header.deadline_ms
    ))?;
    if let Some(card) = card {
        print::line(format!("question   {}", card.question))?;
        judged(card)?;
    }
    let Some(answering) = answering else {
        return print::line(format!(
            "\nno champion yet; train it with `comptoir run {name}`"
        ));
    };
    print::line(format!(
        "\nchampion: version {} of {}",
        answering.number,
        versions.len()
    ))?;
    if let Some(scorecard) = versions::scorecard(answering) {
        run::show_scorecard(&scorecard)?;
    }
    print::line("")?;
    versions::table(&versions, champion).print()
}
