//! Planted merchants are found; estimates count as much as they tell.

use math::random::stream;
use models::launch::{
    Columns, Estimate, Forecaster, Launch, LogNormal, Merchants, Pair, Past, Pool, Settings, Total,
};

use super::shop::{Shop, columns, normal};

/// Bias, slope and spread of planted merchants.
const PLANTED: [(f64, f64, f64); 5] = [
    (0.0, 1.0, 0.15),
    (-0.5, 1.0, 0.3),
    (0.3, 0.7, 0.4),
    (-0.2, 0.4, 0.25),
    (0.1, 1.1, 0.7),
];

/// Centre of the planted estimates, as a logarithm.
const CENTRE: f64 = 5.0;

fn launch(merchant: usize, likely: f64) -> Launch {
    Launch {
        id: format!("of {merchant}"),
        opens_hour: 0,
        duration_hours: 24,
        category: None,
        merchant: Some(format!("merchant {merchant}")),
        labels: Vec::new(),
        numbers: Vec::new(),
        text: None,
        estimate: Estimate::new(0.7 * likely, likely, 1.4 * likely).ok(),
    }
}

/// Launches whose demand is planted around estimates.
fn planted(seed: u64, launches: usize) -> Vec<Past> {
    let mut random = stream(seed, 1);
    let mut past = Vec::new();
    for at in 0..launches {
        for (merchant, (bias, slope, spread)) in PLANTED.into_iter().enumerate() {
            let x = 0.7 * normal(&mut random);
            let demand = CENTRE + bias + slope * x + spread * normal(&mut random);
            let mut launch = launch(merchant, (CENTRE + x).exp());
            launch.opens_hour = 10 * at as i64;
            past.push(Past {
                launch,
                total: Total::Sold(demand.exp().round() as u64),
                stock: None,
                sales: None,
            });
        }
    }
    past
}

#[test]
fn planted_bias_slope_and_spread_are_found() {
    let past = planted(1, 400);
    let learnt = Merchants::fit(&past).unwrap();
    for (merchant, (bias, slope, spread)) in PLANTED.into_iter().enumerate() {
        let name = format!("merchant {merchant}");
        let said = |x: f64| {
            let likely = (CENTRE + x).exp();
            learnt.calibrated(&name, &Estimate::new(0.0, likely, 2.0 * likely).unwrap())
        };
        // Of 400 launches the mean is known to 5 % of the spread, the slope to 7 % of it.
        assert!(
            (said(0.0).mu - CENTRE - bias).abs() < 0.2 * spread,
            "{name} {:?}",
            said(0.0)
        );
        let found = said(0.5).mu - said(-0.5).mu;
        assert!((found - slope).abs() < 0.3 * spread, "{name} {found}");
        assert!(
            (said(0.0).sigma / spread - 1.0).abs() < 0.12,
            "{name} {:?}",
            said(0.0)
        );
    }
}

#[test]
fn records_tell_bias_intervals_and_correlation() {
    let past = planted(2, 100);
    let learnt = Forecaster::fit(&past, &Columns::default(), &Settings::default()).unwrap();
    assert_eq!(learnt.records().len(), PLANTED.len());
    for record in learnt.records() {
        let merchant = record.merchant[9..].parse::<usize>().unwrap();
        let (bias, slope, spread) = PLANTED[merchant];
        assert_eq!((record.launches, record.censored), (100, 0));
        // Too high where demand is less: the other way round than the bias of the logarithm. Four standard errors.
        let off = record.bias.factor.ln() + bias;
        assert!(
            off.abs() < 0.4 * spread + 0.1 * (slope - 1.0).abs(),
            "{record:?}"
        );
        assert!(record.bias.low < record.bias.factor && record.bias.factor < record.bias.high);
        assert!(
            (record.slope - slope).abs() < 5.0 * record.slope_error,
            "{record:?}"
        );
        assert!((record.spread / spread - 1.0).abs() < 0.3, "{record:?}");
        let correlation = slope * 0.7 / (slope * 0.7).hypot(spread);
        assert!(
            (record.correlation.unwrap() - correlation).abs() < 0.15,
            "{record:?}"
        );
        // How often demand lay within what was stated, counted again.
        let held = past.iter().filter(|past| {
            let (estimate, units) = (past.launch.estimate.unwrap(), past.total.units() as f64);
            past.launch.merchant.as_ref() == Some(&record.merchant)
                && estimate.low() <= Some(units)
                && estimate.high() >= Some(units)
        });
        assert_eq!(record.intervals.held, held.count());
        let known = record.intervals.held + record.intervals.below + record.intervals.above;
        assert_eq!((known, record.intervals.unknown), (100, 0));
        assert!(record.added.unwrap().crps_saved() > 0.0, "{record:?}");
    }
    let ranks: Vec<usize> = learnt.records().iter().map(|record| record.rank).collect();
    assert_eq!(ranks, (1..=PLANTED.len()).collect::<Vec<_>>());
    assert_eq!(learnt.records()[0].merchant, "merchant 0");
}

#[test]
fn a_short_record_is_read_as_that_of_all_and_a_long_one_as_its_own() {
    let mut past: Vec<Past> = planted(3, 60);
    past.retain(|past| past.launch.merchant.as_deref() != Some("merchant 1"));
    let estimate = Estimate::new(100.0, 150.0, 200.0).unwrap();
    let of = |past: &[Past], name: &str| Merchants::fit(past).unwrap().calibrated(name, &estimate);
    let nobody = of(&past, "merchant 1");
    // Launches of a merchant whose demand is a quarter of the estimate.
    let low = |count: usize| {
        let own = (0..count).map(|_| Past {
            launch: launch(1, 150.0),
            total: Total::Sold(38),
            stock: None,
            sales: None,
        });
        past.iter().cloned().chain(own).collect::<Vec<_>>()
    };
    let (once, often) = (of(&low(1), "merchant 1"), of(&low(40), "merchant 1"));
    assert!(
        often.mu < once.mu && once.mu < nobody.mu,
        "{often:?} {once:?} {nobody:?}"
    );
    assert!((often.mu - 38.0_f64.ln()).abs() < 0.1, "{often:?}");
    assert!(often.sigma < nobody.sigma, "{often:?} {nobody:?}");
}

#[test]
fn estimates_that_tell_nothing_do_no_harm() {
    let mut saved = 0.0;
    for seed in 0..4 {
        let mut shop = Shop::new(100 + seed, 300, 100, false);
        let mut random = stream(seed, 7);
        let all = shop
            .past
            .iter_mut()
            .chain(shop.future.iter_mut().map(|truth| &mut truth.past));
        for past in all {
            let likely = (5.0 + normal(&mut random)).exp();
            past.launch.estimate = Estimate::new(0.5 * likely, likely, 2.0 * likely).ok();
        }
        let learnt = Forecaster::fit(&shop.past, &columns(), &Settings::default()).unwrap();
        let (mut without, mut with) = (0.0, 0.0);
        for truth in &shop.future {
            let said = learnt.forecast(&truth.past.launch).unwrap();
            without += said.attributes.crps(truth.demand as f64);
            with += said.combined.crps(truth.demand as f64);
        }
        saved += (1.0 - with / without) / 4.0;
    }
    // Nothing can be saved, and no more than 3 % is lost.
    assert!((-0.03..0.02).contains(&saved), "{saved}");
}

#[test]
fn the_pool_weighs_by_how_errors_go_together() {
    // Errors of 0.5 and 0.3 that have a correlation of 0.6: the best weight of the second is (a² − c) / (a² + b² − 2c).
    let (one, two, correlation): (f64, f64, f64) = (0.5, 0.3, 0.6);
    let both = correlation * one * two;
    let differ = one * one + two * two - 2.0 * both;
    let weight = (one * one - both) / differ;
    let variance = (one * one * two * two - both * both) / differ;
    let mut random = stream(9, 0);
    let pairs: Vec<Pair> = (0..3_000)
        .map(|_| {
            let demand = 5.0 + normal(&mut random);
            let first = normal(&mut random);
            let other = (1.0 - correlation * correlation).sqrt() * normal(&mut random);
            let second = correlation * first + other;
            let stock = (5.5 + 0.5 * normal(&mut random)).exp().ceil() as u64;
            let (units, likely) = (demand.exp().round() as u64, (demand + two * second).exp());
            Pair {
                merchant: "merchant".to_owned(),
                attributes: LogNormal {
                    mu: demand + one * first,
                    sigma: one,
                },
                estimate: Estimate::new(0.0, likely, 2.0 * likely).unwrap(),
                // Of a third the stock ran out.
                total: if units >= stock {
                    Total::AtLeast(stock)
                } else {
                    Total::Sold(units)
                },
            }
        })
        .collect();
    let pool = Pool::fit(&pairs);
    // The weight's standard error is about 0.02.
    let found = pool.weight("merchant");
    assert!((found - weight).abs() < 0.06, "{found} {weight}");
    let said = |mu: f64| {
        let attributes = LogNormal { mu, sigma: one };
        let likely = 5.0_f64.exp();
        let estimate = Estimate::new(0.0, likely, likely).unwrap();
        pool.forecast("merchant", attributes, &estimate)
    };
    let moved = said(5.5).mu - said(4.5).mu;
    assert!((moved - (1.0 - weight)).abs() < 0.06, "{moved} {weight}");
    let sigma = said(5.0).sigma;
    assert!(
        (sigma / variance.sqrt() - 1.0).abs() < 0.06,
        "{sigma} {variance}"
    );
}
