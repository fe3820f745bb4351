//! A server whose disk is full when a version is to answer.

use crate::clock::Clock;
use crate::program::{comptoir, good, json, run, starter};
use crate::registry_away::{Stops, ask, last_version, wait_until};
use crate::serving::{Connection, serve_as, terminate};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Half a kibibyte: nothing that is written fits.
const FULL: &str = "--fsize=512:";
const ROOM: &str = "--fsize=unlimited:";

/// More than a process has to a registry that is a file.
const CONNECTIONS: usize = 12;

/// Longer than the time between two looks at challengers.
const ONE_LOOK: Duration = Duration::from_secs(65);

/// Lets no file of a process grow beyond a size, or any again: writing fails as on a full disk.
fn limit(process: &Child, size: &str) {
    let id = process.id().to_string();
    let done = Command::new("prlimit").args(["--pid", &id, size]).status();
    assert!(done.unwrap().success());
}

/// Whether files of a process can be limited here.
fn can_limit() -> bool {
    let can = Command::new("prlimit").arg("--version").output().is_ok();
    if !can {
        println!("skipped: a full disk needs prlimit (apt-get install util-linux)");
    }
    can
}

/// Makes a shell start the program so that a full disk is an error and not its end. Its words go through a pipe into a
/// file that another process writes.
fn patient(mut shell: Command, said: &Path) -> Command {
    let said = said.display();
    let script = format!(
        "trap '' XFSZ; mkfifo \"{said}.pipe\"; cat <\"{said}.pipe\" >\"{said}\" & \
         exec \"{}\" \"$@\" 2>\"{said}.pipe\"",
        comptoir()
    );
    shell.args(["-c", &script, "sh"]);
    shell
}

/// What a program that has ended said.
fn all_said(said: &Path) -> String {
    // The other process reads to the end.
    std::thread::sleep(Duration::from_millis(500));
    std::fs::read_to_string(said).unwrap()
}

fn versions(shop: &Path) -> Value {
    json(&good(shop, &["versions", "for-you", "--output", "json"]).out)
}

/// The shop with two versions, and why the file of its product asks for more.
fn shop_with(folder: &Path, retraining: &str) -> PathBuf {
    let shop = starter(folder);
    let product = shop.join("products/for-you.toml");
    let text = std::fs::read_to_string(&product).unwrap();
    let asks = format!("{retraining}[settings]");
    std::fs::write(&product, text.replace("[settings]", &asks)).unwrap();
    good(&shop, &["import", "-q"]);
    for seed in ["1", "2"] {
        good(&shop, &["run", "for-you", "-q", "--seed", seed]);
    }
    shop
}

#[test]
fn a_promotion_by_the_api_on_a_full_disk_is_refused_changes_nothing_and_is_made_afterwards() {
    if !can_limit() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let shop = shop_with(folder.path(), "");
    let before = versions(&shop);
    assert_eq!(before["champion"], 2);
    let said = folder.path().join("said");
    let (mut server, address) = serve_as(patient(Command::new("sh"), &said), &shop);
    let mut connection = Connection::open(&address).unwrap();
    let asked = json!({ "version": 1, "who": "C. Martin", "why": "looked at it" }).to_string();
    let promote = |connection: &mut Connection| {
        let path = "/v1/products/for-you/promote";
        let (status, told) = connection.post(path, &[], &asked).unwrap();
        (status, json(&told))
    };
    limit(&server, FULL);
    // As often as it has connections to its registry, and once more.
    for _ in 0..CONNECTIONS {
        let (status, told) = promote(&mut connection);
        assert_eq!(status, 500, "{told}");
        assert_eq!(told["type"], "/problems/internal", "{told}");
    }
    assert_eq!(versions(&shop), before, "as before");
    good(&shop, &["audit", "--verify"]);

    limit(&server, ROOM);
    let (status, told) = promote(&mut connection);
    assert_eq!((status, &told["to"]), (200, &json!(1)), "{told}");
    let question = r#"{"customer_id":"C001","items":3}"#;
    let (status, told) = connection
        .post("/v1/products/for-you/decide", &[], question)
        .unwrap();
    assert_eq!(
        (status, &json(&told)["version"]),
        (200, &json!(1)),
        "{told}"
    );
    terminate(&mut server);
    assert_eq!(versions(&shop)["champion"], 1);
    good(&shop, &["audit", "--verify"]);
    let said = all_said(&said);
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_version_whose_hours_in_the_shadow_are_over_on_a_full_disk_answers_once_there_is_room() {
    if !can_limit() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(clock) = Clock::new(folder.path()).unwrap() else {
        println!("skipped: a clock that can be set needs Linux and a C compiler");
        return;
    };
    let asks = "[retraining]\nshadow_hours = 1\nshadow_answers_min = 20\n\n";
    let shop = shop_with(folder.path(), asks);
    let before = versions(&shop);
    assert_eq!(
        (&before["champion"], &before["challenger"]),
        (&json!(1), &json!(2))
    );
    let said = folder.path().join("said");
    let (mut server, address) = serve_as(patient(clock.command("sh"), &said), &shop);
    let in_shadow = "SELECT COUNT(DISTINCT decision_id) AS n FROM shadow_answers";
    let (stop, told) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let stops = Stops(&stop);
        scope.spawn(|| ask(&address, "", &stop, &told));
        wait_until("enough answers in the shadow", || {
            let told = run(&shop, &["query", in_shadow, "--output", "json", "-q"]);
            told.code == 0 && json(&told.out)["n"].as_u64() >= Some(20)
        });
        assert_eq!(last_version(&told), Some(1));
        drop(stops);
    });
    limit(&server, FULL);
    clock.set(2 * 3_600).unwrap();
    std::thread::sleep(ONE_LOOK);
    assert_eq!(versions(&shop), before, "as before");
    good(&shop, &["audit", "--verify"]);
    let so_far = std::fs::read_to_string(&said).unwrap();
    assert!(
        so_far.contains("jobs wait for the registry"),
        "it is said: {so_far}"
    );

    limit(&server, ROOM);
    wait_until("the version that was in the shadow", || {
        versions(&shop)["champion"] == 2
    });
    terminate(&mut server);
    let after = versions(&shop);
    assert_eq!(
        after["history"].as_array().unwrap().len(),
        2,
        "promoted once: {after}"
    );
    good(&shop, &["audit", "--verify"]);
    let said = all_said(&said);
    assert!(!said.contains("panicked"), "{said}");
}
