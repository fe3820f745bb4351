//! The weather, and what is forecast of it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, StandardNormal};

use super::Boutique;
use super::calendar::Day;
use super::sites::{BoutiqueSite, REGIONS};
use crate::draws::{Purpose, stream};

/// Mean highest temperature of a region over the year, and half the way from winter to summer.
const CLIMATE: [(f64, f64); REGIONS.len()] = [(14.5, 8.0), (16.0, 7.5), (20.0, 8.0), (15.5, 9.5)];
/// Day of the year that is hottest on average.
const HOTTEST: f64 = 202.0;
/// What a day keeps of how unusual the day before was, and the standard deviation of what comes new.
const KEPT: f64 = 0.75;
const NEW: f64 = 2.4;
/// Chances of rain after a wet and after a dry day, and the gamma distribution of its millimetres.
const WET: (f64, f64) = (0.55, 0.27);
const RAIN: (f64, f64) = (0.8, 8.0);
/// Millimetres of a day, all days alike.
const MEAN_RAIN: f64 = 2.4;
/// Days that are forecast.
pub(super) const FORECAST_DAYS: usize = 14;

/// Highest temperature in degrees Celsius and rain in millimetres, to the tenth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weather {
    pub(super) temperature: f64,
    pub(super) rain: f64,
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn usual(area: usize, day: &Day) -> f64 {
    let (mean, swing) = CLIMATE[area];
    let days = f64::from(day.date.day_of_year()) - HOTTEST;
    mean + swing * (std::f64::consts::TAU * days / 365.25).cos()
}

/// The weather of each site on each day, site by site; stores of a region have about the same.
pub(super) fn weather(chain: &Boutique, sites: &[BoutiqueSite], days: &[Day]) -> Vec<Vec<Weather>> {
    let regions: Vec<Vec<Weather>> = (0..REGIONS.len())
        .map(|area| region(chain, area, days))
        .collect();
    let own = |position: usize, site: &BoutiqueSite| {
        let mut rng = stream(chain.seed, Purpose::BoutiqueWeather, 100 + position as u64);
        let mut near = |weather: &Weather| {
            let (warmer, wetter): (f64, f64) = (
                StandardNormal.sample(&mut rng),
                StandardNormal.sample(&mut rng),
            );
            Weather {
                temperature: tenth(weather.temperature + 0.6 * warmer),
                rain: tenth(weather.rain * (0.25 * wetter).exp()),
            }
        };
        regions[site.area].iter().map(&mut near).collect()
    };
    sites
        .iter()
        .enumerate()
        .map(|(position, site)| own(position, site))
        .collect()
}

fn region(chain: &Boutique, area: usize, days: &[Day]) -> Vec<Weather> {
    let mut rng = stream(chain.seed, Purpose::BoutiqueWeather, area as u64);
    let amount = Gamma::new(RAIN.0, RAIN.1 / RAIN.0).expect("shape and mean are above 0");
    let (mut unusual, mut wet) = (0.0, false);
    days.iter()
        .map(|day| {
            let new: f64 = StandardNormal.sample(&mut rng);
            unusual = KEPT * unusual + NEW * new;
            wet = rng.random::<f64>() < if wet { WET.0 } else { WET.1 };
            let rain: f64 = amount.sample(&mut rng);
            Weather {
                temperature: usual(area, day) + unusual,
                rain: if wet { rain } else { 0.0 },
            }
        })
        .collect()
}

/// What is forecast on day `on` for a later day at a site where the weather will be `real`.
///
/// The error of the temperature grows with the days between; the rain forecast goes from what will fall to what usually
/// falls.
pub(super) fn forecast(rng: &mut ChaCha8Rng, real: Weather, days_ahead: usize) -> Weather {
    let ahead = days_ahead as f64;
    let error: f64 = StandardNormal.sample(rng);
    let known = (-ahead / 6.0).exp();
    Weather {
        temperature: tenth(real.temperature + (0.6 + 0.3 * ahead) * error),
        rain: tenth(known * real.rain + (1.0 - known) * MEAN_RAIN),
    }
}
