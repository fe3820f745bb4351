//! One run of the loop for one data product: memory, history, training, measurement, gate, promotion.

use crate::workshop::{CHAMPION, Workshop};
use features::History;
use lake::Snapshot;
use products::{Artefact, FitError, Header, Product, Promotes, Size};
use registry::{
    Made, NewRun, NewVersion, Place, Published, RunCost, RunStatus, Signature, TableVersion,
};
use schema::progress::Progress;
use schema::{AsOf, Bytes, RunId, Scorecard};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who signs that a version answers by its gate.
pub(crate) const WHO: &str = "comptoir run";

/// How a run is to be done.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The first day that must not be known; the day after the last sale where absent.
    pub as_of: Option<AsOf>,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Now.
    pub now: jiff::Timestamp,
    /// The job that asks for it with the moment when that was due: what an earlier attempt at it trained is not trained
    /// again. `None` where a person asks.
    pub attempt: Option<String>,
}

/// What came of one run.
#[derive(Debug, Clone, Serialize)]
pub struct RunOutcome {
    /// The product.
    pub product: String,
    /// Its kind.
    pub kind: String,
    /// The run.
    pub run: RunId,
    /// The version it registered.
    pub version: u32,
    /// The first day not known.
    pub as_of: AsOf,
    /// What the version was measured to be worth.
    pub scorecard: Scorecard,
    /// What it learned, for a person.
    pub summary: Vec<String>,
    /// Whether it became champion.
    pub promoted: bool,
    /// What it waits for, where it passed its gate and does not answer yet.
    pub waits_for: Option<WaitsFor>,
    /// The gate's sentence.
    pub because: String,
    /// Milliseconds from start to end.
    pub duration_ms: u64,
    /// Largest memory of the process so far.
    pub peak_memory_bytes: Option<u64>,
}

/// What a challenger waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// A person lets it answer.
    Person,
    /// It answers in the shadow of the champion first.
    Shadow,
    /// It answers a share of the customers first.
    Trial,
}

/// Why a run ended without a version.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data.
    #[error("load the history of {product}")]
    Load {
        /// The product.
        product: String,
        /// Why.
        #[source]
        source: features::LoadError,
    },
    /// It would need more memory than the budget.
    #[error(
        "run {product}: training needs up to {needed}, the budget is {budget}; raise --memory or [engine] memory in comptoir.toml"
    )]
    OverBudget {
        /// The product.
        product: String,
        /// What it would need.
        needed: Bytes,
        /// What it may take.
        budget: Bytes,
    },
    /// The history ends before there is anything to hold out.
    #[error(
        "run {product}: the history before {as_of} has {found_days} days, at least {needed_days} needed to hold out {held_out_days} of them"
    )]
    TooShort {
        /// The product.
        product: String,
        /// The first day not known.
        as_of: AsOf,
        /// Days of history.
        found_days: i32,
        /// Days needed.
        needed_days: u32,
        /// Days held out.
        held_out_days: u32,
    },
    /// The training.
    #[error("train {product}")]
    Fit {
        /// The product.
        product: String,
        /// Why.
        #[source]
        source: FitError,
    },
    /// What was trained would not be read back as it is.
    #[error("keep what was trained of {product}")]
    Unreadable {
        /// The product.
        product: String,
        /// Why.
        #[source]
        source: products::LoadError,
    },
    /// The registry.
    #[error("record the run of {product}")]
    Registry {
        /// The product.
        product: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Largest resident memory of this process so far; `None` where the system does not say.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// How often a run tells the registry that it lives. Silent ten times as long, it counts as dead.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// After so long without a sign a run is taken for dead.
const TAKEN_FOR_DEAD: jiff::SignedDuration = jiff::SignedDuration::from_secs(300);

/// Runs among which one is sought that tells how long a run takes.
const RUNS_LOOKED_AT: u32 = 10;

/// Shortest training history, in multiples of what is held out.
const HISTORY_PER_HELD_OUT: u32 = 2;

/// Days of history that a training needs, those held out among them.
pub(crate) fn needed_days(product: &dyn Product) -> u32 {
    product
        .held_out_days()
        .saturating_mul(HISTORY_PER_HELD_OUT + 1)
}

/// A run identifier: product, moment and seed, so that no two runs of one process share it.
fn run_id(product: &str, options: &RunOptions) -> RunId {
    let moment = options.now.strftime("%Y%m%dT%H%M%S%6f");
    let fallback =
        || RunId::new("run").unwrap_or_else(|_| unreachable!("a constant identifier is valid"));
    RunId::new(format!("{moment}-{product}")).unwrap_or_else(|_| fallback())
}

/// Gives an error of the registry the product that it is about.
fn stored(product: &str) -> impl Fn(&dyn std::error::Error) -> RunError {
    move |error| RunError::Registry {
        product: product.to_owned(),
        source: one_line(error).into(),
    }
}

pub(crate) struct Trained {
    pub(crate) fitted: Box<dyn products::Fitted>,
    /// The format of its bytes.
    format: u32,
    /// What is kept of it, read back once.
    pub(crate) bytes: Vec<u8>,
    pub(crate) scorecard: Scorecard,
}

pub(crate) fn train(
    product: &dyn Product,
    history: &History,
    seed: u64,
    expected: Option<Duration>,
    progress: &dyn Progress,
) -> Result<Trained, RunError> {
    let started = Instant::now();
    let begin = |what: String| {
        let left = expected.map(|all| all.saturating_sub(started.elapsed()));
        progress.stage_of_time(&what, left);
    };
    let name = product.header().name.clone();
    let failed = |source| RunError::Fit {
        product: name.clone(),
        source,
    };
    let held_out_days = product.held_out_days();
    let needed_days = needed_days(product);
    if history.days() < i32::try_from(needed_days).unwrap_or(i32::MAX) {
        return Err(RunError::TooShort {
            product: name.clone(),
            as_of: history.as_of(),
            found_days: history.days(),
            needed_days,
            held_out_days,
        });
    }
    let cut = product.measured_from(history.as_of());
    // Without days that are held out a version is measured on customers that it has not seen.
    let on_days = held_out_days > 0;
    begin(format!("{name}: train before {cut}"));
    let earlier = product.fit(&history.until(cut), seed).map_err(failed)?;
    begin(if on_days {
        format!("{name}: measure on the {held_out_days} days after")
    } else {
        format!("{name}: measure on customers held out")
    });
    let mut scorecard = earlier.evaluate(history, seed);
    begin(format!(
        "{name}: train on everything before {}",
        history.as_of()
    ));
    let fitted = product
        .refit(earlier.as_ref(), history, seed)
        .map_err(failed)?;
    scorecard.weights = Some(fitted.weights());
    let artefact = fitted.artefact();
    let bytes = artefact.to_bytes();
    // Whoever answers with it reads it back: what cannot be read answers nobody.
    let back = Artefact::from_bytes(&name, &bytes).and_then(|artefact| product.load(&artefact));
    back.map_err(|source| RunError::Unreadable {
        product: name,
        source,
    })?;
    Ok(Trained {
        fitted,
        format: artefact.format,
        bytes,
        scorecard,
    })
}

impl Workshop {
    /// Refuses a product whose training would need more than the memory budget.
    ///
    /// # Errors
    /// [`RunError::OverBudget`] with both figures.
    pub fn within_budget(&self, product: &dyn Product, size: &Size) -> Result<Bytes, RunError> {
        let (needed, budget) = (product.memory_needed(size), self.project.memory);
        if needed > budget {
            let product = product.header().name.clone();
            return Err(RunError::OverBudget {
                product,
                needed,
                budget,
            });
        }
        Ok(needed)
    }

    /// Loads the history that all products of one call share.
    ///
    /// # Errors
    /// [`RunError::Load`] when there is nothing to learn from or the lake cannot be read.
    pub async fn history(
        &self,
        as_of: Option<AsOf>,
        progress: &dyn Progress,
    ) -> Result<(Arc<History>, Vec<TableVersion>), RunError> {
        let failed = |source| RunError::Load {
            product: "the products".to_owned(),
            source,
        };
        let lake = |source| {
            failed(features::LoadError::Lake {
                table: "sales",
                source,
            })
        };
        let snapshot = self.lake.snapshot().await.map_err(lake)?;
        let as_of = match as_of {
            Some(day) => day,
            None => self
                .day_after_last_sale(&snapshot)
                .await
                .map_err(lake)?
                .unwrap_or(AsOf(jiff::civil::date(1970, 1, 1))),
        };
        let history = self.history_at(&snapshot, as_of, progress).await?;
        let inputs = snapshot
            .tables
            .into_iter()
            .map(|(table, version)| TableVersion { table, version })
            .collect();
        Ok((history, inputs))
    }

    /// The history as a snapshot of the lake has it.
    pub(crate) async fn history_at(
        &self,
        snapshot: &Snapshot,
        as_of: AsOf,
        progress: &dyn Progress,
    ) -> Result<Arc<History>, RunError> {
        let failed = |source| RunError::Load {
            product: "the products".to_owned(),
            source,
        };
        let until = self.until(as_of);
        let mut history = features::load(&self.lake, snapshot, &until, &self.logs_read(), progress)
            .await
            .map_err(failed)?;
        if self.project.products.iter().any(|p| p.compares_sites()) {
            let sites = features::sites(&self.lake, snapshot, &until).await;
            history = history.with_sites(sites.map_err(failed)?);
        }
        let mut history = self.with_plans(history, snapshot).await.map_err(failed)?;
        for reads in &self.project.products {
            if let Some(product) = reads.compares_versions_of() {
                let shares = self.trial_shares(product, as_of).await;
                let shares = shares.map_err(|error| stored(&reads.header().name)(&error))?;
                history = history.with_trial_shares(product, shares);
            }
        }
        Ok(Arc::new(history))
    }

    /// Marks runs whose process died as failed: they would look busy for ever.
    ///
    /// # Errors
    /// When the registry cannot be used.
    pub async fn recover_runs(&self, now: jiff::Timestamp) -> Result<(), registry::StoreError> {
        let dead = self.registry.recover(now, TAKEN_FOR_DEAD).await?;
        for run in dead {
            tracing::warn!(%run, "an earlier run was interrupted; it is marked as failed");
        }
        Ok(())
    }

    /// How long the last of a product's recent runs took that reached its end.
    pub(crate) async fn last_duration(&self, product: &str) -> Option<Duration> {
        let runs = self.registry.runs(product, RUNS_LOOKED_AT).await.ok()?;
        let ended = runs.iter().find(|run| run.version.is_some())?;
        Some(Duration::from_millis(ended.cost?.duration_ms))
    }

    /// Waits for a training, telling the registry all the while that its run lives.
    async fn with_signs_of_life<T>(&self, run: &RunId, training: impl Future<Output = T>) -> T {
        let mut training = std::pin::pin!(training);
        loop {
            match tokio::time::timeout(SIGN_OF_LIFE, &mut training).await {
                Ok(trained) => return trained,
                // Where the registry is away for a moment, the run goes on: registering its version tells.
                Err(_) => {
                    let now = jiff::Timestamp::now();
                    if let Err(error) = self.registry.still_running(run, now).await {
                        tracing::warn!(%run, %error, "no sign of life could be given");
                    }
                }
            }
        }
    }

    /// Trains, measures, registers and, if the gate opens, promotes one product.
    ///
    /// # Errors
    /// [`RunError`]; the run is recorded as failed or refused with the same sentence.
    pub async fn run(
        &self,
        product: &Arc<dyn Product>,
        history: &Arc<History>,
        inputs: &[TableVersion],
        options: &RunOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<RunOutcome, RunError> {
        let started = Instant::now();
        let header = product.header().clone();
        let stored = stored(&header.name);
        let read: &[&str] = products::kind(&header.kind).map_or(&[], |k| k.card().reads);
        let new = NewRun {
            id: run_id(&header.name, options),
            product: header.name.clone(),
            kind: header.kind.clone(),
            as_of: history.as_of(),
            seed: options.seed,
            config_fingerprint: header.fingerprint.clone(),
            inputs: inputs
                .iter()
                .filter(|t| read.contains(&t.table.as_str()))
                .cloned()
                .collect(),
            started_at: options.now,
            attempt: options.attempt.clone(),
        };
        if let Some(done) = self.trained_before(product.as_ref(), options).await? {
            return Ok(done);
        }
        let expected = self.last_duration(&header.name).await;
        self.registry
            .start_run(&new)
            .await
            .map_err(|e| stored(&e))?;
        let budget = self.within_budget(product.as_ref(), &Size::of(history));
        let trained = match budget {
            Ok(_) => {
                let (p, h, progress, seed) = (
                    Arc::clone(product),
                    Arc::clone(history),
                    Arc::clone(progress),
                    options.seed,
                );
                let training = tokio::task::spawn_blocking(move || {
                    train(p.as_ref(), &h, seed, expected, progress.as_ref())
                });
                self.with_signs_of_life(&new.id, training)
                    .await
                    .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))
            }
            Err(refused) => Err(refused),
        };
        let cost = RunCost {
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            peak_memory_bytes: peak_memory_bytes(),
        };
        let trained = match trained {
            Ok(trained) => trained,
            Err(error) => {
                let reason = one_line(&error);
                self.registry
                    .fail_run(&new.id, &reason, cost)
                    .await
                    .map_err(|e| stored(&e))?;
                return Err(error);
            }
        };
        self.publish(product.as_ref(), &new, &trained, cost).await
    }

    async fn publish(
        &self,
        product: &dyn Product,
        run: &NewRun,
        trained: &Trained,
        cost: RunCost,
    ) -> Result<RunOutcome, RunError> {
        let scorecard = serde_json::to_value(&trained.scorecard).unwrap_or_default();
        let new = NewVersion {
            product: &run.product,
            run: &run.id,
            kind: &run.kind,
            format_version: trained.format,
            artefact: &trained.bytes,
            scorecard: &scorecard,
            created_at: run.started_at,
        };
        let of = Registered {
            run: &run.id,
            as_of: run.as_of,
            scorecard: &trained.scorecard,
            summary: trained.fitted.summary(),
            started_at: run.started_at,
            cost,
        };
        self.judge(product, Made::Now(&new), of).await
    }

    /// Registers a version, makes it champion or challenger if its gate opens, and ends its run, all at once.
    async fn judge(
        &self,
        product: &dyn Product,
        made: Made<'_>,
        of: Registered<'_>,
    ) -> Result<RunOutcome, RunError> {
        let header = product.header();
        let name = &header.name;
        let signed = Signature {
            who: WHO,
            why: "trained and measured",
            at: of.started_at,
        };
        let mut waits = None;
        let looked = |champion| {
            waits = waits_for(header, champion);
            waits.is_some()
        };
        let published = self.registry.publish(made, looked, signed, of.cost);
        let stored = stored(name);
        let Published {
            number,
            place,
            because,
        } = published.await.map_err(|e| stored(&e))?;
        let (standing, because) = match (place, waits) {
            (Place::Challenger, Some(waits)) => {
                let until = waits.told(header, number);
                let because = format!("{because}; {until}");
                (VersionStanding::Waits(waits), because)
            }
            (Place::Champion | Place::Challenger, _) => (VersionStanding::Champion, because),
            (Place::Refused, _) => (VersionStanding::Refused, because),
        };
        Ok(of.outcome(header, number, standing, because))
    }

    /// What an earlier attempt at the same job has trained already: only what is left of it is done.
    async fn trained_before(
        &self,
        product: &dyn Product,
        options: &RunOptions,
    ) -> Result<Option<RunOutcome>, RunError> {
        let Some(attempt) = &options.attempt else {
            return Ok(None);
        };
        let name = &product.header().name;
        let stored = stored(name);
        let earlier = self.registry.run_of_attempt(name, attempt).await;
        let Some(run) = earlier.map_err(|e| stored(&e))? else {
            return Ok(None);
        };
        let number = run.version.unwrap_or_default();
        let record = self.registry.version(name, number).await;
        let record = record.map_err(|e| stored(&e))?;
        let fitted = self
            .version(product, number)
            .await
            .map_err(|e| stored(&e))?;
        let Some(record) = record else {
            return Ok(None);
        };
        let Ok(scorecard) = serde_json::from_value::<Scorecard>(record.scorecard.clone()) else {
            return Ok(None);
        };
        let of = Registered {
            run: &run.id,
            as_of: run.as_of,
            scorecard: &scorecard,
            summary: fitted.summary(),
            started_at: options.now,
            cost: run.cost.unwrap_or(RunCost {
                duration_ms: 0,
                peak_memory_bytes: None,
            }),
        };
        if run.status == RunStatus::Running {
            // A program before this one registered it and was killed before it was judged.
            let made = Made::Before(&record);
            return self.judge(product, made, of).await.map(Some);
        }
        let current = self.registry.alias(name, CHAMPION).await;
        let current = current.map_err(|e| stored(&e))?.map(|alias| alias.version);
        let (standing, because) = match run.status {
            RunStatus::Failed { reason } | RunStatus::Refused { reason } => {
                (VersionStanding::Refused, reason)
            }
            RunStatus::Running | RunStatus::Done => {
                let because = "trained in an earlier attempt".to_owned();
                let challenger = self.waits(name).await.map_err(|e| stored(&e))?;
                let standing = if current == Some(number) {
                    VersionStanding::Champion
                } else {
                    // Where it waits no more it answered, and another does by now.
                    waits_for(product.header(), current)
                        .filter(|_| challenger == Some(number))
                        .map_or(VersionStanding::Refused, VersionStanding::Waits)
                };
                (standing, because)
            }
        };
        Ok(Some(of.outcome(
            product.header(),
            number,
            standing,
            because,
        )))
    }
}

/// What a version that passes its gate waits for before it answers. The first of a product has none to be compared with.
fn waits_for(header: &Header, champion: Option<u32>) -> Option<WaitsFor> {
    let asks = &header.retraining;
    if asks.shadow_hours.is_some() && champion.is_some() {
        return Some(WaitsFor::Shadow);
    }
    if asks.trial_share.is_some() && champion.is_some() {
        return Some(WaitsFor::Trial);
    }
    (asks.promotes == Promotes::Person).then_some(WaitsFor::Person)
}

impl WaitsFor {
    /// What lets a version answer, for a person.
    fn told(self, header: &Header, number: u32) -> String {
        let (name, asks) = (&header.name, &header.retraining);
        match self {
            Self::Person => format!("it waits for `comptoir promote {name} {number}`"),
            Self::Shadow => format!(
                "it answers in the shadow for {} hours first: `comptoir compare {name}`",
                asks.shadow_hours.unwrap_or_default()
            ),
            Self::Trial => format!(
                "it answers a share of {} of the customers first: `comptoir compare {name}`",
                asks.trial_share.unwrap_or_default()
            ),
        }
    }
}

/// A version that is to be judged.
struct Registered<'a> {
    run: &'a RunId,
    as_of: AsOf,
    scorecard: &'a Scorecard,
    summary: Vec<String>,
    started_at: jiff::Timestamp,
    cost: RunCost,
}

impl Registered<'_> {
    /// What is told of it.
    fn outcome(
        self,
        header: &Header,
        version: u32,
        standing: VersionStanding,
        because: String,
    ) -> RunOutcome {
        RunOutcome {
            product: header.name.clone(),
            kind: header.kind.clone(),
            run: self.run.clone(),
            version,
            as_of: self.as_of,
            scorecard: self.scorecard.clone(),
            summary: self.summary,
            promoted: standing == VersionStanding::Champion,
            waits_for: match standing {
                VersionStanding::Waits(waits) => Some(waits),
                VersionStanding::Champion | VersionStanding::Refused => None,
            },
            because,
            duration_ms: self.cost.duration_ms,
            peak_memory_bytes: self.cost.peak_memory_bytes,
        }
    }
}

/// What a version is after its gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VersionStanding {
    Champion,
    Waits(WaitsFor),
    Refused,
}

/// An error and its sources in one line.
#[must_use]
pub fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
