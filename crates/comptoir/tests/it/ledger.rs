//! Money that offers promise: no more than the budget, whatever happens to processes and to the database.

use crate::database::Database;
use crate::documents::documented;
use crate::program::{good, json, refused, rows, run};
use crate::serving::{Connection, serve, terminate};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What the product may promise, and what one deal reserves.
const LIMIT: i64 = 30_000;
const DEAL: i64 = 500;

const CUSTOMERS: usize = 400;

/// A shop whose customers all buy more with a deal, trained on the trial that tells it.
fn shop(folder: &Path, registry: &str) -> PathBuf {
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
         [columns]\norder_id = { from = \"order\" }\nline_no = { value = 1 }\nsold_at = { from = \"at\" }\n\
         customer_id = { from = \"customer\" }\nproduct_id = { value = \"TEA\" }\nquantity = { value = 1 }\n\
         unit_price_cents = { from = \"price\" }\n\n[contract]\nreferences = \"off\"\n",
    );
    write(
        "sources/trial.toml",
        "table = \"assignments\"\nfiles = \"raw/trial.csv\"\nformat = \"csv\"\ntime_zone = \"UTC\"\n\n[columns]\n\
         trial = { value = \"pilot\" }\ncustomer_id = { from = \"customer\" }\nassigned_at = { from = \"at\" }\n\
         arm = { from = \"arm\" }\npropensities = { from = \"odds\" }\n\n[contract]\nreferences = \"off\"\n",
    );
    let mut sales = "order,at,customer,price\n".to_owned();
    let mut trial = "customer,at,arm,odds\n".to_owned();
    for n in 0..CUSTOMERS {
        let deal = n % 2 == 0;
        let usual = 20 + (n * 7) % 13;
        let more = if deal { 30 } else { 0 };
        for (order, day, price) in [(1, "05", usual), (2, "20", usual + more)] {
            sales += &format!("{n}-{order},2025-05-{day}T10:00:00,C{n},{price}.00\n");
        }
        let arm = if deal { "deal" } else { "none" };
        trial += &format!(
            "C{n},2025-05-18T09:00:00,{arm},\"{{\"\"deal\"\": 0.5, \"\"none\"\": 0.5}}\"\n"
        );
    }
    sales += "last,2025-06-10T10:00:00,C0,20.00\n";
    write("raw/sales.csv", &sales);
    write("raw/trial.csv", &trial);
    write(
        "products/deals.toml",
        &format!(
            "kind = \"promotion\"\nowner = \"tests\"\ndeadline_ms = 20000\n\n[settings]\ntrial = \"pilot\"\n\
             outcome = \"revenue\"\ncosts = {{ deal = 1.0 }}\nbudget = {}\nfolds = 2\n\n[settings.ledger]\n\
             period = \"month\"\nexpires_days = 14\nmost = {{ deal = 5.0 }}\n",
            LIMIT / 100
        ),
    );
    good(&shop, &["import", "--quiet"]);
    let ran = run(&shop, &["run", "deals", "--quiet"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    shop
}

/// What an answer gave: what it promised, and the code of its reason.
#[derive(Debug, Clone)]
struct Given {
    decision: String,
    promised: i64,
    code: String,
}

/// Asks for a customer; nothing where the server is gone.
fn ask(connection: &mut Connection, customer: usize) -> Option<Given> {
    let body = json!({ "customer_id": format!("C{}", customer % CUSTOMERS) });
    let (status, answer) = connection.post("/v1/products/deals/decide", &[], &body.to_string())?;
    let answer = json(&answer);
    assert_eq!(status, 200, "{answer}");
    let action = &answer["actions"][0];
    let promised = answer["reserved_cents"].as_i64().unwrap_or(0);
    assert_eq!(action["id"] == "deal", promised == DEAL, "{answer}");
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

fn promised(given: &[Given]) -> i64 {
    given.iter().map(|one| one.promised).sum()
}

fn codes(given: &[Given]) -> BTreeMap<&str, usize> {
    let mut counted = BTreeMap::new();
    for one in given {
        *counted.entry(one.code.as_str()).or_insert(0) += 1;
    }
    counted
}

fn budget(shop: &Path) -> Value {
    let document = json(&good(shop, &["budget", "deals", "--output", "json", "--quiet"]).out);
    documented("budget", &document);
    document
}

/// What is logged, by decision, and what the ledger says: the same, no more than the limit, and with what was answered
/// among it.
#[track_caller]
fn the_books_agree(shop: &Path, answered: &[Given]) {
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
    assert_eq!(figure("limit_cents"), LIMIT);
    assert_eq!(
        (figure("leased_cents"), figure("reserved_cents")),
        (0, sum),
        "{of}"
    );
    assert!(sum <= LIMIT && promised(answered) <= sum, "{sum} {of}");
    let with_money: Vec<&Given> = answered.iter().filter(|one| one.promised > 0).collect();
    let lost = with_money
        .iter()
        .filter(|one| !logged.contains_key(&one.decision));
    assert_eq!(lost.count(), 0, "each promise that was answered is logged");
    let distinct: BTreeSet<&String> = with_money.iter().map(|one| &one.decision).collect();
    assert_eq!(distinct.len(), with_money.len());
}

#[test]
fn several_servers_on_one_database_promise_no_more_than_the_budget_with_one_killed_among_them() {
    let Some(database) = Database::start("a budget shared by several servers") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), &database.url);
    let mut servers: Vec<_> = (0..3).map(|_| serve(&shop)).collect();
    let stop = AtomicBool::new(false);
    let mut answered: Vec<Given> = std::thread::scope(|scope| {
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
    });
    assert!(promised(&answered) > 0 && promised(&answered) <= LIMIT);

    // Started again, it settles what the dead one had leased, and the last of the money is promised.
    servers[0] = serve(&shop);
    let since = Instant::now();
    loop {
        let mut some = Vec::new();
        for (_, address) in &servers {
            let mut connection = Connection::open(address).unwrap();
            some.extend((0..40).map(|n| ask(&mut connection, n * 3).unwrap()));
        }
        let nothing_left = promised(&some) == 0 && codes(&some).contains_key("budget_used_up");
        answered.extend(some);
        if nothing_left {
            break;
        }
        assert!(
            since.elapsed() < Duration::from_secs(60),
            "{:?}",
            codes(&answered)
        );
    }
    for (server, _) in &mut servers {
        terminate(server);
    }
    the_books_agree(&shop, &answered);
    let free = budget(&shop)["budgets"][0]["free_cents"].as_i64().unwrap();
    // What idle leases still held when the others found nothing is free in the end.
    assert!((0..=3 * 16 * DEAL).contains(&free), "{free}");
}

#[test]
fn without_its_database_a_server_uses_up_its_lease_then_gives_the_control_and_heals() {
    let Some(mut database) = Database::start("a ledger that is away") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), &database.url);
    let (mut server, address) = serve(&shop);
    let mut connection = Connection::open(&address).unwrap();
    let mut customers = 0..;
    let mut next = |connection: &mut Connection| {
        ask(connection, customers.next().unwrap()).expect("answers keep coming")
    };
    let mut answered = vec![next(&mut connection)];
    while promised(&answered) == 0 {
        answered.push(next(&mut connection));
    }
    let first = answered
        .iter()
        .find(|one| one.promised > 0)
        .unwrap()
        .clone();
    database.down();
    let mut away = Vec::new();
    let since = Instant::now();
    // Past the moment at which it is noticed, and some more.
    while since.elapsed() < Duration::from_secs(5) {
        away.push(next(&mut connection));
    }
    let counted = codes(&away);
    assert!(
        promised(&away) > 0,
        "the lease is used up first: {counted:?}"
    );
    assert!(counted.contains_key("ledger_unavailable"), "{counted:?}");
    assert_eq!(away.last().unwrap().promised, 0, "{counted:?}");
    assert!(!counted.contains_key("budget_used_up"), "{counted:?}");
    let redemption = json!({ "decision_id": first.decision, "redeemed_cents": 320 }).to_string();
    let redeem = |connection: &mut Connection, key: &str, body: &str| {
        let headers = [("idempotency-key", key)];
        let (status, answer) = connection.post("/v1/redemptions", &headers, body).unwrap();
        (status, json(&answer))
    };
    let (status, told) = redeem(&mut connection, "till-1", &redemption);
    assert_eq!(status, 503, "{told}");
    answered.extend(away);

    database.up();
    let since = Instant::now();
    loop {
        let one = next(&mut connection);
        let healed = one.promised > 0;
        answered.push(one);
        if healed {
            break;
        }
        assert!(
            since.elapsed() < Duration::from_secs(60),
            "it does not heal"
        );
    }
    // The same redemption twice counts once; what nobody promised is refused, and so is what makes no sense.
    let (status, told) = redeem(&mut connection, "till-1", &redemption);
    assert_eq!(
        (status, &told["freed_cents"], &told["repeated"]),
        (200, &json!(180), &json!(false))
    );
    let (status, told) = redeem(&mut connection, "till-1", &redemption);
    assert_eq!(
        (status, &told["freed_cents"], &told["repeated"]),
        (200, &json!(180), &json!(true))
    );
    let unknown = json!({ "decision_id": "nobody's", "redeemed_cents": 1 }).to_string();
    let (status, told) = redeem(&mut connection, "till-2", &unknown);
    assert_eq!(
        (status, &told["field"]),
        (404, &json!("decision_id")),
        "{told}"
    );
    let control = answered.iter().find(|one| one.promised == 0).unwrap();
    let nothing = json!({ "decision_id": control.decision, "redeemed_cents": 1 }).to_string();
    let (status, told) = redeem(&mut connection, "till-3", &nothing);
    assert_eq!(
        (status, &told["field"]),
        (422, &json!("decision_id")),
        "{told}"
    );
    let negative = json!({ "decision_id": first.decision, "redeemed_cents": -1 }).to_string();
    let (status, told) = redeem(&mut connection, "till-4", &negative);
    assert_eq!(
        (status, &told["field"]),
        (422, &json!("redeemed_cents")),
        "{told}"
    );
    let (status, _) = redeem(&mut connection, "till-1", &negative.replace("-1", "7"));
    assert_eq!(status, 422, "a key stands for one redemption");
    let metrics = connection.get("/metrics").unwrap().1;
    let spent = "comptoir_budget_spent_cents_total{product=\"deals\"} 320";
    assert!(metrics.contains(spent), "{metrics}");
    assert!(
        metrics.contains("comptoir_budget_refused_total{product=\"deals\"}"),
        "{metrics}"
    );
    terminate(&mut server);
    let of = &budget(&shop)["budgets"][0];
    assert_eq!(
        (&of["spent_cents"], &of["excess_cents"]),
        (&json!(320), &json!(0)),
        "{of}"
    );
    let sum = "SELECT SUM(reserved_cents) AS cents FROM decisions";
    let logged = rows(&shop, sum)[0]["cents"].as_i64().unwrap();
    assert_eq!(
        of["reserved_cents"].as_i64().unwrap(),
        logged - DEAL,
        "{of}"
    );
    assert!(promised(&answered) == logged && logged <= LIMIT, "{of}");
}

#[test]
fn a_batch_promises_from_the_same_budget_and_a_stranded_lease_is_released_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "registry.sqlite");
    let said = good(&shop, &["budget", "--quiet"]).out;
    assert!(said.contains("nothing was promised yet"), "{said}");
    let questions: String = (0..CUSTOMERS).map(|n| format!("C{n}\n")).collect();
    std::fs::write(shop.join("q.csv"), format!("customer_id\n{questions}")).unwrap();
    let decide = [
        "decide",
        "deals",
        "--input",
        "q.csv",
        "--quiet",
        "--output-file",
    ];
    good(&shop, &[&decide[..], &["try.csv", "--dry-run"]].concat());
    assert_eq!(
        budget(&shop)["budgets"],
        json!([]),
        "a trial promises nothing"
    );
    good(&shop, &[&decide[..], &["a.csv"]].concat());
    the_books_agree(&shop, &[]);
    let sql = "SELECT COUNT(*) AS n FROM decisions WHERE reserved_cents = 500";
    let deals = rows(&shop, sql)[0]["n"].as_i64().unwrap();
    assert_eq!(deals, LIMIT / DEAL, "all of the money, and no cent more");
    let answers = std::fs::read_to_string(shop.join("a.csv")).unwrap();
    assert!(
        answers.contains("budget_used_up"),
        "the others get the control"
    );

    // A process on another machine took a lease of another month's money, and was never heard of again.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asked = registry::LeaseAsked {
        id: "lost",
        product: "deals",
        period: "2025-01",
        holder: "elsewhere/process",
        expires_days: 14,
        known: schema::Cents(0),
        needed: schema::Cents(DEAL),
        few: schema::Cents(4_000),
        many: schema::Cents(4_000),
    };
    let lease = |minutes_ago: i64| {
        let url = format!("sqlite:{}", shop.join("registry.sqlite").display());
        runtime.block_on(async {
            let registry = registry::Registry::open(&url).await.unwrap();
            let limit = schema::Cents(LIMIT);
            registry
                .open_budget("deals", "2025-01", limit)
                .await
                .unwrap();
            let at = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes_ago);
            registry.lease(&asked, at).await.unwrap();
            registry
                .renew_leases("elsewhere/process", at)
                .await
                .unwrap();
        });
    };
    lease(2);
    refused(
        &shop,
        &["budget", "release", "lost"],
        2,
        &["sign of life", "10 minutes"],
    );
    lease(11);
    // The next server leaves it alone: what was promised from it cannot be read here.
    let (mut server, _) = serve(&shop);
    terminate(&mut server);
    let said = good(&shop, &["budget", "--quiet"]).out;
    assert!(
        said.contains("stranded") && said.contains("elsewhere/process"),
        "{said}"
    );
    assert_eq!(budget(&shop)["leases"][0]["stranded"], true);
    let release = ["budget", "release", "lost", "--quiet"];
    let released = good(&shop, &[&release[..], &["--output", "json"]].concat()).out;
    documented("budget release LEASE", &json(&released));
    assert_eq!(budget(&shop)["budgets"][0]["free_cents"], LIMIT);
    refused(&shop, &release, 2, &["no open lease"]);
    refused(
        &shop,
        &["budget", "dreams"],
        2,
        &["no data product \"dreams\"", "deals"],
    );
}
