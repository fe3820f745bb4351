//! A randomised trial: who was drawn into which arm.

use super::error::ExperimentError;
use super::settings::Settings;
use super::units::{Times, Unit, Units, day_of, windows};
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
        if times.is_over(draw.at_seconds) {
            finished.push(Unit {
                customer: &draw.customer,
                arm,
                weight: 1.0 / of_arms[arm],
                first: draw.at_seconds,
                windows: windows([draw.at_seconds], times.window),
            });
        }
    }
    Ok(Units {
        arms,
        shares: Some(shares),
        assigned,
        finished,
        start: day_of(start),
        repeated,
        both: 0,
        rounds: None,
    })
}
