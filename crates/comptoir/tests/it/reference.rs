//! Reference pages are generated from code and schema; a page that differs is an error, not a surprise.

use crate::program::{good, root};
use crate::terminal::commands;
use products::KINDS;
use products::search::Searched;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Compares a page with what the code says now, or writes it where `UPDATE_REFERENCE` is set.
#[track_caller]
fn page(name: &str, text: &str) {
    let path: PathBuf = root().join("docs/reference").join(name);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/reference/{name} is not what the code says; run UPDATE_REFERENCE=1 cargo test --workspace"
    );
}

const GENERATED: &str = "<!-- Generated from code and schema by a test; UPDATE_REFERENCE=1 cargo test --workspace rewrites it. -->\n";

#[test]
fn tables() {
    let mut text = format!("{GENERATED}# Shared tables\n\n");
    for t in schema::table::tables() {
        writeln!(
            text,
            "## {}\n\n{} One row is {}; key: {}. Version {}.\n",
            t.name,
            t.meaning,
            t.grain,
            t.key.join(", "),
            t.version
        )
        .unwrap();
        writeln!(text, "| column | type | unit | may be empty | personal | allowed | meaning |\n|---|---|---|---|---|---|---|").unwrap();
        for c in &t.columns {
            let yes = |b: bool| if b { "yes" } else { "no" };
            let mut allowed = Vec::new();
            allowed.extend(c.min.map(|m| format!("≥ {m}")));
            allowed.extend(c.max.map(|m| format!("≤ {m}")));
            allowed.extend(
                c.pattern
                    .iter()
                    .map(|p| format!("`{}`", p.replace('|', "\\|"))),
            );
            allowed.extend(c.references.iter().map(|r| format!("in {r}")));
            if c.past {
                allowed.push("not in the future".to_owned());
            }
            if c.currency {
                allowed.push("a currency code of ISO 4217".to_owned());
            }
            if c.probabilities {
                allowed.push("probabilities that add up to at most 1".to_owned());
            }
            if !c.allowed.is_empty() {
                allowed.push(c.allowed.join(", "));
            }
            let unit = c.unit.as_deref().unwrap_or("");
            writeln!(
                text,
                "| {} | {} | {unit} | {} | {} | {} | {} |",
                c.name,
                c.kind.name(),
                yes(c.nullable),
                yes(c.personal),
                allowed.join("; "),
                c.meaning
            )
            .unwrap();
        }
        for condition in &t.conditions {
            let (name, holds, reason) = (&condition.name, &condition.holds, &condition.reason);
            writeln!(text, "\nEach row: {name}, `{holds}`: {reason}.").unwrap();
        }
        text.push('\n');
    }
    page("tables.md", &text);
}

#[test]
fn indicators() {
    let mut text = format!(
        "{GENERATED}# Indicators\n\nOne definition for the console and for whoever asks the lake: each formula runs in `query` as it stands. `$from` is included, `$to` is not.\n\n"
    );
    for i in schema::indicator::indicators() {
        writeln!(
            text,
            "## {}\n\n{} Unit: {}; {:?} is better. Version {}.\n\n```sql\n{}\n```\n",
            i.name,
            i.meaning,
            i.unit,
            i.direction,
            i.version,
            i.sql.trim()
        )
        .unwrap();
    }
    page("indicators.md", &text);
}

#[test]
fn kinds() {
    for kind in KINDS {
        let card = kind.card();
        let mut text = format!("{GENERATED}# Kind `{}`\n\n{}\n\n", card.kind, card.question);
        writeln!(
            text,
            "- judged by: {}\n- must beat: {}\n- reads: {}",
            card.criterion,
            card.baseline,
            card.reads.join(", ")
        )
        .unwrap();
        if !card.placements.is_empty() {
            writeln!(text, "- placements: {}", card.placements.join(", ")).unwrap();
        }
        writeln!(text, "\n| answers with | unit | meaning |\n|---|---|---|").unwrap();
        for o in card.outputs {
            writeln!(text, "| {} | {} | {} |", o.name, o.unit, o.meaning).unwrap();
        }
        writeln!(
            text,
            "\n## Example file\n\n```toml\n{}```\n\n## Method\n",
            card.example
        )
        .unwrap();
        for source in card.sources {
            writeln!(text, "- {source}").unwrap();
        }
        add_searched(&mut text, &kind.searched());
        page(&format!("kinds/{}.md", card.kind), &text);
    }
}

/// What `comptoir search` seeks of a kind.
fn add_searched(text: &mut String, searched: &Searched) {
    text.push_str("\n## Searched settings\n\n");
    match searched {
        Searched::Nothing { because } => {
            writeln!(text, "`comptoir search` seeks nothing: {because}.").unwrap();
        }
        Searched::Of(knobs) => {
            text.push_str("| setting | usually | sought in |\n|---|---|---|\n");
            for knob in knobs {
                let named = if knob.by_default {
                    ""
                } else {
                    ", where it is named"
                };
                let (key, default, within) = (knob.key, &knob.default, &knob.within);
                writeln!(text, "| `{key}` | {default} | {within}{named} |").unwrap();
            }
        }
    }
}

/// The help of a command and of those below it, each with an example at least.
fn add_help(text: &mut String, folder: &Path, command: &[&str]) {
    let help = good(folder, &[command, &["--help"]].concat()).out;
    assert!(help.contains("Example"), "{command:?} shows no example");
    writeln!(text, "\n## {}\n\n```text\n{help}```", command.join(" ")).unwrap();
    for below in commands(&help) {
        add_help(text, folder, &[command, &[&below]].concat());
    }
}

#[test]
fn command_line() {
    let folder = tempfile::tempdir().unwrap();
    let help = good(folder.path(), &["--help"]).out;
    let verbs = commands(&help);
    assert!(verbs.len() > 15, "{verbs:?}");
    let mut text = format!("{GENERATED}# Command line\n\n```text\n{help}```\n");
    for verb in verbs {
        add_help(&mut text, folder.path(), &[&verb]);
    }
    text.push_str("\nExit codes: 0 done, 1 a check or a gate said no, 2 wrong use or bad input, 3 refused for memory or another budget.\n");
    page("command-line.md", &text);
}

#[test]
fn json_schemas() {
    let folder = tempfile::tempdir().unwrap();
    good(folder.path(), &["schemas", "--write", "schemas"]);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path().join("schemas")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        page(
            &format!("schemas/{name}"),
            &std::fs::read_to_string(path).unwrap(),
        );
        names.push(name);
    }
    assert!(names.len() >= 3 + KINDS.len(), "{names:?}");
}
