//! The whole program, as its users meet it.

mod architecture;
mod bad_input;
mod guide;
mod program;
mod reference;
mod serving;
mod shops;
