//! Units of one product moved between sites: from where they are least missed to where they are missed most.
//!
//! One more unit at a site saves less and less, and one less costs more and more, so that moving units is a flow of
//! least cost whose arcs have rising costs: exact, unit by unit, by the cheapest way for one more.

mod flow;
mod shipments;

pub use shipments::{
    Aside, Goods, NotMore, Shipment, ShipmentCosts, ShipmentError, Shipments, WhyAside, shipments,
};

use super::demand::Demand;
use flow::Flow;

/// Most sites: the search looks at every pair of them for each lot moved.
const SITES_MAX: usize = 2000;

/// What one site has of the product and may be asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransferSite<'a> {
    /// Demand until its next delivery.
    pub demand: Demand<'a>,
    /// Units there.
    pub units: u32,
    /// Units that stay there whatever others lack.
    pub kept_units: u32,
    /// Most units that there is room for; absent where there is enough.
    pub capacity_units: Option<u32>,
    /// Cents of one unit missing, 0 or more.
    pub missing_cents: f64,
    /// Cents of one unit left, 0 or more.
    pub left_cents: f64,
    /// Until when units can be sold; absent where they do not perish.
    pub perishing: Option<Perishing<'a>>,
}

/// Until when units can be sold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Perishing<'a> {
    /// Demand until what is there perishes; absent where it keeps.
    pub here: Option<Demand<'a>>,
    /// Demand until what other sites send perishes. Where it is more than `here`, what is found need not be the best.
    pub sent: Demand<'a>,
    /// Cents of one perished unit, 0 or more.
    pub wasted_cents: f64,
}

/// Units moved from one site to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The site they leave, by its place.
    pub from: usize,
    /// The site they go to, by its place.
    pub to: usize,
    /// How many: a multiple of the lot.
    pub units: u64,
}

/// What is moved, and what that does.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfers {
    /// By site that they leave, then by site they go to.
    pub moves: Vec<Move>,
    /// Units of each site afterwards.
    pub units: Vec<u64>,
    /// Expected cents saved of units missing and left, less transport. No other moves save more.
    pub saved_cents: f64,
    /// Cents of transport.
    pub transport_cents: f64,
    /// Units missing at all sites, on average, as they are.
    pub missing_before: f64,
    /// Units missing at all sites, on average, afterwards.
    pub missing_after: f64,
}

/// Why nothing can be moved.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TransferError {
    /// More sites than are looked at.
    #[error("move units between {found} sites: allowed is at most {allowed_max}")]
    SiteCount {
        /// Sites given.
        found: usize,
        /// Most that are allowed.
        allowed_max: usize,
    },
    /// Not one cost for each pair of sites.
    #[error(
        "move units between {sites} sites: found {found} costs of transport, allowed is {allowed}, row by row"
    )]
    Costs {
        /// Sites given.
        sites: usize,
        /// Costs given.
        found: usize,
        /// Costs that fit the sites.
        allowed: usize,
    },
    /// Transport that costs less than nothing, or no number.
    #[error(
        "move units from site {from} to site {to}: a unit costs {found} cents, allowed is a finite number of 0 or more"
    )]
    Transport {
        /// The site they leave.
        from: usize,
        /// The site they go to.
        to: usize,
        /// What was found.
        found: f64,
    },
    /// An amount of a site is negative or not a finite number.
    #[error(
        "move units at site {site}: {what} is {found}, allowed is a finite number of 0 or more"
    )]
    Amount {
        /// The site.
        site: usize,
        /// Which amount.
        what: &'static str,
        /// What was found.
        found: f64,
    },
    /// Lots of nothing.
    #[error("move units in lots of 0: allowed is 1 or more")]
    EmptyLot,
}

/// Moves units of one product between sites at the least expected cost.
///
/// - `transport`: sites × sites, row by row from the site they leave: cents for one unit; absent where nothing is moved.
///   Where it is cheaper by way of another site, units go that way.
/// - `lot_units`: units are moved in multiples of it.
///
/// Exact: no other moves of whole lots save more. Time O(sites²) for each lot moved.
///
/// # Errors
/// [`TransferError`] when costs do not fit the sites or an amount is outside its range.
///
/// # Source
/// Ahuja, Magnanti, Orlin (1993), "Network flows", sections 9.7 (successive shortest paths with potentials) and 14
/// (convex costs). Checked against exhaustive search.
pub fn transfer(
    sites: &[TransferSite<'_>],
    transport: &[Option<f64>],
    lot_units: u32,
) -> Result<Transfers, TransferError> {
    check(sites, transport, lot_units)?;
    let mut flow = Flow::new(sites, transport, lot_units);
    while flow.one_more() {}
    let lot = u64::from(lot_units);
    let n = sites.len();
    let (mut moves, mut transport_cents) = (Vec::new(), 0.0);
    let mut units: Vec<u64> = sites.iter().map(|site| u64::from(site.units)).collect();
    for (from, to) in (0..n).flat_map(|from| (0..n).map(move |to| (from, to))) {
        let moved = u64::from(flow.lots(from, to)) * lot;
        if moved > 0 {
            moves.push(Move {
                from,
                to,
                units: moved,
            });
            transport_cents += moved as f64 * transport[from * n + to].unwrap_or(0.0);
        }
    }
    // All that arrives is added first: a site may pass on what it gets.
    for Move {
        to, units: moved, ..
    } in &moves
    {
        units[*to] += moved;
    }
    for Move {
        from, units: moved, ..
    } in &moves
    {
        units[*from] -= moved;
    }
    let total = |of: &dyn Fn(&TransferSite<'_>, f64) -> f64, units: &[f64]| -> f64 {
        sites
            .iter()
            .zip(units)
            .map(|(site, at)| of(site, *at))
            .sum()
    };
    let before: Vec<f64> = sites.iter().map(|site| f64::from(site.units)).collect();
    let after: Vec<f64> = units.iter().map(|units| *units as f64).collect();
    let cost = |site: &TransferSite<'_>, at: f64| site.cost(at);
    let missing = |site: &TransferSite<'_>, at: f64| site.demand.shortage(at);
    Ok(Transfers {
        saved_cents: total(&cost, &before) - total(&cost, &after) - transport_cents,
        missing_before: total(&missing, &before),
        missing_after: total(&missing, &after),
        transport_cents,
        units,
        moves,
    })
}

impl TransferSite<'_> {
    /// Expected cents with so many units.
    fn cost(&self, units: f64) -> f64 {
        let wasted_cents = self.perishing.map_or(0.0, |of| of.wasted_cents);
        self.missing_cents * self.demand.shortage(units)
            + self.left_cents * self.demand.left_over(units)
            + wasted_cents * self.wasted(units)
    }

    /// Units that perish on average, of so many.
    fn wasted(&self, units: f64) -> f64 {
        let there = f64::from(self.units);
        self.perishing.map_or(0.0, |Perishing { here, sent, .. }| {
            let own = here.map_or(0.0, |here| here.left_over(units.min(there)));
            let more = sent.left_over(units) - sent.left_over(there);
            own + more.max(0.0)
        })
    }
}

fn check(
    sites: &[TransferSite<'_>],
    transport: &[Option<f64>],
    lot_units: u32,
) -> Result<(), TransferError> {
    let n = sites.len();
    if n > SITES_MAX {
        return Err(TransferError::SiteCount {
            found: n,
            allowed_max: SITES_MAX,
        });
    }
    if transport.len() != n * n {
        return Err(TransferError::Costs {
            sites: n,
            found: transport.len(),
            allowed: n * n,
        });
    }
    if lot_units == 0 {
        return Err(TransferError::EmptyLot);
    }
    for (at, found) in transport.iter().enumerate() {
        if let Some(found) = *found
            && !(found.is_finite() && found >= 0.0)
        {
            return Err(TransferError::Transport {
                from: at / n,
                to: at % n,
                found,
            });
        }
    }
    for (site, of) in sites.iter().enumerate() {
        for (what, found) in [
            ("the cost of a missing unit", of.missing_cents),
            ("the cost of a unit that is left", of.left_cents),
            (
                "the cost of a perished unit",
                of.perishing.map_or(0.0, |of| of.wasted_cents),
            ),
        ] {
            if !(found.is_finite() && found >= 0.0) {
                return Err(TransferError::Amount { site, what, found });
            }
        }
    }
    Ok(())
}
