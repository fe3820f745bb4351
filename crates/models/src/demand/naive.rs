//! Forecasts that anybody could make: what a method must beat.

use super::columns::{kind_of, mean};
use super::panel::{Panel, Role, Step};
use serde::{Deserialize, Serialize};

/// Periods alike that are averaged.
const ALIKE: usize = 8;

/// A naive method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naive {
    /// The same period a season earlier: two weeks for days, a year for weeks and months.
    Seasonal,
    /// Mean of the last eight periods alike: of the same weekday, with as much promotion.
    Alike,
}

impl Naive {
    /// As the field calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seasonal => "seasonal naive",
            Self::Alike => "mean of the last 8 alike",
        }
    }

    /// Series × `ahead`; 0 while closed.
    #[must_use]
    pub fn forecast(self, panel: &Panel, ahead: usize) -> Vec<f64> {
        let (known, step) = (panel.known(), panel.step());
        let promotion = panel.role(Role::Promotion);
        let mut all = Vec::with_capacity(panel.series() * ahead);
        for series in 0..panel.series() {
            let values = panel.values(series);
            let promotion = promotion.map(|column| panel.column(column, series));
            let kind = |period: usize| {
                let weekday = panel.date(period).weekday().to_monday_zero_offset();
                kind_of(
                    step,
                    weekday as usize,
                    promotion.is_some_and(|p| p[period] > 0.0),
                )
            };
            let usual = mean(&values[known.saturating_sub(step.level())..])
                .or_else(|| mean(values))
                .unwrap_or(0.0);
            let mut last: [Vec<f32>; 14] = std::array::from_fn(|_| Vec::new());
            if self == Self::Alike {
                for period in (known.saturating_sub(2 * step.year())..known).rev() {
                    let of = &mut last[kind(period)];
                    if !values[period].is_nan() && of.len() < ALIKE {
                        of.push(values[period]);
                    }
                }
            }
            for period in known..known + ahead {
                all.push(if !panel.is_open(series, period) {
                    0.0
                } else {
                    match self {
                        Self::Alike => mean(&last[kind(period)]).unwrap_or(usual),
                        Self::Seasonal => seasonal(values, period, step).unwrap_or(usual),
                    }
                });
            }
        }
        all
    }
}

/// The last value a whole number of seasons before a period.
fn seasonal(values: &[f32], period: usize, step: Step) -> Option<f64> {
    let season = match step {
        Step::Day => 14,
        Step::Week | Step::Month => step.year(),
    };
    let mut at = period;
    while at >= values.len() {
        at = at.checked_sub(season)?;
    }
    loop {
        if !values[at].is_nan() {
            return Some(f64::from(values[at]));
        }
        at = at.checked_sub(season)?;
    }
}
