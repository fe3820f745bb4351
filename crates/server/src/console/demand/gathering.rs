//! What the forecasts of all series say, gathered once beside the requests.
//!
//! Every series is asked for on a thread that leaves the processors to answers, and what was said is kept until another
//! version answers or the shop knows more. A page waits for it a moment, and goes without where it takes longer.

use super::forecast::Forecast;
use super::history::{Measure, Step};
use super::series::{Grain, Series};
use crate::live::Answering;
use crate::serve::yield_to_answers;
use jiff::Timestamp;
use jiff::civil::Date;
use parking_lot::Mutex;
use products::Shop;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// Longest time that a page waits.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// What the forecasts say, in the order of [`Series::all`].
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) measure: Measure,
    pub(super) step: Option<Step>,
    /// First day of the first period ahead.
    pub(super) from: Date,
    /// Periods ahead.
    pub(super) ahead: usize,
    /// By series, what is expected of all periods; nothing where the version does not say.
    pub(super) expected: Vec<Option<f64>>,
}

/// A shop and a version that answers for it.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    shop: Weak<Shop>,
    answering: Weak<Answering>,
}

impl Pair {
    pub(super) fn of(shop: &Arc<Shop>, answering: &Arc<Answering>) -> Self {
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

/// Forecasts that are being gathered, or that are there.
struct Gathering {
    of: Pair,
    found: watch::Receiver<Option<Arc<Gathered>>>,
}

/// By data product, what was gathered last.
#[derive(Default)]
pub(super) struct Gatherings(Mutex<BTreeMap<String, Gathering>>);

impl Gatherings {
    /// The forecasts of all series; nothing where they take longer than a page waits.
    pub(super) async fn of(
        &self,
        name: &str,
        shop: &Arc<Shop>,
        answering: &Arc<Answering>,
        grain: Grain,
    ) -> Option<Arc<Gathered>> {
        let of = Pair::of(shop, answering);
        let mut found = {
            let mut kept = self.0.lock();
            match kept.get(name).filter(|kept| kept.of == of) {
                Some(gathering) => gathering.found.clone(),
                None => {
                    let found = gather(Arc::clone(shop), Arc::clone(answering), grain);
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
fn gather(
    shop: Arc<Shop>,
    answering: Arc<Answering>,
    grain: Grain,
) -> watch::Receiver<Option<Arc<Gathered>>> {
    let (tell, found) = watch::channel(None);
    let work = move || {
        yield_to_answers();
        // Nobody may be waiting any more.
        let _ = tell.send(ask_all(&shop, &answering, grain).map(Arc::new));
    };
    let thread = std::thread::Builder::new().name("forecasts".to_owned());
    if let Err(error) = thread.spawn(work) {
        tracing::warn!(%error, "the forecasts of all series cannot be gathered");
    }
    found
}

fn ask_all(shop: &Shop, answering: &Answering, grain: Grain) -> Option<Gathered> {
    let now = Timestamp::now();
    let all = Series::all(shop.history.demand(), grain);
    let mut first: Option<Forecast> = None;
    let mut expected = Vec::with_capacity(all.len());
    for series in &all {
        let asked = series.question();
        let decided = asked.and_then(|asked| answering.serving.decide(&asked, now).ok());
        expected.push(decided.as_ref().and_then(Forecast::expected_of));
        if first.is_none() {
            first = decided.as_ref().map(Forecast::of);
        }
    }
    let first = first?;
    Some(Gathered {
        measure: first.measure,
        step: Step::of(&answering.page),
        from: first.periods.first()?.first,
        ahead: first.periods.len(),
        expected,
    })
}
