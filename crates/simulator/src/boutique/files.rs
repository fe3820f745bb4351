//! The files of what is known and planned, as the systems of the chain would write them.

use super::catalogue::WORDS;
use super::customers::Cards;
use super::overrides::{How, PlannerChange};
use super::sites::{BoutiqueSite, WAREHOUSE};
use super::weather::{FORECAST_DAYS, Weather, forecast};
use super::world::World;
use crate::draws::{Purpose, stream};
use crate::raw::{RawFile, money, sheet};

/// What stands for everything.
const ALL: &str = "*";

fn yes(holds: bool) -> String {
    if holds { "yes" } else { "no" }.to_owned()
}

pub(super) fn customers_file(world: &World) -> RawFile {
    let mut sheet = sheet("raw/customers.csv", &["card", "since"]);
    for (customer, days) in (0..).zip(&world.cards.days_before) {
        sheet.push(&[
            Cards::name(customer),
            world.chain.date_of(-days).to_string(),
        ]);
    }
    sheet.finish()
}

pub(super) fn products_file(world: &World) -> RawFile {
    let header = [
        "article",
        "name",
        "category",
        "price",
        "cost",
        "introduced",
        "ended",
        "on_sale",
    ];
    let mut sheet = sheet("raw/products.csv", &header);
    let end = world.chain.days as usize;
    let date = |day: Option<usize>| day.map(|day| world.days[day].date.to_string());
    for (position, product) in world.products.iter().enumerate() {
        sheet.push(&[
            product.reference.clone(),
            product.name.clone(),
            product.category.to_owned(),
            money(world.price(position, end)),
            money(product.cost_cents),
            date(product.introduced).unwrap_or_default(),
            date(product.ended).unwrap_or_default(),
            yes(product.lives(end)),
        ]);
    }
    sheet.finish()
}

pub(super) fn sites_file(sites: &[BoutiqueSite]) -> RawFile {
    let header = [
        "site",
        "name",
        "kind",
        "region",
        "format",
        "latitude",
        "longitude",
        "capacity",
    ];
    let mut sheet = sheet("raw/sites.csv", &header);
    for site in sites {
        let kind = if site.warehouse { "warehouse" } else { "store" };
        sheet.push(&[
            site.id.clone(),
            site.name.clone(),
            kind.to_owned(),
            site.region.to_owned(),
            site.format.to_owned(),
            format!("{:.2}", site.latitude),
            format!("{:.2}", site.longitude),
            site.capacity_units.to_string(),
        ]);
    }
    sheet.finish()
}

pub(super) fn calendar_file(world: &World) -> RawFile {
    let header = ["day", "site", "open", "holiday", "school_holiday"];
    let mut sheet = sheet("raw/calendar.csv", &header);
    for day in &world.days {
        for site in &world.sites[WAREHOUSE + 1..] {
            let holiday = day.holiday.map_or("", |holiday| holiday.name);
            sheet.push(&[
                day.date.to_string(),
                site.id.clone(),
                yes(site.opens(day)),
                holiday.to_owned(),
                yes(day.school_holiday),
            ]);
        }
    }
    sheet.finish()
}

/// Observed weather from day `first` on. With `now`, until the day before it, and what is forecast on that day for the
/// two weeks from `now` on: `raw/weather-ahead.csv`; else until the end of the history: `raw/weather.csv`.
pub(super) fn weather_file(world: &World, first: usize, now: Option<usize>) -> RawFile {
    let path = match now {
        Some(_) => "raw/weather-ahead.csv",
        None => "raw/weather.csv",
    };
    let header = ["day", "site", "temperature", "rain", "forecast_on"];
    let mut sheet = sheet(path, &header);
    let mut push = |day: usize, site: usize, weather: Weather, on: String| {
        sheet.push(&[
            world.days[day].date.to_string(),
            world.sites[site].id.clone(),
            format!("{:.1}", weather.temperature),
            format!("{:.1}", weather.rain),
            on,
        ]);
    };
    let until = now.unwrap_or(world.chain.days as usize);
    for day in first..until {
        for site in WAREHOUSE + 1..world.sites.len() {
            push(day, site, world.weather[site][day], String::new());
        }
    }
    let forecasts = now.map_or(0, |_| FORECAST_DAYS);
    for ahead in 1..=forecasts {
        let day = until + ahead - 1;
        for site in WAREHOUSE + 1..world.sites.len() {
            let subject = (until as u64) << 24 | (ahead as u64) << 16 | site as u64;
            let mut rng = stream(world.chain.seed, Purpose::BoutiqueForecast, subject);
            let told = forecast(&mut rng, world.weather[site][day], ahead);
            let on = world.days[until - 1].date.to_string();
            push(day, site, told, on);
        }
    }
    sheet.finish()
}

pub(super) fn promotions_file(world: &World) -> RawFile {
    let header = ["promotion", "article", "site", "from", "to", "depth"];
    let mut sheet = sheet("raw/promotions.csv", &header);
    for promotion in &world.promotions {
        let sites: Vec<&str> = match promotion.area {
            None => vec![ALL],
            Some(area) => world
                .sites
                .iter()
                .filter(|site| !site.warehouse && site.area == area)
                .map(|site| site.id.as_str())
                .collect(),
        };
        for &product in &promotion.products {
            for site in &sites {
                sheet.push(&[
                    promotion.name.clone(),
                    world.products[product].reference.clone(),
                    (*site).to_owned(),
                    world.days[promotion.first].date.to_string(),
                    world.chain.date_of(promotion.last as i64).to_string(),
                    promotion.depth.to_string(),
                ]);
            }
        }
    }
    sheet.finish()
}

pub(super) fn prices_file(world: &World) -> RawFile {
    let mut sheet = sheet("raw/prices.csv", &["article", "from", "price"]);
    for (product, prices) in world.products.iter().zip(&world.prices) {
        for price in prices {
            sheet.push(&[
                product.reference.clone(),
                world.days[price.from].date.to_string(),
                money(price.cents),
            ]);
        }
    }
    sheet.finish()
}

pub(super) fn terms_file(world: &World) -> RawFile {
    const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let header = [
        "article",
        "site",
        "supplier",
        "lead_time",
        "order_days",
        "pack",
        "minimum",
        "cost",
        "order_cost",
        "shelf_life",
        "presentation",
    ];
    let mut sheet = sheet("raw/supply_terms.csv", &header);
    for (series, terms) in world.series.iter().zip(&world.terms) {
        let open = WEEKDAYS.iter().zip(terms.order_days);
        let order_days: Vec<&str> = open
            .filter(|(_, open)| *open)
            .map(|(name, _)| *name)
            .collect();
        let life = terms.shelf_life_days.map(|days| days.to_string());
        sheet.push(&[
            world.products[series.product].reference.clone(),
            world.sites[series.site].id.clone(),
            terms.supplier.to_owned(),
            terms.lead_time_days.to_string(),
            order_days.join(","),
            terms.pack_units.to_string(),
            terms.minimum_units.to_string(),
            money(terms.unit_cost_cents),
            money(terms.order_cost_cents),
            life.unwrap_or_default(),
            terms.presentation_units.to_string(),
        ]);
    }
    sheet.finish()
}

pub(super) fn overrides_file(world: &World, changes: &[PlannerChange]) -> RawFile {
    let header = [
        "change", "told_at", "planner", "article", "category", "site", "from", "to", "how",
        "value", "reason",
    ];
    let mut sheet = sheet("raw/overrides.csv", &header);
    for (number, change) in (1..).zip(changes) {
        let thought = &change.thought;
        let product = thought
            .product
            .map(|at| world.products[at].reference.clone());
        let site = thought.site.map(|at| world.sites[at].id.clone());
        let category = thought.category.map(|at| WORDS[at].name.to_owned());
        let how = match change.how {
            How::Factor => "factor",
            How::More => "more",
            How::Instead => "instead",
        };
        sheet.push(&[
            format!("O{number:05}"),
            change.told_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            change.planner.author().to_owned(),
            product.unwrap_or_else(|| ALL.to_owned()),
            category.unwrap_or_default(),
            site.unwrap_or_else(|| ALL.to_owned()),
            world.days[thought.first].date.to_string(),
            world.days[thought.last].date.to_string(),
            how.to_owned(),
            change.value.to_string(),
            thought.reason.to_owned(),
        ]);
    }
    sheet.finish()
}
