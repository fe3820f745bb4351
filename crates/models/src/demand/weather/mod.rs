//! The weather of every period, as it was and as it is forecast, and how sales answer to it.
//!
//! - [`Weather`]: what was observed of each period, and what is forecast.
//! - [`Answers`]: what a degree and a millimetre beyond the usual do to the sales of each kind of series.
//! - [`Calm`]: a panel without what the weather did, with what it is expected to do.

mod answers;
mod calm;
mod choice;
mod usual;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub use answers::{Answer, Answers};
pub(super) use calm::Calm;
pub use choice::{TakeIn, WeatherTrial};
pub(super) use choice::{gained, pays};

/// Figures of the weather: the temperature in degrees Celsius and the rain of a day in millimetres.
pub const FIGURES: usize = 2;

/// Days ahead at which half of what a forecast says beyond the usual comes: of the temperature, and of the rain.
///
/// Forecasts are rows that observations replace, so that how good they were is not kept. These are rough figures of
/// forecasts for a place, whose errors are as large as what the usual leaves open after about ten days.
const HALF_COMES: [f64; FIGURES] = [10.0, 6.0];

/// What is forecast of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    made: Date,
    sure: [f64; FIGURES],
    figures: [f64; FIGURES],
}

impl Told {
    /// A forecast of a period out of those of its days.
    ///
    /// - `made`: the last day on which one of them was made.
    /// - `days`: of each day of the period, how many days after its forecast it is and what that says; not a number
    ///   where nothing is said.
    #[must_use]
    pub fn new(made: Date, days: &[(i32, [f64; FIGURES])]) -> Self {
        let n = days.len().max(1) as f64;
        let (mut sure, mut figures) = ([0.0; FIGURES], [0.0; FIGURES]);
        for (ahead, said) in days {
            for (at, said) in said.iter().enumerate().filter(|(_, said)| !said.is_nan()) {
                let share = f64::from((*ahead).max(0)) / HALF_COMES[at];
                let comes = 1.0 / (1.0 + share * share);
                sure[at] += comes / n;
                figures[at] += comes * said / n;
            }
        }
        Self {
            made,
            sure,
            figures,
        }
    }
}

/// The weather of a place, period by period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// Means of what was observed on the days of each period; not a number where it was not.
    pub observed: Vec<[f32; FIGURES]>,
    /// What is forecast, by period.
    pub told: BTreeMap<usize, Told>,
}

/// The weather of all periods of a panel, those ahead too.
#[derive(Debug, Clone, PartialEq)]
pub struct Weather {
    /// By series, its place.
    pub place_of: Vec<u32>,
    /// Places; of each, all periods of the panel.
    pub places: Vec<Place>,
    /// By series, its kind: those that answer to the weather alike.
    pub kind_of: Vec<u32>,
    /// What the kinds are called.
    pub kinds: Vec<String>,
}

impl Weather {
    /// That of one series.
    pub(super) fn only(&self, series: usize) -> Self {
        let (place, kind) = (self.place_of[series], self.kind_of[series]);
        Self {
            place_of: vec![0],
            places: vec![self.places[place as usize].clone()],
            kind_of: vec![0],
            kinds: vec![self.kinds[kind as usize].clone()],
        }
    }
}
