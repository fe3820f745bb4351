//! How much may be asked for over some periods together: the distribution that every decision on stock starts from.
//!
//! A [`Demand`] is small and copied; quantiles and samples are borrowed from where they are stored. All of them answer
//! the same questions: how likely is at most so much ([`Demand::cdf`]), how much covers a level
//! ([`Demand::quantile`]), how many units are missing ([`Demand::shortage`]) or left ([`Demand::left_over`]) on
//! average of a stock. The last two are the loss functions; each is a closed form.

mod counts;
mod error;
mod met;
mod mixture;
mod normal;
mod quantiles;
mod sample;

pub use error::DemandError;
pub use met::met_quantiles;
pub use mixture::mixture_quantiles;
pub use quantiles::{Quantiles, Units};
pub use sample::Sample;

use counts::Count;
use math::counts::NegativeBinomial;
use normal::{LogNormal, Normal};
use quantiles::Drawn;

/// Demand over some periods together, in units.
///
/// Made by its constructors, which refuse what is no distribution; from then on every method answers with a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand<'a>(Kind<'a>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind<'a> {
    Quantiles(Drawn<'a>),
    Count(Count),
    Normal(Normal),
    LogNormal(LogNormal),
    Sample(&'a Sample),
}

impl<'a> Demand<'a> {
    /// Demand known by some of its quantiles, as forecasts are stored.
    ///
    /// # Errors
    /// [`DemandError`] when there are fewer than two, when levels do not rise within 0 to 1, or when values fall, are
    /// negative or not finite.
    pub fn quantiles(quantiles: Quantiles<'a>) -> Result<Self, DemandError> {
        Drawn::new(quantiles).map(|drawn| Self(Kind::Quantiles(drawn)))
    }

    /// Poisson demand; of mean 0 nothing is ever asked for.
    ///
    /// # Errors
    /// [`DemandError::Parameter`] when the mean is negative or not finite.
    pub fn poisson(mean: f64) -> Result<Self, DemandError> {
        let mean = at_least_0("mean", mean)?;
        Ok(Self(Kind::Count(Count::Poisson { mean })))
    }

    /// Negative binomial demand of this mean and variance; where they are equal it is Poisson demand.
    ///
    /// # Errors
    /// [`DemandError::Parameter`] when the mean is negative, the variance below it, or one of them not finite.
    pub fn negative_binomial(mean: f64, variance: f64) -> Result<Self, DemandError> {
        let mean = at_least_0("mean", mean)?;
        if !variance.is_finite() || variance < mean {
            return Err(DemandError::Parameter {
                parameter: "variance",
                found: variance,
                allowed: "a finite number not below the mean",
            });
        }
        if mean == 0.0 || variance == mean {
            return Self::poisson(mean);
        }
        let size = mean * mean / (variance - mean);
        let success = mean / variance;
        Ok(Self(Kind::Count(Count::NegativeBinomial {
            mean,
            of: NegativeBinomial { size, success },
        })))
    }

    /// Normal demand. It may be negative, as in the textbook: what is returned. A deviation of 0 is a fixed amount.
    ///
    /// # Errors
    /// [`DemandError::Parameter`] when the mean is not finite, or the deviation negative or not finite.
    pub fn normal(mean: f64, standard_deviation: f64) -> Result<Self, DemandError> {
        let mean = finite("mean", mean)?;
        let deviation = at_least_0("standard deviation", standard_deviation)?;
        Ok(Self(Kind::Normal(Normal { mean, deviation })))
    }

    /// Log-normal demand of this mean and standard deviation, of the demand itself and not of its logarithm.
    ///
    /// # Errors
    /// [`DemandError::Parameter`] when the mean is not above 0, or the deviation negative or not finite.
    pub fn log_normal(mean: f64, standard_deviation: f64) -> Result<Self, DemandError> {
        let deviation = at_least_0("standard deviation", standard_deviation)?;
        if !mean.is_finite() || mean <= 0.0 {
            return Err(DemandError::Parameter {
                parameter: "mean",
                found: mean,
                allowed: "a finite number above 0",
            });
        }
        Ok(Self(Kind::LogNormal(LogNormal::of(mean, deviation))))
    }

    /// Demand as it was observed.
    #[must_use]
    pub fn sample(sample: &'a Sample) -> Self {
        Self(Kind::Sample(sample))
    }

    /// Whether only whole units are ever asked for.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self.0 {
            Kind::Quantiles(drawn) => drawn.is_whole(),
            Kind::Count(_) => true,
            Kind::Normal(_) | Kind::LogNormal(_) => false,
            Kind::Sample(sample) => sample.is_whole(),
        }
    }

    /// Expected demand, in units.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self.0 {
            Kind::Quantiles(drawn) => drawn.mean(),
            Kind::Count(count) => count.mean(),
            Kind::Normal(normal) => normal.mean,
            Kind::LogNormal(log_normal) => log_normal.mean(),
            Kind::Sample(sample) => sample.mean(),
        }
    }

    /// Probability that at most so many units are asked for.
    #[must_use]
    pub fn cdf(&self, units: f64) -> f64 {
        match self.0 {
            Kind::Quantiles(drawn) => drawn.cdf(units),
            Kind::Count(count) => count.cdf(units),
            Kind::Normal(normal) => normal.cdf(units),
            Kind::LogNormal(log_normal) => log_normal.cdf(units),
            Kind::Sample(sample) => sample.cdf(units),
        }
    }

    /// Probability that more than so many units are asked for: that a stock of so many does not last.
    ///
    /// Keeps its digits where one less [`Demand::cdf`] would have none left.
    #[must_use]
    pub fn above(&self, units: f64) -> f64 {
        match self.0 {
            Kind::Quantiles(drawn) => drawn.above(units),
            Kind::Count(count) => count.above(units),
            Kind::Normal(normal) => normal.above(units),
            Kind::LogNormal(log_normal) => log_normal.above(units),
            Kind::Sample(sample) => sample.above(units),
        }
    }

    /// Fewest units that cover demand with this probability: the least `x` of which [`Demand::cdf`] is `level` or more.
    ///
    /// - `level`: 0 to 1; at 0 the least that may be asked for, and at 1 the most, which may be infinite.
    #[must_use]
    pub fn quantile(&self, level: f64) -> f64 {
        match self.0 {
            Kind::Quantiles(drawn) => drawn.quantile(level),
            Kind::Count(count) => count.quantile(level),
            Kind::Normal(normal) => normal.quantile(level),
            Kind::LogNormal(log_normal) => log_normal.quantile(level),
            Kind::Sample(sample) => sample.quantile(level),
        }
    }

    /// Units that a stock lacks on average: the expectation of demand less stock where that is above 0.
    #[must_use]
    pub fn shortage(&self, stock: f64) -> f64 {
        match self.0 {
            Kind::Quantiles(drawn) => drawn.shortage(stock),
            Kind::Count(count) => count.shortage(stock),
            Kind::Normal(normal) => normal.shortage(stock),
            Kind::LogNormal(log_normal) => log_normal.shortage(stock),
            Kind::Sample(sample) => sample.shortage(stock),
        }
    }

    /// Units that are left of a stock on average: the expectation of stock less demand where that is above 0.
    #[must_use]
    pub fn left_over(&self, stock: f64) -> f64 {
        // Rounding may take a difference of two equal amounts below nothing.
        (stock - self.mean() + self.shortage(stock)).max(0.0)
    }

    /// Probability that exactly `count` units are asked for; of demand in parts of units, that it rounds to `count`.
    ///
    /// What is negative counts as 0.
    #[must_use]
    pub fn mass(&self, count: u32) -> f64 {
        let at = f64::from(count);
        match self.0 {
            Kind::Count(of) => of.mass(at),
            Kind::Quantiles(_) | Kind::Normal(_) | Kind::LogNormal(_) | Kind::Sample(_) => {
                if self.is_whole() {
                    self.above(at - 1.0) - self.above(at)
                } else if count == 0 {
                    self.cdf(0.5)
                } else {
                    self.above(at - 0.5) - self.above(at + 0.5)
                }
            }
        }
    }

    /// Probability of each whole count from 0 on ([`Demand::mass`]), until less than `rest` is beyond; that rest is
    /// given to the last one, so that they add up to 1.
    #[must_use]
    pub fn masses(&self, rest: f64) -> Vec<f64> {
        /// Counts listed at most.
        const LISTED_MAX: u32 = 1 << 20;
        let half = if self.is_whole() { 0.0 } else { 0.5 };
        let mut masses = Vec::new();
        for count in 0..LISTED_MAX {
            masses.push(self.mass(count));
            if self.above(f64::from(count) + half) < rest {
                break;
            }
        }
        let without_last: f64 = masses[..masses.len() - 1].iter().sum();
        if let Some(last) = masses.last_mut() {
            *last = (1.0 - without_last).max(0.0);
        }
        masses
    }
}

fn finite(parameter: &'static str, found: f64) -> Result<f64, DemandError> {
    let allowed = "a finite number";
    if found.is_finite() {
        Ok(found)
    } else {
        Err(DemandError::Parameter {
            parameter,
            found,
            allowed,
        })
    }
}

fn at_least_0(parameter: &'static str, found: f64) -> Result<f64, DemandError> {
    if found.is_finite() && found >= 0.0 {
        return Ok(found);
    }
    Err(DemandError::Parameter {
        parameter,
        found,
        allowed: "a finite number of 0 or more",
    })
}
