//! What is wrong, since when, and who was told.

use super::format::{count, encoded, moment};
use super::french;
use super::messages::Say;
use super::page::{self, Page, Section, Tone, words};
use super::visit::Visit;
use crate::api::Shared;
use crate::charts::Locale;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::State as Of;
use axum::response::Response;
use factory::incidents::{About, Incident, Stage, Telling};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

/// Incidents that have been over for longer are not shown.
const SHOWN: SignedDuration = SignedDuration::from_hours(90 * 24);

pub(super) async fn show(Of(state): Shared, visit: Visit) -> Response {
    let l = visit.locale;
    let now = Timestamp::now();
    let found = of_shop(&state, now - SHOWN, now).await;
    let found = found.map(|all| Page::new(Say::IncidentsTitle.text(l), both(l, &all)));
    page::answer(&state, &visit, Section::Review, found)
}

async fn of_shop(
    state: &AppState,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Incident>, Problem> {
    let found = state.workshop.incidents(since, now).await;
    found.map_err(|error| Problem::internal("read incidents", &error))
}

/// How many are open, with a link to all of them.
pub(super) async fn summary(state: &AppState, l: Locale) -> Result<Markup, Problem> {
    let now = Timestamp::now();
    let all = of_shop(state, now, now).await?;
    let open = all.iter().filter(|i| i.closed_at.is_none()).count() as u64;
    Ok(html! {
        p {
            a href="/incidents" { (Say::Incidents.text(l)) } " "
            @if open > 0 { (page::badge(Tone::Bad, &Say::IncidentsCount.with(l, &[&count(l, open)]))) }
            @else { (page::badge(Tone::Good, Say::IncidentsNone.text(l))) }
        }
    })
}

/// The last incident of a product; nothing where it never had one.
pub(super) async fn last(state: &AppState, product: &str, l: Locale) -> Result<Markup, Problem> {
    let found = state.workshop.latest_incident(product, Timestamp::now());
    let found = found.await;
    let found = found.map_err(|error| Problem::internal("read incidents", &error))?;
    Ok(html! {
        (of(l, found.as_ref()))
        @if found.is_some() { p { a href="/incidents" { (Say::Incidents.text(l)) } } }
    })
}

/// An incident with who was told of it, where there is one.
pub(super) fn of(l: Locale, incident: Option<&Incident>) -> Markup {
    html! {
        @if let Some(incident) = incident {
            section {
                h2 { (Say::IncidentLast.text(l)) }
                p {
                    @if incident.closed_at.is_none() { (page::badge(Tone::Bad, Say::IncidentsOpen.text(l))) }
                    @else { (page::badge(Tone::Good, Say::IncidentsOver.text(l))) }
                    " " (times(incident)) " " (french::marked(l, &incident.what))
                }
                (told(l, incident))
            }
        }
    }
}

/// Those that are open, then those that are over.
fn both(l: Locale, all: &[Incident]) -> Markup {
    let say = |s: Say| s.text(l);
    let (open, over): (Vec<&Incident>, Vec<&Incident>) = all
        .iter()
        .partition(|incident| incident.closed_at.is_none());
    html! {
        p.lead { (say(Say::IncidentsLead)) }
        section {
            h2 { (say(Say::IncidentsOpen)) }
            @if open.is_empty() { p { (page::badge(Tone::Good, say(Say::IncidentsNone))) } }
            @else { (table(l, Say::IncidentsOpen, Say::IncidentSince, &open)) }
        }
        section {
            h2 { (say(Say::IncidentsOver)) }
            @if over.is_empty() { p { (say(Say::IncidentsNever)) } }
            @else { (table(l, Say::IncidentsOver, Say::IncidentFrom, &over)) }
        }
    }
}

fn table(l: Locale, caption: Say, time: Say, incidents: &[&Incident]) -> Markup {
    let heads = [time, Say::Product, Say::IncidentWhat, Say::IncidentTold];
    let heads = heads.map(|head| words(head.text(l)));
    let rows: Vec<Vec<Markup>> = incidents
        .iter()
        .map(|incident| {
            vec![
                times(incident),
                products(incident),
                html! { a href=(incident.page) { (french::marked(l, &incident.what)) } },
                told(l, incident),
            ]
        })
        .collect();
    page::grid(caption.text(l), &heads, &rows)
}

/// Since when, or from when to when.
fn times(incident: &Incident) -> Markup {
    html! {
        (moment(incident.opened_at))
        @if let Some(closed_at) = incident.closed_at { " – " (moment(closed_at)) }
    }
}

fn products(incident: &Incident) -> Markup {
    html! {
        @if incident.products.is_empty() { span.small { (page::breakable(&incident.cause)) } }
        @for (n, name) in incident.products.iter().enumerate() {
            @if n > 0 { ", " }
            a href=(format!("/review/{}", encoded(name))) { (name) }
        }
    }
}

fn told(l: Locale, incident: &Incident) -> Markup {
    html! {
        @if incident.messages.is_empty() { span.unknown { (Say::IncidentNobody.text(l)) } }
        @else { ul.plain { @for message in &incident.messages { li { (one(l, message)) } } } }
    }
}

fn one(l: Locale, message: &Telling) -> Markup {
    html! {
        (message.recipient) ": "
        @match &message.stage {
            Stage::Told { at } => {
                @match message.about {
                    About::Opened => { (Say::IncidentToldAt.text(l)) }
                    About::Closed => { (Say::IncidentToldOver.text(l)) }
                }
                " " (moment(*at))
            }
            Stage::Failed { why, attempts, .. } => {
                (Say::IncidentNotTold.with(l, &[&count(l, u64::from(*attempts))]))
                div.small { (french::marked(l, why)) }
            }
            Stage::Held { until } => { (Say::IncidentHeld.text(l)) " " (moment(*until)) }
            Stage::Waits => { (Say::IncidentWaits.text(l)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use factory::review::{Kept, Promised, State, Unit};

    /// A promise that does not hold, as it is noted.
    fn sentence(promise: Promised, state: State, unit: Unit, because: &str) -> String {
        let kept = Kept {
            promise,
            table: (promise == Promised::TableAge).then(|| "prices".to_owned()),
            state,
            promised: Some(75.0),
            measured: Some(120.0),
            before: None,
            unit,
            budget_left: None,
            because: because.to_owned(),
        };
        kept.sentence()
    }

    #[test]
    fn what_a_review_notes_is_told_in_french() {
        use Promised::{
            Answered, ByVersion, DataAge, LatencyP50, LatencyP99, Quality, TableAge, VersionAge,
        };
        let burns = "goes wrong 20 times as often as it may for 60 minutes; what may go wrong is used up on 2026-03-02 10:00 UTC";
        let spent = "30 went wrong, 6.030 may";
        let fell = "fell below what is allowed, seen by 2026-03-02";
        let old = sentence(VersionAge, State::Broken, Unit::Days, "");
        for english in [
            sentence(LatencyP50, State::Broken, Unit::Ms, spent),
            sentence(LatencyP99, State::AtRisk, Unit::Ms, burns),
            sentence(Answered, State::Broken, Unit::Share, spent),
            sentence(ByVersion, State::AtRisk, Unit::Share, burns),
            sentence(DataAge, State::Broken, Unit::Days, ""),
            sentence(TableAge, State::Broken, Unit::Days, ""),
            sentence(Quality, State::Broken, Unit::Share, fell),
            format!("{old}; no sale of 2026-02-20 or later is known"),
            format!("the last training failed: no disk left; {old}"),
            "the last training failed: no disk left".to_owned(),
            "the import of sales was refused: 3 % of rows".to_owned(),
            format!("the import of sales was refused: 3 % of rows; {old}"),
            old,
            "age of table prices is broken (none of its rows is known)".to_owned(),
        ] {
            let french = french::told(Locale::French, &english);
            assert_ne!(french, english);
            assert!(!french.contains("promised"), "{french}");
        }
    }
}
