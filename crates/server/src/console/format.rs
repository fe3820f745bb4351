//! Numbers, money, days and sizes as the reader's language writes them.

use super::messages::Say;
use crate::charts::Locale;
use jiff::Timestamp;
use maud::{Markup, html};
use std::time::Duration;

/// The currency of the shop's amounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Currency {
    /// No sale tells yet.
    #[default]
    Unknown,
    /// All sales are in this one.
    One(String),
    /// Sales are in several: sums over them have no currency.
    Several(Vec<String>),
}

impl Currency {
    /// The currency of sales in these ones.
    pub(super) fn of(codes: &[String]) -> Self {
        match codes {
            [] => Self::Unknown,
            [code] => Self::One(code.clone()),
            several => Self::Several(several.to_vec()),
        }
    }

    /// The sign or the code that stands with an amount; empty where there is not one currency.
    pub(super) fn sign(&self) -> &str {
        match self {
            Self::One(code) => match code.as_str() {
                "EUR" => "€",
                "GBP" => "£",
                "USD" => "$",
                other => other,
            },
            Self::Unknown | Self::Several(_) => "",
        }
    }

    /// An amount with its currency.
    pub(super) fn amount(&self, locale: Locale, cents: i64) -> String {
        locale.attach(&locale.fixed(cents as f64 / 100.0, 2), self.sign())
    }

    /// An amount that need not be known to the cent, with its currency.
    pub(super) fn about(&self, locale: Locale, amount: f64) -> String {
        locale.attach(&locale.fixed(amount, decimals(amount)), self.sign())
    }

    /// Two such amounts, the lower one first.
    pub(super) fn between(&self, locale: Locale, low: f64, high: f64) -> String {
        let decimals = decimals(low.abs().max(high.abs()));
        let written = |amount: f64| locale.fixed(amount, decimals);
        locale.between(&written(low), &written(high), self.sign())
    }

    /// Why amounts carry no currency; nothing where they carry one.
    pub(super) fn note(&self, locale: Locale) -> Markup {
        match self {
            Self::Several(codes) => {
                html! { p.small { (Say::SeveralCurrencies.with(locale, &[&codes.join(", ")])) } }
            }
            Self::One(_) | Self::Unknown => html! {},
        }
    }
}

/// Cents matter of a basket, not of a month's revenue.
fn decimals(amount: f64) -> usize {
    if amount.abs() < 1_000.0 { 2 } else { 0 }
}

/// A whole number.
pub(super) fn count(locale: Locale, n: u64) -> String {
    locale.fixed(n as f64, 0)
}

/// A share as a percentage with about three digits.
pub(super) fn percent(locale: Locale, share: f64) -> String {
    locale.with_unit(100.0 * share, "%")
}

/// A time that something took.
pub(super) fn took(locale: Locale, time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s if s < 120.0 => (s, "s"),
        s => (s / 60.0, "min"),
    };
    locale.with_unit(value, unit)
}

/// A size in memory or on disk.
pub(super) fn size(locale: Locale, bytes: u64) -> String {
    let units = match locale {
        Locale::English => ["B", "KiB", "MiB", "GiB"],
        Locale::French => ["o", "Kio", "Mio", "Gio"],
    };
    let (power, unit) = (0u32..)
        .zip(units)
        .take_while(|(p, _)| *p == 0 || bytes >> (10 * p) > 0)
        .last()
        .unwrap_or((0, "B"));
    locale.with_unit(bytes as f64 / (1u64 << (10 * power)) as f64, unit)
}

/// A moment, to the minute, in UTC.
pub(super) fn moment(at: Timestamp) -> Markup {
    let text = at.strftime("%Y-%m-%d %H:%M").to_string();
    html! { time datetime=(at.to_string()) { (text) } " UTC" }
}

/// A day.
pub(super) fn day(day: jiff::civil::Date) -> Markup {
    let text = day.to_string();
    html! { time datetime=(text) { (text) } }
}

/// A text as part of an address (RFC 3986: all but the unreserved characters are written in hexadecimal).
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_writes_its_numbers() {
        let euro = Currency::One("EUR".to_owned());
        assert_eq!(euro.amount(Locale::English, 123_450), "€1,234.50");
        assert_eq!(
            euro.amount(Locale::French, -123_450),
            "−1\u{202f}234,50\u{a0}€"
        );
        assert_eq!(euro.about(Locale::English, 95.594), "€95.59");
        assert_eq!(
            euro.between(Locale::English, 95.594, 1_234.2),
            "€96 to €1,234"
        );
        assert_eq!(
            euro.between(Locale::French, 1.0, 95.594),
            "1,00 à 95,59\u{a0}€"
        );
        assert_eq!(percent(Locale::French, 0.125), "12,5\u{202f}%");
        assert_eq!(count(Locale::English, 1_067_371), "1,067,371");
        assert_eq!(
            took(Locale::English, Duration::from_micros(420)),
            "420\u{a0}µs"
        );
        assert_eq!(size(Locale::French, 3 << 20), "3\u{a0}Mio");
        assert_eq!(size(Locale::English, 0), "0\u{a0}B");
    }

    #[test]
    fn sums_over_several_currencies_carry_none() {
        let several = Currency::Several(vec!["EUR".to_owned(), "GBP".to_owned()]);
        assert_eq!(several.amount(Locale::English, 100), "1.00");
        let note = several.note(Locale::English).into_string();
        assert!(note.contains("several currencies (EUR, GBP)"), "{note}");
        let one = Currency::One("EUR".to_owned());
        assert_eq!(one.note(Locale::English).into_string(), "");
    }

    #[test]
    fn addresses_hold_any_identifier() {
        assert_eq!(encoded("a/b é?"), "a%2Fb%20%C3%A9%3F");
    }
}
