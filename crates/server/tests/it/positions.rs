//! Lists that become shorter are told apart from lists that lead to less.

use crate::review::{BROKE, NAME, bought, champion_since, plant};
use crate::served::{edit, trained, within};
use factory::review::{AtPositions, Compared, Live, Measured, Review};
use jiff::{SignedDuration, Timestamp};
use lake::log::{ActionRecord, Answer, DecisionRecord, EventRecord};
use schema::progress::Silent;
use schema::{CustomerId, DecisionId, Json, Probability};
use serde_json::json;
use server::charts::Locale;

/// Of a hundred lists so many lead to something at this position or before it.
const LED: [usize; 6] = [25, 40, 48, 54, 58, 60];

/// What is planted of lists.
#[derive(Clone, Copy)]
struct Planted {
    items: usize,
    /// As many times fewer lead to something at each position.
    fewer: usize,
}

const BEFORE: Planted = Planted { items: 6, fewer: 1 };

/// A list an hour before each purchase, which leads to a click and to the purchase where it shows the product. One of ten
/// is of a customer of the holdout.
fn listed(
    number: usize,
    (customer, product, at): &(String, String, Timestamp),
    planted: Planted,
) -> (DecisionRecord, Option<EventRecord>) {
    // 37 and 100 have no common divisor: every hundred in a row holds each rest once.
    let rest = number * 37 % 100 * planted.fewer;
    let place = LED.iter().position(|led| rest < *led);
    let place = place.filter(|place| *place < planted.items);
    let decision_id = DecisionId::new(format!("list-{number}")).unwrap();
    let action = |at: usize| ActionRecord {
        action: Some(match place {
            Some(place) if place == at => product.clone(),
            Some(_) | None => format!("nobody-buys-{at}"),
        }),
        score: None,
        propensity: Probability::ONE,
        reasons: Json::default(),
    };
    let click = json!({
        "event_id": format!("click-{number}"),
        "occurred_at": *at - SignedDuration::from_mins(59),
        "type": "click",
        "product_id": product,
        "decision_id": decision_id,
    });
    let record = DecisionRecord {
        decision_id,
        decided_at: *at - SignedDuration::from_hours(1),
        product: NAME.to_owned(),
        version: 1,
        customer_id: Some(CustomerId::new(customer.as_str()).unwrap()),
        subject_product_id: None,
        placement: Some("for_you".to_owned()),
        answer: Answer::Actions((0..planted.items).map(action).collect()),
        holdout: number % 10 == 3,
        fallback: false,
        fingerprint: None,
        reserved: None,
    };
    (
        record,
        place.map(|_| serde_json::from_value(click).unwrap()),
    )
}

/// What a review tells of lists that are otherwise from a day on.
fn reviewed(by_clicks: bool, since: Planted) -> Review {
    let folder = trained();
    if by_clicks {
        let product = format!("products/{NAME}.toml");
        let by = "[settings]\njudged_by = \"clicks\"";
        edit(folder.path(), &product, "[settings]", by);
    }
    let from: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    let broke: Timestamp = BROKE.parse().unwrap();
    within(folder.path(), async |workshop| {
        champion_since(workshop, "2025-02-10T00:00:00Z".parse().unwrap()).await;
        let bought = bought(workshop).await;
        let later = bought.iter().filter(|(_, _, at)| *at >= from);
        let planted = |at| if at < broke { BEFORE } else { since };
        let (lists, clicks): (Vec<_>, Vec<_>) = later
            .enumerate()
            .map(|(number, one)| listed(number, one, planted(one.2)))
            .unzip();
        let clicks: Vec<EventRecord> = clicks.into_iter().flatten().collect();
        plant(workshop, &lists, &clicks).await;
        let now = "2025-06-10T08:00:00Z".parse().unwrap();
        let names = [NAME.to_owned()];
        workshop.review(&names, now, &Silent).await.unwrap()
    })
}

fn measured(review: &Review) -> (&Measured, &Compared) {
    let Live::Measured(live) = &review.products[0].live else {
        panic!("months of decisions are judged");
    };
    match &live.at_positions {
        Some(AtPositions::Compared(compared)) => (live, compared),
        other => panic!("{other:?}"),
    }
}

#[test]
fn shorter_lists_fall_and_are_no_worse_at_the_positions_of_launch() {
    let shorter = Planted { items: 1, ..BEFORE };
    for by_clicks in [false, true] {
        let review = reviewed(by_clicks, shorter);
        let (live, at) = measured(&review);
        let plain = live.good.point().unwrap();
        assert!(plain < 0.54, "{plain}");
        assert!(live.fell.is_some(), "{live:?}");
        // What is bought again within the week makes some more good: 60 of a hundred, and up to five.
        let near = |of: f64, points: f64| (of - 0.62).abs() < points;
        assert!(near(at.at_launch.point().unwrap(), 0.05), "{at:?}");
        assert!(near(at.good.point().unwrap(), 0.05), "{at:?}");
        assert!(at.change.point().unwrap().abs() < 0.05, "{at:?}");
        assert!(near(at.baseline.point().unwrap(), 0.1), "{at:?}");
        assert_eq!((at.told, at.of), (6, 6));
        assert!(at.items_at_launch > 5.99 && at.items < 4.5, "{at:?}");

        for (locale, words) in [
            (Locale::English, ["Positions compared", "6 of 6; "]),
            (Locale::French, ["Positions comparées", "6 sur 6 ; "]),
        ] {
            let page = server::review_of("Teas", &review, &review.products[0], locale);
            for word in words {
                assert!(page.contains(word), "no {word:?} in {page}");
            }
        }
    }
}

#[test]
fn lists_that_lead_to_less_are_worse_at_the_positions_of_launch_too() {
    let worse = Planted { fewer: 2, ..BEFORE };
    for by_clicks in [false, true] {
        let review = reviewed(by_clicks, worse);
        let (live, at) = measured(&review);
        assert!(live.fell.is_some(), "{live:?}");
        let (_, high) = at.change.interval().unwrap();
        assert!(high < -0.05, "{at:?}");
        // With lists as long as after launch it is the plain share.
        let (good, plain) = (at.good.point().unwrap(), live.good.point().unwrap());
        assert!((good - plain).abs() < 0.01, "{good} {plain}");
    }
}
