//! Visits to lists in the history, which the dealer made by hand: of them only events are left.

use rand::RngExt;
use rand_distr::{Distribution, Poisson};

use super::DAY_SECONDS;
use super::journal::Action;
use super::visits::{A_DAY, LISTS};
use super::world::World;
use crate::draws::{Purpose, pick, stream};

/// Clicks per visit.
const CLICKED: f64 = 0.35;
/// Share of the visits that were beside an article.
const BESIDE: f64 = 0.3;
/// How fast clicks fell from place to place, and places of a list.
const FALLS: f64 = 0.2;
const PLACES: usize = 6;

impl World {
    /// What visitors to lists made by hand did on a day of the history.
    pub(super) fn by_hand(&self, day: i64) -> Vec<Action> {
        let mut rng = stream(
            self.cars.seed,
            Purpose::CarsVisit,
            1 << 48 | super::since_start(day),
        );
        let mut sum = 0.0;
        let sums: Vec<f64> = self
            .customers
            .iter()
            .map(|customer| {
                sum += if customer.is_there(day) {
                    customer.rate
                } else {
                    0.0
                };
                sum
            })
            .collect();
        let places: Vec<f64> = (0..PLACES).map(|at| (-FALLS * at as f64).exp()).collect();
        let of_lists = A_DAY * LISTS.len() as f64;
        let visits = Poisson::new(of_lists).map_or(0, |poisson| poisson.sample(&mut rng) as usize);
        let mut actions = Vec::with_capacity(2 * visits);
        for _ in 0..visits {
            let drawn = rng.random::<f64>() * sum;
            let who = sums.partition_point(|upto| *upto <= drawn);
            let Some(customer) = self.customers.get(who) else {
                continue;
            };
            let second = rng.random_range(0..DAY_SECONDS - 60);
            let mut action = |what, position, second| Action {
                second,
                what,
                customer: who,
                article: pick(&mut rng, &customer.wants),
                position,
                decision: String::new(),
            };
            let mut view = action("view", None, second);
            let place = |rng: &mut _| pick(rng, &places).map(|at| at + 1);
            let mut click = action("click", None, second + 5);
            if rng.random::<f64>() >= BESIDE {
                view.article = None;
            }
            actions.push(view);
            if rng.random::<f64>() < CLICKED {
                click.position = place(&mut rng);
                actions.push(click);
            }
        }
        actions
    }
}
