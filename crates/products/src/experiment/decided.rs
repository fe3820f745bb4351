//! A data product against the universal holdout: whom it decided for, and whom it held out.

use super::error::ExperimentError;
use super::settings::Settings;
use super::units::{Times, Unit, Units, day_of, windows};
use super::{DECIDED, HELD_OUT};
use features::{History, Round};
use schema::AsOf;

/// Who answered a customer in the rounds that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered<'a> {
    /// Nobody.
    Nobody,
    /// An arm.
    Arm(usize, &'a [Round]),
    /// More than one.
    Both,
}

impl Answered<'_> {
    pub(super) fn arm(self) -> Option<usize> {
        match self {
            Self::Arm(arm, _) => Some(arm),
            Self::Nobody | Self::Both => None,
        }
    }
}

/// Who answered in a customer's rounds.
///
/// - `arm`: of a round; none where it is of neither arm.
pub(super) fn answered(rounds: &[Round], arm: impl Fn(&Round) -> Option<usize>) -> Answered<'_> {
    let mut arms = rounds.iter().map(arm);
    match arms.next() {
        Some(first) if arms.any(|arm| arm != first) => Answered::Both,
        Some(Some(arm)) => Answered::Arm(arm, rounds),
        Some(None) | None => Answered::Nobody,
    }
}

/// The arm of a product's round: 0 where held out, 1 where decided for.
pub(super) fn arm_of(round: &Round) -> Option<usize> {
    Some(usize::from(!round.held_out))
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
    let customers = history.trials().rounds().of(product);
    let customers = customers
        .map(|(customer, rounds)| (customer, answered(since(rounds, times.start), arm_of)));
    let arms = [HELD_OUT, DECIDED].map(str::to_owned);
    let units = gathered(history.as_of(), arms, customers, times);
    units.with_both_arms(&format!("product {product}"), || {
        ExperimentError::NoDecision {
            product: product.to_owned(),
            as_of: history.as_of(),
        }
    })
}

/// Customers of two arms, each with the windows after their rounds.
pub(super) fn gathered<'a>(
    as_of: AsOf,
    arms: [String; 2],
    customers: impl Iterator<Item = (&'a str, Answered<'a>)>,
    times: Times,
) -> Units<'a> {
    let mut units = Units {
        arms: arms.to_vec(),
        shares: None,
        assigned: vec![0; 2],
        finished: Vec::new(),
        start: as_of,
        repeated: 0,
        both: 0,
        moved: 0,
        reached: None,
        rounds: None,
    };
    let mut days = [0u64; 2];
    for (customer, answered) in customers {
        let (arm, rounds) = match answered {
            Answered::Nobody => continue,
            Answered::Both => {
                units.both += 1;
                continue;
            }
            Answered::Arm(arm, rounds) => (arm, rounds),
        };
        let Some(first) = rounds.first() else {
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
    let customers = |arm: usize| units.finished.iter().filter(|u| u.arm == arm).count();
    let mean = |arm: usize| days[arm] as f64 / customers(arm).max(1) as f64;
    units.rounds = Some(vec![mean(0), mean(1)]);
    units
}
