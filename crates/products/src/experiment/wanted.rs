//! An effect that one would like to see, as it is asked for.

use serde::Serialize;
use std::str::FromStr;

/// An effect that one would like to see.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// As a share of the mean.
    Relative(f64),
    /// In the unit of the outcome.
    Absolute(f64),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, share) = match text.trim().strip_suffix('%') {
            Some(number) => (number.trim(), true),
            None => (text.trim(), false),
        };
        match number.parse::<f64>() {
            Ok(found) if found.is_finite() && found != 0.0 => Ok(if share {
                Self::Relative(found / 100.0)
            } else {
                Self::Absolute(found)
            }),
            Ok(_) | Err(_) => Err(format!(
                "an effect is {text:?}, allowed is a number other than 0 such as 1.5, or 2% of the mean"
            )),
        }
    }
}

impl Wanted {
    /// In the unit of the outcome.
    pub(super) fn of(self, mean: f64) -> f64 {
        match self {
            Self::Relative(share) => share * mean,
            Self::Absolute(effect) => effect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_a_share_of_the_mean_or_a_number() {
        assert_eq!("2%".parse(), Ok(Wanted::Relative(0.02)));
        assert_eq!("-1.5".parse(), Ok(Wanted::Absolute(-1.5)));
        assert_eq!(Wanted::Relative(0.5).of(8.0), 4.0);
        for wrong in ["0", "much", "%", "inf"] {
            let error = wrong.parse::<Wanted>().unwrap_err();
            assert!(
                error.contains("allowed is a number other than 0"),
                "{error}"
            );
        }
    }
}
