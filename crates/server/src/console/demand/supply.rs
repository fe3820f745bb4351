//! What is on hand, what is on the way, and what planners changed, as the lake's tables tell it.

use crate::console::data;
use crate::problem::Problem;
use crate::state::AppState;
use jiff::Timestamp;
use jiff::civil::Date;
use lake::Snapshot;
use schema::time::date_of;

/// Rows of goods on the way and of changes that a page lists.
const LISTED: usize = 50;

/// A text in SQL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Which rows are of a product, at a site where one is named.
fn is_of(product: &str, site: Option<&str>) -> String {
    let at = site.map(|site| format!(" AND site_id = {}", quoted(site)));
    format!("product_id = {}{}", quoted(product), at.unwrap_or_default())
}

/// Units at one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) site: String,
    /// At the end of this day, the last that is told of.
    pub(super) day: Date,
    pub(super) units: i64,
}

/// The last level of a product at each site.
pub(super) async fn levels(
    state: &AppState,
    snapshot: &Snapshot,
    product: &str,
    site: Option<&str>,
) -> Result<Vec<Level>, Problem> {
    let sql = format!(
        "SELECT site_id, MAX(day) AS last, last_value(on_hand ORDER BY day) AS units FROM stock_levels \
         WHERE {} GROUP BY site_id ORDER BY site_id",
        is_of(product, site)
    );
    let mut found = Vec::new();
    for batch in data::query(state, snapshot, &sql).await? {
        let (sites, days) = (data::texts(&batch, 0)?, data::dates(&batch, 1)?);
        for ((site, day), units) in sites.iter().zip(days).zip(data::integers(&batch, 2)?) {
            let known = day.zip(units);
            found.extend(known.map(|(day, units)| Level {
                site: site.unwrap_or_default().to_owned(),
                day,
                units,
            }));
        }
    }
    Ok(found)
}

/// The last level of every product at every site, with its product.
pub(super) async fn all_levels(
    state: &AppState,
    snapshot: &Snapshot,
) -> Result<Vec<(String, String, i64)>, Problem> {
    let sql = "SELECT product_id, site_id, last_value(on_hand ORDER BY day) AS units FROM stock_levels \
               GROUP BY product_id, site_id ORDER BY product_id, site_id";
    let mut found = Vec::new();
    for batch in data::query(state, snapshot, sql).await? {
        let (products, sites) = (data::texts(&batch, 0)?, data::texts(&batch, 1)?);
        let units = data::integers(&batch, 2)?;
        for ((product, site), units) in products.iter().zip(&sites).zip(units) {
            let (product, site) = (product.unwrap_or_default(), site.unwrap_or_default());
            found.push((
                product.to_owned(),
                site.to_owned(),
                units.unwrap_or_default(),
            ));
        }
    }
    Ok(found)
}

/// Goods that were ordered and have not arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coming {
    pub(super) id: String,
    pub(super) to: String,
    /// A supplier, or a site of the shop.
    pub(super) from: Option<String>,
    pub(super) ordered_on: Option<Date>,
    pub(super) units: i64,
    pub(super) due_on: Option<Date>,
}

/// What is on the way, the first that is due first.
pub(super) async fn coming(
    state: &AppState,
    snapshot: &Snapshot,
    product: &str,
    site: Option<&str>,
) -> Result<Vec<Coming>, Problem> {
    let sql = format!(
        "SELECT replenishment_id, site_id, COALESCE(supplier_id, from_site_id) AS sender, ordered_on, due_on, units \
         FROM replenishments WHERE received_on IS NULL AND {} \
         ORDER BY due_on NULLS LAST, ordered_on, replenishment_id, site_id",
        is_of(product, site)
    );
    let mut found = Vec::new();
    for batch in data::query(state, snapshot, &sql).await? {
        let texts = [0, 1, 2].map(|column| data::texts(&batch, column));
        let [ids, sites, senders] = texts;
        let (ids, sites, senders) = (ids?, sites?, senders?);
        let (ordered, due) = (data::dates(&batch, 3)?, data::dates(&batch, 4)?);
        for (row, units) in data::integers(&batch, 5)?.into_iter().enumerate() {
            found.push(Coming {
                id: ids.value(row).to_owned(),
                to: sites.value(row).to_owned(),
                from: data::text(&senders, row),
                ordered_on: ordered.get(row).copied().flatten(),
                units: units.unwrap_or_default(),
                due_on: due.get(row).copied().flatten(),
            });
        }
    }
    Ok(found)
}

/// What a planner changed; `*` stands for all.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Override {
    pub(super) made_at: Timestamp,
    pub(super) author: String,
    pub(super) product: String,
    pub(super) category: Option<String>,
    pub(super) site: String,
    pub(super) first: Date,
    pub(super) last: Date,
    /// `factor`, `more` or `instead`.
    pub(super) change: String,
    pub(super) value: f64,
    pub(super) reason: Option<String>,
}

/// Stands for all products and all sites.
pub(super) const ALL: &str = "*";

impl Override {
    /// Whether it is about a product of a category, at a site or, where none is named, at any.
    pub(super) fn is_about(
        &self,
        product: &str,
        category: Option<&str>,
        site: Option<&str>,
    ) -> bool {
        (self.product == ALL || self.product == product)
            && (self.category.is_none() || self.category.as_deref() == category)
            && (self.site == ALL || site.is_none_or(|site| self.site == site))
    }
}

/// The changes that touch the days from one to another, the latest made first.
///
/// - `product`: those about it and those about all; all where none is named.
pub(super) async fn overrides(
    state: &AppState,
    snapshot: &Snapshot,
    product: Option<&str>,
    (from, until): (i32, i32),
) -> Result<Vec<Override>, Problem> {
    let (from, until) = (date_of(from), date_of(until));
    let about = product.map(|product| format!(" AND product_id IN ({}, '{ALL}')", quoted(product)));
    let sql = format!(
        "SELECT CAST(made_at AS BIGINT) AS micros, author, product_id, category, site_id, first_day, last_day, change, value, reason \
         FROM overrides WHERE last_day >= DATE '{from}' AND first_day < DATE '{until}'{} \
         ORDER BY made_at DESC, override_id",
        about.unwrap_or_default()
    );
    let mut found = Vec::new();
    for batch in data::query(state, snapshot, &sql).await? {
        let (made, values) = (data::integers(&batch, 0)?, data::numbers(&batch, 8)?);
        let (authors, products) = (data::texts(&batch, 1)?, data::texts(&batch, 2)?);
        let (categories, sites) = (data::texts(&batch, 3)?, data::texts(&batch, 4)?);
        let (first, last) = (data::dates(&batch, 5)?, data::dates(&batch, 6)?);
        let (changes, reasons) = (data::texts(&batch, 7)?, data::texts(&batch, 9)?);
        for (row, value) in values.into_iter().enumerate() {
            let micros = made.get(row).copied().flatten().unwrap_or(0);
            let days = first
                .get(row)
                .copied()
                .flatten()
                .zip(last.get(row).copied().flatten());
            let Some(((first, last), value)) = days.zip(value) else {
                continue;
            };
            found.push(Override {
                made_at: Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH),
                author: authors.value(row).to_owned(),
                product: products.value(row).to_owned(),
                category: data::text(&categories, row),
                site: sites.value(row).to_owned(),
                first,
                last,
                change: changes.value(row).to_owned(),
                value,
                reason: data::text(&reasons, row),
            });
        }
    }
    Ok(found)
}

/// The first of a list, and how many more there are.
pub(super) fn listed<T>(all: &[T]) -> (&[T], usize) {
    let shown = all.len().min(LISTED);
    (&all[..shown], all.len() - shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_cannot_leave_its_quotes() {
        assert_eq!(
            is_of("a' OR '1'='1", Some("s")),
            "product_id = 'a'' OR ''1''=''1' AND site_id = 's'"
        );
    }

    #[test]
    fn a_change_is_about_one_or_all() {
        let day = jiff::civil::date(2024, 5, 1);
        let about = |product: &str, category: Option<&str>, site: &str| Override {
            made_at: Timestamp::UNIX_EPOCH,
            author: "ana".to_owned(),
            product: product.to_owned(),
            category: category.map(str::to_owned),
            site: site.to_owned(),
            first: day,
            last: day,
            change: "factor".to_owned(),
            value: 1.2,
            reason: None,
        };
        let tea = |change: &Override| change.is_about("tea", Some("hot"), Some("s"));
        assert!(tea(&about("tea", None, "s")) && tea(&about("*", Some("hot"), "*")));
        assert!(!tea(&about("tea", None, "t")) && !tea(&about("*", Some("cold"), "*")));
        // Of all sites together any of them is a part.
        assert!(about("tea", None, "t").is_about("tea", None, None));
        assert!(!about("*", Some("hot"), "t").is_about("tea", None, None));
    }
}
