//! One merchant's estimates of launches: how they are read, what they add, and the last of them beside what sold.

use super::format::{count, day, encoded, percent};
use super::learned::{number, shown};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::visit::Visit;
use crate::api::{Shared, merchants};
use crate::charts::{LineChart, Locale, Series, line_chart};
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use products::launch::Estimated;
use serde_json::Value;

/// Launches drawn: more points cannot be told apart.
const DRAWN: usize = 24;

/// Address of a merchant's page.
pub(super) fn address(product: &str, merchant: &str) -> String {
    format!(
        "/products/{}/merchants/{}",
        encoded(product),
        encoded(merchant)
    )
}

pub(super) async fn show(
    State(state): Shared,
    Path((name, id)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let found = body(&state, &visit, &name, &id);
    page::answer(&state, &visit, Section::Portfolio, found)
}

fn body(state: &AppState, visit: &Visit, name: &str, id: &str) -> Result<Page, Problem> {
    let l = visit.locale;
    let answering = merchants::reading(state, name)?;
    let record = merchants::record(&answering, name, id)?;
    let launches = merchants::last(state, id);
    let ranked = [
        &*count(l, number(record, "rank").unwrap_or(0.0) as u64),
        &*count(l, merchants::records(&answering).len() as u64),
    ];
    let body = html! {
        p.lead { (Say::MerchantLead.text(l)) }
        p.links { a href={ "/products/" (encoded(name)) "#merchants" } { (Say::AllMerchants.text(l)) } }
        (facts(l, record, &Say::MerchantRanked.with(l, &ranked)))
        (intervals(l, record))
        section {
            h2 #launches { (Say::MerchantLaunches.text(l)) }
            @if launches.is_empty() { p { (Say::MerchantNoLaunch.text(l)) } }
            @else { (chart(l, &launches)) (table(l, &launches)) }
        }
    };
    Ok(Page::new(Say::MerchantTitle.with(l, &[id]), body))
}

fn facts(l: Locale, record: &Value, ranked: &str) -> Markup {
    let of = |name: &str| number(record, name);
    let small = |text: String| html! { div.small { (text) } };
    let fixed = |value: f64| l.fixed(value, 2);
    let bias = of("bias_low").zip(of("bias_high"));
    page::facts(&[
        (
            Say::MerchantSaved.text(l),
            html! {
                (shown(l, of("saved"), |share| percent(l, share)))
                @if let Some(n) = of("saved_on") { (small(Say::MerchantSavedOn.with(l, &[&l.fixed(n, 0)]))) }
                (small(ranked.to_owned()))
            },
        ),
        (
            Say::MerchantBias.text(l),
            html! {
                (shown(l, of("bias"), fixed))
                @if let Some((low, high)) = bias { (small(Say::RangeBoth.with(l, &[&fixed(low), &fixed(high)]))) }
                (small(Say::MerchantBiasMeans.text(l).to_owned()))
            },
        ),
        (
            Say::MerchantSpread.text(l),
            html! {
                (shown(l, of("spread"), fixed))
                @if let Some(spread) = of("spread") { (small(Say::MerchantSpreadMeans.with(l, &[&fixed(spread.exp())]))) }
            },
        ),
        (
            Say::MerchantSlope.text(l),
            html! {
                (shown(l, of("slope"), fixed))
                @if let Some(error) = of("slope_error") { " ± " (fixed(error)) }
                (small(Say::MerchantSlopeMeans.text(l).to_owned()))
            },
        ),
        (
            Say::LaunchLaunches.text(l),
            html! {
                (shown(l, of("launches"), |n| l.fixed(n, 0)))
                @if let Some(n) = of("sold_out") { (small(Say::MerchantSoldOut.with(l, &[&l.fixed(n, 0)]))) }
            },
        ),
        (
            Say::MerchantDrawn.text(l),
            html! {
                (shown(l, of("drawn"), |share| percent(l, share)))
                (small(Say::MerchantDrawnMeans.text(l).to_owned()))
            },
        ),
    ])
}

/// How often what came lay between low and high.
fn intervals(l: Locale, record: &Value) -> Markup {
    let counts = record.get("intervals");
    let of = |name: &str| {
        counts
            .and_then(|counts| number(counts, name))
            .unwrap_or(0.0)
    };
    let known = of("held") + of("below") + of("above");
    let number = |name: &str| l.fixed(of(name), 0);
    html! {
        @if known > 0.0 {
            p { (Say::MerchantIntervals.with(l, &[&number("held"), &number("below"), &number("above"), &number("unknown")])) }
        } @else { p { (Say::MerchantNoIntervals.text(l)) } }
    }
}

fn opened(of: &Estimated) -> Date {
    let at = Timestamp::from_second(of.opened_at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::UTC).date()
}

/// What was held likely beside what sold, the latest last.
fn chart(l: Locale, launches: &[Estimated]) -> Markup {
    let drawn: Vec<&Estimated> = launches.iter().take(DRAWN).rev().collect();
    let series = |label: Say, of: &dyn Fn(&Estimated) -> f64| Series {
        label: label.text(l).to_owned(),
        values: drawn.iter().map(|one| Some(of(one))).collect(),
    };
    let title = Say::MerchantChart.text(l);
    let chart = LineChart {
        title: title.to_owned(),
        unit: String::new(),
        labels: drawn.iter().map(|of| opened(of).to_string()).collect(),
        series: vec![
            series(Say::MerchantLikely, &|of| of.likely),
            series(Say::MerchantSold, &|of| of.sold as f64),
        ],
        from_zero: true,
    };
    html! { @if drawn.len() > 1 { (page::figure(title, &line_chart(&chart, l))) } }
}

fn table(l: Locale, launches: &[Estimated]) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::MerchantLaunch)),
        words(say(Say::ProductId)),
        words(say(Say::MerchantOpened)),
        figures(say(Say::MerchantLow)),
        figures(say(Say::MerchantLikely)),
        figures(say(Say::MerchantHigh)),
        figures(say(Say::MerchantSold)),
        words(say(Say::Result)),
    ];
    let row = |of: &Estimated| {
        vec![
            html! { (of.launch) },
            html! { code { (of.product) } },
            day(opened(of)),
            shown(l, of.low, |units| l.number(units)),
            html! { (l.number(of.likely)) },
            shown(l, of.high, |units| l.number(units)),
            html! { (l.fixed(of.sold as f64, 0)) },
            result(l, of),
        ]
    };
    let rows: Vec<_> = launches.iter().map(row).collect();
    page::grid(say(Say::MerchantLaunches), &heads, &rows)
}

/// Whether what sold lay within what was expected.
fn result(l: Locale, of: &Estimated) -> Markup {
    let sold = of.sold as f64;
    let (tone, told) = match (of.low, of.high) {
        (_, Some(high)) if sold > high => (Tone::Warn, Say::MerchantAbove),
        _ if of.sold_out => (Tone::Quiet, Say::MerchantRanOut),
        (Some(low), _) if sold < low => (Tone::Warn, Say::MerchantBelow),
        (Some(_), Some(_)) => (Tone::Good, Say::MerchantWithin),
        _ => return html! { "–" },
    };
    page::badge(tone, told.text(l))
}
