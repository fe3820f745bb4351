//! The weather of each site, as it was and as it is forecast.

use crate::LoadError;
use crate::columns::Columns;
use crate::load::each;
use lake::{Lake, Snapshot};
use schema::AsOf;

/// The weather of one day at one site.
#[derive(Debug, Clone, PartialEq)]
pub struct WeatherDay {
    /// The site.
    pub site: String,
    /// Days since 1970-01-01.
    pub day: i32,
    /// Highest temperature in degrees Celsius.
    pub temperature: Option<f64>,
    /// Rain in millimetres.
    pub rain: Option<f64>,
    /// Day on which it was forecast; `None` where it was observed.
    pub forecast_on: Option<i32>,
}

impl WeatherDay {
    /// Whether it was known in the morning of a day: what was observed before it, and what was forecast until then.
    #[must_use]
    pub(crate) fn known_on(&self, day: i32) -> bool {
        match self.forecast_on {
            None => self.day < day,
            Some(made) => made <= day,
        }
    }
}

/// The weather that is known in the morning of a day, by site and day.
///
/// Memory: some 80 bytes a day of a site.
///
/// # Errors
/// [`LoadError::Lake`] when the table cannot be read.
pub(crate) async fn weather(
    lake: &Lake,
    snapshot: &Snapshot,
    as_of: AsOf,
) -> Result<Vec<WeatherDay>, LoadError> {
    let sql = "SELECT site_id, day, temperature_max, rain_mm, forecast_on FROM weather \
               ORDER BY site_id, day";
    let mut found = Vec::new();
    each(lake, snapshot, "weather", sql, |batch| {
        let of = Columns(batch);
        let days = of.rows().map(|row| WeatherDay {
            site: of.owned(0, row).unwrap_or_default(),
            day: of.day(1, row).unwrap_or_default(),
            temperature: of.number(2, row),
            rain: of.number(3, row),
            forecast_on: of.day(4, row),
        });
        found.extend(days.filter(|of| of.known_on(as_of.epoch_day())));
    })
    .await?;
    Ok(found)
}
