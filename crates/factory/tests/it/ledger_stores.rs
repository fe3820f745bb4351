//! Limits on customers of some sites, kept promise by promise: those of other sites are promised from other leases.

use crate::ledger::{DAY, OFFER, deals, granted, kept, limit_figures, noon, promise, used_up};
use factory::Workshop;
use factory::ledger::{Ledger, Refusal};
use jiff::{SignedDuration, Timestamp};
use lake::log::Reserved;
use products::{LimitStake, Stake};
use schema::{Cents, DecisionId};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Places of the limits: two stores with money of their own, and a brand that pays for deals wherever they are given.
const LYON: usize = 0;
const NICE: usize = 1;
const BRAND: usize = 2;

async fn workshop(folder: &Path, lyon: i64, brand: i64) -> Workshop {
    let money = |offers: i64| (offers * OFFER) as f64 / 100.0;
    let settings = format!(
        "budget = 100000.0\n\n\
         [settings.ledger]\nperiod = \"day\"\nexpires_days = 7\nmost = {{ deal = 5.0, gift = 5.0 }}\n\n\
         [[settings.limits]]\nname = \"store Lyon\"\nsites = [\"lyon\"]\nspend_at_most = {:.2}\n\n\
         [[settings.limits]]\nname = \"store Nice\"\nsites = [\"nice\"]\nspend_at_most = 50000.0\n\n\
         [[settings.limits]]\nname = \"brand\"\narms = [\"deal\"]\nspend_at_most = {:.2}\n",
        money(lyon),
        money(brand)
    );
    deals(folder, &settings).await
}

/// What giving an arm takes of a customer of a store.
fn stake(arm: &str, store: Option<usize>) -> Stake {
    let brand = (arm == "deal").then_some(BRAND);
    let of = |limit| LimitStake {
        limit,
        takes: OFFER,
        must_have: OFFER,
    };
    Stake {
        takes: Cents(OFFER),
        must_have: Cents(OFFER),
        limits: store.into_iter().chain(brand).map(of).collect(),
        counted_by: store.into_iter().collect(),
    }
}

async fn grant(
    ledger: &Ledger,
    decision: &str,
    arm: &str,
    store: Option<usize>,
    at: Timestamp,
) -> Result<Reserved, Refusal> {
    granted(ledger, decision, arm, &stake(arm, store), at).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_promises_its_money_to_the_last_offer_and_others_go_on() {
    const OFFERS: i64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), OFFERS, 5_000).await;
    let ledger = Arc::new(Ledger::of(&workshop, "here/process".to_owned()).unwrap());
    let stop = Arc::<AtomicBool>::default();
    let keeping = kept(&ledger, &stop, noon() + SignedDuration::from_secs(2));
    let askers: Vec<_> = (0..4)
        .map(|asker| {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move {
                let mut given = [0; 3];
                for n in 0..300 {
                    let store = [Some(LYON), Some(NICE), None][n % 3];
                    let id = format!("d{asker}-{n}");
                    loop {
                        match grant(&ledger, &id, "deal", store, noon()).await {
                            Ok(_) => given[n % 3] += 1,
                            // The database may take longer than an answer waits.
                            Err(_) if store != Some(LYON) => continue,
                            Err(Refusal::Limits(short)) if short == [used_up(LYON)] => {}
                            Err(_) => continue,
                        }
                        break;
                    }
                }
                given
            })
        })
        .collect();
    let mut given = [0; 3];
    for asker in askers {
        let of: [i64; 3] = asker.await.unwrap();
        given.iter_mut().zip(of).for_each(|(sum, n)| *sum += n);
    }
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    ledger.close(noon()).await;
    assert_eq!(given, [OFFERS, 400, 400]);
    let [lyon, nice] = [OFFERS, 400].map(|offers| offers * OFFER);
    assert_eq!(
        limit_figures(&workshop, "store Lyon").await,
        [lyon, lyon, 0, 0]
    );
    assert_eq!(
        limit_figures(&workshop, "store Nice").await[1..3],
        [nice, 0]
    );
    assert_eq!(
        limit_figures(&workshop, "brand").await[1..3],
        [(OFFERS + 800) * OFFER, 0]
    );
}

#[tokio::test]
async fn what_is_short_is_said_to_customers_whom_it_counts_and_what_left_for_nobody_is_there_again()
{
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 2, 500).await;
    let ledger = Arc::new(Ledger::of(&workshop, "here/process".to_owned()).unwrap());
    let stop = Arc::<AtomicBool>::default();
    let keeping = kept(&ledger, &stop, noon());
    let first = grant(&ledger, "d1", "deal", Some(LYON), noon())
        .await
        .unwrap();
    grant(&ledger, "d2", "gift", Some(LYON), noon())
        .await
        .unwrap();
    let refused = grant(&ledger, "d3", "gift", Some(LYON), noon()).await;
    assert_eq!(refused, Err(Refusal::Limits(vec![used_up(LYON)])));
    grant(&ledger, "d4", "deal", Some(NICE), noon())
        .await
        .unwrap();
    grant(&ledger, "d5", "deal", None, noon()).await.unwrap();
    let short = |of: Option<usize>| ledger.short("deals", 1, of.into_iter().collect(), noon());
    assert_eq!(short(Some(LYON)), [used_up(LYON)]);
    assert_eq!([short(Some(NICE)), short(None)], [vec![], vec![]]);
    ledger.take_back(&DecisionId::new("d1").unwrap(), &first);
    assert_eq!(short(Some(LYON)), []);
    grant(&ledger, "d6", "deal", Some(LYON), noon())
        .await
        .unwrap();
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    ledger.close(noon()).await;
    assert_eq!(
        limit_figures(&workshop, "store Lyon").await,
        [2 * OFFER, 2 * OFFER, 0, 0]
    );
    assert_eq!(limit_figures(&workshop, "store Nice").await[1], OFFER);
    // Of a gift the brand pays nothing.
    assert_eq!(limit_figures(&workshop, "brand").await[1], 3 * OFFER);
}

#[tokio::test]
async fn what_a_store_takes_nothing_of_for_a_minute_goes_back_though_its_customers_are_asked_about()
{
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 100, 500).await;
    let ledger = Arc::new(Ledger::of(&workshop, "here/process".to_owned()).unwrap());
    let stop = Arc::<AtomicBool>::default();
    let keeping = kept(&ledger, &stop, noon() + SignedDuration::from_secs(2));
    grant(&ledger, "d1", "deal", Some(LYON), noon())
        .await
        .unwrap();
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    let leased = async || {
        let budget = workshop.registry.budget("deals", DAY).await.unwrap();
        budget.unwrap().leased_cents.0
    };
    assert!(leased().await > 0);
    // The control, where it might have been a deal.
    let control = Stake {
        takes: Cents(0),
        limits: Vec::new(),
        ..stake("deal", Some(LYON))
    };
    let id = DecisionId::new("d2").unwrap();
    let asked = promise(
        &id,
        "control",
        &control,
        noon() + SignedDuration::from_secs(50),
    );
    assert_eq!(ledger.grant(&asked).await, Ok(None));
    ledger.tend(noon() + SignedDuration::from_secs(59)).await;
    assert!(leased().await > 0);
    ledger.tend(noon() + SignedDuration::from_secs(61)).await;
    assert_eq!(leased().await, 0);
}
