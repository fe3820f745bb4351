//! What is expected of a training where the truth is known.

use super::past::Past;
use super::*;
use crate::review::Measured;
use jiff::Timestamp;
use products::Raw;
use registry::{AliasChange, Cause, RunRecord, RunStatus};
use schema::config::ConfigFile;
use schema::{Direction, Estimate, HeldOut, Role, RunId, Scorecard, WhyNot};

const EVERY_DAYS: i32 = 30;

fn header(retraining: &str) -> Header {
    let text = format!(
        "kind = \"recommend\"\nowner = \"shop team\"\n[retraining]\nage_days = 60\n{retraining}"
    );
    let raw = Raw::read(ConfigFile::new("for-you.toml", text)).unwrap();
    raw.check().unwrap().header().clone()
}

fn day(days: i32) -> AsOf {
    AsOf("2025-01-01".parse().unwrap()).minus_days(-days)
}

fn measured(point: f64, half: f64) -> Estimate {
    Estimate::Measured {
        point,
        low: point - half,
        high: point + half,
        units: 400,
    }
}

/// A scorecard beside a baseline of .1 that is known well.
fn scorecard(from: AsOf, value: f64) -> Scorecard {
    Scorecard {
        split: String::new(),
        held_out: Some(HeldOut { from, days: 14 }),
        metrics: vec![Metric {
            name: "ndcg@20".to_owned(),
            scope: "for_you".to_owned(),
            unit: "mean over customers".to_owned(),
            better: Direction::Higher,
            role: Role::Decides,
            value: measured(value, 0.004),
            baseline: measured(0.1, 1e-6),
            baseline_name: "most sold lately".to_owned(),
            gain: measured(value - 0.1, 0.004),
        }],
        notes: Vec::new(),
        parts: Vec::new(),
        weights: None,
    }
}

/// Versions trained every 30 days, each better by `gain` than the one before, with surprises of ± .001; all became champion.
fn past(trainings: u32, gain: f64) -> (Vec<RunRecord>, Vec<AliasChange>) {
    let all = 1..=trainings + 1;
    let at = |number: u32| day(EVERY_DAYS * i32::try_from(number).unwrap());
    let moment = |number: u32| -> Timestamp {
        let day = at(number).0.to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        day.timestamp()
    };
    let surprise = |number: u32| 0.001 * f64::from(number % 3) - 0.001;
    let runs = all.clone().map(|number| RunRecord {
        id: RunId::new(format!("run-{number}")).unwrap(),
        product: "for-you".to_owned(),
        kind: "recommend".to_owned(),
        status: RunStatus::Done,
        as_of: at(number),
        seed: 1,
        config_fingerprint: "same".to_owned(),
        inputs: Vec::new(),
        scorecard: serde_json::to_value(scorecard(
            at(number).minus_days(14),
            0.15 + gain * f64::from(number) + surprise(number),
        ))
        .ok(),
        started_at: moment(number),
        cost: None,
        version: Some(number),
    });
    let moves = all.map(|number| AliasChange {
        id: i64::from(number),
        product: "for-you".to_owned(),
        alias: crate::CHAMPION.to_owned(),
        from: number.checked_sub(1).filter(|from| *from > 0),
        to: number,
        cause: Cause::Promoted,
        who: String::new(),
        why: String::new(),
        at: moment(number),
    });
    (runs.collect(), moves.collect())
}

const WORTH: &str = "cost = 30.0\nworth = { measure = \"ndcg@20\", gain = 0.01, money = 150.0 }";

fn not_judged() -> Live {
    Live::NotJudged {
        because: String::new(),
    }
}

/// What is expected so many days after the last training.
fn expected(trainings: u32, gain: f64, age_days: i32, live: &Live) -> Result<ExpectedGain, String> {
    let header = header(WORTH);
    let (runs, moves) = past(trainings, gain);
    let worth = header.retraining.worth.clone().unwrap();
    let past = Past::by(&runs, &moves, &worth);
    let last = runs.last().unwrap();
    let version = Answers {
        number: trainings + 1,
        since: last.started_at,
        as_of: Some(last.as_of),
        at_launch: None,
    };
    let known = Known {
        header: &header,
        version: Some(&version),
        live,
        value: None,
        data_until: Some(last.as_of.minus_days(-age_days)),
    };
    known.expected(&past, &worth, 30.0)
}

#[test]
fn a_training_that_gains_by_the_day_pays_once_the_version_is_old_enough() {
    // A day of age costs .0002: .006 after 30 days, worth 90 in the 28 days of a period.
    let young = expected(8, 0.006, 1, &not_judged()).unwrap();
    assert!(!young.pays(), "{}", young.sentence());
    let old = expected(8, 0.006, 30, &not_judged()).unwrap();
    assert!(old.pays(), "{}", old.sentence());
    let [gain, low, high] = old.better_by;
    assert!((0.005..0.0065).contains(&gain), "{}", old.sentence());
    assert!(low < 0.006 && 0.006 < high, "{}", old.sentence());
    // Thirty days are left of sixty.
    assert!((old.worth[0] - gain * 15_000.0 * 30.0 / 28.0).abs() < 1e-9);
    assert_eq!(
        (old.by, old.until, old.age_days),
        (
            LearntFrom::Trainings { trainings: 8 },
            day(9 * EVERY_DAYS + 60),
            30
        )
    );
    let told = old.sentence();
    assert!(
        told.starts_with("version 9 is 30 days old; one more training is expected to gain 0.00")
            && told.contains(" of ndcg@20 (for_you) (")
            && told.ends_with(" until 2025-11-27, and costs 30.00"),
        "{told}"
    );
    // The day before the schedule trains anyway nothing is left to be gained.
    assert!(!expected(8, 0.006, 59, &not_judged()).unwrap().pays());
}

#[test]
fn a_training_that_gains_nothing_never_pays() {
    for age_days in [10, 20, 30, 40, 50] {
        let found = expected(8, 0.0, age_days, &not_judged()).unwrap();
        assert!(!found.pays(), "{}", found.sentence());
        assert!(found.better_by[1] < 0.0 && found.better_by[2] > 0.0);
    }
}

#[test]
fn of_two_trainings_nothing_is_known_unless_live_quality_is_measured() {
    let why = expected(2, 0.006, 30, &not_judged()).unwrap_err();
    assert_eq!(why, "2 past trainings can be compared, at least 3 needed");
    // A hundredth of its quality at launch is lost each ten days: .0015 of .168 in ten days.
    let last = 3 * EVERY_DAYS;
    let unknown = Estimate::NotMeasurable(WhyNot::NoVariation {
        what: String::new(),
    });
    let quality = |n: i32| 0.3 * (1.0 - 0.001 * f64::from(n)) + 0.001 * f64::from(n % 2);
    let live = Live::Measured(Box::new(Measured {
        what: String::new(),
        good: unknown.clone(),
        at_launch: measured(0.3, 0.01),
        launch_days: (day(0), day(27)),
        allowed: 0.27,
        days: (0..30).map(|n| (day(last + n), quality(n))).collect(),
        before: unknown.clone(),
        baseline: unknown,
        at_positions: None,
        errors: None,
        season: None,
        fell: None,
        pending: 0,
    }));
    let found = expected(2, 0.006, 30, &live).unwrap();
    assert_eq!(found.by, LearntFrom::LiveQuality { days: 30 });
    assert!(
        (0.004..0.006).contains(&found.better_by[0]),
        "{}",
        found.sentence()
    );
    // Three trainings are of the measure itself, and come first.
    let found = expected(3, 0.006, 30, &live).unwrap();
    assert_eq!(found.by, LearntFrom::Trainings { trainings: 3 });
}

#[test]
fn a_version_that_was_trained_since_and_refused_asks_for_no_other() {
    let header = header(WORTH);
    let (runs, moves) = past(8, 0.006);
    let worth = header.retraining.worth.clone().unwrap();
    let past = Past::by(&runs, &moves, &worth);
    let version = Answers {
        number: 8,
        since: runs[7].started_at,
        as_of: Some(runs[7].as_of),
        at_launch: None,
    };
    let known = Known {
        header: &header,
        version: Some(&version),
        live: &not_judged(),
        value: None,
        data_until: Some(day(300)),
    };
    let why = known.expected(&past, &worth, 30.0).unwrap_err();
    assert_eq!(why, "version 9 was trained since and does not answer");
}
