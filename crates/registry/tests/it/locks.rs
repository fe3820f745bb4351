//! Several at once.

use crate::backend::{Backend, id, new_run, scorecard, signed, version_of, with_versions};
use registry::{AliasError, CHAMPION, PromoteError, Registry, StartRunError, StoreError};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Sixteen tasks over four registries: within one of them they queue, between them the database decides.
pub(crate) async fn sixteen_at_once_get_sixteen_numbers_without_a_gap(backend: &Backend) {
    let mut registries = Vec::new();
    for _ in 0..4 {
        registries.push(backend.open().await);
    }
    let mut tasks = Vec::new();
    for n in 0..16 {
        let registry = registries[n % 4].clone();
        tasks.push(tokio::spawn(async move {
            let run = id(&format!("run-{n}"));
            registry
                .start_run(&new_run("baskets", run.as_str()))
                .await
                .unwrap();
            let card = scorecard(0.5, 0.1, 0.4);
            let artefact = run.as_str().as_bytes();
            let new = version_of("baskets", &run, artefact, &card);
            registry.register_version(&new).await.unwrap().number
        }));
    }
    let mut numbers = BTreeSet::new();
    for task in tasks {
        assert!(
            numbers.insert(task.await.unwrap()),
            "no number is given twice"
        );
    }
    assert_eq!(numbers, (1..=16).collect());
}

pub(crate) async fn of_two_promotions_at_once_exactly_one_wins(backend: &Backend) {
    let (one, two) = (backend.open().await, backend.open().await);
    with_versions(&one, 3).await;
    one.promote("baskets", 1, None, signed("launch"))
        .await
        .unwrap();
    // Both have seen champion 1; twenty rounds, so that each gets a chance to be in the middle of the other.
    for round in 0..20_u32 {
        let current = one
            .alias("baskets", CHAMPION)
            .await
            .unwrap()
            .unwrap()
            .version;
        let others: Vec<u32> = (1..=3).filter(|version| *version != current).collect();
        let promote = |registry: &Registry, version| {
            let registry = registry.clone();
            tokio::spawn(async move {
                registry
                    .promote("baskets", version, Some(current), signed("retrained"))
                    .await
            })
        };
        let (a, b) = (promote(&one, others[0]), promote(&two, others[1]));
        let (a, b) = (a.await.unwrap(), b.await.unwrap());
        let (winner, loser) = match (a, b) {
            (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
            (a, b) => panic!("expected exactly one winner, found {a:?} and {b:?}"),
        };
        assert!(
            matches!(loser, PromoteError::Alias(AliasError::Moved { found: Some(v), .. }) if v == winner.to)
        );
        let champion = two.alias("baskets", CHAMPION).await.unwrap().unwrap();
        assert_eq!(champion.version, winner.to);
        assert_eq!(one.alias_stamp().await.unwrap(), i64::from(round) + 2);
    }
}

const SHORT_WAIT: Duration = Duration::from_millis(300);

pub(crate) async fn a_registry_locked_by_another_is_an_error_in_time(backend: &Backend) {
    backend.open().await.close().await;
    let lock = backend.lock().await;
    // It opens all the same, for what is there can be read.
    let registry = Registry::open_waiting(&backend.url, SHORT_WAIT)
        .await
        .unwrap();
    assert_eq!(registry.runs("baskets", 10).await.unwrap(), []);

    let since = Instant::now();
    let refused = registry
        .start_run(&new_run("baskets", "r1"))
        .await
        .unwrap_err();
    let waited = since.elapsed();
    assert!(
        matches!(
            refused,
            StartRunError::Store(StoreError::Locked { waited_ms: 300, .. })
        ),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(
        text.contains(registry.name()) && text.contains("is locked by another process"),
        "{text}"
    );
    // It waited, and not for ever: ten times the wait leaves room for a busy machine only.
    assert!(
        waited >= SHORT_WAIT - Duration::from_millis(50) && waited < SHORT_WAIT * 10,
        "{waited:?}"
    );

    drop(lock);
    let since = Instant::now();
    while registry.start_run(&new_run("baskets", "r1")).await.is_err() {
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "the lock is free and nobody gets it"
        );
    }
}

pub(crate) async fn readers_do_not_wait_for_a_writer(backend: &Backend) {
    let registry = backend.open().await;
    with_versions(&registry, 1).await;
    let _lock = backend.lock().await;
    let since = Instant::now();
    assert_eq!(registry.versions("baskets").await.unwrap().len(), 1);
    registry.artefact("baskets", 1).await.unwrap();
    registry.alias_stamp().await.unwrap();
    // A reader that waited for the lock would take all of the five seconds.
    assert!(since.elapsed() < Duration::from_secs(4));
}
