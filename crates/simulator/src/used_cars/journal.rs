//! The files of a stretch of days: what was sold, what it cost, what lies on the shelves, who came, what is new.

use super::catalogue::SITES;
use super::customers::Customer;
use super::errands::{Goods, Line};
use super::files::product_cells;
use super::launches::{AHEAD_DAYS, Launch};
use super::shelves::Shelves;
use super::world::World;
use super::{DAY_SECONDS, date_of, prices};
use crate::raw::{RawFile, Sheet, money, sheet};

const SALES: [&str; 9] = [
    "order",
    "line",
    "time",
    "site",
    "channel",
    "client",
    "reference",
    "units",
    "unit_price",
];
/// Factor on prices of a feed in the wrong unit.
const WRONG_UNIT: i64 = 100;

/// What a visitor did.
#[derive(Debug, Clone)]
pub(super) struct Action {
    pub(super) second: i64,
    pub(super) what: &'static str,
    pub(super) customer: usize,
    pub(super) article: Option<usize>,
    pub(super) position: Option<usize>,
    pub(super) decision: String,
}

/// A line that was sold, as the till knows it.
#[derive(Debug)]
pub(super) struct Sold<'a> {
    /// Number of the order and of the line in their day, from 1.
    pub(super) number: (usize, usize),
    pub(super) day: i64,
    pub(super) second: i64,
    pub(super) channel: &'static str,
    pub(super) customer: &'a Customer,
    pub(super) line: Line,
    /// Whether the feed names the site.
    pub(super) recorded: bool,
}

/// Files being written for one stretch of days; a feed that is wrong is written as it should be too.
#[derive(Debug)]
pub(super) struct Journal {
    sales: Sheet,
    right_sales: Sheet,
    prices: Sheet,
    right_prices: Sheet,
    stock: Sheet,
    events: Sheet,
    customers: Sheet,
    products: Sheet,
    launches: Sheet,
    estimates: Sheet,
}

/// What a stretch of days gave.
#[derive(Debug)]
pub(super) struct Closed {
    /// Files with a row or more, as they come.
    pub(super) files: Vec<RawFile>,
    /// The sales and the prices as they should be, where they came otherwise.
    pub(super) right_sales: Option<RawFile>,
    pub(super) right_prices: Option<RawFile>,
}

fn clock(day: i64, second: i64) -> String {
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{} {hour:02}:{minute:02}:{:02}", date_of(day), second % 60)
}

/// Date and time of a second since the midnight of day 0.
fn moment(second: i64) -> String {
    clock(
        second.div_euclid(DAY_SECONDS),
        second.rem_euclid(DAY_SECONDS),
    )
}

impl Journal {
    /// `name` is that of the stretch: `before` or a date.
    pub(super) fn new(name: &str) -> Self {
        let of = |table: &str, header: &[&str]| sheet(&format!("raw/{table}-{name}.csv"), header);
        let sales: Vec<&str> = SALES.into_iter().chain(["discount"]).collect();
        let prices = ["reference", "from", "price"];
        Self {
            sales: of("sales", &sales),
            right_sales: of("sales", &sales),
            prices: of("prices", &prices),
            right_prices: of("prices", &prices),
            stock: of("stock_levels", &["reference", "site", "day", "on_hand"]),
            events: of(
                "events",
                &[
                    "event",
                    "time",
                    "what",
                    "client",
                    "reference",
                    "position",
                    "decision",
                ],
            ),
            customers: of("customers", &["client", "since", "country"]),
            products: of(
                "products",
                &[
                    "reference",
                    "label",
                    "family",
                    "make",
                    "merchant",
                    "price",
                    "cost",
                    "on_sale",
                ],
            ),
            launches: of(
                "launches",
                &[
                    "launch",
                    "reference",
                    "opens",
                    "closes",
                    "price",
                    "list_price",
                    "cost",
                    "salvage",
                    "available",
                ],
            ),
            estimates: of(
                "estimates",
                &[
                    "launch",
                    "reference",
                    "merchant",
                    "told_at",
                    "low",
                    "likely",
                    "high",
                ],
            ),
        }
    }

    pub(super) fn sold(&mut self, world: &World, sold: &Sold<'_>) {
        let reference = match sold.line.goods {
            Goods::Article(position) => &world.articles[position].reference,
            Goods::Launch(position) => &world.launches[position].article.reference,
        };
        let site = SITES[sold.customer.site].0;
        let date = date_of(sold.day).strftime("%Y%m%d");
        let mut cells = [
            format!("O{date}-{:04}", sold.number.0),
            sold.number.1.to_string(),
            clock(sold.day, sold.second),
            site.to_owned(),
            sold.channel.to_owned(),
            sold.customer.id.clone(),
            reference.clone(),
            sold.line.units.to_string(),
            money(sold.line.price_cents),
            money(sold.line.discount_cents),
        ];
        self.right_sales.push(&cells);
        if !sold.recorded {
            cells[3].clear();
        }
        self.sales.push(&cells);
    }

    /// The price feed of a day.
    pub(super) fn prices(&mut self, world: &World, day: i64, wrong_unit: bool) {
        for (position, article) in prices::told(&world.articles, day) {
            let cents = prices::price_cents(world.cars.seed, position, article, day);
            let cells = |cents: i64| {
                [
                    article.reference.clone(),
                    date_of(day).to_string(),
                    money(cents),
                ]
            };
            self.right_prices.push(&cells(cents));
            let factor = if wrong_unit { WRONG_UNIT } else { 1 };
            self.prices.push(&cells(factor * cents));
        }
    }

    /// Shelves that changed, in the evening of a day.
    pub(super) fn stock(&mut self, world: &World, shelves: &mut Shelves, day: i64) {
        for (shelf, on_hand) in shelves.changed() {
            let article = &world.articles[shelf / SITES.len()];
            if article.is_part() {
                self.stock.push(&[
                    article.reference.clone(),
                    SITES[shelf % SITES.len()].0.to_owned(),
                    date_of(day).to_string(),
                    on_hand.to_string(),
                ]);
            }
        }
    }

    /// What visitors did on a day, in the order of time.
    pub(super) fn events(&mut self, world: &World, day: i64, mut actions: Vec<Action>) {
        actions.sort_by_key(|action| action.second);
        let date = date_of(day).strftime("%Y%m%d").to_string();
        for (action, number) in actions.into_iter().zip(1..) {
            let article = action
                .article
                .map(|article| world.articles[article].reference.clone());
            let position = action.position.map(|position| position.to_string());
            self.events.push(&[
                format!("E{date}-{number:05}"),
                clock(day, action.second),
                action.what.to_owned(),
                world.customers[action.customer].id.clone(),
                article.unwrap_or_default(),
                position.unwrap_or_default(),
                action.decision,
            ]);
        }
    }

    /// Customers who join, by whether their day is one of the stretch.
    pub(super) fn joining(&mut self, world: &World, joins: impl Fn(i64) -> bool) {
        for customer in world
            .customers
            .iter()
            .filter(|customer| joins(customer.joins))
        {
            let country = if customer.partner { "BE" } else { "FR" };
            self.customers.push(&[
                customer.id.clone(),
                date_of(customer.joins).to_string(),
                country.to_owned(),
            ]);
        }
    }

    /// The catalogue without limited series.
    pub(super) fn catalogue(&mut self, world: &World) {
        for article in &world.articles {
            self.products.push(&product_cells(article, "", true));
        }
    }

    /// Launches that are announced, by whether the day of that is one of the stretch.
    pub(super) fn announced(&mut self, world: &World, announced: impl Fn(i64) -> bool) {
        let of = world.launches.iter();
        for launch in of.filter(|launch| announced(launch.day - AHEAD_DAYS)) {
            self.launch(launch);
        }
    }

    fn launch(&mut self, launch: &Launch) {
        let article = &launch.article;
        let planner = launch.planner_name();
        self.products.push(&product_cells(article, planner, false));
        let (opens, closes) = launch.open();
        self.launches.push(&[
            launch.id.clone(),
            article.reference.clone(),
            moment(opens),
            moment(closes),
            money(launch.price_cents),
            money(article.price_cents),
            money(article.cost_cents),
            money(article.cost_cents / 2),
            String::new(),
        ]);
        let likely = f64::from(launch.likely);
        self.estimates.push(&[
            launch.id.clone(),
            article.reference.clone(),
            planner.to_owned(),
            clock(launch.day - AHEAD_DAYS, 9 * 3_600),
            (0.5 * likely).floor().to_string(),
            launch.likely.to_string(),
            (2.0 * likely).ceil().to_string(),
        ]);
    }

    pub(super) fn close(self) -> Closed {
        let right = |right: Sheet, found: &RawFile| {
            let right = right.finish();
            (right.bytes != found.bytes).then_some(right)
        };
        let (sales, prices) = (self.sales.finish(), self.prices.finish());
        let right_sales = right(self.right_sales, &sales);
        let right_prices = right(self.right_prices, &prices);
        let others = [
            self.stock,
            self.events,
            self.customers,
            self.products,
            self.launches,
            self.estimates,
        ];
        let mut files = vec![sales, prices];
        files.extend(others.map(Sheet::finish));
        files.retain(|file| file.rows > 0);
        Closed {
            files,
            right_sales,
            right_prices,
        }
    }
}
