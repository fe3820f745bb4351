//! Jobs that were due, and what came of them.

use crate::leaders::Leader;
use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::{StoreError, Writing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// It is being made.
    Running,
    /// It did what it had to.
    Done,
    /// It did, and the answer is no: the same again would be answered alike.
    Refused,
    /// It did not.
    Failed,
    /// The process that made it is gone.
    Lost,
}

const STATES: [AttemptState; 5] = [
    AttemptState::Running,
    AttemptState::Done,
    AttemptState::Refused,
    AttemptState::Failed,
    AttemptState::Lost,
];

impl AttemptState {
    /// In a word.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }
}

/// What is known of a job beside its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobRecord {
    /// Since when it is due as it is now: what was due before is not made up for.
    pub since: Timestamp,
    /// When somebody asked last for it to be done at once.
    pub asked_at: Option<Timestamp>,
}

/// One try of a job that was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The job.
    pub job: String,
    /// When it was due.
    pub due_at: Timestamp,
    /// 1 for the first try, 2 for the second.
    pub number: u32,
    /// Times that it was due before and nobody was there to do it: they are not made up for one by one.
    pub missed: u32,
    /// When the try began.
    pub started_at: Timestamp,
    /// When it ended, not before it began (a clock may have gone back); `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// How it stands.
    pub state: AttemptState,
    /// What came of it, or why nothing did; while it runs, what it does.
    pub told: String,
}

/// A job that is due, as its leader begins it.
#[derive(Debug, Clone, Copy)]
pub struct NewAttempt<'a> {
    /// The job.
    pub job: &'a str,
    /// When it was due.
    pub due_at: Timestamp,
    /// Times that it was due before, and was not done.
    pub missed: u32,
    /// Now.
    pub now: Timestamp,
}

macro_rules! select_attempts {
    ($tail:literal) => {
        concat!(
            "SELECT job, due_at, number, missed, started_at, ended_at, state, told FROM attempts ",
            $tail
        )
    };
}

impl Registry {
    /// What is known of each job, noting those that are new or whose times have changed. One that was noted by a clock
    /// ahead of this one is noted anew: it would rest until then.
    ///
    /// - `jobs`: names, each with a text that changes when its times do.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn note_jobs(
        &self,
        jobs: &[(String, String)],
        now: Timestamp,
    ) -> Result<Vec<JobRecord>, StoreError> {
        let mut all = Vec::with_capacity(jobs.len());
        for (job, due) in jobs {
            all.push(self.job(job, due).await?);
        }
        // Most looks find all as it was: they need no turn of the writer's.
        let is_so = |known: &Option<JobRecord>| known.is_some_and(|known| known.since <= now);
        if !all.iter().all(is_so) {
            let mut writing = self.store.write().await?;
            for (job, due) in jobs {
                note(&mut writing, job, due, now).await?;
                let sql = "UPDATE jobs SET since = $2 WHERE job = $1 AND since > $2";
                writing.execute(sql, values![job.as_str(), now]).await?;
            }
            writing.commit().await?;
            for ((job, due), known) in jobs.iter().zip(&mut all) {
                *known = self.job(job, due).await?;
            }
        }
        let new = JobRecord {
            since: now,
            asked_at: None,
        };
        Ok(all.into_iter().map(|known| known.unwrap_or(new)).collect())
    }

    /// What is known of a job; `None` where no leader has seen it with these times.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn job(&self, job: &str, due: &str) -> Result<Option<JobRecord>, StoreError> {
        let sql = "SELECT since, asked_at FROM jobs WHERE job = $1 AND due = $2";
        let row = self.store.row(sql, values![job, due]).await?;
        let Some(row) = row else { return Ok(None) };
        let asked_at = match row.maybe_number::<i64>("asked_at")? {
            None => None,
            Some(_) => Some(row.time("asked_at")?),
        };
        Ok(Some(JobRecord {
            since: row.time("since")?,
            asked_at,
        }))
    }

    /// Asks for a job to be done at once, by whoever leads.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn ask_for_job(
        &self,
        job: &str,
        due: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        note(&mut writing, job, due, now).await?;
        let sql = "UPDATE jobs SET asked_at = $2 WHERE job = $1";
        writing.execute(sql, values![job, now]).await?;
        writing.commit().await
    }

    /// Forgets attempts that began before a moment, but for the last one of each job.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn forget_attempts(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "DELETE FROM attempts WHERE started_at < $1 AND state <> 'running' AND due_at < \
                   (SELECT MAX(b.due_at) FROM attempts b WHERE b.job = attempts.job)";
        let forgotten = writing.execute(sql, values![before]).await?;
        writing.commit().await?;
        Ok(forgotten)
    }

    /// Begins an attempt. `None` where the leader leads no longer, or an attempt of the job is running.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn begin_attempt(
        &self,
        lead: &Leader,
        new: &NewAttempt<'_>,
    ) -> Result<Option<Attempt>, StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "SELECT number FROM attempts WHERE job = $1 AND state = 'running'";
        let running = writing.row(sql, values![new.job]).await?;
        if running.is_some() || !leads(&mut writing, lead).await? {
            return Ok(None);
        }
        let sql = "INSERT INTO attempts (job, due_at, number, missed, term, started_at, state, told) \
                   SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, $5, 'running', '' FROM attempts \
                   WHERE job = $1 AND due_at = $2";
        let of = values![new.job, new.due_at, new.missed, lead.term, new.now];
        writing.execute(sql, of).await?;
        let sql = select_attempts!("WHERE job = $1 AND state = 'running'");
        let row = writing.row(sql, values![new.job]).await?;
        let begun = row.as_ref().map(attempt).transpose()?;
        writing.commit().await?;
        Ok(begun)
    }

    /// Notes what a running attempt does.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn attempt_does(&self, of: &Attempt, told: &str) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "UPDATE attempts SET told = $4 WHERE job = $1 AND due_at = $2 AND number = $3 AND state = 'running'";
        let row = values![of.job.as_str(), of.due_at, of.number, told];
        writing.execute(sql, row).await?;
        writing.commit().await
    }

    /// Ends an attempt. Returns whether it was running still: where it was taken for lost, it stays so.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn end_attempt(
        &self,
        of: &Attempt,
        state: AttemptState,
        told: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "UPDATE attempts SET state = $4, told = $5, \
                   ended_at = CASE WHEN started_at > $6 THEN started_at ELSE $6 END \
                   WHERE job = $1 AND due_at = $2 AND number = $3 AND state = 'running'";
        let row = values![
            of.job.as_str(),
            of.due_at,
            of.number,
            state.told(),
            told,
            now
        ];
        let ended = writing.execute(sql, row).await? > 0;
        writing.commit().await?;
        Ok(ended)
    }

    /// The last attempt of a job among those that were due until `now`: one look at an index, since a leader asks every
    /// other second. Others come from a clock that was wrong.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn last_attempt(
        &self,
        job: &str,
        now: Timestamp,
    ) -> Result<Option<Attempt>, StoreError> {
        let sql = select_attempts!(
            "WHERE job = $1 AND due_at <= $2 ORDER BY due_at DESC, number DESC LIMIT 1"
        );
        let row = self.store.row(sql, values![job, now]).await?;
        row.as_ref().map(attempt).transpose()
    }

    /// The last attempt of a job at each of the times after `now`, in their order: there are some where the clock went
    /// back.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn attempts_ahead(
        &self,
        job: &str,
        now: Timestamp,
    ) -> Result<Vec<Attempt>, StoreError> {
        let sql = select_attempts!("WHERE job = $1 AND due_at > $2 ORDER BY due_at, number");
        let rows = self.store.rows(sql, values![job, now]).await?;
        let mut last: Vec<Attempt> = Vec::new();
        for one in rows.iter().map(attempt) {
            let one = one?;
            last.retain(|before| before.due_at != one.due_at);
            last.push(one);
        }
        Ok(last)
    }

    /// The last attempts of all jobs, the last started first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn attempts(&self, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        let sql = select_attempts!("ORDER BY started_at DESC, job LIMIT $1");
        let rows = self.store.rows(sql, values![limit]).await?;
        rows.iter().map(attempt).collect()
    }
}

async fn note(
    writing: &mut Writing<'_>,
    job: &str,
    due: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO jobs (job, due, since) VALUES ($1, $2, $3) ON CONFLICT (job) DO UPDATE \
               SET due = excluded.due, since = excluded.since WHERE jobs.due <> excluded.due";
    writing.execute(sql, values![job, due, now]).await.map(drop)
}

async fn leads(writing: &mut Writing<'_>, lead: &Leader) -> Result<bool, StoreError> {
    let sql = "SELECT term FROM leaders WHERE name = $1 AND holder = $2 AND term = $3";
    let of = values![lead.name.as_str(), lead.holder.as_str(), lead.term];
    Ok(writing.row(sql, of).await?.is_some())
}

fn attempt(row: &Row) -> Result<Attempt, StoreError> {
    let ended_at = match row.maybe_number::<i64>("ended_at")? {
        None => None,
        Some(_) => Some(row.time("ended_at")?),
    };
    let state = row.parsed("state", "running, done, refused, failed or lost", |word| {
        STATES.into_iter().find(|state| state.told() == word)
    })?;
    Ok(Attempt {
        job: row.get("job")?,
        due_at: row.time("due_at")?,
        number: row.number("number")?,
        missed: row.number("missed")?,
        started_at: row.time("started_at")?,
        ended_at,
        state,
        told: row.get("told")?,
    })
}
