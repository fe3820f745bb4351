//! Settings of kind `demand`.

use crate::contract::{Forecasts, Size};
use crate::file::Raw;
use crate::trees::Trees;
use jiff::civil::Weekday;
use models::demand::{self, Step, TakeIn};
use schema::{Bytes, ConfigError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    /// Units sold.
    Units,
    /// Money, discounts taken off.
    Revenue,
}

/// What a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grain {
    /// A product at a site.
    ProductAndSite,
    /// A product at all sites together.
    Product,
}

/// What becomes of what is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Returns {
    /// It was wanted when it was bought: demand stays.
    LeftOut,
    /// It is taken off on the day it came back.
    TakenOff,
}

/// What is known of a series before its first sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BeforeFirstSale {
    /// Nothing: it may not have been on sale.
    Unknown,
    /// It was on sale and nobody bought it.
    NothingSold,
}

/// Whether forecasts of series and of what they add up to are made to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Coherent {
    /// Series alone are forecast, and nothing is told of what is above them.
    Off,
    /// Series alone are forecast; what is above them can be asked for, as their sum with an interval of its own.
    Summed,
    /// What is above them is forecast too, and made to agree in the way that did best on past periods; it can be asked for.
    Chosen,
}

/// Whether forecasts see promotions of other products of the category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OfOthers {
    /// They do not: what these promotions take is measured, and told apart.
    LeftOut,
    /// They are a column of the trees and a driver of the forecast.
    TakenIn,
}

/// Whether forecasts take the weather in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WeatherUse {
    /// They do not.
    Off,
    /// They do where past forecasts were better by it, beyond one standard error.
    Chosen,
    /// They do wherever it is known how sales answer to it.
    TakenIn,
}

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepName {
    Day,
    Week,
    Month,
}

/// First day of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WeekStarts {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Settings as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Length of a period: `day`, `week` or `month`.
    pub(crate) step: StepName,
    /// First day of a week, where the period is one.
    pub(crate) week_starts: WeekStarts,
    /// Periods ahead that are forecast, 1 to 400. As many at the end of the history are held out to measure a version.
    pub(crate) horizon: u32,
    /// What a series is: `product_and_site` or `product`.
    pub(crate) grain: Grain,
    /// What is forecast: `units`, or `revenue` in cents.
    pub(crate) measure: Measure,
    /// What becomes of what is taken back: `left_out` or `taken_off`.
    pub(crate) returns: Returns,
    /// What is known of a series before its first sale: `unknown` or `nothing_sold`.
    pub(crate) before_first_sale: BeforeFirstSale,
    /// Probability with which an interval holds what will be sold, 0.5 to 0.99.
    pub(crate) interval: f64,
    /// Whether categories, regions and all together can be asked for, and how forecasts agree with theirs: `off`, `summed`,
    /// the sums of their series, or `chosen`: forecast too and made to agree, by how ways to do so did on past periods,
    /// leaving forecasts as they are among them.
    pub(crate) coherent: Coherent,
    /// Whether trees see how much of a product's category is on promotion beside it: `left_out` or `taken_in`. What promotions
    /// take from others is measured either way.
    pub(crate) promotions_of_others: OfOthers,
    /// Whether forecasts take in the weather of table `weather`, by how each category answered to it: `off`, `chosen`, where
    /// past forecasts were better by it, or `taken_in`.
    pub(crate) weather: WeatherUse,
    /// Rows that trees learn from at most, 10000 to 50000000: more takes longer and more memory.
    pub(crate) rows_max: u32,
    /// How trees grow; as is usual for the kind where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trees: Option<Trees>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            step: StepName::Day,
            week_starts: WeekStarts::Monday,
            horizon: 28,
            grain: Grain::ProductAndSite,
            measure: Measure::Units,
            returns: Returns::LeftOut,
            before_first_sale: BeforeFirstSale::Unknown,
            interval: 0.9,
            coherent: Coherent::Off,
            promotions_of_others: OfOthers::LeftOut,
            weather: WeatherUse::Off,
            rows_max: 600_000,
            trees: None,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self, raw: &Raw) -> Result<(), ConfigError> {
        if !(1..=400).contains(&self.horizon) {
            return Err(raw.refuse("horizon", self.horizon, "1 to 400"));
        }
        if !(0.5..=0.99).contains(&self.interval) {
            return Err(raw.refuse("interval", self.interval, "0.5 to 0.99"));
        }
        if !(10_000..=50_000_000).contains(&self.rows_max) {
            return Err(raw.refuse("rows_max", self.rows_max, "10000 to 50000000"));
        }
        self.trees.unwrap_or_default().check(raw)
    }

    /// What its answers are held against.
    pub(crate) fn forecasts(&self) -> Forecasts {
        Forecasts {
            step: self.step(),
            horizon: self.horizon,
            by_site: self.grain == Grain::ProductAndSite,
            in_money: self.measure == Measure::Revenue,
            net_of_returns: self.returns == Returns::TakenOff,
        }
    }

    /// Memory that learning by them needs at most.
    pub(crate) fn memory_needed(&self, size: &Size) -> Bytes {
        // Beside the rows that are learnt from, per sale: the line, the day it lies in, and its period in the panels.
        const PER_SALE: u64 = 350;
        // Per node and period ahead: forecasts, what came of them in three windows, and ways compared on two threads. A
        // series has some fifty sales, and there are about as many nodes as series.
        const PER_NODE: u64 = 200;
        const SALES_OF_SERIES: u64 = 50;
        let nodes = match self.coherent {
            Coherent::Off => 0,
            // With categories at sites there are twice as many at most.
            Coherent::Summed | Coherent::Chosen => {
                2 * (size.sales / SALES_OF_SERIES + size.products)
            }
        };
        Bytes(
            self.learning().rows_bytes()
                + size.sales * PER_SALE
                + size.products * 64
                + nodes * u64::from(self.horizon) * PER_NODE
                + (128 << 20),
        )
    }

    /// How series are learnt from by them.
    pub(super) fn learning(&self) -> demand::Settings {
        let of_kind = demand::Settings::default();
        demand::Settings {
            rows_max: self.rows_max as usize,
            weather: match self.weather {
                WeatherUse::Off | WeatherUse::Chosen => TakeIn::WhereItPays,
                WeatherUse::TakenIn => TakeIn::Always,
            },
            trees: self.trees.unwrap_or_default().over(of_kind.trees),
            ..of_kind
        }
    }

    pub(crate) fn step(&self) -> Step {
        match self.step {
            StepName::Day => Step::Day,
            StepName::Week => Step::Week,
            StepName::Month => Step::Month,
        }
    }

    pub(crate) fn week_starts(&self) -> Weekday {
        match self.week_starts {
            WeekStarts::Monday => Weekday::Monday,
            WeekStarts::Tuesday => Weekday::Tuesday,
            WeekStarts::Wednesday => Weekday::Wednesday,
            WeekStarts::Thursday => Weekday::Thursday,
            WeekStarts::Friday => Weekday::Friday,
            WeekStarts::Saturday => Weekday::Saturday,
            WeekStarts::Sunday => Weekday::Sunday,
        }
    }
}
