//! People answer proposed orders: by the API and by the console's page, once each, and the next training knows it.

use crate::browser::{available, look};
use crate::console::fit;
use crate::served::{Served, ask, get, key, lock, post, serving, train, within};
use arrow::array::AsArray;
use factory::CHAMPION;
use jiff::civil::{Date, date};
use registry::Signature;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

const FIRST: Date = date(2024, 1, 1);

/// Days of sales before the first training.
const DAYS: i64 = 140;

const ANSWER: &str = "/v1/products/stock/orders/answer";

const PRODUCTS: [(&str, &str); 3] = [("p0", "Black tea"), ("p1", "Thé d’été"), ("p2", "Coffee")];

const SITES: [(&str, &str); 2] = [("s0", "Lyon"), ("s1", "Nantes")];

fn day(number: i64) -> Date {
    FIRST.saturating_add(jiff::Span::new().days(number))
}

fn sold(product: usize, site: usize, number: i64) -> i64 {
    10 + 6 * product as i64 + 4 * site as i64 + (number * 7 + 3) % 5
}

/// What is sold and what there is until a day: coffee in Nantes has no level, and the tea of Lyon is gone.
fn write_raw(folder: &Path, until: i64) {
    let mut files = BTreeMap::from([
        ("sales", "Order,Day,Site,Ref,Units\n".to_owned()),
        ("stock_levels", "Ref,Site,Day,Units\n".to_owned()),
        ("products", "Ref,Name\n".to_owned()),
        ("sites", "Site,Name\n".to_owned()),
    ]);
    let mut line = |file: &str, text: String| {
        let of = files.get_mut(file).unwrap();
        of.push_str(&text);
        of.push('\n');
    };
    for (p, (product, name)) in PRODUCTS.iter().enumerate() {
        line("products", format!("{product},{name}"));
        for (s, (site, _)) in SITES.iter().enumerate() {
            for number in 0..until {
                let (at, units) = (day(number), sold(p, s, number));
                line(
                    "sales",
                    format!("{product}/{site}/{at},{at},{site},{product},{units}"),
                );
            }
            if (p, s) != (2, 1) {
                let left = if (p, s) == (0, 0) { 0 } else { 30 };
                for number in DAYS - 20..until {
                    line(
                        "stock_levels",
                        format!("{product},{site},{},{left}", day(number)),
                    );
                }
            }
        }
    }
    for (site, name) in SITES {
        line("sites", format!("{site},{name}"));
    }
    for (name, text) in files {
        std::fs::write(folder.join(format!("raw/{name}.csv")), text).unwrap();
    }
}

const SOURCES: [(&str, &str, &str); 5] = [
    (
        "sales",
        "currency = \"EUR\"",
        "order_id = { from = \"Order\" }\nline_no = { value = \"0\" }\nsold_at = { from = \"Day\" }\n\
         site_id = { from = \"Site\" }\nproduct_id = { from = \"Ref\" }\nquantity = { from = \"Units\" }\n\
         unit_price_cents = { value = \"2.50\" }",
    ),
    (
        "products",
        "currency = \"EUR\"",
        "product_id = { from = \"Ref\" }\nname = { from = \"Name\" }\nprice_cents = { value = \"2.50\" }",
    ),
    (
        "sites",
        "",
        "site_id = { from = \"Site\" }\nname = { from = \"Name\" }\nkind = { value = \"store\" }",
    ),
    (
        "stock_levels",
        "",
        "product_id = { from = \"Ref\" }\nsite_id = { from = \"Site\" }\nday = { from = \"Day\" }\n\
         on_hand = { from = \"Units\" }",
    ),
    (
        "supply_terms",
        "currency = \"EUR\"",
        "product_id = { value = \"*\" }\nsite_id = { value = \"*\" }\nsupplier_id = { from = \"Supplier\" }\n\
         lead_time_days = { value = \"2\" }\npack_units = { value = \"6\" }\nunit_cost_cents = { value = \"1.00\" }",
    ),
];

/// The shop, imported and trained.
pub(crate) fn trained() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    file(
        "comptoir.toml",
        "name = \"Tea rooms\"\nlake = \"lake\"\nregistry = \"registry.sqlite\"\n\n[server]\nanonymous = true\n",
    );
    file(
        "products/stock.toml",
        "kind = \"stock\"\nowner = \"supply\"\ndeadline_ms = 1000\n\n[settings]\nhorizon_days = 14\n\
         held_out_days = 14\nrows_max = 10000\n",
    );
    file("raw/supply_terms.csv", "Supplier\nThés du Nord\n");
    for (table, more, columns) in SOURCES {
        let source = format!(
            "table = \"{table}\"\nfiles = \"raw/{table}.csv\"\nformat = \"csv\"\n{more}\n\n[columns]\n{columns}\n\n\
             [contract]\nquarantined_share_max = 0.0\n"
        );
        file(&format!("sources/{table}.toml"), &source);
    }
    write_raw(folder.path(), DAYS);
    within(folder.path(), async |workshop| {
        train(workshop, "2024-05-20T08:00:00Z").await;
        // Of so few lines no gate opens: a person lets it answer.
        let signed = Signature {
            who: "test",
            why: "a small shop",
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let promoted = workshop
            .registry
            .set_alias("stock", CHAMPION, 1, None, signed);
        promoted.await.unwrap();
    });
    folder
}

/// Units that are proposed now; none where no order can be.
fn proposed(served: &Served, product: &str, site: &str) -> Option<u64> {
    let asked = json!({ "product_id": product, "placement": site }).to_string();
    let answer = post(served.address, "/v1/products/stock/decide", &[], &asked);
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let units = answer["actions"][0]["score"].as_f64();
    units.map(|units| units as u64)
}

fn send(served: &Served, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let answer = post(served.address, ANSWER, headers, &body.to_string());
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// Sends a form of the page of orders, as the browser of a visitor who said who they are.
fn submit(served: &Served, origin: &str, form: &str) -> crate::served::Response {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin),
        ("cookie", "who=Zo%C3%A9"),
    ];
    ask(
        served.address,
        "POST",
        "/orders/answer?product=stock&show=all&q=p",
        &headers,
        form,
    )
}

fn rows(folder: &Path) -> Vec<String> {
    within(folder, async |workshop| {
        let snapshot = workshop.lake.snapshot().await.unwrap();
        let sql = "SELECT answer_id || ' ' || author || ' ' || product_id || '/' || site_id || ' ' || ordered_on || ' ' || \
                   proposed_units || ' ' || answer || ' ' || ordered_units || ' ' || coalesce(reason, '-') AS told \
                   FROM order_answers ORDER BY answer_id";
        let found = workshop.lake.query_at(sql, &snapshot).await.unwrap();
        let texts = found.iter().flat_map(|batch| {
            let texts = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8);
            let texts = texts.unwrap();
            let texts = texts.as_string::<i32>().iter().flatten().map(str::to_owned);
            texts.collect::<Vec<_>>()
        });
        texts.collect()
    })
}

#[test]
fn answers_of_the_api_and_of_the_console_are_taken_once_and_the_next_training_tells_of_them() {
    let served = serving(trained());
    let (tea, summer) = (
        proposed(&served, "p0", "s0").unwrap(),
        proposed(&served, "p1", "s0").unwrap(),
    );
    let nantes = proposed(&served, "p0", "s1").unwrap();
    assert!(tea > 0 && tea % 6 == 0, "whole packs: {tea}");

    // Taken as it was; sent again it is the same answer, under the same identifier another one is none.
    let accepted = json!({ "answer_id": "a1", "product_id": "p0", "site_id": "s0", "answer": "accepted",
        "proposed_units": tea, "who": "ana" });
    let elsewhere = [("origin", "http://elsewhere.example")];
    assert_eq!(send(&served, &elsewhere, &accepted).0, 403);
    let (status, taken) = send(&served, &[], &accepted);
    assert_eq!(status, 200, "{taken}");
    let today = day(DAYS).to_string();
    for (field, value) in [
        ("answer_id", json!("a1")),
        ("author", json!("ana")),
        ("product_id", json!("p0")),
        ("site_id", json!("s0")),
        ("ordered_on", json!(today)),
        ("proposed_units", json!(tea)),
        ("answer", json!("accepted")),
        ("ordered_units", json!(tea)),
        ("reason", Value::Null),
        ("repeated", json!(false)),
    ] {
        assert_eq!(taken[field], value, "{field}: {taken}");
    }
    let (status, again) = send(&served, &[], &accepted);
    assert_eq!((status, &again["repeated"]), (200, &json!(true)));
    assert_eq!(again["made_at"], taken["made_at"]);
    let mut other = accepted.clone();
    other["answer"] = json!("refused");
    let (status, problem) = send(&served, &[], &other);
    assert_eq!((status, &problem["field"]), (409, &json!("answer_id")));
    let detail = problem["detail"].as_str().unwrap();
    let says = format!("under which ana has accepted {tea} units of p0 for s0");
    assert!(detail.contains(&says), "{detail}");

    let changed = json!({ "answer_id": "b1", "product_id": "p1", "site_id": "s0", "answer": "changed",
        "ordered_units": summer + 12, "reason": " street festival ", "who": "bob" });
    assert_eq!(send(&served, &[], &changed).0, 200);

    // Refused in the console, then thought again: the last answer of a person holds.
    let here = format!("http://{}", served.address);
    let form = |id: &str, answer: &str, more: &str| {
        format!(
            "answer_id={id}&product_id=p0&site_id=s1&proposed_units={nantes}&answer={answer}{more}"
        )
    };
    let refused = form("c1", "refused", "&reason=closed+for+works");
    assert_eq!(
        submit(&served, "http://elsewhere.example", &refused).status,
        403
    );
    for _ in 0..2 {
        let done = submit(&served, &here, &refused);
        assert_eq!(
            (done.status, done.header("location")),
            (303, "/orders?show=all&q=p&product=stock"),
            "{done:?}"
        );
    }
    let more = format!("&ordered_units={}&reason=", nantes + 6);
    assert_eq!(
        submit(&served, &here, &form("c2", "changed", &more)).status,
        303
    );

    // Each wrong answer is named with what is allowed, and nothing of it is taken.
    for (wrong, status, field, says) in [
        (
            json!({ "answer": "maybe" }),
            422,
            "answer",
            "expected one of",
        ),
        (
            json!({ "ordered_units": tea + 6 }),
            422,
            "ordered_units",
            "is the one proposed, which is",
        ),
        (
            json!({ "answer": "changed" }),
            422,
            "ordered_units",
            "is missing",
        ),
        (
            json!({ "answer": "changed", "ordered_units": tea }),
            422,
            "ordered_units",
            "as proposed",
        ),
        (
            json!({ "answer": "changed", "ordered_units": -1 }),
            422,
            "ordered_units",
            "-1",
        ),
        (
            json!({ "answer": "refused", "ordered_units": 6 }),
            422,
            "ordered_units",
            "allowed is 0",
        ),
        (
            json!({ "proposed_units": tea + 6 }),
            409,
            "proposed_units",
            "by now: look at it again",
        ),
        (json!({ "product_id": "p9" }), 404, "product_id", "p9"),
        (
            json!({ "product_id": "p2", "site_id": "s1" }),
            422,
            "product_id",
            "proposes no order of p2 for s1",
        ),
        (
            json!({ "site_id": "" }),
            422,
            "site_id",
            "allowed is 1 to 200",
        ),
        (
            json!({ "answer_id": " x" }),
            422,
            "answer_id",
            "no white space at its ends",
        ),
        (json!({ "who": " " }), 422, "who", "says who answers"),
        (
            json!({ "reason": "x".repeat(1_001) }),
            422,
            "reason",
            "has 1001 characters",
        ),
        (json!({ "colour": "red" }), 422, "colour", "unknown field"),
    ] {
        let mut body =
            json!({ "product_id": "p0", "site_id": "s0", "answer": "accepted", "who": "ana" });
        let fields = wrong.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        let (found, problem) = send(&served, &[], &body);
        let told = problem["detail"].as_str().unwrap_or_default();
        assert_eq!(
            (found, &problem["field"]),
            (status, &json!(field)),
            "{problem}"
        );
        assert!(told.contains(says), "{wrong}: {told}");
    }

    let folder = served.stop();
    let expected = [
        format!("a1 ana p0/s0 {today} {tea} accepted {tea} -"),
        format!(
            "b1 bob p1/s0 {today} {summer} changed {} street festival",
            summer + 12
        ),
        format!("c1 Zoé p0/s1 {today} {nantes} refused 0 closed for works"),
        format!("c2 Zoé p0/s1 {today} {nantes} changed {} -", nantes + 6),
    ];
    assert_eq!(rows(folder.path()), expected);

    // A process that was not there knows them from the lake.
    let served = serving(folder);
    assert_eq!(send(&served, &[], &accepted).1["repeated"], json!(true));
    assert_eq!(send(&served, &[], &other).0, 409);
    let folder = served.stop();
    assert_eq!(rows(folder.path()).len(), 4);

    // Some days later those days are known, and what learns then tells who did what, as of answers of a file.
    write_raw(folder.path(), DAYS + 15);
    let told = within(folder.path(), async |workshop| {
        train(workshop, "2024-06-05T08:00:00Z").await;
        let (history, _) = workshop
            .history(None, &schema::progress::Silent)
            .await
            .unwrap();
        let product = &workshop.project.products[0];
        product.fit(&history, 1).unwrap().summary().join("\n")
    });
    for says in [
        "ana took 1 proposed orders as they were, changed 0 and refused 0:",
        "bob took 0 proposed orders as they were, changed 1 and refused 0:",
        "Zoé took 0 proposed orders as they were, changed 1 and refused 0:",
        "Zoé took 0 proposed orders as they were, changed 1 and refused 0: what that saved is not measurable: 1 changes of orders whose days are known",
    ] {
        assert!(told.contains(says), "no {says:?} in {told}");
    }
}

#[test]
fn who_answers_is_the_key_and_only_the_scope_order_may() {
    let folder = trained();
    lock(folder.path());
    let keys = within(folder.path(), async |workshop| {
        let mut keys = BTreeMap::new();
        for scope in ["order", "decide", "read"] {
            keys.insert(
                scope,
                format!("Bearer {}", key(workshop, scope).await.plaintext),
            );
        }
        keys
    });
    let served = serving(folder);
    let body = json!({ "product_id": "p0", "site_id": "s0", "answer": "refused" });
    let with = |scope: &str, body: &Value| send(&served, &[("authorization", &keys[scope])], body);
    assert_eq!(with("decide", &body).0, 403);
    // The key is named after its scope here.
    assert_eq!(with("order", &body).1["author"], "order");
    let mut named = body.clone();
    named["who"] = json!("ana");
    assert_eq!(with("order", &named).1["author"], "ana, key order");
    let form = "product_id=p0&site_id=s0&answer=refused";
    let headers = |scope| {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        [("authorization", keys[scope].as_str()), kind]
    };
    let refused = ask(
        served.address,
        "POST",
        "/orders/answer",
        &headers("read"),
        form,
    );
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(
        refused.body.contains("scope order is needed"),
        "{refused:?}"
    );
    let page = get(
        served.address,
        "/orders",
        &[("authorization", &keys["read"])],
    );
    assert!(page.body.contains("You answer as read."), "{page:?}");
}

#[test]
fn the_page_of_orders_shows_what_needs_a_person_first_and_what_was_answered() {
    let served = serving(trained());
    let page = |path: &str, language: &str| {
        let answer = get(served.address, path, &[("accept-language", language)]);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    };
    // Nobody is named yet: there is nothing to press.
    let nameless = page("/orders", "en");
    assert!(
        nameless.contains("Say who you are before you answer")
            && !nameless.contains("/orders/answer"),
        "{nameless}"
    );
    let html = page("/orders?who=ana", "en");
    let names: Vec<&str> = html
        .split("<th scope=\"row\"")
        .skip(1)
        .map(|row| row.split("<b>").nth(1).unwrap().split('<').next().unwrap())
        .collect();
    assert_eq!(names.len(), 6, "{html}");
    assert_eq!(names[0], "Coffee", "none can be proposed: {html}");
    assert!(html.contains("none can be proposed") && html.contains("You answer as ana."));
    // Each button has an identifier of its own.
    let ids: Vec<&str> = html
        .split("name=\"answer_id\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let different: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!((ids.len(), different.len()), (15, 15), "{html}");

    let tea = proposed(&served, "p0", "s0").unwrap();
    let here = format!("http://{}", served.address);
    let form = format!(
        "answer_id=c1&product_id=p0&site_id=s0&proposed_units={tea}&answer=refused&reason=closed"
    );
    assert_eq!(submit(&served, &here, &form).status, 303);
    let html = page("/orders?who=ana", "en");
    let last = html.rsplit("<th scope=\"row\"").next().unwrap();
    for says in ["Black tea", "refused", "Zoé", "closed", "Answer again"] {
        assert!(last.contains(says), "no {says:?} in {last}");
    }
    let count = |show: &str| {
        page(&format!("/orders?show={show}"), "en")
            .matches("<th scope=\"row\"")
            .count()
    };
    assert_eq!(
        (count("answered"), count("waiting"), count("all")),
        (1, 5, 6)
    );
    let french = page("/orders?who=ana&q=black&site=s0", "fr");
    for says in [
        "refusée",
        "Répondre de nouveau",
        "Vous répondez en tant que ana.",
        "À commander",
    ] {
        assert!(french.contains(says), "no {says:?} in {french}");
    }
    // What is no longer proposed is said above the proposals, with the status of a conflict.
    let old = submit(
        &served,
        &here,
        &format!(
            "product_id=p0&site_id=s0&proposed_units={}&answer=accepted",
            tea + 6
        ),
    );
    assert_eq!(old.status, 409, "{old:?}");
    assert!(
        old.body.contains("role=\"alert\"") && old.body.contains("look at it again"),
        "{old:?}"
    );
    let product = page("/products/stock", "fr");
    assert!(product.contains("/orders?product=stock"), "{product}");

    if !available("the_page_of_orders_shows_what_needs_a_person_first_and_what_was_answered") {
        return;
    }
    fit(
        &served,
        &["/orders".to_owned(), "/orders?who=ana".to_owned()].into(),
    );
    let script = r##"
        const page = await open("/orders?who=ana&q=p1&site=s0&lang=fr", 900);
        page.querySelector(".answers > form button").click();
        const now = () => document.querySelector("iframe").contentDocument;
        await wait(() => now() !== page && now().querySelector(".answers .badge"));
        return { badge: now().querySelector(".answers .badge").textContent, path: now().location.pathname };
    "##;
    let looked = look(&served, script);
    assert_eq!(looked.found["path"], "/orders", "{}", looked.found);
    let badge = looked.found["badge"].as_str().unwrap();
    assert!(badge.contains("acceptée"), "{badge}");
}
