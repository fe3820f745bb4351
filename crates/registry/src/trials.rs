//! Which share of the customers a version on trial was asked to answer, and since when: lines of the audit.

use crate::aliases::Signature;
use crate::audit::{Act, Deed};
use crate::open::Registry;
use crate::rows::{Row, values};
use crate::runs::json;
use crate::store::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The share of the customers that a version on trial is asked to answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrialShare {
    /// The version.
    pub version: u32,
    /// Of the customers, 0 to 1.
    pub share: f64,
    /// Since when.
    pub since: Timestamp,
}

const SELECT: &str = "SELECT at, details FROM audit WHERE product = $1 AND act = $2 ORDER BY id";

impl Registry {
    /// Notes which share of the customers a version on trial is asked to answer. False where the last line of the audit
    /// about the product's trials says the same.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn set_trial_share(
        &self,
        product: &str,
        version: u32,
        share: f64,
        signed: Signature<'_>,
    ) -> Result<bool, StoreError> {
        let same = |last: &TrialShare| last.version == version && last.share == share;
        // What is said already, as it is nearly always, is found without the lock.
        if self.trial_shares(product).await?.last().is_some_and(same) {
            return Ok(false);
        }
        let mut writing = self.store.write().await?;
        let lines = writing.rows(SELECT, values![product, Act::TrialShareSet.told()]);
        let last = lines.await?.last().map(trial_share).transpose()?;
        if last.is_some_and(|last| same(&last)) {
            return Ok(false);
        }
        let deed = Deed {
            at: signed.at,
            who: signed.who,
            act: Act::TrialShareSet,
            product: Some(product),
            details: json!({ "version": version, "share": share, "why": signed.why }),
        };
        deed.write(&mut writing).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// The shares that versions of a product on trial were asked to answer, the first one first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn trial_shares(&self, product: &str) -> Result<Vec<TrialShare>, StoreError> {
        let rows = self
            .store
            .rows(SELECT, values![product, Act::TrialShareSet.told()]);
        rows.await?.iter().map(trial_share).collect()
    }
}

fn trial_share(row: &Row) -> Result<TrialShare, StoreError> {
    let details: serde_json::Value = json(row, "details")?;
    let version = details["version"].as_u64().unwrap_or_default();
    Ok(TrialShare {
        version: u32::try_from(version).unwrap_or(u32::MAX),
        share: details["share"].as_f64().unwrap_or_default(),
        since: row.time("at")?,
    })
}
