//! How requests are answered: by route, by product and version, and the slowest of the last hour.

use super::Shared;
use crate::auth::Scope;
use crate::figures::Counts;
use crate::problem::Problem;
use crate::state::AppState;
use crate::trace::Answered;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use jiff::Timestamp;
use monitoring::latency::Snapshot;
use schema::Probability;
use serde::Serialize;
use std::collections::BTreeMap;

/// How requests to this server are answered.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Requests {
    /// When the server started: counts are since then.
    pub(crate) since: Timestamp,
    /// By route, those with most requests first.
    pub(crate) routes: Vec<OfRoute>,
    /// By data product, by name.
    pub(crate) products: Vec<OfProduct>,
    /// The slowest of the last hour, the slowest first.
    pub(crate) slowest: Vec<Answered>,
}

/// Requests to one route.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OfRoute {
    pub(crate) route: String,
    pub(crate) requests: u64,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) max_ms: Option<f64>,
    pub(crate) by_status: BTreeMap<u16, u64>,
    /// Requests answered by a problem, by its sort.
    pub(crate) problems: BTreeMap<&'static str, u64>,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    pub(crate) largest_response_bytes: u64,
}

/// Questions to one product.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OfProduct {
    pub(crate) product: String,
    pub(crate) by_version: BTreeMap<u32, OfVersion>,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) deadline_ms: u64,
    pub(crate) fallbacks: u64,
    pub(crate) unanswered: u64,
    /// Questions that could not be answered as they were asked.
    pub(crate) refused: u64,
}

/// Questions to one version of a product.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OfVersion {
    pub(crate) answered: u64,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) fallbacks: u64,
    pub(crate) unanswered: u64,
}

impl OfVersion {
    fn of((version, counts): (u32, Counts)) -> (u32, Self) {
        let of = Self {
            answered: counts.answered,
            p50_ms: quantile_ms(&counts.times, 0.5),
            p99_ms: quantile_ms(&counts.times, 0.99),
            fallbacks: counts.fallbacks,
            unanswered: counts.unanswered,
        };
        (version, of)
    }
}

fn quantile_ms(times: &Snapshot, share: f64) -> Option<f64> {
    let at = times.quantile(Probability::new(share).ok()?)?;
    Some(at.as_secs_f64() * 1_000.0)
}

impl AppState {
    /// How requests are answered by now.
    pub(crate) fn requests(&self, now: Timestamp) -> Requests {
        let mut routes = self.figures.routes(|route, of| {
            let times = of.time.snapshot();
            let by_status = of.answered.iter();
            let by_status: BTreeMap<u16, u64> =
                by_status.map(|(status, n)| (status.as_u16(), *n)).collect();
            OfRoute {
                route: route.to_owned(),
                requests: by_status.values().sum(),
                p50_ms: quantile_ms(&times, 0.5),
                p99_ms: quantile_ms(&times, 0.99),
                max_ms: quantile_ms(&times, 1.0),
                by_status,
                problems: of.problems.iter().copied().collect(),
                request_bytes: of.request_bytes,
                response_bytes: of.response_bytes,
                largest_response_bytes: of.largest_response,
            }
        });
        routes.sort_by(|a, b| b.requests.cmp(&a.requests).then(a.route.cmp(&b.route)));
        let products = self.live.slots.values().filter_map(|slot| {
            let of = self.figures.told(slot)?;
            let all = of.counts();
            Some(OfProduct {
                product: slot.name().to_owned(),
                by_version: of.by_version().into_iter().map(OfVersion::of).collect(),
                p50_ms: quantile_ms(&all.times, 0.5),
                p99_ms: quantile_ms(&all.times, 0.99),
                deadline_ms: slot.product.header().deadline_ms,
                fallbacks: all.fallbacks,
                unanswered: all.unanswered,
                refused: of.failures.get(),
            })
        });
        Requests {
            since: self.started_at,
            routes,
            products: products.collect(),
            slowest: self.slowest.told(now),
        }
    }
}

pub(crate) async fn show(
    State(state): Shared,
    headers: HeaderMap,
) -> Result<Json<Requests>, Problem> {
    state.admit(&headers, Scope::Read).await?;
    Ok(Json(state.requests(Timestamp::now())))
}
