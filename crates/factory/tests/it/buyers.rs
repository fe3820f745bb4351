//! What customers were expected to buy is held against what they bought, beside what they had bought before.

use crate::decided::{
    About, answer, day, imported, log, morning, number, of, parts, same, sums, write,
};
use factory::Workshop;
use factory::review::{Kinds, Live, Promised, State};
use jiff::ToSpan;
use lake::log::DecisionRecord;
use registry::{NewRun, NewVersion};
use schema::progress::Silent;
use schema::{RunId, WhyNot};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

const DAYS: i32 = 120;

/// Days that a forecast is of.
const HORIZON: i32 = 7;

/// The first day of decisions, before a horizon of sales is known.
const FIRST: i32 = 4;

/// From this day on the forecasts of `worse` are off by much more.
const WORSE_FROM: i32 = 75;

const CUSTOMERS: usize = 180;

fn customer(k: usize) -> String {
    format!("c{k:03}")
}

/// One of a hundred numbers, as good as drawn.
fn drawn(k: usize, number: i32) -> u64 {
    let mut mixed = (k as u64) << 32 | number as u64;
    for _ in 0..3 {
        mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^= mixed >> 29;
    }
    mixed % 100
}

/// Whether a customer buys on a day.
fn buys(k: usize, number: i32) -> bool {
    (0..DAYS).contains(&number) && drawn(k, number) < 5 + k as u64 / 5
}

fn bought(k: usize, days: std::ops::Range<i32>) -> f64 {
    days.filter(|number| buys(k, *number)).count() as f64
}

/// The sales of the first days.
fn sales(days: i32) -> String {
    let mut sales = "order,day,customer,units\n".to_owned();
    for number in 0..days {
        for k in (0..CUSTOMERS).filter(|k| buys(*k, number)) {
            let (day, customer) = (day(number), customer(k));
            // Two orders of one day are one day with a purchase, and what comes back is none.
            writeln!(sales, "o{number}-{k},{day},{customer},1").unwrap();
            writeln!(sales, "p{number}-{k},{day},{customer},2").unwrap();
            writeln!(sales, "r{number}-{k},{day},{customer},-1").unwrap();
        }
        writeln!(sales, "a{number},{},,1", day(number)).unwrap();
    }
    sales
}

/// A shop of which the first days are known.
async fn shop(folder: &Path, days: i32) -> Workshop {
    let file = |held_out: u32| {
        format!(
            "kind = \"value\"\nowner = \"marketing\"\n\n[settings]\nhorizon_days = {HORIZON}\nheld_out_days = {held_out}\n"
        )
    };
    write(
        folder,
        &[
            ("comptoir.toml", "name = \"Buyers\"\n"),
            ("products/quiet.toml", &file(14)),
            ("products/worse.toml", &file(15)),
            (
                "sources/sales.toml",
                "table = \"sales\"\nfiles = \"raw/sales.csv\"\nformat = \"csv\"\ncurrency = \"EUR\"\n\n[columns]\n\
                 order_id = { from = \"order\" }\nline_no = { row_number = true }\nsold_at = { from = \"day\" }\n\
                 customer_id = { from = \"customer\" }\nproduct_id = { value = \"A\" }\nquantity = { from = \"units\" }\n\
                 unit_price_cents = { value = \"2.00\" }\n\n[[return]]\nwhen = \"units < 0\"\nreason = \"came back\"\n",
            ),
            ("raw/sales.csv", &sales(days)),
        ],
    );
    imported(folder, morning(days)).await
}

/// A version whose run learnt by a file; its artefact cannot be read.
async fn version(workshop: &Workshop, product: &str, fingerprint: String) {
    let at = morning(0);
    let run = NewRun {
        id: RunId::new(format!("{product}-{}", &fingerprint[..8])).unwrap(),
        product: product.to_owned(),
        kind: "value".to_owned(),
        as_of: day(0),
        seed: 1,
        config_fingerprint: fingerprint,
        inputs: Vec::new(),
        started_at: at,
        attempt: None,
    };
    workshop.registry.start_run(&run).await.unwrap();
    let version = NewVersion {
        product,
        run: &run.id,
        kind: "value",
        format_version: 1,
        artefact: b"no version",
        scorecard: &serde_json::Value::Null,
        created_at: at,
    };
    workshop.registry.register_version(&version).await.unwrap();
}

/// How far a forecast is off.
fn off(product: &str, k: usize, number: i32) -> f64 {
    let usual = 0.3 + 0.01 * drawn(k + 500, number) as f64;
    if product == "worse" && number >= WORSE_FROM {
        3.0 * usual
    } else {
        usual
    }
}

/// Customers whom the baseline answers.
fn is_held_out(k: usize) -> bool {
    k % 6 == 5
}

/// What was expected of each customer each morning; and much that counts for nothing.
fn decisions(product: &str) -> Vec<DecisionRecord> {
    let mut all = Vec::new();
    for number in FIRST..DAYS {
        for k in 0..CUSTOMERS {
            let name = customer(k);
            let about = About {
                customer: Some(&name),
                ..About::default()
            };
            let expected = bought(k, number..number + HORIZON) + off(product, k, number);
            let figures = [
                ("expected_value", 9_999.0),
                ("expected_purchases", expected),
                ("probability_alive", 0.5),
            ];
            let made = morning(number);
            let said = answer((product, 1), about, made, &figures);
            all.push(DecisionRecord {
                holdout: is_held_out(k),
                ..said
            });
            // Asked again, answered by the baseline in place of the version, by one that looks elsewhere ahead.
            let wrong = [("expected_purchases", 50.0)];
            all.push(answer((product, 1), about, made + 1.hour(), &wrong));
            let late = answer((product, 1), about, made - 1.hour(), &wrong);
            all.push(DecisionRecord {
                fallback: true,
                ..late
            });
            all.push(answer((product, 2), about, made - 2.hour(), &wrong));
            all.push(answer((product, 9), about, made - 3.hour(), &wrong));
        }
        // Nobody whose sales are known.
        let nobody = About {
            customer: Some("nobody"),
            ..About::default()
        };
        let figures = [("expected_purchases", 1.0)];
        all.push(answer((product, 1), nobody, morning(number), &figures));
    }
    all
}

/// Whether the decision of a day is the first within a customer's horizon.
fn counts(name: &str, number: i32) -> bool {
    let ending = name.bytes().rev().take(6).zip(0..);
    let turn: i64 = ending
        .map(|(of, place)| 31_i64.pow(place) * i64::from(of))
        .sum();
    let turn = turn % i64::from(HORIZON);
    let block = |number: i32| (i64::from(day(number).epoch_day()) + turn) / i64::from(HORIZON);
    number == FIRST || block(number) > block(number - 1)
}

/// The days on which a customer's decision counts and can be judged.
fn judged(k: usize) -> Vec<i32> {
    let known_until = DAYS - HORIZON;
    let begins = (0..DAYS).find(|number| buys(k, *number)).unwrap_or(DAYS);
    (FIRST..=known_until)
        .filter(|number| counts(&customer(k), *number))
        .filter(|number| *number > begins && *number >= HORIZON)
        .collect()
}

#[tokio::test]
async fn what_customers_were_expected_to_buy_is_held_against_what_they_bought() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = shop(folder.path(), DAYS).await;
    for product in ["quiet", "worse"] {
        let found = workshop.project.product(product).unwrap();
        let fingerprint = found.header().fingerprint.clone();
        version(&workshop, product, fingerprint).await;
        // Learnt from another file, so that nobody knows how far it looks ahead.
        version(&workshop, product, "f".repeat(64)).await;
        log(&workshop, &decisions(product), morning(DAYS)).await;
    }
    let review = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();

    for product in ["quiet", "worse"] {
        let (noted, known) = workshop.registry.outcomes(product).await.unwrap();
        assert_eq!(known, Some(day(DAYS - HORIZON)));
        let mut expected: BTreeMap<(i32, bool), (u64, [f64; 5])> = BTreeMap::new();
        for k in 0..CUSTOMERS {
            for number in judged(k) {
                let came = bought(k, number..number + HORIZON);
                let naive = bought(k, number - HORIZON..number);
                let off = off(product, k, number);
                let lost = off * off / (1.0 + naive);
                let more = [
                    lost,
                    lost * lost,
                    (naive - came).powi(2) / (1.0 + naive),
                    off,
                    came,
                ];
                let (count, sums) = expected.entry((number, is_held_out(k))).or_default();
                *count += 1;
                for (sum, more) in sums.iter_mut().zip(more) {
                    *sum += more;
                }
            }
        }
        let days: BTreeSet<i32> = noted.iter().map(|of| number(of.day)).collect();
        assert!(days.len() > 100, "each day has its share: {days:?}");
        assert_eq!(noted.len(), expected.len());
        for of in noted {
            let (count, five) = &expected[&(number(of.day), of.held_out)];
            assert_eq!((of.version, of.judged), (1, *count), "{}", of.day);
            let what = format!("{product} on {}", of.day);
            same(&what, &sums(&of.errors.unwrap()), five);
        }
    }

    let (reviewed, live) = of(&review, "worse");
    let live = live.unwrap();
    let fell = live.fell.unwrap();
    assert!(
        fell.seen >= day(WORSE_FROM) && fell.seen <= day(WORSE_FROM + 10),
        "{fell:?}"
    );
    assert_eq!(reviewed.state, State::Broken);
    let quality = reviewed
        .standing
        .iter()
        .find(|of| of.promise == Promised::Quality);
    assert_eq!(quality.unwrap().state, State::Broken);
    let (noted, _) = workshop.registry.outcomes("worse").await.unwrap();
    parts(reviewed, Kinds::Forecasts, &noted);
    let why = reviewed.why.as_ref().unwrap();
    assert!(
        why.sentence.contains("what customers want may have"),
        "{why:?}"
    );
    let errors = live.errors.unwrap();
    assert!(errors.wape.is_none() && errors.bias > 0.0, "{errors:?}");

    let (reviewed, live) = of(&review, "quiet");
    let live = live.unwrap();
    assert!(live.fell.is_none(), "{live:?}");
    assert_ne!(reviewed.state, State::Broken);
    assert!(live.what.contains("7 days before"), "{}", live.what);
    // The baseline's answers are as good, and are told apart.
    assert!(
        live.holds_out() && live.baseline.point().is_some(),
        "{live:?}"
    );
    let and_nobody = CUSTOMERS as u64 + 1;
    assert_eq!(live.pending, and_nobody, "of each customer one waits");

    // A second review only reads, and says the same.
    let again = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();
    let told = |review: &factory::review::Review| serde_json::to_value(&review.products).unwrap();
    assert_eq!(told(&review), told(&again));
}

#[tokio::test]
async fn what_is_joined_day_by_day_is_what_is_joined_at_once() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut told = Vec::new();
    for (folder, steps) in folders.iter().zip([vec![DAYS], vec![40, 41, 70, DAYS]]) {
        let mut workshop = shop(folder.path(), steps[0]).await;
        let product = workshop.project.product("quiet").unwrap();
        let fingerprint = product.header().fingerprint.clone();
        version(&workshop, "quiet", fingerprint).await;
        log(&workshop, &decisions("quiet"), morning(DAYS)).await;
        for days in steps {
            write(folder.path(), &[("raw/sales.csv", &sales(days))]);
            workshop = imported(folder.path(), morning(days)).await;
            workshop.review(&[], morning(days), &Silent).await.unwrap();
        }
        told.push(workshop.registry.outcomes("quiet").await.unwrap());
    }
    let counts = |(days, known): &(Vec<registry::OutcomeDay>, _)| {
        let days = days
            .iter()
            .map(|of| (of.day, of.held_out, of.judged, of.good));
        (days.collect::<Vec<_>>(), *known)
    };
    assert_eq!(counts(&told[0]), counts(&told[1]));
}

#[tokio::test]
async fn horizons_that_are_not_over_are_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = shop(folder.path(), DAYS).await;
    let product = workshop.project.product("quiet").unwrap();
    let fingerprint = product.header().fingerprint.clone();
    version(&workshop, "quiet", fingerprint).await;
    let name = customer(40);
    let about = About {
        customer: Some(&name),
        ..About::default()
    };
    let figures = [("expected_purchases", 1.0)];
    let decision = answer(("quiet", 1), about, morning(DAYS - 1), &figures);
    log(&workshop, &[decision], morning(DAYS)).await;
    let review = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();
    let (reviewed, _) = of(&review, "quiet");
    let Live::Unknown { why, pending: 1 } = &reviewed.live else {
        panic!("{:?}", reviewed.live);
    };
    assert!(matches!(why, WhyNot::TooFew { found: 0, .. }), "{why:?}");
}
