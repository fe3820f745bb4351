//! The versions that answer a batch: the champion, and beside it the challenger on trial, each for its customers as when
//! they are asked about online.

use super::BatchError;
use crate::review::Drawn;
use crate::run::one_line;
use crate::workshop::Workshop;
use products::{Asked, Fitted, Product, Serving, Shop};
use serde::Serialize;
use std::sync::Arc;

/// A challenger on trial, and what it answered of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfTrial {
    /// The challenger.
    pub version: u32,
    /// Questions that it answered; the champion answered the others.
    pub answered: u64,
    /// Why it answered none although it is on trial; absent where it was loaded.
    pub not_loaded: Option<String>,
}

/// Who answers.
pub(super) struct Versions {
    champion: (u32, Box<dyn Serving>),
    trial: Option<Trial>,
}

struct Trial {
    version: u32,
    drawn: Drawn,
    loaded: Result<Box<dyn Serving>, String>,
}

/// Who answers a question.
pub(super) struct Answering<'a> {
    pub(super) version: u32,
    pub(super) serving: &'a dyn Serving,
    pub(super) is_on_trial: bool,
}

impl Versions {
    pub(super) fn champion(&self) -> &dyn Serving {
        self.champion.1.as_ref()
    }

    /// The challenger on trial, before it has answered anything.
    pub(super) fn of_trial(&self) -> Option<OfTrial> {
        self.trial.as_ref().map(|trial| OfTrial {
            version: trial.version,
            answered: 0,
            not_loaded: trial.loaded.as_ref().err().cloned(),
        })
    }

    /// Who answers a question. The holdout stays with the champion's baseline. Of unknown visitors each question is drawn
    /// by its identifier, so that another attempt at the same job asks the same version.
    pub(super) fn of(&self, asked: &Asked, id: &str, held_out: bool) -> Answering<'_> {
        let unit = asked.customer_id.as_ref().map_or(id, |of| of.as_str());
        let trial = self.trial.as_ref().filter(|_| !held_out);
        let drawn = trial.filter(|trial| trial.drawn.holds(unit));
        match drawn.and_then(|trial| Some((trial.version, trial.loaded.as_ref().ok()?))) {
            Some((version, serving)) => Answering {
                version,
                serving: serving.as_ref(),
                is_on_trial: true,
            },
            None => Answering {
                version: self.champion.0,
                serving: self.champion(),
                is_on_trial: false,
            },
        }
    }
}

impl Workshop {
    /// The champion with the challenger that is on trial beside it. Where that cannot be loaded the champion answers all:
    /// whoever judges challengers finds the same and takes it back.
    pub(super) async fn versions(
        &self,
        product: &dyn Product,
        (version, fitted): (u32, Box<dyn Fitted>),
        shop: &Arc<Shop>,
    ) -> Result<Versions, BatchError> {
        let header = product.header();
        let on_trial = self.on_trial(header).await;
        let on_trial = on_trial.map_err(|source| BatchError::Trial {
            product: header.name.clone(),
            source,
        })?;
        let trial = match on_trial.and_then(|of| Some((of.version, of.drawn(header)?))) {
            None => None,
            Some((version, drawn)) => {
                let loaded = self.version(product, version).await;
                let loaded = loaded.map(|fitted| fitted.attach(Arc::clone(shop)));
                Some(Trial {
                    version,
                    drawn,
                    loaded: loaded.map_err(|error| one_line(&error)),
                })
            }
        };
        Ok(Versions {
            champion: (version, fitted.attach(Arc::clone(shop))),
            trial,
        })
    }
}
