//! Stock: closed forms, exhaustive search and vendored figures on one side, what is promised on the other.

mod demand;
mod mix;
mod policy;
mod policy_peer;
mod propose;
mod propose_many;
mod propose_shared;
mod propose_told;
mod shipments;
mod simulate;
mod when;
