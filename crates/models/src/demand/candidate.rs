//! Methods held against each other on the last periods of the history.

use super::counted::Counted;
use super::forecast::Spreads;
use super::method::{Method, Part, mean_of};
use super::panel::Panel;
use super::spread::{Past, Spread, loss};

/// A window of periods that candidates are compared on.
#[derive(Debug)]
pub(super) struct Window {
    /// Its first period.
    pub(super) from: usize,
    /// By series, how much it varied before.
    pub(super) deviations: Vec<f64>,
    /// By series, how much its counts scattered before.
    pub(super) dispersions: Vec<f64>,
}

/// Windows of a panel.
#[derive(Debug)]
pub(super) struct Windows<'a> {
    pub(super) panel: &'a Panel,
    pub(super) ahead: usize,
    pub(super) each: Vec<Window>,
}

/// What came of forecasts of one window.
#[derive(Debug, Default)]
struct Outcomes {
    /// Period by period.
    single: Vec<Past>,
    /// As totals from its first period on.
    total: Vec<Past>,
    /// By series, in the order asked for, where its periods end in `single`.
    ends: Vec<usize>,
}

/// What is compared: forecasts of a method from the start of each window.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) method: Method,
    /// By window: series × ahead.
    pub(super) forecasts: Vec<Vec<f64>>,
}

impl Windows<'_> {
    /// Forecasts of some series of one window with what came of them.
    fn outcomes(
        &self,
        window: &Window,
        forecast: &[f64],
        of: impl IntoIterator<Item = usize>,
    ) -> Outcomes {
        let Outcomes {
            mut single,
            mut total,
            mut ends,
        } = Outcomes::default();
        let (panel, from, ahead) = (self.panel, window.from, self.ahead);
        for series in of {
            let sold = &panel.values(series)[from..];
            let (mut expected, mut so_far, mut whole) = (0.0, 0.0, true);
            for h in 0..ahead.min(sold.len()) {
                let closed = !panel.is_open(series, from + h);
                let forecast = forecast[series * ahead + h];
                let known = if closed { 0.0 } else { f64::from(sold[h]) };
                // A period of which it is not known what was sold ends the totals that are known.
                whole &= !known.is_nan();
                let of = |forecast, sold| Past {
                    forecast,
                    deviation: window.deviations[series],
                    dispersion: window.dispersions[series],
                    ahead: h + 1,
                    sold,
                };
                if !known.is_nan() && !closed {
                    single.push(of(forecast, known));
                }
                expected += forecast;
                so_far += known;
                if whole {
                    total.push(of(expected, so_far));
                }
            }
            ends.push(single.len());
        }
        Outcomes {
            single,
            total,
            ends,
        }
    }

    /// All series.
    fn all(&self) -> std::ops::Range<usize> {
        0..self.panel.series()
    }
}

impl Candidate {
    pub(super) fn new(part: Part) -> Self {
        Self {
            method: Method(vec![part]),
            forecasts: Vec::new(),
        }
    }

    /// The mean of several.
    fn mean(of: &[&Self]) -> Self {
        let parts = of.iter().flat_map(|one| one.method.parts()).copied();
        let windows = of.first().map_or(0, |one| one.forecasts.len());
        let forecast = |window: usize| {
            let parts: Vec<&[f64]> = of
                .iter()
                .map(|one| one.forecasts[window].as_slice())
                .collect();
            mean_of(&parts)
        };
        Self {
            method: Method(parts.collect()),
            forecasts: (0..windows).map(forecast).collect(),
        }
    }

    /// Weighted quantile loss over the windows, each by intervals learnt on the others.
    pub(super) fn quantile_loss(&self, windows: &Windows<'_>) -> Option<f64> {
        let each = self.forecasts.iter().zip(&windows.each);
        let each: Vec<Vec<Past>> = each
            .map(|(forecast, window)| windows.outcomes(window, forecast, windows.all()).single)
            .collect();
        match (loss(&each), Counted::loss(&each)) {
            (Some(relative), Some(counted)) => Some(counted.min(relative)),
            (relative, _) => relative,
        }
    }

    /// By window and series, its quantile loss, by intervals learnt of these series on the other windows; `None` where
    /// it forecast nothing of them.
    pub(super) fn losses(&self, windows: &Windows<'_>, series: &[usize]) -> Option<Vec<Vec<f64>>> {
        let each = self.forecasts.iter().zip(&windows.each);
        let each = each.map(|(forecast, window)| {
            let found = windows.outcomes(window, forecast, series.iter().copied());
            (found.single, found.ends)
        });
        let (single, ends): (Vec<Vec<Past>>, Vec<Vec<usize>>) = each.unzip();
        let counted = match (loss(&single), Counted::loss(&single)) {
            (Some(relative), Some(counted)) if counted < relative => Counted::losses(&single),
            (_, _) => None,
        };
        let losses = counted.or_else(|| Spread::losses(&single))?;
        let by_series = |(losses, ends): (&Vec<f64>, &Vec<usize>)| -> Vec<f64> {
            let starts = [0].into_iter().chain(ends.iter().copied());
            starts
                .zip(ends)
                .map(|(from, to)| losses[from..*to].iter().sum())
                .collect()
        };
        Some(losses.iter().zip(&ends).map(by_series).collect())
    }

    /// How far off it was over all windows; `None` where it forecast nothing at all.
    pub(super) fn spreads(&self, windows: &Windows<'_>) -> Option<Spreads> {
        let all: Vec<usize> = windows.all().collect();
        self.spreads_of(windows, &all)
    }

    /// The same of some series.
    pub(super) fn spreads_of(&self, windows: &Windows<'_>, series: &[usize]) -> Option<Spreads> {
        let each = self.forecasts.iter().zip(&windows.each);
        let each = each.map(|(forecast, window)| {
            let found = windows.outcomes(window, forecast, series.iter().copied());
            (found.single, found.total)
        });
        let (single, total): (Vec<_>, Vec<_>) = each.unzip();
        let counted = match (loss(&single), Counted::loss(&single)) {
            (Some(relative), Some(counted)) if counted < relative => Counted::over(&single),
            (_, _) => None,
        };
        Some(Spreads {
            single: Spread::over(&single)?,
            counted,
            total: Spread::over(&total)?,
        })
    }
}

/// Candidates joined: all trees, the best of them with the best that knows no other series, and all of these.
pub(super) fn joined(single: &[Candidate], losses: &[Option<f64>]) -> Vec<Candidate> {
    let is_boosted = |at: &usize| matches!(single[*at].method.parts(), [Part::Boosted(_)]);
    let loss = |at: &usize| losses[*at].unwrap_or(f64::INFINITY);
    let best = |of: &[usize]| {
        let of = of.iter().copied();
        of.min_by(|a, b| loss(a).total_cmp(&loss(b)))
    };
    let (boosted, others): (Vec<usize>, Vec<usize>) = (0..single.len()).partition(is_boosted);
    let mut wanted: Vec<Vec<usize>> = Vec::new();
    if boosted.len() > 1 {
        wanted.push(boosted.clone());
    }
    if let (Some(one), Some(other)) = (best(&boosted), best(&others)) {
        wanted.push(vec![one, other]);
        if boosted.len() > 1 {
            wanted.push(boosted.iter().copied().chain([other]).collect());
        }
    }
    let join = |of: Vec<usize>| {
        let of: Vec<&Candidate> = of.iter().map(|at| &single[*at]).collect();
        Candidate::mean(&of)
    };
    wanted.into_iter().map(join).collect()
}
