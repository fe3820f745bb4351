//! A panel without what the weather did, and what it is expected to do.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::answers::{Answer, Answers};
use super::usual::{STAYS, Unusual, bounded, unusual};
use super::{FIGURES, Place, Weather};
use crate::demand::panel::Panel;

/// A panel as it is learnt from, with what its forecasts are multiplied by.
#[derive(Debug)]
pub(in crate::demand) struct Calm<'a> {
    panel: Cow<'a, Panel>,
    /// By kind and place: what the periods ahead are multiplied by. None where the weather is not taken in.
    ahead: BTreeMap<(u32, u32), Vec<f64>>,
}

impl<'a> Calm<'a> {
    /// - `answers`: none where the weather is not taken in.
    /// - `ahead`: periods that are forecast.
    pub(in crate::demand) fn new(
        panel: &'a Panel,
        answers: Option<&Answers>,
        ahead: usize,
    ) -> Self {
        let plain = |panel| Self {
            panel: Cow::Borrowed(panel),
            ahead: BTreeMap::new(),
        };
        let (Some(answers), Some(weather)) = (answers, panel.weather()) else {
            return plain(panel);
        };
        let places = unusual(panel);
        let mut factors: BTreeMap<(u32, u32), Vec<f64>> = BTreeMap::new();
        for (kind, place) in weather.kind_of.iter().zip(&weather.place_of) {
            factors.entry((*kind, *place)).or_insert_with(|| {
                let answer = answers.of(&weather.kinds[*kind as usize]);
                let of = Told {
                    panel,
                    weather: &weather.places[*place as usize],
                    unusual: &places[*place as usize],
                    answers,
                };
                (0..panel.known() + ahead)
                    .map(|period| answer.map_or(1.0, |answer| of.factor(answer, period)))
                    .collect()
            });
        }
        let known = panel.known();
        let values = (0..panel.series()).flat_map(|series| {
            let factors = &factors[&key(weather, series)];
            let values = panel.values(series).iter().zip(factors);
            values.map(|(value, factor)| (f64::from(*value) / factor) as f32)
        });
        Self {
            panel: Cow::Owned(panel.with_values(values.collect())),
            ahead: factors
                .into_iter()
                .map(|(key, of)| (key, of[known..].to_vec()))
                .collect(),
        }
    }

    pub(in crate::demand) fn panel(&self) -> &Panel {
        &self.panel
    }

    /// That of one series.
    pub(in crate::demand) fn only(&self, series: usize) -> Calm<'static> {
        let factors = self.factors(series).to_vec();
        Calm {
            panel: Cow::Owned(self.panel.only(series)),
            ahead: (!factors.is_empty())
                .then_some(((0, 0), factors))
                .into_iter()
                .collect(),
        }
    }

    /// By what periods ahead of a series are multiplied; none where the weather is not taken in.
    pub(in crate::demand) fn factors(&self, series: usize) -> &[f64] {
        let key = self.panel.weather().map(|weather| key(weather, series));
        let factors = key.and_then(|key| self.ahead.get(&key));
        factors.map_or(&[], Vec::as_slice)
    }

    /// A forecast of the calm panel with what the weather is expected to do: series × periods ahead.
    pub(in crate::demand) fn stirred(&self, mut forecast: Vec<f64>, ahead: usize) -> Vec<f64> {
        if !self.ahead.is_empty() {
            for (series, forecast) in forecast.chunks_exact_mut(ahead.max(1)).enumerate() {
                for (said, factor) in forecast.iter_mut().zip(self.factors(series)) {
                    *said *= factor;
                }
            }
        }
        forecast
    }
}

fn key(weather: &Weather, series: usize) -> (u32, u32) {
    (weather.kind_of[series], weather.place_of[series])
}

/// What is told of the weather of one place as of the end of what a panel knows.
struct Told<'a> {
    panel: &'a Panel,
    weather: &'a Place,
    unusual: &'a Unusual,
    answers: &'a Answers,
}

impl Told<'_> {
    fn factor(&self, answer: &Answer, period: usize) -> f64 {
        let mut beyond = [0.0; FIGURES];
        let mut sure = [0.0; FIGURES];
        for figure in 0..FIGURES {
            if let Some((more, share)) = self.expected(figure, period) {
                beyond[figure] = more;
                sure[figure] = share;
            }
        }
        answer.factor(beyond, sure)
    }

    /// What is expected beyond the usual, and the share of its variance that this is; `None` where nothing is.
    fn expected(&self, figure: usize, period: usize) -> Option<(f64, f64)> {
        let known = self.panel.known();
        let is = |of: &f64| !of.is_nan();
        if period < known {
            let beyond = self.unusual.beyond[period][figure];
            return Some(beyond).filter(is).map(|beyond| (beyond, 1.0));
        }
        let told = self.weather.told.get(&period).copied();
        let told = told.filter(|of| of.made <= self.panel.date(known) && of.sure[figure] > 0.0);
        if let Some(told) = told {
            let sure = told.sure[figure];
            let said = bounded(figure, told.figures[figure] / sure);
            let more = sure * (said - self.unusual.usual[period][figure]);
            return Some(more).filter(is).map(|more| (more, sure));
        }
        let last = (known.saturating_sub(STAYS)..known)
            .rfind(|at| !self.unusual.beyond[*at][figure].is_nan())?;
        let left = self.answers.stays[figure].get(period - last - 1)?;
        Some((left * self.unusual.beyond[last][figure], left * left))
    }
}
