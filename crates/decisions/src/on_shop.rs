//! What the rules do on a shop: for how many of its customers and products each holds, and which hold together.

use crate::catalogue::{ItemRules, Reach};
use crate::condition::{KnownOffer, KnownRequest, Verdict};
use crate::facts::{CustomerFacts, ItemFacts, OfferFacts};
use crate::rules::{Action, Rule};
use std::sync::Arc;

/// What a rule is counted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The shop's customers: for a rule on what is known of them.
    Customers,
    /// The products of the catalogue.
    Products,
    /// The offers of the shop.
    Offers,
}

/// For how much of a shop a rule holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// The rule.
    pub rule: Arc<str>,
    /// File and line.
    pub at: String,
    /// What is counted.
    pub over: Over,
    /// How many there are.
    pub of: usize,
    /// For how many it holds.
    pub fires: usize,
    /// For how many it may hold, by what is not known before it is asked (the hour, the placement) or at all.
    pub unknown: usize,
    /// Share of the customers to whom it is not applied, where it is measured.
    pub measure_share: Option<f64>,
}

/// A pin and an exclusion that hold together on a shop. The exclusion wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// The rule that pins.
    pub pin: Arc<str>,
    /// The rule that excludes.
    pub exclude: Arc<str>,
    /// What is counted.
    pub over: Over,
    /// For how many both hold of one thing.
    pub fires: usize,
    /// How many there are.
    pub of: usize,
    /// The first of them.
    pub first: String,
}

/// What rules do on a shop.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OnShop {
    /// Every rule, in the order of the rules.
    pub fired: Vec<Fired>,
    /// Pins of what is excluded.
    pub together: Vec<Together>,
}

impl std::fmt::Display for Over {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Customers => "customers",
            Self::Products => "products",
            Self::Offers => "offers",
        })
    }
}

/// One customer of a shop.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Who it is.
    pub id: &'a str,
    /// What is known of them.
    pub facts: &'a CustomerFacts,
}

impl<'a> Known<'a> {
    fn request(self) -> KnownRequest<'a> {
        KnownRequest {
            customer_id: Some(self.id),
            customer: Some(self.facts),
            ..KnownRequest::default()
        }
    }
}

impl ItemRules {
    /// Counts for how many of a shop's customers, products and offers each rule holds, whatever its days of validity.
    ///
    /// - `items`: the catalogue that the rules were prepared for.
    /// - `offers`: all of the shop.
    ///
    /// Time: one evaluation for every customer, offer and rule.
    #[must_use]
    pub fn on_shop(
        &self,
        customers: &[Known<'_>],
        items: &[ItemFacts],
        offers: &[OfferFacts],
    ) -> OnShop {
        let fired = self.rules.iter().enumerate();
        let fired = fired.map(|(number, rule)| self.fired(number, rule, customers, offers));
        let mut all = OnShop {
            fired: fired.collect(),
            together: Vec::new(),
        };
        for (number, pin) in self.rules.iter().enumerate() {
            if !matches!(pin.action, Action::Pin { .. }) {
                continue;
            }
            for (other, exclude) in self.rules.iter().enumerate() {
                if exclude.action == Action::Exclude && pin.meets(exclude) {
                    let pair = (number, pin, other, exclude);
                    all.together
                        .extend(self.together(pair, customers, items, offers));
                }
            }
        }
        all
    }

    /// What a rule says of a customer, of the best of the offers where it looks at them.
    fn of_customer(
        &self,
        rule: &Rule,
        offers: &[OfferFacts],
        request: KnownRequest<'_>,
    ) -> Verdict {
        let asked = rule.condition.on_request(&self.evaluator, request);
        if !rule.is_about_offers() {
            return asked;
        }
        let of_offer = |offer| {
            let offer = rule
                .condition
                .on_offer(&self.evaluator, KnownOffer::from(offer), request);
            asked.and(offer)
        };
        let mut all = offers.iter().map(of_offer);
        // One that holds is enough; what is not known beats what does not hold.
        let best = |best: Verdict, verdict: Verdict| match (best, verdict) {
            (Verdict::Applies, _) | (_, Verdict::Applies) => Verdict::Applies,
            (Verdict::DoesNot, other) | (other, _) => other,
        };
        let first = all.next().unwrap_or(Verdict::DoesNot);
        all.fold(first, best)
    }

    fn fired(
        &self,
        number: usize,
        rule: &Rule,
        customers: &[Known<'_>],
        offers: &[OfferFacts],
    ) -> Fired {
        let mut fired = Fired {
            rule: Arc::clone(&rule.name),
            at: rule.at.clone(),
            over: Over::Products,
            of: self.n_items(),
            fires: 0,
            unknown: 0,
            measure_share: rule.measure_share,
        };
        let reached = &self.reach()[number];
        if rule.is_about_items() && reached.items == 0 {
            fired.unknown = reached.unknown as usize;
            return fired;
        }
        if !rule.condition.looks_at_customer() && !rule.is_about_offers() {
            fired.fires = reached.items as usize;
            return fired;
        }
        if !rule.condition.depends_on_request() {
            let of = |offer| {
                self.of_customer(rule, std::slice::from_ref(offer), KnownRequest::default())
            };
            fired.over = Over::Offers;
            fired.of = offers.len();
            fired.fires = offers
                .iter()
                .filter(|offer| of(*offer) == Verdict::Applies)
                .count();
            return fired;
        }
        fired.over = Over::Customers;
        fired.of = customers.len();
        for customer in customers {
            match self.of_customer(rule, offers, customer.request()) {
                // Of items that it looks at together with the customer, the list that is asked for decides.
                Verdict::Applies if rule.condition.has_joint_part() => fired.unknown += 1,
                Verdict::Applies => fired.fires += 1,
                Verdict::Unknown => fired.unknown += 1,
                Verdict::DoesNot | Verdict::Failed => {}
            }
        }
        fired
    }

    fn together(
        &self,
        (number, pin, other, exclude): (usize, &Rule, usize, &Rule),
        customers: &[Known<'_>],
        items: &[ItemFacts],
        offers: &[OfferFacts],
    ) -> Option<Together> {
        let found = |over, of, all: &[String]| {
            let first = all.first()?.clone();
            Some(Together {
                pin: Arc::clone(&pin.name),
                exclude: Arc::clone(&exclude.name),
                over,
                fires: all.len(),
                of,
                first,
            })
        };
        if pin.is_about_items() {
            // What has to be judged for each item of each request is not looked through.
            if pin.condition.has_joint_part() || exclude.condition.has_joint_part() {
                return None;
            }
            let (pinned, excluded): (&[u32], &Reach) = (&self.pinnable[number], &self.reach[other]);
            let both = pinned.iter().filter(|item| excluded.contains(**item));
            let both: Vec<String> = both
                .filter_map(|item| items.get(*item as usize))
                .map(|item| item.product_id.to_string())
                .collect();
            let depends = [pin, exclude].map(|rule| rule.condition.depends_on_request());
            if depends == [false, false] {
                return found(Over::Products, self.n_items(), &both);
            }
            if both.is_empty() {
                return None;
            }
        }
        let hold = |customer: &&Known<'_>| {
            let request = customer.request();
            if pin.is_about_items() {
                let of = |rule| self.of_customer(rule, &[], request) == Verdict::Applies;
                return of(pin) && of(exclude);
            }
            let excluded: Vec<usize> = self.offers_held(exclude, offers, request).collect();
            let mut pinned = self.offers_held(pin, offers, request);
            pinned.any(|offer| excluded.contains(&offer))
        };
        let both: Vec<String> = customers
            .iter()
            .filter(hold)
            .map(|c| c.id.to_owned())
            .collect();
        found(Over::Customers, customers.len(), &both)
    }
}
