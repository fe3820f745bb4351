//! `comptoir work`

use crate::context::Context;
use crate::exit::Refused;
use crate::print;
use crate::verbs::serve::stop;
use anyhow::{Context as _, bail};
use factory::Workshop;
use factory::jobs::{Happened, WorkOptions};
use parking_lot::Mutex;
use registry::{Attempt, AttemptState};

/// Do the jobs of the project at their times: imports, trainings, decisions, reviews
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir work           until it is told to stop; comptoir serve does the same beside answering
  comptoir work --once    what is due now and what follows from it, then end: for another scheduler
  comptoir work --ask nightly-import    ask whoever does the jobs to do one at once
  comptoir work --once --ask nightly-import --ask training

A job is a file in jobs/: what is done, when, after what. Of all processes that share a registry
one does the jobs; if it dies, another takes over within twenty seconds and does again what was under way.
Each line that is printed is one attempt that began or ended.
Ctrl-C or SIGTERM stops what is under way; whoever works next begins it again.

Exit code 1, with --once: a job came to nothing.")]
pub(crate) struct Work {
    /// End once nothing is due any more
    #[arg(long)]
    once: bool,
    /// Ask for a job to be done at once; without --once this is all that is done
    #[arg(long, value_name = "JOB")]
    ask: Vec<String>,
}

impl Work {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        if !workshop.works_by_itself() {
            bail!(
                "the project has no job; add a file to jobs/ (comptoir schedule --help shows one)"
            );
        }
        self.note_wishes(context, &workshop).await?;
        if !self.ask.is_empty() && !self.once {
            return Ok(());
        }
        let failed = Mutex::new(Vec::new());
        let json = context.json();
        let tell = |happened: &Happened| {
            if let Happened::Ended(attempt) = happened {
                note(&mut failed.lock(), attempt);
            }
            // A closed standard output does not stop the jobs.
            let _ = match happened {
                Happened::Began(attempt) | Happened::Ended(attempt) if json => {
                    serde_json::to_string(attempt)
                        .map_err(anyhow::Error::from)
                        .and_then(print::line)
                }
                Happened::Leads | Happened::Follows { .. } if json => Ok(()),
                Happened::Leads
                | Happened::Follows { .. }
                | Happened::Began(_)
                | Happened::Ended(_) => print::line(told(happened)),
            };
        };
        let options = WorkOptions {
            program: program()?,
            once: self.once,
        };
        workshop.work(&options, &tell, stop()).await?;
        let failed = failed.into_inner();
        if self.once && !failed.is_empty() {
            let names: Vec<String> = failed
                .into_iter()
                .map(|(job, why)| format!("{job}: {why}"))
                .collect();
            return Err(Refused(names.join("; ")).into());
        }
        Ok(())
    }
}

impl Work {
    /// Notes the jobs that are asked for.
    async fn note_wishes(&self, context: &Context, workshop: &Workshop) -> anyhow::Result<()> {
        let mut wanted = Vec::new();
        for name in &self.ask {
            let Some(job) = workshop.project.jobs.iter().find(|job| job.name == *name) else {
                let names: Vec<&str> = workshop
                    .project
                    .jobs
                    .iter()
                    .map(|job| job.name.as_str())
                    .collect();
                bail!("there is no job {name:?}, allowed is {}", names.join(", "));
            };
            wanted.push(job);
        }
        let now = Context::now();
        for job in wanted {
            workshop
                .registry
                .ask_for_job(&job.name, &job.due(), now)
                .await?;
        }
        if self.ask.is_empty() || self.once {
            return Ok(());
        }
        let leader = workshop.jobs_leader().await?;
        if context.json() {
            return print::json(&serde_json::json!({ "asked": self.ask, "leader": leader }));
        }
        print::line(match leader {
            Some(leader) => format!("process {leader} does it"),
            None => "it is done once comptoir serve or comptoir work runs: nobody does jobs now"
                .to_owned(),
        })
    }
}

/// Keeps the jobs whose last attempt came to nothing.
fn note(failed: &mut Vec<(String, String)>, attempt: &Attempt) {
    failed.retain(|(job, _)| *job != attempt.job);
    match attempt.state {
        AttemptState::Failed | AttemptState::Refused | AttemptState::Lost => {
            failed.push((attempt.job.clone(), attempt.told.clone()));
        }
        AttemptState::Running | AttemptState::Done => {}
    }
}

/// The program that does jobs: this one.
pub(crate) fn program() -> anyhow::Result<std::path::PathBuf> {
    std::env::current_exe().context("find the file of this program, which does the jobs")
}

fn told(happened: &Happened) -> String {
    let now = Context::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    match happened {
        Happened::Leads => format!("{now}  this process does the jobs"),
        Happened::Follows { leader } => {
            format!("{now}  process {leader} does the jobs; this one takes over if it is gone")
        }
        Happened::Began(attempt) => {
            let again = match attempt.number {
                1 => String::new(),
                number => format!(", attempt {number}"),
            };
            let missed = match attempt.missed {
                0 => String::new(),
                1 => ", one time before it was missed".to_owned(),
                missed => format!(", {missed} times before it were missed"),
            };
            let due = attempt.due_at.strftime("%Y-%m-%d %H:%M UTC");
            format!("{now}  {} begins, due {due}{again}{missed}", attempt.job)
        }
        Happened::Ended(attempt) => {
            let seconds = attempt.ended_at.map_or(0.0, |end| {
                end.duration_since(attempt.started_at).as_secs_f64()
            });
            let told = if attempt.told.is_empty() {
                String::new()
            } else {
                format!(": {}", attempt.told)
            };
            format!(
                "{now}  {} {} after {seconds:.1} s{told}",
                attempt.job,
                attempt.state.told()
            )
        }
    }
}

/// Does the jobs beside a server, telling the log.
pub(crate) async fn beside(
    workshop: Workshop,
    options: WorkOptions,
    stop: impl Future<Output = ()>,
) {
    let tell = |happened: &Happened| match happened {
        Happened::Ended(attempt) if attempt.state != AttemptState::Done => {
            tracing::error!(
                job = attempt.job,
                state = attempt.state.told(),
                "{}",
                attempt.told
            );
        }
        Happened::Leads | Happened::Follows { .. } | Happened::Began(_) | Happened::Ended(_) => {
            tracing::info!("{}", told(happened))
        }
    };
    if let Err(error) = workshop.work(&options, &tell, stop).await {
        tracing::error!(
            error = factory::run::one_line(&error),
            "jobs are not done by this process"
        );
    }
}
