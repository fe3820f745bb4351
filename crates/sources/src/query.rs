//! The `query` of a source: SQL over the rows of one file, before the mapping.

use crate::config::Source;
use crate::expression;
use crate::read::{self, RawFile, RawRows, ReadError};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use lake::RowsError;
use schema::Bytes;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The first error of the reader below the query, kept whole on its way through the engine.
type FirstError = Arc<Mutex<Option<ReadError>>>;

/// The rows of a file as a table; each scan reads the file again.
struct FileTable {
    source: Source,
    file: PathBuf,
    schema: SchemaRef,
    error: FirstError,
}

impl std::fmt::Debug for FileTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileTable")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

fn keep(slot: &FirstError, error: ReadError) -> DataFusionError {
    let text = error.to_string();
    slot.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get_or_insert(error);
    DataFusionError::Execution(text)
}

/// The rows of a batch, all of which could be read.
fn whole(file: &Path, rows: RawRows) -> Result<RecordBatch, ReadError> {
    match rows.refused.into_iter().next() {
        None => Ok(rows.rows),
        Some(row) => Err(ReadError::RowBeforeQuery {
            file: file.to_owned(),
            row: row.row_number,
            lapse: row.lapse,
        }),
    }
}

impl PartitionStream for FileTable {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (file, error) = (self.file.clone(), Arc::clone(&self.error));
        let batches: Box<dyn Iterator<Item = Result<RawRows, ReadError>> + Send> =
            match read::open(&self.source, &self.file) {
                Ok(opened) => opened.batches,
                Err(e) => Box::new(std::iter::once(Err(e))),
            };
        let batches = batches.map(move |rows| {
            rows.and_then(|r| whole(&file, r))
                .map_err(|e| keep(&error, e))
        });
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            futures::stream::iter(batches),
        ))
    }
}

/// The rows of a query, in the order in which the engine gives them.
pub(crate) struct QueryRows {
    pub(crate) schema: SchemaRef,
    stream: SendableRecordBatchStream,
    error: FirstError,
    file: PathBuf,
    memory: Bytes,
    next_row: i64,
}

fn session(memory: Bytes) -> Result<SessionContext, DataFusionError> {
    let pool = FairSpillPool::new(usize::try_from(memory.0).unwrap_or(usize::MAX));
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .build_arc()?;
    Ok(SessionContext::new_with_config_rt(
        expression::session().copied_config(),
        runtime,
    ))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the engine has many errors, one of them is told apart"
)]
fn failed(file: &Path, slot: &FirstError, memory: Bytes, error: &DataFusionError) -> ReadError {
    if let Some(kept) = slot.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return kept;
    }
    let file = file.to_owned();
    let line = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    match error.find_root() {
        DataFusionError::ResourcesExhausted(found) => ReadError::OverBudget {
            file,
            budget: memory,
            found: line(found),
        },
        _ => ReadError::Query {
            file,
            found: line(&error.strip_backtrace()),
        },
    }
}

/// Asks the query over an opened file, holding `memory` before it spills to disk.
pub(crate) async fn ask(
    source: &Source,
    file: &Path,
    raw: RawFile,
    sql: &str,
    memory: Bytes,
) -> Result<QueryRows, ReadError> {
    let error = FirstError::default();
    let table = FileTable {
        source: source.clone(),
        file: file.to_owned(),
        schema: Arc::clone(&raw.schema),
        error: Arc::clone(&error),
    };
    drop(raw.batches);
    let prepare = || -> Result<SessionContext, DataFusionError> {
        let session = session(memory)?;
        let table = StreamingTable::try_new(raw.schema, vec![Arc::new(table)])?;
        session.register_table("raw", Arc::new(table))?;
        Ok(session)
    };
    let session = prepare().map_err(|e| failed(file, &error, memory, &e))?;
    let stream = lake::rows(&session, sql).await.map_err(|e| match e {
        RowsError::Engine(e) => failed(file, &error, memory, &e),
        RowsError::ReadOnly => ReadError::Query {
            file: file.to_owned(),
            found: e.to_string(),
        },
    })?;
    Ok(QueryRows {
        schema: stream.schema(),
        stream,
        error,
        file: file.to_owned(),
        memory,
        next_row: 1,
    })
}

impl QueryRows {
    /// The next rows; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<RawRows, ReadError>> {
        let rows = match self.stream.next().await {
            Some(Ok(rows)) => rows,
            Some(Err(e)) => return Some(Err(failed(&self.file, &self.error, self.memory, &e))),
            None if self.next_row == 1 => {
                return Some(Err(ReadError::QueryWithoutRows {
                    file: self.file.clone(),
                }));
            }
            None => return None,
        };
        let row_numbers: Vec<i64> = (self.next_row..).take(rows.num_rows()).collect();
        self.next_row += row_numbers.len() as i64;
        Some(Ok(RawRows {
            rows,
            row_numbers,
            refused: Vec::new(),
        }))
    }
}
