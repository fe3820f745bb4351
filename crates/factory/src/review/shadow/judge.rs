//! A challenger that answered well in the shadow answers the shop; one that fails there is taken back.

use super::{InShadow, Shadow, ShadowError, Verdict};
use crate::review::rollback::WHO;
use crate::{CHAMPION, Workshop};
use jiff::Timestamp;
use products::{Product, Promotes};
use registry::{
    AliasChange, AliasError, CHALLENGER, NoteError, PromoteError, Signal, Signature, StoreError,
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
    /// Lets challengers answer the shop whose hours in the shadow are over and who did not fail there, where no person is
    /// to say so (`promotes` of `[retraining]`); and takes back those that fail. What fails is an incident until the next
    /// challenger or champion.
    ///
    /// # Errors
    /// [`WatchChallengersError`] when lake or registry cannot be used.
    pub async fn watch_challengers(
        &self,
        now: Timestamp,
    ) -> Result<Vec<AliasChange>, WatchChallengersError> {
        let mut moved = Vec::new();
        for product in &self.project.products {
            let header = product.header();
            if let Some(of) = self.in_shadow(header).await? {
                moved.extend(self.judge_shadow(product.as_ref(), of, now).await?);
            }
            if header.retraining.shadow_hours.is_some() {
                self.note_failed(&header.name, now).await?;
            }
        }
        Ok(moved)
    }

    async fn judge_shadow(
        &self,
        product: &dyn Product,
        of: InShadow,
        now: Timestamp,
    ) -> Result<Option<AliasChange>, WatchChallengersError> {
        let header = product.header();
        let name = &header.name;
        let snapshot = self.lake.snapshot().await.map_err(ShadowError::from)?;
        let shadow = self.answers_in_shadow(product, of, &snapshot, now).await?;
        let signed = |why| Signature {
            who: WHO,
            why,
            at: now,
        };
        match self.verdict_of(product, &shadow, now).await {
            Verdict::Waits { .. } => Ok(None),
            Verdict::Passed { because } if header.retraining.promotes == Promotes::Gate => {
                let signed = signed(&because);
                let promotion = self
                    .registry
                    .promote(name, of.version, Some(of.shown), signed);
                match promotion.await {
                    Ok(change) => Ok(Some(change)),
                    // The champion was another one when it passed its gate.
                    Err(PromoteError::GateClosed { because, .. }) => {
                        self.take_back(name, of, &because, now).await
                    }
                    Err(PromoteError::Alias(AliasError::Moved { .. })) => Ok(None),
                    Err(other) => Err(other.into()),
                }
            }
            Verdict::Passed { .. } => Ok(None),
            Verdict::Failed { because } => self.take_back(name, of, &because, now).await,
        }
    }

    /// What follows of a shadow. Where no answer is there when its hours are over, the version may be one that cannot
    /// even be loaded.
    async fn verdict_of(&self, product: &dyn Product, shadow: &Shadow, now: Timestamp) -> Verdict {
        if shadow.counts.asked == 0
            && now >= shadow.until
            && let Err(error) = self.version(product, shadow.version).await
        {
            return Verdict::Failed {
                because: crate::run::one_line(&error),
            };
        }
        shadow.verdict.clone()
    }

    /// Points the challenger back to the champion: none waits any more.
    async fn take_back(
        &self,
        name: &str,
        of: InShadow,
        because: &str,
        now: Timestamp,
    ) -> Result<Option<AliasChange>, WatchChallengersError> {
        let why = format!("taken out of the shadow: {because}");
        let signed = Signature {
            who: WHO,
            why: &why,
            at: now,
        };
        let registry = &self.registry;
        let moved = registry.set_alias(name, CHALLENGER, of.shown, Some(of.version), signed);
        match moved.await {
            Ok(change) => Ok(Some(change)),
            // A newer one is trained.
            Err(AliasError::Moved { .. }) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    async fn note_failed(&self, name: &str, now: Timestamp) -> Result<(), WatchChallengersError> {
        let history = self.registry.alias_history(name, CHALLENGER).await?;
        let champion = self.registry.alias(name, CHAMPION).await?;
        let cause = format!("shadow/{name}");
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
