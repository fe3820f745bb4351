//! Sales of days by the shop's clocks.

use crate::shop::{Shop, as_of, logs};
use features::demand::demand;
use features::{Clock, Until, load};
use jiff::tz::TimeZone;
use schema::progress::Silent;
use schema::time::date_of;

fn until(zone: &str, day: &str) -> Until {
    Until {
        as_of: as_of(day),
        clock: Clock::new(TimeZone::get(zone).unwrap()),
    }
}

/// Days on which units were sold, with how many, as they are known before a day.
async fn sold(shop: &Shop, until: &Until) -> Vec<(String, i64)> {
    let found = demand(&shop.lake, &shop.snapshot().await, until).await;
    let found = found.unwrap().sold;
    let days = found.iter().flat_map(|of| &of.days);
    days.map(|of| (date_of(of.day).to_string(), of.units))
        .collect()
}

async fn shop(moments: &[&str]) -> Shop {
    let mut shop = Shop::new().await;
    let names: Vec<String> = (0..moments.len()).map(|n| format!("o{n}")).collect();
    let rows = names.iter().zip(moments);
    let rows: Vec<(&str, &str, &str, &str)> = rows
        .map(|(order, at)| (order.as_str(), "c1", "lamp", *at))
        .collect();
    shop.sell(&rows).await;
    shop
}

fn days(of: &[(&str, i64)]) -> Vec<(String, i64)> {
    of.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect()
}

#[tokio::test]
async fn a_sale_is_of_the_day_that_the_clocks_show_where_they_are_changed_too() {
    // A date without an hour is read as midnight by the clocks: of 29 March and 30 March, 25 October and 26 October.
    let dates = [
        "2026-03-28T23:00:00Z",
        "2026-03-29T22:00:00Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T23:00:00Z",
    ];
    // Half past eleven in the evening of these days, and the two half past twos of 25 October.
    let moments = [
        "2026-03-29T21:30:00Z",
        "2026-10-25T22:30:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
    ];
    let shop = shop(&[dates, moments].concat()).await;
    assert_eq!(
        sold(&shop, &until("Europe/Paris", "2027-01-01")).await,
        days(&[
            ("2026-03-29", 2),
            ("2026-03-30", 1),
            ("2026-10-25", 4),
            ("2026-10-26", 1)
        ])
    );
    // The day itself is not known before it, though it has begun in UTC or not yet.
    assert_eq!(
        sold(&shop, &until("Europe/Paris", "2026-03-30")).await,
        days(&[("2026-03-29", 2)])
    );
    assert_eq!(
        sold(&shop, &until("UTC", "2026-03-29")).await,
        days(&[("2026-03-28", 1)])
    );
}

#[tokio::test]
async fn one_moment_is_of_two_days_in_paris_and_tokyo() {
    // Midnight of 2 July in Tokyo, and just before; midnight of 2 July in Paris, and just before.
    let moments = [
        "2026-07-01T15:00:00Z",
        "2026-07-01T14:59:59Z",
        "2026-07-01T22:00:00Z",
        "2026-07-01T21:59:59Z",
    ];
    // A slip of the keyboard is as far away as it says.
    let shop = shop(&[&moments[..], &["0202-07-01T12:00:00Z"]].concat()).await;
    let of = async |zone: &str| sold(&shop, &until(zone, "2026-08-01")).await;
    assert_eq!(
        of("Asia/Tokyo").await,
        days(&[("0202-07-01", 1), ("2026-07-01", 1), ("2026-07-02", 3)])
    );
    assert_eq!(
        of("Europe/Paris").await,
        days(&[("0202-07-01", 1), ("2026-07-01", 3), ("2026-07-02", 1)])
    );
    assert_eq!(
        of("UTC").await,
        days(&[("0202-07-01", 1), ("2026-07-01", 4)])
    );
}

#[tokio::test]
async fn a_history_ends_when_the_day_begins_by_the_clocks() {
    // The evening of 1 July in New York is the night of 2 July elsewhere.
    let shop = shop(&["2026-07-01T12:00:00Z", "2026-07-02T02:00:00Z"]).await;
    let lines = async |zone: &str| {
        let snapshot = shop.snapshot().await;
        let until = until(zone, "2026-07-02");
        let history = load(&shop.lake, &snapshot, &until, &logs(), &Silent).await;
        let history = history.unwrap();
        let earlier = history.until(as_of("2026-07-01"));
        assert!(earlier.lines().is_empty());
        assert_eq!(
            history.begins(history.as_of()),
            until.clock.begins(until.as_of)
        );
        history.lines().len()
    };
    assert_eq!(lines("America/New_York").await, 2);
    assert_eq!(lines("UTC").await, 1);
}
