//! What a good decision is, in words.

use products::{Judged, Step};

/// What of decisions that are judged so is good, or why single ones are not judged.
#[must_use]
pub fn what_is_good(judged: Judged) -> String {
    match judged {
        Judged::No { because } => because.to_owned(),
        Judged::Bought { window_days } => format!(
            "of customers who bought within {window_days} days, those who bought what was shown"
        ),
        Judged::Clicked { .. } => "of answers, those of which something was clicked".to_owned(),
        Judged::Sold(of) => format!(
            "of the error of the naive forecast, what sold {} before, what the forecast saves",
            match of.step {
                Step::Day => "on the same day of the week",
                Step::Week => "in the week",
                Step::Month => "in the month",
            }
        ),
        Judged::Valued { horizon_days } => format!(
            "of the squared error of the naive forecast, what customers bought in the {horizon_days} days before, what the forecast saves"
        ),
        Judged::Launched => {
            "of the error of the naive forecast, what launches of the category sold, what the forecast saves"
                .to_owned()
        }
        Judged::Lasted { .. } => {
            "of proposed orders that were placed, those that lasted until the next delivery".to_owned()
        }
    }
}
