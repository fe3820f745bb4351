//! The same task done by another tool: a Python script that prints one line of JSON.

use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::case::Ctx;

/// What a peer reached, or why it was not asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Peer {
    /// Measured here by the script.
    Measured(PeerValue),
    /// There is nothing to compare with, and why.
    Absent(String),
}

/// The line a script prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeerValue {
    pub(crate) name: String,
    pub(crate) version: String,
    /// In the unit of the case.
    pub(crate) value: f64,
    /// Time of the peer's own work, without its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<f64>,
    /// Further figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

impl Peer {
    /// No peer does this task.
    pub(crate) fn none(why: &str) -> Self {
        Self::Absent(why.to_owned())
    }

    /// Runs `bench/peers/<script>` with the interpreter named, when one is.
    ///
    /// Whatever goes wrong there is the reason of its absence, never a failure of the case.
    pub(crate) fn ask(ctx: &Ctx, script: &str, arguments: &[&str]) -> Self {
        let Some(python) = &ctx.peers_python else {
            return Self::none("COMPTOIR_PEERS_PYTHON is not set");
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("peers")
            .join(script);
        let mut command = Command::new(python);
        command.arg(path).args(arguments);
        if let Some(folder) = &ctx.data {
            command.env("COMPTOIR_DATA", folder);
        }
        match command.output() {
            Err(error) => Self::Absent(format!("{} did not start: {error}", python.display())),
            Ok(output) if !output.status.success() => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().last().unwrap_or("nothing").to_owned();
                Self::Absent(format!("{script} failed: {last}"))
            }
            Ok(output) => Self::read(script, &String::from_utf8_lossy(&output.stdout)),
        }
    }

    fn read(script: &str, printed: &str) -> Self {
        let line = printed.trim().lines().last().unwrap_or_default();
        match serde_json::from_str(line) {
            Ok(value) => Self::Measured(value),
            Err(error) => Self::Absent(format!("{script} printed `{line}`: {error}")),
        }
    }

    /// For the table: name, version and value, or a dash.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Measured(peer) => format!(
                "{} {}: {}",
                peer.name,
                peer.version,
                crate::results::number(peer.value)
            ),
            Self::Absent(_) => "–".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_and_nonsense_is_an_absence_with_its_reason() {
        let said = "warning\n{\"name\": \"x\", \"version\": \"1\", \"value\": 2.5}\n";
        assert!(matches!(
            Peer::read("s.py", said),
            Peer::Measured(PeerValue { value: 2.5, .. })
        ));
        let Peer::Absent(reason) = Peer::read("s.py", "oops") else {
            panic!("not JSON")
        };
        assert!(reason.contains("s.py") && reason.contains("oops"));
    }
}
