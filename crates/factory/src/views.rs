//! What the tables hold, and what lies beside them as tables of queries.

use crate::import::RefusedSource;
use crate::workshop::Workshop;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use lake::LakeError;
use registry::StoreError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a view cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// The lake.
    #[error("make the view")]
    Lake(#[from] LakeError),
}

/// Runs shown per product.
const RUNS: u32 = 1_000;

impl Workshop {
    /// Rows of every table that has any.
    ///
    /// # Errors
    /// [`LakeError`] when a table cannot be read.
    pub async fn table_rows(&self) -> Result<BTreeMap<String, i64>, LakeError> {
        let snapshot = self.lake.snapshot().await?;
        let mut rows = BTreeMap::new();
        for table in snapshot.tables.keys() {
            let counted = self
                .lake
                .query_at(&format!("SELECT COUNT(*) FROM {table}"), &snapshot)
                .await?;
            let count = counted
                .first()
                .filter(|b| b.num_rows() > 0)
                .map(|b| b.column(0).as_primitive::<Int64Type>().value(0));
            rows.insert(table.clone(), count.unwrap_or(0));
        }
        Ok(rows)
    }

    /// Makes tables of queries: the registry's runs `runs`, what the gate refused last `refused_imports`.
    ///
    /// # Errors
    /// [`ViewError`] when the registry or the lake cannot be read.
    pub async fn add_views(&self) -> Result<(), ViewError> {
        self.add_refused_view().await?;
        self.add_runs_view().await
    }

    async fn add_refused_view(&self) -> Result<(), ViewError> {
        let refused: Vec<RefusedSource> = self.refused_imports().await?.into_values().collect();
        let text = |of: &dyn Fn(&RefusedSource) -> Option<String>| -> ArrayRef {
            Arc::new(refused.iter().map(of).collect::<StringArray>())
        };
        let report = |r: &RefusedSource| serde_json::to_string(r.report.as_ref()?).ok();
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("import_id", text(&|r| Some(r.import_id.clone())), false),
            (
                "refused_at",
                text(&|r| Some(r.refused_at.to_string())),
                false,
            ),
            ("source", text(&|r| Some(r.source.clone())), false),
            ("table", text(&|r| Some(r.table.clone())), false),
            ("reasons", text(&|r| Some(r.reasons.join("; "))), false),
            ("report", text(&report), true),
        ])
        .map_err(|e| self.lake.sql_error(e.into()))?;
        Ok(self.lake.add_view("refused_imports", vec![batch])?)
    }

    async fn add_runs_view(&self) -> Result<(), ViewError> {
        let mut runs = Vec::new();
        for product in &self.project.products {
            runs.extend(self.registry.runs(&product.header().name, RUNS).await?);
        }
        let text = |of: &dyn Fn(&registry::RunRecord) -> Option<String>| -> ArrayRef {
            Arc::new(runs.iter().map(of).collect::<StringArray>())
        };
        let number = |of: &dyn Fn(&registry::RunRecord) -> Option<i64>| -> ArrayRef {
            Arc::new(runs.iter().map(of).collect::<Int64Array>())
        };
        let whole = |n: u64| i64::try_from(n).ok();
        let state = |r: &registry::RunRecord| match &r.status {
            registry::RunStatus::Running => "running",
            registry::RunStatus::Done => "done",
            registry::RunStatus::Failed { .. } => "failed",
            registry::RunStatus::Refused { .. } => "refused",
        };
        let reason = |r: &registry::RunRecord| match &r.status {
            registry::RunStatus::Failed { reason } | registry::RunStatus::Refused { reason } => {
                Some(reason.clone())
            }
            registry::RunStatus::Running | registry::RunStatus::Done => None,
        };
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("run_id", text(&|r| Some(r.id.as_str().to_owned())), false),
            ("product", text(&|r| Some(r.product.clone())), false),
            ("kind", text(&|r| Some(r.kind.clone())), false),
            ("state", text(&|r| Some(state(r).to_owned())), false),
            ("reason", text(&|r| reason(r)), true),
            ("as_of", text(&|r| Some(r.as_of.to_string())), false),
            ("seed", number(&|r| whole(r.seed)), true),
            ("version", number(&|r| r.version.map(i64::from)), true),
            (
                "config_fingerprint",
                text(&|r| Some(r.config_fingerprint.clone())),
                false,
            ),
            (
                "inputs",
                text(&|r| serde_json::to_string(&r.inputs).ok()),
                true,
            ),
            (
                "scorecard",
                text(&|r| r.scorecard.as_ref().map(ToString::to_string)),
                true,
            ),
            (
                "started_at",
                text(&|r| Some(r.started_at.to_string())),
                false,
            ),
            (
                "duration_ms",
                number(&|r| r.cost.and_then(|c| whole(c.duration_ms))),
                true,
            ),
            (
                "peak_memory_bytes",
                number(&|r| r.cost.and_then(|c| c.peak_memory_bytes).and_then(whole)),
                true,
            ),
        ])
        .map_err(|e| self.lake.sql_error(e.into()))?;
        Ok(self.lake.add_view("runs", vec![batch])?)
    }
}
