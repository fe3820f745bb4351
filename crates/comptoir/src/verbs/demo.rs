//! `comptoir demo`

use crate::context::Context;
use crate::print;
use crate::verbs::{import, new, run, serve};
use anyhow::bail;
use factory::import::ImportOptions;
use std::path::PathBuf;

/// Customers that can be asked for. Why 600: every kind of dirt occurs twice in a kind of file at least, which is more than
/// the contract forgives in the file of fewer customers.
const CUSTOMERS: std::ops::RangeInclusive<i64> = 600..=500_000;

/// Simulate a marketplace, import its raw files, train, compare, publish and serve: everything at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir demo             make the folder comptoir-demo, do everything, serve the console on 127.0.0.1
  comptoir demo --once      the same without serving
  comptoir demo --dir shop  in a project folder of your own choice; a second call starts from what is there
  comptoir demo --once --customers 600 --dir small    a smaller marketplace, done sooner")]
pub(crate) struct Demo {
    /// Folder of the demo
    #[arg(long, value_name = "DIR", default_value = "comptoir-demo")]
    dir: PathBuf,
    /// Customers of the marketplace, 600 to 500000; 4000 where absent
    ///
    /// Products and merchants grow and shrink along. In the small files of a small shop a few bad rows can close a gate:
    /// with another --seed they lie elsewhere.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(CUSTOMERS))]
    customers: Option<u32>,
    /// Stop after training, serve nothing
    #[arg(long)]
    once: bool,
    /// Address to serve at
    #[arg(long, value_name = "ADDRESS")]
    address: Option<std::net::SocketAddr>,
}

impl Demo {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        self.simulate(context)?;
        let workshop = context.workshop_in(&self.dir).await?;
        say(
            context,
            "2. Import: every row is accepted or set aside with the reason",
        )?;
        let options = ImportOptions::at(Context::now());
        let outcome = workshop.import(&options, context.progress.as_ref()).await?;
        import::show(context, &outcome)?;
        import::gate(&outcome)?;
        say(
            context,
            "\n3. Train, measure on days held out, compare with the naive baseline, promote",
        )?;
        let products = run::chosen(&workshop.project, &[])?;
        let outcomes = run::run_all(context, &workshop, &products, None).await?;
        run::show(context, &outcomes)?;
        run::gate(&outcomes)?;
        self.try_one(context, &workshop).await?;
        if self.once {
            return say(
                context,
                &format!(
                    "Look around: comptoir serve --project {}",
                    self.dir.display()
                ),
            );
        }
        say(context, "5. Serve (Ctrl-C stops)")?;
        serve::serve(context, workshop, self.address).await
    }

    /// Makes the project and its raw files, unless they are there.
    fn simulate(&self, context: &Context) -> anyhow::Result<()> {
        let raw = self.dir.join("raw");
        let generated = if raw.exists() {
            if let Some(customers) = self.customers {
                bail!(
                    "--customers is {customers}, but {} is there already; choose another --dir",
                    raw.display()
                );
            }
            None
        } else {
            context.progress.stage("simulate a marketplace", 0);
            let whole = simulator::Shop::marketplace();
            Some(simulator::generate(&simulator::Shop {
                seed: context.global.seed,
                ..simulator::Shop::marketplace_of(self.customers.unwrap_or(whole.customers))
            })?)
        };
        if !self.dir.join(factory::project::PROJECT_FILE).exists() {
            new::write_example("marketplace", &self.dir)?;
        }
        let Some(generated) = generated else {
            return say(
                context,
                &format!("1. The raw files in {} are there already", raw.display()),
            );
        };
        let written = simulator::write(&generated, &self.dir)?;
        say(
            context,
            "1. Simulate a marketplace with known truth (truth.json), in the files of a foreign system",
        )?;
        let rows: u64 = written.files.iter().filter_map(|f| f.rows).sum();
        let bytes = schema::Bytes(written.files.iter().map(|f| f.bytes).sum());
        say(
            context,
            &format!("   {rows} rows in {} files, {bytes}", written.files.len()),
        )
    }

    /// Shows one answer, as the API would give it.
    async fn try_one(&self, context: &Context, workshop: &factory::Workshop) -> anyhow::Result<()> {
        let Some(product) = workshop.project.product("for-you") else {
            return Ok(());
        };
        let Some((_, fitted)) = workshop.champion(product.as_ref()).await? else {
            return Ok(());
        };
        let shop = workshop.shop().await?;
        let best = shop
            .history
            .customers()
            .iter()
            .zip(0u32..)
            .max_by_key(|(_, c)| shop.history.lines_of(*c).len());
        let Some((customer, _)) = best else {
            return Ok(());
        };
        let serving = fitted.attach(std::sync::Arc::clone(&shop));
        let asked = super::explain::asked(&format!("customer={customer}"), None)?;
        let decided = serving.decide(&asked, Context::now())?;
        say(context, &format!("4. Ask: what for customer {customer}?"))?;
        for action in decided.actions.iter().take(5) {
            let reasons = action.reasons.list();
            let reason = reasons.first().map_or("", |r| r.text.as_str());
            say(
                context,
                &format!(
                    "   {}. {} - {reason}",
                    action.position,
                    action.label.as_ref().unwrap_or(&action.id)
                ),
            )?;
        }
        say(context, "")
    }
}

/// One line for a person; nothing where a program reads.
fn say(context: &Context, text: &str) -> anyhow::Result<()> {
    if context.json() {
        Ok(())
    } else {
        print::line(text)
    }
}
