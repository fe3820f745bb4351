//! A shop in a temporary folder, to import into.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::util::display::array_value_to_string;
use factory::import::{ImportError, ImportOptions, ImportOutcome, import};
use lake::{Lake, LakeOptions};
use schema::progress::Silent;
use sources::read_sources;
use std::path::PathBuf;

pub(crate) struct Shop {
    folder: tempfile::TempDir,
    pub(crate) lake: Lake,
}

/// A moment after all rows of the fixtures.
pub(crate) fn now() -> jiff::Timestamp {
    "2024-03-10T00:00:00Z".parse().unwrap()
}

pub(crate) const SALES: &str = r#"
table = "sales"
files = "raw/sales.csv"
format = "csv"
currency = "EUR"

[columns]
order_id = { from = "order" }
line_no = { row_number = true }
sold_at = { from = "day" }
customer_id = { from = "customer" }
product_id = { from = "product" }
quantity = { from = "units" }
unit_price_cents = { from = "price" }
"#;

pub(crate) const HEADER: &str = "order,day,customer,product,units,price\n";

impl Shop {
    pub(crate) async fn new() -> Self {
        Self::with_memory(LakeOptions::default().memory).await
    }

    /// A shop without sources whose imports may take this much memory.
    pub(crate) async fn with_memory(memory: schema::Bytes) -> Self {
        let options = LakeOptions {
            memory,
            ..LakeOptions::default()
        };
        let folder = tempfile::tempdir().unwrap();
        for below in ["raw", "sources"] {
            std::fs::create_dir(folder.path().join(below)).unwrap();
        }
        let location = folder.path().join("lake");
        let lake = Lake::open(location.to_str().unwrap(), &options)
            .await
            .unwrap();
        Self { folder, lake }
    }

    /// A shop with one source of sales and these rows.
    pub(crate) async fn with_sales(rows: &str) -> Self {
        let shop = Self::new().await;
        shop.write("sources/sales.toml", SALES);
        shop.write("raw/sales.csv", format!("{HEADER}{rows}"));
        shop
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(below), content).unwrap();
    }

    pub(crate) async fn import_with(
        &self,
        options: &ImportOptions,
    ) -> Result<ImportOutcome, ImportError> {
        let sources = read_sources(&self.path("sources")).unwrap();
        import(&self.lake, self.folder.path(), &sources, options, &Silent).await
    }

    pub(crate) async fn import(&self) -> Result<ImportOutcome, ImportError> {
        self.import_with(&ImportOptions::at(now())).await
    }

    /// Imports although the gate may be closed.
    pub(crate) async fn import_anyway(&self) -> ImportOutcome {
        let options = ImportOptions {
            accept_failed_gate: true,
            ..ImportOptions::at(now())
        };
        self.import_with(&options).await.unwrap()
    }

    pub(crate) async fn version(&self) -> u64 {
        self.lake.snapshot().await.unwrap().version
    }

    /// Data files that lie in the lake, seen by a table or not.
    pub(crate) fn data_files(&self) -> Vec<PathBuf> {
        let tables = std::fs::read_dir(self.path("lake")).unwrap();
        let folders = tables.map(|e| e.unwrap().path()).filter(|p| p.is_dir());
        folders
            .flat_map(|f| std::fs::read_dir(f).unwrap().map(|e| e.unwrap().path()))
            .filter(|p| p.extension().is_some_and(|e| e == "parquet"))
            .collect()
    }

    /// All cells of a query as text.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let batches: Vec<RecordBatch> = self.lake.query(sql).await.unwrap();
        let mut rows = Vec::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                rows.push(
                    batch
                        .columns()
                        .iter()
                        .map(|c| array_value_to_string(c, row).unwrap())
                        .collect(),
                );
            }
        }
        rows
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let batches = self
            .lake
            .query(&format!("SELECT count(*) FROM {table}"))
            .await
            .unwrap();
        batches[0].column(0).as_primitive::<Int64Type>().value(0)
    }
}
