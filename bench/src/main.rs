//! Every claim about Comptoir as a named case: `target/release/bench --list`.

mod case;
mod cases;
mod child;
mod http;
mod machine;
mod peer;
mod record;
mod results;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use clap::Parser;

use crate::case::{Case, Ctx, Size};
use crate::cases::CASES;
use crate::record::Record;

/// Runs benchmark cases; prints one line of JSON for each.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Cases to run, by name.
    cases: Vec<String>,
    /// Run every case.
    #[arg(long, conflicts_with = "cases")]
    all: bool,
    /// List the cases and what each claims.
    #[arg(long)]
    list: bool,
    /// Run the small size: seconds, for tests.
    #[arg(long)]
    small: bool,
    /// Write `bench/results/<date>.jsonl` and the table of `bench/README.md`.
    #[arg(long, conflicts_with = "small")]
    save: bool,
    /// Seed of everything drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder of the real data; cases that need it are skipped without.
    #[arg(long, env = "COMPTOIR_DATA")]
    data: Option<PathBuf>,
    /// Python interpreter that has the peers; without it a case reports the product's side only.
    #[arg(long, env = "COMPTOIR_PEERS_PYTHON")]
    peers_python: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked; whether every claim judged holds.
fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    if arguments.list {
        for case in CASES {
            say(&format!(
                "{}\n    {}\n    bar: {}",
                case.name, case.what, case.bar
            ));
        }
        return Ok(true);
    }
    let asked = asked(arguments)?;
    let mut records = Vec::new();
    for case in &asked {
        // A process per case: the peak memory of one must not hide in that of another.
        let record = if asked.len() == 1 {
            here(case, arguments)?
        } else {
            apart(case, arguments)?
        };
        say(&serde_json::to_string(&record)?);
        records.push(record);
    }
    if arguments.save {
        results::save(&records, &jiff::Zoned::now().date())?;
    }
    Ok(records.iter().all(|record| record.holds != Some(false)))
}

fn asked(arguments: &Arguments) -> anyhow::Result<Vec<&'static Case>> {
    if arguments.all {
        return Ok(CASES.to_vec());
    }
    if arguments.cases.is_empty() {
        bail!("no case named; name some, or give --all or --list");
    }
    let find = |name: &String| {
        CASES
            .iter()
            .copied()
            .find(|case| case.name == name)
            .with_context(|| {
                let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
                format!("no case `{name}`; there are {}", names.join(", "))
            })
    };
    arguments.cases.iter().map(find).collect()
}

fn here(case: &Case, arguments: &Arguments) -> anyhow::Result<Record> {
    let ctx = Ctx {
        size: if arguments.small {
            Size::Small
        } else {
            Size::Full
        },
        seed: arguments.seed,
        data: arguments.data.clone(),
        peers_python: arguments.peers_python.clone(),
    };
    record::run(case, &ctx).with_context(|| format!("case `{}`", case.name))
}

fn apart(case: &Case, arguments: &Arguments) -> anyhow::Result<Record> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg(case.name)
        .args(["--seed", &arguments.seed.to_string()]);
    command.args(arguments.small.then_some("--small"));
    for (option, path) in [
        ("--data", &arguments.data),
        ("--peers-python", &arguments.peers_python),
    ] {
        if let Some(path) = path {
            command.arg(option).arg(path);
        }
    }
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    let line = String::from_utf8(output.stdout)?;
    serde_json::from_str(line.trim())
        .with_context(|| format!("case `{}` printed `{}`", case.name, line.trim()))
}

#[expect(clippy::print_stdout, reason = "the one door to the terminal")]
fn say(line: &str) {
    println!("{line}");
}

fn say_error(line: &str) {
    use std::io::Write;
    // Nothing can be done about a closed terminal.
    let _ = writeln!(std::io::stderr(), "bench failed: {line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Ctx {
        Ctx {
            size: Size::Small,
            seed: 1,
            data: std::env::var_os("COMPTOIR_DATA").map(PathBuf::from),
            peers_python: None,
        }
    }

    #[test]
    fn cases_are_sorted_and_named_once() {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        for case in CASES {
            assert!(
                !case.what.is_empty() && !case.bar.is_empty() && !case.unit.is_empty(),
                "{}",
                case.name
            );
            assert!(
                case.name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            );
        }
    }

    #[test]
    fn every_case_runs_small_and_none_breaks_its_claim() {
        for case in CASES {
            let record = record::run(case, &small())
                .unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
            if let Some(reason) = &record.skipped {
                println!("{} skipped: {reason}", case.name);
            } else {
                println!(
                    "{} in {:.1} s: {:?}",
                    case.name, record.seconds, record.value
                );
                assert!(record.value.is_some(), "{}", case.name);
            }
            assert_ne!(record.holds, Some(false), "{record:?}");
        }
    }
}
