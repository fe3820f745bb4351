//! Forecasts of kind `demand` for categories, products, regions, sites and all together.

use std::collections::BTreeSet;
use std::sync::Arc;

use features::demand::{Change, Demand, Override};
use products::{Asked, Decisions, Infeasible, Serving, Total, TotalsOf};
use schema::Estimate;
use schema::time::date_of;

use crate::agreement::{
    PRODUCTS, SITES, WEEKS, attached, demand, fitted, history, points, scattered, traded,
};
use crate::demand::{FIRST, product};

const SUMMED: &str = "step = \"week\"\ncoherent = \"summed\"\n";
const CHOSEN: &str = "step = \"week\"\ncoherent = \"chosen\"\n";
const AHEAD: usize = 7;

/// What a series sells in a week.
type Sold = fn(usize, i32) -> f64;

const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

fn group(placement: &str) -> Asked {
    Asked {
        placement: Some(placement.to_owned()),
        ..Asked::default()
    }
}

fn told(decided: &Decisions) -> Vec<f64> {
    decided
        .actions
        .iter()
        .map(|action| action.score.unwrap())
        .collect()
}

fn of(serving: &dyn Serving, placement: &str) -> Vec<f64> {
    told(&serving.decide(&group(placement), NOW).unwrap())
}

/// Series of a group by the names that the test shop gives.
fn members(placement: &str) -> Vec<usize> {
    let is_of = |series: usize, level: &str, named: &str| {
        let (product, site) = (series / SITES, series % SITES);
        match level {
            "category" => named == format!("c{}", product % 2),
            "product" => named == format!("p{product}"),
            "region" => named == format!("r{}", site / 2),
            _ => named == format!("s{site}"),
        }
    };
    let is = |series: usize| match Total::read(placement).unwrap() {
        Total::All => true,
        Total::Of { level, name } => is_of(series, level, name),
        Total::Crossed {
            category,
            level,
            name,
        } => is_of(series, "category", category) && is_of(series, level, name),
    };
    (0..PRODUCTS * SITES).filter(|series| is(*series)).collect()
}

fn near(one: &[f64], other: &[f64]) {
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(other) {
        assert!(
            (one - other).abs() <= 1e-9 * one.abs().max(1.0),
            "{one} {other}"
        );
    }
}

fn plus(sum: &mut Vec<f64>, more: &[f64]) {
    sum.resize(more.len(), 0.0);
    sum.iter_mut()
        .zip(more)
        .for_each(|(sum, more)| *sum += more);
}

#[test]
fn totals_are_exactly_the_sums_of_their_series_whatever_is_done_to_these() {
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
    for (settings, sold) in [
        (SUMMED, scattered as Sold),
        (CHOSEN, traded as Sold),
        (
            "step = \"week\"\ncoherent = \"summed\"\nmeasure = \"revenue\"\n",
            traded as Sold,
        ),
    ] {
        let mut known = demand(sold);
        for sold in &mut known.sold {
            sold.days
                .iter_mut()
                .for_each(|day| day.spend_cents = 199 * day.units);
        }
        if !settings.contains("revenue") {
            known.overrides = vec![change.clone()];
        }
        let history = history(known);
        let serving = attached(fitted(&history, settings).as_ref(), &history);
        let serving = serving.as_ref();
        let series = points(serving);
        let listed = |of: TotalsOf| -> Vec<String> {
            let all = serving.totals(of).into_iter();
            all.map(|of| of.placement.unwrap()).collect()
        };
        let all = listed(TotalsOf::Levels);
        assert_eq!(all.len(), 1 + 2 + PRODUCTS + 2 + SITES, "{all:?}");
        assert_eq!(all[0], "all");
        let crossed = listed(TotalsOf::Crossed);
        assert_eq!(crossed.len(), 2 * 2 + 2 * SITES, "{crossed:?}");
        assert!(crossed.contains(&"category=c1&region=r0".to_owned()));
        for placement in all.iter().chain(&crossed) {
            let mut sum = Vec::new();
            for series in members(placement).into_iter().map(|one| &series[one]) {
                plus(&mut sum, series);
            }
            near(&of(serving, placement), &sum);
        }
        // Every way to tell a total apart adds up to it, down to its series.
        let mut to_do = vec![group("all")];
        let mut seen = BTreeSet::new();
        while let Some(asked) = to_do.pop() {
            let whole = told(&serving.decide(&asked, NOW).unwrap());
            for parts in serving.parts(&asked) {
                seen.insert(parts.by);
                let mut sum = Vec::new();
                for (_, asked) in parts.each {
                    plus(&mut sum, &told(&serving.decide(&asked, NOW).unwrap()));
                    to_do.push(asked);
                }
                near(&whole, &sum);
            }
            // The baseline answers the same questions.
            let naive = told(&serving.baseline(&asked, NOW).unwrap());
            assert_eq!(naive.len(), AHEAD + 1);
        }
        assert_eq!(
            seen,
            BTreeSet::from(["category", "product", "region", "series", "site"])
        );
    }
}

#[test]
fn a_total_has_an_interval_of_its_own_and_says_what_it_rests_on() {
    let history = history(demand(scattered));
    let serving = attached(fitted(&history, SUMMED).as_ref(), &history);
    let serving = serving.as_ref();
    let all = serving.decide(&group("all"), NOW).unwrap();
    let width = |estimate: &Estimate| {
        let (low, high) = estimate.interval().unwrap();
        let said = estimate.point().unwrap();
        assert!(0.0 <= low && low <= said && said <= high && low < high);
        high - low
    };
    // Series scatter by themselves here: of the total next to nothing is left of that.
    let mut of_series = 0.0;
    for asked in serving.all().unwrap() {
        of_series += width(
            serving.decide(&asked, NOW).unwrap().actions[1]
                .estimate
                .as_ref()
                .unwrap(),
        );
    }
    let of_total = width(all.actions[1].estimate.as_ref().unwrap());
    assert!(of_total < 0.5 * of_series, "{of_total} {of_series}");
    let codes: Vec<String> = all.actions[0]
        .reasons
        .list()
        .into_iter()
        .map(|of| of.code)
        .collect();
    assert_eq!(codes, ["sum_of_series", "largest_part", "own_errors"]);
    // The site that is closed next week has nothing to sell then, and says so.
    let closed = serving.decide(&group("site=s3"), NOW).unwrap();
    let second = &closed.actions[2];
    assert_eq!(second.score, Some(0.0));
    assert_eq!(second.reasons.list()[0].code, "closed");
    // Over a lead time: the first periods together, and each.
    let three = Asked {
        items: Some(3),
        ..group("category=c1")
    };
    let (three, whole) = (
        serving.decide(&three, NOW).unwrap(),
        of(serving, "category=c1"),
    );
    assert_eq!(three.actions.len(), 4);
    let sum: f64 = whole[1..4].iter().sum();
    near(&[told(&three)[0]], &[sum]);
    let total = width(three.actions[0].estimate.as_ref().unwrap());
    let apart: f64 = three.actions[1..]
        .iter()
        .map(|of| width(of.estimate.as_ref().unwrap()))
        .sum();
    assert!(total < apart, "{total} {apart}");
    assert_eq!(told(&three)[1..], whole[1..4]);
}

#[test]
fn a_total_is_explained_by_its_largest_parts() {
    let history = history(demand(scattered));
    let serving = attached(fitted(&history, SUMMED).as_ref(), &history);
    let serving = serving.as_ref();
    let day = date_of(FIRST + 7 * WEEKS).to_string();
    for (placement, about, parts) in [
        ("all", None, 2),
        ("all", Some(day.as_str()), 2),
        ("category=c0", None, PRODUCTS / 2),
        ("region=r1", None, 2),
        ("site=s0", None, PRODUCTS),
        ("product=p3", Some("total"), SITES),
        ("category=c1&region=r0", None, 2),
        ("site=s2&category=c0", Some(day.as_str()), PRODUCTS / 2),
    ] {
        let explained = serving.explain(&group(placement), about, NOW).unwrap();
        let at = usize::from(about.is_some_and(|about| about != "total"));
        near(&[explained.score], &of(serving, placement)[at..=at]);
        assert_eq!(explained.lines.len(), parts, "{explained:?}");
        let sum: f64 = explained.lines.iter().map(|line| line.contribution).sum();
        assert_eq!(sum, explained.score);
        assert!(
            explained
                .lines
                .is_sorted_by(|a, b| a.contribution >= b.contribution)
        );
    }
    let explained = serving.explain(&group("all"), None, NOW).unwrap();
    assert!(
        explained.summary.starts_with("all, total: "),
        "{}",
        explained.summary
    );
    assert!(
        explained.lines[0].what.starts_with("category c"),
        "{explained:?}"
    );
    let refused = serving
        .explain(&group("all"), Some("2020-01-01"), NOW)
        .unwrap_err();
    assert!(matches!(refused, Infeasible::UnknownArm { .. }));
}

#[test]
fn what_is_not_there_is_named_with_what_is_near_it() {
    let history = history(demand(scattered));
    let serving = attached(fitted(&history, SUMMED).as_ref(), &history);
    let refused = |placement: &str| {
        serving
            .decide(&group(placement), NOW)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused("category=c7"),
        "no category \"c7\" is forecast, near it are c0, c1"
    );
    assert!(
        refused("product=P4").ends_with("near it are p4, p0, p1, p2, p3 …"),
        "{}",
        refused("product=P4")
    );
    assert_eq!(
        refused("colour=red"),
        "`placement` is \"colour=red\", allowed is all, category=…, product=…, region=…, site=…, category=…&region=…, category=…&site=…"
    );
    // Of a category somewhere each of both is looked for.
    assert_eq!(
        refused("category=c7&site=s1"),
        "no category \"c7\" is forecast, near it are c0, c1"
    );
    assert_eq!(
        refused("region=r&category=c1"),
        "no region \"r\" is forecast, near it are r0, r1"
    );
    // A site alone is no question about a series, and one with too many periods none about a total.
    assert!(refused("s1").contains("`product_id` is missing"));
    let many = Asked {
        items: Some(8),
        ..group("all")
    };
    let refused = serving.decide(&many, NOW).unwrap_err();
    assert!(matches!(
        refused,
        Infeasible::Items {
            found: 8,
            allowed: 7
        }
    ));
    // A version that was trained without.
    let without = attached(fitted(&history, "step = \"week\"\n").as_ref(), &history);
    for placement in ["all", "category=c0"] {
        let refused = without.decide(&group(placement), NOW).unwrap_err();
        assert_eq!(refused, Infeasible::NoGroups);
        assert!(
            refused
                .to_string()
                .contains("set `coherent` to \"summed\" or \"chosen\"")
        );
    }
    assert!(without.totals(TotalsOf::Levels).is_empty() && without.parts(&group("all")).is_empty());
}

#[test]
fn a_level_that_says_nothing_new_is_answered_by_the_one_that_it_is() {
    // One product: it is all together, and each site is one of its series.
    let mut one = demand(scattered);
    one.sold.truncate(SITES);
    let history = history(one);
    let serving = attached(fitted(&history, SUMMED).as_ref(), &history);
    let serving = serving.as_ref();
    let all = of(serving, "all");
    for placement in ["category=c0", "product=p0"] {
        assert_eq!(of(serving, placement), all);
    }
    let series = points_of(serving, "p0", "s1");
    let site = serving.decide(&group("site=s1"), NOW).unwrap();
    assert_eq!(told(&site), told(&series));
    for (site, series) in site.actions.iter().zip(&series.actions) {
        assert_eq!(site.estimate, series.estimate);
    }
    assert!(serving.parts(&group("site=s1")).is_empty());
    let explained = serving.explain(&group("site=s1"), None, NOW).unwrap();
    assert!(
        explained.summary.starts_with("product p0 at s1, total: "),
        "{explained:?}"
    );
    near(&[explained.score], &told(&series)[..1]);
}

fn points_of(serving: &dyn Serving, product: &str, site: &str) -> Decisions {
    crate::demand::decided(serving, product, Some(site))
}

#[test]
fn the_scorecard_tells_each_level_and_the_artefact_keeps_its_errors() {
    let later = history(demand(traded));
    let product = product(CHOSEN);
    let from = product.measured_from(later.as_of());
    let earlier = Arc::new(later.until(from));
    let version = product.fit(&earlier, 1).unwrap();
    let card = version.evaluate(&later, 1);
    let levels: Vec<_> = card
        .parts
        .iter()
        .filter(|part| part.by == "level")
        .collect();
    let labels: Vec<&str> = levels
        .iter()
        .map(|part| part.label.as_deref().unwrap())
        .collect();
    assert_eq!(
        labels,
        [
            "total",
            "category",
            "product",
            "region",
            "site",
            "category in region",
            "category at site"
        ]
    );
    let of = [1, 2, PRODUCTS, 2, SITES, 2 * 2, 2 * SITES];
    for (part, groups) in levels.iter().zip(of) {
        // The last site is closed in one of the weeks.
        assert!(part.forecasts as usize >= groups * (AHEAD - 1), "{part:?}");
        assert!((0.0..=1.0).contains(&part.covered) && part.error.point().unwrap() >= 0.0);
    }
    assert!(levels[0].error.point().unwrap() < 0.1, "{:?}", levels[0]);
    // What was measured is published, and comes back.
    let again = product.refit(version.as_ref(), &later, 1).unwrap();
    let artefact = again.artefact();
    assert_eq!(artefact.body["totals"], version.artefact().body["totals"]);
    let back = product.load(&artefact).unwrap();
    let points = |version: &dyn products::Fitted| {
        let serving = attached(version, &later);
        serving.decide(&group("category=c0"), NOW).unwrap()
    };
    assert_eq!(points(back.as_ref()), points(again.as_ref()));
    let mut damaged = artefact.clone();
    damaged.body["totals"][0]["levels"][0]["groups"]["all"]["single"] = 0.5.into();
    assert!(product.load(&damaged).is_err());
}

#[test]
fn intervals_of_totals_hold_on_shops_whose_series_share_their_surprises() {
    let (mut held, mut of) = ([0; 2], 0);
    for seed in 0..12 {
        let sold = move |series: usize, week: i32| {
            use rand::RngExt;
            let shared: f64 =
                math::random::stream(seed, 900_000 + week as u64).random_range(-0.2..0.2);
            let own: f64 = math::random::stream(seed, series as u64 * 1_000 + week as u64)
                .random_range(-0.3..0.3);
            (200.0 + 10.0 * series as f64) * (1.0 + shared + own)
        };
        let later: Demand = Demand {
            calendar: Vec::new(),
            ..demand(sold)
        };
        let later = history(later);
        let product = product("step = \"week\"\ncoherent = \"summed\"\n");
        let earlier = Arc::new(later.until(product.measured_from(later.as_of())));
        let card = product.fit(&earlier, 1).unwrap().evaluate(&later, 1);
        for part in card.parts.iter().filter(|part| part.by == "level") {
            let label = part.label.as_deref().unwrap();
            let at = usize::from(label != "total");
            held[at] += (part.covered * part.forecasts as f64).round() as usize;
            of += if at == 0 { part.forecasts as usize } else { 0 };
        }
    }
    println!("total: {} of {of}; others {}", held[0], held[1]);
    // Of 84 weeks, those of one shop after the same three windows.
    let share = held[0] as f64 / of as f64;
    assert!((0.8..=1.0).contains(&share), "{share}");
}

#[test]
fn intervals_of_totals_hold_on_simulated_boutiques() {
    let mut held: std::collections::BTreeMap<String, (f64, f64)> =
        std::collections::BTreeMap::new();
    for seed in [11, 12, 13] {
        let shop = crate::promoted::chain(seed, 0);
        let later = crate::promoted::history(&shop);
        let product = crate::promoted::product("coherent = \"summed\"\n");
        let earlier = later.until(product.measured_from(later.as_of()));
        let card = product.fit(&earlier, 1).unwrap().evaluate(&later, 1);
        for part in card.parts.iter().filter(|part| part.by == "level") {
            let of = held.entry(part.label.clone().unwrap()).or_default();
            of.0 += part.covered * part.forecasts as f64;
            of.1 += part.forecasts as f64;
        }
    }
    for (level, (held, of)) in &held {
        println!("{level}: {:.3} of {of}", held / of);
    }
    // Days of one shop after one training are not independent: three trainings tell the total's to a tenth.
    for (level, least) in [
        ("total", 0.7),
        ("region", 0.75),
        ("category", 0.8),
        ("product", 0.85),
    ] {
        let (held, of) = held[level];
        assert!(
            (least..=1.0).contains(&(held / of)),
            "{level}: {}",
            held / of
        );
    }
}
