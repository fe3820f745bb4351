//! Is it alive, is it ready, and what has it been doing.

use super::Shared;
use crate::auth::Scope;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The process answers.
pub(crate) async fn live() -> &'static str {
    "alive\n"
}

/// Lake and registry can be read, and every data product that has a champion answers with it.
pub(crate) async fn ready(State(state): Shared) -> Response {
    let mut products = serde_json::Map::new();
    let problem = state.live.problem();
    let mut ready = problem.is_none();
    for (name, slot) in &state.live.slots {
        let refused = slot.refused();
        ready &= refused.is_none();
        let version = slot.answering().map(|a| a.version);
        products.insert(
            name.clone(),
            json!({ "version": version, "problem": refused }),
        );
    }
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(json!({ "ready": ready, "problem": problem, "products": products })),
    )
        .into_response()
}

pub(crate) async fn metrics(State(state): Shared, headers: HeaderMap) -> Result<Response, Problem> {
    state.admit(&headers, Scope::Read).await?;
    let text = state.figures.exposition();
    Ok((
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response())
}
