//! What every data product promised, and whether it keeps it: the review of a portfolio.
//!
//! Reading order: [`Review`] (what is told), [`service`] (how products answered), [`outcomes`] (what their decisions led
//! to), [`inputs`] (whether what they read is what it was), [`standing`] (each promise beside what was measured).

mod inputs;
mod outcomes;
mod rollback;
mod service;
mod standing;

pub use inputs::{Inputs, InputsError, Shifted};
pub use outcomes::{Fell, Live, Measured, OutcomesError};
pub use rollback::WatchChampionsError;
pub use service::{Answered, Service, fold};
pub use standing::{Kept, Promised, SLOT_MINUTES, State, Unit};

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
    /// Where its decisions became worse: what else changed on the days around, in sentences; empty where nothing did that
    /// is watched, so that what customers want may have. Absent where they did not.
    pub coincides: Option<Vec<String>>,
    /// The last training.
    pub last_run: Option<LastRun>,
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
        let data_until = if snapshot.tables.contains_key("sales") {
            self.day_after_last_sale(&snapshot).await?
        } else {
            None
        };
        let of_service = service::of_products(self, now).await?;
        let chosen: Vec<_> = self
            .project
            .products
            .iter()
            .filter(|product| names.is_empty() || names.contains(&product.header().name))
            .collect();
        progress.stage_of_time("join decisions with what came after", None);
        let pending = outcomes::note(self, &chosen, &snapshot, data_until).await?;
        progress.stage_of_time("watch the tables that products read", None);
        let inputs = inputs::watch(self, &snapshot, data_until).await?;
        let mut products = Vec::with_capacity(chosen.len());
        progress.stage("review", chosen.len() as u64);
        for product in chosen {
            let name = &product.header().name;
            let waits = pending.get(name).copied().unwrap_or(0);
            let version = self.answers(name).await?;
            let since = version.as_ref().map(|version| version.since);
            let live = outcomes::live(self, product.as_ref(), since, waits).await?;
            let coincides = coincides(name, &live, version.as_ref(), &inputs);
            let found = Found {
                coincides,
                now,
                data_until,
                version,
                service: of_service.get(name).cloned().unwrap_or_default(),
                live,
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

    async fn reviewed(&self, product: &dyn Product, found: Found) -> Result<Reviewed, StoreError> {
        let header = product.header();
        let last = self
            .registry
            .runs(&header.name, 1)
            .await?
            .into_iter()
            .next();
        let standing = standing::of(header, &found);
        let state = standing.iter().map(|kept| kept.state).max();
        Ok(Reviewed {
            header: header.clone(),
            state: state.unwrap_or(State::Unknown),
            version: found.version,
            standing,
            service: found.service,
            live: found.live,
            coincides: found.coincides,
            last_run: last.map(|run| LastRun {
                started_at: run.started_at,
                status: run.status,
            }),
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

/// Days between a change and a fall of quality within which one may be the reason of the other: both are dated by what
/// explains most, which is off by some days.
const AROUND_DAYS: i32 = 7;

/// What else changed when a product's decisions became worse; `None` where they did not, or it is not known when.
fn coincides(
    product: &str,
    live: &Live,
    version: Option<&Answers>,
    inputs: &Inputs,
) -> Option<Vec<String>> {
    let Live::Measured(live) = live else {
        return None;
    };
    let since = live.fell.as_ref()?.likely_since?;
    let is_near = |day: AsOf| (day.epoch_day() - since.epoch_day()).abs() <= AROUND_DAYS;
    let of_version = version.and_then(|version| {
        let day = AsOf(version.since.to_zoned(jiff::tz::TimeZone::UTC).date());
        let number = version.number;
        is_near(day).then(|| format!("version {number} began to answer on {day}"))
    });
    let is_read = |shifted: &&Shifted| shifted.read_by.iter().any(|name| name == product);
    let of_inputs = inputs
        .shifted
        .iter()
        .filter(is_read)
        .filter(|shifted| shifted.since.is_some_and(is_near))
        .map(Shifted::sentence);
    Some(of_version.into_iter().chain(of_inputs).collect())
}

/// What was found of a product.
struct Found {
    coincides: Option<Vec<String>>,
    now: Timestamp,
    data_until: Option<AsOf>,
    version: Option<Answers>,
    service: Service,
    live: Live,
}

/// What is known of each product by its name.
type ByProduct<T> = BTreeMap<String, T>;

#[cfg(test)]
mod tests {
    use super::*;
    use monitoring::inputs::Aspect;
    use schema::{Estimate, WhyNot};

    fn day(text: &str) -> AsOf {
        AsOf(text.parse().unwrap())
    }

    /// A product whose decisions became worse on a day.
    fn fell(since: &str) -> Live {
        let unknown = || {
            Estimate::NotMeasurable(WhyNot::NoVariation {
                what: String::new(),
            })
        };
        Live::Measured(Measured {
            what: String::new(),
            good: unknown(),
            at_launch: unknown(),
            launch_days: (day("2026-01-01"), day("2026-01-28")),
            allowed: 0.5,
            days: Vec::new(),
            baseline: unknown(),
            fell: Some(Fell {
                seen: day("2026-06-01"),
                likely_since: Some(day(since)),
            }),
            pending: 0,
        })
    }

    fn shifted(column: &str, since: &str, read_by: &str) -> Shifted {
        Shifted {
            table: "sales".to_owned(),
            column: column.to_owned(),
            aspect: Aspect::Values,
            since: Some(day(since)),
            share: 0.9,
            read_by: vec![read_by.to_owned()],
        }
    }

    #[test]
    fn what_changed_around_a_fall_is_named_and_what_did_at_another_time_or_for_others_is_not() {
        let inputs = Inputs {
            since: Some(day("2026-04-01")),
            watched: Vec::new(),
            shifted: vec![
                shifted("unit_price_cents", "2026-05-18", "for-you"),
                shifted("channel", "2026-04-02", "for-you"),
                shifted("quantity", "2026-05-20", "value"),
            ],
        };
        let answers = Answers {
            number: 3,
            since: "2026-05-14T04:00:00Z".parse().unwrap(),
            as_of: None,
            at_launch: None,
        };
        let told = |since: &str| {
            let live = fell(since);
            coincides("for-you", &live, Some(&answers), &inputs).unwrap()
        };
        let around = told("2026-05-20");
        assert_eq!(around.len(), 2, "{around:?}");
        assert_eq!(around[0], "version 3 began to answer on 2026-05-14");
        assert!(around[1].contains("unit_price_cents"), "{around:?}");
        assert!(told("2026-05-30").is_empty());
        let steady = Live::NotJudged {
            because: String::new(),
        };
        assert_eq!(coincides("for-you", &steady, Some(&answers), &inputs), None);
    }
}
