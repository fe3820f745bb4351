//! Who looks: language, colours, address; and whether they may.

use super::format::encoded;
use super::page;
use crate::auth::Scope;
use crate::charts::Locale;
use crate::state::AppState;
use axum::extract::{FromRequestParts, Query};
use axum::http::{HeaderMap, header, request::Parts};
use axum::response::Response;
use std::sync::Arc;

/// Colours of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system is set.
    System,
    Light,
    Dark,
}

impl Theme {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn of(code: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark]
            .into_iter()
            .find(|t| t.code() == code)
    }
}

/// One visitor who may read, at one address.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) locale: Locale,
    pub(super) theme: Theme,
    pub(super) path: String,
    query: Vec<(String, String)>,
    /// By what name the visitor answers; none where no name was given yet.
    pub(super) who: Option<String>,
    /// The name of the visitor's key; none without a key.
    pub(super) key: Option<Arc<str>>,
    /// Choices made with this very request, to be remembered.
    pub(super) cookies: Vec<String>,
}

/// A year: a choice of language is not asked again.
const REMEMBER_SECONDS: u32 = 31_536_000;

/// Parameters that are remembered, and so need not be in an address.
const REMEMBERED: [&str; 3] = ["lang", "theme", "who"];

/// A text as [`encoded`] wrote it.
fn decoded(text: &str) -> String {
    let pair = format!("/?of={text}").parse().ok();
    let pairs = pair.and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
    let first = pairs.and_then(|pairs| pairs.0.into_iter().next());
    first.map(|(_, value)| value).unwrap_or_default()
}

fn locale_of(code: &str) -> Option<Locale> {
    match code {
        "en" => Some(Locale::English),
        "fr" => Some(Locale::French),
        _ => None,
    }
}

/// The code of a language, as in the `lang` attribute.
pub(super) fn code(locale: Locale) -> &'static str {
    locale.choose("en", "fr")
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(n, _)| *n == name)
        .map(|(_, v)| v)
}

/// The language that the browser likes best of those there are; English where it names none of them.
fn accepted(headers: &HeaderMap) -> Locale {
    let asked = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let mut best = (Locale::English, 0.0);
    for range in asked.split(',') {
        let mut parts = range.split(';');
        let language = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts
            .find_map(|p| p.trim().strip_prefix("q=")?.parse::<f64>().ok())
            .unwrap_or(1.0);
        if let Some(locale) = locale_of(language.split('-').next().unwrap_or_default())
            && weight > best.1
        {
            best = (locale, weight);
        }
    }
    best.0
}

impl Visit {
    fn of(parts: &Parts) -> Self {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map(|q| q.0)
            .unwrap_or_default();
        let chosen = |name: &str| {
            query
                .iter()
                .rev()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        let mut cookies = Vec::new();
        let mut remember = |name: &str, value: &str| {
            cookies.push(format!(
                "{name}={value}; Path=/; Max-Age={REMEMBER_SECONDS}; SameSite=Lax; HttpOnly"
            ));
        };
        let locale = match chosen("lang").and_then(locale_of) {
            Some(locale) => {
                remember("lang", code(locale));
                locale
            }
            None => cookie(&parts.headers, "lang")
                .and_then(locale_of)
                .unwrap_or_else(|| accepted(&parts.headers)),
        };
        let theme = match chosen("theme").and_then(Theme::of) {
            Some(theme) => {
                remember("theme", theme.code());
                theme
            }
            None => cookie(&parts.headers, "theme")
                .and_then(Theme::of)
                .unwrap_or(Theme::System),
        };
        let who = match chosen("who") {
            Some(named) => {
                let named = named.trim();
                remember("who", &encoded(named));
                Some(named.to_owned())
            }
            None => cookie(&parts.headers, "who").map(decoded),
        };
        Self {
            locale,
            theme,
            path: parts.uri.path().to_owned(),
            who: who.filter(|named| !named.is_empty()),
            key: None,
            query,
            cookies,
        }
    }

    /// The last value of a parameter that is not blank.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.trim())
            .filter(|v| !v.is_empty())
    }

    /// The parameters of this address, but for those that are remembered.
    pub(super) fn kept(&self) -> impl Iterator<Item = (&str, &str)> {
        let kept = self.query.iter();
        kept.filter(|(n, _)| !REMEMBERED.contains(&n.as_str()))
            .map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// This address with one parameter set.
    pub(super) fn address_with(&self, name: &str, value: &str) -> String {
        self.address_at(&self.path, name, value)
    }

    /// The address of another page with the parameters of this one, and one of them set.
    pub(super) fn address_at(&self, path: &str, name: &str, value: &str) -> String {
        let kept = self.kept().filter(|(n, _)| *n != name);
        let pairs = kept.chain([(name, value)]);
        let pairs: Vec<String> = pairs
            .map(|(n, v)| format!("{}={}", encoded(n), encoded(v)))
            .collect();
        format!("{path}?{}", pairs.join("&"))
    }
}

impl FromRequestParts<Arc<AppState>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, Response> {
        let visit = Self::of(parts);
        match state.admit(&parts.headers, Scope::Read).await {
            Ok(caller) => Ok(Self {
                key: caller.key,
                ..visit
            }),
            Err(problem) => Err(page::refusal(state, &visit, &problem)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn visit(uri: &str, headers: &[(&str, &str)]) -> Visit {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Visit::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn the_address_beats_the_cookie_and_the_cookie_beats_the_browser() {
        let browser = ("accept-language", "de;q=0.9, fr-CA;q=0.8, en;q=0.2");
        assert_eq!(visit("/", &[]).locale, Locale::English);
        assert_eq!(visit("/", &[browser]).locale, Locale::French);
        assert_eq!(
            visit("/", &[browser, ("cookie", "theme=dark; lang=en")]).locale,
            Locale::English
        );
        assert_eq!(
            visit("/?lang=fr", &[("cookie", "lang=en")]).locale,
            Locale::French
        );
        assert_eq!(
            visit("/?lang=xx", &[("cookie", "lang=fr")]).locale,
            Locale::French
        );
        assert_eq!(visit("/", &[("cookie", "theme=dark")]).theme, Theme::Dark);
    }

    #[test]
    fn a_choice_is_remembered_and_keeps_the_rest_of_the_address() {
        let v = visit("/customers?q=a%26b&lang=fr", &[]);
        assert!(v.cookies[0].starts_with("lang=fr; Path=/"));
        assert_eq!(v.address_with("lang", "en"), "/customers?q=a%26b&lang=en");
        assert_eq!(v.parameter("q"), Some("a&b"));
        let v = visit("/orders?q=a&who=Zo%C3%A9;+B&page=2", &[]);
        assert_eq!(v.who.as_deref(), Some("Zoé; B"));
        assert!(v.cookies[0].starts_with("who=Zo%C3%A9%3B%20B; Path=/"));
        assert_eq!(v.address_with("page", "3"), "/orders?q=a&page=3");
        let later = visit("/orders", &[("cookie", "lang=fr; who=Zo%C3%A9%3B%20B")]);
        assert_eq!(later.who.as_deref(), Some("Zoé; B"));
        assert_eq!(visit("/orders?who=+", &[("cookie", "who=a")]).who, None);
    }
}
