//! What trees learn from: periods of all series as they were seen from earlier ones, and what came of them.

use std::ops::Range;

use rayon::prelude::*;

use super::boosted::Settings;
use super::columns::Ground;
use super::error::FitError;
use super::meaning::Meaning;
use super::panel::Panel;
use super::scale::Scale;
use crate::boost::{self, Labels, Table};

/// Rows to learn from and rows that judge, gathered and binned once for every scale.
#[derive(Debug)]
pub struct Examples {
    pub(super) meanings: Vec<Meaning>,
    pub(super) table: Table,
    pub(super) learn: Seen,
    pub(super) judge: Option<Seen>,
    pub(super) trees: boost::Settings,
}

/// Rows of periods as seen from earlier ones.
#[derive(Debug)]
pub(super) struct Seen {
    /// Rows × columns; of rows that judge only the table keeps them.
    pub(super) values: Vec<f32>,
    /// What was sold over the level, bounded.
    pub(super) ratios: Vec<f64>,
    /// Levels, bounded.
    pub(super) levels: Vec<f64>,
}

/// Targets and weights on a scale, with their rows of the table.
pub(super) struct Scaled {
    rows: Option<Vec<usize>>,
    targets: Vec<f64>,
    weights: Vec<f64>,
}

/// Where one stands to learn: how often, from when on, and which share of the rows is drawn.
struct Views {
    origins: Vec<usize>,
    drawn: (f64, u64),
}

impl Examples {
    /// Everything known, to learn the `ahead` periods after it.
    ///
    /// # Errors
    /// [`FitError`] when the history is too short or nothing was sold.
    pub fn of_all(panel: &Panel, ahead: usize, settings: &Settings) -> Result<Self, FitError> {
        Self::new(panel, (panel.known(), ahead), &[], settings)
    }

    /// What was known at a period, to learn from, and the windows of `ahead` periods since that begin at `starts`, to
    /// judge.
    ///
    /// # Errors
    /// [`FitError`] when the history is too short or nothing was sold.
    pub fn before(
        panel: &Panel,
        (known, ahead): (usize, usize),
        starts: &[usize],
        settings: &Settings,
    ) -> Result<Self, FitError> {
        Self::new(panel, (known, ahead), starts, settings)
    }

    fn new(
        panel: &Panel,
        (known, ahead): (usize, usize),
        starts: &[usize],
        settings: &Settings,
    ) -> Result<Self, FitError> {
        let views = Views::new(panel, known, ahead, settings)?;
        let ground = Ground::new(panel);
        let meanings = ground.meanings();
        let mut learn = Seen::new(&ground, ahead, 0..known, &views);
        if learn.ratios.iter().all(|ratio| *ratio <= 0.0) {
            return Err(FitError::NothingSold);
        }
        let judge = (!starts.is_empty()).then(|| {
            let views = Views::of_windows(panel, known, starts, settings);
            Seen::new(&ground, ahead, known..panel.known(), &views)
        });
        let judge = match judge {
            Some(judge) if judge.ratios.is_empty() => return Err(FitError::NothingSold),
            Some(mut judge) => {
                learn.values.append(&mut judge.values);
                Some(judge)
            }
            None => None,
        };
        let table = Table::new(&learn.values, meanings.len(), boost::BINS_MAX)?;
        learn.values.truncate(learn.ratios.len() * meanings.len());
        Ok(Self {
            meanings,
            table,
            learn,
            judge,
            trees: boost::Settings {
                seed: settings.seed,
                ..settings.trees.clone()
            },
        })
    }

    /// What is learnt from and what judges, on a scale.
    pub(super) fn on(&self, scale: Scale) -> (Scaled, Option<Scaled>) {
        let n = self.learn.ratios.len();
        let learn = self.learn.on(scale, self.judge.is_some().then_some(0..n));
        let judge = self.judge.as_ref();
        let judge = judge.map(|judge| judge.on(scale, Some(n..n + judge.ratios.len())));
        (learn, judge)
    }
}

impl Seen {
    /// Rows of the periods in `targets`.
    fn new(ground: &Ground<'_>, ahead: usize, targets: Range<usize>, views: &Views) -> Self {
        let of = |series: usize| {
            let mut seen = Self::nothing();
            for known in views.origins.iter().copied() {
                seen.look(ground, (series, known), ahead, &targets, views.drawn);
            }
            seen
        };
        let each: Vec<Self> = (0..ground.panel.series()).into_par_iter().map(of).collect();
        let mut all = Self::nothing();
        all.values
            .reserve_exact(each.iter().map(|one| one.values.len()).sum());
        for one in each {
            all.values.extend(one.values);
            all.ratios.extend(one.ratios);
            all.levels.extend(one.levels);
        }
        all
    }

    fn nothing() -> Self {
        Self {
            values: Vec::new(),
            ratios: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Adds what is seen of a series from one period.
    fn look(
        &mut self,
        ground: &Ground<'_>,
        (series, known): (usize, usize),
        ahead: usize,
        targets: &Range<usize>,
        (share, seed): (f64, u64),
    ) {
        let (panel, values) = (ground.panel, ground.panel.values(series));
        // Before its first sale there is nothing to see of a series.
        if values[..known].iter().all(|v| v.is_nan()) {
            return;
        }
        let wanted = (known.max(targets.start)..(known + ahead).min(targets.end)).filter(|p| {
            !values[*p].is_nan()
                && panel.is_open(series, *p)
                && (share >= 1.0 || chance(seed, series, known, *p) < share)
        });
        let wanted: Vec<usize> = wanted.collect();
        if wanted.is_empty() {
            return;
        }
        let level = ground.tell(series, known, wanted.iter().copied(), &mut self.values);
        for period in wanted {
            let counts = ground.limits.value(series, values[period]);
            self.ratios.push(counts / level);
            self.levels.push(ground.limits.level(level));
        }
    }

    /// - `rows`: its rows of the table; `None` for all.
    fn on(&self, scale: Scale, rows: Option<Range<usize>>) -> Scaled {
        let mean = self.levels.iter().sum::<f64>() / self.levels.len().max(1) as f64;
        Scaled {
            rows: rows.map(Iterator::collect),
            targets: self.ratios.iter().map(|r| scale.target(*r)).collect(),
            // Each series counts as much as it sells.
            weights: self.levels.iter().map(|level| level / mean).collect(),
        }
    }
}

impl Scaled {
    pub(super) fn labels(&self) -> Labels<'_> {
        Labels {
            rows: self.rows.as_deref(),
            target: &self.targets,
            weight: Some(&self.weights),
        }
    }
}

impl Views {
    fn new(
        panel: &Panel,
        known: usize,
        ahead: usize,
        settings: &Settings,
    ) -> Result<Self, FitError> {
        let least = least(panel);
        let needed = least + 2 * ahead;
        if known < needed {
            return Err(FitError::TooShort {
                ahead,
                known,
                needed,
            });
        }
        // Origins are counted back from the last period, so that the most recent are among them.
        let stride = (ahead / 6).max(1);
        let origins = (1..)
            .map(|n| known.saturating_sub(n * stride))
            .take_while(|origin| *origin >= least);
        let cells: usize = (0..panel.series())
            .map(|s| {
                panel.values(s)[..known]
                    .iter()
                    .filter(|v| !v.is_nan())
                    .count()
            })
            .sum();
        let all = cells as f64 * ahead as f64 / stride as f64;
        Ok(Self {
            origins: origins.collect(),
            drawn: (settings.rows_max as f64 / all.max(1.0), settings.seed),
        })
    }

    /// Of windows that judge: half as many rows at most as are learnt from.
    fn of_windows(panel: &Panel, known: usize, starts: &[usize], settings: &Settings) -> Self {
        let judging = panel.series() * (panel.known() - known);
        let share = settings.rows_max as f64 / 2.0 / judging.max(1) as f64;
        Self {
            origins: starts.to_vec(),
            drawn: (share, settings.seed),
        }
    }
}

/// A number for a series and two periods that looks drawn, 0 to 1.
fn chance(seed: u64, series: usize, known: usize, period: usize) -> f64 {
    let mut x = seed
        ^ (series as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (known as u64).wrapping_mul(0xBF58_476D_1CE4_E5B9)
        ^ (period as u64).wrapping_mul(0x94D0_49BB_1331_11EB);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Periods that must be known before anything can be told of a series.
pub(super) fn least(panel: &Panel) -> usize {
    (panel.step().level() / 2).max(4)
}
