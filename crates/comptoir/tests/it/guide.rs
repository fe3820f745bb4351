//! Every console block of the guides is run, in order, in an empty folder.

use crate::program::{comptoir, good, root, run};
use std::fmt::Write as _;
use std::process::Command;

/// The commands of a page, each with the lines that its output must hold.
fn steps(page: &str) -> Vec<(String, Vec<String>)> {
    let mut steps: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            steps.push((command.to_owned(), Vec::new()));
        } else if inside && let Some((_, expected)) = steps.last_mut() {
            expected.push(line.to_owned());
        }
    }
    steps
}

#[test]
fn the_first_shop_works_as_its_guide_says() {
    let page = std::fs::read_to_string(root().join("docs/guides/first-shop.md")).unwrap();
    let steps = steps(&page);
    assert!(steps.len() > 12, "the guide has lost its commands");
    all_work(&steps);
}

#[test]
fn a_night_is_done_as_its_guide_says() {
    let page = std::fs::read_to_string(root().join("docs/guides/jobs.md")).unwrap();
    let mut steps = steps(&page);
    // Files are written where the page shows them: behind the folder that it makes.
    for part in page.split("`jobs/").skip(1) {
        let (name, rest) = part.split_once("`:\n```toml\n").unwrap_or_default();
        if let Some((text, _)) = rest.split_once("```") {
            let file = format!("cat > jobs/{name} <<'END'\n{text}END");
            steps.insert(3, (file, Vec::new()));
        }
    }
    assert!(steps.len() > 11, "the guide has lost its commands");
    all_work(&steps);
}

#[test]
fn an_experiment_is_planned_drawn_and_read_as_its_guide_says() {
    let page = std::fs::read_to_string(root().join("docs/guides/experiments.md")).unwrap();
    let mut steps = steps(&page);
    assert!(steps.len() > 11, "the guide has lost its commands");
    // Each file is written before the first command that needs it.
    let mut files = page.split("```toml\n").skip(1);
    for (file, before) in [
        ("experiments/reminder.toml", "comptoir design"),
        ("sources/letter.toml", "cut "),
        ("products/letter.toml", "comptoir check"),
    ] {
        let text = files.next().unwrap().split("```").next().unwrap();
        assert!(page.contains(&format!("`{file}`")), "{file}");
        let at = steps
            .iter()
            .position(|(command, _)| command.starts_with(before));
        let write = format!("mkdir -p experiments\ncat > {file} <<'END'\n{text}END");
        steps.insert(at.unwrap(), (write, Vec::new()));
    }
    all_work(&steps);
}

/// Runs the commands one after the other in one shell; each must print its lines.
fn all_work(steps: &[(String, Vec<String>)]) {
    // One shell for the whole page, as for its reader; a line before each step tells the outputs apart.
    let mut script = String::from("set -e\n");
    for (number, (command, _)) in steps.iter().enumerate() {
        writeln!(script, "echo \"=== {number}\"\n{command}").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let bin = std::path::Path::new(comptoir()).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let ran = Command::new("bash")
        .args(["-m", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env_remove("COMPTOIR_PROJECT")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{out}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    for (number, (command, expected)) in steps.iter().enumerate() {
        let after = out
            .split(&format!("=== {number}\n"))
            .nth(1)
            .unwrap_or_default();
        let output = after.split("=== ").next().unwrap();
        for line in expected {
            assert!(
                output.contains(line.trim()),
                "`{command}` prints no {line:?}:\n{output}"
            );
        }
    }
}

#[test]
fn the_question_of_the_guide_is_answered_as_it_says() {
    let page = std::fs::read_to_string(root().join("docs/guides/what-if.md")).unwrap();
    let blocks: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    good(folder.path(), &["new", "shop"]);
    let shop = folder.path().join("shop");
    std::fs::create_dir(shop.join("whatif")).unwrap();
    std::fs::write(shop.join("whatif/points.toml"), blocks[0]).unwrap();
    good(&shop, &["import", "--quiet"]);
    good(&shop, &["run", "value", "--quiet"]);
    for (command, expected) in steps(&page) {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let told = good(&shop, &words).out;
        for line in expected {
            assert!(
                told.contains(&line),
                "`{command}` prints no {line:?}:\n{told}"
            );
        }
    }
    // The other block is a question too, where its products are.
    let question = format!("owner = \"crm\"\nproduct = \"value\"\n{}", blocks[1]);
    std::fs::write(shop.join("whatif/mail.toml"), question).unwrap();
    for (name, days) in [("read-out", 28), ("read-out-of-twelve-weeks", 84)] {
        let product = format!(
            "kind = \"experiment\"\nowner = \"crm\"\n\n[settings]\ntrial = \"mail\"\nwindow_days = {days}\n"
        );
        std::fs::write(shop.join(format!("products/{name}.toml")), product).unwrap();
    }
    good(&shop, &["check"]);
    let none = run(&shop, &["whatif", "mail"]);
    assert_eq!(none.code, 2, "{none:?}");
    assert!(
        none.err
            .contains("data product \"read-out\" has no champion"),
        "{none:?}"
    );
    // Every key that the guide names is one, and the guide names all but what every file has.
    let schema = good(&shop, &["schemas", "whatif"]).out;
    for key in [
        "lasts_days",
        "times",
        "every_days",
        "margin",
        "pulled_forward",
        "later",
        "arms",
        "depth",
        "redeemed",
        "per_redemption_cents",
        "per_order_cents",
        "per_customer_cents",
        "share_of_spend",
        "dropout",
        "spend",
        "purchase_rate",
    ] {
        assert!(
            page.contains(key) && schema.contains(&format!("\"{key}\"")),
            "{key}"
        );
    }
}

#[test]
fn the_rules_of_the_guide_are_rules_of_the_grocery() {
    let page = std::fs::read_to_string(root().join("docs/guides/rules.md")).unwrap();
    let block = page.split("```toml\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    good(folder.path(), &["new", "shop", "--shop", "grocery"]);
    let shop = folder.path().join("shop");
    std::fs::write(shop.join("rules/guide.toml"), block).unwrap();
    let told = good(&shop, &["check"]).out;
    assert!(told.contains("rules/guide.toml"), "{told}");
    assert!(!told.contains("WRONG") && !told.contains("note:"), "{told}");
    // Every field that the guide names is one, and the guide names all.
    let schema = std::fs::read_to_string(root().join("docs/reference/schemas/rules.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    for part in ["RawItem", "RawOffer", "RawCustomer", "RawRequest"] {
        let fields = schema["$defs"][part]["properties"].as_object().unwrap();
        for field in fields.keys() {
            assert!(
                page.contains(&format!("`{field}`")),
                "no `{field}` of {part}"
            );
        }
    }
}

#[test]
fn demand_is_forecast_as_its_guide_says() {
    demand_works_as_on("docs/guides/demand.md");
}

#[test]
fn settings_are_searched_as_their_guide_says() {
    demand_works_as_on("docs/guides/search.md");
}

/// Puts the first file of a page into the starter shop as its demand, and runs what the page shows there.
#[track_caller]
fn demand_works_as_on(page: &str) {
    let page = std::fs::read_to_string(root().join(page)).unwrap();
    let block = page.split("```toml\n").nth(1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    good(folder.path(), &["new", "shop"]);
    let shop = folder.path().join("shop");
    std::fs::write(
        shop.join("products/demand.toml"),
        block.split("```").next().unwrap(),
    )
    .unwrap();
    std::fs::write(shop.join("ask.csv"), "product_id\nJAM-APRICOT\n").unwrap();
    good(&shop, &["import", "--quiet"]);
    let steps = steps(&page);
    assert!(steps.len() > 2, "the guide has lost its commands");
    for (command, expected) in steps {
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        let ran = run(&shop, &arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        for line in expected {
            assert!(
                ran.out.contains(line.trim()),
                "`{command}` prints no {line:?}:\n{}",
                ran.out
            );
        }
    }
}
