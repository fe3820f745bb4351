//! The API.

mod body;
mod catalogue;
mod decide;
mod events;
mod health;
pub(crate) mod merchants;
pub(crate) mod orders;
pub(crate) mod promote;
mod redemptions;
pub(crate) mod requests;

use crate::live::Slot;
use crate::openapi;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Extension, Router};
use parking_lot::Mutex;
use std::sync::Arc;

/// State as handlers take it.
pub(crate) type Shared = axum::extract::State<Arc<AppState>>;

/// The part of a path that a route names: a product, a decision.
pub(crate) struct Part(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) =
            found.map_err(|_| Problem::malformed("a part of the path is no UTF-8 text"))?;
        Ok(Self(text))
    }
}

pub(crate) fn router() -> Router<Arc<AppState>> {
    let keys: Arc<Mutex<events::Keys>> = Arc::default();
    Router::new()
        .route("/v1/products", get(catalogue::products))
        .route("/v1/products/{name}", get(catalogue::product))
        .route("/v1/products/{name}/decide", post(decide::decide))
        .route("/v1/products/{name}/explain", post(decide::explain))
        .route("/v1/products/{name}/promote", post(promote::promote))
        .route("/v1/products/{name}/rollback", post(promote::rollback))
        .route("/v1/products/{name}/orders/answer", post(orders::answer))
        .route("/v1/products/{name}/merchants", get(merchants::all))
        .route("/v1/products/{name}/merchants/{id}", get(merchants::one))
        .route("/v1/decisions/{id}", get(decide::decision))
        .route("/v1/events", post(events::take).layer(Extension(keys)))
        .route("/v1/redemptions", post(redemptions::take))
        .route("/v1/requests", get(requests::show))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(openapi::serve))
}

/// A product by its name.
pub(crate) fn slot<'a>(state: &'a AppState, name: &str) -> Result<&'a Slot, Problem> {
    state.live.slots.get(name).ok_or_else(|| {
        let names: Vec<&str> = state.live.slots.keys().map(String::as_str).collect();
        Problem::not_found(format!(
            "there is no data product {name:?}, allowed is {}",
            names.join(", ")
        ))
    })
}

/// Answers a path that leads nowhere.
pub(crate) async fn no_such_page(uri: Uri) -> Problem {
    Problem::not_found(format!(
        "there is nothing at {}; /openapi.json lists what there is",
        uri.path()
    ))
}

/// Answers a method that a path does not know.
pub(crate) async fn wrong_method(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "/problems/method-not-allowed",
        "The path does not know this method",
        format!("/openapi.json lists the methods of {}", uri.path()),
    )
}
