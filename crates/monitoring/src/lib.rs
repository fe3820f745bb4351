//! Watching what was decided: how long answers take, what fails, whether a product still does what it did when it went
//! live, and why not.
//!
//! - [`latency`]: how long something takes, recorded without a lock, with a stated error.
//! - [`metrics`]: counters, gauges and response times, in the text format of Prometheus.
//! - [`loss`]: whether the live loss has passed its baseline plus what is tolerated, read as often as one likes.
//! - [`inputs`]: whether what a model is given is still what it learnt from, over all features and products.
//! - [`promises`]: error budgets of latency, failures, fallback and freshness, and how fast they burn.
//! - [`ageing`]: what a day of age costs a version.
//! - [`cause`]: a change of a mean in parts that add up: mix, inputs by feature, the relation itself.
//! - [`expected`]: performance before outcomes are known, and what that stands on.
//! - [`positions`]: what lists lead to at each of their positions, however long they are.
//! - [`evidence`]: the money of bets that begin on every day, by which all watches are judged.
//! - [`refusal`]: input that cannot be watched.

pub mod ageing;
pub mod cause;
pub mod evidence;
pub mod expected;
pub mod inputs;
pub mod latency;
pub mod loss;
pub mod metrics;
pub mod positions;
pub mod promises;
pub mod refusal;
