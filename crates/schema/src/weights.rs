//! How much of what a version answers hangs on each column of the shared tables.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How weights were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeighedBy {
    /// By what the splits of its trees gained, and the slopes of its linear models.
    Gains,
    /// By the mean size of the part that each of its features has in scores.
    Parts,
    /// Its method has no features: each column that it reads weighs alike.
    Alike,
}

/// How much of what a version answers hangs on each column of the shared tables, columns named as `table.column`. What
/// is in no list is used for nothing.
///
/// What is told is what the version would answer otherwise if a column were other, not what taught it to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Weights {
    /// They are known.
    Known {
        /// How.
        by: WeighedBy,
        /// Shares above 0 that sum to 1; none where it answers the same whatever the columns say.
        columns: BTreeMap<String, f64>,
        /// What is used beside: changes of planners, costs, rules. How much of an answer that is is not known.
        beside: BTreeSet<String>,
    },
    /// They are not.
    Unknown {
        /// Why.
        because: String,
    },
}

/// What one column is to a version that uses it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "weight")]
pub enum Weight {
    /// Its share, above 0 and at most 1.
    Share {
        /// The share.
        share: f64,
    },
    /// It is used beside what the version has learnt.
    Beside,
    /// How much it weighs, and whether it is used at all, is not known.
    Unknown {
        /// Why.
        because: String,
    },
}

impl Weights {
    /// Those of a method without features: each column that it reads weighs alike.
    #[must_use]
    pub fn alike<'a>(columns: impl IntoIterator<Item = &'a str>) -> Self {
        let each = columns.into_iter().map(|column| (1.0, vec![column]));
        Self::of_parts(WeighedBy::Alike, each)
    }

    /// Those of features, each with what it weighs in any unit, at least 0, and the columns that it is made of. A feature
    /// that is made of several columns is shared among them alike.
    #[must_use]
    pub fn of_parts<'a>(
        by: WeighedBy,
        features: impl IntoIterator<Item = (f64, Vec<&'a str>)>,
    ) -> Self {
        let mut columns: BTreeMap<String, f64> = BTreeMap::new();
        for (weight, of) in features {
            for column in &of {
                *columns.entry((*column).to_owned()).or_default() += weight / of.len() as f64;
            }
        }
        columns.retain(|_, weight| *weight > 0.0);
        let all: f64 = columns.values().sum();
        columns.values_mut().for_each(|weight| *weight /= all);
        Self::Known {
            by,
            columns,
            beside: BTreeSet::new(),
        }
    }

    /// The same with columns that are used beside what was learnt.
    #[must_use]
    pub fn with<'a>(mut self, more: impl IntoIterator<Item = &'a str>) -> Self {
        if let Self::Known { beside, .. } = &mut self {
            beside.extend(more.into_iter().map(str::to_owned));
        }
        self
    }

    /// What a column, as `table.column`, is to the version; `None` where it is used for nothing.
    #[must_use]
    pub fn of(&self, column: &str) -> Option<Weight> {
        match self {
            Self::Known {
                columns, beside, ..
            } => match columns.get(column) {
                Some(share) => Some(Weight::Share { share: *share }),
                None => beside.contains(column).then_some(Weight::Beside),
            },
            Self::Unknown { because } => Some(Weight::Unknown {
                because: because.clone(),
            }),
        }
    }

    /// Columns with their shares, the heaviest first, then by name; none where they are not known.
    #[must_use]
    pub fn heaviest(&self) -> Vec<(&str, f64)> {
        let Self::Known { columns, .. } = self else {
            return Vec::new();
        };
        let mut all: Vec<(&str, f64)> = columns.iter().map(|(c, w)| (c.as_str(), *w)).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }
}

impl std::fmt::Display for Weight {
    /// As it stands behind the name of a version: `12 %`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Share { share } if *share < 0.01 => f.write_str("less than 1 %"),
            Self::Share { share } => write!(f, "{:.0} %", 100.0 * share),
            Self::Beside => f.write_str("beside its model"),
            Self::Unknown { .. } => f.write_str("weight not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_and_a_feature_of_several_columns_is_shared() {
        let of = Weights::of_parts(
            WeighedBy::Gains,
            [
                (6.0, vec!["sales.quantity", "sales.sold_at"]),
                (1.0, vec!["sales.quantity"]),
                (1.0, vec!["prices.price_cents"]),
                (0.0, vec!["calendar.open"]),
            ],
        )
        .with(["overrides.value"]);
        assert_eq!(
            of.heaviest(),
            [
                ("sales.quantity", 0.5),
                ("sales.sold_at", 0.375),
                ("prices.price_cents", 0.125)
            ]
        );
        assert_eq!(of.of("calendar.open"), None);
        assert_eq!(of.of("overrides.value"), Some(Weight::Beside));
    }

    #[test]
    fn what_answers_the_same_whatever_columns_say_hangs_on_none() {
        let of = Weights::of_parts(WeighedBy::Parts, [(0.0, vec!["sales.sold_at"])]);
        assert_eq!(of.of("sales.sold_at"), None);
        assert!(of.heaviest().is_empty());
        let unknown = Weights::Unknown {
            because: "nobody asked".to_owned(),
        };
        assert!(matches!(unknown.of("any"), Some(Weight::Unknown { .. })));
    }
}
