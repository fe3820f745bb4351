//! Numerics that know no shop.

pub mod counts;
pub mod discoveries;
pub mod mixture;
pub mod optimise;
pub mod random;
pub mod sparse;
pub mod special;
pub mod tails;
pub mod topk;
