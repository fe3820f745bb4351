//! The moments of the processes against their published closed forms.

use simulator::{
    BgNbd, GammaGamma, ParetoNbd, PurchaseSummary, purchases_bgnbd, purchases_pareto_nbd,
    spend_gamma_gamma,
};

use crate::marketplace;

/// The parameters of Fader, Hardie, Lee (2005), table 2, with weeks read as days.
const CDNOW: BgNbd = BgNbd {
    r: 0.243,
    alpha_days: 4.414,
    a: 0.793,
    b: 2.426,
};

/// Gauss hypergeometric function by its series, |z| < 1.
fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 0..100_000 {
        let k = f64::from(k);
        term *= (a + k) * (b + k) / ((c + k) * (k + 1.0)) * z;
        sum += term;
        if term.abs() < 1e-14 * f64::abs(sum) {
            break;
        }
    }
    sum
}

/// Fader, Hardie, Lee (2005), eq. 9.
fn expected_bgnbd(process: &BgNbd, age: f64) -> f64 {
    let BgNbd {
        r,
        alpha_days,
        a,
        b,
    } = *process;
    let series = hypergeometric(r, b, a + b - 1.0, age / (alpha_days + age));
    (a + b - 1.0) / (a - 1.0) * (1.0 - (alpha_days / (alpha_days + age)).powf(r) * series)
}

fn mean_and_error(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Four standard errors: a right simulator fails once in 16,000 seeds; a mean off by 3 % is seen.
fn assert_mean(values: impl Iterator<Item = f64>, expected: f64) {
    let (mean, error) = mean_and_error(values);
    assert!(
        (mean - expected).abs() < 4.0 * error,
        "{mean} ± {error}, expected {expected}"
    );
    assert!(error < 0.01 * expected, "too few draws to tell: {error}");
}

#[test]
fn bgnbd_repeats_have_the_published_mean() {
    let drawn = purchases_bgnbd(200_000, &CDNOW, 39.0..=39.0, 7).unwrap();
    assert_mean(
        drawn.iter().map(|one| f64::from(one.repeats)),
        expected_bgnbd(&CDNOW, 39.0),
    );
    let none = (CDNOW.alpha_days / (CDNOW.alpha_days + 39.0)).powf(CDNOW.r);
    assert_mean(
        drawn
            .iter()
            .map(|one| f64::from(u8::from(one.repeats == 0))),
        none,
    );
}

#[test]
fn pareto_nbd_repeats_have_the_published_mean() {
    // Schmittlein, Morrison, Colombo (1987), eq. 17.
    let process = ParetoNbd {
        r: 0.553,
        alpha_days: 10.578,
        s: 0.606,
        beta_days: 11.669,
    };
    let ParetoNbd {
        r,
        alpha_days,
        s,
        beta_days,
    } = process;
    let expected = r * beta_days / (alpha_days * (s - 1.0))
        * (1.0 - (beta_days / (beta_days + 39.0)).powf(s - 1.0));
    let drawn = purchases_pareto_nbd(200_000, &process, 39.0..=39.0, 7).unwrap();
    assert_mean(drawn.iter().map(|one| f64::from(one.repeats)), expected);
}

#[test]
fn gamma_gamma_spend_has_the_published_mean_and_nothing_without_a_purchase() {
    let process = GammaGamma {
        p: 6.25,
        q: 3.74,
        gamma: 15.44,
    };
    let purchases: Vec<u32> = (0..100_000).map(|customer| customer % 5).collect();
    let spend = spend_gamma_gamma(&purchases, &process, 7).unwrap();
    for (count, value) in purchases.iter().zip(&spend) {
        assert_eq!(*count == 0, value.is_none());
    }
    let expected = process.p * process.gamma / (process.q - 1.0);
    assert_mean(spend.into_iter().flatten(), expected);
}

#[test]
fn summaries_are_possible_histories_and_do_not_depend_on_the_number_asked() {
    let many = purchases_bgnbd(1_000, &CDNOW, 10.0..=300.0, 3).unwrap();
    let few = purchases_bgnbd(10, &CDNOW, 10.0..=300.0, 3).unwrap();
    assert_eq!(many[..10], few[..]);
    for PurchaseSummary {
        repeats,
        recency_days,
        age_days,
    } in many
    {
        assert!((10.0..=300.0).contains(&age_days));
        assert!(recency_days <= age_days);
        assert_eq!(repeats == 0, recency_days == 0.0);
    }
}

#[test]
fn impossible_parameters_are_named() {
    let zero = BgNbd { r: 0.0, ..CDNOW };
    let error = purchases_bgnbd(1, &zero, 1.0..=2.0, 0).unwrap_err();
    assert!(error.to_string().contains("`r` is 0"), "{error}");
    assert!(purchases_bgnbd(1, &CDNOW, 3.0..=2.0, 0).is_err());
    let process = GammaGamma {
        p: 1.0,
        q: f64::NAN,
        gamma: 1.0,
    };
    assert!(spend_gamma_gamma(&[1], &process, 0).is_err());
}

#[test]
fn the_shop_buys_by_its_planted_process() {
    let truth = &marketplace().truth;
    let excess = truth.customers.iter().map(|customer| {
        let expected = expected_bgnbd(&truth.shop.process, customer.age_operational_days);
        f64::from(customer.repeats) - expected
    });
    let (mean, error) = mean_and_error(excess);
    // 4,000 customers of about ten repeats: 4 errors are about one repeat.
    assert!(mean.abs() < 4.0 * error && error < 0.3, "{mean} ± {error}");
}
