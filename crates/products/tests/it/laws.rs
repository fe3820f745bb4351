//! What every kind promises. A kind that breaks a law is not a kind.

use crate::shop::{HISTORY, example, purchase, shop, shop_since};
use products::{
    Artefact, Asked, Fitted, Judged, KINDS, Kind, LoadError, Product, Raw, Shop, Size, Subject,
};
use schema::config::ConfigFile;
use schema::{AsOf, Bytes, ConfigError, CustomerId, ProductId, Weights};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

type Trained = (Arc<dyn Product>, Arc<dyn Fitted>);

/// Each kind is trained once for all laws.
static TRAINED: LazyLock<Mutex<BTreeMap<&'static str, Trained>>> = LazyLock::new(Mutex::default);

fn trained(kind: &dyn Kind) -> Trained {
    let mut all = TRAINED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let (product, fitted) = all.entry(kind.card().kind).or_insert_with(|| {
        let product: Arc<dyn Product> = Arc::from(example(kind));
        let fitted: Arc<dyn Fitted> = Arc::from(product.fit(&HISTORY, 7).unwrap());
        (product, fitted)
    });
    (Arc::clone(product), Arc::clone(fitted))
}

fn cut(product: &dyn Product) -> AsOf {
    product.measured_from(HISTORY.as_of())
}

/// The products of the shop, the most often sold first.
fn bestsellers() -> Vec<ProductId> {
    let mut sold: Vec<(usize, &str)> = HISTORY
        .catalogue()
        .products()
        .iter()
        .map(|product| (0, product.id.as_str()))
        .collect();
    for line in HISTORY.lines() {
        sold[line.product as usize].0 += 1;
    }
    sold.sort_unstable_by(|a, b| b.cmp(a));
    let id = |(_, id): (usize, &str)| ProductId::new(id.to_owned()).unwrap();
    sold.into_iter().map(id).collect()
}

/// Questions that a kind can be asked: some customers, each about another product, in each placement.
fn questions(kind: &dyn Kind) -> Vec<Asked> {
    let customers: Vec<&String> = HISTORY.customers().iter().step_by(97).collect();
    let products = bestsellers();
    let placements: Vec<Option<String>> = match kind.card().placements {
        [] => vec![None],
        all => all.iter().map(|p| Some((*p).to_owned())).collect(),
    };
    let mut questions = Vec::new();
    for placement in placements {
        for (customer, product) in customers.iter().zip(&products) {
            questions.push(Asked {
                customer_id: Some(CustomerId::new((**customer).clone()).unwrap()),
                product_id: kind
                    .card()
                    .subjects
                    .contains(&Subject::Product)
                    .then(|| product.clone()),
                placement: placement.clone(),
                ..Asked::default()
            });
        }
    }
    questions
}

#[test]
fn kinds_are_sorted_and_named_once() {
    let names: Vec<_> = KINDS.iter().map(|k| k.card().kind).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
}

#[test]
fn the_example_is_accepted_and_an_unknown_key_refused_at_its_line() {
    for kind in KINDS {
        let text = kind.card().example;
        example(*kind);
        let wrong = format!("{text}colour = \"blue\"\n");
        let raw = Raw::read(ConfigFile::new("example.toml", wrong.clone()));
        let error = raw.and_then(|r| r.check().map(|_| ())).unwrap_err();
        match error {
            ConfigError::Syntax { line, message, .. } => {
                assert_eq!(line, wrong.lines().count(), "{}", kind.card().kind);
                let example: toml::Table = text.parse().unwrap();
                let settings = example["settings"].as_table().unwrap();
                assert!(message.contains("colour"), "{message}");
                for allowed in settings.keys() {
                    assert!(message.contains(allowed), "{allowed}: {message}");
                }
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn every_setting_is_in_the_example_with_its_default() {
    for kind in KINDS {
        let schema = serde_json::to_value(kind.schema()).unwrap();
        let example: toml::Table = kind.card().example.parse().unwrap();
        for (name, of_schema) in section_of(&schema, "settings") {
            let default = of_schema.get("default");
            let Some(shown) = example["settings"].get(name) else {
                // What is off unless it is set is shown as a comment.
                let commented = kind.card().example.contains(&format!("\n# {name} = "));
                assert!(
                    commented && default.is_none_or(serde_json::Value::is_null),
                    "{name} is not in the example of {}",
                    kind.card().kind
                );
                continue;
            };
            let shown = serde_json::to_value(shown).unwrap();
            assert_eq!(
                Some(&shown),
                default.or(Some(&shown)),
                "{name} of {}",
                kind.card().kind
            );
        }
    }
}

#[test]
fn the_example_offers_all_that_can_be_promised_and_all_that_retraining_takes() {
    for kind in KINDS {
        let card = kind.card();
        // What is off unless it is set is shown as a comment.
        let (head, settings) = card.example.split_once("[settings]").unwrap();
        let all = format!("{}[settings]{settings}", head.replace("\n# ", "\n"));
        let raw = Raw::read(ConfigFile::new("example.toml", all.clone())).unwrap();
        let product = raw.check().unwrap_or_else(|e| panic!("{}: {e}", card.kind));
        let refused = |name: &str| match name {
            "trial_share" => product.judged().no_trial().is_some(),
            "rolls_back_when_worse_within_days" => matches!(product.judged(), Judged::No { .. }),
            "table_age_days_max" => card.reads == ["sales"],
            "cost" | "worth" => card.measures.is_empty(),
            _ => false,
        };
        let schema = serde_json::to_value(kind.schema()).unwrap();
        let example: toml::Table = all.parse().unwrap();
        for section in ["promises", "retraining"] {
            let shown = example[section].as_table().unwrap();
            let properties = section_of(&schema, section);
            assert!(properties.len() > 5, "{properties:?}");
            for (name, of_schema) in properties {
                let what = format!("{name} of {section} of {}", card.kind);
                match shown.get(name) {
                    None => assert!(refused(name), "{what} is not shown"),
                    Some(_) if refused(name) => panic!("{what} is shown"),
                    Some(shown) if !head.contains(&format!("\n# {name} = ")) => {
                        let default = of_schema.get("default").unwrap();
                        assert_eq!(&serde_json::to_value(shown).unwrap(), default, "{what}");
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// The properties of a section of product files.
fn section_of<'a>(
    schema: &'a serde_json::Value,
    section: &str,
) -> &'a serde_json::Map<String, serde_json::Value> {
    let of = &schema["properties"][section];
    let name = of["$ref"].as_str().unwrap_or_else(|| panic!("{of}"));
    let properties = schema.pointer(&format!("{}/properties", name.trim_start_matches('#')));
    properties.and_then(|of| of.as_object()).unwrap()
}

#[test]
fn a_version_beats_its_baseline_on_days_it_has_not_seen() {
    for kind in KINDS {
        let product = example(*kind);
        let fitted = product
            .fit(&HISTORY.until(cut(product.as_ref())), 7)
            .unwrap();
        let scorecard = fitted.evaluate(&HISTORY, 7);
        let deciding = scorecard.metrics.first().unwrap();
        assert_eq!(
            deciding.beats_baseline(),
            Some(true),
            "{}: {scorecard:#?}",
            kind.card().kind
        );
        for metric in &scorecard.metrics {
            if let Some(((low, high), point)) = metric.value.interval().zip(metric.value.point()) {
                assert!(
                    low <= point && point <= high,
                    "{}: {metric:#?}",
                    kind.card().kind
                );
            }
        }
    }
}

#[test]
fn weights_sum_to_one_and_name_columns_that_the_kind_reads() {
    for kind in KINDS {
        let name = kind.card().kind;
        let (_, fitted) = trained(*kind);
        let Weights::Known {
            columns, beside, ..
        } = fitted.weights()
        else {
            panic!("{name}: {:?}", fitted.weights());
        };
        let sum: f64 = columns.values().sum();
        // An effect that is the same for everybody hangs on none.
        let is_whole = (sum - 1.0).abs() < 1e-9;
        assert!(
            is_whole || (name == "promotion" && columns.is_empty()),
            "{name}: {columns:?}"
        );
        for column in columns.keys().chain(&beside) {
            let (of, column) = column.split_once('.').unwrap();
            assert!(kind.card().reads.contains(&of), "{name} reads no {of}");
            let known = schema::table::table(of).unwrap();
            let mut known = known.columns.iter();
            assert!(known.any(|c| c.name == column), "{of} has no {column}");
        }
    }
}

#[test]
fn measures_that_can_be_told_a_worth_are_those_of_scorecards() {
    for kind in KINDS {
        let card = kind.card();
        let product = example(*kind);
        let days = product.held_out_days();
        assert_eq!(card.measures.is_empty(), days == 0, "{}", card.kind);
        let early = product
            .fit(&HISTORY.until(cut(product.as_ref())), 7)
            .unwrap();
        let scorecard = early.evaluate(&HISTORY, 7);
        for metric in scorecard.metrics.iter().filter(|_| days > 0) {
            let name = metric.name.as_str();
            assert!(card.measures.contains(&name), "{}: {name}", card.kind);
        }
    }
}

#[test]
fn a_cost_of_training_that_contradicts_itself_is_refused() {
    let refused = |kind: &str, retraining: &str| -> String {
        let text =
            format!("kind = \"{kind}\"\nowner = \"shop team\"\n[retraining]\n{retraining}\n");
        let raw = Raw::read(ConfigFile::new("one.toml", text)).unwrap();
        raw.check().map(|_| ()).unwrap_err().to_string()
    };
    let worth = |measure: &str, more: &str| {
        format!("cost = 30.0\nworth = {{ measure = \"{measure}\"{more} }}")
    };
    let of_money = ", gain = 0.01, money = 150.0";
    for (kind, retraining, told) in [
        ("recommend", "cost = 30.0".to_owned(), "30 without `worth`"),
        (
            "recommend",
            worth("ndcg@20", of_money).replace("cost = 30.0\n", ""),
            "no `cost`",
        ),
        (
            "recommend",
            worth("ndcg@20", of_money).replace("30.0", "-1.0"),
            "an amount above 0",
        ),
        (
            "recommend",
            worth("correlation", of_money),
            "ndcg@20, recall@20",
        ),
        (
            "recommend",
            worth("ndcg@20", ""),
            "an experiment that measures what it earns",
        ),
        (
            "recommend",
            worth("ndcg@20", ", gain = 0.01"),
            "`money` beside it",
        ),
        (
            "recommend",
            worth("ndcg@20", ", gain = 0.0, money = 1.0"),
            "both above 0",
        ),
        (
            "promotion",
            worth("ndcg@20", of_money),
            "not measured on days",
        ),
    ] {
        let found = refused(kind, &retraining);
        assert!(found.contains(told), "{retraining}: {found}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    for kind in KINDS {
        let product = example(*kind);
        let fit = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| product.fit(&HISTORY, 11).unwrap().artefact().to_bytes())
        };
        assert!(fit(1) == fit(2), "{}", kind.card().kind);
    }
}

/// The first place at which two documents differ.
fn difference(one: &serde_json::Value, other: &serde_json::Value, at: &str) -> Option<String> {
    use serde_json::Value;
    match (one, other) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => a
            .iter()
            .find_map(|(key, value)| difference(value, b.get(key)?, &format!("{at}.{key}"))),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => (0..a.len())
            .find_map(|place| difference(&a[place], &b[place], &format!("{at}[{place}]"))),
        (one, other) => (one != other).then(|| format!("{at} is {one:.200} and {other:.200}")),
    }
}

#[test]
fn what_was_measured_is_what_learns_from_the_whole_history() {
    let shop = shop();
    let now = jiff::Timestamp::UNIX_EPOCH;
    for kind in KINDS {
        let (product, whole) = trained(*kind);
        let again = product.refit(whole.as_ref(), &HISTORY, 7).unwrap();
        let (again, same) = (again.artefact(), whole.artefact());
        assert!(
            again.to_bytes() == same.to_bytes(),
            "{}: the same choices on the same history: {}",
            kind.card().kind,
            difference(&again.body, &same.body, "body").unwrap_or_default()
        );
        let until = cut(product.as_ref());
        let measured = product.fit(&HISTORY.until(until), 7).unwrap();
        let refitted = product.refit(measured.as_ref(), &HISTORY, 7).unwrap();
        assert_eq!((measured.as_of(), refitted.as_of()), (until, whole.as_of()));
        let (before, after) = (
            measured.attach(Arc::clone(&shop)),
            refitted.attach(Arc::clone(&shop)),
        );
        let mut compared = 0;
        for asked in questions(*kind) {
            if let (Ok(before), Ok(after)) = (before.decide(&asked, now), after.decide(&asked, now))
            {
                assert_eq!(before.method, after.method, "{asked:?}");
                compared += 1;
            }
        }
        assert!(compared > 3, "{}: {compared}", kind.card().kind);
    }
}

#[test]
fn an_artefact_comes_back_the_same_and_a_foreign_newer_or_damaged_one_is_refused() {
    for kind in KINDS {
        let (product, fitted) = trained(*kind);
        let name = product.header().name.clone();
        let bytes = fitted.artefact().to_bytes();
        let read = Artefact::from_bytes(&name, &bytes).unwrap();
        let again = product.load(&read).unwrap();
        assert!(again.artefact().to_bytes() == bytes, "{}", kind.card().kind);

        let mut changed = read.clone();
        changed.golden.scores[0] += 0.5 + changed.golden.scores[0].abs();
        assert!(
            matches!(
                product.load(&changed),
                Err(LoadError::Golden { position: 0, .. })
            ),
            "{}",
            kind.card().kind
        );
        let foreign = Artefact {
            product: "somebody-else".to_owned(),
            ..read.clone()
        };
        assert!(
            matches!(product.load(&foreign), Err(LoadError::Foreign { .. })),
            "{}",
            kind.card().kind
        );
        let newer = Artefact {
            format: read.format + 1,
            ..read.clone()
        };
        let refused = Artefact::from_bytes(&name, &newer.to_bytes()).map(|_| ());
        assert!(
            matches!(
                &refused,
                Err(LoadError::Newer { product, found, allowed })
                    if *product == name && *found == read.format + 1 && *allowed == read.format
            ),
            "{refused:?}"
        );
        assert!(Artefact::from_bytes(&name, &bytes[..bytes.len() / 2]).is_err());
    }
}

#[test]
fn what_is_read_back_decides_as_what_was_trained_and_asking_twice_changes_nothing() {
    let shop = shop();
    let now = jiff::Timestamp::UNIX_EPOCH;
    for kind in KINDS {
        let (product, fitted) = trained(*kind);
        let read = product.load(&fitted.artefact()).unwrap();
        let (one, two) = (
            fitted.attach(Arc::clone(&shop)),
            read.attach(Arc::clone(&shop)),
        );
        for asked in questions(*kind) {
            assert_eq!(
                one.decide(&asked, now),
                two.decide(&asked, now),
                "{} {asked:?}",
                kind.card().kind
            );
            assert_eq!(one.decide(&asked, now), one.decide(&asked, now));
        }
    }
}

#[test]
fn every_placement_has_decisions_with_places_reasons_and_propensities() {
    let shop = shop();
    for kind in KINDS {
        let (_, fitted) = trained(*kind);
        let serving = fitted.attach(Arc::clone(&shop));
        let mut decisions: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for asked in questions(*kind) {
            let decided = serving
                .decide(&asked, jiff::Timestamp::UNIX_EPOCH)
                .unwrap_or_else(|why| panic!("{}: {asked:?}: {why}", kind.card().kind));
            assert_eq!(decided.placement, asked.placement);
            *decisions.entry(asked.placement).or_default() += decided.actions.len();
            for (action, position) in decided.actions.iter().zip(1u32..) {
                assert_eq!(action.position, position);
                assert!(
                    !action.reasons.list().is_empty(),
                    "{}: {action:?}",
                    kind.card().kind
                );
                assert!(
                    action.reasons.list().iter().all(|r| !r.text.contains('{')),
                    "{action:?}"
                );
                assert!(action.propensity.get() > 0.0);
            }
        }
        let empty: Vec<_> = decisions.iter().filter(|(_, n)| **n == 0).collect();
        assert!(empty.is_empty(), "{}: {empty:?}", kind.card().kind);
    }
}

#[test]
fn reasons_add_up_to_the_score() {
    let shop = shop();
    let mut explained = 0;
    for kind in KINDS {
        let (_, fitted) = trained(*kind);
        let serving = fitted.attach(Arc::clone(&shop));
        for asked in questions(*kind) {
            let now = jiff::Timestamp::UNIX_EPOCH;
            let Ok(e) = serving.explain(&asked, None, now) else {
                continue;
            };
            explained += 1;
            let sum: f64 = e.lines.iter().map(|l| l.contribution).sum();
            assert!(
                (sum - e.score).abs() <= 1e-5 * e.score.abs().max(1e-6),
                "{}: {e:#?}",
                kind.card().kind
            );
            // Where the answer is a scored product, the explained score is the score in the answer.
            if kind.card().subjects.contains(&Subject::Product)
                && let Ok(decided) = serving.decide(&asked, now)
                && let Some(best) = decided.actions.first()
            {
                assert_eq!(best.id, e.about);
                let score = best.score.unwrap();
                assert!(
                    (score - e.score).abs() <= 1e-4 * score.abs().max(1e-6),
                    "{asked:?} {best:#?} {e:#?}"
                );
            }
        }
    }
    assert!(explained > 20, "{explained}");
}

#[test]
fn the_unknown_is_refused_by_name_or_answered_by_the_baseline() {
    let shop = shop();
    for kind in KINDS {
        let (_, fitted) = trained(*kind);
        let serving = fitted.attach(Arc::clone(&shop));
        let about_customers = kind.card().subjects.contains(&Subject::Customer);
        let asked = Asked {
            customer_id: about_customers.then(|| CustomerId::new("nobody").unwrap()),
            product_id: (!about_customers).then(|| ProductId::new("nobody").unwrap()),
            ..Asked::default()
        };
        match serving.decide(&asked, jiff::Timestamp::UNIX_EPOCH) {
            Ok(decided) => assert!(decided.method.contains("nothing is known"), "{decided:?}"),
            Err(error) => assert!(error.to_string().contains("nobody"), "{error}"),
        }
    }
}

#[test]
fn the_baseline_refuses_what_the_version_refuses() {
    let shop = shop();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let (nobody, nothing) = (Some("nobody"), Some("no-such-product"));
    for kind in KINDS {
        let (_, fitted) = trained(*kind);
        let serving = fitted.attach(Arc::clone(&shop));
        let mut wrong = vec![
            Asked::default(),
            Asked {
                customer_id: nobody.map(|c| CustomerId::new(c).unwrap()),
                product_id: nothing.map(|p| ProductId::new(p).unwrap()),
                ..Asked::default()
            },
        ];
        wrong.extend(questions(*kind).into_iter().map(|asked| Asked {
            items: Some(1_000_000),
            placement: Some("nowhere".to_owned()),
            ..asked
        }));
        for asked in wrong {
            assert_eq!(
                serving.baseline(&asked, now).err(),
                serving.decide(&asked, now).err(),
                "{}: {asked:?}",
                kind.card().kind
            );
        }
    }
}

#[test]
fn what_was_bought_since_is_not_recommended_again() {
    let recommend = KINDS.iter().find(|k| k.card().kind == "recommend").unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let (_, fitted) = trained(*recommend);
    let customer = HISTORY.customers().first().unwrap();
    let asked = Asked {
        customer_id: Some(CustomerId::new(customer.clone()).unwrap()),
        placement: Some("for_you".to_owned()),
        ..Asked::default()
    };
    let listed = |shop: Arc<Shop>| -> Vec<String> {
        let decided = fitted.attach(shop).decide(&asked, now).unwrap();
        decided.actions.into_iter().map(|a| a.id).collect()
    };
    let before = listed(shop());
    let bought = [
        purchase("e1", customer, &before[0], 0),
        purchase("e2", customer, "no such product", 1),
    ];
    let after = listed(shop_since(bought));
    assert!(!after.contains(&before[0]), "{before:?}, then {after:?}");
    // What is told of a day before the shop's is among its sales, or is not known.
    let late = purchase("e3", customer, &before[0], -1);
    assert_eq!(listed(shop_since([late])), before);
}

#[test]
fn late_and_repeated_events_leave_a_customer_whole() {
    let customer = &HISTORY.customers()[0];
    let known = HISTORY.lines_of(0);
    let id = |line: &features::SaleLine| HISTORY.catalogue().get(line.product).unwrap().id.clone();
    let product = id(known.last().unwrap());
    let told = |event: &str, after: i64| purchase(event, customer, &product, after);
    let day = 86_400;
    let late = [
        told("third", 3 * day),
        told("first", 5),
        told("too late", -1),
        told("second", day),
        told("first", 5),
    ];
    let shop = shop_since(late);
    let lines = shop.lines_of(customer);
    assert_eq!(&lines[..known.len()], known);
    assert!(lines.is_sorted_by_key(|l| l.at_seconds), "{lines:?}");
    let since = &lines[known.len()..];
    assert_eq!(since.len(), 3, "{since:?}");
    let orders: BTreeSet<u32> = lines.iter().map(|l| l.order).collect();
    let before: BTreeSet<u32> = known.iter().map(|l| l.order).collect();
    assert_eq!(orders.len(), before.len() + 3, "each event is an order");
    // Whoever knows the customer as of the shop's day knows the same as without the events.
    let as_of = HISTORY.as_of();
    assert_eq!(
        features::purchase_summary(&lines, as_of),
        features::purchase_summary(known, as_of)
    );
    let later = AsOf(as_of.0 + jiff::Span::new().days(10));
    let summary = features::purchase_summary(&lines, later).unwrap();
    let without = features::purchase_summary(known, later).unwrap();
    assert_eq!(summary.repeat_purchases, without.repeat_purchases + 3);
}

#[test]
fn memory_is_stated_before_and_grows_with_the_shop() {
    for kind in KINDS {
        let product = example(*kind);
        let small = Size {
            customers: 1_000,
            products: 500,
            sales: 20_000,
            draws: 1_000,
            rounds: 10_000,
        };
        let large = Size {
            customers: 1_000_000,
            products: 20_000,
            sales: 20_000_000,
            draws: 1_000_000,
            rounds: 10_000_000,
        };
        let (a, b) = (product.memory_needed(&small), product.memory_needed(&large));
        assert!(a > Bytes(1 << 20) && b > a, "{}: {a} {b}", kind.card().kind);
    }
}
