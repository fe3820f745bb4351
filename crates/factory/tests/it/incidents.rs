//! Who is told of what is wrong: real files, web addresses and mail servers, on this machine.

use crate::mail_server::MailServer;
use crate::web_receiver::{Receiver, Reply};
use factory::incidents::{About, Incident, Signal, Stage};
use factory::review::{
    Answers, Kept, LastRun, Live, Promised, Review, Reviewed, Service, State, Unit,
};
use factory::{Project, Workshop};
use jiff::{SignedDuration, Timestamp};
use lake::LakeOptions;
use registry::RunStatus;
use schema::AsOf;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

const PRODUCT: &str =
    "kind = \"value\"\nowner = \"shop team\"\n\n[promises]\nescalation = \"head of shop\"\n";

/// A shop that is told over these channels.
struct Shop {
    folder: tempfile::TempDir,
    workshop: Workshop,
}

async fn open(folder: &Path) -> Workshop {
    let options = LakeOptions {
        memory: "64MiB".parse().unwrap(),
        threads: 1,
    };
    let project = Project::open(folder).unwrap();
    Workshop::open(project, &options).await.unwrap()
}

async fn shop(alerts: &str) -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "name = \"Teas\"\ntime_zone = \"Europe/Paris\"\n\n[alerts]\nlink = \"https://comptoir.teas.example/\"\n{alerts}"
    );
    std::fs::write(folder.path().join("comptoir.toml"), text).unwrap();
    std::fs::create_dir(folder.path().join("products")).unwrap();
    for name in ["value", "worth"] {
        let path = folder.path().join(format!("products/{name}.toml"));
        let owner = if name == "worth" {
            "board"
        } else {
            "shop team"
        };
        std::fs::write(path, PRODUCT.replace("shop team", owner)).unwrap();
    }
    let workshop = open(folder.path()).await;
    Shop { folder, workshop }
}

const FILE: &str = "[[alerts.file]]\nname = \"log\"\npath = \"alerts.ndjson\"\n";

fn minute(minute: i64) -> Timestamp {
    let begin: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    begin + SignedDuration::from_mins(minute)
}

fn signal(product: &str, what: &str) -> Signal {
    Signal {
        cause: format!("promise/{product}/latency_p99"),
        product: Some(product.to_owned()),
        what: what.to_owned(),
        page: format!("/review/{product}"),
    }
}

impl Shop {
    async fn note(&self, signals: &[Signal], at: i64) {
        let noted = self.workshop.note(&["promise"], signals, minute(at));
        noted.await.unwrap();
    }

    /// Who was told at a minute, and of whom it failed.
    async fn tell(&self, at: i64) -> Vec<(String, bool)> {
        let told = self.workshop.tell(minute(at)).await.unwrap();
        let messages = told.messages.into_iter();
        messages.map(|m| (m.recipient, m.error.is_none())).collect()
    }

    fn lines(&self) -> Vec<Value> {
        let path = self.folder.path().join("alerts.ndjson");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    async fn incidents(&self, at: i64) -> Vec<Incident> {
        let since = Timestamp::UNIX_EPOCH;
        let found = self.workshop.incidents(since, minute(at)).await;
        found.unwrap()
    }
}

fn told(name: &str) -> (String, bool) {
    (name.to_owned(), true)
}

fn failed(name: &str) -> (String, bool) {
    (name.to_owned(), false)
}

#[tokio::test]
async fn one_message_says_that_it_is_there_and_one_that_it_is_over() {
    let shop = shop(FILE).await;
    let what = "p99 answer time is broken: 120 ms, promised ≤ 75 ms";
    shop.note(&[signal("value", what)], 0).await;
    assert_eq!(shop.tell(1).await, [told("log")]);
    for at in [2, 60, 24 * 60] {
        shop.note(&[signal("value", "slower still")], at).await;
        assert_eq!(shop.tell(at).await, [], "minute {at}");
    }
    shop.note(&[], 1500).await;
    assert_eq!(shop.tell(1501).await, [], "it may show again");
    assert_eq!(shop.tell(1560).await, [told("log")]);
    assert_eq!(shop.tell(1570).await, []);

    let lines = shop.lines();
    assert_eq!(lines.len(), 2);
    let expected = serde_json::json!({
        "text": format!("value: {what}\nSince 2026-03-02 10:00 CET.\nOwner: shop team, then head of shop.\nhttps://comptoir.teas.example/review/value"),
        "key": lines[0]["key"],
        "id": 1,
        "state": "opened",
        "shop": "Teas",
        "cause": "promise/value/latency_p99",
        "products": [{"name": "value", "owner": "shop team", "escalation": "head of shop"}],
        "what": what,
        "link": "https://comptoir.teas.example/review/value",
        "opened_at": "2026-03-02T09:00:00Z",
        "closed_at": null,
        "at": lines[0]["at"],
    });
    assert_eq!(lines[0], expected);
    let over = &lines[1];
    assert_eq!((&over["id"], &over["state"]), (&1.into(), &"closed".into()));
    assert_eq!(over["closed_at"], "2026-03-03T10:00:00Z");
    let text = over["text"].as_str().unwrap();
    assert!(
        text.starts_with(
            "Over: value: slower still\nFrom 2026-03-02 10:00 CET to 2026-03-03 11:00 CET.\n"
        ),
        "{text}"
    );
    assert_ne!(over["key"], lines[0]["key"]);
}

#[tokio::test]
async fn what_flaps_is_told_once() {
    let shop = shop(FILE).await;
    for at in 0..40 {
        let shows = [signal("value", "slow")];
        shop.note(if at % 2 == 0 { &shows } else { &[] }, at).await;
        shop.tell(at).await;
    }
    assert_eq!(shop.lines().len(), 1);
    shop.tell(98).await;
    assert_eq!(shop.lines().len(), 1);
    shop.tell(99).await;
    assert_eq!(
        shop.lines().len(),
        2,
        "an hour after it was last seen to end"
    );
}

#[tokio::test]
async fn who_comes_after_the_owner_is_told_once_nobody_has_acted_for_hours() {
    let alerts = format!(
        "{FILE}[[alerts.file]]\nname = \"boss\"\npath = \"boss.ndjson\"\nescalations = [\"head of shop\"]\nafter_hours = 4\n"
    );
    let shop = shop(&alerts).await;
    shop.note(&[signal("value", "slow"), signal("worth", "slow")], 0)
        .await;
    assert_eq!(shop.tell(1).await, [told("log"), told("log")]);
    let waits = |incidents: Vec<Incident>| -> Vec<Stage> {
        let messages = incidents.into_iter().flat_map(|incident| incident.messages);
        let of_boss = messages.filter(|message| message.recipient == "boss");
        of_boss.map(|message| message.stage).collect()
    };
    let until = minute(240);
    let held = Stage::Held { until };
    assert_eq!(waits(shop.incidents(1).await), [held.clone(), held]);
    assert_eq!(shop.tell(239).await, [], "the owner has an hour left");
    // One is mended in time, of which its boss never hears.
    shop.note(&[signal("worth", "slow")], 239).await;
    assert_eq!(shop.tell(240).await, [told("boss")]);
    assert_eq!(shop.tell(299).await, [told("log")], "the other is over");
    shop.note(&[], 300).await;
    assert_eq!(shop.tell(360).await, [told("boss"), told("log")]);
}

#[tokio::test]
async fn channels_are_told_of_their_products_and_owners_only() {
    let alerts = "closing = false\ncalm_minutes = 0\n[[alerts.file]]\nname = \"all\"\npath = \"a\"\n\
                  [[alerts.file]]\nname = \"value\"\npath = \"b\"\nproducts = [\"value\"]\n\
                  [[alerts.file]]\nname = \"board\"\npath = \"c\"\nowners = [\"board\"]\n";
    let shop = shop(alerts).await;
    let of_nobody = Signal {
        cause: "promise/job".to_owned(),
        product: None,
        ..signal("value", "a job failed")
    };
    for (at, signals, expected) in [
        (0, vec![signal("value", "slow")], vec!["all", "value"]),
        (1, vec![signal("worth", "slow")], vec!["all", "board"]),
        (2, vec![of_nobody], vec!["all"]),
    ] {
        shop.note(&signals, at).await;
        let expected: Vec<_> = expected.into_iter().map(told).collect();
        assert_eq!(shop.tell(at).await, expected, "minute {at}");
    }
    shop.note(&[], 3).await;
    assert_eq!(shop.tell(4).await, [], "that it is over is not asked for");
    let jobs = shop.incidents(4).await;
    let named: Vec<usize> = jobs.iter().map(|i| i.messages.len()).collect();
    assert_eq!(named, [1, 2, 2]);
}

#[tokio::test]
async fn while_it_is_silent_nobody_is_told_and_afterwards_once() {
    let alerts = format!(
        "silence = [\"10:00-12:00\"]\n{FILE}[[alerts.file]]\nname = \"pager\"\npath = \"p\"\nsilence = []\n"
    );
    let shop = shop(&alerts).await;
    // 10:00 in Paris.
    shop.note(&[signal("value", "slow"), signal("worth", "slow")], 0)
        .await;
    let first = shop.workshop.tell(minute(0)).await.unwrap();
    assert_eq!(
        (first.messages.len(), first.held),
        (2, 2),
        "the pager is told"
    );
    let held = shop.incidents(1).await[0].messages[0].clone();
    assert_eq!(held.recipient, "log");
    assert_eq!(held.stage, Stage::Held { until: minute(120) });
    // One of them is over before anybody could be told.
    shop.note(&[signal("value", "slow")], 30).await;
    assert_eq!(shop.tell(91).await, [told("pager")]);
    assert!(shop.lines().is_empty());
    assert_eq!(shop.tell(120).await, [told("log"), told("log")]);
    assert_eq!(shop.tell(121).await, []);
    let states: Vec<(Value, Value)> = shop
        .lines()
        .iter()
        .map(|line| (line["products"][0]["name"].clone(), line["state"].clone()))
        .collect();
    assert_eq!(
        states,
        [
            ("value".into(), "opened".into()),
            ("worth".into(), "closed".into())
        ]
    );
}

#[tokio::test]
async fn an_address_that_fails_gets_the_message_later_and_then_no_more() {
    let receiver = Receiver::start(vec![Reply::Status(500), Reply::Status(200)]).await;
    let alerts = format!(
        "[[alerts.webhook]]\nname = \"chat\"\nurl = \"{}/hook?token=s3cret\"\n",
        receiver.address()
    );
    let shop = shop(&alerts).await;
    shop.note(&[signal("value", "slow")], 0).await;
    assert_eq!(shop.tell(0).await, [failed("chat")]);
    let Stage::Failed { why, attempts, .. } = &shop.incidents(0).await[0].messages[0].stage else {
        panic!("it failed")
    };
    assert_eq!(*attempts, 1);
    assert_eq!(
        why,
        "send over channel chat: the answer is 500 Internal Server Error, expected 200 to 299"
    );
    assert_eq!(shop.tell(0).await, [], "it waits a minute");
    assert_eq!(shop.tell(2).await, [told("chat")]);
    assert_eq!(shop.tell(60).await, []);

    let got = receiver.got();
    assert_eq!(got.len(), 2);
    let first = &got[0];
    assert!(
        first
            .head
            .starts_with("POST /hook?token=s3cret HTTP/1.1\r\n"),
        "{first:?}"
    );
    assert_eq!(first.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!(first.header("idempotency-key"), body["key"].as_str());
    assert_eq!(
        got[1].header("idempotency-key"),
        first.header("idempotency-key")
    );
    assert!(body["text"].as_str().unwrap().contains("/review/value"));
}

#[tokio::test]
async fn an_address_that_hangs_delays_nobody_else_and_no_further_message() {
    let hanging = Receiver::start(vec![Reply::Never]).await;
    let good = Receiver::start(vec![Reply::Status(204)]).await;
    let alerts = format!(
        "{FILE}[[alerts.webhook]]\nname = \"hangs\"\nurl = \"{}/\"\ntimeout_seconds = 2\n\
         [[alerts.webhook]]\nname = \"good\"\nurl = \"{}/\"\n",
        hanging.address(),
        good.address()
    );
    let shop = shop(&alerts).await;
    shop.note(&[signal("value", "slow"), signal("worth", "slow")], 0)
        .await;
    let began = Instant::now();
    let (told_at, ()) = tokio::join!(shop.tell(0), async {
        good.wait_for(2).await;
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "others wait for it"
        );
    });
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        told_at,
        [
            told("good"),
            told("good"),
            failed("hangs"),
            told("log"),
            told("log")
        ]
    );
    assert_eq!(hanging.got().len(), 1, "the second message is not tried");
    let found = shop.incidents(0).await;
    let stages: Vec<&Stage> = found
        .iter()
        .flat_map(|i| &i.messages)
        .filter(|m| m.recipient == "hangs")
        .map(|m| &m.stage)
        .collect();
    assert!(
        stages.iter().any(
            |s| matches!(s, Stage::Failed { why, .. } if why.ends_with("no answer within 2 s"))
        ),
        "{stages:?}"
    );
    assert!(stages.contains(&&Stage::Waits), "{stages:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_channel_is_said_without_its_secrets() {
    // Port 1 belongs to tcpmux, which nobody runs.
    let alerts = "[[alerts.webhook]]\nname = \"gone\"\nurl = \"http://127.0.0.1:1/s3cret\"\n\
                  [[alerts.webhook]]\nname = \"unset\"\nurl = \"${COMPTOIR_TEST_NO_SUCH_VARIABLE}\"\n\
                  [[alerts.file]]\nname = \"log\"\npath = \"no/such/folder/log\"\n\
                  [[alerts.email]]\nname = \"mail\"\nto = [\"a@teas.example\"]\nfrom = \"b@teas.example\"\nserver = \"127.0.0.1:1\"\n";
    let shop = shop(alerts).await;
    let tried = shop.workshop.try_channels(minute(0)).await;
    let errors: Vec<String> = tried.into_iter().map(|d| d.error.unwrap()).collect();
    for (error, parts) in errors.iter().zip([
        ["channel gone", "refused"],
        ["channel log", "no/such/folder/log"],
        ["channel mail", "refused"],
        ["channel unset", "COMPTOIR_TEST_NO_SUCH_VARIABLE is not set"],
    ]) {
        for part in parts {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
        assert!(!error.contains("s3cret"), "{error}");
    }
    assert_eq!(errors.len(), 4);
}

#[tokio::test]
async fn people_get_mail_one_each_and_who_is_refused_keeps_nobody_from_it() {
    let server = MailServer::start("nobody@teas.example", false).await;
    let alerts = format!(
        "[[alerts.email]]\nname = \"mail\"\nto = [\"on-call@teas.example\", \"nobody@teas.example\"]\n\
         from = \"Comptoir <alerts@teas.example>\"\nserver = \"{}\"\ntls = \"none\"\n",
        server.address()
    );
    let shop = shop(&alerts).await;
    let what = "p99 answer time is broken: 120 ms, promised ≤ 75 ms";
    shop.note(&[signal("value", what)], 0).await;
    let (to, refused) = ("mail: on-call@teas.example", "mail: nobody@teas.example");
    assert_eq!(shop.tell(0).await, [failed(refused), told(to)]);
    let found = shop.incidents(0).await;
    let Stage::Failed { why, .. } = &found[0].messages[0].stage else {
        panic!("it is refused")
    };
    assert!(why.contains("550") && why.contains("no such user"), "{why}");
    assert_eq!(
        shop.tell(2).await,
        [failed(refused)],
        "who has it gets it once"
    );
    shop.note(&[], 10).await;
    shop.tell(70).await;

    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    let first = &mails[0];
    assert_eq!(
        (first.from.as_str(), first.to.as_slice()),
        (
            "alerts@teas.example",
            &["on-call@teas.example".to_owned()][..]
        )
    );
    for part in [
        "From: Comptoir <alerts@teas.example>",
        "To: on-call@teas.example",
        "Subject: ",
        "Date: Mon, 02 Mar 2026 09:00:0",
        "https://comptoir.teas.example/review/value",
        "120 ms",
    ] {
        assert!(first.text.contains(part), "no {part:?} in {}", first.text);
    }
    let id = |mail: &str, header: &str| {
        let line = mail.lines().find(|line| line.starts_with(header)).unwrap();
        line.split_once(": ").unwrap().1.to_owned()
    };
    assert_eq!(
        id(&mails[1].text, "In-Reply-To"),
        id(&first.text, "Message-ID")
    );
    assert!(mails[1].text.contains("Over: value"), "{}", mails[1].text);
}

#[tokio::test]
async fn a_server_that_cannot_encrypt_is_sent_nothing() {
    let server = MailServer::start("nobody@teas.example", false).await;
    let alerts = format!(
        "[[alerts.email]]\nname = \"mail\"\nto = [\"on-call@teas.example\"]\nfrom = \"alerts@teas.example\"\n\
         server = \"{}\"\nuser = \"comptoir\"\npassword = \"${{PATH}}\"\n",
        server.address()
    );
    let shop = shop(&alerts).await;
    let tried = shop.workshop.try_channels(minute(0)).await;
    let error = tried[0].error.as_deref().unwrap();
    assert!(error.to_lowercase().contains("starttls"), "{error}");
    let said = server.said();
    assert!(
        said.iter()
            .all(|line| line.starts_with("EHLO") || line == "QUIT"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_password_is_given_to_a_server_that_asks_for_one() {
    let server = MailServer::start("nobody@teas.example", true).await;
    let alerts = format!(
        "[[alerts.email]]\nname = \"mail\"\nto = [\"on-call@teas.example\"]\nfrom = \"alerts@teas.example\"\n\
         server = \"{}\"\nuser = \"comptoir\"\npassword = \"${{HOME}}\"\ntls = \"none\"\n",
        server.address()
    );
    let shop = shop(&alerts).await;
    let tried = shop.workshop.try_channels(minute(0)).await;
    assert_eq!(tried[0].error, None);
    assert!(
        server
            .said()
            .iter()
            .any(|line| line.starts_with("AUTH PLAIN "))
    );
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn of_many_that_tell_at_once_one_sends() {
    let receiver = Receiver::start(vec![Reply::Status(200)]).await;
    let alerts = format!(
        "[[alerts.webhook]]\nname = \"chat\"\nurl = \"{}/\"\n",
        receiver.address()
    );
    let shop = shop(&alerts).await;
    shop.note(&[signal("value", "slow")], 0).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let workshop = open(shop.folder.path()).await;
        tasks.spawn(async move { workshop.tell(minute(0)).await.unwrap().messages.len() });
    }
    let sent: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!((sent, receiver.got().len()), (1, 1));
}

#[tokio::test]
async fn a_sender_that_died_leaves_a_message_that_another_sends() {
    let shop = shop(FILE).await;
    shop.note(&[signal("value", "slow")], 0).await;
    // It has the right to send, and is heard of no more: whether the message left is not known.
    let dead = (1, "log", About::Opened);
    let registry = &shop.workshop.registry;
    let claim = registry.claim_message(dead, None, minute(0), minute(5));
    assert!(claim.await.unwrap().is_some());
    assert_eq!(shop.tell(4).await, []);
    assert_eq!(shop.tell(5).await, [told("log")]);
    let first = shop.lines()[0].clone();
    // The key of another incident is another. That of each attempt is the same: see what an address that fails gets.
    shop.note(&[signal("value", "slow"), signal("worth", "slow")], 6)
        .await;
    assert_eq!(shop.tell(6).await, [told("log")]);
    assert_ne!(shop.lines()[1]["key"], first["key"]);
}

#[tokio::test]
async fn a_registry_that_is_away_is_named_and_nothing_is_lost() {
    let shop = shop(FILE).await;
    shop.note(&[signal("value", "slow")], 0).await;
    shop.workshop.registry.clone().close().await;
    let error = shop.workshop.tell(minute(0)).await.unwrap_err().to_string();
    assert!(error.starts_with("reach the registry: "), "{error}");
    assert!(shop.lines().is_empty());
    let again = open(shop.folder.path()).await;
    let told = again.tell(minute(1)).await.unwrap();
    assert_eq!(told.messages.len(), 1);
    assert_eq!(told.messages[0].about, Some(About::Opened));
    assert_eq!(shop.lines().len(), 1);
}

#[tokio::test]
async fn a_line_that_was_cut_off_takes_no_other_with_it() {
    let shop = shop(FILE).await;
    let path = shop.folder.path().join("alerts.ndjson");
    std::fs::write(&path, "{\"cut").unwrap();
    let tried = shop.workshop.try_channels(minute(0)).await;
    assert_eq!(tried[0].error, None);
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, "{\"cut"));
    let test: Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(
        (&test["state"], &test["id"]),
        (&"test".into(), &Value::Null)
    );
}

/// A review of the shop's products at a minute, as it would be with these promises and trainings.
fn review(shop: &Shop, at: i64, products: Vec<Reviewed>) -> Review {
    assert!(products.len() <= shop.workshop.project.products.len());
    Review {
        at: minute(at),
        data_until: Some(day(20)),
        inputs: factory::review::Inputs::default(),
        products,
    }
}

fn day(day: i8) -> AsOf {
    AsOf(jiff::civil::date(2026, 2, day))
}

fn kept(promise: Promised, state: State) -> Kept {
    let unit = match promise {
        Promised::VersionAge | Promised::DataAge | Promised::TableAge => Unit::Days,
        _ => Unit::Ms,
    };
    Kept {
        promise,
        table: None,
        state,
        promised: Some(2.0),
        measured: Some(10.0),
        before: None,
        unit,
        budget_left: None,
        because: String::new(),
    }
}

/// A product whose version has learnt what was known before a day.
fn reviewed(shop: &Shop, name: &str, learnt: i8, standing: Vec<Kept>, run: RunStatus) -> Reviewed {
    let product = shop.workshop.project.product(name).unwrap();
    Reviewed {
        header: product.header().clone(),
        state: State::Unknown,
        version: Some(Answers {
            number: 1,
            since: minute(0),
            as_of: Some(day(learnt)),
            at_launch: None,
        }),
        standing,
        service: Service::default(),
        live: Live::NotJudged {
            because: "none".to_owned(),
        },
        expected: None,
        why: None,
        makes_room: None,
        shadow: None,
        trial: None,
        next_training: None,
        last_run: Some(LastRun {
            started_at: minute(0),
            status: run,
        }),
        last_incident: None,
    }
}

impl Shop {
    /// Causes that are open once a review is noted, with their products.
    async fn open_after(&self, review: &Review) -> Vec<(String, Vec<String>)> {
        let noted = self.workshop.note_review(review, review.at).await;
        noted.unwrap();
        let all = self.incidents(0).await.into_iter();
        let mut open: Vec<_> = all
            .filter(|incident| incident.closed_at.is_none())
            .map(|incident| (incident.cause, incident.products))
            .collect();
        open.sort();
        open
    }
}

fn cause(cause: &str, products: &[&str]) -> (String, Vec<String>) {
    let products = products.iter().map(|name| (*name).to_owned());
    (cause.to_owned(), products.collect())
}

#[tokio::test]
async fn a_review_opens_what_is_broken_or_burns_and_no_age_that_nears_its_limit() {
    use Promised::{Answered, ByVersion, DataAge, LatencyP50, LatencyP99, VersionAge};
    let shop = shop("").await;
    let standing = vec![
        kept(LatencyP99, State::Broken),
        kept(Answered, State::AtRisk),
        kept(VersionAge, State::AtRisk),
        kept(DataAge, State::AtRisk),
        kept(ByVersion, State::Kept),
        kept(LatencyP50, State::Unknown),
    ];
    let one = reviewed(&shop, "value", 19, standing, RunStatus::Done);
    let other = reviewed(&shop, "worth", 19, vec![], RunStatus::Done);
    let open = shop.open_after(&review(&shop, 0, vec![one, other])).await;
    assert_eq!(
        open,
        [
            cause("promise/value/answered", &["value"]),
            cause("promise/value/latency_p99", &["value"])
        ]
    );
    let found = shop.incidents(0).await;
    let what: Vec<(&str, &str)> = found
        .iter()
        .map(|i| (i.what.as_str(), i.page.as_str()))
        .collect();
    assert!(
        what.contains(&(
            "questions answered is at risk: 10 ms, promised ≤ 2 ms",
            "/review/value"
        )),
        "{what:?}"
    );
}

#[tokio::test]
async fn sales_that_do_not_come_in_are_one_incident_with_all_that_grows_old_by_it() {
    use Promised::{DataAge, VersionAge};
    let shop = shop("").await;
    let old = |promise| kept(promise, State::Broken);
    // Of one the sales are too old; another's version is, and has learnt all that there is.
    let one = reviewed(&shop, "value", 19, vec![old(DataAge)], RunStatus::Done);
    let other = reviewed(&shop, "worth", 20, vec![old(VersionAge)], RunStatus::Done);
    let open = shop.open_after(&review(&shop, 0, vec![one, other])).await;
    assert_eq!(open, [cause("data_age", &["value", "worth"])]);
    assert_eq!(
        shop.incidents(0).await[0].what,
        "age of the sales is broken: 10 d, promised ≤ 2 d"
    );
    // Sales came in; the version has not learnt from them, and its training fails.
    let failed = RunStatus::Failed {
        reason: "no disk left".to_owned(),
    };
    let one = reviewed(&shop, "value", 19, vec![], RunStatus::Done);
    let other = reviewed(&shop, "worth", 10, vec![old(VersionAge)], failed);
    let open = shop.open_after(&review(&shop, 1, vec![one, other])).await;
    assert_eq!(open, [cause("run/worth", &["worth"])]);
    assert_eq!(
        shop.incidents(0).await[0].what,
        "the last training failed: no disk left; age of the version is broken: 10 d, promised ≤ 2 d"
    );
}

#[tokio::test]
async fn an_incident_is_not_over_because_its_reason_is_known_by_now() {
    use Promised::{DataAge, VersionAge};
    let shop = shop("").await;
    let old = || vec![kept(VersionAge, State::Broken)];
    let failed = || RunStatus::Failed {
        reason: "no disk left".to_owned(),
    };
    let other = || reviewed(&shop, "worth", 19, vec![], RunStatus::Done);
    let version_age = || cause("promise/value/version_age", &["value"]);
    // Nobody trains it.
    let value = reviewed(&shop, "value", 10, old(), RunStatus::Done);
    let both = review(&shop, 0, vec![value, other()]);
    assert_eq!(shop.open_after(&both).await, [version_age()]);
    // Somebody does and fails.
    let value = reviewed(&shop, "value", 10, old(), failed());
    let both = review(&shop, 1, vec![value, other()]);
    assert_eq!(
        shop.open_after(&both).await,
        [version_age(), cause("run/value", &["value"])]
    );
    // Then it works, and there are no newer sales to learn from.
    let mut standing = old();
    standing.push(kept(DataAge, State::Broken));
    let value = reviewed(&shop, "value", 20, standing, RunStatus::Done);
    let both = review(&shop, 2, vec![value, other()]);
    assert_eq!(
        shop.open_after(&both).await,
        [cause("data_age", &["value"]), version_age()]
    );
}

#[tokio::test]
async fn what_is_unknown_or_was_not_looked_at_closes_nothing() {
    use Promised::{DataAge, LatencyP99, Quality};
    let shop = shop("").await;
    let failed = || RunStatus::Failed {
        reason: "no disk left".to_owned(),
    };
    let broken = |promise| kept(promise, State::Broken);
    let all = [
        cause("data_age", &["value"]),
        cause("promise/value/latency_p99", &["value"]),
        cause("promise/worth/quality", &["worth"]),
        cause("run/value", &["value"]),
    ];
    let standing = vec![broken(DataAge), broken(LatencyP99)];
    let value = reviewed(&shop, "value", 19, standing, failed());
    let worth = reviewed(&shop, "worth", 19, vec![broken(Quality)], RunStatus::Done);
    let both = review(&shop, 0, vec![value, worth]);
    assert_eq!(shop.open_after(&both).await, all);
    // The product is asked no more, its training is under way.
    let standing = vec![broken(DataAge), kept(LatencyP99, State::Unknown)];
    let value = reviewed(&shop, "value", 19, standing, RunStatus::Running);
    let worth = reviewed(&shop, "worth", 19, vec![broken(Quality)], RunStatus::Done);
    let both = review(&shop, 1, vec![value, worth]);
    assert_eq!(shop.open_after(&both).await, all);
    // A look at one of them says nothing of the other, nor of the sales of all.
    let value = reviewed(&shop, "value", 19, vec![], RunStatus::Done);
    let alone = review(&shop, 2, vec![value.clone()]);
    assert_eq!(shop.open_after(&alone).await, all[..3]);
    let standing = vec![kept(LatencyP99, State::Kept)];
    let value = reviewed(&shop, "value", 19, standing, RunStatus::Done);
    let alone = review(&shop, 3, vec![value.clone()]);
    assert_eq!(
        shop.open_after(&alone).await,
        [all[0].clone(), all[2].clone()]
    );
    // A promise that is made no more is not broken, and nobody promises an age of the sales any more.
    let worth = reviewed(&shop, "worth", 19, vec![], RunStatus::Done);
    let both = review(&shop, 4, vec![value, worth]);
    assert_eq!(shop.open_after(&both).await, []);
}
