//! Many small files into one.

use super::columns::{DECISIONS, EVENTS, ORDER_ANSWERS, SHADOW_ANSWERS, log_table, table_schema};
use super::files::{make_durable, tag_of};
use super::folder::{self, OPEN_OR_SEALED, log_folders, segments, tag_start};
use crate::storage::DataFile;
use crate::{Lake, LakeError};
use jiff::Timestamp;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Rests after each file, as long as it took each.
const RESTS_PER_FILE: u32 = 8;

/// What a file takes at most: the longer it took, the longer it waited for a processor, which is a rest already. Nothing
/// is drained before a merge is through.
const FILE_TAKES: Duration = Duration::from_millis(50);

/// Which files are merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactOptions {
    /// Files below this size are small.
    pub small_bytes: u64,
    /// Nothing is done for so many small files or fewer.
    pub files_allowed: usize,
    /// Bytes merged at most in one transaction.
    pub merged_bytes: u64,
}

impl Default for CompactOptions {
    /// Files below 16 MiB, when there are more than 32, up to 256 MiB at once.
    fn default() -> Self {
        Self {
            small_bytes: 16 << 20,
            files_allowed: 32,
            merged_bytes: 256 << 20,
        }
    }
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Files merged into one; 0 where there were too few to bother.
    pub files: usize,
    /// Their rows.
    pub rows: u64,
}

/// A compaction that was not made; the table is as before.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The table is not one that the log fills.
    #[error(
        "compact table `{table}`: the log fills only `{DECISIONS}`, `{EVENTS}`, `{SHADOW_ANSWERS}` and `{ORDER_ANSWERS}`"
    )]
    Table {
        /// The table asked for.
        table: String,
    },
    /// The folder of the logs cannot be read, so that it is unknown which segments will be drained again.
    #[error("compact: read the logs in {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// The merged file would not hold the rows of its sources.
    #[error("compact table `{table}`: the files hold {expected} rows, {found} were read")]
    Rows {
        /// The table.
        table: &'static str,
        /// Rows that the table's log counts.
        expected: u64,
        /// Rows read.
        found: u64,
    },
    /// The lake refused.
    #[error("compact")]
    Lake(#[from] LakeError),
}

/// Merges the small files of a table of the log into one, in the order of their first rows, in one transaction.
///
/// One file is read at a time, so that memory does not grow with what is merged, and row groups that are large
/// already are moved without being decoded. It rests between files, for long: answers come from the same processors, and nobody waits for it. What one process has logged comes in the order of time; where several
/// logged at once, their rows follow each other file by file.
///
/// Only rows of logs below `root` whose segment is deleted are touched: a segment that still lies there may be
/// drained once more, and must find its rows under its own tag.
///
/// Files whose rows were merged away a week ago or earlier are deleted then: whoever reads an older version of the
/// table, as Delta allows, has had the time that Delta promises.
///
/// # Errors
/// [`CompactError::Lake`] with [`LakeError::Busy`] when another writer is at work; else as the variants say.
pub async fn compact(
    lake: &Lake,
    root: &Path,
    table: &str,
    options: &CompactOptions,
    now: Timestamp,
) -> Result<Compacted, CompactError> {
    let table = match table {
        DECISIONS => DECISIONS,
        EVENTS => EVENTS,
        SHADOW_ANSWERS => SHADOW_ANSWERS,
        ORDER_ANSWERS => ORDER_ANSWERS,
        other => {
            return Err(CompactError::Table {
                table: other.to_owned(),
            });
        }
    };
    let mut transaction = lake.begin().await?;
    let before = transaction.base().clone();
    let Some(version) = before.tables.get(table) else {
        return Ok(Compacted::default());
    };
    let files = lake.files(table, *version).await?;
    let unreadable = |source| CompactError::Folder {
        folder: root.to_owned(),
        source,
    };
    // Read while the lake is held: what is deleted now was committed before, and is never drained again.
    let root_id = folder::root_id(root).map_err(unreadable)?;
    let pending = pending_tags(root).map_err(unreadable)?;
    let merged_start = format!("merged{root_id}");
    let ours = |tag: &str| tag.starts_with(&merged_start) || tag.starts_with(&tag_start(&root_id));
    let small =
        |f: &&DataFile| u64::try_from(f.add.size).is_ok_and(|size| size < options.small_bytes);
    let mut bytes = 0;
    let chosen: Vec<&DataFile> = files
        .iter()
        .filter(small)
        .filter(|f| ours(tag_of(&f.path)) && !pending.contains(tag_of(&f.path)))
        .take_while(|f| {
            bytes += u64::try_from(f.add.size).unwrap_or(0);
            bytes <= options.merged_bytes
        })
        .collect();
    if chosen.len() <= options.files_allowed {
        return Ok(Compacted::default());
    }
    let paths: Vec<&str> = chosen.iter().map(|f| f.path.as_str()).collect();
    let tag = format!("{merged_start}{}", uuid::Uuid::new_v4().simple());
    let mut merger = transaction.merger(table, table_schema(table), &tag)?;
    for path in in_order_of_time(lake, table, &chosen).await? {
        let began = Instant::now();
        merger.add(&lake.read(table, path).await?).await?;
        tokio::time::sleep(began.elapsed().min(FILE_TAKES) * RESTS_PER_FILE).await;
    }
    let found = merger.finish(&mut transaction).await?;
    let expected = chosen
        .iter()
        .map(|f| counted_rows(f))
        .sum::<Option<u64>>()
        .unwrap_or(found);
    if found != expected {
        return Err(CompactError::Rows {
            table,
            expected,
            found,
        });
    }
    for path in &paths {
        transaction.remove(table, tag_of(path));
    }
    let after = transaction.commit(now).await?;
    make_durable(lake, &before, &after, BTreeSet::from([tag])).await?;
    // It only frees the disk: what cannot be deleted now is tried again after the next merge.
    let _ = lake.delete_removed(table).await;
    Ok(Compacted {
        files: paths.len(),
        rows: found,
    })
}

/// Data files in the order of their first rows.
async fn in_order_of_time<'a>(
    lake: &Lake,
    table: &'static str,
    files: &[&'a DataFile],
) -> Result<Vec<&'a str>, LakeError> {
    let time = log_table(table).time.as_deref();
    let mut starts = Vec::with_capacity(files.len());
    for file in files {
        let metadata = lake.read_metadata(table, file).await?;
        starts.push((first_value(&metadata, time), file.path.as_str()));
    }
    starts.sort_unstable();
    Ok(starts.into_iter().map(|(_, path)| path).collect())
}

/// The smallest value of a column of whole numbers, as the file says it.
fn first_value(metadata: &ParquetMetaData, column: Option<&str>) -> Option<i64> {
    let groups = metadata.row_groups().iter();
    groups
        .flat_map(RowGroupMetaData::columns)
        .filter(|c| Some(c.column_descr().name()) == column)
        .filter_map(|c| {
            if let Statistics::Int64(found) = c.statistics()? {
                found.min_opt().copied()
            } else {
                None
            }
        })
        .min()
}

/// Rows of a file as the table's log counts them.
fn counted_rows(file: &DataFile) -> Option<u64> {
    let stats: serde_json::Value = serde_json::from_str(file.add.stats.as_deref()?).ok()?;
    stats.get("numRecords")?.as_u64()
}

/// Tags of segments that may still be drained.
fn pending_tags(root: &Path) -> io::Result<BTreeSet<String>> {
    let mut tags = BTreeSet::new();
    for folder in log_folders(root)? {
        match segments(&folder, OPEN_OR_SEALED) {
            Ok(paths) => tags.extend(
                paths
                    .iter()
                    .filter_map(|path| folder::tag_of(path))
                    .map(str::to_owned),
            ),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(tags)
}
