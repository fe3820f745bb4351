//! Who asks for a list, when, where, and about what.

use jiff::Timestamp;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use super::incidents::Wrong;
use super::world::World;
use super::{DAY_SECONDS, date_of};
use crate::draws::{Purpose, pick, stream};

/// Visits of a list a day, on average, whatever the weekday.
pub(super) const A_DAY: f64 = 50.0;
/// Share of the visits that are of the partner's visitors, where it sends some.
const PARTNER_SHARE: f64 = 0.5;
/// Hours of the day in which visitors come, in UTC.
const HOURS: (i64, i64) = (6, 22);

/// The lists that are asked for: names of the data products with the placements that are used of them.
pub(super) const LISTS: [(&str, &[&str]); 14] = [
    ("home-page", &["for_you"]),
    ("app-start", &["for_you", "buy_again"]),
    ("newsletter", &["for_you"]),
    ("win-back-mail", &["for_you", "buy_again"]),
    ("season-leaflet", &["for_you"]),
    ("after-service-call", &["for_you"]),
    ("service-reminder", &["buy_again"]),
    ("my-garage", &["buy_again"]),
    ("part-page", &["similar", "complementary"]),
    ("out-of-stock", &["similar"]),
    ("vehicle-handover", &["for_you"]),
    ("basket", &["complementary", "for_you"]),
    ("checkout", &["complementary", "buy_again"]),
    ("counter-screen", &["for_you", "complementary"]),
];

/// One visit to a place where a list is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Unlike that of any other visit.
    pub id: u64,
    /// Day, counted from the first that is played.
    pub day: u32,
    /// When, in UTC.
    pub at: Timestamp,
    /// The data product that is asked.
    pub product: &'static str,
    /// The placement of it.
    pub placement: &'static str,
    /// Who visits.
    pub customer: String,
    /// The product that they look at, by its identifier, where the placement is beside one.
    pub about: Option<String>,
    /// Position of the customer.
    pub(super) who: usize,
    /// Position of what they look at.
    pub(super) beside: Option<usize>,
}

impl World {
    /// Visits of a day, in the order of time.
    pub(super) fn visits(&self, day: u32) -> Vec<Visit> {
        let on = i64::from(day);
        let weights = |partner: bool| -> Vec<f64> {
            let of = self.customers.iter();
            of.map(|customer| {
                let comes = customer.partner == partner && customer.is_there(on);
                if comes { customer.rate } else { 0.0 }
            })
            .collect()
        };
        let (usual, sent) = (weights(false), weights(true));
        let mix = self
            .incidents
            .iter()
            .find(|incident| incident.wrong == Wrong::Mix && incident.holds(day));
        let mut visits = Vec::new();
        for (list, place) in LISTS.iter().zip(0..) {
            let mixed = mix.is_some_and(|incident| incident.is_about(list.0));
            let mut rng = stream(
                self.cars.seed,
                Purpose::CarsVisit,
                u64::from(day) << 8 | place,
            );
            let number = Poisson::new(A_DAY).map_or(0, |poisson| poisson.sample(&mut rng) as u64);
            for visit in 0..number {
                let by_partner = rng.random::<f64>() < PARTNER_SHARE && mixed;
                let from = if by_partner { &sent } else { &usual };
                let id = (u64::from(day) << 8 | place) << 16 | visit;
                visits.extend(self.visit(&mut rng, (day, id), *list, from));
            }
        }
        visits.sort_by_key(|visit| (visit.at, visit.id));
        visits
    }

    fn visit(
        &self,
        rng: &mut ChaCha8Rng,
        (day, id): (u32, u64),
        (product, placements): (&'static str, &'static [&'static str]),
        weights: &[f64],
    ) -> Option<Visit> {
        let who = pick(rng, weights)?;
        let placement = *placements.get(rng.random_range(0..placements.len()))?;
        let second = rng.random_range(HOURS.0 * 3_600..HOURS.1 * 3_600);
        let customer = &self.customers[who];
        let beside = match placement {
            "similar" | "complementary" => pick(rng, &self.looked_at(who)),
            _ => None,
        };
        Some(Visit {
            id,
            day,
            at: moment(i64::from(day) * DAY_SECONDS + second),
            product,
            placement,
            customer: customer.id.clone(),
            about: beside.map(|article| self.articles[article].reference.clone()),
            who,
            beside,
        })
    }

    /// How likely a customer is to look at each article: cars are not what these lists are beside.
    fn looked_at(&self, who: usize) -> Vec<f64> {
        let of = self.customers[who].wants.iter().zip(&self.articles);
        of.map(|(want, article)| want * article.of().bought())
            .collect()
    }
}

/// The moment so many seconds after the midnight (UTC) of day 0.
fn moment(second: i64) -> Timestamp {
    let midnight = date_of(0).at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    let start = midnight.map_or(0, |midnight| midnight.timestamp().as_second());
    Timestamp::from_second(start + second).unwrap_or(Timestamp::UNIX_EPOCH)
}
