//! Limits on some offers: no more than each allows, whatever happens to processes, and nobody waits for the scarcest.

use crate::database::Database;
use crate::deals::{
    CUSTOMERS, DEAL, Given, LIMIT, answered_while_one_is_killed, ask, budget, codes, promised,
    shop_with, the_books_agree,
};
use crate::program::{good, json, rows, run};
use crate::serving::{Connection, serve, terminate};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Deals that their brand pays for, and gifts that there are.
const DEALS: i64 = 20;
const GIFTS: i64 = 25;

/// What may be promised in all: for all of both, and for the leases of three servers and of one that died.
const MONEY: i64 = 2 * LIMIT;

/// A shop with money for everybody, in which deals are worth most and gifts are next; limits are the file's to say, also
/// of a version that knows nothing of them.
fn shop(folder: &Path, registry: &str) -> PathBuf {
    let arms = [("none", 0), ("deal", 30), ("gift", 20)];
    let shop = shop_with(folder, registry, &arms, "0.5");
    let limits = format!(
        "\n[[settings.limits]]\nname = \"brand\"\narms = [\"deal\"]\nspend_at_most = {}.99\n\n\
         [[settings.limits]]\nname = \"gifts\"\narms = [\"gift\"]\ncustomers_at_most = {GIFTS}\n",
        DEALS * DEAL / 100
    );
    let path = shop.join("products/deals.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let [scarce, enough] = [LIMIT, MONEY].map(|cents| format!("budget = {}\n", cents / 100));
    assert!(text.contains(&scarce));
    std::fs::write(&path, text.replace(&scarce, &enough) + &limits).unwrap();
    shop
}

fn given(all: &[Given], arm: &str) -> i64 {
    i64::try_from(all.iter().filter(|one| one.arm == arm).count()).unwrap()
}

/// What the ledger says of its limits is what is logged, and no more than they allow.
#[track_caller]
fn the_limits_agree(shop: &Path) -> [i64; 2] {
    let of_limits = &budget(shop)["budgets"][0]["limits"];
    ["deal", "gift"].map(|arm| {
        let sql = format!(
            "SELECT COUNT(*) AS n FROM decisions WHERE action = '{arm}' AND reserved_cents = {DEAL}"
        );
        let logged = rows(shop, &sql)[0]["n"].as_i64().unwrap();
        let (place, allowed, each) = match arm {
            "deal" => (0, DEALS * DEAL + 99, DEAL),
            _ => (1, GIFTS, 1),
        };
        let of = &of_limits[place];
        let figure = |key: &str| of[key].as_i64().unwrap();
        assert_eq!(
            (figure("allowed"), figure("leased"), figure("reserved")),
            (allowed, 0, logged * each),
            "{of_limits}"
        );
        assert!(figure("reserved") <= allowed, "{of_limits}");
        logged
    })
}

#[test]
fn several_servers_on_one_database_pass_no_limit_with_one_killed_among_them() {
    let Some(database) = Database::start("limits shared by several servers") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), &database.url);
    let mut servers: Vec<_> = (0..3).map(|_| serve(&shop)).collect();
    let mut answered = answered_while_one_is_killed(&mut servers);
    assert!(given(&answered, "deal") > 0 && given(&answered, "gift") > 0);

    // Started again, it settles what the dead one had leased of each limit, and the last of them is promised.
    servers[0] = serve(&shop);
    let (since, mut nothing_since) = (Instant::now(), None);
    loop {
        let mut some = Vec::new();
        for (_, address) in &servers {
            let mut connection = Connection::open(address).unwrap();
            some.extend((0..40).map(|n| ask(&mut connection, n * 3).unwrap()));
        }
        let told = format!("{:?}", codes(&some));
        assert!(!told.contains("budget_used_up"), "{told}");
        let nothing = promised(&some) == 0;
        answered.extend(some);
        let quiet = nothing.then(|| *nothing_since.get_or_insert_with(Instant::now));
        nothing_since = quiet;
        // A limit is looked at again every two seconds.
        if quiet.is_some_and(|at| at.elapsed() > Duration::from_secs(5)) {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{told}");
    }
    for (server, _) in &mut servers {
        terminate(server);
    }
    the_books_agree(&shop, MONEY, &answered);
    let [deals, gifts] = the_limits_agree(&shop);
    // What an idle lease still held when the others had looked for the last time may be left over.
    assert!(
        deals > DEALS - 3 * 8 && gifts > GIFTS - 3 * 8,
        "{deals} {gifts}"
    );
    assert!(given(&answered, "deal") <= deals && given(&answered, "gift") <= gifts);
    assert!((deals + gifts) * DEAL < LIMIT);
}

#[test]
fn a_batch_gives_the_next_best_where_a_limit_is_used_up_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "registry.sqlite");
    let questions: String = (0..CUSTOMERS).map(|n| format!("C{n}\n")).collect();
    std::fs::write(shop.join("q.csv"), format!("customer_id\n{questions}")).unwrap();
    let decide = |to: &str| {
        let decide = ["decide", "deals", "--input", "q.csv", "--quiet"];
        good(&shop, &[&decide[..], &["--output-file", to]].concat());
        std::fs::read_to_string(shop.join(to)).unwrap()
    };
    let answers = decide("a.csv");
    assert_eq!(the_limits_agree(&shop), [DEALS, GIFTS]);
    the_books_agree(&shop, MONEY, &[]);
    let next_best = answers.lines().filter(|line| line.contains(",gift,"));
    let says = |line: &str| line.contains("limit_used_up") && line.contains("limit brand");
    assert!(next_best.clone().all(says), "{answers}");
    assert_eq!(next_best.count(), usize::try_from(GIFTS).unwrap());
    assert!(!answers.contains("budget_used_up"), "{answers}");
    // Another batch and a server know, and so does who asks why.
    assert!(!decide("b.csv").contains(",deal,"));
    let (mut server, address) = serve(&shop);
    let mut connection = Connection::open(&address).unwrap();
    let one = ask(&mut connection, 3).unwrap();
    assert_eq!((one.arm.as_str(), one.promised), ("none", 0), "{one:?}");
    terminate(&mut server);
    let explain = [
        "explain",
        "deals",
        "--for",
        "customer=C3",
        "--about",
        "deal",
    ];
    let told = good(
        &shop,
        &[&explain[..], &["--output", "json", "--quiet"]].concat(),
    )
    .out;
    let why_not = &json(&told)["explanation"]["why_not"];
    assert_eq!(
        why_not,
        &json!("what is left of limit brand does not pay for it")
    );
    let said = good(&shop, &["budget", "--quiet"]).out;
    for says in ["  brand", "  gifts", "25 offers"] {
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn a_limit_that_pays_for_no_offer_is_refused_at_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "registry.sqlite");
    let path = shop.join("products/deals.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("100.99", "4.99")).unwrap();
    let refused = run(&shop, &["check", "--quiet"]);
    let said = refused.out + &refused.err;
    assert!(
        said.contains("4.99 of \"brand\"") && said.contains("enough for one offer"),
        "{said}"
    );
}
