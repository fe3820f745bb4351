//! Proposals under limits that lines share: against every possible set of orders.

use super::propose::line;
use decisions::stock::Demand;
use decisions::stock::propose::{
    Goal, Limits, Line, OrderMinimum, Outcome, Placed, Proposals, Stopped, propose,
};
use proptest::prelude::*;
use schema::Cents;

/// What an order of so many units saves over ordering nothing, where cost decides.
fn saved(line: &Line<'_>, units: u64) -> f64 {
    let Goal::Cost { missing_cents } = line.goal else {
        panic!("cost decides")
    };
    let holding = line.holding_cents_per_day * line.review_days;
    let cost = |position: f64| {
        missing_cents * line.demand.shortage(position) + holding * line.demand.left_over(position)
    };
    let position = line.position() as f64;
    cost(position) - cost(position + units as f64)
}

pub fn quantities(found: &Proposals) -> Vec<u64> {
    let quantity = |outcome: &Outcome| match outcome {
        Outcome::Proposed(proposal) => proposal.quantity_units,
        Outcome::Refused(error) => panic!("{error}"),
    };
    found.outcomes.iter().map(quantity).collect()
}

pub fn kept(lines: &[Line<'_>], limits: &Limits<'_>, units: &[u64]) -> bool {
    let total = |of: &dyn Fn(&Line<'_>, u64) -> i64| -> i64 {
        lines
            .iter()
            .zip(units)
            .map(|(line, units)| of(line, *units))
            .sum()
    };
    let budgets = limits.budgets.iter().enumerate().all(|(at, budget)| {
        let mine = |line: &Line<'_>| line.budget == Some(at as u32);
        total(&|line, units| i64::from(mine(line)) * line.unit_cost.0 * units as i64) <= budget.0
    });
    let sites = limits.sites.iter().enumerate().all(|(at, room)| {
        let mine = |line: &Line<'_>| line.site == Some(at as u32);
        let used = total(&|line, units| i64::from(mine(line)) * (line.position() + units as i64));
        let ordered = total(&|line, units| i64::from(mine(line)) * units as i64);
        used <= *room as i64 || ordered == 0
    });
    let orders = limits.orders.iter().enumerate().all(|(at, minimum)| {
        let mine = |line: &Line<'_>| line.order == Some(at as u32);
        let ordered = total(&|line, units| i64::from(mine(line)) * units as i64);
        let cost = total(&|line, units| i64::from(mine(line)) * line.unit_cost.0 * units as i64);
        ordered == 0 || (ordered as u64 >= minimum.units && cost >= minimum.money.0)
    });
    budgets && sites && orders
}

/// The most that orders of at most so many packs each can save within all limits.
pub fn best(lines: &[Line<'_>], limits: &Limits<'_>, packs_max: u64) -> f64 {
    let values: Vec<Vec<f64>> = lines
        .iter()
        .map(|line| {
            let each = 0..=packs_max;
            each.map(|packs| saved(line, packs * u64::from(line.pack_units)))
                .collect()
        })
        .collect();
    let mut best = 0.0_f64;
    let mut packs = vec![0u64; lines.len()];
    loop {
        let units: Vec<u64> = packs
            .iter()
            .zip(lines)
            .map(|(packs, line)| packs * u64::from(line.pack_units))
            .collect();
        if kept(lines, limits, &units) {
            let worth = packs.iter().zip(&values).map(|(p, v)| v[*p as usize]).sum();
            best = best.max(worth);
        }
        let Some(at) = packs.iter().position(|packs| *packs < packs_max) else {
            return best;
        };
        packs[..at].fill(0);
        packs[at] += 1;
    }
}

#[derive(Debug, Clone)]
struct Drawn {
    mean: f64,
    on_hand: i64,
    pack: u32,
    cost: i64,
    missing: f64,
    site: u32,
    budget: u32,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        0.5..9.0_f64,
        0..4_i64,
        1..5_u32,
        1..900_i64,
        50.0..900.0_f64,
        0..2_u32,
        0..2_u32,
    )
        .prop_map(|(mean, on_hand, pack, cost, missing, site, budget)| Drawn {
            mean,
            on_hand,
            pack,
            cost,
            missing,
            site,
            budget,
        })
}

fn lines(drawn: &[Drawn]) -> Vec<Line<'static>> {
    drawn
        .iter()
        .map(|of| Line {
            on_hand: of.on_hand,
            pack_units: of.pack,
            unit_cost: Cents(of.cost),
            goal: Goal::Cost {
                missing_cents: of.missing,
            },
            ..line(Demand::poisson(of.mean).unwrap())
        })
        .collect()
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-6 * expected.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn one_budget_over_packs_of_one_price_is_shared_as_well_as_can_be(
        of in proptest::collection::vec(drawn(), 1..4),
        budget in 0..40_i64,
    ) {
        let mut lines = lines(&of);
        for line in &mut lines {
            line.pack_units = 2;
            line.unit_cost = Cents(100);
            line.budget = Some(0);
        }
        let budgets = [Cents(100 * budget + 50)];
        let limits = Limits { budgets: &budgets, ..Limits::default() };
        let found = propose(lines.as_slice(), &limits).unwrap();
        prop_assert!(kept(&lines, &limits, &quantities(&found)));
        let best = best(&lines, &limits, 12);
        prop_assert!(close(found.value_cents, best), "{} of {best}", found.value_cents);
        prop_assert!(found.bound_cents >= best - 1e-6);
    }

    #[test]
    fn room_at_a_site_over_equal_packs_is_shared_as_well_as_can_be(
        of in proptest::collection::vec(drawn(), 1..4),
        room in 0..30_u64,
    ) {
        let mut lines = lines(&of);
        for line in &mut lines {
            line.pack_units = 3;
            line.site = Some(0);
        }
        let sites = [room];
        let limits = Limits { sites: &sites, ..Limits::default() };
        let found = propose(lines.as_slice(), &limits).unwrap();
        prop_assert!(kept(&lines, &limits, &quantities(&found)));
        let best = best(&lines, &limits, 9);
        prop_assert!(close(found.value_cents, best), "{} of {best}", found.value_cents);
    }

    #[test]
    fn a_minimum_over_packs_of_one_price_is_reached_as_well_as_can_be(
        of in proptest::collection::vec(drawn(), 1..4),
        money in 0..30_i64,
        by_units in any::<bool>(),
    ) {
        let mut lines = lines(&of);
        for line in &mut lines {
            line.pack_units = 2;
            line.unit_cost = Cents(100);
            line.order = Some(0);
        }
        let minimum = if by_units {
            OrderMinimum { units: money as u64, money: Cents(0) }
        } else {
            OrderMinimum { units: 0, money: Cents(100 * money) }
        };
        let orders = [minimum];
        let limits = Limits { orders: &orders, ..Limits::default() };
        let found = propose(lines.as_slice(), &limits).unwrap();
        prop_assert!(kept(&lines, &limits, &quantities(&found)));
        let best = best(&lines, &limits, 16);
        prop_assert!(close(found.value_cents, best), "{} of {best}", found.value_cents);
        if let Placed::Raised { cost_cents, .. } = found.orders[0].placed {
            let without = propose(lines.as_slice(), &Limits { orders: &[OrderMinimum::default()], ..limits }).unwrap();
            prop_assert!(close(cost_cents, without.value_cents - found.value_cents));
        }
    }

    #[test]
    fn all_limits_together_are_kept_and_the_bound_holds(
        of in proptest::collection::vec(drawn(), 1..5),
        money in proptest::collection::vec(0..6000_i64, 2),
        room in proptest::collection::vec(0..20_u64, 2),
        minimum in 0..12_u64,
    ) {
        let mut lines = lines(&of);
        for (line, of) in lines.iter_mut().zip(&of) {
            (line.budget, line.site, line.order) = (Some(of.budget), Some(of.site), Some(0));
        }
        let budgets = [Cents(money[0]), Cents(money[1])];
        let orders = [OrderMinimum { units: minimum, money: Cents(0) }];
        let limits = Limits { orders: &orders, budgets: &budgets, sites: &room };
        let found = propose(lines.as_slice(), &limits).unwrap();
        let units = quantities(&found);
        prop_assert!(kept(&lines, &limits, &units));
        let value: f64 = lines.iter().zip(&units).map(|(line, units)| saved(line, *units)).sum();
        prop_assert!(close(found.value_cents, value), "{} {value}", found.value_cents);
        for ((line, units), outcome) in lines.iter().zip(&units).zip(&found.outcomes) {
            prop_assert_eq!(*units % u64::from(line.pack_units), 0);
            let Outcome::Proposed(told) = outcome else { panic!("{outcome:?}") };
            let enough = matches!(told.stopped, Stopped::Enough { .. });
            prop_assert!(*units >= told.wanted_units || !enough);
        }
        let best = best(&lines, &limits, 6);
        prop_assert!(found.bound_cents >= best - 1e-6, "{} {best}", found.bound_cents);
        prop_assert!(found.value_cents <= found.bound_cents + 1e-6);
    }
}

#[test]
fn what_lines_share_is_told_with_its_price() {
    let cheap = Line {
        goal: Goal::Cost {
            missing_cents: 100.0,
        },
        budget: Some(0),
        ..line(Demand::poisson(10.0).unwrap())
    };
    let dear = Line {
        goal: Goal::Cost {
            missing_cents: 300.0,
        },
        ..cheap
    };
    let lines: &[Line<'_>] = &[cheap, dear];
    let budgets = [Cents(400 * 20 + 399)];
    let limits = Limits {
        budgets: &budgets,
        ..Limits::default()
    };
    let found = propose(lines, &limits).unwrap();
    assert_eq!(quantities(&found).iter().sum::<u64>(), 20);
    assert_eq!(found.budgets[0].spent, Cents(8000));
    // One more unit would go where it saves most.
    let next = lines
        .iter()
        .zip(quantities(&found))
        .map(|(line, units)| saved(line, units + 1) - saved(line, units))
        .fold(0.0, f64::max);
    assert!(close(found.budgets[0].price, next / 400.0));
    for outcome in &found.outcomes {
        let Outcome::Proposed(told) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(told.stopped, Stopped::Budget);
        assert_eq!(told.binding.budget, Some(found.budgets[0].price));
        assert_eq!(told.binding.site_capacity, None);
    }
    let sites = [23];
    let at_site: Vec<Line<'_>> = lines
        .iter()
        .map(|line| Line {
            on_hand: 3,
            budget: None,
            site: Some(0),
            ..*line
        })
        .collect();
    let found = propose(
        at_site.as_slice(),
        &Limits {
            sites: &sites,
            ..Limits::default()
        },
    )
    .unwrap();
    assert_eq!((found.sites[0].allowed, found.sites[0].used), (23, 23));
    assert!(found.sites[0].price > 0.0);
    // A site that is full already orders nothing and says what room would be worth.
    let found = propose(
        at_site.as_slice(),
        &Limits {
            sites: &[5],
            ..Limits::default()
        },
    )
    .unwrap();
    assert_eq!((quantities(&found), found.sites[0].used), (vec![0, 0], 6));
    assert!(found.sites[0].price > 0.0);
}

#[test]
fn an_order_that_cannot_reach_its_minimum_is_not_placed_and_says_why() {
    let base = Line {
        goal: Goal::Cost {
            missing_cents: 100.0,
        },
        order: Some(0),
        capacity_units: Some(12),
        ..line(Demand::poisson(5.0).unwrap())
    };
    let lines: &[Line<'_>] = &[base, base];
    let with = |minimum: u64| {
        let orders = [OrderMinimum {
            units: minimum,
            money: Cents(0),
        }];
        propose(
            lines,
            &Limits {
                orders: &orders,
                ..Limits::default()
            },
        )
        .unwrap()
    };
    let found = with(25);
    assert_eq!(quantities(&found), [0, 0]);
    assert_eq!(
        found.orders[0].placed,
        Placed::MinimumAboveWhatFits {
            reachable_units: 24,
            reachable_cost: Cents(9600)
        }
    );
    let Outcome::Proposed(told) = found.outcomes[0] else {
        panic!()
    };
    assert_eq!(told.stopped, Stopped::OrderNotPlaced);
    let found = with(22);
    assert_eq!(quantities(&found).iter().sum::<u64>(), 22);
    let Placed::Raised {
        cost_cents,
        per_unit_cents: Some(price),
        per_cent_cents: None,
    } = found.orders[0].placed
    else {
        panic!("{:?}", found.orders[0])
    };
    assert!(cost_cents > 0.0 && price > 0.0);
    // What nobody misses much is not worth a large order.
    let seldom = Line {
        goal: Goal::Cost { missing_cents: 8.0 },
        capacity_units: None,
        ..base
    };
    let lines: &[Line<'_>] = &[seldom];
    let orders = [OrderMinimum {
        units: 400,
        money: Cents(0),
    }];
    let found = propose(
        lines,
        &Limits {
            orders: &orders,
            ..Limits::default()
        },
    )
    .unwrap();
    assert!(
        matches!(found.orders[0].placed, Placed::BelowMinimum { loss_cents, .. } if loss_cents >= 0.0)
    );
    assert_eq!(quantities(&found), [0]);
}
