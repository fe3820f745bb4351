//! What every kind says of its search, and what is drawn.

use products::search::{Searched, Space, Value, Within};
use products::{KINDS, Raw};
use schema::config::ConfigFile;

fn space(text: &str) -> Space {
    let raw = Raw::read(ConfigFile::new("product.toml", text)).unwrap();
    raw.space().unwrap().unwrap()
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Whole(value) => *value as f64,
        Value::Number(value) => *value,
        Value::Text(_) => panic!("a number"),
    }
}

fn is_within(value: &Value, within: &Within) -> bool {
    match (value, within) {
        (Value::Whole(value), Within::Whole { from, to, .. }) => (from..=to).contains(&value),
        (Value::Number(value), Within::Number { from, to, .. }) => (from..=to).contains(&value),
        (value, Within::Of(values)) => values.contains(value),
        (_, _) => false,
    }
}

#[test]
fn each_kind_has_settings_to_search_that_it_knows_or_says_why_not() {
    let mut searched = Vec::new();
    for kind in KINDS {
        let card = kind.card();
        match kind.searched() {
            Searched::Nothing { because } => assert!(!because.is_empty()),
            Searched::Of(knobs) => {
                searched.push(card.kind);
                assert!(knobs.iter().any(|knob| knob.by_default));
                for knob in knobs {
                    assert!(
                        is_within(&knob.default, &knob.within),
                        "{}: {} is usually {}, sought in {}",
                        card.kind,
                        knob.key,
                        knob.default,
                        knob.within
                    );
                    // The kind knows the setting, and takes what it is by itself and the ends of the range.
                    let text = format!("{}\n[search.space]\n{} = {{}}\n", card.example, knob.key);
                    let dimensions = space(&text);
                    let [dimension] = dimensions.dimensions() else {
                        panic!("one setting is named")
                    };
                    assert_eq!(dimension.as_it_is, knob.default);
                }
            }
        }
    }
    assert_eq!(searched, ["demand", "launch", "recommend", "stock"]);
}

const FILE: &str = r#"kind = "demand"
owner = "supply"

[settings]
rows_max = 50000 # few
trees = { leaves_max = 15 }

[search.space]
trees.leaves_max = { from = 2, to = 4, scale = "linear" }
trees.learning_rate = { from = 0.01, to = 0.1 }
trees.l2 = { of = [0, 5] }
coherent = {}
"#;

#[test]
fn candidates_are_drawn_where_the_file_says_and_more_of_them_begin_with_the_same() {
    let space = space(FILE);
    let all = space.candidates(400, 7);
    assert_eq!(all[0], space.as_it_is());
    assert_eq!(all[0].value("trees.leaves_max"), Some(&Value::Whole(15)));
    assert_eq!(
        all[0].value("coherent"),
        Some(&Value::Text("off".to_owned()))
    );
    assert_eq!(all.len(), 401);
    assert_eq!(space.candidates(9, 7), all[..10]);
    assert_ne!(space.candidates(9, 8), all[..10]);
    for (n, candidate) in all.iter().enumerate() {
        assert!(!all[..n].contains(candidate), "{candidate:?} twice");
        for dimension in space.dimensions() {
            let value = candidate.value(&dimension.key).unwrap();
            let known = *value == dimension.as_it_is || is_within(value, &dimension.within);
            assert!(known, "{} is {value}", dimension.key);
        }
    }
    // Where a setting is changed, each of three whole numbers is drawn alike, and half lies below the middle of a
    // logarithmic range. Five standard errors of 200 draws are more than .17.
    let share = |of: &dyn Fn(&Value) -> bool, key: &str| {
        let as_it_is = all[0].value(key).unwrap();
        let changed = all[1..].iter().filter_map(|c| c.value(key));
        let changed: Vec<&Value> = changed.filter(|value| *value != as_it_is).collect();
        assert!(changed.len() > 120, "{key}");
        changed.iter().filter(|value| of(value)).count() as f64 / changed.len() as f64
    };
    for leaves in 2..=4 {
        let found = share(&|v| number(v) == f64::from(leaves), "trees.leaves_max");
        assert!((found - 1.0 / 3.0).abs() < 0.17, "{leaves}: {found}");
    }
    let low = share(&|v| number(v) < 0.1f64.powf(1.5), "trees.learning_rate");
    assert!((low - 0.5).abs() < 0.17, "{low}");
}

#[test]
fn a_small_space_has_no_more_candidates_than_there_are() {
    let text = "kind = \"demand\"\nowner = \"supply\"\n\n[search.space]\ntrees.leaves_max = { of = [31, 63, 127] }\n";
    let all = space(text).candidates(50, 7);
    assert_eq!(all.len(), 3, "the file as it is and two others: {all:?}");
}

#[test]
fn a_candidate_is_the_file_with_other_values_and_where_it_is_sought_decides_nothing() {
    let space = space(FILE);
    let candidate = &space.candidates(1, 3)[1];
    let file = space.file_with(candidate).unwrap();
    let read: toml::Table = file.text.parse().unwrap();
    let trees = read["settings"]["trees"].as_table().unwrap();
    let leaves = trees["leaves_max"].as_integer();
    assert_eq!(
        candidate.value("trees.leaves_max"),
        leaves.map(Value::Whole).as_ref()
    );
    assert!(file.text.contains("rows_max = 50000 # few"));
    let lines: toml::Table = space.toml(candidate).parse().unwrap();
    for (key, value) in lines["settings"].as_table().unwrap() {
        if let Some(said) = value.as_table() {
            for (inner, value) in said {
                assert_eq!(read["settings"][key][inner], *value);
            }
        } else {
            assert_eq!(read["settings"][key], *value);
        }
    }

    let fingerprint = |text: &str| {
        let raw = Raw::read(ConfigFile::new("product.toml", text)).unwrap();
        raw.check().unwrap().header().fingerprint.clone()
    };
    let without = FILE.split("[search.space]").next().unwrap();
    assert_eq!(fingerprint(FILE), fingerprint(without));
    assert_ne!(
        fingerprint(FILE),
        fingerprint(&FILE.replace("50000", "60000"))
    );
    let same = space.product(&space.as_it_is()).unwrap();
    assert_eq!(same.header().fingerprint, fingerprint(FILE));
}
