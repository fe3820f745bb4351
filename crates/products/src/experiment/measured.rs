//! What the gate reads of a read-out.
//!
//! An effect may be nothing, and a read-out that says so is as good as another: so no effect decides. What decides is
//! how precisely the first outcome is known: the standard error of its effect, beside that of the smallest experiment
//! that can be read at all. What cannot be measured has none and keeps the gate closed; what is measured on more
//! customers than that opens it. The plain difference of means would be no baseline: where no outcome before the first
//! draw is known, nothing is taken off its error, and the gate asks for better, not for as good. A broken guardrail
//! closes nothing either: it is said first, and a read-out that was kept back would leave one in place that does not know.

use super::fitted::Body;
use super::guardrails::Watched;
use super::reading::{Finding, LEVEL, quotient};
use super::settings::Settings;
use super::told;
use crate::estimates;
use features::History;
use math::tails::{normal_upper_quantile, student_t_upper_quantile};
use measure::effects::{Effect, Moments, Size, UNITS_MIN};
use measure::sequential::SampleRatio;
use schema::{Direction, Estimate, HeldOut, Metric, Role, Scorecard, WhyNot};

/// The scorecard of the experiment as of a later day.
pub(super) fn scorecard(settings: &Settings, later: &History) -> Scorecard {
    let body = match Body::fit(later, settings) {
        Ok(body) => body,
        // What was just read can be read again.
        Err(error) => return estimates::not_measured(&error),
    };
    let findings = &body.reading.findings;
    let guardrails = &body.reading.guardrails;
    let broken = guardrails.iter().filter(|watched| watched.is_broken());
    let mut metrics: Vec<Metric> = sizes(&body).into_iter().collect();
    metrics.extend(broken.map(Watched::metric));
    let deciding = findings.iter().filter(|found| found.decides(settings));
    metrics.extend(deciding.map(|found| precision(settings, found)));
    let others = guardrails.iter().filter(|watched| !watched.is_broken());
    metrics.extend(others.map(Watched::metric));
    metrics.extend(findings.iter().filter_map(|found| saved(settings, found)));
    let arms = body.sums.arms.len() - 1;
    for (place, found) in findings.iter().enumerate() {
        let moments = &body.sums.moments[place / arms];
        let pair = (&moments[0], &moments[place % arms + 1]);
        metrics.push(changed(&body, found, pair));
    }
    Scorecard {
        split: format!(
            "{} customers of {} in {} arms, what came of them within {} days",
            body.sums.customers(),
            settings.experiment(),
            body.sums.arms.len(),
            settings.window_days
        ),
        held_out: Some(HeldOut {
            from: later.as_of(),
            days: 0,
        }),
        metrics,
        notes: told::lines(&body),
        parts: Vec::new(),
        weights: None,
    }
}

/// What the name of the figure that decides begins with, before that of the outcome.
pub(super) const ERROR_OF: &str = "standard error of the effect on ";

/// What the size of an arm is held against.
pub(super) const SHARE_ASKED_FOR: &str = "the share asked for";

/// The arm that is furthest from its size, where the sizes are not those asked for.
fn sizes(body: &Body) -> Option<Metric> {
    let SampleRatio::Broken {
        arm,
        found,
        expected,
        ..
    } = &body.reading.sample_ratio
    else {
        return None;
    };
    let units = body.sums.clusters.as_ref().unwrap_or(&body.sums.assigned);
    let all = units.iter().sum::<u64>() as f64;
    let (found, expected) = (*found as f64 / all, expected / all);
    Some(Metric {
        name: "share of the customers".to_owned(),
        scope: body.sums.arms.get(*arm).cloned().unwrap_or_default(),
        unit: "share of the customers".to_owned(),
        better: Direction::Higher,
        role: Role::Warns,
        value: Estimate::Exact(found),
        baseline: Estimate::Exact(expected),
        baseline_name: SHARE_ASKED_FOR.to_owned(),
        gain: Estimate::Exact(found - expected),
    })
}

fn error_of(found: &Finding) -> String {
    format!("{ERROR_OF}{}", found.measure().unit())
}

/// How precisely an effect is known.
fn precision(settings: &Settings, found: &Finding) -> Metric {
    let units = settings
        .cluster
        .as_ref()
        .map_or("customers", |_| "clusters");
    let measured = found.effect.size().zip(found.smallest);
    let why = || Estimate::NotMeasurable(why_not(&found.effect));
    Metric {
        name: error_of(found),
        scope: found.arm.clone(),
        unit: settings.within(found.measure()),
        better: Direction::Lower,
        role: Role::Decides,
        value: measured.map_or_else(why, |(size, _)| standard_error(size, 0.0)),
        baseline: found.smallest.map_or_else(why, Estimate::Exact),
        baseline_name: format!("{UNITS_MIN} {units} in each arm, the fewest that can be read"),
        gain: measured.map_or_else(why, |(size, smallest)| standard_error(size, smallest)),
    }
}

/// What the outcome before the first draw takes off the error; nothing where none is known.
fn saved(settings: &Settings, found: &Finding) -> Option<Metric> {
    found.variance_saved?;
    let (size, plain) = found.effect.size().zip(found.plain.size())?;
    Some(Metric {
        name: error_of(found),
        scope: found.arm.clone(),
        unit: settings.within(found.measure()),
        better: Direction::Lower,
        role: Role::Shown,
        value: standard_error(size, 0.0),
        baseline: Estimate::Exact(plain.standard_error),
        baseline_name: if found.ratio.is_some() {
            "the plain difference of ratios".to_owned()
        } else {
            "the plain difference of means".to_owned()
        },
        gain: Estimate::Exact(size.standard_error - plain.standard_error),
    })
}

/// What an arm changed.
fn changed(body: &Body, found: &Finding, (control, treated): (&Moments, &Moments)) -> Metric {
    let of = |arm: &Moments| match (&found.ratio, &body.sums.clusters) {
        (None, None) => mean(arm),
        (Some(_), _) | (None, Some(_)) => of_ratio(arm),
    };
    Metric {
        name: found.measure().unit(),
        scope: found.arm.clone(),
        unit: body.settings.within(found.measure()),
        better: found.measure().better(),
        role: Role::Shown,
        value: of(treated),
        baseline: of(control),
        baseline_name: body.sums.arms.first().cloned().unwrap_or_default(),
        gain: estimates::of_effect(&found.effect),
    }
}

/// A standard error, less another one, with its own interval: how well a standard deviation of normal values is known.
fn standard_error(size: &Size, less: f64) -> Estimate {
    let half = normal_upper_quantile(0.5 * (1.0 - LEVEL)) / (2.0 * size.units as f64).sqrt();
    let of = |factor: f64| size.standard_error * factor - less;
    Estimate::Measured {
        point: of(1.0),
        low: of(1.0 - half),
        high: of(1.0 + half),
        units: size.units,
    }
}

fn why_not(effect: &Effect) -> WhyNot {
    match effect {
        Effect::NotMeasurable(why) => why.clone(),
        Effect::Measured(_) => WhyNot::NoVariation {
            what: "the outcome".to_owned(),
        },
    }
}

/// The mean of an arm.
fn mean(of: &Moments) -> Estimate {
    let count = of.count();
    match (of.mean(0), of.covariance(0, 0)) {
        (Some(mean), Some(variance)) if count >= UNITS_MIN => {
            let half = student_t_upper_quantile(0.5 * (1.0 - LEVEL), (count - 1) as f64)
                * (variance / count as f64).sqrt();
            Estimate::Measured {
                point: mean,
                low: mean - half,
                high: mean + half,
                units: count,
            }
        }
        (_, _) => Estimate::NotMeasurable(WhyNot::TooFew {
            what: "customers to measure on".to_owned(),
            found: count,
            needed: UNITS_MIN,
        }),
    }
}

/// The ratio of an arm, which has no interval by itself.
fn of_ratio(arm: &Moments) -> Estimate {
    let none = || {
        Estimate::NotMeasurable(WhyNot::DoesNotApply {
            because: "there is nothing to divide by".to_owned(),
        })
    };
    quotient(arm).map_or_else(none, Estimate::Exact)
}
