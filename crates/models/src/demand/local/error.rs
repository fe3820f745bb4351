//! Why one series cannot be learnt from.

/// Why a model of one series was not fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SeriesError {
    /// Too few values.
    #[error("fit one series: found {found} values, at least {needed} needed")]
    TooShort {
        /// Values found.
        found: usize,
        /// Values needed.
        needed: usize,
    },
    /// A value that is not a finite number.
    #[error("fit one series: the value of period {period} is {value}, expected a finite number")]
    NotFinite {
        /// The period, from 0.
        period: usize,
        /// The value found.
        value: f64,
    },
    /// A multiplicative form for values that it cannot have.
    #[error(
        "fit one series: the value of period {period} is {value}, {form} needs values above zero"
    )]
    NotPositive {
        /// The form asked for.
        form: &'static str,
        /// The period, from 0.
        period: usize,
        /// The value found.
        value: f64,
    },
    /// A seasonal form without a season.
    #[error("fit one series: the season is {found} periods long, {form} needs at least 2")]
    NoSeason {
        /// The form asked for.
        form: &'static str,
        /// Periods of a season.
        found: usize,
    },
    /// The values are so large that squares overflow.
    #[error("fit one series: no parameters give a finite likelihood")]
    NoFit,
}

/// Refuses values that are too few or not finite.
pub(super) fn check(values: &[f64], needed: usize) -> Result<(), SeriesError> {
    let found = values.len();
    if found < needed {
        return Err(SeriesError::TooShort { found, needed });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(period) => Err(SeriesError::NotFinite {
            period,
            value: values[period],
        }),
        None => Ok(()),
    }
}
