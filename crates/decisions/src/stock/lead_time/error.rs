//! What is no lead time.

use jiff::civil::Date;

/// Why a lead time is refused or cannot be learnt.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum LeadTimeError {
    /// No order was received, so that nobody knows how long one takes.
    #[error(
        "learn lead times from {open} open orders: found no order received, allowed is 1 or more"
    )]
    NothingReceived {
        /// Orders that are awaited.
        open: usize,
    },
    /// No weight is above 0.
    #[error("read a lead time: found no weight above 0, allowed is 1 or more")]
    Empty,
    /// A weight is negative or not a finite number.
    #[error(
        "read a lead time: the weight of {days} days is {found}, allowed is a finite number of 0 or more"
    )]
    Weight {
        /// The days.
        days: usize,
        /// What was found.
        found: f64,
    },
    /// More days than anybody waits.
    #[error("read a lead time: it is {found} days, allowed is at most {allowed_max}")]
    Days {
        /// What was found.
        found: u32,
        /// Most that is allowed.
        allowed_max: u32,
    },
    /// An order was received before it was placed, or after what is known.
    #[error(
        "learn lead times: order {place} was received on {found}, allowed is {ordered} to {as_of}"
    )]
    Received {
        /// The order, by its place.
        place: usize,
        /// When it was received.
        found: Date,
        /// When it was placed.
        ordered: Date,
        /// The day up to which everything is known.
        as_of: Date,
    },
    /// An order was placed after what is known.
    #[error("learn lead times: order {place} was placed on {found}, allowed is up to {as_of}")]
    Ordered {
        /// The order, by its place.
        place: usize,
        /// When it was placed.
        found: Date,
        /// The day up to which everything is known.
        as_of: Date,
    },
    /// The strength of pooling is negative or not a finite number.
    #[error("learn lead times pooled as {found} receipts: allowed is a finite number of 0 or more")]
    Pooling {
        /// What was found.
        found: f64,
    },
}
