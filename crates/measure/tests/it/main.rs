//! Claims about measuring.

mod ranking;
