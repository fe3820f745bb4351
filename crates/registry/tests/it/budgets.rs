//! Budgets, leases, reservations and redemptions, whatever database they lie in.

use crate::backend::{Backend, at};
use jiff::{SignedDuration, Timestamp};
use registry::{
    BudgetRecord, ConfirmError, LeaseAsked, LeaseError, NewReservation, OpenBudgetError, Registry,
    ReleaseError, ReserveError,
};
use schema::{Cents, DecisionId};

const NOON: &str = "2026-11-28T12:00:00Z";

fn asked(id: &str, known: i64) -> LeaseAsked<'_> {
    LeaseAsked {
        id,
        product: "offers",
        period: "2026-11",
        holder: "machine/process",
        expires_days: 7,
        known: Cents(known),
        needed: Cents(500),
        few: Cents(2_000),
        many: Cents(50_000),
    }
}

fn promise(decision: &str, cents: i64) -> NewReservation {
    NewReservation {
        decision: DecisionId::new(decision).unwrap(),
        customer: Some("C1".to_owned()),
        arm: "deal".to_owned(),
        cents: Cents(cents),
        at: at(NOON),
    }
}

/// A budget of the amount given, opened.
async fn opened(backend: &Backend, limit: i64) -> Registry {
    let registry = backend.open().await;
    let limit = Cents(limit);
    registry
        .open_budget("offers", "2026-11", limit)
        .await
        .unwrap();
    registry
}

async fn budget(registry: &Registry) -> BudgetRecord {
    registry.budgets().await.unwrap().remove(0)
}

/// Leased, reserved, spent, free.
async fn figures(registry: &Registry) -> [i64; 4] {
    let b = budget(registry).await;
    [
        b.leased_cents,
        b.reserved_cents,
        b.spent_cents,
        b.free_cents,
    ]
    .map(|c| c.0)
}

pub(crate) async fn a_budget_is_opened_and_resized_and_never_without_money(backend: &Backend) {
    let registry = opened(backend, 10_000).await;
    for wrong in [0, -5] {
        let refused = registry
            .open_budget("offers", "2026-11", Cents(wrong))
            .await;
        assert!(
            matches!(&refused, Err(OpenBudgetError::NoMoney { found, .. }) if found.0 == wrong)
        );
    }
    assert_eq!(budget(&registry).await.limit_cents, Cents(10_000));
    let now = at(NOON);
    assert_eq!(
        registry.lease(&asked("l1", 0), now).await.unwrap(),
        Cents(2_000)
    );
    registry
        .open_budget("offers", "2026-11", Cents(1_500))
        .await
        .unwrap();
    assert_eq!(figures(&registry).await, [2_000, 0, 0, -500]);
    let refused = registry.lease(&asked("l2", 0), now).await.unwrap_err();
    assert!(
        matches!(&refused, LeaseError::UsedUp { free, .. } if free.0 == -500),
        "{refused}"
    );
    let unknown = LeaseAsked {
        period: "2026-12",
        ..asked("l3", 0)
    };
    let refused = registry.lease(&unknown, now).await;
    assert!(matches!(refused, Err(LeaseError::NoBudget { .. })));
}

pub(crate) async fn a_lease_takes_a_hundredth_within_its_bounds_and_an_answer_lost_is_given_again(
    backend: &Backend,
) {
    let registry = opened(backend, 1_000_000).await;
    let now = at(NOON);
    assert_eq!(
        registry.lease(&asked("l1", 0), now).await.unwrap(),
        Cents(10_000)
    );
    // The holder did not hear of it, and asks again; then it asks for more.
    assert_eq!(
        registry.lease(&asked("l1", 0), now).await.unwrap(),
        Cents(10_000)
    );
    let more = registry.lease(&asked("l1", 10_000), now).await.unwrap();
    assert_eq!(more, Cents(19_900));
    assert_eq!(figures(&registry).await, [19_900, 0, 0, 980_100]);
    let many = LeaseAsked {
        few: Cents(5_000_000),
        many: Cents(6_000_000),
        ..asked("l2", 0)
    };
    assert_eq!(registry.lease(&many, now).await.unwrap(), Cents(980_100));
    let refused = registry.lease(&asked("l3", 0), now).await;
    assert!(matches!(
        refused,
        Err(LeaseError::UsedUp { free: Cents(0), .. })
    ));
}

pub(crate) async fn what_was_promised_is_reserved_once_and_the_rest_of_a_lease_is_freed(
    backend: &Backend,
) {
    let registry = opened(backend, 100_000).await;
    let now = at(NOON);
    registry.lease(&asked("l1", 0), now).await.unwrap();
    let two = [promise("d1", 500), promise("d2", 300)];
    registry.reserve("l1", &two, now).await.unwrap();
    assert_eq!(figures(&registry).await, [1_200, 800, 0, 98_000]);
    registry.reserve("l1", &two, now).await.unwrap();
    assert_eq!(figures(&registry).await, [1_200, 800, 0, 98_000]);
    // More than one statement takes at once, some of them known.
    let many: Vec<_> = (0..120).map(|n| promise(&format!("m{n}"), 5)).collect();
    registry.reserve("l1", &many, now).await.unwrap();
    let freed = registry.settle_lease("l1", &many, now).await.unwrap();
    assert_eq!(freed, Cents(600));
    assert_eq!(figures(&registry).await, [0, 1_400, 0, 98_600]);
    assert!(registry.open_leases().await.unwrap().is_empty());
    assert_eq!(
        registry.settle_lease("l1", &[], now).await.unwrap(),
        Cents(0)
    );
    // What comes late was promised all the same.
    registry
        .reserve("l1", &[promise("late", 400)], now)
        .await
        .unwrap();
    assert_eq!(figures(&registry).await, [0, 1_800, 0, 98_200]);
    let closed = registry.lease(&asked("l1", 2_000), now).await;
    assert!(matches!(closed, Err(LeaseError::Closed { .. })));
    let unknown = registry.reserve("l9", &two, now).await;
    assert!(matches!(unknown, Err(ReserveError::Unknown { .. })));
}

pub(crate) async fn a_redemption_counts_once_frees_the_rest_and_loses_no_excess(backend: &Backend) {
    let registry = opened(backend, 100_000).await;
    let now = at(NOON);
    registry.lease(&asked("l1", 0), now).await.unwrap();
    let promised = [promise("d1", 500), promise("d2", 500), promise("d3", 500)];
    registry.settle_lease("l1", &promised, now).await.unwrap();
    assert_eq!(figures(&registry).await, [0, 1_500, 0, 98_500]);

    let less = registry.confirm("k1", "d1", Cents(200), now).await.unwrap();
    assert_eq!(
        (less.freed_cents, less.excess_cents, less.repeated),
        (Cents(300), Cents(0), false)
    );
    let again = registry.confirm("k1", "d1", Cents(200), now).await.unwrap();
    assert_eq!((again.freed_cents, again.repeated), (Cents(300), true));
    assert_eq!(figures(&registry).await, [0, 1_000, 200, 98_800]);
    for (decision, cents) in [("d1", 201), ("d2", 200)] {
        let taken = registry.confirm("k1", decision, Cents(cents), now).await;
        assert!(matches!(taken, Err(ConfirmError::KeyTaken { .. })));
    }
    let more = registry.confirm("k2", "d2", Cents(700), now).await.unwrap();
    assert_eq!(
        (more.freed_cents, more.excess_cents),
        (Cents(0), Cents(200))
    );
    assert_eq!(figures(&registry).await, [0, 500, 900, 98_600]);
    // Once more by another till: given away, with nothing reserved for it.
    let twice = registry.confirm("k3", "d2", Cents(100), now).await.unwrap();
    assert_eq!(twice.excess_cents, Cents(100));
    assert_eq!(figures(&registry).await, [0, 500, 1_000, 98_500]);
    assert_eq!(budget(&registry).await.excess_cents, Cents(300));
    let none = registry.confirm("k4", "d3", Cents(0), now).await.unwrap();
    assert_eq!(none.freed_cents, Cents(500));
    let unknown = registry.confirm("k5", "d9", Cents(1), now).await;
    assert!(matches!(unknown, Err(ConfirmError::Unknown { .. })));
    let negative = registry.confirm("k6", "d3", Cents(-1), now).await;
    assert!(matches!(negative, Err(ConfirmError::Negative { .. })));
}

pub(crate) async fn what_is_not_redeemed_in_time_is_free_again_and_counts_when_it_is(
    backend: &Backend,
) {
    let registry = opened(backend, 100_000).await;
    let now = at(NOON);
    registry.lease(&asked("l1", 0), now).await.unwrap();
    let promised = [promise("d1", 500), promise("d2", 400)];
    registry.settle_lease("l1", &promised, now).await.unwrap();
    registry.confirm("k1", "d2", Cents(400), now).await.unwrap();
    let days = |n: i64| now + SignedDuration::from_hours(24 * n);
    let early: Timestamp = days(7) - SignedDuration::from_micros(1);
    assert_eq!(registry.expire(early).await.unwrap().reservations, 0);
    let expired = registry.expire(days(7)).await.unwrap();
    assert_eq!((expired.reservations, expired.cents), (1, Cents(500)));
    assert_eq!(registry.expire(days(8)).await.unwrap().reservations, 0);
    assert_eq!(figures(&registry).await, [0, 0, 400, 99_600]);
    assert_eq!(budget(&registry).await.expired_cents, Cents(500));
    let late = registry
        .confirm("k2", "d1", Cents(450), days(9))
        .await
        .unwrap();
    assert_eq!(
        (late.freed_cents, late.excess_cents),
        (Cents(0), Cents(450))
    );
    assert_eq!(figures(&registry).await, [0, 0, 850, 99_150]);
    assert_eq!(budget(&registry).await.expired_cents, Cents(0));
}

pub(crate) async fn a_lease_is_released_by_hand_only_once_its_holder_is_silent(backend: &Backend) {
    let registry = opened(backend, 100_000).await;
    let minutes = |n: i64| at(NOON) + SignedDuration::from_mins(n);
    registry.lease(&asked("l1", 0), minutes(0)).await.unwrap();
    registry
        .reserve("l1", &[promise("d1", 500)], minutes(1))
        .await
        .unwrap();
    assert_eq!(
        registry
            .renew_leases("machine/process", minutes(2))
            .await
            .unwrap(),
        ["l1"]
    );
    assert!(
        registry
            .renew_leases("other", minutes(3))
            .await
            .unwrap()
            .is_empty()
    );
    let silent = SignedDuration::from_mins(10);
    let alive = registry
        .release_lease("l1", silent, minutes(11))
        .await
        .unwrap_err();
    assert!(
        matches!(&alive, ReleaseError::Alive { minutes: 10, .. }),
        "{alive}"
    );
    let stranded = registry.open_leases().await.unwrap().remove(0);
    assert_eq!(
        (stranded.cents, stranded.left_cents),
        (Cents(2_000), Cents(1_500))
    );
    assert_eq!(
        registry
            .release_lease("l1", silent, minutes(12))
            .await
            .unwrap(),
        stranded
    );
    assert_eq!(figures(&registry).await, [0, 500, 0, 99_500]);
    let again = registry.release_lease("l1", silent, minutes(12)).await;
    assert!(matches!(again, Err(ReleaseError::Unknown { .. })));
    assert!(
        registry
            .renew_leases("machine/process", minutes(13))
            .await
            .unwrap()
            .is_empty()
    );
}

/// Sixteen holders, as threads of one process, two registries of their own: each leases, promises and redeems until
/// nothing is left.
pub(crate) async fn many_at_once_promise_the_whole_budget_and_no_cent_more(backend: &Backend) {
    const LIMIT: i64 = 40_000;
    let registry = opened(backend, LIMIT).await;
    let others = backend.open().await;
    let holders: Vec<_> = (0..16)
        .map(|holder| {
            let registry = if holder % 2 == 0 { &registry } else { &others }.clone();
            tokio::spawn(async move {
                let (mut known, mut used, mut promised) = (0, 0, 0);
                let id = format!("l{holder}");
                loop {
                    let asked = LeaseAsked {
                        needed: Cents(300),
                        few: Cents(900),
                        ..asked(&id, known)
                    };
                    match registry.lease(&asked, at(NOON)).await {
                        Ok(all) => known = all.0,
                        Err(LeaseError::UsedUp { .. }) => break,
                        Err(other) => panic!("{other}"),
                    }
                    while known - used >= 300 {
                        let decision = format!("d{holder}-{promised}");
                        let one = [promise(&decision, 300)];
                        registry.reserve(&id, &one, at(NOON)).await.unwrap();
                        if promised % 3 == 0 {
                            registry
                                .confirm(&decision, &decision, Cents(100), at(NOON))
                                .await
                                .unwrap();
                        }
                        (used, promised) = (used + 300, promised + 1);
                    }
                }
                if known > 0 {
                    registry.settle_lease(&id, &[], at(NOON)).await.unwrap();
                }
                promised
            })
        })
        .collect();
    let mut promised = 0;
    for holder in holders {
        promised += holder.await.unwrap();
    }
    let [leased, reserved, spent, free] = figures(&registry).await;
    assert_eq!(leased, 0);
    assert_eq!(reserved + spent + free, LIMIT);
    assert!(
        free >= 0 && reserved % 300 == 0 && spent % 100 == 0,
        "{reserved} {spent} {free}"
    );
    assert_eq!(
        reserved / 300 + spent / 100,
        promised,
        "each promise is in the ledger"
    );
    // What a holder could not use any more is free in the end, less than each of the sixteen needs.
    assert!(free < 16 * 300 + 900, "{free}");
}
