//! Jobs: imports, trainings, decisions and reviews at their times, without a person.
//!
//! Reading order: [`file`] (what a job is), [`due`] (when it is to be done), [`work`] (who does it), [`child`] (how).

mod child;
mod due;
mod file;
mod process;
mod work;

pub use child::{ATTEMPT, WITH_PARENT};
pub use due::{Known, Standing, is_given_up, standings};
pub use file::{Does, Job, JobFile};
pub use work::{Happened, JOBS, WorkOptions};

pub(crate) use file::in_order;
