//! How good forecasts were on the periods after training, beside the naive ones.

use super::agreed::by_level;
use super::fitted::Body;
use super::parts;
use super::segments;
use super::series::{Series, series};
use crate::estimates::{self, not_measured};
use features::History;
use models::demand::{Forecast, LEVELS, pinball};
use schema::{AsOf, Direction, Estimate, HeldOut, Metric, Role, Scorecard};
use std::ops::Range;

/// Share of periods without a sale from which forecasting zero has the least absolute error of all.
const SELDOM: f64 = 0.5;

/// What was forecast of one series and what came of it, added up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) periods: f64,
    sold: f64,
    /// Absolute value of what was sold.
    pub(super) size: f64,
    pub(super) forecast: f64,
    pub(super) error: f64,
    loss: f64,
    /// Squared error relative to what was sold, over periods with a sale.
    squared: f64,
    with_sale: f64,
    pub(super) covered: f64,
}

/// Sums of a forecast over some of the periods that came, by series.
///
/// - `steps`: those periods, from 0 for the first ahead.
pub(super) fn sums(
    forecast: &Forecast,
    later: &Series,
    (from, steps): (usize, &Range<usize>),
    interval: f64,
) -> Vec<Sums> {
    let of = |series: usize| {
        let mut sums = Sums::default();
        let values = later.panel.values(series);
        // A series that nothing was known of before is told of, not measured.
        if values[..from].iter().all(|v| v.is_nan()) {
            return sums;
        }
        for ahead in steps.start..steps.end.min(forecast.ahead()).min(values.len() - from) {
            let Some(sold) = later.sold(series, from + ahead) else {
                continue;
            };
            let said = forecast.expected(series)[ahead];
            let quantile = |level: f64| forecast.quantile(series, ahead, level);
            let (low, high) = forecast.interval(series, ahead, interval);
            sums.periods += 1.0;
            sums.sold += sold;
            sums.size += sold.abs();
            sums.forecast += said;
            sums.error += (sold - said).abs();
            sums.loss += LEVELS
                .iter()
                .map(|level| 2.0 * pinball(*level, sold, quantile(*level)))
                .sum::<f64>()
                / LEVELS.len() as f64;
            if sold > 0.0 {
                sums.squared += ((sold - said) / sold).powi(2);
                sums.with_sale += 1.0;
            }
            sums.covered += f64::from(u8::from(low <= sold && sold <= high));
        }
        sums
    };
    (0..later.keys.len()).map(of).collect()
}

/// A sum over some series.
pub(super) fn sum_of(sums: &[Sums], sample: &[usize], of: impl Fn(&Sums) -> f64) -> f64 {
    sample.iter().map(|at| of(&sums[*at])).sum()
}

/// A ratio of sums over series for the version and the baseline, and the difference on the same series.
fn figure(
    sides: [&Vec<Sums>; 2],
    seed: u64,
    above: fn(&Sums) -> f64,
    below: fn(&Sums) -> f64,
) -> [Estimate; 3] {
    estimates::beside(sides[0].len(), seed, sides, |sums, sample| {
        let all = sum_of(sums, sample, below);
        (all > 0.0).then(|| sum_of(sums, sample, above) / all)
    })
}

/// Weighted quantile loss decides, and the weighted absolute error where it means something: of a series that sells in
/// few periods the best absolute error is that of forecasting nothing.
pub(super) fn scorecard(body: &Body, as_of: AsOf, later: &History, seed: u64) -> Scorecard {
    let settings = &body.settings;
    let step = settings.step();
    let Some(found) = series(later, settings) else {
        return not_measured(&"no whole period is known");
    };
    let panel = &found.panel;
    let from = usize::try_from(step.between(panel.date(0), as_of.0)).unwrap_or(usize::MAX);
    if from == 0 || from >= panel.known() {
        return not_measured(&"no whole period came after training");
    }
    let past = panel.before(from);
    let plain = match body.forecaster.forecast(&past) {
        Ok(plain) => plain,
        Err(why) => return not_measured(&why),
    };
    let forecast = match body.agreed(&found, &past, plain.clone()) {
        Ok(forecast) => forecast,
        Err(why) => return not_measured(&why),
    };
    let naive = body.forecaster.baseline(&past);
    let measured = |sums: &Sums| sums.periods > 0.0;
    let all_steps = (from, &(0..forecast.ahead()));
    let both = sums(&forecast, &found, all_steps, settings.interval)
        .into_iter()
        .zip(sums(&naive, &found, all_steps, settings.interval))
        .filter(|(ours, _)| measured(ours));
    let (ours, theirs): (Vec<Sums>, Vec<Sums>) = both.unzip();
    let all = |of: fn(&Sums) -> f64| ours.iter().map(of).sum::<f64>();
    let periods = all(|s| s.periods);
    let seldom = 1.0 - all(|s| s.with_sale) / periods.max(1.0) > SELDOM;
    let baseline_name = body.forecaster.baseline_method().name();
    let metric =
        |name: &str, unit: &str, better, role, [value, baseline, gain]: [Estimate; 3]| Metric {
            name: name.to_owned(),
            scope: String::new(),
            unit: unit.to_owned(),
            better,
            role,
            value,
            baseline,
            baseline_name: baseline_name.to_owned(),
            gain,
        };
    let (sides, share) = ([&ours, &theirs], "share of what was sold");
    let mut metrics = vec![
        metric(
            "weighted quantile loss",
            share,
            Direction::Lower,
            Role::Decides,
            figure(sides, seed, |s| s.loss, |s| s.size),
        ),
        metric(
            "weighted absolute error",
            share,
            Direction::Lower,
            if seldom { Role::Shown } else { Role::Decides },
            figure(sides, seed, |s| s.error, |s| s.size),
        ),
        metric(
            "coverage error",
            &format!(
                "how far the share of periods inside an interval of {} is from it",
                settings.interval
            ),
            Direction::Lower,
            Role::Shown,
            estimates::beside(ours.len(), seed, sides, |sums, sample| {
                let periods = sum_of(sums, sample, |s| s.periods);
                let covered = sum_of(sums, sample, |s| s.covered);
                (periods > 0.0).then(|| (covered / periods - settings.interval).abs())
            }),
        ),
    ];
    if !seldom {
        let [value, baseline, _] = figure(sides, seed, |s| s.squared, |s| s.with_sale);
        let root = |estimate: Estimate| match estimate {
            Estimate::Measured {
                point,
                low,
                high,
                units,
            } => Estimate::Measured {
                point: point.sqrt(),
                low: low.sqrt(),
                high: high.sqrt(),
                units,
            },
            other @ (Estimate::Exact(_) | Estimate::NotMeasurable(_)) => other,
        };
        let (value, baseline) = (root(value), root(baseline));
        let gain = Estimate::NotMeasurable(schema::WhyNot::DoesNotApply {
            because: "roots of means are compared one by one".to_owned(),
        });
        metrics.push(metric(
            "root mean squared percentage error",
            "relative to what was sold, over periods with a sale",
            Direction::Lower,
            Role::Shown,
            [value, baseline, gain],
        ));
    }
    let days = later.as_of().epoch_day() - as_of.epoch_day();
    Scorecard {
        split: format!(
            "fitted before {as_of}, {} {}s after it of {} series",
            panel.known() - from,
            step.name(),
            ours.len()
        ),
        held_out: Some(HeldOut {
            from: as_of,
            days: u32::try_from(days).unwrap_or(0),
        }),
        metrics,
        notes: notes(body, &ours, &theirs, seldom, &found)
            .into_iter()
            .chain(by_level(body, &found, from, [&plain, &forecast]))
            .collect(),
        parts: parts::of(
            &parts::Measured {
                found: &found,
                from,
                forecasts: [&forecast, &naive],
                interval: settings.interval,
                seed,
                totals: body.totals.as_ref(),
            },
            [&ours, &theirs],
        ),
        weights: None,
    }
}

/// What a reader must know to judge the figures.
fn notes(body: &Body, ours: &[Sums], theirs: &[Sums], seldom: bool, found: &Series) -> Vec<String> {
    let series = found.panel.series();
    let all = |sums: &[Sums], of: fn(&Sums) -> f64| sums.iter().map(of).sum::<f64>();
    let (sold, size) = (
        all(ours, |s| s.sold),
        all(ours, |s| s.size).max(f64::MIN_POSITIVE),
    );
    let bias = |sums: &[Sums]| 100.0 * (all(sums, |s| s.forecast) - sold) / size;
    let held = |sums: &[Sums]| 100.0 * all(sums, |s| s.covered) / all(sums, |s| s.periods).max(1.0);
    let naive = body.forecaster.baseline_method().name();
    let mut notes = vec![
        format!(
            "bias {:+.1} % of what was sold, {naive} {:+.1} %",
            bias(ours),
            bias(theirs)
        ),
        format!(
            "intervals of {} held {:.1} % of the periods, those of {naive} {:.1} %",
            body.settings.interval,
            held(ours),
            held(theirs)
        ),
    ];
    if series > ours.len() {
        notes.push(format!(
            "{} of {series} series are not measured: they sold nothing before, or nothing is known of the periods after",
            series - ours.len()
        ));
    }
    if seldom {
        let error = |of: f64| schema::estimate::short(of / size);
        notes.push(format!(
            "most periods sell nothing: to forecast zero has an absolute error of {} beside {} here, and leaves every shelf empty; so the quantile loss decides",
            error(all(ours, |s| s.size)),
            error(all(ours, |s| s.error)),
        ));
    }
    let mut by_size: Vec<&Sums> = ours.iter().collect();
    by_size.sort_unstable_by(|a, b| (a.forecast / a.periods).total_cmp(&(b.forecast / b.periods)));
    if by_size.len() >= 100 {
        let tenths = (0..10).map(|tenth| {
            let n = by_size.len();
            let part = &by_size[n * tenth / 10..n * (tenth + 1) / 10];
            let covered: f64 = part.iter().map(|s| s.covered).sum();
            let periods: f64 = part.iter().map(|s| s.periods).sum();
            format!("{:.0}", 100.0 * covered / periods.max(1.0))
        });
        notes.push(format!(
            "coverage of the interval by tenth of the series, the least selling first: {} %",
            tenths.collect::<Vec<_>>().join(", ")
        ));
    }
    if found.overrides.is_any() {
        notes.push(
            "these figures are of forecasts without the changes of planners: what those gain is told apart"
                .to_owned(),
        );
    }
    let step = body.settings.step().name();
    notes.extend(segments::told(&body.forecaster, step));
    notes.extend(body.notes().iter().cloned());
    notes
}
