//! Numbers written as text.

use crate::config::NumberStyle;
use schema::Cents;
use std::borrow::Cow;

/// The text with `.` as decimal mark and without thousands; `None` where groups are not of three digits.
fn canonical(text: &str, style: NumberStyle) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if style.decimal == b'.' && style.thousands.is_none() {
        return Some(Cow::Borrowed(text));
    }
    let (whole, fraction) = match text.split_once(char::from(style.decimal)) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut out = String::with_capacity(text.len());
    match style.thousands {
        None => out.push_str(whole),
        Some(mark) => {
            // French typography groups with no-break spaces, which look like spaces.
            let is_mark = |c: char| {
                c == char::from(mark) || (mark == b' ' && matches!(c, '\u{a0}' | '\u{202f}'))
            };
            let digits = whole.trim_start_matches(['-', '+']);
            let groups: Vec<&str> = digits.split(is_mark).collect();
            let grouped = groups.len() > 1;
            if grouped
                && (groups[1..].iter().any(|g| g.len() != 3) || !(1..=3).contains(&groups[0].len()))
            {
                return None;
            }
            out.push_str(&whole[..whole.len() - digits.len()]);
            groups.iter().for_each(|g| out.push_str(g));
        }
    }
    // A point that is not the decimal mark is not part of a number.
    if out.contains('.') {
        return None;
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    Some(Cow::Owned(out))
}

/// A finite number.
pub(super) fn number(text: &str, style: NumberStyle) -> Option<f64> {
    canonical(text, style)?
        .parse::<f64>()
        .ok()
        .filter(|n| n.is_finite())
}

/// The whole number that a floating-point number is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked on the line above"
)]
pub(super) fn whole(number: f64) -> Option<i64> {
    const LARGEST: f64 = 9.0e15; // Every whole number below is exact in f64.
    (number.fract() == 0.0 && number.abs() < LARGEST).then_some(number as i64)
}

/// A whole number; `12.0` is one.
pub(super) fn integer(text: &str, style: NumberStyle) -> Option<i64> {
    let text = canonical(text, style)?;
    text.parse::<i64>()
        .ok()
        .or_else(|| whole(text.parse::<f64>().ok()?))
}

/// An amount in whole units of money as cents: exact decimals, halves away from zero.
pub(super) fn cents(text: &str, style: NumberStyle) -> Option<i64> {
    let text = canonical(text, style)?;
    let unsigned = text.trim_start_matches(['-', '+']);
    if text.len() - unsigned.len() > 1 {
        return None;
    }
    let (units, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !digits(units) || !digits(fraction) {
        return Cents::nearest(text.parse::<f64>().ok()? * 100.0).map(|c| c.0);
    }
    if units.is_empty() && fraction.is_empty() || units.len() > 14 {
        return None;
    }
    let digit =
        |position: usize| i64::from(fraction.as_bytes().get(position).map_or(0, |b| b - b'0'));
    let units: i64 = if units.is_empty() {
        0
    } else {
        units.parse().ok()?
    };
    let amount = units * 100 + digit(0) * 10 + digit(1) + i64::from(digit(2) >= 5);
    Some(if text.starts_with('-') {
        -amount
    } else {
        amount
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: NumberStyle = NumberStyle {
        decimal: b'.',
        thousands: Some(b','),
    };
    const FRENCH: NumberStyle = NumberStyle {
        decimal: b',',
        thousands: Some(b' '),
    };
    const PLAIN: NumberStyle = NumberStyle {
        decimal: b'.',
        thousands: None,
    };

    #[test]
    fn amounts_are_exact_decimals_and_halves_go_away_from_zero() {
        assert_eq!(cents("1.005", PLAIN), Some(101));
        assert_eq!(cents("-11062.06", PLAIN), Some(-1_106_206));
        assert_eq!(cents(".5", PLAIN), Some(50));
        assert_eq!(cents("0.004999", PLAIN), Some(0));
        assert_eq!(cents("1 234,50", FRENCH), Some(123_450));
        assert_eq!(cents("1\u{202f}234,50", FRENCH), Some(123_450));
        assert_eq!(cents("1,234.50", ENGLISH), Some(123_450));
        assert_eq!(cents("1e2", PLAIN), Some(10_000));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for wrong in [
            "",
            ".",
            "-",
            "--1",
            "1e308",
            "NaN",
            "inf",
            "1.2.3",
            "12 EUR",
            "999999999999999",
        ] {
            assert_eq!(cents(wrong, PLAIN), None, "{wrong}");
        }
        // A decimal comma read with English thousands would be a hundred times too much.
        assert_eq!(cents("12,50", ENGLISH), None);
        assert_eq!(cents("12.50", FRENCH), None);
    }

    #[test]
    fn whole_numbers_may_have_a_zero_fraction_and_no_other() {
        assert_eq!(integer("17850.0", PLAIN), Some(17_850));
        assert_eq!(integer("1,234", ENGLISH), Some(1_234));
        assert_eq!(integer("1.5", PLAIN), None);
        assert_eq!(number("1,5", FRENCH), Some(1.5));
        assert_eq!(number("NaN", PLAIN), None);
    }
}
