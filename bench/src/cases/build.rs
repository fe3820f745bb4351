//! What it costs to build the program from nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::program::Folder;
use crate::case::{Case, Ctx, Measured, Outcome, Size, Verdict};
use crate::child::{ChildUse, measure};
use crate::peer::Peer;

/// The first command of the README, up to the program it builds.
pub(crate) static COLD_BUILD: Case = Case {
    name: "cold_build",
    what: "cargo build --release --timings of the default features into an empty target folder, packages already downloaded",
    unit: "minutes",
    bar: "≤ 20 min, and a program of ≤ 120 MB",
    run: cold_build,
};

const SLOWEST: usize = 10;

/// One crate of cargo's timing report.
#[derive(Debug, Deserialize)]
struct Unit {
    name: String,
    target: String,
    duration: f64,
}

/// A program without dependencies: its build takes seconds and is reported as the large one is.
fn smallest(root: &Path) -> anyhow::Result<()> {
    fs_err::create_dir_all(root.join("src"))?;
    fs_err::write(
        root.join("Cargo.toml"),
        "[package]\nname = \"comptoir\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    fs_err::write(root.join("src/main.rs"), "fn main() {}\n")?;
    Ok(())
}

fn cold_build(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let folder = Folder::new("build")?;
    let root = match ctx.size {
        Size::Full => Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        Size::Small => folder.0.join("smallest"),
    };
    if ctx.size == Size::Small {
        smallest(&root)?;
    }
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--timings", "--quiet"])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", &folder.0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let used = measure(&mut cargo)?;
    ensure!(used.status.success(), "cargo ended with {}", used.status);
    let program = folder.0.join("release/comptoir");
    let megabytes = fs_err::metadata(&program)?.len() as f64 / 1e6;
    let report: PathBuf = folder.0.join("cargo-timings/cargo-timing.html");
    let mut units = units(&fs_err::read_to_string(report)?)?;
    units.sort_by(|a, b| b.duration.total_cmp(&a.duration));
    let slowest: Vec<String> = units
        .iter()
        .take(SLOWEST)
        .map(|u| format!("{}{} {:.0} s", u.name, u.target, u.duration))
        .collect();
    let busy: f64 = units.iter().map(|u| u.duration).sum();
    let minutes = used.seconds / 60.0;
    Ok(Outcome::Measured(Measured {
        value: minutes,
        verdict: Verdict::at_full_size(ctx, minutes <= 20.0 && megabytes <= 120.0),
        peer: Peer::none("the claim is about the program alone"),
        split: "none",
        note: format!(
            "program {megabytes:.1} MB; {} units, {:.0} min of work; the {SLOWEST} slowest: {}",
            units.len(),
            busy / 60.0,
            slowest.join(", ")
        ),
        // The compilers' memory is that of cargo's children, which is not seen here.
        child: Some(ChildUse {
            peak_memory_bytes: None,
            ..used
        }),
    }))
}

/// The units in the data that the report draws from.
fn units(report: &str) -> anyhow::Result<Vec<Unit>> {
    let (_, data) = report
        .split_once("const UNIT_DATA = ")
        .context("cargo's report has no UNIT_DATA")?;
    let mut values = serde_json::Deserializer::from_str(data).into_iter::<Vec<Unit>>();
    Ok(values.next().context("UNIT_DATA is empty")??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_of_a_report_are_read() {
        let report = r#"x const UNIT_DATA = [ {"i": 0, "name": "a", "version": "1", "target": " (build)", "duration": 1.5} ];
const CONCURRENCY_DATA = [];"#;
        let read = units(report).unwrap();
        assert_eq!((read[0].name.as_str(), read[0].duration), ("a", 1.5));
        assert_eq!(read[0].target, " (build)");
        assert!(units("nothing").is_err());
    }
}
