//! Optimisers with reported convergence.

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};

/// What a search may spend, and when it is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Steps taken at most.
    pub iterations_max: u32,
    /// The search is done when no component of the gradient is larger than this.
    pub gradient_tolerance: f64,
    /// No coordinate moves by more than this in one step: on log-parameters, a factor of `e^step_max`.
    pub step_max: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            iterations_max: 500,
            gradient_tolerance: 1e-8,
            step_max: 2.0,
        }
    }
}

/// Why a search stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The gradient is below its tolerance.
    GradientIsSmall,
    /// No step along the gradient lowers the value any more: the limit of the arithmetic.
    NoStepHelps,
    /// The steps allowed are spent.
    IterationsAreSpent,
}

/// Where a search ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The point.
    pub at: Vec<f64>,
    /// The objective there.
    pub value: f64,
    /// Largest absolute component of the gradient there.
    pub gradient_norm: f64,
    /// Steps taken.
    pub iterations: u32,
    /// Why it ended.
    pub stop: Stop,
}

/// A search that could not start.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MinimiseError {
    /// The objective or its gradient is not a number at the start.
    #[error("objective at the start is {value}, expected a finite value and gradient")]
    NotFiniteAtStart {
        /// The value found.
        value: f64,
    },
}

/// Minimises a smooth function by BFGS with a weak-Wolfe line search.
///
/// - `objective(point, gradient)` returns the value and writes the gradient, both of length `start.len()`.
/// - a value that is not finite is treated as a wall: the step is shortened.
///
/// Deterministic; memory and time per step O(n²) beside the objective.
///
/// # Errors
/// [`MinimiseError::NotFiniteAtStart`] when the objective cannot be computed at `start`.
/// # Source
/// Nocedal and Wright (2006), algorithm 6.1; line search of Lewis and Overton (2013), algorithm 2.6.
pub fn minimise(
    mut objective: impl FnMut(&[f64], &mut [f64]) -> f64,
    start: &[f64],
    settings: &Settings,
) -> Result<Minimum, MinimiseError> {
    let n = start.len();
    let mut at = start.to_vec();
    let mut gradient = vec![0.0; n];
    let mut value = objective(&at, &mut gradient);
    if !value.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
        return Err(MinimiseError::NotFiniteAtStart { value });
    }
    let mut inverse = Inverse::identity(n);
    let mut iterations = 0;
    let stop = loop {
        if largest(&gradient) <= settings.gradient_tolerance {
            break Stop::GradientIsSmall;
        }
        if iterations >= settings.iterations_max {
            break Stop::IterationsAreSpent;
        }
        let mut direction = inverse.descent(&gradient);
        if dot(&direction, &gradient) >= 0.0 {
            inverse = Inverse::identity(n);
            direction = inverse.descent(&gradient);
        }
        let longest = settings.step_max / largest(&direction).max(f64::MIN_POSITIVE);
        let here = Place {
            at: &at,
            value,
            gradient: &gradient,
        };
        match line_search(&mut objective, &here, &direction, longest) {
            Some(next) => {
                inverse.update(&at, &gradient, &next.at, &next.gradient);
                (at, value, gradient) = (next.at, next.value, next.gradient);
                iterations += 1;
            }
            // A stale curvature can point nowhere useful: try the plain gradient once before giving up.
            None if inverse.touched => inverse = Inverse::identity(n),
            None => break Stop::NoStepHelps,
        }
    };
    let gradient_norm = largest(&gradient);
    Ok(Minimum {
        at,
        value,
        gradient_norm,
        iterations,
        stop,
    })
}

/// Hessian by central differences of an exact gradient, symmetrised; row-major, n × n.
///
/// `gradient(point, out)` writes the gradient; `step` is absolute (1e-4 suits log-parameters: error about 1e-8).
pub fn hessian(mut gradient: impl FnMut(&[f64], &mut [f64]), at: &[f64], step: f64) -> Vec<f64> {
    let n = at.len();
    let mut hessian = vec![0.0; n * n];
    let (mut above, mut below) = (vec![0.0; n], vec![0.0; n]);
    for row in 0..n {
        let mut point = at.to_vec();
        point[row] += step;
        gradient(&point, &mut above);
        point[row] = at[row] - step;
        gradient(&point, &mut below);
        for column in 0..n {
            let slope = (above[column] - below[column]) / (2.0 * step);
            hessian[row * n + column] += 0.5 * slope;
            hessian[column * n + row] += 0.5 * slope;
        }
    }
    hessian
}

/// Inverse of a symmetric positive definite matrix, row-major n × n; `None` when it is not one.
///
/// Of the Hessian of a negative log-likelihood at its minimum, this is the covariance of the estimates.
pub fn inverse_positive_definite(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    if matrix.len() != n * n || matrix.iter().any(|cell| !cell.is_finite()) {
        return None;
    }
    let square = Mat::from_fn(n, n, |row, column| matrix[row * n + column]);
    let inverse = square.llt(Side::Lower).ok()?.inverse();
    let cells: Vec<f64> = (0..n * n)
        .map(|cell| inverse[(cell / n, cell % n)])
        .collect();
    cells.iter().all(|cell| cell.is_finite()).then_some(cells)
}

/// A point with its value and gradient.
struct Place<'a> {
    at: &'a [f64],
    value: f64,
    gradient: &'a [f64],
}

/// A point found by a line search.
struct Found {
    at: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// Sufficient decrease: the smallest share of the predicted descent that is accepted.
const DECREASE: f64 = 1e-4;
/// Curvature: the slope must have lost at least a tenth of its size.
const CURVATURE: f64 = 0.9;
/// Halvings and doublings tried before a step is called useless.
const TRIALS_MAX: u32 = 60;

/// A step that lowers the value enough and flattens the slope, by bracketing and bisection.
///
/// When the trials run out, the lowest point that decreased enough, if any.
fn line_search(
    objective: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
    here: &Place<'_>,
    direction: &[f64],
    longest: f64,
) -> Option<Found> {
    let slope = dot(direction, here.gradient);
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut step = longest.min(1.0);
    let mut decreased = None;
    for _ in 0..TRIALS_MAX {
        let at: Vec<f64> = here
            .at
            .iter()
            .zip(direction)
            .map(|(x, d)| x + step * d)
            .collect();
        let mut gradient = vec![0.0; at.len()];
        let value = objective(&at, &mut gradient);
        let finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        if !finite || value > here.value + DECREASE * step * slope || value >= here.value {
            high = step;
        } else {
            let flattened = dot(direction, &gradient) >= CURVATURE * slope;
            decreased = Some(Found {
                at,
                value,
                gradient,
            });
            if flattened || step >= longest {
                return decreased;
            }
            low = step;
        }
        step = if high.is_finite() {
            0.5 * (low + high)
        } else {
            (2.0 * low).min(longest)
        };
        if high - low <= f64::EPSILON * high {
            break;
        }
    }
    decreased
}

/// Approximate inverse Hessian, row-major.
struct Inverse {
    n: usize,
    cells: Vec<f64>,
    touched: bool,
}

impl Inverse {
    fn identity(n: usize) -> Self {
        let cells = (0..n * n)
            .map(|cell| f64::from(u8::from(cell / n == cell % n)))
            .collect();
        Self {
            n,
            cells,
            touched: false,
        }
    }

    fn times(&self, vector: &[f64]) -> Vec<f64> {
        self.cells
            .chunks_exact(self.n.max(1))
            .map(|row| dot(row, vector))
            .collect()
    }

    fn descent(&self, gradient: &[f64]) -> Vec<f64> {
        let mut direction: Vec<f64> = self.times(gradient).iter().map(|d| -d).collect();
        if !self.touched {
            // Without curvature the gradient has no scale of its own: start with a step of about 0.1.
            let scale = 0.1 / largest(gradient).max(0.1);
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        direction
    }

    fn update(&mut self, from: &[f64], from_gradient: &[f64], to: &[f64], to_gradient: &[f64]) {
        let moved: Vec<f64> = to.iter().zip(from).map(|(t, f)| t - f).collect();
        let bent: Vec<f64> = to_gradient
            .iter()
            .zip(from_gradient)
            .map(|(t, f)| t - f)
            .collect();
        let curvature = dot(&moved, &bent);
        if curvature <= 1e-12 * dot(&bent, &bent).sqrt() * dot(&moved, &moved).sqrt() {
            return;
        }
        if !self.touched {
            let scale = curvature / dot(&bent, &bent);
            self.cells.iter_mut().for_each(|cell| *cell *= scale);
            self.touched = true;
        }
        let bent_through = self.times(&bent);
        let stretch = (1.0 + dot(&bent, &bent_through) / curvature) / curvature;
        for row in 0..self.n {
            for column in 0..self.n {
                self.cells[row * self.n + column] += stretch * moved[row] * moved[column]
                    - (bent_through[row] * moved[column] + moved[row] * bent_through[column])
                        / curvature;
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn largest(vector: &[f64]) -> f64 {
    vector.iter().fold(0.0, |most, x| x.abs().max(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
        let (u, v) = (1.0 - x[0], x[1] - x[0] * x[0]);
        gradient[0] = -2.0 * u - 400.0 * x[0] * v;
        gradient[1] = 200.0 * v;
        u * u + 100.0 * v * v
    }

    #[test]
    fn a_curved_valley_is_followed_to_its_floor() {
        let found = minimise(rosenbrock, &[-1.2, 1.0], &Settings::default()).unwrap();
        assert_eq!(found.stop, Stop::GradientIsSmall);
        assert!((found.at[0] - 1.0).abs() < 1e-8 && (found.at[1] - 1.0).abs() < 1e-8);
        assert!(found.iterations < 100, "{}", found.iterations);
    }

    #[test]
    fn a_wall_is_avoided_and_a_bad_start_is_refused() {
        // -ln(x) + x has its minimum at 1 and no value at or below 0.
        let mut barrier = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = 1.0 - 1.0 / x[0];
            x[0] - x[0].ln()
        };
        let found = minimise(&mut barrier, &[30.0], &Settings::default()).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-7);
        assert!(matches!(
            minimise(&mut barrier, &[-1.0], &Settings::default()),
            Err(MinimiseError::NotFiniteAtStart { .. })
        ));
    }

    #[test]
    fn spent_iterations_are_reported_not_hidden() {
        let settings = Settings {
            iterations_max: 3,
            ..Settings::default()
        };
        let found = minimise(rosenbrock, &[-1.2, 1.0], &settings).unwrap();
        assert_eq!(
            (found.stop, found.iterations),
            (Stop::IterationsAreSpent, 3)
        );
        assert!(found.gradient_norm > settings.gradient_tolerance);
    }

    #[test]
    fn differences_of_the_gradient_give_the_hessian_and_its_inverse() {
        let curvature = hessian(
            |x, g| {
                rosenbrock(x, g);
            },
            &[1.0, 1.0],
            1e-4,
        );
        for (found, exact) in curvature.iter().zip([802.0, -400.0, -400.0, 200.0]) {
            assert!((found - exact).abs() < 1e-4);
        }
        let inverse = inverse_positive_definite(&curvature, 2).unwrap();
        for (found, exact) in inverse.iter().zip([0.5, 1.0, 1.0, 2.005]) {
            assert!((found - exact).abs() < 1e-4);
        }
        assert_eq!(inverse_positive_definite(&[1.0, 2.0, 2.0, 1.0], 2), None);
        assert_eq!(inverse_positive_definite(&[f64::NAN], 1), None);
    }
}
