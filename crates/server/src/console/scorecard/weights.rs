//! What a version's answers hang on, column by column.

use super::super::format::percent;
use super::super::french;
use super::super::messages::Say;
use super::super::page::{self, figures, words};
use crate::charts::Locale;
use maud::{Markup, html};
use schema::Weights;
use schema::weights::WeighedBy;

/// Folded up: it says nothing of how good the version is.
pub(super) fn show(l: Locale, weights: &Weights) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [words(say(Say::ReviewColumn)), figures(say(Say::Weighs))];
    let row =
        |(column, share): (&str, f64)| vec![page::code(column), html! { (percent(l, share)) }];
    html! {
        details { summary { (say(Say::HangsOn)) }
            @match weights {
                Weights::Known { by, beside, .. } => {
                    p { (say(told(*by))) }
                    (page::grid(say(Say::HangsOn), &heads, &weights.heaviest().into_iter().map(row).collect::<Vec<_>>()))
                    @if !beside.is_empty() {
                        p { (say(Say::HangsBeside)) " "
                            @for column in beside { (page::code(column)) " " }
                        }
                    }
                }
                Weights::Unknown { because } => { p { (french::marked(l, because)) "." } }
            }
        }
    }
}

fn told(by: WeighedBy) -> Say {
    match by {
        WeighedBy::Gains => Say::WeighedByGains,
        WeighedBy::Parts => Say::WeighedByParts,
        WeighedBy::Alike => Say::WeighedAlike,
    }
}
