//! Proposals of orders: for every product at every site, how much, and why not more.

mod errors;
mod limits;
mod line;
mod outcome;

pub use errors::{LineError, ProposeError};
pub use limits::{Limits, OrderMinimum};
pub use line::{Goal, Line, Lines, ShelfLife, Unmet};
pub use outcome::{
    Asked, Binding, BudgetUse, Contradiction, Cover, OrderUse, Outcome, Placed, Proposal,
    Proposals, SiteUse, Stopped,
};
