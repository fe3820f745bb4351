//! Everything that nobody decides: goods, places, days, weather, plans, and the demand that follows from them.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_distr::{Distribution, Gamma, Poisson};

use super::Boutique;
use super::calendar::{Day, days};
use super::catalogue::{BoutiqueProduct, products};
use super::customers::Cards;
use super::drivers::Drivers;
use super::engine::first_units;
use super::events::{LocalEvent, events};
use super::plans::{Price, Promotion, prices, promotions};
use super::sites::{BoutiqueSite, WAREHOUSE, sites};
use super::supply::{SupplyTerms, terms};
use super::weather::{Weather, weather};
use crate::counts::CountDistribution;
use crate::draws::{Purpose, stream};

/// Share of the products that a store lists.
const LISTED: f64 = 0.75;
/// Of a new product, the share of demand that is missing on its first day, and the days in which it shrinks by e.
const UNKNOWN: f64 = 0.6;
const KNOWN_DAYS: f64 = 14.0;
/// Demand in the last days of a product.
const LEAVING: f64 = 0.75;
const LEAVING_DAYS: usize = 28;
/// Demand on an open public holiday, and in school holidays.
const HOLIDAY: f64 = 0.75;
const SCHOOL_HOLIDAY: f64 = 1.06;
/// Temperature at which the weather changes nothing.
const USUAL_DEGREES: f64 = 16.0;
/// Millimetres above which more rain changes nothing.
const RAIN_MAX: f64 = 20.0;

/// Room of a site over the first deliveries of all its products.
const ROOM: f64 = 1.5;

/// A product at a site that lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) product: usize,
    pub(super) site: usize,
}

/// The chain as it is whatever is ordered.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) chain: Boutique,
    pub(super) days: Vec<Day>,
    pub(super) products: Vec<BoutiqueProduct>,
    pub(super) sites: Vec<BoutiqueSite>,
    pub(super) cards: Cards,
    pub(super) weather: Vec<Vec<Weather>>,
    pub(super) prices: Vec<Vec<Price>>,
    pub(super) promotions: Vec<Promotion>,
    pub(super) events: Vec<LocalEvent>,
    /// Products × sites that are listed, product by product.
    pub(super) series: Vec<Series>,
    /// Of each series.
    pub(super) terms: Vec<SupplyTerms>,
    /// Of each series, units wanted on each day.
    pub(super) wanted: Vec<Vec<u32>>,
    positions: BTreeMap<(usize, usize), usize>,
    /// Positions of the events of each day, and of the promotions of each product.
    events_of: Vec<Vec<usize>>,
    promotions_of: Vec<Vec<usize>>,
}

impl World {
    /// Draws everything of `chain`, which has passed its check.
    pub(super) fn new(chain: &Boutique) -> Self {
        let days = days(chain);
        let (products, sites) = (products(chain), sites(chain));
        let series = listed(chain, &products, &sites);
        let promotions = promotions(chain, &products, &days);
        let events = events(chain, &products);
        let mut events_of = vec![Vec::new(); days.len()];
        for (position, event) in events.iter().enumerate() {
            for day in &mut events_of[event.first..=event.last] {
                day.push(position);
            }
        }
        let mut promotions_of = vec![Vec::new(); products.len()];
        for (position, promotion) in promotions.iter().enumerate() {
            for &product in &promotion.products {
                promotions_of[product].push(position);
            }
        }
        let positions = series.iter().enumerate();
        let mut world = Self {
            chain: chain.clone(),
            weather: weather(chain, &sites, &days),
            cards: Cards::new(chain),
            prices: prices(chain, &products),
            terms: terms(chain, &products, &series),
            positions: positions
                .map(|(at, one)| ((one.product, one.site), at))
                .collect(),
            wanted: Vec::new(),
            days,
            products,
            sites,
            promotions,
            events,
            series,
            events_of,
            promotions_of,
        };
        world.wanted = (0..world.series.len())
            .map(|series| world.draw(series))
            .collect();
        world.capacities();
        world
    }

    /// Each site has room for what it begins with and some more.
    fn capacities(&mut self) {
        let mut units = vec![0; self.sites.len()];
        for (position, series) in self.series.iter().enumerate() {
            units[series.site] += first_units(self, position);
        }
        for (site, units) in self.sites.iter_mut().zip(units) {
            site.capacity_units = (ROOM * f64::from(units) / 50.0).ceil() as u32 * 50;
        }
    }

    /// Position of a product at a site that lists it.
    pub(super) fn position(&self, product: usize, site: usize) -> Option<usize> {
        self.positions.get(&(product, site)).copied()
    }

    /// Price on a day before a promotion.
    pub(super) fn price(&self, product: usize, day: usize) -> i64 {
        let prices = &self.prices[product];
        let known = prices.partition_point(|price| price.from <= day);
        prices[known.saturating_sub(1)].cents
    }

    /// Share that is taken off the price: where promotions overlap, that of the deepest.
    pub(super) fn depth(&self, product: usize, site: usize, day: usize) -> f64 {
        let place = &self.sites[site];
        self.promotions_of[product]
            .iter()
            .map(|&promotion| &self.promotions[promotion])
            .filter(|promotion| promotion.runs(place, day))
            .map(|promotion| promotion.depth)
            .fold(0.0, f64::max)
    }

    /// What moves the demand; nothing where the store is closed or does not sell the product.
    pub(super) fn drivers(&self, product: usize, site: usize, day: usize) -> Option<Drivers> {
        self.position(product, site)?;
        let (goods, place, today) = (&self.products[product], &self.sites[site], &self.days[day]);
        if !goods.lives(day) || !place.opens(today) {
            return None;
        }
        let category = goods.category();
        let years = day as f64 / 365.25;
        let weather = self.weather[site][day];
        let degrees = category.weather.0 * (weather.temperature - USUAL_DEGREES) / 10.0;
        let rain = category.weather.1 * weather.rain.min(RAIN_MAX) / 10.0;
        let depth = self.depth(product, site, day);
        let price = self.price(product, day) as f64 / goods.price_cents as f64;
        let promotion = if depth > 0.0 {
            (1.0 - depth).powf(-category.elasticity) * category.display.exp()
        } else {
            1.0
        };
        let holiday = if today.holiday.is_some() {
            HOLIDAY
        } else {
            1.0
        };
        let school = if today.school_holiday {
            SCHOOL_HOLIDAY
        } else {
            1.0
        };
        Some(Drivers {
            base: category.level * goods.popularity * place.size * place.leanings[goods.kind],
            trend: (category.trend * years).exp(),
            weekday: place.week[today.weekday],
            season: season(category.season, today),
            weather: (degrees + rain).exp(),
            holiday: holiday * school,
            occasion: category.gift(today.occasion).exp(),
            price: price.powf(-category.elasticity),
            promotion,
            others: self.others(product, site, day),
            life: life(goods, day),
            event: self.event(product, goods.kind, site, day),
        })
    }

    /// What is left of the demand for a product while others of its category are on promotion.
    fn others(&self, product: usize, site: usize, day: usize) -> f64 {
        if self.chain.taken_percent == 0 {
            return 1.0;
        }
        let kind = self.products[product].kind;
        let (mut all, mut cheaper) = (0.0, 0.0);
        for (other, goods) in self.products.iter().enumerate() {
            let sold = goods.kind == kind && goods.lives(day) && other != product;
            if sold && self.positions.contains_key(&(other, site)) {
                all += goods.popularity;
                cheaper += goods.popularity * self.depth(other, site, day);
            }
        }
        if all <= 0.0 {
            return 1.0;
        }
        let taken = f64::from(self.chain.taken_percent) / 100.0 * cheaper / all;
        (1.0 - taken).max(0.0)
    }

    fn event(&self, product: usize, kind: usize, site: usize, day: usize) -> f64 {
        let today = self.events_of[day].iter().map(|&event| &self.events[event]);
        today
            .filter(|event| event.covers(product, kind, site))
            .map(|event| event.factor)
            .product()
    }

    /// Mean of the demand, 0 where nothing is sold.
    pub(super) fn intensity(&self, product: usize, site: usize, day: usize) -> f64 {
        let drivers = self.drivers(product, site, day);
        drivers.map_or(0.0, |drivers| drivers.intensity())
    }

    /// Distribution of the demand.
    pub(super) fn distribution(
        &self,
        product: usize,
        site: usize,
        day: usize,
    ) -> CountDistribution {
        let mean = self.intensity(product, site, day);
        match self.products[product].demand_size {
            Some(size) => CountDistribution::negative_binomial(mean, size),
            None => CountDistribution::poisson(mean),
        }
    }

    fn draw(&self, series: usize) -> Vec<u32> {
        let mut rng = stream(self.chain.seed, Purpose::BoutiqueDemand, series as u64);
        let Series { product, site } = self.series[series];
        let size = self.products[product].demand_size;
        let factor = size.map(|size| Gamma::new(size, 1.0 / size).expect("the size is above 0"));
        (0..self.days.len())
            .map(|day| {
                let mean = self.intensity(product, site, day);
                let mean = factor.map_or(mean, |factor| mean * factor.sample(&mut rng));
                if mean <= 0.0 {
                    return 0;
                }
                let poisson = Poisson::new(mean).expect("the mean is above 0");
                poisson.sample(&mut rng) as u32
            })
            .collect()
    }
}

fn season((peak, height): (u8, f64), day: &Day) -> f64 {
    // The middle of the peak month.
    let middle = (f64::from(peak) - 0.5) / 12.0;
    let at = f64::from(day.date.day_of_year()) / 365.25;
    (height * (std::f64::consts::TAU * (at - middle)).cos()).exp()
}

fn life(product: &BoutiqueProduct, day: usize) -> f64 {
    let new = product.introduced.map_or(1.0, |first| {
        1.0 - UNKNOWN * (-((day - first) as f64) / KNOWN_DAYS).exp()
    });
    match product.ended {
        Some(end) if day + LEAVING_DAYS >= end => new * LEAVING,
        Some(_) | None => new,
    }
}

/// Each product at some stores, at one at least, and what does not perish in the warehouse.
fn listed(chain: &Boutique, products: &[BoutiqueProduct], sites: &[BoutiqueSite]) -> Vec<Series> {
    let mut rng = stream(chain.seed, Purpose::BoutiqueCatalogue, 2);
    let mut series = Vec::new();
    for (product, goods) in products.iter().enumerate() {
        let always = rng.random_range(1..sites.len());
        for site in 0..sites.len() {
            let drawn = rng.random::<f64>() < LISTED;
            let lists = if site == WAREHOUSE {
                goods.category().shelf_life_days.is_none()
            } else {
                drawn || site == always
            };
            if lists {
                series.push(Series { product, site });
            }
        }
    }
    series
}
