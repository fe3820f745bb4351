//! First guesses of a season.

use super::super::season::{Composition, beside_line, shape};
use super::form::Season;

/// Smallest first season that is multiplied.
const FACTOR_MIN: f64 = 1e-2;

/// What the forms of one series share: the seasons guessed once for all.
pub(super) struct Seasons {
    /// Periods of a season; 1 for none.
    pub(super) periods: usize,
    added: Option<Found>,
    multiplied: Option<Found>,
}

/// A season found.
pub(super) struct Found {
    /// First season, one for each of its periods.
    pub(super) first: Vec<f64>,
    /// The values without their season.
    pub(super) adjusted: Vec<f64>,
}

impl Seasons {
    /// - `multiplied`: whether to look for a season that is multiplied, which only values above zero have.
    pub(super) fn new(values: &[f64], periods: usize, multiplied: bool) -> Self {
        let seasonal = periods > 1 && values.len() > periods;
        Self {
            periods: if seasonal { periods } else { 1 },
            added: seasonal
                .then(|| find(values, periods, Composition::Additive))
                .flatten(),
            multiplied: (seasonal && multiplied)
                .then(|| find(values, periods, Composition::Multiplicative))
                .flatten(),
        }
    }

    /// `None` for a form without season, or a season that the values do not have.
    pub(super) fn of(&self, season: Season) -> Option<&Found> {
        match season {
            Season::None => None,
            Season::Additive => self.added.as_ref(),
            Season::Multiplicative => self.multiplied.as_ref(),
        }
    }
}

/// # Source
/// The function `initstate` of R's `forecast::ets`.
fn find(values: &[f64], periods: usize, composition: Composition) -> Option<Found> {
    let mut each = if values.len() < 3 * periods {
        beside_line(values, periods, composition)?
    } else {
        let shape = shape(values, periods, composition);
        (0..values.len()).map(|at| shape[at % periods]).collect()
    };
    if composition == Composition::Multiplicative {
        each.iter_mut()
            .for_each(|factor| *factor = factor.max(FACTOR_MIN));
    }
    let adjusted: Vec<f64> = values
        .iter()
        .zip(&each)
        .map(|(value, season)| composition.remove(*value, *season))
        .collect();
    let mut first = each;
    first.truncate(periods);
    if composition == Composition::Multiplicative {
        // The first factor follows from the others: they must leave something for it.
        let others: f64 = first.iter().skip(1).sum();
        let whole = periods as f64;
        if others > whole {
            first
                .iter_mut()
                .for_each(|factor| *factor *= (whole - 1.0) / others);
        }
    }
    let finite = |all: &[f64]| all.iter().all(|x| x.is_finite());
    (finite(&first) && finite(&adjusted)).then_some(Found { first, adjusted })
}
