//! One run of a case, as it is printed and kept.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Ctx, Outcome, Size, Verdict};
use crate::child::own_peak_memory;
use crate::machine;
use crate::peer::Peer;

/// One line of results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) case: String,
    pub(crate) value: Option<f64>,
    pub(crate) unit: String,
    pub(crate) bar: String,
    /// Whether the bar was reached; absent where it was not judged.
    pub(crate) holds: Option<bool>,
    /// Why the case did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<String>,
    pub(crate) peer: Peer,
    pub(crate) split: String,
    pub(crate) size: String,
    pub(crate) seed: u64,
    pub(crate) machine: String,
    pub(crate) peak_memory_bytes: Option<u64>,
    pub(crate) seconds: f64,
    pub(crate) note: String,
}

/// Runs a case and keeps what it used.
///
/// # Errors
/// Whatever stopped the case.
pub(crate) fn run(case: &Case, ctx: &Ctx) -> anyhow::Result<Record> {
    let began = Instant::now();
    let outcome = (case.run)(ctx)?;
    let mut record = Record {
        case: case.name.to_owned(),
        value: None,
        unit: case.unit.to_owned(),
        bar: case.bar.to_owned(),
        holds: None,
        skipped: None,
        peer: Peer::none("the case was skipped"),
        split: String::new(),
        size: match ctx.size {
            Size::Small => "small".to_owned(),
            Size::Full => "full".to_owned(),
        },
        seed: ctx.seed,
        machine: machine::describe(),
        peak_memory_bytes: own_peak_memory(),
        seconds: began.elapsed().as_secs_f64(),
        note: String::new(),
    };
    match outcome {
        Outcome::Skipped(reason) => record.skipped = Some(reason.to_owned()),
        Outcome::Measured(measured) => {
            record.value = Some(measured.value);
            record.holds = match measured.verdict {
                Verdict::Holds => Some(true),
                Verdict::Fails => Some(false),
                Verdict::NotJudged => None,
            };
            record.peer = measured.peer;
            record.split = measured.split.to_owned();
            record.note = measured.note;
            if let Some(child) = measured.child {
                record.seconds = child.seconds;
                record.peak_memory_bytes = child.peak_memory_bytes;
            }
        }
    }
    Ok(record)
}
