//! Limits on some arms within a budget, whatever database they lie in.

use crate::backend::{Backend, at};
use jiff::SignedDuration;
use registry::{
    LeaseAsked, LeaseLimitsError, LeasedLimit, LimitAsked, LimitRecord, NewLimit, NewReservation,
    Registry,
};
use schema::{Cents, DecisionId, LimitUnit};

const NOON: &str = "2026-11-28T12:00:00Z";

/// Money of a brand that pays for two arms, and a shelf that one of them may be taken from so often.
const BRAND: i64 = 5_000;
const SHELF: i64 = 30;

fn brand(known: i64) -> LimitAsked<'static> {
    LimitAsked {
        name: "brand",
        unit: LimitUnit::Cents,
        arms: &["tea", "cup"],
        known,
        needed: 300,
        few: 1_000,
        many: 4_000,
    }
}

fn shelf(known: i64) -> LimitAsked<'static> {
    LimitAsked {
        name: "shelf",
        unit: LimitUnit::Offers,
        arms: &["cup"],
        known,
        needed: 1,
        few: 8,
        many: 300,
    }
}

fn promise(decision: &str, arm: &str, cents: i64) -> NewReservation {
    NewReservation {
        decision: DecisionId::new(decision).unwrap(),
        customer: None,
        arm: arm.to_owned(),
        cents: Cents(cents),
        at: at(NOON),
    }
}

async fn lease(registry: &Registry, id: &str) {
    let asked = LeaseAsked {
        id,
        product: "offers",
        period: "2026-11",
        holder: "machine/process",
        expires_days: 7,
        known: Cents(0),
        needed: Cents(1),
        few: Cents(10_000),
        many: Cents(10_000),
    };
    registry.lease(&asked, at(NOON)).await.unwrap();
}

/// A budget with both limits, and a lease of it.
async fn opened(backend: &Backend) -> Registry {
    let registry = backend.open().await;
    let budget = registry.open_budget("offers", "2026-11", Cents(1_000_000));
    budget.await.unwrap();
    open(&registry, BRAND).await;
    lease(&registry, "l1").await;
    registry
}

async fn open(registry: &Registry, brand: i64) {
    let limits = [
        ("brand", LimitUnit::Cents, brand),
        ("shelf", LimitUnit::Offers, SHELF),
    ];
    let limits = limits.map(|(name, unit, units)| NewLimit { name, unit, units });
    let opened = registry.open_limits("offers", "2026-11", &limits);
    opened.await.unwrap();
}

async fn of(registry: &Registry, name: &str) -> LimitRecord {
    let all = registry.budget_limits().await.unwrap();
    all.into_iter().find(|of| of.limit == name).unwrap()
}

/// Leased, reserved, spent, free.
async fn figures(registry: &Registry, name: &str) -> [i64; 4] {
    let of = of(registry, name).await;
    [of.leased, of.reserved, of.spent, of.free]
}

pub(crate) async fn a_limit_is_leased_within_a_lease_and_an_answer_lost_is_given_again(
    backend: &Backend,
) {
    let registry = opened(backend).await;
    let leased = registry.lease_limits("l1", &[brand(0), shelf(0)]).await;
    let held = |units, free| LeasedLimit { units, free };
    assert_eq!(leased.unwrap(), [held(1_000, 4_000), held(8, 22)]);
    // The holder did not hear of it, and asks again; then it asks for more of one.
    let again = registry.lease_limits("l1", &[brand(0), shelf(0)]).await;
    assert_eq!(again.unwrap(), [held(1_000, 4_000), held(8, 22)]);
    let more = LimitAsked {
        few: 6_000,
        many: 6_000,
        ..brand(1_000)
    };
    let leased = registry.lease_limits("l1", &[more]).await.unwrap();
    assert_eq!(leased, [held(5_000, 0)]);
    lease(&registry, "l2").await;
    let leased = registry.lease_limits("l2", &[brand(0)]).await.unwrap();
    assert_eq!(leased, [held(0, 0)], "nothing is free");
    // What no answer needs goes back, once however often it is said; what was promised stays.
    for _ in 0..2 {
        let back = registry.give_back_limit("l1", "brand", LimitUnit::Cents, 900);
        back.await.unwrap();
        assert_eq!(figures(&registry, "brand").await, [900, 0, 0, 4_100]);
    }
    open(&registry, 500).await;
    assert_eq!(figures(&registry, "brand").await, [900, 0, 0, -400]);
    let unknown = LimitAsked {
        name: "dreams",
        ..brand(0)
    };
    let refused = registry.lease_limits("l1", &[unknown]).await;
    assert!(matches!(refused, Err(LeaseLimitsError::NoLimit { .. })));
    registry.settle_lease("l1", &[], at(NOON)).await.unwrap();
    assert_eq!(figures(&registry, "brand").await, [0, 0, 0, 500]);
    assert_eq!(figures(&registry, "shelf").await, [0, 0, 0, SHELF]);
    for closed in ["l1", "l9"] {
        let refused = registry.lease_limits(closed, &[brand(0)]).await;
        assert!(matches!(refused, Err(LeaseLimitsError::Closed { .. })));
    }
}

pub(crate) async fn a_promise_counts_against_the_limits_of_its_arm_from_lease_to_expiry(
    backend: &Backend,
) {
    let registry = opened(backend).await;
    let now = at(NOON);
    let both = [brand(0), shelf(0)];
    registry.lease_limits("l1", &both).await.unwrap();
    let promised = [
        promise("d1", "tea", 300),
        promise("d2", "cup", 300),
        promise("d3", "plain", 500),
    ];
    registry.reserve("l1", &promised[..2], now).await.unwrap();
    assert_eq!(figures(&registry, "brand").await, [400, 600, 0, 4_000]);
    assert_eq!(figures(&registry, "shelf").await, [7, 1, 0, 22]);
    // Written twice counts once, and what is left of a lease is free again.
    registry.settle_lease("l1", &promised, now).await.unwrap();
    assert_eq!(figures(&registry, "brand").await, [0, 600, 0, 4_400]);
    assert_eq!(figures(&registry, "shelf").await, [0, 1, 0, 29]);
    // What comes late, out of a log, was promised all the same.
    let late = [promise("d4", "cup", 300)];
    registry.reserve("l1", &late, now).await.unwrap();
    assert_eq!(figures(&registry, "brand").await, [0, 900, 0, 4_100]);
    assert_eq!(figures(&registry, "shelf").await, [0, 2, 0, 28]);

    registry.confirm("k1", "d1", Cents(200), now).await.unwrap();
    registry.confirm("k1", "d1", Cents(200), now).await.unwrap();
    assert_eq!(figures(&registry, "brand").await, [0, 600, 200, 4_200]);
    registry.confirm("k2", "d2", Cents(450), now).await.unwrap();
    registry.confirm("k3", "d2", Cents(50), now).await.unwrap();
    assert_eq!(figures(&registry, "brand").await, [0, 300, 700, 4_000]);
    assert_eq!(of(&registry, "brand").await.excess, 200);
    assert_eq!(figures(&registry, "shelf").await, [0, 1, 1, 28]);

    let over = now + SignedDuration::from_hours(24 * 7);
    assert_eq!(registry.expire(over).await.unwrap().reservations, 2);
    assert_eq!(figures(&registry, "brand").await, [0, 0, 700, 4_300]);
    assert_eq!(of(&registry, "brand").await.expired, 300);
    // Money is free again; the offer was given.
    assert_eq!(figures(&registry, "shelf").await, [0, 1, 1, 28]);
    registry
        .confirm("k4", "d4", Cents(300), over)
        .await
        .unwrap();
    registry
        .confirm("k5", "d3", Cents(500), over)
        .await
        .unwrap();
    assert_eq!(figures(&registry, "brand").await, [0, 0, 1_000, 4_000]);
    assert_eq!(of(&registry, "brand").await.expired, 0);
    assert_eq!(figures(&registry, "shelf").await, [0, 0, 2, 28]);
}

/// Twelve holders, two registries of their own: each leases and promises until nothing of a limit is left.
pub(crate) async fn many_at_once_promise_a_limit_and_no_unit_more(backend: &Backend) {
    let registry = opened(backend).await;
    let others = backend.open().await;
    let holders: Vec<_> = (0..12)
        .map(|holder| {
            let registry = if holder % 2 == 0 { &registry } else { &others }.clone();
            tokio::spawn(async move {
                let id = format!("h{holder}");
                lease(&registry, &id).await;
                let (mut money, mut cups, mut promised) = (0, 0, 0);
                loop {
                    let asked = [
                        brand(money),
                        LimitAsked {
                            few: 2,
                            ..shelf(cups)
                        },
                    ];
                    let leased = registry.lease_limits(&id, &asked).await.unwrap();
                    let before = (money, cups);
                    (money, cups) = (leased[0].units, leased[1].units);
                    if (money, cups) == before {
                        break;
                    }
                    while money - 300 * promised >= 300 && cups - promised >= 1 {
                        let decision = format!("{id}-{promised}");
                        let one = [promise(&decision, "cup", 300)];
                        registry.reserve(&id, &one, at(NOON)).await.unwrap();
                        promised += 1;
                    }
                    if cups - promised >= 1 || money - 300 * promised >= 300 {
                        break;
                    }
                }
                registry.settle_lease(&id, &[], at(NOON)).await.unwrap();
                promised
            })
        })
        .collect();
    let mut promised = 0;
    for holder in holders {
        promised += holder.await.unwrap();
    }
    let [leased, reserved, spent, free] = figures(&registry, "brand").await;
    assert_eq!((leased, spent, reserved), (0, 0, 300 * promised));
    assert_eq!(reserved + free, BRAND);
    assert!(free >= 0 && promised > 0, "{free}");
    let [leased, reserved, _, free] = figures(&registry, "shelf").await;
    assert_eq!((leased, reserved, free), (0, promised, SHELF - promised));
}
