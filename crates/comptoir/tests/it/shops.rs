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
