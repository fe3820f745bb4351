//! One data product: its card, how good it is, its versions and runs, and an answer to try.

use super::answer;
use super::data::{self, Cache};
use super::format::{Currency, day, encoded, moment, size, took};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::portfolio::{Standing, asked, latency};
use super::visit::Visit;
use super::{budget, demand, french, launches, learned, orders, scorecard, search};
use crate::api::orders::PROPOSES;
use crate::api::{self, Shared};
use crate::charts::Locale;
use crate::live::Slot;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use factory::CHAMPION;
use maud::{Markup, html};
use registry::{AliasChange, Cause, RunRecord, RunStatus, SearchRecord, VersionRecord};
use std::sync::Arc;
use std::time::Duration;

/// Runs shown.
const RUNS: u32 = 10;

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    Path(name): Path<String>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit, &name).await;
    page::answer(&state, &visit, Section::Portfolio, found)
}

fn card(l: Locale, slot: &Slot) -> Markup {
    let say = |s: Say| s.text(l);
    let header = slot.product.header();
    let kind = products::kind(&header.kind).map(products::Kind::card);
    let told = |text: &str| french::marked(l, text);
    let mut pairs = Vec::new();
    if let Some(card) = kind {
        pairs.push((say(Say::Question), told(card.question)));
        pairs.push((say(Say::JudgedBy), told(card.criterion)));
        pairs.push((say(Say::MustBeat), told(card.baseline)));
        let reads = html! { @for (n, table) in card.reads.iter().enumerate() { @if n > 0 { ", " } a href={ "/tables/" (table) } { (page::name(table)) } } };
        pairs.push((say(Say::Reads), reads));
        let outputs = html! { ul.plain { @for o in card.outputs { li { b { (told(o.name)) } " (" (told(o.unit)) ")" (l.colon()) (told(o.meaning)) } } } };
        pairs.push((say(Say::AnswersWith), outputs));
    }
    pairs.push((say(Say::KindOf), html! { code { (header.kind) } }));
    pairs.push((say(Say::Owner), html! { (header.owner) }));
    pairs.push((
        say(Say::Deadline),
        html! { (took(l, Duration::from_millis(header.deadline_ms))) },
    ));
    if let Some(answering) = slot.answering() {
        pairs.push((say(Say::KnowsUntil), day(answering.as_of.0)));
    }
    let fingerprint: String = header.fingerprint.chars().take(12).collect();
    pairs.push((say(Say::Configuration), html! { code { (fingerprint) } }));
    if let Some(card) = kind.filter(|c| !c.sources.is_empty()) {
        pairs.push((
            say(Say::Methods),
            html! { ul.plain lang="en" { @for s in card.sources { li { (s) } } } },
        ));
    }
    html! { dl.card { @for (name, value) in &pairs { div { dt { (name) } dd { (value) } } } } }
}

fn versions(l: Locale, all: &[VersionRecord], champion: Option<u32>) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::Version)),
        words(say(Say::Made)),
        words(say(Say::Quality)),
        figures(say(Say::ArtefactSize)),
    ];
    let row = |v: &VersionRecord| {
        let card = scorecard::of_version(v);
        vec![
            html! { b { (v.number) } @if champion == Some(v.number) { " " (page::badge(Tone::Good, say(Say::Champion))) } },
            moment(v.created_at),
            match card.as_ref().and_then(|c| c.metrics.first()) {
                Some(metric) => scorecard::brief(l, metric),
                None => html! { span.unknown { (say(Say::NotMeasuredYet)) } },
            },
            html! { (size(l, v.artefact_bytes)) },
        ]
    };
    // The newest first: that is what one looks for.
    page::grid(
        say(Say::Versions),
        &heads,
        &all.iter().rev().map(row).collect::<Vec<_>>(),
    )
}

fn moves(l: Locale, all: &[AliasChange]) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::When)),
        words(say(Say::Move)),
        words(say(Say::Who)),
        words(say(Say::Why)),
    ];
    let row = |c: &AliasChange| {
        let cause = match c.cause {
            Cause::Chosen => Say::Chosen,
            Cause::Promoted => Say::Promoted,
            Cause::RolledBack => Say::RolledBack,
        };
        let from = c.from.map_or_else(|| "–".to_owned(), |v| v.to_string());
        vec![
            moment(c.at),
            // One piece: on a telephone each piece of a cell has a line of its own.
            html! { span { (from) " → " b { (c.to) } ", " (say(cause)) } },
            html! { (c.who) },
            french::marked(l, &c.why),
        ]
    };
    page::grid(
        say(Say::ChampionMoves),
        &heads,
        &all.iter().rev().map(row).collect::<Vec<_>>(),
    )
}

fn runs(l: Locale, all: &[RunRecord]) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::Started)),
        words(say(Say::AsOfDay)),
        words(say(Say::Outcome)),
        figures(say(Say::Version)),
        figures(say(Say::Duration)),
        figures(say(Say::Memory)),
    ];
    let unknown = || html! { span.unknown { (say(Say::Unknown)) } };
    let row = |r: &RunRecord| {
        let (tone, outcome, reason) = match &r.status {
            RunStatus::Running => (Tone::Quiet, Say::RunRunning, None),
            RunStatus::Done => (Tone::Good, Say::RunDone, None),
            RunStatus::Failed { reason } => (Tone::Bad, Say::RunFailed, Some(reason)),
            RunStatus::Refused { reason } => (Tone::Warn, Say::RunRefused, Some(reason)),
        };
        let memory = r.cost.and_then(|c| c.peak_memory_bytes);
        vec![
            moment(r.started_at),
            day(r.as_of.0),
            html! { (page::badge(tone, say(outcome))) @if let Some(reason) = reason { div.small lang="en" { (reason) } } },
            r.version
                .map_or_else(|| html! { (say(Say::None)) }, |v| html! { (v) }),
            r.cost.map_or_else(
                unknown,
                |c| html! { (took(l, Duration::from_millis(c.duration_ms))) },
            ),
            memory.map_or_else(unknown, |b| html! { (size(l, b)) }),
        ]
    };
    page::grid(
        say(Say::Runs),
        &heads,
        &all.iter().map(row).collect::<Vec<_>>(),
    )
}

/// What the registry knows of a product.
struct Known {
    /// Oldest first, as the moves are.
    versions: Vec<VersionRecord>,
    moves: Vec<AliasChange>,
    runs: Vec<RunRecord>,
    /// The last search of its settings.
    searched: Option<SearchRecord>,
    /// The version that waits for a person, or in the shadow.
    waits: Option<u32>,
}

async fn known(state: &AppState, name: &str) -> Result<Known, Problem> {
    let registry = &state.workshop.registry;
    let failed = |e: registry::StoreError| Problem::internal("read the registry", &e);
    let mut versions = registry.versions(name).await.map_err(failed)?;
    versions.reverse();
    Ok(Known {
        versions,
        moves: registry
            .alias_history(name, CHAMPION)
            .await
            .map_err(failed)?,
        runs: registry.runs(name, RUNS).await.map_err(failed)?,
        searched: registry.last_search(name).await.map_err(failed)?,
        waits: state.workshop.waits(name).await.map_err(failed)?,
    })
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit, name: &str) -> Result<Page, Problem> {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let slot = api::slot(state, name)?;
    let known = known(state, name).await?;
    let champion = slot.answering().map(|a| a.version);
    let measured = known
        .versions
        .iter()
        .find(|v| Some(v.number) == champion)
        .or(known.versions.last());
    let currency = cache.currency(state, &data::snapshot(state).await?).await?;
    let promised = budget::show(state, l, &currency, name).await?;
    let searched = known.searched.as_ref();
    let searched = searched.and_then(|record| search::show(l, record));
    let header = slot.product.header();
    let of = state.figures.told(slot);
    let standing = Standing::of(state, slot);
    let train = format!("comptoir run {name}");
    let body = html! {
        @if !header.description.is_empty() { p.lead { (header.description) } }
        (page::facts(&[
            (say(Say::State), standing.badge(l)),
            (say(Say::Latency), latency(l, of, header.deadline_ms)),
            (say(Say::Asked), asked(l, of)),
        ]))
        @match header.kind.as_str() {
            launches::FORECASTS => p { a href=(launches::address(name)) { (say(Say::SeeLaunches)) } },
            demand::FORECASTS => p { a href=(demand::address_of_list(name)) { (say(Say::SeeDemand)) } },
            PROPOSES => p.links {
                a href=(orders::address_of_list(name)) { (say(Say::SeeOrders)) } " "
                @if demand::is_there(state) { a href="/demand" { (say(Say::SeeDemand)) } }
            },
            _ => {}
        }
        @match &standing {
            Standing::Answers { .. } => {}
            Standing::NoData => (page::next(l, &page::no_shop(state, l))),
            Standing::Unreadable { why } => (page::next(l, &page::unreadable(l, why))),
            Standing::NotTrained => (page::next(l, &page::command(&Say::TrainOne.with(l, &[name]), &train))),
            Standing::Refused { why } | Standing::AnswersOld { why, .. } => (page::next(l, &page::command(&Say::LookAtRefused.with(l, &[name, why]), &train))),
        }
        @if let Some(version) = known.waits {
            @let waits = if slot.is_on_trial() { Say::OnTrial } else if slot.challenger().is_some() { Say::InShadow } else { Say::WaitsForAPerson };
            (page::next(l, &html! {
                p { (waits.with(l, &[&version.to_string()])) " " a href={ "/products/" (encoded(name)) "/compare" } { (say(Say::CompareLink)) } "." }
                pre.command { code { "comptoir promote " (name) " " (version) } }
            }))
        }
        section { h2 #card { (say(Say::Card)) } (card(l, slot)) }
        @if let Some(card) = measured.and_then(scorecard::of_version) {
            section { h2 #scorecard { (say(Say::Scorecard)) } (scorecard::full(l, &card)) }
        }
        @if let Some(promised) = &promised {
            section { h2 #budget { (say(Say::Budget)) } (promised) }
        }
        (currency.note(l))
        section { h2 #try { (say(Say::Try)) } (try_it(state, visit, slot, &currency, cache)) }
        @if let Some(answering) = slot.answering() {
            section { h2 #learned { (say(Say::Learned)) } (learned::show(l, &currency, (name, &header.kind), &answering.page, &answering.summary)) }
        }
        @if !known.versions.is_empty() {
            section {
                h2 #versions { (say(Say::Versions)) }
                (versions(l, &known.versions, champion))
                @if let Some(chart) = scorecard::over_versions(l, &known.versions) { (chart) }
                @if !known.moves.is_empty() { h3 { (say(Say::ChampionMoves)) } (moves(l, &known.moves)) }
            }
        }
        @if let Some(searched) = &searched {
            section { h2 #search { (say(Say::Searched)) } (searched) }
        }
        section {
            h2 #runs { (say(Say::Runs)) }
            @if known.runs.is_empty() { (page::command(say(Say::NoRuns), &train)) } @else { (runs(l, &known.runs)) }
        }
    };
    Ok(Page::new(name, body))
}

fn try_it(
    state: &AppState,
    visit: &Visit,
    slot: &Slot,
    currency: &Currency,
    cache: &Cache,
) -> Markup {
    let l = visit.locale;
    let Some(answering) = slot.answering() else {
        return html! { p { (Say::NotTrainedLead.text(l)) } };
    };
    let name = slot.product.header().name.as_str();
    let examples = state.live.shop().map(|shop| cache.best(&shop));
    let examples: Vec<&str> = examples
        .iter()
        .flat_map(|e| e.iter())
        .map(|b| b.id.as_str())
        .collect();
    let asked = answer::asked(visit);
    html! {
        p { (Say::TryLead.text(l)) }
        (answer::form(visit, currency, name, &slot.product.header().kind, &answering.page, &examples))
        div #answer aria-live="polite" {
            @match asked {
                None => {}
                Some(Err(problem)) => p.problem role="alert" { (Say::CannotAnswer.with(l, &[&french::told(l, &problem)])) },
                Some(Ok(asked)) => (answer::preview(l, currency, answering.serving.as_ref(), &state.stood(name, &answering, asked, jiff::Timestamp::now()))),
            }
        }
        @if let Some(first) = examples.first() {
            details { summary { "curl" }
                pre.command { code {
                    "curl -s http://" (state.workshop.project.address) "/v1/products/" (encoded(name)) "/decide \\\n  -H 'content-type: application/json' \\\n  -d '" (serde_json::json!({ "customer_id": first })) "'"
                } }
            }
        }
    }
}
