//! Quality of lists at the positions of launch, by what is noted of them.

use monitoring::positions::{AtPosition, Compared, Lists};
use registry::{OutcomeDay, PositionDay};
use schema::{AsOf, WhyNot};
use serde::Serialize;
use std::collections::BTreeMap;

/// Quality if lists had shown something at each position as often as after launch.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "positions")]
pub enum AtPositions {
    /// It cannot be said.
    Unknown {
        /// Why.
        why: WhyNot,
    },
    /// At the positions that both periods show.
    Compared(Compared),
}

/// What is noted of a product's lists.
pub(super) struct Noted<'a> {
    pub(super) days: &'a [OutcomeDay],
    /// Of the same days, where they were noted with positions.
    pub(super) positions: &'a [PositionDay],
}

impl Noted<'_> {
    /// Quality at the positions of launch.
    ///
    /// - `launch`: the first day and the last.
    /// - `since`: those that are held against them.
    pub(super) fn compared(&self, launch: (AsOf, AsOf), since: (AsOf, AsOf)) -> AtPositions {
        let lists = |days, held_out| self.lists(days, held_out).ok_or_else(not_noted);
        let compared = lists(launch, false).and_then(|launch| {
            let (since, holdout) = (lists(since, false)?, lists(since, true)?);
            Compared::of(&launch, &since, &holdout)
        });
        match compared {
            Ok(compared) => AtPositions::Compared(compared),
            Err(why) => AtPositions::Unknown { why },
        }
    }

    /// The judged lists of some days; `None` where some were noted without positions.
    fn lists(&self, (first, last): (AsOf, AsOf), held_out: bool) -> Option<Lists> {
        let holds = |day: AsOf, holdout| (first..=last).contains(&day) && holdout == held_out;
        let days = self.days.iter().filter(|of| holds(of.day, of.held_out));
        let judged: u64 = days.map(|of| of.judged).sum();
        let mut by_day: BTreeMap<AsOf, Vec<AtPosition>> = BTreeMap::new();
        for of in self
            .positions
            .iter()
            .filter(|of| holds(of.day, of.held_out))
        {
            let at = of.position.saturating_sub(1) as usize;
            let day = by_day.entry(of.day).or_default();
            if day.len() <= at {
                day.resize(at + 1, AtPosition::default());
            }
            day[at] += AtPosition {
                shown: of.shown,
                good: of.good,
            };
        }
        let lists = Lists::of_days(by_day.into_values());
        (lists.count() == judged).then_some(lists)
    }
}

fn not_noted() -> WhyNot {
    WhyNot::DoesNotApply {
        because: "of some of the days it is noted what lists led to, and not where in them"
            .to_owned(),
    }
}

impl AtPositions {
    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Unknown { why } => format!("not told: {why}"),
            Self::Compared(of) => format!(
                "{} with lists as after launch, {} then; change {}; {} of {} positions, {:.1} products a list, {:.1} then",
                of.good, of.at_launch, of.change, of.told, of.of, of.items, of.items_at_launch
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_were_noted_without_positions_are_unknown() {
        let first = AsOf(jiff::civil::date(2026, 3, 1));
        let of = |n: i32| {
            let day = first.minus_days(-n);
            let day_of = OutcomeDay {
                day,
                version: 1,
                held_out: false,
                decisions: 9,
                judged: 5,
                good: 2,
                errors: None,
            };
            let at = |position, shown, good| PositionDay {
                day,
                version: 1,
                held_out: false,
                position,
                shown,
                good,
            };
            (day_of, [at(1, 5, 1), at(2, 3, 1)])
        };
        let (days, positions): (Vec<_>, Vec<_>) = (0..60).map(of).unzip();
        let positions = positions.concat();
        let compared = |positions: &[PositionDay]| {
            let launch = (first, first.minus_days(-27));
            let since = (first.minus_days(-28), first.minus_days(-59));
            let days = &days;
            Noted { days, positions }.compared(launch, since)
        };
        let AtPositions::Compared(of) = compared(&positions) else {
            panic!("all days are noted with positions");
        };
        assert_eq!((of.told, of.of, of.items), (2, 2, 1.6));
        assert_eq!(of.change.point(), Some(0.0));
        let found = compared(&positions[2..]);
        let is_unknown = matches!(&found, AtPositions::Unknown { why } if *why == not_noted());
        assert!(is_unknown, "{found:?}");
    }
}
