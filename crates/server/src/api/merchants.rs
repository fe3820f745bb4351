//! What merchants' estimates of launches were worth: all of a data product, and one with the last launches.

use super::{Shared, slot};
use crate::auth::Scope;
use crate::live::Answering;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use jiff::Timestamp;
use products::launch::{Estimated, estimated};
use serde_json::{Value, json};
use std::sync::Arc;

/// The kind that reads estimates.
const READS: &str = "launch";

/// Launches told of a merchant.
pub(crate) const LAUNCHES: usize = 50;

/// Merchants named where one is not known.
const NAMED: usize = 20;

/// The parts of a path: a data product and a merchant.
pub(crate) struct Named(String, String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((product, merchant)) =
            found.map_err(|_| Problem::malformed("a part of the path is no UTF-8 text"))?;
        Ok(Self(product, merchant))
    }
}

/// The version that answers of a data product that reads estimates.
pub(crate) fn reading(state: &AppState, name: &str) -> Result<Arc<Answering>, Problem> {
    let slot = slot(state, name)?;
    let kind = &slot.product.header().kind;
    if kind != READS {
        return Err(Problem::not_found(format!(
            "{name} is of kind {kind:?} and reads no estimates of merchants, allowed is a data product of kind \"launch\""
        )));
    }
    slot.answering().ok_or_else(|| {
        Problem::not_found(format!(
            "{name} has no version that answers; train it with `comptoir run {name}`"
        ))
    })
}

/// Records of all merchants, in the order of the version.
pub(crate) fn records(answering: &Answering) -> &[Value] {
    let of = answering.page.get("merchants").and_then(Value::as_array);
    of.map_or(&[], Vec::as_slice)
}

fn id(record: &Value) -> &str {
    record["merchant"].as_str().unwrap_or_default()
}

/// The record of a merchant.
pub(crate) fn record<'a>(
    answering: &'a Answering,
    name: &str,
    merchant: &str,
) -> Result<&'a Value, Problem> {
    let all = records(answering);
    all.iter().find(|of| id(of) == merchant).ok_or_else(|| {
        let names: Vec<&str> = all.iter().take(NAMED).map(id).collect();
        let more = match all.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Problem::not_found(format!(
            "{name} has no record of a merchant {merchant:?}, there is one of {}{more}",
            names.join(", ")
        ))
    })
}

/// Those whose estimates save least of the score first; of whom that is not known last.
pub(crate) fn worst_first(records: &[Value]) -> Vec<&Value> {
    let mut all: Vec<&Value> = records.iter().collect();
    let place = |of: &Value| (of["saved"].as_f64(), of["rank"].as_f64().unwrap_or(0.0));
    all.sort_by(|a, b| {
        let ((saved, rank), (other, behind)) = (place(a), place(b));
        let known = other.is_some().cmp(&saved.is_some());
        let less = saved.unwrap_or(0.0).total_cmp(&other.unwrap_or(0.0));
        known.then(less).then(behind.total_cmp(&rank))
    });
    all
}

/// The last launches that are over of which a merchant told an estimate, the latest first.
pub(crate) fn last(state: &AppState, merchant: &str) -> Vec<Estimated> {
    let shop = state.live.shop();
    shop.map(|shop| estimated(&shop.history, merchant, LAUNCHES))
        .unwrap_or_default()
}

fn launch(of: &Estimated) -> Value {
    json!({
        "launch": of.launch,
        "product_id": of.product,
        "opened_at": Timestamp::from_second(of.opened_at).unwrap_or(Timestamp::UNIX_EPOCH),
        "low": of.low,
        "likely": of.likely,
        "high": of.high,
        "sold": of.sold,
        "sold_out": of.sold_out,
    })
}

/// Who says so, and as of when.
fn head(name: &str, answering: &Answering) -> Value {
    json!({ "product": name, "version": answering.version, "as_of": answering.as_of })
}

pub(crate) async fn all(
    State(state): Shared,
    super::Part(name): super::Part,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    state.admit(&headers, Scope::Read).await?;
    let answering = reading(&state, &name)?;
    let mut told = head(&name, &answering);
    told["merchants"] = json!(worst_first(records(&answering)));
    Ok(Json(told))
}

pub(crate) async fn one(
    State(state): Shared,
    Named(name, merchant): Named,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    state.admit(&headers, Scope::Read).await?;
    let answering = reading(&state, &name)?;
    let mut told = head(&name, &answering);
    told["record"] = record(&answering, &name, &merchant)?.clone();
    let launches = last(&state, &merchant);
    told["launches"] = launches.iter().map(launch).collect();
    Ok(Json(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_estimates_do_harm_come_first_and_of_whom_nothing_is_known_last() {
        let of = |merchant: &str, rank: u32, saved: Option<f64>| json!({ "merchant": merchant, "rank": rank, "saved": saved });
        let all = [
            of("good", 1, Some(0.4)),
            of("new", 2, None),
            of("newer", 3, None),
            of("harmful", 4, Some(-0.2)),
            of("useless", 5, Some(0.0)),
        ];
        let names: Vec<&str> = worst_first(&all).into_iter().map(id).collect();
        assert_eq!(names, ["harmful", "useless", "good", "newer", "new"]);
    }
}
