//! Watching what was decided: how long answers take, what fails, and the figures that a monitoring system reads.
//!
//! - [`latency`]: how long something takes, recorded without a lock, with a stated error.
//! - [`metrics`]: counters, gauges and response times, in the text format of Prometheus.

pub mod latency;
pub mod metrics;
