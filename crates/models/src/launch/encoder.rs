//! What is told of a launch as a row of numbers.

use math::special::normal_quantile;
use serde::{Deserialize, Serialize};

use super::labels::{Means, Words};
use super::past::{Launch, Past};

/// Knots of a column of numbers at most: 1.6 % of the launches lie between two.
const KNOTS: usize = 64;

/// Parts of the launches; labels of each part are read by what the others say.
const PARTS: usize = 5;

/// Columns of labels in every launch: category and merchant.
const FIXED: usize = 2;

/// Turns launches into rows: labels and words by how much launches that carry them differ, numbers by their rank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Encoder {
    labels: Vec<Means>,
    words: Words,
    numbers: Vec<Ranks>,
}

/// Ranks of numbers as quantiles of a normal distribution: an outlier is only the last in its row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Ranks {
    /// Values, rising, each with its normal score.
    knots: Vec<(f64, f64)>,
}

impl Ranks {
    fn fit(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let n = values.len();
        let mut knots: Vec<(f64, f64)> = Vec::new();
        let mut from = 0;
        while from < n {
            let to = values.partition_point(|value| *value <= values[from]);
            // Values alike share the middle of their ranks.
            let level = (from + to) as f64 / (2 * n) as f64;
            knots.push((values[from], normal_quantile(level)));
            from = to;
        }
        if knots.len() > KNOTS {
            let last = knots.len() - 1;
            let kept = (0..KNOTS).map(|knot| knots[knot * last / (KNOTS - 1)]);
            knots = kept.collect();
        }
        Self { knots }
    }

    /// Between two knots the line, beyond the last its score.
    fn score(&self, value: f64) -> f64 {
        let at = self.knots.partition_point(|(knot, _)| *knot < value);
        let (Some(above), Some(below)) = (self.knots.get(at), at.checked_sub(1)) else {
            let end = if at == 0 {
                self.knots.first()
            } else {
                self.knots.last()
            };
            return end.map_or(0.0, |(_, score)| *score);
        };
        let below = self.knots[below];
        let share = (value - below.0) / (above.0 - below.0);
        below.1 + share * (above.1 - below.1)
    }
}

/// Numbers of a launch: those that were told, when it opens and how long it is open.
fn numbers(launch: &Launch) -> impl Iterator<Item = Option<f64>> {
    let own = [
        Some(launch.opens_hour as f64),
        Some(f64::from(launch.duration_hours)),
    ];
    own.into_iter().chain(launch.numbers.iter().copied())
}

impl Encoder {
    /// Learns from launches and the logarithms of their demand; all have the same columns.
    pub(super) fn fit(past: &[&Past], target: &[f64]) -> Self {
        let columns = past.first().map_or(0, |p| p.launch.labels.len()) + FIXED;
        let pairs = || {
            past.iter()
                .map(|past| &past.launch)
                .zip(target.iter().copied())
        };
        let of = |column: usize| {
            Means::fit(pairs().map(|(launch, y)| (launch.all_labels().nth(column).flatten(), y)))
        };
        let width = past.first().map_or(0, |p| numbers(&p.launch).count());
        let known = |column: usize| {
            let each = past
                .iter()
                .filter_map(|p| numbers(&p.launch).nth(column).flatten());
            Ranks::fit(each.collect())
        };
        Self {
            labels: (0..columns).map(of).collect(),
            words: Words::fit(pairs().map(|(launch, y)| (launch.text.as_deref(), y))),
            numbers: (0..width).map(known).collect(),
        }
    }

    /// Numbers in a row.
    pub(super) fn columns(&self) -> usize {
        self.labels.len() + 1 + self.numbers.len()
    }

    /// The row of a launch; not a number where nothing is told.
    pub(super) fn row(&self, launch: &Launch) -> Vec<f64> {
        let labels = self.labels.iter().zip(launch.all_labels());
        let labels = labels.map(|(means, label)| means.differs(label));
        let words = self.words.differs(launch.text.as_deref());
        let numbers = self.numbers.iter().zip(numbers(launch));
        let numbers = numbers.map(|(ranks, number)| number.map(|number| ranks.score(number)));
        labels
            .chain([words])
            .chain(numbers)
            .map(|value| value.unwrap_or(f64::NAN))
            .collect()
    }

    /// Rows to learn from: labels and words of each launch are read by what other launches say, so that none sees its
    /// own demand.
    ///
    /// # Source
    /// Micci-Barreca (2001) for labels by their targets, here out of fold.
    pub(super) fn rows_to_learn(&self, past: &[&Past], target: &[f64]) -> Vec<f64> {
        let mut rows = vec![0.0; past.len() * self.columns()];
        for part in 0..PARTS {
            let (mut others, mut of_others) = (Vec::new(), Vec::new());
            for (at, past) in past.iter().enumerate().filter(|(at, _)| at % PARTS != part) {
                others.push(*past);
                of_others.push(target[at]);
            }
            let mut blind = Self::fit(&others, &of_others);
            blind.numbers.clone_from(&self.numbers);
            if others.is_empty() {
                blind.labels = vec![Means::default(); self.labels.len()];
            }
            let own = past.iter().zip(rows.chunks_exact_mut(self.columns()));
            for (past, row) in own.skip(part).step_by(PARTS) {
                row.copy_from_slice(&blind.row(&past.launch));
            }
        }
        rows
    }

    /// Past launches of the same category.
    pub(super) fn same_category(&self, launch: &Launch) -> usize {
        self.labels
            .first()
            .map_or(0, |means| means.launches(launch.category.as_deref()))
    }
}
