use std::collections::BTreeMap;

use simulator::{BoutiqueShop, Decision, GoodsOrder, PlayError, Played, Review, Transfer};

use crate::boutique::{chain, day, files, rows, tiny};
use crate::boutique_stock::{Key, Told};

/// Plays four weeks of the small chain.
fn played(decide: impl FnMut(&Review<'_>) -> Decision) -> Played {
    tiny().play(4, decide).unwrap()
}

#[test]
fn demand_is_the_same_whatever_is_ordered() {
    let shop = tiny();
    let naive = played(|review| shop.naive(review));
    let none = played(|_| Decision::default());
    for (one, two) in naive.series.iter().zip(&none.series) {
        let wanted: u32 = (280..308)
            .map(|day| shop.wanted(one.product, one.site, day))
            .sum();
        assert_eq!((one.wanted, two.wanted), (wanted, wanted));
        assert_eq!((one.days, two.orders), (28, 0));
    }
    assert!(none.fill_rate() < naive.fill_rate() && none.mean_stock() < naive.mean_stock());
}

#[test]
fn what_came_of_the_weeks_adds_up_with_their_files() {
    let shop = tiny();
    let before = files(shop);
    let mut playing = shop.playing();
    let mut ordered = 0;
    for _ in 0..28 {
        let decision = shop.naive(&playing.review());
        ordered += decision.orders.len();
        playing.step(&decision).unwrap();
    }
    let mut told = Told::default();
    told.read(shop, &before["stock_levels.csv"]);
    for file in playing.files() {
        if !file.path.contains("weather") {
            told.read(shop, &file);
        }
    }
    let result = playing.played();
    assert_eq!(
        result
            .series
            .iter()
            .map(|one| one.orders as usize)
            .sum::<usize>(),
        ordered
    );
    for one in &result.series {
        let at = |day| (one.product, one.site, day);
        let sum = |map: &BTreeMap<Key, i64>| -> i64 {
            (280..308)
                .map(|day| map.get(&at(day)).copied().unwrap_or(0))
                .sum()
        };
        let last = |until: usize| {
            let level = told.on_hand.range(at(0)..at(until)).next_back();
            level.map_or(0, |(_, units)| *units)
        };
        let returned = i64::from(one.sold) - sum(&told.sold);
        assert!(returned >= 0, "{one:?}");
        assert_eq!(sum(&told.sent), i64::from(one.sent), "{one:?}");
        let change =
            sum(&told.received) - sum(&told.sent) - sum(&told.sold) - i64::from(one.wasted);
        assert_eq!(last(308) - last(280), change, "{one:?}");
        let mut level = last(280);
        let held: i64 = (280..308)
            .map(|day| {
                level = told.on_hand.get(&at(day)).copied().unwrap_or(level);
                level
            })
            .sum();
        assert_eq!(held, one.on_hand_days as i64, "{one:?}");
        let cost = shop.products()[one.product].cost_cents as f64;
        let holding = held as f64 * cost * BoutiqueShop::holding_per_year() / 365.0;
        assert!((one.holding_cents - holding).abs() < 1e-6, "{one:?}");
        assert_eq!(one.waste_cents, f64::from(one.wasted) * cost);
        assert!(
            one.cycles_short <= one.cycles && (one.lost() > 0) == (one.cycles_short > 0),
            "{one:?}"
        );
    }
    let review = playing.review();
    let open = playing.files().remove(2);
    let open: Vec<_> = rows(&open)
        .into_iter()
        .filter(|row| row[9].is_empty())
        .collect();
    let on_order: u32 = open.iter().map(|row| row[6].parse::<u32>().unwrap()).sum();
    assert_eq!(
        review.positions.iter().map(|one| one.on_order).sum::<u32>(),
        on_order
    );
}

#[test]
fn who_knows_the_demand_pays_less_than_who_follows_the_sales_or_orders_a_pack_more_or_less() {
    let shop = chain();
    let weeks = 8;
    let naive = shop.play(weeks, |review| shop.naive(review)).unwrap();
    let oracle = shop.play(weeks, |review| shop.oracle(review)).unwrap();
    let pack = |order: &GoodsOrder| shop.terms(order.product, order.site).unwrap().pack_units;
    let more = shop.play(weeks, |review| {
        let mut decision = shop.oracle(review);
        for order in &mut decision.orders {
            order.units += pack(order);
        }
        decision
    });
    let less = shop.play(weeks, |review| {
        let mut decision = shop.oracle(review);
        for order in &mut decision.orders {
            order.units -= pack(order);
        }
        let least =
            |order: &GoodsOrder| shop.terms(order.product, order.site).unwrap().minimum_units;
        decision.orders.retain(|order| order.units >= least(order));
        decision
    });
    let costs = [&naive, &oracle, &more.unwrap(), &less.unwrap()].map(Played::cost_cents);
    println!("naive, oracle, a pack more, a pack less: {costs:.0?}");
    for played in [&naive, &oracle] {
        println!(
            "fill rate {:.3?}, cycle service {:.3?}, stock {:.0}, wasted {}, lost {}",
            played.fill_rate(),
            played.cycle_service(),
            played.mean_stock(),
            played.wasted(),
            played.lost()
        );
    }
    assert!(costs[1] < 0.9 * costs[0], "{costs:?}");
    assert!(costs[1] < 0.97 * costs[2].min(costs[3]), "{costs:?}");
}

#[test]
fn forecasts_of_the_weather_are_off_by_more_the_further_they_look() {
    let shop = tiny();
    let mut playing = shop.playing();
    let mut errors = vec![Vec::new(); 15];
    let mut told: BTreeMap<(String, String), Vec<(usize, f64)>> = BTreeMap::new();
    for _ in 0..84 {
        let weather = playing.files().remove(3);
        for row in rows(&weather) {
            let key = (row[0].to_owned(), row[1].to_owned());
            let temperature: f64 = row[2].parse().unwrap();
            if row[4].is_empty() {
                for (ahead, forecast) in told.remove(&key).into_iter().flatten() {
                    errors[ahead].push(forecast - temperature);
                }
            } else {
                let ahead = day(&row[0]) - day(&row[4]);
                told.entry(key).or_default().push((ahead, temperature));
            }
        }
        playing.step(&Decision::default()).unwrap();
    }
    let spread = |ahead: usize| {
        let squares: f64 = errors[ahead].iter().map(|error| error * error).sum();
        (squares / errors[ahead].len() as f64).sqrt()
    };
    assert!(errors[0].is_empty());
    for ahead in [1, 5, 14] {
        let planted = 0.6 + 0.3 * ahead as f64;
        // Of some 210 errors the standard deviation is known to 5 %.
        let found = spread(ahead);
        assert!(
            (found / planted - 1.0).abs() < 0.22,
            "{ahead}: {found}, planted {planted}"
        );
    }
}

#[test]
fn what_cannot_be_carried_out_is_refused_by_name_and_nothing_happens() {
    let shop = tiny();
    let mut playing = shop.playing();
    let review = playing.review();
    let open = review.positions.iter().find(|one| one.can_order).unwrap();
    let closed = review.positions.iter().find(|one| !one.can_order).unwrap();
    let terms = shop.terms(open.product, open.site).unwrap();
    let order = |product, site, units| Decision {
        orders: vec![GoodsOrder {
            product,
            site,
            units,
        }],
        transfers: Vec::new(),
    };
    let good = order(open.product, open.site, terms.minimum_units);
    let twice = Decision {
        orders: vec![good.orders[0]; 2],
        transfers: Vec::new(),
    };
    let stocked = review
        .positions
        .iter()
        .find(|one| one.on_hand > 0 && review.position(one.product, one.site + 1).is_some());
    let stocked = stocked.unwrap();
    let send = |to: usize, units: u32| Decision {
        orders: Vec::new(),
        transfers: vec![Transfer {
            product: stocked.product,
            from: stocked.site,
            to,
            units,
        }],
    };
    let refused = [
        (
            order(999, 1, 4),
            "site 1 does not list product 999".to_owned(),
        ),
        (
            order(closed.product, closed.site, 12),
            "cannot be ordered".to_owned(),
        ),
        (order(open.product, open.site, 0), "0 units of".to_owned()),
        (
            order(open.product, open.site, terms.minimum_units + 1),
            format!("packs of {}", terms.pack_units),
        ),
        (twice, "twice".to_owned()),
        (
            send(stocked.site + 1, stocked.on_hand + 1),
            format!("allowed 1 to {} to another site", stocked.on_hand),
        ),
        (send(stocked.site, 1), "to another site".to_owned()),
    ];
    let allowed = send(stocked.site + 1, stocked.on_hand);
    let day = review.number;
    for (decision, said) in refused {
        let text = playing.step(&decision).unwrap_err().to_string();
        assert!(text.contains(&said), "{text}: {said}");
        assert_eq!(playing.review().number, day);
    }
    playing.step(&allowed).unwrap();
    assert_eq!(playing.review().number, day + 1);
    for weeks in [0, 27] {
        let error = shop.play(weeks, |_| Decision::default()).unwrap_err();
        assert_eq!(
            error,
            PlayError::Weeks {
                found: weeks,
                max: 26
            }
        );
    }
    let mut whole = shop.playing();
    for _ in 0..182 {
        let decision = shop.oracle(&whole.review());
        whole.step(&decision).unwrap();
    }
    let over = whole.step(&Decision::default()).unwrap_err();
    assert_eq!(over, PlayError::Weeks { found: 27, max: 26 });
}
