//! What a case is, what it is given and what it answers.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::child::ChildUse;
use crate::peer::Peer;

/// A claim that can be run.
#[derive(Debug)]
pub(crate) struct Case {
    /// Name on the command line: lower case with underscores.
    pub(crate) name: &'static str,
    /// What is measured, in a sentence.
    pub(crate) what: &'static str,
    /// Unit of the value.
    pub(crate) unit: &'static str,
    /// What the value must reach, in words.
    pub(crate) bar: &'static str,
    /// Runs it.
    pub(crate) run: fn(&Ctx) -> anyhow::Result<Outcome>,
}

/// How much of a case to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// Seconds: run by every test.
    Small,
    /// What the claim is about.
    Full,
}

/// What a case is given.
#[derive(Debug, Clone)]
pub(crate) struct Ctx {
    pub(crate) size: Size,
    pub(crate) seed: u64,
    pub(crate) data: Option<PathBuf>,
    pub(crate) peers_python: Option<PathBuf>,
}

/// What came out.
#[derive(Debug)]
pub(crate) enum Outcome {
    Measured(Measured),
    /// It could not run here, and why.
    Skipped(&'static str),
}

/// A measured value and what it means.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) value: f64,
    pub(crate) verdict: Verdict,
    pub(crate) peer: Peer,
    /// Which data learnt and which judged.
    pub(crate) split: &'static str,
    /// Further figures, in a sentence.
    pub(crate) note: String,
    /// Time and memory of a child process, where the case measured one instead of itself.
    pub(crate) child: Option<ChildUse>,
}

/// Whether the bar was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Fails,
    /// The small size is too small to judge the claim.
    NotJudged,
}

impl Verdict {
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }

    /// The verdict at full size, and none at the small one.
    pub(crate) fn at_full_size(ctx: &Ctx, holds: bool) -> Self {
        match ctx.size {
            Size::Full => Self::of(holds),
            Size::Small => Self::NotJudged,
        }
    }
}

/// Why cases on real data do not run without it.
pub(crate) const NO_DATA: Outcome = Outcome::Skipped("COMPTOIR_DATA is not set");

impl Ctx {
    /// `small` or `full`, by the size asked.
    pub(crate) fn pick<T>(&self, small: T, full: T) -> T {
        match self.size {
            Size::Small => small,
            Size::Full => full,
        }
    }

    /// The number of the size asked; an environment variable asks for fewer than the full one, which hold no bar.
    pub(crate) fn fewer(&self, variable: &str, small: u64, full: u64) -> u64 {
        let asked = std::env::var(variable).ok();
        let asked = asked.and_then(|n| n.parse().ok());
        self.pick(small, asked.map_or(full, |n: u64| n.min(full)))
    }

    /// A file of the real data, absent when no folder was named.
    pub(crate) fn data_file(&self, path: &str) -> Option<PathBuf> {
        self.data.as_deref().map(|folder| folder.join(path))
    }
}

/// Reads a text file, naming it when that fails.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    fs_err::read_to_string(path).context("read the data of the case")
}
