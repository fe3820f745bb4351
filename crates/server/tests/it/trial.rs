//! A challenger answers a share of the customers, and all of them if its decisions lead to as much.

use crate::house::{customers, decide};
use crate::review::{self, click};
use crate::served::{
    edit, get, in_no_hurry, post, retraining_is_refused, serving, train, trained, within,
};
use crate::versions::register_newer;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use factory::batch::{BatchDone, BatchOptions, Batched, FileFormat, Questions};
use factory::review::{Trial, Verdict};
use factory::{CHAMPION, RunOptions, Workshop};
use jiff::{SignedDuration, Timestamp};
use lake::log::{ActionRecord, Answer, DecisionRecord};
use registry::{CHALLENGER, OutcomeDay, Signature, TRIAL};
use schema::progress::{Progress, Silent};
use schema::{AsOf, CustomerId, DecisionId, Json, Probability};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const NAME: &str = "for-you";

/// The day before the first that is compared.
const BEGUN: &str = "2025-07-01T10:00:00Z";

fn begun() -> Timestamp {
    BEGUN.parse().unwrap()
}

async fn version(workshop: &Workshop, alias: &str) -> Option<u32> {
    let found = workshop.registry.alias(NAME, alias).await.unwrap();
    found.map(|found| found.version)
}

async fn trial(workshop: &Workshop) -> Option<Trial> {
    let product = workshop.project.product(NAME).unwrap();
    workshop.trial(product.as_ref()).await.unwrap()
}

/// A project of which version 2 answers three of ten customers beside version 1 since a day.
fn on_trial() -> TempDir {
    let folder = trained();
    in_no_hurry(folder.path());
    edit(
        folder.path(),
        "products/for-you.toml",
        "[settings]",
        "[retraining]\ntrial_share = 0.3\ntrial_days = 5\n\n[settings]",
    );
    within(folder.path(), async |workshop| {
        train(workshop, BEGUN).await;
        assert_eq!(version(workshop, CHAMPION).await, Some(1), "it waits");
        assert_eq!(version(workshop, CHALLENGER).await, Some(2));
        let moved = workshop.watch_challengers(begun()).await.unwrap();
        assert_eq!(moved.len(), 1, "{moved:?}");
        assert_eq!((moved[0].alias.as_str(), moved[0].to), (TRIAL, 2));
        assert!(
            moved[0]
                .why
                .starts_with("answers a share of 0.3 of the customers"),
            "{moved:?}"
        );
        let shares = workshop.registry.trial_shares(NAME).await.unwrap();
        let told: Vec<_> = shares
            .iter()
            .map(|of| (of.version, of.share, of.since))
            .collect();
        assert_eq!(told, [(2, 0.3, begun())]);
        assert!(
            workshop
                .watch_challengers(begun())
                .await
                .unwrap()
                .is_empty()
        );
        // Years later: while it is tried no other is trained.
        let later = "2027-07-01T10:00:00Z".parse().unwrap();
        let products = [workshop.project.product(NAME).unwrap().clone()];
        let needed = workshop.trainings_needed(&products, later, &schema::progress::Silent);
        let needed = needed.await.unwrap();
        assert!(
            matches!(&needed[0], factory::Needed::No { because } if because.contains("version 2 is tried")),
            "{needed:?}"
        );
    });
    folder
}

#[test]
fn a_challenger_answers_its_share_of_the_customers_always_the_same_ones() {
    let served = serving(on_trial());
    let mut versions: BTreeMap<String, i64> = BTreeMap::new();
    for customer in customers(&served) {
        versions.insert(customer, 0);
    }
    for number in 0..150 {
        versions.insert(format!("new-{number}"), 0);
    }
    let mut of_challenger = 0;
    for (customer, version) in &mut versions {
        let asked = json!({ "customer_id": customer });
        let answer = decide(&served, NAME, &asked);
        *version = answer["version"].as_i64().unwrap();
        if answer["holdout"] == true {
            assert_eq!(
                *version, 1,
                "who is held out is answered by the champion's baseline"
            );
        }
        of_challenger += i64::from(*version == 2);
        // What is explained is what was answered.
        let explain = json!({ "request": asked }).to_string();
        let told = post(
            served.address,
            "/v1/products/for-you/explain",
            &[],
            &explain,
        );
        if told.status == 200 && answer["holdout"] == false {
            let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
            assert_eq!(told["version"], *version);
        }
    }
    // 30 % of some 160, of whom some are held out: with a standard deviation of 6.
    assert!(
        (25..75).contains(&of_challenger),
        "{of_challenger} of {}",
        versions.len()
    );
    let questions: Vec<_> = versions
        .keys()
        .map(|c| json!({ "customer_id": c }))
        .collect();
    let again = decide(&served, NAME, &json!({ "requests": questions }));
    for (answer, version) in again["answers"]
        .as_array()
        .unwrap()
        .iter()
        .zip(versions.values())
    {
        assert_eq!(answer["version"], *version, "together and again as alone");
    }
    // Of visitors nobody knows some questions are answered by each.
    let unknown: Vec<i64> = (0..80)
        .map(|_| {
            decide(&served, NAME, &json!({}))["version"]
                .as_i64()
                .unwrap()
        })
        .collect();
    let of_two = unknown.iter().filter(|version| **version == 2).count();
    assert!((8..45).contains(&of_two), "{unknown:?}");
    let page = get(served.address, "/products/for-you/compare", &[]).body;
    assert!(page.contains("answers a share of the customers"), "{page}");
    let folder = served.stop();
    within(folder.path(), async |workshop| {
        let found = trial(workshop).await.unwrap();
        assert_eq!((found.version, found.beside, found.fallbacks), (2, 1, 0));
        assert!(found.decisions >= of_two as u64, "{found:?}");
    });
}

/// A batch about these customers, an hour after the trial began.
async fn in_a_batch(workshop: &Workshop, customers: &[String]) -> BatchDone {
    let folder = &workshop.project.folder;
    let path = folder.join("customers.csv");
    let file = format!("customer_id\n{}\n", customers.join("\n"));
    std::fs::write(&path, file).unwrap();
    let product = workshop.project.product(NAME).unwrap();
    let options = BatchOptions {
        questions: Questions::File {
            path,
            format: FileFormat::Csv,
        },
        output: folder.join("answers.csv"),
        output_format: FileFormat::Csv,
        log: true,
        now: begun() + SignedDuration::from_hours(1),
        attempt: None,
    };
    let done = workshop.decide_batch(product.as_ref(), &options, &Silent);
    match done.await.unwrap() {
        Batched::Decided(done) => done,
        Batched::Before => panic!("nobody decided before"),
    }
}

/// The counts that a query tells.
async fn counts<const N: usize>(workshop: &Workshop, sql: &str) -> [i64; N] {
    let batches = workshop.lake.query(sql).await.unwrap();
    let of = |column: usize| {
        batches[0]
            .column(column)
            .as_primitive::<Int64Type>()
            .value(0)
    };
    std::array::from_fn(of)
}

#[test]
fn in_a_batch_a_challenger_answers_the_same_customers_as_online_and_nobody_is_answered_by_both() {
    let served = serving(on_trial());
    let mut all = customers(&served);
    all.extend((0..150).map(|number| format!("new-{number}")));
    for customer in &all {
        decide(&served, NAME, &json!({ "customer_id": customer }));
    }
    let folder = served.stop();
    within(folder.path(), async |workshop| {
        let done = in_a_batch(workshop, &all).await;
        assert_eq!((done.answered, done.version), (all.len() as u64, 1));
        let of_trial = done.trial.unwrap();
        assert_eq!((of_trial.version, of_trial.not_loaded), (2, None));
        // 30 % of some 160, of whom some are held out: with a standard deviation of 6.
        assert!(
            (25..75).contains(&of_trial.answered),
            "{}",
            of_trial.answered
        );
        let of_both =
            "SELECT COUNT(*) FROM (SELECT customer_id FROM decisions WHERE customer_id IS NOT NULL
             AND position <= 1 GROUP BY customer_id HAVING COUNT(DISTINCT version) > 1) AS both_of";
        assert_eq!(counts(workshop, of_both).await, [0], "answered by both");
        let sizes = "SELECT COUNT(*) FILTER (WHERE version = 2 AND decision_id LIKE 'batch-%'),
             COUNT(*) FILTER (WHERE version = 2 AND decision_id NOT LIKE 'batch-%'),
             COUNT(*) FILTER (WHERE version = 2 AND holdout) FROM decisions WHERE position <= 1";
        let [in_batch, online, held_out] = counts(workshop, sizes).await;
        assert_eq!((in_batch, held_out), (online, 0), "arms keep their sizes");
        assert_eq!(in_batch, of_trial.answered as i64);
        // Once it is taken back the champion answers all.
        plant(workshop, 7, (3_000, 900), (1_000, 240)).await;
        let later = begun() + SignedDuration::from_hours(24 * 9);
        assert_eq!(workshop.watch_challengers(later).await.unwrap().len(), 1);
        let product = workshop.project.product(NAME).unwrap();
        assert!(trial(workshop).await.is_none(), "{}", product.header().name);
    });
}

#[test]
fn where_a_challenger_cannot_be_loaded_the_champion_answers_the_batch_and_that_is_said() {
    let folder = trained();
    edit(
        folder.path(),
        "products/for-you.toml",
        "[settings]",
        "[retraining]\ntrial_share = 0.3\n\n[settings]",
    );
    within(folder.path(), async |workshop| {
        register_newer(workshop).await;
        let challenger = |alias: &'static str| {
            let signed = Signature {
                who: "test",
                why: "on trial",
                at: begun(),
            };
            workshop.registry.set_alias(NAME, alias, 2, None, signed)
        };
        challenger(CHALLENGER).await.unwrap();
        challenger(TRIAL).await.unwrap();
        let all: Vec<String> = (0..30).map(|number| format!("new-{number}")).collect();
        let done = in_a_batch(workshop, &all).await;
        let of_trial = done.trial.unwrap();
        assert_eq!((done.answered, of_trial.answered), (30, 0));
        let why = of_trial.not_loaded.unwrap();
        assert!(why.contains("99"), "{why}");
    });
}

/// A decision about a customer.
fn decision(customer: &str, version: u32, at: Timestamp) -> DecisionRecord {
    DecisionRecord {
        decision_id: DecisionId::new(format!("{version}-{customer}-{}", at.as_second())).unwrap(),
        decided_at: at,
        product: NAME.to_owned(),
        version,
        customer_id: Some(CustomerId::new(customer).unwrap()),
        subject_product_id: None,
        placement: None,
        answer: Answer::Actions(vec![ActionRecord {
            action: Some("P1".to_owned()),
            score: None,
            propensity: Probability::ONE,
            reasons: Json::default(),
        }]),
        holdout: false,
        fallback: false,
        fingerprint: None,
        reserved: None,
    }
}

/// Decisions come into the lake.
async fn log(workshop: &Workshop, decisions: impl IntoIterator<Item = DecisionRecord>) {
    let records: Vec<DecisionRecord> = decisions.into_iter().collect();
    review::plant(workshop, &records, &[]).await;
}

/// Outcomes of days: judged decisions and good ones a day of the champion and of the challenger.
async fn plant(workshop: &Workshop, days: i32, champion: (u64, u64), challenger: (u64, u64)) {
    let first = AsOf(jiff::civil::date(2025, 7, 1));
    let of = |day: i32, version: u32, (judged, good): (u64, u64)| OutcomeDay {
        day: first.minus_days(-day),
        version,
        held_out: false,
        decisions: judged * 2,
        judged,
        good,
        errors: None,
    };
    // The day on which it began is no whole one: what is planted there is not compared.
    let mut all = vec![of(0, 1, (9_000, 9_000)), of(0, 2, (9_000, 0))];
    for day in 1..=days {
        all.extend([of(day, 1, champion), of(day, 2, challenger)]);
    }
    let last = first.minus_days(-days);
    workshop
        .registry
        .add_outcomes(NAME, &all, &[], last)
        .await
        .unwrap();
}

/// What becomes of the trial: nothing where it was promoted, else what is told.
fn becomes(folder: &Path, champion: (u64, u64), challenger: (u64, u64)) -> Option<String> {
    within(folder, async |workshop| {
        plant(workshop, 7, champion, challenger).await;
        let now = begun() + SignedDuration::from_hours(24 * 9);
        let moved = workshop.watch_challengers(now).await.unwrap();
        assert_eq!(moved.len(), 1, "{moved:?}");
        assert!(workshop.watch_challengers(now).await.unwrap().is_empty());
        assert!(trial(workshop).await.is_none());
        workshop.registry.verify_audit(None).await.unwrap();
        let incidents = workshop.registry.incidents(now).await.unwrap();
        if version(workshop, CHAMPION).await == Some(2) {
            assert!(incidents.is_empty(), "{incidents:?}");
            return None;
        }
        assert_eq!(version(workshop, CHALLENGER).await, Some(1));
        assert_eq!(incidents[0].cause, "challenger/for-you");
        Some(incidents[0].what.clone())
    })
}

#[test]
fn after_its_days_a_challenger_answers_all_if_it_is_surely_not_worse_by_more_than_it_may() {
    // A third as many decisions, as good as the champion's.
    assert_eq!(becomes(on_trial().path(), (3_000, 900), (1_000, 300)), None);
    // A fifth worse, where a tenth may be lost.
    let told = becomes(on_trial().path(), (3_000, 900), (1_000, 240)).unwrap();
    assert!(
        told.contains("version 2 was taken back")
            && told.contains("-6.00 points from the champion's")
            && told.contains("on 2025-07-02 to 2025-07-06; it may lose 3.00"),
        "{told}"
    );
    // As good, but of ten decisions a day nobody knows.
    let told = becomes(on_trial().path(), (3_000, 900), (10, 3)).unwrap();
    assert!(told.contains("more is not ruled out"), "{told}");
}

/// Decisions of the days that are compared: so many customers of each version come on all five, of whom so many click
/// every time, and the others never.
async fn plant_customers(workshop: &Workshop, champion: (u64, u64), challenger: (u64, u64)) {
    let (mut decisions, mut clicks) = (Vec::new(), Vec::new());
    for (number, (customers, clicking)) in [(1, champion), (2, challenger)] {
        for customer in 0..customers {
            for day in 1..=5 {
                let at = begun() + SignedDuration::from_hours(24 * day);
                let made = decision(&format!("C{number}-{customer}"), number, at);
                if customer < clicking {
                    let later = at + SignedDuration::from_hours(1);
                    clicks.push(click(later, clicks.len(), &made.decision_id, "P1"));
                }
                decisions.push(made);
            }
        }
    }
    review::plant(workshop, &decisions, &clicks).await;
}

#[test]
fn decisions_about_one_customer_are_not_taken_for_independent_ones() {
    let judged_by_clicks = || {
        let folder = on_trial();
        let by = "[settings]\njudged_by = \"clicks\"";
        edit(folder.path(), "products/for-you.toml", "[settings]", by);
        folder
    };
    let folder = judged_by_clicks();
    within(folder.path(), async |workshop| {
        plant_customers(workshop, (600, 180), (200, 60)).await;
        plant(workshop, 7, (600, 180), (200, 60)).await;
        let found = trial(workshop).await.unwrap();
        assert_eq!(
            (found.good.point(), found.lead.point()),
            (Some(0.3), Some(0.0))
        );
        // As wide as of 600 and 200 decisions, not of five times as many.
        let (low, high) = found.lead.interval().unwrap();
        let half = 1.96 * (0.3_f64 * 0.7 * (1.0 / 600.0 + 1.0 / 200.0)).sqrt();
        assert!((high - low - 2.0 * half).abs() < 0.003, "{low} {high}");
        // What comes late of days that are noted is not counted, here as there.
        let at = begun() + SignedDuration::from_hours(24);
        let late = (0..500).map(|number| decision(&format!("late-{number}"), 1, at));
        log(workshop, late).await;
        assert_eq!(trial(workshop).await, Some(found));
    });
    // As many decisions as pass where each is about another customer.
    let folder = judged_by_clicks();
    within(folder.path(), async |workshop| {
        plant_customers(workshop, (3_000, 900), (1_000, 300)).await;
    });
    let told = becomes(folder.path(), (3_000, 900), (1_000, 300)).unwrap();
    assert!(told.contains("more is not ruled out"), "{told}");
}

#[test]
fn a_trial_waits_for_its_days_and_ends_at_once_where_the_challenger_fails() {
    let folder = on_trial();
    within(folder.path(), async |workshop| {
        plant(workshop, 3, (3_000, 900), (1_000, 300)).await;
        let later = begun() + SignedDuration::from_hours(24 * 9);
        assert!(workshop.watch_challengers(later).await.unwrap().is_empty());
        let found = trial(workshop).await.unwrap();
        assert_eq!(found.complete_days, 3);
        assert!(matches!(found.verdict, Verdict::Waits { .. }), "{found:?}");
        let review = workshop
            .review(&[NAME.to_owned()], later, &schema::progress::Silent)
            .await
            .unwrap();
        assert!(review.products[0].trial.is_some());

        let records = (0..50).map(|number: i64| DecisionRecord {
            fallback: number % 5 == 0,
            ..decision(
                &format!("C{number}"),
                2,
                begun() + SignedDuration::from_mins(number),
            )
        });
        log(workshop, records).await;
        let moved = workshop.watch_challengers(later).await.unwrap();
        assert_eq!(moved.len(), 1);
        assert!(
            moved[0]
                .why
                .contains("10 of its 50 decisions were the baseline's"),
            "{moved:?}"
        );
        assert_eq!(version(workshop, CHAMPION).await, Some(1));
    });
}

/// An experiment that reads the trial by the orders of its customers.
fn reads_it(folder: &Path, guardrail: &str) {
    let guard = format!(
        "kind = \"experiment\"\nowner = \"shop\"\n\n[settings]\nproduct = \"for-you\"\nversions = true\n\
        outcomes = [\"orders\"]\nwindow_days = 14\n{guardrail}"
    );
    std::fs::write(folder.join("products/guard.toml"), guard).unwrap();
}

/// Days before the last sale version 2 answered most of those who came to buy nothing, and few of the others.
async fn log_what_it_made_worse(workshop: &Workshop) {
    let (history, _) = workshop.history(None, &Silent).await.unwrap();
    let day = history.as_of().minus_days(30);
    let from = i64::from(day.epoch_day()) * 86_400;
    let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
    let in_window = f64::from(day.epoch_day() + 1)..f64::from(day.epoch_day() + 15);
    let customers = history.customers().iter().zip(0_u32..);
    let asked = customers.flat_map(|(customer, number)| {
        let mut bought = history.lines_of(number).iter();
        let buys = bought.any(|line| in_window.contains(&line.at_days()));
        let version = if buys == (number % 4 == 0) { 2 } else { 1 };
        [0, 1].map(|day| decision(customer, version, at(from + day * 86_400 + 60)))
    });
    log(workshop, asked).await;
}

/// The experiment is read; whether its version passed its gate.
async fn read(workshop: &Workshop, as_of: Option<AsOf>) -> bool {
    let (history, inputs) = workshop.history(as_of, &Silent).await.unwrap();
    let product = workshop.project.product("guard").unwrap().clone();
    let options = RunOptions {
        as_of,
        seed: 1,
        now: begun() + SignedDuration::from_hours(if as_of.is_some() { 200 } else { 1 }),
        attempt: None,
    };
    let silent: Arc<dyn Progress> = Arc::new(Silent);
    let run = workshop.run(&product, &history, &inputs, &options, &silent);
    run.await.unwrap().promoted
}

#[test]
fn a_trial_ends_at_once_where_an_experiment_that_reads_it_tells_of_a_broken_guardrail() {
    let folder = on_trial();
    let guardrail = "\n[[settings.guardrail]]\noutcome = \"orders\"\nworse_by = 0.05\n";
    reads_it(folder.path(), guardrail);
    within(folder.path(), async |workshop| {
        let now = begun() + SignedDuration::from_hours(1);
        assert!(matches!(
            trial(workshop).await.unwrap().verdict,
            Verdict::Waits { .. }
        ));
        log_what_it_made_worse(workshop).await;
        assert!(read(workshop, None).await);
        let moved = workshop.watch_challengers(now).await.unwrap();
        assert_eq!(moved.len(), 1, "{moved:?}");
        assert!(
            moved[0].why.contains(
                "guard tells of a broken guardrail: change of orders per customer of version 2 is -"
            ) && moved[0].why.ends_with("allowed is -5.0"),
            "{moved:?}"
        );
        assert_eq!(version(workshop, CHALLENGER).await, Some(1));
    });
}

/// The day after the last one of the trial.
fn over() -> AsOf {
    AsOf(jiff::civil::date(2025, 7, 7))
}

/// What becomes of a trial that passes by its own figure, as the audit tells it, once the experiment was read.
async fn passes(workshop: &Workshop, as_of: AsOf) -> String {
    plant(workshop, 7, (3_000, 900), (1_000, 300)).await;
    let now = begun() + SignedDuration::from_hours(24 * 9);
    assert!(workshop.watch_challengers(now).await.unwrap().is_empty());
    let waits = trial(workshop).await.unwrap().verdict.to_string();
    assert!(
        waits.contains("guard has not read version 2 as of a day after 2025-07-06"),
        "{waits}"
    );
    read(workshop, Some(as_of)).await;
    let moved = workshop.watch_challengers(now).await.unwrap();
    assert_eq!(moved.len(), 1, "{moved:?}");
    workshop.registry.verify_audit(None).await.unwrap();
    moved[0].why.clone()
}

#[test]
fn a_version_on_trial_answers_all_only_if_the_experiment_that_reads_it_does_not_tell_it_worse() {
    let folder = on_trial();
    reads_it(folder.path(), "");
    within(folder.path(), async |workshop| {
        log_what_it_made_worse(workshop).await;
        assert!(read(workshop, None).await, "before its days are over");
        let why = passes(workshop, over()).await;
        assert!(
            why.starts_with("taken back: guard: version 2 changes orders per customer by -"),
            "{why}"
        );
        assert_eq!(version(workshop, CHAMPION).await, Some(1));
    });

    // Three of ten were asked for and three of ten answered, of whom nobody bought.
    let answered = |of_challenger: usize| {
        move |number: usize| {
            let version = if number % 10 < of_challenger { 2 } else { 1 };
            [3, 4].map(|day: i64| {
                let at = begun() + SignedDuration::from_hours(24 * day);
                decision(&format!("C{number:04}"), version, at)
            })
        }
    };
    let later = AsOf(jiff::civil::date(2025, 8, 1));
    let folder = on_trial();
    reads_it(folder.path(), "");
    within(folder.path(), async |workshop| {
        log(workshop, (0..600).flat_map(answered(3))).await;
        let why = passes(workshop, later).await;
        assert!(
            why.contains("points from the champion's")
                && why.contains(
                    "; guard: what version 2 changes in orders per customer is not measurable"
                ),
            "{why}"
        );
        assert_eq!(version(workshop, CHAMPION).await, Some(2));
    });

    // Of six of ten answers: whoever is missing among the champion's may be who bought.
    let folder = on_trial();
    reads_it(folder.path(), "");
    within(folder.path(), async |workshop| {
        log(workshop, (0..600).flat_map(answered(6))).await;
        let why = passes(workshop, later).await;
        assert!(
            why.contains(
                "guard cannot be read: version 2 has 60.0 % of the customers, asked for were 30.0 %"
            ),
            "{why}"
        );
        assert_eq!(version(workshop, CHAMPION).await, Some(1));
    });
}

#[test]
fn a_trial_is_asked_for_only_where_it_can_be_read() {
    for (product, asks, says) in [
        (
            "value",
            "trial_share = 0.2",
            "no share: what a customer is worth is known after its horizon",
        ),
        (
            "for-you",
            "trial_share = 0.2\npromotes = \"person\"",
            "a person says whom a version answers",
        ),
        ("for-you", "trial_share = 0.7", "0.01 to 0.5"),
        ("for-you", "trial_days = 0", "1 to 90"),
        ("for-you", "shadow_hours = 200", "1 to 168"),
        ("for-you", "shadow_answers_min = 0", "1 to 1000000"),
    ] {
        retraining_is_refused(product, asks, says);
    }
}
