//! By how much one way to learn is better than another, over periods on which both were measured.

use math::tails::{normal_upper_quantile, student_t_upper_quantile};
use schema::{Estimate, Metric, WhyNot};

/// Probability beyond each end of the interval.
const TAIL: f64 = 0.025;

/// Periods from which their own spread tells the noise: of two, Student's quantile is 12.7.
pub const PERIODS_FOR_SPREAD: usize = 3;

/// By how much the first of each pair is better than the second, as a mean over periods; above 0 is better. Both of a pair
/// are one measure on the same days.
///
/// Of three periods and more the interval is Student's, of the differences by period: what both have in common is in none.
/// Of fewer it is made of the intervals that the measures have themselves, as if both were of other customers or products,
/// so that it is too wide and never too narrow for these periods; how others would differ is not in it.
#[must_use]
pub fn gain(pairs: &[(Metric, Metric)]) -> Estimate {
    let by_period: Option<Vec<f64>> = pairs.iter().map(|(one, other)| ahead(one, other)).collect();
    let few = || {
        Estimate::NotMeasurable(WhyNot::TooFew {
            what: "periods that nothing was chosen on".to_owned(),
            found: pairs.len() as u64,
            needed: PERIODS_FOR_SPREAD as u64,
        })
    };
    let Some(by_period) = by_period.filter(|gains| !gains.is_empty()) else {
        return few();
    };
    let n = by_period.len() as f64;
    let point = by_period.iter().sum::<f64>() / n;
    let measured = |half: f64, units: u64| Estimate::Measured {
        point,
        low: point - half,
        high: point + half,
        units,
    };
    if by_period.len() >= PERIODS_FOR_SPREAD {
        let squares: f64 = by_period.iter().map(|gain| (gain - point).powi(2)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        let half = student_t_upper_quantile(TAIL, n - 1.0) * error;
        return measured(half, by_period.len() as u64);
    }
    let variances: Option<Vec<f64>> = pairs
        .iter()
        .map(|(one, other)| Some(error(one)?.powi(2) + error(other)?.powi(2)))
        .collect();
    let Some(variances) = variances else {
        return few();
    };
    let error = variances.iter().sum::<f64>().sqrt() / n;
    measured(
        normal_upper_quantile(TAIL) * error,
        pairs.iter().filter_map(|(one, _)| units(one)).sum(),
    )
}

/// By how much one measure is better than the other on the same days.
fn ahead(one: &Metric, other: &Metric) -> Option<f64> {
    Some(one.better_by(one.value.point()?, other.value.point()?))
}

/// Standard error of a measure beside its baseline, which is the same for both; of the measure alone where that is not
/// known.
fn error(metric: &Metric) -> Option<f64> {
    let of = |estimate: &Estimate| match estimate {
        Estimate::Measured { low, high, .. } => Some((high - low) / 2.0),
        Estimate::Exact(_) | Estimate::NotMeasurable(_) => None,
    };
    let half = of(&metric.gain).or_else(|| of(&metric.value))?;
    Some(half / normal_upper_quantile(TAIL))
}

fn units(metric: &Metric) -> Option<u64> {
    match metric.value {
        Estimate::Measured { units, .. } => Some(units),
        Estimate::Exact(_) | Estimate::NotMeasurable(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::{Direction, Role};

    fn metric(point: f64, half: f64) -> Metric {
        let of = |point: f64| Estimate::Measured {
            point,
            low: point - half,
            high: point + half,
            units: 100,
        };
        Metric {
            name: "loss".into(),
            scope: String::new(),
            unit: "share".into(),
            better: Direction::Lower,
            role: Role::Decides,
            value: of(point),
            baseline: of(0.5),
            baseline_name: "naive".into(),
            gain: of(point - 0.5),
        }
    }

    #[test]
    fn of_three_periods_their_spread_is_the_noise_and_less_loss_is_better() {
        // By hand: gains .1, .2, .3; mean .2, deviation .1, error .1/√3, Student's quantile of 2 degrees 4.302653.
        let pairs = [0.1, 0.2, 0.3].map(|gain| (metric(0.4 - gain, 9.0), metric(0.4, 9.0)));
        let Estimate::Measured {
            point,
            low,
            high,
            units,
        } = gain(&pairs)
        else {
            panic!("measured")
        };
        let half = 4.302_652_729_911_275 * 0.1 / 3f64.sqrt();
        assert!((point - 0.2).abs() < 1e-12);
        assert!((low - (0.2 - half)).abs() < 1e-9 && (high - (0.2 + half)).abs() < 1e-9);
        assert_eq!(units, 3);
    }

    #[test]
    fn of_one_period_the_noise_is_that_of_both_measures_and_without_it_nothing_is_said() {
        let pair = (metric(0.3, 0.03), metric(0.4, 0.04));
        let interval = gain(std::slice::from_ref(&pair)).interval().unwrap();
        assert!((interval.0 - 0.05).abs() < 1e-12 && (interval.1 - 0.15).abs() < 1e-12);
        let exact = |point| Metric {
            value: Estimate::Exact(point),
            gain: Estimate::Exact(point),
            ..metric(point, 0.0)
        };
        let told = gain(&[(exact(0.3), exact(0.4))]).to_string();
        assert_eq!(
            told,
            "not measurable: 1 periods that nothing was chosen on, at least 3 needed"
        );
        assert_eq!(gain(&[]).point(), None);
    }
}
