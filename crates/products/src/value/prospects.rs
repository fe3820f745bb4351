//! Customers as a version values them, to see what an effect would change.

use super::fitted::{Customers, FittedValue, customers};
use crate::contract::Fitted;
use features::History;
use models::value::{self, Prospects, Question, Schedule};

/// Some of the customers, and what they will buy.
pub(crate) struct Valued {
    /// Those whose value can be said.
    pub(crate) prospects: Prospects,
    /// Customers without a purchase that the version knows of.
    pub(crate) unknown: usize,
    /// Customers whose value cannot be said.
    pub(crate) without_value: usize,
}

/// Days ahead that a version covers; `None` where it is of another kind.
#[must_use]
pub fn horizon_days(version: &dyn Fitted) -> Option<u32> {
    let fitted = version.of_kind::<FittedValue>()?;
    Some(fitted.body().settings.horizon_days)
}

/// What a version says of some customers over a horizon; `None` where it is of another kind, or the history begins
/// before what it learnt from.
///
/// - `chosen`: customers of the history, increasing.
pub(crate) fn valued(
    version: &dyn Fitted,
    history: &History,
    chosen: &[u32],
    horizon_days: u32,
    schedule: Schedule,
) -> Option<Valued> {
    let body = version.of_kind::<FittedValue>()?.body();
    let Customers {
        positions,
        dates,
        spends,
    } = customers(history, version.as_of());
    let known = positions.iter().zip(dates).zip(spends);
    let wanted = known.filter(|((customer, _), _)| chosen.binary_search(customer).is_ok());
    let (dates, spends): (Vec<_>, Vec<_>) =
        wanted.map(|((_, dates), spend)| (dates, spend)).unzip();
    let past = value::History::new(body.start, body.end, &dates).ok()?;
    let question = Question {
        horizon_days,
        ..body.question()
    };
    let prospects = Prospects::new(
        &body.fitted,
        &past,
        &body.amounts,
        &spends,
        &question,
        schedule,
    )
    .ok()?;
    let known = spends.len();
    Some(Valued {
        unknown: chosen.len() - known,
        without_value: known - prospects.places().len(),
        prospects,
    })
}
