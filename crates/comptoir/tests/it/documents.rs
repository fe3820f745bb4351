//! What every command prints for a program, beside what docs/reference/json.md says of it.

use crate::program::{good, json, root, run};
use crate::terminal::verbs;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The shape of a document, as the page writes it.
#[derive(Debug, Clone)]
enum Shape {
    /// Text, number, yes or no, or a list of these.
    Plain,
    Any,
    Part(String),
    List(Box<Shape>),
    /// Keys with whether they may be absent.
    Keys(BTreeMap<String, (bool, Shape)>),
    OneOf(Vec<Shape>),
}

/// Reads one shape; what is left of the text begins after it.
fn shape(text: &mut &str) -> Shape {
    let skip = |text: &mut &str, token: &str| {
        let rest = text.trim_start().strip_prefix(token);
        rest.inspect(|rest| *text = rest).is_some()
    };
    if skip(text, "[") {
        let inner = shape(text);
        assert!(skip(text, "]"), "no ] before {text:?}");
        return Shape::List(Box::new(inner));
    }
    if !skip(text, "{") {
        *text = text.trim_start();
        let end = text.find(|c: char| !c.is_ascii_lowercase());
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        assert!(!word.is_empty(), "no shape at {text:?}");
        *text = rest;
        return match word {
            "any" => Shape::Any,
            part => Shape::Part(part.to_owned()),
        };
    }
    let mut keys = BTreeMap::new();
    while !skip(text, "}") {
        assert!(skip(text, "\""), "no key at {text:?}");
        let (key, rest) = text.split_once('"').unwrap();
        *text = rest;
        let may_be_absent = skip(text, "?");
        let inner = if skip(text, ":") {
            shape(text)
        } else {
            Shape::Plain
        };
        let twice = keys.insert(key.to_owned(), (may_be_absent, inner));
        assert!(twice.is_none(), "{key} stands there twice");
        skip(text, ",");
    }
    Shape::Keys(keys)
}

/// The shapes of the page: of commands, and of the parts that they share.
#[derive(Default)]
struct Page {
    commands: BTreeMap<String, Shape>,
    parts: BTreeMap<String, Shape>,
}

impl Page {
    fn read() -> Self {
        let text = std::fs::read_to_string(root().join("docs/reference/json.md")).unwrap();
        let mut page = Self::default();
        for line in text.lines() {
            let Some((name, shapes)) = line.strip_prefix("| ").and_then(|l| l.split_once(" | "))
            else {
                continue;
            };
            // Shapes stand in code, alternatives joined by "or"; words after the last one are for people.
            let mut quoted = shapes.split('`').skip(1);
            let mut all = Vec::new();
            while let Some(mut text) = quoted.next() {
                all.push(shape(&mut text));
                assert_eq!(text, "", "in the row of {name}");
                if quoted.next() != Some(" or ") {
                    break;
                }
            }
            let one = Shape::OneOf(all);
            match name.strip_prefix('`').and_then(|n| n.strip_suffix('`')) {
                Some(command) => page.commands.insert(command.to_owned(), one),
                None => page.parts.insert(name.to_owned(), one),
            };
        }
        page
    }

    /// What is wrong with a value; nothing where it has the shape. What is not known has every shape.
    fn wrong(&self, shape: &Shape, value: &Value, place: &str) -> Option<String> {
        let says = |what: &str| Some(format!("{place}: {what}: {value}"));
        match (shape, value) {
            (Shape::Any, _) | (_, Value::Null) => None,
            (Shape::Plain, Value::Object(_)) => says("its keys are not documented"),
            (Shape::Plain, Value::Array(all)) => {
                all.iter().find_map(|v| self.wrong(&Shape::Plain, v, place))
            }
            (Shape::Plain, _) => None,
            (Shape::Part(part), _) => self.wrong(&self.parts[part.as_str()], value, place),
            (Shape::List(inner), Value::Array(all)) => all
                .iter()
                .enumerate()
                .find_map(|(n, v)| self.wrong(inner, v, &format!("{place}/{n}"))),
            (Shape::List(_), _) => says("it is no list"),
            (Shape::OneOf(all), _) => {
                let wrong: Option<Vec<String>> =
                    all.iter().map(|s| self.wrong(s, value, place)).collect();
                wrong.map(|all| all.join(" and "))
            }
            (Shape::Keys(keys), Value::Object(found)) => {
                let absent = keys
                    .iter()
                    .find(|(key, (may_be_absent, _))| !may_be_absent && !found.contains_key(*key));
                if let Some((key, _)) = absent {
                    return says(&format!("it has no {key}"));
                }
                found.iter().find_map(|(key, value)| {
                    let place = format!("{place}/{key}");
                    match keys.get(key) {
                        Some((_, inner)) => self.wrong(inner, value, &place),
                        None => Some(format!("{place} is not documented")),
                    }
                })
            }
            (Shape::Keys(_), _) => says("it has no keys"),
        }
    }
}

/// Asserts that a document is what the page says of the command.
#[track_caller]
pub(crate) fn documented(command: &str, document: &Value) {
    let page = Page::read();
    let shape = page
        .commands
        .get(command)
        .unwrap_or_else(|| panic!("docs/reference/json.md has no row {command:?}"));
    let wrong = page.wrong(shape, document, command);
    assert!(
        wrong.is_none(),
        "docs/reference/json.md: {}",
        wrong.unwrap()
    );
}

/// A call, the row of the page that it belongs to, and what its answers must hold.
struct Call {
    row: &'static str,
    arguments: Vec<String>,
    /// Places in the document, and what stands there.
    holds: Vec<(&'static str, Value)>,
    /// What the same call prints for a person; it is not made where there is nothing to look for.
    says: &'static [&'static str],
}

fn call(
    row: &'static str,
    arguments: &[&str],
    holds: &[(&'static str, Value)],
    says: &'static [&'static str],
) -> Call {
    Call {
        row,
        arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
        holds: holds.to_vec(),
        says,
    }
}

impl Call {
    /// Makes the call from the folder above the project and gives back its document. A gate may say no.
    #[track_caller]
    fn make(&self, folder: &Path) -> Value {
        let words: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let project = ["--project", "shop", "--quiet"];
        let ran = run(
            folder,
            &[&words[..], &project, &["--output", "json"]].concat(),
        );
        assert!(ran.code <= 1, "{words:?}: {ran:#?}");
        // What goes on for long prints one document a line.
        let document = match self.row {
            "work" => json(ran.out.lines().last().unwrap_or_default()),
            _ => json(&ran.out),
        };
        documented(self.row, &document);
        for (place, expected) in &self.holds {
            let found = document.pointer(place);
            assert_eq!(found, Some(expected), "{words:?} {place}: {document}");
        }
        if !self.says.is_empty() {
            let ran = run(folder, &[&words[..], &project].concat());
            assert!(ran.code <= 1, "{words:?}: {ran:#?}");
            for part in self.says {
                assert!(ran.out.contains(part), "{words:?}: no {part:?} in {ran:#?}");
            }
        }
        document
    }
}

/// What can be asked before anything is trained.
fn before_training() -> Vec<Call> {
    vec![
        call(
            "new",
            &["new", "shop"],
            &[
                ("/shop", "starter".into()),
                ("/missing", Value::Array(vec![])),
            ],
            &[],
        ),
        call(
            "check",
            &["check"],
            &[
                ("/wrong", 0.into()),
                ("/files/2/file", "products/for-you.toml".into()),
            ],
            &["products/for-you.toml", "data product of kind recommend"],
        ),
        call(
            "import",
            &["import", "sales"],
            &[
                ("/gate_open", true.into()),
                ("/sources/0/source", "sales".into()),
                ("/committed/state", "snapshot".into()),
            ],
            &["1 unchanged"],
        ),
        call("tables", &["tables"], &[], &["sales", "ONE ROW IS"]),
        call(
            "tables NAME",
            &["tables", "sales"],
            &[("/name", "sales".into())],
            &["sold_at", "unit_price_cents"],
        ),
        call(
            "query SQL",
            &["query", "SELECT 1 AS one, CAST(NULL AS INT) AS nothing"],
            &[("/one", 1.into()), ("/nothing", Value::Null)],
            &["nothing"],
        ),
        call(
            "plan",
            &["plan", "--as-of", "2025-11-01"],
            &[
                ("/as_of", "2025-11-01".into()),
                ("/products/0/fits", true.into()),
            ],
            &["as of 2025-11-01", "MEMORY UP TO"],
        ),
        call(
            "products",
            &["products"],
            &[("/products/0/champion", Value::Null)],
            &["for-you", "none", "segments"],
        ),
        call(
            "products PRODUCT",
            &["products", "for-you"],
            &[
                ("/scorecard", Value::Null),
                ("/card/kind", "recommend".into()),
            ],
            &["no champion yet"],
        ),
    ]
}

fn training() -> Vec<Call> {
    vec![
        call(
            "run",
            &["run", "for-you", "--as-of", "2025-12-01"],
            &[
                ("/0/as_of", "2025-12-01".into()),
                ("/0/version", 1.into()),
                ("/0/promoted", true.into()),
            ],
            &[],
        ),
        call(
            "run",
            &["run"],
            &[
                ("/0/product", "for-you".into()),
                ("/0/as_of", "2026-01-01".into()),
                ("/2/product", "value".into()),
            ],
            &[],
        ),
    ]
}

/// What can be asked of products that answer.
fn after_training() -> Vec<Call> {
    let explain = |of: &'static [&'static str], holds: &[(&'static str, Value)], says| {
        call(
            "explain PRODUCT",
            &[&["explain", "for-you", "--for"], of].concat(),
            holds,
            says,
        )
    };
    vec![
        call(
            "products",
            &["products"],
            &[("/products/0/product/name", "for-you".into())],
            &["for-you", "version"],
        ),
        call(
            "products KIND",
            &["products", "recommend"],
            &[("/kind", "recommend".into())],
            &["must beat", "example file"],
        ),
        call(
            "products PRODUCT",
            &["products", "for-you"],
            &[("/product/name", "for-you".into())],
            &[
                "judged by",
                "must beat",
                "champion: version",
                "measured: ",
                " to ",
                "BASELINE",
            ],
        ),
        call(
            "versions PRODUCT",
            &["versions", "for-you"],
            &[("/versions/0/number", 2.into())],
            &["champion"],
        ),
        call(
            "replay PRODUCT",
            &["replay", "for-you"],
            &[
                ("/same_bytes", true.into()),
                ("/same_scorecard", true.into()),
            ],
            &["trained once more", "SHA-256"],
        ),
        call(
            "search PRODUCT --dry-run",
            &["search", "for-you", "--trials", "1", "--dry-run"],
            &[("/fits_made", 0.into()), ("/drawn", 1.into())],
            &["methods.ease_l2", "then the best is compared on"],
        ),
        call(
            "search PRODUCT",
            &["search", "for-you", "--trials", "1"],
            &[
                ("/measure/name", "ndcg@20".into()),
                ("/candidates/0/number", 1.into()),
            ],
            &["chosen by for_you ndcg@20", "than the file as it is"],
        ),
        call(
            "compare PRODUCT",
            &["compare", "for-you"],
            &[("/with/number", 1.into()), ("/shadow", Value::Null)],
            &[
                "VERSION 2",
                "BASELINE OF 1",
                "let version 2 answer",
                "nothing was asked of both",
            ],
        ),
        call(
            "review",
            &["review"],
            &[
                ("/review/products/0/name", "for-you".into()),
                ("/review/products/0/state", "unknown".into()),
            ],
            &["for-you", "LAST TRAINING"],
        ),
        call(
            "review",
            &["review", "for-you", "--publish", "pages"],
            &[(
                "/files",
                serde_json::json!([
                    "pages/index.html",
                    "pages/index.md",
                    "pages/for-you.html",
                    "pages/for-you.md"
                ]),
            )],
            &[
                "answers since",
                "p99 answer time",
                "not known yet",
                "pages/index.md",
            ],
        ),
        call(
            "incidents",
            &["incidents", "--all"],
            &[("/incidents", Value::Array(vec![]))],
            &["there was no incident yet"],
        ),
        call(
            "schedule",
            &["schedule"],
            &[
                ("/jobs/0/job", "nightly".into()),
                ("/jobs/0/now", "rests".into()),
                ("/leader", Value::Null),
            ],
            &["at 02:30", "never done"],
        ),
        call(
            "work --ask JOB",
            &["work", "--ask", "nightly"],
            &[("/asked/0", "nightly".into())],
            &["nobody does jobs now"],
        ),
        call(
            "work",
            &["work", "--once"],
            &[("/job", "nightly".into()), ("/state", "done".into())],
            &[],
        ),
        call(
            "audit",
            &["audit", "for-you"],
            &[("/0/act", "training_ended".into())],
            &["champion: nothing -> version 1"],
        ),
        call(
            "audit --verify",
            &["audit", "--verify"],
            &[],
            &["each as it was written"],
        ),
        call(
            "incidents --test",
            &["incidents", "--test"],
            &[
                ("/messages/0/recipient", "log".into()),
                ("/messages/0/error", Value::Null),
            ],
            &["log", "arrived"],
        ),
        call(
            "decide PRODUCT",
            &[
                "decide",
                "for-you",
                "--input",
                "q.csv",
                "--output-file",
                "a.csv",
            ],
            &[("/questions", 2.into()), ("/refused", 0.into())],
            &["2 questions"],
        ),
        explain(
            &["customer=C075"],
            &[("/asked/customer_id", "C075".into())],
            &["for-you version", "= score of"],
        ),
        explain(
            &["customer=C075", "--about", "TEA-CHAI"],
            &[("/explanation/about", "TEA-CHAI".into())],
            &["TEA-CHAI"],
        ),
        explain(
            &["product=TEA-CHAI"],
            &[("/asked/product_id", "TEA-CHAI".into())],
            &["product=TEA-CHAI"],
        ),
        explain(
            &["product=TEA-CHAI", "--placement", "complementary"],
            &[("/asked/placement", "complementary".into())],
            &["= score of"],
        ),
        explain(
            &["customer=C075", "--placement", "buy_again"],
            &[("/asked/placement", "buy_again".into())],
            &["= score of"],
        ),
        call(
            "key create NAME",
            &[
                "key", "create", "web shop", "--scope", "decide", "--scope", "ingest",
            ],
            &[
                ("/record/id", 1.into()),
                ("/record/name", "web shop".into()),
                ("/record/revoked_at", Value::Null),
            ],
            &[],
        ),
        call(
            "key create NAME",
            &["key", "create", "till", "--scope", "read"],
            &[("/record/id", 2.into())],
            &[],
        ),
        call(
            "key list",
            &["key", "list"],
            &[
                ("/0/scopes", serde_json::json!(["decide", "ingest"])),
                ("/1/name", "till".into()),
            ],
            &["web shop", "decide, ingest"],
        ),
        call(
            "key revoke ID",
            &["key", "revoke", "1"],
            &[("/id", 1.into()), ("/name", "web shop".into())],
            &[],
        ),
        call(
            "doctor",
            &["doctor"],
            &[("/0/what", "files".into())],
            &["golden vector proved"],
        ),
        call(
            "schemas",
            &["schemas"],
            &[("/0", "project".into())],
            &["source"],
        ),
        call(
            "schemas NAME",
            &["schemas", "source"],
            &[("/type", "object".into())],
            &["$schema"],
        ),
        call(
            "schemas --write DIR",
            &["schemas", "--write", "schemas"],
            &[
                ("/folder", "schemas".into()),
                ("/schemas/0", "project".into()),
            ],
            &["schemas in schemas"],
        ),
    ]
}

#[test]
fn every_command_prints_the_document_that_the_page_describes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let shop = &folder.join("shop");
    std::fs::write(folder.join("q.csv"), "customer_id\nC075\nnobody\n").unwrap();
    // Played, by somebody else: `demo` by its own test, `serve` where it is killed and stopped, `budget` where money is,
    // experiments in theirs.
    let mut played: BTreeSet<&str> =
        BTreeSet::from(["demo", "serve", "budget", "budget release LEASE"]);
    played.extend(["design EXPERIMENT", "assign EXPERIMENT", "report PRODUCT"]);
    played.insert("whatif QUESTION");
    let mut play = |calls: Vec<Call>| {
        for call in calls {
            call.make(folder);
            played.insert(call.row);
        }
    };
    play(before_training());
    let path = shop.join("comptoir.toml");
    let told = "[alerts]\nlink = \"https://teas.example\"\n[[alerts.file]]\nname = \"log\"\npath = \"log\"\n";
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n{told}")).unwrap();
    play(training());
    std::fs::create_dir(shop.join("jobs")).unwrap();
    let job = "does = \"import\"\nowner = \"data team\"\nat = \"30 2 * * *\"\n";
    std::fs::write(shop.join("jobs/nightly.toml"), job).unwrap();
    play(after_training());
    let told = good(shop, &["key", "create", "web shop", "--scope", "decide"]).out;
    assert!(
        told.starts_with("ck_") && told.contains("it is not shown again"),
        "{told}"
    );
    // The version that does not answer is made champion, then taken back.
    let versions = call("versions PRODUCT", &["versions", "for-you"], &[], &[]).make(folder);
    let champion = versions["champion"].as_u64().unwrap();
    let other = if champion == 1 { 2 } else { 1 };
    let moved = |from: u64, to: u64| [("/from", from.into()), ("/to", to.into())];
    let promote = [
        "promote",
        "for-you",
        &other.to_string(),
        "--despite-gate",
        "--why",
        "to see it",
    ];
    play(vec![
        call(
            "promote PRODUCT VERSION",
            &promote,
            &moved(champion, other),
            &[],
        ),
        call(
            "rollback PRODUCT",
            &["rollback", "for-you"],
            &moved(other, champion),
            &[],
        ),
        call(
            "import --forget SOURCE",
            &["import", "--forget", "sales"],
            &[("/source", "sales".into()), ("/files", 1.into())],
            &[],
        ),
    ]);
    let commands = Page::read().commands;
    let rows: BTreeSet<&str> = commands.keys().map(String::as_str).collect();
    assert_eq!(
        rows, played,
        "commands on the page, and those that are played"
    );
    let verb = |row: &&str| row.split(' ').next().map(str::to_owned);
    let with_row: BTreeSet<String> = rows.iter().filter_map(verb).collect();
    let mut without = verbs(folder);
    without.retain(|v| !with_row.contains(v));
    assert_eq!(without, ["completions"], "verbs without a row");
}
