//! Whom a data product decided for on which day, and whom it held out.

use schema::time::DAY_SECONDS;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A customer asked about on one day: the day's first decision of a product about them.
///
/// A day and not a version: a version may answer for months, and what came of the first of them says nothing of the
/// last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// The customer, by place among all.
    customer: u32,
    /// Whether the customer was held out and got the baseline.
    pub held_out: bool,
    /// Whether chance might have decided otherwise: the logged probability is below 1.
    pub open: bool,
    /// The version that decided; 65,535 for that and every later one.
    pub version: u16,
    /// When, in seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
}

/// The rounds of all data products. Memory: 16 bytes a round, and each customer's identifier once.
#[derive(Debug, Clone, Default)]
pub struct Rounds {
    /// Sorted.
    customers: Vec<Arc<str>>,
    /// By product; within by customer and time.
    of_products: BTreeMap<Arc<str>, Vec<Round>>,
}

/// A decision about a customer, as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged {
    /// When, in seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
    /// The version that decided.
    pub version: u64,
    /// Whether the customer was held out and got the baseline.
    pub held_out: bool,
    /// Whether chance might have decided otherwise: the logged probability is below 1.
    pub open: bool,
}

/// Collects decisions in any order.
#[derive(Debug, Default)]
pub struct RoundsBuilder {
    customers: HashMap<Arc<str>, u32>,
    of_products: BTreeMap<Arc<str>, Vec<Round>>,
}

impl RoundsBuilder {
    /// Adds a decision of a product about a customer.
    pub fn push(&mut self, product: &str, customer: &str, logged: &Logged) {
        let number = match self.customers.get(customer) {
            Some(known) => *known,
            None => {
                let next = u32::try_from(self.customers.len()).unwrap_or(u32::MAX);
                self.customers.insert(customer.into(), next);
                next
            }
        };
        let round = Round {
            customer: number,
            held_out: logged.held_out,
            open: logged.open,
            version: u16::try_from(logged.version).unwrap_or(u16::MAX),
            at_seconds: logged.at_seconds,
        };
        match self.of_products.get_mut(product) {
            Some(rounds) => rounds.push(round),
            None => {
                self.of_products.insert(product.into(), vec![round]);
            }
        }
    }

    /// The first decision of each day.
    #[must_use]
    pub fn build(self) -> Rounds {
        let mut sorted: Vec<(Arc<str>, u32)> = self.customers.into_iter().collect();
        sorted.sort_unstable();
        let mut place = vec![0u32; sorted.len()];
        for ((_, old), new) in sorted.iter().zip(0u32..) {
            place[*old as usize] = new;
        }
        let mut of_products = self.of_products;
        for rounds in of_products.values_mut() {
            rounds
                .iter_mut()
                .for_each(|round| round.customer = place[round.customer as usize]);
            rounds.sort_unstable_by_key(|r| (r.customer, r.at_seconds, r.held_out));
            rounds.dedup_by_key(|r| {
                let day = r.at_seconds.div_euclid(DAY_SECONDS);
                (r.customer, day, r.held_out)
            });
        }
        Rounds {
            customers: sorted.into_iter().map(|(name, _)| name).collect(),
            of_products,
        }
    }
}

impl Rounds {
    /// How many there are, of all products.
    #[must_use]
    pub fn len(&self) -> usize {
        self.of_products.values().map(Vec::len).sum()
    }

    /// Whether nothing was decided.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of_products.values().all(Vec::is_empty)
    }

    /// Everybody who was asked about, sorted.
    pub fn customers(&self) -> impl Iterator<Item = &str> {
        self.customers.iter().map(|customer| &**customer)
    }

    /// The customers that a product was asked about, sorted, each with their rounds, oldest first.
    pub fn of(&self, product: &str) -> impl Iterator<Item = (&str, &[Round])> {
        let rounds = self.of_products.get(product).map_or(&[][..], Vec::as_slice);
        let of_customers = rounds.chunk_by(|one, next| one.customer == next.customer);
        of_customers.map(|own| (&*self.customers[own[0].customer as usize], own))
    }

    /// The rounds in which a product was asked about one customer, oldest first.
    #[must_use]
    pub fn of_customer(&self, product: &str, customer: &str) -> &[Round] {
        let place = self
            .customers
            .binary_search_by(|known| (**known).cmp(customer));
        let (Ok(place), Some(rounds)) = (place, self.of_products.get(product)) else {
            return &[];
        };
        let begin = rounds.partition_point(|r| (r.customer as usize) < place);
        let end = rounds.partition_point(|r| r.customer as usize <= place);
        &rounds[begin..end]
    }

    /// What was known before a moment.
    pub(crate) fn before(&self, seconds: i64) -> Self {
        let known = |rounds: &Vec<Round>| {
            let earlier = rounds.iter().filter(|r| r.at_seconds < seconds);
            earlier.copied().collect()
        };
        let of_products = self.of_products.iter();
        Self {
            customers: self.customers.clone(),
            of_products: of_products
                .map(|(product, rounds)| (Arc::clone(product), known(rounds)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_has_one_round_a_day_of_each_product() {
        let mut builder = RoundsBuilder::default();
        let day = DAY_SECONDS;
        for (product, customer, at, held_out) in [
            ("offers", "b", day + 9, false),
            ("offers", "a", 7, true),
            ("offers", "b", day + 3, false),
            ("list", "b", 1, false),
            ("offers", "b", 2 * day, false),
        ] {
            let logged = Logged {
                at_seconds: at,
                version: 70_000,
                held_out,
                open: !held_out,
            };
            builder.push(product, customer, &logged);
        }
        let rounds = builder.build();
        let found: Vec<(&str, Vec<i64>)> = rounds
            .of("offers")
            .map(|(customer, own)| (customer, own.iter().map(|r| r.at_seconds).collect()))
            .collect();
        assert_eq!(found, [("a", vec![7]), ("b", vec![day + 3, 2 * day])]);
        let of = |customer: &str| rounds.of_customer("offers", customer)[0];
        assert!(of("a").held_out && !of("a").open && of("b").open);
        assert_eq!(of("b").version, u16::MAX);
        assert!(rounds.of_customer("offers", "c").is_empty());
        assert!(rounds.of_customer("nothing", "a").is_empty());
        assert_eq!((rounds.len(), rounds.before(day).len()), (4, 2));
        assert_eq!(
            (rounds.of("list").count(), rounds.of("offers").count()),
            (1, 2)
        );
    }
}
