//! `comptoir decide`

use crate::context::Context;
use crate::print;
use crate::verbs::run::one;
use ::products::TotalsOf;
use anyhow::Context as _;
use factory::batch::{BatchOptions, Batched, FileFormat, OfTrial, Questions};
use std::path::{Path, PathBuf};

/// Decide for many customers or products at once, with the code that answers online
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir decide for-you --input customers.csv --output-file pages.parquet
  comptoir decide value --input customers.ndjson --output-file value.csv
  comptoir decide demand --output-file forecast.parquet                  every product at every site
  comptoir decide demand --totals --output-file totals.csv               what they add up to
  comptoir decide demand --totals=crossed --output-file crossed.csv      categories at sites
  comptoir decide for-you --input customers.csv --output-file try.ndjson --dry-run    log nothing

(The global --output says how the summary is printed: table or json.)

Input columns: customer_id, product_id, placement, items (those that the product needs); of a demand
product `placement` is the site, or without a product what is added up: all, category=NAME,
product=ID, region=NAME, site=ID, category=NAME&site=ID, category=NAME&region=NAME. Figures have the
ends of their interval in `low` and `high`.
Formats by file name: .ndjson, .csv, .parquet.
While a challenger answers a share of the customers (`trial_share`), each is answered by the version
that is theirs, as online. Every decision is logged in the lake; one row of output per action, one with an error per question
that cannot be answered. The output is written beside its place and moved when it is complete.")]
pub(crate) struct Decide {
    /// The data product
    product: String,
    /// Questions: .ndjson, .csv or .parquet; where absent everything that can be asked: each customer, series or launch
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Instead, what answers add up to: all together, categories, products, regions and sites (`levels`), or categories in
    /// each region and at each site, of which there may be as many as series (`crossed`)
    #[arg(
        long,
        conflicts_with = "input",
        value_name = "WHICH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "levels"
    )]
    totals: Option<Totals>,
    /// Where the answers go: .ndjson, .csv or .parquet
    #[arg(long, value_name = "FILE")]
    output_file: PathBuf,
    /// Do not log the decisions (for a trial)
    #[arg(long)]
    dry_run: bool,
}

/// Which totals are listed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Totals {
    /// All together, categories, products, regions and sites
    Levels,
    /// Categories in each region and at each site
    Crossed,
}

/// The format that the name of a file tells.
fn format(option: &str, path: &Path) -> anyhow::Result<FileFormat> {
    FileFormat::of(path).with_context(|| {
        format!(
            "{option} is {}, allowed is a name that ends in .ndjson, .csv or .parquet",
            path.display()
        )
    })
}

impl Decide {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let product = one(&workshop.project, &self.product)?;
        let options = BatchOptions {
            questions: match self.input {
                Some(path) => Questions::File {
                    format: format("--input", &path)?,
                    path,
                },
                None => match self.totals {
                    Some(Totals::Levels) => Questions::Totals(TotalsOf::Levels),
                    Some(Totals::Crossed) => Questions::Totals(TotalsOf::Crossed),
                    None => Questions::All,
                },
            },
            output_format: format("--output-file", &self.output_file)?,
            output: self.output_file,
            log: !self.dry_run,
            now: Context::now(),
            attempt: context.global.attempt.clone(),
        };
        let done = workshop
            .decide_batch(product.as_ref(), &options, context.progress.as_ref())
            .await?;
        context.progress.end();
        let Batched::Decided(done) = done else {
            return if context.json() {
                print::json(&serde_json::json!({ "done_before": true, "output": options.output }))
            } else {
                print::line("an earlier attempt at this job has decided and logged everything")
            };
        };
        if context.json() {
            return print::json(&done);
        }
        print::line(format!(
            "{} questions, {} answered, {} not ({}), {} actions in {}",
            done.questions,
            done.answered,
            done.refused,
            done.first_refusal.as_deref().unwrap_or("none"),
            done.actions,
            options.output.display()
        ))?;
        match &done.trial {
            None => Ok(()),
            Some(OfTrial {
                version,
                not_loaded: Some(_),
                ..
            }) => print::line(format!(
                "version {version} is on trial and cannot be loaded; version {} answered all",
                done.version
            )),
            Some(trial) => print::line(format!(
                "version {} answered {} of them on trial, version {} the others",
                trial.version, trial.answered, done.version
            )),
        }
    }
}
