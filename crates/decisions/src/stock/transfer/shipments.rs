//! Shipments of many products between the same sites: what a shipment costs by itself is shared by all that is in it.
//!
//! Such a cost is not convex. So what is best without it is thinned out: the route whose moves save least beside it is
//! given up and its products look for another way, until each shipment is worth what it costs.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Move, TransferError, TransferSite, Transfers, transfer};

/// What one more unit saves less than, in cents, is not told as missing.
const CENTS_MIN: f64 = 1.0;

/// What is below an amount by less, in cents, is so only by rounding.
const ROUNDING: f64 = 1e-6;

/// One product at the sites that have it or are asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Goods<'a> {
    /// The sites, by their place among all.
    pub places: Vec<u32>,
    /// What each of them has of it and may be asked for.
    pub sites: Vec<TransferSite<'a>>,
}

/// What shipments cost beside what their units do.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ShipmentCosts {
    /// Cents of a shipment from one site to another, whatever is in it, 0 or more.
    pub shipment_cents: f64,
    /// Cents that the move of one product saves at least, 0 or more.
    pub saved_cents_min: f64,
}

/// Units of one product sent from one site to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shipment {
    /// The product, by its place.
    pub goods: usize,
    /// The site that they leave.
    pub from: u32,
    /// The site that they go to.
    pub to: u32,
    /// How many.
    pub units: u64,
    /// Expected cents that it saves beside all other shipments, what its units cost taken off.
    pub saved_cents: f64,
    /// What moving its units costs, in cents.
    pub transport_cents: f64,
    /// Units that are missing less with it at both sites together, on average.
    pub missing_saved: f64,
    /// Units that perish less with it at both sites together, on average.
    pub wasted_saved: f64,
}

/// A shipment that is not worth it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aside {
    /// What would have been sent.
    pub shipment: Shipment,
    /// Why it is not.
    pub why: WhyAside,
}

/// Why nothing is sent where something would be saved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WhyAside {
    /// It saves less than a move must.
    SavesTooLittle,
    /// All that would be sent that way saves less than a shipment costs.
    ShipmentCostsMore {
        /// What all of it would save, in cents.
        saved_cents: f64,
    },
}

/// Why a site is not sent another unit, where it would save something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NotMore {
    /// No site that may send there has one to spare.
    NothingToSpare,
    /// The site that would lose least by it loses more, with what moving costs.
    CostsMore {
        /// The site.
        from: u32,
        /// Expected cents that the unit would save.
        gain_cents: f64,
        /// Expected cents that it would cost there and on the way.
        cost_cents: f64,
    },
}

/// What is sent, and what is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Shipments {
    /// By product, then by the sites that they leave and go to.
    pub sent: Vec<Shipment>,
    /// What would be worth its units and not its shipment, by product.
    pub aside: Vec<Aside>,
    /// By product and its sites, why not another unit; absent where it would save nothing.
    pub not_more: Vec<Vec<Option<NotMore>>>,
}

/// Why nothing can be shipped.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ShipmentError {
    /// A product cannot be moved.
    #[error("ship product {goods}")]
    Goods {
        /// The product, by its place.
        goods: usize,
        /// Why.
        source: TransferError,
    },
    /// A cost is negative or not a finite number.
    #[error("ship between sites: {what} is {found} cents, allowed is a finite number of 0 or more")]
    Amount {
        /// Which cost.
        what: &'static str,
        /// What was found.
        found: f64,
    },
}

/// Moves units of many products between sites at the least expected cost, where a shipment costs something by itself.
///
/// - `unit_cents`: of two sites by their places, cents for one unit from the first to the second; absent where nothing is
///   sent.
///
/// Each product by itself is moved as [`transfer`] does, but that no site passes on what it gets: what is sent leaves
/// today. Without costs of shipments and a least saving nothing saves more; with them it is a heuristic that only ever
/// gives up what is not worth them.
///
/// The same on any number of threads.
///
/// # Errors
/// [`ShipmentError`] when a cost or an amount of a site is outside its range.
pub fn shipments(
    goods: &[Goods<'_>],
    unit_cents: impl Fn(u32, u32) -> Option<f64> + Sync,
    costs: ShipmentCosts,
) -> Result<Shipments, ShipmentError> {
    for (what, found) in [
        ("a shipment", costs.shipment_cents),
        ("what a move saves at least", costs.saved_cents_min),
    ] {
        if !(found.is_finite() && found >= 0.0) {
            return Err(ShipmentError::Amount { what, found });
        }
    }
    let failed = |goods: usize| move |source| ShipmentError::Goods { goods, source };
    let mut each: Vec<One<'_>> = goods
        .par_iter()
        .enumerate()
        .map(|(place, of)| {
            let mut one = One::new(of, place, &unit_cents);
            one.decide(costs.saved_cents_min).map_err(failed(place))?;
            Ok(one)
        })
        .collect::<Result<_, _>>()?;
    while let Some((route, saved_cents)) = least(&each, costs.shipment_cents) {
        for (place, one) in each.iter_mut().enumerate() {
            if one.give_up(route, WhyAside::ShipmentCostsMore { saved_cents }) {
                one.decide(costs.saved_cents_min).map_err(failed(place))?;
            }
        }
    }
    Ok(Shipments {
        sent: each.iter().flat_map(|one| one.sent.clone()).collect(),
        aside: each.iter().flat_map(|one| one.aside.clone()).collect(),
        not_more: each.iter().map(One::not_more).collect(),
    })
}

/// The route whose shipments save least beside what one costs, and what they save.
fn least(each: &[One<'_>], shipment_cents: f64) -> Option<((u32, u32), f64)> {
    let mut routes: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for shipment in each.iter().flat_map(|one| &one.sent) {
        *routes.entry((shipment.from, shipment.to)).or_default() += shipment.saved_cents;
    }
    let dear = routes
        .into_iter()
        .filter(|(_, saved)| *saved < shipment_cents - ROUNDING);
    dear.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// One product on its ways between sites.
struct One<'g> {
    goods: &'g Goods<'g>,
    place: usize,
    /// Sites × sites; absent where nothing is sent.
    unit_cents: Vec<Option<f64>>,
    sent: Vec<Shipment>,
    /// Units of each site afterwards.
    units: Vec<f64>,
    aside: Vec<Aside>,
}

impl<'g> One<'g> {
    fn new(
        goods: &'g Goods<'g>,
        place: usize,
        unit_cents: &impl Fn(u32, u32) -> Option<f64>,
    ) -> Self {
        let pairs = goods
            .places
            .iter()
            .flat_map(|from| goods.places.iter().map(move |to| (*from, *to)));
        Self {
            goods,
            place,
            unit_cents: pairs
                .map(|(from, to)| unit_cents(from, to).filter(|_| from != to))
                .collect(),
            sent: Vec::new(),
            units: Vec::new(),
            aside: Vec::new(),
        }
    }

    /// The best moves of which each saves enough.
    fn decide(&mut self, saved_cents_min: f64) -> Result<(), TransferError> {
        loop {
            let found = transfer(&self.goods.sites, &self.unit_cents, 1)?;
            if self.keep_apart(&found) {
                continue;
            }
            self.units = found.units.iter().map(|units| *units as f64).collect();
            self.sent = found.moves.iter().map(|of| self.shipment(of)).collect();
            let small = self
                .sent
                .iter()
                .filter(|of| of.saved_cents < saved_cents_min - ROUNDING);
            let Some(least) = small.min_by(|a, b| a.saved_cents.total_cmp(&b.saved_cents)) else {
                return Ok(());
            };
            let route = (least.from, least.to);
            self.give_up(route, WhyAside::SavesTooLittle);
        }
    }

    /// A site that passes on what it gets does only one of the two afterwards, the larger one; whether there was one.
    fn keep_apart(&mut self, found: &Transfers) -> bool {
        let n = self.goods.sites.len();
        let of = |site: usize, end: fn(&Move) -> usize| -> u64 {
            let moves = found.moves.iter().filter(|of| end(of) == site);
            moves.map(|of| of.units).sum()
        };
        let both = (0..n).find(|site| of(*site, |m| m.from) > 0 && of(*site, |m| m.to) > 0);
        let Some(site) = both else {
            return false;
        };
        let gets = of(site, |m| m.to) >= of(site, |m| m.from);
        for other in 0..n {
            let route = if gets {
                site * n + other
            } else {
                other * n + site
            };
            self.unit_cents[route] = None;
        }
        true
    }

    /// Sends nothing that way any more; whether something was sent.
    fn give_up(&mut self, (from, to): (u32, u32), why: WhyAside) -> bool {
        let at = |place: u32| self.goods.places.iter().position(|of| *of == place);
        if let (Some(from), Some(to)) = (at(from), at(to)) {
            self.unit_cents[from * self.goods.sites.len() + to] = None;
        }
        let given = self.sent.iter().find(|of| (of.from, of.to) == (from, to));
        let given = given.map(|shipment| Aside {
            shipment: *shipment,
            why,
        });
        self.aside.extend(given);
        given.is_some()
    }

    /// A move with what it saves beside all others.
    fn shipment(&self, of: &Move) -> Shipment {
        let (from, to) = (&self.goods.sites[of.from], &self.goods.sites[of.to]);
        let units = of.units as f64;
        let (left, there) = (self.units[of.from], self.units[of.to]);
        let saved = |what: &dyn Fn(&TransferSite<'_>, f64) -> f64| -> f64 {
            what(from, left + units) + what(to, there - units) - what(from, left) - what(to, there)
        };
        let route = of.from * self.goods.sites.len() + of.to;
        let transport_cents = units * self.unit_cents[route].unwrap_or(0.0);
        Shipment {
            goods: self.place,
            from: self.goods.places[of.from],
            to: self.goods.places[of.to],
            units: of.units,
            saved_cents: saved(&|site, units| site.cost(units)) - transport_cents,
            transport_cents,
            missing_saved: saved(&|site, units| site.demand.shortage(units)),
            wasted_saved: saved(&|site, units| site.wasted(units)),
        }
    }

    /// Of each site, why it is not sent another unit.
    fn not_more(&self) -> Vec<Option<NotMore>> {
        let n = self.goods.sites.len();
        (0..n).map(|to| self.not_more_to(to)).collect()
    }

    fn not_more_to(&self, to: usize) -> Option<NotMore> {
        let (sites, n) = (&self.goods.sites, self.goods.sites.len());
        let held = self.units[to];
        let room = sites[to].capacity_units;
        if room.is_some_and(|room| held + 1.0 > f64::from(room)) {
            return None;
        }
        let gain_cents = sites[to].cost(held) - sites[to].cost(held + 1.0);
        if gain_cents < CENTS_MIN {
            return None;
        }
        let ways = (0..n).filter_map(|from| {
            let unit = self.unit_cents[from * n + to]?;
            let left = self.units[from] - 1.0;
            // What it got cannot be sent on today.
            let own = self.units[from] <= f64::from(sites[from].units);
            (own && left >= f64::from(sites[from].kept_units)).then(|| {
                let loses = sites[from].cost(left) - sites[from].cost(left + 1.0);
                (loses + unit, from)
            })
        });
        Some(match ways.min_by(|a, b| a.0.total_cmp(&b.0)) {
            None => NotMore::NothingToSpare,
            Some((cost_cents, from)) => NotMore::CostsMore {
                from: self.goods.places[from],
                gain_cents,
                cost_cents,
            },
        })
    }
}
