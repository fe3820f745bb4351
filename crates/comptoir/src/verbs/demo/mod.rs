//! `comptoir demo`

mod boutique;
mod flash_sales;
mod grocery;
mod rivals;
mod simulated;
mod used_cars;

use crate::context::Context;
use crate::print;
use crate::verbs::{import, new, run, serve};
use anyhow::bail;
use factory::Workshop;
use factory::import::{ImportOptions, ImportOutcome};
use serde::Serialize;
use std::path::PathBuf;

/// Customers that can be asked for. Why 600: every kind of dirt occurs twice in a kind of file at least, which is more than
/// the contract forgives in the file of fewer customers.
const CUSTOMERS: std::ops::RangeInclusive<i64> = 600..=500_000;

/// The example shops that can be simulated.
pub(crate) const SHOPS: [&str; 5] = [MARKETPLACE, GROCERY, FLASH_SALES, BOUTIQUE, USED_CARS];
/// Where the raw files are, below the folder.
const RAW: &str = "raw";

const MARKETPLACE: &str = "marketplace";
const GROCERY: &str = "grocery";
const FLASH_SALES: &str = "flash-sales";
const BOUTIQUE: &str = "boutique";
const USED_CARS: &str = "used-cars";

/// Simulate a shop, import its raw files, train, compare, publish and serve: everything at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir demo                make the folder comptoir-demo, do everything, serve the console
  comptoir demo --once         the same without serving
  comptoir demo --dir shop     in a folder of your choice; a second call starts from what is there
  comptoir demo --once --customers 600 --dir small    a smaller marketplace, done sooner
  comptoir demo --once --shop grocery --dir grocery   offers under a budget for two months, beside the truth
  comptoir demo --once --shop flash-sales --dir club  launches forecast before they open and in their first hours
  comptoir demo --once --shop boutique --dir chain    orders of stores for four weeks, beside the truth
  comptoir demo --once --shop used-cars --dir dealer  47 products watched for a year in which six things go wrong

Then look around in its folder: comptoir products --project comptoir-demo
Exit code 1: a gate is closed, the report says which; the demo ends there.")]
pub(crate) struct Demo {
    /// Folder of the demo
    #[arg(long, value_name = "DIR", default_value = "comptoir-demo")]
    dir: PathBuf,
    /// The shop to simulate; where absent that of the project in the folder, else a marketplace
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(SHOPS))]
    shop: Option<String>,
    /// Customers of the shop, 600 to 500000 (a grocery and flash sales have at most 200000, a boutique 100000, a used-car
    /// dealer 50000); 4000 in a marketplace, 12000 in a grocery, 20000 in flash sales, 6000 in a boutique and 3000 at a
    /// dealer where absent
    ///
    /// Products and merchants grow and shrink along. In the small files of a small shop a few bad rows can close a gate:
    /// with another --seed they lie elsewhere.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(CUSTOMERS))]
    customers: Option<u32>,
    /// Weeks of a used-car dealer to play, 1 to 52, or of a boutique, 1 to 4; all where absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=52))]
    weeks: Option<u32>,
    /// Stop after training, serve nothing
    #[arg(long)]
    once: bool,
    /// Address to serve at
    #[arg(long, value_name = "ADDRESS")]
    address: Option<std::net::SocketAddr>,
}

/// What was done, for a program; empty is what was not come to.
#[derive(Debug, Default, Serialize)]
struct Done {
    folder: PathBuf,
    simulated: Option<Simulated>,
    import: Option<ImportOutcome>,
    runs: Option<Vec<serde_json::Value>>,
    asked: Option<serde_json::Value>,
    grocery: Option<grocery::Done>,
    flash_sales: Option<flash_sales::Done>,
    boutique: Option<boutique::Done>,
    used_cars: Option<used_cars::Done>,
    address: Option<String>,
}

impl Done {
    /// Whether anything was done that is worth telling.
    fn is_begun(&self) -> bool {
        self.import.is_some()
            || self.grocery.is_some()
            || self.flash_sales.is_some()
            || self.boutique.is_some()
            || self.used_cars.is_some()
    }
}

/// The raw files that were made.
#[derive(Debug, Serialize)]
struct Simulated {
    files: usize,
    rows: u64,
    bytes: u64,
}

impl Demo {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let mut done = Done {
            folder: self.dir.clone(),
            ..Done::default()
        };
        let ended = self.steps(context, &mut done).await;
        match ended {
            Ok(workshop) if !self.once => {
                say(context, "5. Serve (Ctrl-C stops)")?;
                let json = context.json();
                serve::serve(context, workshop, self.address, move |address| {
                    if !json {
                        return serve::tell(address);
                    }
                    done.address = Some(address.to_owned());
                    print::json(&done)
                })
                .await
            }
            // A gate that closes ends the demo: what was done until then is told all the same.
            ended => {
                if context.json() && (ended.is_ok() || done.is_begun()) {
                    print::json(&done)?;
                }
                ended.map(drop)
            }
        }
    }

    /// Everything but serving; `done` is told what was done, as far as it went.
    async fn steps(&self, context: &Context, done: &mut Done) -> anyhow::Result<Workshop> {
        let shop = self.shop()?;
        let workshop = match shop {
            // Where raw files are there already the demo goes on from them.
            _ if self.dir.join(RAW).exists() => self.trained(context, shop, done).await?,
            GROCERY | FLASH_SALES | MARKETPLACE if self.weeks.is_some() => {
                bail!(
                    "--weeks is of --shop {USED_CARS} and --shop {BOUTIQUE}, and this is a {shop}"
                )
            }
            BOUTIQUE if self.weeks > Some(boutique::WEEKS_MAX) => {
                bail!(
                    "--weeks is {}, a {BOUTIQUE} plays 1 to {}",
                    self.weeks.unwrap_or_default(),
                    boutique::WEEKS_MAX
                )
            }
            GROCERY => {
                let done = done.grocery.insert(grocery::Done::default());
                self.grocery(context, done).await?
            }
            FLASH_SALES => {
                let done = done.flash_sales.insert(flash_sales::Done::default());
                self.flash_sales(context, done).await?
            }
            BOUTIQUE => {
                let done = done.boutique.insert(boutique::Done::default());
                self.boutique(context, done).await?
            }
            USED_CARS => {
                let done = done.used_cars.insert(used_cars::Done::default());
                self.used_cars(context, done).await?
            }
            _ => self.trained(context, shop, done).await?,
        };
        if self.once {
            let folder = self.dir.display();
            say(
                context,
                &format!("Look around: comptoir serve --project {folder}"),
            )?;
        }
        Ok(workshop)
    }

    /// The shop: asked for, or that of the project in the folder, or a marketplace.
    fn shop(&self) -> anyhow::Result<&'static str> {
        let asked = SHOPS
            .into_iter()
            .find(|shop| self.shop.as_deref() == Some(shop));
        let found = if factory::Project::is_in(&self.dir) {
            Some(simulated::shop_of(&factory::Project::open(&self.dir)?))
        } else {
            None
        };
        match (asked, found) {
            (Some(asked), Some(found)) if asked != found => bail!(
                "--shop is {asked}, but the project in {} is a {found}; choose another --dir",
                self.dir.display()
            ),
            (asked, found) => Ok(asked.or(found).unwrap_or(MARKETPLACE)),
        }
    }

    /// Everything but serving of a shop that is simulated once, or of any whose raw files are there.
    async fn trained(
        &self,
        context: &Context,
        shop: &str,
        done: &mut Done,
    ) -> anyhow::Result<Workshop> {
        done.simulated = self.simulate(context, shop)?;
        let workshop = context.workshop_in(&self.dir).await?;
        say(
            context,
            "2. Import: every row is accepted or set aside with the reason",
        )?;
        let options = ImportOptions::at(Context::now());
        let outcome = workshop.import(&options, context.progress.as_ref()).await?;
        say(context, outcome.to_string().trim_end())?;
        let outcome = done.import.insert(outcome);
        import::gate(outcome)?;
        if workshop.project.products.is_empty() {
            return Ok(workshop);
        }
        say(
            context,
            "\n3. Train, measure on days held out, compare with the naive baseline, promote",
        )?;
        let products = run::chosen(&workshop.project, &[])?;
        let tried = run::run_all(context, &workshop, &products, None).await?;
        if !context.json() {
            run::show(&tried)?;
        }
        done.runs = Some(run::documents(&tried));
        run::verdict(tried)?;
        done.asked = self.try_one(context, &workshop).await?;
        Ok(workshop)
    }

    /// Makes the project and its raw files, unless they are there.
    fn simulate(&self, context: &Context, shop: &str) -> anyhow::Result<Option<Simulated>> {
        let raw = self.dir.join(RAW);
        if raw.exists() {
            if let Some(customers) = self.customers {
                bail!(
                    "--customers is {customers}, but {} is there already; choose another --dir",
                    raw.display()
                );
            }
            self.example(shop)?;
            say(
                context,
                &format!("1. The raw files in {} are there already", raw.display()),
            )?;
            return Ok(None);
        }
        let what = simulated::what(shop);
        context.progress.stage(&format!("simulate {what}"), 0);
        let generated = simulated::generate(shop, context.global.seed, self.customers)?;
        self.example(shop)?;
        let made = generated.write(&self.dir)?;
        context.progress.end();
        let truth = generated
            .truth()
            .map_or_else(String::new, |file| format!(" ({file})"));
        let size = schema::Bytes(made.bytes);
        say(
            context,
            &format!(
                "1. Simulate {what} with known truth{truth}, in the files of a foreign system\n   {} rows in {} files, {size}",
                made.rows, made.files
            ),
        )?;
        Ok(Some(made))
    }

    /// Makes the project unless it is there.
    fn example(&self, shop: &str) -> anyhow::Result<()> {
        if !self.dir.join(factory::project::PROJECT_FILE).exists() {
            new::write_example(shop, &self.dir)?;
        }
        Ok(())
    }

    /// Shows one answer, as the API would give it; `None` where there is nobody to ask about.
    async fn try_one(
        &self,
        context: &Context,
        workshop: &Workshop,
    ) -> anyhow::Result<Option<serde_json::Value>> {
        let Some(product) = workshop.project.product("for-you") else {
            return Ok(None);
        };
        let Some((_, fitted)) = workshop.champion(product.as_ref()).await? else {
            return Ok(None);
        };
        let loading = context.slow("load the shop");
        let shop = workshop.shop().await?;
        let best = shop
            .history
            .customers()
            .iter()
            .zip(0u32..)
            .max_by_key(|(_, c)| shop.history.lines_of(*c).len());
        let Some((customer, _)) = best else {
            return Ok(None);
        };
        let serving = fitted.attach(std::sync::Arc::clone(&shop));
        let asked = super::explain::asked(&format!("customer={customer}"), None)?;
        let decided = serving.decide(&asked, Context::now())?;
        drop(loading);
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
        say(context, "")?;
        Ok(Some(serde_json::json!({
            "product": product.header().name, "asked": asked, "decided": decided,
        })))
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
