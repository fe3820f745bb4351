//! What to order today: every proposal, what needs a person first, and what people made of it.

mod answers;
mod proposals;

pub(super) use proposals::Proposals;

use self::answers::{buttons, has_name, name_of_visitor};
use self::proposals::{Answered, Proposal, order, question};
use super::data::{self, Cache};
use super::demand::{self, LISTED, labelled, name_of, of_kind, pager};
use super::format::{Currency, count, encoded, percent};
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::visit::Visit;
use super::{answer as answers_shown, french};
use crate::api::Shared;
use crate::api::orders::{self, PROPOSES, answered_on};
use crate::api::promote::is_from_here;
use crate::auth::Scope;
use crate::charts::Locale;
use crate::live::{Answering, Slot};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use products::Shop;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit, None).await;
    page::answer(&state, &visit, Section::Orders, found)
}

/// A form was sent.
pub(super) async fn answer(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Response {
    match sent(&state, &visit, &headers, form).await {
        Ok(name) => Redirect::to(&visit.address_at("/orders", "product", &name)).into_response(),
        // Whoever may not is refused as everywhere; what is wrong with the rest is said above the proposals.
        Err(problem) if problem.status == 401 || problem.status == 403 => {
            page::refusal(&state, &visit, &problem)
        }
        Err(problem) => {
            let found = body(&state, &cache, &visit, Some(&problem)).await;
            page::answer(&state, &visit, Section::Orders, found)
        }
    }
}

async fn sent(
    state: &AppState,
    visit: &Visit,
    headers: &HeaderMap,
    form: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Result<String, Problem> {
    let caller = state.admit(headers, Scope::Order).await?;
    is_from_here(state, headers)?;
    let Form(fields) = form.map_err(|refused| Problem::malformed(refused.to_string()))?;
    let (name, _) = chosen(state, visit)?;
    let sent = answers::sent(visit, &fields)?;
    orders::taken(state, &caller, name, &sent).await?;
    Ok(name.to_owned())
}

/// Whether the project has anything to show here.
pub(super) fn is_there(state: &AppState) -> bool {
    of_kind(state, PROPOSES).next().is_some()
}

/// Address of the proposals of a data product.
pub(super) fn address_of_list(data_product: &str) -> String {
    format!("/orders?product={}", encoded(data_product))
}

/// Address of the proposal for one product at one site.
pub(super) fn address(data_product: &str, product: &str, site: Option<&str>) -> String {
    let site = site.map(|site| format!("&site={}", encoded(site)));
    format!(
        "{}&q={}{}",
        address_of_list(data_product),
        encoded(product),
        site.unwrap_or_default()
    )
}

/// The data product that the address names, or the first that proposes.
fn chosen<'a>(state: &'a AppState, visit: &Visit) -> Result<(&'a str, &'a Slot), Problem> {
    let mut all = of_kind(state, PROPOSES);
    let Some(wanted) = visit.parameter("product") else {
        return all.next().ok_or_else(|| {
            Problem::not_found("this project has no data product of kind \"stock\"; `comptoir products` lists the kinds")
        });
    };
    all.find(|(name, _)| *name == wanted).ok_or_else(|| {
        let names: Vec<&str> = of_kind(state, PROPOSES).map(|(name, _)| name).collect();
        Problem::not_found(format!(
            "there is no data product {wanted:?} of kind \"stock\", allowed is {}",
            names.join(", ")
        ))
    })
}

/// Which proposals are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    All,
    Waiting,
    Answered,
}

impl Only {
    const ALL: [(Self, &'static str, Say); 3] = [
        (Self::All, "all", Say::ShowAll),
        (Self::Waiting, "waiting", Say::OrdersWaiting),
        (Self::Answered, "answered", Say::OrdersAnswered),
    ];

    fn of(visit: &Visit) -> Self {
        let wanted = visit.parameter("show");
        let found = Self::ALL.iter().find(|(_, code, _)| Some(*code) == wanted);
        found.map_or(Self::All, |(only, _, _)| *only)
    }

    fn holds(self, proposal: &Proposal, answered: &Answered) -> bool {
        let is_answered = proposal.answer(answered).is_some();
        match self {
            Self::All => true,
            Self::Waiting => !is_answered && proposal.units != Some(0),
            Self::Answered => is_answered,
        }
    }
}

async fn body(
    state: &AppState,
    cache: &Cache,
    visit: &Visit,
    refused: Option<&Problem>,
) -> Result<Page, Problem> {
    let l = visit.locale;
    let title = Say::OrdersTitle.text(l);
    let (name, slot) = chosen(state, visit)?;
    let (Some(shop), Some(answering)) = (state.live.shop(), slot.answering()) else {
        return Ok(Page::new(title, demand::todo(state, l, name)));
    };
    let snapshot = data::snapshot(state).await?;
    let currency = cache.currency(state, &snapshot).await?;
    let sites = demand::sites(state, &snapshot).await?;
    let answered = answered_on(state, shop.today().0).await?;
    let gathered = cache.orders.of(name, &shop, &answering, Proposals::ask);
    let Some(all) = gathered.await else {
        let body = html! { p.problem role="status" { (Say::OrdersGathering.text(l)) } };
        return Ok(Page::new(title, body));
    };
    let fits = fitting(visit, &shop, &all, &answered);
    let pages = fits.len().div_ceil(LISTED).max(1);
    let asked = visit.parameter("page").and_then(|n| n.parse().ok());
    let at = asked.unwrap_or(1usize).clamp(1, pages);
    let shown = fits.iter().skip((at - 1) * LISTED).take(LISTED);
    let table = Table {
        visit,
        currency: &currency,
        name,
        shop: &shop,
        answering: &answering,
        sites: &sites,
        answered: &answered,
        forecasts: of_kind(state, demand::FORECASTS)
            .next()
            .map(|(name, _)| name),
    };
    let rows: Vec<Vec<Markup>> = shown.map(|proposal| table.row(proposal)).collect();
    let body = html! {
        p.lead { (Say::OrdersLead.text(l)) " " (Say::OrdersOf.text(l)) " " (super::format::day(shop.today().0)) "." }
        @if let Some(problem) = refused { p.problem role="alert" { (french::marked(l, &problem.detail)) } }
        (of_others(state, l, name))
        (overall(l, &currency, &all, &answered))
        (name_of_visitor(visit))
        (search(visit, name, &all, &sites))
        @if rows.is_empty() { p.problem role="status" { (Say::OrdersNoneFits.text(l)) } }
        @else { (page::grid(title, &heads(l), &rows)) }
        (pager(visit, at, pages, fits.len()))
        (currency.note(l))
    };
    let status = refused.and_then(|problem| StatusCode::from_u16(problem.status).ok());
    Ok(Page {
        status: status.unwrap_or(StatusCode::OK),
        ..Page::new(title, body)
    })
}

/// The other data products that propose.
fn of_others(state: &AppState, l: Locale, name: &str) -> Markup {
    let all: Vec<&str> = of_kind(state, PROPOSES).map(|(n, _)| n).collect();
    html! {
        @if all.len() > 1 {
            nav.links aria-label=(Say::Portfolio.text(l)) {
                @for one in &all { a href=(address_of_list(one)) aria-current=[(*one == name).then_some("page")] { (one) } " " }
            }
        }
    }
}

fn overall(l: Locale, currency: &Currency, all: &Proposals, answered: &Answered) -> Markup {
    let of = |only: Only| {
        let held = all.0.iter().filter(|one| only.holds(one, answered));
        html! { (count(l, held.count() as u64)) }
    };
    let orders = || all.0.iter().filter(|one| one.units.is_some_and(|n| n > 0));
    let cents: f64 = orders().map(|one| one.cost_cents).sum();
    page::facts(&[
        (
            Say::OrdersToOrder.text(l),
            html! { (count(l, orders().count() as u64)) },
        ),
        (
            Say::OrdersCost.text(l),
            html! { (currency.about(l, cents / 100.0)) },
        ),
        (Say::OrdersWaiting.text(l), of(Only::Waiting)),
        (Say::OrdersAnswered.text(l), of(Only::Answered)),
    ])
}

/// The proposals that the address asks for, in their order.
fn fitting<'a>(
    visit: &Visit,
    shop: &Shop,
    all: &'a Proposals,
    answered: &Answered,
) -> Vec<&'a Proposal> {
    let only = Only::of(visit);
    let site = visit.parameter("site");
    let typed = visit.parameter("q").map(str::to_lowercase);
    let named = |proposal: &Proposal, typed: &str| {
        proposal.product.to_lowercase().contains(typed)
            || name_of(shop, &proposal.product)
                .to_lowercase()
                .contains(typed)
    };
    let mut found = all.sorted(answered);
    found.retain(|proposal| {
        only.holds(proposal, answered)
            && site.is_none_or(|site| proposal.site == site)
            && typed.as_ref().is_none_or(|typed| named(proposal, typed))
    });
    found
}

fn search(visit: &Visit, name: &str, all: &Proposals, names: &BTreeMap<String, String>) -> Markup {
    let l = visit.locale;
    let value = |name: &str| visit.parameter(name).unwrap_or_default();
    let sites: BTreeSet<&str> = all.0.iter().map(|one| one.site.as_str()).collect();
    let only = Only::of(visit);
    html! {
        form.search method="get" action="/orders" role="search" {
            input type="hidden" name="product" value=(name);
            label { span { (Say::SearchProduct.text(l)) }
                input type="search" name="q" value=(value("q")) autocomplete="off" maxlength="200";
            }
            (demand::choice_of_site(l, sites.into_iter(), value("site"), names))
            label { span { (Say::ShowOnly.text(l)) }
                select name="show" {
                    @for (one, code, say) in Only::ALL { option value=(code) selected[one == only] { (say.text(l)) } }
                }
            }
            button type="submit" { (Say::Search.text(l)) }
        }
    }
}

fn heads(l: Locale) -> [page::Head<'static>; 6] {
    [
        words(Say::ProductId.text(l)),
        words(Say::Site.text(l)),
        figures(Say::Order.text(l)),
        figures(Say::OrdersStockOut.text(l)),
        words(Say::Why.text(l)),
        words(Say::OrdersAnswer.text(l)),
    ]
}

/// What the rows of a page are written with.
struct Table<'a> {
    visit: &'a Visit,
    currency: &'a Currency,
    name: &'a str,
    shop: &'a Arc<Shop>,
    answering: &'a Arc<Answering>,
    sites: &'a BTreeMap<String, String>,
    answered: &'a Answered,
    /// The data product whose pages show the forecasts, where there is one.
    forecasts: Option<&'a str>,
}

impl Table<'_> {
    fn row(&self, proposal: &Proposal) -> Vec<Markup> {
        let l = self.visit.locale;
        let unknown = || html! { span.unknown { "–" } };
        let called = name_of(self.shop, &proposal.product);
        let page_of = self
            .forecasts
            .map(|of| demand::address(of, &proposal.product, Some(&proposal.site)));
        let order = match proposal.units {
            None => page::badge(Tone::Bad, Say::OrdersNone.text(l)),
            Some(0) => html! { (Say::OrdersNothing.text(l)) },
            Some(units) => html! {
                b { (l.fixed(f64::from(units), 0)) }
                div.small { (self.currency.about(l, proposal.cost_cents / 100.0)) }
            },
        };
        vec![
            html! {
                @match &page_of { Some(page) => a.strong href=(page) { (called) }, None => b { (called) } }
                @if called != proposal.product { div.small { code { (proposal.product) } } }
            },
            html! { (labelled(&proposal.site, self.sites)) },
            order,
            match proposal.stock_out {
                Some(share) if proposal.runs_out() => page::badge(Tone::Warn, &percent(l, share)),
                Some(share) => html! { (percent(l, share)) },
                None => unknown(),
            },
            self.why(proposal),
            self.answer(proposal),
        ]
    }

    /// Why so much, from the version itself.
    fn why(&self, proposal: &Proposal) -> Markup {
        let l = self.visit.locale;
        let asked = question(&proposal.product, &proposal.site);
        let decided = asked.and_then(|asked| {
            let decided = self.answering.serving.decide(&asked, Timestamp::now());
            decided.ok()
        });
        let reasons = decided
            .as_ref()
            .and_then(order)
            .map(|order| answers_shown::reasons(l, self.currency, order));
        html! { @if let Some(reasons) = reasons { details { summary { (Say::Reasons.text(l)) } div.small { (reasons) } } } }
    }

    /// What was made of it, and the buttons.
    fn answer(&self, proposal: &Proposal) -> Markup {
        let l = self.visit.locale;
        let given = proposal.answer(self.answered);
        let can = has_name(self.visit);
        let form = proposal
            .units
            .filter(|_| can)
            .map(|units| buttons(self.visit, self.name, proposal, units));
        html! {
            div.answers {
                @match (given, form) {
                    (Some(given), form) => {
                        (answers::state(l, given))
                        @if let Some(form) = form { details { summary { (Say::OrdersAgain.text(l)) } (form) } }
                    },
                    (None, Some(form)) => (form),
                    (None, None) => {},
                }
            }
        }
    }
}
