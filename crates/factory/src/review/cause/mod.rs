//! Why decisions became worse: whom they are about, what they show, or how people answer, in parts that add up to the
//! fall; beside it what else changed at the same time.
//!
//! Reading order: [`Why`] (what is told), [`split`] (a fall in parts, worked out or kept), [`counted`] (its decisions by
//! what is known of them), [`saved`] (the same of forecasts and orders, by their errors), [`columns`] (what they met of columns that changed), [`cells`] (which are split by that),
//! [`most`] (which of all that explains most), [`lineage`] (where a column came from).

mod cells;
mod columns;
mod counted;
mod lineage;
mod saved;
mod split;

pub(super) use lineage::Tables;
pub use lineage::{Brought, Lineage};
pub(super) use split::{Falling, of_falls};
pub use split::{Kinds, OfColumn, OfColumns, Split};

use super::{Answers, Fell, Inputs, Measured, Shifted};
use crate::import::RefusedSource;
use monitoring::cause::{ColumnPart, Part};
use products::Header;
use schema::AsOf;
use serde::Serialize;
use std::collections::BTreeMap;

/// Days between a change and a fall of quality within which one may be the reason of the other: both are dated by what
/// explains most, which is off by some days.
const AROUND_DAYS: i32 = 7;

/// A part that explains so much of a fall, and surely something of it, is called its cause.
const MOST: f64 = 0.5;

/// A feed that breaks changes at least so much of a column; what customers do changes less at once.
const OF_FEED: f64 = 0.5;

/// Why decisions became worse.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    /// In one sentence.
    pub sentence: String,
    /// What explains most of it.
    pub most: Most,
    /// What products that fell for the same reason have in common: the column of a table, the value of an attribute.
    /// Absent where it is the product's own matter.
    pub shared: Option<String>,
    /// The parts of the fall; absent where too few decisions are known of either time.
    pub split: Option<Split>,
    /// What else changed on the days around, in sentences.
    pub coincides: Vec<String>,
    /// Where the column came from that is called the cause; absent where it is something else.
    pub lineage: Option<Lineage>,
}

/// What explains most of a fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Most {
    /// It is asked about others than before.
    Mix,
    /// What is shown is different.
    Shown,
    /// A column of a table that it reads is no longer what it was.
    Source,
    /// Another version answers.
    Version,
    /// Answers come late.
    Late,
    /// None of these: what customers want.
    Wants,
    /// Too few decisions since to say.
    Unclear,
}

/// What happened around a fall.
pub(super) struct Around<'a> {
    pub(super) product: &'a str,
    /// What its decisions are.
    pub(super) of: Kinds,
    /// Tables that its kind reads.
    pub(super) reads: &'a [&'a str],
    pub(super) version: Option<&'a Answers>,
    pub(super) inputs: &'a Inputs,
    /// What is said of answers that come late, where they do.
    pub(super) late: Option<String>,
    /// Imports that were refused and have not passed since.
    pub(super) refused: &'a BTreeMap<String, RefusedSource>,
    pub(super) tables: &'a Tables,
}

/// Why a product's decisions became worse.
pub(super) fn why(live: &Measured, fell: Fell, split: Option<Split>, around: &Around<'_>) -> Why {
    let is_near = |day: AsOf| fell.is_near(day);
    let version = around.version.and_then(|version| {
        let day = AsOf(version.since.to_zoned(jiff::tz::TimeZone::UTC).date());
        let number = version.number;
        // Where decisions were as bad already under the version before, this one is not why.
        let fell_with_it = live
            .before
            .point()
            .is_none_or(|before| before >= live.allowed);
        (is_near(day) && fell_with_it).then(|| format!("version {number} began to answer on {day}"))
    });
    let shifted = shifted(around.inputs, around.reads, around.product, fell);
    let number = around.version.map(|version| version.number);
    let told_of = |shifted: &Shifted| {
        let told = shifted.sentence_of(around.product, number);
        let explains = split.as_ref().and_then(|split| split.explains(shifted));
        explains.map_or(told.clone(), |explains| format!("{told}; {explains}"))
    };
    let source = shifted.first().filter(|shifted| shifted.is_of_feed());
    let most = most(
        split.as_ref(),
        around.of,
        source.is_some(),
        version.is_some(),
        around.late.is_some(),
    );
    let told = match most {
        Most::Source => source.map(|source| told_of(source)),
        Most::Version => version.clone(),
        Most::Late => around.late.clone(),
        Most::Mix | Most::Shown | Most::Wants | Most::Unclear => None,
    };
    let shared = match (most, &split) {
        (Most::Source, _) => source.map(|source| source.name()),
        (Most::Mix, Some(split)) => split
            .grown()
            .map(|(value, _, _)| format!("{} {value}", split.by.told())),
        _ => None,
    };
    let lineage = match most {
        Most::Source => source.and_then(|source| around.tables.of(source)),
        Most::Mix | Most::Shown | Most::Version | Most::Late | Most::Wants | Most::Unclear => None,
    };
    let refused = around
        .refused
        .values()
        .filter(|refused| around.reads.contains(&refused.table.as_str()) && is_near(refused.day()));
    let sentence = sentence(most, split.as_ref(), told);
    let coincides = version
        .into_iter()
        .chain(shifted.iter().map(|shifted| told_of(shifted)))
        .chain(around.late.clone())
        .chain(refused.map(RefusedSource::sentence))
        .collect();
    Why {
        sentence,
        most,
        shared,
        split,
        coincides,
        lineage,
    }
}

impl Fell {
    /// The day from which on a change explains most, or else the one that showed it.
    fn since(self) -> AsOf {
        self.likely_since.unwrap_or(self.seen)
    }

    /// Whether a change on a day may be the reason.
    pub(super) fn is_near(self, day: AsOf) -> bool {
        (day.epoch_day() - self.since().epoch_day()).abs() <= AROUND_DAYS
    }
}

/// Tables that the kind of a product reads.
pub(super) fn reads(header: &Header) -> &'static [&'static str] {
    products::kind(&header.kind).map_or(&[], |kind| kind.card().reads)
}

/// Columns of the tables that a product reads and that changed around its fall.
///
/// What broke a feed first; of that what weighs most in the version times how much of it has changed. What the version
/// does not use made nothing worse, but may tell what did: that customers buy elsewhere, say.
fn shifted<'a>(inputs: &'a Inputs, reads: &[&str], product: &str, fell: Fell) -> Vec<&'a Shifted> {
    let mut shifted: Vec<&Shifted> = inputs
        .shifted
        .iter()
        .chain(&inputs.suspected)
        .filter(|shifted| reads.contains(&shifted.table.as_str()))
        .filter(|shifted| shifted.since.is_some_and(|since| fell.is_near(since)))
        .collect();
    let harm = |shifted: &Shifted| shifted.to(product).map_or(-1.0, |by| by.harm);
    shifted.sort_by(|a, b| {
        let of_feed = b.is_of_feed().cmp(&a.is_of_feed());
        let harm = harm(b).total_cmp(&harm(a));
        of_feed.then(harm).then(b.share.total_cmp(&a.share))
    });
    shifted
}

/// What explains most: a part of the fall where one surely explains half of it, else what changed at the same time.
///
/// Of forecasts and orders that fall in parts only after some days it is what customers want until then: what they are about
/// hardly changes, while lists are shown to whoever comes.
fn most(split: Option<&Split>, of: Kinds, source: bool, version: bool, late: bool) -> Most {
    let explains = |part: &Part| part.high < 0.0 && part.share.is_some_and(|share| share >= MOST);
    match split {
        Some(split) if explains(&split.parts.mix) => Most::Mix,
        _ if source => Most::Source,
        _ if version => Most::Version,
        Some(split) if explains(&split.parts.inputs) => Most::Shown,
        _ if late => Most::Late,
        Some(split) if explains(&split.parts.relation) => Most::Wants,
        None if of != Kinds::Lists => Most::Wants,
        Some(_) | None => Most::Unclear,
    }
}

/// A part as a share of the fall, with its interval.
fn share_told(part: &Part, whole: &Part) -> String {
    let of = |change: f64| 100.0 * change / whole.change;
    let (low, high) = (of(part.high), of(part.low));
    format!(
        "{:.0} % of the fall ({:.0} to {:.0} %)",
        of(part.change),
        low.min(high),
        low.max(high)
    )
}

impl Split {
    /// The share of the fall that a column explains, by itself or with others, where it is told.
    fn explains(&self, shifted: &Shifted) -> Option<String> {
        let of = |of: &&OfColumn| of.table == shifted.table && of.column == shifted.column;
        let column = self.columns.iter().find(of)?;
        let share = |part| share_told(part, &self.parts.change);
        if let ColumnPart::Told(part) = &column.part {
            return Some(format!("the column explains {}", share(part)));
        }
        let name = column.name();
        let together = self
            .together
            .as_ref()
            .filter(|of| of.names.contains(&name))?;
        let others = together.names.iter().filter(|of| **of != name);
        let others: Vec<&str> = others.map(String::as_str).collect();
        let (others, share) = (others.join(" and "), share(&together.part));
        Some(format!(
            "the column together with {others} explains {share}"
        ))
    }
}

/// A value of an attribute in words.
fn known(value: &str) -> &str {
    if value.is_empty() { "not known" } else { value }
}

/// The cause in one sentence.
fn sentence(most: Most, split: Option<&Split>, told: Option<String>) -> String {
    let relation = split.map(|split| {
        let share = share_told(&split.parts.relation, &split.parts.change);
        let within = split.apart().map_or_else(String::new, |(value, share)| {
            let (value, by) = (known(value), split.by.told());
            format!(", {:.0} % of that in {value}, by {by}", 100.0 * share)
        });
        format!("{}, {share}{within}", split.of.worse())
    });
    match (most, split) {
        (Most::Mix, Some(split)) => {
            let share = share_told(&split.parts.mix, &split.parts.change);
            let grown = split.grown();
            let whom = grown.map_or_else(String::new, |(value, before, after)| {
                let (value, of) = (known(value), split.of.whole());
                format!(
                    ": {value} is {:.0} % of {of}, {:.0} % before",
                    100.0 * after,
                    100.0 * before
                )
            });
            format!(
                "mostly {}, {share}, by {}{whom}",
                split.of.mix(),
                split.by.told()
            )
        }
        (Most::Shown, Some(split)) => {
            let inputs = &split.parts.inputs_by_feature;
            let first = inputs
                .iter()
                .min_by(|a, b| a.part.change.total_cmp(&b.part.change));
            let by = first.map_or("", |part| part.name.as_str());
            let share = share_told(&split.parts.inputs, &split.parts.change);
            format!("mostly what it shows, {share}, by {by}")
        }
        (Most::Unclear, _) => {
            "neither the version nor what it reads changed; too few decisions since to say more"
                .to_owned()
        }
        (Most::Wants, None) => {
            "nothing that is watched changed: what customers want may have".to_owned()
        }
        (Most::Wants, Some(_)) => format!(
            "{}, and nothing that is watched changed: what customers want may have",
            relation.unwrap_or_default()
        ),
        (Most::Mix | Most::Shown | Most::Source | Most::Version | Most::Late, _) => {
            let told = told.unwrap_or_default();
            relation.map_or(told.clone(), |relation| format!("{told}; {relation}"))
        }
    }
}

impl Shifted {
    /// Whether a feed must have changed, and not what customers do: values that never were, absent ones, or most of them
    /// others.
    pub(crate) fn is_of_feed(&self) -> bool {
        use monitoring::inputs::Aspect;
        match self.aspect {
            Aspect::Nulls | Aspect::NeverSeen => true,
            Aspect::Values => self.share >= OF_FEED,
        }
    }
}

#[cfg(test)]
mod tests;
