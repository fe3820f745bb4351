//! The versions that answer: looked at without waiting, swapped without a failed request.

use factory::review::Drawn;
use factory::{CHAMPION, Workshop};
use features::Purchase;
use parking_lot::RwLock;
use products::{Asked, Product, Recent, Serving, Shop};
use schema::AsOf;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A version joined with the shop, ready to answer.
pub(crate) struct Answering {
    pub(crate) version: u32,
    pub(crate) as_of: AsOf,
    pub(crate) serving: Box<dyn Serving>,
    pub(crate) page: serde_json::Value,
    pub(crate) summary: Vec<String>,
}

/// A challenger that answers a share of the customers.
#[derive(Clone)]
struct OnTrial {
    answering: Arc<Answering>,
    drawn: Drawn,
}

/// One product: its file, the version that answers, and why a newer one does not where that is so.
pub(crate) struct Slot {
    /// Its place among the products of the project.
    pub(crate) place: usize,
    pub(crate) product: Arc<dyn Product>,
    answering: RwLock<Option<Arc<Answering>>>,
    challenger: RwLock<Option<Arc<Answering>>>,
    trial: RwLock<Option<OnTrial>>,
    refused: RwLock<Option<String>>,
}

impl Slot {
    pub(crate) fn name(&self) -> &str {
        &self.product.header().name
    }

    /// The version that answers; the lock is held for the copy of one pointer.
    pub(crate) fn answering(&self) -> Option<Arc<Answering>> {
        self.answering.read().clone()
    }

    /// The version that answers in its shadow, where there is one.
    pub(crate) fn challenger(&self) -> Option<Arc<Answering>> {
        self.challenger.read().clone()
    }

    /// Whether a challenger answers a share of the customers.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.trial.read().is_some()
    }

    /// Who answers a question that `champion` would answer: the challenger on trial, for its share of the customers. Of
    /// unknown visitors each question is drawn by itself, so that both versions answer as many of them.
    pub(crate) fn chosen(&self, champion: &Arc<Answering>, asked: &Asked) -> Arc<Answering> {
        let trial = self.trial.read();
        let Some(trial) = &*trial else {
            return Arc::clone(champion);
        };
        let is_drawn = match &asked.customer_id {
            Some(customer) => trial.drawn.holds(customer.as_str()),
            None => crate::chance::is_drawn(trial.drawn.share),
        };
        Arc::clone(if is_drawn { &trial.answering } else { champion })
    }

    /// Why the champion of the registry does not answer, where it does not.
    pub(crate) fn refused(&self) -> Option<String> {
        self.refused.read().clone()
    }
}

/// All products and the shop they answer for.
pub(crate) struct Live {
    pub(crate) slots: BTreeMap<String, Slot>,
    shop: RwLock<Option<Arc<Shop>>>,
    /// What every shop of this server shares.
    recent: Arc<Recent>,
    problem: RwLock<Option<String>>,
    seen: tokio::sync::Mutex<Seen>,
}

/// What was there at the last look.
#[derive(Default)]
struct Seen {
    stamp: Option<i64>,
    /// Versions of the tables that the shop is made of.
    tables: Vec<(String, u64)>,
}

/// How long the registry may take to say whether anything has changed, before it counts as away: whoever asks whether
/// this server is ready is to learn it soon.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tables that the shop is made of.
const SHOP_TABLES: [&str; 4] = ["sales", "products", "prices", "stock_levels"];

impl Live {
    pub(crate) fn new(workshop: &Workshop) -> Self {
        let slot = |(place, product): (usize, &Arc<dyn Product>)| {
            let slot = Slot {
                place,
                product: Arc::clone(product),
                answering: RwLock::default(),
                challenger: RwLock::default(),
                trial: RwLock::default(),
                refused: RwLock::default(),
            };
            (product.header().name.clone(), slot)
        };
        Self {
            slots: workshop
                .project
                .products
                .iter()
                .enumerate()
                .map(slot)
                .collect(),
            shop: RwLock::default(),
            recent: Arc::default(),
            problem: RwLock::default(),
            seen: tokio::sync::Mutex::default(),
        }
    }

    /// The shop, once there is one.
    pub(crate) fn shop(&self) -> Option<Arc<Shop>> {
        self.shop.read().clone()
    }

    /// Why the last look at the lake or the registry failed, where it did.
    pub(crate) fn problem(&self) -> Option<String> {
        self.problem.read().clone()
    }

    /// A purchase becomes part of the customer's history at once, so that the next answer knows it; one that is older
    /// than the shop's day is among its sales already.
    pub(crate) fn remember(&self, purchase: Purchase) {
        let known_until = self.shop().map_or(i64::MIN, |shop| shop.known_until());
        if purchase.at_seconds >= known_until {
            self.recent.add(purchase);
        }
    }

    /// Looks whether the lake or a champion has changed, and takes over what has.
    ///
    /// A version that cannot be loaded leaves the former one answering and says why.
    pub(crate) async fn refresh(&self, workshop: &Workshop) -> Result<(), RefreshError> {
        let looked = self.look(workshop).await;
        *self.problem.write() = looked.as_ref().err().map(|e| factory::run::one_line(e));
        looked
    }

    async fn look(&self, workshop: &Workshop) -> Result<(), RefreshError> {
        let mut seen = self.seen.lock().await;
        let snapshot = workshop.lake.snapshot().await?;
        let tables: Vec<(String, u64)> = snapshot
            .tables
            .iter()
            .filter(|(name, _)| SHOP_TABLES.contains(&name.as_str()))
            .map(|(name, version)| (name.clone(), *version))
            .collect();
        let new_shop = !tables.is_empty() && (seen.tables != tables || self.shop().is_none());
        if new_shop {
            match workshop.shop_with(Arc::clone(&self.recent)).await {
                Ok(shop) => *self.shop.write() = Some(shop),
                Err(features::LoadError::Empty { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            seen.tables = tables;
        }
        let stamp = tokio::time::timeout(PATIENCE, workshop.registry.alias_stamp());
        let stamp = stamp.await.map_err(|_| RefreshError::Silent)??;
        if new_shop || seen.stamp != Some(stamp) {
            let mut settled = true;
            for (name, slot) in &self.slots {
                settled &= self.take_over(workshop, name, slot, new_shop).await;
                settled &= self.challenge(workshop, name, slot, new_shop).await;
            }
            // Where the registry did not tell, it is asked again at the next look.
            seen.stamp = settled.then_some(stamp);
        }
        if new_shop && let Some(shop) = self.shop() {
            // Now that every version answers for the new shop, nobody looks for what is older than its day.
            self.recent.forget_before(shop.known_until());
        }
        Ok(())
    }

    /// Takes over the champion of a product; false where the registry could not tell which it is.
    async fn take_over(
        &self,
        workshop: &Workshop,
        name: &str,
        slot: &Slot,
        new_shop: bool,
    ) -> bool {
        let Some(shop) = self.shop() else { return true };
        let champion = match workshop.registry.alias(name, CHAMPION).await {
            Ok(champion) => champion.map(|c| c.version),
            Err(error) => {
                *slot.refused.write() = Some(factory::run::one_line(&error));
                return false;
            }
        };
        let Some(version) = champion else { return true };
        if !new_shop && slot.answering().is_some_and(|a| a.version == version) {
            // A newer champion may have been refused meanwhile, and taken back.
            *slot.refused.write() = None;
            return true;
        }
        match attached(workshop, slot, version, shop).await {
            Ok(answering) => {
                *slot.answering.write() = Some(Arc::new(answering));
                *slot.refused.write() = None;
                tracing::info!(product = name, version, "answers from now on");
            }
            Err(why) => {
                tracing::error!(
                    product = name,
                    version,
                    why,
                    "refused; the former version goes on answering"
                );
                *slot.refused.write() = Some(why);
            }
        }
        true
    }

    /// Lets the challenger of a product answer in the shadow, or a share of the customers, where its file asks for that;
    /// false where the registry could not tell which it is.
    async fn challenge(
        &self,
        workshop: &Workshop,
        name: &str,
        slot: &Slot,
        new_shop: bool,
    ) -> bool {
        let header = slot.product.header();
        let asks = &header.retraining;
        if !asks.is_tried_first() {
            return true;
        }
        let Some(shop) = self.shop() else { return true };
        let (Ok(waits), Ok(trial)) = (workshop.waits(name).await, workshop.on_trial(header).await)
        else {
            return false;
        };
        let in_shadow = waits.filter(|_| asks.shadow_hours.is_some() && trial.is_none());
        let Some(version) = trial.map(|trial| trial.version).or(in_shadow) else {
            *slot.challenger.write() = None;
            *slot.trial.write() = None;
            return true;
        };
        // Out of the shadow it goes on as it was loaded there.
        let there = slot
            .challenger()
            .or_else(|| slot.trial.read().as_ref().map(|t| Arc::clone(&t.answering)));
        let there = there.filter(|there| !new_shop && there.version == version);
        if there.is_some() && slot.is_on_trial() == trial.is_some() {
            return true;
        }
        let loaded = match there {
            Some(there) => Ok(there),
            None => attached(workshop, slot, version, shop).await.map(Arc::new),
        };
        match loaded {
            Ok(answering) => {
                let drawn = trial.and_then(|of| of.drawn(header));
                let on_trial = drawn.map(|drawn| OnTrial {
                    answering: Arc::clone(&answering),
                    drawn,
                });
                tracing::info!(
                    product = name,
                    version,
                    on_trial = on_trial.is_some(),
                    "a challenger answers beside the champion"
                );
                *slot.challenger.write() = on_trial.is_none().then_some(answering);
                *slot.trial.write() = on_trial;
            }
            Err(why) => {
                // Whoever judges it finds the same and takes it back.
                tracing::error!(product = name, version, why, "a challenger cannot answer");
                *slot.challenger.write() = None;
                *slot.trial.write() = None;
            }
        }
        true
    }
}

/// A version joined with the shop, or why there is none.
async fn attached(
    workshop: &Workshop,
    slot: &Slot,
    version: u32,
    shop: Arc<Shop>,
) -> Result<Answering, String> {
    let fitted = workshop.version(slot.product.as_ref(), version).await;
    let fitted = fitted.map_err(|error| factory::run::one_line(&error))?;
    let attach = move || Answering {
        version,
        as_of: fitted.as_of(),
        page: fitted.page(),
        summary: fitted.summary(),
        serving: fitted.attach(shop),
    };
    let attached = tokio::task::spawn_blocking(attach).await;
    attached.map_err(|stopped| stopped.to_string())
}

/// Why a look failed; the former state goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error("look at the lake")]
    Lake(#[from] lake::LakeError),
    #[error("read the shop")]
    Shop(#[from] features::LoadError),
    #[error("look at the registry")]
    Registry(#[from] registry::StoreError),
    #[error("look at the registry: it did not answer within {} seconds", PATIENCE.as_secs())]
    Silent,
}
