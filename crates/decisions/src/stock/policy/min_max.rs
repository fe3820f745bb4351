//! (s, S): reviewed every period; where the position is at most s, an order brings it up to S.

use super::{Costs, PolicyError};
use crate::stock::demand::Demand;

/// Most units between s and S.
const SPAN_MAX: usize = 1 << 16;

/// An (s, S) policy, and what it does. Unmet demand waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinMax {
    /// Order where the position is at most this; may be below 0.
    pub reorder_point: i64,
    /// The position that an order brings.
    pub order_up_to: i64,
    /// Expected cents of a period.
    pub cost: f64,
    /// Orders of a period, on average.
    pub orders: f64,
    /// Probability that nothing is missing at the end of a period.
    pub cycle_service: f64,
    /// Share of demand that is served from stock; absent where demand until arrival is not known.
    pub fill_rate: Option<f64>,
    /// Units in stock at the end of a period, on average.
    pub left: f64,
    /// Units that wait at the end of a period, on average.
    pub missing: f64,
}

/// Demand and cost of an (s, S) system.
struct System<'a> {
    period: &'a Demand<'a>,
    protection: &'a Demand<'a>,
    until_arrival: Option<&'a Demand<'a>>,
    costs: &'a Costs,
    masses: Vec<f64>,
    /// By how far the position is below S: expected periods that it spends there between two orders.
    visits: Vec<f64>,
    /// The position of least cost, and what it and those below it, and those above it, cost: as far as was asked.
    least: i64,
    below: Vec<f64>,
    above: Vec<f64>,
}

/// The (s, S) policy of least expected cost, exact.
///
/// - `period`: demand of one period; what comes in any amount is rounded to whole units.
/// - `protection`: demand of the lead time and one period; without a lead time it is `period`.
/// - `until_arrival`: demand of the lead time, where the fill rate is wanted.
///
/// Time O(n²) in the units between s and S; about a second for 20,000 of them.
///
/// # Errors
/// [`PolicyError`] when a cost is outside its range, nothing is ever asked for, or s and S are too far apart.
///
/// # Source
/// Zheng and Federgruen (1991), "Finding optimal (s, S) policies is about as simple as evaluating a single policy",
/// Operations Research 39(4). Checked against `stockpyl` 1.0.2 and exhaustive search.
pub fn min_max(
    period: &Demand<'_>,
    protection: &Demand<'_>,
    until_arrival: Option<&Demand<'_>>,
    costs: &Costs,
) -> Result<MinMax, PolicyError> {
    let mut system = System::new(period, protection, until_arrival, costs)?;
    let (mut order_up_to, mut reorder_point) = (system.least, system.least);
    let mut cost = loop {
        reorder_point -= 1;
        let cost = system.cost(reorder_point, order_up_to)?;
        if cost <= system.of(reorder_point) {
            break cost;
        }
    };
    let mut tried = order_up_to + 1;
    while system.of(tried) <= cost {
        if system.cost(reorder_point, tried)? < cost {
            order_up_to = tried;
            while system.cost(reorder_point, order_up_to)? <= system.of(reorder_point + 1) {
                reorder_point += 1;
            }
            cost = system.cost(reorder_point, order_up_to)?;
        }
        tried += 1;
    }
    system.told(reorder_point, order_up_to)
}

/// What a given (s, S) policy does.
///
/// # Errors
/// As [`min_max`]; and [`PolicyError::Amount`] when S is not above s.
pub fn min_max_of(
    period: &Demand<'_>,
    protection: &Demand<'_>,
    until_arrival: Option<&Demand<'_>>,
    costs: &Costs,
    [reorder_point, order_up_to]: [i64; 2],
) -> Result<MinMax, PolicyError> {
    if order_up_to <= reorder_point {
        return Err(PolicyError::Amount {
            what: "level to order up to",
            found: order_up_to as f64,
            allowed: "above the reorder point",
        });
    }
    System::new(period, protection, until_arrival, costs)?.told(reorder_point, order_up_to)
}

impl<'a> System<'a> {
    fn new(
        period: &'a Demand<'a>,
        protection: &'a Demand<'a>,
        until_arrival: Option<&'a Demand<'a>>,
        costs: &'a Costs,
    ) -> Result<Self, PolicyError> {
        costs.check()?;
        let masses = period.masses(1e-14);
        if masses[0] >= 1.0 {
            return Err(PolicyError::NoDemand);
        }
        let visits = vec![1.0 / (1.0 - masses[0])];
        Ok(Self {
            period,
            protection,
            until_arrival,
            costs,
            masses,
            visits,
            least: protection.quantile(costs.critical_ratio()).round() as i64,
            below: Vec::new(),
            above: Vec::new(),
        })
    }

    /// Expected cents of a period whose order leaves this position.
    fn of(&mut self, position: i64) -> f64 {
        let (known, from, step) = if position <= self.least {
            (&mut self.below, self.least, -1)
        } else {
            (&mut self.above, self.least + 1, 1)
        };
        let at = (position - from).unsigned_abs() as usize;
        while known.len() <= at {
            let next = from + step * known.len() as i64;
            known.push(self.costs.of_period(self.protection, next as f64));
        }
        known[at]
    }

    /// Renewal equation (2b) of the paper, as far as it is needed.
    fn visit(&mut self, span: usize) -> Result<(), PolicyError> {
        if span > SPAN_MAX {
            return Err(PolicyError::TooManyUnits {
                allowed_max: SPAN_MAX,
            });
        }
        while self.visits.len() < span {
            let at = self.visits.len();
            let asked = 1..=at.min(self.masses.len() - 1);
            let sum: f64 = asked.map(|k| self.masses[k] * self.visits[at - k]).sum();
            self.visits.push(sum * self.visits[0]);
        }
        Ok(())
    }

    /// Expected cents of a period: equation (3) of the paper.
    fn cost(&mut self, reorder_point: i64, order_up_to: i64) -> Result<f64, PolicyError> {
        let span = (order_up_to - reorder_point) as usize;
        self.visit(span)?;
        let (mut periods, mut cost) = (0.0, self.costs.ordering);
        for below in 0..span {
            let visits = self.visits[below];
            periods += visits;
            cost += visits * self.of(order_up_to - below as i64);
        }
        Ok(cost / periods)
    }

    fn told(&mut self, reorder_point: i64, order_up_to: i64) -> Result<MinMax, PolicyError> {
        let cost = self.cost(reorder_point, order_up_to)?;
        let visits = &self.visits[..(order_up_to - reorder_point) as usize];
        let periods: f64 = visits.iter().sum();
        let expected = |of: &dyn Fn(f64) -> f64| -> f64 {
            let each = (0..).zip(visits);
            let sum: f64 = each
                .map(|(below, visits)| visits * of((order_up_to - below) as f64))
                .sum();
            sum / periods
        };
        let missing = expected(&|position| self.protection.shortage(position));
        let fill_rate = self.until_arrival.map(|before| {
            let waiting = expected(&|position| before.shortage(position));
            1.0 - (missing - waiting) / self.period.mean()
        });
        Ok(MinMax {
            reorder_point,
            order_up_to,
            cost,
            orders: 1.0 / periods,
            cycle_service: expected(&|position| self.protection.cdf(position)),
            fill_rate,
            left: expected(&|position| self.protection.left_over(position)),
            missing,
        })
    }
}
