//! Boosted trees of the logarithm of demand.

use crate::boost::{self, Labels, Loss, Model, Table};

use super::error::FitError;

/// Share of the latest launches that say how many trees are kept.
const HELD_OUT: f64 = 0.2;

/// How trees of launches grow: there are hundreds of launches, not millions, so leaves are small and steps short.
#[must_use]
pub(super) fn settings() -> boost::Settings {
    boost::Settings {
        rounds_max: 400,
        patience: 40,
        learning_rate: 0.05,
        leaves_max: 8,
        leaf_rows_min: 10,
        l2: 1.0,
        rows_share: 0.8,
        columns_share: 0.7,
        ..boost::Settings::default()
    }
}

/// Learns from rows in the order of time; as many trees as forecast the latest fifth best from what was before.
pub(super) fn fit(
    rows: &[f64],
    columns: usize,
    target: &[f64],
    settings: &boost::Settings,
) -> Result<Model, FitError> {
    let table = Table::new(&single(rows), columns, boost::BINS_MAX)?;
    let n = target.len();
    let held = (HELD_OUT * n as f64) as usize;
    let mut settings = settings.clone();
    if held > 0 {
        let (early, late): (Vec<usize>, Vec<usize>) = (0..n).partition(|at| *at < n - held);
        let labels = |rows| Labels {
            rows: Some(rows),
            target: &[],
            weight: None,
        };
        let learn = Labels {
            target: &target[..n - held],
            ..labels(&early[..])
        };
        let judge = Labels {
            target: &target[n - held..],
            ..labels(&late[..])
        };
        let chosen = boost::fit(&table, learn, Some(judge), Loss::Squared, &settings)?;
        settings.rounds_max = chosen.rounds().max(1);
    }
    let all = Labels {
        rows: None,
        target,
        weight: None,
    };
    Ok(boost::fit(&table, all, None, Loss::Squared, &settings)?)
}

/// In single precision, as trees read rows.
pub(super) fn single(row: &[f64]) -> Vec<f32> {
    row.iter().map(|value| *value as f32).collect()
}
