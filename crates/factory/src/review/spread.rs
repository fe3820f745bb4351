//! How much less is known of a share of good decisions because one customer makes several of them.

use super::judged::{Days, Join, count};
use super::shadow::ShadowError;
use super::trial::OnTrial;
use crate::Workshop;
use lake::{LakeError, Snapshot};
use products::Product;
use schema::AsOf;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How sums are made; what was kept by others is not read.
const FORMAT: &str = "sums over customers of judged and good decisions";

/// Sums over customers of their judged decisions and of the good ones among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct OfCustomers {
    customers: u64,
    judged: u64,
    good: u64,
    /// Sum of squares of judged ones.
    judged_squared: u64,
    /// Sum of squares of good ones.
    good_squared: u64,
    /// Sum of products of both.
    judged_good: u64,
}

impl OfCustomers {
    /// Variance of the share of good decisions with customers as units, as a multiple of what it would be if each decision
    /// stood for itself; at least 1. Where it cannot be seen how alike decisions of a customer are, all are taken for alike.
    ///
    /// # Source
    /// Kish (1965), *Survey Sampling*, 8.2: the design effect; the variance is that of a ratio, linearised.
    pub(super) fn design_effect(&self) -> f64 {
        if self.judged == 0 {
            return 1.0;
        }
        let (n, m) = (self.judged as f64, self.customers as f64);
        let share = self.good as f64 / n;
        let independent = share * (1.0 - share) / n;
        if self.customers < 2 || independent <= 0.0 {
            return self.judged_squared as f64 / n;
        }
        let squares = self.good_squared as f64 - 2.0 * share * self.judged_good as f64
            + share * share * self.judged_squared as f64;
        (m / (m - 1.0) * squares / (n * n) / independent).max(1.0)
    }
}

/// Sums over customers of what came of a trial's decisions, by version. They are worked out once: days whose outcomes are
/// noted stay as they were, and whoever judges a trial that waits for its read-out looks every minute.
///
/// - `days`: the first and the last, all of them with complete outcomes.
pub(super) async fn of_customers(
    workshop: &Workshop,
    product: &dyn Product,
    trial: OnTrial,
    days: (AsOf, AsOf),
    snapshot: &Snapshot,
) -> Result<BTreeMap<u32, OfCustomers>, ShadowError> {
    let (product_name, judged) = (product.header().name.as_str(), product.judged());
    let (name, (first, last)) = (format!("trial/{product_name}"), days);
    let (version, beside) = (trial.version, trial.beside);
    let of = format!("{FORMAT}: {judged:?} {version} {beside} {first} {last}");
    let kept = workshop.registry.kept(&name, &of).await?;
    if let Some(kept) = kept.and_then(|text| serde_json::from_str(&text).ok()) {
        return Ok(kept);
    }
    let days = Days {
        from: Some(first),
        to: last.minus_days(-1),
    };
    let join = Join {
        names: &[product_name],
        judged,
        days: &[days],
    };
    let sums = join.of_customers(workshop, snapshot).await?;
    let text = serde_json::to_string(&sums).unwrap_or_default();
    workshop.registry.keep(&name, &of, &text).await?;
    Ok(sums)
}

impl Join<'_> {
    /// Sums over customers of what came of a version's decisions about them, by version; those about the holdout are left
    /// out. A decision about nobody known stands for itself.
    async fn of_customers(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<BTreeMap<u32, OfCustomers>, LakeError> {
        let sql = format!(
            "WITH {},
            of_customers AS (
                SELECT version, count(*) AS n, CAST(sum(good) AS BIGINT) AS k
                FROM judged WHERE NOT holdout
                GROUP BY version, coalesce(customer_id, decision_id))
            SELECT version, count(*), sum(n), sum(k), sum(n * n), sum(k * k), sum(n * k) FROM of_customers GROUP BY version",
            self.tables(),
        );
        let mut all = BTreeMap::new();
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            let [
                version,
                customers,
                judged,
                good,
                judged_squared,
                good_squared,
                judged_good,
            ] = [0, 1, 2, 3, 4, 5, 6].map(|column| count(&batch, column));
            for row in 0..batch.num_rows() {
                let of = OfCustomers {
                    customers: customers(row),
                    judged: judged(row),
                    good: good(row),
                    judged_squared: judged_squared(row),
                    good_squared: good_squared(row),
                    judged_good: judged_good(row),
                };
                all.insert(u32::try_from(version(row)).unwrap_or(0), of);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(customers: &[(u64, u64)]) -> OfCustomers {
        let mut sums = OfCustomers::default();
        for (judged, good) in customers {
            sums.customers += 1;
            sums.judged += judged;
            sums.good += good;
            sums.judged_squared += judged * judged;
            sums.good_squared += good * good;
            sums.judged_good += judged * good;
        }
        sums
    }

    #[test]
    fn decisions_of_a_customer_that_are_all_alike_count_once() {
        // A decision each: by the usual correction for one degree of freedom no more than that.
        let alone = of(&[[(1, 1); 30], [(1, 0); 30]].concat());
        assert!((alone.design_effect() - 60.0 / 59.0).abs() < 1e-12);
        // Five each, all good or none.
        let alike = of(&[[(5, 5); 30], [(5, 0); 30]].concat());
        assert!((alike.design_effect() - 5.0 * 60.0 / 59.0).abs() < 1e-12);
        // Five each, as mixed as can be: more is known than of independent ones, and that is not counted on.
        let mixed = of(&[[(5, 2); 30], [(5, 3); 30]].concat());
        assert!((mixed.design_effect() - 1.0).abs() < f64::EPSILON);
        // Nothing can be seen.
        assert!((of(&[(3, 3), (3, 3)]).design_effect() - 3.0).abs() < 1e-12);
        assert!((of(&[(4, 2)]).design_effect() - 4.0).abs() < 1e-12);
        assert!((OfCustomers::default().design_effect() - 1.0).abs() < f64::EPSILON);
    }
}
