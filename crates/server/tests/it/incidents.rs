//! The console tells what is wrong, since when, and who was told.

use crate::served::{edit, get, serving, trained, within};
use factory::incidents::Signal;
use jiff::{SignedDuration, Timestamp};

#[test]
fn the_console_shows_what_is_open_first_and_what_is_over() {
    let folder = trained();
    edit(
        folder.path(),
        "comptoir.toml",
        "[server]",
        "[alerts]\nlink = \"https://teas.example\"\ncalm_minutes = 0\n\
         [[alerts.file]]\nname = \"log\"\npath = \"log\"\n\
         [[alerts.file]]\nname = \"gone\"\npath = \"no/such/folder\"\n\n[server]",
    );
    let now = Timestamp::now();
    let signal = |product: &str, what: &str| Signal {
        cause: format!("promise/{product}/version_age"),
        product: Some(product.to_owned()),
        what: what.to_owned(),
        page: format!("/review/{product}"),
    };
    let old = "age of the version is broken: 20 d, promised ≤ 14 d";
    within(folder.path(), async |workshop| {
        let ago = |hours: i64| now - SignedDuration::from_hours(hours);
        let scope = ["promise/for-you", "promise/value", "job"];
        let job = Signal {
            cause: "job/nightly-import".to_owned(),
            product: None,
            ..signal("x", "the job nightly-import failed: <no disk>")
        };
        let both = [signal("for-you", old), job.clone()];
        workshop.note(&scope, &both, ago(5)).await.unwrap();
        workshop.tell(ago(5)).await.unwrap();
        let later = [signal("value", "slow"), job];
        workshop.note(&scope, &later, ago(3)).await.unwrap();
        workshop.tell(ago(3)).await.unwrap();
    });
    let served = serving(folder);
    let page = get(served.address, "/incidents", &[]).body;
    let at = |part: &str| {
        page.find(part)
            .unwrap_or_else(|| panic!("no {part:?} in {page}"))
    };
    // The newest first among those that are open.
    assert!(at(">slow<") < at("failed: &lt;no disk&gt;"));
    assert!(at("failed: &lt;no disk&gt;") < at("Over</h2>"));
    assert!(at("Over</h2>") < at(old));
    assert!(at("not told yet, attempts: 1") > 0 && at("told that it is over") > 0);
    assert!(at("no/such/folder") > 0, "why one was not told");

    let french = get(served.address, "/incidents?lang=fr", &[]).body;
    for part in [
        "Ce qui ne va pas, et qui a été prévenu",
        "âge de la version : 20 j, promis ≤ 14 j",
        "prévenu de la fin",
        "pas encore prévenu, essais : 1",
        "<span lang=\"en\">slow</span>",
    ] {
        assert!(french.contains(part), "no {part:?} in {french}");
    }
    let review = get(served.address, "/review", &[]).body;
    assert!(
        review.contains("href=\"/incidents\"") && review.contains("2 open"),
        "{review}"
    );
    let one = get(served.address, "/review/for-you", &[]).body;
    assert!(one.contains("Last incident") && one.contains(old), "{one}");
    let pages = ["/incidents", "/review", "/review/for-you"];
    crate::console::fit(&served, &pages.map(str::to_owned).into());
    let never = get(served.address, "/review/segments", &[]).body;
    assert!(!never.contains("Last incident"), "{never}");
}
