//! What the program prints besides its results: for a shell, an editor, a log, a person at a terminal.

use crate::program::{comptoir, good, json, refused, root, run, starter};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The commands that a help lists; none where it lists none.
pub(crate) fn commands(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("Commands:\n") else {
        return Vec::new();
    };
    // A command stands two columns in, the rest of a long description further.
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|l| !l.starts_with(' ')))
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .filter(|command| command != "help")
        .collect()
}

/// The verbs, as the help lists them.
pub(crate) fn verbs(folder: &Path) -> Vec<String> {
    commands(&good(folder, &["--help"]).out)
}

#[test]
fn the_completions_of_every_shell_know_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let verbs = verbs(folder.path());
    assert!(verbs.len() > 18, "{verbs:?}");
    // How each shell is told of a verb.
    let shells: [(&str, fn(&str) -> String); 4] = [
        ("bash", |verb| format!("comptoir,{verb})")),
        ("zsh", |verb| format!("\n'{verb}:")),
        ("fish", |verb| {
            format!("__fish_comptoir_needs_command\" -f -a \"{verb}\"")
        }),
        ("powershell", |verb| {
            format!("[CompletionResult]::new('{verb}', '{verb}',")
        }),
    ];
    for (shell, told) in shells {
        let ran = good(folder.path(), &["completions", shell]);
        assert_eq!(ran.err, "");
        for verb in &verbs {
            assert!(
                ran.out.contains(&told(verb)),
                "{shell} does not know {verb}"
            );
        }
        assert!(
            ran.out.contains("accept-failed-gate"),
            "{shell} does not know the options"
        );
    }
    refused(
        folder.path(),
        &["completions", "cmd"],
        2,
        &["cmd", "bash", "powershell"],
    );
}

/// Runs the program with no word of the environment about colours.
fn plain(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("COMPTOIR_LOG")
        .env_remove("COMPTOIR_PROJECT")
        .output()
        .unwrap()
}

#[test]
fn into_a_pipe_go_plain_lines_and_nothing_at_all_where_it_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let told = |arguments: &[&str]| {
        let ran = plain(&shop, comptoir(), arguments);
        assert!(ran.status.success(), "{ran:?}");
        assert!(
            !ran.stdout.contains(&0x1b) && !ran.stdout.contains(&b'\r'),
            "{ran:?}"
        );
        String::from_utf8(ran.stderr).unwrap()
    };
    let logged = told(&["tables", "-v"]);
    assert!(
        logged.contains(" INFO ") && !logged.contains('\u{1b}'),
        "{logged:?}"
    );
    assert_eq!(
        told(&["import", "--dry-run"]),
        "import raw/sales.csv into sales\n"
    );
    assert_eq!(told(&["import", "--quiet"]), "");
    let stages: Vec<String> = told(&["run", "value"]).lines().map(str::to_owned).collect();
    assert_eq!(
        stages,
        [
            "read the history",
            "value: train before 2025-10-03",
            "value: measure on the 90 days after",
            "value: train on everything before 2026-01-01",
        ]
    );
    assert_eq!(told(&["run", "value", "--quiet"]), "");
    let wrong = refused(&shop, &["tables", "sale", "--quiet"], 2, &[]);
    assert!(
        wrong.err.starts_with("error: "),
        "an error is told all the same: {wrong:#?}"
    );
}

/// Whether a text sets a colour or a weight: an escape that ends in `m`.
fn is_coloured(text: &str) -> bool {
    text.split("\u{1b}[").skip(1).any(|escape| {
        escape
            .find(|c: char| c.is_ascii_alphabetic())
            .is_some_and(|end| escape[end..].starts_with('m'))
    })
}

#[test]
fn on_a_terminal_there_are_bars_and_colours_and_bars_alone_where_its_user_wants_no_colour() {
    let folder = tempfile::tempdir().unwrap();
    let on_a_terminal = |shop: &Path, environment: &str| {
        let command = format!("env {environment} {} import -v", comptoir());
        let ran = plain(shop, "script", &["-qec", &command, "/dev/null"]);
        assert!(ran.status.success(), "{ran:?}");
        std::fs::remove_dir_all(shop).unwrap();
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    if Command::new("script").arg("--version").output().is_err() {
        println!(
            "skipped: on_a_terminal_there_are_bars_and_colours_and_bars_alone_where_its_user_wants_no_colour needs `script`"
        );
        return;
    }
    // A bar is drawn over: the cursor goes back to the start of its line, which is cleared.
    let is_bar = |told: &str| {
        told.contains("import raw/sales.csv into sales [") && told.contains("\r\u{1b}[2K")
    };
    let coloured = on_a_terminal(&starter(folder.path()), "TERM=xterm");
    assert!(is_bar(&coloured), "{coloured:?}");
    assert!(
        coloured.contains("\u{1b}[32m INFO\u{1b}[0m"),
        "{coloured:?}"
    );
    let bare = on_a_terminal(&starter(folder.path()), "TERM=xterm NO_COLOR=1");
    assert!(is_bar(&bare) && bare.contains(" INFO "), "{bare:?}");
    assert!(!is_coloured(&bare), "{bare:?}");
    // One that cannot move its cursor gets lines.
    let dumb = on_a_terminal(&starter(folder.path()), "TERM=dumb NO_COLOR=1");
    assert!(
        dumb.contains("import raw/sales.csv into sales\r\n") && !dumb.contains('\u{1b}'),
        "{dumb:?}"
    );
}

#[test]
fn work_that_takes_over_a_second_is_told_and_work_that_does_not_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let started = Instant::now();
    let quick = plain(&shop, comptoir(), &["query", "SELECT 1"]);
    if started.elapsed() < Duration::from_secs(1) {
        assert_eq!(String::from_utf8_lossy(&quick.stderr), "");
    }
    // Minutes of work; it is stopped once it has been told.
    let long = "SELECT SUM(a.value * b.value % 7) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
    let mut child = Command::new(comptoir())
        .args(["query", long])
        .current_dir(&shop)
        .env_remove("COMPTOIR_PROJECT")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = lines.find(|line| line.as_ref().unwrap() == "run the query");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(told.is_some());
}

#[test]
fn a_sort_larger_than_its_memory_spills_and_one_that_cannot_even_spill_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    // 60,000 rows of 200 bytes are 12 MB; the engine keeps 10 MB of its memory for the merge of what was spilled.
    let sort = "SELECT SUM(value * place + length(wide)) AS s FROM (SELECT value, wide, ROW_NUMBER() OVER (ORDER BY (value * 7919) % 60013, wide) AS place FROM (SELECT value, repeat('x', 200) || value AS wide FROM generate_series(1, 60000)))";
    let within = |memory: &str, sql: &str| {
        let arguments = ["--memory", memory, "--threads", "1", "--output", "json"];
        run(&shop, &[&["query", sql][..], &arguments].concat())
    };
    let explained = within("16MiB", &format!("EXPLAIN ANALYZE {sort}"));
    assert_eq!(explained.code, 0, "{explained:#?}");
    let spills = explained.out.split_once("spill_count=").unwrap().1;
    assert!(!spills.starts_with('0'), "{explained:#?}");
    let spilled = within("16MiB", sort);
    assert_eq!(spilled.code, 0, "{spilled:#?}");
    // The answer is that of a machine with room.
    assert!(json(spilled.out.trim())["s"].as_i64().unwrap() > 0);
    assert_eq!(spilled.out, within("1GiB", sort).out);
    let refused = within("1MiB", sort);
    assert_eq!(
        (refused.code, refused.out.as_str()),
        (3, ""),
        "{refused:#?}"
    );
    for part in [
        "error: run the query within 1.0 MiB of memory",
        "raise --memory",
    ] {
        assert!(refused.err.contains(part), "{refused:#?}");
    }
}

/// What a schema says of a value, with its references followed.
fn followed<'a>(root: &'a Value, node: &'a Value) -> &'a Value {
    match node["$ref"].as_str() {
        None => node,
        Some(reference) => {
            let found = root.pointer(reference.strip_prefix('#').unwrap());
            followed(
                root,
                found.unwrap_or_else(|| panic!("{reference} leads nowhere")),
            )
        }
    }
}

/// Looks at every part of a schema: known types, references that lead somewhere.
fn check_schema(root: &Value, node: &Value) {
    const TYPES: [&str; 7] = [
        "object", "array", "string", "integer", "number", "boolean", "null",
    ];
    followed(root, node);
    match node {
        Value::Object(parts) => {
            let kinds = match parts.get("type") {
                Some(Value::String(one)) => vec![one.as_str()],
                Some(Value::Array(several)) => {
                    several.iter().map(|t| t.as_str().unwrap()).collect()
                }
                _ => vec![],
            };
            assert!(kinds.iter().all(|k| TYPES.contains(k)), "{node}");
            parts.values().for_each(|part| check_schema(root, part));
        }
        Value::Array(parts) => parts.iter().for_each(|part| check_schema(root, part)),
        _ => {}
    }
}

/// Follows a file through its schema: every key it uses is described.
fn described(root: &Value, node: &Value, value: &Value, place: &str) {
    let mut node = followed(root, node);
    // A table that may be absent is "this or null".
    for choice in ["anyOf", "oneOf"] {
        let some = node[choice]
            .as_array()
            .and_then(|all| all.iter().find(|n| n["type"] != "null"));
        node = some.map_or(node, |n| followed(root, n));
    }
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                let place = format!("{place}.{key}");
                // What the keys of a map mean is said where the map is.
                let (inner, of_map) = match &node["properties"][key] {
                    Value::Null => (&node["additionalProperties"], true),
                    found => (found, false),
                };
                assert!(inner.is_object(), "{place} is not in the schema: {node}");
                let said = followed(root, inner);
                assert!(
                    of_map || said != inner || said.get("description").is_some(),
                    "{place} is not explained"
                );
                described(root, inner, value, &place);
            }
        }
        Value::Array(all) => all
            .iter()
            .for_each(|v| described(root, &node["items"], v, place)),
        _ => {}
    }
}

#[test]
fn every_schema_holds_together_and_describes_the_files_of_the_example_shops() {
    let folder = tempfile::tempdir().unwrap();
    let names = good(folder.path(), &["schemas"]).out;
    let schema = |name: &str| json(&good(folder.path(), &["schemas", name]).out);
    let mut schemas = BTreeMap::new();
    for name in names.lines() {
        let schema = schema(name);
        assert_eq!(
            schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{name}"
        );
        assert_eq!(
            (&schema["type"], &schema["additionalProperties"]),
            (&"object".into(), &false.into()),
            "{name}"
        );
        check_schema(&schema, &schema);
        schemas.insert(name.to_owned(), schema);
    }
    let mut files = 0;
    for shop in [
        "starter",
        "marketplace",
        "grocery",
        "flash-sales",
        "boutique",
        "used-cars",
        "wholesaler",
        "cdnow",
        "hillstrom",
        "rossmann",
        "walmart",
        "car-parts",
    ] {
        for part in ["", "sources", "products", "whatif", "rules"] {
            let Ok(list) = std::fs::read_dir(root().join("examples").join(shop).join(part)) else {
                continue;
            };
            let list = list.map(|e| e.unwrap().path());
            for file in list.filter(|p| p.extension().is_some_and(|e| e == "toml")) {
                let content: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
                let content = serde_json::to_value(content).unwrap();
                let name = match part {
                    "" => "project".to_owned(),
                    "products" => format!("product-{}", content["kind"].as_str().unwrap()),
                    "rules" | "whatif" => part.to_owned(),
                    _ => "source".to_owned(),
                };
                let schema = &schemas[&name];
                described(schema, schema, &content, &file.display().to_string());
                files += 1;
            }
        }
    }
    assert!(files > 20, "{files}");
    refused(
        folder.path(),
        &["schemas", "product"],
        2,
        &["\"product\"", "product-recommend"],
    );
    good(folder.path(), &["schemas", "--write", "all"]);
    let written = std::fs::read_dir(folder.path().join("all"))
        .unwrap()
        .count();
    assert_eq!(written, names.lines().count());
}
