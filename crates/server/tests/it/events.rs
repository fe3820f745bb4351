//! Events: sent again, sent twice, sent across a restart, and those that cannot be.

use crate::served::{Served, empty, post, serving, shop, within};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde_json::{Value, json};
use std::path::Path;

/// Sends events, under a key where there is one; gives the status and the answer.
fn send(served: &Served, key: Option<&str>, events: &Value) -> (u16, Value) {
    let headers: Vec<(&str, &str)> = key.map(|k| ("idempotency-key", k)).into_iter().collect();
    let sent = json!({ "events": events }).to_string();
    let answer = post(served.address, "/v1/events", &headers, &sent);
    let told = serde_json::from_str(&answer.body).unwrap();
    (answer.status, told)
}

fn taken(accepted: u32, duplicates: u32) -> (u16, Value) {
    (
        200,
        json!({ "accepted": accepted, "duplicates": duplicates }),
    )
}

fn click(at: &str) -> Value {
    json!({ "occurred_at": at, "type": "click", "customer_id": "C1" })
}

/// Rows of the table, and how many identifiers they have.
fn rows(folder: &Path) -> (i64, i64) {
    within(folder, async |workshop| {
        let snapshot = workshop.lake.snapshot().await.unwrap();
        let sql = "SELECT COUNT(*), COUNT(DISTINCT event_id) FROM events";
        let found = workshop.lake.query_at(sql, &snapshot).await.unwrap();
        let number = |i: usize| found[0].column(i).as_primitive::<Int64Type>().value(0);
        (number(0), number(1))
    })
}

#[test]
fn a_request_sent_again_is_answered_as_before_and_another_body_under_its_key_is_refused() {
    let served = empty();
    let first = json!([click("2025-01-03T10:00:00Z"), click("2025-01-03T10:01:00Z")]);
    let second = json!([click("2025-01-03T11:00:00Z")]);
    for _ in 0..3 {
        assert_eq!(send(&served, Some("till-1"), &first), taken(2, 0));
    }
    // A structured header has quotes around the same key.
    assert_eq!(send(&served, Some("\"till-1\""), &first), taken(2, 0));
    let (status, problem) = send(&served, Some("till-1"), &second);
    assert_eq!(
        (status, &problem["field"]),
        (422, &json!("Idempotency-Key")),
        "{problem}"
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("till-1") && detail.contains("another body"),
        "{detail}"
    );
    // What was refused was not stored, and is taken under a key of its own.
    assert_eq!(send(&served, Some("till-2"), &second), taken(1, 0));
    // Events with names of their own count once, whatever the key; each request keeps its own answer.
    let named =
        json!([{ "event_id": "e1", "occurred_at": "2025-01-03T12:00:00Z", "type": "view" }]);
    assert_eq!(send(&served, Some("till-3"), &named), taken(1, 0));
    assert_eq!(send(&served, Some("till-4"), &named), taken(0, 1));
    assert_eq!(send(&served, Some("till-3"), &named), taken(1, 0));

    let folder = served.stop();
    assert_eq!(rows(folder.path()), (4, 4));

    // A new process knows no key: the same body adds nothing to the table, another one is lost nothing of.
    let served = serving(folder);
    assert_eq!(send(&served, Some("till-1"), &first), taken(2, 0));
    assert_eq!(send(&served, Some("till-2"), &first), taken(2, 0));
    assert_eq!(send(&served, Some("till-2"), &second).0, 422);
    let folder = served.stop();
    assert_eq!(rows(folder.path()), (6, 6));
}

#[test]
fn events_that_cannot_be_are_refused_whole() {
    let at = "2025-01-03T10:00:00Z";
    let with = |field: &str, value: Value| {
        let mut event = json!({ "event_id": "refused-1", "occurred_at": at, "type": "cart" });
        event[field] = value;
        event
    };
    let in_a_week = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 7);
    let cases = [
        ("event_id", json!("")),
        ("event_id", json!("x".repeat(201))),
        ("event_id", json!("two\nlines")),
        ("session_id", json!("\u{7}")),
        ("customer_id", json!("")),
        ("position", json!(0)),
        ("quantity", json!(1_000_001)),
        ("occurred_at", json!(in_a_week.to_string())),
        ("occurred_at", json!("yesterday")),
        ("colour", json!("red")),
    ];
    for (field, value) in cases {
        let good = json!({ "event_id": "refused-0", "occurred_at": at, "type": "view" });
        let (status, problem) = send(shop(), None, &json!([good, with(field, value)]));
        let named = json!(format!("events[1].{field}"));
        assert_eq!((status, &problem["field"]), (422, &named), "{problem}");
    }
    let many: Vec<Value> = (0..1_001)
        .map(|n| json!({ "event_id": format!("refused-{n}"), "occurred_at": at, "type": "view" }))
        .collect();
    let (status, problem) = send(shop(), None, &json!(many));
    assert_eq!((status, &problem["field"]), (422, &json!("events")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("1001") && detail.contains("1 to 1000"),
        "{detail}"
    );
    for key in ["", "\"\"", "a\tb", &"k".repeat(121)] {
        let (status, problem) = send(shop(), Some(key), &json!([click(at)]));
        let field = &problem["field"];
        assert_eq!(
            (status, field),
            (422, &json!("Idempotency-Key")),
            "{key:?}: {problem}"
        );
    }
    // Nothing of all that was taken: the good ones are new.
    assert_eq!(send(shop(), None, &json!(many[..1_000])), taken(1_000, 0));
}
