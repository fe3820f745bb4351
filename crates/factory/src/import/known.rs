//! What the lake already holds of the keys and values that new rows are compared with.

use super::ImportError;
use arrow::array::ArrayRef;
use arrow::compute::cast;
use futures::StreamExt;
use lake::Transaction;
use quality::Known;
use schema::Bytes;
use schema::table::{Table, table};
use sources::Source;
use std::collections::{BTreeMap, BTreeSet};

/// Loads the keys of the tables of `sources` and the values that these refer to, without the rows that the transaction
/// takes out.
///
/// # Errors
/// [`ImportError::KeysOverBudget`] when they take more memory than `budget`.
pub(super) async fn load(
    transaction: &Transaction,
    sources: impl Iterator<Item = &Source> + Clone,
    budget: Bytes,
) -> Result<Known, ImportError> {
    let mut known = Known::default();
    let tables = sources
        .clone()
        .map(|s| (s.table().name.as_str(), s.table()));
    for t in tables.collect::<BTreeMap<&str, &Table>>().values() {
        if !transaction.base().tables.contains_key(&t.name) {
            continue;
        }
        let key: Vec<&str> = t.key.iter().map(String::as_str).collect();
        scan(transaction, t, &key, |columns| {
            known.add_keys(&t.name, columns).map_err(failed(t))?;
            within(budget, known.memory(), &t.name)
        })
        .await?;
    }
    for target in sources
        .flat_map(Source::references)
        .collect::<BTreeSet<_>>()
    {
        let Some((name, column)) = target.split_once('.') else {
            continue;
        };
        let Some(t) = table(name).filter(|_| transaction.base().tables.contains_key(name)) else {
            continue;
        };
        scan(transaction, t, &[column], |columns| {
            known.add_values(target, &columns[0]).map_err(failed(t))?;
            within(budget, known.memory(), name)
        })
        .await?;
    }
    Ok(known)
}

/// Whether the memory held for keys and references is within its budget.
///
/// # Errors
/// [`ImportError::KeysOverBudget`] with the figures, and the table whose rows were the last straw.
pub(super) fn within(budget: Bytes, held: Bytes, table: &str) -> Result<(), ImportError> {
    if held <= budget {
        return Ok(());
    }
    Err(ImportError::KeysOverBudget {
        table: table.to_owned(),
        held,
        budget,
    })
}

fn failed(of: &Table) -> impl FnOnce(arrow::error::ArrowError) -> ImportError {
    let table = of.name.clone();
    move |source| ImportError::Rows { table, source }
}

async fn scan(
    transaction: &Transaction,
    of: &Table,
    columns: &[&str],
    mut take: impl FnMut(&[ArrayRef]) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let list: Vec<String> = columns.iter().map(|c| format!("\"{c}\"")).collect();
    let sql = format!("SELECT {} FROM \"{}\"", list.join(", "), of.name);
    let kinds = columns
        .iter()
        .filter_map(|c| of.column(c))
        .map(|c| c.kind.arrow())
        .collect::<Vec<_>>();
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
            .map_err(failed(of))?;
        take(&columns)?;
    }
    Ok(())
}
