//! What must not get worse: each guardrail of each arm, with what is said of it.

use super::{list, number, shown, text};
use crate::charts::Locale;
use crate::console::estimates::{Written, estimate};
use crate::console::format::percent;
use crate::console::french;
use crate::console::messages::Say;
use crate::console::page::{self, Tone, figures, words};
use maud::{Markup, html};
use schema::Estimate;
use serde_json::Value;

/// What a guardrail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Kept,
    Broken,
    Undecided,
    NotMeasurable,
}

const SAYS: [(Says, &str); 4] = [
    (Says::Kept, "/says/kept"),
    (Says::Broken, "/says/broken"),
    (Says::Undecided, "/says/undecided"),
    (Says::NotMeasurable, "/says/not_measurable"),
];

impl Says {
    fn of(guardrail: &Value) -> (Self, Option<&Value>) {
        let mut all = SAYS.into_iter();
        let found = all.find_map(|(says, path)| Some((says, guardrail.pointer(path)?)));
        found.map_or((Self::NotMeasurable, None), |(says, of)| (says, Some(of)))
    }

    fn badge(self, l: Locale) -> Markup {
        let (tone, say) = match self {
            Self::Kept => (Tone::Good, Say::GuardrailKept),
            Self::Broken => (Tone::Bad, Say::GuardrailBroken),
            Self::Undecided => (Tone::Quiet, Say::GuardrailOpen),
            Self::NotMeasurable => (Tone::Warn, Say::Unknown),
        };
        page::badge(tone, say.text(l))
    }
}

/// Nothing where the settings name no guardrail.
pub(super) fn show(l: Locale, page: &Value) -> Markup {
    let say = |s: Say| s.text(l);
    let Some(all) = list(page, "guardrails") else {
        return html! {};
    };
    let heads = [
        words(say(Say::MeasuredOutcome)),
        words(say(Say::Arm)),
        figures(say(Say::GuardrailAllowed)),
        figures(say(Say::GuardrailChange)),
        words(say(Say::GuardrailSays)),
    ];
    let rows: Vec<_> = all.iter().map(|guardrail| row(l, guardrail)).collect();
    html! {
        h3 { (say(Say::Guardrails)) }
        (page::grid(say(Say::Guardrails), &heads, &rows))
        p { (say(Say::GuardrailPromise)) }
    }
}

fn row(l: Locale, guardrail: &Value) -> Vec<Markup> {
    let (says, of) = Says::of(guardrail);
    let change = of.and_then(|of| {
        if says == Says::NotMeasurable {
            let why = serde_json::from_value(of.clone()).ok()?;
            return Some(Estimate::NotMeasurable(why));
        }
        Some(Estimate::Measured {
            point: number(of, "point")?,
            low: number(of, "low")?,
            high: number(of, "high")?,
            units: 0,
        })
    });
    vec![
        french::marked(l, text(guardrail, "unit")),
        html! { (text(guardrail, "arm")) },
        shown(l, number(guardrail, "worse_by"), |share| percent(l, share)),
        match change {
            Some(change) => estimate(l, &change, Written::Percent),
            None => shown(l, None, |n| l.number(n)),
        },
        says.badge(l),
    ]
}

/// One sentence for each guardrail of each arm, with its badge.
///
/// - `broken`: those that are, or all others.
pub(in crate::console) fn sentences(
    l: Locale,
    page: &Value,
    broken: bool,
) -> Vec<(Markup, String)> {
    let all = list(page, "guardrails").into_iter().flatten();
    let told = all.filter_map(|guardrail| {
        let (says, of) = Says::of(guardrail);
        if (says == Says::Broken) != broken {
            return None;
        }
        let share = |name: &str| percent(l, of.and_then(|of| number(of, name)).unwrap_or(0.0));
        let allowed = percent(l, number(guardrail, "worse_by").unwrap_or(0.0));
        let unit = french::told(l, text(guardrail, "unit"));
        let (arm, unit) = (text(guardrail, "arm"), unit.as_ref());
        let (point, low, high) = (share("point"), share("low"), share("high"));
        let say = match says {
            Says::Broken => Say::ReportBroken,
            Says::Kept => Say::ReportKept,
            Says::Undecided => Say::ReportOpen,
            Says::NotMeasurable => Say::ReportUnguarded,
        };
        let sentence = say.with(l, &[arm, unit, &allowed, &point, &low, &high]);
        Some((says.badge(l), sentence))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Value {
        let of = |arm: &str, says: Value| {
            serde_json::json!({
                "outcome": "basket", "unit": "basket (revenue per order)", "arm": arm, "better": "higher", "worse_by": 0.02,
                "says": says,
            })
        };
        let change =
            serde_json::json!({ "point": -0.08, "low": -0.12, "high": -0.04, "units": 900 });
        serde_json::json!({ "guardrails": [
            of("mail", serde_json::json!({ "broken": change })),
            of("letter", serde_json::json!({ "kept": change })),
            of("call", serde_json::json!({ "undecided": change })),
            of("visit", serde_json::json!({ "not_measurable": { "does_not_apply": { "because": "the denominator of the treated arm is 0" } } })),
        ]})
    }

    #[test]
    fn a_broken_guardrail_is_told_apart_from_one_that_is_kept_or_cannot_be_read() {
        let english = show(Locale::English, &page()).into_string();
        for part in [
            "What must not get worse",
            "basket (revenue per order)",
            "broken",
            "kept",
            "cannot say yet",
            "the denominator of the treated arm is 0",
        ] {
            assert!(english.contains(part), "{part}: {english}");
        }
        let french = show(Locale::French, &page()).into_string();
        for part in [
            "basket (chiffre d’affaires par commande)",
            "rompu",
            "tenu",
            "le dénominateur de la variante est 0",
        ] {
            assert!(french.contains(part), "{part}: {french}");
        }
        let broken = sentences(Locale::English, &page(), true);
        assert_eq!(broken.len(), 1);
        assert!(
            broken[0]
                .1
                .starts_with("mail makes basket (revenue per order) worse by more than the 2"),
            "{}",
            broken[0].1
        );
        assert_eq!(sentences(Locale::French, &page(), false).len(), 3);
        let none = serde_json::json!({ "guardrails": [] });
        assert!(show(Locale::English, &none).into_string().is_empty());
    }
}
