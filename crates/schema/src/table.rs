//! The shared tables, read from `schema/tables/*.toml`.

use crate::config::ConfigFile;
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

/// Type of a column, in the words of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// Money in cents, 64 bits.
    Cents,
    /// A number, 64-bit floating point, always finite.
    Number,
    /// A day without a time.
    Date,
    /// A moment in UTC, microseconds.
    Timestamp,
    /// True or false.
    Boolean,
}

impl ColumnType {
    /// The Arrow type it is stored as.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer | Self::Cents => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Boolean => DataType::Boolean,
        }
    }

    /// The name used in the files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Cents => "cents",
            Self::Number => "number",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Boolean => "boolean",
        }
    }
}

/// One column of a shared table, with everything the default contract checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// What it means.
    pub meaning: String,
    /// Unit of the value, where the type does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether it may be empty.
    #[serde(default)]
    pub nullable: bool,
    /// Whether it says something about a person.
    #[serde(default)]
    pub personal: bool,
    /// Smallest allowed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest allowed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The only allowed values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// Regular expression that the text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Whether it must not lie in the future: later than a day after the import.
    #[serde(default)]
    pub past: bool,
    /// Whether it names a currency: a code that [`crate::Currency`] knows.
    #[serde(default)]
    pub currency: bool,
    /// Whether it holds probabilities by name, as a JSON object: numbers that add up to no more than 1.
    #[serde(default)]
    pub probabilities: bool,
    /// `table.column` whose values it must be one of, once that table has rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
}

/// A condition over several columns of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What reports call it.
    pub name: String,
    /// A SQL condition over the columns of the table that must not be false; null passes.
    pub holds: String,
    /// Why it matters, in words.
    pub reason: String,
}

/// One shared table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name.
    pub name: String,
    /// Version of this definition.
    pub version: u32,
    /// What one row is.
    pub grain: String,
    /// Columns that name a row; no two rows share them.
    pub key: Vec<String>,
    /// The column that orders rows in time, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// What the table is for.
    pub meaning: String,
    /// Its columns, in order.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
    /// What each row must fulfil beside what its columns say.
    #[serde(default, rename = "condition", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

impl Table {
    /// The Arrow schema of the table in the lake.
    #[must_use]
    pub fn arrow(&self) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|c| Field::new(&c.name, c.kind.arrow(), c.nullable))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// A column by name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

macro_rules! definitions {
    ($folder:literal: $($name:literal),* $(,)?) => {
        [$((concat!($name, ".toml"), include_str!(concat!("../../../schema/", $folder, "/", $name, ".toml")))),*]
    };
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    definitions!("tables":
        "assignments", "calendar", "customers", "decisions", "estimates", "events", "exposures", "imports", "launches",
        "offers", "order_answers", "overrides", "prices", "products", "promotions", "quarantine", "replenishments",
        "sales", "shadow_answers", "sites", "stock_levels", "supply_terms", "weather",
    )
    .iter()
    .map(|(file, text)| {
        ConfigFile::new(*file, *text).parse().unwrap_or_else(|e| panic!("the shipped schema is broken: {e}"))
    })
    .collect()
});

/// All shared tables, by name.
#[must_use]
pub fn tables() -> &'static [Table] {
    &TABLES
}

/// One shared table.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|t| t.name == name)
}

pub(crate) use definitions;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_schema_folder_is_a_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/tables");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| {
                f.unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        files.sort();
        assert_eq!(
            files,
            tables().iter().map(|t| t.name.clone()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn keys_times_and_references_name_columns_that_exist() {
        for t in tables() {
            for key in &t.key {
                assert!(
                    t.column(key).is_some_and(|c| !c.nullable),
                    "{}.{key}",
                    t.name
                );
            }
            if let Some(time) = &t.time {
                assert!(matches!(
                    t.column(time).unwrap().kind,
                    ColumnType::Date | ColumnType::Timestamp
                ));
            }
            for condition in &t.conditions {
                let said = [&condition.name, &condition.holds, &condition.reason];
                assert!(said.iter().all(|s| !s.is_empty()), "{}", t.name);
            }
            for column in t.columns.iter().filter(|c| c.currency) {
                assert_eq!(column.kind, ColumnType::Text, "{}.{}", t.name, column.name);
            }
            for reference in t.columns.iter().filter_map(|c| c.references.as_deref()) {
                let (other, column) = reference.split_once('.').unwrap();
                assert!(
                    table(other).unwrap().column(column).is_some(),
                    "{reference}"
                );
            }
        }
    }
}
