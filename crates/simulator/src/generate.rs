//! From what a shop is asked to be to its rows, its files and its truth.

use std::collections::BTreeMap;

use crate::baskets::{Memory, Missed, PLANTED};
use crate::catalogue::{Catalogue, category_months};
use crate::customers::{Buyer, buyer, tastes};
use crate::dirt::Ledger;
use crate::draws::rounded;
use crate::events::{BIAS, visits};
use crate::ideal::Ideal;
use crate::orders::{OrderBook, take_orders};
use crate::raw::{
    RawFile, customers_file, event_files, order_files, prices_file, products_file, sites_file,
    stock_file,
};
use crate::rows::{Customer, Event, Merchant, OrderLine, PriceChange, Product, Site, StockDay};
use crate::season::{Calendar, DAY_SECONDS, FIRST_HOUR, HOUR, MONTH, WEEKDAY};
use crate::shop::{Shop, ShopError};
use crate::truth::{
    CategoryTruth, Complement, CustomerTruth, LostDemand, MerchantTruth, ProductTruth, ReturnLink,
    SeasonTruth, StockOut, SubstituteGroup, Taste, Truth,
};
use crate::words::{CATEGORIES, SITES};

/// A simulated shop: clean rows, raw files with their dirt, and the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// By number.
    pub customers: Vec<Customer>,
    /// By number.
    pub merchants: Vec<Merchant>,
    /// By reference.
    pub products: Vec<Product>,
    /// Places where goods are kept; a product is kept at one.
    pub sites: Vec<Site>,
    /// By product, then day.
    pub prices: Vec<PriceChange>,
    /// By time: sales, cancelled lines and returns.
    pub lines: Vec<OrderLine>,
    /// By time.
    pub events: Vec<Event>,
    /// By day, then product.
    pub stock: Vec<StockDay>,
    /// The same rows as a foreign system exports them, dirt included.
    pub files: Vec<RawFile>,
    /// What was planted.
    pub truth: Truth,
}

/// Simulates `shop`. Pure: the same shop gives the same bytes.
///
/// Time O(order lines + events + products × days); memory a few times the size of the files.
///
/// # Errors
/// [`ShopError`] names the field out of its range.
pub fn generate(shop: &Shop) -> Result<Generated, ShopError> {
    shop.check()?;
    let calendar = Calendar::new(shop);
    let catalogue = Catalogue::new(shop);
    let tastes = tastes(shop, catalogue.categories);
    let buyers: Vec<Buyer> = (0..shop.customers)
        .map(|index| buyer(shop, &calendar, &tastes, index))
        .collect();
    let book = take_orders(shop, &calendar, &catalogue, &buyers);
    let events = visits(shop, &calendar, &catalogue, &buyers, &book.lines);
    let customers: Vec<Customer> = buyers.iter().map(|buyer| buyer.row.clone()).collect();
    let products: Vec<Product> = catalogue
        .goods
        .iter()
        .map(|good| good.row.clone())
        .collect();
    let sites: Vec<Site> = SITES
        .iter()
        .map(|&(code, name, city)| Site { code, name, city })
        .collect();
    let prices = price_changes(shop, &catalogue);
    let stock = stock_days(&calendar, &products, &book.stock.openings);

    let mut ledger = Ledger::default();
    let mut files = vec![
        customers_file(shop, &customers, &mut ledger),
        products_file(shop, &products, &catalogue.merchants, &mut ledger),
        sites_file(&sites),
        prices_file(shop, &prices, &products, &mut ledger),
        stock_file(shop, &stock, &products, &sites, &mut ledger),
    ];
    files.extend(order_files(
        shop,
        &book.lines,
        &customers,
        &products,
        &mut ledger,
    ));
    files.extend(event_files(
        shop,
        &events,
        &book.lines,
        &customers,
        &products,
        &mut ledger,
    ));
    let rows = files
        .iter()
        .map(|file| (file.path.clone(), file.rows))
        .collect();
    let planted = Planted {
        shop,
        calendar: &calendar,
        catalogue: &catalogue,
        book: &book,
    };
    let truth = planted.truth(&tastes, &buyers, rows, ledger);
    let (merchants, lines) = (catalogue.merchants, book.lines);
    Ok(Generated {
        customers,
        merchants,
        products,
        sites,
        prices,
        lines,
        events,
        stock,
        files,
        truth,
    })
}

fn price_changes(shop: &Shop, catalogue: &Catalogue) -> Vec<PriceChange> {
    let mut changes = Vec::new();
    for (product, good) in catalogue.goods.iter().enumerate() {
        let mut last = None;
        for (week, &price_cents) in good.weekly_price_cents.iter().enumerate() {
            let day = week as u32 * 7;
            if last != Some(price_cents) && day < shop.days {
                changes.push(PriceChange {
                    product,
                    from: shop.date_of(day),
                    price_cents,
                });
                last = Some(price_cents);
            }
        }
    }
    changes
}

fn stock_days(
    calendar: &Calendar,
    products: &[Product],
    openings: &[(u32, usize, u32)],
) -> Vec<StockDay> {
    openings
        .iter()
        .map(|&(day, product, on_hand)| StockDay {
            date: calendar.date(day),
            product,
            site: products[product].site,
            on_hand,
        })
        .collect()
}

struct Planted<'a> {
    shop: &'a Shop,
    calendar: &'a Calendar,
    catalogue: &'a Catalogue,
    book: &'a OrderBook,
}

impl Planted<'_> {
    fn truth(
        &self,
        tastes: &[Vec<f64>],
        buyers: &[Buyer],
        rows: BTreeMap<String, u64>,
        ledger: Ledger,
    ) -> Truth {
        Truth {
            shop: self.shop.clone(),
            end: self.shop.date_of(self.shop.days),
            season: SeasonTruth {
                weekday: WEEKDAY.to_vec(),
                month: MONTH.to_vec(),
                hour: HOUR.to_vec(),
                first_hour: FIRST_HOUR,
            },
            basket: PLANTED,
            categories: self.categories(),
            tastes: tastes
                .iter()
                .map(|mix| Taste { mix: mix.clone() })
                .collect(),
            customers: self.customers(buyers),
            merchants: self.merchants(),
            products: self.products(),
            complements: self.complements(),
            substitutes: self.substitutes(),
            position_bias: BIAS,
            stock_outs: self.stock_outs(),
            lost_demand: self.lost_demand(),
            returns: self.book.returns.iter().map(ReturnLink::clone).collect(),
            cancelled_orders: self.book.cancelled.clone(),
            rows,
            dirt_accepted: ledger.accepted(),
            dirt_counts: ledger.counts,
            dirt: ledger.rows,
        }
    }

    fn categories(&self) -> Vec<CategoryTruth> {
        (0..self.catalogue.categories)
            .map(|category| CategoryTruth {
                name: CATEGORIES[category].name.to_owned(),
                month: category_months(category).to_vec(),
                return_rate: CATEGORIES[category].return_rate,
                elasticity: CATEGORIES[category].elasticity,
            })
            .collect()
    }

    fn customers(&self, buyers: &[Buyer]) -> Vec<CustomerTruth> {
        let days = self.calendar.days();
        let ideal = Ideal {
            shop: self.shop,
            catalogue: self.catalogue,
            shelf: &self.book.shelf,
            month: self.calendar.date(days - 1).month() as usize - 1,
            now: u64::from(days) * DAY_SECONDS - 1,
        };
        let memories: &[Memory] = &self.book.memories;
        buyers
            .iter()
            .zip(memories)
            .enumerate()
            .map(|(customer, (buyer, memory))| CustomerTruth {
                customer: buyer.row.number.clone(),
                cluster: buyer.cluster,
                mix: buyer.mix.iter().map(|share| rounded(*share)).collect(),
                price_tiers: buyer.tiers.map(rounded),
                rate_per_day: rounded(buyer.life.rate_per_day),
                stop_probability: rounded(buyer.life.stop_probability),
                first_purchase_at: self.calendar.moment(buyer.purchases[0]),
                age_operational_days: rounded(self.calendar.span() - buyer.first_at),
                repeats: buyer.life.repeats_at.len() as u32,
                stopped_at: buyer
                    .purchases
                    .last()
                    .filter(|_| buyer.life.stopped)
                    .map(|second| self.calendar.moment(*second)),
                tracked: buyer.tracked,
                next_items: ideal.list(customer, buyer, memory),
            })
            .collect()
    }

    fn merchants(&self) -> Vec<MerchantTruth> {
        self.catalogue
            .merchants
            .iter()
            .zip(&self.catalogue.return_multipliers)
            .map(|(merchant, &return_multiplier)| MerchantTruth {
                merchant: merchant.number.clone(),
                return_multiplier,
            })
            .collect()
    }

    fn products(&self) -> Vec<ProductTruth> {
        self.catalogue
            .goods
            .iter()
            .map(|good| ProductTruth {
                product: good.row.reference.clone(),
                rank: good.rank,
                price_tier: good.tier as u8,
                trend: good.trend.clone(),
                replenished_every_days: good.replenished_every_days,
                attraction: good.attraction,
            })
            .collect()
    }

    fn reference(&self, product: usize) -> String {
        self.catalogue.goods[product].row.reference.clone()
    }

    fn complements(&self) -> Vec<Complement> {
        self.catalogue
            .pairs
            .iter()
            .map(|pair| Complement {
                bought: self.reference(pair.bought),
                adds: self.reference(pair.adds),
                same_order_probability: pair.same_order,
                next_order_probability: pair.next_order,
            })
            .collect()
    }

    fn substitutes(&self) -> Vec<SubstituteGroup> {
        self.catalogue
            .groups
            .iter()
            .map(|group| SubstituteGroup {
                products: group
                    .iter()
                    .map(|&product| self.reference(product))
                    .collect(),
            })
            .collect()
    }

    fn stock_outs(&self) -> Vec<StockOut> {
        self.book
            .stock
            .windows
            .iter()
            .map(|&(product, from, until, cause)| StockOut {
                product: self.reference(product),
                site: SITES[self.catalogue.goods[product].row.site].0.to_owned(),
                from: self.shop.date_of(from),
                until: self.shop.date_of(until),
                cause,
            })
            .collect()
    }

    fn lost_demand(&self) -> Vec<LostDemand> {
        self.book
            .missed
            .iter()
            .enumerate()
            .filter(|(_, missed)| missed.lost + missed.switched > 0)
            .map(|(product, &Missed { lost, switched })| LostDemand {
                product: self.reference(product),
                lost,
                switched,
            })
            .collect()
    }
}
