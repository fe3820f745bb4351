//! What is done without a person: how each job stands, what comes next, what failed lately.

use super::format::moment;
use super::french;
use super::messages::Say;
use super::page::{self, Page, Section, Tone, words};
use super::visit::Visit;
use crate::api::Shared;
use crate::charts::Locale;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::State as Of;
use axum::response::Response;
use factory::jobs::{Does, Job, Standing, is_given_up};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use registry::{Attempt, AttemptState};

/// How far ahead times are shown.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Times of a job that are shown: one of every minute would fill the page.
const TIMES_MAX: usize = 3;

/// Attempts that are shown.
const ATTEMPTS_MAX: u32 = 50;

type Stood<'a> = (&'a Job, Standing, Option<Attempt>);

pub(super) async fn show(Of(state): Shared, visit: Visit) -> Response {
    let l = visit.locale;
    let found = body(&state, l).await;
    let found = found.map(|body| Page::new(Say::JobsTitle.text(l), body));
    page::answer(&state, &visit, Section::Review, found)
}

/// How many came to nothing, with a link to all of them; nothing where there is no job.
pub(super) async fn summary(state: &AppState, l: Locale) -> Result<Markup, Problem> {
    if state.workshop.project.jobs.is_empty() {
        return Ok(html! {});
    }
    let stood = standings(state, Timestamp::now()).await?;
    let failed = stood.iter().filter(|of| came_to_nothing(of)).count();
    Ok(html! {
        p {
            a href="/jobs" { (Say::Jobs.text(l)) } " "
            @if failed > 0 { (page::badge(Tone::Bad, &Say::JobsFailed.with(l, &[&failed.to_string()]))) }
            @else { (page::badge(Tone::Good, Say::JobsGood.text(l))) }
        }
    })
}

async fn standings(state: &AppState, now: Timestamp) -> Result<Vec<Stood<'_>>, Problem> {
    let found = state.workshop.job_standings(now).await;
    found.map_err(|error| Problem::internal("read the jobs", &error))
}

fn came_to_nothing((job, _, last): &Stood<'_>) -> bool {
    last.as_ref().is_some_and(|last| is_given_up(job, last))
}

async fn body(state: &AppState, l: Locale) -> Result<Markup, Problem> {
    let say = |s: Say| s.text(l);
    let jobs = &state.workshop.project.jobs;
    if jobs.is_empty() {
        return Ok(html! {
            p.lead { (say(Say::JobsLead)) }
            p { (say(Say::JobsNone)) }
        });
    }
    let now = Timestamp::now();
    let failed = |error| Problem::internal("read the jobs", &error);
    let stood = standings(state, now).await?;
    let registry = &state.workshop.registry;
    let leader = state.workshop.jobs_leader().await.map_err(failed)?;
    let attempts = registry.attempts(ATTEMPTS_MAX).await.map_err(failed)?;
    let heads = [Say::Job, Say::JobWhen, Say::State, Say::JobLast];
    let heads = heads.map(|head| words(head.text(l)));
    let rows: Vec<Vec<Markup>> = stood.iter().map(|of| row(l, of)).collect();
    let coming = coming(state, now);
    Ok(html! {
        p.lead { (say(Say::JobsLead)) }
        p {
            @match &leader {
                Some(leader) => { (Say::JobsLeader.with(l, &[leader])) }
                None => { (page::badge(Tone::Warn, say(Say::JobsNobody))) }
            }
        }
        (page::grid(say(Say::Jobs), &heads, &rows))
        @if !coming.is_empty() {
            section {
                h2 { (say(Say::JobsComing)) }
                ul { @for (at, job) in &coming { li { (page::name(job)) " " (moment(*at)) } } }
            }
        }
        @if !attempts.is_empty() {
            section {
                h2 { (say(Say::JobsAttempts)) }
                (table(l, &attempts))
            }
        }
    })
}

/// The next times, the first one first.
fn coming(state: &AppState, now: Timestamp) -> Vec<(Timestamp, &str)> {
    let project = &state.workshop.project;
    let zone = &project.time_zone;
    let mut coming: Vec<(Timestamp, &str)> = Vec::new();
    for job in &project.jobs {
        let times = job.times(now, now + AHEAD, TIMES_MAX, zone);
        coming.extend(times.into_iter().map(|at| (at, job.name.as_str())));
    }
    coming.sort_unstable();
    coming
}

fn does(l: Locale, does: Does) -> &'static str {
    let say = match does {
        Does::Import => Say::JobImport,
        Does::Train => Say::JobTrain,
        Does::Decide => Say::JobDecide,
        Does::Review => Say::JobReview,
        Does::Report => Say::JobReport,
    };
    say.text(l)
}

fn row(l: Locale, of: &Stood<'_>) -> Vec<Markup> {
    let (job, standing, last) = of;
    let file = &job.file;
    vec![
        html! {
            (page::name(&job.name))
            div.small { (does(l, file.does)) ", " (file.owner) }
        },
        html! {
            @if let Some(at) = &file.at { (page::code(at)) }
            @if !file.after.is_empty() {
                @if file.at.is_some() { ", " }
                (Say::JobAfter.with(l, &[&file.after.join(", ")]))
            }
        },
        html! {
            @match standing {
                Standing::Running => (page::badge(Tone::Quiet, Say::JobRuns.text(l))),
                Standing::Due { .. } => (Say::JobDue.text(l)),
                Standing::Retries { at } => { (Say::JobAgain.text(l)) " " (moment(*at)) }
                Standing::Waits { on } => (Say::JobWaits.with(l, &[&on.join(", ")])),
                Standing::Rests { next } => {
                    @match next {
                        Some(next) => { (Say::JobNext.text(l)) " " (moment(*next)) }
                        None => (Say::JobRests.text(l)),
                    }
                }
            }
        },
        html! {
            @match last {
                Some(last) => {
                    (state_of(l, last.state)) " " (moment(last.ended_at.unwrap_or(last.started_at)))
                    @if !last.told.is_empty() { div.small { (french::marked(l, &last.told)) } }
                }
                None => span.unknown { (Say::JobNever.text(l)) },
            }
        },
    ]
}

fn state_of(l: Locale, state: AttemptState) -> Markup {
    let (tone, say) = match state {
        AttemptState::Running => (Tone::Quiet, Say::JobRuns),
        AttemptState::Done => (Tone::Good, Say::JobDone),
        AttemptState::Refused => (Tone::Bad, Say::JobRefused),
        AttemptState::Failed => (Tone::Bad, Say::JobFailed),
        AttemptState::Lost => (Tone::Warn, Say::JobLost),
    };
    page::badge(tone, say.text(l))
}

fn table(l: Locale, attempts: &[Attempt]) -> Markup {
    let heads = [Say::JobBegan, Say::Job, Say::State, Say::JobTold];
    let heads = heads.map(|head| words(head.text(l)));
    let rows: Vec<Vec<Markup>> = attempts
        .iter()
        .map(|attempt| {
            vec![
                moment(attempt.started_at),
                html! {
                    (page::name(&attempt.job))
                    @if attempt.number > 1 { " " (Say::JobAttempt.with(l, &[&attempt.number.to_string()])) }
                },
                state_of(l, attempt.state),
                html! { (french::marked(l, &attempt.told)) },
            ]
        })
        .collect();
    page::grid(Say::JobsAttempts.text(l), &heads, &rows)
}
