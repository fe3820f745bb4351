//! Vouchers and mails that were drawn by chance in the history, and what they changed.

use rand::RngExt;

use super::customers::Customer;
use crate::draws::{Purpose, pick, stream};

/// Days in which a draw counts.
pub(super) const WINDOW_DAYS: i64 = 28;
/// What a voucher takes off the first order of its window, in cents, at most half of it.
pub(super) const VOUCHER_CENTS: i64 = 1_500;

/// What a customer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    /// Nothing: the control.
    None,
    /// A mail that reminds of the workshop.
    Mail,
    /// A voucher.
    Voucher,
}

impl Arm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mail => "mail",
            Self::Voucher => "voucher",
        }
    }

    /// The factor on the orders of a customer in the window: who comes seldom is brought back; who comes often anyway is
    /// annoyed by mails, and with a voucher does in one order what would have been two.
    fn factor(self, seldom: bool) -> f64 {
        match (self, seldom) {
            (Self::None, _) => 1.0,
            (Self::Mail, true) => 3.0,
            (Self::Mail, false) => 0.65,
            (Self::Voucher, true) => 4.2,
            (Self::Voucher, false) => 0.75,
        }
    }
}

/// One trial: its name, its day, the share of those there who are drawn, its arms with their chances.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) day: i64,
    share: f64,
    pub(super) arms: &'static [(Arm, f64)],
}

/// The trials of the history.
pub(super) const PLANS: [Plan; 2] = [
    Plan {
        name: "spring-voucher",
        day: -196,
        share: 0.95,
        arms: &[(Arm::None, 0.5), (Arm::Voucher, 0.5)],
    },
    Plan {
        name: "winter-check",
        day: -70,
        share: 0.95,
        arms: &[(Arm::None, 0.34), (Arm::Mail, 0.33), (Arm::Voucher, 0.33)],
    },
];

/// Who got what in each of [`PLANS`]; nothing for who was not drawn.
#[derive(Debug, Clone)]
pub(super) struct Trials {
    /// By plan and customer.
    pub(super) arms: Vec<Vec<Option<Arm>>>,
}

impl Trials {
    pub(super) fn draw(seed: u64, customers: &[Customer]) -> Self {
        let of = |plan: &Plan, place: u64| -> Vec<Option<Arm>> {
            let mut rng = stream(seed, Purpose::CarsTrial, place);
            let chances: Vec<f64> = plan.arms.iter().map(|arm| arm.1).collect();
            let draws = customers.iter().map(|customer| {
                let asked = rng.random::<f64>() < plan.share;
                let arm = pick(&mut rng, &chances).unwrap_or(0);
                (asked && customer.is_there(plan.day)).then(|| plan.arms[arm].0)
            });
            draws.collect()
        };
        Self {
            arms: PLANS
                .iter()
                .zip(0..)
                .map(|(plan, place)| of(plan, place))
                .collect(),
        }
    }

    /// The arm whose window holds a day, with the position of its plan.
    pub(super) fn arm(&self, customer: usize, day: i64) -> Option<(usize, Arm)> {
        let plans = PLANS.iter().enumerate();
        let mut open = plans.filter(|(_, plan)| (plan.day..plan.day + WINDOW_DAYS).contains(&day));
        open.find_map(|(place, _)| Some((place, (*self.arms[place].get(customer)?)?)))
    }

    /// The factor on the orders of a customer on a day.
    pub(super) fn factor(&self, position: usize, customer: &Customer, day: i64) -> f64 {
        let arm = self.arm(position, day);
        arm.map_or(1.0, |(_, arm)| arm.factor(customer.comes_seldom()))
    }
}

/// The chances of a plan's arms, as the table tells them.
pub(super) fn probabilities(plan: &Plan) -> String {
    let of = plan.arms.iter();
    let chances: Vec<String> = of
        .map(|(arm, chance)| format!("\"{}\":{chance}", arm.name()))
        .collect();
    format!("{{{}}}", chances.join(","))
}
