//! Who buys: what they care for, how often they come, from when to when.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, Gamma, StandardNormal};

use super::catalogue::{Article, CIRCLES, FAMILIES, MAKES, SITES, Sort};
use super::{DAYS, UsedCars};
use crate::draws::{Purpose, pick, stream};

/// Mean days from joining to leaving for good; nobody tells that they leave.
const LIFE_DAYS: f64 = 400.0;
/// Orders a day of who has not left: Gamma of this shape and mean.
const RATE: (f64, f64) = (1.2, 0.025);
/// Small garages among the customers, as a share, and how much more often than others they come.
const TRADE: f64 = 0.04;
const TRADE_RATE: (f64, f64) = (8.0, 0.18);
/// Orders a day below which a customer comes seldom.
const SELDOM: f64 = 0.018;
/// What three families of their circle weigh with a customer, a fourth of any, and each other family.
const FAVOURITES: [f64; 3] = [1.0, 0.75, 0.55];
const BESIDE: f64 = 0.3;
const OTHERS: f64 = 0.03;
/// What an article for the own car weighs, one for all cars, one for another car.
const OWN_MAKE: f64 = 2.4;
const ANY_MAKE: f64 = 0.5;
const OTHER_MAKE: f64 = 0.02;
/// Standard deviation of the logarithm of what one customer makes of one article.
const OWN_TASTE: f64 = 0.8;
/// Visitors of a partner among the customers, orders a day of one, and how many come on the first day.
const PARTNERS: u32 = 5;
const PARTNER_RATE: f64 = 0.006;
const PARTNERS_AT_ONCE: u32 = 4;

/// A customer with all that is latent.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) id: String,
    /// Position in [`SITES`] of the nearest site.
    pub(super) site: usize,
    /// Orders a day in the history, as long as the customer has not left.
    pub(super) rate: f64,
    /// First and last day; 0 is the first that is played.
    pub(super) joins: i64,
    pub(super) leaves: i64,
    /// Whether a partner's site sent them.
    pub(super) partner: bool,
    /// How much each article is wanted; sums to 1.
    pub(super) wants: Vec<f64>,
}

impl Customer {
    /// Whether they are known in the morning of a day and have not left.
    pub(super) fn is_there(&self, day: i64) -> bool {
        self.joins < day && day <= self.leaves
    }

    pub(super) fn comes_seldom(&self) -> bool {
        self.rate < SELDOM
    }
}

/// Gamma of a shape and a mean, both above 0.
fn gamma(rng: &mut ChaCha8Rng, (shape, mean): (f64, f64)) -> f64 {
    Gamma::new(shape, mean / shape).map_or(mean, |gamma| gamma.sample(rng))
}

/// Days until something that happens once in `mean` days.
fn wait(rng: &mut ChaCha8Rng, mean: f64) -> i64 {
    let unit: f64 = Exp1.sample(rng);
    (mean * unit).ceil() as i64
}

/// Everybody, in the order in which they join; visitors sent by the partner from `partner_from` on are the last.
///
/// As many join as leave, so that the number of those who come stays.
pub(super) fn customers(cars: &UsedCars, articles: &[Article], partner_from: i64) -> Vec<Customer> {
    let days = f64::from(DAYS);
    let there = (f64::from(cars.customers) / (1.0 + days / LIFE_DAYS)).round() as u32;
    let joining = cars.customers.saturating_sub(there);
    let mut all: Vec<Customer> = (0..cars.customers + joining)
        .map(|index| {
            let mut rng = stream(cars.seed, Purpose::CarsCustomer, u64::from(index));
            let at_start = -i64::from(DAYS);
            let (joins, from) = match index.checked_sub(there) {
                None => (at_start - wait(&mut rng, LIFE_DAYS), at_start),
                Some(later) => {
                    let joins =
                        at_start + i64::from(later) * i64::from(DAYS) / i64::from(joining.max(1));
                    (joins, joins)
                }
            };
            let trade = rng.random::<f64>() < TRADE;
            let rate = gamma(&mut rng, if trade { TRADE_RATE } else { RATE }).clamp(0.002, 0.4);
            let leaves = from + wait(&mut rng, LIFE_DAYS);
            customer(&mut rng, articles, (joins, leaves), rate)
        })
        .collect();
    all.extend(partners(cars, articles, partner_from));
    all.sort_by_key(|customer| (customer.partner, customer.joins));
    for (customer, number) in all.iter_mut().zip(1..) {
        customer.id = format!("K{number:06}");
    }
    all
}

fn partners(cars: &UsedCars, articles: &[Article], from: i64) -> Vec<Customer> {
    let number = cars.customers / PARTNERS;
    let first = number / PARTNERS_AT_ONCE;
    let left = (i64::from(DAYS) - from).max(1);
    (0..number)
        .map(|index| {
            let mut rng = stream(cars.seed, Purpose::CarsCustomer, 1 << 32 | u64::from(index));
            let later = i64::from(index.saturating_sub(first));
            let joins = from + later * left / i64::from((number - first).max(1));
            let mut customer = customer(
                &mut rng,
                articles,
                (joins, joins + i64::from(DAYS)),
                PARTNER_RATE,
            );
            customer.partner = true;
            customer
        })
        .collect()
}

fn customer(
    rng: &mut ChaCha8Rng,
    articles: &[Article],
    (joins, leaves): (i64, i64),
    rate: f64,
) -> Customer {
    let site = pick(rng, &SITES.map(|site| site.3)).unwrap_or(0);
    let make = pick(rng, &MAKES.map(|make| make.1)).unwrap_or(0);
    Customer {
        id: String::new(),
        site,
        rate,
        joins,
        leaves,
        partner: false,
        wants: wants(rng, articles, make),
    }
}

/// How much each article is wanted by who drives a car of `make`; sums to 1.
fn wants(rng: &mut ChaCha8Rng, articles: &[Article], make: usize) -> Vec<f64> {
    let mut families = [OTHERS; FAMILIES.len()];
    let circle = pick(rng, &CIRCLES.map(|circle| circle.1)).unwrap_or(0);
    let mut shares: Vec<f64> = FAMILIES
        .iter()
        .map(|family| match family.sort {
            Sort::Vehicle => 0.0,
            Sort::Part | Sort::Service => family.share,
        })
        .collect();
    let mut of_circle = vec![0.0; FAMILIES.len()];
    for family in CIRCLES[circle].0 {
        of_circle[family] = shares[family];
    }
    for weight in FAVOURITES {
        if let Some(favourite) = pick(rng, &of_circle) {
            families[favourite] = weight;
            (of_circle[favourite], shares[favourite]) = (0.0, 0.0);
        }
    }
    if let Some(beside) = pick(rng, &shares) {
        families[beside] = BESIDE;
    }
    let mut wants: Vec<f64> = articles
        .iter()
        .map(|article| {
            let fits = match article.make {
                None => ANY_MAKE,
                Some(of) if of == make => OWN_MAKE,
                Some(_) => OTHER_MAKE,
            };
            let own: f64 = StandardNormal.sample(rng);
            families[article.family] * fits * article.liked * (OWN_TASTE * own).exp()
        })
        .collect();
    let sum: f64 = wants.iter().sum();
    for want in &mut wants {
        *want /= sum.max(f64::MIN_POSITIVE);
    }
    wants
}
