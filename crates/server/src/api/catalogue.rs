//! The data products there are.

use super::{Part, Shared, slot};
use crate::auth::Scope;
use crate::live::Slot;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

fn line(slot: &Slot) -> Value {
    let answering = slot.answering();
    json!({
        "product": slot.product.header(),
        "version": answering.as_ref().map(|a| a.version),
        "as_of": answering.as_ref().map(|a| a.as_of),
        "problem": slot.refused(),
    })
}

pub(crate) async fn products(
    State(state): Shared,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    state.admit(&headers, Scope::Read).await?;
    let products: Vec<Value> = state.live.slots.values().map(line).collect();
    Ok(Json(json!({ "products": products })))
}

pub(crate) async fn product(
    State(state): Shared,
    Part(name): Part,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    state.admit(&headers, Scope::Read).await?;
    let slot = slot(&state, &name)?;
    let failed = |e: registry::StoreError| Problem::internal("read the registry", &e);
    let versions = state
        .workshop
        .registry
        .versions(&name)
        .await
        .map_err(failed)?;
    let card = products::kind(&slot.product.header().kind).map(products::Kind::card);
    let mut line = line(slot);
    line["card"] = json!(card);
    line["versions"] = json!(versions);
    Ok(Json(line))
}
