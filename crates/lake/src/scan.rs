//! A table of the lake for the SQL engine, which must find every data file that the log names.

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::ListingTable;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use object_store::path::Path;
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A scan over some data files.
///
/// The engine takes a file that is gone for an empty folder, and would answer as if its rows had never been.
#[derive(Debug)]
pub(crate) struct WholeTable {
    /// Name of the table.
    pub(crate) name: String,
    /// How the engine reads it.
    pub(crate) listing: ListingTable,
    /// Where its data files are in the store.
    pub(crate) files: Vec<Path>,
}

#[async_trait]
impl TableProvider for WholeTable {
    fn schema(&self) -> SchemaRef {
        self.listing.schema()
    }

    fn table_type(&self) -> TableType {
        self.listing.table_type()
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        self.listing.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.listing.scan(state, projection, filters, limit).await?;
        let found = files_of(plan.as_ref());
        // Where a few rows are enough, so are the first files that hold them.
        if found.len() == self.files.len() || (limit.is_some() && !found.is_empty()) {
            return Ok(plan);
        }
        let missing: Vec<&Path> = self.files.iter().filter(|f| !found.contains(*f)).collect();
        let first = missing.first().map_or("", |path| path.as_ref());
        Err(DataFusionError::External(
            format!(
                "{} of the {} data files of table `{}` are gone, /{first} first: give them back from a backup, or import their sources again into a new lake",
                missing.len(),
                self.files.len(),
                self.name,
            )
            .into(),
        ))
    }
}

/// The files that a plan reads.
fn files_of(plan: &dyn ExecutionPlan) -> BTreeSet<&Path> {
    let scan = (plan as &dyn Any)
        .downcast_ref::<DataSourceExec>()
        .and_then(|scan| scan.data_source().downcast_ref::<FileScanConfig>());
    let groups = scan.map_or(&[][..], |scan| &scan.file_groups);
    groups
        .iter()
        .flat_map(|group| group.files())
        .map(|file| &file.object_meta.location)
        .collect()
}
