//! What contracts promise.

mod judge;
mod laws;
