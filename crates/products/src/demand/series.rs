//! Series of periods out of what was sold, day by day, and the plans.

use super::settings::{BeforeFirstSale, Grain, Measure, Returns, Settings};
use features::History;
use features::demand::{Demand, Promotion, SoldDay};
use jiff::civil::Date;
use models::demand::{Known, Panel, Role, Step};
use schema::AsOf;
use schema::time::{date_of, epoch_day};
use std::collections::{BTreeMap, BTreeSet};

/// Days of a weekday that tell whether a site sells on it.
const WEEKDAYS_SEEN: usize = 8;

/// Sales a day from which a day without any is a closed one.
const BUSY: f64 = 5.0;

/// What a series is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) product: String,
    /// `None` where it is of all sites, or of sales whose site is not known.
    pub(crate) site: Option<String>,
}

/// Series of a history.
#[derive(Debug)]
pub(crate) struct Series {
    /// In the order of the panel.
    pub(crate) keys: Vec<Key>,
    pub(crate) panel: Panel,
    /// What a reader of the forecasts must know of them.
    pub(crate) notes: Vec<String>,
}

/// Days from one to another, of which some are in each period.
struct Days {
    step: Step,
    first: Date,
    known: usize,
    all: usize,
    from: i32,
    until: i32,
}

impl Days {
    fn new(settings: &Settings, first_sale: i32, as_of: AsOf) -> Option<Self> {
        let step = settings.step();
        let first = step.start_of(date_of(first_sale), settings.week_starts());
        let known = usize::try_from(step.between(first, as_of.0)).ok()?;
        let all = known + settings.horizon as usize;
        (known > 0).then(|| Self {
            step,
            first,
            known,
            all,
            from: epoch_day(first),
            until: epoch_day(step.after(first, all)),
        })
    }

    fn period(&self, day: i32) -> Option<usize> {
        let at = usize::try_from(self.step.between(self.first, date_of(day))).ok()?;
        (day >= self.from && at < self.all).then_some(at)
    }

    /// By period, the share of its days that are so.
    fn shares(&self, is: impl Fn(i32) -> f32) -> Vec<f32> {
        let (mut sums, mut days) = (vec![0.0; self.all], vec![0.0f32; self.all]);
        for day in self.from..self.until {
            if let Some(period) = self.period(day) {
                sums[period] += is(day);
                days[period] += 1.0;
            }
        }
        sums.iter()
            .zip(&days)
            .map(|(sum, n)| sum / n.max(1.0))
            .collect()
    }
}

/// What a day of a series counts, in units, or in whole money.
fn value(day: &SoldDay, settings: &Settings) -> f64 {
    let (sold, returned) = match settings.measure {
        Measure::Units => (day.units as f64, day.returned_units as f64),
        Measure::Revenue => (
            day.spend_cents as f64 / 100.0,
            day.returned_cents as f64 / 100.0,
        ),
    };
    match settings.returns {
        Returns::LeftOut => sold,
        Returns::TakenOff => sold - returned,
    }
}

/// The series of a history, as far as they are known before its as-of day; `None` where no whole period is known.
pub(crate) fn series(history: &History, settings: &Settings) -> Option<Series> {
    let demand = history.demand();
    let first_sale = demand
        .sold
        .iter()
        .filter_map(|s| s.days.first())
        .map(|d| d.day)
        .min()?;
    let days = Days::new(settings, first_sale, history.as_of())?;
    let mut of: BTreeMap<Key, Vec<&[SoldDay]>> = BTreeMap::new();
    for sold in &demand.sold {
        let key = Key {
            product: sold.product.clone(),
            site: sold
                .site
                .clone()
                .filter(|_| settings.grain == Grain::ProductAndSite),
        };
        of.entry(key).or_default().push(&sold.days);
    }
    let opening = Opening::new(demand, &days);
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut open_rows: BTreeMap<Option<String>, u32> = BTreeMap::new();
    let (mut open, mut open_of) = (Vec::new(), Vec::new());
    for (key, sold) in of {
        let site = key.site.clone();
        let row = match open_rows.get(&site) {
            Some(row) => *row,
            None => {
                let row = u32::try_from(open_rows.len()).unwrap_or(u32::MAX);
                let is = opening.of(site.as_deref(), &days);
                open.extend(days.shares(|day| f32::from(u8::from(is.contains(&day)))));
                open_rows.insert(site, row);
                row
            }
        };
        let is_open = &open[row as usize * days.all..][..days.all];
        values.extend(sold_by_period(&sold, is_open, &days, settings));
        open_of.push(row);
        keys.push(key);
    }
    let out = leave_out_of_stock(demand, &keys, &mut values, &days);
    let mut columns = vec![Known {
        role: Role::Open,
        name: "open".to_owned(),
        row_of: open_of,
        values: open,
    }];
    columns.extend(promotions(demand, &keys, &days));
    columns.extend(holidays(demand, &keys, &days));
    columns.extend(prices(demand, &keys, &days));
    let groups = groups(history, &keys);
    let mut notes = opening.notes;
    if out > 0 {
        notes.push(format!(
            "{out} {}s of series were out of stock: they are not taken for no demand",
            days.step.name()
        ));
    }
    let left_over =
        history.as_of().epoch_day() - epoch_day(days.step.after(days.first, days.known));
    if left_over > 0 {
        notes.push(format!(
            "the last {left_over} d are no whole {}: they are left out",
            days.step.name()
        ));
    }
    let ahead = days.all - days.known;
    let panel = Panel::new(
        days.step,
        days.first,
        (days.known, ahead),
        values,
        groups,
        columns,
    );
    Some(Series {
        keys,
        panel: panel.ok()?,
        notes,
    })
}

/// What one series sold, period by period; not a number where nothing could be sold.
fn sold_by_period(sold: &[&[SoldDay]], open: &[f32], days: &Days, settings: &Settings) -> Vec<f32> {
    let mut sums = vec![0.0f64; days.known];
    let mut first = days.known;
    let mut any = vec![false; days.known];
    for day in sold.iter().copied().flatten() {
        let Some(period) = days.period(day.day).filter(|p| *p < days.known) else {
            continue;
        };
        sums[period] += value(day, settings);
        any[period] = true;
        first = first.min(period);
    }
    if settings.before_first_sale == BeforeFirstSale::NothingSold {
        first = 0;
    }
    let told = |period: usize| {
        let unknown = period < first || (open[period] <= 0.0 && !any[period]);
        if unknown {
            f32::NAN
        } else {
            sums[period] as f32
        }
    };
    (0..days.known).map(told).collect()
}

/// Takes periods of no stock out of what is known, and counts them.
fn leave_out_of_stock(demand: &Demand, keys: &[Key], values: &mut [f32], days: &Days) -> usize {
    let mut out = 0;
    for empty in &demand.out_of_stock {
        let key = Key {
            product: empty.product.clone(),
            site: Some(empty.site.clone()),
        };
        let Ok(series) = keys.binary_search(&key) else {
            continue;
        };
        let until = empty.until.unwrap_or(empty.from + 1);
        let mut counted: BTreeMap<usize, i32> = BTreeMap::new();
        for day in empty.from..until {
            if let Some(period) = days.period(day).filter(|p| *p < days.known) {
                *counted.entry(period).or_default() += 1;
            }
        }
        for (period, n) in counted {
            let start = epoch_day(days.step.after(days.first, period));
            let end = epoch_day(days.step.after(days.first, period + 1));
            let value = &mut values[series * days.known + period];
            if 2 * n > end - start && !value.is_nan() {
                *value = f32::NAN;
                out += 1;
            }
        }
    }
    out
}

/// When sites sell.
struct Opening {
    /// By site, what its calendar says; that of all sites under nothing.
    calendar: BTreeMap<Option<String>, BTreeMap<i32, bool>>,
    /// By site, days with a sale, and how many series sold; those of all sites together under nothing.
    sold: BTreeMap<Option<String>, BTreeMap<i32, u32>>,
    notes: Vec<String>,
}

impl Opening {
    fn new(demand: &Demand, days: &Days) -> Self {
        let mut calendar: BTreeMap<Option<String>, BTreeMap<i32, bool>> = BTreeMap::new();
        for day in &demand.calendar {
            calendar
                .entry(day.site.clone())
                .or_default()
                .insert(day.day, day.open);
        }
        let mut sold: BTreeMap<Option<String>, BTreeMap<i32, u32>> = BTreeMap::new();
        for series in &demand.sold {
            for day in &series.days {
                *sold.entry(None).or_default().entry(day.day).or_default() += 1;
                if series.site.is_some() {
                    let own = sold.entry(series.site.clone()).or_default();
                    *own.entry(day.day).or_default() += 1;
                }
            }
        }
        let planned = calendar.values().filter_map(|c| c.keys().next_back()).max();
        let ends = epoch_day(days.step.after(days.first, days.known));
        let mut notes = Vec::new();
        match planned {
            Some(last) if *last + 1 < days.until && *last + 7 >= ends => notes.push(format!(
                "the calendar ends with {}: after it sites are taken to be open as in the eight weeks before",
                date_of(*last)
            )),
            Some(last) if *last + 7 < ends => notes.push(format!(
                "the calendar ends with {}, before the forecast begins: sites are taken to be open on the weekdays of the last eight weeks, without holidays",
                date_of(*last)
            )),
            _ => {}
        }
        Self {
            calendar,
            sold,
            notes,
        }
    }

    /// Days on which a site is open, or the shop where no site is named.
    fn of(&self, site: Option<&str>, days: &Days) -> BTreeSet<i32> {
        let key = site.map(str::to_owned);
        let empty = BTreeMap::new();
        let sold = self.sold.get(&key).unwrap_or(&empty);
        let own = self.calendar.get(&key).or_else(|| self.calendar.get(&None));
        let busy = sold.values().map(|n| f64::from(*n)).sum::<f64>()
            / f64::from((days.until - days.from).max(1))
            >= BUSY;
        let known_until = epoch_day(days.step.after(days.first, days.known));
        let span = own.and_then(|c| Some(*c.keys().next()?..=*c.keys().next_back()?));
        // A calendar that names more than half of its days names those that are open; else only the exceptions.
        let listed = own.zip(span.as_ref()).is_some_and(|(calendar, span)| {
            2 * calendar.len() as i32 > span.end() + 1 - span.start()
        });
        let told = |day: i32| match own.and_then(|calendar| calendar.get(&day)) {
            Some(is) => Some(*is),
            None => (listed && span.as_ref().is_some_and(|s| s.contains(&day))).then_some(false),
        };
        let mut open = BTreeSet::new();
        for day in days.from..days.until {
            let is = sold.contains_key(&day)
                || told(day).unwrap_or_else(|| {
                    if day < known_until && (busy || sold.is_empty()) {
                        sold.is_empty()
                    } else {
                        self.weekday_open(&open, sold, day, known_until, busy)
                    }
                });
            if is {
                open.insert(day);
            }
        }
        open
    }

    /// Whether the last days of its weekday, of those that are known, were open.
    fn weekday_open(
        &self,
        open: &BTreeSet<i32>,
        sold: &BTreeMap<i32, u32>,
        day: i32,
        known_until: i32,
        busy: bool,
    ) -> bool {
        let before = (1..)
            .map(|weeks| day - 7 * weeks)
            .filter(|before| *before < known_until)
            .take(WEEKDAYS_SEEN);
        let Some(first) = sold.keys().next() else {
            return true;
        };
        let seen: Vec<i32> = before.take_while(|before| before >= first).collect();
        let were = seen.iter().filter(|d| open.contains(d)).count();
        // Where little is sold, a day without a sale says little.
        if busy || !self.calendar.is_empty() {
            2 * were >= seen.len()
        } else {
            true
        }
    }
}

/// Which series a promotion is about: of one product, of one site, of both, or all.
fn is_about(promotion: &Promotion, key: &Key) -> bool {
    promotion.product.as_ref().is_none_or(|p| *p == key.product)
        && (promotion.site.is_none() || promotion.site == key.site)
}

/// The promotion plan: how deep in each period, and what is given away where that is planned.
fn promotions(demand: &Demand, keys: &[Key], days: &Days) -> Vec<Known> {
    if demand.promotions.is_empty() {
        return Vec::new();
    }
    let by_product = demand.promotions.iter().any(|p| p.product.is_some());
    let (row_of, rows) = rows(keys, by_product);
    let (mut depth, mut spend) = (
        vec![0.0f32; rows.len() * days.all],
        vec![0.0f32; rows.len() * days.all],
    );
    let mut by_site: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (row, key) in rows.iter().enumerate() {
        by_site.entry(key.site.as_deref()).or_default().push(row);
    }
    let all: Vec<usize> = (0..rows.len()).collect();
    for promotion in &demand.promotions {
        let near = match &promotion.site {
            Some(site) => by_site
                .get(&Some(site.as_str()))
                .map_or(&[][..], Vec::as_slice),
            None => &all,
        };
        let length = f64::from(promotion.last + 1 - promotion.first).max(1.0);
        let deep = promotion.depth.unwrap_or(1.0) as f32;
        let given = promotion.spend_cents.unwrap_or(0) as f64 / 100.0 / length;
        for row in near.iter().filter(|row| is_about(promotion, rows[**row])) {
            for day in promotion.first.max(days.from)..(promotion.last + 1).min(days.until) {
                let Some(period) = days.period(day) else {
                    continue;
                };
                let at = row * days.all + period;
                let share = match days.step {
                    Step::Day => 1.0,
                    Step::Week => 1.0 / 7.0,
                    Step::Month => 1.0 / 30.0,
                };
                // Of promotions on one day the deepest counts; over a longer period days are averaged.
                depth[at] = if days.step == Step::Day {
                    depth[at].max(deep)
                } else {
                    (depth[at] + deep * share).min(1.0)
                };
                spend[at] += given as f32;
            }
        }
    }
    let mut columns = vec![Known {
        role: Role::Promotion,
        name: "promotion".to_owned(),
        row_of: row_of.clone(),
        values: depth,
    }];
    if demand.promotions.iter().any(|p| p.spend_cents.is_some()) {
        columns.push(Known {
            role: Role::Promotion,
            name: "given away".to_owned(),
            row_of,
            values: spend,
        });
    }
    columns
}

/// Rows that series share: one each where products differ, else one for each site.
fn rows(keys: &[Key], by_product: bool) -> (Vec<u32>, Vec<&Key>) {
    let mut rows: Vec<&Key> = Vec::new();
    let mut known: BTreeMap<(Option<&str>, Option<&str>), u32> = BTreeMap::new();
    let mut row_of = Vec::with_capacity(keys.len());
    for key in keys {
        let product = by_product.then_some(key.product.as_str());
        let row = *known
            .entry((product, key.site.as_deref()))
            .or_insert_with(|| {
                rows.push(key);
                u32::try_from(rows.len() - 1).unwrap_or(u32::MAX)
            });
        row_of.push(row);
    }
    (row_of, rows)
}

/// Public and school holidays, as shares of the days of a period.
fn holidays(demand: &Demand, keys: &[Key], days: &Days) -> Vec<Known> {
    let (row_of, rows) = rows(keys, false);
    let mut columns = Vec::new();
    type Told = fn(&features::demand::CalendarDay) -> Option<bool>;
    let kinds: [(Role, &str, Told); 2] = [
        (Role::Holiday, "holiday", |day| Some(day.holiday.is_some())),
        (Role::School, "school holiday", |day| day.school_holiday),
    ];
    for (role, name, is) in kinds {
        if !demand.calendar.iter().any(|day| is(day) == Some(true)) {
            continue;
        }
        let mut of: BTreeMap<Option<&str>, BTreeSet<i32>> = BTreeMap::new();
        for day in demand.calendar.iter().filter(|day| is(day) == Some(true)) {
            of.entry(day.site.as_deref()).or_default().insert(day.day);
        }
        let everywhere = of.get(&None).cloned().unwrap_or_default();
        let none = BTreeSet::new();
        let mut values = Vec::with_capacity(rows.len() * days.all);
        for row in &rows {
            let own = of.get(&row.site.as_deref()).unwrap_or(&none);
            values.extend(days.shares(|day| {
                f32::from(u8::from(own.contains(&day) || everywhere.contains(&day)))
            }));
        }
        columns.push(Known {
            role,
            name: name.to_owned(),
            row_of: row_of.clone(),
            values,
        });
    }
    columns
}

/// The price that holds at the end of each period; the last one known holds on.
fn prices(demand: &Demand, keys: &[Key], days: &Days) -> Option<Known> {
    if demand.prices.is_empty() {
        return None;
    }
    let mut products: Vec<&str> = keys.iter().map(|key| key.product.as_str()).collect();
    products.dedup();
    let row_of = keys.iter().map(|key| {
        let at = products.partition_point(|product| *product < key.product.as_str());
        u32::try_from(at).unwrap_or(u32::MAX)
    });
    let row_of: Vec<u32> = row_of.collect();
    let mut values = vec![f32::NAN; products.len() * days.all];
    for prices in demand.prices.chunk_by(|a, b| a.product == b.product) {
        let product = prices.first().map_or("", |p| p.product.as_str());
        let Ok(row) = products.binary_search(&product) else {
            continue;
        };
        for period in 0..days.all {
            let end = epoch_day(days.step.after(days.first, period + 1));
            let held = prices[..prices.partition_point(|p| p.from < end)].last();
            if let Some(price) = held {
                values[row * days.all + period] = price.cents as f32;
            }
        }
    }
    Some(Known {
        role: Role::Price,
        name: "price".to_owned(),
        row_of,
        values,
    })
}

/// What series are grouped by: category, product or format of the store, whichever tells them apart, and site.
fn groups(history: &History, keys: &[Key]) -> Vec<[u32; 2]> {
    let catalogue = history.catalogue();
    let category = |key: &Key| {
        let product = catalogue.get(catalogue.index_of(&key.product)?)?;
        product.category.clone()
    };
    let format = |key: &Key| {
        let places = &history.demand().places;
        let place = places.iter().find(|p| Some(&p.id) == key.site.as_ref())?;
        place.format.clone()
    };
    let one_product = keys.iter().all(|key| key.product == keys[0].product);
    let named: Vec<Option<String>> = if one_product {
        keys.iter().map(format).collect()
    } else if keys.iter().any(|key| category(key).is_some()) {
        keys.iter().map(category).collect()
    } else {
        keys.iter().map(|key| Some(key.product.clone())).collect()
    };
    let sites: Vec<Option<String>> = keys.iter().map(|key| key.site.clone()).collect();
    let (one, two) = (codes(&named), codes(&sites));
    one.into_iter().zip(two).map(|(a, b)| [a, b]).collect()
}

fn codes(names: &[Option<String>]) -> Vec<u32> {
    let distinct: BTreeSet<&Option<String>> = names.iter().collect();
    let code: BTreeMap<&Option<String>, u32> = distinct.into_iter().zip(0..).collect();
    names.iter().map(|name| code[name]).collect()
}
