//! Deciding and explaining.

use super::{Shared, body};
use crate::auth::Scope;
use crate::live::{Answering, Slot};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lake::log::{DecisionRecord, LogRecord, WalError, find_decision};
use products::{Asked, Decisions, Infeasible};
use schema::DecisionId;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use sha2::Digest;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One question, or several.
enum Questions {
    One(Box<Asked>),
    Many(Vec<Asked>),
}

impl<'de> Deserialize<'de> for Questions {
    /// `{"requests": [...]}` is several, anything else one: told apart by the key, so that an error names its field.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Batch {
            requests: Vec<Asked>,
        }
        let value = serde_json::Value::deserialize(deserializer)?;
        let read = |error: serde_path_to_error::Error<serde_json::Error>| {
            de::Error::custom(format!("`{}`: {}", error.path(), error.inner()))
        };
        if value.get("requests").is_some() {
            let batch: Batch = serde_path_to_error::deserialize(value).map_err(read)?;
            return Ok(Self::Many(batch.requests));
        }
        Ok(Self::One(Box::new(
            serde_path_to_error::deserialize(value).map_err(read)?,
        )))
    }
}

/// One answer, as it leaves.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Answer {
    pub(crate) decision_id: DecisionId,
    pub(crate) product: String,
    pub(crate) version: u32,
    pub(crate) decided_at: jiff::Timestamp,
    pub(crate) holdout: bool,
    pub(crate) fallback: bool,
    #[serde(flatten)]
    pub(crate) decided: Decisions,
}

fn slot<'a>(state: &'a AppState, name: &str) -> Result<&'a Slot, Problem> {
    state.live.slots.get(name).ok_or_else(|| {
        let names: Vec<&str> = state.live.slots.keys().map(String::as_str).collect();
        Problem::not_found(format!(
            "there is no data product {name:?}, allowed is {}",
            names.join(", ")
        ))
    })
}

fn answering(state: &AppState, name: &str) -> Result<Arc<Answering>, Problem> {
    slot(state, name)?.answering().ok_or_else(|| {
        Problem::unavailable(format!(
            "{name} has no version that answers; train it with `comptoir run {name}`"
        ))
    })
}

/// A question that cannot be answered, as a problem that names its field.
pub(crate) fn problem(infeasible: &Infeasible) -> Problem {
    let text = infeasible.to_string();
    match infeasible {
        Infeasible::Missing { field, .. } => Problem::invalid(text).field(*field),
        Infeasible::Placement { .. } => Problem::invalid(text).field("placement"),
        Infeasible::Items { .. } => Problem::invalid(text).field("items"),
        Infeasible::UnknownProduct { .. } => Problem::not_found(text).field("product_id"),
        Infeasible::UnknownCustomer { .. } => Problem::not_found(text).field("customer_id"),
        Infeasible::NotMeasurable { .. } => Problem::invalid(text).field("customer_id"),
    }
}

/// Whether a customer belongs to the universal holdout: the same for every product, on every replica, for ever.
pub(crate) fn is_held_out(salt: &str, share: f64, asked: &Asked) -> bool {
    let Some(customer) = asked.customer_id.as_ref().filter(|_| share > 0.0) else {
        return false;
    };
    let digest = sha2::Sha256::digest(format!("{salt}\n{}", customer.as_str()).as_bytes());
    let mut first = [0u8; 8];
    first.copy_from_slice(&digest[..8]);
    // 53 bits are what a double holds exactly.
    ((u64::from_be_bytes(first) >> 11) as f64) < share * (1u64 << 53) as f64
}

/// Decides one question, by its deadline.
///
/// A version that fails or takes too long is answered for by its baseline, and the answer says so.
fn answer(
    state: &AppState,
    name: &str,
    deadline: Duration,
    live: &Answering,
    asked: &Asked,
) -> Result<Answer, Problem> {
    let holdout = &state.workshop.project.file.holdout;
    let held_out = is_held_out(&holdout.salt, holdout.share, asked);
    let now = jiff::Timestamp::now();
    let started = Instant::now();
    let serving = live.serving.as_ref();
    let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        if held_out {
            Ok(serving.baseline(asked, now))
        } else {
            serving.decide(asked, now)
        }
    }));
    let late = started.elapsed() > deadline;
    let of = state.of_product.get(name);
    if let Some(of) = of {
        of.time.record(started.elapsed());
    }
    let (decided, fallback) = match tried {
        Ok(Ok(decided)) if !late => (decided, false),
        Ok(Err(infeasible)) => {
            if let Some(of) = of {
                of.failures.increment();
            }
            return Err(problem(&infeasible));
        }
        Ok(Ok(_)) => (serving.baseline(asked, now), true),
        Err(_) => {
            tracing::error!(
                product = name,
                version = live.version,
                "a version failed on a request; its baseline answers"
            );
            (serving.baseline(asked, now), true)
        }
    };
    if fallback && let Some(of) = of {
        of.fallbacks.increment();
    }
    let id = format!("{}", uuid::Uuid::now_v7().simple());
    let decision_id =
        DecisionId::new(id).map_err(|e| Problem::internal("name the decision", &e))?;
    Ok(Answer {
        decision_id,
        product: name.to_owned(),
        version: live.version,
        decided_at: now,
        holdout: held_out,
        fallback,
        decided,
    })
}

fn record(state: &AppState, name: &str, asked: &Asked, answer: &Answer) -> Option<DecisionRecord> {
    let product = &state.live.slots.get(name)?.product;
    let plain = factory::batch::record(
        answer.decision_id.clone(),
        answer.decided_at,
        product.as_ref(),
        answer.version,
        asked,
        &answer.decided,
    );
    Some(DecisionRecord {
        holdout: answer.holdout,
        fallback: answer.fallback,
        ..plain
    })
}

/// A record that could not be made safe: nothing is answered.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else happens to the log is ours to look at"
)]
pub(crate) fn not_logged(error: &WalError) -> Problem {
    match error {
        WalError::Full { .. } => Problem::unavailable("the decision log cannot keep up; ask again"),
        other => Problem::internal("log the decision", other),
    }
}

/// Puts decisions on disk. Only then may they be answered.
async fn log(state: &AppState, name: &str, answers: &[(Asked, Answer)]) -> Result<(), Problem> {
    let started = Instant::now();
    let mut records = Vec::with_capacity(answers.len());
    let mut waiting = Vec::with_capacity(answers.len());
    for (asked, answer) in answers {
        let Some(record) = record(state, name, asked, answer) else {
            continue;
        };
        let entry = LogRecord::Decision(record);
        let bytes = entry
            .to_bytes()
            .map_err(|e| Problem::internal("log the decision", &e))?;
        waiting.push(state.wal.append(&bytes));
        if let LogRecord::Decision(record) = entry {
            records.push(Arc::new(record));
        }
    }
    for appended in waiting {
        appended.await.map_err(|e| not_logged(&e))?;
    }
    state.log_time.record(started.elapsed());
    let mut latest = state.latest.lock();
    records.into_iter().for_each(|record| latest.add(record));
    Ok(())
}

pub(crate) async fn decide(
    State(state): Shared,
    Path(name): Path<String>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    state.admit(&headers, Scope::Decide).await?;
    let slot = slot(&state, &name)?;
    let deadline = Duration::from_millis(slot.product.header().deadline_ms);
    let questions: Questions = body::read(&headers, bytes)?;
    let live = answering(&state, &name)?;
    match questions {
        Questions::One(asked) => {
            let answered = answer(&state, &name, deadline, &live, &asked)?;
            let pairs = [(*asked, answered)];
            log(&state, &name, &pairs).await?;
            state.count_decisions(&name, live.version, 1);
            let [(_, answered)] = pairs;
            Ok(json(&answered))
        }
        Questions::Many(all) => {
            let most = state.workshop.project.file.server.batch_max;
            if all.is_empty() || all.len() > most {
                let detail = format!(
                    "`requests` has {} questions, allowed is 1 to {most}",
                    all.len()
                );
                return Err(Problem::invalid(detail).field("requests"));
            }
            let mut pairs = Vec::with_capacity(all.len());
            for (number, asked) in all.into_iter().enumerate() {
                let answered = answer(&state, &name, deadline, &live, &asked).map_err(|p| {
                    let field = p.field.clone().unwrap_or_default();
                    p.field(format!("requests[{number}].{field}"))
                })?;
                pairs.push((asked, answered));
            }
            log(&state, &name, &pairs).await?;
            state.count_decisions(&name, live.version, pairs.len() as u64);
            let answers: Vec<&Answer> = pairs.iter().map(|(_, answered)| answered).collect();
            Ok(json(&serde_json::json!({ "answers": answers })))
        }
    }
}

fn json(value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).unwrap_or_default();
    (
        StatusCode::OK,
        [(header::CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}

/// What is to be explained.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explain {
    request: Asked,
    #[serde(default)]
    about: Option<String>,
}

pub(crate) async fn explain(
    State(state): Shared,
    Path(name): Path<String>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    state.admit(&headers, Scope::Decide).await?;
    slot(&state, &name)?;
    let asked: Explain = body::read(&headers, bytes)?;
    let live = answering(&state, &name)?;
    let explained = live
        .serving
        .explain(
            &asked.request,
            asked.about.as_deref(),
            jiff::Timestamp::now(),
        )
        .map_err(|e| problem(&e))?;
    Ok(json(
        &serde_json::json!({ "product": name, "version": live.version, "explanation": explained }),
    ))
}

pub(crate) async fn decision(
    State(state): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<DecisionRecord>, Problem> {
    state.admit(&headers, Scope::Read).await?;
    if let Some(found) = state.latest.lock().get(&id) {
        return Ok(Json(found.as_ref().clone()));
    }
    let id = DecisionId::new(id).map_err(|e| Problem::invalid(e.to_string()).field("id"))?;
    match find_decision(&state.workshop.lake, state.wal.root(), &id).await {
        Ok(Some(found)) => Ok(Json(found)),
        Ok(None) => Err(Problem::not_found(format!(
            "there is no decision {:?}",
            id.as_str()
        ))),
        Err(error) => Err(Problem::internal("look for the decision", &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::CustomerId;

    #[test]
    fn the_holdout_has_its_share_and_stays_the_same() {
        let asked = |n: u32| Asked {
            customer_id: Some(CustomerId::new(format!("c{n}")).unwrap()),
            ..Asked::default()
        };
        let held = (0..20_000)
            .filter(|n| is_held_out("salt", 0.05, &asked(*n)))
            .count();
        // 5 % of 20,000 with a standard deviation of 31.
        assert!((876..1_124).contains(&held), "{held}");
        assert_eq!(
            is_held_out("salt", 0.05, &asked(7)),
            is_held_out("salt", 0.05, &asked(7))
        );
        assert!(!is_held_out("salt", 0.5, &Asked::default()));
        assert!(!is_held_out("salt", 0.0, &asked(1)));
    }
}
