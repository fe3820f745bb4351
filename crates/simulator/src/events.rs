//! Visits of the site: what tracked customers searched, saw, opened, put in the cart and bought.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use crate::baskets::Shelf;
use crate::catalogue::{Catalogue, Relation};
use crate::customers::Buyer;
use crate::draws::{Purpose, distinct, pick, stream};
use crate::rows::{Event, EventKind, LineKind, OrderLine};
use crate::season::{Calendar, DAY_SECONDS};
use crate::shop::Shop;
use crate::truth::PositionBias;

pub(crate) const BIAS: PositionBias = PositionBias {
    eta: 1.0,
    list_length: 6,
};
/// Visits without a purchase, per order of a tracked customer.
const BROWSING_PER_ORDER: f64 = 0.5;
const NOT_LOGGED_IN_SHARE: f64 = 0.2;
const ABANDONED_CART_SHARE: f64 = 0.15;
/// Share of the bought items that were searched for first.
const SEARCHED_SHARE: f64 = 0.25;
/// Probability that the other members of a substitute group are seen when one is.
const COMPARED_SHARE: f64 = 0.6;

/// A visit before its events are drawn.
struct Visit {
    /// When it starts, or when the order is placed.
    second: u64,
    customer: usize,
    /// Positions of the lines bought.
    bought: std::ops::Range<usize>,
}

/// The events of the whole span, in the order of time.
pub(crate) fn visits(
    shop: &Shop,
    calendar: &Calendar,
    catalogue: &Catalogue,
    buyers: &[Buyer],
    lines: &[OrderLine],
) -> Vec<Event> {
    let mut visits = ordering_visits(calendar, buyers, lines);
    visits.extend(browsing_visits(shop, calendar, buyers, &visits));
    visits.sort_by_key(|visit| (visit.second, visit.customer, visit.bought.start));
    let mut shelf = Shelf::new(catalogue);
    let mut week = 0;
    let mut events = Vec::new();
    for (number, visit) in visits.into_iter().enumerate() {
        let day = (visit.second / DAY_SECONDS) as u32;
        if day / 7 != week {
            week = day / 7;
            shelf.stock_week(catalogue, week * 7);
        }
        let mut walk = Walk {
            catalogue,
            shelf: &shelf,
            buyer: &buyers[visit.customer],
            month: calendar.date(day).month() as usize - 1,
            rng: stream(shop.seed, Purpose::Session, number as u64),
            steps: Vec::new(),
            clock: 0,
        };
        if visit.bought.is_empty() {
            walk.browse();
        } else {
            walk.buy(lines, visit.bought.clone());
        }
        let logged_in = !visit.bought.is_empty() || walk.rng.random::<f64>() >= NOT_LOGGED_IN_SHARE;
        let start = if visit.bought.is_empty() {
            visit.second
        } else {
            visit.second - walk.clock.min(visit.second % DAY_SECONDS)
        };
        events.extend(walk.steps.into_iter().map(|(offset, step)| Event {
            at: calendar.moment(start + offset),
            session: number as u32,
            customer: logged_in.then_some(visit.customer),
            ..step
        }));
    }
    events.sort_by_key(|event| event.at);
    events
}

fn ordering_visits(calendar: &Calendar, buyers: &[Buyer], lines: &[OrderLine]) -> Vec<Visit> {
    let start = calendar.date(0);
    let mut visits = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        let first = &lines[from];
        let many = lines[from..]
            .iter()
            .take_while(|line| line.order == first.order)
            .count();
        if first.kind == LineKind::Sale && buyers[first.customer].tracked {
            let days = (first.at.date() - start).get_days() as u64;
            let time = first.at.time();
            let second = days * DAY_SECONDS
                + time.hour() as u64 * 3600
                + time.minute() as u64 * 60
                + time.second() as u64;
            visits.push(Visit {
                second,
                customer: first.customer,
                bought: from..from + many,
            });
        }
        from += many;
    }
    visits
}

fn browsing_visits(
    shop: &Shop,
    calendar: &Calendar,
    buyers: &[Buyer],
    ordering: &[Visit],
) -> Vec<Visit> {
    let mut visits = Vec::new();
    for (number, order) in ordering.iter().enumerate() {
        let mut rng = stream(shop.seed, Purpose::Session, (1 << 40) | number as u64);
        let count = Poisson::new(BROWSING_PER_ORDER).map_or(0.0, |count| count.sample(&mut rng));
        let buyer = &buyers[order.customer];
        for _ in 0..count as u32 {
            let stays = buyer.leaves_at(calendar) - buyer.first_at;
            let at = buyer.first_at + rng.random::<f64>() * stays;
            let second = calendar.second_at(at);
            visits.push(Visit {
                second,
                customer: order.customer,
                bought: 0..0,
            });
        }
    }
    visits
}

struct Walk<'a> {
    catalogue: &'a Catalogue,
    shelf: &'a Shelf,
    buyer: &'a Buyer,
    month: usize,
    rng: ChaCha8Rng,
    /// Seconds since the start of the visit, and what was done; the caller fills in the rest.
    steps: Vec<(u64, Event)>,
    clock: u64,
}

impl Walk<'_> {
    fn step(&mut self, kind: EventKind, product: Option<usize>) -> &mut Event {
        // A list is shown at once; everything else takes its time.
        if kind != EventKind::View {
            self.clock += self.rng.random_range(3..40);
        }
        let event = Event {
            at: jiff::civil::DateTime::ZERO,
            session: 0,
            customer: None,
            kind,
            product,
            position: None,
            query: None,
            bought_line: None,
        };
        let place = self.steps.len();
        self.steps.push((self.clock, event));
        &mut self.steps[place].1
    }

    fn browse(&mut self) {
        let lists = self.rng.random_range(1..=2);
        for _ in 0..lists {
            let weights = self.shelf.category_weights(&self.buyer.mix, self.month);
            let Some(category) = pick(&mut self.rng, &weights) else {
                return;
            };
            self.list(category, None);
        }
    }

    fn buy(&mut self, lines: &[OrderLine], bought: std::ops::Range<usize>) {
        for line in &lines[bought.clone()] {
            let good = &self.catalogue.goods[line.product];
            if self.rng.random::<f64>() < SEARCHED_SHARE {
                // The list leaves out what is bought, which would be clicked wherever it stands.
                self.list(good.row.category, Some(line.product));
            }
            self.step(EventKind::Click, Some(line.product));
            if let Relation::Substitutes(group) = good.relation {
                for &rival in &self.catalogue.groups[group] {
                    if rival != line.product && self.rng.random::<f64>() < COMPARED_SHARE {
                        self.step(EventKind::Click, Some(rival));
                    }
                }
            }
            self.step(EventKind::Cart, Some(line.product));
        }
        for position in bought {
            self.step(EventKind::Purchase, Some(lines[position].product))
                .bought_line = Some(position);
            // One order is one moment.
            self.clock = self.steps.last().map_or(0, |(offset, _)| *offset);
        }
        let placed = self.clock;
        for (offset, event) in &mut self.steps {
            if event.kind == EventKind::Purchase {
                *offset = placed;
            }
        }
    }

    /// A search and its list in random order, clicked by the position-based model.
    fn list(&mut self, category: usize, without: Option<usize>) {
        let items = self.list_items(category, without);
        let Some(&first) = items.first() else { return };
        let query = Some(self.catalogue.goods[first].row.family);
        self.step(EventKind::Search, None).query = query;
        let order = distinct(&mut self.rng, items.len(), items.len());
        for (place, &item) in order.iter().enumerate() {
            let shown = self.step(EventKind::View, Some(items[item]));
            shown.position = Some(place as u32 + 1);
            shown.query = query;
        }
        for (place, &item) in order.iter().enumerate() {
            let product = items[item];
            let seen = (place as f64 + 1.0).powf(-BIAS.eta);
            if self.rng.random::<f64>() >= seen * self.catalogue.goods[product].attraction {
                continue;
            }
            let clicked = self.step(EventKind::Click, Some(product));
            clicked.position = Some(place as u32 + 1);
            clicked.query = query;
            if self.rng.random::<f64>() < ABANDONED_CART_SHARE {
                self.step(EventKind::Cart, Some(product));
            }
        }
    }

    fn list_items(&mut self, category: usize, without: Option<usize>) -> Vec<usize> {
        let length = BIAS.list_length as usize;
        let mut items: Vec<usize> = Vec::with_capacity(length);
        // A small category may not hold a full list.
        for _ in 0..8 * length {
            if items.len() >= length {
                break;
            }
            let weights = self.shelf.tier_weights(category, &self.buyer.tiers);
            let Some(tier) = pick(&mut self.rng, &weights) else {
                break;
            };
            let Some(item) = self.shelf.item(&mut self.rng, category, tier) else {
                break;
            };
            self.append(&mut items, item, without);
            if let Relation::Substitutes(group) = self.catalogue.goods[item].relation {
                for &rival in &self.catalogue.groups[group] {
                    if self.rng.random::<f64>() < COMPARED_SHARE {
                        self.append(&mut items, rival, without);
                    }
                }
            }
        }
        items
    }

    fn append(&self, items: &mut Vec<usize>, item: usize, without: Option<usize>) {
        let full = items.len() >= BIAS.list_length as usize;
        if !full && Some(item) != without && !items.contains(&item) {
            items.push(item);
        }
    }
}
