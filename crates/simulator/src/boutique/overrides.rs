//! What planners change in forecasts, and what was really to be changed.

use jiff::civil::DateTime;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::catalogue::CATEGORIES;
use super::events::LocalEvent;
use super::world::World;
use crate::draws::{Purpose, stream};

/// Events that start so many days after the history are known to planners already.
const KNOWN_AHEAD_DAYS: usize = 21;
/// Of each planner, how many changes are made for each event.
const TOLD: [f64; 3] = [0.6, 0.5, 0.35];
/// Standard deviation of the logarithm of what the good planner is off by.
const GOOD_NOISE: f64 = 0.08;
/// Factor by which the biased planner is always too high.
const BIAS: f64 = 1.3;
/// Standard deviation of the logarithm of what the noisy planner says.
const NOISE: f64 = 0.35;

/// Who changes forecasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlannerKind {
    /// Knows of six events in ten, and by how much they change demand, to 8 %.
    Good,
    /// Knows of every second event, and says 30 % too much.
    Biased,
    /// Changes what nothing happens to, by factors around 1.
    Noisy,
}

impl PlannerKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Good, Self::Biased, Self::Noisy];

    /// The identifier in the files.
    #[must_use]
    pub fn author(self) -> &'static str {
        match self {
            Self::Good => "camille",
            Self::Biased => "dominique",
            Self::Noisy => "sacha",
        }
    }
}

/// How a forecast is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Factor,
    More,
    Instead,
}

/// A change that a planner made.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannerChange {
    /// Who.
    pub planner: PlannerKind,
    /// When, in UTC, before its first day.
    pub told_at: DateTime,
    /// What it is about: products, sites and days; its factor is what the planner thinks.
    pub thought: LocalEvent,
    /// Factor that events really have on what is wanted there in these days; 1 where there is none.
    pub true_factor: f64,
    /// What is written: the factor, the units on top of or instead of what would be wanted without it.
    pub value: f64,
    pub(super) how: How,
}

/// The changes made until the history ended, in the order of their events.
pub(super) fn changes(world: &World) -> Vec<PlannerChange> {
    let end = world.chain.days as usize;
    let mut changes = Vec::new();
    for (position, event) in world.events.iter().enumerate() {
        for (planner, chance) in PlannerKind::ALL.into_iter().zip(TOLD) {
            let subject = (position as u64) << 2 | planner as u64;
            let mut rng = stream(world.chain.seed, Purpose::BoutiqueOverride, subject);
            let told = rng.random::<f64>() < chance;
            let change = change(&mut rng, world, planner, event);
            let day = change.told_at.date();
            if told && event.first < end + KNOWN_AHEAD_DAYS && day < world.days[end].date {
                changes.push(change);
            }
        }
    }
    changes
}

fn change(
    rng: &mut ChaCha8Rng,
    world: &World,
    planner: PlannerKind,
    event: &LocalEvent,
) -> PlannerChange {
    let noise: f64 = StandardNormal.sample(rng);
    let thought = match planner {
        PlannerKind::Good => LocalEvent {
            factor: event.factor * (GOOD_NOISE * noise).exp(),
            ..event.clone()
        },
        PlannerKind::Biased => LocalEvent {
            factor: event.factor * BIAS,
            ..event.clone()
        },
        PlannerKind::Noisy => elsewhere(rng, world, event, (NOISE * noise).exp()),
    };
    let (with, without) = wanted(world, &thought);
    let how = match rng.random::<f64>() {
        _ if thought.product.is_none() || without <= 0.0 => How::Factor,
        drawn if drawn < 0.30 => How::More,
        drawn if drawn < 0.45 => How::Instead,
        _ => How::Factor,
    };
    let hundredth = |value: f64| (value * 100.0).round() / 100.0;
    let value = match how {
        How::Factor => hundredth(thought.factor),
        How::More => ((thought.factor - 1.0) * without).round(),
        How::Instead => (thought.factor * without).round(),
    };
    let days_before = rng.random_range(1..=7);
    let hour = rng.random_range(7..16);
    let minute = rng.random_range(0..60);
    let date = world.chain.date_of(thought.first as i64 - days_before);
    PlannerChange {
        planner,
        told_at: date.at(hour, minute, 0, 0),
        true_factor: if without > 0.0 { with / without } else { 1.0 },
        thought,
        value,
        how,
    }
}

/// Something that the noisy planner thinks of at about the time of an event.
fn elsewhere(rng: &mut ChaCha8Rng, world: &World, event: &LocalEvent, factor: f64) -> LocalEvent {
    let at_store = rng.random::<f64>() < 0.5;
    let site = rng.random_range(1..world.sites.len());
    let category = rng.random_range(0..CATEGORIES);
    let product = rng.random_range(0..world.products.len());
    LocalEvent {
        reason: "feeling",
        product: (!at_store).then_some(product),
        category: at_store.then_some(category),
        site: at_store.then_some(site),
        factor,
        ..event.clone()
    }
}

/// Units expected where and when the event is, as it will be and without any event.
fn wanted(world: &World, event: &LocalEvent) -> (f64, f64) {
    let (mut with, mut without) = (0.0, 0.0);
    for one in &world.series {
        let kind = world.products[one.product].kind;
        if !event.covers(one.product, kind, one.site) {
            continue;
        }
        for day in event.first..=event.last {
            if let Some(drivers) = world.drivers(one.product, one.site, day) {
                with += drivers.intensity();
                without += drivers.foreseeable();
            }
        }
    }
    (with, without)
}
