//! The year of the dealer, day by day.

use super::super::simulated::put;
use super::Done;
use super::truth::{Act, Noticed};
use crate::context::Context;
use crate::verbs::run;
use ::products::{Asked, Product, Serving};
use factory::batch::{everything, record};
use factory::import::{ImportOptions, ImportOutcome};
use factory::incidents::IncidentRecord;
use factory::review::{Histogram, fold};
use factory::{Needed, Workshop};
use jiff::{SignedDuration, Timestamp};
use lake::log::{Answer, DecisionRecord};
use registry::ServiceRecord;
use schema::{CustomerId, DecisionId, ProductId};
use simulator::{UsedCarsShop, Visit};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Products on a list.
const ITEMS: u32 = 6;

/// Hours after midnight at which files come in, and at which products are reviewed.
const IMPORT_HOUR: i64 = 4;
const REVIEW_HOUR: i64 = 6;

/// The hour of a Monday at which products of some kinds are asked about everything.
const ASKED_HOUR: i64 = 7;

/// Kinds whose products are asked about everything on Monday mornings, as a job of the shop would, and every how many
/// weeks.
const ASKED_ON_MONDAYS: [(&str, u32); 4] =
    [("demand", 1), ("launch", 1), ("stock", 1), ("value", 4)];

/// Days after which files come in, products are reviewed and answering versions are told what the shop has learnt since:
/// on Monday mornings. The year has 52 weeks.
pub(super) const WEEK: u32 = 7;

/// The dealer with what it is worked on with.
pub(super) struct Year<'a> {
    context: &'a Context,
    folder: &'a Path,
    pub(super) workshop: Workshop,
    pub(super) shop: UsedCarsShop,
    answering: BTreeMap<String, Answering>,
    /// What reviews noticed, in the order in which they did.
    pub(super) noticed: Vec<Noticed>,
    /// What was done about it.
    pub(super) acts: Vec<Act>,
}

/// A version that answers.
struct Answering {
    product: Arc<dyn Product>,
    version: u32,
    serving: Box<dyn Serving>,
    /// What it is asked on Monday mornings, and every how many weeks; nothing where visitors ask.
    on_mondays: Vec<Asked>,
    every_weeks: u32,
}

/// How a product answered within an hour.
#[derive(Default)]
struct Answered {
    times: Histogram,
    count: u64,
}

impl<'a> Year<'a> {
    pub(super) fn new(
        context: &'a Context,
        folder: &'a Path,
        workshop: Workshop,
        shop: UsedCarsShop,
    ) -> Self {
        Self {
            context,
            folder,
            workshop,
            shop,
            answering: BTreeMap::new(),
            noticed: Vec::new(),
            acts: Vec::new(),
        }
    }

    /// An hour of a day, counted from midnight.
    fn at(&self, day: u32, hour: i64) -> anyhow::Result<Timestamp> {
        let date = self.shop.first_day().to_zoned(jiff::tz::TimeZone::UTC)?;
        let hours = i64::from(day) * 24 + hour;
        Ok(date.timestamp() + SignedDuration::from_hours(hours))
    }

    /// What is in the folder, early on a day.
    pub(super) async fn import(&self, day: u32) -> anyhow::Result<ImportOutcome> {
        let options = ImportOptions::at(self.at(day, IMPORT_HOUR)?);
        Ok(self
            .workshop
            .import(&options, &schema::progress::Silent)
            .await?)
    }

    /// Trains products on all that was imported.
    pub(super) async fn train(
        &mut self,
        products: &[Arc<dyn Product>],
        day: u32,
    ) -> anyhow::Result<Vec<run::Tried>> {
        let now = self.at(day, REVIEW_HOUR)?;
        run::run_all_at(self.context, &self.workshop, products, None, now).await
    }

    /// So many days from the first on, whole weeks.
    pub(super) async fn play(&mut self, days: u32, done: &mut Done) -> anyhow::Result<()> {
        let progress = Arc::clone(&self.context.progress);
        progress.stage("play the year, day by day", u64::from(days));
        let mut decisions = Vec::new();
        for day in 0..days {
            if day % WEEK == 0 {
                self.load().await?;
                fold(&self.workshop.registry, self.at(day, 0)?).await?;
                decisions.extend(self.answer_on_monday(day, done)?);
            }
            self.mend_what_is_due(day)?;
            decisions.extend(self.answer(day, done).await?);
            progress.advance(1);
            if (day + 1) % WEEK > 0 {
                continue;
            }
            self.log(&decisions, self.at(day + 1, 0)?).await?;
            decisions.clear();
            put(self.folder, &self.shop.close(day))?;
            let outcome = self.import(day + 1).await?;
            crate::verbs::import::gate(&outcome)?;
            self.review(day + 1, done).await?;
        }
        progress.end();
        done.days = days;
        Ok(())
    }

    /// Joins the versions that answer with what the shop knows by now.
    async fn load(&mut self) -> anyhow::Result<()> {
        let by_visitors: BTreeSet<&str> = self.shop.asked().collect();
        let shop = self.workshop.shop().await?;
        for product in &self.workshop.project.products {
            let header = product.header();
            let on_mondays = ASKED_ON_MONDAYS.iter().find(|of| of.0 == header.kind);
            if on_mondays.is_none() && !by_visitors.contains(header.name.as_str()) {
                continue;
            }
            // One that does not beat its baseline answers nobody.
            let champion = self.workshop.champion(product.as_ref()).await?;
            let Some((version, fitted)) = champion else {
                continue;
            };
            let serving = fitted.attach(Arc::clone(&shop));
            let asked = match on_mondays {
                Some(_) => everything(product.as_ref(), serving.as_ref(), &shop)?,
                None => Vec::new(),
            };
            let answering = Answering {
                serving,
                product: Arc::clone(product),
                version,
                on_mondays: asked,
                every_weeks: on_mondays.map_or(1, |of| of.1),
            };
            self.answering.insert(header.name.clone(), answering);
        }
        Ok(())
    }

    /// Answers everything that products are asked on a Monday morning.
    fn answer_on_monday(&self, day: u32, done: &mut Done) -> anyhow::Result<Vec<DecisionRecord>> {
        let now = self.at(day, ASKED_HOUR)?;
        let mut records = Vec::new();
        let week = day / WEEK;
        let is_due = |of: &Answering| week.is_multiple_of(of.every_weeks);
        for (name, of) in self.answering.iter().filter(|(_, of)| is_due(of)) {
            for (asked, number) in of.on_mondays.iter().zip(1..) {
                let id = DecisionId::new(format!("monday-{day}-{name}-{number}"))?;
                // What cannot be said of one thing is said of the others.
                if let Ok(record) = self.decide(of, asked, id, now) {
                    records.push(record);
                }
            }
        }
        done.on_mondays += records.len() as u64;
        Ok(records)
    }

    /// Answers all visitors of a day and writes down how fast; what was answered.
    async fn answer(&mut self, day: u32, done: &mut Done) -> anyhow::Result<Vec<DecisionRecord>> {
        let mut records = Vec::new();
        let mut service: BTreeMap<(String, i64), Answered> = BTreeMap::new();
        for visit in self.shop.visits(day) {
            let Some(of) = self.answering.get(visit.product) else {
                continue;
            };
            let (record, took) = self.answer_one(of, &visit)?;
            let delay = self.shop.delay_ms(day, visit.product);
            let took = took + Duration::from_secs_f64(delay / 1000.0);
            let waited_ms = 1000.0 * took.as_secs_f64();
            let shown = shown(&record);
            let id = record.decision_id.as_str();
            let acted = self.shop.answer(&visit, id, &shown, waited_ms);
            done.answers += 1;
            done.clicked += u64::from(!acted.clicked.is_empty());
            let hour = visit.at.as_second().div_euclid(3600);
            let of = service.entry((visit.product.to_owned(), hour)).or_default();
            of.times.record(took);
            of.count += 1;
            records.push(record);
        }
        let of_hour = |((product, hour), of): ((String, i64), Answered)| {
            let began_at = Timestamp::from_second(hour * 3600)?;
            let version = self.answering.get(&product).map_or(0, |of| of.version);
            Ok(ServiceRecord {
                product,
                process: "demo".to_owned(),
                version,
                began_at,
                ended_at: began_at + SignedDuration::from_hours(1),
                answered: of.count,
                unanswered: 0,
                fallbacks: 0,
                times: of.times.snapshot().to_bytes(),
            })
        };
        let service: anyhow::Result<Vec<ServiceRecord>> =
            service.into_iter().map(of_hour).collect();
        self.workshop.registry.add_service(&service?).await?;
        Ok(records)
    }

    /// What a visitor is shown, and how long it took to say.
    fn answer_one(
        &self,
        of: &Answering,
        visit: &Visit,
    ) -> anyhow::Result<(DecisionRecord, Duration)> {
        let about = visit.about.as_deref().map(ProductId::new).transpose()?;
        let asked = Asked {
            customer_id: Some(CustomerId::new(visit.customer.as_str())?),
            product_id: about,
            placement: Some(visit.placement.to_owned()),
            items: Some(ITEMS),
            ..Asked::default()
        };
        let id = DecisionId::new(format!("visit-{}", visit.id))?;
        let began = Instant::now();
        let record = self.decide(of, &asked, id, visit.at)?;
        Ok((record, began.elapsed()))
    }

    /// What a version decides, or its baseline for whom is held out.
    fn decide(
        &self,
        of: &Answering,
        asked: &Asked,
        id: DecisionId,
        now: Timestamp,
    ) -> anyhow::Result<DecisionRecord> {
        let held_out = self.workshop.project.file.holdout.is_held_out(asked);
        let decided = if held_out {
            of.serving.baseline(asked, now)?
        } else {
            of.serving.decide(asked, now)?
        };
        let record = record(id, now, of.product.as_ref(), of.version, asked, &decided);
        Ok(DecisionRecord {
            holdout: held_out,
            ..record
        })
    }

    /// Decisions into the lake.
    async fn log(&self, records: &[DecisionRecord], now: Timestamp) -> anyhow::Result<()> {
        let rows = DecisionRecord::to_batch(records);
        let mut transaction = self.workshop.lake.begin().await?;
        let tag = format!("demo_{}", now.as_second());
        let mut writer = transaction.writer("decisions", rows.schema(), &tag).await?;
        writer.write(&rows).await?;
        writer.finish(&mut transaction).await?;
        transaction.commit(now).await?;
        Ok(())
    }

    /// Reviews all products in the morning of a day, notes incidents, and trains what became worse.
    async fn review(&mut self, day: u32, done: &mut Done) -> anyhow::Result<()> {
        let now = self.at(day, REVIEW_HOUR)?;
        let silent = schema::progress::Silent;
        let review = self.workshop.review(&[], now, &silent).await?;
        let noted = self.workshop.note_review(&review, now).await?;
        let all = self.workshop.registry.incidents(now).await?;
        for incident in all.iter().filter(|of| noted.opened.contains(&of.id)) {
            self.notice(day, incident);
        }
        let products = run::chosen(&self.workshop.project, &[])?;
        let needed = self
            .workshop
            .trainings_needed_after(&products, &review)
            .await?;
        let needing: Vec<Arc<dyn Product>> = products
            .into_iter()
            .zip(needed)
            .filter(|(_, needed)| matches!(needed, Needed::Yes { .. }))
            .map(|(product, _)| product)
            .collect();
        if needing.is_empty() {
            return Ok(());
        }
        for tried in self.train(&needing, day).await? {
            let outcome = tried.outcome?;
            done.trainings += 1;
            done.promoted += u32::from(outcome.promoted);
            self.acts.push(Act::Trained {
                day,
                promoted: outcome.promoted,
            });
        }
        self.load().await
    }

    /// An incident that was not there before. Whoever is told of it mends what it names, if that is what is wrong.
    fn notice(&mut self, day: u32, incident: &IncidentRecord) {
        let noticed = Noticed::of(day, incident);
        let found = self.shop.incidents().iter().position(|truth| {
            truth.wrong.can_be_mended() && truth.holds(day) && noticed.names(truth)
        });
        if let Some(incident) = found {
            let is_known =
                |act: &Act| matches!(act, Act::Mended { incident: of, .. } if *of == incident);
            if !self.acts.iter().any(is_known) {
                self.acts.push(Act::Mended { day, incident });
            }
        }
        self.noticed.push(noticed);
    }

    /// Mends what people were told of in the morning.
    fn mend_what_is_due(&mut self, day: u32) -> anyhow::Result<()> {
        for act in &self.acts {
            if let Act::Mended { day: due, incident } = act
                && *due == day
            {
                put(self.folder, &self.shop.mend(*incident, day))?;
            }
        }
        Ok(())
    }
}

/// The products that an answer names, best first.
fn shown(record: &DecisionRecord) -> Vec<&str> {
    match &record.answer {
        Answer::Actions(actions) => actions
            .iter()
            .filter_map(|action| action.action.as_deref())
            .collect(),
        Answer::Nothing { .. } => Vec::new(),
    }
}
