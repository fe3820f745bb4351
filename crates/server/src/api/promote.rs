//! Which version answers: by a person's hand.

use super::{Part, Shared, body};
use crate::auth::{Caller, Scope};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use factory::CHAMPION;
use registry::{AliasChange, AliasError, PromoteError, RollbackError, Signature};
use serde::Deserialize;

/// A version that is to answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Promotion {
    pub(crate) version: u32,
    /// Why, for the audit.
    pub(crate) why: String,
    /// Who says so, for the audit; beside the name of the key where there is one.
    #[serde(default)]
    pub(crate) who: String,
}

/// The version before is to answer again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    why: String,
    #[serde(default)]
    who: String,
}

pub(crate) async fn promote(
    State(state): Shared,
    Part(name): Part,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<AliasChange>, Problem> {
    let caller = state.admit(&headers, Scope::Promote).await?;
    is_from_here(&state, &headers)?;
    let asked: Promotion = body::read(&headers, bytes)?;
    promoted(&state, &caller, &name, &asked).await.map(Json)
}

/// Lets a version answer if its gate opens.
pub(crate) async fn promoted(
    state: &AppState,
    caller: &Caller,
    name: &str,
    asked: &Promotion,
) -> Result<AliasChange, Problem> {
    let registry = &state.workshop.registry;
    let current = current(state, name).await?;
    let who = who(caller, &asked.who);
    let signed = Signature {
        who: &who,
        why: &asked.why,
        at: jiff::Timestamp::now(),
    };
    let promotion = registry.promote(name, asked.version, current, signed);
    match promotion.await {
        Ok(change) => {
            taken_over(state).await;
            Ok(change)
        }
        Err(PromoteError::GateClosed { because, .. }) => Err(Problem::conflict(format!(
            "the gate is closed: {because}; `comptoir promote --despite-gate` opens it"
        ))
        .field("version")),
        Err(PromoteError::Alias(error)) => Err(not_moved(&error)),
        Err(other) => Err(Problem::internal("promote the version", &other)),
    }
}

pub(crate) async fn rollback(
    State(state): Shared,
    Part(name): Part,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<AliasChange>, Problem> {
    let caller = state.admit(&headers, Scope::Promote).await?;
    is_from_here(&state, &headers)?;
    let asked: Rollback = body::read(&headers, bytes)?;
    let none = || Problem::conflict(format!("{name} has no version that answers"));
    let current = current(&state, &name).await?.ok_or_else(none)?;
    let who = who(&caller, &asked.who);
    let signed = Signature {
        who: &who,
        why: &asked.why,
        at: jiff::Timestamp::now(),
    };
    let back = state
        .workshop
        .registry
        .rollback(&name, CHAMPION, current, signed);
    match back.await {
        Ok(change) => {
            taken_over(&state).await;
            Ok(Json(change))
        }
        Err(RollbackError::Alias(error)) => Err(not_moved(&error)),
        Err(none @ RollbackError::NothingBefore { .. }) => Err(Problem::conflict(none.to_string())),
    }
}

/// This server answers by what is promoted before it says so; others look a second later.
async fn taken_over(state: &AppState) {
    if let Err(error) = state.live.refresh(&state.workshop).await {
        tracing::warn!(
            error = factory::run::one_line(&error),
            "the version is taken over at the next look"
        );
    }
}

/// The version that answers, of a product that there is.
async fn current(state: &AppState, name: &str) -> Result<Option<u32>, Problem> {
    super::slot(state, name)?;
    let champion = state.workshop.registry.alias(name, CHAMPION).await;
    let champion = champion.map_err(|e| Problem::internal("read the registry", &e))?;
    Ok(champion.map(|champion| champion.version))
}

/// Who signs: a person by the name given, and the key.
fn who(caller: &Caller, named: &str) -> String {
    match (&caller.key, named.trim()) {
        (Some(key), "") => format!("key {key}"),
        (Some(key), named) => format!("{named}, key {key}"),
        (None, named) => named.to_owned(),
    }
}

fn not_moved(error: &AliasError) -> Problem {
    match error {
        AliasError::Moved { .. } | AliasError::AlreadyThere { .. } => {
            Problem::conflict(error.to_string())
        }
        AliasError::UnknownVersion { .. } => Problem::not_found(error.to_string()).field("version"),
        AliasError::Unsigned { missing, .. } => Problem::invalid(error.to_string()).field(*missing),
        AliasError::Name { .. } => Problem::invalid(error.to_string()),
        AliasError::Store(error) => Problem::internal("write to the registry", error),
    }
}

/// Refuses what a page of somebody else makes a browser send: browsers name where a request comes from, and send keys of
/// their own accord. A server that asks for no key answers only under its own address, whatever a name points to.
pub(crate) fn is_from_here(state: &AppState, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(&header::HOST).unwrap_or_default();
    let from = text(&header::ORIGIN)
        .map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    let is_own_page = from.is_none_or(|from| from == host);
    let without_port = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_this_machine = without_port == "localhost"
        || without_port
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if is_own_page && (is_this_machine || !state.workshop.project.file.server.anonymous) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "/problems/forbidden",
        "The request comes from elsewhere",
        "what changes something is sent from the console's own page, or by a program",
    ))
}
