//! Finding a customer.

use super::data::{self, Buyer, Cache};
use super::format::{Currency, count, day, encoded};
use super::messages::Say;
use super::page::{self, Page, Section, figures, words};
use super::visit::Visit;
use crate::api::Shared;
use crate::charts::Locale;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use std::sync::Arc;

/// Customers listed for a beginning of an identifier.
const LISTED: usize = 50;

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
) -> Response {
    // Who types a whole identifier goes straight to the customer.
    if let (Some(id), Some(shop)) = (visit.parameter("q"), state.live.shop())
        && shop.history.customer_index(id).is_some()
    {
        return Redirect::to(&address(id)).into_response();
    }
    let found = body(&state, &cache, &visit).await;
    page::answer(&state, &visit, Section::Customers, found)
}

/// Address of a customer's page.
pub(super) fn address(id: &str) -> String {
    format!("/customers/{}", encoded(id))
}

fn listed(l: Locale, currency: &Currency, caption: &str, buyers: &[Buyer]) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::CustomerId)),
        figures(say(Say::Orders)),
        figures(say(Say::Spent)),
        words(say(Say::LastOrder)),
    ];
    let row = |b: &Buyer| {
        vec![
            html! { a href=(address(&b.id)) { (b.id) } },
            html! { (count(l, b.orders)) },
            html! { (currency.amount(l, b.spend_cents)) },
            if b.orders > 0 {
                day(schema::time::date_of(b.last_day))
            } else {
                html! { (say(Say::None)) }
            },
        ]
    };
    page::grid(caption, &heads, &buyers.iter().map(row).collect::<Vec<_>>())
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit) -> Result<Page, Problem> {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let Some(shop) = state.live.shop() else {
        let todo = page::no_shop(state, l);
        return Ok(Page::new(say(Say::Customers), page::next(l, &todo)));
    };
    let currency = cache.currency(state, &data::snapshot(state).await?).await?;
    let typed = visit.parameter("q").unwrap_or_default();
    let all = shop.history.customers();
    let from = all.partition_point(|c| c.as_str() < typed);
    let like = all[from..]
        .iter()
        .take_while(|c| c.starts_with(typed))
        .count();
    let body = html! {
        p.lead { (say(Say::CustomersLead)) }
        form.search method="get" action="/customers" role="search" {
            label { span { (say(Say::CustomerId)) }
                input type="search" name="q" value=(typed) autocomplete="off" maxlength="200";
            }
            button type="submit" { (say(Say::Search)) }
        }
        (currency.note(l))
        @if !typed.is_empty() {
            @let shown: Vec<Buyer> = (from..from + like.min(LISTED)).filter_map(|c| u32::try_from(c).ok()).map(|c| data::buyer(&shop, c)).collect();
            @if shown.is_empty() {
                p.problem role="status" { (Say::NoneBeginWith.with(l, &[typed])) }
            } @else {
                @let title = Say::BeginWith.with(l, &[typed]);
                h2 { (title) }
                (listed(l, &currency, &title, &shown))
                @if like > LISTED { p { (Say::MoreOfThem.with(l, &[&count(l, (like - LISTED) as u64)])) } }
            }
        }
        @if typed.is_empty() || like == 0 {
            h2 { (say(Say::MostOrders)) }
            (listed(l, &currency, say(Say::MostOrders), &cache.best(&shop)))
        }
    };
    Ok(Page::new(say(Say::Customers), body))
}
