//! The contract that a source file writes, as the contract that is checked.

use quality::{Check, Contract, ContractError, Effect, Limits, Rule};
use schema::ConfigError;
use sources::Source;
use sources::config::{RawRule, References, RuleEffect};

/// The contract of a source: what the shared schema says of its table, then its own rules.
///
/// - `now`: what the schema says must not lie in the future may be a day later, for clocks and time zones.
pub(crate) fn contract(source: &Source, now: jiff::Timestamp) -> Result<Contract, ConfigError> {
    let written = source.contract();
    let references = match written.references {
        References::Quarantine => Some(Effect::Quarantine),
        References::Warn => Some(Effect::Warn),
        References::Off => None,
    };
    let limits = Limits {
        quarantined_share_max: written.quarantined_share_max,
        freshness_days_max: written.freshness_days_max,
        volume_share_min: written.volume_share_min,
        volume_share_max: written.volume_share_max,
    };
    let mut contract = Contract::of_table(source.table(), references, limits);
    let latest = now
        .saturating_add(jiff::SignedDuration::from_hours(24))
        .unwrap_or(now);
    for column in source.table().columns.iter().filter(|c| c.past) {
        let sql = format!("{} <= TIMESTAMP '{latest}'", column.name);
        let rule = Rule {
            name: "not in the future".to_owned(),
            check: Check::Holds { sql, reason: None },
            effect: Effect::Quarantine,
            share_max: None,
        };
        contract
            .add(rule)
            .map_err(|e| source.file().refuse(&["table"], &column.name, e))?;
    }
    for (position, rule) in source.rules().iter().enumerate() {
        for check in checks(source, rule) {
            let effect = match rule.effect {
                RuleEffect::Quarantine => Effect::Quarantine,
                RuleEffect::Warn => Effect::Warn,
            };
            let rule = Rule {
                name: rule.name.clone(),
                check,
                effect,
                share_max: rule.share_max,
            };
            contract
                .add(rule)
                .map_err(|e| refused(source, position, &e))?;
        }
    }
    Ok(contract)
}

/// What one `[[rule]]` checks; a rule about a column may check several things.
fn checks(source: &Source, rule: &RawRule) -> Vec<Check> {
    if !rule.unique.is_empty() {
        return vec![Check::UniqueInFile {
            columns: rule.unique.clone(),
        }];
    }
    if let Some(sql) = &rule.holds {
        return vec![Check::Holds {
            sql: sql.clone(),
            reason: None,
        }];
    }
    let named = |name: &String| source.table().columns.iter().position(|c| c.name == *name);
    let Some(column) = rule.column.as_ref().and_then(named) else {
        return Vec::new();
    };
    let mut checks = Vec::new();
    if rule.not_null {
        checks.push(Check::NotNull { column });
    }
    if rule.min.is_some() || rule.max.is_some() {
        checks.push(Check::Range {
            column,
            min: rule.min,
            max: rule.max,
        });
    }
    if !rule.allowed.is_empty() {
        checks.push(Check::Allowed {
            column,
            values: rule.allowed.iter().cloned().collect(),
        });
    }
    if let Some(pattern) = &rule.pattern {
        checks.push(Check::Pattern {
            column,
            pattern: pattern.clone(),
        });
    }
    if let Some(target) = &rule.references {
        checks.push(Check::Reference {
            column,
            target: target.clone(),
        });
    }
    checks
}

fn refused(source: &Source, position: usize, error: &ContractError) -> ConfigError {
    let position = position.to_string();
    match error {
        ContractError::ColumnType {
            column,
            found,
            allowed,
            ..
        } => source.file().refuse(
            &["rule", &position, "column"],
            format!("`{column}`, which holds {found}"),
            allowed,
        ),
        ContractError::Pattern { pattern, found, .. } => {
            let found = format!("{pattern:?} ({found})");
            source.file().refuse(
                &["rule", &position, "pattern"],
                found,
                "a regular expression",
            )
        }
        ContractError::EmptyRange { min, max, .. } => source.file().refuse(
            &["rule", &position, "min"],
            min,
            format!("`max` ({max}) or less"),
        ),
    }
}
