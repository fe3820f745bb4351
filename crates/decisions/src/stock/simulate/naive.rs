//! What anybody would do.

use super::{Now, Policy};

/// Orders up to the mean of the last periods, for as long as an order has to last, times a factor.
///
/// It sees what was asked for, with what was lost, which a shop seldom does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NaiveRule {
    /// Periods that the mean is taken over; fewer where fewer are known.
    pub mean_over: usize,
    /// Periods that an order has to last: lead time and review together.
    pub protection_periods: f64,
    /// What it is multiplied by, for safety.
    pub factor: f64,
}

impl Policy for NaiveRule {
    fn order(&mut self, now: &Now<'_>) -> f64 {
        let from = now.asked.len().saturating_sub(self.mean_over.max(1));
        let last = &now.asked[from..];
        let mean = last.iter().sum::<f64>() / last.len().max(1) as f64;
        mean * self.protection_periods * self.factor - now.position()
    }
}
