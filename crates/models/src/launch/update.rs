//! Demand given the hours that were seen.

use super::curve::{Came, Curve, Share};
use super::curves::Curves;
use super::distribution::{Demand, Points};
use super::error::UpdateError;
use super::grid::{Cells, refine};
use super::past::Sales;

/// Points that demand is cut into where what came by an hour is forecast.
const DEMANDS: usize = 48;

/// Points of a forecast of what came by an hour.
const UNITS: usize = 120;

/// Demand of a launch as far as its hours tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Updated {
    /// Units by the end of each whole hour seen.
    up_to: Vec<u64>,
    /// Where the stock ran out in the hour after those, units in all.
    sold_out: Option<u64>,
    demand: Demand,
    weights: Vec<f64>,
    /// Demand, with its probability together with each curve.
    joint: Vec<(f64, Vec<f64>)>,
}

/// What was seen of a launch.
#[derive(Debug, Clone, Copy)]
struct Seen<'a> {
    sales: &'a Sales,
    units: f64,
    open_hours: u32,
}

/// The hours of a launch, seen along one curve.
#[derive(Debug, Clone, Copy)]
struct Along {
    /// Log-probability of the curve given how the hours split.
    ln_weight: f64,
    came: Option<Came>,
    /// Where the stock ran out: the hour in which it did, and how much came in it at least.
    ran_out: Option<(Share, f64)>,
    units: f64,
}

impl Along {
    /// Log-likelihood of the curve and of demand, less what neither changes.
    fn ln_likelihood(&self, demand: f64) -> f64 {
        let came = self.came.map_or(0.0, |came| came.ln_probability(demand));
        // Of what was left, so much at least came in the hour in which the stock ran out.
        let ran_out = self.ran_out.map_or(0.0, |(next, more)| {
            next.at_least(more, demand - self.units).ln()
        });
        self.ln_weight + came + ran_out
    }
}

impl Seen<'_> {
    fn along(&self, curve: &Curve, weight: f64) -> Along {
        let hours = self.sales.hours.len();
        let whole = (hours > 0).then(|| curve.part(0, hours, self.open_hours));
        let next = || curve.part(hours, hours + 1, self.open_hours);
        Along {
            ln_weight: weight.max(1e-12).ln() + curve.ln_split(&self.sales.hours, self.open_hours),
            came: whole.map(|whole| whole.of(self.units)),
            ran_out: self
                .sales
                .sold_out
                .map(|stock| (next(), stock as f64 - self.units)),
            units: self.units,
        }
    }

    /// The least demand that can be.
    fn least(&self) -> f64 {
        let stock = self.sales.sold_out.map_or(0.0, |stock| stock as f64);
        stock.max(self.units)
    }
}

impl Curves {
    /// Demand of a launch given the hours that were seen.
    ///
    /// - `prior`: demand as it was forecast before the opening.
    /// - `weights`: probability of each curve before the opening, as of [`Curves::weights`].
    /// - `open_hours`: hours that the launch is open.
    /// - `sales`: units of its first hours; without hours the forecast stays as it was, on points.
    ///
    /// What came by an hour is beta-binomial given demand and the curve, the spread of curves by then being measured on past
    /// launches; how it split over the hours tells which curve the launch follows. Where the stock ran out it is known
    /// that as much as there was would have come. Demand is a whole number; the posterior is computed on points that are
    /// narrowed to where it lies, each unit a point where there are fewer than some hundred.
    ///
    /// # Errors
    /// [`UpdateError`] when there are more hours than the launch is open, less was sold in all than in the hours, or
    /// weights do not fit the curves.
    /// # Source
    /// Mosimann (1962) for the Dirichlet-multinomial distribution; with an exact curve and demand of a negative binomial
    /// prior this is the Gamma-Poisson update of Fisher and Raman (1996), section 3.
    pub fn update(
        &self,
        prior: &Demand,
        weights: &[f64],
        open_hours: u32,
        sales: &Sales,
    ) -> Result<Updated, UpdateError> {
        let (found, expected) = (weights.len(), self.clusters().len());
        if found != expected {
            return Err(UpdateError::Clusters { found, expected });
        }
        let found = sales.hours.len() + usize::from(sales.sold_out.is_some());
        if found > open_hours as usize {
            let open = open_hours;
            return Err(UpdateError::Hours { found, open });
        }
        let sold = sales.units();
        if let Some(stock) = sales.sold_out.filter(|stock| *stock < sold) {
            return Err(UpdateError::SoldOut { stock, sold });
        }
        let seen = Seen {
            sales,
            units: sold as f64,
            open_hours,
        };
        let curves = self.clusters().iter().zip(weights);
        let along: Vec<Along> = curves
            .map(|(curve, weight)| seen.along(curve, *weight))
            .collect();
        let of = |units: f64| -> Vec<f64> {
            along
                .iter()
                .map(|along| along.ln_likelihood(units))
                .collect()
        };
        let share = |curve: &Curve| curve.share(found.max(1), open_hours).max(1e-6);
        let slowest = self.clusters().iter().map(share).fold(1.0, f64::min);
        let most = 20.0 * (seen.least() + 10.0) / slowest;
        let cells = refine(prior, seen.least(), most, |units| ln_sum(&of(units)));
        Ok(Updated::new(&cells, of, &seen, weights))
    }

    /// Units asked for in the first hours of a launch, those that were seen among them.
    ///
    /// Where the stock ran out, what is asked for after it is held to come as what is asked for from that hour on.
    ///
    /// - `after`: demand as updated, perhaps without any hour.
    /// - `open_hours`: hours that the launch is open.
    /// - `hours`: the first hours, as 24 for the first day.
    #[must_use]
    pub fn first_hours(&self, after: &Updated, open_hours: u32, hours: usize) -> Demand {
        let (seen, known) = (after.units() as f64, after.hours());
        if hours >= open_hours as usize {
            return after.demand.clone();
        }
        if hours <= known {
            let units = hours.checked_sub(1).map_or(0, |at| after.up_to[at]);
            return Demand::Points(Points::certain(units as f64));
        }
        let parts = |curve: &Curve| curve.part(known, hours, open_hours);
        let parts: Vec<Share> = self.clusters().iter().map(parts).collect();
        let demands = after.thinned();
        let most = demands.last().map_or(seen, |(units, _)| *units);
        let edges = edges(seen, most);
        let below = |units: f64| -> f64 {
            let each = demands.iter().map(|(demand, joint)| {
                let own = joint.iter().zip(&parts);
                own.map(|(p, part)| p * part.at_most(units - seen, demand - seen))
                    .sum::<f64>()
            });
            each.sum()
        };
        let mut before = 0.0;
        let weighted = edges.into_iter().map(|units| {
            let up_to = below(units);
            let own = (up_to - before).max(0.0);
            before = up_to;
            (units, own)
        });
        Points::new(weighted.collect()).map_or_else(|| after.demand.clone(), Demand::Points)
    }
}

/// Whole units between two, denser where there are few.
fn edges(from: f64, to: f64) -> Vec<f64> {
    let span = to - from;
    let step = |at: usize| {
        let share = at as f64 / UNITS as f64;
        (from + ((span + 1.0).powf(share) - 1.0)).round()
    };
    let even = |at: usize| (from + span * at as f64 / UNITS as f64).round();
    let mut all: Vec<f64> = (0..=UNITS).flat_map(|at| [step(at), even(at)]).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// Logarithm of a sum of exponentials.
fn ln_sum(ln: &[f64]) -> f64 {
    let most = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + ln.iter().map(|ln| (ln - most).exp()).sum::<f64>().ln()
}

impl Updated {
    fn new(cells: &Cells, of: impl Fn(f64) -> Vec<f64>, seen: &Seen<'_>, weights: &[f64]) -> Self {
        let joint = cells.iter().filter(|(_, p)| *p > 0.0).map(|(units, p)| {
            let ln = of(units);
            let all = ln_sum(&ln);
            (
                units,
                ln.iter()
                    .map(|ln| p * (ln - all).exp())
                    .collect::<Vec<f64>>(),
            )
        });
        let joint: Vec<(f64, Vec<f64>)> = joint.collect();
        let weights = (0..weights.len()).map(|at| joint.iter().map(|(_, p)| p[at]).sum());
        let demand = Points::new(cells.iter().collect());
        // Cells hold at least the least demand that can be, with all of the probability.
        let certain = || Points::certain(seen.least());
        Self {
            up_to: seen
                .sales
                .hours
                .iter()
                .scan(0, |sum, units| {
                    *sum += u64::from(*units);
                    Some(*sum)
                })
                .collect(),
            sold_out: seen.sales.sold_out,
            demand: Demand::Points(demand.unwrap_or_else(certain)),
            weights: weights.collect(),
            joint,
        }
    }

    /// Demand in about equal parts of probability.
    fn thinned(&self) -> Vec<(f64, Vec<f64>)> {
        let (mut found, mut mean, mut own, mut all) =
            (Vec::new(), 0.0, vec![0.0; self.weights.len()], 0.0);
        for (units, joint) in &self.joint {
            let p: f64 = joint.iter().sum();
            (mean, all) = (mean + p * units, all + p);
            own.iter_mut().zip(joint).for_each(|(own, p)| *own += p);
            if all >= 1.0 / DEMANDS as f64 {
                found.push((
                    mean / all,
                    std::mem::replace(&mut own, vec![0.0; self.weights.len()]),
                ));
                (mean, all) = (0.0, 0.0);
            }
        }
        if all > 0.0 {
            found.push((mean / all, own));
        }
        found
    }

    /// Whole hours seen.
    #[must_use]
    pub fn hours(&self) -> usize {
        self.up_to.len()
    }

    /// Units sold so far.
    #[must_use]
    pub fn units(&self) -> u64 {
        let sold = || self.up_to.last().copied().unwrap_or(0);
        self.sold_out.unwrap_or_else(sold)
    }

    /// Whether the stock ran out.
    #[must_use]
    pub fn is_sold_out(&self) -> bool {
        self.sold_out.is_some()
    }

    /// Demand in all, what was sold among it.
    #[must_use]
    pub fn demand(&self) -> &Demand {
        &self.demand
    }

    /// Probability of each curve.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}
