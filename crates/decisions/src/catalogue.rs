//! What every rule says about every item, worked out ahead of the request.
//!
//! The parts of a condition that look at the item alone are evaluated here, once per item; a request only looks up
//! bits. Prepare again when the catalogue or the rules change; the stock of an item is read when a list is made.

use crate::condition::{Evaluator, KnownItem, Verdict};
use crate::facts::ItemFacts;
use crate::rules::{Action, Group, Rule, RuleSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A group that is not known: such items are not counted by a cap.
pub(crate) const NO_GROUP: u32 = u32::MAX;

/// A set of item numbers, one bit each.
#[derive(Debug, Clone, Default)]
pub(crate) struct ItemSet {
    words: Vec<u64>,
}

impl ItemSet {
    fn with_room_for(items: usize) -> Self {
        Self {
            words: vec![0; items.div_ceil(64)],
        }
    }

    fn insert(&mut self, item: usize) {
        self.words[item / 64] |= 1 << (item % 64);
    }

    pub(crate) fn contains(&self, item: u32) -> bool {
        let item = item as usize;
        self.words
            .get(item / 64)
            .is_some_and(|word| word >> (item % 64) & 1 == 1)
    }
}

/// The items a rule can reach.
#[derive(Debug)]
pub(crate) enum Reach {
    /// No part of its condition looks at the item alone.
    Every,
    /// Those for which the parts on the item alone hold.
    Items(ItemSet),
}

impl Reach {
    pub(crate) fn contains(&self, item: u32) -> bool {
        match self {
            Self::Every => true,
            Self::Items(set) => set.contains(item),
        }
    }
}

/// How many items a rule can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleReach {
    /// The rule.
    pub rule: Arc<str>,
    /// Items for which the parts of its condition that look at the item alone hold; all of them where there are none.
    pub items: u32,
    /// Items for which a missing field decides: the rule does not apply to them.
    pub unknown: u32,
    /// Items for which the condition could not be computed: the rule does not apply to them.
    pub failed: u32,
}

/// Two rules that contradict each other on this catalogue wherever both are valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "pin `{pin}` at {position}: all of its {items} items are excluded by `{exclude}`, and an exclusion wins"
)]
pub struct PinExcluded {
    /// The rule that pins.
    pub pin: Arc<str>,
    /// The place it pins.
    pub position: u32,
    /// How many items it could pin.
    pub items: u32,
    /// The rule that excludes them.
    pub exclude: Arc<str>,
}

/// Rules, prepared for one catalogue.
#[derive(Debug)]
pub struct ItemRules {
    pub(crate) rules: Arc<[Rule]>,
    pub(crate) evaluator: Evaluator,
    pub(crate) reach: Vec<Reach>,
    /// For every rule that pins, its items in the order of the catalogue; empty for the others.
    pub(crate) pinnable: Vec<Vec<u32>>,
    groups: [Vec<u32>; 3],
    n_items: usize,
    report: Vec<RuleReach>,
    conflicts: Vec<PinExcluded>,
}

impl RuleSet {
    /// Works out what every rule says about every item.
    ///
    /// - `items`: the catalogue; rules and lists call an item by its place in it, from 0.
    ///
    /// Time: one evaluation for every item and rule. Memory: a bit for every item and rule, and 12 bytes for every item.
    #[must_use]
    pub fn compile_for(&self, items: &[ItemFacts]) -> ItemRules {
        let evaluator = Evaluator::new(&self.env);
        let mut reach = Vec::with_capacity(self.rules.len());
        let mut report = Vec::with_capacity(self.rules.len());
        let mut pinnable = Vec::with_capacity(self.rules.len());
        for rule in self.rules.iter() {
            let (set, counted) = reach_of(rule, items, &evaluator);
            let pins = matches!(rule.action, Action::Pin { .. });
            pinnable.push(if pins {
                (0..count(items.len()))
                    .filter(|i| set.contains(*i))
                    .collect()
            } else {
                vec![]
            });
            reach.push(set);
            report.push(counted);
        }
        let groups = [
            numbered(items, |i| i.category.as_deref()),
            numbered(items, |i| i.merchant_id.as_deref()),
            numbered(items, |i| i.brand.as_deref()),
        ];
        let conflicts = conflicts(&self.rules, &reach, &pinnable);
        ItemRules {
            rules: self.rules.clone(),
            evaluator,
            reach,
            pinnable,
            groups,
            n_items: items.len(),
            report,
            conflicts,
        }
    }
}

impl ItemRules {
    /// How many items it was prepared for.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// The rules, in the order of their files.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether a rule in the scope of a product looks at what is known of a customer, beyond who it is.
    #[must_use]
    pub fn look_at_customers(&self, product: &str) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| rule.condition.looks_at_customer() && rule.scope.names_product(product))
    }

    /// How many items every rule can reach, in the order of the rules.
    #[must_use]
    pub fn reach(&self) -> &[RuleReach] {
        &self.report
    }

    /// Rules about items that cannot touch any of this catalogue.
    pub fn never_matched(&self) -> impl Iterator<Item = &RuleReach> {
        let all = self.rules.iter().zip(&self.report);
        all.filter(|(rule, reach)| !rule.is_about_offers() && reach.items == 0)
            .map(|(_, reach)| reach)
    }

    /// Pins that can never be placed, because an exclusion reaches all of their items.
    #[must_use]
    pub fn conflicts(&self) -> &[PinExcluded] {
        &self.conflicts
    }

    /// The number of the group an item belongs to; [`NO_GROUP`] where it is not known.
    pub(crate) fn group(&self, item: u32, per: Group) -> u32 {
        let numbers = match per {
            Group::Category => &self.groups[0],
            Group::Merchant => &self.groups[1],
            Group::Brand => &self.groups[2],
            Group::List => return 0,
        };
        numbers.get(item as usize).copied().unwrap_or(NO_GROUP)
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn reach_of(rule: &Rule, items: &[ItemFacts], evaluator: &Evaluator) -> (Reach, RuleReach) {
    let mut counted = RuleReach {
        rule: rule.name.clone(),
        items: 0,
        unknown: 0,
        failed: 0,
    };
    if rule.is_about_offers() {
        return (Reach::Items(ItemSet::default()), counted);
    }
    if !rule.condition.has_item_part() {
        counted.items = count(items.len());
        return (Reach::Every, counted);
    }
    let mut set = ItemSet::with_room_for(items.len());
    for (number, item) in items.iter().enumerate() {
        match rule.condition.on_item(evaluator, KnownItem::from(item)) {
            Verdict::Applies => {
                set.insert(number);
                counted.items += 1;
            }
            Verdict::DoesNot => {}
            Verdict::Unknown => counted.unknown += 1,
            Verdict::Failed => counted.failed += 1,
        }
    }
    (Reach::Items(set), counted)
}

/// Numbers the values of a field in the order of the catalogue.
fn numbered<'a>(
    items: &'a [ItemFacts],
    field: impl Fn(&'a ItemFacts) -> Option<&'a str>,
) -> Vec<u32> {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    items
        .iter()
        .map(|item| {
            field(item).map_or(NO_GROUP, |value| {
                let next = count(numbers.len());
                *numbers.entry(value).or_insert(next)
            })
        })
        .collect()
}

fn conflicts(rules: &[Rule], reach: &[Reach], pinnable: &[Vec<u32>]) -> Vec<PinExcluded> {
    let mut found = Vec::new();
    for (pin, pinned) in rules.iter().zip(pinnable) {
        let Action::Pin { position } = pin.action else {
            continue;
        };
        for (exclude, excluded) in rules.iter().zip(reach) {
            let always = exclude.action == Action::Exclude
                && !exclude.condition.depends_on_request()
                && exclude.scope.overlaps(&pin.scope);
            if always && !pinned.is_empty() && pinned.iter().all(|item| excluded.contains(*item)) {
                found.push(PinExcluded {
                    pin: pin.name.clone(),
                    position,
                    items: count(pinned.len()),
                    exclude: exclude.name.clone(),
                });
            }
        }
    }
    found
}
