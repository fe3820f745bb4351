//! What a budget makes of effects: the price of money, at which what the offers spend fits.

use super::draws::TrialError;
use super::limits::{Counts, counts_at};
use super::settings::Settings;
use super::stores::Stores;
use super::worth::{Prices, Worth, best};
use crate::ledger::few;
use crate::standing::Pace;
use decisions::allocate::{
    Allocation, Costs, Effort, Limit, LimitUse, Offers, Rule, allocate, one_budget,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One round of decisions: every customer asked once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Round {
    /// What money in the budget must earn: an arm is given where it is worth more than this times its spend.
    pub(crate) price: f64,
    /// Share of the customers at the price itself who get their arm: many may be worth the same, and the budget may
    /// end among them.
    pub(crate) at_price: f64,
    /// The same of the customers of sites that limits name, by site.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) at_price_of: BTreeMap<String, f64>,
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
    /// The most by which any other choice within the limits could gain more.
    pub(crate) gap: f64,
    /// What limits on some arms make of it, in the order of the settings.
    #[serde(default)]
    pub(crate) limits: Vec<Bound>,
}

/// A limit on some arms in a round of decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bound {
    pub(crate) name: String,
    /// Places of its arms.
    pub(crate) arms: Vec<usize>,
    /// The sites whose customers it counts; absent where it counts all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sites: Option<BTreeSet<String>>,
    pub(crate) counts: Counts,
    /// Money or customers that are allowed, or asked for.
    pub(crate) limit: f64,
    /// What is expected to be used of it, by those drawn by chance too.
    pub(crate) used: f64,
    /// What one unit more of it would add to the gain; where so many are asked for, one fewer. 0 where it does not bind.
    pub(crate) price: f64,
}

impl Bound {
    /// Whether it counts customers who usually buy at a site, or at none that is named.
    pub(crate) fn counts_at(&self, site: Option<&str>) -> bool {
        counts_at(self.sites.as_ref(), site)
    }

    /// Its name, with the sites whose customers it counts.
    pub(crate) fn named(&self) -> String {
        let name = &self.name;
        self.sites.as_ref().map_or_else(
            || name.clone(),
            |sites| format!("{name} (customers of {})", few(sites)),
        )
    }

    /// What it takes off its arms: for each unit of money that they spend, and for each customer who gets one; below 0
    /// where it asks for more of them.
    fn rates(&self) -> (f64, f64) {
        match self.counts {
            Counts::Spend => (self.price, 0.0),
            Counts::AtMost => (0.0, self.price),
            Counts::AtLeast => (0.0, -self.price),
        }
    }

    /// What it takes off one of its arms that spends so much.
    pub(crate) fn takes(&self, spend: f64) -> f64 {
        let (of_money, of_giving) = self.rates();
        of_money * spend + of_giving
    }
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

    /// Share of the customers of a site at their prices who get their arm.
    pub(crate) fn at_price(&self, site: Option<&str>) -> f64 {
        let of_site = site.and_then(|site| self.at_price_of.get(site));
        of_site.copied().unwrap_or(self.at_price)
    }

    /// The prices of all limits together, that of the budget as [`Round::price_at`] has it.
    ///
    /// - `site`: where the customer usually buys, if that is known.
    pub(crate) fn prices(&self, arms: usize, pace: Option<Pace>, site: Option<&str>) -> Prices {
        let mut prices = Prices::of_budget(self.price_at(pace), arms);
        for bound in self.limits.iter().filter(|bound| bound.counts_at(site)) {
            for arm in bound.arms.iter().copied().filter(|arm| *arm < arms) {
                prices.charge(arm, bound.rates());
            }
        }
        prices
    }
}

/// What is counted of customers: money that their arms spend, or how many get one.
#[derive(Clone, Copy)]
enum Counted {
    Spend,
    Customers,
}

/// Share of the customers at the prices who can have their arm with what those above them leave.
///
/// - `of`: what arms do for each customer.
/// - `used`: by all who get one, in what is `counted`.
fn at_price<'a>(
    of: impl Iterator<Item = &'a [Worth]>,
    prices: &Prices,
    counted: Counted,
    used: f64,
) -> f64 {
    let (mut above, mut at) = (0.0, 0.0);
    let count = |worth: &Worth| match counted {
        Counted::Spend => worth.spend,
        Counted::Customers => 1.0,
    };
    for worth in of {
        if let Some(arm) = best(worth, prices, false) {
            above += count(&worth[arm]);
        } else if let Some(arm) = best(worth, prices, true) {
            at += count(&worth[arm]);
        }
    }
    if at > 0.0 {
        ((used - above) / at).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// What chance uses of a limit: it draws the control as often as any arm.
///
/// - `of`: what arms do for each customer whom the limit counts.
fn explored<'a>(
    of: impl Iterator<Item = &'a [Worth]>,
    arms: usize,
    places: &[usize],
    counts: Counts,
    explore: f64,
) -> f64 {
    let each = of.map(|worth| {
        let those = places.iter().map(|place| &worth[*place]);
        let those = those.filter(|worth| worth.is_possible());
        those
            .map(|worth| match counts {
                Counts::Spend => worth.spend,
                Counts::AtMost | Counts::AtLeast => 1.0,
            })
            .sum::<f64>()
    });
    explore * each.sum::<f64>() / (arms + 1) as f64
}

/// What is a part of all as often as there are such parts: what customers looked at use as what all do.
fn in_all(amount: f64, part: f64) -> f64 {
    if part > 0.0 { amount / part } else { 0.0 }
}

/// The prices at which `of` customers, one number for each of `arms`, keep the budget and all limits.
///
/// - `stores`: of these customers, and how many are asked in a round; `of` may be a part of them, all kinds alike.
///
/// # Errors
/// [`TrialError`] when nothing spends anything, chance alone uses more than there is, or a limit cannot be kept.
pub(crate) fn round(
    of: &[Worth],
    arms: &[&str],
    stores: &Stores,
    budget: f64,
    settings: &Settings,
) -> Result<Round, TrialError> {
    let n_arms = arms.len();
    let rows = of.len() / n_arms.max(1);
    if of.iter().all(|worth| worth.spend <= 0.0) {
        return Err(TrialError::NothingSpent {
            budget,
            trial: settings.trial.clone(),
        });
    }
    let part = stores.part(None, rows);
    let every: Vec<usize> = (0..n_arms).collect();
    let each = || of.chunks_exact(n_arms);
    let by_group = stores.rows(rows);
    let those = |rows: &[usize]| {
        rows.iter()
            .map(|row| &of[row * n_arms..(row + 1) * n_arms])
            .collect::<Vec<_>>()
    };
    let spent_by_chance = explored(each(), n_arms, &every, Counts::Spend, settings.explore);
    // Those who are not drawn by chance are a part of all, and may use as much more each.
    let share = 1.0 - settings.explore;
    let money = (part * budget - spent_by_chance) / share;
    if money <= 0.0 {
        return Err(TrialError::Explored {
            budget,
            explore: settings.explore,
            spend: spent_by_chance / part,
        });
    }
    let mut bounds = Vec::with_capacity(settings.limits.len());
    let mut rules = Vec::with_capacity(settings.limits.len());
    let mut parts = Vec::with_capacity(settings.limits.len());
    for limit in &settings.limits {
        let places = limit.places(arms);
        let groups = limit.sites.as_ref().map(|sites| stores.at(sites));
        let (counts, amount) = limit.counts();
        let counted = groups.as_ref().map_or_else(
            || each().collect(),
            |groups| {
                let rows = groups.iter().map(|group| &by_group[usize::from(*group)]);
                rows.flat_map(|rows| those(rows)).collect::<Vec<_>>()
            },
        );
        let by_chance = explored(
            counted.into_iter(),
            n_arms,
            &places,
            counts,
            settings.explore,
        );
        let part = stores.part(groups.as_deref(), rows);
        let left = (part * amount - by_chance) / share;
        if by_chance > 0.0 && left <= 0.0 && counts != Counts::AtLeast {
            return Err(TrialError::ExploredLimit {
                limit: limit.name.clone(),
                amount,
                explore: settings.explore,
                used: in_all(by_chance, part),
            });
        }
        rules.push(limit.rule(arms, left, groups.as_deref()));
        bounds.push(Bound {
            name: limit.name.clone(),
            arms: places,
            sites: limit.only_at(),
            counts,
            limit: amount,
            used: in_all(by_chance, part),
            price: 0.0,
        });
        parts.push(part);
    }
    let allocation = allocated(of, n_arms, money, &rules, stores.by_row())?;
    let outcome = &allocation.outcome;
    let mut uses = outcome.limits.iter();
    let in_money = |used: Option<&LimitUse>| {
        used.map_or((0.0, 0.0), |used| {
            (used.used as f64 / 100.0, used.price * 100.0)
        })
    };
    let (spent, price) = in_money(uses.next());
    for ((bound, used), part) in bounds.iter_mut().zip(uses).zip(parts) {
        let (used, price) = match bound.counts {
            Counts::Spend => in_money(Some(used)),
            Counts::AtMost | Counts::AtLeast => (used.used as f64, used.price.abs()),
        };
        bound.used += used * in_all(share, part);
        bound.price = price;
    }
    let of_all = in_all(share, part);
    let mut round = Round {
        price,
        at_price: 0.0,
        at_price_of: BTreeMap::new(),
        customers: stores.asked(),
        chosen: scaled(outcome.n_chosen as f64 * of_all),
        spend: spent * of_all + in_all(spent_by_chance, part),
        explored: in_all(spent_by_chance, part),
        gain: outcome.value * of_all,
        gap: outcome.gap() * of_all,
        limits: bounds,
    };
    for (site, rows) in stores.each().zip(&by_group) {
        let prices = round.prices(n_arms, None, site);
        let (counted, used) = if rules.is_empty() {
            (Counted::Spend, spent)
        } else {
            let chosen = rows.iter().map(|row| allocation.choices.of(*row).count());
            (Counted::Customers, chosen.sum::<usize>() as f64)
        };
        let at_price = at_price(those(rows).into_iter(), &prices, counted, used);
        match site {
            Some(site) => {
                round.at_price_of.insert(site.to_owned(), at_price);
            }
            None => round.at_price = at_price,
        }
    }
    Ok(round)
}

/// Who gets which arm with so much money, and within the rules.
///
/// - `groups`: that rules tell customers apart by.
fn allocated(
    of: &[Worth],
    arms: usize,
    money: f64,
    rules: &[Limit],
    groups: Option<&[u16]>,
) -> Result<Allocation, TrialError> {
    let possible: Vec<bool> = of.iter().map(Worth::is_possible).collect();
    let value = |worth: &Worth| {
        if worth.is_possible() {
            worth.net as f32
        } else {
            0.0
        }
    };
    let values: Vec<f32> = of.iter().map(value).collect();
    let cents: Vec<i32> = of.iter().map(|worth| cents(worth.spend)).collect();
    let offers = Offers {
        allowed: Some(&possible),
        groups,
        ..Offers::new(arms, &values, Costs::OfPair(&cents))
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a budget beyond 64 bits is no limit, and the cast ends there"
    )]
    let money = (100.0 * money).floor() as i64;
    if rules.is_empty() {
        return Ok(one_budget(&offers, money, 1)?);
    }
    let mut limits = vec![Limit::new("budget", Rule::SpendAtMost(money))];
    limits.extend_from_slice(rules);
    Ok(allocate(&offers, &limits, 1, &Effort::default())?)
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
    use super::super::limits::ArmsLimit;
    use super::*;
    use rand::RngExt;

    fn worth(net: f64, spend: f64) -> Worth {
        Worth { net, spend }
    }

    /// The arm of each customer at the prices of a round.
    fn given(of: &[Worth], arms: usize, round: &Round, admitted: bool) -> Vec<Option<usize>> {
        let prices = round.prices(arms, None, None);
        let each = of.chunks_exact(arms);
        each.map(|worth| best(worth, &prices, admitted)).collect()
    }

    /// Two brands' offers to 2,000 customers, each worth something else to each.
    fn two_brands(seed: u64) -> Vec<Worth> {
        let mut random = math::random::stream(seed, 0);
        let mut worth = |mean: f64| {
            let net = -mean * random.random_range(1e-9..1.0_f64).ln() - 1.0;
            worth(net, random.random_range(1.0..5.0))
        };
        (0..2_000).flat_map(|_| [worth(6.0), worth(3.0)]).collect()
    }

    fn limit(name: &str, arms: &[&str]) -> ArmsLimit {
        ArmsLimit {
            name: name.to_owned(),
            arms: Some(arms.iter().map(|arm| (*arm).to_owned()).collect()),
            sites: None,
            spend_at_most: None,
            customers_at_most: None,
            customers_at_least: None,
        }
    }

    const ARMS: [&str; 2] = ["dear", "plain"];

    fn with_limits(limits: Vec<ArmsLimit>) -> Settings {
        Settings {
            limits,
            ..Settings::default()
        }
    }

    /// How many get each arm, and what each spends.
    fn used(of: &[Worth], round: &Round) -> [(usize, f64); 2] {
        let mut used = [(0, 0.0); 2];
        for (worth, arm) in of.chunks_exact(2).zip(given(of, 2, round, false)) {
            if let Some(arm) = arm {
                used[arm].0 += 1;
                used[arm].1 += worth[arm].spend;
            }
        }
        used
    }

    #[test]
    fn prices_of_limits_keep_them_when_customers_are_decided_one_by_one() {
        let of = two_brands(3);
        let free = round(
            &of,
            &ARMS,
            &Stores::alike(2_000),
            2_000.0,
            &Settings::default(),
        )
        .unwrap();
        let unlimited = used(&of, &free);
        assert!(
            unlimited[0].1 > 1_000.0 && unlimited[1].0 < 300,
            "{unlimited:?}"
        );
        let brand = ArmsLimit {
            spend_at_most: Some(800.0),
            ..limit("brand", &["dear"])
        };
        let shelf = ArmsLimit {
            customers_at_least: Some(600),
            ..limit("shelf", &["plain"])
        };
        let settings = with_limits(vec![brand, shelf]);
        let both = round(&of, &ARMS, &Stores::alike(2_000), 2_000.0, &settings).unwrap();
        let limited = used(&of, &both);
        let [brand, shelf] = &both.limits[..] else {
            panic!("{:?}", both.limits);
        };
        assert!(brand.price > 0.0 && shelf.price > 0.0, "{:?}", both.limits);
        // Prices keep limits but for the last customers: what is at the price itself is for `at_price` to say.
        assert!((limited[0].1 / 800.0 - 1.0).abs() < 0.02, "{limited:?}");
        assert!(limited[1].0.abs_diff(600) <= 5, "{limited:?}");
        assert!(limited[0].1 + limited[1].1 <= 2_010.0, "{limited:?}");
        assert!(
            brand.used <= 800.0 && shelf.used >= 600.0,
            "{:?}",
            both.limits
        );
        // Limits cost something, and the bound says how little is lost beside them.
        assert!(
            both.gain < free.gain && both.gap < 0.005 * both.gain,
            "{both:?}"
        );
    }

    #[test]
    fn a_limit_on_customers_counts_them_and_one_that_does_not_bind_has_no_price() {
        let of = two_brands(5);
        let few = ArmsLimit {
            customers_at_most: Some(100),
            ..limit("few", &["dear"])
        };
        let many = ArmsLimit {
            customers_at_most: Some(5_000),
            ..limit("many", &["dear", "plain"])
        };
        let settings = with_limits(vec![few, many]);
        let round = round(&of, &ARMS, &Stores::alike(2_000), 2_000.0, &settings).unwrap();
        assert!(
            used(&of, &round)[0].0.abs_diff(100) <= 2,
            "{:?}",
            used(&of, &round)
        );
        assert_eq!((round.limits[0].used, round.limits[1].price), (100.0, 0.0));
        assert!(round.limits[0].price > 0.0);
    }

    fn of_site(name: &str, most: u32) -> ArmsLimit {
        ArmsLimit {
            arms: None,
            sites: Some(vec![name.to_owned()]),
            customers_at_most: Some(most),
            ..limit(name, &[])
        }
    }

    #[test]
    fn a_limit_of_a_site_prices_its_customers_and_nobody_else() {
        let of = two_brands(13);
        // Of each four customers one buys at each site, and two at none.
        let group = |row: usize| [0, 1, 2, 0][row % 4];
        let stores = Stores::all_of(&["lyon", "nice"], (0..2_000).map(group).collect());
        let settings = with_limits(vec![of_site("lyon", 50), of_site("nice", 500)]);
        let all = round(&of, &ARMS, &stores, 1_000_000.0, &settings).unwrap();
        let [lyon, nice] = &all.limits[..] else {
            panic!("{:?}", all.limits);
        };
        assert_eq!((lyon.used, nice.price), (50.0, 0.0));
        assert!(lyon.price > 1.0 && nice.used > 300.0, "{:?}", all.limits);
        let mut given = [0; 3];
        for (row, worth) in of.chunks_exact(2).enumerate() {
            let site = [None, Some("lyon"), Some("nice")][usize::from(group(row))];
            let prices = all.prices(2, None, site);
            given[usize::from(group(row))] += usize::from(best(worth, &prices, false).is_some());
            if site != Some("lyon") {
                assert_eq!(prices, Prices::none(2));
            }
        }
        assert!(given[1].abs_diff(50) <= 2, "{given:?}");
        // Nobody elsewhere goes without for it.
        let free = Prices::none(2);
        let wanted = of
            .chunks_exact(2)
            .enumerate()
            .filter(|(row, worth)| group(*row) != 1 && best(worth, &free, false).is_some());
        assert_eq!(all.chosen, wanted.count() + 50);
    }

    #[test]
    fn at_the_price_each_site_gives_to_as_many_as_its_own_limit_pays_for() {
        let of = [worth(3.0, 1.0); 30];
        let group = |row: usize| [0, 1, 2][row % 3];
        let stores = Stores::all_of(&["lyon", "nice"], (0..30).map(group).collect());
        let settings = with_limits(vec![of_site("lyon", 4), of_site("nice", 7)]);
        let round = round(&of, &["offer"], &stores, 1_000.0, &settings).unwrap();
        let shares = [None, Some("lyon"), Some("nice")].map(|site| round.at_price(site));
        assert_eq!(shares, [0.0, 0.4, 0.7]);
        let given = |site| best(&of[..1], &round.prices(1, None, site), false);
        assert_eq!(
            [None, Some("lyon"), Some("nice")].map(given),
            [Some(0), None, None]
        );
    }

    #[test]
    fn a_limit_of_a_site_counts_what_chance_gives_there_and_asks_for_nobody_elsewhere() {
        let of = two_brands(15);
        let group = |row: usize| u16::from(row.is_multiple_of(10));
        let stores = Stores::all_of(&["lyon"], (0..2_000).map(group).collect());
        let with = |most, explore| Settings {
            explore,
            ..with_limits(vec![of_site("lyon", most)])
        };
        // Of 200 customers there 20 are drawn, two thirds of them for an arm.
        let round_of = |most| round(&of, &ARMS, &stores, 1_000_000.0, &with(most, 0.1));
        let used = round_of(60).unwrap().limits[0].used;
        assert!((59.0..=60.0).contains(&used), "{used}");
        let refused = round_of(12).unwrap_err();
        assert!(refused.to_string().contains("\"lyon\""), "{refused}");
        let asks = ArmsLimit {
            customers_at_most: None,
            customers_at_least: Some(201),
            ..of_site("lyon", 0)
        };
        let refused = round(&of, &ARMS, &stores, 1_000_000.0, &with_limits(vec![asks]));
        assert!(
            matches!(refused, Err(TrialError::Allocate(_))),
            "{refused:?}"
        );
    }

    #[test]
    fn whoever_may_not_have_an_arm_gets_it_for_no_minimum() {
        let mut of = two_brands(7);
        of.iter_mut()
            .step_by(4)
            .for_each(|worth| *worth = Worth::NEVER);
        let many = ArmsLimit {
            customers_at_least: Some(900),
            ..limit("many", &["dear"])
        };
        let settings = with_limits(vec![many]);
        let round = round(&of, &ARMS, &Stores::alike(2_000), 5_000.0, &settings).unwrap();
        let given = given(&of, 2, &round, true);
        assert!(given.iter().step_by(2).all(|arm| *arm != Some(0)));
        assert!(given.iter().filter(|arm| **arm == Some(0)).count() >= 890);
    }

    #[test]
    fn a_minimum_beyond_the_customers_is_refused_by_its_name() {
        let of = two_brands(9);
        let all = ArmsLimit {
            customers_at_least: Some(3_000),
            ..limit("everybody", &["dear"])
        };
        let refused = round(
            &of,
            &ARMS,
            &Stores::alike(2_000),
            2_000.0,
            &with_limits(vec![all]),
        )
        .unwrap_err();
        let told = std::error::Error::source(&refused).map(ToString::to_string);
        assert!(
            told.is_some_and(|told| told.contains("everybody")),
            "{refused:?}"
        );
    }

    #[test]
    fn what_chance_gives_counts_against_limits() {
        let of = two_brands(11);
        let few = ArmsLimit {
            customers_at_most: Some(100),
            ..limit("few", &["dear"])
        };
        let settings = |explore| Settings {
            explore,
            ..with_limits(vec![few.clone()])
        };
        // A tenth of the customers is drawn, a third of them for this arm: 67.
        let round_of = |explore| {
            round(
                &of,
                &ARMS,
                &Stores::alike(2_000),
                2_000.0,
                &settings(explore),
            )
        };
        let explored = round_of(0.1).unwrap();
        assert!(
            (explored.limits[0].used - 100.0).abs() < 1.5,
            "{:?}",
            explored.limits
        );
        assert!(used(&of, &explored)[0].0 < 45, "{:?}", used(&of, &explored));
        let refused = round_of(0.2).unwrap_err();
        assert!(refused.to_string().contains("\"few\""), "{refused}");
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
        let round = round(&of, &["offer"], &Stores::alike(4), 3.0, &settings).unwrap();
        assert_eq!((round.chosen, round.spend, round.gain), (2, 3.0, 12.0));
        assert_eq!(given(&of, 1, &round, false), [Some(0), Some(0), None, None]);
        // The third would be next: nothing is left for it.
        assert_eq!(round.at_price, 0.0);
    }

    #[test]
    fn where_many_are_worth_the_same_the_budget_ends_among_them() {
        let of = [worth(3.0, 1.0); 10];
        let round = round(
            &of,
            &["offer"],
            &Stores::alike(10),
            4.0,
            &Settings::default(),
        )
        .unwrap();
        assert_eq!((round.chosen, round.spend), (4, 4.0));
        assert!((round.at_price - 0.4).abs() < 1e-9, "{round:?}");
        assert_eq!(given(&of[..1], 1, &round, false), [None]);
        assert_eq!(given(&of[..1], 1, &round, true), [Some(0)]);
    }

    #[test]
    fn a_budget_nobody_needs_has_no_price() {
        let of = [worth(3.0, 1.0), worth(1.0, 1.0)];
        let round = round(
            &of,
            &["offer"],
            &Stores::alike(2),
            100.0,
            &Settings::default(),
        )
        .unwrap();
        assert_eq!((round.price, round.chosen), (0.0, 2));
    }

    #[test]
    fn chance_and_arms_that_spend_nothing_are_refused() {
        let settings = Settings {
            explore: 0.2,
            ..Settings::default()
        };
        let free = [worth(3.0, 0.0)];
        let refused = round(&free, &["offer"], &Stores::alike(1), 5.0, &settings).unwrap_err();
        assert!(refused.to_string().contains("spends anything"), "{refused}");
        let dear = [worth(3.0, 100.0)];
        let refused = round(&dear, &["offer"], &Stores::alike(1), 5.0, &settings).unwrap_err();
        assert!(refused.to_string().contains("explore less"), "{refused}");
    }
}
