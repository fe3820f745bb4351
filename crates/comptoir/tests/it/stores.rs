//! Budgets by store: customers of a store whose money is short have its price, promise by promise too, and nobody else.

use crate::deals::{CUSTOMERS, DEAL, LIMIT, ask, budget, shop_with, site, the_books_agree};
use crate::program::{good, json as document, rows, run};
use crate::serving::{Connection, serve, terminate};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Offers that the store in Lyon may promise, and customers that it is expected to pay for in a round.
const OFFERS: i64 = 40;
const PAID_FOR: usize = 100;

/// What a deal costs: nobody gets a discount by it.
const COST: f64 = 2.0;

/// A shop with two stores, of which one has money for half of its customers, trained on that; and what the training told.
fn shop(folder: &Path) -> (PathBuf, String) {
    let shop = shop_with(
        folder,
        "registry.sqlite",
        &[("none", 0), ("deal", 30)],
        &format!("{COST:.1}"),
    );
    let path = shop.join("products/deals.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let [scarce, enough] = [LIMIT, 100 * LIMIT].map(|cents| format!("budget = {}\n", cents / 100));
    assert!(text.contains(&scarce));
    let text = text.replace(&scarce, &enough);
    let one = |name: &str, most: f64| {
        format!(
            "\n[[settings.limits]]\nname = \"store {name}\"\nsites = [\"{name}\"]\nspend_at_most = {most:.2}\n"
        )
    };
    let limits = one("lyon", PAID_FOR as f64 * COST) + &one("nice", 5_000.0);
    std::fs::write(&path, text + &limits).unwrap();
    // Everybody gains the same, so a person puts it in front.
    let trained = run(&shop, &["run", "deals"]);
    assert_eq!(trained.code, 1);
    let promote = ["promote", "deals", "2", "--despite-gate", "--why", "test"];
    good(&shop, &promote);
    (shop, trained.out + &trained.err)
}

/// Decides for everybody, nothing logged: who gets a deal, and with which probability everybody would.
fn deals(shop: &Path) -> Vec<(usize, bool, f64)> {
    let decide = [
        "decide",
        "deals",
        "--input",
        "q.csv",
        "--quiet",
        "--dry-run",
    ];
    good(
        shop,
        &[&decide[..], &["--output-file", "a.ndjson"]].concat(),
    );
    let answers = std::fs::read_to_string(shop.join("a.ndjson")).unwrap();
    let answer = |line: &str| {
        let answer = document(line);
        let customer: usize = answer["customer_id"].as_str().unwrap()[1..]
            .parse()
            .unwrap();
        let (deal, given) = (
            answer["action"] == "deal",
            answer["propensity"].as_f64().unwrap(),
        );
        (customer, deal, if deal { given } else { 1.0 - given })
    };
    answers.lines().map(answer).collect()
}

/// Deals logged for customers of a store.
fn logged(shop: &Path, at: &str) -> i64 {
    let given = rows(
        shop,
        "SELECT customer_id FROM decisions WHERE reserved_cents IS NOT NULL",
    );
    let number =
        |row: &serde_json::Value| row["customer_id"].as_str().unwrap()[1..].parse().unwrap();
    let there = given.iter().filter(|row| site(number(row)) == at);
    i64::try_from(there.count()).unwrap()
}

/// What is reserved of the limit of a store.
fn reserved(shop: &Path, at: &str) -> i64 {
    let all = &budget(shop)["budgets"][0]["limits"];
    let mut all = all.as_array().unwrap().iter();
    let of = all.find(|of| of["limit"] == format!("store {at}")).unwrap();
    assert_eq!(
        (&of["leased"], &of["sites"]),
        (&json!(0), &json!([at])),
        "{of}"
    );
    of["reserved"].as_i64().unwrap()
}

#[test]
fn a_store_whose_money_is_short_has_a_price_and_promises_no_more_than_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, told) = shop(folder.path());
    let says = "limit store lyon (customers of lyon): spends";
    assert!(told.contains(says), "{told}");
    let questions: String = (0..CUSTOMERS).map(|n| format!("C{n}\n")).collect();
    std::fs::write(shop.join("q.csv"), format!("customer_id\n{questions}")).unwrap();

    // In expectation.
    let all = deals(&shop);
    let expected = |at: &str| -> f64 {
        let there = all.iter().filter(|(customer, _, _)| site(*customer) == at);
        there.map(|(_, _, share)| COST * share).sum()
    };
    let (lyon, nice) = (expected("lyon"), expected("nice"));
    let limit = PAID_FOR as f64 * COST;
    assert!(lyon <= limit * 1.01 && lyon > limit * 0.9, "{lyon}");
    assert!(nice > 1.8 * limit, "{nice}");

    // With a ledger, promise by promise: a batch, and a server that dies and comes again.
    let path = shop.join("products/deals.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let now = format!("spend_at_most = {limit:.2}");
    assert!(text.contains(&now));
    let promised = format!("spend_at_most = {:.2}", (OFFERS * DEAL) as f64 / 100.0);
    std::fs::write(&path, text.replace(&now, &promised)).unwrap();
    let (mut server, address) = serve(&shop);
    let mut connection = Connection::open(&address).unwrap();
    let asked = |connection: &mut Connection, customers: std::ops::Range<usize>| -> Vec<_> {
        customers.map(|n| ask(connection, n).unwrap()).collect()
    };
    let mut answered = asked(&mut connection, 0..60);
    server.kill().unwrap();
    server.wait().unwrap();
    let (mut server, address) = serve(&shop);
    let mut connection = Connection::open(&address).unwrap();
    answered.extend(asked(&mut connection, 60..100));
    terminate(&mut server);
    the_books_agree(&shop, 100 * LIMIT, &answered);
    for at in ["lyon", "nice"] {
        assert_eq!(reserved(&shop, at), logged(&shop, at) * DEAL, "{at}");
    }
    assert!(logged(&shop, "lyon") > 0 && logged(&shop, "nice") > 40);
    let decide = ["decide", "deals", "--input", "q.csv", "--quiet"];
    good(&shop, &[&decide[..], &["--output-file", "b.csv"]].concat());
    assert_eq!(reserved(&shop, "lyon"), OFFERS * DEAL);
    assert_eq!(logged(&shop, "lyon"), OFFERS);
    assert_eq!(reserved(&shop, "nice"), logged(&shop, "nice") * DEAL);
    let said = good(&shop, &["budget", "--quiet"]).out;
    assert!(said.contains("  store lyon (lyon)"), "{said}");
    // The batch itself went to everybody who buys in Nice.
    let answers = std::fs::read_to_string(shop.join("b.csv")).unwrap();
    let deals = answers.lines().filter(|line| line.contains(",deal,"));
    assert!(deals.count() >= CUSTOMERS / 2);
    let short = answers
        .lines()
        .filter(|line| line.contains("limit_used_up"));
    let mut short = short.map(|line| line.split(',').nth(1).unwrap()[1..].parse().unwrap());
    assert!(short.clone().count() > 0 && short.all(|n: usize| site(n) == "lyon"));
}

#[test]
fn a_limit_of_a_site_that_nobody_knows_stops_the_training_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, _) = shop(folder.path());
    let path = shop.join("products/deals.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("sites = [\"nice\"]", "sites = [\"metz\"]"),
    )
    .unwrap();
    let refused = run(&shop, &["run", "deals", "--quiet"]);
    let said = refused.out + &refused.err;
    assert!(
        said.contains("limit \"store nice\"")
            && said.contains("\"metz\"")
            && said.contains("the sites are lyon, nice"),
        "{said}"
    );
}
