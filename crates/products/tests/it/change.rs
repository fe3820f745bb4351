//! Kind `experiment` on changes that nobody drew: what was planted is found, and what cannot be identified is refused.

use crate::read_out::{fitted, number, product, refused};
use features::{History, HistoryBuilder, NewLine, SiteDay, Sites};
use math::random::stream;
use products::{Artefact, Asked, Infeasible, Shop};
use rand::{Rng, RngExt};
use schema::scorecard::Gate;
use schema::time::date_of;
use schema::{AsOf, CustomerId};
use serde_json::Value;
use std::sync::Arc;

/// 2024-10-04: the first day of the change.
pub(crate) const START: i32 = 20_000;

/// Days known before the change and from it on.
const BEFORE: i32 = 140;
const AFTER: i32 = 56;

fn uniform(random: &mut impl Rng) -> f64 {
    random.random_range(-1.0..1.0)
}

/// The daily sales of sites of different size, in a season that all of them share; `more` adds to a site's day.
pub(crate) fn chain(
    sites: usize,
    more: impl Fn(usize, i32) -> f64,
) -> Vec<(Option<String>, SiteDay)> {
    let mut random = stream(5, 0);
    let season: Vec<f64> = (0..BEFORE + AFTER)
        .map(|_| 20.0 * uniform(&mut random))
        .collect();
    let mut days = Vec::new();
    for site in 0..sites {
        let level = 300.0 + 80.0 * uniform(&mut random);
        for (place, common) in (0..).zip(&season) {
            let day = START - BEFORE + place;
            let spent = level + common + 10.0 * uniform(&mut random) + more(site, day);
            let sold = SiteDay {
                day,
                orders: 7,
                spend_cents: (100.0 * spent) as i64,
                ..SiteDay::default()
            };
            days.push((Some(format!("s{site:02}")), sold));
        }
    }
    days
}

pub(crate) fn shop(days: Vec<(Option<String>, SiteDay)>) -> History {
    let mut builder = HistoryBuilder::default();
    builder.push(NewLine {
        customer: Some("c1"),
        product: "tea",
        order: "o1",
        at_seconds: i64::from(START) * 86_400,
        quantity: 1,
        spend_cents: 100,
        discount_cents: 0,
        is_return: false,
    });
    builder
        .build(AsOf(date_of(START + AFTER)), vec![])
        .with_sites(Sites::new(days))
}

pub(crate) fn change(method: &str, sites: &[&str], more: &str) -> String {
    let start = date_of(START);
    format!(
        "outcomes = [\"revenue\"]\n[settings.change]\nmethod = \"{method}\"\nsites = {sites:?}\nstart = \"{start}\"\n{more}"
    )
}

pub(crate) const TWELVE: [&str; 12] = [
    "s00", "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11",
];

fn gains(sites: usize, amount: f64) -> impl Fn(usize, i32) -> f64 {
    move |site, day| {
        if site < sites && day >= START {
            amount
        } else {
            0.0
        }
    }
}

/// The effect covers the truth, and the version says that it is real and comes back from its artefact.
fn told_as_real(settings: &str, history: &History, truth: f64) -> (Value, String) {
    let version = fitted(settings, history).unwrap();
    let page = version.page();
    let found = &page["changes"][0];
    let told = version.summary().join("\n");
    assert_eq!(found["real"], true, "{told}");
    let (low, high) = (
        number(found, "/effect/measured/low"),
        number(found, "/effect/measured/high"),
    );
    assert!(low < truth && truth < high, "{low} to {high}: {truth}");
    assert!(told.contains("this is real (p-value"), "{told}");
    let gate = version.evaluate(history, 7).gate(None);
    assert!(matches!(gate, Gate::Open { .. }), "{gate:?}");
    let bytes = version.artefact().to_bytes();
    let read = product(settings).unwrap();
    let read = read.load(&Artefact::from_bytes("change", &bytes).unwrap());
    assert!(read.unwrap().artefact().to_bytes() == bytes);
    (page, told)
}

#[test]
fn what_was_planted_at_some_sites_is_found_beside_the_others() {
    let history = shop(chain(40, gains(12, 9.0)));
    let settings = change("difference_in_differences", &TWELVE, "");
    // Nine a day are 63 in seven.
    let (page, told) = told_as_real(&settings, &history, 63.0);
    assert_eq!(
        (&page["changed"], &page["others"]),
        (&12.into(), &28.into())
    );
    for part in [
        "12 sites with it beside 28 others, 20 periods of 7 days before it and 8 after",
        "this holds if without the change, those changed and the others would have moved alike",
        "moved alike (p-value",
        "is seen four times of five",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    let nothing = shop(chain(40, gains(12, 0.0)));
    let version = fitted(&settings, &nothing).unwrap();
    let told = version.summary().join("\n");
    assert!(told.contains("cannot be told from chance"), "{told}");
    // A read-out that finds nothing is one all the same.
    let gate = version.evaluate(&nothing, 7).gate(None);
    assert!(matches!(gate, Gate::Open { .. }), "{gate:?}");
}

#[test]
fn what_was_planted_at_one_site_is_found_beside_a_mix_of_the_others() {
    let history = shop(chain(40, gains(1, 9.0)));
    let settings = change("synthetic_control", &["s00"], "");
    let (_, told) = told_as_real(&settings, &history, 63.0);
    for part in [
        "others have a weight and miss by",
        "a change pretended 6 periods before the true one shows",
        "beside 39 others of which the change is pretended, no p-value can be below 0.025",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
}

#[test]
fn sites_that_moved_apart_before_are_not_put_down_to_the_change() {
    let drifts = |site: usize, day: i32| {
        if site < 12 {
            0.2 * f64::from(day - START)
        } else {
            0.0
        }
    };
    let history = shop(chain(40, drifts));
    let settings = change("difference_in_differences", &TWELVE, "");
    let version = fitted(&settings, &history).unwrap();
    let told = version.summary().join("\n");
    for part in [
        "cannot be put down to",
        "moved apart before the change already",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    assert_eq!(version.page()["changes"][0]["real"], false);
    let gate = version.evaluate(&history, 7).gate(None);
    assert!(matches!(gate, Gate::Closed { .. }), "{gate:?}");
}

/// Weeks with the change, drawn; the first day of a week after one with it still has half of it.
const ON: [i32; 14] = [0, 2, 3, 6, 8, 9, 11, 12, 15, 17, 18, 21, 24, 26];

#[test]
fn weeks_that_were_drawn_are_read_beside_those_that_were_not() {
    let first = START - BEFORE;
    let on = |day: i32| ON.contains(&(day - first).div_euclid(7));
    let mut days = chain(4, |_, day| match (on(day), on(day - 1)) {
        (true, _) => 12.0,
        (false, true) => 6.0,
        (false, false) => 0.0,
    });
    // Sales without a site count too.
    for (site, _) in days
        .iter_mut()
        .filter(|(site, _)| site.as_deref() == Some("s03"))
    {
        *site = None;
    }
    let history = shop(days);
    let weeks: Vec<String> = ON
        .map(|week| date_of(first + 7 * week).to_string())
        .to_vec();
    let settings = format!(
        "outcomes = [\"revenue\"]\n[settings.change]\nmethod = \"switchback\"\nstart = \"{}\"\nswitched_on = {weeks:?}\nburn_in_days = 1",
        date_of(first)
    );
    let (_, told) = told_as_real(&settings, &history, 48.0);
    for part in [
        "14 blocks of 7 days with it and 14 without",
        "the first 1 days of each left out",
        "the blocks follow each other as drawn ones do",
        "this holds if chance drew the periods with the change",
        "a block after one with the change has",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
}

#[test]
fn what_cannot_be_identified_is_refused_by_name() {
    let history = shop(chain(12, gains(12, 9.0)));
    let did = |sites: &[&str]| change("difference_in_differences", sites, "");
    assert!(refused(&did(&TWELVE), &history).contains("all 12 units were changed at once"));
    let error = refused(&did(&["paris"]), &history);
    assert!(
        error.contains("site \"paris\", which sold nothing before"),
        "{error}"
    );
    let early = did(&["s00"]).replace(&date_of(START).to_string(), "2000-01-01");
    assert!(refused(&early, &history).contains("lie before the change"));
    let late = did(&["s00"]).replace(&date_of(START).to_string(), "2100-01-01");
    assert!(refused(&late, &history).contains("there is no outcome yet"));
    let nowhere = shop(Vec::new());
    assert!(refused(&did(&["s00"]), &nowhere).contains("import `site_id`"));
    let closed = |site: &str| {
        let mut days = chain(12, gains(12, 9.0));
        days.retain(|(s, sold)| {
            s.as_deref() != Some(site) || !(START..START + 7).contains(&sold.day)
        });
        shop(days)
    };
    let error = refused(&did(&["s00"]), &closed("s00"));
    assert!(
        error.contains("\"s00\" sold nothing from 2024-10-04 until 2024-10-11"),
        "{error}"
    );
    let version = fitted(&did(&["s00"]), &closed("s05")).unwrap();
    assert_eq!(version.page()["left_out"], 1);
    // One site beside eleven: an estimate, and no word on whether it is real.
    let told = version.summary().join("\n");
    assert!(
        told.contains("11 ways to place the change, at least 20 needed"),
        "{told}"
    );
    let gate = version.evaluate(&history, 7).gate(None);
    assert!(matches!(gate, Gate::Closed { .. }), "{gate:?}");
    let visits = "[settings.change]\nmethod = \"switchback\"\nstart = \"2024-06-01\"\nswitched_on = [\"2024-06-01\"]";
    assert!(
        refused(&format!("outcomes = [\"margin\"]\n{visits}"), &history)
            .contains("cost of no product")
    );
}

#[test]
fn a_customer_is_in_no_arm_of_a_change() {
    let history = Arc::new(shop(chain(40, gains(12, 9.0))));
    let settings = change("difference_in_differences", &TWELVE, "");
    let version = fitted(&settings, &history).unwrap();
    let rules = decisions::RuleSet::default();
    let serving = version.attach(Arc::new(Shop::new(history, &rules, Arc::default())));
    let asked = Asked {
        customer_id: Some(CustomerId::new("c1").unwrap()),
        ..Asked::default()
    };
    let refused = serving
        .decide(&asked, jiff::Timestamp::UNIX_EPOCH)
        .unwrap_err();
    assert!(
        matches!(refused, Infeasible::NotInExperiment { .. }),
        "{refused}"
    );
}

#[test]
fn settings_of_a_change_that_make_no_sense_are_refused() {
    let sites = "sites = [\"a\"]\n";
    let blocks = "switched_on = [\"2026-03-02\"]\n";
    for (outcomes, method, more, said) in [
        ("revenue", "difference_in_differences", "", "no `sites`"),
        (
            "visits",
            "difference_in_differences",
            sites,
            "events name no site",
        ),
        (
            "revenue",
            "synthetic_control",
            "sites = [\"a\", \"a\"]\n",
            "each once",
        ),
        (
            "revenue",
            "synthetic_control",
            "sites = [\"a\"]\nburn_in_days = 1\n",
            "switchback",
        ),
        (
            "revenue",
            "synthetic_control",
            "sites = [\"a\"]\nperiod_days = 0\n",
            "1 to 91",
        ),
        (
            "revenue",
            "synthetic_control",
            "sites = [\"a\"]\nbefore_days = 13\n",
            "two periods",
        ),
        (
            "revenue",
            "synthetic_control",
            "sites = [\"a\"]\nuntil = \"2026-03-02\"\n",
            "after `start`",
        ),
        ("revenue", "switchback", "", "no `switched_on`"),
        (
            "revenue",
            "switchback",
            "switched_on = [\"2026-03-03\"]\n",
            "2026-03-03",
        ),
        (
            "revenue",
            "switchback",
            &format!("{blocks}burn_in_days = 7\n"),
            "`period_days`",
        ),
        ("revenue", "coin", sites, "switchback"),
    ] {
        let settings = format!(
            "outcomes = [\"{outcomes}\"]\n[settings.change]\nmethod = \"{method}\"\nstart = \"2026-03-02\"\n{more}"
        );
        let error = product(&settings).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(said), "{settings}: {error}");
    }
    let both = "trial = \"mail\"\nchange = { method = \"switchback\", start = \"2026-03-02\", switched_on = [\"2026-03-02\"] }";
    let error = product(both).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("it and `change`"), "{error}");
}
