//! `comptoir schedule`

use crate::context::Context;
use crate::print::{self, Table};
use anyhow::bail;
use factory::jobs::{Job, Standing, is_given_up};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use registry::{Attempt, AttemptState};
use serde_json::json;

/// Show which jobs are due when, what is under way, and what failed lately
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir schedule                  the next 24 hours, and the last failures
  comptoir schedule --hours 168
  comptoir schedule --output json

A job is a file in jobs/, such as jobs/nightly-import.toml:
  does = \"import\"           # or train, decide, review
  owner = \"data team\"
  at = \"30 2 * * *\"         # minute, hour, day, month, day of the week; the shop's clocks
and one that follows it, jobs/nightly-training.toml:
  does = \"train\"
  owner = \"shop team\"
  after = [\"nightly-import\"]
  needed = true             # only what asks for it under [retraining]

comptoir serve or comptoir work does them.")]
pub(crate) struct Schedule {
    /// Hours to look ahead
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8784))]
    hours: u32,
}

/// Times of a job that are listed: one of every minute would fill the screen.
const LISTED_MAX: usize = 5;

/// Attempts that are looked through for failures.
const LOOKED_AT: u32 = 200;

/// Failures that are shown.
const FAILURES_SHOWN: usize = 10;

impl Schedule {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        if workshop.project.jobs.is_empty() {
            bail!(
                "the project has no job; add a file to jobs/ (comptoir schedule --help shows one)"
            );
        }
        let now = Context::now();
        let until = now + SignedDuration::from_hours(i64::from(self.hours));
        let zone = &workshop.project.time_zone;
        let standings = workshop.job_standings(now).await?;
        let leader = workshop.jobs_leader().await?;
        let attempts = workshop.registry.attempts(LOOKED_AT).await?;
        let failures: Vec<&Attempt> = attempts
            .iter()
            .filter(came_to_nothing)
            .take(FAILURES_SHOWN)
            .collect();
        let mut coming: Vec<(Timestamp, &Job)> = standings
            .iter()
            .flat_map(|(job, ..)| {
                let times = job.times(now, until, LISTED_MAX, zone);
                times.into_iter().map(|at| (at, *job))
            })
            .collect();
        coming.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)));
        if context.json() {
            let jobs: Vec<_> = standings.iter().map(document).collect();
            let coming: Vec<_> = coming
                .iter()
                .map(|(at, job)| json!({ "at": at, "job": job.name }))
                .collect();
            return print::json(&json!({
                "at": now, "leader": leader, "jobs": jobs, "coming": coming, "failures": failures,
            }));
        }
        let mut table = Table::new(["job", "does", "when", "now", "last", "owner"]);
        for of in &standings {
            table.row(row(of, zone));
        }
        table.print()?;
        if leader.is_none() {
            print::line("\nnobody does them now: start comptoir serve or comptoir work")?;
        }
        let hours = self.hours;
        print::line(match coming.len() {
            0 => format!("\nnothing has a time of its own in the next {hours} hours"),
            _ => format!("\nthe next {hours} hours"),
        })?;
        for (at, job) in &coming {
            let then = followers(&standings, &job.name);
            print::line(format!("  {}  {}{then}", local(*at, zone), job.name))?;
        }
        if !failures.is_empty() {
            print::line("\nthe last failures")?;
        }
        for attempt in failures {
            let (at, told) = (local(attempt.started_at, zone), &attempt.told);
            print::line(format!(
                "  {at}  {} attempt {} {}: {told}",
                attempt.job,
                attempt.number,
                attempt.state.told()
            ))?;
        }
        Ok(())
    }
}

type Stood<'a> = (&'a Job, Standing, Option<Attempt>);

fn came_to_nothing(attempt: &&Attempt) -> bool {
    match attempt.state {
        AttemptState::Failed | AttemptState::Refused | AttemptState::Lost => true,
        AttemptState::Running | AttemptState::Done => false,
    }
}

/// Jobs that begin once another is done, in the order in which they do.
fn followers(standings: &[Stood<'_>], name: &str) -> String {
    let mut behind = vec![name];
    for (job, ..) in standings {
        let mut before = job.file.after.iter();
        if !job.is_timed() && before.any(|before| behind.contains(&before.as_str())) {
            behind.push(&job.name);
        }
    }
    match &behind[1..] {
        [] => String::new(),
        after => format!(", then {}", after.join(", ")),
    }
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%a %Y-%m-%d %H:%M")
        .to_string()
}

fn told(standing: &Standing, zone: &TimeZone) -> String {
    match standing {
        Standing::Running => "under way".to_owned(),
        Standing::Due { .. } => "due".to_owned(),
        Standing::Retries { at } => {
            format!("again at {}", at.to_zoned(zone.clone()).strftime("%H:%M"))
        }
        Standing::Waits { on } => format!("waits for {}", on.join(", ")),
        Standing::Rests { .. } => "rests".to_owned(),
    }
}

fn row((job, standing, last): &Stood<'_>, zone: &TimeZone) -> [String; 6] {
    let last = match last {
        None => "never done".to_owned(),
        Some(last) => {
            let given_up = if is_given_up(job, last) {
                ", given up"
            } else {
                ""
            };
            let at = local(last.ended_at.unwrap_or(last.started_at), zone);
            let told = match last.told.as_str() {
                "" => String::new(),
                told => format!(": {told}"),
            };
            format!("{} {at}{given_up}{told}", last.state.told())
        }
    };
    [
        job.name.clone(),
        job.file.does.told().to_owned(),
        job.when(),
        told(standing, zone),
        last,
        job.file.owner.clone(),
    ]
}

fn document((job, standing, last): &Stood<'_>) -> serde_json::Value {
    let (now, detail) = match standing {
        Standing::Running => ("running", json!(null)),
        Standing::Due { due_at, missed } => ("due", json!({ "due_at": due_at, "missed": missed })),
        Standing::Retries { at } => ("retries", json!({ "at": at })),
        Standing::Waits { on } => ("waits", json!({ "on": on })),
        Standing::Rests { next } => ("rests", json!({ "next": next })),
    };
    json!({
        "job": job.name, "does": job.file.does, "owner": job.file.owner, "at": job.file.at,
        "after": job.file.after, "when": job.when(), "now": now, "detail": detail, "last": last,
    })
}
