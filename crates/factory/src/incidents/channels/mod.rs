//! The ways to tell somebody. Each sends one message within a time that is known, or says why it did not arrive.

mod email;
mod file;
mod webhook;

use super::message::Message;
use super::settings::{Channel, Way};
use std::path::Path;
use std::time::Duration;

/// Longest time that a line may take to be written into a file: one on a disk of the network may hang.
const FILE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a message did not arrive. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A variable that the channel asks for.
    #[error("send over channel {channel}: environment variable {name} is not set")]
    Variable {
        /// The channel.
        channel: String,
        /// The variable.
        name: String,
    },
    /// It took too long.
    #[error("send over channel {channel}: no answer within {} s", after.as_secs())]
    Timeout {
        /// The channel.
        channel: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The web address that its variable holds is none.
    #[error(
        "send over channel {channel}: its url is none once variables are put in, expected https://… or http://…"
    )]
    Address {
        /// The channel.
        channel: String,
    },
    /// The web address cannot be reached.
    #[error("send over channel {channel}")]
    Http {
        /// The channel.
        channel: String,
        /// What the client says, without the address.
        #[source]
        source: reqwest::Error,
    },
    /// The web address answered that it did not take it.
    #[error("send over channel {channel}: the answer is {status}, expected 200 to 299")]
    Answered {
        /// The channel.
        channel: String,
        /// What it answered.
        status: reqwest::StatusCode,
    },
    /// A value that cannot stand in a header.
    #[error("send over channel {channel}: its authorization has characters that no header takes")]
    Header {
        /// The channel.
        channel: String,
    },
    /// The mail cannot be written.
    #[error("send over channel {channel}: write the mail")]
    Mail {
        /// The channel.
        channel: String,
        /// What is wrong with it.
        #[source]
        source: lettre::error::Error,
    },
    /// The mail server did not take it.
    #[error("send over channel {channel}")]
    Smtp {
        /// The channel.
        channel: String,
        /// What it answered.
        #[source]
        source: lettre::transport::smtp::Error,
    },
    /// The file cannot be written.
    #[error("send over channel {channel}")]
    File {
        /// The channel.
        channel: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl SendError {
    /// In one line, with its causes.
    #[must_use]
    pub fn told(&self) -> String {
        let mut told = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries tell their cause themselves.
            if !told.contains(&text) {
                told += &format!(": {text}");
            }
            cause = error.source();
        }
        told
    }
}

/// A channel with one of those that it reaches.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    /// What is remembered of whom was told: the channel, and of mail the address.
    pub(super) name: String,
    /// Which of the addresses of mail.
    at: usize,
}

impl Channel {
    /// Whom it reaches.
    pub(super) fn recipients(&self) -> Vec<Recipient> {
        match &self.way {
            Way::Webhook { .. } | Way::File(_) => vec![Recipient {
                name: self.name.clone(),
                at: 0,
            }],
            Way::Email(email) => email
                .to
                .iter()
                .enumerate()
                .map(|(at, to)| Recipient {
                    name: format!("{}: {}", self.name, to.email),
                    at,
                })
                .collect(),
        }
    }

    /// Sends a message to one of them.
    ///
    /// - `folder`: of the project.
    pub(super) async fn send(
        &self,
        recipient: &Recipient,
        message: &Message,
        folder: &Path,
    ) -> Result<(), SendError> {
        let (after, sent) = match &self.way {
            Way::Webhook {
                url,
                authorization,
                timeout,
            } => {
                let sent = webhook::send(&self.name, url, authorization.as_deref(), message);
                (*timeout, tokio::time::timeout(*timeout, sent).await)
            }
            Way::Email(email) => {
                let sent = email::send(&self.name, email, &email.to[recipient.at], message);
                (
                    email.timeout,
                    tokio::time::timeout(email.timeout, sent).await,
                )
            }
            Way::File(path) => {
                let path = folder.join(path);
                let sent = file::append(&self.name, &path, message);
                (FILE_TIMEOUT, tokio::time::timeout(FILE_TIMEOUT, sent).await)
            }
        };
        sent.unwrap_or_else(|_| {
            Err(SendError::Timeout {
                channel: self.name.clone(),
                after,
            })
        })
    }
}

/// A text of `comptoir.toml` with its variables put in.
fn expand(channel: &str, text: &str) -> Result<String, SendError> {
    crate::workshop::expand(text).map_err(|name| SendError::Variable {
        channel: channel.to_owned(),
        name,
    })
}
