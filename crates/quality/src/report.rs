//! What was found in a file.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Examples that are kept per rule.
pub(crate) const EXAMPLES: usize = 5;

/// A row as an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The file.
    pub file: String,
    /// Number of the row in its file, from 1, the header not counted.
    pub row: i64,
    /// The value found; absent where the rule is not about one value.
    pub value: Option<String>,
}

/// Rows that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What they have in common, in words.
    pub reason: String,
    /// How many.
    pub rows: u64,
    /// Their share of the rows read; absent where none was read.
    #[serde(default)]
    pub share: Option<f64>,
    /// The first ones.
    pub examples: Vec<Example>,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleReport {
    /// The rule.
    pub rule: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What is allowed.
    pub allowed: String,
    /// Whether rows that break it are accepted and only counted.
    pub warns: bool,
    /// Largest share of rows that may break it.
    pub share_max: Option<f64>,
    /// Rows whose first broken rule it is.
    pub rows: u64,
    /// Their share of the rows read; absent where none was read.
    #[serde(default)]
    pub share: Option<f64>,
    /// The first ones.
    pub examples: Vec<Example>,
}

/// Age of the newest accepted row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "known", deny_unknown_fields)]
pub enum Newest {
    /// Days from the newest accepted row to the time of the import.
    Days {
        /// How many; negative where rows lie in the future.
        days: i64,
    },
    /// The table has no time.
    NoTime,
    /// No row was accepted.
    NoRow,
}

/// Microseconds of a day.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

impl Newest {
    /// The age at `now_micros` of a row at `newest_micros`; `None` of no row.
    pub(crate) fn of(newest_micros: Option<i64>, now_micros: i64) -> Self {
        newest_micros.map_or(Self::NoRow, |newest| Self::Days {
            days: now_micros.saturating_sub(newest).div_euclid(DAY_MICROS),
        })
    }
}

/// Rows of the file beside those of earlier files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "known", deny_unknown_fields)]
pub enum Volume {
    /// The rows as a share of the median of earlier files.
    Share {
        /// The share.
        share: f64,
        /// Median rows of earlier files.
        median_rows: f64,
        /// How many earlier files.
        files: u64,
    },
    /// There is no earlier file of this source.
    FirstFile,
    /// Reports of several files do not share one volume.
    SeveralFiles,
}

/// Rows read from earlier files of the same source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EarlierFiles {
    /// One number per file.
    pub rows_read: Vec<u64>,
    /// Columns of the last one; empty where there is none.
    pub columns: Vec<String>,
}

impl EarlierFiles {
    /// The rows of a file beside the earlier ones.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of rows needs no more than 53 bits"
    )]
    pub fn volume(&self, rows_read: u64) -> Volume {
        let mut rows = self.rows_read.clone();
        rows.sort_unstable();
        let Some(last) = rows.len().checked_sub(1) else {
            return Volume::FirstFile;
        };
        let median_rows = (rows[last / 2] as f64 + rows[rows.len() / 2] as f64) / 2.0;
        if median_rows <= 0.0 {
            return Volume::FirstFile;
        }
        Volume::Share {
            share: rows_read as f64 / median_rows,
            median_rows,
            files: rows.len() as u64,
        }
    }
}

/// Whether the rows may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", deny_unknown_fields)]
pub enum Gate {
    /// They may.
    Open,
    /// They may not.
    Closed {
        /// Each limit that is broken: what was found, what is allowed.
        reasons: Vec<String>,
    },
}

impl Gate {
    /// Closes it for one more reason.
    pub fn close(&mut self, reason: String) {
        match self {
            Self::Open => {
                *self = Self::Closed {
                    reasons: vec![reason],
                }
            }
            Self::Closed { reasons } => reasons.push(reason),
        }
    }

    /// Whether the rows may be used.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }
}

/// What was found in one file, or in all files of one source. Rows read are always accepted plus quarantined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The source.
    pub source: String,
    /// The shared table.
    pub table: String,
    /// The files, by name.
    pub files: Vec<String>,
    /// Columns of the (last) file.
    pub columns: Vec<String>,
    /// Rows read.
    pub rows_read: u64,
    /// Rows that passed.
    pub rows_accepted: u64,
    /// Rows set aside, the skipped ones included.
    pub rows_quarantined: u64,
    /// Rows set aside because the source file says so.
    pub rows_skipped: u64,
    /// What each rule found, in the order of judgement.
    pub rules: Vec<RuleReport>,
    /// Rows skipped, by reason.
    pub skipped: Vec<Finding>,
    /// Accepted rows that take goods back, by reason.
    pub returned: Vec<Finding>,
    /// Cells of text whose ends had white space or control characters, which were taken off, by column of the table.
    #[serde(default)]
    pub trimmed: BTreeMap<String, u64>,
    /// Age of the newest row.
    pub newest: Newest,
    /// When the newest accepted row is, in microseconds since 1970-01-01 UTC; absent where there is none or the table
    /// has no time.
    #[serde(default)]
    pub newest_micros: Option<i64>,
    /// Rows beside earlier files.
    pub volume: Volume,
    /// Memory held for keys and references.
    pub keys_bytes: u64,
    /// What is worth knowing and breaks no rule.
    pub notes: Vec<String>,
    /// Whether the rows may be used.
    pub gate: Gate,
}

/// A share of rows; `None` of no rows.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share of rows needs no more than 53 bits"
)]
pub(crate) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Report {
    /// Rows that broke a rule.
    #[must_use]
    pub fn rows_refused(&self) -> u64 {
        self.rows_quarantined - self.rows_skipped
    }

    /// Share of rows, skipped ones aside, that broke a rule; `None` where all rows were skipped.
    #[must_use]
    pub fn refused_share(&self) -> Option<f64> {
        share(self.rows_refused(), self.rows_read - self.rows_skipped)
    }

    /// Writes down the share of each count.
    pub(crate) fn count_shares(&mut self) {
        let read = self.rows_read;
        for rule in &mut self.rules {
            rule.share = share(rule.rows, read);
        }
        for found in self.skipped.iter_mut().chain(&mut self.returned) {
            found.share = share(found.rows, read);
        }
    }

    /// Checks that no row was lost.
    ///
    /// # Panics
    /// When rows read are not accepted plus quarantined, or the rules do not add up to the rows refused: a bug here,
    /// never an error of the file.
    pub(crate) fn assert_no_row_is_lost(&self) {
        assert_eq!(
            self.rows_read,
            self.rows_accepted + self.rows_quarantined,
            "rows of {:?} were lost",
            self.files
        );
        let refused: u64 = self.rules.iter().filter(|r| !r.warns).map(|r| r.rows).sum();
        assert_eq!(
            self.rows_refused(),
            refused,
            "rules of {:?} do not add up",
            self.files
        );
        let skipped: u64 = self.skipped.iter().map(|s| s.rows).sum();
        assert_eq!(
            self.rows_skipped, skipped,
            "skips of {:?} do not add up",
            self.files
        );
    }
}
