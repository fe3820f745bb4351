//! Rules that are measured: whom each covers, whether or not it is applied to them.

use super::Rule;
use crate::catalogue::ItemRules;
use crate::condition::{KnownRequest, Verdict};
use crate::facts::{OfferFacts, Request};
use crate::offers::touches_offers;
use std::sync::Arc;

/// Rules of a project that are measured at once at most: what an answer might have been without them is worked out for
/// each way of leaving some of them out.
pub const MEASURED_MAX: usize = 3;

/// A rule that is measured and covers what is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Covering {
    /// Its number, from 0, as [`Request::without`] takes it.
    pub number: usize,
    /// Its name.
    pub rule: Arc<str>,
    /// Share of the customers to whom it is not applied.
    pub share: f64,
}

impl ItemRules {
    /// The measured rules that cover a list: in scope, with a condition that holds for who asks, and that reach an item of
    /// the catalogue, listed or not. [`Request::without`] is not looked at.
    #[must_use]
    pub fn measured_on_lists(&self, request: &Request<'_>) -> Vec<Covering> {
        self.measured(request, |number, rule| {
            let asked = KnownRequest::from(request);
            !rule.is_about_offers()
                && (!rule.is_about_items() || self.reach()[number].items > 0)
                && rule.condition.on_request(&self.evaluator, asked) == Verdict::Applies
        })
    }

    /// The measured rules that cover what a customer is given: in scope, with a condition that holds for one of the offers.
    /// [`Request::without`] is not looked at.
    #[must_use]
    pub fn measured_on_offers(
        &self,
        offers: &[OfferFacts],
        request: &Request<'_>,
    ) -> Vec<Covering> {
        self.measured(request, |_, rule| {
            let asked = KnownRequest::from(request);
            touches_offers(rule) && self.offers_held(rule, offers, asked).next().is_some()
        })
    }

    fn measured(
        &self,
        request: &Request<'_>,
        covers: impl Fn(usize, &Rule) -> bool,
    ) -> Vec<Covering> {
        let numbered = self.rules.iter().enumerate();
        let measured = numbered.filter_map(|(number, rule)| {
            let share = rule.measure_share?;
            let scope = &rule.scope;
            let holds = scope.holds(request.product, request.placement, request.today);
            (holds && covers(number, rule)).then(|| Covering {
                number,
                rule: Arc::clone(&rule.name),
                share,
            })
        });
        measured.collect()
    }
}
