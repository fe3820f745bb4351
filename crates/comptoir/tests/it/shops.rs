//! The example shops, end to end.

use crate::program::{comptoir, good, json, real_data, root, rows, run, starter};
use std::path::Path;
use std::process::Command;

pub(crate) fn copy(from: &Path, to: &Path) {
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
    assert_eq!(
        promoted,
        ["demand", "for-you", "segments", "value"],
        "{outcomes}"
    );
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
    // Those who bought three months before, in two parts: all of them take minutes.
    let draws = shop.join("sources/assignments.toml");
    let text = std::fs::read_to_string(&draws).unwrap();
    let some =
        "\n[[skip]]\nwhen = \"CAST(recency AS BIGINT) <> 3\"\nreason = \"fewer for the test\"\n";
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
            // The experiment reads the same means, and the whole outcome of spend.
            let read = |m: &&serde_json::Value| {
                m["name"] == "visits per customer" && m["scope"] == row["arm"]
            };
            let worth = outcomes[1]["scorecard"]["metrics"].as_array().unwrap();
            let read = worth.iter().find(read).unwrap();
            let mean = read["value"]["measured"]["point"]
                .as_f64()
                .or(read["value"]["exact"].as_f64());
            assert!(
                (mean.unwrap() - exact.unwrap()).abs() < 1e-12,
                "{read} {row}"
            );
            let effect = &metric["gain"]["measured"];
            assert!(effect["low"].as_f64() < effect["high"].as_f64(), "{metric}");
            compared += 1;
        }
    }
    assert_eq!(compared, 2, "{outcomes}");
    says_whether_it_ranks(&outcomes[0]["scorecard"]);
    let told = outcomes[1]["summary"].as_array().unwrap();
    let told = |what: &str| {
        told.iter()
            .any(|line| line.as_str().unwrap().contains(what))
    };
    assert!(
        told("because of Mens E-Mail") && told("the arms have the sizes asked for"),
        "{outcomes}"
    );
    // So few tell nobody apart: everybody gets the men's mail, and the product says so.
    assert_eq!((ran.code, &outcomes[0]["promoted"]), (1, &false.into()));
    let because = outcomes[0]["because"].as_str().unwrap();
    assert!(because.contains("everybody gets the best arm"), "{because}");
}

/// Every arm has its figures of rankings, and the sentence that they call for.
fn says_whether_it_ranks(scorecard: &serde_json::Value) {
    let metrics = scorecard["metrics"].as_array().unwrap();
    let notes: Vec<&str> = scorecard["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note.as_str().unwrap())
        .collect();
    for arm in ["Mens E-Mail", "Womens E-Mail"] {
        let figure = |name: &str| {
            let of = |m: &&serde_json::Value| m["name"] == name && m["scope"] == arm;
            let found = metrics.iter().find(of);
            &found.unwrap_or_else(|| panic!("{arm} {name}: {scorecard}"))["gain"]["measured"]
        };
        for name in [
            "area under the uplift curve (AUUC)",
            "rank-weighted effect (RATE, AUTOC)",
            "rank-weighted effect (RATE, Qini weights)",
        ] {
            let found = figure(name);
            // Of visits, of which there are less than three in ten, no ranking gains as much.
            let within = |end: &str| found[end].as_f64().is_some_and(|value| value.abs() < 0.3);
            assert!(within("low") && within("high"), "{arm} {name}: {found}");
        }
        let told = |says: &str| {
            notes
                .iter()
                .filter(|n| n.starts_with(&format!("{arm}: {says}")))
                .count()
        };
        let clear = told("customers can be ranked by what it changes; Qini coefficient: ");
        let likely =
            told("customers can be ranked by what it changes only through what they would do");
        let hardly = told("customers can hardly be ranked by what it changes; Qini coefficient: ");
        let beyond_chance = figure("Qini coefficient")["low"].as_f64() > Some(0.0);
        assert_eq!(
            (clear + likely, hardly),
            (usize::from(beyond_chance), usize::from(!beyond_chance)),
            "{notes:#?}"
        );
        assert_eq!(
            (
                told("learners chosen, of 2 parts: "),
                told("predicted → real effect by tenth")
            ),
            (1, 1)
        );
    }
    let rule = |name: &str| metrics.iter().find(|m| m["name"] == name).unwrap();
    // What is expected of the rule is told beside what was measured, both per customer.
    let adds = rule("what the rule adds, measured beside expected");
    let point = |of: &str| adds[of]["measured"]["point"].as_f64().unwrap();
    assert!(
        point("value").abs() < 0.3 && point("baseline") > 0.0,
        "{adds}"
    );
}

/// A mail that brings those who shop on the web and keeps the others away, drawn for every other customer; the first
/// customer's probabilities are none.
pub(crate) fn planted_trial(shop: &Path) {
    let mut drawn = "customer,arm,propensities,web,visited\n".to_owned();
    drawn.push_str("c0,mail,\"{\"\"mail\"\":1.0,\"\"none\"\":0.0}\",1,0\n");
    for n in 1..=800 {
        let (mailed, web) = (n % 2 == 0, (n / 2) % 2 == 0);
        // Of ten: eight and one with the mail, four without it.
        let of_ten = match (mailed, web) {
            (true, true) => 8,
            (true, false) => 1,
            (false, _) => 4,
        };
        let visited = u8::from((n / 4 * 7) % 10 < of_ten);
        let arm = if mailed { "mail" } else { "none" };
        let web = u8::from(web);
        drawn.push_str(&format!(
            "c{n},{arm},\"{{\"\"mail\"\":0.5,\"\"none\"\":0.5}}\",{web},{visited}\n"
        ));
    }
    std::fs::write(shop.join("raw/drawn.csv"), drawn).unwrap();
    let file = "files = \"raw/drawn.csv\"\nformat = \"csv\"\n";
    let assignments = format!(
        r#"table = "assignments"
{file}
[columns]
trial = {{ value = "mail" }}
customer_id = {{ from = "customer" }}
assigned_at = {{ value = "2025-06-01T00:00:00Z" }}
arm = {{ from = "arm" }}
propensities = {{ from = "propensities" }}
context = {{ sql = """'{{"web":' || web || '}}'""" }}

[contract]
quarantined_share_max = 0.05
"#
    );
    let visits = format!(
        r#"table = "events"
{file}
[columns]
event_id = {{ sql = "'visit-' || customer" }}
occurred_at = {{ value = "2025-06-02T00:00:00Z" }}
type = {{ value = "view" }}
customer_id = {{ from = "customer" }}

[[skip]]
when = "visited = '0'"
reason = "no visit"

[contract]
references = "off"
"#
    );
    std::fs::write(shop.join("sources/assignments.toml"), assignments).unwrap();
    std::fs::write(shop.join("sources/visits.toml"), visits).unwrap();
    let product = "kind = \"promotion\"\nowner = \"marketing\"\n\n[settings]\ntrial = \"mail\"\ncontrol = \"none\"\n";
    std::fs::write(shop.join("products/mail.toml"), product).unwrap();
}

#[test]
fn who_gains_by_a_mail_gets_it_and_who_loses_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    planted_trial(&shop);
    let imported = json(&good(&shop, &["import", "--output", "json", "--quiet"]).out);
    let sources = imported["sources"].as_array().unwrap();
    let draws = sources
        .iter()
        .find(|s| s["table"] == "assignments")
        .unwrap();
    assert_eq!(draws["report"]["rows_read"], 801, "{draws}");
    let set_aside = rows(
        &shop,
        "SELECT rule, value FROM quarantine WHERE \"table\" = 'assignments'",
    );
    assert_eq!(set_aside.len(), 1, "{set_aside:?}");
    assert!(set_aside[0].to_string().contains("1.0"), "{set_aside:?}");
    let outcomes = json(&good(&shop, &["run", "mail", "--output", "json", "--quiet"]).out);
    assert_eq!(outcomes[0]["promoted"], true, "{outcomes}");
    let questions = folder.path().join("questions.csv");
    std::fs::write(&questions, "customer_id\nc4\nc6\nnobody\n").unwrap();
    let answers = folder.path().join("answers.ndjson");
    let (from, to) = (questions.to_str().unwrap(), answers.to_str().unwrap());
    good(
        &shop,
        &[
            "decide",
            "mail",
            "--input",
            from,
            "--output-file",
            to,
            "--quiet",
        ],
    );
    let answers = std::fs::read_to_string(&answers).unwrap();
    let answers: Vec<&str> = answers.lines().collect();
    let holds = ["largest_effect", "no_effect", "best_on_average"];
    assert_eq!(answers.len(), holds.len(), "{answers:?}");
    for (answer, code) in answers.iter().zip(holds) {
        assert!(answer.contains(code), "{code}: {answers:?}");
    }
    let told = |about: &str| good(&shop, &["explain", "mail", "--for", about]).out;
    assert!(
        told("customer=c4").contains("mail adds 0."),
        "{}",
        told("customer=c4")
    );
    assert!(
        told("customer=c6").contains("not above its cost"),
        "{}",
        told("customer=c6")
    );
}
