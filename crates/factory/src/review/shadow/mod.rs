//! What a challenger answers in the shadow of the champion, beside what was shown; and what is done about it.
//!
//! Reading order: [`Shadow`] (what is told), [`judge`] (which challengers answer the shop, and which are taken back).

mod judge;

pub use judge::WatchChallengersError;

use super::attribute::{Attribute, joins};
use super::judged::{count, quoted};
use super::rollback::is_too_many;
use crate::{CHAMPION, Workshop};
use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use arrow::record_batch::RecordBatch;
use jiff::{SignedDuration, Timestamp};
use lake::{LakeError, Snapshot};
use products::{Header, Judged, Product};
use registry::{CHALLENGER, StoreError};
use schema::estimate::short;
use schema::{AsOf, Estimate};
use serde::Serialize;
use std::collections::BTreeMap;

/// Segments of one attribute that are told, those with most answers first.
const SEGMENTS: usize = 8;

/// Questions that are compared at most, the latest: more would not tell more, and each has ten rows.
const COMPARED_MAX: u64 = 200_000;

/// How far back a challenger is looked at while it goes on.
const LATELY: SignedDuration = SignedDuration::from_hours(1);

/// Share of answers that may hold nothing where something was shown.
const EMPTY_MAX: f64 = 0.5;

/// Why it cannot be told what a challenger answers.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// The lake.
    #[error("read what was answered in the shadow")]
    Lake(#[from] LakeError),
}

/// What a challenger answered in the shadow of the champion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shadow {
    /// The challenger.
    pub version: u32,
    /// The champion: what it answered was shown.
    pub shown: u32,
    /// Since when the challenger is one.
    pub since: Timestamp,
    /// When it may answer the shop at the earliest.
    pub until: Timestamp,
    /// Questions that were put to it, and what became of them.
    #[serde(flatten)]
    pub counts: Counts,
    /// Milliseconds within which half of its answers were there, by the thread of low priority that it answers on.
    pub p50_ms: Option<f64>,
    /// Milliseconds within which 99 of 100 were.
    pub p99_ms: Option<f64>,
    /// Questions of which the rest is told: all, or the latest of many.
    pub compared: u64,
    /// Share of them on which both name the same first, of those that it answered in time.
    pub first_alike: Estimate,
    /// Share of what was shown to them that it would have shown too.
    pub shown_too: Option<f64>,
    /// Correlation of both scores of what they name first.
    pub scores: Option<f64>,
    /// On whom they differ, attribute by attribute.
    pub by: Vec<Differs>,
    /// What customers bought of both; absent where decisions are not judged by what is bought.
    pub found: Option<FoundByCustomers>,
    /// What follows.
    pub verdict: Verdict,
}

/// Questions that were put to a challenger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All of them.
    pub asked: u64,
    /// Of these answered after the deadline: the baseline would have answered.
    pub late: u64,
    /// Questions that it refuses and the champion answers.
    pub refused: u64,
    /// Questions on which it failed.
    pub failed: u64,
    /// Answers in time without an action, where the champion named one.
    pub empty: u64,
}

/// On whom two versions differ, by one attribute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differs {
    /// The attribute.
    pub by: Attribute,
    /// Its values, those with most questions first.
    pub segments: Vec<Segment>,
}

/// Questions about some customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The attribute's value; empty where it is not known.
    pub value: String,
    /// Questions.
    pub asked: u64,
    /// Share on which both name the same first.
    pub first_alike: Estimate,
}

/// What customers bought who bought something within the days after a question. What was shown has the advantage that it
/// was seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundByCustomers {
    /// The days.
    pub window_days: u16,
    /// Share of customers who bought what was shown.
    pub shown: Estimate,
    /// Share who bought what the challenger would have shown.
    pub unseen: Estimate,
}

/// What follows for a challenger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// It goes on.
    Waits {
        /// For what.
        because: String,
    },
    /// The challenger may answer.
    Passed {
        /// Why.
        because: String,
    },
    /// It must not.
    Failed {
        /// Why not.
        because: String,
    },
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waits { because } => write!(f, "it waits: {because}"),
            Self::Passed { because } => write!(f, "it may answer: {because}"),
            Self::Failed { because } => write!(f, "it failed: {because}"),
        }
    }
}

/// A challenger that answers in the shadow, as the registry has it.
#[derive(Debug, Clone, Copy)]
struct InShadow {
    version: u32,
    shown: u32,
    since: Timestamp,
}

impl Workshop {
    /// What the challenger of a product answered in the shadow; `None` where its file asks for no shadow, or none waits.
    ///
    /// # Errors
    /// [`ShadowError`] when lake or registry cannot be read.
    pub async fn shadow(
        &self,
        product: &dyn Product,
        now: Timestamp,
    ) -> Result<Option<Shadow>, ShadowError> {
        let Some(of) = self.in_shadow(product.header()).await? else {
            return Ok(None);
        };
        let snapshot = self.lake.snapshot().await?;
        Ok(Some(
            self.answers_in_shadow(product, of, &snapshot, now).await?,
        ))
    }

    async fn in_shadow(&self, header: &Header) -> Result<Option<InShadow>, StoreError> {
        if header.retraining.shadow_hours.is_none() {
            return Ok(None);
        }
        let name = &header.name;
        let waits = self.waits(name).await?;
        if waits.is_none() || self.on_trial(header).await?.is_some() {
            return Ok(None);
        }
        let challenger = self.registry.alias(name, CHALLENGER).await?;
        let champion = self.registry.alias(name, CHAMPION).await?;
        let both = challenger.zip(champion);
        Ok(both.map(|(challenger, champion)| InShadow {
            version: challenger.version,
            shown: champion.version,
            // With another champion the comparison begins anew.
            since: challenger.since.max(champion.since),
        }))
    }

    async fn answers_in_shadow(
        &self,
        product: &dyn Product,
        of: InShadow,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Shadow, ShadowError> {
        let header = product.header();
        let has = |table: &str| snapshot.tables.contains_key(table);
        let counts = self
            .counts_in_shadow(header, of, of.since, snapshot)
            .await?;
        let mut sums = Sums::default();
        let [mut p50_ms, mut p99_ms, mut scores] = [None; 3];
        let mut found = None;
        if counts.asked > 0 {
            let asks = Asks {
                product: &header.name,
                of,
                from: latest(counts.asked, of.since, now),
                has: &has,
            };
            for batch in self.lake.query_at(&asks.alike(), snapshot).await? {
                sums.add(&batch);
            }
            if let Some(batch) = self.lake.query_at(&asks.times(), snapshot).await?.first() {
                let number = |column: usize| {
                    let of = batch.column(column).as_primitive::<Float64Type>();
                    (batch.num_rows() > 0 && of.is_valid(0)).then(|| of.value(0))
                };
                [p50_ms, p99_ms] = [0, 1].map(number);
                scores = number(2).filter(|of| of.is_finite());
            }
            if let Judged::Bought { window_days } = product.judged()
                && has("sales")
                && let Some(known) = self.known_until(snapshot).await?
            {
                let sql = asks.bought(window_days, known.of_utc);
                let batches = self.lake.query_at(&sql, snapshot).await?;
                found = batches.first().map(|batch| bought(batch, window_days));
            }
        }
        let until = of.until(header);
        Ok(Shadow {
            version: of.version,
            shown: of.shown,
            since: of.since,
            until,
            counts,
            compared: sums.asked,
            p50_ms,
            p99_ms,
            first_alike: sums.all.share(),
            shown_too: (sums.shown > 0).then(|| sums.alike as f64 / sums.shown as f64),
            scores,
            by: sums.by(),
            found,
            verdict: counts.verdict(header, until, now),
        })
    }

    /// What became of questions since a moment: cheap, for it is looked at every minute.
    async fn counts_in_shadow(
        &self,
        header: &Header,
        of: InShadow,
        from: Timestamp,
        snapshot: &Snapshot,
    ) -> Result<Counts, ShadowError> {
        let has = |table: &str| snapshot.tables.contains_key(table);
        if !has("shadow_answers") || !has("decisions") {
            return Ok(Counts::default());
        }
        let asks = Asks {
            product: &header.name,
            of,
            from,
            has: &has,
        };
        let one = async |sql: String| -> Result<Option<RecordBatch>, ShadowError> {
            let batches = self.lake.query_at(&sql, snapshot).await?;
            Ok(batches.into_iter().find(|batch| batch.num_rows() > 0))
        };
        let Some(batch) = one(asks.counts()).await? else {
            return Ok(Counts::default());
        };
        let [asked, late, refused, failed, without] =
            [0, 1, 2, 3, 4].map(|column| count(&batch, column)(0));
        // Where nothing was shown either, nothing is no failure.
        let empty = match without {
            0 => 0,
            _ => one(asks.empty())
                .await?
                .map_or(0, |batch| count(&batch, 0)(0)),
        };
        Ok(Counts {
            asked,
            late,
            refused,
            failed,
            empty,
        })
    }
}

/// From when on about as many questions are the latest as are compared.
fn latest(asked: u64, since: Timestamp, now: Timestamp) -> Timestamp {
    if asked <= COMPARED_MAX {
        return since;
    }
    let lasted = now.duration_since(since).as_secs_f64().max(0.0);
    let kept = lasted * COMPARED_MAX as f64 / asked as f64;
    let back = SignedDuration::try_from_secs_f64(kept).unwrap_or(SignedDuration::ZERO);
    now.checked_sub(back).unwrap_or(since).max(since)
}

impl InShadow {
    /// When it may answer the shop at the earliest.
    fn until(self, header: &Header) -> Timestamp {
        let hours = header.retraining.shadow_hours.unwrap_or_default();
        self.since + SignedDuration::from_hours(i64::from(hours))
    }
}

impl Shadow {
    /// What there is to say of it, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Counts {
            asked,
            late,
            refused,
            failed,
            ..
        } = self.counts;
        let verdict = &self.verdict;
        let alike = self.first_alike.point().map_or_else(String::new, |alike| {
            format!(", the same first on {:.0} %", 100.0 * alike)
        });
        format!(
            "version {} answers in the shadow of version {} since {:.0}: {asked} questions, {late} late, {refused} refused, {failed} failed{alike}; {verdict}",
            self.version, self.shown, self.since
        )
    }
}

/// What is asked of the lake.
struct Asks<'a> {
    product: &'a str,
    of: InShadow,
    /// The first moment that is looked at.
    from: Timestamp,
    has: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Asks<'_> {
    /// `unseen` and `shown`: what each version answered, one row per question; `judged`: both beside each other.
    fn tables(&self) -> String {
        let product = quoted(self.product);
        let InShadow { shown, .. } = self.of;
        let from = self.from;
        format!(
            "mine AS (SELECT * FROM shadow_answers WHERE {mine}),
            theirs AS (SELECT * FROM decisions WHERE product = {product} AND version = {shown}
                AND decided_at >= TIMESTAMP '{from}'),
            unseen AS (SELECT decision_id, max(outcome) AS outcome, max(took_micros) AS took,
                min(decided_at) AS decided_at, max(customer_id) AS customer_id, max(placement) AS placement,
                max(subject_product_id) AS subject, max(position) AS items,
                max(CASE WHEN position = 1 THEN action END) AS top,
                max(CASE WHEN position = 1 THEN score END) AS score
                FROM mine GROUP BY decision_id),
            shown AS (SELECT decision_id, max(position) AS items, max(CASE WHEN position = 1 THEN action END) AS top,
                max(CASE WHEN position = 1 THEN score END) AS score
                FROM theirs GROUP BY decision_id),
            alike AS (SELECT mine.decision_id, count(*) AS alike FROM mine
                JOIN theirs ON theirs.decision_id = mine.decision_id AND theirs.action = mine.action
                WHERE mine.position >= 1 AND theirs.position >= 1 GROUP BY mine.decision_id),
            judged AS (SELECT unseen.*, shown.items AS shown_items, shown.score AS shown_score,
                coalesce(alike.alike, 0) AS alike, unseen.top IS NOT DISTINCT FROM shown.top AS first_alike
                FROM unseen JOIN shown ON shown.decision_id = unseen.decision_id
                LEFT JOIN alike ON alike.decision_id = unseen.decision_id)",
            mine = self.mine(),
        )
    }

    /// Which rows of `shadow_answers` are the challenger's.
    fn mine(&self) -> String {
        let InShadow { version, shown, .. } = self.of;
        format!(
            "product = {} AND version = {version} AND shown_version = {shown} AND decided_at >= TIMESTAMP '{}'",
            quoted(self.product),
            self.from
        )
    }

    /// How many questions, and what became of them.
    fn counts(&self) -> String {
        let sum = |of: &str| format!("coalesce(sum(CASE WHEN {of} THEN 1 ELSE 0 END), 0)");
        format!(
            "SELECT count(*), {}, {}, {}, {} FROM shadow_answers WHERE position <= 1 AND {}",
            sum("outcome = 'late'"),
            sum("outcome = 'refused'"),
            sum("outcome = 'failed'"),
            sum("outcome = 'answered' AND position = 0"),
            self.mine()
        )
    }

    /// How many answers hold nothing where something was shown.
    fn empty(&self) -> String {
        format!(
            "SELECT count(*) FROM decisions WHERE position = 1 AND product = {} AND decided_at >= TIMESTAMP '{}'
                AND decision_id IN (SELECT decision_id FROM shadow_answers
                    WHERE position = 0 AND outcome = 'answered' AND {})",
            quoted(self.product),
            self.from,
            self.mine()
        )
    }

    /// Questions by what became of them and whom they are about.
    fn alike(&self) -> String {
        let values: Vec<String> = Attribute::OF_LISTS
            .iter()
            .map(|of| format!("{} AS of_{}", of.sql(self.has), *of as usize))
            .collect();
        let all: Vec<String> = (1..=Attribute::OF_LISTS.len() + 2)
            .map(|place| place.to_string())
            .collect();
        format!(
            "WITH {tables}
            SELECT {values}, outcome = 'answered' AS in_time, first_alike, count(*) AS asked, sum(alike) AS alike,
                sum(shown_items) AS shown
            FROM judged {joins} GROUP BY {all} ORDER BY {all}",
            tables = self.tables(),
            values = values.join(", "),
            joins = joins(self.has),
            all = all.join(", "),
        )
    }

    /// How long answers took, and how scores go together.
    fn times(&self) -> String {
        format!(
            "WITH {}
            SELECT approx_percentile_cont(CAST(took AS DOUBLE), 0.5) / 1000,
                approx_percentile_cont(CAST(took AS DOUBLE), 0.99) / 1000,
                corr(score, shown_score)
            FROM judged",
            self.tables()
        )
    }

    /// Of customers who bought something within some days of a question, those who bought what each version named: the
    /// first question of a day about a customer at a place stands for all of them.
    ///
    /// - `until`: the first day of which no sale is known.
    fn bought(&self, window_days: u16, until: AsOf) -> String {
        let complete = until.minus_days(i32::from(window_days));
        format!(
            "WITH {tables},
            firsts AS (SELECT min(decision_id) AS decision_id FROM judged
                WHERE customer_id IS NOT NULL AND outcome = 'answered' AND decided_at < TIMESTAMP '{complete}T00:00:00Z'
                GROUP BY customer_id, coalesce(placement, ''), CAST(decided_at AS DATE)),
            came AS (SELECT judged.decision_id, sales.product_id FROM judged
                JOIN firsts ON firsts.decision_id = judged.decision_id
                JOIN sales ON sales.customer_id = judged.customer_id AND sales.sold_at > judged.decided_at
                    AND sales.sold_at <= judged.decided_at + INTERVAL '{window_days} days' AND NOT sales.is_return),
            hits AS (SELECT came.decision_id,
                max(CASE WHEN theirs.action IS NULL THEN 0 ELSE 1 END) AS shown,
                max(CASE WHEN mine.action IS NULL THEN 0 ELSE 1 END) AS unseen
                FROM came
                LEFT JOIN theirs ON theirs.decision_id = came.decision_id AND theirs.action = came.product_id
                LEFT JOIN mine ON mine.decision_id = came.decision_id AND mine.action = came.product_id
                GROUP BY came.decision_id)
            SELECT count(*), coalesce(sum(shown), 0), coalesce(sum(unseen), 0) FROM hits",
            tables = self.tables(),
        )
    }
}

/// What was bought of what both versions named.
fn bought(batch: &RecordBatch, window_days: u16) -> FoundByCustomers {
    let of = |column| count(batch, column)(0);
    let customers = of(0);
    let share = |hits: u64| Estimate::share(hits as f64, customers, "customers who bought since");
    FoundByCustomers {
        window_days,
        shown: share(of(1)),
        unseen: share(of(2)),
    }
}

/// Questions answered in time, and those of them on which both versions name the same first.
#[derive(Debug, Clone, Copy, Default)]
struct Alike {
    asked: u64,
    first_alike: u64,
}

impl Alike {
    fn add(&mut self, asked: u64, first_alike: bool) {
        self.asked += asked;
        self.first_alike += if first_alike { asked } else { 0 };
    }

    fn share(self) -> Estimate {
        Estimate::share(self.first_alike as f64, self.asked, "answers in the shadow")
    }
}

/// What [`Asks::alike`] gives, added up.
#[derive(Debug, Default)]
struct Sums {
    asked: u64,
    all: Alike,
    by: [BTreeMap<String, Alike>; Attribute::OF_LISTS.len()],
    /// Actions that were shown, and those of them that both named.
    shown: u64,
    alike: u64,
}

impl Sums {
    fn add(&mut self, batch: &RecordBatch) {
        let attributes = Attribute::OF_LISTS.len();
        let flag = |column: usize| batch.column(attributes + column).as_boolean().clone();
        let values: [_; Attribute::OF_LISTS.len()] =
            std::array::from_fn(|column| batch.column(column).as_string::<i32>().clone());
        let (in_time, first_alike) = (flag(0), flag(1));
        let [asked, alike, shown] = [2, 3, 4].map(|column| count(batch, attributes + column));
        for row in 0..batch.num_rows() {
            let asked = asked(row);
            self.asked += asked;
            if !in_time.value(row) {
                continue;
            }
            self.all.add(asked, first_alike.value(row));
            self.alike += alike(row);
            self.shown += shown(row);
            for (by, values) in self.by.iter_mut().zip(&values) {
                let of = by.entry(values.value(row).to_owned()).or_default();
                of.add(asked, first_alike.value(row));
            }
        }
    }

    /// The segments of each attribute that has several.
    fn by(&self) -> Vec<Differs> {
        let segments = |values: &BTreeMap<String, Alike>| {
            let mut segments: Vec<Segment> = values
                .iter()
                .map(|(value, alike)| Segment {
                    value: value.clone(),
                    asked: alike.asked,
                    first_alike: alike.share(),
                })
                .collect();
            segments.sort_by(|a, b| b.asked.cmp(&a.asked).then(a.value.cmp(&b.value)));
            segments.truncate(SEGMENTS);
            segments
        };
        Attribute::OF_LISTS
            .into_iter()
            .zip(&self.by)
            .filter(|(_, values)| values.len() > 1)
            .map(|(by, values)| Differs {
                by,
                segments: segments(values),
            })
            .collect()
    }
}

impl Counts {
    /// What follows of them.
    fn verdict(&self, header: &Header, until: Timestamp, now: Timestamp) -> Verdict {
        let bad = self.late + self.refused + self.failed;
        let allowed = self.asked as f64 * (1.0 - header.promises.version_share);
        if is_too_many(bad, allowed) {
            let because = format!(
                "{bad} of {} questions in the shadow had no answer by the deadline ({} late, {} refused, {} failed), {} may have none",
                self.asked,
                self.late,
                self.refused,
                self.failed,
                short(allowed)
            );
            return Verdict::Failed { because };
        }
        let allowed = self.asked as f64 * EMPTY_MAX;
        if is_too_many(self.empty, allowed) {
            let because = format!(
                "{} of {} answers in the shadow hold nothing where something was shown",
                self.empty, self.asked
            );
            return Verdict::Failed { because };
        }
        let wanted = u64::from(header.retraining.shadow_answers_min);
        if now < until {
            let because = format!("its hours in the shadow are over at {until:.0}");
            return Verdict::Waits { because };
        }
        if self.asked < wanted {
            let because = format!(
                "it answered {} questions in the shadow, {wanted} are asked for",
                self.asked
            );
            return Verdict::Waits { because };
        }
        let because = format!(
            "{} questions in the shadow, {bad} without an answer by the deadline",
            self.asked
        );
        Verdict::Passed { because }
    }
}
