//! Distributions of demand, against sums and integrals of their own definition and figures worked out by hand.

use decisions::stock::{Demand, DemandError, Quantiles, Sample, Units};
use proptest::prelude::*;

const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

fn drawn<'a>(levels: &'a [f64], values: &'a [f64], units: Units) -> Demand<'a> {
    Demand::quantiles(Quantiles {
        levels,
        values,
        expected: None,
        units,
    })
    .unwrap()
}

/// E(D − y)⁺ of whole demand as the sum of P(D > k) from y on.
fn summed_shortage(demand: &Demand<'_>, stock: u32) -> f64 {
    let above = |count: u32| demand.above(f64::from(count));
    (stock..stock + 4000).map(above).sum()
}

/// E(D − y)⁺ of any demand as the integral of P(D > x) from y on, by the midpoint rule.
fn integrated_shortage(demand: &Demand<'_>, stock: f64, to: f64) -> f64 {
    let parts = 400_000;
    let step = (to - stock) / f64::from(parts);
    let middle = |part: i32| stock + (f64::from(part) + 0.5) * step;
    (0..parts)
        .map(|part| demand.above(middle(part)))
        .sum::<f64>()
        * step
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{found} is not {expected}"
    );
}

#[test]
fn shortage_of_whole_demand_is_the_sum_of_its_upper_tail() {
    let sample = Sample::counts(&[0.2, 0.3, 0.0, 0.4, 0.1]).unwrap();
    let values = [0.0, 0.4, 2.0, 2.0, 7.3];
    for demand in [
        Demand::poisson(0.3).unwrap(),
        Demand::poisson(6.0).unwrap(),
        Demand::poisson(250.0).unwrap(),
        Demand::negative_binomial(4.0, 30.0).unwrap(),
        Demand::negative_binomial(40.0, 41.0).unwrap(),
        sample.demand(),
        drawn(&LEVELS, &values, Units::Whole),
        drawn(&LEVELS, &[0.0; 5], Units::Whole),
    ] {
        assert!(demand.is_whole());
        for stock in [0, 1, 2, 5, 9, 30, 260] {
            let expected = summed_shortage(&demand, stock);
            close(demand.shortage(f64::from(stock)), expected, 1e-9);
            // Between two whole numbers it is a straight line, of which the loss has no choice.
            let half = f64::from(stock) + 0.5;
            let line = 0.5 * (expected + summed_shortage(&demand, stock + 1));
            close(demand.shortage(half), line, 1e-9);
        }
        close(demand.shortage(-3.0), demand.mean() + 3.0, 1e-12);
        let masses = demand.masses(1e-12);
        close(masses.iter().sum(), 1.0, 1e-12);
        let mean: f64 = masses.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
        close(mean, demand.mean(), 1e-8);
    }
}

#[test]
fn shortage_of_any_demand_is_the_integral_of_its_upper_tail() {
    let values = [3.0, 3.5, 3.5, 8.0, 15.0];
    for (demand, to) in [
        (Demand::normal(50.0, 8.0).unwrap(), 200.0),
        (Demand::log_normal(30.0, 25.0).unwrap(), 8000.0),
        (drawn(&LEVELS, &values, Units::Any), 300.0),
    ] {
        for stock in [0.0, 1.0, 3.2, 3.5, 11.0, 50.0, 90.0] {
            let expected = integrated_shortage(&demand, stock, to);
            // At a mass the rule is off by half a step of 7.5e-4; a missing term of any corner is a hundred times that.
            close(demand.shortage(stock), expected, 1e-4);
            let left = stock - demand.mean() + demand.shortage(stock);
            close(demand.left_over(stock), left, 1e-12);
        }
        close(
            demand.mean(),
            demand.shortage(0.0) - demand.left_over(0.0),
            1e-12,
        );
    }
}

#[test]
fn quantiles_are_read_as_worked_out_by_hand() {
    let demand = drawn(&[0.25, 0.75], &[10.0, 30.0], Units::Any);
    // Slope 40 units a level, so that level 0 is at 0; the tail has the mean excess 20 / ln 3 above 30.
    let excess = 20.0 / 3.0_f64.ln();
    close(demand.cdf(5.0), 0.125, 1e-12);
    close(demand.cdf(20.0), 0.5, 1e-12);
    close(
        demand.above(30.0 + excess),
        0.25 / std::f64::consts::E,
        1e-12,
    );
    close(demand.mean(), 8.75 + 10.0 + 0.25 * excess, 1e-12);
    close(demand.quantile(0.5), 20.0, 1e-12);
    close(demand.quantile(0.95), 30.0 + excess * 5.0_f64.ln(), 1e-12);
    // Of whole units, 20 stands for 19.5 to 20.5.
    let whole = drawn(&[0.25, 0.75], &[10.0, 30.0], Units::Whole);
    close(whole.cdf(20.0), 0.5 + 0.5 / 40.0, 1e-12);
    close(whole.mass(20), 1.0 / 40.0, 1e-12);
    assert_eq!(whole.quantile(0.5), 20.0);
    assert_eq!(whole.quantile(0.52), 21.0);
}

#[test]
fn what_seldom_sells_is_as_much_as_is_expected_of_it() {
    let zeros = [0.0; 5];
    let seldom = |expected| {
        Demand::quantiles(Quantiles {
            levels: &LEVELS,
            values: &zeros,
            expected,
            units: Units::Any,
        })
        .unwrap()
    };
    close(seldom(Some(0.07)).mean(), 0.07, 1e-12);
    close(seldom(Some(0.07)).above(0.0), 0.1, 1e-12);
    assert_eq!(seldom(None).mean(), 0.0);
    assert_eq!(seldom(None).above(0.0), 0.0);
    assert_eq!(Demand::poisson(0.0).unwrap().shortage(0.0), 0.0);
}

#[test]
fn a_mixture_has_the_loss_of_its_parts() {
    let (few, many) = (Demand::poisson(4.0).unwrap(), Demand::poisson(9.0).unwrap());
    let normal = Demand::normal(20.0, 3.0).unwrap();
    let whole = Sample::mixture(&[(0.3, few), (0.7, many)]).unwrap();
    for stock in [0.0, 3.0, 8.0, 14.0] {
        let expected = 0.3 * few.shortage(stock) + 0.7 * many.shortage(stock);
        close(whole.demand().shortage(stock), expected, 1e-8);
    }
    let mixed = Sample::mixture(&[(1.0, few), (3.0, normal)]).unwrap();
    for stock in [0.0, 8.0, 19.0, 25.0] {
        let expected = 0.25 * few.shortage(stock) + 0.75 * normal.shortage(stock);
        // 512 parts of a normal distribution leave out less than a thousandth of a unit of its tail.
        assert!((mixed.demand().shortage(stock) - expected).abs() < 1e-3);
    }
}

#[test]
fn what_is_no_distribution_is_refused_by_name() {
    let refused = |levels: &[f64], values: &[f64]| {
        Demand::quantiles(Quantiles {
            levels,
            values,
            expected: None,
            units: Units::Any,
        })
        .unwrap_err()
        .to_string()
    };
    assert!(refused(&[0.5], &[1.0]).contains("found 1 quantiles"));
    assert!(refused(&[0.5, 0.6], &[1.0]).contains("1 quantiles for 2 levels"));
    assert!(refused(&[0.5, 1.0], &[1.0, 2.0]).contains("level 1 is 1"));
    assert!(refused(&[0.5, 0.5], &[1.0, 2.0]).contains("level 1 is 0.5"));
    assert!(refused(&[0.5, 0.6], &[2.0, 1.0]).contains("quantile 1 is 1"));
    assert!(refused(&[0.5, 0.6], &[-1.0, 1.0]).contains("quantile 0 is -1"));
    assert!(refused(&[0.5, 0.6], &[1.0, f64::NAN]).contains("quantile 1 is NaN"));
    assert!(refused(&[f64::NAN, 0.6], &[1.0, 2.0]).contains("level 0 is NaN"));
    assert_eq!(Sample::observed(&[]), Err(DemandError::Empty));
    assert_eq!(Sample::counts(&[0.0, 0.0]), Err(DemandError::Empty));
    assert!(matches!(
        Sample::observed(&[1.0, -2.0]),
        Err(DemandError::Observation { place: 1, .. })
    ));
    assert!(matches!(
        Sample::weighted(&[1.0], &[f64::NAN]),
        Err(DemandError::Weight { place: 0, .. })
    ));
    for wrong in [
        Demand::poisson(-1.0),
        Demand::poisson(f64::NAN),
        Demand::normal(f64::INFINITY, 1.0),
        Demand::normal(1.0, -1.0),
        Demand::log_normal(0.0, 1.0),
        Demand::negative_binomial(4.0, 3.0),
        Demand::negative_binomial(4.0, f64::NAN),
    ] {
        assert!(matches!(wrong, Err(DemandError::Parameter { .. })));
    }
}

proptest! {
    #[test]
    fn a_quantile_is_the_least_that_reaches_its_level(
        kind in 0..6usize,
        mean in 0.05..400.0_f64,
        spread in 1.0..8.0_f64,
        level in 0.001..0.999_f64,
        steps in proptest::collection::vec(0.0..6.0_f64, 5),
    ) {
        let values: Vec<f64> = steps
            .iter()
            .scan(0.0, |sum, step| { *sum += step; Some(*sum) })
            .collect();
        let sample = Sample::observed(&values).unwrap();
        let demand = match kind {
            0 => Demand::poisson(mean).unwrap(),
            1 => Demand::negative_binomial(mean, mean * spread).unwrap(),
            2 => Demand::normal(mean, spread).unwrap(),
            3 => Demand::log_normal(mean, spread).unwrap(),
            4 => drawn(&LEVELS, &values, Units::Whole),
            _ => sample.demand(),
        };
        let found = demand.quantile(level);
        prop_assert!(demand.cdf(found) >= level - 1e-9, "{} {found}", demand.cdf(found));
        let less = if demand.is_whole() && kind < 5 { found - 1.0 } else { found - 1e-6 * found.abs().max(1.0) };
        prop_assert!(demand.cdf(less) < level + 1e-9, "{} {less}", demand.cdf(less));
    }

    #[test]
    fn shortage_falls_and_is_convex(
        steps in proptest::collection::vec(0.0..6.0_f64, 5),
        whole in any::<bool>(),
        at in 0.0..30.0_f64,
    ) {
        let values: Vec<f64> = steps
            .iter()
            .scan(0.0, |sum, step| { *sum += step; Some(*sum) })
            .collect();
        let units = if whole { Units::Whole } else { Units::Any };
        let demand = drawn(&LEVELS, &values, units);
        let [a, b, c] = [at, at + 1.0, at + 2.0].map(|stock| demand.shortage(stock));
        prop_assert!(a >= b && b >= c && c >= 0.0);
        prop_assert!(a - b >= b - c - 1e-9);
        prop_assert!(a - b <= 1.0 + 1e-12);
    }
}
