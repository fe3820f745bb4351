//! Sites to judge: a small table with a range, allowed values and a key.

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use quality::{
    CellFailure, CheckError, Checker, Condition, Contract, EarlierFiles, Effect, FileToCheck,
    Known, Limits, Report, RowsToCheck, UnreadRow, Verdicts,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Identifier, kind and latitude of a site.
pub type Site = (Option<String>, Option<&'static str>, Option<f64>);

pub fn limits(quarantined_share_max: f64) -> Limits {
    Limits {
        quarantined_share_max,
        freshness_days_max: None,
        volume_share_min: None,
        volume_share_max: None,
    }
}

pub fn sites(quarantined_share_max: f64) -> Contract {
    let table = schema::table::table("sites").unwrap();
    Contract::of_table(
        table,
        Some(Effect::Quarantine),
        limits(quarantined_share_max),
    )
}

/// The rows as the file has them: their number only.
fn raw(rows: usize) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
    RecordBatch::try_from_iter([("n", numbers)]).unwrap()
}

fn typed(rows: &[Site]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(rows.iter().map(|r| r.0.clone()).collect::<StringArray>());
    let kinds: ArrayRef = Arc::new(rows.iter().map(|r| r.1).collect::<StringArray>());
    let latitudes: ArrayRef = Arc::new(rows.iter().map(|r| r.2).collect::<Float64Array>());
    let names: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; rows.len()]));
    let longitudes: ArrayRef = Arc::new(Float64Array::from(vec![None; rows.len()]));
    let nothing = || -> ArrayRef { Arc::new(StringArray::from(vec![None::<&str>; rows.len()])) };
    let capacities: ArrayRef = Arc::new(Int64Array::from(vec![None; rows.len()]));
    RecordBatch::try_from_iter_with_nullable([
        ("site_id", ids, true),
        ("name", names, true),
        ("kind", kinds, true),
        ("latitude", latitudes, true),
        ("longitude", longitudes, true),
        ("region", nothing(), true),
        ("format", nothing(), true),
        ("capacity_units", capacities, true),
    ])
    .unwrap()
}

/// What happens to a batch beside its sites.
#[derive(Default)]
pub struct Around {
    pub skipped: Vec<usize>,
    pub unreadable: Vec<usize>,
    pub unread: usize,
}

/// Judges sites in batches of `batch` rows.
pub fn judge(
    contract: &Contract,
    rows: &[Site],
    around: &Around,
    batch: usize,
) -> (Report, Vec<Verdicts>) {
    let mut known = Known::default();
    let schema = raw(0).schema();
    let skips = ["not ours".to_owned()];
    let file = FileToCheck {
        source: "sites",
        file: "sites.csv",
        raw: &schema,
        skips: &skips,
        returns: &[],
    };
    let compile = |_: &str, _: &str| -> Result<Box<dyn Condition>, CheckError> {
        unreachable!("no condition here")
    };
    let mut checker = Checker::new(contract, file, &known, &compile).unwrap();
    let unread = |row_number: i64| UnreadRow {
        row_number,
        rule: "shape".to_owned(),
        column: None,
        reason: "found 1 fields, expected 5".to_owned(),
        text: "?".to_owned(),
    };
    let mut verdicts = Vec::new();
    for (position, chunk) in rows.chunks(batch).enumerate() {
        let first = position * batch;
        let skipped: Vec<Option<usize>> = (0..chunk.len())
            .map(|r| around.skipped.contains(&(first + r)).then_some(0))
            .collect();
        let failures = (0..chunk.len()).filter(|r| around.unreadable.contains(&(first + r)));
        let failures = failures.map(|row| CellFailure {
            row,
            column: 3,
            value: "north",
            expected: "a finite number",
        });
        let unread: Vec<UnreadRow> = if position == 0 {
            (0..around.unread as i64)
                .map(|n| unread(1_000 + n))
                .collect()
        } else {
            Vec::new()
        };
        let rows = RowsToCheck {
            raw: &raw(chunk.len()),
            typed: &typed(chunk),
            row_numbers: &(0..chunk.len())
                .map(|r| (first + r + 1) as i64)
                .collect::<Vec<_>>(),
            skipped: &skipped,
            returned: &vec![None; chunk.len()],
            failures: failures.collect(),
            unread: &unread,
            trimmed: &BTreeMap::new(),
        };
        verdicts.push(checker.check(&rows, &mut known).unwrap());
    }
    (
        checker.finish(&known, &EarlierFiles::default(), 0),
        verdicts,
    )
}
