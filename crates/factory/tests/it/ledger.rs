//! What one process may promise: granted in memory, written down behind, and no more than is leased.

use factory::ledger::{Ledger, Promise, Refusal};
use factory::{Project, Workshop};
use jiff::{SignedDuration, Timestamp};
use lake::LakeOptions;
use lake::log::Reserved;
use products::{LimitLeft, NoMoney, Stake};
use schema::{Cents, DecisionId};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub(crate) const OFFER: i64 = 500;

/// A shop whose product `deals` has these settings.
pub(crate) async fn deals(folder: &Path, settings: &str) -> Workshop {
    std::fs::create_dir_all(folder.join("products")).unwrap();
    std::fs::write(folder.join("comptoir.toml"), "name = \"Deals\"\n").unwrap();
    let file = format!(
        "kind = \"promotion\"\nowner = \"tests\"\n\n[settings]\noutcome = \"revenue\"\n{settings}"
    );
    std::fs::write(folder.join("products/deals.toml"), file).unwrap();
    let project = Project::open(folder).unwrap();
    let options = LakeOptions::default();
    Workshop::open(project, &options).await.unwrap()
}

pub(crate) async fn workshop(folder: &Path, budget: f64) -> Workshop {
    let settings = format!(
        "budget = {budget}\n\n\
         [settings.ledger]\nperiod = \"day\"\nexpires_days = 7\nmost = {{ deal = 5.0 }}\npace = \"even\"\n"
    );
    deals(folder, &settings).await
}

pub(crate) fn ledger(workshop: &Workshop) -> Ledger {
    Ledger::of(workshop, "here/process".to_owned()).unwrap()
}

/// A promise of product `deals` to nobody in particular.
pub(crate) fn promise<'a>(
    decision: &'a DecisionId,
    arm: &'a str,
    stake: &'a Stake,
    at: Timestamp,
) -> Promise<'a> {
    Promise {
        product: "deals",
        version: 1,
        decision,
        customer: None,
        arm,
        stake,
        at,
    }
}

/// What an arm reserves of what it takes.
pub(crate) async fn granted(
    ledger: &Ledger,
    decision: &str,
    arm: &str,
    stake: &Stake,
    at: Timestamp,
) -> Result<Reserved, Refusal> {
    let decision = DecisionId::new(decision).unwrap();
    let granted = ledger.grant(&promise(&decision, arm, stake, at)).await;
    granted.map(Option::unwrap)
}

pub(crate) async fn grant(ledger: &Ledger, decision: &str, at: Timestamp) -> Result<i64, NoMoney> {
    let stake = Stake {
        takes: Cents(OFFER),
        must_have: Cents(OFFER),
        ..Stake::default()
    };
    let decision = DecisionId::new(decision).unwrap();
    let promise = promise(&decision, "deal", &stake, at);
    match ledger.grant(&promise).await {
        Ok(reserved) => Ok(reserved.map_or(0, |r| r.cents.0)),
        Err(Refusal::Budget(why)) => Err(why),
        Err(other @ Refusal::Limits(_)) => panic!("{other:?}"),
    }
}

/// Leased, reserved and free money of a period.
pub(crate) async fn figures(workshop: &Workshop, period: &str) -> [i64; 3] {
    let budgets = workshop.registry.budgets().await.unwrap();
    let of = budgets.iter().find(|b| b.period == period).unwrap();
    [of.leased_cents, of.reserved_cents, of.free_cents].map(|c| c.0)
}

/// Allowed, reserved, leased and free of a limit.
pub(crate) async fn limit_figures(workshop: &Workshop, name: &str) -> [i64; 4] {
    let all = workshop.registry.budget_limits().await.unwrap();
    let of = all.iter().find(|of| of.limit == name && of.period == DAY);
    let of = of.unwrap();
    [of.allowed, of.reserved, of.leased, of.free]
}

pub(crate) fn used_up(limit: usize) -> LimitLeft {
    LimitLeft {
        limit,
        units: 0,
        why: NoMoney::UsedUp,
    }
}

pub(crate) const DAY: &str = "2026-11-28";

pub(crate) fn noon() -> Timestamp {
    "2026-11-28T12:00:00Z".parse().unwrap()
}

/// Keeps the ledger as the server does, until told to stop.
pub(crate) fn kept(
    ledger: &Arc<Ledger>,
    stop: &Arc<AtomicBool>,
    at: Timestamp,
) -> tokio::task::JoinHandle<()> {
    let (ledger, stop) = (Arc::clone(ledger), Arc::clone(stop));
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            let pause = std::time::Duration::from_millis(20);
            let _ = tokio::time::timeout(pause, ledger.wanting()).await;
            ledger.tend(at).await;
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_promises_a_second_take_the_whole_budget_and_no_cent_more() {
    const OFFERS: i64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let limit = OFFERS * OFFER + OFFER - 1;
    let workshop = workshop(folder.path(), limit as f64 / 100.0).await;
    let (ledger, stop) = (Arc::new(ledger(&workshop)), Arc::<AtomicBool>::default());
    // What is older than a second is written down meanwhile.
    let keeping = kept(&ledger, &stop, noon() + SignedDuration::from_secs(2));
    let started = Instant::now();
    let askers: Vec<_> = (0..8)
        .map(|asker| {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move {
                let mut granted = 0;
                for n in 0.. {
                    match grant(&ledger, &format!("d{asker}-{n}"), noon()).await {
                        Ok(cents) => granted += cents,
                        Err(NoMoney::UsedUp) => break,
                        // The database may take longer than an answer waits.
                        Err(NoMoney::Unavailable) => {}
                    }
                }
                granted
            })
        })
        .collect();
    let mut granted = 0;
    for asker in askers {
        granted += asker.await.unwrap();
    }
    let per_second = (granted / OFFER) as f64 / started.elapsed().as_secs_f64();
    println!("{per_second:.0} promises a second");
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    ledger.close(noon()).await;
    assert_eq!(granted, OFFERS * OFFER);
    assert_eq!(figures(&workshop, DAY).await, [0, granted, OFFER - 1]);
    assert!(workshop.registry.open_leases().await.unwrap().is_empty());
    assert_eq!(
        grant(&ledger, "late", noon()).await,
        Err(NoMoney::Unavailable)
    );
}

#[tokio::test]
async fn a_new_day_has_its_own_money_and_an_idle_lease_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 100.0).await;
    let ledger = Arc::new(ledger(&workshop));
    let stop: Arc<AtomicBool> = Arc::default();
    let keeping = kept(&ledger, &stop, noon());
    assert_eq!(grant(&ledger, "d1", noon()).await, Ok(OFFER));
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    let leased = figures(&workshop, DAY).await[0];
    assert!(leased > 0, "the rest of the lease is kept for the next");
    let tomorrow = noon() + SignedDuration::from_hours(24);
    stop.store(false, Ordering::Relaxed);
    let keeping = kept(&ledger, &stop, tomorrow);
    assert_eq!(grant(&ledger, "d2", tomorrow).await, Ok(OFFER));
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    assert_eq!(figures(&workshop, DAY).await, [0, OFFER, 10_000 - OFFER]);
    ledger.close(tomorrow).await;
    assert_eq!(
        figures(&workshop, "2026-11-29").await,
        [0, OFFER, 10_000 - OFFER]
    );
}

#[tokio::test]
async fn what_left_for_nobody_is_taken_back_until_it_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 100.0).await;
    let ledger = Arc::new(ledger(&workshop));
    let stop: Arc<AtomicBool> = Arc::default();
    let keeping = kept(&ledger, &stop, noon());
    for id in ["d1", "d2", "d3"] {
        grant(&ledger, id, noon()).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    let lease = workshop.registry.open_leases().await.unwrap().remove(0).id;
    let reserved = lake::log::Reserved {
        lease,
        cents: Cents(OFFER),
    };
    ledger.take_back(&DecisionId::new("d2").unwrap(), &reserved);
    ledger.take_back(&DecisionId::new("d2").unwrap(), &reserved);
    ledger.close(noon()).await;
    assert_eq!(
        figures(&workshop, DAY).await,
        [0, 2 * OFFER, 10_000 - 2 * OFFER]
    );
}

#[tokio::test]
async fn nothing_is_granted_from_a_lease_that_somebody_may_have_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 100.0).await;
    let ledger = Arc::new(ledger(&workshop));
    let stop: Arc<AtomicBool> = Arc::default();
    let keeping = kept(&ledger, &stop, noon());
    grant(&ledger, "d1", noon()).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    // The registry is away from now on: what is leased is promised for five minutes, and not after.
    workshop.registry.close().await;
    let minutes = |n| noon() + SignedDuration::from_mins(n);
    ledger.tend(minutes(1)).await;
    assert_eq!(grant(&ledger, "d2", minutes(4)).await, Ok(OFFER));
    assert_eq!(
        grant(&ledger, "d3", minutes(6)).await,
        Err(NoMoney::Unavailable)
    );
}

/// Shares of the budget that are promised and planned, in percent.
fn paced(ledger: &Ledger, at: Timestamp) -> Option<(f64, f64)> {
    let pace = ledger.pace("deals", None, at)?;
    Some((100.0 * pace.promised, 100.0 * pace.plan))
}

#[tokio::test]
async fn two_processes_know_within_a_second_what_both_have_promised_beside_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 100.0).await;
    let here = Arc::new(ledger(&workshop));
    let there = Ledger::of(&workshop, "there/process".to_owned()).unwrap();
    assert_eq!(
        paced(&here, noon()),
        None,
        "nothing is known yet, which is not nothing"
    );
    let stop: Arc<AtomicBool> = Arc::default();
    let keeping = kept(&here, &stop, noon());
    for id in ["d1", "d2", "d3"] {
        grant(&here, id, noon()).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    // Noon is half of the day, and what this process promised counts at once.
    assert_eq!(paced(&here, noon()), Some((15.0, 50.0)));
    there.tend(noon()).await;
    assert_eq!(paced(&there, noon()), Some((0.0, 50.0)));
    let later = noon() + SignedDuration::from_millis(1_100);
    here.tend(later).await;
    there.tend(later).await;
    for ledger in [&here, &there] {
        let (promised, plan) = paced(ledger, later).unwrap();
        assert_eq!(promised, 15.0);
        assert!((50.0..50.01).contains(&plan), "{plan}");
    }
    // What left for nobody does not count, and the next day begins with nothing.
    let lease = workshop.registry.open_leases().await.unwrap().remove(0).id;
    let cents = Cents(OFFER);
    grant(&here, "d4", later).await.unwrap();
    assert_eq!(paced(&here, later).unwrap().0, 20.0);
    let reserved = lake::log::Reserved { lease, cents };
    here.take_back(&DecisionId::new("d4").unwrap(), &reserved);
    assert_eq!(paced(&here, later).unwrap().0, 15.0);
    let product = workshop.project.product("deals").unwrap();
    let beside = workshop.pace(product.as_ref(), None, later).await.unwrap();
    assert_eq!(beside.promised, 0.15);
    let tomorrow = "2026-11-29T00:00:00Z".parse().unwrap();
    assert_eq!(paced(&here, tomorrow), None);
    here.tend(tomorrow).await;
    assert_eq!(paced(&here, tomorrow), Some((0.0, 0.0)));
    // With the registry away the last that was told holds; of a day that nothing was told of nothing is known.
    workshop.registry.close().await;
    let an_hour_on = tomorrow + SignedDuration::from_hours(1);
    here.tend(an_hour_on).await;
    there.tend(an_hour_on).await;
    assert_eq!(paced(&here, an_hour_on).unwrap().0, 0.0);
    assert_eq!(paced(&there, an_hour_on), None);
}
