//! Whether the arms of a draw have the sizes asked for and are alike in what was known before.

use super::definition::Definition;
use features::{History, SaleLine};
use measure::design::standardised_difference;
use measure::effects::Moments;
use measure::sequential::{SampleRatio, sample_ratio};
use schema::WhyNot;
use schema::time::DAY_SECONDS;
use serde::Serialize;
use std::collections::BTreeSet;

/// A customer who is in an experiment.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    /// Who.
    pub customer: &'a str,
    /// The arm; 0 is the control.
    pub arm: usize,
    /// When, in seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
    /// Whether it is this very draw.
    pub is_new: bool,
    /// The first moment that the shop knew of the customer, in seconds since 1970-01-01 UTC, where it says.
    pub known_since: Option<i64>,
}

/// One arm as it was drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmSize {
    /// Name.
    pub arm: String,
    /// Share asked for.
    pub share: f64,
    /// Customers, all draws together.
    pub customers: u64,
    /// Of these, those drawn now.
    pub new: u64,
}

/// How unlike two arms are in what was known before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unlike {
    /// What was known.
    pub covariate: &'static str,
    /// The arm.
    pub arm: String,
    /// Mean of the control.
    pub control_mean: Option<f64>,
    /// Mean of the arm.
    pub mean: Option<f64>,
    /// Difference of the means in standard deviations; `null` where nothing varies.
    pub difference: Option<f64>,
    /// Whether it is larger than a tenth of a deviation, and than three times what chance makes of arms of these sizes.
    pub look: bool,
}

/// What is said of a draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// Arms, the control first.
    pub arms: Vec<ArmSize>,
    /// Whether they have the sizes asked for.
    pub sample_ratio: SampleRatio,
    /// How unlike each is to the control, covariate by covariate.
    pub unlike: Vec<Unlike>,
}

/// What was known of a customer before the draw, each with its name; `None` where it is not known of the customer.
const COVARIATES: [(&str, Covariate); 4] = [
    ("money spent before", |_, lines| {
        Some(
            lines
                .iter()
                .map(|line| line.spend_cents as f64 / 100.0)
                .sum(),
        )
    }),
    ("orders before", |_, lines| {
        let bought = lines.iter().filter(|line| !line.is_return);
        Some(
            bought
                .map(|line| line.order)
                .collect::<BTreeSet<u32>>()
                .len() as f64,
        )
    }),
    ("days since the last order", |drawn, lines| {
        let last = lines.iter().rfind(|line| !line.is_return)?;
        Some((drawn.at_seconds - last.at_seconds) as f64 / DAY_SECONDS as f64)
    }),
    ("days known to the shop", |drawn, _| {
        let since = drawn.known_since.filter(|since| *since > i64::MIN)?;
        Some((drawn.at_seconds - since) as f64 / DAY_SECONDS as f64)
    }),
];

type Covariate = fn(&Drawn<'_>, &[SaleLine]) -> Option<f64>;

impl Balance {
    /// Looks at everybody who is in an experiment.
    #[must_use]
    pub fn of(definition: &Definition, drawn: &[Drawn<'_>], history: Option<&History>) -> Self {
        let mut arms: Vec<ArmSize> = definition
            .arms()
            .map(|(arm, share)| ArmSize {
                arm: arm.to_owned(),
                share,
                customers: 0,
                new: 0,
            })
            .collect();
        for one in drawn {
            arms[one.arm].customers += 1;
            arms[one.arm].new += u64::from(one.is_new);
        }
        let counts: Vec<u64> = arms.iter().map(|arm| arm.customers).collect();
        let shares: Vec<f64> = arms.iter().map(|arm| arm.share).collect();
        let ratio = sample_ratio(&counts, &shares);
        let unlike = COVARIATES.iter().flat_map(|(name, of)| {
            let mut values = vec![Moments::new(1); arms.len()];
            for one in drawn {
                if let Some(value) = of(one, lines_before(history, one)) {
                    // A covariate is a sum or a difference of finite numbers.
                    let _ = values[one.arm].push(&[value]);
                }
            }
            unlike(name, &arms, &values)
        });
        Self {
            unlike: unlike.collect(),
            // Shares were checked with the definition.
            sample_ratio: ratio.unwrap_or_else(|error| {
                SampleRatio::NotMeasurable(WhyNot::DoesNotApply {
                    because: error.to_string(),
                })
            }),
            arms,
        }
    }
}

fn lines_before<'h>(history: Option<&'h History>, drawn: &Drawn<'_>) -> &'h [SaleLine] {
    let lines = history.and_then(|h| Some(h.lines_of(h.customer_index(drawn.customer)?)));
    let lines = lines.unwrap_or_default();
    &lines[..lines.partition_point(|line| line.at_seconds < drawn.at_seconds)]
}

fn unlike(covariate: &'static str, arms: &[ArmSize], values: &[Moments]) -> Vec<Unlike> {
    let control = &values[0];
    let treated = arms.iter().zip(values).skip(1);
    treated
        .map(|(arm, own)| {
            let difference = standardised_difference(control, own);
            let chance = (1.0 / control.count() as f64 + 1.0 / own.count() as f64).sqrt();
            let bar = f64::max(0.1, 3.0 * chance);
            Unlike {
                covariate,
                arm: arm.arm.clone(),
                control_mean: control.mean(0),
                mean: own.mean(0),
                difference,
                look: difference.is_some_and(|difference| difference.abs() > bar),
            }
        })
        .collect()
}

/// Money that a customer spent in the last days of a history, in the shop's currency; 0 days mean all of it.
#[must_use]
pub fn spent_before(history: &History, customer: &str, days: u32) -> f64 {
    let from = match days {
        0 => i64::MIN,
        days => history.begins(history.as_of()) - i64::from(days) * DAY_SECONDS,
    };
    let lines = history
        .customer_index(customer)
        .map(|c| history.lines_of(c));
    let lines = lines.unwrap_or_default().iter();
    let cents = lines
        .filter(|line| line.at_seconds >= from)
        .map(|line| line.spend_cents);
    cents.sum::<i64>() as f64 / 100.0
}
