//! Incidents: opened once, closed once, told once.

use crate::backend::{Backend, at};
use jiff::{SignedDuration, Timestamp};
use registry::{About, IncidentRecord, NoteError, Noted, Registry, Signal};

const CALM: SignedDuration = SignedDuration::from_mins(60);

fn signal(cause: &str, product: Option<&str>, what: &str) -> Signal {
    Signal {
        cause: cause.to_owned(),
        product: product.map(str::to_owned),
        what: what.to_owned(),
        page: "/review".to_owned(),
    }
}

fn slow() -> Signal {
    signal("promise/for-you/latency_p99", Some("for-you"), "slow")
}

fn minute(minute: i64) -> Timestamp {
    at("2026-03-01T10:00:00Z") + SignedDuration::from_mins(minute)
}

async fn note(registry: &Registry, scope: &str, signals: &[Signal], now: Timestamp) -> Noted {
    let noted = registry.note_signals(&[scope], signals, CALM, now).await;
    noted.unwrap()
}

async fn all(registry: &Registry) -> Vec<IncidentRecord> {
    registry.incidents(Timestamp::UNIX_EPOCH).await.unwrap()
}

pub(crate) async fn an_incident_opens_once_is_seen_while_it_lasts_and_closes_once(
    backend: &Backend,
) {
    let registry = backend.open().await;
    let job = signal("job/nightly-import", None, "no disk\n  left");
    let noted = note(&registry, "job", std::slice::from_ref(&job), minute(0)).await;
    assert_eq!(noted.opened, [1]);
    let first = note(&registry, "promise/for-you", &[slow()], minute(1)).await;
    assert_eq!((first.opened, first.closed), (vec![2], vec![]));
    let once = all(&registry).await;
    // The answer was lost on the way: the same look again.
    let again = note(&registry, "promise/for-you", &[slow()], minute(1)).await;
    assert_eq!(again, Noted::default());
    assert_eq!(all(&registry).await, once);

    let worse = Signal {
        what: "slower".to_owned(),
        ..slow()
    };
    let seen = note(&registry, "promise", &[worse], minute(9)).await;
    assert_eq!(seen, Noted::default());
    let found = &all(&registry).await[0];
    assert_eq!((found.opened_at, found.seen_at), (minute(1), minute(9)));
    assert_eq!(
        (found.what.as_str(), found.products.as_slice()),
        ("slower", &["for-you".to_owned()][..])
    );

    // What was not looked at stays, and a product of which the name only begins alike was not looked at.
    assert_eq!(
        note(&registry, "promise/for", &[], minute(10)).await,
        Noted::default()
    );
    let closed = note(&registry, "promise/for-you", &[], minute(11)).await;
    assert_eq!(closed.closed, [2]);
    assert_eq!(
        note(&registry, "promise/for-you", &[], minute(12)).await,
        Noted::default()
    );
    let after = all(&registry).await;
    let told: Vec<_> = after.iter().map(|i| (i.id, i.closed_at)).collect();
    assert_eq!(
        told,
        [(1, None), (2, Some(minute(11)))],
        "the open ones first"
    );
    assert_eq!(after[0].what, "no disk left");
    assert_eq!(
        registry
            .latest_incident("for-you")
            .await
            .unwrap()
            .unwrap()
            .id,
        2
    );
    assert_eq!(registry.latest_incident("value").await.unwrap(), None);
    assert_eq!(registry.incidents(minute(12)).await.unwrap().len(), 1);
}

pub(crate) async fn signals_of_one_cause_are_one_incident_of_all_products(backend: &Backend) {
    let registry = backend.open().await;
    let names = ["value", "for-you", "segments"];
    let old = names.map(|name| signal("data_age", Some(name), "no sales for 9 days"));
    let noted = note(&registry, "data_age", &old, minute(0)).await;
    assert_eq!(noted.opened, [1]);
    assert_eq!(
        all(&registry).await[0].products,
        ["for-you", "segments", "value"]
    );
    // Of some the age is not promised any more.
    note(&registry, "data_age", &old[..1], minute(1)).await;
    let found = all(&registry).await;
    assert_eq!((found.len(), found[0].products.len()), (1, 1));
}

pub(crate) async fn what_shows_again_soon_is_the_same_incident(backend: &Backend) {
    let registry = backend.open().await;
    let scope = "promise/for-you";
    for (now, shows, expected) in [
        (0, true, (vec![1], vec![], vec![])),
        (5, false, (vec![], vec![], vec![1])),
        (64, true, (vec![], vec![1], vec![])),
        (70, false, (vec![], vec![], vec![1])),
        // An hour of calm is over: this is another one.
        (130, true, (vec![2], vec![], vec![])),
        // A look that was slow to be noted knows nothing newer.
        (129, false, (vec![], vec![], vec![])),
        (140, false, (vec![], vec![], vec![2])),
        (139, true, (vec![], vec![], vec![])),
    ] {
        let signals = if shows { vec![slow()] } else { vec![] };
        let noted = note(&registry, scope, &signals, minute(now)).await;
        assert_eq!(
            (noted.opened, noted.reopened, noted.closed),
            expected,
            "minute {now}"
        );
    }
    let found = all(&registry).await;
    assert_eq!(
        (found[1].opened_at, found[1].closed_at),
        (minute(0), Some(minute(70)))
    );
}

pub(crate) async fn a_signal_outside_of_what_was_looked_at_is_refused(backend: &Backend) {
    let registry = backend.open().await;
    let other = signal("run/value", Some("value"), "failed");
    let refused = registry
        .note_signals(&["promise", "data_age"], &[slow(), other], CALM, minute(0))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, NoteError::OutOfScope { .. }),
        "{refused:?}"
    );
    assert_eq!(
        refused.to_string(),
        "note the incident `run/value`: found it outside of what was looked at, expected one of promise, data_age"
    );
    assert_eq!(all(&registry).await, [], "nothing of it is noted");
}

pub(crate) async fn of_many_that_would_tell_at_once_one_does(backend: &Backend) {
    let registry = backend.open().await;
    note(&registry, "promise", &[slow()], minute(0)).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let url = backend.url.clone();
            tokio::spawn(async move {
                let registry = Registry::open(&url).await.unwrap();
                let message = (1, "team-chat", About::Opened);
                let claim = registry.claim_message(message, None, minute(1), minute(6));
                claim.await.unwrap()
            })
        })
        .collect();
    let mut claims = Vec::new();
    for task in tasks {
        claims.extend(task.await.unwrap());
    }
    assert_eq!(claims.len(), 1);
    registry.message_told(&claims[0], minute(2)).await.unwrap();
    let message = (1, "team-chat", About::Opened);
    let again = registry.claim_message(message, None, minute(60), minute(65));
    assert_eq!(again.await.unwrap(), None, "it has arrived");
    let other = registry.claim_message((1, "mail", About::Opened), None, minute(60), minute(65));
    assert!(other.await.unwrap().is_some(), "others are told too");
}

pub(crate) async fn a_message_that_did_not_arrive_is_sent_again_and_none_is_lost(
    backend: &Backend,
) {
    let registry = backend.open().await;
    note(&registry, "promise", &[slow()], minute(0)).await;
    let claim = async |now: i64| {
        let message = (1, "mail", About::Opened);
        let claim = registry.claim_message(message, None, minute(now), minute(now + 5));
        claim.await.unwrap()
    };
    let first = claim(0).await.unwrap();
    assert_eq!(claim(4).await, None, "somebody is at it");
    // The first sender has died; its right ends.
    let second = claim(5).await.unwrap();
    assert_eq!((first.attempt, second.attempt), (1, 2));
    // It lives after all: what it says is of an attempt that is past.
    registry
        .message_failed(&first, "too late", minute(500))
        .await
        .unwrap();
    registry
        .message_failed(&second, "the server\nanswered 500", minute(8))
        .await
        .unwrap();
    let told = all(&registry).await;
    let told = told[0].message("mail", About::Opened).unwrap();
    assert_eq!(told.error.as_deref(), Some("the server answered 500"));
    assert_eq!(
        (told.attempts, told.not_before, told.told_at),
        (2, minute(8), None)
    );
    assert_eq!(claim(7).await, None, "it failed a short while ago");
    let third = claim(8).await.unwrap();
    registry.message_told(&third, minute(9)).await.unwrap();
    let told = all(&registry).await;
    let told = told[0].message("mail", About::Opened).unwrap();
    assert_eq!((told.told_at, &told.error), (Some(minute(9)), &None));
}

pub(crate) async fn a_message_held_back_is_kept_and_one_of_what_has_changed_is_not_sent(
    backend: &Backend,
) {
    let registry = backend.open().await;
    note(&registry, "promise", &[slow()], minute(0)).await;
    registry.hold_message(1, "mail", minute(90)).await.unwrap();
    let held = all(&registry).await;
    let held = held[0].message("mail", About::Opened).unwrap();
    assert_eq!((held.attempts, held.not_before), (0, minute(90)));
    note(&registry, "promise", &[], minute(30)).await;
    let message = (1, "mail", About::Opened);
    let stale = registry.claim_message(message, None, minute(40), minute(45));
    assert_eq!(stale.await.unwrap(), None, "it is over");
    let message = (1, "mail", About::Closed);
    let closed = registry.claim_message(message, Some(minute(30)), minute(95), minute(99));
    assert_eq!(closed.await.unwrap().unwrap().attempt, 1);
    // Held back again after it was tried: what is known of the attempt stays.
    registry.hold_message(1, "mail", minute(91)).await.unwrap();
    let unknown = registry.claim_message((9, "mail", About::Opened), None, minute(1), minute(2));
    assert_eq!(unknown.await.unwrap(), None);
}
