//! A data product against the universal holdout: whom it decided for, and whom it held out.

use super::error::ExperimentError;
use super::settings::Settings;
use super::units::{Times, Unit, Units, day_of, windows};
use super::{DECIDED, HELD_OUT};
use features::{History, Round};
use schema::AsOf;

/// Who answered a customer in the rounds that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// Nobody.
    Nobody,
    /// An arm.
    Arm(usize),
    /// More than one.
    Both,
}

impl Answered {
    pub(super) fn arm(self) -> Option<usize> {
        match self {
            Self::Arm(arm) => Some(arm),
            Self::Nobody | Self::Both => None,
        }
    }
}

/// Who answered in a customer's rounds.
///
/// - `arm`: of a round; none where it is of neither arm.
pub(super) fn answered<'a>(
    rounds: impl IntoIterator<Item = &'a Round>,
    arm: impl Fn(&Round) -> Option<usize>,
) -> Answered {
    let mut arms = rounds.into_iter().map(arm);
    match arms.next() {
        Some(first) if arms.any(|arm| arm != first) => Answered::Both,
        Some(Some(arm)) => Answered::Arm(arm),
        Some(None) | None => Answered::Nobody,
    }
}

/// A customer of two arms.
#[derive(Debug, Clone)]
pub(super) struct Seen<'a> {
    pub(super) customer: &'a str,
    pub(super) answered: Answered,
    /// When, of the rounds that count, in seconds since 1970-01-01 UTC, oldest first.
    pub(super) moments: Vec<i64>,
    /// The probability of arm 1, where it is known.
    pub(super) share: Option<f64>,
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
    let customers = customers.map(|(customer, rounds)| {
        let rounds = since(rounds, times.start);
        Seen {
            customer,
            answered: answered(rounds, arm_of),
            moments: rounds.iter().map(|round| round.at_seconds).collect(),
            share: None,
        }
    });
    let arms = [HELD_OUT, DECIDED].map(str::to_owned);
    let units = gathered(history.as_of(), arms, customers, times);
    units.with_both_arms(&format!("product {product}"), || {
        ExperimentError::NoDecision {
            product: product.to_owned(),
            as_of: history.as_of(),
        }
    })
}

/// Customers of two arms, each with the windows after their rounds. Where the probability of an arm is known of all of them
/// it weighs them and says how large the arms should be.
pub(super) fn gathered<'a>(
    as_of: AsOf,
    arms: [String; 2],
    customers: impl Iterator<Item = Seen<'a>>,
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
        asked_for: Vec::new(),
    };
    let mut days = [0u64; 2];
    let mut share_of_all = Some(0.0);
    for seen in customers {
        let arm = match seen.answered {
            Answered::Nobody => continue,
            Answered::Both => {
                units.both += 1;
                continue;
            }
            Answered::Arm(arm) => arm,
        };
        let Some(first) = seen.moments.first().copied() else {
            continue;
        };
        units.assigned[arm] += 1;
        units.start = units.start.min(day_of(first));
        share_of_all = share_of_all.zip(seen.share).map(|(sum, own)| sum + own);
        let over = seen.moments.into_iter().filter(|at| times.is_over(*at));
        let over: Vec<i64> = over.collect();
        if !over.is_empty() {
            days[arm] += over.len() as u64;
            let of_arm = |share| if arm == 1 { share } else { 1.0 - share };
            units.finished.push(Unit {
                customer: seen.customer,
                arm,
                weight: seen.share.map_or(1.0, |share| 1.0 / of_arm(share)),
                first,
                windows: windows(over, times.window),
            });
        }
    }
    let all = units.assigned.iter().sum::<u64>().max(1) as f64;
    units.shares = share_of_all.map(|sum| vec![1.0 - sum / all, sum / all]);
    let customers = |arm: usize| units.finished.iter().filter(|u| u.arm == arm).count();
    let mean = |arm: usize| days[arm] as f64 / customers(arm).max(1) as f64;
    units.rounds = Some(vec![mean(0), mean(1)]);
    units
}
