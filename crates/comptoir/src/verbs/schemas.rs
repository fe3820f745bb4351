//! `comptoir schemas`

use crate::context::Context;
use crate::print;
use ::products::KINDS;
use anyhow::{Context as _, bail};
use schemars::Schema;
use std::path::PathBuf;

/// Print or write the JSON Schemas of all project files, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir schemas                    names of the schemas
  comptoir schemas source             the schema of the files in sources/
  comptoir schemas --write schemas    all of them into a folder

An editor that knows JSON Schema completes and checks a TOML file whose first line is
  #:schema ../schemas/source.json")]
pub(crate) struct Schemas {
    /// A schema
    name: Option<String>,
    /// Write all schemas into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    write: Option<PathBuf>,
}

/// All schemas by name.
pub(crate) fn all() -> Vec<(String, Schema)> {
    let mut list = vec![
        (
            "project".to_owned(),
            schemars::schema_for!(factory::project::ProjectFile),
        ),
        (
            "source".to_owned(),
            schemars::schema_for!(sources::config::RawSource),
        ),
        ("rules".to_owned(), decisions_schema()),
        (
            "experiment".to_owned(),
            schemars::schema_for!(::products::experiment::ExperimentFile),
        ),
        (
            "whatif".to_owned(),
            schemars::schema_for!(::products::what_if::WhatIfFile),
        ),
        (
            "job".to_owned(),
            schemars::schema_for!(factory::jobs::JobFile),
        ),
    ];
    list.extend(
        KINDS
            .iter()
            .map(|k| (format!("product-{}", k.card().kind), k.schema())),
    );
    list
}

fn decisions_schema() -> Schema {
    factory::project::rules_schema()
}

impl Schemas {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<()> {
        let all = all();
        let names: Vec<_> = all.iter().map(|(n, _)| n.as_str()).collect();
        if let Some(folder) = self.write {
            fs_err::create_dir_all(&folder).context("make the folder")?;
            for (name, schema) in &all {
                fs_err::write(
                    folder.join(format!("{name}.json")),
                    serde_json::to_string_pretty(schema)? + "\n",
                )?;
            }
            if context.json() {
                let written = serde_json::json!({ "folder": folder, "schemas": names });
                return print::json(&written);
            }
            return print::line(format!("{} schemas in {}", all.len(), folder.display()));
        }
        let Some(name) = self.name else {
            if context.json() {
                return print::json(&names);
            }
            return print::line(names.join("\n"));
        };
        match all.iter().find(|(n, _)| *n == name) {
            Some((_, schema)) => print::json(schema),
            None => bail!(
                "there is no schema {name:?}, allowed is {}",
                names.join(", ")
            ),
        }
    }
}
