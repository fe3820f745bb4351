//! Numbers and the few words of a chart, in the language of the page.

/// Language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// 12,345.6 and 12%.
    #[default]
    English,
    /// 12 345,6 and 12 %, with narrow no-break spaces.
    French,
}

/// Thin space that does not break a line: French thousands and the space before a French percent.
const NARROW: char = '\u{202f}';

/// Space that does not break a line, between a number and its unit.
const NO_BREAK: char = '\u{a0}';

/// Decimals beyond which a chart says nothing more.
const DECIMALS_MAX: i32 = 6;

impl Locale {
    /// A number with this many decimals, thousands grouped, with a true minus sign.
    pub(crate) fn fixed(self, value: f64, decimals: usize) -> String {
        let plain = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let (thousands, point) = match self {
            Self::English => (',', '.'),
            Self::French => (NARROW, ','),
        };
        let mut text = String::new();
        if value < 0.0 && plain.chars().any(|c| c.is_ascii_digit() && c != '0') {
            text.push('\u{2212}');
        }
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                text.push(thousands);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(point);
            text.push_str(fraction);
        }
        text
    }

    /// A number with about three significant digits, no trailing zeros.
    pub(crate) fn number(self, value: f64) -> String {
        self.fixed(value, decimals(value))
    }

    /// A number with its unit, in the order and with the space the language uses.
    pub(crate) fn with_unit(self, value: f64, unit: &str) -> String {
        self.attach(&self.number(value), unit)
    }

    /// A written number with its unit.
    pub(crate) fn attach(self, number: &str, unit: &str) -> String {
        match (self, unit) {
            (_, "") => number.to_owned(),
            (Self::English, "%") => format!("{number}%"),
            (Self::English, "€" | "$" | "£") => match number.strip_prefix('\u{2212}') {
                Some(positive) => format!("\u{2212}{unit}{positive}"),
                None => format!("{unit}{number}"),
            },
            (Self::French, "%") => format!("{number}{NARROW}%"),
            _ => format!("{number}{NO_BREAK}{unit}"),
        }
    }

    /// A lower and an upper bound.
    pub(crate) fn interval(self, low: f64, high: f64, unit: &str) -> String {
        let decimals = decimals(high - low).max(decimals(low.abs().max(high.abs())));
        self.between(
            &self.fixed(low, decimals),
            &self.fixed(high, decimals),
            unit,
        )
    }

    /// Two written bounds with their unit; one that stands before its number stands before both.
    pub(crate) fn between(self, low: &str, high: &str, unit: &str) -> String {
        let high = self.attach(high, unit);
        match (self, unit) {
            (Self::English, "€" | "$" | "£") => format!("{} to {high}", self.attach(low, unit)),
            (Self::English, _) => format!("{low} to {high}"),
            (Self::French, _) => format!("{low} à {high}"),
        }
    }

    /// What stands where a value is not known.
    pub(crate) fn unknown(self) -> &'static str {
        match self {
            Self::English => "unknown",
            Self::French => "inconnu",
        }
    }

    /// The note under a chart that has gaps.
    pub(crate) fn unknown_note(self, count: usize) -> String {
        match (self, count) {
            (Self::English, 1) => "1 value unknown, shown as a gap".to_owned(),
            (Self::English, n) => format!("{n} values unknown, shown as gaps"),
            (Self::French, 1) => "1 valeur inconnue, laissée vide".to_owned(),
            (Self::French, n) => format!("{n} valeurs inconnues, laissées vides"),
        }
    }

    /// What stands in a chart without any known value.
    pub(crate) fn nothing_known(self) -> &'static str {
        match self {
            Self::English => "No value is known yet",
            Self::French => "Aucune valeur connue à ce jour",
        }
    }

    /// The English or the French text.
    pub(crate) fn choose<'a>(self, english: &'a str, french: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::French => french,
        }
    }

    /// Between a name and what is said of it.
    pub(crate) fn colon(self) -> &'static str {
        match self {
            Self::English => ": ",
            Self::French => "\u{a0}: ",
        }
    }
}

/// Decimals that leave about three significant digits, fewer when they would be zeros.
fn decimals(value: f64) -> usize {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() {
        return 0;
    }
    let wanted = (2 - size.log10().floor() as i32).clamp(0, DECIMALS_MAX);
    let mut decimals = wanted as usize;
    let text = format!("{size:.decimals$}");
    if text.contains('.') {
        decimals -= text.len() - text.trim_end_matches('0').len();
    }
    decimals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        assert_eq!(Locale::English.number(1_234_567.0), "1,234,567");
        assert_eq!(
            Locale::French.number(1_234_567.0),
            "1\u{202f}234\u{202f}567"
        );
        assert_eq!(Locale::English.number(0.1234), "0.123");
        assert_eq!(Locale::French.number(-2.5), "\u{2212}2,5");
        assert_eq!(Locale::English.number(0.0), "0");
        assert_eq!(Locale::English.number(3.0), "3");
        assert_eq!(Locale::English.number(0.000_012), "0.000012");
        // Rounded to nothing, the sign goes too.
        assert_eq!(Locale::English.fixed(-0.001, 1), "0.0");
    }

    #[test]
    fn units_stand_where_the_language_puts_them() {
        assert_eq!(Locale::English.with_unit(12.0, "%"), "12%");
        assert_eq!(Locale::French.with_unit(12.0, "%"), "12\u{202f}%");
        assert_eq!(Locale::English.with_unit(-12.0, "€"), "\u{2212}€12");
        assert_eq!(Locale::French.with_unit(12.0, "€"), "12\u{a0}€");
        assert_eq!(Locale::English.with_unit(3.0, "days"), "3\u{a0}days");
        assert_eq!(Locale::English.interval(0.5, 1.25, "€"), "€0.50 to €1.25");
        assert_eq!(Locale::English.interval(1.0, 2.0, "CHF"), "1 to 2\u{a0}CHF");
        assert_eq!(
            Locale::French.interval(0.5, 1.25, "€"),
            "0,50 à 1,25\u{a0}€"
        );
    }
}
