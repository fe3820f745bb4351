//! Burn rates and budgets, worked out by hand.

use jiff::{SignedDuration, Timestamp};
use monitoring::promises::{BurnWindow, Ledger, Promise, Reason, Standing, State, Subject, judge};
use monitoring::refusal::{Allowed, Found};

const DAY: u32 = 24 * 60;

fn three_nines() -> Promise {
    Promise {
        subject: Subject::Failures,
        good_share: 0.999,
        period_days: 30,
    }
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn after(minutes: u32) -> Timestamp {
    start() + SignedDuration::from_mins(i64::from(minutes))
}

/// 1,000 events every five minutes, of which so many are bad; the standing five minutes after the last.
fn of(bad: &[(u32, u64)]) -> (Ledger, Timestamp) {
    let mut ledger = Ledger::new(5, 30 * DAY).unwrap();
    let mut minute = 0;
    for (slots, bad) in bad {
        for _ in 0..*slots {
            ledger.add(after(minute), 1_000, *bad).unwrap();
            minute += 5;
        }
    }
    (ledger, after(minute))
}

fn judged(bad: &[(u32, u64)]) -> Standing {
    let promise = three_nines();
    let (ledger, now) = of(bad);
    let windows = BurnWindow::of_workbook(&promise);
    judge(&promise, &windows, &ledger, now, 1).unwrap()
}

fn burning(standing: &Standing) -> Vec<bool> {
    standing.burns.iter().map(|burn| burn.burning).collect()
}

#[test]
fn the_windows_are_those_of_the_workbook() {
    let windows = BurnWindow::of_workbook(&three_nines());
    let found: Vec<(u32, u32, f64)> = windows
        .iter()
        .map(|w| {
            (
                w.long_minutes,
                w.short_minutes,
                (w.burn_max * 1e9).round() / 1e9,
            )
        })
        .collect();
    assert_eq!(found, [(60, 5, 14.4), (360, 30, 6.0), (4_320, 360, 1.0)]);
    // Of a promise of 90 % at most ten times the budget can burn: the quick window is left out.
    let mut loose = three_nines();
    loose.good_share = 0.9;
    assert_eq!(BurnWindow::of_workbook(&loose).len(), 2);
}

#[test]
fn an_hour_at_fourteen_times_the_budget_is_an_alert_and_a_little_less_is_none() {
    // 30 days less an hour of nothing bad, then 14.4 per mille for an hour: 2 % of the month's budget.
    let quiet = 30 * 24 * 12 - 12;
    let mixed: Vec<(u32, u64)> = [(quiet, 0)]
        .into_iter()
        .chain((0..12).map(|n| (1, if n % 5 < 2 { 15 } else { 14 })))
        .collect();
    let below = judged(&mixed);
    // 14 × 6 + 15 × 6 = 174 of 12,000: 14.5 per mille in the hour, and 15 in the last slot.
    let long = 174.0 / 12_000.0 / 0.001;
    assert!((below.burns[0].long - long).abs() < 1e-9);
    assert_eq!(below.burns[0].short.round(), 15.0);
    assert_eq!(burning(&below), [true, false, false]);
    assert_eq!(burning(&judged(&[(quiet, 0), (12, 14)])), [false; 3]);

    let full = judged(&[(quiet, 0), (12, 15)]);
    let budget = full.budget.unwrap();
    assert_eq!((budget.all, budget.bad), (8_640_000, 180));
    assert!((budget.bad_allowed - 8_640.0).abs() < 1e-6);
    assert!((budget.left_share - (1.0 - 180.0 / 8_640.0)).abs() < 1e-9);
    let State::AtRisk(Reason::Burning { burn, spent_at }) = full.state else {
        panic!("{:?}", full.state)
    };
    assert_eq!(burn.window.long_minutes, 60);
    // What is left lasts 30 days × .97917 / 15 = 1.958 days.
    let (_, now) = of(&[(quiet + 12, 0)]);
    let hours = spent_at.duration_since(now).as_secs_f64() / 3_600.0;
    assert!((hours - 47.0).abs() < 0.01, "{hours}");
}

#[test]
fn what_is_over_is_no_alert_and_what_smoulders_is_one() {
    let quiet = 30 * 24 * 12 - 24;
    // An hour of 2 %, then an hour of none: the long window of six hours still burns, the short ones do not.
    let over = judged(&[(quiet, 0), (12, 20), (12, 0)]);
    assert_eq!(over.state, State::Kept);
    // 1.2 per mille for three days spend a tenth of the month: the slow window.
    let slow: Vec<(u32, u64)> = (0..6 * 144)
        .map(|n| (1, if n % 5 == 0 { 2 } else { 1 }))
        .collect();
    let slow: Vec<(u32, u64)> = [(27 * 288, 0)].into_iter().chain(slow).collect();
    assert_eq!(burning(&judged(&slow)), [false, false, true]);
}

#[test]
fn forty_three_minutes_of_outage_spend_a_month_of_three_nines() {
    // 30 days × 24 h × 60 min / 1,000 = 43.2 minutes: eight slots of five are within it, nine are not.
    let month = 30 * 24 * 12;
    let eight = judged(&[(month - 8, 0), (8, 1_000)]);
    assert!(matches!(eight.state, State::AtRisk(_)), "{:?}", eight.state);
    assert!((eight.budget.unwrap().left_share - (1.0 - 40.0 / 43.2)).abs() < 1e-9);
    let nine = judged(&[(month - 9, 0), (9, 1_000)]);
    let State::Broken(Reason::Spent { bad, bad_allowed }) = nine.state else {
        panic!("{:?}", nine.state)
    };
    assert_eq!(bad, 9_000);
    assert!((bad_allowed - 8_640.0).abs() < 1e-6);
    // A month later it is forgotten.
    let later = judged(&[(9, 1_000), (month, 0)]);
    assert_eq!(later.state, State::Kept);
    assert_eq!(later.budget.unwrap().bad, 0);
}

#[test]
fn one_slow_answer_of_ten_is_no_incident_and_no_event_is_not_kept() {
    let promise = three_nines();
    let windows = BurnWindow::of_workbook(&promise);
    let mut ledger = Ledger::new(5, 30 * DAY).unwrap();
    let nothing = judge(&promise, &windows, &ledger, start(), 3).unwrap();
    assert!(matches!(nothing.state, State::Unknown(_)));
    assert!(nothing.budget.is_none());
    ledger.add(start(), 10, 1).unwrap();
    let one = judge(&promise, &windows, &ledger, start(), 3).unwrap();
    assert_eq!(one.state, State::Kept);
    ledger.add(start(), 10, 2).unwrap();
    let three = judge(&promise, &windows, &ledger, start(), 3).unwrap();
    assert!(matches!(three.state, State::Broken(_)));
    let stored: Ledger = serde_json::from_str(&serde_json::to_string(&ledger).unwrap()).unwrap();
    assert_eq!(stored, ledger);
}

#[test]
fn contradictions_and_clocks_that_go_back_are_refused() {
    let check = |change: fn(&mut Promise)| {
        let mut promise = three_nines();
        change(&mut promise);
        promise.check().unwrap_err()
    };
    let never = check(|p| p.good_share = 1.0);
    assert_eq!(never.field, "good_share");
    assert_eq!(
        (never.found, never.allowed),
        (Found::Number(1.0), Allowed::Inside(0.0, 1.0))
    );
    assert_eq!(check(|p| p.good_share = f64::NAN).found, Found::NotFinite);
    assert_eq!(check(|p| p.period_days = 0).field, "period_days");

    let promise = three_nines();
    let window = |long_minutes, short_minutes, burn_max| {
        let window = BurnWindow {
            long_minutes,
            short_minutes,
            burn_max,
        };
        window.check(&promise).unwrap_err().field
    };
    assert_eq!(window(60, 60, 14.4), "short_minutes");
    assert_eq!(window(31 * DAY, 60, 1.0), "long_minutes");
    assert_eq!(window(60, 5, 1_000.1), "burn_max");

    let (mut ledger, now) = of(&[(3, 1)]);
    let late = ledger.add(start(), 1, 0).unwrap_err();
    assert_eq!(
        (late.field.as_str(), late.found),
        ("at", Found::SecondsUtc(start().as_second()))
    );
    assert_eq!(ledger.add(now, 1, 2).unwrap_err().field, "bad");
    let back = judge(&promise, &[], &ledger, start(), 1).unwrap_err();
    assert_eq!(back.field, "now");
    let short = Ledger::new(5, 29 * DAY).unwrap();
    assert_eq!(
        judge(&promise, &[], &short, start(), 1).unwrap_err().field,
        "kept_minutes"
    );
    assert_eq!(
        Ledger::new(7, 60).unwrap_err().allowed,
        Allowed::MultipleOf(7)
    );
}
