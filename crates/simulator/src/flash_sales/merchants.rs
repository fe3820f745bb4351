//! The merchants: who makes launches, and how well each foresees what they sell.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::FlashSales;
use super::launches::UNEXPLAINED;
use crate::draws::{Purpose, distinct, stream};

/// Logarithm of a demand at which a merchant's bias is told: 100 units.
pub(super) const MIDDLE: f64 = 4.605_170_185_988_091;
/// Standard deviation of the logarithm of what the quality of a merchant's launches does to demand.
const QUALITY_SPREAD: f64 = 0.2;
/// Mean and standard deviation of the bias: merchants are optimists on average.
const BIAS: (f64, f64) = (0.1, 0.25);
/// Least and largest slope: most see less of a difference between launches than there is.
const SLOPE: (f64, f64) = (0.65, 1.1);
/// Of the least and of the most skilled: correlation with what attributes do not tell, and noise.
const SIGNAL: (f64, f64) = (0.3, 0.97);
const NOISE: (f64, f64) = (0.45, 0.08);
/// Half a merchant's interval over the noise of the estimate: below 1.64 it is too narrow for nine in ten.
const WIDTH: (f64, f64) = (0.7, 1.9);

/// What a merchant tells before a launch opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Low, likely and high for most launches.
    Full,
    /// The likely figure only.
    LikelyOnly,
    /// Nothing.
    Silent,
    /// As the first, but without a launch before the last day.
    Newcomer,
}

/// What is planted for a merchant.
///
/// The merchant has a signal `g` of correlation [`MerchantSkill::signal`] ρ with the standardised unexplained part of
/// the logarithm of a launch's intensity, and so expects `v = attributes + ρ τ g` with τ
/// [`FlashSalesShop::unexplained_spread`](super::FlashSalesShop::unexplained_spread). What is told is
/// `ln(likely) = c + bias + slope (v - c) + noise · e`, c = ln 100, with a standard normal e.
#[derive(Debug, Clone, PartialEq)]
pub struct MerchantSkill {
    /// The shop's identifier.
    pub merchant: String,
    /// a: logarithm of the factor by which a launch of 100 units is overestimated.
    pub bias: f64,
    /// b: below 1, differences between launches are underestimated.
    pub slope: f64,
    /// σ: standard deviation of the noise of the logarithm.
    pub noise: f64,
    /// ρ: correlation of what the merchant feels with what attributes do not tell, 0 to 1.
    pub signal: f64,
    /// Half the width of the interval told, as a logarithm.
    pub half_width: f64,
    /// Logarithm of the factor of the merchant's launches on demand.
    pub quality: f64,
    /// What is told.
    pub habit: Habit,
    /// 1 for the one whose calibrated estimates leave the least unexplained; all merchants are ranked.
    pub rank: u32,
    /// How often launches are given to the merchant, relative to the others.
    pub(super) activity: f64,
}

impl MerchantSkill {
    /// Coefficient by which a calibrated reader takes over what an estimate says beyond attributes, 0 to 1.
    fn trust(&self) -> f64 {
        let signal = (self.signal * UNEXPLAINED).powi(2);
        let noise = (self.noise / self.slope).powi(2);
        signal / (signal + noise)
    }

    /// Mean and standard deviation of the unexplained part of the logarithm of an intensity, given the likely figure.
    ///
    /// Exact: all is normal. The figure told is rounded to whole units.
    #[must_use]
    pub fn unexplained_given(&self, attributes: f64, likely: f64) -> (f64, f64) {
        let beyond = (likely.ln() - MIDDLE - self.bias) / self.slope - (attributes - MIDDLE);
        (self.trust() * beyond, self.left_unexplained())
    }

    /// Standard deviation of the unexplained part that is left when a calibrated reader knows the estimate.
    #[must_use]
    pub fn left_unexplained(&self) -> f64 {
        let told = self.trust() * (self.signal * UNEXPLAINED).powi(2);
        (UNEXPLAINED * UNEXPLAINED - told).sqrt()
    }
}

/// The merchants, in the order of their identifiers.
pub(super) fn merchants(club: &FlashSales) -> Vec<MerchantSkill> {
    let n = club.merchants as usize;
    let mut rng = stream(club.seed, Purpose::FlashMerchant, 0);
    // Skill is spread evenly, so that every club has good and bad merchants.
    let places = distinct(&mut rng, n, n);
    let habits = habits(n);
    let mut merchants: Vec<MerchantSkill> = (0..n)
        .map(|index| {
            // The root makes those who know little the few.
            let skill = (places[index] as f64 / (n - 1) as f64).sqrt();
            let between = |(low, high): (f64, f64), share: f64| low + (high - low) * share;
            let bias: f64 = StandardNormal.sample(&mut rng);
            let quality: f64 = StandardNormal.sample(&mut rng);
            let noise = between(NOISE, skill);
            MerchantSkill {
                merchant: format!("M{:03}", index + 1),
                bias: BIAS.0 + BIAS.1 * bias,
                slope: between(SLOPE, rng.random::<f64>()),
                noise,
                signal: between(SIGNAL, skill),
                half_width: between(WIDTH, rng.random::<f64>()) * (noise + 0.1),
                quality: QUALITY_SPREAD * quality,
                habit: habits[index],
                rank: 0,
                activity: between((0.4, 2.0), rng.random::<f64>()),
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..n).collect();
    let left = |index: &usize| merchants[*index].left_unexplained();
    order.sort_by(|one, two| left(one).total_cmp(&left(two)));
    for (rank, index) in (1..).zip(order) {
        merchants[index].rank = rank;
    }
    merchants
}

/// The last twentieth is new, one in twelve silent and one in eight brief, at least one of each.
fn habits(n: usize) -> Vec<Habit> {
    let new = (n / 20).max(1);
    let silent = (n / 12).max(1);
    let brief = (n / 8).max(1);
    (0..n)
        .map(|index| {
            if index >= n - new {
                Habit::Newcomer
            } else if index < silent {
                Habit::Silent
            } else if index < silent + brief {
                Habit::LikelyOnly
            } else {
                Habit::Full
            }
        })
        .collect()
}
