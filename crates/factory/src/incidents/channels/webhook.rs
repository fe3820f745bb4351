//! Messages as JSON to a web address.

use super::{SendError, expand};
use crate::incidents::message::Message;
use crate::incidents::settings::is_web_address;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;

/// Posts a message. How long it may take is the caller's to bound.
///
/// A header `Idempotency-Key` is the same for each attempt, so that a receiver can tell a message that it got twice.
/// Redirections are not followed: most clients would ask for the new address without the message.
pub(super) async fn send(
    channel: &str,
    url: &str,
    authorization: Option<&str>,
    message: &Message,
) -> Result<(), SendError> {
    let name = || channel.to_owned();
    // Addresses hold secrets and errors are shown.
    let failed = |error: reqwest::Error| SendError::Http {
        channel: name(),
        source: error.without_url(),
    };
    let url = expand(channel, url)?;
    if !is_web_address(&url) {
        return Err(SendError::Address { channel: name() });
    }
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .user_agent(concat!("comptoir/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(failed)?;
    let mut request = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header("idempotency-key", &message.key)
        .body(message.json());
    if let Some(authorization) = authorization {
        let text = expand(channel, authorization)?;
        let value = HeaderValue::try_from(text);
        let mut value = value.map_err(|_| SendError::Header { channel: name() })?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let status = request.send().await.map_err(failed)?.status();
    if status.is_success() {
        return Ok(());
    }
    Err(SendError::Answered {
        channel: name(),
        status,
    })
}
