//! `comptoir check`

use crate::context::Context;
use crate::exit::Refused;
use crate::print::{self, Table};
use anyhow::Context as _;
use decisions::Fired;
use factory::Project;
use factory::project::{Checked, Verdict};
use factory::rules::RulesOnShop;
use std::path::{Path, PathBuf};

/// Check every file of the project (comptoir.toml, sources, experiments, products, whatif, jobs, rules); nothing is written
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir check
  comptoir check --data
  comptoir check --project shop --output json

Every file is listed, right or wrong; of each error the line, key, value found and what is allowed.
Rules that contradict each other by their own examples are noted; that is no error, for an exclusion wins.
Exit code 1: at least one file is wrong. 2: the folder holds no comptoir.toml.")]
pub(crate) struct Check {
    /// Read the lake too: for how many of the shop's customers, products and offers each rule holds, which rules hold
    /// together though they contradict each other, and which conditions name what nobody knows
    #[arg(long)]
    data: bool,
}

impl Check {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let Checked {
            files,
            contradictions,
            ..
        } = Project::read(&context.global.project)?;
        let wrong = files.iter().filter(|(_, v)| v.is_err()).count();
        let on_shop = if self.data && wrong == 0 {
            let workshop = context.workshop().await?;
            let _reading = context.slow("read the shop");
            let read = workshop.rules_on_shop().await;
            Some(read.context("count what the rules do on the shop")?)
        } else {
            None
        };
        let notes: Vec<String> = contradictions.iter().map(ToString::to_string).collect();
        if context.json() {
            let list: Vec<_> = files.iter().map(|(file, v)| document(file, v)).collect();
            print::json(&serde_json::json!({
                "files": list, "wrong": wrong, "notes": notes, "rules": on_shop.as_ref().map(counted),
            }))?;
        } else {
            show(&files)?;
            for note in &notes {
                print::line(format!("\nnote: {note}"))?;
            }
            if let Some(on_shop) = &on_shop {
                show_rules(on_shop)?;
            }
        }
        if wrong > 0 {
            return Err(Refused(format!("{wrong} of {} files are wrong", files.len())).into());
        }
        match on_shop.map(|on_shop| on_shop.wrong.len()) {
            Some(conditions @ 1..) => Err(Refused(format!(
                "{conditions} conditions name what this shop does not know"
            ))
            .into()),
            _ => Ok(()),
        }
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

/// What the rules do on the shop, for a program.
fn counted(on_shop: &RulesOnShop) -> serde_json::Value {
    let fired = on_shop.seen.fired.iter().map(|fired| {
        serde_json::json!({
            "rule": &*fired.rule, "at": fired.at, "over": fired.over.to_string(), "of": fired.of,
            "fires": fired.fires, "unknown": fired.unknown, "measure_share": fired.measure_share,
        })
    });
    let together = on_shop.seen.together.iter().map(|pair| {
        serde_json::json!({
            "pin": &*pair.pin, "exclude": &*pair.exclude, "over": pair.over.to_string(), "of": pair.of,
            "fires": pair.fires, "first": pair.first,
        })
    });
    serde_json::json!({
        "fired": fired.collect::<Vec<_>>(), "together": together.collect::<Vec<_>>(), "wrong": on_shop.wrong,
    })
}

/// What the rules do on the shop, for a person.
fn show_rules(on_shop: &RulesOnShop) -> anyhow::Result<()> {
    let seen = &on_shop.seen;
    if seen.fired.is_empty() && on_shop.wrong.is_empty() {
        return print::line("\nthere are no rules");
    }
    print::line("")?;
    let mut table = Table::new(["rule", "at", "fires for"]);
    for fired in &seen.fired {
        let mut says = format!("{} of {} {}", fired.fires, fired.of, fired.over);
        if fired.unknown > 0 {
            says += &format!(", of {} it is not known", fired.unknown);
        }
        if let Some(share) = fired.measure_share {
            says += &format!(
                "; measured, held out for {:.0} % of the customers",
                100.0 * share
            );
        }
        table.row([fired.rule.to_string(), fired.at.clone(), says]);
    }
    table.print()?;
    // One that depends on what is only known when it is asked may fire then.
    let never = |fired: &&Fired| fired.fires == 0 && (fired.unknown < fired.of || fired.of == 0);
    for fired in seen.fired.iter().filter(never) {
        print::line(format!(
            "\nnote: {}: rule `{}` fires for 0 of {} {}",
            fired.at, fired.rule, fired.of, fired.over
        ))?;
    }
    for pair in &seen.together {
        print::line(format!(
            "\nnote: rule `{}` pins what rule `{}` excludes for {} of {} {}, the first is {}; an exclusion wins",
            pair.pin, pair.exclude, pair.fires, pair.of, pair.over, pair.first
        ))?;
    }
    for wrong in &on_shop.wrong {
        print::line(format!("\nwrong: {wrong}"))?;
    }
    Ok(())
}
