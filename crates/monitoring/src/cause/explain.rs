//! The change of a mean in parts: mix of segments, inputs by feature, and the relation itself.

use std::collections::BTreeSet;

use math::tails::normal_upper_quantile;
use serde::{Deserialize, Serialize};

use super::moments::{FEATURES, OUTCOME, PeriodMoments, RESIDUAL, SCORE, Segment};
use crate::refusal::{Allowed, Refusal, require};

/// How a change is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseOptions {
    /// Probability that each interval holds its part, of many rows.
    pub level: f64,
}

/// A change of a mean, in parts that add up to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Mean outcome of the reference.
    pub reference_mean: f64,
    /// Mean outcome now.
    pub now_mean: f64,
    /// The whole change: now less reference.
    pub change: Part,
    /// Because segments have other shares.
    pub mix: Part,
    /// Because within segments features are different, as far as the model's score tells.
    pub inputs: Part,
    /// Because within segments outcomes are different at the same score.
    pub relation: Part,
    /// The mix, segment by segment: growth of its share times how far it lies from the mean of all.
    pub mix_by_segment: Vec<NamedPart>,
    /// The inputs, feature by feature.
    pub inputs_by_feature: Vec<NamedPart>,
    /// The inputs, segment by segment.
    pub inputs_by_segment: Vec<NamedPart>,
    /// The relation, segment by segment.
    pub relation_by_segment: Vec<NamedPart>,
}

/// A part of a change, in the unit of the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What it adds.
    pub change: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Its share of the whole change; absent where nothing changed.
    pub share: Option<f64>,
}

/// A part with the name of its segment or feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedPart {
    /// The segment or feature.
    pub name: String,
    /// The part.
    pub part: Part,
}

/// Splits the change of a mean between two periods.
///
/// With shares `w`, means `m` of the outcome, `s` of the score and `r` of the residual `m - s`, in the reference (0) and
/// now (1), of each segment:
/// `Δ = Σ (w₁ - w₀) (m₀ + m₁) / 2 + Σ (w₀ + w₁) / 2 · [(s₁ - s₀) + (r₁ - r₀)]`,
/// and `s₁ - s₀` is the sum over features of the change of their mean contribution. Averages over both orders, so
/// neither period is favoured (the Shapley value of two players); exact up to rounding. A segment that only one period
/// has is mix.
///
/// "Inputs" is what the model makes of them: where its score is calibrated in the reference that is the change that other
/// inputs would have made alone; what it gets wrong is in the relation.
///
/// Intervals are by the delta method, over independent rows; of single segments' mix with the mean of all as given.
///
/// # Errors
/// [`Refusal`] when a period has fewer than two rows, the periods have other features, or the level is no probability.
/// # Source
/// Kitagawa (1955); Oaxaca and Blinder (1973); Fortin, Lemieux and Firpo (2011), "Decomposition methods in economics".
pub fn explain(
    reference: &PeriodMoments,
    now: &PeriodMoments,
    options: CauseOptions,
) -> Result<Cause, Refusal> {
    let level = options.level;
    let usable = level > 0.0 && level < 1.0;
    require(usable, "level", level, Allowed::Inside(0.0, 1.0))?;
    for (field, period) in [("reference", reference), ("now", now)] {
        let rows = period.rows();
        require(rows >= 2, field, rows, Allowed::CountAtLeast(2))?;
    }
    reference.check_same_features(now)?;
    let periods = Periods::new(reference, now);
    let z = normal_upper_quantile(0.5 * (1.0 - level));
    Ok(periods.cause(reference.features(), z))
}

/// Both periods, segment by segment.
struct Periods<'a> {
    names: Vec<&'a str>,
    /// Of the reference and of now.
    sides: [Side<'a>; 2],
    columns: usize,
}

struct Side<'a> {
    rows: f64,
    segments: Vec<Option<&'a Segment>>,
    shares: Vec<f64>,
    /// Variance within segments, by column: for segments of one row.
    pooled: Vec<f64>,
}

/// A part before it is told: what it adds, and its variance.
#[derive(Clone, Copy)]
struct Raw {
    change: f64,
    variance: f64,
}

impl<'a> Side<'a> {
    fn new(period: &'a PeriodMoments, names: &[&str], columns: usize) -> Self {
        let rows = period.rows() as f64;
        let segments: Vec<Option<&Segment>> = names
            .iter()
            .map(|name| period.segments().get(*name))
            .collect();
        let share = |segment: &Option<&Segment>| segment.map_or(0.0, |s| s.rows as f64 / rows);
        let there = || segments.iter().flatten();
        let free: f64 = there().map(|s| s.rows as f64 - 1.0).sum();
        let pooled = |column| there().map(|s| s.squares(column)).sum::<f64>() / free.max(1.0);
        Self {
            rows,
            shares: segments.iter().map(share).collect(),
            pooled: (0..columns).map(pooled).collect(),
            segments,
        }
    }

    /// Variance of a segment's mean.
    fn variance_of_mean(&self, at: usize, column: usize) -> f64 {
        self.segments[at].map_or(0.0, |segment| {
            let rows = segment.rows as f64;
            let variance = if segment.rows > 1 {
                segment.squares(column) / (rows - 1.0)
            } else {
                self.pooled[column]
            };
            variance / rows
        })
    }

    /// Variance, over rows drawn, of the mean of what their segments are given, of segments' shares alone.
    fn variance_of_mix(&self, given: &[f64]) -> f64 {
        let mean: f64 = self.shares.iter().zip(given).map(|(w, x)| w * x).sum();
        let squares = self.shares.iter().zip(given);
        squares.map(|(w, x)| w * (x - mean).powi(2)).sum::<f64>() / self.rows
    }

    fn mean(&self, column: usize) -> f64 {
        let means = self.segments.iter().zip(&self.shares);
        means
            .filter_map(|(segment, share)| Some(segment.as_ref()?.mean(column) * share))
            .sum()
    }
}

impl<'a> Periods<'a> {
    fn new(reference: &'a PeriodMoments, now: &'a PeriodMoments) -> Self {
        let all: BTreeSet<&str> = [reference, now]
            .iter()
            .flat_map(|period| period.segments().keys().map(String::as_str))
            .collect();
        let names: Vec<&str> = all.into_iter().collect();
        let columns = FEATURES + reference.features().len();
        Self {
            sides: [reference, now].map(|period| Side::new(period, &names, columns)),
            names,
            columns,
        }
    }

    /// What each side has of a segment's mean: half each, or all where only one has the segment.
    fn halves(&self, at: usize) -> [f64; 2] {
        match (self.sides[0].segments[at], self.sides[1].segments[at]) {
            (Some(_), Some(_)) => [0.5, 0.5],
            (Some(_), None) => [1.0, 0.0],
            (None, _) => [0.0, 1.0],
        }
    }

    fn growth(&self, at: usize) -> f64 {
        self.sides[1].shares[at] - self.sides[0].shares[at]
    }

    fn share(&self, at: usize) -> f64 {
        0.5 * (self.sides[0].shares[at] + self.sides[1].shares[at])
    }

    /// Mean outcome of a segment, of both sides.
    fn level(&self, at: usize) -> f64 {
        let halves = self.halves(at);
        let of = |side: usize| {
            let segment = self.sides[side].segments[at];
            halves[side] * segment.map_or(0.0, |segment| segment.mean(OUTCOME))
        };
        of(0) + of(1)
    }

    /// Change of a segment's mean; none where one side lacks it.
    fn step(&self, at: usize, column: usize) -> f64 {
        match (self.sides[0].segments[at], self.sides[1].segments[at]) {
            (Some(before), Some(after)) => after.mean(column) - before.mean(column),
            (Some(_), None) | (None, _) => 0.0,
        }
    }

    /// Variance of the step's mean on each side, where there is a step.
    fn step_variance(&self, at: usize, column: usize) -> f64 {
        match (self.sides[0].segments[at], self.sides[1].segments[at]) {
            (Some(_), Some(_)) => {
                let of = |side: &Side<'_>| side.variance_of_mean(at, column);
                self.share(at).powi(2) * (of(&self.sides[0]) + of(&self.sides[1]))
            }
            (Some(_), None) | (None, _) => 0.0,
        }
    }

    fn mix_variance(&self, at: usize) -> f64 {
        let halves = self.halves(at);
        let of =
            |side: usize| halves[side].powi(2) * self.sides[side].variance_of_mean(at, OUTCOME);
        self.growth(at).powi(2) * (of(0) + of(1))
    }

    fn mix(&self) -> Raw {
        let levels: Vec<f64> = (0..self.names.len()).map(|at| self.level(at)).collect();
        let of_shares: f64 = self.sides.iter().map(|s| s.variance_of_mix(&levels)).sum();
        let each = 0..self.names.len();
        Raw {
            change: each.clone().map(|at| self.growth(at) * levels[at]).sum(),
            variance: of_shares + each.map(|at| self.mix_variance(at)).sum::<f64>(),
        }
    }

    fn mix_of(&self, at: usize) -> Raw {
        let each = 0..self.names.len();
        let all: f64 = each.map(|at| self.share(at) * self.level(at)).sum();
        let apart = self.level(at) - all;
        let of_share = |side: &Side<'_>| {
            let share = side.shares[at];
            share * (1.0 - share) / side.rows * apart * apart
        };
        Raw {
            change: self.growth(at) * apart,
            variance: of_share(&self.sides[0]) + of_share(&self.sides[1]) + self.mix_variance(at),
        }
    }

    /// What changed within segments, of one column.
    fn within(&self, column: usize) -> Raw {
        let each = 0..self.names.len();
        let steps: Vec<f64> = each.clone().map(|at| self.step(at, column)).collect();
        let of_shares: f64 = self.sides.iter().map(|s| s.variance_of_mix(&steps)).sum();
        let of_means: f64 = each.clone().map(|at| self.step_variance(at, column)).sum();
        Raw {
            change: each.map(|at| self.share(at) * steps[at]).sum(),
            variance: 0.25 * of_shares + of_means,
        }
    }

    fn within_of(&self, at: usize, column: usize) -> Raw {
        let step = self.step(at, column);
        let of_share = |side: &Side<'_>| {
            let share = side.shares[at];
            0.25 * step * step * share * (1.0 - share) / side.rows
        };
        Raw {
            change: self.share(at) * step,
            variance: of_share(&self.sides[0])
                + of_share(&self.sides[1])
                + self.step_variance(at, column),
        }
    }

    fn cause(&self, features: &[String], z: f64) -> Cause {
        let [reference_mean, now_mean] = [0, 1].map(|side| self.sides[side].mean(OUTCOME));
        let whole = now_mean - reference_mean;
        let tell = |raw: Raw| {
            let half = z * raw.variance.sqrt();
            Part {
                change: raw.change,
                low: raw.change - half,
                high: raw.change + half,
                share: (whole != 0.0).then(|| raw.change / whole),
            }
        };
        let by_segment = |of: &dyn Fn(usize) -> Raw| -> Vec<NamedPart> {
            let named = |(at, name): (usize, &&str)| NamedPart {
                name: (*name).to_owned(),
                part: tell(of(at)),
            };
            self.names.iter().enumerate().map(named).collect()
        };
        let by_feature = (FEATURES..self.columns)
            .zip(features)
            .map(|(column, name)| NamedPart {
                name: name.clone(),
                part: tell(self.within(column)),
            });
        Cause {
            reference_mean,
            now_mean,
            change: tell(Raw {
                change: whole,
                variance: self.variance_of_change(),
            }),
            mix: tell(self.mix()),
            inputs: tell(self.within(SCORE)),
            relation: tell(self.within(RESIDUAL)),
            mix_by_segment: by_segment(&|at| self.mix_of(at)),
            inputs_by_feature: by_feature.collect(),
            inputs_by_segment: by_segment(&|at| self.within_of(at, SCORE)),
            relation_by_segment: by_segment(&|at| self.within_of(at, RESIDUAL)),
        }
    }

    fn variance_of_change(&self) -> f64 {
        let of_side = |side: &Side<'_>| {
            let mean = |segment: &Option<&Segment>| segment.map_or(0.0, |s| s.mean(OUTCOME));
            let means: Vec<f64> = side.segments.iter().map(mean).collect();
            let within = |at: usize| side.shares[at].powi(2) * side.variance_of_mean(at, OUTCOME);
            side.variance_of_mix(&means) + (0..means.len()).map(within).sum::<f64>()
        };
        self.sides.iter().map(of_side).sum()
    }
}
