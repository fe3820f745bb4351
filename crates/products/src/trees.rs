//! How boosted trees grow, where a product file says it.

use crate::file::Raw;
use crate::search::{Knob, Value, Within};
use models::boost;
use schema::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How trees grow; what is not said stays as the kind has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Trees {
    /// Share of each tree that is added, 0.001 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_rate: Option<f64>,
    /// Trees at most, 1 to 10000: fewer where days held back are forecast best by fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    rounds_max: Option<usize>,
    /// Leaves of a tree at most, 2 to 4096.
    #[serde(skip_serializing_if = "Option::is_none")]
    leaves_max: Option<usize>,
    /// Rows that a leaf needs, 1 to 1000000.
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf_rows_min: Option<usize>,
    /// What pulls each leaf towards 0, 0 to 1e9.
    #[serde(skip_serializing_if = "Option::is_none")]
    l2: Option<f64>,
    /// Share of the rows drawn for each tree, 0.05 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_share: Option<f64>,
    /// Share of the columns drawn for each tree, 0.05 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    columns_share: Option<f64>,
}

impl Trees {
    /// The settings of a kind with what the file says in their place.
    pub(crate) fn over(self, of_kind: boost::Settings) -> boost::Settings {
        boost::Settings {
            learning_rate: self.learning_rate.unwrap_or(of_kind.learning_rate),
            rounds_max: self.rounds_max.unwrap_or(of_kind.rounds_max),
            leaves_max: self.leaves_max.unwrap_or(of_kind.leaves_max),
            leaf_rows_min: self.leaf_rows_min.unwrap_or(of_kind.leaf_rows_min),
            l2: self.l2.unwrap_or(of_kind.l2),
            rows_share: self.rows_share.unwrap_or(of_kind.rows_share),
            columns_share: self.columns_share.unwrap_or(of_kind.columns_share),
            ..of_kind
        }
    }

    /// Refuses what is out of range.
    pub(crate) fn check(self, raw: &Raw) -> Result<(), ConfigError> {
        let whole = [
            ("rounds_max", self.rounds_max, 1, 10_000),
            ("leaves_max", self.leaves_max, 2, 4_096),
            ("leaf_rows_min", self.leaf_rows_min, 1, 1_000_000),
        ];
        for (key, found, min, max) in whole {
            if let Some(found) = found.filter(|found| !(min..=max).contains(found)) {
                let allowed = format!("{min} to {max}");
                return Err(raw.refuse_at(&["trees", key], found, allowed));
            }
        }
        let numbers = [
            ("learning_rate", self.learning_rate, 0.001, 1.0),
            ("l2", self.l2, 0.0, 1e9),
            ("rows_share", self.rows_share, 0.05, 1.0),
            ("columns_share", self.columns_share, 0.05, 1.0),
        ];
        for (key, found, min, max) in numbers {
            if let Some(found) = found.filter(|found| !(min..=max).contains(found)) {
                let allowed = format!("{min} to {max}");
                return Err(raw.refuse_at(&["trees", key], found, allowed));
            }
        }
        Ok(())
    }
}

/// Where trees of many rows are sought.
pub(crate) fn of_many_rows(of_kind: &boost::Settings) -> Vec<Knob> {
    let ranges = Ranges {
        leaves: (7, 255),
        leaf_rows: (20, 1_000),
        rounds: (100, 2_000),
        l2: &[0.0, 1.0, 10.0, 100.0],
    };
    ranges.knobs(of_kind)
}

/// Where trees of some hundred rows are sought.
pub(crate) fn of_few_rows(of_kind: &boost::Settings) -> Vec<Knob> {
    let ranges = Ranges {
        leaves: (3, 63),
        leaf_rows: (3, 50),
        rounds: (50, 1_000),
        l2: &[0.0, 0.3, 1.0, 3.0, 10.0],
    };
    ranges.knobs(of_kind)
}

/// What differs by how many rows there are.
struct Ranges {
    leaves: (i64, i64),
    leaf_rows: (i64, i64),
    rounds: (i64, i64),
    l2: &'static [f64],
}

impl Ranges {
    fn knobs(&self, of_kind: &boost::Settings) -> Vec<Knob> {
        let knob = |key, default, within| Knob {
            key,
            default,
            within,
            by_default: true,
        };
        let whole = |value: usize| Value::Whole(i64::try_from(value).unwrap_or(i64::MAX));
        let count = |(from, to)| Within::Whole {
            from,
            to,
            logarithmic: true,
        };
        let number = |from, to, logarithmic| Within::Number {
            from,
            to,
            logarithmic,
        };
        vec![
            knob(
                "trees.learning_rate",
                Value::Number(of_kind.learning_rate),
                number(0.01, 0.2, true),
            ),
            knob(
                "trees.rounds_max",
                whole(of_kind.rounds_max),
                count(self.rounds),
            ),
            knob(
                "trees.leaves_max",
                whole(of_kind.leaves_max),
                count(self.leaves),
            ),
            knob(
                "trees.leaf_rows_min",
                whole(of_kind.leaf_rows_min),
                count(self.leaf_rows),
            ),
            knob(
                "trees.l2",
                Value::Number(of_kind.l2),
                Within::Of(self.l2.iter().copied().map(Value::Number).collect()),
            ),
            knob(
                "trees.rows_share",
                Value::Number(of_kind.rows_share),
                number(0.4, 1.0, false),
            ),
            knob(
                "trees.columns_share",
                Value::Number(of_kind.columns_share),
                number(0.3, 1.0, false),
            ),
        ]
    }
}
