//! What planners change of forecasts: it is taken as it was meant, told, and scored on days that were not seen.

use features::demand::{Change, Demand, Override};
use products::Serving;
use schema::AsOf;
use schema::time::date_of;

use crate::demand::{
    DAYS, FIRST, HORIZON, asked, decided, fitted, history, point, product, serving, whole,
};

/// A change of `p1` at `s0`, made a week before the forecast.
fn change(id: &str, (first, last): (i32, i32), change: Change) -> Override {
    Override {
        id: id.to_owned(),
        made_at_seconds: i64::from(FIRST + DAYS - 7) * 86_400,
        author: "ann".to_owned(),
        product: Some("p1".to_owned()),
        category: None,
        site: Some("s0".to_owned()),
        first: FIRST + DAYS + first,
        last: FIRST + DAYS + last,
        change,
        reason: Some("a fair".to_owned()),
    }
}

fn with(overrides: Vec<Override>) -> Box<dyn Serving> {
    let demand = Demand {
        overrides,
        ..whole()
    };
    serving(&history(demand), "")
}

/// What is forecast of a product at a site, the total first.
fn points(serving: &dyn Serving, product: &str, site: &str) -> Vec<f64> {
    let week = decided(serving, product, Some(site));
    (0..week.actions.len()).map(|at| point(&week, at)).collect()
}

#[test]
fn a_change_is_taken_as_it_was_meant_and_its_drivers_add_up() {
    let plain = points(with(Vec::new()).as_ref(), "p1", "s0");
    let other = points(with(Vec::new()).as_ref(), "p1", "s1");
    let day = |ahead: i32| 1 + ahead as usize;
    // The factor on two days, the units in four days of which two are past, the whole of one day; one after another.
    let changed = with(vec![
        change("twice", (0, 1), Change::Factor(2.0)),
        change("more", (-2, 1), Change::More(40.0)),
        change("instead", (3, 3), Change::Instead(77.0)),
    ]);
    let ours = points(changed.as_ref(), "p1", "s0");
    let (first, second) = (2.0 * plain[day(0)], 2.0 * plain[day(1)]);
    // Half of the 40 units lie ahead, in proportion to what is forecast.
    let times = 1.0 + 20.0 / (first + second);
    let close = |one: f64, other: f64| (one - other).abs() < 1e-9 * other.max(1.0);
    assert!(close(ours[day(0)], first * times), "{ours:?}");
    assert!(close(ours[day(1)], second * times), "{ours:?}");
    assert!(close(ours[day(2)], plain[day(2)]));
    assert!(close(ours[day(3)], 77.0), "{ours:?}");
    let total: f64 = ours[1..].iter().sum();
    assert!(close(ours[0], total));
    // Another site is as it was.
    assert_eq!(points(changed.as_ref(), "p1", "s1"), other);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let question = asked("p1", Some("s0"));
    let of = |about: Option<&str>| changed.explain(&question, about, now).unwrap();
    let told = of(None);
    assert!((told.score - total).abs() < 1e-6 * total, "{told:?}");
    let line = |what: &str| {
        let line = told.lines.iter().find(|line| line.what == what);
        line.unwrap().contribution
    };
    assert!((line("change of ann (twice)") - (first + second) / 2.0).abs() < 1e-9);
    assert!((line("change of ann (more)") - 20.0).abs() < 1e-9);
    assert!((line("change of ann (instead)") - (77.0 - plain[day(3)])).abs() < 1e-9);
    let fourth = of(Some(&date_of(FIRST + DAYS + 3).to_string()));
    assert!((fourth.score - 77.0).abs() < 1e-6, "{fourth:?}");
    let week = decided(changed.as_ref(), "p1", Some("s0"));
    let reasons = week.actions[day(3)].reasons.list();
    let reason = reasons.iter().find(|r| r.code == "override").unwrap();
    assert!(
        reason.text.starts_with("ann changed it by ") && reason.text.ends_with("units: a fair"),
        "{reason:?}"
    );
    // Without the change the day was forecast with an interval of its size: with it, of the size of 77.
    let interval = week.actions[day(3)].estimate.as_ref().unwrap().interval();
    let (low, high) = interval.unwrap();
    assert!(low <= 77.0 && 77.0 <= high && high - low > 0.0);
}

#[test]
fn units_of_many_series_are_those_of_all_together_and_a_closed_day_stays_closed() {
    let plain = with(Vec::new());
    let all = Override {
        product: None,
        site: None,
        ..change("all", (0, HORIZON - 1), Change::Instead(600.0))
    };
    let changed = with(vec![all]);
    let series = || (0..3).flat_map(|p| (0..2).map(move |s| (format!("p{p}"), format!("s{s}"))));
    let totals = |serving: &dyn Serving| -> Vec<f64> {
        let total = |(product, site): (String, String)| points(serving, &product, &site)[0];
        series().map(total).collect()
    };
    let (before, after) = (totals(plain.as_ref()), totals(changed.as_ref()));
    let sum: f64 = after.iter().sum();
    assert!((sum - 600.0).abs() < 1e-6, "{after:?}");
    // Each as much of it as was forecast.
    let times = 600.0 / before.iter().sum::<f64>();
    for (before, after) in before.iter().zip(&after) {
        assert!((after - times * before).abs() < 1e-9 * after);
    }
    for (was, is) in
        points(plain.as_ref(), "p2", "s1")
            .iter()
            .zip(points(changed.as_ref(), "p2", "s1"))
    {
        assert_eq!(*was == 0.0, is == 0.0, "closed");
    }
    // Nothing is sold less than not at all.
    let gone = with(vec![change("gone", (0, HORIZON - 1), Change::More(-1e6))]);
    assert_eq!(points(gone.as_ref(), "p1", "s0")[0], 0.0);
}

#[test]
fn what_cannot_be_taken_is_set_aside_by_name() {
    let late = Override {
        made_at_seconds: i64::from(FIRST + DAYS - 10) * 86_400,
        ..change("late", (-20, -11), Change::Factor(2.0))
    };
    let unknown = Override {
        product: Some("p9".to_owned()),
        ..change("unknown", (0, 1), Change::Factor(2.0))
    };
    let units = change("units", (0, 1), Change::More(5.0));
    let demand = Demand {
        overrides: vec![late, unknown, units],
        ..whole()
    };
    let history = history(demand);
    let summary = |settings: &str| fitted(&history, settings).summary().join("\n");
    let told = summary("");
    for part in [
        "changes of planners that were made after their last day are set aside: 1, late of ann",
        "changes of planners that are about nothing that is forecast are set aside: 1, unknown of ann",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("units of ann"), "{told}");
    let told = summary("measure = \"revenue\"\n");
    assert!(
        told.contains(
            "are in units, and the forecast is of revenue are set aside: 1, units of ann"
        ),
        "{told}"
    );
    let together = summary("grain = \"product\"\n");
    assert!(!together.contains("units of ann"), "{together}");
}

#[test]
fn a_planner_who_knows_gains_and_one_who_guesses_loses() {
    // In the last three weeks, which no method has seen when it is chosen, each series sold twice as much on one day.
    // Ann said so a week before; Bob says it of days that were as usual.
    let mut demand = whole();
    let mut overrides = Vec::new();
    for (at, series) in demand.sold.iter_mut().enumerate() {
        let event = FIRST + DAYS - 20 + 2 * at as i32;
        let open = |from: i32| (from..).find(|day| (day - FIRST).rem_euclid(7) != 6);
        let (event, usual) = (open(event).unwrap(), open(event + 3).unwrap());
        for day in series.days.iter_mut().filter(|day| day.day == event) {
            day.units *= 2;
        }
        for (author, day) in [("ann", event), ("bob", usual)] {
            overrides.push(Override {
                id: format!("{author}-{at}"),
                made_at_seconds: i64::from(day - 7) * 86_400 + 3_600,
                author: author.to_owned(),
                product: Some(series.product.clone()),
                site: series.site.clone(),
                first: day,
                last: day,
                reason: None,
                ..change("", (0, 0), Change::Factor(2.0))
            });
        }
    }
    overrides.sort_by_key(|of| of.made_at_seconds);
    demand.overrides = overrides;
    let history = history(demand);
    let version = fitted(&history, "");
    let page = version.page();
    let gain = |author: &str| {
        let planners = page["planners"].as_array().unwrap();
        let of = planners.iter().find(|p| p["author"] == author).unwrap();
        assert_eq!(of["changes"], 6, "{of}");
        let bound = |name: &str| of["gain"]["measured"][name].as_f64().unwrap();
        (bound("low"), bound("high"))
    };
    // A forecast that is right without the event is off by half of what was sold on it.
    let (low, high) = gain("ann");
    assert!(low > 0.25 && high < 0.6, "{low} {high}");
    let (low, high) = gain("bob");
    assert!(low > -1.3 && high < -0.7, "{low} {high}");
    let told = version.summary().join("\n");
    assert!(
        told.contains("6 changes of forecasts by ann: absolute error "),
        "{told}"
    );
    // The version that learns again adds what it was measured on.
    let earlier = history.until(AsOf(date_of(FIRST + DAYS - HORIZON)));
    let measured = product("").fit(&earlier, 1).unwrap();
    let again = product("").refit(measured.as_ref(), &history, 1).unwrap();
    let planners = again.page()["planners"].clone();
    let changes = |of: &serde_json::Value| of["changes"].as_u64().unwrap();
    let counted: u64 = planners.as_array().unwrap().iter().map(changes).sum();
    assert_eq!(counted, 12, "{planners}");
}
