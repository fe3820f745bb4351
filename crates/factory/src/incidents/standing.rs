//! Incidents with who was told of them, and of whom it was not or why not.

use super::tell::due;
use crate::Workshop;
use jiff::Timestamp;
use registry::{About, IncidentRecord, MessageRecord, StoreError};
use serde::Serialize;
use std::collections::BTreeSet;

/// An incident with who was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// Its number.
    pub id: u32,
    /// What is wrong, as a path.
    pub cause: String,
    /// The data products that it is about, by name.
    pub products: Vec<String>,
    /// What is wrong, in one sentence.
    pub what: String,
    /// The page of the console that shows it.
    pub page: String,
    /// When it was first seen.
    pub opened_at: Timestamp,
    /// When it was last seen.
    pub seen_at: Timestamp,
    /// When it was first seen no more; absent while it is open.
    pub closed_at: Option<Timestamp>,
    /// Messages about it, by recipient; empty where nobody is named for it.
    pub messages: Vec<Telling>,
}

/// A message of an incident to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Telling {
    /// Who is told: the channel, and of mail the address.
    pub recipient: String,
    /// What is told.
    pub about: About,
    /// How it stands with it.
    #[serde(flatten)]
    pub stage: Stage,
}

/// How a message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// It arrived.
    Told {
        /// When.
        at: Timestamp,
    },
    /// It has not arrived, and is tried again.
    Failed {
        /// Why it did not the last time.
        why: String,
        /// Times that it was tried.
        attempts: u32,
        /// From when on it is tried again.
        again_at: Timestamp,
    },
    /// It is held back until a moment.
    Held {
        /// Until when.
        until: Timestamp,
    },
    /// It is being sent, or is with the next call that tells.
    Waits,
}

impl Stage {
    fn of(message: &MessageRecord, now: Timestamp) -> Self {
        match (message.told_at, &message.error) {
            (Some(at), _) => Self::Told { at },
            (None, Some(why)) => Self::Failed {
                why: why.clone(),
                attempts: message.attempts,
                again_at: message.not_before,
            },
            (None, None) if message.attempts == 0 && message.not_before > now => Self::Held {
                until: message.not_before,
            },
            (None, None) => Self::Waits,
        }
    }
}

impl Workshop {
    /// Incidents with who was told: all that are open, then those that were closed at or after a moment, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the registry cannot be used.
    pub async fn incidents(
        &self,
        closed_since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        let records = self.registry.incidents(closed_since).await?;
        Ok(records
            .into_iter()
            .map(|record| self.with_messages(record, now))
            .collect())
    }

    /// The latest incident of a product, an open one first; `None` where it never had one.
    ///
    /// # Errors
    /// [`StoreError`] when the registry cannot be used.
    pub async fn latest_incident(
        &self,
        product: &str,
        now: Timestamp,
    ) -> Result<Option<Incident>, StoreError> {
        let record = self.registry.latest_incident(product).await?;
        Ok(record.map(|record| self.with_messages(record, now)))
    }

    fn with_messages(&self, record: IncidentRecord, now: Timestamp) -> Incident {
        let mut messages: Vec<Telling> = record
            .messages
            .iter()
            // What was not told while it lasted is told as over, or no more.
            .filter(|m| {
                m.told_at.is_some() || (m.about == About::Closed) == record.closed_at.is_some()
            })
            .map(|message| Telling {
                recipient: message.recipient.clone(),
                about: message.about,
                stage: Stage::of(message, now),
            })
            .collect();
        let alerts = &self.project.alerts;
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for channel in &alerts.channels {
            for recipient in channel.recipients() {
                let wanted =
                    channel.wants(&self.project, &record) && seen.insert(recipient.name.clone());
                // As of when it will be known to be over.
                let later = now.max(record.closed_at.unwrap_or(now) + alerts.calm);
                let about = due(&record, &recipient.name, alerts.closing, alerts.calm, later);
                if let (true, Some(about)) = (wanted, about)
                    && record.message(&recipient.name, about).is_none()
                {
                    let from = channel.from(&record);
                    let until = record.closed_at.map_or(from, |at| at + alerts.calm);
                    messages.push(Telling {
                        recipient: recipient.name,
                        about,
                        stage: if until > now {
                            Stage::Held { until }
                        } else {
                            Stage::Waits
                        },
                    });
                }
            }
        }
        messages.sort_by(|a, b| (&a.recipient, a.about).cmp(&(&b.recipient, b.about)));
        Incident {
            id: record.id,
            cause: record.cause,
            products: record.products,
            what: record.what,
            page: record.page,
            opened_at: record.opened_at,
            seen_at: record.seen_at,
            closed_at: record.closed_at,
            messages,
        }
    }
}
