//! What sources promise.

mod check;
mod formats;
mod reading;
