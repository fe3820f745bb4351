//! Who buys when, and what the stock leaves unsold.

use rand::RngExt;
use rand_distr::{Distribution, Gamma, StandardNormal};

use super::estimates::LaunchEstimate;
use super::launches::LaunchTruth;
use super::{FlashSales, HOUR_SECONDS};
use crate::draws::{Purpose, stream};

/// Share of the products of past launches without a limit: they are sent by the brand.
const UNLIMITED_SHARE: f64 = 0.2;
/// Stock over what was expected: the median and the standard deviation of the logarithm.
const STOCK: (f64, f64) = (1.15, 0.45);
/// Shape of the gamma distribution of how much members buy.
const ACTIVITY_SHAPE: f64 = 0.6;

/// One unit sold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sale {
    /// Seconds since the club's first midnight.
    pub(super) second: i64,
    /// Position in the list of launches.
    pub(super) launch: usize,
    pub(super) customer: usize,
}

/// Days each member joined before the start, and running sums of how much they buy.
#[derive(Debug, Clone)]
pub(super) struct Members {
    pub(super) days_before: Vec<i64>,
    running: Vec<f64>,
}

impl Members {
    pub(super) fn new(club: &FlashSales) -> Self {
        let mut rng = stream(club.seed, Purpose::FlashCustomer, 0);
        let activity = Gamma::new(ACTIVITY_SHAPE, 1.0).expect("the shape is above 0");
        let mut sum = 0.0;
        let (days_before, running) = (0..club.customers)
            .map(|_| {
                sum += activity.sample(&mut rng) + 0.01;
                (rng.random_range(1..1_500), sum)
            })
            .unzip();
        Self {
            days_before,
            running,
        }
    }

    pub(super) fn name(position: usize) -> String {
        format!("c{:06}", position + 1)
    }

    fn draw(&self, rng: &mut rand_chacha::ChaCha8Rng) -> usize {
        let total = self.running.last().copied().unwrap_or(0.0);
        let drawn = total * rng.random::<f64>();
        let position = self.running.partition_point(|sum| *sum <= drawn);
        position.min(self.running.len() - 1)
    }
}

/// Limits the past launches by a stock that was bought on what the merchant in charge expected, or on the middling
/// demand where nothing was told.
pub(super) fn limit(club: &FlashSales, launches: &mut [LaunchTruth], estimates: &[LaunchEstimate]) {
    let mut told: Vec<Option<u32>> = vec![None; launches.len()];
    for estimate in estimates {
        if launches[estimate.launch].merchant == estimate.merchant {
            told[estimate.launch] = Some(estimate.likely);
        }
    }
    for (pair, launch) in launches.iter_mut().enumerate() {
        if launch.upcoming {
            continue;
        }
        let mut rng = stream(club.seed, Purpose::FlashStock, pair as u64);
        if rng.random::<f64>() < UNLIMITED_SHARE {
            continue;
        }
        let noise: f64 = StandardNormal.sample(&mut rng);
        let expected = told[pair].map_or(super::merchants::MIDDLE.exp(), f64::from);
        let units = expected * STOCK.0 * (STOCK.1 * noise).exp();
        launch.available_units = Some(units.round().max(3.0) as u32);
    }
}

/// The sales of the launch × product at position `pair` in the order of time; those after the stock is gone are none.
pub(super) fn sales(
    club: &FlashSales,
    members: &Members,
    pair: usize,
    launch: &LaunchTruth,
) -> Vec<Sale> {
    let mut rng = stream(club.seed, Purpose::FlashArrival, pair as u64);
    let mut sales: Vec<Sale> = (0..launch.demand)
        .map(|_| {
            let hours = launch.curve.draw(&mut rng, launch.length_hours);
            // The last second before closing is still one of the launch.
            let last = (launch.length_hours * HOUR_SECONDS as f64) as i64 - 1;
            let after = ((hours * HOUR_SECONDS as f64) as i64).min(last);
            Sale {
                second: launch.opens + after,
                launch: pair,
                customer: members.draw(&mut rng),
            }
        })
        .collect();
    sales.sort_by_key(|sale| sale.second);
    if let Some(available) = launch.available_units {
        sales.truncate(available as usize);
    }
    sales
}
