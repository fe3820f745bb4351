//! Which columns of the shared tables a forecast hangs on: what the splits of its trees gained, feature by feature.

use super::fitted::Body;
use super::settings::{Grain, Measure, Settings};
use models::demand::{Driver, Meaning, Part, Scale};
use schema::Weights;
use schema::weights::WeighedBy;

/// Columns that are read whatever the trees look at: what planners change of a forecast.
const BESIDE: [&str; 2] = ["overrides.change", "overrides.value"];

/// What forecasts are multiplied by where the weather is taken in.
const WEATHER: [&str; 3] = [
    "weather.temperature_max",
    "weather.rain_mm",
    "weather.forecast_on",
];

/// How much of a forecast hangs on each column. Methods that see one series alone hang on what sold, and of several that
/// are averaged each counts alike.
pub(crate) fn of(body: &Body) -> Weights {
    let settings = &body.settings;
    let parts = body.forecaster.parts();
    let mut features: Vec<(f64, Vec<&str>)> = Vec::new();
    for part in parts {
        let of_scale = |scale: Scale| {
            let mut all = body.forecaster.boosted().iter();
            all.find(|boosted| boosted.scale() == scale)
        };
        let boosted = match part {
            Part::Boosted(scale) => of_scale(scale),
            Part::Naive(_) | Part::Local(_) => None,
        };
        match boosted {
            Some(boosted) => {
                let gains = boosted.weighed();
                features.extend(gains.map(|(meaning, gain)| (gain, made_of(meaning, settings))));
            }
            None => features.push((1.0, of_sales(settings))),
        }
    }
    let weights = Weights::of_parts(WeighedBy::Gains, features).with(BESIDE);
    match body.forecaster.answers() {
        Some(_) => weights.with(WEATHER),
        None => weights,
    }
}

/// What the past of a series is made of.
fn of_sales(settings: &Settings) -> Vec<&'static str> {
    let mut columns = vec![
        "sales.product_id",
        "sales.sold_at",
        "sales.is_return",
        "sales.quantity",
    ];
    match settings.measure {
        // On days without stock nothing was sold that was asked for.
        Measure::Units => columns.push("stock_levels.on_hand"),
        Measure::Revenue => columns.extend(["sales.unit_price_cents", "sales.discount_cents"]),
    }
    match settings.grain {
        Grain::ProductAndSite => columns.push("sales.site_id"),
        Grain::Product => {}
    }
    columns
}

/// What a feature is made of.
fn made_of(feature: &Meaning, settings: &Settings) -> Vec<&'static str> {
    const DATES: [&str; 6] = [
        "weekday",
        "day of the month",
        "days left in the month",
        "month",
        "time of the year",
        "days from Easter",
    ];
    let name = feature.name.as_str();
    if DATES.contains(&name) || name.ends_with("s ahead") {
        return vec!["sales.sold_at"];
    }
    match feature.driver {
        Driver::Week if name.contains("open") || name.contains("clos") => vec!["calendar.open"],
        Driver::Level | Driver::Trend | Driver::Season | Driver::Week => of_sales(settings),
        Driver::Promotion if name == "given away" => vec!["promotions.spend_cents"],
        Driver::Promotion | Driver::Others => vec![
            "promotions.depth",
            "promotions.first_day",
            "promotions.last_day",
        ],
        Driver::Holiday if name.contains("school") => vec!["calendar.school_holiday"],
        Driver::Holiday => vec!["calendar.holiday"],
        Driver::Price => vec!["prices.price_cents"],
        Driver::Weather => vec!["weather.temperature_max", "weather.rain_mm"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_made_of_the_columns_that_they_come_from() {
        let of = |name: &str, driver| {
            let name = name.to_owned();
            made_of(&Meaning { name, driver }, &Settings::default())
        };
        assert_eq!(of("price before", Driver::Price), ["prices.price_cents"]);
        assert_eq!(of("days ahead", Driver::Trend), ["sales.sold_at"]);
        assert_eq!(of("since closed", Driver::Week), ["calendar.open"]);
        assert_eq!(
            of("school holiday so far", Driver::Holiday),
            ["calendar.school_holiday"]
        );
        assert_eq!(
            of("given away", Driver::Promotion),
            ["promotions.spend_cents"]
        );
        assert!(of("mean of the last 7", Driver::Trend).contains(&"sales.quantity"));
        assert!(!of("level", Driver::Level).contains(&"sales.unit_price_cents"));
    }
}
