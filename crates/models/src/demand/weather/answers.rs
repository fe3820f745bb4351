//! What a degree and a millimetre beyond the usual do to the sales of each kind of series.

use std::collections::BTreeMap;

use math::tails::student_t_upper_quantile;
use serde::{Deserialize, Serialize};

use super::usual::{Unusual, stays, unusual};
use super::{FIGURES, Weather};
use crate::demand::panel::{Panel, Role, Step};
use crate::demand::promoted::{Change, Prior, inverse, times};

/// Periods alike before and after one, by which it is told what it would have sold: so few that the time of the year is
/// about theirs.
const ALIKE: usize = 3;

/// Of those as many must be known.
const ALIKE_MIN: usize = 3;

/// Blocks of periods, taken as independent, that an answer needs.
const BLOCKS_MIN: usize = 8;

/// How much what a kind sells at a place scatters beyond counts, as a share squared: a seventh.
const SCATTER: f64 = 0.02;

/// Steps of the fit.
const STEPS: usize = 5;

/// Level of the intervals.
const LEVEL: f64 = 0.95;

/// The logarithm of what the weather is taken to do is at most this.
const MOST: f64 = 1.1;

/// How the sales of one kind answer to the weather.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Logarithm of what one degree and one millimetre beyond the usual multiply sales by.
    pub effects: [f64; FIGURES],
    /// Their variances; 0 of a figure of which nothing is known.
    variances: [f64; FIGURES],
    /// Blocks of periods that tell of it.
    blocks: usize,
    /// The logarithm of what the effects multiply sales by on average: they are held against it.
    mean: [f64; FIGURES],
}

/// How sales answer to the weather, kind by kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    of: BTreeMap<String, Answer>,
    /// Of a kind that is not among them.
    others: Option<Answer>,
    /// Share of what is unusual that is left after 1, 2 and more periods.
    pub(super) stays: [Vec<f64>; FIGURES],
}

impl Answer {
    /// What one unit of a figure beyond the usual changes sales by, as a share, with its interval of 95 %; `None` where
    /// nothing is known of the figure.
    #[must_use]
    pub fn change(&self, figure: usize) -> Option<Change> {
        if self.variances[figure] <= 0.0 {
            return None;
        }
        let freedom = self.blocks.saturating_sub(1).max(1) as f64;
        let reach = student_t_upper_quantile((1.0 - LEVEL) / 2.0, freedom);
        let off = reach * self.variances[figure].sqrt();
        let [point, low, high] = [0.0, -off, off].map(|off| (self.effects[figure] + off).exp_m1());
        Some(Change { point, low, high })
    }

    /// By what sales are expected to be multiplied.
    ///
    /// - `beyond`: what is expected of the weather beyond the usual.
    /// - `sure`: the share of its variance that is expected; the rest stays open and is in the mean.
    pub(super) fn factor(&self, beyond: [f64; FIGURES], sure: [f64; FIGURES]) -> f64 {
        let of = |at: usize| self.effects[at] * beyond[at] - sure[at] * self.mean[at];
        (of(0) + of(1)).clamp(-MOST, MOST).exp()
    }
}

impl Answers {
    /// Learns from what a panel knows; `None` where no weather is known of a year, or it tells nothing.
    ///
    /// A period of a kind at a place is held against the mean of up to three periods alike before and after it: by how
    /// much warmer and wetter it was beyond the usual than they were, its sales were higher or lower. Holidays are left
    /// out. Quasi-likelihood of counts that scatter more than Poisson counts; errors are clustered by blocks of four
    /// weeks over all places (CR1). Each effect is drawn to that of all kinds, as far as these do not differ beyond what
    /// chance explains.
    ///
    /// Deterministic. Time O(series · periods).
    ///
    /// # Source
    /// McCullagh, Nelder (1989), ch. 9; Liang, Zeger (1986); DerSimonian, Laird (1986).
    #[must_use]
    pub fn learn(panel: &Panel) -> Option<Self> {
        let weather = panel.weather()?;
        let places = unusual(panel);
        let cells = cells(panel, weather);
        let mut fits: BTreeMap<&str, Fit> = BTreeMap::new();
        for (name, kind) in weather.kinds.iter().zip(0u32..) {
            if let Some(fit) = fit(panel, &places, &cells, kind) {
                fits.insert(name, fit);
            }
        }
        let priors = [0, 1].map(|at| {
            let each = fits
                .values()
                .map(|fit| (fit.effects[at], fit.variances[at]));
            Prior::of(&each.collect::<Vec<_>>())
        });
        let means =
            |effects: [f64; FIGURES]| [0, 1].map(|at| mean_factor(&places, at, effects[at]));
        let answer = |fit: &Fit| {
            let drawn = [0, 1].map(|at| priors[at].drawn(fit.effects[at], fit.variances[at]));
            let effects = drawn.map(|of| of.0);
            Answer {
                effects,
                variances: drawn.map(|of| of.1),
                blocks: fit.blocks,
                mean: means(effects),
            }
        };
        let of: BTreeMap<String, Answer> = fits
            .iter()
            .map(|(name, fit)| ((*name).to_owned(), answer(fit)))
            .collect();
        let others = priors.iter().any(Prior::is_told).then(|| {
            let told = |of: &Prior, figure: f64| if of.is_told() { figure } else { 0.0 };
            let effects = [0, 1].map(|at| told(&priors[at], priors[at].mean));
            let variance = |of: &Prior| told(of, of.error + of.between);
            Answer {
                effects,
                variances: [0, 1].map(|at| variance(&priors[at])),
                blocks: fits.values().map(|fit| fit.blocks).max().unwrap_or(0),
                mean: means(effects),
            }
        });
        (!of.is_empty()).then(|| Self {
            of,
            others,
            stays: stays(&places),
        })
    }

    /// Each kind with its answer, by name.
    pub fn each(&self) -> impl Iterator<Item = (&str, &Answer)> {
        self.of.iter().map(|(name, answer)| (name.as_str(), answer))
    }

    /// That of a kind: of one that is not known what all have in common, where that can be told.
    #[must_use]
    pub fn of(&self, kind: &str) -> Option<&Answer> {
        self.of.get(kind).or(self.others.as_ref())
    }

    /// A figure that changes with any that it holds.
    #[must_use]
    pub fn check(&self) -> f64 {
        let of = |answer: &Answer| {
            let [warm, wet] = [0, 1].map(|at| answer.effects[at] + 2.0 * answer.mean[at]);
            warm + 3.0 * wet
        };
        let each = self.of.values().chain(&self.others).zip(1..);
        let each: f64 = each.map(|(answer, at)| of(answer) / f64::from(at)).sum();
        let stays = self.stays.iter().flatten().zip(1..);
        each + stays.map(|(of, at)| of / f64::from(at)).sum::<f64>()
    }
}

/// What a kind sold at a place in each period, and what periods alike around it did.
type Cells = BTreeMap<(u32, u32), Vec<[f64; 2]>>;

fn alike(step: Step, known: usize, period: usize) -> impl Iterator<Item = usize> {
    let round = step.round();
    let before = (1..=ALIKE).filter_map(move |n| period.checked_sub(n * round));
    let after = (1..=ALIKE).map(move |n| period + n * round);
    before.chain(after.filter(move |at| *at < known))
}

fn cells(panel: &Panel, weather: &Weather) -> Cells {
    let (step, known) = (panel.step(), panel.known());
    let holiday = panel.role(Role::Holiday);
    let mut cells = Cells::new();
    for series in 0..panel.series() {
        let key = (weather.kind_of[series], weather.place_of[series]);
        let cell = cells.entry(key).or_insert_with(|| vec![[0.0; 2]; known]);
        let values = panel.values(series);
        for (period, value) in values.iter().enumerate() {
            let is_holiday = holiday.is_some_and(|at| panel.column(at, series)[period] > 0.0);
            if value.is_nan() || is_holiday {
                continue;
            }
            let (mut sum, mut n) = (0.0, 0usize);
            for at in alike(step, known, period).filter(|at| !values[*at].is_nan()) {
                sum += f64::from(values[at]);
                n += 1;
            }
            if n >= ALIKE_MIN {
                cell[period][0] += f64::from(*value);
                cell[period][1] += sum / n as f64;
            }
        }
    }
    cells
}

struct Fit {
    effects: [f64; FIGURES],
    variances: [f64; FIGURES],
    blocks: usize,
}

/// One period of a kind at a place.
struct Row {
    columns: [f64; 3],
    sold: f64,
    around: f64,
    block: usize,
}

impl Row {
    /// What is expected, and what a share off counts.
    fn expected(&self, effects: &[f64; 3]) -> (f64, f64) {
        let said: f64 = self.columns.iter().zip(effects).map(|(x, b)| x * b).sum();
        let expected = self.around * said.clamp(-2.0, 2.0).exp();
        (expected, expected / (1.0 + SCATTER * expected))
    }
}

fn fit(panel: &Panel, places: &[Unusual], cells: &Cells, kind: u32) -> Option<Fit> {
    let rows = rows(panel, places, cells, kind);
    let (mut effects, mut inverted) = ([0.0; 3], None);
    for _ in 0..STEPS {
        let (mut normal, mut score) = ([[0.0; 3]; 3], [0.0; 3]);
        for row in &rows {
            let (expected, weight) = row.expected(&effects);
            let off = row.sold / expected - 1.0;
            for (at, one) in row.columns.iter().enumerate() {
                score[at] += weight * one * off;
                for (to, other) in row.columns.iter().enumerate() {
                    normal[at][to] += weight * one * other;
                }
            }
        }
        // A figure of which nothing is known explains nothing.
        for (at, row) in normal.iter_mut().enumerate() {
            if row[at] <= 0.0 {
                row[at] = 1.0;
            }
        }
        let inverse = inverse(normal)?;
        for (effect, step) in effects.iter_mut().zip(times(&inverse, &score)) {
            *effect += step;
        }
        inverted = Some(inverse);
    }
    let inverse = inverted?;
    let mut scores: BTreeMap<usize, [f64; 3]> = BTreeMap::new();
    for row in &rows {
        let (expected, weight) = row.expected(&effects);
        let off = weight * (row.sold / expected - 1.0);
        let score = scores.entry(row.block).or_default();
        for (sum, one) in score.iter_mut().zip(&row.columns) {
            *sum += one * off;
        }
    }
    let blocks = scores.len();
    if blocks < BLOCKS_MIN || effects.iter().any(|of| !of.is_finite()) {
        return None;
    }
    let few = blocks as f64 / (blocks - 1) as f64;
    let mut variances = [0.0; 3];
    for score in scores.values() {
        for (variance, moved) in variances.iter_mut().zip(times(&inverse, score)) {
            *variance += few * moved * moved;
        }
    }
    Some(Fit {
        effects: [effects[1], effects[2]],
        variances: [variances[1], variances[2]],
        blocks,
    })
}

fn rows(panel: &Panel, places: &[Unusual], cells: &Cells, kind: u32) -> Vec<Row> {
    let (step, known) = (panel.step(), panel.known());
    let block = match step {
        Step::Day => 28,
        Step::Week => 4,
        Step::Month => 1,
    };
    let mut rows = Vec::new();
    for ((_, place), cell) in cells.range((kind, 0)..=(kind, u32::MAX)) {
        let beyond = &places[*place as usize].beyond;
        for (period, [sold, around]) in cell.iter().copied().enumerate() {
            if around <= 0.0 {
                continue;
            }
            let more = |figure: usize| {
                let then = alike(step, known, period).map(|at| beyond[at][figure]);
                let then = then.filter(|of| !of.is_nan());
                let (sum, n) = then.fold((0.0, 0.0), |(sum, n), of| (sum + of, n + 1.0));
                let more = beyond[period][figure] - sum / n;
                // What is not known explains nothing.
                if more.is_nan() { 0.0 } else { more }
            };
            let columns = [1.0, more(0), more(1)];
            if columns[1] != 0.0 || columns[2] != 0.0 {
                rows.push(Row {
                    columns,
                    sold: sold.max(0.0),
                    around,
                    block: period / block,
                });
            }
        }
    }
    rows
}

/// The logarithm of what an effect of a figure multiplied sales by on average.
fn mean_factor(places: &[Unusual], figure: usize, effect: f64) -> f64 {
    let each = places.iter().flat_map(|place| &place.beyond);
    let each = each.map(|of| of[figure]).filter(|of| !of.is_nan());
    let (sum, n) = each.fold((0.0, 0.0), |(sum, n), of| {
        (sum + (effect * of).clamp(-MOST, MOST).exp(), n + 1.0)
    });
    if n > 0.0 { (sum / n).ln() } else { 0.0 }
}
