//! What each arm of a promotion adds, which learners were tried for it, and what limits cost.

use super::{list, number, shown, text};
use crate::charts::Locale;
use crate::console::estimates::{Written, estimate};
use crate::console::format::percent;
use crate::console::french;
use crate::console::messages::Say;
use crate::console::page::{self, Tone, figures, words};
use maud::{Markup, html};
use schema::Estimate;
use schema::estimate::short;
use serde_json::Value;

pub(super) fn show(l: Locale, page: &Value) -> Option<Markup> {
    let say = |s: Say| s.text(l);
    let arms = list(page, "arms")?;
    let heads = [
        words(say(Say::Arm)),
        figures(say(Say::ArmAdds)),
        figures(say(Say::Customers)),
        words(say(Say::ArmLearner)),
        figures(say(Say::ArmKept)),
    ];
    let rows: Vec<_> = arms.iter().map(|arm| of_arm(l, arm)).collect();
    let unit = french::told(l, text(page, "outcome"));
    Some(html! {
        p.small { (Say::ArmsLead.with(l, &[&unit])) }
        (page::grid(say(Say::ArmAdds), &heads, &rows))
        @if let Some(round) = page.get("round").filter(|round| round.is_object()) { (limits(l, page, round)) }
        @for arm in arms { (tried(l, arm)) }
        @if let Some(lines) = list(page, "told") {
            details { summary { (say(Say::HowFitted)) }
                ul { @for line in lines { li { (french::marked(l, line.as_str().unwrap_or_default())) } } }
            }
        }
    })
}

fn of_arm(l: Locale, arm: &Value) -> Vec<Markup> {
    let adds = |end: &str| number(arm.get("average_effect")?, end);
    let adds = match (adds("point"), adds("low"), adds("high")) {
        (Some(point), Some(low), Some(high)) => {
            let measured = Estimate::Measured {
                point,
                low,
                high,
                units: 1,
            };
            estimate(l, &measured, Written::Plain)
        }
        (None, _, _) | (_, None, _) | (_, _, None) => shown(l, None, |n| l.number(n)),
    };
    let learners = arm.pointer("/tried/learners").and_then(Value::as_array);
    let used = learners.into_iter().flatten();
    let used = used.filter(|of| of["used"].as_bool() == Some(true));
    let used = used.map(|of| text(of, "name")).next();
    vec![
        html! { (text(arm, "arm")) },
        adds,
        shown(l, number(arm, "customers"), |n| l.fixed(n, 0)),
        html! { (french::marked(l, used.unwrap_or_else(|| text(arm, "learner")))) },
        shown(l, number(arm, "kept"), |share| percent(l, share)),
    ]
}

/// A figure as answers write it, in the language of the page.
fn figure(l: Locale, value: f64) -> String {
    let written = short(value);
    let decimals = written.split_once('.').map_or(0, |(_, d)| d.len());
    l.fixed(value, decimals)
}

fn with_error(l: Locale, of: &Value, value: &str, error: &str) -> Markup {
    match (number(of, value), number(of, error)) {
        (Some(value), Some(error)) => html! { (figure(l, value)) " ± " (figure(l, error)) },
        (None, _) | (_, None) => shown(l, None, |n| l.number(n)),
    }
}

/// The learners tried for an arm, and what the one that a person can read would cost; nothing where that was not kept.
fn tried(l: Locale, arm: &Value) -> Markup {
    let say = |s: Say| s.text(l);
    let Some(learners) = arm.get("tried").and_then(|tried| list(tried, "learners")) else {
        return html! {};
    };
    let heads = [
        words(say(Say::Candidate)),
        figures(say(Say::ArmGain)),
        figures(say(Say::ArmBehind)),
        words(say(Say::Result)),
    ];
    let row = |of: &Value| {
        vec![
            french::marked(l, text(of, "name")),
            with_error(l, of, "gain", "standard_error"),
            with_error(l, of, "behind", "behind_standard_error"),
            html! { @if of["used"].as_bool() == Some(true) { (page::badge(Tone::Good, say(Say::Kept))) } },
        ]
    };
    let rows: Vec<_> = learners.iter().map(row).collect();
    let title = Say::ArmTried.with(l, &[text(arm, "arm")]);
    let twin = arm.pointer("/tried/twin").filter(|twin| twin.is_object());
    html! {
        h3 { (title) }
        p.small { (say(Say::ArmTriedLead)) }
        (page::grid(&title, &heads, &rows))
        @if let Some(twin) = twin {
            @let of = |name: &str| figure(l, number(twin, name).unwrap_or_default());
            @let black_box = french::told(l, text(twin, "black_box"));
            @let used = if twin["used"].as_bool() == Some(true) { Say::ArmTwinUsed } else { Say::ArmTwinNotUsed };
            p { (Say::ArmTwin.with(l, &[&of("gap"), &of("standard_error"), &black_box])) " " (say(used)) }
        }
    }
}

/// The budget and the limits on some arms, each with what one unit more of it would add.
fn limits(l: Locale, page: &Value, round: &Value) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::LimitNamed)),
        figures(say(Say::LimitUsed)),
        figures(say(Say::LimitAllows)),
        figures(say(Say::LimitPrice)),
    ];
    let own = |of: &Value, name: &str| shown(l, number(of, name), |n| figure(l, n));
    let sites = |of: &Value| {
        let sites = list(of, "sites").into_iter().flatten();
        sites
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let counts = |of: &Value| match text(of, "counts") {
        "at_most" => say(Say::LimitAtMost),
        "at_least" => say(Say::LimitAtLeast),
        _ => say(Say::LimitOfMoney),
    };
    let budget = vec![
        html! { (say(Say::Budget)) },
        own(round, "spend"),
        own(page, "budget"),
        own(round, "price"),
    ];
    let limits = list(round, "limits").into_iter().flatten();
    let limits = limits.map(|of| {
        vec![
            html! {
                (text(of, "name"))
                div.small { (counts(of)) @if !sites(of).is_empty() { ", " (sites(of)) } }
            },
            own(of, "used"),
            own(of, "limit"),
            own(of, "price"),
        ]
    });
    let rows: Vec<_> = std::iter::once(budget).chain(limits).collect();
    html! {
        h3 { (say(Say::LimitsPriced)) }
        (page::grid(say(Say::LimitsPriced), &heads, &rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned() -> Value {
        serde_json::json!({
            "outcome": "margin per customer",
            "arms": [{
                "arm": "amount5", "average_effect": { "point": 1.5, "low": 0.5, "high": 2.5 },
                "customers": 1_200, "learner": "additive", "kept": 0.42,
                "tried": {
                    "learners": [
                        { "learner": "average", "name": "the average for everybody", "gain": 0.0, "standard_error": 0.0,
                          "behind": 0.31, "behind_standard_error": 0.1, "used": false },
                        { "learner": "additive", "name": "additive: a sum of functions of one thing each", "gain": 0.25,
                          "standard_error": 0.125, "behind": 0.06, "behind_standard_error": 0.07, "used": true },
                    ],
                    "twin": { "black_box": "X-learner", "gap": 0.06, "standard_error": 0.07, "used": true },
                },
            }],
            "budget": 1_000.0,
            "round": {
                "spend": 990.0, "price": 0.8,
                "limits": [{ "name": "campaign", "counts": "at_most", "limit": 100.0, "used": 100.0, "price": 2.5,
                             "sites": ["lyon"] }],
            },
            "told": ["one more of budget would add 0.8000"],
        })
    }

    #[test]
    fn arms_learners_the_twin_and_limits_are_shown_in_both_languages() {
        let english = show(Locale::English, &learned()).unwrap().into_string();
        for part in [
            "amount5",
            "0.5 to 2.5",
            "42%",
            "0.2500 ± 0.1250",
            "gains 0.06000 ± 0.07000 less than the best black box (X-learner)",
            "It is what is used",
            "campaign",
            "customers, at most, lyon",
            "2.500",
            "0.8000",
        ] {
            assert!(english.contains(part), "{part}: {english}");
        }
        let french = show(Locale::French, &learned()).unwrap().into_string();
        for part in [
            "0,2500 ± 0,1250",
            "additive : une somme",
            "jumelle additive",
            "marge par client",
            "une unité de budget de plus ajouterait 0,8000",
        ] {
            assert!(french.contains(part), "{part}: {french}");
        }
        assert!(!french.contains("lang=\"en\""), "{french}");
        assert!(show(Locale::English, &serde_json::json!({})).is_none());
    }
}
