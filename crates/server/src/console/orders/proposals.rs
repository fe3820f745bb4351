//! Every proposed order with what makes it worth a look, in the order in which it is.

use crate::api::orders::ORDER;
use crate::live::Answering;
use jiff::Timestamp;
use lake::log::OrderAnswerRecord;
use products::{Action, Asked, Decisions, Shop};
use schema::Estimate;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// From this probability on something will sooner be missing than not, although it was ordered.
const LIKELY: f64 = 0.5;

/// The last answer to each proposal of a day, by product and site.
pub(super) type Answered = BTreeMap<(String, String), OrderAnswerRecord>;

/// What is proposed of one product for one site.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::console) struct Proposal {
    pub(super) product: String,
    pub(super) site: String,
    /// Units to order; none where nothing can be proposed.
    pub(super) units: Option<u32>,
    /// Probability that something is missing before the delivery after this one.
    pub(super) stock_out: Option<f64>,
    /// Units that are expected to be asked for in vain until then.
    lost: f64,
    pub(super) cost_cents: f64,
}

/// All proposals of a version, in the order of products and sites.
#[derive(Debug)]
pub(in crate::console) struct Proposals(pub(super) Vec<Proposal>);

/// The question about an order.
pub(super) fn question(product: &str, site: &str) -> Option<Asked> {
    crate::console::demand::question(product, Some(site))
}

/// The action that is the order.
pub(super) fn order(decided: &Decisions) -> Option<&Action> {
    decided.actions.iter().find(|action| action.id == ORDER)
}

fn figure(decided: &Decisions, id: &str) -> Option<f64> {
    let action = decided.actions.iter().find(|action| action.id == id)?;
    action.estimate.as_ref().and_then(Estimate::point)
}

impl Proposal {
    fn of(asked: &Asked, decided: &Decisions) -> Option<Self> {
        let units = figure(decided, ORDER).map(f64::round);
        Some(Self {
            product: asked.product_id.as_ref()?.as_str().to_owned(),
            site: asked.placement.clone()?,
            units: units
                .filter(|units| (0.0..=f64::from(u32::MAX)).contains(units))
                .map(|units| units as u32),
            stock_out: figure(decided, "stock_out"),
            lost: figure(decided, "lost").unwrap_or(0.0),
            cost_cents: figure(decided, "cost").unwrap_or(0.0),
        })
    }

    /// Whether something will sooner be missing than not.
    pub(super) fn runs_out(&self) -> bool {
        self.stock_out.is_some_and(|share| share > LIKELY)
    }

    /// What needs a person first, then what costs most, then what need not be ordered, then what is answered.
    fn place(&self, answered: &Answered) -> (u8, Reverse<u64>) {
        let is_answered = self.answer(answered).is_some();
        let (class, size) = match self.units {
            _ if is_answered => (4, self.cost_cents),
            None => (0, 0.0),
            Some(_) if self.runs_out() => (1, self.lost),
            Some(0) => (3, self.lost),
            Some(_) => (2, self.cost_cents),
        };
        // Sizes are not negative, so that their bits are in the order of their values.
        (class, Reverse(size.max(0.0).to_bits()))
    }

    /// What was made of it.
    pub(super) fn answer<'a>(&self, answered: &'a Answered) -> Option<&'a OrderAnswerRecord> {
        answered.get(&(self.product.clone(), self.site.clone()))
    }
}

impl Proposals {
    /// Asks a version for all of them.
    pub(super) fn ask(_: &Shop, answering: &Answering) -> Option<Self> {
        let now = Timestamp::now();
        let all = answering.serving.all().unwrap_or_default();
        let found = all.iter().filter_map(|asked| {
            let decided = answering.serving.decide(asked, now).ok()?;
            Proposal::of(asked, &decided)
        });
        Some(Self(found.collect()))
    }

    /// What needs a person first; of equals the order of their names stays.
    pub(super) fn sorted(&self, answered: &Answered) -> Vec<&Proposal> {
        let mut all: Vec<&Proposal> = self.0.iter().collect();
        all.sort_by_cached_key(|proposal| proposal.place(answered));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lake::log::OrderAnswer;
    use schema::ProductId;

    #[test]
    fn what_cannot_be_proposed_comes_first_and_what_is_answered_last() {
        let line = |product: &str, units, stock_out, lost, cost_cents| Proposal {
            product: product.to_owned(),
            site: "s".to_owned(),
            units,
            stock_out: Some(stock_out),
            lost,
            cost_cents,
        };
        let expected = [
            line("unknown", None, 0.0, 0.0, 0.0),
            line("misses more", Some(5), 0.9, 7.0, 100.0),
            line("misses less", Some(0), 0.6, 2.0, 0.0),
            line("dear", Some(24), 0.05, 0.1, 9_000.0),
            line("cheap", Some(900), 0.05, 0.1, 800.0),
            line("enough", Some(0), 0.01, 0.0, 0.0),
            line("answered", Some(5), 0.9, 50.0, 90_000.0),
        ];
        let record = OrderAnswerRecord {
            answer_id: "a".to_owned(),
            made_at: Timestamp::UNIX_EPOCH,
            author: "ana".to_owned(),
            product_id: ProductId::new("answered").unwrap(),
            site_id: "s".to_owned(),
            ordered_on: jiff::civil::date(2024, 5, 1),
            proposed_units: 5,
            answer: OrderAnswer::Accepted,
            ordered_units: 5,
            reason: None,
        };
        let answered = Answered::from([(("answered".to_owned(), "s".to_owned()), record)]);
        let mut all = expected.to_vec();
        all.reverse();
        let all = Proposals(all);
        let sorted: Vec<&str> = (all.sorted(&answered).iter())
            .map(|proposal| proposal.product.as_str())
            .collect();
        let names: Vec<&str> = expected.iter().map(|p| p.product.as_str()).collect();
        assert_eq!(sorted, names);
    }
}
