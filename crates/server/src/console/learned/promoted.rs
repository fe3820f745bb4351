//! What promotions of each category bring to what is promoted and take from the rest.

use super::{change_of_sales, list, number, shown, text};
use crate::charts::Locale;
use crate::console::french;
use crate::console::messages::Say;
use crate::console::page::{self, figures, words};
use maud::{Markup, html};
use serde_json::Value;

/// Nothing where the plan tells no products apart.
pub(super) fn show(l: Locale, page: &Value) -> Markup {
    let say = |s: Say| s.text(l);
    let Some(all) = list(page, "promotions") else {
        return html! {};
    };
    let heads = [
        words(say(Say::PromotedCategory)),
        figures(say(Say::PromotedOwn)),
        figures(say(Say::PromotedOthers)),
        figures(say(Say::PromotedNet)),
        figures(say(Say::PromotedPeriods)),
    ];
    let change = |of: &Value, name: &str| {
        let why = of.get("why_not").and_then(Value::as_str);
        change_of_sales(l, of.get(name), &french::told(l, why.unwrap_or_default()))
    };
    let row = |of: &Value| {
        vec![
            html! { (text(of, "category")) },
            change(of, "own"),
            change(of, "others"),
            change(of, "net"),
            shown(l, number(of, "promoted"), |n| l.fixed(n, 0)),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    html! {
        h3 { (say(Say::PromotionsDid)) }
        p.small { (say(Say::PromotedLead)) }
        (page::grid(say(Say::PromotionsDid), &heads, &rows))
    }
}
