//! The accepted sales before a day, per customer, in the order of time.

use crate::demand::Demand;
use crate::{
    Catalogue, Clock, Launches, Offers, Product, RuleRound, Sites, Supply, TrialShare, Trials,
};
use schema::AsOf;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

/// One line of an order, with customers, products and orders as indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleLine {
    /// Seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
    /// Index of the product in the catalogue.
    pub product: u32,
    /// Number of the order; lines of one order share it.
    pub order: u32,
    /// Units; negative for a return.
    pub quantity: i32,
    /// Whether the line takes goods back.
    pub is_return: bool,
    /// Money of the line in cents, discounts taken off; negative for a return.
    pub spend_cents: i64,
    /// Discount of the line in cents, a positive amount; 0 where none is known.
    pub discount_cents: u32,
    /// Number of the site in [`History::site_names`], from 1; `None` where it was sold at none, or that is not known.
    pub site: Option<NonZeroU32>,
}

impl SaleLine {
    /// Days since 1970-01-01, with the fraction of the day.
    #[must_use]
    pub fn at_days(&self) -> f64 {
        self.at_seconds as f64 / 86_400.0
    }

    /// Whole days since 1970-01-01.
    #[must_use]
    pub fn epoch_day(&self) -> i32 {
        schema::time::day_of(self.at_seconds)
    }
}

/// A line that is not indexed yet.
#[derive(Debug, Clone, Copy)]
pub struct NewLine<'a> {
    /// Who bought; `None` for an anonymous sale.
    pub customer: Option<&'a str>,
    /// What was bought.
    pub product: &'a str,
    /// In which order.
    pub order: &'a str,
    /// Seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
    /// Units; negative for a return.
    pub quantity: i64,
    /// Money of the line in cents.
    pub spend_cents: i64,
    /// Discount of the line in cents, a positive amount; 0 where none is known.
    pub discount_cents: i64,
    /// Whether the line takes goods back.
    pub is_return: bool,
}

/// Everything known before a day.
#[derive(Debug, Clone)]
pub struct History {
    as_of: AsOf,
    clock: Clock,
    customers: Vec<String>,
    index: HashMap<String, u32>,
    catalogue: Catalogue,
    site_names: Vec<String>,
    lines: Vec<SaleLine>,
    offsets: Vec<usize>,
    anonymous: Vec<SaleLine>,
    first_day: Option<i32>,
    trials: Arc<Trials>,
    offers: Arc<Offers>,
    sites: Arc<Sites>,
    demand: Arc<Demand>,
    launches: Arc<Launches>,
    supply: Arc<Supply>,
}

impl History {
    /// The first day that is not known.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// The same by clocks that show another time: days begin by them.
    #[must_use]
    pub fn by(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// When a day begins, by the shop's clocks, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn begins(&self, day: AsOf) -> i64 {
        self.clock.begins(day)
    }

    /// First day with a sale, as days since 1970-01-01; `None` where there is no sale.
    #[must_use]
    pub fn first_day(&self) -> Option<i32> {
        self.first_day
    }

    /// Days from the first sale to the as-of day.
    #[must_use]
    pub fn days(&self) -> i32 {
        self.first_day
            .map_or(0, |first| self.as_of.epoch_day() - first)
    }

    /// Customers by index, sorted by identifier.
    #[must_use]
    pub fn customers(&self) -> &[String] {
        &self.customers
    }

    /// The index of a customer.
    #[must_use]
    pub fn customer_index(&self, id: &str) -> Option<u32> {
        self.index.get(id).copied()
    }

    /// The products.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Sites that sold something or are known beside, sorted by name.
    #[must_use]
    pub fn site_names(&self) -> &[String] {
        &self.site_names
    }

    /// The site that a customer usually buys at, as of the history's day: see [`crate::usual_site`].
    #[must_use]
    pub fn usual_site(&self, customer: &str) -> Option<&str> {
        self.usual_site_at(customer, self.as_of)
    }

    /// The same as of another day that is known.
    #[must_use]
    pub fn usual_site_at(&self, customer: &str, as_of: AsOf) -> Option<&str> {
        let lines = self.lines_of(self.customer_index(customer)?);
        let number = crate::usual_site(lines, as_of)?.get();
        let name = self.site_names.get(number as usize - 1)?;
        Some(name.as_str())
    }

    /// A customer's lines, oldest first; empty for an index that does not exist.
    #[must_use]
    pub fn lines_of(&self, customer: u32) -> &[SaleLine] {
        let c = customer as usize;
        match (self.offsets.get(c), self.offsets.get(c + 1)) {
            (Some(from), Some(to)) => &self.lines[*from..*to],
            _ => &[],
        }
    }

    /// All lines of known customers, by customer and time.
    #[must_use]
    pub fn lines(&self) -> &[SaleLine] {
        &self.lines
    }

    /// Lines without a customer, oldest first.
    #[must_use]
    pub fn anonymous(&self) -> &[SaleLine] {
        &self.anonymous
    }

    /// The draws of the shop's trials.
    #[must_use]
    pub fn trials(&self) -> &Trials {
        &self.trials
    }

    /// What may be offered to customers, whatever its days of validity.
    #[must_use]
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// The same with what may be offered to customers.
    #[must_use]
    pub fn with_offers(mut self, offers: Offers) -> Self {
        self.offers = Arc::new(offers);
        self
    }

    /// The same with the draws of its trials, all of them before the as-of day.
    #[must_use]
    pub fn with_trials(mut self, trials: Trials) -> Self {
        self.trials = Arc::new(trials);
        self
    }

    /// The same with the shares of the customers that versions of a data product on trial were asked to answer, in any
    /// order, all of them before the as-of day.
    #[must_use]
    pub fn with_trial_shares(mut self, product: &str, shares: Vec<TrialShare>) -> Self {
        Arc::make_mut(&mut self.trials).take_shares(product, shares);
        self
    }

    /// The same with the days on which a measured rule covered what a data product decided, in any order, all of them
    /// before the as-of day.
    #[must_use]
    pub fn with_ruled(mut self, product: &str, rule: &str, rounds: Vec<RuleRound>) -> Self {
        Arc::make_mut(&mut self.trials).take_ruled(product, rule, rounds);
        self
    }

    /// What each site sold day by day; nothing where it was not read.
    #[must_use]
    pub fn sites(&self) -> &Sites {
        &self.sites
    }

    /// The same with what each site sold, all of it before the as-of day.
    #[must_use]
    pub fn with_sites(mut self, sites: Sites) -> Self {
        self.sites = Arc::new(sites);
        self
    }

    /// What each product sold at each site, and the plans; nothing where it was not read.
    #[must_use]
    pub fn demand(&self) -> &Arc<Demand> {
        &self.demand
    }

    /// The same with what each product sold at each site, all of it before the as-of day, and the plans.
    #[must_use]
    pub fn with_demand(mut self, demand: Demand) -> Self {
        self.demand = Arc::new(demand);
        self
    }

    /// Launches of the past and to come; nothing where they were not read.
    #[must_use]
    pub fn launches(&self) -> &Arc<Launches> {
        &self.launches
    }

    /// The same with launches, sales and estimates of all of them before the as-of day.
    #[must_use]
    pub fn with_launches(mut self, launches: Launches) -> Self {
        self.launches = Arc::new(launches);
        self
    }

    /// What is on hand, on order and how it is supplied; nothing where it was not read.
    #[must_use]
    pub fn supply(&self) -> &Arc<Supply> {
        &self.supply
    }

    /// The same with what is on hand and on order, as known before the as-of day.
    #[must_use]
    pub fn with_supply(mut self, supply: Supply) -> Self {
        self.supply = Arc::new(supply);
        self
    }

    /// What was known at an earlier day. Customers, products and orders keep their indices.
    #[must_use]
    pub fn until(&self, as_of: AsOf) -> Self {
        let end = self.begins(as_of);
        let earlier = self.filtered(as_of, |line| line.at_seconds < end);
        if as_of < self.as_of {
            earlier
                .with_trials(self.trials.before(end))
                .with_sites(self.sites.before(as_of))
                .with_demand(self.demand.before(as_of))
                .with_launches(self.launches.before(end))
                .with_supply(self.supply.before(as_of))
        } else {
            earlier
        }
    }

    /// What happened from a day on, up to the as-of day. Customers, products and orders keep their indices.
    #[must_use]
    pub fn from(&self, day: AsOf) -> Self {
        let start = self.begins(day);
        self.filtered(self.as_of, |line| line.at_seconds >= start)
    }

    fn filtered(&self, as_of: AsOf, keep: impl Fn(&SaleLine) -> bool) -> Self {
        let mut lines = Vec::new();
        let mut offsets = Vec::with_capacity(self.offsets.len());
        offsets.push(0);
        for customer in 0..self.customers.len() {
            lines.extend(
                self.lines[self.offsets[customer]..self.offsets[customer + 1]]
                    .iter()
                    .filter(|l| keep(l)),
            );
            offsets.push(lines.len());
        }
        let anonymous: Vec<SaleLine> = self.anonymous.iter().filter(|l| keep(l)).copied().collect();
        let first_day = lines
            .iter()
            .chain(&anonymous)
            .map(SaleLine::epoch_day)
            .min();
        Self {
            as_of,
            clock: self.clock.clone(),
            customers: self.customers.clone(),
            index: self.index.clone(),
            catalogue: self.catalogue.clone(),
            site_names: self.site_names.clone(),
            lines,
            offsets,
            anonymous,
            first_day,
            trials: Arc::clone(&self.trials),
            offers: Arc::clone(&self.offers),
            sites: Arc::clone(&self.sites),
            demand: Arc::clone(&self.demand),
            launches: Arc::clone(&self.launches),
            supply: Arc::clone(&self.supply),
        }
    }
}

/// Collects lines in any order and indexes them.
#[derive(Debug, Default)]
pub struct HistoryBuilder {
    customers: HashMap<String, u32>,
    products: HashMap<String, u32>,
    orders: HashMap<String, u32>,
    sites: HashMap<String, u32>,
    /// Customer (or `u32::MAX` for none) and line, with indices in the order of appearance.
    lines: Vec<(u32, SaleLine)>,
}

/// Stands for "no customer" while lines are collected.
const NOBODY: u32 = u32::MAX;

fn intern(index: &mut HashMap<String, u32>, text: &str) -> u32 {
    if let Some(found) = index.get(text) {
        return *found;
    }
    let next = u32::try_from(index.len()).unwrap_or(NOBODY - 1);
    index.insert(text.to_owned(), next);
    next
}

/// A number from 1 for an index.
fn numbered(index: u32) -> Option<NonZeroU32> {
    index.checked_add(1).and_then(NonZeroU32::new)
}

/// Sorts the texts and returns them with the new index of each old one.
fn renumber(index: HashMap<String, u32>) -> (Vec<String>, Vec<u32>) {
    let mut sorted: Vec<(String, u32)> = index.into_iter().collect();
    sorted.sort_unstable();
    let mut new_of = vec![0u32; sorted.len()];
    for ((_, old), new) in sorted.iter().zip(0u32..) {
        new_of[*old as usize] = new;
    }
    (sorted.into_iter().map(|(text, _)| text).collect(), new_of)
}

impl HistoryBuilder {
    /// Adds one line that was sold at no site, or at one that is not known.
    pub fn push(&mut self, line: NewLine<'_>) {
        self.push_at(line, None);
    }

    /// Adds one line that was sold at a site.
    pub fn push_at(&mut self, line: NewLine<'_>, site: Option<&str>) {
        let customer = line
            .customer
            .map_or(NOBODY, |c| intern(&mut self.customers, c));
        let sale = SaleLine {
            at_seconds: line.at_seconds,
            product: intern(&mut self.products, line.product),
            order: intern(&mut self.orders, line.order),
            quantity: i32::try_from(line.quantity).unwrap_or(if line.quantity < 0 {
                i32::MIN
            } else {
                i32::MAX
            }),
            is_return: line.is_return,
            spend_cents: line.spend_cents,
            discount_cents: u32::try_from(line.discount_cents.max(0)).unwrap_or(u32::MAX),
            site: site.and_then(|site| numbered(intern(&mut self.sites, site))),
        };
        self.lines.push((customer, sale));
    }

    /// Adds a site, whether or not it has sold anything.
    pub fn know_site(&mut self, site: &str) {
        intern(&mut self.sites, site);
    }

    /// Indexes everything. `known` are the products of the catalogue; products that were only sold join them.
    /// The result does not depend on the order in which lines were added.
    #[must_use]
    pub fn build(self, as_of: AsOf, mut known: Vec<Product>) -> History {
        let (customers, new_customer) = renumber(self.customers);
        let (sold, new_sold) = renumber(self.products);
        let (_, new_order) = renumber(self.orders);
        let (site_names, new_site) = renumber(self.sites);
        let listed: std::collections::HashSet<String> =
            known.iter().map(|p| p.id.clone()).collect();
        known.extend(
            sold.iter()
                .filter(|id| !listed.contains(*id))
                .map(|id| Product {
                    id: id.clone(),
                    active: true,
                    ..Product::default()
                }),
        );
        let catalogue = Catalogue::new(known);
        let product_of: Vec<u32> = sold
            .iter()
            .map(|id| catalogue.index_of(id).unwrap_or(0))
            .collect();
        let mut all = self.lines;
        for (customer, line) in &mut all {
            if *customer != NOBODY {
                *customer = new_customer[*customer as usize];
            }
            line.product = product_of[new_sold[line.product as usize] as usize];
            line.order = new_order[line.order as usize];
            let site = line.site.and_then(|of| new_site.get(of.get() as usize - 1));
            line.site = site.and_then(|new| numbered(*new));
        }
        all.sort_unstable_by_key(|(c, l)| {
            (
                *c,
                l.at_seconds,
                l.order,
                l.product,
                l.quantity,
                l.spend_cents,
                l.site,
            )
        });
        let first_day = all.iter().map(|(_, l)| l.epoch_day()).min();
        let split = all.partition_point(|(c, _)| *c != NOBODY);
        let anonymous = all[split..].iter().map(|(_, l)| *l).collect();
        let mut offsets = vec![0; customers.len() + 1];
        for (customer, _) in &all[..split] {
            offsets[*customer as usize + 1] += 1;
        }
        for c in 0..customers.len() {
            offsets[c + 1] += offsets[c];
        }
        let lines = all[..split].iter().map(|(_, l)| *l).collect();
        let index = customers.iter().cloned().zip(0u32..).collect();
        History {
            as_of,
            clock: Clock::default(),
            customers,
            index,
            catalogue,
            site_names,
            lines,
            offsets,
            anonymous,
            first_day,
            trials: Arc::default(),
            offers: Arc::default(),
            sites: Arc::default(),
            demand: Arc::default(),
            launches: Arc::default(),
            supply: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::time::date_of;

    fn line<'a>(customer: Option<&'a str>, product: &'a str, day: i64) -> NewLine<'a> {
        NewLine {
            customer,
            product,
            order: "o",
            at_seconds: day * 86_400,
            quantity: 1,
            spend_cents: 100,
            discount_cents: 0,
            is_return: false,
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let all = [
            line(Some("b"), "x", 3),
            line(Some("a"), "y", 2),
            line(None, "x", 1),
            line(Some("a"), "x", 1),
        ];
        let build = |order: &[usize]| {
            let mut builder = HistoryBuilder::default();
            order.iter().for_each(|i| builder.push(all[*i]));
            builder.build(AsOf(date_of(10)), vec![])
        };
        let (one, two) = (build(&[0, 1, 2, 3]), build(&[3, 2, 1, 0]));
        assert_eq!(one.customers(), ["a", "b"]);
        assert_eq!(one.lines(), two.lines());
        assert_eq!(one.lines_of(0).len(), 2);
        assert_eq!(one.anonymous().len(), 1);
        assert_eq!(one.days(), 9);
    }

    #[test]
    fn a_line_takes_forty_bytes_its_site_included() {
        assert_eq!(size_of::<SaleLine>(), 40);
    }

    #[test]
    fn nothing_of_the_day_itself_is_known_before_it() {
        let mut builder = HistoryBuilder::default();
        (1..=5).for_each(|day| builder.push(line(Some("a"), "x", day)));
        let history = builder.build(AsOf(date_of(6)), vec![]);
        let cut = AsOf(date_of(3));
        assert_eq!(history.until(cut).lines().len(), 2);
        assert_eq!(history.from(cut).lines().len(), 3);
        assert_eq!(history.from(cut).customers(), history.customers());
    }
}
