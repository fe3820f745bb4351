//! Fits of a search: each is made once, measured, and kept in the registry before the next begins.

use super::SearchError;
use super::halving::{AS_IT_IS, Field, Halt};
use super::plan::{Period, Rung};
use super::told::counted;
use crate::Workshop;
use crate::run::one_line;
use features::History;
use products::Product;
use registry::{SearchedFit, TableVersion};
use schema::Metric;
use schema::progress::Progress;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What came of a fit, as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The first measure of its scorecard.
    Measured(Metric),
    /// None, and why.
    NotMeasured(String),
}

/// The time that a search may take.
pub(super) struct Clock {
    pub(super) began: Instant,
    pub(super) limit: Option<Duration>,
    /// Fits that there must be time for after the next: those of one period until there is something to compare.
    pub(super) fits_after: u32,
    /// Fits that compare the best with the file on all periods.
    pub(super) fits_to_compare: u32,
}

/// The fits of one search.
pub(super) struct Fits<'a> {
    pub(super) workshop: &'a Workshop,
    /// By candidate; why it cannot be one where it cannot.
    pub(super) products: Vec<Result<Arc<dyn Product>, String>>,
    pub(super) periods: &'a [Period],
    pub(super) history: &'a Arc<History>,
    /// Versions of the tables that the kind reads.
    pub(super) inputs: &'a [TableVersion],
    pub(super) seed: u64,
    /// What searches of the product have made before.
    pub(super) kept: BTreeMap<String, SearchedFit>,
    pub(super) clock: Clock,
    pub(super) progress: &'a Arc<dyn Progress>,
    pub(super) known: BTreeMap<(usize, usize), Outcome>,
    /// Of one period: what is known before it, and until its end.
    pub(super) cut: Option<(usize, [Arc<History>; 2])>,
}

impl Fits<'_> {
    /// The key of all that decides what comes of a fit.
    ///
    /// - `product`: of the candidate; its fingerprint is that of the file with the candidate's values in it.
    fn key(&self, product: &dyn Product, period: usize) -> String {
        let header = product.header();
        let of = serde_json::json!({
            "program": env!("CARGO_PKG_VERSION"),
            "product": header.name,
            "kind": header.kind,
            "file": header.fingerprint,
            "inputs": self.inputs,
            "as_of": self.history.as_of(),
            "period": self.periods[period],
            "seed": self.seed,
        });
        schema::config::fingerprint(of.to_string().as_bytes())
    }

    /// How many of the fits that there may be are kept already.
    pub(super) fn made_before(&self, periods: impl Iterator<Item = usize> + Clone) -> usize {
        let products = self.products.iter().flatten();
        let keys = products.flat_map(|product| {
            let periods = periods.clone();
            periods.map(|period| self.key(product.as_ref(), period))
        });
        keys.filter(|key| self.kept.contains_key(key)).count()
    }

    /// What a fit takes, as those that were made did; `None` before the first.
    pub(super) fn usual_duration(&self) -> Option<Duration> {
        let n = u64::try_from(self.kept.len()).ok().filter(|n| *n > 0)?;
        let all: u64 = self.kept.values().map(|fit| fit.duration_ms).sum();
        Some(Duration::from_millis(all / n))
    }

    /// Whether the time is over, what is to be done after choosing counted in.
    fn is_over(&self) -> bool {
        let needed = self.usual_duration().unwrap_or_default() * self.clock.fits_after;
        let limit = self.clock.limit;
        limit.is_some_and(|limit| self.clock.began.elapsed() + needed >= limit)
    }

    /// What is known before a period, and until its end.
    fn cut(&mut self, period: usize) -> [Arc<History>; 2] {
        match &self.cut {
            Some((of, both)) if *of == period => both.clone(),
            Some(_) | None => {
                let Period { from, until } = self.periods[period];
                let both = [from, until].map(|day| Arc::new(self.history.until(day)));
                self.cut = Some((period, both.clone()));
                both
            }
        }
    }

    /// What comes of a candidate on a period: what is kept, or a fit that is kept from then on.
    pub(super) async fn outcome(
        &mut self,
        candidate: usize,
        period: usize,
    ) -> Result<Outcome, Halt<SearchError>> {
        if let Some(known) = self.known.get(&(candidate, period)) {
            return Ok(known.clone());
        }
        let product = match &self.products[candidate] {
            Ok(product) => Arc::clone(product),
            Err(why) => return Ok(Outcome::NotMeasured(why.clone())),
        };
        let key = self.key(product.as_ref(), period);
        let kept = self.kept.get(&key);
        let kept = kept.and_then(|fit| serde_json::from_value(fit.outcome.clone()).ok());
        let outcome = match kept {
            Some(outcome) => outcome,
            None => self.made(product, period, key).await?,
        };
        self.progress.advance(1);
        self.known.insert((candidate, period), outcome.clone());
        Ok(outcome)
    }

    async fn made(
        &mut self,
        product: Arc<dyn Product>,
        period: usize,
        key: String,
    ) -> Result<Outcome, Halt<SearchError>> {
        if self.is_over() {
            return Err(Halt::Over);
        }
        let name = product.header().name.clone();
        let [before, until] = self.cut(period);
        let seed = self.seed;
        let began = Instant::now();
        let fit =
            tokio::task::spawn_blocking(move || measured(product.as_ref(), &before, &until, seed));
        let outcome = fit
            .await
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        let made = SearchedFit {
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            outcome: serde_json::to_value(&outcome).unwrap_or_default(),
        };
        let now = jiff::Timestamp::now();
        let registry = &self.workshop.registry;
        let keeping = registry.keep_searched_fit(&name, &key, &made, now);
        keeping.await.map_err(|e| Halt::Failed(e.into()))?;
        self.kept.insert(key, made);
        Ok(outcome)
    }
}

/// Fits as a training does before it measures, and measures as it does.
fn measured(product: &dyn Product, before: &History, until: &History, seed: u64) -> Outcome {
    let fitted = match product.fit(before, seed) {
        Ok(fitted) => fitted,
        Err(why) => return Outcome::NotMeasured(one_line(&why)),
    };
    let card = fitted.evaluate(until, seed);
    match card.metrics.into_iter().next() {
        None => Outcome::NotMeasured("nothing was measured".to_owned()),
        Some(first) if first.value.point().is_none() => {
            Outcome::NotMeasured(format!("{}: {}", first.name, first.value))
        }
        Some(first) => Outcome::Measured(first),
    }
}

impl Field for Fits<'_> {
    type Error = SearchError;

    async fn measure(
        &mut self,
        candidate: usize,
        period: usize,
    ) -> Result<Option<f64>, Halt<SearchError>> {
        let Outcome::Measured(metric) = self.outcome(candidate, period).await? else {
            return Ok(None);
        };
        if let Some(Outcome::Measured(as_it_is)) = self.known.get(&(AS_IT_IS, period))
            && !metric.is_alike(as_it_is)
        {
            let other = format!("it is measured by another figure, {}", metric.name);
            let known = Outcome::NotMeasured(other);
            self.known.insert((candidate, period), known);
            return Ok(None);
        }
        let point = metric.value.point();
        Ok(point.map(|point| metric.better_by(point, 0.0)))
    }

    fn compared(&mut self) {
        // Now there is a best: what it takes to compare it on all periods is left over.
        self.clock.fits_after = self.clock.fits_to_compare;
    }

    fn begins(&mut self, rung: usize, of: &Rung) {
        let number = rung + 1;
        let candidates = counted(of.candidates, "candidate");
        let periods = counted(of.periods, "period");
        self.progress.note(&format!(
            "rung {number}: {candidates} and the file as it is, on {periods}"
        ));
    }
}
