//! Jobs as people meet them: files, the verbs, and processes that are killed in the midst of it.

use crate::database::Database;
use crate::program::{comptoir, good, json, refused, rows, starter};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn write_jobs(shop: &Path) {
    std::fs::create_dir_all(shop.join("jobs")).unwrap();
    for (name, text) in [
        ("import", "does = \"import\"\nat = \"30 2 * * *\"\n"),
        (
            "training",
            "does = \"train\"\nafter = [\"import\"]\nneeded = true\n",
        ),
        (
            "values",
            "does = \"decide\"\nafter = [\"training\"]\nproducts = [\"value\"]\noutput = \"values-{date}.csv\"\n",
        ),
        (
            "review",
            "does = \"review\"\nafter = [\"values\"]\npublish = \"public\"\n",
        ),
    ] {
        let text = format!("owner = \"data team\"\nretry_minutes = 0\n{text}");
        std::fs::write(shop.join(format!("jobs/{name}.toml")), text).unwrap();
    }
}

fn schedule(shop: &Path) -> Value {
    json(&good(shop, &["schedule", "--output", "json", "-q"]).out)
}

/// The state of the last attempt at a job.
fn last(shop: &Path, job: &str) -> Value {
    let schedule = schedule(shop);
    let jobs = schedule["jobs"].as_array().unwrap();
    let of = jobs.iter().find(|of| of["job"] == job).unwrap();
    of["last"].clone()
}

#[test]
fn a_night_is_planned_done_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    refused(&shop, &["schedule"], 2, &["the project has no job"]);
    refused(&shop, &["work"], 2, &["the project has no job"]);
    write_jobs(&shop);
    let told = good(&shop, &["schedule"]).out;
    for part in [
        "at 02:30",
        "import, then training, values, review",
        "nobody does them now",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    refused(
        &shop,
        &["work", "--ask", "nightly"],
        2,
        &["there is no job \"nightly\", allowed is import"],
    );
    let done = good(&shop, &["work", "--once", "--ask", "import"]).out;
    for part in [
        "this process does the jobs",
        "import done",
        "rows accepted",
        "training done",
        "value version 1 answers",
        "values done",
        "review done",
    ] {
        assert!(done.contains(part), "no {part:?} in {done}");
    }
    assert!(shop.join("public/index.html").is_file());
    assert_eq!(schedule(&shop)["failures"].as_array().unwrap().len(), 0);
    let audit = good(&shop, &["audit", "value"]).out;
    assert!(
        audit.contains("champion: nothing -> version 1, promoted"),
        "{audit}"
    );
    let told = good(&shop, &["run", "--needed"]).out;
    assert!(
        told.contains("value (value): needs no training: nothing was imported"),
        "{told}"
    );
}

#[test]
fn an_import_that_is_refused_holds_up_what_follows_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    write_jobs(&shop);
    let main = shop.join("comptoir.toml");
    let text = std::fs::read_to_string(&main).unwrap();
    let alerts = "\n[alerts]\nlink = \"https://shop.example\"\n[[alerts.file]]\nname = \"log\"\npath = \"alerts.ndjson\"\n";
    std::fs::write(&main, text + alerts).unwrap();
    // As many rows without a date as with one.
    let file = shop.join("raw/sales.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let broken: String = (0..text.lines().count())
        .map(|n| format!("X{n},yesterday,C1,TEA,1,1.00\n"))
        .collect();
    std::fs::write(&file, text + &broken).unwrap();
    let ran = refused(
        &shop,
        &["work", "--once", "--ask", "import"],
        1,
        &["import refused"],
    );
    assert!(!ran.out.contains("training"), "{ran:#?}");
    let told = good(&shop, &["schedule"]).out;
    assert!(
        told.contains("the last failures") && told.contains("given up"),
        "{told}"
    );
    // It is an incident, and whoever is named was told of it once.
    let messages = || std::fs::read_to_string(shop.join("alerts.ndjson")).unwrap_or_default();
    let first = messages();
    assert_eq!(first.lines().count(), 1, "{first}");
    assert!(first.contains("the job import was refused: "), "{first}");
    good(&shop, &["work", "--once"]);
    assert_eq!(messages(), first);
}

fn work(shop: &Path) -> Child {
    Command::new(comptoir())
        .args(["work", "--once"])
        .current_dir(shop)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Numbers that look drawn, and are the same each time.
fn drawn(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

#[test]
fn whoever_is_killed_in_the_midst_of_it_each_job_has_its_effect_once() {
    const NIGHTS: u64 = 4;
    const KILLS_A_NIGHT: u64 = 4;
    /// Rows of one decision of kind `value`: what a customer buys, brings, and whether she is still one.
    const FIGURES: u64 = 3;
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    write_jobs(&shop);
    // Every night, whether or not it is needed.
    let training = "owner = \"shop team\"\ndoes = \"train\"\nafter = [\"import\"]\n";
    std::fs::write(shop.join("jobs/training.toml"), training).unwrap();
    let source = shop.join("sources/sales.toml");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("raw/sales.csv", "raw/*.csv")).unwrap();
    good(&shop, &["work", "--once", "--ask", "import"]);
    let sales = |shop: &Path| {
        rows(shop, "SELECT COUNT(*) AS n FROM sales")[0]["n"]
            .as_u64()
            .unwrap()
    };
    let before = sales(&shop);
    let text = std::fs::read_to_string(shop.join("raw/sales.csv")).unwrap();
    let mut lines = text.lines();
    let (header, example) = (lines.next().unwrap(), lines.next().unwrap());
    let order = example.split(',').next().unwrap();
    for night in 0..NIGHTS {
        let new = example.replace(order, &format!("N{night}"));
        std::fs::write(
            shop.join(format!("raw/night-{night}.csv")),
            format!("{header}\n{new}\n"),
        )
        .unwrap();
        good(&shop, &["work", "--ask", "import"]);
        for kill in 0..KILLS_A_NIGHT {
            let mut working = work(&shop);
            std::thread::sleep(Duration::from_millis(
                drawn(night * KILLS_A_NIGHT + kill) % 1500,
            ));
            working.kill().unwrap();
            working.wait().unwrap();
        }
        good(&shop, &["work", "--once"]);
        for job in ["import", "training", "values", "review"] {
            assert_eq!(last(&shop, job)["state"], "done", "{job} of night {night}");
        }
        // What was killed is lost, and nothing failed for it.
        for failure in schedule(&shop)["failures"].as_array().unwrap() {
            assert_eq!(failure["state"], "lost", "{failure}");
        }
        good(&shop, &["audit", "--verify"]);
        assert_eq!(sales(&shop), before + night + 1);
        let versions = json(&good(&shop, &["versions", "value", "--output", "json", "-q"]).out);
        let versions = versions["versions"].as_array().unwrap().len() as u64;
        assert_eq!(versions, night + 2, "one version a night");
        let sql = "SELECT COUNT(*) AS n, COUNT(DISTINCT decision_id) AS d, COUNT(DISTINCT customer_id) AS c \
                   FROM decisions";
        let decisions = &rows(&shop, sql)[0];
        let [n, d, c] = ["n", "d", "c"].map(|of| decisions[of].as_u64().unwrap());
        assert_eq!(d, c * (night + 2), "each customer once a night");
        assert_eq!(n, FIGURES * d, "and each decision once");
    }
}

/// Waits until something is so.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{what} never came"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_server_does_the_jobs_beside_answering_and_hands_over_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    write_jobs(&shop);
    let mut serving = Command::new(comptoir())
        .args(["serve", "--address", "127.0.0.1:0"])
        .current_dir(&shop)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let leads = || {
        schedule(&shop)["leader"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let pid = serving.id().to_string();
    wait_until("the server leads", || leads().starts_with(&pid));
    let told = good(&shop, &["work", "--ask", "import"]).out;
    assert!(told.contains(&format!("process {pid} on")), "{told}");
    wait_until("the review", || last(&shop, "review")["state"] == "done");
    // One who comes later waits for the server's jobs, and ends.
    good(&shop, &["work", "--once"]);
    let stopped = Command::new("kill").arg(&pid).status().unwrap();
    assert!(stopped.success() && serving.wait().unwrap().success());
    assert_eq!(leads(), "", "nobody leads once it has ended");
}

#[test]
fn of_two_schedulers_on_one_postgresql_the_other_goes_on_and_both_wait_for_a_registry_that_is_away()
{
    let Some(mut database) = Database::start("two schedulers") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    write_jobs(&shop);
    let main = shop.join("comptoir.toml");
    let text = std::fs::read_to_string(&main).unwrap();
    let other = text.lines().filter(|line| !line.starts_with("registry"));
    let other: Vec<&str> = other.collect();
    let text = format!("registry = \"{}\"\n{}\n", database.url, other.join("\n"));
    std::fs::write(&main, text).unwrap();
    let working = || {
        Command::new(comptoir())
            .arg("work")
            .current_dir(&shop)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut both = [working(), working()];
    let leader = || {
        schedule(&shop)["leader"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    wait_until("one leads", || !leader().is_empty());
    let first = leader();
    let is = |child: &Child| first.starts_with(&format!("{} ", child.id()));
    let at = both.iter().position(is).expect("one of the two leads");
    good(&shop, &["work", "--ask", "import"]);
    wait_until("the import", || {
        last(&shop, "import")["state"] != Value::Null
    });
    both[at].kill().unwrap();
    both[at].wait().unwrap();
    wait_until("the review", || last(&shop, "review")["state"] == "done");
    assert_ne!(leader(), first, "the other leads");

    // Away for longer than a leader may be unseen: nobody can say who leads until it is back.
    database.down();
    std::thread::sleep(Duration::from_secs(13));
    database.up();
    let import = last(&shop, "import")["due_at"].clone();
    good(&shop, &["work", "--ask", "import"]);
    wait_until("the next import", || {
        let last = last(&shop, "import");
        last["due_at"] != import && last["state"] == "done"
    });
    good(&shop, &["audit", "--verify"]);
    for mut one in both {
        let _ = one.kill();
        let _ = one.wait();
    }
}

#[test]
fn a_version_waits_for_a_person_where_its_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let file = shop.join("products/value.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let asks = "[retraining]\npromotes = \"person\"\n\n[settings]";
    std::fs::write(&file, text.replace("[settings]", asks)).unwrap();
    good(&shop, &["import", "-q"]);
    let told = good(&shop, &["run", "value"]).out;
    assert!(
        told.contains("value (value) version 1: challenger")
            && told.contains("waits for `comptoir promote value 1`"),
        "{told}"
    );
    let told = good(&shop, &["versions", "value"]).out;
    assert!(
        told.contains("version 1 passed its gate and waits for a person"),
        "{told}"
    );
    refused(
        &shop,
        &["explain", "value", "--for", "C075"],
        2,
        &["no champion"],
    );
    good(&shop, &["promote", "value", "1", "--why", "looked at it"]);
    let told = good(&shop, &["versions", "value"]).out;
    assert!(
        told.contains("champion") && !told.contains("waits"),
        "{told}"
    );
    let audit = good(&shop, &["audit", "value"]).out;
    assert!(
        audit.contains("challenger: nothing -> version 1") && audit.contains("looked at it"),
        "{audit}"
    );
    let wrong = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, wrong.replace("\"person\"", "\"nobody\"")).unwrap();
    refused(&shop, &["check"], 1, &["value.toml", "nobody"]);
}
