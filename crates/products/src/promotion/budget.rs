//! What a budget makes of effects: the price of money, at which what the offers spend fits.

use super::draws::TrialError;
use super::settings::Settings;
use crate::standing::Pace;
use decisions::allocate::{Costs, Offers, one_budget};
use serde::{Deserialize, Serialize};

/// What one arm does for one customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Worth {
    /// What it changes, less its cost, in the unit of the outcome.
    pub(crate) net: f64,
    /// What it is expected to spend of the budget, 0 or more.
    pub(crate) spend: f64,
}

/// One round of decisions: every customer asked once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Round {
    /// What money in the budget must earn: an arm is given where it is worth more than this times its spend.
    pub(crate) price: f64,
    /// Share of the customers at the price itself who get their arm: many may be worth the same, and the budget may
    /// end among them.
    pub(crate) at_price: f64,
    /// Customers asked.
    pub(crate) customers: usize,
    /// How many of them get an arm, those drawn by chance not counted.
    pub(crate) chosen: usize,
    /// What is expected to be spent, those drawn by chance included.
    pub(crate) spend: f64,
    /// Part of it that customers spend whose arm is drawn by chance.
    pub(crate) explored: f64,
    /// What is expected to be gained.
    pub(crate) gain: f64,
    /// The most by which any other choice within the budget could gain more.
    pub(crate) gap: f64,
}

impl Round {
    /// What money must earn now.
    ///
    /// - `pace`: where the budget stands beside its plan; on plan, and without one, its price is the round's. A
    ///   price below the fourth part of what the round's money earned on average counts as that, so that there is
    ///   something to multiply where the round had money left: customers may be asked more often than once.
    pub(crate) fn price_at(&self, pace: Option<Pace>) -> f64 {
        const OF_AVERAGE: f64 = 0.25;
        let Some(pace) = pace else {
            return self.price;
        };
        let spent = self.spend - self.explored;
        let earned = if self.gain > 0.0 && spent > 0.0 {
            self.gain / spent
        } else {
            1.0
        };
        self.price.max(OF_AVERAGE * earned) * pace.factor()
    }
}

impl Worth {
    /// What an arm is worth once the money it spends has its price; exactly 0 at the price, where rounding does not tell.
    pub(crate) fn priced(&self, price: f64) -> f64 {
        /// Values and costs are allocated in single precision and whole cents.
        const ROUNDING: f64 = 1e-3;
        let priced = self.net - price * self.spend;
        if price > 0.0 && priced.abs() <= ROUNDING * price * self.spend.max(0.01) {
            0.0
        } else {
            priced
        }
    }
}

/// The arm that is worth most, the price of what it spends taken off; `None` where none is worth anything. At the price
/// itself `admitted` tells whether the customer gets it.
pub(crate) fn best(worth: &[Worth], price: f64, admitted: bool) -> Option<usize> {
    let priced = worth.iter().map(|worth| worth.priced(price));
    let arms = priced.enumerate();
    let (arm, most) = arms.reduce(|best, other| if other.1 > best.1 { other } else { best })?;
    let at_price = price > 0.0 && most == 0.0 && admitted;
    (most > 0.0 || at_price).then_some(arm)
}

/// Share of the customers at the price who can have their arm with what those above it leave of `spent`.
fn at_price(of: &[Worth], arms: usize, price: f64, spent: f64) -> f64 {
    let (mut above, mut at) = (0.0, 0.0);
    for worth in of.chunks_exact(arms) {
        if let Some(arm) = best(worth, price, false) {
            above += worth[arm].spend;
        } else if let Some(arm) = best(worth, price, true) {
            at += worth[arm].spend;
        }
    }
    if at > 0.0 {
        ((spent - above) / at).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// The price at which `of` customers, `arms` numbers each, spend no more than `budget`.
///
/// - `asked`: customers that are asked in a round; `of` may be a part of them, all kinds alike.
///
/// # Errors
/// [`TrialError`] when nothing spends anything, or chance alone spends more than there is.
pub(crate) fn round(
    of: &[Worth],
    arms: usize,
    asked: usize,
    budget: f64,
    settings: &Settings,
) -> Result<Round, TrialError> {
    let rows = of.len() / arms.max(1);
    let all: f64 = of.iter().map(|worth| worth.spend).sum();
    if all <= 0.0 {
        return Err(TrialError::NothingSpent {
            budget,
            trial: settings.trial.clone(),
        });
    }
    let part = rows as f64 / asked.max(1) as f64;
    // Chance draws the control as often as any arm.
    let explored = settings.explore * all / (arms + 1) as f64;
    let left = part * budget - explored;
    if left <= 0.0 {
        return Err(TrialError::Explored {
            budget,
            explore: settings.explore,
            spend: explored / part,
        });
    }
    let values: Vec<f32> = of.iter().map(|worth| worth.net as f32).collect();
    let cents: Vec<i32> = of.iter().map(|worth| cents(worth.spend)).collect();
    let offers = Offers::new(arms, &values, Costs::OfPair(&cents));
    // Those who are not drawn by chance are a part of all, and may spend as much more each.
    let budget = 100.0 * left / (1.0 - settings.explore);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a budget beyond 64 bits is no limit, and the cast ends there"
    )]
    let allocation = one_budget(&offers, budget.floor() as i64, 1)?;
    let outcome = &allocation.outcome;
    let used = outcome.limits.first();
    let of_all = (1.0 - settings.explore) / part;
    let spent = used.map_or(0.0, |used| used.used as f64 / 100.0);
    let price = used.map_or(0.0, |used| used.price * 100.0);
    Ok(Round {
        price,
        at_price: at_price(of, arms, price, spent),
        customers: asked,
        chosen: scaled(outcome.n_chosen as f64 * of_all),
        spend: spent * of_all + explored / part,
        explored: explored / part,
        gain: outcome.value * of_all,
        gap: outcome.gap() * of_all,
    })
}

/// An amount in cents, rounded up so that no part of one is forgotten.
#[expect(
    clippy::cast_possible_truncation,
    reason = "an amount beyond 21 million is no cheaper than that, and the cast ends there"
)]
fn cents(amount: f64) -> i32 {
    (amount * 100.0).ceil() as i32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of customers"
)]
fn scaled(count: f64) -> usize {
    count.round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    fn worth(net: f64, spend: f64) -> Worth {
        Worth { net, spend }
    }

    #[test]
    fn money_goes_where_it_earns_most() {
        let of = [
            worth(3.0, 1.0),
            worth(9.0, 2.0),
            worth(1.0, 1.0),
            worth(-1.0, 1.0),
        ];
        let settings = Settings::default();
        let round = round(&of, 1, 4, 3.0, &settings).unwrap();
        assert_eq!((round.chosen, round.spend, round.gain), (2, 3.0, 12.0));
        let given = |admitted| -> Vec<Option<usize>> {
            let one = |worth: &Worth| best(std::slice::from_ref(worth), round.price, admitted);
            of.iter().map(one).collect()
        };
        assert_eq!(given(false), [Some(0), Some(0), None, None]);
        // The third would be next: nothing is left for it.
        assert_eq!(round.at_price, 0.0);
    }

    #[test]
    fn where_many_are_worth_the_same_the_budget_ends_among_them() {
        let of = [worth(3.0, 1.0); 10];
        let round = round(&of, 1, 10, 4.0, &Settings::default()).unwrap();
        assert_eq!((round.chosen, round.spend), (4, 4.0));
        assert!((round.at_price - 0.4).abs() < 1e-9, "{round:?}");
        assert_eq!(best(&of[..1], round.price, false), None);
        assert_eq!(best(&of[..1], round.price, true), Some(0));
    }

    #[test]
    fn a_budget_nobody_needs_has_no_price() {
        let of = [worth(3.0, 1.0), worth(1.0, 1.0)];
        let round = round(&of, 1, 2, 100.0, &Settings::default()).unwrap();
        assert_eq!((round.price, round.chosen), (0.0, 2));
    }

    /// A month of questions: what is promised by the end of each day, in shares of the budget, and the value of it.
    struct Month {
        promised: Vec<f64>,
        value: f64,
    }

    const DAYS: usize = 30;
    const OFFER: f64 = 5.0;
    const BUDGET: f64 = 5_000.0;

    /// Everybody asks `times` times at random, between eight and ten at night, twice as often at weekends. The ledger
    /// promises no more than there is.
    fn month(round: &Round, of: &[Worth], times: f64, paced: bool) -> Month {
        let mut random = math::random::stream(11, 0);
        let (mut promised, mut value) = (0.0, 0.0);
        let mut by_day = Vec::new();
        for day in 0..DAYS {
            let weight = if day % 7 < 2 { 2.0 } else { 1.0 };
            // Ten days of the thirty count twice: 40 in all.
            let asked = scaled(of.len() as f64 * times * weight / 40.0);
            for number in 0..asked {
                let hour = 8.0 + 14.0 * number as f64 / asked as f64;
                let pace = Pace {
                    promised: promised / BUDGET,
                    plan: (day as f64 + hour / 24.0) / DAYS as f64,
                };
                let worth = &of[random.random_range(0..of.len())];
                let price = round.price_at(paced.then_some(pace));
                let chosen = best(std::slice::from_ref(worth), price, false);
                if chosen.is_some() && promised + OFFER <= BUDGET {
                    promised += OFFER;
                    value += worth.net;
                }
            }
            by_day.push(promised / BUDGET);
        }
        Month {
            promised: by_day,
            value,
        }
    }

    #[test]
    fn a_paced_budget_lasts_for_its_month_and_buys_more_than_one_that_is_gone_on_the_tenth_day() {
        let mut random = math::random::stream(7, 0);
        let of: Vec<Worth> = (0..10_000)
            .map(|_| worth(-4.0 * random.random_range(1e-9..1.0_f64).ln(), OFFER))
            .collect();
        // Money for a tenth of the customers, each asked once.
        let round = round(&of, 1, of.len(), BUDGET, &Settings::default()).unwrap();
        assert_eq!(round.chosen, 1_000);
        for times in [3.0, 1.0, 0.4] {
            let (free, paced) = (
                month(&round, &of, times, false),
                month(&round, &of, times, true),
            );
            let off = |day: usize| paced.promised[day] - (day + 1) as f64 / DAYS as f64;
            let band = (0..DAYS).map(|day| off(day).abs()).fold(0.0, f64::max);
            assert!(band < 0.06, "{times}: {band} {:?}", paced.promised);
            assert!(paced.promised[DAYS - 1] > 0.98, "{:?}", paced.promised);
            let offers = |month: &Month| month.promised[DAYS - 1] * BUDGET / OFFER;
            let each = |month: &Month| month.value / offers(month);
            if times > 1.0 {
                // Three times as many ask: without a plan the first third of the month has all of it.
                let gone = free.promised.iter().position(|p| *p > 0.999).unwrap();
                assert!((8..13).contains(&gone), "{gone}");
                assert!(each(&paced) > 1.2 * each(&free), "{}", each(&paced));
                assert!(paced.value > 1.2 * free.value, "{}", paced.value);
            } else if times < 1.0 {
                // Fewer ask than thought: without a plan more than half of the money stays unspent.
                assert!(free.promised[DAYS - 1] < 0.5, "{:?}", free.promised);
                assert!(paced.value > 1.4 * free.value, "{}", paced.value);
            } else {
                assert!(paced.value > 0.93 * free.value, "{}", paced.value);
            }
        }
    }

    #[test]
    fn a_budget_that_one_round_does_not_need_is_spread_all_the_same() {
        // All of 200 would be given at once, and are asked for ten times in the month.
        let of: Vec<Worth> = (1..=200)
            .map(|n| worth(f64::from(n) / 10.0, OFFER))
            .collect();
        let round = round(&of, 1, of.len(), BUDGET, &Settings::default()).unwrap();
        assert_eq!(round.price, 0.0);
        let month = month(&round, &of, 10.0, true);
        assert!(month.promised[9] < 0.45, "{:?}", month.promised);
        assert!(month.promised[DAYS - 1] > 0.98, "{:?}", month.promised);
    }

    #[test]
    fn chance_and_arms_that_spend_nothing_are_refused() {
        let settings = Settings {
            explore: 0.2,
            ..Settings::default()
        };
        let free = [worth(3.0, 0.0)];
        let refused = round(&free, 1, 1, 5.0, &settings).unwrap_err();
        assert!(refused.to_string().contains("spends anything"), "{refused}");
        let dear = [worth(3.0, 100.0)];
        let refused = round(&dear, 1, 1, 5.0, &settings).unwrap_err();
        assert!(refused.to_string().contains("explore less"), "{refused}");
    }
}
