//! Which decisions may be judged.

use monitoring::matured::{Attribution, Decided};
use monitoring::refusal::{Allowed, Found};

use crate::simulated::day;

fn decided(n: i32, decisions: u64) -> Decided {
    Decided {
        day: day(n),
        decisions,
    }
}

#[test]
fn a_day_is_mature_when_its_last_decision_has_had_its_window_and_the_tables_have_it() {
    let attribution = Attribution {
        window_days: 7,
        delay_days: 2,
    };
    let days: Vec<Decided> = (0..12).map(|n| decided(n, 100)).collect();
    // As of day 12 days up to 11 are known; with the delay, what happened up to day 9; so windows of days up to 2.
    let parts = attribution.part(&days, day(12)).unwrap();
    assert_eq!(parts.matured, days[..3]);
    assert_eq!(parts.pending.len(), 9);
    assert_eq!(parts.pending_decisions(), 900);
    assert_eq!(parts.pending[0].decided, days[3]);
    assert_eq!(parts.pending[0].matures_on, day(13));
    // Told at once, known the day after.
    let at_once = Attribution {
        window_days: 0,
        delay_days: 0,
    };
    assert!(at_once.part(&days, day(12)).unwrap().pending.is_empty());
}

#[test]
fn decisions_of_days_to_come_and_days_out_of_order_are_refused() {
    let attribution = Attribution {
        window_days: 7,
        delay_days: 0,
    };
    let future = attribution
        .part(&[decided(1, 1), decided(5, 1)], day(5))
        .unwrap_err();
    assert_eq!((future.field.as_str(), future.at), ("day", Some(1)));
    assert_eq!(
        (future.found, future.allowed),
        (Found::Day(day(5)), Allowed::Before(day(5)))
    );
    let back = attribution
        .part(&[decided(2, 1), decided(1, 1)], day(5))
        .unwrap_err();
    assert_eq!(back.allowed, Allowed::After(day(2)));
}
