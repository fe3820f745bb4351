//! A measured rule of the shop: customers whom it covered and to whom it was applied, against those it covered and to whom
//! it was not.

use super::decided::{self, Answered, Seen};
use super::error::ExperimentError;
use super::units::{Times, Units};
use features::{History, RuleRound};

/// The arm of the customers to whom the rule was not applied.
const WITHOUT: &str = "without the rule";

/// The arm of those to whom it was.
const WITH: &str = "with the rule";

/// The arm of a customer by the days on which the rule covered them.
pub(super) fn answered(rounds: &[RuleRound]) -> Answered {
    match rounds {
        [] => Answered::Nobody,
        [first, others @ ..] if others.iter().any(|other| other.held_out != first.held_out) => {
            Answered::Both
        }
        [first, ..] => Answered::Arm(usize::from(!first.held_out)),
    }
}

/// The days of one customer that count.
pub(super) fn rounds_of<'a>(
    history: &'a History,
    (product, rule): (&str, &str),
    customer: &str,
    start: i64,
) -> &'a [RuleRound] {
    let all = history.trials().ruled(product, rule);
    let begin = all.partition_point(|round| *round.customer < *customer);
    let end = all.partition_point(|round| *round.customer <= *customer);
    since(&all[begin..end], start)
}

/// Days are sorted by time.
fn since(rounds: &[RuleRound], start: i64) -> &[RuleRound] {
    &rounds[rounds.partition_point(|round| round.at_seconds < start)..]
}

/// The probability that the rule was applied throughout, given that it was so always or never: who is held out for a share
/// is held out for every larger one, and between the smallest and the largest of a customer's days lie those of both arms.
fn share_of(rounds: &[RuleRound]) -> Option<f64> {
    let shares = || rounds.iter().map(|round| round.share);
    let (least, most) = (shares().reduce(f64::min)?, shares().reduce(f64::max)?);
    Some((1.0 - most) / (1.0 - (most - least)))
}

/// Everybody whom a measured rule covered.
pub(super) fn units<'a>(
    history: &'a History,
    (product, rule): (&str, &str),
    times: Times,
) -> Result<Units<'a>, ExperimentError> {
    let all = history.trials().ruled(product, rule);
    let customers = all.chunk_by(|one, next| one.customer == next.customer);
    let customers = customers.filter_map(|rounds| {
        let rounds = since(rounds, times.start);
        let first = rounds.first()?;
        Some(Seen {
            customer: first.customer.as_str(),
            answered: answered(rounds),
            moments: rounds.iter().map(|round| round.at_seconds).collect(),
            share: share_of(rounds),
        })
    });
    let arms = [WITHOUT, WITH].map(str::to_owned);
    let units = decided::gathered(history.as_of(), arms, customers, times);
    let what = format!("rule {rule:?} on product {product}");
    units.with_both_arms(&what, || ExperimentError::NoRule {
        product: product.to_owned(),
        rule: rule.to_owned(),
        as_of: history.as_of(),
    })
}
