//! All data products on one page: who answers, how well, how fast.

use super::data::{self, Cache};
use super::format::{count, day, encoded, took};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, words};
use super::visit::Visit;
use super::{french, ledger, scorecard};
use crate::api::Shared;
use crate::charts::Locale;
use crate::figures::OfProduct;
use crate::live::Slot;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schema::{Probability, Scorecard};
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit).await;
    page::answer(&state, &visit, Section::Portfolio, found)
}

/// How a product stands.
pub(super) enum Standing {
    Answers {
        version: u32,
    },
    /// A newer version was refused; the former one goes on.
    AnswersOld {
        version: u32,
        why: String,
    },
    Refused {
        why: String,
    },
    /// Lake or registry cannot be read, so nobody knows which version should answer.
    Unreadable {
        why: String,
    },
    NotTrained,
    NoData,
}

impl Standing {
    /// Of two products the one with the smaller number is shown first: whoever looks is to see what is wrong.
    fn rank(&self) -> u8 {
        match self {
            Self::Unreadable { .. } => 0,
            Self::Refused { .. } => 1,
            Self::AnswersOld { .. } => 2,
            Self::NotTrained => 3,
            Self::NoData => 4,
            Self::Answers { .. } => 5,
        }
    }

    pub(super) fn of(state: &AppState, slot: &Slot) -> Self {
        match (slot.answering(), slot.refused()) {
            (Some(a), None) => Self::Answers { version: a.version },
            (Some(a), Some(why)) => Self::AnswersOld {
                version: a.version,
                why,
            },
            (None, Some(why)) => Self::Refused { why },
            (None, None) => match state.live.problem() {
                Some(why) => Self::Unreadable { why },
                None if state.live.shop().is_none() => Self::NoData,
                None => Self::NotTrained,
            },
        }
    }

    pub(super) fn badge(&self, l: Locale) -> Markup {
        let version = |v: &u32| v.to_string();
        let (tone, text) = match self {
            Self::Answers { version: v } => (Tone::Good, Say::Answers.with(l, &[&version(v)])),
            Self::AnswersOld { version: v, .. } => {
                (Tone::Bad, Say::AnswersOld.with(l, &[&version(v)]))
            }
            Self::Refused { .. } => (Tone::Bad, Say::Refused.text(l).to_owned()),
            Self::Unreadable { .. } => (Tone::Bad, Say::Unreadable.text(l).to_owned()),
            Self::NotTrained => (Tone::Warn, Say::NotTrained.text(l).to_owned()),
            Self::NoData => (Tone::Quiet, Say::NoData.text(l).to_owned()),
        };
        page::badge(tone, &text)
    }
}

/// Response times of a product against its deadline.
pub(super) fn latency(l: Locale, of: Option<&OfProduct>, deadline_ms: u64) -> Markup {
    let times = of.map(|o| o.time.snapshot());
    let at = |share: f64| {
        Probability::new(share)
            .ok()
            .and_then(|q| times.as_ref()?.quantile(q))
    };
    let (Some(median), Some(p99)) = (at(0.5), at(0.99)) else {
        return html! { span.unknown { (Say::NothingAsked.text(l)) } };
    };
    let deadline = Duration::from_millis(deadline_ms);
    let (tone, say) = if p99 <= deadline {
        (Tone::Good, Say::WithinDeadline)
    } else {
        (Tone::Bad, Say::OverDeadline)
    };
    html! {
        div { (Say::Median.with(l, &[&took(l, median)])) }
        div.small { (Say::P99.with(l, &[&took(l, p99), &took(l, deadline)])) }
        div { (page::badge(tone, say.text(l))) }
    }
}

/// What was decided since the start.
pub(super) fn asked(l: Locale, of: Option<&OfProduct>) -> Markup {
    let counts = of.map(OfProduct::counts).unwrap_or_default();
    let (decided, fallbacks) = (counts.answered, counts.fallbacks);
    let failures = of.map_or(0, |of| of.failures.get());
    html! {
        div { (Say::SinceStart.with(l, &[&count(l, decided)])) }
        @if fallbacks > 0 { div { (page::badge(Tone::Warn, &Say::Fallbacks.with(l, &[&count(l, fallbacks)]))) } }
        @if failures > 0 { div.small { (Say::CouldNotAnswer.with(l, &[&count(l, failures)])) } }
    }
}

/// The scorecard of the version that answers.
async fn quality(state: &AppState, name: &str, slot: &Slot) -> Result<Option<Scorecard>, Problem> {
    let Some(answering) = slot.answering() else {
        return Ok(None);
    };
    let found = state
        .workshop
        .registry
        .version(name, answering.version)
        .await;
    let version = found.map_err(|e| Problem::internal("read the registry", &e))?;
    Ok(version.as_ref().and_then(scorecard::of_version))
}

async fn row(state: &AppState, l: Locale, name: &str, slot: &Slot) -> Result<Vec<Markup>, Problem> {
    let header = slot.product.header();
    let card = quality(state, name, slot).await?;
    let measured = card.as_ref().and_then(|c| c.metrics.first());
    let of = state.figures.told(slot);
    let told = |text: &str| french::marked(l, text);
    let question = products::kind(&header.kind).map(|k| k.card().question);
    Ok(vec![
        html! {
            a.strong href={ "/products/" (encoded(name)) } { (name) }
            div.small { @if header.description.is_empty() { @if let Some(q) = question { (told(q)) } } @else { (header.description) } }
        },
        Standing::of(state, slot).badge(l),
        match measured {
            Some(metric) => scorecard::brief(l, metric),
            None => html! { span.unknown { (Say::NotMeasuredYet.text(l)) } },
        },
        latency(l, of, header.deadline_ms),
        asked(l, of),
        html! { (header.owner) },
    ])
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit) -> Result<Page, Problem> {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let slots = &state.live.slots;
    let mut worst_first: Vec<(&String, &Slot)> = slots.iter().collect();
    // Those that stand alike stay in the order of their names.
    worst_first.sort_by_key(|(_, slot)| Standing::of(state, slot).rank());
    let mut rows = Vec::with_capacity(slots.len());
    for (name, slot) in worst_first {
        rows.push(row(state, l, name, slot).await?);
    }
    let answering = slots.values().filter(|s| s.answering().is_some()).count() as u64;
    let unknown = || html! { span.unknown { (say(Say::Unknown)) } };
    let shop = state.live.shop();
    let of_shop =
        |show: &dyn Fn(&products::Shop) -> Markup| shop.as_deref().map_or_else(unknown, show);
    let overview = [
        (
            say(Say::ProductsAnswering),
            html! { (Say::OfAll.with(l, &[&count(l, answering), &count(l, slots.len() as u64)])) },
        ),
        (
            say(Say::DataUntil),
            of_shop(&|s| day(s.today().minus_days(1).0)),
        ),
        (
            say(Say::SalesLines),
            of_shop(
                &|s| html! { (count(l, (s.history.lines().len() + s.history.anonymous().len()) as u64)) },
            ),
        ),
        (
            say(Say::KnownCustomers),
            of_shop(&|s| html! { (count(l, s.history.customers().len() as u64)) }),
        ),
        (
            say(Say::CatalogueSize),
            of_shop(&|s| html! { (count(l, s.history.catalogue().len() as u64)) }),
        ),
    ];
    let heads = [
        words(say(Say::Product)),
        words(say(Say::State)),
        words(say(Say::Quality)),
        words(say(Say::Latency)),
        words(say(Say::Asked)),
        words(say(Say::Owner)),
    ];
    let todo = todo(state, cache, l).await?;
    let body = html! {
        p.lead { (say(Say::PortfolioLead)) }
        (page::facts(&overview))
        @if !rows.is_empty() { (page::grid(say(Say::Portfolio), &heads, &rows)) }
        (page::next(l, &todo))
    };
    Ok(Page::new(say(Say::Portfolio), body))
}

/// What is not well and the command that helps.
async fn todo(state: &AppState, cache: &Cache, l: Locale) -> Result<Markup, Problem> {
    let slots = &state.live.slots;
    if slots.is_empty() {
        return Ok(page::command(
            Say::NoProductYet.text(l),
            "comptoir products",
        ));
    }
    if state.live.shop().is_none() {
        return Ok(page::no_shop(state, l));
    }
    let snapshot = data::snapshot(state).await?;
    let broken = ledger::imported(state, &snapshot).await?;
    let broken: Vec<_> = broken
        .iter()
        .filter(|(_, i)| !i.broken().is_empty())
        .collect();
    let mut items: Vec<Markup> = broken
        .iter()
        .map(|(table, i)| html! { p { (Say::LookAtTable.with(l, &[table, &i.why_broken(l)])) " " a href={ "/tables/" (table) } { (Say::LookAtTables.text(l)) } } })
        .collect();
    let problem = state.live.problem();
    items.extend(problem.iter().map(|why| page::unreadable(l, why)));
    if problem.is_none()
        && slots
            .values()
            .all(|s| s.answering().is_none() && s.refused().is_none())
    {
        items.push(page::command(Say::TrainAll.text(l), "comptoir run"));
    } else {
        for (name, slot) in slots {
            let train = format!("comptoir run {name}");
            match Standing::of(state, slot) {
                Standing::Answers { .. } | Standing::Unreadable { .. } => {}
                Standing::NotTrained | Standing::NoData => {
                    items.push(page::command(&Say::TrainOne.with(l, &[name]), &train))
                }
                Standing::Refused { why } | Standing::AnswersOld { why, .. } => {
                    items.push(page::command(
                        &Say::LookAtRefused.with(l, &[name, &why]),
                        &train,
                    ));
                }
            }
        }
    }
    if let super::format::Currency::Several(codes) = cache.currency(state, &snapshot).await? {
        items.push(html! { p { (Say::SeveralCurrencies.with(l, &[&codes.join(", ")])) } });
    }
    Ok(html! {
        @if items.is_empty() {
            p { (Say::AllWell.text(l)) }
            p.links { a href="/customers" { (Say::LookAtCustomers.text(l)) } " " a href="/tables" { (Say::LookAtTables.text(l)) } }
        }
        @for item in &items { (item) }
    })
}
