//! Before an experiment starts: how many units it needs, and who gets what.

mod alarms;
mod assignment;
mod balance;
mod blocks;
mod power;

pub use alarms::{FalseAlarms, false_alarms};
pub use assignment::{
    ArmShare, Assigned, Assignment, AssignmentError, Holdout, Layer, Slot, unit_draw,
};
pub use balance::{Balance, BalanceError, standardised_difference, strata_balance};
pub use blocks::arms_in_block;
pub use power::{Baseline, Plan, PlanError, Watch};
