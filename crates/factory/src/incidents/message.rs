//! What is told: the same in every channel, as JSON for programs and in a few lines for people.

use crate::Project;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use registry::{About, IncidentRecord};
use serde::Serialize;

/// What a message says of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Says {
    /// It is there.
    Opened,
    /// It is over.
    Closed,
    /// Nothing: it tries the channel.
    Test,
}

/// A data product that a message is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Named {
    pub(super) name: String,
    /// Absent where the product is no longer there.
    pub(super) owner: Option<String>,
    /// Who is told when the owner does not act; absent where nobody is named.
    pub(super) escalation: Option<String>,
}

/// A message, as programs get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Message {
    /// In a few words, for people: what chats show of a message.
    pub(super) text: String,
    /// The same for every attempt to send this message to this recipient, and for no other message.
    pub(super) key: String,
    /// Number of the incident.
    pub(super) id: Option<u32>,
    pub(super) state: Says,
    pub(super) shop: String,
    pub(super) cause: String,
    pub(super) products: Vec<Named>,
    pub(super) what: String,
    pub(super) link: String,
    pub(super) opened_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    /// When it was written.
    pub(super) at: Timestamp,
    /// The key of the message that this one follows.
    #[serde(skip)]
    pub(super) follows: Option<String>,
    #[serde(skip)]
    pub(super) subject: String,
}

/// What identifies a message to everybody who sees it.
fn key(shop: &str, incident: &IncidentRecord, recipient: &str, about: About) -> String {
    let parts = (shop, &incident.cause, incident.opened_at, recipient, about);
    let text = serde_json::to_string(&parts).unwrap_or_default();
    let mut key = schema::config::fingerprint(text.as_bytes());
    // 128 bits are enough for no two to be the same.
    key.truncate(32);
    key
}

/// A moment as the clocks of the shop show it.
fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    zoned.strftime("%Y-%m-%d %H:%M %Z").to_string()
}

impl Message {
    /// What is told of an incident.
    pub(super) fn of(
        project: &Project,
        incident: &IncidentRecord,
        recipient: &str,
        about: About,
        at: Timestamp,
    ) -> Self {
        let shop = &project.file.name;
        let zone = &project.time_zone;
        let products: Vec<Named> = incident
            .products
            .iter()
            .map(|name| {
                let header = project.product(name).map(|product| product.header());
                Named {
                    name: name.clone(),
                    owner: header.map(|header| header.owner.clone()),
                    escalation: header.and_then(|header| header.promises.escalation.clone()),
                }
            })
            .collect();
        let names = incident.products.join(", ");
        let headline = if names.is_empty() {
            incident.what.clone()
        } else {
            format!("{names}: {}", incident.what)
        };
        let link = format!("{}{}", project.alerts.link, incident.page);
        let since = clock(incident.opened_at, zone);
        let (says, first, times) = match incident.closed_at {
            None => (Says::Opened, headline.clone(), format!("Since {since}.")),
            Some(closed_at) => (
                Says::Closed,
                format!("Over: {headline}"),
                format!("From {since} to {}.", clock(closed_at, zone)),
            ),
        };
        let text = [first.clone(), times, who(&products), link.clone()]
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n");
        Self {
            text,
            key: key(shop, incident, recipient, about),
            id: Some(incident.id),
            state: says,
            shop: shop.clone(),
            cause: incident.cause.clone(),
            products,
            what: incident.what.clone(),
            link,
            opened_at: Some(incident.opened_at),
            closed_at: incident.closed_at,
            at,
            follows: (about == About::Closed)
                .then(|| key(shop, incident, recipient, About::Opened)),
            subject: subject(shop, &first),
        }
    }

    /// A message that tries a channel.
    pub(super) fn test(project: &Project, recipient: &str, at: Timestamp) -> Self {
        let shop = &project.file.name;
        let what = format!("a test of the channel {recipient}: nothing is wrong");
        let link = format!("{}/incidents", project.alerts.link);
        let (cause, opened) = ("test".to_owned(), "test");
        let text = serde_json::to_string(&(shop, recipient, opened, at)).unwrap_or_default();
        Self {
            text: format!("{what}\n{link}"),
            key: schema::config::fingerprint(text.as_bytes())[..32].to_owned(),
            id: None,
            state: Says::Test,
            shop: shop.clone(),
            cause,
            products: Vec::new(),
            subject: subject(shop, &what),
            what,
            link,
            opened_at: None,
            closed_at: None,
            at,
            follows: None,
        }
    }

    /// As JSON, on one line.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Owners with those after them, each pair once.
fn who(products: &[Named]) -> String {
    let mut told: Vec<String> = Vec::new();
    for product in products {
        let Some(owner) = &product.owner else {
            continue;
        };
        let one = match &product.escalation {
            Some(next) => format!("{owner}, then {next}"),
            None => owner.clone(),
        };
        if !told.contains(&one) {
            told.push(one);
        }
    }
    if told.is_empty() {
        return String::new();
    }
    format!("Owner: {}.", told.join("; "))
}

/// Longest subject of a mail, in characters.
const SUBJECT_CHARS: usize = 140;

fn subject(shop: &str, first: &str) -> String {
    let line = format!("[{shop}] {first}");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SUBJECT_CHARS {
        return line;
    }
    line.chars().take(SUBJECT_CHARS - 1).chain(['…']).collect()
}
