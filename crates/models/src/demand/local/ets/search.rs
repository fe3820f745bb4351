//! Parameters of one form by maximum likelihood.

use super::super::nelder_mead::{Region, Settings, minimise};
use super::super::season::line;
use super::first::Seasons;
use super::form::{Form, Noise, Season, Trend};
use super::state::{Smoothing, State, Sums, pass};

/// Bounds of the shares α, β/α and γ/(1−α): the region where each state is a mean of what was seen.
const SHARE: (f64, f64) = (1e-4, 0.9999);
/// Bounds of φ: below, the slope is gone at once; above, the form cannot be told from one that is not damped.
const DAMPING: (f64, f64) = (0.8, 0.98);
/// Steps of a simplex at most. With a season of 12, forms that suit the values end within 0.3 of the largest
/// log-likelihood found in 20 000 steps; those that do not can end 20 below it.
const ITERATIONS_MAX: usize = 300;
/// Searches, each with a new simplex where the last ended: a simplex that has grown flat moves again.
const SEARCHES: usize = 2;
/// Further ones of a form that may be the best, at most ...
const CLIMBS_MAX: usize = 12;
/// ... as long as each lowers −2 log-likelihood by so much.
const GAIN_MIN: f64 = 0.01;
/// Share β/α at which a search begins where a form without slope came to.
const SLOPE_BEYOND: f64 = 0.01;
/// Done when −2 log-likelihood differs by less between the corners.
const TOLERANCE: f64 = 1e-4;
/// Errors are not told from rounding below this share of the values.
const ROUNDING: f64 = 1e-9;
/// First step of the simplex in a smoothing parameter.
const STEP_SMOOTHING: f64 = 0.1;
/// First step of the simplex in a state, as a share of it.
const STEP_STATE: f64 = 0.05;
/// First step in a slope or season that is zero, as a share of the level.
const STEP_FROM_ZERO: f64 = 1e-4;

/// Likelihood of values under a form.
pub(super) struct Likelihood {
    relative: bool,
    n: f64,
    /// Squares that rounding leaves: without them a perfect fit would have an infinite likelihood.
    floor: f64,
}

impl Likelihood {
    pub(super) fn new(noise: Noise, values: &[f64]) -> Self {
        let n = values.len() as f64;
        let scale = match noise {
            Noise::Additive => values.iter().map(|value| value * value).sum::<f64>(),
            Noise::Multiplicative => n,
        };
        Self {
            relative: noise == Noise::Multiplicative,
            n,
            floor: (ROUNDING * ROUNDING * scale).max(f64::MIN_POSITIVE),
        }
    }

    /// −2 log-likelihood without its constants: `n ln Σe²`, and twice `Σ ln forecast` when noise is multiplicative.
    ///
    /// # Source
    /// Hyndman, Koehler, Ord and Snyder (2008), eq. 5.4: the size of the errors is set to its best value.
    pub(super) fn deviance(&self, sums: Sums) -> f64 {
        let of_errors = self.n * (sums.squares + self.floor).ln();
        if self.relative {
            of_errors + 2.0 * sums.logarithms
        } else {
            of_errors
        }
    }
}

/// The search for the best smoothing and first state of one form.
///
/// # Source
/// Hyndman and Khandakar (2008), section 2, with the "usual" bounds and the first guesses of R's `forecast::ets`.
pub(super) struct Search<'a> {
    pub(super) form: Form,
    values: &'a [f64],
    likelihood: Likelihood,
    guess: Guess,
    /// Where it has come to, and −2 log-likelihood there.
    point: Vec<f64>,
    deviance: f64,
    state: State,
}

impl<'a> Search<'a> {
    /// Searches twice from the first guess; `None` when the likelihood is finite nowhere or there are too few values.
    pub(super) fn begin(form: Form, values: &'a [f64], seasons: &Seasons) -> Option<Self> {
        if form.parameters(seasons.periods) >= values.len() {
            return None;
        }
        let guess = first_point(form, values, seasons)?;
        let mut search = Self {
            form,
            values,
            likelihood: Likelihood::new(form.noise, values),
            point: guess.point.clone(),
            guess,
            deviance: f64::INFINITY,
            state: empty(form, seasons.periods),
        };
        for _ in 0..SEARCHES {
            (search.point, search.deviance) = search.minimum(&search.point.clone());
        }
        search.deviance.is_finite().then_some(search)
    }

    /// Searches on until nothing is gained, and the same from where a form without slope, or without damping, came to: a
    /// slope has a likelihood of several hills.
    pub(super) fn settle(&mut self, simpler: Option<&Self>) {
        self.climb();
        let Some(simpler) = simpler else {
            return;
        };
        let ended = (self.point.clone(), self.deviance);
        (self.point, self.deviance) = (self.lifted(simpler), f64::INFINITY);
        self.climb();
        if ended.1 <= self.deviance {
            (self.point, self.deviance) = ended;
        }
    }

    fn climb(&mut self) {
        for _ in 0..CLIMBS_MAX {
            let (point, deviance) = self.minimum(&self.point.clone());
            let gained = self.deviance - deviance;
            if gained > 0.0 {
                (self.point, self.deviance) = (point, deviance);
            }
            // Not a number where both are infinite.
            if gained.is_nan() || gained < GAIN_MIN {
                return;
            }
            // The other way from here.
            self.guess.step.iter_mut().for_each(|step| *step = -*step);
        }
    }

    fn minimum(&mut self, from: &[f64]) -> (Vec<f64>, f64) {
        let (form, values) = (self.form, self.values);
        let (state, likelihood) = (&mut self.state, &self.likelihood);
        let minimum = minimise(
            &mut |point| {
                if !place(form, point, state) {
                    return f64::INFINITY;
                }
                let sums = pass(form, &smoothing_of(form, point), state, values);
                likelihood.deviance(sums)
            },
            &Region {
                start: from,
                step: &self.guess.step,
                lower: &self.guess.lower,
                upper: &self.guess.upper,
            },
            &Settings {
                iterations_max: ITERATIONS_MAX,
                tolerance: TOLERANCE,
            },
        );
        (minimum.at, minimum.value)
    }

    /// Whether another is this form without its slope, or without its damping.
    pub(super) fn is_beyond(&self, other: &Self) -> bool {
        let (own, other) = (self.form, other.form);
        let simpler = match own.trend {
            Trend::None => None,
            Trend::Additive => Some(Trend::None),
            Trend::Damped => Some(Trend::Additive),
        };
        own.noise == other.noise && own.season == other.season && simpler == Some(other.trend)
    }

    /// Where a simpler form came to, as a point of this one.
    fn lifted(&self, simpler: &Self) -> Vec<f64> {
        let level = 1 + usize::from(self.form.season != Season::None);
        let mut point = simpler.point.clone();
        if self.form.trend == Trend::Damped {
            point.insert(level + 1, DAMPING.1);
        } else {
            // The level, and behind it a slope of nothing.
            point.insert(level + 1, 0.0);
            point.insert(1, SLOPE_BEYOND);
        }
        point
    }

    /// −2 log-likelihood where it has come to.
    pub(super) fn deviance(&self) -> f64 {
        self.deviance
    }

    /// Periods of the season that the form has, 0 for none.
    pub(super) fn season_periods(&self) -> usize {
        self.state.season.len()
    }

    /// Smoothing and first state that it has come to.
    pub(super) fn found(mut self) -> Option<(Smoothing, State)> {
        let fits = place(self.form, &self.point, &mut self.state);
        fits.then(|| (smoothing_of(self.form, &self.point), self.state))
    }
}

/// First guess, and the bounds. A point holds the shares α, β/α and γ/(1−α), φ, the level, the slope and all first
/// seasons but one, of which a form has only some.
#[derive(Default)]
struct Guess {
    point: Vec<f64>,
    step: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Guess {
    fn bounded(&mut self, guess: f64, (lower, upper): (f64, f64)) {
        self.point.push(guess);
        self.step.push(STEP_SMOOTHING);
        self.lower.push(lower);
        self.upper.push(upper);
    }

    fn level(&mut self, guess: f64, size: f64) {
        self.free(guess, size);
        if guess == 0.0
            && let Some(step) = self.step.last_mut()
        {
            *step = STEP_STATE * size;
        }
    }

    fn free(&mut self, guess: f64, level: f64) {
        self.point.push(guess);
        let zero = (STEP_FROM_ZERO * level.abs()).max(f64::MIN_POSITIVE);
        self.step.push(if guess == 0.0 {
            zero
        } else {
            STEP_STATE * guess
        });
        self.lower.push(f64::NEG_INFINITY);
        self.upper.push(f64::INFINITY);
    }
}

/// `None` when the values have no such season.
fn first_point(form: Form, values: &[f64], seasons: &Seasons) -> Option<Guess> {
    let periods = if form.season == Season::None {
        1
    } else {
        seasons.periods
    };
    let (season, adjusted) = match seasons.of(form.season) {
        Some(found) => (found.first.as_slice(), found.adjusted.as_slice()),
        None if form.season == Season::None => (&[][..], values),
        None => return None,
    };
    let start = &adjusted[..(2 * periods).max(10).min(adjusted.len())];
    let mut guess = Guess::default();
    // Of rare demand the first values may all be zero; the search moves by what the others are like.
    let size = |level: f64| {
        if level == 0.0 {
            adjusted.iter().map(|value| value.abs()).sum::<f64>() / adjusted.len() as f64
        } else {
            level
        }
    };
    let alpha = SHARE.0 + 0.2 * (SHARE.1 - SHARE.0) / periods as f64;
    guess.bounded(alpha, SHARE);
    if form.trend != Trend::None {
        guess.bounded(0.1, SHARE);
    }
    if form.season != Season::None {
        guess.bounded(0.05, SHARE);
    }
    if form.trend == Trend::Damped {
        guess.bounded(DAMPING.0 + 0.99 * (DAMPING.1 - DAMPING.0), DAMPING);
    }
    let level = if form.trend == Trend::None {
        let level = start.iter().sum::<f64>() / start.len() as f64;
        guess.level(level, size(level));
        size(level)
    } else {
        let (level, slope) = line(start);
        guess.level(level, size(level));
        guess.free(slope, size(level));
        size(level)
    };
    for first in season.iter().skip(1) {
        guess.free(*first, level);
    }
    Some(guess)
}

fn smoothing_of(form: Form, point: &[f64]) -> Smoothing {
    let mut parts = point.iter().copied();
    let mut next = |held: bool, otherwise: f64| {
        if held {
            parts.next().unwrap_or(otherwise)
        } else {
            otherwise
        }
    };
    let level = next(true, 0.0);
    Smoothing {
        level,
        slope: level * next(form.trend != Trend::None, 0.0),
        season: (1.0 - level) * next(form.season != Season::None, 0.0),
        damping: next(form.trend == Trend::Damped, 1.0),
    }
}

fn empty(form: Form, season_periods: usize) -> State {
    let periods = match form.season {
        Season::None => 0,
        Season::Additive | Season::Multiplicative => season_periods,
    };
    State {
        level: 0.0,
        slope: 0.0,
        season: vec![0.0; periods],
    }
}

/// Writes the first state of a point; false when a multiplied season would be negative.
fn place(form: Form, point: &[f64], state: &mut State) -> bool {
    let trended = form.trend != Trend::None;
    let free = state.season.len().saturating_sub(1);
    let (states, others) = point.split_at(point.len() - free);
    let at = states.len();
    if trended {
        (state.level, state.slope) = (states[at - 2], states[at - 1]);
    } else {
        (state.level, state.slope) = (states[at - 1], 0.0);
    }
    let Some((first, rest)) = state.season.split_first_mut() else {
        return true;
    };
    rest.copy_from_slice(others);
    let sum: f64 = others.iter().sum();
    if form.season == Season::Multiplicative {
        let periods = (rest.len() + 1) as f64;
        *first = periods - sum;
        *first >= 0.0 && rest.iter().all(|factor| *factor >= 0.0)
    } else {
        *first = -sum;
        true
    }
}
