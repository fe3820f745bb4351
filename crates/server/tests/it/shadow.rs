//! A challenger answers the same questions unseen; then it answers the shop, or is taken back.

use crate::house::{customers, decide};
use crate::served::{Served, ask, edit, get, serving, train, trained, within};
use crate::versions::register_newer;
use factory::review::{Shadow, Verdict};
use factory::{CHAMPION, Workshop};
use jiff::{SignedDuration, Timestamp};
use lake::log::{
    Answer, DecisionRecord, Drain, DrainOptions, LogRecord, ShadowOutcome, ShadowRecord, Wal,
    WalOptions,
};
use registry::{CHALLENGER, Signature};
use schema::{CustomerId, DecisionId, Json, Probability};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NAME: &str = "for-you";

/// A project whose recommendations ask for an hour in the shadow and 20 answers, with one version that answers.
fn with_shadow() -> TempDir {
    let folder = trained();
    edit(
        folder.path(),
        "products/for-you.toml",
        "[settings]",
        "[retraining]\nshadow_hours = 1\nshadow_answers_min = 20\n\n[settings]",
    );
    folder
}

async fn version(workshop: &Workshop, alias: &str) -> Option<u32> {
    let found = workshop.registry.alias(NAME, alias).await.unwrap();
    found.map(|found| found.version)
}

async fn shadow(workshop: &Workshop, now: Timestamp) -> Option<Shadow> {
    let product = workshop.project.product(NAME).unwrap();
    workshop.shadow(product.as_ref(), now).await.unwrap()
}

/// A counter of the server.
fn counted(served: &Served, name: &str) -> f64 {
    let told = get(served.address, "/metrics", &[]).body;
    let of = format!("{name}{{product=\"{NAME}\"}} ");
    let line = told.lines().find_map(|line| line.strip_prefix(&of));
    line.unwrap_or_else(|| panic!("no {of} in {told}"))
        .parse()
        .unwrap()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn in_an_hour() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(61)
}

#[test]
fn a_version_answers_unseen_for_its_hours_before_it_answers_the_shop() {
    let served = serving(with_shadow());
    let asked = |customer: &str| json!({ "customer_id": customer, "placement": "for_you" });
    let visitors: Vec<String> = customers(&served).into_iter().take(25).collect();
    let first = decide(&served, NAME, &asked(&visitors[0]));
    assert_eq!(first["version"], 1);
    assert_eq!(counted(&served, "comptoir_shadow_answers_total"), 0.0);

    within(served.folder(), async |workshop| {
        train(workshop, &Timestamp::now().to_string()).await;
        assert_eq!(version(workshop, CHAMPION).await, Some(1));
        assert_eq!(version(workshop, CHALLENGER).await, Some(2));
    });
    // The server has looked once its challenger answers.
    let mut next = visitors.iter().cycle();
    wait_until("the challenger answers", || {
        decide(&served, NAME, &asked(next.next().unwrap()));
        counted(&served, "comptoir_shadow_answers_total") > 0.0
    });
    let held_out = |answer: &serde_json::Value| answer["holdout"] == true;
    let mut shown = 0;
    for visitor in visitors.iter().cycle().take(40) {
        let answer = decide(&served, NAME, &asked(visitor));
        assert_eq!(answer["version"], 1, "nobody sees the challenger");
        shown += u32::from(!held_out(&answer));
    }
    wait_until("all is answered unseen", || {
        counted(&served, "comptoir_shadow_answers_total") >= f64::from(shown)
    });
    let folder = served.stop();
    within(folder.path(), async |workshop| {
        let now = Timestamp::now();
        let found = shadow(workshop, now).await.unwrap();
        assert_eq!((found.version, found.shown), (2, 1));
        let counts = found.counts;
        assert!(counts.asked >= u64::from(shown), "{counts:?} of {shown}");
        assert_eq!(
            (counts.late, counts.refused, counts.failed, counts.empty),
            (0, 0, 0, 0)
        );
        // Trained on the same rows, it answers the same.
        assert_eq!(found.first_alike.point(), Some(1.0), "{found:?}");
        assert_eq!(found.shown_too, Some(1.0));
        assert!(
            found.p50_ms > Some(0.0) && found.p50_ms <= found.p99_ms,
            "{found:?}"
        );
        assert!(matches!(found.verdict, Verdict::Waits { .. }), "{found:?}");

        // It is told by the review, and nothing is done before its time.
        let review = workshop
            .review(&[], now, &schema::progress::Silent)
            .await
            .unwrap();
        let product = review
            .products
            .iter()
            .find(|p| p.header.name == NAME)
            .unwrap();
        assert_eq!(product.shadow.as_ref(), Some(&found));
        assert!(workshop.watch_challengers(now).await.unwrap().is_empty());

        let moved = workshop.watch_challengers(in_an_hour()).await.unwrap();
        assert_eq!(moved.len(), 1, "{moved:?}, {found:?}");
        assert_eq!((moved[0].alias.as_str(), moved[0].to), (CHAMPION, 2));
        assert!(
            moved[0].why.contains("questions in the shadow"),
            "{moved:?}"
        );
        assert!(
            workshop
                .watch_challengers(in_an_hour())
                .await
                .unwrap()
                .is_empty()
        );
        // Whoever takes it back does not see it come again by itself.
        let signed = Signature {
            who: "test",
            why: "odd answers",
            at: in_an_hour(),
        };
        let back = workshop.registry.rollback(NAME, CHAMPION, 2, signed).await;
        assert_eq!(back.unwrap().to, 1);
        assert_eq!(workshop.waits(NAME).await.unwrap(), None);
        let later = in_an_hour() + SignedDuration::from_hours(5);
        assert!(workshop.watch_challengers(later).await.unwrap().is_empty());
        assert!(shadow(workshop, in_an_hour()).await.is_none());
        assert!(workshop.registry.incidents(now).await.unwrap().is_empty());
        workshop.registry.verify_audit(None).await.unwrap();
    });
}

/// Writes answers of version 1 and, beside them, what version 2 made of the same questions.
async fn logged(workshop: &Workshop, outcomes: &[(ShadowOutcome, usize)], items: usize) {
    let wal = Wal::open_below(&workshop.log_root(), &WalOptions::default()).unwrap();
    let wal = Arc::new(wal);
    let now = Timestamp::now();
    let action = |n: usize| lake::log::ActionRecord {
        action: Some(format!("P{n}")),
        score: Some(1.0),
        propensity: Probability::ONE,
        reasons: Json::default(),
    };
    let decision = |number: usize, version: u32, items: usize| DecisionRecord {
        decision_id: DecisionId::new(format!("shadow-{number}")).unwrap(),
        decided_at: now,
        product: NAME.to_owned(),
        version,
        customer_id: Some(CustomerId::new(format!("C{number}")).unwrap()),
        subject_product_id: None,
        placement: Some("for_you".to_owned()),
        answer: if items == 0 {
            Answer::Nothing {
                propensity: Probability::ONE,
                reasons: Json::default(),
            }
        } else {
            Answer::Actions((1..=items).map(action).collect())
        },
        holdout: false,
        fallback: false,
        fingerprint: None,
        reserved: None,
    };
    let all = outcomes
        .iter()
        .flat_map(|(outcome, times)| std::iter::repeat_n(*outcome, *times));
    for (number, outcome) in all.enumerate() {
        let is_there = matches!(outcome, ShadowOutcome::Answered | ShadowOutcome::Late);
        let unseen = ShadowRecord {
            answer: decision(number, 2, if is_there { items } else { 0 }),
            shown: 1,
            outcome,
            took: Duration::from_millis(2),
        };
        for record in [
            LogRecord::Decision(decision(number, 1, 3)),
            LogRecord::Shadow(unseen),
        ] {
            wal.append(&record.to_bytes().unwrap()).await.unwrap();
        }
    }
    let drain = Drain::new(workshop.lake.clone(), wal, DrainOptions::default());
    let drained = drain.run(now).await.unwrap();
    let expected: usize = outcomes.iter().map(|(_, times)| times).sum();
    assert_eq!(
        (drained.decisions, drained.shadows),
        (expected as u64, expected as u64)
    );
}

/// A project of which version 2 waits in the shadow.
fn waiting() -> TempDir {
    let folder = with_shadow();
    within(folder.path(), async |workshop| {
        let at = Timestamp::now() - SignedDuration::from_mins(5);
        train(workshop, &at.to_string()).await;
        assert_eq!(version(workshop, CHALLENGER).await, Some(2));
    });
    folder
}

/// What becomes of the challenger: its verdict, and the cause of the incident where it is taken back.
fn becomes(folder: &Path, outcomes: &[(ShadowOutcome, usize)], items: usize) -> Option<String> {
    within(folder, async |workshop| {
        logged(workshop, outcomes, items).await;
        workshop.watch_challengers(in_an_hour()).await.unwrap();
        workshop.registry.verify_audit(None).await.unwrap();
        let incidents = workshop.registry.incidents(Timestamp::now()).await.unwrap();
        if version(workshop, CHAMPION).await == Some(2) {
            assert!(incidents.is_empty(), "{incidents:?}");
            return None;
        }
        assert_eq!(version(workshop, CHALLENGER).await, Some(1));
        assert_eq!(incidents.len(), 1, "{incidents:?}");
        assert_eq!(incidents[0].cause, "challenger/for-you");
        // The same again finds nothing more to do, and the incident goes on.
        assert!(
            workshop
                .watch_challengers(in_an_hour())
                .await
                .unwrap()
                .is_empty()
        );
        assert!(shadow(workshop, in_an_hour()).await.is_none());
        Some(incidents[0].what.clone())
    })
}

#[test]
fn a_challenger_that_fails_is_late_or_names_nothing_never_answers_and_is_told() {
    use ShadowOutcome::{Answered, Failed, Late, Refused};
    let folder = waiting();
    let told = becomes(
        folder.path(),
        &[(Answered, 60), (Failed, 3), (Refused, 3), (Late, 4)],
        3,
    );
    let told = told.expect("ten of seventy had no answer");
    assert!(
        told.contains("version 2 was taken back: 10 of 70 questions")
            && told.contains("4 late, 3 refused, 3 failed"),
        "{told}"
    );

    let folder = waiting();
    let told = becomes(folder.path(), &[(Answered, 60)], 0);
    let told = told.expect("it named nothing");
    assert!(
        told.contains("60 of 60 answers in the shadow hold nothing"),
        "{told}"
    );

    // What chance makes of a good version is no failure.
    let folder = waiting();
    assert_eq!(
        becomes(folder.path(), &[(Answered, 60), (Late, 2)], 3),
        None
    );
}

#[test]
fn a_person_sees_the_shadow_and_lets_the_version_answer() {
    let folder = waiting();
    let asks = "shadow_hours = 1\npromotes = \"person\"";
    edit(
        folder.path(),
        "products/for-you.toml",
        "shadow_hours = 1",
        asks,
    );
    within(folder.path(), async |workshop| {
        logged(workshop, &[(ShadowOutcome::Answered, 30)], 2).await;
        let found = shadow(workshop, in_an_hour()).await.unwrap();
        assert!(matches!(found.verdict, Verdict::Passed { .. }), "{found:?}");
        // Two of the three that were shown.
        assert_eq!(found.shown_too, Some(2.0 / 3.0));
        let asking = async |now| {
            assert!(workshop.watch_challengers(now).await.unwrap().is_empty());
            let open = workshop.incidents(now, now).await.unwrap().into_iter();
            let asking = open.filter(|of| of.cause == "approval/for-you" && of.closed_at.is_none());
            asking.map(|of| of.what).collect::<Vec<_>>()
        };
        assert!(asking(Timestamp::now()).await.is_empty(), "not yet");
        let told = asking(in_an_hour()).await;
        assert!(
            told.len() == 1
                && told[0].starts_with("version 2 waits for a person to let it answer: ")
                && told[0].ends_with("comptoir promote for-you 2"),
            "{told:?}"
        );
        assert_eq!(version(workshop, CHAMPION).await, Some(1));
        let signed = Signature {
            who: "a person",
            why: "it is as good",
            at: in_an_hour(),
        };
        let promoted = workshop.registry.promote(NAME, 2, Some(1), signed);
        promoted.await.unwrap();
        assert!(asking(in_an_hour()).await.is_empty(), "it answers");
    });
}

#[test]
fn two_versions_are_compared_and_one_is_let_answer_by_the_form_of_this_page_only() {
    let folder = waiting();
    within(folder.path(), async |workshop| {
        logged(workshop, &[(ShadowOutcome::Answered, 30)], 2).await;
    });
    let served = serving(folder);
    let page = |language: &str| {
        let path = format!("/products/for-you/compare?lang={language}");
        let answer = get(served.address, &path, &[]);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    };
    for (language, told) in [
        (
            "en",
            [
                "Version 2 beside version 1.",
                "Let version 2 answer",
                "the same first",
            ],
        ),
        (
            "fr",
            [
                "La version 2 à côté de la version 1.",
                "Laisser répondre la version 2",
                "le même premier",
            ],
        ),
    ] {
        let body = page(language);
        for text in told {
            assert!(body.contains(text), "no {text:?} in {body}");
        }
    }
    let product = get(served.address, "/products/for-you", &[]).body;
    assert!(
        product.contains("answers in the shadow of the one that is shown"),
        "{product}"
    );

    crate::console::fit(&served, &["/products/for-you/compare".to_owned()].into());

    let here = format!("http://{}", served.address);
    let send = |origin: &str, form: &str| {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin),
        ];
        ask(
            served.address,
            "POST",
            "/products/for-you/promote",
            &headers,
            form,
        )
    };
    let form = "version=2&who=C.+Martin&why=looked+at+it";
    let elsewhere = send("http://elsewhere.example", form);
    assert_eq!(elsewhere.status, 403, "{elsewhere:?}");
    let unsigned = send(&here, "version=2&who=+&why=looked+at+it");
    assert!(unsigned.body.contains("who is empty"), "{unsigned:?}");
    let unknown = send(&here, "version=9&who=C.+Martin&why=looked+at+it");
    assert!(
        unknown.body.contains("allowed is one of them"),
        "{unknown:?}"
    );
    assert_eq!(
        decide(&served, NAME, &json!({}))["version"],
        1,
        "nothing changed"
    );

    let done = send(&here, form);
    assert_eq!(
        (done.status, done.header("location")),
        (303, "/products/for-you#versions"),
        "{done:?}"
    );
    assert_eq!(decide(&served, NAME, &json!({}))["version"], 2, "at once");
    within(served.folder(), async |workshop| {
        let history = workshop
            .registry
            .alias_history(NAME, CHAMPION)
            .await
            .unwrap();
        let last = history.last().unwrap();
        assert_eq!((last.to, last.who.as_str()), (2, "C. Martin"));
        assert!(last.why.starts_with("looked at it"), "{}", last.why);
        workshop.registry.verify_audit(None).await.unwrap();
    });
    // Back again, by the API.
    let back = crate::served::post(
        served.address,
        "/v1/products/for-you/rollback",
        &[],
        "{\"why\": \"odd answers\", \"who\": \"C. Martin\"}",
    );
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(decide(&served, NAME, &json!({}))["version"], 1);
}

#[test]
fn a_challenger_that_cannot_be_loaded_answers_nobody_and_is_taken_back() {
    let served = serving(with_shadow());
    within(served.folder(), async |workshop| {
        register_newer(workshop).await;
        let signed = Signature {
            who: "test",
            why: "a version of a newer program",
            at: Timestamp::now(),
        };
        let moved = workshop
            .registry
            .set_alias(NAME, CHALLENGER, 2, None, signed);
        moved.await.unwrap();
    });
    std::thread::sleep(Duration::from_millis(2_500));
    for visitor in customers(&served).iter().take(5) {
        let answer = decide(&served, NAME, &json!({ "customer_id": visitor }));
        assert_eq!(answer["version"], 1);
    }
    assert_eq!(counted(&served, "comptoir_shadow_answers_total"), 0.0);
    let ready = get(served.address, "/health/ready", &[]);
    assert_eq!(
        ready.status, 200,
        "the shop does not depend on it: {ready:?}"
    );
    let folder = served.stop();
    let told = becomes(folder.path(), &[], 0).expect("it cannot be read");
    assert!(told.contains("format 99"), "{told}");
}
