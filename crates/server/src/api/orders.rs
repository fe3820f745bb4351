//! What people make of proposed orders: durable before it is confirmed, the same identifier once.

use super::decide::{answering, not_logged, problem};
use super::promote::is_from_here;
use super::{Part, Shared, body, slot};
use crate::auth::{Caller, Scope};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use jiff::civil::Date;
use lake::LakeError;
use lake::log::{LogRecord, OrderAnswer, OrderAnswerRecord, find_order_answer, order_answers_of};
use parking_lot::Mutex;
use products::Asked;
use schema::{Estimate, ProductId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// The kind whose proposals are answered.
pub(crate) const PROPOSES: &str = "stock";

/// The action that is the order.
pub(crate) const ORDER: &str = "order";

/// Answers kept in memory until they are in the lake, which is a matter of seconds.
const ANSWERS_KEPT: usize = 10_000;

/// Most characters of an identifier, as in the table's contract.
const ID_CHARS_MAX: usize = 200;

/// Most characters of a reason.
const REASON_CHARS_MAX: usize = 1_000;

/// An answer as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    pub(crate) product_id: ProductId,
    pub(crate) site_id: String,
    pub(crate) answer: OrderAnswer,
    /// Needed where it is changed.
    #[serde(default)]
    pub(crate) ordered_units: Option<u32>,
    /// What the caller saw; where it is no longer proposed nothing is taken.
    #[serde(default)]
    pub(crate) proposed_units: Option<u32>,
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// The same identifier twice is one answer.
    #[serde(default)]
    pub(crate) answer_id: Option<String>,
    /// Who says so; beside the name of the key where there is one.
    #[serde(default)]
    pub(crate) who: String,
}

/// An answer as it was taken.
#[derive(Debug, Serialize)]
pub(crate) struct Taken {
    answer_id: String,
    made_at: jiff::Timestamp,
    author: String,
    product_id: ProductId,
    site_id: String,
    ordered_on: Date,
    proposed_units: u32,
    answer: OrderAnswer,
    ordered_units: u32,
    reason: Option<String>,
    /// It had been given before, and changes nothing now.
    repeated: bool,
}

impl Taken {
    fn new(record: &OrderAnswerRecord, repeated: bool) -> Self {
        let record = record.clone();
        Self {
            answer_id: record.answer_id,
            made_at: record.made_at,
            author: record.author,
            product_id: record.product_id,
            site_id: record.site_id,
            ordered_on: record.ordered_on,
            proposed_units: record.proposed_units,
            answer: record.answer,
            ordered_units: record.ordered_units,
            reason: record.reason,
            repeated,
        }
    }
}

/// The latest answers, oldest dropped first.
#[derive(Default)]
struct Latest {
    order: VecDeque<Arc<OrderAnswerRecord>>,
    by_id: HashMap<String, Arc<OrderAnswerRecord>>,
}

/// What people answered lately: what is not in the lake yet is here.
#[derive(Default)]
pub(crate) struct OrderAnswers {
    latest: Mutex<Latest>,
    /// One answer at a time, so that of two with one identifier the second finds the first.
    turn: tokio::sync::Mutex<()>,
}

impl OrderAnswers {
    fn add(&self, record: OrderAnswerRecord) {
        let record = Arc::new(record);
        let mut latest = self.latest.lock();
        latest.order.push_back(Arc::clone(&record));
        latest.by_id.insert(record.answer_id.clone(), record);
        if latest.order.len() > ANSWERS_KEPT
            && let Some(oldest) = latest.order.pop_front()
        {
            latest.by_id.remove(&oldest.answer_id);
        }
    }

    fn get(&self, id: &str) -> Option<OrderAnswerRecord> {
        let latest = self.latest.lock();
        latest.by_id.get(id).map(|record| record.as_ref().clone())
    }

    fn of_day(&self, day: Date) -> Vec<OrderAnswerRecord> {
        let latest = self.latest.lock();
        let own = latest.order.iter().filter(|one| one.ordered_on == day);
        own.map(|one| one.as_ref().clone()).collect()
    }
}

fn unreadable(error: &LakeError) -> Problem {
    Problem::internal("read the answers to orders", error)
}

/// The last answer to each proposal of a day, by product and site.
pub(crate) async fn answered_on(
    state: &AppState,
    day: Date,
) -> Result<BTreeMap<(String, String), OrderAnswerRecord>, Problem> {
    // What moves to the lake meanwhile is in one of both.
    let recent = state.order_answers.of_day(day);
    let stored = order_answers_of(&state.workshop.lake, day).await;
    let mut all = stored.map_err(|error| unreadable(&error))?;
    all.extend(recent);
    all.sort_by(|a, b| (a.made_at, &a.answer_id).cmp(&(b.made_at, &b.answer_id)));
    let keyed = all.into_iter().map(|one| {
        let key = (one.product_id.as_str().to_owned(), one.site_id.clone());
        (key, one)
    });
    Ok(keyed.collect())
}

pub(crate) async fn answer(
    State(state): Shared,
    Part(name): Part,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Taken>, Problem> {
    let caller = state.admit(&headers, Scope::Order).await?;
    is_from_here(&state, &headers)?;
    proposes(&state, &name)?;
    let sent: Sent = body::read(&headers, bytes)?;
    taken(&state, &caller, &name, &sent).await.map(Json)
}

/// Refuses a product that proposes no orders.
fn proposes(state: &AppState, name: &str) -> Result<(), Problem> {
    let kind = &slot(state, name)?.product.header().kind;
    if kind == PROPOSES {
        return Ok(());
    }
    Err(Problem::not_found(format!(
        "{name} is of kind {kind:?} and proposes no orders, allowed is a data product of kind {PROPOSES:?}"
    )))
}

/// Takes an answer to what a product proposes now.
pub(crate) async fn taken(
    state: &AppState,
    caller: &Caller,
    name: &str,
    sent: &Sent,
) -> Result<Taken, Problem> {
    proposes(state, name)?;
    let author = author(caller, &sent.who)?;
    tidy("site_id", &sent.site_id)?;
    let reason = reason(sent)?;
    let _turn = state.order_answers.turn.lock().await;
    if let Some(id) = &sent.answer_id {
        tidy("answer_id", id)?;
        if let Some(before) = before(state, id).await? {
            return again(&before, sent, &author, reason).map(|()| Taken::new(&before, true));
        }
    }
    let proposed = proposed(state, name, sent)?;
    if let Some(seen) = sent.proposed_units.filter(|seen| *seen != proposed) {
        let detail = format!(
            "`proposed_units` is {seen}, {name} proposes {proposed} by now: look at it again"
        );
        return Err(Problem::conflict(detail).field("proposed_units"));
    }
    let ordered_units = ordered(sent, proposed)?;
    let shop = state
        .live
        .shop()
        .ok_or_else(|| Problem::unavailable("the shop cannot be read"))?;
    let answer_id = sent
        .answer_id
        .clone()
        .unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let record = OrderAnswerRecord {
        answer_id,
        made_at: jiff::Timestamp::now(),
        author,
        product_id: sent.product_id.clone(),
        site_id: sent.site_id.clone(),
        ordered_on: shop.today().0,
        proposed_units: proposed,
        answer: sent.answer,
        ordered_units,
        reason: reason.map(str::to_owned),
    };
    let bytes = LogRecord::OrderAnswer(record.clone())
        .to_bytes()
        .map_err(|e| Problem::internal("log the answer", &e))?;
    let appended = state.wal.append(&bytes).await;
    appended.map_err(|e| not_logged(&e))?;
    let taken = Taken::new(&record, false);
    state.order_answers.add(record);
    Ok(taken)
}

/// The answer of an identifier that was given before.
async fn before(state: &AppState, id: &str) -> Result<Option<OrderAnswerRecord>, Problem> {
    if let Some(known) = state.order_answers.get(id) {
        return Ok(Some(known));
    }
    let found = find_order_answer(&state.workshop.lake, id).await;
    found.map_err(|error| unreadable(&error))
}

/// Refuses another answer under the identifier of an earlier one.
fn again(
    before: &OrderAnswerRecord,
    sent: &Sent,
    author: &str,
    reason: Option<&str>,
) -> Result<(), Problem> {
    let same = [
        before.product_id == sent.product_id,
        before.site_id == sent.site_id,
        before.answer == sent.answer,
        sent.ordered_units
            .is_none_or(|units| units == before.ordered_units),
        sent.proposed_units
            .is_none_or(|units| units == before.proposed_units),
        before.author == author,
        before.reason.as_deref() == reason,
    ];
    if same.into_iter().all(|same| same) {
        return Ok(());
    }
    let (by, what, product, site) = (
        &before.author,
        before.answer.name(),
        before.product_id.as_str(),
        &before.site_id,
    );
    let detail = format!(
        "`answer_id` is {:?}, under which {by} has {what} {} units of {product} for {site}; an identifier stands for one answer",
        before.answer_id, before.ordered_units
    );
    Err(Problem::conflict(detail).field("answer_id"))
}

/// What the product proposes now, in units.
fn proposed(state: &AppState, name: &str, sent: &Sent) -> Result<u32, Problem> {
    let live = answering(state, slot(state, name)?)?;
    let now = jiff::Timestamp::now();
    let asked = Asked {
        product_id: Some(sent.product_id.clone()),
        placement: Some(sent.site_id.clone()),
        ..Asked::default()
    };
    let decided = live
        .serving
        .decide(&state.stood(name, &live, asked, now), now);
    let decided = decided.map_err(|infeasible| {
        let problem = problem(&infeasible);
        // What a question calls a placement is a site here.
        match problem.field.as_deref() {
            Some("placement") => problem.field("site_id"),
            _ => problem,
        }
    })?;
    let order = decided.actions.iter().find(|action| action.id == ORDER);
    let estimate = order.and_then(|action| action.estimate.as_ref());
    let units = estimate.and_then(Estimate::point).map(f64::round);
    let why = || match estimate {
        Some(Estimate::NotMeasurable(why)) => why.to_string(),
        _ => "the version does not say".to_owned(),
    };
    match units {
        Some(units) if (0.0..=f64::from(u32::MAX)).contains(&units) => Ok(units as u32),
        _ => {
            let (product, site) = (sent.product_id.as_str(), &sent.site_id);
            let detail = format!(
                "{name} proposes no order of {product} for {site}: {}",
                why()
            );
            Err(Problem::invalid(detail).field("product_id"))
        }
    }
}

/// Units that are ordered, by the conditions of the table.
fn ordered(sent: &Sent, proposed: u32) -> Result<u32, Problem> {
    let wrong = |found: String, allowed: &str| {
        let detail = format!("`ordered_units` is {found}, {allowed}");
        Err(Problem::invalid(detail).field("ordered_units"))
    };
    match (sent.answer, sent.ordered_units) {
        (OrderAnswer::Accepted, None) => Ok(proposed),
        (OrderAnswer::Accepted, Some(units)) if units != proposed => wrong(
            units.to_string(),
            &format!("an order that is accepted is the one proposed, which is {proposed}"),
        ),
        (OrderAnswer::Changed, None) => wrong(
            "missing".to_owned(),
            "an order that is changed says how many units are ordered instead",
        ),
        (OrderAnswer::Changed, Some(units)) if units == proposed => wrong(
            units.to_string(),
            "as proposed: an order that is changed is another one, this one is accepted",
        ),
        (OrderAnswer::Refused, None) => Ok(0),
        (OrderAnswer::Refused, Some(units)) if units != 0 => wrong(
            units.to_string(),
            "allowed is 0: of an order that is refused nothing is ordered",
        ),
        (_, Some(units)) => Ok(units),
    }
}

/// Who answers: a person by the name given, the key, or both.
fn author(caller: &Caller, named: &str) -> Result<String, Problem> {
    let named = named.trim();
    let author = match caller.key.as_deref() {
        Some(key) if named.is_empty() || named == key => key.to_owned(),
        Some(key) => format!("{named}, key {key}"),
        None if named.is_empty() => {
            let detail = "`who` is missing: a request without a key says who answers";
            return Err(Problem::invalid(detail).field("who"));
        }
        None => named.to_owned(),
    };
    tidy("who", &author)?;
    Ok(author)
}

/// Why, in words; nothing where it is blank.
fn reason(sent: &Sent) -> Result<Option<&str>, Problem> {
    let reason = sent.reason.as_deref().map(str::trim);
    let reason = reason.filter(|reason| !reason.is_empty());
    let found = reason.map_or(0, |reason| reason.chars().count());
    if found > REASON_CHARS_MAX {
        let detail =
            format!("`reason` has {found} characters, allowed is up to {REASON_CHARS_MAX}");
        return Err(Problem::invalid(detail).field("reason"));
    }
    Ok(reason)
}

/// Refuses a text that the table's contract would not take as an identifier.
fn tidy(field: &'static str, text: &str) -> Result<(), Problem> {
    let found = text.chars().count();
    let untidy = text.trim().len() < text.len() || text.contains(char::is_control);
    if (1..=ID_CHARS_MAX).contains(&found) && !untidy {
        return Ok(());
    }
    let detail = format!(
        "`{field}` has {found} characters, allowed is 1 to {ID_CHARS_MAX}, none of them a control character, and no white space at its ends"
    );
    Err(Problem::invalid(detail).field(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_what_the_contract_of_its_table_allows() {
        let table = schema::table::table("order_answers").unwrap();
        let column = |name: &str| table.columns.iter().find(|c| c.name == name).unwrap();
        for name in ["answer_id", "author", "product_id", "site_id"] {
            let pattern = column(name).pattern.as_deref();
            let expected = r"^[^\p{Cc}\s]([^\p{Cc}]{0,198}[^\p{Cc}\s])?$";
            assert_eq!(pattern, Some(expected), "{name}");
        }
        let words: Vec<&str> = OrderAnswer::ALL.iter().map(|a| a.name()).collect();
        assert_eq!(column("answer").allowed, words);
    }

    #[test]
    fn what_is_ordered_keeps_the_conditions_of_the_table() {
        let ordered = |answer, ordered_units| {
            let sent = Sent {
                product_id: ProductId::new("p").unwrap(),
                site_id: "s".to_owned(),
                answer,
                ordered_units,
                proposed_units: None,
                reason: None,
                answer_id: None,
                who: String::new(),
            };
            super::ordered(&sent, 24).map_err(|problem| problem.detail)
        };
        use OrderAnswer::{Accepted, Changed, Refused};
        for (answer, units, expected) in [
            (Accepted, None, 24),
            (Accepted, Some(24), 24),
            (Changed, Some(0), 0),
            (Changed, Some(36), 36),
            (Refused, None, 0),
            (Refused, Some(0), 0),
        ] {
            assert_eq!(ordered(answer, units), Ok(expected), "{answer:?} {units:?}");
        }
        for (answer, units, says) in [
            (
                Accepted,
                Some(36),
                "is 36, an order that is accepted is the one proposed, which is 24",
            ),
            (
                Changed,
                None,
                "is missing, an order that is changed says how many",
            ),
            (Changed, Some(24), "is 24, as proposed"),
            (Refused, Some(1), "is 1, allowed is 0"),
        ] {
            let told = ordered(answer, units).unwrap_err();
            assert!(told.contains(says), "{answer:?} {units:?}: {told}");
        }
    }

    #[test]
    fn who_answers_is_the_key_or_the_name_given() {
        let of = |key: Option<&str>, named: &str| {
            let caller = Caller::named(key);
            author(&caller, named).map_err(|problem| problem.field.unwrap_or_default())
        };
        assert_eq!(of(Some("ana"), " "), Ok("ana".to_owned()));
        assert_eq!(
            of(Some("planners"), "ana"),
            Ok("ana, key planners".to_owned())
        );
        assert_eq!(of(None, " ana "), Ok("ana".to_owned()));
        assert_eq!(of(None, ""), Err("who".to_owned()));
        assert_eq!(of(None, "a\nb"), Err("who".to_owned()));
    }
}
