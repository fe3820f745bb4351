//! The demonstration of the grocery: a pilot explores, two months decide under a budget, each is measured beside the
//! truth, and what was learnt meanwhile decides the next.

use super::rivals::{Gained, Rivals};
use super::simulated::put;
use super::{Demo, Simulated, say};
use crate::context::Context;
use crate::verbs::{import, run};
use ::products::Product;
use anyhow::{Context as _, bail};
use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use factory::Workshop;
use factory::batch::{BatchOptions, FileFormat, Questions};
use factory::import::{ImportOptions, ImportOutcome};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schema::{AsOf, Estimate};
use serde::Serialize;
use simulator::{Grocery, GroceryShop};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// The month in which chance decides.
const PILOT: u32 = 1;

/// The months that are decided for.
const MONTHS: std::ops::RangeInclusive<u32> = 2..=3;

/// Days of sales before the first offer: a year, as whoever has cards has.
const HISTORY_DAYS: u32 = 364;

/// Money of a month for each customer, in the shop's currency.
const BUDGET_PER_CUSTOMER: f64 = 1.5;

/// The product that decides, and the one that measures it.
const OFFERS: &str = "offers";
const WORTH: &str = "worth";

/// One month that was decided for.
#[derive(Debug, Serialize)]
pub(super) struct Month {
    month: u32,
    customers: usize,
    held_out: usize,
    /// By arm.
    given: HashMap<String, usize>,
    budget: f64,
    /// Discounts that were really given.
    spent: f64,
    /// What the product that measures says of it, in one sentence.
    told: Option<String>,
    /// Change of margin over all customers decided for, against those held out; of all months so far.
    measured: Estimate,
    /// The same as the simulator knows it.
    truth: f64,
    /// What others would have gained in this month, by the simulator.
    rivals: Vec<Gained>,
    /// What was gained in this month, by the simulator.
    gained: Gained,
}

/// What came of the grocery.
#[derive(Debug, Default, Serialize)]
pub(super) struct Done {
    simulated: Option<Simulated>,
    import: Option<ImportOutcome>,
    runs: Vec<serde_json::Value>,
    months: Vec<Month>,
}

/// The loop with what it works on.
struct Loop<'a> {
    context: &'a Context,
    folder: &'a Path,
    workshop: Workshop,
    shop: GroceryShop,
    budget: f64,
    /// Gain of all months so far, by the simulator.
    truth: f64,
}

impl Demo {
    /// Everything of the grocery but serving.
    pub(super) async fn grocery(
        &self,
        context: &Context,
        done: &mut Done,
    ) -> anyhow::Result<Workshop> {
        let usual = Grocery::default();
        let grocery = Grocery {
            seed: context.global.seed,
            customers: self.customers.unwrap_or(usual.customers),
            history_days: HISTORY_DAYS,
            ..usual
        };
        context.progress.stage("simulate a grocery", 0);
        let shop = GroceryShop::new(&grocery)?;
        context.progress.end();
        let budget = BUDGET_PER_CUSTOMER * f64::from(grocery.customers);
        self.project(budget)?;
        let mut files = shop.before();
        let (arms, draws) = shop.pilot();
        files.push(draws);
        files.push(shop.month(PILOT, &arms)?);
        let made = put(&self.dir, &files)?;
        say(
            context,
            &format!(
                "1. Simulate a grocery: a year of sales, then a pilot of four weeks in which chance decides who gets which offer\n   {} rows in {} files, {}",
                made.rows,
                made.files,
                schema::Bytes(made.bytes)
            ),
        )?;
        done.simulated = Some(made);
        let mut looped = Loop {
            context,
            folder: &self.dir,
            workshop: context.workshop_in(&self.dir).await?,
            shop,
            budget,
            truth: 0.0,
        };
        say(
            context,
            "2. Import: every row is accepted or set aside with the reason",
        )?;
        let outcome = looped.import().await?;
        say(context, outcome.to_string().trim_end())?;
        import::gate(done.import.insert(outcome))?;
        say(
            context,
            "\n3. Learn from the pilot what each offer changes in each customer's margin, and what of it the budget pays for",
        )?;
        let learnt = looped.run(OFFERS, PILOT + 1, done).await?;
        run::verdict(vec![learnt])?;
        for month in MONTHS {
            say(
                context,
                &format!(
                    "{}. Month {month}: decide, sell, measure against the customers who are held out",
                    month + 2
                ),
            )?;
            let decided = looped.month(month, done).await?;
            tell(context, &decided)?;
            done.months.push(decided);
            if month < *MONTHS.end() {
                say(
                    context,
                    "   Learn again, from the customers whose offer was drawn by chance too",
                )?;
                // A version that is not better leaves the one before in its place.
                looped.run(OFFERS, month + 1, done).await?;
            }
        }
        Ok(looped.workshop)
    }

    /// Makes the project, with the budget that fits its customers.
    fn project(&self, budget: f64) -> anyhow::Result<()> {
        if !self.dir.join(factory::project::PROJECT_FILE).exists() {
            crate::verbs::new::write_example(super::GROCERY, &self.dir)?;
        }
        if self.customers.is_none() {
            return Ok(());
        }
        let path = self.dir.join("products").join(format!("{OFFERS}.toml"));
        let text = fs_err::read_to_string(&path)?;
        let lines = text.lines().map(|line| {
            if line.starts_with("budget =") {
                format!(
                    "budget = {budget}    # for one month: {BUDGET_PER_CUSTOMER} for each customer"
                )
            } else {
                line.to_owned()
            }
        });
        let text: Vec<String> = lines.collect();
        Ok(fs_err::write(&path, text.join("\n") + "\n")?)
    }
}

impl Loop<'_> {
    /// The first day of a month, before which everything is known.
    fn day(&self, month: u32) -> AsOf {
        AsOf(self.shop.month_start(month))
    }

    fn product(&self, name: &str) -> anyhow::Result<Arc<dyn Product>> {
        run::one(&self.workshop.project, name)
    }

    async fn import(&self) -> anyhow::Result<ImportOutcome> {
        let options = ImportOptions::at(Context::now());
        let progress = self.context.progress.as_ref();
        Ok(self.workshop.import(&options, progress).await?)
    }

    /// Trains and measures a product, knowing everything before a month.
    async fn run(&self, name: &str, month: u32, done: &mut Done) -> anyhow::Result<run::Tried> {
        let as_of = Some(self.day(month));
        let products = [self.product(name)?];
        let mut tried = run::run_all(self.context, &self.workshop, &products, as_of).await?;
        if !self.context.json() && name == OFFERS {
            run::show_short(&tried)?;
        }
        done.runs.extend(run::documents(&tried));
        tried.pop().with_context(|| format!("{name} was not run"))
    }

    /// Decides for everybody at the beginning of a month, lets the month happen, and measures.
    async fn month(&mut self, month: u32, done: &mut Done) -> anyhow::Result<Month> {
        let start = self.day(month).0.to_zoned(TimeZone::UTC)?.timestamp();
        let answers = self.decide(month, start).await?;
        let arms: Vec<usize> = answers.iter().map(|answer| answer.arm).collect();
        put(self.folder, &[self.shop.month(month, &arms)?])?;
        let outcome = self.import().await?;
        import::gate(&outcome)?;
        let free: Vec<usize> = (0..answers.len())
            .filter(|customer| !answers[*customer].held_out)
            .collect();
        let rivals = Rivals {
            shop: &self.shop,
            customers: &free,
            budget: self.budget * free.len() as f64 / answers.len() as f64,
        };
        let gained = rivals.of("as decided", &arms);
        self.truth += gained.margin;
        let mut given: HashMap<String, usize> = HashMap::new();
        for customer in &free {
            let arm = GroceryShop::arms()[arms[*customer]];
            *given.entry(arm.to_owned()).or_default() += 1;
        }
        let tried = self.run(WORTH, month + 1, done).await?;
        Ok(Month {
            month,
            customers: free.len(),
            held_out: answers.len() - free.len(),
            given,
            budget: rivals.budget,
            spent: self.discounts(month).await?,
            told: first_line(&tried),
            measured: in_all(&tried, free.len())?,
            truth: self.truth,
            rivals: rivals.all(self.orders_before(month).await?)?,
            gained,
        })
    }

    /// The answer for every customer, in the shop's order; logged in the lake as any batch.
    async fn decide(&self, month: u32, now: Timestamp) -> anyhow::Result<Vec<Answered>> {
        let product = self.product(OFFERS)?;
        let folder = self.folder.join("decided");
        fs_err::create_dir_all(&folder)?;
        let input = folder.join(format!("customers-{month}.csv"));
        let mut questions = "customer_id\n".to_owned();
        for customer in self.shop.customers() {
            questions.push_str(customer);
            questions.push('\n');
        }
        fs_err::write(&input, questions)?;
        let options = BatchOptions {
            questions: Questions::File {
                path: input,
                format: FileFormat::Csv,
            },
            output: folder.join(format!("offers-{month}.ndjson")),
            output_format: FileFormat::Ndjson,
            log: true,
            now,
            attempt: None,
        };
        let progress = self.context.progress.as_ref();
        self.workshop
            .decide_batch(product.as_ref(), &options, progress)
            .await?;
        progress.end();
        let answers = fs_err::read_to_string(&options.output)?;
        answers.lines().map(Answered::read).collect()
    }

    /// Discounts given in a month, in the shop's currency.
    async fn discounts(&self, month: u32) -> anyhow::Result<f64> {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(discount_cents), 0) AS DOUBLE) / 100 AS spent FROM sales WHERE {}",
            self.within(month, month + 1)
        );
        let rows = self.workshop.lake.query(&sql).await?;
        let sums = rows
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Float64Type>().values());
        Ok(sums.sum())
    }

    /// Orders of each customer in the four weeks before a month, by customer.
    async fn orders_before(&self, month: u32) -> anyhow::Result<HashMap<String, f64>> {
        let sql = format!(
            "SELECT customer_id, CAST(COUNT(DISTINCT order_id) AS DOUBLE) AS orders FROM sales WHERE {} GROUP BY 1",
            self.within(month - 1, month)
        );
        let mut found = HashMap::new();
        for batch in self.workshop.lake.query(&sql).await? {
            let customers = batch.column(0).as_string::<i32>();
            let orders = batch.column(1).as_primitive::<Float64Type>();
            for (customer, orders) in customers.iter().zip(orders.values()) {
                found.insert(customer.unwrap_or_default().to_owned(), *orders);
            }
        }
        Ok(found)
    }

    /// A condition on sales: from the start of one month to the start of another.
    fn within(&self, from: u32, to: u32) -> String {
        format!(
            "sold_at >= TIMESTAMP '{}T00:00:00Z' AND sold_at < TIMESTAMP '{}T00:00:00Z'",
            self.day(from),
            self.day(to)
        )
    }
}

/// What was decided for one customer.
struct Answered {
    arm: usize,
    held_out: bool,
}

impl Answered {
    fn read(line: &str) -> anyhow::Result<Self> {
        #[derive(serde::Deserialize)]
        struct Row {
            action: Option<String>,
            holdout: Option<bool>,
            error: Option<String>,
        }
        let row: Row = serde_json::from_str(line)?;
        let arms = GroceryShop::arms();
        let arm = row.action.as_deref();
        match arm.and_then(|name| arms.iter().position(|arm| *arm == name)) {
            Some(arm) => Ok(Self {
                arm,
                held_out: row.holdout.unwrap_or(false),
            }),
            None => bail!(
                "the answer holds no arm of the shop: {}",
                row.error.or(row.action).unwrap_or_default()
            ),
        }
    }
}

/// The change of margin over some customers, out of what the product that measures found per customer.
fn in_all(tried: &run::Tried, customers: usize) -> anyhow::Result<Estimate> {
    let outcome = tried.outcome.as_ref().map_err(|error| {
        anyhow::anyhow!(
            "measure what the offers changed: {}",
            factory::run::one_line(error)
        )
    })?;
    let margin = outcome
        .scorecard
        .metrics
        .iter()
        .find(|m| m.name.starts_with("margin"));
    let gain = margin.map(|metric| metric.gain.clone());
    Ok(match gain.context("the read-out holds no margin")? {
        Estimate::Measured {
            point,
            low,
            high,
            units,
        } => {
            let all = |of_one: f64| of_one * customers as f64;
            Estimate::Measured {
                point: all(point),
                low: all(low),
                high: all(high),
                units,
            }
        }
        other @ (Estimate::Exact(_) | Estimate::NotMeasurable(_)) => other,
    })
}

/// The first thing that a product says of what it learned.
fn first_line(tried: &run::Tried) -> Option<String> {
    tried.outcome.as_ref().ok()?.summary.first().cloned()
}

/// What a month brought, for a person.
fn tell(context: &Context, month: &Month) -> anyhow::Result<()> {
    let arms = GroceryShop::arms().iter();
    let arms = arms.map(|arm| format!("{arm} {}", month.given.get(*arm).copied().unwrap_or(0)));
    let arms: Vec<String> = arms.collect();
    let share = |gained: &Gained| 100.0 * gained.margin / best(&month.rivals);
    let mut lines = vec![
        format!(
            "   {} customers decided for ({}), {} held out; {:.0} given away of {:.0} allowed",
            month.customers,
            arms.join(", "),
            month.held_out,
            month.spent,
            month.budget
        ),
        format!(
            "   margin gained so far: measured {}, in truth {:.0}",
            in_whole(&month.measured),
            month.truth
        ),
    ];
    lines.extend(month.told.iter().map(|told| format!("   {told}")));
    lines.push("   in truth, this month's budget would gain:".to_owned());
    let rules = std::iter::once(&month.gained).chain(&month.rivals);
    lines.extend(rules.map(|rule| told(rule, share(rule))));
    lines.push(String::new());
    lines.iter().try_for_each(|line| say(context, line))
}

/// An estimate of money without decimals.
fn in_whole(estimate: &Estimate) -> String {
    match estimate {
        Estimate::Measured {
            point, low, high, ..
        } => format!("{point:.0} ({low:.0} to {high:.0}, 95 %)"),
        other @ (Estimate::Exact(_) | Estimate::NotMeasurable(_)) => other.to_string(),
    }
}

fn told(gained: &Gained, share: f64) -> String {
    format!(
        "     {:<60} {:>7.0}, spending {:>6.0}: {share:>3.0} % of the oracle",
        gained.rule, gained.margin, gained.spent
    )
}

/// The most that any rule gains.
fn best(rivals: &[Gained]) -> f64 {
    rivals
        .iter()
        .map(|rival| rival.margin)
        .fold(f64::MIN, f64::max)
}
