//! Before an experiment starts: how many units it needs, and who gets what.

mod assignment;
mod balance;
mod power;

pub use assignment::{
    ArmShare, Assigned, Assignment, AssignmentError, Holdout, Layer, Slot, unit_draw,
};
pub use balance::{Balance, BalanceError, strata_balance};
pub use power::{Baseline, Plan, PlanError, Watch};
