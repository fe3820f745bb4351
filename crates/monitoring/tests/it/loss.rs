//! Whether alarms are rarely false and real changes are seen.

use monitoring::loss::{
    Baseline, LossDay, LossPromise, LossReference, LossVerdict, LossWatch, Spread,
};
use monitoring::refusal::{Allowed, Found};

use crate::simulated::{Draws, day};

const YEAR: i32 = 365;
const ALPHA: f64 = 0.05;

fn binary(n: i32, count: u64, hits: u64) -> LossDay {
    LossDay {
        day: day(n),
        count,
        sum: hits as f64,
        sum_squares: hits as f64,
        season: 1.0,
    }
}

/// A day of losses whose mean has a share in common, `days_sd`, and a season by weekday.
fn normal_day(draws: &mut Draws, n: i32, count: u64, mean: f64, days_sd: f64) -> LossDay {
    let season = [1.0, 1.0, 1.0, 1.05, 1.1, 0.9, 0.95][n.rem_euclid(7) as usize];
    let sd = 0.4 * season;
    let of_day = season * (mean + days_sd * draws.normal());
    let mean = of_day + sd / (count as f64).sqrt() * draws.normal();
    let count = count as f64;
    LossDay {
        day: day(n),
        count: count as u64,
        sum: count * mean,
        sum_squares: (count - 1.0) * sd * sd + count * mean * mean,
        season,
    }
}

fn given(mean: f64, spread: Spread) -> LossPromise {
    LossPromise {
        baseline: Baseline::Given { mean },
        tolerance: 0.0,
        spread,
        alpha: ALPHA,
    }
}

fn alarmed(watch: &LossWatch) -> bool {
    watch.read().verdict != LossVerdict::Quiet
}

/// More alarms than this in so many years have a chance below one in a thousand where each has one of `ALPHA`.
fn most_alarms(years: u64) -> u64 {
    let mean = years as f64 * ALPHA;
    (mean + 3.1 * (mean * (1.0 - ALPHA)).sqrt()) as u64
}

#[test]
fn quiet_products_on_the_very_edge_of_what_is_allowed_rarely_ever_alarm() {
    let years = 3_000;
    let (mut decisions, mut days, mut missed) = (0, 0, 0);
    for product in 0..years {
        let mut draws = Draws::of(11, product);
        let count = [1, 30, 1_000, 40_000][(product % 4) as usize];
        let rate = [0.02, 0.3, 0.8][(product % 3) as usize];
        let bounded = Spread::BoundedDecisions { most: 1.0 };
        let mut watch = LossWatch::new(given(rate, bounded)).unwrap();
        // Days of a common fate: only the watch of days can bear that.
        let fates = Spread::BoundedDays { most: 1.0 };
        let mut watch_days = LossWatch::new(given(rate, fates)).unwrap();
        let mut ever_missed = false;
        for n in 0..YEAR {
            let hits = draws.hits(count, rate);
            watch.look(&binary(n, count, hits)).unwrap();
            let interval = watch.read().interval.unwrap();
            ever_missed |= rate < interval.low || rate > interval.high;
            let fate = if draws.uniform() < 0.5 { 0.75 } else { 1.25 };
            let of_day = draws.hits(count, rate * fate);
            watch_days.look(&binary(n, count, of_day)).unwrap();
        }
        decisions += u64::from(alarmed(&watch));
        days += u64::from(alarmed(&watch_days));
        missed += u64::from(ever_missed);
    }
    println!(
        "of {years} quiet years on the edge: decisions {decisions}, days {days} alarmed; {missed} intervals ever missed"
    );
    assert!(decisions <= most_alarms(years), "{decisions}");
    assert!(days <= most_alarms(years), "{days}");
    assert!(missed <= most_alarms(years), "{missed}");
}

#[test]
fn quiet_products_with_a_measured_baseline_rarely_ever_alarm() {
    let years = 3_000;
    let (mut alarms, mut missed) = (0, 0);
    for product in 0..years {
        let mut draws = Draws::of(12, product);
        let count = [50, 1_000, 100_000][(product % 3) as usize];
        let days_sd = [0.0, 0.005, 0.03][(product / 3 % 3) as usize];
        let reference: Vec<LossDay> = (-56..0)
            .map(|n| normal_day(&mut draws, n, count, 0.25, days_sd))
            .collect();
        let reference = LossReference::measure(&reference).unwrap();
        let promise = LossPromise::against(&reference, 0.0, ALPHA);
        let mut watch = LossWatch::new(promise).unwrap();
        let mut ever_missed = false;
        for n in 0..YEAR {
            watch
                .look(&normal_day(&mut draws, n, count, 0.25, days_sd))
                .unwrap();
            let interval = watch.read().interval.unwrap();
            ever_missed |= interval.low > 0.27 || interval.high < 0.23;
        }
        alarms += u64::from(alarmed(&watch));
        missed += u64::from(ever_missed);
    }
    println!("of {years} quiet years with a measured baseline {alarms} alarmed");
    assert!(alarms <= most_alarms(years), "{alarms}");
    assert!(missed <= most_alarms(years), "{missed}");
}

#[test]
fn drops_of_five_ten_and_twenty_percent_are_seen_after_half_a_quiet_year() {
    // A hit rate of 30 %, so a loss of .7; 1,000 decisions a day. Bounds of the median day that showed it.
    for (drop, most_days) in [(0.05, 19), (0.1, 6), (0.2, 2)] {
        let mut delays: Vec<i32> = Vec::new();
        let mut since_off = Vec::new();
        for product in 0..201 {
            let mut draws = Draws::of(13, product);
            let bounded = Spread::BoundedDecisions { most: 1.0 };
            let mut watch = LossWatch::new(given(0.7, bounded)).unwrap();
            for n in 0..YEAR {
                let hit_rate = if n < 180 { 0.3 } else { 0.3 * (1.0 - drop) };
                let misses = draws.hits(1_000, 1.0 - hit_rate);
                watch.look(&binary(n, 1_000, misses)).unwrap();
                if let LossVerdict::Passed { seen, likely_since } = watch.read().verdict {
                    delays.push(seen.epoch_day() - day(180).epoch_day() + 1);
                    since_off
                        .push((likely_since.unwrap().epoch_day() - day(180).epoch_day()).abs());
                    break;
                }
            }
        }
        assert!(delays.len() > 195, "{drop}: {} of 201 seen", delays.len());
        delays.sort_unstable();
        since_off.sort_unstable();
        let (delay, off) = (delays[delays.len() / 2], since_off[since_off.len() / 2]);
        println!(
            "a drop of {:.0} %: seen on day {delay}, its beginning told {off} days off",
            drop * 100.0
        );
        assert!((1..=most_days).contains(&delay), "{drop}: day {delay}");
        assert!(off <= 7, "{drop}: {off} days off");
    }
}

#[test]
fn beside_a_measured_baseline_a_drop_of_a_day_and_a_slow_one_are_seen_and_told_from() {
    // Means of days vary by .4 / √1,000 and .01 together, so by .016: above by one such, and by six.
    for (above, most_days) in [(0.016, 30), (0.1, 1)] {
        let mut delays = Vec::new();
        for product in 0..101 {
            let mut draws = Draws::of(16, product);
            let reference: Vec<LossDay> = (-84..0)
                .map(|n| normal_day(&mut draws, n, 1_000, 0.25, 0.01))
                .collect();
            let reference = LossReference::measure(&reference).unwrap();
            let mut watch = LossWatch::new(LossPromise::against(&reference, 0.0, ALPHA)).unwrap();
            for n in 0..YEAR {
                let mean = if n < 180 { 0.25 } else { 0.25 + above };
                watch
                    .look(&normal_day(&mut draws, n, 1_000, mean, 0.01))
                    .unwrap();
                if let LossVerdict::Passed { seen, .. } = watch.read().verdict {
                    delays.push(seen.epoch_day() - day(180).epoch_day() + 1);
                    break;
                }
            }
        }
        assert!(delays.len() > 97, "{} of 101 seen", delays.len());
        delays.sort_unstable();
        let delay = delays[delays.len() / 2];
        println!("{above} above a measured baseline: seen on day {delay}");
        assert!((1..=most_days).contains(&delay), "{above}: day {delay}");
    }
}

#[test]
fn a_drop_within_the_tolerance_is_no_alarm() {
    let mut draws = Draws::of(14, 0);
    let mut promise = given(0.7, Spread::BoundedDecisions { most: 1.0 });
    promise.tolerance = 0.02;
    let mut watch = LossWatch::new(promise).unwrap();
    for n in 0..YEAR {
        let misses = draws.hits(1_000, 0.715);
        watch.look(&binary(n, 1_000, misses)).unwrap();
    }
    let reading = watch.read();
    assert_eq!(reading.verdict, LossVerdict::Quiet);
    let interval = reading.interval.unwrap();
    assert!(interval.low > 0.7 && interval.high < interval.allowed);
}

#[test]
fn a_watch_that_was_stored_each_day_tells_what_one_that_was_not_does() {
    for spread in [
        Spread::BoundedDecisions { most: 1.0 },
        Spread::BoundedDays { most: 1.0 },
        Spread::Normal {
            decisions_sd: 0.4,
            days_sd: 0.01,
        },
        Spread::Measured {
            decisions_sd: 0.4,
            days_sd: 0.01,
            days: 28,
        },
    ] {
        let mut draws = Draws::of(15, 0);
        let mut one = LossWatch::new(given(0.2, spread)).unwrap();
        let mut other = one.clone();
        for n in 0..60 {
            let losses = binary(n, 500, draws.hits(500, 0.2 + 0.001 * f64::from(n)));
            one.look(&losses).unwrap();
            let stored = serde_json::to_string(&other).unwrap();
            other = serde_json::from_str(&stored).unwrap();
            other.look(&losses).unwrap();
            assert!(stored.len() < 16_000, "{}", stored.len());
        }
        assert_eq!(one, other);
        assert_eq!(one.read(), other.read());
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_field_and_changes_nothing() {
    let promise = given(0.2, Spread::BoundedDecisions { most: 1.0 });
    let mut watch = LossWatch::new(promise).unwrap();
    watch.look(&binary(3, 10, 2)).unwrap();
    let before = watch.clone();
    let refused = |watch: &mut LossWatch, losses: LossDay| watch.look(&losses).unwrap_err();

    let back = refused(&mut watch, binary(3, 10, 2));
    assert_eq!(back.field, "day");
    assert_eq!(back.found, Found::Day(day(3)));
    assert_eq!(back.allowed, Allowed::After(day(3)));
    let empty = refused(&mut watch, binary(4, 0, 0));
    assert_eq!(empty.field, "count");
    assert_eq!(
        empty.to_string(),
        "watch `count`: found 0, allowed is at least 1"
    );
    let mut nan = binary(4, 10, 2);
    nan.sum = f64::NAN;
    let nan = refused(&mut watch, nan);
    assert_eq!((nan.field.as_str(), nan.found), ("sum", Found::NotFinite));
    let many = refused(
        &mut watch,
        LossDay {
            sum: 11.0,
            sum_squares: 20.0,
            ..binary(4, 10, 0)
        },
    );
    assert_eq!(many.allowed, Allowed::Between(0.0, 1.0));
    let squares = refused(
        &mut watch,
        LossDay {
            sum_squares: 0.1,
            ..binary(4, 10, 5)
        },
    );
    assert_eq!(squares.field, "sum_squares");
    let season = refused(
        &mut watch,
        LossDay {
            season: 0.0,
            ..binary(4, 10, 5)
        },
    );
    assert_eq!(season.field, "season");
    let season = refused(
        &mut watch,
        LossDay {
            season: 5.0,
            ..binary(4, 10, 5)
        },
    );
    assert_eq!(season.field, "season × baseline plus tolerance");
    assert_eq!(watch, before);

    let check = |change: fn(&mut LossPromise)| {
        let mut promise = given(0.2, Spread::BoundedDecisions { most: 1.0 });
        change(&mut promise);
        LossWatch::new(promise).unwrap_err()
    };
    assert_eq!(check(|p| p.alpha = 0.0).field, "alpha");
    assert_eq!(check(|p| p.tolerance = -0.1).field, "tolerance");
    assert_eq!(
        check(|p| p.tolerance = f64::INFINITY).found,
        Found::NotFinite
    );
    // It could never be broken.
    let never = check(|p| p.tolerance = 0.9);
    assert_eq!(never.field, "baseline plus tolerance");
    assert_eq!(never.allowed, Allowed::Inside(0.0, 1.0));
    let few = check(|p| {
        p.spread = Spread::Measured {
            decisions_sd: 0.4,
            days_sd: 0.0,
            days: 13,
        };
    });
    assert_eq!(few.allowed, Allowed::CountAtLeast(14));
    let few: Vec<LossDay> = (0..13).map(|n| binary(n, 10, 2)).collect();
    let few = LossReference::measure(&few).unwrap_err();
    assert_eq!((few.field.as_str(), few.found), ("days", Found::Count(13)));
    let still: Vec<LossDay> = (0..20).map(|n| binary(n, 10, 0)).collect();
    assert!(LossReference::measure(&still).is_err());
}
