//! What a search found, as it is printed and kept.

use super::fits::{Fits, Outcome};
use super::halving::{AS_IT_IS, Race, Standing};
use super::plan::{Period, Rung};
use products::search::{Candidate, Space};
use schema::{AsOf, Direction, Estimate, Metric};
use serde::{Deserialize, Serialize};

/// Where a setting is sought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sought {
    /// Its key below `[settings]`, dotted.
    pub key: String,
    /// Where, in words.
    pub within: String,
    /// What the file has, or what holds where it says nothing.
    pub as_it_is: products::search::Value,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The product.
    pub product: String,
    /// Its kind.
    pub kind: String,
    /// The first day not known.
    pub as_of: AsOf,
    /// Seed of what is drawn and of every fit.
    pub seed: u64,
    /// What is sought.
    pub space: Vec<Sought>,
    /// Candidates drawn.
    pub drawn: usize,
    /// Periods on which candidates are chosen, in the order in which they are used.
    pub choose_on: Vec<Period>,
    /// Periods on which the best is compared with the file as it is.
    pub compare_on: Vec<Period>,
    /// How many go how far.
    pub rungs: Vec<Rung>,
    /// Fits at most.
    pub fits_at_most: usize,
}

/// A plan with what is known of its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The plan.
    #[serde(flatten)]
    pub plan: Plan,
    /// Fits that are kept from an earlier search.
    pub fits_made: usize,
    /// Memory that the largest candidate needs at most.
    pub memory_needed_bytes: u64,
    /// Candidates that do not fit into memory, or that the kind refuses, and why.
    pub left_out: Vec<String>,
    /// Milliseconds that a fit took in searches of the product; `None` before the first.
    pub fit_ms: Option<u64>,
    /// Milliseconds that the last training took, which is two fits and their measuring.
    pub last_run_ms: Option<u64>,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The field's name.
    pub name: String,
    /// Where it is measured.
    pub scope: String,
    /// Unit.
    pub unit: String,
    /// Which way is better.
    pub better: Direction,
}

/// How one candidate did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Its number as it was drawn, from 1.
    pub number: usize,
    /// Its values.
    pub settings: Candidate,
    /// Periods that it was compared on.
    pub periods: usize,
    /// Its mean there; `None` where it was never compared.
    pub value: Option<f64>,
    /// That of the file as it is, on the same periods.
    pub as_it_is: Option<f64>,
    /// By how much it is better, above 0, or worse.
    pub gain: Option<f64>,
    /// Why it left; `None` for those that came to the end.
    pub left: Option<String>,
}

/// The candidate that is best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Its number.
    pub number: usize,
    /// Its values.
    pub settings: Candidate,
    /// The lines of the product file that say so.
    pub toml: String,
}

/// A period that nothing was chosen on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The period.
    #[serde(flatten)]
    pub period: Period,
    /// The best.
    pub best: Estimate,
    /// The file as it is.
    pub as_it_is: Estimate,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What was to be done.
    #[serde(flatten)]
    pub plan: Plan,
    /// What was compared.
    pub measure: Measure,
    /// How each candidate did, the best first.
    pub candidates: Vec<Tried>,
    /// The candidate that is better than the file as it is where they were chosen; `None` where none is.
    pub best: Option<Best>,
    /// Both on periods that nothing was chosen on, the latest first.
    pub compared: Vec<Compared>,
    /// By how much the best is better there, with its interval.
    pub gain: Option<Estimate>,
    /// Whether all of the interval is above 0.
    pub surely_better: bool,
    /// What that says.
    pub sentence: String,
    /// What a reader must know beside it.
    pub notes: Vec<String>,
}

/// The settings of a space.
pub(super) fn sought(space: &Space) -> Vec<Sought> {
    let of = space.dimensions().iter().map(|dimension| Sought {
        key: dimension.key.clone(),
        within: dimension.within.to_string(),
        as_it_is: dimension.as_it_is.clone(),
    });
    of.collect()
}

/// What is compared, of a measure.
pub(super) fn measure(of: &Metric) -> Measure {
    Measure {
        name: of.name.clone(),
        scope: of.scope.clone(),
        unit: of.unit.clone(),
        better: of.better,
    }
}

/// How each candidate did, the best first: who came farther is before who left, and of those the better.
pub(super) fn tried(race: &Race, candidates: &[Candidate], fits: &Fits<'_>) -> Vec<Tried> {
    let drawn = candidates.iter().zip(&race.standings).enumerate();
    let mut tried: Vec<Tried> = drawn
        .skip(AS_IT_IS + 1)
        .map(|(number, (settings, standing))| {
            let mean = |candidate: usize| {
                let on = standing.gains.keys();
                let points: Option<Vec<f64>> = on
                    .map(|period| match fits.known.get(&(candidate, *period)) {
                        Some(Outcome::Measured(metric)) => metric.value.point(),
                        Some(Outcome::NotMeasured(_)) | None => None,
                    })
                    .collect();
                let points = points.filter(|points| !points.is_empty())?;
                Some(points.iter().sum::<f64>() / points.len() as f64)
            };
            Tried {
                number,
                settings: settings.clone(),
                periods: standing.gains.len(),
                value: mean(number),
                as_it_is: mean(AS_IT_IS),
                gain: standing.gain(),
                left: left(number, standing, fits),
            }
        })
        .collect();
    tried.sort_by(|a, b| {
        let farther = b.periods.cmp(&a.periods);
        let stays = a.left.is_some().cmp(&b.left.is_some());
        let gain = |of: &Tried| of.gain.unwrap_or(f64::NEG_INFINITY);
        let better = gain(b).total_cmp(&gain(a));
        stays.then(farther).then(better)
    });
    tried
}

fn left(number: usize, standing: &Standing, fits: &Fits<'_>) -> Option<String> {
    if let Some(period) = standing.not_measured_on {
        let why = match (fits.known.get(&(number, period)), &fits.products[number]) {
            (Some(Outcome::NotMeasured(why)), _) | (_, Err(why)) => why.as_str(),
            (_, Ok(_)) => "not known",
        };
        return Some(format!("not measured: {why}"));
    }
    let rung = standing.left_after? + 1;
    Some(format!("others were better after rung {rung}"))
}

/// A number of things.
pub(super) fn counted(n: usize, of: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {of}{s}")
}

/// What the comparison says.
///
/// - `periods`: on which both were compared.
pub(super) fn sentence(
    measure: &Measure,
    gain: Option<&Estimate>,
    periods: usize,
) -> (bool, String) {
    let Some(gain) = gain else {
        let none = "nothing drawn is better than the file as it is".to_owned();
        return (false, none);
    };
    let Some((low, _)) = gain.interval() else {
        return (
            false,
            format!("whether it is better than the file as it is cannot be said: {gain}"),
        );
    };
    let is_sure = low > 0.0;
    let surely = if is_sure { "surely" } else { "not surely" };
    let on = counted(periods, "period");
    let name = format!("{} {}", measure.scope, measure.name);
    let told = format!(
        "{surely} better than the file as it is: {} better by {gain} on {on} that nothing was chosen on",
        name.trim()
    );
    (is_sure, told)
}
