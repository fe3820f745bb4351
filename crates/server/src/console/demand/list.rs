//! All series of a data product, what deserves a look first.

use super::forecast::Forecast;
use super::history::{Measure, Period, Step, periods, sold_between};
use super::openings::Openings;
use super::overview::{Line, Of, Overview};
use super::series::{Grain, Series};
use super::totals::{address_of_total, are_there};
use super::{address, address_of_list, chosen, name_of, of_kind};
use crate::api::Shared;
use crate::charts::{Locale, Sparkline, sparkline};
use crate::console::data::{self, Cache};
use crate::console::estimates::{Written, estimate};
use crate::console::format::{Currency, count};
use crate::console::messages::Say;
use crate::console::page::{self, Page, Section, Tone, figures, words};
use crate::console::visit::Visit;
use crate::live::Answering;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use products::Shop;
use schema::time::epoch_day;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Lines on one page.
pub(in crate::console) const LISTED: usize = 50;

pub(in crate::console) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit).await;
    page::answer(&state, &visit, Section::Demand, found)
}

/// Which series are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    All,
    Out,
    Changed,
}

impl Only {
    const ALL: [(Self, &'static str, Say); 3] = [
        (Self::All, "all", Say::ShowAll),
        (Self::Out, "out_of_stock", Say::ShowOut),
        (Self::Changed, "changed", Say::ShowChanged),
    ];

    fn of(visit: &Visit) -> Self {
        let wanted = visit.parameter("show");
        let found = Self::ALL.iter().find(|(_, code, _)| Some(*code) == wanted);
        found.map_or(Self::All, |(only, _, _)| *only)
    }

    fn holds(self, line: &Line) -> bool {
        match self {
            Self::All => true,
            Self::Out => line.is_out(),
            Self::Changed => line.overrides > 0,
        }
    }
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit) -> Result<Page, Problem> {
    let l = visit.locale;
    let title = Say::Demand.text(l);
    let (name, slot) = chosen(state, visit)?;
    let (Some(shop), Some(answering)) = (state.live.shop(), slot.answering()) else {
        return Ok(Page::new(title, todo(state, l, name)));
    };
    let snapshot = data::snapshot(state).await?;
    let now = jiff::Timestamp::now();
    let demand = shop.history.demand();
    let grain = Grain::of(answering.serving.as_ref(), demand, now);
    let of = Of {
        name,
        shop: &shop,
        answering: &answering,
        grain,
    };
    let overview = cache.demand.of(state, &snapshot, &of).await?;
    let currency = cache.currency(state, &snapshot).await?;
    let sites = super::sites(state, &snapshot).await?;
    let all = Series::all(demand, grain);
    let fits = fitting(&shop, visit, &all, &overview);
    let pages = fits.len().div_ceil(LISTED).max(1);
    let asked = visit.parameter("page").and_then(|n| n.parse().ok());
    let at = asked.unwrap_or(1usize).clamp(1, pages);
    let shown = fits.iter().skip((at - 1) * LISTED).take(LISTED);
    let shown: Vec<(&Line, Series<'_>)> = shown
        .filter_map(|line| Some((*line, *all.get(line.at)?)))
        .collect();
    let table = Table {
        l,
        currency: &currency,
        name,
        shop: &shop,
        answering: &answering,
        sites: &sites,
        has_stock: has_stock(&overview),
    };
    let body = html! {
        p.lead { (Say::DemandLead.text(l)) }
        (of_others(state, l, name))
        @if are_there(&answering) {
            p.links { a href=(address_of_total(name, "all")) { (Say::SeeTotals.text(l)) } }
        }
        (overall(l, &overview))
        (search(visit, name, &all, &sites))
        @if overview.gathered.is_none() { p.problem role="status" { (Say::StillGathering.text(l)) } }
        @if shown.is_empty() { p.problem role="status" { (Say::NoSeriesFits.text(l)) } }
        @else { (table.show(&shown)) }
        (pager(visit, at, pages, fits.len()))
        p.small { (Say::OrderOfSeries.text(l)) }
        (currency.note(l))
    };
    Ok(Page::new(title, body))
}

/// What is missing before anything can be shown.
pub(in crate::console) fn todo(state: &AppState, l: Locale, name: &str) -> Markup {
    let todo = match state.live.shop() {
        None => page::no_shop(state, l),
        Some(_) => page::command(
            &Say::TrainOne.with(l, &[name]),
            &format!("comptoir run {name}"),
        ),
    };
    page::next(l, &todo)
}

/// The other data products that forecast.
fn of_others(state: &AppState, l: Locale, name: &str) -> Markup {
    let all: Vec<&str> = of_kind(state, super::FORECASTS).map(|(n, _)| n).collect();
    html! {
        @if all.len() > 1 {
            nav.links aria-label=(Say::Portfolio.text(l)) {
                @for one in &all { a href=(address_of_list(one)) aria-current=[(*one == name).then_some("page")] { (one) } " " }
            }
        }
    }
}

fn has_stock(overview: &Overview) -> bool {
    overview.lines.iter().any(|line| line.on_hand.is_some())
}

fn overall(l: Locale, overview: &Overview) -> Markup {
    let of = |only: Only| {
        overview
            .lines
            .iter()
            .filter(|line| only.holds(line))
            .count() as u64
    };
    let out = of(Only::Out);
    page::facts(&[
        (
            Say::SeriesOfAll.text(l),
            html! { (count(l, of(Only::All))) },
        ),
        (
            Say::ShowOut.text(l),
            html! {
                @if has_stock(overview) { (count(l, out)) } @else { span.unknown { (Say::Unknown.text(l)) } }
            },
        ),
        (
            Say::ShowChanged.text(l),
            html! { (count(l, of(Only::Changed))) },
        ),
    ])
}

/// The lines that the address asks for, in their order.
fn fitting<'a>(
    shop: &Shop,
    visit: &Visit,
    all: &[Series<'_>],
    overview: &'a Overview,
) -> Vec<&'a Line> {
    let only = Only::of(visit);
    let site = visit.parameter("site");
    let typed = visit.parameter("q").map(str::to_lowercase);
    let fits = |line: &&Line| {
        let Some(series) = all.get(line.at) else {
            return false;
        };
        let named = |typed: &String| {
            series.product.to_lowercase().contains(typed)
                || name_of(shop, series.product).to_lowercase().contains(typed)
        };
        only.holds(line)
            && site.is_none_or(|site| series.sold.iter().any(|s| s.site.as_deref() == Some(site)))
            && typed.as_ref().is_none_or(named)
    };
    overview.lines.iter().filter(fits).collect()
}

fn search(
    visit: &Visit,
    name: &str,
    all: &[Series<'_>],
    names: &BTreeMap<String, String>,
) -> Markup {
    let l = visit.locale;
    let value = |name: &str| visit.parameter(name).unwrap_or_default();
    let sites: BTreeSet<&str> = all
        .iter()
        .flat_map(|s| s.sold.iter().filter_map(|s| s.site.as_deref()))
        .collect();
    let only = Only::of(visit);
    html! {
        form.search method="get" action="/demand" role="search" {
            input type="hidden" name="product" value=(name);
            label { span { (Say::SearchProduct.text(l)) }
                input type="search" name="q" value=(value("q")) autocomplete="off" maxlength="200";
            }
            (choice_of_site(l, sites.into_iter(), value("site"), names))
            label { span { (Say::ShowOnly.text(l)) }
                select name="show" {
                    @for (one, code, say) in Only::ALL { option value=(code) selected[one == only] { (say.text(l)) } }
                }
            }
            button type="submit" { (Say::Search.text(l)) }
        }
    }
}

/// A choice among all sites and each of them, where there are several.
pub(in crate::console) fn choice_of_site<'a>(
    l: Locale,
    sites: impl ExactSizeIterator<Item = &'a str>,
    chosen: &str,
    names: &BTreeMap<String, String>,
) -> Markup {
    html! {
        @if sites.len() > 1 {
            label { span { (Say::Site.text(l)) }
                select name="site" {
                    option value="" { (Say::AllSites.text(l)) }
                    @for site in sites { option value=(site) selected[chosen == site] { (labelled(site, names)) } }
                }
            }
        }
    }
}

/// A site with its name, where it has one.
pub(in crate::console) fn labelled(site: &str, names: &BTreeMap<String, String>) -> String {
    match names.get(site) {
        Some(name) if name != site => format!("{name} ({site})"),
        Some(_) | None => site.to_owned(),
    }
}

/// Links to the pages before and after.
pub(in crate::console) fn pager(visit: &Visit, at: usize, pages: usize, all: usize) -> Markup {
    let l = visit.locale;
    let to = |page: usize| visit.address_with("page", &page.to_string());
    let number = |n: usize| count(l, n as u64);
    let (first, last) = ((at - 1) * LISTED + 1, (at * LISTED).min(all));
    html! {
        @if pages > 1 {
            nav.links aria-label=(Say::Pages.text(l)) {
                span.small { (Say::OfShown.with(l, &[&number(first), &number(last), &number(all)])) } " "
                @if at > 1 { a rel="prev" href=(to(at - 1)) { (Say::PageBefore.text(l)) } " " }
                @if at < pages { a rel="next" href=(to(at + 1)) { (Say::PageAfter.text(l)) } }
            }
        }
    }
}

/// What the rows of a page are written with.
struct Table<'a> {
    l: Locale,
    currency: &'a Currency,
    name: &'a str,
    shop: &'a Arc<Shop>,
    answering: &'a Arc<Answering>,
    sites: &'a BTreeMap<String, String>,
    /// Whether any level of stock is told of.
    has_stock: bool,
}

impl Table<'_> {
    /// One question to the version for each row.
    fn show(&self, lines: &[(&Line, Series<'_>)]) -> Markup {
        let l = self.l;
        let now = jiff::Timestamp::now();
        let decided = |series: &Series<'_>| {
            let asked = series.question()?;
            let decided = self.answering.serving.decide(&asked, now).ok()?;
            Some(Forecast::of(&decided))
        };
        let forecasts: Vec<Option<Forecast>> = lines.iter().map(|(_, s)| decided(s)).collect();
        let known = forecasts.iter().flatten().next();
        let step = Step::of(&self.answering.page);
        let ahead = known.map_or(0, |f| f.periods.len());
        let from = known.and_then(|f| Some(f.periods.first()?.first));
        let span = step.zip(from);
        let many = step.map_or_else(String::new, |step| {
            step.periods().with(l, &[&count(l, ahead as u64)])
        });
        let bounds = span.map(|(step, from)| step.course(from));
        let sites: BTreeSet<Option<&str>> = lines.iter().map(|(_, s)| s.site).collect();
        let openings = bounds.as_ref().and_then(|b| {
            let (from, until) = (*b.first()?, *b.last()?);
            Some(Openings::of(
                self.shop.history.demand(),
                &sites,
                from,
                until,
            ))
        });
        let (before, after) = (
            Say::SoldLast.with(l, &[&many]),
            Say::ExpectedNext.with(l, &[&many]),
        );
        let mut heads = vec![
            words(Say::ProductId.text(l)),
            words(Say::Site.text(l)),
            words(Say::CourseOfSales.text(l)),
            figures(&before),
            figures(&after),
            figures(Say::ChangeOfDemand.text(l)),
        ];
        // Rows end with it, so that without the heading it is not shown.
        if self.has_stock {
            heads.push(figures(Say::OnHand.text(l)));
        }
        let row = |((line, series), forecast): (&(&Line, Series<'_>), &Option<Forecast>)| {
            let measure = forecast.as_ref().map(|f| f.measure);
            let lately = measure.zip(span).and_then(|(measure, (step, from))| {
                let first = *step.bounds(from, ahead).first()?;
                Some(sold_between(series, measure, first, epoch_day(from)))
            });
            let past = bounds.as_ref().zip(openings.as_ref()).zip(measure);
            let past = past.map(|((bounds, openings), measure)| {
                periods(series, measure, openings, &[], bounds)
            });
            self.row(
                line,
                series,
                forecast.as_ref(),
                lately,
                &past.unwrap_or_default(),
            )
        };
        let rows: Vec<Vec<Markup>> = lines.iter().zip(&forecasts).map(row).collect();
        page::grid(Say::Demand.text(l), &heads, &rows)
    }

    fn row(
        &self,
        line: &Line,
        series: &Series<'_>,
        forecast: Option<&Forecast>,
        lately: Option<f64>,
        past: &[Period],
    ) -> Vec<Markup> {
        let l = self.l;
        let name = name_of(self.shop, series.product);
        let written = match forecast.map(|f| f.measure) {
            Some(Measure::Money) => Written::Money(self.currency),
            Some(Measure::Units) | None => Written::Plain,
        };
        let unknown = || html! { span.unknown { (Say::Unknown.text(l)) } };
        let total = forecast.and_then(|f| f.total.as_ref());
        let expected = total.and_then(schema::Estimate::point);
        let chart = Sparkline {
            title: name.to_owned(),
            unit: String::new(),
            values: past.iter().map(|p| p.past.demand()).collect(),
        };
        vec![
            html! {
                a.strong href=(address(self.name, series.product, series.site)) { (name) }
                @if name != series.product { div.small { code { (series.product) } } }
                @if line.overrides > 0 { div { (page::badge(Tone::Warn, &Say::SoManyChanges.with(l, &[&count(l, line.overrides as u64)]))) } }
            },
            match series.site {
                Some(site) => html! { (labelled(site, self.sites)) },
                None => html! { (Say::AllSites.text(l)) },
            },
            html! { (PreEscaped(sparkline(&chart, l))) },
            lately.map_or_else(unknown, |sold| html! { (written.point(l, sold)) }),
            total.map_or_else(unknown, |total| estimate(l, total, written)),
            match lately
                .zip(expected)
                .and_then(|(before, after)| changed(l, before, after))
            {
                Some(text) => html! { (text) },
                None => html! { "–" },
            },
            match line.on_hand {
                Some(0) => page::badge(Tone::Bad, Say::OutOfStockNow.text(l)),
                Some(units) => html! { (l.fixed(units as f64, 0)) },
                None => unknown(),
            },
        ]
    }
}

/// How much more or less is expected than was sold; nothing can be said of growth from nothing.
pub(super) fn changed(l: Locale, before: f64, after: f64) -> Option<String> {
    (before > 0.0).then(|| {
        let part = 100.0 * (after / before - 1.0);
        let sign = if part.round() > 0.0 { "+" } else { "" };
        format!("{sign}{}", l.attach(&l.fixed(part, 0), "%"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_its_sign_and_nothing_grows_from_nothing() {
        let told = |before: f64, after: f64| changed(Locale::English, before, after);
        assert_eq!(told(100.0, 134.2).as_deref(), Some("+34%"));
        assert_eq!(told(100.0, 50.0).as_deref(), Some("\u{2212}50%"));
        assert_eq!(told(100.0, 100.1).as_deref(), Some("0%"));
        assert_eq!(told(0.0, 5.0), None);
    }
}
