//! What the columns mean that trees see.

use std::fmt::Arguments;

use serde::{Deserialize, Serialize};

/// What moves a forecast, in the words of a planner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// How much is sold on the whole.
    Level,
    /// Where the level is going.
    Trend,
    /// The time of the year.
    Season,
    /// The day of the week, and whether neighbouring days are open.
    Week,
    /// Promotions planned.
    Promotion,
    /// Promotions of others of the category.
    Others,
    /// Public and school holidays.
    Holiday,
    /// The price.
    Price,
    /// The weather.
    Weather,
}

/// A column: what it says and of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meaning {
    /// What it is called.
    pub name: String,
    /// What it belongs to.
    pub driver: Driver,
}

/// Takes the columns of one row, one after the other: what they say, or what they mean.
pub(super) trait Row {
    fn add(&mut self, name: Arguments<'_>, driver: Driver, value: f32);

    /// A figure that may not be known.
    fn add_known(&mut self, name: Arguments<'_>, driver: Driver, value: Option<f64>) {
        self.add(name, driver, value.map_or(f32::NAN, |value| value as f32));
    }
}

impl Row for Vec<f32> {
    fn add(&mut self, _: Arguments<'_>, _: Driver, value: f32) {
        self.push(value);
    }
}

impl Row for Vec<Meaning> {
    fn add(&mut self, name: Arguments<'_>, driver: Driver, _: f32) {
        let name = name.to_string();
        self.push(Meaning { name, driver });
    }
}
