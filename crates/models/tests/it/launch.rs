//! Launches: each layer adds what it should, stock that ran out is no demand, intervals hold before and after the
//! opening.

mod attributes;
mod curves;
mod degenerate;
mod distribution;
mod layers;
mod merchants;
mod shop;
mod update;
