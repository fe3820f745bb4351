//! Promises are held against how products really answered, and against what their decisions led to.

use crate::house::{customers, decide};
use crate::served::{Served, edit, get, serving, train, trained, within};
use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use factory::import::ImportOptions;
use factory::review::{Attribute, ColumnPart, Live, Measured, Most, Promised, Review, State, Why};
use factory::{CHAMPION, Workshop};
use jiff::{SignedDuration, Timestamp};
use lake::log::{ActionRecord, Answer, DecisionRecord, EventRecord};
use monitoring::latency::Histogram;
use registry::{Cause, NewRun, NewVersion, Outcome, RunCost, ServiceRecord, Signature};
use schema::progress::Silent;
use schema::{AsOf, CustomerId, DecisionId, Json, Probability, RunId};
use serde_json::json;
use server::charts::Locale;
use std::path::Path;
use std::time::Duration;

pub(crate) const NAME: &str = "for-you";

fn reviewed(folder: &Path, now: Timestamp) -> Review {
    within(folder, async |workshop| {
        workshop.review(&[], now, &Silent).await.unwrap()
    })
}

fn state_of(review: &Review, product: &str, promised: Promised) -> State {
    let product = review.products.iter().find(|p| p.header.name == product);
    let standing = &product.unwrap().standing;
    standing
        .iter()
        .find(|k| k.promise == promised)
        .unwrap()
        .state
}

#[test]
fn what_a_server_answered_is_known_when_it_is_gone() {
    let served = serving(trained());
    let asked = 7;
    for customer in customers(&served).iter().take(asked) {
        decide(
            &served,
            NAME,
            &json!({ "customer_id": customer, "placement": "for_you" }),
        );
    }
    // What is wrong with a question is not the product's fault.
    let path = format!("/v1/products/{NAME}/decide");
    let wrong = crate::served::post(served.address, &path, &[], "{\"placement\": \"nowhere\"}");
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let folder = served.stop();
    let review = reviewed(folder.path(), Timestamp::now());
    let product = review
        .products
        .iter()
        .find(|p| p.header.name == NAME)
        .unwrap();
    let period = &product.service.period;
    assert_eq!(
        (period.answered, period.unanswered, period.timed),
        (7, 0, 7)
    );
    assert_eq!(product.service.by_version.get(&1), Some(&7));
    assert!(
        period.p50_ms > Some(0.0) && period.p50_ms <= period.p99_ms,
        "{period:?}"
    );
    assert_eq!(state_of(&review, NAME, Promised::Answered), State::Kept);
    assert_eq!(
        state_of(&review, "value", Promised::Answered),
        State::Unknown
    );
}

/// Records of a server that answered a thousand questions an hour for six hours, in this way.
fn service(
    product: &str,
    until: Timestamp,
    slow: u64,
    unanswered: u64,
    fallbacks: u64,
) -> Vec<ServiceRecord> {
    let hour = |n: i64| {
        let histogram = Histogram::default();
        for answer in 0..1000 {
            let ms = if answer < slow { 500 } else { 4 };
            histogram.record(Duration::from_millis(ms));
        }
        let began_at = until - SignedDuration::from_hours(n);
        ServiceRecord {
            product: product.to_owned(),
            process: "elsewhere".to_owned(),
            version: 1,
            began_at,
            ended_at: began_at + SignedDuration::from_mins(5),
            answered: 1000,
            unanswered,
            fallbacks,
            times: histogram.snapshot().to_bytes(),
        }
    };
    (1..=6).map(hour).collect()
}

#[test]
fn a_version_that_answers_late_makes_room_for_the_one_before_where_its_file_says_so() {
    let folder = trained();
    let name = "value";
    edit(
        folder.path(),
        "products/value.toml",
        "[settings]",
        "[retraining]\nrolls_back_within_hours = 24\n\n[settings]",
    );
    let now: Timestamp = "2025-06-10T08:00:00Z".parse().unwrap();
    let ago = |minutes: i64| now - SignedDuration::from_mins(minutes);
    let records = |version: u32, until: Timestamp, slow: u64| {
        let all = service(name, until, slow, 0, 0)
            .into_iter()
            .map(|record| ServiceRecord {
                version,
                began_at: until - (until.duration_since(record.began_at)) / 6,
                ..record
            });
        all.collect::<Vec<_>>()
    };
    within(folder.path(), async |workshop| {
        let registry = &workshop.registry;
        let champion = |product: &'static str| async move {
            registry
                .alias(product, "champion")
                .await
                .unwrap()
                .unwrap()
                .version
        };
        assert_eq!(champion(name).await, 1);
        train(workshop, "2025-06-10T06:00:00Z").await;
        let second = champion(name).await;
        assert_eq!(second, 2, "the same again passes its gate");
        registry
            .add_service(&records(1, ago(121), 9))
            .await
            .unwrap();
        assert!(
            workshop.watch_champions(ago(110)).await.unwrap().is_empty(),
            "nobody asked yet"
        );

        // Three of a hundred are late where one may be; before, it was fewer.
        registry.add_service(&records(2, ago(1), 30)).await.unwrap();
        let moved = workshop.watch_champions(now).await.unwrap();
        assert_eq!(moved.len(), 1, "{moved:?}");
        assert_eq!((moved[0].from, moved[0].to), (Some(2), 1));
        assert!(
            moved[0]
                .why
                .contains("180 of 6000 answers were late, 60.00 may be"),
            "{}",
            moved[0].why
        );
        let incidents = workshop.registry.incidents(now).await.unwrap();
        assert_eq!(incidents.len(), 1);
        assert_eq!(incidents[0].cause, "rollback/value");
        assert!(
            workshop.watch_champions(now).await.unwrap().is_empty(),
            "once"
        );

        // A person lets it answer again: that stands, late as it is.
        let signed = Signature {
            who: "anna",
            why: "the disk was slow",
            at: now,
        };
        let again = registry.promote(name, 2, Some(1), signed).await.unwrap();
        assert_eq!((again.to, again.cause), (2, Cause::Promoted));
        let later = now + SignedDuration::from_mins(70);
        let late = records(2, later, 30);
        registry.add_service(&late).await.unwrap();
        assert!(workshop.watch_champions(later).await.unwrap().is_empty());
        assert_eq!(champion(name).await, 2);
        workshop.registry.verify_audit(None).await.unwrap();
    });
}

#[test]
fn a_promise_is_broken_by_more_than_may_go_wrong_and_the_pages_say_so() {
    let folder = trained();
    edit(
        folder.path(),
        "products/value.toml",
        "[settings]",
        "[promises]\nversion_age_days_max = 200\nlatency_p50_ms = 3\nescalation = \"the board\"\n\n[settings]",
    );
    edit(
        folder.path(),
        "products/for-you.toml",
        "[settings]",
        "[promises]\nlatency_p50_ms = 6\n\n[settings]",
    );
    let now: Timestamp = "2025-06-10T08:00:00Z".parse().unwrap();
    within(folder.path(), async |workshop| {
        for records in [
            // 2 of 100 are late where 1 may be.
            service(NAME, now, 20, 0, 0),
            // 5 of 1,000 get no answer where 1 may.
            service("value", now, 9, 5, 0),
            // 9 of 1,000 are late where 10 may be, and as many are by the baseline.
            service("segments", now, 9, 0, 9),
        ] {
            workshop.registry.add_service(&records).await.unwrap();
        }
    });
    let review = reviewed(folder.path(), now);
    let names: Vec<&str> = review
        .products
        .iter()
        .map(|p| p.header.name.as_str())
        .collect();
    assert_eq!(names, [NAME, "value", "segments"], "the broken ones first");
    use Promised::{Answered, ByVersion, LatencyP50, LatencyP99, VersionAge};
    // Half of the answers took 4 ms.
    assert_eq!(state_of(&review, NAME, LatencyP50), State::Kept);
    assert_eq!(state_of(&review, "value", LatencyP50), State::Broken);
    assert_eq!(state_of(&review, NAME, LatencyP99), State::Broken);
    assert_eq!(state_of(&review, NAME, Answered), State::Kept);
    assert_eq!(state_of(&review, "value", LatencyP99), State::Kept);
    assert_eq!(state_of(&review, "value", Answered), State::Broken);
    assert_eq!(state_of(&review, "value", VersionAge), State::Kept);
    assert_eq!(state_of(&review, "segments", ByVersion), State::Kept);
    let value = &review.products[1];
    let answered = value
        .standing
        .iter()
        .find(|k| k.promise == Answered)
        .unwrap();
    assert_eq!(answered.because, "30 went wrong, 6.030 may");
    assert!(answered.budget_left.unwrap() < -3.9, "{answered:?}");
    // A year later nobody asks any more, and the version is old.
    let later = reviewed(folder.path(), now + SignedDuration::from_hours(24 * 400));
    assert_eq!(state_of(&later, NAME, LatencyP99), State::Unknown);
    assert_eq!(state_of(&later, "value", VersionAge), State::Broken);

    for (locale, words) in [
        (
            Locale::English,
            ["broken", "30 went wrong, 6.030 may", "the board"],
        ),
        (
            Locale::French,
            ["rompue", "30 fautes, 6,030 permises", "the board"],
        ),
    ] {
        let all = server::review("Teas", &review, locale);
        assert!(
            all.contains("value.html") && all.contains(words[0]),
            "{all}"
        );
        let one = server::review_of("Teas", &review, value, locale);
        for word in words {
            assert!(one.contains(word), "no {word:?} in {one}");
        }
        assert!(
            !one.contains("<script") && !one.contains("href="),
            "it stands alone"
        );
    }
}

#[test]
fn the_console_tells_the_worst_first() {
    let folder = trained();
    within(folder.path(), async |workshop| {
        let records = service("segments", Timestamp::now(), 100, 0, 0);
        workshop.registry.add_service(&records).await.unwrap();
    });
    let served: Served = serving(folder);
    let page = get(served.address, "/review", &[]).body;
    let at = |name: &str| page.find(&format!("href=\"/review/{name}\"")).unwrap();
    assert!(at("segments") < at(NAME), "{page}");
    let french = get(served.address, "/review/segments?lang=fr", &[]);
    assert_eq!(french.status, 200);
    assert!(french.body.contains("rompue"), "{}", french.body);
    assert_eq!(get(served.address, "/review/nothing", &[]).status, 404);
}

/// Who bought what, and when.
pub(crate) async fn bought(workshop: &Workshop) -> Vec<(String, String, Timestamp)> {
    let sql = "SELECT customer_id, min(product_id), min(sold_at) FROM sales WHERE customer_id IS NOT NULL \
               AND NOT is_return GROUP BY customer_id, CAST(sold_at AS DATE) ORDER BY 3, 1";
    let mut all = Vec::new();
    for batch in workshop.lake.query(sql).await.unwrap() {
        let text = |column: usize, row: usize| {
            let texts =
                arrow::compute::cast(batch.column(column), &arrow::datatypes::DataType::Utf8);
            texts.unwrap().as_string::<i32>().value(row).to_owned()
        };
        let at = batch.column(2).as_primitive::<TimestampMicrosecondType>();
        all.extend((0..batch.num_rows()).map(|row| {
            let at = Timestamp::from_microsecond(at.value(row)).unwrap();
            (text(0, row), text(1, row), at)
        }));
    }
    all
}

/// The champion as a version of another day, as if somebody had chosen it then.
pub(crate) async fn champion_since(workshop: &Workshop, at: Timestamp) {
    version_of(workshop, at).await;
    let signed = Signature {
        who: "test",
        why: "to be of another day",
        at,
    };
    let moved = workshop
        .registry
        .set_alias(NAME, CHAMPION, 2, Some(1), signed);
    moved.await.unwrap();
}

/// Registers the champion once more, as version 2 of another day.
pub(crate) async fn version_of(workshop: &Workshop, at: Timestamp) {
    let (registry, product) = (&workshop.registry, workshop.project.product(NAME).unwrap());
    let stored = registry.artefact(NAME, 1).await.unwrap();
    let first = registry.version(NAME, 1).await.unwrap().unwrap();
    let run = NewRun {
        id: RunId::new("run-of-another-day").unwrap(),
        product: NAME.to_owned(),
        kind: first.kind.clone(),
        as_of: AsOf(at.to_zoned(jiff::tz::TimeZone::UTC).date()),
        seed: 1,
        config_fingerprint: product.header().fingerprint.clone(),
        inputs: Vec::new(),
        started_at: at,
        attempt: None,
    };
    registry.start_run(&run).await.unwrap();
    let version = NewVersion {
        product: NAME,
        run: &run.id,
        kind: &first.kind,
        format_version: first.format_version,
        artefact: &stored.bytes,
        scorecard: &first.scorecard,
        created_at: at,
    };
    registry.register_version(&version).await.unwrap();
    let cost = RunCost {
        duration_ms: 1,
        peak_memory_bytes: None,
    };
    let ended = registry.finish_run(&run.id, &Outcome::Done, &first.scorecard, cost);
    ended.await.unwrap();
}

/// What is planted of one decision.
pub(crate) struct Planted {
    /// How many of a hundred such are good.
    pub(crate) good: usize,
    pub(crate) placement: &'static str,
    pub(crate) version: u32,
    pub(crate) score: Option<f64>,
}

pub(crate) fn planted(good: usize) -> Planted {
    Planted {
        good,
        placement: "for_you",
        version: 1,
        score: None,
    }
}

/// Decisions an hour before purchases; a good one shows what was then bought, and is clicked.
pub(crate) async fn decided(
    workshop: &Workshop,
    from: Timestamp,
    planted: &dyn Fn(Timestamp, usize) -> Planted,
) {
    let bought = bought(workshop).await;
    let later = bought.iter().filter(|(_, _, at)| *at >= from);
    let mut clicks = Vec::new();
    let records: Vec<DecisionRecord> = later
        .enumerate()
        .map(|(number, (customer, product, at))| {
            let planted = planted(*at, number);
            // 37 and 100 have no common divisor: every hundred in a row holds each rest once.
            let is_good = number * 37 % 100 < planted.good;
            // A bad one shows what somebody else bought.
            let shown = if is_good {
                product
            } else {
                &bought[(number + 7) % bought.len()].1
            };
            let decision_id = DecisionId::new(format!("decision-{number}")).unwrap();
            // A click that is told twice is one; one on what was not shown says nothing.
            for (n, clicked) in [shown.as_str(), shown, "not-shown"].into_iter().enumerate() {
                if is_good || n == 2 {
                    clicks.push(click(*at, number * 3 + n, &decision_id, clicked));
                }
            }
            DecisionRecord {
                decision_id,
                decided_at: *at - SignedDuration::from_hours(1),
                product: NAME.to_owned(),
                version: planted.version,
                customer_id: Some(CustomerId::new(customer.as_str()).unwrap()),
                subject_product_id: None,
                placement: Some(planted.placement.to_owned()),
                answer: Answer::Actions(vec![ActionRecord {
                    action: Some(shown.clone()),
                    score: planted.score,
                    propensity: Probability::ONE,
                    reasons: Json::default(),
                }]),
                holdout: false,
                fallback: false,
                fingerprint: None,
                reserved: None,
            }
        })
        .collect();
    // Of a decision that nobody knows.
    let unknown = DecisionId::new("never-decided").unwrap();
    clicks.push(click(from, usize::MAX, &unknown, "no-such-product"));
    plant(workshop, &records, &clicks).await;
}

/// Puts decisions and events into the lake.
pub(crate) async fn plant(
    workshop: &Workshop,
    decisions: &[DecisionRecord],
    events: &[EventRecord],
) {
    let mut transaction = workshop.lake.begin().await.unwrap();
    let rows = [
        ("decisions", DecisionRecord::to_batch(decisions)),
        ("events", EventRecord::to_batch(events)),
    ];
    for (table, rows) in rows {
        let writer = transaction.writer(table, rows.schema(), "planted");
        let mut writer = writer.await.unwrap();
        writer.write(&rows).await.unwrap();
        writer.finish(&mut transaction).await.unwrap();
    }
    transaction.commit(Timestamp::now()).await.unwrap();
}

/// A click a minute after a decision.
///
/// - `at`: an hour after that decision.
pub(crate) fn click(
    at: Timestamp,
    number: usize,
    decision: &DecisionId,
    product: &str,
) -> EventRecord {
    let event = json!({
        "event_id": format!("click-{number}"),
        "occurred_at": at - SignedDuration::from_mins(59),
        "type": "click",
        "product_id": product,
        "decision_id": decision,
    });
    serde_json::from_value(event).unwrap()
}

/// What a review a while later tells of decisions that are planted, told twice: the second time it only reads.
fn after(
    product: impl Fn(&Path),
    planted: &dyn Fn(Timestamp, usize) -> Planted,
) -> (Measured, Option<Why>) {
    let from: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    let champion: Timestamp = "2025-02-10T00:00:00Z".parse().unwrap();
    let folder = trained();
    product(folder.path());
    within(folder.path(), async |workshop| {
        champion_since(workshop, champion).await;
        decided(workshop, from, planted).await;
        let now = "2025-06-10T08:00:00Z".parse().unwrap();
        let names = [NAME.to_owned()];
        let first = workshop.review(&names, now, &Silent).await.unwrap();
        let again = workshop.review(&names, now, &Silent).await.unwrap();
        let [first, again] = [first, again].map(|mut review| review.products.remove(0));
        assert_eq!(
            serde_json::to_value(&first).unwrap(),
            serde_json::to_value(&again).unwrap()
        );
        match first.live {
            Live::Measured(live) => (*live, first.why),
            other => panic!("{other:?}"),
        }
    })
}

pub(crate) const BROKE: &str = "2025-04-01T00:00:00Z";

pub(crate) fn broke() -> Timestamp {
    BROKE.parse().unwrap()
}

#[test]
fn what_changed_for_good_becomes_what_later_days_are_held_against() {
    let accepted = |folder: &Path| {
        let since = "[promises]\nquality_since = \"2025-04-01\"\n\n[settings]";
        edit(folder, "products/for-you.toml", "[settings]", since);
    };
    let planted = |at, _| planted(if at < broke() { 60 } else { 25 });
    let (measured, why) = after(accepted, &planted);
    assert_eq!((measured.fell, why), (None, None));
    assert_eq!(measured.launch_days.0, AsOf(jiff::civil::date(2025, 4, 1)));
    let launch = measured.at_launch.point().unwrap();
    assert!((launch - 0.25).abs() < 0.06, "{launch}");
}

#[test]
fn decisions_that_stop_leading_to_purchases_are_noticed_and_steady_ones_are_not() {
    let (steady, why) = after(|_| (), &|_, _| planted(60));
    let launch = steady.at_launch.point().unwrap();
    assert!((launch - 0.6).abs() < 0.06, "{launch}");
    assert!(
        (steady.good.point().unwrap() - 0.6).abs() < 0.06,
        "{:?}",
        steady.good
    );
    assert!((steady.allowed - 0.9 * launch).abs() < 1e-9);
    assert_eq!(steady.fell, None);
    assert_eq!(why, None);
    assert!(steady.pending > 0, "the last days wait for their outcomes");

    let (fell, why) = after(|_| (), &|at, _| planted(if at < broke() { 60 } else { 25 }));
    noticed(&fell);
    let why = why.expect("it fell");
    assert_eq!(why.most, Most::Wants, "{}", why.sentence);
    let parts = why.split.expect("enough is known").parts;
    assert!(parts.relation.share.unwrap() > 0.9, "{parts:?}");
}

#[test]
fn what_waits_is_expected_to_lead_to_what_alike_scores_led_to() {
    let folder = trained();
    within(folder.path(), async |workshop| {
        let from: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        champion_since(workshop, from).await;
        let last = bought(workshop).await.last().unwrap().2;
        let waits = last - SignedDuration::from_hours(24 * 8);
        let before = waits - SignedDuration::from_hours(24 * 8);
        let scored = |at: Timestamp, number: usize| {
            let high = at < waits && number.is_multiple_of(2);
            Planted {
                version: 2,
                score: Some(if high { 0.9 } else { -0.2 }),
                ..planted(if high { 80 } else { 20 })
            }
        };
        decided(workshop, from, &scored).await;
        let names = [NAME.to_owned()];
        // Noted in two steps, the second of which adds to what was kept.
        for now in [before, "2025-06-10T08:00:00Z".parse().unwrap()] {
            workshop.review(&names, now, &Silent).await.unwrap();
        }
        let now = "2025-06-10T08:00:00Z".parse().unwrap();
        let review = workshop.review(&names, now, &Silent).await.unwrap();
        let product = &review.products[0];
        let expected = product.expected.as_ref().expect("the last days wait");
        let (low, high) = expected.good.interval().unwrap();
        assert!(low < 0.2 && 0.2 < high && high < 0.35, "{expected:?}");
        let Live::Measured(live) = &product.live else {
            panic!("{:?}", product.live);
        };
        assert!((live.good.point().unwrap() - 0.5).abs() < 0.06, "{live:?}");
    });
}

#[test]
fn days_whose_sales_come_in_late_are_waited_for() {
    let judged_until = |delay_days: u16| {
        let folder = trained();
        let promises = format!("[promises]\nlabel_delay_days = {delay_days}\n\n[settings]");
        edit(
            folder.path(),
            "products/for-you.toml",
            "[settings]",
            &promises,
        );
        within(folder.path(), async |workshop| {
            let from: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
            champion_since(workshop, from).await;
            decided(workshop, from, &|_, _| planted(50)).await;
            let now = "2025-06-10T08:00:00Z".parse().unwrap();
            let review = workshop.review(&[NAME.to_owned()], now, &Silent).await;
            let Live::Measured(live) = &review.unwrap().products[0].live else {
                panic!("months of decisions are judged");
            };
            (live.days.last().unwrap().0, live.pending)
        })
    };
    let (at_once, few) = judged_until(0);
    let (late, more) = judged_until(5);
    assert_eq!(late, at_once.minus_days(5));
    assert!(more > few, "{more} wait, {few} before");
}

#[track_caller]
fn noticed(live: &Measured) {
    let fell = live.fell.expect("it fell");
    let broke = AsOf(broke().to_zoned(jiff::tz::TimeZone::UTC).date());
    let days = |day: AsOf| day.epoch_day() - broke.epoch_day();
    // Some seventeen judged decisions a day.
    assert!((0..21).contains(&days(fell.seen)), "{fell:?}");
    assert!(days(fell.likely_since.unwrap()).abs() <= 7, "{fell:?}");
}

#[test]
fn by_clicks_a_change_of_whom_it_is_asked_about_is_told_from_one_of_what_they_want() {
    let by_clicks = |folder: &Path| {
        let product = format!("products/{NAME}.toml");
        edit(
            folder,
            &product,
            "[settings]",
            "[settings]\njudged_by = \"clicks\"",
        );
    };
    // From a day on three of four questions come from a place where hardly anything is ever clicked.
    let (fell, why) = after(by_clicks, &|at, number| {
        if at >= broke() && number % 4 != 0 {
            Planted {
                good: 10,
                placement: "similar",
                ..planted(0)
            }
        } else {
            planted(60)
        }
    });
    assert_eq!(
        fell.what,
        "of answers, those of which something was clicked"
    );
    noticed(&fell);
    let why = why.expect("it fell");
    assert_eq!(why.most, Most::Mix, "{}", why.sentence);
    let split = why.split.expect("enough is known");
    assert_eq!(split.by, Attribute::Placement);
    let parts = &split.parts;
    let sum = parts.mix.change + parts.inputs.change + parts.relation.change;
    assert!((sum - parts.change.change).abs() < 1e-9, "{parts:?}");
    assert!(parts.mix.share.unwrap() > 0.85, "{parts:?}");
    assert!(parts.mix.high < 0.0, "{parts:?}");
    assert!(
        why.sentence.contains("similar is 75 % of them, 0 % before"),
        "{}",
        why.sentence
    );
}

/// Changes what a source says, and imports its files anew.
pub(crate) fn imported(folder: &Path, source: &str, from: &str, to: &str) {
    edit(folder, source, from, to);
    within(folder, async |workshop| {
        let now = "2025-06-05T09:00:00Z".parse().unwrap();
        let imported = workshop.import(&ImportOptions::at(now), &Silent).await;
        assert!(imported.unwrap().gate_open);
    });
}

#[test]
fn a_price_feed_that_breaks_with_a_fall_and_has_no_part_in_it_is_named_and_explains_nothing() {
    let in_cents = |folder: &Path| {
        let price = "price_cents = { sql = \"TRY_CAST(\\\"Price\\\" AS DOUBLE) * \
                     CASE WHEN \\\"ValidFrom\\\" >= '2025-04-01' THEN 100 ELSE 1 END\" }";
        let was = "price_cents = { from = \"Price\" }";
        imported(folder, "sources/prices.toml", was, price);
    };
    let (_, why) = after(in_cents, &|at, _| {
        planted(if at < broke() { 70 } else { 30 })
    });
    let why = why.expect("it fell");
    assert_eq!(why.most, Most::Source, "{}", why.sentence);
    let split = why.split.expect("enough is known");
    let [of] = &split.columns[..] else {
        panic!("{split:?}");
    };
    assert_eq!(of.name(), "prices.price_cents");
    let ColumnPart::Told(part) = of.part else {
        panic!("prices of many products are as before: {of:?}");
    };
    assert!(part.low <= 0.0 && 0.0 <= part.high, "{part:?}");
    let rest = split.rest;
    assert!(rest.low <= -0.4 && -0.4 <= rest.high, "{rest:?}");
}

#[test]
fn what_a_changed_column_explains_of_a_fall_is_told_beside_the_rest() {
    let folder = trained();
    // From a day on every second customer buys through a channel that never was.
    let channel = "channel = { sql = \"CASE WHEN \\\"OrderedAt\\\" >= '2025-04-01' AND right(\\\"CustNo\\\", 1) IN \
                   ('1', '3', '5', '7', '9') THEN 'parcel shop' ELSE 'web' END\" }";
    imported(
        folder.path(),
        "sources/sales.toml",
        "channel = { value = \"web\" }",
        channel,
    );
    within(folder.path(), async |workshop| {
        champion_since(workshop, "2025-02-10T00:00:00Z".parse().unwrap()).await;
        let from: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        let bought = bought(workshop).await;
        let later = bought.iter().filter(|(_, _, at)| *at >= from);
        let met: Vec<(AsOf, bool)> = later
            .map(|(customer, _, at)| {
                let decided = *at - SignedDuration::from_hours(1);
                let is_odd = customer.ends_with(['1', '3', '5', '7', '9']);
                let before = |(of, _, at): &(String, String, Timestamp)| {
                    of == customer && *at >= broke() && *at < decided
                };
                let day = AsOf(decided.to_zoned(jiff::tz::TimeZone::UTC).date());
                (day, is_odd && bought.iter().any(before))
            })
            .collect();
        // At once all take less of what is shown, and whoever bought that way before still less.
        let good = |at: Timestamp, number: usize| match (at < broke(), met[number].1) {
            (true, _) => planted(70),
            (false, true) => planted(10),
            (false, false) => planted(40),
        };
        decided(workshop, from, &good).await;
        let now = "2025-06-10T08:00:00Z".parse().unwrap();
        let names = [NAME.to_owned()];
        let review = workshop.review(&names, now, &Silent).await.unwrap();
        let product = &review.products[0];
        let why = product.why.clone().expect("it fell");
        assert_eq!(why.most, Most::Source, "{}", why.sentence);
        let split = why.split.expect("enough is known");
        let of = &split.columns[0];
        assert_eq!(of.name(), "sales.channel");
        let ColumnPart::Told(part) = of.part else {
            panic!("half of the customers buy as before: {of:?}");
        };
        let after: Vec<bool> = met
            .iter()
            .filter(|(day, _)| split.after.0 <= *day && *day <= split.after.1)
            .map(|(_, met)| *met)
            .collect();
        let share = after.iter().filter(|met| **met).count() as f64 / after.len() as f64;
        let truth = -0.3 * share;
        assert!(share > 0.1 && part.high < 0.0, "{share} {part:?}");
        assert!(part.low <= truth && truth <= part.high, "{truth} {part:?}");
        let rest = split.rest;
        assert!(rest.low <= -0.3 && -0.3 <= rest.high, "{rest:?}");
        let apart = part.change + rest.change - split.parts.relation.change;
        assert!(apart.abs() < 1e-9, "{split:?}");
        assert!(
            why.sentence.contains("; the column explains "),
            "{}",
            why.sentence
        );
        let (english, french) = (Locale::English, Locale::French);
        for (locale, words) in [
            (
                english,
                ["of that, column sales.channel", "; the column explains "],
            ),
            (
                french,
                ["dont la colonne sales.channel", " ; la colonne explique "],
            ),
        ] {
            let page = server::review_of("Teas", &review, product, locale);
            let missing = words.iter().find(|word| !page.contains(**word));
            assert_eq!(missing, None, "{page}");
        }
    });
}
