//! Events of the shop: durable before they are confirmed, the same identifier counted once.

use super::{Shared, body};
use crate::api::decide::not_logged;
use crate::auth::Scope;
use crate::problem::Problem;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use features::Purchase;
use lake::log::{EventRecord, EventType, LogRecord};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::Digest;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The header that makes a request safe to be sent again.
pub(super) const KEY: &str = "Idempotency-Key";

/// Most characters of a key: with the rest of the identifier that is made of it, an event's has 200 at most.
const KEY_CHARS_MAX: usize = 120;

/// Keys remembered. A request that comes again is a matter of seconds; after many others, or a restart, it changes
/// nothing either, since the same body under the same key gives the same identifiers.
const KEYS_KEPT: usize = 10_000;

/// Most units of one event, as in the table's contract.
const QUANTITY_MAX: u32 = 1_000_000;

/// What is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    events: Vec<serde_json::Value>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Taken {
    /// Events that are now on disk.
    accepted: usize,
    /// Events that had been sent before; they change nothing.
    duplicates: usize,
}

/// The key of a request, and the body it came with.
struct Key {
    text: String,
    /// SHA-256 of the bytes.
    body: [u8; 32],
}

/// The key of a request; nothing where it has none. The quotes of a structured header (RFC 9651) are no part of it.
pub(super) fn key_text(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(KEY) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim_matches('"');
    let found = text.chars().count();
    if !(1..=KEY_CHARS_MAX).contains(&found) || text.contains(char::is_control) {
        let detail = format!(
            "the header `{KEY}` has {found} readable characters, allowed is 1 to {KEY_CHARS_MAX}"
        );
        return Err(Problem::invalid(detail).field(KEY));
    }
    Ok(Some(text))
}

impl Key {
    /// Reads the header, see [`key_text`].
    fn of(headers: &HeaderMap, body: &[u8]) -> Result<Option<Self>, Problem> {
        let named = |text: &str| Self {
            text: text.to_owned(),
            body: sha2::Sha256::digest(body).into(),
        };
        Ok(key_text(headers)?.map(named))
    }

    /// The identifier of an event without one: another body under the same key gives other events, so that nothing
    /// is taken for a repetition that is none.
    fn event_id(&self, number: usize) -> String {
        let body: String = self.body[..8].iter().map(|b| format!("{b:02x}")).collect();
        format!("{}-{body}-{number}", self.text)
    }
}

/// The keys of the latest requests, each with its body and what was answered.
#[derive(Default)]
pub(crate) struct Keys {
    order: VecDeque<Arc<str>>,
    by_key: HashMap<Arc<str>, Keyed>,
}

struct Keyed {
    body: [u8; 32],
    /// Nothing while the first request is on its way to the disk, or where that failed.
    answered: Option<Taken>,
}

impl Keys {
    /// What the same request was answered; nothing where it is to be answered now.
    fn begin(&mut self, key: &Key) -> Result<Option<Taken>, Problem> {
        if let Some(known) = self.by_key.get(key.text.as_str()) {
            if known.body == key.body {
                return Ok(known.answered);
            }
            let detail = format!(
                "the header `{KEY}` is {:?}, which came with another body before; a key stands for one body",
                key.text
            );
            return Err(Problem::invalid(detail).field(KEY));
        }
        let text: Arc<str> = key.text.as_str().into();
        self.order.push_back(Arc::clone(&text));
        let keyed = Keyed {
            body: key.body,
            answered: None,
        };
        self.by_key.insert(text, keyed);
        if self.order.len() > KEYS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
        Ok(None)
    }

    /// Keeps the answer; of two requests at the same moment, both give that of the first.
    fn end(&mut self, key: &Key, taken: Taken) -> Taken {
        match self.by_key.get_mut(key.text.as_str()) {
            Some(known) if known.body == key.body => *known.answered.get_or_insert(taken),
            Some(_) | None => taken,
        }
    }
}

/// The purchase that an event tells of, where it says who bought what.
fn purchase(event: &EventRecord) -> Option<Purchase> {
    let (EventType::Purchase, Some(customer), Some(product)) =
        (event.kind, &event.customer_id, &event.product_id)
    else {
        return None;
    };
    Some(Purchase {
        event_id: event.event_id.clone(),
        customer: customer.as_str().to_owned(),
        product: product.as_str().to_owned(),
        at_seconds: event.occurred_at.as_second(),
        quantity: event
            .quantity
            .map_or(1, |q| i32::try_from(q.get()).unwrap_or(i32::MAX)),
    })
}

/// One event; where it has no identifier, the request's key, its body and the event's place name it.
fn event_of(
    mut event: serde_json::Value,
    number: usize,
    key: Option<&Key>,
    latest: jiff::Timestamp,
) -> Result<EventRecord, Problem> {
    let field = |name: &str| format!("events[{number}].{name}");
    if let Some(fields) = event.as_object_mut()
        && !fields.contains_key("event_id")
    {
        let Some(key) = key else {
            let detail = format!("an event needs `event_id`, or the request the header `{KEY}`");
            return Err(Problem::invalid(detail).field(field("event_id")));
        };
        fields.insert("event_id".to_owned(), key.event_id(number).into());
    }
    let event: EventRecord = body::part(event).map_err(|problem| {
        let field = body::within(&format!("events[{number}]"), problem.field.as_deref());
        problem.field(field)
    })?;
    // What the types do not say of the table's contract.
    let texts = [
        ("event_id", Some(&event.event_id)),
        ("session_id", event.session_id.as_ref()),
    ];
    for (name, text) in texts {
        if text.is_some_and(|t| {
            let untidy = t.trim().len() < t.len() || t.contains(char::is_control);
            !(1..=200).contains(&t.chars().count()) || untidy
        }) {
            let detail = format!(
                "`{name}` must have 1 to 200 characters, none of them a control character, and no white space at its ends"
            );
            return Err(Problem::invalid(detail).field(field(name)));
        }
    }
    if event.quantity.is_some_and(|q| q.get() > QUANTITY_MAX) {
        let detail = format!("`quantity` is larger than {QUANTITY_MAX}");
        return Err(Problem::invalid(detail).field(field("quantity")));
    }
    if event.occurred_at > latest {
        let detail = format!(
            "`occurred_at` is {}, later than a day from now: what lies in the future has not happened",
            event.occurred_at
        );
        return Err(Problem::invalid(detail).field(field("occurred_at")));
    }
    Ok(event)
}

pub(crate) async fn take(
    State(state): Shared,
    Extension(keys): Extension<Arc<Mutex<Keys>>>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Taken>, Problem> {
    state.admit(&headers, Scope::Ingest).await?;
    let key = Key::of(&headers, bytes.as_deref().unwrap_or_default())?;
    let sent: Sent = body::read(&headers, bytes)?;
    let most = state.workshop.project.file.server.batch_max;
    if sent.events.is_empty() || sent.events.len() > most {
        let detail = format!(
            "`events` has {} events, allowed is 1 to {most}",
            sent.events.len()
        );
        return Err(Problem::invalid(detail).field("events"));
    }
    // A clock that is a little fast is no future, as in an import.
    let now = jiff::Timestamp::now();
    let latest = now
        .saturating_add(jiff::SignedDuration::from_hours(24))
        .unwrap_or(now);
    let events = sent
        .events
        .into_iter()
        .enumerate()
        .map(|(number, event)| event_of(event, number, key.as_ref(), latest))
        .collect::<Result<Vec<EventRecord>, Problem>>()?;
    if let Some(key) = &key
        && let Some(before) = keys.lock().begin(key)?
    {
        return Ok(Json(before));
    }
    let taken = store(&state, &events).await?;
    Ok(Json(match &key {
        Some(key) => keys.lock().end(key, taken),
        None => taken,
    }))
}

/// Puts events on disk; those that came before are counted and left out.
async fn store(state: &AppState, events: &[EventRecord]) -> Result<Taken, Problem> {
    let fresh: Vec<&EventRecord> = {
        let ids = state.event_ids.lock();
        events
            .iter()
            .filter(|e| !ids.contains(&e.event_id))
            .collect()
    };
    let mut waiting = Vec::with_capacity(fresh.len());
    for event in &fresh {
        let bytes = LogRecord::Event((*event).clone())
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
    for event in fresh {
        if state.event_ids.lock().insert(&event.event_id) {
            accepted += 1;
            if let Some(purchase) = purchase(event) {
                state.live.remember(purchase);
            }
        }
    }
    Ok(Taken {
        accepted,
        duplicates: events.len() - accepted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_may_hold_what_the_contract_of_its_table_allows() {
        let table = schema::table::table("events").unwrap();
        let column = |name: &str| table.columns.iter().find(|c| c.name == name).unwrap();
        assert_eq!(column("quantity").max, Some(f64::from(QUANTITY_MAX)));
        for name in ["event_id", "session_id"] {
            let pattern = column(name).pattern.as_deref();
            assert_eq!(
                pattern,
                Some(r"^[^\p{Cc}\s]([^\p{Cc}]{0,198}[^\p{Cc}\s])?$"),
                "{name}"
            );
        }
        let past: Vec<&str> = table
            .columns
            .iter()
            .filter(|c| c.past)
            .map(|c| c.name.as_str())
            .collect();
        assert_eq!(past, ["occurred_at"]);
    }

    #[test]
    fn the_oldest_key_is_forgotten_first_and_the_answer_of_the_first_request_stays() {
        let key = |text: &str, body: u8| Key {
            text: text.to_owned(),
            body: [body; 32],
        };
        let taken = |accepted| Taken {
            accepted,
            duplicates: 0,
        };
        let mut keys = Keys::default();
        assert!(keys.begin(&key("first", 1)).unwrap().is_none());
        // The same request while the first one is on its way: both get one answer.
        assert!(keys.begin(&key("first", 1)).unwrap().is_none());
        assert_eq!(keys.end(&key("first", 1), taken(3)).accepted, 3);
        assert_eq!(keys.end(&key("first", 1), taken(0)).accepted, 3);
        assert_eq!(keys.begin(&key("first", 1)).unwrap().unwrap().accepted, 3);
        let refused = keys.begin(&key("first", 2)).unwrap_err();
        assert_eq!((refused.status, refused.field.as_deref()), (422, Some(KEY)));
        for n in 1..KEYS_KEPT {
            keys.begin(&key(&n.to_string(), 1)).unwrap();
        }
        assert!(keys.begin(&key("first", 2)).is_err());
        keys.begin(&key("one too many", 1)).unwrap();
        assert!(keys.begin(&key("first", 2)).unwrap().is_none());
    }
}
