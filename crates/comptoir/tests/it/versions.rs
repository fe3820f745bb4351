//! Champions: how they are defended, taken back, and found out when they are broken.

use crate::program::{comptoir, good, json, refused, rows, run};
use crate::serving::trained;
use serde_json::Value;
use sha2::Digest;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::Path;

/// The champion of `for-you`, and how many versions there are.
fn champion(shop: &Path) -> (Value, usize) {
    let told = json(&good(shop, &["versions", "for-you", "--output", "json"]).out);
    (
        told["champion"].clone(),
        told["versions"].as_array().unwrap().len(),
    )
}

#[test]
fn a_version_that_loses_its_gate_is_kept_and_answers_only_when_somebody_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let shop = trained(folder.path());
    assert_eq!(champion(&shop), (1.into(), 1));
    // Lists that may not hold what was bought before are measured on other purchases: the figures are not alike.
    let file = shop.join("products/for-you.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("seen = \"allowed\"", "seen = \"excluded\""),
    )
    .unwrap();

    let why_not = "they cannot be compared, promote it by hand";
    let ran = refused(&shop, &["run", "for-you"], 1, &["not promoted", why_not]);
    assert!(
        ran.err.contains("refused: for-you: for_you ndcg@20"),
        "{ran:#?}"
    );
    assert_eq!(
        champion(&shop),
        (1.into(), 2),
        "it is kept, the champion stays"
    );
    let runs = rows(
        &shop,
        "SELECT version, state, reason FROM runs ORDER BY version",
    );
    assert_eq!(
        (&runs[0]["state"], &runs[1]["state"]),
        (&"done".into(), &"refused".into())
    );
    assert!(
        runs[1]["reason"].as_str().unwrap().contains(why_not),
        "{runs:?}"
    );

    let promote = ["promote", "for-you", "2"];
    let ran = refused(&shop, &promote, 1, &[why_not]);
    assert_eq!(ran.out, "");
    refused(
        &shop,
        &[&promote[..], &["--despite-gate"]].concat(),
        2,
        &["--why"],
    );
    refused(
        &shop,
        &["promote", "for-you", "3"],
        2,
        &["version 3", "found 2 versions"],
    );
    assert_eq!(champion(&shop).0, 1);
    let reason = ["--despite-gate", "--why", "only new things this month"];
    good(&shop, &[&promote[..], &reason].concat());
    assert_eq!(champion(&shop).0, 2);
    good(&shop, &["rollback", "for-you", "--why", "odd answers"]);
    assert_eq!(champion(&shop).0, 1);
    refused(
        &shop,
        &["rollback", "for-you"],
        2,
        &["no version before it"],
    );
    assert_eq!(champion(&shop).0, 1);
    let told = json(&good(&shop, &["versions", "for-you", "--output", "json"]).out);
    let history = told["history"].as_array().unwrap();
    let whys: Vec<&str> = history.iter().map(|h| h["why"].as_str().unwrap()).collect();
    assert_eq!(whys.len(), 3, "{whys:?}");
    for why in ["only new things this month", "odd answers"] {
        assert!(whys.contains(&why), "{whys:?}");
    }
}

/// Works on the registry's file behind the program's back, as another process does.
fn behind_its_back<T>(shop: &Path, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let options = SqliteConnectOptions::new()
        .filename(shop.join("registry.sqlite"))
        .foreign_keys(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let done = work(&mut connection).await;
        connection.close().await.unwrap();
        done
    })
}

#[test]
fn a_registry_held_by_another_process_is_named_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let shop = trained(folder.path());
    let promote = [
        "promote",
        "for-you",
        "1",
        "--despite-gate",
        "--why",
        "again",
    ];
    let (ran, promoted) = behind_its_back(&shop, async |connection| {
        sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut *connection)
            .await
            .unwrap();
        // Each waits its five seconds: both at once.
        let both = std::thread::scope(|scope| {
            let promoted = scope.spawn(|| run(&shop, &promote));
            (
                run(&shop, &["run", "for-you", "--quiet"]),
                promoted.join().unwrap(),
            )
        });
        sqlx::raw_sql("ROLLBACK")
            .execute(&mut *connection)
            .await
            .unwrap();
        both
    });
    for ran in [ran, promoted] {
        assert_eq!(ran.code, 2, "{ran:#?}");
        assert_eq!(ran.out, "");
        let says = "registry.sqlite is locked by another process (waited 5000 ms); wait for it";
        assert!(ran.err.contains(says), "{ran:#?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:#?}");
    }
    assert_eq!(champion(&shop), (1.into(), 1));
    assert_eq!(
        rows(&shop, "SELECT state FROM runs").len(),
        1,
        "no run was begun"
    );
}

/// Puts other bytes in the place of the champion's artefact. With their own hash, or still with that of the old bytes.
fn replace_artefact(shop: &Path, bytes: &[u8], hash_them: bool) {
    let sha256: String = sha2::Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    behind_its_back(shop, async |connection| {
        let sql = "UPDATE artefacts SET content = $1, size_bytes = $2";
        let size = i64::try_from(bytes.len()).unwrap();
        sqlx::query(sql)
            .bind(bytes)
            .bind(size)
            .execute(&mut *connection)
            .await
            .unwrap();
        if hash_them {
            for sql in [
                "UPDATE artefacts SET sha256 = $1",
                "UPDATE versions SET artefact_sha256 = $1",
            ] {
                sqlx::query(sql)
                    .bind(&sha256)
                    .execute(&mut *connection)
                    .await
                    .unwrap();
            }
        }
    });
}

#[test]
fn doctor_names_a_champion_that_cannot_answer_and_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let shop = trained(folder.path());
    for other in ["segments", "value"] {
        std::fs::remove_file(shop.join(format!("products/{other}.toml"))).unwrap();
    }
    let healthy = good(&shop, &["doctor"]).out;
    assert!(healthy.contains("for-you: version 1"), "{healthy}");
    let sound: Vec<u8> = behind_its_back(&shop, async |connection| {
        let sql = "SELECT content FROM artefacts";
        sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
    });
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut artefact: Value = serde_json::from_slice(&sound).unwrap();
        change(&mut artefact);
        serde_json::to_vec(&artefact).unwrap()
    };
    let newer = changed(&|a| a["format"] = 99.into());
    let score = changed(&|a| a["golden"]["scores"][0] = 12_345.0.into());
    let cut = &sound[..sound.len() / 2];
    let older = changed(&|a| a["format"] = 1.into());
    let cases: [(&[u8], bool, &[&str]); 5] = [
        (&newer, true, &["format 99, this program reads 3"]),
        (
            &older,
            true,
            &["format 1 of an older program", "`comptoir run for-you`"],
        ),
        (
            &newer,
            false,
            &["is damaged, found SHA-256", "roll back, or train again"],
        ),
        (cut, true, &["it is damaged"]),
        (&score, true, &["golden score 0", "expected 12345"]),
    ];
    for (bytes, hash_them, says) in cases {
        replace_artefact(&shop, &sound, true);
        replace_artefact(&shop, bytes, hash_them);
        let told = json(&refused(&shop, &["doctor", "--output", "json"], 1, says).out);
        let wrong: Vec<&Value> = told
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["good"] == false)
            .collect();
        assert_eq!(wrong.len(), 1, "{told}");
        assert_eq!(wrong[0]["what"], "champion");
        assert!(
            wrong[0]["says"].as_str().unwrap().starts_with("for-you: "),
            "{told}"
        );
    }
    // What cannot be proved does not answer either.
    std::fs::write(shop.join("q.csv"), "customer_id\nC001\n").unwrap();
    let decide = [
        "decide",
        "for-you",
        "--input",
        "q.csv",
        "--output-file",
        "a.csv",
    ];
    refused(
        &shop,
        &decide,
        2,
        &["load the champion of for-you", "golden score 0"],
    );
    assert!(!shop.join("a.csv").exists());
    replace_artefact(&shop, &sound, true);
    good(&shop, &["doctor"]);
}

#[test]
fn a_promotion_that_finds_no_room_on_disk_changes_nothing_and_is_made_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let shop = trained(folder.path());
    assert!(run(&shop, &["run", "for-you", "--quiet"]).code <= 1);
    let before = champion(&shop);
    let other = if before.0 == 1 { "2" } else { "1" };
    let arguments = format!("promote for-you {other} --despite-gate --why \"no room\"");
    // No file may grow beyond half a kibibyte: writing fails as on a full disk, or the process is killed by it.
    for traps in ["trap '' XFSZ;", ""] {
        let script = format!("ulimit -f 1; {traps} exec \"{}\" {arguments}", comptoir());
        let done = std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(&shop)
            .output()
            .unwrap();
        assert!(!done.status.success(), "{done:?}");
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(!told.contains("panicked"), "{told}");
        assert_eq!(champion(&shop), before, "as before: {told}");
        good(&shop, &["audit", "--verify"]);
    }
    good(
        &shop,
        &[
            "promote",
            "for-you",
            other,
            "--despite-gate",
            "--why",
            "there is room",
        ],
    );
    assert_ne!(champion(&shop).0, before.0);
    good(&shop, &["audit", "--verify"]);
}

#[test]
fn a_version_comes_out_the_same_from_the_rows_it_was_trained_from_whatever_came_since() {
    let folder = tempfile::tempdir().unwrap();
    let shop = trained(folder.path());
    run(&shop, &["run", "value", "segments", "-q"]);
    // Some sales are taken out again, and the next versions learn without them.
    let mut sales: Vec<_> = std::fs::read_dir(shop.join("raw"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .contains("sales")
        })
        .collect();
    sales.sort();
    let file = sales.last().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(file, lines[..lines.len() - 20].join("\n")).unwrap();
    good(&shop, &["import", "-q"]);
    run(&shop, &["run", "-q"]);
    for product in ["for-you", "value", "segments"] {
        let told = json(&good(&shop, &["replay", product, "1", "--output", "json"]).out);
        assert_eq!(
            (&told["same_bytes"], &told["same_scorecard"]),
            (&true.into(), &true.into()),
            "{told}"
        );
        assert!(
            told["inputs"]
                .as_array()
                .unwrap()
                .iter()
                .any(|of| of["table"] == "sales")
        );
    }
    let told = good(&shop, &["replay", "for-you", "1"]).out;
    assert!(
        told.contains("SHA-256") && told.contains("figure by figure"),
        "{told}"
    );
    refused(&shop, &["replay", "for-you", "9"], 2, &["allowed is 2, 1"]);

    // What it was trained with is gone: that is said, and nothing is trained.
    let product = shop.join("products/for-you.toml");
    let text = std::fs::read_to_string(&product).unwrap();
    std::fs::write(
        &product,
        text.replace("seen = \"allowed\"", "seen = \"excluded\""),
    )
    .unwrap();
    refused(
        &shop,
        &["replay", "for-you", "1"],
        2,
        &["fingerprint", "bring that file back"],
    );
    let versions = champion(&shop).1;
    assert_eq!(versions, 2, "nothing is registered");
}
