//! One customer: what is known, what the data products conclude, and why.

use super::data::{self, Cache};
use super::format::{Currency, count, day, encoded};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::visit::Visit;
use super::{answer, french};
use crate::api::Shared;
use crate::charts::{LineChart, Locale, Series, line_chart};
use crate::live::{Answering, Slot};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use features::SaleLine;
use jiff::civil::Date;
use maud::{Markup, html};
use products::{Asked, Explanation, Shop, Subject};
use schema::CustomerId;
use schema::time::date_of;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Orders listed.
const ORDERS: usize = 15;

/// Product names per order.
const NAMES: usize = 3;

/// Months drawn.
const MONTHS: usize = 24;

/// Actions asked of a placement.
const ITEMS: u32 = 6;

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    Path(id): Path<String>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit, id).await;
    page::answer(&state, &visit, Section::Customers, found)
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit, id: String) -> Result<Page, Problem> {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let customer = CustomerId::new(id).map_err(|e| Problem::invalid(e.to_string()).field("id"))?;
    let title = Say::CustomerNamed.with(l, &[customer.as_str()]);
    let Some(shop) = state.live.shop() else {
        return Ok(Page::new(title, page::next(l, &page::no_shop(state, l))));
    };
    let currency = cache.currency(state, &data::snapshot(state).await?).await?;
    let lines = shop.lines_of(customer.as_str());
    if lines.is_empty() && shop.history.trials().last_of(customer.as_str()).is_none() {
        let body = html! {
            p.lead { (Say::NoSuchCustomer.with(l, &[customer.as_str()])) }
            p { a href="/customers" { (say(Say::LookAtCustomers)) } }
        };
        return Ok(Page {
            title,
            body,
            status: StatusCode::NOT_FOUND,
        });
    }
    let explained = explained(state, &customer).await?;
    let drawn = &state.workshop.project.file.holdout;
    let held_out = drawn.is_held_out(&asked(&customer, None));
    let body = html! {
        p.lead { (say(Say::CustomerLead)) }
        @if !lines.is_empty() {
            (overview(l, &currency, &shop, &lines))
            (currency.note(l))
        }
        (holdout(l, drawn.share, held_out))
        // What is concluded about the customer first, what to show to them after.
        @for listed in [false, true] {
            @for (name, slot) in state.live.slots.iter().filter(|(_, slot)| is_listed(slot) == listed) {
                (of_product(state, l, &currency, name, slot, &customer))
                @if let Some(explained) = explained.get(name) { (answer::explanation(l, &currency, explained)) }
            }
        }
        p.small { (say(Say::PreviewsNote)) }
        @if !lines.is_empty() {
            section {
                h2 { (say(Say::SpendByMonth)) }
                (by_month(l, &currency, &shop, &lines))
            }
            section {
                h2 { (say(Say::LastOrders)) }
                (orders(l, &currency, &shop, &lines))
            }
        }
    };
    Ok(Page::new(title, body))
}

fn overview(l: Locale, currency: &Currency, shop: &Shop, lines: &[SaleLine]) -> Markup {
    let say = |s: Say| s.text(l);
    let as_of = shop.today();
    let mut days: Vec<i32> = lines
        .iter()
        .filter(|line| !line.is_return)
        .map(SaleLine::epoch_day)
        .collect();
    days.dedup();
    let mut gaps: Vec<i32> = days.windows(2).map(|w| w[1] - w[0]).collect();
    gaps.sort_unstable();
    let spent: i64 = lines.iter().map(|line| line.spend_cents).sum();
    let returned: i64 = lines
        .iter()
        .filter(|line| line.is_return)
        .map(|line| -line.spend_cents)
        .sum();
    let at = |d: Option<&i32>| d.map_or_else(|| html! { (say(Say::None)) }, |d| day(date_of(*d)));
    let since = days.last().map(|d| as_of.epoch_day() - 1 - d);
    page::facts(&[
        (say(Say::Orders), html! { (count(l, data::orders(lines))) }),
        (say(Say::Spent), html! { (currency.amount(l, spent)) }),
        (say(Say::Returned), html! { (currency.amount(l, returned)) }),
        (say(Say::FirstOrder), at(days.first())),
        (
            say(Say::LastOrder),
            html! { (at(days.last())) @if let Some(d) = since { div.small { (Say::DaysBeforeEnd.with(l, &[&l.fixed(f64::from(d), 0)])) } } },
        ),
        (
            say(Say::UsualInterval),
            match gaps.get(gaps.len() / 2) {
                Some(gap) => html! { (l.fixed(f64::from(*gap), 0)) },
                None => html! { span.unknown { (say(Say::OneOrderOnly)) } },
            },
        ),
    ])
}

/// Whether the customer is in the holdout; nothing where nobody is.
fn holdout(l: Locale, share: f64, is_held_out: bool) -> Markup {
    let (tone, say) = if is_held_out {
        (Tone::Warn, Say::InHoldout)
    } else {
        (Tone::Quiet, Say::NotInHoldout)
    };
    html! { @if share > 0.0 { p { (page::badge(tone, say.text(l))) } } }
}

/// The question of a page about a customer.
fn asked(customer: &CustomerId, placement: Option<&str>) -> Asked {
    Asked {
        customer_id: Some(customer.clone()),
        placement: placement.map(str::to_owned),
        items: placement.map(|_| ITEMS),
        ..Asked::default()
    }
}

/// Whether a product answers with lists for placements.
fn is_listed(slot: &Slot) -> bool {
    products::kind(&slot.product.header().kind).is_some_and(|k| !k.card().placements.is_empty())
}

/// What the answers of promotions are made of, off the threads that answer: what would change them is looked for among
/// hundreds of customers like this one.
async fn explained(
    state: &AppState,
    customer: &CustomerId,
) -> Result<BTreeMap<String, Explanation>, Problem> {
    let mut found = BTreeMap::new();
    for (name, slot) in &state.live.slots {
        let Some(live) = slot.answering().filter(|_| is_promotion(slot)) else {
            continue;
        };
        let now = jiff::Timestamp::now();
        let asked = state.stood(name, &live, asked(customer, None), now);
        let work = move || live.serving.explain(&asked, None, now);
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.map_err(|e| Problem::internal("ask the version", &e))?;
        // What cannot be explained cannot be answered either, which the page says.
        found.extend(done.ok().map(|explained| (name.clone(), explained)));
    }
    Ok(found)
}

fn is_promotion(slot: &Slot) -> bool {
    slot.product.header().kind == "promotion"
}

/// What one product says of the customer; nothing where it is not about customers.
fn of_product(
    state: &AppState,
    l: Locale,
    currency: &Currency,
    name: &str,
    slot: &Slot,
    customer: &CustomerId,
) -> Markup {
    let header = slot.product.header();
    let Some(card) = products::kind(&header.kind).map(products::Kind::card) else {
        return html! {};
    };
    if !card.subjects.contains(&Subject::Customer) {
        return html! {};
    }
    let stood = |live: &Answering, asked| state.stood(name, live, asked, jiff::Timestamp::now());
    // Of the placements, those that are about the customer and not about a product on the page.
    let personal: Vec<&str> = card
        .placements
        .iter()
        .copied()
        .filter(|p| ["for_you", "buy_again"].contains(p))
        .collect();
    html! {
        section {
            h2 { a href={ "/products/" (encoded(name)) } { (name) } }
            p.small { (french::marked(l, card.question)) }
            @match slot.answering() {
                None => p { (Say::NotTrainedLead.text(l)) },
                Some(answering) => {
                    @if personal.is_empty() {
                        (answer::preview_alone(l, currency, answering.serving.as_ref(), &stood(&answering, asked(customer, None))))
                    }
                    @for placement in &personal {
                        h3 { (french::placement(l, placement)) }
                        (answer::preview_alone(l, currency, answering.serving.as_ref(), &stood(&answering, asked(customer, Some(placement)))))
                    }
                }
            }
        }
    }
}

fn by_month(l: Locale, currency: &Currency, shop: &Shop, lines: &[SaleLine]) -> Markup {
    let mut spent: BTreeMap<Date, i64> = BTreeMap::new();
    for line in lines {
        *spent
            .entry(date_of(line.epoch_day()).first_of_month())
            .or_default() += line.spend_cents;
    }
    let Some(first) = spent.keys().next().copied() else {
        return html! {};
    };
    let last = shop.today().minus_days(1).0.first_of_month().max(first);
    let mut months: Vec<Date> = first
        .series(jiff::Span::new().months(1))
        .take_while(|m| *m <= last)
        .collect();
    months.drain(..months.len().saturating_sub(MONTHS));
    let title = Say::SpendByMonth.text(l);
    let chart = LineChart {
        title: title.to_owned(),
        unit: currency.sign().to_owned(),
        labels: months
            .iter()
            .map(|m| m.strftime("%Y-%m").to_string())
            .collect(),
        // A month without a line is known: nothing was bought.
        series: vec![Series {
            label: Say::Spent.text(l).to_owned(),
            values: months
                .iter()
                .map(|m| Some(spent.get(m).copied().unwrap_or(0) as f64 / 100.0))
                .collect(),
        }],
        from_zero: true,
    };
    html! { figure { (maud::PreEscaped(line_chart(&chart, l))) } }
}

fn orders(l: Locale, currency: &Currency, shop: &Shop, lines: &[SaleLine]) -> Markup {
    let say = |s: Say| s.text(l);
    let mut by_order: Vec<Vec<&SaleLine>> = Vec::new();
    for line in lines.iter().rev() {
        match by_order.iter_mut().find(|o| o[0].order == line.order) {
            Some(order) => order.push(line),
            None => by_order.push(vec![line]),
        }
    }
    let heads = [
        words(say(Say::When)),
        figures(say(Say::Lines)),
        figures(say(Say::Units)),
        figures(say(Say::Amount)),
        words(say(Say::Content)),
    ];
    let name = |line: &SaleLine| {
        let product = shop.history.catalogue().get(line.product);
        product.map_or_else(String::new, |p| {
            p.name.clone().unwrap_or_else(|| p.id.clone())
        })
    };
    let row = |order: &Vec<&SaleLine>| {
        let units: i64 = order.iter().map(|line| i64::from(line.quantity)).sum();
        let amount: i64 = order.iter().map(|line| line.spend_cents).sum();
        let mut names: Vec<String> = order.iter().take(NAMES).map(|line| name(line)).collect();
        if order.len() > NAMES {
            names.push(Say::AndMore.with(l, &[&count(l, (order.len() - NAMES) as u64)]));
        }
        vec![
            html! { (day(date_of(order[0].epoch_day()))) @if order.iter().all(|line| line.is_return) { " " span.small { (say(Say::Return)) } } },
            html! { (count(l, order.len() as u64)) },
            html! { (l.fixed(units as f64, 0)) },
            html! { (currency.amount(l, amount)) },
            html! { (names.join(", ")) },
        ]
    };
    let rows: Vec<_> = by_order.iter().take(ORDERS).map(row).collect();
    let more = by_order.len().saturating_sub(ORDERS);
    html! {
        (page::grid(say(Say::LastOrders), &heads, &rows))
        @if more > 0 { p.small { (Say::OrdersNotShown.with(l, &[&count(l, more as u64)])) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holdout_is_named_only_where_there_is_one() {
        let said = |share: f64, held: bool| holdout(Locale::English, share, held).into_string();
        assert!(said(0.02, true).contains("In the holdout: gets the baseline"));
        assert!(said(0.02, false).contains("Not in the holdout"));
        assert_eq!(said(0.0, false), "");
    }
}
