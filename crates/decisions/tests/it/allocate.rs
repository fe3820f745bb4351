//! Offers under budgets: against every possible choice where there are few, by proof where there are many.

use std::fmt;

use decisions::allocate::{
    AllocateError, Allocation, Blocks, Choices, Costs, Effort, Limit, Offers, Outcome, Rule,
    StreamError, allocate, one_budget, one_budget_streamed,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Shop {
    n_offers: usize,
    values: Vec<f32>,
    costs: Vec<i32>,
    allowed: Vec<bool>,
    groups: Vec<u16>,
}

impl Shop {
    fn offers(&self) -> Offers<'_> {
        Offers {
            allowed: Some(&self.allowed),
            groups: Some(&self.groups),
            ..Offers::new(self.n_offers, &self.values, Costs::OfPair(&self.costs))
        }
    }

    fn n_customers(&self) -> usize {
        self.groups.len()
    }

    fn counts(&self, limit: &Limit, customer: usize, offer: usize) -> u64 {
        let offer_covered = limit
            .offers
            .as_ref()
            .is_none_or(|o| o.contains(&(offer as u16)));
        let group_covered = limit
            .groups
            .as_ref()
            .is_none_or(|g| g.contains(&self.groups[customer]));
        match limit.rule {
            _ if !(offer_covered && group_covered) => 0,
            Rule::SpendAtMost(_) => self.costs[customer * self.n_offers + offer] as u64,
            Rule::ChooseAtMost(_) | Rule::ChooseAtLeast(_) => 1,
        }
    }

    fn keeps(&self, limit: &Limit, used: u64) -> bool {
        match limit.rule {
            Rule::SpendAtMost(budget) => used <= budget as u64,
            Rule::ChooseAtMost(most) => used <= most,
            Rule::ChooseAtLeast(least) => used >= least,
        }
    }

    /// The most that choices within the limits are worth, by trying all; absent where there are none.
    fn best(&self, limits: &[Limit], at_most: usize) -> Option<f64> {
        let mut best = None;
        self.try_all(
            limits,
            at_most,
            0,
            &mut vec![0; limits.len()],
            0.0,
            &mut best,
        );
        best
    }

    fn try_all(
        &self,
        limits: &[Limit],
        at_most: usize,
        customer: usize,
        used: &mut Vec<u64>,
        value: f64,
        best: &mut Option<f64>,
    ) {
        if customer == self.n_customers() {
            let kept = limits
                .iter()
                .zip(used.iter())
                .all(|(limit, used)| self.keeps(limit, *used));
            if kept && best.is_none_or(|best| value > best) {
                *best = Some(value);
            }
            return;
        }
        for set in 0..1_usize << self.n_offers {
            let offers: Vec<usize> = (0..self.n_offers)
                .filter(|offer| set >> offer & 1 == 1)
                .collect();
            let first = customer * self.n_offers;
            if offers.len() > at_most || offers.iter().any(|offer| !self.allowed[first + offer]) {
                continue;
            }
            let before = used.clone();
            let mut with = value;
            for offer in offers {
                with += f64::from(self.values[first + offer]);
                for (used, limit) in used.iter_mut().zip(limits) {
                    *used += self.counts(limit, customer, offer);
                }
            }
            self.try_all(limits, at_most, customer + 1, used, with, best);
            *used = before;
        }
    }

    /// What every answer must be, whatever its quality: within the limits, and summed up truly.
    fn check(&self, found: &Allocation, limits: &[Limit], at_most: usize) {
        let (choices, outcome) = (&found.choices, &found.outcome);
        assert_eq!(choices.n_customers(), self.n_customers());
        assert_eq!(outcome.n_customers as usize, self.n_customers());
        let (mut value, mut n_chosen, mut used) = (0.0, 0, vec![0; limits.len()]);
        for customer in 0..self.n_customers() {
            let mut chosen: Vec<usize> = choices.of(customer).collect();
            n_chosen += chosen.len() as u64;
            assert!(chosen.len() <= at_most, "{chosen:?}");
            chosen.sort_unstable();
            chosen.dedup();
            for offer in &chosen {
                let pair = customer * self.n_offers + offer;
                assert!(
                    self.allowed[pair],
                    "customer {customer} may not have {offer}"
                );
                value += f64::from(self.values[pair]);
                for (used, limit) in used.iter_mut().zip(limits) {
                    *used += self.counts(limit, customer, *offer);
                }
            }
            assert_eq!(chosen.len(), choices.of(customer).count(), "chosen twice");
        }
        assert_eq!(outcome.n_chosen, n_chosen);
        assert!(
            (outcome.value - value).abs() <= 1e-9 * value.abs().max(1.0),
            "{outcome:?} but {value}"
        );
        for ((limit, used), said) in limits.iter().zip(used).zip(&outcome.limits) {
            assert!(self.keeps(limit, used), "{limit:?} uses {used}");
            assert_eq!((said.used, &said.name), (used, &limit.name));
            if let Rule::ChooseAtLeast(_) = limit.rule {
                assert!(said.price <= 0.0);
            } else {
                assert!(said.price >= 0.0);
            }
        }
    }
}

fn shops(n_offers: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Shop> {
    (1..=5_usize, n_offers).prop_flat_map(|(n, n_offers)| {
        let pairs = n * n_offers;
        (
            // Few different numbers, so that ties are common.
            prop::collection::vec((-8..17_i32).prop_map(|v| v as f32 / 2.0), pairs),
            prop::collection::vec(0..7_i32, pairs),
            prop::collection::vec(prop::bool::weighted(0.9), pairs),
            prop::collection::vec(0..2_u16, n),
        )
            .prop_map(move |(values, costs, allowed, groups)| Shop {
                n_offers,
                values,
                costs,
                allowed,
                groups,
            })
    })
}

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let rule = prop_oneof![
        4 => (0..20_i64).prop_map(Rule::SpendAtMost),
        2 => (0..6_u64).prop_map(Rule::ChooseAtMost),
        1 => (0..4_u64).prop_map(Rule::ChooseAtLeast),
    ];
    let offers = prop::option::of(prop::sample::subsequence(vec![0_u16, 1, 2], 1..=3));
    let groups = prop::option::weighted(0.3, prop::sample::subsequence(vec![0_u16, 1], 1..=2));
    prop::collection::vec((rule, offers, groups), 0..5).prop_map(|all| {
        let named = |(n, (rule, offers, groups))| Limit {
            offers,
            groups,
            ..Limit::new(&format!("limit {n}"), rule)
        };
        all.into_iter().enumerate().map(named).collect()
    })
}

fn budget_of(outcome: &Outcome) -> Vec<Limit> {
    vec![Limit::new(
        "budget",
        Rule::SpendAtMost(outcome.limits[0].limit as i64),
    )]
}

/// Numbers from 0 to 1, the same each time.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A campaign: larger discounts cost more and bring more, less and less so, and to many customers nothing.
fn campaign(n_customers: usize, n_offers: usize, seed: u64) -> Shop {
    let mut draws = Draws(seed);
    let (mut values, mut costs, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n_customers {
        let lift = 4000.0 * draws.next() * draws.next() * draws.next();
        let take_up = 0.1 + 0.5 * draws.next();
        groups.push((4.0 * draws.next()) as u16);
        for offer in 0..n_offers {
            let discount = 150.0 * (offer + 1) as f64;
            let cost = (discount * take_up).round();
            let brought = lift * (1.0 - (-discount / 400.0).exp()) * (0.5 + draws.next());
            values.push((brought - cost) as f32);
            costs.push(cost as i32);
        }
    }
    Shop {
        n_offers,
        allowed: vec![true; values.len()],
        values,
        costs,
        groups,
    }
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
        .install(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_budget_is_kept_and_the_best_choice_lies_between_value_and_bound(
        shop in shops(1..=4),
        budget in 0..30_i64,
        at_most in 1..3_usize,
    ) {
        let found = one_budget(&shop.offers(), budget, at_most).unwrap();
        let limits = [Limit::new("budget", Rule::SpendAtMost(budget))];
        shop.check(&found, &limits, at_most);
        let best = shop.best(&limits, at_most).unwrap();
        let Outcome { value, bound, .. } = found.outcome;
        prop_assert!(value <= best + 1e-9, "{value} above the best {best}");
        prop_assert!(bound >= best - 1e-9, "the bound {bound} is below the best {best}");
        // One step of one customer is worth no more than its best offer.
        let jump = f64::from(shop.values.iter().copied().fold(0.0, f32::max));
        prop_assert!(found.outcome.gap() <= jump + 1e-9, "{:?}", found.outcome);
        prop_assert_eq!(&found, &allocate(&shop.offers(), &limits, at_most, &Effort::default()).unwrap());
    }

    #[test]
    fn several_limits_are_kept_and_what_is_refused_is_impossible(
        shop in shops(3..=3),
        limits in limits(),
        at_most in 1..3_usize,
    ) {
        let best = shop.best(&limits, at_most);
        match allocate(&shop.offers(), &limits, at_most, &Effort::default()) {
            Ok(found) => {
                shop.check(&found, &limits, at_most);
                let best = best.expect("there is a choice");
                prop_assert!(found.outcome.value <= best + 1e-9);
                prop_assert!(found.outcome.bound >= best - 1e-9, "{:?} below {best}", found.outcome);
            }
            Err(AllocateError::TooFewChoices { .. } | AllocateError::Contradiction { .. }) => {
                prop_assert!(best.is_none(), "refused although {best:?} is possible");
            }
            Err(AllocateError::NotReached { asked, found, .. }) => prop_assert!(found < asked),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    /// With one minimum and one budget that covers it, what is possible is found.
    #[test]
    fn a_minimum_that_one_budget_can_pay_is_reached(shop in shops(3..=3), budget in 0..15_i64, least in 0..5_u64) {
        let limits = [
            Limit::new("budget", Rule::SpendAtMost(budget)),
            Limit::new("new brand", Rule::ChooseAtLeast(least)).on_offers(&[1, 2]),
        ];
        let found = allocate(&shop.offers(), &limits, 1, &Effort::default());
        prop_assert_eq!(found.is_ok(), shop.best(&limits, 1).is_some(), "{:?}", found);
    }
}

#[test]
fn the_selection_takes_the_steps_that_a_sort_of_all_would_take() {
    // One offer per customer: the linear program is solved by a sort of values by cost.
    let shop = campaign(150_000, 1, 3);
    let mut sorted: Vec<(f64, u64, usize)> = (0..shop.n_customers())
        .filter(|c| shop.values[*c] > 0.0)
        .map(|c| {
            (
                f64::from(shop.values[c]) / f64::from(shop.costs[c]),
                shop.costs[c] as u64,
                c,
            )
        })
        .collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
    let all: u64 = sorted.iter().map(|s| s.1).sum();
    for part in [0.0, 0.001, 0.3, 0.9999, 1.0] {
        let budget = (all as f64 * part) as u64;
        let (mut left, mut price, mut chosen) = (budget, 0.0, vec![false; shop.n_customers()]);
        for (ratio, cost, customer) in &sorted {
            if *cost <= left {
                left -= cost;
                chosen[*customer] = true;
            } else if price == 0.0 {
                price = *ratio;
            }
        }
        let found = one_budget(&shop.offers(), budget as i64, 1).unwrap();
        shop.check(&found, &budget_of(&found.outcome), 1);
        assert_eq!(found.outcome.limits[0].price, price, "{part}");
        let differ =
            (0..shop.n_customers()).filter(|c| found.choices.of(*c).next().is_some() != chosen[*c]);
        // What is left is tried on the next 65,536 steps only; here that is never the difference of more than one.
        assert!(differ.count() <= 1, "{part}");
        assert!(
            found.outcome.relative_gap() < 1e-5 || part < 0.01,
            "{:?}",
            found.outcome
        );
    }
}

#[test]
fn very_many_alike_customers_are_told_apart_without_listing_them() {
    // More steps of one ratio than are ever listed: the first customers in order have the offer.
    let n = (1 << 20) + 300_000;
    let (values, costs) = (vec![3.0; n], [Some(2)]);
    let alike = Offers::new(1, &values, Costs::OfOffer(&costs));
    let found = one_budget(&alike, 2_000_001, 1).unwrap();
    assert_eq!(
        (found.outcome.n_chosen, found.outcome.limits[0].used),
        (1_000_000, 2_000_000)
    );
    assert_eq!(
        (found.outcome.limits[0].price, found.outcome.value),
        (1.5, 3_000_000.0)
    );
    assert_eq!(found.outcome.gap(), 1.5);
    assert!((0..n).all(|c| found.choices.of(c).count() == usize::from(c < 1_000_000)));

    // As many in one bin, none alike: a finer look parts them, and the dearest half has the offer.
    let values: Vec<f32> = (0..n).map(|c| 1.0 + c as f32 * 2_f32.powi(-31)).collect();
    let costs = vec![1; n];
    let close = Offers::new(1, &values, Costs::OfPair(&costs));
    let found = one_budget(&close, 500_000, 1).unwrap();
    let least = (0..n)
        .filter(|c| found.choices.of(*c).next().is_some())
        .map(|c| values[c])
        .fold(2.0, f32::min);
    let most = (0..n)
        .filter(|c| found.choices.of(*c).next().is_none())
        .map(|c| values[c])
        .fold(0.0, f32::max);
    assert_eq!(found.outcome.n_chosen, 500_000);
    assert!(least >= most, "{least} chosen, {most} not");
}

#[test]
fn a_larger_budget_never_brings_less_than_a_step_and_its_price_is_what_it_adds() {
    let shop = campaign(20_000, 6, 5);
    let budgets: Vec<i64> = (0..30).map(|n| n * 60_000).collect();
    let found: Vec<Outcome> = budgets
        .iter()
        .map(|b| one_budget(&shop.offers(), *b, 1).unwrap().outcome)
        .collect();
    let jump = f64::from(shop.values.iter().copied().fold(0.0, f32::max));
    let mut binding = 0;
    for pair in found.windows(2) {
        assert!(pair[1].bound >= pair[0].bound - 1e-6);
        assert!(pair[1].value >= pair[0].value - jump);
        assert!(pair[1].limits[0].price <= pair[0].limits[0].price);
        // Concave: what is added lies between the two prices.
        let added = (pair[1].bound - pair[0].bound) / 60_000.0;
        assert!(added <= pair[0].limits[0].price + 1e-9 && added >= pair[1].limits[0].price - 1e-9);
        binding += usize::from(pair[1].limits[0].price > 0.0);
    }
    assert!(binding > 10, "budgets that bind: {binding}");
}

#[test]
fn a_budget_of_nothing_gives_what_is_free_and_no_limit_gives_everyone_the_best() {
    let values = [5.0, 9.0, 2.0, -1.0, 4.0, 7.0];
    let costs = [0, 3, 0, 0, 1, 0];
    let offers = Offers::new(3, &values, Costs::OfPair(&costs));
    let chosen = |found: &Allocation| -> Vec<Vec<usize>> {
        (0..2).map(|c| found.choices.of(c).collect()).collect()
    };
    let found = one_budget(&offers, 0, 1).unwrap();
    assert_eq!(chosen(&found), [[0], [2]]);
    assert_eq!(
        (found.outcome.value, found.outcome.limits[0].used),
        (12.0, 0)
    );
    let found = allocate(&offers, &[], 1, &Effort::default()).unwrap();
    assert_eq!(chosen(&found), [[1], [2]]);
    assert_eq!(
        (
            found.outcome.value,
            found.outcome.gap(),
            found.outcome.limits.len()
        ),
        (16.0, 0.0, 0)
    );
    let found = allocate(&offers, &[], 9, &Effort::default()).unwrap();
    assert_eq!((found.outcome.n_chosen, found.outcome.value), (5, 27.0));
    assert_eq!(found.choices.of(99).count(), 0);
    // Nobody is asked for nothing.
    let nobody = Offers::new(3, &[], Costs::OfPair(&[]));
    assert_eq!(one_budget(&nobody, 5, 1).unwrap().outcome.n_customers, 0);
    assert_eq!(
        allocate(&nobody, &[], 1, &Effort::default())
            .unwrap()
            .outcome
            .value,
        0.0
    );
}

/// Total, two brands, a store, a cap on how often, and a minimum, all of which bind.
fn six_limits(shop: &Shop) -> Vec<Limit> {
    let n = shop.n_customers() as i64;
    vec![
        Limit::new("total", Rule::SpendAtMost(60 * n)),
        Limit::new("brand a", Rule::SpendAtMost(9 * n)).on_offers(&[0, 1]),
        Limit::new("brand b", Rule::SpendAtMost(12 * n)).on_offers(&[2, 3]),
        Limit::new("store 2", Rule::SpendAtMost(6 * n)).in_groups(&[2]),
        Limit::new("no more of 5", Rule::ChooseAtMost(n as u64 / 30)).on_offers(&[5]),
        Limit::new("show 0", Rule::ChooseAtLeast(n as u64 / 12)).on_offers(&[0]),
    ]
}

#[test]
fn many_customers_under_six_limits_come_within_a_thousandth_of_the_bound() {
    let shop = campaign(80_000, 6, 7);
    let limits = six_limits(&shop);
    for at_most in [1, 2] {
        let found = allocate(&shop.offers(), &limits, at_most, &Effort::default()).unwrap();
        shop.check(&found, &limits, at_most);
        let outcome = &found.outcome;
        println!("{outcome:?}");
        assert!(outcome.relative_gap() < 1e-3, "{}", outcome.relative_gap());
        // That all bind makes the instance hard: without that the bound would be reached trivially.
        let binding = outcome.limits.iter().filter(|l| l.price != 0.0).count();
        assert!(binding >= 5, "{:?}", outcome.limits);
    }
}

#[test]
fn the_same_bytes_come_from_any_number_of_threads() {
    let shop = campaign(40_000, 6, 11);
    let limits = six_limits(&shop);
    let both = |threads| {
        on_threads(threads, || {
            let one = one_budget(&shop.offers(), 1_500_000, 2).unwrap();
            let many = allocate(&shop.offers(), &limits, 1, &Effort::default()).unwrap();
            let bits =
                |found: &Allocation| (found.outcome.value.to_bits(), found.outcome.bound.to_bits());
            (bits(&one), bits(&many), one, many)
        })
    };
    let alone = both(1);
    assert_eq!(alone, both(2));
}

/// A table read in blocks; block `broken` cannot be read, and values fall a little each time where it `changes`.
struct InBlocks<'a> {
    shop: &'a Shop,
    rows: usize,
    broken: Option<usize>,
    changes: bool,
    read: std::sync::atomic::AtomicUsize,
}

#[derive(Debug, PartialEq)]
struct Torn;

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tape is torn")
    }
}

impl std::error::Error for Torn {}

impl<'a> InBlocks<'a> {
    fn new(shop: &'a Shop, rows: usize) -> Self {
        Self {
            shop,
            rows,
            broken: None,
            changes: false,
            read: std::sync::atomic::AtomicUsize::new(0),
        }
    }
}

impl Blocks for InBlocks<'_> {
    type Error = Torn;

    fn n_blocks(&self) -> usize {
        self.shop.n_customers().div_ceil(self.rows)
    }

    fn with_block<T>(&self, block: usize, look: impl FnOnce(Offers<'_>) -> T) -> Result<T, Torn> {
        if self.broken == Some(block) {
            return Err(Torn);
        }
        let first = block * self.rows;
        let to = (first + self.rows).min(self.shop.n_customers());
        let pairs = first * self.shop.n_offers..to * self.shop.n_offers;
        let times = self.read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let dearer: Vec<i32> = self.shop.costs[pairs.clone()]
            .iter()
            .map(|c| c + times as i32)
            .collect();
        let costs = if self.changes {
            &dearer
        } else {
            &self.shop.costs[pairs.clone()]
        };
        Ok(look(Offers {
            allowed: Some(&self.shop.allowed[pairs.clone()]),
            ..Offers::new(
                self.shop.n_offers,
                &self.shop.values[pairs],
                Costs::OfPair(costs),
            )
        }))
    }
}

#[test]
fn a_stream_of_blocks_gives_the_choices_of_the_table() {
    let shop = campaign(30_000, 5, 13);
    for at_most in [1, 3] {
        let whole = one_budget(&shop.offers(), 1_000_000, at_most).unwrap();
        for rows in [777, 8192, 100_000] {
            let (mut seen, mut next) = (Vec::new(), 0);
            let outcome = one_budget_streamed(
                &InBlocks::new(&shop, rows),
                1_000_000,
                at_most,
                |first, choices: &Choices| {
                    assert_eq!(first, next);
                    next += choices.n_customers() as u64;
                    seen.extend(
                        (0..choices.n_customers()).map(|c| choices.of(c).collect::<Vec<_>>()),
                    );
                },
            )
            .unwrap();
            let expected: Vec<Vec<usize>> = (0..shop.n_customers())
                .map(|c| whole.choices.of(c).collect())
                .collect();
            assert!(seen == expected, "{rows} rows");
            assert_eq!(
                (outcome.limits.clone(), outcome.n_chosen),
                (whole.outcome.limits.clone(), whole.outcome.n_chosen)
            );
            // Sums over other blocks differ in their last bits only.
            assert!((outcome.value / whole.outcome.value - 1.0).abs() < 1e-12);
            assert!((outcome.bound / whole.outcome.bound - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn a_stream_that_fails_or_changes_hands_over_nothing_wrong() {
    let mut shop = campaign(3_000, 3, 17);
    let stream = |source: &InBlocks<'_>, at_most| {
        let mut handed_over = 0;
        let found = one_budget_streamed(source, 100_000, at_most, |_, choices| {
            handed_over += choices.n_customers()
        });
        (found.unwrap_err(), handed_over)
    };
    let broken = InBlocks {
        broken: Some(7),
        ..InBlocks::new(&shop, 100)
    };
    let (error, handed_over) = stream(&broken, 1);
    assert_eq!(
        (error.to_string().as_str(), handed_over),
        ("read block 7 of the offers", 0)
    );
    assert!(matches!(
        error,
        StreamError::Read {
            block: 7,
            source: Torn
        }
    ));

    let changing = InBlocks {
        changes: true,
        ..InBlocks::new(&shop, 100)
    };
    let (error, _) = stream(&changing, 1);
    let StreamError::Changed {
        found,
        allowed: 100_000,
    } = error
    else {
        panic!("{error}")
    };
    assert!(found > 100_000);
    assert!(
        error
            .to_string()
            .contains(&format!("cost {found} of a budget of 100000")),
        "{error}"
    );

    let (error, _) = stream(&InBlocks::new(&shop, 100), 0);
    assert!(matches!(
        error,
        StreamError::Refused {
            source: AllocateError::NothingPerCustomer,
            ..
        }
    ));
    let error = one_budget_streamed(&InBlocks::new(&shop, 100), -3, 1, |_, _| ()).unwrap_err();
    let StreamError::Refused { source, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        source.to_string(),
        "allocate under limit `budget`: its budget is -3, allowed is 0 or more"
    );

    // Rows are counted within the block; of several culprits the first is named.
    shop.values[3 * 250 + 2] = f32::NAN;
    shop.values[3 * 900] = f32::INFINITY;
    let (error, handed_over) = stream(&InBlocks::new(&shop, 100), 1);
    let StreamError::Refused { block: 2, source } = error else {
        panic!("{error}")
    };
    assert!(
        matches!(
            source,
            AllocateError::Value {
                customer: 50,
                offer: 2,
                ..
            }
        ),
        "{source}"
    );
    assert_eq!(handed_over, 0);
}

fn refused(offers: &Offers<'_>, limits: &[Limit]) -> String {
    allocate(offers, limits, 1, &Effort::default())
        .unwrap_err()
        .to_string()
}

#[test]
fn shapes_and_numbers_that_are_wrong_are_named_with_what_is_allowed() {
    let values = [1.0_f32, 2.0, 3.0, 4.0];
    let costs = [1, 2, 3, 4];
    let good = Offers::new(2, &values, Costs::OfPair(&costs));
    let one = |offers: Offers<'_>| one_budget(&offers, 5, 1).unwrap_err().to_string();
    assert!(one_budget(&good, 5, 1).is_ok());
    assert_eq!(
        one(Offers {
            n_offers: 0,
            ..good
        }),
        "allocate 0 offers: allowed is 1 to 65535"
    );
    assert_eq!(
        one(Offers {
            n_offers: 70_000,
            ..good
        }),
        "allocate 70000 offers: allowed is 1 to 65535"
    );
    assert_eq!(
        one(Offers {
            n_offers: 3,
            ..good
        }),
        "allocate 4 values: allowed are whole rows of 3 offers"
    );
    assert_eq!(
        one(Offers {
            costs: Costs::OfPair(&costs[..3]),
            ..good
        }),
        "allocate with 3 costs: allowed is 4, one for each customer and offer"
    );
    assert_eq!(
        one(Offers {
            costs: Costs::OfOffer(&[Some(1)]),
            ..good
        }),
        "allocate with 1 costs: allowed is 2, one for each offer"
    );
    assert_eq!(
        one(Offers {
            allowed: Some(&[true]),
            ..good
        }),
        "allocate with 1 permissions: allowed is 4, one for each customer and offer"
    );
    assert_eq!(
        one(Offers {
            groups: Some(&[0, 0, 1]),
            ..good
        }),
        "allocate with 3 groups: allowed is 2, one for each customer"
    );
    for (bad, said) in [
        (f32::NAN, "NaN"),
        (f32::INFINITY, "inf"),
        (f32::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(
            one(Offers {
                values: &[1.0, 2.0, 3.0, bad],
                ..good
            }),
            format!(
                "allocate offer 1 to customer 1: its value is {said}, allowed is a finite number"
            )
        );
    }
    assert_eq!(
        one(Offers {
            costs: Costs::OfPair(&[1, 2, -7, 4]),
            ..good
        }),
        "allocate offer 0 to customer 1: its cost is -7, allowed is 0 or more"
    );
    assert_eq!(
        one(Offers {
            costs: Costs::OfOffer(&[Some(1), Some(-2)]),
            ..good
        }),
        "allocate offer 1: its cost is -2, allowed is 0 or more"
    );
    assert_eq!(
        one(Offers {
            costs: Costs::OfOffer(&[Some(1), None]),
            ..good
        }),
        "allocate offer 1 under limit `budget`: its cost is unknown, allowed is 0 or more"
    );
    assert_eq!(
        one_budget(&good, -1, 1).unwrap_err().to_string(),
        "allocate under limit `budget`: its budget is -1, allowed is 0 or more"
    );
    assert_eq!(
        one_budget(&good, 5, 0).unwrap_err().to_string(),
        "allocate at most 0 offers per customer: allowed is 1 or more"
    );
}

#[test]
fn limits_that_are_wrong_or_contradict_each_other_are_named() {
    let values = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
    let costs = [2, 2, 3, 4, 1, 9];
    let groups = [0, 1, 1];
    let good = Offers {
        groups: Some(&groups),
        ..Offers::new(2, &values, Costs::OfPair(&costs))
    };
    let spend = |name: &str, budget| Limit::new(name, Rule::SpendAtMost(budget));
    let show = |least| Limit::new("show", Rule::ChooseAtLeast(least)).on_offers(&[0]);
    assert_eq!(
        refused(&good, &[spend("july", 5), spend("july", 6)]),
        "allocate under limit `july`: found twice, allowed is one limit of a name"
    );
    assert_eq!(
        refused(&good, &[spend("july", -5)]),
        "allocate under limit `july`: its budget is -5, allowed is 0 or more"
    );
    assert_eq!(
        refused(&good, &[spend("july", 5).on_offers(&[])]),
        "allocate under limit `july`: it covers no offer, allowed is one or more"
    );
    assert_eq!(
        refused(&good, &[spend("july", 5).in_groups(&[])]),
        "allocate under limit `july`: it covers no group of customers, allowed is one or more"
    );
    assert_eq!(
        refused(&good, &[spend("july", 5).on_offers(&[0, 2])]),
        "allocate under limit `july`: it covers offer 2, allowed is 0 to 1"
    );
    assert_eq!(
        refused(
            &Offers {
                groups: None,
                ..good
            },
            &[spend("store", 5).in_groups(&[1])]
        ),
        "allocate under limit `store`: it covers groups, and no groups of customers are given"
    );
    let many: Vec<Limit> = (0..257).map(|n| spend(&format!("l{n}"), 5)).collect();
    assert_eq!(
        refused(&good, &many),
        "allocate under 257 limits: allowed is at most 256"
    );
    // An unknown cost only matters where it is counted.
    let some = Offers {
        costs: Costs::OfOffer(&[Some(2), None]),
        ..good
    };
    assert!(
        allocate(
            &some,
            &[spend("known", 2).on_offers(&[0])],
            1,
            &Effort::default()
        )
        .is_ok()
    );
    assert_eq!(
        refused(&some, &[spend("known", 2).on_offers(&[0]), spend("all", 9)]),
        "allocate under limit `all`: its cost is unknown, allowed is 0 or more"
            .replace("under", "offer 1 under")
    );

    assert_eq!(
        refused(&good, &[show(4)]),
        "allocate under limit `show`: it asks for 4 choices, possible are at most 3"
    );
    assert_eq!(
        refused(&good, &[show(2).in_groups(&[0])]),
        "allocate under limit `show`: it asks for 2 choices, possible are at most 1"
    );
    assert_eq!(
        refused(
            &Offers {
                allowed: Some(&[false, true, true, true, true, true]),
                ..good
            },
            &[show(3)]
        ),
        "allocate under limit `show`: it asks for 3 choices, possible are at most 2"
    );
    // The three cost 1, 2 and 3.
    assert_eq!(
        refused(&good, &[spend("july", 5), show(3)]),
        "allocate under limit `show`: it asks for 3 choices, which use at least 6 of limit `july`; allowed there is 5, which is enough for 2 choices"
    );
    assert_eq!(
        refused(&good, &[show(3), Limit::new("rare", Rule::ChooseAtMost(2))]),
        "allocate under limit `show`: it asks for 3 choices, which use at least 3 of limit `rare`; allowed there is 2, which is enough for 2 choices"
    );
    assert!(allocate(&good, &[spend("july", 6), show(3)], 1, &Effort::default()).is_ok());
    // Each alone is possible, both are not: a customer has one offer.
    let other = Limit::new("other", Rule::ChooseAtLeast(2)).on_offers(&[1]);
    assert_eq!(
        refused(&good, &[show(2), other.clone()]),
        "allocate under limit `other`: it asks for 2 choices, found were 1 within the other limits; lower it or raise them"
    );
    let both = allocate(&good, &[show(2), other], 2, &Effort::default()).unwrap();
    assert_eq!(both.outcome.n_chosen, 6);
}

#[test]
fn a_minimum_is_served_at_the_least_loss() {
    // Offer 1 is always worse; two must have it: those who lose least by it, 1 and 2.
    let values = [9.0, 5.0, 9.0, 8.0, 9.0, 8.5, 9.0, 1.0];
    let offers = Offers::new(2, &values, Costs::OfOffer(&[None, None]));
    let limits = [Limit::new("show 1", Rule::ChooseAtLeast(2)).on_offers(&[1])];
    let found = allocate(&offers, &limits, 1, &Effort::default()).unwrap();
    let chosen: Vec<usize> = (0..4).flat_map(|c| found.choices.of(c)).collect();
    assert_eq!(chosen, [0, 1, 1, 0]);
    assert_eq!((found.outcome.value, found.outcome.gap()), (34.5, 0.0));
    assert!(
        (1.0..=4.0).contains(&-found.outcome.limits[0].price),
        "{:?}",
        found.outcome.limits
    );
}
