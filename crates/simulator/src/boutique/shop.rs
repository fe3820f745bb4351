//! The chain itself: its files, its truth, and the weeks that can be played.

use jiff::civil::Date;

use super::catalogue::BoutiqueProduct;
use super::drivers::Drivers;
use super::engine::{LedgerDay, Record, State};
use super::events::LocalEvent;
use super::overrides::{PlannerChange, changes};
use super::play::{Decision, PlayError, Playing, Review};
use super::played::{HOLDING_PER_YEAR, Played, TRANSFER_CENTS};
use super::sites::BoutiqueSite;
use super::supply::SupplyTerms;
use super::world::World;
use super::{Boutique, WEEKS_AHEAD, files, journals, naive, oracle};
use crate::counts::CountDistribution;
use crate::raw::RawFile;
use crate::shop::ShopError;

/// A chain of boutiques whose demand is drawn; what is sold of it is a function of what is ordered.
///
/// Units wanted of a product at a store on a day are Poisson or negative binomial around a mean that is the product of
/// known factors ([`Drivers`]). They are sold as far as they are on hand, oldest first; the rest is lost. In the history
/// each site orders up to what it sold lately, from suppliers that come late sometimes.
///
/// Days are numbers of the chain, 0 for the first day of the history; products and sites are positions.
#[derive(Debug, Clone)]
pub struct BoutiqueShop {
    world: World,
    history: Record,
    /// How things stand when the history ends.
    state: State,
    changes: Vec<PlannerChange>,
}

impl BoutiqueShop {
    /// Draws everything of `chain` and runs its history.
    ///
    /// # Errors
    /// [`ShopError`] names the field that is out of its range.
    pub fn new(chain: &Boutique) -> Result<Self, ShopError> {
        chain.check()?;
        let world = World::new(chain);
        let mut state = State::new(&world);
        let mut history = Record::new(&world);
        for _ in 0..chain.days {
            let orders = naive::orders(&world, &state);
            state.run(&world, &mut history, &orders);
        }
        Ok(Self {
            changes: changes(&world),
            world,
            history,
            state,
        })
    }

    /// The files that exist when the history ends.
    #[must_use]
    pub fn before(&self) -> Vec<RawFile> {
        let world = &self.world;
        let days = world.chain.days as usize;
        vec![
            files::customers_file(world),
            files::products_file(world),
            files::sites_file(&world.sites),
            files::calendar_file(world),
            files::weather_file(world, 0, None),
            files::weather_file(world, days, Some(days)),
            files::promotions_file(world),
            files::prices_file(world),
            journals::sales_file(world, &self.history.lines, "raw/sales.csv"),
            journals::stock_file(world, &self.history, 0),
            files::terms_file(world),
            journals::arrived_file(world, &self.history),
            journals::open_file(world, &Record::new(world), &self.state),
            files::overrides_file(world, &self.changes),
        ]
    }

    /// The first day after the history: what is decided first is decided in its morning.
    #[must_use]
    pub fn now(&self) -> Date {
        self.date(self.world.chain.days as usize)
    }

    /// Date of a day of the chain.
    #[must_use]
    pub fn date(&self, day: usize) -> Date {
        self.world.chain.date_of(day as i64)
    }

    /// The products.
    #[must_use]
    pub fn products(&self) -> &[BoutiqueProduct] {
        &self.world.products
    }

    /// The sites, the warehouse first.
    #[must_use]
    pub fn sites(&self) -> &[BoutiqueSite] {
        &self.world.sites
    }

    /// Products with the sites that list them, by product, then by site.
    pub fn listed(&self) -> impl ExactSizeIterator<Item = (usize, usize)> {
        let series = self.world.series.iter();
        series.map(|series| (series.product, series.site))
    }

    /// How a product is supplied to a site; nothing where the site does not list it.
    #[must_use]
    pub fn terms(&self, product: usize, site: usize) -> Option<&SupplyTerms> {
        let position = self.world.position(product, site)?;
        Some(&self.world.terms[position])
    }

    /// What moves the demand for a product at a site on a day; nothing where it is closed or does not sell it.
    ///
    /// # Panics
    /// When there is no such product or site, or the day lies beyond 34 weeks after the history.
    #[must_use]
    pub fn drivers(&self, product: usize, site: usize, day: usize) -> Option<Drivers> {
        self.world.drivers(product, site, day)
    }

    /// Mean of the demand for a product at a site on a day, in units; 0 where it is closed or does not sell it.
    ///
    /// # Panics
    /// As [`BoutiqueShop::drivers`].
    #[must_use]
    pub fn intensity(&self, product: usize, site: usize, day: usize) -> f64 {
        self.world.intensity(product, site, day)
    }

    /// Distribution of that demand.
    ///
    /// # Panics
    /// As [`BoutiqueShop::drivers`].
    #[must_use]
    pub fn demand(&self, product: usize, site: usize, day: usize) -> CountDistribution {
        self.world.distribution(product, site, day)
    }

    /// Units wanted on that day, sold or not, whatever is ordered.
    ///
    /// # Panics
    /// As [`BoutiqueShop::drivers`].
    #[must_use]
    pub fn wanted(&self, product: usize, site: usize, day: usize) -> u32 {
        let position = self.world.position(product, site);
        position.map_or(0, |series| self.world.wanted[series][day])
    }

    /// What happened in the history to a product at a site, day by day; nothing where the site does not list it.
    #[must_use]
    pub fn ledger(&self, product: usize, site: usize) -> Option<&[LedgerDay]> {
        let position = self.world.position(product, site)?;
        Some(&self.history.ledger[position])
    }

    /// What changes demand and is in no table.
    #[must_use]
    pub fn events(&self) -> &[LocalEvent] {
        &self.world.events
    }

    /// What planners changed until the history ended, with what was to be changed.
    #[must_use]
    pub fn changes(&self) -> &[PlannerChange] {
        &self.changes
    }

    /// What it costs to have a unit on hand for a year, as a share of what it cost.
    #[must_use]
    pub fn holding_per_year() -> f64 {
        HOLDING_PER_YEAR
    }

    /// What a unit costs that is sent from site to site, in cents.
    #[must_use]
    pub fn transfer_cents() -> f64 {
        TRANSFER_CENTS
    }

    /// The weeks after the history, day by day.
    #[must_use]
    pub fn playing(&self) -> Playing<'_> {
        Playing::new(&self.world, self.state.clone())
    }

    /// Plays `weeks` (1 to 26) after the history, asking each morning what is decided.
    ///
    /// Demand and the delays of suppliers are the same whatever is decided, so that policies can be compared product by
    /// product.
    ///
    /// # Errors
    /// [`PlayError`] names what cannot be carried out.
    pub fn play(
        &self,
        weeks: u32,
        mut decide: impl FnMut(&Review<'_>) -> Decision,
    ) -> Result<Played, PlayError> {
        if !(1..=WEEKS_AHEAD).contains(&weeks) {
            return Err(PlayError::Weeks {
                found: weeks,
                max: WEEKS_AHEAD,
            });
        }
        let mut playing = self.playing();
        for _ in 0..7 * weeks {
            let decision = decide(&playing.review());
            playing.step(&decision)?;
        }
        Ok(playing.played())
    }

    /// What the chain decides by itself: up to what sold lately times the days to cover, as in the history.
    #[must_use]
    pub fn naive(&self, review: &Review<'_>) -> Decision {
        naive::decide(&self.world, review)
    }

    /// What someone decides who knows the distribution of the demand of every day to come, local events included: orders
    /// up to the level of least expected cost over the days until the next order arrives. Nothing is sent between sites.
    #[must_use]
    pub fn oracle(&self, review: &Review<'_>) -> Decision {
        oracle::decide(&self.world, review)
    }
}
