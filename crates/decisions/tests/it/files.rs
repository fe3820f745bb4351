//! Rule files: what is refused, where, and with what is allowed.

use crate::shop::{check, file, refused, rule, rules, six_items};
use decisions::rules::{Action, Group};

const WINE: &str = "item = { category = 'wine' }\napplies = true";

#[test]
fn a_whole_file_is_read_with_its_scope() {
    let set = rules(
        r#"
[[rule]]
name = "no wine in carousels"
owner = "category management"
reason = "advertising law"
when = "item.category == 'wine' && item.price_cents < 100000"
then = "exclude"
placements = ["for_you"]
products = ["for-you"]
valid_from = 2026-01-01
valid_to = 2026-12-31
[[rule.example]]
item = { category = "wine", price_cents = 1200 }
applies = true
[[rule.example]]
item = { category = "bread" }
applies = false

[[rule]]
name = "two per brand"
owner = "merchandising"
reason = "variety"
when = "true"
then = "cap"
at_most = 2
per = "brand"
[[rule.example]]
applies = true
"#,
    );
    let [first, second] = set.rules() else {
        panic!("{set:?}")
    };
    assert_eq!(
        (first.name(), first.owner(), first.reason()),
        (
            "no wine in carousels",
            "category management",
            "advertising law"
        )
    );
    assert_eq!(first.scope().valid_to.unwrap().to_string(), "2026-12-31");
    assert_eq!(
        second.action(),
        Action::Cap {
            at_most: 2,
            per: Group::Brand
        }
    );
    let day = |text: &str| text.parse().unwrap();
    assert!(
        first
            .scope()
            .holds("for-you", Some("for_you"), day("2026-12-31"))
    );
    assert!(
        !first
            .scope()
            .holds("for-you", Some("for_you"), day("2027-01-01"))
    );
    assert!(
        !first
            .scope()
            .holds("for-you", Some("home"), day("2026-12-31"))
    );
    assert!(!first.scope().holds("for-you", None, day("2026-12-31")));
    assert!(
        !first
            .scope()
            .holds("similar", Some("for_you"), day("2026-12-31"))
    );
}

#[test]
fn what_is_wrong_is_refused_at_its_line() {
    let wine = "item.category == 'wine'";
    let with = |then: &str| refused(&rule("r", wine, then, WINE));
    for (then, expected) in [
        (
            "then = 'hide'",
            "rules/shop.toml:6: unknown variant `hide`, expected one of `exclude`, `pin`, `boost`, `cap`",
        ),
        (
            "then = 'exclude'\nposition = 1",
            "rules/shop.toml:7: `rule.0.position` is given, allowed is with then = \"exclude\" these keys: none of its own",
        ),
        (
            "then = 'pin'",
            "rules/shop.toml:1: `rule.0.position` is missing, allowed is with then = \"pin\" these keys: position",
        ),
        (
            "then = 'pin'\nposition = 0",
            "rules/shop.toml:7: `rule.0.position` is 0, allowed is 1 to 1000",
        ),
        (
            "then = 'boost'\nfactor = 0.0",
            "rules/shop.toml:7: `rule.0.factor` is 0, allowed is 0.01 to 100",
        ),
        (
            "then = 'boost'\nfactor = nan",
            "rules/shop.toml:7: `rule.0.factor` is NaN, allowed is 0.01 to 100",
        ),
        (
            "then = 'cap'\nat_most = 2",
            "rules/shop.toml:1: `rule.0.per` is missing, allowed is with then = \"cap\" these keys: at_most and per",
        ),
        (
            "then = 'exclude'\nplacements = []",
            "rules/shop.toml:7: `rule.0.placements` is []",
        ),
        (
            "then = 'exclude'\nplacements = ['home', 'homw']",
            "rules/shop.toml:7: `rule.0.placements` is \"homw\", allowed is for_you, home, x, y",
        ),
        (
            "then = 'exclude'\nproducts = ['for-yuo']",
            "rules/shop.toml:7: `rule.0.products` is \"for-yuo\", allowed is for-you, value, promotions",
        ),
        (
            "then = 'exclude'\nvalid_from = 2026-02-30",
            "rules/shop.toml:7:",
        ),
        (
            "then = 'exclude'\nvalid_from = 2026-03-01\nvalid_to = 2026-02-28",
            "rules/shop.toml:8: `rule.0.valid_to` is 2026-02-28, allowed is 2026-03-01 (valid_from) or later",
        ),
        (
            "then = 'exclude'\nwhere = 'x'",
            "rules/shop.toml:7: unknown field `where`, expected one of `name`, `owner`",
        ),
    ] {
        let error = with(then);
        assert!(error.starts_with(expected), "{then}: {error}");
    }
    let error = refused(&rule("", wine, "then = 'exclude'", WINE));
    assert!(
        error.starts_with("rules/shop.toml:2: `rule.0.name` is 0 characters"),
        "{error}"
    );
}

#[test]
fn an_example_that_does_not_hold_names_rule_number_and_line() {
    let second = "item = { category = 'wine' }\napplies = true\n[[rule.example]]\nitem = { category = 'bread' }\napplies = true";
    let error = refused(&rule(
        "no wine",
        "item.category == 'wine'",
        "then = 'exclude'",
        second,
    ));
    assert_eq!(
        error,
        "rules/shop.toml:12: `rule.0.example.1.applies` is true, but example 2 of rule `no wine` evaluates to false (item.category is \"bread\"), allowed is false"
    );
    let missing = "item = { brand = 'x' }\napplies = true";
    let error = refused(&rule(
        "no wine",
        "item.category == 'wine'",
        "then = 'exclude'",
        missing,
    ));
    assert!(
        error.contains("evaluates to unknown, because a field that decides is missing"),
        "{error}"
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let good = rule("good", "item.category == 'wine'", "then = 'exclude'", WINE);
    let hide = rule("hide", "item.category == 'wine'", "then = 'pin'", WINE);
    let away = rule("away", "nothing", "then = 'exclude'", WINE);
    let other = schema::config::ConfigFile::new("rules/other.toml", "colour = 1\n");
    let wrong = check(&[file(&(hide + &good + &away)), other]).unwrap_err();
    let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    let expected = [
        "rules/shop.toml:1: `rule.0.position` is missing",
        "rules/shop.toml:25: `rule.2.when` is \"nothing\", using the unknown variable `nothing`",
        "rules/other.toml:1: unknown field `colour`, expected `rule`",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn a_rule_without_examples_is_refused() {
    let text = rule("r", "item.category == 'wine'", "then = 'exclude'", WINE);
    let text = text.split("[[rule.example]]").next().unwrap();
    assert!(
        refused(text)
            .contains("`rule.0.example` is missing, allowed is at least one [[rule.example]]")
    );
}

#[test]
fn a_name_used_twice_is_refused_with_both_places() {
    let one = rule("r", "item.category == 'wine'", "then = 'exclude'", WINE);
    let other = schema::config::ConfigFile::new("rules/other.toml", format!("\n{one}"));
    let error = check(&[file(&one), other]).unwrap_err()[0].to_string();
    assert_eq!(
        error,
        "rules/other.toml:3: `rule.0.name` is \"r\", allowed is a name that no other rule has (also at rules/shop.toml:1)"
    );
}

#[test]
fn two_pins_that_always_claim_one_place_are_refused() {
    let pin = |name: &str, when: &str, more: &str| {
        rule(
            name,
            when,
            &format!("then = 'pin'\nposition = 1\n{more}"),
            WINE,
        )
    };
    let wine = "item.category == 'wine'";
    let error = refused(&(pin("a", wine, "") + &pin("b", wine, "")));
    assert!(
        error.starts_with(
            "rules/shop.toml:19: `rule.1.position` is 1, allowed is a place that no rule pins"
        ),
        "{error}"
    );
    assert!(error.contains("`a` does, at rules/shop.toml:1"), "{error}");
    rules(&(pin("a", wine, "placements = ['x']") + &pin("b", wine, "placements = ['y']")));
    rules(&(pin("a", wine, "valid_to = 2026-05-31") + &pin("b", wine, "valid_from = 2026-06-01")));
    let error = refused(&rule(
        "c",
        "request.hour < 3",
        "then = 'pin'\nposition = 1",
        "request = { hour = 1 }\napplies = true",
    ));
    assert!(
        error.contains("a condition that names its items apart from the request"),
        "{error}"
    );
}

#[test]
fn a_pin_whose_items_are_all_excluded_is_told_when_the_catalogue_is_known() {
    let text = rule(
        "pin wine",
        "item.category == 'wine'",
        "then = 'pin'\nposition = 2",
        WINE,
    ) + &rule(
        "no alcohol",
        "item.category in ['wine', 'beer']",
        "then = 'exclude'",
        WINE,
    );
    let prepared = rules(&text).compile_for(&six_items());
    let told: Vec<String> = prepared
        .conflicts()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "pin `pin wine` at 2: all of its 3 items are excluded by `no alcohol`, and an exclusion wins"
        ]
    );
}

#[test]
fn the_json_schema_describes_every_key() {
    let schema =
        serde_json::to_value(schemars::schema_for!(decisions::rules::raw::RawRuleFile)).unwrap();
    let rule = &schema["$defs"]["RawRule"]["properties"];
    for key in [
        "name",
        "owner",
        "reason",
        "when",
        "then",
        "position",
        "factor",
        "at_most",
        "per",
        "valid_from",
        "example",
    ] {
        assert!(
            rule[key]["description"]
                .as_str()
                .is_some_and(|d| d.len() > 10),
            "{key}: {rule}"
        );
    }
}
