//! What series add up to: all together, by category and product, by region and site, each with its own forecast.

use super::forecast::Forecast;
use super::history::{Measure, Past, Period, Step};
use super::list::{changed, labelled, todo};
use super::openings::Openings;
use super::outlook::Outlook;
use super::{address, address_of_list, chosen, name_of};
use crate::api::Shared;
use crate::charts::Locale;
use crate::console::answer;
use crate::console::data::{self, Cache};
use crate::console::estimates::{Written, estimate};
use crate::console::format::{Currency, count, encoded, percent};
use crate::console::french;
use crate::console::messages::Say;
use crate::console::page::{self, Page, Section, figures, words};
use crate::console::visit::Visit;
use crate::live::Answering;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use features::demand::{Demand, Place, Sold};
use jiff::Timestamp;
use maud::{Markup, html};
use products::{Asked, Decisions, Explanation, Infeasible, Parts, Shop, Total};
use schema::time::date_of;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Parts listed of each way to tell a total apart.
const LISTED: usize = 50;

/// Parts that are asked for, so that the largest can be listed; of more the first ones are.
const ASKED: usize = 2_000;

/// All series together.
const ALL: &str = "all";

/// Address of the page of a total.
///
/// - `of`: as a question names it.
pub(super) fn address_of_total(data_product: &str, of: &str) -> String {
    format!(
        "/totals?product={}&of={}",
        encoded(data_product),
        encoded(of)
    )
}

/// Whether a version can be asked for what its series add up to.
pub(super) fn are_there(answering: &Answering) -> bool {
    answering.page["totals"].as_bool().unwrap_or(false)
}

pub(in crate::console) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit).await;
    page::answer(&state, &visit, Section::Demand, found)
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit) -> Result<Page, Problem> {
    let l = visit.locale;
    let (name, slot) = chosen(state, visit)?;
    let of = visit.parameter("of").unwrap_or(ALL).to_owned();
    let (Some(shop), Some(answering)) = (state.live.shop(), slot.answering()) else {
        return Ok(Page::new(Say::Totals.text(l), todo(state, l, name)));
    };
    let snapshot = data::snapshot(state).await?;
    let currency = cache.currency(state, &snapshot).await?;
    let sites = super::sites(state, &snapshot).await?;
    let found = ask(&answering, &of).await?;
    let title = called(l, &shop, &sites, &of);
    let decided = match found.decided {
        Ok(decided) => decided,
        Err(infeasible) => {
            let body = html! {
                (answer::refusal(l, &infeasible))
                p { a href=(address_of_list(name)) { (Say::AllSeries.text(l)) } }
            };
            return Ok(Page {
                title,
                body,
                status: StatusCode::NOT_FOUND,
            });
        }
    };
    let forecast = Forecast::of(&decided);
    let step = Step::of(&answering.page);
    let span = step.zip(forecast.periods.first().map(|p| p.first));
    let bounds = span.map_or_else(Vec::new, |(step, from)| {
        step.bounds(from, step.shown(forecast.periods.len()))
    });
    let past = past(&shop, &of, forecast.measure, &bounds);
    let outlook = Outlook {
        l,
        currency: &currency,
        title: &title,
        step,
        past: &past,
        forecast: &forecast,
        explained: found.explained.as_ref().ok(),
    };
    let table = Table {
        l,
        currency: &currency,
        name,
        shop: &shop,
        sites: &sites,
        whole: forecast.total.as_ref().and_then(schema::Estimate::point),
    };
    let body = html! {
        p.lead { (Say::TotalsLead.text(l)) }
        p.links {
            @if of != ALL { a href=(address_of_total(name, ALL)) { (Say::TotalOfAll.text(l)) } " " }
            a href=(address_of_list(name)) { (Say::AllSeries.text(l)) } " "
            a href={ "/products/" (encoded(name)) } { (name) }
        }
        (facts(l, &currency, step, &forecast, &past))
        (reasons(l, &currency, &decided))
        (outlook.show())
        @for part in &found.parts { (table.show(part)) }
        (currency.note(l))
    };
    Ok(Page::new(title, body))
}

/// The parts of a total in one of the ways to tell it apart.
struct Part {
    by: &'static str,
    /// The largest first: each with what is expected.
    each: Vec<(String, Asked, Option<Forecast>)>,
    /// Parts that are not listed.
    more: usize,
}

/// What a version says of a total and of its parts.
struct Found {
    decided: Result<Decisions, Infeasible>,
    explained: Result<Explanation, Infeasible>,
    parts: Vec<Part>,
}

/// Off the threads that answer: parts may be many.
async fn ask(answering: &Arc<Answering>, of: &str) -> Result<Found, Problem> {
    let asked = Asked {
        placement: Some(of.to_owned()),
        ..Asked::default()
    };
    let answering = Arc::clone(answering);
    let work = move || {
        let (now, serving) = (Timestamp::now(), answering.serving.as_ref());
        let part = |parts: Parts| {
            let all = parts.each.len();
            let each = parts.each.into_iter().take(ASKED).map(|(name, asked)| {
                let decided = serving.decide(&asked, now).ok();
                (name, asked, decided.as_ref().map(Forecast::of))
            });
            let mut each: Vec<_> = each.collect();
            let size = |forecast: &Option<Forecast>| {
                let total = forecast.as_ref()?.total.as_ref()?;
                total.point()
            };
            each.sort_by(|a, b| {
                let [a, b] = [a, b].map(|one| size(&one.2).unwrap_or(0.0));
                b.total_cmp(&a)
            });
            each.truncate(LISTED);
            Part {
                by: parts.by,
                more: all - each.len(),
                each,
            }
        };
        Found {
            decided: serving.decide(&asked, now),
            explained: serving.explain(&asked, None, now),
            parts: serving.parts(&asked).into_iter().map(part).collect(),
        }
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| Problem::internal("ask the version", &e))
}

/// What a total is called.
fn called(l: Locale, shop: &Shop, sites: &BTreeMap<String, String>, of: &str) -> String {
    let one = |level: &str, name: &str| match (level, name) {
        (level, "") => Say::TotalOfNone.with(l, &[&french::told(l, level)]),
        ("site", site) => Say::TotalOf.with(l, &[&french::told(l, "site"), &labelled(site, sites)]),
        ("product", id) => Say::ProductAtSite.with(l, &[name_of(shop, id), Say::AllSites.text(l)]),
        (level, name) => Say::TotalOf.with(l, &[&french::told(l, level), name]),
    };
    match Total::read(of) {
        None | Some(Total::All) => Say::TotalOfAll.text(l).to_owned(),
        Some(Total::Of { level, name }) => one(level, name),
        Some(Total::Crossed {
            category,
            level,
            name,
        }) => format!("{}, {}", one("category", category), one(level, name)),
    }
}

/// Which series a total is of, by what the tables say of products and sites.
struct Members<'a> {
    /// All of these, each a level and one of it.
    of: Vec<(&'a str, &'a str)>,
    shop: &'a Shop,
    places: BTreeMap<&'a str, &'a Place>,
}

impl<'a> Members<'a> {
    fn new(shop: &'a Shop, of: &'a str) -> Self {
        let places = shop.history.demand().places.iter();
        Self {
            of: match Total::read(of) {
                None | Some(Total::All) => Vec::new(),
                Some(Total::Of { level, name }) => vec![(level, name)],
                Some(Total::Crossed {
                    category,
                    level,
                    name,
                }) => vec![("category", category), (level, name)],
            },
            shop,
            places: places.map(|place| (place.id.as_str(), place)).collect(),
        }
    }

    fn holds(&self, sold: &Sold) -> bool {
        let site = sold.site.as_deref();
        self.of.iter().all(|(level, name)| {
            let found = match *level {
                "product" => Some(sold.product.as_str()),
                "site" => site,
                "region" => site.and_then(|site| self.places.get(site)?.region.as_deref()),
                _ => {
                    let catalogue = self.shop.history.catalogue();
                    let at = catalogue.index_of(&sold.product);
                    at.and_then(|at| catalogue.get(at)?.category.as_deref())
                }
            };
            found.unwrap_or_default() == *name
        })
    }
}

/// What the series of a total sold between these first days.
fn past(shop: &Shop, of: &str, measure: Measure, bounds: &[i32]) -> Vec<Period> {
    let (Some(from), Some(until)) = (bounds.first(), bounds.last()) else {
        return Vec::new();
    };
    let demand: &Demand = shop.history.demand();
    let members = Members::new(shop, of);
    let mut sums = vec![0.0; bounds.len() - 1];
    for sold in demand.sold.iter().filter(|sold| members.holds(sold)) {
        let first = sold.days.partition_point(|day| day.day < *from);
        for day in sold.days[first..].iter().take_while(|day| day.day < *until) {
            let period = bounds.partition_point(|first| *first <= day.day) - 1;
            sums[period] += measure.sold(day);
        }
    }
    let openings = Openings::of(demand, &BTreeSet::from([None]), *from, *until);
    let told = |(bounds, sum): (&[i32], f64)| Period {
        first: date_of(bounds[0]),
        days: bounds[1] - bounds[0],
        past: if sum == 0.0 && !(bounds[0]..bounds[1]).any(|day| openings.is_open(None, day)) {
            Past::Closed
        } else {
            Past::Sold(sum)
        },
        days_out: 0,
    };
    bounds.windows(2).zip(sums).map(told).collect()
}

fn written(currency: &Currency, measure: Measure) -> Written<'_> {
    match measure {
        Measure::Money => Written::Money(currency),
        Measure::Units => Written::Plain,
    }
}

fn facts(
    l: Locale,
    currency: &Currency,
    step: Option<Step>,
    forecast: &Forecast,
    past: &[Period],
) -> Markup {
    let ahead = forecast.periods.len();
    let many = step.map_or_else(String::new, |step| {
        step.periods().with(l, &[&count(l, ahead as u64)])
    });
    let written = written(currency, forecast.measure);
    let last = past.iter().rev().take(ahead);
    let lately: f64 = last.filter_map(|period| period.past.demand()).sum();
    let total = forecast.total.as_ref();
    let expected = total.and_then(schema::Estimate::point);
    let change = expected.and_then(|expected| changed(l, lately, expected));
    page::facts(&[
        (
            &Say::ExpectedNext.with(l, &[&many]),
            html! {
                @match total {
                    Some(total) => (estimate(l, total, written)),
                    None => span.unknown { (Say::Unknown.text(l)) },
                }
                @if let Some(change) = &change { div.small { (Say::AgainstLately.with(l, &[change, &many])) } }
            },
        ),
        (
            &Say::SoldLast.with(l, &[&many]),
            html! { (written.point(l, lately)) },
        ),
    ])
}

/// What is told of all periods together.
fn reasons(l: Locale, currency: &Currency, decided: &Decisions) -> Markup {
    let first = decided.actions.first().map(|action| action.reasons.list());
    html! {
        ul.plain {
            @for reason in first.iter().flatten() {
                @let (text, told) = french::reason(l, currency, reason);
                li lang=[(!told).then_some("en")] { (text) }
            }
        }
    }
}

/// What the rows of the parts are written with.
struct Table<'a> {
    l: Locale,
    currency: &'a Currency,
    name: &'a str,
    shop: &'a Shop,
    sites: &'a BTreeMap<String, String>,
    /// What is expected of the whole.
    whole: Option<f64>,
}

impl Table<'_> {
    fn show(&self, part: &Part) -> Markup {
        let l = self.l;
        let title = Say::PartsBy.with(l, &[&french::told(l, part.by)]);
        let heads = [
            words(Say::PartOfTotal.text(l)),
            figures(Say::Expected.text(l)),
            figures(Say::ShareOfTotal.text(l)),
        ];
        let row = |(name, asked, forecast): &(String, Asked, Option<Forecast>)| {
            let total = forecast.as_ref().and_then(|of| of.total.as_ref());
            let share = total.and_then(schema::Estimate::point).zip(self.whole);
            let share = share.filter(|(_, whole)| *whole > 0.0);
            vec![
                self.link(name, asked),
                match forecast.as_ref().zip(total) {
                    Some((of, total)) => estimate(l, total, written(self.currency, of.measure)),
                    None => html! { span.unknown { (Say::Unknown.text(l)) } },
                },
                match share {
                    Some((part, whole)) => html! { (percent(l, part / whole)) },
                    None => html! { "–" },
                },
            ]
        };
        let rows: Vec<_> = part.each.iter().map(row).collect();
        html! {
            section {
                h2 { (title) }
                (page::grid(&title, &heads, &rows))
                @if part.more > 0 { p.small { (Say::AndMore.with(l, &[&count(l, part.more as u64)])) } }
            }
        }
    }

    /// A part, with the way to its own page.
    fn link(&self, name: &str, asked: &Asked) -> Markup {
        let (l, of) = (self.l, asked.placement.as_deref());
        if let Some(product) = &asked.product_id {
            let href = address(self.name, product.as_str(), of);
            let called = match of {
                Some(site) => Say::ProductAtSite.with(
                    l,
                    &[
                        name_of(self.shop, product.as_str()),
                        &labelled(site, self.sites),
                    ],
                ),
                None => name_of(self.shop, product.as_str()).to_owned(),
            };
            return html! { a href=(href) { (called) } };
        }
        let of = of.unwrap_or(name);
        html! { a href=(address_of_total(self.name, of)) { (called(l, self.shop, self.sites, of)) } }
    }
}
