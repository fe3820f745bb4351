//! Asking a data product, and its answer on screen.

use super::estimates::{self, Written};
use super::format::{Currency, encoded};
use super::french;
use super::messages::Say;
use super::page::{self, figures, words};
use super::visit::Visit;
use crate::charts::Locale;
use maud::{Markup, html};
use products::{
    Action, Asked, Card, Decisions, Explanation, ExplanationLine, Infeasible, Serving, Subject,
};
use schema::{CustomerId, ProductId};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most actions that the form asks for.
const ITEMS_MAX: u32 = 50;

/// The question in the address; none where the form was not sent. An error names what is wrong.
pub(super) fn asked(visit: &Visit) -> Option<Result<Asked, String>> {
    let value = |name: &str| visit.parameter(name).map(str::to_owned);
    let (customer, product) = (value("customer"), value("product"));
    let (placement, items) = (value("placement"), value("items"));
    if customer.is_none() && product.is_none() && placement.is_none() && items.is_none() {
        return None;
    }
    let read = || -> Result<Asked, String> {
        Ok(Asked {
            customer_id: customer
                .map(CustomerId::new)
                .transpose()
                .map_err(|e| e.to_string())?,
            product_id: product
                .map(ProductId::new)
                .transpose()
                .map_err(|e| e.to_string())?,
            placement,
            items: items
                .map(|n| {
                    n.parse()
                        .map_err(|_| format!("`items` is {n:?}, allowed is 1 to {ITEMS_MAX}"))
                })
                .transpose()?,
            ..Asked::default()
        })
    };
    Some(read())
}

/// The name of a figure that an answer gives.
pub(super) fn name_of_figure(l: Locale, id: &str) -> String {
    match l {
        Locale::English => id.replace('_', " "),
        Locale::French => french::told(l, id).into_owned(),
    }
}

/// Our own words in the answers of a version, and how the page writes them: its script puts them in.
fn words_of_answers(
    l: Locale,
    currency: &Currency,
    card: &Card,
    page: &Value,
) -> BTreeMap<String, String> {
    let list = |name: &str| {
        page.get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let of_methods = french::answered(l).map(|(text, told)| (text.to_owned(), told.to_owned()));
    let of_figures = card
        .outputs
        .iter()
        .map(|o| (o.name.to_owned(), name_of_figure(l, o.name)));
    let of_segments = list("segments")
        .filter_map(|s| s.get("name")?.as_str())
        .map(|s| (s.to_owned(), french::segment(l, currency, s)));
    let of_rules = list("rules")
        .filter_map(Value::as_str)
        .filter_map(|r| Some((r.to_owned(), french::rule(l, currency, r)?)));
    of_methods
        .chain(of_figures)
        .chain(of_segments)
        .chain(of_rules)
        .collect()
}

/// The form: sent by the browser it shows a preview, with the script it asks the API. `page` is what the version that
/// answers tells of itself.
pub(super) fn form(
    visit: &Visit,
    currency: &Currency,
    name: &str,
    kind: &str,
    page: &Value,
    examples: &[&str],
) -> Markup {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let Some(card) = products::kind(kind).map(products::Kind::card) else {
        return html! {};
    };
    let value = |name: &str| visit.parameter(name).unwrap_or_default();
    let about = |subject: Subject| card.subjects.contains(&subject);
    let texts = serde_json::json!({
        "title": say(Say::AnswerTitle), "logged": say(Say::Logged), "empty": say(Say::EmptyAnswer),
        "held_out": say(Say::HeldOut), "fell_back": say(Say::FellBack), "json": say(Say::AsJson),
        "method": say(Say::Method), "rank": say(Say::Rank), "what": say(Say::What), "score": say(Say::ScoreColumn),
        "reasons": say(Say::Reasons), "cannot": say(Say::CannotAnswer), "within": say(Say::WithinDays),
        "range": say(Say::RangeBoth), "not_measurable": say(Say::NotMeasurable), "too_few": say(Say::TooFew),
        "no_variation": say(Say::NoVariation), "history_too_short": say(Say::TooShort),
        "does_not_apply": say(Say::DoesNotApply), "unknown": say(Say::Unknown),
    });
    let words = words_of_answers(l, currency, card, page);
    let address = format!("/v1/products/{}/decide", encoded(name));
    html! {
        form.try method="get" action={ "/products/" (encoded(name)) "#try" }
            data-decide=(address) data-texts=(texts.to_string())
            data-sentences=(serde_json::json!(french::sentences(l)).to_string())
            data-amounts=(serde_json::json!(french::amounts()).to_string())
            data-words=(serde_json::json!(words).to_string()) data-currency=(currency.sign()) {
            @if about(Subject::Customer) {
                label { span { (say(Say::CustomerId)) }
                    input name="customer" value=(value("customer")) list="customers" autocomplete="off" maxlength="200";
                }
                datalist #customers { @for id in examples { option value=(id) {} } }
            }
            @if about(Subject::Product) {
                label { span { (say(Say::ProductId)) }
                    input name="product" value=(value("product")) autocomplete="off" maxlength="200";
                }
            }
            @if !card.placements.is_empty() {
                label { span { (say(Say::Placement)) }
                    select name="placement" {
                        option value="" { (say(Say::DefaultPlacement)) }
                        @for code in card.placements {
                            option value=(code) selected[value("placement") == *code] { (french::placement(l, code)) }
                        }
                    }
                }
                label { span { (say(Say::Items)) }
                    input name="items" type="number" min="1" max=(ITEMS_MAX) inputmode="numeric" value=(value("items"));
                }
            }
            button type="submit" { (say(Say::Ask)) }
        }
    }
}

/// What a version answers, not logged.
pub(super) fn preview(
    l: Locale,
    currency: &Currency,
    serving: &dyn Serving,
    asked: &Asked,
) -> Markup {
    html! {
        p.small { (Say::Preview.text(l)) }
        (preview_alone(l, currency, serving, asked))
    }
}

/// The same without saying so: the page says it once for all of them.
pub(super) fn preview_alone(
    l: Locale,
    currency: &Currency,
    serving: &dyn Serving,
    asked: &Asked,
) -> Markup {
    match serving.decide(asked, jiff::Timestamp::now()) {
        Ok(decided) => decisions(l, currency, &decided),
        Err(infeasible) => refusal(l, &infeasible),
    }
}

/// What an answer is made of, and the nearest changes that would change it.
pub(super) fn explanation(l: Locale, currency: &Currency, explained: &Explanation) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [words(say(Say::What)), figures(say(Say::Contribution))];
    let row = |line: &ExplanationLine| {
        vec![
            french::marked(l, &line.what),
            html! { (l.number(line.contribution)) },
        ]
    };
    let mut rows: Vec<_> = explained.lines.iter().map(row).collect();
    rows.push(vec![
        html! { b { (Say::AddsUpTo.with(l, &[&explained.about])) } div.small { (french::marked(l, &explained.unit)) } },
        html! { b { (l.number(explained.score)) } },
    ]);
    html! {
        details {
            summary { (say(Say::WhatItIsMadeOf)) }
            (page::grid(say(Say::WhatItIsMadeOf), &heads, &rows))
            @if let Some(why_not) = &explained.why_not {
                p { (Say::NotGivenSince.with(l, &[&french::told(l, why_not)])) }
            }
            ul.plain {
                @for flip in &explained.flips {
                    @let (text, told) = french::reason(l, currency, flip);
                    li lang=[(!told).then_some("en")] { (text) }
                }
            }
        }
    }
}

/// Why a question cannot be answered.
pub(super) fn refusal(l: Locale, infeasible: &Infeasible) -> Markup {
    let why = match infeasible {
        Infeasible::NotMeasurable { why, .. } => estimates::why_not(l, why),
        Infeasible::Missing { .. }
        | Infeasible::Placement { .. }
        | Infeasible::Items { .. }
        | Infeasible::UnknownCustomer { .. }
        | Infeasible::UnknownProduct { .. }
        | Infeasible::UnknownSeries { .. }
        | Infeasible::UnknownGroup { .. }
        | Infeasible::NoGroups
        | Infeasible::NoLaunch { .. }
        | Infeasible::UnknownArm { .. }
        | Infeasible::NotInExperiment { .. }
        | Infeasible::NothingToExplain => french::told(l, &infeasible.to_string()).into_owned(),
    };
    html! { p.problem role="status" { (Say::CannotAnswer.with(l, &[&why])) } }
}

/// The reasons of an action as a list.
pub(super) fn reasons(l: Locale, currency: &Currency, action: &Action) -> Markup {
    html! {
        ul.plain {
            @for reason in action.reasons.list() {
                @let (text, told) = french::reason(l, currency, &reason);
                li lang=[(!told).then_some("en")] class=[reason.code.starts_with("rule_").then_some("small")] { (text) }
            }
        }
    }
}

/// What an action is, in words; the identifier of a product of the catalogue stands below its name.
fn label(l: Locale, currency: &Currency, action: &Action, listed: bool) -> Markup {
    match &action.label {
        Some(label) if listed => {
            html! { b { (label) } @if *label != action.id { div.small { code { (action.id) } } } }
        }
        Some(label) => html! { b { (french::segment(l, currency, label)) } },
        None if listed => html! { b { (action.id) } },
        None => html! { b { (name_of_figure(l, &action.id)) } },
    }
}

/// Unit of a figure: money is told in the currency, a probability in percent.
pub(super) fn figure(l: Locale, currency: &Currency, action: &Action, listed: bool) -> Markup {
    let Some(estimate) = &action.estimate else {
        // Scores of a list only order it; alone, a score has a unit worth knowing.
        let score = action
            .score
            .map_or_else(|| Say::Unknown.text(l).to_owned(), |s| l.number(s));
        return html! { (score) @if !listed { div.small { (french::marked(l, &action.unit)) } } };
    };
    let (written, rest) = match action.unit.strip_prefix("cents") {
        Some(rest) => (Written::Money(currency), rest.trim()),
        None if action.unit == "probability" => (Written::Percent, ""),
        None => (Written::Plain, &*action.unit),
    };
    html! { (estimates::estimate(l, estimate, written)) @if !rest.is_empty() { div.small { (unit(l, rest)) } } }
}

/// A unit that may name its horizon.
fn unit(l: Locale, text: &str) -> Markup {
    let horizon = |at: usize| {
        let days = text[at..].strip_prefix("within ")?.strip_suffix(" days")?;
        Some((text[..at].trim(), days.parse::<u32>().ok()?))
    };
    match text.find("within ").and_then(horizon) {
        Some((what, days)) => html! {
            @if !what.is_empty() { (french::marked(l, what)) " " }
            (Say::WithinDays.with(l, &[&days.to_string()]))
        },
        None => french::marked(l, text),
    }
}

/// A limit that took candidates off a list; rules keep the names that the shop gave them.
fn limit(l: Locale, name: &str) -> String {
    if let Some(rule) = name.strip_prefix("cap of rule ") {
        Say::CapOfRule.with(l, &[rule])
    } else if let Some(rule) = name.strip_prefix("rule ") {
        Say::LimitOfRule.with(l, &[rule])
    } else {
        french::told(l, name).into_owned()
    }
}

/// An answer with its reasons.
pub(super) fn decisions(l: Locale, currency: &Currency, decided: &Decisions) -> Markup {
    let say = |s: Say| s.text(l);
    let listed = decided.placement.is_some();
    let heads = [
        figures(say(Say::Rank)),
        words(say(Say::What)),
        figures(say(Say::ScoreColumn)),
        words(say(Say::Reasons)),
    ];
    let row = |a: &Action| {
        vec![
            html! { (a.position) },
            label(l, currency, a, listed),
            figure(l, currency, a, listed),
            reasons(l, currency, a),
        ]
    };
    let rows: Vec<_> = decided.actions.iter().map(row).collect();
    html! {
        @if rows.is_empty() { p { (say(Say::EmptyAnswer)) } } @else { (page::grid(say(Say::AnswerTitle), &heads, &rows)) }
        @if let Some(short) = &decided.short_of {
            @let because: Vec<String> = short.because.iter().map(|(name, n)| format!("{} ({n})", limit(l, name))).collect();
            p { (Say::ShortOf.with(l, &[&short.missing.to_string(), &because.join(", ")])) }
        }
        p.small { (say(Say::Method)) (l.colon()) (french::told(l, &decided.method)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_is_made_of_and_what_would_change_it_are_told_in_both_languages() {
        let line = |what: &str, contribution: f64| ExplanationLine {
            what: what.to_owned(),
            contribution,
        };
        let flip = products::reasons::reason(
            "flips_if_dearer",
            "were {arm} dearer by more than {change} for each customer who gets it, {answer} would be given",
            [
                ("answer", "none".into()),
                ("arm", "amount5".into()),
                ("change", "0.8000".into()),
            ],
        );
        let explained = Explanation {
            about: "amount5".to_owned(),
            summary: String::new(),
            score: 0.75,
            unit: "additional margin per customer within 28 days".to_owned(),
            lines: vec![
                line("what the arm changes for everybody", 1.25),
                line("what its redemptions cost, 0.4000 of 1.250 each", -0.5),
            ],
            why_not: Some("it is not valid until 2026-12-01".to_owned()),
            rules: Vec::new(),
            flips: vec![flip],
        };
        let euro = Currency::One("EUR".to_owned());
        let told = |l: Locale| explanation(l, &euro, &explained).into_string();
        let english = told(Locale::English);
        for part in [
            "what the arm changes for everybody",
            "0.75",
            "Worth of amount5",
            "Not given: it is not valid until 2026-12-01",
            "were amount5 dearer by more than 0.8000",
        ] {
            assert!(english.contains(part), "{part}: {english}");
        }
        let french = told(Locale::French);
        for part in [
            "ce que coûtent ses utilisations, 0,4000 à 1,250 chacune",
            "marge par client en plus en 28 jours",
            "Pas donnée : elle n’est pas valable avant le 2026-12-01",
            "si amount5 coûtait plus de 0,8 de plus par client",
        ] {
            assert!(french.contains(part), "{part}: {french}");
        }
        assert!(!french.contains("lang=\"en\""), "{french}");
    }
}
