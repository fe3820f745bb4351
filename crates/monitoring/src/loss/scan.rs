//! Windows of the last days beside a reference of few days, each by its exact tail.

use std::collections::VecDeque;

use math::tails::student_t_upper_tail;
use serde::{Deserialize, Serialize};

use super::{Baseline, LossDay, LossPromise, Spread};

/// Lengths of the windows that are looked at each day, as powers of two: 1 to 128 days.
const LENGTHS: u32 = 8;

/// The last days, standardised but for what the reference leaves open.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    days: VecDeque<Scanned>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scanned {
    /// One over the variance of the day's mean.
    weight: f64,
    /// Its mean less what is allowed, where the baseline is taken as measured.
    above: f64,
    season: f64,
}

impl Scan {
    /// Takes in a day; whether any window that ends with it is so far above what is allowed that chance makes it with a
    /// probability of at most `level / 8`. Nothing unless the spread is measured.
    ///
    /// With `q` one over a day's variance, `s` its season and `e` the standard error of the baseline, the sum of `q x` of
    /// a window over `√(Σ q + (Σ q s)² e²)` is Student's t with the reference's degrees of freedom where means of days
    /// are normal: errors of baseline and spread are in it, so nothing is set aside for them. Windows hang together, and
    /// levels of all windows of all days are summed: a union bound.
    pub(crate) fn look(&mut self, promise: &LossPromise, day: &LossDay, level: f64) -> bool {
        let Spread::Measured {
            decisions_sd,
            days_sd,
            days,
        } = promise.spread
        else {
            return false;
        };
        let (mean, standard_error) = match promise.baseline {
            Baseline::Given { mean } => (mean, 0.0),
            Baseline::Measured {
                mean,
                standard_error,
            } => (mean, standard_error),
        };
        let variance = days_sd * days_sd + decisions_sd * decisions_sd / day.count as f64;
        self.days.push_front(Scanned {
            weight: 1.0 / variance,
            above: day.mean() - day.season * mean - promise.tolerance,
            season: day.season,
        });
        self.days.truncate(1 << (LENGTHS - 1));
        let (mut weights, mut sum, mut seasons) = (0.0, 0.0, 0.0);
        let mut shown = false;
        for (n, scanned) in (1usize..).zip(&self.days) {
            weights += scanned.weight;
            sum += scanned.weight * scanned.above;
            seasons += scanned.weight * scanned.season;
            if n.is_power_of_two() {
                let t = sum / (weights + (seasons * standard_error).powi(2)).sqrt();
                let tail = student_t_upper_tail(t, days as f64 - 1.0);
                shown |= t > 0.0 && tail <= level / f64::from(LENGTHS);
            }
        }
        shown
    }
}
