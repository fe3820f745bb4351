//! Reasons of recommendations as sentences with their figures.

use crate::answer::Reason;
use crate::reasons::reason;
use decisions::rank::{RuleTouch, Touch};
use models::recommend::Reason as Why;
use serde_json::Value;

/// A figure rounded for a reader.
fn tenth(value: f32) -> Value {
    let rounded = (f64::from(value) * 10.0).round() / 10.0;
    if rounded.fract() == 0.0 {
        (rounded as i64).into()
    } else {
        rounded.into()
    }
}

/// Why an item is in the list; `label` names a product for a person.
pub(crate) fn why(why: &Why, label: impl Fn(u32) -> String) -> Reason {
    match *why {
        Why::BoughtWith {
            item,
            times,
            expected,
        } => reason(
            "bought_with",
            "bought with {product}; times: {times}, expected: {expected}",
            [
                ("product", label(item).into()),
                ("times", tenth(times)),
                ("expected", tenth(expected)),
            ],
        ),
        Why::Follows {
            item,
            times,
            expected,
        } => reason(
            "follows",
            "bought after {product}; times: {times}, expected: {expected}",
            [
                ("product", label(item).into()),
                ("times", tenth(times)),
                ("expected", tenth(expected)),
            ],
        ),
        Why::SimilarTo { item, share } => reason(
            "similar_to",
            "like {product}, which brings {percent} % of the score",
            [
                ("product", label(item).into()),
                ("percent", tenth(100.0 * share)),
            ],
        ),
        Why::BoughtBefore {
            times,
            last_days_ago,
            usual_interval_days,
        } => match usual_interval_days {
            Some(days) => reason(
                "bought_before",
                "purchases: {times}, the last one {last_days_ago} d ago; usual interval {usual_days} d",
                [
                    ("times", times.into()),
                    ("last_days_ago", (last_days_ago.round() as i64).into()),
                    ("usual_days", tenth(days)),
                ],
            ),
            None => reason(
                "bought_before_no_rhythm",
                "purchases: {times}, the last one {last_days_ago} d ago",
                [
                    ("times", times.into()),
                    ("last_days_ago", (last_days_ago.round() as i64).into()),
                ],
            ),
        },
        Why::Popular {
            recent_sales,
            share,
        } => reason(
            "popular",
            "sells now; recent sales weighed by age: {recent_sales}, {percent} % of all",
            [
                ("recent_sales", tenth(recent_sales)),
                ("percent", tenth(100.0 * share)),
            ],
        ),
        Why::FitsTaste { preference } => reason(
            "fits_taste",
            "fits what the customer buys (predicted preference {preference})",
            [(
                "preference",
                ((f64::from(preference) * 100.0).round() / 100.0).into(),
            )],
        ),
    }
}

/// What a rule did to an item.
pub(crate) fn rule(touch: &RuleTouch) -> Reason {
    let names = [
        ("rule", Value::from(touch.rule.as_ref())),
        ("because", touch.reason.as_ref().into()),
    ];
    match touch.what {
        Touch::Pinned { position } => reason(
            "rule_pinned",
            "rule \"{rule}\" pinned it to place {position} ({because})",
            names.into_iter().chain([("position", position.into())]),
        ),
        Touch::Boosted { factor } => reason(
            "rule_boosted",
            "rule \"{rule}\" multiplied its score by {factor} ({because})",
            names
                .into_iter()
                .chain([("factor", f64::from(factor).into())]),
        ),
        Touch::Counted { at_most, .. } => reason(
            "rule_capped",
            "rule \"{rule}\" allows {at_most} of its group ({because})",
            names.into_iter().chain([("at_most", at_most.into())]),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_right_for_one_and_for_many() {
        let told = |times, last_days_ago, usual_interval_days| {
            let bought = Why::BoughtBefore {
                times,
                last_days_ago,
                usual_interval_days,
            };
            why(&bought, |_| String::new()).text
        };
        assert_eq!(
            told(1, 1.2, None),
            "purchases: 1, the last one 1 d ago",
            "one"
        );
        assert_eq!(
            told(12, 30.0, Some(7.5)),
            "purchases: 12, the last one 30 d ago; usual interval 7.5 d",
            "many"
        );
    }
}
