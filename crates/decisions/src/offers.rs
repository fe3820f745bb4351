//! Offers: to whom one may be given, and what the rules say of each for a customer.

use crate::catalogue::ItemRules;
use crate::condition::{self, Condition, Evaluator, KnownOffer, KnownRequest, Verdict};
use crate::facts::{CustomerFacts, OfferFacts, Request};
use crate::rules::{Action, Rule};
use std::collections::BTreeSet;
use std::sync::Arc;

/// To whom an offer may be given: a condition in CEL over `customer` and `context`.
#[derive(Debug)]
pub struct Eligibility {
    text: Arc<str>,
    condition: Condition,
    evaluator: Evaluator,
}

/// Why a text is no condition on customers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("eligibility is {text:?}, {found}; allowed is {allowed}")]
pub struct EligibilityError {
    text: String,
    found: String,
    allowed: String,
}

impl EligibilityError {
    fn of(text: &str, found: String, allowed: String) -> Self {
        Self {
            text: text.to_owned(),
            found,
            allowed,
        }
    }

    /// What is wrong with the condition.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What would be right.
    #[must_use]
    pub fn allowed(&self) -> &str {
        &self.allowed
    }
}

/// Whether an offer may be given to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eligible {
    /// It may.
    Yes,
    /// The condition does not hold for what is known; the fields it names, with their values.
    No {
        /// In one line.
        known: String,
    },
    /// It would depend on something that is not known, or cannot be computed.
    NotKnown {
        /// The fields it names, with their values, in one line.
        known: String,
    },
}

impl Eligibility {
    /// Checks a condition.
    ///
    /// - `context`: the keys that trials logged of anybody.
    ///
    /// # Errors
    /// [`EligibilityError`] with what was found and what is allowed: no CEL, a word that is not known, a field of
    /// something else than the customer, a key of the context that nobody has.
    pub fn new(text: &str, context: &BTreeSet<String>) -> Result<Self, EligibilityError> {
        let this = Self::of_any_context(text)?;
        let strange = |key: &&str| !context.contains(*key);
        let found = this.condition.context_keys().find(strange);
        match found.map(|key| format!("using `context.{key}`, which no draw has logged")) {
            Some(found) => Err(EligibilityError::of(text, found, known_keys(context))),
            None => Ok(this),
        }
    }

    /// Checks a condition before it is known which keys trials logged.
    ///
    /// # Errors
    /// As [`Eligibility::new`], but for keys of the context.
    pub fn of_any_context(text: &str) -> Result<Self, EligibilityError> {
        let refused = |found, allowed| EligibilityError::of(text, found, allowed);
        let env = condition::environment();
        let condition =
            Condition::new(text, &env).map_err(|e| refused(e.to_string(), e.allowed()))?;
        if let Some(other) = condition.beyond_customer() {
            let allowed = condition::allowed_of_customers();
            return Err(refused(format!("using `{other}`"), allowed));
        }
        let evaluator = Evaluator::new(&env);
        Ok(Self {
            text: text.into(),
            condition,
            evaluator,
        })
    }

    /// The condition as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the offer may be given to a customer.
    ///
    /// - `id`: who it is.
    #[must_use]
    pub fn of(&self, id: &str, customer: &CustomerFacts) -> Eligible {
        let request = KnownRequest {
            customer_id: Some(id),
            customer: Some(customer),
            ..KnownRequest::default()
        };
        let verdict = self.condition.on_request(&self.evaluator, request);
        let known = || self.condition.shown(request);
        match verdict {
            Verdict::Applies => Eligible::Yes,
            Verdict::DoesNot => Eligible::No { known: known() },
            Verdict::Unknown | Verdict::Failed => Eligible::NotKnown { known: known() },
        }
    }
}

/// The keys of a context, for a message.
#[must_use]
pub fn known_keys(context: &BTreeSet<String>) -> String {
    if context.is_empty() {
        return "no field of `context`: no draw has logged any".to_owned();
    }
    let fields = context.iter().map(|key| format!("context.{key}"));
    fields.collect::<Vec<_>>().join(", ")
}

/// What a rule does to an offer for one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferTouch {
    /// The rule.
    pub rule: Arc<str>,
    /// Why it is there.
    pub reason: Arc<str>,
    /// Number of the offer, from 0.
    pub offer: usize,
    /// Whether it is pinned; excluded else.
    pub pinned: bool,
}

impl ItemRules {
    /// Whether any rule in the scope of a product has to be asked what customers are given.
    #[must_use]
    pub fn touch_offers(&self, product: &str) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| touches_offers(rule) && rule.scope.names_product(product))
    }

    /// What the rules do to offers for one customer, in the order of the rules; a rule whose condition is not known
    /// does nothing.
    #[must_use]
    pub fn on_offers(&self, offers: &[OfferFacts], request: &Request<'_>) -> Vec<OfferTouch> {
        let mut touches = Vec::new();
        let about_offers = self.rules.iter().enumerate();
        for (number, rule) in about_offers.filter(|(_, rule)| touches_offers(rule)) {
            let scope = &rule.scope;
            if !scope.holds(request.product, request.placement, request.today)
                || request.without.contains(&number)
            {
                continue;
            }
            let held = self.offers_held(rule, offers, KnownRequest::from(request));
            touches.extend(held.map(|offer| OfferTouch {
                rule: Arc::clone(&rule.name),
                reason: Arc::clone(&rule.reason),
                offer,
                pinned: matches!(rule.action, Action::Pin { .. }),
            }));
        }
        touches
    }

    /// The offers that a rule's condition holds for, by number.
    pub(crate) fn offers_held<'a>(
        &'a self,
        rule: &'a Rule,
        offers: &'a [OfferFacts],
        request: KnownRequest<'a>,
    ) -> impl Iterator<Item = usize> + 'a {
        let asked = rule.condition.on_request(&self.evaluator, request);
        let holds = move |offer: &OfferFacts| {
            let known = KnownOffer::from(offer);
            asked == Verdict::Applies
                && rule.condition.on_offer(&self.evaluator, known, request) == Verdict::Applies
        };
        let numbered = offers.iter().enumerate();
        numbered.filter_map(move |(number, offer)| holds(offer).then_some(number))
    }
}

/// Whether a rule says anything of offers: it looks at them, or keeps everything away from whom it holds for.
pub(crate) fn touches_offers(rule: &Rule) -> bool {
    match rule.action {
        Action::Exclude => !rule.is_about_items(),
        Action::Pin { .. } => rule.is_about_offers(),
        Action::Boost { .. } | Action::Cap { .. } => false,
    }
}
