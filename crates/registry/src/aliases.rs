//! Aliases: which version is `champion`, since when, and by whose hand.

use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The alias of the version that answers the shop.
pub const CHAMPION: &str = "champion";
/// The alias of the version that is being compared with the champion.
pub const CHALLENGER: &str = "challenger";
/// The alias of the challenger that answers a share of the customers.
pub const TRIAL: &str = "trial";

/// How an alias came to its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody chose it, whatever the scorecards say.
    Chosen,
    /// It passed the gate.
    Promoted,
    /// Somebody went back to it.
    RolledBack,
}

impl Cause {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled_back",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Chosen, Self::Promoted, Self::RolledBack]
            .into_iter()
            .find(|cause| cause.word() == word)
    }
}

/// Who changes an alias, why, and when: without a name and a reason nothing is changed.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// A person or a program.
    pub who: &'a str,
    /// In one sentence.
    pub why: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// Where an alias points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AliasRecord {
    /// The data product.
    pub product: String,
    /// The alias.
    pub alias: String,
    /// The version.
    pub version: u32,
    /// Since when.
    pub since: Timestamp,
}

/// One line of the audit: an alias moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasChange {
    /// 1, 2, 3 … over all products and aliases, without a gap.
    pub id: i64,
    /// The data product.
    pub product: String,
    /// The alias.
    pub alias: String,
    /// Where it pointed before; `None` the first time.
    pub from: Option<u32>,
    /// Where it points now.
    pub to: u32,
    /// How it came there.
    pub cause: Cause,
    /// Who did it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

impl Registry {
    /// Where an alias points; `None` where it was never set.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn alias(
        &self,
        product: &str,
        alias: &str,
    ) -> Result<Option<AliasRecord>, StoreError> {
        let sql =
            "SELECT product, alias, number, since FROM aliases WHERE product = $1 AND alias = $2";
        self.store
            .row(sql, values![product, alias])
            .await?
            .as_ref()
            .map(alias_record)
            .transpose()
    }

    /// All aliases of all products, by product and alias: what a server loads when it starts.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn aliases(&self) -> Result<Vec<AliasRecord>, StoreError> {
        let rows = self
            .store
            .rows("SELECT product, alias, number, since FROM aliases", vec![])
            .await?;
        let mut records = rows
            .iter()
            .map(alias_record)
            .collect::<Result<Vec<_>, _>>()?;
        records.sort();
        Ok(records)
    }

    /// Every move of an alias, the first one first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn alias_history(
        &self,
        product: &str,
        alias: &str,
    ) -> Result<Vec<AliasChange>, StoreError> {
        let sql = "SELECT id, product, alias, from_number, to_number, cause, who, why, changed_at \
                   FROM alias_history WHERE product = $1 AND alias = $2 ORDER BY id";
        self.store
            .rows(sql, values![product, alias])
            .await?
            .iter()
            .map(alias_change)
            .collect()
    }

    /// A number that grows whenever any alias moves, 0 before the first: one look at an index, so a server can
    /// ask every second whether there is a new champion.
    ///
    /// Changes are numbered in the order in which they are seen, so none can slip in behind a number that was
    /// already given.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn alias_stamp(&self) -> Result<i64, StoreError> {
        let row = self
            .store
            .row("SELECT MAX(id) AS stamp FROM alias_history", vec![])
            .await?;
        Ok(row
            .map(|row| row.maybe_number("stamp"))
            .transpose()?
            .flatten()
            .unwrap_or(0))
    }
}

pub(crate) fn cause(row: &Row) -> Result<Cause, StoreError> {
    row.parsed("cause", "chosen, promoted or rolled_back", Cause::of)
}

fn alias_record(row: &Row) -> Result<AliasRecord, StoreError> {
    Ok(AliasRecord {
        product: row.get("product")?,
        alias: row.get("alias")?,
        version: row.number("number")?,
        since: row.time("since")?,
    })
}

pub(crate) fn alias_change(row: &Row) -> Result<AliasChange, StoreError> {
    Ok(AliasChange {
        id: row.get("id")?,
        product: row.get("product")?,
        alias: row.get("alias")?,
        from: row.maybe_number("from_number")?,
        to: row.number("to_number")?,
        cause: cause(row)?,
        who: row.get("who")?,
        why: row.get("why")?,
        at: row.time("changed_at")?,
    })
}
