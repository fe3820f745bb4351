//! Rules that contradict each other, as far as their files tell.

use super::example::Example;
use super::{Action, Rule, RuleSet};
use crate::condition::{Evaluator, Verdict};
use std::sync::Arc;

/// One rule pins what another excludes, and an example shows that both can hold. An exclusion wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The rule that pins.
    pub pin: Arc<str>,
    /// The rule that excludes.
    pub exclude: Arc<str>,
    /// Where the first is written: file and line.
    pub pin_at: String,
    /// Where the other is written.
    pub exclude_at: String,
    /// Facts for which both hold.
    pub facts: String,
}

impl std::fmt::Display for Contradiction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: rule `{}` pins what rule `{}` ({}) excludes",
            self.pin_at, self.pin, self.exclude, self.exclude_at
        )?;
        if !self.facts.is_empty() {
            write!(f, ", for example where {}", self.facts)?;
        }
        f.write_str("; an exclusion wins")
    }
}

impl Rule {
    /// Whether two rules can be about one thing: of a list, or of what customers are given.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let apart = |a: &Self, b: &Self| a.is_about_offers() && b.is_about_items();
        self.scope.overlaps(&other.scope) && !apart(self, other) && !apart(other, self)
    }
}

impl RuleSet {
    /// Pairs of rules of which one pins what the other excludes, found by their examples: two conditions are the same,
    /// or hold together for the facts of an example or of one of each. Conditions that no example shows to hold
    /// together may do so all the same: what a shop holds tells ([`crate::ItemRules::on_shop`]).
    #[must_use]
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let evaluator = Evaluator::new(&self.env);
        let mut found = Vec::new();
        let pins = |rule: &&Rule| matches!(rule.action, Action::Pin { .. });
        let excludes = |rule: &&Rule| rule.action == Action::Exclude;
        for pin in self.rules.iter().filter(pins) {
            for exclude in self.rules.iter().filter(excludes) {
                let facts = pin.meets(exclude).then(|| both(pin, exclude, &evaluator));
                if let Some(facts) = facts.flatten() {
                    found.push(Contradiction {
                        pin: Arc::clone(&pin.name),
                        exclude: Arc::clone(&exclude.name),
                        pin_at: pin.at.clone(),
                        exclude_at: exclude.at.clone(),
                        facts,
                    });
                }
            }
        }
        found
    }
}

/// Facts for which both conditions hold; `None` where none are found.
fn both(one: &Rule, other: &Rule, evaluator: &Evaluator) -> Option<String> {
    let applies = |rule: &Rule| -> Vec<Example> {
        let examples = rule.examples.iter();
        examples
            .filter(|example| example.applies)
            .cloned()
            .collect()
    };
    let (of_one, of_other) = (applies(one), applies(other));
    let joined = of_one.iter().flat_map(|a| {
        let both_ways = |b| [a.joined(b), Example::joined(b, a)];
        of_other.iter().flat_map(both_ways).flatten()
    });
    let mut facts = of_one.iter().chain(&of_other).cloned().chain(joined);
    let hold = facts.find(|facts| {
        let holds = |rule: &Rule| facts.verdict(&rule.condition, evaluator) == Verdict::Applies;
        holds(one) && holds(other)
    });
    match hold {
        Some(facts) => Some(facts.shown(&[&one.condition, &other.condition])),
        None => (one.when == other.when).then(String::new),
    }
}
