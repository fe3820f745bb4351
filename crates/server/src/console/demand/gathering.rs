//! What a version says of all series, gathered once beside the requests.
//!
//! Every series is asked for on a thread that leaves the processors to answers, and what was said is kept until another
//! version answers or the shop knows more. A page waits for it a moment, and goes without where it takes longer.

use crate::live::Answering;
use crate::serve::yield_to_answers;
use parking_lot::Mutex;
use products::Shop;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// Longest time that a page waits.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A shop and a version that answers for it.
#[derive(Debug, Clone)]
pub(in crate::console) struct Pair {
    shop: Weak<Shop>,
    answering: Weak<Answering>,
}

impl Pair {
    pub(in crate::console) fn of(shop: &Arc<Shop>, answering: &Arc<Answering>) -> Self {
        Self {
            shop: Arc::downgrade(shop),
            answering: Arc::downgrade(answering),
        }
    }
}

impl PartialEq for Pair {
    /// The same in memory: what a weak pointer points to is not given to another while it is kept.
    fn eq(&self, other: &Self) -> bool {
        self.shop.ptr_eq(&other.shop) && self.answering.ptr_eq(&other.answering)
    }
}

/// What is being gathered, or is there.
struct Gathering<T> {
    of: Pair,
    found: watch::Receiver<Option<Arc<T>>>,
}

/// By data product, what was gathered last.
pub(in crate::console) struct Gatherings<T>(Mutex<BTreeMap<String, Gathering<T>>>);

impl<T> Default for Gatherings<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Send + Sync + 'static> Gatherings<T> {
    /// What `ask_all` finds of a shop and a version; nothing where it takes longer than a page waits.
    pub(in crate::console) async fn of(
        &self,
        name: &str,
        shop: &Arc<Shop>,
        answering: &Arc<Answering>,
        ask_all: impl FnOnce(&Shop, &Answering) -> Option<T> + Send + 'static,
    ) -> Option<Arc<T>> {
        let of = Pair::of(shop, answering);
        let mut found = {
            let mut kept = self.0.lock();
            match kept.get(name).filter(|kept| kept.of == of) {
                Some(gathering) => gathering.found.clone(),
                None => {
                    let found = gather(Arc::clone(shop), Arc::clone(answering), ask_all);
                    let told = found.clone();
                    kept.insert(name.to_owned(), Gathering { of, found });
                    told
                }
            }
        };
        let there = found.wait_for(Option::is_some);
        let there = tokio::time::timeout(PATIENCE, there).await;
        there.ok()?.ok()?.clone()
    }
}

/// Asks for every series on a thread of its own.
fn gather<T: Send + Sync + 'static>(
    shop: Arc<Shop>,
    answering: Arc<Answering>,
    ask_all: impl FnOnce(&Shop, &Answering) -> Option<T> + Send + 'static,
) -> watch::Receiver<Option<Arc<T>>> {
    let (tell, found) = watch::channel(None);
    let work = move || {
        yield_to_answers();
        // Nobody may be waiting any more.
        let _ = tell.send(ask_all(&shop, &answering).map(Arc::new));
    };
    let thread = std::thread::Builder::new().name("gathering".to_owned());
    if let Err(error) = thread.spawn(work) {
        tracing::warn!(%error, "what a version says of all series cannot be gathered");
    }
    found
}
