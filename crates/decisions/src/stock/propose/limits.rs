//! Limits that lines share.

use schema::Cents;

/// The least that a supplier delivers at once: an order has both or is not placed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderMinimum {
    /// Fewest units; 0 where there is no such minimum.
    pub units: u64,
    /// Least money; 0 where there is no such minimum.
    pub money: Cents,
}

/// What lines share. A line names each by its place here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits<'a> {
    /// Orders, each of one supplier and, where it delivers to each site by itself, of one site.
    pub orders: &'a [OrderMinimum],
    /// Money that may be spent, each for one supplier and period, 0 or more.
    pub budgets: &'a [Cents],
    /// Units that each site has room for: of its lines together, what is there, on order and ordered now. Whoever
    /// counts on what sells before the delivery adds it.
    pub sites: &'a [u64],
}
