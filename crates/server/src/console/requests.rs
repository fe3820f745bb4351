//! How requests are answered: routes, versions, sizes, problems, and where the slowest spent their time.

use super::format::{count, encoded, moment, size, took};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::visit::Visit;
use crate::api::Shared;
use crate::api::requests::{OfProduct, OfRoute, OfVersion, Requests};
use crate::charts::Locale;
use crate::trace::Answered;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use std::time::Duration;

pub(super) async fn show(State(state): Shared, visit: Visit) -> Response {
    let l = visit.locale;
    let body = body(l, &state.requests(Timestamp::now()));
    let page = Page::new(Say::RequestsTitle.text(l), body);
    page::answer(&state, &visit, Section::Review, Ok(page))
}

fn ms(l: Locale, of: Option<f64>) -> Markup {
    match of {
        Some(ms) => html! { (took(l, Duration::from_secs_f64(ms / 1_000.0))) },
        None => html! { span.unknown { "–" } },
    }
}

fn body(l: Locale, requests: &Requests) -> Markup {
    let say = |s: Say| s.text(l);
    html! {
        p.lead { (say(Say::RequestsLead)) " " (moment(requests.since)) "." }
        section { h2 #products { (say(Say::RequestsByProduct)) } (products(l, &requests.products)) }
        section { h2 #routes { (say(Say::RequestsByRoute)) } (routes(l, &requests.routes)) }
        section { h2 #slowest { (say(Say::RequestsSlowest)) } (slowest(l, &requests.slowest)) }
    }
}

/// What was asked of one version.
fn version_line(l: Locale, version: u32, of: &OfVersion) -> Markup {
    let p99 = of.p99_ms.map_or_else(
        || "–".to_owned(),
        |ms| took(l, Duration::from_secs_f64(ms / 1_000.0)),
    );
    let told = [version.to_string(), count(l, of.answered), p99];
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    html! {
        div { (Say::RequestsOfVersion.with(l, &told)) }
        @if of.fallbacks > 0 { div.small { (Say::Fallbacks.with(l, &[&count(l, of.fallbacks)])) } }
    }
}

fn products(l: Locale, products: &[OfProduct]) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::Product)),
        figures(say(Say::RequestsVersions)),
        figures(say(Say::RequestsHalf)),
        figures(say(Say::RequestsP99)),
        figures(say(Say::RequestsDeadline)),
        figures(say(Say::RequestsFallbacks)),
        figures(say(Say::RequestsUnanswered)),
        figures(say(Say::RequestsRefused)),
    ];
    let rows: Vec<Vec<Markup>> = products
        .iter()
        .map(|of| {
            vec![
                html! { a.strong href={ "/products/" (encoded(&of.product)) } { (of.product) } },
                html! {
                    @if of.by_version.is_empty() { span.unknown { (say(Say::NothingAsked)) } }
                    @for (version, of) in &of.by_version { (version_line(l, *version, of)) }
                },
                ms(l, of.p50_ms),
                ms(l, of.p99_ms),
                ms(l, Some(of.deadline_ms as f64)),
                html! { (count(l, of.fallbacks)) },
                html! { (count(l, of.unanswered)) },
                html! { (count(l, of.refused)) },
            ]
        })
        .collect();
    page::grid(say(Say::RequestsByProduct), &heads, &rows)
}

fn routes(l: Locale, routes: &[OfRoute]) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::RequestsRoute)),
        figures(say(Say::RequestsCount)),
        figures(say(Say::RequestsHalf)),
        figures(say(Say::RequestsP99)),
        figures(say(Say::RequestsLongest)),
        words(say(Say::RequestsStatus)),
        figures(say(Say::RequestsSizes)),
    ];
    let mean = |bytes: u64, of: &OfRoute| size(l, bytes / of.requests.max(1));
    let rows: Vec<Vec<Markup>> = routes
        .iter()
        .map(|of| {
            vec![
                page::code(&of.route),
                html! { (count(l, of.requests)) },
                ms(l, of.p50_ms),
                ms(l, of.p99_ms),
                ms(l, of.max_ms),
                html! {
                    @for (status, n) in &of.by_status {
                        div { (page::badge(tone(*status), &format!("{status}: {}", count(l, *n)))) }
                    }
                    @for (sort, n) in &of.problems { div.small { (sort.trim_start_matches("/problems/")) ": " (count(l, *n)) } }
                },
                html! {
                    div { (Say::RequestsIn.with(l, &[&mean(of.request_bytes, of)])) }
                    div { (Say::RequestsOut.with(l, &[&mean(of.response_bytes, of)])) }
                    div.small { (Say::RequestsLargest.with(l, &[&size(l, of.largest_response_bytes)])) }
                },
            ]
        })
        .collect();
    page::grid(say(Say::RequestsByRoute), &heads, &rows)
}

fn tone(status: u16) -> Tone {
    match status {
        ..400 => Tone::Good,
        400..500 => Tone::Warn,
        500.. => Tone::Bad,
    }
}

fn slowest(l: Locale, slowest: &[Answered]) -> Markup {
    let say = |s: Say| s.text(l);
    if slowest.is_empty() {
        return html! { p { (say(Say::NothingAsked)) } };
    }
    let heads = [
        words(say(Say::When)),
        words(say(Say::RequestsRoute)),
        figures(say(Say::RequestsTook)),
        words(say(Say::RequestsStages)),
        words(say(Say::RequestsStatus)),
        words(say(Say::RequestsNamed)),
    ];
    let micros = |n: u64| took(l, Duration::from_micros(n));
    let rows: Vec<Vec<Markup>> = slowest
        .iter()
        .map(|of| {
            let noted: u64 = of.stages.iter().map(|stage| stage.took_micros).sum();
            vec![
                html! { (moment(of.at)) },
                html! {
                    (of.method) " " (page::code(&of.route))
                    @if let Some(product) = &of.product {
                        div.small { (product) @if let Some(version) = of.version { ", " (Say::CompareVersion.with(l, &[&version.to_string()])) } }
                    }
                },
                html! { (micros(of.took_micros)) },
                html! {
                    @for stage in &of.stages { div { (stage_name(l, stage.what)) ": " (micros(stage.took_micros)) } }
                    @if !of.stages.is_empty() { div.small { (say(Say::StageRest)) ": " (micros(of.took_micros.saturating_sub(noted))) } }
                },
                page::badge(tone(of.status), &of.status.to_string()),
                html! {
                    @if let Some(id) = &of.request_id { div { (page::code(id)) } }
                    @if let Some(id) = &of.trace_id { div.small { (page::code(id)) } }
                },
            ]
        })
        .collect();
    page::grid(say(Say::RequestsSlowest), &heads, &rows)
}

fn stage_name(l: Locale, what: &str) -> &str {
    let say = match what {
        "read the question" => Say::StageRead,
        "decide" => Say::StageDecide,
        "promise" => Say::StagePromise,
        "log" => Say::StageLog,
        other => return other,
    };
    say.text(l)
}
