//! The whole program as its users start it: a child process with its time and memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Verdict};
use crate::child::{ChildUse, measure};
use crate::peer::Peer;

pub(crate) const NO_PROGRAM: Outcome =
    Outcome::Skipped("the program is not built beside this one; run cargo build --release first");

/// Import of two years of invoices.
pub(crate) static UCI_IMPORT: Case = Case {
    name: "uci_import",
    what: "import of two years of a wholesaler's invoices with their contract, both sources, into an empty lake",
    unit: "seconds",
    bar: "≤ 5 s, peak memory ≤ 1 GiB",
    run: uci_import,
};

/// Training of the three kinds on it.
pub(crate) static UCI_RUN: Case = Case {
    name: "uci_run",
    what: "training, measuring and promoting the three kinds on the wholesaler's two years",
    unit: "seconds",
    bar: "≤ 60 s, peak memory ≤ 2 GiB",
    run: uci_run,
};

/// The first command of the README, once built.
pub(crate) static DEMO_ONCE: Case = Case {
    name: "demo_once",
    what: "comptoir demo --once: simulate, import, train, compare, publish",
    unit: "seconds",
    bar: "≤ 90 s",
    run: demo_once,
};

/// The program: named by the environment, or built beside this one.
pub(crate) fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("COMPTOIR_BIN") {
        return Some(PathBuf::from(named));
    }
    let own = std::env::current_exe().ok()?;
    let folder = own.parent()?;
    // Tests lie one folder deeper than programs.
    [folder, folder.parent()?]
        .iter()
        .map(|f| f.join("comptoir"))
        .find(|p| p.is_file())
}

/// A folder that is deleted at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> anyhow::Result<Self> {
        let path =
            std::env::temp_dir().join(format!("comptoir-bench-{name}-{}", std::process::id()));
        fs_err::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs_err::remove_dir_all(&self.0);
    }
}

pub(crate) fn comptoir(program: &Path, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// What a demonstration tells that ends by itself.
///
/// - `more`: further options.
/// - `allowed`: how it may end; 1 where a gate may say no.
pub(crate) fn demonstrated(
    program: &Path,
    shop: &str,
    seed: u64,
    more: &[&str],
    allowed: &[i32],
) -> anyhow::Result<Value> {
    let folder = Folder::new(&format!("{shop}-{seed}"))?;
    let seed = seed.to_string();
    let mut arguments = vec!["demo", "--shop", shop, "--dir", "shop", "--once", "--quiet"];
    arguments.extend(["--output", "json", "--seed", &seed]);
    arguments.extend(more);
    let ran = comptoir(program, &folder.0, &arguments)
        .stdout(Stdio::piped())
        .output()
        .context("start the program")?;
    let code = ran.status.code().unwrap_or(-1);
    ensure!(
        allowed.contains(&code),
        "comptoir {} ended with {code}",
        arguments.join(" ")
    );
    serde_json::from_slice(&ran.stdout).context("read what the demonstration tells")
}

/// Runs the program; 1 is allowed where a gate may say no.
pub(crate) fn ran(
    program: &Path,
    folder: &Path,
    arguments: &[&str],
    allowed: &[i32],
) -> anyhow::Result<ChildUse> {
    let used = measure(&mut comptoir(program, folder, arguments))?;
    let code = used.status.code().unwrap_or(-1);
    ensure!(
        allowed.contains(&code),
        "comptoir {} ended with {code}",
        arguments.join(" ")
    );
    Ok(used)
}

fn measured(
    ctx: &Ctx,
    used: ChildUse,
    seconds_max: f64,
    bytes_max: u64,
    split: &'static str,
    note: String,
) -> Outcome {
    let fits = used.peak_memory_bytes.is_some_and(|b| b <= bytes_max);
    Outcome::Measured(Measured {
        value: used.seconds,
        verdict: Verdict::at_full_size(ctx, used.seconds <= seconds_max && fits),
        peer: Peer::none("the claim is about the program alone"),
        split,
        note,
        child: Some(used),
    })
}

/// A new project of one of the shipped shops.
pub(crate) fn shop(program: &Path, folder: &Folder, name: &str) -> anyhow::Result<PathBuf> {
    ran(program, &folder.0, &["new", "shop", "--shop", name], &[0])?;
    Ok(folder.0.join("shop"))
}

fn uci_import(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.data.is_none() {
        return Ok(NO_DATA);
    }
    let folder = Folder::new("import")?;
    let shop = shop(&program, &folder, "wholesaler")?;
    let used = ran(&program, &shop, &["import", "--quiet"], &[0])?;
    let again = ran(&program, &shop, &["import", "--quiet"], &[0])?;
    let note = format!(
        "1,044,847 rows; importing the same file again: {:.2} s",
        again.seconds
    );
    Ok(measured(ctx, used, 5.0, 1 << 30, "none", note))
}

fn uci_run(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.data.is_none() {
        return Ok(NO_DATA);
    }
    let folder = Folder::new("run")?;
    let shop = shop(&program, &folder, "wholesaler")?;
    ran(&program, &shop, &["import", "--quiet"], &[0])?;
    let products: &[&str] = ctx.pick(
        &["run", "--quiet", "segments"],
        &["run", "--quiet", "for-you", "segments", "value"],
    );
    let used = ran(&program, &shop, products, &[0, 1]).context("run the products")?;
    let gate = match used.status.code() {
        Some(0) => "every version was promoted",
        _ => "the gate kept at least one version from being promoted",
    };
    let note = format!(
        "each kind is trained twice: before the held-out days to be measured, and on everything; {gate}"
    );
    Ok(measured(
        ctx,
        used,
        60.0,
        2 << 30,
        "held out: the last 90 days (value: 120)",
        note,
    ))
}

fn demo_once(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let folder = Folder::new("demo")?;
    let mut arguments = vec!["demo", "--once", "--quiet"];
    arguments.extend(ctx.pick(&["--customers", "600"][..], &[]));
    let used = ran(&program, &folder.0, &arguments, &[0, 1])?;
    Ok(measured(
        ctx,
        used,
        90.0,
        2 << 30,
        "held out: the last 60 days (segments and value: 90)",
        String::new(),
    ))
}
