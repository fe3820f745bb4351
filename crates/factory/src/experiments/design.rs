//! What an experiment of the project can see, from the lake's own past.

use super::{ExperimentsError, known};
use crate::workshop::Workshop;
use features::{History, Logs, Trials};
use products::experiment::{self, Definition, Design, DesignUnits, Plans, Unit, Wanted};
use schema::AsOf;
use schema::progress::Progress;

/// How to look at an experiment.
#[derive(Debug, Clone, Copy)]
pub struct DesignOptions {
    /// The first day that must not be known; the day after the last sale where absent.
    pub as_of: Option<AsOf>,
    /// The effect wanted.
    pub wanted: Option<Wanted>,
    /// Random splits of the past window to try.
    pub splits: u32,
    /// Seed of the splits.
    pub seed: u64,
}

/// Why an experiment cannot be designed.
#[derive(Debug, thiserror::Error)]
pub enum DesignError {
    /// The project or the lake.
    #[error(transparent)]
    Experiments(#[from] ExperimentsError),
    /// The past says too little.
    #[error(transparent)]
    Design(#[from] experiment::DesignError),
}

/// What a design is made from.
struct Past {
    history: History,
    units: DesignUnits,
    available: Vec<(String, i64)>,
}

impl Workshop {
    /// What an experiment of the project can see with the units there are.
    ///
    /// # Errors
    /// [`DesignError`] when there is no such experiment, the lake cannot be read or the past says too little.
    pub async fn design(
        &self,
        name: &str,
        options: &DesignOptions,
        progress: &dyn Progress,
    ) -> Result<Design, DesignError> {
        let definition = self.experiment(name)?;
        let past = self.past_of(definition, options.as_of, progress).await?;
        let plans = Plans {
            definition,
            history: &past.history,
            splits: options.splits,
            seed: options.seed,
            wanted: options.wanted,
        };
        progress.stage("try the past", 0);
        let design = plans.design(past.units, &past.available);
        progress.end();
        Ok(design?)
    }

    async fn past_of(
        &self,
        definition: &Definition,
        as_of: Option<AsOf>,
        progress: &dyn Progress,
    ) -> Result<Past, ExperimentsError> {
        let unit = definition.file().unit;
        let experiments = self.experiments(unit).await?;
        let snapshot = self.lake.snapshot().await?;
        let today = AsOf(jiff::civil::date(1970, 1, 1));
        let as_of = match as_of {
            Some(day) => day,
            None => self.day_after_last_sale(&snapshot).await?.unwrap_or(today),
        };
        let until = self.until(as_of);
        let mut history = match unit {
            Unit::Customer => {
                features::load(&self.lake, &snapshot, &until, &Logs::new(), progress).await?
            }
            Unit::Site => features::load_sites(&self.lake, &snapshot, &until, progress).await?,
        };
        if definition.reads_visits() {
            let mut seen = Vec::new();
            let take = |customer: &str, at: i64| seen.push((customer.to_owned(), at));
            features::visits(&self.lake, &snapshot, &until, take).await?;
            history = history.with_trials(Trials::new(Vec::new(), seen));
        }
        let known = known::known(&self.lake, &snapshot, unit).await?;
        let asked = known::asked_for(&self.lake, &snapshot, definition).await?;
        let placed = experiments.placed(definition, &known, asked.as_ref())?;
        let available = placed.available.into_iter();
        Ok(Past {
            history,
            units: placed.units,
            available: available.map(|(unit, since, _)| (unit, since)).collect(),
        })
    }
}
