//! Downhill simplex within bounds: for objectives of a few parameters that have no gradient at hand.

/// Where to search.
pub(super) struct Region<'a> {
    /// First point; brought within the bounds.
    pub(super) start: &'a [f64],
    /// How far the first simplex reaches from `start`, for each coordinate; not 0.
    pub(super) step: &'a [f64],
    /// Smallest values.
    pub(super) lower: &'a [f64],
    /// Largest values.
    pub(super) upper: &'a [f64],
}

/// When to stop.
pub(super) struct Settings {
    /// Steps of the simplex at most.
    pub(super) iterations_max: usize,
    /// Done when the standard deviation of the values at the corners is below this, in the unit of the objective.
    pub(super) tolerance: f64,
}

/// Lowest corner.
pub(super) struct Minimum {
    /// The point.
    pub(super) at: Vec<f64>,
    /// The objective there; infinite when it was finite nowhere.
    pub(super) value: f64,
}

/// Minimises `objective`, which is not asked outside the bounds; a value that is not a number counts as infinite.
///
/// Deterministic; time O(n²) for a step beside the objective.
///
/// # Source
/// Nelder and Mead (1965), with the coefficients of Gao and Han (2012) that suit many parameters.
pub(super) fn minimise(
    objective: &mut dyn FnMut(&[f64]) -> f64,
    region: &Region<'_>,
    settings: &Settings,
) -> Minimum {
    let mut asked = |point: &[f64]| {
        let value = objective(point);
        if value.is_nan() { f64::INFINITY } else { value }
    };
    let n = region.start.len() as f64;
    let (expansion, contraction) = (1.0 + 2.0 / n, 0.75 - 0.5 / n);
    let shrink = (1.0 - 1.0 / n).max(0.5);
    let mut simplex = Simplex::new(region, &mut asked);
    for _ in 0..settings.iterations_max {
        let order = simplex.order();
        if simplex.values[order.best].is_infinite() || simplex.spread() < settings.tolerance {
            break;
        }
        simplex.place_centre(order.worst);
        let [best, second, worst] =
            [order.best, order.second_worst, order.worst].map(|corner| simplex.values[corner]);
        let mirrored = simplex.stretched_worst(order.worst, -1.0);
        let value = asked(&mirrored);
        if value < best {
            let far = simplex.stretched(&mirrored, expansion);
            let far_value = asked(&far);
            if far_value < value {
                simplex.replace(order.worst, &far, far_value);
            } else {
                simplex.replace(order.worst, &mirrored, value);
            }
        } else if value < second {
            simplex.replace(order.worst, &mirrored, value);
        } else {
            let (near, limit) = if value < worst {
                (simplex.stretched(&mirrored, contraction), value)
            } else {
                (simplex.stretched_worst(order.worst, contraction), worst)
            };
            let near_value = asked(&near);
            if near_value < limit {
                simplex.replace(order.worst, &near, near_value);
            } else {
                simplex.shrink(order.best, shrink, &mut asked);
            }
        }
    }
    let best = simplex.order().best;
    Minimum {
        at: simplex.corner(best).to_vec(),
        value: simplex.values[best],
    }
}

/// Corners that decide the next step.
struct Order {
    best: usize,
    second_worst: usize,
    worst: usize,
}

/// The corners, row by row, with their values.
struct Simplex<'a> {
    region: &'a Region<'a>,
    corners: Vec<f64>,
    values: Vec<f64>,
    centre: Vec<f64>,
}

impl<'a> Simplex<'a> {
    fn new(region: &'a Region<'a>, asked: &mut impl FnMut(&[f64]) -> f64) -> Self {
        let n = region.start.len();
        let mut simplex = Self {
            region,
            corners: Vec::with_capacity(n * (n + 1)),
            values: Vec::with_capacity(n + 1),
            centre: vec![0.0; n],
        };
        for corner in 0..=n {
            let mut point = region.start.to_vec();
            if corner < n {
                point[corner] += region.step[corner];
                // A step that ends at a bound would leave the simplex flat: go the other way.
                if point[corner] >= region.upper[corner] {
                    point[corner] = region.start[corner] - region.step[corner];
                }
            }
            simplex.clamp(&mut point);
            simplex.values.push(asked(&point));
            simplex.corners.extend(point);
        }
        simplex
    }

    fn clamp(&self, point: &mut [f64]) {
        for (axis, x) in point.iter_mut().enumerate() {
            *x = x.max(self.region.lower[axis]).min(self.region.upper[axis]);
        }
    }

    fn corner(&self, corner: usize) -> &[f64] {
        let n = self.centre.len();
        &self.corners[corner * n..(corner + 1) * n]
    }

    fn order(&self) -> Order {
        let (mut best, mut worst) = (0, 0);
        for (corner, value) in self.values.iter().enumerate() {
            if *value < self.values[best] {
                best = corner;
            }
            if *value > self.values[worst] {
                worst = corner;
            }
        }
        let mut second_worst = best;
        for (corner, value) in self.values.iter().enumerate() {
            if corner != worst && *value > self.values[second_worst] {
                second_worst = corner;
            }
        }
        Order {
            best,
            second_worst,
            worst,
        }
    }

    /// Standard deviation of the values.
    fn spread(&self) -> f64 {
        let n = self.values.len() as f64;
        let mean = self.values.iter().sum::<f64>() / n;
        let squares: f64 = self.values.iter().map(|v| (v - mean) * (v - mean)).sum();
        (squares / n).sqrt()
    }

    /// Centre of all corners but one.
    fn place_centre(&mut self, without: usize) {
        let n = self.centre.len();
        self.centre.fill(0.0);
        for (corner, point) in self.corners.chunks_exact(n).enumerate() {
            if corner != without {
                for (sum, x) in self.centre.iter_mut().zip(point) {
                    *sum += x;
                }
            }
        }
        self.centre.iter_mut().for_each(|sum| *sum /= n as f64);
    }

    /// `factor` times as far from the centre as `point`, on its side.
    fn stretched(&self, point: &[f64], factor: f64) -> Vec<f64> {
        let along = self.centre.iter().zip(point);
        let mut moved: Vec<f64> = along.map(|(c, x)| c + factor * (x - c)).collect();
        self.clamp(&mut moved);
        moved
    }

    fn stretched_worst(&self, worst: usize, factor: f64) -> Vec<f64> {
        self.stretched(self.corner(worst), factor)
    }

    fn replace(&mut self, corner: usize, point: &[f64], value: f64) {
        let n = self.centre.len();
        self.corners[corner * n..(corner + 1) * n].copy_from_slice(point);
        self.values[corner] = value;
    }

    /// Draws all corners towards the best.
    fn shrink(&mut self, best: usize, factor: f64, asked: &mut impl FnMut(&[f64]) -> f64) {
        let towards = self.corner(best).to_vec();
        for corner in 0..self.values.len() {
            if corner != best {
                let from = self.corner(corner).iter();
                let drawn = from.zip(&towards).map(|(x, b)| b + factor * (x - b));
                let point: Vec<f64> = drawn.collect();
                let value = asked(&point);
                self.replace(corner, &point, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowest(objective: impl Fn(&[f64]) -> f64, start: &[f64], bound: f64) -> Minimum {
        let n = start.len();
        let region = Region {
            start,
            step: &vec![0.1; n],
            lower: &vec![-bound; n],
            upper: &vec![bound; n],
        };
        let settings = Settings {
            iterations_max: 5000,
            tolerance: 1e-12,
        };
        minimise(&mut |point| objective(point), &region, &settings)
    }

    #[test]
    fn a_curved_valley_is_followed_to_its_floor() {
        let rosenbrock = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let found = lowest(rosenbrock, &[-1.2, 1.0], 10.0);
        assert!(
            found.at.iter().all(|x| (x - 1.0).abs() < 1e-4),
            "{:?}",
            found.at
        );
        // Within 0.5, the lowest point is at the bound.
        let found = lowest(rosenbrock, &[-0.4, 0.4], 0.5);
        assert!((found.at[0] - 0.5).abs() < 1e-4 && (found.at[1] - 0.25).abs() < 1e-4);
    }

    #[test]
    fn a_kink_is_found() {
        let kink = |x: &[f64]| (x[0] - x[1]).abs() * 1000.0 + (x[0] + x[1] - 1.0).abs();
        let found = lowest(kink, &[3.0, -2.0], 10.0);
        assert!(found.value < 1e-3, "{}", found.value);
    }

    #[test]
    fn where_nothing_is_finite_nothing_is_found() {
        assert!(lowest(|_| f64::NAN, &[1.0, 1.0], 2.0).value.is_infinite());
    }
}
