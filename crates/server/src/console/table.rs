//! One shared table: its contract with counts, what was set aside, its columns.

use super::data::{self, Cache};
use super::format::{count, moment, percent};
use super::ledger::{self, Example, Imported, SetAside};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::visit::Visit;
use super::{french, tables};
use crate::api::Shared;
use crate::charts::{BarChart, BarRow, Locale, bar_chart};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use factory::import::RefusedSource;
use maud::{Markup, html};
use quality::{Newest, Report, RuleReport};
use schema::table::{Column, Table, table, tables as all_tables};
use std::sync::Arc;

/// Characters of a value or of a row that are shown.
const SHOWN: usize = 300;

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    Path(name): Path<String>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit, &name).await;
    page::answer(&state, &visit, Section::Tables, found)
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit, name: &str) -> Result<Page, Problem> {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let of = table(name).ok_or_else(|| {
        let names: Vec<&str> = all_tables().iter().map(|t| t.name.as_str()).collect();
        Problem::not_found(format!(
            "there is no table {name:?}, allowed is {}",
            names.join(", ")
        ))
    })?;
    let snapshot = data::snapshot(state).await?;
    let rows = cache
        .rows(state, &snapshot)
        .await?
        .get(name)
        .copied()
        .unwrap_or(0);
    let all = ledger::imported(state, &snapshot).await?;
    let imported = all.get(name);
    let aside = ledger::set_aside(state, &snapshot, &of.name).await?;
    let refusals = state.workshop.refused_imports().await;
    let refusals =
        refusals.map_err(|e| Problem::internal("read which imports were refused", &e))?;
    let refused = refusals.values().filter(|r| r.table == of.name);
    let key =
        html! { @for (n, k) in of.key.iter().enumerate() { @if n > 0 { ", " } (page::code(k)) } };
    let body = html! {
        p.lead { (french::marked(l, &of.meaning)) }
        (page::facts(&[
            (say(Say::Rows), html! { (count(l, rows)) }),
            (say(Say::Contract), tables::contract(l, name, imported)),
            (say(Say::SetAside), tables::aside(l, imported)),
            (say(Say::OneRowIs), french::marked(l, &of.grain)),
            (say(Say::KeyIs), key),
        ]))
        @for one in refused { (refusal(l, one)) }
        @match imported {
            None if rows == 0 => (page::next(l, &page::command(say(Say::TableNever), "comptoir import"))),
            None => {}
            Some(i) => (import(l, i)),
        }
        section {
            h2 #quarantine { (say(Say::Quarantine)) }
            @if aside.is_empty() { p { (say(Say::QuarantineEmpty)) } } @else { (quarantine(l, &aside, imported)) }
        }
        section { h2 #columns { (say(Say::Columns)) } (columns(l, of)) }
    };
    Ok(Page::new(name, body))
}

/// An import that the gate refused, with what was found in it.
fn refusal(l: Locale, refused: &RefusedSource) -> Markup {
    html! {
        section {
            h2 { (Say::ImportRefused.with(l, &[&refused.source])) }
            p { (moment(refused.refused_at)) " · " (Say::ImportRefusedMeans.text(l)) }
            @for reason in &refused.reasons { p.problem role="status" { (french::marked(l, reason)) } }
            @if let Some(r) = &refused.report { (rules(l, r, true)) }
        }
    }
}

fn import(l: Locale, imported: &Imported) -> Markup {
    let say = |s: Say| s.text(l);
    let mut pairs = vec![
        (say(Say::LastImport), moment(imported.at)),
        (say(Say::Sources), html! { (imported.sources.join(", ")) }),
        (say(Say::Files), html! { (count(l, imported.files as u64)) }),
    ];
    if let Some(r) = &imported.report {
        pairs.push((say(Say::RowsRead), html! { (count(l, r.rows_read)) }));
        pairs.push((
            say(Say::RowsAccepted),
            html! { (count(l, r.rows_accepted)) },
        ));
        pairs.push((
            say(Say::RowsRefused),
            html! { (count(l, r.rows_refused())) },
        ));
        pairs.push((say(Say::RowsSkipped), html! { (count(l, r.rows_skipped)) }));
        if let Newest::Days { days } = r.newest {
            pairs.push((
                say(Say::NewestRow),
                html! { (Say::DaysOld.with(l, &[&l.fixed(days as f64, 0)])) },
            ));
        }
    }
    html! {
        section {
            h2 #import { (say(Say::LastImport)) }
            (page::facts(&pairs))
            @for reason in imported.broken() { p.problem role="status" { (french::marked(l, reason)) } }
            @if let Some(r) = &imported.report {
                h3 { (say(Say::ContractRules)) }
                p { (say(Say::RulesLead)) }
                (rules(l, r, false))
                @if !r.notes.is_empty() {
                    h3 { (say(Say::NotesOfImport)) }
                    ul { @for note in &r.notes { li { (french::marked(l, note)) } } }
                }
            }
        }
    }
}

/// What a rule allows, in the language of the page where it is in our words.
fn allowed_text(l: Locale, english: &str) -> Markup {
    let told = french::told(l, english);
    let is_english = l == Locale::French && told == english;
    html! { span lang=[is_english.then_some("en")] { (page::breakable(&told)) } }
}

/// The rules of a contract, those that rows broke before those that none did.
///
/// - `all_examples`: also of rows that were set aside, where no other part of the page shows them.
fn rules(l: Locale, report: &Report, all_examples: bool) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::Rule)),
        words(say(Say::Column)),
        words(say(Say::Allowed)),
        figures(say(Say::Broken)),
        figures(say(Say::Share)),
        words(say(Say::Effect)),
    ];
    let row = |r: &RuleReport| {
        vec![
            french::marked(l, &r.rule),
            r.column
                .as_ref()
                .map_or_else(|| html! { "–" }, |c| page::code(c)),
            allowed_text(l, &r.allowed),
            html! { (count(l, r.rows)) },
            if report.rows_read > 0 {
                html! { (percent(l, r.rows as f64 / report.rows_read as f64)) }
            } else {
                html! { "–" }
            },
            html! {
                (say(if r.warns { Say::EffectWarns } else { Say::EffectAside }))
                @if r.warns || all_examples { (examples(l, &r.examples)) }
            },
        ]
    };
    let (broken, met): (Vec<&RuleReport>, Vec<&RuleReport>) =
        report.rules.iter().partition(|r| r.rows > 0);
    html! {
        @if !broken.is_empty() { (page::grid(say(Say::ContractRules), &heads, &broken.into_iter().map(row).collect::<Vec<_>>())) }
        @if !met.is_empty() {
            details {
                summary { (Say::RulesMet.with(l, &[&count(l, met.len() as u64)])) }
                (page::grid(say(Say::ContractRules), &heads, &met.into_iter().map(row).collect::<Vec<_>>()))
            }
        }
    }
}

/// Rows that broke a rule.
fn examples(l: Locale, examples: &[quality::Example]) -> Markup {
    html! {
        @if !examples.is_empty() {
            details {
                summary { (Say::Examples.text(l)) }
                ol.examples {
                    @for one in examples {
                        li { (place(l, &one.file, one.row)) (value(l, one.value.as_deref())) }
                    }
                }
            }
        }
    }
}

/// Where a row is.
fn place(l: Locale, file: &str, row: i64) -> String {
    Say::ExampleAt.with(l, &[file, &l.fixed(row as f64, 0)])
}

/// The value found, after its place.
fn value(l: Locale, found: Option<&str>) -> Markup {
    html! { @if let Some(found) = found { (l.colon()) code { (cut(found)) } } }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        text.to_owned()
    } else {
        text.chars().take(SHOWN).chain(['…']).collect()
    }
}

fn example(l: Locale, one: &Example) -> Markup {
    html! {
        li {
            (place(l, &one.file, one.line)) (value(l, one.value.as_deref()))
            div { code.row { (cut(&one.row)) } }
        }
    }
}

fn quarantine(l: Locale, aside: &[SetAside], imported: Option<&Imported>) -> Markup {
    let say = |s: Say| s.text(l);
    let read = imported
        .and_then(|i| i.report.as_ref())
        .map(|r| r.rows_read)
        .filter(|n| *n > 0);
    let share = |n: u64| read.map(|all| 100.0 * n as f64 / all as f64);
    let name = |s: &SetAside| {
        let column = s
            .column
            .as_ref()
            .map(|c| format!(" {c}"))
            .unwrap_or_default();
        format!(
            "{}{column}",
            if s.skipped {
                s.reason.clone()
            } else {
                french::told(l, &s.rule).into_owned()
            }
        )
    };
    let bars = aside.iter().take(12).map(|s| BarRow {
        label: name(s),
        value: share(s.rows),
        note: count(l, s.rows),
    });
    let title = say(Say::Share);
    let chart = BarChart {
        title: say(Say::Quarantine).to_owned(),
        unit: "%".to_owned(),
        rows: bars.collect(),
    };
    let heads = [
        words(say(Say::Rule)),
        figures(say(Say::Rows)),
        figures(say(Say::Share)),
        words(say(Say::Examples)),
    ];
    let row = |s: &SetAside| {
        let kind = if s.skipped {
            Say::SkippedBySource
        } else {
            Say::RefusedByContract
        };
        vec![
            html! { b { (page::name(&name(s))) } @if !s.skipped { div.small { (allowed_text(l, &s.reason)) } } (page::badge(if s.skipped { Tone::Quiet } else { Tone::Warn }, say(kind))) },
            html! { (count(l, s.rows)) },
            share(s.rows).map_or_else(|| html! { "–" }, |p| html! { (l.with_unit(p, "%")) }),
            html! { details { summary { (count(l, s.examples.len() as u64)) } ol.examples { @for one in &s.examples { (example(l, one)) } } } },
        ]
    };
    html! {
        p { (say(Say::QuarantineLead)) }
        @if read.is_some() { (page::figure(title, &bar_chart(&chart, l))) }
        (page::grid(say(Say::Quarantine), &heads, &aside.iter().map(row).collect::<Vec<_>>()))
    }
}

/// What a column allows, in a few words.
fn allowed(l: Locale, column: &Column) -> Markup {
    let number = |v: f64| l.number(v);
    let range = match (column.min, column.max) {
        (Some(min), Some(max)) => Some(Say::RangeBoth.with(l, &[&number(min), &number(max)])),
        (Some(min), None) => Some(Say::RangeFrom.with(l, &[&number(min)])),
        (None, Some(max)) => Some(Say::RangeUpTo.with(l, &[&number(max)])),
        (None, None) => None,
    };
    html! {
        @if let Some(range) = range { div { (range) } }
        @if column.past { div { (Say::NotInFuture.text(l)) } }
        @if !column.allowed.is_empty() { div { (column.allowed.join(", ")) } }
        @if let Some(pattern) = &column.pattern { div { (Say::MatchesPattern.text(l)) " " code { (pattern) } } }
        @if let Some(target) = &column.references { div { (page::breakable(&Say::ValueOf.with(l, &[target]))) } }
    }
}

fn columns(l: Locale, of: &Table) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::Column)),
        words(say(Say::Meaning)),
        words(say(Say::TypeAndUnit)),
        words(say(Say::MayBeEmpty)),
        words(say(Say::Personal)),
        words(say(Say::Allowed)),
    ];
    let flag = |yes: bool| html! { (say(if yes { Say::Yes } else { Say::No })) };
    let row = |c: &Column| {
        vec![
            page::code(&c.name),
            french::marked(l, &c.meaning),
            html! { (french::marked(l, c.kind.name())) @if let Some(unit) = &c.unit { ", " (french::marked(l, unit)) } },
            flag(c.nullable),
            flag(c.personal),
            allowed(l, c),
        ]
    };
    page::grid(
        say(Say::Columns),
        &heads,
        &of.columns.iter().map(row).collect::<Vec<_>>(),
    )
}
