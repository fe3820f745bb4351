//! The demonstration of the boutiques: orders are proposed each morning for some weeks, the stores sell, and what came
//! of it is held against the chain's own rule and against who knows the true demand.

mod forecast;

use self::forecast::Forecast;
use super::simulated::put;
use super::{Demo, Simulated, say};
use crate::context::Context;
use crate::verbs::{import, run};
use ::products::{Asked, Decisions, Serving};
use anyhow::Context as _;
use factory::Workshop;
use factory::import::{ImportOptions, ImportOutcome};
use serde::Serialize;
use simulator::{Boutique, BoutiqueShop, Decision, GoodsOrder, Played, Playing, Transfer};
use std::collections::HashMap;

/// The product that proposes orders.
const STOCK: &str = "stock";

/// Weeks that are played where nothing else is asked for, and the most.
pub(super) const WEEKS_MAX: u32 = 4;

/// Customers for each of whom a smaller chain has fewer stores and products.
const CUSTOMERS_PER_STORE: u32 = 600;
const CUSTOMERS_PER_PRODUCT: u32 = 40;

/// The fewest stores and products that are played.
const STORES_MIN: u32 = 2;
const PRODUCTS_MIN: u32 = 30;

/// Proposals that are shown.
const SHOWN: usize = 5;

/// What one policy came to.
#[derive(Debug, Clone, Serialize)]
struct Policy {
    policy: &'static str,
    /// Margin lost, stock kept, waste and orders, in the shop's currency.
    cost: f64,
    lost: f64,
    kept: f64,
    wasted: f64,
    ordering: f64,
    /// Share of units wanted that were sold.
    fill_rate: f64,
    /// Units on hand in the evening, of all stores.
    stock: f64,
}

/// What came of the boutiques.
#[derive(Debug, Default, Serialize)]
pub(super) struct Done {
    simulated: Option<Simulated>,
    import: Option<ImportOutcome>,
    runs: Vec<serde_json::Value>,
    proposals: Vec<serde_json::Value>,
    forecasts: Vec<Forecast>,
    weeks: u32,
    policies: Vec<Policy>,
}

/// The chain that is played: with few customers fewer stores and products.
fn chain(seed: u64, customers: Option<u32>) -> Boutique {
    let usual = Boutique::default();
    let customers = customers.unwrap_or(usual.customers);
    let of = |each: u32, least: u32, most: u32| (customers / each).clamp(least, most);
    Boutique {
        seed,
        customers,
        stores: of(CUSTOMERS_PER_STORE, STORES_MIN, usual.stores),
        products: of(CUSTOMERS_PER_PRODUCT, PRODUCTS_MIN, usual.products),
        ..usual
    }
}

/// The chain with what it is worked on with.
struct Chain<'a> {
    context: &'a Context,
    folder: &'a std::path::Path,
    workshop: Workshop,
    shop: &'a BoutiqueShop,
    /// Position of each product and site by its name.
    products: HashMap<&'a str, usize>,
    sites: HashMap<&'a str, usize>,
}

impl Demo {
    /// Everything of the boutiques but serving.
    pub(super) async fn boutique(
        &self,
        context: &Context,
        done: &mut Done,
    ) -> anyhow::Result<Workshop> {
        let weeks = self.weeks.unwrap_or(WEEKS_MAX);
        let chain = chain(context.global.seed, self.customers);
        context.progress.stage("simulate a chain of boutiques", 0);
        let shop = BoutiqueShop::new(&chain)?;
        context.progress.end();
        if !self.dir.join(factory::project::PROJECT_FILE).exists() {
            crate::verbs::new::write_example(super::BOUTIQUE, &self.dir)?;
        }
        let made = put(&self.dir, &shop.before())?;
        say(
            context,
            &format!(
                "1. Simulate a chain of boutiques: {} stores, {} products, {} days, stores that run out of stock\n   {} rows in {} files, {}",
                chain.stores,
                chain.products,
                chain.days,
                made.rows,
                made.files,
                schema::Bytes(made.bytes)
            ),
        )?;
        done.simulated = Some(made);
        let named = |at: usize| shop.products()[at].reference.as_str();
        let chain = Chain {
            context,
            folder: &self.dir,
            workshop: context.workshop_in(&self.dir).await?,
            shop: &shop,
            products: (0..shop.products().len())
                .map(|at| (named(at), at))
                .collect(),
            sites: shop
                .sites()
                .iter()
                .zip(0..)
                .map(|(site, at)| (site.id.as_str(), at))
                .collect(),
        };
        say(
            context,
            "2. Import: every row is accepted or set aside with the reason",
        )?;
        let outcome = chain.import().await?;
        say(context, outcome.to_string().trim_end())?;
        import::gate(done.import.insert(outcome))?;
        say(
            context,
            "\n3. Learn what sells where and how long suppliers take; play the orders on days held out",
        )?;
        let products = run::chosen(&chain.workshop.project, &[])?;
        let tried = run::run_all(context, &chain.workshop, &products, None).await?;
        if !context.json() {
            run::show(&tried)?;
        }
        done.runs = run::documents(&tried);
        run::verdict(tried)?;
        chain.weeks(weeks, done).await?;
        Ok(chain.workshop)
    }
}

/// What is asked of a question, and what was answered.
type Answers = Vec<(Asked, Decisions)>;

/// The units of an answer; nothing where none can be told.
fn ordered(decided: &Decisions) -> u32 {
    let order = decided.actions.first().filter(|a| a.id == "order");
    let units = order.and_then(|action| action.score).unwrap_or(0.0);
    units.max(0.0).round() as u32
}

/// How likely something is missing before the delivery after this one.
fn risk(decided: &Decisions) -> f64 {
    let risk = decided.actions.iter().find(|a| a.id == "stock_out");
    risk.and_then(|action| action.score).unwrap_or(0.0)
}

impl Chain<'_> {
    async fn import(&self) -> anyhow::Result<ImportOutcome> {
        let options = ImportOptions::at(Context::now());
        let progress = self.context.progress.as_ref();
        Ok(self.workshop.import(&options, progress).await?)
    }

    /// What is proposed of everything as the lake knows it.
    async fn answers(&self) -> anyhow::Result<Answers> {
        let product = run::one(&self.workshop.project, STOCK)?;
        let champion = self.workshop.champion(product.as_ref()).await?;
        let (_, fitted) = champion.with_context(|| format!("{STOCK} has no champion"))?;
        let serving: Box<dyn Serving> = fitted.attach(self.workshop.shop().await?);
        let all = serving.all().unwrap_or_default().into_iter();
        let answered = all.map(|asked| {
            let decided = serving.decide(&asked, Context::now())?;
            Ok((asked, decided))
        });
        answered.collect()
    }

    /// Orders as the chain takes them: what it cannot order on the day is left out.
    fn decision(&self, answers: &Answers, playing: &Playing<'_>) -> Decision {
        let review = playing.review();
        let orders = answers.iter().filter_map(|(asked, decided)| {
            let product = *self.products.get(asked.product_id.as_ref()?.as_str())?;
            let site = *self.sites.get(asked.placement.as_ref()?.as_str())?;
            let open = review.position(product, site)?.can_order;
            let units = ordered(decided);
            (open && units > 0).then_some(GoodsOrder {
                product,
                site,
                units,
            })
        });
        Decision {
            orders: orders.collect(),
            transfers: answers
                .iter()
                .flat_map(|(asked, decided)| self.transfers(asked, decided))
                .collect(),
        }
    }

    /// What is sent to a site from others, as an answer proposes it.
    fn transfers(&self, asked: &Asked, decided: &Decisions) -> Vec<Transfer> {
        let receive = decided.actions.iter().find(|a| a.id == "receive");
        let reasons = receive.map(|action| action.reasons.list());
        let sent = reasons.unwrap_or_default().into_iter();
        let sent = sent.filter(|reason| reason.code == "receive_from");
        sent.filter_map(|reason| {
            Some(Transfer {
                product: *self.products.get(asked.product_id.as_ref()?.as_str())?,
                from: *self.sites.get(reason.values.get("site")?.as_str()?)?,
                to: *self.sites.get(asked.placement.as_ref()?.as_str())?,
                units: u32::try_from(reason.values.get("units")?.as_u64()?).ok()?,
            })
        })
        .collect()
    }

    /// Some weeks in which each morning's proposals are ordered.
    async fn weeks(&self, weeks: u32, done: &mut Done) -> anyhow::Result<()> {
        let context = self.context;
        say(
            context,
            &format!(
                "4. {weeks} weeks: each morning yesterday is imported, and what is proposed is ordered"
            ),
        )?;
        let mut playing = self.shop.playing();
        let days = 7 * weeks;
        done.forecasts = self.forecasts().await?;
        for day in 0..days {
            if day > 0 {
                put(self.folder, &playing.files())?;
                import::gate(&self.import().await?)?;
            }
            let answers = self.answers().await?;
            if day == 0 {
                done.proposals = self.tell(&answers)?;
            }
            playing.step(&self.decision(&answers, &playing))?;
        }
        put(self.folder, &playing.files())?;
        import::gate(&self.import().await?)?;
        self.beside_sales(&mut done.forecasts).await?;
        forecast::tell(context, &done.forecasts)?;
        let naive = self.shop.play(weeks, |review| self.shop.naive(review))?;
        let oracle = self.shop.play(weeks, |review| self.shop.oracle(review))?;
        done.weeks = weeks;
        done.policies = vec![
            policy("as proposed", &playing.played(), days),
            policy("by the chain's own rule", &naive, days),
            policy("by who knows the true demand", &oracle, days),
        ];
        table(context, &done.policies)
    }

    /// The riskiest proposals, for a person.
    fn tell(&self, answers: &Answers) -> anyhow::Result<Vec<serde_json::Value>> {
        let mut orders: Vec<&(Asked, Decisions)> = answers
            .iter()
            .filter(|(_, decided)| ordered(decided) > 0)
            .collect();
        orders.sort_by(|(_, a), (_, b)| risk(b).total_cmp(&risk(a)));
        say(
            self.context,
            &format!(
                "   of {} products at stores {} are ordered on the first day; the riskiest:",
                answers.len(),
                orders.len()
            ),
        )?;
        for (asked, decided) in orders.iter().take(SHOWN) {
            let reasons = decided.actions.first().map(|a| a.reasons.list());
            let reasons: Vec<String> = reasons
                .unwrap_or_default()
                .into_iter()
                .map(|why| why.text)
                .collect();
            say(
                self.context,
                &format!(
                    "   {} at {}: order {}, {:.0} % that something is missing before the next delivery\n     {}",
                    asked.product_id.as_ref().map_or("", |p| p.as_str()),
                    asked.placement.as_deref().unwrap_or(""),
                    ordered(decided),
                    100.0 * risk(decided),
                    reasons.join("; ")
                ),
            )?;
        }
        let shown = orders.iter().take(SHOWN);
        Ok(shown
            .map(|(asked, decided)| serde_json::json!({"asked": asked, "decided": decided}))
            .collect())
    }
}

/// What a policy came to over some days.
fn policy(name: &'static str, played: &Played, days: u32) -> Policy {
    let all = |of: &dyn Fn(&simulator::SeriesPlayed) -> f64| -> f64 {
        played.series.iter().map(of).sum()
    };
    Policy {
        policy: name,
        cost: all(&|s| s.cost_cents()) / 100.0,
        lost: all(&|s| s.lost_cents) / 100.0,
        kept: all(&|s| s.holding_cents) / 100.0,
        wasted: all(&|s| s.waste_cents) / 100.0,
        ordering: all(&|s| s.order_cents) / 100.0,
        fill_rate: all(&|s| f64::from(s.sold)) / all(&|s| f64::from(s.wanted)).max(1.0),
        stock: all(&|s| s.on_hand_days as f64) / f64::from(days),
    }
}

/// What came of the weeks, for a person.
fn table(context: &Context, policies: &[Policy]) -> anyhow::Result<()> {
    say(
        context,
        "   by the simulator's truth, the same demand and the same delays:",
    )?;
    say(
        context,
        "       cost    margin lost   kept   wasted   orders   served   units in stock",
    )?;
    for one in policies {
        say(
            context,
            &format!(
                "   {:>8.0} {:>14.0} {:>6.0} {:>8.0} {:>8.0} {:>6.1} % {:>10.0}   {}",
                one.cost,
                one.lost,
                one.kept,
                one.wasted,
                one.ordering,
                100.0 * one.fill_rate,
                one.stock,
                one.policy
            ),
        )?;
    }
    Ok(())
}
