//! What planners know better than a forecast.

use crate::columns::Columns;
use crate::demand::ALL;
use crate::load::each;
use crate::{LoadError, Until};
use lake::{Lake, Snapshot};

/// What is done to a forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// It is multiplied.
    Factor(f64),
    /// So many units more in all its days, of everything that it is about together.
    More(f64),
    /// So many units in all its days, of everything that it is about together.
    Instead(f64),
}

/// A change that a planner made to a forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The shop's identifier.
    pub id: String,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub made_at_seconds: i64,
    /// Who made it.
    pub author: String,
    /// The product; `None` for all.
    pub product: Option<String>,
    /// Only products of this category; `None` for all.
    pub category: Option<String>,
    /// The site; `None` for all.
    pub site: Option<String>,
    /// First day, in days since 1970-01-01.
    pub first: i32,
    /// Last day.
    pub last: i32,
    /// What is done.
    pub change: Change,
    /// Why.
    pub reason: Option<String>,
}

impl Override {
    /// The day on which it was made, in days since 1970-01-01.
    #[must_use]
    pub fn made_on(&self) -> i32 {
        schema::time::day_of(self.made_at_seconds)
    }
}

/// Changes made until the end of a day, in the order in which they were made: a forecast of that day knows them.
pub(crate) async fn overrides(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
) -> Result<Vec<Override>, LoadError> {
    let end = until.clock.sql_begins(until.as_of.minus_days(-1));
    let sql = format!(
        "SELECT override_id, made_at, author, product_id, category, site_id, first_day, last_day, change, value, reason \
         FROM overrides WHERE made_at < {end} ORDER BY made_at, override_id"
    );
    let mut found = Vec::new();
    each(lake, snapshot, "overrides", &sql, |batch| {
        let of = Columns(batch);
        found.extend(of.rows().filter_map(|row| {
            let one = |column| of.owned(column, row).filter(|text| text != ALL);
            let value = of.number(9, row)?;
            Some(Override {
                id: of.owned(0, row)?,
                made_at_seconds: of.seconds(1, row)?,
                author: of.owned(2, row)?,
                product: one(3),
                category: of.owned(4, row),
                site: one(5),
                first: of.day(6, row)?,
                last: of.day(7, row)?,
                change: match of.text(8, row)? {
                    "factor" => Change::Factor(value),
                    "more" => Change::More(value),
                    _ => Change::Instead(value),
                },
                reason: of.owned(10, row),
            })
        }));
    })
    .await?;
    Ok(found)
}
