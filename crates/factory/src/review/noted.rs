//! Joins decisions with what came after them, once a day's outcomes are complete, and notes it.

use super::ByProduct;
use super::buyers::{self, Buyers};
use super::expected::{Calibration, Waiting};
use super::forecasts::Held;
use super::judged::{Came, Days, Join};
use super::launches::Launched;
use super::orders::Orders;
use super::outcomes::OutcomesError;
use super::sums::{Judging, Span};
use crate::Workshop;
use crate::workshop::KnownUntil;
use lake::Snapshot;
use products::{Judged, Product};
use schema::AsOf;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Products whose decisions are judged alike, and of which the same days are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Alike {
    judged: Judged,
    delay_days: u16,
    /// The last day whose outcomes are noted.
    known: Option<AsOf>,
}

/// What came of decisions: of days that became complete, and how many wait.
type Joined = (ByProduct<Came>, ByProduct<Waiting>);

impl Alike {
    /// The last day of which everything has come in: the one before the first that still waits.
    ///
    /// What is told of days of the shop is judged by them, everything else by days in UTC.
    fn complete(self, known: KnownUntil) -> AsOf {
        let now = match self.judged {
            Judged::Sold(_) | Judged::Launched | Judged::Lasted { .. } => known.of_shop,
            Judged::Bought { .. }
            | Judged::Clicked { .. }
            | Judged::Valued { .. }
            | Judged::No { .. } => known.of_utc,
        };
        let window_days = self.judged.window_days().unwrap_or_default();
        now.minus_days(1 + i32::from(window_days) + i32::from(self.delay_days))
    }
}

/// How decisions of products that are judged alike are judged, as queries; `None` where they are lists or not judged.
pub(super) async fn judging(
    workshop: &Workshop,
    judged: Judged,
    products: &[&dyn Product],
    span: Span<'_>,
    snapshot: &Snapshot,
) -> Result<Option<Judging>, OutcomesError> {
    let has = |table: &str| snapshot.tables.contains_key(table);
    Ok(Some(match judged {
        Judged::Sold(of) => Held {
            span,
            of,
            clock: workshop.clock(),
        }
        .judging(has("stock_levels")),
        Judged::Valued { horizon_days } => {
            let of = buyers::versions(workshop, products, &span, horizon_days, snapshot);
            let versions = of.await?;
            Buyers {
                span,
                horizon_days,
                versions,
            }
            .judging()
        }
        Judged::Launched => Launched {
            span,
            clock: workshop.clock(),
        }
        .judging(has("products")),
        Judged::Lasted { horizon_days } => Orders {
            span,
            horizon_days,
            clock: workshop.clock(),
        }
        .judging(),
        Judged::Bought { .. } | Judged::Clicked { .. } | Judged::No { .. } => return Ok(None),
    }))
}

/// Notes what the decisions of days led to that have become complete, of all products whose decisions are judged; how
/// many decisions of each still wait. Those that are judged alike are joined together, so that the log is read once.
pub(super) async fn note(
    workshop: &Workshop,
    products: &[&Arc<dyn Product>],
    snapshot: &Snapshot,
    known_until: Option<KnownUntil>,
) -> Result<ByProduct<Waiting>, OutcomesError> {
    let mut pending = BTreeMap::new();
    let has = |table: &str| snapshot.tables.contains_key(table);
    let (Some(now), true) = (known_until, has("decisions")) else {
        return Ok(pending);
    };
    let mut groups: BTreeMap<Alike, Vec<&dyn Product>> = BTreeMap::new();
    for product in products {
        let (judged, header) = (product.judged(), product.header());
        let told_by = judged.told_by();
        if !told_by.is_empty() && told_by.iter().all(|table| has(table)) {
            let (_, known) = workshop.registry.outcomes(&header.name).await?;
            let delay_days = header.promises.label_delay_days;
            let alike = Alike {
                judged,
                delay_days,
                known,
            };
            groups.entry(alike).or_default().push(product.as_ref());
        }
    }
    for (alike, products) in &groups {
        let complete = alike.complete(now);
        let is_due = alike.known.is_none_or(|known| known < complete);
        let (mut joined, waiting) =
            joined(workshop, *alike, products, complete, is_due, snapshot).await?;
        for product in products.iter().filter(|_| is_due) {
            let name = &product.header().name;
            let came = joined.remove(name).unwrap_or_default();
            workshop
                .registry
                .add_outcomes(name, &came.days, &came.positions(), complete)
                .await?;
            if alike.judged.is_of_lists() {
                Calibration::note(workshop, name, came.calibration, complete).await?;
            }
        }
        pending.extend(waiting);
    }
    Ok(pending)
}

/// Joins the decisions of products that are judged alike, up to the last day that is complete.
async fn joined(
    workshop: &Workshop,
    alike: Alike,
    products: &[&dyn Product],
    complete: AsOf,
    is_due: bool,
    snapshot: &Snapshot,
) -> Result<Joined, OutcomesError> {
    let names = products
        .iter()
        .map(|product| product.header().name.as_str());
    let names: &[&str] = &names.collect::<Vec<_>>();
    let from = alike.known.map(|known| known.minus_days(-1));
    let to = complete.minus_days(-1);
    let span = Span { names, from, to };
    if let Some(judging) = judging(workshop, alike.judged, products, span, snapshot).await? {
        let days = match is_due {
            true => judging.run(workshop, snapshot).await?,
            false => BTreeMap::new(),
        };
        let days = days.into_iter().map(|(name, days)| (name, Came::of(days)));
        return Ok((days.collect(), judging.pending(workshop, snapshot).await?));
    }
    let join = Join {
        names,
        judged: alike.judged,
        days: &[Days { from, to }],
    };
    let days = match is_due {
        true => join.run(workshop, snapshot).await?,
        false => BTreeMap::new(),
    };
    Ok((days, join.pending(workshop, snapshot).await?))
}
