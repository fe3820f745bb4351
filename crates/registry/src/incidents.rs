//! Incidents: what went wrong from when to when, and who was told of it.
//!
//! An incident is opened by the first look that shows its cause and closed by the first that does not. What shows again
//! soon after is the same incident. Messages are claimed before they are sent, so that of two processes only one sends.

use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::{StoreError, Writing};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Longest sentence that is kept of an incident or of an error, in characters.
const SENTENCE_CHARS: usize = 600;

/// Something that is wrong as of one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// What is wrong, as a path that stays the same while it is: `promise/for-you/latency_p99`, `job/nightly-import`,
    /// `data_age`. Signals of one cause are one incident.
    pub cause: String,
    /// The data product that it is about; none where it is about none or about the shop.
    pub product: Option<String>,
    /// What is wrong, in one sentence. Of signals of one cause the first one's is kept.
    pub what: String,
    /// The page of the console that shows it: `/review/for-you`. Of signals of one cause the first one's is kept.
    pub page: String,
}

/// An incident as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRecord {
    /// 1, 2, 3 …
    pub id: u32,
    /// What is wrong, as a path.
    pub cause: String,
    /// The data products that it is about, by name; as of the last look that showed it.
    pub products: Vec<String>,
    /// What is wrong, in one sentence; as of the last look that showed it.
    pub what: String,
    /// The page of the console that shows it.
    pub page: String,
    /// When it was first seen.
    pub opened_at: Timestamp,
    /// When it was last seen.
    pub seen_at: Timestamp,
    /// When it was first seen no more; absent while it is open.
    pub closed_at: Option<Timestamp>,
    /// What is to be told of it, by recipient.
    pub messages: Vec<MessageRecord>,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// That an incident is there.
    Opened,
    /// That it is over.
    Closed,
}

/// A message of an incident to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// Who is told: the name of a channel, and of one with several addresses the address.
    pub recipient: String,
    /// What is told.
    pub about: About,
    /// Times that it was begun to be sent.
    pub attempts: u32,
    /// Until when it is not sent (again).
    pub not_before: Timestamp,
    /// When it arrived; absent while it has not.
    pub told_at: Option<Timestamp>,
    /// Why it did not arrive the last time, in one sentence.
    pub error: Option<String>,
}

/// What a look changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Noted {
    /// Incidents that are new.
    pub opened: Vec<u32>,
    /// Incidents that were closed a short while ago and are open again.
    pub reopened: Vec<u32>,
    /// Incidents that are over.
    pub closed: Vec<u32>,
}

/// The right to send one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageClaim {
    /// The incident.
    pub incident: u32,
    /// Who is told.
    pub recipient: String,
    /// What is told.
    pub about: About,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// Why signals are not noted.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// A signal that the look which brings it would never close.
    #[error(
        "note the incident `{cause}`: found it outside of what was looked at, expected one of {}",
        scope.join(", ")
    )]
    OutOfScope {
        /// Its cause.
        cause: String,
        /// What was looked at.
        scope: Vec<String>,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl About {
    fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Opened, Self::Closed]
            .into_iter()
            .find(|about| about.word() == word)
    }
}

impl IncidentRecord {
    /// The message about it to a recipient, where there is one.
    #[must_use]
    pub fn message(&self, recipient: &str, about: About) -> Option<&MessageRecord> {
        self.messages
            .iter()
            .find(|m| m.recipient == recipient && m.about == about)
    }
}

/// Whether a cause lies in one of the parts that were looked at: it is that part, or a path below it.
fn is_within(cause: &str, scope: &[&str]) -> bool {
    scope.iter().any(|part| {
        cause
            .strip_prefix(part)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// A text in one line, cut where it is too long to be read.
fn sentence(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= SENTENCE_CHARS {
        return line;
    }
    line.chars().take(SENTENCE_CHARS - 1).chain(['…']).collect()
}

macro_rules! incidents {
    ($tail:literal) => {
        concat!(
            "SELECT id, cause, what, page, opened_at, seen_at, closed_at FROM incidents ",
            $tail
        )
    };
}

impl Registry {
    /// Notes what one look has shown: opens an incident for each cause that is new, says of those that were open that
    /// they were seen again, and closes those that were looked at and show no more. All or nothing, and the same look
    /// noted twice changes nothing.
    ///
    /// - `scope`: what was looked at, as paths of causes: `["promise/for-you", "run/for-you"]`. Incidents outside of it
    ///   stay as they are. Every signal lies within it.
    /// - `calm`: an incident that shows again within this time of its closing is the same one.
    /// - `now`: the moment of the look. One that is older than another that was noted closes and reopens nothing that the
    ///   newer one has seen.
    ///
    /// # Errors
    /// [`NoteError`]: a signal lies outside of the scope, or the database cannot be used; nothing is noted then.
    pub async fn note_signals(
        &self,
        scope: &[&str],
        signals: &[Signal],
        calm: SignedDuration,
        now: Timestamp,
    ) -> Result<Noted, NoteError> {
        if let Some(outside) = signals.iter().find(|s| !is_within(&s.cause, scope)) {
            return Err(NoteError::OutOfScope {
                cause: outside.cause.clone(),
                scope: scope.iter().map(|part| (*part).to_owned()).collect(),
            });
        }
        let mut shown: BTreeMap<&str, (&Signal, BTreeSet<&str>)> = BTreeMap::new();
        for signal in signals {
            let (_, products) = shown
                .entry(&signal.cause)
                .or_insert_with(|| (signal, BTreeSet::new()));
            products.extend(signal.product.as_deref());
        }
        let mut noted = Noted::default();
        let mut writing = self.store.write().await?;
        let sql = incidents!("WHERE closed_at IS NULL ORDER BY id");
        for row in writing.rows(sql, values![]).await? {
            let open = incident(&row)?;
            if is_within(&open.cause, scope)
                && !shown.contains_key(open.cause.as_str())
                && !is_older(open.seen_at, now)
            {
                let sql = "UPDATE incidents SET closed_at = CASE WHEN opened_at > $2 THEN opened_at ELSE $2 END \
                           WHERE id = $1";
                writing.execute(sql, values![open.id, now]).await?;
                noted.closed.push(open.id);
            }
        }
        for (signal, products) in shown.values() {
            note(&mut writing, signal, products, calm, now, &mut noted).await?;
        }
        writing.commit().await?;
        Ok(noted)
    }

    /// Incidents that are open, and those that were closed at or after a moment: the open ones first, then the newest.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn incidents(
        &self,
        closed_since: Timestamp,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        let sql = incidents!("WHERE closed_at IS NULL OR closed_at >= $1");
        let rows = self.store.rows(sql, values![closed_since]).await?;
        let mut found: Vec<IncidentRecord> = rows.iter().map(incident).collect::<Result<_, _>>()?;
        found.sort_by_key(|i| {
            (
                i.closed_at.is_some(),
                std::cmp::Reverse((i.opened_at, i.id)),
            )
        });
        self.with_details(found).await
    }

    /// The latest incident of a product, the open ones first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn latest_incident(
        &self,
        product: &str,
    ) -> Result<Option<IncidentRecord>, StoreError> {
        let sql = incidents!(
            "WHERE id IN (SELECT incident FROM incident_products WHERE product = $1) \
             ORDER BY CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, opened_at DESC, id DESC LIMIT 1"
        );
        let found = self.store.row(sql, values![product]).await?;
        let found = found.as_ref().map(incident).transpose()?;
        Ok(self.with_details(found.into_iter().collect()).await?.pop())
    }

    async fn with_details(
        &self,
        mut incidents: Vec<IncidentRecord>,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        // One statement for all: shops have hundreds of incidents, not millions.
        let Some(first) = incidents.iter().map(|i| i.id).min() else {
            return Ok(incidents);
        };
        let place: BTreeMap<u32, usize> = incidents
            .iter()
            .enumerate()
            .map(|(at, i)| (i.id, at))
            .collect();
        let sql = "SELECT incident, product FROM incident_products WHERE incident >= $1 ORDER BY incident, product";
        for row in self.store.rows(sql, values![first]).await? {
            if let Some(at) = place.get(&row.number("incident")?) {
                incidents[*at].products.push(row.get("product")?);
            }
        }
        let sql = "SELECT incident, recipient, about, attempts, not_before, told_at, error FROM incident_messages \
                   WHERE incident >= $1 ORDER BY incident, recipient, about DESC";
        for row in self.store.rows(sql, values![first]).await? {
            if let Some(at) = place.get(&row.number("incident")?) {
                incidents[*at].messages.push(message(&row)?);
            }
        }
        Ok(incidents)
    }

    /// Notes that a message about an open incident waits, so that it is told of even if it is over by then. One that was
    /// begun to be sent stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn hold_message(
        &self,
        incident: u32,
        recipient: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "INSERT INTO incident_messages (incident, recipient, about, attempts, not_before) \
                   VALUES ($1, $2, 'opened', 0, $3) ON CONFLICT (incident, recipient, about) \
                   DO UPDATE SET not_before = excluded.not_before WHERE incident_messages.attempts = 0";
        writing
            .execute(sql, values![incident, recipient, until])
            .await?;
        writing.commit().await
    }

    /// Takes the right to send a message, in one change that no two processes can both make; `None` where it arrived
    /// before, where somebody else has the right, where it failed a short while ago, or where the incident no longer
    /// stands as the message says.
    ///
    /// The right ends at `until`, so that a message whose sender died is sent by another. Who dies between sending and
    /// [`Registry::message_told`] leaves a message that arrives a second time: that, and not a message lost, is what may
    /// happen.
    ///
    /// - `closed_at`: how the incident stood when the message was written.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used; nothing is claimed then.
    pub async fn claim_message(
        &self,
        (incident, recipient, about): (u32, &str, About),
        closed_at: Option<Timestamp>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<MessageClaim>, StoreError> {
        let mut writing = self.store.write().await?;
        let sql = incidents!("WHERE id = $1");
        let row = writing.row(sql, values![incident]).await?;
        let stands = row.as_ref().map(self::incident).transpose()?;
        if stands.is_none_or(|stands| stands.closed_at != closed_at) {
            return Ok(None);
        }
        let sql = "INSERT INTO incident_messages (incident, recipient, about, attempts, not_before) \
                   VALUES ($1, $2, $3, 1, $5) ON CONFLICT (incident, recipient, about) \
                   DO UPDATE SET attempts = incident_messages.attempts + 1, not_before = excluded.not_before \
                   WHERE incident_messages.told_at IS NULL AND (incident_messages.not_before <= $4 \
                   OR incident_messages.attempts = 0)";
        let row = values![incident, recipient, about.word(), now, until];
        if writing.execute(sql, row).await? == 0 {
            return Ok(None);
        }
        let sql = "SELECT attempts FROM incident_messages WHERE incident = $1 AND recipient = $2 AND about = $3";
        let row = writing
            .row(sql, values![incident, recipient, about.word()])
            .await?;
        let attempt = row.map(|row| row.number("attempts")).transpose()?;
        writing.commit().await?;
        Ok(attempt.map(|attempt| MessageClaim {
            incident,
            recipient: recipient.to_owned(),
            about,
            attempt,
        }))
    }

    /// Notes that a message arrived: it is never sent again.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used: the message is sent again once the right to send it has ended.
    pub async fn message_told(
        &self,
        claim: &MessageClaim,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        // Whoever had the right: it has arrived.
        let sql = "UPDATE incident_messages SET told_at = $4, error = NULL \
                   WHERE incident = $1 AND recipient = $2 AND about = $3 AND told_at IS NULL";
        let row = values![
            claim.incident,
            claim.recipient.as_str(),
            claim.about.word(),
            now
        ];
        writing.execute(sql, row).await?;
        writing.commit().await
    }

    /// Notes that a message did not arrive and when it may be sent again. Nothing where its right has ended and another
    /// has it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used: the message is sent again once the right to send it has ended.
    pub async fn message_failed(
        &self,
        claim: &MessageClaim,
        error: &str,
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "UPDATE incident_messages SET not_before = $5, error = $6 \
                   WHERE incident = $1 AND recipient = $2 AND about = $3 AND attempts = $4 AND told_at IS NULL";
        let row = values![
            claim.incident,
            claim.recipient.as_str(),
            claim.about.word(),
            claim.attempt,
            not_before,
            sentence(error).as_str(),
        ];
        writing.execute(sql, row).await?;
        writing.commit().await
    }
}

/// How much older than another a look can be. Where it seems more the clock was set back, and it is the newer one.
const LOOK_LASTS: SignedDuration = SignedDuration::from_hours(1);

/// Whether a look at `now` is older than the one that saw or closed an incident.
fn is_older(seen_at: Timestamp, now: Timestamp) -> bool {
    seen_at > now && seen_at.duration_since(now) < LOOK_LASTS
}

/// Notes one cause that shows.
async fn note(
    writing: &mut Writing<'_>,
    signal: &Signal,
    products: &BTreeSet<&str>,
    calm: SignedDuration,
    now: Timestamp,
    noted: &mut Noted,
) -> Result<(), StoreError> {
    let sql = incidents!(
        "WHERE cause = $1 ORDER BY CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, closed_at DESC LIMIT 1"
    );
    let last = writing.row(sql, values![signal.cause.as_str()]).await?;
    let last = last.as_ref().map(incident).transpose()?;
    let what = sentence(&signal.what);
    let id = match &last {
        // An older look than the one that closed it, or than the one that saw it last, knows nothing newer.
        Some(known)
            if is_older(known.seen_at, now)
                || known.closed_at.is_some_and(|at| is_older(at, now)) =>
        {
            return Ok(());
        }
        Some(known)
            if known
                .closed_at
                .is_none_or(|at| now.duration_since(at) < calm) =>
        {
            let sql = "UPDATE incidents SET seen_at = $2, what = $3, page = $4, closed_at = NULL WHERE id = $1";
            let row = values![known.id, now, what.as_str(), signal.page.as_str()];
            writing.execute(sql, row).await?;
            if known.closed_at.is_some() {
                noted.reopened.push(known.id);
            }
            known.id
        }
        Some(_) | None => {
            let sql = "SELECT COALESCE(MAX(id), 0) + 1 AS id FROM incidents";
            let row = writing.row(sql, values![]).await?;
            let id: u32 = row.map_or(Ok(1), |row| row.number("id"))?;
            let sql = "INSERT INTO incidents (id, cause, what, page, opened_at, seen_at) VALUES ($1, $2, $3, $4, $5, $5)";
            let row = values![
                id,
                signal.cause.as_str(),
                what.as_str(),
                signal.page.as_str(),
                now
            ];
            writing.execute(sql, row).await?;
            noted.opened.push(id);
            id
        }
    };
    let sql = "DELETE FROM incident_products WHERE incident = $1";
    writing.execute(sql, values![id]).await?;
    for product in products {
        let sql = "INSERT INTO incident_products (incident, product) VALUES ($1, $2)";
        writing.execute(sql, values![id, *product]).await?;
    }
    Ok(())
}

fn maybe_time(row: &Row, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
    match row.get::<Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => row.time(column).map(Some),
    }
}

/// An incident without its products and messages.
fn incident(row: &Row) -> Result<IncidentRecord, StoreError> {
    Ok(IncidentRecord {
        id: row.number("id")?,
        cause: row.get("cause")?,
        products: Vec::new(),
        what: row.get("what")?,
        page: row.get("page")?,
        opened_at: row.time("opened_at")?,
        seen_at: row.time("seen_at")?,
        closed_at: maybe_time(row, "closed_at")?,
        messages: Vec::new(),
    })
}

fn message(row: &Row) -> Result<MessageRecord, StoreError> {
    Ok(MessageRecord {
        recipient: row.get("recipient")?,
        about: row.parsed("about", "opened or closed", About::of)?,
        attempts: row.number("attempts")?,
        not_before: row.time("not_before")?,
        told_at: maybe_time(row, "told_at")?,
        error: row.get("error")?,
    })
}
