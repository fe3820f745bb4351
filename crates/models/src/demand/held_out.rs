//! What a forecaster forecast of periods that it had not seen, and how far off other forecasts of them were.

use super::candidate::{Candidate, Window, Windows};
use super::counted::dispersions;
use super::error::FitError;
use super::forecaster::Forecaster;
use super::panel::Panel;
use super::recent::deviations;
use super::segments::of_series;

/// What was forecast from one day of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// First period forecast.
    pub from: usize,
    /// Series × periods ahead.
    pub expected: Vec<f64>,
}

impl Forecaster {
    /// What it forecasts of each of the windows that its method was chosen on, the earliest first.
    ///
    /// Of one that [`Forecaster::fit_early`] gave these are periods that it has not seen; one that has learnt again has
    /// seen them.
    ///
    /// # Errors
    /// As [`Forecaster::forecast`].
    pub fn held_out(&self, panel: &Panel) -> Result<Vec<HeldOut>, FitError> {
        let ahead = self.ahead();
        let windows = (1..=self.windows()).rev();
        let windows = windows.map(|window| {
            let from = panel.known().saturating_sub(window * ahead);
            let expected = self.forecast(&panel.before(from))?.expected;
            Ok(HeldOut { from, expected })
        });
        windows.collect()
    }

    /// The same with intervals of how far off other forecasts of the windows were than its own, as where something is
    /// done to what it forecasts.
    ///
    /// # Errors
    /// [`FitError::NothingSold`] when nothing was forecast or sold in the windows.
    pub fn with_intervals_of(mut self, panel: &Panel, of: &[HeldOut]) -> Result<Self, FitError> {
        let window = |held_out: &HeldOut| {
            let past = panel.before(held_out.from);
            Window {
                from: held_out.from,
                deviations: deviations(&past),
                dispersions: dispersions(&past),
            }
        };
        let windows = Windows {
            panel,
            ahead: self.ahead(),
            each: of.iter().map(window).collect(),
        };
        let candidate = Candidate {
            method: self.method().clone(),
            forecasts: of.iter().map(|of| of.expected.clone()).collect(),
        };
        self.spreads = candidate.spreads(&windows).ok_or(FitError::NothingSold)?;
        let first = windows.each.first().map_or(panel.known(), |of| of.from);
        let segment_of = of_series(&panel.before(first), &self.segments);
        for (at, segment) in self.segments.iter_mut().enumerate() {
            if segment.is_chosen() {
                let of = segment_of.iter().enumerate();
                let of = of.filter(|(_, segment)| **segment == Some(at));
                let series: Vec<usize> = of.map(|(series, _)| series).collect();
                // Where nothing is left to learn from they keep the intervals that they had.
                let told = candidate.spreads_of(&windows, &series);
                segment.spreads = told.or(segment.spreads.take());
            }
        }
        Ok(self)
    }
}
