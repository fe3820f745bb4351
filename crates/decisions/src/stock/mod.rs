//! Stock: how much to order, when and for where, from the distribution of what may be asked for.

pub mod demand;
mod goal;
pub mod lead_time;
mod mix;
pub mod policy;
pub mod propose;
mod schedule;
pub mod simulate;
mod sum;
pub mod transfer;

pub use demand::{Demand, DemandError, Quantiles, Sample, Units};
pub use goal::Goal;
pub use mix::{Mix, MixError, MixLine, service_mix};
pub use schedule::{OrderDays, Schedule, ScheduleError};
