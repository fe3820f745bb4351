//! Many Parquet files into one: row groups that are large already are moved as they are encoded.

use crate::LakeError;
use crate::transaction::Transaction;
use crate::writer::{ROW_GROUP_ROWS, added, properties, refused};
use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::writer::SerializedFileWriter;
use std::mem::take;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// Rows from which on a row group is moved as it is. Below it, what each group repeats (dictionaries, statistics,
/// pages) weighs more than encoding its rows anew.
const WHOLE_ROWS: usize = ROW_GROUP_ROWS / 16;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 8192;

/// A file that takes the rows of others; nothing is visible before the transaction commits.
pub(crate) struct FileMerger {
    table: String,
    schema: SchemaRef,
    path: String,
    sink: BufWriter,
    /// The merged file; its bytes leave for the sink after each file that came in.
    merged: SerializedFileWriter<Vec<u8>>,
    /// A file of the small row groups since the last large one.
    small: ArrowWriter<Vec<u8>>,
    small_rows: usize,
    rows: u64,
}

fn writer(schema: &SchemaRef) -> Result<ArrowWriter<Vec<u8>>, ParquetError> {
    ArrowWriter::try_new(Vec::new(), Arc::clone(schema), Some(properties()))
}

fn metadata(file: &Bytes) -> Result<ArrowReaderMetadata, ParquetError> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    ArrowReaderMetadata::load(file, options)
}

impl FileMerger {
    /// Starts the file `path` below the folder of `table`.
    pub(crate) fn start(
        store: Arc<dyn ObjectStore>,
        table: &str,
        schema: SchemaRef,
        path: String,
    ) -> Result<Self, LakeError> {
        let failed = refused("write file", table);
        let (merged, _) = writer(&schema)
            .and_then(ArrowWriter::into_serialized_writer)
            .map_err(&failed)?;
        Ok(Self {
            sink: BufWriter::new(store, Path::from(format!("{table}/{path}"))),
            table: table.to_owned(),
            small: writer(&schema).map_err(&failed)?,
            small_rows: 0,
            merged,
            schema,
            path,
            rows: 0,
        })
    }

    /// Adds the rows of a file.
    ///
    /// # Errors
    /// [`LakeError::Storage`] when it is no Parquet file of this table, or when the storage refused.
    pub(crate) async fn add(&mut self, file: &Bytes) -> Result<(), LakeError> {
        self.take_in(file)
            .map_err(refused("merge files of", &self.table))?;
        self.send().await
    }

    /// Hands the file to the transaction. Returns its rows.
    ///
    /// # Errors
    /// As [`FileMerger::add`].
    pub(crate) async fn finish(mut self, transaction: &mut Transaction) -> Result<u64, LakeError> {
        let failed = refused("write file", &self.table);
        self.move_small().map_err(&failed)?;
        self.merged.finish().map_err(&failed)?;
        self.send().await?;
        self.sink
            .shutdown()
            .await
            .map_err(|e| failed(ParquetError::External(Box::new(e))))?;
        if self.rows > 0 {
            let bytes = self.merged.bytes_written() as u64;
            transaction.add(&self.table, added(self.path, bytes, self.rows));
        }
        Ok(self.rows)
    }

    async fn send(&mut self) -> Result<(), LakeError> {
        let bytes = Bytes::from(take(self.merged.inner_mut()));
        let failed = refused("write file", &self.table);
        self.sink
            .put(bytes)
            .await
            .map_err(|e| failed(ParquetError::External(Box::new(e))))
    }

    fn take_in(&mut self, file: &Bytes) -> Result<(), ParquetError> {
        let read = metadata(file)?;
        let same = read.metadata().file_metadata().schema_descr().root_schema()
            == self.merged.schema_descr().root_schema();
        for group in 0..read.metadata().num_row_groups() {
            let rows = usize::try_from(read.metadata().row_group(group).num_rows())?;
            self.rows += rows as u64;
            if same && rows >= WHOLE_ROWS {
                self.move_small()?;
                move_group(&mut self.merged, file, read.metadata(), group)?;
                continue;
            }
            let reader =
                ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), read.clone())
                    .with_row_groups(vec![group])
                    .with_batch_size(BATCH_ROWS)
                    .build()?;
            for batch in reader {
                self.small.write(&with_columns(&self.schema, &batch?)?)?;
            }
            self.small_rows += rows;
            if self.small_rows >= ROW_GROUP_ROWS {
                self.move_small()?;
            }
        }
        Ok(())
    }

    /// Encodes the small row groups gathered so far as one, and moves it.
    fn move_small(&mut self) -> Result<(), ParquetError> {
        if take(&mut self.small_rows) == 0 {
            return Ok(());
        }
        let gathered = std::mem::replace(&mut self.small, writer(&self.schema)?);
        let file = Bytes::from(gathered.into_inner()?);
        let read = metadata(&file)?;
        for group in 0..read.metadata().num_row_groups() {
            move_group(&mut self.merged, &file, read.metadata(), group)?;
        }
        Ok(())
    }
}

/// Copies a row group byte for byte.
fn move_group(
    merged: &mut SerializedFileWriter<Vec<u8>>,
    file: &Bytes,
    metadata: &ParquetMetaData,
    group: usize,
) -> Result<(), ParquetError> {
    let from = metadata.row_group(group);
    let mut to = merged.next_row_group()?;
    for (n, column) in from.columns().iter().enumerate() {
        let moved = ColumnCloseResult {
            bytes_written: u64::try_from(column.compressed_size())?,
            rows_written: u64::try_from(from.num_rows())?,
            metadata: column.clone(),
            bloom_filter: None,
            column_index: metadata
                .column_index()
                .and_then(|i| i.get(group)?.get(n).cloned()),
            offset_index: metadata
                .offset_index()
                .and_then(|i| i.get(group)?.get(n).cloned()),
        };
        to.append_column(file, moved)?;
    }
    to.close()?;
    Ok(())
}

/// A batch with the columns of the table: those that an older file lacks are null.
fn with_columns(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, ParquetError> {
    let column = |field: &Arc<arrow::datatypes::Field>| match batch.column_by_name(field.name()) {
        Some(found) => arrow::compute::cast(found, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    };
    let columns: Result<Vec<ArrayRef>, _> = schema.fields().iter().map(column).collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns?)?)
}
