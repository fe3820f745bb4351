//! `comptoir check`

use crate::context::Context;
use crate::exit::Refused;
use crate::print::{self, Table};
use factory::Project;

/// Check every file of the project; nothing is read or written besides
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir check
  comptoir check --project shop --output json

Exit code 1: at least one file is wrong; each is named with line, key, value found and what is allowed.")]
pub(crate) struct Check {}

impl Check {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<()> {
        let (_, checked) = Project::read(&context.global.project)?;
        let wrong = checked
            .files
            .iter()
            .filter(|(_, verdict)| verdict.is_err())
            .count();
        if context.json() {
            let files: Vec<_> = checked
                .files
                .iter()
                .map(|(file, verdict)| {
                    serde_json::json!({
                        "file": file,
                        "ok": verdict.is_ok(),
                        "what": verdict.as_ref().ok(),
                        "error": verdict.as_ref().err().map(ToString::to_string),
                    })
                })
                .collect();
            print::json(&serde_json::json!({ "files": files, "wrong": wrong }))?;
        } else {
            let mut table = Table::new(["file", "verdict"]);
            for (file, verdict) in &checked.files {
                if let Ok(what) = verdict {
                    table.row([file.display().to_string(), what.clone()]);
                }
            }
            table.print()?;
            for error in checked.files.iter().filter_map(|(_, v)| v.as_ref().err()) {
                print::line(format!("\nwrong: {error}"))?;
            }
        }
        if wrong > 0 {
            return Err(Refused(format!(
                "{wrong} of {} files are wrong",
                checked.files.len()
            ))
            .into());
        }
        Ok(())
    }
}
