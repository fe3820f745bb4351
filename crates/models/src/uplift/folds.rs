//! Parts of the rows: folds and halves.

use math::random::stream;
use rand::Rng;
use rand::seq::SliceRandom;

use super::experiment::Experiment;

/// Streams of the seed, one per use.
const STREAM_FOLDS: u64 = 0;
const STREAM_HALVES: u64 = 1 << 32;

/// Rows by fold; every fold has its share of each arm and, within it, of outcomes above and not above 0.
#[derive(Debug, Clone)]
pub(super) struct Folds {
    /// Fold of each row.
    of: Vec<usize>,
    n: usize,
}

impl Folds {
    pub(super) fn new(experiment: &Experiment, n: usize, seed: u64) -> Self {
        let mut random = stream(seed, STREAM_FOLDS);
        let mut of = vec![0; experiment.rows()];
        let mut next = 0;
        for layer in layers(experiment) {
            for row in shuffled(layer, &mut random) {
                of[row] = next % n;
                next += 1;
            }
        }
        Self { of, n }
    }

    pub(super) fn n(&self) -> usize {
        self.n
    }

    /// Fold of a row.
    pub(super) fn of(&self, row: usize) -> usize {
        self.of[row]
    }

    /// Rows of a fold, in order.
    pub(super) fn rows(&self, fold: usize) -> Vec<usize> {
        (0..self.of.len())
            .filter(|row| self.of[*row] == fold)
            .collect()
    }
}

/// Half of the rows of every arm, in order; other halves for another `index`.
pub(super) fn half(experiment: &Experiment, seed: u64, index: u64) -> Vec<usize> {
    let mut random = stream(seed, STREAM_HALVES + index);
    let mut half = Vec::with_capacity(experiment.rows() / 2 + 1);
    for layer in layers(experiment) {
        let mut rows = shuffled(layer, &mut random);
        rows.truncate(rows.len().div_ceil(2));
        half.extend(rows);
    }
    half.sort_unstable();
    half
}

/// Rows by arm and by whether the outcome is above 0.
fn layers(experiment: &Experiment) -> Vec<Vec<usize>> {
    let mut layers = vec![Vec::new(); 2 * experiment.arms().len()];
    for (row, arm) in experiment.arm().iter().enumerate() {
        layers[2 * arm + usize::from(experiment.outcome()[row] > 0.0)].push(row);
    }
    layers
}

fn shuffled(mut rows: Vec<usize>, random: &mut impl Rng) -> Vec<usize> {
    rows.shuffle(random);
    rows
}
