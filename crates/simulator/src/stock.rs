//! What is on hand: sales take it, a reorder rule brings it back, suppliers sometimes fail.

use rand::RngExt;

use crate::catalogue::Catalogue;
use crate::draws::{Purpose, distinct, stream};
use crate::shop::Shop;
use crate::truth::StockOutCause;

/// Days between an order to the supplier and its arrival.
const LEAD_DAYS: u32 = 7;
/// Days of demand ordered up to, and under which an order leaves. Ten days of cover for seven days
/// of lead time runs out now and then, as it should.
const UP_TO_DAYS: f64 = 40.0;
const REORDER_DAYS: f64 = 10.0;
/// Weight of the last day in the demand the rule sees.
const SMOOTHING: f64 = 0.04;

/// Units of every product, day by day.
#[derive(Debug)]
pub(crate) struct Stock {
    shelves: Vec<ShelfStock>,
    /// Day, product, units at opening; a row when it changed.
    pub(crate) openings: Vec<(u32, usize, u32)>,
    /// Product, first day, first day after, cause.
    pub(crate) windows: Vec<(usize, u32, u32, StockOutCause)>,
}

#[derive(Debug, Clone)]
struct ShelfStock {
    on_hand: u32,
    arriving: Option<(u32, u32)>,
    demand_per_day: f64,
    wanted_today: u32,
    last_opening: Option<u32>,
    empty_since: Option<u32>,
    /// Window of a supplier's failure, days.
    failure: Option<(u32, u32)>,
}

impl Stock {
    /// `expected_per_day`: demand of each product in the first weeks, units a day.
    pub(crate) fn new(shop: &Shop, catalogue: &Catalogue, expected_per_day: &[f64]) -> Self {
        let mut shelves: Vec<ShelfStock> = expected_per_day
            .iter()
            .map(|&demand_per_day| ShelfStock {
                on_hand: up_to(demand_per_day),
                arriving: None,
                demand_per_day,
                wanted_today: 0,
                last_opening: None,
                empty_since: None,
                failure: None,
            })
            .collect();
        let mut rng = stream(shop.seed, Purpose::StockOuts, 0);
        // One product in twenty, among the better half of those on sale throughout, fails once for
        // one to four weeks.
        let popular: Vec<usize> = (0..shelves.len())
            .filter(|&index| {
                let good = &catalogue.goods[index];
                good.rank * 2 <= shop.products / 12 + 6
                    && good.row.launched_day == 0
                    && good.row.retired_day.is_none()
            })
            .collect();
        for position in distinct(&mut rng, popular.len(), shelves.len().div_ceil(20)) {
            let from = rng.random_range(30..shop.days - 28);
            let length = rng.random_range(7..=28);
            shelves[popular[position]].failure = Some((from, from + length));
        }
        Self {
            shelves,
            openings: Vec::new(),
            windows: Vec::new(),
        }
    }

    /// Goods come in, failures begin, and the opening level is written down.
    pub(crate) fn open(&mut self, day: u32, catalogue: &Catalogue) {
        for (product, shelf) in self.shelves.iter_mut().enumerate() {
            let row = &catalogue.goods[product].row;
            if day < row.launched_day {
                continue;
            }
            shelf.receive(day);
            if shelf.last_opening != Some(shelf.on_hand) {
                self.openings.push((day, product, shelf.on_hand));
                shelf.last_opening = Some(shelf.on_hand);
            }
            match (shelf.on_hand, shelf.empty_since) {
                (0, None) => shelf.empty_since = Some(day),
                (0, Some(_)) | (_, None) => {}
                (_, Some(since)) => {
                    self.windows
                        .push((product, since, day, shelf.cause(since, day)));
                    shelf.empty_since = None;
                }
            }
        }
    }

    /// The rule looks at the day's demand and may order.
    pub(crate) fn close(&mut self, day: u32, catalogue: &Catalogue) {
        for (product, shelf) in self.shelves.iter_mut().enumerate() {
            let row = &catalogue.goods[product].row;
            let wanted = f64::from(std::mem::take(&mut shelf.wanted_today));
            if day < row.launched_day {
                continue;
            }
            shelf.demand_per_day += SMOOTHING * (wanted - shelf.demand_per_day);
            let retired = row.retired_day.is_some_and(|retired| day >= retired);
            if retired || shelf.arriving.is_some() {
                continue;
            }
            if f64::from(shelf.on_hand) <= (REORDER_DAYS * shelf.demand_per_day).max(1.0) {
                let missing = up_to(shelf.demand_per_day)
                    .saturating_sub(shelf.on_hand)
                    .max(1);
                shelf.arriving = Some((day + LEAD_DAYS, missing));
            }
        }
    }

    /// Windows still open at the end are closed at `days`.
    pub(crate) fn finish(&mut self, days: u32) {
        for (product, shelf) in self.shelves.iter_mut().enumerate() {
            if let Some(since) = shelf.empty_since.take() {
                self.windows
                    .push((product, since, days, shelf.cause(since, days)));
            }
        }
        self.windows
            .sort_by_key(|&(product, from, ..)| (from, product));
    }

    pub(crate) fn on_hand(&self, product: usize) -> u32 {
        self.shelves[product].on_hand
    }

    /// Someone wanted a unit, whether or not it was there.
    pub(crate) fn want(&mut self, product: usize) {
        self.shelves[product].wanted_today += 1;
    }

    /// Takes up to `units` and says how many there were.
    pub(crate) fn take(&mut self, product: usize, units: u32) -> u32 {
        let shelf = &mut self.shelves[product];
        let taken = units.min(shelf.on_hand);
        shelf.on_hand -= taken;
        taken
    }
}

impl ShelfStock {
    fn receive(&mut self, day: u32) {
        if let Some((from, until)) = self.failure {
            if day == from {
                // What is left is withdrawn, and what was coming waits for the end.
                self.on_hand = 0;
                self.arriving = Some((until, up_to(self.demand_per_day)));
            } else if day > from && day < until {
                self.arriving = self.arriving.map(|(_, units)| (until, units));
            }
        }
        if let Some((arrival, units)) = self.arriving
            && arrival <= day
        {
            self.on_hand += units;
            self.arriving = None;
        }
    }

    fn cause(&self, since: u32, until: u32) -> StockOutCause {
        match self.failure {
            Some((from, end)) if since < end && until > from => StockOutCause::SupplierFailure,
            Some(_) | None => StockOutCause::SoldOut,
        }
    }
}

fn up_to(demand_per_day: f64) -> u32 {
    (UP_TO_DAYS * demand_per_day).ceil().clamp(4.0, 1e6) as u32
}
