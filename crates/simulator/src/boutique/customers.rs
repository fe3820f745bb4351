//! Holders of a card, each with a store of their own.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma};

use super::Boutique;
use crate::draws::{Purpose, stream};

/// Shape of the gamma distribution of how much they buy.
const ACTIVITY_SHAPE: f64 = 0.7;

/// The holders of a card.
#[derive(Debug, Clone)]
pub(super) struct Cards {
    /// Days that each has had the card at the start.
    pub(super) days_before: Vec<i64>,
    /// By store, the holders with running sums of how much they buy.
    of_store: Vec<Vec<(u32, f64)>>,
}

impl Cards {
    pub(super) fn new(chain: &Boutique) -> Self {
        let mut rng = stream(chain.seed, Purpose::BoutiqueCustomer, 0);
        let activity = Gamma::new(ACTIVITY_SHAPE, 1.0).expect("the shape is above 0");
        let mut of_store = vec![Vec::new(); chain.stores as usize];
        let days_before = (0..chain.customers)
            .map(|customer| {
                // The first ones are dealt out, so that every store has some.
                let store = match customer {
                    dealt if dealt < chain.stores => dealt,
                    _ => rng.random_range(0..chain.stores),
                };
                let holders: &mut Vec<(u32, f64)> = &mut of_store[store as usize];
                let sum = holders.last().map_or(0.0, |(_, sum)| *sum);
                holders.push((customer, sum + activity.sample(&mut rng) + 0.01));
                rng.random_range(1..1_500)
            })
            .collect();
        Self {
            days_before,
            of_store,
        }
    }

    pub(super) fn name(customer: u32) -> String {
        format!("b{:06}", customer + 1)
    }

    /// A holder who buys at the store of position `site` among the sites.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng, site: usize) -> Option<u32> {
        let holders = self.of_store.get(site.checked_sub(1)?)?;
        let total = holders.last()?.1;
        let drawn = total * rng.random::<f64>();
        let place = holders.partition_point(|(_, sum)| *sum <= drawn);
        holders
            .get(place.min(holders.len() - 1))
            .map(|(customer, _)| *customer)
    }
}
