//! Where what a product reads came from: back over the column and its table to the file that brought it.

use super::super::judged::quoted;
use super::{Inputs, Shifted};
use crate::Workshop;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use jiff::Timestamp;
use lake::{LakeError, Snapshot};
use schema::AsOf;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Where a column came from that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lineage {
    /// The table.
    pub table: String,
    /// Its version, as it is read now.
    pub table_version: u64,
    /// The column.
    pub column: String,
    /// Of each source that fills the table, the file that brought it first since the column changed, or the last one.
    pub brought_by: Vec<Brought>,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Brought {
    /// The source.
    pub source: String,
    /// The file.
    pub file: String,
    /// When.
    pub imported_at: Timestamp,
}

/// What is known of tables.
#[derive(Debug, Default)]
pub(in crate::review) struct Tables {
    versions: BTreeMap<String, u64>,
    /// Files in the order of their imports, by table.
    files: BTreeMap<String, Vec<Brought>>,
}

impl Tables {
    /// Reads the imports of the tables of which columns have changed.
    pub(in crate::review) async fn read(
        workshop: &Workshop,
        snapshot: &Snapshot,
        inputs: &Inputs,
    ) -> Result<Self, LakeError> {
        let changed = inputs.shifted.iter().chain(&inputs.suspected);
        let names: BTreeSet<&str> = changed.map(|of| of.table.as_str()).collect();
        let mut tables = Self {
            versions: snapshot.tables.clone().into_iter().collect(),
            files: BTreeMap::new(),
        };
        if names.is_empty() || !snapshot.tables.contains_key("imports") {
            return Ok(tables);
        }
        let names: Vec<String> = names.into_iter().map(quoted).collect();
        let sql = format!(
            "SELECT \"table\", source, file, imported_at FROM imports WHERE \"table\" IN ({}) \
             ORDER BY imported_at, source, file",
            names.join(", ")
        );
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            let text = |column: usize| arrow::compute::cast(batch.column(column), &DataType::Utf8);
            let (Ok(of), Ok(source), Ok(file)) = (text(0), text(1), text(2)) else {
                continue;
            };
            let at = batch.column(3).as_primitive::<TimestampMicrosecondType>();
            let text =
                |column: &dyn Array, row: usize| column.as_string::<i32>().value(row).to_owned();
            for row in 0..batch.num_rows() {
                let Ok(imported_at) = Timestamp::from_microsecond(at.value(row)) else {
                    continue;
                };
                let files = tables.files.entry(text(&of, row)).or_default();
                files.push(Brought {
                    source: text(&source, row),
                    file: text(&file, row),
                    imported_at,
                });
            }
        }
        Ok(tables)
    }

    /// Where a column came from.
    pub(super) fn of(&self, shifted: &Shifted) -> Option<Lineage> {
        let files = self
            .files
            .get(&shifted.table)
            .map_or(&[][..], Vec::as_slice);
        let sources: BTreeSet<&str> = files.iter().map(|file| file.source.as_str()).collect();
        let is_since = |file: &&Brought| {
            let day = AsOf(file.imported_at.to_zoned(jiff::tz::TimeZone::UTC).date());
            shifted.since.is_some_and(|since| day >= since)
        };
        let brought = |source: &str| {
            let mut of = files.iter().filter(|file| file.source == source);
            let last = of.clone().next_back();
            of.find(is_since).or(last).cloned()
        };
        Some(Lineage {
            table: shifted.table.clone(),
            table_version: *self.versions.get(&shifted.table)?,
            column: shifted.column.clone(),
            brought_by: sources.into_iter().filter_map(brought).collect(),
        })
    }
}

impl Lineage {
    /// In a sentence, from the product back to the files.
    ///
    /// - `version`: that of the product which answers.
    #[must_use]
    pub fn sentence(&self, product: &str, version: Option<u32>) -> String {
        let (table, number) = (&self.table, self.table_version);
        let answers = version.map_or_else(String::new, |version| format!(" version {version}"));
        let mut told = format!(
            "{product}{answers} reads column {} of table {table} (its version {number})",
            self.column
        );
        for (n, brought) in self.brought_by.iter().enumerate() {
            let Brought { source, file, .. } = brought;
            let at = brought.imported_at.strftime("%Y-%m-%d %H:%M UTC");
            told += if n == 0 { ", brought by " } else { " and by " };
            told += &format!("source {source} in file {file}, imported {at}");
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitoring::inputs::Aspect;

    #[test]
    fn the_file_is_named_that_came_first_since_the_column_changed() {
        let brought = |source: &str, file: &str, at: &str| Brought {
            source: source.to_owned(),
            file: file.to_owned(),
            imported_at: at.parse().unwrap(),
        };
        let files = vec![
            brought("feed", "a.csv", "2026-05-01T06:00:00Z"),
            brought("by-hand", "x.csv", "2026-05-02T06:00:00Z"),
            brought("feed", "b.csv", "2026-05-18T06:00:00Z"),
            brought("feed", "c.csv", "2026-05-19T06:00:00Z"),
        ];
        let tables = Tables {
            versions: [("prices".to_owned(), 41)].into(),
            files: [("prices".to_owned(), files)].into(),
        };
        let shifted = Shifted {
            table: "prices".to_owned(),
            column: "price_cents".to_owned(),
            aspect: Aspect::Values,
            since: Some(AsOf(jiff::civil::date(2026, 5, 18))),
            share: 0.9,
            new_values: Vec::new(),
            read_by: Vec::new(),
        };
        let lineage = tables.of(&shifted).unwrap();
        assert_eq!(
            lineage.sentence("for-you", Some(3)),
            "for-you version 3 reads column price_cents of table prices (its version 41), brought by source by-hand in \
             file x.csv, imported 2026-05-02 06:00 UTC and by source feed in file b.csv, imported 2026-05-18 06:00 UTC"
        );
        let elsewhere = Shifted {
            table: "events".to_owned(),
            ..shifted
        };
        assert_eq!(tables.of(&elsewhere), None);
    }
}
