//! The example shops, end to end.

use crate::program::{comptoir, good, json, real_data, root, run};
use std::path::Path;
use std::process::Command;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A marketplace small enough for a test, with its raw files.
fn small_marketplace(folder: &Path) {
    good(folder, &["new", "shop", "--shop", "marketplace"]);
    let generated = simulator::generate(&simulator::Shop {
        customers: 600,
        products: 400,
        days: 420,
        ..simulator::Shop::tiny()
    })
    .unwrap();
    simulator::write(&generated, &folder.join("shop")).unwrap();
}

#[test]
fn the_same_seed_trains_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    small_marketplace(folder.path());
    let shop = folder.path().join("shop");
    good(&shop, &["import", "--quiet"]);
    for threads in ["1", "2"] {
        assert!(
            run(
                &shop,
                &[
                    "run",
                    "for-you",
                    "--seed",
                    "3",
                    "--threads",
                    threads,
                    "--quiet"
                ]
            )
            .code
                <= 1
        );
    }
    let versions = json(&good(&shop, &["versions", "for-you", "--output", "json"]).out);
    let hash = |i: usize| {
        versions["versions"][i]["artefact_sha256"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(hash(0), hash(1));
}

#[test]
fn two_years_of_a_wholesaler_are_imported_and_learned_from() {
    let Some(data) = real_data("two_years_of_a_wholesaler_are_imported_and_learned_from") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("wholesaler");
    copy(&root().join("examples/wholesaler"), &shop);
    assert!(Path::new(&data).join("uci_online_retail").is_dir());
    let imported = json(&good(&shop, &["import", "--output", "json", "--quiet"]).out);
    let sales = imported["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["table"] == "sales")
        .unwrap();
    assert_eq!(sales["report"]["rows_read"], 1_044_847);
    let returns = good(
        &shop,
        &[
            "query",
            "SELECT COUNT(*) AS n FROM sales WHERE is_return",
            "--output",
            "json",
        ],
    );
    let returns = json(returns.out.trim())["n"].as_u64().unwrap();
    // 19,165 cancellation lines, less those of codes that are no products, duplicates and prices of nothing.
    assert!((17_000..19_165).contains(&returns), "{returns}");
    let outcomes = json(&good(&shop, &["run", "--output", "json", "--quiet"]).out);
    let promoted: Vec<&str> = outcomes
        .as_array()
        .unwrap()
        .iter()
        .filter(|o| o["promoted"] == true)
        .map(|o| o["product"].as_str().unwrap())
        .collect();
    assert_eq!(promoted, ["for-you", "segments", "value"], "{outcomes}");
}

#[test]
fn a_new_shop_whose_raw_files_are_elsewhere_says_so_instead_of_sending_its_user_to_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let new = |shop: &str| {
        let ran = Command::new(comptoir())
            .args(["new", shop, "--shop", shop])
            .current_dir(folder.path())
            .env_remove("COMPTOIR_DATA")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    let complete = new("starter");
    assert!(
        complete.contains("next: cd starter && comptoir check && comptoir import && ")
            && !complete.contains("not there yet"),
        "{complete}"
    );
    let simulated = new("marketplace");
    for part in [
        "not there yet",
        "source `sales`: found no file at marketplace/raw/",
        "next: comptoir demo --dir marketplace",
    ] {
        assert!(simulated.contains(part), "no {part:?} in {simulated}");
    }
    assert!(!simulated.contains("next: cd"), "{simulated}");
    let real = new("cdnow");
    for part in ["not there yet", "COMPTOIR_DATA, which is not set"] {
        assert!(real.contains(part), "no {part:?} in {real}");
    }
    assert!(!real.contains("next: "), "{real}");
}

#[test]
fn the_reference_customers_are_valued_better_than_by_their_own_rate() {
    if real_data("the_reference_customers_are_valued_better_than_by_their_own_rate").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("cdnow");
    copy(&root().join("examples/cdnow"), &shop);
    good(&shop, &["import", "--quiet"]);
    let outcomes = json(&good(&shop, &["run", "--output", "json", "--quiet"]).out);
    assert_eq!(outcomes[0]["promoted"], true, "{outcomes}");
}

#[test]
fn a_real_trial_is_learned_from_and_its_exact_effects_are_told() {
    if real_data("a_real_trial_is_learned_from_and_its_exact_effects_are_told").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("hillstrom");
    copy(&root().join("examples/hillstrom"), &shop);
    // One customer in eight, in two parts: the whole takes minutes.
    let draws = shop.join("sources/assignments.toml");
    let text = std::fs::read_to_string(&draws).unwrap();
    let some =
        "\n[[skip]]\nwhen = \"row_number % 8 <> 0\"\nreason = \"seven of eight, for the test\"\n";
    std::fs::write(
        &draws,
        text.replace("\n[contract]", &format!("{some}\n[contract]")),
    )
    .unwrap();
    let product = shop.join("products/mails.toml");
    let text = std::fs::read_to_string(&product).unwrap();
    std::fs::write(&product, format!("{text}folds = 2\n")).unwrap();
    good(&shop, &["import", "--quiet"]);
    let ran = run(&shop, &["run", "--output", "json", "--quiet"]);
    assert!(ran.code <= 1, "{ran:?}");
    let outcomes = json(&ran.out);
    let metrics = outcomes[0]["scorecard"]["metrics"].as_array().unwrap();
    let sql = "SELECT a.arm, AVG(CASE WHEN e.event_id IS NULL THEN 0.0 ELSE 1.0 END) AS visits FROM assignments a \
               LEFT JOIN events e ON e.customer_id = a.customer_id GROUP BY a.arm";
    let counted = good(&shop, &["query", sql, "--output", "json"]).out;
    let mut compared = 0;
    for line in counted.lines() {
        let row = json(line);
        let drawn = |m: &&serde_json::Value| {
            m["name"] == "visits per customer as drawn" && m["scope"] == row["arm"]
        };
        if let Some(metric) = metrics.iter().find(drawn) {
            let (told, exact) = (metric["value"]["exact"].as_f64(), row["visits"].as_f64());
            assert!(
                (told.unwrap() - exact.unwrap()).abs() < 1e-12,
                "{metric} {row}"
            );
            let effect = &metric["gain"]["measured"];
            assert!(effect["low"].as_f64() < effect["high"].as_f64(), "{metric}");
            compared += 1;
        }
    }
    assert_eq!(compared, 2, "{outcomes}");
    assert_eq!(outcomes[0]["promoted"], true, "{outcomes}");
    let questions = folder.path().join("questions.csv");
    std::fs::write(&questions, "customer_id\n8\n16\nnobody\n").unwrap();
    let (from, to) = (
        questions.to_str().unwrap(),
        folder.path().join("answers.ndjson"),
    );
    let asked = [
        "decide",
        "mails",
        "--input",
        from,
        "--output",
        to.to_str().unwrap(),
    ];
    good(&shop, &[&asked[..], &["--quiet"]].concat());
    let answers = std::fs::read_to_string(&to).unwrap();
    assert_eq!(answers.lines().count(), 3, "{answers}");
    let last = answers.lines().last().unwrap();
    assert!(last.contains("best_on_average"), "{last}");
    let told = good(&shop, &["explain", "mails", "--for", "customer=8"]).out;
    assert!(told.contains("E-Mail adds"), "{told}");
}
