//! `comptoir tables`

use crate::context::Context;
use crate::print::{self, Table};
use anyhow::bail;
use schema::table::{Column, table, tables};

/// Show the shared tables, or one of them with its columns
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir tables            all tables with their rows in the lake
  comptoir tables sales      columns of one table: type, unit, meaning, what is allowed")]
pub(crate) struct Tables {
    /// A table
    name: Option<String>,
}

/// What a column allows, in a few words.
fn allowed(column: &Column) -> String {
    let mut parts = Vec::new();
    match (column.min, column.max) {
        (Some(min), Some(max)) => parts.push(format!("{min} to {max}")),
        (Some(min), None) => parts.push(format!("from {min}")),
        (None, Some(max)) => parts.push(format!("up to {max}")),
        (None, None) => {}
    }
    if column.past {
        parts.push("not in the future".to_owned());
    }
    if !column.allowed.is_empty() {
        parts.push(column.allowed.join(", "));
    }
    parts.extend(column.pattern.iter().map(|p| format!("matches {p}")));
    parts.extend(column.references.iter().map(|r| format!("in {r}")));
    parts.join("; ")
}

impl Tables {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self.name {
            Some(name) => one(context, &name),
            None => all(context).await,
        }
    }
}

fn one(context: &Context, name: &str) -> anyhow::Result<()> {
    let Some(found) = table(name) else {
        let names: Vec<_> = tables().iter().map(|t| t.name.as_str()).collect();
        bail!(
            "there is no table {name:?}, allowed is {}",
            names.join(", ")
        );
    };
    if context.json() {
        return print::json(found);
    }
    print::line(format!(
        "{}: {} One row is {}; its key is {}.\n",
        found.name,
        found.meaning,
        found.grain,
        found.key.join(", ")
    ))?;
    let mut rows = Table::new(["column", "type", "empty", "personal", "allowed", "meaning"]);
    for c in &found.columns {
        let kind = match &c.unit {
            Some(unit) => format!("{} ({unit})", c.kind.name()),
            None => c.kind.name().to_owned(),
        };
        let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
        rows.row([
            c.name.clone(),
            kind,
            yes(c.nullable),
            yes(c.personal),
            allowed(c),
            c.meaning.clone(),
        ]);
    }
    rows.print()
}

async fn all(context: &Context) -> anyhow::Result<()> {
    // Outside a project the definitions are shown without rows.
    let rows = match context.workshop_if_any().await? {
        Some(workshop) => {
            let _counting = context.slow("count the rows");
            Some(workshop.table_rows().await?)
        }
        None => None,
    };
    let of = |name: &str| rows.as_ref().map(|r| r.get(name).copied().unwrap_or(0));
    if context.json() {
        let list: Vec<_> = tables()
            .iter()
            .map(|t| serde_json::json!({ "name": t.name, "grain": t.grain, "key": t.key, "meaning": t.meaning, "version": t.version, "rows": of(&t.name) }))
            .collect();
        return print::json(&list);
    }
    let mut list = Table::new(["table", "rows", "one row is", "meaning"]);
    for t in tables() {
        let count = of(&t.name).map_or_else(|| "no project".to_owned(), |n| n.to_string());
        list.row([t.name.clone(), count, t.grain.clone(), t.meaning.clone()]);
    }
    list.print()
}
