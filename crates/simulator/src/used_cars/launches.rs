//! Limited series that are sold for a few days and never again: what was told of them, and who bought them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal};

use super::catalogue::{Article, FAMILIES, MAKES, goods, priced};
use super::customers::Customer;
use super::{DAY_SECONDS, DAYS, date_of};
use crate::draws::{Purpose, pick, stream};

/// Launches of a week, on these days of it (0 is Monday), at this hour.
const WEEKDAYS: [i64; 3] = [1, 3, 5];
const HOUR: i64 = 8;
/// Days before the opening on which a launch is announced and estimated.
pub(super) const AHEAD_DAYS: i64 = 14;
/// Families of which there are limited series.
const LAUNCHED: [usize; 7] = [2, 3, 5, 6, 9, 10, 11];
/// Logarithm of the units of a middle launch, and the standard deviation of what nothing tells.
const MIDDLE: f64 = 2.1;
const UNEXPLAINED: f64 = 0.4;
/// Size of the negative binomial demand.
const SIZE: f64 = 12.0;
/// How much dearer goods sell less, and how much a discount helps.
const ELASTICITY: f64 = 0.8;
const DEPTH: f64 = 2.5;
/// Days to sell: in these shares.
const LENGTHS: [(i64, f64); 3] = [(2, 0.3), (3, 0.45), (4, 0.25)];
/// Hours after which a half of what is still to be sold is sold.
const HALF_HOURS: f64 = 14.0;
/// Who plans launches: name, bias and noise of the logarithm of what they tell, correlation with what nothing else tells.
const PLANNERS: [(&str, f64, f64, f64); 4] = [
    ("ines", 0.1, 0.25, 0.9),
    ("joel", 0.45, 0.3, 0.8),
    ("katia", -0.2, 0.35, 0.7),
    ("luc", 0.25, 0.6, 0.3),
];

/// One article sold for some days.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) id: String,
    /// What is sold: an article of its own.
    pub(super) article: Article,
    pub(super) planner: usize,
    /// Day of the opening; 0 is the first that is played.
    pub(super) day: i64,
    pub(super) days: i64,
    pub(super) price_cents: i64,
    pub(super) likely: u32,
    /// Second since the midnight of day 0 and buyer of each unit, in the order of time.
    pub(super) sold: Vec<(i64, usize)>,
}

impl Launch {
    pub(super) fn planner_name(&self) -> &'static str {
        PLANNERS[self.planner].0
    }

    /// Seconds from the midnight of day 0 to opening and closing.
    pub(super) fn open(&self) -> (i64, i64) {
        let opens = self.day * DAY_SECONDS + HOUR * 3_600;
        (opens, opens + self.days * DAY_SECONDS)
    }
}

/// All launches of the history and of the year that is played, in the order of their openings.
pub(super) fn launches(seed: u64, customers: &[Customer]) -> Vec<Launch> {
    let weeks = -i64::from(DAYS / 7)..i64::from(DAYS / 7);
    let days = weeks.flat_map(|week| WEEKDAYS.map(|weekday| 7 * week + weekday));
    days.zip(0..)
        .map(|(day, index)| launch(seed, customers, day, index))
        .collect()
}

fn launch(seed: u64, customers: &[Customer], day: i64, index: u64) -> Launch {
    let mut rng = stream(seed, Purpose::CarsLaunch, index);
    let family = LAUNCHED[rng.random_range(0..LAUNCHED.len())];
    let make = rng.random_range(0..MAKES.len());
    let planner = rng.random_range(0..PLANNERS.len());
    let (list_cents, cost_cents) = priced(&mut rng, &FAMILIES[family]);
    let depth = 0.1 + 0.25 * rng.random::<f64>();
    let lengths = LENGTHS.map(|length| length.1);
    let days = LENGTHS[pick(&mut rng, &lengths).unwrap_or(0)].0;
    let unexplained: f64 = StandardNormal.sample(&mut rng);
    let told = MIDDLE + attributes(seed, (family, make), list_cents as f64, depth, day);
    let intensity = (told + UNEXPLAINED * unexplained).exp();
    let (_, bias, noise, skill) = PLANNERS[planner];
    let own: f64 = StandardNormal.sample(&mut rng);
    let off: f64 = StandardNormal.sample(&mut rng);
    let felt = skill * (skill * unexplained + (1.0 - skill * skill).sqrt() * own);
    let likely = (told + bias + UNEXPLAINED * felt + noise * 0.5 * off).exp();
    let number = index + 1;
    Launch {
        id: format!("A{number:04}"),
        article: Article {
            reference: format!("L{number:04}"),
            name: format!(
                "{} {} limited {number:04}",
                MAKES[make].0,
                goods(&FAMILIES[family], index as usize)
            ),
            family,
            make: Some(make),
            price_cents: list_cents,
            cost_cents,
            liked: 0.0,
        },
        planner,
        day,
        days,
        price_cents: ((1.0 - depth) * list_cents as f64).round() as i64,
        likely: likely.round().max(1.0) as u32,
        sold: sold(&mut rng, customers, (day, days), intensity),
    }
}

/// Logarithm of the factor of what the tables tell of a launch.
fn attributes(seed: u64, (family, make): (usize, usize), list: f64, depth: f64, day: i64) -> f64 {
    let fixed = |place: u64| -> f64 {
        let mut rng = stream(seed, Purpose::CarsLaunch, 1 << 32 | place);
        StandardNormal.sample(&mut rng)
    };
    let season = FAMILIES[family].season(date_of(day)).ln();
    0.5 * fixed(family as u64) + 0.35 * fixed(100 + make as u64)
        - ELASTICITY * (list / FAMILIES[family].price_cents).ln()
        + DEPTH * (depth - 0.225)
        + season
}

fn sold(
    rng: &mut ChaCha8Rng,
    customers: &[Customer],
    (day, days): (i64, i64),
    intensity: f64,
) -> Vec<(i64, usize)> {
    let factor = Gamma::new(SIZE, 1.0 / SIZE).map_or(1.0, |gamma| gamma.sample(rng));
    let mean = (intensity * factor).max(f64::MIN_POSITIVE);
    let units = Poisson::new(mean).map_or(0, |poisson| poisson.sample(rng) as usize);
    let weights: Vec<f64> = customers
        .iter()
        .map(|customer| {
            if customer.is_there(day) && !customer.partner {
                customer.rate
            } else {
                0.0
            }
        })
        .collect();
    let hours = 24.0 * days as f64;
    let all = 1.0 - 0.5_f64.powf(hours / HALF_HOURS);
    let mut sold: Vec<(i64, usize)> = (0..units)
        .filter_map(|_| {
            let share = all * rng.random::<f64>();
            let hour = -HALF_HOURS * (1.0 - share).log2();
            let second = (day * DAY_SECONDS + HOUR * 3_600) + (hour * 3_600.0) as i64;
            Some((second, pick(rng, &weights)?))
        })
        .collect();
    sold.sort_unstable();
    sold
}
