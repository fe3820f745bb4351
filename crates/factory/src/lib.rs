//! The loop that runs data products: import, gate, train, evaluate, promote, review, at their times.

pub mod batch;
pub mod compare;
pub mod experiments;
mod given;
mod holdout;
pub mod import;
pub mod incidents;
pub mod jobs;
pub mod ledger;
mod needed;
pub mod project;
pub mod replay;
pub mod review;
pub mod rules;
pub mod run;
pub mod search;
mod views;
pub mod what_if;
mod workshop;

pub use given::{Given, counted};
pub use holdout::{HELD_OUT, is_drawn};
pub use ledger::Ledger;
pub use needed::Needed;
pub use project::Project;
pub use run::{RunError, RunOptions, RunOutcome};
pub use search::{SearchError, SearchOptions};
pub use views::ViewError;
pub use workshop::{CHAMPION, ChampionError, OpenError, Workshop};
