//! Stock: closed forms, exhaustive search and vendored figures on one side, what is promised on the other.

mod demand;
mod mix;
mod policy;
mod propose;
mod propose_shared;
mod simulate;
mod when;
