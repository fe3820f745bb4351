//! All methods under one name.

use math::topk::{Scored, top_k};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ease::{self, EaseParams, KeptInverse};
use super::frequency::{Frequency, FrequencyParams};
use super::ials::{self, Ials, IalsParams};
use super::interactions::{Event, Interactions};
use super::item_knn::{self, ItemKnnParams};
use super::item_rows::ItemToItem;
use super::next_item::{self, NextItemParams, TransitionParams};
use super::popularity::{Popularity, PopularityParams};
use super::{Answer, FitError, Reason, ScoreError, Source, check_item, check_positive};

/// A method with its parameters, ready to be fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Decayed sales.
    Popularity(PopularityParams),
    /// Decayed purchases of the customer plus a prior.
    Frequency(FrequencyParams),
    /// The linear item model in closed form.
    Ease(EaseParams),
    /// Neighbours counted from co-occurrence.
    ItemKnn(ItemKnnParams),
    /// What followed what, counted.
    Transitions(TransitionParams),
    /// What follows what, regressed.
    NextItem(NextItemParams),
    /// Factorisation.
    Ials(IalsParams),
    /// A weighted sum of others.
    Blend(Vec<BlendMember>),
}

/// A part of a blend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlendMember {
    /// Weight of the method's scores, each divided by the customer's largest; above 0.
    pub weight: f32,
    /// The method, itself no blend.
    pub method: Method,
}

/// How many customers, items and events a method is asked to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Customers.
    pub n_customers: u64,
    /// Items of the catalogue.
    pub n_items: u64,
    /// Events.
    pub n_events: u64,
}

impl Method {
    /// Learns. The same `seed` gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError`] on parameters without meaning or when nothing was seen.
    pub fn fit(
        &self,
        seen: &Interactions,
        as_of_days: f64,
        seed: u64,
    ) -> Result<AnyFitted, FitError> {
        Fitter::new(seen, as_of_days, seed).fit(self)
    }

    /// Bytes that fitting needs beside the interactions, known before it starts.
    #[must_use]
    pub fn memory_needed(&self, size: &Size) -> u64 {
        match self {
            Self::Popularity(_) => size.n_items * 16,
            Self::Frequency(_) => size.n_items * 40 + size.n_events * 8,
            Self::Ease(params) => size.n_events * 16 + ease::memory_needed(size.n_items, params),
            Self::ItemKnn(params) => item_knn::memory_needed(size.n_items, size.n_events, params),
            Self::Transitions(_) => {
                size.n_events * 24 + next_item::memory_needed(size.n_items, false)
            }
            Self::NextItem(_) => size.n_events * 24 + next_item::memory_needed(size.n_items, true),
            Self::Ials(params) => {
                ials::memory_needed(size.n_customers, size.n_items, size.n_events, params)
            }
            // Members are fitted one after the other, what is fitted stays.
            Self::Blend(members) => members
                .iter()
                .map(|member| member.method.memory_needed(size))
                .sum(),
        }
    }

    /// How much there is to understand in a method, 0 for the simplest: of methods that rank about as well the one
    /// with the least is kept.
    #[must_use]
    pub fn complexity(&self) -> u8 {
        match self {
            Self::Popularity(_) => 0,
            Self::Frequency(_) => 1,
            Self::ItemKnn(_) => 2,
            Self::Transitions(_) => 3,
            Self::Ease(_) => 4,
            Self::NextItem(_) => 5,
            Self::Ials(_) => 6,
            Self::Blend(_) => 7,
        }
    }

    /// The name of the kind, as written in a file.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Popularity(_) => "popularity",
            Self::Frequency(_) => "frequency",
            Self::Ease(_) => "ease",
            Self::ItemKnn(_) => "item_knn",
            Self::Transitions(_) => "transitions",
            Self::NextItem(_) => "next_item",
            Self::Ials(_) => "ials",
            Self::Blend(_) => "blend",
        }
    }
}

/// Learns several methods from the same interactions: what two of them share is worked out once.
///
/// Methods that are fitted one after the other share most; the results are those of [`Method::fit`], to the byte.
/// Beside what [`Method::memory_needed`] says, one items × items matrix of f64 stays once EASE was fitted.
#[derive(Debug)]
pub struct Fitter<'a> {
    seen: &'a Interactions,
    as_of_days: f64,
    seed: u64,
    kept: KeptInverse,
}

impl<'a> Fitter<'a> {
    /// Nothing is learned yet.
    #[must_use]
    pub fn new(seen: &'a Interactions, as_of_days: f64, seed: u64) -> Self {
        Self {
            seen,
            as_of_days,
            seed,
            kept: KeptInverse::default(),
        }
    }

    /// Learns. The same seed gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError`] on parameters without meaning or when nothing was seen.
    pub fn fit(&mut self, method: &Method) -> Result<AnyFitted, FitError> {
        let (seen, as_of_days) = (self.seen, self.as_of_days);
        Ok(match method {
            Method::Popularity(params) => {
                AnyFitted::Popularity(Popularity::fit(seen, as_of_days, params)?)
            }
            Method::Frequency(params) => {
                AnyFitted::Frequency(Frequency::fit(seen, as_of_days, params)?)
            }
            Method::Ease(params) => {
                AnyFitted::ItemToItem(ease::fit(seen, as_of_days, params, &mut self.kept)?)
            }
            Method::ItemKnn(params) => {
                AnyFitted::ItemToItem(item_knn::fit(seen, as_of_days, params)?)
            }
            Method::Transitions(params) => {
                AnyFitted::ItemToItem(next_item::fit_transitions(seen, as_of_days, params)?)
            }
            Method::NextItem(params) => {
                AnyFitted::ItemToItem(next_item::fit_regression(seen, as_of_days, params)?)
            }
            Method::Ials(params) => {
                AnyFitted::Ials(Ials::fit(seen, as_of_days, params, self.seed)?)
            }
            Method::Blend(members) => {
                if members.is_empty() {
                    return Err(FitError::Parameter {
                        name: "blend members",
                        found: 0.0,
                        allowed: "at least 1",
                    });
                }
                let mut fit_member = |member: &BlendMember| {
                    check_positive("blend weight", f64::from(member.weight))?;
                    Ok((member.weight, self.fit(&member.method)?))
                };
                AnyFitted::Blend(Blended {
                    members: members
                        .iter()
                        .map(&mut fit_member)
                        .collect::<Result<_, FitError>>()?,
                })
            }
        })
    }
}

/// A fitted method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnyFitted {
    /// Decayed sales.
    Popularity(Popularity),
    /// Personal frequency.
    Frequency(Frequency),
    /// EASE, neighbours, transitions: a sum over the history.
    ItemToItem(ItemToItem),
    /// Factors.
    Ials(Ials),
    /// A weighted sum.
    Blend(Blended),
}

/// Fitted members of a blend, with their weights.
///
/// A member's scores are divided by the customer's largest absolute score before they are weighed, so that weights mean the same
/// for a long history and a short one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blended {
    members: Vec<(f32, AnyFitted)>,
}

/// What may be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Only what the history does not hold.
    Excluded,
    /// Anything.
    Allowed,
    /// Only what the history holds.
    Only,
}

/// One line of a list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// The item.
    pub item: u32,
    /// Its score: comparable within one list only.
    pub score: f32,
    /// Why.
    pub reason: Reason,
}

impl AnyFitted {
    /// Number of items of the catalogue.
    #[must_use]
    pub fn n_items(&self) -> usize {
        match self {
            Self::Popularity(fitted) => fitted.shares().len(),
            Self::Frequency(fitted) => fitted.n_items(),
            Self::ItemToItem(fitted) => fitted.n_items(),
            Self::Ials(fitted) => fitted.n_items(),
            Self::Blend(blend) => blend
                .members
                .first()
                .map_or(0, |(_, member)| member.n_items()),
        }
    }

    /// Scores every item for a history, of a customer seen in training or not.
    ///
    /// - `history`: in the order of time; `scores`: one per item of the catalogue, overwritten.
    /// - returns whom the scores are about: without a usable history they are what sells now, and say so.
    ///
    /// # Errors
    /// [`ScoreError`] when an item of the history is not in the catalogue or `scores` has another length.
    pub fn score_into(
        &self,
        history: &[Event],
        as_of_days: f64,
        scores: &mut [f32],
    ) -> Result<Answer, ScoreError> {
        let n_items = self.n_items();
        if scores.len() != n_items {
            return Err(ScoreError::WrongLength {
                found: scores.len(),
                expected: n_items,
            });
        }
        check_history(history, n_items)?;
        match self {
            Self::Popularity(fitted) => {
                scores.copy_from_slice(fitted.shares());
                Ok(Answer::Popular)
            }
            Self::Frequency(fitted) => Ok(fitted.score_into(history, as_of_days, scores)),
            Self::ItemToItem(fitted) => fitted.score_into(history, as_of_days, scores),
            Self::Ials(fitted) => Ok(fitted.score_into(history, as_of_days, scores)),
            Self::Blend(blend) => blend.score_into(history, as_of_days, scores),
        }
    }

    /// What makes the score of `item`, largest part first; the parts add up to the score.
    ///
    /// # Errors
    /// [`ScoreError`] when `item` or an item of the history is not in the catalogue.
    pub fn explain(
        &self,
        item: u32,
        history: &[Event],
        as_of_days: f64,
    ) -> Result<Vec<(Source, f32)>, ScoreError> {
        check_item(item, self.n_items())?;
        check_history(history, self.n_items())?;
        Ok(match self {
            Self::Popularity(fitted) => vec![(Source::Popularity, fitted.shares()[item as usize])],
            Self::Frequency(fitted) => fitted.explain(item, history, as_of_days),
            Self::ItemToItem(fitted) => fitted.explain(item, history, as_of_days),
            Self::Ials(fitted) => {
                let mut scores = vec![0.0; fitted.n_items()];
                let source = match fitted.score_into(history, as_of_days, &mut scores) {
                    Answer::Personal => Source::Taste,
                    Answer::Popular | Answer::PopularBecauseNothingKnown => Source::Popularity,
                };
                vec![(source, scores[item as usize])]
            }
            Self::Blend(blend) => blend.explain(item, history, as_of_days)?,
        })
    }

    /// Why each of `items` is in the list of this customer, in their order; the history is scored once for all of them.
    ///
    /// # Errors
    /// [`ScoreError`] when one of `items` or of the history is not in the catalogue.
    pub fn reasons(
        &self,
        items: &[u32],
        history: &[Event],
        as_of_days: f64,
    ) -> Result<Vec<Reason>, ScoreError> {
        items
            .iter()
            .try_for_each(|&item| check_item(item, self.n_items()))?;
        check_history(history, self.n_items())?;
        let each = |why: &dyn Fn(u32) -> Reason| items.iter().map(|&item| why(item)).collect();
        Ok(match self {
            Self::Popularity(fitted) => each(&|item| popular_reason(fitted, item)),
            Self::Frequency(fitted) => {
                each(&|item| frequency_reason(fitted, item, history, as_of_days))
            }
            Self::ItemToItem(fitted) => {
                let weights = fitted.history_weights(history, as_of_days);
                each(&|item| item_reason(fitted, item, &weights))
            }
            Self::Ials(fitted) => {
                let mut scores = vec![0.0; fitted.n_items()];
                let answer = fitted.score_into(history, as_of_days, &mut scores);
                each(&|item| match answer {
                    Answer::Personal => Reason::FitsTaste {
                        preference: scores[item as usize],
                    },
                    Answer::Popular | Answer::PopularBecauseNothingKnown => {
                        popular_reason(fitted.popularity(), item)
                    }
                })
            }
            Self::Blend(blend) => blend.reasons(items, history, as_of_days)?,
        })
    }

    /// The `k` best items of a customer with their reasons, best first.
    ///
    /// `allowed(item)`: eligibility, asked only of items that could enter the list.
    ///
    /// # Errors
    /// [`ScoreError`] when an item of the history is not in the catalogue.
    pub fn recommend(
        &self,
        history: &[Event],
        as_of_days: f64,
        k: usize,
        seen: Seen,
        allowed: impl FnMut(u32) -> bool,
    ) -> Result<(Answer, Vec<Recommendation>), ScoreError> {
        let mut scores = vec![0.0; self.n_items()];
        let (answer, ranked) = self.ranked(history, as_of_days, k, seen, allowed, &mut scores)?;
        let items: Vec<u32> = ranked.iter().map(|entry| entry.index).collect();
        let reasons = self.reasons(&items, history, as_of_days)?;
        let list = ranked
            .into_iter()
            .zip(reasons)
            .map(|(Scored { index, score }, reason)| Recommendation {
                item: index,
                score,
                reason,
            })
            .collect();
        Ok((answer, list))
    }

    /// The same without reasons, in room given: for batches and evaluation.
    ///
    /// # Errors
    /// [`ScoreError`] when an item of the history is not in the catalogue or `scores` has another length.
    pub fn ranked(
        &self,
        history: &[Event],
        as_of_days: f64,
        k: usize,
        seen: Seen,
        mut allowed: impl FnMut(u32) -> bool,
        scores: &mut [f32],
    ) -> Result<(Answer, Vec<Scored>), ScoreError> {
        let answer = self.score_into(history, as_of_days, scores)?;
        let mut held: Vec<u32> = history.iter().map(|event| event.item).collect();
        held.sort_unstable();
        let ranked = top_k(scores, k, |item| {
            let fits = match seen {
                Seen::Allowed => true,
                Seen::Excluded => held.binary_search(&item).is_err(),
                Seen::Only => held.binary_search(&item).is_ok(),
            };
            fits && allowed(item)
        });
        Ok((answer, ranked))
    }
}

impl AnyFitted {
    /// The best `k` items of every customer, on all threads, best first; the same lists as [`AnyFitted::ranked`] one by one.
    ///
    /// # Errors
    /// [`ScoreError`] when the histories are of a larger catalogue than the model's.
    pub fn ranked_all(
        &self,
        histories: &Interactions,
        as_of_days: f64,
        k: usize,
        seen: Seen,
    ) -> Result<Vec<Vec<u32>>, ScoreError> {
        (0..histories.n_customers())
            .into_par_iter()
            .map_init(
                || vec![0.0; self.n_items()],
                |scores, customer| {
                    let history = histories.history(customer);
                    let (_, ranked) =
                        self.ranked(history, as_of_days, k, seen, |_| true, scores)?;
                    Ok(ranked.into_iter().map(|entry| entry.index).collect())
                },
            )
            .collect()
    }
}

fn check_history(history: &[Event], n_items: usize) -> Result<(), ScoreError> {
    history
        .iter()
        .try_for_each(|event| check_item(event.item, n_items))
}

fn popular_reason(popular: &Popularity, item: u32) -> Reason {
    Reason::Popular {
        recent_sales: popular.decayed_sales(item),
        share: popular.shares()[item as usize],
    }
}

fn frequency_reason(fitted: &Frequency, item: u32, history: &[Event], as_of_days: f64) -> Reason {
    match history.iter().rev().find(|event| event.item == item) {
        None => popular_reason(fitted.popularity(), item),
        Some(last) => Reason::BoughtBefore {
            times: history.iter().filter(|event| event.item == item).count() as u32,
            last_days_ago: (as_of_days - last.at_days).max(0.0),
            usual_interval_days: fitted.usual_interval_days(item),
        },
    }
}

/// The item of the history that adds most to the score of `item`; `weights` are those of the history.
fn item_reason(fitted: &ItemToItem, item: u32, weights: &[(u32, f32)]) -> Reason {
    let mut positive = 0.0;
    let mut most: Option<(u32, f32)> = None;
    for (from, part) in fitted.parts(item, weights) {
        positive += part.max(0.0);
        if most.is_none_or(|(_, most)| part > most) {
            most = Some((from, part));
        }
    }
    let Some((from, part)) = most else {
        return popular_reason(&fitted.popular, item);
    };
    match fitted.evidence.of(from, item) {
        Some((times, expected)) if fitted.directed => Reason::Follows {
            item: from,
            times,
            expected,
        },
        Some((times, expected)) => Reason::BoughtWith {
            item: from,
            times,
            expected,
        },
        None => Reason::SimilarTo {
            item: from,
            share: part / positive.max(f32::MIN_POSITIVE),
        },
    }
}

impl Blended {
    fn score_into(
        &self,
        history: &[Event],
        as_of_days: f64,
        scores: &mut [f32],
    ) -> Result<Answer, ScoreError> {
        let mut part = vec![0.0; scores.len()];
        scores.fill(0.0);
        let mut whole = Answer::PopularBecauseNothingKnown;
        for (weight, member) in &self.members {
            let answer = member.score_into(history, as_of_days, &mut part)?;
            if answer == Answer::Personal {
                whole = answer;
            }
            let scale = weight / largest(&part);
            for (score, part) in scores.iter_mut().zip(&part) {
                *score += scale * part;
            }
        }
        Ok(whole)
    }

    /// Parts of every member on the scale of the blend, equal sources added up.
    fn explain(
        &self,
        item: u32,
        history: &[Event],
        as_of_days: f64,
    ) -> Result<Vec<(Source, f32)>, ScoreError> {
        let mut parts: Vec<(Source, f32)> = Vec::new();
        for (weight, member) in &self.members {
            let mut scores = vec![0.0; member.n_items()];
            member.score_into(history, as_of_days, &mut scores)?;
            let scale = weight / largest(&scores);
            let of_member = member.explain(item, history, as_of_days)?;
            parts.extend(
                of_member
                    .into_iter()
                    .map(|(source, part)| (source, scale * part)),
            );
        }
        parts.sort_by_key(|part| part.0);
        parts.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        parts.sort_by(|left, right| right.1.total_cmp(&left.1));
        Ok(parts)
    }

    /// For each item the reason of the member that brings most of its score.
    fn reasons(
        &self,
        items: &[u32],
        history: &[Event],
        as_of_days: f64,
    ) -> Result<Vec<Reason>, ScoreError> {
        let mut best = vec![(f32::NEG_INFINITY, 0); items.len()];
        let mut scores = Vec::new();
        for (number, (weight, member)) in self.members.iter().enumerate() {
            scores.resize(member.n_items(), 0.0);
            member.score_into(history, as_of_days, &mut scores)?;
            let scale = weight / largest(&scores);
            for (best, &item) in best.iter_mut().zip(items) {
                let part = scale * scores[item as usize];
                if part > best.0 {
                    *best = (part, number);
                }
            }
        }
        items
            .iter()
            .zip(best)
            .map(|(&item, (_, number))| {
                let (_, member) = &self.members[number];
                let mut reasons = member.reasons(&[item], history, as_of_days)?;
                Ok(reasons.swap_remove(0))
            })
            .collect()
    }
}

/// Largest absolute score, above 0.
fn largest(scores: &[f32]) -> f32 {
    scores
        .iter()
        .fold(f32::MIN_POSITIVE, |most, score| most.max(score.abs()))
}
