//! How good a value model is on the purchases after its as-of day, beside every customer's own rate.

use super::fitted::{Body, customers, dates_of};
use crate::estimates;
use features::{History, PurchaseSummary, purchase_summary};
use models::value::{self, Score};
use schema::{AsOf, Direction, Estimate, HeldOut, Metric, Role, Scorecard};

/// What the baseline is called.
pub(super) const OWN_RATE: &str = "own rate so far";

/// Purchase days that a customer makes within some days who goes on at their own rate.
pub(super) fn at_own_rate(past: &PurchaseSummary, days: u32) -> f64 {
    f64::from(past.repeat_purchases) / past.age_days.max(1.0) * f64::from(days)
}

/// What was predicted of each customer, by the model and by their own rate, and what happened.
struct Compared {
    model: Vec<f64>,
    own_rate: Vec<f64>,
    actual: Vec<f64>,
}

impl Compared {
    fn of(body: &Body, as_of: AsOf, later: &History, days: u32) -> Self {
        let known = customers(later, as_of);
        let past = value::History::new(body.start, body.end, &known.dates).ok();
        let mut all = Self {
            model: past
                .map(|p| body.fitted.expected_purchases(&p, days))
                .unwrap_or_default(),
            own_rate: Vec::new(),
            actual: Vec::new(),
        };
        for customer in &known.positions {
            let lines = later.lines_of(*customer);
            let before = dates_of(lines, as_of).len();
            let bought = dates_of(lines, later.as_of()).len() - before;
            all.actual.push(bought as f64);
            let past = purchase_summary(lines, as_of);
            all.own_rate
                .push(past.map_or(0.0, |past| at_own_rate(&past, days)));
        }
        all
    }

    /// A figure of all customers for the model and the baseline, and the difference on the same customers.
    fn figure(&self, seed: u64, of: impl Fn(&Score) -> Option<f64> + Sync) -> [Estimate; 3] {
        let sides = [&self.model, &self.own_rate];
        estimates::beside(self.actual.len(), seed, sides, |predicted, sample| {
            let drawn =
                |values: &[f64]| -> Vec<f64> { sample.iter().map(|i| values[*i]).collect() };
            of(&Score::of(&drawn(predicted), &drawn(&self.actual)))
        })
    }

    /// Mean distance of prediction and purchases for the model and the baseline, and the difference.
    fn mean_error(&self, seed: u64) -> [Estimate; 3] {
        let errors = |predicted: &[f64]| -> Vec<f64> {
            let pairs = predicted.iter().zip(&self.actual);
            pairs.map(|(p, a)| (p - a).abs()).collect()
        };
        let (ours, theirs) = (errors(&self.model), errors(&self.own_rate));
        let gain: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a - b).collect();
        [ours, theirs, gain].map(|values| estimates::mean(&values, seed))
    }
}

/// Correlation decides, and the total must be about right: a shop acts on who buys most and on how much that is. The
/// mean absolute error is shown: most customers buy nothing in a given stretch, so that it rewards who predicts too
/// little.
pub(super) fn scorecard(body: &Body, as_of: AsOf, later: &History, seed: u64) -> Scorecard {
    let days = u32::try_from(later.as_of().epoch_day() - as_of.epoch_day()).unwrap_or(0);
    let compared = Compared::of(body, as_of, later, days);
    let metric =
        |name: &str, unit: &str, better, role, [value, baseline, gain]: [Estimate; 3]| Metric {
            name: name.to_owned(),
            scope: String::new(),
            unit: unit.to_owned(),
            better,
            role,
            value,
            baseline,
            baseline_name: OWN_RATE.to_owned(),
            gain,
        };
    let total = Score::of(&compared.model, &compared.actual);
    let mut notes = vec![format!(
        "predicted {:.0} purchase days in total, {:.0} happened",
        total.predicted_total, total.actual_total
    )];
    notes.extend(body.caveats());
    Scorecard {
        split: format!(
            "fitted before {as_of}, purchases of {} customers counted on the {days} days after",
            compared.actual.len()
        ),
        held_out: Some(HeldOut { from: as_of, days }),
        metrics: vec![
            metric(
                "correlation",
                "of predicted and actual purchases",
                Direction::Higher,
                Role::Decides,
                compared.figure(seed, |score| score.correlation),
            ),
            metric(
                "total error",
                "share of all purchases, absolute",
                Direction::Lower,
                // Correlation does not see a level that is wrong for everybody; a budget does.
                Role::Decides,
                compared.figure(seed, |score| score.total_error().map(f64::abs)),
            ),
            metric(
                "mean absolute error",
                "purchase days per customer",
                Direction::Lower,
                Role::Shown,
                compared.mean_error(seed),
            ),
        ],
        notes,
        parts: Vec::new(),
        weights: None,
    }
}
