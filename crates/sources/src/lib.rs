//! Foreign files become rows of the shared tables.
//!
//! A source is one TOML file: which files to read, how each column of a shared table is made from theirs, which rows
//! to skip and which to mark as returns, each with a reason. Reading streams: files of any length pass in batches.

pub mod config;
pub mod expression;
pub mod files;
pub mod map;
mod query;
pub mod read;
mod stream;

pub use config::{Source, read_sources};
pub use files::{FileFound, FileHash, ListError};
pub use map::{MappedRows, TypeFailure};
pub use read::{Lapse, ReadError, RefusedRow};
pub use stream::{Opened, Rows, open};
