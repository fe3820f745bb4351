//! The OpenAPI 3.1 document, derived from the kinds and from the types that handlers read.

mod schemas;

use axum::Json;
use products::KINDS;
use serde_json::{Value, json};

/// What the header of that name does.
const IDEMPOTENCY_KEY: &str = "Makes the request safe to be sent again, and lets events leave out `event_id`; a UUID, say. \
    The same key with the same body gets the answer of the first time and adds no event. \
    The same key with another body is refused with 422 and `field` names the header. \
    The server remembers the last 10,000 keys since it started; a key that it has forgotten still adds no event twice, \
    since the identifiers are made of key and body, and loses none.";

/// What becomes of events.
const EVENTS: &str = "Events are on disk before they are confirmed. The same `event_id` twice is one event. \
    A purchase of a known customer is part of their history at once: it counts for the next answer, until an import brings \
    the sales of its day. One of a day whose sales were imported is among them already and adds none.";

/// What becomes of redemptions.
const REDEMPTIONS: &str = "Tells that an offer was redeemed, and what it cost. Less than was reserved frees the rest. \
    More, once more, or after the reservation expired, counts as spent all the same and is told as `excess_cents`: \
    the shop has given it away. What other decisions have reserved stays reserved. Where the ledger does not answer (503), \
    send the redemption again with the same key.";

/// What promoting needs.
const PROMOTE: &str = "Needs the scope `promote`. The version must beat its baseline and not be worse than the one that \
    answers, beyond their noise; `comptoir promote --despite-gate` is the way round. This server answers by it before it says so, others \
    within a second or two.";

/// What rolling back does.
const ROLLBACK: &str = "Needs the scope `promote`. Called again it goes back one step more.";

/// What becomes of an answer to an order.
const ORDER_ANSWER: &str = "Needs the scope `order`. The answer is about what the product proposes now, which the server looks up; \
    with `proposed_units` it is refused where that is no longer what the caller saw. It is on disk before it is confirmed, and a row \
    of table `order_answers` some seconds later. The same `answer_id` twice is one answer. Of several answers of one person to one \
    proposal the last holds.";

/// What is told of merchants.
const MERCHANTS: &str = "Of a data product of kind `launch`: records as the version that answers has learnt them, launches as the \
    lake has them now.";

/// Answers the document.
pub(crate) async fn serve() -> Json<Value> {
    Json(document())
}

fn problem(what: &str) -> Value {
    json!({ "description": what, "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } })
}

fn answers(ok: &str, schema: &Value) -> Value {
    json!({
        "200": { "description": ok, "content": { "application/json": { "schema": schema } } },
        "400": problem("The body is no JSON, or a part of the path no text."),
        "401": problem("No valid API key."),
        "403": problem("The key lacks the scope."),
        "404": problem("No such product, customer, item or decision; `field` names which."),
        "413": problem("The body is larger than the project allows."),
        "415": problem("The body is not application/json."),
        "422": problem("A field is wrong; `field` names it, `detail` what is allowed."),
        "429": problem("More requests than the project allows; see Retry-After."),
        "500": problem("Something failed on our side; the server's log says what. The request may be sent again."),
        "503": problem("Not now: no version answers yet, the shop cannot be read, or the decision log cannot keep up; see Retry-After."),
    })
}

/// What becomes of a change of who answers.
fn moved(ok: &str) -> Value {
    let mut answers = answers(ok, &reference("AliasChange"));
    answers["409"] = problem("The gate is closed, or somebody changed it meanwhile.");
    answers
}

/// What becomes of an answer to an order.
fn order_answered() -> Value {
    let mut answers = answers("The answer as it was taken.", &reference("OrderAnswered"));
    answers["409"] = problem(
        "Another quantity is proposed by now, or the identifier stands for another answer; `field` names which.",
    );
    answers
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
    let one_or_all = json!({ "oneOf": [reference("Answer"), reference("Answers")] });
    let content = |media: &str, schema: &Value| json!({ media: { "schema": schema } });
    let plain = |what: &str, media: &str, schema: &Value| json!({ "200": { "description": what, "content": content(media, schema) } });
    let text = json!({ "type": "string" });
    let ready = content("application/json", &reference("Ready"));
    let mut metrics = answers("Figures.", &text);
    metrics["200"]["content"] = content("text/plain", &text);
    json!({
        "/v1/products": { "get": {
            "summary": "The data products, and the version of each that answers", "operationId": "products",
            "responses": answers("The data products.", &reference("Products")),
        } },
        "/v1/products/{name}": { "get": {
            "summary": "One data product: its card, its versions and their scorecards", "operationId": "product",
            "parameters": product, "responses": answers("The data product.", &reference("ProductPage")),
        } },
        "/v1/products/{name}/decide": { "post": {
            "summary": "Decide", "operationId": "decide", "parameters": product,
            "description": "One question, or `requests` with several. The decision is on disk before it is answered.",
            "requestBody": body(&one_or_many, &asked), "responses": answers("The decision; one for each of `requests`, in their order.", &one_or_all),
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
            "responses": answers("Contributions that add up to the score, limits, and why not.", &reference("Explained")),
        } },
        "/v1/products/{name}/promote": { "post": {
            "summary": "Let a version answer, if its gate opens", "operationId": "promote", "parameters": product,
            "description": PROMOTE,
            "requestBody": body(&reference("Promotion"), &json!({ "version": 5, "why": "looked at in the shadow", "who": "the team of the home page" })),
            "responses": moved("The change, as the audit has it."),
        } },
        "/v1/products/{name}/rollback": { "post": {
            "summary": "Let the version before answer again", "operationId": "rollback", "parameters": product,
            "description": ROLLBACK,
            "requestBody": body(&reference("Rollback"), &json!({ "why": "odd answers since this morning", "who": "the team of the home page" })),
            "responses": moved("The change, as the audit has it."),
        } },
        "/v1/products/{name}/orders/answer": { "post": {
            "summary": "Accept, change or refuse a proposed order", "operationId": "answer_order", "parameters": product,
            "description": ORDER_ANSWER,
            "requestBody": body(&reference("OrderAnswer"), &json!({ "answer_id": "2025-12-01/lyon/85123A", "product_id": "85123A", "site_id": "lyon",
                "proposed_units": 24, "answer": "changed", "ordered_units": 36, "reason": "street festival", "who": "ana" })),
            "responses": order_answered(),
        } },
        "/v1/products/{name}/merchants": { "get": {
            "summary": "What merchants' estimates of launches were worth, the worst first", "operationId": "merchants",
            "description": MERCHANTS,
            "parameters": product, "responses": answers("The merchants with an estimate.", &reference("Merchants")),
        } },
        "/v1/products/{name}/merchants/{id}": { "get": {
            "summary": "What one merchant's estimates were worth, and the last launches beside what sold", "operationId": "merchant",
            "description": MERCHANTS,
            "parameters": [product[0], parameter("id", "The merchant, as in the table `products`.")[0]],
            "responses": answers("The merchant.", &reference("Merchant")),
        } },
        "/v1/decisions/{id}": { "get": {
            "summary": "A decision as it was logged", "operationId": "decision",
            "parameters": parameter("id", "The `decision_id` of an answer."), "responses": answers("The decision.", &reference("Decision")),
        } },
        "/v1/events": { "post": {
            "summary": "Tell what visitors did", "operationId": "events",
            "description": EVENTS,
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
            "responses": answers("How many were new.", &reference("Taken")),
        } },
        "/v1/redemptions": { "post": {
            "summary": "Tell that an offer was redeemed", "operationId": "redemptions",
            "description": REDEMPTIONS,
            "parameters": [{
                "name": "Idempotency-Key", "in": "header", "required": true,
                "schema": { "type": "string", "minLength": 1, "maxLength": 120 },
                "description": "Names the redemption: the same key twice counts once, for ever. With another decision or amount it is refused with 422.",
            }],
            "requestBody": body(&reference("Redemption"), &json!({ "decision_id": "0199f1", "redeemed_cents": 450 })),
            "responses": answers("What it changed.", &reference("Redeemed")),
        } },
        "/v1/requests": { "get": {
            "summary": "How requests to this server are answered: times, sizes, problems, and the slowest of the last hour", "operationId": "requests",
            "responses": answers("Since the server started.", &reference("Requests")),
        } },
        "/health/live": { "get": { "summary": "The process answers", "operationId": "live", "security": [],
            "responses": plain("Alive.", "text/plain", &text) } },
        "/health/ready": { "get": { "summary": "Lake and registry can be read, and every champion answers", "operationId": "ready", "security": [],
            "responses": { "200": { "description": "Ready.", "content": ready }, "503": { "description": "Not ready, and why.", "content": ready } } } },
        "/metrics": { "get": { "summary": "Figures in the text format of Prometheus", "operationId": "metrics", "responses": metrics } },
        "/openapi.json": { "get": { "summary": "This document", "operationId": "openapi", "security": [],
            "responses": plain("OpenAPI 3.1.", "application/json", &json!({ "type": "object", "additionalProperties": true })) } },
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
            "schemas": schemas::all(),
        },
    })
}
