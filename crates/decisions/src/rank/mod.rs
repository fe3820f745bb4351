//! The list that is answered: candidates, ordered by score, under the rules and the limits.
//!
//! In this order: what is inactive, out of stock or excluded by a rule is set aside; scores are boosted; pins take
//! their places, earlier rules first; the other places go to the best candidates that no cap and no diversity limit
//! holds back. An exclusion wins over a pin, and caps count pinned items too. Ties go to the item that comes first in
//! the catalogue.

mod active;
mod counters;
mod ranked;

pub use ranked::{
    By, Excluded, PinNotPlaced, PinProblem, Placed, Ranked, RuleEffect, RuleTouch, Short, Touch,
};

use crate::catalogue::ItemRules;
use crate::facts::{ItemFacts, Request};
use crate::rules::Action;
use active::{Active, Refusal};
use counters::Counters;
use std::collections::{BTreeMap, BTreeSet};

/// Items of a pin that are tried beyond the candidates before it is given up, so that a pin on a whole category whose
/// items are all sold out does not walk the catalogue on every request.
const PIN_ITEMS_TRIED_MAX: usize = 1_000;

/// What a list must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many items are asked for.
    pub k: u32,
    /// The most items of one category; items of no known category are not counted.
    pub at_most_per_category: Option<u32>,
    /// Whether what is known to be out of stock stays off the list.
    pub exclude_out_of_stock: bool,
    /// Whether the candidates that are not listed are named, with the reason.
    pub keep_excluded: bool,
}

impl Limits {
    /// A list of `k` items in stock, without a diversity limit.
    #[must_use]
    pub fn of(k: u32) -> Self {
        Self {
            k,
            at_most_per_category: None,
            exclude_out_of_stock: true,
            keep_excluded: false,
        }
    }
}

/// Why nothing can be ranked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RankError {
    /// The rules were prepared for another catalogue.
    #[error("rank {found} items with rules prepared for {expected} items")]
    OtherCatalogue {
        /// Items given.
        found: usize,
        /// Items the rules were prepared for.
        expected: usize,
    },
    /// A candidate is no item of the catalogue.
    #[error("rank candidate {item}: allowed is 0 to {allowed_max}")]
    UnknownItem {
        /// The candidate.
        item: u32,
        /// The last item of the catalogue.
        allowed_max: usize,
    },
    /// A score is not a finite number.
    #[error("rank candidate {item}: its score is {found}, allowed is a finite number")]
    Score {
        /// The candidate.
        item: u32,
        /// Its score.
        found: f32,
    },
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    item: u32,
    before: f32,
    score: f32,
}

/// Makes a list.
///
/// - `candidates`: items, by their place in `items`, with their scores, unitless, in any order; where an item comes
///   more than once, its best score counts.
/// - `items`: the catalogue `prepared` was made for.
///
/// The same input gives the same list, always. Time: O(candidates · (log candidates + rules)); nothing is allocated
/// or visited per item of the catalogue.
///
/// # Errors
/// [`RankError`] when a candidate is no item of the catalogue, a score is not finite, or the catalogue is another one.
pub fn rank(
    candidates: &[(u32, f32)],
    items: &[ItemFacts],
    prepared: &ItemRules,
    request: &Request<'_>,
    limits: &Limits,
) -> Result<Ranked, RankError> {
    let scored = distinct(candidates, items, prepared)?;
    let numbers = scored.iter().map(|c| c.item).collect();
    let mut active = Active::new(prepared, items, request, numbers);
    let mut ordered: Vec<Candidate> = scored
        .into_iter()
        .map(|c| Candidate {
            score: active.boosted(c.item, c.before),
            ..c
        })
        .collect();
    ordered.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
    let refused: Vec<Option<Refusal>> = ordered
        .iter()
        .map(|c| active.refused(c.item, limits))
        .collect();

    let mut counters = Counters::new(prepared, &active, limits);
    let mut list = List {
        placed: Vec::new(),
        group_unknown: 0,
    };
    let (pins, pins_not_placed) = choose_pins(
        &ordered,
        &active,
        &mut counters,
        &mut list,
        prepared,
        limits,
    );
    let outcome = fill(
        &ordered,
        &refused,
        pins,
        &active,
        &mut counters,
        &mut list,
        limits,
    );
    for refusal in outcome.iter().flatten() {
        match refusal {
            Refusal::Rule(number) => active.effects[*number].excluded += 1,
            Refusal::Cap(number) => active.effects[*number].capped += 1,
            Refusal::Inactive | Refusal::OutOfStock | Refusal::Diversity | Refusal::Outranked => {}
        }
    }
    let placed = explain(&list.placed, &mut active);
    Ok(Ranked {
        short: short(&outcome, placed.len(), &active, limits),
        excluded: excluded(&ordered, &outcome, &active, limits),
        items: placed,
        pins_not_placed,
        group_unknown: list.group_unknown,
        stock_unknown: list.stock_unknown(items),
        rules: active
            .effects
            .into_iter()
            .filter(|e| !e.is_none())
            .collect(),
    })
}

/// The candidates by item, each once with its best score.
fn distinct(
    candidates: &[(u32, f32)],
    items: &[ItemFacts],
    prepared: &ItemRules,
) -> Result<Vec<Candidate>, RankError> {
    if items.len() != prepared.n_items() {
        return Err(RankError::OtherCatalogue {
            found: items.len(),
            expected: prepared.n_items(),
        });
    }
    let mut scored = Vec::with_capacity(candidates.len());
    for &(item, score) in candidates {
        if item as usize >= items.len() {
            return Err(RankError::UnknownItem {
                item,
                allowed_max: items.len().saturating_sub(1),
            });
        }
        if !score.is_finite() {
            return Err(RankError::Score { item, found: score });
        }
        scored.push(Candidate {
            item,
            before: score,
            score,
        });
    }
    scored.sort_unstable_by(|a, b| a.item.cmp(&b.item).then(b.before.total_cmp(&a.before)));
    scored.dedup_by_key(|c| c.item);
    Ok(scored)
}

/// An item that has a place; its candidate where it was one, and the pin that put it there.
#[derive(Debug, Clone, Copy)]
struct Entry {
    item: u32,
    scores: Option<(f32, f32)>,
    pin: Option<(usize, u32)>,
}

struct List {
    placed: Vec<Entry>,
    group_unknown: u32,
}

impl List {
    fn count(&mut self, item: u32, active: &Active<'_>, counters: &mut Counters<'_>) {
        if !counters.list(item, active) {
            self.group_unknown += 1;
        }
    }

    fn stock_unknown(&self, items: &[ItemFacts]) -> u32 {
        let unknown = self
            .placed
            .iter()
            .filter(|e| items[e.item as usize].in_stock.is_none())
            .count();
        u32::try_from(unknown).unwrap_or(u32::MAX)
    }
}

/// Chooses an item for every pin, earlier rules first; the result is ordered by place.
fn choose_pins(
    ordered: &[Candidate],
    active: &Active<'_>,
    counters: &mut Counters<'_>,
    list: &mut List,
    prepared: &ItemRules,
    limits: &Limits,
) -> (Vec<Entry>, Vec<PinNotPlaced>) {
    let mut chosen: BTreeMap<u32, Entry> = BTreeMap::new();
    let mut not_placed = Vec::new();
    for &(number, position) in &active.pins {
        let problem = if position > limits.k {
            PinProblem::BeyondList { k: limits.k }
        } else if let Some(taken) = chosen.get(&position).and_then(|e| e.pin) {
            PinProblem::PositionTaken {
                by: active.rule(taken.0).name.clone(),
            }
        } else {
            let placed: BTreeSet<u32> = chosen.values().map(|e| e.item).collect();
            match pinned_item(
                number,
                ordered,
                &prepared.pinnable[number],
                &placed,
                active,
                counters,
                limits,
            ) {
                Ok((item, scores)) => {
                    list.count(item, active, counters);
                    chosen.insert(
                        position,
                        Entry {
                            item,
                            scores,
                            pin: Some((number, position)),
                        },
                    );
                    continue;
                }
                Err(problem) => problem,
            }
        };
        not_placed.push(PinNotPlaced {
            rule: active.rule(number).name.clone(),
            position,
            why: problem,
        });
    }
    (chosen.into_values().collect(), not_placed)
}

type Pinned = (u32, Option<(f32, f32)>);

/// The best candidate a pin reaches that may be listed, else the first such item of the catalogue.
fn pinned_item(
    number: usize,
    ordered: &[Candidate],
    pinnable: &[u32],
    placed: &BTreeSet<u32>,
    active: &Active<'_>,
    counters: &Counters<'_>,
    limits: &Limits,
) -> Result<Pinned, PinProblem> {
    let scored = ordered.iter().map(|c| (c.item, Some((c.before, c.score))));
    let others = pinnable
        .iter()
        .take(PIN_ITEMS_TRIED_MAX)
        .map(|item| (*item, None));
    let mut problem = PinProblem::NoItem;
    for (item, scores) in scored
        .chain(others)
        .filter(|(item, _)| active.holds(number, *item))
    {
        if placed.contains(&item) {
            if problem == PinProblem::NoItem {
                problem = PinProblem::AlreadyPlaced;
            }
            continue;
        }
        let Some(refusal) = active
            .refused(item, limits)
            .or_else(|| counters.full_for(item, active))
        else {
            return Ok((item, scores));
        };
        if !matches!(problem, PinProblem::Refused { .. }) {
            problem = PinProblem::Refused {
                item,
                because: active.by(refusal, limits),
            };
        }
    }
    Err(problem)
}

/// Fills the places between the pins; returns, for every candidate, what keeps it off the list.
fn fill(
    ordered: &[Candidate],
    refused: &[Option<Refusal>],
    pins: Vec<Entry>,
    active: &Active<'_>,
    counters: &mut Counters<'_>,
    list: &mut List,
    limits: &Limits,
) -> Vec<Option<Refusal>> {
    let pinned: BTreeSet<u32> = pins.iter().map(|p| p.item).collect();
    let mut pins = pins.into_iter().peekable();
    let mut outcome = Vec::with_capacity(ordered.len());
    let k = limits.k as usize;
    for (candidate, refused) in ordered.iter().zip(refused) {
        while let Some(pin) =
            pins.next_if(|e| e.pin.is_some_and(|p| p.1 as usize <= list.placed.len() + 1))
        {
            list.placed.push(pin);
        }
        if pinned.contains(&candidate.item) {
            outcome.push(None);
            continue;
        }
        // A cap binds only while there are places left: what comes later is outranked, with or without it.
        let refusal = refused
            .or((list.placed.len() >= k).then_some(Refusal::Outranked))
            .or_else(|| counters.full_for(candidate.item, active));
        outcome.push(refusal);
        if refusal.is_none() {
            list.count(candidate.item, active, counters);
            let scores = Some((candidate.before, candidate.score));
            list.placed.push(Entry {
                item: candidate.item,
                scores,
                pin: None,
            });
        }
    }
    list.placed.extend(pins);
    outcome
}

/// Places with the rules that touched them.
fn explain(entries: &[Entry], active: &mut Active<'_>) -> Vec<Placed> {
    let mut placed = Vec::with_capacity(entries.len());
    for (place, entry) in (1..).zip(entries) {
        let mut touches: BTreeMap<usize, Touch> = BTreeMap::new();
        if let Some((number, position)) = entry.pin {
            active.effects[number].pinned += 1;
            touches.insert(number, Touch::Pinned { position });
        }
        if entry.scores.is_some() {
            touches.extend(
                active
                    .boosts_of(entry.item)
                    .map(|(number, factor)| (number, Touch::Boosted { factor })),
            );
        }
        for number in &active.caps {
            if let Action::Cap { at_most, per } = active.rule(*number).action
                && active.holds(*number, entry.item)
            {
                touches.insert(*number, Touch::Counted { at_most, per });
            }
        }
        for (number, touch) in &touches {
            if matches!(touch, Touch::Boosted { .. }) {
                active.effects[*number].boosted += 1;
            }
        }
        let rules = touches.into_iter().map(|(number, what)| {
            let rule = active.rule(number);
            RuleTouch {
                rule: rule.name.clone(),
                reason: rule.reason.clone(),
                what,
            }
        });
        placed.push(Placed {
            item: entry.item,
            position: place,
            score: entry.scores.map(|s| s.1),
            score_before_rules: entry.scores.map(|s| s.0),
            rules: rules.collect(),
        });
    }
    placed
}

fn short(
    outcome: &[Option<Refusal>],
    placed: usize,
    active: &Active<'_>,
    limits: &Limits,
) -> Option<Short> {
    let placed = u32::try_from(placed).unwrap_or(u32::MAX);
    let short_of = limits
        .k
        .checked_sub(placed)
        .filter(|missing| *missing > 0)?;
    let mut because: BTreeMap<Refusal, u32> = BTreeMap::new();
    for refusal in outcome.iter().flatten() {
        *because.entry(*refusal).or_insert(0) += 1;
    }
    let mut because: Vec<(By, u32)> = because
        .into_iter()
        .map(|(refusal, n)| (active.by(refusal, limits), n))
        .collect();
    because.sort_by_key(|b| std::cmp::Reverse(b.1));
    Some(Short {
        short_of,
        candidates: u32::try_from(outcome.len()).unwrap_or(u32::MAX),
        because,
    })
}

fn excluded(
    ordered: &[Candidate],
    outcome: &[Option<Refusal>],
    active: &Active<'_>,
    limits: &Limits,
) -> Vec<Excluded> {
    if !limits.keep_excluded {
        return Vec::new();
    }
    let refused = ordered
        .iter()
        .zip(outcome)
        .filter_map(|(c, refusal)| refusal.map(|r| (c, r)));
    refused
        .map(|(c, r)| Excluded {
            item: c.item,
            score: c.score,
            by: active.by(r, limits),
        })
        .collect()
}
