//! Laws that every kind obeys, on a simulated shop.

mod laws;
mod shop;
