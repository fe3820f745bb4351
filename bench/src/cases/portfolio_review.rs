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

const SECONDS_MAX: f64 = 5.0;
const BYTES_MAX: u64 = 1 << 30;

/// What is in the lake.
struct Planned {
    customers: &'static str,
    products: usize,
    days: i64,
    decisions_per_day: usize,
}

/// Products shown by a decision.
const SHOWN: usize = 3;

fn portfolio_review(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let size = ctx.pick(
        Planned {
            customers: "600",
            products: 4,
            days: 60,
            decisions_per_day: 100,
        },
        Planned {
            customers: "3000",
            products: 50,
            days: 364,
            decisions_per_day: 55_000,
        },
    );
    let folder = Folder::new("portfolio-review")?;
    let demo = [
        "demo",
        "--once",
        "--quiet",
        "--customers",
        size.customers,
        "--dir",
        "shop",
    ];
    ran(&program, &folder.0, &demo, &[0, 1])?;
    let shop = folder.0.join("shop");
    let names = products(&shop, size.products)?;
    let mut train = vec!["run", "--quiet"];
    train.extend(names.iter().map(String::as_str));
    ran(&program, &shop, &train, &[0, 1])?;
    let planted = runtime()?.block_on(plant(&shop, &names, &size, ctx.seed))?;
    let review = ["review", "--quiet", "--output", "json"];
    let first = ran(&program, &shop, &review, &[0, 1])?;
    runtime()?.block_on(another_day(&shop, &names, &size, ctx.seed))?;
    let morning = ran(&program, &shop, &review, &[0, 1])?;
    let again = ran(&program, &shop, &review, &[0, 1])?;
    let fits = |used: &ChildUse| {
        used.peak_memory_bytes
            .is_some_and(|bytes| bytes <= BYTES_MAX)
    };
    let holds = morning.seconds <= SECONDS_MAX && fits(&morning);
    let mebibytes = |used: &ChildUse| used.peak_memory_bytes.unwrap_or(0) >> 20;
    Ok(Outcome::Measured(Measured {
        value: morning.seconds,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("no open tool reviews a portfolio from its decisions"),
        split: "simulated marketplace; decisions of real customers of it, drawn",
        note: format!(
            "{} products, {} decisions of {SHOWN} products each, {} sales; {} MiB; the first review, which joins the whole year, {:.1} s and {} MiB; the same morning once more {:.2} s",
            names.len() + 3,
            planted.decisions,
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

    /// The decisions of a day, spread over it and over products.
    fn decisions(
        &self,
        names: &[String],
        day: Timestamp,
        count: usize,
        random: &mut ChaCha8Rng,
    ) -> Vec<DecisionRecord> {
        let pick = |from: usize, random: &mut ChaCha8Rng| (uniform(random) * from as f64) as usize;
        let step = 86_400_000_000 / count as i64;
        (0..count)
            .map(|number| {
                let at = day + SignedDuration::from_micros(number as i64 * step);
                let action = |random: &mut ChaCha8Rng| ActionRecord {
                    action: Some(self.items[pick(self.items.len(), random)].clone()),
                    score: Some(uniform(random)),
                    propensity: Probability::ONE,
                    reasons: Json::default(),
                };
                let id = format!("{:012x}-{number:05x}", at.as_microsecond());
                let customer = &self.customers[pick(self.customers.len(), random)];
                DecisionRecord {
                    decision_id: DecisionId::new(id).expect("an identifier"),
                    decided_at: at,
                    product: names[pick(names.len(), random)].clone(),
                    version: 1,
                    customer_id: Some(CustomerId::new(customer.as_str()).expect("a customer")),
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
    size: &Planned,
    seed: u64,
) -> anyhow::Result<Planted> {
    const RECORDS: usize = 4_096;
    let shop = Shop::open(shop).await?;
    let mut random = stream(seed, 3);
    let first = shop.last_day - SignedDuration::from_hours(24 * (size.days - 1));
    let mut transaction = shop.lake.begin().await?;
    let days: Vec<i64> = (0..size.days).collect();
    for (month, days) in days.chunks(30).enumerate() {
        let schema = schema::table::table("decisions")
            .context("the table")?
            .arrow();
        let tag = format!("planted{month}");
        let mut writer = transaction.writer("decisions", schema, &tag).await?;
        for day in days {
            let day = first + SignedDuration::from_hours(24 * day);
            let records = shop.decisions(names, day, size.decisions_per_day, &mut random);
            for records in records.chunks(RECORDS) {
                writer.write(&DecisionRecord::to_batch(records)).await?;
            }
        }
        writer.finish(&mut transaction).await?;
    }
    transaction.commit(Timestamp::now()).await?;
    Ok(Planted {
        decisions: size.decisions_per_day * days.len(),
        sales: shop.sales,
    })
}

/// The sales of the last day once more a day later, and that day's decisions.
async fn another_day(
    shop: &Path,
    names: &[String],
    size: &Planned,
    seed: u64,
) -> anyhow::Result<()> {
    let shop = Shop::open(shop).await?;
    let mut random = stream(seed, 4);
    let day = shop.last_day + SignedDuration::from_hours(24);
    let records = shop.decisions(names, day, size.decisions_per_day, &mut random);
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
    let rows = DecisionRecord::to_batch(&records);
    let mut writer = transaction
        .writer("decisions", rows.schema(), "another-day")
        .await?;
    writer.write(&rows).await?;
    writer.finish(&mut transaction).await?;
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
