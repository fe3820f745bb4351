//! `comptoir report`

use crate::context::Context;
use crate::print;
use crate::verbs::run::one;
use anyhow::{Context as _, bail};
use arrow::array::AsArray;
use factory::{CHAMPION, Workshop};
use registry::VersionRecord;
use server::charts::Locale;
use std::path::PathBuf;

/// Language of a report.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
pub(super) enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::English,
            Language::Fr => Self::French,
        }
    }
}

/// Tell what an experiment changed, on one page that can be sent
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir report mail-read-out                               what its champion says, in sentences
  comptoir report mail-read-out --html mail.html              one page with charts, that takes nothing from elsewhere
  comptoir report mail-read-out 3 --html mail.html --lang fr  version 3, in French

The product is one of kind experiment; without a champion its last version is told.
An existing file is written over.")]
pub(crate) struct Report {
    /// The data product
    product: String,
    /// A version; the champion, or else the last one, where absent
    version: Option<u32>,
    /// Write the page into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Language of the page
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: Language,
}

impl Report {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let product = one(&workshop.project, &self.product)?;
        let header = product.header();
        if header.kind != "experiment" {
            bail!(
                "data product {:?} is of kind {}, and reports are of kind experiment",
                header.name,
                header.kind
            );
        }
        let record = self.record(&workshop).await?;
        let fitted = workshop.version(product.as_ref(), record.number).await?;
        let run = workshop.registry.run(&record.run).await?;
        let inputs = run.map(|run| run.inputs).unwrap_or_default();
        let page = fitted.page();
        if let Some(file) = &self.html {
            let report = server::Report {
                shop: &workshop.project.file.name,
                product: header,
                version: record.number,
                made_at: record.created_at,
                inputs: &inputs,
                currencies: &currencies(&workshop).await?,
                page: &page,
            };
            let text = server::report(&report, self.lang.into())
                .context("the version says nothing of an experiment")?;
            fs_err::write(file, text)?;
        }
        if context.json() {
            return print::json(&serde_json::json!({
                "product": header.name, "version": record.number, "made_at": record.created_at,
                "as_of": fitted.as_of(), "inputs": inputs, "file": self.html, "told": fitted.summary(), "page": page,
            }));
        }
        if let Some(file) = &self.html {
            return print::line(format!(
                "{} version {}: {}",
                header.name,
                record.number,
                file.display()
            ));
        }
        fitted.summary().iter().try_for_each(print::line)
    }

    /// The version that is told.
    async fn record(&self, workshop: &Workshop) -> anyhow::Result<VersionRecord> {
        let versions = workshop.registry.versions(&self.product).await?;
        let wanted = match self.version {
            Some(version) => Some(version),
            None => {
                let champion = workshop.registry.alias(&self.product, CHAMPION).await?;
                let last = versions.iter().map(|v| v.number).max();
                champion.map(|alias| alias.version).or(last)
            }
        };
        let all: Vec<String> = versions.iter().map(|v| v.number.to_string()).collect();
        let Some(record) = versions.into_iter().find(|v| Some(v.number) == wanted) else {
            let found = match all.as_slice() {
                [] => "none".to_owned(),
                all => all.join(", "),
            };
            bail!(
                "{} has no {}; its versions are {found}; comptoir run {0} makes one",
                self.product,
                wanted.map_or_else(|| "version".to_owned(), |v| format!("version {v}")),
            );
        };
        Ok(record)
    }
}

/// The codes of the currencies of the shop's sales, the most frequent first.
async fn currencies(workshop: &Workshop) -> anyhow::Result<Vec<String>> {
    let sql =
        "SELECT currency, COUNT(*) AS n FROM sales GROUP BY currency ORDER BY n DESC, currency";
    let mut codes = Vec::new();
    for batch in workshop.lake.query(sql).await? {
        codes.extend(
            batch
                .column(0)
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::to_owned),
        );
    }
    Ok(codes)
}
