//! One service for the whole shop, spread over products so that it takes the least stock.
//!
//! What a product needs for equal service differs by how much its demand varies and by what a unit costs. So the shop's
//! target is reached by the packs that serve most for what they leave: at one price of a missing unit for all products,
//! which is the newsvendor's for each of them.

use rayon::prelude::*;

use super::demand::Demand;
use super::sum::summed;

/// Halvings of the price at most: more than there are digits.
const HALVINGS: u32 = 120;

/// Packs between two prices that are sorted one by one instead of halving on.
const SORTED_MAX: f64 = 4096.0;

/// One product at one site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixLine<'a> {
    /// Demand from now until the delivery after the one that is ordered now.
    pub demand: Demand<'a>,
    /// What a unit counts for in the service of the shop, above 0: 1 for units, its price for revenue.
    pub weight: f64,
    /// What a unit that is left costs, in cents, above 0: to keep it until the next review, or what is tied up in it.
    pub left_cents: f64,
    /// Units in stock and on order that are not promised.
    pub position_units: u32,
    /// Units of a pack, 1 or more.
    pub pack_units: u32,
}

/// Stock of all products, and what it serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// The position of each product after the order: what it has and whole packs.
    pub levels: Vec<u64>,
    /// Share of what is asked for, by weight, that is served; not below the target.
    pub service: f64,
    /// The price of the service: cents of one unit missing for each unit of weight, at which every product would order
    /// just so much by itself.
    pub missing_cents: f64,
    /// What is left on average, in cents. No stock that serves as much, of the same packs, costs less.
    pub left_cents: f64,
}

/// Why there is no mix.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum MixError {
    /// The target is no share that can be reached.
    #[error("spread a service of {found}: allowed is between 0 and 1, both excluded")]
    Target {
        /// What was found.
        found: f64,
    },
    /// Nothing is asked for.
    #[error(
        "spread a service over {lines} products: nothing is ever asked for, allowed is an expected demand above 0"
    )]
    NoDemand {
        /// Products given.
        lines: usize,
    },
    /// An amount of a product is not a number, or outside its range.
    #[error(
        "spread a service: {what} of product {line} is {found}, allowed is a finite number above 0"
    )]
    Amount {
        /// The product, by its place.
        line: usize,
        /// Which amount.
        what: &'static str,
        /// What was found.
        found: f64,
    },
}

/// Spreads a fill rate of the whole shop over its products at the least cost of what is left.
///
/// - `target`: share of all that is asked for, by weight, strictly between 0 and 1.
///
/// The same on any number of threads. Time O(lines) for each of some 50 prices.
///
/// # Errors
/// [`MixError`] when the target or an amount is outside its range, or nothing is asked for.
///
/// # Source
/// Greedy marginal analysis: Fox (1966), Management Science 13(3); Sherbrooke (2004), "Optimal inventory modeling of
/// systems", chapter 2. What a pack serves for what it leaves falls from pack to pack.
pub fn service_mix(lines: &[MixLine<'_>], target: f64) -> Result<Mix, MixError> {
    check(lines, target)?;
    let asked = summed(lines.len(), |at| lines[at].weight * lines[at].demand.mean());
    if asked <= 0.0 {
        return Err(MixError::NoDemand { lines: lines.len() });
    }
    let allowed = (1.0 - target) * asked;
    let taken = |price: f64| -> Taken {
        let packs: Vec<u64> = lines.par_iter().map(|line| line.packs(price)).collect();
        let missing = summed(lines.len(), |at| lines[at].missing(packs[at]));
        Taken { packs, missing }
    };
    let (mut low, mut high) = (0.0, 1.0);
    let mut fewest = taken(low);
    let mut most = taken(high);
    while most.missing > allowed && high < f64::MAX / 4.0 {
        (low, fewest) = (high, most);
        high *= 4.0;
        most = taken(high);
    }
    if fewest.missing > allowed {
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let few = most.between(&fewest) <= SORTED_MAX;
            if few || middle <= low || middle >= high {
                break;
            }
            let found = taken(middle);
            if found.missing > allowed {
                (low, fewest) = (middle, found);
            } else {
                (high, most) = (middle, found);
            }
        }
        low = one_by_one(lines, &mut fewest, &most, allowed).unwrap_or(low);
    }
    Ok(told(lines, &fewest, asked, low))
}

/// Packs of all products at a price, and what is missing then, by weight.
struct Taken {
    packs: Vec<u64>,
    missing: f64,
}

impl Taken {
    /// How many more packs these are.
    fn between(&self, fewer: &Self) -> f64 {
        let each = self.packs.iter().zip(&fewer.packs);
        each.map(|(more, fewer)| more.saturating_sub(*fewer) as f64)
            .sum()
    }
}

/// Takes the packs between two prices, those that serve most for what they leave first, until no more is missing than
/// allowed; the price of the last one.
fn one_by_one(
    lines: &[MixLine<'_>],
    fewest: &mut Taken,
    most: &Taken,
    allowed: f64,
) -> Option<f64> {
    let mut steps: Vec<(f64, usize, u64)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let between = fewest.packs[at]..most.packs[at];
        steps.extend(between.map(|pack| (line.price_of(pack), at, pack)));
    }
    steps.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut last = None;
    for (price, at, pack) in steps {
        if fewest.missing <= allowed {
            break;
        }
        fewest.missing += lines[at].missing(pack + 1) - lines[at].missing(pack);
        fewest.packs[at] = pack + 1;
        last = Some(price);
    }
    last
}

fn told(lines: &[MixLine<'_>], taken: &Taken, asked: f64, price: f64) -> Mix {
    let missing = summed(lines.len(), |at| lines[at].missing(taken.packs[at]));
    let level = |(line, packs): (&MixLine<'_>, &u64)| {
        u64::from(line.position_units) + packs * u64::from(line.pack_units)
    };
    Mix {
        levels: lines.iter().zip(&taken.packs).map(level).collect(),
        service: 1.0 - missing / asked,
        missing_cents: price,
        left_cents: summed(lines.len(), |at| {
            let line = &lines[at];
            line.left_cents * line.demand.left_over(line.after(taken.packs[at]))
        }),
    }
}

impl MixLine<'_> {
    fn after(&self, packs: u64) -> f64 {
        f64::from(self.position_units) + packs as f64 * f64::from(self.pack_units)
    }

    /// Units missing after so many packs, by weight.
    fn missing(&self, packs: u64) -> f64 {
        self.weight * self.demand.shortage(self.after(packs))
    }

    /// The price of a missing unit from which on the pack after so many is worth what it leaves; infinite where it
    /// serves nothing.
    fn price_of(&self, packs: u64) -> f64 {
        let (before, after) = (self.after(packs), self.after(packs + 1));
        let served = (self.demand.shortage(before) - self.demand.shortage(after)).max(0.0);
        let left = f64::from(self.pack_units) - served;
        if served > 0.0 {
            self.left_cents * left.max(0.0) / (self.weight * served)
        } else {
            f64::INFINITY
        }
    }

    /// Packs that are worth what they leave at a price: near the newsvendor's quantile, then exactly.
    fn packs(&self, price: f64) -> u64 {
        let missing = price * self.weight;
        let ratio = missing / (missing + self.left_cents);
        let level = self.demand.quantile(ratio.min(1.0 - 1e-12));
        let units = (level - f64::from(self.position_units)).max(0.0);
        let mut packs = (units / f64::from(self.pack_units)).floor() as u64;
        while self.price_of(packs) < price {
            packs += 1;
        }
        while packs > 0 && self.price_of(packs - 1) >= price {
            packs -= 1;
        }
        packs
    }
}

fn check(lines: &[MixLine<'_>], target: f64) -> Result<(), MixError> {
    if !(target > 0.0 && target < 1.0) {
        return Err(MixError::Target { found: target });
    }
    for (line, of) in lines.iter().enumerate() {
        for (what, found) in [
            ("the weight", of.weight),
            ("what is left", of.left_cents),
            ("the pack", f64::from(of.pack_units)),
        ] {
            if !(found.is_finite() && found > 0.0) {
                return Err(MixError::Amount { line, what, found });
            }
        }
    }
    Ok(())
}
