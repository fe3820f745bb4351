//! What a commit in preparation keeps: the rows of its base without those that it takes out.

use crate::LakeError;
use crate::transaction::Transaction;
use datafusion::execution::SendableRecordBatchStream;

impl Transaction {
    /// The rows of a query over what this commit keeps: the snapshot that it builds on, without the rows given to
    /// [`Transaction::remove`], and without the rows that it adds. Read only and held to the memory budget, like
    /// [`crate::Lake::query`].
    ///
    /// # Errors
    /// [`LakeError::Sql`] when the SQL is wrong; errors of the evaluation come with the rows.
    pub async fn kept(&self, sql: &str) -> Result<SendableRecordBatchStream, LakeError> {
        let lake = self.lake();
        let session = lake.session(self.base()).await?;
        for (table, prefixes) in self.removed() {
            let (Some(definition), Some(version)) =
                (schema::table::table(table), self.base().tables.get(table))
            else {
                continue;
            };
            let files = lake.files(table, *version).await?;
            let removed = |path: &str| {
                prefixes
                    .iter()
                    .any(|prefix| path.starts_with(prefix.as_str()))
            };
            let paths = files
                .iter()
                .map(|f| f.path.as_str())
                .filter(|path| !removed(path))
                .collect::<Vec<_>>();
            let provider = lake.listing(definition, &paths)?;
            session
                .deregister_table(table.as_str())
                .map_err(|e| lake.sql_error(e))?;
            session
                .register_table(table.as_str(), provider)
                .map_err(|e| lake.sql_error(e))?;
        }
        lake.rows(&session, sql).await
    }
}
