//! What lists lead to at each of their positions, told apart from how long they are.

use math::tails::student_t_upper_quantile;
use schema::{Estimate, WhyNot};
use serde::Serialize;

/// Lists that show something at a position in each period: with fewer, what comes of it there is not told.
const SHOWN_MIN: u64 = 30;

/// Days of a period: with fewer it is not known how they vary.
const DAYS_MIN: usize = 14;

/// What is outside of a 95 % interval on either side.
const TAIL: f64 = 0.025;

/// Lists at one position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtPosition {
    /// Those that show something there.
    pub shown: u64,
    /// Those of them whose first product that led to something stands there.
    pub good: u64,
}

impl std::ops::AddAssign for AtPosition {
    fn add_assign(&mut self, other: Self) {
        self.shown += other.shown;
        self.good += other.good;
    }
}

/// Lists of some days whose outcomes are known. Each has something at its first position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    days: Vec<Vec<AtPosition>>,
    sums: Vec<AtPosition>,
}

/// What lists of two periods led to at the positions that both show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Positions that both periods tell of: each shows something there in at least thirty judged lists.
    pub told: u32,
    /// Positions that lists had after launch.
    pub of: u32,
    /// Products in a list after launch, on average.
    pub items_at_launch: f64,
    /// The same since the version answers.
    pub items: f64,
    /// The share of lists after launch that led to something at these positions.
    pub at_launch: Estimate,
    /// The share that would have since, had they shown something there as often as after launch.
    pub good: Estimate,
    /// The second less the first.
    pub change: Estimate,
    /// What the baseline's lists for the holdout would have led to since, at the same positions.
    pub baseline: Estimate,
}

impl Compared {
    /// Compares lists at the positions of those after launch (direct standardisation): the sum over positions of how
    /// often these show something there × the share of those that do and led to something there first. With lists as long
    /// as after launch that is the plain share of good ones. O(days × positions).
    ///
    /// The intervals are those of days: by the delta method each day adds Σ weight × (good − share × shown) / all shown, and
    /// the variance of these sums is that of the share. How often positions are shown after launch is taken as known.
    ///
    /// # Errors
    /// [`WhyNot`] where no position has thirty lists in both periods.
    /// # Source
    /// Cochran, Sampling Techniques (1977), 6.11 (combined ratio estimates), with the day as the unit.
    pub fn of(launch: &Lists, since: &Lists, holdout: &Lists) -> Result<Self, WhyNot> {
        let is_told = |at: &usize| launch.at(*at).shown.min(since.at(*at).shown) >= SHOWN_MIN;
        let weights: Vec<Weight> = (0..launch.sums.len())
            .filter(is_told)
            .map(|at| Weight {
                at,
                share: launch.at(at).shown as f64 / launch.count() as f64,
            })
            .collect();
        if weights.is_empty() {
            return Err(WhyNot::TooFew {
                what: "lists in each period".to_owned(),
                found: launch.count().min(since.count()),
                needed: SHOWN_MIN,
            });
        }
        let [at_launch, good, baseline] = [launch, since, holdout].map(|of| of.standard(&weights));
        let positions = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Self {
            told: positions(weights.len()),
            of: positions(launch.sums.len()),
            items_at_launch: launch.items(),
            items: since.items(),
            change: Standard::change(&at_launch, &good),
            at_launch: Standard::estimate(at_launch),
            good: Standard::estimate(good),
            baseline: Standard::estimate(baseline),
        })
    }
}

/// How often lists show something at a position, from 0, after launch.
struct Weight {
    at: usize,
    share: f64,
}

impl Lists {
    /// Of each day the counts at its positions, from the first on.
    #[must_use]
    pub fn of_days(days: impl IntoIterator<Item = Vec<AtPosition>>) -> Self {
        let days: Vec<_> = days.into_iter().filter(|day| !day.is_empty()).collect();
        let positions = days.iter().map(Vec::len).max().unwrap_or(0);
        let mut sums = vec![AtPosition::default(); positions];
        for day in &days {
            sums.iter_mut().zip(day).for_each(|(sum, of)| *sum += *of);
        }
        Self { days, sums }
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.at(0).shown
    }

    fn at(&self, position: usize) -> AtPosition {
        self.sums.get(position).copied().unwrap_or_default()
    }

    fn items(&self) -> f64 {
        let shown: u64 = self.sums.iter().map(|of| of.shown).sum();
        shown as f64 / self.count() as f64
    }

    fn standard(&self, weights: &[Weight]) -> Result<Standard, WhyNot> {
        let too_few = |what: &str, found: u64, needed: u64| {
            Err(WhyNot::TooFew {
                what: what.to_owned(),
                found,
                needed,
            })
        };
        let shown = weights.iter().map(|weight| self.at(weight.at).shown).min();
        let shown = shown.unwrap_or(0);
        if shown < SHOWN_MIN {
            return too_few("lists at each position", shown, SHOWN_MIN);
        }
        let n = self.days.len();
        if n < DAYS_MIN {
            return too_few("days with lists", n as u64, DAYS_MIN as u64);
        }
        let share = |at: usize| self.at(at).good as f64 / self.at(at).shown as f64;
        let residual = |day: &Vec<AtPosition>| -> f64 {
            let at = |weight: &Weight| {
                let AtPosition { shown, good } = day.get(weight.at).copied().unwrap_or_default();
                weight.share * (good as f64 - share(weight.at) * shown as f64)
                    / self.at(weight.at).shown as f64
            };
            weights.iter().map(at).sum()
        };
        let squares: f64 = self.days.iter().map(|day| residual(day).powi(2)).sum();
        Ok(Standard {
            share: weights.iter().map(|of| of.share * share(of.at)).sum(),
            variance: squares * n as f64 / (n - 1) as f64,
            days: n,
            lists: self.count(),
        })
    }
}

/// A share of lists at given positions, with the variance that its days show.
struct Standard {
    share: f64,
    variance: f64,
    days: usize,
    lists: u64,
}

impl Standard {
    fn interval(point: f64, variance: f64, days: usize, lowest: f64, units: u64) -> Estimate {
        let half = student_t_upper_quantile(TAIL, days as f64 - 1.0) * variance.sqrt();
        Estimate::Measured {
            point,
            low: (point - half).max(lowest),
            high: (point + half).min(1.0),
            units,
        }
    }

    fn estimate(found: Result<Self, WhyNot>) -> Estimate {
        match found {
            Ok(of) => Self::interval(of.share, of.variance, of.days, 0.0, of.lists),
            Err(why) => Estimate::NotMeasurable(why),
        }
    }

    /// The second less the first: of days apart.
    fn change(from: &Result<Self, WhyNot>, to: &Result<Self, WhyNot>) -> Estimate {
        match (from, to) {
            (Ok(from), Ok(to)) => Self::interval(
                to.share - from.share,
                to.variance + from.variance,
                to.days.min(from.days),
                -1.0,
                to.lists + from.lists,
            ),
            (Err(why), _) | (_, Err(why)) => Estimate::NotMeasurable(why.clone()),
        }
    }
}
