//! A shop whose customers all buy more with a deal, and what its books must say of the deals promised.

use crate::documents::documented;
use crate::program::{good, json, rows, run};
use crate::serving::Connection;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the product may promise, and what one deal reserves.
pub(crate) const LIMIT: i64 = 30_000;
pub(crate) const DEAL: i64 = 500;

pub(crate) const CUSTOMERS: usize = 400;

/// The store at which a customer buys.
pub(crate) fn site(customer: usize) -> &'static str {
    ["lyon", "nice"][customer / 2 % 2]
}

/// A shop whose customers all buy more with a deal, trained on the trial that tells it.
pub(crate) fn shop(folder: &Path, registry: &str) -> PathBuf {
    shop_with(folder, registry, &[("none", 0), ("deal", 30)], "1.0")
}

/// A shop whose customers all buy more with any of some arms, each by so much.
///
/// - `cost`: of giving any.
pub(crate) fn shop_with(
    folder: &Path,
    registry: &str,
    arms: &[(&str, usize)],
    cost: &str,
) -> PathBuf {
    let shop = folder.join("shop");
    for name in ["raw", "sources", "products"] {
        std::fs::create_dir_all(shop.join(name)).unwrap();
    }
    let write = |file: &str, text: &str| std::fs::write(shop.join(file), text).unwrap();
    write(
        "comptoir.toml",
        &format!("name = \"Deals\"\nregistry = \"{registry}\"\ntime_zone = \"Europe/Paris\"\n"),
    );
    write(
        "sources/sales.toml",
        "table = \"sales\"\nfiles = \"raw/sales.csv\"\nformat = \"csv\"\ntime_zone = \"UTC\"\ncurrency = \"EUR\"\n\n\
         [columns]\norder_id = { from = \"order\" }\nline_no = { row_number = true }\nsold_at = { from = \"at\" }\n\
         customer_id = { from = \"customer\" }\nproduct_id = { value = \"TEA\" }\nquantity = { value = \"1\" }\n\
         unit_price_cents = { from = \"price\" }\nsite_id = { from = \"site\" }\n\n[contract]\nreferences = \"off\"\n",
    );
    write(
        "sources/trial.toml",
        "table = \"assignments\"\nfiles = \"raw/trial.csv\"\nformat = \"csv\"\ntime_zone = \"UTC\"\n\n[columns]\n\
         trial = { value = \"pilot\" }\ncustomer_id = { from = \"customer\" }\nassigned_at = { from = \"at\" }\n\
         arm = { from = \"arm\" }\npropensities = { from = \"odds\" }\n\n[contract]\nreferences = \"off\"\n",
    );
    let mut sales = "order,at,customer,price,site\n".to_owned();
    let mut trial = "customer,at,arm,odds\n".to_owned();
    let odds = 1.0 / arms.len() as f64;
    let odds = arms
        .iter()
        .map(|(arm, _)| format!("\"\"{arm}\"\": {odds:.9}"));
    let odds: Vec<String> = odds.collect();
    let odds = odds.join(", ");
    for n in 0..CUSTOMERS {
        let (arm, more) = arms[(n + 1) % arms.len()];
        let usual = 20 + (n * 7) % 13;
        for (order, day, price) in [(1, "05", usual), (2, "20", usual + more)] {
            let site = site(n);
            sales += &format!("{n}-{order},2025-05-{day}T10:00:00,C{n},{price}.00,{site}\n");
        }
        trial += &format!("C{n},2025-05-18T09:00:00,{arm},\"{{{odds}}}\"\n");
    }
    sales += "last,2025-06-10T10:00:00,C0,20.00,lyon\n";
    write("raw/sales.csv", &sales);
    write("raw/trial.csv", &trial);
    let offers = arms
        .iter()
        .map(|(arm, _)| *arm)
        .filter(|arm| *arm != "none");
    let of_each = |amount: &str| -> String {
        let each: Vec<String> = offers
            .clone()
            .map(|arm| format!("{arm} = {amount}"))
            .collect();
        each.join(", ")
    };
    let (costs, most) = (of_each(cost), of_each("5.0"));
    write(
        "products/deals.toml",
        &format!(
            "kind = \"promotion\"\nowner = \"tests\"\ndeadline_ms = 20000\n\n[settings]\ntrial = \"pilot\"\n\
             outcome = \"revenue\"\ncosts = {{ {costs} }}\nbudget = {}\nfolds = 2\n\n[settings.ledger]\n\
             period = \"month\"\nexpires_days = 14\nmost = {{ {most} }}\n",
            LIMIT / 100
        ),
    );
    good(&shop, &["import", "--quiet"]);
    // Everybody gains the same by a deal, so no version beats giving it to everybody: a person puts it in front.
    assert_eq!(run(&shop, &["run", "deals", "--quiet"]).code, 1);
    let promote = ["promote", "deals", "1", "--despite-gate", "--why", "test"];
    good(&shop, &promote);
    shop
}

/// What an answer gave: what it promised, and the code of its reason.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) decision: String,
    pub(crate) arm: String,
    pub(crate) promised: i64,
    pub(crate) code: String,
}

/// Asks for a customer; nothing where the server is gone.
pub(crate) fn ask(connection: &mut Connection, customer: usize) -> Option<Given> {
    let body = json!({ "customer_id": format!("C{}", customer % CUSTOMERS) });
    let (status, answer) = connection.post("/v1/products/deals/decide", &[], &body.to_string())?;
    let answer = json(&answer);
    assert_eq!(status, 200, "{answer}");
    let action = &answer["actions"][0];
    let promised = answer["reserved_cents"].as_i64().unwrap_or(0);
    assert_eq!(action["id"] != "none", promised == DEAL, "{answer}");
    let arm = action["id"].as_str().unwrap().to_owned();
    let code = action["reasons"][0]["code"].as_str().unwrap().to_owned();
    if code == "budget_used_up" || code == "ledger_unavailable" {
        assert_eq!(
            (&action["id"], &action["propensity"]),
            (&json!("none"), &json!(1.0))
        );
    }
    let decision = answer["decision_id"].as_str().unwrap().to_owned();
    Some(Given {
        decision,
        arm,
        promised,
        code,
    })
}

/// Asks on a connection until told to stop or the server is gone.
fn ask_on(address: &str, first: usize, stop: &AtomicBool) -> Vec<Given> {
    let mut given = Vec::new();
    let Some(mut connection) = Connection::open(address) else {
        return given;
    };
    for customer in first.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        match ask(&mut connection, customer) {
            Some(one) => given.push(one),
            None => break,
        }
    }
    given
}

pub(crate) fn promised(given: &[Given]) -> i64 {
    given.iter().map(|one| one.promised).sum()
}

pub(crate) fn codes(given: &[Given]) -> BTreeMap<&str, usize> {
    let mut counted = BTreeMap::new();
    for one in given {
        *counted.entry(one.code.as_str()).or_insert(0) += 1;
    }
    counted
}

pub(crate) fn budget(shop: &Path) -> Value {
    let document = json(&good(shop, &["budget", "deals", "--output", "json", "--quiet"]).out);
    documented("budget", &document);
    document
}

/// What is logged, by decision, and what the ledger says: the same, no more than the limit, and with what was answered
/// among it.
#[track_caller]
pub(crate) fn the_books_agree(shop: &Path, limit: i64, answered: &[Given]) {
    let sql = "SELECT decision_id, reserved_cents FROM decisions WHERE reserved_cents IS NOT NULL";
    let logged: BTreeMap<String, i64> = rows(shop, sql)
        .iter()
        .map(|row| {
            let id = row["decision_id"].as_str().unwrap().to_owned();
            (id, row["reserved_cents"].as_i64().unwrap())
        })
        .collect();
    let document = budget(shop);
    let of = &document["budgets"][0];
    let figure = |key: &str| of[key].as_i64().unwrap();
    let sum: i64 = logged.values().sum();
    assert_eq!(document["leases"], json!([]), "{document}");
    assert_eq!(figure("limit_cents"), limit);
    assert_eq!(
        (figure("leased_cents"), figure("reserved_cents")),
        (0, sum),
        "{of}"
    );
    assert!(sum <= limit && promised(answered) <= sum, "{sum} {of}");
    let with_money: Vec<&Given> = answered.iter().filter(|one| one.promised > 0).collect();
    let lost = with_money
        .iter()
        .filter(|one| !logged.contains_key(&one.decision));
    assert_eq!(lost.count(), 0, "each promise that was answered is logged");
    let distinct: BTreeSet<&String> = with_money.iter().map(|one| &one.decision).collect();
    assert_eq!(distinct.len(), with_money.len());
}

/// What servers answered to two askers each, without a pause, while the first was killed.
pub(crate) fn answered_while_one_is_killed(servers: &mut [(Child, String)]) -> Vec<Given> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let askers: Vec<_> = servers
            .iter()
            .map(|(_, address)| address.clone())
            .enumerate()
            .flat_map(|(n, address)| [(n, address.clone()), (n + 50, address)])
            .map(|(n, address)| {
                let stop = &stop;
                scope.spawn(move || ask_on(&address, n * 7, stop))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(150));
        let (killed, _) = &mut servers[0];
        killed.kill().unwrap();
        killed.wait().unwrap();
        std::thread::sleep(Duration::from_millis(1_500));
        stop.store(true, Ordering::Relaxed);
        askers.into_iter().flat_map(|a| a.join().unwrap()).collect()
    })
}
