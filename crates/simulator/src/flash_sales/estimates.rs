//! What merchants tell before a launch opens.

use jiff::civil::DateTime;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::launches::{LaunchTruth, UNEXPLAINED};
use super::merchants::{Habit, MIDDLE, MerchantSkill};
use super::{DAY_SECONDS, FlashSales, HOUR_SECONDS};
use crate::draws::{Purpose, stream};

/// Chance that who is in charge tells nothing of a product all the same.
const FORGOTTEN: f64 = 0.06;
/// Chance that a colleague tells something too.
const SECOND_OPINION: f64 = 0.15;

/// What one merchant told of one product of one launch.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchEstimate {
    /// Position in [`FlashSalesShop::launches`](super::FlashSalesShop::launches).
    pub launch: usize,
    /// Position in [`FlashSalesShop::merchants`](super::FlashSalesShop::merchants).
    pub merchant: usize,
    /// When, in UTC: 12 to 30 days before the opening.
    pub told_at: DateTime,
    /// Units that are likely, 1 or more.
    pub likely: u32,
    /// Least and most units expected, where both are told.
    pub interval: Option<(u32, u32)>,
}

/// All estimates, launch by launch, who is in charge first.
pub(super) fn estimates(
    club: &FlashSales,
    merchants: &[MerchantSkill],
    launches: &[LaunchTruth],
) -> Vec<LaunchEstimate> {
    let mut all = Vec::new();
    for (pair, launch) in launches.iter().enumerate() {
        let mut rng = stream(club.seed, Purpose::FlashEstimate, pair as u64);
        let told = rng.random::<f64>() >= FORGOTTEN;
        if told && merchants[launch.merchant].habit != Habit::Silent {
            all.push(estimate(
                &mut rng,
                club,
                merchants,
                (pair, launch),
                launch.merchant,
            ));
        }
        let asked = rng.random::<f64>() < SECOND_OPINION;
        let colleague = rng.random_range(0..merchants.len());
        let tells = matches!(merchants[colleague].habit, Habit::Full | Habit::LikelyOnly);
        if asked && tells && colleague != launch.merchant {
            all.push(estimate(
                &mut rng,
                club,
                merchants,
                (pair, launch),
                colleague,
            ));
        }
    }
    all
}

fn estimate(
    rng: &mut rand_chacha::ChaCha8Rng,
    club: &FlashSales,
    merchants: &[MerchantSkill],
    (pair, launch): (usize, &LaunchTruth),
    merchant: usize,
) -> LaunchEstimate {
    let skill = &merchants[merchant];
    let own: f64 = StandardNormal.sample(rng);
    let noise: f64 = StandardNormal.sample(rng);
    let felt = skill.signal * launch.unexplained / UNEXPLAINED
        + (1.0 - skill.signal * skill.signal).sqrt() * own;
    let expected = launch.attributes + skill.signal * UNEXPLAINED * felt;
    let logarithm = MIDDLE + skill.bias + skill.slope * (expected - MIDDLE) + skill.noise * noise;
    let units = |logarithm: f64| logarithm.exp().round().clamp(1.0, 1e6) as u32;
    let days = rng.random_range(12..30);
    let second = rng.random_range(8 * HOUR_SECONDS..17 * HOUR_SECONDS);
    let midnight = launch.opens - launch.opens.rem_euclid(DAY_SECONDS);
    let interval = (skill.habit != Habit::LikelyOnly).then(|| {
        let half = skill.half_width;
        (units(logarithm - half), units(logarithm + half))
    });
    LaunchEstimate {
        launch: pair,
        merchant,
        told_at: club.moment(midnight - days * DAY_SECONDS + second),
        likely: units(logarithm),
        interval,
    }
}
