//! Events of the shop: durable before they are confirmed, the same identifier counted once.

use super::{Shared, body};
use crate::api::decide::not_logged;
use crate::auth::Scope;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use features::SaleLine;
use lake::log::{EventRecord, EventType, LogRecord};
use serde::{Deserialize, Serialize};

/// What is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    events: Vec<serde_json::Value>,
}

/// What became of it.
#[derive(Debug, Serialize)]
pub(crate) struct Taken {
    /// Events that are now on disk.
    accepted: usize,
    /// Events that had been sent before; they change nothing.
    duplicates: usize,
}

/// A purchase becomes part of the customer's history at once, so that the next answer knows it.
fn remember(state: &AppState, event: &EventRecord) {
    let (EventType::Purchase, Some(customer), Some(product)) =
        (event.kind, &event.customer_id, &event.product_id)
    else {
        return;
    };
    let Some(shop) = state.live.shop() else {
        return;
    };
    let Some(product) = shop.history.catalogue().index_of(product.as_str()) else {
        return;
    };
    let quantity = event
        .quantity
        .map_or(1, |q| i32::try_from(q.get()).unwrap_or(i32::MAX));
    let price = shop
        .history
        .catalogue()
        .get(product)
        .and_then(|p| p.price_cents)
        .unwrap_or(0);
    shop.add_purchase(
        customer.as_str(),
        SaleLine {
            at_seconds: event.occurred_at.as_second(),
            product,
            order: u32::MAX,
            quantity,
            is_return: false,
            spend_cents: price.saturating_mul(i64::from(quantity)),
        },
    );
}

/// One event; where it has no identifier, the request's key and its place name it.
fn event_of(
    mut event: serde_json::Value,
    number: usize,
    key: Option<&str>,
) -> Result<EventRecord, Problem> {
    if let Some(fields) = event.as_object_mut()
        && !fields.contains_key("event_id")
    {
        let Some(key) = key.filter(|k| (1..=120).contains(&k.len())) else {
            let field = format!("events[{number}].event_id");
            return Err(Problem::invalid(
                "an event needs `event_id`, or the request an Idempotency-Key",
            )
            .field(field));
        };
        fields.insert("event_id".to_owned(), format!("{key}-{number}").into());
    }
    let event: EventRecord = serde_path_to_error::deserialize(event).map_err(|error| {
        let field = format!("events[{number}].{}", error.path());
        Problem::invalid(error.into_inner().to_string()).field(field)
    })?;
    if !(1..=200).contains(&event.event_id.chars().count()) {
        let field = format!("events[{number}].event_id");
        return Err(Problem::invalid("`event_id` must have 1 to 200 characters").field(field));
    }
    Ok(event)
}

pub(crate) async fn take(
    State(state): Shared,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Taken>, Problem> {
    state.admit(&headers, Scope::Ingest).await?;
    let sent: Sent = body::read(&headers, bytes)?;
    let most = state.workshop.project.file.server.batch_max;
    if sent.events.is_empty() || sent.events.len() > most {
        let detail = format!(
            "`events` has {} events, allowed is 1 to {most}",
            sent.events.len()
        );
        return Err(Problem::invalid(detail).field("events"));
    }
    let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok());
    let events = sent
        .events
        .into_iter()
        .enumerate()
        .map(|(number, event)| event_of(event, number, key))
        .collect::<Result<Vec<EventRecord>, Problem>>()?;
    let fresh: Vec<EventRecord> = {
        let ids = state.event_ids.lock();
        events
            .iter()
            .filter(|e| !ids.contains(&e.event_id))
            .cloned()
            .collect()
    };
    let mut waiting = Vec::with_capacity(fresh.len());
    for event in &fresh {
        let bytes = LogRecord::Event(event.clone())
            .to_bytes()
            .map_err(|e| Problem::internal("log the event", &e))?;
        waiting.push(state.wal.append(&bytes));
    }
    for appended in waiting {
        appended.await.map_err(|e| not_logged(&e))?;
    }
    // Only what is on disk counts as seen: a caller whose request failed sends it again. Two requests with the same
    // identifier at the same moment both reach the log; the lake keeps one of them.
    let mut accepted = 0;
    for event in &fresh {
        if state.event_ids.lock().insert(&event.event_id) {
            accepted += 1;
            remember(&state, event);
        }
    }
    Ok(Json(Taken {
        accepted,
        duplicates: events.len() - accepted,
    }))
}
