//! A decision by its identifier, wherever it is by now; answers to proposed orders in the lake.

use super::columns::{DECISIONS, ORDER_ANSWERS};
use super::folder::{log_folders, segments};
use super::records::{DecisionRecord, OrderAnswerRecord};
use super::segment::{DAMAGED, OPEN, SEALED, SegmentError, read_segment};
use super::wire::Wire;
use crate::{Lake, LakeError};
use jiff::civil::Date;
use schema::DecisionId;
use std::io;
use std::path::{Path, PathBuf};

/// A look-up that could not be made; the decision may exist.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The folder of the logs cannot be read.
    #[error("look for a decision in {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// A segment cannot be read.
    #[error("look for a decision in the log")]
    Segment(#[from] SegmentError),
    /// The lake cannot be read.
    #[error("look for a decision in the lake")]
    Lake(#[from] LakeError),
}

/// The decision of an identifier: from the logs below `root` while it is there, from the lake afterwards.
///
/// `None` where no such decision was acknowledged. Rows are in the lake before their segment is deleted, and the
/// logs are read first: a decision that moves meanwhile is found.
///
/// # Errors
/// [`LookupError`] when a log or the lake cannot be read.
pub async fn find_decision(
    lake: &Lake,
    root: &Path,
    id: &DecisionId,
) -> Result<Option<DecisionRecord>, LookupError> {
    let (folder, wanted) = (root.to_owned(), id.clone());
    let found = tokio::task::spawn_blocking(move || in_logs(&folder, &wanted))
        .await
        .map_err(|stopped| LookupError::Folder {
            folder: root.to_owned(),
            source: io::Error::other(stopped),
        })??;
    match found {
        Some(decision) => Ok(Some(decision)),
        None => Ok(in_lake(lake, id).await?),
    }
}

fn in_logs(root: &Path, id: &DecisionId) -> Result<Option<DecisionRecord>, LookupError> {
    let cannot = |folder: &Path| {
        let folder = folder.to_owned();
        move |source| LookupError::Folder { folder, source }
    };
    for folder in log_folders(root).map_err(cannot(root))? {
        let paths = match segments(&folder, &[OPEN, SEALED, DAMAGED]) {
            // Deleted with its last segment meanwhile.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(cannot(&folder))?,
        };
        for path in paths {
            if let Some(decision) = in_segment(&path, id)? {
                return Ok(Some(decision));
            }
        }
    }
    Ok(None)
}

fn in_segment(path: &Path, id: &DecisionId) -> Result<Option<DecisionRecord>, SegmentError> {
    let reader = match read_segment(path) {
        Err(SegmentError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            // Sealed since it was listed, or drained: then the lake has it.
            match read_segment(&path.with_extension(SEALED)) {
                Err(SegmentError::Read { source, .. })
                    if source.kind() == io::ErrorKind::NotFound =>
                {
                    return Ok(None);
                }
                other => other?,
            }
        }
        other => other?,
    };
    for record in reader.flatten() {
        if let Ok(Wire::Decision(found)) = Wire::read(&record.payload)
            && found.decision_id == id.as_str()
            && let Ok(decision) = found.to_record()
        {
            return Ok(Some(decision));
        }
    }
    Ok(None)
}

async fn in_lake(lake: &Lake, id: &DecisionId) -> Result<Option<DecisionRecord>, LakeError> {
    let snapshot = lake.snapshot().await?;
    // Identifiers hold no control characters; the quote is the one that SQL reads otherwise.
    let id = quoted(id.as_str());
    let sql = format!("SELECT * FROM {DECISIONS} WHERE decision_id = {id} ORDER BY position");
    let batches = lake.query_at(&sql, &snapshot).await?;
    Ok(DecisionRecord::from_batches(&batches))
}

/// A text in SQL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The answer to a proposed order of an identifier, where the lake has it: one that is still in the log is not found.
///
/// # Errors
/// [`LakeError`] when the lake cannot be read.
pub async fn find_order_answer(
    lake: &Lake,
    id: &str,
) -> Result<Option<OrderAnswerRecord>, LakeError> {
    let id = quoted(id);
    let found = order_answers(lake, &format!("answer_id = {id}")).await?;
    Ok(found.into_iter().next())
}

/// The answers to the proposals of a day that the lake has, in the order in which they were given.
///
/// # Errors
/// [`LakeError`] when the lake cannot be read.
pub async fn order_answers_of(lake: &Lake, day: Date) -> Result<Vec<OrderAnswerRecord>, LakeError> {
    order_answers(lake, &format!("ordered_on = DATE '{day}'")).await
}

async fn order_answers(lake: &Lake, of: &str) -> Result<Vec<OrderAnswerRecord>, LakeError> {
    let snapshot = lake.snapshot().await?;
    let sql = format!("SELECT * FROM {ORDER_ANSWERS} WHERE {of} ORDER BY made_at, answer_id");
    let batches = lake.query_at(&sql, &snapshot).await?;
    Ok(OrderAnswerRecord::from_batches(&batches))
}
