//! Deciding and explaining.

mod given;
mod put;
#[cfg(test)]
mod tests;

use self::put::{Put, Tried, decide_watched};
use super::{Part, Shared, body, slot};
use crate::auth::Scope;
use crate::figures::{NO_VERSION, OfProduct};
use crate::live::{Answering, Slot};
use crate::problem::Problem;
use crate::state::AppState;
use crate::trace::{self, Trace};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use factory::ledger::{Promise, Refusal};
use lake::log::{DecisionRecord, LogRecord, Reserved, WalError, find_decision};
use products::{Answered, Asked, Decisions, Explanation, Infeasible, LimitLeft, NoMoney};
use schema::DecisionId;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// One question, or several.
enum Questions {
    One(Asked),
    Many(Vec<Asked>),
}

impl Questions {
    /// `{"requests": [...]}` is several, anything else one: told apart by the key, so that an error names its field.
    fn read(json: &[u8]) -> Result<Self, Problem> {
        // Nearly all are: only what is refused is read again, more slowly, to name what is wrong.
        if let Ok(asked) = serde_json::from_slice(json) {
            return Ok(Self::One(asked));
        }
        #[derive(Deserialize)]
        struct Look {
            requests: Option<IgnoredAny>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Batch {
            requests: Vec<Asked>,
        }
        // Where it cannot even be looked at, reading it as one question says what is wrong.
        let many = serde_json::from_slice::<Look>(json).is_ok_and(|look| look.requests.is_some());
        if many {
            return Ok(Self::Many(body::parse::<Batch>(json)?.requests));
        }
        Ok(Self::One(body::parse(json)?))
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) decision_id: DecisionId,
    pub(crate) product: String,
    pub(crate) version: u32,
    pub(crate) decided_at: jiff::Timestamp,
    pub(crate) holdout: bool,
    pub(crate) fallback: bool,
    /// What the answer promises at most, where it promises money, and where it comes from.
    pub(crate) reserved: Option<Reserved>,
    pub(crate) decided: Decisions,
}

impl Answer {
    /// As it leaves.
    fn told(&self) -> Answered<'_> {
        Answered {
            decision_id: &self.decision_id,
            product: &self.product,
            version: self.version,
            decided_at: self.decided_at,
            holdout: self.holdout,
            fallback: self.fallback,
            reserved_cents: self.reserved.as_ref().map(|reserved| reserved.cents),
            decided: &self.decided,
        }
    }
}

/// The version of a product that answers.
pub(crate) fn answering(state: &AppState, slot: &Slot) -> Result<Arc<Answering>, Problem> {
    let name = slot.name();
    slot.answering().ok_or_else(|| {
        let why = slot.refused().or_else(|| state.live.problem());
        Problem::unavailable(match why {
            Some(why) => format!("{name} has no version that answers: {why}"),
            None => {
                format!("{name} has no version that answers; train it with `comptoir run {name}`")
            }
        })
    })
}

/// A question that cannot be answered, as a problem that names its field.
pub(crate) fn problem(infeasible: &Infeasible) -> Problem {
    let text = infeasible.to_string();
    match infeasible {
        Infeasible::Missing { field, .. } => Problem::invalid(text).field(*field),
        Infeasible::Placement { .. } | Infeasible::NoGroups => {
            Problem::invalid(text).field("placement")
        }
        Infeasible::UnknownGroup { .. } => Problem::not_found(text).field("placement"),
        Infeasible::Items { .. } => Problem::invalid(text).field("items"),
        Infeasible::UnknownProduct { .. }
        | Infeasible::UnknownSeries { .. }
        | Infeasible::NoLaunch { .. } => Problem::not_found(text).field("product_id"),
        Infeasible::UnknownCustomer { .. } | Infeasible::NotInExperiment { .. } => {
            Problem::not_found(text).field("customer_id")
        }
        Infeasible::NotMeasurable { .. } => Problem::invalid(text).field("customer_id"),
        Infeasible::NothingToExplain | Infeasible::UnknownArm { .. } => {
            Problem::invalid(text).field("about")
        }
    }
}

/// Makes the answer of what was tried.
///
/// A version that fails or takes too long is answered for by its baseline, and the answer says so.
fn answer(state: &AppState, slot: &Slot, put: &Put, tried: Tried) -> Result<Answer, Problem> {
    let of = state.figures.of(slot);
    let (decided, fallback) = match tried {
        Tried::Decided(decided) => (Ok(decided), false),
        Tried::Refused(infeasible) => (Err(infeasible), false),
        Tried::Late => (put.baseline(), true),
        Tried::Failed => {
            tracing::error!(
                product = slot.name(),
                version = put.live.version,
                "a version failed on a request; its baseline answers"
            );
            (put.baseline(), true)
        }
    };
    let decided = decided.map_err(|infeasible| {
        if let Some(of) = of {
            of.failures.increment();
        }
        problem(&infeasible)
    })?;
    if fallback {
        state.figures.fell_back(slot, put.live.version);
    }
    let id = format!("{}", uuid::Uuid::now_v7().simple());
    let decision_id =
        DecisionId::new(id).map_err(|e| Problem::internal("name the decision", &e))?;
    Ok(Answer {
        decision_id,
        product: slot.name().to_owned(),
        version: put.live.version,
        decided_at: put.now,
        holdout: put.held_out,
        fallback,
        reserved: None,
        decided,
    })
}

/// What came of asking the ledger for what an answer promises.
enum Paid {
    /// The answer may leave: it is granted, or has become the one that promises nothing.
    Leaves,
    /// Limits do not pay for what it might have been: it is to be decided again without that.
    Short(Vec<LimitLeft>),
}

/// Has the ledger grant what an answer promises; where there is no money the answer becomes the one that promises nothing.
async fn pay(
    state: &AppState,
    slot: &Slot,
    put: &Put,
    answered: &mut Answer,
) -> Result<Paid, Problem> {
    let Some(stake) = &answered.decided.stake else {
        return Ok(Paid::Leaves);
    };
    let promise = Promise {
        product: slot.name(),
        version: answered.version,
        decision: &answered.decision_id,
        customer: put.asked.customer_id.as_ref(),
        arm: answered
            .decided
            .actions
            .first()
            .map_or("", |a| a.id.as_str()),
        stake,
        at: put.now,
    };
    let granted = match &state.ledger {
        Some(ledger) => ledger.grant(&promise).await,
        None => Err(Refusal::Budget(NoMoney::Unavailable)),
    };
    let of = state.figures.of(slot);
    match granted {
        Ok(reserved) => {
            if let (Some(of), Some(reserved)) = (of, &reserved) {
                of.reserved_cents
                    .add(u64::try_from(reserved.cents.0).unwrap_or(0));
            }
            answered.reserved = reserved;
        }
        Err(Refusal::Limits(short)) => {
            given::take_back(state, slot, put, answered);
            return Ok(Paid::Short(short));
        }
        Err(Refusal::Budget(why)) => {
            if let Some(of) = of {
                of.refused.increment();
            }
            given::take_back(state, slot, put, answered);
            let serving = &put.live.serving;
            answered.decided = serving
                .without_money(&put.asked, put.now, why)
                .map_err(|infeasible| problem(&infeasible))?;
        }
    }
    Ok(Paid::Leaves)
}

/// Answers one question.
///
/// The answer leaves at the deadline where answers of the product are often late; a first late one is noticed when its
/// scoring ends, so that no other request pays for the watch.
async fn answer_one(
    state: &AppState,
    slot: &Slot,
    live: &Arc<Answering>,
    deadline: Duration,
    asked: Asked,
    trace: &mut Trace,
) -> Result<Response, Problem> {
    let of = state.figures.of(slot);
    let mut short = Vec::new();
    let mut put = Arc::new(Put::new(state, slot, live, asked, &short));
    let answered = loop {
        let (tried, took) = if of.is_some_and(OfProduct::is_often_late) {
            decide_watched(&put, deadline).await
        } else {
            put.decide_here(deadline)
        };
        trace.scored(took);
        let mut answered = answer(state, slot, &put, tried)?;
        if given::note(state, slot, &put, &answered) {
            trace.answered_by(answered.version);
            trace.done(trace::Part::Decide);
            let promises = answered.decided.stake.is_some();
            let paid = pay(state, slot, &put, &mut answered).await?;
            if promises {
                trace.done(trace::Part::Promise);
            }
            match paid {
                Paid::Leaves => break answered,
                Paid::Short(of) => short.extend(of),
            }
        }
        put = Arc::new(Put::new(state, slot, live, put.asked.clone(), &short));
    };
    log(state, slot, &[(put.as_ref(), &answered)]).await?;
    trace.done(trace::Part::Log);
    put_to_challenger(state, slot, &put, &answered);
    let response = json(answered.told().to_json())?;
    trace.answered();
    Ok(response)
}

/// The challenger is asked what the champion itself answered: neither the holdout nor a fallback tells of a version.
fn put_to_challenger(state: &AppState, slot: &Slot, put: &Put, answered: &Answer) {
    if !answered.holdout && !answered.fallback {
        let (id, version) = (&answered.decision_id, answered.version);
        state.put_to_challenger(slot, version, id, &put.asked, put.now);
    }
}

/// Decides here and now, and notes what is given; see [`given::note`].
fn answer_noted(
    state: &AppState,
    slot: &Slot,
    live: &Arc<Answering>,
    deadline: Duration,
    asked: Asked,
    short: &[LimitLeft],
) -> Result<(Put, Answer), Problem> {
    let mut put = Put::new(state, slot, live, asked, short);
    loop {
        let (tried, took) = put.decide_here(deadline);
        if let Some(of) = state.figures.of(slot) {
            of.time.record(took);
        }
        let answered = answer(state, slot, &put, tried)?;
        if given::note(state, slot, &put, &answered) {
            return Ok((put, answered));
        }
        put = Put::new(state, slot, live, put.asked, short);
    }
}

/// Answers several questions, each by the deadline, beside the threads that other requests wait for.
async fn answer_many(
    state: &Arc<AppState>,
    of: &Slot,
    live: &Arc<Answering>,
    deadline: Duration,
    asked: Vec<Asked>,
    trace: &mut Trace,
) -> Result<Response, Problem> {
    let most = state.workshop.project.file.server.batch_max;
    if asked.is_empty() || asked.len() > most {
        let detail = format!(
            "`requests` has {} questions, allowed is 1 to {most}",
            asked.len()
        );
        return Err(Problem::invalid(detail).field("requests"));
    }
    let all = {
        let (state, live, name) = (Arc::clone(state), Arc::clone(live), of.name().to_owned());
        move || {
            let of = slot(&state, &name)?;
            let mut answers = Vec::with_capacity(asked.len());
            for (number, asked) in asked.into_iter().enumerate() {
                match answer_noted(&state, of, &live, deadline, asked, &[]) {
                    Ok(answered) => answers.push(answered),
                    Err(problem) => {
                        // None of them leaves.
                        for (put, answered) in &answers {
                            given::take_back(&state, of, put, answered);
                        }
                        let outer = format!("requests[{number}]");
                        let field = body::within(&outer, problem.field.as_deref());
                        return Err(problem.field(field));
                    }
                }
            }
            Ok(answers)
        }
    };
    let mut answered = tokio::task::spawn_blocking(all)
        .await
        .map_err(|e| Problem::internal("decide", &e))??;
    if let Some((_, first)) = answered.first() {
        trace.answered_by(first.version);
    }
    trace.done(trace::Part::Decide);
    for (put, answered) in &mut answered {
        let mut short = Vec::new();
        while let Paid::Short(left) = pay(state, of, put, answered).await? {
            short.extend(left);
            let asked = put.asked.clone();
            (*put, *answered) = answer_noted(state, of, live, deadline, asked, &short)?;
        }
    }
    trace.done(trace::Part::Promise);
    let pairs: Vec<(&Put, &Answer)> = answered.iter().map(|(put, a)| (put, a)).collect();
    log(state, of, &pairs).await?;
    trace.done(trace::Part::Log);
    for (put, answered) in &pairs {
        state.figures.decided(of, answered.version);
        put_to_challenger(state, of, put, answered);
    }
    /// Several answers, as they leave.
    #[derive(Serialize)]
    struct Answers<'a> {
        answers: Vec<Answered<'a>>,
    }
    let answers = pairs.iter().map(|(_, answered)| answered.told()).collect();
    json(serde_json::to_vec(&Answers { answers }))
}

fn record(slot: &Slot, asked: &Asked, answer: &Answer) -> DecisionRecord {
    let plain = factory::batch::record(
        answer.decision_id.clone(),
        answer.decided_at,
        slot.product.as_ref(),
        answer.version,
        asked,
        &answer.decided,
    );
    DecisionRecord {
        holdout: answer.holdout,
        fallback: answer.fallback,
        reserved: answer.reserved.clone(),
        ..plain
    }
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
async fn log(state: &AppState, slot: &Slot, answers: &[(&Put, &Answer)]) -> Result<(), Problem> {
    let mut logged = Vec::with_capacity(answers.len());
    let mut waiting = Vec::with_capacity(answers.len());
    for (put, answer) in answers {
        let bytes = LogRecord::Decision(record(slot, &put.asked, answer))
            .to_bytes()
            .map_err(|e| Problem::internal("log the decision", &e))?;
        waiting.push((state.wal.append(&bytes), *put, *answer));
        logged.push((&answer.decision_id, bytes));
    }
    let mut failed = None;
    for (appended, put, answer) in waiting {
        let Err(error) = appended.await else { continue };
        // It leaves for nobody: what it promised is free again, and it counts against no cap.
        given::take_back(state, slot, put, answer);
        if let (Some(ledger), Some(reserved)) = (&state.ledger, &answer.reserved) {
            ledger.take_back(&answer.decision_id, reserved);
        }
        failed.get_or_insert_with(|| not_logged(&error));
    }
    if let Some(problem) = failed {
        return Err(problem);
    }
    let mut latest = state.latest.lock();
    for (id, bytes) in logged {
        latest.add(id, bytes);
    }
    Ok(())
}

pub(crate) async fn decide(
    State(state): Shared,
    Part(name): Part,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let mut trace = Trace::new(state.monitored);
    let answered = decided(&state, &name, &headers, bytes, &mut trace).await;
    trace.leave();
    answered
}

async fn decided(
    state: &Arc<AppState>,
    name: &str,
    headers: &HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
    trace: &mut Trace,
) -> Result<Response, Problem> {
    state.admit(headers, Scope::Decide).await?;
    let slot = slot(state, name)?;
    trace.about(slot.place);
    let deadline = Duration::from_millis(slot.product.header().deadline_ms);
    let questions = Questions::read(&body::json(headers, bytes)?)?;
    trace.done(trace::Part::Read);
    let answered = match (answering(state, slot), questions) {
        (Err(none), _) => Err(none),
        (Ok(live), Questions::One(asked)) => {
            answer_one(state, slot, &live, deadline, asked, trace).await
        }
        (Ok(live), Questions::Many(asked)) => {
            answer_many(state, slot, &live, deadline, asked, trace).await
        }
    };
    // What is wrong with the question is not ours.
    if let Err(problem) = &answered
        && problem.status >= 500
    {
        let champion = || slot.answering().map(|answering| answering.version);
        let version = trace.version().or_else(champion).unwrap_or(NO_VERSION);
        state.figures.unanswered(slot, version);
    }
    answered
}

fn json(written: serde_json::Result<Vec<u8>>) -> Result<Response, Problem> {
    let body = written.map_err(|e| Problem::internal("write the answer", &e))?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((StatusCode::OK, kind, body).into_response())
}

/// What is to be explained.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explain {
    request: Asked,
    #[serde(default)]
    about: Option<String>,
}

/// An explanation, as it leaves.
#[derive(Serialize)]
struct Explained {
    product: String,
    version: u32,
    holdout: bool,
    /// What the explanation is not, where it does not explain what is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    explanation: Explanation,
}

pub(crate) async fn explain(
    State(state): Shared,
    Part(name): Part,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    state.admit(&headers, Scope::Decide).await?;
    let slot = slot(&state, &name)?;
    let mut asked: Explain = body::read(&headers, bytes)?;
    let now = jiff::Timestamp::now();
    let champion = answering(&state, slot)?;
    let holdout = &state.workshop.project.file.holdout;
    let holdout = holdout.is_held_out(&asked.request);
    let live = if holdout {
        champion
    } else {
        slot.chosen(&champion, &asked.request)
    };
    let version = live.version;
    asked.request = state.stood(&name, &live, asked.request, now);
    let explain = move || {
        let about = asked.about.as_deref();
        live.serving
            .explain(&asked.request, about, now)
            .map_err(|infeasible| {
                let told = problem(&infeasible);
                // What is to be explained stands beside the question, not in it.
                let beside = matches!(&infeasible, Infeasible::UnknownProduct { product } if about == Some(product.as_str()));
                let field = if beside {
                    "about".to_owned()
                } else {
                    body::within("request", told.field.as_deref())
                };
                told.field(field)
            })
    };
    let explained = tokio::task::spawn_blocking(explain)
        .await
        .map_err(|e| Problem::internal("explain", &e))??;
    let note = holdout.then_some(factory::HELD_OUT);
    json(serde_json::to_vec(&Explained {
        product: name,
        version,
        holdout,
        note,
        explanation: explained,
    }))
}

pub(crate) async fn decision(
    State(state): Shared,
    Part(id): Part,
    headers: HeaderMap,
) -> Result<Json<DecisionRecord>, Problem> {
    state.admit(&headers, Scope::Read).await?;
    if let Some(found) = state.latest.lock().get(&id) {
        return Ok(Json(found));
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
