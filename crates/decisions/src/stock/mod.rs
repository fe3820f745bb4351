//! Stock: how much to order, when and for where, from the distribution of what may be asked for.

pub mod demand;
pub mod propose;

pub use demand::{Demand, DemandError, Quantiles, Sample, Units};
