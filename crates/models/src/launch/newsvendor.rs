//! How much to order of what can be ordered once.

use serde::{Deserialize, Serialize};

use super::distribution::Demand;

/// What a unit earns and costs, in any one unit of money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Newsvendor {
    /// Earned with a unit that is sold, and so lost with one that is asked for in vain.
    unit_margin: f64,
    /// Lost with a unit that is left.
    unit_loss: f64,
}

/// A quantity that could be ordered, with what is expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Units ordered.
    pub quantity: f64,
    /// Profit expected, in the unit of the margin.
    pub profit: f64,
    /// Units expected to be sold.
    pub sold: f64,
    /// Units expected to be asked for in vain.
    pub lost: f64,
    /// Units expected to be left.
    pub left: f64,
}

/// Why no quantity can be told.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum NewsvendorError {
    /// No margin, or none to be lost: either nothing or everything would be ordered.
    #[error("choose a quantity: {what} is {found}, expected above 0")]
    NotPositive {
        /// Margin or loss of a unit.
        what: &'static str,
        /// What was found.
        found: f64,
    },
}

impl Newsvendor {
    /// Earnings and losses of a unit.
    ///
    /// - `unit_margin`: of a unit that is sold, its price less its cost; above 0.
    /// - `unit_loss`: of a unit that is left, its cost less what it is salvaged for; above 0.
    ///
    /// # Errors
    /// [`NewsvendorError`] when one is not above 0 or not finite.
    pub fn new(unit_margin: f64, unit_loss: f64) -> Result<Self, NewsvendorError> {
        for (what, found) in [
            ("margin of a unit sold", unit_margin),
            ("loss of a unit left", unit_loss),
        ] {
            if !(found > 0.0 && found.is_finite()) {
                return Err(NewsvendorError::NotPositive { what, found });
            }
        }
        Ok(Self {
            unit_margin,
            unit_loss,
        })
    }

    /// Earned with a unit that is sold.
    #[must_use]
    pub fn unit_margin(&self) -> f64 {
        self.unit_margin
    }

    /// Lost with a unit that is left.
    #[must_use]
    pub fn unit_loss(&self) -> f64 {
        self.unit_loss
    }

    /// The level whose quantile of demand is the best quantity: margin over margin and loss, above 0 and below 1.
    #[must_use]
    pub fn critical_level(&self) -> f64 {
        self.unit_margin / (self.unit_margin + self.unit_loss)
    }

    /// The quantity of the largest expected profit: the quantile of demand at [`Self::critical_level`].
    ///
    /// # Source
    /// Arrow, Harris and Marschak (1951); Porteus (2002), theorem 1.1.
    #[must_use]
    pub fn best(&self, demand: &Demand) -> Order {
        self.order(demand, demand.quantile(self.critical_level()))
    }

    /// What is expected of a quantity.
    ///
    /// - `quantity`: at least 0.
    #[must_use]
    pub fn order(&self, demand: &Demand, quantity: f64) -> Order {
        let (sold, left) = (
            demand.expected_sold(quantity),
            demand.expected_left(quantity),
        );
        Order {
            quantity,
            profit: self.unit_margin * sold - self.unit_loss * left,
            sold,
            lost: demand.expected_lost(quantity),
            left,
        }
    }

    /// Expected profit along quantities: one order for each.
    #[must_use]
    pub fn curve(&self, demand: &Demand, quantities: &[f64]) -> Vec<Order> {
        let of = |quantity: &f64| self.order(demand, *quantity);
        quantities.iter().map(of).collect()
    }
}
