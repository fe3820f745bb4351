//! The SQL engine over a snapshot, held to its memory budget.

use crate::scan::WholeTable;
use crate::storage::{Lake, SQL_STORE};
use crate::{LakeError, Snapshot};
use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use futures::TryStreamExt;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How much the engine may use.
#[derive(Debug, Clone)]
pub struct LakeOptions {
    /// Memory that queries may hold before they spill to disk.
    pub memory: schema::Bytes,
    /// Threads that one query may use.
    pub threads: usize,
}

impl Default for LakeOptions {
    /// 2 GiB and all processors.
    fn default() -> Self {
        Self {
            memory: schema::Bytes(2 << 30),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }
}

pub(crate) fn runtime(options: &LakeOptions) -> Result<Arc<RuntimeEnv>, LakeError> {
    let pool = FairSpillPool::new(usize::try_from(options.memory.0).unwrap_or(usize::MAX));
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .build_arc()
        .map_err(|e| LakeError::Sql(Box::new(e)))
}

/// A query that was not started.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// It would change something.
    #[error("not a query")]
    ReadOnly,
    /// It is wrong, or the engine refused.
    #[error(transparent)]
    Engine(#[from] DataFusionError),
}

/// The rows of a query in a session, as they come. Read only.
///
/// # Errors
/// [`RowsError`]; errors of the evaluation come with the rows.
pub fn rows<'a>(
    context: &'a SessionContext,
    sql: &'a str,
) -> BoxFuture<'a, Result<SendableRecordBatchStream, RowsError>> {
    Box::pin(async move {
        let plan = context.state().create_logical_plan(sql).await?;
        SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)
            .map_err(|_| RowsError::ReadOnly)?;
        Ok(DataFrame::new(context.state(), plan)
            .execute_stream()
            .await?)
    })
}

impl Lake {
    /// A session whose tables are those of `snapshot`, and the system tables given as `extra`.
    ///
    /// # Errors
    /// [`LakeError::Table`] when a Delta log cannot be read.
    pub async fn session(&self, snapshot: &Snapshot) -> Result<SessionContext, LakeError> {
        let context = self.context();
        for table in schema::table::tables() {
            let provider = self
                .provider(table, snapshot.tables.get(&table.name).copied())
                .await?;
            context
                .register_table(table.name.as_str(), provider)
                .map_err(|e| self.sql_error(e))?;
        }
        for extra in self.extra_tables() {
            context
                .register_table(extra.0.as_str(), extra.1)
                .map_err(|e| self.sql_error(e))?;
        }
        Ok(context)
    }

    fn context(&self) -> SessionContext {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.options().threads.max(1))
            .with_information_schema(true)
            .with_default_catalog_and_schema("comptoir", "lake");
        let parquet = &mut config.options_mut().execution.parquet;
        parquet.schema_force_view_types = false;
        parquet.pushdown_filters = true;
        let context = SessionContext::new_with_config_rt(config, self.runtime());
        let store = url::Url::parse(SQL_STORE).expect("a constant URL parses");
        context.register_object_store(&store, self.root());
        context
    }

    async fn provider(
        &self,
        table: &schema::table::Table,
        version: Option<u64>,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        let files = match version {
            Some(version) => self.files(&table.name, version).await?,
            None => Arc::default(),
        };
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        self.listing(table, &paths)
    }

    /// A table over some of its data files, given by their paths below the table's folder.
    pub(crate) fn listing(
        &self,
        table: &schema::table::Table,
        paths: &[&str],
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        let schema = table.arrow();
        if paths.is_empty() {
            return Ok(Arc::new(EmptyTable::new(schema)));
        }
        let urls = paths
            .iter()
            .map(|path| ListingTableUrl::parse(self.file_url(&table.name, path)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| self.sql_error(e))?;
        let files = urls.iter().map(|url| url.prefix().clone()).collect();
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
        let config = ListingTableConfig::new_with_multi_paths(urls)
            .with_listing_options(options)
            .with_schema(schema);
        let listing = ListingTable::try_new(config).map_err(|e| self.sql_error(e))?;
        // Files never change: what one query has learnt of them holds for all that come after it.
        let known = self.runtime().cache_manager.get_file_statistic_cache();
        Ok(Arc::new(WholeTable {
            name: table.name.clone(),
            listing: listing.with_cache(known),
            files,
        }))
    }

    /// The rows of a query over the latest snapshot. Read only; held to the memory budget, spilling to disk.
    ///
    /// # Errors
    /// [`LakeError::Sql`] when the SQL is wrong, [`LakeError::ReadOnly`] when it is not a query,
    /// [`LakeError::OverBudget`] when it does not fit even with spilling.
    pub async fn query(&self, sql: &str) -> Result<Vec<RecordBatch>, LakeError> {
        self.query_at(sql, &self.snapshot().await?).await
    }

    /// The rows of a query over a given snapshot.
    ///
    /// # Errors
    /// As [`Lake::query`].
    pub async fn query_at(
        &self,
        sql: &str,
        snapshot: &Snapshot,
    ) -> Result<Vec<RecordBatch>, LakeError> {
        let rows = self.stream_at(sql, snapshot).await?;
        rows.try_collect().await.map_err(|e| self.sql_error(e))
    }

    /// The rows of a query over the latest snapshot, as they come.
    ///
    /// # Errors
    /// As [`Lake::query`]; errors of the evaluation come with the rows.
    pub async fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream, LakeError> {
        let snapshot = self.snapshot().await?;
        self.stream_at(sql, &snapshot).await
    }

    /// The rows of a query over a given snapshot, as they come.
    ///
    /// # Errors
    /// As [`Lake::stream`].
    pub async fn stream_at(
        &self,
        sql: &str,
        snapshot: &Snapshot,
    ) -> Result<SendableRecordBatchStream, LakeError> {
        let context = self.session(snapshot).await?;
        self.rows(&context, sql).await
    }

    /// The data files of a table in a snapshot, by their paths below the table's folder.
    ///
    /// # Errors
    /// [`LakeError::Table`] when its Delta log cannot be read.
    pub async fn data_files(
        &self,
        table: &str,
        snapshot: &Snapshot,
    ) -> Result<BTreeSet<String>, LakeError> {
        let Some(version) = snapshot.tables.get(table) else {
            return Ok(BTreeSet::new());
        };
        let files = self.files(table, *version).await?;
        Ok(files.iter().map(|file| file.path.clone()).collect())
    }

    /// The rows of a query over some of the data files of one table, as they come. It sees no other table.
    ///
    /// - `paths`: of [`Lake::data_files`].
    ///
    /// # Errors
    /// As [`Lake::stream`].
    pub async fn stream_files(
        &self,
        sql: &str,
        table: &str,
        paths: &[&str],
    ) -> Result<SendableRecordBatchStream, LakeError> {
        let context = self.context();
        let mut tables = schema::table::tables().iter();
        if let Some(table) = tables.find(|known| known.name == table) {
            context
                .register_table(table.name.as_str(), self.listing(table, paths)?)
                .map_err(|e| self.sql_error(e))?;
        }
        self.rows(&context, sql).await
    }

    /// The rows of a query in a session of this lake.
    pub(crate) async fn rows(
        &self,
        context: &SessionContext,
        sql: &str,
    ) -> Result<SendableRecordBatchStream, LakeError> {
        rows(context, sql).await.map_err(|error| match error {
            RowsError::ReadOnly => LakeError::ReadOnly {
                found: sql.chars().take(60).collect(),
            },
            RowsError::Engine(error) => self.sql_error(error),
        })
    }

    /// The error of the engine, told apart by what the user can do about it.
    #[must_use]
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the engine has many errors, one of them is told apart"
    )]
    pub fn sql_error(&self, error: DataFusionError) -> LakeError {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(found) => LakeError::OverBudget {
                budget: self.options().memory,
                found: found.lines().next().unwrap_or_default().to_owned(),
            },
            _ => LakeError::Sql(Box::new(error)),
        }
    }
}
