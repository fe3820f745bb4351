//! Changes that never happened, on the sales of 1,115 real drugstores; needs the folder named by `COMPTOIR_DATA`.

use crate::simulated::{Coverage, draws};
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use measure::quasi::{
    Change, Panel, QuasiError, Reading, Switchback, Trends, difference_in_differences, switchback,
    synthetic_control,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};

/// 2013-01-07, the first Monday, in days since 1970-01-01.
const MONDAY: i64 = 15_712;

/// Weeks up to 2015-07-26.
const WEEKS: usize = 133;

const CASES: u64 = 500;

/// Weekly sales of the stores that were open in every week, and by day whether stores had a promotion.
struct Stores {
    weekly: Vec<Vec<f64>>,
    promotion: BTreeMap<i64, BTreeSet<i64>>,
    daily: Vec<f64>,
}

fn numbers(batches: &[RecordBatch], name: &str, through: &DataType) -> Vec<i64> {
    let of = |batch: &RecordBatch| {
        let column = cast(batch.column_by_name(name).unwrap(), through).unwrap();
        let column = cast(&column, &DataType::Int64).unwrap();
        column.as_primitive::<Int64Type>().values().to_vec()
    };
    batches.iter().flat_map(of).collect()
}

fn stores(claim: &str) -> Option<Stores> {
    let Some(folder) = std::env::var_os("COMPTOIR_DATA") else {
        println!("skipped: {claim} needs COMPTOIR_DATA");
        return None;
    };
    let path = std::path::Path::new(&folder).join("rossmann/train_open_days.parquet");
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap());
    let reader = reader.unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().unwrap();
    let plain = |name: &str| numbers(&batches, name, &DataType::Int64);
    let (store, sales, promo) = (plain("Store"), plain("Sales"), plain("Promo"));
    let date = DataType::Timestamp(arrow::datatypes::TimeUnit::Second, None);
    let days = numbers(&batches, "Date", &date);
    let mut weekly: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    let mut promotion: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let mut daily = vec![0.0; 7 * WEEKS];
    for (row, seconds) in days.iter().enumerate() {
        let day = seconds.div_euclid(86_400) - MONDAY;
        promotion.entry(day).or_default().insert(promo[row]);
        if (0..7 * WEEKS as i64).contains(&day) {
            let weeks = weekly.entry(store[row]).or_insert_with(|| vec![0.0; WEEKS]);
            weeks[usize::try_from(day / 7).unwrap()] += sales[row] as f64;
            daily[usize::try_from(day).unwrap()] += sales[row] as f64;
        }
    }
    let open = weekly
        .into_values()
        .filter(|weeks| weeks.iter().all(|sold| *sold > 0.0));
    Some(Stores {
        weekly: open.collect(),
        promotion,
        daily,
    })
}

impl Stores {
    /// Some stores in some weeks, of which the first `treated` are said to be changed.
    fn drawn(
        &self,
        case: u64,
        treated: usize,
        count: usize,
        weeks: usize,
    ) -> (Vec<f64>, Vec<bool>) {
        let mut random = draws(19, case);
        let mut places: Vec<usize> = (0..self.weekly.len()).collect();
        for place in 0..count {
            let other = random.random_range(place..places.len());
            places.swap(place, other);
        }
        let from = random.random_range(0..=WEEKS - weeks);
        let rows = places[..count]
            .iter()
            .map(|store| &self.weekly[*store][from..from + weeks]);
        (
            rows.flatten().copied().collect(),
            (0..count).map(|unit| unit < treated).collect(),
        )
    }
}

fn reading(seed: u64) -> Reading {
    Reading {
        level: 0.95,
        draws: 199,
        seed,
    }
}

#[test]
fn nothing_at_thirty_real_stores_is_read_as_nothing() {
    let Some(stores) = stores("nothing_at_thirty_real_stores_is_read_as_nothing") else {
        return;
    };
    assert!(stores.weekly.len() > 800, "{}", stores.weekly.len());
    let (mut coverage, mut alike) = (Coverage::default(), Coverage::default());
    for case in 0..CASES {
        let (values, treated) = stores.drawn(case, 30, 300, 34);
        let panel = Panel::new(&values, 34).unwrap();
        let change = Change {
            treated: &treated,
            first: 26,
        };
        let found = difference_in_differences(&panel, &change, &reading(case)).unwrap();
        let size = *found.effect.size().unwrap();
        coverage.add(size.low, 0.0, size.high);
        let apart = matches!(found.trends, Trends::Apart { .. });
        alike.add(0.0, f64::from(u8::from(apart)), 0.5);
    }
    println!("30 stores of 300: {coverage:?}, trends {alike:?}");
    coverage.assert_is(0.95, "30 stores of 300");
    alike.assert_is(0.95, "trends of stores drawn by chance");
}

#[test]
fn nothing_at_three_real_stores_is_read_as_nothing() {
    let Some(stores) = stores("nothing_at_three_real_stores_is_read_as_nothing") else {
        return;
    };
    let mut coverage = Coverage::default();
    for case in 0..CASES {
        let (values, treated) = stores.drawn(case, 3, 40, 34);
        let panel = Panel::new(&values, 34).unwrap();
        let change = Change {
            treated: &treated,
            first: 26,
        };
        let found = difference_in_differences(&panel, &change, &reading(case)).unwrap();
        let size = *found.effect.size().unwrap();
        coverage.add(size.low, 0.0, size.high);
    }
    println!("3 stores of 40: {coverage:?}");
    coverage.assert_is(0.95, "3 stores of 40");
}

#[test]
fn weighted_stores_are_nearer_to_one_real_store_than_the_mean_of_all() {
    let claim = "weighted_stores_are_nearer_to_one_real_store_than_the_mean_of_all";
    let Some(stores) = stores(claim) else {
        return;
    };
    let mut quiet = Coverage::default();
    let (mut weighted, mut mean, mut detectable) = (0.0, 0.0, 0.0);
    for case in 0..CASES / 2 {
        let (values, treated) = stores.drawn(case, 1, 60, 60);
        let panel = Panel::new(&values, 60).unwrap();
        let change = Change {
            treated: &treated,
            first: 52,
        };
        let found = synthetic_control(&panel, &change, true, &reading(case)).unwrap();
        assert!(
            found.convergence.converged,
            "{case}: {:?}",
            found.convergence
        );
        quiet.add(0.0, f64::from(u8::from(found.p_value <= 0.05)), 0.5);
        let level = found.treated_after - found.point;
        weighted += (found.point / level).abs();
        detectable += found.detectable.unwrap() / level;
        let found = difference_in_differences(&panel, &change, &reading(case)).unwrap();
        mean += (found.point / level).abs();
    }
    let cases = (CASES / 2) as f64;
    println!(
        "one store of 60: off by {:.4} weighted, {:.4} by the mean of all; {:.4} is seen; {quiet:?}",
        weighted / cases,
        mean / cases,
        detectable / cases
    );
    quiet.assert_is(0.95, "one store of 60");
    assert!(weighted < 0.95 * mean, "{weighted} against {mean}");
}

#[test]
fn a_promotion_in_every_store_on_the_same_days_is_not_told_from_those_days() {
    let claim = "a_promotion_in_every_store_on_the_same_days_is_not_told_from_those_days";
    let Some(stores) = stores(claim) else {
        return;
    };
    // On each day all stores that are open have it, or none has.
    assert!(stores.promotion.values().all(|found| found.len() == 1));
    let everywhere = vec![true; stores.weekly.len()];
    let values = stores.weekly.concat();
    let panel = Panel::new(&values, WEEKS).unwrap();
    let change = Change {
        treated: &everywhere,
        first: 60,
    };
    let units = stores.weekly.len();
    let refused = QuasiError::EverybodyTreated { units };
    let found = difference_in_differences(&panel, &change, &reading(0)).unwrap_err();
    assert_eq!(found, refused);
    let found = synthetic_control(&panel, &change, true, &reading(0)).unwrap_err();
    assert_eq!(found, refused);
    // Weeks with it beside weeks without: a number, which stands on chance having drawn the weeks.
    let on: Vec<bool> = (0..WEEKS as i64)
        .map(|week| {
            stores.promotion[&(7 * week)].contains(&1)
                || stores.promotion[&(7 * week + 1)].contains(&1)
        })
        .collect();
    let experiment = Switchback {
        outcomes: &stores.daily,
        treated: &on,
        block: 7,
        burn_in: 0,
    };
    let found = switchback(&experiment, &reading(0)).unwrap();
    let share = found.point / found.control_mean;
    println!(
        "{} weeks with, {} without: {:+.1} %, order {}",
        found.treated,
        found.others,
        100.0 * share,
        found.order_p_value
    );
    assert!((0.2..0.5).contains(&share), "{share}");
    // The weeks were planned, almost every other one: chance would have switched far less often.
    assert!(found.order_p_value <= 0.011, "{}", found.order_p_value);
}
