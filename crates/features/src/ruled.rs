//! Decisions that a measured rule covered, out of the log.

use crate::load::{LoadError, each};
use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use lake::{Lake, Snapshot};
use schema::AsOf;
use schema::time::day_of;
use std::collections::BTreeMap;

/// Code of the reason of a decision that a measured rule covers and was not applied to: its value `rule` is the rule's
/// name, `share` that of the customers who are held out of it.
pub const RULE_HELD_OUT: &str = "rule_held_out";

/// The same where the rule was applied.
pub const RULE_MEASURED: &str = "rule_measured";

/// A day on which a measured rule covered what was decided for a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleRound {
    /// The customer.
    pub customer: String,
    /// The first such decision of the day, in seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
    /// Whether the rule was not applied.
    pub held_out: bool,
    /// Share of the customers who were held out of it then.
    pub share: f64,
}

/// The days on which a measured rule covered what a data product decided for its customers, by customer and time. Whoever is
/// in the universal holdout got the product's baseline and is left out, and so are answers by a fallback.
///
/// # Errors
/// [`LoadError::Lake`] when the log cannot be read.
pub async fn ruled(
    lake: &Lake,
    snapshot: &Snapshot,
    as_of: AsOf,
    (product, rule): (&str, &str),
) -> Result<Vec<RuleRound>, LoadError> {
    let sql = format!(
        "SELECT customer_id, decided_at, reasons FROM decisions \
         WHERE product = '{}' AND position = 1 AND NOT holdout AND NOT fallback AND customer_id IS NOT NULL \
         AND (reasons LIKE '%\"code\":\"{RULE_HELD_OUT}\"%' OR reasons LIKE '%\"code\":\"{RULE_MEASURED}\"%') \
         AND decided_at < TIMESTAMP '{as_of}T00:00:00Z'",
        product.replace('\'', "''")
    );
    let mut days: BTreeMap<(String, i32), RuleRound> = BTreeMap::new();
    each(lake, snapshot, "decisions", &sql, |batch| {
        let (customers, reasons) = (
            batch.column(0).as_string::<i32>(),
            batch.column(2).as_string::<i32>(),
        );
        let at = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let Some((held_out, share)) = drawn(reasons.value(row), rule) else {
                continue;
            };
            let round = RuleRound {
                customer: customers.value(row).to_owned(),
                at_seconds: at.value(row).div_euclid(1_000_000),
                held_out,
                share,
            };
            let day = (round.customer.clone(), day_of(round.at_seconds));
            let first = days.entry(day).or_insert_with(|| round.clone());
            if round.at_seconds < first.at_seconds {
                *first = round;
            }
        }
    })
    .await?;
    Ok(days.into_values().collect())
}

/// What a decision tells of a rule: whether it was held out, and of which share of the customers.
fn drawn(reasons: &str, rule: &str) -> Option<(bool, f64)> {
    let reasons: serde_json::Value = serde_json::from_str(reasons).ok()?;
    let mut reasons = reasons.as_array()?.iter();
    reasons.find_map(|reason| {
        let held_out = match reason["code"].as_str()? {
            RULE_HELD_OUT => true,
            RULE_MEASURED => false,
            _ => return None,
        };
        let values = &reason["values"];
        let is_it = values["rule"].as_str() == Some(rule);
        is_it
            .then(|| values["share"].as_f64())
            .flatten()
            .map(|share| (held_out, share))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_tells_of_each_rule_that_covered_it() {
        let reasons = r#"[{"code":"popular","values":{}},
            {"code":"rule_measured","values":{"rule":"tea first","share":0.2}},
            {"code":"rule_held_out","values":{"rule":"no wine","share":0.1}}]"#;
        assert_eq!(drawn(reasons, "no wine"), Some((true, 0.1)));
        assert_eq!(drawn(reasons, "tea first"), Some((false, 0.2)));
        assert_eq!(drawn(reasons, "no beer"), None);
        assert_eq!(drawn("no JSON", "no wine"), None);
    }
}
