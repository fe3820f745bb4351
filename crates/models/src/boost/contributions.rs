//! What each column adds to the margin of a row, by one tree.

use super::tree::{Child, Tree};

/// A tree with what is expected below each split.
#[derive(Debug)]
pub(super) struct Additive<'a> {
    tree: &'a Tree,
    /// By split, weight of the rows learnt from below it.
    covers: Vec<f64>,
}

/// A column on the way to a leaf.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// No column at the root.
    column: Option<u32>,
    /// Share of the rows that go on if the column is unknown.
    unknown: f64,
    /// 1 if the row goes on, 0 if not.
    known: f64,
    /// Weight of the sets of columns of one size, by position in the way.
    weight: f64,
}

impl<'a> Additive<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let mut covers = vec![0.0; tree.splits.len()];
        // Children come after their split.
        for at in (0..tree.splits.len()).rev() {
            let split = &tree.splits[at];
            let sides = [split.left, split.right];
            covers[at] = sides.iter().map(|child| cover(tree, &covers, *child)).sum();
        }
        Self { tree, covers }
    }

    /// Mean of the tree over the rows learnt from.
    pub(super) fn mean(&self) -> f64 {
        let pairs = || self.tree.values.iter().zip(&self.tree.covers);
        let total: f64 = self.tree.covers.iter().sum();
        pairs().map(|(value, cover)| value * cover).sum::<f64>() / total
    }

    /// Adds what each column adds for a row, to its position in `parts`.
    pub(super) fn add(&self, row: &[f32], parts: &mut [f64]) {
        let mut way = Vec::with_capacity(32);
        let root = Step {
            column: None,
            unknown: 1.0,
            known: 1.0,
            weight: 0.0,
        };
        self.walk(self.tree.root(), row, root, &mut way, 0, parts);
    }

    /// - `way`: the steps of all splits above, each split's from where it begins; those of this one from `begin`.
    fn walk(
        &self,
        at: Child,
        row: &[f32],
        step: Step,
        way: &mut Vec<Step>,
        begin: usize,
        parts: &mut [f64],
    ) {
        extend(way, begin, step);
        match at {
            Child::Leaf(leaf) => {
                let steps = &way[begin..];
                for (position, step) in steps.iter().enumerate() {
                    if let Some(column) = step.column {
                        let weight = without(steps, position);
                        let change = (step.known - step.unknown) * self.tree.values[leaf as usize];
                        parts[column as usize] += weight * change;
                    }
                }
            }
            Child::Split(position) => {
                let split = &self.tree.splits[position as usize];
                let taken = split.child_of(row[split.column as usize]);
                let (mut unknown, mut known) = (1.0, 1.0);
                // A column asked again is one step, whose shares multiply.
                let again = |step: &Step| step.column == Some(split.column);
                if let Some(position) = way[begin..].iter().position(again) {
                    (unknown, known) = (way[begin + position].unknown, way[begin + position].known);
                    unwind(way, begin, position);
                }
                let above = self.covers[position as usize];
                let end = way.len();
                for child in [split.left, split.right] {
                    let step = Step {
                        column: Some(split.column),
                        unknown: unknown * cover(self.tree, &self.covers, child) / above,
                        known: if child == taken { known } else { 0.0 },
                        weight: 0.0,
                    };
                    way.extend_from_within(begin..end);
                    self.walk(child, row, step, way, end, parts);
                    way.truncate(end);
                }
            }
        }
    }
}

fn cover(tree: &Tree, covers: &[f64], child: Child) -> f64 {
    match child {
        Child::Split(at) => covers[at as usize],
        Child::Leaf(at) => tree.covers[at as usize],
    }
}

/// Adds a step to those from `begin`.
fn extend(way: &mut Vec<Step>, begin: usize, step: Step) {
    let depth = way.len() - begin;
    let weight = if depth == 0 { 1.0 } else { 0.0 };
    way.push(Step { weight, ..step });
    let steps = &mut way[begin..];
    let of = (depth + 1) as f64;
    for at in (0..depth).rev() {
        steps[at + 1].weight += step.known * steps[at].weight * (at + 1) as f64 / of;
        steps[at].weight *= step.unknown * (depth - at) as f64 / of;
    }
}

/// Takes a step out of those from `begin`, as if it had never been added.
fn unwind(way: &mut Vec<Step>, begin: usize, position: usize) {
    let steps = &mut way[begin..];
    let depth = steps.len() - 1;
    let Step { unknown, known, .. } = steps[position];
    let of = (depth + 1) as f64;
    let mut next = steps[depth].weight;
    for at in (0..depth).rev() {
        if known != 0.0 {
            let before = steps[at].weight;
            steps[at].weight = next * of / ((at + 1) as f64 * known);
            next = before - steps[at].weight * unknown * (depth - at) as f64 / of;
        } else {
            steps[at].weight *= of / (unknown * (depth - at) as f64);
        }
    }
    for at in position..depth {
        let Step { weight, .. } = steps[at];
        steps[at] = Step {
            weight,
            ..steps[at + 1]
        };
    }
    way.pop();
}

/// Sum of the weights of the other steps, were one taken out.
fn without(steps: &[Step], position: usize) -> f64 {
    let depth = steps.len() - 1;
    let Step { unknown, known, .. } = steps[position];
    let of = (depth + 1) as f64;
    let mut next = steps[depth].weight;
    let mut sum = 0.0;
    for at in (0..depth).rev() {
        if known != 0.0 {
            let weight = next * of / ((at + 1) as f64 * known);
            sum += weight;
            next = steps[at].weight - weight * unknown * (depth - at) as f64 / of;
        } else {
            sum += steps[at].weight * of / (unknown * (depth - at) as f64);
        }
    }
    sum
}
