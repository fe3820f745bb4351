//! What each site sold, day by day: the units of changes that are made to stores.

use crate::load::each;
use crate::{LoadError, Until};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use lake::{Lake, Snapshot};
use schema::AsOf;
use std::collections::BTreeMap;

/// What was sold on one day (UTC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SiteDay {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Orders, those taken back not counted.
    pub orders: i64,
    /// Money in cents, discounts and returns taken off.
    pub spend_cents: i64,
    /// The same less the cost of the goods, over the lines whose cost is known.
    pub margin_cents: i64,
    /// Discounts given, those of returns taken off.
    pub discount_cents: i64,
}

/// The days of all sites. Memory: 40 bytes a day on which a site sold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sites {
    /// Within a site by day.
    of: BTreeMap<String, Vec<SiteDay>>,
    /// Sales whose site is not known, or that were made at none.
    elsewhere: Vec<SiteDay>,
}

impl Sites {
    /// In any order of days, each day of a site once; `None` for sales without a site.
    #[must_use]
    pub fn new(days: impl IntoIterator<Item = (Option<String>, SiteDay)>) -> Self {
        let mut sites = Self::default();
        for (site, day) in days {
            match site {
                Some(site) => sites.of.entry(site).or_default().push(day),
                None => sites.elsewhere.push(day),
            }
        }
        let all = sites.of.values_mut().chain([&mut sites.elsewhere]);
        all.for_each(|days| days.sort_unstable_by_key(|day| day.day));
        sites
    }

    /// Sites by name, each with its days, oldest first.
    pub fn each(&self) -> impl Iterator<Item = (&str, &[SiteDay])> {
        self.of
            .iter()
            .map(|(site, days)| (site.as_str(), days.as_slice()))
    }

    /// Days of sales without a site, oldest first.
    #[must_use]
    pub fn elsewhere(&self) -> &[SiteDay] {
        &self.elsewhere
    }

    /// What was known at an earlier day.
    #[must_use]
    pub(crate) fn before(&self, as_of: AsOf) -> Self {
        let until = as_of.epoch_day();
        let cut = |days: &[SiteDay]| days[..days.partition_point(|d| d.day < until)].to_vec();
        let of = self.of.iter().map(|(site, days)| (site.clone(), cut(days)));
        Self {
            of: of.filter(|(_, days)| !days.is_empty()).collect(),
            elsewhere: cut(&self.elsewhere),
        }
    }
}

/// What each site sold before a day. Read where a data product compares sites; the rest of a history does without.
///
/// # Errors
/// [`LoadError::Lake`] when a table cannot be read.
pub async fn sites(lake: &Lake, snapshot: &Snapshot, until: &Until) -> Result<Sites, LoadError> {
    let (known, day) = (until.sql(), until.clock.sql_day("s.sold_at"));
    let sql = format!(
        "SELECT site_id, day, COUNT(DISTINCT CASE WHEN NOT is_return THEN order_id END) AS orders, \
         SUM(spend) AS spend, COALESCE(SUM(spend - quantity * cost_cents), 0) AS margin, SUM(discount) AS discount \
         FROM (SELECT s.site_id, {day} AS day, s.order_id, s.is_return, s.quantity, p.cost_cents, \
               s.quantity * s.unit_price_cents - CASE WHEN s.is_return THEN -1 ELSE 1 END * COALESCE(s.discount_cents, 0) AS spend, \
               CASE WHEN s.is_return THEN -1 ELSE 1 END * COALESCE(s.discount_cents, 0) AS discount \
               FROM sales s LEFT JOIN products p ON p.product_id = s.product_id \
               WHERE s.sold_at < {known}) lines GROUP BY site_id, day"
    );
    let mut days = Vec::new();
    each(lake, snapshot, "sales", &sql, |batch| {
        let site = batch.column(0).as_string::<i32>();
        let day = batch.column(1).as_primitive::<Date32Type>();
        let number = |i: usize| batch.column(i).as_primitive::<Int64Type>();
        let (orders, spend, margin, discount) = (number(2), number(3), number(4), number(5));
        for row in 0..batch.num_rows() {
            days.push((
                site.is_valid(row).then(|| site.value(row).to_owned()),
                SiteDay {
                    day: day.value(row),
                    orders: orders.value(row),
                    spend_cents: spend.value(row),
                    margin_cents: margin.value(row),
                    discount_cents: discount.value(row),
                },
            ));
        }
    })
    .await?;
    Ok(Sites::new(days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::time::date_of;

    #[test]
    fn a_day_knows_what_was_sold_before_it() {
        let of = |site: &str, day: i32| {
            let sold = SiteDay {
                day,
                orders: 1,
                ..SiteDay::default()
            };
            ((!site.is_empty()).then(|| site.to_owned()), sold)
        };
        let sites = Sites::new([of("b", 9), of("a", 5), of("b", 3), of("", 4)]);
        let days = |sites: &Sites| -> Vec<(String, Vec<i32>)> {
            let each = sites.each();
            each.map(|(site, days)| (site.to_owned(), days.iter().map(|d| d.day).collect()))
                .collect()
        };
        assert_eq!(
            days(&sites),
            [("a".to_owned(), vec![5]), ("b".to_owned(), vec![3, 9])]
        );
        let earlier = sites.before(AsOf(date_of(5)));
        assert_eq!(days(&earlier), [("b".to_owned(), vec![3])]);
        assert_eq!(earlier.elsewhere().len(), 1);
    }
}
