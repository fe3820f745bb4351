//! Gamma-Gamma: what a customer spends per order, pulled towards everyone's mean when little was seen.

use math::special::{digamma, ln_gamma};
use rand_distr::{Distribution, Gamma};
use serde::{Deserialize, Serialize};

use super::estimate::{self, CUSTOMERS_MIN, Convergence, FitError, Parameter};

/// What a customer's orders were worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spend {
    /// Orders seen.
    pub orders: u32,
    /// Mean of their amounts, cents; meaningless and unread when there are none.
    pub mean_order_cents: f64,
}

/// The three parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GammaGammaParameters {
    /// Shape of one order's amount around the customer's own mean.
    pub p: f64,
    /// Shape of the customers' scales.
    pub q: f64,
    /// Scale of the customers' scales, cents.
    pub v_cents: f64,
}

/// A mean order, where the model has one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum MeanOrder {
    /// Expected amount of the customer's next order.
    Measured {
        /// Cents.
        cents: f64,
    },
    /// The fitted tail is so heavy (`q + p · orders <= 1`) that its mean is infinite.
    TailHasNoMean,
}

/// A fitted Gamma-Gamma model. It assumes that how much is spent does not depend on how often:
/// [`GammaGamma::frequency_correlation`] says how far that holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GammaGamma {
    parameters: GammaGammaParameters,
    described: Vec<Parameter>,
    convergence: Convergence,
    frequency_correlation: Option<f64>,
}

impl GammaGammaParameters {
    /// Log-likelihood of a mean over orders, and its slopes in ln p, ln q, ln v.
    ///
    /// # Source
    /// Fader and Hardie (2013), "The Gamma-Gamma model of monetary value", eq. 1a.
    fn terms(&self, spend: &Spend) -> (f64, [f64; 3]) {
        let &Self { p, q, v_cents: v } = self;
        let x = f64::from(spend.orders);
        let (mean, total) = (spend.mean_order_cents, x * spend.mean_order_cents);
        let value = ln_gamma(p * x + q)
            - ln_gamma(q)
            - ln_gamma(p * x)
            - (p * x) * (v / total).ln_1p()
            - mean.ln()
            + q * (v.ln() - (total + v).ln());
        let after = digamma(p * x + q);
        let in_p = x * (after - digamma(p * x) - (v / total).ln_1p());
        let in_q = after - digamma(q) - (total / v).ln_1p();
        let in_v = q / v - (p * x + q) / (total + v);
        (value, [p * in_p, q * in_q, v * in_v])
    }

    /// Expected amount of the next order of a customer who spent this.
    pub fn mean_order(&self, spend: &Spend) -> MeanOrder {
        let x = f64::from(spend.orders);
        let total = if spend.orders == 0 {
            0.0
        } else {
            x * spend.mean_order_cents
        };
        let shape = self.p * x + self.q - 1.0;
        if shape > 0.0 {
            MeanOrder::Measured {
                cents: self.p * (self.v_cents + total) / shape,
            }
        } else {
            MeanOrder::TailHasNoMean
        }
    }

    /// Draws the scale of a customer who spent this; the amounts of the orders are then Gamma(`p`, scale).
    pub(crate) fn draw_scale(&self, spend: &Spend, rng: &mut rand_chacha::ChaCha8Rng) -> f64 {
        let x = f64::from(spend.orders);
        let total = if spend.orders == 0 {
            0.0
        } else {
            x * spend.mean_order_cents
        };
        let (shape, inverse_scale) = (self.q + self.p * x, self.v_cents + total);
        Gamma::new(shape, 1.0 / inverse_scale)
            .map_or(shape / inverse_scale, |gamma| gamma.sample(rng))
    }

    /// Draws the amount of one order, cents, of a customer with this scale.
    pub(crate) fn draw_order_cents(&self, scale: f64, rng: &mut rand_chacha::ChaCha8Rng) -> f64 {
        Gamma::new(self.p, 1.0 / scale).map_or(self.p / scale, |gamma| gamma.sample(rng))
    }
}

impl GammaGamma {
    /// Fits to the customers with at least one order by maximum likelihood.
    ///
    /// The published figures leave the first order out: give the repeat orders and their mean to reproduce them.
    ///
    /// # Errors
    /// [`FitError`] when too few customers have orders, an amount is not above zero, or no maximum was reached.
    /// # Source
    /// Fader, Hardie and Lee (2005), "RFM and CLV"; Fader and Hardie (2013). Checked on the CDNOW sample.
    pub fn fit(customers: &[Spend]) -> Result<Self, FitError> {
        let mut buyers = Vec::with_capacity(customers.len());
        for (position, spend) in customers.iter().enumerate() {
            if spend.orders == 0 {
                continue;
            }
            if !(spend.mean_order_cents.is_finite() && spend.mean_order_cents > 0.0) {
                let &Spend {
                    orders,
                    mean_order_cents,
                } = spend;
                return Err(FitError::BadSpend {
                    position,
                    orders,
                    mean_order_cents,
                });
            }
            buyers.push(*spend);
        }
        if buyers.len() < CUSTOMERS_MIN {
            return Err(FitError::TooFewCustomers {
                found: buyers.len(),
                needed: CUSTOMERS_MIN,
            });
        }
        if buyers
            .iter()
            .all(|buyer| buyer.mean_order_cents == buyers[0].mean_order_cents)
        {
            return Err(FitError::AllIdentical {
                customers: buyers.len(),
            });
        }
        let mean = buyers
            .iter()
            .map(|buyer| buyer.mean_order_cents)
            .sum::<f64>()
            / buyers.len() as f64;
        let start = [2.0_f64.ln(), 3.0_f64.ln(), mean.ln()];
        let found = estimate::maximise(&start, buyers.len() as f64, |logs, gradient| {
            let parameters = Self::from_logs(logs);
            estimate::sum_in_order(&buyers, gradient, |spend, slopes| {
                let (value, terms) = parameters.terms(spend);
                slopes
                    .iter_mut()
                    .zip(terms)
                    .for_each(|(slope, term)| *slope += term);
                value
            })
        })?;
        Ok(Self {
            parameters: Self::from_logs(&found.logs),
            described: found.parameters(&["p", "q", "v_cents"], super::PARAMETER_LEVEL),
            convergence: found.convergence,
            frequency_correlation: frequency_correlation(&buyers),
        })
    }

    fn from_logs(logs: &[f64]) -> GammaGammaParameters {
        GammaGammaParameters {
            p: logs[0].exp(),
            q: logs[1].exp(),
            v_cents: logs[2].exp(),
        }
    }

    /// The parameters.
    pub fn parameters(&self) -> &GammaGammaParameters {
        &self.parameters
    }

    /// The parameters with their names and 95 % intervals.
    pub fn parameter_intervals(&self) -> &[Parameter] {
        &self.described
    }

    /// How the fit ended.
    pub fn convergence(&self) -> &Convergence {
        &self.convergence
    }

    /// Correlation between a customer's orders and mean order; the model assumes none.
    ///
    /// Absent when all customers have the same number of orders.
    pub fn frequency_correlation(&self) -> Option<f64> {
        self.frequency_correlation
    }
}

fn frequency_correlation(buyers: &[Spend]) -> Option<f64> {
    let orders: Vec<f64> = buyers.iter().map(|buyer| f64::from(buyer.orders)).collect();
    let means: Vec<f64> = buyers.iter().map(|buyer| buyer.mean_order_cents).collect();
    super::score::correlation(&orders, &means)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_likelihood() {
        for logs in [[1.8, 1.3, 7.3], [-0.5, 0.4, 5.0], [3.0, 2.0, 9.0]] {
            for (orders, mean_order_cents) in [(1, 3000.0), (7, 120.0), (40, 99_999.0)] {
                let spend = Spend {
                    orders,
                    mean_order_cents,
                };
                let (_, slopes) = GammaGamma::from_logs(&logs).terms(&spend);
                for index in 0..3 {
                    let at = |step: f64| {
                        let mut moved: [f64; 3] = logs;
                        moved[index] += step;
                        GammaGamma::from_logs(&moved).terms(&spend).0
                    };
                    let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                    assert!(
                        (slope - slopes[index]).abs() < 1e-5 * (1.0 + slope.abs()),
                        "{spend:?} {index}"
                    );
                }
            }
        }
    }
}
