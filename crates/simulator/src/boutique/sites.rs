//! The warehouse and the stores.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::Boutique;
use super::calendar::Day;
use super::catalogue::CATEGORIES;
use crate::draws::{Purpose, stream};

/// Position of the central warehouse among the sites.
pub(super) const WAREHOUSE: usize = 0;

/// City, region, latitude and longitude.
const CITIES: [(&str, usize, f64, f64); 12] = [
    ("Lille", 0, 50.63, 3.06),
    ("Nantes", 1, 47.22, -1.55),
    ("Marseille", 2, 43.30, 5.37),
    ("Lyon", 3, 45.76, 4.84),
    ("Rouen", 0, 49.44, 1.10),
    ("Bordeaux", 1, 44.84, -0.58),
    ("Montpellier", 2, 43.61, 3.88),
    ("Strasbourg", 3, 48.58, 7.75),
    ("Amiens", 0, 49.89, 2.30),
    ("Rennes", 1, 48.11, -1.68),
    ("Nice", 2, 43.70, 7.27),
    ("Dijon", 3, 47.32, 5.04),
];

pub(super) const REGIONS: [&str; 4] = ["North", "West", "South", "East"];

/// What a kind of place does to the days of a week, Monday first.
const FORMATS: [(&str, [f64; 7]); 3] = [
    ("city centre", [0.75, 0.85, 0.95, 0.95, 1.15, 1.60, 0.75]),
    (
        "shopping centre",
        [0.80, 0.80, 1.00, 0.85, 1.05, 1.50, 1.00],
    ),
    ("station", [1.10, 1.05, 1.05, 1.10, 1.30, 0.75, 0.65]),
];

/// Standard deviations of the logarithms of the size of a store and of its leaning to a category.
const SIZE: f64 = 0.3;
const LEANING: f64 = 0.2;

/// A store or the warehouse.
#[derive(Debug, Clone, PartialEq)]
pub struct BoutiqueSite {
    /// The shop's identifier.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is the central warehouse, where nothing is sold.
    pub warehouse: bool,
    /// Region that figures of stores are added up by.
    pub region: &'static str,
    /// City centre, shopping centre or station; `warehouse` for the warehouse.
    pub format: &'static str,
    /// WGS 84 latitude in degrees.
    pub latitude: f64,
    /// WGS 84 longitude in degrees.
    pub longitude: f64,
    /// Whether it is closed on Sundays.
    pub sunday_closed: bool,
    /// Whether it is closed on all public holidays.
    pub holiday_closed: bool,
    /// Units of all products together that it can hold.
    pub capacity_units: u32,
    /// Position of the region, where it has weather of its own.
    pub(super) area: usize,
    pub(super) week: [f64; 7],
    /// Factor on demand.
    pub(super) size: f64,
    /// Factors on the demand of the categories.
    pub(super) leanings: [f64; CATEGORIES],
}

impl BoutiqueSite {
    /// Whether it sells on a day.
    pub(super) fn opens(&self, day: &Day) -> bool {
        let closed = day
            .holiday
            .is_some_and(|holiday| holiday.all_closed || self.holiday_closed);
        let rests = self.sunday_closed && day.weekday == 6;
        !(self.warehouse || closed || rests)
    }
}

/// The warehouse, then the stores.
pub(super) fn sites(chain: &Boutique) -> Vec<BoutiqueSite> {
    let mut sites = vec![BoutiqueSite {
        id: "W01".to_owned(),
        name: "Orléans, central warehouse".to_owned(),
        warehouse: true,
        region: "Centre",
        format: "warehouse",
        latitude: 47.90,
        longitude: 1.91,
        sunday_closed: true,
        holiday_closed: true,
        capacity_units: 0,
        area: 0,
        week: [0.0; 7],
        size: 0.0,
        leanings: [0.0; CATEGORIES],
    }];
    let mut rng = stream(chain.seed, Purpose::BoutiqueCatalogue, 1);
    for index in 0..chain.stores as usize {
        let (city, area, latitude, longitude) = CITIES[index % CITIES.len()];
        let (format, week) = FORMATS[index % FORMATS.len()];
        let size: f64 = StandardNormal.sample(&mut rng);
        let leanings = std::array::from_fn(|_| {
            let leaning: f64 = StandardNormal.sample(&mut rng);
            (LEANING * leaning).exp()
        });
        let mean = week.iter().sum::<f64>() / 7.0;
        let round = index / CITIES.len();
        let name = match round {
            0 => city.to_owned(),
            again => format!("{city} {}", again + 1),
        };
        // Several stores of a city lie apart.
        let apart = 0.02 * round as f64;
        sites.push(BoutiqueSite {
            id: format!("S{:02}", index + 1),
            name,
            warehouse: false,
            region: REGIONS[area],
            format,
            latitude: latitude + apart,
            longitude: longitude + apart,
            // The first store is always closed, the third never: every chain has both.
            sunday_closed: index == 0 || (format == "city centre" && rng.random::<f64>() < 0.6),
            holiday_closed: format == "city centre",
            capacity_units: 0,
            area,
            week: week.map(|factor| factor / mean),
            size: (SIZE * size).exp(),
            leanings,
        });
    }
    sites
}
