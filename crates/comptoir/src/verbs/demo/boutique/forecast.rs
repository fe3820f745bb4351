//! What is forecast of the first week, beside what then sold.

use super::Chain;
use crate::context::Context;
use crate::verbs::demo::say;
use crate::verbs::run;
use ::products::{Asked, Serving};
use anyhow::Context as _;
use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, Float64Type};
use schema::estimate::short;
use schema::time::date_of;
use serde::Serialize;
use std::collections::BTreeMap;

/// The product that forecasts.
const DEMAND: &str = "demand";

/// Days of the first week.
const DAYS: u32 = 7;

/// Series that are shown.
const SHOWN: usize = 3;

/// The forecast of a day.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Day {
    day: String,
    forecast: f64,
    low: f64,
    high: f64,
    /// Units sold on it.
    sold: f64,
}

impl Day {
    fn is_held(&self) -> bool {
        (self.low..=self.high).contains(&self.sold)
    }
}

/// What was forecast of a product at a store on the first morning, for each day of the first week.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Forecast {
    product: String,
    site: String,
    days: Vec<Day>,
}

impl Forecast {
    fn of(asked: &Asked, serving: &dyn Serving) -> Option<Self> {
        let week = Asked {
            items: Some(DAYS),
            ..asked.clone()
        };
        let decided = serving.decide(&week, Context::now()).ok()?;
        let day = |action: &::products::Action| {
            let estimate = action.estimate.as_ref()?;
            let (low, high) = estimate.interval()?;
            Some(Day {
                day: action.id.clone(),
                forecast: estimate.point()?,
                low,
                high,
                sold: 0.0,
            })
        };
        let days: Option<Vec<Day>> = decided.actions.iter().map(day).collect();
        Some(Self {
            product: asked.product_id.as_ref()?.as_str().to_owned(),
            site: asked.placement.clone()?,
            days: days?,
        })
    }

    fn expected(&self) -> f64 {
        self.days.iter().map(|day| day.forecast).sum()
    }
}

impl Chain<'_> {
    /// What is forecast of the series that will sell most, before anything of it is sold.
    pub(super) async fn forecasts(&self) -> anyhow::Result<Vec<Forecast>> {
        let product = run::one(&self.workshop.project, DEMAND)?;
        let champion = self.workshop.champion(product.as_ref()).await?;
        let (_, fitted) = champion.with_context(|| format!("{DEMAND} has no champion"))?;
        let serving: Box<dyn Serving> = fitted.attach(self.workshop.shop().await?);
        let all = serving.all().unwrap_or_default();
        let told = all
            .iter()
            .filter_map(|asked| Forecast::of(asked, serving.as_ref()));
        let mut told: Vec<Forecast> = told.collect();
        told.sort_by(|a, b| b.expected().total_cmp(&a.expected()));
        told.truncate(SHOWN);
        Ok(told)
    }

    /// Puts what sold beside what was forecast.
    pub(super) async fn beside_sales(&self, forecasts: &mut [Forecast]) -> anyhow::Result<()> {
        let sql = format!(
            "SELECT product_id, site_id, CAST(sold_at AS DATE), CAST(SUM(quantity) AS DOUBLE)
             FROM sales WHERE NOT is_return AND sold_at >= TIMESTAMP '{}T00:00:00Z' GROUP BY 1, 2, 3",
            self.shop.now()
        );
        let mut sold = BTreeMap::new();
        for batch in self.workshop.lake.query(&sql).await? {
            let [products, sites] = [0, 1].map(|column| batch.column(column).as_string::<i32>());
            let days = batch.column(2).as_primitive::<Date32Type>();
            let units = batch.column(3).as_primitive::<Float64Type>();
            for row in 0..batch.num_rows() {
                let [product, site] = [products, sites].map(|text| text.value(row).to_owned());
                let key = [product, site, date_of(days.value(row)).to_string()];
                sold.insert(key, units.value(row));
            }
        }
        for forecast in forecasts {
            for day in &mut forecast.days {
                let key = [&forecast.product, &forecast.site, &day.day].map(String::clone);
                day.sold = sold.get(&key).copied().unwrap_or(0.0);
            }
        }
        Ok(())
    }
}

/// Forecasts beside what sold, for a person.
pub(super) fn tell(context: &Context, forecasts: &[Forecast]) -> anyhow::Result<()> {
    say(
        context,
        "   what the first morning forecast of the first week, beside what sold:",
    )?;
    for one in forecasts {
        let held = one.days.iter().filter(|day| day.is_held()).count();
        say(
            context,
            &format!(
                "   {} at {}: {held} of {} days within their intervals",
                one.product,
                one.site,
                one.days.len()
            ),
        )?;
        for day in &one.days {
            say(
                context,
                &format!(
                    "     {}  {} ({} to {}), sold {}",
                    day.day,
                    short(day.forecast),
                    short(day.low),
                    short(day.high),
                    short(day.sold)
                ),
            )?;
        }
    }
    Ok(())
}
