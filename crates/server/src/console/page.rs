//! The frame of every page, and the pieces that pages share.

use super::demand;
use super::files;
use super::messages::Say;
use super::orders;
use super::visit::{self, Theme, Visit};
use crate::charts::Locale;
use crate::problem::Problem;
use crate::state::AppState;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The section that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Portfolio,
    Review,
    Customers,
    /// Only where a data product forecasts.
    Demand,
    /// Only where a data product proposes orders.
    Orders,
    Tables,
    Indicators,
}

const SECTIONS: [(Section, &str, Say); 7] = [
    (Section::Portfolio, "/", Say::Portfolio),
    (Section::Review, "/review", Say::Review),
    (Section::Customers, "/customers", Say::Customers),
    (Section::Demand, "/demand", Say::Demand),
    (Section::Orders, "/orders", Say::OrdersTitle),
    (Section::Tables, "/tables", Say::Tables),
    (Section::Indicators, "/indicators", Say::Indicators),
];

/// What a page shows.
#[derive(Debug)]
pub(super) struct Page {
    /// Heading, and title of the window.
    pub(super) title: String,
    pub(super) body: Markup,
    /// Not 200 where what was asked for is not there.
    pub(super) status: StatusCode,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self {
            title: title.into(),
            body,
            status: StatusCode::OK,
        }
    }
}

/// The page, or what went wrong, in the frame.
pub(super) fn answer(
    state: &AppState,
    visit: &Visit,
    section: Section,
    found: Result<Page, Problem>,
) -> Response {
    match found {
        Ok(page) => framed(state, visit, Some(section), &page),
        Err(problem) => refusal(state, visit, &problem),
    }
}

/// What went wrong, as a page with the status and the headers of the problem.
pub(super) fn refusal(state: &AppState, visit: &Visit, problem: &Problem) -> Response {
    let body = html! {
        p.lead lang="en" { (problem.detail) }
        p lang="en" { (problem.title) " (" (problem.status) ")" }
    };
    let plain = problem.clone().into_response();
    let status = plain.status();
    let page = Page {
        title: Say::Failed.text(visit.locale).to_owned(),
        body,
        status,
    };
    let mut response = framed(state, visit, None, &page);
    for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
        if let Some(value) = plain.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn framed(state: &AppState, visit: &Visit, section: Option<Section>, page: &Page) -> Response {
    let markup = document(state, visit, section, page);
    let mut response = (page.status, markup.into_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    // Pages show customers: no proxy keeps them.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    headers.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(visit::code(visit.locale)),
    );
    headers.insert(
        header::VARY,
        HeaderValue::from_static("accept-language, cookie"),
    );
    for cookie in &visit.cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    response
}

fn document(state: &AppState, visit: &Visit, section: Option<Section>, page: &Page) -> Markup {
    let l = visit.locale;
    let shop = &state.workshop.project.file.name;
    let sections = SECTIONS.iter().filter(|(of, _, _)| match of {
        Section::Demand => demand::is_there(state),
        Section::Orders => orders::is_there(state),
        Section::Portfolio
        | Section::Review
        | Section::Customers
        | Section::Tables
        | Section::Indicators => true,
    });
    html! {
        (DOCTYPE)
        html lang=(visit::code(l)) data-theme=(visit.theme.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content=(match visit.theme { Theme::System => "light dark", Theme::Light => "light", Theme::Dark => "dark" });
                title { (page.title) " – " (shop) }
                link rel="icon" type="image/svg+xml" href=(files::address("icon.svg"));
                link rel="stylesheet" href=(files::address("console.css"));
                script src=(files::address("console.js")) defer {}
            }
            body {
                a.skip href="#content" { (Say::Skip.text(l)) }
                header.top {
                    div.inner {
                        a.shop href="/" { (shop) }
                        nav aria-label=(Say::Sections.text(l)) {
                            ul {
                                @for (of, address, name) in sections {
                                    li { a href=(address) aria-current=[(section == Some(*of)).then_some("page")] { (name.text(l)) } }
                                }
                            }
                        }
                    }
                }
                main #content tabindex="-1" {
                    h1 { (page.title) }
                    (page.body)
                }
                footer {
                    div.inner {
                        (switches(visit))
                        p { (Say::MadeBy.with(l, &[env!("CARGO_PKG_VERSION")])) " " a href="/openapi.json" { "openapi.json" } "." }
                    }
                }
            }
        }
    }
}

/// A page that stands alone: to be sent, printed, kept, or put on any web server. Style and charts are in it, and it takes
/// nothing from elsewhere.
pub(super) fn alone(l: Locale, shop: &str, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(visit::code(l)) data-theme="system" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) " – " (shop) }
                style { (PreEscaped(files::style())) }
            }
            body {
                header.top { div.inner { span.shop { (shop) } } }
                main #content {
                    h1 { (title) }
                    (body)
                }
                footer { div.inner { p { (Say::ReportMadeBy.with(l, &[env!("CARGO_PKG_VERSION")])) } } }
            }
        }
    }
}

/// Language and colours, as plain links.
fn switches(visit: &Visit) -> Markup {
    let l = visit.locale;
    let themes = [
        (Theme::System, Say::ColoursSystem),
        (Theme::Light, Say::ColoursLight),
        (Theme::Dark, Say::ColoursDark),
    ];
    html! {
        nav.switches aria-label=(Say::LanguageAndColours.text(l)) {
            ul {
                @for (locale, name) in [(Locale::English, "English"), (Locale::French, "Français")] {
                    @let code = visit::code(locale);
                    li { a href=(visit.address_with("lang", code)) lang=(code) hreflang=(code) aria-current=[(locale == l).then_some("true")] { (name) } }
                }
            }
            ul {
                @for (theme, name) in themes {
                    li { a href=(visit.address_with("theme", theme.code())) aria-current=[(theme == visit.theme).then_some("true")] { (name.text(l)) } }
                }
            }
        }
    }
}

/// How something stands; the sign and the words say it, the colour only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Warn,
    Bad,
    Quiet,
}

pub(super) fn badge(tone: Tone, text: &str) -> Markup {
    let (class, sign) = match tone {
        Tone::Good => ("good", "✓"),
        Tone::Warn => ("warn", "!"),
        Tone::Bad => ("bad", "✕"),
        Tone::Quiet => ("quiet", "–"),
    };
    html! { span.badge.(class) { span.sign aria-hidden="true" { (sign) } (text) } }
}

/// A sentence and the command that does it.
pub(super) fn command(sentence: &str, line: &str) -> Markup {
    html! { p { (sentence) } pre.command { code { (line) } } }
}

/// What helps where the lake or the registry cannot be read.
pub(super) fn unreadable(locale: Locale, why: &str) -> Markup {
    command(
        &Say::LookAtUnreadable.with(locale, &[why]),
        "comptoir doctor",
    )
}

/// Why there is no shop yet, and what helps.
pub(super) fn no_shop(state: &AppState, locale: Locale) -> Markup {
    match state.live.problem() {
        Some(why) => unreadable(locale, &why),
        None => command(Say::NothingImported.text(locale), "comptoir import"),
    }
}

/// The box that says what can be done next.
pub(super) fn next(locale: Locale, content: &Markup) -> Markup {
    html! { section.next aria-label=(Say::Next.text(locale)) { h2 { (Say::Next.text(locale)) } (content) } }
}

/// Names with their figures.
pub(super) fn facts(pairs: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in pairs { div { dt { (name) } dd { (value) } } } } }
}

/// A chart under its heading.
pub(super) fn figure(title: &str, svg: &str) -> Markup {
    html! { figure { figcaption { (title) } (PreEscaped(svg)) } }
}

/// A column of a table.
pub(super) struct Head<'a> {
    name: &'a str,
    number: bool,
}

/// A column of words.
pub(super) fn words(name: &str) -> Head<'_> {
    Head {
        name,
        number: false,
    }
}

/// A column of figures, aligned on their right.
pub(super) fn figures(name: &str) -> Head<'_> {
    Head { name, number: true }
}

/// A text in which names break after their underscores, points and slashes, never within a word.
pub(super) fn breakable(text: &str) -> Markup {
    html! {
        @for (n, part) in text.split_inclusive(['_', '.', '/']).enumerate() { @if n > 0 { wbr; } (part) }
    }
}

/// The name of a table or of a column.
pub(super) fn name(text: &str) -> Markup {
    html! { span.name { (breakable(text)) } }
}

/// The same as code.
pub(super) fn code(text: &str) -> Markup {
    html! { code.name { (breakable(text)) } }
}

/// A table that becomes a list of cards on a narrow screen; the first cell of a row is its heading.
pub(super) fn grid(caption: &str, heads: &[Head<'_>], rows: &[Vec<Markup>]) -> Markup {
    html! {
        table.grid role="table" {
            caption.unseen { (caption) }
            thead role="rowgroup" { tr role="row" {
                @for head in heads { th scope="col" role="columnheader" class=[head.number.then_some("number")] { (head.name) } }
            } }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (n, (cell, head)) in row.iter().zip(heads).enumerate() {
                            @if n == 0 {
                                th scope="row" role="rowheader" class=[head.number.then_some("number")] { (cell) }
                            } @else {
                                td role="cell" data-name=(head.name) class=[head.number.then_some("number")] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_breaks_after_its_underscores_only() {
        assert_eq!(
            code("unit_price_cents").into_string(),
            "<code class=\"name\">unit_<wbr>price_<wbr>cents</code>"
        );
        assert_eq!(
            breakable("a value of <customers>.customer_id").into_string(),
            "a value of &lt;customers&gt;.<wbr>customer_<wbr>id"
        );
        assert_eq!(
            name("sales").into_string(),
            "<span class=\"name\">sales</span>"
        );
    }
}
