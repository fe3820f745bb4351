//! Challengers step by step: in the shadow, on a share of the customers, for all; those that fail are taken back.

use super::{LATELY, ShadowError, Verdict};
use crate::review::rollback::WHO;
use crate::{CHAMPION, Workshop};
use jiff::Timestamp;
use products::{Product, Promotes};
use registry::{
    AliasChange, AliasError, CHALLENGER, NoteError, PromoteError, Signal, Signature, StoreError,
    TRIAL,
};

/// Why challengers are not judged.
#[derive(Debug, thiserror::Error)]
pub enum WatchChallengersError {
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// What they answered.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
    /// A challenger could not be promoted.
    #[error(transparent)]
    Promote(#[from] PromoteError),
    /// A challenger could not be taken back.
    #[error(transparent)]
    TakeBack(#[from] AliasError),
    /// That it was cannot be noted.
    #[error("note a challenger that failed")]
    Note(#[from] NoteError),
}

impl Workshop {
    /// Takes challengers a step further, where no person is to say so (`promotes` of `[retraining]`): from the shadow to
    /// a share of the customers, where their file asks for a trial, and from there to all. Those that fail are taken
    /// back, which is an incident until the next challenger or champion. One that waits for a person is an incident, too,
    /// so that somebody is told.
    ///
    /// # Errors
    /// [`WatchChallengersError`] when lake or registry cannot be used.
    pub async fn watch_challengers(
        &self,
        now: Timestamp,
    ) -> Result<Vec<AliasChange>, WatchChallengersError> {
        let mut moved = Vec::new();
        for product in &self.project.products {
            let (header, product) = (product.header(), product.as_ref());
            let by_person = header.retraining.promotes == Promotes::Person;
            if !header.retraining.is_tried_first() {
                if by_person {
                    let waits = self.waits(&header.name).await?;
                    let asks =
                        waits.map(|version| asking(&header.name, version, "it passed its gate"));
                    self.note_asking(&header.name, asks, now).await?;
                }
                continue;
            }
            let asks = match self.judge_challenger(product, now).await? {
                Step::Moved(change) => {
                    moved.extend(change);
                    None
                }
                Step::Asks(what) => Some(what),
            };
            self.note_failed(&header.name, now).await?;
            if by_person {
                self.note_asking(&header.name, asks, now).await?;
            }
        }
        Ok(moved)
    }

    async fn judge_challenger(
        &self,
        product: &dyn Product,
        now: Timestamp,
    ) -> Result<Step, WatchChallengersError> {
        let header = product.header();
        let name = &header.name;
        if let Some(trial) = self.trial(product).await? {
            let pair = Pair {
                version: trial.version,
                champion: trial.beside,
            };
            // Another one than before where its file was changed meanwhile.
            self.note_trial_share(name, trial.version, trial.share, WHO, now)
                .await?;
            let moved = match &trial.verdict {
                Verdict::Waits { .. } => None,
                Verdict::Passed { because } => self.promote_it(name, pair, because, now).await?,
                Verdict::Failed { because } => self.take_back(name, pair, because, now).await?,
            };
            return Ok(Step::Moved(moved));
        }
        if let Some(of) = self.in_shadow(header).await? {
            let until = of.until(header);
            let by_itself = header.retraining.promotes == Promotes::Gate;
            let asks = self.asks_already(name, of.version, now).await?;
            // While it goes on, and while a person is asked, only the last hour is looked at: what fails is seen there, and
            // days need not be read again every minute.
            let from = if now >= until && asks.is_none() {
                of.since
            } else {
                now.checked_sub(LATELY)
                    .map_or(of.since, |from| from.max(of.since))
            };
            let snapshot = self.lake.snapshot().await.map_err(ShadowError::from)?;
            let counts = self.counts_in_shadow(header, of, from, &snapshot).await?;
            let pair = Pair {
                version: of.version,
                champion: of.shown,
            };
            // Where no answer is there when its hours are over, it may be a version that cannot even be loaded.
            let loaded = if counts.asked == 0 && now >= until {
                self.version(product, of.version).await.map(drop)
            } else {
                Ok(())
            };
            if let Err(error) = loaded {
                let because = crate::run::one_line(&error);
                let moved = self.take_back(name, pair, &because, now).await?;
                return Ok(Step::Moved(moved));
            }
            let moved = match counts.verdict(header, until, now) {
                Verdict::Passed { because } if by_itself => {
                    if let Some(share) = header.retraining.trial_share {
                        self.begin_trial((name, share), pair, &because, now).await?
                    } else {
                        self.promote_it(name, pair, &because, now).await?
                    }
                }
                Verdict::Passed { because } => {
                    let what = asks.unwrap_or_else(|| asking(name, of.version, &because));
                    return Ok(Step::Asks(what));
                }
                Verdict::Waits { .. } => match asks {
                    Some(what) => return Ok(Step::Asks(what)),
                    None => None,
                },
                Verdict::Failed { because } => self.take_back(name, pair, &because, now).await?,
            };
            return Ok(Step::Moved(moved));
        }
        // Without a shadow the trial begins at once.
        let champion = self.registry.alias(name, CHAMPION).await?;
        let waits = self.waits(name).await?;
        if header.retraining.shadow_hours.is_none()
            && let Some(share) = header.retraining.trial_share
            && let Some((version, champion)) = waits.zip(champion)
        {
            let pair = Pair {
                version,
                champion: champion.version,
            };
            let begun = self.begin_trial((name, share), pair, "it passed its gate", now);
            return Ok(Step::Moved(begun.await?));
        }
        Ok(Step::Moved(None))
    }

    /// Lets a challenger answer all customers, through its gate.
    async fn promote_it(
        &self,
        name: &str,
        pair: Pair,
        because: &str,
        now: Timestamp,
    ) -> Result<Option<AliasChange>, WatchChallengersError> {
        let signed = signed(because, now);
        let champion = Some(pair.champion);
        let promotion = self.registry.promote(name, pair.version, champion, signed);
        match promotion.await {
            Ok(change) => Ok(Some(change)),
            // The champion was another one when it passed its gate.
            Err(PromoteError::GateClosed { because, .. }) => {
                self.take_back(name, pair, &because, now).await
            }
            // Somebody was faster: what they did stands.
            Err(PromoteError::Alias(AliasError::Moved { .. })) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Lets a challenger answer a share of the customers; the share is noted first, so that no answer is of an unknown one.
    async fn begin_trial(
        &self,
        (name, share): (&str, f64),
        pair: Pair,
        because: &str,
        now: Timestamp,
    ) -> Result<Option<AliasChange>, WatchChallengersError> {
        let why = format!("answers a share of {share} of the customers: {because}");
        self.note_trial_share(name, pair.version, share, WHO, now)
            .await?;
        let before = self.registry.alias(name, TRIAL).await?;
        let before = before.map(|before| before.version);
        self.moved(name, TRIAL, pair.version, before, signed(&why, now))
            .await
    }

    /// Points the challenger back to the champion: none waits any more.
    async fn take_back(
        &self,
        name: &str,
        pair: Pair,
        because: &str,
        now: Timestamp,
    ) -> Result<Option<AliasChange>, WatchChallengersError> {
        let why = format!("taken back: {because}");
        let challenger = Some(pair.version);
        self.moved(
            name,
            CHALLENGER,
            pair.champion,
            challenger,
            signed(&why, now),
        )
        .await
    }

    /// Moves an alias, unless somebody else did.
    async fn moved(
        &self,
        name: &str,
        alias: &str,
        to: u32,
        from: Option<u32>,
        signed: Signature<'_>,
    ) -> Result<Option<AliasChange>, WatchChallengersError> {
        match self.registry.set_alias(name, alias, to, from, signed).await {
            Ok(change) => Ok(Some(change)),
            Err(AliasError::Moved { .. } | AliasError::AlreadyThere { .. }) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// What is told of a version that a person is asked to let answer; `None` where nobody is.
    async fn asks_already(
        &self,
        name: &str,
        version: u32,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let (cause, of_version) = (format!("approval/{name}"), waits_for_a_person(version));
        let open = self.registry.incidents(now).await?.into_iter();
        let mut open = open.filter(|incident| incident.closed_at.is_none());
        let asks =
            open.find(|incident| incident.cause == cause && incident.what.starts_with(&of_version));
        Ok(asks.map(|incident| incident.what))
    }

    /// A version that a person is to let answer, as it is told.
    async fn note_asking(
        &self,
        name: &str,
        asks: Option<String>,
        now: Timestamp,
    ) -> Result<(), WatchChallengersError> {
        let cause = format!("approval/{name}");
        let signal = asks.map(|what| Signal {
            cause: cause.clone(),
            product: Some(name.to_owned()),
            what,
            page: format!("/products/{name}/compare"),
        });
        let signals: Vec<Signal> = signal.into_iter().collect();
        self.note(&[&cause], &signals, now).await?;
        Ok(())
    }

    async fn note_failed(&self, name: &str, now: Timestamp) -> Result<(), WatchChallengersError> {
        let history = self.registry.alias_history(name, CHALLENGER).await?;
        let champion = self.registry.alias(name, CHAMPION).await?;
        let cause = format!("challenger/{name}");
        let failed = history.last().filter(|last| {
            last.who == WHO
                && last.from.is_some_and(|from| from > last.to)
                && champion.is_some_and(|champion| champion.version == last.to)
        });
        let signal = failed.map(|last| Signal {
            cause: cause.clone(),
            product: Some(name.to_owned()),
            what: format!("version {} was {}", last.from.unwrap_or_default(), last.why),
            page: format!("/products/{name}"),
        });
        let signals: Vec<Signal> = signal.into_iter().collect();
        self.note(&[&cause], &signals, now).await?;
        Ok(())
    }
}

/// What came of judging a challenger.
enum Step {
    /// It was moved, or nothing is to be done.
    Moved(Option<AliasChange>),
    /// A person is to say whether it answers; how that is told.
    Asks(String),
}

fn waits_for_a_person(version: u32) -> String {
    format!("version {version} waits for a person to let it answer: ")
}

/// How it is told that a version waits for a person.
fn asking(name: &str, version: u32, because: &str) -> String {
    format!(
        "{}{because}; comptoir promote {name} {version}",
        waits_for_a_person(version)
    )
}

/// A challenger and its champion.
#[derive(Debug, Clone, Copy)]
struct Pair {
    version: u32,
    champion: u32,
}

fn signed(why: &str, now: Timestamp) -> Signature<'_> {
    Signature {
        who: WHO,
        why,
        at: now,
    }
}
