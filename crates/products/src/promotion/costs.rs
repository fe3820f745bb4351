//! What an offer costs beside what sales show of it, and what a brand pays back of the discounts that they do show.

use super::settings::Settings;
use super::worth::Worth;
use crate::outcome::Outcome;
use features::Offer;
use schema::estimate::short;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a redemption of an offer is counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Redeemed {
    /// Table `sales` holds it as a discount, which the outcome has taken off.
    InSales {
        /// Part of the discount that the brand pays back, 0 to 1.
        brand_part: f64,
    },
    /// No sale shows it.
    Beside {
        /// What one costs the retailer, in the shop's currency.
        each: f64,
        /// How many are expected of a customer who gets the offer.
        times: f64,
    },
}

/// What is known of the costs of the offers among the arms, in the shop's currency.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Costs {
    /// By name of the offer; those that `costs` of the settings names only where a brand pays back a part.
    redeemed: BTreeMap<String, Redeemed>,
    /// What is taken off and what is not, in sentences.
    pub(crate) notes: Vec<String>,
}

/// The money that giving an arm to a customer moves beside its effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Money {
    /// What it costs, whatever the customer does; expected redemptions that no sale shows included.
    cost: f64,
    /// Part of the discounts that it leads to which the brand pays back.
    brand_part: f64,
    /// Whether the outcome is one that this adds to.
    is_credited: bool,
}

impl Money {
    /// What the brand adds to the outcome where the arm leads to so much of discounts.
    pub(crate) fn credit(self, discount: f64) -> f64 {
        if self.is_credited {
            self.brand_part * discount
        } else {
            0.0
        }
    }

    /// What the retailer spends where the arm leads to so much of discounts.
    pub(crate) fn spend(self, discount: f64) -> f64 {
        self.cost + (1.0 - self.brand_part) * discount
    }

    /// What an arm adds once it is paid for.
    pub(crate) fn net(self, effect: f64, discount: f64) -> f64 {
        effect - self.cost + self.credit(discount)
    }

    /// The same with what it spends.
    ///
    /// - `discount`: that it leads to, 0 or more.
    pub(crate) fn worth(self, effect: f64, discount: f64) -> Worth {
        Worth {
            net: self.net(effect, discount),
            spend: self.spend(discount),
        }
    }
}

impl Costs {
    /// Adds what an offer's redemptions cost.
    pub(super) fn add(&mut self, offer: &Offer, redeemed: Redeemed) {
        match redeemed {
            Redeemed::InSales { brand_part } if brand_part > 0.0 => self.notes.push(format!(
                "{}: redemptions are discounts in sales, of which the brand pays back {:.0} %",
                offer.id,
                100.0 * brand_part
            )),
            Redeemed::InSales { .. } => {}
            Redeemed::Beside { each, times } if each > 0.0 => self.notes.push(format!(
                "{}: a redemption costs {} that no sale shows, {} expected of each customer who gets it: {} is taken off",
                offer.id,
                short(each),
                short(times),
                short(each * times)
            )),
            Redeemed::Beside { .. } => {}
        }
        self.redeemed.insert(offer.id.clone(), redeemed);
    }

    /// Part of the discounts that an arm leads to which a brand pays back, 0 to 1.
    pub(crate) fn brand_part(&self, arm: &str) -> f64 {
        match self.redeemed.get(arm) {
            Some(Redeemed::InSales { brand_part }) => *brand_part,
            Some(Redeemed::Beside { .. }) | None => 0.0,
        }
    }

    /// What one redemption of an arm costs that no sale shows, and how many are expected; `None` where there is none.
    pub(crate) fn beside(&self, arm: &str) -> Option<(f64, f64)> {
        match self.redeemed.get(arm)? {
            Redeemed::Beside { each, times } if each * times > 0.0 => Some((*each, *times)),
            Redeemed::Beside { .. } | Redeemed::InSales { .. } => None,
        }
    }

    /// The arms whose redemptions sales are said to show.
    pub(super) fn in_sales(&self) -> impl Iterator<Item = &str> {
        let those = self.redeemed.iter();
        those.filter_map(|(arm, redeemed)| match redeemed {
            Redeemed::InSales { .. } => Some(arm.as_str()),
            Redeemed::Beside { .. } => None,
        })
    }

    /// Whether discounts of customers drawn have to be looked at.
    pub(crate) fn asks_for_discounts(&self) -> bool {
        self.in_sales().next().is_some()
    }

    /// Whether what an arm is worth depends on the discounts that it leads to.
    pub(crate) fn spends(&self, settings: &Settings, arm: &str) -> bool {
        let is_credited = settings.outcome == Outcome::Margin && self.brand_part(arm) > 0.0;
        settings.budget.is_some() || is_credited
    }

    /// The money that giving an arm moves.
    pub(crate) fn money(&self, settings: &Settings, arm: &str) -> Money {
        Money {
            cost: settings.cost(arm),
            brand_part: self.brand_part(arm),
            is_credited: settings.outcome == Outcome::Margin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_brand_pays_back_is_credited_once_and_only_to_margins() {
        let mut costs = Costs::default();
        costs
            .redeemed
            .insert("coupon".to_owned(), Redeemed::InSales { brand_part: 0.6 });
        let settings = |outcome| Settings {
            outcome,
            costs: [("coupon".to_owned(), 0.5)].into(),
            ..Settings::default()
        };
        // A coupon of 5, of which the brand pays 3: margin has lost 5, and the retailer pays 2 and half a euro of print.
        let worth = |outcome| costs.money(&settings(outcome), "coupon").worth(10.0, 5.0);
        let close = |found: Worth, net: f64, spend: f64| {
            assert!((found.net - net).abs() < 1e-12 && (found.spend - spend).abs() < 1e-12);
        };
        close(worth(Outcome::Margin), 12.5, 2.5);
        close(worth(Outcome::Revenue), 9.5, 2.5);
        let other = costs.money(&settings(Outcome::Margin), "letter");
        close(other.worth(10.0, 5.0), 10.0, 5.0);
    }
}
