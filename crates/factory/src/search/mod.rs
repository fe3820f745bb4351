//! A search of settings: candidates drawn from a space, chosen by successive halving over past periods, and the best
//! compared with the file as it is on periods that nothing was chosen on.

mod fits;
mod halving;
mod plan;
mod told;

pub use plan::{Period, Rung};
pub use told::{Best, Compared, Found, Measure, Plan, Planned, Sought, Tried};

use crate::Workshop;
use crate::run::{RunError, needed_days, one_line};
use features::History;
use fits::{Clock, Fits, Outcome};
use halving::{AS_IT_IS, Halt, Race};
use products::search::{Candidate, Searched, Space};
use products::{Product, Raw, Size};
use registry::{StoreError, TableVersion};
use schema::config::ConfigFile;
use schema::progress::Progress;
use schema::{AsOf, Bytes, ConfigError, Metric};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a search is to be done.
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions {
    /// Candidates drawn.
    pub trials: usize,
    /// How long it may take; as long as it takes where absent.
    pub limit: Option<Duration>,
    /// The first day that must not be known; the day after the last sale where absent.
    pub as_of: Option<AsOf>,
    /// Seed of what is drawn and of every fit.
    pub seed: u64,
}

/// Why nothing was searched.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Its kind has nothing to be searched.
    #[error("search `{product}`: there is nothing to be searched of kind {kind}: {because}")]
    Nothing {
        /// The product.
        product: String,
        /// Its kind.
        kind: String,
        /// Why.
        because: &'static str,
    },
    /// The file of the product.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The history ends before two periods can be measured.
    #[error(
        "search `{product}`: the history before {as_of} has {found_days} days, at least {needed_days} needed: {held_out_days} to choose on, {held_out_days} to compare on, and what is learnt from"
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
        /// Days that a version is measured on.
        held_out_days: u32,
    },
    /// The file as it is could not be measured where candidates are chosen.
    #[error("search `{product}`: the file as it is could not be measured on any period: {because}")]
    NotMeasured {
        /// The product.
        product: String,
        /// Why.
        because: String,
    },
    /// The time was over before anything was compared.
    #[error(
        "search `{product}`: the time was over before candidates were compared on one period; what was made is kept, and the same command goes on with it"
    )]
    Over {
        /// The product.
        product: String,
    },
    /// The history, or the memory that training needs.
    #[error("search settings")]
    Run(#[from] RunError),
    /// The registry.
    #[error("use the registry")]
    Registry(#[from] StoreError),
}

/// A search that is ready to begin.
struct Ready {
    plan: Plan,
    space: Space,
    candidates: Vec<Candidate>,
    products: Vec<Result<Arc<dyn Product>, String>>,
    memory_needed: Bytes,
    /// The latest first: to compare on, then to choose on.
    periods: Vec<Period>,
    split: plan::Split,
    history: Arc<History>,
    inputs: Vec<TableVersion>,
}

impl Workshop {
    /// The file of a data product.
    #[must_use]
    pub fn product_file(&self, name: &str) -> PathBuf {
        let folder = self.project.folder.join("products");
        folder.join(format!("{name}.toml"))
    }

    /// What a search would do and what is known of its cost. Nothing is fitted.
    ///
    /// # Errors
    /// [`SearchError`] where nothing can be searched.
    pub async fn plan_search(
        &self,
        name: &str,
        options: &SearchOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Planned, SearchError> {
        let ready = self.ready(name, options, progress).await?;
        let fits = self.fits(&ready, options, Instant::now(), progress).await?;
        let used = ready.used();
        Ok(Planned {
            fits_made: fits.made_before(used),
            memory_needed_bytes: ready.memory_needed.0,
            left_out: ready.left_out(),
            fit_ms: fits.usual_duration().map(milliseconds),
            last_run_ms: self.last_duration(name).await.map(milliseconds),
            plan: ready.plan,
        })
    }

    /// Draws candidates, chooses among them, and compares the best with the file as it is.
    ///
    /// Each fit is kept in the registry before the next begins, so that the same search goes on where an earlier one
    /// ended, however it did. Without a limit of time the same seed, data and program give the same answer.
    ///
    /// # Errors
    /// [`SearchError`] where nothing can be searched, or nothing was compared within the time.
    pub async fn search(
        &self,
        name: &str,
        options: &SearchOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Found, SearchError> {
        let began = Instant::now();
        let ready = self.ready(name, options, progress).await?;
        let mut fits = self.fits(&ready, options, began, progress).await?;
        let made = fits.made_before(ready.used());
        let most = ready.plan.fits_at_most;
        if made > 0 {
            progress.note(&format!("{made} of at most {most} fits were already made"));
        }
        progress.stage(&format!("search {name}"), most as u64);
        let n = ready.candidates.len();
        let choosing = halving::choose(
            &mut fits,
            n,
            ready.split.choose_on.clone(),
            &ready.plan.rungs,
        );
        let race = choosing.await?;
        let compared = compared(&mut fits, &race, &ready).await?;
        progress.end();
        let found = found(&fits, &race, compared, &ready)?;
        let document = serde_json::to_value(&found).unwrap_or_default();
        let now = jiff::Timestamp::now();
        self.registry.keep_search(name, &document, now).await?;
        Ok(found)
    }

    /// Reads the file, draws candidates and shares out the periods.
    async fn ready(
        &self,
        name: &str,
        options: &SearchOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Ready, SearchError> {
        let space = self.space(name)?;
        let candidates = space.candidates(options.trials, options.seed);
        let as_it_is: Arc<dyn Product> = Arc::from(space.product(&candidates[AS_IT_IS])?);
        let header = as_it_is.header().clone();
        let (history, inputs) = self.history(options.as_of, progress.as_ref()).await?;
        progress.end();
        let size = Size::of(&history);
        let mut memory_needed = self.within_budget(as_it_is.as_ref(), &size)?;
        let mut products = vec![Ok(Arc::clone(&as_it_is))];
        for candidate in &candidates[AS_IT_IS + 1..] {
            let checked = space.product(candidate).map_err(|e| e.to_string());
            products.push(checked.and_then(|product| {
                let needed = self.within_budget(product.as_ref(), &size);
                let needed = needed.map_err(|e| one_line(&e))?;
                memory_needed = memory_needed.max(needed);
                Ok(Arc::from(product))
            }));
        }
        let needed = needed_days(as_it_is.as_ref());
        let first_day = history.as_of().epoch_day() - history.days();
        let periods = plan::periods(as_it_is.as_ref(), history.as_of(), first_day, needed);
        if periods.len() < plan::PERIODS_MIN {
            let held_out_days = as_it_is.held_out_days();
            return Err(SearchError::TooShort {
                product: name.to_owned(),
                as_of: history.as_of(),
                found_days: history.days(),
                needed_days: needed.saturating_add(held_out_days),
                held_out_days,
            });
        }
        let mut split = plan::split(periods.len());
        let drawn = candidates.len() - 1;
        let rungs = plan::rungs(drawn, split.choose_on.len());
        let used = rungs.last().map_or(0, |rung| rung.periods);
        split.choose_on.end = split.choose_on.start + used;
        let read: &[&str] = products::kind(&header.kind).map_or(&[], |k| k.card().reads);
        let inputs = inputs.into_iter();
        Ok(Ready {
            plan: Plan {
                product: header.name,
                kind: header.kind,
                as_of: history.as_of(),
                seed: options.seed,
                space: told::sought(&space),
                drawn,
                choose_on: periods[split.choose_on.clone()].to_vec(),
                compare_on: periods[split.compare_on.clone()].to_vec(),
                fits_at_most: plan::fits_at_most(&rungs, split.compare_on.len()),
                rungs,
            },
            space,
            candidates,
            products,
            memory_needed,
            periods,
            split,
            inputs: inputs
                .filter(|t| read.contains(&t.table.as_str()))
                .collect(),
            history,
        })
    }

    /// The file of a data product with the values of a candidate in it; comments stay.
    ///
    /// # Errors
    /// [`SearchError`] where the file cannot be read or has no place for a value.
    pub fn product_file_with(
        &self,
        name: &str,
        candidate: &Candidate,
    ) -> Result<ConfigFile, SearchError> {
        Ok(self.space(name)?.file_with(candidate)?)
    }

    /// What is sought of a product.
    fn space(&self, name: &str) -> Result<Space, SearchError> {
        let raw = Raw::read(ConfigFile::read(&self.product_file(name))?)?;
        let raw = raw.beside(&self.project.experiments);
        if let Some(space) = raw.space()? {
            return Ok(space);
        }
        let because = match products::kind(&raw.kind).map(products::Kind::searched) {
            Some(Searched::Nothing { because }) => because,
            Some(Searched::Of(_)) | None => "it names no settings",
        };
        Err(SearchError::Nothing {
            product: name.to_owned(),
            kind: raw.kind,
            because,
        })
    }

    async fn fits<'a>(
        &'a self,
        ready: &'a Ready,
        options: &SearchOptions,
        began: Instant,
        progress: &'a Arc<dyn Progress>,
    ) -> Result<Fits<'a>, SearchError> {
        let compared = ready.plan.compare_on.len();
        Ok(Fits {
            workshop: self,
            products: ready.products.clone(),
            periods: &ready.periods,
            history: &ready.history,
            inputs: &ready.inputs,
            seed: options.seed,
            kept: self.registry.searched_fits(&ready.plan.product).await?,
            clock: Clock {
                began,
                limit: options.limit,
                fits_after: 2,
                fits_to_compare: u32::try_from(2 * compared).unwrap_or(u32::MAX),
            },
            progress,
            known: BTreeMap::new(),
            cut: None,
        })
    }
}

impl Ready {
    /// The periods that are used, as positions.
    fn used(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        self.split.compare_on.start..self.split.choose_on.end
    }

    /// Candidates that cannot be fitted, and why.
    fn left_out(&self) -> Vec<String> {
        let refused = self.products.iter().enumerate();
        let refused =
            refused.filter_map(|(number, product)| Some((number, product.as_ref().err()?)));
        refused
            .map(|(number, why)| format!("candidate {number}: {why}"))
            .collect()
    }
}

/// The best and the file as it is on periods that nothing was chosen on; none where nothing is better.
async fn compared(
    fits: &mut Fits<'_>,
    race: &Race,
    ready: &Ready,
) -> Result<Vec<(usize, Metric, Metric)>, SearchError> {
    let mut pairs = Vec::new();
    let Some(best) = race.best else {
        return Ok(pairs);
    };
    fits.clock.fits_after = 0;
    for period in ready.split.compare_on.clone() {
        let mut both = Vec::new();
        for candidate in [AS_IT_IS, best] {
            match fits.outcome(candidate, period).await {
                Ok(Outcome::Measured(metric)) => both.push(metric),
                Ok(Outcome::NotMeasured(_)) => {}
                Err(Halt::Failed(error)) => return Err(error),
                Err(Halt::Over) => return Ok(pairs),
            }
        }
        if let [as_it_is, of_best] = both.as_slice()
            && of_best.is_alike(as_it_is)
        {
            pairs.push((period, of_best.clone(), as_it_is.clone()));
        }
    }
    Ok(pairs)
}

/// Puts together what is told.
fn found(
    fits: &Fits<'_>,
    race: &Race,
    compared: Vec<(usize, Metric, Metric)>,
    ready: &Ready,
) -> Result<Found, SearchError> {
    let product = || ready.plan.product.clone();
    let as_it_is = fits.known.iter().filter(|((of, _), _)| *of == AS_IT_IS);
    let metric = as_it_is.clone().find_map(|(_, outcome)| match outcome {
        Outcome::Measured(metric) => Some(metric),
        Outcome::NotMeasured(_) => None,
    });
    let Some(metric) = metric else {
        let why = as_it_is.into_iter().find_map(|(_, outcome)| match outcome {
            Outcome::NotMeasured(why) => Some(why.clone()),
            Outcome::Measured(_) => None,
        });
        return Err(match why {
            Some(because) => SearchError::NotMeasured {
                product: product(),
                because,
            },
            None => SearchError::Over { product: product() },
        });
    };
    if race.is_cut_short && race.standings.iter().all(|of| of.gains.is_empty()) {
        return Err(SearchError::Over { product: product() });
    }
    let measure = told::measure(metric);
    let pairs: Vec<(Metric, Metric)> = compared
        .iter()
        .map(|(_, best, other)| (best.clone(), other.clone()))
        .collect();
    let gain = race.best.map(|_| products::search::gain(&pairs));
    let (surely_better, sentence) = told::sentence(&measure, gain.as_ref(), pairs.len());
    Ok(Found {
        candidates: told::tried(race, &ready.candidates, fits),
        best: race.best.map(|number| Best {
            number,
            settings: ready.candidates[number].clone(),
            toml: ready.space.toml(&ready.candidates[number]),
        }),
        compared: compared
            .into_iter()
            .map(|(period, best, as_it_is)| Compared {
                period: ready.periods[period],
                best: best.value,
                as_it_is: as_it_is.value,
            })
            .collect(),
        gain,
        surely_better,
        sentence,
        notes: notes(race, ready, pairs.len()),
        measure,
        plan: ready.plan.clone(),
    })
}

/// What a reader must know beside the figures.
fn notes(race: &Race, ready: &Ready, compared: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if race.is_cut_short {
        notes.push("the time was over before the last rung was: the best so far".to_owned());
    }
    for period in &race.unusable {
        let Period { from, until } = ready.periods[*period];
        notes.push(format!(
            "{from} to {until}: the file as it is could not be measured, so nobody was"
        ));
    }
    let asked = ready.split.compare_on.len();
    if race.best.is_some() && compared < asked {
        notes.push(format!(
            "compared on {compared} of {asked} periods: on the others one of both could not be measured, or the time was over"
        ));
    }
    if race.best.is_some() && compared > 0 && compared < products::search::PERIODS_FOR_SPREAD {
        notes.push(
            "the interval tells how sure the figures of these days are, not how others would differ"
                .to_owned(),
        );
    }
    notes
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
