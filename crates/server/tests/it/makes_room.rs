//! A version whose decisions became worse with it makes room for the one before it, once, where nothing else is why.

use crate::review::{NAME, broke, decided, imported, planted, version_of};
use crate::served::{edit, get, retraining_is_refused, serving, trained, within};
use factory::review::{MakesRoom, Most, Reviewed};
use factory::{CHAMPION, Needed, Workshop};
use jiff::{SignedDuration, Timestamp};
use registry::{Cause, Signature};
use schema::progress::Silent;
use std::path::Path;
use tempfile::TempDir;

const ASKS: &str =
    "[retraining]\nage_days = 300\nrolls_back_when_worse_within_days = 90\n\n[settings]";

fn now() -> Timestamp {
    "2025-06-10T08:00:00Z".parse().unwrap()
}

fn asks() -> TempDir {
    let folder = trained();
    edit(folder.path(), "products/for-you.toml", "[settings]", ASKS);
    folder
}

/// How version 2 came to answer.
enum Came {
    ByGate,
    ByPerson,
    Chosen,
}

/// Version 2 answers from the day on which things break.
async fn second(workshop: &Workshop, came: Came) {
    version_of(workshop, broke()).await;
    let signed = |who: &'static str| Signature {
        who,
        why: "trained and measured",
        at: broke(),
    };
    let registry = &workshop.registry;
    let change = match came {
        Came::ByGate => registry
            .promote(NAME, 2, Some(1), signed("comptoir run"))
            .await
            .unwrap(),
        Came::ByPerson => registry
            .promote(NAME, 2, Some(1), signed("anna"))
            .await
            .unwrap(),
        Came::Chosen => {
            let chosen = registry.set_alias(NAME, CHAMPION, 2, Some(1), signed("anna"));
            chosen.await.unwrap()
        }
    };
    assert_eq!(change.to, 2);
}

/// Decisions of both versions: 60 of 100 are good, and 25 from a moment on.
async fn worse_from(workshop: &Workshop, from: Timestamp) {
    let first = "2025-01-01T00:00:00Z".parse().unwrap();
    let of = |at: Timestamp, _| {
        let decided = at - SignedDuration::from_hours(1);
        let mut of = planted(if decided < from { 60 } else { 25 });
        of.version = if decided < broke() { 1 } else { 2 };
        of
    };
    decided(workshop, first, &of).await;
}

async fn reviewed(workshop: &Workshop) -> Reviewed {
    let names = [NAME.to_owned()];
    let review = workshop.review(&names, now(), &Silent).await.unwrap();
    review.products.into_iter().next().unwrap()
}

fn makes_room(folder: &Path, came: Came, from: Timestamp) -> (Option<Most>, Option<MakesRoom>) {
    within(folder, async |workshop| {
        second(workshop, came).await;
        worse_from(workshop, from).await;
        let found = reviewed(workshop).await;
        (found.why.map(|why| why.most), found.makes_room)
    })
}

#[test]
fn a_version_that_decides_worse_than_the_one_before_is_rolled_back_once_and_all_pages_say_why() {
    let folder = asks();
    within(folder.path(), async |workshop| {
        second(workshop, Came::ByGate).await;
        worse_from(workshop, broke()).await;
        let names = [NAME.to_owned()];
        let review = workshop.review(&names, now(), &Silent).await.unwrap();
        let found = review.products[0].makes_room.clone().unwrap();
        assert_eq!((found.version, found.to), (2, 1));
        assert!(
            found
                .because
                .starts_with("its decisions fell below what is allowed, seen by 2025-04-")
                && found.because.contains("since 2025-04-01, and was ")
                && found
                    .because
                    .contains(" % under version 1 in the 28 days before, -"),
            "{found:?}"
        );
        // Whoever looks moves nothing, and no training is asked for what a rollback mends.
        let products = [workshop.project.product(NAME).unwrap().clone()];
        let needed = workshop
            .trainings_needed(&products, now(), &Silent)
            .await
            .unwrap();
        assert!(
            matches!(&needed[0], Needed::No { because } if because.ends_with(", once a job reviews")),
            "{needed:?}"
        );

        let moved = workshop.make_room(&review, now()).await.unwrap();
        let [change] = &moved[..] else {
            panic!("{moved:?}");
        };
        assert_eq!(
            (change.from, change.to, change.cause),
            (Some(2), 1, Cause::RolledBack)
        );
        assert_eq!(
            change.why,
            format!("rolled back by itself: {}", found.because)
        );
        let incidents = workshop.registry.incidents(now()).await.unwrap();
        let of_rollback = incidents
            .iter()
            .find(|of| of.cause == "rollback/for-you")
            .unwrap();
        assert!(
            of_rollback
                .what
                .starts_with("version 1 answers again: version 2 was rolled back by itself: "),
            "{of_rollback:?}"
        );
        // By an older look nobody is moved a second time, and the old fall is not that of version 1.
        assert!(workshop.make_room(&review, now()).await.unwrap().is_empty());
        let after = reviewed(workshop).await;
        assert_eq!((after.makes_room, after.version.unwrap().number), (None, 1));
        assert!(workshop.watch_champions(now()).await.unwrap().is_empty());
        assert_eq!(after.last_incident.unwrap().closed_at, None);
        workshop.registry.verify_audit(None).await.unwrap();
    });
    let served = serving(folder);
    let page = get(served.address, "/products/for-you?lang=fr", &[]).body;
    assert!(
        page.contains("retirée d’elle-même : ses décisions sont passées sous"),
        "{page}"
    );
    let page = get(served.address, "/incidents?lang=fr", &[]).body;
    assert!(page.contains("la version 1 répond de nouveau"), "{page}");
}

#[test]
fn a_fall_that_began_before_a_version_is_not_its_doing() {
    for days in [4, 10, 20] {
        let before = broke() - SignedDuration::from_hours(24 * days);
        let (_, found) = makes_room(asks().path(), Came::ByGate, before);
        assert_eq!(found, None, "{days} days before");
    }
}

#[test]
fn what_a_person_let_answer_stays() {
    for came in [Came::ByPerson, Came::Chosen] {
        let (most, found) = makes_room(asks().path(), came, broke());
        assert_eq!((most, found), (Some(Most::Version), None));
    }
}

#[test]
fn a_version_stays_where_its_file_does_not_ask_or_its_days_are_over() {
    let folder = trained();
    let (most, found) = makes_room(folder.path(), Came::ByGate, broke());
    assert_eq!((most, found), (Some(Most::Version), None));
    let folder = asks();
    edit(
        folder.path(),
        "products/for-you.toml",
        "within_days = 90",
        "within_days = 60",
    );
    let (_, found) = makes_room(folder.path(), Came::ByGate, broke());
    assert_eq!(found, None);
}

#[test]
fn a_version_stays_where_a_feed_broke_with_it() {
    let folder = asks();
    let price = "price_cents = { sql = \"TRY_CAST(\\\"Price\\\" AS DOUBLE) * \
                 CASE WHEN \\\"ValidFrom\\\" >= '2025-04-01' THEN 100 ELSE 1 END\" }";
    let was = "price_cents = { from = \"Price\" }";
    imported(folder.path(), "sources/prices.toml", was, price);
    let (most, found) = makes_room(folder.path(), Came::ByGate, broke());
    assert_eq!((most, found), (Some(Most::Source), None));
}

#[test]
fn it_is_asked_for_only_where_decisions_are_judged_and_the_gate_lets_versions_answer() {
    for (product, asks, says) in [
        (
            "for-you",
            "rolls_back_when_worse_within_days = 7",
            "8 to 366",
        ),
        (
            "for-you",
            "rolls_back_when_worse_within_days = 30\npromotes = \"person\"",
            "a person says which version answers",
        ),
        (
            "segments",
            "rolls_back_when_worse_within_days = 30",
            "no days: ",
        ),
    ] {
        retraining_is_refused(product, asks, says);
    }
}
