//! Incidents as a person at a terminal and a cron job see them.

use crate::documents::documented;
use crate::program::{comptoir, good, json, refused, run, starter};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// A starter shop with its sales, whose three products promise an age of the sales in days.
fn shop(folder: &Path, days_max: u32, alerts: &str) -> std::path::PathBuf {
    let shop = starter(folder);
    good(&shop, &["import", "--quiet"]);
    promise(&shop, days_max);
    let path = shop.join("comptoir.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let link = "[alerts]\nlink = \"https://comptoir.teas.example\"\ncalm_minutes = 0\n";
    std::fs::write(&path, format!("{text}\n{link}{alerts}")).unwrap();
    shop
}

fn promise(shop: &Path, days_max: u32) {
    for name in ["for-you", "segments", "value"] {
        let path = shop.join(format!("products/{name}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("\n[promises]").next().unwrap();
        let promises = format!("\n[promises]\ndata_age_days_max = {days_max}\n");
        std::fs::write(&path, format!("{text}{promises}")).unwrap();
    }
}

const FILE: &str = "[[alerts.file]]\nname = \"log\"\npath = \"alerts.ndjson\"\n";

fn messages(shop: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(shop.join("alerts.ndjson")).unwrap_or_default();
    text.lines().map(json).collect()
}

#[test]
fn whoever_looks_sends_nothing_and_who_tells_sends_one_message_for_all_products() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), 2, FILE);
    assert_eq!(good(&shop, &["incidents"]).out, "no incident is open\n");
    refused(&shop, &["review"], 1, &["age of the sales is broken"]);
    assert!(messages(&shop).is_empty());
    let open = good(&shop, &["incidents"]).out;
    for part in [
        "open since ",
        "for-you, segments, value\n  age of the sales is broken: ",
        "promised ≤ 2 d\n",
        "  log: to be told by the next review --tell\n",
    ] {
        assert!(open.contains(part), "no {part:?} in {open}");
    }

    let told = run(&shop, &["review", "--tell"]);
    assert_eq!(told.code, 1, "{told:#?}");
    assert!(told.out.contains("incident 1: log is told\n"), "{told:#?}");
    let again = run(&shop, &["review", "--tell", "--output", "json"]);
    let document = json(&again.out);
    documented("review", &document);
    assert_eq!(document["told"]["messages"], Value::Array(vec![]));
    let sent = messages(&shop);
    assert_eq!(sent.len(), 1, "{sent:?}");
    let names: Vec<&Value> = sent[0]["products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["name"])
        .collect();
    assert_eq!(names, ["for-you", "segments", "value"]);
    assert_eq!(sent[0]["link"], "https://comptoir.teas.example/review");

    // A look at one product says nothing of what all have in common.
    promise(&shop, 9_000);
    good(&shop, &["review", "value", "--tell"]);
    let document = json(&good(&shop, &["incidents", "--output", "json"]).out);
    documented("incidents", &document);
    assert_eq!(document["incidents"][0]["messages"][0]["stage"], "told");
    good(&shop, &["review", "--tell"]);
    assert_eq!(good(&shop, &["incidents"]).out, "no incident is open\n");
    let all = good(&shop, &["incidents", "--all"]).out;
    for part in [
        "over    ",
        "  log: told at ",
        "  log: told that it is over at ",
    ] {
        assert!(all.contains(part), "no {part:?} in {all}");
    }
    let sent = messages(&shop);
    assert_eq!((sent.len(), &sent[1]["state"]), (2, &"closed".into()));
    assert!(
        sent[1]["text"]
            .as_str()
            .unwrap()
            .starts_with("Over: for-you, segments, value: ")
    );
}

#[test]
fn of_processes_that_tell_at_once_one_sends() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), 2, FILE);
    refused(&shop, &["review"], 1, &[]);
    let start = || {
        Command::new(comptoir())
            .args(["review", "--tell", "--quiet"])
            .current_dir(&shop)
            .env_remove("COMPTOIR_PROJECT")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut children = [start(), start(), start(), start()];
    for child in &mut children {
        assert_eq!(child.wait().unwrap().code(), Some(1));
    }
    assert_eq!(messages(&shop).len(), 1);
}

#[test]
fn a_test_message_says_who_got_it_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    // Port 1 belongs to tcpmux, which nobody runs.
    let chat = "[[alerts.webhook]]\nname = \"chat\"\nurl = \"${CHAT_HOOK}\"\n";
    let shop = shop(
        folder.path(),
        2,
        &format!("silence = [\"mon-sat\"]\n{FILE}{chat}"),
    );
    let ran: crate::program::Ran = Command::new(comptoir())
        .args(["incidents", "--test"])
        .current_dir(&shop)
        .env("NO_COLOR", "1")
        .env("CHAT_HOOK", "http://127.0.0.1:1/s3cret")
        .env_remove("COMPTOIR_PROJECT")
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_eq!(
        ran.out,
        "WHO   TEST MESSAGE\nchat  did not arrive\nlog   arrived\n"
    );
    assert!(
        ran.err.starts_with("error: send over channel chat: ") && ran.err.contains("refused"),
        "{ran:#?}"
    );
    assert!(!ran.err.contains("s3cret"), "{ran:#?}");
    assert_eq!(messages(&shop)[0]["state"], "test");
    refused(
        &shop,
        &["incidents", "--test"],
        2,
        &["environment variable CHAT_HOOK is not set"],
    );
    let folder = tempfile::tempdir().unwrap();
    let nobody = starter(folder.path());
    refused(
        &nobody,
        &["incidents", "--test"],
        2,
        &["nobody is named in [alerts]", "[[alerts.email]]"],
    );
}
