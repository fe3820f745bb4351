//! Policies: against closed forms and every policy there is.

use super::policy_peer::{close, costs};
use decisions::stock::policy::{
    Effort, PolicyError, Protection, base_stock, base_stock_of, lost_sales, min_max, min_max_of,
    newsvendor, newsvendor_of, reorder_lot, reorder_lot_continuous, reorder_point,
};
use decisions::stock::{Demand, Goal, Sample};
use proptest::prelude::*;

#[test]
fn without_uncertainty_the_lot_is_the_economic_order_quantity_with_shortages() {
    let (h, p, k, rate) = (0.225, 5.0, 8.0, 1300.0_f64);
    let fixed = Demand::normal(rate / 12.0, 0.0).unwrap();
    let found = reorder_lot_continuous(rate, &fixed, &costs(h, p, k)).unwrap();
    let lot = (2.0 * k * rate * (h + p) / (h * p)).sqrt();
    close(found.lot, lot, 1e-9);
    close(found.cost, (2.0 * k * rate * h * p / (h + p)).sqrt(), 1e-9);
    // A share of h / (h + p) of every lot is planned to be short.
    close(found.reorder_point, rate / 12.0 - lot * h / (h + p), 1e-9);
    // `economic_order_quantity_with_backorders(8, .225, 5, 1300)` of `stockpyl` 1.0.2.
    close(found.lot, 310.812_555_158_964_64, 1e-9);
    close(found.cost, 66.921_363_550_973_25, 1e-9);
    // A little uncertainty costs a little more.
    let little = Demand::normal(rate / 12.0, 10.0).unwrap();
    let more = reorder_lot_continuous(rate, &little, &costs(h, p, k)).unwrap();
    assert!(more.cost > found.cost && more.cost < found.cost * 1.1);
    // Whole units of a large lot are nearly any amount.
    let poisson = Demand::poisson(108.0).unwrap();
    let whole = reorder_lot(rate, &poisson, 1, &costs(h, p, k)).unwrap();
    let normal = Demand::normal(108.0, 108.0_f64.sqrt()).unwrap();
    let any = reorder_lot_continuous(rate, &normal, &costs(h, p, k)).unwrap();
    assert!((whole.lot - any.lot).abs() <= 2.0);
    close(whole.cost, any.cost, 2e-3);
}

/// Cost of an (s, S) policy by the stationary distribution of the position, reached by stepping.
fn stepped_cost(masses: &[f64], of: impl Fn(i64) -> f64, k: f64, [s, up_to]: [i64; 2]) -> f64 {
    let n = (up_to - s) as usize;
    // State: how far the position after ordering is below S.
    let mut at = vec![0.0; n];
    at[0] = 1.0;
    let mut cost = 0.0;
    for _ in 0..6000 {
        let mut next = vec![0.0; n];
        cost = 0.0;
        for (below, here) in at.iter().enumerate() {
            cost += here * of(up_to - below as i64);
            for (asked, mass) in masses.iter().enumerate() {
                if below + asked < n {
                    next[below + asked] += here * mass;
                } else {
                    next[0] += here * mass;
                    cost += here * mass * k;
                }
            }
        }
        // Half a step each, so that a cycle of fixed length settles too.
        for (here, next) in at.iter_mut().zip(next) {
            *here = 0.5 * (*here + next);
        }
    }
    cost
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn min_max_is_the_best_of_all_policies(
        weights in proptest::collection::vec(0.0..1.0_f64, 2..5),
        lead in 0..3_u32,
        h in 0.5..3.0_f64,
        p in 2.0..30.0_f64,
        k in 0.0..25.0_f64,
    ) {
        let mut weights = weights;
        weights[1] += 0.1;
        let sample = Sample::counts(&weights).unwrap();
        let period = sample.demand();
        let masses = period.masses(1e-12);
        let mut total = vec![1.0];
        for _ in 0..=lead {
            let mut sum = vec![0.0; total.len() + masses.len() - 1];
            for (a, p) in total.iter().enumerate() {
                for (b, q) in masses.iter().enumerate() {
                    sum[a + b] += p * q;
                }
            }
            total = sum;
        }
        let protection = Sample::counts(&total).unwrap();
        let protection = protection.demand();
        let costs = costs(h, p, k);
        let found = min_max(&period, &protection, None, &costs).unwrap();
        let of = |at: i64| p * protection.shortage(at as f64) + h * protection.left_over(at as f64);
        let mut best = f64::INFINITY;
        for s in -14..12_i64 {
            for up_to in s + 1..32 {
                let cost = min_max_of(&period, &protection, None, &costs, [s, up_to]).unwrap().cost;
                best = best.min(cost);
            }
        }
        prop_assert!(found.cost <= best + 1e-9, "{found:?} {best}");
        prop_assert!(found.order_up_to < 32 && found.reorder_point > -14);
        let stepped = stepped_cost(&masses, of, k, [found.reorder_point, found.order_up_to]);
        prop_assert!((stepped - found.cost).abs() < 1e-6 * found.cost, "{found:?} {stepped}");
    }

    #[test]
    fn the_lot_is_the_best_of_all_lots_of_whole_packs(
        rate in 0.2..4.0_f64,
        lead in 0.0..4.0_f64,
        h in 0.5..3.0_f64,
        p in 2.0..30.0_f64,
        k in 0.0..30.0_f64,
        pack in 1..5_u32,
    ) {
        let demand = Demand::poisson(rate * lead).unwrap();
        let found = reorder_lot(rate, &demand, pack, &costs(h, p, k)).unwrap();
        let of = |at: i64| p * demand.shortage(at as f64) + h * demand.left_over(at as f64);
        let first = -30_i64;
        let each: Vec<f64> = (first..200).map(of).collect();
        let mut best = f64::INFINITY;
        for packs in 1..40_i64 {
            let lot = packs * i64::from(pack);
            for r in first..30 {
                let from = (r + 1 - first) as usize;
                let sum: f64 = each[from..from + lot as usize].iter().sum();
                best = best.min((k * rate + sum) / lot as f64);
            }
        }
        prop_assert!((found.cost - best).abs() < 1e-9 * best, "{found:?} {best}");
        prop_assert_eq!(found.lot % f64::from(pack), 0.0);
    }
}

#[test]
fn without_a_cost_of_ordering_min_max_is_the_base_stock() {
    let period = Demand::poisson(7.0).unwrap();
    let (before, protection) = (
        Demand::poisson(14.0).unwrap(),
        Demand::poisson(21.0).unwrap(),
    );
    let found = min_max(&period, &protection, Some(&before), &costs(1.0, 12.0, 0.0)).unwrap();
    let periods = Protection {
        demand: protection,
        until_arrival: Some(before),
    };
    let goal = Goal::Cost {
        missing_cents: 12.0,
    };
    let base = base_stock(&periods, goal, 1.0).unwrap();
    assert_eq!(found.order_up_to as f64, base.level);
    assert_eq!(found.reorder_point, found.order_up_to - 1);
    close(found.cost, base.cost, 1e-12);
    close(found.cycle_service, base.cycle_service, 1e-12);
    close(found.fill_rate.unwrap(), base.fill_rate.unwrap(), 1e-12);
    // It orders whenever something was asked for.
    close(found.orders, 1.0 - (-7.0_f64).exp(), 1e-12);
    let given = base_stock_of(&periods, base.level, 1.0, 12.0).unwrap();
    assert_eq!(given, base);
}

#[test]
fn a_base_stock_is_the_least_that_reaches_its_service() {
    let protection = Protection {
        demand: Demand::negative_binomial(30.0, 70.0).unwrap(),
        until_arrival: Some(Demand::negative_binomial(20.0, 50.0).unwrap()),
    };
    for level in [0.5, 0.8, 0.95, 0.99] {
        for goal in [Goal::CycleService(level), Goal::FillRate(level)] {
            let service = |units: f64| {
                let told = base_stock_of(&protection, units, 1.0, 0.0).unwrap();
                match goal {
                    Goal::CycleService(_) => told.cycle_service,
                    Goal::FillRate(_) | Goal::Cost { .. } | Goal::UpTo { .. } => {
                        told.fill_rate.unwrap()
                    }
                }
            };
            let found = base_stock(&protection, goal, 1.0).unwrap();
            assert!(service(found.level) >= level);
            assert!(service(found.level - 1.0) < level);
        }
    }
}

#[test]
fn a_lost_sale_without_lead_time_is_a_newsvendor_and_with_one_period_a_markov_chain() {
    let demand = Demand::poisson(4.0).unwrap();
    let effort = Effort {
        paths: 32,
        periods: 4000,
        warm_up: 50,
        seed: 7,
    };
    let costs = costs(1.0, 9.0, 0.0);
    let none = lost_sales(&demand, 0, 1, &costs, &effort).unwrap();
    let season = newsvendor(&demand, 1.0, 9.0).unwrap();
    assert_eq!(none.level as f64, season.quantity);
    assert!(
        (none.cost - season.cost).abs() < 4.0 * none.cost_error,
        "{none:?} {season:?}"
    );
    assert!(none.cost_error < 0.01 * none.cost);
    // One period of lead time: what is there is S less what was sold the period before.
    let exact = |level: usize| -> f64 {
        let mut at = vec![0.0; level + 1];
        at[level] = 1.0;
        let mut cost = 0.0;
        for _ in 0..3000 {
            let mut next = vec![0.0; level + 1];
            cost = 0.0;
            for (held, here) in at.iter().enumerate() {
                let held = held as f64;
                cost += here * (demand.left_over(held) + 9.0 * demand.shortage(held));
                let above = demand.above(held - 1.0);
                next[level - held as usize] += here * above;
                for sold in 0..held as u32 {
                    next[level - sold as usize] += here * demand.mass(sold);
                }
            }
            at = next;
        }
        cost
    };
    let found = lost_sales(&demand, 1, 1, &costs, &effort).unwrap();
    let best = (4..20)
        .min_by(|a, b| exact(*a).total_cmp(&exact(*b)))
        .unwrap();
    assert_eq!(found.level as usize, best);
    assert!((found.cost - exact(best)).abs() < 4.0 * found.cost_error);
    assert!(found.fill_rate.unwrap() > 0.9 && found.lost > 0.0);
}

#[test]
fn what_has_no_policy_is_refused_by_name() {
    let demand = Demand::poisson(4.0).unwrap();
    let nothing = Demand::poisson(0.0).unwrap();
    let normal = Demand::normal(4.0, 1.0).unwrap();
    let good = costs(1.0, 4.0, 5.0);
    assert!(matches!(
        newsvendor(&demand, 0.0, 1.0),
        Err(PolicyError::Amount { .. })
    ));
    assert!(matches!(
        newsvendor(&demand, 1.0, f64::NAN),
        Err(PolicyError::Amount { .. })
    ));
    assert!(matches!(
        newsvendor_of(&demand, -1.0, 1.0, 1.0),
        Err(PolicyError::Amount { .. })
    ));
    assert_eq!(
        min_max(&nothing, &nothing, None, &good),
        Err(PolicyError::NoDemand)
    );
    assert!(min_max(&demand, &demand, None, &costs(1.0, 4.0, -1.0)).is_err());
    assert!(min_max_of(&demand, &demand, None, &good, [5, 5]).is_err());
    assert_eq!(
        reorder_lot(1.0, &normal, 1, &good),
        Err(PolicyError::NotWhole)
    );
    assert_eq!(reorder_point(&demand, 1.0, &good), Err(PolicyError::Whole));
    assert_eq!(
        reorder_lot_continuous(1.0, &demand, &good),
        Err(PolicyError::Whole)
    );
    assert!(lost_sales(&nothing, 1, 1, &good, &Effort::default()).is_err());
    let protection = Protection {
        demand,
        until_arrival: None,
    };
    assert!(base_stock(&protection, Goal::CycleService(1.0), 1.0).is_err());
    // Nobody asks for anything: nothing is kept, and no share of nothing is told.
    let season = newsvendor(&nothing, 1.0, 4.0).unwrap();
    assert_eq!(
        (season.quantity, season.cost, season.fill_rate),
        (0.0, 0.0, None)
    );
}
