//! What a file's rows must fulfil.

use arrow::array::{BooleanArray, RecordBatch, StringArray};
use arrow::compute::kernels::regexp::regexp_is_match_scalar;
use schema::table::{ColumnType, Table};
use std::collections::BTreeSet;
use std::error::Error;

/// What happens to a row that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is set aside.
    Quarantine,
    /// It is accepted and counted.
    Warn,
}

/// A compiled SQL condition.
pub trait Condition: Send {
    /// One answer per row; null where the condition is neither true nor false.
    ///
    /// # Errors
    /// What the engine said.
    fn answers(&self, rows: &RecordBatch) -> Result<BooleanArray, Box<dyn Error + Send + Sync>>;
}

/// One thing to check. Columns are positions in the shared table.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// The column has a value.
    NotNull {
        /// The column.
        column: usize,
    },
    /// The number is in a range, bounds included; null passes.
    Range {
        /// The column.
        column: usize,
        /// Smallest allowed value.
        min: Option<f64>,
        /// Largest allowed value.
        max: Option<f64>,
    },
    /// The value is one of a list; null passes.
    Allowed {
        /// The column.
        column: usize,
        /// The list.
        values: BTreeSet<String>,
    },
    /// The text matches a regular expression; null passes.
    Pattern {
        /// The column.
        column: usize,
        /// The expression.
        pattern: String,
    },
    /// The text is the code of a currency; null passes.
    Currency {
        /// The column.
        column: usize,
    },
    /// The text is a JSON object of numbers that add up to no more than 1; null passes.
    Probabilities {
        /// The column.
        column: usize,
    },
    /// A SQL condition is not false; null passes.
    Holds {
        /// The condition.
        sql: String,
        /// Why it matters, where that is written down.
        reason: Option<String>,
    },
    /// The value is one of another table's; null passes. Checked once that table has rows.
    Reference {
        /// The column.
        column: usize,
        /// `table.column`.
        target: String,
    },
    /// No two rows of one file share these columns, of the file or, where it has none of that name, of the shared table.
    UniqueInFile {
        /// Names of the columns.
        columns: Vec<String>,
    },
    /// No two rows of the whole table share its key.
    Key,
}

impl Check {
    /// Place in the order in which rows are judged.
    fn order(&self) -> u8 {
        match self {
            Self::NotNull { .. } => 0,
            Self::Range { .. } => 1,
            Self::Allowed { .. } => 2,
            Self::Pattern { .. } => 3,
            Self::Currency { .. } => 4,
            Self::Probabilities { .. } => 5,
            Self::Holds { .. } => 6,
            Self::Reference { .. } => 7,
            Self::UniqueInFile { .. } => 8,
            Self::Key => 9,
        }
    }

    /// The one column that it is about.
    pub(crate) fn column(&self) -> Option<usize> {
        match self {
            Self::NotNull { column }
            | Self::Range { column, .. }
            | Self::Allowed { column, .. }
            | Self::Pattern { column, .. }
            | Self::Currency { column }
            | Self::Probabilities { column }
            | Self::Reference { column, .. } => Some(*column),
            Self::Holds { .. } | Self::UniqueInFile { .. } | Self::Key => None,
        }
    }

    /// What is allowed, in words.
    pub(crate) fn allowed(&self, table: &Table) -> String {
        match self {
            Self::NotNull { .. } => "a value".to_owned(),
            Self::Range {
                min: Some(min),
                max: Some(max),
                ..
            } => format!("{min} to {max}"),
            Self::Range {
                min: Some(min),
                max: None,
                ..
            } => format!("{min} or more"),
            Self::Range {
                min: None,
                max: Some(max),
                ..
            } => format!("{max} or less"),
            Self::Range {
                min: None,
                max: None,
                ..
            } => "any number".to_owned(),
            Self::Allowed { values, .. } => {
                format!(
                    "one of {}",
                    values
                        .iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            }
            Self::Pattern { pattern, .. } => format!("text that matches {pattern}"),
            Self::Currency { .. } => "a currency code of ISO 4217".to_owned(),
            Self::Probabilities { .. } => "probabilities that add up to at most 1".to_owned(),
            Self::Holds { sql, reason: None } => format!("rows for which {sql}"),
            Self::Holds {
                sql,
                reason: Some(reason),
            } => format!("rows for which {sql}: {reason}"),
            Self::Reference { target, .. } => format!("a value of {target}"),
            Self::UniqueInFile { columns } => {
                format!("one row per {} in a file", columns.join(", "))
            }
            Self::Key => format!("one row per {} in `{}`", table.key.join(", "), table.name),
        }
    }
}

/// A check with its name and what it leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What reports call it.
    pub name: String,
    /// What is checked.
    pub check: Check,
    /// What happens to a row that breaks it.
    pub effect: Effect,
    /// Largest share of rows that may break it before the gate closes.
    pub share_max: Option<f64>,
}

/// What a whole file must fulfil for the gate to open.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Largest share of rows, skipped ones aside, that may be set aside.
    pub quarantined_share_max: f64,
    /// Largest age in days of the newest row of all files of the source.
    pub freshness_days_max: Option<u32>,
    /// Smallest number of rows as a share of the median of earlier files.
    pub volume_share_min: Option<f64>,
    /// Largest number of rows as a share of the median of earlier files.
    pub volume_share_max: Option<f64>,
}

/// A rule that cannot be checked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ContractError {
    /// The column has a type that the check cannot judge.
    #[error("add rule `{rule}`: column `{column}` holds {found}, allowed is {allowed}")]
    ColumnType {
        /// The rule.
        rule: String,
        /// The column.
        column: String,
        /// Its type.
        found: &'static str,
        /// The types that can be checked.
        allowed: &'static str,
    },
    /// The pattern is no regular expression.
    #[error("add rule `{rule}`: {pattern:?} is no regular expression: {found}")]
    Pattern {
        /// The rule.
        rule: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        found: String,
    },
    /// The range is empty.
    #[error("add rule `{rule}`: the smallest allowed value {min} is above the largest, {max}")]
    EmptyRange {
        /// The rule.
        rule: String,
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
}

/// The rules of a table, in the order in which rows are judged, and the limits of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    table: &'static Table,
    rules: Vec<Rule>,
    limits: Limits,
}

impl Contract {
    /// What the shared schema says of a table. `references` is what happens to values that the other table does not
    /// hold; `None` leaves them unchecked.
    #[must_use]
    pub fn of_table(table: &'static Table, references: Option<Effect>, limits: Limits) -> Self {
        let mut contract = Self {
            table,
            rules: Vec::new(),
            limits,
        };
        let mut add = |name: &str, check: Check, effect: Effect| {
            contract.insert(Rule {
                name: name.to_owned(),
                check,
                effect,
                share_max: None,
            });
        };
        for (column, of) in table.columns.iter().enumerate() {
            if !of.nullable {
                add("not null", Check::NotNull { column }, Effect::Quarantine);
            }
            if of.min.is_some() || of.max.is_some() {
                add(
                    "range",
                    Check::Range {
                        column,
                        min: of.min,
                        max: of.max,
                    },
                    Effect::Quarantine,
                );
            }
            if !of.allowed.is_empty() {
                let values = of.allowed.iter().cloned().collect();
                add(
                    "allowed values",
                    Check::Allowed { column, values },
                    Effect::Quarantine,
                );
            }
            if let Some(pattern) = &of.pattern {
                add(
                    "pattern",
                    Check::Pattern {
                        column,
                        pattern: pattern.clone(),
                    },
                    Effect::Quarantine,
                );
            }
            if of.currency {
                add("currency", Check::Currency { column }, Effect::Quarantine);
            }
            if of.probabilities {
                let check = Check::Probabilities { column };
                add("probabilities", check, Effect::Quarantine);
            }
            if let (Some(target), Some(effect)) = (&of.references, references) {
                add(
                    "reference",
                    Check::Reference {
                        column,
                        target: target.clone(),
                    },
                    effect,
                );
            }
        }
        for condition in &table.conditions {
            let check = Check::Holds {
                sql: condition.holds.clone(),
                reason: Some(condition.reason.clone()),
            };
            add(&condition.name, check, Effect::Quarantine);
        }
        add("unique key", Check::Key, Effect::Quarantine);
        contract
    }

    /// Adds a rule, in its place in the order of judgement.
    ///
    /// # Errors
    /// [`ContractError`] when the rule cannot be checked on that column, or is no rule at all.
    pub fn add(&mut self, rule: Rule) -> Result<(), ContractError> {
        let column = rule
            .check
            .column()
            .map(|position| &self.table.columns[position]);
        let refused = |allowed: &'static str| ContractError::ColumnType {
            rule: rule.name.clone(),
            column: column.map(|c| c.name.clone()).unwrap_or_default(),
            found: column.map_or("nothing", |c| c.kind.name()),
            allowed,
        };
        let kind = column.map(|c| c.kind);
        match &rule.check {
            Check::Range { min, max, .. } => {
                if !matches!(
                    kind,
                    Some(ColumnType::Integer | ColumnType::Cents | ColumnType::Number)
                ) {
                    return Err(refused(
                        "integer, cents or number; for others write the condition with `holds`",
                    ));
                }
                if let (Some(min), Some(max)) = (*min, *max)
                    && min > max
                {
                    return Err(ContractError::EmptyRange {
                        rule: rule.name,
                        min,
                        max,
                    });
                }
            }
            Check::Pattern { pattern, .. } => {
                if kind != Some(ColumnType::Text) {
                    return Err(refused("text"));
                }
                regexp_is_match_scalar(&StringArray::from(vec![""]), pattern, None).map_err(
                    |e| {
                        let found = e
                            .to_string()
                            .lines()
                            .last()
                            .unwrap_or_default()
                            .trim()
                            .to_owned();
                        ContractError::Pattern {
                            rule: rule.name.clone(),
                            pattern: pattern.clone(),
                            found,
                        }
                    },
                )?;
            }
            Check::NotNull { .. }
            | Check::Allowed { .. }
            | Check::Currency { .. }
            | Check::Probabilities { .. }
            | Check::Holds { .. }
            | Check::Reference { .. }
            | Check::UniqueInFile { .. }
            | Check::Key => {}
        }
        self.insert(rule);
        Ok(())
    }

    fn insert(&mut self, rule: Rule) {
        let after = self
            .rules
            .partition_point(|r| r.check.order() <= rule.check.order());
        self.rules.insert(after, rule);
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// The rules, in the order in which rows are judged.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The limits of a file.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sales() -> Contract {
        let limits = Limits {
            quarantined_share_max: 0.05,
            freshness_days_max: None,
            volume_share_min: None,
            volume_share_max: None,
        };
        Contract::of_table(
            schema::table::table("sales").unwrap(),
            Some(Effect::Quarantine),
            limits,
        )
    }

    fn rule(check: Check) -> Rule {
        Rule {
            name: "mine".to_owned(),
            check,
            effect: Effect::Quarantine,
            share_max: None,
        }
    }

    #[test]
    fn the_schema_gives_the_first_rules_and_the_key_comes_last() {
        let contract = sales();
        let names: Vec<&str> = contract.rules().iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names.iter().filter(|n| **n == "reference").count(), 3);
        assert_eq!(
            (names[0], *names.last().unwrap()),
            ("not null", "unique key")
        );
    }

    #[test]
    fn a_rule_that_cannot_be_checked_is_refused() {
        let mut contract = sales();
        let text = contract
            .table()
            .columns
            .iter()
            .position(|c| c.name == "order_id")
            .unwrap();
        let price = contract
            .table()
            .columns
            .iter()
            .position(|c| c.name == "unit_price_cents")
            .unwrap();
        let range = contract.add(rule(Check::Range {
            column: text,
            min: Some(0.0),
            max: None,
        }));
        assert!(matches!(
            range,
            Err(ContractError::ColumnType { found: "text", .. })
        ));
        let pattern = contract.add(rule(Check::Pattern {
            column: text,
            pattern: "(".to_owned(),
        }));
        assert!(
            matches!(pattern, Err(ContractError::Pattern { .. })),
            "{pattern:?}"
        );
        let empty = contract.add(rule(Check::Range {
            column: price,
            min: Some(2.0),
            max: Some(1.0),
        }));
        assert!(matches!(empty, Err(ContractError::EmptyRange { .. })));
    }
}
