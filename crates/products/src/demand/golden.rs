//! Series whose forecasts prove an artefact.

use models::demand::{Known, Panel, Role};
use serde::{Deserialize, Serialize};

use super::settings::Settings;

/// One golden input: a short series with what is known ahead of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Golden {
    first: jiff::civil::Date,
    known: usize,
    ahead: usize,
    /// Whether it is a group of series, of what these are made to agree with.
    #[serde(default)]
    pub(super) is_group: bool,
    values: Vec<Option<f32>>,
    columns: Vec<(Role, String, Vec<Option<f32>>)>,
}

/// Series whose forecasts prove an artefact.
const GOLDEN: usize = 3;

fn told(values: &[f32]) -> Vec<Option<f32>> {
    let known = |v: &f32| (!v.is_nan()).then_some(*v);
    values.iter().map(known).collect()
}

fn untold(values: &[Option<f32>]) -> Vec<f32> {
    values.iter().map(|v| v.unwrap_or(f32::NAN)).collect()
}

impl Golden {
    fn of(panel: &Panel, series: usize, is_group: bool) -> Self {
        let columns = panel.columns().iter().zip(0..);
        Self {
            first: panel.date(0),
            known: panel.known(),
            ahead: panel.ahead(),
            is_group,
            values: told(panel.values(series)),
            columns: columns
                .map(|(column, at)| {
                    let values = told(panel.column(at, series));
                    (column.role, column.name.clone(), values)
                })
                .collect(),
        }
    }

    pub(super) fn panel(&self, settings: &Settings) -> Option<Panel> {
        let columns = self.columns.iter().map(|(role, name, values)| Known {
            role: *role,
            name: name.clone(),
            row_of: vec![0],
            values: untold(values),
        });
        Panel::new(
            settings.step(),
            self.first,
            (self.known, self.ahead),
            untold(&self.values),
            vec![[0, 0]],
            columns.collect(),
        )
        .ok()
    }
}

/// Some series of a panel.
pub(super) fn golden(panel: &Panel, is_group: bool) -> Vec<Golden> {
    let every = (panel.series() / GOLDEN).max(1);
    let some = (0..panel.series()).step_by(every).take(GOLDEN);
    some.map(|series| Golden::of(panel, series, is_group))
        .collect()
}
