//! Forecasts of kind `demand` that agree with those of categories, regions and all together, on shops whose truth is known.

use std::sync::Arc;

use features::demand::{CalendarDay, Change, Demand, Override, Place, Sold, SoldDay};
use features::{History, HistoryBuilder, Product as Item};
use math::random::stream;
use products::{Fitted, Raw, Recent, Serving, Shop};
use rand::RngExt;
use schema::AsOf;
use schema::config::ConfigFile;
use schema::time::date_of;

use crate::demand::{FIRST, asked, decided, point, product};

pub(crate) const WEEKS: i32 = 44;
const AHEAD: usize = 7;
pub(crate) const PRODUCTS: usize = 6;
pub(crate) const SITES: usize = 4;
const CHOSEN: &str = "step = \"week\"\ncoherent = \"chosen\"\n";
const OFF: &str = "step = \"week\"\n";

/// What is expected of each series: all grow alike.
fn growing(series: usize, week: i32) -> f64 {
    (200.0 + 10.0 * series as f64) * (1.0 + 0.04 * f64::from(week))
}

/// Customers of one series go to the next and come back: all together grow as evenly as nothing else does.
pub(crate) fn traded(series: usize, week: i32) -> f64 {
    let pair = series / 2;
    let sign = if series.is_multiple_of(2) { 1.0 } else { -1.0 };
    let mut random = stream(3, pair as u64 * 1_000 + week as u64);
    let moved: f64 = random.random_range(-0.6..0.6);
    growing(series, week) + sign * moved * growing(2 * pair, week)
}

/// Every series by itself, and nothing else to be known.
pub(crate) fn scattered(series: usize, week: i32) -> f64 {
    let mut random = stream(5, series as u64 * 1_000 + week as u64);
    (200.0 + 10.0 * series as f64) * random.random_range(0.7..1.3)
}

fn named(series: usize) -> (String, String) {
    (
        format!("p{}", series / SITES),
        format!("s{}", series % SITES),
    )
}

/// The last site closes for the second week ahead.
pub(crate) fn demand(sold: impl Fn(usize, i32) -> f64) -> Demand {
    let of = |series: usize| {
        let (product, site) = named(series);
        let days = (0..WEEKS).map(|week| SoldDay {
            day: FIRST + 7 * week,
            units: sold(series, week).round() as i64,
            ..SoldDay::default()
        });
        Sold {
            product,
            site: Some(site),
            days: days.collect(),
        }
    };
    let closed = (0..7).map(|day| CalendarDay {
        day: FIRST + 7 * (WEEKS + 1) + day,
        site: Some(format!("s{}", SITES - 1)),
        open: false,
        holiday: None,
        school_holiday: None,
    });
    let place = |site: usize| Place {
        id: format!("s{site}"),
        format: None,
        region: Some(format!("r{}", site / 2)),
    };
    Demand {
        sold: (0..PRODUCTS * SITES).map(of).collect(),
        calendar: closed.collect(),
        places: (0..SITES).map(place).collect(),
        ..Demand::default()
    }
}

pub(crate) fn history(demand: Demand) -> Arc<History> {
    let items = (0..PRODUCTS).map(|p| Item {
        id: format!("p{p}"),
        category: Some(format!("c{}", p % 2)),
        active: true,
        ..Item::default()
    });
    let as_of = AsOf(date_of(FIRST + 7 * WEEKS));
    Arc::new(
        HistoryBuilder::default()
            .build(as_of, items.collect())
            .with_demand(demand),
    )
}

pub(crate) fn fitted(history: &Arc<History>, settings: &str) -> Box<dyn Fitted> {
    product(settings).fit(history, 1).unwrap()
}

pub(crate) fn attached(version: &dyn Fitted, history: &Arc<History>) -> Box<dyn Serving> {
    let rules = decisions::RuleSet::default();
    let shop = Shop::new(Arc::clone(history), &rules, Arc::new(Recent::default()));
    version.attach(Arc::new(shop))
}

/// All series × the total and each period.
pub(crate) fn points(serving: &dyn Serving) -> Vec<Vec<f64>> {
    let of = |series: usize| {
        let (product, site) = named(series);
        let told = decided(serving, &product, Some(&site));
        (0..told.actions.len()).map(|at| point(&told, at)).collect()
    };
    (0..PRODUCTS * SITES).map(of).collect()
}

#[test]
fn a_series_is_forecast_better_where_all_together_can_be_foreseen_and_is_told_why() {
    let history = history(demand(traded));
    let version = fitted(&history, CHOSEN);
    let plain = points(attached(fitted(&history, OFF).as_ref(), &history).as_ref());
    let serving = attached(version.as_ref(), &history);
    let agreed = points(serving.as_ref());
    let off = |points: &[Vec<f64>]| {
        let (mut off, mut all) = (0.0, 0.0);
        for (series, said) in points.iter().enumerate() {
            for (week, said) in (WEEKS..).zip(&said[1..]).filter(|(_, said)| **said > 0.0) {
                off += (said - growing(series, week)).abs();
                all += growing(series, week);
            }
        }
        off / all
    };
    assert!(
        off(&agreed) < 0.5 * off(&plain),
        "{} {}",
        off(&agreed),
        off(&plain)
    );
    // Who has won and by how much is told, level by level.
    let told = version.summary().join("\n");
    for part in [
        "forecasts agree with those of total, category, product, region, site by: ",
        "learnt from, by themselves / added up / made to agree: total ",
        ", series 0.",
        "bottom-up 0.",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let page = version.page();
    let levels = page["agreement"]["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 6);
    let total = &levels[0];
    let error = |of: &str| total[of].as_f64().unwrap();
    assert!(
        error("error_agreed") < 0.5 * error("error_added_up"),
        "{total}"
    );
    // The closed week stays closed, and the others take what is above over.
    assert_eq!(agreed.len(), PRODUCTS * SITES);
    for (series, told) in agreed.iter().enumerate() {
        let closed = series % SITES == SITES - 1;
        assert_eq!(told[2] == 0.0, closed, "{series}");
        let sum: f64 = told[1..].iter().sum();
        assert!((sum - told[0]).abs() <= 1e-9 * sum);
    }
    // What is told adds up, and so does each step to it.
    let now = jiff::Timestamp::UNIX_EPOCH;
    let question = asked("p1", Some("s2"));
    let series = SITES + 2;
    for (about, at) in [(None, 0), (Some(date_of(FIRST + 7 * WEEKS).to_string()), 1)] {
        let explained = serving.explain(&question, about.as_deref(), now).unwrap();
        let sum: f64 = explained.lines.iter().map(|line| line.contribution).sum();
        assert_eq!(sum, explained.score);
        assert!(
            (sum - agreed[series][at]).abs() < 1e-9 * sum,
            "{explained:?}"
        );
        let line = explained
            .lines
            .iter()
            .find(|line| line.what == "agreement with the levels above");
        let moved = agreed[series][at] - plain[series][at];
        assert!(
            (line.unwrap().contribution - moved).abs() < 1e-9 * sum,
            "{explained:?} {moved}"
        );
    }
    let week = decided(serving.as_ref(), "p1", Some("s2"));
    for action in &week.actions {
        let reasons = action.reasons.list();
        let reason = reasons.iter().find(|r| r.code == "agreement").unwrap();
        assert!(
            reason
                .text
                .ends_with("units to agree with forecasts of the levels above"),
            "{reason:?}"
        );
        let (low, high) = action.estimate.as_ref().unwrap().interval().unwrap();
        let said = action.estimate.as_ref().unwrap().point().unwrap();
        assert!(
            0.0 <= low && low <= said && said <= high && low < high,
            "{action:?}"
        );
    }
}

#[test]
fn planners_change_what_was_made_to_agree() {
    let change = Override {
        id: "twice".to_owned(),
        made_at_seconds: i64::from(FIRST + 7 * WEEKS - 3) * 86_400,
        author: "ann".to_owned(),
        product: Some("p1".to_owned()),
        category: None,
        site: Some("s2".to_owned()),
        first: FIRST + 7 * WEEKS,
        last: FIRST + 7 * WEEKS + 6,
        change: Change::Factor(2.0),
        reason: None,
    };
    let plain = history(demand(traded));
    let changed = history(Demand {
        overrides: vec![change],
        ..demand(traded)
    });
    let before = points(attached(fitted(&plain, CHOSEN).as_ref(), &plain).as_ref());
    let serving = attached(fitted(&changed, CHOSEN).as_ref(), &changed);
    let after = points(serving.as_ref());
    for (series, (before, after)) in before.iter().zip(&after).enumerate() {
        for (at, (before, after)) in before.iter().zip(after).enumerate().skip(1) {
            let times = if (series, at) == (SITES + 2, 1) {
                2.0
            } else {
                1.0
            };
            assert!(
                (after - times * before).abs() <= 1e-9 * before.abs(),
                "{series} {at}"
            );
        }
    }
    let now = jiff::Timestamp::UNIX_EPOCH;
    let explained = serving
        .explain(&asked("p1", Some("s2")), None, now)
        .unwrap();
    assert!((explained.score - after[SITES + 2][0]).abs() < 1e-9 * explained.score);
    let what: Vec<&str> = explained
        .lines
        .iter()
        .map(|line| line.what.as_str())
        .collect();
    assert!(
        what.contains(&"agreement with the levels above")
            && what.contains(&"change of ann (twice)"),
        "{what:?}"
    );
}

#[test]
fn forecasts_stay_as_they_are_where_nothing_is_gained_and_the_version_says_so() {
    let history = history(demand(scattered));
    let version = fitted(&history, CHOSEN);
    let plain = points(attached(fitted(&history, OFF).as_ref(), &history).as_ref());
    assert_eq!(points(attached(version.as_ref(), &history).as_ref()), plain);
    let told = version.summary().join("\n");
    assert!(
        told.contains("beyond the noise: forecasts stay as they are"),
        "{told}"
    );
    assert_eq!(version.page()["agreement"]["method"], "bottom-up");
    // It is a choice: nobody who did not ask for it is told of it.
    let off = fitted(&history, OFF).summary().join("\n");
    assert!(!off.contains("forecasts stay as they are"), "{off}");
}

#[test]
fn the_version_comes_back_the_same_and_one_of_an_older_program_is_read() {
    let history = history(demand(traded));
    let version = fitted(&history, CHOSEN);
    let artefact = version.artefact();
    let back = product(CHOSEN).load(&artefact).unwrap();
    assert!(back.artefact().to_bytes() == artefact.to_bytes());
    assert_eq!(
        points(attached(back.as_ref(), &history).as_ref()),
        points(attached(version.as_ref(), &history).as_ref())
    );
    // A weight that is another than it was is seen.
    let mut damaged = artefact.clone();
    let scores = damaged.golden.scores.len();
    assert_eq!(
        scores,
        2 * (3 + 3) + 1 + 2,
        "series, groups, weights and errors of totals prove it"
    );
    damaged.golden.scores[scores - 4] *= 1.01;
    assert!(product(CHOSEN).load(&damaged).is_err());
    // Before there was such a setting nothing was said of it.
    let mut old = fitted(&history, OFF).artefact();
    let body = old.body.as_object_mut().unwrap();
    assert!(body.remove("agreement").is_some());
    assert!(
        body["settings"]
            .as_object_mut()
            .unwrap()
            .remove("coherent")
            .is_some()
    );
    for golden in old.golden.inputs.as_array_mut().unwrap() {
        assert!(golden.as_object_mut().unwrap().remove("is_group").is_some());
    }
    let old = product(OFF).load(&old).unwrap();
    let plain = points(attached(fitted(&history, OFF).as_ref(), &history).as_ref());
    assert_eq!(points(attached(old.as_ref(), &history).as_ref()), plain);
}

#[test]
fn days_held_out_tell_how_far_off_each_level_was() {
    let later = history(demand(traded));
    let product = product(CHOSEN);
    let from = product.measured_from(later.as_of());
    let earlier = Arc::new(later.until(from));
    let version = product.fit(&earlier, 1).unwrap();
    let card = version.evaluate(&later, 1);
    let told = card.notes.join("\n");
    let is_of = |level: &str| {
        let line = card.notes.iter().find(|note| note.starts_with(level));
        line.is_some_and(|line| line.contains("added up, ") && line.ends_with(" made to agree"))
    };
    assert!(
        is_of("total: weighted absolute error 0.") && is_of("series: "),
        "{told}"
    );
    // A version that is trained on everything has what was measured.
    let again = product.refit(version.as_ref(), &later, 1).unwrap();
    let of = |version: &dyn Fitted| version.page()["agreement"].clone();
    assert_eq!(of(again.as_ref()), of(version.as_ref()));
}

#[test]
fn what_no_table_puts_anywhere_is_added_up_with_its_like_and_told() {
    // The catalogue knows none of the products, the table of sites only the first two.
    let mut demand = demand(traded);
    demand.places.truncate(2);
    let as_of = AsOf(date_of(FIRST + 7 * WEEKS));
    let items = vec![Item {
        id: "p0".to_owned(),
        category: Some("c0".to_owned()),
        active: true,
        ..Item::default()
    }];
    let history = Arc::new(
        HistoryBuilder::default()
            .build(as_of, items)
            .with_demand(demand),
    );
    let version = fitted(&history, CHOSEN);
    let told = version.summary().join("\n");
    for part in [
        "20 of 24 series are of no category: they are added up as one of their own",
        "12 of 24 series are of no region: they are added up as one of their own",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let agreed = points(attached(version.as_ref(), &history).as_ref());
    assert!(agreed.iter().all(|of| of.len() == AHEAD + 1 && of[0] > 0.0));
}

#[test]
fn a_way_that_is_none_is_refused_with_those_that_are() {
    let text = "kind = \"demand\"\nowner = \"tests\"\n\n[settings]\ncoherent = \"yes\"\n";
    let raw = Raw::read(ConfigFile::new("demand.toml", text.to_owned())).unwrap();
    let refused = raw.check().map(|_| ()).unwrap_err().to_string();
    for part in ["demand.toml:5", "yes", "`off`", "`summed`", "`chosen`"] {
        assert!(refused.contains(part), "{refused}");
    }
}
