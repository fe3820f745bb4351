//! The lake and the decision log, as their users see them.

mod compaction;
mod draining;
mod killed;
mod killed_transactions;
mod lookups;
mod queries;
mod shop;
mod transactions;
mod wal;
