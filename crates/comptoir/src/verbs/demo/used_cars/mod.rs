//! The demonstration of the used-car dealer: a portfolio of data products is watched for a year, in which six things go
//! wrong on days that the simulator knows; when each was noticed, what was named as its cause and what was done is held
//! against that.
//!
//! Reading order: here what is done and told, [`year`] (a day is played: visitors are answered, files come in, products
//! are reviewed, trained), [`truth`] (what was noticed beside what happened).

mod truth;
mod year;

use super::simulated::put;
use super::{Demo, Simulated, say};
use crate::context::Context;
use crate::print::Table;
use crate::verbs::{import, run};
use factory::Workshop;
use factory::import::ImportOutcome;
use schema::Estimate;
use schema::estimate::short;
use serde::Serialize;
use simulator::{UsedCars, UsedCarsShop};
use truth::{Noticed, Told};
use year::{WEEK, Year};

/// What came of the dealer's year.
#[derive(Debug, Default, Serialize)]
pub(super) struct Done {
    simulated: Option<Simulated>,
    import: Option<ImportOutcome>,
    runs: Vec<serde_json::Value>,
    /// Days played, answers given to visitors, and how many of them were clicked.
    days: u32,
    answers: u64,
    clicked: u64,
    /// Decisions of products that are asked about everything on Mondays.
    on_mondays: u64,
    /// Trainings within the year, and versions that they let answer.
    trainings: u32,
    promoted: u32,
    /// What went wrong, beside what was noticed of it.
    incidents: Vec<Told>,
    /// What was noticed and is none of that.
    others: Vec<Noticed>,
}

impl Demo {
    /// Everything of the used-car dealer but serving.
    pub(super) async fn used_cars(
        &self,
        context: &Context,
        done: &mut Done,
    ) -> anyhow::Result<Workshop> {
        let usual = UsedCars::default();
        let cars = UsedCars {
            seed: context.global.seed,
            customers: self.customers.unwrap_or(usual.customers),
        };
        context.progress.stage("simulate a used-car dealer", 0);
        let shop = UsedCarsShop::new(&cars)?;
        context.progress.end();
        if !self.dir.join(factory::project::PROJECT_FILE).exists() {
            crate::verbs::new::write_example(super::USED_CARS, &self.dir)?;
        }
        let made = put(&self.dir, &shop.before())?;
        let told = format!(
            "1. Simulate a used-car dealer: {} customers, a year of history, and a year to come in which six things go wrong\n   {} rows in {} files, {}",
            cars.customers,
            made.rows,
            made.files,
            schema::Bytes(made.bytes)
        );
        say(context, &told)?;
        done.simulated = Some(made);
        let workshop = context.workshop_in(&self.dir).await?;
        let mut year = Year::new(context, &self.dir, workshop, shop);
        say(
            context,
            "2. Import: every row is accepted or set aside with the reason",
        )?;
        let outcome = year.import(0).await?;
        say(context, outcome.to_string().trim_end())?;
        import::gate(done.import.insert(outcome))?;
        let products = run::chosen(&year.workshop.project, &[])?;
        say(
            context,
            &format!(
                "\n3. Train {} data products, each measured beside its naive baseline",
                products.len()
            ),
        )?;
        let tried = year.train(&products, 0).await?;
        if !context.json() {
            portfolio(&tried)?;
        }
        done.runs = run::documents(&tried);
        // One that does not beat its baseline answers nobody; the others are watched all the same.
        let is_champion = |tried: &&run::Tried| tried.outcome.as_ref().is_ok_and(|of| of.promoted);
        let champions = tried.iter().filter(is_champion).count();
        say(
            context,
            &format!("   {champions} of {} answer", tried.len()),
        )?;
        let days = self.weeks.map_or(year.shop.days(), |weeks| WEEK * weeks);
        say(
            context,
            &format!(
                "\n4. A year: lists are shown and clicked; on Monday mornings files come in, all products are reviewed, and forecasts,\n   \
                 orders and values are asked for. {days} days are played; people mend what is named to them on the same day"
            ),
        )?;
        year.play(days, done).await?;
        say(
            context,
            &format!(
                "   {} lists, {:.1} % of them clicked; {} decisions on Mondays; {} trainings because decisions became worse, after which {} versions answered\n",
                done.answers,
                100.0 * done.clicked as f64 / done.answers.max(1) as f64,
                done.on_mondays,
                done.trainings,
                done.promoted
            ),
        )?;
        (done.incidents, done.others) = truth::beside(&year.shop, days, &year.noticed, &year.acts);
        if !context.json() {
            truth::show(&done.incidents, &done.others)?;
        }
        Ok(year.workshop)
    }
}

/// One line for each product that was trained.
fn portfolio(tried: &[run::Tried]) -> anyhow::Result<()> {
    let mut table = Table::new([
        "product",
        "kind",
        "state",
        "measured by",
        "value",
        "baseline",
    ]);
    let figure = |of: &Estimate| of.point().map_or("-".to_owned(), short);
    for outcome in tried.iter().filter_map(|tried| tried.outcome.as_ref().ok()) {
        let state = if outcome.promoted {
            "champion"
        } else {
            "not promoted"
        };
        let first = outcome.scorecard.metrics.first();
        table.row([
            outcome.product.clone(),
            outcome.kind.clone(),
            state.to_owned(),
            first.map_or_else(String::new, |m| m.name.clone()),
            first.map_or_else(String::new, |m| figure(&m.value)),
            first.map_or_else(String::new, |m| figure(&m.baseline)),
        ]);
    }
    table.print()?;
    let failed = tried.iter().filter(|tried| tried.outcome.is_err());
    failed.map(std::slice::from_ref).try_for_each(run::show)
}
