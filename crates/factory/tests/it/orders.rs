//! Proposed orders that were placed are good where what came lasted until the next delivery.

use crate::decided::{About, answer, day, imported, log, morning, number, of, parts, write};
use factory::Workshop;
use factory::review::{Kinds, Live, State};
use jiff::ToSpan;
use lake::log::DecisionRecord;
use schema::progress::Silent;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const DAYS: i32 = 100;
const HORIZON: i32 = 7;

/// Days from an order to its delivery.
const LEAD: i32 = 2;

/// From the deliveries of this day on most lines run out.
const WORSE_FROM: i32 = 70;

const PRODUCTS: [&str; 5] = ["A", "B", "C", "D", "E"];
const SITES: [&str; 2] = ["north", "south"];

/// What becomes of the order of a line that is proposed on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Ordered as proposed and delivered.
    Placed,
    /// Somebody ordered more.
    Changed,
    /// Nobody ordered it.
    Refused,
    /// It came after all that the proposal looked at.
    Late,
    /// Not all of it came.
    Short,
    /// Nothing was proposed.
    Nothing,
}

fn lines() -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    PRODUCTS.into_iter().zip(0..).flat_map(|(product, at)| {
        SITES.map(|site| (2 * at + usize::from(site == "south"), product, site))
    })
}

fn fate(line: usize, number: i32) -> Fate {
    match (number * 3 + line as i32 * 5) % 16 {
        0 => Fate::Changed,
        1 => Fate::Refused,
        2 => Fate::Late,
        3 => Fate::Short,
        4 | 5 => Fate::Nothing,
        _ => Fate::Placed,
    }
}

/// The day on which the order of a day comes; `None` where nothing was ordered.
fn delivered(line: usize, number: i32) -> Option<i32> {
    match fate(line, number) {
        Fate::Placed | Fate::Changed | Fate::Short => Some(number + LEAD),
        Fate::Late => Some(number + HORIZON),
        Fate::Refused | Fate::Nothing => None,
    }
}

fn is_empty(line: usize, number: i32) -> bool {
    let drawn = (number * number * 7 + number + line as i32 * 13) % 11;
    drawn < if number < WORSE_FROM { 2 } else { 8 }
}

async fn shop(folder: &Path, with_levels: bool) -> Workshop {
    let mut sales = "order,day,product,units\n".to_owned();
    let mut levels = "product,site,day,on_hand\n".to_owned();
    let mut orders = "order,product,site,day,units,came,came_units,from\n".to_owned();
    for number in 0..DAYS {
        writeln!(sales, "s{number},{},A,1", day(number)).unwrap();
        for (line, product, site) in lines() {
            let today = day(number);
            // Told where it changes.
            let on_hand = |number: i32| if is_empty(line, number) { 0 } else { 30 };
            if number == 0 || on_hand(number) != on_hand(number - 1) {
                writeln!(levels, "{product},{site},{today},{}", on_hand(number)).unwrap();
            }
            let Some(comes) = delivered(line, number).filter(|comes| *comes < DAYS) else {
                continue;
            };
            let (units, came) = match fate(line, number) {
                Fate::Changed => (9, 9),
                Fate::Short => (6, 4),
                _ => (6, 6),
            };
            let comes = day(comes);
            writeln!(
                orders,
                "o{number},{product},{site},{today},{units},{comes},{came},"
            )
            .unwrap();
        }
        // What is sent between sites is no delivery.
        writeln!(orders, "t{number},A,south,{0},1,{0},1,north", day(number)).unwrap();
    }
    write(
        folder,
        &[
            (
                "comptoir.toml",
                "name = \"Chain\"\ntime_zone = \"Europe/Paris\"\n",
            ),
            (
                "products/orders.toml",
                &format!(
                    "kind = \"stock\"\nowner = \"supply\"\n\n[settings]\nhorizon_days = {HORIZON}\nlead_time_days = {LEAD}\n"
                ),
            ),
            (
                "sources/sales.toml",
                "table = \"sales\"\nfiles = \"raw/sales.csv\"\nformat = \"csv\"\ncurrency = \"EUR\"\n\n[columns]\n\
                 order_id = { from = \"order\" }\nline_no = { row_number = true }\nsold_at = { from = \"day\" }\n\
                 product_id = { from = \"product\" }\nquantity = { from = \"units\" }\nunit_price_cents = { value = \"2.00\" }\n",
            ),
            (
                "sources/replenishments.toml",
                "table = \"replenishments\"\nfiles = \"raw/orders.csv\"\nformat = \"csv\"\n\n[columns]\n\
                 replenishment_id = { from = \"order\" }\nproduct_id = { from = \"product\" }\nsite_id = { from = \"site\" }\n\
                 from_site_id = { from = \"from\" }\nordered_on = { from = \"day\" }\nunits = { from = \"units\" }\n\
                 received_on = { from = \"came\" }\nreceived_units = { from = \"came_units\" }\n",
            ),
            ("raw/sales.csv", &sales),
            ("raw/orders.csv", &orders),
        ],
    );
    if with_levels {
        write(
            folder,
            &[
                (
                    "sources/stock_levels.toml",
                    "table = \"stock_levels\"\nfiles = \"raw/levels.csv\"\nformat = \"csv\"\n\n[columns]\n\
                     product_id = { from = \"product\" }\nsite_id = { from = \"site\" }\nday = { from = \"day\" }\n\
                     on_hand = { from = \"on_hand\" }\n",
                ),
                ("raw/levels.csv", &levels),
            ],
        );
    }
    imported(folder, morning(DAYS)).await
}

fn decisions() -> Vec<DecisionRecord> {
    let mut all = Vec::new();
    for number in 0..DAYS {
        for (line, product, site) in lines() {
            let about = About {
                item: Some(product),
                place: Some(site),
                ..About::default()
            };
            let units = if fate(line, number) == Fate::Nothing {
                0.0
            } else {
                6.0
            };
            // Soon after midnight by the shop's clocks, when it is still the day before elsewhere.
            let made = morning(number) - 5.hour();
            let say = |made, units| {
                let figures = [("order", units), ("cover", 3.0), ("lost", 0.1)];
                answer(("orders", 1), about, made, &figures)
            };
            // What was proposed first, and what the baseline proposed at last, count for nothing.
            all.push(say(made - 30.minute(), 40.0));
            all.push(say(made, units));
            all.push(DecisionRecord {
                fallback: true,
                ..say(made + 1.hour(), 50.0)
            });
        }
        // Nobody knows where, or whether there is such a product.
        for (item, place) in [("A", None), ("ghost", Some("north"))] {
            let about = About {
                item: Some(item),
                place,
                ..About::default()
            };
            all.push(answer(
                ("orders", 1),
                about,
                morning(number),
                &[("order", 6.0)],
            ));
        }
    }
    all
}

#[tokio::test]
async fn orders_that_were_placed_are_held_against_what_was_there_and_a_fall_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = shop(folder.path(), true).await;
    log(&workshop, &decisions(), morning(DAYS)).await;
    let review = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();
    let (noted, known) = workshop.registry.outcomes("orders").await.unwrap();
    assert_eq!(known, Some(day(DAYS - HORIZON)));
    let mut expected: BTreeMap<i32, (u64, u64, u64)> = BTreeMap::new();
    for day in 0..=DAYS - HORIZON {
        let (decided, judged, good) = expected.entry(day).or_default();
        // Of a product that nobody knows nothing is judged, but it was proposed.
        *decided += 1;
        for (line, _, _) in lines() {
            *decided += u64::from(fate(line, day) != Fate::Nothing);
            if fate(line, day) != Fate::Placed {
                continue;
            }
            let from = day + LEAD;
            let deliveries = (0..DAYS).filter_map(|of| delivered(line, of));
            let next = deliveries
                .filter(|of| *of > from && *of < day + HORIZON)
                .min();
            let mut lasts = from..next.unwrap_or(day + HORIZON);
            *judged += 1;
            *good += u64::from(!lasts.any(|of| is_empty(line, of)));
        }
    }
    let told: BTreeMap<i32, (u64, u64, u64)> = noted
        .iter()
        .map(|of| (number(of.day), (of.decisions, of.judged, of.good)))
        .collect();
    assert_eq!(told, expected);
    assert!(noted.iter().all(|of| of.errors.is_none() && !of.held_out));

    let (reviewed, live) = of(&review, "orders");
    let live = live.unwrap();
    let fell = live.fell.unwrap();
    assert!(
        fell.seen >= day(WORSE_FROM - HORIZON) && fell.seen <= day(WORSE_FROM + 7),
        "{fell:?}"
    );
    assert_eq!(reviewed.state, State::Broken);
    parts(reviewed, Kinds::Orders, &noted);
    let why = reviewed.why.as_ref().unwrap();
    assert!(
        why.sentence.contains("what customers want may have"),
        "{why:?}"
    );
    let proposed = |of: i32| {
        1 + lines()
            .filter(|line| fate(line.0, of) != Fate::Nothing)
            .count()
    };
    let waiting: usize = (DAYS - HORIZON + 1..DAYS).map(proposed).sum();
    assert_eq!(live.pending, waiting as u64);
    assert!(!live.holds_out(), "{live:?}");
}

#[tokio::test]
async fn without_stock_levels_nothing_is_said_of_orders() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = shop(folder.path(), false).await;
    log(&workshop, &decisions(), morning(DAYS)).await;
    let review = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();
    let (reviewed, _) = of(&review, "orders");
    let Live::Unknown { why, .. } = &reviewed.live else {
        panic!("{:?}", reviewed.live);
    };
    assert_eq!(
        why.to_string(),
        "does not apply: table stock_levels is not in the lake"
    );
    let (noted, known) = workshop.registry.outcomes("orders").await.unwrap();
    assert_eq!((noted.len(), known), (0, None));
}
