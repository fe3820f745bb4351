//! What cannot be simulated.

/// Why nothing was simulated.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SimulateError {
    /// There is no period to count.
    #[error(
        "simulate {periods} periods of which {warm_up} are not counted: allowed is 1 or more that are"
    )]
    NoPeriod {
        /// Periods of demand.
        periods: usize,
        /// Those that are not counted.
        warm_up: usize,
    },
    /// Demand of a period is negative or not a finite number.
    #[error(
        "simulate period {period}: its demand is {found}, allowed is a finite number of 0 or more"
    )]
    Demand {
        /// The period.
        period: usize,
        /// What was found.
        found: f64,
    },
    /// A setting is outside its range.
    #[error("simulate stock: {what} is {found}, allowed is {allowed}")]
    Setting {
        /// Which one.
        what: &'static str,
        /// What was found.
        found: f64,
        /// Its range, in words.
        allowed: &'static str,
    },
    /// A policy asked for what is no number.
    #[error("simulate period {period}: the policy orders {found}, allowed is a finite number")]
    Order {
        /// The period.
        period: usize,
        /// What was found.
        found: f64,
    },
}
