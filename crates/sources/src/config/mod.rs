//! Source files: read strictly, checked once, valid ever after.

mod check;
mod raw;

pub use raw::{
    Encoding, Format, RawColumn, RawContract, RawRule, RawSource, RawWhen, References, RuleEffect,
    Unit,
};

use crate::map::time::TimeFormat;
use jiff::tz::TimeZone;
use schema::ConfigError;
use schema::config::ConfigFile;
use schema::table::Table;
use std::path::Path;

/// A checked source: always valid against the shared schema.
#[derive(Debug, Clone)]
pub struct Source {
    pub(crate) name: String,
    pub(crate) file: ConfigFile,
    /// The time zone of the shop, where the file names none and it is not UTC.
    pub(crate) of_shop: Option<TimeZone>,
    pub(crate) table: &'static Table,
    pub(crate) raw: RawSource,
    pub(crate) columns: Vec<Mapping>,
}

/// How one column of the shared table is made.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) origin: Origin,
    pub(crate) unit: Unit,
    pub(crate) zone: TimeZone,
    pub(crate) format: TimeFormat,
}

/// Where the values of a column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A column of the file.
    Column(String),
    /// A constant, as text.
    Constant(String),
    /// The number of the row.
    RowNumber,
    /// A SQL expression over the columns of the file.
    Sql(String),
    /// Nothing: the column is null.
    Nothing,
    /// Whether a `[[return]]` names the row.
    Returned,
}

/// How fields are separated and numbers written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NumberStyle {
    pub(crate) decimal: u8,
    pub(crate) thousands: Option<u8>,
}

impl Source {
    /// Reads and checks a source file; its name is the file's, without the ending.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the line, the key, what was found and what is allowed.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        Self::check(&ConfigFile::read(file)?)
    }

    /// Checks a source file that is in memory; its moments are in UTC where it names no time zone.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn check(file: &ConfigFile) -> Result<Self, ConfigError> {
        Self::check_in(file, &TimeZone::UTC)
    }

    /// The same of a shop in a time zone: by it moments are read where the file names none.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn check_in(file: &ConfigFile, of_shop: &TimeZone) -> Result<Self, ConfigError> {
        check::check(file, of_shop)
    }

    /// The time zone that the file names for a column; `None` where it names none.
    #[must_use]
    pub fn zone_of(&self, column: &str) -> Option<&TimeZone> {
        let own = self.raw.columns.get(column);
        let named = own.is_some_and(|own| own.time_zone.is_some()) || self.raw.time_zone.is_some();
        let at = self.table.columns.iter().position(|of| of.name == column)?;
        self.columns.get(at).map(|of| &of.zone).filter(|_| named)
    }

    /// The name of the source: that of its file, without the ending.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shared table that receives its rows.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// The file as it was read, to place errors in.
    #[must_use]
    pub fn file(&self) -> &ConfigFile {
        &self.file
    }

    /// Fingerprint of everything the file says, comments and order aside, and of the shop's time zone where it counts.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let of_file = self.file.fingerprint();
        match self.of_shop.as_ref().and_then(TimeZone::iana_name) {
            Some(zone) => format!("{of_file} {zone}"),
            None => of_file,
        }
    }

    /// The rules beside those of the shared schema.
    #[must_use]
    pub fn rules(&self) -> &[RawRule] {
        &self.raw.rule
    }

    /// What its rows refer to in other tables (`table.column`), by the shared schema or by a rule of its own.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let columns = self.table.columns.iter();
        let shared = columns.filter_map(|c| c.references.as_deref());
        shared.chain(self.raw.rule.iter().filter_map(|r| r.references.as_deref()))
    }

    /// What each file must fulfil.
    #[must_use]
    pub fn contract(&self) -> &RawContract {
        &self.raw.contract
    }

    /// Rows to set aside, with their reasons.
    #[must_use]
    pub fn skips(&self) -> &[RawWhen] {
        &self.raw.skip
    }

    /// Rows that take goods back, with their reasons.
    #[must_use]
    pub fn returns(&self) -> &[RawWhen] {
        &self.raw.returns
    }

    pub(crate) fn numbers(&self) -> NumberStyle {
        NumberStyle::of(&self.raw)
    }
}

impl NumberStyle {
    pub(crate) fn of(raw: &RawSource) -> Self {
        Self {
            decimal: raw.decimal.bytes().next().unwrap_or(b'.'),
            thousands: raw.thousands.bytes().next(),
        }
    }
}

/// Reads all source files (`*.toml`) of a folder, in the order of their names.
///
/// # Errors
/// [`ConfigError`] of the first file that is wrong, or of a folder that cannot be read.
pub fn read_sources(folder: &Path) -> Result<Vec<Source>, ConfigError> {
    let unreadable = |e: std::io::Error| ConfigError::Unreadable {
        file: folder.to_owned(),
        found: e.to_string(),
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(|f| Source::read(f)).collect()
}
