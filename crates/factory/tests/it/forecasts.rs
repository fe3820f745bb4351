//! Forecasts are held against what sold in the periods that they are of, beside the naive forecast.

use crate::decided::{imported, log, of, parts};
use factory::Workshop;
use factory::review::{Kinds, Promised, State};
use jiff::{Timestamp, ToSpan};
use lake::log::{ActionRecord, Answer, DecisionRecord};
use schema::progress::Silent;
use schema::{AsOf, DecisionId, Json, Probability, ProductId};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const DAYS: i32 = 70;

/// From this day on forecasts are wrong by much more.
const WORSE_FROM: i32 = 48;

/// The day on which one of the products has run out at one of the sites.
const EMPTY: i32 = 30;

/// A Monday.
fn day(number: i32) -> AsOf {
    AsOf(jiff::civil::date(2024, 1, 1)).minus_days(-number)
}

fn morning(number: i32) -> Timestamp {
    format!("{}T05:00:00Z", day(number)).parse().unwrap()
}

/// What sells, without any chance: some days are better than others, and no two weeks are alike.
fn sells(product: &str, site: &str, number: i32) -> i64 {
    let base = if product == "A" { 6 } else { 10 };
    let here = i64::from(site == "south") * 3;
    base + here + i64::from(number % 7) + i64::from(number * number % 5)
}

async fn shop(folder: &Path) -> Workshop {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("comptoir.toml", "name = \"Parts\"\n");
    write(
        "products/days.toml",
        "kind = \"demand\"\nowner = \"supply\"\n\n[settings]\nstep = \"day\"\nhorizon = 3\n",
    );
    write(
        "products/weeks.toml",
        "kind = \"demand\"\nowner = \"controlling\"\n\n[settings]\nstep = \"week\"\nhorizon = 2\ngrain = \"product\"\n\
         measure = \"revenue\"\nreturns = \"taken_off\"\n",
    );
    write(
        "sources/sales.toml",
        "table = \"sales\"\nfiles = \"raw/sales.csv\"\nformat = \"csv\"\ncurrency = \"EUR\"\n\n[columns]\n\
         order_id = { from = \"order\" }\nline_no = { row_number = true }\nsold_at = { from = \"day\" }\n\
         product_id = { from = \"product\" }\nsite_id = { from = \"site\" }\nquantity = { from = \"units\" }\n\
         unit_price_cents = { from = \"price\" }\n\n[[return]]\nwhen = \"units < 0\"\nreason = \"goods came back\"\n",
    );
    write(
        "sources/stock_levels.toml",
        "table = \"stock_levels\"\nfiles = \"raw/levels.csv\"\nformat = \"csv\"\n\n[columns]\n\
         product_id = { from = \"product\" }\nsite_id = { from = \"site\" }\nday = { from = \"day\" }\n\
         on_hand = { from = \"on_hand\" }\n",
    );
    let mut sales = "order,day,product,site,units,price\n".to_owned();
    for number in 0..DAYS {
        for (product, price) in [("A", "2.00"), ("B", "5.00")] {
            for site in ["north", "south"] {
                let (day, units) = (day(number), sells(product, site, number));
                writeln!(
                    sales,
                    "o{number}{product}{site},{day},{product},{site},{units},{price}"
                )
                .unwrap();
                // One of each comes back.
                writeln!(
                    sales,
                    "r{number}{product}{site},{day},{product},{site},-1,{price}"
                )
                .unwrap();
            }
        }
    }
    write("raw/sales.csv", &sales);
    let levels = format!(
        "product,site,day,on_hand\nA,north,{},0\nA,north,{},50\n",
        day(EMPTY),
        day(EMPTY + 1)
    );
    write("raw/levels.csv", &levels);
    imported(folder, morning(DAYS)).await
}

/// One answer: a sum that is no forecast of a period, then what is expected in each.
fn answer(
    (product, version): (&str, u32),
    (item, site): (&str, Option<&str>),
    made: Timestamp,
    expected: &[(AsOf, f64)],
    fallback: bool,
) -> DecisionRecord {
    let action = |action: String, score: f64| ActionRecord {
        action: Some(action),
        score: Some(score),
        propensity: Probability::ONE,
        reasons: Json::default(),
    };
    let total = expected.iter().map(|(_, of)| of).sum();
    let periods = expected
        .iter()
        .map(|(day, of)| action(day.to_string(), *of));
    DecisionRecord {
        decision_id: DecisionId::new(format!("{product} {item} {site:?} {made} {fallback}"))
            .unwrap(),
        decided_at: made,
        product: product.to_owned(),
        version,
        customer_id: None,
        subject_product_id: Some(ProductId::new(item).unwrap()),
        placement: site.map(str::to_owned),
        answer: Answer::Actions(
            [action("total".to_owned(), total)]
                .into_iter()
                .chain(periods)
                .collect(),
        ),
        holdout: false,
        fallback,
        fingerprint: None,
        reserved: None,
    }
}

/// How far the forecast of a day is off, made on the morning of it.
fn off(number: i32) -> f64 {
    let usual = 0.5 + 0.25 * f64::from(number % 3);
    if number < WORSE_FROM {
        usual
    } else {
        4.0 * usual
    }
}

/// What `days` forecast each morning: today well, later days by far too much; the baseline in its place once a day, and
/// that counts for nothing.
fn daily() -> Vec<DecisionRecord> {
    let mut all = Vec::new();
    for number in 7..DAYS {
        for item in ["A", "B"] {
            for site in ["north", "south"] {
                let sold = sells(item, site, number) as f64;
                let expected = [
                    (day(number), sold + off(number)),
                    (day(number + 1), 900.0),
                    (day(number + 2), 900.0),
                ];
                let of = (item, Some(site));
                all.push(answer(("days", 1), of, morning(number), &expected, false));
                let later = morning(number) + 1.hour();
                all.push(answer(("days", 1), of, later, &[(day(number), 0.0)], true));
            }
        }
    }
    all
}

/// Revenue of a week less what came back, in cents.
fn week(item: &str, number: i32) -> f64 {
    let price = if item == "A" { 200 } else { 500 };
    let of_day = |number: i32| {
        let sites = ["north", "south"].iter();
        sites.map(|site| sells(item, site, number) - 1).sum::<i64>()
    };
    ((number..number + 7).map(of_day).sum::<i64>() * price) as f64
}

#[tokio::test]
async fn forecasts_are_held_against_what_sold_and_a_fall_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = shop(folder.path()).await;
    let mut decisions = daily();
    for number in (7..DAYS - 6).step_by(7) {
        for item in ["A", "B"] {
            let expected = [
                (day(number), week(item, number) - 700.0),
                (day(number + 7), 1.0),
            ];
            decisions.push(answer(
                ("weeks", 1),
                (item, None),
                morning(number),
                &expected,
                false,
            ));
        }
    }
    log(&workshop, &decisions, morning(DAYS)).await;
    let review = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();

    let (noted, known) = workshop.registry.outcomes("days").await.unwrap();
    assert_eq!(known, Some(day(DAYS - 1)), "the last day is over");
    assert_eq!(noted.len() as i32, DAYS - 7);
    for of in &noted {
        let number = of.day.epoch_day() - day(0).epoch_day();
        let series: Vec<(&str, &str)> = [
            ("A", "north"),
            ("A", "south"),
            ("B", "north"),
            ("B", "south"),
        ]
        .into_iter()
        .filter(|of| number != EMPTY || *of != ("A", "north"))
        .collect();
        let came = |number: i32| {
            series
                .iter()
                .map(move |(item, site)| sells(item, site, number))
        };
        let naive: i64 = came(number)
            .zip(came(number - 7))
            .map(|(a, b)| (a - b).abs())
            .sum();
        let (n, off) = (series.len() as f64, off(number));
        assert_eq!(
            (of.decisions, of.judged),
            (series.len() as u64, series.len() as u64)
        );
        let errors = of.errors.unwrap();
        let expected = BTreeMap::from([
            ("missed", (errors.missed, n * off)),
            ("squares", (errors.missed_squares, n * off * off)),
            ("naive", (errors.missed_naive, naive as f64)),
            ("excess", (errors.excess, n * off)),
            ("sold", (errors.sold, came(number).sum::<i64>() as f64)),
        ]);
        for (what, (found, expected)) in expected {
            assert!(
                (found - expected).abs() < 1e-9,
                "{what} of {}: {found}, {expected}",
                of.day
            );
        }
    }
    let (reviewed, live) = of(&review, "days");
    let live = live.unwrap();
    let fell = live.fell.unwrap();
    let (seen, since) = (fell.seen, fell.likely_since.unwrap());
    assert!(
        seen >= day(WORSE_FROM) && seen <= day(WORSE_FROM + 10),
        "{fell:?}"
    );
    assert!(
        (since.epoch_day() - day(WORSE_FROM).epoch_day()).abs() <= 3,
        "{fell:?}"
    );
    assert_eq!(reviewed.state, State::Broken);
    let kept = reviewed
        .standing
        .iter()
        .find(|kept| kept.promise == Promised::Quality)
        .unwrap();
    assert_eq!(kept.state, State::Broken);
    let why = reviewed.why.as_ref().unwrap();
    assert!(
        why.sentence.contains("what customers want may have"),
        "{why:?}"
    );
    let split = parts(reviewed, Kinds::Forecasts, &noted);
    assert!(split.parts.relation.share.unwrap() > 0.9, "{split:?}");
    let errors = live.errors.as_ref().unwrap();
    assert!(
        errors.bias > 0.0 && errors.wape > Some(0.0) && errors.naive_wape > Some(0.0),
        "{errors:?}"
    );
    assert!(
        (errors.bias - errors.wape.unwrap()).abs() < 1e-12,
        "all of them are too high: {errors:?}"
    );

    let (noted, _) = workshop.registry.outcomes("weeks").await.unwrap();
    assert_eq!(noted.len() as i32, (DAYS - 6 - 7 + 6) / 7);
    for of in &noted {
        let number = of.day.epoch_day() - day(0).epoch_day();
        let errors = of.errors.unwrap();
        let naive: f64 = ["A", "B"]
            .map(|item| (week(item, number) - week(item, number - 7)).abs())
            .iter()
            .sum();
        assert_eq!(
            (errors.missed, errors.excess),
            (1_400.0, -1_400.0),
            "{}",
            of.day
        );
        assert_eq!(errors.missed_naive, naive, "{}", of.day);
        assert_eq!(
            errors.sold,
            week("A", number) + week("B", number),
            "{}",
            of.day
        );
    }
    let (reviewed, live) = of(&review, "weeks");
    assert!(
        live.is_none(),
        "nine weeks are too few to say how they vary"
    );
    assert_ne!(reviewed.state, State::Broken);

    // A second review only reads, and says the same.
    let again = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();
    let told = |review: &factory::review::Review| serde_json::to_value(&review.products).unwrap();
    assert_eq!(told(&review), told(&again));
}
