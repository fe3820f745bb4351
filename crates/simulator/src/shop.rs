//! What a simulated shop is asked to be.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use crate::process::{BgNbd, ProcessError};

/// Size, span, dirt and buying process of a simulated marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// The same seed (and the same other fields) gives the same bytes.
    pub seed: u64,
    /// Customers acquired over the span, 10 to 500,000.
    pub customers: u32,
    /// Products of the catalogue, 60 to 50,000.
    pub products: u32,
    /// Merchants who sell them, 1 to 900.
    pub merchants: u32,
    /// First day of the shop, local time, in the years 1990 to 2030.
    pub start: Date,
    /// Days simulated, 60 to 3,650.
    pub days: u32,
    /// Share of the rows of each kind of file made dirty, all kinds of dirt together, 0 to 0.2.
    /// At 0 the files are clean; above 0 every kind occurs at least twice.
    pub dirt_rate: f64,
    /// How often customers buy and when they stop.
    pub process: BgNbd,
    /// Mean of the Poisson number of items wanted beyond the first, 0 to 20.
    pub extra_items_mean: f64,
}

/// Least and largest number of products and of merchants.
const PRODUCTS: (u32, u32) = (60, 50_000);
const MERCHANTS: (u32, u32) = (1, 900);

impl Shop {
    /// The marketplace of the demonstration: two years, about 120,000 order lines and 300,000
    /// events, 1 % of dirt.
    #[must_use]
    pub fn marketplace() -> Self {
        Self {
            seed: 1,
            customers: 4_000,
            products: 1_200,
            merchants: 60,
            start: date(2024, 1, 1),
            days: 731,
            dirt_rate: 0.01,
            process: BgNbd {
                r: 1.1,
                alpha_days: 27.0,
                a: 0.7,
                b: 7.0,
            },
            extra_items_mean: 1.3,
        }
    }

    /// The marketplace of the demonstration with another number of customers. Catalogue and merchants grow along with
    /// it and shrink along, to 400 products at least: every kind of dirt occurs twice, so that the file of a smaller
    /// catalogue would be dirt for a good part.
    #[must_use]
    pub fn marketplace_of(customers: u32) -> Self {
        let whole = Self::marketplace();
        let along = |n: u32, min: u32, max: u32| {
            let n = u64::from(n) * u64::from(customers) / u64::from(whole.customers);
            u32::try_from(n).unwrap_or(max).clamp(min, max)
        };
        Self {
            customers,
            products: along(whole.products, 400, PRODUCTS.1),
            merchants: along(whole.merchants, 20, MERCHANTS.1),
            ..whole
        }
    }

    /// A shop small enough for a unit test: 300 customers, 80 products, nine months.
    #[must_use]
    pub fn tiny() -> Self {
        Self {
            customers: 300,
            products: 80,
            merchants: 8,
            start: date(2024, 4, 1),
            days: 275,
            ..Self::marketplace()
        }
    }

    /// Day `day` of the shop (0 is [`Shop::start`]).
    pub(crate) fn date_of(&self, day: u32) -> Date {
        self.start
            .saturating_add(jiff::Span::new().days(i64::from(day)))
    }

    pub(crate) fn check(&self) -> Result<(), ShopError> {
        let whole: [(&'static str, u32, (u32, u32)); 4] = [
            ("customers", self.customers, (10, 500_000)),
            ("products", self.products, PRODUCTS),
            ("merchants", self.merchants, MERCHANTS),
            ("days", self.days, (60, 3_650)),
        ];
        for (name, found, range) in whole {
            count(name, found, range)?;
        }
        let shares: [(&'static str, f64, f64); 2] = [
            ("dirt_rate", self.dirt_rate, 0.2),
            ("extra_items_mean", self.extra_items_mean, 20.0),
        ];
        for (name, found, max) in shares {
            if !(0.0..=max).contains(&found) {
                return Err(ShopError::Share { name, found, max });
            }
        }
        start(self.start)?;
        self.process.check().map_err(ShopError::Process)
    }
}

/// A count that is out of its range is refused by its name.
pub(crate) fn count(
    name: &'static str,
    found: u32,
    (min, max): (u32, u32),
) -> Result<(), ShopError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(ShopError::Count {
        name,
        found,
        min,
        max,
    })
}

/// A first day outside the years for which files are made is refused.
pub(crate) fn start(found: Date) -> Result<(), ShopError> {
    if (1990..=2030).contains(&found.year()) {
        return Ok(());
    }
    Err(ShopError::Start { found })
}

/// Why a shop cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShopError {
    /// A count is out of its range.
    #[error("simulate the shop: `{name}` is {found}, allowed {min} to {max}")]
    Count {
        /// Field of the shop that was asked for, or an argument such as `month`.
        name: &'static str,
        /// Its value.
        found: u32,
        /// Least value allowed.
        min: u32,
        /// Largest value allowed.
        max: u32,
    },
    /// A rate or mean is out of its range or not a number.
    #[error("simulate the shop: `{name}` is {found}, allowed 0 to {max}")]
    Share {
        /// Field of [`Shop`].
        name: &'static str,
        /// Its value.
        found: f64,
        /// Largest value allowed.
        max: f64,
    },
    /// The first day is outside the years for which the files are made.
    #[error("simulate the shop: `start` is {found}, allowed 1990 to 2030")]
    Start {
        /// Its value.
        found: Date,
    },
    /// The buying process has a parameter that is not positive.
    #[error("simulate the shop: the buying process is impossible")]
    Process(#[source] ProcessError),
    /// The arms do not give one to each customer.
    #[error(
        "simulate the shop: `arms` holds {found} arms, allowed {customers}, one for each customer"
    )]
    Arms {
        /// Arms given.
        found: usize,
        /// Customers of the shop.
        customers: usize,
    },
    /// An arm is none of the shop's.
    #[error("simulate the shop: the arm of customer {customer} is {found}, allowed 0 to {max}")]
    Arm {
        /// Position of the customer.
        customer: usize,
        /// Its arm.
        found: usize,
        /// Largest arm allowed.
        max: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marketplace_of_other_customers_keeps_its_proportions_within_what_is_allowed() {
        assert_eq!(Shop::marketplace_of(4_000), Shop::marketplace());
        let twice = Shop::marketplace_of(8_000);
        assert_eq!((twice.products, twice.merchants), (2_400, 120));
        let tenth = Shop::marketplace_of(400);
        assert_eq!((tenth.products, tenth.merchants), (400, 20));
        for customers in [10, 500_000] {
            Shop::marketplace_of(customers).check().unwrap();
        }
        assert!(Shop::marketplace_of(9).check().is_err());
    }
}
