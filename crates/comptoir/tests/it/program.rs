//! Runs the program in a folder of its own.

use std::path::Path;
use std::process::{Command, Output};

/// The program under test.
pub(crate) fn comptoir() -> &'static str {
    env!("CARGO_BIN_EXE_comptoir")
}

/// What a call gave back.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs the program in `folder`.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    Command::new(comptoir())
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("COMPTOIR_PROJECT")
        .output()
        .unwrap()
        .into()
}

/// Runs the program and expects success.
#[track_caller]
pub(crate) fn good(folder: &Path, arguments: &[&str]) -> Ran {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, 0, "comptoir {}: {ran:#?}", arguments.join(" "));
    ran
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The folder of real data, where there is one.
pub(crate) fn real_data(claim: &str) -> Option<String> {
    let folder = std::env::var("COMPTOIR_DATA").ok();
    if folder.is_none() {
        println!("skipped: {claim} needs COMPTOIR_DATA, the folder of real data sets");
    }
    folder
}
