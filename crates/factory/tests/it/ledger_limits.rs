//! Limits on some arms, kept promise by promise: what one process may promise of them, and what it does not wait for.

use crate::ledger::{OFFER, deals, granted, kept, limit_figures, noon, used_up};
use factory::Workshop;
use factory::ledger::{Ledger, Refusal};
use jiff::{SignedDuration, Timestamp};
use lake::log::Reserved;
use products::{LimitLeft, LimitStake, NoMoney, Stake};
use schema::{Cents, DecisionId};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Places of the limits: the brand pays for deals and gifts, and there are so many gifts.
const BRAND: usize = 0;
const GIFTS: usize = 1;

async fn workshop(folder: &Path, brand: f64, gifts: u32) -> Workshop {
    let settings = format!(
        "budget = 100000.0\n\n\
         [settings.ledger]\nperiod = \"day\"\nexpires_days = 7\nmost = {{ deal = 5.0, gift = 5.0, plain = 5.0 }}\n\n\
         [[settings.limits]]\nname = \"brand\"\narms = [\"deal\", \"gift\"]\nspend_at_most = {brand}\n\n\
         [[settings.limits]]\nname = \"shelf\"\narms = [\"plain\"]\ncustomers_at_least = 1\n\n\
         [[settings.limits]]\nname = \"gifts\"\narms = [\"gift\"]\ncustomers_at_most = {gifts}\n"
    );
    deals(folder, &settings).await
}

fn ledger(workshop: &Workshop, holder: &str) -> Arc<Ledger> {
    Arc::new(Ledger::of(workshop, holder.to_owned()).unwrap())
}

/// What giving an arm takes, where it might have been no other.
fn stake(arm: &str) -> Stake {
    let of = |limit, units| LimitStake {
        limit,
        takes: units,
        must_have: units,
    };
    Stake {
        takes: Cents(OFFER),
        must_have: Cents(OFFER),
        limits: match arm {
            "deal" => vec![of(BRAND, OFFER)],
            "gift" => vec![of(BRAND, OFFER), of(GIFTS, 1)],
            _ => Vec::new(),
        },
        counted_by: Vec::new(),
    }
}

async fn grant(
    ledger: &Ledger,
    decision: &str,
    arm: &str,
    at: Timestamp,
) -> Result<Reserved, Refusal> {
    granted(ledger, decision, arm, &stake(arm), at).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_promised_to_the_last_unit_and_what_they_do_not_count_goes_on() {
    const DEALS: i64 = 500;
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(
        folder.path(),
        (DEALS * OFFER + OFFER - 1) as f64 / 100.0,
        70,
    )
    .await;
    let (ledger, stop) = (
        ledger(&workshop, "here/process"),
        Arc::<AtomicBool>::default(),
    );
    let keeping = kept(&ledger, &stop, noon() + SignedDuration::from_secs(2));
    let askers: Vec<_> = (0..8)
        .map(|asker| {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move {
                let (mut deals, mut gifts, mut plain) = (0, 0, 0);
                for n in 0..600 {
                    let arm = if n % 3 == 0 { "gift" } else { "deal" };
                    let id = format!("d{asker}-{n}");
                    match grant(&ledger, &id, arm, noon()).await {
                        Ok(_) if arm == "gift" => gifts += 1,
                        Ok(_) => deals += 1,
                        // Decided again, without what is short. The database may take longer than an answer waits.
                        Err(why) => {
                            assert_ne!(why, Refusal::Budget(NoMoney::UsedUp));
                            while grant(&ledger, &id, "plain", noon()).await.is_err() {}
                            plain += 1;
                        }
                    }
                }
                (deals, gifts, plain)
            })
        })
        .collect();
    let (mut deals, mut gifts, mut plain) = (0, 0, 0);
    for asker in askers {
        let of = asker.await.unwrap();
        (deals, gifts, plain) = (deals + of.0, gifts + of.1, plain + of.2);
    }
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    ledger.close(noon()).await;
    assert_eq!((deals + gifts, gifts), (DEALS, 70));
    assert_eq!(plain, 8 * 600 - DEALS, "nobody else had to go without");
    let promised = DEALS * OFFER;
    assert_eq!(
        limit_figures(&workshop, "brand").await,
        [promised + OFFER - 1, promised, 0, OFFER - 1]
    );
    assert_eq!(limit_figures(&workshop, "gifts").await, [70, 70, 0, 0]);
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_said_without_waiting_until_something_is_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 15.0, 2).await;
    let ledger = ledger(&workshop, "here/process");
    let stop: Arc<AtomicBool> = Arc::default();
    let keeping = kept(&ledger, &stop, noon());
    let first = grant(&ledger, "d1", "gift", noon()).await.unwrap();
    for id in ["d2", "d3"] {
        grant(&ledger, id, "deal", noon()).await.unwrap();
    }
    let mut refused = grant(&ledger, "d4", "gift", noon()).await;
    let started = Instant::now();
    for _ in 0..100 {
        refused = grant(&ledger, "d4", "gift", noon()).await;
    }
    assert!(started.elapsed() < Duration::from_millis(100));
    assert_eq!(refused, Err(Refusal::Limits(vec![used_up(BRAND)])));
    assert_eq!(
        ledger.short("deals", 1, Vec::new(), noon()),
        [used_up(BRAND)]
    );
    assert!(grant(&ledger, "d5", "plain", noon()).await.is_ok());
    // What left for nobody is there again, of both limits that it counted against.
    let id = |id: &str| DecisionId::new(id).unwrap();
    ledger.take_back(&id("d1"), &first);
    assert!(ledger.short("deals", 1, Vec::new(), noon()).is_empty());
    for n in 0..2 {
        let one = grant(&ledger, &format!("e{n}"), "gift", noon()).await;
        ledger.take_back(&id(&format!("e{n}")), &one.unwrap());
    }
    grant(&ledger, "e2", "gift", noon()).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    // A deal expires, and is redeemed by nobody: two seconds later what it held is free again.
    let later = noon() + SignedDuration::from_secs(10);
    ledger.tend(later).await;
    assert_eq!(
        limit_figures(&workshop, "brand").await,
        [1_500, 1_500, 0, 0]
    );
    let expired = noon() + SignedDuration::from_hours(24 * 7);
    assert_eq!(
        workshop
            .registry
            .expire(expired)
            .await
            .unwrap()
            .reservations,
        4
    );
    let later = later + SignedDuration::from_secs(3);
    assert_eq!(
        ledger.short("deals", 1, Vec::new(), later),
        [used_up(BRAND)]
    );
    ledger.tend(later).await;
    assert!(ledger.short("deals", 1, Vec::new(), later).is_empty());
    assert!(grant(&ledger, "f1", "deal", later).await.is_ok());
    // That a gift expired has not ended that it was given: one is left.
    assert_eq!(limit_figures(&workshop, "gifts").await[1], 1);
}

#[tokio::test]
async fn what_no_answer_needs_of_a_limit_goes_to_another_process_while_the_lease_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 20.0, 9).await;
    let here = ledger(&workshop, "here/process");
    let there = ledger(&workshop, "there/process");
    let stop: Arc<AtomicBool> = Arc::default();
    let keeping = [&here, &there].map(|of| kept(of, &stop, noon()));
    grant(&here, "d1", "deal", noon()).await.unwrap();
    let refused = grant(&there, "d2", "deal", noon()).await;
    assert_eq!(refused, Err(Refusal::Limits(vec![used_up(BRAND)])));
    stop.store(true, Ordering::Relaxed);
    for one in keeping {
        one.await.unwrap();
    }
    let minute = noon() + SignedDuration::from_secs(61);
    grant(&here, "d3", "plain", minute).await.unwrap();
    here.tend(minute).await;
    assert_eq!(
        limit_figures(&workshop, "brand").await,
        [2_000, 500, 0, 1_500]
    );
    grant(&there, "d4", "plain", minute).await.unwrap();
    assert_eq!(
        there.short("deals", 1, Vec::new(), minute),
        [used_up(BRAND)]
    );
    there.tend(minute).await;
    for n in 0..3 {
        grant(&there, &format!("e{n}"), "deal", minute)
            .await
            .unwrap();
    }
    let refused = grant(&there, "e3", "deal", minute).await;
    assert!(matches!(refused, Err(Refusal::Limits(_))), "{refused:?}");
}

#[tokio::test]
async fn without_the_registry_a_limit_is_promised_as_far_as_it_is_leased_and_then_not() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path(), 60.0, 9).await;
    let ledger = ledger(&workshop, "here/process");
    let stop: Arc<AtomicBool> = Arc::default();
    let keeping = kept(&ledger, &stop, noon());
    grant(&ledger, "d1", "deal", noon()).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    let leased = limit_figures(&workshop, "brand").await[2] / OFFER;
    workshop.registry.close().await;
    for n in 1..leased {
        grant(&ledger, &format!("e{n}"), "deal", noon())
            .await
            .unwrap();
    }
    ledger.tend(noon()).await;
    let unknown = LimitLeft {
        why: NoMoney::Unavailable,
        ..used_up(BRAND)
    };
    let refused = grant(&ledger, "f1", "deal", noon()).await;
    assert_eq!(refused, Err(Refusal::Limits(vec![unknown])));
    assert_eq!(ledger.short("deals", 1, Vec::new(), noon())[0], unknown);
    assert!(grant(&ledger, "f2", "plain", noon()).await.is_ok());
}
