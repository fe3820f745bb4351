//! The customers: who they are, what they like, when they buy.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, StandardNormal};

use crate::catalogue::TIERS;
use crate::draws::{Purpose, distinct, rounded, stream};
use crate::process::Life;
use crate::rows::Customer;
use crate::season::{Calendar, DAY_SECONDS};
use crate::shop::Shop;
use crate::words::{CITIES, FAMILY_NAMES, GIVEN_NAMES};

const CLUSTERS: usize = 6;
/// How close a customer's mix is to that of the cluster.
const MIX_CONCENTRATION: f64 = 25.0;
/// Share of the customers there in the first sixty operational days, and how late the others come.
const EARLY_SHARE: f64 = 0.35;
const EARLY_DAYS: f64 = 60.0;
const LATEST_SHARE: f64 = 0.92;
const TRACKED_SHARE: f64 = 0.4;

/// A customer with what is planted about them.
#[derive(Debug, Clone)]
pub(crate) struct Buyer {
    pub(crate) row: Customer,
    pub(crate) cluster: usize,
    pub(crate) mix: Vec<f64>,
    pub(crate) tiers: [f64; TIERS],
    pub(crate) life: Life,
    /// Operational day of the first purchase.
    pub(crate) first_at: f64,
    /// Local seconds of the purchases, ascending, the first one included.
    pub(crate) purchases: Vec<u64>,
    pub(crate) tracked: bool,
}

impl Buyer {
    /// Last operational day on which the customer still visits.
    pub(crate) fn leaves_at(&self, calendar: &Calendar) -> f64 {
        match self.life.repeats_at.last() {
            Some(last) if self.life.stopped => self.first_at + last,
            Some(_) | None => calendar.span(),
        }
    }
}

/// Shares of the categories wanted by each cluster: three favourites take three quarters.
pub(crate) fn tastes(shop: &Shop, categories: usize) -> Vec<Vec<f64>> {
    let mut rng = stream(shop.seed, Purpose::Person, 1 << 40);
    (0..CLUSTERS)
        .map(|_| {
            let mut mix = vec![0.25 / categories as f64; categories];
            let favourites = distinct(&mut rng, categories, 3);
            for (favourite, share) in favourites.into_iter().zip([0.35, 0.25, 0.15]) {
                mix[favourite] += share;
            }
            mix.into_iter().map(rounded).collect()
        })
        .collect()
}

/// The customer `index`.
pub(crate) fn buyer(shop: &Shop, calendar: &Calendar, tastes: &[Vec<f64>], index: u32) -> Buyer {
    let mut rng = stream(shop.seed, Purpose::Person, u64::from(index));
    let cluster = rng.random_range(0..tastes.len());
    let mix = dirichlet(&mut rng, &tastes[cluster]);
    let level: f64 = StandardNormal.sample(&mut rng);
    let weights = [(-level).exp(), 1.0, level.exp()];
    let sum: f64 = weights.iter().sum();
    let tracked = rng.random::<f64>() < TRACKED_SHARE;
    let mut life_rng = stream(shop.seed, Purpose::Life, u64::from(index));
    let early = life_rng.random::<f64>() < EARLY_SHARE;
    let latest = if early {
        EARLY_DAYS
    } else {
        calendar.span() * LATEST_SHARE
    };
    let first_at = life_rng.random::<f64>() * latest;
    let life = shop.process.live(&mut life_rng, calendar.span() - first_at);
    let purchases: Vec<u64> = std::iter::once(0.0)
        .chain(life.repeats_at.iter().copied())
        .map(|since| calendar.second_at(first_at + since))
        .collect();
    let row = person(&mut rng, index, calendar, purchases[0]);
    let tiers = weights.map(|weight| weight / sum);
    Buyer {
        row,
        cluster,
        mix,
        tiers,
        life,
        first_at,
        purchases,
        tracked,
    }
}

fn dirichlet(rng: &mut ChaCha8Rng, mean: &[f64]) -> Vec<f64> {
    let draws: Vec<f64> = mean
        .iter()
        .map(|share| {
            Gamma::new(MIX_CONCENTRATION * share, 1.0)
                .expect("a cluster gives every category a share above 0")
                .sample(rng)
        })
        .collect();
    let sum: f64 = draws.iter().sum();
    draws.into_iter().map(|draw| draw / sum).collect()
}

fn person(rng: &mut ChaCha8Rng, index: u32, calendar: &Calendar, first: u64) -> Customer {
    let given_name = GIVEN_NAMES[rng.random_range(0..GIVEN_NAMES.len())];
    let family_name = FAMILY_NAMES[rng.random_range(0..FAMILY_NAMES.len())];
    let (city, postcode) = CITIES[rng.random_range(0..CITIES.len())];
    let registered = calendar.date((first / DAY_SECONDS) as u32);
    Customer {
        number: format!("C{index:06}"),
        given_name: given_name.to_owned(),
        family_name: family_name.to_owned(),
        email: format!(
            "{}.{}.{index}@example.org",
            plain(given_name),
            plain(family_name)
        ),
        city,
        postcode,
        registered,
        birth_year: registered.year() - rng.random_range(18..85),
        opt_in: rng.random::<f64>() < 0.7,
    }
}

/// Lower case without accents.
fn plain(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'à' | 'â' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' => 'o',
            'û' | 'ü' => 'u',
            'ç' => 'c',
            other => other,
        })
        .collect()
}
