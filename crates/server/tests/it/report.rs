//! The report of an experiment in a browser: on a telephone as on a desk, and without a wish for anything outside.

use crate::browser::{available, look};
use crate::served::empty;
use products::Header;
use registry::TableVersion;
use serde_json::{Value, json};
use server::charts::Locale;
use server::{Report, report};

fn page() -> Value {
    let finding = |outcome: &str, money: bool, arm: &str, real: bool| {
        json!({
            "outcome": outcome, "unit": format!("{outcome} per customer"), "money": money, "arm": arm,
            "customers": 61_234, "real": real, "control_mean": 35.2,
            "effect": { "measured": { "point": 3.0, "low": 2.5, "high": 3.5 } },
            "always_valid": { "measured": { "point": 3.0, "low": 2.2, "high": 3.8 } },
            "relative": { "measured": { "point": 0.085 } },
            "total": { "point": 183_702.0, "low": 153_085.0, "high": 214_319.0, "anyway": 2_155_436.0 },
        })
    };
    let arm =
        |arm: &str| json!({ "arm": arm, "customers": 61_234, "finished": 61_200, "share": 0.333 });
    json!({
        "experiment": "trial spring-mail-to-those-who-have-not-ordered-for-long", "control": "none",
        "start": "2026-03-01", "as_of": "2026-05-01", "window_days": 28, "covariate_days": 90, "alpha": 0.05,
        "arms": [arm("none"), arm("mail with a voucher of ten percent"), arm("mail")],
        "findings": [
            finding("margin", true, "mail with a voucher of ten percent", true),
            finding("margin", true, "mail", false),
            finding("orders", false, "mail with a voucher of ten percent", true),
            finding("orders", false, "mail", false),
        ],
        "told": ["the arms have the sizes asked for (p-value 0.912)", "34 customers are too recent: their 28 d are not over"],
    })
}

fn told(locale: Locale) -> String {
    let product = Header {
        name: "spring-mail".to_owned(),
        kind: "experiment".to_owned(),
        owner: "the customer team".to_owned(),
        description: "Does a mail bring back those who have not ordered for long?".to_owned(),
        deadline_ms: 50,
        promises: products::Promises::default(),
        retraining: products::Retraining::default(),
        fingerprint: String::new(),
    };
    let inputs =
        ["assignments", "events", "exposures", "products", "sales"].map(|table| TableVersion {
            table: table.to_owned(),
            version: 128,
        });
    let told = Report {
        shop: "Teas of the world",
        product: &product,
        version: 3,
        made_at: jiff::Timestamp::UNIX_EPOCH,
        inputs: &inputs,
        currencies: &["EUR".to_owned()],
        page: &page(),
    };
    report(&told, locale).unwrap()
}

#[test]
fn a_report_fits_a_telephone_in_both_languages_and_asks_for_nothing() {
    if !available("a_report_fits_a_telephone_in_both_languages_and_asks_for_nothing") {
        return;
    }
    let pages = [Locale::English, Locale::French].map(told);
    let pages = serde_json::to_string(&pages)
        .unwrap()
        .replace('<', "\\u003c");
    let script = format!(
        "const pages = {pages};\
         const at = (html, width) => new Promise((done) => {{\
           const frame = document.createElement('iframe');\
           frame.style.cssText = `width:${{width}}px;height:780px;border:0`;\
           frame.onload = () => done(frame.contentDocument);\
           frame.srcdoc = html; document.body.append(frame);\
         }});\
         const found = [];\
         for (const html of pages) for (const width of [360, 1280]) {{\
           const page = await at(html, width);\
           const svgs = [...page.querySelectorAll('svg')];\
           found.push({{ width, needs: page.documentElement.scrollWidth, language: page.documentElement.lang,\
             charts: svgs.length, titled: svgs.filter((s) => s.querySelector('title').textContent).length,\
             styled: getComputedStyle(page.querySelector('main')).maxWidth,\
             asked: page.defaultView.performance.getEntriesByType('resource').length }});\
         }}\
         return found;"
    );
    let looked = look(&empty(), &script);
    let found = looked.found.as_array().unwrap();
    assert_eq!(found.len(), 4, "{found:#?}");
    for (place, page) in found.iter().enumerate() {
        assert_eq!(page["language"], ["en", "fr"][place / 2], "{page:#}");
        assert!(page["needs"].as_u64() <= page["width"].as_u64(), "{page:#}");
        assert_eq!(
            (&page["charts"], &page["titled"]),
            (&2.into(), &2.into()),
            "{page:#}"
        );
        assert_eq!(
            (&page["asked"], &page["styled"]),
            (&0.into(), &"1216px".into()),
            "{page:#}"
        );
    }
    assert!(looked.outside.is_empty(), "{:?}", looked.outside);
}
