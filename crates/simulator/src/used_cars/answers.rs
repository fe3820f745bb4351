//! What visitors do with the list that they are shown.

use rand::RngExt;

use super::catalogue::beside;
use super::incidents::{Wrong, slower_ms};
use super::visits::{LISTS, Visit};
use super::world::{COMPETITOR_LEAVES, World};
use crate::draws::{Purpose, stream};

/// Places of a list at which somebody looks; what stands below is not seen.
const PLACES: usize = 12;
/// Chance of a look at the first place, and how fast it falls from place to place.
const LOOKS: f64 = 0.2;
/// Chance of a click on what is looked at: of anything, by how much it is wanted, and at most.
const ANYTHING: f64 = 0.01;
const WANTED: f64 = 1.3;
const MOST: f64 = 0.5;
/// What is wanted more beside an article: of the same family, and of one that goes with it.
const ALIKE: f64 = 1.5;
const GOES_WITH: f64 = 1.5;
/// Chance that what was clicked on is bought, cars aside.
const BUYS: f64 = 0.15;
/// Chances of buying on the day of the click and on each day after it.
pub(super) const BUYS_LATER: [f64; 4] = [0.55, 0.25, 0.12, 0.08];
/// Factors on clicks: of wrong prices, and of a partner's visitors.
const WRONG_PRICES: f64 = 0.4;
const PARTNER: f64 = 0.5;
/// Share of the clicks that a millisecond more costs.
const SLOWNESS: f64 = 0.001;

/// What a list can be expected to lead to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Prospect {
    /// Probability that the visit ends in a click, 0 to 1.
    pub click: f64,
    /// Expected margin of what is bought after it, in cents.
    pub margin_cents: f64,
}

/// What a visitor did, and what was to be expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Acted {
    /// Identifiers of the products that were clicked on, in the order of the list.
    pub clicked: Vec<String>,
    /// Those of them that are bought, at once or in the next three days.
    pub bought: Vec<String>,
    /// With things as they are.
    pub expected: Prospect,
    /// Of the same list, with nothing wrong: visitors of a partner click as others do.
    pub unharmed: Prospect,
}

/// A list that is shown in a visit.
pub(super) struct Shown<'a> {
    pub(super) world: &'a World,
    pub(super) visit: &'a Visit,
    /// Articles by place; nothing at the place of what the dealer does not sell.
    pub(super) articles: Vec<Option<usize>>,
    /// Milliseconds that the visitor waited.
    pub(super) delay_ms: f64,
}

impl Shown<'_> {
    /// Chance of a click on each place with only the incidents at these positions.
    fn chances(&self, harms: &[usize]) -> Vec<(usize, f64)> {
        let factor = self.factor(harms);
        let of = self.articles.iter().take(PLACES).enumerate();
        of.filter_map(|(place, article)| {
            let article = (*article)?;
            let looks = (-LOOKS * place as f64).exp();
            let wanted = ANYTHING + WANTED * self.wanted(article, harms);
            Some((article, looks * wanted.min(MOST) * factor))
        })
        .collect()
    }

    /// How much an article is wanted by the visitor, here and now.
    fn wanted(&self, article: usize, harms: &[usize]) -> f64 {
        let world = self.world;
        let family = world.articles[article].family;
        let want = world.customers[self.visit.who].wants[article];
        let near = match self.visit.beside.map(|about| world.articles[about].family) {
            Some(about) if about == family => ALIKE,
            Some(about) if beside(about, family) => GOES_WITH,
            Some(_) | None => 1.0,
        };
        let mut found = harms.iter().map(|at| &world.incidents[*at]);
        let taken = found.any(|incident| incident.families.contains(&family));
        want * near * if taken { COMPETITOR_LEAVES } else { 1.0 }
    }

    /// The factor on all clicks of the visit.
    fn factor(&self, harms: &[usize]) -> f64 {
        let world = self.world;
        let own = world.slower_ms(self.visit.day, self.visit.product);
        let mut delay_ms = (self.delay_ms - own).max(0.0);
        let mut factor = 1.0;
        for incident in harms.iter().map(|at| &world.incidents[*at]) {
            match incident.wrong {
                Wrong::PriceUnit => factor *= WRONG_PRICES,
                Wrong::Mix if world.customers[self.visit.who].partner => factor *= PARTNER,
                Wrong::SlowDependency if incident.is_about(self.visit.product) => {
                    delay_ms = self.delay_ms;
                }
                Wrong::SlowDependency
                | Wrong::Mix
                | Wrong::Competitor
                | Wrong::NullColumn
                | Wrong::Quiet => {}
            }
        }
        factor * (1.0 - SLOWNESS * delay_ms.max(0.0)).max(0.0)
    }

    /// What is to be expected with only the incidents at these positions.
    pub(super) fn prospect(&self, harms: &[usize]) -> Prospect {
        let mut prospect = Prospect::default();
        let mut none = 1.0;
        for (article, chance) in self.chances(harms) {
            none *= 1.0 - chance;
            let article = &self.world.articles[article];
            prospect.margin_cents += chance * buys(article) * article.margin_cents();
        }
        prospect.click = 1.0 - none;
        prospect
    }

    /// Articles that are clicked on with their places from 1, and whether each is bought.
    ///
    /// The same visit draws the same numbers for each place, whatever goes wrong.
    pub(super) fn draw(&self, harms: &[usize]) -> Vec<(usize, usize, bool)> {
        let mut rng = stream(self.world.cars.seed, Purpose::CarsClick, self.visit.id);
        let draws: Vec<(f64, f64)> = (0..PLACES).map(|_| (rng.random(), rng.random())).collect();
        let places = self
            .articles
            .iter()
            .zip(1..)
            .filter(|(article, _)| article.is_some());
        let of = places.zip(self.chances(harms));
        of.filter_map(|((_, place), (article, chance))| {
            let (clicks, pays) = *draws.get(place - 1)?;
            let bought = pays < buys(&self.world.articles[article]);
            (clicks < chance).then_some((article, place, bought))
        })
        .collect()
    }
}

/// Chance that what was clicked on is bought.
fn buys(article: &super::catalogue::Article) -> f64 {
    BUYS * article.of().bought()
}

impl World {
    /// Milliseconds that a slow dependency adds on a day to answers of a data product; 0 where it adds none.
    pub(super) fn slower_ms(&self, day: u32, product: &str) -> f64 {
        let mut of = self.incidents.iter();
        let slow = of.any(|incident| {
            incident.wrong == Wrong::SlowDependency
                && incident.holds(day)
                && incident.is_about(product)
        });
        let list = LISTS.iter().position(|list| list.0 == product);
        match list {
            Some(list) if slow => slower_ms(self.cars.seed, list, day),
            Some(_) | None => 0.0,
        }
    }
}
