//! All shared tables: rows, contract, what was set aside.

use super::data::{self, Cache};
use super::format::{count, moment, percent};
use super::french;
use super::ledger::{self, Imported};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::visit::Visit;
use crate::api::Shared;
use crate::charts::Locale;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schema::table::Table;
use std::sync::Arc;

/// Tables that Comptoir writes itself.
const OURS: [&str; 4] = ["decisions", "imports", "quarantine", "shadow_answers"];

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit).await;
    page::answer(&state, &visit, Section::Tables, found)
}

/// Whether the rows of a table met their contract.
pub(super) fn contract(l: Locale, table: &str, imported: Option<&Imported>) -> Markup {
    let (tone, say) = match imported {
        None if OURS.contains(&table) => (Tone::Quiet, Say::WrittenByUs),
        None => (Tone::Quiet, Say::NotImported),
        Some(i) if i.broken().is_empty() => (Tone::Good, Say::ContractMet),
        Some(_) => (Tone::Bad, Say::ContractBroken),
    };
    page::badge(tone, say.text(l))
}

/// Rows refused and skipped, as counts and as a share of those read.
pub(super) fn aside(l: Locale, imported: Option<&Imported>) -> Markup {
    match imported {
        None => html! { "–" },
        Some(Imported {
            report: Some(r), ..
        }) => html! {
            (count(l, r.rows_quarantined))
            @if r.rows_read > 0 && r.rows_quarantined > 0 { div.small { (percent(l, r.rows_quarantined as f64 / r.rows_read as f64)) } }
        },
        Some(_) => html! { span.unknown { (Say::Unknown.text(l)) } },
    }
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit) -> Result<Page, Problem> {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let snapshot = data::snapshot(state).await?;
    let rows = cache.rows(state, &snapshot).await?;
    let imported = ledger::imported(state, &snapshot).await?;
    let heads = [
        words(say(Say::Table)),
        words(say(Say::OneRowIs)),
        figures(say(Say::Rows)),
        words(say(Say::Contract)),
        figures(say(Say::SetAside)),
        words(say(Say::LastImport)),
    ];
    let row = |t: &Table| {
        let of = imported.get(&t.name);
        vec![
            html! { a.strong href={ "/tables/" (t.name) } { (page::name(&t.name)) } div.small { (french::marked(l, &t.meaning)) } },
            french::marked(l, &t.grain),
            html! { (count(l, rows.get(&t.name).copied().unwrap_or(0))) },
            contract(l, &t.name, of),
            aside(l, of),
            of.map_or_else(|| html! { "–" }, |i| moment(i.at)),
        ]
    };
    let mut tables: Vec<&Table> = schema::table::tables().iter().collect();
    // Tables with rows first: they are why one comes.
    tables.sort_by_key(|t| rows.get(&t.name).copied().unwrap_or(0) == 0);
    let body = html! {
        p.lead { (say(Say::TablesLead)) }
        (page::grid(say(Say::Tables), &heads, &tables.into_iter().map(row).collect::<Vec<_>>()))
        (page::next(l, &html! {
            @let broken: Vec<_> = imported.iter().filter(|(_, i)| !i.broken().is_empty()).collect();
            @if imported.is_empty() { (page::command(say(Say::NothingImported), "comptoir import")) }
            @else if broken.is_empty() { (page::command(say(Say::TablesWell), "comptoir import")) }
            @for (table, i) in broken {
                p { (Say::LookAtTable.with(l, &[table, &i.why_broken(l)])) " " a href={ "/tables/" (table) "#quarantine" } { (say(Say::Quarantine)) } }
            }
        }))
    };
    Ok(Page::new(say(Say::Tables), body))
}
