//! What is refused, and why.

use crate::stock::demand::DemandError;

/// Why nothing is proposed for any line.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProposeError {
    /// More lines than there are numbers for.
    #[error("propose orders for {found} lines: allowed is at most {allowed_max}")]
    LineCount {
        /// Lines given.
        found: usize,
        /// Most that are allowed.
        allowed_max: usize,
    },
    /// A budget is negative.
    #[error("propose orders under budget {budget}: it is {found} cents, allowed is 0 or more")]
    Budget {
        /// The budget, by its place.
        budget: usize,
        /// What was found.
        found: i64,
    },
    /// A minimum of an order is negative.
    #[error(
        "propose orders under the minimum of order {order}: it is {found} cents, allowed is 0 or more"
    )]
    Minimum {
        /// The order, by its place.
        order: usize,
        /// What was found.
        found: i64,
    },
}

/// Why nothing is proposed for one line.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum LineError {
    /// Its demand is no distribution.
    #[error("propose an order: its demand cannot be read")]
    Demand(#[source] DemandError),
    /// When what is ordered arrives is not known, so that nobody can tell what it has to last for.
    #[error(
        "propose an order: its lead time is unknown, allowed is a number of days or what receipts teach"
    )]
    UnknownLeadTime,
    /// What is in stock is not known.
    #[error("propose an order: its stock is unknown, allowed is 0 units or more")]
    UnknownStock,
    /// A number of units is negative.
    #[error("propose an order: {what} is {found} units, allowed is 0 or more")]
    NegativeStock {
        /// Which number.
        what: &'static str,
        /// What was found.
        found: i64,
    },
    /// A number of units is beyond what is counted.
    #[error("propose an order: {what} is {found} units, allowed is at most {allowed_max}")]
    TooMany {
        /// Which number.
        what: &'static str,
        /// What was found.
        found: i64,
        /// Most that is allowed.
        allowed_max: i64,
    },
    /// Packs of nothing.
    #[error("propose an order: a pack has 0 units, allowed is 1 or more")]
    EmptyPack,
    /// A level of service or of selling out is no probability that can be reached.
    #[error("propose an order: {what} is {found}, allowed is between 0 and 1, both excluded")]
    Level {
        /// Which level.
        what: &'static str,
        /// What was found.
        found: f64,
    },
    /// An amount is not a number, or outside its range.
    #[error("propose an order: {what} is {found}, allowed is {allowed}")]
    Amount {
        /// Which amount.
        what: &'static str,
        /// What was found.
        found: f64,
        /// Its range, in words.
        allowed: &'static str,
    },
    /// Unmet demand is lost and it is not known how much there is until the order arrives.
    #[error(
        "propose an order: unmet demand is lost and demand until arrival is unknown, allowed is a demand until arrival"
    )]
    UnknownUntilArrival,
    /// It names an order, budget or site that is not there.
    #[error("propose an order: it names {what} {found}, allowed is below {n}")]
    NoSuchLimit {
        /// Order, budget or site.
        what: &'static str,
        /// The place that it names.
        found: u32,
        /// How many there are.
        n: usize,
    },
}

impl From<DemandError> for LineError {
    fn from(error: DemandError) -> Self {
        Self::Demand(error)
    }
}
