//! What goes into a statement and what comes out of it, alike for both databases.

use crate::store::StoreError;
use jiff::Timestamp;
use sqlx::postgres::{PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Decode, Row as _, Type};

/// A value for a placeholder.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(Some(i64::from(value)))
    }
}
impl From<Option<u32>> for Value {
    fn from(value: Option<u32>) -> Self {
        Self::Integer(value.map(i64::from))
    }
}
impl From<u64> for Value {
    /// Counts of milliseconds and bytes: what passes 2^63 (292 million years) is held there.
    fn from(value: u64) -> Self {
        Self::Integer(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}
impl From<Option<u64>> for Value {
    fn from(value: Option<u64>) -> Self {
        value.map_or(Self::Integer(None), Self::from)
    }
}
impl From<Option<f64>> for Value {
    fn from(value: Option<f64>) -> Self {
        Self::Real(value)
    }
}
impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Integer(Some(value.as_microsecond()))
    }
}
impl From<&str> for Value {
    /// PostgreSQL refuses the character NUL in a text and SQLite does not: both store its replacement.
    fn from(value: &str) -> Self {
        Self::Text(Some(value.replace('\0', "\u{FFFD}")))
    }
}
impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Self::Text(None), Self::from)
    }
}
impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        Self::from(value.to_string().as_str())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

/// The values of a statement, in the order of its placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::rows::Value::from($value)),*] };
}
pub(crate) use values;

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column, of a type that both databases can give.
    pub(crate) fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(|source| StoreError::Unreadable {
            column,
            found: source.to_string().chars().take(60).collect(),
            expected: std::any::type_name::<T>(),
        })
    }

    /// A number that is never negative, and small enough for `N`.
    pub(crate) fn number<N: TryFrom<i64>>(&self, column: &'static str) -> Result<N, StoreError> {
        let found: i64 = self.get(column)?;
        N::try_from(found).map_err(|_| StoreError::Unreadable {
            column,
            found: found.to_string(),
            expected: std::any::type_name::<N>(),
        })
    }

    /// Like [`Row::number`], for a column that may be empty.
    pub(crate) fn maybe_number<N: TryFrom<i64>>(
        &self,
        column: &'static str,
    ) -> Result<Option<N>, StoreError> {
        match self.get::<Option<i64>>(column)? {
            None => Ok(None),
            Some(_) => self.number(column).map(Some),
        }
    }

    /// A moment, stored as microseconds since 1970.
    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        let found: i64 = self.get(column)?;
        Timestamp::from_microsecond(found).map_err(|_| StoreError::Unreadable {
            column,
            found: found.to_string(),
            expected: "microseconds since 1970-01-01 within the years -9999 to 9999",
        })
    }

    /// A text that stands for something else.
    pub(crate) fn parsed<T>(
        &self,
        column: &'static str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let found: String = self.get(column)?;
        read(&found).ok_or_else(|| StoreError::Unreadable {
            column,
            found: found.chars().take(60).collect(),
            expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_stored_alike_by_both_databases() {
        let Value::Text(Some(text)) = Value::from("panic\0here") else {
            panic!("a text")
        };
        assert_eq!(text, "panic\u{FFFD}here");
    }
}
