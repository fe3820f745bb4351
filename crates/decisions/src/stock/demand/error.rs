//! What is no distribution of demand.

/// Why a distribution of demand is refused.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum DemandError {
    /// Too few quantiles to draw a distribution through.
    #[error("read a demand: found {found} quantiles, allowed is {allowed_min} or more")]
    TooFewQuantiles {
        /// Quantiles given.
        found: usize,
        /// Fewest that are enough.
        allowed_min: usize,
    },
    /// One value is needed for each level.
    #[error("read a demand: found {values} quantiles for {levels} levels, allowed is one for each")]
    Lengths {
        /// Levels given.
        levels: usize,
        /// Values given.
        values: usize,
    },
    /// A level is no probability strictly between 0 and 1, or not above the one before.
    #[error(
        "read a demand: level {place} is {found}, allowed is above the one before and between 0 and 1, both excluded"
    )]
    Level {
        /// Its place, from 0.
        place: usize,
        /// What was found.
        found: f64,
    },
    /// A quantile is negative, not a number, or below that of a lower level.
    #[error(
        "read a demand: quantile {place} is {found}, allowed is 0 or more and not below the one before"
    )]
    Quantile {
        /// Its place, from 0.
        place: usize,
        /// What was found.
        found: f64,
    },
    /// A parameter is outside its range.
    #[error("read a demand: its {parameter} is {found}, allowed is {allowed}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What was found.
        found: f64,
        /// Its range, in words.
        allowed: &'static str,
    },
    /// Nothing was observed, or everything has the weight 0.
    #[error("read a demand: found no observation with a weight above 0, allowed is 1 or more")]
    Empty,
    /// An observation is negative or not a finite number.
    #[error(
        "read a demand: observation {place} is {found}, allowed is a finite number of 0 or more"
    )]
    Observation {
        /// Its place, from 0.
        place: usize,
        /// What was found.
        found: f64,
    },
    /// A weight is negative or not a finite number.
    #[error("read a demand: weight {place} is {found}, allowed is a finite number of 0 or more")]
    Weight {
        /// Its place, from 0.
        place: usize,
        /// What was found.
        found: f64,
    },
}
