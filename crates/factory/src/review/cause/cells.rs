//! The decisions of a fall by what is known of them, and the fall split by that.

use super::super::attribute::Attribute;
use super::super::outcomes::OutcomesError;
use super::columns::{Bins, Met};
use super::split::{Falling, Kinds, OfColumn, OfColumns, Split};
use monitoring::cause::{
    Alike, ByColumns, Cause, CauseOptions, ColumnPart, NamedPart, PeriodMoments, explain,
    explain_columns,
};
use std::collections::BTreeMap;

/// Fewest decisions of each period of which anything is said.
const DECISIONS_MIN: u64 = 50;

/// Chance that any of the intervals of one attribute's split misses; divided among attributes.
pub(super) const ALPHA: f64 = 0.05;

/// One attribute explains clearly more than another where its mix explains so many times as much.
pub(super) const CLEARLY_MORE: f64 = 1.25;

/// Decisions that an estimate of one value is drawn to the mean of all by.
const SHRUNK_BY: f64 = 20.0;

/// What is known of what a decision shows.
pub(super) const SHOWN: [&str; 2] = ["category shown first", "products shown"];

/// What each value of what is shown adds to the share of good decisions.
type Effects = [BTreeMap<String, f64>; SHOWN.len()];

/// Decisions that are alike in all that is known of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) of: [String; Attribute::OF_LISTS.len()],
    pub(super) shown: [String; SHOWN.len()],
    /// The values that were met of columns that changed.
    pub(super) met: Vec<String>,
    pub(super) good: bool,
    pub(super) decisions: u64,
}

/// One product's decisions, before a fall and after it.
#[derive(Debug, Default)]
pub(super) struct Cells(pub(super) [Vec<Cell>; 2]);

impl Cells {
    /// The engine gives groups in any order, and sums of the same figures in another order are not the same.
    pub(super) fn sort(&mut self) {
        self.0.iter_mut().for_each(|cells| cells.sort_unstable());
    }

    fn decisions(&self) -> (u64, u64) {
        let of = |cells: &[Cell]| cells.iter().map(|cell| cell.decisions).sum();
        (of(&self.0[0]), of(&self.0[1]))
    }

    /// The fall in parts; `None` where too few decisions are known.
    pub(super) fn split(&self, fall: &Falling<'_>) -> Result<Option<Split>, OutcomesError> {
        let decisions = self.decisions();
        if decisions.0.min(decisions.1) < DECISIONS_MIN {
            return Ok(None);
        }
        let effects = effects(&self.0[0]);
        let known: Vec<(usize, Attribute)> = Attribute::OF_LISTS
            .into_iter()
            .enumerate()
            .filter(|(n, _)| self.varies(*n))
            .collect();
        // Where nothing is known of whom it is about, there is one segment and no mix.
        let tried = if known.is_empty() {
            vec![(0, Attribute::Placement)]
        } else {
            known
        };
        let options = CauseOptions {
            level: 1.0 - ALPHA / tried.len() as f64,
        };
        let mut best: Option<(usize, Attribute, Cause)> = None;
        let mut mixes = Vec::new();
        for (n, attribute) in tried {
            let [before, after] = [0, 1].map(|side| moments(&self.0[side], n, &effects));
            let parts = explain(&before?, &after?, options)?;
            mixes.push((attribute, parts.mix));
            // Of several that explain about as much the first stays, whatever noise there is.
            let explains_more = |(_, _, so_far): &(_, _, Cause)| {
                parts.mix.change < CLEARLY_MORE * so_far.mix.change.min(0.0)
            };
            if best.as_ref().is_none_or(explains_more) {
                best = Some((n, attribute, parts));
            }
        }
        let Some((n, by, parts)) = best else {
            return Ok(None);
        };
        let by_columns = self.by_columns(fall, n, &effects, options)?;
        let of_column = |(met, part): (&Met, ColumnPart)| OfColumn {
            table: met.table.name.clone(),
            column: met.column.name.clone(),
            part,
        };
        let columns = fall.met.iter().zip(by_columns.columns).map(of_column);
        let columns: Vec<OfColumn> = columns.collect();
        let together = by_columns.together.map(|of| OfColumns {
            names: of.columns.iter().map(|at| columns[*at].name()).collect(),
            part: of.part,
        });
        Ok(Some(Split {
            of: Kinds::Lists,
            before: fall.before(),
            after: fall.after(),
            decisions,
            by,
            shares: self.shares(n, &parts.mix_by_segment),
            columns,
            together,
            rest: by_columns.rest,
            parts,
            mixes,
        }))
    }

    /// The relation by the columns that changed, and what is left of it.
    fn by_columns(
        &self,
        fall: &Falling<'_>,
        n: usize,
        effects: &Effects,
        options: CauseOptions,
    ) -> Result<ByColumns, OutcomesError> {
        let each = fall.met.iter().enumerate();
        let bins: Vec<Bins> = each
            .map(|(at, met)| Bins::of(met, at, &self.0[0]))
            .collect();
        let alike = |cell: &Cell| Alike {
            segment: cell.of[n].clone(),
            outcome: f64::from(u8::from(cell.good)),
            contributions: contributions(effects, cell),
            cells: bins.iter().map(|bins| bins.cell(cell)).collect(),
            rows: cell.decisions,
        };
        let [before, after]: [Vec<Alike>; 2] =
            [0, 1].map(|side: usize| self.0[side].iter().map(alike).collect());
        let cells: Vec<usize> = bins.iter().map(Bins::cells).collect();
        Ok(explain_columns(&before, &after, &SHOWN, &cells, options)?)
    }

    /// Whether an attribute has more than one value.
    fn varies(&self, n: usize) -> bool {
        let mut values = self.0.iter().flatten().map(|cell| &cell.of[n]);
        let first = values.next();
        values.any(|value| Some(value) != first)
    }

    /// Shares of the values of an attribute, before and after.
    fn shares(&self, n: usize, of: &[NamedPart]) -> Vec<(String, f64, f64)> {
        let all = self.decisions();
        let share = |side: usize, all: u64, value: &str| {
            let of = self.0[side].iter().filter(|cell| cell.of[n] == value);
            of.map(|cell| cell.decisions).sum::<u64>() as f64 / all as f64
        };
        of.iter()
            .map(|part| {
                let value = part.name.clone();
                let (before, after) = (share(0, all.0, &value), share(1, all.1, &value));
                (value, before, after)
            })
            .collect()
    }
}

/// What each value of what is shown adds to the share of good decisions, before the fall: an additive model, each value's
/// drawn to nothing where few decisions say it, fitted one after the other until nothing moves.
fn effects(before: &[Cell]) -> Effects {
    const ROUNDS: usize = 20;
    let all: f64 = before.iter().map(|cell| cell.decisions as f64).sum();
    let good = before.iter().filter(|cell| cell.good);
    let mean = good.map(|cell| cell.decisions as f64).sum::<f64>() / all.max(1.0);
    let mut effects = Effects::default();
    for _ in 0..ROUNDS {
        for n in 0..SHOWN.len() {
            let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
            for cell in before {
                let others: f64 = (0..SHOWN.len())
                    .filter(|other| *other != n)
                    .map(|other| effect(&effects[other], &cell.shown[other]))
                    .sum();
                let left = f64::from(u8::from(cell.good)) - mean - others;
                let (sum, count) = sums.entry(cell.shown[n].clone()).or_default();
                *sum += left * cell.decisions as f64;
                *count += cell.decisions as f64;
            }
            let drawn = sums.into_iter();
            effects[n] = drawn
                .map(|(value, (sum, count))| (value, sum / (count + SHRUNK_BY)))
                .collect();
        }
    }
    effects
}

/// What a value adds; nothing where it was never shown before.
fn effect(effects: &BTreeMap<String, f64>, value: &str) -> f64 {
    effects.get(value).copied().unwrap_or(0.0)
}

/// What is shown adds to the score of decisions.
fn contributions(effects: &Effects, cell: &Cell) -> Vec<f64> {
    let each = effects.iter().zip(&cell.shown);
    each.map(|(effects, value)| effect(effects, value))
        .collect()
}

/// Sums of one period by the values of an attribute.
fn moments(cells: &[Cell], n: usize, effects: &Effects) -> Result<PeriodMoments, OutcomesError> {
    let mut sums = PeriodMoments::of_features(&SHOWN);
    for cell in cells {
        let of = contributions(effects, cell);
        let good = f64::from(u8::from(cell.good));
        sums.push_alike(&cell.of[n], good, &of, cell.decisions)?;
    }
    Ok(sums)
}
