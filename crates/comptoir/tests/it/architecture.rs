//! The direction of the crates, as ARCHITECTURE.md draws it.

use crate::program::root;
use std::collections::BTreeMap;

/// What each crate may use of ours.
const ALLOWED: [(&str, &[&str]); 16] = [
    ("schema", &[]),
    ("math", &[]),
    ("lake", &["schema"]),
    ("registry", &["schema"]),
    ("sources", &["schema", "lake"]),
    ("quality", &["schema", "lake"]),
    ("features", &["schema", "lake"]),
    ("models", &["schema", "math"]),
    ("decisions", &["schema", "math"]),
    ("measure", &["schema", "math"]),
    ("monitoring", &["schema", "math"]),
    (
        "products",
        &[
            "schema",
            "math",
            "lake",
            "features",
            "models",
            "decisions",
            "measure",
            "monitoring",
        ],
    ),
    (
        "factory",
        &[
            "schema",
            "lake",
            "registry",
            "sources",
            "quality",
            "features",
            "decisions",
            "products",
            "monitoring",
        ],
    ),
    (
        "server",
        &[
            "schema",
            "lake",
            "registry",
            "quality",
            "features",
            "decisions",
            "products",
            "factory",
            "monitoring",
            "measure",
        ],
    ),
    ("simulator", &["schema", "math"]),
    (
        "comptoir",
        &[
            "schema",
            "lake",
            "registry",
            "sources",
            "quality",
            "features",
            "products",
            "decisions",
            "factory",
            "server",
            "simulator",
        ],
    ),
];

fn edges() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let manifest = std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap().to_owned();
        let ours = |d: &&String| ALLOWED.iter().any(|(n, _)| n == d);
        let uses = manifest["dependencies"]
            .as_table()
            .unwrap()
            .keys()
            .filter(ours)
            .cloned()
            .collect();
        found.insert(name, uses);
    }
    found
}

#[test]
fn no_crate_depends_against_the_way_of_the_data() {
    let edges = edges();
    assert_eq!(
        edges.len(),
        ALLOWED.len(),
        "a crate is missing in the list: {:?}",
        edges.keys()
    );
    for (name, uses) in edges {
        let allowed = ALLOWED.iter().find(|(n, _)| *n == name).unwrap().1;
        for used in uses {
            assert!(
                allowed.contains(&used.as_str()),
                "{name} depends on {used}, allowed is {allowed:?}"
            );
        }
    }
}

#[test]
fn the_code_map_names_every_crate() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (name, _) in ALLOWED {
        assert!(
            text.contains(&format!("(crates/{name})")),
            "{name} is missing in ARCHITECTURE.md"
        );
    }
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/guides/first-shop.md",
        "docs/guides/offers.md",
        "docs/guides/rules.md",
        "bench/README.md",
    ] {
        let path = root().join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|t| t.split(')').next()) {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let target = path.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{page}: {link} leads nowhere");
        }
    }
}
