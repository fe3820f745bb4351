//! `comptoir check`

use crate::context::Context;
use crate::exit::Refused;
use crate::print::{self, Table};
use factory::Project;
use factory::project::{Checked, Verdict};
use std::path::{Path, PathBuf};

/// Check every file of the project (comptoir.toml, sources, experiments, products, rules); no data is read, nothing is written
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir check
  comptoir check --project shop --output json

Every file is listed, right or wrong; of each error the line, key, value found and what is allowed.
Exit code 1: at least one file is wrong. 2: the folder holds no comptoir.toml.")]
pub(crate) struct Check {}

impl Check {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<()> {
        let Checked { files, .. } = Project::read(&context.global.project)?;
        let wrong = files.iter().filter(|(_, v)| v.is_err()).count();
        if context.json() {
            let list: Vec<_> = files.iter().map(|(file, v)| document(file, v)).collect();
            print::json(&serde_json::json!({ "files": list, "wrong": wrong }))?;
        } else {
            show(&files)?;
        }
        if wrong > 0 {
            return Err(Refused(format!("{wrong} of {} files are wrong", files.len())).into());
        }
        Ok(())
    }
}

fn document(file: &Path, verdict: &Verdict) -> serde_json::Value {
    let errors: Vec<String> = match verdict {
        Ok(_) => Vec::new(),
        Err(all) => all.iter().map(ToString::to_string).collect(),
    };
    serde_json::json!({
        "file": file,
        "ok": verdict.is_ok(),
        "what": verdict.as_ref().ok(),
        "error": errors.first(),
        "errors": errors,
    })
}

fn show(files: &[(PathBuf, Verdict)]) -> anyhow::Result<()> {
    let mut table = Table::new(["file", "verdict"]);
    for (file, verdict) in files {
        let says = verdict.as_ref().map_or("WRONG", String::as_str);
        table.row([file.display().to_string(), says.to_owned()]);
    }
    table.print()?;
    for error in files.iter().filter_map(|(_, v)| v.as_ref().err()).flatten() {
        print::line(format!("\nwrong: {error}"))?;
    }
    Ok(())
}
