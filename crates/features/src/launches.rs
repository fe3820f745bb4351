//! Sales that open at one moment and close at another: what is known of each, what it sold hour by hour, and what
//! people expected of it.

use crate::columns::Columns;
use crate::load::each;
use crate::{LoadError, Until};
use lake::{Lake, Snapshot};

/// Seconds of an hour.
const HOUR: i64 = 3_600;

/// Seconds that sales are taken to be known of after the last one of the shop: an hour of a launch is whole where the
/// shop sold anything in its last five minutes or later. Of a shop that sells seldom fewer hours are used than there are.
const AFTER_LAST_SALE: i64 = 300;

/// One product in one launch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// The launch.
    pub id: String,
    /// The product.
    pub product: String,
    /// When it opens, in seconds since 1970-01-01 UTC.
    pub opens_at: i64,
    /// When it closes.
    pub closes_at: i64,
    /// Price in the launch, in cents.
    pub price_cents: Option<i64>,
    /// Price elsewhere.
    pub list_price_cents: Option<i64>,
    /// What the shop pays for one unit.
    pub cost_cents: Option<i64>,
    /// What a unit brings that is left over.
    pub salvage_cents: Option<i64>,
    /// How many can be sold; `None` where there is no limit or none is known.
    pub available_units: Option<u32>,
    /// Units sold in each hour since it opened, as far as hours are wholly known; no more than it is open for.
    pub sold: Vec<u32>,
}

impl Launch {
    /// Hours that it is open for, the last one perhaps not whole.
    #[must_use]
    pub fn hours(&self) -> usize {
        let hours = (self.closes_at - self.opens_at + HOUR - 1).div_euclid(HOUR);
        usize::try_from(hours).unwrap_or(0)
    }

    /// Whole hours of it that lie before a moment.
    #[must_use]
    pub fn hours_before(&self, seconds: i64) -> usize {
        if seconds >= self.closes_at {
            return self.hours();
        }
        usize::try_from((seconds - self.opens_at).div_euclid(HOUR)).unwrap_or(0)
    }

    /// The same as it was known at an earlier moment.
    fn before(&self, seconds: i64) -> Self {
        let mut earlier = self.clone();
        earlier.sold.truncate(self.hours_before(seconds));
        earlier
    }
}

/// What one person expected of one product in one launch.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchEstimate {
    /// The launch.
    pub launch: String,
    /// The product.
    pub product: String,
    /// Who expects it.
    pub author: String,
    /// When it was told, in seconds since 1970-01-01 UTC.
    pub made_at: i64,
    /// So many units or more are all but sure.
    pub low: Option<f64>,
    /// Units that are likely.
    pub likely: f64,
    /// More are all but excluded.
    pub high: Option<f64>,
}

/// Launches of the past and to come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Launches {
    /// By the moment of opening, launch and product.
    pub launches: Vec<Launch>,
    /// By launch, product, author and moment.
    pub estimates: Vec<LaunchEstimate>,
    /// The moment up to which sales are known, in seconds since 1970-01-01 UTC: five minutes after the shop's last sale.
    pub known_until: i64,
}

impl Launches {
    /// What was known at an earlier day. Which launches are to come is planned ahead.
    #[must_use]
    ///
    /// - `end`: when that day begins, in seconds since 1970-01-01 UTC.
    pub(crate) fn before(&self, end: i64) -> Self {
        let told = self.estimates.iter().filter(|e| e.made_at < end);
        Self {
            launches: self.launches.iter().map(|l| l.before(end)).collect(),
            estimates: told.cloned().collect(),
            known_until: self.known_until.min(end),
        }
    }
}

/// All launches, with what they sold before a day, and what was expected of them before it. Read where a data product
/// forecasts launches; the rest of a history does without.
///
/// # Errors
/// [`LoadError::Lake`] when a table cannot be read.
pub async fn launches(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
) -> Result<Launches, LoadError> {
    let known = until.sql();
    let mut found = Launches::default();
    let sql = "SELECT launch_id, product_id, opens_at, closes_at, price_cents, list_price_cents, cost_cents, \
               salvage_cents, available_units FROM launches ORDER BY opens_at, launch_id, product_id";
    each(lake, snapshot, "launches", sql, |batch| {
        let of = Columns(batch);
        let rows = of.rows().map(|row| Launch {
            id: of.owned(0, row).unwrap_or_default(),
            product: of.owned(1, row).unwrap_or_default(),
            opens_at: of.seconds(2, row).unwrap_or_default(),
            closes_at: of.seconds(3, row).unwrap_or_default(),
            price_cents: of.whole(4, row),
            list_price_cents: of.whole(5, row),
            cost_cents: of.whole(6, row),
            salvage_cents: of.whole(7, row),
            available_units: of.count(8, row),
            sold: Vec::new(),
        });
        found.launches.extend(rows);
    })
    .await?;
    let sql = format!(
        "SELECT launch_id, product_id, author, made_at, low, likely, high FROM estimates \
         WHERE made_at < {known} ORDER BY launch_id, product_id, author, made_at"
    );
    each(lake, snapshot, "estimates", &sql, |batch| {
        let of = Columns(batch);
        let rows = of.rows().map(|row| LaunchEstimate {
            launch: of.owned(0, row).unwrap_or_default(),
            product: of.owned(1, row).unwrap_or_default(),
            author: of.owned(2, row).unwrap_or_default(),
            made_at: of.seconds(3, row).unwrap_or_default(),
            low: of.number(4, row),
            likely: of.number(5, row).unwrap_or_default(),
            high: of.number(6, row),
        });
        found.estimates.extend(rows);
    })
    .await?;
    sold(lake, snapshot, until, &mut found).await?;
    Ok(found)
}

/// Adds what launches sold before a day, by hour.
async fn sold(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    found: &mut Launches,
) -> Result<(), LoadError> {
    let known = until.sql();
    let sql = format!(
        "SELECT MAX(sold_at) FROM sales WHERE sold_at < {known} HAVING MAX(sold_at) IS NOT NULL"
    );
    each(lake, snapshot, "sales", &sql, |batch| {
        let of = Columns(batch);
        let last = of.rows().filter_map(|row| of.seconds(0, row)).max();
        found.known_until = last.map_or(0, |last| last + AFTER_LAST_SALE);
    })
    .await?;
    let (launches, known_until) = (&mut found.launches, found.known_until);
    for launch in launches.iter_mut() {
        launch.sold = vec![0; launch.hours_before(known_until)];
    }
    let mut places: Vec<usize> = (0..launches.len()).collect();
    places.sort_unstable_by(|a, b| {
        let name = |at: usize| (&launches[at].id, &launches[at].product);
        name(*a).cmp(&name(*b))
    });
    let sql = format!(
        "SELECT launch_id, product_id, hour, SUM(quantity) AS units FROM (\
         SELECT l.launch_id, l.product_id, s.quantity, \
         CAST(floor((date_part('epoch', s.sold_at) - date_part('epoch', l.opens_at)) / 3600) AS BIGINT) AS hour \
         FROM launches l JOIN sales s ON s.product_id = l.product_id \
         WHERE s.sold_at >= l.opens_at AND s.sold_at < l.closes_at AND NOT s.is_return \
         AND s.sold_at < {known}) hours GROUP BY launch_id, product_id, hour"
    );
    each(lake, snapshot, "sales", &sql, |batch| {
        let of = Columns(batch);
        for row in of.rows() {
            let name = (of.text(0, row), of.text(1, row));
            let at = places.binary_search_by(|at| {
                let launch = &launches[*at];
                (Some(launch.id.as_str()), Some(launch.product.as_str())).cmp(&name)
            });
            let hour = of.whole(2, row).and_then(|h| usize::try_from(h).ok());
            let (Ok(at), Some(hour)) = (at, hour) else {
                continue;
            };
            if let Some(sold) = launches[places[at]].sold.get_mut(hour) {
                *sold = u32::try_from(of.whole(3, row).unwrap_or_default()).unwrap_or(u32::MAX);
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_knows_whole_hours_before_it_and_launches_to_come() {
        let launch = |opens_at: i64, sold: &[u32]| Launch {
            id: "spring".to_owned(),
            product: "shoe".to_owned(),
            opens_at,
            closes_at: opens_at + 3 * HOUR,
            sold: sold.to_vec(),
            ..Launch::default()
        };
        let estimate = |made_at: i64| LaunchEstimate {
            launch: "spring".to_owned(),
            product: "shoe".to_owned(),
            author: "anna".to_owned(),
            made_at,
            low: None,
            likely: 10.0,
            high: None,
        };
        let day = 24 * HOUR;
        let launches = Launches {
            launches: vec![launch(2 * day - 90 * 60, &[5, 3, 1]), launch(4 * day, &[7])],
            estimates: vec![estimate(day), estimate(3 * day)],
            known_until: 5 * day,
        };
        let earlier = launches.before(2 * day);
        assert_eq!(earlier.known_until, 2 * day);
        assert_eq!(
            earlier.launches[0].sold,
            [5],
            "the second hour was under way"
        );
        assert_eq!(earlier.launches[1], launch(4 * day, &[]));
        assert_eq!(earlier.estimates, [estimate(day)]);
        assert_eq!(launches.launches[0].hours_before(i64::MAX), 3);
        assert_eq!(launches.launches[0].hours_before(0), 0);
    }
}
