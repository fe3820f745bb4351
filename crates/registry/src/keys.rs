//! API keys: shown once, stored as a hash, revoked for good.

use crate::artefact::sha256_hex;
use crate::audit::{Act, Deed};
use crate::open::Registry;
use crate::rows::{Row, values};
use crate::runs::json;
use crate::store::StoreError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How every key begins, so that a leaked one is recognised by scanners and by people.
const PREFIX: &str = "ck_";
/// 32 bytes in base64 without padding.
const SECRET_CHARS: usize = 43;

/// A key as the registry knows it: without its secret, which is nowhere stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// 1, 2, 3 …
    pub id: u32,
    /// Who uses it: "till of Lyon", "web shop".
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// A key that was just made: the only time that its text is there.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What is stored.
    pub record: KeyRecord,
    /// `ck_` and 43 characters: for its user's eyes, never for a log.
    pub plaintext: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

/// Why a key is not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// It has no name or too long a one.
    #[error("create an API key: found a name of {found} characters, allowed are 1 to 100")]
    Name {
        /// How many characters the name has.
        found: usize,
    },
    /// A key of this name is in use.
    #[error("create the API key `{name}`: key {id} has this name and is not revoked")]
    NameTaken {
        /// The name.
        name: String,
        /// The key that has it.
        id: u32,
    },
    /// It may do nothing.
    #[error("create the API key `{name}`: found no scope, expected at least one")]
    NoScope {
        /// The name.
        name: String,
    },
    /// The secret was used before: it does not come from a good random source.
    #[error(
        "create the API key `{name}`: its secret is that of key {id}, expected 32 new random bytes"
    )]
    SecretUsed {
        /// The name.
        name: String,
        /// The key that has the secret.
        id: u32,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a key opens nothing. For the log: a caller only learns that the key is not valid.
#[derive(Debug, thiserror::Error)]
pub enum VerifyKeyError {
    /// It is no key at all.
    #[error(
        "verify an API key: found a text of {found} characters, expected ck_ and 43 letters, digits, - or _"
    )]
    Malformed {
        /// How many characters it has.
        found: usize,
    },
    /// Nobody was given this key.
    #[error("verify an API key: it is not one of this registry's")]
    Unknown,
    /// It was revoked.
    #[error("verify API key {id}: it was revoked at {since}")]
    Revoked {
        /// The key.
        id: u32,
        /// When it was revoked.
        since: Timestamp,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a key is not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeKeyError {
    /// There is no such key.
    #[error("revoke API key {id}: there is no such key")]
    Unknown {
        /// The key asked for.
        id: u32,
    },
    /// It was revoked before.
    #[error("revoke API key {id}: it was revoked at {since} already")]
    Revoked {
        /// The key.
        id: u32,
        /// When it was revoked.
        since: Timestamp,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const KEY_OF_HASH: &str =
    "SELECT id, name, scopes, created_at, revoked_at FROM api_keys WHERE sha256 = $1";
const KEY_OF_ID: &str =
    "SELECT id, name, scopes, created_at, revoked_at FROM api_keys WHERE id = $1";
const KEY_OF_NAME: &str = "SELECT id, name, scopes, created_at, revoked_at FROM api_keys \
                           WHERE name = $1 AND revoked_at IS NULL";

impl Registry {
    /// Makes a key from 32 random bytes of the caller's, which must come from the system's random source.
    ///
    /// # Errors
    /// [`CreateKeyError`] names what is wrong with the name, the scopes or the secret.
    pub async fn create_key(
        &self,
        name: &str,
        scopes: &BTreeSet<String>,
        secret: [u8; 32],
        now: Timestamp,
    ) -> Result<NewKey, CreateKeyError> {
        let found = name.chars().count();
        if name.trim().is_empty() || found > 100 {
            return Err(CreateKeyError::Name { found });
        }
        let name_owned = || name.to_owned();
        if scopes.is_empty() {
            return Err(CreateKeyError::NoScope { name: name_owned() });
        }
        let plaintext = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
        let hash = sha256_hex(plaintext.as_bytes());
        let mut writing = self.store.write().await?;
        if let Some(row) = writing.row(KEY_OF_NAME, values![name]).await? {
            return Err(CreateKeyError::NameTaken {
                name: name_owned(),
                id: row.number("id")?,
            });
        }
        if let Some(row) = writing.row(KEY_OF_HASH, values![hash.as_str()]).await? {
            return Err(CreateKeyError::SecretUsed {
                name: name_owned(),
                id: row.number("id")?,
            });
        }
        let scopes = serde_json::json!(scopes);
        writing
            .execute(
                "INSERT INTO api_keys (id, name, sha256, scopes, created_at) \
                 SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4 FROM api_keys",
                values![name, hash.as_str(), &scopes, now],
            )
            .await?;
        let row = writing.row(KEY_OF_HASH, values![hash.as_str()]).await?;
        let record = row.as_ref().map(key_record).transpose()?;
        let record = record.expect("a row inserted in this transaction is seen by it");
        let details =
            serde_json::json!({ "key": record.id, "name": name, "scopes": record.scopes });
        deed(Act::KeyCreated, details, now)
            .write(&mut writing)
            .await?;
        writing.commit().await?;
        Ok(NewKey { record, plaintext })
    }

    /// The key that a text is, if it opens anything.
    ///
    /// Only the hash of the text is compared, and by the database's index: how long it takes tells an attacker
    /// nothing about a secret of 256 random bits.
    ///
    /// # Errors
    /// [`VerifyKeyError`]: it is no key, not one of ours, or revoked.
    pub async fn verify_key(&self, plaintext: &str) -> Result<KeyRecord, VerifyKeyError> {
        let well_formed = plaintext.strip_prefix(PREFIX).is_some_and(|secret| {
            secret.len() == SECRET_CHARS
                && secret
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        });
        if !well_formed {
            return Err(VerifyKeyError::Malformed {
                found: plaintext.chars().count(),
            });
        }
        let hash = sha256_hex(plaintext.as_bytes());
        let Some(row) = self.store.row(KEY_OF_HASH, values![hash.as_str()]).await? else {
            return Err(VerifyKeyError::Unknown);
        };
        let record = key_record(&row)?;
        match record.revoked_at {
            Some(since) => Err(VerifyKeyError::Revoked {
                id: record.id,
                since,
            }),
            None => Ok(record),
        }
    }

    /// All keys, revoked ones too, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        let sql = "SELECT id, name, scopes, created_at, revoked_at FROM api_keys ORDER BY id";
        self.store
            .rows(sql, vec![])
            .await?
            .iter()
            .map(key_record)
            .collect()
    }

    /// Revokes a key for good.
    ///
    /// # Errors
    /// [`RevokeKeyError`]: there is no such key, or it was revoked before.
    pub async fn revoke_key(&self, id: u32, now: Timestamp) -> Result<(), RevokeKeyError> {
        let mut writing = self.store.write().await?;
        let Some(row) = writing.row(KEY_OF_ID, values![id]).await? else {
            return Err(RevokeKeyError::Unknown { id });
        };
        let record = key_record(&row)?;
        if let Some(since) = record.revoked_at {
            return Err(RevokeKeyError::Revoked { id, since });
        }
        let sql = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1";
        writing.execute(sql, values![id, now]).await?;
        let details = serde_json::json!({ "key": id, "name": record.name });
        deed(Act::KeyRevoked, details, now)
            .write(&mut writing)
            .await?;
        Ok(writing.commit().await?)
    }
}

/// A line of the audit about a key: who made it is whoever may write to the registry.
fn deed(act: Act, details: serde_json::Value, at: Timestamp) -> Deed<'static> {
    Deed {
        at,
        who: "comptoir key",
        act,
        product: None,
        details,
    }
}

fn key_record(row: &Row) -> Result<KeyRecord, StoreError> {
    let revoked_at = match row.get::<Option<i64>>("revoked_at")? {
        None => None,
        Some(_) => Some(row.time("revoked_at")?),
    };
    Ok(KeyRecord {
        id: row.number("id")?,
        name: row.get("name")?,
        scopes: json(row, "scopes")?,
        created_at: row.time("created_at")?,
        revoked_at,
    })
}
