//! Past launches that a launch is most like.

use serde::{Deserialize, Serialize};

use super::completed::Completed;
use super::linear::Linear;
use super::past::{Launch, Past, Total};

/// Columns that add nothing by themselves count as this share of the mean column.
const WEIGHT_MIN: f64 = 0.05;

/// How far two labels are apart beside by what they say: half a deviation of the column.
const OTHER_LABEL: f64 = 0.5;

/// Launches that the linear forecast counts as beside its nearest.
const PRIOR_LAUNCHES: f64 = 3.0;

/// Past launches by how alike they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Analogues {
    launches: Vec<Known>,
    /// By column, what a deviation of one counts.
    weights: Vec<f64>,
}

/// A past launch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    id: String,
    total: Total,
    row: Vec<f32>,
    labels: Vec<Option<String>>,
    /// Logarithm of its demand less what the linear model said of it.
    off: f64,
}

/// A past launch that a launch is like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analogue {
    /// What it is called.
    pub id: String,
    /// What it sold.
    pub total: Total,
    /// How unlike it is, at least 0: by how much the logarithm of demand may differ for what tells the two apart.
    pub distance: f64,
}

impl Analogues {
    /// Keeps the launches of a completed history.
    ///
    /// The distance is learnt: a column counts by how much a deviation of it changes the logarithm of demand.
    pub(super) fn new(past: &[&Past], completed: &Completed) -> Self {
        let Completed {
            encoder,
            linear,
            rows,
            target,
        } = completed;
        let slopes: Vec<f64> = linear.slopes().map(f64::abs).collect();
        let mean = slopes.iter().sum::<f64>() / slopes.len().max(1) as f64;
        let floor = if mean > 0.0 { WEIGHT_MIN * mean } else { 1.0 };
        let each = past.iter().zip(rows.chunks_exact(encoder.columns()));
        let known = each.zip(target).map(|((past, row), target)| Known {
            id: past.launch.id.clone(),
            total: past.total,
            row: standard(linear, &encoder.row(&past.launch)),
            labels: past
                .launch
                .all_labels()
                .map(|l| l.map(str::to_owned))
                .collect(),
            off: target - linear.predict(row),
        });
        Self {
            launches: known.collect(),
            weights: slopes.iter().map(|slope| slope.max(floor)).collect(),
        }
    }

    /// Positions and distances of the nearest, nearest first; of equals the latest first.
    fn nearest(&self, row: &[f32], launch: &Launch, count: usize) -> Vec<(usize, f64)> {
        let labels: Vec<Option<&str>> = launch.all_labels().collect();
        let of = |known: &Known| {
            let each = self.weights.iter().zip(row).zip(&known.row);
            let rows: f64 = each
                .map(|((weight, x), y)| weight * f64::from((x - y).abs()))
                .sum();
            let own = known.labels.iter().zip(&labels).zip(&self.weights);
            let other = own.filter(|((known, label), _)| known.as_deref() != **label);
            rows + OTHER_LABEL * other.map(|(_, weight)| weight).sum::<f64>()
        };
        let mut all: Vec<(usize, f64)> = self.launches.iter().map(of).enumerate().collect();
        let before = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0));
        if count < all.len() {
            all.select_nth_unstable_by(count, before);
            all.truncate(count);
        }
        all.sort_by(before);
        all
    }

    /// The nearest, nearest first.
    pub(super) fn named(&self, row: &[f32], launch: &Launch, count: usize) -> Vec<Analogue> {
        let nearest = self.nearest(row, launch, count);
        let named = nearest.into_iter().map(|(at, distance)| Analogue {
            id: self.launches[at].id.clone(),
            total: self.launches[at].total,
            distance,
        });
        named.collect()
    }

    /// By how much the nearest differed from what the linear model said of them, drawn towards 0; and how far they are.
    pub(super) fn off(&self, row: &[f32], launch: &Launch, count: usize) -> f64 {
        let nearest = self.nearest(row, launch, count);
        let sum: f64 = nearest.iter().map(|(at, _)| self.launches[*at].off).sum();
        sum / (nearest.len() as f64 + PRIOR_LAUNCHES)
    }

    /// Mean distance of the nearest; 0 where there is none.
    pub(super) fn distance(&self, row: &[f32], launch: &Launch, count: usize) -> f64 {
        let nearest = self.nearest(row, launch, count);
        let sum: f64 = nearest.iter().map(|(_, distance)| distance).sum();
        sum / nearest.len().max(1) as f64
    }
}

/// A row as deviations from the mean, in single precision.
pub(super) fn standard(linear: &Linear, row: &[f64]) -> Vec<f32> {
    linear.standard(row).into_iter().map(|x| x as f32).collect()
}
