//! Distributions, scores and orders against closed forms and named peers.

use models::launch::{
    Demand, LogNormal, Newsvendor, NewsvendorError, Points, Score, Total, crps, kendall_tau,
};

fn log_normal(mu: f64, sigma: f64) -> Demand {
    Demand::LogNormal(LogNormal { mu, sigma })
}

#[test]
fn the_score_of_a_log_normal_equals_that_of_scoringrules() {
    // scoringrules 0.10.0, crps_lognormal(y, mu, sigma).
    for (mu, sigma, units, expected) in [
        (3.0, 0.5, 15.0, 3.523_486_528_404_787_6),
        (0.0, 1.2, 4.0, 1.840_795_482_272_623_8),
        (5.0, 0.1, 100.0, 40.748_979_029_636_97),
    ] {
        let found = log_normal(mu, sigma).crps(units);
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}

#[test]
fn the_score_up_to_a_limit_is_the_integral_up_to_it() {
    // scipy 1.17.1, integrate.quad of (F − 1{y ≤ x})² from 0: demand of at least 0.7 y, and y with a stock of 1.5 y.
    for (mu, sigma, units, at_least, within) in [
        (
            3.0,
            0.5,
            15.0,
            0.011_300_080_616_549_246,
            2.575_685_928_502_922,
        ),
        (
            0.0,
            1.2,
            4.0,
            0.957_277_746_250_493_9,
            1.830_330_741_184_857,
        ),
        (5.0, 0.1, 100.0, 0.0, 39.309_002_854_735_01),
    ] {
        let said = log_normal(mu, sigma);
        let found = said.crps_within(0.7 * units, 0.7 * units);
        assert!((found - at_least).abs() < 1e-8, "{found} {at_least}");
        let found = said.crps_within(units, 1.5 * units);
        assert!((found - within).abs() < 1e-8, "{found} {within}");
        let all = said.crps_within(units, 1e6);
        assert!((all - said.crps(units)).abs() < 1e-6, "{all}");
    }
}

#[test]
fn the_score_of_points_is_the_mean_distance_less_half_the_spread() {
    let weighted = [(2.0, 1.0), (5.0, 2.0), (5.0, 1.0), (11.0, 4.0)];
    let said = Demand::Points(Points::new(weighted.to_vec()).unwrap());
    for units in [0.0, 2.0, 4.5, 7.0, 30.0] {
        let mean = |of: &dyn Fn(f64) -> f64| {
            weighted
                .iter()
                .map(|(at, weight)| weight / 8.0 * of(*at))
                .sum::<f64>()
        };
        let expected = mean(&|x| (x - units).abs()) - 0.5 * mean(&|x| mean(&|y| (x - y).abs()));
        assert!((said.crps(units) - expected).abs() < 1e-12, "{units}");
        assert!(
            (said.crps_within(units, 1e9) - expected).abs() < 1e-12,
            "{units}"
        );
    }
    // Of demand known to be at least 5: F² over 2 to 5, an eighth squared.
    let found = crps(&said, Total::AtLeast(5), Some(5));
    assert!((found - 3.0 / 64.0).abs() < 1e-12, "{found}");
    assert_eq!((said.quantile(0.5), said.quantile(0.51)), (5.0, 11.0));
    assert_eq!(said.mean(), (2.0 + 15.0 + 44.0) / 8.0);
}

#[test]
fn points_close_together_agree_with_the_distribution_they_are_cut_from() {
    let (exact, step) = (log_normal(4.0, 0.6), 0.05);
    let cells = (0..40_000).map(|at| {
        let low = step * f64::from(at);
        (low + 0.5 * step, exact.cdf(low + step) - exact.cdf(low))
    });
    let cut = Demand::Points(Points::new(cells.collect()).unwrap());
    // Cut into pieces of 0.05 units.
    for units in [20.0, 55.0, 140.0] {
        assert!((cut.crps(units) - exact.crps(units)).abs() < 0.01);
        assert!((cut.crps_within(units, 90.0) - exact.crps_within(units, 90.0)).abs() < 0.01);
        assert!((cut.expected_lost(units) - exact.expected_lost(units)).abs() < 0.01);
        assert!((cut.expected_left(units) - exact.expected_left(units)).abs() < 0.01);
        assert!((cut.pinball(0.8, units) - exact.pinball(0.8, units)).abs() < 0.05);
    }
}

#[test]
fn the_best_order_equals_that_of_stockpyl_and_no_other_earns_more() {
    // stockpyl 1.0.2, newsvendor_continuous(holding_cost, stockout_cost, demand_distrib=lognorm): quantity and cost.
    for (mu, sigma, margin, loss, quantity, cost) in [
        (
            5.0,
            0.5,
            12.0,
            5.0,
            194.551_623_163_487_22,
            541.409_385_709_630_2,
        ),
        (
            4.0,
            1.0,
            3.0,
            9.0,
            27.813_186_695_694_02,
            219.263_148_080_643_3,
        ),
    ] {
        let (demand, shop) = (
            log_normal(mu, sigma),
            Newsvendor::new(margin, loss).unwrap(),
        );
        let best = shop.best(&demand);
        assert!(
            (best.quantity - quantity).abs() < 1e-6 * quantity,
            "{best:?}"
        );
        // What is not earned: the margin of what is lost and the loss of what is left.
        let missed = margin * best.lost + loss * best.left;
        assert!((missed - cost).abs() < 1e-5 * cost, "{missed} {cost}");
        assert!((best.profit + missed - margin * demand.mean()).abs() < 1e-9 * cost);
        assert!((best.sold + best.left - best.quantity).abs() < 1e-9);
        let others: Vec<f64> = (1..=300)
            .map(|at| quantity * f64::from(at) / 100.0)
            .collect();
        for order in shop.curve(&demand, &others) {
            assert!(order.profit <= best.profit + 1e-9, "{order:?}");
        }
    }
}

#[test]
fn the_best_order_of_whole_units_is_the_best_of_all_whole_units() {
    let demand = Points::new(
        (0..40)
            .map(|at| (f64::from(at), f64::from(at % 7 + 1)))
            .collect(),
    );
    let demand = Demand::Points(demand.unwrap());
    let shop = Newsvendor::new(2.5, 1.5).unwrap();
    let all: Vec<f64> = (0..60).map(f64::from).collect();
    let most = shop
        .curve(&demand, &all)
        .iter()
        .map(|o| o.profit)
        .fold(f64::MIN, f64::max);
    assert!((shop.best(&demand).profit - most).abs() < 1e-12);
}

#[test]
fn an_order_without_margin_or_loss_is_refused() {
    for (margin, loss) in [
        (0.0, 1.0),
        (1.0, 0.0),
        (f64::NAN, 1.0),
        (1.0, f64::INFINITY),
    ] {
        let refused = Newsvendor::new(margin, loss);
        assert!(matches!(refused, Err(NewsvendorError::NotPositive { .. })));
    }
}

#[test]
fn kendalls_tau_equals_that_of_scipy() {
    // scipy 1.17.1, stats.kendalltau.
    let found = kendall_tau(
        &[1.0, 2.0, 2.0, 4.0, 5.0, 6.0],
        &[2.0, 1.0, 3.0, 3.0, 6.0, 5.0],
    );
    assert!((found.unwrap() - 0.642_857_142_857_142_9).abs() < 1e-12);
    assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[3.0, 5.0, 9.0]), Some(1.0));
    assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[9.0, 5.0, 3.0]), Some(-1.0));
    assert_eq!(kendall_tau(&[1.0, 1.0], &[3.0, 5.0]), None);
}

#[test]
fn a_score_counts_what_it_says() {
    let said = log_normal(4.0, 0.5);
    let (low, high) = said.interval(0.8);
    let score = Score::of([
        (&said, Total::Sold(55), None),
        (&said, Total::Sold(high as u64 + 1), None),
        (&said, Total::AtLeast(low as u64 / 2), Some(low as u64 / 2)),
    ]);
    let score = score.unwrap();
    assert_eq!((score.launches, score.censored), (3, 1));
    // One held, one did not, and of one it is known that demand was more than far below the interval: about 0.8.
    assert!((score.held_80 - 1.8 / 3.0).abs() < 0.01, "{score:?}");
    assert!(Score::of([]).is_none());
}
