//! What the weather does to the sales of each category.

use super::{list, number, text};
use crate::charts::Locale;
use crate::console::estimates::{Written, estimate};
use crate::console::messages::Say;
use crate::console::page::{self, figures, words};
use maud::{Markup, html};
use schema::Estimate;
use serde_json::Value;

/// Nothing where the weather is not taken in.
pub(super) fn show(l: Locale, page: &Value) -> Markup {
    let say = |s: Say| s.text(l);
    let answers = page.get("weather").and_then(|of| list(of, "answers"));
    let Some(all) = answers.filter(|all| !all.is_empty()) else {
        return html! {};
    };
    let heads = [
        words(say(Say::PromotedCategory)),
        figures(say(Say::WeatherDegree)),
        figures(say(Say::WeatherMillimetre)),
    ];
    let change = |of: &Value, name: &str| {
        let figure = |end: &str| of.get(name).and_then(|change| number(change, end));
        let (Some(point), Some(low), Some(high)) = (figure("point"), figure("low"), figure("high"))
        else {
            return html! { span.unknown { (say(Say::Unknown)) } };
        };
        let told = Estimate::Measured {
            point,
            low,
            high,
            units: 1,
        };
        estimate(l, &told, Written::Percent)
    };
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
