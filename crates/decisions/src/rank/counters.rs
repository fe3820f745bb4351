//! How many of each group are listed, against the caps of rules and the diversity limit.

use super::Limits;
use super::active::{Active, Refusal};
use crate::catalogue::{ItemRules, NO_GROUP};
use crate::rules::{Action, Group};
use std::collections::BTreeMap;

/// One limit on a group.
struct Counter {
    refusal: Refusal,
    /// The rule that says which items count; `None` where all do.
    rule: Option<usize>,
    at_most: u32,
    per: Group,
    listed: BTreeMap<u32, u32>,
}

/// All limits of one request, and what is listed under them so far.
pub(super) struct Counters<'a> {
    prepared: &'a ItemRules,
    all: Vec<Counter>,
}

impl<'a> Counters<'a> {
    pub(super) fn new(prepared: &'a ItemRules, active: &Active<'_>, limits: &Limits) -> Self {
        let mut all = Vec::with_capacity(active.caps.len() + 1);
        for number in &active.caps {
            let Action::Cap { at_most, per } = active.rule(*number).action else {
                continue;
            };
            let refusal = Refusal::Cap(*number);
            all.push(Counter {
                refusal,
                rule: Some(*number),
                at_most,
                per,
                listed: BTreeMap::new(),
            });
        }
        if let Some(at_most) = limits.at_most_per_category {
            let refusal = Refusal::Diversity;
            all.push(Counter {
                refusal,
                rule: None,
                at_most,
                per: Group::Category,
                listed: BTreeMap::new(),
            });
        }
        Self { prepared, all }
    }

    /// The limit that has no room left for an item.
    pub(super) fn full_for(&self, item: u32, active: &Active<'_>) -> Option<Refusal> {
        self.all.iter().find_map(|counter| {
            let group = self.prepared.group(item, counter.per);
            let counts =
                group != NO_GROUP && counter.rule.is_none_or(|rule| active.holds(rule, item));
            let listed = counter.listed.get(&group).copied().unwrap_or(0);
            (counts && listed >= counter.at_most).then_some(counter.refusal)
        })
    }

    /// Counts an item that is listed. Returns whether every limit that concerns it knows its group.
    pub(super) fn list(&mut self, item: u32, active: &Active<'_>) -> bool {
        let mut known = true;
        for counter in &mut self.all {
            if counter.rule.is_some_and(|rule| !active.holds(rule, item)) {
                continue;
            }
            match self.prepared.group(item, counter.per) {
                NO_GROUP => known = false,
                group => *counter.listed.entry(group).or_insert(0) += 1,
            }
        }
        known
    }
}
