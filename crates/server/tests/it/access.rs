//! Who may do what: every route, every scope.

use crate::served::{
    Served, ask, edit, get, key, lock, locked, post, project, promise, serving, trained, within,
};
use serde_json::{Value, json};
use server::{ServeError, ServeOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

/// A trained shop that answers nobody without a key, and a key for each scope; `revoked` opened everything once.
fn guarded() -> (Served, BTreeMap<&'static str, String>) {
    let folder = trained();
    lock(folder.path());
    let keys = within(folder.path(), async |workshop| {
        let mut keys = BTreeMap::new();
        for scope in ["read", "decide", "ingest", "order", "promote", "admin"] {
            keys.insert(scope, key(workshop, scope).await.plaintext);
        }
        let admin = ["admin".to_owned()].into();
        let at = jiff::Timestamp::UNIX_EPOCH;
        let revoked = workshop
            .registry
            .create_key("till", &admin, [9; 32], at)
            .await
            .unwrap();
        workshop
            .registry
            .revoke_key(revoked.record.id, at)
            .await
            .unwrap();
        keys.insert("revoked", revoked.plaintext);
        keys
    });
    (serving(folder), keys)
}

struct Route {
    method: &'static str,
    /// As in the OpenAPI document.
    pattern: &'static str,
    path: String,
    body: Value,
    /// The scope that opens it; nothing where it is open to all.
    scope: Option<&'static str>,
    /// The status once it is open.
    open: u16,
}

fn routes(customer: &str, decision: &str) -> Vec<Route> {
    let get = |pattern, path: &str, scope| Route {
        method: "GET",
        pattern,
        path: path.to_owned(),
        body: Value::Null,
        scope,
        open: 200,
    };
    let post = |pattern, path: &str, scope, body| Route {
        method: "POST",
        pattern,
        path: path.to_owned(),
        body,
        scope: Some(scope),
        open: 200,
    };
    // It answers already, and none did before: that is told to whoever may ask.
    let moving = |pattern, path: &str, body| Route {
        open: 409,
        ..post(pattern, path, "promote", body)
    };
    let asked = json!({ "customer_id": customer });
    let event = json!({ "event_id": "e1", "occurred_at": "2025-01-03T10:00:00Z", "type": "view" });
    let decision = format!("/v1/decisions/{decision}");
    vec![
        get("/v1/products", "/v1/products", Some("read")),
        get("/v1/products/{name}", "/v1/products/value", Some("read")),
        post(
            "/v1/products/{name}/decide",
            "/v1/products/value/decide",
            "decide",
            asked.clone(),
        ),
        post(
            "/v1/products/{name}/explain",
            "/v1/products/value/explain",
            "decide",
            json!({ "request": asked }),
        ),
        moving(
            "/v1/products/{name}/promote",
            "/v1/products/value/promote",
            json!({ "version": 1, "why": "to see what happens" }),
        ),
        moving(
            "/v1/products/{name}/rollback",
            "/v1/products/value/rollback",
            json!({ "why": "to see what happens" }),
        ),
        // It proposes no orders: that is told to whoever may answer them.
        Route {
            open: 404,
            ..post(
                "/v1/products/{name}/orders/answer",
                "/v1/products/value/orders/answer",
                "order",
                json!({ "product_id": "P1", "site_id": "S1", "answer": "accepted" }),
            )
        },
        // It reads no estimates: that is told to whoever may read.
        Route {
            open: 404,
            ..get(
                "/v1/products/{name}/merchants",
                "/v1/products/value/merchants",
                Some("read"),
            )
        },
        Route {
            open: 404,
            ..get(
                "/v1/products/{name}/merchants/{id}",
                "/v1/products/value/merchants/anna",
                Some("read"),
            )
        },
        get("/v1/decisions/{id}", &decision, Some("read")),
        post(
            "/v1/events",
            "/v1/events",
            "ingest",
            json!({ "events": [event] }),
        ),
        post(
            "/v1/redemptions",
            "/v1/redemptions",
            "ingest",
            json!({ "decision_id": "promised", "redeemed_cents": 450 }),
        ),
        get("/v1/requests", "/v1/requests", Some("read")),
        get("/metrics", "/metrics", Some("read")),
        get("/health/live", "/health/live", None),
        get("/health/ready", "/health/ready", None),
        get("/openapi.json", "/openapi.json", None),
    ]
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// Asks a route, with a key where there is one; gives the status and the body.
fn asked(address: SocketAddr, route: &Route, key: Option<&str>) -> (u16, String) {
    let authorization = key.map(bearer);
    let mut headers = vec![("content-type", "application/json")];
    if route.pattern == "/v1/redemptions" {
        headers.push(("idempotency-key", "till 1"));
    }
    headers.extend(authorization.as_deref().map(|a| ("authorization", a)));
    let body = if route.body.is_null() {
        String::new()
    } else {
        route.body.to_string()
    };
    let answer = ask(address, route.method, &route.path, &headers, &body);
    if answer.status == 401 {
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("Bearer"), "{answer:?}");
    }
    (answer.status, answer.body)
}

#[test]
fn every_route_opens_to_its_scope_and_to_no_other() {
    let (served, keys) = guarded();
    promise(&served, "promised");
    let read = bearer(&keys["read"]);
    let page = get(served.address, "/customers", &[("authorization", &read)]).body;
    let customer = page.split("/customers/").nth(1).unwrap();
    let customer = customer.split(['"', '?']).next().unwrap();
    let decide = bearer(&keys["decide"]);
    let question = json!({ "customer_id": customer }).to_string();
    let path = "/v1/products/for-you/decide";
    let answer = post(
        served.address,
        path,
        &[("authorization", &decide)],
        &question,
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let routes = routes(customer, answer["decision_id"].as_str().unwrap());

    let document: Value =
        serde_json::from_str(&get(served.address, "/openapi.json", &[]).body).unwrap();
    let documented: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods
                .map(|m| (m.to_uppercase(), path.clone()))
                .collect::<Vec<_>>()
        })
        .collect();
    let tried = routes
        .iter()
        .map(|r| (r.method.to_owned(), r.pattern.to_owned()));
    assert_eq!(
        documented,
        tried.collect(),
        "a route without a row here, or a row without a route"
    );

    for route in &routes {
        let ask = |key: Option<&str>| asked(served.address, route, key);
        let told = |(status, body): (u16, String)| {
            format!("{} {}: {status} {body}", route.method, route.path)
        };
        let Some(scope) = route.scope else {
            assert_eq!(ask(None).0, 200, "{}", told(ask(None)));
            continue;
        };
        assert_eq!(ask(None).0, 401, "{}", told(ask(None)));
        assert_eq!(ask(Some("ck_wrong")).0, 401);
        let revoked = ask(Some(&keys["revoked"]));
        assert!(
            revoked.0 == 401 && revoked.1.contains("revoked"),
            "{}",
            told(revoked)
        );
        for held in ["read", "decide", "ingest", "order", "promote"] {
            let (status, body) = ask(Some(&keys[held]));
            let expected = if held == scope { route.open } else { 403 };
            assert_eq!(status, expected, "{held}: {}", told((status, body)));
            if expected == 403 {
                let names = format!("scope {scope} is needed, the key has {held}");
                assert!(body.contains(&names), "{body}");
            }
        }
        assert_eq!(
            ask(Some(&keys["admin"])).0,
            route.open,
            "{}",
            told(ask(Some(&keys["admin"])))
        );
    }
    // The console shows what may be read, and asks a browser for the key.
    for path in [
        "/",
        "/customers",
        "/tables/sales",
        "/indicators",
        "/incidents",
        "/jobs",
        "/requests",
        "/products/value",
        "/products/value/compare",
        "/products/value/launches",
    ] {
        let status =
            |key: &str| get(served.address, path, &[("authorization", &bearer(key))]).status;
        assert_eq!(get(served.address, path, &[]).status, 401, "{path}");
        // It forecasts no launches: that is told to whoever may read.
        let open = if path.ends_with("launches") { 404 } else { 200 };
        assert_eq!(
            (status(&keys["ingest"]), status(&keys["read"])),
            (403, open),
            "{path}"
        );
    }
}

/// Serves at an address until one request without a key was answered; gives its status.
fn served_at(folder: &Path, address: &str) -> Result<u16, ServeError> {
    let options = ServeOptions {
        address: Some(address.parse().unwrap()),
    };
    within(folder, async |workshop| {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (told, status) = std::sync::mpsc::channel();
        let ready = move |bound: SocketAddr| {
            let near = SocketAddr::from(([127, 0, 0, 1], bound.port()));
            std::thread::spawn(move || {
                told.send(get(near, "/v1/products", &[]).status).unwrap();
                stop.send(()).unwrap();
            });
        };
        let stop = async {
            let _ = stopped.await;
        };
        server::serve(workshop.clone(), options, ready, stop).await?;
        Ok(status.recv().unwrap())
    })
}

#[test]
fn an_address_that_others_reach_is_not_listened_at_while_no_key_is_needed() {
    let folder = project();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let refused = served_at(folder.path(), address).unwrap_err();
        assert!(matches!(refused, ServeError::Open { .. }), "{refused}");
        let told = refused.to_string();
        assert!(
            told.contains("anonymous must be false") && told.contains("comptoir key create"),
            "{told}"
        );
    }
    assert_eq!(served_at(folder.path(), "127.0.0.1:0").unwrap(), 200);
    lock(folder.path());
    assert_eq!(served_at(folder.path(), "0.0.0.0:0").unwrap(), 401);
}

#[test]
fn a_key_works_before_anything_is_trained_and_a_wrong_one_does_not() {
    let (served, key) = locked();
    let status = |authorization: &str| {
        get(
            served.address,
            "/v1/products",
            &[("authorization", authorization)],
        )
        .status
    };
    assert_eq!(status(&bearer(&key)), 200);
    // A browser sends the key as the password of any user.
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("me:{key}"));
    assert_eq!(status(&format!("Basic {basic}")), 200);
    for wrong in [
        "Basic bWU6Y2tfeA==",
        "Basic !",
        "Bearer",
        "Bearer ",
        "Digest x",
    ] {
        assert_eq!(status(wrong), 401, "{wrong}");
    }
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let folder = project();
    edit(
        folder.path(),
        "comptoir.toml",
        "[server]",
        "[server]\nrequests_per_second_max = 1",
    );
    let served = serving(folder);
    let answers: Vec<_> = (0..5)
        .map(|_| get(served.address, "/v1/products", &[]))
        .collect();
    assert_eq!(answers[0].status, 200);
    let refused = answers
        .iter()
        .find(|a| a.status == 429)
        .expect("five at once are too many");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert!(
        refused.body.contains("at most 1 requests a second"),
        "{refused:?}"
    );
    // Those who watch over the server are not counted.
    assert!((0..5).all(|_| get(served.address, "/health/live", &[]).status == 200));
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(get(served.address, "/v1/products", &[]).status, 200);
}
