//! Hours correct a forecast as closed forms and sums over all cases say.

use models::launch::{Curve, Curves, Demand, LogNormal, Points, Sales, UpdateError};

use math::special::ln_gamma;

/// Negative binomial probability: a Poisson variable whose mean is a gamma variable of shape and rate, over an exposure.
fn negative_binomial(shape: f64, rate: f64, exposure: f64, units: f64) -> f64 {
    let ln = ln_gamma(shape + units) - ln_gamma(shape) - ln_gamma(units + 1.0)
        + shape * (rate / (rate + exposure)).ln()
        + units * (exposure / (rate + exposure)).ln();
    ln.exp()
}

fn points(of: impl Fn(f64) -> f64, most: u32) -> Demand {
    let weighted = (0..=most).map(|units| (f64::from(units), of(f64::from(units))));
    Demand::Points(Points::new(weighted.collect()).unwrap())
}

fn exact(up_to: &[f64]) -> Curves {
    Curves::known(vec![Curve::exact(up_to.to_vec()).unwrap()]).unwrap()
}

fn seen(hours: &[u32], sold_out: Option<u64>) -> Sales {
    Sales {
        hours: hours.to_vec(),
        sold_out,
    }
}

#[test]
fn where_the_curve_is_exact_the_update_is_that_of_gamma_and_poisson() {
    // Demand is Poisson with a mean of the gamma distribution of shape 3.5 and rate 0.05: after n units in a share of the
    // curve, what is left is negative binomial of shape 3.5 + n and rate 0.05 + share over the exposure 1 − share.
    let (shape, rate) = (3.5, 0.05);
    let prior = points(|units| negative_binomial(shape, rate, 1.0, units), 2_000);
    let curves = exact(&[0.2, 0.5, 0.7, 1.0]);
    for (hours, share) in [(&[9][..], 0.2), (&[9, 31], 0.5), (&[0, 2, 1], 0.7)] {
        let after = curves
            .update(&prior, &[1.0], 4, &seen(hours, None))
            .unwrap();
        let units: f64 = hours.iter().map(|units| f64::from(*units)).sum();
        let (own_shape, own_rate) = (shape + units, rate + share);
        let mut up_to = 0.0;
        for left in 0..300 {
            up_to += negative_binomial(own_shape, own_rate, 1.0 - share, f64::from(left));
            let found = after.demand().cdf(units + f64::from(left));
            assert!(
                (found - up_to).abs() < 1e-6,
                "{hours:?} {left} {found} {up_to}"
            );
        }
        let mean = units + own_shape / own_rate * (1.0 - share);
        assert!(
            (after.demand().mean() - mean).abs() < 1e-4 * mean,
            "{hours:?}"
        );
    }
    let end = curves
        .update(&prior, &[1.0], 4, &seen(&[9, 31, 4, 6], None))
        .unwrap();
    assert_eq!(end.demand().interval(0.99), (50.0, 50.0));
}

#[test]
fn where_the_stock_ran_out_demand_is_weighed_by_the_chance_that_it_would() {
    // Ten units in the first hour, of a share of 0.2; the stock of 30 ran out in the second, by which 0.6 have come.
    let prior = points(|units| negative_binomial(4.0, 0.08, 1.0, units), 600);
    let curves = exact(&[0.2, 0.6, 1.0]);
    let after = curves
        .update(&prior, &[1.0], 3, &seen(&[10], Some(30)))
        .unwrap();
    let choose =
        |n: f64, k: f64| (ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)).exp();
    let binomial = |n: f64, k: f64, p: f64| choose(n, k) * p.powf(k) * (1.0 - p).powf(n - k);
    let weights: Vec<f64> = (0..=300)
        .map(|demand| {
            let demand = f64::from(demand);
            if demand < 30.0 {
                return 0.0;
            }
            let (next, left) = (0.4 / 0.8, demand - 10.0);
            let fewer: f64 = (0..20).map(|k| binomial(left, f64::from(k), next)).sum();
            negative_binomial(4.0, 0.08, 1.0, demand) * binomial(demand, 10.0, 0.2) * (1.0 - fewer)
        })
        .collect();
    let all: f64 = weights.iter().sum();
    let mut up_to = 0.0;
    for (demand, weight) in weights.iter().enumerate() {
        up_to += weight / all;
        let found = after.demand().cdf(demand as f64);
        assert!((found - up_to).abs() < 1e-6, "{demand} {found} {up_to}");
    }
    assert!(after.is_sold_out() && after.units() == 30);
    // To take the stock for demand, or to forget that it ran out, tells less than is known.
    let blind = curves
        .update(&prior, &[1.0], 3, &seen(&[10], None))
        .unwrap();
    assert!(after.demand().mean() > blind.demand().mean());
}

#[test]
fn large_demand_is_cut_finely_enough() {
    // A flat prior of the logarithm around a million, and a curve without spread: n / share is right, to √(n (1 − s)) / s.
    let prior = Demand::LogNormal(LogNormal {
        mu: 13.8,
        sigma: 2.0,
    });
    let curves = exact(&[0.9, 1.0]);
    let after = curves
        .update(&prior, &[1.0], 2, &seen(&[900_000], None))
        .unwrap();
    let (low, high) = after.demand().interval(0.9);
    let spread = (900_000.0_f64 * 0.1).sqrt() / 0.9;
    // The points lie some ten units apart, a spread being 333.
    assert!(
        (after.demand().mean() - 1e6).abs() < 0.1 * spread,
        "{}",
        after.demand().mean()
    );
    assert!(
        ((high - low) / (2.0 * 1.645 * spread) - 1.0).abs() < 0.03,
        "{low} {high}"
    );
}

#[test]
fn sales_far_beyond_what_was_forecast_are_believed() {
    let prior = Demand::LogNormal(LogNormal {
        mu: 3.0,
        sigma: 0.2,
    });
    let after = exact(&[0.5, 1.0])
        .update(&prior, &[1.0], 2, &seen(&[5_000], None))
        .unwrap();
    let (low, high) = after.demand().interval(0.8);
    assert!(low >= 5_000.0 && high < 11_000.0, "{low} {high}");
}

#[test]
fn without_hours_the_forecast_stays_as_it_was() {
    let prior = Demand::LogNormal(LogNormal {
        mu: 4.2,
        sigma: 0.7,
    });
    let curves = exact(&[0.3, 1.0]);
    let after = curves.update(&prior, &[1.0], 2, &Sales::default()).unwrap();
    for level in [0.05, 0.1, 0.5, 0.9, 0.95] {
        let (found, expected) = (after.demand().quantile(level), prior.quantile(level));
        // Whole units, and points 1 % apart.
        assert!(
            (found - expected).abs() < 0.6 + 0.02 * expected,
            "{level} {found} {expected}"
        );
    }
    // Half of the launch: 0.3 of demand.
    let first = curves.first_hours(&after, 2, 1);
    assert!(
        (first.mean() / (0.3 * prior.mean()) - 1.0).abs() < 0.03,
        "{}",
        first.mean()
    );
    assert_eq!(curves.first_hours(&after, 2, 2), *after.demand());
}

#[test]
fn the_first_day_of_which_hours_are_known_begins_with_them() {
    let prior = Demand::LogNormal(LogNormal {
        mu: 5.0,
        sigma: 0.5,
    });
    let curves = exact(&[0.2, 0.5, 0.7, 1.0]);
    let after = curves
        .update(&prior, &[1.0], 4, &seen(&[40, 45], None))
        .unwrap();
    let (low, high) = curves.first_hours(&after, 4, 3).interval(0.98);
    assert!(
        low >= 85.0 && high < after.demand().quantile(0.99),
        "{low} {high}"
    );
    // Of what is left 0.4 come within the third hour.
    let mean = 85.0 + 0.4 * (after.demand().mean() - 85.0);
    let found = curves.first_hours(&after, 4, 3).mean();
    assert!((found - mean).abs() < 0.02 * mean, "{found} {mean}");
    assert_eq!(curves.first_hours(&after, 4, 1).interval(0.9), (40.0, 40.0));
}

#[test]
fn hours_tell_which_curve_a_launch_follows() {
    let quick = Curve::exact(vec![0.6, 0.9, 0.95, 1.0]).unwrap();
    let slow = Curve::exact(vec![0.1, 0.3, 0.6, 1.0]).unwrap();
    let curves = Curves::known(vec![quick, slow]).unwrap();
    let prior = Demand::LogNormal(LogNormal {
        mu: 5.0,
        sigma: 1.0,
    });
    // As the slow curve says of a launch that was held to be quick.
    let sales = seen(&[20, 41], None);
    let after = curves.update(&prior, &[0.9, 0.1], 4, &sales).unwrap();
    assert!(after.weights()[1] > 0.99, "{:?}", after.weights());
    assert!(
        (after.demand().mean() - 203.0).abs() < 20.0,
        "{}",
        after.demand().mean()
    );
    // One hour tells little by itself: only whether its units fit what was forecast.
    let once = curves
        .update(&prior, &[0.9, 0.1], 4, &seen(&[20], None))
        .unwrap();
    assert!(once.weights()[1] < 0.6, "{:?}", once.weights());
}

#[test]
fn hours_that_contradict_the_launch_are_refused() {
    let curves = exact(&[0.5, 1.0]);
    let prior = Demand::LogNormal(LogNormal {
        mu: 3.0,
        sigma: 0.5,
    });
    let update = |hours: &[u32], sold_out| curves.update(&prior, &[1.0], 2, &seen(hours, sold_out));
    assert_eq!(
        update(&[1, 2, 3], None),
        Err(UpdateError::Hours { found: 3, open: 2 })
    );
    assert_eq!(
        update(&[1, 2], Some(9)),
        Err(UpdateError::Hours { found: 3, open: 2 })
    );
    assert_eq!(
        update(&[5], Some(4)),
        Err(UpdateError::SoldOut { stock: 4, sold: 5 })
    );
    let weights = curves.update(&prior, &[0.5, 0.5], 2, &seen(&[1], None));
    let (found, expected) = (2, 1);
    assert_eq!(weights, Err(UpdateError::Clusters { found, expected }));
}
