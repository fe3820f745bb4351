//! The weeks after the history: someone decides each morning what is ordered and what is sent from site to site.

use jiff::civil::Date;

use super::engine::{Orders, Record, State};
use super::files;
use super::journals;
use super::played::Played;
use super::world::World;
use crate::raw::RawFile;

/// How a product stands at a site in the morning of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockPosition {
    /// Position of the product.
    pub product: usize,
    /// Position of the site.
    pub site: usize,
    /// Units on hand at the end of the day before.
    pub on_hand: u32,
    /// Units ordered or on their way that have not arrived.
    pub on_order: u32,
    /// Whether it can be ordered on this day: its supplier takes orders, it is sold already, and it will be when the order
    /// arrives.
    pub can_order: bool,
    /// Units sold in the last 28 days.
    pub sold_lately: u32,
}

/// What is known in the morning of a day, before it opens.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    /// The day.
    pub day: Date,
    /// Its number in the chain.
    pub number: usize,
    /// By product, then by site; only sites that list the product.
    pub positions: &'a [StockPosition],
}

impl Review<'_> {
    /// How a product stands at a site; nothing where the site does not list it.
    #[must_use]
    pub fn position(&self, product: usize, site: usize) -> Option<&StockPosition> {
        let key = |one: &StockPosition| (one.product, one.site);
        let found = self
            .positions
            .binary_search_by(|one| key(one).cmp(&(product, site)));
        found.ok().map(|at| &self.positions[at])
    }
}

/// Units of a product ordered from its supplier for a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoodsOrder {
    /// Position of the product.
    pub product: usize,
    /// Position of the site.
    pub site: usize,
    /// Whole packs, no fewer than the minimum.
    pub units: u32,
}

/// Units of a product sent from a site to another; they arrive two days later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// Position of the product.
    pub product: usize,
    /// Position of the site that sends.
    pub from: usize,
    /// Position of the site that receives.
    pub to: usize,
    /// No more than are on hand.
    pub units: u32,
}

/// What is decided in the morning of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// No two for the same product and site.
    pub orders: Vec<GoodsOrder>,
    /// No two of the same product between the same sites.
    pub transfers: Vec<Transfer>,
}

/// Why a decision cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// There are no more days.
    #[error("play the chain: `weeks` is {found}, allowed 1 to {max}")]
    Weeks {
        /// Weeks asked for or begun.
        found: u32,
        /// Weeks there are.
        max: u32,
    },
    /// The site does not list the product, or there is none such.
    #[error("play {day}: site {site} does not list product {product}")]
    Unlisted {
        /// The day.
        day: Date,
        /// Position of the product.
        product: usize,
        /// Position of the site.
        site: usize,
    },
    /// The product cannot be ordered on the day.
    #[error("play {day}: {product} cannot be ordered for {site} on this day")]
    NoOrderDay {
        /// The day.
        day: Date,
        /// The product.
        product: String,
        /// The site.
        site: String,
    },
    /// The units are not whole packs or too few.
    #[error(
        "play {day}: {units} units of {product} for {site}, allowed are packs of {pack}, {minimum} at least"
    )]
    Units {
        /// The day.
        day: Date,
        /// The product.
        product: String,
        /// The site.
        site: String,
        /// Units ordered.
        units: u32,
        /// Units of a pack.
        pack: u32,
        /// Fewest units.
        minimum: u32,
    },
    /// The same is decided twice.
    #[error("play {day}: {product} is ordered or sent to {site} twice")]
    Twice {
        /// The day.
        day: Date,
        /// The product.
        product: String,
        /// The site.
        site: String,
    },
    /// Nothing, more than there is, or to the same site is sent.
    #[error(
        "play {day}: {units} units of {product} from {site}, allowed 1 to {on_hand} to another site"
    )]
    Sent {
        /// The day.
        day: Date,
        /// The product.
        product: String,
        /// The site that sends.
        site: String,
        /// Units sent.
        units: u32,
        /// Units on hand that are not sent elsewhere.
        on_hand: u32,
    },
}

/// The chain on its way through the weeks after the history.
#[derive(Debug, Clone)]
pub struct Playing<'a> {
    world: &'a World,
    state: State,
    record: Record,
    positions: Vec<StockPosition>,
}

impl<'a> Playing<'a> {
    pub(super) fn new(world: &'a World, state: State) -> Self {
        let positions = positions(world, &state);
        Self {
            record: Record::new(world),
            world,
            state,
            positions,
        }
    }

    /// What is known in the morning of the day to come.
    #[must_use]
    pub fn review(&self) -> Review<'_> {
        Review {
            day: self.world.days[self.state.day].date,
            number: self.state.day,
            positions: &self.positions,
        }
    }

    /// Carries a decision out and lets the day happen.
    ///
    /// # Errors
    /// [`PlayError`] names what cannot be carried out; then nothing has happened.
    pub fn step(&mut self, decision: &Decision) -> Result<(), PlayError> {
        let first = self.world.chain.days as usize;
        let weeks = (self.state.day - first) as u32 / 7;
        if weeks >= super::WEEKS_AHEAD {
            return Err(PlayError::Weeks {
                found: weeks + 1,
                max: super::WEEKS_AHEAD,
            });
        }
        let orders = self.checked(decision)?;
        self.state.run(self.world, &mut self.record, &orders);
        self.positions = positions(self.world, &self.state);
        Ok(())
    }

    fn checked(&self, decision: &Decision) -> Result<Orders, PlayError> {
        let mut checked = Orders::default();
        for order in &decision.orders {
            let series = self.ordered(order)?;
            if checked.orders.iter().any(|(known, _)| *known == series) {
                return Err(self.twice(order.product, order.site));
            }
            checked.orders.push((series, order.units));
        }
        for transfer in &decision.transfers {
            let (from, to) = (
                self.series(transfer.product, transfer.from)?,
                self.series(transfer.product, transfer.to)?,
            );
            let sent = checked
                .transfers
                .iter()
                .filter(|(known, ..)| *known == from);
            if sent.clone().any(|(_, known, _)| *known == to) {
                return Err(self.twice(transfer.product, transfer.to));
            }
            let elsewhere: u32 = sent.map(|(_, _, units)| units).sum();
            let on_hand = self.positions[from].on_hand - elsewhere;
            if from == to || transfer.units == 0 || transfer.units > on_hand {
                return Err(PlayError::Sent {
                    day: self.review().day,
                    product: self.world.products[transfer.product].reference.clone(),
                    site: self.world.sites[transfer.from].id.clone(),
                    units: transfer.units,
                    on_hand,
                });
            }
            checked.transfers.push((from, to, transfer.units));
        }
        Ok(checked)
    }

    fn ordered(&self, order: &GoodsOrder) -> Result<usize, PlayError> {
        let series = self.series(order.product, order.site)?;
        let day = self.review().day;
        let product = || self.world.products[order.product].reference.clone();
        let site = || self.world.sites[order.site].id.clone();
        if !self.positions[series].can_order {
            return Err(PlayError::NoOrderDay {
                day,
                product: product(),
                site: site(),
            });
        }
        let terms = &self.world.terms[series];
        if order.units == 0 || terms.allowed(order.units) != order.units {
            return Err(PlayError::Units {
                day,
                product: product(),
                site: site(),
                units: order.units,
                pack: terms.pack_units,
                minimum: terms.minimum_units,
            });
        }
        Ok(series)
    }

    fn series(&self, product: usize, site: usize) -> Result<usize, PlayError> {
        let unlisted = PlayError::Unlisted {
            day: self.review().day,
            product,
            site,
        };
        self.world.position(product, site).ok_or(unlisted)
    }

    fn twice(&self, product: usize, site: usize) -> PlayError {
        PlayError::Twice {
            day: self.review().day,
            product: self.world.products[product].reference.clone(),
            site: self.world.sites[site].id.clone(),
        }
    }

    /// The files that are new or changed since the history ended: `raw/sales-ahead.csv`, `raw/stock_levels-ahead.csv`,
    /// `raw/replenishments-open.csv` and `raw/weather-ahead.csv`.
    #[must_use]
    pub fn files(&self) -> Vec<RawFile> {
        let first = self.world.chain.days as usize;
        vec![
            journals::sales_file(self.world, &self.record.lines, "raw/sales-ahead.csv"),
            journals::stock_file(self.world, &self.record, first),
            journals::open_file(self.world, &self.record, &self.state),
            files::weather_file(self.world, first, Some(self.state.day)),
        ]
    }

    /// What came of the days played so far.
    #[must_use]
    pub fn played(&self) -> Played {
        Played::of(self.world, &self.record, &self.state)
    }
}

/// How every series stands before the day to come.
pub(super) fn positions(world: &World, state: &State) -> Vec<StockPosition> {
    let on_order = state.on_order(world);
    let day = state.day;
    let weekday = world.days[day].weekday;
    let of = |(series, on_order): (usize, u32)| {
        let one = world.series[series];
        let (goods, terms) = (&world.products[one.product], &world.terms[series]);
        let arrives = day + terms.lead_time_days as usize;
        StockPosition {
            product: one.product,
            site: one.site,
            on_hand: state.shelves[series].on_hand(),
            on_order,
            can_order: terms.order_days[weekday] && goods.lives(day) && goods.lives(arrives),
            sold_lately: state.sold_lately(series),
        }
    };
    on_order.into_iter().enumerate().map(of).collect()
}
