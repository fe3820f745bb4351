//! Redemptions: what of the money that was promised is spent.

use super::events::{KEY, key_text};
use super::{Shared, body};
use crate::auth::Scope;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use lake::log::{Answer, DecisionRecord, find_decision};
use registry::{ConfirmError, NewReservation, Redeemed};
use schema::{Cents, CustomerId, DecisionId};
use serde::Deserialize;
use std::time::Duration;

/// How long the ledger may take; the till asks again then.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    decision_id: DecisionId,
    redeemed_cents: Cents,
}

fn away() -> Problem {
    Problem::unavailable(
        "the ledger of the budgets does not answer; send the redemption again, with the same key",
    )
}

pub(crate) async fn take(
    State(state): Shared,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Redeemed>, Problem> {
    state.admit(&headers, Scope::Ingest).await?;
    let key = key_text(&headers)?.ok_or_else(|| {
        let detail = format!(
            "the header `{KEY}` is missing: it names the redemption, so that it counts once"
        );
        Problem::invalid(detail).field(KEY)
    })?;
    let sent: Sent = body::read(&headers, bytes)?;
    let confirmed = tokio::time::timeout(PATIENCE, confirm(&state, key, &sent));
    let redeemed = confirmed.await.map_err(|_| away())??;
    if let Some(of) = state.figures_of(&redeemed.product)
        && !redeemed.repeated
    {
        let cents = u64::try_from(redeemed.redeemed_cents.0).unwrap_or(0);
        of.spent_cents.add(cents);
    }
    Ok(Json(redeemed))
}

async fn confirm(state: &AppState, key: &str, sent: &Sent) -> Result<Redeemed, Problem> {
    let registry = &state.workshop.registry;
    let (id, cents) = (sent.decision_id.as_str(), sent.redeemed_cents);
    let now = jiff::Timestamp::now();
    match registry.confirm(key, id, cents, now).await {
        Err(ConfirmError::Unknown { .. }) => {
            // What was promised a moment ago is in the log before it is in the ledger.
            write_down(state, &sent.decision_id, now).await?;
            registry.confirm(key, id, cents, now).await
        }
        other => other,
    }
    .map_err(|error| problem(&error))
}

fn problem(error: &ConfirmError) -> Problem {
    let text = error.to_string();
    match error {
        ConfirmError::Unknown { .. } => Problem::not_found(text).field("decision_id"),
        ConfirmError::Negative { .. } => Problem::invalid(text).field("redeemed_cents"),
        ConfirmError::KeyTaken { .. } => Problem::invalid(text).field(KEY),
        ConfirmError::Store(error) => {
            tracing::error!(
                error = factory::run::one_line(error),
                "failed to note a redemption"
            );
            away()
        }
    }
}

/// Writes down what a logged decision has reserved.
async fn write_down(
    state: &AppState,
    id: &DecisionId,
    now: jiff::Timestamp,
) -> Result<(), Problem> {
    let recent = state.latest.lock().get(id.as_str());
    let logged = match recent {
        Some(found) => Some(found),
        None => find_decision(&state.workshop.lake, state.wal.root(), id)
            .await
            .map_err(|e| Problem::internal("look for the decision", &e))?,
    };
    let Some(DecisionRecord {
        reserved,
        customer_id,
        answer,
        decided_at,
        ..
    }) = logged
    else {
        let detail = format!("there is no decision {:?}", id.as_str());
        return Err(Problem::not_found(detail).field("decision_id"));
    };
    let arm = match answer {
        Answer::Actions(actions) => actions.into_iter().next().and_then(|a| a.action),
        Answer::Nothing { .. } => None,
    };
    let (Some(reserved), Some(arm)) = (reserved, arm) else {
        let detail = format!("decision {:?} promised no money", id.as_str());
        return Err(Problem::invalid(detail).field("decision_id"));
    };
    let promised = NewReservation {
        decision: id.clone(),
        customer: customer_id
            .as_ref()
            .map(|id| CustomerId::as_str(id).to_owned()),
        arm,
        cents: reserved.cents,
        at: decided_at,
    };
    let registry = &state.workshop.registry;
    registry
        .reserve(&reserved.lease, &[promised], now)
        .await
        .map_err(|error| {
            tracing::error!(
                error = factory::run::one_line(&error),
                "failed to write down a promise"
            );
            away()
        })
}
