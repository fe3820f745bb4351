//! Experiments from their plan to their report, through the command line.

use crate::planned_shop::{CUSTOMERS, PLAN, assign, document, drawn, edit, hold_out, orders, shop};
use crate::program::{good, json, refused, rows, run};
use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use std::path::Path;

#[test]
fn an_experiment_is_planned_drawn_read_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let shop = &shop(folder.path());
    let checked = good(shop, &["check"]).out;
    assert!(
        checked.contains("experiments/mail.toml   experiment in layer mail"),
        "{checked}"
    );
    let today = Timestamp::now();
    let day = |days: i64| {
        let at = today.checked_add((24 * days).hours()).unwrap();
        at.strftime("%Y-%m-%d").to_string()
    };
    // The last orders are ten hours old: the past window holds them on whatever day that was.
    let last = today
        .checked_add((-10).hours())
        .unwrap()
        .strftime("%Y-%m-%d")
        .to_string();
    let design = document(
        shop,
        "design EXPERIMENT",
        &["design", "mail", "--effect", "10%", "--splits", "200"],
    );
    assert!(
        design["as_of"].as_str().unwrap() > last.as_str(),
        "{design:#}"
    );
    let revenue = &design["outcomes"][0];
    assert!(
        revenue["variance_saved"].as_f64().unwrap() > 0.5,
        "{revenue:#}"
    );
    assert_eq!(revenue["arms"][0]["units"], CUSTOMERS);
    // Everybody ordered once.
    assert!(
        design["outcomes"][1]["not_measurable"].is_object(),
        "{design:#}"
    );
    let told = good(shop, &["design", "mail", "--splits", "50", "--quiet"]).out;
    for part in [
        "800 customers can be drawn",
        "read once",
        "A/A: ",
        "not measurable: orders per customer does not vary",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    refused(
        shop,
        &["design", "mail", "--effect", "0.1%"],
        1,
        &["do not show an effect of 0.1 % of mail"],
    );
    let error = refused(shop, &["run", "--quiet"], 2, &["no draw of trial"]);
    assert!(error.out.contains("read-out"), "{error:?}");

    let planned = assign(shop, &["--dry-run"]);
    assert_eq!(planned["committed"]["state"], "dry_run");
    assert!(drawn(shop).is_empty());
    let assigned = assign(shop, &[]);
    assert_eq!(assigned["committed"]["state"], "drawn");
    assert_eq!(
        (&assigned["new"], &assigned["arms"]),
        (&planned["new"], &planned["arms"])
    );
    let arms = drawn(shop);
    assert_eq!(arms.len(), CUSTOMERS);
    refused(
        shop,
        &["run", "--as-of", &day(0), "--quiet"],
        2,
        &["no draw of trial \"mail\""],
    );

    let mailed = |customer: &str| if arms[customer] == "mail" { 6.0 } else { 0.0 };
    std::fs::write(shop.join("raw/after.csv"), orders(today, 3, mailed)).unwrap();
    good(shop, &["import", "--quiet"]);
    let ran = json(
        &good(
            shop,
            &["run", "--as-of", &day(3), "--output", "json", "--quiet"],
        )
        .out,
    );
    assert_eq!(ran[0]["promoted"], true, "{ran:#}");
    let told = document(
        shop,
        "report PRODUCT",
        &["report", "read-out", "--html", "mail.html", "--lang", "fr"],
    );
    let found = &told["page"]["findings"][0];
    assert_eq!(
        (&found["outcome"], &found["real"]),
        (&"revenue".into(), &true.into()),
        "{found:#}"
    );
    let effect = &found["effect"]["measured"];
    let (low, high) = (
        effect["low"].as_f64().unwrap(),
        effect["high"].as_f64().unwrap(),
    );
    assert!(low < 6.0 && 6.0 < high && high - low < 4.0, "{effect:#}");
    let page = std::fs::read_to_string(shop.join("mail.html")).unwrap();
    for part in [
        "Grâce à mail",
        "sans mail, comme le montre « none »",
        "chiffre d’affaires",
        "<svg",
        "clients",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    for part in ["href=", "url(", "<script", "src="] {
        assert!(!page.contains(part), "{part:?} in {page}");
    }
    let sentences = good(shop, &["report", "read-out"]).out;
    assert!(sentences.starts_with("because of mail, "), "{sentences}");
    refused(
        shop,
        &["report", "read-out", "7"],
        2,
        &["has no version 7; its versions are 1"],
    );

    earns_what_it_promised(shop, found);

    // The same page each morning, by a job.
    std::fs::create_dir_all(shop.join("jobs")).unwrap();
    let job = "does = \"report\"\nowner = \"shop\"\nat = \"0 6 * * *\"\nproducts = [\"read-out\"]\noutput = \"mail-{date}.html\"\n";
    std::fs::write(shop.join("jobs/page.toml"), job).unwrap();
    let told = good(shop, &["work", "--once", "--ask", "page"]).out;
    assert!(told.contains("read-out version 1: mail-20"), "{told}");
    let pages = std::fs::read_dir(shop).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("mail-20")
    });
    assert_eq!(pages.count(), 1);
}

/// A product that promised money is held against what its experiment found: a window of one day, and draws of three.
fn earns_what_it_promised(shop: &Path, found: &Value) {
    let promise = |experiment: &str, at_least: f64| {
        let file = format!(
            "kind = \"value\"\nowner = \"crm\"\n\n[promises]\nperiod_days = 30\n\
             value = {{ experiment = \"{experiment}\", at_least = {at_least} }}\n"
        );
        std::fs::write(shop.join("products/mail-list.toml"), file).unwrap();
    };
    let of_customer = &found["effect"]["measured"];
    let customers = found["customers"].as_f64().unwrap();
    let per_period = |of: &str| of_customer[of].as_f64().unwrap() * customers * 30.0 / 3.0;
    let reading = |at_least: f64| {
        promise("read-out", at_least);
        let told = document(shop, "review", &["review", "mail-list"]);
        let standing = told["review"]["products"][0]["standing"]
            .as_array()
            .unwrap();
        let kept = standing.iter().find(|kept| kept["promise"] == "value");
        kept.unwrap().clone()
    };
    let kept = reading(per_period("point") - 1.0);
    assert_eq!(
        (&kept["state"], &kept["unit"]),
        (&"kept".into(), &"money".into()),
        "{kept:#}"
    );
    let off = kept["measured"].as_f64().unwrap() / per_period("point") - 1.0;
    assert!(off.abs() < 1e-9, "{kept:#}");
    assert_eq!(reading(per_period("point") + 1.0)["state"], "at_risk");
    promise("read-out", per_period("high") * 1.01);
    let broken = refused(
        shop,
        &["review", "mail-list"],
        1,
        &["promises are broken by mail-list"],
    );
    assert!(broken.out.contains("value per period"), "{broken:?}");

    promise("nobody", 5.0);
    let wrong = refused(shop, &["check"], 1, &["mail-list.toml"]);
    let told = format!("{}{}", wrong.out, wrong.err);
    for part in ["experiment \"nobody\"", "of kind `experiment`: read-out"] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    promise("read-out", -1.0);
    let wrong = refused(shop, &["check"], 1, &[]);
    assert!(
        format!("{}{}", wrong.out, wrong.err).contains("an amount above 0"),
        "{wrong:?}"
    );
    std::fs::remove_file(shop.join("products/mail-list.toml")).unwrap();
}

#[test]
fn who_appears_later_gets_an_arm_and_nobody_is_moved() {
    let folder = tempfile::tempdir().unwrap();
    let shop = &shop(folder.path());
    let first = assign(shop, &[]);
    let before = drawn(shop);
    let version = |document: &Value| document["committed"]["version"].as_u64();
    let again = assign(shop, &[]);
    assert_eq!(
        (&again["committed"]["state"], &again["new"]),
        (&"nothing_new".into(), &0.into())
    );
    assert_eq!(
        (&again["arms"][0]["customers"], &again["first_drawn_at"]),
        (&first["arms"][0]["customers"], &first["first_drawn_at"])
    );
    assert_eq!(drawn(shop), before);
    let new = "order,date,customer,product,site,quantity,price\n9,2026-01-05T10:00:00,NEW,TEA,S1,1,3.00\n";
    std::fs::write(shop.join("raw/new.csv"), new).unwrap();
    let imported = good(shop, &["import"]);
    assert!(!imported.err.contains("experiments/"), "{imported:?}");
    let grown = assign(shop, &[]);
    assert_eq!(grown["new"], 1, "{grown:#}");
    assert!(version(&grown) > version(&first), "{grown:#}");
    let mut after = drawn(shop);
    assert!(after.remove("NEW").is_some());
    assert_eq!(after, before);
    // What was planned may not change once customers are drawn; who answers for it and a larger part of the layer may.
    edit(
        shop,
        "experiments/mail.toml",
        "window_days = 1",
        "window_days = 2",
    );
    refused(
        shop,
        &["assign", "mail"],
        2,
        &[
            "`window_days` was 1 and is 2",
            "import --forget experiments/mail",
        ],
    );
    let noted = run(shop, &["run"]);
    assert!(
        noted
            .err
            .contains("not read as it was planned when it was drawn: `window_days` was 1 and is 2"),
        "{noted:?}"
    );
    edit(
        shop,
        "experiments/mail.toml",
        "window_days = 2",
        "window_days = 1",
    );
    edit(
        shop,
        "experiments/mail.toml",
        "none = 0.5\nmail = 0.5",
        "none = 0.4\nmail = 0.6",
    );
    refused(
        shop,
        &["assign", "mail", "--dry-run"],
        2,
        &["`arms` was {\"mail\":0.5,\"none\":0.5}"],
    );
    edit(
        shop,
        "experiments/mail.toml",
        "none = 0.4\nmail = 0.6",
        "none = 0.5\nmail = 0.5",
    );
    edit(
        shop,
        "experiments/mail.toml",
        "owner = \"crm\"",
        "owner = \"sales\"",
    );
    assert_eq!(assign(shop, &[])["committed"]["state"], "nothing_new");
    assert_eq!(drawn(shop).len(), CUSTOMERS + 1);
    good(shop, &["import", "--forget", "experiments/mail"]);
    assert!(drawn(shop).is_empty());
    refused(
        shop,
        &["assign", "letter"],
        2,
        &["there is no experiment \"letter\"", "found mail"],
    );
}

#[test]
fn experiments_of_a_layer_exclude_each_other_and_the_holdout_stays_out() {
    let folder = tempfile::tempdir().unwrap();
    let shop = &shop(folder.path());
    hold_out(shop, 0.25);
    let layered = |part: &str| format!("layer = \"mails\"\n{part}\n{PLAN}");
    std::fs::write(shop.join("experiments/mail.toml"), layered("to = 0.5")).unwrap();
    std::fs::write(shop.join("experiments/other.toml"), layered("from = 0.4")).unwrap();
    let wrong = refused(
        shop,
        &["check"],
        1,
        &["experiments/other.toml:1: `layer` is 0.4 to 1 of layer \"mails\""],
    );
    assert!(wrong.out.contains("they exclude each other"), "{wrong:?}");
    std::fs::write(shop.join("experiments/other.toml"), layered("from = 0.5")).unwrap();
    let mail = assign(shop, &[]);
    good(shop, &["assign", "other"]);
    let both = "SELECT COUNT(*) AS n FROM assignments a JOIN assignments b ON a.customer_id = b.customer_id WHERE a.trial = 'mail' AND b.trial = 'other'";
    assert_eq!(rows(shop, both)[0]["n"], 0);
    let all = rows(shop, "SELECT COUNT(*) AS n FROM assignments")[0]["n"]
        .as_u64()
        .unwrap();
    let held_out = mail["units"]["held_out"].as_u64().unwrap();
    assert_eq!(all + held_out, CUSTOMERS as u64);
    // A quarter of 800 with a deviation of 12.
    assert!((150..250).contains(&held_out), "{held_out}");
    // What was drawn keeps its part although its file is gone.
    std::fs::remove_file(shop.join("experiments/mail.toml")).unwrap();
    edit(shop, "experiments/other.toml", "from = 0.5", "from = 0.3");
    std::fs::remove_file(shop.join("products/read-out.toml")).unwrap();
    good(shop, &["check"]);
    refused(
        shop,
        &["assign", "other"],
        2,
        &["experiments `other` and `mail`", "they exclude each other"],
    );
}

#[test]
fn customers_of_a_query_are_drawn_in_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let shop = &shop(folder.path());
    let some = "customers = \"SELECT DISTINCT customer_id FROM sales WHERE site_id < 'S3'\"\nblocks = 10\n";
    std::fs::write(shop.join("experiments/mail.toml"), format!("{some}{PLAN}")).unwrap();
    let assigned = assign(shop, &[]);
    let asked = "SELECT COUNT(DISTINCT customer_id) AS n FROM sales WHERE site_id < 'S3'";
    let asked = rows(shop, asked)[0]["n"].as_u64().unwrap();
    assert_eq!(assigned["new"], asked);
    assert_eq!(assigned["units"]["not_asked_for"], CUSTOMERS as u64 - asked);
    let sizes: Vec<u64> = [0, 1]
        .map(|arm| assigned["arms"][arm]["customers"].as_u64().unwrap())
        .to_vec();
    // Ten blocks, each at most one off.
    assert!(sizes[0].abs_diff(sizes[1]) <= 10, "{sizes:?}");
    let spent = &assigned["balance"][0];
    assert!(
        spent["difference"].as_f64().unwrap().abs() < 0.1,
        "{spent:#}"
    );
    let broken = format!("customers = \"DROP TABLE sales\"\n{PLAN}");
    std::fs::write(shop.join("experiments/mail.toml"), broken).unwrap();
    good(shop, &["import", "--forget", "experiments/mail"]);
    refused(
        shop,
        &["assign", "mail"],
        2,
        &["find the customers of experiment \"mail\" (`customers`)"],
    );
}

#[test]
fn sites_are_designed_for_and_drawn_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let shop = &shop(folder.path());
    hold_out(shop, 0.5);
    std::fs::write(
        shop.join("experiments/mail.toml"),
        format!("unit = \"site\"\n{PLAN}"),
    )
    .unwrap();
    let design = document(
        shop,
        "design EXPERIMENT",
        &["design", "mail", "--splits", "0"],
    );
    assert_eq!(
        (&design["unit"], &design["units"]["available"]),
        (&"site".into(), &12.into())
    );
    let revenue = &design["outcomes"][0];
    assert_eq!(revenue["unit"], "revenue per site within 1 days");
    // 800 customers of about 40 over 12 sites.
    let mean = revenue["mean"].as_f64().unwrap();
    assert!((2_400.0..2_900.0).contains(&mean), "{mean}");
    refused(shop, &["assign", "mail"], 2, &["its unit is site"]);
}

#[test]
fn an_imported_trial_is_not_drawn_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let shop = &shop(folder.path());
    let source = "table = \"assignments\"\nfiles = \"raw/drawn.ndjson\"\nformat = \"ndjson\"\ntime_zone = \"UTC\"\n\n[columns]\ntrial = { from = \"trial\" }\ncustomer_id = { from = \"who\" }\nassigned_at = { from = \"at\" }\narm = { from = \"arm\" }\npropensities = { from = \"p\" }\n";
    std::fs::write(shop.join("sources/drawn.toml"), source).unwrap();
    let row = serde_json::json!({ "trial": "mail", "who": "C0001", "at": "2026-01-05T10:00:00", "arm": "mail", "p": "{\"mail\":0.5,\"none\":0.5}" });
    std::fs::write(shop.join("raw/drawn.ndjson"), format!("{row}\n")).unwrap();
    good(shop, &["import"]);
    refused(
        shop,
        &["assign", "mail"],
        2,
        &["holds 1 draws of that trial from imported files"],
    );
}
