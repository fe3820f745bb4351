//! Sets of keys in little memory: 16 bytes per key, whatever its length.

use arrow::array::{Array, ArrayRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

/// Takes the low half of a key that is already a hash.
#[derive(Debug, Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half is what is wanted"
    )]
    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// A set of keys as 128-bit hashes: among a billion keys the chance that any two differ and meet is below 1e-20.
///
/// Only membership is asked, so its order can change no result.
#[derive(Debug, Default, Clone)]
pub struct KeySet(HashSet<u128, BuildHasherDefault<AlreadyHashed>>);

impl KeySet {
    /// Adds a key; whether it was new.
    pub fn insert(&mut self, key: u128) -> bool {
        self.0.insert(key)
    }

    /// Whether a key is in it.
    #[must_use]
    pub fn contains(&self, key: u128) -> bool {
        self.0.contains(&key)
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Memory held.
    #[must_use]
    pub fn memory(&self) -> schema::Bytes {
        const BYTES_PER_SLOT: usize = 17; // A key and one byte of control.
        schema::Bytes((self.0.capacity() * BYTES_PER_SLOT) as u64)
    }
}

/// Hash of some bytes, the same within one process.
fn hash(bytes: &[u8]) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(bytes);
        hasher.finish()
    };
    u128::from(half(0)) << 64 | u128::from(half(1))
}

/// One hash per row over several columns; rows are equal where all columns are, null being equal to null.
///
/// # Errors
/// [`ArrowError`] for a type of column that has no order.
pub(crate) fn hashes(columns: &[ArrayRef]) -> Result<Vec<u128>, ArrowError> {
    let fields = columns
        .iter()
        .map(|c| SortField::new(c.data_type().clone()))
        .collect();
    let rows = RowConverter::new(fields)?.convert_columns(columns)?;
    Ok(rows.iter().map(|row| hash(row.as_ref())).collect())
}

/// What the lake and the files imported so far hold: keys of tables, and values that others may refer to.
#[derive(Debug, Default)]
pub struct Known {
    keys: BTreeMap<String, KeySet>,
    values: BTreeMap<String, KeySet>,
}

impl Known {
    /// Adds rows that are in a table: `columns` are those of its key, with the types of the shared schema.
    ///
    /// # Errors
    /// [`ArrowError`] for a type of column that has no order.
    pub fn add_keys(&mut self, table: &str, columns: &[ArrayRef]) -> Result<(), ArrowError> {
        let set = self.keys.entry(table.to_owned()).or_default();
        set.0.extend(hashes(columns)?);
        Ok(())
    }

    /// Adds values of `table.column`; nulls are left out. A call without values says that the table has no rows yet but
    /// is known.
    ///
    /// # Errors
    /// [`ArrowError`] for a type of column that has no order.
    pub fn add_values(&mut self, target: &str, values: &ArrayRef) -> Result<(), ArrowError> {
        let set = self.values.entry(target.to_owned()).or_default();
        for (row, key) in hashes(std::slice::from_ref(values))?
            .into_iter()
            .enumerate()
        {
            if values.is_valid(row) {
                set.insert(key);
            }
        }
        Ok(())
    }

    /// The known values of `table.column`; `None` where the table has no rows.
    #[must_use]
    pub fn values(&self, target: &str) -> Option<&KeySet> {
        self.values.get(target).filter(|set| !set.is_empty())
    }

    pub(crate) fn keys_mut(&mut self, table: &str) -> &mut KeySet {
        self.keys.entry(table.to_owned()).or_default()
    }

    /// Memory held by all sets.
    #[must_use]
    pub fn memory(&self) -> schema::Bytes {
        schema::Bytes(
            self.keys
                .values()
                .chain(self.values.values())
                .map(|s| s.memory().0)
                .sum(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn keys_are_equal_when_all_columns_are_and_not_when_their_texts_run_together() {
        let one: ArrayRef = Arc::new(StringArray::from(vec!["ab", "a", "ab"]));
        let two: ArrayRef = Arc::new(StringArray::from(vec!["c", "bc", "c"]));
        let found = hashes(&[one, two]).unwrap();
        assert_eq!(found[0], found[2]);
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn a_table_without_rows_has_no_values_to_refer_to() {
        let mut known = Known::default();
        assert!(known.values("products.product_id").is_none());
        let nothing: ArrayRef = Arc::new(Int64Array::from(vec![None::<i64>]));
        known.add_values("products.product_id", &nothing).unwrap();
        assert!(known.values("products.product_id").is_none());
    }
}
