//! Offers under budgets: drawn campaigns of up to a hundred million customers, and HiGHS beside one of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use anyhow::{Context, ensure};
use arrow::array::{ArrayRef, AsArray, Float32Array, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Float32Type, Int32Type, Schema};
use decisions::allocate::{
    Allocation, Blocks, Costs, Effort, Limit, Offers, Outcome as Found, Rule, allocate, one_budget,
    one_budget_streamed,
};
use math::random::stream;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use rand_chacha::rand_core::Rng;

use super::program::Folder;
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::child::own_peak_memory;
use crate::peer::Peer;

pub(crate) static ALLOCATE_ONE_BUDGET: Case = Case {
    name: "allocate_one_budget",
    what: "A million customers, eight offers, one budget: the seconds of the best choice",
    unit: "s",
    bar: "at most .3 s, proved to be within 1e-6 of the best, budget kept",
    run: allocate_one_budget,
};

pub(crate) static ALLOCATE_STREAMED: Case = Case {
    name: "allocate_streamed",
    what: "A hundred million customers, eight offers, one budget, read from Parquet",
    unit: "s",
    bar: "at most 90 s and 4 GiB, budget kept",
    run: allocate_streamed,
};

pub(crate) static ALLOCATE_TEN_BUDGETS: Case = Case {
    name: "allocate_ten_budgets",
    what: "A million customers, eight offers, ten budgets of campaigns, brands and stores",
    unit: "s",
    bar: "at most 10 s, proved to be within 1e-3 of the best, budgets kept",
    run: allocate_ten_budgets,
};

pub(crate) static ALLOCATE_VS_HIGHS: Case = Case {
    name: "allocate_vs_highs",
    what: "The value of the choices of 100,000 customers under ten budgets, beside HiGHS' linear optimum",
    unit: "euros of expected margin",
    bar: "within 1e-3 of the linear optimum, and 50 times as fast",
    run: allocate_vs_highs,
};

const N_OFFERS: usize = 8;
const N_STORES: u16 = 4;
/// Customers drawn from one stream of random numbers.
const DRAWN: usize = 1 << 17;
const DISCOUNT_CENTS: [f64; N_OFFERS] = [100.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0];
const SPLIT: &str = "drawn: discounts of 1 to 20 euros, cost by take-up, lift that saturates, three in four not worth their cost";

/// What customers bring and cost, row by row, in cents.
#[derive(Default)]
struct Campaign {
    values: Vec<f32>,
    costs: Vec<i32>,
    stores: Vec<u16>,
}

impl Campaign {
    fn drawn(customers: usize, seed: u64) -> Self {
        let mut campaign = Self::default();
        for (index, first) in (0..customers).step_by(DRAWN).enumerate() {
            campaign.draw(DRAWN.min(customers - first), seed, index as u64);
        }
        campaign
    }

    /// Adds customers: the larger a discount, the more it brings, less and less so; its cost is its part that is taken
    /// up; both come with noise that is a customer's and an offer's own.
    fn draw(&mut self, customers: usize, seed: u64, index: u64) {
        let mut random = stream(seed, index);
        let mut unit = || f64::from(random.next_u32()) / f64::from(u32::MAX);
        for _ in 0..customers {
            let basket = 2000.0 + 18_000.0 * unit() * unit();
            let responds = unit() * unit();
            let saturates_cents = 300.0 + 1500.0 * unit();
            let take_up = 0.05 + 0.4 * unit();
            self.stores
                .push((unit() * f64::from(N_STORES)).min(f64::from(N_STORES - 1)) as u16);
            for discount in DISCOUNT_CENTS {
                let lift = basket * 0.15 * responds * (1.0 - (-discount / saturates_cents).exp());
                let cost = (discount * take_up * (0.8 + 0.4 * unit())).round();
                self.values
                    .push((lift * (0.6 + 0.8 * unit()) - cost) as f32);
                self.costs.push(cost as i32);
            }
        }
    }

    fn offers(&self) -> Offers<'_> {
        Offers {
            groups: Some(&self.stores),
            ..Offers::new(N_OFFERS, &self.values, Costs::OfPair(&self.costs))
        }
    }

    fn n_customers(&self) -> usize {
        self.stores.len()
    }

    /// What is spent of a limit, counted again.
    fn spent(&self, found: &Allocation, limit: &Limit) -> i64 {
        let mut spent = 0;
        for customer in 0..self.n_customers() {
            let store = self.stores[customer];
            for offer in found.choices.of(customer) {
                let covered = limit
                    .offers
                    .as_ref()
                    .is_none_or(|o| o.contains(&(offer as u16)));
                if covered && limit.groups.as_ref().is_none_or(|g| g.contains(&store)) {
                    spent += i64::from(self.costs[customer * N_OFFERS + offer]);
                }
            }
        }
        spent
    }
}

/// Cents of budget per customer, at which one more still brings about 40 cents for each euro.
const CENTS_PER_CUSTOMER: i64 = 40;

/// One budget over all, three campaigns, two brands that share offers with them, and four stores.
fn ten_budgets(customers: usize) -> Vec<Limit> {
    let cents = |per_customer: f64| Rule::SpendAtMost((per_customer * customers as f64) as i64);
    let mut limits = vec![
        Limit::new("all", cents(CENTS_PER_CUSTOMER as f64)),
        Limit::new("campaign 1", cents(7.0)).on_offers(&[0, 1, 2]),
        Limit::new("campaign 2", cents(12.0)).on_offers(&[3, 4]),
        Limit::new("campaign 3", cents(24.0)).on_offers(&[5, 6, 7]),
        Limit::new("brand a", cents(11.0)).on_offers(&[0, 3, 6]),
        Limit::new("brand b", cents(9.0)).on_offers(&[1, 4, 7]),
    ];
    for store in 0..N_STORES {
        let name = format!("store {store}");
        limits.push(Limit::new(&name, cents(6.0 + 2.0 * f64::from(store))).in_groups(&[store]));
    }
    limits
}

fn in_words(found: &Found) -> String {
    let limits: Vec<String> = found
        .limits
        .iter()
        .map(|l| format!("{} {} of {} at {:.4}", l.name, l.used, l.limit, l.price))
        .collect();
    format!(
        "value {:.2}, bound {:.2}, relative gap {:.1e}, {} offers to {} customers; {}",
        found.value,
        found.bound,
        found.relative_gap(),
        found.n_chosen,
        found.n_customers,
        limits.join(", ")
    )
}

fn allocate_one_budget(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let campaign = Campaign::drawn(ctx.pick(20_000, 1_000_000), ctx.seed);
    let budget = CENTS_PER_CUSTOMER * campaign.n_customers() as i64;
    let started = Instant::now();
    let found = one_budget(&campaign.offers(), budget, 1)?;
    let seconds = started.elapsed().as_secs_f64();
    let spent = campaign.spent(&found, &Limit::new("budget", Rule::SpendAtMost(budget)));
    ensure!(spent <= budget, "spent {spent} of {budget}");
    let gap = found.outcome.relative_gap();
    Ok(Outcome::Measured(Measured {
        value: seconds,
        verdict: Verdict::at_full_size(ctx, seconds <= 0.3 && gap < 1e-6),
        peer: Peer::none("computed with numpy by bisection: 1.84 s, gap 6.7e-8, on another draw"),
        split: SPLIT,
        note: in_words(&found.outcome),
        child: None,
    }))
}

fn allocate_ten_budgets(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let campaign = Campaign::drawn(ctx.pick(20_000, 1_000_000), ctx.seed);
    let limits = ten_budgets(campaign.n_customers());
    let (found, seconds) = timed(&campaign, &limits)?;
    let gap = found.outcome.relative_gap();
    Ok(Outcome::Measured(Measured {
        value: seconds,
        verdict: Verdict::at_full_size(ctx, seconds <= 10.0 && gap < 1e-3),
        peer: Peer::none("see allocate_vs_highs, which is small enough for HiGHS"),
        split: SPLIT,
        note: in_words(&found.outcome),
        child: None,
    }))
}

/// Allocates and counts again that every budget is kept.
fn timed(campaign: &Campaign, limits: &[Limit]) -> anyhow::Result<(Allocation, f64)> {
    let started = Instant::now();
    let found = allocate(&campaign.offers(), limits, 1, &Effort::default())?;
    let seconds = started.elapsed().as_secs_f64();
    for (limit, said) in limits.iter().zip(&found.outcome.limits) {
        let spent = campaign.spent(&found, limit);
        ensure!(
            spent as u64 == said.used && said.used <= said.limit,
            "{}: spent {spent}, said {} of {}",
            limit.name,
            said.used,
            said.limit
        );
    }
    Ok((found, seconds))
}

fn allocate_vs_highs(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let campaign = Campaign::drawn(ctx.pick(2_000, 100_000), ctx.seed);
    let limits = ten_budgets(campaign.n_customers());
    let (found, seconds) = timed(&campaign, &limits)?;
    let euros = found.outcome.value / 100.0;
    let folder = Folder::new("highs")?;
    write_for_highs(&folder.0, &campaign, &limits)?;
    let folder = folder.0.to_string_lossy().into_owned();
    let peer = Peer::ask(ctx, "allocate_highs.py", &[&folder]);
    let (verdict, compared) = match &peer {
        Peer::Absent(_) => (Verdict::NotJudged, String::new()),
        Peer::Measured(measured) => {
            let times = measured.seconds.unwrap_or(f64::NAN) / seconds;
            let below = 1.0 - euros / measured.value;
            let holds = below <= 1e-3 && times >= 50.0;
            (
                Verdict::at_full_size(ctx, holds),
                format!("; {below:.1e} below HiGHS, {times:.0} times as fast"),
            )
        }
    };
    Ok(Outcome::Measured(Measured {
        value: euros,
        verdict,
        peer,
        split: SPLIT,
        note: format!("{seconds:.2} s{compared}; {}", in_words(&found.outcome)),
        child: None,
    }))
}

/// Raw columns and the limits, as the script reads them.
fn write_for_highs(folder: &Path, campaign: &Campaign, limits: &[Limit]) -> anyhow::Result<()> {
    let bytes: Vec<u8> = campaign
        .values
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    fs_err::write(folder.join("values.f32"), bytes)?;
    let bytes: Vec<u8> = campaign
        .costs
        .iter()
        .flat_map(|c| c.to_le_bytes())
        .collect();
    fs_err::write(folder.join("costs.i32"), bytes)?;
    let bytes: Vec<u8> = campaign
        .stores
        .iter()
        .flat_map(|s| s.to_le_bytes())
        .collect();
    fs_err::write(folder.join("stores.u16"), bytes)?;
    let described: Vec<serde_json::Value> = limits
        .iter()
        .map(|limit| {
            let Rule::SpendAtMost(budget) = limit.rule else {
                return serde_json::Value::Null;
            };
            serde_json::json!({"budget": budget, "offers": limit.offers, "stores": limit.groups})
        })
        .collect();
    fs_err::write(
        folder.join("limits.json"),
        serde_json::to_string(&described)?,
    )?;
    Ok(())
}

/// A file of (value, cost), a customer's offers one after the other; its row groups are whole customers.
struct InParquet {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl InParquet {
    /// Draws customers and writes them: one thread draws while the other writes.
    fn drawn(path: PathBuf, customers: usize, seed: u64) -> anyhow::Result<Self> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("value", DataType::Float32, false),
            Field::new("cost", DataType::Int32, false),
        ]));
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(DRAWN * N_OFFERS))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_column_dictionary_enabled(ColumnPath::from("value"), false)
            .build();
        let file = fs_err::File::create(&path)?.into_file();
        let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let (send, receive) = sync_channel::<Campaign>(1);
            scope.spawn(move || {
                for (index, first) in (0..customers).step_by(DRAWN).enumerate() {
                    let mut campaign = Campaign::default();
                    campaign.draw(DRAWN.min(customers - first), seed, index as u64);
                    if send.send(campaign).is_err() {
                        return;
                    }
                }
            });
            for campaign in receive {
                let columns: Vec<ArrayRef> = vec![
                    Arc::new(Float32Array::from(campaign.values)),
                    Arc::new(Int32Array::from(campaign.costs)),
                ];
                writer.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
            }
            Ok(())
        })?;
        writer.close()?;
        let file = fs_err::File::open(&path)?.into_file();
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
        Ok(Self { path, metadata })
    }
}

impl Blocks for InParquet {
    type Error = ParquetError;

    fn n_blocks(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    fn with_block<T>(
        &self,
        block: usize,
        look: impl FnOnce(Offers<'_>) -> T,
    ) -> Result<T, ParquetError> {
        // A file of its own: threads that share one would share its position.
        let file = fs_err::File::open(&self.path)?.into_file();
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![block])
                .with_batch_size(DRAWN * N_OFFERS)
                .build()?;
        let empty = || ParquetError::General(format!("row group {block} is empty"));
        let batch = reader.into_iter().next().ok_or_else(empty)??;
        let values = batch.column(0).as_primitive::<Float32Type>().values();
        let costs = batch.column(1).as_primitive::<Int32Type>().values();
        Ok(look(Offers::new(N_OFFERS, values, Costs::OfPair(costs))))
    }
}

fn allocate_streamed(ctx: &Ctx) -> anyhow::Result<Outcome> {
    const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
    let customers = ctx.pick(5_000, 100_000_000);
    let folder = Folder::new("streamed")?;
    let started = Instant::now();
    let source = InParquet::drawn(folder.0.join("offers.parquet"), customers, ctx.seed)?;
    let writing = started.elapsed().as_secs_f64();
    let bytes = fs_err::metadata(&source.path)?.len();
    let budget = CENTS_PER_CUSTOMER * customers as i64;
    let mut chosen = 0_u64;
    let started = Instant::now();
    let found = one_budget_streamed(&source, budget, 1, |_, choices| {
        let of = |customer| choices.of(customer).count() as u64;
        chosen += (0..choices.n_customers()).map(of).sum::<u64>();
    })?;
    let seconds = started.elapsed().as_secs_f64();
    ensure!(
        chosen == found.n_chosen && found.limits[0].used <= budget as u64,
        "{chosen} choices handed over; {found:?}"
    );
    let peak = own_peak_memory().context("the peak memory of this process is not known")?;
    let fits = seconds <= 90.0 && peak as f64 <= 4.0 * GIB;
    Ok(Outcome::Measured(Measured {
        value: seconds,
        verdict: Verdict::at_full_size(ctx, fits),
        peer: Peer::none("none asked: the table is larger than the memory of a solver"),
        split: SPLIT,
        note: format!(
            "{:.1} GiB of Parquet, drawn and written in {writing:.0} s; {}",
            bytes as f64 / GIB,
            in_words(&found)
        ),
        child: None,
    }))
}
