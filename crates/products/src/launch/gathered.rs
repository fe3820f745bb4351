//! Launches out of a shop's history, as what learns from them sees them.

use features::{History, Launches};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use models::launch::{Columns, Estimate, Launch, Past, Sales, Total};

/// Seconds of an hour.
const HOUR: i64 = 3_600;

/// Labels of a launch beside its category and who estimates it.
const LABELS: [&str; 4] = ["brand", "merchant", "weekday", "month"];
/// Numbers of a launch.
const NUMBERS: [&str; 3] = ["logarithm of the price", "discount", "hour of the day"];

/// Columns of the shared tables that each thing told of a launch is made of, in the order of
/// [`models::launch::Attributes::weights`].
pub(super) const MADE_OF: [&[&str]; 12] = [
    &["products.category"],
    &["estimates.author", "products.merchant_id"],
    &["products.brand"],
    &["products.merchant_id"],
    &["launches.opens_at"],
    &["launches.opens_at"],
    &["products.name"],
    &["launches.opens_at"],
    &["launches.opens_at", "launches.closes_at"],
    &["launches.price_cents"],
    &["launches.price_cents", "launches.list_price_cents"],
    &["launches.opens_at"],
];

/// One product in one launch, with what the tables say of it.
#[derive(Debug, Clone)]
pub(super) struct Gathered {
    /// As it is known before it opens.
    pub(super) launch: Launch,
    /// Its place in [`Launches::launches`].
    pub(super) at: usize,
    /// Sales of its whole hours.
    pub(super) sales: Sales,
    /// Units on offer.
    pub(super) stock: Option<u64>,
    /// Who estimates it.
    pub(super) author: Option<String>,
}

impl Gathered {
    /// As a launch that is over.
    pub(super) fn past(&self, launches: &Launches) -> Past {
        let sold = launches.launches[self.at].sold.iter();
        let sold: u64 = sold.map(|units| u64::from(*units)).sum();
        let total = match self.stock {
            Some(stock) if sold >= stock => Total::AtLeast(sold),
            Some(_) | None => Total::Sold(sold),
        };
        Past {
            launch: self.launch.clone(),
            total,
            stock: self.stock,
            sales: Some(self.sales.clone()),
        }
    }
}

/// Launches by what is known of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Closed by the last moment that sales are known of.
    pub(super) over: Vec<Gathered>,
    /// Open then, or to come.
    pub(super) ahead: Vec<Gathered>,
    /// What was left out, in words.
    pub(super) notes: Vec<String>,
}

/// The columns of all launches.
pub(super) fn columns() -> Columns {
    Columns {
        labels: LABELS.map(str::to_owned).to_vec(),
        numbers: NUMBERS.map(str::to_owned).to_vec(),
    }
}

/// The last estimate of a launch that was told before it opened, and by whom; how many could not be read.
fn estimate(
    launches: &Launches,
    of: &features::Launch,
    merchant: Option<&str>,
) -> (Option<(String, Estimate)>, usize) {
    let from = launches.estimates.partition_point(|e| {
        (e.launch.as_str(), e.product.as_str()) < (of.id.as_str(), of.product.as_str())
    });
    let told = launches.estimates[from..]
        .iter()
        .take_while(|e| e.launch == of.id && e.product == of.product)
        .filter(|e| e.made_at < of.opens_at);
    // Who sells it knows it best; of several others the one who spoke last.
    let best = told.max_by_key(|e| (Some(e.author.as_str()) == merchant, e.made_at));
    let Some(best) = best else {
        return (None, 0);
    };
    match Estimate::told(best.low, best.likely, best.high) {
        Ok(estimate) => (Some((best.author.clone(), estimate)), 0),
        Err(_) => (None, 1),
    }
}

/// All launches of a history.
pub(super) fn gathered(history: &History) -> Found {
    let launches = history.launches();
    let mut found = Found::default();
    let (mut unreadable, mut never_open) = (0, 0);
    for (of, at) in launches.launches.iter().zip(0..) {
        let product = history.catalogue().index_of(&of.product);
        let product = product.and_then(|at| history.catalogue().get(at));
        let merchant = product.and_then(|p| p.merchant_id.clone());
        let (told, failed) = estimate(launches, of, merchant.as_deref());
        unreadable += failed;
        let (author, estimate) = told.unzip();
        let opens = Timestamp::from_second(of.opens_at).unwrap_or(Timestamp::UNIX_EPOCH);
        let opens = opens.to_zoned(TimeZone::UTC);
        let price = of.price_cents.or(product.and_then(|p| p.price_cents));
        let price = price.filter(|cents| *cents > 0).map(|cents| cents as f64);
        let list = of.list_price_cents.filter(|cents| *cents > 0);
        let launch = Launch {
            id: named(of),
            opens_hour: of.opens_at.div_euclid(HOUR),
            duration_hours: u32::try_from(of.hours()).unwrap_or(u32::MAX),
            category: product.and_then(|p| p.category.clone()),
            merchant: author.clone().or_else(|| merchant.clone()),
            labels: vec![
                product.and_then(|p| p.brand.clone()),
                merchant,
                Some(format!("{:?}", opens.weekday()).to_lowercase()),
                Some(opens.month().to_string()),
            ],
            numbers: vec![
                price.map(f64::ln),
                price
                    .zip(list)
                    .map(|(price, list)| 1.0 - price / list as f64),
                Some(f64::from(opens.hour())),
            ],
            text: product.and_then(|p| p.name.clone()),
            estimate,
        };
        if launch.duration_hours == 0 {
            never_open += 1;
            continue;
        }
        let stock = of.available_units.map(u64::from);
        let gathered = Gathered {
            launch,
            at,
            sales: Sales::until_sold_out(&of.sold, stock),
            stock,
            author,
        };
        if of.closes_at <= launches.known_until {
            found.over.push(gathered);
        } else {
            found.ahead.push(gathered);
        }
    }
    let told = [
        (
            unreadable,
            "estimates say that nothing is likely to be sold, or contradict themselves; they are left out",
        ),
        (
            never_open,
            "launches are open for less than an hour and left out",
        ),
    ];
    let told = told.iter().filter(|(n, _)| *n > 0);
    found
        .notes
        .extend(told.map(|(n, what)| format!("{n} {what}")));
    found
}

/// What a launch is called where it is named.
pub(super) fn named(launch: &features::Launch) -> String {
    format!("{} {}", launch.id, launch.product)
}
