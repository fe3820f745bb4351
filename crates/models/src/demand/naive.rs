//! Forecasts that anybody could make: what a method must beat.

use serde::{Deserialize, Serialize};

use super::alike::Kinds;
use super::local::Apart;
use super::panel::{Panel, Step};
use super::recent::mean;

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
        let kinds = Kinds::new(panel);
        let mut all = Vec::with_capacity(panel.series() * ahead);
        for series in 0..panel.series() {
            let values = panel.values(series);
            let usual = mean(&values[known.saturating_sub(step.level())..])
                .or_else(|| mean(values))
                .unwrap_or(0.0);
            let alike = (self == Self::Alike).then(|| kinds.last(series, known));
            all.extend((known..known + ahead).map(|period| {
                if !panel.is_open(series, period) {
                    return 0.0;
                }
                let said = match &alike {
                    Some(alike) => mean(alike.to(period)),
                    None => seasonal(values, period, step),
                };
                said.unwrap_or(usual)
            }));
        }
        all
    }
}

impl Naive {
    /// What the forecast of a panel's only series is made of: what it sells on the whole, and beyond that the season
    /// before. The mean of periods alike is all level.
    pub(super) fn told_apart(self, panel: &Panel, ahead: usize) -> Vec<Apart> {
        let (known, step) = (panel.known(), panel.step());
        let values = panel.values(0);
        let usual = mean(&values[known.saturating_sub(step.level())..]).or_else(|| mean(values));
        let said = self.forecast(panel, ahead).into_iter().zip(known..);
        let apart = |(said, period)| match self {
            Self::Seasonal if panel.is_open(0, period) => {
                let level = usual.unwrap_or(said);
                Apart::new(said, level, said - level)
            }
            Self::Seasonal | Self::Alike => Apart::new(said, said, 0.0),
        };
        said.map(apart).collect()
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
