//! What real requests are answered is what the OpenAPI document says, for every route of it.

use crate::house::customers;
use crate::served::{
    Served, ask, empty, get, lock, project, promise, serving, shop, train, trained, within,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is wrong with a value by a schema of the document. Stricter than JSON Schema in one point: what an answer holds
/// is named in its schema.
fn wrong(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Some(keywords) = schema.as_object() else {
        return vec![format!("{at}: {schema} is no schema")];
    };
    let empty = serde_json::Map::new();
    let named = schema["properties"].as_object().unwrap_or(&empty);
    let mut found = Vec::new();
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "description" | "title" | "examples" | "default" | "pattern" | "properties" => {}
            "$ref" => {
                let target = document.pointer(rule.as_str().unwrap().trim_start_matches('#'));
                let target = target.unwrap_or_else(|| panic!("{rule} leads nowhere"));
                found.extend(wrong(document, target, value, at));
            }
            "oneOf" => {
                let tried = rule.as_array().unwrap().iter();
                let tried: Vec<_> = tried.map(|s| wrong(document, s, value, at)).collect();
                let fit = tried.iter().filter(|errors| errors.is_empty()).count();
                if fit != 1 {
                    found.push(format!("{at} fits {fit} of {}: {tried:?}", tried.len()));
                }
            }
            "type" => {
                let is = |kind: &Value| match kind.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("{other} is no type"),
                };
                if !rule
                    .as_array()
                    .map_or_else(|| is(rule), |all| all.iter().any(is))
                {
                    found.push(format!("{at} is {value}, allowed is {rule}"));
                }
            }
            "format" => {
                let text = value.as_str().unwrap_or_default();
                let fits = match rule.as_str().unwrap() {
                    "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
                    "date" => value.is_null() || text.parse::<jiff::civil::Date>().is_ok(),
                    "uint16" | "uint32" => value.is_null() || value.as_u64().is_some(),
                    "double" => value.is_null() || value.is_number(),
                    other => panic!("{other} is no format that this test knows"),
                };
                if !fits {
                    found.push(format!("{at} is {value}, allowed is a {rule}"));
                }
            }
            "enum" => {
                if !rule.as_array().unwrap().contains(value) {
                    found.push(format!("{at} is {value}, allowed is {rule}"));
                }
            }
            "const" => {
                if rule != value {
                    found.push(format!("{at} is {value}, allowed is {rule}"));
                }
            }
            "minimum" | "maximum" => {
                let limit = rule.as_f64().unwrap();
                let beyond = |v: f64| (keyword == "minimum") == (v < limit) && v != limit;
                if value.as_f64().is_some_and(beyond) {
                    found.push(format!("{at} is {value}, its {keyword} is {limit}"));
                }
            }
            "required" => {
                let missing = rule.as_array().unwrap().iter().filter_map(Value::as_str);
                let missing = missing.filter(|name| value.get(name).is_none());
                found.extend(missing.map(|name| format!("{at}.{name} is missing")));
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(wrong(document, rule, item, &format!("{at}[{n}]")));
                }
            }
            "additionalProperties" => {}
            other => panic!("{at}: this test does not know the keyword {other}"),
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match (named.get(name), &schema["additionalProperties"]) {
            (Some(schema), _) => found.extend(wrong(document, schema, inner, &at)),
            (None, schema @ Value::Object(_)) => {
                found.extend(wrong(document, schema, inner, &at));
            }
            (None, Value::Bool(true)) => {}
            // What is told elsewhere, by a reference or one of several, names its own properties.
            (None, _) if keywords.contains_key("$ref") || keywords.contains_key("oneOf") => {}
            (None, _) => found.push(format!("{at} is not in the document")),
        }
    }
    found
}

/// Requests whose answers are compared with the document.
struct Asking {
    document: Value,
    /// Methods, paths and statuses that were answered.
    seen: BTreeSet<(String, String, u16)>,
}

impl Asking {
    /// Sends a request; gives the status and the answer, where that is JSON.
    fn send(
        &mut self,
        served: &Served,
        (method, pattern, path): (&str, &str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value) {
        let answer = ask(served.address, method, path, headers, body);
        let of = &self.document["paths"][pattern][method.to_lowercase()];
        let content = &of["responses"][answer.status.to_string()]["content"];
        let media = answer.header("content-type").split(';').next().unwrap();
        let schema = &content[media]["schema"];
        assert!(
            !schema.is_null(),
            "{method} {pattern} has no {} of {media}: {answer:?}",
            answer.status
        );
        let value = if media.ends_with("json") {
            serde_json::from_str(&answer.body).unwrap()
        } else {
            json!(answer.body)
        };
        let found = wrong(&self.document, schema, &value, "answer");
        assert!(
            found.is_empty(),
            "{method} {path} {body}: {found:#?}\n{value:#}"
        );
        // What was answered was asked as the document says.
        if answer.status == 200 && !body.is_empty() {
            let schema = &of["requestBody"]["content"]["application/json"]["schema"];
            let body: Value = serde_json::from_str(body).unwrap();
            let found = wrong(&self.document, schema, &body, "request");
            assert!(found.is_empty(), "{method} {path}: {found:#?}\n{body:#}");
        }
        let seen = (method.to_lowercase(), pattern.to_owned(), answer.status);
        self.seen.insert(seen);
        (answer.status, value)
    }

    fn get(&mut self, served: &Served, pattern: &str, path: &str) -> (u16, Value) {
        self.send(served, ("GET", pattern, path), &[], "")
    }

    fn post(&mut self, served: &Served, pattern: &str, path: &str, body: &Value) -> (u16, Value) {
        let json = [("content-type", "application/json")];
        self.send(served, ("POST", pattern, path), &json, &body.to_string())
    }

    /// Asks a product and looks its decisions up.
    fn decide(&mut self, product: &str, body: &Value) -> u16 {
        let path = format!("/v1/products/{product}/decide");
        let (status, answer) = self.post(shop(), "/v1/products/{name}/decide", &path, body);
        let many = answer["answers"].as_array().cloned();
        for one in many.unwrap_or_else(|| vec![answer.clone()]) {
            if let Some(id) = one["decision_id"].as_str() {
                let path = format!("/v1/decisions/{id}");
                assert_eq!(self.get(shop(), "/v1/decisions/{id}", &path).0, 200);
            }
        }
        status
    }
}

#[test]
fn every_route_answers_as_the_document_says() {
    let document = get(shop().address, "/openapi.json", &[]).body;
    let mut asking = Asking {
        document: serde_json::from_str(&document).unwrap(),
        seen: BTreeSet::new(),
    };
    let customers = customers(shop());
    let [first, second] = [0, 1].map(|n| json!({ "customer_id": customers[n] }));
    let popular = json!({ "placement": "popular", "items": 3 });
    let (_, best) = asking.post(
        shop(),
        "/v1/products/{name}/decide",
        "/v1/products/for-you/decide",
        &popular,
    );
    let product = best["actions"][0]["id"].as_str().unwrap().to_owned();

    // Good questions to every product, one by one and together, and where the answer is empty or short.
    for placement in [
        "for_you",
        "buy_again",
        "similar",
        "complementary",
        "popular",
    ] {
        let asked = json!({ "customer_id": customers[0], "product_id": product, "placement": placement, "items": 150 });
        assert_eq!(asking.decide("for-you", &asked), 200);
        let explain = json!({ "request": asked, "about": product });
        let path = "/v1/products/for-you/explain";
        asking.post(shop(), "/v1/products/{name}/explain", path, &explain);
    }
    for name in ["for-you", "value", "segments"] {
        assert_eq!(
            asking.decide(name, &json!({ "requests": [first, second] })),
            200
        );
        for customer in &customers {
            let asked = json!({ "customer_id": customer });
            assert_eq!(asking.decide(name, &asked), 200);
            let path = format!("/v1/products/{name}/explain");
            let explain = json!({ "request": asked });
            asking.post(shop(), "/v1/products/{name}/explain", &path, &explain);
        }
        asking.get(
            shop(),
            "/v1/products/{name}",
            &format!("/v1/products/{name}"),
        );
    }
    for path in [
        "/v1/products",
        "/v1/requests",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
    ] {
        assert_eq!(asking.get(shop(), path, path).0, 200);
    }
    let event = json!({ "event_id": "documented", "occurred_at": "2025-01-03T10:00:00Z", "type": "purchase",
        "customer_id": "C1", "session_id": "s", "product_id": product, "position": 1, "query": "tea", "quantity": 2,
        "decision_id": best["decision_id"] });
    let events = "/v1/events";
    for _ in 0..2 {
        asking.post(shop(), events, events, &json!({ "events": [event] }));
    }

    promise(shop(), "documented");
    let redemption = json!({ "decision_id": "documented", "redeemed_cents": 700 }).to_string();
    let (redemptions, json) = ("/v1/redemptions", ("content-type", "application/json"));
    let path = ("POST", redemptions, redemptions);
    let with_key = [json, ("idempotency-key", "till 1")];
    for repeated in [false, true] {
        let (status, told) = asking.send(shop(), path, &with_key, &redemption);
        assert_eq!((status, &told["repeated"]), (200, &json!(repeated)));
        assert_eq!(told["excess_cents"], 200);
    }
    assert_eq!(asking.send(shop(), path, &[json], &redemption).0, 422);
    let unknown = redemption.replace("documented", "nobody's");
    let with_key = [json, ("idempotency-key", "till 2")];
    assert_eq!(asking.send(shop(), path, &with_key, &unknown).0, 404);

    let promote = "/v1/products/{name}/promote";
    let rollback = "/v1/products/{name}/rollback";
    // Back to the version before, and forth.
    let folder = trained();
    within(folder.path(), async |workshop| {
        train(workshop, "2025-06-10T06:00:00Z").await;
    });
    let of_two = serving(folder);
    let body = json!({ "why": "a test", "who": "it" });
    let path = "/v1/products/value/rollback";
    assert_eq!(asking.post(&of_two, rollback, path, &body).0, 200);
    let body = json!({ "version": 2, "why": "a test", "who": "it" });
    let path = "/v1/products/value/promote";
    assert_eq!(asking.post(&of_two, promote, path, &body).0, 200);
    // Each way to be refused.
    for (name, status, body) in [
        (
            "value",
            409,
            json!({ "version": 1, "why": "a test", "who": "it" }),
        ),
        (
            "value",
            404,
            json!({ "version": 7, "why": "a test", "who": "it" }),
        ),
        ("value", 422, json!({ "version": 1, "why": "nobody signs" })),
        (
            "none",
            404,
            json!({ "version": 1, "why": "a test", "who": "it" }),
        ),
    ] {
        let path = format!("/v1/products/{name}/promote");
        assert_eq!(
            asking.post(shop(), promote, &path, &body).0,
            status,
            "{body}"
        );
    }
    let body = json!({ "why": "a test", "who": "it" });
    let path = "/v1/products/value/rollback";
    assert_eq!(asking.post(shop(), rollback, path, &body).0, 409);

    // A proposed order is answered, and answered otherwise under the same identifier.
    let (answer, of_stock) = (
        "/v1/products/{name}/orders/answer",
        serving(crate::orders::trained()),
    );
    let path = "/v1/products/stock/orders/answer";
    for (status, units) in [(200, 6_000), (200, 6_000), (409, 6_006)] {
        let body = json!({ "answer_id": "a1", "product_id": "p0", "site_id": "s0", "answer": "changed",
            "ordered_units": units, "reason": "street festival", "who": "it" });
        assert_eq!(asking.post(&of_stock, answer, path, &body).0, status);
    }

    // Merchants, all and one, and one that nobody knows.
    let club = crate::launches::club();
    let (all, one) = (
        "/v1/products/{name}/merchants",
        "/v1/products/{name}/merchants/{id}",
    );
    for (pattern, path, status) in [
        (all, "/v1/products/launch/merchants", 200),
        (one, "/v1/products/launch/merchants/carl", 200),
        (one, "/v1/products/launch/merchants/dora", 404),
    ] {
        assert_eq!(asking.get(club, pattern, path).0, status, "{path}");
    }

    // Each way to be refused.
    let decide = "/v1/products/{name}/decide";
    for (status, body) in [
        (404, json!({ "placement": "similar", "product_id": "none" })),
        (422, json!({ "items": "many" })),
        (422, json!({ "requests": [{ "items": 0 }] })),
    ] {
        assert_eq!(asking.decide("for-you", &body), status);
    }
    assert_eq!(
        asking
            .get(shop(), "/v1/decisions/{id}", "/v1/decisions/none")
            .0,
        404
    );
    assert_eq!(
        asking
            .get(shop(), "/v1/products/{name}", "/v1/products/none")
            .0,
        404
    );
    let (json, text) = (
        ("content-type", "application/json"),
        ("content-type", "text/plain"),
    );
    let large = format!("{{\"customer_id\": \"{}\"}}", "x".repeat(2 << 20));
    for (status, header, body) in [
        (400, json, "{"),
        (415, text, "{}"),
        (413, json, large.as_str()),
    ] {
        let path = ("POST", decide, "/v1/products/for-you/decide");
        assert_eq!(asking.send(shop(), path, &[header], body).0, status);
    }
    let without = empty();
    let path = "/v1/products/for-you/decide";
    assert_eq!(asking.post(&without, decide, path, &json!({})).0, 503);
    assert_eq!(asking.get(&without, "/v1/products", "/v1/products").0, 200);
    assert_eq!(
        asking.get(&without, "/health/ready", "/health/ready").0,
        200
    );
    let folder = project();
    lock(folder.path());
    assert_eq!(
        asking
            .get(&serving(folder), "/v1/products", "/v1/products")
            .0,
        401
    );

    let (paths, seen) = (&asking.document["paths"], &asking.seen);
    for (path, methods) in paths.as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let answered = (method.clone(), path.clone(), 200);
            assert!(seen.contains(&answered), "nobody asked {method} {path}");
        }
    }
}
