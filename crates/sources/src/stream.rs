//! Reading and mapping run beside whoever takes the rows.

use crate::config::Source;
use crate::map::{MappedRows, Mapper};
use crate::query;
use crate::read::{self, ReadError};
use arrow::datatypes::SchemaRef;
use schema::Bytes;
use std::io::Seek;
use std::path::Path;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Batches that may wait for whoever takes them before the reader is held back.
const QUEUE_BATCHES: usize = 4;

/// A file whose header fits its source.
#[derive(Debug)]
pub struct Opened {
    /// The columns of the file, or of the source's query where it has one.
    pub raw_schema: SchemaRef,
    /// The columns of the shared table, all nullable.
    pub typed_schema: SchemaRef,
    /// The rows to come.
    pub rows: Rows,
}

/// The rows of a file, as they come.
#[derive(Debug)]
pub struct Rows {
    queue: mpsc::Receiver<Result<MappedRows, ReadError>>,
    reader: Option<JoinHandle<()>>,
    /// Stands where the reader of the file stands; absent where a query reads it.
    place: Option<std::fs::File>,
}

impl Rows {
    /// About how many bytes of the file have been read by now.
    pub fn bytes_read(&mut self) -> u64 {
        let place = self.place.as_mut();
        place.and_then(|p| p.stream_position().ok()).unwrap_or(0)
    }

    /// The next batch; `None` at the end of the file.
    ///
    /// # Errors
    /// [`ReadError`] of the file; nothing comes after it.
    ///
    /// # Panics
    /// When the reader panicked: rows would be missing without a word.
    pub async fn next(&mut self) -> Result<Option<MappedRows>, ReadError> {
        if let Some(rows) = self.queue.recv().await {
            return rows.map(Some);
        }
        if let Some(reader) = self.reader.take()
            && let Err(ended) = reader.await
            && ended.is_panic()
        {
            std::panic::resume_unwind(ended.into_panic());
        }
        Ok(None)
    }
}

/// Waits for blocking work, passing its panic on.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}

/// Opens a file of a source and starts to read it. Needs a tokio runtime.
///
/// - `memory`: what the `query` of the source may hold before it spills to disk; nothing else reads more than a few
///   batches at a time.
///
/// # Errors
/// [`ReadError`] when the file is missing, empty, of another format, damaged at its end (Parquet), or lacks a column
/// that the source maps.
pub async fn open(source: &Source, file: &Path, memory: Bytes) -> Result<Opened, ReadError> {
    let (own, path) = (source.clone(), file.to_owned());
    let raw = blocking(move || read::open(&own, &path)).await?;
    let (sender, queue) = mpsc::channel(QUEUE_BATCHES);
    if let Some(sql) = &source.raw.query {
        let mut rows = query::ask(source, file, raw, sql, memory).await?;
        let mapper = Mapper::new(source, file, &rows.schema)?;
        let (raw_schema, typed_schema) = (rows.schema.clone(), mapper.typed_schema());
        let reader = tokio::spawn(async move {
            while let Some(read) = rows.next().await {
                let mapped = read.and_then(|rows| mapper.map(rows));
                let failed = mapped.is_err();
                if sender.send(mapped).await.is_err() || failed {
                    return;
                }
            }
        });
        return Ok(Opened {
            raw_schema,
            typed_schema,
            rows: Rows {
                queue,
                reader: Some(reader),
                place: None,
            },
        });
    }
    let mapper = Mapper::new(source, file, &raw.schema)?;
    let (raw_schema, typed_schema) = (raw.schema.clone(), mapper.typed_schema());
    let place = Some(raw.place);
    let reader = tokio::task::spawn_blocking(move || {
        for read in raw.batches {
            let mapped = read.and_then(|rows| mapper.map(rows));
            let failed = mapped.is_err();
            // A receiver that is gone wants no more rows.
            if sender.blocking_send(mapped).is_err() || failed {
                return;
            }
        }
    });
    Ok(Opened {
        raw_schema,
        typed_schema,
        rows: Rows {
            queue,
            reader: Some(reader),
            place,
        },
    })
}
