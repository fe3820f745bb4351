//! What promotions bring to what is promoted, and take from or bring to the rest of its category.

use std::collections::BTreeMap;

use math::tails::student_t_upper_quantile;
use serde::{Deserialize, Serialize};

use super::panel::{Known, Panel, Step};

/// Level of the intervals.
const LEVEL: f64 = 0.95;

/// Periods alike before and after one, by which it is told what it would have sold.
const ALIKE: usize = 8;

/// Of those as many must be known.
const ALIKE_MIN: usize = 4;

/// Blocks of periods, taken as independent, that an interval needs.
const BLOCKS_MIN: usize = 8;

/// Rounds of finding the effects and, by them, what series sell without.
const ROUNDS: usize = 4;

/// What a promotion leaves of sales at least, where it is worked out what would have sold without.
const LEFT_MIN: f64 = 0.1;

/// What is left at least of the variance of an effect that is drawn to the other categories: these share their days.
const VARIANCE_MIN: f64 = 0.5;

/// Share of what a column says that must be its own, and not follow from the others.
const OWN_MIN: f64 = 1e-3;

/// What is known of the series: which are of one category, which of one site, and what is promoted.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// By series, its category; `None` where it has none.
    pub categories: &'a [Option<u32>],
    /// By series, its site.
    pub sites: &'a [u32],
    /// How deep each series is on promotion.
    pub own: &'a Known,
    /// How deep the others of its category and site are, weighed by what they usually sell.
    pub others: &'a Known,
}

/// What promotions of one category did, in shares of what the promoted products would have sold without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Promoted {
    /// The category.
    pub category: u32,
    /// Periods of series on promotion.
    pub promoted: u64,
    /// What they did, or why that cannot be said.
    pub effect: Effect,
}

/// What promotions did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Measured.
    Measured {
        /// What the promoted products sold more.
        own: Change,
        /// What the rest of the category sold more, below 0 where it was taken from them.
        others: Change,
        /// Both together.
        net: Change,
    },
    /// Too few blocks of periods tell of it.
    TooFew {
        /// Blocks found.
        blocks: usize,
        /// Blocks needed.
        needed: usize,
    },
    /// Everything is on promotion at the same time, or nothing ever beside anything else.
    NotToldApart,
}

/// A share with its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The share.
    pub point: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What promotions did in each category in which something was promoted, in the order of their numbers.
///
/// A period of a series is held against the mean of up to eight periods alike before and after it. How far off it is is
/// explained by how much deeper the series is on promotion than then, by how much deeper the others of its category and
/// site are, and by how far off all other categories of the site are, which has nothing to do with the category: least
/// squares, weighed as counts scatter. What a series sells without promotions is what it sold over what the effects make of
/// it; both are found in turns. Errors are clustered by blocks of four weeks over all series (CR1). Both effects are drawn to
/// those of the other categories, as far as these do not differ beyond what chance explains.
///
/// Deterministic. Time O(series · periods).
///
/// # Source
/// van Heerde, Gupta, Wittink (2003) for the parts of a promotion's effect; Liang, Zeger (1986) for clustered errors;
/// DerSimonian, Laird (1986) for the spread between categories.
#[must_use]
pub fn promoted(panel: &Panel, plan: &Plan<'_>) -> Vec<Promoted> {
    let off: Vec<Off> = (0..panel.series()).map(|one| Off::of(panel, one)).collect();
    let shared = Shared::of(panel, plan, &off);
    let mut of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (series, category) in plan.categories.iter().enumerate() {
        if let Some(category) = category {
            of.entry(*category).or_default().push(series);
        }
    }
    let fits = of.into_iter().filter_map(|(category, series)| {
        let mut ground = Ground {
            panel,
            plan,
            off: &off,
            shared: &shared,
            usual: series.iter().map(|one| off[*one].usual).collect(),
            series,
        };
        if ground.sums().promoted == 0 {
            return None;
        }
        let mut fit = ground.fit();
        for _ in 1..ROUNDS {
            if let Ok(of) = &fit {
                ground.usual = ground.without(of.effects);
                fit = ground.fit();
            }
        }
        Some((category, ground.sums(), fit))
    });
    let fits: Vec<(u32, Sums, Result<Fit, Effect>)> = fits.collect();
    let of_all = |at: usize| {
        let each = fits.iter().filter_map(|(_, _, fit)| fit.as_ref().ok());
        let each = each.map(|fit| (fit.effects[at], fit.covariance[at][at]));
        Prior::of(&each.collect::<Vec<_>>())
    };
    let priors = [of_all(0), of_all(1)];
    let told = |(category, sums, fit): &(u32, Sums, Result<Fit, Effect>)| Promoted {
        category: *category,
        promoted: sums.promoted,
        effect: match fit {
            Ok(fit) => fit.drawn(&priors).told(sums),
            Err(why) => why.clone(),
        },
    };
    fits.iter().map(told).collect()
}

/// How far off each period of a series is from those alike around it.
struct Off {
    /// What it usually sells in a period; 0 where nothing is known.
    usual: f64,
    /// Not a number where it cannot be said.
    more: Vec<f32>,
}

/// Periods alike around one.
fn alike(step: Step, known: usize, period: usize) -> impl Iterator<Item = usize> {
    let round = step.round();
    let before = (1..=ALIKE).filter_map(move |n| period.checked_sub(n * round));
    let after = (1..=ALIKE).map(move |n| period + n * round);
    before.chain(after.filter(move |at| *at < known))
}

impl Off {
    fn of(panel: &Panel, series: usize) -> Self {
        let values = panel.values(series);
        let known = values.iter().filter(|value| !value.is_nan());
        let (sum, n) = known.fold((0.0, 0.0), |(sum, n), v| (sum + f64::from(*v), n + 1.0));
        let more = |period: usize| {
            let around = alike(panel.step(), values.len(), period).map(|at| f64::from(values[at]));
            let known = around.filter(|value| !value.is_nan());
            let (sum, n) = known.fold((0.0, 0), |(sum, n), value| (sum + value, n + 1));
            if n < ALIKE_MIN {
                f32::NAN
            } else {
                (f64::from(values[period]) - sum / n as f64) as f32
            }
        };
        Self {
            usual: if n > 0.0 { sum / n } else { 0.0 },
            more: (0..values.len()).map(more).collect(),
        }
    }
}

/// How far off whole sites and their categories are, period by period.
struct Shared {
    /// By site, period by period: what is off, and what is usual of what is known.
    sites: BTreeMap<u32, Vec<[f64; 2]>>,
    categories: BTreeMap<(u32, u32), Vec<[f64; 2]>>,
}

impl Shared {
    fn of(panel: &Panel, plan: &Plan<'_>, off: &[Off]) -> Self {
        let none = || vec![[0.0; 2]; panel.known()];
        let mut found = Self {
            sites: BTreeMap::new(),
            categories: BTreeMap::new(),
        };
        for (series, off) in off.iter().enumerate() {
            let site = plan.sites[series];
            let add = |sums: &mut Vec<[f64; 2]>| {
                for (sum, more) in sums.iter_mut().zip(&off.more) {
                    if !more.is_nan() {
                        sum[0] += f64::from(*more);
                        sum[1] += off.usual;
                    }
                }
            };
            add(found.sites.entry(site).or_insert_with(none));
            if let Some(category) = plan.categories[series] {
                add(found
                    .categories
                    .entry((category, site))
                    .or_insert_with(none));
            }
        }
        found
    }

    /// How far off the rest of a site is, as a share of what is usual; 0 where there is no rest.
    fn rest(&self, category: u32, site: u32, period: usize) -> f64 {
        let all = self.sites.get(&site).map_or([0.0; 2], |of| of[period]);
        let own = self.categories.get(&(category, site));
        let own = own.map_or([0.0; 2], |of| of[period]);
        let usual = all[1] - own[1];
        if usual > 1e-9 * all[1] {
            (all[0] - own[0]) / usual
        } else {
            0.0
        }
    }
}

/// The series of one category.
struct Ground<'a> {
    panel: &'a Panel,
    plan: &'a Plan<'a>,
    off: &'a [Off],
    shared: &'a Shared,
    series: Vec<usize>,
    /// Of each, what it sells in a period without promotions.
    usual: Vec<f64>,
}

/// What was on promotion.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    promoted: u64,
    /// What promoted series usually sell in those periods.
    usual: f64,
    /// The same times how deep they were.
    own: f64,
    /// What all series usually sell, times how deep the others were.
    others: f64,
}

/// One period of a series: what explains it, what it is, and where it belongs.
struct Row {
    columns: [f64; 3],
    value: f64,
    block: usize,
}

fn row_of<'a>(known: &'a Known, panel: &Panel, series: usize) -> &'a [f32] {
    let all = panel.known() + panel.ahead();
    &known.values[known.row_of[series] as usize * all..][..all]
}

impl Ground<'_> {
    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for (series, usual) in self.series.iter().copied().zip(&self.usual) {
            let own = row_of(self.plan.own, self.panel, series);
            let others = row_of(self.plan.others, self.panel, series);
            for (period, value) in self.panel.values(series).iter().enumerate() {
                if value.is_nan() {
                    continue;
                }
                if own[period] > 0.0 {
                    sums.promoted += 1;
                    sums.usual += usual;
                    sums.own += usual * f64::from(own[period]);
                }
                if others[period] > 0.0 {
                    sums.others += usual * f64::from(others[period]);
                }
            }
        }
        sums
    }

    /// What each series sells in a period without promotions, where they do so much.
    fn without(&self, [own, others]: [f64; 2]) -> Vec<f64> {
        let of = |series: &usize| {
            let deep = row_of(self.plan.own, self.panel, *series);
            let beside = row_of(self.plan.others, self.panel, *series);
            let (mut sold, mut times) = (0.0, 0.0);
            for (period, value) in self.panel.values(*series).iter().enumerate() {
                if !value.is_nan() {
                    let more = own * f64::from(deep[period].max(0.0))
                        + others * f64::from(beside[period].max(0.0));
                    sold += f64::from(*value);
                    times += f64::max(1.0 + more, LEFT_MIN);
                }
            }
            if times > 0.0 { sold / times } else { 0.0 }
        };
        self.series.iter().map(of).collect()
    }

    /// Periods of a block.
    fn block(&self) -> usize {
        4 * match self.panel.step() {
            Step::Day => 7,
            Step::Week => 1,
            // A month is as long as four weeks.
            Step::Month => return 1,
        }
    }

    fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let (panel, block) = (self.panel, self.block());
        let series = self.series.iter().zip(&self.usual);
        series.flat_map(move |(series, usual)| {
            let (off, usual) = (&self.off[*series], *usual);
            let own = row_of(self.plan.own, panel, *series);
            let others = row_of(self.plan.others, panel, *series);
            let category = self.plan.categories[*series].unwrap_or_default();
            let site = self.plan.sites[*series];
            let values = panel.values(*series);
            let row = move |(period, more): (usize, &f32)| {
                if more.is_nan() || usual <= 0.0 {
                    return None;
                }
                let around = || {
                    let around = alike(panel.step(), values.len(), period);
                    around.filter(move |at| !values[*at].is_nan())
                };
                let n = around().count().max(1) as f64;
                let deeper = |of: &[f32]| {
                    let then: f64 = around().map(|at| f64::from(of[at].max(0.0))).sum();
                    f64::from(of[period].max(0.0)) - then / n
                };
                let rest = self.shared.rest(category, site, period);
                let root = usual.sqrt();
                Some(Row {
                    columns: [root * deeper(own), root * deeper(others), root * rest],
                    value: f64::from(*more) / root,
                    block: period / block,
                })
            };
            off.more.iter().enumerate().filter_map(row)
        })
    }

    fn fit(&self) -> Result<Fit, Effect> {
        let mut normal = [[0.0; 3]; 3];
        let mut sums = [0.0; 3];
        for row in self.rows() {
            for (at, one) in row.columns.iter().enumerate() {
                sums[at] += one * row.value;
                for (to, other) in row.columns.iter().enumerate() {
                    normal[at][to] += one * other;
                }
            }
        }
        // Without a rest of the site there is nothing to explain by it.
        if normal[2][2] <= 0.0 {
            normal[2][2] = 1.0;
        }
        let inverse = inverse(normal).ok_or(Effect::NotToldApart)?;
        let told = |at: usize| 1.0 / (inverse[at][at] * normal[at][at]) > OWN_MIN;
        if normal[0][0] <= 0.0 || normal[1][1] <= 0.0 || !told(0) || !told(1) {
            return Err(Effect::NotToldApart);
        }
        let effects = times(&inverse, &sums);
        let mut scores: BTreeMap<usize, [f64; 3]> = BTreeMap::new();
        for row in self.rows() {
            let said: f64 = row.columns.iter().zip(&effects).map(|(x, b)| x * b).sum();
            let score = scores.entry(row.block).or_default();
            for (sum, one) in score.iter_mut().zip(&row.columns) {
                *sum += one * (row.value - said);
            }
        }
        let blocks = scores.len();
        if blocks < BLOCKS_MIN {
            return Err(Effect::TooFew {
                blocks,
                needed: BLOCKS_MIN,
            });
        }
        let few = blocks as f64 / (blocks - 1) as f64;
        let mut covariance = [[0.0; 3]; 3];
        for score in scores.values() {
            let moved = times(&inverse, score);
            for (at, one) in moved.iter().enumerate() {
                for (to, other) in moved.iter().enumerate() {
                    covariance[at][to] += few * one * other;
                }
            }
        }
        Ok(Fit {
            effects: [effects[0], effects[1]],
            covariance: [0, 1].map(|at| [covariance[at][0], covariance[at][1]]),
            blocks,
        })
    }
}

/// Effects of being promoted and of others being so, both by depth, with their covariance.
#[derive(Debug, Clone, PartialEq)]
struct Fit {
    effects: [f64; 2],
    covariance: [[f64; 2]; 2],
    blocks: usize,
}

impl Fit {
    /// Drawn to the other categories; how the errors of both go together stays.
    fn drawn(&self, priors: &[Prior; 2]) -> Self {
        let [own, others] =
            [0, 1].map(|at| priors[at].drawn(self.effects[at], self.covariance[at][at]));
        let scale = (self.covariance[0][0] * self.covariance[1][1]).sqrt();
        let together = if scale > 0.0 {
            self.covariance[0][1] / scale * (own.1 * others.1).sqrt()
        } else {
            0.0
        };
        Self {
            effects: [own.0, others.0],
            covariance: [[own.1, together], [together, others.1]],
            blocks: self.blocks,
        }
    }

    fn told(&self, sums: &Sums) -> Effect {
        let usual = sums.usual.max(f64::MIN_POSITIVE);
        let shares = [sums.own / usual, sums.others / usual];
        let reach = student_t_upper_quantile((1.0 - LEVEL) / 2.0, (self.blocks - 1) as f64);
        let change = |weights: [f64; 2]| {
            let point: f64 = (0..2).map(|at| weights[at] * self.effects[at]).sum();
            let mut variance = 0.0;
            for (at, one) in weights.iter().enumerate() {
                for (to, other) in weights.iter().enumerate() {
                    variance += one * other * self.covariance[at][to];
                }
            }
            let off = reach * variance.max(0.0).sqrt();
            Change {
                point,
                low: point - off,
                high: point + off,
            }
        };
        Effect::Measured {
            own: change([shares[0], 0.0]),
            others: change([0.0, shares[1]]),
            net: change(shares),
        }
    }
}

/// Effects of all categories.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prior {
    pub(super) mean: f64,
    /// Variance of the mean.
    pub(super) error: f64,
    /// Variance between categories; infinite where there are too few to tell.
    pub(super) between: f64,
}

impl Prior {
    /// - `each`: effects with their variances.
    pub(super) fn of(each: &[(f64, f64)]) -> Self {
        let alone = Self {
            mean: 0.0,
            error: 0.0,
            between: f64::INFINITY,
        };
        let known: Vec<(f64, f64)> = each.iter().copied().filter(|of| of.1 > 0.0).collect();
        if known.len() < 3 {
            return alone;
        }
        let mean = |weight: &dyn Fn(f64) -> f64| {
            let sums = known
                .iter()
                .fold((0.0, 0.0), |(sum, all), (effect, variance)| {
                    (sum + weight(*variance) * effect, all + weight(*variance))
                });
            (sums.0 / sums.1, sums.1)
        };
        let plain = |variance: f64| 1.0 / variance;
        let (fixed, all) = mean(&plain);
        let squares: f64 = known.iter().map(|(_, variance)| variance.powi(-2)).sum();
        let spread: f64 = known.iter().map(|(e, v)| (e - fixed).powi(2) / v).sum();
        let free = (known.len() - 1) as f64;
        let between = ((spread - free) / (all - squares / all)).max(0.0);
        let (mean, all) = mean(&|variance: f64| 1.0 / (variance + between));
        Self {
            mean,
            error: 1.0 / all,
            between,
        }
    }

    /// Whether there are enough categories to tell what they have in common.
    pub(super) fn is_told(&self) -> bool {
        self.between.is_finite()
    }

    /// An effect with its variance, drawn to the others.
    pub(super) fn drawn(&self, effect: f64, variance: f64) -> (f64, f64) {
        if !self.between.is_finite() || variance <= 0.0 {
            return (effect, variance);
        }
        let to_mean = variance / (variance + self.between);
        let own = 1.0 - to_mean;
        let left = own * variance + to_mean.powi(2) * self.error;
        (
            own * effect + to_mean * self.mean,
            left.max(VARIANCE_MIN * variance),
        )
    }
}

pub(super) fn times(matrix: &[[f64; 3]; 3], vector: &[f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|at| matrix[at].iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// The inverse of a symmetric matrix by its cofactors; `None` where it has none.
pub(super) fn inverse(m: [[f64; 3]; 3]) -> Option<[[f64; 3]; 3]> {
    let minor = |at: usize, to: usize| {
        let [r, s] = [(at + 1) % 3, (at + 2) % 3];
        let [c, d] = [(to + 1) % 3, (to + 2) % 3];
        m[r][c] * m[s][d] - m[r][d] * m[s][c]
    };
    let determinant: f64 = (0..3).map(|to| m[0][to] * minor(0, to)).sum();
    let size = m[0][0] * m[1][1] * m[2][2];
    let told = determinant.abs() > 1e-12 * size.abs();
    if !told {
        return None;
    }
    Some([0, 1, 2].map(|at| [0, 1, 2].map(|to| minor(to, at) / determinant)))
}
