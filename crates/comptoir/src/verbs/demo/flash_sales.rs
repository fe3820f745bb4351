//! The demonstration of the flash-sales club: launches of the last day are forecast before they open, their pre-orders
//! are held against the truth, and the forecasts are corrected hour by hour.

use super::simulated::put;
use super::{Demo, Simulated, say};
use crate::context::Context;
use crate::verbs::{import, run};
use ::products::{Decisions, Serving};
use anyhow::Context as _;
use factory::Workshop;
use factory::import::{ImportOptions, ImportOutcome};
use schema::estimate::short;
use serde::Serialize;
use simulator::{FlashSales, FlashSalesShop, Informed, LaunchTruth};

/// The product that forecasts.
const LAUNCH: &str = "launch";

/// Hours after the opening at which forecasts are looked at again.
const HOURS: [u32; 4] = [1, 2, 4, 8];

/// Launches that are shown.
const SHOWN: usize = 5;

/// A forecast of one launch beside its truth.
#[derive(Debug, Clone, Serialize)]
struct Told {
    launch: String,
    product: String,
    forecast: f64,
    low: f64,
    high: f64,
    /// What was asked for in the end.
    truth: u32,
    pre_order: Option<f64>,
    why: Vec<String>,
}

/// Forecasts of all launches of the last day at one moment.
#[derive(Debug, Clone, Serialize)]
struct Hour {
    hours: u32,
    launches: usize,
    /// Mean absolute error of the forecasts, in units.
    error: f64,
    /// Mean width of the intervals over the forecasts.
    width: f64,
    /// Intervals that hold what was asked for in the end.
    held: usize,
}

/// What ordering by one rule costs, by the truth of the simulator.
#[derive(Debug, Clone, Serialize)]
struct Cost {
    rule: &'static str,
    /// Margin lost and money left over in expectation, in the shop's currency.
    cost: f64,
}

/// What came of the club.
#[derive(Debug, Default, Serialize)]
pub(super) struct Done {
    simulated: Option<Simulated>,
    import: Option<ImportOutcome>,
    runs: Vec<serde_json::Value>,
    launches: Vec<Told>,
    costs: Vec<Cost>,
    hours: Vec<Hour>,
}

/// The club that is played: with few members fewer launches, merchants and brands.
fn club(seed: u64, customers: Option<u32>) -> FlashSales {
    let (usual, tiny) = (FlashSales::default(), FlashSales::tiny());
    let customers = customers.unwrap_or(usual.customers);
    let of = |each: u32, least: u32, most: u32| (customers / each).clamp(least, most);
    FlashSales {
        seed,
        customers,
        launches: of(10, tiny.launches, usual.launches),
        merchants: of(150, tiny.merchants, usual.merchants),
        brands: of(200, tiny.brands, usual.brands),
        ..usual
    }
}

/// The club with what it is worked on with.
struct Club<'a> {
    context: &'a Context,
    workshop: Workshop,
    shop: FlashSalesShop,
}

impl Demo {
    /// Everything of the flash-sales club but serving.
    pub(super) async fn flash_sales(
        &self,
        context: &Context,
        done: &mut Done,
    ) -> anyhow::Result<Workshop> {
        let club = club(context.global.seed, self.customers);
        context.progress.stage("simulate a flash-sales club", 0);
        let shop = FlashSalesShop::new(&club)?;
        context.progress.end();
        if !self.dir.join(factory::project::PROJECT_FILE).exists() {
            crate::verbs::new::write_example(super::FLASH_SALES, &self.dir)?;
        }
        let made = put(&self.dir, &shop.before())?;
        let told = format!(
            "1. Simulate a flash-sales club: {} launches over {} days, {} of the last day open now\n   {} rows in {} files, {}",
            club.launches,
            club.days,
            opening(&shop).count(),
            made.rows,
            made.files,
            schema::Bytes(made.bytes)
        );
        say(context, &told)?;
        done.simulated = Some(made);
        let mut club = Club {
            context,
            workshop: context.workshop_in(&self.dir).await?,
            shop,
        };
        say(
            context,
            "2. Import: every row is accepted or set aside with the reason",
        )?;
        let outcome = club.import().await?;
        say(context, outcome.to_string().trim_end())?;
        import::gate(done.import.insert(outcome))?;
        say(
            context,
            "\n3. Learn from launches that are over: attributes, what merchants' estimates were worth, how sales come in",
        )?;
        let products = run::chosen(&club.workshop.project, &[])?;
        let tried = run::run_all(context, &club.workshop, &products, None).await?;
        if !context.json() {
            run::show(&tried)?;
        }
        done.runs = run::documents(&tried);
        run::verdict(tried)?;
        club.before(done).await?;
        for hours in HOURS {
            put(&self.dir, &[club.shop.open(hours)?])?;
            let outcome = club.import().await?;
            import::gate(&outcome)?;
            let seen = club.hour(hours, done).await?;
            done.hours.push(seen);
        }
        hours(context, &done.hours)?;
        Ok(club.workshop)
    }
}

/// Launches that open on the last day, with their place.
fn opening(shop: &FlashSalesShop) -> impl Iterator<Item = (usize, &LaunchTruth)> {
    let now = shop.now();
    let of = shop.launches().iter().enumerate();
    of.filter(move |(_, launch)| launch.opens_at == now)
}

/// The figure of an answer that has a name, with its interval where it has one.
fn figure(decided: &Decisions, id: &str) -> Option<(f64, (f64, f64))> {
    let action = decided.actions.iter().find(|action| action.id == id)?;
    let estimate = action.estimate.as_ref()?;
    let point = estimate.point()?;
    Some((point, estimate.interval().unwrap_or((point, point))))
}

impl Club<'_> {
    async fn import(&self) -> anyhow::Result<ImportOutcome> {
        let options = ImportOptions::at(Context::now());
        let progress = self.context.progress.as_ref();
        Ok(self.workshop.import(&options, progress).await?)
    }

    /// The version that answers, joined with what the shop knows by now.
    async fn serving(&self) -> anyhow::Result<Box<dyn Serving>> {
        let product = run::one(&self.workshop.project, LAUNCH)?;
        let champion = self.workshop.champion(product.as_ref()).await?;
        let (_, fitted) = champion.with_context(|| format!("{LAUNCH} has no champion"))?;
        Ok(fitted.attach(self.workshop.shop().await?))
    }

    /// What is forecast of the launches of the last day.
    fn told(&self, serving: &dyn Serving, by_baseline: bool) -> anyhow::Result<Vec<(usize, Told)>> {
        let of = opening(&self.shop).map(|(at, launch)| {
            let about = format!("product={}", launch.product);
            let asked = crate::verbs::explain::asked(&about, Some(launch.launch.clone()))?;
            let decided = if by_baseline {
                serving.baseline(&asked, Context::now())
            } else {
                serving.decide(&asked, Context::now())
            }?;
            let total = figure(&decided, "total").context("the answer holds no total")?;
            let reasons = decided.actions.first().map(|action| action.reasons.list());
            let told = Told {
                launch: launch.launch.clone(),
                product: launch.product.clone(),
                forecast: total.0,
                low: total.1.0,
                high: total.1.1,
                truth: launch.demand,
                pre_order: figure(&decided, "pre_order").map(|(units, _)| units),
                why: reasons
                    .unwrap_or_default()
                    .into_iter()
                    .map(|why| why.text)
                    .collect(),
            };
            Ok((at, told))
        });
        of.collect()
    }

    /// Forecasts and pre-orders before the opening.
    async fn before(&mut self, done: &mut Done) -> anyhow::Result<()> {
        let serving = self.serving().await?;
        let ours = self.told(serving.as_ref(), false)?;
        let naive = self.told(serving.as_ref(), true)?;
        let context = self.context;
        say(
            context,
            "4. Before the launches of the last day open: what they will sell, and what to order for them",
        )?;
        for (_, told) in ours.iter().take(SHOWN) {
            say(
                context,
                &format!(
                    "   {} {}: {} ({} to {}), order {}; in the end {} are asked for",
                    told.launch,
                    told.product,
                    short(told.forecast),
                    told.low,
                    told.high,
                    told.pre_order.map_or("-".to_owned(), short),
                    told.truth
                ),
            )?;
        }
        if let Some((_, told)) = ours.first() {
            let why = told.why.join("\n     ");
            say(context, &format!("   why the first:\n     {why}"))?;
        }
        done.costs = vec![
            self.cost("as proposed", |place| ours[place].1.pre_order),
            self.cost("best for launches of the category", |place| {
                naive[place].1.pre_order
            }),
            self.cost("as a reader who knows what every attribute does", |place| {
                Some(f64::from(
                    self.shop.best_units(ours[place].0, Informed::Attributes),
                ))
            }),
            self.cost("the same who also knows every merchant's habits", |place| {
                Some(f64::from(
                    self.shop.best_units(ours[place].0, Informed::Estimate),
                ))
            }),
            self.cost("by the truth itself", |place| {
                Some(f64::from(
                    self.shop.best_units(ours[place].0, Informed::Intensity),
                ))
            }),
        ];
        say(
            context,
            "   expected cost of ordering so (margin lost and money left over), by the simulator's truth:",
        )?;
        for cost in &done.costs {
            say(context, &format!("   {:>10.0}  {}", cost.cost, cost.rule))?;
        }
        done.hours = vec![seen(0, &ours)];
        done.launches = ours.into_iter().map(|(_, told)| told).collect();
        Ok(())
    }

    /// What ordering by a rule costs over all launches of the last day.
    fn cost(&self, rule: &'static str, units: impl Fn(usize) -> Option<f64>) -> Cost {
        let of = opening(&self.shop).zip(0..).map(|((at, _), place)| {
            let units = units(place).unwrap_or(0.0).max(0.0).round() as u32;
            self.shop.expected_cost(at, units) / 100.0
        });
        Cost {
            rule,
            cost: of.sum(),
        }
    }

    /// Forecasts after some hours.
    async fn hour(&self, hours: u32, _: &Done) -> anyhow::Result<Hour> {
        let serving = self.serving().await?;
        Ok(seen(hours, &self.told(serving.as_ref(), false)?))
    }
}

/// How good forecasts are at a moment.
fn seen(hours: u32, told: &[(usize, Told)]) -> Hour {
    let n = told.len().max(1) as f64;
    let mean = |of: &dyn Fn(&Told) -> f64| told.iter().map(|(_, told)| of(told)).sum::<f64>() / n;
    let held = |told: &Told| (told.low..=told.high).contains(&f64::from(told.truth));
    Hour {
        hours,
        launches: told.len(),
        error: mean(&|told| (told.forecast - f64::from(told.truth)).abs()),
        width: mean(&|told| (told.high - told.low) / told.forecast.max(1.0)),
        held: told.iter().filter(|(_, told)| held(told)).count(),
    }
}

/// The hours, for a person.
fn hours(context: &Context, hours: &[Hour]) -> anyhow::Result<()> {
    say(
        context,
        "5. The first hours: sales are imported, forecasts corrected",
    )?;
    say(
        context,
        "   hours  mean error  width of the interval  intervals that hold",
    )?;
    for hour in hours {
        say(
            context,
            &format!(
                "   {:>5}  {:>10.1}  {:>19.0} %  {} of {}",
                hour.hours,
                hour.error,
                100.0 * hour.width,
                hour.held,
                hour.launches
            ),
        )?;
    }
    Ok(())
}
