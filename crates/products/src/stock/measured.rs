//! What the policy would have cost on days after training, beside the naive rule.

use super::fitted::Body;
use super::naive;
use super::plan::Of;
use super::played::{Game, Played};
use super::shelf::Outcome;
use crate::demand::Series;
use crate::estimates::{self, not_measured};
use features::History;
use schema::{AsOf, Direction, HeldOut, Metric, Role, Scorecard};

fn sum_of(of: &[Outcome], sample: &[usize], what: impl Fn(&Outcome) -> f64) -> f64 {
    sample.iter().map(|at| what(&of[*at])).sum()
}

/// The cost of the days decides.
pub(super) fn scorecard(body: &Body, as_of: AsOf, later: &History, seed: u64) -> Scorecard {
    let Some(found) = body.series(later) else {
        return not_measured(&"no whole day is known");
    };
    let first = found.panel.date(0);
    let from = usize::try_from(body.demand.settings.step().between(first, as_of.0));
    let from = from.unwrap_or(usize::MAX);
    if from == 0 || from >= found.panel.known() {
        return not_measured(&"no whole day came after training");
    }
    let of = Of::new(later, &body.settings, &body.lead_times);
    let played = Game {
        body,
        of: &of,
        found: &found,
        from,
        as_of,
        seed,
    }
    .play();
    if played.ours.is_empty() {
        return not_measured(
            &"of no product at a site stock, price and cost are known before the days held out",
        );
    }
    let (sides, days) = ([&played.ours, &played.naive], played.days as f64);
    let metric = |name: &str,
                  unit: &str,
                  better,
                  role,
                  above: fn(&Outcome) -> f64,
                  below: &(dyn Fn(&Outcome) -> f64 + Sync)| {
        let [value, baseline, gain] =
            estimates::beside(played.ours.len(), seed, sides, |of, sample| {
                let all = sum_of(of, sample, below);
                (all > 0.0).then(|| sum_of(of, sample, above) / all)
            });
        Metric {
            name: name.to_owned(),
            scope: String::new(),
            unit: unit.to_owned(),
            better,
            role,
            value,
            baseline,
            baseline_name: naive::NAME.to_owned(),
            gain,
        }
    };
    let metrics = vec![
        metric(
            "cost",
            "cents a day of one product at one site: margin lost, money kept, perished and spent on orders",
            Direction::Lower,
            Role::Decides,
            |o| o.cost,
            &|_| days,
        ),
        metric(
            "fill rate",
            "share of units asked for that were there",
            Direction::Higher,
            Role::Shown,
            |o| o.served,
            &|o| o.asked,
        ),
        metric(
            "days without a gap",
            "share of days with demand on which nothing was missing",
            Direction::Higher,
            Role::Shown,
            |o| o.days - o.short_days,
            &|o| o.days,
        ),
        metric(
            "stock",
            "units on hand in the evening, of one product at one site",
            Direction::Lower,
            Role::Shown,
            |o| o.unit_days,
            &|_| days,
        ),
        metric(
            "waste",
            "units perished for each unit sold",
            Direction::Lower,
            Role::Shown,
            |o| o.perished,
            &|o| o.served,
        ),
    ];
    let held_out_days = later.as_of().epoch_day() - as_of.epoch_day();
    Scorecard {
        split: format!(
            "fitted before {as_of}, played on the {} days after it of {} products at sites",
            played.days,
            played.ours.len()
        ),
        held_out: Some(HeldOut {
            from: as_of,
            days: u32::try_from(held_out_days).unwrap_or(0),
        }),
        metrics,
        notes: notes(body, &found, &played),
        parts: Vec::new(),
        weights: None,
    }
}

/// What a reader must know to judge the figures.
fn notes(body: &Body, found: &Series, played: &Played) -> Vec<String> {
    let mut notes = vec![
        "both policies start with what was there, meet what was sold then, and wait as long for what they order; forecasts are made anew on each day of orders by the method learnt before"
            .to_owned(),
    ];
    if body.settings.transfers.is_some() {
        notes.push(
            "goods are moved between sites as proposed, and what that costs is spent; by the naive rule nothing is moved"
                .to_owned(),
        );
    }
    if found.overrides.is_any() {
        notes.push(
            "these figures are of orders without the changes of planners: what those gain is told apart"
                .to_owned(),
        );
    }
    if played.filled > 0 {
        notes.push(format!(
            "on {} days of products that had run out what was asked for is estimated",
            played.filled
        ));
    }
    let left_out = played.left_out.iter();
    notes.extend(left_out.map(|(lacks, n)| format!("{n} series are not played: {}", lacks.told())));
    notes.extend(body.demand.notes().iter().cloned());
    notes
}
