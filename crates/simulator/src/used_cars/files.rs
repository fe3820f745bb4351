//! Files of what is known before anything happens, as the systems of the dealer would write them.

use super::catalogue::{FAMILIES, MAKES, SITES};
use super::date_of;
use super::shelves::supplier;
use super::trials::{PLANS, probabilities};
use super::world::World;
use crate::raw::{RawFile, money, sheet};

/// When trials are drawn, in UTC.
const DRAWN: &str = "00:00:00";
/// Fewest units of an order, and units of a pack: suppliers send single parts.
const PACK: u32 = 1;

pub(super) fn sites_file() -> RawFile {
    let mut sheet = sheet("raw/sites.csv", &["site", "name", "kind", "region"]);
    for (id, name, region, _) in SITES {
        sheet.push(&[id, name, "store", region].map(str::to_owned));
    }
    sheet.finish()
}

/// A row of the catalogue.
pub(super) fn product_cells(
    article: &super::catalogue::Article,
    merchant: &str,
    on_sale: bool,
) -> [String; 8] {
    [
        article.reference.clone(),
        article.name.clone(),
        FAMILIES[article.family].name.to_owned(),
        article
            .make
            .map_or("Universal", |make| MAKES[make].0)
            .to_owned(),
        merchant.to_owned(),
        money(article.price_cents),
        money(article.cost_cents),
        if on_sale { "yes" } else { "no" }.to_owned(),
    ]
}

pub(super) fn terms_file(world: &World) -> RawFile {
    let header = [
        "reference",
        "site",
        "supplier",
        "lead_time",
        "order_days",
        "pack",
        "minimum",
        "cost",
    ];
    let mut sheet = sheet("raw/supply_terms.csv", &header);
    for article in world.articles.iter().filter(|article| article.is_part()) {
        let supplier = supplier(article.family);
        for (site, ..) in SITES {
            sheet.push(&[
                article.reference.clone(),
                site.to_owned(),
                supplier.name.to_owned(),
                supplier.lead_days.to_string(),
                supplier.weekday_name.to_owned(),
                PACK.to_string(),
                PACK.to_string(),
                money(article.cost_cents),
            ]);
        }
    }
    sheet.finish()
}

pub(super) fn assignments_file(world: &World) -> RawFile {
    let header = ["trial", "client", "drawn_at", "arm", "probabilities"];
    let mut sheet = sheet("raw/assignments.csv", &header);
    for (plan, arms) in PLANS.iter().zip(&world.trials.arms) {
        for (customer, arm) in world.customers.iter().zip(arms) {
            let Some(arm) = arm else {
                continue;
            };
            sheet.push(&[
                plan.name.to_owned(),
                customer.id.clone(),
                format!("{} {DRAWN}", date_of(plan.day)),
                arm.name().to_owned(),
                probabilities(plan),
            ]);
        }
    }
    sheet.finish()
}
