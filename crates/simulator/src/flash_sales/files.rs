//! The files of the club, as its systems would write them.

use super::FlashSales;
use super::arrivals::{Members, Sale};
use super::catalogue::{Brand, Category};
use super::estimates::LaunchEstimate;
use super::launches::{Article, LaunchTruth};
use super::merchants::MerchantSkill;
use crate::raw::{RawFile, money, sheet};
use jiff::civil::DateTime;

fn time(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

pub(super) fn customers_file(club: &FlashSales, members: &Members) -> RawFile {
    let mut sheet = sheet("raw/customers.csv", &["member", "joined"]);
    for (position, days) in members.days_before.iter().enumerate() {
        let joined = club.start.saturating_sub(jiff::Span::new().days(*days));
        sheet.push(&[Members::name(position), joined.to_string()]);
    }
    sheet.finish()
}

pub(super) fn products_file(
    articles: &[Article],
    categories: &[Category],
    brands: &[Brand],
    merchants: &[MerchantSkill],
) -> RawFile {
    let header = [
        "article",
        "name",
        "category",
        "brand",
        "merchant",
        "list_price",
        "cost",
    ];
    let mut sheet = sheet("raw/products.csv", &header);
    for article in articles {
        sheet.push(&[
            article.reference.clone(),
            article.name.clone(),
            categories[article.category].name.to_owned(),
            brands[article.brand].name.clone(),
            merchants[article.merchant].merchant.clone(),
            money(article.list_price_cents),
            money(article.cost_cents),
        ]);
    }
    sheet.finish()
}

pub(super) fn launches_file(launches: &[LaunchTruth]) -> RawFile {
    let header = [
        "launch",
        "article",
        "opens",
        "closes",
        "price",
        "list_price",
        "cost",
        "salvage",
        "available",
    ];
    let mut sheet = sheet("raw/launches.csv", &header);
    for launch in launches {
        let available = launch.available_units.map(|units| units.to_string());
        sheet.push(&[
            launch.launch.clone(),
            launch.product.clone(),
            time(launch.opens_at),
            time(launch.closes_at),
            money(launch.price_cents),
            money(launch.list_price_cents),
            money(launch.cost_cents),
            money(launch.salvage_cents),
            available.unwrap_or_default(),
        ]);
    }
    sheet.finish()
}

pub(super) fn estimates_file(
    estimates: &[LaunchEstimate],
    launches: &[LaunchTruth],
    merchants: &[MerchantSkill],
) -> RawFile {
    let header = [
        "launch", "article", "merchant", "told_at", "low", "likely", "high",
    ];
    let mut sheet = sheet("raw/estimates.csv", &header);
    for estimate in estimates {
        let launch = &launches[estimate.launch];
        let end = |of: fn((u32, u32)) -> u32| {
            let told = estimate.interval.map(|ends| of(ends).to_string());
            told.unwrap_or_default()
        };
        sheet.push(&[
            launch.launch.clone(),
            launch.product.clone(),
            merchants[estimate.merchant].merchant.clone(),
            time(estimate.told_at),
            end(|(low, _)| low),
            estimate.likely.to_string(),
            end(|(_, high)| high),
        ]);
    }
    sheet.finish()
}

/// `sales` in the order of time; orders are numbered in that order after `prefix`.
pub(super) fn sales_file(
    club: &FlashSales,
    launches: &[LaunchTruth],
    sales: &[Sale],
    (path, prefix): (&str, &str),
) -> RawFile {
    let header = [
        "order",
        "time",
        "member",
        "article",
        "launch",
        "units",
        "unit_price",
    ];
    let mut sheet = sheet(path, &header);
    for (number, sale) in sales.iter().enumerate() {
        let launch = &launches[sale.launch];
        sheet.push(&[
            format!("{prefix}{:07}", number + 1),
            time(club.moment(sale.second)),
            Members::name(sale.customer),
            launch.product.clone(),
            launch.launch.clone(),
            "1".to_owned(),
            money(launch.price_cents),
        ]);
    }
    sheet.finish()
}
