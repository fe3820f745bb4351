//! Policies run over demand: what they promise is what they do.

use decisions::stock::lead_time::LeadTime;
use decisions::stock::policy::{Costs, Protection, base_stock, min_max, min_max_of, reorder_lot};
use decisions::stock::propose::Unmet;
use decisions::stock::simulate::{
    Charges, Leads, Ledger, NaiveRule, Now, OrderUpTo, Reviews, Setting, SimulateError, simulate,
};
use decisions::stock::{Demand, Goal, Quantiles, Units};
use math::random::stream;
use proptest::prelude::*;
use rand_chacha::rand_core::Rng;

const CHARGES: Charges = Charges {
    holding: 1.0,
    missing: 9.0,
    wasted: 20.0,
    ordering: 0.0,
};

fn setting(lead: u32, review: usize) -> Setting<'static> {
    Setting {
        reviews: Reviews::Every(review),
        leads: Leads::Fixed(lead),
        pack_units: 1,
        shelf_life_periods: None,
        unmet: Unmet::Waits,
        start_units: 0.0,
        warm_up: 100,
        charges: CHARGES,
    }
}

/// Draws of a demand, by its quantiles.
fn drawn(demand: &Demand<'_>, n: usize, seed: u64, index: u64) -> Vec<f64> {
    let mut random = stream(seed, index);
    (0..n)
        .map(|_| demand.quantile((f64::from(random.next_u32()) + 0.5) / 4_294_967_296.0))
        .collect()
}

#[test]
fn a_base_stock_serves_what_it_was_asked_for() {
    let periods = 60_000;
    for (lead, review) in [(0, 1), (2, 1), (3, 4), (7, 7)] {
        let of =
            |n: u32| Demand::negative_binomial(3.0 * f64::from(n), 6.0 * f64::from(n)).unwrap();
        let protection = Protection {
            demand: of(lead + review),
            until_arrival: Some(of(lead)),
        };
        let demand = drawn(&of(1), periods, 5, u64::from(lead));
        for goal in [Goal::CycleService(0.9), Goal::FillRate(0.97)] {
            let policy = base_stock(&protection, goal, 1.0).unwrap();
            let found = simulate(
                &demand,
                &setting(lead, review as usize),
                &mut OrderUpTo(policy.level),
            )
            .unwrap();
            let (cycle, fill) = (found.cycle_service().unwrap(), found.fill_rate().unwrap());
            // Cycles of 60,000 periods have a standard error below 0.006 where they overlap; a cycle more or less in
            // the protection moves the service by several times that.
            assert!(
                (cycle - policy.cycle_service).abs() < 0.02,
                "{lead} {review} {cycle} {policy:?}"
            );
            assert!(
                (fill - policy.fill_rate.unwrap()).abs() < 0.005,
                "{lead} {review} {fill} {policy:?}"
            );
        }
    }
}

#[test]
fn min_max_costs_what_it_says() {
    let period = Demand::poisson(5.0).unwrap();
    let (before, protection) = (
        Demand::poisson(10.0).unwrap(),
        Demand::poisson(15.0).unwrap(),
    );
    let costs = Costs {
        holding: 1.0,
        missing: 9.0,
        ordering: 40.0,
    };
    let policy = min_max(&period, &protection, Some(&before), &costs).unwrap();
    let demand = drawn(&period, 200_000, 3, 0);
    let setting = Setting {
        charges: Charges {
            ordering: 40.0,
            ..CHARGES
        },
        ..setting(2, 1)
    };
    let mut rule = |now: &Now<'_>| {
        if now.position() <= policy.reorder_point as f64 {
            policy.order_up_to as f64 - now.position()
        } else {
            0.0
        }
    };
    let found = simulate(&demand, &setting, &mut rule).unwrap();
    let per_period = found.total_cost() / found.periods as f64;
    assert!(
        (per_period / policy.cost - 1.0).abs() < 0.01,
        "{per_period} {policy:?}"
    );
    assert!((found.fill_rate().unwrap() - policy.fill_rate.unwrap()).abs() < 0.005);
    assert!((found.average_stock() / policy.left - 1.0).abs() < 0.02);
    assert!((found.orders as f64 / found.periods as f64 / policy.orders - 1.0).abs() < 0.01);
    let worse = min_max_of(
        &period,
        &protection,
        Some(&before),
        &costs,
        [policy.reorder_point - 3, policy.order_up_to],
    );
    assert!(worse.unwrap().cost > policy.cost);
}

#[test]
fn a_lot_serves_and_costs_what_it_says() {
    // Periods so short that hardly two units are asked for in one: reviewed all the time.
    let (rate, lead) = (0.02, 150_u32);
    let demand = drawn(&Demand::poisson(rate).unwrap(), 1_500_000, 13, 0);
    let costs = Costs {
        holding: 1.0,
        missing: 20.0,
        ordering: 300.0,
    };
    let of_lead = Demand::poisson(rate * f64::from(lead)).unwrap();
    let policy = reorder_lot(rate, &of_lead, 1, &costs).unwrap();
    let setting = Setting {
        charges: Charges {
            missing: 20.0,
            ordering: 300.0,
            ..CHARGES
        },
        warm_up: 5000,
        ..setting(lead - 1, 1)
    };
    let mut rule = |now: &Now<'_>| {
        let short = policy.reorder_point - now.position();
        if short >= 0.0 {
            ((short / policy.lot).floor() + 1.0) * policy.lot
        } else {
            0.0
        }
    };
    let found = simulate(&demand, &setting, &mut rule).unwrap();
    let per_period = found.total_cost() / found.periods as f64;
    assert!(
        (per_period / policy.cost - 1.0).abs() < 0.03,
        "{per_period} {policy:?}"
    );
    let fill = found.fill_rate().unwrap();
    assert!((fill - policy.fill_rate).abs() < 0.01, "{fill} {policy:?}");
    assert!((found.average_stock() / policy.left - 1.0).abs() < 0.03);
}

/// Cents of a period of a policy that orders up to a level.
fn cost(demand: &[f64], setting: &Setting<'_>, level: f64) -> f64 {
    let found = simulate(demand, setting, &mut OrderUpTo(level)).unwrap();
    found.total_cost() / found.periods as f64
}

#[test]
fn quantiles_of_enough_history_cost_nearly_what_the_truth_costs() {
    let levels = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95];
    let ratio = 9.0 / 10.0;
    for (rate, lead) in [(0.4, 2), (2.0, 3), (12.0, 1), (60.0, 2)] {
        let n = lead + 1;
        let day = Demand::poisson(rate).unwrap();
        // What was asked for over the protection period, 400 times: its quantiles are all that is known.
        let history = drawn(&day, 400 * n, 17, n as u64);
        let mut sums: Vec<f64> = history.chunks(n).map(|days| days.iter().sum()).collect();
        sums.sort_unstable_by(f64::total_cmp);
        let values = levels.map(|level| sums[(level * 400.0) as usize]);
        let known = Demand::quantiles(Quantiles {
            levels: &levels,
            values: &values,
            expected: Some(sums.iter().sum::<f64>() / 400.0),
            units: Units::Whole,
        })
        .unwrap();
        let truth = Demand::poisson(rate * n as f64).unwrap();
        let demand = drawn(&day, 100_000, 23, n as u64);
        let setting = setting(lead as u32, 1);
        let with_truth = cost(&demand, &setting, truth.quantile(ratio));
        let with_known = cost(&demand, &setting, known.quantile(ratio));
        assert!(
            with_known < 1.05 * with_truth,
            "{rate}: {with_known} {with_truth}"
        );
    }
}

#[test]
fn a_policy_from_the_distribution_costs_less_than_the_naive_rule_on_every_series() {
    // Series that grow restless and quiet: the mean is the same, what it takes is not.
    let mut better = 0;
    let series = 40_u32;
    for index in 0..series {
        let spread = 1.0 + f64::from(index % 5) * 3.0;
        let of = |n: f64| Demand::negative_binomial(4.0 * n, 4.0 * n * spread.max(1.01)).unwrap();
        let demand = drawn(&of(1.0), 3000, 31, u64::from(index));
        let setting = Setting {
            unmet: Unmet::Lost,
            ..setting(2, 7)
        };
        let level = of(9.0).quantile(9.0 / (9.0 + 7.0));
        let ours = simulate(&demand, &setting, &mut OrderUpTo(level)).unwrap();
        let mut naive = NaiveRule {
            mean_over: 28,
            protection_periods: 9.0,
            factor: 1.2,
        };
        let theirs = simulate(&demand, &setting, &mut naive).unwrap();
        better += usize::from(ours.total_cost() < theirs.total_cost());
        assert_eq!((ours.asked, ours.periods), (theirs.asked, theirs.periods));
    }
    assert!(better >= 36, "{better} of {series}");
}

#[test]
fn a_short_run_is_as_worked_out_by_hand() {
    // Packs of 4, lead time 1, review every 2 periods, sold within 2 periods of arrival.
    let base = Setting {
        pack_units: 4,
        shelf_life_periods: Some(2),
        unmet: Unmet::Lost,
        start_units: 5.0,
        warm_up: 0,
        ..setting(1, 2)
    };
    let demand = [2.0, 1.0, 3.0, 4.0, 0.0, 0.0];
    // Period 0: 5, sold 2, left 3. Period 1: sold 1, left 2, both perish. Review: up to 6, so 8 for period 3.
    // Period 2: nothing there, 3 lost. Period 3: 8 there, sold 4. Review: 4 there, 4 for period 5.
    // Period 4: the other 4 perish. Period 5: 4 arrive; review after the end: 4 for later.
    let found = simulate(&demand, &base, &mut OrderUpTo(6.0)).unwrap();
    let expected = Ledger {
        periods: 6,
        cycles: 1,
        cycles_served: 1,
        asked: 10.0,
        served: 7.0,
        missed: 3.0,
        wasted: 6.0,
        ordered: 16.0,
        orders: 3,
        stock_periods: 3.0 + 4.0 + 4.0,
        waiting_periods: 0.0,
        cost: Charges {
            holding: 11.0,
            missing: 27.0,
            wasted: 120.0,
            ordering: 0.0,
        },
    };
    assert_eq!(found, expected);
    assert_eq!(found.total_cost(), 158.0);
    // The same with demand that waits and goods that last: 1 waits in each of periods 2, 3 and 4, of two that had to.
    let lasting = Setting {
        shelf_life_periods: None,
        unmet: Unmet::Waits,
        ..base
    };
    let found = simulate(&demand, &lasting, &mut OrderUpTo(6.0)).unwrap();
    assert_eq!(
        (found.missed, found.waiting_periods, found.wasted),
        (2.0, 3.0, 0.0)
    );
}

#[test]
fn lead_times_are_those_given_or_drawn_and_zero_is_there_before_the_next_period() {
    let demand = vec![1.0; 400];
    let none = Setting {
        start_units: 1.0,
        warm_up: 1,
        ..setting(0, 1)
    };
    let found = simulate(&demand, &none, &mut OrderUpTo(1.0)).unwrap();
    assert_eq!((found.fill_rate(), found.average_stock()), (Some(1.0), 0.0));
    let given = Setting {
        leads: Leads::Given(&[3, 0]),
        ..none
    };
    let found = simulate(&demand, &given, &mut OrderUpTo(1.0)).unwrap();
    // The first order takes three periods longer; the second is there at once, and one unit waits until then.
    assert!(found.missed > 0.0 && found.missed < 5.0);
    let lead_time = LeadTime::weighted(&[0.5, 0.0, 0.5]).unwrap();
    let with = |stream| Setting {
        leads: Leads::Drawn {
            lead_time: &lead_time,
            seed: 1,
            stream,
        },
        start_units: 3.0,
        ..none
    };
    let run = |stream| simulate(&demand, &with(stream), &mut OrderUpTo(3.0)).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert_eq!(run(1).fill_rate(), Some(1.0));
    let marked: Vec<bool> = (0..400).map(|period| period % 7 == 2).collect();
    let weekly = Setting {
        reviews: Reviews::On(&marked),
        ..none
    };
    let found = simulate(&demand, &weekly, &mut OrderUpTo(7.0)).unwrap();
    assert_eq!(found.cycles, found.orders - 1);
}

#[test]
fn what_cannot_be_run_is_refused_by_name() {
    let run =
        |demand: &[f64], setting: &Setting<'_>| simulate(demand, setting, &mut OrderUpTo(1.0));
    let good = Setting {
        warm_up: 0,
        ..setting(0, 1)
    };
    assert!(matches!(
        run(&[], &good),
        Err(SimulateError::NoPeriod { .. })
    ));
    assert!(matches!(
        run(&[1.0, -1.0], &good),
        Err(SimulateError::Demand { period: 1, .. })
    ));
    assert!(matches!(
        run(&[f64::NAN], &good),
        Err(SimulateError::Demand { period: 0, .. })
    ));
    for bad in [
        Setting {
            pack_units: 0,
            ..good
        },
        Setting {
            reviews: Reviews::Every(0),
            ..good
        },
        Setting {
            shelf_life_periods: Some(0),
            ..good
        },
        Setting {
            start_units: -1.0,
            ..good
        },
        Setting {
            charges: Charges {
                holding: f64::NAN,
                ..CHARGES
            },
            ..good
        },
    ] {
        assert!(matches!(
            run(&[1.0], &bad),
            Err(SimulateError::Setting { .. })
        ));
    }
    let mut nonsense = |_: &Now<'_>| f64::NAN;
    assert!(matches!(
        simulate(&[1.0], &good, &mut nonsense),
        Err(SimulateError::Order { period: 0, .. })
    ));
}

proptest! {
    #[test]
    fn units_are_neither_made_nor_lost(
        demand in proptest::collection::vec(0..9_u32, 1..60),
        level in 0..30_u32,
        lead in 0..4_u32,
        review in 1..5_usize,
        pack in 1..6_u32,
        life in proptest::option::of(1..6_u32),
        waits in any::<bool>(),
        start in 0..10_u32,
    ) {
        let demand: Vec<f64> = demand.into_iter().map(f64::from).collect();
        let setting = Setting {
            pack_units: pack,
            shelf_life_periods: life,
            unmet: if waits { Unmet::Waits } else { Unmet::Lost },
            start_units: f64::from(start),
            warm_up: 0,
            ..setting(lead, review)
        };
        let (mut ends, mut at_review) = (Vec::new(), 0);
        let mut policy = |now: &Now<'_>| {
            at_review += 1;
            ends.push((now.on_hand, now.on_order, now.waiting, now.served.iter().sum::<f64>()));
            f64::from(level) - now.position()
        };
        let found = simulate(&demand, &setting, &mut policy).unwrap();
        prop_assert_eq!(found.asked, found.served + found.missed);
        prop_assert_eq!(found.ordered % f64::from(pack), 0.0);
        prop_assert_eq!(at_review, demand.len() / review);
        for (on_hand, on_order, waiting, served) in ends {
            prop_assert!(on_hand >= 0.0 && on_order >= 0.0 && waiting >= 0.0);
            prop_assert!(served <= f64::from(start) + found.ordered);
            prop_assert!(waits || waiting == 0.0);
        }
        prop_assert!(found.wasted + found.served <= f64::from(start) + found.ordered);
        prop_assert!(life.is_some() || found.wasted == 0.0);
    }
}
