//! What is planned, period by period: promotions, holidays, prices.

use std::collections::{BTreeMap, BTreeSet};

use features::demand::{Demand, Promotion};
use models::demand::{Known, Role, Step};

use super::days::Days;
use super::series::Key;

/// Which series a promotion is about: of one product, of one site, of both, or all.
fn is_about(promotion: &Promotion, key: &Key) -> bool {
    promotion.product.as_ref().is_none_or(|p| *p == key.product)
        && (promotion.site.is_none() || promotion.site == key.site)
}

/// The promotion plan: how deep in each period, and what is given away where that is planned.
pub(super) fn promotions(demand: &Demand, keys: &[Key], days: &Days) -> Vec<Known> {
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

/// How deep the others of its category are on promotion at its site, weighed by what each usually sells; nothing where
/// promotions or products cannot be told apart.
///
/// - `usual`: by series, what it sells in a period.
/// - `own`: how deep each series is.
pub(super) fn of_others(
    keys: &[Key],
    categories: &[Option<String>],
    usual: &[f64],
    own: &Known,
    days: &Days,
) -> Option<Known> {
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<usize>> = BTreeMap::new();
    for (series, (key, category)) in keys.iter().zip(categories).enumerate() {
        if let Some(category) = category {
            let group = (category.as_str(), key.site.as_deref());
            groups.entry(group).or_default().push(series);
        }
    }
    let of = |series: usize| &own.values[own.row_of[series] as usize * days.all..][..days.all];
    // Series without others, or of whose others none is ever on promotion, share the first row.
    let mut values = vec![0.0f32; days.all];
    let mut row_of = vec![0u32; keys.len()];
    for series in groups.into_values().filter(|series| series.len() > 1) {
        let all: f64 = series.iter().map(|one| usual[*one]).sum();
        let mut deep = vec![0.0f64; days.all];
        for one in &series {
            for (deep, own) in deep.iter_mut().zip(of(*one)) {
                *deep += usual[*one] * f64::from(*own);
            }
        }
        if deep.iter().all(|deep| *deep <= 0.0) {
            continue;
        }
        for one in series {
            let others = all - usual[one];
            if others <= 1e-9 * all {
                continue;
            }
            row_of[one] = u32::try_from(values.len() / days.all).unwrap_or(u32::MAX);
            values.extend(deep.iter().zip(of(one)).map(|(deep, own)| {
                let deep = deep - usual[one] * f64::from(*own);
                (deep / others).max(0.0) as f32
            }));
        }
    }
    (values.len() > days.all).then(|| Known {
        role: Role::Others,
        name: "promotion of others".to_owned(),
        row_of,
        values,
    })
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
pub(super) fn holidays(demand: &Demand, keys: &[Key], days: &Days) -> Vec<Known> {
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
pub(super) fn prices(demand: &Demand, keys: &[Key], days: &Days) -> Option<Known> {
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
            let end = days.start_of(period + 1);
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
