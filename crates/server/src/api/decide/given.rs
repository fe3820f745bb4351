//! What answers give that counts against a cap.

use super::Answer;
use super::put::Put;
use crate::live::Slot;
use crate::state::AppState;
use products::{Gave, Lately};
use schema::CustomerId;

/// An offer that counts.
struct Counts<'a> {
    lately: &'a Lately,
    customer: &'a CustomerId,
    gave: Gave,
}

fn counts<'a>(
    state: &'a AppState,
    slot: &Slot,
    put: &'a Put,
    answered: &Answer,
) -> Option<Counts<'a>> {
    let lately = state.given.as_ref()?.lately(slot.name())?;
    let customer = put.asked.customer_id.as_ref()?;
    let gives = answered.decided.actions.first()?;
    (gives.id != lately.counted().control).then(|| Counts {
        lately,
        customer,
        gave: Gave {
            arm: gives.id.as_str().into(),
            at: put.now,
        },
    })
}

/// Notes what an answer gives where that is capped. False where the customer was given something since it was decided:
/// then it is to be decided again.
pub(super) fn note(state: &AppState, slot: &Slot, put: &Put, answered: &Answer) -> bool {
    let known = &put.asked.standing.given;
    counts(state, slot, put, answered)
        .is_none_or(|c| c.lately.give(c.customer.as_str(), c.gave, known))
}

/// Takes back what was noted and leaves for nobody.
pub(super) fn take_back(state: &AppState, slot: &Slot, put: &Put, answered: &Answer) {
    if let Some(c) = counts(state, slot, put, answered) {
        c.lately.take_back(c.customer.as_str(), &c.gave);
    }
}
