use std::collections::BTreeMap;

use simulator::{Generated, Shop, ShopError, Truth, generate, write};

use crate::tiny;

fn bytes(generated: &Generated) -> BTreeMap<&str, &[u8]> {
    generated
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.bytes.as_slice()))
        .collect()
}

#[test]
fn same_seed_gives_the_same_bytes_on_any_thread() {
    let elsewhere = std::thread::spawn(|| generate(&Shop::tiny()).unwrap())
        .join()
        .expect("no panic");
    assert_eq!(bytes(tiny()), bytes(&elsewhere));
    assert_eq!(tiny().truth, elsewhere.truth);
}

#[test]
fn another_seed_gives_another_shop() {
    let other = generate(&Shop {
        seed: 2,
        ..Shop::tiny()
    })
    .unwrap();
    let (first, second) = (bytes(tiny()), bytes(&other));
    // The sites are the same three whatever the seed.
    for (path, content) in first.iter().filter(|(path, _)| **path != "raw/sites.csv") {
        assert_ne!(Some(content), second.get(path), "{path}");
    }
}

#[test]
fn written_files_and_truth_read_back_to_what_was_generated() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(tiny(), folder.path()).unwrap();
    assert_eq!(written.files.len(), tiny().files.len() + 1);
    for file in &tiny().files {
        assert_eq!(
            std::fs::read(folder.path().join(&file.path)).unwrap(),
            file.bytes
        );
    }
    let text = std::fs::read_to_string(folder.path().join("truth.json")).unwrap();
    let truth: Truth = serde_json::from_str(&text).unwrap();
    assert_eq!(truth, tiny().truth);
}

#[test]
fn a_file_where_a_folder_should_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("raw"), "in the way").unwrap();
    let error = write(tiny(), folder.path()).unwrap_err();
    assert!(error.to_string().contains("raw"), "{error}");
}

#[test]
fn impossible_shops_are_refused_by_field() {
    let cases = [
        (
            Shop {
                customers: 0,
                ..Shop::tiny()
            },
            "customers",
        ),
        (
            Shop {
                products: 10,
                ..Shop::tiny()
            },
            "products",
        ),
        (
            Shop {
                merchants: 0,
                ..Shop::tiny()
            },
            "merchants",
        ),
        (
            Shop {
                days: 10,
                ..Shop::tiny()
            },
            "days",
        ),
        (
            Shop {
                dirt_rate: 0.5,
                ..Shop::tiny()
            },
            "dirt_rate",
        ),
        (
            Shop {
                extra_items_mean: f64::NAN,
                ..Shop::tiny()
            },
            "extra_items_mean",
        ),
        (
            Shop {
                start: jiff::civil::date(9999, 1, 1),
                ..Shop::tiny()
            },
            "start",
        ),
    ];
    for (shop, field) in cases {
        let error = generate(&shop).unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    }
    let mut shop = Shop::tiny();
    shop.process.a = -1.0;
    assert!(matches!(generate(&shop), Err(ShopError::Process(_))));
}

#[test]
fn smallest_and_shortest_shops_are_possible() {
    let shop = Shop {
        customers: 10,
        products: 60,
        merchants: 1,
        days: 60,
        ..Shop::tiny()
    };
    let generated = generate(&shop).unwrap();
    assert!(!generated.lines.is_empty());
}
