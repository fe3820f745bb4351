//! Segments in words a shop can check: short conditions with round thresholds.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::params::Params;
use super::rfm::{Feature, Rfm};
use super::tree::{Bounds, Leaf, grow};

/// `above` < value ≤ `up_to` for one feature. Recency in days, orders in orders, spend in currency
/// units. `Display` gives the text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// What is compared.
    pub feature: Feature,
    /// Exclusive lower bound, if any.
    pub above: Option<f64>,
    /// Inclusive upper bound, if any.
    pub up_to: Option<f64>,
}

/// All conditions together place a customer in a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The segment the rule names.
    pub segment: usize,
    /// All must hold; empty means everybody.
    pub conditions: Vec<Condition>,
    /// Customers that meet the conditions.
    pub customers: u64,
    /// Those of them that the clusters put in `segment`.
    pub agreeing: u64,
}

/// How far the rules and the clusters agree about one segment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// Of the customers of the segment, the share that its rules find.
    pub found_share: f64,
    /// Of the customers that its rules find, the share that is in the segment; None when no rule
    /// names the segment.
    pub right_share: Option<f64>,
}

/// Rules that together cover every customer exactly once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleList {
    /// Grouped by segment, the rule of most customers first.
    pub rules: Vec<Rule>,
    /// Share of all customers whom rules and clusters place alike.
    pub fidelity: f64,
    /// Whether `fidelity` reaches what was asked.
    pub reaches_target: bool,
    /// One per segment.
    pub by_segment: Vec<Fidelity>,
}

impl RuleList {
    /// Learns rules for segments of customers that passed [`Rfm::check`], with the roundest
    /// thresholds that reach the fidelity asked, or else the finest ones.
    pub(crate) fn learn(customers: &[Rfm], segments: &[usize], k: usize, params: &Params) -> Self {
        let values: Vec<[f64; 3]> = customers.iter().map(Rfm::values).collect();
        let mut best: Option<Self> = None;
        for grid in [Grid::Round, Grid::Fine] {
            let thresholds = thresholds(&values, grid);
            let leaves = grow(
                &values,
                segments,
                k,
                &thresholds,
                params.rule_fidelity,
                params.rules_max,
            );
            let list = Self::of(&leaves, k, params.rule_fidelity);
            if best.as_ref().is_none_or(|b| list.fidelity > b.fidelity) {
                best = Some(list);
            }
            if best.as_ref().is_some_and(|b| b.reaches_target) {
                break;
            }
        }
        best.expect("two grids are tried")
    }

    fn of(leaves: &[Leaf], k: usize, target: f64) -> Self {
        let mut rules: Vec<Rule> = leaves.iter().map(rule).collect();
        rules.sort_by(|a, b| {
            (a.segment, std::cmp::Reverse(a.customers))
                .cmp(&(b.segment, std::cmp::Reverse(b.customers)))
        });
        let mut sizes = vec![0_u64; k];
        for leaf in leaves {
            for (size, n) in sizes.iter_mut().zip(&leaf.counts) {
                *size += n;
            }
        }
        let by_segment = sizes
            .iter()
            .enumerate()
            .map(|(s, &size)| {
                let own = rules.iter().filter(|r| r.segment == s);
                let (said, right) = own.fold((0, 0), |(n, a), r| (n + r.customers, a + r.agreeing));
                Fidelity {
                    found_share: right as f64 / size.max(1) as f64,
                    right_share: (said > 0).then(|| right as f64 / said as f64),
                }
            })
            .collect();
        let all: u64 = sizes.iter().sum();
        let agreeing: u64 = rules.iter().map(|r| r.agreeing).sum();
        let fidelity = agreeing as f64 / all.max(1) as f64;
        Self {
            rules,
            fidelity,
            reaches_target: fidelity >= target,
            by_segment,
        }
    }

    /// The one rule that a customer meets.
    pub(crate) fn rule_for(&self, customer: &Rfm) -> &Rule {
        let values = customer.values();
        self.rules
            .iter()
            .find(|rule| rule.conditions.iter().all(|c| c.holds(&values)))
            .expect("rules cover everything")
    }
}

fn rule(leaf: &Leaf) -> Rule {
    let segment = leaf.segment();
    let conditions = Feature::ALL
        .iter()
        .zip(leaf.bounds)
        .filter(|(_, bounds)| *bounds != Bounds::default())
        .map(|(&feature, Bounds { above, up_to })| Condition {
            feature,
            above,
            up_to,
        })
        .collect();
    Rule {
        segment,
        conditions,
        customers: leaf.customers(),
        agreeing: leaf.counts[segment],
    }
}

impl Condition {
    fn holds(&self, values: &[f64; 3]) -> bool {
        let value = match self.feature {
            Feature::Recency => values[0],
            Feature::Orders => values[1],
            Feature::Spend => values[2],
        };
        self.above.is_none_or(|bound| value > bound) && self.up_to.is_none_or(|b| value <= b)
    }
}

impl fmt::Display for Rule {
    /// "last order ≤ 45 days ago and orders ≥ 6".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.conditions.is_empty() {
            return write!(f, "every customer");
        }
        for (i, condition) in self.conditions.iter().enumerate() {
            if i > 0 {
                write!(f, " and ")?;
            }
            write!(f, "{condition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bound: f64| grouped(bound);
        match (self.feature, self.above, self.up_to) {
            (_, None, None) => Ok(()),
            (Feature::Recency, None, Some(b)) => write!(f, "last order ≤ {} days ago", text(b)),
            (Feature::Recency, Some(a), None) => write!(f, "last order > {} days ago", text(a)),
            (Feature::Recency, Some(a), Some(b)) => {
                write!(f, "last order > {} and ≤ {} days ago", text(a), text(b))
            }
            // Orders are whole: more than 5 is at least 6.
            (Feature::Orders, None, Some(b)) => write!(f, "orders ≤ {}", text(b)),
            (Feature::Orders, Some(a), None) => write!(f, "orders ≥ {}", text(a + 1.0)),
            (Feature::Orders, Some(a), Some(b)) if a + 1.0 == b => {
                write!(f, "orders = {}", text(b))
            }
            (Feature::Orders, Some(a), Some(b)) => {
                write!(f, "orders {} to {}", text(a + 1.0), text(b))
            }
            (Feature::Spend, None, Some(b)) => write!(f, "spend ≤ {}", text(b)),
            (Feature::Spend, Some(a), None) => write!(f, "spend > {}", text(a)),
            (Feature::Spend, Some(a), Some(b)) => {
                write!(f, "spend > {} and ≤ {}", text(a), text(b))
            }
        }
    }
}

/// 12500 as "12,500"; decimals only when there are some.
fn grouped(value: f64) -> String {
    let plain = format!("{value}");
    let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !decimals.is_empty() {
        text.push('.');
        text.push_str(decimals);
    }
    text
}

/// How round thresholds must be.
#[derive(Debug, Clone, Copy)]
enum Grid {
    Round,
    Fine,
}

/// First two digits of thresholds in the round grid.
const ROUND: [u32; 10] = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80];

/// First two digits of thresholds in the fine grid: steps of 3 to 9 %.
const FINE: [u32; 26] = [
    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 24, 26, 28, 30, 33, 36, 40, 45, 50, 55, 60, 70,
    80, 90,
];

/// Days in the round grid: weeks, months and quarters as a shop says them; above, by quarter.
const DAYS_ROUND: [u32; 18] = [
    1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300,
];

/// Thresholds inside the observed range of each feature, increasing.
fn thresholds(values: &[[f64; 3]], grid: Grid) -> [Vec<f64>; 3] {
    std::array::from_fn(|f| {
        let low = values.iter().map(|v| v[f]).fold(f64::INFINITY, f64::min);
        let high = values.iter().map(|v| v[f]).fold(0.0, f64::max);
        let mut all = match Feature::ALL[f] {
            Feature::Recency => days(grid, high),
            Feature::Orders => decades(grid, 1.0, high),
            Feature::Spend => decades(grid, 0.01, high),
        };
        if Feature::ALL[f] == Feature::Orders {
            // Every small count is a round number, and only whole counts are thresholds.
            all.extend((1..=12).map(f64::from));
            all.retain(|t| t.fract() == 0.0);
            all.sort_unstable_by(f64::total_cmp);
            all.dedup();
        }
        all.retain(|&t| t >= low && t < high);
        all
    })
}

fn days(grid: Grid, high: f64) -> Vec<f64> {
    let (mut all, step) = match grid {
        Grid::Round => (DAYS_ROUND.map(f64::from).to_vec(), 90.0),
        Grid::Fine => {
            let short = (1..=30)
                .chain((35..=180).step_by(5))
                .chain((190..=360).step_by(10));
            (short.map(f64::from).collect(), 30.0)
        }
    };
    let mut next = 360.0;
    while next < high && all.len() < usize::from(u16::MAX) - 1 {
        if all.last().is_none_or(|&last| next > last) {
            all.push(next);
        }
        next += step;
    }
    all
}

/// Round numbers of every power of ten from `from` to `high`.
fn decades(grid: Grid, from: f64, high: f64) -> Vec<f64> {
    let digits: &[u32] = match grid {
        Grid::Round => &ROUND,
        Grid::Fine => &FINE,
    };
    let mut all = Vec::new();
    let mut power = from.log10().round() as i32 - 1;
    while 10_f64.powi(power + 1) <= high {
        for &d in digits {
            // Division by a whole power keeps 0.12 the nearest number to 0.12.
            all.push(if power >= 0 {
                f64::from(d) * 10_f64.powi(power)
            } else {
                f64::from(d) / 10_f64.powi(-power)
            });
        }
        power += 1;
    }
    all
}
