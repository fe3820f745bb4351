//! Proposals for single lines: against every possible order.

use decisions::stock::propose::{
    Goal, Limits, Line, LineError, Lines, Outcome, Proposal, ShelfLife, Stopped, Unmet, propose,
};
use decisions::stock::{Demand, Quantiles, Sample, Units};
use proptest::prelude::*;
use schema::Cents;

/// A line that sells about ten a week, ordered every week with a week of lead time.
pub fn line(demand: Demand<'_>) -> Line<'_> {
    Line {
        demand,
        until_arrival: None,
        unmet: Unmet::Waits,
        protection_days: 14.0,
        review_days: 7.0,
        on_hand: 0,
        on_order: 0,
        committed: 0,
        pack_units: 1,
        minimum_units: 0,
        presentation_units: 0,
        capacity_units: None,
        shelf_life: None,
        goal: Goal::CycleService(0.95),
        unit_cost: Cents(400),
        holding_cents_per_day: 0.5,
        order: None,
        budget: None,
        site: None,
    }
}

pub fn alone(line: &Line<'_>) -> Proposal {
    let lines: &[Line<'_>] = std::slice::from_ref(line);
    let found = propose(lines, &Limits::default()).unwrap();
    match found.outcomes[0] {
        Outcome::Proposed(proposal) => proposal,
        Outcome::Refused(error) => panic!("{error}"),
    }
}

fn refusal(line: &Line<'_>) -> LineError {
    let lines: &[Line<'_>] = std::slice::from_ref(line);
    match propose(lines, &Limits::default()).unwrap().outcomes[0] {
        Outcome::Refused(error) => error,
        Outcome::Proposed(proposal) => panic!("{proposal:?}"),
    }
}

/// Expected cost of a position after the order, term by term from its definition.
fn cost(line: &Line<'_>, missing_cents: f64, position: f64) -> f64 {
    let presentation = f64::from(line.presentation_units);
    let holding = line.holding_cents_per_day * line.review_days;
    let each = line.demand.masses(1e-12).into_iter().enumerate();
    let kept: f64 = each
        .map(|(asked, probability)| {
            let asked = asked as f64;
            let standing = position.max(presentation);
            let missing = (asked - standing).max(0.0) + (presentation - position).max(0.0);
            probability * (missing_cents * missing + holding * (standing - asked).max(0.0))
        })
        .sum();
    let perished: f64 = line.shelf_life.map_or(0.0, |life| {
        let each = life.demand.masses(1e-12).into_iter().enumerate();
        each.map(|(asked, probability)| {
            probability * life.wasted_cents * (position - asked as f64).max(0.0)
        })
        .sum()
    });
    kept + perished
}

proptest! {
    #[test]
    fn the_order_of_least_cost_is_found_among_all(
        mean in 0.2..30.0_f64,
        on_hand in 0..25_i64,
        pack in 1..9_u32,
        minimum in 0..12_u32,
        presentation in 0..6_u32,
        capacity in proptest::option::of(12..60_u32),
        missing_cents in 10.0..600.0_f64,
        perishes in any::<bool>(),
    ) {
        let life = Demand::poisson(0.8 * mean).unwrap();
        let line = Line {
            on_hand,
            pack_units: pack,
            minimum_units: minimum,
            presentation_units: presentation,
            capacity_units: capacity,
            goal: Goal::Cost { missing_cents },
            shelf_life: perishes.then_some(ShelfLife { demand: life, level: 0.02, wasted_cents: 90.0 }),
            ..line(Demand::poisson(mean).unwrap())
        };
        let found = alone(&line);
        let sells = line.shelf_life.map_or(f64::INFINITY, |life| life.demand.quantile(0.98));
        let possible = |packs: &u32| {
            let units = packs * pack;
            let after = on_hand + i64::from(units);
            *packs == 0
                || (units >= minimum
                    && capacity.is_none_or(|capacity| after <= i64::from(capacity))
                    && after as f64 <= sells)
        };
        if let Stopped::Contradiction(_) = found.stopped {
            prop_assert_eq!(found.quantity_units, 0);
            prop_assert!((1..80).all(|packs| !possible(&packs)) || on_hand > 0);
            return Ok(());
        }
        let at = |packs: u32| cost(&line, missing_cents, (on_hand + i64::from(packs * pack)) as f64);
        let best = (0..80).filter(possible).map(at).fold(f64::INFINITY, f64::min);
        let packs = u32::try_from(found.quantity_units).unwrap() / pack;
        prop_assert_eq!(found.quantity_units, u64::from(packs * pack));
        prop_assert!(possible(&packs));
        prop_assert!(at(packs) <= best + 1e-6, "{} packs cost {}, the best {best}", packs, at(packs));
    }

    #[test]
    fn a_service_is_reached_by_the_fewest_packs_and_rises_with_its_target(
        mean in 0.2..40.0_f64,
        on_hand in 0..30_i64,
        pack in 1..9_u32,
        low in 0.05..0.99_f64,
        rise in 0.0..0.9_f64,
        fill in any::<bool>(),
    ) {
        let before = Demand::poisson(0.4 * mean).unwrap();
        let base = Line {
            on_hand,
            pack_units: pack,
            until_arrival: Some(before),
            ..line(Demand::poisson(mean).unwrap())
        };
        let goal = |level| if fill { Goal::FillRate(level) } else { Goal::CycleService(level) };
        let service = |position: f64| if fill {
            let missing = base.demand.shortage(position) - before.shortage(position);
            1.0 - missing / (0.6 * mean)
        } else {
            base.demand.cdf(position)
        };
        let found = alone(&Line { goal: goal(low), ..base });
        let more = alone(&Line { goal: goal(low + rise * (0.999 - low)), ..base });
        prop_assert!(more.quantity_units >= found.quantity_units);
        let after = on_hand as f64 + found.quantity_units as f64;
        prop_assert_eq!(found.quantity_units % u64::from(pack), 0);
        if !matches!(found.stopped, Stopped::PackAboveYearlyDemand { .. }) {
            prop_assert!(service(after) >= low - 1e-9);
            if found.quantity_units > 0 {
                prop_assert!(service(after - f64::from(pack)) < low);
            }
        }
    }
}

#[test]
fn nonsense_is_refused_by_name_and_stops_no_other_line() {
    let good = line(Demand::poisson(10.0).unwrap());
    for (bad, said) in [
        (
            Line {
                on_hand: -1,
                ..good
            },
            "stock on hand is -1",
        ),
        (
            Line {
                on_order: -2,
                ..good
            },
            "stock on order is -2",
        ),
        (
            Line {
                pack_units: 0,
                ..good
            },
            "a pack has 0 units",
        ),
        (
            Line {
                protection_days: f64::NAN,
                ..good
            },
            "days protected is NaN",
        ),
        (
            Line {
                holding_cents_per_day: 0.0,
                ..good
            },
            "keeping a unit is 0",
        ),
        (
            Line {
                goal: Goal::CycleService(1.0),
                ..good
            },
            "cycle service is 1",
        ),
        (
            Line {
                goal: Goal::Cost {
                    missing_cents: f64::INFINITY,
                },
                ..good
            },
            "missing unit is inf",
        ),
        (
            Line {
                unmet: Unmet::Lost,
                ..good
            },
            "demand until arrival is unknown",
        ),
        (
            Line {
                site: Some(3),
                ..good
            },
            "site 3, allowed is below 0",
        ),
        (
            Line {
                unit_cost: Cents(-5),
                ..good
            },
            "cost of a unit is -5",
        ),
    ] {
        let error = refusal(&bad).to_string();
        assert!(error.contains(said), "{error}");
        let lines: &[Line<'_>] = &[bad, good];
        let found = propose(lines, &Limits::default()).unwrap();
        assert!(matches!(found.outcomes[1], Outcome::Proposed(p) if p.quantity_units == 15));
    }
}

#[test]
fn a_line_that_cannot_be_made_is_refused_in_its_place() {
    struct Columns;
    impl Lines for Columns {
        fn n_lines(&self) -> usize {
            2
        }
        fn line(&self, place: usize) -> Result<Line<'_>, LineError> {
            match place {
                0 => Err(LineError::UnknownLeadTime),
                _ => Ok(line(Demand::poisson(10.0)?)),
            }
        }
    }
    let found = propose(&Columns, &Limits::default()).unwrap();
    assert_eq!(
        found.outcomes[0],
        Outcome::Refused(LineError::UnknownLeadTime)
    );
    assert!(matches!(found.outcomes[1], Outcome::Proposed(_)));
}

#[test]
fn stored_quantiles_of_enough_history_order_what_the_truth_would() {
    let levels = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975];
    let truth = Demand::poisson(24.0).unwrap();
    let values = levels.map(|level| truth.quantile(level));
    let stored = Demand::quantiles(Quantiles {
        levels: &levels,
        values: &values,
        expected: None,
        units: Units::Whole,
    })
    .unwrap();
    for level in [0.8, 0.9, 0.95, 0.99] {
        let by = |demand| {
            alone(&Line {
                goal: Goal::CycleService(level),
                ..line(demand)
            })
        };
        let (one, other) = (by(truth).quantity_units, by(stored).quantity_units);
        assert!(one.abs_diff(other) <= 1, "{level}: {one} {other}");
    }
    let observed = Sample::observed(&[3.0, 5.0, 5.0, 9.0]).unwrap();
    let found = alone(&Line {
        goal: Goal::CycleService(0.75),
        ..line(observed.demand())
    });
    assert_eq!(found.quantity_units, 5);
}

#[test]
fn the_level_of_a_policy_is_reached_in_whole_packs_within_its_room() {
    let up_to = |level: f64| Goal::UpTo {
        level,
        missing_cents: 300.0,
    };
    let asked = Line {
        goal: up_to(57.0),
        on_hand: 12,
        on_order: 3,
        pack_units: 8,
        ..line(Demand::poisson(20.0).unwrap())
    };
    // Forty-two are missing: six packs, although twenty are all that is expected.
    assert_eq!(alone(&asked).quantity_units, 48);
    let there = Line {
        on_hand: 60,
        ..asked
    };
    assert_eq!(alone(&there).quantity_units, 0);
    let narrow = Line {
        capacity_units: Some(40),
        ..asked
    };
    let held = alone(&narrow);
    assert_eq!(
        (held.quantity_units, held.stopped),
        (24, Stopped::LineCapacity)
    );
    let wrong = Line {
        goal: up_to(f64::NAN),
        ..asked
    };
    assert!(matches!(refusal(&wrong), LineError::Amount { .. }));
}
