//! A lake in memory, filled row by row.

use arrow::array::{RecordBatch, new_null_array};
use arrow::compute::{cast, concat_batches};
use features::{Clock, History, LoadError, Logs, Product, Until, load};
use lake::{Lake, LakeOptions, Snapshot};
use schema::AsOf;
use schema::progress::Silent;

/// The data product of the tests from whose decisions is learnt.
pub(crate) fn logs() -> Logs {
    Logs::from(["offers".to_owned()])
}

pub(crate) struct Shop {
    pub(crate) lake: Lake,
    files: usize,
}

impl Shop {
    pub(crate) async fn new() -> Self {
        let options = LakeOptions {
            memory: schema::Bytes(256 << 20),
            threads: 2,
        };
        let lake = Lake::open("memory://", &options).await.unwrap();
        Self { lake, files: 0 }
    }

    /// Commits rows, written as SQL values, in a file of their own. Columns that are not named are empty.
    pub(crate) async fn put(&mut self, table: &str, columns: &str, rows: &str) {
        let sql = format!("SELECT * FROM (VALUES {rows}) AS rows ({columns})");
        let found = self.lake.query(&sql).await.unwrap();
        let found = concat_batches(&found[0].schema(), &found).unwrap();
        let wanted = schema::table::table(table).unwrap().arrow();
        let values = wanted.fields().iter().map(|field| {
            found.column_by_name(field.name()).map_or_else(
                || new_null_array(field.data_type(), found.num_rows()),
                |values| cast(values, field.data_type()).unwrap(),
            )
        });
        let batch = RecordBatch::try_new(wanted.clone(), values.collect()).unwrap();
        let mut transaction = self.lake.begin().await.unwrap();
        let tag = format!("file{}", self.files);
        self.files += 1;
        let mut writer = transaction.writer(table, wanted, &tag).await.unwrap();
        writer.write(&batch).await.unwrap();
        writer.finish(&mut transaction).await.unwrap();
        let now = "2024-06-01T00:00:00Z".parse().unwrap();
        transaction.commit(now).await.unwrap();
    }

    /// Sales of one unit for one euro, by order, customer, product and moment.
    pub(crate) async fn sell(&mut self, rows: &[(&str, &str, &str, &str)]) {
        let rows: Vec<String> = rows
            .iter()
            .map(|(order, customer, product, at)| {
                format!("('{order}', 1, '{at}', '{customer}', '{product}', 1, 100, 'EUR', false)")
            })
            .collect();
        self.put("sales", SALES, &rows.join(", ")).await;
    }

    pub(crate) async fn snapshot(&self) -> Snapshot {
        self.lake.snapshot().await.unwrap()
    }

    pub(crate) async fn load(&self, day: &str) -> Result<History, LoadError> {
        load(
            &self.lake,
            &self.snapshot().await,
            &until(day),
            &logs(),
            &Silent,
        )
        .await
    }
}

pub(crate) const SALES: &str = "order_id, line_no, sold_at, customer_id, product_id, quantity, unit_price_cents, currency, is_return";

/// Before a day that begins at midnight UTC.
pub(crate) fn until(day: &str) -> Until {
    Until {
        as_of: as_of(day),
        clock: Clock::default(),
    }
}

pub(crate) fn as_of(day: &str) -> AsOf {
    AsOf(day.parse().unwrap())
}

/// A product of the history's catalogue.
pub(crate) fn product<'a>(history: &'a History, id: &str) -> &'a Product {
    let index = history.catalogue().index_of(id).unwrap();
    history.catalogue().get(index).unwrap()
}
