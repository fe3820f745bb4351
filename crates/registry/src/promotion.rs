//! Promotion: the way of a version to `champion`, through the gate.

use crate::aliases::{AliasChange, CHAMPION, Cause, Signature};
use crate::moves::{AliasError, Move};
use crate::open::Registry;
use crate::rows::values;
use crate::store::{StoreError, Writing};
use schema::Scorecard;
use schema::scorecard::Gate;

/// Why a version does not become champion.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// The gate is closed: it does not beat its baseline, or is worse than the champion beyond its noise.
    #[error("promote version {version} of `{product}`: {because}")]
    GateClosed {
        /// The data product.
        product: String,
        /// The version.
        version: u32,
        /// What the gate says, with the figures.
        because: String,
    },
    /// A stored scorecard is no [`Scorecard`].
    #[error(
        "promote version {version} of `{product}`: the scorecard of version {of} cannot be read"
    )]
    Scorecard {
        /// The data product.
        product: String,
        /// The version to be promoted.
        version: u32,
        /// The version whose scorecard it is.
        of: u32,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The alias cannot be moved.
    #[error(transparent)]
    Alias(#[from] AliasError),
}

impl From<StoreError> for PromoteError {
    fn from(error: StoreError) -> Self {
        Self::Alias(error.into())
    }
}

impl Registry {
    /// Makes a version the champion of its product if its scorecard opens the gate ([`Scorecard::gate`]): it beats
    /// its baseline and is not worse than the champion beyond its noise.
    ///
    /// `expected_current` is the champion that the caller saw (`None`: none yet). The two scorecards are read and
    /// the alias is moved in one transaction: of two promotions at once exactly one wins. What the gate said is
    /// written behind the reason in the audit.
    ///
    /// # Errors
    /// [`PromoteError`] says what the gate found, or why the alias cannot be moved.
    pub async fn promote(
        &self,
        product: &str,
        version: u32,
        expected_current: Option<u32>,
        signed: Signature<'_>,
    ) -> Result<AliasChange, PromoteError> {
        let mut writing = self.store.write().await?;
        let change = Move {
            product,
            alias: CHAMPION,
            to: version,
            expected_current,
            cause: Cause::Promoted,
        };
        // The champion is the expected one or the change is refused below, so its scorecard is the one to beat.
        let card = scorecard(&mut writing, product, version, version).await?;
        let champion = match expected_current {
            Some(of) => scorecard(&mut writing, product, version, of).await?,
            None => None,
        };
        let verdict = card.map(|card| card.gate(champion.as_ref()));
        let why = match &verdict {
            Some(Gate::Open { because }) if !signed.why.trim().is_empty() => {
                format!("{}: {because}", signed.why)
            }
            Some(Gate::Open { .. } | Gate::Closed { .. }) | None => signed.why.to_owned(),
        };
        let done = change
            .apply(
                &mut writing,
                Signature {
                    why: &why,
                    ..signed
                },
            )
            .await?;
        // Judged last: that somebody else was faster, or that there is no such version, is said first. Leaving
        // here undoes the change.
        if let Some(Gate::Closed { because }) = verdict {
            return Err(PromoteError::GateClosed {
                product: product.to_owned(),
                version,
                because,
            });
        }
        writing.commit().await?;
        Ok(done)
    }
}

/// The scorecard of version `of`, to judge `version` by; `None` where there is no such version.
pub(crate) async fn scorecard(
    writing: &mut Writing<'_>,
    product: &str,
    version: u32,
    of: u32,
) -> Result<Option<Scorecard>, PromoteError> {
    let sql = "SELECT scorecard FROM versions WHERE product = $1 AND number = $2";
    let Some(row) = writing.row(sql, values![product, of]).await? else {
        return Ok(None);
    };
    let text: String = row.get("scorecard")?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|source| PromoteError::Scorecard {
            product: product.to_owned(),
            version,
            of,
            source,
        })
}
