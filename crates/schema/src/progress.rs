//! How long work tells where it is, without knowing who listens.

use std::time::Duration;

/// Receives the progress of one piece of work; the command line draws bars, the server and tests may ignore it.
pub trait Progress: Send + Sync {
    /// A new stage begins: what it does, and how many units it has (bytes, products …), 0 where unknown.
    fn stage(&self, what: &str, units: u64);
    /// A new stage begins whose work cannot be counted: what it does, and how long all that follows may take, where
    /// earlier runs tell.
    fn stage_of_time(&self, what: &str, expected: Option<Duration>);
    /// `units` more are done.
    fn advance(&self, units: u64);
    /// A line worth keeping on screen.
    fn note(&self, line: &str);
    /// Nothing is under way any more: what is shown of the last stage goes away.
    fn end(&self);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str, _: u64) {}
    fn stage_of_time(&self, _: &str, _: Option<Duration>) {}
    fn advance(&self, _: u64) {}
    fn note(&self, _: &str) {}
    fn end(&self) {}
}
