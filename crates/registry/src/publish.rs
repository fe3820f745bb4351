//! Publishing: a version is registered, goes as far as its gate lets it, and its run ends, all at once. A process that
//! is killed leaves a run without a version, or all of it.

use crate::aliases::{CHALLENGER, CHAMPION, Cause, Signature};
use crate::artefact::sha256_hex;
use crate::moves::{AliasError, Move};
use crate::open::Registry;
use crate::promotion::{PromoteError, scorecard};
use crate::rows::values;
use crate::run_life::{EndRunError, end};
use crate::runs::{Outcome, RunCost};
use crate::store::StoreError;
use crate::versions::{NewVersion, RegisterError, VersionRecord, check, register};
use schema::scorecard::Gate;

/// What is published.
#[derive(Debug, Clone, Copy)]
pub enum Made<'a> {
    /// What a training hands over.
    Now(&'a NewVersion<'a>),
    /// A version that was registered, and whose run has not ended.
    Before(&'a VersionRecord),
}

/// How far a version came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the champion.
    Champion,
    /// It is the challenger: something else lets it answer.
    Challenger,
    /// Its gate is closed.
    Refused,
}

/// A version that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub number: u32,
    /// How far it came.
    pub place: Place,
    /// What the gate said.
    pub because: String,
}

/// Why nothing is published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The version is not registered.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// It cannot be judged, or its alias cannot be moved.
    #[error(transparent)]
    Promote(#[from] PromoteError),
    /// Its run cannot end.
    #[error(transparent)]
    End(#[from] EndRunError),
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        Self::Promote(error.into())
    }
}

impl From<AliasError> for PublishError {
    fn from(error: AliasError) -> Self {
        Self::Promote(error.into())
    }
}

impl Registry {
    /// Registers what was made, makes it champion or challenger where its scorecard opens the gate
    /// ([`schema::Scorecard::gate`]) beside the champion's, and ends its run, in one transaction.
    ///
    /// - `waits`: whether a version that passes its gate becomes challenger, by the champion that there is.
    ///
    /// # Errors
    /// [`PublishError`] says what stands against it; then nothing is changed.
    pub async fn publish(
        &self,
        made: Made<'_>,
        waits: impl FnOnce(Option<u32>) -> bool + Send,
        signed: Signature<'_>,
        cost: RunCost,
    ) -> Result<Published, PublishError> {
        let sha256 = match made {
            Made::Now(new) => {
                check(new)?;
                // Hashed before the lock is taken: nobody waits for it.
                sha256_hex(new.artefact)
            }
            Made::Before(_) => String::new(),
        };
        let mut writing = self.store.write().await?;
        let record = match made {
            Made::Now(new) => register(&mut writing, new, &sha256).await?,
            Made::Before(record) => record.clone(),
        };
        let (product, number) = (record.product.as_str(), record.number);
        let sql = "SELECT number FROM aliases WHERE product = $1 AND alias = $2";
        let mut at = [None; 2];
        for (found, alias) in at.iter_mut().zip([CHAMPION, CHALLENGER]) {
            let row = writing.row(sql, values![product, alias]).await?;
            *found = row.map(|row| row.number("number")).transpose()?;
        }
        let [champion, challenger] = at;
        let (place, because) = if champion == Some(number) {
            let because = "it passed its gate in an earlier attempt".to_owned();
            (Place::Champion, because)
        } else {
            let card = scorecard(&mut writing, product, number, number).await?;
            let beside = match champion {
                Some(of) => scorecard(&mut writing, product, number, of).await?,
                None => None,
            };
            match card.map(|card| card.gate(beside.as_ref())) {
                Some(Gate::Closed { because }) => (Place::Refused, because),
                Some(Gate::Open { because }) if waits(champion) => (Place::Challenger, because),
                Some(Gate::Open { because }) => {
                    let why = format!("{}: {because}", signed.why);
                    (Place::Champion, why)
                }
                None => (Place::Champion, signed.why.to_owned()),
            }
        };
        let change = match place {
            Place::Champion => Some((CHAMPION, champion, Cause::Promoted, because.as_str())),
            Place::Challenger => Some((CHALLENGER, challenger, Cause::Chosen, signed.why)),
            Place::Refused => None,
        };
        if let Some((alias, expected_current, cause, why)) = change
            && expected_current != Some(number)
        {
            let change = Move {
                product,
                alias,
                to: number,
                expected_current,
                cause,
            };
            change
                .apply(&mut writing, Signature { why, ..signed })
                .await?;
        }
        let outcome = match place {
            Place::Champion | Place::Challenger => Outcome::Done,
            Place::Refused => Outcome::Refused {
                reason: because.clone(),
            },
        };
        let ended = outcome.words();
        end(
            &mut writing,
            &record.run,
            ended,
            Some(&record.scorecard),
            cost,
        )
        .await?;
        writing.commit().await?;
        Ok(Published {
            number,
            place,
            because,
        })
    }
}
