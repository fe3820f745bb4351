//! How requests are answered is told: by route and product, the slowest with their parts, and to a collector.

use crate::served::{ask, edit, get, post, project, serving, trained};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A receiver of OTLP over HTTP: what was posted to it, with its path.
fn collector() -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let (told, messages) = channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut reader = BufReader::new(client.try_clone().unwrap());
            loop {
                let (mut line, mut length) = (String::new(), 0);
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                let first = line.clone();
                while line.trim_end() != "" {
                    line.clear();
                    reader.read_line(&mut line).unwrap();
                    let (name, value) = line.split_once(':').unwrap_or_default();
                    if name.eq_ignore_ascii_case("content-length") {
                        length = value.trim().parse().unwrap();
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let _ = told.send((first, serde_json::from_slice(&body).unwrap()));
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                client.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    (address, messages)
}

fn spans(message: &Value) -> Vec<Value> {
    let scope = &message["resourceSpans"][0]["scopeSpans"][0];
    scope["spans"].as_array().unwrap().clone()
}

fn attribute<'a>(of: &'a Value, key: &str) -> &'a Value {
    let all = of["attributes"].as_array().unwrap();
    let found = all.iter().find(|attribute| attribute["key"] == key);
    &found.unwrap_or_else(|| panic!("no {key} in {of}"))["value"]
}

#[test]
fn a_trace_goes_on_in_the_collector_with_the_parts_of_the_request() {
    let (address, messages) = collector();
    let folder = trained();
    let asks = format!("[server]\ntraces = \"{address}\"\ntraces_share = 0.0");
    edit(folder.path(), "comptoir.toml", "[server]", &asks);
    let served = serving(folder);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let send = |flags: &str, body: &str| {
        let parent = format!("00-{trace}-00f067aa0ba902b7-{flags}");
        let headers = [
            ("content-type", "application/json"),
            ("traceparent", parent.as_str()),
            ("x-request-id", "order 17"),
        ];
        ask(
            served.address,
            "POST",
            "/v1/products/for-you/decide",
            &headers,
            body,
        )
    };
    // Neither drawn nor recorded by the caller: they are not sent.
    assert_eq!(send("00", "{}").status, 200);
    assert_eq!(
        post(served.address, "/v1/products/for-you/decide", &[], "{}").status,
        200
    );
    assert_eq!(send("01", "{}").status, 200);
    assert_eq!(send("01", "{\"placement\": \"nowhere\"}").status, 422);

    let mut sent = Vec::new();
    while sent
        .iter()
        .filter(|span: &&Value| span["kind"] == 2)
        .count()
        < 2
    {
        let (line, message) = messages.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(line.starts_with("POST /v1/traces HTTP/1.1"), "{line}");
        let resource = &message["resourceSpans"][0]["resource"];
        assert_eq!(
            attribute(resource, "service.name")["stringValue"],
            "comptoir"
        );
        sent.extend(spans(&message));
    }
    let roots: Vec<&Value> = sent.iter().filter(|span| span["kind"] == 2).collect();
    assert_eq!(roots.len(), 2, "{sent:#?}");
    let [good, wrong] = [roots[0], roots[1]];
    for root in [good, wrong] {
        assert_eq!(
            (&root["traceId"], &root["parentSpanId"]),
            (&json!(trace), &json!("00f067aa0ba902b7"))
        );
        assert_eq!(root["name"], "POST /v1/products/{name}/decide");
        assert_eq!(
            attribute(root, "comptoir.product")["stringValue"],
            "for-you"
        );
        assert_eq!(
            attribute(root, "comptoir.request_id")["stringValue"],
            "order 17"
        );
    }
    assert_eq!(
        attribute(good, "http.response.status_code")["intValue"],
        "200"
    );
    assert_eq!(attribute(good, "comptoir.version")["intValue"], "1");
    assert_eq!(
        attribute(wrong, "http.response.status_code")["intValue"],
        "422"
    );
    assert_eq!(
        attribute(wrong, "error.type")["stringValue"],
        "/problems/invalid"
    );
    let below = sent
        .iter()
        .filter(|span| span["parentSpanId"] == good["spanId"]);
    let below: Vec<&str> = below.map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(below, ["read the question", "decide", "log"]);
}

#[test]
fn a_collector_that_is_away_holds_up_no_answer_and_what_is_lost_is_counted() {
    let folder = trained();
    // Nobody listens there.
    let asks = "[server]\ntraces = \"http://127.0.0.1:9/v1/traces\"\ntraces_share = 1.0";
    edit(folder.path(), "comptoir.toml", "[server]", asks);
    let served = serving(folder);
    for _ in 0..3 {
        assert_eq!(
            post(served.address, "/v1/products/for-you/decide", &[], "{}").status,
            200
        );
    }
    let began = std::time::Instant::now();
    loop {
        let told = get(served.address, "/metrics", &[]).body;
        let lost = told
            .lines()
            .find_map(|line| line.strip_prefix("comptoir_spans_lost_total "));
        if lost.unwrap().parse::<f64>().unwrap() >= 3.0 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{lost:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let wrong = project();
    edit(
        wrong.path(),
        "comptoir.toml",
        "[server]",
        "[server]\ntraces = \"collector:4318\"",
    );
    let refused = factory::Project::open(wrong.path())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("an address such as http://127.0.0.1:4318/v1/traces"),
        "{refused}"
    );
}

#[test]
fn routes_versions_sizes_problems_and_the_slowest_are_told() {
    let served = serving(trained());
    let decide = "/v1/products/for-you/decide";
    let asked = "{\"items\": 3}";
    let headers = [("x-request-id", "till-4")];
    let mut answered = 0;
    for _ in 0..4 {
        answered += post(served.address, decide, &headers, asked).body.len() as u64;
    }
    let problem = post(served.address, decide, &[], "{\"items\": 0}");
    assert_eq!(problem.status, 422);
    answered += problem.body.len() as u64;
    assert_eq!(get(served.address, "/nowhere", &[]).status, 404);

    let told: Value = serde_json::from_str(&get(served.address, "/v1/requests", &[]).body).unwrap();
    let route = |name: &str| {
        let routes = told["routes"].as_array().unwrap();
        routes
            .iter()
            .find(|of| of["route"] == name)
            .unwrap_or_else(|| panic!("{told:#}"))
    };
    let of = route("/v1/products/{name}/decide");
    assert_eq!(of["requests"], 5);
    assert_eq!(of["by_status"], json!({ "200": 4, "422": 1 }));
    assert_eq!(of["problems"], json!({ "/problems/invalid": 1 }));
    assert_eq!(of["request_bytes"], 5 * asked.len());
    assert_eq!(of["response_bytes"], answered);
    assert!(of["p50_ms"].as_f64().unwrap() <= of["max_ms"].as_f64().unwrap());
    assert_eq!(route("none")["by_status"], json!({ "404": 1 }));
    let products = told["products"].as_array().unwrap();
    let product = products
        .iter()
        .find(|of| of["product"] == "for-you")
        .unwrap();
    let versions = product["by_version"].as_object().unwrap();
    assert_eq!(versions.keys().collect::<Vec<_>>(), ["1"]);
    let version = &versions["1"];
    assert_eq!(version["answered"], 4);
    assert_eq!(
        (&version["fallbacks"], &version["unanswered"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(version["p99_ms"], product["p99_ms"]);
    assert_eq!(product["refused"], 1);
    let slowest = told["slowest"].as_array().unwrap();
    assert!(
        slowest
            .windows(2)
            .all(|w| w[0]["took_micros"].as_u64() >= w[1]["took_micros"].as_u64())
    );
    let slow = slowest
        .iter()
        .find(|of| of["request_id"] == "till-4")
        .unwrap();
    assert_eq!(
        (&slow["product"], &slow["version"]),
        (&json!("for-you"), &json!(1))
    );
    let stages = slow["stages"].as_array().unwrap();
    let took: u64 = stages
        .iter()
        .map(|stage| stage["took_micros"].as_u64().unwrap())
        .sum();
    assert_eq!(stages.len(), 3, "{slow:#}");
    assert!(took <= slow["took_micros"].as_u64().unwrap(), "{slow:#}");

    for (language, texts) in [
        (
            "en",
            [
                "The slowest of the last hour",
                "read the question",
                "till-4",
            ],
        ),
        (
            "fr",
            [
                "Les plus lentes de la dernière heure",
                "lire la question",
                "till-4",
            ],
        ),
    ] {
        let page = get(served.address, &format!("/requests?lang={language}"), &[]);
        for text in texts {
            assert!(
                page.body.contains(text),
                "{language} lacks {text:?}: {}",
                page.body
            );
        }
    }
    crate::console::fit(&served, &["/requests".to_owned()].into());
}

#[test]
fn without_monitoring_questions_are_answered_and_logged_and_nothing_is_counted() {
    let folder = trained();
    let (address, messages) = collector();
    let asks = format!("[server]\nmonitoring = false\ntraces = \"{address}\"\ntraces_share = 1.0");
    edit(folder.path(), "comptoir.toml", "[server]", &asks);
    let served = serving(folder);
    let headers = [
        ("content-type", "application/json"),
        ("x-request-id", "order 17"),
    ];
    let path = "/v1/products/for-you/decide";
    let answer = ask(served.address, "POST", path, &headers, "{}");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-request-id"), "order 17");
    let decision: Value = serde_json::from_str(&answer.body).unwrap();
    let logged = format!(
        "/v1/decisions/{}",
        decision["decision_id"].as_str().unwrap()
    );
    assert_eq!(get(served.address, &logged, &[]).status, 200);
    let metrics = get(served.address, "/metrics", &[]).body;
    assert!(
        !metrics.contains("for-you") && !metrics.contains(path),
        "{metrics}"
    );
    let told: Value = serde_json::from_str(&get(served.address, "/v1/requests", &[]).body).unwrap();
    assert_eq!(
        (&told["routes"], &told["products"], &told["slowest"]),
        (&json!([]), &json!([]), &json!([])),
        "{told}"
    );
    assert_eq!(get(served.address, "/requests", &[]).status, 200);
    served.stop();
    assert!(messages.try_recv().is_err(), "nothing is sent");
}
