//! Rows to Parquet, encoded beside the work that makes them.

use crate::LakeError;
use crate::transaction::Transaction;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deltalake_core::kernel::Add;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::AsyncArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows per row group: a reader holds one at a time, a writer too.
pub(crate) const ROW_GROUP_ROWS: usize = 256 * 1024;

/// Batches that may wait for the encoder before the producer is held back.
const QUEUE_BATCHES: usize = 4;

/// How every data file is written.
pub(crate) fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by("comptoir".to_owned())
        .build()
}

/// What an error of encoding or decoding a file of `table` is to whoever uses the lake.
pub(crate) fn refused(
    operation: &'static str,
    table: &str,
) -> impl Fn(ParquetError) -> LakeError + use<> {
    let path = format!("{table}/…");
    move |e| LakeError::Storage {
        operation,
        path: path.clone(),
        source: object_store::Error::Generic {
            store: "parquet",
            source: Box::new(e),
        },
    }
}

/// The action that makes a new data file part of its table.
pub(crate) fn added(path: String, bytes: u64, rows: u64) -> Add {
    Add {
        path,
        size: i64::try_from(bytes).unwrap_or(i64::MAX),
        partition_values: HashMap::new(),
        data_change: true,
        stats: Some(format!("{{\"numRecords\":{rows}}}")),
        ..Add::default()
    }
}

/// Writes the rows of one table; nothing is visible before the transaction commits, and nothing is left of a writer that
/// is dropped.
#[derive(Debug)]
pub struct TableWriter {
    table: String,
    schema: SchemaRef,
    path: String,
    rows: u64,
    /// Batches, and nothing after the last one: where that does not come, the file is not wanted.
    queue: mpsc::Sender<Option<RecordBatch>>,
    encoder: JoinHandle<Result<u64, LakeError>>,
}

fn columns(schema: &SchemaRef) -> String {
    schema
        .fields()
        .iter()
        .map(|f| format!("{} {}", f.name(), f.data_type()))
        .collect::<Vec<_>>()
        .join(", ")
}

impl TableWriter {
    /// Starts a file `path` below the folder of `table`; its size in bytes comes back from the encoder.
    pub(crate) fn start(
        store: Arc<dyn ObjectStore>,
        table: &str,
        schema: SchemaRef,
        path: String,
    ) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Option<RecordBatch>>(QUEUE_BATCHES);
        let full = Path::from(format!("{table}/{path}"));
        let for_task = Arc::clone(&schema);
        let name = table.to_owned();
        let encoder = tokio::spawn(async move {
            let failed = refused("write file", &name);
            let sink = BufWriter::new(Arc::clone(&store), full.clone());
            let mut writer =
                AsyncArrowWriter::try_new(sink, for_task, Some(properties())).map_err(&failed)?;
            while let Some(next) = waiting.recv().await {
                let Some(batch) = next else {
                    writer.finish().await.map_err(&failed)?;
                    return Ok(writer.bytes_written() as u64);
                };
                writer.write(&batch).await.map_err(&failed)?;
            }
            Ok(0)
        });
        Self {
            table: table.to_owned(),
            schema,
            path,
            rows: 0,
            queue,
            encoder,
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`LakeError::Columns`] when the columns are not those of the table; [`LakeError::Storage`] when the storage
    /// refused an earlier batch.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        if !self.schema.contains(&batch.schema()) {
            let (expected, found) = (columns(&self.schema), columns(&batch.schema()));
            return Err(LakeError::Columns {
                table: self.table.clone(),
                expected,
                found,
            });
        }
        self.rows += batch.num_rows() as u64;
        if self.queue.send(Some(batch.clone())).await.is_err() {
            // The encoder has stopped: its own error says why.
            let ended = std::mem::replace(&mut self.encoder, tokio::spawn(async { Ok(0) }));
            ended.await.map_err(|_| LakeError::EncoderStopped {
                table: self.table.clone(),
            })??;
            return Err(LakeError::EncoderStopped {
                table: self.table.clone(),
            });
        }
        Ok(())
    }

    /// Ends the file and hands it to the transaction. Returns the rows written; without rows there is no file.
    ///
    /// # Errors
    /// [`LakeError::Storage`] when the storage refused to take the file.
    pub async fn finish(self, transaction: &mut Transaction) -> Result<u64, LakeError> {
        if self.rows > 0 {
            // Where the encoder has stopped, its own error says why.
            let _ = self.queue.send(None).await;
        }
        drop(self.queue);
        let bytes = self.encoder.await.map_err(|_| LakeError::EncoderStopped {
            table: self.table.clone(),
        })??;
        if self.rows > 0 {
            transaction.add(&self.table, added(self.path, bytes, self.rows));
        }
        Ok(self.rows)
    }
}
