//! A randomised trial: who was drawn into which arm.

use super::error::ExperimentError;
use super::settings::Settings;
use super::units::{Reached, Times, Unit, Units, day_of, windows};
use crate::logged::{listed, names_all, propensities};
use features::{Assignment, History};
use std::collections::{BTreeMap, BTreeSet};

/// The first draw of each customer since the start. A later one is drawn anew, whatever came of the first, so that the
/// comparison of first draws stays fair.
fn first_draws(draws: &[Assignment], start: i64) -> (Vec<&Assignment>, u64) {
    let mut first = Vec::new();
    let mut repeated = 0;
    for own in draws.chunk_by(|one, next| one.customer == next.customer) {
        let counted: Vec<&Assignment> = own.iter().filter(|d| d.at_seconds >= start).collect();
        let earliest = counted.iter().min_by_key(|d| (d.at_seconds, &d.arm));
        if let Some(earliest) = earliest {
            first.push(*earliest);
            repeated += counted.len() as u64 - 1;
        }
    }
    (first, repeated)
}

/// The draw of one customer that counts.
pub(super) fn draw_of<'a>(
    history: &'a History,
    trial: &str,
    customer: &str,
    settings: &Settings,
) -> Option<&'a Assignment> {
    let draws = history.trials().of(trial);
    let begin = draws.partition_point(|d| *d.customer < *customer);
    let end = draws.partition_point(|d| *d.customer <= *customer);
    let start = Times::of(history, settings).start;
    first_draws(&draws[begin..end], start).0.into_iter().next()
}

/// Everybody drawn into a trial.
pub(super) fn units<'a>(
    history: &'a History,
    trial: &str,
    control: &str,
    times: Times,
) -> Result<Units<'a>, ExperimentError> {
    let (draws, repeated) = first_draws(history.trials().of(trial), times.start);
    let Some(start) = draws.iter().map(|draw| draw.at_seconds).min() else {
        let trials = history.trials().assignments().iter().map(|a| &*a.trial);
        return Err(ExperimentError::NoTrial {
            trial: trial.to_owned(),
            as_of: history.as_of(),
            held: listed(&trials.collect()),
        });
    };
    let names: BTreeSet<&str> = draws.iter().map(|draw| &*draw.arm).collect();
    if !names.contains(control) {
        return Err(ExperimentError::NoControl {
            trial: trial.to_owned(),
            control: control.to_owned(),
            arms: listed(&names),
        });
    }
    if names.len() < 2 {
        return Err(ExperimentError::OneArm {
            experiment: format!("trial {trial}"),
            arm: control.to_owned(),
        });
    }
    let treated = names.into_iter().filter(|name| *name != control);
    let arms: Vec<String> = std::iter::once(control)
        .chain(treated)
        .map(str::to_owned)
        .collect();
    // What a product drew among fewer arms says nothing of the others.
    let by_product = history.trials().rounds().of(trial).next().is_some();
    let compared = |draw: &&Assignment| !by_product || names_all(draw, &arms);
    let draws: Vec<&Assignment> = draws.into_iter().filter(compared).collect();
    let mut assigned = vec![0; arms.len()];
    let mut shares = vec![0.0; arms.len()];
    let mut finished = Vec::new();
    // Draws of one campaign log one text of probabilities, or a few.
    let mut read: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for draw in &draws {
        if !read.contains_key(&*draw.propensities) {
            read.insert(&draw.propensities, propensities(draw, &arms)?);
        }
        let of_arms = &read[&*draw.propensities];
        let arm = arms.iter().position(|name| **name == *draw.arm);
        let arm = arm.unwrap_or(0);
        assigned[arm] += 1;
        for (share, own) in shares.iter_mut().zip(of_arms) {
            *share += own / draws.len() as f64;
        }
        let from = times.counts_from(draw.at_seconds);
        if times.is_over(from) {
            finished.push(Unit {
                customer: &draw.customer,
                arm,
                weight: 1.0 / of_arms[arm],
                first: draw.at_seconds,
                windows: windows([from], times.window),
            });
        }
    }
    let reached = reached(history, &arms, &finished);
    Ok(Units {
        arms,
        shares: Some(shares),
        assigned,
        finished,
        start: day_of(times.counts_from(start)),
        repeated,
        both: 0,
        moved: moved(history.trials().of(trial), times.start),
        reached,
        rounds: None,
        asked_for: Vec::new(),
    })
}

/// Customers with draws into more than one arm since the start.
fn moved(draws: &[Assignment], start: i64) -> u64 {
    let several = |own: &&[Assignment]| {
        let mut counted = own.iter().filter(|d| d.at_seconds >= start);
        let first = counted.next();
        first.is_some_and(|first| counted.any(|d| d.arm != first.arm))
    };
    let customers = draws.chunk_by(|one, next| one.customer == next.customer);
    customers.filter(several).count() as u64
}

/// What reached customers, by the names of the arms; `None` where no arm is named by what they were shown.
fn reached(history: &History, arms: &[String], units: &[Unit<'_>]) -> Option<Reached> {
    let mut reached = Reached::default();
    let mut any = false;
    for unit in units {
        let shown = history.trials().exposures_of(unit.customer).iter();
        let of_arms: Vec<(usize, i64)> = shown
            .filter_map(|e| Some((arms.iter().position(|arm| **arm == *e.offer)?, e.at_seconds)))
            .collect();
        any |= !of_arms.is_empty();
        let after = || of_arms.iter().filter(|(_, at)| *at >= unit.first);
        reached.before_the_draw += u64::from(after().count() < of_arms.len());
        reached.by_another_arm += u64::from(after().any(|(arm, _)| *arm != unit.arm));
        if unit.arm == 0 {
            continue;
        }
        reached.treated += 1;
        let Some((_, shown_at)) = after().find(|(arm, _)| *arm == unit.arm) else {
            continue;
        };
        reached.by_own_arm += 1;
        let lines = history
            .customer_index(unit.customer)
            .map(|c| history.lines_of(c));
        let mut bought = lines
            .unwrap_or_default()
            .iter()
            .filter(|line| !line.is_return);
        let early = |at: i64| at < *shown_at && unit.windows.iter().any(|w| w.contains(&at));
        reached.bought_before += u64::from(bought.any(|line| early(line.at_seconds)));
    }
    any.then_some(reached)
}
