//! What the lake already holds of the keys and values that new rows are compared with.

use super::ImportError;
use arrow::array::ArrayRef;
use arrow::compute::cast;
use futures::StreamExt;
use lake::Transaction;
use quality::Known;
use schema::table::{Table, table};
use std::collections::{BTreeMap, BTreeSet};

/// Tables by name, and the columns of each that others refer to.
pub(super) fn targets<'a>(tables: impl Iterator<Item = &'a Table>) -> BTreeSet<&'a str> {
    tables
        .flat_map(|t| t.columns.iter().filter_map(|c| c.references.as_deref()))
        .collect()
}

/// Loads the keys of `tables` and the values that they refer to, without the rows that the transaction takes out.
pub(super) async fn load(
    transaction: &Transaction,
    tables: impl Iterator<Item = &'static Table> + Clone,
) -> Result<Known, ImportError> {
    let mut known = Known::default();
    let by_name: BTreeMap<&str, &Table> = tables.clone().map(|t| (t.name.as_str(), t)).collect();
    for t in by_name.values() {
        if !transaction.base().tables.contains_key(&t.name) {
            continue;
        }
        let key: Vec<&str> = t.key.iter().map(String::as_str).collect();
        scan(transaction, t, &key, |columns| {
            known.add_keys(&t.name, columns)
        })
        .await?;
    }
    for target in targets(tables) {
        let Some((name, column)) = target.split_once('.') else {
            continue;
        };
        let Some(t) = table(name).filter(|_| transaction.base().tables.contains_key(name)) else {
            continue;
        };
        scan(transaction, t, &[column], |columns| {
            known.add_values(target, &columns[0])
        })
        .await?;
    }
    Ok(known)
}

async fn scan(
    transaction: &Transaction,
    of: &Table,
    columns: &[&str],
    mut take: impl FnMut(&[ArrayRef]) -> Result<(), arrow::error::ArrowError>,
) -> Result<(), ImportError> {
    let list: Vec<String> = columns.iter().map(|c| format!("\"{c}\"")).collect();
    let sql = format!("SELECT {} FROM \"{}\"", list.join(", "), of.name);
    let kinds = columns
        .iter()
        .filter_map(|c| of.column(c))
        .map(|c| c.kind.arrow())
        .collect::<Vec<_>>();
    let failed = |source| ImportError::Rows {
        table: of.name.clone(),
        source,
    };
    let mut rows = transaction.kept(&sql).await?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|e| transaction.lake().sql_error(e))?;
        let columns = batch
            .columns()
            .iter()
            .zip(&kinds)
            .map(|(column, kind)| cast(column, kind));
        let columns = columns
            .collect::<Result<Vec<ArrayRef>, _>>()
            .map_err(failed)?;
        take(&columns).map_err(failed)?;
    }
    Ok(())
}
