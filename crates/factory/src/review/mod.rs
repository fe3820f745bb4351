//! What every data product promised, and whether it keeps it: the review of a portfolio.
//!
//! Reading order: [`Review`] (what is told), [`service`] (how products answered), [`noted`] (what came of their decisions,
//! joined once: of lists by [`judged`], held against each other by [`at_positions`]; of forecasts of series by [`forecasts`], of customers by [`buyers`], of launches
//! by [`launches`], and of orders by [`orders`], as [`sums`]), [`outcomes`] (what that says), [`expected`] (what decisions
//! that wait will have led to), [`inputs`] (whether what they read is what it was), [`table_ages`] (how old these are), [`value`]
//! (what they earn), [`standing`] (each promise
//! beside what was measured), [`cause`] (why decisions became worse), [`makes_room`]
//! (whether the version before answers again for that), [`shadow`] (what a challenger answers to the same questions),
//! [`trial`] (what came of a challenger's decisions), [`heard`] (what experiments say of it), [`next_training`] (what one more training would gain).

mod at_positions;
mod attribute;
mod buyers;
mod cause;
mod expected;
mod forecasts;
mod good;
mod heard;
mod inputs;
mod judged;
mod launches;
mod makes_room;
mod next_training;
mod noted;
mod orders;
mod outcomes;
mod rollback;
mod service;
mod shadow;
mod spread;
mod standing;
mod sums;
mod table_ages;
mod trial;
mod value;

pub use at_positions::AtPositions;
pub use attribute::Attribute;
pub use cause::{Brought, Kinds, Lineage, Most, OfColumn, OfColumns, Split, Why};
pub use expected::Expected;
pub use good::what_is_good;
pub use inputs::{Inputs, InputsError, ReadBy, Shifted};
pub use makes_room::MakesRoom;
pub use monitoring::cause::{ColumnPart, NamedPart, Part};
pub use monitoring::latency::Histogram;
pub use monitoring::positions::Compared;
pub use next_training::{ExpectedGain, LearntFrom, NextTraining};
pub use outcomes::{Errors, Fell, Live, Measured, OutcomesError, Season};
pub use rollback::WatchChampionsError;
pub use service::{Answered, Service, fold};
pub use shadow::{
    Counts, FoundByCustomers, Segment, Shadow, ShadowError, Verdict, WatchChallengersError,
};
pub use standing::{Kept, Promised, SLOT_MINUTES, State, Unit};
pub use trial::{Drawn, OnTrial, Trial};

use crate::import::RefusedSource;
use crate::incidents::Incident;
use crate::{CHAMPION, Workshop};
use jiff::Timestamp;
use lake::LakeError;
use products::{Header, Product};
use registry::{RunStatus, StoreError};
use schema::progress::Progress;
use schema::{AsOf, Metric, Scorecard};
use serde::Serialize;
use std::collections::BTreeMap;

/// Why a portfolio cannot be reviewed.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// The lake.
    #[error("read the lake")]
    Lake(#[from] LakeError),
    /// What decisions led to.
    #[error("join decisions with what came after")]
    Outcomes(#[from] OutcomesError),
    /// The tables that products read.
    #[error("watch the tables that products read")]
    Inputs(#[from] InputsError),
    /// What challengers answer.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
}

/// A portfolio as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Review {
    /// The moment.
    pub at: Timestamp,
    /// The first day of which no sale is known; absent where there is none.
    pub data_until: Option<AsOf>,
    /// What of the tables that products read has changed.
    pub inputs: Inputs,
    /// The products, the worst first, then by name.
    pub products: Vec<Reviewed>,
}

/// One product as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Reviewed {
    /// What its file says of all.
    #[serde(flatten)]
    pub header: Header,
    /// The worst of its promises.
    pub state: State,
    /// The version that answers, where there is one.
    pub version: Option<Answers>,
    /// Promises beside what was measured, the worst first.
    pub standing: Vec<Kept>,
    /// How it answered within the period.
    pub service: Service,
    /// What its decisions led to.
    pub live: Live,
    /// What decisions that wait for their outcomes will turn out to have led to; absent where none waits, or they are no
    /// lists of products.
    pub expected: Option<Expected>,
    /// Where its decisions became worse: why. Absent where they did not.
    pub why: Option<Why>,
    /// Where the version that answers is why, and its file asks for that: the one before it answers again once a job
    /// reviews.
    pub makes_room: Option<MakesRoom>,
    /// What its challenger answers in the shadow, where one does.
    pub shadow: Option<Shadow>,
    /// What the decisions of its challenger led to, where one answers a share of the customers.
    pub trial: Option<Trial>,
    /// What one more training is expected to gain, beside what it costs; absent where its file says no cost.
    pub next_training: Option<NextTraining>,
    /// The last training.
    pub last_run: Option<LastRun>,
    /// The last incident about it, an open one first; absent where it never had one.
    pub last_incident: Option<Incident>,
}

impl Reviewed {
    /// The smallest share of what may still go wrong, of all its promises; `None` where of none it can be said.
    #[must_use]
    pub fn budget_left(&self) -> Option<f64> {
        let left = self.standing.iter().filter_map(|kept| kept.budget_left);
        left.min_by(f64::total_cmp)
    }

    /// What it earns per period beside what it promised to; `None` where it promised nothing.
    #[must_use]
    pub fn value(&self) -> Option<&Kept> {
        let mut standing = self.standing.iter();
        standing.find(|kept| kept.promise == Promised::Value)
    }
}

/// The version that answers.
#[derive(Debug, Clone, Serialize)]
pub struct Answers {
    /// Its number.
    pub number: u32,
    /// Since when it answers.
    pub since: Timestamp,
    /// The first day that it does not know; absent where its run is not kept.
    pub as_of: Option<AsOf>,
    /// What it was measured to be worth before it answered, by its first measure.
    pub at_launch: Option<Metric>,
}

/// A training.
#[derive(Debug, Clone, Serialize)]
pub struct LastRun {
    /// When it began.
    pub started_at: Timestamp,
    /// How it ended.
    #[serde(flatten)]
    pub status: RunStatus,
}

impl Review {
    /// The worst state of all.
    #[must_use]
    pub fn state(&self) -> State {
        let states = self.products.iter().map(|product| product.state);
        states.max().unwrap_or(State::Unknown)
    }
}

impl Workshop {
    /// Reviews some of the products, or all where none is named.
    ///
    /// What decisions led to is worked out for days that have become complete since the last review, and kept in the
    /// registry: the same review a second time only reads.
    ///
    /// # Errors
    /// [`ReviewError`] when lake or registry cannot be read.
    pub async fn review(
        &self,
        names: &[String],
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Review, ReviewError> {
        let snapshot = self.lake.snapshot().await?;
        let known_until = if snapshot.tables.contains_key("sales") {
            self.known_until(&snapshot).await?
        } else {
            None
        };
        let data_until = known_until.map(|known| known.of_shop);
        let of_service = service::of_products(self, now).await?;
        let table_until = table_ages::known_until(self, names, &snapshot, now).await?;
        let chosen: Vec<_> = self
            .project
            .products
            .iter()
            .filter(|product| names.is_empty() || names.contains(&product.header().name))
            .collect();
        progress.stage_of_time("join decisions with what came after", None);
        let pending = noted::note(self, &chosen, &snapshot, known_until).await?;
        progress.stage_of_time("watch the tables that products read", None);
        let of_utc = known_until.map(|known| known.of_utc);
        let inputs = inputs::watch(self, &snapshot, of_utc).await?;
        let mut products = Vec::with_capacity(chosen.len());
        let mut found = Vec::with_capacity(chosen.len());
        progress.stage("review", chosen.len() as u64);
        for product in chosen {
            let name = &product.header().name;
            let waiting = pending.get(name).cloned().unwrap_or_default();
            let version = self.answers(name).await?;
            let since = version.as_ref().map(|version| version.since);
            let live = outcomes::live(self, product.as_ref(), &snapshot, since, waiting.all);
            let live = live.await?;
            let number = version.as_ref().map_or(0, |version| version.number);
            let expected = waiting.expected(self, name, number).await?;
            found.push((product, version, live, expected));
        }
        let falls: Vec<cause::Falling<'_>> = found
            .iter()
            .filter_map(|(product, _, live, _)| cause::Falling::of(product.as_ref(), live, &inputs))
            .collect();
        let mut splits = cause::of_falls(self, &snapshot, &falls).await?;
        // Only a fall asks where columns came from and which imports were refused.
        let has_fallen = |live: &Live| matches!(live, Live::Measured(of) if of.fell.is_some());
        let (tables, refused) = if found.iter().any(|(_, _, live, _)| has_fallen(live)) {
            let tables = cause::Tables::read(self, &snapshot, &inputs).await?;
            (tables, self.refused_imports().await?)
        } else {
            Default::default()
        };
        for (product, version, live, expected) in found {
            let name = &product.header().name;
            let value = value::of(self, product.header()).await;
            let known = next_training::Known {
                header: product.header(),
                version: version.as_ref(),
                live: &live,
                value: value.as_ref(),
                data_until,
            };
            let next_training = next_training::of(self, &known).await?;
            let found = Found {
                split: splits.remove(name),
                inputs: &inputs,
                tables: &tables,
                refused: &refused,
                now,
                data_until,
                table_until: &table_until,
                version,
                service: of_service.get(name).cloned().unwrap_or_default(),
                live,
                expected,
                shadow: self.shadow(product.as_ref(), now).await?,
                trial: self.trial(product.as_ref()).await?,
                value,
                next_training,
            };
            products.push(self.reviewed(product.as_ref(), found).await?);
            progress.advance(1);
        }
        progress.end();
        products.sort_by(|a, b| {
            let by_name = a.header.name.cmp(&b.header.name);
            b.state.cmp(&a.state).then(by_name)
        });
        Ok(Review {
            at: now,
            data_until,
            inputs,
            products,
        })
    }

    /// Takes what a review of a moment ago has opened and closed into it, once that is noted.
    ///
    /// # Errors
    /// [`StoreError`] when the registry cannot be read.
    pub async fn with_incidents(&self, mut review: Review) -> Result<Review, StoreError> {
        for product in &mut review.products {
            let name = &product.header.name;
            product.last_incident = self.latest_incident(name, review.at).await?;
        }
        Ok(review)
    }

    async fn reviewed(
        &self,
        product: &dyn Product,
        mut found: Found<'_>,
    ) -> Result<Reviewed, ReviewError> {
        let header = product.header();
        let last = self
            .registry
            .runs(&header.name, 1)
            .await?
            .into_iter()
            .next();
        let standing = standing::of(header, &found);
        let state = standing.iter().map(|kept| kept.state).max();
        let why = found.why(product, &standing);
        let fallen = makes_room::Fallen {
            live: &found.live,
            why: why.as_ref(),
            version: found.version.as_ref(),
            refused: found.refused,
        };
        let makes_room = self.makes_room(product, &fallen, found.now).await?;
        Ok(Reviewed {
            header: header.clone(),
            state: state.unwrap_or(State::Unknown),
            version: found.version,
            standing,
            service: found.service,
            live: found.live,
            expected: found.expected,
            why,
            makes_room,
            shadow: found.shadow,
            trial: found.trial,
            next_training: found.next_training,
            last_run: last.map(|run| LastRun {
                started_at: run.started_at,
                status: run.status,
            }),
            last_incident: self.latest_incident(&header.name, found.now).await?,
        })
    }

    /// The version that answers, with what was measured of it.
    async fn answers(&self, name: &str) -> Result<Option<Answers>, StoreError> {
        let Some(alias) = self.registry.alias(name, CHAMPION).await? else {
            return Ok(None);
        };
        let Some(version) = self.registry.version(name, alias.version).await? else {
            return Ok(None);
        };
        let run = self.registry.run(&version.run).await?;
        let scorecard: Option<Scorecard> = serde_json::from_value(version.scorecard).ok();
        Ok(Some(Answers {
            number: alias.version,
            since: alias.since,
            as_of: run.map(|run| run.as_of),
            at_launch: scorecard.and_then(|card| card.metrics.into_iter().next()),
        }))
    }
}

/// What was found of a product.
struct Found<'a> {
    split: Option<Split>,
    inputs: &'a Inputs,
    tables: &'a cause::Tables,
    refused: &'a BTreeMap<String, RefusedSource>,
    now: Timestamp,
    data_until: Option<AsOf>,
    /// Of tables whose age is promised the first day of which no row is known; `None` where there is none.
    table_until: &'a BTreeMap<String, Option<AsOf>>,
    version: Option<Answers>,
    service: Service,
    live: Live,
    expected: Option<Expected>,
    shadow: Option<Shadow>,
    trial: Option<Trial>,
    value: Option<value::Value>,
    next_training: Option<NextTraining>,
}

impl Found<'_> {
    /// Why decisions became worse, where they did.
    fn why(&mut self, product: &dyn Product, standing: &[Kept]) -> Option<Why> {
        let Live::Measured(live) = &self.live else {
            return None;
        };
        let header = product.header();
        let of_times = |kept: &&Kept| {
            matches!(kept.promise, Promised::LatencyP50 | Promised::LatencyP99)
                && kept.state > State::Unknown
        };
        let around = cause::Around {
            product: &header.name,
            of: cause::Kinds::of(product.judged()),
            reads: cause::reads(header),
            version: self.version.as_ref(),
            inputs: self.inputs,
            late: standing.iter().find(of_times).map(Kept::sentence),
            refused: self.refused,
            tables: self.tables,
        };
        Some(cause::why(live, live.fell?, self.split.take(), &around))
    }
}

/// What is known of each product by its name.
type ByProduct<T> = BTreeMap<String, T>;
