//! Adding trees, round by round.

use rayon::prelude::*;

use super::codes::Codes;
use super::error::FitError;
use super::grow::{Ground, Grown, grow};
use super::histogram::Pair;
use super::labels::Labels;
use super::loss::{Loss, quantile};
use super::model::Model;
use super::sample::{Draw, sample};
use super::settings::Settings;
use super::table::Table;
use super::tree::Tree;

/// Rows whose losses are added up by one thread; sums of blocks are added in order.
const BLOCK: usize = 1 << 14;

/// A model being learnt.
#[derive(Debug)]
pub struct Booster<'a> {
    table: &'a Table,
    settings: &'a Settings,
    learn: Part<'a>,
    held_out: Option<Part<'a>>,
    /// Mean loss of held-out rows after 0, 1, 2 … rounds.
    losses: Vec<f64>,
    pairs: Vec<Pair>,
    model: Model,
}

/// Rows with what the model says of them so far.
#[derive(Debug)]
struct Part<'a> {
    labels: Labels<'a>,
    codes: Codes<'a>,
    margins: Vec<f64>,
}

/// Learns a model.
///
/// - `learn`: rows learnt from.
/// - `held_out`: rows that say how many rounds are kept: those of the smallest loss, found when `settings.patience`
///   further rounds had none smaller. Without them all rounds are kept.
///
/// Deterministic: the same seed gives the same bytes on any number of threads.
///
/// # Errors
/// [`FitError`] when a setting is out of range, labels do not fit the table or the loss, or no finite constant is best.
pub fn fit(
    table: &Table,
    learn: Labels<'_>,
    held_out: Option<Labels<'_>>,
    loss: Loss,
    settings: &Settings,
) -> Result<Model, FitError> {
    let mut booster = Booster::new(table, learn, held_out, loss, settings)?;
    for _ in 0..settings.rounds_max {
        booster.advance(1);
        if booster.rounds() - booster.best_rounds() >= settings.patience {
            break;
        }
    }
    let rounds = booster.best_rounds();
    Ok(booster.finish(rounds))
}

impl<'a> Booster<'a> {
    /// A model without trees: the best constant.
    ///
    /// # Errors
    /// Those of [`fit`].
    pub fn new(
        table: &'a Table,
        learn: Labels<'a>,
        held_out: Option<Labels<'a>>,
        loss: Loss,
        settings: &'a Settings,
    ) -> Result<Self, FitError> {
        settings.check(table.columns(), loss.leaf_quantile().is_some())?;
        loss.check()?;
        learn.check(table.rows(), loss, "learn from")?;
        if let Some(held_out) = &held_out {
            held_out.check(table.rows(), loss, "hold out")?;
        }
        let base = loss.base(&learn)?;
        let part = |labels: Labels<'a>| {
            let codes = Codes::new(table, labels.rows);
            let margins = vec![base; codes.rows()];
            Part {
                labels,
                codes,
                margins,
            }
        };
        let held_out = held_out.map(part);
        Ok(Self {
            table,
            settings,
            learn: part(learn),
            losses: held_out.iter().map(|part| part.mean_loss(loss)).collect(),
            held_out,
            pairs: Vec::new(),
            model: Model::new(table.columns(), loss, base),
        })
    }

    /// Rounds done.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.model.rounds()
    }

    /// Mean loss of the held-out rows after 0, 1, 2 … rounds; empty where none are held out.
    #[must_use]
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Rounds of the smallest held-out loss, the fewest of equals; all where no rows are held out.
    #[must_use]
    pub fn best_rounds(&self) -> usize {
        let mut best: Option<(usize, f64)> = None;
        for (rounds, loss) in self.losses.iter().enumerate() {
            if best.is_none_or(|(_, least)| *loss < least) {
                best = Some((rounds, *loss));
            }
        }
        best.map_or(self.rounds(), |(rounds, _)| rounds)
    }

    /// Adds trees.
    pub fn advance(&mut self, rounds: usize) {
        for _ in 0..rounds {
            self.round();
        }
    }

    /// The model after some of the rounds done.
    #[must_use]
    pub fn finish(self, rounds: usize) -> Model {
        self.model.after(rounds)
    }

    fn round(&mut self) {
        let (settings, round, loss) = (self.settings, self.rounds(), self.model.loss());
        let mut pairs = std::mem::take(&mut self.pairs);
        self.learn.derivatives(loss, &mut pairs);
        let draw = |n, share, draw| sample(n, share, settings.seed, round, draw);
        let columns = draw(self.table.columns(), settings.columns_share, Draw::Columns);
        let rows = draw(pairs.len(), settings.rows_share, Draw::Rows);
        let ground = Ground {
            table: self.table,
            codes: &self.learn.codes,
            pairs: &pairs,
            columns: &columns,
            settings,
        };
        let grown = grow(&ground, rows);
        let tree = self.tree(&grown);
        self.learn.add(&tree, &grown);
        if let Some(held_out) = &mut self.held_out {
            held_out.add_by_code(&tree, &grown.codes_up_to);
            self.losses.push(held_out.mean_loss(loss));
        }
        self.model.push(tree);
        self.pairs = pairs;
    }

    /// The share of a tree that is added.
    fn tree(&self, grown: &Grown) -> Tree {
        let Part {
            labels, margins, ..
        } = &self.learn;
        let rows_of = |leaf: usize| {
            let rows = &grown.order[grown.ranges[leaf].clone()];
            rows.iter().map(|row| *row as usize)
        };
        let leaves = 0..grown.values.len();
        let value = |leaf: usize| match self.model.loss().leaf_quantile() {
            None => grown.values[leaf],
            Some(level) => {
                let residual = |row| (labels.target[row] - margins[row], labels.weight_at(row));
                let mut residuals: Vec<_> = rows_of(leaf).map(residual).collect();
                quantile(&mut residuals, level)
            }
        };
        let cover = |leaf| rows_of(leaf).map(|row| labels.weight_at(row)).sum();
        Tree {
            splits: grown.splits.clone(),
            values: leaves
                .clone()
                .map(|leaf| self.settings.learning_rate * value(leaf))
                .collect(),
            covers: leaves.map(cover).collect(),
        }
    }
}

impl Part<'_> {
    /// Derivatives of the loss by the margin of each row, times its weight.
    fn derivatives(&self, loss: Loss, pairs: &mut Vec<Pair>) {
        let of = |at: usize| {
            let (first, second) = loss.derivatives(self.labels.target[at], self.margins[at]);
            let weight = self.labels.weight_at(at);
            [(weight * first) as f32, (weight * second) as f32]
        };
        (0..self.margins.len())
            .into_par_iter()
            .with_min_len(BLOCK)
            .map(of)
            .collect_into_vec(pairs);
    }

    /// Adds a tree that has grown on these rows, or on some of them.
    fn add(&mut self, tree: &Tree, grown: &Grown) {
        if grown.order.len() < self.margins.len() {
            self.add_by_code(tree, &grown.codes_up_to);
            return;
        }
        for (range, value) in grown.ranges.iter().zip(&tree.values) {
            for row in &grown.order[range.clone()] {
                self.margins[*row as usize] += value;
            }
        }
    }

    /// Adds a tree by asking it of every row.
    fn add_by_code(&mut self, tree: &Tree, codes_up_to: &[u8]) {
        let codes = &self.codes;
        self.margins
            .par_iter_mut()
            .with_min_len(BLOCK)
            .enumerate()
            .for_each(|(row, margin)| {
                *margin += tree.values[tree.leaf_by_code(codes, row, codes_up_to)];
            });
    }

    fn mean_loss(&self, loss: Loss) -> f64 {
        let of = |(block, margins): (usize, &[f64])| -> f64 {
            let rows = margins.iter().enumerate();
            rows.map(|(at, margin)| {
                let row = block * BLOCK + at;
                self.labels.weight_at(row) * loss.value(self.labels.target[row], *margin)
            })
            .sum()
        };
        let blocks = self.margins.par_chunks(BLOCK).enumerate();
        let sums: Vec<f64> = blocks.map(of).collect();
        sums.iter().sum::<f64>() / self.labels.weight_sum()
    }
}
