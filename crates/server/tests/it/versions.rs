//! A version that this program cannot read is promoted: the former one goes on answering, and it is said why. What a
//! training makes that cannot be read is no version.

use crate::served::{Served, get, post, serving, trained, within};
use factory::{CHAMPION, RunError, RunOptions, Workshop};
use features::History;
use products::{Artefact, FitError, Fitted, Header, Judged, LoadError, Product, Size};
use registry::{NewRun, NewVersion, Outcome, RunCost, RunStatus, Signature};
use schema::progress::{Progress, Silent};
use schema::{AsOf, Bytes, RunId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

const NAME: &str = "for-you";

/// Registers what a newer program would: the artefact of version 1 in a format of its own.
pub(crate) async fn register_newer(workshop: &Workshop) {
    let (registry, now) = (&workshop.registry, jiff::Timestamp::now());
    let stored = registry.artefact(NAME, 1).await.unwrap();
    let mut artefact: Value = serde_json::from_slice(&stored.bytes).unwrap();
    artefact["format"] = json!(99);
    let first = registry.version(NAME, 1).await.unwrap().unwrap();
    let run = NewRun {
        id: RunId::new("run-of-a-newer-program").unwrap(),
        product: NAME.to_owned(),
        kind: first.kind.clone(),
        as_of: AsOf(jiff::civil::date(2025, 5, 1)),
        seed: 1,
        config_fingerprint: "f".repeat(64),
        inputs: Vec::new(),
        started_at: now,
        attempt: None,
    };
    registry.start_run(&run).await.unwrap();
    let version = registry
        .register_version(&NewVersion {
            product: NAME,
            run: &run.id,
            kind: &first.kind,
            format_version: 99,
            artefact: &serde_json::to_vec(&artefact).unwrap(),
            scorecard: &first.scorecard,
            created_at: now,
        })
        .await
        .unwrap();
    assert_eq!(version.number, 2);
    let cost = RunCost {
        duration_ms: 1,
        peak_memory_bytes: None,
    };
    registry
        .finish_run(&run.id, &Outcome::Done, &first.scorecard, cost)
        .await
        .unwrap();
}

/// Points the champion somewhere, as a person does.
fn promote(served: &Served, from: u32, to: u32) {
    within(served.folder(), async |workshop| {
        let signed = Signature {
            who: "test",
            why: "to see what happens",
            at: jiff::Timestamp::now(),
        };
        workshop
            .registry
            .set_alias(NAME, CHAMPION, to, Some(from), signed)
            .await
            .unwrap();
    });
}

fn ready(served: &Served) -> (u16, Value) {
    let answer = get(served.address, "/health/ready", &[]);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// Waits until the server has looked at the registry and says so.
fn wait_for(served: &Served, status: u16) -> Value {
    let started = Instant::now();
    loop {
        let (found, told) = ready(served);
        if found == status {
            return told;
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{found}, expected {status}: {told}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn decide(served: &Served) -> (u16, Value) {
    let answer = post(served.address, "/v1/products/for-you/decide", &[], "{}");
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn a_version_of_a_newer_program_is_refused_and_the_former_one_goes_on_answering() {
    let served = serving(trained());
    assert_eq!(ready(&served).0, 200);
    let (_, before) = decide(&served);
    within(served.folder(), async |workshop| {
        register_newer(workshop).await
    });
    promote(&served, 1, 2);

    let told = wait_for(&served, 503);
    assert_eq!(told["ready"], false);
    let (product, others) = (&told["products"][NAME], ["segments", "value"]);
    assert_eq!(product["version"], 1);
    let why = product["problem"].as_str().unwrap();
    assert!(
        why.contains("format 99") && why.contains("this program reads"),
        "{why}"
    );
    for other in others {
        assert!(told["products"][other]["problem"].is_null(), "{told}");
    }

    let (status, answer) = decide(&served);
    assert_eq!(
        (status, &answer["version"], &answer["fallback"]),
        (200, &json!(1), &json!(false))
    );
    assert_eq!(answer["actions"], before["actions"]);
    let listed = get(served.address, "/v1/products/for-you", &[]).body;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&listed["version"], &listed["problem"]),
        (&json!(1), &json!(why))
    );
    assert_eq!(listed["versions"].as_array().unwrap().len(), 2);

    for (page, language, says) in [
        (
            "/products/for-you",
            "en",
            "version 1 answers, the newer one was refused",
        ),
        (
            "/products/for-you",
            "fr",
            "la version 1 répond, la suivante a été refusée",
        ),
        ("/", "en", "version 1 answers, the newer one was refused"),
    ] {
        let shown = get(served.address, page, &[("accept-language", language)]).body;
        assert!(
            shown.contains(says) && shown.contains("format 99"),
            "{page} {language}: {shown}"
        );
    }
    let shown = get(served.address, "/products/for-you", &[]).body;
    let (_, versions) = shown
        .split_once("id=\"versions\"")
        .expect("the versions are listed");
    let (newer, older) = (versions.find("<b>2</b>"), versions.find("<b>1</b>"));
    assert!(
        newer.is_some() && newer < older,
        "the newest first: {versions}"
    );

    // Taken back, nothing of the refusal stays; promoted again, it is refused again.
    promote(&served, 2, 1);
    wait_for(&served, 200);
    promote(&served, 1, 2);
    wait_for(&served, 503);

    // A new process has no former version to go on with, until somebody goes back.
    let served = serving(served.stop());
    assert_eq!(ready(&served).0, 503);
    let (status, problem) = decide(&served);
    assert_eq!(
        (status, &problem["status"]),
        (503, &json!(503)),
        "{problem}"
    );
    promote(&served, 2, 1);
    let told = wait_for(&served, 200);
    assert_eq!(
        told["products"][NAME],
        json!({ "version": 1, "problem": null })
    );
    assert_eq!(decide(&served).1["actions"], before["actions"]);
}

/// A product whose versions cannot be read back.
struct Unread(Arc<dyn Product>);

impl Product for Unread {
    fn header(&self) -> &Header {
        self.0.header()
    }

    fn judged(&self) -> Judged {
        self.0.judged()
    }

    fn held_out_days(&self) -> u32 {
        self.0.held_out_days()
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        self.0.memory_needed(size)
    }

    fn fit(&self, history: &History, seed: u64) -> Result<Box<dyn Fitted>, FitError> {
        self.0.fit(history, seed)
    }

    fn refit(
        &self,
        measured: &dyn Fitted,
        history: &History,
        seed: u64,
    ) -> Result<Box<dyn Fitted>, FitError> {
        self.0.refit(measured, history, seed)
    }

    fn load(&self, _artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError> {
        let product = self.header().name.clone();
        Err(LoadError::Unproved { product })
    }
}

#[test]
fn what_was_trained_and_cannot_be_read_back_is_no_version_and_its_run_says_why() {
    within(trained().path(), async |workshop| {
        let registry = &workshop.registry;
        let mut products = workshop.project.products.iter();
        let product = products.find(|of| of.header().name == NAME).unwrap();
        let unread: Arc<dyn Product> = Arc::new(Unread(Arc::clone(product)));
        let (history, inputs) = workshop.history(None, &Silent).await.unwrap();
        let options = RunOptions {
            as_of: None,
            seed: 1,
            now: jiff::Timestamp::now(),
            attempt: None,
        };
        let silent: Arc<dyn Progress> = Arc::new(Silent);
        let before = registry.versions(NAME).await.unwrap().len();
        let run = workshop.run(&unread, &history, &inputs, &options, &silent);
        let error = run.await.unwrap_err();
        assert!(matches!(error, RunError::Unreadable { .. }), "{error:?}");
        assert_eq!(registry.versions(NAME).await.unwrap().len(), before);
        let runs = registry.runs(NAME, 1).await.unwrap();
        let RunStatus::Failed { reason } = &runs[0].status else {
            panic!("{runs:?}");
        };
        for part in ["keep what was trained of for-you", "no golden score"] {
            assert!(reason.contains(part), "no {part:?} in {reason}");
        }
    });
}
