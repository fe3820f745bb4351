//! A change that nobody drew: sites beside other sites, or blocks of days beside other blocks.

mod compared;
mod fitted;
mod measured;
mod read;
mod settings;
mod told;

pub(super) use fitted::{Body, FittedChange, Golden};
pub(crate) use settings::Change;
