//! The audit: what was done by whom, in a chain that shows when one of its lines was changed.
//!
//! Each line carries the SHA-256 of itself together with that of the line before, and is written in the same change as
//! what it tells of. Whoever edits, removes or inserts a line behind the registry's back must compute every later line
//! anew, and then the last one is no longer what it was: keep it elsewhere ([`Verified::head`]) and even that shows.
//! What the lines say of champions and artefacts is held against the tables they tell of.

use crate::aliases::AliasChange;
use crate::artefact::sha256_hex;
use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::{StoreError, Writing};
use jiff::Timestamp;
use schema::RunId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What is done and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A trained version was stored.
    VersionRegistered,
    /// A training broke off, was interrupted, or what it made was refused.
    TrainingEnded,
    /// An alias points elsewhere: a promotion, a rollback, a choice.
    AliasMoved,
    /// An API key was made.
    KeyCreated,
    /// An API key was revoked.
    KeyRevoked,
    /// A version on trial is asked to answer another share of the customers than before.
    TrialShareSet,
}

const ACTS: [Act; 6] = [
    Act::VersionRegistered,
    Act::TrainingEnded,
    Act::AliasMoved,
    Act::KeyCreated,
    Act::KeyRevoked,
    Act::TrialShareSet,
];

impl Act {
    /// In words.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::VersionRegistered => "version registered",
            Self::TrainingEnded => "training ended",
            Self::AliasMoved => "alias moved",
            Self::KeyCreated => "key created",
            Self::KeyRevoked => "key revoked",
            Self::TrialShareSet => "trial share set",
        }
    }
}

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// 1, 2, 3 …, without a gap.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// A person or a program.
    pub who: String,
    /// What was done.
    pub act: Act,
    /// The data product, where it is about one.
    pub product: Option<String>,
    /// Everything else.
    pub details: serde_json::Value,
    /// SHA-256 of the line and of the one before, in hexadecimal digits.
    pub sha256: String,
}

/// An audit of which every line is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many lines there are.
    pub lines: u64,
    /// The SHA-256 of the last one; empty where there is none. Who keeps it elsewhere sees later whether lines were cut off.
    pub head: String,
}

/// Why an audit is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyAuditError {
    /// A line was changed, removed or put in.
    #[error("verify the audit: line {line} is not what was written there: {found}")]
    Changed {
        /// The line, by its number.
        line: u64,
        /// What is wrong with it.
        found: String,
    },
    /// Lines were cut off, or all of them were written anew.
    #[error("verify the audit: none of its {lines} lines has the SHA-256 {expected}")]
    CutOff {
        /// How many lines there are.
        lines: u64,
        /// The last line as the caller knew it.
        expected: String,
    },
    /// A table is not as the audit tells.
    #[error(
        "verify the audit: {table} was changed without it: found {found}, the audit tells {told}"
    )]
    NotTold {
        /// What was changed.
        table: String,
        /// What is there.
        found: String,
        /// What the audit tells.
        told: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who trains.
pub(crate) const TRAINS: &str = "comptoir run";

/// A line that is to be written.
pub(crate) struct Deed<'a> {
    pub(crate) at: Timestamp,
    pub(crate) who: &'a str,
    pub(crate) act: Act,
    pub(crate) product: Option<&'a str>,
    pub(crate) details: serde_json::Value,
}

impl<'a> Deed<'a> {
    /// A training that came to no version that may answer.
    ///
    /// - `ended`: how, in a word, and why.
    pub(crate) fn ended(product: &'a str, run: &RunId, ended: (&str, &str), at: Timestamp) -> Self {
        let (state, reason) = ended;
        Self {
            at,
            who: TRAINS,
            act: Act::TrainingEnded,
            product: Some(product),
            details: json!({ "run": run.as_str(), "state": state, "reason": reason }),
        }
    }

    pub(crate) fn moved(change: &'a AliasChange) -> Self {
        Self {
            at: change.at,
            who: &change.who,
            act: Act::AliasMoved,
            product: Some(&change.product),
            details: json!({
                "change": change.id, "alias": change.alias, "from": change.from, "to": change.to,
                "cause": change.cause, "why": change.why,
            }),
        }
    }

    /// Writes it behind the last line, in a change of the caller's.
    pub(crate) async fn write(&self, writing: &mut Writing<'_>) -> Result<(), StoreError> {
        let sql = "SELECT id, sha256 FROM audit WHERE id = (SELECT MAX(id) FROM audit)";
        let last = writing.row(sql, vec![]).await?;
        let (before, id) = match &last {
            Some(row) => (row.get::<String>("sha256")?, row.number::<u64>("id")? + 1),
            None => (String::new(), 1),
        };
        let details = self.details.to_string();
        let line = Line {
            id,
            at: self.at.as_microsecond(),
            who: self.who,
            act: self.act.told(),
            product: self.product,
            details: &details,
        };
        let sql = "INSERT INTO audit (id, at, who, act, product, details, sha256) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let row = values![
            id,
            self.at,
            line.who,
            line.act,
            line.product,
            line.details,
            line.sha256(&before).as_str()
        ];
        writing.execute(sql, row).await.map(drop)
    }
}

/// What of a line goes into its SHA-256, as the database holds it.
struct Line<'a> {
    id: u64,
    at: i64,
    who: &'a str,
    act: &'a str,
    product: Option<&'a str>,
    details: &'a str,
}

impl Line<'_> {
    fn sha256(&self, before: &str) -> String {
        // Texts as the database stores them: see `Value`.
        let stored = |text: &str| text.replace('\0', "\u{FFFD}");
        let all = json!([
            before,
            self.id,
            self.at,
            stored(self.who),
            self.act,
            self.product.map(stored),
            stored(self.details)
        ]);
        sha256_hex(all.to_string().as_bytes())
    }
}

const SELECT: &str = "SELECT id, at, who, act, product, details, sha256 FROM audit \
                      WHERE id > $1 ORDER BY id LIMIT 10000";

impl Registry {
    /// The last `limit` lines of the audit, the last one first; of one product where it is named.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn audit(
        &self,
        product: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let sql = "SELECT id, at, who, act, product, details, sha256 FROM audit \
                   WHERE CAST($1 AS TEXT) IS NULL OR product = $1 ORDER BY id DESC LIMIT $2";
        let rows = self.store.rows(sql, values![product, limit]).await?;
        rows.iter().map(audit_line).collect()
    }

    /// Computes every line anew and holds champions and artefacts against what is told of them.
    ///
    /// - `known`: the SHA-256 that the last line had at some time, as the caller kept it.
    ///
    /// # Errors
    /// [`VerifyAuditError`] names the first line, or the table, that was changed.
    pub async fn verify_audit(&self, known: Option<&str>) -> Result<Verified, VerifyAuditError> {
        let (mut lines, mut head) = (0_u64, String::new());
        let mut seen = known.is_none();
        let mut told = Told::default();
        loop {
            let rows = self.store.rows(SELECT, values![lines]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let wrong = |found: String| VerifyAuditError::Changed {
                    line: lines + 1,
                    found,
                };
                let id: u64 = row.number("id")?;
                if id != lines + 1 {
                    return Err(wrong(format!("the next line there is has number {id}")));
                }
                let texts = (
                    row.get::<String>("who")?,
                    row.get::<String>("act")?,
                    row.get::<Option<String>>("product")?,
                    row.get::<String>("details")?,
                );
                let line = Line {
                    id,
                    at: row.get("at")?,
                    who: &texts.0,
                    act: &texts.1,
                    product: texts.2.as_deref(),
                    details: &texts.3,
                };
                let (found, computed) = (row.get::<String>("sha256")?, line.sha256(&head));
                if found != computed {
                    let found = format!("it carries the SHA-256 {found}, its text has {computed}");
                    return Err(wrong(found));
                }
                told.add(&audit_line(row)?);
                lines = id;
                head = found;
                seen |= known == Some(head.as_str());
            }
        }
        if !seen {
            return Err(VerifyAuditError::CutOff {
                lines,
                expected: known.unwrap_or_default().to_owned(),
            });
        }
        self.hold_against(&told).await?;
        Ok(Verified { lines, head })
    }

    async fn hold_against(&self, told: &Told) -> Result<(), VerifyAuditError> {
        for alias in self.aliases().await? {
            let of = (alias.product.clone(), alias.alias.clone());
            // What was moved last before there was an audit is not told in it.
            let Some(to) = told.aliases.get(&of) else {
                continue;
            };
            if *to != u64::from(alias.version) {
                return Err(VerifyAuditError::NotTold {
                    table: format!("alias `{}` of `{}`", alias.alias, alias.product),
                    found: format!("version {}", alias.version),
                    told: format!("version {to}"),
                });
            }
        }
        let sql = "SELECT product, number, artefact_sha256, scorecard FROM versions";
        for row in self.store.rows(sql, vec![]).await? {
            let of = (row.get::<String>("product")?, row.number::<u64>("number")?);
            let Some(told) = told.versions.get(&of) else {
                continue;
            };
            let scorecard: String = row.get("scorecard")?;
            let found = (
                row.get::<String>("artefact_sha256")?,
                sha256_hex(scorecard.as_bytes()),
            );
            if *told != found {
                return Err(VerifyAuditError::NotTold {
                    table: format!("version {} of `{}`", of.1, of.0),
                    found: format!("artefact {} and scorecard {}", found.0, found.1),
                    told: format!("artefact {} and scorecard {}", told.0, told.1),
                });
            }
        }
        Ok(())
    }
}

/// What the lines say of the tables.
#[derive(Default)]
struct Told {
    /// Where each alias of each product points.
    aliases: BTreeMap<(String, String), u64>,
    /// The SHA-256 of artefact and scorecard of each version.
    versions: BTreeMap<(String, u64), (String, String)>,
}

impl Told {
    fn add(&mut self, line: &AuditLine) {
        let Some(product) = line.product.clone() else {
            return;
        };
        let text = |key: &str| line.details[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| line.details[key].as_u64().unwrap_or_default();
        match line.act {
            Act::AliasMoved => {
                self.aliases.insert((product, text("alias")), number("to"));
            }
            Act::VersionRegistered => {
                self.versions.insert(
                    (product, number("version")),
                    (text("artefact_sha256"), text("scorecard_sha256")),
                );
            }
            Act::TrainingEnded | Act::KeyCreated | Act::KeyRevoked | Act::TrialShareSet => {}
        }
    }
}

fn audit_line(row: &Row) -> Result<AuditLine, StoreError> {
    Ok(AuditLine {
        id: row.number("id")?,
        at: row.time("at")?,
        who: row.get("who")?,
        act: row.parsed("act", "an act that this program knows", |word| {
            ACTS.into_iter().find(|act| act.told() == word)
        })?,
        product: row.get("product")?,
        details: crate::runs::json(row, "details")?,
        sha256: row.get("sha256")?,
    })
}
