//! Offers and expert rules, as a user meets them: an offer with its days and its condition, a rule with its examples,
//! and what `check` says of both.

use crate::program::{good, json, refused, rows, run, starter};
use crate::shops::planted_trial;
use std::path::{Path, PathBuf};

const OFFERS: &str = r#"table = "offers"
files = "raw/offers.csv"
format = "csv"
currency = "EUR"

[columns]
offer_id = { from = "offer" }
type = { value = "amount" }
depth = { value = "5" }
cost_retailer_cents = { value = "5.00" }
valid_from = { from = "from", format = "%Y-%m-%d" }
valid_to = { from = "to", format = "%Y-%m-%d" }
eligibility = { from = "for_whom" }

[contract]
quarantined_share_max = 0.5
"#;

const RULE: &str = r#"[[rule]]
name = "not to c8"
owner = "customer service"
reason = "asked for no mail"
when = "offer.offer_id == 'mail' && customer.customer_id == 'c8'"
then = "exclude"
products = ["mail"]

[[rule.example]]
offer = { offer_id = "mail" }
customer = { customer_id = "c8" }
applies = true
"#;

fn write(shop: &Path, file: &str, text: &str) {
    let path = shop.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The starter shop with a trial of a mail, and the mail among its offers.
fn shop_with(folder: &Path, offers: &str) -> PathBuf {
    let shop = starter(folder);
    planted_trial(&shop);
    write(&shop, "sources/offers.toml", OFFERS);
    write(
        &shop,
        "raw/offers.csv",
        &format!("offer,from,to,for_whom\n{offers}"),
    );
    shop
}

#[test]
fn an_offer_and_a_rule_decide_who_may_get_a_mail_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let offers = "mail,2025-06-01,2199-12-31,context.web == 1\nold,2025-06-01,2025-05-01,\n";
    let shop = shop_with(folder.path(), offers);
    write(&shop, "rules/house.toml", RULE);
    // A draw whose arm has no probability says nothing of it, and of two arms one is drawn.
    let drawn = std::fs::read_to_string(shop.join("raw/drawn.csv")).unwrap();
    let lacks = "c801,mail,\"{\"\"letter\"\":0.5,\"\"none\"\":0.5}\",1,0\n";
    let too_much = "c802,mail,\"{\"\"mail\"\":0.7,\"\"none\"\":0.5}\",1,0\n";
    write(&shop, "raw/drawn.csv", &(drawn + lacks + too_much));
    good(&shop, &["import", "--quiet"]);
    let sql = "SELECT \"table\" AS t, rule, reason FROM quarantine WHERE \"table\" IN ('offers', 'assignments') ORDER BY t, rule";
    let set_aside = rows(&shop, sql);
    let told: Vec<&str> = set_aside
        .iter()
        .map(|row| row["rule"].as_str().unwrap())
        .collect();
    assert!(
        told.contains(&"the arm drawn has a probability"),
        "{set_aside:?}"
    );
    let probabilities = told.iter().any(|rule| rule.contains("probabilities"));
    assert!(probabilities, "{set_aside:?}");
    assert!(
        told.contains(&"it does not end before it begins"),
        "{set_aside:?}"
    );
    let outcomes = json(&good(&shop, &["run", "mail", "--output", "json", "--quiet"]).out);
    assert_eq!(outcomes[0]["promoted"], true, "{outcomes}");
    let told = |about: &str| {
        good(
            &shop,
            &["explain", "mail", "--for", about, "--about", "mail"],
        )
        .out
    };
    let (with, without, ruled) = (
        told("customer=c4"),
        told("customer=c6"),
        told("customer=c8"),
    );
    assert!(!with.contains("not in the answer"), "{with}");
    let says = "not in the answer: the customer is not eligible: it takes context.web == 1, and context.web is 0";
    assert!(without.contains(says), "{without}");
    for says in [
        "not in the answer: rule \"not to c8\" excludes it (asked for no mail)",
        "rule: rule \"not to c8\" excludes mail (asked for no mail)",
    ] {
        assert!(ruled.contains(says), "{ruled}");
    }
    let checked = good(&shop, &["check", "--data"]).out;
    assert!(checked.contains("1 of 1060 customers"), "{checked}");
    assert!(!checked.contains("note:"), "{checked}");
    // An offer that came later and whose condition nobody can read is given to nobody.
    write(
        &shop,
        "raw/offers.csv",
        "offer,from,to,for_whom\nmail,2025-06-01,2199-12-31,context.wbe == 1\n",
    );
    good(&shop, &["import", "--quiet"]);
    let unreadable = told("customer=c4");
    let says = "nobody can say to whom it may be given: eligibility is \"context.wbe == 1\", using `context.wbe`, which no draw has logged; allowed is context.web";
    assert!(unreadable.contains(says), "{unreadable}");
    refused(
        &shop,
        &["run", "mail"],
        2,
        &["offer \"mail\" of table `offers`", "`context.wbe`"],
    );
    refused(
        &shop,
        &["check", "--data"],
        1,
        &["wrong: table `offers`, offer `mail`: eligibility is \"context.wbe == 1\""],
    );
}

#[test]
fn the_check_counts_rules_on_the_shop_and_notes_those_that_contradict_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop_with(folder.path(), "mail,2025-06-01,2199-12-31,\n");
    let pin = RULE
        .replace("not to c8", "promised")
        .replace("\"exclude\"", "\"pin\"")
        .replace(
            "customer.customer_id == 'c8'",
            "customer.customer_id in ['c8', 'c9']",
        );
    let never = RULE
        .replace("not to c8", "regulars")
        .replace("customer.customer_id == 'c8'", "customer.orders > 5000")
        .replace("customer_id = \"c8\"", "orders = 5001");
    let strange = RULE
        .replace("not to c8", "the old")
        .replace("customer.customer_id == 'c8'", "context.age > 60")
        .replace(
            "customer = { customer_id = \"c8\" }",
            "context = { age = 61 }",
        );
    write(&shop, "rules/house.toml", &format!("{RULE}{pin}{never}"));
    let note = "house.toml:13: rule `promised` pins what rule `not to c8`";
    let told = good(&shop, &["check"]).out;
    assert!(
        told.contains(note) && told.contains("an exclusion wins"),
        "{told}"
    );
    refused(&shop, &["check", "--data"], 2, &["has no accepted row"]);
    good(&shop, &["import", "--quiet"]);
    let told = good(&shop, &["check", "--data"]).out;
    for says in [
        note,
        "rule `regulars` fires for 0 of ",
        "rule `promised` pins what rule `not to c8` excludes for 1 of ",
        "the first is c8; an exclusion wins",
    ] {
        assert!(told.contains(says), "no {says:?} in {told}");
    }
    write(&shop, "rules/other.toml", &strange);
    let says =
        "rule `the old` uses `context.age`, which no draw has logged; allowed is context.web";
    refused(
        &shop,
        &["check", "--data"],
        1,
        &[says, "1 conditions name what this shop does not know"],
    );
    let document = json(&run(&shop, &["check", "--data", "--output", "json", "--quiet"]).out);
    crate::documents::documented("check", &document);
    let fired = document["rules"]["fired"].as_array().unwrap();
    let fires: Vec<_> = fired
        .iter()
        .map(|f| (f["rule"].as_str().unwrap(), f["fires"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        fires,
        [
            ("not to c8", 1),
            ("promised", 2),
            ("regulars", 0),
            ("the old", 0)
        ]
    );
    assert_eq!(document["rules"]["together"][0]["first"], "c8");
}

#[test]
fn a_rule_that_is_wrong_is_told_with_its_facts_and_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop_with(folder.path(), "mail,2025-06-01,2199-12-31,\n");
    for (from, to, says) in [
        (
            "customer = { customer_id = \"c8\" }",
            "customer = { customer_id = \"c9\" }",
            "house.toml:12: `rule.0.example.0.applies` is true, but example 1 of rule `not to c8` evaluates to false (customer.customer_id is \"c9\", offer.offer_id is \"mail\"), allowed is false",
        ),
        (
            "customer.customer_id ==",
            "customer.name ==",
            "house.toml:5: `rule.0.when` is \"offer.offer_id == 'mail' && customer.name == 'c8'\", using the unknown field `customer.name`, allowed is customer.customer_id, customer.orders",
        ),
        ("== 'c8'", "== 'c8", "not CEL"),
        (
            "products = [\"mail\"]",
            "products = [\"value\"]",
            "a data product that gives some: mail",
        ),
        (
            "\"exclude\"",
            "\"boost\"\nfactor = 2.0",
            "allowed is exclude or pin",
        ),
        (
            "owner = \"customer service\"\n",
            "",
            "missing field `owner`",
        ),
        (
            "products = [\"mail\"]",
            "valid_until = 2026-01-01",
            "unknown field `valid_until`",
        ),
    ] {
        let wrong = RULE.replacen(from, to, 1);
        assert_ne!(wrong, RULE, "{from}");
        write(&shop, "rules/house.toml", &wrong);
        refused(&shop, &["check"], 1, &[says]);
    }
}
