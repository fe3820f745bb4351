//! What the weather does to the sales of each category.

use super::{change_of_sales, list, text};
use crate::charts::Locale;
use crate::console::messages::Say;
use crate::console::page::{self, figures, words};
use maud::{Markup, html};
use serde_json::Value;

/// Nothing where the weather is not taken in.
pub(super) fn show(l: Locale, page: &Value) -> Markup {
    let say = |s: Say| s.text(l);
    let Some(all) = page.get("weather").and_then(|of| list(of, "answers")) else {
        return html! {};
    };
    let heads = [
        words(say(Say::PromotedCategory)),
        figures(say(Say::WeatherDegree)),
        figures(say(Say::WeatherMillimetre)),
    ];
    let change = |of: &Value, name: &str| change_of_sales(l, of.get(name), say(Say::Unknown));
    let row = |of: &Value| {
        vec![
            html! { (text(of, "category")) },
            change(of, "per_degree"),
            change(of, "per_millimetre"),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    html! {
        h3 { (say(Say::WeatherDid)) }
        p.small { (say(Say::WeatherLead)) }
        (page::grid(say(Say::WeatherDid), &heads, &rows))
    }
}
