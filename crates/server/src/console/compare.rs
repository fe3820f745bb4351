//! Two versions beside each other, and the button by which a person lets one answer.

use super::estimates::{self, Written};
use super::format::{count, encoded, moment, percent};
use super::french;
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::review::estimate;
use super::visit::Visit;
use crate::api::promote::{Promotion, is_from_here, promoted};
use crate::api::{self, Part, Shared};
use crate::auth::Scope;
use crate::charts::Locale;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use factory::compare::{CompareError, Comparison};
use factory::review::{Shadow, Trial, Verdict};
use maud::{Markup, html};

pub(super) async fn show(State(state): Shared, Part(name): Part, visit: Visit) -> Response {
    let found = body(&state, &visit, &name, None).await;
    page::answer(&state, &visit, Section::Portfolio, found)
}

/// The form was sent.
pub(super) async fn promote(
    State(state): Shared,
    Part(name): Part,
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<Promotion>, FormRejection>,
) -> Response {
    match sent(&state, &name, &headers, form).await {
        Ok(()) => Redirect::to(&format!("/products/{}#versions", encoded(&name))).into_response(),
        // Whoever may not is refused as everywhere; what is wrong with the rest is said beside the form.
        Err(problem) if problem.status == 401 || problem.status == 403 => {
            page::refusal(&state, &visit, &problem)
        }
        Err(problem) => {
            let found = body(&state, &visit, &name, Some(&problem)).await;
            page::answer(&state, &visit, Section::Portfolio, found)
        }
    }
}

async fn sent(
    state: &AppState,
    name: &str,
    headers: &HeaderMap,
    form: Result<Form<Promotion>, FormRejection>,
) -> Result<(), Problem> {
    let caller = state.admit(headers, Scope::Promote).await?;
    is_from_here(state, headers)?;
    let Form(asked) = form.map_err(|refused| Problem::malformed(refused.to_string()))?;
    promoted(state, &caller, name, &asked).await.map(drop)
}

fn number(visit: &Visit, parameter: &str) -> Result<Option<u32>, Problem> {
    let Some(text) = visit.parameter(parameter) else {
        return Ok(None);
    };
    let number = text.parse().map_err(|_| {
        Problem::invalid(format!("`{parameter}` is {text:?}, allowed is a number")).field(parameter)
    });
    number.map(Some)
}

async fn body(
    state: &AppState,
    visit: &Visit,
    name: &str,
    refused: Option<&Problem>,
) -> Result<Page, Problem> {
    let slot = api::slot(state, name)?;
    let (version, with) = (number(visit, "version")?, number(visit, "with")?);
    let now = jiff::Timestamp::now();
    let product = slot.product.as_ref();
    let found = state.workshop.compare(product, version, with, now).await;
    let l = visit.locale;
    let body = match found {
        Ok(found) => comparison(l, name, &found, refused),
        Err(CompareError::Registry(error)) => {
            return Err(Problem::internal("read the registry", &error));
        }
        Err(CompareError::Shadow(error)) => {
            return Err(Problem::internal(
                "read what is answered in the shadow",
                &error,
            ));
        }
        Err(error @ CompareError::Unknown { .. }) => {
            return Err(Problem::not_found(error.to_string()));
        }
        // There is nothing to compare yet, which is no error of who looks.
        Err(error) => html! { p { (french::marked(l, &error.to_string())) } },
    };
    Ok(Page::new(Say::CompareTitle.with(l, &[name]), body))
}

fn comparison(l: Locale, name: &str, found: &Comparison, refused: Option<&Problem>) -> Markup {
    let say = |s: Say| s.text(l);
    let numbers = [found.version.number, found.with.number].map(|number| number.to_string());
    let (tone, gate) = if found.may_answer {
        (Tone::Good, Say::CompareMay)
    } else {
        (Tone::Bad, Say::CompareMayNot)
    };
    html! {
        p.lead { (Say::CompareLead.with(l, &[&numbers[0], &numbers[1]])) }
        p { (page::badge(tone, say(gate))) " " (french::marked(l, &found.because)) }
        @if found.champion == Some(found.with.number) { (approval(l, name, found, refused)) }
        section { h2 #measures { (say(Say::Scorecard)) } (measures(l, found)) }
        @if let Some(trial) = &found.trial {
            section { h2 #trial { (say(Say::Trial)) } (of_trial(l, trial)) }
        }
        section {
            h2 #shadow { (say(Say::Shadow)) }
            @match &found.shadow {
                Some(shadow) => (of_shadow(l, shadow)),
                None => p { (say(Say::ShadowNone)) },
            }
        }
    }
}

/// The form by which a person lets the version answer.
fn approval(l: Locale, name: &str, found: &Comparison, refused: Option<&Problem>) -> Markup {
    let number = found.version.number.to_string();
    html! {
        @if let Some(problem) = refused {
            p.problem role="alert" { (french::marked(l, &problem.detail)) }
        }
        @if found.may_answer {
            form method="post" action={ "/products/" (encoded(name)) "/promote" } {
                input type="hidden" name="version" value=(number);
                label { (Say::Who.text(l)) input name="who" required maxlength="80" autocomplete="name"; }
                label { (Say::Why.text(l)) input name="why" required maxlength="200"; }
                button { (Say::CompareApprove.with(l, &[&number])) }
            }
        }
    }
}

/// What both were measured to be worth.
fn measures(l: Locale, found: &Comparison) -> Markup {
    let version = |number: u32| Say::CompareVersion.with(l, &[&number.to_string()]);
    let names = [found.version.number, found.with.number].map(version);
    let heads = [
        words(Say::Measure.text(l)),
        figures(&names[0]),
        figures(&names[1]),
        figures(Say::Baseline.text(l)),
    ];
    let rows: Vec<Vec<Markup>> = found
        .measures()
        .into_iter()
        .map(|(metric, other)| {
            let of = |value| estimates::estimate(l, value, Written::Plain);
            vec![
                html! {
                    (french::marked(l, &metric.name))
                    @if !metric.scope.is_empty() { ", " (french::placement(l, &metric.scope)) }
                },
                of(&metric.value),
                match &other {
                    Some(other) => of(&other.value),
                    None => html! { span.unknown { "–" } },
                },
                html! {
                    (of(&metric.baseline))
                    @if let Some(other) = &other && other.baseline != metric.baseline { div { (of(&other.baseline)) } }
                },
            ]
        })
        .collect();
    html! {
        (page::grid(Say::Scorecard.text(l), &heads, &rows))
        @for (number, split) in found.splits() {
            @if let Some(split) = split { p.small { (version(number)) ": " (french::marked(l, &split)) "." } }
        }
    }
}

fn verdict(l: Locale, of: &Verdict) -> Markup {
    let (tone, say, because) = match of {
        Verdict::Waits { because } => (Tone::Quiet, Say::ShadowWaits, because),
        Verdict::Passed { because } => (Tone::Good, Say::ShadowPassed, because),
        Verdict::Failed { because } => (Tone::Bad, Say::ShadowFailed, because),
    };
    html! { p { (page::badge(tone, say.text(l))) " " (french::marked(l, because)) } }
}

/// What the decisions of a challenger led to that answers a share of the customers.
pub(super) fn of_trial(l: Locale, trial: &Trial) -> Markup {
    let numbers = [trial.version, trial.beside].map(|number| number.to_string());
    let lead = match (trial.lead.point(), trial.lead.interval()) {
        (Some(point), Some((low, high))) => {
            let points = |of: f64| l.fixed(100.0 * of, 2);
            html! { (points(point)) span.small { " (" (points(low)) " – " (points(high)) ")" } }
        }
        _ => html! { span.unknown { "–" } },
    };
    let facts = [
        (
            Say::RequestsVersions.text(l),
            html! { (count(l, trial.decisions)) },
        ),
        (
            Say::RequestsFallbacks.text(l),
            html! { (count(l, trial.fallbacks)) },
        ),
        (Say::TrialGood.text(l), estimate(l, &trial.good)),
        (Say::TrialBeside.text(l), estimate(l, &trial.good_beside)),
        (Say::TrialLead.text(l), lead),
    ];
    html! {
        p { (Say::TrialLeads.with(l, &[&numbers[0], &percent(l, trial.share), &numbers[1]])) " " (moment(trial.since)) }
        (verdict(l, &trial.verdict))
        (page::facts(&facts))
    }
}

/// What a challenger answered in the shadow.
pub(super) fn of_shadow(l: Locale, shadow: &Shadow) -> Markup {
    let counts = &shadow.counts;
    let mut facts = vec![
        (Say::ShadowAsked.text(l), html! { (count(l, counts.asked)) }),
        (Say::ShadowLate.text(l), html! { (count(l, counts.late)) }),
        (
            Say::ShadowUnanswered.text(l),
            html! { (count(l, counts.refused + counts.failed)) },
        ),
        (Say::ShadowEmpty.text(l), html! { (count(l, counts.empty)) }),
        (Say::ShadowAlike.text(l), estimate(l, &shadow.first_alike)),
    ];
    if let Some(share) = shadow.shown_too {
        facts.push((Say::ShadowShownToo.text(l), html! { (percent(l, share)) }));
    }
    if let Some(found) = &shadow.found {
        facts.push((Say::ShadowBoughtShown.text(l), estimate(l, &found.shown)));
        facts.push((Say::ShadowBoughtUnseen.text(l), estimate(l, &found.unseen)));
    }
    let heads = [
        words(Say::ShadowBy.text(l)),
        words(Say::ShadowWhom.text(l)),
        figures(Say::ShadowAsked.text(l)),
        figures(Say::ShadowAlike.text(l)),
    ];
    let rows: Vec<Vec<Markup>> = shadow
        .by
        .iter()
        .flat_map(|differs| {
            differs.segments.iter().map(move |segment| {
                let whom = if segment.value.is_empty() {
                    Say::ReviewPartUnknown.text(l).to_owned()
                } else {
                    french::told(l, &segment.value).into_owned()
                };
                vec![
                    html! { (french::told(l, differs.by.told())) },
                    html! { (whom) },
                    html! { (count(l, segment.asked)) },
                    estimate(l, &segment.first_alike),
                ]
            })
        })
        .collect();
    let numbers = [shadow.version, shadow.shown].map(|number| number.to_string());
    html! {
        p { (Say::ShadowLead.with(l, &[&numbers[0], &numbers[1]])) " " (moment(shadow.since)) }
        (verdict(l, &shadow.verdict))
        (page::facts(&facts))
        @if !rows.is_empty() { (page::grid(Say::ShadowBy.text(l), &heads, &rows)) }
    }
}
