//! Requests as traces for a collector: OTLP over HTTP with JSON.
//!
//! # Source
//! OpenTelemetry protocol 1.7 (OTLP/HTTP, JSON); W3C Trace Context, level 1; semantic conventions for HTTP spans.

use crate::trace::Answered;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Requests that wait to be sent; where more come they are lost and counted.
const WAITING: usize = 4_096;

/// Requests of one message at most.
const TOGETHER: usize = 512;

/// How long others are waited for.
const GATHERED_FOR: Duration = Duration::from_secs(2);

/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The trace that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Belongs {
    /// 32 hexadecimal digits.
    pub(crate) trace: String,
    /// The caller's span, 16 hexadecimal digits.
    pub(crate) parent: Option<String>,
}

impl Belongs {
    /// As `traceparent` names it; `None` where its trace is not recorded, or the text is none.
    ///
    /// The outer `None`: there is no such header, and it is ours to decide.
    pub(crate) fn of(traceparent: Option<&str>) -> Option<Option<Self>> {
        let mut parts = traceparent?.trim().split('-');
        let [version, trace, parent, flags] = [(); 4].map(|()| parts.next().unwrap_or_default());
        let is_hex = |text: &str, digits: usize| {
            text.len() == digits
                && text
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let is_valid = is_hex(version, 2)
            && version != "ff"
            && is_hex(trace, 32)
            && is_hex(parent, 16)
            && is_hex(flags, 2)
            && trace.bytes().any(|b| b != b'0')
            && parent.bytes().any(|b| b != b'0')
            && (version != "00" || parts.next().is_none());
        // What cannot be read begins a trace of its own, as the recommendation says.
        if !is_valid {
            return None;
        }
        let is_recorded = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        Some(is_recorded.then(|| Self {
            trace: trace.to_owned(),
            parent: Some(parent.to_owned()),
        }))
    }

    /// A trace of its own.
    pub(crate) fn begun() -> Self {
        Self {
            trace: uuid::Uuid::new_v4().simple().to_string(),
            parent: None,
        }
    }
}

/// A request to be sent.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) request: Answered,
    pub(crate) belongs: Belongs,
}

/// The way to the collector.
#[derive(Debug, Clone)]
pub(crate) struct Traces {
    pub(crate) share: f64,
    sender: Sender<Span>,
}

impl Traces {
    pub(crate) fn new(share: f64) -> (Self, Receiver<Span>) {
        let (sender, receiver) = channel(WAITING);
        (Self { share, sender }, receiver)
    }

    /// Puts a request on its way; false where too many wait.
    pub(crate) fn send(&self, span: Span) -> bool {
        self.sender.try_send(span).is_ok()
    }
}

/// Sends requests until no more can come.
///
/// - `lost`: told how many did not arrive.
pub(crate) async fn send(mut spans: Receiver<Span>, address: &str, shop: &str, lost: impl Fn(u64)) {
    let client = reqwest::Client::builder()
        .user_agent(concat!("comptoir/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "no trace is sent");
            return;
        }
    };
    let mut is_heard = true;
    while let Some(first) = spans.recv().await {
        let mut together = vec![first];
        let gathering = async {
            while together.len() < TOGETHER {
                match spans.recv().await {
                    Some(span) => together.push(span),
                    None => break,
                }
            }
        };
        let _ = tokio::time::timeout(GATHERED_FOR, gathering).await;
        let sent = client
            .post(address)
            .header("content-type", "application/json")
            .body(message(shop, &together).to_string())
            .send()
            .await
            .and_then(reqwest::Response::error_for_status);
        match sent {
            Ok(_) => is_heard = true,
            Err(error) => {
                lost(together.len() as u64);
                // Once, and not every two seconds.
                if is_heard {
                    let error = factory::run::one_line(&error.without_url());
                    tracing::warn!(
                        error,
                        "the collector takes no traces; they are lost until it does"
                    );
                }
                is_heard = false;
            }
        }
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// 64-bit numbers are text in OTLP's JSON.
fn number(key: &str, value: impl ToString) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

/// A span identifier: 16 hexadecimal digits, never all 0.
fn span_id() -> String {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    // The highest bits of this half are the variant, which is not 0.
    format!("{low:016x}")
}

/// The spans of a request: its own, and one of each stage below it.
fn spans(span: &Span) -> Vec<Value> {
    let Span { request, belongs } = span;
    let nanos = |micros_before_end: u64| {
        let end = request.at.as_nanosecond();
        (end - i128::from(micros_before_end) * 1_000).to_string()
    };
    let own = span_id();
    let mut attributes = vec![
        text("http.request.method", &request.method),
        text("http.route", &request.route),
        number("http.response.status_code", request.status),
        number("http.request.body.size", request.request_bytes),
        number("http.response.body.size", request.response_bytes),
    ];
    attributes.extend(
        request
            .product
            .as_deref()
            .map(|of| text("comptoir.product", of)),
    );
    attributes.extend(request.version.map(|of| number("comptoir.version", of)));
    attributes.extend(
        request
            .request_id
            .as_deref()
            .map(|of| text("comptoir.request_id", of)),
    );
    attributes.extend(request.problem.map(|of| text("error.type", of)));
    let mut root = json!({
        "traceId": belongs.trace,
        "spanId": own,
        "name": format!("{} {}", request.method, request.route),
        "kind": 2,
        "startTimeUnixNano": nanos(request.took_micros),
        "endTimeUnixNano": nanos(0),
        "attributes": attributes,
        // Of a server only its own failures are errors.
        "status": { "code": if request.status >= 500 { 2 } else { 0 } },
    });
    if let Some(parent) = &belongs.parent {
        root["parentSpanId"] = json!(parent);
    }
    let below = request.stages.iter().map(|stage| {
        let from = request.took_micros.saturating_sub(stage.after_micros);
        let to = from.saturating_sub(stage.took_micros);
        json!({
            "traceId": belongs.trace,
            "spanId": span_id(),
            "parentSpanId": own,
            "name": stage.what,
            "kind": 1,
            "startTimeUnixNano": nanos(from),
            "endTimeUnixNano": nanos(to),
        })
    });
    std::iter::once(root)
        .chain(below.collect::<Vec<_>>())
        .collect()
}

fn message(shop: &str, together: &[Span]) -> Value {
    let spans: Vec<Value> = together.iter().flat_map(spans).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            text("service.name", "comptoir"),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("comptoir.shop", shop),
        ] },
        "scopeSpans": [{
            "scope": { "name": "comptoir.server", "version": env!("CARGO_PKG_VERSION") },
            "spans": spans,
        }],
    }] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Stage;
    use crate::trace::tests::answered;

    #[test]
    fn a_trace_is_gone_on_with_as_its_header_says() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |text: &str| Belongs::of(Some(text));
        let belongs = of(&format!("00-{trace}-00f067aa0ba902b7-01"))
            .unwrap()
            .unwrap();
        assert_eq!(belongs.trace, trace);
        assert_eq!(belongs.parent.as_deref(), Some("00f067aa0ba902b7"));
        assert_eq!(
            of(&format!("00-{trace}-00f067aa0ba902b7-00")),
            Some(None),
            "not recorded"
        );
        // A later version may add parts, the first may not.
        assert!(of(&format!("01-{trace}-00f067aa0ba902b7-01-more")).is_some());
        for wrong in [
            "",
            "00-xyz",
            &format!("00-{trace}-00f067aa0ba902b7-01-more"),
            &format!("ff-{trace}-00f067aa0ba902b7-01"),
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{trace}-{}-01", "0".repeat(16)),
            &format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(Belongs::of(None), None);
    }

    #[test]
    fn stages_lie_within_their_request() {
        let mut request = answered("2026-01-02T03:04:05.5Z".parse().unwrap(), 1_000);
        request.status = 503;
        request.stages = vec![Stage {
            what: "decide",
            after_micros: 200,
            took_micros: 300,
        }];
        let span = Span {
            request,
            belongs: Belongs::begun(),
        };
        let all = spans(&span);
        let time = |n: usize, key: &str| all[n][key].as_str().unwrap().parse::<i128>().unwrap();
        let end = time(0, "endTimeUnixNano");
        assert_eq!(end, 1_767_323_045_500_000_000);
        assert_eq!(time(0, "startTimeUnixNano"), end - 1_000_000);
        assert_eq!(time(1, "startTimeUnixNano"), end - 800_000);
        assert_eq!(time(1, "endTimeUnixNano"), end - 500_000);
        assert_eq!(all[1]["parentSpanId"], all[0]["spanId"]);
        assert_eq!(all[0]["status"]["code"], 2);
        assert!(all[0].get("parentSpanId").is_none());
    }
}
