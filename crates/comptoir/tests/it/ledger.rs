//! Money that offers promise: no more than the budget, whatever happens to processes and to the database.

use crate::database::Database;
use crate::deals::{
    CUSTOMERS, DEAL, LIMIT, answered_while_one_is_killed, ask, budget, codes, promised, shop,
    the_books_agree,
};
use crate::documents::documented;
use crate::program::{good, json, refused, rows};
use crate::serving::{Connection, serve, terminate};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

#[test]
fn several_servers_on_one_database_promise_no_more_than_the_budget_with_one_killed_among_them() {
    let Some(database) = Database::start("a budget shared by several servers") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), &database.url);
    let mut servers: Vec<_> = (0..3).map(|_| serve(&shop)).collect();
    let mut answered = answered_while_one_is_killed(&mut servers);
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
    the_books_agree(&shop, LIMIT, &answered);
    let free = budget(&shop)["budgets"][0]["free_cents"].as_i64().unwrap();
    // What idle leases still held when the others found nothing is free in the end.
    assert!((0..=3 * 16 * DEAL).contains(&free), "{free}");
}

#[test]
fn without_its_database_a_server_uses_up_its_lease_then_gives_the_control_and_heals() {
    // Past the moment at which it is noticed, and some more.
    without_its_database_for(Duration::from_secs(5));
}

#[test]
#[ignore = "its database is away for a minute"]
fn without_its_database_for_a_minute_a_server_does_the_same() {
    without_its_database_for(Duration::from_secs(60));
}

#[track_caller]
fn without_its_database_for(long: Duration) {
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
    while since.elapsed() < long {
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
    the_books_agree(&shop, LIMIT, &[]);
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
    let (mut server, address) = serve(&shop);
    // Once it answers, it also hears that it is to stop.
    let mut connection = Connection::open(&address).unwrap();
    assert_eq!(connection.get("/health/live").unwrap().0, 200);
    drop(connection);
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

#[test]
fn a_budget_with_a_plan_is_promised_as_it_says_and_nobody_gets_more_than_the_cap() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "registry.sqlite");
    let path = shop.join("products/deals.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("\"month\"", "\"day\"")
        + "pace = \"even\"\n\n[settings.caps]\nper_customer = 1\ndays = 1\n";
    std::fs::write(&path, text).unwrap();
    let (mut server, address) = serve(&shop);
    let mut connection = Connection::open(&address).unwrap();
    let mut answered = Vec::new();
    for _ in 0..2 {
        answered.extend((0..CUSTOMERS).map(|n| (n, ask(&mut connection, n).unwrap())));
        // What is promised is written down a second later, and read then.
        std::thread::sleep(Duration::from_millis(1_500));
    }
    let deals: Vec<usize> = answered
        .iter()
        .filter(|(_, one)| one.promised > 0)
        .map(|(customer, _)| *customer)
        .collect();
    let distinct: BTreeSet<&usize> = deals.iter().collect();
    assert_eq!(distinct.len(), deals.len(), "one deal each");
    terminate(&mut server);
    let document = budget(&shop);
    let share = |key: &str| document["budgets"][0]["pace"][key].as_f64().unwrap();
    let (promised, planned) = (share("promised"), share("planned"));
    // A deal is a sixtieth of the budget; just after midnight the budget of the new day may not be open yet.
    assert!((promised - planned).abs() < 0.06, "{document}");
    let said = good(&shop, &["budget", "--quiet"]).out;
    assert!(
        said.contains("% of the budget, the even plan says"),
        "{said}"
    );
    let told: BTreeMap<&str, usize> = answered.iter().fold(BTreeMap::new(), |mut all, (_, one)| {
        *all.entry(one.code.as_str()).or_default() += 1;
        all
    });
    if planned < 0.8 {
        assert!(told.contains_key("held_for_later"), "{told:?}");
    }
    // Another process knows from the log who got one.
    let (mut server, address) = serve(&shop);
    let mut connection = Connection::open(&address).unwrap();
    for customer in deals {
        let again = ask(&mut connection, customer).unwrap();
        assert_eq!((again.promised, again.code.as_str()), (0, "enough_offers"));
    }
    terminate(&mut server);
}
