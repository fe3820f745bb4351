//! A version of a data product that is tried on a share of the customers: whom it answered, and whom the champion did on
//! the same days.

use super::decided::{self, Answered, Seen};
use super::error::ExperimentError;
use super::units::{AskedFor, Times, Units};
use features::{History, Round};
use schema::time::{DAY_SECONDS, day_of};
use std::collections::BTreeMap;
use std::ops::Range;

/// Two versions that answered side by side.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SideBySide {
    /// The champion.
    beside: u16,
    /// The version on trial, the newest that answered.
    tried: u16,
    /// When both answered: from the first whole day of the version on trial to the last answer of the other one of both.
    times: Range<i64>,
    /// The shares of the customers that the version on trial was asked to answer, oldest first; nothing where that was
    /// not noted.
    asked_for: Vec<AskedFor>,
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
        let shares = history.trials().shares_of(product).iter();
        let of_it = shares.filter(|of| u32::from(tried) == of.version);
        let asked_for = of_it.map(|of| AskedFor {
            since: of.since_seconds,
            share: of.share,
        });
        (from < until).then(|| Self {
            beside,
            tried,
            times: from..until,
            asked_for: asked_for.collect(),
        })
    }

    /// The same trial by the shares that were known when it was read.
    pub(super) fn asked_for(mut self, shares: &[AskedFor]) -> Self {
        self.asked_for = shares.to_vec();
        self
    }

    /// The rounds of a customer that count. The day on which a share begins is not of one share alone.
    fn counted<'a>(&'a self, rounds: &'a [Round]) -> impl Iterator<Item = &'a Round> + Clone {
        let place = |at| rounds.partition_point(|round| round.at_seconds < at);
        let rounds = &rounds[place(self.times.start)..place(self.times.end)];
        let begins = |round: &Round| {
            let mut shares = self.asked_for.iter();
            shares.any(|of| day_of(of.since) == day_of(round.at_seconds))
        };
        rounds.iter().filter(move |round| !begins(round))
    }

    /// Who answered a customer while both did: arm 0 for the champion, 1 for the version on trial.
    pub(super) fn answered(&self, rounds: &[Round]) -> Answered {
        let versions = [self.beside, self.tried];
        decided::answered(self.counted(rounds), |round| {
            let mut versions = versions.iter();
            let arm = versions.position(|version| *version == round.version);
            arm.filter(|_| !round.held_out)
        })
    }

    /// The probability that the version on trial answered a customer throughout, given that only one of both did: `None`
    /// where the share of one of the days is not known.
    ///
    /// Who is drawn for a share is drawn for every larger one. Between the smallest and the largest share of a customer's
    /// days lie those whom both answered; they are not counted.
    fn share_of(&self, rounds: &[Round]) -> Option<f64> {
        let shares = self.counted(rounds).map(|round| {
            let before = self.asked_for.iter().rev();
            let mut before = before.filter(|of| of.since <= round.at_seconds);
            before.next().map(|of| of.share)
        });
        let (mut least, mut most) = (1.0_f64, 0.0_f64);
        for share in shares {
            let share = share?;
            (least, most) = (least.min(share), most.max(share));
        }
        Some(least / (1.0 - (most - least)))
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
    let customers = customers.map(|(customer, rounds)| Seen {
        customer,
        answered: both.answered(rounds),
        moments: both.counted(rounds).map(|round| round.at_seconds).collect(),
        share: both.share_of(rounds),
    });
    let mut units = decided::gathered(history.as_of(), arms, customers, times)
        .with_both_arms(&format!("versions of {product}"), none)?;
    units.asked_for = both.asked_for;
    Ok(units)
}
