//! The decision log: what was answered is on disk before the answer leaves, and reaches the lake exactly once.
//!
//! [`Wal`] acknowledges a record when it is on disk; one thread writes for all callers. Its segments are sealed by
//! size or on demand. [`Drain`] moves the records of sealed segments to the tables `decisions`, `events`,
//! `shadow_answers` and `order_answers` under a tag that names the segment, and deletes the segment after the commit: a
//! segment that is drained again, since its process was killed between the two, replaces its own rows. [`find_decision`] looks a decision up wherever
//! it is by then, and [`compact`] merges the small files that draining leaves behind.

mod columns;
mod committer;
mod compact;
mod deduplicate;
mod drain;
mod files;
mod folder;
mod lookup;
mod recent;
mod records;
mod segment;
mod wal;
mod wire;

pub use compact::{CompactError, CompactOptions, Compacted, compact};
pub use drain::{Drain, DrainError, DrainOptions, Drained, HeldBack};
pub use folder::{Recovery, root_id};
pub use lookup::{LookupError, find_decision, find_order_answer, order_answers_of};
pub use recent::RecentIds;
pub use records::{
    ActionRecord, Answer, DecisionRecord, EventRecord, EventType, LogRecord, OrderAnswer,
    OrderAnswerRecord, RecordError, Reserved, ShadowOutcome, ShadowRecord,
};
pub use segment::{
    Damage, RECORD_BYTES_MAX, SegmentError, SegmentReader, SegmentRecord, read_segment,
};
pub use wal::{Position, Wal, WalError, WalOptions, WalStats};
