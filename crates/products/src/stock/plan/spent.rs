//! What was ordered lately, as far as it counts in the budgets of suppliers.

use super::Of;
use features::Supply;
use std::collections::HashMap;

/// An order line of a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::stock) struct Ordered {
    /// Of whom.
    pub(in crate::stock) supplier: String,
    /// Day of the order, in days since 1970-01-01.
    pub(in crate::stock) on: i32,
    /// What it costs; `None` where nobody knows.
    pub(in crate::stock) cents: Option<i64>,
}

/// By supplier, cents ordered in the days of a budget, and order lines whose cost nobody knows.
#[derive(Debug, Default)]
pub(in crate::stock) struct Spent(HashMap<String, (i64, u64)>);

impl Spent {
    /// In the `budget_days` that end with a day.
    pub(in crate::stock) fn new<'a>(
        ordered: impl Iterator<Item = &'a Ordered>,
        today: i32,
        budget_days: u32,
    ) -> Self {
        let before = today - i32::try_from(budget_days).unwrap_or(i32::MAX / 2);
        let mut of: HashMap<String, (i64, u64)> = HashMap::new();
        for order in ordered.filter(|order| (before + 1..=today).contains(&order.on)) {
            let (cents, unknown) = of.entry(order.supplier.clone()).or_default();
            match order.cents {
                Some(more) => *cents = cents.saturating_add(more),
                None => *unknown += 1,
            }
        }
        Self(of)
    }

    pub(super) fn of(&self, supplier: &str) -> (i64, u64) {
        self.0.get(supplier).copied().unwrap_or_default()
    }
}

impl Ordered {
    /// All that was ordered of suppliers with a budget. Where an order does not say what a unit costs, the terms or the
    /// catalogue do.
    pub(in crate::stock) fn all(of: &Of<'_>, supply: &Supply) -> Vec<Self> {
        let lines = supply.replenishments.iter().filter_map(|sent| {
            let supplier = sent.supplier.clone()?;
            of.settings.budget(&supplier)?;
            let terms = of.book.of(&sent.product, &sent.site);
            let cost = sent
                .unit_cost_cents
                .or_else(|| of.unit_cost(&sent.product, terms));
            Some(Self {
                supplier,
                on: sent.ordered_on,
                cents: cost.map(|cents| cents.saturating_mul(sent.units)),
            })
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ordered_within_the_days_counts_and_an_unknown_cost_is_told_apart() {
        let order = |supplier: &str, on: i32, cents: Option<i64>| Ordered {
            supplier: supplier.to_owned(),
            on,
            cents,
        };
        let all = [
            order("x", 7, Some(1)),
            order("x", 8, Some(20)),
            order("x", 10, Some(300)),
            order("x", 11, Some(4_000)),
            order("x", 9, None),
            order("y", 10, Some(50_000)),
        ];
        let of = |days: u32| Spent::new(all.iter(), 10, days);
        assert_eq!((of(3).of("x"), of(3).of("y")), ((320, 1), (50_000, 0)));
        assert_eq!((of(1).of("x"), of(1).of("z")), ((300, 0), (0, 0)));
    }
}
