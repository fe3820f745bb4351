//! What a registry promises, whatever database it lies in.

use crate::backend::{
    Backend, COST, at, id, new_run, register, scorecard, signed, version_of, with_versions,
};
use jiff::SignedDuration;
use registry::{
    AliasError, CHAMPION, Cause, CreateKeyError, EndRunError, Outcome, PromoteError, RegisterError,
    RevokeKeyError, RollbackError, RunStatus, Signature, StartRunError, TableVersion,
    VerifyKeyError,
};
use serde_json::json;
use std::collections::BTreeSet;

pub(crate) async fn a_run_comes_back_as_it_was_noted(backend: &Backend) {
    let registry = backend.open().await;
    let started = new_run("baskets", "r1");
    registry.start_run(&started).await.unwrap();
    let running = registry.run(&id("r1")).await.unwrap().unwrap();
    assert_eq!(running.status, RunStatus::Running);
    assert_eq!(
        (running.scorecard, running.cost, running.version),
        (None, None, None)
    );

    // A figure that a careless round trip through text would change in its last bit.
    let card = json!({"recall@20": 0.122_341_095_423_874_39, "note": "é \u{0} \"quoted\""});
    registry
        .finish_run(&id("r1"), &Outcome::Done, &card, COST)
        .await
        .unwrap();
    drop(registry);
    let done = backend.open().await.run(&id("r1")).await.unwrap().unwrap();
    assert_eq!(done.status, RunStatus::Done);
    assert_eq!(done.seed, started.seed);
    assert_eq!(done.as_of, started.as_of);
    assert_eq!(done.started_at, started.started_at);
    assert_eq!((done.product, done.kind), (started.product, started.kind));
    assert_eq!(done.config_fingerprint, started.config_fingerprint);
    let table = |table: &str, version| TableVersion {
        table: table.to_owned(),
        version,
    };
    assert_eq!(
        done.inputs,
        [table("customers", 0), table("orders", 42)],
        "by name"
    );
    assert_eq!(done.scorecard, Some(card));
    assert_eq!(done.cost, Some(COST));
}

pub(crate) async fn a_run_starts_once_and_ends_once(backend: &Backend) {
    let registry = backend.open().await;
    let run = new_run("baskets", "r1");
    registry.start_run(&run).await.unwrap();
    assert!(matches!(
        registry.start_run(&run).await,
        Err(StartRunError::Known { .. })
    ));

    registry
        .fail_run(&id("r1"), "no disk\0 left", COST)
        .await
        .unwrap();
    let again = registry
        .finish_run(&id("r1"), &Outcome::Done, &json!({}), COST)
        .await
        .unwrap_err();
    assert_eq!(
        again.to_string(),
        "end run r1: found it failed already, only a running one can end"
    );
    let failed = registry.run(&id("r1")).await.unwrap().unwrap();
    assert_eq!(
        failed.status,
        RunStatus::Failed {
            reason: "no disk\u{FFFD} left".to_owned()
        }
    );
    assert_eq!(failed.scorecard, None);

    let unknown = registry.fail_run(&id("r2"), "?", COST).await;
    assert!(matches!(unknown, Err(EndRunError::Unknown { .. })));
    let mut twice = new_run("baskets", "r3");
    twice.inputs.push(TableVersion {
        table: "orders".to_owned(),
        version: 43,
    });
    let refused = registry.start_run(&twice).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("table `orders` is named twice"),
        "{refused}"
    );
    assert_eq!(
        registry.run(&id("r3")).await.unwrap(),
        None,
        "nothing of it is left"
    );
}

pub(crate) async fn runs_are_listed_newest_first(backend: &Backend) {
    let registry = backend.open().await;
    for name in ["z", "a", "m"] {
        registry.start_run(&new_run("baskets", name)).await.unwrap();
        registry
            .start_run(&new_run("other", &format!("other-{name}")))
            .await
            .unwrap();
    }
    let runs = registry.runs("baskets", 2).await.unwrap();
    assert_eq!(
        runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(),
        ["m", "a"]
    );
    assert!(
        runs.iter()
            .all(|run| run.inputs.len() == 2 && run.product == "baskets")
    );
    assert_eq!(registry.runs("unheard of", 10).await.unwrap(), []);
}

pub(crate) async fn a_silent_run_is_recovered_and_can_register_nothing(backend: &Backend) {
    let registry = backend.open().await;
    for name in ["dead", "long", "done"] {
        registry.start_run(&new_run("baskets", name)).await.unwrap();
    }
    registry
        .finish_run(&id("done"), &Outcome::Done, &json!({}), COST)
        .await
        .unwrap();
    // All started at 08:00; the long one gives a sign of life at 11:55.
    registry
        .still_running(&id("long"), at("2026-03-01T11:55:00Z"))
        .await
        .unwrap();
    let (now, silent_for) = (at("2026-03-01T12:00:00Z"), SignedDuration::from_mins(10));
    let recover = tokio::spawn({
        let registry = registry.clone();
        async move { registry.recover(now, silent_for).await }
    });
    assert_eq!(recover.await.unwrap().unwrap(), [id("dead")]);
    let dead = registry.run(&id("dead")).await.unwrap().unwrap();
    let reason = "interrupted: no sign of life since 2026-03-01T08:00:00.123456Z".to_owned();
    assert_eq!(dead.status, RunStatus::Failed { reason });
    assert_eq!(dead.cost, None, "what it used is not known, and not zero");
    assert_eq!(
        registry.run(&id("long")).await.unwrap().unwrap().status,
        RunStatus::Running
    );

    // It was not dead after all: it learns that it has been given up, and cannot go behind its successor.
    let sign = registry.still_running(&id("dead"), now).await;
    assert!(matches!(
        sign,
        Err(EndRunError::Ended {
            found: "failed",
            ..
        })
    ));
    let (run, card) = (id("dead"), scorecard(0.5, 0.1, 0.4));
    let late = version_of("baskets", &run, b"late", &card);
    assert!(matches!(
        registry.register_version(&late).await,
        Err(RegisterError::RunEnded { .. })
    ));
    assert_eq!(registry.recover(now, silent_for).await.unwrap(), [], "once");
}

pub(crate) async fn an_artefact_comes_back_byte_for_byte_and_is_stored_once(backend: &Backend) {
    let registry = backend.open().await;
    // Every byte value, and larger than any page or message buffer.
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    let card = scorecard(0.5, 0.1, 0.4);
    let one = register(&registry, "baskets", "r1", &bytes, &card).await;
    let two = register(&registry, "baskets", "r2", &bytes, &card).await;
    let other = register(&registry, "prices", "r3", b"other", &card).await;
    assert_eq!(
        (one.number, two.number, other.number),
        (1, 2, 1),
        "numbered per product"
    );
    assert_eq!(one.artefact_sha256, two.artefact_sha256);
    assert_eq!(one.artefact_bytes, 3_000_000);

    let artefact = backend.open().await.artefact("baskets", 2).await.unwrap();
    assert!(artefact.bytes == bytes);
    assert_eq!(
        (artefact.kind.as_str(), artefact.format_version),
        ("recommend", 3)
    );
    assert_eq!(
        registry.versions("baskets").await.unwrap(),
        [two.clone(), one]
    );
    assert_eq!(registry.version("baskets", 2).await.unwrap(), Some(two));
    assert_eq!(registry.version("baskets", 3).await.unwrap(), None);
    assert_eq!(
        registry.run(&id("r2")).await.unwrap().unwrap().version,
        Some(2)
    );
    // Stored once: without the one row, neither version has an artefact.
    backend
        .behind_its_back(
            "CREATE TABLE counted AS SELECT 1 AS one FROM artefacts WHERE size_bytes = 3000000; \
             CREATE UNIQUE INDEX only_one ON counted (one)",
        )
        .await;
}

pub(crate) async fn a_version_needs_a_living_run_of_its_product(backend: &Backend) {
    let registry = backend.open().await;
    let card = scorecard(0.5, 0.1, 0.4);
    let run = id("r1");
    let new = version_of("baskets", &run, b"model", &card);
    assert!(matches!(
        registry.register_version(&new).await,
        Err(RegisterError::UnknownRun { .. })
    ));
    registry.start_run(&new_run("prices", "r1")).await.unwrap();
    let other = registry.register_version(&new).await.unwrap_err();
    assert_eq!(
        other.to_string(),
        "register a version of `baskets`: run r1 is one of `prices`"
    );
    let new = version_of("prices", &run, b"model", &card);
    registry.register_version(&new).await.unwrap();
    let twice = registry.register_version(&new).await;
    assert!(matches!(
        twice,
        Err(RegisterError::Registered { found: 1, .. })
    ));
    let refused = Outcome::Refused {
        reason: "worse than the champion".to_owned(),
    };
    registry
        .finish_run(&run, &refused, &card, COST)
        .await
        .unwrap();
    let ended = registry.run(&run).await.unwrap().unwrap();
    assert_eq!(
        ended.status,
        RunStatus::Refused {
            reason: "worse than the champion".to_owned()
        }
    );
    assert_eq!((ended.scorecard, ended.version), (Some(card), Some(1)));
}

pub(crate) async fn an_empty_artefact_is_refused(backend: &Backend) {
    let registry = backend.open().await;
    registry.start_run(&new_run("baskets", "r1")).await.unwrap();
    let (run, card) = (id("r1"), scorecard(0.5, 0.1, 0.4));
    let empty = registry
        .register_version(&version_of("baskets", &run, b"", &card))
        .await;
    assert!(matches!(empty, Err(RegisterError::Size { found: 0, .. })));
    assert_eq!(registry.versions("baskets").await.unwrap(), []);
}

pub(crate) async fn every_move_of_an_alias_is_in_the_audit(backend: &Backend) {
    let registry = backend.open().await;
    assert_eq!(registry.alias_stamp().await.unwrap(), 0);
    with_versions(&registry, 2).await;
    let first = registry
        .set_alias("baskets", CHAMPION, 1, None, signed("launch"))
        .await
        .unwrap();
    let second = registry
        .set_alias("baskets", CHAMPION, 2, Some(1), signed("fresher"))
        .await
        .unwrap();
    registry
        .set_alias("baskets", "challenger", 1, None, signed("compare"))
        .await
        .unwrap();

    let reopened = backend.open().await;
    let history = reopened.alias_history("baskets", CHAMPION).await.unwrap();
    assert_eq!(history, [first, second]);
    let last = &history[1];
    assert_eq!(
        (last.id, last.from, last.to, last.cause),
        (2, Some(1), 2, Cause::Chosen)
    );
    assert_eq!(
        (last.who.as_str(), last.why.as_str()),
        ("data team", "fresher")
    );
    assert_eq!(last.at, signed("").at);
    let champion = reopened.alias("baskets", CHAMPION).await.unwrap().unwrap();
    assert_eq!((champion.version, champion.since), (2, signed("").at));
    let all = reopened.aliases().await.unwrap();
    let names: Vec<_> = all
        .iter()
        .map(|alias| (alias.alias.as_str(), alias.version))
        .collect();
    assert_eq!(names, [("challenger", 1), (CHAMPION, 2)]);
    assert_eq!(reopened.alias_stamp().await.unwrap(), 3);
    assert_eq!(reopened.alias("prices", CHAMPION).await.unwrap(), None);
}

pub(crate) async fn an_alias_moves_only_as_it_should(backend: &Backend) {
    let registry = backend.open().await;
    with_versions(&registry, 2).await;
    let unknown = registry
        .set_alias("baskets", CHAMPION, 3, None, signed("x"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            unknown,
            AliasError::UnknownVersion {
                version: 3,
                found: 2,
                ..
            }
        ),
        "{unknown}"
    );
    let zero = registry
        .set_alias("baskets", CHAMPION, 0, None, signed("x"))
        .await;
    assert!(matches!(zero, Err(AliasError::UnknownVersion { .. })));
    let name = registry
        .set_alias("baskets", "1", 1, None, signed("x"))
        .await;
    assert!(matches!(name, Err(AliasError::Name { .. })));
    let unsigned = Signature {
        who: " ",
        ..signed("x")
    };
    let unsigned = registry
        .set_alias("baskets", CHAMPION, 1, None, unsigned)
        .await;
    assert!(matches!(
        unsigned,
        Err(AliasError::Unsigned { missing: "who", .. })
    ));
    let unsigned = registry
        .set_alias("baskets", CHAMPION, 1, None, signed(""))
        .await;
    assert!(matches!(
        unsigned,
        Err(AliasError::Unsigned { missing: "why", .. })
    ));

    registry
        .set_alias("baskets", CHAMPION, 1, None, signed("launch"))
        .await
        .unwrap();
    let stale = registry
        .set_alias("baskets", CHAMPION, 2, None, signed("x"))
        .await
        .unwrap_err();
    assert_eq!(
        stale.to_string(),
        "move alias `champion` of `baskets`: found it at version 1, expected no version: \
         somebody moved it meanwhile, look again"
    );
    let there = registry
        .set_alias("baskets", CHAMPION, 1, Some(1), signed("x"))
        .await;
    assert!(matches!(
        there,
        Err(AliasError::AlreadyThere { version: 1, .. })
    ));
    assert_eq!(
        registry.alias_stamp().await.unwrap(),
        1,
        "what was refused left no trace"
    );
}

pub(crate) async fn rollback_goes_back_step_by_step(backend: &Backend) {
    let registry = backend.open().await;
    with_versions(&registry, 3).await;
    let nothing = registry.rollback("baskets", CHAMPION, 1, signed("x")).await;
    assert!(matches!(
        nothing,
        Err(RollbackError::NothingBefore { found: None, .. })
    ));
    for (to, from) in [(1, None), (2, Some(1)), (3, Some(2))] {
        registry
            .set_alias("baskets", CHAMPION, to, from, signed("new"))
            .await
            .unwrap();
    }
    let back = registry
        .rollback("baskets", CHAMPION, 3, signed("complaints"))
        .await
        .unwrap();
    assert_eq!(
        (back.from, back.to, back.cause),
        (Some(3), 2, Cause::RolledBack)
    );
    // A second person who saw 3 too and is a moment late does not take it back twice.
    let late = registry
        .rollback("baskets", CHAMPION, 3, signed("complaints"))
        .await;
    assert!(matches!(
        late,
        Err(RollbackError::Alias(AliasError::Moved {
            found: Some(2),
            expected: Some(3),
            ..
        }))
    ));
    let back = registry
        .rollback("baskets", CHAMPION, 2, signed("still"))
        .await
        .unwrap();
    assert_eq!(back.to, 1, "never forward to 3");
    let end = registry
        .rollback("baskets", CHAMPION, 1, signed("still"))
        .await;
    assert!(matches!(
        end,
        Err(RollbackError::NothingBefore { found: Some(1), .. })
    ));
    assert_eq!(
        registry
            .alias_history("baskets", CHAMPION)
            .await
            .unwrap()
            .len(),
        5
    );
}

pub(crate) async fn promotion_needs_the_gate(backend: &Backend) {
    let registry = backend.open().await;
    let cards = [
        (1, scorecard(0.39, 0.02, 0.40)), // below its baseline
        (2, scorecard(0.50, 0.02, 0.40)), // sound
        (3, scorecard(0.45, 0.02, 0.40)), // worse than 2 beyond its noise: 0.47 < 0.50
        (4, scorecard(0.49, 0.02, 0.40)), // worse than 2 within its noise: 0.51 > 0.50
        (5, json!({"recall": 0.9})),      // no scorecard
    ];
    for (n, card) in &cards {
        register(&registry, "baskets", &format!("r{n}"), &[*n], card).await;
    }
    let nightly = signed("nightly retraining");
    let below = registry
        .promote("baskets", 1, None, nightly)
        .await
        .unwrap_err();
    assert!(
        matches!(below, PromoteError::GateClosed { version: 1, .. }),
        "{below}"
    );
    assert!(
        below.to_string().contains("does not beat the baseline"),
        "{below}"
    );
    assert_eq!(registry.alias("baskets", CHAMPION).await.unwrap(), None);

    let done = registry.promote("baskets", 2, None, nightly).await.unwrap();
    assert_eq!((done.to, done.cause), (2, Cause::Promoted));
    assert!(
        done.why.starts_with("nightly retraining: recall@20 0.5000"),
        "{}",
        done.why
    );
    let worse = registry
        .promote("baskets", 3, Some(2), nightly)
        .await
        .unwrap_err();
    assert!(worse.to_string().contains("beyond its noise"), "{worse}");
    let unread = registry.promote("baskets", 5, Some(2), nightly).await;
    assert!(matches!(unread, Err(PromoteError::Scorecard { of: 5, .. })));
    let stale = registry.promote("baskets", 4, None, nightly).await;
    assert!(matches!(
        stale,
        Err(PromoteError::Alias(AliasError::Moved { .. }))
    ));
    let unknown = registry.promote("baskets", 6, Some(2), nightly).await;
    assert!(matches!(
        unknown,
        Err(PromoteError::Alias(AliasError::UnknownVersion { .. }))
    ));
    registry
        .promote("baskets", 4, Some(2), nightly)
        .await
        .unwrap();
    assert_eq!(
        registry
            .alias_history("baskets", CHAMPION)
            .await
            .unwrap()
            .len(),
        2
    );
}

fn scopes(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(crate) async fn a_key_opens_until_it_is_revoked(backend: &Backend) {
    let registry = backend.open().await;
    let now = at("2026-03-01T09:00:00Z");
    let scopes = scopes(&["decide", "read"]);
    let key = registry
        .create_key("web shop", &scopes, [7; 32], now)
        .await
        .unwrap();
    // 32 bytes of 7 in base64, RFC 4648 section 5.
    assert_eq!(
        key.plaintext,
        "ck_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"
    );
    assert!(!format!("{key:?}").contains("BwcH"), "a log never shows it");

    let reopened = backend.open().await;
    let verified = reopened.verify_key(&key.plaintext).await.unwrap();
    assert_eq!(verified, key.record);
    assert_eq!((verified.id, verified.scopes), (1, scopes));
    reopened.revoke_key(1, now).await.unwrap();
    let revoked = registry.verify_key(&key.plaintext).await.unwrap_err();
    assert!(matches!(revoked, VerifyKeyError::Revoked { id: 1, since } if since == now));
    assert_eq!(registry.keys().await.unwrap()[0].revoked_at, Some(now));
    let again = registry.revoke_key(1, now).await;
    assert!(matches!(again, Err(RevokeKeyError::Revoked { .. })));
    assert!(matches!(
        registry.revoke_key(2, now).await,
        Err(RevokeKeyError::Unknown { id: 2 })
    ));
}

pub(crate) async fn a_key_is_refused_with_the_reason(backend: &Backend) {
    let registry = backend.open().await;
    let now = at("2026-03-01T09:00:00Z");
    let decide = scopes(&["decide"]);
    let key = registry
        .create_key("web shop", &decide, [7; 32], now)
        .await
        .unwrap();
    let taken = registry.create_key("web shop", &decide, [8; 32], now).await;
    assert!(matches!(
        taken,
        Err(CreateKeyError::NameTaken { id: 1, .. })
    ));
    let reused = registry.create_key("till", &decide, [7; 32], now).await;
    assert!(matches!(
        reused,
        Err(CreateKeyError::SecretUsed { id: 1, .. })
    ));
    let idle = registry
        .create_key("till", &BTreeSet::new(), [9; 32], now)
        .await;
    assert!(matches!(idle, Err(CreateKeyError::NoScope { .. })));
    let nameless = registry.create_key(" ", &decide, [9; 32], now).await;
    assert!(matches!(nameless, Err(CreateKeyError::Name { .. })));
    assert_eq!(registry.keys().await.unwrap().len(), 1);
    // A name is free again once its key is revoked: that is how a key is changed.
    registry.revoke_key(1, now).await.unwrap();
    registry
        .create_key("web shop", &decide, [8; 32], now)
        .await
        .unwrap();

    let mut wrong = key.plaintext.clone();
    wrong.replace_range(3..4, "C");
    assert!(matches!(
        registry.verify_key(&wrong).await,
        Err(VerifyKeyError::Unknown)
    ));
    for text in [
        "",
        "ck_",
        "sk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
        &"ck_é".repeat(9),
    ] {
        let refused = registry.verify_key(text).await;
        assert!(
            matches!(refused, Err(VerifyKeyError::Malformed { .. })),
            "{text}"
        );
    }
}
