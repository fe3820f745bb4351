//! What a day of age costs a version: by what each training gained on the version before it, or by how live quality goes.

use math::tails::{normal_upper_quantile, student_t_upper_quantile};

/// Probability beyond each end of an interval.
const TAIL: f64 = 0.025;

/// Share of its quality that a version is thought to lose until its next training, before anything is known: one
/// standard deviation, either way.
const LOSS_USUAL: f64 = 0.1;

/// A training of the past, beside the version that answered then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Days that the version which answered did not know.
    pub age_days: f64,
    /// By how much the new one was better, in the unit of the measure.
    pub gain: f64,
    /// Standard error of that, above 0.
    pub error: f64,
}

impl Step {
    /// A gain with half the width of its 95 % interval.
    #[must_use]
    pub fn new(age_days: f64, gain: f64, half_width: f64) -> Self {
        Self {
            age_days,
            gain,
            error: half_width / normal_upper_quantile(TAIL),
        }
    }
}

/// What a day of age costs, in the unit of a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// It, above 0 where a version grows worse.
    pub per_day: f64,
    /// Its standard error.
    pub error: f64,
    degrees: f64,
}

impl Rate {
    /// A line through nothing, since a training gains nothing on a version that knows as much: least squares weighed by how
    /// well each gain was measured. Where gains differ by more than that its error is as much larger. `None` of fewer than
    /// two trainings, and where no champion had any age.
    ///
    /// # Source
    /// Birge (1932), the calculation of errors by the method of least squares, for the scale of the error.
    #[must_use]
    pub fn of_trainings(steps: &[Step]) -> Option<Self> {
        let degrees = steps.len().checked_sub(1).filter(|left| *left > 0)? as f64;
        let weight = |step: &Step| 1.0 / step.error.powi(2);
        let sum = |of: &dyn Fn(&Step) -> f64| steps.iter().map(|s| weight(s) * of(s)).sum::<f64>();
        let squares = sum(&|step| step.age_days.powi(2));
        let per_day = sum(&|step| step.age_days * step.gain) / squares;
        let off = sum(&|step| (step.gain - per_day * step.age_days).powi(2));
        let error = squares.sqrt().recip() * (off / degrees).sqrt().max(1.0);
        let found = Self {
            per_day,
            error,
            degrees,
        };
        (per_day.is_finite() && error.is_finite()).then_some(found)
    }

    /// What a quality loses a day, by the straight line of least squares.
    ///
    /// - `days`: day and quality; `None` of fewer than three.
    #[must_use]
    pub fn of_falling(days: &[(f64, f64)]) -> Option<Self> {
        let degrees = days.len().checked_sub(2).filter(|left| *left > 0)? as f64;
        let n = days.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| days.iter().map(of).sum::<f64>() / n;
        let (day, quality) = (mean(|of| of.0), mean(|of| of.1));
        let squares: f64 = days.iter().map(|(x, _)| (x - day).powi(2)).sum();
        let both: f64 = days.iter().map(|(x, y)| (x - day) * (y - quality)).sum();
        let slope = both / squares;
        let off = |(x, y): &(f64, f64)| (y - quality - slope * (x - day)).powi(2);
        let left: f64 = days.iter().map(off).sum();
        let error = (left / degrees / squares).sqrt();
        let found = Self {
            per_day: -slope,
            error,
            degrees,
        };
        (slope.is_finite() && error.is_finite()).then_some(found)
    }

    /// The same in another unit.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            per_day: factor * self.per_day,
            error: factor * self.error,
            ..self
        }
    }

    /// Drawn towards nothing as far as it is not sure: beforehand a day is thought to cost nothing, give or take a tenth
    /// of `value` in `days` (normal prior and likelihood).
    #[must_use]
    pub fn drawn_to_nothing(self, value: f64, days: f64) -> Self {
        let usual = (LOSS_USUAL * value.abs() / days).powi(2);
        let kept = usual / (usual + self.error.powi(2)).max(f64::MIN_POSITIVE);
        Self {
            per_day: kept * self.per_day,
            error: kept.sqrt() * self.error,
            ..self
        }
    }

    /// What so many days cost, with the ends of a 95 % interval (Student's).
    #[must_use]
    pub fn after(self, days: f64) -> [f64; 3] {
        let half = student_t_upper_quantile(TAIL, self.degrees) * self.error;
        [self.per_day, self.per_day - half, self.per_day + half].map(|rate| rate * days)
    }
}
