//! Questions of the project: what an offer or a rule would change, answered by the champions there are.

use crate::workshop::{ChampionError, Workshop};
use products::what_if::{Answer, Question, WhatIf, WhatIfError};
use products::{Fitted, Product};
use registry::VersionRecord;
use schema::{Estimate, Scorecard};

/// Why a question of the project has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is none of that name.
    #[error(
        "there is no question {asked:?}: write whatif/{asked}.toml; found {}",
        if found.is_empty() { "none".to_owned() } else { found.join(", ") }
    )]
    Unknown {
        /// The name asked for.
        asked: String,
        /// The questions of the project.
        found: Vec<String>,
    },
    /// A data product that it needs has no version that answers.
    #[error(
        "data product {product:?} has no champion: {}",
        if *versions == 0 {
            format!("it was never trained; `comptoir run {product}` does")
        } else {
            format!("none of its {versions} versions passed its gate; `comptoir versions {product}` says why")
        }
    )]
    NoChampion {
        /// The data product.
        product: String,
        /// Its versions.
        versions: usize,
    },
    /// A version cannot be read.
    #[error("read the champion of {product:?}")]
    Champion {
        /// The data product.
        product: String,
        /// Why.
        #[source]
        source: ChampionError,
    },
    /// The sales.
    #[error(transparent)]
    Sales(#[from] features::LoadError),
    /// It cannot be answered.
    #[error("answer whatif/{name}.toml")]
    Answer {
        /// The question.
        name: String,
        /// Why not.
        #[source]
        source: WhatIfError,
    },
}

/// A version that answers, with its number.
type Champion = (u32, Box<dyn Fitted>);

impl Workshop {
    /// What an offer or a rule of the project would change of what customers are worth.
    ///
    /// # Errors
    /// [`AskError`] when there is no such question, a champion is missing, or it cannot be answered.
    pub async fn what_if(&self, name: &str, seed: u64) -> Result<Answer, AskError> {
        let what_if = self.question(name)?;
        let value = self.needed(&what_if.file().product).await?;
        let mut measured = Vec::new();
        for product in what_if.measuring() {
            measured.push(self.needed(product).await?.1);
        }
        let total_error = self.total_error(&what_if.file().product, value.0).await?;
        let shop = self.shop().await?;
        let versions: Vec<&dyn Fitted> = measured.iter().map(AsRef::as_ref).collect();
        let question = Question {
            what_if,
            shop: &shop,
            value: (value.0, value.1.as_ref()),
            total_error,
            measured: &versions,
            seed,
        };
        question.answer().map_err(|source| AskError::Answer {
            name: name.to_owned(),
            source,
        })
    }

    fn question(&self, name: &str) -> Result<&WhatIf, AskError> {
        let all = &self.project.what_ifs;
        let unknown = || AskError::Unknown {
            asked: name.to_owned(),
            found: all.iter().map(|q| q.name().to_owned()).collect(),
        };
        all.iter().find(|q| q.name() == name).ok_or_else(unknown)
    }

    /// The champion of a data product that a checked question names.
    async fn needed(&self, product: &str) -> Result<Champion, AskError> {
        let failed = |source| AskError::Champion {
            product: product.to_owned(),
            source,
        };
        let missing = |versions| AskError::NoChampion {
            product: product.to_owned(),
            versions,
        };
        let found = self.project.product(product).ok_or_else(|| missing(0))?;
        let found: &dyn Product = found.as_ref();
        if let Some(champion) = self.champion(found).await.map_err(failed)? {
            return Ok(champion);
        }
        let versions = self.registry.versions(product).await;
        let versions = versions.map_err(|error| failed(error.into()))?;
        Err(missing(versions.len()))
    }

    /// How far a version's total was off when it was measured.
    async fn total_error(&self, product: &str, number: u32) -> Result<Option<f64>, AskError> {
        let versions = self.registry.versions(product).await;
        let versions = versions.map_err(|error| AskError::Champion {
            product: product.to_owned(),
            source: error.into(),
        })?;
        let version = versions.into_iter().find(|v| v.number == number);
        let read = |v: VersionRecord| serde_json::from_value::<Scorecard>(v.scorecard).ok();
        let metrics = version.and_then(read).map(|card| card.metrics);
        let metrics = metrics.unwrap_or_default();
        let total = metrics.iter().find(|metric| metric.name == "total error");
        Ok(total.and_then(|metric| Estimate::point(&metric.value)))
    }
}
