//! A source over files in a temporary folder.

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use schema::config::ConfigFile;
use sources::{MappedRows, ReadError, Source, open};
use std::path::Path;

/// Reads one file with a source; all batches.
pub async fn read(
    toml: &str,
    name: &str,
    content: impl AsRef<[u8]>,
) -> Result<Vec<MappedRows>, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    read_at(toml, &path).await
}

pub async fn read_at(toml: &str, path: &Path) -> Result<Vec<MappedRows>, ReadError> {
    let source = Source::check(&ConfigFile::new("sources/s.toml", toml)).unwrap();
    let mut opened = open(&source, path, schema::Bytes(256 << 20)).await?;
    let mut all = Vec::new();
    while let Some(rows) = opened.rows.next().await? {
        all.push(rows);
    }
    Ok(all)
}

/// The cells of some columns as text, row by row.
pub fn cells(rows: &RecordBatch, columns: &[&str]) -> Vec<Vec<String>> {
    let column = |name: &&str| rows.column_by_name(name).unwrap();
    let row = |row| {
        columns
            .iter()
            .map(|c| array_value_to_string(column(c), row).unwrap())
            .collect()
    };
    (0..rows.num_rows()).map(row).collect()
}
