//! Limits on some arms that a ledger keeps promise by promise: which arms of a version count against them, what an answer
//! takes of them, and which arms may not be given where one is short.

use super::possible::Limit;
use crate::ledger::{ArmsAllowance, LimitStake, NoMoney};
use crate::standing::LimitLeft;

/// A limit with what each arm of a version takes of it, 0 where it does not count.
pub(super) struct CountedLimit {
    name: String,
    takes: Vec<i64>,
}

/// - `arms`: names, without the control.
pub(super) fn counted(limits: &[ArmsAllowance], arms: &[&str]) -> Vec<CountedLimit> {
    let of = |limit: &ArmsAllowance| CountedLimit {
        name: limit.name.clone(),
        takes: arms.iter().map(|arm| limit.takes(arm)).collect(),
    };
    limits.iter().map(of).collect()
}

/// Of an arm, why limits that are short do not let anybody have it; `None` where they do.
pub(super) fn shut(limits: &[CountedLimit], short: &[LimitLeft], arm: usize) -> Option<Limit> {
    let mut all = short.iter().filter_map(|left| {
        let limit = limits.get(left.limit)?;
        (limit.takes.get(arm).copied().unwrap_or(0) > left.units).then(|| {
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
pub(super) fn stakes(
    limits: &[CountedLimit],
    given: Option<usize>,
    might: &[usize],
) -> Vec<LimitStake> {
    let of = |(limit, counted): (usize, &CountedLimit)| {
        let takes = |arm: usize| counted.takes.get(arm).copied().unwrap_or(0);
        let must_have = might.iter().map(|arm| takes(*arm)).max()?;
        (must_have > 0).then(|| LimitStake {
            limit,
            takes: given.map_or(0, takes),
            must_have,
        })
    };
    limits.iter().enumerate().filter_map(of).collect()
}
