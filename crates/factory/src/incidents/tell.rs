//! Who is told what, and when.

use super::channels::{Recipient, SendError};
use super::message::Message;
use super::settings::Channel;
use crate::{Project, Workshop};
use jiff::{SignedDuration, Timestamp};
use registry::{About, IncidentRecord, StoreError};
use serde::Serialize;
use std::time::Instant;
use tokio::task::JoinSet;

/// How long a sender has the right to send a message: longer than any channel may take, and than clocks of machines
/// differ.
const CLAIM: SignedDuration = SignedDuration::from_mins(5);

/// What a message waits after its first failure. It doubles with each further one.
const BACK_OFF: SignedDuration = SignedDuration::from_mins(1);

/// What it waits at most.
const BACK_OFF_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Of what has been over for longer nobody is told any more.
const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a call told, and what it could not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Messages that were sent or tried, by recipient.
    pub messages: Vec<Delivery>,
    /// Messages that are held back while it is silent.
    pub held: u32,
}

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The incident; absent for a test.
    pub incident: Option<u32>,
    /// Who is told.
    pub recipient: String,
    /// What is told; absent for a test.
    pub about: Option<About>,
    /// Why it did not arrive; absent where it did.
    pub error: Option<String>,
}

impl Channel {
    /// Whether it is told of an incident.
    pub(super) fn wants(&self, project: &Project, incident: &IncidentRecord) -> bool {
        let named_by = [&self.products, &self.owners, &self.escalations];
        let everything = named_by.iter().all(|names| names.is_empty());
        let named = |name: &String| {
            let header = project.product(name).map(|product| product.header());
            let owner = header.map(|header| &header.owner);
            let next = header.and_then(|header| header.promises.escalation.as_ref());
            self.products.contains(name)
                || owner.is_some_and(|owner| self.owners.contains(owner))
                || next.is_some_and(|next| self.escalations.contains(next))
        };
        everything || incident.products.iter().any(named)
    }

    /// From when on it is told of an incident that is still open.
    pub(super) fn from(&self, incident: &IncidentRecord) -> Timestamp {
        incident.opened_at + self.after
    }
}

/// What is to be sent of an incident to a recipient at a moment, whether or not it is silent; nothing where all was said,
/// where it is another's turn, or where it is not yet known to be over.
pub(super) fn due(
    incident: &IncidentRecord,
    recipient: &str,
    closing: bool,
    calm: SignedDuration,
    now: Timestamp,
) -> Option<About> {
    let opened = incident.message(recipient, About::Opened);
    let is_told = opened.is_some_and(|message| message.told_at.is_some());
    let about = match incident.closed_at {
        None if is_told => return None,
        None => About::Opened,
        Some(closed_at) => {
            // It may show again and would be the same.
            let over = now.duration_since(closed_at);
            let is_calm = over >= calm && over <= STALE;
            // Who was not told while it lasted is told that it did. Who was not to be told then is not told now.
            let is_due = opened.is_some() && (closing || !is_told);
            if !(is_calm && is_due) {
                return None;
            }
            About::Closed
        }
    };
    let waits = incident.message(recipient, about).is_some_and(|message| {
        message.told_at.is_some() || (message.attempts > 0 && message.not_before > now)
    });
    (!waits).then_some(about)
}

/// Times that a recipient was tried to be told of an incident.
fn attempts(incident: &IncidentRecord, recipient: &str) -> u32 {
    let of = [About::Opened, About::Closed].map(|about| incident.message(recipient, about));
    of.iter().flatten().map(|message| message.attempts).sum()
}

/// How long a message waits after so many attempts.
fn back_off(attempts: u32) -> SignedDuration {
    let doubled = 1_i32 << attempts.saturating_sub(1).min(10);
    (BACK_OFF * doubled).min(BACK_OFF_MAX)
}

/// The messages to one recipient, those that were tried least first, then the oldest.
struct Batch {
    channel: Channel,
    recipient: Recipient,
    incidents: Vec<(IncidentRecord, About)>,
}

/// The moment of a call as it passes.
#[derive(Clone, Copy)]
struct Clock {
    began_at: Timestamp,
    began: Instant,
}

impl Clock {
    /// To the microsecond, as the registry keeps it.
    fn now(self) -> Timestamp {
        let now = self.began_at + self.began.elapsed();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

impl Batch {
    /// Sends one message after the other. Once one does not arrive the others wait for the next call: whom one message
    /// does not reach, fifty would keep for fifty times as long.
    async fn send(self, workshop: Workshop, clock: Clock) -> Result<Vec<Delivery>, StoreError> {
        let registry = &workshop.registry;
        let recipient = &self.recipient.name;
        let mut sent = Vec::new();
        let mut incidents = self.incidents.iter();
        for (incident, about) in incidents.by_ref() {
            let now = clock.now();
            let message = (incident.id, recipient.as_str(), *about);
            let claim = registry.claim_message(message, incident.closed_at, now, now + CLAIM);
            let Some(claim) = claim.await? else {
                continue;
            };
            let message = Message::of(&workshop.project, incident, recipient, *about, now);
            let folder = &workshop.project.folder;
            let arrived = self.channel.send(&self.recipient, &message, folder).await;
            let error = arrived.as_ref().err().map(SendError::told);
            let now = clock.now();
            if let Some(error) = &error {
                let not_before = now + back_off(claim.attempt);
                registry.message_failed(&claim, error, not_before).await?;
            } else {
                registry.message_told(&claim, now).await?;
            }
            let is_lost = error.is_some();
            sent.push(Delivery {
                incident: Some(incident.id),
                recipient: recipient.clone(),
                about: Some(*about),
                error,
            });
            if is_lost {
                break;
            }
        }
        for (incident, about) in incidents {
            if *about == About::Opened && incident.message(recipient, About::Opened).is_none() {
                let held = registry.hold_message(incident.id, recipient, clock.began_at);
                held.await?;
            }
        }
        Ok(sent)
    }
}

impl Workshop {
    /// Tells of incidents whoever is to be told and was not: of each that is open once, of each that is over once it has
    /// been for as long as it could have shown again. What does not arrive is tried again by a later call, after a minute
    /// first and an hour at most. While it is silent nothing is sent; what was open then is told of afterwards, as over if
    /// it is by then.
    ///
    /// Call it after each review and every minute or so between them: where there is nothing to tell it reads once.
    /// Several processes may call it at once; each message is sent by one of them. A process that dies after a message
    /// left and before that was noted leaves a message that is sent a second time, with the same key.
    ///
    /// Recipients are told side by side, so that one that hangs delays no other; the call takes as long as the slowest.
    ///
    /// # Errors
    /// [`StoreError`] when the registry cannot be used. Nothing is lost by it: what could not be noted is sent again.
    pub async fn tell(&self, now: Timestamp) -> Result<Told, StoreError> {
        let alerts = &self.project.alerts;
        let mut told = Told::default();
        if alerts.channels.is_empty() {
            return Ok(told);
        }
        let clock = Clock {
            began_at: now,
            began: Instant::now(),
        };
        let mut incidents = self.registry.incidents(now - STALE).await?;
        incidents.sort_by_key(|incident| (incident.opened_at, incident.id));
        let mut tasks = JoinSet::new();
        for channel in &alerts.channels {
            let silent_until = channel.silence.until(now, &self.project.time_zone);
            for recipient in channel.recipients() {
                let due = incidents.iter().filter_map(|incident| {
                    let wants = channel.wants(&self.project, incident);
                    let name = &recipient.name;
                    let about = due(incident, name, alerts.closing, alerts.calm, now);
                    let about = about.filter(|_| wants)?;
                    let is_time = about == About::Closed || now >= channel.from(incident);
                    is_time.then_some((incident, about))
                });
                let mut due: Vec<(&IncidentRecord, About)> = due.collect();
                // One message that is never taken keeps no other from being tried.
                due.sort_by_key(|(incident, _)| attempts(incident, &recipient.name));
                if let Some(until) = silent_until {
                    told.held += self.hold(&due, &recipient.name, until).await?;
                    continue;
                }
                if due.is_empty() {
                    continue;
                }
                let batch = Batch {
                    channel: channel.clone(),
                    recipient,
                    incidents: due
                        .into_iter()
                        .map(|(i, about)| (i.clone(), about))
                        .collect(),
                };
                tasks.spawn(batch.send(self.clone(), clock));
            }
        }
        let mut failed = None;
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(Ok(sent)) => told.messages.extend(sent),
                Ok(Err(error)) => failed = failed.or(Some(error)),
                // Its messages are claimed, and sent by another call once the claim has ended.
                Err(stopped) => tracing::error!(%stopped, "telling of incidents"),
            }
        }
        told.messages
            .sort_by(|a, b| (&a.recipient, a.incident).cmp(&(&b.recipient, b.incident)));
        match failed {
            Some(error) => Err(error),
            None => Ok(told),
        }
    }

    /// Keeps what would be told if it were not silent; how much that is.
    async fn hold(
        &self,
        due: &[(&IncidentRecord, About)],
        recipient: &str,
        until: Timestamp,
    ) -> Result<u32, StoreError> {
        for (incident, about) in due {
            let known = incident.message(recipient, About::Opened);
            let is_new = known.is_none_or(|m| m.attempts == 0 && m.not_before != until);
            if *about == About::Opened && is_new {
                let held = self.registry.hold_message(incident.id, recipient, until);
                held.await?;
            }
        }
        Ok(u32::try_from(due.len()).unwrap_or(u32::MAX))
    }

    /// Sends a message that says it is a test to everybody who could ever be told, at once and even while it is silent;
    /// who got it.
    pub async fn try_channels(&self, now: Timestamp) -> Vec<Delivery> {
        let mut tasks = JoinSet::new();
        for channel in &self.project.alerts.channels {
            for recipient in channel.recipients() {
                let (workshop, channel) = (self.clone(), channel.clone());
                tasks.spawn(async move {
                    let message = Message::test(&workshop.project, &recipient.name, now);
                    let folder = &workshop.project.folder;
                    let arrived = channel.send(&recipient, &message, folder).await;
                    Delivery {
                        incident: None,
                        recipient: recipient.name,
                        about: None,
                        error: arrived.err().map(|error| error.told()),
                    }
                });
            }
        }
        let mut tried = tasks.join_all().await;
        tried.sort_by(|a, b| a.recipient.cmp(&b.recipient));
        tried
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use registry::MessageRecord;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn message(about: About, attempts: u32, not_before: i64, told: Option<i64>) -> MessageRecord {
        MessageRecord {
            recipient: "chat".to_owned(),
            about,
            attempts,
            not_before: minute(not_before),
            told_at: told.map(minute),
            error: None,
        }
    }

    /// What is due at minute 100 of an incident of minute 10.
    fn due_at_100(closed: Option<i64>, messages: &[MessageRecord], closing: bool) -> Option<About> {
        let incident = IncidentRecord {
            id: 1,
            cause: "job/import".to_owned(),
            products: Vec::new(),
            what: "failed".to_owned(),
            page: "/review".to_owned(),
            opened_at: minute(10),
            seen_at: minute(10),
            closed_at: closed.map(minute),
            messages: messages.to_vec(),
        };
        let calm = SignedDuration::from_mins(60);
        due(&incident, "chat", closing, calm, minute(100))
    }

    #[test]
    fn who_was_told_is_told_once_and_that_it_is_over_once() {
        let told = message(About::Opened, 1, 0, Some(11));
        let over = message(About::Closed, 1, 0, Some(99));
        assert_eq!(due_at_100(None, &[], true), Some(About::Opened));
        assert_eq!(due_at_100(None, std::slice::from_ref(&told), true), None);
        let both = [told.clone(), over];
        let told = [told];
        assert_eq!(due_at_100(Some(40), &told, true), Some(About::Closed));
        assert_eq!(due_at_100(Some(40), &told, false), None);
        assert_eq!(due_at_100(Some(41), &told, true), None, "it may show again");
        assert_eq!(due_at_100(Some(40), &both, true), None);
    }

    #[test]
    fn what_did_not_arrive_waits_and_is_told_even_if_it_is_over() {
        let tried = |not_before| [message(About::Opened, 3, not_before, None)];
        assert_eq!(due_at_100(None, &tried(101), true), None);
        assert_eq!(due_at_100(None, &tried(100), true), Some(About::Opened));
        assert_eq!(
            due_at_100(Some(40), &tried(101), false),
            Some(About::Closed)
        );
        let held = [message(About::Opened, 0, 900, None)];
        assert_eq!(due_at_100(Some(40), &held, false), Some(About::Closed));
        // Whoever was not to be told while it lasted is not told of it a week later.
        assert_eq!(due_at_100(Some(40), &[], true), None);
    }

    #[test]
    fn a_message_waits_twice_as_long_each_time_up_to_an_hour() {
        let minutes = [1, 2, 3, 6, 7, 40].map(|attempts| back_off(attempts).as_mins());
        assert_eq!(minutes, [1, 2, 4, 32, 60, 60]);
    }
}
