//! A version trained once more, from the same rows with the same seed: whether the same bytes come out.

use crate::Workshop;
use crate::run::{self, RunError};
use products::{Product, Size};
use registry::{StoreError, TableVersion, sha256_hex};
use schema::AsOf;
use schema::progress::Progress;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a version cannot be trained once more.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// No such version.
    #[error(
        "replay version {version} of `{product}`: there is no such version, allowed is {allowed}"
    )]
    UnknownVersion {
        /// The product.
        product: String,
        /// The version asked for.
        version: u32,
        /// What there is.
        allowed: String,
    },
    /// Its run is not kept.
    #[error("replay version {version} of `{product}`: its run {run} is not in the registry")]
    NoRun {
        /// The product.
        product: String,
        /// The version.
        version: u32,
        /// The run.
        run: String,
    },
    /// The file of the product is another one by now.
    #[error(
        "replay version {version} of `{product}`: its file has fingerprint {found}, it was trained with {expected}; bring that file back first"
    )]
    OtherFile {
        /// The product.
        product: String,
        /// The version.
        version: u32,
        /// Fingerprint of the file.
        found: String,
        /// Fingerprint of the file that it was trained with.
        expected: String,
    },
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// The lake.
    #[error("read the lake")]
    Lake(#[from] lake::LakeError),
    /// The training.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// What came of training a version once more.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// The product.
    pub product: String,
    /// The version.
    pub version: u32,
    /// The first day not known to it.
    pub as_of: AsOf,
    /// Its seed.
    pub seed: u64,
    /// Versions of the tables that it was trained from.
    pub inputs: Vec<TableVersion>,
    /// Whether the same bytes came out.
    pub same_bytes: bool,
    /// Whether it was measured to be worth the same, figure by figure.
    pub same_scorecard: bool,
    /// SHA-256 of the artefact in the registry.
    pub sha256: String,
    /// SHA-256 of the one that came out.
    pub found_sha256: String,
    /// Bytes of the artefact in the registry.
    pub bytes: u64,
    /// Seconds that it took.
    pub seconds: f64,
}

impl Workshop {
    /// Trains a version once more, from the versions of the tables that it was trained from and with its seed, and holds
    /// what comes out against what the registry keeps. Nothing is registered.
    ///
    /// - `version`: the one that answers where absent, else the newest.
    ///
    /// # Errors
    /// [`ReplayError`] where what it was trained with is not there any more.
    pub async fn replay(
        &self,
        product: &Arc<dyn Product>,
        version: Option<u32>,
        progress: &Arc<dyn Progress>,
    ) -> Result<Replayed, ReplayError> {
        let began = Instant::now();
        let header = product.header();
        let name = &header.name;
        let versions = self.registry.versions(name).await?;
        let champion = self.registry.alias(name, crate::CHAMPION).await?;
        let newest = || versions.iter().map(|of| of.number).max();
        let number = version
            .or(champion.map(|champion| champion.version))
            .or_else(newest)
            .unwrap_or_default();
        let record = versions.iter().find(|of| of.number == number);
        let record = record.ok_or_else(|| {
            let all: Vec<String> = versions.iter().map(|of| of.number.to_string()).collect();
            ReplayError::UnknownVersion {
                product: name.clone(),
                version: number,
                allowed: if all.is_empty() {
                    "none: it was never trained".to_owned()
                } else {
                    all.join(", ")
                },
            }
        })?;
        let run = self.registry.run(&record.run).await?;
        let run = run.ok_or_else(|| ReplayError::NoRun {
            product: name.clone(),
            version: number,
            run: record.run.to_string(),
        })?;
        if run.config_fingerprint != header.fingerprint {
            return Err(ReplayError::OtherFile {
                product: name.clone(),
                version: number,
                found: header.fingerprint.clone(),
                expected: run.config_fingerprint,
            });
        }
        let mut snapshot = self.lake.snapshot().await?;
        snapshot.tables = run
            .inputs
            .iter()
            .map(|input| (input.table.clone(), input.version))
            .collect();
        let history = self
            .history_at(&snapshot, run.as_of, progress.as_ref())
            .await?;
        self.within_budget(product.as_ref(), &Size::of(&history))?;
        let (product, told, seed) = (Arc::clone(product), Arc::clone(progress), run.seed);
        let took = run.cost.map(|cost| Duration::from_millis(cost.duration_ms));
        let training = tokio::task::spawn_blocking(move || {
            run::train(product.as_ref(), &history, seed, took, told.as_ref())
        });
        let trained = training
            .await
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
        progress.end();
        let found_sha256 = sha256_hex(&trained.bytes);
        let scorecard = serde_json::to_value(&trained.scorecard).unwrap_or_default();
        Ok(Replayed {
            product: name.clone(),
            version: number,
            as_of: run.as_of,
            seed: run.seed,
            inputs: run.inputs,
            same_bytes: found_sha256 == record.artefact_sha256,
            same_scorecard: scorecard == record.scorecard,
            sha256: record.artefact_sha256.clone(),
            found_sha256,
            bytes: record.artefact_bytes,
            seconds: began.elapsed().as_secs_f64(),
        })
    }
}
