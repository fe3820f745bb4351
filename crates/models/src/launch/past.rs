//! Launches: what is known before they open, and what came of those that are over.

use serde::{Deserialize, Serialize};

use super::error::{EstimateError, PastError};

/// Demand of nothing is read as half a unit where logarithms are taken.
pub(super) const NOTHING: f64 = 0.5;

/// A merchant's estimate of the total units of a launch, given before it opens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Triple", into = "Triple")]
pub struct Estimate {
    low: Option<f64>,
    likely: f64,
    high: Option<f64>,
}

/// An estimate as it is written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Triple {
    low: Option<f64>,
    likely: f64,
    high: Option<f64>,
}

impl TryFrom<Triple> for Estimate {
    type Error = EstimateError;

    fn try_from(triple: Triple) -> Result<Self, EstimateError> {
        Self::told(triple.low, triple.likely, triple.high)
    }
}

impl From<Estimate> for Triple {
    fn from(estimate: Estimate) -> Self {
        let Estimate { low, likely, high } = estimate;
        Self { low, likely, high }
    }
}

impl Estimate {
    /// An estimate in units: low ≤ likely ≤ high, low at least 0, likely above 0.
    ///
    /// # Errors
    /// [`EstimateError`] when a number is not finite, low is below 0, likely is not above 0 (its logarithm is what is
    /// calibrated), or the three contradict each other. Nothing is reordered: who says 500 at least and 200 likely has
    /// mixed something up, and which of the two cannot be told.
    pub fn new(low: f64, likely: f64, high: f64) -> Result<Self, EstimateError> {
        Self::told(Some(low), likely, Some(high))
    }

    /// The same where the ends may not be told: then the interval is not judged.
    ///
    /// # Errors
    /// As [`Estimate::new`].
    pub fn told(low: Option<f64>, likely: f64, high: Option<f64>) -> Result<Self, EstimateError> {
        for (which, found) in [("low", low), ("likely", Some(likely)), ("high", high)] {
            if let Some(found) = found.filter(|found| !found.is_finite()) {
                return Err(EstimateError::NotFinite { which, found });
            }
        }
        if let Some(found) = low.filter(|low| *low < 0.0) {
            return Err(EstimateError::Negative { found });
        }
        if likely <= 0.0 {
            return Err(EstimateError::Nothing { found: likely });
        }
        let (least, most) = (low.unwrap_or(likely), high.unwrap_or(likely));
        if least > likely || likely > most {
            return Err(EstimateError::Order {
                low: least,
                likely,
                high: most,
            });
        }
        Ok(Self { low, likely, high })
    }

    /// The least that the merchant expects, in units, where that was told.
    #[must_use]
    pub fn low(&self) -> Option<f64> {
        self.low
    }

    /// What the merchant holds likely, in units.
    #[must_use]
    pub fn likely(&self) -> f64 {
        self.likely
    }

    /// The most that the merchant expects, in units, where that was told.
    #[must_use]
    pub fn high(&self) -> Option<f64> {
        self.high
    }
}

/// Names of what is told of a launch beside its category and its merchant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// What launches share or do not: a brand, a weekday, the month of the opening. What comes round again is a label,
    /// not a number.
    pub labels: Vec<String>,
    /// What is more or less: a price, a discount, a number of sizes.
    pub numbers: Vec<String>,
}

/// A launch as it is known before it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Launch {
    /// What it is called where it is named as an analogue.
    pub id: String,
    /// When it opens, in whole hours on one clock for all launches (as from 1970).
    pub opens_hour: i64,
    /// How long it is open, in hours, at least 1. Demand is what is asked for within them.
    pub duration_hours: u32,
    /// Its category.
    pub category: Option<String>,
    /// Who sells it, and gives the estimate.
    pub merchant: Option<String>,
    /// Further labels, one for each of [`Columns::labels`].
    pub labels: Vec<Option<String>>,
    /// Numbers, one for each of [`Columns::numbers`].
    pub numbers: Vec<Option<f64>>,
    /// The words of its name.
    pub text: Option<String>,
    /// What its merchant expects.
    pub estimate: Option<Estimate>,
}

/// What is known of the total demand of a launch that is over, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Total {
    /// All that was asked for was sold.
    Sold(u64),
    /// So much was sold until the stock ran out; more may have been asked for.
    AtLeast(u64),
}

impl Total {
    /// Units sold.
    #[must_use]
    pub fn units(self) -> u64 {
        match self {
            Self::Sold(units) | Self::AtLeast(units) => units,
        }
    }

    /// Whether the stock ran out.
    #[must_use]
    pub fn is_censored(self) -> bool {
        matches!(self, Self::AtLeast(_))
    }

    /// Its logarithm, that of nothing being ln ½.
    pub(super) fn ln_units(self) -> f64 {
        (self.units() as f64).max(NOTHING).ln()
    }
}

/// Units sold hour by hour since the opening.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sales {
    /// Units sold in each whole hour since the opening in which there was stock to the end; empty before the opening.
    pub hours: Vec<u32>,
    /// Where the stock ran out in the hour after those: units sold until then in all.
    pub sold_out: Option<u64>,
}

impl Sales {
    /// Reads hours on to where a stock ran out: the hour in which it did, and those after it, tell only that all was
    /// sold.
    ///
    /// - `hours`: units sold in each hour since the opening.
    /// - `stock`: units on offer; absent where there was always enough.
    #[must_use]
    pub fn until_sold_out(hours: &[u32], stock: Option<u64>) -> Self {
        let mut sold = 0;
        for (at, units) in hours.iter().enumerate() {
            sold += u64::from(*units);
            if let Some(stock) = stock.filter(|stock| sold >= *stock) {
                return Self {
                    hours: hours[..at].to_vec(),
                    sold_out: Some(stock),
                };
            }
        }
        Self {
            hours: hours.to_vec(),
            sold_out: None,
        }
    }

    /// Units sold in the whole hours.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.hours.iter().map(|units| u64::from(*units)).sum()
    }

    /// The same sales as they were known after so many hours.
    #[must_use]
    pub fn after(&self, hours: usize) -> Self {
        if hours > self.hours.len() {
            self.clone()
        } else {
            Self {
                hours: self.hours[..hours].to_vec(),
                sold_out: None,
            }
        }
    }
}

/// A launch that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// As it was known before it opened.
    pub launch: Launch,
    /// What is known of its demand.
    pub total: Total,
    /// Units that were on offer, where known: forecasts are judged on demand up to there.
    pub stock: Option<u64>,
    /// Its hours, where known.
    pub sales: Option<Sales>,
}

impl Past {
    /// Hour in which it was over, on the clock of [`Launch::opens_hour`].
    #[must_use]
    pub fn closed_hour(&self) -> i64 {
        let duration = i64::from(self.launch.duration_hours);
        self.launch.opens_hour.saturating_add(duration)
    }
}

impl Launch {
    /// Refuses a launch that does not fit the columns.
    pub(super) fn check(&self, columns: &Columns) -> Result<(), PastError> {
        let id = || self.id.clone();
        if self.duration_hours == 0 {
            return Err(PastError::NoTime { launch: id() });
        }
        let lengths = [
            ("labels", self.labels.len(), columns.labels.len()),
            ("numbers", self.numbers.len(), columns.numbers.len()),
        ];
        for (what, found, expected) in lengths {
            if found != expected {
                let launch = id();
                return Err(PastError::Columns {
                    launch,
                    what,
                    found,
                    expected,
                });
            }
        }
        let infinite = |number: &Option<f64>| number.is_some_and(|number| !number.is_finite());
        match self.numbers.iter().position(infinite) {
            Some(at) => Err(PastError::Number {
                launch: id(),
                column: columns.numbers[at].clone(),
                found: self.numbers[at].unwrap_or_default(),
            }),
            None => Ok(()),
        }
    }

    /// Its labels, category and merchant first.
    pub(super) fn all_labels(&self) -> impl Iterator<Item = Option<&str>> {
        let first = [self.category.as_deref(), self.merchant.as_deref()];
        first
            .into_iter()
            .chain(self.labels.iter().map(Option::as_deref))
    }
}

impl Past {
    /// Refuses a launch whose numbers contradict each other.
    pub(super) fn check(&self, columns: &Columns) -> Result<(), PastError> {
        self.launch.check(columns)?;
        let launch = || self.launch.id.clone();
        let Some(sales) = &self.sales else {
            return Ok(());
        };
        let (hours, open) = (sales.hours.len(), self.launch.duration_hours);
        if hours + usize::from(sales.sold_out.is_some()) > open as usize {
            return Err(PastError::Hours {
                launch: launch(),
                found: hours,
                open,
            });
        }
        let (found, total) = (
            sales.sold_out.unwrap_or(0).max(sales.units()),
            self.total.units(),
        );
        if found > total {
            return Err(PastError::MoreThanAll {
                launch: launch(),
                found,
                total,
            });
        }
        Ok(())
    }
}
