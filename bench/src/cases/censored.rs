//! Demand of stores that run out of stock: what the program forecasts of it beside what will be wanted.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use simulator::{Boutique, BoutiqueShop};

use super::program::{Folder, NO_PROGRAM, program, ran, shop};
use crate::case::{Case, Ctx, Measured, Outcome, Size, Verdict, read_text};
use crate::peer::Peer;

/// Days on which the stock ran out, beside sales taken for demand.
pub(crate) static CENSORED_DEMAND: Case = Case {
    name: "censored_demand",
    what: "simulated boutiques, by `comptoir run` and `decide`: products at stores whose shelf was empty in the evening of at least a tenth of the open days, 28 days ahead, beside the mean of what will be wanted",
    unit: "% bias of the total",
    bar: "within 3 % either way where the same program without the table of stock levels is at least 10 % low",
    run: censored_demand,
};

/// Chains of the full size, each of so many stores and products.
const CHAINS: u64 = 4;
const STORES: u32 = 6;
const PRODUCTS: u32 = 80;
/// Seeds of the chains begin so far behind that of the case: the treatment was made by the chain of the demonstration,
/// which is the first.
const SEEDS_AFTER: u64 = 10;
/// Days ahead, as the product of the example says.
const AHEAD: usize = 28;
/// Share of the open days with an empty shelf from which a series is judged.
const EMPTY_MIN: f64 = 0.1;
/// Days since the first sale that a judged series has.
const DAYS_MIN: usize = 182;

/// What the program is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// All tables.
    All,
    /// No stock levels: what was sold is taken for what was wanted.
    NoStock,
    /// Neither, but every unit that was wanted was sold, which no shop can tell.
    AllWanted,
}

const TOLD: [Told; 3] = [Told::All, Told::NoStock, Told::AllWanted];

/// A product at a store.
#[derive(Debug, Clone, Copy)]
struct Series {
    product: usize,
    site: usize,
    /// Judged by what can be seen before anything is forecast: how often the shelf was empty, and for how long it sells.
    judged: bool,
    /// Share of the open days that ended with an empty shelf.
    empty: f64,
    /// Of the history, in units.
    sold: f64,
    wanted: f64,
    /// Mean of what will be wanted in the days ahead.
    ahead: f64,
}

/// A chain with what it wants.
struct Chain {
    shop: BoutiqueShop,
    days: usize,
    series: Vec<Series>,
}

impl Chain {
    fn new(of: &Boutique) -> anyhow::Result<Self> {
        let shop = BoutiqueShop::new(of)?;
        let days = of.days as usize;
        let mut series = Vec::new();
        for (product, site) in shop.listed() {
            let ledger = shop.ledger(product, site).context("not listed")?;
            let Some(first) = ledger.iter().position(|day| day.sold > 0) else {
                continue;
            };
            let mean = |day: usize| shop.intensity(product, site, day);
            let open: Vec<usize> = (first..days).filter(|day| mean(*day) > 0.0).collect();
            let empty = open.iter().filter(|day| ledger[**day].on_hand == 0).count();
            let empty = empty as f64 / open.len().max(1) as f64;
            series.push(Series {
                product,
                site,
                judged: empty >= EMPTY_MIN && days - first >= DAYS_MIN,
                empty,
                sold: ledger.iter().map(|day| f64::from(day.sold)).sum(),
                wanted: ledger.iter().map(|day| f64::from(day.wanted)).sum(),
                ahead: (days..days + AHEAD).map(mean).sum(),
            });
        }
        Ok(Self { shop, days, series })
    }

    /// A ticket for every unit that was not there.
    fn tickets_of_what_was_missing(&self) -> anyhow::Result<String> {
        let mut lines = String::new();
        for (at, one) in self.series.iter().enumerate() {
            let ledger = self.shop.ledger(one.product, one.site);
            let ledger = ledger.context("not listed")?.iter().take(self.days);
            for (day, told) in ledger.enumerate().filter(|(_, of)| of.wanted > of.sold) {
                lines.push_str(&format!(
                    "MISSED-{at}-{day},1,{} 12:00:00,{},,{},{},1.00,0.00,\n",
                    self.shop.date(day),
                    self.shop.sites()[one.site].id,
                    self.shop.products()[one.product].reference,
                    told.wanted - told.sold,
                ));
            }
        }
        Ok(lines)
    }

    /// Forecast of each series over the days ahead, by a program that is told so much.
    fn forecast(&self, ctx: &Ctx, program: &Path, told: Told) -> anyhow::Result<Vec<f64>> {
        let folder = Folder::new("censored")?;
        let at = shop(program, &folder, "boutique")?;
        for file in self.shop.before() {
            let path = at.join(&file.path);
            fs_err::create_dir_all(path.parent().context("no folder")?)?;
            fs_err::write(path, &file.bytes)?;
        }
        // Orders are not asked for, and what planners know is not what is claimed.
        fs_err::remove_file(at.join("products/stock.toml"))?;
        fs_err::remove_file(at.join("sources/overrides.toml"))?;
        if told != Told::All {
            fs_err::remove_file(at.join("sources/stock_levels.toml"))?;
        }
        if told == Told::AllWanted {
            let sales = at.join("raw/sales.csv");
            let all = read_text(&sales)? + &self.tickets_of_what_was_missing()?;
            fs_err::write(sales, all)?;
        }
        if ctx.size == Size::Small {
            let product = at.join("products/demand.toml");
            let text = read_text(&product)?;
            fs_err::write(&product, format!("{text}rows_max = 10000\n"))?;
        }
        let seed = ctx.seed.to_string();
        ran(program, &at, &["import", "--quiet"], &[0])?;
        ran(program, &at, &["run", "--quiet", "--seed", &seed], &[0])?;
        let file = ["--output-file", "forecast.ndjson", "--dry-run", "--quiet"];
        ran(
            program,
            &at,
            &[&["decide", "demand"][..], &file].concat(),
            &[0],
        )?;
        self.totals(&read_text(&at.join("forecast.ndjson"))?)
    }

    /// Totals by series; what the program does not know sells nothing.
    fn totals(&self, answers: &str) -> anyhow::Result<Vec<f64>> {
        let mut totals = BTreeMap::new();
        for line in answers.lines() {
            let row: Row = serde_json::from_str(line).context("read a forecast")?;
            if row.action.as_deref() == Some("total") {
                totals.insert((row.product_id, row.placement), row.score);
            }
        }
        let total = |one: &Series| {
            let product = self.shop.products()[one.product].reference.clone();
            let site = self.shop.sites()[one.site].id.clone();
            totals.get(&(Some(product), Some(site))).copied().flatten()
        };
        let each = self.series.iter().map(|one| match total(one) {
            None if one.judged => anyhow::bail!("no forecast of a series that sells"),
            total => Ok(total.unwrap_or(0.0)),
        });
        each.collect()
    }
}

/// A row of the answers that is asked about.
#[derive(Debug, Deserialize)]
struct Row {
    product_id: Option<String>,
    placement: Option<String>,
    action: Option<String>,
    score: Option<f64>,
}

/// Sums over the judged series of a chain.
#[derive(Debug, Default)]
struct Totals {
    series: f64,
    empty: f64,
    sold: f64,
    wanted: f64,
    /// Ahead: the truth, and what is said of it.
    ahead: f64,
    forecast: [f64; TOLD.len()],
    /// The same of the other series.
    others: f64,
    of_others: f64,
    others_ahead: [f64; TOLD.len()],
}

impl Totals {
    /// - `said`: by what the program was told, the forecast of each series.
    fn add(&mut self, chain: &Chain, said: &[Vec<f64>]) {
        for (at, one) in chain.series.iter().enumerate() {
            let (ahead, forecast) = if one.judged {
                self.series += 1.0;
                self.empty += one.empty;
                self.sold += one.sold;
                self.wanted += one.wanted;
                (&mut self.ahead, &mut self.forecast)
            } else {
                self.others += 1.0;
                (&mut self.of_others, &mut self.others_ahead)
            };
            *ahead += one.ahead;
            for (sum, said) in forecast.iter_mut().zip(said) {
                *sum += said[at];
            }
        }
    }

    /// Bias of each, in % of the truth.
    fn bias(&self) -> [f64; TOLD.len()] {
        self.forecast.map(|said| 100.0 * (said / self.ahead - 1.0))
    }
}

fn censored_demand(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let full = Boutique {
        stores: STORES,
        products: PRODUCTS,
        ..Boutique::default()
    };
    let (mut all, mut each) = (Totals::default(), Vec::new());
    let chains = ctx.fewer("COMPTOIR_BENCH_SEEDS", 1, CHAINS);
    for chain in 0..chains {
        let of = Boutique {
            seed: ctx.seed + SEEDS_AFTER + chain,
            ..ctx.pick(Boutique::tiny(), full.clone())
        };
        let chain = Chain::new(&of)?;
        let said: Vec<Vec<f64>> = TOLD
            .into_iter()
            .map(|told| chain.forecast(ctx, &program, told))
            .collect::<Result<_, _>>()?;
        let mut own = Totals::default();
        own.add(&chain, &said);
        all.add(&chain, &said);
        let [ours, naive, informed] = own.bias();
        each.push(format!("{ours:+.1}, {naive:+.1} and {informed:+.1} %"));
    }
    let [ours, naive, informed] = all.bias();
    let [of_others, ..] = all.others_ahead;
    let holds = ours.abs() <= 3.0 && naive <= -10.0 && chains >= CHAINS;
    Ok(Outcome::Measured(Measured {
        value: ours,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("the claim is beside the simulator's truth"),
        split: "the history learns, the 28 days after it judge by their true mean",
        note: format!(
            "{:.0} of {:.0} series of {chains} chains, {:.0} % of the open days ended with an empty shelf, {:.1} % of what was wanted was not sold; without stock levels {naive:+.1} %; had all that was wanted been sold {informed:+.1} %; by chain {}; the other series {:+.1} %",
            all.series,
            all.series + all.others,
            100.0 * all.empty / all.series.max(1.0),
            100.0 * (1.0 - all.sold / all.wanted),
            each.join(", "),
            100.0 * (of_others / all.of_others - 1.0),
        ),
        child: None,
    }))
}
