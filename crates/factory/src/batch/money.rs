//! The money of a batch: what its answers will take is found by deciding twice, so that not all of them are held in
//! memory, and who is asked about first is served first, whatever limits count them.

use super::{BatchOptions, decide_one};
use crate::ledger::{Free, HoldError, Purse, Refusal};
use crate::workshop::Workshop;
use jiff::Timestamp;
use lake::log::Reserved;
use products::{Asked, Decisions, Product, Serving, Stake};
use schema::{Cents, DecisionId};
use std::collections::BTreeMap;

impl Workshop {
    /// The money that the answers promise, where they are logged and a ledger keeps the budget; none where not. Customers
    /// whom other limits count have money of their own, see [`Serving::counted_by`]: as much of what is free as they take
    /// when all are asked one after the other. Where caps count what the batch itself gives, they may take less.
    pub(super) async fn money(
        &self,
        product: &dyn Product,
        version: u32,
        serving: &dyn Serving,
        questions: &mut [Asked],
        options: &BatchOptions,
    ) -> Result<BTreeMap<Vec<usize>, Purse>, HoldError> {
        let mut purses = BTreeMap::new();
        let Some(allowance) = product.allowance().filter(|_| options.log) else {
            return Ok(purses);
        };
        let (name, now) = (&product.header().name, options.now);
        let holdout = &self.project.file.holdout;
        let mut free = self.free(name, version, &allowance, now).await;
        let mut takes: BTreeMap<Vec<usize>, Stake> = BTreeMap::new();
        for asked in questions {
            let held_out = holdout.is_held_out(asked);
            let all = takes.entry(serving.counted_by(asked)).or_default();
            if let Some(stake) = foreseen(&mut free, serving, asked, held_out, now) {
                add(all, stake);
            }
        }
        for (counted_by, takes) in takes {
            let purse = self.purse(name, version, allowance.clone(), &takes, now);
            purses.insert(counted_by, purse.await?);
        }
        Ok(purses)
    }
}

/// What an answer will take of what is free, see [`decide_paid`]; nothing where there is none.
fn foreseen(
    free: &mut Free<'_>,
    serving: &dyn Serving,
    asked: &mut Asked,
    held_out: bool,
    now: Timestamp,
) -> Option<Stake> {
    asked.standing.short = free.short();
    loop {
        let stake = decide_one(serving, asked, held_out, now).ok()?.stake?;
        match free.take(&stake) {
            Ok(()) => return Some(stake),
            Err(Refusal::Limits(short)) => asked.standing.note_short(&short),
            Err(Refusal::Budget(_)) => {
                return Some(Stake {
                    takes: Cents(0),
                    limits: Vec::new(),
                    ..stake
                });
            }
        }
    }
}

/// Adds what an answer takes to what others take, and what must be there for the dearest.
fn add(all: &mut Stake, one: Stake) {
    all.takes = all.takes + one.takes;
    all.must_have = all.must_have.max(one.must_have);
    for of in one.limits {
        match all.limits.iter_mut().find(|sum| sum.limit == of.limit) {
            Some(sum) => {
                sum.takes = sum.takes.saturating_add(of.takes);
                sum.must_have = sum.must_have.max(of.must_have);
            }
            None => all.limits.push(of),
        }
    }
}

/// The answer with what it reserves: without the arms that limits do not pay for, and the one that promises nothing where
/// there is no money at all.
pub(super) async fn decide_paid(
    purse: &mut Purse,
    serving: &dyn Serving,
    asked: &mut Asked,
    held_out: bool,
    id: &str,
    now: Timestamp,
) -> Result<(Decisions, Option<Reserved>), String> {
    let id = DecisionId::new(id).map_err(|e| e.to_string())?;
    asked.standing.short = purse.short();
    loop {
        let decided = decide_one(serving, asked, held_out, now)?;
        let Some(stake) = &decided.stake else {
            return Ok((decided, None));
        };
        let arm = decided.actions.first().map_or("", |a| a.id.as_str());
        let granted = purse.grant(&id, asked.customer_id.as_ref(), arm, stake, now);
        match granted.await {
            Ok(reserved) => return Ok((decided, reserved)),
            // What is left of a limit is less each time, and then its arms need no more than that.
            Err(Refusal::Limits(short)) => asked.standing.note_short(&short),
            Err(Refusal::Budget(why)) => {
                let without = serving.without_money(asked, now, why);
                return Ok((without.map_err(|e| e.to_string())?, None));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Project;
    use crate::batch::{FileFormat, Questions};
    use lake::LakeOptions;
    use products::{Explanation, Infeasible, LimitStake};
    use schema::CustomerId;

    const OFFER: i64 = 500;
    const STORES: usize = 100;

    /// Customers `STORE-NUMBER`, each worth an offer that the limit of the store counts.
    struct Stores;

    fn store(asked: &Asked) -> usize {
        let customer = asked.customer_id.as_ref().unwrap().as_str();
        customer.split_once('-').unwrap().0.parse().unwrap()
    }

    fn decided(stake: Option<Stake>) -> Decisions {
        Decisions {
            placement: None,
            actions: Vec::new(),
            short_of: None,
            method: "the offer".to_owned(),
            stake,
        }
    }

    impl Serving for Stores {
        fn decide(&self, asked: &Asked, _: Timestamp) -> Result<Decisions, Infeasible> {
            let limit = store(asked);
            let mut short = asked.standing.short.iter();
            let takes = if short.any(|of| of.limit == limit) {
                0
            } else {
                OFFER
            };
            let of_limit = LimitStake {
                limit,
                takes,
                must_have: takes,
            };
            Ok(decided(Some(Stake {
                takes: Cents(takes),
                must_have: Cents(takes),
                limits: (takes > 0).then_some(of_limit).into_iter().collect(),
                counted_by: vec![limit],
            })))
        }

        fn baseline(&self, _: &Asked, _: Timestamp) -> Result<Decisions, Infeasible> {
            Ok(decided(None))
        }

        fn counted_by(&self, asked: &Asked) -> Vec<usize> {
            vec![store(asked)]
        }

        fn explain(
            &self,
            _: &Asked,
            _: Option<&str>,
            _: Timestamp,
        ) -> Result<Explanation, Infeasible> {
            Err(Infeasible::NothingToExplain)
        }
    }

    /// Who gets an offer, in the order in which they are asked about, and what the registry then knows to be reserved,
    /// leased and free, in offers.
    ///
    /// - `budget`, `limit`: offers that are paid for in all, and at each store.
    async fn given(
        budget: i64,
        limit: i64,
        customers: impl Fn(usize) -> usize,
    ) -> (Vec<bool>, [i64; 3]) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("products")).unwrap();
        std::fs::write(folder.path().join("comptoir.toml"), "name = \"Deals\"\n").unwrap();
        let money = |offers: i64| offers * OFFER / 100;
        let mut file = format!(
            "kind = \"promotion\"\nowner = \"tests\"\n\n[settings]\noutcome = \"revenue\"\nbudget = {}.0\n\n\
             [settings.ledger]\nperiod = \"day\"\nexpires_days = 7\nmost = {{ deal = 5.0 }}\n",
            money(budget)
        );
        for store in 0..STORES {
            file += &format!(
                "\n[[settings.limits]]\nname = \"{store}\"\nsites = [\"{store}\"]\nspend_at_most = {}.0\n",
                money(limit)
            );
        }
        std::fs::write(folder.path().join("products/deals.toml"), file).unwrap();
        let project = Project::open(folder.path()).unwrap();
        let options = LakeOptions::default();
        let workshop = Workshop::open(project, &options).await.unwrap();
        let product = workshop.project.product("deals").unwrap();
        // Customers of all stores come by turns.
        let turns = (0..STORES).map(&customers).max().unwrap();
        let all = (0..turns).flat_map(|n| {
            let those = (0..STORES)
                .filter(|store| n < customers(*store))
                .collect::<Vec<_>>();
            those.into_iter().map(move |store| Asked {
                customer_id: Some(CustomerId::new(format!("{store}-{n}")).unwrap()),
                ..Asked::default()
            })
        });
        let mut all: Vec<Asked> = all.collect();
        let options = BatchOptions {
            questions: Questions::All,
            output: folder.path().join("answers.csv"),
            output_format: FileFormat::Csv,
            log: true,
            now: "2026-11-28T12:00:00Z".parse().unwrap(),
            attempt: None,
        };
        let money = workshop.money(product.as_ref(), 1, &Stores, &mut all, &options);
        let mut purses = money.await.unwrap();
        let mut given = Vec::new();
        for (number, asked) in all.iter_mut().enumerate() {
            let purse = purses.get_mut(&Stores.counted_by(asked)).unwrap();
            let id = format!("d{number}");
            let decided = decide_paid(purse, &Stores, asked, false, &id, options.now);
            given.push(decided.await.unwrap().1.is_some());
        }
        for purse in purses.into_values() {
            purse.settle(options.now).await;
        }
        let budgets = workshop.registry.budgets().await.unwrap();
        let of = budgets.first().unwrap();
        let figures = [of.reserved_cents, of.leased_cents, of.free_cents];
        (given, figures.map(|cents| cents.0 / OFFER))
    }

    #[tokio::test]
    async fn a_scarce_budget_goes_to_whoever_is_asked_about_first_whatever_store_counts_them() {
        let (first, figures) = given(80, 1_000, |_| 2).await;
        let expected: Vec<bool> = (0..200).map(|number| number < 80).collect();
        assert_eq!((first, figures), (expected, [80, 0, 0]));
        // Large stores and small ones.
        let (large, figures) = given(300, 1_000, |store| if store < 10 { 40 } else { 2 }).await;
        assert!(large[..300].iter().all(|is_given| *is_given));
        assert_eq!(figures, [300, 0, 0]);
    }

    #[tokio::test]
    async fn money_that_the_limit_of_a_store_keeps_from_its_customers_is_there_for_others() {
        let customers = |store| if store < 10 { 30 } else { 3 };
        let (_, figures) = given(250, 2, customers).await;
        assert_eq!(figures, [200, 0, 50]);
        let (first, figures) = given(150, 2, customers).await;
        assert!(first[..150].iter().all(|is_given| *is_given));
        assert_eq!(figures, [150, 0, 0]);
    }
}
