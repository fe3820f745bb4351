//! Launches that are open or to come: what each is expected to sell, what to order for it, and what it has sold so far.

mod ahead;

pub(super) use ahead::Ahead;

use self::ahead::One;
use super::answer as answers_shown;
use super::data::{self, Cache};
use super::demand::{LISTED, name_of, pager};
use super::estimates::{Written, estimate};
use super::format::{Currency, count, encoded, moment};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::visit::Visit;
use crate::api::{Part, Shared, slot};
use crate::charts::{LineChart, Locale, Series, line_chart};
use crate::live::Answering;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use products::Shop;
use products::launch::Hourly;
use schema::Estimate;
use std::sync::Arc;

/// The kind whose launches are shown.
pub(super) const FORECASTS: &str = "launch";

/// Address of the launches of a data product.
pub(super) fn address(data_product: &str) -> String {
    format!("/products/{}/launches", encoded(data_product))
}

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    Part(name): Part,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit, &name).await;
    page::answer(&state, &visit, Section::Portfolio, found)
}

/// The shop, and the version that answers for it.
fn answering(state: &AppState, name: &str) -> Result<(Arc<Shop>, Arc<Answering>), Problem> {
    let slot = slot(state, name)?;
    let kind = &slot.product.header().kind;
    if kind != FORECASTS {
        return Err(Problem::not_found(format!(
            "{name} is of kind {kind:?} and forecasts no launches, allowed is a data product of kind \"launch\""
        )));
    }
    let pair = state.live.shop().zip(slot.answering());
    pair.ok_or_else(|| {
        Problem::not_found(format!(
            "{name} has no version that answers; train it with `comptoir run {name}`"
        ))
    })
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit, name: &str) -> Result<Page, Problem> {
    let l = visit.locale;
    let title = Say::LaunchesAhead.text(l);
    let (shop, answering) = answering(state, name)?;
    let snapshot = data::snapshot(state).await?;
    let currency = cache.currency(state, &snapshot).await?;
    let gathered = cache.launches.of(name, &shop, &answering, Ahead::ask).await;
    let Some(all) = gathered else {
        let body = html! { p.problem role="status" { (Say::LaunchesGathering.text(l)) } };
        return Ok(Page::new(title, body));
    };
    let pages = all.0.len().div_ceil(LISTED).max(1);
    let asked = visit.parameter("page").and_then(|n| n.parse().ok());
    let at = asked.unwrap_or(1usize).clamp(1, pages);
    let listed = all.0.iter().skip((at - 1) * LISTED).take(LISTED);
    let rows: Vec<Vec<Markup>> = listed.map(|one| row(l, &currency, &shop, one)).collect();
    let body = html! {
        p.lead { (Say::LaunchesAheadLead.text(l)) }
        p.links { a href={ "/products/" (encoded(name)) } { (name) } }
        (overall(l, &all))
        @if rows.is_empty() { p { (Say::LaunchesNone.text(l)) } }
        @else { (page::grid(title, &heads(l), &rows)) }
        (pager(visit, at, pages, all.0.len()))
    };
    Ok(Page::new(title, body))
}

fn overall(l: Locale, all: &Ahead) -> Markup {
    let of = |holds: fn(&One) -> bool| {
        let held = all.0.iter().filter(|one| holds(one)).count();
        html! { (count(l, held as u64)) }
    };
    page::facts(&[
        (Say::LaunchesOpen.text(l), of(One::is_open)),
        (Say::LaunchesToCome.text(l), of(|one| !one.is_open())),
        (Say::LaunchesBeyond.text(l), of(One::is_beyond_stock)),
    ])
}

fn heads(l: Locale) -> [page::Head<'static>; 5] {
    [
        words(Say::MerchantLaunch.text(l)),
        words(Say::LaunchOpens.text(l)),
        figures(Say::LaunchTotal.text(l)),
        figures(Say::LaunchPreOrder.text(l)),
        words(Say::LaunchSoFar.text(l)),
    ]
}

fn row(l: Locale, currency: &Currency, shop: &Shop, one: &One) -> Vec<Markup> {
    let called = name_of(shop, &one.product);
    let units = |of: &Estimate| estimate(l, of, Written::Plain);
    let opens = Timestamp::from_second(one.opens_at).unwrap_or(Timestamp::UNIX_EPOCH);
    vec![
        html! {
            b { (called) }
            div.small { (one.launch) @if called != one.product { " " code { (one.product) } } }
        },
        html! {
            (moment(opens))
            @if one.is_open() { div { (page::badge(Tone::Good, Say::LaunchIsOpen.text(l))) } }
        },
        html! {
            (units(&one.total))
            @if let Some(first) = &one.first_day { div.small { (Say::LaunchFirstDay.text(l)) " " (units(first)) } }
        },
        order(l, currency, one),
        so_far(l, one),
    ]
}

/// What to order and why, beside what there is.
fn order(l: Locale, currency: &Currency, one: &One) -> Markup {
    let quantity = one.order.as_ref().and_then(|order| order.estimate.as_ref());
    html! {
        @match quantity {
            Some(quantity) => (estimate(l, quantity, Written::Plain)),
            None => span.unknown { "–" },
        }
        @if let Some(available) = one.available {
            div.small { (Say::LaunchAvailable.with(l, &[&l.fixed(f64::from(available), 0)])) }
        }
        @if one.is_beyond_stock() { div { (page::badge(Tone::Warn, Say::LaunchBeyond.text(l))) } }
        @if let Some(order) = &one.order {
            details { summary { (Say::Reasons.text(l)) } div.small { (answers_shown::reasons(l, currency, order)) } }
        }
    }
}

/// What was sold of one that is open, and how its interval narrowed.
fn so_far(l: Locale, one: &One) -> Markup {
    let (Some(first), Some(last)) = (one.hours.first(), one.hours.last()) else {
        return html! { @if let Some(units) = one.sold { (l.fixed(units, 0)) } @else { span.unknown { "–" } } };
    };
    let between = |of: &Hourly| l.interval(of.low, of.high, "");
    let sold = Say::LaunchSoldAfter.with(
        l,
        &[
            &l.fixed(last.units as f64, 0),
            &l.fixed(last.hours as f64, 0),
        ],
    );
    html! {
        div { (sold) }
        div.small { (Say::LaunchNarrowed.with(l, &[&between(first), &between(last)])) }
        details { summary { (Say::LaunchHourly.text(l)) } (chart(l, &one.hours)) }
    }
}

/// Hour by hour what was sold and between what total demand was expected.
fn chart(l: Locale, hours: &[Hourly]) -> Markup {
    let series = |label: Say, of: &dyn Fn(&Hourly) -> f64| Series {
        label: label.text(l).to_owned(),
        values: hours.iter().map(|hour| Some(of(hour))).collect(),
    };
    let title = Say::LaunchHourly.text(l);
    let chart = LineChart {
        title: title.to_owned(),
        unit: String::new(),
        labels: hours
            .iter()
            .map(|hour| format!("{} h", hour.hours))
            .collect(),
        series: vec![
            series(Say::MerchantHigh, &|hour| hour.high),
            series(Say::LaunchMedian, &|hour| hour.median),
            series(Say::MerchantLow, &|hour| hour.low),
            series(Say::MerchantSold, &|hour| hour.units as f64),
        ],
        from_zero: true,
    };
    html! { (page::figure(title, &line_chart(&chart, l))) }
}
