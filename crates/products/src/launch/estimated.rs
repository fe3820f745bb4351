//! What a merchant expected of launches that are over, beside what they sold.

use super::gathered::{Gathered, gathered};
use features::History;
use schema::ProductId;

/// One product in one launch that is over, with what its merchant expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimated {
    /// The launch.
    pub launch: String,
    /// The product.
    pub product: ProductId,
    /// When it opened, in seconds since 1970-01-01 UTC.
    pub opened_at: i64,
    /// The least that was expected, where it was told.
    pub low: Option<f64>,
    /// What was held likely.
    pub likely: f64,
    /// The most that was expected, where it was told.
    pub high: Option<f64>,
    /// Units sold.
    pub sold: u64,
    /// Whether all there was sold out: more was asked for.
    pub sold_out: bool,
}

/// The last launches that are over of which a merchant told an estimate, the latest first.
#[must_use]
pub fn estimated(history: &History, merchant: &str, most: usize) -> Vec<Estimated> {
    let launches = history.launches();
    let opened = |of: &Gathered| launches.launches[of.at].opens_at;
    let mut own = gathered(history).over;
    own.retain(|of| of.launch.merchant.as_deref() == Some(merchant));
    own.sort_by_key(|of| std::cmp::Reverse(opened(of)));
    let told = own.iter().filter_map(|of| {
        let (launch, estimate) = (&launches.launches[of.at], of.launch.estimate?);
        let total = of.past(launches).total;
        Some(Estimated {
            launch: launch.id.clone(),
            product: ProductId::new(launch.product.clone()).ok()?,
            opened_at: launch.opens_at,
            low: estimate.low(),
            likely: estimate.likely(),
            high: estimate.high(),
            sold: total.units(),
            sold_out: total.is_censored(),
        })
    });
    told.take(most).collect()
}
