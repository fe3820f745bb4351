//! Exponential smoothing in state space form: one series forecasts itself.

mod first;
mod form;
mod search;
mod state;

pub use form::{Form, Noise, Season, Trend};
pub use state::{Smoothing, State};

use super::Said;
use super::error::{SeriesError, check};
use first::Seasons;
use search::{Likelihood, Search};
use state::{means, pass};

/// Values needed to choose a form.
const VALUES_MIN: usize = 7;

/// Forms whose AICc is further behind after a short search are not searched on.
const DOUBTFUL: f64 = 6.0;

/// A series fitted by exponential smoothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Ets {
    form: Form,
    smoothing: Smoothing,
    start: State,
    end: State,
    taken: usize,
    log_likelihood: f64,
}

impl Ets {
    /// The form of smallest AICc, by maximum likelihood; a constant is fitted by its level.
    ///
    /// - `values`: at least 7, of one series without gaps, oldest first.
    /// - `season`: periods of a season; 0 and 1 mean none. A season needs more values than it has periods.
    ///
    /// Forms: noise A or M, trend N, A or Ad, season N, A or M, without those of additive noise on a multiplied season;
    /// multiplicative ones only when all values are above zero. Deterministic. Time:
    /// about 1200 passes over the values for each of 3 to 15 forms, and up to ten times as many for those that may be the
    /// best.
    ///
    /// # Errors
    /// [`SeriesError::TooShort`], [`SeriesError::NotFinite`], and [`SeriesError::NoFit`] for values whose squares
    /// overflow.
    /// # Source
    /// Hyndman and Khandakar (2008), section 3. Checked against statsforecast 2.1.1 (tests/it/local.rs).
    pub fn fit(values: &[f64], season: usize) -> Result<Self, SeriesError> {
        check(values, VALUES_MIN)?;
        if let Some(constant) = Self::constant(values) {
            return Ok(constant);
        }
        let positive = values.iter().all(|value| *value > 0.0);
        let seasons = Seasons::new(values, season, positive);
        let forms = Form::stable()
            .filter(|form| positive || !form.needs_positive())
            .filter(|form| form.season == Season::None || seasons.periods > 1);
        let mut searches: Vec<Search<'_>> = forms
            .filter_map(|form| Search::begin(form, values, &seasons))
            .collect();
        let criterion = |of: &Search<'_>| {
            let parameters = of.form.parameters(of.season_periods());
            aicc(-0.5 * of.deviance(), parameters, values.len())
        };
        let least = searches.iter().map(criterion).fold(f64::INFINITY, f64::min);
        // Those far behind are not made the best by what a longer search gains.
        searches.retain(|of| criterion(of) <= least + DOUBTFUL);
        for at in 0..searches.len() {
            let (before, others) = searches.split_at_mut(at);
            if let Some(of) = others.first_mut() {
                of.settle(before.iter().find(|simpler| of.is_beyond(simpler)));
            }
        }
        let best = searches
            .into_iter()
            .min_by(|a, b| criterion(a).total_cmp(&criterion(b)));
        best.and_then(|of| Self::searched(of, values))
            .ok_or(SeriesError::NoFit)
    }

    /// One form by maximum likelihood; arguments as for [`Ets::fit`].
    ///
    /// # Errors
    /// As [`Ets::fit`], and [`SeriesError::NotPositive`] and [`SeriesError::NoSeason`] when the form does not suit the
    /// values.
    pub fn fit_form(form: Form, values: &[f64], season: usize) -> Result<Self, SeriesError> {
        check(values, form.searched(season).saturating_add(2))?;
        if form.needs_positive()
            && let Some(period) = values.iter().position(|value| *value <= 0.0)
        {
            return Err(SeriesError::NotPositive {
                form: form.name(),
                period,
                value: values[period],
            });
        }
        if form.season != Season::None && season < 2 {
            return Err(SeriesError::NoSeason {
                form: form.name(),
                found: season,
            });
        }
        let multiplied = form.season == Season::Multiplicative;
        let seasons = Seasons::new(values, season, multiplied);
        let mut simpler: Option<Search<'_>> = None;
        for trend in [Trend::None, Trend::Additive, Trend::Damped] {
            let mut search = Search::begin(Form { trend, ..form }, values, &seasons);
            if let Some(search) = &mut search {
                search.settle(simpler.as_ref());
            }
            if trend == form.trend {
                return search
                    .and_then(|of| Self::searched(of, values))
                    .ok_or(SeriesError::NoFit);
            }
            simpler = search;
        }
        Err(SeriesError::NoFit)
    }

    /// A form with given parameters and first state, whose season is as long as `start.season`.
    ///
    /// # Errors
    /// [`SeriesError::TooShort`] without values, [`SeriesError::NotFinite`], and [`SeriesError::NoSeason`] for a
    /// seasonal form without `start.season`.
    pub fn with(
        form: Form,
        smoothing: Smoothing,
        start: State,
        values: &[f64],
    ) -> Result<Self, SeriesError> {
        check(values, 1)?;
        if form.season != Season::None && start.season.is_empty() {
            return Err(SeriesError::NoSeason {
                form: form.name(),
                found: 0,
            });
        }
        let mut end = start.clone();
        let sums = pass(form, &smoothing, &mut end, values);
        Ok(Self {
            form,
            smoothing,
            start,
            end,
            taken: values.len(),
            log_likelihood: -0.5 * Likelihood::new(form.noise, values).deviance(sums),
        })
    }

    fn searched(search: Search<'_>, values: &[f64]) -> Option<Self> {
        let form = search.form;
        let (smoothing, start) = search.found()?;
        let fitted = Self::with(form, smoothing, start, values).ok()?;
        fitted.log_likelihood.is_finite().then_some(fitted)
    }

    /// The last value for ever, when all are the same.
    fn constant(values: &[f64]) -> Option<Self> {
        let first = *values.first()?;
        if values.iter().any(|value| *value != first) {
            return None;
        }
        let start = State {
            level: first,
            slope: 0.0,
            season: Vec::new(),
        };
        let smoothing = Smoothing {
            level: 1.0,
            slope: 0.0,
            season: 0.0,
            damping: 1.0,
        };
        Self::with(Form::LEVEL, smoothing, start, values).ok()
    }

    /// The form.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// The form as the field writes it, such as "ETS(M,Ad,A)".
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.form.name()
    }

    /// How fast each state follows the values.
    #[must_use]
    pub fn smoothing(&self) -> Smoothing {
        self.smoothing
    }

    /// State before the first value.
    #[must_use]
    pub fn start(&self) -> &State {
        &self.start
    }

    /// Logarithm of the likelihood, without the constants that all forms share, as R and statsforecast give it.
    ///
    /// Errors below 1e-9 of the values count as rounding, so that it is finite for a perfect fit.
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Akaike's criterion corrected for few values: smaller is better; infinite with too few values for the parameters.
    #[must_use]
    pub fn aicc(&self) -> f64 {
        let parameters = self.form.parameters(self.start.season.len());
        aicc(self.log_likelihood, parameters, self.taken)
    }

    /// Expected values of the next `ahead` periods, in the unit of the values; not clipped.
    ///
    /// For multiplicative seasons it is the path without errors, as in R, which is close to the mean.
    #[must_use]
    pub fn forecast(&self, ahead: usize) -> Vec<f64> {
        let said = self.said(ahead).into_iter();
        said.map(|of| of.said).collect()
    }
}

impl Ets {
    pub(super) fn said(&self, ahead: usize) -> Vec<Said> {
        means(self.form, &self.smoothing, &self.end, self.taken, ahead)
    }
}

fn aicc(log_likelihood: f64, parameters: usize, values: usize) -> f64 {
    let (parameters, n) = (parameters as f64, values as f64);
    let left = n - parameters - 1.0;
    if left <= 0.0 {
        return f64::INFINITY;
    }
    let correction = 2.0 * parameters * (parameters + 1.0) / left;
    -2.0 * log_likelihood + 2.0 * parameters + correction
}
