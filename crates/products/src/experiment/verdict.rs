//! What a read-out that compares versions says of the one on trial, for whoever lets it answer all.

use super::guardrails::GUARDRAIL;
use super::measured::{ERROR_OF, SHARE_ASKED_FOR};
use super::versions;
use schema::{AsOf, Direction, Metric, Role, Scorecard};

/// What the scorecard of an experiment that compares versions says of one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToldOfVersion<'a> {
    /// The first day that the read-out did not know; `None` where that was not kept.
    pub as_of: Option<AsOf>,
    /// Where the arms do not have the sizes asked for: the one that is furthest from its own. Nothing can be read then.
    pub sizes: Option<&'a Metric>,
    /// A guardrail that the version breaks.
    pub guardrail: Option<&'a Metric>,
    /// What it changes in the first outcome: the gain of the measure.
    pub first: Option<&'a Metric>,
}

impl<'a> ToldOfVersion<'a> {
    /// `None` where the read-out is not about the version.
    #[must_use]
    pub fn of(card: &'a Scorecard, version: u32) -> Option<Self> {
        let arm = versions::name(u16::try_from(version).unwrap_or(u16::MAX));
        let all = || card.metrics.iter();
        let own = || all().filter(|metric| metric.scope == arm);
        let decides = own().find(|metric| metric.role == Role::Decides)?;
        let outcome = decides.name.strip_prefix(ERROR_OF).unwrap_or_default();
        let warns = |metric: &&Metric| metric.role == Role::Warns;
        Some(Self {
            as_of: card.held_out.map(|held_out| held_out.from),
            sizes: all()
                .filter(warns)
                .find(|metric| metric.baseline_name == SHARE_ASKED_FOR),
            guardrail: own()
                .filter(warns)
                .find(|metric| metric.baseline_name == GUARDRAIL),
            first: own().find(|metric| metric.role == Role::Shown && metric.name == outcome),
        })
    }

    /// Whether the version is surely worse by the first outcome: the whole interval lies on the worse side of nothing.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        let worse = self.first.and_then(|first| {
            let (low, high) = first.gain.interval()?;
            Some(match first.better {
                Direction::Higher => high < 0.0,
                Direction::Lower => low > 0.0,
            })
        });
        worse.unwrap_or(false)
    }
}
