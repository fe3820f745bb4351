//! The source file as it is written, before it is checked.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A source: files, and how their rows become rows of one shared table.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSource {
    /// The shared table that receives the rows.
    pub table: String,
    /// A file, a folder or a glob, relative to the project folder; `${NAME}` is replaced from the environment.
    pub files: String,
    /// How the files are written.
    pub format: Format,
    /// Encoding of text files; `latin-1` is read as Windows-1252, its superset in practice.
    #[serde(default)]
    pub encoding: Encoding,
    /// What separates the fields of a CSV file: one ASCII character.
    #[serde(default = "comma")]
    pub separator: String,
    /// Whether several separators in a row count as one, as in files aligned with spaces. Such files have no quotes.
    #[serde(default)]
    pub merge_separators: bool,
    /// Whether the first line of a CSV file names the columns.
    #[serde(default = "yes")]
    pub header: bool,
    /// Names of the columns where there is no header, in order.
    #[serde(default)]
    pub column_names: Vec<String>,
    /// Decimal mark of numbers written as text: `.` or `,`.
    #[serde(default = "point")]
    pub decimal: String,
    /// What groups the thousands of numbers written as text: nothing, a space, `.`, `,`, `'` or `_`.
    #[serde(default)]
    pub thousands: String,
    /// Time zone of moments that are written without an offset, as an IANA name; where absent `time_zone` of `comptoir.toml`,
    /// or UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Format of dates and moments written as text, in the notation of `strftime`, or `epoch-seconds` or
    /// `epoch-milliseconds`; ISO 8601 where it is absent.
    #[serde(default)]
    pub date_format: Option<String>,
    /// Currency of all amounts of the file (ISO 4217), unless the column `currency` is mapped.
    #[serde(default)]
    pub currency: Option<String>,
    /// Texts that mean "nothing here".
    #[serde(default = "nothing")]
    pub null_values: Vec<String>,
    /// SQL over the file's rows, the table `raw`, before the mapping: its rows are then the rows that are read.
    #[serde(default)]
    pub query: Option<String>,
    /// How each column of the shared table is made.
    #[serde(default)]
    pub columns: BTreeMap<String, RawColumn>,
    /// Rows to set aside without counting them as errors.
    #[serde(default)]
    pub skip: Vec<RawWhen>,
    /// Rows that take goods back; for the table `sales` only.
    #[serde(default, rename = "return")]
    pub returns: Vec<RawWhen>,
    /// Rules beside those of the shared schema.
    #[serde(default)]
    pub rule: Vec<RawRule>,
    /// What the whole file must fulfil.
    #[serde(default)]
    pub contract: RawContract,
}

/// How the files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text with separators.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// Encoding of a text file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows-1252, the superset of Latin-1 that programs write when they say Latin-1.
    #[serde(rename = "latin-1")]
    Latin1,
}

/// How one column of the shared table is made: exactly one of `from`, `value`, `row_number` and `sql`.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawColumn {
    /// The column of the file that it is read from.
    #[serde(default)]
    pub from: Option<String>,
    /// A constant, written as text.
    #[serde(default)]
    pub value: Option<String>,
    /// The number of the row in its file, from 1.
    #[serde(default)]
    pub row_number: bool,
    /// A SQL expression over the columns of the file and `row_number`, the number of the row in it.
    #[serde(default)]
    pub sql: Option<String>,
    /// Unit of the number found: `currency` (amounts in whole units of money, the default) or `cents` for amounts;
    /// `one` (the default) or `percent` for numbers.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// Format of the date or moment, where it differs from that of the file.
    #[serde(default)]
    pub format: Option<String>,
    /// Time zone of the moment, where it differs from that of the file.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// Unit of a number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Whole units of money: 12.5 is 1,250 cents. Rounded to the nearest cent, halves away from zero.
    Currency,
    /// Cents: 1250 is 1,250 cents.
    Cents,
    /// The number as it is.
    One,
    /// Hundredths: 12.5 is 0.125.
    Percent,
}

/// A condition on a row, and why it matters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawWhen {
    /// A SQL condition over the columns of the file, and those of the shared table whose name is not also in the file.
    pub when: String,
    /// Why, in words.
    pub reason: String,
}

/// A rule that each row must fulfil: exactly one of `unique`, `holds` and `column`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRule {
    /// What the rule is called in reports.
    pub name: String,
    /// Columns of the file or of the shared table that no two rows of one file may share; the first row is kept.
    #[serde(default)]
    pub unique: Vec<String>,
    /// A SQL condition over the columns of the shared table, and those of the file whose name is not also in the table,
    /// that must not be false. A condition that is null passes.
    #[serde(default)]
    pub holds: Option<String>,
    /// The column of the shared table that `min`, `max`, `allowed`, `pattern`, `references` and `not_null` are about.
    #[serde(default)]
    pub column: Option<String>,
    /// Smallest allowed value.
    #[serde(default)]
    pub min: Option<f64>,
    /// Largest allowed value.
    #[serde(default)]
    pub max: Option<f64>,
    /// The only allowed values.
    #[serde(default)]
    pub allowed: Vec<String>,
    /// Regular expression that the text must match.
    #[serde(default)]
    pub pattern: Option<String>,
    /// A column of another shared table (`table.column`) whose values the value must be one of, once that table has
    /// rows.
    #[serde(default)]
    pub references: Option<String>,
    /// Whether the column must have a value.
    #[serde(default)]
    pub not_null: bool,
    /// What happens to a row that breaks the rule.
    #[serde(default)]
    pub effect: RuleEffect,
    /// Largest share of rows that may break this rule before the gate closes, beside the limit of the contract.
    #[serde(default)]
    pub share_max: Option<f64>,
}

/// What happens to a row that breaks a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleEffect {
    /// It is set aside in the table `quarantine`.
    #[default]
    Quarantine,
    /// It is accepted and counted.
    Warn,
}

/// What to do with a value that the table it refers to does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum References {
    /// The row is set aside.
    #[default]
    Quarantine,
    /// The row is accepted and counted.
    Warn,
    /// References are not checked.
    Off,
}

/// What a whole file must fulfil for the gate to open.
#[derive(Debug, Clone, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawContract {
    /// Largest share of rows that may be set aside for breaking a rule; rows that `skip` names are not counted.
    pub quarantined_share_max: f64,
    /// Largest age in days of the newest row of all files of the source, where the table has a time; checked at each
    /// import, new files or not. Not checked where it is absent.
    pub freshness_days_max: Option<u32>,
    /// Smallest number of rows as a share of the median of the source's earlier files; not checked where it is absent.
    pub volume_share_min: Option<f64>,
    /// Largest number of rows as a share of the median of the source's earlier files; not checked where it is absent.
    pub volume_share_max: Option<f64>,
    /// What to do with values that the table they refer to does not hold, where the shared schema says which one it is.
    pub references: References,
}

impl Default for RawContract {
    fn default() -> Self {
        Self {
            quarantined_share_max: 0.05,
            freshness_days_max: None,
            volume_share_min: None,
            volume_share_max: None,
            references: References::Quarantine,
        }
    }
}

fn comma() -> String {
    ",".to_owned()
}

fn point() -> String {
    ".".to_owned()
}

fn yes() -> bool {
    true
}

fn nothing() -> Vec<String> {
    vec![String::new()]
}
