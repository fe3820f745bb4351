//! Messages as mail.

use super::{SendError, expand};
use crate::incidents::message::Message;
use crate::incidents::settings::{Email, Tls};
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Encryption, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

/// Sends a mail to one address. How long it may take is the caller's to bound.
///
/// Its `Message-ID` is the same for each attempt, so that mail programs show one that arrived twice once, and the mail
/// that an incident is over answers the one that said it is there.
pub(super) async fn send(
    channel: &str,
    email: &Email,
    to: &Mailbox,
    message: &Message,
) -> Result<(), SendError> {
    let name = || channel.to_owned();
    let refused = |source| SendError::Smtp {
        channel: name(),
        source,
    };
    let mail = mail(email, to, message).map_err(|source| SendError::Mail {
        channel: name(),
        source,
    })?;
    let encryption = match email.tls {
        Tls::None => Encryption::None,
        Tls::Starttls => Encryption::Required(parameters(email).map_err(refused)?),
        Tls::Tls => Encryption::Wrapper(parameters(email).map_err(refused)?),
    };
    let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&email.host)
        .port(email.port)
        .hello_name(ClientId::Domain(email.from.email.domain().to_owned()))
        .timeout(Some(email.timeout))
        .tls(encryption);
    if let Some((user, password)) = &email.user_password {
        let (user, password) = (expand(channel, user)?, expand(channel, password)?);
        server = server.credentials(Credentials::new(user, password));
    }
    server.build().send(mail).await.map_err(refused)?;
    Ok(())
}

fn parameters(email: &Email) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    TlsParameters::new(email.host.clone())
}

fn mail(
    email: &Email,
    to: &Mailbox,
    message: &Message,
) -> Result<lettre::Message, lettre::error::Error> {
    let id = |key: &str| format!("<{key}@{}>", email.from.email.domain());
    let mut mail = lettre::Message::builder()
        .from(email.from.clone())
        .to(to.clone())
        .subject(&message.subject)
        .date(message.at.into())
        .message_id(Some(id(&message.key)));
    if let Some(first) = &message.follows {
        mail = mail.in_reply_to(id(first)).references(id(first));
    }
    mail.header(ContentType::TEXT_PLAIN)
        .body(format!("{}\n", message.text))
}
