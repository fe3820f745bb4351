//! Estimates on screen: a figure with its interval, or the reason why there is none.

use super::format::{Currency, percent};
use super::french;
use super::messages::Say;
use crate::charts::{self, Locale};
use maud::{Markup, html};
use schema::{Estimate, WhyNot};

/// Why a figure cannot be given, in the language of the page.
pub(super) fn why_not(locale: Locale, why: &WhyNot) -> String {
    let word = |text: &str| french::told(locale, text).into_owned();
    let n = |n: u64| locale.fixed(n as f64, 0);
    match why {
        WhyNot::TooFew {
            what,
            found,
            needed,
        } => Say::TooFew.with(locale, &[&n(*found), &word(what), &n(*needed)]),
        WhyNot::NoVariation { what } => Say::NoVariation.with(locale, &[&word(what)]),
        WhyNot::HistoryTooShort {
            found_days,
            needed_days,
        } => Say::TooShort.with(
            locale,
            &[&n(u64::from(*found_days)), &n(u64::from(*needed_days))],
        ),
        WhyNot::DoesNotApply { because } => Say::DoesNotApply.with(locale, &[&word(because)]),
    }
}

/// How an estimate's numbers are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written<'a> {
    /// As they are.
    Plain,
    /// Shares, as percentages.
    Percent,
    /// Cents, as amounts.
    Money(&'a Currency),
}

impl Written<'_> {
    pub(super) fn point(self, locale: Locale, value: f64) -> String {
        match self {
            Self::Plain => locale.number(value),
            Self::Percent => percent(locale, value),
            Self::Money(currency) => currency.about(locale, value / 100.0),
        }
    }

    fn interval(self, locale: Locale, low: f64, high: f64) -> String {
        match self {
            Self::Plain => locale.interval(low, high, ""),
            Self::Percent => locale.interval(100.0 * low, 100.0 * high, "%"),
            Self::Money(currency) => currency.between(locale, low / 100.0, high / 100.0),
        }
    }
}

/// A figure with its interval, or the reason why there is none.
pub(super) fn estimate(locale: Locale, estimate: &Estimate, written: Written<'_>) -> Markup {
    match estimate {
        Estimate::Measured {
            point, low, high, ..
        } => html! {
            span.point { (written.point(locale, *point)) } " "
            span.interval { (written.interval(locale, *low, *high)) }
        },
        Estimate::Exact(point) => html! { span.point { (written.point(locale, *point)) } },
        Estimate::NotMeasurable(why) => {
            html! { span.unknown { (Say::NotMeasurable.with(locale, &[&why_not(locale, why)])) } }
        }
    }
}

/// For a chart: the figure with its interval, and the reason where there is none.
pub(super) fn row(
    locale: Locale,
    label: String,
    estimate: &Estimate,
    factor: f64,
) -> charts::IntervalRow {
    let (drawn, note) = match estimate {
        Estimate::Measured {
            point, low, high, ..
        } => (
            Some(charts::Estimate {
                point: point * factor,
                low: low * factor,
                high: high * factor,
            }),
            String::new(),
        ),
        Estimate::Exact(point) => {
            let point = point * factor;
            (
                Some(charts::Estimate {
                    point,
                    low: point,
                    high: point,
                }),
                String::new(),
            )
        }
        Estimate::NotMeasurable(why) => (None, why_not(locale, why)),
    };
    charts::IntervalRow {
        label,
        estimate: drawn,
        note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_shows_its_reason_and_no_number() {
        let why = WhyNot::TooFew {
            what: "customers to measure on".to_owned(),
            found: 12,
            needed: 100,
        };
        let unknown = Estimate::NotMeasurable(why);
        let english = estimate(Locale::English, &unknown, Written::Plain).into_string();
        assert!(
            english.contains("not measurable: 12 customers to measure on, at least 100 needed"),
            "{english}"
        );
        let french = estimate(Locale::French, &unknown, Written::Plain).into_string();
        assert!(
            french.contains("non mesurable : 12 clients à mesurer, il en faut au moins 100"),
            "{french}"
        );
        assert_eq!(
            row(Locale::English, String::new(), &unknown, 1.0).estimate,
            None
        );
    }

    #[test]
    fn a_measured_figure_shows_its_interval() {
        let measured = Estimate::Measured {
            point: 0.082,
            low: 0.078,
            high: 0.086,
            units: 900,
        };
        let shown = estimate(Locale::French, &measured, Written::Plain).into_string();
        assert!(
            shown.contains("0,082") && shown.contains("0,078 à 0,086"),
            "{shown}"
        );
    }

    #[test]
    fn an_exact_figure_has_no_interval() {
        let exact = Estimate::Exact(12.0);
        assert_eq!(
            estimate(Locale::English, &exact, Written::Plain).into_string(),
            "<span class=\"point\">12</span>"
        );
    }

    #[test]
    fn money_carries_its_currency_at_both_bounds() {
        let euro = Currency::One("EUR".to_owned());
        let measured = Estimate::Measured {
            point: 534_812.0,
            low: 246_200.0,
            high: 766_800.0,
            units: 1,
        };
        let shown = |l: Locale| estimate(l, &measured, Written::Money(&euro)).into_string();
        let english = shown(Locale::English);
        assert!(
            english.contains("€5,348") && english.contains("€2,462 to €7,668"),
            "{english}"
        );
        let french = shown(Locale::French);
        assert!(
            french.contains("5\u{202f}348\u{a0}€")
                && french.contains("2\u{202f}462 à 7\u{202f}668\u{a0}€"),
            "{french}"
        );
    }
}
