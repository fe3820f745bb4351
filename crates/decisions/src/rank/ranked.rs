//! What is answered: places, the rules that touched them, and what is absent and why.

use crate::rules::Group;
use serde::Serialize;
use std::sync::Arc;

/// A list that meets every limit, and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    /// The items, by place.
    pub items: Vec<Placed>,
    /// How many items fewer than asked for, and what held them back; `None` where the list is full.
    pub short: Option<Short>,
    /// Every rule that touched this decision, in the order of the rules.
    pub rules: Vec<RuleEffect>,
    /// Pins that were asked for and not placed, in the order of the rules.
    pub pins_not_placed: Vec<PinNotPlaced>,
    /// Listed items for which a cap or the diversity limit could not count, because the field is missing.
    pub group_unknown: u32,
    /// Listed items of which it is not known whether they are in stock.
    pub stock_unknown: u32,
    /// Candidates that are not listed, best first; empty unless [`Limits::keep_excluded`](super::Limits) is set.
    pub excluded: Vec<Excluded>,
}

/// One item of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placed {
    /// The item, by its place in the catalogue.
    pub item: u32,
    /// Its place in the list, from 1.
    pub position: u32,
    /// The score it was ordered by; `None` for a pinned item that nobody scored.
    pub score: Option<f32>,
    /// The score before any rule boosted it; `None` for a pinned item that nobody scored.
    pub score_before_rules: Option<f32>,
    /// The rules that touched it, in the order of the rules.
    pub rules: Vec<RuleTouch>,
}

/// What a rule did to an item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleTouch {
    /// The rule.
    pub rule: Arc<str>,
    /// Why the rule is there.
    pub reason: Arc<str>,
    /// What it did.
    pub what: Touch,
}

/// What a rule can do to an item that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Touch {
    /// Gave it a place. The place is a later one only where the list is too short to reach it.
    Pinned {
        /// The place the rule names.
        position: u32,
    },
    /// Multiplied its score, or divided it where it was below zero.
    Boosted {
        /// By how much.
        factor: f32,
    },
    /// Counted it against a cap.
    Counted {
        /// The most that may be listed, per group.
        at_most: u32,
        /// What a group is.
        per: Group,
    },
}

/// A candidate that is not listed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Excluded {
    /// The item, by its place in the catalogue.
    pub item: u32,
    /// The score it would have been ordered by.
    pub score: f32,
    /// What kept it off the list.
    pub by: By,
}

/// What keeps an item off the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum By {
    /// The shop does not offer it.
    Inactive,
    /// It is known to be out of stock.
    OutOfStock,
    /// A rule excludes it.
    Rule {
        /// The rule.
        rule: Arc<str>,
        /// Why the rule is there.
        reason: Arc<str>,
    },
    /// A rule allows only so many of its group, and better ones are listed.
    Cap {
        /// The rule.
        rule: Arc<str>,
        /// Why the rule is there.
        reason: Arc<str>,
        /// The most that may be listed.
        at_most: u32,
    },
    /// The list takes only so many of its category, and better ones are listed.
    Diversity {
        /// The most that may be listed.
        at_most: u32,
    },
    /// Nothing but better items.
    Outranked,
}

/// A list with fewer items than were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Short {
    /// How many are missing.
    pub short_of: u32,
    /// How many different candidates there were.
    pub candidates: u32,
    /// What kept how many of them off the list, most first.
    pub because: Vec<(By, u32)>,
}

/// What a rule did in one decision. Counts are of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleEffect {
    /// The rule.
    pub rule: Arc<str>,
    /// Why the rule is there.
    pub reason: Arc<str>,
    /// Candidates it excluded.
    pub excluded: u32,
    /// Items it gave a place.
    pub pinned: u32,
    /// Listed items whose score it changed.
    pub boosted: u32,
    /// Candidates its cap kept off the list.
    pub capped: u32,
    /// Candidates, or the request as a whole, for which a missing field decides: it did not apply.
    pub unknown: u32,
    /// Candidates, or the request as a whole, for which it could not be computed: it did not apply.
    pub failed: u32,
}

impl RuleEffect {
    pub(super) fn none(rule: &crate::rules::Rule) -> Self {
        Self {
            rule: rule.name.clone(),
            reason: rule.reason.clone(),
            excluded: 0,
            pinned: 0,
            boosted: 0,
            capped: 0,
            unknown: 0,
            failed: 0,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        [
            self.excluded,
            self.pinned,
            self.boosted,
            self.capped,
            self.unknown,
            self.failed,
        ]
        .iter()
        .all(|n| *n == 0)
    }
}

/// A pin that was asked for and not placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinNotPlaced {
    /// The rule.
    pub rule: Arc<str>,
    /// The place it names.
    pub position: u32,
    /// Why it was not placed.
    pub why: PinProblem,
}

/// Why a pin was not placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum PinProblem {
    /// The list is shorter than the place.
    BeyondList {
        /// The length that was asked for.
        k: u32,
    },
    /// An earlier rule has pinned the place.
    PositionTaken {
        /// That rule.
        by: Arc<str>,
    },
    /// Its condition holds for no item.
    NoItem,
    /// Every item it names already has a place.
    AlreadyPlaced,
    /// None of its items may be listed; what keeps off the first of them.
    Refused {
        /// The first of its items.
        item: u32,
        /// What keeps it off.
        because: By,
    },
}
