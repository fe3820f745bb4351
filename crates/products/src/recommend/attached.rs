//! A trained recommender joined with the shop as it is: it answers.

use super::body::{Body, PairOrder};
use super::choose::listable;
use super::kept::Kept;
use super::sentences;
use super::settings::{Checked, ITEMS_MAX, PLACEMENTS, name};
use crate::answer::{
    Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason, ShortOf,
};
use crate::contract::Serving;
use crate::file::Header;
use crate::measured_rules::RuleDraws;
use crate::reasons::Reasons;
use crate::shop::Shop;
use decisions::rank::{By, Placed, Ranked};
use decisions::{Limits, Request, rank};
use math::topk::{Scored, top_k};
use models::recommend::{
    Answer, AnyFitted, Complement, Event, Placement, Reason as Why, Seen, Source,
};
use schema::{Probability, ProductId};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

/// Candidates taken to the rules for each item asked for: enough to fill a list after caps and exclusions.
const CANDIDATES_PER_ITEM: usize = 4;

/// Candidates taken in any case.
const CANDIDATES_MIN: usize = 60;

thread_local! {
    /// Room for one score per product, kept between requests: nothing is allocated per product of the catalogue.
    static SCORES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

pub(crate) struct Attached {
    product: String,
    settings: Checked,
    body: Arc<Body>,
    shop: Arc<Shop>,
    /// Index in the shop's catalogue of each product of the version; none where it is gone.
    to_shop: Vec<Option<u32>>,
    /// Index in the version of each product of the shop's catalogue; none where it is new.
    to_model: Vec<Option<u32>>,
    index: HashMap<String, u32>,
    /// Proposals for histories as the lake has them.
    kept: Kept,
}

/// A question, made complete.
struct Question<'a> {
    placement: Placement,
    items: u32,
    customer: Option<&'a str>,
    /// The product asked about, in the version's index.
    about: Option<u32>,
    /// What was just looked at or put in the cart.
    recent: &'a [ProductId],
    /// The customer's history, once somebody asked for it.
    history: OnceCell<Vec<Event>>,
}

impl Question<'_> {
    /// Whether the answer is about a product and not about a customer.
    fn is_about_product(&self) -> bool {
        matches!(
            self.placement,
            Placement::Similar | Placement::Complementary
        )
    }
}

/// A list under the rules of the shop.
struct Ruled {
    ranked: Ranked,
    /// The measured rules that cover the question.
    draws: RuleDraws,
    /// Probability that they are left out as they are.
    share: f64,
    /// The lists that would have been if they were left out otherwise, each with its probability.
    otherwise: Vec<(Ranked, f64)>,
}

impl Ruled {
    /// The probability that a product takes its place, however measured rules are left out.
    fn propensity(&self, placed: &Placed) -> Probability {
        let is_there = |other: &Ranked| {
            let mut items = other.items.iter();
            items.any(|other| (other.item, other.position) == (placed.item, placed.position))
        };
        let others = self.otherwise.iter().filter(|(other, _)| is_there(other));
        let all = self.share + others.map(|(_, share)| share).sum::<f64>();
        Probability::new(all.min(1.0)).unwrap_or(Probability::ONE)
    }
}

/// What the scores of a proposal are made of, and with them the reasons.
pub(crate) enum Basis {
    /// The method of the placement, and a history.
    Method,
    /// What sells now, the same for everybody.
    Popularity,
    /// Pairs with the product asked about.
    Pairs(Vec<Complement>),
}

/// What a method proposes: products of the version with scores, and how it came to them.
pub(crate) struct Proposed {
    pub(crate) candidates: Vec<Scored>,
    pub(crate) method: String,
    basis: Basis,
    /// Why, for each candidate that was ever listed.
    reasons: Vec<OnceLock<Reasons>>,
}

impl Proposed {
    pub(crate) fn new(candidates: Vec<Scored>, method: String, basis: Basis) -> Self {
        Self {
            reasons: candidates.iter().map(|_| OnceLock::new()).collect(),
            candidates,
            method,
            basis,
        }
    }
}

impl Attached {
    pub(crate) fn new(
        header: &Header,
        settings: &Checked,
        body: Arc<Body>,
        shop: Arc<Shop>,
    ) -> Self {
        let catalogue = shop.history.catalogue();
        let to_shop: Vec<Option<u32>> = body
            .products
            .iter()
            .map(|id| catalogue.index_of(id))
            .collect();
        let mut to_model = vec![None; catalogue.len()];
        for (shop_index, model_index) in to_shop.iter().zip(0u32..) {
            if let Some(i) = shop_index {
                to_model[*i as usize] = Some(model_index);
            }
        }
        let index = body.products.iter().cloned().zip(0u32..).collect();
        Self {
            product: header.name.clone(),
            settings: settings.clone(),
            body,
            shop,
            to_shop,
            to_model,
            index,
            kept: Kept::new(),
        }
    }

    /// What a person reads for a product of the version.
    fn label(&self, item: u32) -> String {
        let id = self
            .body
            .products
            .get(item as usize)
            .map_or("", String::as_str);
        let known = self
            .to_shop
            .get(item as usize)
            .copied()
            .flatten()
            .and_then(|i| self.shop.history.catalogue().get(i));
        known
            .and_then(|p| p.name.clone())
            .unwrap_or_else(|| id.to_owned())
    }

    fn placement(&self, asked: &Asked) -> Result<Placement, Infeasible> {
        let trained = &self.settings.placements;
        let allowed = || {
            trained
                .iter()
                .map(|p| name(*p))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match asked.placement.as_deref() {
            // A question about a product alone means what is like it, where that is trained.
            None if asked.customer_id.is_none()
                && asked.product_id.is_some()
                && trained.contains(&Placement::Similar) =>
            {
                Ok(Placement::Similar)
            }
            None => Ok(trained[0]),
            Some(text) => PLACEMENTS
                .iter()
                .find(|(known, p)| *known == text && trained.contains(p))
                .map(|(_, p)| *p)
                .ok_or_else(|| Infeasible::Placement {
                    found: text.to_owned(),
                    allowed: allowed(),
                }),
        }
    }

    fn question<'a>(&self, asked: &'a Asked) -> Result<Question<'a>, Infeasible> {
        let placement = self.placement(asked)?;
        let items = asked.items.unwrap_or(self.settings.items);
        if !(1..=ITEMS_MAX).contains(&items) {
            return Err(Infeasible::Items {
                found: items,
                allowed: ITEMS_MAX,
            });
        }
        let missing = |field| Infeasible::Missing {
            field,
            placement: name(placement).to_owned(),
        };
        let about_product = matches!(placement, Placement::Similar | Placement::Complementary);
        let about = match &asked.product_id {
            Some(id) => match self.index.get(id.as_str()) {
                Some(item) => Some(*item),
                None if self
                    .shop
                    .history
                    .catalogue()
                    .index_of(id.as_str())
                    .is_some() =>
                {
                    None
                }
                None => {
                    return Err(Infeasible::UnknownProduct {
                        product: id.as_str().to_owned(),
                    });
                }
            },
            None if about_product && asked.recent.is_empty() => return Err(missing("product_id")),
            None => asked
                .recent
                .last()
                .and_then(|id| self.index.get(id.as_str()).copied()),
        };
        let customer = asked.customer_id.as_ref().map(schema::CustomerId::as_str);
        if placement == Placement::BuyAgain && customer.is_none() {
            return Err(missing("customer_id"));
        }
        Ok(Question {
            placement,
            items,
            customer,
            about,
            recent: &asked.recent,
            history: OnceCell::new(),
        })
    }

    /// The history of the question's customer in the version's indices, what was just looked at included.
    fn history<'q>(&self, question: &'q Question<'_>) -> &'q [Event] {
        question.history.get_or_init(|| self.gather(question))
    }

    fn gather(&self, question: &Question<'_>) -> Vec<Event> {
        let mut history = Vec::new();
        if let Some(customer) = question.customer {
            let bought = self.shop.lines_of(customer);
            history.extend(bought.iter().filter(|l| !l.is_return).filter_map(|l| {
                let item = self.to_model.get(l.product as usize).copied().flatten()?;
                Some(Event {
                    item,
                    at_days: l.at_days(),
                    weight: 1.0,
                })
            }));
        }
        let now_days = self.now_days(&history);
        let recent = question.recent.iter();
        let recent = recent.filter_map(|id| self.index.get(id.as_str()));
        history.extend(recent.map(|item| Event {
            item: *item,
            at_days: now_days,
            weight: 1.0,
        }));
        history
    }

    /// The moment of an answer: the day of the shop, which is later than that of the version where sales were imported
    /// since, or the last thing the customer did since.
    fn now_days(&self, history: &[Event]) -> f64 {
        let today = f64::from(self.shop.today().epoch_day()).max(self.body.as_of_days);
        history.last().map_or(today, |e| e.at_days.max(today))
    }

    /// What sells now; a product that is asked about is no answer.
    fn popular(&self, question: &Question<'_>, method: &str) -> Proposed {
        let except = question.about.filter(|_| question.is_about_product());
        let candidates = top_k(
            self.body.popular.shares(),
            n_candidates(question.items),
            |item| Some(item) != except && self.sellable(item),
        );
        Proposed::new(candidates, method.to_owned(), Basis::Popularity)
    }

    fn sellable(&self, item: u32) -> bool {
        self.to_shop[item as usize].is_some_and(|i| {
            let facts = &self.shop.items[i as usize];
            facts.active && facts.in_stock != Some(false)
        })
    }

    /// Candidates for a question: those kept where nothing but the customer's history in the lake matters.
    fn candidates(&self, question: &Question<'_>) -> Arc<Proposed> {
        let bought_since = question
            .customer
            .is_some_and(|customer| self.shop.bought_since(customer));
        if question.is_about_product() || bought_since || !question.recent.is_empty() {
            return Arc::new(self.propose(question));
        }
        let customer = question.customer.map(Into::into);
        let key = (customer, question.placement, n_candidates(question.items));
        self.kept.get(key, || self.propose(question))
    }

    fn propose(&self, question: &Question<'_>) -> Proposed {
        let n = n_candidates(question.items);
        if question.placement == Placement::Complementary {
            return self.complements(question, n);
        }
        let Some(chosen) = self.body.chosen(question.placement) else {
            return self.popular(question, "popularity");
        };
        if question.placement == Placement::Similar {
            return match (question.about, &chosen.fitted) {
                (Some(item), AnyFitted::ItemToItem(fitted)) => {
                    let mut candidates = fitted.similar(item, n * 2).unwrap_or_default();
                    candidates.retain(|s| self.sellable(s.index));
                    candidates.truncate(n);
                    let method = chosen.method.name().to_owned();
                    Proposed::new(candidates, method, Basis::Method)
                }
                // Nothing was found to be like another: what sells is the better answer to everybody.
                (Some(_), _) => self.popular(question, "popularity"),
                (None, _) => self.popular(
                    question,
                    "popularity: the version does not know the product",
                ),
            };
        }
        let seen = listable(question.placement, self.settings.seen);
        SCORES.with_borrow_mut(|scores| {
            scores.resize(chosen.fitted.n_items(), 0.0);
            let history = self.history(question);
            match chosen.fitted.ranked(
                history,
                self.now_days(history),
                n,
                seen,
                |i| self.sellable(i),
                scores,
            ) {
                Ok((answer, candidates)) => {
                    let method = match answer {
                        Answer::Personal => chosen.method.name().to_owned(),
                        Answer::Popular => "popularity".to_owned(),
                        Answer::PopularBecauseNothingKnown => {
                            "popularity: nothing is known of the customer".to_owned()
                        }
                    };
                    Proposed::new(candidates, method, Basis::Method)
                }
                Err(_) => self.popular(question, "popularity"),
            }
        })
    }

    fn complements(&self, question: &Question<'_>, n: usize) -> Proposed {
        let mut pairs = question
            .about
            .map(|item| self.body.pairs(item))
            .unwrap_or_default();
        pairs.retain(|(p, _)| self.sellable(p.item));
        pairs.truncate(n);
        let candidates = pairs
            .iter()
            .map(|(p, score)| Scored {
                index: p.item,
                score: *score,
            })
            .collect();
        let pairs = pairs.into_iter().map(|(p, _)| p).collect();
        Proposed::new(candidates, "complements".to_owned(), Basis::Pairs(pairs))
    }

    fn limits(&self, question: &Question<'_>, keep_excluded: bool) -> Limits {
        Limits {
            at_most_per_category: self.settings.at_most_per_category,
            keep_excluded,
            ..Limits::of(question.items)
        }
    }

    fn ranked(
        &self,
        question: &Question<'_>,
        proposed: &Proposed,
        now: jiff::Timestamp,
        keep_excluded: bool,
    ) -> Ruled {
        let clock = self.shop.clock(now);
        let about = question
            .about
            .and_then(|i| self.body.products.get(i as usize))
            .map(String::as_str);
        let looked_at = self.shop.item_rules.look_at_customers(&self.product);
        let customer = question.customer.filter(|_| looked_at);
        let known = customer.map(|id| self.shop.customer_facts(id));
        let request = Request {
            placement: Some(name(question.placement)),
            product_id: about,
            hour: u8::try_from(clock.hour()).ok(),
            customer_id: question.customer,
            customer: known.as_ref(),
            ..Request::new(&self.product, clock.date())
        };
        let candidates: Vec<(u32, f32)> = proposed
            .candidates
            .iter()
            .filter_map(|s| {
                Some((self.to_shop[s.index as usize]?, s.score))
                    .filter(|(_, score)| score.is_finite())
            })
            .collect();
        let limits = self.limits(question, keep_excluded);
        let ranked = |without: &[usize]| {
            rank(
                &candidates,
                &self.shop.items,
                &self.shop.item_rules,
                &Request { without, ..request },
                &limits,
            )
            .unwrap_or_else(|e| {
                unreachable!("candidates come from the catalogue the rules were prepared for: {e}")
            })
        };
        let measured = self.shop.item_rules.measured_on_lists(&request);
        let draws = RuleDraws::of(measured, question.customer.unwrap_or_default());
        let mut ways = draws.ways().into_iter();
        let (without, share) = ways.next().unwrap_or((Vec::new(), 1.0));
        Ruled {
            ranked: ranked(&without),
            otherwise: ways
                .map(|(without, share)| (ranked(&without), share))
                .collect(),
            draws,
            share,
        }
    }

    /// Why each of `items` was proposed, in their order.
    fn reasons(&self, question: &Question<'_>, proposed: &Proposed, items: &[u32]) -> Vec<Reason> {
        let popular = |item: &u32| Why::Popular {
            recent_sales: self.body.popular.decayed_sales(*item),
            share: self.body.popular.shares()[*item as usize],
        };
        let paired = |pairs: &[Complement], item: &u32| {
            let pair = pairs.iter().find(|p| p.item == *item);
            pair.zip(question.about)
                .map_or_else(|| popular(item), |(pair, about)| pair.reason(about))
        };
        let found = match (&proposed.basis, self.body.chosen(question.placement)) {
            (Basis::Method, Some(chosen)) => {
                let (history, at) = self.seen(question);
                chosen.fitted.reasons(items, &history, at).ok()
            }
            (Basis::Pairs(pairs), _) => Some(items.iter().map(|i| paired(pairs, i)).collect()),
            (Basis::Method | Basis::Popularity, _) => None,
        };
        let found: Vec<Why> = found.unwrap_or_else(|| items.iter().map(popular).collect());
        found
            .iter()
            .map(|why| sentences::why(why, |item| self.label(item)))
            .collect()
    }

    /// Makes the reasons of the candidates at `places` that have none yet, all at once.
    fn give_reasons(&self, question: &Question<'_>, proposed: &Proposed, places: &[Option<usize>]) {
        let without = |place: &usize| proposed.reasons[*place].get().is_none();
        let places: Vec<usize> = places.iter().copied().flatten().filter(without).collect();
        if places.is_empty() {
            return;
        }
        let items: Vec<u32> = places
            .iter()
            .map(|place| proposed.candidates[*place].index)
            .collect();
        for (place, why) in places
            .into_iter()
            .zip(self.reasons(question, proposed, &items))
        {
            // Two who make the same reasons at once make equal ones.
            proposed.reasons[place].get_or_init(|| vec![why].into());
        }
    }

    /// The history that scores are made of, and the moment: where the question is what is like a product, that product.
    fn seen<'q>(&self, question: &'q Question<'_>) -> (Cow<'q, [Event]>, f64) {
        match question.about {
            Some(item) if question.placement == Placement::Similar => {
                let seed = Event {
                    item,
                    at_days: self.body.as_of_days,
                    weight: 1.0,
                };
                (Cow::Owned(vec![seed]), self.body.as_of_days)
            }
            _ => {
                let history = self.history(question);
                (Cow::Borrowed(history), self.now_days(history))
            }
        }
    }

    fn answer(&self, question: &Question<'_>, proposed: &Proposed, ruled: &Ruled) -> Decisions {
        let ranked = &ruled.ranked;
        // Those of the list stand with its first product.
        let mut of_list: Vec<Reason> = ruled.draws.reasons().collect();
        let catalogue = self.shop.history.catalogue();
        let place_of = |placed: &Placed| {
            placed.score?;
            let item = self.to_model.get(placed.item as usize).copied().flatten()?;
            proposed.candidates.iter().position(|c| c.index == item)
        };
        let places: Vec<Option<usize>> = ranked.items.iter().map(place_of).collect();
        self.give_reasons(question, proposed, &places);
        let actions = ranked
            .items
            .iter()
            .zip(places)
            .filter_map(|(placed, place)| {
                let product = catalogue.get(placed.item)?;
                let why = place.and_then(|place| proposed.reasons[place].get());
                let reasons = match why {
                    Some(why) if placed.rules.is_empty() && of_list.is_empty() => why.clone(),
                    _ => {
                        let mut all = why.map(Reasons::list).unwrap_or_default();
                        all.extend(placed.rules.iter().map(sentences::rule));
                        all.append(&mut of_list);
                        all.into()
                    }
                };
                Some(Action {
                    position: placed.position,
                    id: product.id.clone(),
                    label: product.name.clone(),
                    score: placed.score.map(f64::from),
                    estimate: None,
                    unit: "none".into(),
                    propensity: ruled.propensity(placed),
                    reasons,
                })
            })
            .collect();
        let short_of = ranked.short.as_ref().map(|short| ShortOf {
            missing: short.short_of,
            because: short
                .because
                .iter()
                .map(|(by, n)| (by_name(by), *n))
                .collect::<BTreeMap<_, _>>(),
        });
        Decisions {
            placement: Some(name(question.placement).to_owned()),
            actions,
            short_of,
            method: proposed.method.clone(),
            stake: None,
        }
    }
}

/// A part of a score.
fn line(what: String, part: f32) -> ExplanationLine {
    ExplanationLine {
        what,
        contribution: f64::from(part),
    }
}

/// Candidates taken to the rules for a list of `items`.
fn n_candidates(items: u32) -> usize {
    (items as usize * CANDIDATES_PER_ITEM).max(CANDIDATES_MIN)
}

/// A limit in one word or two.
fn by_name(by: &By) -> String {
    match by {
        By::Inactive => "inactive".to_owned(),
        By::OutOfStock => "out of stock".to_owned(),
        By::Rule { rule, .. } => format!("rule {rule}"),
        By::Cap { rule, .. } => format!("cap of rule {rule}"),
        By::Diversity { .. } => "category limit".to_owned(),
        By::Outranked => "outranked".to_owned(),
    }
}

/// A limit in one sentence.
fn by_sentence(by: &By) -> String {
    match by {
        By::Inactive => "the shop does not offer it".to_owned(),
        By::OutOfStock => "it is out of stock".to_owned(),
        By::Rule { rule, reason } => format!("rule \"{rule}\" excludes it ({reason})"),
        By::Cap {
            rule,
            reason,
            at_most,
        } => {
            format!(
                "rule \"{rule}\" allows {at_most} of its group and better ones are listed ({reason})"
            )
        }
        By::Diversity { at_most } => {
            format!("only {at_most} of its category are listed and better ones are there")
        }
        By::Outranked => "others score higher".to_owned(),
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let question = self.question(asked)?;
        let proposed = self.candidates(&question);
        let ruled = self.ranked(&question, &proposed, now, false);
        Ok(self.answer(&question, &proposed, &ruled))
    }

    fn baseline(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let question = self.question(asked)?;
        let proposed = self.popular(&question, "popularity");
        let ruled = self.ranked(&question, &proposed, now, false);
        Ok(self.answer(&question, &proposed, &ruled))
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        now: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let question = self.question(asked)?;
        let proposed = self.propose(&question);
        let Ruled { ranked, .. } = self.ranked(&question, &proposed, now, true);
        let unknown = |id: &str| Infeasible::UnknownProduct {
            product: id.to_owned(),
        };
        let shop_item = match about {
            Some(id) => self
                .shop
                .history
                .catalogue()
                .index_of(id)
                .ok_or_else(|| unknown(id))?,
            None => match ranked.items.first() {
                Some(first) => first.item,
                None => return Err(Infeasible::NothingToExplain),
            },
        };
        let id = self
            .shop
            .history
            .catalogue()
            .get(shop_item)
            .map_or("", |p| p.id.as_str());
        let item = self.to_model.get(shop_item as usize).copied().flatten();
        let lines = item
            .map(|i| self.contributions(&question, &proposed, i))
            .unwrap_or_default();
        let placed = ranked.items.iter().find(|p| p.item == shop_item);
        let why_not = placed.is_none().then(|| {
            let by = ranked
                .excluded
                .iter()
                .find(|e| e.item == shop_item)
                .map(|e| &e.by);
            match (by, item) {
                (Some(by), _) => by_sentence(by),
                (None, None) => "it is newer than the trained version".to_owned(),
                (None, Some(i)) if !self.sellable(i) => {
                    "it is out of stock or not offered".to_owned()
                }
                (None, Some(i)) => self.not_listed(&question, i).to_owned(),
            }
        });
        let summary = match (item, placed) {
            (Some(i), Some(p)) => {
                let why = self.reasons(&question, &proposed, &[i]);
                let why = why.first().map_or("", |r| r.text.as_str());
                format!("{} at place {}: {why}", self.label(i), p.position)
            }
            (_, Some(p)) => format!("{id} at place {}", p.position),
            (_, None) => format!("{id} is not in the answer"),
        };
        let rules = placed
            .map(|p| p.rules.iter().map(|t| sentences::rule(t).text).collect())
            .unwrap_or_default();
        Ok(Explanation {
            about: id.to_owned(),
            summary,
            score: lines.iter().map(|l| l.contribution).sum(),
            unit: "score before rules".to_owned(),
            lines,
            why_not,
            rules,
            flips: Vec::new(),
        })
    }
}

impl Attached {
    /// Why no rule and no limit, but the placement or the scores keep a product out of the answer.
    fn not_listed(&self, question: &Question<'_>, item: u32) -> &'static str {
        let has = || self.history(question).iter().any(|e| e.item == item);
        if question.is_about_product() {
            return if question.about == Some(item) {
                "it is the product asked about"
            } else {
                "others score higher"
            };
        }
        match listable(question.placement, self.settings.seen) {
            Seen::Excluded if has() => {
                "the customer has it, and the placement shows only what is new"
            }
            Seen::Only if !has() => {
                "the customer has never bought it, and the placement shows only what they have"
            }
            Seen::Excluded | Seen::Only | Seen::Allowed => "others score higher",
        }
    }

    /// The parts of a score, largest first; they add up to it.
    fn contributions(
        &self,
        question: &Question<'_>,
        proposed: &Proposed,
        item: u32,
    ) -> Vec<ExplanationLine> {
        match &proposed.basis {
            Basis::Pairs(pairs) => {
                let pair = pairs.iter().find(|p| p.item == item);
                return pair.map_or_else(Vec::new, |pair| self.parts_of_pair(pair));
            }
            Basis::Popularity => {
                let share = self.body.popular.shares()[item as usize];
                return vec![line("sells now".to_owned(), share)];
            }
            Basis::Method => {}
        }
        let (history, at) = self.seen(question);
        let Some(chosen) = self.body.chosen(question.placement) else {
            return Vec::new();
        };
        let parts = chosen
            .fitted
            .explain(item, &history, at)
            .unwrap_or_default();
        parts
            .into_iter()
            .map(|(source, contribution)| {
                let what = match source {
                    Source::HistoryItem(from) => format!("has {}", self.label(from)),
                    Source::Popularity => "sells now".to_owned(),
                    Source::Taste => "learnt taste of the customer".to_owned(),
                };
                line(what, contribution)
            })
            .collect()
    }

    fn parts_of_pair(&self, pair: &Complement) -> Vec<ExplanationLine> {
        match self.body.order {
            PairOrder::Lift => {
                let lift = pair.lift_at_least.ln();
                vec![
                    line(
                        format!(
                            "logarithm of the lower bound of lift: {} baskets, {:.1} expected",
                            pair.times, pair.expected
                        ),
                        lift,
                    ),
                    line(
                        "bought in turns (substitutes)".to_owned(),
                        pair.score - lift,
                    ),
                ]
            }
            PairOrder::Extra => vec![
                line(
                    format!("baskets with both, lower bound: {} were seen", pair.times),
                    pair.lift_at_least * pair.expected,
                ),
                line("baskets with both by chance".to_owned(), -pair.expected),
            ],
        }
    }
}
