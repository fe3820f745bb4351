//! Experiments, causal effects and the quality of what was shown.

pub mod ranking;
