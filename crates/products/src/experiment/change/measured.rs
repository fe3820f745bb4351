//! What the gate reads of a change.
//!
//! No effect decides: one of nothing is as good a result as another. Of sites, what decides is how well the method knows
//! what would have come: its error on periods before the change, beside that of taking those changed to go on as they
//! were. Of blocks it is the standard error, beside that of the fewest blocks that can be read. What is contradicted, or
//! has no interval, keeps the gate closed.

use super::fitted::Body;
use super::read::{By, Finding};
use super::told;
use crate::estimates;
use math::tails::student_t_upper_quantile;
use measure::effects::{Effect, UNITS_MIN};
use measure::quasi::InTime;
use schema::{Direction, Estimate, HeldOut, Metric, Role, Scorecard, WhyNot};

/// Level of the intervals on scorecards.
const LEVEL: f64 = 0.95;

pub(super) fn scorecard(body: &Body) -> Scorecard {
    let mut metrics: Vec<Metric> = body
        .findings
        .first()
        .map(|f| known(body, f))
        .into_iter()
        .collect();
    metrics.extend(body.findings.iter().map(|found| changed(body, found)));
    Scorecard {
        split: told::compared(body),
        held_out: Some(HeldOut {
            from: body.as_of,
            days: 0,
        }),
        metrics,
        notes: told::lines(body),
        parts: Vec::new(),
        weights: None,
    }
}

/// How well it is known what would have come.
fn known(body: &Body, found: &Finding) -> Metric {
    let unit = body.change().unit(found.outcome);
    let closed = match (found.by.effect(), found.by.contradicted(body.alpha())) {
        (Effect::NotMeasurable(why), _) => Some(why.clone()),
        (Effect::Measured(_), Some(_)) => Some(WhyNot::DoesNotApply {
            because: "what the effect stands on is contradicted".to_owned(),
        }),
        (Effect::Measured(_), None) => None,
    };
    let (name, baseline_name, read) = match &found.by {
        By::Switched(switched) => {
            let blocks = (switched.treated.min(switched.others)) as f64;
            let fewest = switched.block_error * (blocks / UNITS_MIN as f64).sqrt();
            let error =
                |less: f64| of_error(switched.block_error, body.compared.treated.len(), less);
            (
                format!("standard error of the effect on {}", found.outcome.name()),
                format!("{UNITS_MIN} blocks each way"),
                Ok((error(0.0), fewest, error(fewest))),
            )
        }
        By::Differences(of) => {
            let before = body.compared.before;
            let errors: Vec<f64> = of.steps[..before].iter().map(|step| step.point).collect();
            (
                "error of what would have come".to_owned(),
                "those changed going on as they were".to_owned(),
                beside(&errors, &body.unaided(found.outcome)),
            )
        }
        By::Synthetic(of) => (
            "error of what would have come".to_owned(),
            "those changed going on as they were".to_owned(),
            match &of.in_time {
                InTime::Pretended { gaps, unaided, .. } => beside(gaps, unaided),
                InTime::NotMeasurable(why) => Err(why.clone()),
            },
        ),
    };
    let read = closed.map_or(read, Err);
    let unknown = |why: WhyNot| [(); 3].map(|()| Estimate::NotMeasurable(why.clone()));
    let [value, baseline, gain] = match read {
        Ok((value, baseline, gain)) => [value, Estimate::Exact(baseline), gain],
        Err(why) => unknown(why),
    };
    Metric {
        name,
        scope: body.change().named(),
        unit,
        better: Direction::Lower,
        role: Role::Decides,
        value,
        baseline,
        baseline_name,
        gain,
    }
}

type Beside = (Estimate, f64, Estimate);

/// Mean absolute errors of the same periods.
fn beside(errors: &[f64], unaided: &[f64]) -> Result<Beside, WhyNot> {
    let own: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    let other = unaided.iter().map(|error| error.abs());
    let baseline = other.clone().sum::<f64>() / unaided.len().max(1) as f64;
    let gains: Vec<f64> = own
        .iter()
        .zip(other)
        .map(|(own, other)| own - other)
        .collect();
    Ok((mean(&own)?, baseline, mean(&gains)?))
}

/// A mean over periods.
fn mean(values: &[f64]) -> Result<Estimate, WhyNot> {
    if values.len() < 2 {
        return Err(WhyNot::TooFew {
            what: "periods before the change to measure on".to_owned(),
            found: values.len() as u64,
            needed: 2,
        });
    }
    let n = values.len() as f64;
    let point = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - point).powi(2)).sum();
    let error = (squares / (n - 1.0) / n).sqrt();
    let half = error * student_t_upper_quantile(0.5 * (1.0 - LEVEL), n - 1.0);
    Ok(Estimate::Measured {
        point,
        low: point - half,
        high: point + half,
        units: values.len() as u64,
    })
}

/// A standard error, less another one: how well a standard deviation of normal values is known.
fn of_error(error: f64, units: usize, less: f64) -> Estimate {
    let half = 1.96 / (2.0 * units as f64).sqrt();
    Estimate::Measured {
        point: error - less,
        low: error * (1.0 - half) - less,
        high: error * (1.0 + half) - less,
        units: units as u64,
    }
}

/// What came, beside what would have.
fn changed(body: &Body, found: &Finding) -> Metric {
    let anyway = found.by.anyway();
    Metric {
        name: body.change().unit(found.outcome),
        scope: body.change().named(),
        unit: body.change().unit(found.outcome),
        better: Direction::Higher,
        role: Role::Shown,
        value: Estimate::Exact(anyway + found.by.point()),
        baseline: Estimate::Exact(anyway),
        baseline_name: "without the change".to_owned(),
        gain: estimates::of_effect(found.by.effect()),
    }
}
