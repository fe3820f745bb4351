//! Intervals of sums of forecasts: shops whose scatter is planted, and real departments where the folder named by
//! `COMPTOIR_DATA` is there.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type};
use jiff::civil::{Date, date};
use math::random::stream;
use models::coherent::{Hierarchy, Level, Parents};
use models::demand::{Basis, FitError, Forecaster, HeldOut, Panel, Settings, Step, Totals};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::RngExt;

const PRODUCTS: usize = 12;
const SITES: usize = 4;
const SERIES: usize = PRODUCTS * SITES;
const AHEAD: usize = 8;
const WINDOWS: usize = 3;
/// What is learnt from, and one more that is held against it.
const WEEKS: usize = (WINDOWS + 1) * AHEAD;

fn hierarchy(levels: &[(&str, Vec<String>)]) -> Hierarchy {
    let n = levels[0].1.len();
    let leaves: Vec<String> = (0..n).map(|series| format!("leaf {series}")).collect();
    let leaves: Vec<&str> = leaves.iter().map(String::as_str).collect();
    let levels: Vec<Level<'_>> = levels
        .iter()
        .map(|(name, of)| Level {
            name,
            parents: Parents::OfLeaves(of.iter().map(|label| Some(label.as_str())).collect()),
        })
        .collect();
    Hierarchy::new(&leaves, &levels).unwrap()
}

fn shop() -> Hierarchy {
    let of = |name: &dyn Fn(usize) -> String| (0..SERIES).map(name).collect();
    hierarchy(&[
        ("total", of(&|_| "all".to_owned())),
        ("category", of(&|s| format!("c{}", s / SITES % 3))),
        ("site", of(&|s| format!("s{}", s % SITES))),
    ])
}

/// About normal, with mean 0 and standard deviation 1.
fn normal(random: &mut impl RngExt) -> f64 {
    (0..12).map(|_| random.random_range(-0.5..0.5)).sum()
}

/// What is expected of each series in each week.
fn expected(series: usize, week: usize) -> f64 {
    let season = 1.0 + 0.3 * (week as f64 * 0.7).sin();
    (40.0 + 5.0 * series as f64) * season
}

/// Sold beside what was expected. All series share a surprise of each window and of each week, those of a category one of
/// the week, and each has its own; the first category scatters more.
fn sold(seed: u64) -> Vec<f32> {
    let mut random = stream(seed, 1);
    let windows: Vec<f64> = (0..=WINDOWS).map(|_| 0.04 * normal(&mut random)).collect();
    let weeks: Vec<f64> = (0..WEEKS).map(|_| 0.05 * normal(&mut random)).collect();
    let mut categories = Vec::new();
    for category in 0..3 {
        let spread = if category == 0 { 0.2 } else { 0.05 };
        categories.push(
            (0..WEEKS)
                .map(|_| spread * normal(&mut random))
                .collect::<Vec<f64>>(),
        );
    }
    let mut values = Vec::with_capacity(SERIES * WEEKS);
    for series in 0..SERIES {
        for week in 0..WEEKS {
            let own = 0.2 * normal(&mut random);
            let all = windows[week / AHEAD] + weeks[week] + categories[series / SITES % 3][week];
            values.push((expected(series, week) * (1.0 + all + own).max(0.0)) as f32);
        }
    }
    values
}

/// The panel as known before a week.
fn panel(values: &[f32], known: usize) -> Panel {
    let of_series = values.chunks_exact(values.len() / SERIES);
    let values = of_series.flat_map(|of| &of[..known]).copied().collect();
    let groups = (0..SERIES as u32).map(|s| [s / SITES as u32 % 3, s % SITES as u32]);
    Panel::new(
        Step::Week,
        date(2024, 1, 1),
        (known, AHEAD),
        values,
        groups.collect(),
        Vec::new(),
    )
    .unwrap()
}

fn window(at: usize) -> HeldOut {
    let weeks = at * AHEAD..(at + 1) * AHEAD;
    HeldOut {
        from: weeks.start,
        expected: (0..SERIES)
            .flat_map(|series| weeks.clone().map(move |week| expected(series, week)))
            .collect(),
    }
}

fn learnt(values: &[f32]) -> Totals {
    let windows: Vec<HeldOut> = (0..WINDOWS).map(window).collect();
    Totals::learn(&panel(values, WINDOWS * AHEAD), &shop(), &windows).unwrap()
}

/// How often intervals of each level hold: of single periods, and of all together.
#[derive(Debug, Default)]
struct Held(BTreeMap<String, [(u32, u32); 2]>);

impl Held {
    /// - `came`: nodes × periods.
    fn count(&mut self, hierarchy: &Hierarchy, totals: &Totals, said: &[f64], came: &[f64]) {
        let ahead = said.len() / hierarchy.n_nodes();
        let levels: Vec<&str> = hierarchy.level_names().collect();
        for (at, level) in levels[..levels.len() - 1].iter().enumerate() {
            let held = self.0.entry((*level).to_owned()).or_default();
            for node in hierarchy.nodes(at) {
                let of = (*level, hierarchy.label(node));
                let (said, came) = (
                    &said[node * ahead..][..ahead],
                    &came[node * ahead..][..ahead],
                );
                for (h, came) in came.iter().enumerate() {
                    let (low, high) = totals.interval(of, said, h, 0.9).unwrap();
                    held[0].0 += u32::from(low <= *came && *came <= high);
                    held[0].1 += 1;
                }
                for up_to in [ahead / 2, ahead - 1] {
                    let all: f64 = came[..=up_to].iter().sum();
                    let (low, high) = totals.interval_of_total(of, said, up_to, 0.9).unwrap();
                    held[1].0 += u32::from(low <= all && all <= high);
                    held[1].1 += 1;
                }
            }
        }
    }

    fn share(&self, level: &str, which: usize) -> f64 {
        let (held, of) = self.0[level][which];
        f64::from(held) / f64::from(of)
    }
}

#[test]
fn intervals_of_totals_hold_where_all_series_share_their_surprises() {
    let (hierarchy, mut held) = (shop(), Held::default());
    let mut sums_of_quantiles = (0, 0);
    for seed in 0..200 {
        let values = sold(seed);
        let totals = learnt(&values);
        let said = hierarchy.sum_up(&window(WINDOWS).expected, AHEAD).unwrap();
        let later = panel(&values, WEEKS);
        let came: Vec<f64> = later
            .came(WINDOWS * AHEAD, AHEAD)
            .map(Option::unwrap)
            .collect();
        let came = hierarchy.sum_up(&came, AHEAD).unwrap();
        held.count(&hierarchy, &totals, &said, &came);
        // Were series independent, the total would scatter so little: an interval by that holds hardly ever.
        let series = &window(WINDOWS).expected;
        for week in 0..AHEAD {
            let squares = (0..SERIES).map(|s| (0.25 * series[s * AHEAD + week]).powi(2));
            let reach = 1.645 * squares.sum::<f64>().sqrt();
            sums_of_quantiles.0 += u32::from((came[week] - said[week]).abs() <= reach);
            sums_of_quantiles.1 += 1;
        }
    }
    println!("{held:?}, as if independent {sums_of_quantiles:?}");
    for level in ["total", "category", "site"] {
        for which in [0, 1] {
            let share = held.share(level, which);
            assert!((0.85..=0.97).contains(&share), "{level} {which}: {share}");
        }
    }
    assert!(f64::from(sums_of_quantiles.0) < 0.75 * f64::from(sums_of_quantiles.1));
}

#[test]
fn a_group_that_scatters_more_than_its_like_has_a_wider_interval_of_its_own() {
    let mut wider = 0;
    for seed in 0..40 {
        let totals = learnt(&sold(seed));
        let width = |group: &str| {
            let said = [1_000.0; AHEAD];
            let (low, high) = totals.interval(("category", group), &said, 0, 0.9).unwrap();
            high - low
        };
        wider += usize::from(width("c0") > 1.5 * width("c1"));
        assert_eq!(
            totals.basis("category", "c0"),
            Some(Basis::Own { windows: 3 })
        );
        // One that was not there has that of its level, between the others.
        assert_eq!(
            totals.basis("category", "new"),
            Some(Basis::Level { groups: 3 })
        );
        assert!(width("new") <= width("c0"));
    }
    // Three windows tell a scatter to a third of it at best.
    assert!(wider >= 30, "{wider} of 40");
}

#[test]
fn quantiles_are_those_of_the_size_and_the_unit_asked_for() {
    let totals = learnt(&sold(7));
    let of = ("site", "s1");
    let said: Vec<f64> = (0..AHEAD).map(|h| 500.0 + 50.0 * h as f64).collect();
    let cents: Vec<f64> = said.iter().map(|one| 100.0 * one).collect();
    for ahead in 0..AHEAD {
        for level in [0.05, 0.5, 0.95] {
            let plain = totals.quantile(of, &said, ahead, level).unwrap();
            let scaled = totals.quantile(of, &cents, ahead, level).unwrap();
            assert!((100.0 * plain - scaled).abs() < 1e-9 * scaled);
        }
        let at = |level| totals.quantile_of_total(of, &said, ahead, level).unwrap();
        let levels = [0.05, 0.25, 0.5, 0.75, 0.95].map(at);
        assert!(levels.is_sorted() && levels[0] < levels[4], "{levels:?}");
    }
    // Of several periods together less is to be feared than of each by itself.
    let (low, high) = totals.interval_of_total(of, &said, AHEAD - 1, 0.9).unwrap();
    let each = (0..AHEAD).map(|h| totals.interval(of, &said, h, 0.9).unwrap());
    let apart: f64 = each.map(|(low, high)| high - low).sum();
    assert!(high - low < apart, "{low} {high} {apart}");
    assert_eq!(totals.interval(of, &[0.0; AHEAD], 0, 0.9), Some((0.0, 0.0)));
    assert_eq!(totals.interval(("region", "r"), &said, 0, 0.9), None);
    let kept = serde_json::to_string(&totals).unwrap();
    let back: Totals = serde_json::from_str(&kept).unwrap();
    assert_eq!(back, totals);
    assert_eq!(back.check(), totals.check());
}

#[test]
fn what_cannot_be_learnt_is_refused() {
    let values = vec![0.0; SERIES * WEEKS];
    let nothing = HeldOut {
        from: 0,
        expected: vec![0.0; SERIES * AHEAD],
    };
    let known = panel(&values, AHEAD);
    let refused = Totals::learn(&known, &shop(), &[nothing]).unwrap_err();
    assert!(matches!(refused, FitError::NothingSold), "{refused}");
    let short = HeldOut {
        from: 0,
        expected: vec![1.0; SERIES * AHEAD - 1],
    };
    assert!(Totals::learn(&known, &shop(), &[short]).is_err());
}

/// Weekly sales of some departments of some stores: series × weeks, with their stores and departments; `None` without the
/// folder.
fn departments() -> Option<(Vec<f32>, Vec<String>, Vec<String>)> {
    let Some(folder) = std::env::var_os("COMPTOIR_DATA") else {
        println!("skipped: COMPTOIR_DATA is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("walmart_store_sales/train.parquet");
    let file = std::fs::File::open(path).expect("the departments");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut of: BTreeMap<(i64, i64), BTreeMap<i32, f32>> = BTreeMap::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let [store, department, sales] = ["Store", "Dept", "Weekly_Sales"].map(|name| {
            let column = cast(batch.column_by_name(name).unwrap(), &DataType::Float64).unwrap();
            column.as_primitive::<Float64Type>().clone()
        });
        let day = cast(batch.column_by_name("Date").unwrap(), &DataType::Date32).unwrap();
        let day = day.as_primitive::<Date32Type>().clone();
        for row in 0..batch.num_rows() {
            let key = (store.value(row) as i64, department.value(row) as i64);
            let sold = sales.value(row).max(0.0) as f32;
            of.entry(key).or_default().insert(day.value(row), sold);
        }
    }
    let weeks = of.values().map(BTreeMap::len).max()?;
    // Those that sold in every week, of every third store and department.
    of.retain(|(store, department), sold| {
        store % 3 == 0 && department % 3 == 1 && sold.len() == weeks
    });
    let (mut values, mut stores, mut departments) = (Vec::new(), Vec::new(), Vec::new());
    for ((store, department), sold) in of {
        values.extend(sold.into_values());
        stores.push(format!("store {store}"));
        departments.push(format!("department {department}"));
    }
    Some((values, stores, departments))
}

#[test]
fn intervals_of_totals_hold_on_real_departments() {
    let Some((values, stores, departments)) = departments() else {
        return;
    };
    let series = stores.len();
    let weeks = values.len() / series;
    let all = vec!["all".to_owned(); series];
    let hierarchy = hierarchy(&[
        ("total", all),
        ("store", stores),
        ("department", departments),
    ]);
    let first: Date = date(2010, 2, 5);
    let known = |until: usize| {
        let of_series = values.chunks_exact(weeks);
        let values = of_series.flat_map(|of| &of[..until]).copied().collect();
        let groups = vec![[0, 0]; series];
        Panel::new(
            Step::Week,
            first,
            (until, AHEAD),
            values,
            groups,
            Vec::new(),
        )
        .unwrap()
    };
    let settings = Settings {
        rows_max: 20_000,
        ..Settings::default()
    };
    let mut held = Held::default();
    // Five times eight weeks, the last of them the last known.
    for back in 1..=5 {
        let until = weeks - back * AHEAD;
        let past = known(until);
        let early = Forecaster::fit_early(&past, AHEAD, &settings).unwrap();
        let totals = Totals::learn(&past, &hierarchy, &early.held_out(&past).unwrap()).unwrap();
        let forecast = early
            .again(&past, &settings)
            .unwrap()
            .forecast(&past)
            .unwrap();
        let said = hierarchy.sum_up(forecast.all(), AHEAD).unwrap();
        let came: Vec<f64> = known(until + AHEAD)
            .came(until, AHEAD)
            .map(Option::unwrap)
            .collect();
        let came = hierarchy.sum_up(&came, AHEAD).unwrap();
        // What is told of groups adds up.
        for (at, level) in [(1, "store"), (2, "department")] {
            for week in 0..AHEAD {
                let sum: f64 = hierarchy
                    .nodes(at)
                    .map(|node| said[node * AHEAD + week])
                    .sum();
                assert!((sum - said[week]).abs() <= 1e-9 * sum, "{level}");
            }
        }
        held.count(&hierarchy, &totals, &said, &came);
    }
    println!("{series} series: {held:?}");
    for level in ["total", "store", "department"] {
        println!(
            "{level}: {:.3} {:.3}",
            held.share(level, 0),
            held.share(level, 1)
        );
    }
    // The groups of a level share their surprises: of forty weeks the shop over, and of five forecasts, few are independent.
    for (level, least) in [("total", 0.75), ("store", 0.8), ("department", 0.8)] {
        let share = held.share(level, 0);
        assert!((least..=0.99).contains(&share), "{level}: {share}");
        assert!(held.share(level, 1) >= least - 0.1, "{level}");
    }
}
