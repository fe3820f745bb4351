//! What monitoring promises, as tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod exposition;
mod latency;
