//! Forecasts of all nodes become forecasts that add up.

use rayon::prelude::*;

use super::diagonal::{Diagonal, FACTORED_AGAIN_MAX, FACTORED_MAX};
use super::error::{ReconcileError, WeightsError};
use super::full::Full;
use super::hierarchy::{Hierarchy, check_shape};
use super::nonnegative::{Held, Start, not_below_zero};
use super::weights::Weights;

/// Share of the largest forecast below which a value counts as 0 where covariances are full.
const ROUNDING: f64 = 1e-12;

/// What forecasts may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// Anything.
    Any,
    /// At least 0, as demand is.
    NonNegative,
    /// The same, and a leaf of which nothing is forecast in a period stays at nothing, as of a shop that is closed: what
    /// is above it is made up by the others.
    NothingStays,
}

/// A hierarchy with weights, made ready to reconcile any number of forecasts.
#[derive(Debug, Clone)]
pub struct Reconciler<'a> {
    hierarchy: &'a Hierarchy,
    system: System<'a>,
}

#[derive(Debug, Clone)]
enum System<'a> {
    BottomUp,
    Diagonal(Weighted<'a>),
    Full(Full<'a>),
}

/// Variances of all nodes, and what is made of them.
#[derive(Debug, Clone)]
struct Weighted<'a> {
    variances: Vec<f64>,
    solver: Diagonal<'a>,
}

/// Forecasts of all nodes that add up, nearest to the given ones as the weights measure it.
///
/// See [`Reconciler::new`] and [`Reconciler::reconcile`], which it calls.
///
/// # Errors
/// [`ReconcileError`] when weights or forecasts do not suit the hierarchy, or the optimum is not found.
pub fn reconcile(
    hierarchy: &Hierarchy,
    weights: &Weights,
    base: &[f64],
    periods: usize,
    sign: Sign,
) -> Result<Vec<f64>, ReconcileError> {
    Reconciler::new(hierarchy, weights)?.reconcile(base, periods, sign)
}

impl<'a> Reconciler<'a> {
    /// Factors what all forecasts have in common.
    ///
    /// With variances the largest nested chain of levels is solved by one pass up and down. Up to 2,000 groups of levels
    /// that cross it are factored densely, O(groups³); more are solved by conjugate gradients, a pass for each step.
    ///
    /// # Errors
    /// [`WeightsError`] when variances or covariances are not those of the hierarchy's nodes, are not above 0, or are so
    /// far apart that rounding would decide.
    pub fn new(hierarchy: &'a Hierarchy, weights: &'a Weights) -> Result<Self, WeightsError> {
        Self::with(hierarchy, weights, FACTORED_MAX)
    }

    /// With another limit of what is factored.
    fn with(
        hierarchy: &'a Hierarchy,
        weights: &'a Weights,
        factored_max: usize,
    ) -> Result<Self, WeightsError> {
        let variances = match weights {
            Weights::BottomUp => None,
            Weights::Ols => Some(vec![1.0; hierarchy.n_nodes()]),
            Weights::Structural => Some(hierarchy.sizes()),
            Weights::Variance(given) => Some(given.clone()),
            Weights::Shrunk(covariance) => {
                let system = System::Full(Full::new(hierarchy, covariance)?);
                return Ok(Self { hierarchy, system });
            }
        };
        let system = match variances {
            None => System::BottomUp,
            Some(of) => System::Diagonal(Weighted::new(hierarchy, of, factored_max)?),
        };
        Ok(Self { hierarchy, system })
    }

    /// Forecasts of all nodes that add up: nodes × periods, as [`Hierarchy::sum_up`] gives them from the leaves found.
    ///
    /// - `base`: forecasts of all nodes, each by itself: nodes × periods.
    ///
    /// `ỹ = S(SᵀW⁻¹S)⁻¹SᵀW⁻¹ŷ`, where S sums leaves up and W is what the weights say; with [`Sign::NonNegative`] the
    /// minimum of the same squares among leaves of at least 0, which clipping is not, and with [`Sign::NothingStays`] among
    /// those whose leaves are at 0 where nothing is forecast of them. Periods do not touch each other.
    /// Forecasts that add up already stay as they are, to rounding.
    ///
    /// Deterministic: the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`ReconcileError`] when `base` does not fill nodes × periods with finite values, or the optimum is not found.
    ///
    /// # Source
    /// Wickramasuriya, Athanasopoulos, Hyndman (2019), eq. 9; Wickramasuriya, Turlach, Hyndman (2020), eq. 6.
    pub fn reconcile(
        &self,
        base: &[f64],
        periods: usize,
        sign: Sign,
    ) -> Result<Vec<f64>, ReconcileError> {
        check_shape(base.len(), self.hierarchy.n_nodes(), periods)
            .map_err(ReconcileError::Shape)?;
        if let Some(at) = base.iter().position(|value| !value.is_finite()) {
            return Err(ReconcileError::NotFinite {
                node: self.hierarchy.label(at / periods).to_owned(),
                period: at % periods,
                value: base[at],
            });
        }
        let leaves = match &self.system {
            System::BottomUp => {
                let mut leaves = base[self.hierarchy.first_leaf() * periods..].to_vec();
                if sign != Sign::Any {
                    leaves.iter_mut().for_each(|value| *value = value.max(0.0));
                }
                leaves
            }
            System::Diagonal(of) => of.leaves(self.hierarchy, base, periods, sign)?,
            System::Full(of) => full_leaves(of, base, periods, sign)?,
        };
        let sums = self.hierarchy.sum_up(&leaves, periods);
        let sums = sums.map_err(ReconcileError::Shape)?;
        if sums.iter().any(|value| !value.is_finite()) {
            let largest = largest(base);
            return Err(ReconcileError::TooLarge { largest });
        }
        Ok(sums)
    }
}

impl<'a> Weighted<'a> {
    fn new(
        hierarchy: &'a Hierarchy,
        variances: Vec<f64>,
        factored_max: usize,
    ) -> Result<Self, WeightsError> {
        let (found, nodes) = (variances.len(), hierarchy.n_nodes());
        if found != nodes {
            return Err(WeightsError::Nodes { found, nodes });
        }
        let is_wrong = |value: &f64| !value.is_finite() || *value <= 0.0;
        if let Some(node) = variances.iter().position(is_wrong) {
            return Err(WeightsError::Variance {
                node: hierarchy.label(node).to_owned(),
                value: variances[node],
            });
        }
        let arrangement = hierarchy.arrangement();
        let leaves = arrangement.placed(&variances[hierarchy.first_leaf()..], 1);
        let solver = Diagonal::new(arrangement, leaves, &variances, factored_max)?;
        Ok(Self { variances, solver })
    }

    /// Leaves × periods.
    fn leaves(
        &self,
        hierarchy: &Hierarchy,
        forecasts: &[f64],
        periods: usize,
        sign: Sign,
    ) -> Result<Vec<f64>, ReconcileError> {
        let arrangement = hierarchy.arrangement();
        let base = &forecasts[hierarchy.first_leaf() * periods..];
        let base = arrangement.placed(base, periods);
        let mut found = self.solver.solve(&base, forecasts, periods)?;
        if sign != Sign::Any {
            let stays = (sign == Sign::NothingStays).then_some(base.as_slice());
            raise(
                &mut found,
                (forecasts, stays),
                periods,
                self.solver.rounding(),
                |period, from, tolerance| {
                    let base = column(&base, period, periods);
                    let forecasts = column(forecasts, period, periods);
                    not_below_zero(from, tolerance, |is_held| {
                        self.held(hierarchy, &base, &forecasts, is_held)
                    })
                },
            )?;
        }
        Ok(arrangement.unplaced(&found, periods))
    }

    /// Least squares of one period where some leaves are held at 0, by place.
    fn held(
        &self,
        hierarchy: &Hierarchy,
        base: &[f64],
        forecasts: &[f64],
        is_held: &[bool],
    ) -> Result<Held, ReconcileError> {
        let arrangement = hierarchy.arrangement();
        let own = self.solver.variances();
        // A leaf without variance keeps its forecast, which is 0 here.
        let free = |values: &[f64]| -> Vec<f64> {
            let each = values.iter().zip(is_held);
            each.map(|(value, held)| if *held { 0.0 } else { *value })
                .collect()
        };
        let solver = Diagonal::new(arrangement, free(own), &self.variances, FACTORED_AGAIN_MAX)?;
        let values = solver.solve(&free(base), forecasts, 1)?;
        let sums = hierarchy.sum_up(&arrangement.unplaced(&values, 1), 1);
        let sums = sums.map_err(ReconcileError::Shape)?;
        let off: Vec<f64> = (0..hierarchy.first_leaf())
            .map(|node| (sums[node] - forecasts[node]) / self.variances[node])
            .collect();
        let slope = |place: usize| {
            let above = hierarchy.above(arrangement.order[place] as usize);
            let off: f64 = above.map(|node| off[node]).sum();
            values[place] - base[place] + own[place] * off
        };
        let slopes = (0..base.len()).map(slope).collect();
        Ok(Held { values, slopes })
    }
}

/// Leaves × periods.
fn full_leaves(
    full: &Full<'_>,
    forecasts: &[f64],
    periods: usize,
    sign: Sign,
) -> Result<Vec<f64>, ReconcileError> {
    let mut found = full.solve(forecasts, periods);
    let base = &forecasts[forecasts.len() - found.len()..];
    let stays = (sign == Sign::NothingStays).then_some(base);
    let is_wrong = |(found, base): (&f64, &f64)| {
        *found < 0.0 || stays.is_some() && *base <= 0.0 && *found != 0.0
    };
    if sign != Sign::Any && found.iter().zip(base).any(is_wrong) {
        let quadratic = full.quadratic(forecasts, periods)?;
        raise(
            &mut found,
            (forecasts, stays),
            periods,
            ROUNDING,
            |period, from, tolerance| {
                not_below_zero(from, tolerance, |is_held| quadratic.held(period, is_held))
            },
        )?;
    }
    Ok(found)
}

/// Replaces the periods of leaves in which some are negative, or have to stay at 0 and do not, by what is found with these
/// held at 0 at first.
///
/// - `forecasts`: of all nodes, and of leaves where those of 0 have to stay there.
/// - `find`: of a period, the leaves held at first and what counts as 0.
fn raise(
    leaves: &mut [f64],
    (forecasts, stays): (&[f64], Option<&[f64]>),
    periods: usize,
    rounding: f64,
    find: impl Fn(usize, Start, f64) -> Result<Vec<f64>, ReconcileError> + Sync,
) -> Result<(), ReconcileError> {
    let found: Result<Vec<Option<Vec<f64>>>, ReconcileError> = (0..periods)
        .into_par_iter()
        .map(|period| {
            let tolerance = rounding * largest(&column(forecasts, period, periods));
            let leaves = column(leaves, period, periods);
            let is_fixed: Vec<bool> = match stays {
                Some(of) => column(of, period, periods)
                    .iter()
                    .map(|value| *value <= 0.0)
                    .collect(),
                None => vec![false; leaves.len()],
            };
            if is_fixed.iter().all(|fixed| *fixed) {
                return Ok(Some(vec![0.0; leaves.len()]));
            }
            let each = leaves.iter().zip(&is_fixed);
            let is_held: Vec<bool> = each
                .map(|(value, fixed)| *fixed || *value < -tolerance)
                .collect();
            if !is_held.contains(&true) {
                return Ok(None);
            }
            find(period, Start { is_held, is_fixed }, tolerance).map(Some)
        })
        .collect();
    for (period, found) in found?.into_iter().enumerate() {
        let to = leaves.iter_mut().skip(period).step_by(periods);
        match found {
            Some(found) => to.zip(found).for_each(|(to, value)| *to = value),
            None => to.for_each(|value| *value = value.max(0.0)),
        }
    }
    Ok(())
}

/// The largest of values without their signs.
fn largest(values: &[f64]) -> f64 {
    let sizes = values.iter().map(|value| value.abs());
    sizes.fold(0.0, f64::max)
}

/// A period of rows of periods.
fn column(rows: &[f64], period: usize, periods: usize) -> Vec<f64> {
    rows.iter().skip(period).step_by(periods).copied().collect()
}
