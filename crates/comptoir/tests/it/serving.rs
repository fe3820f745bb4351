//! The served program, killed and stopped while it is asked.

use crate::documents::documented;
use crate::program::{comptoir, counts, good, json, rows, run, starter};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The starter shop, imported and with a champion.
pub(crate) fn trained(folder: &Path) -> std::path::PathBuf {
    let shop = starter(folder);
    good(&shop, &["import", "--quiet"]);
    assert!(run(&shop, &["run", "for-you", "--quiet"]).code <= 1);
    shop
}

pub(crate) fn serve(shop: &Path) -> (Child, String) {
    serve_as(Command::new(comptoir()), shop)
}

/// Serves by a command that starts the program, and gives the process with its address.
pub(crate) fn serve_as(mut program: Command, shop: &Path) -> (Child, String) {
    let mut child = program
        .args(["serve", "--address", "127.0.0.1:0", "--output", "json"])
        .current_dir(shop)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    while !told.contains('}') {
        assert!(
            out.read_line(&mut told).unwrap() > 0,
            "the server ended: {told}"
        );
    }
    documented("serve", &json(&told));
    let address = json(&told)["address"].as_str().unwrap().to_owned();
    (child, address.trim_start_matches("http://").to_owned())
}

/// A question to `for-you`, as it is sent.
fn question(body: &str) -> String {
    format!(
        "POST /v1/products/for-you/decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A connection that asks one thing after the other.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) fn open(address: &str) -> Option<Self> {
        TcpStream::connect(address).ok().map(Self)
    }

    /// Status and body; nothing where the server is gone.
    pub(crate) fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<(u16, String)> {
        let headers: String = headers
            .iter()
            .map(|(k, v)| format!("{k}: {v}\r\n"))
            .collect();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(request.as_bytes()).ok()?;
        read_answer(&mut self.0)
    }

    pub(crate) fn get(&mut self, path: &str) -> Option<(u16, String)> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        self.0.write_all(request.as_bytes()).ok()?;
        read_answer(&mut self.0)
    }
}

/// Asks once.
pub(crate) fn ask(address: &str, body: &str) -> (u16, serde_json::Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(question(body).as_bytes()).unwrap();
    let (status, answer) = read_answer(&mut stream).unwrap();
    (status, json(&answer))
}

/// Asks on one connection until the server is gone; gives back the identifiers answered, and how many were refused.
fn ask_on(address: &str, stop: &AtomicBool) -> (Vec<String>, usize) {
    let (mut ids, mut failed) = (Vec::new(), 0);
    let Ok(mut stream) = TcpStream::connect(address) else {
        return (ids, failed);
    };
    let request = question(r#"{"customer_id":"C001","items":3}"#);
    while !stop.load(Ordering::Relaxed) {
        if stream.write_all(request.as_bytes()).is_err() {
            break;
        }
        let Some((status, answer)) = read_answer(&mut stream) else {
            break;
        };
        if status == 200 {
            ids.push(json(&answer)["decision_id"].as_str().unwrap().to_owned());
        } else {
            failed += 1;
        }
    }
    (ids, failed)
}

/// One whole answer; `None` where the connection ended before it was complete.
fn read_answer(stream: &mut TcpStream) -> Option<(u16, String)> {
    let (mut head, mut byte) = (Vec::new(), [0u8; 1]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?.to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length: usize = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "))?
        .trim()
        .parse()
        .ok()?;
    let mut body = vec![0u8; length];
    stream.read_exact(&mut body).ok()?;
    Some((status, String::from_utf8(body).ok()?))
}

/// Asks on several connections while `then` happens to the server.
fn under_load(address: &str, then: impl FnOnce()) -> (Vec<String>, usize) {
    let stop = Arc::new(AtomicBool::new(false));
    let all = Arc::new(Mutex::new((Vec::new(), 0)));
    let askers: Vec<_> = (0..4)
        .map(|_| {
            let (address, stop, all) = (address.to_owned(), Arc::clone(&stop), Arc::clone(&all));
            std::thread::spawn(move || {
                let (ids, failed) = ask_on(&address, &stop);
                let mut all = all.lock().unwrap();
                all.0.extend(ids);
                all.1 += failed;
            })
        })
        .collect();
    then();
    stop.store(true, Ordering::Relaxed);
    askers.into_iter().for_each(|a| a.join().unwrap());
    let mut all = all.lock().unwrap();
    std::mem::take(&mut *all)
}

pub(crate) fn terminate(child: &mut Child) {
    Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(
        child.wait().unwrap().success(),
        "the server ends with 0 when it is asked to stop"
    );
}

/// How often each decision is in the lake.
fn logged(shop: &Path) -> Vec<String> {
    let sql = "SELECT decision_id FROM decisions WHERE position = 1";
    rows(shop, sql)
        .iter()
        .map(|row| row["decision_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_answered_decision_is_in_the_lake_exactly_once_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let shop = trained(folder.path());
    let mut answered = Vec::new();
    for pause_ms in [400, 900, 150] {
        let (mut child, address) = serve(&shop);
        let (ids, _) = under_load(&address, || {
            std::thread::sleep(Duration::from_millis(pause_ms));
            child.kill().unwrap();
            child.wait().unwrap();
        });
        answered.extend(ids);
    }
    assert!(answered.len() > 20, "{}", answered.len());
    let (mut child, _) = serve(&shop);
    terminate(&mut child);
    let logged = logged(&shop);
    let distinct: BTreeSet<&String> = logged.iter().collect();
    assert_eq!(distinct.len(), logged.len(), "a decision is there twice");
    let lost: Vec<_> = answered
        .iter()
        .filter(|id| !distinct.contains(id))
        .collect();
    assert!(
        lost.is_empty(),
        "{} of {} answered decisions are lost",
        lost.len(),
        answered.len()
    );
}

#[test]
fn a_server_asked_to_stop_answers_what_it_has_read_and_logs_exactly_that() {
    let folder = tempfile::tempdir().unwrap();
    let shop = trained(folder.path());
    let mut answered = Vec::new();
    for pause_ms in [400, 150] {
        let (mut child, address) = serve(&shop);
        let (ids, failed) = under_load(&address, || {
            std::thread::sleep(Duration::from_millis(pause_ms));
            terminate(&mut child);
        });
        assert_eq!(failed, 0, "a question was answered with an error");
        answered.extend(ids);
    }
    assert!(answered.len() > 20, "{}", answered.len());
    let mut logged = logged(&shop);
    logged.sort();
    answered.sort();
    assert_eq!(logged, answered);
}

#[test]
fn a_new_champion_takes_over_without_a_failed_request() {
    let folder = tempfile::tempdir().unwrap();
    let shop = trained(folder.path());
    assert!(run(&shop, &["run", "for-you", "--seed", "9", "--quiet"]).code <= 1);
    let (mut child, address) = serve(&shop);
    let (ids, failed) = under_load(&address, || {
        for version in ["1", "2", "1"] {
            let why = ["--despite-gate", "--why", "test"];
            let ran = run(
                &shop,
                &[&["promote", "for-you", version][..], &why].concat(),
            );
            assert!(ran.code <= 2, "{ran:#?}");
            std::thread::sleep(Duration::from_millis(1_500));
        }
    });
    terminate(&mut child);
    assert_eq!(failed, 0);
    assert!(ids.len() > 50, "{}", ids.len());
    let sql = "SELECT COUNT(DISTINCT version) AS versions, COUNT(DISTINCT decision_id) AS n FROM decisions";
    let row = &rows(&shop, sql)[0];
    assert_eq!(row["versions"], 2, "{row}");
    assert_eq!(
        row["n"].as_u64().unwrap() as usize,
        ids.len(),
        "every answer is logged, and nothing else"
    );
}

#[test]
fn an_import_killed_at_any_moment_leaves_the_lake_as_before_or_after() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let before = counts(&shop);
    let mut seen = BTreeSet::new();
    for pause_ms in [
        5, 20, 40, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 700,
    ] {
        let mut child = Command::new(comptoir())
            .args(["import", "--quiet"])
            .current_dir(&shop)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        seen.insert(counts(&shop));
    }
    good(&shop, &["import", "--quiet"]);
    let after = counts(&shop);
    assert_ne!(before, after);
    assert!(seen.iter().all(|s| *s == before || *s == after), "{seen:?}");
}
