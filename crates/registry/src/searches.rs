//! What searches of settings have measured, kept so that a search goes on where it was.

use crate::open::Registry;
use crate::rows::values;
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// One fit that a search has made and measured.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchedFit {
    /// Milliseconds that it took.
    pub duration_ms: u64,
    /// A measure, or why there is none.
    pub outcome: Value,
}

/// The last search of a product.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchRecord {
    /// When it ended.
    pub ended_at: Timestamp,
    /// What was found.
    pub found: Value,
}

/// How long a fit is kept: until then somebody may go on with its search.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 180);

impl Registry {
    /// Keeps a fit of a search under the key of all that decides what comes of it. What is kept already stays.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn keep_searched_fit(
        &self,
        product: &str,
        key: &str,
        fit: &SearchedFit,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "INSERT INTO searched_fits (key, product, made_at, duration_ms, outcome) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO NOTHING";
        let outcome = &fit.outcome;
        let row = values![key, product, now, fit.duration_ms, outcome];
        writing.execute(sql, row).await?;
        writing.commit().await
    }

    /// The fits that searches of a product have made, by key.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn searched_fits(
        &self,
        product: &str,
    ) -> Result<BTreeMap<String, SearchedFit>, StoreError> {
        let sql = "SELECT key, duration_ms, outcome FROM searched_fits WHERE product = $1";
        let mut fits = BTreeMap::new();
        for row in self.store.rows(sql, values![product]).await? {
            let fit = SearchedFit {
                duration_ms: row.number("duration_ms")?,
                outcome: row.parsed("outcome", "JSON", |text| serde_json::from_str(text).ok())?,
            };
            fits.insert(row.get("key")?, fit);
        }
        Ok(fits)
    }

    /// Keeps what a search has found, in place of the one before, and forgets fits of long ago.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn keep_search(
        &self,
        product: &str,
        found: &Value,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "INSERT INTO searches (product, ended_at, found) VALUES ($1, $2, $3) \
                   ON CONFLICT (product) DO UPDATE SET ended_at = excluded.ended_at, found = excluded.found";
        let row = values![product, now, found];
        writing.execute(sql, row).await?;
        if let Ok(before) = now.checked_sub(KEPT) {
            let sql = "DELETE FROM searched_fits WHERE made_at < $1";
            writing.execute(sql, values![before]).await?;
        }
        writing.commit().await
    }

    /// The last search of a product; `None` where none came to its end.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn last_search(&self, product: &str) -> Result<Option<SearchRecord>, StoreError> {
        let sql = "SELECT ended_at, found FROM searches WHERE product = $1";
        let Some(row) = self.store.row(sql, values![product]).await? else {
            return Ok(None);
        };
        Ok(Some(SearchRecord {
            ended_at: row.time("ended_at")?,
            found: row.parsed("found", "JSON", |text| serde_json::from_str(text).ok())?,
        }))
    }
}
