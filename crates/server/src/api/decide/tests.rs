use super::*;
use crate::shadow::Unseen;
use factory::{Project, Workshop};
use lake::LakeOptions;
use lake::log::{Drain, DrainOptions, ShadowOutcome, Wal, WalOptions};
use products::Serving;
use schema::{AsOf, CustomerId};
use serde_json::{Value, json};
use std::time::Instant;

/// A version that takes its time, or breaks.
struct Odd {
    scoring: Duration,
    breaks: bool,
}

impl Odd {
    fn taking(ms: u64) -> Self {
        Self {
            scoring: Duration::from_millis(ms),
            breaks: false,
        }
    }
}

fn decisions(method: &str) -> Decisions {
    Decisions {
        placement: None,
        actions: Vec::new(),
        short_of: None,
        method: method.to_owned(),
        stake: None,
    }
}

impl Serving for Odd {
    fn decide(&self, _: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        std::thread::sleep(self.scoring);
        assert!(!self.breaks, "this version breaks on every question");
        Ok(decisions("version"))
    }

    fn baseline(&self, _: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        Ok(decisions("baseline"))
    }

    fn explain(
        &self,
        _: &Asked,
        _: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        Err(Infeasible::UnknownProduct {
            product: "any".to_owned(),
        })
    }
}

fn live(serving: impl Serving + 'static) -> Arc<Answering> {
    Arc::new(Answering {
        version: 7,
        as_of: AsOf(jiff::civil::date(2025, 1, 1)),
        serving: Box::new(serving),
        page: Value::Null,
        summary: Vec::new(),
    })
}

const NAME: &str = "for-you";

/// The state of a server whose project has one product and whose holdout has the share given.
async fn state(folder: &std::path::Path, holdout: f64) -> Arc<AppState> {
    let write = |file: &str, text: &str| {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("comptoir.toml", "name = \"Odd\"\n");
    write(
        "products/for-you.toml",
        "kind = \"recommend\"\nowner = \"shop\"\n",
    );
    let mut project = Project::open(folder).unwrap();
    project.file.holdout.share = holdout;
    let workshop = Workshop::open(project, &LakeOptions::default())
        .await
        .unwrap();
    let wal = Wal::open_below(&folder.join("wal"), &WalOptions::default()).unwrap();
    let wal = Arc::new(wal);
    let drain = Drain::new(
        workshop.lake.clone(),
        Arc::clone(&wal),
        DrainOptions::default(),
    );
    Arc::new(AppState::new(workshop, wal, drain).0)
}

fn asked() -> Asked {
    Asked {
        customer_id: Some(CustomerId::new("C1").unwrap()),
        ..Asked::default()
    }
}

/// Asks as the handler does, and gives the answer and the milliseconds it took.
async fn ask(state: &Arc<AppState>, live: &Arc<Answering>, deadline_ms: u64) -> (Value, u128) {
    let started = Instant::now();
    let deadline = Duration::from_millis(deadline_ms);
    let slot = slot(state, NAME).unwrap();
    let response = answer_one(state, slot, live, deadline, asked(), &mut Trace::new(true))
        .await
        .unwrap();
    let took = started.elapsed().as_millis();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
    (serde_json::from_slice(&body.unwrap()).unwrap(), took)
}

/// The decision of an answer as it lies in the log on disk.
async fn logged(state: &AppState, answer: &Value) -> DecisionRecord {
    let id = DecisionId::new(answer["decision_id"].as_str().unwrap()).unwrap();
    let found = find_decision(&state.workshop.lake, state.wal.root(), &id).await;
    found.unwrap().expect("an answer that left is on disk")
}

/// Answers of the baseline in place of the version 7.
fn fallbacks(state: &AppState) -> u64 {
    let of = state.figures.told(slot(state, NAME).unwrap()).unwrap();
    of.by_version().get(&7).map_or(0, |of| of.fallbacks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_late_or_broken_is_answered_by_the_baseline_and_counted_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(folder.path(), 0.0).await;
    let (good, _) = ask(&state, &live(Odd::taking(0)), 5_000).await;
    assert_eq!(
        (&good["method"], &good["fallback"], &good["version"]),
        (&json!("version"), &json!(false), &json!(7))
    );
    assert!(!logged(&state, &good).await.fallback);
    assert_eq!(fallbacks(&state), 0);

    let slow = live(Odd::taking(1_500));
    let (first, _) = ask(&state, &slow, 20).await;
    assert_eq!(
        (&first["method"], &first["fallback"]),
        (&json!("baseline"), &json!(true))
    );
    assert!(logged(&state, &first).await.fallback);
    assert_eq!(fallbacks(&state), 1);

    // The product was late: the next answer leaves at the deadline, long before its scoring ends.
    let (second, took_ms) = ask(&state, &slow, 20).await;
    assert_eq!(second["fallback"], true);
    assert!((20..1_000).contains(&took_ms), "{took_ms}");
    assert_eq!(fallbacks(&state), 2);

    // Broken while watched, and within a batch, where it is not.
    let broken = live(Odd {
        breaks: true,
        ..Odd::taking(0)
    });
    let (third, _) = ask(&state, &broken, 5_000).await;
    assert_eq!(third["method"], "baseline");
    assert!(third["fallback"] == true && logged(&state, &third).await.fallback);
    let deadline = Duration::from_secs(5);
    let (slot, trace) = (slot(&state, NAME).unwrap(), &mut Trace::new(true));
    let many = answer_many(
        &state,
        slot,
        &broken,
        deadline,
        vec![asked(), asked()],
        trace,
    )
    .await;
    let body = axum::body::to_bytes(many.unwrap().into_body(), 1 << 20).await;
    let many: Value = serde_json::from_slice(&body.unwrap()).unwrap();
    for answer in many["answers"].as_array().unwrap() {
        assert!(answer["fallback"] == true && logged(&state, answer).await.fallback);
    }
    assert_eq!(fallbacks(&state), 5);
}

#[tokio::test]
async fn a_challenger_that_is_late_or_breaks_in_the_shadow_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(folder.path(), 0.0).await;
    let outcome = |serving: Odd| {
        let question = Unseen {
            challenger: live(serving),
            product: NAME.to_owned(),
            decision_id: DecisionId::new("shown").unwrap(),
            shown: 1,
            asked: asked(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let record = crate::shadow::answered(&state, &question).unwrap();
        assert_eq!((record.shown, record.answer.version), (1, 7));
        record.outcome
    };
    let deadline_ms = slot(&state, NAME).unwrap().product.header().deadline_ms;
    assert_eq!(outcome(Odd::taking(0)), ShadowOutcome::Answered);
    assert_eq!(outcome(Odd::taking(deadline_ms + 20)), ShadowOutcome::Late);
    let breaks = Odd {
        breaks: true,
        ..Odd::taking(0)
    };
    assert_eq!(outcome(breaks), ShadowOutcome::Failed);
}

#[tokio::test]
async fn the_watch_ends_when_late_answers_are_rare() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(folder.path(), 0.0).await;
    let slot = slot(&state, NAME).unwrap();
    let of = state.figures.of(slot).unwrap();
    let decided = |version, n| (0..n).for_each(|_| state.figures.decided(slot, version));
    assert!(!of.is_often_late(), "nothing was answered");
    decided(1, 600);
    state.figures.fell_back(slot, 1);
    assert!(of.is_often_late(), "one of 600");
    decided(2, 400);
    assert!(!of.is_often_late(), "one of 1000");
}

/// A version that gives a deal to whoever has got none.
struct Deals;

impl Serving for Deals {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let arm = if asked.standing.given.is_empty() {
            "deal"
        } else {
            "none"
        };
        // Time for others to ask.
        std::thread::sleep(Duration::from_millis(5));
        let action = products::Action {
            position: 1,
            id: arm.to_owned(),
            label: None,
            score: None,
            estimate: None,
            unit: "none".into(),
            propensity: schema::Probability::ONE,
            reasons: Vec::new().into(),
        };
        Ok(Decisions {
            actions: vec![action],
            ..decisions("version")
        })
    }

    fn baseline(&self, _: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        Ok(decisions("baseline"))
    }

    fn explain(
        &self,
        _: &Asked,
        _: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        Err(Infeasible::NothingToExplain)
    }
}

/// Asks some questions of two customers at once; how many deals are among the answers.
async fn deals(state: &Arc<AppState>) -> usize {
    let live = live(Deals);
    let asks = (0..12).map(|n| {
        let (state, live) = (Arc::clone(state), Arc::clone(&live));
        tokio::spawn(async move {
            let deadline = Duration::from_secs(5);
            let other = Asked {
                customer_id: Some(CustomerId::new("C2").unwrap()),
                ..Asked::default()
            };
            let slot = slot(&state, "deals").unwrap();
            let trace = &mut Trace::new(true);
            let response = if n % 3 == 0 {
                let several = vec![asked(), other, asked()];
                answer_many(&state, slot, &live, deadline, several, trace).await
            } else {
                answer_one(&state, slot, &live, deadline, asked(), trace).await
            };
            let body = axum::body::to_bytes(response.unwrap().into_body(), 1 << 20).await;
            let text = String::from_utf8(body.unwrap().to_vec()).unwrap();
            text.matches(r#""id":"deal""#).count()
        })
    });
    let mut given = 0;
    for ask in asks.collect::<Vec<_>>() {
        given += ask.await.unwrap();
    }
    given
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_requests_at_once_no_more_give_an_offer_than_the_cap_allows_and_the_next_process_knows()
{
    let folder = tempfile::tempdir().unwrap();
    let file =
        "kind = \"promotion\"\nowner = \"shop\"\n\n[settings.caps]\nper_customer = 1\ndays = 1\n";
    std::fs::create_dir_all(folder.path().join("products")).unwrap();
    std::fs::write(folder.path().join("products/deals.toml"), file).unwrap();
    let first = state(folder.path(), 0.0).await;
    assert_eq!(deals(&first).await, 2, "one for each of two customers");
    let now = jiff::Timestamp::now();
    first.drain.run(now).await.unwrap();
    drop(first);
    let next = state(folder.path(), 0.0).await;
    next.given.as_ref().unwrap().look(None, now).await.unwrap();
    assert_eq!(deals(&next).await, 0);
}

#[tokio::test]
async fn a_customer_who_is_held_out_gets_the_baseline_and_the_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(folder.path(), 1.0).await;
    let (held, _) = ask(&state, &live(Odd::taking(0)), 5_000).await;
    assert_eq!(
        (&held["method"], &held["holdout"], &held["fallback"]),
        (&json!("baseline"), &json!(true), &json!(false))
    );
    let record = logged(&state, &held).await;
    assert!(record.holdout && !record.fallback, "{record:?}");
}
