//! What no policy is found for.

/// Why there is no policy.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// An amount is not a number, or outside its range.
    #[error("find a policy: {what} is {found}, allowed is {allowed}")]
    Amount {
        /// Which amount.
        what: &'static str,
        /// What was found.
        found: f64,
        /// Its range, in words.
        allowed: &'static str,
    },
    /// Nothing is ever asked for, so that an order would be kept for good.
    #[error("find a policy: nothing is ever asked for, allowed is an expected demand above 0")]
    NoDemand,
    /// Whole units are needed, and demand comes in any amount.
    #[error("find a policy of whole units: demand comes in any amount, allowed is whole demand")]
    NotWhole,
    /// Any amount is needed, and demand comes in whole units.
    #[error(
        "find a policy of any amount: demand comes in whole units, allowed is demand of any amount"
    )]
    Whole,
    /// More units than can be listed one by one.
    #[error(
        "find a policy unit by unit: it would take more than {allowed_max}; use larger units, or a demand of any amount"
    )]
    TooManyUnits {
        /// Most that is allowed.
        allowed_max: usize,
    },
}
