//! What table `offers` tells of the arms that have the name of an offer: their fixed costs, and to whom they may be given.

use super::draws::TrialError;
use super::settings::Settings;
use crate::known;
use decisions::{Eligibility, EligibilityError};
use features::{History, Offer};
use std::collections::BTreeSet;

/// An offer that a version cannot give.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// A budget that nobody knows what an offer takes of.
    #[error(
        "offer {offer:?} has no `fixed_cost_retailer_cents` in table `offers`, and there is a budget: import what giving it costs (0 where it costs nothing but its use), or name it in `costs`"
    )]
    NoCost {
        /// The offer.
        offer: String,
    },
    /// A condition that cannot be read.
    #[error("offer {offer:?} of table `offers`")]
    Eligibility {
        /// The offer.
        offer: String,
        /// What is wrong.
        #[source]
        source: EligibilityError,
    },
}

/// The offers among the arms of the trial.
fn arms_of<'a>(settings: &Settings, history: &'a History) -> Vec<&'a Offer> {
    let draws = history.trials().of(&settings.trial).iter();
    let arms: BTreeSet<&str> = draws.map(|draw| &*draw.arm).collect();
    let offers = history.offers();
    let treated = arms.into_iter().filter(|arm| *arm != settings.control);
    treated.filter_map(|arm| offers.get(arm)).collect()
}

/// To whom each offer may be given; `None` for everybody.
pub(super) fn eligibility(
    offer: &Offer,
    context: &BTreeSet<String>,
) -> Option<Result<Eligibility, EligibilityError>> {
    let text = offer.eligibility.as_deref()?;
    Some(Eligibility::new(text, context))
}

/// The keys that trials logged of anybody; none where no offer asks for any.
pub(super) fn context(history: &History) -> BTreeSet<String> {
    let mut conditions = history
        .offers()
        .all()
        .iter()
        .filter_map(|o| o.eligibility.as_deref());
    if conditions.any(|text| text.contains("context")) {
        known::context_keys(history)
    } else {
        BTreeSet::new()
    }
}

/// The settings, with the cost of each arm that they do not name as table `offers` has it: the retailer's, since effects
/// are on what the retailer earns. Of an outcome that is no money nothing can be taken off.
///
/// # Errors
/// [`TrialError::Offer`] where a budget is set and a cost is not known, or a condition of table `offers` cannot be read.
pub(super) fn with_costs(settings: &Settings, history: &History) -> Result<Settings, TrialError> {
    let offers = arms_of(settings, history);
    let mut settings = settings.clone();
    let context = context(history);
    for offer in offers {
        if let Some(Err(source)) = eligibility(offer, &context) {
            let offer = offer.id.clone();
            return Err(OfferError::Eligibility { offer, source }.into());
        }
        if settings.costs.contains_key(&offer.id) || !settings.outcome.is_money() {
            continue;
        }
        match offer.fixed_cost_retailer_cents {
            Some(cents) => {
                settings
                    .costs
                    .insert(offer.id.clone(), cents as f64 / 100.0);
            }
            None if settings.budget.is_some() => {
                let offer = offer.id.clone();
                return Err(OfferError::NoCost { offer }.into());
            }
            None => {}
        }
    }
    Ok(settings)
}
