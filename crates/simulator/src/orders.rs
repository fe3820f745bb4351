//! Orders in the order of time: filled from stock, sometimes cancelled and placed again, partly
//! returned.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma};

use crate::baskets::{Filling, Memory, Missed, PLANTED, Shelf};
use crate::catalogue::{Catalogue, TIERS};
use crate::customers::Buyer;
use crate::draws::{Purpose, stream};
use crate::rows::{LineKind, OrderLine};
use crate::season::{Calendar, DAY_SECONDS, FIRST_HOUR};
use crate::shop::Shop;
use crate::stock::Stock;
use crate::truth::ReturnLink;
use crate::words::CATEGORIES;

const CANCELLED_SHARE: f64 = 0.015;
/// Mean units of a line, used only to fill the shelves on the first day.
const UNITS_A_LINE: f64 = 1.15;

/// What the orders of the whole span left behind.
#[derive(Debug)]
pub(crate) struct OrderBook {
    /// Sorted by time; order and line tell equal times apart.
    pub(crate) lines: Vec<OrderLine>,
    pub(crate) returns: Vec<ReturnLink>,
    pub(crate) cancelled: Vec<String>,
    pub(crate) stock: Stock,
    pub(crate) missed: Vec<Missed>,
    pub(crate) memories: Vec<Memory>,
    /// The shelf of the last week.
    pub(crate) shelf: Shelf,
}

/// Runs every purchase of every customer through the shop.
pub(crate) fn take_orders(
    shop: &Shop,
    calendar: &Calendar,
    catalogue: &Catalogue,
    buyers: &[Buyer],
) -> OrderBook {
    let mut visits: Vec<(u64, usize)> = buyers
        .iter()
        .enumerate()
        .flat_map(|(customer, buyer)| {
            buyer
                .purchases
                .iter()
                .map(move |second| (*second, customer))
        })
        .collect();
    visits.sort_unstable();
    let shelf = Shelf::new(catalogue);
    let first = expected_per_day(shop, calendar, &shelf, buyers, &visits);
    let mut book = OrderBook {
        lines: Vec::new(),
        returns: Vec::new(),
        cancelled: Vec::new(),
        stock: Stock::new(shop, catalogue, &first),
        missed: vec![Missed::default(); catalogue.goods.len()],
        memories: vec![Memory::default(); buyers.len()],
        shelf,
    };
    let mut desk = Desk {
        shop,
        calendar,
        catalogue,
        next_order: 0,
        book: &mut book,
    };
    let mut next = 0;
    for day in 0..calendar.days() {
        if day % 7 == 0 {
            desk.book.shelf.stock_week(catalogue, day);
        }
        desk.book.stock.open(day, catalogue);
        while let Some(&(second, customer)) = visits.get(next)
            && second / DAY_SECONDS == u64::from(day)
        {
            desk.serve(second, customer, &buyers[customer], next as u64);
            next += 1;
        }
        desk.book.stock.close(day, catalogue);
    }
    book.stock.finish(calendar.days());
    let sold = sort_lines(std::mem::take(&mut book.lines));
    let (lines, returns) = take_back(shop, calendar, catalogue, sold);
    OrderBook {
        lines,
        returns,
        ..book
    }
}

/// Demand of each product at the pace of the first sixty days and the mean taste, units a day.
fn expected_per_day(
    shop: &Shop,
    calendar: &Calendar,
    shelf: &Shelf,
    buyers: &[Buyer],
    visits: &[(u64, usize)],
) -> Vec<f64> {
    let early = visits.partition_point(|(second, _)| *second < 60 * DAY_SECONDS);
    let units = early as f64 / 60.0 * (1.0 + shop.extra_items_mean) * UNITS_A_LINE;
    let month = calendar.date(0).month() as usize - 1;
    let mut expected = vec![0.0; shop.products as usize];
    let categories = buyers.first().map_or(0, |buyer| buyer.mix.len());
    let mean_mix: Vec<f64> = (0..categories)
        .map(|category| {
            buyers.iter().map(|buyer| buyer.mix[category]).sum::<f64>() / buyers.len() as f64
        })
        .collect();
    let weights = shelf.category_weights(&mean_mix, month);
    let total: f64 = weights.iter().sum();
    for (category, weight) in weights.iter().enumerate() {
        let tiers = shelf.tier_weights(category, &[1.0; TIERS]);
        let tier_total: f64 = tiers.iter().sum();
        for (tier, tier_weight) in tiers.iter().enumerate() {
            for (product, share) in shelf.shares(category, tier) {
                expected[product] = units * weight / total * tier_weight / tier_total * share;
            }
        }
    }
    expected
}

fn sort_lines(mut lines: Vec<OrderLine>) -> Vec<OrderLine> {
    lines.sort_by(|left, right| {
        (left.at, &left.order, left.line).cmp(&(right.at, &right.order, right.line))
    });
    lines
}

struct Desk<'a> {
    shop: &'a Shop,
    calendar: &'a Calendar,
    catalogue: &'a Catalogue,
    next_order: u64,
    book: &'a mut OrderBook,
}

impl Desk<'_> {
    fn serve(&mut self, second: u64, customer: usize, buyer: &Buyer, visit: u64) {
        let day = (second / DAY_SECONDS) as u32;
        let book = &mut *self.book;
        let mut filling = Filling {
            seed: self.shop.seed,
            customer,
            buyer,
            catalogue: self.catalogue,
            shelf: &book.shelf,
            stock: &mut book.stock,
            missed: &mut book.missed,
            rng: stream(self.shop.seed, Purpose::Basket, visit),
            second,
            month: self.calendar.date(day).month() as usize - 1,
            basket: Vec::new(),
        };
        filling.fill(&mut book.memories[customer], self.shop.extra_items_mean);
        let (mut rng, basket) = (filling.rng, filling.basket);
        if basket.is_empty() {
            return;
        }
        let coupon = rng.random::<f64>() < PLANTED.coupon_share;
        let cancelled_first = rng.random::<f64>() < CANCELLED_SHARE;
        let before = rng.random_range(300..900);
        if cancelled_first {
            let opening = u64::from(day) * DAY_SECONDS + u64::from(FIRST_HOUR) * 3600;
            let at = second.saturating_sub(before).max(opening);
            let order = self.write(at, customer, &basket, coupon, LineKind::Cancelled);
            self.book.cancelled.push(order);
        }
        self.write(second, customer, &basket, coupon, LineKind::Sale);
    }

    fn write(
        &mut self,
        second: u64,
        customer: usize,
        basket: &[(usize, u32)],
        coupon: bool,
        kind: LineKind,
    ) -> String {
        let order = format!("CMD{:08}", self.next_order);
        self.next_order += 1;
        let day = (second / DAY_SECONDS) as u32;
        for (position, &(product, units)) in basket.iter().enumerate() {
            let unit_price_cents = self.catalogue.goods[product].price_cents(day);
            let value = unit_price_cents * i64::from(units);
            let share = if coupon { PLANTED.coupon_discount } else { 0.0 };
            self.book.lines.push(OrderLine {
                order: order.clone(),
                line: position as u32 + 1,
                at: self.calendar.moment(second),
                customer,
                product,
                quantity: units as i32,
                unit_price_cents,
                discount_cents: (value as f64 * share).round() as i64,
                kind,
            });
        }
        order
    }
}

/// Some of what was sold comes back; returned goods are not sold again.
fn take_back(
    shop: &Shop,
    calendar: &Calendar,
    catalogue: &Catalogue,
    sold: Vec<OrderLine>,
) -> (Vec<OrderLine>, Vec<ReturnLink>) {
    let end = calendar.date(calendar.days() - 1);
    let mut back: Vec<(OrderLine, usize)> = Vec::new();
    for (position, line) in sold.iter().enumerate() {
        if line.kind != LineKind::Sale {
            continue;
        }
        let mut rng = stream(shop.seed, Purpose::Return, position as u64);
        let row = &catalogue.goods[line.product].row;
        let multiplier = catalogue.return_multipliers[row.merchant];
        let comes_back = CATEGORIES[row.category].return_rate * multiplier;
        if rng.random::<f64>() < comes_back
            && let Some(line) = returned(&mut rng, line, position)
            && line.at.date() <= end
        {
            back.push((line, position));
        }
    }
    back.sort_by_key(|(line, position)| (line.at, *position));
    let mut returns = Vec::with_capacity(back.len());
    let mut new_position: Vec<usize> = Vec::with_capacity(sold.len());
    let mut lines: Vec<OrderLine> = Vec::with_capacity(sold.len() + back.len());
    let mut back = back.into_iter().enumerate().peekable();
    for line in &sold {
        while let Some((number, (mut returned, of))) =
            back.next_if(|(_, (returned, _))| returned.at < line.at)
        {
            returned.order = format!("RET{number:07}");
            returned.kind = LineKind::Return {
                of_line: new_position[of],
            };
            returns.push(link(&returned, &sold[of]));
            lines.push(returned);
        }
        new_position.push(lines.len());
        lines.push(line.clone());
    }
    for (number, (mut returned, of)) in back {
        returned.order = format!("RET{number:07}");
        returned.kind = LineKind::Return {
            of_line: new_position[of],
        };
        returns.push(link(&returned, &sold[of]));
        lines.push(returned);
    }
    (lines, returns)
}

fn link(returned: &OrderLine, sale: &OrderLine) -> ReturnLink {
    ReturnLink {
        return_order: returned.order.clone(),
        sale_order: sale.order.clone(),
        sale_line: sale.line,
        units: returned.quantity.unsigned_abs(),
    }
}

/// The return of a line, 3 days or more after the sale (a fortnight on average), in office hours.
fn returned(rng: &mut ChaCha8Rng, sale: &OrderLine, of_line: usize) -> Option<OrderLine> {
    let delay: f64 = 3.0 + Gamma::new(2.0, 5.5).map_or(0.0, |delay| delay.sample(rng));
    let date = sale
        .at
        .date()
        .saturating_add(jiff::Span::new().days(delay.min(90.0) as i64));
    let at = date.at(
        rng.random_range(9..18),
        rng.random_range(0..60),
        rng.random_range(0..60),
        0,
    );
    let units = rng.random_range(1..=sale.quantity);
    let discount = sale.discount_cents * i64::from(units) / i64::from(sale.quantity);
    (sale.quantity > 0).then(|| OrderLine {
        order: String::new(),
        line: 1,
        at,
        quantity: -units,
        discount_cents: -discount,
        kind: LineKind::Return { of_line },
        ..sale.clone()
    })
}
