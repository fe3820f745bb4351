//! The review of fifty data products over a year of their decisions.

use std::path::Path;

use anyhow::Context;
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use jiff::{SignedDuration, Timestamp};
use lake::log::{ActionRecord, Answer, DecisionRecord};
use lake::{Lake, LakeOptions};
use math::random::stream;
use rand_chacha::ChaCha8Rng;
use schema::{CustomerId, DecisionId, Json, Probability};

use super::measure::uniform;
use super::program::{Folder, NO_PROGRAM, program, ran};
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::child::ChildUse;
use crate::peer::Peer;

/// A review each morning.
pub(crate) static PORTFOLIO_REVIEW: Case = Case {
    name: "portfolio_review",
    what: "comptoir review of 50 products with a year of 20 million decisions in the lake, on a morning after which one more day of them can be judged",
    unit: "s",
    bar: "at most 5 s, and 1 GiB",
    run: portfolio_review,
};

/// The decisions of one busy day.
pub(crate) static PORTFOLIO_DAY: Case = Case {
    name: "portfolio_day",
    what: "comptoir review of 50 products on the morning on which a day with a million decisions of each can be judged",
    unit: "s",
    bar: "at most 60 s, and 1 GiB",
    run: portfolio_day,
};

const BYTES_MAX: u64 = 1 << 30;

/// What is in the lake.
struct Planned {
    customers: &'static str,
    products: usize,
    days: i64,
    decisions_per_day: usize,
    /// Decisions of the day that can be judged once one more day of sales is there.
    on_the_day: usize,
    /// Share of decisions that are about customers who have bought before; the others are about visitors who never did.
    known: f64,
}

/// Products shown by a decision.
const SHOWN: usize = 3;

/// Days until all that decisions of a day led to is there.
const WINDOW_DAYS: i64 = 7;

fn portfolio_review(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let per_day = ctx.pick(100, 55_000);
    let planned = Planned {
        customers: ctx.pick("600", "3000"),
        products: ctx.pick(4, 50),
        days: ctx.pick(60, 364),
        decisions_per_day: per_day,
        on_the_day: per_day,
        known: 1.0,
    };
    reviewed(ctx, &planned, 5.0)
}

fn portfolio_day(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let planned = Planned {
        customers: ctx.pick("600", "3000"),
        products: ctx.pick(4, 50),
        days: ctx.pick(60, 100),
        decisions_per_day: ctx.pick(100, 1_000),
        on_the_day: ctx.pick(2_000, 50_000_000),
        known: 0.05,
    };
    reviewed(ctx, &planned, 60.0)
}

fn reviewed(ctx: &Ctx, planned: &Planned, seconds_max: f64) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let folder = Folder::new("portfolio-review")?;
    let customers = planned.customers;
    let demo = [
        "demo",
        "--once",
        "--quiet",
        "--customers",
        customers,
        "--dir",
        "shop",
    ];
    ran(&program, &folder.0, &demo, &[0, 1])?;
    let shop = folder.0.join("shop");
    let names = products(&shop, planned.products)?;
    let mut train = vec!["run", "--quiet"];
    train.extend(names.iter().map(String::as_str));
    ran(&program, &shop, &train, &[0, 1])?;
    let planted = runtime()?.block_on(plant(&shop, &names, planned, ctx.seed))?;
    let review = ["review", "--quiet", "--output", "json"];
    let first = ran(&program, &shop, &review, &[0, 1])?;
    runtime()?.block_on(another_day(&shop))?;
    let morning = ran(&program, &shop, &review, &[0, 1])?;
    let again = ran(&program, &shop, &review, &[0, 1])?;
    let fits = |used: &ChildUse| {
        let peak = used.peak_memory_bytes;
        peak.is_some_and(|bytes| bytes <= BYTES_MAX)
    };
    let mebibytes = |used: &ChildUse| used.peak_memory_bytes.unwrap_or(0) >> 20;
    let holds = morning.seconds <= seconds_max && fits(&morning);
    Ok(Outcome::Measured(Measured {
        value: morning.seconds,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("no open tool reviews a portfolio from its decisions"),
        split: "simulated marketplace; decisions drawn",
        note: format!(
            "{} products, {} decisions of {SHOWN} products each in the lake, {} of them of the day that is judged, {:.0} % about customers who have bought before; {} sales; {} MiB; the first review, which joined all days before, {:.1} s and {} MiB; the same morning once more {:.2} s",
            names.len() + 3,
            planted.decisions,
            planned.on_the_day,
            100.0 * planned.known,
            planted.sales,
            mebibytes(&morning),
            first.seconds,
            mebibytes(&first),
            again.seconds,
        ),
        child: Some(morning),
    }))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// Copies of the demonstration's recommendations, so that there are as many products as asked for.
fn products(shop: &Path, all: usize) -> anyhow::Result<Vec<String>> {
    let folder = shop.join("products");
    let text = fs_err::read_to_string(folder.join("for-you.toml"))?;
    let there = fs_err::read_dir(&folder)?.count();
    (there..all)
        .map(|number| {
            let name = format!("carousel-{number:02}");
            fs_err::write(folder.join(format!("{name}.toml")), &text)?;
            Ok(name)
        })
        .collect()
}

/// What was planted.
struct Planted {
    decisions: usize,
    sales: i64,
}

/// Whom and what decisions can be about.
struct Shop {
    lake: Lake,
    customers: Vec<String>,
    items: Vec<String>,
    /// The day of the last sale.
    last_day: Timestamp,
    sales: i64,
}

fn texts(batches: &[RecordBatch]) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for batch in batches {
        let column = cast(batch.column(0), &DataType::Utf8)?;
        all.extend(
            column
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::to_owned),
        );
    }
    Ok(all)
}

impl Shop {
    async fn open(shop: &Path) -> anyhow::Result<Self> {
        let place = shop.join("lake");
        let place = place.to_str().context("the folder is text")?;
        let lake = Lake::open(place, &LakeOptions::default()).await?;
        let all = async |sql: &str| texts(&lake.query(sql).await?);
        let customers =
            all("SELECT DISTINCT customer_id FROM sales WHERE customer_id IS NOT NULL ORDER BY 1")
                .await?;
        let items = all("SELECT DISTINCT product_id FROM sales ORDER BY 1").await?;
        let last = all("SELECT CAST(CAST(max(sold_at) AS DATE) AS VARCHAR) FROM sales").await?;
        let sales = all("SELECT CAST(count(*) AS VARCHAR) FROM sales").await?;
        let last = last.first().context("a sale")?;
        Ok(Self {
            customers,
            items,
            last_day: format!("{last}T00:00:00Z").parse()?,
            sales: sales.first().context("a count")?.parse()?,
            lake,
        })
    }

    /// Some of the decisions of a day, spread over it and over products.
    fn decisions(
        &self,
        names: &[String],
        day: Timestamp,
        numbers: std::ops::Range<usize>,
        (count, known): (usize, f64),
        random: &mut ChaCha8Rng,
    ) -> Vec<DecisionRecord> {
        let pick = |from: usize, random: &mut ChaCha8Rng| (uniform(random) * from as f64) as usize;
        let step = 86_400_000_000 / count as i64;
        numbers
            .map(|number| {
                let at = day + SignedDuration::from_micros(number as i64 * step);
                let action = |random: &mut ChaCha8Rng| ActionRecord {
                    action: Some(self.items[pick(self.items.len(), random)].clone()),
                    score: Some(uniform(random)),
                    propensity: Probability::ONE,
                    reasons: Json::default(),
                };
                let id = format!("{:012x}-{number:07x}", at.as_microsecond());
                let customer = if uniform(random) < known {
                    self.customers[pick(self.customers.len(), random)].clone()
                } else {
                    // Each visitor asks some ten times.
                    format!("visitor-{}", pick(count / 10 + 1, random))
                };
                DecisionRecord {
                    decision_id: DecisionId::new(id).expect("an identifier"),
                    decided_at: at,
                    product: names[pick(names.len(), random)].clone(),
                    version: 1,
                    customer_id: Some(CustomerId::new(customer).expect("a customer")),
                    subject_product_id: None,
                    placement: Some("for_you".to_owned()),
                    answer: Answer::Actions((0..SHOWN).map(|_| action(random)).collect()),
                    holdout: number % 20 == 0,
                    fallback: false,
                    fingerprint: None,
                    reserved: None,
                }
            })
            .collect()
    }
}

/// Plants the decisions of all days until that of the last sale, one file a month as a server's merges leave them.
async fn plant(
    shop: &Path,
    names: &[String],
    planned: &Planned,
    seed: u64,
) -> anyhow::Result<Planted> {
    const RECORDS: usize = 4_096;
    let shop = Shop::open(shop).await?;
    let mut random = stream(seed, 3);
    let first = shop.last_day - SignedDuration::from_hours(24 * (planned.days - 1));
    let mut transaction = shop.lake.begin().await?;
    let days: Vec<i64> = (0..planned.days).collect();
    let mut decisions = 0;
    for (month, days) in days.chunks(30).enumerate() {
        let schema = schema::table::table("decisions")
            .context("the table")?
            .arrow();
        let tag = format!("planted{month}");
        let mut writer = transaction.writer("decisions", schema, &tag).await?;
        for number in days {
            let day = first + SignedDuration::from_hours(24 * number);
            // The last sale is of the last day: this one is complete with the next.
            let count = if *number == planned.days - WINDOW_DAYS {
                planned.on_the_day
            } else {
                planned.decisions_per_day
            };
            decisions += count;
            for from in (0..count).step_by(RECORDS) {
                let numbers = from..(from + RECORDS).min(count);
                let of = (count, planned.known);
                let records = shop.decisions(names, day, numbers, of, &mut random);
                writer.write(&DecisionRecord::to_batch(&records)).await?;
            }
        }
        writer.finish(&mut transaction).await?;
    }
    transaction.commit(Timestamp::now()).await?;
    Ok(Planted {
        decisions,
        sales: shop.sales,
    })
}

/// The sales of the last day once more, a day later.
async fn another_day(shop: &Path) -> anyhow::Result<()> {
    let shop = Shop::open(shop).await?;
    let table = schema::table::table("sales").context("the table")?;
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| match column.name.as_str() {
            "sold_at" => "sold_at + INTERVAL '1 day' AS sold_at".to_owned(),
            "order_id" => "concat(order_id, '-next') AS order_id".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let sql = format!(
        "SELECT {} FROM sales WHERE sold_at >= TIMESTAMP '{}'",
        columns.join(", "),
        shop.last_day
    );
    let sales = shop.lake.query(&sql).await?;
    let mut transaction = shop.lake.begin().await?;
    let mut writer = transaction
        .writer("sales", table.arrow(), "another-day")
        .await?;
    for batch in sales.iter().filter(|batch| batch.num_rows() > 0) {
        let schema = table.arrow();
        let column = |(column, field): (&ArrayRef, &arrow::datatypes::FieldRef)| {
            cast(column, field.data_type())
        };
        let columns: Result<Vec<ArrayRef>, _> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(column)
            .collect();
        writer
            .write(&RecordBatch::try_new(schema.clone(), columns?)?)
            .await?;
    }
    writer.finish(&mut transaction).await?;
    transaction.commit(Timestamp::now()).await?;
    Ok(())
}
