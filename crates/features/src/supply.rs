//! What is on hand and on order at each site, and how it is supplied.

use crate::LoadError;
use crate::columns::Columns;
use crate::demand::ALL;
use crate::load::each;
use crate::order_answers::order_answers;
use lake::{Lake, Snapshot};
use schema::AsOf;

pub use crate::order_answers::{Answer, OrderAnswer};

/// Days of stock levels that are read: a version is measured on days within them.
const LEVEL_DAYS: i32 = 400;

/// Units of one product at one site at the end of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// The product.
    pub product: String,
    /// The site.
    pub site: String,
    /// Day (since 1970-01-01) and units on hand at its end, oldest first.
    pub days: Vec<(i32, i64)>,
}

/// One product in one order of goods for one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replenishment {
    /// The product.
    pub product: String,
    /// Where it goes.
    pub site: String,
    /// Who sends it; `None` for a transfer.
    pub supplier: Option<String>,
    /// The site it comes from; `None` for an order from a supplier.
    pub from_site: Option<String>,
    /// Day of the order, in days since 1970-01-01.
    pub ordered_on: i32,
    /// Units ordered.
    pub units: i64,
    /// What one unit costs.
    pub unit_cost_cents: Option<i64>,
    /// Day promised.
    pub due_on: Option<i32>,
    /// Day of arrival and units that arrived; `None` where nothing has arrived yet.
    pub received: Option<(i32, i64)>,
}

/// How one product is supplied to one site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The product; `None` for all.
    pub product: Option<String>,
    /// The site; `None` for all.
    pub site: Option<String>,
    /// Who supplies it.
    pub supplier: String,
    /// Days from order to arrival, as promised.
    pub lead_time_days: Option<u32>,
    /// Weekdays on which it can be ordered, as `mon,thu`; `None` for every day.
    pub order_days: Option<String>,
    /// Units of one pack.
    pub pack_units: Option<u32>,
    /// Fewest units of one order line.
    pub minimum_units: Option<u32>,
    /// What one unit costs.
    pub unit_cost_cents: Option<i64>,
    /// What one order line costs whatever its size.
    pub order_cost_cents: Option<i64>,
    /// Days that it can be sold after it arrives.
    pub shelf_life_days: Option<u32>,
    /// Units that the shelf must show.
    pub presentation_units: Option<u32>,
    /// Units that the site can hold of it.
    pub capacity_units: Option<u32>,
}

/// What is on hand and on order, and how it is supplied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supply {
    /// By product and site.
    pub levels: Vec<Levels>,
    /// By day of order.
    pub replenishments: Vec<Replenishment>,
    /// What people made of proposed orders, by day of the proposal.
    pub answers: Vec<OrderAnswer>,
    /// By product and site.
    pub terms: Vec<Terms>,
    /// Units that a site can hold of all products together, by site; those that say nothing are left out.
    pub capacities: Vec<(String, u64)>,
}

impl Supply {
    /// What was known at an earlier day: orders made by then, and what had arrived.
    #[must_use]
    pub fn before(&self, as_of: AsOf) -> Self {
        let until = as_of.epoch_day();
        let cut = |levels: &Levels| {
            let days = &levels.days[..levels.days.partition_point(|(day, _)| *day < until)];
            (!days.is_empty()).then(|| Levels {
                days: days.to_vec(),
                ..levels.clone()
            })
        };
        let ordered = self
            .replenishments
            .iter()
            .filter(|r| r.ordered_on < until)
            .map(|r| Replenishment {
                received: r.received.filter(|(day, _)| *day < until),
                ..r.clone()
            });
        Self {
            levels: self.levels.iter().filter_map(cut).collect(),
            replenishments: ordered.collect(),
            answers: self
                .answers
                .iter()
                .filter(|of| of.ordered_on < until)
                .cloned()
                .collect(),
            terms: self.terms.clone(),
            capacities: self.capacities.clone(),
        }
    }
}

/// What was on hand and on order before a day, with the terms of supply. What is ordered on the day itself is known too:
/// it is on its way, and has taken its part of budgets. Read where a data product decides on stock;
/// the rest of a history does without.
///
/// Memory: 16 bytes a stock level of the last 400 days.
///
/// # Errors
/// [`LoadError::Lake`] when a table cannot be read.
pub async fn supply(lake: &Lake, snapshot: &Snapshot, as_of: AsOf) -> Result<Supply, LoadError> {
    let mut found = Supply {
        levels: levels(lake, snapshot, as_of).await?,
        answers: order_answers(lake, snapshot, as_of).await?,
        ..Supply::default()
    };
    let sql = format!(
        "SELECT product_id, site_id, supplier_id, from_site_id, ordered_on, units, unit_cost_cents, due_on, \
         received_on, received_units FROM replenishments WHERE ordered_on <= DATE '{as_of}' \
         ORDER BY ordered_on, replenishment_id, product_id, site_id"
    );
    let until = as_of.epoch_day();
    each(lake, snapshot, "replenishments", &sql, |batch| {
        let of = Columns(batch);
        let rows = of.rows().map(|row| Replenishment {
            product: of.owned(0, row).unwrap_or_default(),
            site: of.owned(1, row).unwrap_or_default(),
            supplier: of.owned(2, row),
            from_site: of.owned(3, row),
            ordered_on: of.day(4, row).unwrap_or_default(),
            units: of.whole(5, row).unwrap_or_default(),
            unit_cost_cents: of.whole(6, row),
            due_on: of.day(7, row),
            received: of
                .day(8, row)
                .zip(of.whole(9, row))
                .filter(|(day, _)| *day < until),
        });
        found.replenishments.extend(rows);
    })
    .await?;
    let sql = "SELECT product_id, site_id, supplier_id, lead_time_days, order_days, pack_units, minimum_units, \
               unit_cost_cents, order_cost_cents, shelf_life_days, presentation_units, capacity_units \
               FROM supply_terms ORDER BY product_id, site_id";
    each(lake, snapshot, "supply_terms", sql, |batch| {
        let of = Columns(batch);
        let rows = of.rows().map(|row| Terms {
            product: of.owned(0, row).filter(|product| product != ALL),
            site: of.owned(1, row).filter(|site| site != ALL),
            supplier: of.owned(2, row).unwrap_or_default(),
            lead_time_days: of.count(3, row),
            order_days: of.owned(4, row),
            pack_units: of.count(5, row),
            minimum_units: of.count(6, row),
            unit_cost_cents: of.whole(7, row),
            order_cost_cents: of.whole(8, row),
            shelf_life_days: of.count(9, row),
            presentation_units: of.count(10, row),
            capacity_units: of.count(11, row),
        });
        found.terms.extend(rows);
    })
    .await?;
    let sql = "SELECT site_id, capacity_units FROM sites WHERE capacity_units IS NOT NULL ORDER BY site_id";
    each(lake, snapshot, "sites", sql, |batch| {
        let of = Columns(batch);
        let rows = of.rows().filter_map(|row| {
            let units = of.whole(1, row).and_then(|units| u64::try_from(units).ok());
            of.owned(0, row).zip(units)
        });
        found.capacities.extend(rows);
    })
    .await?;
    Ok(found)
}

async fn levels(lake: &Lake, snapshot: &Snapshot, as_of: AsOf) -> Result<Vec<Levels>, LoadError> {
    let from = as_of.minus_days(LEVEL_DAYS);
    let sql = format!(
        "SELECT product_id, site_id, day, on_hand FROM stock_levels \
         WHERE day < DATE '{as_of}' AND day >= DATE '{from}' ORDER BY product_id, site_id, day"
    );
    let mut found: Vec<Levels> = Vec::new();
    each(lake, snapshot, "stock_levels", &sql, |batch| {
        let of = Columns(batch);
        for row in of.rows() {
            let (product, site) = (of.text(0, row).unwrap_or(""), of.text(1, row).unwrap_or(""));
            let level = (
                of.day(2, row).unwrap_or_default(),
                of.whole(3, row).unwrap_or_default(),
            );
            match found.last_mut() {
                Some(last) if last.product == product && last.site == site => {
                    last.days.push(level);
                }
                _ => found.push(Levels {
                    product: product.to_owned(),
                    site: site.to_owned(),
                    days: vec![level],
                }),
            }
        }
    })
    .await?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::time::date_of;

    #[test]
    fn a_day_knows_what_was_ordered_and_what_had_arrived_before_it() {
        let sent = |ordered_on: i32, received: Option<(i32, i64)>| Replenishment {
            product: "tea".to_owned(),
            site: "s".to_owned(),
            supplier: Some("x".to_owned()),
            from_site: None,
            ordered_on,
            units: 10,
            unit_cost_cents: None,
            due_on: None,
            received,
        };
        let supply = Supply {
            levels: vec![Levels {
                product: "tea".to_owned(),
                site: "s".to_owned(),
                days: vec![(1, 5), (4, 3), (9, 8)],
            }],
            replenishments: vec![sent(2, Some((4, 10))), sent(3, Some((6, 9))), sent(6, None)],
            ..Supply::default()
        };
        let earlier = supply.before(AsOf(date_of(6)));
        assert_eq!(earlier.levels[0].days, [(1, 5), (4, 3)]);
        assert_eq!(
            earlier.replenishments,
            [sent(2, Some((4, 10))), sent(3, None)]
        );
    }
}
