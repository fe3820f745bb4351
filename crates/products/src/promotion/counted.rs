//! Limits on some arms that a ledger keeps promise by promise: which arms of a version count against them, what an answer
//! takes of them, and which arms may not be given where one is short.

use super::limits::counts_at;
use super::possible::Limit;
use crate::ledger::{ArmsAllowance, LimitStake, NoMoney};
use crate::standing::LimitLeft;
use std::collections::BTreeSet;

/// A limit with what each arm of a version takes of it, 0 where it does not count.
pub(super) struct CountedLimit {
    name: String,
    /// The sites whose customers it counts; `None` where it counts all.
    sites: Option<BTreeSet<String>>,
    takes: Vec<i64>,
}

impl CountedLimit {
    /// What an arm takes of it where it is given to a customer who usually buys at a site.
    fn takes(&self, arm: usize, site: Option<&str>) -> i64 {
        if counts_at(self.sites.as_ref(), site) {
            self.takes.get(arm).copied().unwrap_or(0)
        } else {
            0
        }
    }
}

/// - `arms`: names, without the control.
pub(super) fn counted(limits: &[ArmsAllowance], arms: &[&str]) -> Vec<CountedLimit> {
    let of = |limit: &ArmsAllowance| CountedLimit {
        name: limit.name.clone(),
        sites: limit.sites.clone(),
        takes: arms.iter().map(|arm| limit.takes(arm)).collect(),
    };
    limits.iter().map(of).collect()
}

/// The limits on customers of some sites that count one, by place.
pub(super) fn counted_by(limits: &[CountedLimit], site: Option<&str>) -> Vec<usize> {
    let counts =
        |limit: &CountedLimit| limit.sites.is_some() && counts_at(limit.sites.as_ref(), site);
    let numbered = limits.iter().enumerate();
    let those = numbered.filter(|(_, limit)| counts(limit));
    those.map(|(place, _)| place).collect()
}

/// Of an arm, why limits that are short do not let a customer have it; `None` where they do.
///
/// - `site`: where the customer usually buys, if that is known.
pub(super) fn shut(
    limits: &[CountedLimit],
    short: &[LimitLeft],
    arm: usize,
    site: Option<&str>,
) -> Option<Limit> {
    let mut all = short.iter().filter_map(|left| {
        let limit = limits.get(left.limit)?;
        (limit.takes(arm, site) > left.units).then(|| {
            let limit = limit.name.clone();
            match left.why {
                NoMoney::UsedUp => Limit::UsedUp { limit },
                NoMoney::Unavailable => Limit::LeftUnknown { limit },
            }
        })
    });
    all.next()
}

/// What an answer takes of the limits that count an arm that it might have been.
///
/// - `given`: the arm, `None` for the control.
/// - `might`: the arms that it might have been, the one given among them.
/// - `site`: where the customer usually buys, if that is known.
pub(super) fn stakes(
    limits: &[CountedLimit],
    given: Option<usize>,
    might: &[usize],
    site: Option<&str>,
) -> Vec<LimitStake> {
    let of = |(limit, counted): (usize, &CountedLimit)| {
        let takes = |arm: usize| counted.takes(arm, site);
        let must_have = might.iter().map(|arm| takes(*arm)).max()?;
        (must_have > 0).then(|| LimitStake {
            limit,
            takes: given.map_or(0, takes),
            must_have,
        })
    };
    limits.iter().enumerate().filter_map(of).collect()
}
