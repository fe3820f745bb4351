//! Who gets which arm, in at most two questions that a person can check.

use rayon::prelude::*;

use super::average::AverageEffect;
use super::features::Features;

/// Places at which a column may be asked about, at most.
const CUTS_MAX: usize = 16;

/// Customers that a leaf needs among those the tree is found on, and as a share of them.
const LEAF_ROWS_MIN: usize = 30;
const LEAF_SHARE_MIN: f64 = 0.01;

/// Standard errors of what a question gains below which it is not asked: the best of some hundred gains two by chance.
const ERRORS_IGNORED: f64 = 3.0;

/// A tree of at most two questions one after the other, whose leaves name an arm.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyTree {
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Leaf(PolicyLeaf),
    Question {
        column: usize,
        below: f32,
        yes: Box<Self>,
        no: Box<Self>,
    },
}

/// Customers who get the same arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolicyLeaf {
    /// The arm, the control being 0.
    pub arm: usize,
    /// What it gains over the control on the customers that the tree was not found on; `None` of the control, and where
    /// there are fewer than two of them.
    pub gain: Option<AverageEffect>,
}

/// The answer to a question: whether a column is below a value. What is missing is below nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// Position of the column.
    pub column: usize,
    /// The value.
    pub below: f32,
    /// Whether it is below.
    pub holds: bool,
}

impl PolicyTree {
    /// Finds the tree that earns most on some of the customers, among all trees of two questions whose thresholds are
    /// quantiles, and values its leaves on the others. Questions that gain less than chance would are taken back.
    ///
    /// - `rewards`: by arm, the control first, then row: what the row says of giving the arm to its customer, without
    ///   bias whatever arm they were in (a doubly robust score, its cost taken off).
    /// - `found_on`: by row, whether the tree is found on it.
    ///
    /// `None` where lengths differ, or there is no customer to find it on.
    ///
    /// # Source
    /// Athey and Wager (2021), "Policy learning with observational data", for scores as rewards; Zhou, Athey and Wager
    /// (2023) for the exact search; Athey and Imbens (2016) for leaves valued on other customers than they were found on.
    #[must_use]
    pub fn learn(features: &Features, rewards: &[Vec<f64>], found_on: &[bool]) -> Option<Self> {
        let rows = features.rows();
        let whole = rewards.iter().all(|of_arm| of_arm.len() == rows);
        if !whole || found_on.len() != rows || rewards.is_empty() {
            return None;
        }
        let search = Search::new(features, rewards, found_on)?;
        let all: Vec<usize> = (0..search.rows()).collect();
        let mut root = search.two_questions(&all);
        let columns = features.columns().len();
        let valued = |arm: usize, rows: &[usize]| {
            let gains: Vec<f64> = rows
                .iter()
                .map(|row| rewards[arm][*row] - rewards[0][*row])
                .collect();
            (arm > 0 && gains.len() > 1).then(|| AverageEffect::of(&gains))
        };
        let others: Vec<usize> = (0..rows).filter(|row| !found_on[*row]).collect();
        let value = |row: usize, column: usize| features.values()[row * columns + column];
        root.give(&others, &value, &valued);
        Some(Self { root })
    }

    /// The arm of a customer.
    ///
    /// - `values`: one per column.
    #[must_use]
    pub fn arm(&self, values: &[f32]) -> usize {
        let value = |column: usize| values.get(column);
        self.root
            .arm(|column, below| value(column).is_some_and(|value| *value < below))
    }

    /// The leaves from left to right, each with the answers that lead to it.
    #[must_use]
    pub fn leaves(&self) -> Vec<(Vec<Condition>, PolicyLeaf)> {
        let mut found = Vec::new();
        self.root.leaves(&mut Vec::new(), &mut found);
        found
    }
}

impl Node {
    fn leaf(arm: usize) -> Self {
        Self::Leaf(PolicyLeaf { arm, gain: None })
    }

    /// The arm of whoever answers so.
    ///
    /// - `is_below`: whether a column is below a value.
    fn arm(&self, is_below: impl Fn(usize, f32) -> bool) -> usize {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(leaf) => return leaf.arm,
                Self::Question {
                    column,
                    below,
                    yes,
                    no,
                } => node = if is_below(*column, *below) { yes } else { no },
            }
        }
    }

    /// Values the leaves on some rows.
    fn give(
        &mut self,
        rows: &[usize],
        value: &dyn Fn(usize, usize) -> f32,
        valued: &dyn Fn(usize, &[usize]) -> Option<AverageEffect>,
    ) {
        match self {
            Self::Leaf(leaf) => leaf.gain = valued(leaf.arm, rows),
            Self::Question {
                column,
                below,
                yes,
                no,
            } => {
                let (those, others): (Vec<usize>, Vec<usize>) =
                    rows.iter().partition(|row| value(**row, *column) < *below);
                yes.give(&those, value, valued);
                no.give(&others, value, valued);
            }
        }
    }

    fn leaves(&self, path: &mut Vec<Condition>, found: &mut Vec<(Vec<Condition>, PolicyLeaf)>) {
        match self {
            Self::Leaf(leaf) => found.push((path.clone(), *leaf)),
            Self::Question {
                column,
                below,
                yes,
                no,
            } => {
                for (holds, node) in [(true, yes), (false, no)] {
                    path.push(Condition {
                        column: *column,
                        below: *below,
                        holds,
                    });
                    node.leaves(path, found);
                    path.pop();
                }
            }
        }
    }
}

/// A question with what the best arms of its two answers earn in sum.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Question {
    column: usize,
    /// A row is below where its code is at most this.
    cut: usize,
    earns: f64,
}

/// The customers that the tree is found on.
struct Search {
    arms: usize,
    /// Row after row, one per arm.
    rewards: Vec<f64>,
    /// By column, then row: how many of the column's cuts the value is not below; all of them where it is missing.
    codes: Vec<Vec<u8>>,
    /// By column, rising.
    cuts: Vec<Vec<f32>>,
    leaf_rows_min: usize,
}

impl Search {
    fn new(features: &Features, rewards: &[Vec<f64>], found_on: &[bool]) -> Option<Self> {
        let rows: Vec<usize> = (0..features.rows()).filter(|row| found_on[*row]).collect();
        if rows.is_empty() {
            return None;
        }
        let columns = features.columns().len();
        let value = |row: usize, column: usize| features.values()[row * columns + column];
        let cuts: Vec<Vec<f32>> = (0..columns)
            .map(|column| cuts(rows.iter().map(|row| value(*row, column))))
            .collect();
        let code = |cuts: &[f32], value: f32| -> u8 {
            let not_below = if value.is_nan() {
                cuts.len()
            } else {
                cuts.partition_point(|cut| *cut <= value)
            };
            u8::try_from(not_below).unwrap_or(u8::MAX)
        };
        let codes = cuts.iter().enumerate().map(|(column, cuts)| {
            let of_rows = rows.iter().map(|row| code(cuts, value(*row, column)));
            of_rows.collect()
        });
        let share = (LEAF_SHARE_MIN * rows.len() as f64).ceil();
        Some(Self {
            arms: rewards.len(),
            rewards: rows
                .iter()
                .flat_map(|row| rewards.iter().map(|of_arm| of_arm[*row]))
                .collect(),
            codes: codes.collect(),
            leaf_rows_min: LEAF_ROWS_MIN.max(share as usize),
            cuts,
        })
    }

    fn rows(&self) -> usize {
        self.rewards.len() / self.arms
    }

    fn of_row(&self, row: usize) -> &[f64] {
        &self.rewards[row * self.arms..(row + 1) * self.arms]
    }

    /// The arm that earns most on some rows, the earlier one of equals, with what it earns in sum.
    fn best_arm(&self, rows: &[usize]) -> (usize, f64) {
        let mut sums = vec![0.0; self.arms];
        for row in rows {
            add(&mut sums, self.of_row(*row), 1.0);
        }
        most(&sums)
    }

    fn split(&self, rows: &[usize], column: usize, cut: usize) -> (Vec<usize>, Vec<usize>) {
        let codes = &self.codes[column];
        rows.iter()
            .partition(|row| usize::from(codes[**row]) <= cut)
    }

    fn is_leaf(&self, rows: usize) -> bool {
        rows >= self.leaf_rows_min
    }

    /// The best question of one column on some rows.
    fn question_of(&self, rows: &[usize], column: usize) -> Option<Question> {
        let bins = self.cuts[column].len() + 1;
        let mut counts = vec![0_usize; bins];
        let mut sums = vec![0.0; bins * self.arms];
        for row in rows {
            let bin = usize::from(self.codes[column][*row]);
            counts[bin] += 1;
            add(
                &mut sums[bin * self.arms..(bin + 1) * self.arms],
                self.of_row(*row),
                1.0,
            );
        }
        let (mut below, mut above) = (vec![0.0; self.arms], vec![0.0; self.arms]);
        for of_bin in sums.chunks_exact(self.arms) {
            add(&mut above, of_bin, 1.0);
        }
        let (mut n, mut best) = (0, None);
        for cut in 0..bins - 1 {
            let of_bin = &sums[cut * self.arms..(cut + 1) * self.arms];
            add(&mut below, of_bin, 1.0);
            add(&mut above, of_bin, -1.0);
            n += counts[cut];
            if self.is_leaf(n) && self.is_leaf(rows.len() - n) {
                let earns = most(&below).1 + most(&above).1;
                best = better(best, Some(Question { column, cut, earns }));
            }
        }
        best
    }

    /// The best single question on some rows.
    fn question(&self, rows: &[usize]) -> Option<Question> {
        let columns = 0..self.cuts.len();
        columns.fold(None, |best, column| {
            better(best, self.question_of(rows, column))
        })
    }

    /// The first of two questions, by what the best tree earns that asks it first.
    fn first_question(&self, rows: &[usize]) -> Option<Question> {
        let pairs: Vec<(usize, usize)> = (0..self.cuts.len())
            .flat_map(|column| (0..self.cuts[column].len()).map(move |cut| (column, cut)))
            .collect();
        let of_side = |rows: &[usize]| {
            let alone = self.best_arm(rows).1;
            self.question(rows).map_or(alone, |q| q.earns.max(alone))
        };
        let tried: Vec<Option<Question>> = pairs
            .into_par_iter()
            .map(|(column, cut)| {
                let (yes, no) = self.split(rows, column, cut);
                (self.is_leaf(yes.len()) && self.is_leaf(no.len())).then(|| Question {
                    column,
                    cut,
                    earns: of_side(&yes) + of_side(&no),
                })
            })
            .collect();
        tried.into_iter().fold(None, better)
    }

    /// Whether what a tree earns more than one arm for all is beyond chance.
    fn is_clear(&self, rows: &[usize], arm: usize, arm_of: impl Fn(usize) -> usize) -> bool {
        let (mut sum, mut squares) = (0.0, 0.0);
        for row in rows {
            let of_row = self.of_row(*row);
            let gained = of_row[arm_of(*row)] - of_row[arm];
            sum += gained;
            squares += gained * gained;
        }
        sum > ERRORS_IGNORED * f64::sqrt(squares)
    }

    /// At most one question.
    fn one_question(&self, rows: &[usize]) -> Node {
        let (arm, _) = self.best_arm(rows);
        let Some(asked) = self.question(rows) else {
            return Node::leaf(arm);
        };
        let (yes, no) = self.split(rows, asked.column, asked.cut);
        self.kept(
            rows,
            asked,
            Node::leaf(self.best_arm(&yes).0),
            Node::leaf(self.best_arm(&no).0),
        )
    }

    fn two_questions(&self, rows: &[usize]) -> Node {
        let Some(asked) = self.first_question(rows) else {
            return Node::leaf(self.best_arm(rows).0);
        };
        let (yes, no) = self.split(rows, asked.column, asked.cut);
        self.kept(rows, asked, self.one_question(&yes), self.one_question(&no))
    }

    /// A question with its answers where it is clear, else the best arm for all.
    fn kept(&self, rows: &[usize], asked: Question, yes: Node, no: Node) -> Node {
        let (arm, _) = self.best_arm(rows);
        let codes = &self.codes[asked.column];
        let arm_of = |row: usize| {
            let side = if usize::from(codes[row]) <= asked.cut {
                &yes
            } else {
                &no
            };
            self.arm_in(side, row)
        };
        if !self.is_clear(rows, arm, arm_of) {
            return Node::leaf(arm);
        }
        Node::Question {
            column: asked.column,
            below: self.cuts[asked.column][asked.cut],
            yes: Box::new(yes),
            no: Box::new(no),
        }
    }

    fn arm_in(&self, node: &Node, row: usize) -> usize {
        node.arm(|column, below| {
            let cut = self.cuts[column].partition_point(|cut| *cut < below);
            usize::from(self.codes[column][row]) <= cut
        })
    }
}

fn add(sums: &mut [f64], values: &[f64], times: f64) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += times * value;
    }
}

/// The first position of the largest sum, and the sum.
fn most(sums: &[f64]) -> (usize, f64) {
    let all = sums.iter().copied().enumerate();
    all.reduce(|best, other| if other.1 > best.1 { other } else { best })
        .unwrap_or_default()
}

/// The first of the questions that earn most.
fn better(best: Option<Question>, other: Option<Question>) -> Option<Question> {
    match (best, other) {
        (Some(best), Some(other)) if other.earns > best.earns => Some(other),
        (None, other) => other,
        (best, _) => best,
    }
}

/// Quantiles between the smallest value and the largest, each once.
fn cuts(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut sorted: Vec<f32> = values.filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f32::total_cmp);
    let Some(&least) = sorted.first() else {
        return Vec::new();
    };
    let pick = |part: usize| sorted[part * (sorted.len() - 1) / CUTS_MAX];
    let mut cuts: Vec<f32> = (1..=CUTS_MAX).map(pick).filter(|v| *v > least).collect();
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;
    use math::random::stream;
    use rand::RngExt;

    const ROWS: usize = 4_000;

    /// Two columns that matter and one that does not, and what each of three arms earns.
    fn shop(effect: f64, seed: u64) -> (Features, Vec<Vec<f64>>) {
        let mut random = stream(seed, 0);
        let names = ["rate", "days", "noise"].map(str::to_owned).to_vec();
        let mut values = Vec::new();
        let mut rewards = vec![Vec::new(); 3];
        for row in 0..ROWS {
            let x: [f64; 3] = std::array::from_fn(|_| random.random());
            let best = match (x[0] < 0.5, x[1] < 0.25) {
                (true, _) => 1,
                (false, true) => 2,
                (false, false) => 0,
            };
            for (arm, of_arm) in rewards.iter_mut().enumerate() {
                let noise = 6.0 * (random.random::<f64>() - 0.5);
                let gain = if arm == best { effect } else { -effect };
                of_arm.push(if arm == 0 { 0.0 } else { gain + noise });
            }
            // Of some nothing is known in the column that does not matter.
            let third = if row.is_multiple_of(10) {
                f64::NAN
            } else {
                x[2]
            };
            values.extend([x[0], x[1], third].map(|v| v as f32));
        }
        (Features::new(names, values).unwrap(), rewards)
    }

    fn halves() -> Vec<bool> {
        (0..ROWS).map(|row| row.is_multiple_of(2)).collect()
    }

    #[test]
    fn the_planted_rule_is_found_and_its_leaves_are_worth_what_they_are() {
        let (features, rewards) = shop(1.0, 1);
        let tree = PolicyTree::learn(&features, &rewards, &halves()).unwrap();
        assert_eq!(tree.arm(&[0.2, 0.9, f32::NAN]), 1);
        assert_eq!(tree.arm(&[0.9, 0.1, 0.5]), 2);
        assert_eq!(tree.arm(&[0.9, 0.9, 0.5]), 0);
        let leaves = tree.leaves();
        for (path, leaf) in &leaves {
            assert!(path.iter().all(|asked| asked.column < 2), "{leaves:?}");
            let gain = leaf.gain.map(|gain| gain.interval(0.999).unwrap());
            match (leaf.arm, gain) {
                (0, None) => {}
                // A threshold lies up to a sixteenth beside the planted one.
                (_, Some((low, high))) => assert!(low < 1.0 && high > 0.7, "{leaves:?}"),
                other => panic!("{other:?}"),
            }
        }
        assert!((3..=4).contains(&leaves.len()), "{leaves:?}");
    }

    #[test]
    fn where_nothing_tells_customers_apart_everybody_gets_the_same() {
        for seed in 0..20 {
            let (features, rewards) = shop(0.0, seed);
            let tree = PolicyTree::learn(&features, &rewards, &halves()).unwrap();
            assert_eq!(tree.leaves().len(), 1, "{seed}");
        }
    }

    #[test]
    fn no_tree_of_two_questions_earns_more() {
        let (features, rewards) = shop(0.5, 3);
        let few: Vec<bool> = (0..ROWS).map(|row| row < 400).collect();
        let search = Search::new(&features, &rewards, &few).unwrap();
        let all: Vec<usize> = (0..400).collect();
        let found = search.first_question(&all).unwrap();
        let of_side = |rows: &[usize]| {
            let mut most = search.best_arm(rows).1;
            for column in 0..3 {
                for cut in 0..search.cuts[column].len() {
                    let (yes, no) = search.split(rows, column, cut);
                    if yes.len() >= LEAF_ROWS_MIN && no.len() >= LEAF_ROWS_MIN {
                        most = most.max(search.best_arm(&yes).1 + search.best_arm(&no).1);
                    }
                }
            }
            most
        };
        let mut most = f64::NEG_INFINITY;
        for column in 0..3 {
            for cut in 0..search.cuts[column].len() {
                let (yes, no) = search.split(&all, column, cut);
                if yes.len() >= LEAF_ROWS_MIN && no.len() >= LEAF_ROWS_MIN {
                    most = most.max(of_side(&yes) + of_side(&no));
                }
            }
        }
        assert!((found.earns - most).abs() < 1e-9, "{found:?} {most}");
    }

    #[test]
    fn what_does_not_fit_together_gives_no_tree() {
        let (features, rewards) = shop(1.0, 1);
        assert!(PolicyTree::learn(&features, &rewards, &[true]).is_none());
        assert!(PolicyTree::learn(&features, &rewards, &vec![false; ROWS]).is_none());
        assert!(PolicyTree::learn(&features, &[vec![0.0]], &halves()).is_none());
    }
}
