//! Forecasts made to agree with those of the groups above them: shops of which it is known which level can be forecast.

use jiff::civil::date;
use math::random::stream;
use models::coherent::{Hierarchy, Level, Method, Parents};
use models::demand::{
    Agreement, FitError, Forecast, Forecaster, Known, Panel, Role, Settings, Step,
};
use rand::RngExt;

const WEEKS: usize = 32;
const AHEAD: usize = 6;
const PRODUCTS: usize = 12;
const SITES: usize = 4;
const SERIES: usize = PRODUCTS * SITES;

/// Products in three categories at four sites in two regions; codes by series.
fn hierarchy(series: &[usize]) -> Hierarchy {
    let named =
        |of: &dyn Fn(usize) -> String| -> Vec<String> { series.iter().map(|s| of(*s)).collect() };
    let leaves = named(&|s| format!("p{} s{}", s / SITES, s % SITES));
    let levels = [
        ("total", named(&|_| "all".to_owned())),
        ("category", named(&|s| format!("c{}", s / SITES % 3))),
        ("region", named(&|s| format!("r{}", s % SITES / 2))),
        ("site", named(&|s| format!("s{}", s % SITES))),
    ];
    let levels: Vec<Level<'_>> = levels
        .iter()
        .map(|(name, of)| Level {
            name,
            parents: Parents::OfLeaves(of.iter().map(|label| Some(label.as_str())).collect()),
        })
        .collect();
    let leaves: Vec<&str> = leaves.iter().map(String::as_str).collect();
    Hierarchy::new(&leaves, &levels).unwrap()
}

/// - `sold`: of a series in a period.
fn panel(
    known: usize,
    sold: impl Fn(usize, usize) -> f64,
    open: impl Fn(usize, usize) -> bool,
) -> Panel {
    let all = known + AHEAD;
    let mut values = Vec::new();
    for series in 0..SERIES {
        let told = |week| {
            if open(series, week) {
                sold(series, week) as f32
            } else {
                f32::NAN
            }
        };
        values.extend((0..known).map(told));
    }
    let is_open = (0..SERIES).flat_map(|s| (0..all).map(move |week| (s, week)));
    let columns = vec![Known {
        role: Role::Open,
        name: "open".to_owned(),
        row_of: (0..SERIES as u32).collect(),
        values: is_open
            .map(|(s, week)| f32::from(u8::from(open(s, week))))
            .collect(),
    }];
    let groups = (0..SERIES as u32)
        .map(|s| [s / SITES as u32 % 3, s % SITES as u32])
        .collect();
    Panel::new(
        Step::Week,
        date(2024, 1, 1),
        (known, AHEAD),
        values,
        groups,
        columns,
    )
    .unwrap()
}

/// What is expected of each series: all grow alike.
fn growing(series: usize, week: usize) -> f64 {
    (20.0 + series as f64) * (1.0 + 0.04 * week as f64)
}

/// Customers of one product go to the next and come back: whatever one series has more another has less.
fn traded(seed: u64) -> impl Fn(usize, usize) -> f64 {
    move |series, week| {
        let (pair, sign) = (
            series / 2,
            if series.is_multiple_of(2) { 1.0 } else { -1.0 },
        );
        let mut random = stream(seed, (pair * 1_000 + week) as u64);
        let moved: f64 = random.random_range(-0.6..0.6);
        growing(series, week) + sign * moved * growing(2 * pair, week)
    }
}

/// Absolute error beside what is expected, as a share of it.
fn off(forecast: &Forecast, truth: impl Fn(usize, usize) -> f64) -> f64 {
    let (mut off, mut all) = (0.0, 0.0);
    for series in 0..SERIES {
        for (ahead, said) in forecast.expected(series).iter().enumerate() {
            let truth = truth(series, WEEKS + ahead);
            off += (said - truth).abs();
            all += truth;
        }
    }
    off / all
}

fn learnt(panel: &Panel, hierarchy: &Hierarchy) -> (Agreement, Forecaster) {
    let settings = Settings::default();
    let early = Forecaster::fit_early(panel, AHEAD, &settings).unwrap();
    let (agreement, early, _) = Agreement::learn(panel, hierarchy, early, &settings).unwrap();
    let forecaster = early.again(panel, &settings).unwrap();
    let agreement = agreement.again(panel, hierarchy, &settings).unwrap();
    (agreement, forecaster)
}

fn always(_: usize, _: usize) -> bool {
    true
}

/// Sums of what is forecast over the groups of all levels are what a group is expected to sell.
fn sums(hierarchy: &Hierarchy, forecast: &Forecast) -> Vec<f64> {
    hierarchy.sum_up(forecast.all(), forecast.ahead()).unwrap()
}

#[test]
fn a_total_that_can_be_foreseen_makes_the_forecasts_of_series_better() {
    let all: Vec<usize> = (0..SERIES).collect();
    let hierarchy = hierarchy(&all);
    let (mut plain_off, mut agreed_off) = (0.0, 0.0);
    for seed in 0..4 {
        let panel = panel(WEEKS, traded(seed), always);
        let (agreement, forecaster) = learnt(&panel, &hierarchy);
        let plain = forecaster.forecast(&panel).unwrap();
        let agreed = agreement.agree(&panel, &hierarchy, plain.clone()).unwrap();
        // The sum of the series does not see that they grow; the total does.
        let total = |of: &Forecast, ahead: usize| sums(&hierarchy, of)[ahead];
        for ahead in 0..AHEAD {
            let truth: f64 = (0..SERIES).map(|s| growing(s, WEEKS + ahead)).sum();
            let (was, is) = (total(&plain, ahead) / truth, total(&agreed, ahead) / truth);
            assert!(was < 0.8 && (is - 1.0).abs() < 0.03, "{was} {is}");
        }
        plain_off += off(&plain, growing);
        agreed_off += off(&agreed, growing);
        assert!(agreement.changes());
        let leaf = agreement.levels().last().unwrap();
        assert!(leaf.agreed < leaf.summed, "{leaf:?}");
        let total = &agreement.levels()[0];
        assert!(total.agreed < 0.5 * total.summed, "{total:?}");
    }
    // Measured: 0.33 to 0.36 times as far off.
    assert!(agreed_off < 0.5 * plain_off, "{agreed_off} {plain_off}");
}

#[test]
fn sums_of_series_are_kept_where_groups_cannot_be_forecast_better() {
    // Every series has level and scatter of its own, and nothing else: all that can be known of a group is known of them.
    let all: Vec<usize> = (0..SERIES).collect();
    let hierarchy = hierarchy(&all);
    for seed in 0..20 {
        let sold = |series: usize, week: usize| {
            let mut random = stream(seed + 100, (series * 1_000 + week) as u64);
            (20.0 + series as f64) * random.random_range(0.7..1.3)
        };
        let panel = panel(WEEKS, sold, always);
        let (agreement, forecaster) = learnt(&panel, &hierarchy);
        assert_eq!(agreement.method(), Method::BottomUp);
        assert!(!agreement.changes() && agreement.groups().is_none());
        let plain = forecaster.forecast(&panel).unwrap();
        let agreed = agreement.agree(&panel, &hierarchy, plain.clone()).unwrap();
        assert_eq!(agreed, plain);
        // It is told all the same how far off each level was.
        assert_eq!(agreement.levels().len(), 5);
        assert!(
            agreement
                .levels()
                .iter()
                .all(|level| level.agreed == level.summed)
        );
    }
}

#[test]
fn what_is_closed_stays_closed_and_nothing_is_below_nothing() {
    let all: Vec<usize> = (0..SERIES).collect();
    let hierarchy = hierarchy(&all);
    // The second site is closed in every fourth week, and all are in one of those ahead.
    let open = |series: usize, week: usize| {
        week != WEEKS + 4 && !(series % SITES == 1 && week.is_multiple_of(4))
    };
    let panel = panel(WEEKS, traded(9), open);
    let (agreement, forecaster) = learnt(&panel, &hierarchy);
    assert!(agreement.changes());
    let agreed = forecaster.forecast(&panel).unwrap();
    let agreed = agreement.agree(&panel, &hierarchy, agreed).unwrap();
    let mut closed = 0;
    for series in 0..SERIES {
        for (ahead, said) in agreed.expected(series).iter().enumerate() {
            if !open(series, WEEKS + ahead) {
                closed += 1;
                assert_eq!(
                    (*said, agreed.interval(series, ahead, 0.9)),
                    (0.0, (0.0, 0.0))
                );
            } else {
                let (low, high) = agreed.interval(series, ahead, 0.9);
                assert!(
                    *said >= 0.0 && low >= 0.0 && high > low,
                    "{series} {ahead} {said}"
                );
            }
        }
    }
    assert!(closed > SERIES);
    // Sums over categories and over regions are both the total: 1e-9 sees what any series does not hand up.
    let sums = sums(&hierarchy, &agreed);
    for ahead in 0..AHEAD {
        let of = |level: usize| -> f64 {
            hierarchy
                .nodes(level)
                .map(|node| sums[node * AHEAD + ahead])
                .sum()
        };
        for level in 1..5 {
            assert!(
                (of(level) - of(0)).abs() <= 1e-9 * of(0).max(1.0),
                "{level} {ahead}"
            );
        }
    }
}

#[test]
fn it_comes_back_the_same_and_serves_a_shop_that_has_changed() {
    let all: Vec<usize> = (0..SERIES).collect();
    let whole = hierarchy(&all);
    let panel = panel(WEEKS, traded(2), always);
    let (agreement, forecaster) = learnt(&panel, &whole);
    let kept = serde_json::to_string(&agreement).unwrap();
    let back: Agreement = serde_json::from_str(&kept).unwrap();
    assert_eq!(back, agreement);
    assert!(back.changes() && back.check() == agreement.check());
    // Two products have gone and the sites of one are new: their forecasts agree nevertheless.
    let left: Vec<usize> = (8..SERIES).collect();
    let fewer = Panel::new(
        Step::Week,
        date(2024, 1, 1),
        (WEEKS, AHEAD),
        left.iter()
            .flat_map(|s| panel.values(*s))
            .copied()
            .collect(),
        left.iter()
            .map(|s| [(s / SITES % 3) as u32, (s % SITES) as u32])
            .collect(),
        vec![Known {
            role: Role::Open,
            name: "open".to_owned(),
            row_of: vec![0; left.len()],
            values: vec![1.0; WEEKS + AHEAD],
        }],
    )
    .unwrap();
    let renamed: Vec<usize> = left
        .iter()
        .map(|s| if *s < 12 { s + SERIES } else { *s })
        .collect();
    let part = hierarchy(&renamed);
    let plain = forecaster.forecast(&fewer).unwrap();
    let agreed = back.agree(&fewer, &part, plain.clone()).unwrap();
    let (before, after): (f64, f64) = (plain.all().iter().sum(), agreed.all().iter().sum());
    assert!(
        before != after && (before / after - 1.0).abs() < 0.5,
        "{before} {after}"
    );
    // Of other series than the hierarchy has leaves it is no hierarchy.
    let why = back
        .agree(&panel, &part, forecaster.forecast(&panel).unwrap())
        .unwrap_err();
    assert!(matches!(why, FitError::Panel(_)), "{why}");
    assert!(
        why.to_string()
            .contains("found a hierarchy of 40 leaves, expected one for each of 48 series"),
        "{why}"
    );
}

#[test]
fn a_group_sells_what_its_series_do_and_what_they_would_have_sold() {
    let all: Vec<usize> = (0..SERIES).collect();
    let hierarchy = hierarchy(&all);
    // The first series is new in the third week and of unknown sales in the sixth; the second site is closed in the fourth.
    let sold = |series: usize, week: usize| match (series, week) {
        (0, 0..2 | 5) => f64::NAN,
        _ => 10.0,
    };
    let open = |series: usize, week: usize| !(series % SITES == 1 && week == 3);
    let panel = panel(8, sold, open);
    let sums = panel.summed(&hierarchy).unwrap();
    let total = sums.values(0);
    let n = SERIES as f32;
    let closed = PRODUCTS as f32;
    assert_eq!(
        total,
        [
            10.0 * (n - 1.0),
            10.0 * (n - 1.0),
            10.0 * n,
            10.0 * (n - closed),
            10.0 * n,
            10.0 * n,
            10.0 * n,
            10.0 * n
        ]
    );
    let site = hierarchy.node("site", "s1").unwrap();
    assert!(sums.values(site)[3].is_nan() && !sums.is_open(site, 3));
    assert!(sums.is_open(0, 3));
    let open = sums.value_of(Role::Open, 0, 3).unwrap();
    assert!((open - 0.75).abs() < 1e-3, "{open}");
}
