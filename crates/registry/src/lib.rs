//! The memory of what was trained and promised, and of what came of it: runs, versions, aliases, artefacts, searches of
//! settings, API keys, budgets, how data products answered and what their decisions led to, incidents and who was told of
//! them, jobs and who runs them, and the audit.
//!
//! One [`Registry`], two databases: a SQLite file (the default) or a PostgreSQL server (for a team, by URL).
//! Both answer the same queries and keep the same promises:
//!
//! - **One writer at a time.** Every change is one transaction behind one lock (`BEGIN IMMEDIATE` in SQLite, an
//!   advisory lock in PostgreSQL), so numbers have no gaps and two promotions at once cannot both win.
//!   Readers never wait.
//! - **A process that dies leaves nothing half done.** What a function has answered is on disk; what it has not
//!   answered is either there in full or not there at all.
//! - **A lock held elsewhere is an error with a name**, after [`LOCK_WAIT`], not a process that hangs.
//! - **What comes out is what went in.** An artefact is verified against its SHA-256 each time it is read.
//!
//! Nothing here reads a clock or draws a random number: the caller gives the time and the secret.
//!
//! A SQLite registry must lie on a local disk: its write-ahead log does not work over a network file system
//! (<https://www.sqlite.org/wal.html>, section 1). Several machines share a registry through PostgreSQL.

mod aliases;
mod artefact;
mod attempts;
mod audit;
mod budgets;
mod incidents;
mod kept;
mod keys;
mod leaders;
mod limits;
mod migrations;
mod moves;
mod open;
mod outcomes;
mod place;
mod promotion;
mod publish;
mod reservations;
mod rows;
mod run_life;
mod runs;
mod searches;
mod service;
mod store;
mod trials;
mod versions;

pub use aliases::{AliasChange, AliasRecord, CHALLENGER, CHAMPION, Cause, Signature, TRIAL};
pub use artefact::{ARTEFACT_BYTES_MAX, Artefact, ReadArtefactError, sha256_hex};
pub use attempts::{Attempt, AttemptState, JobRecord, NewAttempt};
pub use audit::{Act, AuditLine, Verified, VerifyAuditError};
pub use budgets::{
    BudgetRecord, LeaseAsked, LeaseError, LeaseRecord, OpenBudgetError, ReleaseError,
};
pub use incidents::{About, IncidentRecord, MessageClaim, MessageRecord, NoteError, Noted, Signal};
pub use keys::{CreateKeyError, KeyRecord, NewKey, RevokeKeyError, VerifyKeyError};
pub use leaders::Leader;
pub use limits::{LeaseLimitsError, LeasedLimit, LimitAsked, LimitRecord, NewLimit};
pub use moves::{AliasError, RollbackError};
pub use open::{LOCK_WAIT, OpenError, Registry};
pub use outcomes::{ErrorSums, OutcomeDay, PositionDay};
pub use place::UrlError;
pub use promotion::PromoteError;
pub use publish::{Made, Place, PublishError, Published};
pub use reservations::{ConfirmError, Expired, NewReservation, Redeemed, ReserveError};
pub use run_life::{EndRunError, StartRunError};
pub use runs::{NewRun, Outcome, RunCost, RunRecord, RunStatus, TableVersion};
pub use searches::{SearchRecord, SearchedFit};
pub use service::ServiceRecord;
pub use store::StoreError;
pub use trials::TrialShare;
pub use versions::{NewVersion, RegisterError, VersionRecord};
