//! A job under way: the program's own command in a process of its own.
//!
//! A training that takes all the memory there is, or never ends, takes nothing with it but itself; and what a job does is
//! what a person would type. The process ends by itself when this one is gone, however that came: its standard input is
//! a pipe from here that closes with us.

use super::file::{Does, Job};
use crate::import::{Committed, ImportOutcome};
use parking_lot::Mutex;
use registry::{Attempt, AttemptState};
use serde_json::Value;
use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::oneshot;

/// How a job came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) state: AttemptState,
    pub(super) told: String,
}

/// The option that makes a process end with the one that started it.
pub const WITH_PARENT: &str = "--with-parent";

/// The option that names the attempt.
pub const ATTEMPT: &str = "--attempt";

/// Lines of the last things said that are kept.
const LINES_KEPT: usize = 20;

/// No more than this of what a command prints is kept: a summary is some thousand bytes.
const PRINTED_MAX: u64 = 16 << 20;

/// The name of an attempt in commands and runs: that of its job and its time. Another try has the same, so that what an
/// earlier one got done is not done twice.
pub(super) fn name_of_attempt(attempt: &Attempt) -> String {
    let due = attempt.due_at.strftime("%Y%m%dT%H%M%S%6f");
    format!("{}-{due}", attempt.job)
}

/// A process that does a job.
#[derive(Debug)]
pub(super) struct Doing {
    child: Child,
    /// Our end of its standard input, which it ends with. Why not left in `child`: to wait for it closes that.
    lifeline: Option<ChildStdin>,
    lines: Arc<Mutex<VecDeque<String>>>,
    said: tokio::task::JoinHandle<()>,
    printed: tokio::task::JoinHandle<Vec<u8>>,
    does: Does,
    minutes_max: u32,
}

impl Doing {
    /// Starts the command of a job.
    pub(super) fn start(
        program: &Path,
        project: &Path,
        job: &Job,
        attempt: &Attempt,
        zone: &jiff::tz::TimeZone,
    ) -> std::io::Result<Self> {
        let mut command = Command::new(program);
        command
            .arg("--project")
            .arg(project)
            .args(["--output", "json", WITH_PARENT, ATTEMPT])
            .arg(name_of_attempt(attempt))
            .args(job.command(attempt.due_at, zone))
            .current_dir(project)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let lifeline = child.stdin.take();
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let said = child
            .stderr
            .take()
            .map(|stderr| listen(stderr, Arc::clone(&lines)));
        let printed = child.stdout.take().map(collect);
        Ok(Self {
            child,
            lifeline,
            lines,
            said: said.unwrap_or_else(|| tokio::spawn(async {})),
            printed: printed.unwrap_or_else(|| tokio::spawn(async { Vec::new() })),
            does: job.file.does,
            minutes_max: job.file.minutes_max,
        })
    }

    /// What it said last: the stage that it is at.
    pub(super) fn says(&self) -> Lines {
        Lines(Arc::clone(&self.lines))
    }

    /// Waits until it has ended, has taken too long and is stopped, or is told to stop.
    pub(super) async fn end_or_stop(mut self, stop: oneshot::Receiver<()>) -> Ended {
        let limit = Duration::from_secs(u64::from(self.minutes_max) * 60);
        let in_time = tokio::time::timeout(limit, self.child.wait());
        let (status, why) = tokio::select! {
            status = in_time => match status {
                Ok(status) => (Some(status), String::new()),
                Err(_) => {
                    let minutes = self.minutes_max;
                    (None, format!("stopped: it had not ended after {minutes} minutes"))
                }
            },
            Ok(()) = stop => (None, "stopped".to_owned()),
        };
        let Some(status) = status else {
            let _ = self.child.kill().await;
            return Ended {
                state: AttemptState::Failed,
                told: why,
            };
        };
        drop(self.lifeline);
        let _ = (&mut self.said).await;
        let printed = (&mut self.printed).await.unwrap_or_default();
        let error = Lines(Arc::clone(&self.lines)).last().unwrap_or_default();
        match status {
            Ok(status) => judge(self.does, status.code(), &printed, &error),
            Err(error) => Ended {
                state: AttemptState::Failed,
                told: format!("its process could not be waited for: {error}"),
            },
        }
    }
}

/// The last lines that a process said.
#[derive(Debug, Clone)]
pub(super) struct Lines(Arc<Mutex<VecDeque<String>>>);

impl Lines {
    pub(super) fn last(&self) -> Option<String> {
        self.0.lock().back().cloned()
    }
}

fn listen(
    stream: impl AsyncRead + Unpin + Send + 'static,
    lines: Arc<Mutex<VecDeque<String>>>,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream).lines();
        // What is no UTF-8 ends the listening, not the job.
        while let Ok(Some(line)) = reader.next_line().await {
            if line.trim().is_empty() {
                continue;
            }
            let mut kept = lines.lock();
            kept.push_back(line);
            if kept.len() > LINES_KEPT {
                kept.pop_front();
            }
        }
    })
}

fn collect(stream: impl AsyncRead + Unpin + Send + 'static) -> tokio::task::JoinHandle<Vec<u8>> {
    tokio::spawn(async move {
        let mut printed = Vec::new();
        let mut stream = stream;
        let _ = (&mut stream)
            .take(PRINTED_MAX)
            .read_to_end(&mut printed)
            .await;
        // What is beyond is read all the same: a full pipe would hold the process up for ever.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        printed
    })
}

/// What an exit code means for a job: that a version does not pass its gate, or a promise is broken, is what a training or
/// a review is to find out; that an import is refused keeps back what comes after it.
fn judge(does: Does, code: Option<i32>, printed: &[u8], error: &str) -> Ended {
    let summary = || summary(does, printed);
    let failed = |told: String| Ended {
        state: AttemptState::Failed,
        told,
    };
    match (code, does) {
        (Some(0), _) | (Some(1), Does::Train | Does::Review) => Ended {
            state: AttemptState::Done,
            told: summary(),
        },
        (Some(1), Does::Import | Does::Decide | Does::Report) => Ended {
            state: AttemptState::Refused,
            told: error.to_owned(),
        },
        (Some(_), _) if !error.is_empty() => failed(error.to_owned()),
        (Some(code), _) => failed(format!("it ended with code {code} and said nothing")),
        (None, _) => failed("its process was killed".to_owned()),
    }
}

/// What was done, in a line.
fn summary(does: Does, printed: &[u8]) -> String {
    let Ok(document) = serde_json::from_slice::<Value>(printed) else {
        return String::new();
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all: Vec<String> = match does {
        Does::Import => match serde_json::from_value::<ImportOutcome>(document) {
            Ok(outcome) if outcome.committed == Committed::NothingNew => {
                vec!["no file is new or changed".to_owned()]
            }
            Ok(outcome) => {
                let reports = || outcome.sources.iter().filter_map(|of| of.report.as_ref());
                let accepted: u64 = reports().map(|report| report.rows_accepted).sum();
                let aside: u64 = reports().map(|report| report.rows_quarantined).sum();
                vec![format!("{accepted} rows accepted"), format!("{aside} set aside")]
            }
            Err(_) => Vec::new(),
        },
        Does::Train => list(&document)
            .iter()
            .map(|of| {
                let (product, version) = (text(&of["product"]), &of["version"]);
                match (of["promoted"].as_bool(), of["not_needed"].as_str()) {
                    (Some(true), _) => format!("{product} version {version} answers"),
                    (Some(false), _) if of["waits_for"] == "person" => {
                        format!("{product} version {version} waits for `comptoir promote {product} {version}`")
                    }
                    (Some(false), _) if of["waits_for"] == "shadow" => {
                        format!("{product} version {version} answers in the shadow first")
                    }
                    (Some(false), _) if of["waits_for"] == "trial" => {
                        format!("{product} version {version} answers a share of the customers first")
                    }
                    (Some(false), _) => format!("{product} version {version} does not pass its gate"),
                    (None, Some(why)) => format!("{product} not trained: {why}"),
                    (None, None) => format!("{product} not trained: {}", text(&of["error"])),
                }
            })
            .collect(),
        Does::Decide if document["done_before"] == true => {
            vec!["decided in an earlier attempt".to_owned()]
        }
        Does::Decide => {
            let trial = &document["trial"];
            let of_trial = || {
                let version = &trial["version"];
                trial["not_loaded"].as_str().map_or_else(
                    || format!("{} of them by version {version} on trial", trial["answered"]),
                    |why| format!("version {version} on trial cannot be loaded: {why}"),
                )
            };
            let counts = [
                format!("{} questions", document["questions"]),
                format!("{} answered", document["answered"]),
            ];
            counts
                .into_iter()
                .chain(trial.is_object().then(of_trial))
                .collect()
        }
        Does::Report => vec![format!(
            "{} version {}: {}",
            text(&document["product"]),
            document["version"],
            text(&document["file"])
        )],
        Does::Review => {
            let products = list(&document["review"]["products"]);
            let of = |state: &str| {
                let of_state = products.iter().filter(|of| of["state"] == state);
                of_state.map(|of| text(&of["name"])).collect::<Vec<_>>()
            };
            let (broken, at_risk) = (of("broken"), of("at_risk"));
            let mut all = vec![match products.len() {
                1 => "1 data product".to_owned(),
                all => format!("{all} data products"),
            }];
            all.extend(list(&document["moved"]).iter().map(|of| {
                format!("{} version {} answers again", text(&of["product"]), of["to"])
            }));
            if !broken.is_empty() {
                all.push(format!("promises broken by {}", broken.join(", ")));
            }
            if !at_risk.is_empty() {
                all.push(format!("at risk: {}", at_risk.join(", ")));
            }
            all
        }
    };
    all.join("; ")
}
