//! Everything that is drawn before the first day.

use super::catalogue::{Article, FAMILIES, SITES, articles};
use super::customers::{Customer, customers};
use super::incidents::{Incident, Wrong, incidents};
use super::launches::{Launch, launches};
use super::trials::Trials;
use super::{UsedCars, since_start};

/// What a competitor leaves of what is wanted of its families, and what customers buy more of the others on errands.
pub(super) const COMPETITOR_LEAVES: f64 = 0.1;
const OTHERS_GAIN: f64 = 1.1;

/// The dealer, its customers, and what goes wrong.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) cars: UsedCars,
    pub(super) articles: Vec<Article>,
    pub(super) customers: Vec<Customer>,
    pub(super) launches: Vec<Launch>,
    pub(super) trials: Trials,
    /// In the order of their days.
    pub(super) incidents: Vec<Incident>,
}

impl World {
    pub(super) fn new(cars: &UsedCars) -> Self {
        let incidents = incidents(cars.seed);
        let mixed = incidents
            .iter()
            .find(|incident| incident.wrong == Wrong::Mix);
        let partner_from = mixed.map_or(0, |incident| i64::from(incident.from_day));
        let articles = articles(cars.seed);
        let customers = customers(cars, &articles, partner_from);
        Self {
            cars: cars.clone(),
            launches: launches(cars.seed, &customers),
            trials: Trials::draw(cars.seed, &customers),
            articles,
            customers,
            incidents,
        }
    }

    /// Position of an article by its reference.
    pub(super) fn article(&self, reference: &str) -> Option<usize> {
        let mut of = self.articles.iter();
        of.position(|article| article.reference == reference)
    }

    /// Incidents that are so on a day, by position, in the order of their days.
    pub(super) fn harms(&self, day: i64) -> Vec<usize> {
        let Ok(day) = u32::try_from(day) else {
            return Vec::new();
        };
        let of = self.incidents.iter().enumerate();
        let held = of.filter(|(_, incident)| incident.holds(day));
        held.map(|(position, _)| position).collect()
    }

    /// Whether an incident of a kind is so on a day.
    pub(super) fn has(&self, wrong: Wrong, day: i64) -> bool {
        self.harms(day)
            .iter()
            .any(|at| self.incidents[*at].wrong == wrong)
    }

    /// The factor on what is bought of each family on errands of a day.
    pub(super) fn families(&self, day: i64) -> Vec<f64> {
        let harms = self.harms(day);
        let mut found = harms.iter().map(|at| &self.incidents[*at]);
        let taken = found.find(|incident| incident.wrong == Wrong::Competitor);
        let of = |family| match taken {
            None => 1.0,
            Some(incident) if incident.families.contains(&family) => COMPETITOR_LEAVES,
            Some(_) => OTHERS_GAIN,
        };
        (0..FAMILIES.len()).map(of).collect()
    }

    /// Mean units of each part that are wanted at each site a day, by shelf.
    pub(super) fn daily(&self) -> Vec<f64> {
        let mut daily = vec![0.0; self.articles.len() * SITES.len()];
        let there = self
            .customers
            .iter()
            .filter(|customer| customer.is_there(0) && !customer.partner);
        for customer in there {
            for (article, want) in customer.wants.iter().enumerate() {
                let of = &self.articles[article];
                if of.is_part() {
                    let units = 1.0 + of.of().extra_units;
                    daily[article * SITES.len() + customer.site] +=
                        1.4 * customer.rate * want * units;
                }
            }
        }
        daily
    }

    /// Index of a stream of draws for a customer on a day.
    pub(super) fn stream_of(day: i64, customer: usize) -> u64 {
        since_start(day) << 32 | customer as u64
    }
}
