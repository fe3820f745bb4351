//! What monitoring promises, as tests.

mod exposition;
mod latency;
