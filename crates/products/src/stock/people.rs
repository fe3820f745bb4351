//! What people made of proposed orders, and what that was worth on the days that the orders had to last for.

use super::plan::Of;
use super::settings::UnmetName;
use super::terms::Orders;
use crate::demand::{Key, Series};
use features::Supply;
use features::supply::{Answer, Levels, OrderAnswer, Replenishment};
use math::tails::student_t_upper_quantile;
use schema::estimate::short;
use schema::time::{date_of, epoch_day};
use schema::{Estimate, WhyNot};
use std::collections::{BTreeMap, HashMap};

/// Answers that an interval needs.
const ANSWERS_MIN: usize = 5;

/// Probability that an interval leaves out on each side.
const TAIL: f64 = 0.025;

/// What one person made of proposals.
#[derive(Debug, Default)]
struct Person {
    accepted: usize,
    changed: usize,
    refused: usize,
    /// What each change or refusal saved whose days are known, in cents; below 0 where it cost something.
    saved: Vec<f64>,
}

/// By person, how many proposals were taken, changed and refused, and what the changes saved, in words.
///
/// A change is held against the proposal on the days between the arrival of the order and of the one after it: units
/// missing, kept and perished with what was ordered, and with what was proposed, by what was asked for then. What came
/// before is the same either way. Changes whose days are not over, or of which too little is known, are only counted.
pub(super) fn told(of: &Of<'_>, found: &Series) -> Vec<String> {
    let mut people: BTreeMap<&str, Person> = BTreeMap::new();
    let goods = Goods::new(of.history.supply());
    // Who thinks again answers again: of one person's answers to one proposal the last holds.
    let last: BTreeMap<_, &OrderAnswer> = (of.history.supply().answers.iter())
        .map(|a| ((a.ordered_on, &a.author, &a.product, &a.site), a))
        .collect();
    for answer in last.into_values() {
        let person = people.entry(&answer.author).or_default();
        match answer.answer {
            Answer::Accepted => person.accepted += 1,
            Answer::Changed => person.changed += 1,
            Answer::Refused => person.refused += 1,
        }
        if answer.ordered != answer.proposed {
            person.saved.extend(saved(of, (found, &goods), answer));
        }
    }
    let each = people.iter();
    each.map(|(author, person)| person.told(author)).collect()
}

/// What ordering so much instead of what was proposed saved, in cents.
fn saved(of: &Of<'_>, (found, goods): (&Series, &Goods<'_>), answer: &OrderAnswer) -> Option<f64> {
    let key = Key {
        product: answer.product.clone(),
        site: Some(answer.site.clone()),
    };
    let series = found.keys.binary_search(&key).ok()?;
    let terms = of.book.of(&answer.product, &answer.site);
    let lead = of
        .lead_times
        .of(terms.map(|t| t.supplier.as_str()), terms)?;
    let lead: f64 = lead.days.iter().map(|(days, p)| f64::from(*days) * p).sum();
    let wait = Orders::new(terms, of.settings, &of.closed).until_next(date_of(answer.ordered_on));
    let arrives = answer.ordered_on + lead.round() as i32;
    let next = arrives + i32::try_from(wait).ok()?;
    let asked = |from: i32, until: i32| asked(found, series, from..until);
    let (before, after) = (asked(answer.ordered_on, arrives)?, asked(arrives, next)?);
    let there = goods.there(answer, arrives)?;
    let left = match of.settings.unmet {
        UnmetName::Lost => (there - before).max(0.0),
        UnmetName::Waits => there - before,
    };
    let cost = of.unit_cost(&answer.product, terms)? as f64;
    let price = of.price(&answer.product)? as f64;
    let missing_cents = (price - cost).max(0.0) * of.settings.missing;
    let kept_cents = cost * of.settings.holding_yearly / 365.25 * f64::from(wait);
    // What keeps for longer than is known does not perish.
    let keeps = terms.and_then(|t| t.shelf_life_days);
    let keeps = keeps.and_then(|days| asked(arrives, arrives + i32::try_from(days).ok()?));
    let spent = |units: i64| {
        let position = left + units as f64;
        let perished = keeps.map_or(0.0, |sells| (position - sells).max(0.0));
        (after - position).max(0.0) * missing_cents
            + (position - after).max(0.0) * kept_cents
            + perished * cost
    };
    Some(spent(answer.proposed) - spent(answer.ordered))
}

/// What was asked for on some days; `None` where that is not known of all of them.
fn asked(found: &Series, series: usize, days: std::ops::Range<i32>) -> Option<f64> {
    let panel = &found.panel;
    let first = epoch_day(panel.date(0));
    let mut sum = 0.0;
    for day in days {
        let period = usize::try_from(day - first).ok()?;
        let value = (period < panel.known()).then(|| panel.values(series)[period])?;
        match value.is_nan() {
            false => sum += f64::from(value),
            true if panel.is_open(series, period) => return None,
            true => {}
        }
    }
    Some(sum)
}

/// Levels and orders of goods, by product and site.
#[derive(Default)]
struct Goods<'a> {
    levels: HashMap<(&'a str, &'a str), &'a Levels>,
    sent: HashMap<(&'a str, &'a str), Vec<&'a Replenishment>>,
}

impl<'a> Goods<'a> {
    fn new(supply: &'a Supply) -> Self {
        let mut goods = Self::default();
        for levels in &supply.levels {
            goods.levels.insert((&levels.product, &levels.site), levels);
        }
        for sent in &supply.replenishments {
            let of = goods.sent.entry((&sent.product, &sent.site));
            of.or_default().push(sent);
        }
        goods
    }

    /// Units that were there in the morning of a proposal, and what had been ordered before and came before its order.
    fn there(&self, answer: &OrderAnswer, arrives: i32) -> Option<f64> {
        let (key, day) = ((&*answer.product, &*answer.site), answer.ordered_on);
        let days = &self.levels.get(&key)?.days;
        let (_, on_hand) = days[..days.partition_point(|(of, _)| *of < day)].last()?;
        let sent = self.sent.get(&key).into_iter().flatten();
        let coming = sent.filter(|sent| {
            let came = sent.received.map(|(on, _)| on);
            let open = came.is_none_or(|on| on >= day);
            let comes = came.or(sent.due_on).is_none_or(|on| on <= arrives);
            sent.ordered_on < day && open && comes
        });
        let coming: i64 = coming.map(|sent| sent.units).sum();
        Some((on_hand + coming) as f64)
    }
}

impl Person {
    fn told(&self, author: &str) -> String {
        let gain = match mean(&self.saved) {
            Estimate::Measured {
                point, low, high, ..
            } => format!(
                "each of {} changes saved {} cents ({} to {})",
                self.saved.len(),
                short(point),
                short(low),
                short(high)
            ),
            Estimate::Exact(point) => format!("each change saved {} cents", short(point)),
            Estimate::NotMeasurable(why) => format!("what that saved is not measurable: {why}"),
        };
        format!(
            "{author} took {} proposed orders as they were, changed {} and refused {}: {gain}",
            self.accepted, self.changed, self.refused
        )
    }
}

/// The mean of what answers saved, with the interval of Student's t.
fn mean(saved: &[f64]) -> Estimate {
    let n = saved.len();
    if n < ANSWERS_MIN {
        return Estimate::NotMeasurable(WhyNot::TooFew {
            what: "changes of orders whose days are known".to_owned(),
            found: n as u64,
            needed: ANSWERS_MIN as u64,
        });
    }
    let point = saved.iter().sum::<f64>() / n as f64;
    let degrees = (n - 1) as f64;
    let squares: f64 = saved.iter().map(|one| (one - point).powi(2)).sum();
    let error = (squares / degrees / n as f64).sqrt();
    let reach = student_t_upper_quantile(TAIL, degrees) * error;
    Estimate::Measured {
        point,
        low: point - reach,
        high: point + reach,
        units: n as u64,
    }
}
