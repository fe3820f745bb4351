//! The loop that does jobs at their times: watch who leads, lead if nobody does, begin what is due, note what came of it.

use super::child::{Doing, Ended, Lines};
use super::due::{Known, Standing, is_given_up, standings};
use super::file::Job;
use super::process;
use crate::Workshop;
use crate::incidents::Signal;
use crate::run::one_line;
use jiff::{SignedDuration, Timestamp};
use registry::{AliasChange, Attempt, AttemptState, JobRecord, Leader, NewAttempt, StoreError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What is led.
pub const JOBS: &str = "jobs";

/// Time between two beats of a leader.
const BEAT_EVERY: Duration = Duration::from_secs(2);

/// A leader whose beat stands still for so long, by the clock of who watches, is gone. It stops by itself before: see
/// [`STOPS_AFTER`].
const GONE_AFTER: Duration = Duration::from_secs(15);

/// A leader that could not show for so long that it lives stops what it does.
const STOPS_AFTER: Duration = Duration::from_secs(10);

/// Time between two looks for what is to be told although nothing happened: silence ends, a recipient is back.
const TELLS_EVERY: Duration = Duration::from_secs(60);

/// How long recipients are waited for when the work ends. What they are not told is told by whoever works next.
const LAST_WORDS: Duration = Duration::from_secs(15);

/// How long attempts are kept, but for the last of each job.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Time between two looks for attempts that are too old to keep.
const FORGETS_EVERY: Duration = Duration::from_secs(6 * 3600);

/// How jobs are done.
#[derive(Debug, Clone)]
pub struct WorkOptions {
    /// The program that does them: this one.
    pub program: PathBuf,
    /// Whether to end once nothing is due any more.
    pub once: bool,
}

/// Something that happened, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// This process leads from now on.
    Leads,
    /// Another process leads.
    Follows {
        /// That process.
        leader: String,
    },
    /// An attempt began.
    Began(Attempt),
    /// An attempt ended.
    Ended(Attempt),
}

/// A process that does jobs, or waits to.
struct Worker<'a> {
    workshop: &'a Workshop,
    options: &'a WorkOptions,
    tell: &'a (dyn Fn(&Happened) + Send + Sync),
    holder: String,
    lead: Option<Leader>,
    /// When it last showed that it lives.
    beaten: Instant,
    /// The leader that it watches, and since when that stands still.
    watched: Option<(Option<Leader>, Instant)>,
    /// What tells of incidents, and when that began last.
    telling: Option<(tokio::task::JoinHandle<()>, Instant)>,
    /// Whether something happened that may have to be told.
    untold: bool,
    /// When it last forgot old attempts.
    forgot: Option<Instant>,
    under_way: BTreeMap<String, UnderWay>,
    ends: JoinSet<(String, Ended)>,
}

struct UnderWay {
    attempt: Attempt,
    says: Lines,
    noted: String,
    stop: tokio::sync::oneshot::Sender<()>,
}

impl Workshop {
    /// Does the jobs of the project at their times, if no other process does, until `stop` completes.
    ///
    /// Of all processes that share a registry one leads; what a leader that died had begun is begun again by the next.
    /// What is under way when it is told to stop is stopped, and begun again by whoever leads then.
    ///
    /// A registry that is away for a while is waited for: only an error at the very start ends the work.
    ///
    /// # Errors
    /// [`StoreError`] when the registry cannot be used at the start.
    pub async fn work(
        &self,
        options: &WorkOptions,
        tell: &(dyn Fn(&Happened) + Send + Sync),
        stop: impl Future<Output = ()>,
    ) -> Result<(), StoreError> {
        let mut worker = Worker {
            workshop: self,
            options,
            tell,
            holder: process::name(),
            lead: None,
            beaten: Instant::now(),
            watched: None,
            telling: None,
            untold: true,
            forgot: None,
            under_way: BTreeMap::new(),
            ends: JoinSet::new(),
        };
        worker.look().await?;
        let mut stop = std::pin::pin!(stop);
        loop {
            if options.once && worker.is_idle().await {
                break;
            }
            let patience = worker.patience();
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = worker.ends.join_next() => {
                    if let Ok((job, ended)) = ended {
                        worker.ended(&job, ended).await;
                    }
                }
                () = tokio::time::sleep(patience) => {}
            }
            if let Err(error) = worker.look().await {
                tracing::warn!(error = one_line(&error), "jobs wait for the registry");
                worker.stop_if_unseen().await;
            }
        }
        worker.close().await;
        Ok(())
    }

    /// How every job of the project stands, with its last attempt.
    ///
    /// # Errors
    /// [`StoreError`] when the registry cannot be used.
    pub async fn job_standings(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(&Job, Standing, Option<Attempt>)>, StoreError> {
        let jobs = &self.project.jobs;
        let mut records = Vec::with_capacity(jobs.len());
        for job in jobs {
            records.push(self.registry.job(&job.name, &job.due()).await?);
        }
        let mut known = self.known_jobs(records, now).await?;
        let mut standings = standings(jobs, &known, now, &self.project.time_zone);
        let mut all = Vec::with_capacity(jobs.len());
        for job in jobs {
            let standing = standings.remove(&job.name);
            let last = known.get_mut(&job.name).and_then(|known| known.last.take());
            all.push((
                job,
                standing.unwrap_or(Standing::Rests { next: None }),
                last,
            ));
        }
        Ok(all)
    }

    /// What is known of each job of the project.
    ///
    /// - `records`: what the registry has noted of them, in their order.
    async fn known_jobs(
        &self,
        records: impl IntoIterator<Item = Option<JobRecord>>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Known>, StoreError> {
        let mut all = BTreeMap::new();
        for (job, record) in self.project.jobs.iter().zip(records) {
            let last = self.registry.last_attempt(&job.name, now).await?;
            let ahead = self.registry.attempts_ahead(&job.name, now).await?;
            all.insert(job.name.clone(), Known::of(record, last, ahead));
        }
        Ok(all)
    }

    /// Who does the jobs now, for people; `None` where nobody does.
    ///
    /// # Errors
    /// [`StoreError`] when the registry cannot be used.
    pub async fn jobs_leader(&self) -> Result<Option<String>, StoreError> {
        let leader = self.registry.leader(JOBS).await?;
        let leader = leader.filter(Leader::is_there);
        Ok(leader.map(|leader| process::told(&leader.holder).to_owned()))
    }
}

impl Worker<'_> {
    /// How long nothing has to be looked at: a leader beats, and a job of every minute is not to wait for long.
    fn patience(&self) -> Duration {
        let past = self.beaten.elapsed().min(BEAT_EVERY);
        if self.lead.is_some() {
            (BEAT_EVERY - past).max(Duration::from_millis(50))
        } else {
            BEAT_EVERY
        }
    }

    /// One look at everything.
    async fn look(&mut self) -> Result<(), StoreError> {
        match self.lead.take() {
            Some(lead) => {
                let beaten = self.workshop.registry.beat(&lead).await;
                match beaten {
                    Ok(Some(lead)) => {
                        self.beaten = Instant::now();
                        self.lead = Some(lead);
                    }
                    Ok(None) => {
                        // What is under way is another's by now.
                        tracing::warn!("another process does the jobs from now on");
                        self.stop_all().await;
                        return Ok(());
                    }
                    Err(error) => {
                        self.lead = Some(lead);
                        return Err(error);
                    }
                }
            }
            None => self.would_lead().await?,
        }
        if let Some(lead) = self.lead.clone() {
            self.note_what_is_done().await?;
            self.forget().await?;
            self.tell_of_incidents();
            self.begin_what_is_due(&lead).await?;
        }
        Ok(())
    }

    /// Takes over where nobody leads, or whoever led shows no sign of life.
    async fn would_lead(&mut self) -> Result<(), StoreError> {
        let registry = &self.workshop.registry;
        let found = registry.leader(JOBS).await?;
        let is_free = found
            .as_ref()
            .is_none_or(|found| !found.is_there() || process::is_gone(&found.holder));
        let stands_still = match &self.watched {
            Some((watched, since)) if *watched == found => since.elapsed() >= GONE_AFTER,
            watched => {
                let known = watched.as_ref().and_then(|(leader, _)| leader.as_ref());
                let holder = |leader: &Leader| leader.holder.clone();
                let leader = found.as_ref().map(holder).unwrap_or_default();
                if !is_free && known.map(holder).as_ref() != Some(&leader) {
                    let leader = process::told(&leader).to_owned();
                    (self.tell)(&Happened::Follows { leader });
                }
                self.watched = Some((found.clone(), Instant::now()));
                false
            }
        };
        if !(is_free || stands_still) {
            return Ok(());
        }
        let now = Timestamp::now();
        let taken = registry.take_lead(JOBS, &self.holder, found.as_ref(), now);
        if let Some(lead) = taken.await? {
            self.beaten = Instant::now();
            self.watched = None;
            self.lead = Some(lead);
            (self.tell)(&Happened::Leads);
        }
        Ok(())
    }

    /// Writes down what jobs under way say, so that it can be read elsewhere.
    async fn note_what_is_done(&mut self) -> Result<(), StoreError> {
        for under_way in self.under_way.values_mut() {
            let Some(says) = under_way
                .says
                .last()
                .filter(|says| *says != under_way.noted)
            else {
                continue;
            };
            let registry = &self.workshop.registry;
            registry.attempt_does(&under_way.attempt, &says).await?;
            under_way.noted = says;
        }
        Ok(())
    }

    /// Tells of incidents in a task of its own: a recipient that hangs holds up no job.
    fn tell_of_incidents(&mut self) {
        if let Some((telling, began)) = &self.telling
            && (!telling.is_finished() || !(self.untold || began.elapsed() >= TELLS_EVERY))
        {
            return;
        }
        self.untold = false;
        let workshop = self.workshop.clone();
        let telling = async move {
            say_moved(workshop.watch_champions(Timestamp::now()).await);
            say_moved(workshop.watch_challengers(Timestamp::now()).await);
            if let Err(error) = workshop.tell(Timestamp::now()).await {
                tracing::warn!(error = one_line(&error), "incidents are told later");
            }
        };
        self.telling = Some((tokio::spawn(telling), Instant::now()));
    }

    /// Notes that a job came to nothing, or that it did what it had to.
    async fn note_incident(&mut self, attempt: &Attempt) {
        self.untold = true;
        let jobs = &self.workshop.project.jobs;
        let Some(job) = jobs.iter().find(|job| job.name == attempt.job) else {
            return;
        };
        let cause = format!("job/{}", job.name);
        let signal = match attempt.state {
            AttemptState::Done => None,
            _ if is_given_up(job, attempt) => Some(Signal {
                cause: cause.clone(),
                product: None,
                what: told_of(job, attempt),
                page: "/jobs".to_owned(),
            }),
            // It is tried again: nothing is said yet, and nothing taken back.
            AttemptState::Running
            | AttemptState::Refused
            | AttemptState::Failed
            | AttemptState::Lost => return,
        };
        let signals: Vec<Signal> = signal.into_iter().collect();
        let now = Timestamp::now();
        if let Err(error) = self.workshop.note(&[&cause], &signals, now).await {
            tracing::warn!(
                job = job.name,
                error = one_line(&error),
                "what came of a job is not among the incidents"
            );
        }
    }

    async fn forget(&mut self) -> Result<(), StoreError> {
        if self.forgot.is_some_and(|at| at.elapsed() < FORGETS_EVERY) {
            return Ok(());
        }
        let before = Timestamp::now() - KEPT;
        self.workshop.registry.forget_attempts(before).await?;
        self.forgot = Some(Instant::now());
        Ok(())
    }

    async fn standings(&self, now: Timestamp) -> Result<BTreeMap<String, Standing>, StoreError> {
        let jobs = &self.workshop.project.jobs;
        let due: Vec<_> = jobs
            .iter()
            .map(|job| (job.name.clone(), job.due()))
            .collect();
        let records = self.workshop.registry.note_jobs(&due, now).await?;
        let records = records.into_iter().map(Some);
        let mut known = self.workshop.known_jobs(records, now).await?;
        for name in self.under_way.keys() {
            known.entry(name.clone()).or_default().running = true;
        }
        let zone = &self.workshop.project.time_zone;
        Ok(standings(jobs, &known, now, zone))
    }

    async fn begin_what_is_due(&mut self, lead: &Leader) -> Result<(), StoreError> {
        let at_once = self.workshop.project.file.jobs.at_once;
        if self.under_way.len() >= at_once {
            return Ok(());
        }
        let now = Timestamp::now();
        let standings = self.standings(now).await?;
        for job in &self.workshop.project.jobs {
            if self.under_way.len() >= at_once {
                break;
            }
            let Some(Standing::Due { due_at, missed }) = standings.get(&job.name) else {
                continue;
            };
            let new = NewAttempt {
                job: &job.name,
                due_at: *due_at,
                missed: *missed,
                now,
            };
            let Some(attempt) = self.workshop.registry.begin_attempt(lead, &new).await? else {
                continue;
            };
            (self.tell)(&Happened::Began(attempt.clone()));
            self.start(job, attempt).await;
        }
        Ok(())
    }

    async fn start(&mut self, job: &Job, attempt: Attempt) {
        let project = &self.workshop.project;
        let folder = fs_err::canonicalize(&project.folder);
        let folder = folder.unwrap_or_else(|_| project.folder.clone());
        let zone = &project.time_zone;
        let doing = Doing::start(&self.options.program, &folder, job, &attempt, zone);
        let doing = match doing {
            Ok(doing) => doing,
            Err(error) => {
                let told = format!("its process could not be started: {error}");
                let ended = Ended {
                    state: AttemptState::Failed,
                    told,
                };
                self.note_end(attempt, ended).await;
                return;
            }
        };
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let under_way = UnderWay {
            attempt,
            says: doing.says(),
            noted: String::new(),
            stop,
        };
        let name = job.name.clone();
        self.under_way.insert(name.clone(), under_way);
        self.ends.spawn(async move {
            let ended = doing.end_or_stop(stopped).await;
            (name, ended)
        });
    }

    /// An attempt came to its end.
    async fn ended(&mut self, job: &str, ended: Ended) {
        if let Some(UnderWay { attempt, .. }) = self.under_way.remove(job) {
            self.note_end(attempt, ended).await;
        }
    }

    /// Notes an end; while the registry is away, again and again, for what is not noted is done again.
    async fn note_end(&mut self, attempt: Attempt, ended: Ended) {
        let Ended { state, told } = ended;
        loop {
            let now = Timestamp::now();
            let registry = &self.workshop.registry;
            match registry.end_attempt(&attempt, state, &told, now).await {
                Ok(was_ours) => {
                    if was_ours {
                        let ended = Attempt {
                            ended_at: Some(now.max(attempt.started_at)),
                            state,
                            told,
                            ..attempt
                        };
                        self.note_incident(&ended).await;
                        (self.tell)(&Happened::Ended(ended));
                    }
                    return;
                }
                Err(error) if self.beaten.elapsed() < STOPS_AFTER => {
                    tracing::warn!(
                        job = attempt.job,
                        error = one_line(&error),
                        "what came of a job waits for the registry"
                    );
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                // Another may lead by now, and does it again.
                Err(_) => return,
            }
        }
    }

    /// Whether nothing is under way, due, or about to be tried again, here or in the process that leads.
    async fn is_idle(&self) -> bool {
        if !self.under_way.is_empty() {
            return false;
        }
        match self.standings(Timestamp::now()).await {
            Ok(standings) => standings.values().all(|standing| {
                matches!(standing, Standing::Rests { .. } | Standing::Waits { .. })
            }),
            Err(_) => false,
        }
    }

    /// A leader that has not been seen for long must believe that another leads.
    async fn stop_if_unseen(&mut self) {
        if self.lead.is_some() && self.beaten.elapsed() >= STOPS_AFTER {
            self.lead = None;
            self.stop_all().await;
        }
    }

    /// Stops what is under way.
    async fn stop_all(&mut self) -> Vec<Attempt> {
        let mut stopped = Vec::new();
        for (_, under_way) in std::mem::take(&mut self.under_way) {
            let _ = under_way.stop.send(());
            stopped.push(under_way.attempt);
        }
        while self.ends.join_next().await.is_some() {}
        stopped
    }

    /// Stops, and leaves the rest to whoever leads next.
    async fn close(&mut self) {
        for attempt in self.stop_all().await {
            let ended = Ended {
                state: AttemptState::Lost,
                told: "stopped: the process that does the jobs was told to end".to_owned(),
            };
            self.note_end(attempt, ended).await;
        }
        if self.lead.is_some() && self.untold {
            self.tell_of_incidents();
        }
        if let Some((telling, _)) = self.telling.take() {
            let _ = tokio::time::timeout(LAST_WORDS, telling).await;
        }
        if let Some(lead) = self.lead.take()
            && let Err(error) = self.workshop.registry.stand_down(&lead).await
        {
            tracing::warn!(
                error = one_line(&error),
                "others lead the jobs once they see that this process is gone"
            );
        }
    }
}

/// That a job came to nothing, in a sentence.
fn told_of(job: &Job, attempt: &Attempt) -> String {
    let name = &job.name;
    let how = match (attempt.state, attempt.number) {
        (AttemptState::Refused, _) => "was refused".to_owned(),
        (_, 1) => "failed".to_owned(),
        (_, number) => format!("failed {number} times"),
    };
    let why = match attempt.told.as_str() {
        "" => String::new(),
        told => format!(": {told}"),
    };
    format!("the job {name} {how}{why}")
}

/// Says which versions answer elsewhere than before by themselves, or why that is not looked at for now.
fn say_moved<E: std::error::Error>(moved: Result<Vec<AliasChange>, E>) {
    match moved {
        Ok(moved) => {
            for AliasChange {
                product,
                alias,
                to,
                why,
                ..
            } in moved
            {
                tracing::warn!(product, alias, version = to, why, "moved by itself");
            }
        }
        Err(error) => {
            tracing::warn!(error = one_line(&error), "versions are not watched for now");
        }
    }
}
