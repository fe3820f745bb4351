//! What table `offers` tells of the arms that have the name of an offer: what they cost, and to whom they may be given.

use super::costs::{Costs, Redeemed};
use super::draws::{Draws, TrialError};
use super::settings::{Settings, TYPES};
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
    /// A redemption that costs something, of which nobody knows how often it comes.
    #[error(
        "offer {offer:?} of table `offers` costs {cost} when it is redeemed and is of type {kind:?}, whose redemptions no sale shows: say in `redeemed` how many to expect of a customer who gets it, by its name or its type, or name the type in `in_sales` where they are discounts in table `sales`"
    )]
    NotRedeemed {
        /// The offer.
        offer: String,
        /// Its type.
        kind: String,
        /// What one redemption costs the retailer, in the shop's currency.
        cost: f64,
    },
    /// A redemption that would be counted twice.
    #[error(
        "`redeemed` names offer {offer:?} of type {kind:?}, whose redemptions are discounts in table `sales` by `in_sales`: they would count twice"
    )]
    CountedTwice {
        /// The offer.
        offer: String,
        /// Its type.
        kind: String,
    },
    /// Redemptions of something that is no offer of the trial.
    #[error(
        "`redeemed` names {found:?}, which is neither a type of offers nor an arm of trial {trial:?} with an offer of its name in table `offers`"
    )]
    NoOffer {
        /// The name found.
        found: String,
        /// The trial.
        trial: String,
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
/// are on what the retailer earns. It is what giving it costs, and the redemptions that no sale shows. Of an outcome that
/// is no money nothing can be taken off.
///
/// # Errors
/// [`TrialError::Offer`] where a cost is not known that is needed, or a condition of table `offers` cannot be read.
pub(super) fn with_costs(
    settings: &Settings,
    history: &History,
) -> Result<(Settings, Costs), TrialError> {
    let offers = arms_of(settings, history);
    check_redeemed(settings, &offers)?;
    let (mut settings, mut costs) = (settings.clone(), Costs::default());
    let context = context(history);
    for offer in &offers {
        if let Some(Err(source)) = eligibility(offer, &context) {
            let offer = offer.id.clone();
            return Err(OfferError::Eligibility { offer, source }.into());
        }
    }
    if !settings.outcome.is_money() {
        if offers.iter().any(|offer| costs_something(offer)) {
            let unit = settings.outcome.unit();
            costs.notes.push(format!(
                "what offers cost is not taken off: {unit} are no money"
            ));
        }
        return Ok((settings, costs));
    }
    for offer in offers {
        let is_named = settings.costs.contains_key(&offer.id);
        if let Some(redeemed) = redeemed(&settings, offer, is_named)? {
            costs.add(offer, redeemed);
        }
        if is_named {
            continue;
        }
        if offer.fixed_cost_retailer_cents.is_none() {
            if settings.budget.is_some() {
                let offer = offer.id.clone();
                return Err(OfferError::NoCost { offer }.into());
            }
            costs.notes.push(format!(
                "{}: what giving it costs is not known (`fixed_cost_retailer_cents` is empty): nothing is taken off for it",
                offer.id
            ));
        }
        let beside = costs.beside(&offer.id).map(|(each, times)| each * times);
        let giving = offer.fixed_cost_retailer_cents.map(money);
        if giving.is_some() || beside.is_some() {
            let cost = giving.unwrap_or(0.0) + beside.unwrap_or(0.0);
            settings.costs.insert(offer.id.clone(), cost);
        }
    }
    Ok((settings, costs))
}

fn money(cents: i64) -> f64 {
    cents as f64 / 100.0
}

fn costs_something(offer: &Offer) -> bool {
    offer.cost_retailer_cents > 0
        || offer
            .fixed_cost_retailer_cents
            .is_some_and(|cents| cents > 0)
}

/// Refuses redemptions of what is no offer of the trial, and those that sales show already.
fn check_redeemed(settings: &Settings, offers: &[&Offer]) -> Result<(), OfferError> {
    for name in settings.redeemed.keys() {
        if TYPES.contains(&name.as_str()) {
            continue;
        }
        let Some(offer) = offers.iter().find(|offer| offer.id == *name) else {
            return Err(OfferError::NoOffer {
                found: name.clone(),
                trial: settings.trial.clone(),
            });
        };
        if settings.in_sales.contains(&offer.kind) {
            return Err(OfferError::CountedTwice {
                offer: name.clone(),
                kind: offer.kind.clone(),
            });
        }
    }
    Ok(())
}

/// What is known of the redemptions of an offer; `None` where they cost nothing, or the settings name its cost.
///
/// - `is_named`: whether the settings say what the offer costs.
fn redeemed(
    settings: &Settings,
    offer: &Offer,
    is_named: bool,
) -> Result<Option<Redeemed>, OfferError> {
    let (own, brand) = (
        money(offer.cost_retailer_cents),
        money(offer.cost_brand_cents.unwrap_or(0)),
    );
    if settings.in_sales.contains(&offer.kind) {
        return Ok((own + brand > 0.0).then(|| Redeemed::InSales {
            brand_part: brand / (own + brand),
        }));
    }
    if is_named || own <= 0.0 {
        return Ok(None);
    }
    let by_name = settings.redeemed.get(&offer.id);
    match by_name.or_else(|| settings.redeemed.get(&offer.kind)) {
        Some(times) => Ok(Some(Redeemed::Beside {
            each: own,
            times: *times,
        })),
        None => Err(OfferError::NotRedeemed {
            offer: offer.id.clone(),
            kind: offer.kind.clone(),
            cost: own,
        }),
    }
}

/// Says of which arms sales should show redemptions and do not.
pub(super) fn without_discounts(costs: &Costs, draws: &Draws) -> Vec<String> {
    let found = costs.in_sales().filter_map(|name| {
        let arm = draws.arms.iter().position(|arm| arm == name)?;
        let given = draws.of_arm(&draws.discount, arm);
        let none = !given.is_empty() && given.iter().all(|discount| *discount == 0.0);
        none.then(|| {
            format!(
                "{name}: its redemptions should be discounts in sales, but none of the {} customers given it has any: where they are booked elsewhere take its type out of `in_sales`",
                given.len()
            )
        })
    });
    found.collect()
}
