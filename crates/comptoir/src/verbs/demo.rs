//! `comptoir demo`

use crate::context::Context;
use crate::print;
use crate::verbs::{import, new, run, serve};
use factory::import::ImportOptions;
use std::path::PathBuf;

/// Simulate a marketplace, import its raw files, train, compare, publish and serve: everything at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir demo             make the folder comptoir-demo, do everything, serve the console on 127.0.0.1
  comptoir demo --once      the same without serving
  comptoir demo --dir shop  in a project folder of your own choice; a second call starts from what is there")]
pub(crate) struct Demo {
    /// Folder of the demo
    #[arg(long, value_name = "DIR", default_value = "comptoir-demo")]
    dir: PathBuf,
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
        let fresh = !self.dir.join(factory::project::PROJECT_FILE).exists();
        if fresh {
            new::write_example("marketplace", &self.dir)?;
        }
        if self.dir.join("raw").exists() {
            return say(
                context,
                &format!(
                    "1. The raw files in {} are there already",
                    self.dir.join("raw").display()
                ),
            );
        }
        context.progress.stage("simulate a marketplace", 0);
        let shop = simulator::Shop {
            seed: context.global.seed,
            ..simulator::Shop::marketplace()
        };
        let generated = simulator::generate(&shop)?;
        let written = simulator::write(&generated, &self.dir)?;
        say(
            context,
            "1. Simulate a marketplace with known truth (raw/truth.json), in the files of a foreign system",
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
            let reason = action.reasons.first().map_or("", |r| r.text.as_str());
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
