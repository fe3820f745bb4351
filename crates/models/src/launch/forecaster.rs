//! All layers together.

use serde::{Deserialize, Serialize};

use super::analogues::Analogue;
use super::attributes::{Attributes, in_time};
use super::curves::{CurveSettings, Curves};
use super::distribution::{Demand, LogNormal};
use super::error::{FitError, ForecastError, PastError};
use super::folds::folds;
use super::history::History;
use super::measured::{HeldOut, LOOSENED, Measured, estimates, placed};
use super::merchants::Merchants;
use super::naive::Naive;
use super::past::{Columns, Launch, Past, Sales};
use super::pool::Pool;
use super::records::{self, Record};
use super::skill::Skills;
use super::trees;
use super::update::Updated;
use crate::boost;

/// Share of the launches that curves are learnt from where corrected forecasts of the others are judged.
const CURVES_SHARE: f64 = 0.6;

/// How launches are learnt from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How trees grow.
    pub trees: boost::Settings,
    /// How curves are learnt.
    pub curves: CurveSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trees: trees::settings(),
            curves: CurveSettings::default(),
        }
    }
}

/// A learnt forecaster of launches. Holds numbers and what past launches were called and sold, no code; serialisable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecaster {
    columns: Columns,
    settings: Settings,
    history: History,
    naive: Naive,
    attributes: Attributes,
    merchants: Option<Merchants>,
    pool: Pool,
    curves: Option<Curves>,
    measured: Vec<Measured>,
    records: Vec<Record>,
}

/// A forecast of one launch, before it opens.
#[derive(Debug, Clone)]
pub struct Forecast<'a> {
    forecaster: &'a Forecaster,
    open_hours: u32,
    /// What is held of any launch.
    pub history: LogNormal,
    /// What launches of its category sold: the baseline.
    pub naive: Demand,
    /// From what is told of it.
    pub attributes: LogNormal,
    /// From its merchant's estimate; `None` without one, or where no merchant has a record.
    pub estimate: Option<LogNormal>,
    /// From both; from what is told of it alone where there is no estimate.
    pub combined: LogNormal,
    /// Weight of the estimate, 0 to 1, the rest being that of what is told of it.
    pub estimate_weight: f64,
    /// Probability of each curve; empty where no hours are known.
    pub curves: Vec<f64>,
}

/// A forecast as it stood after some hours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hourly {
    /// Whole hours seen.
    pub hours: usize,
    /// Units sold so far.
    pub units: u64,
    /// Lower end of the interval of total demand.
    pub low: f64,
    /// Median of total demand.
    pub median: f64,
    /// Upper end.
    pub high: f64,
}

impl Forecaster {
    /// Learns all layers from launches that are over, and measures each on launches held out in the order of time.
    ///
    /// Fallbacks, each to be seen in what the parts say: without estimates there are no [`Self::merchants`] and estimates
    /// are not read; without hours there are no [`Self::curves`] and forecasts cannot be corrected; of fewer than eight
    /// launches nothing is held out, attributes are not told apart and nothing is [`Self::measured`].
    ///
    /// Deterministic: the same seed gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError`] when there is no launch, all ran out of stock, or one does not fit the columns.
    pub fn fit(past: &[Past], columns: &Columns, settings: &Settings) -> Result<Self, FitError> {
        Self::learn(past, columns, settings, None)
    }

    /// Learns anew from other launches by the choices that were measured: half-life, method, number of curves and what
    /// tells them apart. Spreads, records and measures are those of the new launches.
    ///
    /// # Errors
    /// Those of [`Self::fit`].
    pub fn refit(&self, past: &[Past]) -> Result<Self, FitError> {
        Self::learn(past, &self.columns, &self.settings, Some(self))
    }

    fn learn(
        past: &[Past],
        columns: &Columns,
        settings: &Settings,
        chosen: Option<&Self>,
    ) -> Result<Self, FitError> {
        let sorted = in_time(past, columns)?;
        let folds = folds(&sorted);
        let n = sorted.len();
        let half_life = chosen.map(|chosen| chosen.history.half_life_days());
        let (history, of_history) = History::learn(&sorted, &folds, half_life)?;
        let by_attributes = chosen.map(|chosen| &chosen.attributes);
        let trees = &settings.trees;
        let learnt = Attributes::learn(&sorted, &folds, columns, trees, by_attributes)?;
        let mut held_out = HeldOut {
            history: placed(of_history, n),
            attributes: placed(learnt.held_out, n),
            estimate: vec![None; n],
            combined: Vec::new(),
        };
        // Where no launch has an estimate beside a known demand none can be calibrated.
        let merchants = Merchants::of(&sorted).ok().map(|merchants| {
            let (merchants, said) = estimates(&sorted, &folds, merchants);
            held_out.estimate = said;
            merchants
        });
        let pool = held_out.pool(&sorted, &folds, &learnt.early);
        let mut measured = held_out.layers(&sorted, &folds);
        let curves = chosen.map(|chosen| chosen.curves.as_ref());
        let (curves, of_hours) = learn_curves(&sorted, settings, curves, &held_out)?;
        measured.extend(of_hours);
        let judged = held_out.judged(&sorted);
        let pairs = held_out.pairs(&sorted, &folds, &learnt.early);
        let skills = Skills::learn(&pairs, &pool, curves.as_ref());
        let of = |merchants: &Merchants| records::records(&sorted, merchants, &skills, &judged);
        let records = merchants.as_ref().map(of);
        Ok(Self {
            columns: columns.clone(),
            settings: settings.clone(),
            history,
            naive: Naive::fit(past)?,
            attributes: learnt.attributes,
            merchants,
            pool,
            curves,
            measured,
            records: records.unwrap_or_default(),
        })
    }

    /// Forecast of a launch before it opens.
    ///
    /// # Errors
    /// [`PastError`] when the launch has other columns than those learnt from.
    pub fn forecast(&self, launch: &Launch) -> Result<Forecast<'_>, PastError> {
        let attributes = self.attributes.forecast(launch)?;
        let estimate = self.merchants.as_ref().and_then(|m| m.forecast(launch));
        // Of an estimate that cannot be calibrated nothing is known.
        let own = launch.merchant.as_ref().zip(launch.estimate.as_ref());
        let own = own.filter(|_| estimate.is_some());
        let curves = self.curves.as_ref();
        Ok(Forecast {
            forecaster: self,
            open_hours: launch.duration_hours,
            history: self.history.demand(),
            naive: self.naive.forecast(launch),
            attributes,
            estimate,
            combined: own.map_or(attributes, |(merchant, estimate)| {
                self.pool.forecast(merchant, attributes, estimate)
            }),
            estimate_weight: own.map_or(0.0, |(merchant, _)| self.pool.weight(merchant)),
            curves: curves.map_or_else(Vec::new, |curves| curves.weights(launch)),
        })
    }

    /// Past launches that a launch is most like, nearest first.
    ///
    /// # Errors
    /// [`PastError`] when the launch has other columns than those learnt from.
    pub fn analogues(&self, launch: &Launch, count: usize) -> Result<Vec<Analogue>, PastError> {
        self.attributes.analogues(launch, count)
    }

    /// What each layer was worth on the same launches, held out in the order of time: those of the last folds that have
    /// an estimate, where any has. Corrected forecasts are judged on the latest that did not run out and have hours, after
    /// 0, 1, 2, 4 and 8 of them. Empty where there were too few.
    #[must_use]
    pub fn measured(&self) -> &[Measured] {
        &self.measured
    }

    /// Records of merchants, best first.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Layer 1.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Layer 2.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Layer 3; `None` where no estimate could be calibrated.
    #[must_use]
    pub fn merchants(&self) -> Option<&Merchants> {
        self.merchants.as_ref()
    }

    /// Layer 4.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Layers 5 and 6; `None` where no hours are known.
    #[must_use]
    pub fn curves(&self) -> Option<&Curves> {
        self.curves.as_ref()
    }
}

/// Curves of all launches, loosened as far as launches held out ask for, and how corrected forecasts did there.
fn learn_curves(
    past: &[&Past],
    settings: &Settings,
    chosen: Option<Option<&Curves>>,
    held_out: &HeldOut,
) -> Result<(Option<Curves>, Vec<Measured>), FitError> {
    let learnt = match Curves::learn(past, &settings.curves, chosen.flatten()) {
        Ok(learnt) => learnt,
        Err(FitError::NoHours { .. }) => return Ok((None, Vec::new())),
        Err(other) => return Err(other),
    };
    let from = (CURVES_SHARE * past.len() as f64) as usize;
    let Ok(early) = Curves::learn(&past[..from], &settings.curves, Some(&learnt)) else {
        return Ok((Some(learnt), Vec::new()));
    };
    // How far curves are loosened is a choice too: what was chosen is kept.
    let factors: &[f64] = match chosen.flatten() {
        Some(_) => &[0.0],
        None => &LOOSENED,
    };
    let (ln_factor, measured) = held_out.hours(past, &early, from, factors);
    Ok((Some(learnt.loosened(ln_factor)), measured))
}

impl Forecast<'_> {
    /// Total demand before the opening.
    #[must_use]
    pub fn demand(&self) -> Demand {
        Demand::LogNormal(self.combined)
    }

    /// Total demand given the hours that were seen; without hours as before the opening.
    ///
    /// # Errors
    /// [`ForecastError::NoCurves`] where no past launch had hours, and the errors of [`Curves::update`].
    pub fn update(&self, sales: &Sales) -> Result<Updated, ForecastError> {
        let curves = self.learnt_curves()?;
        Ok(curves.update(&self.demand(), &self.curves, self.open_hours, sales)?)
    }

    /// Demand within the first hours, as 24 for the first day, given those that were seen.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub fn first_hours(&self, sales: &Sales, hours: usize) -> Result<Demand, ForecastError> {
        let after = self.update(sales)?;
        Ok(self
            .learnt_curves()?
            .first_hours(&after, self.open_hours, hours))
    }

    /// How the interval of total demand narrowed hour by hour: after none, after each whole hour, and after the stock ran
    /// out where it did.
    ///
    /// - `probability`: that an interval holds demand, above 0 and below 1.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub fn hourly(&self, sales: &Sales, probability: f64) -> Result<Vec<Hourly>, ForecastError> {
        let steps = sales.hours.len() + usize::from(sales.sold_out.is_some());
        let of = |hours: usize| {
            let after = self.update(&sales.after(hours))?;
            let (low, high) = after.demand().interval(probability);
            Ok(Hourly {
                hours: after.hours(),
                units: after.units(),
                low,
                median: after.demand().quantile(0.5),
                high,
            })
        };
        (0..=steps).map(of).collect()
    }

    fn learnt_curves(&self) -> Result<&Curves, ForecastError> {
        self.forecaster.curves().ok_or(ForecastError::NoCurves)
    }
}
