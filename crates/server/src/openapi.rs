//! The OpenAPI 3.1 document, derived from the kinds and from the types that handlers read.

use axum::Json;
use products::{Asked, KINDS};
use serde_json::{Value, json};

/// What the header of that name does.
const IDEMPOTENCY_KEY: &str = "Makes the request safe to be sent again, and lets events leave out `event_id`; a UUID, say. \
    The same key with the same body gets the answer of the first time and adds no event. \
    The same key with another body is refused with 422 and `field` names the header. \
    The server remembers the last 10,000 keys since it started; a key that it has forgotten still adds no event twice, \
    since the identifiers are made of key and body, and loses none.";

/// Answers the document.
pub(crate) async fn serve() -> Json<Value> {
    Json(document())
}

fn problem(what: &str) -> Value {
    json!({ "description": what, "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } })
}

fn answers(ok: &str, schema: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    json!({
        "200": { "description": ok, "content": { "application/json": { "schema": schema } } },
        "400": problem("The body is no JSON."),
        "401": problem("No valid API key."),
        "403": problem("The key lacks the scope."),
        "404": problem("No such product, customer, item or decision; `field` names which."),
        "413": problem("The body is larger than the project allows."),
        "415": problem("The body is not application/json."),
        "422": problem("A field is wrong; `field` names it, `detail` what is allowed."),
        "429": problem("More requests than the project allows; see Retry-After."),
        "503": problem("Not now: no version answers yet, or the decision log cannot keep up; see Retry-After."),
    })
}

fn parameter(name: &str, meaning: &str) -> Value {
    json!([{ "name": name, "in": "path", "required": true, "description": meaning, "schema": { "type": "string" } }])
}

fn body(schema: &Value, example: &Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema, "example": example } } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn paths() -> Value {
    let product = parameter("name", "Name of the data product: that of its file.");
    let one_or_many = json!({ "oneOf": [
        reference("Asked"),
        { "type": "object", "additionalProperties": false, "required": ["requests"],
          "properties": { "requests": { "type": "array", "items": reference("Asked") } } },
    ] });
    let asked = json!({ "customer_id": "17850", "placement": "for_you", "items": 12 });
    let plain = |what: &str, media: &str| json!({ "200": { "description": what, "content": { media: {} } } });
    json!({
        "/v1/products": { "get": {
            "summary": "The data products, and the version of each that answers", "operationId": "products",
            "responses": answers("The data products.", "Object"),
        } },
        "/v1/products/{name}": { "get": {
            "summary": "One data product: its card, its versions and their scorecards", "operationId": "product",
            "parameters": product, "responses": answers("The data product.", "Object"),
        } },
        "/v1/products/{name}/decide": { "post": {
            "summary": "Decide", "operationId": "decide", "parameters": product,
            "description": "One question, or `requests` with several. The decision is on disk before it is answered.",
            "requestBody": body(&one_or_many, &asked), "responses": answers("The decision.", "Answer"),
        } },
        "/v1/products/{name}/explain": { "post": {
            "summary": "Explain what is decided, or why something else is not", "operationId": "explain", "parameters": product,
            "requestBody": body(
                &json!({ "type": "object", "additionalProperties": false, "required": ["request"], "properties": {
                    "request": reference("Asked"),
                    "about": { "type": "string", "description": "The action to explain; the best one where absent." },
                } }),
                &json!({ "request": asked, "about": "85123A" }),
            ),
            "responses": answers("Contributions that add up to the score, limits, and why not.", "Object"),
        } },
        "/v1/decisions/{id}": { "get": {
            "summary": "A decision as it was logged", "operationId": "decision",
            "parameters": parameter("id", "The `decision_id` of an answer."), "responses": answers("The decision.", "Object"),
        } },
        "/v1/events": { "post": {
            "summary": "Tell what visitors did", "operationId": "events",
            "description": "Events are on disk before they are confirmed. The same `event_id` twice is one event.",
            "parameters": [{
                "name": "Idempotency-Key", "in": "header", "required": false,
                "schema": { "type": "string", "minLength": 1, "maxLength": 120 },
                "description": IDEMPOTENCY_KEY,
            }],
            "requestBody": body(
                &json!({ "type": "object", "additionalProperties": false, "required": ["events"],
                         "properties": { "events": { "type": "array", "items": reference("Event") } } }),
                &json!({ "events": [{ "event_id": "e1", "occurred_at": "2025-12-01T10:00:00Z", "type": "purchase", "customer_id": "17850", "product_id": "85123A", "quantity": 2 }] }),
            ),
            "responses": answers("How many were new.", "Object"),
        } },
        "/health/live": { "get": { "summary": "The process answers", "operationId": "live", "security": [], "responses": plain("Alive.", "text/plain") } },
        "/health/ready": { "get": { "summary": "Every champion answers", "operationId": "ready", "security": [], "responses": plain("Ready.", "application/json") } },
        "/metrics": { "get": { "summary": "Figures in the text format of Prometheus", "operationId": "metrics", "responses": plain("Figures.", "text/plain") } },
        "/openapi.json": { "get": { "summary": "This document", "operationId": "openapi", "security": [], "responses": plain("OpenAPI 3.1.", "application/json") } },
    })
}

/// The fields of table `events` as JSON Schema.
fn event() -> Value {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for column in schema::table::table("events").map_or(&[][..], |t| &t.columns) {
        let kind = match column.kind {
            schema::table::ColumnType::Integer | schema::table::ColumnType::Cents => "integer",
            schema::table::ColumnType::Number => "number",
            schema::table::ColumnType::Boolean => "boolean",
            schema::table::ColumnType::Text
            | schema::table::ColumnType::Date
            | schema::table::ColumnType::Timestamp => "string",
        };
        let mut property = json!({ "type": kind, "description": column.meaning });
        if !column.allowed.is_empty() {
            property["enum"] = json!(column.allowed);
        }
        properties.insert(column.name.clone(), property);
        if !column.nullable && column.name != "event_id" {
            required.push(column.name.clone());
        }
    }
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn schemas() -> Value {
    let mut asked = serde_json::to_value(schemars::schema_for!(Asked)).unwrap_or_default();
    if let Some(fields) = asked.as_object_mut() {
        fields.remove("$schema");
    }
    let placements: Vec<&str> = KINDS
        .iter()
        .flat_map(|k| k.card().placements)
        .copied()
        .collect();
    asked["properties"]["placement"]["examples"] = json!(placements);
    json!({
        "Asked": asked,
        "Answer": {
            "type": "object",
            "required": ["decision_id", "product", "version", "decided_at", "holdout", "fallback", "actions", "method"],
            "properties": {
                "decision_id": { "type": "string", "description": "Send it back with events that answer this decision." },
                "product": { "type": "string" },
                "version": { "type": "integer" },
                "decided_at": { "type": "string", "format": "date-time" },
                "holdout": { "type": "boolean", "description": "The customer belongs to the universal holdout and got the baseline." },
                "fallback": { "type": "boolean", "description": "The baseline answered because the version failed or was late." },
                "placement": { "type": "string" },
                "method": { "type": "string", "description": "The method that scored." },
                "actions": { "type": "array", "items": { "type": "object", "properties": {
                    "position": { "type": "integer", "minimum": 1 },
                    "id": { "type": "string" },
                    "label": { "type": "string" },
                    "score": { "type": "number", "description": "Comparable within one answer; absent where there is none." },
                    "estimate": { "type": "object", "description": "The figure with its interval, or why it is not measurable." },
                    "unit": { "type": "string" },
                    "propensity": { "type": "number", "minimum": 0, "maximum": 1 },
                    "reasons": { "type": "array", "items": { "type": "object", "properties": {
                        "code": { "type": "string" }, "values": { "type": "object" }, "text": { "type": "string" } } } },
                } } },
                "short_of": { "type": "object", "description": "How many actions are missing, and which limits took them." },
            },
        },
        "Event": event(),
        "Object": { "type": "object" },
        "Problem": {
            "type": "object", "description": "RFC 9457.", "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
                "detail": { "type": "string" }, "field": { "type": "string" },
            },
        },
    })
}

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let kinds: Vec<String> = KINDS
        .iter()
        .map(|k| format!("- `{}`: {}", k.card().kind, k.card().question))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Comptoir",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("Decisions of a retailer's data products.\n\nKinds:\n\n{}", kinds.join("\n")),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "key": [] }],
        "paths": paths(),
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer", "description": "An API key; not needed while the project allows anonymous requests on loopback." } },
            "schemas": schemas(),
        },
    })
}
