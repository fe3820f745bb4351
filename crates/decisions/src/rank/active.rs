//! The rules that are at work for one request, and what they say of an item.

use super::Limits;
use super::ranked::{By, RuleEffect};
use crate::catalogue::ItemRules;
use crate::condition::{KnownItem, KnownRequest, Verdict};
use crate::facts::{ItemFacts, Request};
use crate::rules::{Action, Rule};

/// What keeps an item off the list; rules by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    Inactive,
    OutOfStock,
    Rule(usize),
    Cap(usize),
    Diversity,
    Outranked,
}

/// The rules whose scope and request part hold, by their number.
pub(super) struct Active<'a> {
    prepared: &'a ItemRules,
    items: &'a [ItemFacts],
    request: KnownRequest<'a>,
    /// The candidates, ascending.
    candidates: Vec<u32>,
    /// For every active rule that has to be judged item by item, its verdict for each candidate.
    joint: Vec<Vec<Verdict>>,
    excludes: Vec<usize>,
    boosts: Vec<(usize, f32)>,
    pub(super) pins: Vec<(usize, u32)>,
    pub(super) caps: Vec<usize>,
    pub(super) effects: Vec<RuleEffect>,
}

impl<'a> Active<'a> {
    /// - `candidates`: ascending, each once, all of them in `items`.
    pub(super) fn new(
        prepared: &'a ItemRules,
        items: &'a [ItemFacts],
        request: &Request<'a>,
        candidates: Vec<u32>,
    ) -> Self {
        let mut active = Self {
            prepared,
            items,
            request: KnownRequest::from(request),
            candidates,
            joint: prepared.rules.iter().map(|_| Vec::new()).collect(),
            excludes: Vec::new(),
            boosts: Vec::new(),
            pins: Vec::new(),
            caps: Vec::new(),
            effects: prepared.rules.iter().map(RuleEffect::none).collect(),
        };
        for (number, rule) in prepared.rules.iter().enumerate() {
            if rule.is_about_offers() || request.without.contains(&number) {
                continue;
            }
            if !rule
                .scope
                .holds(request.product, request.placement, request.today)
            {
                continue;
            }
            let verdict = rule
                .condition
                .on_request(&prepared.evaluator, active.request);
            active.count(number, verdict);
            if verdict != Verdict::Applies {
                continue;
            }
            active.judge_candidates(number);
            match rule.action {
                Action::Exclude => active.excludes.push(number),
                Action::Boost { factor } => active.boosts.push((number, factor)),
                Action::Pin { position } => active.pins.push((number, position)),
                Action::Cap { .. } => active.caps.push(number),
            }
        }
        active
    }

    pub(super) fn rule(&self, number: usize) -> &'a Rule {
        &self.prepared.rules[number]
    }

    /// Counts what could not be judged.
    fn count(&mut self, number: usize, verdict: Verdict) {
        match verdict {
            Verdict::Applies | Verdict::DoesNot => {}
            Verdict::Unknown => self.effects[number].unknown += 1,
            Verdict::Failed => self.effects[number].failed += 1,
        }
    }

    fn judge_candidates(&mut self, number: usize) {
        if !self.rule(number).condition.has_joint_part() {
            return;
        }
        let verdicts: Vec<Verdict> = self
            .candidates
            .iter()
            .map(|item| self.judge(number, *item))
            .collect();
        for verdict in &verdicts {
            self.count(number, *verdict);
        }
        self.joint[number] = verdicts;
    }

    fn judge(&self, number: usize, item: u32) -> Verdict {
        if !self.prepared.reach[number].contains(item) {
            return Verdict::DoesNot;
        }
        let condition = &self.rule(number).condition;
        condition.on_both(
            &self.prepared.evaluator,
            KnownItem::from(&self.items[item as usize]),
            self.request,
        )
    }

    /// Whether the condition of an active rule holds for an item. A condition on the item alone costs one bit.
    pub(super) fn holds(&self, number: usize, item: u32) -> bool {
        if self.joint[number].is_empty() && !self.rule(number).condition.has_joint_part() {
            return self.prepared.reach[number].contains(item);
        }
        match self.candidates.binary_search(&item) {
            Ok(place) => self.joint[number][place] == Verdict::Applies,
            Err(_) => self.judge(number, item) == Verdict::Applies,
        }
    }

    /// What keeps an item off every list of this request.
    pub(super) fn refused(&self, item: u32, limits: &Limits) -> Option<Refusal> {
        let facts = &self.items[item as usize];
        if !facts.active {
            return Some(Refusal::Inactive);
        }
        if limits.exclude_out_of_stock && facts.in_stock == Some(false) {
            return Some(Refusal::OutOfStock);
        }
        self.excludes
            .iter()
            .find(|number| self.holds(**number, item))
            .map(|number| Refusal::Rule(*number))
    }

    /// A score after all boosts that reach the item. A score below zero is divided, so that a boost always lifts.
    pub(super) fn boosted(&self, item: u32, score: f32) -> f32 {
        self.boosts_of(item)
            .fold(score, |score, (_, factor)| {
                if score < 0.0 {
                    score / factor
                } else {
                    score * factor
                }
            })
            .clamp(f32::MIN, f32::MAX)
    }

    /// The boosts that reach an item, in the order of the rules.
    pub(super) fn boosts_of(&self, item: u32) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.boosts
            .iter()
            .copied()
            .filter(move |(number, _)| self.holds(*number, item))
    }

    /// A refusal in the words of the answer.
    pub(super) fn by(&self, refusal: Refusal, limits: &Limits) -> By {
        let named = |number: usize| {
            (
                self.rule(number).name.clone(),
                self.rule(number).reason.clone(),
            )
        };
        match refusal {
            Refusal::Inactive => By::Inactive,
            Refusal::OutOfStock => By::OutOfStock,
            Refusal::Rule(number) => {
                let (rule, reason) = named(number);
                By::Rule { rule, reason }
            }
            Refusal::Cap(number) => {
                let (rule, reason) = named(number);
                let at_most = match self.rule(number).action {
                    Action::Cap { at_most, .. } => at_most,
                    Action::Exclude | Action::Pin { .. } | Action::Boost { .. } => 0,
                };
                By::Cap {
                    rule,
                    reason,
                    at_most,
                }
            }
            Refusal::Diversity => By::Diversity {
                at_most: limits.at_most_per_category.unwrap_or(u32::MAX),
            },
            Refusal::Outranked => By::Outranked,
        }
    }
}
