//! Series of periods out of what was sold, day by day, and the plans.

use std::collections::{BTreeMap, BTreeSet};

use features::History;
use features::demand::{Demand, SoldDay};
use models::coherent::Hierarchy;
use models::demand::{Known, Panel, Role, unconstrain};

use super::days::Days;
use super::hierarchy::{Levels, levels};
use super::opening::Opening;
use super::overrides::Overrides;
use super::plans::{holidays, of_others, prices, promotions};
use super::settings::{
    BeforeFirstSale, Coherent, Grain, Measure, OfOthers, Returns, Settings, WeatherUse,
};
use super::weather::weather;

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
    /// Of the product of each.
    pub(crate) categories: Vec<Option<String>>,
    /// By series, periods in which the stock ran out, rising: what was asked for is estimated there.
    pub(crate) sold_out: Vec<Vec<usize>>,
    /// What they add up to, where forecasts are made to agree.
    pub(super) levels: Option<Levels>,
    /// How deep each series is on promotion, and the others of its category, where both can be told apart.
    pub(super) promoted: Option<[Known; 2]>,
    /// What planners change of their forecasts.
    pub(crate) overrides: Overrides,
    /// What a reader of the forecasts must know of them.
    pub(crate) notes: Vec<String>,
}

impl Series {
    /// What a series sold in a period; nothing where that is not known, or where more was asked for than there was.
    pub(crate) fn sold(&self, series: usize, period: usize) -> Option<f64> {
        let sold = f64::from(*self.panel.values(series).get(period)?);
        let ran_out = self.sold_out[series].binary_search(&period).is_ok();
        (!sold.is_nan() && !ran_out).then_some(sold)
    }

    /// What the series add up to, where that can be asked for: categories in regions and at sites too.
    pub(super) fn summed(&self) -> Option<&Hierarchy> {
        self.levels.as_ref().map(Levels::summed)
    }

    /// What the series add up to, where forecasts are made to agree.
    pub(super) fn hierarchy(&self) -> Option<&Hierarchy> {
        self.levels.as_ref().map(|levels| &levels.hierarchy)
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
    let (out, sold_out) = leave_out_of_stock(demand, &keys, &mut values, &days, settings);
    let mut columns = vec![Known {
        role: Role::Open,
        name: "open".to_owned(),
        row_of: open_of,
        values: open,
    }];
    columns.extend(promotions(demand, &keys, &days));
    columns.extend(holidays(demand, &keys, &days));
    let price = prices(demand, &keys, &days);
    let unpriced = price.as_ref().map_or(0, |price| unpriced(price, &days));
    columns.extend(price);
    let categories: Vec<Option<String>> = keys.iter().map(|key| category(history, key)).collect();
    let promoted = promoted(&columns, &keys, &categories, &values, &days);
    if settings.promotions_of_others == OfOthers::TakenIn {
        columns.extend(promoted.iter().map(|[_, others]| others.clone()));
    }
    let kinds = kinds(history, &keys, &categories);
    let groups = groups(&keys, &kinds);
    let weather = match settings.weather {
        WeatherUse::Off => None,
        WeatherUse::Chosen | WeatherUse::TakenIn => weather(demand, &keys, &kinds, &days),
    };
    if sold_out.iter().any(|of| !of.is_empty()) {
        let of: Vec<u32> = groups.iter().map(|[group, _]| *group).collect();
        unconstrain(&mut values, days.known, &sold_out, days.step.round(), &of);
    }
    let overrides = Overrides::new(history, (keys.as_slice(), categories.as_slice()), settings);
    let levels = match settings.coherent {
        Coherent::Off => None,
        Coherent::Summed | Coherent::Chosen => levels(&keys, &categories, &demand.places),
    };
    let mut notes = opening.notes;
    notes.extend(levels.iter().flat_map(|of| of.notes.iter().cloned()));
    notes.extend(overrides.notes.iter().cloned());
    let step = days.step.name();
    if out > 0 {
        notes.push(format!(
            "{out} {step}s of series were out of stock: they are not taken for no demand"
        ));
    }
    let ran_out: usize = sold_out.iter().map(Vec::len).sum();
    if ran_out > 0 {
        notes.push(format!(
            "{ran_out} {step}s of series ran out of stock: what was asked for is estimated, at least what was sold"
        ));
    }
    if unpriced > 0 {
        notes.push(format!(
            "no price is known of {unpriced} products in the {step}s to come: their forecasts look at none"
        ));
    }
    let left_over = history.as_of().epoch_day() - days.start_of(days.known);
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
    let panel = panel.ok()?;
    let panel = match weather {
        Some(weather) => panel.with_weather(weather).ok()?,
        None => panel,
    };
    Some(Series {
        keys,
        panel,
        categories,
        sold_out,
        promoted,
        levels,
        overrides,
        notes,
    })
}

/// Products without a price in the first period ahead.
fn unpriced(price: &Known, days: &Days) -> usize {
    let rows = price.values.chunks_exact(days.all);
    rows.filter(|row| row.get(days.known).is_some_and(|cents| cents.is_nan()))
        .count()
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

/// Takes periods of no stock out of what is known, and counts them; finds those in which the stock ran out, by series.
fn leave_out_of_stock(
    demand: &Demand,
    keys: &[Key],
    values: &mut [f32],
    days: &Days,
    settings: &Settings,
) -> (usize, Vec<Vec<usize>>) {
    let mut out = 0;
    let mut sold_out = vec![Vec::new(); keys.len()];
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
            let (start, end) = (days.start_of(period), days.start_of(period + 1));
            let value = &mut values[series * days.known + period];
            // Only of units is it known how what is asked for scatters.
            if *value > 0.0 && settings.measure == Measure::Units {
                sold_out[series].push(period);
            } else if 2 * n > end - start && !value.is_nan() {
                *value = f32::NAN;
                out += 1;
            }
        }
    }
    for of in &mut sold_out {
        of.sort_unstable();
        of.dedup();
    }
    (out, sold_out)
}

/// How deep series and the others of their categories are on promotion.
fn promoted(
    columns: &[Known],
    keys: &[Key],
    categories: &[Option<String>],
    values: &[f32],
    days: &Days,
) -> Option<[Known; 2]> {
    let own = columns.iter().find(|known| known.role == Role::Promotion)?;
    let usual = |of: &[f32]| {
        let known = of.iter().filter(|value| !value.is_nan());
        let (sum, n) = known.fold((0.0, 0.0), |(sum, n), v| (sum + f64::from(*v), n + 1.0));
        if n > 0.0 { f64::max(sum / n, 0.0) } else { 0.0 }
    };
    let usual: Vec<f64> = values.chunks_exact(days.known).map(usual).collect();
    let others = of_others(keys, categories, &usual, own, days)?;
    Some([own.clone(), others])
}

fn category(history: &History, key: &Key) -> Option<String> {
    let catalogue = history.catalogue();
    let product = catalogue.get(catalogue.index_of(&key.product)?)?;
    product.category.clone()
}

/// What tells series apart: category, format of the store where there is one product, or product.
fn kinds(history: &History, keys: &[Key], categories: &[Option<String>]) -> Vec<Option<String>> {
    let format = |key: &Key| {
        let places = &history.demand().places;
        let place = places.iter().find(|p| Some(&p.id) == key.site.as_ref())?;
        place.format.clone()
    };
    let one_product = keys.iter().all(|key| key.product == keys[0].product);
    if one_product {
        keys.iter().map(format).collect()
    } else if categories.iter().any(Option::is_some) {
        categories.to_vec()
    } else {
        keys.iter().map(|key| Some(key.product.clone())).collect()
    }
}

/// What series are grouped by: kind and site.
fn groups(keys: &[Key], kinds: &[Option<String>]) -> Vec<[u32; 2]> {
    let sites: Vec<Option<String>> = keys.iter().map(|key| key.site.clone()).collect();
    let (one, two) = (codes(kinds), codes(&sites));
    one.into_iter().zip(two).map(|(a, b)| [a, b]).collect()
}

fn codes(names: &[Option<String>]) -> Vec<u32> {
    let distinct: BTreeSet<&Option<String>> = names.iter().collect();
    let code: BTreeMap<&Option<String>, u32> = distinct.into_iter().zip(0..).collect();
    names.iter().map(|name| code[name]).collect()
}
