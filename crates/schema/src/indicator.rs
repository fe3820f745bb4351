//! The shared indicators, read from `schema/indicators/*.toml`: one definition for whoever shows or reads them.

use crate::config::ConfigFile;
use crate::scorecard::Direction;
use crate::table::definitions;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// One indicator of the shop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Name.
    pub name: String,
    /// Version of this definition.
    pub version: u32,
    /// Unit of the value.
    pub unit: String,
    /// Which way is better.
    pub direction: Direction,
    /// What it means.
    pub meaning: String,
    /// Tables it reads.
    pub reads: Vec<String>,
    /// The formula: one number from `$from` (included) to `$to` (excluded); no value where there is nothing to measure.
    pub sql: String,
}

impl Indicator {
    /// The formula for one period, as SQL.
    #[must_use]
    pub fn sql_between(&self, from: jiff::civil::Date, to: jiff::civil::Date) -> String {
        self.sql
            .replace("$from", &format!("TIMESTAMP '{from}T00:00:00Z'"))
            .replace("$to", &format!("TIMESTAMP '{to}T00:00:00Z'"))
    }
}

static INDICATORS: LazyLock<Vec<Indicator>> = LazyLock::new(|| {
    definitions!("indicators":
        "active_customers", "availability", "basket", "gross_revenue", "margin", "orders", "products_sold",
        "repeat_rate", "return_rate", "revenue", "units_per_order",
    )
    .iter()
    .map(|(file, text)| {
        ConfigFile::new(*file, *text).parse().unwrap_or_else(|e| panic!("the shipped schema is broken: {e}"))
    })
    .collect()
});

/// All indicators, by name.
#[must_use]
pub fn indicators() -> &'static [Indicator] {
    &INDICATORS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_schema_folder_is_an_indicator_over_known_tables() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/indicators");
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
            indicators()
                .iter()
                .map(|t| t.name.clone())
                .collect::<Vec<_>>()
        );
        for i in indicators() {
            assert!(
                i.reads.iter().all(|t| crate::table::table(t).is_some()),
                "{}",
                i.name
            );
            assert!(
                i.sql.contains("$from") && i.sql.contains("$to"),
                "{}",
                i.name
            );
        }
    }
}
