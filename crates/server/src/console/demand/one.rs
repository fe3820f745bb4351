//! One product at one site: what it sold, what it is expected to sell and why, and what is there to be sold.

use super::forecast::Forecast;
use super::goods::{self, Goods};
use super::history::{Measure, Period, Step, periods, sold_between};
use super::list::{changed, labelled, todo};
use super::openings::Openings;
use super::outlook::Outlook;
use super::series::{Grain, Series, nearest};
use super::{address, address_of_list, chosen, name_of};
use crate::api::Shared;
use crate::charts::Locale;
use crate::console::answer;
use crate::console::data::{self, Cache};
use crate::console::estimates::{Written, estimate};
use crate::console::format::{Currency, count, day, encoded};
use crate::console::messages::Say;
use crate::console::page::{self, Page, Section, figures, words};
use crate::console::visit::Visit;
use crate::live::Answering;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use features::demand::OutOfStock;
use jiff::Timestamp;
use maud::{Markup, html};
use products::{Asked, Decisions, Explanation, Infeasible, Shop};
use schema::ProductId;
use schema::time::{date_of, epoch_day};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Neighbours named where a product is not known.
const NEIGHBOURS: usize = 8;

pub(in crate::console) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    Path(id): Path<String>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit, id).await;
    page::answer(&state, &visit, Section::Demand, found)
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit, id: String) -> Result<Page, Problem> {
    let l = visit.locale;
    let (name, slot) = chosen(state, visit)?;
    let id = ProductId::new(id).map_err(|e| Problem::invalid(e.to_string()).field("id"))?;
    let (Some(shop), Some(answering)) = (state.live.shop(), slot.answering()) else {
        return Ok(Page::new(id.as_str(), todo(state, l, name)));
    };
    let snapshot = data::snapshot(state).await?;
    let demand = shop.history.demand();
    let grain = Grain::of(answering.serving.as_ref(), demand, Timestamp::now());
    let all = Series::of_product(demand, grain, id.as_str());
    let sites = super::sites(state, &snapshot).await?;
    let wanted = visit.parameter("site").filter(|_| grain == Grain::Sites);
    let series = match (all.as_slice(), wanted) {
        ([], _) => return Ok(unknown(l, &shop, name, id.as_str())),
        ([alone], None) => alone,
        (_, None) => return Ok(choose(l, &shop, name, &all, &sites, None)),
        (several, Some(site)) => match several.iter().find(|s| s.site == Some(site)) {
            Some(found) => found,
            None => return Ok(choose(l, &shop, name, &all, &sites, Some(site))),
        },
    };
    let currency = cache.currency(state, &snapshot).await?;
    let title = match series.site {
        Some(site) => Say::ProductAtSite.with(
            l,
            &[name_of(&shop, series.product), &labelled(site, &sites)],
        ),
        None => name_of(&shop, series.product).to_owned(),
    };
    let (decided, explained) = ask(&answering, series).await?;
    let forecast = match decided {
        Ok(decided) => Forecast::of(&decided),
        Err(infeasible) => return Ok(Page::new(title, answer::refusal(l, &infeasible))),
    };
    let step = Step::of(&answering.page);
    let span = step.zip(forecast.periods.first().map(|p| p.first));
    let bounds = span.map_or_else(Vec::new, |(step, from)| {
        step.bounds(from, step.shown(forecast.periods.len()))
    });
    let past = past(&shop, series, forecast.measure, &bounds);
    let touched = touched(step, &forecast, &bounds, shop.today().epoch_day());
    let goods = Goods::of(state, &snapshot, &shop, series, touched).await?;
    let lately = span.and_then(|(step, from)| {
        let first = *step.bounds(from, forecast.periods.len()).first()?;
        Some(sold_between(
            series,
            forecast.measure,
            first,
            epoch_day(from),
        ))
    });
    let outlook = Outlook {
        l,
        currency: &currency,
        title: &title,
        step,
        past: &past,
        forecast: &forecast,
        explained: explained.as_ref().ok(),
    };
    let facts = facts(l, &currency, step, &forecast, lately, &goods);
    let proposals = goods::proposals(state, l, &currency, series);
    let body = html! {
        p.lead { (Say::OneLead.text(l)) }
        p.links {
            a href={ (address_of_list(name)) } { (Say::AllSeries.text(l)) } " "
            a href={ "/products/" (encoded(name)) } { (name) }
        }
        (other_sites(l, name, series, &all, &sites))
        (facts)
        (proposals)
        (outlook.show())
        (goods.show(l, &sites, slot, series))
        (currency.note(l))
    };
    Ok(Page::new(title, body))
}

/// The answer of the version and what it is made of, off the threads that answer: trees may take a while to be told
/// apart.
async fn ask(
    answering: &Arc<Answering>,
    series: &Series<'_>,
) -> Result<
    (
        Result<Decisions, Infeasible>,
        Result<Explanation, Infeasible>,
    ),
    Problem,
> {
    let asked: Asked = series.question().unwrap_or_default();
    let answering = Arc::clone(answering);
    let work = move || {
        let now = Timestamp::now();
        let decided = answering.serving.decide(&asked, now);
        let explained = answering.serving.explain(&asked, None, now);
        (decided, explained)
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| Problem::internal("ask the version", &e))
}

fn past(shop: &Shop, series: &Series<'_>, measure: Measure, bounds: &[i32]) -> Vec<Period> {
    let demand = shop.history.demand();
    let (Some(from), Some(until)) = (bounds.first(), bounds.last()) else {
        return Vec::new();
    };
    let sites = BTreeSet::from([series.site]);
    let openings = Openings::of(demand, &sites, *from, *until);
    let own = |spell: &&OutOfStock| {
        spell.product == series.product && Some(spell.site.as_str()) == series.site
    };
    let spells: Vec<&OutOfStock> = demand.out_of_stock.iter().filter(own).collect();
    periods(series, measure, &openings, &spells, bounds)
}

/// The days that the page is about, from the first shown to after the last forecast.
fn touched(step: Option<Step>, forecast: &Forecast, bounds: &[i32], today: i32) -> (i32, i32) {
    let last = forecast.periods.last().map(|p| p.first);
    let until = step
        .zip(last)
        .map(|(step, last)| epoch_day(step.after(last)));
    (
        bounds.first().copied().unwrap_or(today),
        until.unwrap_or(today + 1),
    )
}

fn facts(
    l: Locale,
    currency: &Currency,
    step: Option<Step>,
    forecast: &Forecast,
    lately: Option<f64>,
    goods: &Goods,
) -> Markup {
    let many = step.map_or_else(String::new, |step| {
        let n = count(l, forecast.periods.len() as u64);
        step.periods().with(l, &[&n])
    });
    let written = match forecast.measure {
        Measure::Money => Written::Money(currency),
        Measure::Units => Written::Plain,
    };
    let unknown = || html! { span.unknown { (Say::Unknown.text(l)) } };
    let expected = forecast.total.as_ref().and_then(schema::Estimate::point);
    let change = lately.zip(expected).and_then(|(a, b)| changed(l, a, b));
    let (next, last) = (
        Say::ExpectedNext.with(l, &[&many]),
        Say::SoldLast.with(l, &[&many]),
    );
    let told = forecast.total.as_ref();
    page::facts(&[
        (
            &next,
            html! {
                (told.map_or_else(unknown, |total| estimate(l, total, written)))
                @if let Some(change) = &change { div.small { (Say::AgainstLately.with(l, &[change, &many])) } }
            },
        ),
        (
            &last,
            html! {
                (lately.map_or_else(unknown, |sold| html! { (written.point(l, sold)) }))
                @if let Some(text) = lately_in_words(l, currency, forecast) { div.small { (text) } }
            },
        ),
        (Say::OnHand.text(l), goods.on_hand(l, forecast)),
        (Say::OnTheWay.text(l), goods.on_the_way(l)),
    ])
}

/// The version's own sentence on what sold lately; amounts in the shop's currency.
fn lately_in_words(l: Locale, currency: &Currency, forecast: &Forecast) -> Option<String> {
    let reason = forecast.lately.as_ref()?;
    if forecast.measure == Measure::Units {
        return Some(crate::console::french::reason(l, currency, reason).0);
    }
    let text = |name: &str| reason.values.get(name)?.as_str();
    let mean: f64 = text("mean")?.parse().ok()?;
    let periods = reason.values.get("periods")?.as_u64()?;
    let step = crate::console::french::told(l, text("step")?);
    let mean = currency.about(l, mean / 100.0);
    Some(Say::LatelyAmount.with(l, &[&mean, &step, &count(l, periods)]))
}

/// A choice among the sites of the product, where it sells at several.
fn other_sites(
    l: Locale,
    name: &str,
    series: &Series<'_>,
    all: &[Series<'_>],
    sites: &BTreeMap<String, String>,
) -> Markup {
    html! {
        @if all.len() > 1 {
            form method="get" action={ "/demand/" (encoded(series.product)) } {
                input type="hidden" name="product" value=(name);
                label { span { (Say::Site.text(l)) }
                    select name="site" {
                        @for site in all.iter().filter_map(|s| s.site) {
                            option value=(site) selected[series.site == Some(site)] { (labelled(site, sites)) }
                        }
                    }
                }
                button type="submit" { (Say::GoThere.text(l)) }
            }
        }
    }
}

/// No such product; its neighbours, since most such addresses are mistyped.
fn unknown(l: Locale, shop: &Shop, name: &str, id: &str) -> Page {
    let near = nearest(shop.history.demand(), id, NEIGHBOURS);
    let body = html! {
        p.lead { (Say::NoSuchSeries.with(l, &[id])) }
        @if !near.is_empty() {
            p { (Say::NearestProducts.text(l)) }
            ul { @for product in near { li { a href=(address(name, product, None)) { (product) } @let called = name_of(shop, product); @if called != product { ", " (called) } } } }
        }
        p { a href=(address_of_list(name)) { (Say::AllSeries.text(l)) } }
    };
    Page {
        title: id.to_owned(),
        body,
        status: StatusCode::NOT_FOUND,
    }
}

/// The sites of a product, where none is named or one at which it never sold.
fn choose(
    l: Locale,
    shop: &Shop,
    name: &str,
    all: &[Series<'_>],
    sites: &BTreeMap<String, String>,
    wrong: Option<&str>,
) -> Page {
    let product = all.first().map_or("", |s| s.product);
    let named = all.iter().filter(|s| s.site.is_some());
    let heads = [
        words(Say::Site.text(l)),
        figures(Say::UnitsSold.text(l)),
        words(Say::LastSale.text(l)),
    ];
    let row = |series: &Series<'_>| {
        let site = series.site.unwrap_or_default();
        let last = series
            .sold
            .iter()
            .filter_map(|s| s.days.last())
            .map(|d| d.day)
            .max();
        let units = sold_between(series, Measure::Units, i32::MIN, i32::MAX);
        vec![
            html! { a href=(address(name, product, series.site)) { (labelled(site, sites)) } },
            html! { (l.fixed(units, 0)) },
            html! { @if let Some(last) = last { (day(date_of(last))) } },
        ]
    };
    let rows: Vec<_> = named.map(row).collect();
    let n = count(l, rows.len() as u64);
    let body = html! {
        p.lead {
            @match wrong {
                Some(site) => (Say::NoSuchSite.with(l, &[site, &n])),
                None => (Say::ChooseSite.with(l, &[&n])),
            }
        }
        (page::grid(Say::Site.text(l), &heads, &rows))
        p { a href=(address_of_list(name)) { (Say::AllSeries.text(l)) } }
    };
    Page {
        title: name_of(shop, product).to_owned(),
        body,
        status: if wrong.is_some() {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::OK
        },
    }
}
