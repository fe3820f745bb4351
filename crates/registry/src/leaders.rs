//! One leader among several processes, elected without a clock.
//!
//! A leader shows that it lives by counting a number up. Whoever wants to lead watches the number by a clock of its
//! own that only ever goes forward, and takes over once it has stood still for long enough: clocks of machines may
//! differ and jump. Each leader has a term of its own, one above the last; what was begun in an earlier term is lost
//! when a new one begins, in the same change, and can no longer register a version or say that it is done.

use crate::open::Registry;
use crate::rows::{Row, values};
use crate::run_life::interrupt;
use crate::store::StoreError;
use jiff::Timestamp;

/// Who leads, as it was seen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// What is led.
    pub name: String,
    /// The process that leads; empty where the last one has stood down.
    pub holder: String,
    /// Its term, from 1.
    pub term: u64,
    /// A number that grows as long as it lives.
    pub beat: u64,
}

impl Leader {
    /// Whether somebody leads at all.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.holder.is_empty()
    }
}

const SELECT: &str = "SELECT name, holder, term, beat FROM leaders WHERE name = $1";

impl Registry {
    /// Who leads; `None` where nobody ever did.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn leader(&self, name: &str) -> Result<Option<Leader>, StoreError> {
        let row = self.store.row(SELECT, values![name]).await?;
        row.as_ref().map(leader).transpose()
    }

    /// Makes `holder` the leader, if all is still as the caller saw it (`None`: nobody ever led).
    ///
    /// Attempts of earlier terms that were running are lost from here on, and so are their trainings.
    ///
    /// Returns `None` where somebody was faster, or the leader has shown that it lives.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn take_lead(
        &self,
        name: &str,
        holder: &str,
        seen: Option<&Leader>,
        now: Timestamp,
    ) -> Result<Option<Leader>, StoreError> {
        let mut writing = self.store.write().await?;
        let row = writing.row(SELECT, values![name]).await?;
        let found = row.as_ref().map(leader).transpose()?;
        if found.as_ref() != seen {
            return Ok(None);
        }
        let new = Leader {
            name: name.to_owned(),
            holder: holder.to_owned(),
            term: found.map_or(0, |found| found.term) + 1,
            beat: 0,
        };
        let sql = "INSERT INTO leaders (name, holder, term, beat) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, term = excluded.term, \
                   beat = excluded.beat";
        writing
            .execute(sql, values![name, holder, new.term, new.beat])
            .await?;
        // One that has registered its version is ended by the next attempt.
        let sql = "SELECT id, product FROM runs WHERE status = 'running' AND attempt IS NOT NULL \
                   AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.run_id = runs.id) ORDER BY sequence";
        let reason = "interrupted: the process that led the jobs is gone";
        for row in writing.rows(sql, vec![]).await? {
            interrupt(&mut writing, &row, reason, now).await?;
        }
        let sql = "UPDATE attempts SET state = 'lost', ended_at = CASE WHEN started_at > $1 THEN started_at ELSE $1 END, \
             told = $2 WHERE state = 'running'";
        writing.execute(sql, values![now, reason]).await?;
        writing.commit().await?;
        Ok(Some(new))
    }

    /// Shows that a leader lives; `None` where it is no longer the leader and must stop what it does.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn beat(&self, lead: &Leader) -> Result<Option<Leader>, StoreError> {
        let mut writing = self.store.write().await?;
        let sql =
            "UPDATE leaders SET beat = beat + 1 WHERE name = $1 AND holder = $2 AND term = $3";
        let of = values![lead.name.as_str(), lead.holder.as_str(), lead.term];
        let lives = writing.execute(sql, of).await? > 0;
        let row = writing.row(SELECT, values![lead.name.as_str()]).await?;
        writing.commit().await?;
        match row {
            Some(row) if lives => leader(&row).map(Some),
            _ => Ok(None),
        }
    }

    /// Stands down, so that another takes over at once. Nothing happens where it leads no longer.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn stand_down(&self, lead: &Leader) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "UPDATE leaders SET holder = '' WHERE name = $1 AND holder = $2 AND term = $3";
        let of = values![lead.name.as_str(), lead.holder.as_str(), lead.term];
        writing.execute(sql, of).await?;
        writing.commit().await
    }
}

fn leader(row: &Row) -> Result<Leader, StoreError> {
    Ok(Leader {
        name: row.get("name")?,
        holder: row.get("holder")?,
        term: row.number("term")?,
        beat: row.number("beat")?,
    })
}
