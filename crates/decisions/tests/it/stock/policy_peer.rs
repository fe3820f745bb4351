//! Policies: figures of `stockpyl` 1.0.2.

use decisions::stock::policy::{Costs, min_max, newsvendor, reorder_lot, reorder_point};
use decisions::stock::{Demand, Sample};
use math::special::normal_quantile;

pub(super) fn close(found: f64, expected: f64, relative: f64) {
    assert!(
        (found / expected - 1.0).abs() < relative,
        "{found} is not {expected}"
    );
}

pub(super) fn costs(holding: f64, missing: f64, ordering: f64) -> Costs {
    Costs {
        holding,
        missing,
        ordering,
    }
}

// `stockpyl` 1.0.2 with scipy 1.17.1: `newsvendor_normal(h, p, mean, sd)`.
#[test]
fn the_normal_newsvendor_is_that_of_stockpyl() {
    for (h, p, mean, sd, quantity, cost) in [
        (
            0.18,
            0.70,
            50.0,
            8.0,
            56.603_955_927_433_89,
            1.997_605_193_176_644_5,
        ),
        (
            1.0,
            4.0,
            120.0,
            35.0,
            149.456_743_175_052,
            48.993_336_071_366_46,
        ),
        (
            2.0,
            98.0,
            1000.0,
            310.0,
            1_636.662_162_295_865,
            1_500.962_212_303_004_2,
        ),
    ] {
        let found = newsvendor(&Demand::normal(mean, sd).unwrap(), h, p).unwrap();
        close(found.quantity, quantity, 1e-9);
        close(found.cost, cost, 1e-9);
        close(
            found.quantity,
            mean + sd * normal_quantile(p / (p + h)),
            1e-12,
        );
        close(found.cycle_service, p / (p + h), 1e-9);
    }
}

// `newsvendor_poisson(h, p, mean)` and `newsvendor_discrete(h, p, demand_pmf=pmf)`.
#[test]
fn the_whole_newsvendor_is_that_of_stockpyl() {
    for (h, p, mean, quantity, cost) in [
        (0.18, 0.70, 50.0, 56.0, 1.797_235_211_809_177_2),
        (1.0, 4.0, 6.0, 8.0, 3.570_106_945_770_937_6),
        (1.0, 99.0, 0.4, 2.0, 2.476_811_048_554_424_5),
        (3.0, 5.0, 300.0, 305.0, 52.698_575_953_507_13),
    ] {
        let found = newsvendor(&Demand::poisson(mean).unwrap(), h, p).unwrap();
        assert_eq!(found.quantity, quantity);
        close(found.cost, cost, 1e-9);
    }
    let sample = Sample::weighted(
        &[0.0, 1.0, 2.0, 4.0, 9.0, 15.0],
        &[0.1, 0.25, 0.3, 0.2, 0.1, 0.05],
    )
    .unwrap();
    for (h, p, quantity, cost) in [
        (1.0, 4.0, 4.0, 5.95),
        (1.0, 1.0, 2.0, 2.2),
        (5.0, 1.0, 1.0, 2.9),
        (1.0, 60.0, 15.0, 11.7),
    ] {
        let found = newsvendor(&sample.demand(), h, p).unwrap();
        assert_eq!(found.quantity, quantity);
        close(found.cost, cost, 1e-12);
    }
}

// `s_s_discrete_exact(h, p, K, True, mean)`; of a list of masses `s_s_discrete_exact(h, p, K, False, demand_hi=157,
// demand_pmf=masses + 150 * [0.0])`: without the zeros it reads beyond the list, and it leaves out the last mass.
#[test]
fn min_max_is_that_of_stockpyl() {
    for (h, p, k, mean, reorder_point, order_up_to, cost) in [
        (1.0, 4.0, 5.0, 6.0, 4, 10, 8.034_111_561_471_642),
        (1.0, 9.0, 64.0, 10.0, 6, 40, 35.021_555_272_320_384),
        (1.0, 9.0, 64.0, 35.0, 28, 77, 61.215_479_047_687_15),
        (2.0, 30.0, 400.0, 3.0, 0, 35, 68.260_273_972_602_79),
        (1.0, 19.0, 0.5, 0.3, 0, 1, 1.645_955_303_293_497_7),
        (1.0, 4.0, 100.0, 60.0, 37, 123, 90.612_160_925_073_13),
    ] {
        let demand = Demand::poisson(mean).unwrap();
        let found = min_max(&demand, &demand, None, &costs(h, p, k)).unwrap();
        assert_eq!(
            (found.reorder_point, found.order_up_to),
            (reorder_point, order_up_to)
        );
        close(found.cost, cost, 1e-9);
    }
    let sample = Sample::counts(&[0.3, 0.2, 0.0, 0.15, 0.15, 0.1, 0.05, 0.05]).unwrap();
    for (h, p, k, reorder_point, order_up_to, cost) in [
        (1.0, 4.0, 5.0, 1, 6, 5.891_043_180_846_516),
        (1.0, 20.0, 40.0, 2, 16, 15.656_371_464_569_938),
    ] {
        let demand = sample.demand();
        let found = min_max(&demand, &demand, None, &costs(h, p, k)).unwrap();
        assert_eq!(
            (found.reorder_point, found.order_up_to),
            (reorder_point, order_up_to)
        );
        close(found.cost, cost, 1e-9);
    }
}

// `r_q_poisson_exact(h, p, K, rate, lead_time)`.
#[test]
fn the_lot_of_whole_units_is_that_of_stockpyl() {
    for (h, p, k, rate, lead, reorder_point, lot, cost) in [
        (
            20.0,
            150.0,
            100.0,
            1.5,
            2.0,
            3.0,
            5.0,
            107.923_580_633_149_75,
        ),
        (1.0, 9.0, 64.0, 10.0, 3.0, 26.0, 41.0, 37.225_533_054_621_15),
        (1.0, 4.0, 5.0, 6.0, 1.0, 4.0, 10.0, 8.330_875_619_100_46),
        (3.0, 40.0, 20.0, 0.2, 5.0, 1.0, 3.0, 9.215_644_279_844_556),
        (
            1.0,
            19.0,
            1000.0,
            50.0,
            2.0,
            83.0,
            328.0,
            311.243_821_584_435_47,
        ),
    ] {
        let demand = Demand::poisson(rate * lead).unwrap();
        let found = reorder_lot(rate, &demand, 1, &costs(h, p, k)).unwrap();
        assert_eq!((found.reorder_point, found.lot), (reorder_point, lot));
        close(found.cost, cost, 1e-9);
    }
}

// `r_q_optimal_r_for_q(Q, h, p, mean, sd, lead_time)`, of which the bisection ends within 1e-6 of equal costs.
#[test]
fn the_reorder_point_of_a_lot_is_that_of_stockpyl() {
    for (lot, h, p, mean, sd, lead, expected) in [
        (
            300.0,
            0.225,
            7.5,
            1300.0,
            150.0,
            1.0 / 12.0,
            129.427_279_926_306_7,
        ),
        (
            318.5,
            0.225,
            7.5,
            1300.0,
            150.0,
            1.0 / 12.0,
            127.743_471_712_741_21,
        ),
        (40.0, 1.0, 9.0, 100.0, 30.0, 0.5, 61.064_105_471_391_514),
    ] {
        let demand = Demand::normal(mean * lead, sd * f64::sqrt(lead)).unwrap();
        let found = reorder_point(&demand, lot, &costs(h, p, 8.0)).unwrap();
        close(found, expected, 1e-7);
    }
}
