//! Two versions of a product beside each other.

use crate::review::{Shadow, ShadowError, Trial};
use crate::{CHAMPION, Workshop};
use jiff::Timestamp;
use products::Product;
use registry::{StoreError, VersionRecord};
use schema::scorecard::Gate;
use schema::{Metric, Scorecard};
use serde::Serialize;

/// Why two versions cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Nothing to compare with.
    #[error("compare versions of `{product}`: none answers; name the one to compare with")]
    NoneAnswers {
        /// The product.
        product: String,
    },
    /// Nothing to compare.
    #[error("compare versions of `{product}`: there is one only, number {only}")]
    OneOnly {
        /// The product.
        product: String,
        /// Its version.
        only: u32,
    },
    /// No such version.
    #[error("compare versions of `{product}`: there is no version {version}, allowed is {allowed}")]
    Unknown {
        /// The product.
        product: String,
        /// The version asked for.
        version: u32,
        /// What there is.
        allowed: String,
    },
    /// The same twice.
    #[error("compare versions of `{product}`: version {version} is named twice")]
    Itself {
        /// The product.
        product: String,
        /// The version.
        version: u32,
    },
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// What a challenger answers.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
}

/// Two versions beside each other.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The product.
    pub product: String,
    /// The one.
    pub version: VersionRecord,
    /// The one that it is compared with.
    pub with: VersionRecord,
    /// The version that answers.
    pub champion: Option<u32>,
    /// Whether its gate would let the one answer in place of the other.
    pub may_answer: bool,
    /// Why, or why not.
    pub because: String,
    /// What both answered to the same questions, where the one is in the shadow of the other.
    pub shadow: Option<Shadow>,
    /// What the decisions of both led to, where the one answers a share of the customers beside the other.
    pub trial: Option<Trial>,
}

impl Workshop {
    /// Compares two versions of a product.
    ///
    /// - `version`: the one that waits where absent, else the newest.
    /// - `with`: the one that answers where absent.
    ///
    /// # Errors
    /// [`CompareError`] names what is missing.
    pub async fn compare(
        &self,
        product: &dyn Product,
        version: Option<u32>,
        with: Option<u32>,
        now: Timestamp,
    ) -> Result<Comparison, CompareError> {
        let name = &product.header().name;
        let versions = self.registry.versions(name).await?;
        let champion = self.registry.alias(name, CHAMPION).await?;
        let champion = champion.map(|champion| champion.version);
        let waits = self.waits(name).await?;
        let with = with.or(champion).ok_or_else(|| CompareError::NoneAnswers {
            product: name.clone(),
        })?;
        let others = || versions.iter().map(|of| of.number).filter(|of| *of != with);
        let version = version
            .or(waits.filter(|waits| *waits != with))
            .or_else(|| others().max())
            .ok_or_else(|| CompareError::OneOnly {
                product: name.clone(),
                only: with,
            })?;
        if version == with {
            return Err(CompareError::Itself {
                product: name.clone(),
                version,
            });
        }
        let found = |number: u32| {
            let of = versions.iter().find(|of| of.number == number).cloned();
            of.ok_or_else(|| {
                let all: Vec<String> = versions.iter().map(|of| of.number.to_string()).collect();
                CompareError::Unknown {
                    product: name.clone(),
                    version: number,
                    allowed: all.join(", "),
                }
            })
        };
        let (version, with) = (found(version)?, found(with)?);
        let shadow = self.shadow(product, now).await?;
        let trial = self.trial(product).await?;
        let (may_answer, because) = gate(&version, &with);
        Ok(Comparison {
            product: name.clone(),
            champion,
            may_answer,
            because,
            shadow: shadow.filter(|of| of.version == version.number && of.shown == with.number),
            trial: trial.filter(|of| of.version == version.number && of.beside == with.number),
            version,
            with,
        })
    }
}

/// The scorecard of a version; `None` where another program has written something else.
pub(crate) fn scorecard(of: &VersionRecord) -> Option<Scorecard> {
    serde_json::from_value(of.scorecard.clone()).ok()
}

fn gate(version: &VersionRecord, with: &VersionRecord) -> (bool, String) {
    let Some(card) = scorecard(version) else {
        return (false, "its scorecard cannot be read".to_owned());
    };
    match card.gate(scorecard(with).as_ref()) {
        Gate::Open { because } => (true, because),
        Gate::Closed { because } => (false, because),
    }
}

impl Comparison {
    /// Each measure of the one, with that of the other where it has the same.
    #[must_use]
    pub fn measures(&self) -> Vec<(Metric, Option<Metric>)> {
        let metrics = |of| scorecard(of).map_or_else(Vec::new, |card| card.metrics);
        let theirs = metrics(&self.with);
        let is_same = |a: &Metric, b: &Metric| (&a.scope, &a.name) == (&b.scope, &b.name);
        let beside = |metric: Metric| {
            let other = theirs.iter().find(|other| is_same(other, &metric)).cloned();
            (metric, other)
        };
        metrics(&self.version).into_iter().map(beside).collect()
    }

    /// On which days each was measured.
    #[must_use]
    pub fn splits(&self) -> [(u32, Option<String>); 2] {
        [&self.version, &self.with].map(|of| (of.number, scorecard(of).map(|card| card.split)))
    }
}
