//! Orders of someone who knows the distribution of the demand of every day to come.

use super::play::{Decision, GoodsOrder, Review, StockPosition};
use super::played::{holding, margin};
use super::sites::WAREHOUSE;
use super::supply::SupplyTerms;
use super::world::World;
use crate::counts::CountDistribution;

/// Orders up to the level of least expected cost for the days until the next order can arrive.
///
/// The level `S` minimises `margin · E(D - S)+ + holding · E(S - D)+ + cost · E(S - L)+`: `D` is what is wanted until the
/// next order arrives, averaged over how late suppliers come, and `L` what is wanted as long as this one can be sold.
/// Nothing is sent between sites, and the warehouse orders nothing.
pub(super) fn decide(world: &World, review: &Review<'_>) -> Decision {
    let orders = review
        .positions
        .iter()
        .enumerate()
        .filter(|(_, position)| position.can_order && position.site != WAREHOUSE)
        .filter_map(|(series, position)| order(world, review.number, series, position))
        .collect();
    Decision {
        orders,
        transfers: Vec::new(),
    }
}

fn order(world: &World, day: usize, series: usize, position: &StockPosition) -> Option<GoodsOrder> {
    let terms = &world.terms[series];
    let problem = Problem::new(world, day, series);
    let stock = position.on_hand + position.on_order;
    let missing = problem.level().saturating_sub(stock);
    if missing == 0 {
        return None;
    }
    // Whole packs lie below or above the level; what is not ordered now can be ordered next time.
    let packs = missing / terms.pack_units * terms.pack_units;
    let fewer = if packs >= terms.minimum_units {
        packs
    } else {
        0
    };
    let choices = [0, fewer, terms.allowed(missing)];
    let cost = |units: &u32| problem.cost(stock, *units);
    let best = choices
        .into_iter()
        .min_by(|one, two| cost(one).total_cmp(&cost(two)))?;
    (best > 0).then_some(GoodsOrder {
        product: position.product,
        site: position.site,
        units: best,
    })
}

/// What one order decides about.
struct Problem {
    /// Wanted until the next order arrives.
    until_next: CountDistribution,
    /// Wanted as long as what is ordered can be sold; nothing where that is always.
    while_good: Option<CountDistribution>,
    margin: f64,
    /// Of a unit until the next order.
    holding: f64,
    unit_cost: f64,
    order_cost: f64,
    /// Days until the next order, and days on which what arrives can be sold, where there is an end to them.
    interval: f64,
    good_days: Option<f64>,
    /// Units wanted in a day on average.
    rate: f64,
}

impl Problem {
    fn new(world: &World, day: usize, series: usize) -> Self {
        let terms = &world.terms[series];
        let one = world.series[series];
        let weekday = world.days[day].weekday;
        let interval = next_order(terms, weekday);
        let lead = terms.lead_time_days as usize;
        let ended = world.products[one.product].ended;
        let sums = Sums::new(world, (one.product, one.site), day);
        let good_until = |late: usize| {
            let perishes = terms
                .shelf_life_days
                .map(|life| lead + late + life as usize);
            let ends = ended.map(|end| end.saturating_sub(day));
            match (perishes, ends) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            }
        };
        let longest = lead + interval + terms.delays.len();
        let good_days = good_until(terms.delays.len());
        let mut sums = sums.up_to(longest.max(good_days.unwrap_or(0)));
        let until_next = average(terms, |late| sums.of(lead + late + interval));
        let while_good =
            good_days.map(|_| average(terms, |late| sums.of(good_until(late).unwrap_or(0))));
        let rate = until_next.mean() / (lead + interval) as f64;
        let arrival = (day + lead).min(world.days.len() - 1);
        let unit_cost = terms.unit_cost_cents as f64;
        Self {
            until_next,
            while_good,
            margin: margin(world, series, arrival),
            holding: holding(unit_cost) * interval as f64,
            unit_cost,
            order_cost: terms.order_cost_cents as f64,
            interval: interval as f64,
            good_days: good_days.map(|days| days.saturating_sub(lead).max(1) as f64),
            rate,
        }
    }

    /// The first level above which one more unit costs more than it brings.
    fn level(&self) -> u32 {
        let mut level = 0;
        let (mut enough, mut left_over) = (0.0, 0.0);
        loop {
            let of = |table: &CountDistribution| {
                let chance = table.probabilities().get(level as usize);
                chance.copied().unwrap_or(0.0)
            };
            enough += of(&self.until_next);
            left_over += self.while_good.as_ref().map_or(0.0, of);
            let brings = self.margin * (1.0 - enough);
            if brings <= self.holding * enough + self.unit_cost * left_over {
                return level;
            }
            level += 1;
        }
    }

    /// Expected cost until the next order, where `stock` is there or coming and `units` are ordered.
    ///
    /// What an order wastes and costs by itself is spread over the time for which it lasts: a pack that lasts for three
    /// orders saves two.
    fn cost(&self, stock: u32, units: u32) -> f64 {
        let level = stock + units;
        let wasted = self.while_good.as_ref();
        let mut once = self.unit_cost * wasted.map_or(0.0, |table| table.expected_left(level));
        if units > 0 {
            once += self.order_cost;
            let lasts = f64::from(units) / self.rate.max(f64::MIN_POSITIVE);
            let lasts = self.good_days.map_or(lasts, |days| lasts.min(days));
            once *= (self.interval / lasts).min(1.0);
        }
        self.margin * self.until_next.expected_short(level)
            + self.holding * self.until_next.expected_left(level)
            + once
    }
}

/// Days from one order to the next that can be made.
fn next_order(terms: &SupplyTerms, weekday: usize) -> usize {
    (1..=7)
        .find(|days| terms.order_days[(weekday + days) % 7])
        .unwrap_or(7)
}

/// The average over how many days late a supplier comes.
fn average(
    terms: &SupplyTerms,
    mut of: impl FnMut(usize) -> CountDistribution,
) -> CountDistribution {
    let parts: Vec<(f64, CountDistribution)> = terms
        .delays
        .iter()
        .enumerate()
        .map(|(late, chance)| (*chance, of(late)))
        .collect();
    CountDistribution::mixture(&parts)
}

/// Distributions of what is wanted in the first days from a day on.
struct Sums<'a> {
    world: &'a World,
    of: (usize, usize),
    day: usize,
    sums: Vec<CountDistribution>,
}

impl<'a> Sums<'a> {
    fn new(world: &'a World, of: (usize, usize), day: usize) -> Self {
        Self {
            world,
            of,
            day,
            sums: vec![CountDistribution::nothing()],
        }
    }

    fn up_to(mut self, days: usize) -> Self {
        while self.sums.len() <= days {
            let day = self.day + self.sums.len() - 1;
            let before = &self.sums[self.sums.len() - 1];
            let sum = if day < self.world.days.len() {
                before.plus(&self.world.distribution(self.of.0, self.of.1, day))
            } else {
                before.clone()
            };
            self.sums.push(sum);
        }
        self
    }

    fn of(&mut self, days: usize) -> CountDistribution {
        self.sums[days.min(self.sums.len() - 1)].clone()
    }
}
