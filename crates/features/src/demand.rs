//! What each product sold at each site, day by day, and what is planned for the days to come.

use crate::columns::Columns;
use crate::load::each;
use crate::overrides::overrides;
use crate::weather::weather;
use crate::{LoadError, Until};
use arrow::array::{Array, AsArray};
use lake::{Lake, Snapshot};
use schema::AsOf;

pub use crate::overrides::{Change, Override};
pub use crate::weather::WeatherDay;

/// Stands for all products or all sites in table `promotions`, and for all sites in table `calendar`.
pub const ALL: &str = "*";

/// What was sold on one day, by the shop's clocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SoldDay {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Units sold.
    pub units: i64,
    /// Units taken back, a positive number.
    pub returned_units: i64,
    /// Money of what was sold in cents, discounts taken off.
    pub spend_cents: i64,
    /// Money of what was taken back in cents, a positive number.
    pub returned_cents: i64,
}

/// One product at one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// The product.
    pub product: String,
    /// The site; `None` for sales whose site is not known.
    pub site: Option<String>,
    /// Days with a sale or a return, oldest first.
    pub days: Vec<SoldDay>,
}

/// A day of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarDay {
    /// Days since 1970-01-01.
    pub day: i32,
    /// The site; `None` for all.
    pub site: Option<String>,
    /// Whether it sells.
    pub open: bool,
    /// Name of the public holiday.
    pub holiday: Option<String>,
    /// Whether schools are closed, where that is known.
    pub school_holiday: Option<bool>,
}

/// A promotion of the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Promotion {
    /// The product; `None` for all.
    pub product: Option<String>,
    /// The site; `None` for all.
    pub site: Option<String>,
    /// First day, in days since 1970-01-01.
    pub first: i32,
    /// Last day.
    pub last: i32,
    /// Share of the price taken off, where it is known.
    pub depth: Option<f64>,
    /// What it gives away in all its days, where it is planned.
    pub spend_cents: Option<i64>,
}

/// A price from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceFrom {
    /// The product.
    pub product: String,
    /// First day, in days since 1970-01-01.
    pub from: i32,
    /// Price in cents.
    pub cents: i64,
}

/// Days on which nothing was left to sell at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfStock {
    /// The product.
    pub product: String,
    /// The site.
    pub site: String,
    /// First of the days, in days since 1970-01-01.
    pub from: i32,
    /// The next day that a level is told of; `None` where none has been since.
    pub until: Option<i32>,
}

/// A store or warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its identifier.
    pub id: String,
    /// Format.
    pub format: Option<String>,
    /// Region that its figures are added up by.
    pub region: Option<String>,
}

/// What was sold where, and what is planned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Demand {
    /// By product and site.
    pub sold: Vec<Sold>,
    /// By site and day.
    pub calendar: Vec<CalendarDay>,
    /// The promotion plan.
    pub promotions: Vec<Promotion>,
    /// By product and day.
    pub prices: Vec<PriceFrom>,
    /// Days without stock.
    pub out_of_stock: Vec<OutOfStock>,
    /// Stores and warehouses.
    pub places: Vec<Place>,
    /// What planners changed, in the order in which they did.
    pub overrides: Vec<Override>,
    /// By site and day: what was observed, and what is forecast.
    pub weather: Vec<WeatherDay>,
}

impl Demand {
    /// What was known at an earlier day. Plans stay: calendar, promotions and prices are made ahead. Of the changes of
    /// planners it is told when they were made, of the weather that is not there yet when it was forecast.
    #[must_use]
    pub(crate) fn before(&self, as_of: AsOf) -> Self {
        let until = as_of.epoch_day();
        let cut = |sold: &Sold| {
            let days = &sold.days[..sold.days.partition_point(|d| d.day < until)];
            (!days.is_empty()).then(|| Sold {
                product: sold.product.clone(),
                site: sold.site.clone(),
                days: days.to_vec(),
            })
        };
        let out = self.out_of_stock.iter().filter(|out| out.from < until);
        Self {
            sold: self.sold.iter().filter_map(cut).collect(),
            calendar: self.calendar.clone(),
            promotions: self.promotions.clone(),
            prices: self.prices.clone(),
            out_of_stock: out.cloned().collect(),
            places: self.places.clone(),
            overrides: self
                .overrides
                .iter()
                .filter(|of| of.made_on() < until)
                .cloned()
                .collect(),
            weather: self
                .weather
                .iter()
                .filter(|of| of.known_on(until))
                .cloned()
                .collect(),
        }
    }
}

/// What each product sold at each site before a day, with the calendar and the plans of all days. Read where a data
/// product forecasts demand; the rest of a history does without.
///
/// Memory: 40 bytes a day on which a product sold at a site.
///
/// # Errors
/// [`LoadError::Lake`] when a table cannot be read.
pub async fn demand(lake: &Lake, snapshot: &Snapshot, until: &Until) -> Result<Demand, LoadError> {
    let as_of = until.as_of;
    let mut found = Demand {
        sold: sold(lake, snapshot, until).await?,
        overrides: overrides(lake, snapshot, until).await?,
        weather: weather(lake, snapshot, as_of).await?,
        ..Demand::default()
    };
    plans(lake, snapshot, &mut found).await?;
    let sql = format!(
        "SELECT product_id, site_id, day, next FROM (SELECT product_id, site_id, day, on_hand, \
         LEAD(day) OVER (PARTITION BY product_id, site_id ORDER BY day) AS next FROM stock_levels \
         WHERE day < DATE '{as_of}') levels WHERE on_hand = 0 ORDER BY product_id, site_id, day"
    );
    each(lake, snapshot, "stock_levels", &sql, |batch| {
        let of = Columns(batch);
        found.out_of_stock.extend(of.rows().map(|row| OutOfStock {
            product: of.owned(0, row).unwrap_or_default(),
            site: of.owned(1, row).unwrap_or_default(),
            from: of.day(2, row).unwrap_or_default(),
            until: of.day(3, row),
        }));
    })
    .await?;
    let sql = "SELECT site_id, format, region FROM sites ORDER BY site_id";
    each(lake, snapshot, "sites", sql, |batch| {
        let of = Columns(batch);
        found.places.extend(of.rows().map(|row| Place {
            id: of.owned(0, row).unwrap_or_default(),
            format: of.owned(1, row),
            region: of.owned(2, row),
        }));
    })
    .await?;
    Ok(found)
}

/// Calendar, promotions and prices of all days.
async fn plans(lake: &Lake, snapshot: &Snapshot, found: &mut Demand) -> Result<(), LoadError> {
    let sql =
        "SELECT day, site_id, open, holiday, school_holiday FROM calendar ORDER BY site_id, day";
    each(lake, snapshot, "calendar", sql, |batch| {
        let of = Columns(batch);
        let (open, school) = (batch.column(2).as_boolean(), batch.column(4).as_boolean());
        found.calendar.extend(of.rows().map(|row| CalendarDay {
            day: of.day(0, row).unwrap_or_default(),
            site: one(&of, 1, row),
            open: open.value(row),
            holiday: of.owned(3, row),
            school_holiday: school.is_valid(row).then(|| school.value(row)),
        }));
    })
    .await?;
    let sql = "SELECT product_id, site_id, first_day, last_day, depth, spend_cents FROM promotions \
               ORDER BY first_day, product_id, site_id, promotion_id";
    each(lake, snapshot, "promotions", sql, |batch| {
        let of = Columns(batch);
        found.promotions.extend(of.rows().map(|row| Promotion {
            product: one(&of, 0, row),
            site: one(&of, 1, row),
            first: of.day(2, row).unwrap_or_default(),
            last: of.day(3, row).unwrap_or_default(),
            depth: of.number(4, row),
            spend_cents: of.whole(5, row),
        }));
    })
    .await?;
    let sql =
        "SELECT product_id, valid_from, price_cents FROM prices ORDER BY product_id, valid_from";
    each(lake, snapshot, "prices", sql, |batch| {
        let of = Columns(batch);
        found.prices.extend(of.rows().map(|row| PriceFrom {
            product: of.owned(0, row).unwrap_or_default(),
            from: of.day(1, row).unwrap_or_default(),
            cents: of.whole(2, row).unwrap_or_default(),
        }));
    })
    .await
}

/// An identifier, nothing where it stands for all.
fn one(of: &Columns<'_>, column: usize, row: usize) -> Option<String> {
    of.owned(column, row).filter(|text| text != ALL)
}

async fn sold(lake: &Lake, snapshot: &Snapshot, until: &Until) -> Result<Vec<Sold>, LoadError> {
    let (known, day) = (until.sql(), until.clock.sql_day("sold_at"));
    let sql = format!(
        "SELECT product_id, site_id, day, SUM(CASE WHEN is_return THEN 0 ELSE quantity END) AS units, \
         SUM(CASE WHEN is_return THEN -quantity ELSE 0 END) AS returned, \
         SUM(CASE WHEN is_return THEN 0 ELSE spend END) AS spend, \
         SUM(CASE WHEN is_return THEN -spend ELSE 0 END) AS returned_spend \
         FROM (SELECT product_id, site_id, {day} AS day, is_return, quantity, \
               quantity * unit_price_cents - CASE WHEN is_return THEN -1 ELSE 1 END * COALESCE(discount_cents, 0) AS spend \
               FROM sales WHERE sold_at < {known}) lines \
         GROUP BY product_id, site_id, day ORDER BY product_id, site_id, day"
    );
    let mut found: Vec<Sold> = Vec::new();
    each(lake, snapshot, "sales", &sql, |batch| {
        let of = Columns(batch);
        let (product, site) = (
            batch.column(0).as_string::<i32>(),
            batch.column(1).as_string::<i32>(),
        );
        for row in 0..batch.num_rows() {
            let at = site.is_valid(row).then(|| site.value(row));
            let sold = SoldDay {
                day: of.day(2, row).unwrap_or_default(),
                units: of.whole(3, row).unwrap_or_default(),
                returned_units: of.whole(4, row).unwrap_or_default(),
                spend_cents: of.whole(5, row).unwrap_or_default(),
                returned_cents: of.whole(6, row).unwrap_or_default(),
            };
            match found.last_mut() {
                Some(last) if last.product == product.value(row) && last.site.as_deref() == at => {
                    last.days.push(sold);
                }
                _ => found.push(Sold {
                    product: product.value(row).to_owned(),
                    site: at.map(str::to_owned),
                    days: vec![sold],
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
    fn a_day_knows_what_was_sold_before_it_and_what_is_planned_after() {
        let sold = |product: &str, days: &[i32]| Sold {
            product: product.to_owned(),
            site: None,
            days: days
                .iter()
                .map(|day| SoldDay {
                    day: *day,
                    units: 1,
                    ..SoldDay::default()
                })
                .collect(),
        };
        let demand = Demand {
            sold: vec![sold("a", &[3, 5, 9]), sold("b", &[7])],
            prices: vec![PriceFrom {
                product: "a".to_owned(),
                from: 8,
                cents: 100,
            }],
            overrides: [3, 8]
                .map(|day| Override {
                    id: format!("o{day}"),
                    made_at_seconds: day * 86_400 + 60,
                    author: "ann".to_owned(),
                    product: None,
                    category: None,
                    site: None,
                    first: 9,
                    last: 12,
                    change: Change::Factor(2.0),
                    reason: None,
                })
                .into(),
            out_of_stock: vec![OutOfStock {
                product: "a".to_owned(),
                site: "s".to_owned(),
                from: 6,
                until: Some(9),
            }],
            weather: [(4, None), (6, None), (7, Some(5)), (9, Some(8))]
                .map(|(day, forecast_on)| WeatherDay {
                    site: "s".to_owned(),
                    day,
                    temperature: Some(20.0),
                    rain: None,
                    forecast_on,
                })
                .into(),
            ..Demand::default()
        };
        let earlier = demand.before(AsOf(date_of(6)));
        assert_eq!(earlier.sold, [sold("a", &[3, 5])]);
        assert_eq!(earlier.prices, demand.prices);
        assert!(earlier.out_of_stock.is_empty());
        // What planners changed is known from the day on on which they did.
        assert_eq!(earlier.overrides, demand.overrides[..1]);
        // Nor is the weather of a day known before it, but what was forecast of it by then.
        let weather: Vec<i32> = earlier.weather.iter().map(|of| of.day).collect();
        assert_eq!(weather, [4, 7]);
    }
}
