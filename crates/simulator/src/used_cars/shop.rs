//! The dealer itself: its history, the year that is played day by day, and what goes wrong in it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rand::RngExt;

use super::answers::{Acted, BUYS_LATER, Shown};
use super::errands::{Goods, Line, Order};
use super::incidents::{Incident, Wrong};
use super::journal::{Action, Journal, Sold};
use super::shelves::Shelves;
use super::visits::{LISTS, Visit};
use super::world::World;
use super::{DAY_SECONDS, DAYS, FIRST_DAY, UsedCars, date_of, files, prices, since_start};
use crate::draws::{Purpose, pick, stream};
use crate::raw::RawFile;
use crate::shop::ShopError;

/// Share of the lines of a sales feed that name no site, where it is wrong.
const NO_SITE: f64 = 0.6;
/// Share of errands before which a customer looked at the shop's pages, and looks without an errand for each errand.
const LOOKED: f64 = 0.8;
const ONLY_LOOKED: f64 = 1.2;

/// A file that came wrong, as it should have been.
#[derive(Debug, Clone)]
struct Spoiled {
    incident: usize,
    right: RawFile,
}

/// Days of the history of which visits to lists are known.
const KEPT_DAYS: i64 = 182;

/// A dealer of used cars with parts, accessories and a workshop; a year of it is played day by day.
///
/// Customers have tastes of their own: a make of car, four families of articles that they care for, and what they make of
/// single articles. They buy by them on errands and click by them in lists. A visitor looks at each place of a list less
/// than at the one above it, clicks on what is wanted, and buys a part of that within three days.
///
/// Days are counted from [`UsedCarsShop::first_day`]. Each is played by asking for its [`UsedCarsShop::visits`], by
/// [`UsedCarsShop::answer`] for each of them, and by [`UsedCarsShop::close`].
#[derive(Debug, Clone)]
pub struct UsedCarsShop {
    world: World,
    before: Vec<RawFile>,
    shelves: Shelves,
    /// The next day that is closed.
    next: i64,
    /// What visitors did on a day that is not closed, and what was bought for it, by day.
    actions: BTreeMap<i64, Vec<Action>>,
    bought: BTreeMap<i64, Vec<Order>>,
    spoiled: Vec<Spoiled>,
    /// Expected margin lost in cents, by incident and day.
    lost: Vec<Vec<f64>>,
}

impl UsedCarsShop {
    /// Draws everything of `cars` and runs its history.
    ///
    /// # Errors
    /// [`ShopError`] names the field that is out of its range.
    pub fn new(cars: &UsedCars) -> Result<Self, ShopError> {
        cars.check()?;
        let world = World::new(cars);
        let shelves = Shelves::new(&world.articles, &world.daily());
        let mut shop = Self {
            before: Vec::new(),
            shelves,
            next: -i64::from(DAYS),
            actions: BTreeMap::new(),
            bought: BTreeMap::new(),
            spoiled: Vec::new(),
            lost: vec![vec![0.0; DAYS as usize]; world.incidents.len()],
            world,
        };
        shop.history();
        Ok(shop)
    }

    /// First day of the year that is played.
    #[must_use]
    pub fn first_day(&self) -> Date {
        FIRST_DAY
    }

    /// Days of the year that is played.
    #[must_use]
    pub fn days(&self) -> u32 {
        DAYS
    }

    /// The files that exist in the morning of the first day: 52 weeks of history.
    #[must_use]
    pub fn before(&self) -> Vec<RawFile> {
        self.before.clone()
    }

    /// What goes wrong, in the order of the days on which it begins: the truth.
    #[must_use]
    pub fn incidents(&self) -> &[Incident] {
        &self.world.incidents
    }

    /// The data products that visitors ask for lists, by name.
    pub fn asked(&self) -> impl Iterator<Item = &'static str> {
        LISTS.iter().map(|(product, _)| *product)
    }

    /// Who comes on a day and is shown a list, in the order of time; nobody after the last day.
    ///
    /// The same whatever was answered before.
    #[must_use]
    pub fn visits(&self, day: u32) -> Vec<Visit> {
        if day < DAYS {
            self.world.visits(day)
        } else {
            Vec::new()
        }
    }

    /// Milliseconds that a slow dependency adds on a day to each answer of a data product; 0 where it adds none.
    #[must_use]
    pub fn delay_ms(&self, day: u32, product: &str) -> f64 {
        self.world.slower_ms(day, product)
    }

    /// What a visitor does with the list that they are shown. Clicks are events of the day with the decision that they
    /// answer; what is bought after them is in the sales of the day and of the next three.
    ///
    /// - `shown`: identifiers of the products, best first; what stands after the twelfth is not seen.
    /// - `delay_ms`: how long the visitor waited for it, what a slow dependency added included; each millisecond costs a
    ///   thousandth of the clicks.
    pub fn answer(
        &mut self,
        visit: &Visit,
        decision_id: &str,
        shown: &[&str],
        delay_ms: f64,
    ) -> Acted {
        let harms = self.world.harms(i64::from(visit.day));
        let shown = Shown {
            world: &self.world,
            visit,
            articles: shown
                .iter()
                .map(|reference| self.world.article(reference))
                .collect(),
            delay_ms,
        };
        let unharmed = shown.prospect(&[]);
        let mut before = unharmed;
        for (place, harm) in harms.iter().enumerate() {
            let with = shown.prospect(&harms[..=place]);
            if let Some(lost) = self.lost[*harm].get_mut(visit.day as usize) {
                *lost += before.margin_cents - with.margin_cents;
            }
            before = with;
        }
        let drawn = shown.draw(&harms);
        let reference = |article: usize| self.world.articles[article].reference.clone();
        let acted = Acted {
            clicked: drawn
                .iter()
                .map(|(article, ..)| reference(*article))
                .collect(),
            bought: drawn
                .iter()
                .filter(|click| click.2)
                .map(|(article, ..)| reference(*article))
                .collect(),
            expected: before,
            unharmed,
        };
        self.note(visit, decision_id, &drawn);
        acted
    }

    /// Keeps what a visitor did until its day is closed.
    fn note(&mut self, visit: &Visit, decision_id: &str, clicks: &[(usize, usize, bool)]) {
        let day = i64::from(visit.day);
        let second = visit.at.as_second().rem_euclid(DAY_SECONDS);
        let action = |what, article, position, decision: &str, second| Action {
            second,
            what,
            customer: visit.who,
            article,
            position,
            decision: decision.to_owned(),
        };
        let actions = self.actions.entry(day).or_default();
        actions.push(action("view", visit.beside, None, "", second));
        let mut rng = stream(self.world.cars.seed, Purpose::CarsClick, 1 << 47 | visit.id);
        for (number, (article, position, bought)) in clicks.iter().enumerate() {
            let later = second + 5 * (1 + number as i64);
            actions.push(action(
                "click",
                Some(*article),
                Some(*position),
                decision_id,
                later,
            ));
            let wait = pick(&mut rng, &BUYS_LATER).unwrap_or(0) as i64;
            if *bought {
                let order = order(&self.world, visit.who, *article, day + wait, second + 600);
                self.bought.entry(day + wait).or_default().push(order);
            }
        }
    }

    /// Ends a day, and those before it that were not ended: their new files, one for each table with a row, named by the
    /// day. A day that was ended before gives nothing.
    pub fn close(&mut self, day: u32) -> Vec<RawFile> {
        let until = i64::from(day.min(DAYS - 1));
        if self.next > until {
            return Vec::new();
        }
        let days = self.next..=until;
        let mut journal = Journal::new(&date_of(until).to_string());
        journal.joining(&self.world, |joins| days.contains(&joins));
        journal.announced(&self.world, |announced| days.contains(&announced));
        while self.next <= until {
            self.run(self.next, &mut journal);
        }
        self.closed(journal)
    }

    /// People repair what is wrong: from `day` on it is so no more, at the earliest from the first day that is not ended.
    /// Returns the files of days before it that came wrong as they should have been, under the same names.
    ///
    /// What cannot be mended stays as it is, and nothing is returned. Shelves that ran dry fill up with the deliveries
    /// that are ordered from then on.
    ///
    /// - `incident`: position in [`UsedCarsShop::incidents`].
    pub fn mend(&mut self, incident: usize, day: u32) -> Vec<RawFile> {
        let next = u32::try_from(self.next).unwrap_or(0);
        let Some(found) = self.world.incidents.get_mut(incident) else {
            return Vec::new();
        };
        if !found.wrong.can_be_mended() || found.until_day.is_some() {
            return Vec::new();
        }
        found.until_day = Some(day.max(next).max(found.from_day));
        if found.wrong == Wrong::NullColumn {
            self.shelves.find_missed();
        }
        let (mended, left) = std::mem::take(&mut self.spoiled)
            .into_iter()
            .partition(|spoiled: &Spoiled| spoiled.incident == incident);
        self.spoiled = left;
        mended.into_iter().map(|spoiled| spoiled.right).collect()
    }

    /// Expected margin in cents that an incident cost on a day that was played; 0 for what does not exist.
    ///
    /// It is what the lists that were shown would have led to without it: where several things are wrong at once, each is
    /// told what it costs on top of those that began before it, so that the sum is what all cost. Shelves that ran dry
    /// cost what was asked for in vain and would have been there, also after the feed is mended, until they are full
    /// again. What customers buy elsewhere on errands of their own is not counted: no list could have kept it.
    ///
    /// - `incident`: position in [`UsedCarsShop::incidents`].
    #[must_use]
    pub fn lost_cents(&self, incident: usize, day: u32) -> f64 {
        let of = self.lost.get(incident);
        of.and_then(|days| days.get(day as usize))
            .copied()
            .unwrap_or(0.0)
    }

    /// Runs the 52 weeks before the first day.
    fn history(&mut self) {
        let mut journal = Journal::new("before");
        journal.catalogue(&self.world);
        journal.joining(&self.world, |joins| joins < 0);
        journal.announced(&self.world, |announced| announced < 0);
        while self.next < 0 {
            self.run(self.next, &mut journal);
        }
        let mut files = self.closed(journal);
        files.push(files::sites_file());
        files.push(files::terms_file(&self.world));
        files.push(files::assignments_file(&self.world));
        self.before = files;
    }

    /// Keeps the files of a journal that came wrong as they should have been, and returns all as they came.
    fn closed(&mut self, journal: Journal) -> Vec<RawFile> {
        let closed = journal.close();
        let of = [
            (Wrong::NullColumn, closed.right_sales),
            (Wrong::PriceUnit, closed.right_prices),
        ];
        for (wrong, right) in of {
            let incident = self.world.incidents.iter().position(|of| of.wrong == wrong);
            self.spoiled.extend(
                incident
                    .zip(right)
                    .map(|(incident, right)| Spoiled { incident, right }),
            );
        }
        closed.files
    }

    /// Runs the next day.
    fn run(&mut self, day: i64, journal: &mut Journal) {
        self.next = day + 1;
        self.shelves.receive(day);
        let mut orders = self.world.errands(day);
        let mut actions = self.actions.remove(&day).unwrap_or_default();
        actions.extend(looks(&self.world, day, &orders));
        // What was clicked longer ago nobody has kept.
        if (-KEPT_DAYS..0).contains(&day) {
            actions.extend(self.world.by_hand(day));
        }
        orders.extend(self.bought.remove(&day).unwrap_or_default());
        orders.extend(launched(&self.world, day));
        orders.sort_by_key(|order| (order.second, order.customer));
        self.sell(day, &orders, journal);
        journal.prices(&self.world, day, self.world.has(Wrong::PriceUnit, day));
        journal.stock(&self.world, &mut self.shelves, day);
        journal.events(&self.world, day, actions);
        self.shelves.order(&self.world.articles, day);
    }

    /// Sells what is on the shelves, or needs none.
    fn sell(&mut self, day: i64, orders: &[Order], journal: &mut Journal) {
        let world = &self.world;
        let nameless = world.has(Wrong::NullColumn, day);
        let dry = world
            .incidents
            .iter()
            .position(|of| of.wrong == Wrong::NullColumn);
        let mut rng = stream(world.cars.seed, Purpose::CarsFeed, since_start(day));
        for (order, number) in orders.iter().zip(1..) {
            let customer = &world.customers[order.customer];
            for (line, place) in order.lines.iter().zip(1..) {
                let recorded = rng.random::<f64>() >= NO_SITE || !nameless;
                let mut line = *line;
                if let Goods::Article(part) = line.goods
                    && world.articles[part].is_part()
                {
                    let shelf = Shelves::position(part, customer.site);
                    let served = self.shelves.take(shelf, line.units, recorded);
                    if !order.sent_for {
                        let short = served.unharmed.saturating_sub(served.units);
                        let margin = line.price_cents - world.articles[part].cost_cents;
                        let lost =
                            dry.and_then(|dry| self.lost[dry].get_mut(usize::try_from(day).ok()?));
                        if let Some(lost) = lost {
                            *lost += f64::from(short) * margin as f64;
                        }
                        line = of_units(line, served.units);
                    }
                }
                if line.units > 0 {
                    journal.sold(
                        world,
                        &Sold {
                            number: (number, place),
                            day,
                            second: order.second,
                            channel: order.channel,
                            customer,
                            line,
                            recorded,
                        },
                    );
                }
            }
        }
    }
}

/// A line of fewer units, with as much of its discount.
fn of_units(line: Line, units: u32) -> Line {
    Line {
        units,
        discount_cents: line.discount_cents * i64::from(units) / i64::from(line.units.max(1)),
        ..line
    }
}

/// An order of one article that a list led to; a part is sent for where it is not on the shelf.
fn order(world: &World, customer: usize, article: usize, day: i64, second: i64) -> Order {
    let price_cents = prices::price_cents(world.cars.seed, article, &world.articles[article], day);
    let partner = world.customers[customer].partner;
    Order {
        customer,
        second: second.min(DAY_SECONDS - 1),
        channel: if partner { "partner" } else { "web" },
        lines: vec![Line {
            goods: Goods::Article(article),
            units: 1,
            price_cents,
            discount_cents: 0,
        }],
        sent_for: true,
    }
}

/// Orders of limited series on a day.
fn launched(world: &World, day: i64) -> Vec<Order> {
    let midnight = day * DAY_SECONDS;
    let launches = world.launches.iter().enumerate();
    let open =
        launches.filter(|(_, launch)| (launch.day..=launch.day + launch.days).contains(&day));
    let sold = open.flat_map(|(position, launch)| {
        launch
            .sold
            .iter()
            .map(move |sold| (position, launch, *sold))
    });
    sold.filter(|(_, _, (second, _))| (midnight..midnight + DAY_SECONDS).contains(second))
        .map(|(position, launch, (second, customer))| Order {
            customer,
            second: second - midnight,
            channel: "web",
            lines: vec![Line {
                goods: Goods::Launch(position),
                units: 1,
                price_cents: launch.price_cents,
                discount_cents: 0,
            }],
            sent_for: true,
        })
        .collect()
}

/// Looks at the shop's pages on a day: before errands, and without one.
fn looks(world: &World, day: i64, errands: &[Order]) -> Vec<Action> {
    let look = |customer: usize, second: i64| Action {
        second,
        what: "view",
        customer,
        article: None,
        position: None,
        decision: String::new(),
    };
    let mut rng = stream(world.cars.seed, Purpose::CarsView, since_start(day));
    let mut actions = Vec::new();
    for order in errands {
        if rng.random::<f64>() < LOOKED {
            actions.push(look(order.customer, (order.second - 1_200).max(0)));
        }
    }
    for (position, customer) in world.customers.iter().enumerate() {
        let (asked, second) = (rng.random::<f64>(), rng.random_range(0..DAY_SECONDS));
        let rate = ONLY_LOOKED * customer.rate * world.trials.factor(position, customer, day);
        if customer.is_there(day) && asked < rate {
            actions.push(look(position, second));
        }
    }
    actions
}
