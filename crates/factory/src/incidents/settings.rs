//! `[alerts]` of `comptoir.toml`: who is told, how, and when not.

use super::silence::{self, Silence};
use jiff::SignedDuration;
use lettre::message::Mailbox;
use products::Header;
use schema::ConfigError;
use schema::config::ConfigFile;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// Longest time that one message may take, in seconds.
const TIMEOUT_SECONDS_MAX: u64 = 60;

/// Longest time that an incident lasts before a channel is told, in hours.
const AFTER_HOURS_MAX: u32 = 720;

/// Who is told when something is wrong.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsFile {
    /// Address of the console as those reach it who are told: `https://comptoir.shop.example`. Links in messages begin with
    /// it.
    pub link: String,
    /// Whether it is told that an incident is over.
    pub closing: bool,
    /// Minutes after the end of an incident within which it is the same one if it shows again, 0 to 1440. That it is over is
    /// told after them.
    pub calm_minutes: u32,
    /// When nobody is told, by the clocks of the shop: times of day, days, or both, such as `22:00-07:00`, `sat`,
    /// `mon-fri 12:00-14:00`. What is wrong then is told once it is over.
    pub silence: Vec<String>,
    /// Web addresses that messages are sent to.
    pub webhook: Vec<WebhookFile>,
    /// People who get mail.
    pub email: Vec<EmailFile>,
    /// Files that messages are written into.
    pub file: Vec<FileFile>,
}

impl Default for AlertsFile {
    fn default() -> Self {
        Self {
            link: String::new(),
            closing: true,
            calm_minutes: 60,
            silence: Vec::new(),
            webhook: Vec::new(),
            email: Vec::new(),
            file: Vec::new(),
        }
    }
}

/// A web address that messages are sent to as JSON, by POST.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookFile {
    /// Name of the channel. What was told is remembered by it.
    pub name: String,
    /// Address. One that holds a secret is taken from the environment: `${VAR}`.
    pub url: String,
    /// Header `authorization`, with its secret from the environment: `Bearer ${VAR}`.
    #[serde(default)]
    pub authorization: Option<String>,
    /// Seconds that one message may take, 1 to 60.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
    /// Products that it is told about; all where absent.
    #[serde(default)]
    pub products: Vec<String>,
    /// Owners whose products it is told about; all where absent.
    #[serde(default)]
    pub owners: Vec<String>,
    /// Names that products call by `escalation`: it is told about those products.
    #[serde(default)]
    pub escalations: Vec<String>,
    /// Hours that an incident lasts before it is told of it, 0 to 720: for whoever is told when nobody has acted. At once
    /// where absent.
    #[serde(default)]
    pub after_hours: u32,
    /// When it is told nothing, in place of what holds for all; `[]` for a channel that is told at all times.
    #[serde(default)]
    pub silence: Option<Vec<String>>,
}

/// People who get mail.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailFile {
    /// Name of the channel. What was told is remembered by it and by the address.
    pub name: String,
    /// Addresses. Each gets a mail of its own.
    pub to: Vec<String>,
    /// Address that mails are from.
    pub from: String,
    /// Mail server, with its port where that is not 587 (`starttls`), 465 (`tls`) or 25 (`none`).
    pub server: String,
    /// User at the mail server.
    #[serde(default)]
    pub user: Option<String>,
    /// Password at the mail server, from the environment: `${VAR}`.
    #[serde(default)]
    pub password: Option<String>,
    /// Whether and how what is sent is encrypted. `none` takes a password only to this machine.
    #[serde(default)]
    pub tls: Tls,
    /// Seconds that one message may take, 1 to 60.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
    /// Products that it is told about; all where absent.
    #[serde(default)]
    pub products: Vec<String>,
    /// Owners whose products it is told about; all where absent.
    #[serde(default)]
    pub owners: Vec<String>,
    /// Names that products call by `escalation`: it is told about those products.
    #[serde(default)]
    pub escalations: Vec<String>,
    /// Hours that an incident lasts before it is told of it, 0 to 720: for whoever is told when nobody has acted. At once
    /// where absent.
    #[serde(default)]
    pub after_hours: u32,
    /// When it is told nothing, in place of what holds for all; `[]` for a channel that is told at all times.
    #[serde(default)]
    pub silence: Option<Vec<String>>,
}

/// A file that messages are written into, one line of JSON each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileFile {
    /// Name of the channel. What was told is remembered by it.
    pub name: String,
    /// The file; a relative one is below the project.
    pub path: String,
    /// Products that it is told about; all where absent.
    #[serde(default)]
    pub products: Vec<String>,
    /// Owners whose products it is told about; all where absent.
    #[serde(default)]
    pub owners: Vec<String>,
    /// Names that products call by `escalation`: it is told about those products.
    #[serde(default)]
    pub escalations: Vec<String>,
    /// Hours that an incident lasts before it is told of it, 0 to 720: for whoever is told when nobody has acted. At once
    /// where absent.
    #[serde(default)]
    pub after_hours: u32,
    /// When it is told nothing, in place of what holds for all; `[]` for a channel that is told at all times.
    #[serde(default)]
    pub silence: Option<Vec<String>>,
}

/// Whether and how mail is encrypted on its way to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From after the greeting on; a server that cannot is sent nothing.
    #[default]
    Starttls,
    /// From the first byte on.
    Tls,
    /// It is not.
    None,
}

fn timeout_seconds() -> u64 {
    10
}

/// `[alerts]`, checked.
#[derive(Debug, Clone)]
pub struct Alerts {
    /// What comes before the path of a page; empty where nobody is told.
    pub(super) link: String,
    pub(super) closing: bool,
    /// How long an incident that is over may show again and be the same one.
    pub(super) calm: SignedDuration,
    pub(super) channels: Vec<Channel>,
}

/// One way to tell somebody.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) products: BTreeSet<String>,
    pub(super) owners: BTreeSet<String>,
    pub(super) escalations: BTreeSet<String>,
    /// How long an incident lasts before it is told of it.
    pub(super) after: SignedDuration,
    pub(super) silence: Silence,
    pub(super) way: Way,
}

#[derive(Debug, Clone)]
pub(super) enum Way {
    Webhook {
        url: String,
        authorization: Option<String>,
        timeout: Duration,
    },
    Email(Box<Email>),
    File(PathBuf),
}

#[derive(Debug, Clone)]
pub(super) struct Email {
    pub(super) to: Vec<Mailbox>,
    pub(super) from: Mailbox,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user_password: Option<(String, String)>,
    pub(super) tls: Tls,
    pub(super) timeout: Duration,
}

/// Whether a text takes something from the environment.
fn is_variable(text: &str) -> bool {
    text.find("${")
        .is_some_and(|begin| text[begin + 2..].find('}').is_some_and(|end| end > 0))
}

/// Whether a text is nothing but `${VAR}`.
fn is_only_variable(text: &str) -> bool {
    let inner = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
    inner.is_some_and(|name| !name.is_empty() && !name.contains(['{', '}', '$']))
}

/// Whether a text is the address of a page or of a service.
pub(crate) fn is_web_address(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

const WEB_ADDRESS: &str = "an address such as https://comptoir.shop.example";
const SECRET: &str = "a variable of the environment such as \"${ALERT_SECRET}\"";
/// What is said of a secret in place of it.
const WRITTEN_OUT: &str = "written out";

/// A channel as it is read, with what all channels have.
struct Common<'f> {
    kind: &'static str,
    at: usize,
    name: &'f str,
    products: &'f [String],
    owners: &'f [String],
    escalations: &'f [String],
    after_hours: u32,
    silence: Option<&'f [String]>,
}

/// Reads `[alerts]` and collects what is wrong.
struct Reading<'f> {
    main: &'f ConfigFile,
    known_products: &'f [String],
    wrong: Vec<ConfigError>,
}

impl Reading<'_> {
    fn refuse(
        &mut self,
        path: &[&str],
        found: impl std::fmt::Display,
        allowed: impl std::fmt::Display,
    ) {
        let path: Vec<&str> = ["alerts"].iter().chain(path).copied().collect();
        self.wrong.push(self.main.refuse(&path, found, allowed));
    }

    fn silence(&mut self, path: &[&str], windows: &[String]) -> Silence {
        let silence = Silence::read(windows).unwrap_or_else(|at| {
            let found = format!("{:?}", windows[at]);
            self.refuse(
                &[path, &[&at.to_string()]].concat(),
                found,
                silence::ALLOWED,
            );
            Silence::default()
        });
        if silence.is_for_ever() {
            let allowed = "windows that leave some time of the week to tell";
            self.refuse(path, "the whole week", allowed);
        }
        silence
    }

    fn timeout(&mut self, kind: &str, at: usize, seconds: u64) -> Duration {
        if !(1..=TIMEOUT_SECONDS_MAX).contains(&seconds) {
            let allowed = format!("1 to {TIMEOUT_SECONDS_MAX}");
            self.refuse(
                &[kind, &at.to_string(), "timeout_seconds"],
                seconds,
                allowed,
            );
        }
        Duration::from_secs(seconds)
    }

    fn channel(&mut self, common: &Common<'_>, of_all: &Silence, way: Way) -> Channel {
        let (kind, at) = (common.kind, common.at.to_string());
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if common.name.is_empty() || !common.name.chars().all(good) {
            let found = format!("{:?}", common.name);
            self.refuse(
                &[kind, &at, "name"],
                found,
                "lower-case letters, digits and -",
            );
        }
        for (n, product) in common.products.iter().enumerate() {
            if !self.known_products.contains(product) {
                let allowed = match self.known_products {
                    [] => "a data product, and there is none yet".to_owned(),
                    known => format!("one of {}", known.join(", ")),
                };
                let path = [kind, &at, "products", &n.to_string()];
                self.refuse(&path, format!("{product:?}"), allowed);
            }
        }
        if common.after_hours > AFTER_HOURS_MAX {
            let allowed = format!("0 to {AFTER_HOURS_MAX}");
            self.refuse(&[kind, &at, "after_hours"], common.after_hours, allowed);
        }
        let silence = match common.silence {
            None => of_all.clone(),
            Some(windows) => self.silence(&[kind, &at, "silence"], windows),
        };
        Channel {
            name: common.name.to_owned(),
            products: common.products.iter().cloned().collect(),
            owners: common.owners.iter().cloned().collect(),
            escalations: common.escalations.iter().cloned().collect(),
            after: SignedDuration::from_hours(i64::from(common.after_hours)),
            silence,
            way,
        }
    }

    fn webhook(&mut self, at: usize, file: &WebhookFile) -> Way {
        let place = at.to_string();
        if !is_variable(&file.url) && !is_web_address(&file.url) {
            let allowed = "an address that begins with https:// or http://, or a variable of the environment such as \"${CHAT_HOOK}\"";
            // Part of it may be a secret.
            self.refuse(&["webhook", &place, "url"], "no such address", allowed);
        }
        let has_password = reqwest::Url::parse(&file.url).is_ok_and(|url| {
            url.password()
                .is_some_and(|password| !is_variable(password))
        });
        if has_password {
            self.refuse(&["webhook", &place, "url"], "with a password in it", SECRET);
        }
        if file.authorization.as_ref().is_some_and(|a| !is_variable(a)) {
            let allowed =
                "a text with a variable of the environment such as \"Bearer ${ALERT_TOKEN}\"";
            self.refuse(&["webhook", &place, "authorization"], WRITTEN_OUT, allowed);
        }
        Way::Webhook {
            url: file.url.clone(),
            authorization: file.authorization.clone(),
            timeout: self.timeout("webhook", at, file.timeout_seconds),
        }
    }

    fn mailbox(&mut self, path: &[&str], text: &str) -> Option<Mailbox> {
        let read = text.parse::<Mailbox>().ok();
        if read.is_none() {
            let allowed = "a mail address such as \"alerts@shop.example\"";
            self.refuse(path, format!("{text:?}"), allowed);
        }
        read
    }

    fn email(&mut self, at: usize, file: &EmailFile) -> Option<Way> {
        let place = at.to_string();
        if file.to.is_empty() {
            self.refuse(
                &["email", &place, "to"],
                "empty",
                "at least one mail address",
            );
        }
        let mut to = Vec::new();
        for (n, text) in file.to.iter().enumerate() {
            to.extend(self.mailbox(&["email", &place, "to", &n.to_string()], text));
        }
        let from = self.mailbox(&["email", &place, "from"], &file.from);
        let server = server(&file.server, file.tls);
        if server.is_none() {
            let allowed =
                "a host, with a port where it has another, such as \"smtp.shop.example:587\"";
            let found = format!("{:?}", file.server);
            self.refuse(&["email", &place, "server"], found, allowed);
        }
        if file.password.as_ref().is_some_and(|p| !is_only_variable(p)) {
            self.refuse(&["email", &place, "password"], WRITTEN_OUT, SECRET);
        }
        match (&file.user, &file.password) {
            (Some(_), None) => self.refuse(
                &["email", &place, "user"],
                "there alone",
                "beside a `password`",
            ),
            (None, Some(_)) => self.refuse(
                &["email", &place, "password"],
                "there alone",
                "beside a `user`",
            ),
            (None, None) | (Some(_), Some(_)) => {}
        }
        let (host, port) = server?;
        let is_here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if file.tls == Tls::None && file.password.is_some() && !is_here {
            let allowed = "\"starttls\" or \"tls\" while a password is sent to another machine";
            self.refuse(&["email", &place, "tls"], "\"none\"", allowed);
        }
        Some(Way::Email(Box::new(Email {
            to,
            from: from?,
            host,
            port,
            user_password: file.user.clone().zip(file.password.clone()),
            tls: file.tls,
            timeout: self.timeout("email", at, file.timeout_seconds),
        })))
    }
}

/// Host and port of a mail server.
fn server(text: &str, tls: Tls) -> Option<(String, u16)> {
    let usual = match tls {
        Tls::Starttls => 587,
        Tls::Tls => 465,
        Tls::None => 25,
    };
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        // An address of IPv6 has colons of its own.
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(good) {
        return None;
    }
    let port = port.map_or(Some(usual), |port| {
        port.parse().ok().filter(|port| *port > 0)
    })?;
    Some((host.to_owned(), port))
}

impl Alerts {
    /// The settings, or everything that is wrong with them.
    ///
    /// - `known_products`: names of the data products, which channels may name.
    pub(crate) fn check(
        main: &ConfigFile,
        file: &AlertsFile,
        known_products: &[String],
    ) -> Result<Self, Vec<ConfigError>> {
        let mut reading = Reading {
            main,
            known_products,
            wrong: Vec::new(),
        };
        let of_all = reading.silence(&["silence"], &file.silence);
        let mut channels = Vec::new();
        for (at, of) in file.webhook.iter().enumerate() {
            let way = reading.webhook(at, of);
            let silence = of.silence.as_deref();
            let (name, products, owners) = (&of.name, &of.products, &of.owners);
            let (escalations, after_hours) = (&of.escalations, of.after_hours);
            let common = Common {
                kind: "webhook",
                at,
                name,
                products,
                owners,
                escalations,
                after_hours,
                silence,
            };
            channels.push(reading.channel(&common, &of_all, way));
        }
        for (at, of) in file.email.iter().enumerate() {
            let way = reading.email(at, of);
            let silence = of.silence.as_deref();
            let (name, products, owners) = (&of.name, &of.products, &of.owners);
            let (escalations, after_hours) = (&of.escalations, of.after_hours);
            let common = Common {
                kind: "email",
                at,
                name,
                products,
                owners,
                escalations,
                after_hours,
                silence,
            };
            channels.extend(way.map(|way| reading.channel(&common, &of_all, way)));
        }
        for (at, of) in file.file.iter().enumerate() {
            if of.path.is_empty() {
                reading.refuse(&["file", &at.to_string(), "path"], "empty", "a file");
            }
            let way = Way::File(PathBuf::from(&of.path));
            let silence = of.silence.as_deref();
            let (name, products, owners) = (&of.name, &of.products, &of.owners);
            let (escalations, after_hours) = (&of.escalations, of.after_hours);
            let common = Common {
                kind: "file",
                at,
                name,
                products,
                owners,
                escalations,
                after_hours,
                silence,
            };
            channels.push(reading.channel(&common, &of_all, way));
        }
        reading.whole(file);
        if reading.wrong.is_empty() {
            Ok(Self {
                link: file.link.trim_end_matches('/').to_owned(),
                closing: file.closing,
                calm: SignedDuration::from_mins(i64::from(file.calm_minutes)),
                channels,
            })
        } else {
            Err(reading.wrong)
        }
    }
}

impl AlertsFile {
    /// Refuses a channel that would never be told of anything, because no data product has the owner or the escalation
    /// that it names.
    pub(crate) fn check_people(&self, main: &ConfigFile, products: &[&Header]) -> Vec<ConfigError> {
        let owners: BTreeSet<&str> = products.iter().map(|of| of.owner.as_str()).collect();
        let next = products
            .iter()
            .filter_map(|of| of.promises.escalation.as_deref());
        let next: BTreeSet<&str> = next.collect();
        let webhooks = self.webhook.iter().map(|of| (&of.owners, &of.escalations));
        let emails = self.email.iter().map(|of| (&of.owners, &of.escalations));
        let files = self.file.iter().map(|of| (&of.owners, &of.escalations));
        let kinds = [
            ("webhook", webhooks.collect::<Vec<_>>()),
            ("email", emails.collect()),
            ("file", files.collect()),
        ];
        let mut wrong = Vec::new();
        for (kind, channels) in kinds {
            for (at, (named_owners, named_next)) in channels.into_iter().enumerate() {
                let at = at.to_string();
                for (key, named, known) in [
                    ("owners", named_owners, &owners),
                    ("escalations", named_next, &next),
                ] {
                    let unknown = named.iter().enumerate();
                    let unknown = unknown.filter(|(_, name)| !known.contains(name.as_str()));
                    wrong.extend(unknown.map(|(n, name)| {
                        let allowed = if known.is_empty() {
                            format!("one of the {key} of data products, of whom there is none")
                        } else {
                            let known: Vec<&str> = known.iter().copied().collect();
                            format!("one of the {key} of data products: {}", known.join(", "))
                        };
                        let path = ["alerts", kind, &at, key, &n.to_string()];
                        main.refuse(&path, format!("{name:?}"), allowed)
                    }));
                }
            }
        }
        wrong
    }
}

impl Reading<'_> {
    /// What holds for all channels together.
    fn whole(&mut self, file: &AlertsFile) {
        if file.calm_minutes > 1440 {
            self.refuse(&["calm_minutes"], file.calm_minutes, "0 to 1440");
        }
        let webhooks = file.webhook.iter().map(|of| ("webhook", &of.name));
        let emails = file.email.iter().map(|of| ("email", &of.name));
        let files = file.file.iter().map(|of| ("file", &of.name));
        let names: Vec<(&str, &String)> = webhooks.chain(emails).chain(files).collect();
        for (n, (kind, name)) in names.iter().enumerate() {
            if names[..n].iter().any(|(_, other)| other == name) {
                let at = names[..n].iter().filter(|(k, _)| k == kind).count();
                let path = [*kind, &at.to_string(), "name"];
                let found = format!("{name:?}");
                self.refuse(&path, found, "a name that no other channel has");
            }
        }
        let is_missing = file.link.is_empty();
        if (is_missing && !names.is_empty()) || (!is_missing && !is_web_address(&file.link)) {
            let found = if is_missing {
                "missing".to_owned()
            } else {
                format!("{:?}", file.link)
            };
            self.refuse(&["link"], found, WEB_ADDRESS);
        }
    }
}
