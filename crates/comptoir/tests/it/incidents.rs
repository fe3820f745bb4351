//! Incidents as a person at a terminal and a cron job see them.

use crate::documents::documented;
use crate::program::{comptoir, good, json, refused, run, starter};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

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
fn an_import_that_was_refused_is_one_incident_with_all_that_grows_old_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), 9_000, FILE);
    let sales = shop.join("raw/sales.csv");
    let whole = std::fs::read_to_string(&sales).unwrap();
    let header = whole.lines().next().unwrap();
    let bad: String = (0..50).map(|n| format!("{n},,,,,\n")).collect();
    std::fs::write(&sales, format!("{header}\n{bad}")).unwrap();
    let told = |code: i32| {
        let ran = run(&shop, &["review", "--tell"]);
        assert_eq!(ran.code, code, "{ran:#?}");
        messages(&shop)
    };
    assert_eq!(run(&shop, &["import", "--quiet"]).code, 1);
    let sent = told(0);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0]["cause"], "import/sales");
    assert_eq!(
        sent[0]["link"],
        "https://comptoir.teas.example/tables/sales"
    );
    assert_eq!(sent[0]["products"], Value::Array(vec![]));
    // Sales grow too old by it: that is no news.
    promise(&shop, 2);
    assert_eq!(told(1).len(), 1);
    let open = good(&shop, &["incidents"]).out;
    for part in [
        "for-you, segments, value\n  the import of sales was refused: ",
        "; age of the sales is broken: ",
    ] {
        assert!(open.contains(part), "no {part:?} in {open}");
    }
    // The source passes, and what it brings is old: now that is what is wrong.
    std::fs::write(&sales, whole).unwrap();
    good(&shop, &["import", "--quiet"]);
    let sent = told(1);
    let states: Vec<(&Value, &Value)> = sent.iter().map(|m| (&m["cause"], &m["state"])).collect();
    assert_eq!(states.len(), 3, "{states:?}");
    assert!(
        states.contains(&(&"import/sales".into(), &"closed".into()))
            && states.contains(&(&"data_age".into(), &"opened".into())),
        "{states:?}"
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

/// Runs `openssl` and expects success; no output of it is of interest.
fn openssl(folder: &Path, arguments: &str) {
    let ran = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
}

/// An authority, and what it says of this machine.
fn certificates(folder: &Path) {
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
    );
    openssl(
        folder,
        "req -newkey rsa:2048 -nodes -keyout key.pem -out asked.pem -subj /CN=localhost",
    );
    let names = "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n";
    std::fs::write(folder.join("names"), names).unwrap();
    openssl(
        folder,
        "x509 -req -in asked.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile names",
    );
}

/// A server of TLS that gives on what it reads and sends what it is given.
fn encrypted(folder: &Path) -> (Child, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port.local_addr().unwrap().port();
    let server = Command::new("openssl")
        .args(["s_server", "-quiet", "-cert", "cert.pem", "-key", "key.pem"])
        .args(["-accept", &format!("127.0.0.1:{port}")])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    (server, port)
}

#[test]
fn a_password_goes_only_to_a_server_whose_certificate_is_good() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!(
            "skipped: a_password_goes_only_to_a_server_whose_certificate_is_good needs `openssl`"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let (mut server, port) = encrypted(folder.path());
    let alerts = format!(
        "[[alerts.email]]\nname = \"mail\"\nto = [\"a@teas.example\"]\nfrom = \"b@teas.example\"\n\
         server = \"localhost:{port}\"\ntls = \"tls\"\nuser = \"comptoir\"\npassword = \"${{MAIL_PASSWORD}}\"\n"
    );
    let shop = shop(folder.path(), 2, &alerts);
    let test = || {
        let mut command = Command::new(comptoir());
        command
            .args(["incidents", "--test"])
            .current_dir(&shop)
            .env("MAIL_PASSWORD", "s3cret")
            .env_remove("COMPTOIR_PROJECT");
        command
    };
    let unknown: crate::program::Ran = test().output().unwrap().into();
    assert_eq!(unknown.code, 2, "{unknown:#?}");
    assert!(unknown.err.contains("UnknownIssuer"), "{unknown:#?}");

    let mut known = test();
    known.env("SSL_CERT_FILE", folder.path().join("ca.pem"));
    known.stdout(Stdio::piped()).stderr(Stdio::piped());
    let known = known.spawn().unwrap();
    let mut answer = server.stdin.take().unwrap();
    answer.write_all(b"220 teas.example ESMTP\r\n").unwrap();
    let mut said = Vec::new();
    let mut in_mail = false;
    for line in BufReader::new(server.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let reply: &[u8] = match line.split([' ', ':']).next().unwrap() {
            "." => {
                in_mail = false;
                b"250 taken\r\n"
            }
            _ if in_mail => b"",
            "EHLO" => b"250-teas.example\r\n250 AUTH PLAIN\r\n",
            "AUTH" => b"235 welcome\r\n",
            "DATA" => {
                in_mail = true;
                b"354 go on\r\n"
            }
            _ => b"250 fine\r\n",
        };
        answer.write_all(reply).unwrap();
        said.push(line);
        if said.ends_with(&["QUIT".to_owned()]) {
            break;
        }
    }
    let known: crate::program::Ran = known.wait_with_output().unwrap().into();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(known.code, 0, "{known:#?}");
    // What the server heard before the certificate was known to be good was nothing.
    assert!(said[0].starts_with("EHLO "), "{said:?}");
    assert!(said[1].starts_with("AUTH PLAIN "), "{said:?}");
    assert!(
        said.iter().any(|line| line.contains("nothing is wrong")),
        "{said:?}"
    );
}
