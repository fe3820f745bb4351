//! A measured number with its interval, or the reason why there is none.

use serde::{Deserialize, Serialize};

/// A number that was measured, with the interval that says how well; or the reason why it was not.
///
/// Unknown is never zero: a reader of JSON sees `{"not_measurable": {...}}` and no number at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimate {
    /// Measured on `units` independent units, with the bounds of a 95 % interval.
    Measured {
        /// The estimate.
        point: f64,
        /// Lower bound of the 95 % interval.
        low: f64,
        /// Upper bound of the 95 % interval.
        high: f64,
        /// How many independent units (customers, say) it rests on.
        units: u64,
    },
    /// Computed exactly from all rows: nothing was sampled, so there is no interval.
    Exact(f64),
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

/// Why a number cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// Too few units: how many there are, how many are needed, and of what.
    TooFew {
        /// What is counted: customers, orders …
        what: String,
        /// How many there are.
        found: u64,
        /// How many are needed.
        needed: u64,
    },
    /// Nothing varies, so nothing can be learned from it.
    NoVariation {
        /// What does not vary.
        what: String,
    },
    /// The history is too short: days there are and days needed.
    HistoryTooShort {
        /// Days of history found.
        found_days: u32,
        /// Days needed.
        needed_days: u32,
    },
    /// It does not apply to this case.
    DoesNotApply {
        /// Why not.
        because: String,
    },
}

impl std::fmt::Display for WhyNot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFew {
                what,
                found,
                needed,
            } => write!(f, "{found} {what}, at least {needed} needed"),
            Self::NoVariation { what } => write!(f, "{what} does not vary"),
            Self::HistoryTooShort {
                found_days,
                needed_days,
            } => {
                write!(
                    f,
                    "{found_days} days of history, at least {needed_days} needed"
                )
            }
            Self::DoesNotApply { because } => write!(f, "does not apply: {because}"),
        }
    }
}

impl Estimate {
    /// A share of alike and independent units, with the interval of Wilson (1927).
    ///
    /// - `hits`: units that count, at most `of`.
    /// - `what`: what the units are, for where there is none.
    #[must_use]
    pub fn share(hits: f64, of: u64, what: &str) -> Self {
        const Z_95: f64 = 1.959_963_984_540_054;
        if of == 0 {
            return Self::NotMeasurable(WhyNot::TooFew {
                what: what.to_owned(),
                found: 0,
                needed: 1,
            });
        }
        let n = of as f64;
        let (point, wide) = (hits / n, Z_95 * Z_95 / n);
        let middle = (point + wide / 2.0) / (1.0 + wide);
        let half = Z_95 * (point * (1.0 - point) / n + wide / (4.0 * n)).sqrt() / (1.0 + wide);
        Self::Measured {
            point,
            low: (middle - half).max(0.0),
            high: (middle + half).min(1.0),
            units: of,
        }
    }

    /// The point estimate, where there is one.
    #[must_use]
    pub fn point(&self) -> Option<f64> {
        match self {
            Self::Measured { point, .. } | Self::Exact(point) => Some(*point),
            Self::NotMeasurable(_) => None,
        }
    }

    /// The interval, where there is one; an exact number is its own interval.
    #[must_use]
    pub fn interval(&self) -> Option<(f64, f64)> {
        match self {
            Self::Measured { low, high, .. } => Some((*low, *high)),
            Self::Exact(point) => Some((*point, *point)),
            Self::NotMeasurable(_) => None,
        }
    }
}

impl std::fmt::Display for Estimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Measured {
                point, low, high, ..
            } => {
                write!(f, "{} ({} to {})", short(*point), short(*low), short(*high))
            }
            Self::Exact(point) => f.write_str(&short(*point)),
            Self::NotMeasurable(why) => write!(f, "not measurable: {why}"),
        }
    }
}

/// Four significant digits, without an exponent.
#[must_use]
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() >= 10_000.0 {
        return format!("{value:.0}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a logarithm of a finite number is small"
    )]
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 8);
    format!("{value:.*}", usize::try_from(digits).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_has_no_number_in_json() {
        let unknown = Estimate::NotMeasurable(WhyNot::TooFew {
            what: "converters".into(),
            found: 12,
            needed: 100,
        });
        assert_eq!(unknown.point(), None);
        assert_eq!(
            serde_json::to_string(&unknown).unwrap(),
            r#"{"not_measurable":{"too_few":{"what":"converters","found":12,"needed":100}}}"#
        );
        assert_eq!(
            unknown.to_string(),
            "not measurable: 12 converters, at least 100 needed"
        );
    }

    #[test]
    fn four_digits_are_shown() {
        assert_eq!(short(0.081_74), "0.08174");
        assert_eq!(short(11_783.4), "11783");
        assert_eq!(short(1.2), "1.200");
    }
}
