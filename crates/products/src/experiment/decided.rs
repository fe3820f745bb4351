//! A data product against the universal holdout: whom it decided for, and whom it held out.

use super::error::ExperimentError;
use super::settings::Settings;
use super::units::{Times, Unit, Units, day_of, windows};
use super::{DECIDED, HELD_OUT};
use features::{History, Round};

/// The arm of a customer of a product's rounds: 0 where held out, 1 where decided for; `None` for one of both.
pub(super) fn arm_of(rounds: &[Round]) -> Option<usize> {
    let first = rounds.first()?.held_out;
    let same = rounds.iter().all(|round| round.held_out == first);
    same.then_some(usize::from(!first))
}

/// The rounds of one customer that count.
pub(super) fn rounds_of<'a>(
    history: &'a History,
    product: &str,
    customer: &str,
    settings: &Settings,
) -> &'a [Round] {
    let rounds = history.trials().rounds().of_customer(product, customer);
    since(rounds, Times::of(history, settings).start)
}

/// Rounds are sorted by time.
fn since(rounds: &[Round], start: i64) -> &[Round] {
    &rounds[rounds.partition_point(|round| round.at_seconds < start)..]
}

/// Everybody whom a product was asked about.
pub(super) fn units<'a>(
    history: &'a History,
    product: &str,
    times: Times,
) -> Result<Units<'a>, ExperimentError> {
    let mut units = Units {
        arms: vec![HELD_OUT.to_owned(), DECIDED.to_owned()],
        shares: None,
        assigned: vec![0; 2],
        finished: Vec::new(),
        start: history.as_of(),
        repeated: 0,
        both: 0,
        moved: 0,
        reached: None,
        rounds: None,
    };
    let mut days = [0u64; 2];
    for (customer, rounds) in history.trials().rounds().of(product) {
        let rounds = since(rounds, times.start);
        let Some(first) = rounds.first() else {
            continue;
        };
        let Some(arm) = arm_of(rounds) else {
            units.both += 1;
            continue;
        };
        units.assigned[arm] += 1;
        units.start = units.start.min(day_of(first.at_seconds));
        let moments = rounds.iter().map(|round| round.at_seconds);
        let over: Vec<i64> = moments.filter(|at| times.is_over(*at)).collect();
        if !over.is_empty() {
            days[arm] += over.len() as u64;
            units.finished.push(Unit {
                customer,
                arm,
                weight: 1.0,
                first: first.at_seconds,
                windows: windows(over, times.window),
            });
        }
    }
    check_arms(history, product, &units)?;
    let customers = |arm: usize| units.finished.iter().filter(|u| u.arm == arm).count();
    let mean = |arm: usize| days[arm] as f64 / customers(arm).max(1) as f64;
    units.rounds = Some(vec![mean(0), mean(1)]);
    Ok(units)
}

fn check_arms(history: &History, product: &str, units: &Units<'_>) -> Result<(), ExperimentError> {
    match units.assigned[..] {
        [0, 0] => Err(ExperimentError::NoDecision {
            product: product.to_owned(),
            as_of: history.as_of(),
        }),
        [_, 0] | [0, _] => {
            let only = units.assigned.iter().position(|customers| *customers > 0);
            Err(ExperimentError::OneArm {
                experiment: format!("product {product}"),
                arm: units.arms[only.unwrap_or(0)].clone(),
            })
        }
        [..] => Ok(()),
    }
}
