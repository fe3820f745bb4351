//! Money in integer cents with a currency, and probabilities that are always probabilities.

use serde::{Deserialize, Serialize};

/// An amount in the smallest unit of its currency (cents). May be negative: a return is.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// The nearest cent of an amount computed in floating point; `None` where it is not finite or too large.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked on the line above"
    )]
    pub fn nearest(cents: f64) -> Option<Self> {
        const LARGEST: f64 = 9.0e15; // Every integer below is exact in f64.
        (cents.is_finite() && cents.abs() < LARGEST).then(|| Self(cents.round() as i64))
    }
}

impl std::ops::Add for Cents {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), |a, b| a + b)
    }
}

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let value = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", value / 100, value % 100)
    }
}

/// What a limit on offers counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// Money that they promise.
    Cents,
    /// Offers that are given, one each.
    Offers,
}

impl LimitUnit {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cents => "cents",
            Self::Offers => "offers",
        }
    }

    /// The unit of a word.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Cents, Self::Offers]
            .into_iter()
            .find(|unit| unit.name() == name)
    }
}

/// Codes of ISO 4217: those of money in use, and those withdrawn since 1998 that sales of earlier years are written in.
const CODES: &str = "\
    AED AFN ALL AMD ANG AOA ARS ATS AUD AWG AZN BAM BBD BDT BEF BGN BHD BIF BMD BND BOB BOV BRL BSD BTN \
    BWP BYN BYR BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CYP CZK DEM DJF DKK DOP DZD \
    EEK EGP ERN ESP ETB EUR FIM FJD FKP FRF GBP GEL GHS GIP GMD GNF GRD GTQ GYD HKD HNL HRK HTG HUF IDR \
    IEP ILS INR IQD IRR ISK ITL JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL \
    LUF LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MRU MTL MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NLG NOK \
    NPR NZD OMR PAB PEN PGK PHP PKR PLN PTE PYG QAR ROL RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SIT \
    SKK SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS TMT TND TOP TRL TRY TTD TWD TZS UAH UGX USD USN \
    UYI UYU UYW UZS VED VEF VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMK ZMW ZWG ZWL";

/// A currency, as its ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is no ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read a currency: found {found:?}, expected an ISO 4217 code of three capital letters such as EUR"
)]
pub struct CurrencyError {
    /// The text found.
    pub found: String,
}

impl Currency {
    /// Checks that ISO 4217 has the code.
    ///
    /// # Errors
    /// [`CurrencyError`] when it has not.
    pub fn new(code: &str) -> Result<Self, CurrencyError> {
        match code.as_bytes() {
            [a, b, c] if CODES.split(' ').any(|known| known == code) => Ok(Self([*a, *b, *c])),
            _ => Err(CurrencyError {
                found: code.to_owned(),
            }),
        }
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;
    fn try_from(code: String) -> Result<Self, CurrencyError> {
        Self::new(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

/// A probability: always finite and between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

/// A number that is no probability.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("read a probability: found {found}, allowed is 0 to 1")]
pub struct ProbabilityError {
    /// The number found.
    pub found: f64,
}

impl Probability {
    /// Certain.
    pub const ONE: Self = Self(1.0);

    /// Checks the range.
    ///
    /// # Errors
    /// [`ProbabilityError`] when the number is not finite or lies outside 0 to 1.
    pub fn new(value: f64) -> Result<Self, ProbabilityError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(ProbabilityError { found: value })
        }
    }

    /// The number, between 0 and 1.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = ProbabilityError;
    fn try_from(value: f64) -> Result<Self, ProbabilityError> {
        Self::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(p: Probability) -> f64 {
        p.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_print_with_two_decimals_and_their_sign() {
        assert_eq!(Cents(-1_106_206).to_string(), "-11062.06");
        assert_eq!(Cents(5).to_string(), "0.05");
    }

    #[test]
    fn a_currency_is_a_code_that_exists() {
        for code in ["EUR", "GBP", "FRF", "AED", "ZWL"] {
            assert_eq!(Currency::new(code).unwrap().code(), code);
        }
        for wrong in ["ZZZ", "eur", "EU", "EURO", "", "EUR ", "R U"] {
            assert!(Currency::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_finite_is_no_amount() {
        assert_eq!(Cents::nearest(f64::NAN), None);
        assert_eq!(Cents::nearest(1e308), None);
        assert_eq!(Cents::nearest(12.5), Some(Cents(13)));
    }

    #[test]
    fn a_probability_is_between_0_and_1() {
        assert!(Probability::new(1.1).is_err());
        assert!(Probability::new(f64::NAN).is_err());
        assert_eq!(Probability::new(0.25).unwrap().get(), 0.25);
    }
}
