//! A version of a data product that is tried on a share of the customers: whom it answered, and whom the champion did on
//! the same days.

use super::decided::{self, Answered};
use super::error::ExperimentError;
use super::units::{Times, Units};
use features::{History, Round};
use schema::time::{DAY_SECONDS, day_of};
use std::collections::BTreeMap;
use std::ops::Range;

/// Two versions that answered side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SideBySide {
    /// The champion.
    beside: u16,
    /// The version on trial, the newest that answered.
    tried: u16,
    /// When both answered: from the first whole day of the version on trial to the last answer of the other one of both.
    times: Range<i64>,
}

/// The arm of a version.
pub(super) fn name(version: u16) -> String {
    format!("version {version}")
}

impl SideBySide {
    /// The last trial of a product; `None` where its newest version never answered beside another.
    pub(super) fn of(history: &History, product: &str, times: Times) -> Option<Self> {
        let rounds = || {
            let all = history.trials().rounds().of(product);
            let all = all.flat_map(|(_, own)| own);
            all.filter(|round| !round.held_out && round.at_seconds >= times.start)
        };
        let tried = rounds().map(|round| round.version).max()?;
        let of_it = || rounds().filter(|round| round.version == tried);
        let first = of_it().map(|round| round.at_seconds).min()?;
        let from = i64::from(day_of(first) + 1) * DAY_SECONDS;
        let mut others: BTreeMap<u16, (u64, i64)> = BTreeMap::new();
        for round in rounds().filter(|round| round.version != tried && round.at_seconds >= from) {
            let (answers, last) = others.entry(round.version).or_default();
            *answers += 1;
            *last = round.at_seconds.max(*last);
        }
        let (beside, (_, last)) = others
            .into_iter()
            .max_by_key(|(_, (answers, _))| *answers)?;
        let until = of_it().map(|round| round.at_seconds).max()?.min(last) + 1;
        (from < until).then_some(Self {
            beside,
            tried,
            times: from..until,
        })
    }

    /// Who answered a customer while both did: arm 0 for the champion, 1 for the version on trial.
    pub(super) fn answered<'a>(&self, rounds: &'a [Round]) -> Answered<'a> {
        let place = |at| rounds.partition_point(|round| round.at_seconds < at);
        let rounds = &rounds[place(self.times.start)..place(self.times.end)];
        let versions = [self.beside, self.tried];
        decided::answered(rounds, |round| {
            let mut versions = versions.iter();
            let arm = versions.position(|version| *version == round.version);
            arm.filter(|_| !round.held_out)
        })
    }
}

/// Everybody whom one of two versions answered while both did.
pub(super) fn units<'a>(
    history: &'a History,
    product: &str,
    times: Times,
) -> Result<Units<'a>, ExperimentError> {
    let none = || ExperimentError::NoVersions {
        product: product.to_owned(),
        as_of: history.as_of(),
    };
    let both = SideBySide::of(history, product, times).ok_or_else(none)?;
    let arms = [name(both.beside), name(both.tried)];
    let customers = history.trials().rounds().of(product);
    let customers = customers.map(|(customer, rounds)| (customer, both.answered(rounds)));
    decided::gathered(history.as_of(), arms, customers, times)
        .with_both_arms(&format!("versions of {product}"), none)
}
