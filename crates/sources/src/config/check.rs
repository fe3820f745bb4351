//! The checks of a source file.

use super::{Format, Mapping, NumberStyle, Origin, RawColumn, RawSource, Source, Unit};
use crate::expression;
use crate::map::constant;
use crate::map::time::TimeFormat;
use jiff::tz::TimeZone;
use schema::config::ConfigFile;
use schema::table::{Column, ColumnType, Table, table, tables};
use schema::{ConfigError, Currency};

/// Tables that the program writes itself.
const NOT_IMPORTED: [&str; 2] = ["imports", "quarantine"];

/// - `of_shop`: the time zone of moments where the file names none.
pub(super) fn check(file: &ConfigFile, of_shop: &TimeZone) -> Result<Source, ConfigError> {
    let raw: RawSource = file.parse()?;
    let name = file
        .file
        .file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let table = check_table(file, &raw)?;
    check_text(file, &raw)?;
    check_conditions(file, &raw, table)?;
    check_rules(file, &raw, table)?;
    check_contract(file, &raw)?;
    for key in raw.columns.keys() {
        if table.column(key).is_none() {
            let allowed = names(table.columns.iter().map(|c| c.name.as_str()));
            return Err(file.refuse(
                &["columns", key],
                format!("no column of `{}`", table.name),
                allowed,
            ));
        }
    }
    let columns = table
        .columns
        .iter()
        .map(|c| mapping(file, &raw, (table, c), of_shop))
        .collect::<Result<Vec<_>, _>>()?;
    let of_shop = raw.time_zone.is_none().then(|| of_shop.clone());
    Ok(Source {
        name,
        file: file.clone(),
        of_shop: of_shop.filter(|zone| *zone != TimeZone::UTC),
        table,
        raw,
        columns,
    })
}

fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    all.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn check_table(file: &ConfigFile, raw: &RawSource) -> Result<&'static Table, ConfigError> {
    table(&raw.table)
        .filter(|t| !NOT_IMPORTED.contains(&t.name.as_str()))
        .ok_or_else(|| {
            let allowed = names(
                tables()
                    .iter()
                    .map(|t| t.name.as_str())
                    .filter(|n| !NOT_IMPORTED.contains(n)),
            );
            file.refuse(&["table"], quoted(&raw.table), allowed)
        })
}

/// Checks everything that says how the text of the files is written.
fn check_text(file: &ConfigFile, raw: &RawSource) -> Result<(), ConfigError> {
    if raw.files.trim().is_empty() {
        return Err(file.refuse(&["files"], quoted(&raw.files), "a file, a folder or a glob"));
    }
    let separator = raw.separator.as_bytes();
    if separator.len() != 1
        || !separator[0].is_ascii()
        || matches!(separator[0], b'\n' | b'\r' | b'"')
    {
        return Err(file.refuse(
            &["separator"],
            quoted(&raw.separator),
            "one ASCII character that is no quote",
        ));
    }
    if !matches!(raw.decimal.as_str(), "." | ",") {
        return Err(file.refuse(&["decimal"], quoted(&raw.decimal), "\".\" or \",\""));
    }
    if !matches!(raw.thousands.as_str(), "" | " " | "." | "," | "'" | "_")
        || raw.thousands == raw.decimal
    {
        let allowed = "\"\", \" \", \".\", \",\", \"'\" or \"_\", other than the decimal mark";
        return Err(file.refuse(&["thousands"], quoted(&raw.thousands), allowed));
    }
    if let Some(code) = &raw.currency
        && Currency::new(code).is_err()
    {
        return Err(file.refuse(
            &["currency"],
            quoted(code),
            "an ISO 4217 code such as \"EUR\"",
        ));
    }
    let csv = raw.format == Format::Csv;
    if !csv && (raw.merge_separators || !raw.header) {
        let key = if raw.header {
            "merge_separators"
        } else {
            "header"
        };
        return Err(file.refuse(&[key], "set", "set for CSV files only"));
    }
    if raw.header == raw.column_names.is_empty() {
        return Ok(());
    }
    let allowed = "the names of all columns where `header = false`, nothing elsewhere";
    Err(file.refuse(
        &["column_names"],
        format!("{:?}", raw.column_names),
        allowed,
    ))
}

fn check_conditions(file: &ConfigFile, raw: &RawSource, table: &Table) -> Result<(), ConfigError> {
    if !raw.returns.is_empty() && table.column("is_return").is_none() {
        return Err(file.refuse(
            &["return"],
            format!("set for `{}`", table.name),
            "set for tables with `is_return`",
        ));
    }
    for (key, all) in [("skip", &raw.skip), ("return", &raw.returns)] {
        for (position, rule) in all.iter().enumerate() {
            let position = position.to_string();
            parses(file, &[key, &position, "when"], &rule.when)?;
            if rule.reason.trim().is_empty() {
                return Err(file.refuse(&[key, &position, "reason"], "empty", "a reason in words"));
            }
        }
    }
    if let Some(query) = &raw.query {
        expression::parse_query(query)
            .map_err(|e| file.refuse(&["query"], e.found, "one SELECT over the table `raw`"))?;
    }
    Ok(())
}

fn parses(file: &ConfigFile, path: &[&str], sql: &str) -> Result<(), ConfigError> {
    expression::parse(sql).map_err(|e| file.refuse(path, e.found, "one SQL expression"))
}

fn check_rules(file: &ConfigFile, raw: &RawSource, table: &Table) -> Result<(), ConfigError> {
    for (position, rule) in raw.rule.iter().enumerate() {
        let position = position.to_string();
        let at = |key: &'static str| ["rule".to_owned(), position.clone(), key.to_owned()];
        let refuse = |key: &'static str, found: String, allowed: String| {
            let path = at(key);
            file.refuse(&[&path[0], &path[1], &path[2]], found, allowed)
        };
        let forms = [
            !rule.unique.is_empty(),
            rule.holds.is_some(),
            rule.column.is_some(),
        ];
        if forms.iter().filter(|f| **f).count() != 1 {
            let found = format!(
                "a rule with {} of them",
                forms.iter().filter(|f| **f).count()
            );
            return Err(refuse(
                "name",
                found,
                "exactly one of `unique`, `holds` and `column`".to_owned(),
            ));
        }
        if rule.name.trim().is_empty() {
            return Err(refuse("name", "empty".to_owned(), "a name".to_owned()));
        }
        let limits = rule.min.is_some()
            || rule.max.is_some()
            || !rule.allowed.is_empty()
            || rule.pattern.is_some()
            || rule.references.is_some()
            || rule.not_null;
        if limits != rule.column.is_some() {
            let allowed = "with at least one of `min`, `max`, `allowed`, `pattern`, `references` and `not_null`, which need it";
            return Err(refuse(
                "column",
                rule.column.clone().unwrap_or_else(|| "absent".to_owned()),
                allowed.to_owned(),
            ));
        }
        if let Some(column) = &rule.column
            && table.column(column).is_none()
        {
            return Err(refuse(
                "column",
                quoted(column),
                names(table.columns.iter().map(|c| c.name.as_str())),
            ));
        }
        if let (Some(target), Some(column)) = (&rule.references, &rule.column)
            && let Err(allowed) = referred(target, table, column)
        {
            return Err(refuse("references", quoted(target), allowed));
        }
        if let Some(holds) = &rule.holds {
            parses(file, &["rule", &position, "holds"], holds)?;
        }
        if let Some(share) = rule.share_max
            && !(0.0..=1.0).contains(&share)
        {
            return Err(refuse("share_max", share.to_string(), "0 to 1".to_owned()));
        }
    }
    Ok(())
}

/// Whether the values of a column of `table` can be among those of `target`; `Err` is what can be referred to.
fn referred(target: &str, table: &Table, column: &str) -> Result<(), String> {
    let kind = table.column(column).map(|c| c.kind);
    let found = target.split_once('.').and_then(|(other, column)| {
        schema::table::table(other)?
            .column(column)
            .map(|c| (other, c))
    });
    match found {
        Some((other, to)) if other != table.name && Some(to.kind) == kind => Ok(()),
        Some(_) | None => Err(format!(
            "`table.column` of another table than `{}`, of the type of `{column}` ({})",
            table.name,
            kind.map_or("unknown", |kind| kind.name())
        )),
    }
}

fn check_contract(file: &ConfigFile, raw: &RawSource) -> Result<(), ConfigError> {
    let share = raw.contract.quarantined_share_max;
    if !(0.0..=1.0).contains(&share) {
        return Err(file.refuse(&["contract", "quarantined_share_max"], share, "0 to 1"));
    }
    let (min, max) = (raw.contract.volume_share_min, raw.contract.volume_share_max);
    for (key, volume) in [("volume_share_min", min), ("volume_share_max", max)] {
        if let Some(volume) = volume
            && !(0.0..=100.0).contains(&volume)
        {
            return Err(file.refuse(&["contract", key], volume, "0 to 100"));
        }
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let allowed = format!("`volume_share_min` ({min}) or more");
        return Err(file.refuse(&["contract", "volume_share_max"], max, allowed));
    }
    Ok(())
}

fn mapping(
    file: &ConfigFile,
    raw: &RawSource,
    (table, column): (&Table, &Column),
    of_shop: &TimeZone,
) -> Result<Mapping, ConfigError> {
    let given = raw.columns.get(&column.name);
    let empty = RawColumn::default();
    let mapped = given.unwrap_or(&empty);
    let path = |key: &'static str| ["columns", column.name.as_str(), key].map(str::to_owned);
    let refuse = |key: &'static str, found: String, allowed: String| {
        let path = path(key);
        file.refuse(&[&path[0], &path[1], &path[2]], found, allowed)
    };
    let origin = match given {
        Some(mapped) => origin(mapped).map_err(|found| {
            file.refuse(
                &["columns", &column.name],
                found,
                "exactly one of `from`, `value`, `row_number` and `sql`",
            )
        })?,
        None => unmapped(file, raw, table, column)?,
    };
    if let Origin::Sql(sql) = &origin {
        parses(file, &["columns", &column.name, "sql"], sql)?;
    }
    let named = mapped.time_zone.as_deref().or(raw.time_zone.as_deref());
    let zone = named.map_or_else(|| Ok(of_shop.clone()), TimeZone::get);
    let zone = zone.map_err(|_| {
        let zone_name = named.unwrap_or_default();
        let allowed = "an IANA time zone such as \"Europe/Paris\"";
        if mapped.time_zone.is_some() {
            refuse("time_zone", quoted(zone_name), allowed.to_owned())
        } else {
            file.refuse(&["time_zone"], quoted(zone_name), allowed)
        }
    })?;
    let format = TimeFormat::new(mapped.format.as_deref().or(raw.date_format.as_deref())).map_err(|found| {
        let allowed = "a strftime format such as \"%d/%m/%Y %H:%M\", \"epoch-seconds\" or \"epoch-milliseconds\"";
        if mapped.format.is_some() {
            refuse("format", found, allowed.to_owned())
        } else {
            file.refuse(&["date_format"], found, allowed)
        }
    })?;
    let unit = unit(column.kind, mapped.unit).map_err(|allowed| {
        refuse(
            "unit",
            format!("set to {:?}", mapped.unit).to_lowercase(),
            allowed.to_owned(),
        )
    })?;
    let mapping = Mapping {
        origin,
        unit,
        zone,
        format,
    };
    if let Origin::Constant(text) = &mapping.origin {
        let style = NumberStyle::of(raw);
        constant(column, &mapping, style, text).map_err(|allowed| match given {
            Some(_) => refuse("value", quoted(text), allowed.to_string()),
            None => file.refuse(&["currency"], quoted(text), allowed),
        })?;
    }
    Ok(mapping)
}

fn origin(mapped: &RawColumn) -> Result<Origin, String> {
    match (&mapped.from, &mapped.value, mapped.row_number, &mapped.sql) {
        (Some(from), None, false, None) => Ok(Origin::Column(from.clone())),
        (None, Some(value), false, None) => Ok(Origin::Constant(value.clone())),
        (None, None, true, None) => Ok(Origin::RowNumber),
        (None, None, false, Some(sql)) => Ok(Origin::Sql(sql.clone())),
        (None, None, false, None) => Err("without an origin".to_owned()),
        _ => Err("with several origins".to_owned()),
    }
}

/// What a column is made of when the file does not map it.
fn unmapped(
    file: &ConfigFile,
    raw: &RawSource,
    table: &Table,
    column: &Column,
) -> Result<Origin, ConfigError> {
    match (&raw.currency, column.name.as_str()) {
        (Some(code), "currency") => Ok(Origin::Constant(code.clone())),
        (_, "is_return") => Ok(Origin::Returned),
        _ if column.nullable => Ok(Origin::Nothing),
        _ => Err(file.refuse(
            &["columns"],
            format!("without `{}`", column.name),
            format!(
                "a mapping of each column that `{}` requires; it means: {}",
                table.name, column.meaning
            ),
        )),
    }
}

fn unit(kind: ColumnType, given: Option<Unit>) -> Result<Unit, &'static str> {
    match (kind, given) {
        (ColumnType::Cents, None) => Ok(Unit::Currency),
        (ColumnType::Cents, Some(unit @ (Unit::Currency | Unit::Cents))) => Ok(unit),
        (ColumnType::Cents, Some(_)) => Err("\"currency\" or \"cents\" for an amount"),
        (_, None) => Ok(Unit::One),
        (ColumnType::Number, Some(unit @ (Unit::One | Unit::Percent))) => Ok(unit),
        (ColumnType::Number, Some(_)) => Err("\"one\" or \"percent\" for a number"),
        (_, Some(_)) => Err("set for amounts and numbers only"),
    }
}
