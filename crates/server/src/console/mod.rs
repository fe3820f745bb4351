//! The console: pages that people look at.
//!
//! Every page says what it shows, whether that is fine, and what can be done next. Pages are made on the server in
//! English or French; the only script is the one that asks a data product a question without leaving its page, and
//! without it the same form works. Nothing is loaded from another host, and the headers forbid it.
//!
//! A page needs the scope `read`, as the API does, letting a version answer `promote`, and answering a proposed order
//! `order`; a browser sends the key as the password of HTTP Basic.

mod answer;
mod budget;
mod compare;
mod customer;
mod customers;
mod data;
mod demand;
mod estimates;
mod files;
mod format;
mod french;
mod incidents;
mod indicators;
mod jobs;
mod launches;
mod learned;
mod ledger;
mod merchant;
mod messages;
mod orders;
mod page;
mod portfolio;
mod product;
mod report;
mod requests;
mod review;
mod scorecard;
mod search;
mod table;
mod tables;
mod visit;

pub use report::{Report, report};
pub use review::{review, review_of};

use crate::state::AppState;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use std::sync::Arc;

/// Only what this server gives; no inline script, no inline style, no frame, no form to elsewhere.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

pub(crate) fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/", get(portfolio::show))
        .route("/products/{name}", get(product::show))
        .route("/products/{name}/compare", get(compare::show))
        .route("/products/{name}/launches", get(launches::show))
        .route("/products/{name}/merchants/{id}", get(merchant::show))
        .route("/products/{name}/promote", post(compare::promote))
        .route("/review", get(review::show))
        .route("/review/{name}", get(review::show_one))
        .route("/incidents", get(incidents::show))
        .route("/jobs", get(jobs::show))
        .route("/requests", get(requests::show))
        .route("/customers", get(customers::show))
        .route("/customers/{id}", get(customer::show))
        .route("/demand", get(demand::list))
        .route("/demand/{id}", get(demand::one))
        .route("/totals", get(demand::totals))
        .route("/orders", get(orders::show))
        .route("/orders/answer", post(orders::answer))
        .route("/tables", get(tables::show))
        .route("/tables/{name}", get(table::show))
        .route("/indicators", get(indicators::show))
        .route("/static/{file}", get(files::serve))
        .layer(middleware::map_response(guarded))
        .layer(Extension(Arc::new(data::Cache::default())))
}

/// Forbids a browser everything that the console does not need.
async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}
