//! What the API answers, and how it refuses.

use crate::served::{ask, empty, get, post, shop};
use serde_json::{Value, json};

fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// A customer with many orders, found through the console's own list.
fn customer() -> String {
    let page = get(shop().address, "/customers", &[]).body;
    let after = page
        .split("/customers/")
        .nth(1)
        .expect("the page links to a customer");
    after.split(['"', '?']).next().unwrap().to_owned()
}

#[test]
fn a_decision_has_reasons_and_can_be_looked_up() {
    let asked =
        json!({ "customer_id": customer(), "placement": "for_you", "items": 5 }).to_string();
    let answer = post(
        shop().address,
        "/v1/products/for-you/decide",
        &[("x-request-id", "abc")],
        &asked,
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-request-id"), "abc");
    let decided = body(&answer.body);
    assert_eq!(decided["fallback"], false);
    let actions = decided["actions"].as_array().unwrap();
    assert!((1..=5).contains(&actions.len()), "{decided}");
    for action in actions {
        assert!(
            !action["reasons"].as_array().unwrap().is_empty() && action["propensity"] == 1.0,
            "{action}"
        );
    }
    let id = decided["decision_id"].as_str().unwrap();
    let logged = body(&get(shop().address, &format!("/v1/decisions/{id}"), &[]).body);
    assert_eq!(logged["decision_id"], id);
    assert_eq!(logged["version"], decided["version"]);
    assert_eq!(
        logged["answer"]["actions"].as_array().unwrap().len(),
        actions.len()
    );
}

#[test]
fn a_batch_answers_as_one_by_one() {
    let one = json!({ "customer_id": customer() });
    let batch = json!({ "requests": [one, one] }).to_string();
    let many = body(&post(shop().address, "/v1/products/for-you/decide", &[], &batch).body);
    let single = body(
        &post(
            shop().address,
            "/v1/products/for-you/decide",
            &[],
            &one.to_string(),
        )
        .body,
    );
    for answer in many["answers"].as_array().unwrap() {
        assert_eq!(answer["actions"], single["actions"]);
        assert_ne!(answer["decision_id"], single["decision_id"]);
    }
}

#[test]
fn an_explanation_adds_up() {
    let asked = json!({ "request": { "customer_id": customer() } }).to_string();
    let explained = body(&post(shop().address, "/v1/products/for-you/explain", &[], &asked).body);
    let e = &explained["explanation"];
    let sum: f64 = e["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["contribution"].as_f64().unwrap())
        .sum();
    let score = e["score"].as_f64().unwrap();
    assert!((sum - score).abs() <= 1e-5 * score.abs().max(1e-9), "{e}");
}

#[test]
fn an_unknown_customer_gets_what_is_popular_and_is_told_so() {
    let decided = body(
        &post(
            shop().address,
            "/v1/products/for-you/decide",
            &[],
            r#"{"customer_id":"nobody"}"#,
        )
        .body,
    );
    assert!(
        decided["method"]
            .as_str()
            .unwrap()
            .contains("nothing is known"),
        "{decided}"
    );
    let refused = post(
        shop().address,
        "/v1/products/value/decide",
        &[],
        r#"{"customer_id":"nobody"}"#,
    );
    assert_eq!(refused.status, 404);
    assert_eq!(body(&refused.body)["field"], "customer_id");
}

#[track_caller]
fn refused(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    sent: &str,
    status: u16,
    says: &[&str],
) {
    let answer = ask(shop().address, method, path, headers, sent);
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{answer:?}"
    );
    let problem = body(&answer.body);
    assert_eq!(problem["status"], status);
    for part in says {
        assert!(answer.body.contains(part), "no {part:?} in {problem}");
    }
}

#[test]
fn wrong_requests_name_their_field() {
    let json = &[("content-type", "application/json")][..];
    let decide = "/v1/products/for-you/decide";
    refused(
        "POST",
        decide,
        json,
        r#"{"items": "many"}"#,
        422,
        &["items", "u32"],
    );
    refused(
        "POST",
        decide,
        json,
        r#"{"items": 5000}"#,
        422,
        &["\"field\":\"items\"", "1 to 200"],
    );
    refused(
        "POST",
        decide,
        json,
        r#"{"colour": 1}"#,
        422,
        &["colour", "customer_id"],
    );
    refused(
        "POST",
        decide,
        json,
        r#"{"placement": "roof"}"#,
        422,
        &["placement", "for_you"],
    );
    refused(
        "POST",
        decide,
        json,
        r#"{"placement": "similar"}"#,
        422,
        &["product_id"],
    );
    refused(
        "POST",
        decide,
        json,
        r#"{"placement": "similar", "product_id": "none"}"#,
        404,
        &["product_id", "none"],
    );
    refused(
        "POST",
        decide,
        json,
        r#"{"customer_id": ""}"#,
        422,
        &["customer"],
    );
    refused("POST", decide, json, "{", 400, &["JSON"]);
    refused(
        "POST",
        decide,
        json,
        r#"{"requests": []}"#,
        422,
        &["requests", "1 to 1000"],
    );
    let many = format!("{{\"requests\": [{}]}}", vec!["{}"; 1_001].join(","));
    refused("POST", decide, json, &many, 422, &["requests", "1001"]);
    refused(
        "POST",
        decide,
        &[("content-type", "text/plain")],
        "{}",
        415,
        &["application/json"],
    );
    refused(
        "POST",
        "/v1/products/for-me/decide",
        json,
        "{}",
        404,
        &["for-me", "for-you"],
    );
    refused(
        "GET",
        "/v1/products/for-me",
        &[],
        "",
        404,
        &["for-me", "for-you"],
    );
    for path in ["/v1/products/%FF", "/v1/decisions/%FF"] {
        refused("GET", path, &[], "", 400, &["UTF-8"]);
    }
    refused(
        "POST",
        "/v1/products/%FF/decide",
        json,
        "{}",
        400,
        &["UTF-8"],
    );
    refused("GET", "/v1/decisions/unknown", &[], "", 404, &["unknown"]);
    refused("DELETE", "/v1/products", &[], "", 405, &["openapi"]);
    refused("GET", "/v2/anything", &[], "", 404, &["/v2/anything"]);
}

#[test]
fn a_wrong_field_is_named_by_its_whole_path() {
    let decide = "/v1/products/for-you/decide";
    let explain = "/v1/products/for-you/explain";
    let customer = customer();
    let asked = json!({ "customer_id": customer });
    let cases = [
        (decide, json!({ "items": "many" }), "items"),
        (
            decide,
            json!({ "requests": [asked, { "items": "many" }] }),
            "requests[1].items",
        ),
        (
            decide,
            json!({ "requests": [asked, { "items": 0 }] }),
            "requests[1].items",
        ),
        (decide, json!({ "requests": "all" }), "requests"),
        (decide, json!({ "recent": ["P1", 2] }), "recent[1]"),
        (
            explain,
            json!({ "request": { "items": "many" } }),
            "request.items",
        ),
        (
            explain,
            json!({ "request": { "items": 0 } }),
            "request.items",
        ),
        (explain, json!({ "request": asked, "about": 7 }), "about"),
    ];
    for (path, sent, field) in cases {
        let answer = post(shop().address, path, &[], &sent.to_string());
        let problem = body(&answer.body);
        assert_eq!(
            (answer.status, &problem["field"]),
            (422, &json!(field)),
            "{sent}: {problem}"
        );
    }
    let unknown = json!({ "request": asked, "about": "nothing" }).to_string();
    let problem = body(&post(shop().address, explain, &[], &unknown).body);
    assert_eq!(
        (&problem["status"], &problem["field"]),
        (&json!(404), &json!("about")),
        "{problem}"
    );
    // A batch is answered whole or not at all: the good question before the wrong one is not counted.
    let count = || {
        let metrics = get(shop().address, "/metrics", &[]).body;
        let line = metrics
            .lines()
            .find(|l| l.starts_with("comptoir_decisions_total{product=\"segments\""));
        line.map(str::to_owned)
    };
    let before = count();
    let batch = json!({ "requests": [asked, { "customer_id": "nobody" }] }).to_string();
    let refused = post(shop().address, "/v1/products/segments/decide", &[], &batch);
    assert_eq!(
        (refused.status, &body(&refused.body)["field"]),
        (404, &json!("requests[1].customer_id"))
    );
    assert_eq!(count(), before);
}

#[test]
fn a_hundred_megabytes_are_refused_without_being_kept() {
    let large = format!("{{\"customer_id\": \"{}\"}}", "x".repeat(100 << 20));
    refused(
        "POST",
        "/v1/products/for-you/decide",
        &[("content-type", "application/json")],
        &large,
        413,
        &["body_max"],
    );
}

#[test]
fn the_same_event_twice_is_one_event() {
    let event = json!({ "events": [
        { "event_id": "twice-1", "occurred_at": "2025-01-03T10:00:00Z", "type": "view", "customer_id": "C1" },
    ] })
    .to_string();
    let first = body(&post(shop().address, "/v1/events", &[], &event).body);
    let second = body(&post(shop().address, "/v1/events", &[], &event).body);
    assert_eq!(
        (&first["accepted"], &first["duplicates"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        (&second["accepted"], &second["duplicates"]),
        (&json!(0), &json!(1))
    );
    let unnamed = json!({ "events": [{ "occurred_at": "2025-01-03T10:00:00Z", "type": "click" }] })
        .to_string();
    let json_header = &[("content-type", "application/json")][..];
    refused(
        "POST",
        "/v1/events",
        json_header,
        &unnamed,
        422,
        &["events[0].event_id", "Idempotency-Key"],
    );
    let wrong = r#"{"events": [{"event_id": "e", "occurred_at": "yesterday", "type": "view"}]}"#;
    refused(
        "POST",
        "/v1/events",
        json_header,
        wrong,
        422,
        &["events[0].occurred_at"],
    );
    let wrong = r#"{"events": [{"event_id": "e", "occurred_at": "2025-01-03T10:00:00Z", "type": "heartbeat"}]}"#;
    refused(
        "POST",
        "/v1/events",
        json_header,
        wrong,
        422,
        &["events[0].type", "heartbeat", "purchase"],
    );
}

#[test]
fn a_product_without_a_champion_says_how_to_get_one() {
    let served = empty();
    let answer = post(served.address, "/v1/products/for-you/decide", &[], "{}");
    assert_eq!(answer.status, 503);
    assert!(
        answer.body.contains("comptoir run for-you") && !answer.header("retry-after").is_empty(),
        "{answer:?}"
    );
    assert_eq!(get(served.address, "/health/ready", &[]).status, 200);
}

#[test]
fn metrics_count_what_was_decided() {
    let asked = json!({ "customer_id": customer() }).to_string();
    assert_eq!(
        post(shop().address, "/v1/products/for-you/decide", &[], &asked).status,
        200
    );
    let metrics = get(shop().address, "/metrics", &[]);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let line = metrics
        .body
        .lines()
        .find(|l| l.starts_with("comptoir_decisions_total{") && l.contains("for-you"));
    let count: f64 = line
        .and_then(|l| l.rsplit(' ').next())
        .unwrap()
        .parse()
        .unwrap();
    assert!(count >= 1.0);
    assert!(
        metrics.body.contains("comptoir_decision_log_seconds_count"),
        "{}",
        metrics.body
    );
}

#[test]
fn the_committed_openapi_document_is_the_one_served() {
    let served = body(&get(shop().address, "/openapi.json", &[]).body);
    assert_eq!(served["openapi"], "3.1.0");
    let text = serde_json::to_string_pretty(&served).unwrap() + "\n";
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/openapi.json"
    );
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/reference/openapi.json differs; run UPDATE_REFERENCE=1 cargo test --workspace"
    );
}
