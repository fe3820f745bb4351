//! Decisions for many questions at once, with the code that answers online.

mod money;
mod versions;

pub use versions::OfTrial;

use crate::given::{Given, counted};
use crate::ledger::HoldError;
use crate::run::one_line;
use crate::workshop::{ChampionError, Workshop};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch,
    StringBuilder,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use lake::log::{ActionRecord, Answer, DecisionRecord};
use money::decide_paid;
use products::{Asked, Decisions, Gave, Lately, Product, Serving, Shop, Subject, TotalsOf, Week};
use schema::progress::Progress;
use schema::{CustomerId, DecisionId, ProductId};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Format of a file of questions or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated, with a header.
    Csv,
    /// Parquet.
    Parquet,
}

impl FileFormat {
    /// The format that a file name tells.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// What is asked in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Questions {
    /// The rows of a file.
    File {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: FileFormat,
    },
    /// Everything that the product can be asked about: each customer, series or launch.
    All,
    /// What its answers add up to.
    Totals(TotalsOf),
}

/// How a batch is to be decided.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    /// The questions.
    pub questions: Questions,
    /// Where the answers go.
    pub output: PathBuf,
    /// Their format.
    pub output_format: FileFormat,
    /// Whether the decisions are logged in the lake.
    pub log: bool,
    /// Now.
    pub now: jiff::Timestamp,
    /// The job that asks for it with the moment when that was due: what an earlier attempt at it logged is replaced.
    /// `None` where a person asks.
    pub attempt: Option<String>,
}

/// What came of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchDone {
    /// Questions read.
    pub questions: u64,
    /// Questions answered.
    pub answered: u64,
    /// Questions that could not be answered; each has a row with the reason.
    pub refused: u64,
    /// The first such reason.
    pub first_refusal: Option<String>,
    /// Actions decided.
    pub actions: u64,
    /// The champion.
    pub version: u32,
    /// The challenger that decided for its share of the customers; absent where none is on trial.
    pub trial: Option<OfTrial>,
}

/// What came of a batch that a job asked for, perhaps not for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batched {
    /// It was decided.
    Decided(BatchDone),
    /// An earlier attempt at the same job had decided and logged everything; its answers are in their place.
    Before,
}

/// Why a batch was not decided.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A file could not be read or written.
    #[error("{operation} {}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The questions have columns that no question has.
    #[error("read the questions in {}: found columns {found}, allowed are {allowed}", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// Columns found.
        found: String,
        /// Columns allowed.
        allowed: &'static str,
    },
    /// A question is no question.
    #[error("read question {row} of {}: {found}", path.display())]
    Question {
        /// The file.
        path: PathBuf,
        /// Row, from 1.
        row: usize,
        /// What is wrong.
        found: String,
    },
    /// What can be asked cannot be listed.
    #[error(
        "list all that {product} can be asked: of kind {kind} there is no list, name a file of questions"
    )]
    NotAll {
        /// The product.
        product: String,
        /// Its kind.
        kind: String,
    },
    /// Its answers add up to nothing.
    #[error(
        "list the totals of {product}: of kind demand there are some, where `coherent` is \"summed\" or \"chosen\" and it was trained with it"
    )]
    NoTotals {
        /// The product.
        product: String,
    },
    /// No version answers.
    #[error("{product} has no champion yet; train it with `comptoir run {product}`")]
    NoChampion {
        /// The product.
        product: String,
    },
    /// The version that answers cannot be had.
    #[error("load the champion of {product}")]
    Champion {
        /// The product.
        product: String,
        /// Why.
        #[source]
        source: Box<ChampionError>,
    },
    /// Whether a challenger is on trial.
    #[error("look for a challenger of {product}")]
    Trial {
        /// The product.
        product: String,
        /// Why that cannot be said.
        #[source]
        source: registry::StoreError,
    },
    /// The shop cannot be read.
    #[error("read the shop")]
    Shop(#[source] features::LoadError),
    /// What customers got lately cannot be read.
    #[error("read what customers got lately")]
    Given(#[source] lake::LakeError),
    /// The money that the answers promise.
    #[error("reserve what the answers promise")]
    Money(#[from] HoldError),
    /// The decisions could not be logged, so none is given out.
    #[error("log the decisions")]
    Log(#[source] lake::LakeError),
}

const COLUMNS: &str = "customer_id, product_id, placement, items";

fn file<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    operation: &'static str,
    path: &Path,
) -> impl Fn(E) -> BatchError {
    let path = path.to_owned();
    move |e| BatchError::File {
        operation,
        path: path.clone(),
        source: e.into(),
    }
}

/// All columns that a question may have, as text.
fn question_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("customer_id"),
        text("product_id"),
        text("placement"),
        Field::new("items", DataType::Int64, true),
    ]))
}

fn read(path: &Path, format: FileFormat) -> Result<Vec<RecordBatch>, BatchError> {
    let open = || fs_err::File::open(path).map_err(|e| file("read", path)(e));
    match format {
        FileFormat::Csv => {
            let mut header = String::new();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(open()?), &mut header)
                .map_err(file("read", path))?;
            let known = question_schema();
            let fields: Vec<Field> = header
                .trim_start_matches('\u{feff}')
                .trim()
                .split(',')
                .map(|name| known.field_with_name(name.trim_matches('"')).cloned())
                .collect::<Result<_, _>>()
                .map_err(|_| BatchError::Columns {
                    path: path.to_owned(),
                    found: header.trim().to_owned(),
                    allowed: COLUMNS,
                })?;
            let reader = arrow::csv::ReaderBuilder::new(Arc::new(Schema::new(fields)))
                .with_header(true)
                .build(open()?)
                .map_err(file("read", path))?;
            reader
                .collect::<Result<Vec<_>, _>>()
                .map_err(file("read", path))
        }
        FileFormat::Ndjson => {
            let reader = arrow::json::ReaderBuilder::new(question_schema())
                .with_strict_mode(true)
                .with_coerce_primitive(true)
                .build(std::io::BufReader::new(open()?))
                .map_err(file("read", path))?;
            reader
                .collect::<Result<Vec<_>, _>>()
                .map_err(file("read", path))
        }
        FileFormat::Parquet => {
            let builder = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
                open()?.into_file(),
            )
            .map_err(file("read", path))?;
            let reader = builder.build().map_err(file("read", path))?;
            reader
                .collect::<Result<Vec<_>, _>>()
                .map_err(file("read", path))
        }
    }
}

fn questions(path: &Path, format: FileFormat) -> Result<Vec<Asked>, BatchError> {
    let mut all = Vec::new();
    for batch in read(path, format)? {
        let known = question_schema();
        if let Some(wrong) = batch
            .schema()
            .fields()
            .iter()
            .find(|f| known.field_with_name(f.name()).is_err())
        {
            return Err(BatchError::Columns {
                path: path.to_owned(),
                found: wrong.name().clone(),
                allowed: COLUMNS,
            });
        }
        let column = |name: &str, kind: &DataType| -> Result<Option<ArrayRef>, BatchError> {
            let Some(found) = batch.column_by_name(name) else {
                return Ok(None);
            };
            arrow::compute::cast(found, kind)
                .map(Some)
                .map_err(|e| file("read", path)(e))
        };
        let (customers, products, placements) = (
            column("customer_id", &DataType::Utf8)?,
            column("product_id", &DataType::Utf8)?,
            column("placement", &DataType::Utf8)?,
        );
        let items = column("items", &DataType::Int64)?;
        let text = |c: &Option<ArrayRef>, row: usize| {
            let column = c.as_ref()?.as_string::<i32>();
            (column.is_valid(row) && !column.value(row).is_empty())
                .then(|| column.value(row).to_owned())
        };
        for row in 0..batch.num_rows() {
            let wrong = |found: String| BatchError::Question {
                path: path.to_owned(),
                row: all.len() + 1,
                found,
            };
            let id = |e: &dyn std::error::Error| wrong(one_line(e));
            let asked =
                Asked {
                    customer_id: text(&customers, row)
                        .map(CustomerId::new)
                        .transpose()
                        .map_err(|e| id(&e))?,
                    product_id: text(&products, row)
                        .map(ProductId::new)
                        .transpose()
                        .map_err(|e| id(&e))?,
                    placement: text(&placements, row),
                    items: match &items {
                        Some(c) if c.is_valid(row) => {
                            let n = c.as_primitive::<Int64Type>().value(row);
                            Some(u32::try_from(n).map_err(|_| {
                                wrong(format!("`items` is {n}, allowed is 1 or more"))
                            })?)
                        }
                        _ => None,
                    },
                    ..Asked::default()
                };
            all.push(asked);
        }
    }
    Ok(all)
}

/// Every question that a product can be asked.
///
/// # Errors
/// [`BatchError::NotAll`] where they cannot be listed.
pub fn everything(
    product: &dyn Product,
    serving: &dyn Serving,
    shop: &Shop,
) -> Result<Vec<Asked>, BatchError> {
    if let Some(all) = serving.all() {
        return Ok(all);
    }
    let header = product.header();
    let card = products::kind(&header.kind).map(|kind| kind.card());
    let of_customers = card.is_some_and(|card| card.subjects == [Subject::Customer]);
    if !of_customers {
        return Err(BatchError::NotAll {
            product: header.name.clone(),
            kind: header.kind.clone(),
        });
    }
    let customers = shop.history.customers().iter();
    let asked = customers.filter_map(|customer| {
        Some(Asked {
            customer_id: Some(CustomerId::new(customer.clone()).ok()?),
            ..Asked::default()
        })
    });
    Ok(asked.collect())
}

/// Questions about totals of a product's answers.
fn totals(
    product: &dyn Product,
    serving: &dyn Serving,
    of: TotalsOf,
) -> Result<Vec<Asked>, BatchError> {
    let all = serving.totals(of);
    if all.is_empty() {
        return Err(BatchError::NoTotals {
            product: product.header().name.clone(),
        });
    }
    Ok(all)
}

/// The rows of the answer file.
struct Answers {
    texts: [StringBuilder; 8],
    position: Int64Builder,
    numbers: [Float64Builder; 4],
    version: Int64Builder,
    holdout: BooleanBuilder,
}

fn answer_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("decision_id"),
        text("customer_id"),
        text("product_id"),
        text("placement"),
        Field::new("position", DataType::Int64, true),
        text("action"),
        text("label"),
        Field::new("score", DataType::Float64, true),
        Field::new("low", DataType::Float64, true),
        Field::new("high", DataType::Float64, true),
        Field::new("propensity", DataType::Float64, true),
        text("reasons"),
        Field::new("version", DataType::Int64, true),
        Field::new("holdout", DataType::Boolean, true),
        text("error"),
    ]))
}

impl Answers {
    fn new() -> Self {
        Self {
            texts: std::array::from_fn(|_| StringBuilder::new()),
            position: Int64Builder::new(),
            numbers: std::array::from_fn(|_| Float64Builder::new()),
            version: Int64Builder::new(),
            holdout: BooleanBuilder::new(),
        }
    }

    /// - `by`: the version that answered, and whether for the holdout.
    fn row(
        &mut self,
        asked: &Asked,
        texts: [Option<&str>; 5],
        position: Option<i64>,
        numbers: [Option<f64>; 4],
        by: Option<(u32, bool)>,
    ) {
        let [id, action, label, reasons, error] = texts;
        let customer = asked.customer_id.as_ref().map(CustomerId::as_str);
        let product = asked.product_id.as_ref().map(ProductId::as_str);
        let all = [
            id,
            customer,
            product,
            asked.placement.as_deref(),
            action,
            label,
            reasons,
            error,
        ];
        self.texts
            .iter_mut()
            .zip(all)
            .for_each(|(b, v)| b.append_option(v));
        self.position.append_option(position);
        self.numbers
            .iter_mut()
            .zip(numbers)
            .for_each(|(b, v)| b.append_option(v));
        let (version, holdout) = by.unzip();
        self.version.append_option(version.map(i64::from));
        self.holdout.append_option(holdout);
    }

    fn finish(mut self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let [
            id,
            customer,
            product,
            placement,
            action,
            label,
            reasons,
            error,
        ] = self
            .texts
            .each_mut()
            .map(|b| Arc::new(b.finish()) as ArrayRef);
        let [score, low, high, propensity] = self
            .numbers
            .each_mut()
            .map(|b| Arc::new(b.finish()) as ArrayRef);
        let position = Arc::new(self.position.finish()) as ArrayRef;
        let version = Arc::new(self.version.finish()) as ArrayRef;
        let holdout = Arc::new(self.holdout.finish()) as ArrayRef;
        let columns = vec![
            id, customer, product, placement, position, action, label, score, low, high,
            propensity, reasons, version, holdout, error,
        ];
        RecordBatch::try_new(answer_schema(), columns)
    }
}

/// The answers beside their place, until they are complete and logged: nobody reads half an answer. Dropped before
/// they have taken their place, they are gone.
///
/// Each process writes a file of its own: one that is about to die may still write while the next begins. Answers of a
/// job that are complete get a name that follows from the attempt before they are logged, so that whoever comes after
/// a process that died between the two finds them.
struct Beside<'a> {
    path: PathBuf,
    place: &'a Path,
    /// Where the answers of a job lie once they are complete.
    complete: Option<PathBuf>,
}

impl<'a> Beside<'a> {
    /// Makes the file, so that an output that cannot be written is known before anything is decided.
    fn create(place: &'a Path, attempt: Option<&str>) -> Result<(Self, fs_err::File), BatchError> {
        let failed = file("write", place);
        if place.is_dir() {
            return Err(failed(std::io::ErrorKind::IsADirectory.into()));
        }
        let path = behind(place, &format!("{}.partial", std::process::id()));
        let sink = fs_err::File::create(&path).map_err(failed)?;
        let complete = attempt.map(|attempt| complete(place, attempt));
        let beside = Self {
            path,
            place,
            complete,
        };
        Ok((beside, sink))
    }

    /// Notes that the answers are complete: they are logged next.
    fn is_complete(&mut self) -> Result<(), BatchError> {
        if let Some(complete) = self.complete.take() {
            fs_err::rename(&self.path, &complete).map_err(file("write", self.place))?;
            self.path = complete;
        }
        Ok(())
    }

    fn take_place(self, attempt: Option<&str>) -> Result<(), BatchError> {
        match attempt {
            Some(attempt) => take_place(self.place, attempt),
            None => fs_err::rename(&self.path, self.place).map_err(file("write", self.place)),
        }
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        // Nothing is there under this name any more where the answers have taken their place.
        let _ = fs_err::remove_file(&self.path);
    }
}

/// A name with more behind it.
fn behind(place: &Path, what: &str) -> PathBuf {
    let mut path = place.as_os_str().to_owned();
    path.push(".");
    path.push(what);
    PathBuf::from(path)
}

/// Where the answers of a job lie between the moment when they are complete and the one when they are logged.
fn complete(place: &Path, attempt: &str) -> PathBuf {
    behind(place, &format!("{attempt}.complete"))
}

/// Moves the answers of a job into their place, if no other attempt has done so.
fn take_place(place: &Path, attempt: &str) -> Result<(), BatchError> {
    match std::fs::rename(complete(place, attempt), place) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && place.is_file() => Ok(()),
        moved => moved.map_err(file("write", place)),
    }
}

fn write(options: &BatchOptions, sink: fs_err::File, rows: &RecordBatch) -> Result<(), BatchError> {
    let failed = || file::<Box<dyn std::error::Error + Send + Sync>>("write", &options.output);
    match options.output_format {
        FileFormat::Csv => arrow::csv::Writer::new(sink)
            .write(rows)
            .map_err(|e| failed()(e.into())),
        FileFormat::Ndjson => {
            let mut writer = arrow::json::LineDelimitedWriter::new(sink);
            writer
                .write(rows)
                .and_then(|()| writer.finish())
                .map_err(|e| failed()(e.into()))
        }
        FileFormat::Parquet => {
            let mut writer = parquet::arrow::ArrowWriter::try_new(sink, rows.schema(), None)
                .map_err(|e| failed()(e.into()))?;
            writer.write(rows).map_err(|e| failed()(e.into()))?;
            writer.close().map(|_| ()).map_err(|e| failed()(e.into()))
        }
    }
}

/// The record of one answer in the decision log, as of a version that answered for a customer who is not held out.
#[must_use]
pub fn record(
    decision_id: DecisionId,
    now: jiff::Timestamp,
    product: &dyn Product,
    version: u32,
    asked: &Asked,
    decided: &Decisions,
) -> DecisionRecord {
    let answer = if decided.actions.is_empty() {
        Answer::Nothing {
            propensity: schema::Probability::ONE,
            reasons: schema::Json::default(),
        }
    } else {
        let action = |a: &products::Action| ActionRecord {
            action: Some(a.id.clone()),
            score: a.score,
            propensity: a.propensity,
            reasons: a.reasons.json().clone(),
        };
        Answer::Actions(decided.actions.iter().map(action).collect())
    };
    DecisionRecord {
        decision_id,
        decided_at: now,
        product: product.header().name.clone(),
        version,
        customer_id: asked.customer_id.clone(),
        subject_product_id: asked.product_id.clone(),
        placement: decided.placement.clone(),
        answer,
        holdout: false,
        fallback: false,
        fingerprint: Some(product.header().fingerprint.clone()),
        reserved: None,
    }
}

impl Workshop {
    /// Decides for every question of a file.
    ///
    /// The answers take their place only after the decisions are in the lake: what is not logged is not given out, and
    /// where the answers cannot be written nothing is logged.
    ///
    /// # Errors
    /// [`BatchError`] names the file and row, or why no version answers.
    pub async fn decide_batch(
        &self,
        product: &dyn Product,
        options: &BatchOptions,
        progress: &dyn Progress,
    ) -> Result<Batched, BatchError> {
        let name = product.header().name.clone();
        if let Some(attempt) = options.attempt.as_ref().filter(|_| options.log) {
            let snapshot = self.lake.snapshot().await.map_err(BatchError::Log)?;
            let logged = self.is_logged(&name, attempt, &snapshot).await;
            if logged.map_err(BatchError::Log)? {
                take_place(&options.output, attempt)?;
                return Ok(Batched::Before);
            }
        }
        let champion = self
            .champion(product)
            .await
            .map_err(|e| BatchError::Champion {
                product: name.clone(),
                source: Box::new(e),
            })?;
        let (version, fitted) = champion.ok_or(BatchError::NoChampion {
            product: name.clone(),
        })?;
        let asked = match &options.questions {
            Questions::File { path, format } => Some(questions(path, *format)?),
            Questions::All | Questions::Totals(_) => None,
        };
        let job = options.attempt.as_deref().filter(|_| options.log);
        let (mut beside, sink) = Beside::create(&options.output, job)?;
        let shop = self.shop().await.map_err(BatchError::Shop)?;
        let versions = self.versions(product, (version, fitted), &shop).await?;
        // Who promises money, caps offers or is asked for totals has no trial, see `Judged::no_trial`.
        let serving = versions.champion();
        let mut questions = match (asked, &options.questions) {
            (Some(asked), _) => asked,
            (None, Questions::Totals(of)) => totals(product, serving, *of)?,
            (None, Questions::All | Questions::File { .. }) => everything(product, serving, &shop)?,
        };
        progress.stage(&format!("{name}: decide"), questions.len() as u64);
        let run = match &options.attempt {
            Some(attempt) => attempt.clone(),
            None => options.now.strftime("%Y%m%dT%H%M%S%6f").to_string(),
        };
        let mut done = BatchDone {
            questions: questions.len() as u64,
            answered: 0,
            refused: 0,
            first_refusal: None,
            actions: 0,
            version,
            trial: versions.of_trial(),
        };
        if let Some(OfTrial {
            version,
            not_loaded: Some(why),
            ..
        }) = &done.trial
        {
            progress.note(&format!(
                "{name}: version {version} on trial cannot be loaded, the champion answers all: {why}"
            ));
        }
        let (mut rows, mut records) = (Answers::new(), Vec::new());
        let holdout = &self.project.file.holdout;
        let given = self
            .given_for(
                product,
                (version, serving.week()),
                &mut questions,
                options.now,
            )
            .await?;
        let lately = given.as_ref().and_then(|given| given.lately(&name));
        let money = self.money(product, version, serving, &mut questions, options);
        let mut purses = money.await?;
        for (number, asked) in questions.iter_mut().enumerate() {
            stand(asked, lately, options.now);
            let held_out = holdout.is_held_out(asked);
            let id = format!("batch-{name}-{run}-{number}");
            let by = versions.of(asked, &id, held_out);
            let decided = match purses.get_mut(&serving.counted_by(asked)) {
                Some(purse) => {
                    decide_paid(purse, by.serving, asked, held_out, &id, options.now).await
                }
                None => decide_one(by.serving, asked, held_out, options.now)
                    .map(|decided| (decided, None)),
            };
            let asked = &*asked;
            match decided {
                Ok((decided, reserved)) => {
                    if let Some(lately) = lately {
                        note(lately, asked, &decided, options.now);
                    }
                    done.answered += 1;
                    if let Some(trial) = done.trial.as_mut().filter(|_| by.is_on_trial) {
                        trial.answered += 1;
                    }
                    done.actions += decided.actions.len() as u64;
                    for a in &decided.actions {
                        let texts = [
                            Some(id.as_str()),
                            Some(&a.id),
                            a.label.as_deref(),
                            Some(a.reasons.json().text()),
                            None,
                        ];
                        // Of a figure that cannot be said the cell stays empty.
                        let value = match &a.estimate {
                            Some(figure) => figure.point(),
                            None => a.score,
                        };
                        let interval = a.estimate.as_ref().and_then(schema::Estimate::interval);
                        let (low, high) = interval.unzip();
                        rows.row(
                            asked,
                            texts,
                            Some(i64::from(a.position)),
                            [value, low, high, Some(a.propensity.get())],
                            Some((by.version, held_out)),
                        );
                    }
                    if let Ok(id) = DecisionId::new(id) {
                        let plain = record(id, options.now, product, by.version, asked, &decided);
                        records.push(DecisionRecord {
                            holdout: held_out,
                            reserved,
                            ..plain
                        });
                    }
                }
                Err(why) => {
                    done.refused += 1;
                    rows.row(
                        asked,
                        [None, None, None, None, Some(&why)],
                        None,
                        [None; 4],
                        None,
                    );
                    done.first_refusal.get_or_insert(why);
                }
            }
            progress.advance(1);
        }
        let rows = rows
            .finish()
            .map_err(|e| file("write", &options.output)(e))?;
        write(options, sink, &rows)?;
        beside.is_complete()?;
        if options.log && !records.is_empty() {
            let batch = DecisionRecord::to_batch(&records);
            for purse in purses.values() {
                purse.hold().await?;
            }
            self.log_batch(&batch, &name, &run, options)
                .await
                .map_err(BatchError::Log)?;
        }
        beside.take_place(job)?;
        for purse in purses.into_values() {
            purse.settle(options.now).await;
        }
        Ok(Batched::Decided(done))
    }

    /// Whether an earlier attempt at a job has logged its decisions: then its answers were complete.
    async fn is_logged(
        &self,
        product: &str,
        attempt: &str,
        snapshot: &lake::Snapshot,
    ) -> Result<bool, lake::LakeError> {
        if !snapshot.tables.contains_key("decisions") {
            return Ok(false);
        }
        // Names of products and attempts hold no quotation mark.
        let sql = format!(
            "SELECT decision_id FROM decisions WHERE decision_id LIKE 'batch-{product}-{attempt}-%' LIMIT 1"
        );
        let found = self.lake.query_at(&sql, snapshot).await?;
        Ok(found.iter().any(|batch| batch.num_rows() > 0))
    }

    /// What customers got lately, where the product caps it; and sets what the questions stand under. The price of the
    /// budget is that of the start: whoever decides for all at once wants one price for all.
    async fn given_for(
        &self,
        product: &dyn Product,
        (version, week): (u32, Option<&Week>),
        questions: &mut [Asked],
        now: jiff::Timestamp,
    ) -> Result<Option<Given>, BatchError> {
        let given = Given::of(&self.lake, counted(product));
        if let Some(given) = &given {
            given.look(None, now).await.map_err(BatchError::Given)?;
        }
        let pace = self.pace(product, week, now).await;
        let short = self.short(product, version, now).await;
        let name = product.header().name.as_str();
        let lately = given.as_ref().and_then(|given| given.lately(name));
        for asked in questions {
            asked.standing.pace = pace;
            asked.standing.short.clone_from(&short);
            stand(asked, lately, now);
        }
        Ok(given)
    }

    async fn log_batch(
        &self,
        rows: &RecordBatch,
        product: &str,
        run: &str,
        options: &BatchOptions,
    ) -> Result<(), lake::LakeError> {
        /// How long a batch waits for another writer.
        const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
        let mut transaction = self.lake.begin_within(PATIENCE).await?;
        // Of two attempts at one job one logs, however close together they are: nobody else writes now.
        if options.attempt.is_some() && self.is_logged(product, run, transaction.base()).await? {
            return Ok(());
        }
        let tag = format!("batch_{product}_{run}");
        let mut writer = transaction.writer("decisions", rows.schema(), &tag).await?;
        writer.write(rows).await?;
        writer.finish(&mut transaction).await?;
        transaction.commit(options.now).await.map(|_| ())
    }
}

/// Sets what the customer of a question got lately.
fn stand(asked: &mut Asked, lately: Option<&Lately>, now: jiff::Timestamp) {
    if let (Some(lately), Some(customer)) = (lately, &asked.customer_id) {
        asked.standing.given = lately.of(customer.as_str(), now);
    }
}

/// Notes what an answer gives, so that it counts for the questions that follow.
fn note(lately: &Lately, asked: &Asked, decided: &Decisions, at: jiff::Timestamp) {
    let (Some(customer), Some(gives)) = (&asked.customer_id, decided.actions.first()) else {
        return;
    };
    if gives.id != lately.counted().control {
        let arm = gives.id.as_str().into();
        // Decided under what is known now: nobody else asks meanwhile.
        let _ = lately.give(customer.as_str(), Gave { arm, at }, &asked.standing.given);
    }
}

/// What the version decides, or for the holdout its baseline.
fn decide_one(
    serving: &dyn Serving,
    asked: &Asked,
    held_out: bool,
    now: jiff::Timestamp,
) -> Result<Decisions, String> {
    if held_out {
        serving.baseline(asked, now)
    } else {
        serving.decide(asked, now)
    }
    .map_err(|e| e.to_string())
}
