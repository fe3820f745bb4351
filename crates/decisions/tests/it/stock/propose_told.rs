//! What is said of a single line: figures, what asked for it, what stopped it and what contradicts itself.

use super::propose::{alone, line};
use decisions::stock::propose::{
    Asked, Contradiction, Cover, Goal, Line, ShelfLife, Stopped, Unmet,
};
use decisions::stock::{Demand, Sample};
use schema::Cents;

#[test]
fn figures_are_those_of_the_distribution() {
    let before = Demand::poisson(5.0).unwrap();
    let line = Line {
        until_arrival: Some(before),
        on_hand: 4,
        on_order: 3,
        committed: 2,
        ..line(Demand::poisson(10.0).unwrap())
    };
    let found = alone(&line);
    // The 95 % quantile of a Poisson variable of mean 10 is 15.
    assert_eq!((found.position_units, found.quantity_units), (5, 10));
    assert_eq!(found.cost, Cents(4000));
    assert_eq!(found.cover, Cover::Days(15.0 / 10.0 * 14.0));
    assert_eq!(found.stockout_probability, line.demand.above(15.0));
    assert_eq!(found.stockout_before_arrival, Some(before.above(5.0)));
    assert_eq!(found.expected_lost_units, line.demand.shortage(15.0));
    assert_eq!(found.expected_left_units, line.demand.left_over(15.0));
    assert_eq!(
        (found.asked, found.expected_waste_units),
        (Asked::Goal, None)
    );
    let Stopped::Enough { next_pack_cents } = found.stopped else {
        panic!("{found:?}")
    };
    assert!(next_pack_cents < 0.0);
}

#[test]
fn what_stops_a_line_is_said_with_what_more_of_it_is_worth() {
    let base = line(Demand::poisson(10.0).unwrap());
    let small = Line {
        capacity_units: Some(13),
        pack_units: 3,
        ..base
    };
    let found = alone(&small);
    assert_eq!((found.quantity_units, found.wanted_units), (12, 15));
    assert_eq!(found.stopped, Stopped::LineCapacity);
    // What is missing costs what 95 % imply: 19 times the 3.5 cents of keeping a unit for a week.
    let unit = |k: f64| 19.0 * 3.5 * base.demand.above(k) - 3.5 * base.demand.cdf(k);
    let worth = (unit(12.0) + unit(13.0) + unit(14.0)) / 3.0;
    let said = found.binding.line_capacity.unwrap();
    assert!((said - worth).abs() < 1e-9, "{said} {worth}");

    let fresh = Line {
        shelf_life: Some(ShelfLife {
            demand: Demand::poisson(7.0).unwrap(),
            level: 0.5,
            wasted_cents: 400.0,
        }),
        ..base
    };
    let found = alone(&fresh);
    // At least 7 are asked for with more than 50 %, at least 8 with less.
    assert_eq!(
        (found.quantity_units, found.stopped),
        (7, Stopped::ShelfLife)
    );
    let waste = Demand::poisson(7.0).unwrap().left_over(7.0);
    assert_eq!(found.expected_waste_units, Some(waste));
    assert!(found.binding.shelf_life.unwrap() > 0.0);

    let shelf = Line {
        presentation_units: 18,
        ..base
    };
    let found = alone(&shelf);
    assert_eq!(
        (found.quantity_units, found.asked),
        (18, Asked::Presentation)
    );
    let least = Line {
        minimum_units: 20,
        ..base
    };
    let found = alone(&least);
    assert_eq!(
        (found.quantity_units, found.asked),
        (20, Asked::MinimumOfLine)
    );
    let full = alone(&Line {
        on_hand: 15,
        ..base
    });
    assert_eq!((full.quantity_units, full.asked), (0, Asked::Nothing));
}

#[test]
fn a_pack_of_more_than_a_year_is_ordered_once_or_not_by_its_cost() {
    // One a year is asked for in two weeks with 3.8 %.
    let seldom = Line {
        pack_units: 6,
        goal: Goal::Cost {
            missing_cents: 20_000.0,
        },
        ..line(Demand::poisson(14.0 / 365.0).unwrap())
    };
    let found = alone(&seldom);
    assert_eq!(found.quantity_units, 6);
    let Stopped::PackAboveYearlyDemand { yearly_units } = found.stopped else {
        panic!("{found:?}")
    };
    assert!((yearly_units - 1.0).abs() < 1e-12);
    // It is kept for six years, on average half of it: 6 · 365 · 0.5 · 3 = 3285 cents for 6 · 500 cents of sales.
    let cheap = Line {
        goal: Goal::Cost {
            missing_cents: 500.0,
        },
        ..seldom
    };
    let found = alone(&cheap);
    assert_eq!(found.quantity_units, 0);
    assert!(matches!(
        found.stopped,
        Stopped::PackAboveYearlyDemand { .. }
    ));
    // A second one is never ordered, however much should stand there of the goal.
    let often = Line {
        goal: Goal::CycleService(0.999_999),
        ..seldom
    };
    assert!(alone(&often).quantity_units <= 6);
    // What should stand there stands there.
    let shown = Line {
        presentation_units: 4,
        pack_units: 2,
        ..seldom
    };
    let found = alone(&shown);
    assert_eq!(
        (found.quantity_units, found.asked),
        (4, Asked::Presentation)
    );
}

#[test]
fn contradictions_are_named_and_order_nothing() {
    let base = line(Demand::poisson(10.0).unwrap());
    let said = |line: Line<'_>| {
        let found = alone(&line);
        assert_eq!((found.quantity_units, found.asked), (0, Asked::Nothing));
        match found.stopped {
            Stopped::Contradiction(contradiction) => contradiction,
            other => panic!("{other:?}"),
        }
    };
    let minimum = Line {
        minimum_units: 25,
        pack_units: 6,
        capacity_units: Some(29),
        ..base
    };
    assert_eq!(
        said(minimum),
        Contradiction::MinimumAboveCapacity {
            minimum_units: 30,
            capacity_units: 29
        }
    );
    let presentation = Line {
        presentation_units: 12,
        capacity_units: Some(11),
        ..base
    };
    assert_eq!(
        said(presentation),
        Contradiction::PresentationAboveCapacity {
            presentation_units: 12,
            capacity_units: 11
        }
    );
    let life = ShelfLife {
        demand: Demand::poisson(7.0).unwrap(),
        level: 0.5,
        wasted_cents: 0.0,
    };
    let perishing = Line {
        minimum_units: 8,
        shelf_life: Some(life),
        ..base
    };
    assert_eq!(
        said(perishing),
        Contradiction::MinimumAboveShelfLife {
            minimum_units: 8,
            sells_units: 7
        }
    );
}

#[test]
fn demand_that_is_lost_before_arrival_is_not_ordered() {
    let before = Demand::poisson(20.0).unwrap();
    let all = Demand::poisson(40.0).unwrap();
    for on_hand in [0, 8, 15, 20, 26, 45] {
        let waits = Line {
            on_hand,
            until_arrival: Some(before),
            ..line(all)
        };
        let lost = Line {
            unmet: Unmet::Lost,
            ..waits
        };
        let (waiting, losing) = (alone(&waits), alone(&lost));
        assert_eq!(waiting.quantity_units as i64, 51 - on_hand);
        // The truth: what is served before arrival, at most the stock, and the 20 expected afterwards.
        let served = before.masses(1e-12);
        let mut met = vec![0.0; 200];
        for (asked, p) in served.iter().enumerate() {
            for (later, q) in served.iter().enumerate() {
                met[asked.min(on_hand as usize) + later] += p * q;
            }
        }
        let truth = Sample::counts(&met).unwrap();
        let position = on_hand as f64 + losing.quantity_units as f64;
        // 95 % were asked for: a unit more or less is a point or two.
        let service = truth.demand().cdf(position);
        assert!((0.93..0.98).contains(&service), "{on_hand}: {service}");
        let missing = before.shortage(on_hand as f64) + truth.demand().shortage(position);
        assert!(
            (losing.expected_lost_units - missing).abs() < 0.1,
            "{missing} {losing:?}"
        );
    }
}
