//! Who gained by an arm, group by group.

use super::{list, number, shown, text};
use crate::charts::Locale;
use crate::console::estimates::{Written, estimate};
use crate::console::format::Currency;
use crate::console::french;
use crate::console::messages::Say;
use crate::console::page::{self, figures, words};
use maud::{Markup, html};
use schema::Estimate;
use serde_json::Value;

/// Nothing where the settings name no groups.
pub(super) fn show(l: Locale, currency: &Currency, page: &Value) -> Markup {
    let heads = [
        words(Say::Arm.text(l)),
        words(Say::Group.text(l)),
        figures(Say::Customers.text(l)),
        figures(Say::ItChangesTogether.text(l)),
    ];
    let money = page.pointer("/findings/0/money").and_then(Value::as_bool) == Some(true);
    let mut rows = Vec::new();
    for of_arm in list(page, "groups").into_iter().flatten() {
        for group in list(of_arm, "groups").into_iter().flatten() {
            rows.push(vec![
                html! { (text(of_arm, "arm")) },
                french::marked(l, text(group, "group")),
                shown(l, number(group, "customers"), |n| l.fixed(n, 0)),
                changed(l, currency, money, group),
            ]);
        }
    }
    html! {
        @if !rows.is_empty() { (page::grid(Say::WhoGained.text(l), &heads, &rows)) }
    }
}

fn changed(l: Locale, currency: &Currency, money: bool, group: &Value) -> Markup {
    let (way, factor) = if money {
        (Written::Money(currency), 100.0)
    } else {
        (Written::Plain, 1.0)
    };
    let Some(size) = group.pointer("/effect/measured") else {
        let why = group.get("effect").cloned().map(serde_json::from_value);
        return match why {
            Some(Ok(found)) => estimate(l, &found, way),
            Some(Err(_)) | None => shown(l, None, |n| l.number(n)),
        };
    };
    let of = |name: &str| factor * number(size, name).unwrap_or_default();
    let found = Estimate::Measured {
        point: of("point"),
        low: of("low"),
        high: of("high"),
        units: 0,
    };
    estimate(l, &found, way)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_is_shown_with_its_interval() {
        let page = serde_json::json!({
            "findings": [{ "money": true }],
            "groups": [{ "arm": "mail", "groups": [
                { "group": "spent nothing in the 90 days before", "customers": 400,
                  "effect": { "measured": { "point": 3.0, "low": 2.5, "high": 3.5 } } },
                { "group": "spent more than 40.00 in the 90 days before", "customers": 8,
                  "effect": { "not_measurable": { "too_few": { "what": "units", "found": 8, "needed": 10 } } } },
            ]}],
        });
        let euro = Currency::One("EUR".to_owned());
        let english = show(Locale::English, &euro, &page).into_string();
        for part in ["Who gained", "€3.00", "€2.50 to €3.50", "not measurable"] {
            assert!(english.contains(part), "{part}: {english}");
        }
        let french = show(Locale::French, &euro, &page).into_string();
        assert!(
            french.contains("rien dépensé dans les 90 jours d’avant"),
            "{french}"
        );
        assert!(
            show(Locale::English, &euro, &serde_json::json!({}))
                .into_string()
                .is_empty()
        );
    }
}
