//! What is moved between sites before anything is ordered.
//!
//! What is sent arrives in some days; what is ordered arrives later, and then a supplier can help better. So a unit sent
//! is worth what it sells in between, or what it sells before it perishes where it would not sell at home; keeping it
//! costs as much here as there.

use super::item::{Day, Item};
use super::totals::{Ahead, EMPTY, LEVELS, Total};
use super::{Depot, LeadTime};
use crate::demand::Key;
use crate::stock::settings::{Settings, UnmetName};
use crate::stock::standing::Standing;
use decisions::stock::met_quantiles;
use decisions::stock::transfer::{
    Aside, Goods, NotMore, Perishing, Shipment, ShipmentCosts, ShipmentError, TransferSite,
    shipments,
};
use features::supply::Terms;
use schema::AsOf;
use std::collections::BTreeMap;

/// What is moved of one product to and from one site.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::stock) struct Moves {
    pub(in crate::stock) received: Vec<Shipment>,
    pub(in crate::stock) sent: Vec<Shipment>,
    /// What would have come from others.
    pub(in crate::stock) aside: Vec<Aside>,
    /// Why no further unit comes; absent where it would save nothing.
    pub(in crate::stock) not_more: Option<NotMore>,
}

fn units(of: &[Shipment]) -> i64 {
    let units: u64 = of.iter().map(|one| one.units).sum();
    i64::try_from(units).unwrap_or(i64::MAX)
}

impl Moves {
    pub(in crate::stock) fn units_received(&self) -> i64 {
        units(&self.received)
    }

    pub(in crate::stock) fn units_sent(&self) -> i64 {
        units(&self.sent)
    }
}

/// What a site is asked for until its supplier can help.
#[derive(Debug, Clone)]
pub(in crate::stock) struct Relief {
    /// Until what is sent now arrives.
    until_sent: Total,
    /// Until what is ordered next arrives, and no sooner than what is sent.
    until_arrival: Total,
    /// Units on their way that arrive before it, and those of them that do before what is sent now.
    coming: i64,
    coming_first: i64,
    /// Days for which what is there can still be sold, where it perishes within those that are forecast.
    good_days: Option<u32>,
}

impl Relief {
    /// - `arrival`: days until what is ordered next arrives, with their probabilities.
    pub(super) fn new(
        ahead: &Ahead<'_>,
        arrival: &LeadTime,
        standing: &Standing,
        terms: Option<&Terms>,
        (today, settings): (AsOf, &Settings),
    ) -> Option<Self> {
        let sent = settings.transfer_days;
        let later: LeadTime = arrival
            .iter()
            .map(|(days, p)| ((*days).max(sent), *p))
            .collect();
        let expected: f64 = later.iter().map(|(days, p)| f64::from(*days) * p).sum();
        let on = today.epoch_day();
        let due = on + expected.ceil() as i32;
        let arrives = on + i32::try_from(sent).ok()?;
        Some(Self {
            until_sent: ahead.days(sent),
            until_arrival: ahead.over(&later)?,
            coming: standing.due_before(due.max(arrives)),
            coming_first: standing.due_before(arrives),
            good_days: good_days(standing, terms, today).filter(|days| *days < ahead.horizon),
        })
    }
}

/// Days for which what is there can still be sold: as long as it keeps, less its age where receipts tell it.
fn good_days(standing: &Standing, terms: Option<&Terms>, today: AsOf) -> Option<u32> {
    let keeps = i32::try_from(terms?.shelf_life_days?).ok()?;
    let today = today.epoch_day();
    let left = standing.arrived.unwrap_or(today) + keeps - today;
    u32::try_from(left.max(0)).ok()
}

/// Where a line of the shop is told.
#[derive(Debug, Clone, Copy)]
enum Place {
    Item(usize),
    Depot,
}

/// One product at one site that may send or get some of it.
struct Stand {
    place: Place,
    site: u32,
    /// What its own stock can meet.
    demand: Total,
    units: u32,
    kept_units: u32,
    capacity_units: Option<u32>,
    missing_cents: f64,
    good_days: Option<u32>,
    wasted_cents: f64,
    /// Demand until what is there perishes, where it does, and until what others send does.
    perishing: Option<(Option<Total>, Total)>,
}

/// Decides what is moved, and tells each item what it gets and what it sends. Returns the sites that places name.
///
/// # Errors
/// [`ShipmentError`] when an amount is outside its range.
pub(super) fn decide(
    day: &Day<'_>,
    keys: &[Key],
    items: &mut [Item],
    depots: &[Depot],
) -> Result<Vec<String>, ShipmentError> {
    let settings = day.of.settings;
    if settings.transfers.is_none() {
        return Ok(Vec::new());
    }
    let sites = sites(keys, items, depots);
    let n = sites.len();
    let open: Vec<bool> = (0..n * n)
        .map(|pair| pair / n != pair % n && settings.sends(&sites[pair / n], &sites[pair % n]))
        .collect();
    let at = |site: &str| {
        sites
            .binary_search_by(|known| known.as_str().cmp(site))
            .ok()
    };
    let mut of: BTreeMap<&str, Vec<Stand>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        let key = &keys[item.series];
        let site = key.site.as_deref().and_then(at);
        if let Some(stand) = site.and_then(|site| Stand::of_item(item, (place, site), settings)) {
            of.entry(&key.product).or_default().push(stand);
        }
    }
    for depot in depots {
        let site = depot.key.site.as_deref().and_then(at);
        if let Some(stand) = site.and_then(|site| Stand::of_depot(day, depot, site)) {
            of.entry(&depot.key.product).or_default().push(stand);
        }
    }
    let may_send = |stands: &Vec<Stand>| {
        let mut pairs = stands
            .iter()
            .flat_map(|a| stands.iter().map(move |b| (a, b)));
        pairs.any(|(a, b)| open[a.site as usize * n + b.site as usize])
    };
    let mut of: Vec<Vec<Stand>> = of.into_values().filter(may_send).collect();
    for stands in &mut of {
        perishing(day, items, stands);
    }
    of.retain(|stands| goods(stands).is_some());
    let goods: Vec<Goods<'_>> = of.iter().filter_map(|stands| goods(stands)).collect();
    let unit_cents = f64::from(settings.transfer_cents);
    let found = shipments(
        &goods,
        |from, to| open[from as usize * n + to as usize].then_some(unit_cents),
        ShipmentCosts {
            shipment_cents: f64::from(settings.shipment_cents),
            saved_cents_min: f64::from(settings.transfer_gain_cents),
        },
    )?;
    let item = |goods: usize, site: u32| {
        let mut stands = of[goods].iter();
        stands.find_map(|stand| match stand.place {
            Place::Item(place) if stand.site == site => Some(place),
            Place::Item(_) | Place::Depot => None,
        })
    };
    for shipment in found.sent {
        if let Some(place) = item(shipment.goods, shipment.from) {
            items[place].moves.sent.push(shipment);
        }
        if let Some(place) = item(shipment.goods, shipment.to) {
            items[place].moves.received.push(shipment);
        }
    }
    for aside in found.aside {
        if let Some(place) = item(aside.shipment.goods, aside.shipment.to) {
            items[place].moves.aside.push(aside);
        }
    }
    for (stands, why) in of.iter().zip(found.not_more) {
        for (stand, why) in stands.iter().zip(why) {
            let reached = (0..n).any(|from| open[from * n + stand.site as usize]);
            if let (Place::Item(place), true) = (stand.place, reached) {
                items[place].moves.not_more = why;
            }
        }
    }
    Ok(sites)
}

/// All sites, by name.
fn sites(keys: &[Key], items: &[Item], depots: &[Depot]) -> Vec<String> {
    let of_items = items.iter().map(|item| &keys[item.series]);
    let all = of_items.chain(depots.iter().map(|depot| &depot.key));
    let mut sites: Vec<String> = all.filter_map(|key| key.site.clone()).collect();
    sites.sort_unstable();
    sites.dedup();
    sites
}

fn count(units: i64) -> u32 {
    u32::try_from(units.max(0)).unwrap_or(u32::MAX)
}

impl Stand {
    /// `None` where too little is known to take from it or to give to it.
    fn of_item(item: &Item, (place, site): (usize, usize), settings: &Settings) -> Option<Self> {
        let relief = item.relief.as_ref()?;
        let (_, on_hand) = item.standing.as_ref()?.on_hand?;
        let units = (on_hand >= 0).then_some(on_hand + relief.coming)?;
        let demand = match settings.unmet {
            UnmetName::Waits => relief.until_arrival,
            UnmetName::Lost => met(relief, on_hand)?,
        };
        // What is on its way cannot be sent on, and the shelf must show something.
        let kept = relief.coming + i64::from(item.presentation_units).min(on_hand);
        Some(Self {
            place: Place::Item(place),
            site: u32::try_from(site).ok()?,
            demand,
            units: count(units),
            kept_units: count(kept),
            capacity_units: item.capacity_units,
            missing_cents: item.missing_cents?,
            good_days: relief.good_days,
            wasted_cents: item.unit_cost_cents.unwrap_or(0) as f64,
            perishing: None,
        })
    }

    fn of_depot(day: &Day<'_>, depot: &Depot, site: usize) -> Option<Self> {
        let (_, on_hand) = depot.standing.on_hand?;
        let terms = day
            .of
            .book
            .of(&depot.key.product, depot.key.site.as_deref()?);
        let cost = day.of.unit_cost(&depot.key.product, terms);
        let good_days = good_days(&depot.standing, terms, day.today);
        Some(Self {
            place: Place::Depot,
            site: u32::try_from(site).ok()?,
            demand: EMPTY,
            units: count(on_hand),
            kept_units: 0,
            capacity_units: Some(0),
            missing_cents: 0.0,
            good_days: good_days.filter(|days| *days < day.of.settings.horizon_days),
            wasted_cents: cost.unwrap_or(0) as f64,
            perishing: None,
        })
    }
}

impl Stand {
    /// As the flow sees it.
    fn seen(&self) -> Option<TransferSite<'_>> {
        let perishing = match &self.perishing {
            Some((here, sent)) => Some(Perishing {
                here: here.as_ref().map(Total::demand).transpose().ok()?,
                sent: sent.demand().ok()?,
                wasted_cents: self.wasted_cents,
            }),
            None => None,
        };
        Some(TransferSite {
            demand: self.demand.demand().ok()?,
            units: self.units,
            kept_units: self.kept_units,
            capacity_units: self.capacity_units,
            missing_cents: self.missing_cents,
            left_cents: 0.0,
            perishing,
        })
    }
}

/// Demand until the supplier can help, of which what finds nothing before the arrival of what is sent is lost.
fn met(relief: &Relief, on_hand: i64) -> Option<Total> {
    let there = (on_hand + relief.coming_first) as f64;
    let (all, until) = (
        relief.until_arrival.demand().ok()?,
        relief.until_sent.demand().ok()?,
    );
    Some(Total {
        values: met_quantiles(&all, &until, there, &LEVELS),
        expected: (all.mean() - until.shortage(there)).max(0.0),
    })
}

/// What perishes of a product: at home after its own time; of what is sent the least that any site has left is counted
/// on, and nothing where that is over before it arrives.
fn perishing(day: &Day<'_>, items: &[Item], stands: &mut [Stand]) {
    let Some(least) = stands.iter().filter_map(|stand| stand.good_days).min() else {
        return;
    };
    let sells = least > day.of.settings.transfer_days;
    for stand in stands {
        let until = |days: u32| match stand.place {
            Place::Depot => EMPTY,
            Place::Item(place) => day.ahead(items[place].series).days(days),
        };
        let sent = if sells { until(least) } else { EMPTY };
        stand.perishing = Some((stand.good_days.map(until), sent));
    }
}

/// All of a product.
fn goods(stands: &[Stand]) -> Option<Goods<'_>> {
    Some(Goods {
        places: stands.iter().map(|stand| stand.site).collect(),
        sites: stands.iter().map(Stand::seen).collect::<Option<_>>()?,
    })
}
