//! How good forecasts were on launches that opened after training, layer by layer.

use super::attached::newsvendor;
use super::fitted::{Body, named};
use super::gathered::{Gathered, gathered};
use crate::estimates::{self, not_measured};
use features::History;
use models::launch::{Demand, Forecast, HOURS, Layer, Past, Score, Total, crps};
use schema::estimate::short;
use schema::{AsOf, Direction, HeldOut, Metric, Role, Scorecard};

/// What was forecast of one launch and what came of it.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    units: f64,
    crps: f64,
    /// Of launches that did not sell out, where all that was asked for is known.
    error: f64,
    known: f64,
    forecast: f64,
    inside: f64,
    /// Margin lost and money left over of the quantity ordered, in cents, where both are known.
    cost: f64,
    priced: f64,
}

/// One forecast against what came.
fn sums(demand: &Demand, past: &Past, launch: &features::Launch, body: &Body) -> Sums {
    let units = past.total.units() as f64;
    let mut sums = Sums {
        units,
        crps: crps(demand, past.total, past.stock),
        ..Sums::default()
    };
    if let Total::Sold(_) = past.total {
        let (low, high) = demand.interval(body.settings.interval);
        sums.known = 1.0;
        sums.forecast = demand.mean();
        sums.error = (demand.mean() - units).abs();
        sums.inside = f64::from(u8::from(low <= units && units <= high));
        if let Ok(costs) = newsvendor(launch, body.settings.salvage) {
            let ordered = costs.best(demand).quantity.round();
            sums.cost = costs.unit_margin() * (units - ordered).max(0.0)
                + costs.unit_loss() * (ordered - units).max(0.0);
            sums.priced = 1.0;
        }
    }
    sums
}

fn sum_of(sums: &[Sums], sample: &[usize], of: impl Fn(&Sums) -> f64) -> f64 {
    sample.iter().map(|at| of(&sums[*at])).sum()
}

/// The score of the forecast before the opening decides.
pub(super) fn scorecard(body: &Body, as_of: AsOf, later: &History, seed: u64) -> Scorecard {
    let launches = later.launches();
    let opened = later.begins(as_of);
    let found = gathered(later);
    let after: Vec<&Gathered> = found
        .over
        .iter()
        .filter(|of| launches.launches[of.at].opens_at >= opened)
        .collect();
    if after.is_empty() {
        return not_measured(&"no launch opened and closed after training");
    }
    let forecasts: Vec<(Forecast<'_>, Past, &Gathered)> = after
        .iter()
        .filter_map(|of| {
            let forecast = body.forecaster.forecast(&of.launch).ok()?;
            Some((forecast, of.past(launches), *of))
        })
        .collect();
    let each = |demand: &dyn Fn(&Forecast<'_>) -> Demand| -> Vec<Sums> {
        let of = forecasts.iter();
        of.map(|(forecast, past, of)| {
            sums(&demand(forecast), past, &launches.launches[of.at], body)
        })
        .collect()
    };
    let (ours, naive) = (
        each(&|forecast| forecast.demand()),
        each(&|forecast| forecast.naive.clone()),
    );
    let metric =
        |name: &str, unit: &str, role, above: fn(&Sums) -> f64, below: fn(&Sums) -> f64| {
            let [value, baseline, gain] =
                estimates::beside(ours.len(), seed, [&ours, &naive], |sums, sample| {
                    let all = sum_of(sums, sample, below);
                    (all > 0.0).then(|| sum_of(sums, sample, above) / all)
                });
            Metric {
                name: name.to_owned(),
                scope: String::new(),
                unit: unit.to_owned(),
                better: Direction::Lower,
                role,
                value,
                baseline,
                baseline_name: super::CARD.baseline.to_owned(),
                gain,
            }
        };
    let metrics = vec![
        metric(
            "continuous ranked probability score",
            "share of what was sold",
            Role::Decides,
            |s| s.crps,
            |s| s.units,
        ),
        metric(
            "weighted absolute error",
            "share of what was sold, of launches that did not sell out",
            Role::Shown,
            |s| s.error,
            |s| s.units * s.known,
        ),
        metric(
            "cost of what was ordered",
            "cents a launch, of those that did not sell out: margin lost and money left over",
            Role::Shown,
            |s| s.cost,
            |s| s.priced,
        ),
    ];
    let days = later.as_of().epoch_day() - as_of.epoch_day();
    let mut notes = vec![held(body, &ours, &naive), layers(&forecasts)];
    notes.extend(found.notes.iter().cloned());
    Scorecard {
        split: format!(
            "fitted before {as_of}, {} products in launches that opened after it",
            ours.len()
        ),
        held_out: Some(HeldOut {
            from: as_of,
            days: u32::try_from(days).unwrap_or(0),
        }),
        metrics,
        notes,
        parts: Vec::new(),
        weights: None,
    }
}

/// How often intervals held, and the bias.
fn held(body: &Body, ours: &[Sums], naive: &[Sums]) -> String {
    let all = |sums: &[Sums], of: fn(&Sums) -> f64| sums.iter().map(of).sum::<f64>();
    let known = all(ours, |s| s.known).max(1.0);
    let sold = all(ours, |s| s.units * s.known).max(1.0);
    let bias = |sums: &[Sums]| 100.0 * (all(sums, |s| s.forecast) - sold) / sold;
    format!(
        "of {} launches that did not sell out intervals of {} held {:.1} %; bias {:+.1} %, launches of the category {:+.1} %",
        known,
        body.settings.interval,
        100.0 * all(ours, |s| s.inside) / known,
        bias(ours),
        bias(naive)
    )
}

/// What is known of a launch by a layer.
type Known<'a> = &'a dyn Fn(&Forecast<'_>) -> Demand;

/// What each layer of information was worth, on the same launches.
fn layers(forecasts: &[(Forecast<'_>, Past, &Gathered)]) -> String {
    let score = |demand: &dyn Fn(&Forecast<'_>, &Past) -> Option<Demand>| {
        let demands: Option<Vec<Demand>> = forecasts
            .iter()
            .map(|(forecast, past, _)| demand(forecast, past))
            .collect();
        let demands = demands?;
        let came = demands.iter().zip(forecasts);
        Score::of(came.map(|(demand, (_, past, _))| (demand, past.total, past.stock)))
    };
    let before: [(Layer, Known<'_>); 4] = [
        (Layer::Naive, &|forecast| forecast.naive.clone()),
        (Layer::History, &|forecast| {
            Demand::LogNormal(forecast.history)
        }),
        (Layer::Attributes, &|forecast| {
            Demand::LogNormal(forecast.attributes)
        }),
        (Layer::Combined, &|forecast| forecast.demand()),
    ];
    let mut told: Vec<String> = before
        .iter()
        .filter_map(|(layer, demand)| {
            let score = score(&|forecast, _| Some(demand(forecast)))?;
            Some(format!("{} {}", named(*layer), short(score.crps)))
        })
        .collect();
    for hours in HOURS {
        let after = score(&|forecast, past| {
            let sales = past.sales.as_ref()?.after(hours);
            Some(forecast.update(&sales).ok()?.demand().clone())
        });
        if let Some(score) = after {
            told.push(format!(
                "{} {}",
                named(Layer::Hours(hours)),
                short(score.crps)
            ));
        }
    }
    format!("score in units by what is known: {}", told.join(", "))
}
