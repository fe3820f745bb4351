//! The lake: Delta tables, a SQL engine with a memory budget, and commits that move all tables at once.
//!
//! A lake is a folder or an object-store URL. Each shared table is a Delta table below it, readable by any
//! Delta reader. What Delta does not give is one commit over several tables; a *snapshot* does: a small JSON
//! file that names the version of each table, created with put-if-absent. Readers see the tables as the latest
//! snapshot names them, so a writer killed at any moment leaves the lake as before or after, never between.
//!
//! Functions that await the SQL engine or the Delta library give a future behind a pointer (`BoxFuture`): the
//! libraries below are compiled into this crate once, and not again into every crate that awaits them.

pub mod log;

mod error;
mod kept;
mod merge;
mod scan;
mod session;
mod snapshot;
mod storage;
mod transaction;
mod writer;

pub use error::LakeError;
pub use session::{LakeOptions, RowsError, rows};
pub use snapshot::Snapshot;
pub use storage::Lake;
pub use transaction::Transaction;
pub use writer::TableWriter;

pub use datafusion::execution::SendableRecordBatchStream;
